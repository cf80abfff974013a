/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Where the events of the host go: one virtual input device of one machine. Two kinds implement it:
 * device.c (virtio-input by vhost-user) and dbus.c (QEMU's D-Bus display). Used by focus.c and
 * touch.c, which know neither.
 *
 * The common currency is evdev's: groups of (type, code, value) as linux/input-event-codes.h
 * numbers them, without the SYN_REPORT that closes them, which the sink adds.
 */
#ifndef SCANOUTD_INPUT_SINK_H
#define SCANOUTD_INPUT_SINK_H

#include <linux/input.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "config/input_kind.h"

/* One event; also the wire's struct virtio_input_event, but in native byte order. */
struct input_value {
	uint16_t type;
	uint16_t code;
	int32_t value;
};

#define INPUT_BITS_SIZE(max) ((max) / 8 + 1)

/* What a device says of itself, as evdev's ioctls do. Bit n of a set is bit n % 8 of byte n / 8. */
struct input_description {
	/* UTF-8 without control characters, as long as virtio_input_config has room for: see
	 * input_text_copy(). */
	char name[128];
	char serial[128];
	struct input_id id;
	uint8_t properties[INPUT_BITS_SIZE(INPUT_PROP_MAX)]; /* INPUT_PROP_* */
	uint8_t keys[INPUT_BITS_SIZE(KEY_MAX)]; /* KEY_* and BTN_* */
	uint8_t relative[INPUT_BITS_SIZE(REL_MAX)];
	uint8_t absolute[INPUT_BITS_SIZE(ABS_MAX)];
	uint8_t misc[INPUT_BITS_SIZE(MSC_MAX)];
	uint8_t switches[INPUT_BITS_SIZE(SW_MAX)];
	uint8_t leds[INPUT_BITS_SIZE(LED_MAX)];
	/* The guest's kernel repeats keys by itself (EV_REP); nobody sends value 2. */
	bool repeats;
	struct input_absinfo axes[ABS_CNT]; /* of the bits in `absolute` */
};

struct input_sink;

struct input_sink_interface {
	/* One group, taken whole; not at all where nobody is there; or, of a guest that takes none
	 * for long, its releases alone. The values are the caller's. Never blocks. */
	void (*send)(struct input_sink *sink, const struct input_value *values, size_t count);
	void (*destroy)(struct input_sink *sink);
	/* Another sink takes over: what is pressed here is released. NULL: the guest does that by
	 * itself. */
	void (*release)(struct input_sink *sink);
};

/* The first member of each kind of sink. */
struct input_sink {
	const struct input_sink_interface *interface;
};

struct input_sink_listener {
	/* The guest switches the LEDs of which `said` has the bit (LED_*) as `leds` has it: once
	 * for all that it says in one turn of the main loop, so that none can keep the others
	 * waiting. */
	void (*leds)(void *data, uint32_t said, uint32_t leds);
	/* A guest's driver began or ceased to listen. What is pressed is pressed anew by nobody:
	 * the guest that begins has everything released. */
	void (*connected)(void *data, bool connected);
};

static inline void input_sink_send(struct input_sink *sink, const struct input_value *values,
	size_t count)
{
	sink->interface->send(sink, values, count);
}

static inline void input_sink_release(struct input_sink *sink)
{
	if (sink->interface->release)
		sink->interface->release(sink);
}

/* Takes NULL. */
static inline void input_sink_destroy(struct input_sink *sink)
{
	if (sink)
		sink->interface->destroy(sink);
}

static inline bool input_bit(const uint8_t *bits, unsigned int bit)
{
	return bits[bit / 8] & (1u << bit % 8);
}

static inline void input_set_bit(uint8_t *bits, unsigned int bit)
{
	bits[bit / 8] |= (uint8_t)(1u << bit % 8);
}

static inline void input_clear_bit(uint8_t *bits, unsigned int bit)
{
	bits[bit / 8] &= (uint8_t) ~(1u << bit % 8);
}

#endif
