/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The seat as its two files see it: seat.c (libinput's context, devices and their options) and
 * seat_event.c (its events in our words, and what is pressed). Nobody else includes this.
 */
#ifndef SCANOUTD_INPUT_SEAT_INTERNAL_H
#define SCANOUTD_INPUT_SEAT_INTERNAL_H

#include <libinput.h>
#include <libudev.h>

#include "input/seat.h"
#include "input/sink.h"

struct seat {
	struct seat_options options;
	struct device_opener opener;
	const struct seat_listener *listener;
	void *data;
	struct udev *udev; /* NULL with the path back-end */
	struct libinput *libinput;
	GSource *source;
	bool told_permission; /* that a device may not be opened was said */
};

/* One that is listened to: libinput's own data of a device, NULL for those that are ignored. */
struct seat_device {
	struct seat *seat;
	struct libinput_device *device;
	struct udev_device *udev_device; /* or NULL */
	void *data;

	/* What the listener has seen pressed. */
	uint8_t pressed[INPUT_BITS_SIZE(KEY_MAX)];
	uint32_t touching; /* the seat's slots */
	uint32_t switches; /* bit SW_*, that are on */
	struct seat_tool tool; /* near: one is */
};

/* Hands an event to the listener. */
void seat_device_tell(struct seat_device *device, const struct seat_event *event);

/* ---- seat_event.c ---- */

/* Any of libinput's events but DEVICE_ADDED and DEVICE_REMOVED. */
void seat_translate(struct seat_device *device, struct libinput_event *event);

/* Everything that is still pressed on a device that goes away. */
void seat_device_release(struct seat_device *device);

#endif
