/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The virtual input devices of one machine (all guests with one `vm`), whatever kind of sink they
 * are, and what is pressed on them. Made by machines.c; fed by focus.c, touch.c and pen.c.
 *
 * A key is pressed for the guest as long as anybody holds it: several keyboards, or several hands,
 * count together.
 */
#ifndef SCANOUTD_INPUT_MACHINE_H
#define SCANOUTD_INPUT_MACHINE_H

#include <glib.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "input/description.h"
#include "input/device.h"
#include "input/sink.h"
#include "scene/layout_screen.h"

/* Touch screens of one machine: its outputs. */
#define MACHINE_SCREENS_MAX 16

struct machine;

struct machine_listener {
	/* The first driver listens, or the last one has ceased to. */
	void (*listens)(void *data, struct machine *machine, bool listens);
	/* machine_leds() have changed. */
	void (*leds)(void *data, struct machine *machine);
	/* So many of its display devices can be told of their screens now. May be NULL. */
	void (*gpus)(void *data, struct machine *machine, size_t count);
};

struct machine_options {
	const char *name;
	struct account *account; /* of the guest whose sockets these are; outlives it; or NULL */
	const struct fd_keeper *keeper; /* of the sockets: as door_options.keeper */
	unsigned int inputs; /* a bit for each enum input_kind */
	/* Of the sockets: PREFIX-keyboard.sock, …, PREFIX-touchN.sock. NULL: there are none. */
	const char *prefix;
	const char *group; /* as door_create_path() */
	const char *bus; /* of QEMU's D-Bus display (dbus.h); NULL: there is none */
	const struct input_screen *screens; /* touch screens and, the first of them, the pen's */
	size_t screen_count;
};

/* Strings are borrowed until this returns. NULL: a socket cannot be made. */
struct machine *machine_create(const struct machine_options *options,
	const struct machine_listener *listener, void *data, GError **error);
/* Takes NULL. */
void machine_destroy(struct machine *machine);

const char *machine_name(const struct machine *machine);

/* Another way to the same machine, beside the sockets, as D-Bus is one: where `kind` has no driver
 * that listens, what is sent goes there. Taken over. */
void machine_add_sink(struct machine *machine, enum input_kind kind, size_t screen,
	struct input_sink *sink);

/* For those who make such a sink: what its listener hears is told by these. */
void machine_sink_connected(struct machine *machine, enum input_kind kind, size_t screen,
	bool connected);
void machine_sink_leds(struct machine *machine, uint32_t said, uint32_t leds);

/* Whether anybody would hear; `screen` counts for INPUT_TOUCH. */
bool machine_listens(const struct machine *machine, enum input_kind kind, size_t screen);

/* The touch screen of this index is that of the output, as its guest knows it. */
bool machine_touch_is(const struct machine *machine, size_t screen, const char *output);

/* One group of values, without SYN_REPORT. */
void machine_send(struct machine *machine, enum input_kind kind, size_t screen,
	const struct input_value *values, size_t count);

/* One holder presses or releases a key (INPUT_KEYBOARD) or a button (INPUT_POINTER,
 * INPUT_ABSOLUTE); `code` is below KEY_CNT. A key that its keyboard lacks (input_keyboard_has) goes
 * nowhere. */
void machine_press(struct machine *machine, enum input_kind kind, uint16_t code, bool pressed);

/* A key or button is pressed as the guest sees it, or will, though perhaps nobody holds it any more
 * (device_settle()). `kind`: which device of the machine has it. */
bool machine_sees_pressed(const struct machine *machine, uint16_t code, enum input_kind *kind);

/* A switch of the host; `code` is at most SW_MAX. One that is on is told to a keyboard's driver
 * that begins to listen as well, which cannot know. */
void machine_switch(struct machine *machine, uint16_t code, bool on);

/* Once, when all of the host's switches that are on have been told: one that a predecessor of this
 * process told its guest is on, and is not, is told to be off. */
void machine_settle(struct machine *machine);

/* Pixels of what the machine shows: relative motion is counted in them where D-Bus has an absolute
 * mouse only. */
void machine_set_picture(struct machine *machine, uint32_t width, uint32_t height);

/* As dbus_display_tell_screen(); nothing where the machine has no D-Bus display. */
void machine_tell_screen(struct machine *machine, size_t gpu, uint32_t scanout,
	const struct layout_screen *screen);

/* LEDs that the guest has on: bit LED_*. */
uint32_t machine_leds(const struct machine *machine);

/* Appends its devices of device_create(), for device_flush(). */
void machine_append_devices(const struct machine *machine, GPtrArray *sinks);

/* Calls back with each of its own devices that has counters. */
void machine_each_counters(const struct machine *machine,
	void (*each)(void *data, const char *device, const struct device_counters *counters),
	void *data);

#endif
