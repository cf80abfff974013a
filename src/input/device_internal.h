/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The device as its files see it: device.c (queues, VMM, what is sent), device_config.c (its
 * configuration space) and device_kept.c (what outlives this process). Nobody else includes this.
 */
#ifndef SCANOUTD_INPUT_DEVICE_INTERNAL_H
#define SCANOUTD_INPUT_DEVICE_INTERNAL_H

#include "input/backlog.h"
#include "input/device.h"
#include "vhost/kept_vmm.h"
#include "vhost/vhost.h"
#include "wire/door.h"

#define DEVICE_EVENT_QUEUE 0
#define DEVICE_STATUS_QUEUE 1

enum device_state {
	DEVICE_WAITS, /* no VMM, or its guest has not listened yet */
	DEVICE_LISTENS,
	DEVICE_HALTED,
	DEVICE_STATES,
};

/* Raised whenever the layout or the meaning of struct device_memory changes, also of what it is
 * made of. */
#define DEVICE_MEMORY_VERSION 2u

/*
 * A device between two buffers, for a successor. It is noted behind each change, and one store
 * chooses it. A value of the backlog is the guest's by the store of the used index
 * (vhost/journal.h), before it is noted as taken: where `used` is one less than that index, it was
 * taken, or the buffer was given back empty; it cannot be more.
 */
struct device_picture {
	uint32_t state; /* enum device_state */
	uint32_t start; /* of the event queue, that all of this is about: vhost_start_number() */
	uint16_t used; /* its index */
	uint16_t position;
	uint8_t given;
	uint8_t skips; /* the next buffer is given back empty */
	uint8_t padding[2];
	uint32_t leds;
	struct backlog_place place;
};

/* Plain data without pointers; of this process alone where nothing is kept. */
struct device_memory {
	struct vhost_journal vhost;
	/* As the guest reads it, also where the host's device is another one by now. */
	struct input_description description;
	/* What the VMM has selected of the configuration. */
	uint8_t select;
	uint8_t subselect;
	uint8_t padding[2];
	uint32_t current; /* of the two */
	struct device_picture pictures[2];
	struct backlog backlog; /* its `place` is in the middle of something */
};

struct device {
	struct input_sink sink;
	char *guest;
	char *name;
	const struct input_sink_listener *listener;
	void *data;
	struct door *door;
	struct account *account; /* borrowed, or NULL */
	struct kept_vmm_options keeping; /* its name is ours; keeper NULL: nothing is kept */
	struct kept_vmm *kept; /* of the VMM that is there; NULL: nothing is kept of it */
	/* Where nothing is kept; its description is what the next VMM finds. */
	struct device_memory *own;
	struct device_memory *memory; /* that of `kept`, or our own */
	struct vhost *vhost; /* NULL: no VMM */
	uint64_t events;
	uint32_t leds; /* bit LED_*, that the guest has on */
	bool given; /* the driver that is there, or was, has got something */
	bool skips; /* as noted */
	enum device_state state;
	uint16_t position; /* where the event queue was halted */
};

extern const struct vhost_listener device_vhost_listener;

/* ---- device.c ---- */

/* Into the guest's buffers goes what is there for it. */
void device_feed(struct device *device);

/* The event queue begins at `position`. */
void device_begin_listening(struct device *device, uint16_t position);

/* ---- device_config.c: as vhost_listener.get_config and set_config ---- */

bool device_get_config(const struct device *device, uint32_t offset, uint32_t size, uint8_t *bytes);
bool device_set_config(struct device *device, uint32_t offset, uint32_t size, const uint8_t *bytes);

/* ---- device_kept.c ---- */

/* Before the door is opened. Without a description: the one that a predecessor's VMM knows; false:
 * there is none. */
bool device_open_memory(struct device *device, const struct device_options *options,
	const struct input_description *description);

/* A VMM has come, and has gone. */
void device_keep(struct device *device, int fd);
void device_forget(struct device *device);

/* At the end, after the VMM. */
void device_close_memory(struct device *device);

/* The device is as a successor is to find it. */
void device_note(struct device *device);

/* Goes on with a predecessor's VMM, where there is one; where that cannot be, it is closed, which
 * is logged. Once, behind the door's opening. */
void device_adopt(struct device *device);

#endif
