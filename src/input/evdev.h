/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One of the host's input devices as the kernel gives it, without libinput: for devices that a
 * guest gets as they are. Owned by passthrough.c, from the device's being plugged in to its being
 * pulled.
 *
 *   opened ──evdev_grab()──▶ grabbed: its groups are told, and nobody else hears them ──▶ closed
 *
 * Every press that was told is released when it is closed, whatever the reason, and sticks spring
 * back.
 */
#ifndef SCANOUTD_INPUT_EVDEV_H
#define SCANOUTD_INPUT_EVDEV_H

#include <glib.h>
#include <stdbool.h>

#include "input/seat.h"
#include "input/sink.h"

struct evdev;

/* Called from the main loop; none of them may close it, but `gone`. */
struct evdev_listener {
	/* One group, without its SYN_REPORT. */
	void (*group)(void *data, const struct input_value *values, size_t count);
	/* It was pulled, or cannot be read any more. */
	void (*gone)(void *data);
};

#define EVDEV_ERROR (evdev_error_quark())
GQuark evdev_error_quark(void);

enum evdev_error {
	EVDEV_ERROR_OPEN, /* the message names the node */
	EVDEV_ERROR_MOMENT, /* the same, for a reason that passes */
};

/* `opener` is borrowed as long as it lives; NULL: open(2). */
struct evdev *evdev_open(const char *node, const struct device_opener *opener,
	const struct evdev_listener *listener, void *data, GError **error);
/* Releases first what is pressed. Takes NULL. */
void evdev_close(struct evdev *evdev);

/* What it says of itself: name, serial, ids, properties, events and axes. Force feedback and sounds
 * are left out. */
void evdev_describe(const struct evdev *evdev, struct input_description *description);

/* From now on its events are told; first its axes, switches and slot as they stand. Returns 0, or
 * an errno (EBUSY: another program has grabbed it), and no event will come. */
int evdev_grab(struct evdev *evdev);

/* The key or button was down when the device was opened, or is. */
bool evdev_is_down(const struct evdev *evdev, uint16_t code);

/* Does nothing where it has no such LED. */
void evdev_set_led(struct evdev *evdev, uint16_t code, bool on);

#endif
