/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The seat as its files see it: seat.c (libinput's context, devices and their options),
 * seat_event.c (its events in our words, and what is pressed) and seat_held.c (keys that
 * libinput does not know to be pressed). Nobody else includes this.
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
	bool misses; /* seat_misses_devices() */
	GHashTable *held_at_open; /* nodes, owned: a key was down on them, and they are new */
	GPtrArray *holding; /* of struct seat_device: those with `held` */
};

/* More than one person holds on one device. */
#define SEAT_HELD_MAX 32

struct seat_keys {
	size_t count;
	uint16_t codes[SEAT_HELD_MAX];
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

	/* Keys that were down before, and still are; the listener knows. */
	struct seat_keys held;
	/* Where `held` is not empty: */
	int held_fd; /* ours, to ask by */
	guint held_source; /* something has happened on the device */
};

/* Hands an event to the listener. */
void seat_device_tell(struct seat_device *device, const struct seat_event *event);

/* ---- seat_event.c ---- */

/* Any of libinput's events but DEVICE_ADDED and DEVICE_REMOVED. */
void seat_translate(struct seat_device *device, struct libinput_event *event);

/* Everything that is still pressed on a device that goes away. */
void seat_device_release(struct seat_device *device);

/* ---- seat_held.c ---- */

/* A node was opened for libinput, which has not read from it yet. */
void seat_held_opened(struct seat *seat, const char *node, int fd);

/* The listener knows the device: it is told of what is held on it. */
void seat_held_added(struct seat_device *device);

/* Libinput is about to tell of a key: whatever is held no longer is told first. */
void seat_held_key(struct seat_device *device, uint32_t code);

/* The device goes. */
void seat_held_removed(struct seat_device *device);

#endif
