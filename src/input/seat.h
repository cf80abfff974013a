/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The host's input devices by libinput: keyboards, mice, touch screens, tablets and switches, those
 * that are there and those that come. Made by host_seat.c; knows no guest and no output. Everything
 * it has to say it says by one listener, from the main loop, in plain numbers of evdev and of
 * libinput.
 *
 * libinput keeps its own books of what is pressed: when a device goes, or the seat is suspended, it
 * reports each key, button, touch and tool as released first, so that every press has its release.
 */
#ifndef SCANOUTD_INPUT_SEAT_H
#define SCANOUTD_INPUT_SEAT_H

#include <glib.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "config/device_options.h"
#include "device_opener.h"

struct seat;
struct seat_device;

#define SEAT_ERROR (seat_error_quark())
GQuark seat_error_quark(void);

enum seat_error {
	SEAT_ERROR_UDEV, /* no udev, or no such seat */
	SEAT_ERROR_DEVICE, /* a device cannot be opened; the message says why and what to do */
};

enum seat_capability {
	SEAT_KEYBOARD = 1 << 0,
	SEAT_POINTER = 1 << 1,
	SEAT_TOUCH = 1 << 2,
	SEAT_TABLET = 1 << 3,
	SEAT_SWITCH = 1 << 4,
};

enum seat_event_type {
	SEAT_EVENT_KEY,
	/* A modifier (combination.h), or a key or button of seat_options.was_pressed, that was down
	 * before the device was opened, told right after device_added; and that it is up, at the
	 * latest before the next key. KEY and BUTTON do not tell of it. */
	SEAT_EVENT_HELD,
	SEAT_EVENT_MOTION,
	SEAT_EVENT_ABSOLUTE,
	SEAT_EVENT_BUTTON,
	SEAT_EVENT_WHEEL,
	SEAT_EVENT_SCROLL,
	SEAT_EVENT_TOUCH_DOWN,
	SEAT_EVENT_TOUCH_MOTION,
	SEAT_EVENT_TOUCH_UP,
	SEAT_EVENT_TOUCH_CANCEL,
	SEAT_EVENT_TOUCH_FRAME,
	SEAT_EVENT_TOOL,
	SEAT_EVENT_SWITCH,
};

enum seat_axis { SEAT_VERTICAL, SEAT_HORIZONTAL };

/* Where a tablet tool is and what it does, whole at each event; the axes that the tool has not are
 * 0. */
struct seat_tool {
	uint32_t code; /* BTN_TOOL_PEN, _RUBBER, _BRUSH, _PENCIL, _AIRBRUSH, _MOUSE, _LENS */
	uint64_t serial; /* of the tool; 0 where the tablet does not tell */
	double x, y; /* 0 to 1 of the tablet, calibrated */
	double pressure; /* 0 to 1 */
	double distance; /* 0 to 1 */
	double tilt_x, tilt_y; /* degrees from the vertical, -90 to 90 */
	double rotation; /* degrees clockwise, 0 to 360; 0 of one that does not tell (`rotates`) */
	double slider; /* -1 to 1 */
	bool rotates; /* it tells how its barrel is turned */
	bool near; /* in proximity */
	bool down; /* the tip touches */
	/* A button of the tool that changed with this event; 0: none did. BTN_STYLUS, … */
	uint32_t button;
	bool pressed;
};

