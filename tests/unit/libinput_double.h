/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * libinput and the part of udev that the seat asks, in their libraries' place: devices that a test
 * lays out as it likes, and events that it makes. A test fills the struct, calls what it tests, and
 * looks at what was asked of a device in its `asked`.
 *
 * One context in a process; libinput_double_reset() begins a test.
 */
#ifndef TESTS_UNIT_LIBINPUT_DOUBLE_H
#define TESTS_UNIT_LIBINPUT_DOUBLE_H

#include <glib.h>
#include <libinput.h>
#include <libudev.h>
#include <stdbool.h>

struct udev_device {
	const char *node; /* may be NULL */
	const char *property, *value; /* the one that it has */
	bool initialized;
	unsigned int references;
};

struct libinput_device {
	const char *name, *sysname;
	unsigned int vendor, product;
	unsigned int capabilities; /* a bit for each enum libinput_device_capability */
	double width_mm, height_mm; /* 0: it does not tell */
	bool accelerates, scrolls_naturally, calibrates, has_hands;
	int tap_fingers;
	bool refuses; /* whatever it is asked to be */
	struct udev_device *udev_device; /* or NULL */

	GString *asked; /* of it, in words */
	void *user_data;
	unsigned int references; /* that the seat holds */
};

struct libinput_tablet_tool {
	enum libinput_tablet_tool_type type;
	uint64_t serial;
	int rotates;
};

/* What the kind of the event has not is 0. */
struct libinput_event {
	enum libinput_event_type type;
	struct libinput_device *device;
	uint64_t time_us;
	uint32_t code; /* of a key or a button; enum libinput_switch */
	int state; /* of libinput's enum for the kind */
	int tip; /* enum libinput_tablet_tool_tip_state */
	double dx, dy, raw_x, raw_y;
	double x, y; /* of 1 */
	bool has_axis[2]; /* by enum libinput_pointer_axis */
	double scroll[2], v120[2];
	int32_t slot;
	struct libinput_tablet_tool tool;
	double pressure, distance, tilt_x, tilt_y, rotation, slider;
};

#define LIBINPUT_DOUBLE_DEVICES_MAX 4

extern struct libinput_double {
	/* Those that are plugged in, of which the seat is told when it is opened, and again when it
	 * is resumed. */
	struct libinput_device *devices[LIBINPUT_DOUBLE_DEVICES_MAX];
	size_t device_count;
	bool no_udev, no_context, no_seat, no_device, stays_suspended;
	/* What udev knows of a node that is asked for; NULL: nothing. */
	struct udev_device *known;

	/* What the seat asked for. */
	char *seat; /* its name; NULL: none */
	char *path; /* the last that was added */
	const struct libinput_interface *interface;
	void *data;
	libinput_log_handler log;
	enum libinput_log_priority log_priority;
	unsigned int contexts; /* that live */
	unsigned int udevs;
} libinput_double;

void libinput_double_reset(void);
/* Checks that nothing is left. */
void libinput_double_finish(void);

/* The seat hears of it in the main loop's next turn; the event is copied. */
void libinput_double_send(const struct libinput_event *event);
void libinput_double_plug(struct libinput_device *device);
void libinput_double_pull(struct libinput_device *device);

/* What was asked of a device since the last call. */
void libinput_double_expect(const struct libinput_device *device, const char *asked);

/* libinput says something. */
void libinput_double_log(enum libinput_log_priority priority, const char *format, ...)
	G_GNUC_PRINTF(2, 3);

#endif
