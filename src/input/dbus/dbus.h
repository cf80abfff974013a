/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * QEMU's D-Bus display (`-display dbus,addr=ADDRESS`), as a way to a machine: input, where it has
 * no vhost-user-input devices, goes into the keyboard, mouse and touch screen that QEMU makes for
 * its guest, and the guest is told of another monitor (screens.h). One object for each machine,
 * with a bus that is the machine's own: QEMU takes the name org.qemu there. Made by machine.c, with
 * the sinks that it then gives to the machine.
 *
 * The bus may come and go, and so may QEMU on it: both are taken up within half a second. Where
 * only our connection was lost, the same QEMU is told first to release what it still holds. Nothing
 * blocks: calls are asynchronous, and only so many wait for their answer (calls.h). GDBus
 * reads and writes in a thread of its own, what a gate (gate.h) has let through; all of ours runs
 * in the main loop.
 */
#ifndef SCANOUTD_INPUT_DBUS_H
#define SCANOUTD_INPUT_DBUS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "input/dbus/calls.h"
#include "input/sink.h"
#include "scene/layout_screen.h"

struct account;
struct dbus_display;

/* Called from the main loop. */
struct dbus_display_listener {
	/* A sink that was made for it is heard from now on, or no longer; nothing is pressed
	 * then. */
	void (*connected)(void *data, enum input_kind kind, size_t screen, bool connected);
	/* As that of struct input_sink_listener; those that are on when QEMU goes are switched
	 * off. */
	void (*leds)(void *data, uint32_t said, uint32_t leds);
	/* QEMU is there with so many display devices, whose guest can be told of its screens; or,
	 * with 0, nobody can any more. Another QEMU is told of by 0 first. May be NULL. */
	void (*gpus)(void *data, size_t count);
};

/* `address` as D-Bus has it ("unix:path=/run/kiosk/bus"); `guest` is for the log; both are copied.
 * `account` of that guest (or NULL), and `listener`, must outlive it. Begins in the main loop. */
struct dbus_display *dbus_display_create(const char *guest, const char *address,
	struct account *account, const struct dbus_display_listener *listener, void *data);

/* After its sinks. What is still to be said, their releases, is sent while the main loop runs on.
 * Takes NULL. */
void dbus_display_destroy(struct dbus_display *display);

/* At the daemon's end, after the last dbus_display_destroy(): runs the main loop until all is said,
 * at most 2 s. */
void dbus_display_finish_all(void);

/* Pixels of the picture that the guest's pointer is on, which relative motion is counted in where
 * the mouse is absolute. At first, and with 0, they are those of QEMU's console, which are not the
 * guest's where a vhost-user-gpu's picture goes elsewhere: QEMU then has 640x480. */
void dbus_display_set_picture(struct dbus_display *display, uint32_t width, uint32_t height);

/*
 * The sink of INPUT_KEYBOARD, INPUT_POINTER or INPUT_ABSOLUTE, with `screen` 0, or of INPUT_TOUCH
 * on graphic console `screen`, in QEMU's order; at most one of each. When it is destroyed, all that
 * it has pressed is released.
 *
 * QEMU's mouse is either relative or absolute, as its guest's driver chose. INPUT_POINTER works
 * with both: with an absolute one, motion moves the place that the pointer has. INPUT_ABSOLUTE is
 * connected only with an absolute one. A place, of pointer or touch, is a whole pixel of QEMU's
 * console.
 *
 * Heard are: keys that have a scan code (qnum.h); BTN_LEFT, _RIGHT, _MIDDLE, _SIDE and _EXTRA;
 * REL_X, REL_Y, ABS_X, ABS_Y; REL_WHEEL, each detent (who tells 120ths tells the detents that they
 * complete too; sideways, QEMU's guests do not know); protocol B's slots, tracking ids and
 * positions.
 */
struct input_sink *dbus_display_sink(struct dbus_display *display, enum input_kind kind,
	size_t screen);

/* The screen of scanout `scanout` of QEMU's `gpu`-th display device, from 0, is another: its guest
 * asks about it again. QEMU does not say what kind of device that is. Nothing where it has no such
 * console. */
void dbus_display_tell_screen(struct dbus_display *display, size_t gpu, uint32_t scanout,
	const struct layout_screen *screen);

void dbus_display_counters(const struct dbus_display *display, struct dbus_call_counters *counters);

#endif
