/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the configuration says of one of the host's input devices: all [device] sections that match
 * it, later ones over earlier ones. Made by routing.c when the seat reports a device.
 */
#ifndef SCANOUTD_INPUT_HOST_DEVICE_H
#define SCANOUTD_INPUT_HOST_DEVICE_H

#include <glib.h>
#include <stdbool.h>

#include "config/config.h"
#include "input/seat.h"

struct focus;
struct screen;

struct host_device {
	struct seat_device *device;
	const char *guest; /* whose own it is; NULL: as the focus says. The configuration's */
	const char *output; /* that it lies on; NULL: not said */
	bool raw; /* its motion goes to guests as it counts it */

	uint32_t leds; /* bit LED_*, as shown … */
	bool leds_shown; /* … at least once: before that, it may have any on */

	/* routing.c's books. */
	struct focus *focus;
	struct screen *screen; /* of a tablet whose tool is near */
	bool complained; /* nobody knows where it lies */
	bool kept; /* of a tablet: its tool woke the screen, and still touches */
	/* Of an absolute pointer: where it is, … */
	struct screen *pointed;
	struct focus *pointing; /* … and whose buttons its own are; NULL: as `focus` */
	unsigned int buttons; /* held; as long as there are any, it stays with what it pressed */
};

/* libinput's part, asked before there is a host_device; `sections` is of struct config_device. */
void host_device_options(const GPtrArray *sections, const struct seat_device *device,
	struct seat_device_options *options);

/* Of a keyboard, bit LED_*; nothing is written where they are that already. */
void host_device_show_leds(struct host_device *host, uint32_t leds);

/* The sections outlive it. */
struct host_device *host_device_create(const GPtrArray *sections, struct seat_device *device);
/* Takes NULL. */
void host_device_destroy(struct host_device *host);

#endif