struct seat_event {
	enum seat_event_type type;
	uint64_t time_us; /* CLOCK_MONOTONIC, of the kernel */
	union {
		/* KEY_* or BTN_*; SW_* (pressed: on). A key that is down on two devices is reported
		 * for each. */
		struct {
			uint32_t code;
			bool pressed;
		} key; /* KEY, HELD, BUTTON, SWITCH */
		struct {
			/* Accelerated as configured, in the pixels of a 1000 dpi mouse. */
			double x, y;
			double raw_x, raw_y; /* as the device counts */
		} motion;
		struct {
			double x, y; /* 0 to 1 of the device, calibrated */
			int32_t slot; /* of a touch; 0 to SEAT_SLOTS_MAX - 1 */
		} point; /* ABSOLUTE, TOUCH_*: UP and CANCEL have the slot alone, FRAME nothing */
		struct {
			enum seat_axis axis;
			/* WHEEL: 120ths of a detent, down and right positive. SCROLL (a finger, or
			 * another continuous source): in the units of motion; 0: the finger was
			 * lifted. */
			double value;
		} scroll;
		struct seat_tool tool;
	};
};

#define SEAT_SLOTS_MAX 32

struct seat_listener {
	void (*device_added)(void *data, struct seat_device *device);
	/* After its last event; the device is gone when this returns. */
	void (*device_removed)(void *data, struct seat_device *device);
	void (*event)(void *data, struct seat_device *device, const struct seat_event *event);
};

/* open(2), which needs the group input, or root. */
extern const struct device_opener seat_opener_direct;

/* An errno of an opener that says something of the moment, not of the device: no fds, no memory, a
 * seat manager that does not answer. */
bool seat_is_passing(int number);

struct seat_options {
	/* "seat0": devices of that udev seat, with hot-plug. NULL: only those of
	 * seat_add_path(). */
	const char *name;
	const struct device_opener *opener; /* NULL: seat_opener_direct */
	/* Asked once a device, before its first event. */
	void (*configure)(void *data, struct seat_device *device,
		struct seat_device_options *options);
	/* Somebody sees this key of the device as pressed already, though nobody has told of it; or
	 * NULL. `data` is the listener's. */
	bool (*was_pressed)(void *data, const struct seat_device *device, uint16_t code);
	/* Of a device that is missed (seat_misses_devices()); or NULL. Called from inside libinput:
	 * nothing of the seat may be called. */
	void (*missed)(void *data);
	void *missed_data;
};

struct seat *seat_create(const struct seat_options *options, const struct seat_listener *listener,
	void *data, GError **error);
/* Every press gets its release first. Takes NULL. */
void seat_destroy(struct seat *seat);

/* Path back-end, for who wants no seat's devices but these: "/dev/input/eventN". udev's database
 * must know it. Only where options.name was NULL. */
bool seat_add_path(struct seat *seat, const char *path, GError **error);

/* The terminal goes away, or comes back: devices are closed, after their releases, and opened
 * again. */
void seat_suspend(struct seat *seat);
bool seat_resume(struct seat *seat, GError **error);

/* Since it was created or resumed last a device could not be opened, for a reason that passes: with
 * the next seat_suspend() and seat_resume() it may be. */
bool seat_misses_devices(const struct seat *seat);

/* ---- a device; valid from device_added to device_removed ---- */

unsigned int seat_device_capabilities(const struct seat_device *device); /* of seat_capability */
const char *seat_device_name(const struct seat_device *device);
uint32_t seat_device_vendor(const struct seat_device *device);
uint32_t seat_device_product(const struct seat_device *device);
const char *seat_device_node(const struct seat_device *device); /* "/dev/input/event3" */
/* Of udev, "" where there is none: ID_PATH, ID_INPUT_TOUCHSCREEN, WL_OUTPUT, … NULL: not set. */
const char *seat_device_property(const struct seat_device *device, const char *name);
/* Of an absolute device, in millimetres; false: it does not tell. */
bool seat_device_size(const struct seat_device *device, double *width_mm, double *height_mm);
/* One keyboard's LEDs: bit LED_NUML, LED_CAPSL and LED_SCROLLL; others cannot be set by
 * libinput. */
void seat_device_set_leds(struct seat_device *device, uint32_t leds);

/* The caller's own, for its books; NULL at first. */
void seat_device_set_data(struct seat_device *device, void *data);
void *seat_device_data(const struct seat_device *device);

#endif
