/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The calls to one QEMU in their order: those that wait for their answer, at most
 * DBUS_CALLS_IN_FLIGHT, and those that are still to be made. Owned by dbus.c while QEMU is there;
 * filled by sink.c.
 *
 * A QEMU that does not answer makes calls wait. Then motion is added to motion that waits; beyond
 * DBUS_CALLS_WAITING, presses and touches that begin are dropped, and motion is where it finds none
 * to be added to. A release always finds room: its press had to find it first.
 */
#ifndef SCANOUTD_INPUT_DBUS_CALLS_H
#define SCANOUTD_INPUT_DBUS_CALLS_H

#include <gio/gio.h>
#include <stdbool.h>
#include <stdint.h>

#define DBUS_CALLS_IN_FLIGHT 64
#define DBUS_CALLS_WAITING 256

/* Contacts that QEMU can be told of. */
#define DBUS_SLOTS_MAX 32

enum dbus_call_kind {
	DBUS_KEY_PRESS,
	DBUS_KEY_RELEASE,
	DBUS_BUTTON_PRESS,
	DBUS_BUTTON_RELEASE,
	DBUS_WHEEL, /* y detents, up positive */
	DBUS_MOVE, /* by x, y */
	DBUS_PLACE, /* to x, y */
	DBUS_TOUCH_BEGIN, /* at x, y; the two below too */
	DBUS_TOUCH_UPDATE,
	DBUS_TOUCH_END,
};

/* org.qemu.Display1.Mouse: button values. BUTTON_TOUCH is not among those that are documented
 * there; it is QEMU's INPUT_BUTTON_TOUCH, which the calls of MultiTouch press and never release. */
enum dbus_button {
	DBUS_BUTTON_LEFT = 0,
	DBUS_BUTTON_MIDDLE = 1,
	DBUS_BUTTON_RIGHT = 2,
	DBUS_BUTTON_WHEEL_UP = 3,
	DBUS_BUTTON_WHEEL_DOWN = 4,
	DBUS_BUTTON_SIDE = 5,
	DBUS_BUTTON_EXTRA = 6,
	DBUS_BUTTON_TOUCH = 9,
	DBUS_BUTTONS,
};

struct dbus_call {
	enum dbus_call_kind kind;
	uint32_t console; /* Console_N */
	uint32_t code; /* qnum, enum dbus_button, slot */
	double x, y; /* pixels of the console */
};

struct dbus_call_counters {
	uint64_t calls; /* to QEMU */
	uint64_t refused; /* of them, answered by an error */
	uint64_t merged; /* motion added to what waited */
	uint64_t dropped; /* presses, touches and motion that found no room */
};

struct dbus_calls;

/* `owner` is QEMU's unique name on that bus; copied. The connection is referenced. */
struct dbus_calls *dbus_calls_create(GDBusConnection *connection, const char *owner,
	const char *guest);

/* QEMU, or the bus, is gone: nothing more is sent. Takes NULL. */
void dbus_calls_abandon(struct dbus_calls *calls);

/* We go: what waits is still sent, and the connection is closed behind it; also when that takes
 * longer than a while. The object is not the caller's any more. */
void dbus_calls_finish(struct dbus_calls *calls);

/* How many are still finishing. */
unsigned int dbus_calls_finishing(void);

/* Makes the call, or has it wait. False: it was dropped. */
bool dbus_calls_push(struct dbus_calls *calls, const struct dbus_call *call);

/* Adds to what is there. */
void dbus_calls_count(const struct dbus_calls *calls, struct dbus_call_counters *counters);

#endif
