/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the parts of the D-Bus display share: dbus.c has the bus and QEMU; consoles.c what QEMU says
 * of its consoles; sink.c makes calls of the events of one sink.
 */
#ifndef SCANOUTD_INPUT_DBUS_INTERNAL_H
#define SCANOUTD_INPUT_DBUS_INTERNAL_H

#include <gio/gio.h>

#include "input/dbus/budget.h"
#include "input/dbus/calls.h"
#include "input/dbus/client.h"
#include "input/dbus/dbus.h"
#include "input/dbus/gate.h"
#include "input/dbus/screens.h"
#include "input/description.h"

/* Keyboard, pointer and absolute; and the touch screens. */
#define DBUS_SINKS (INPUT_TOUCH + DBUS_SCREENS_MAX)

#define DBUS_SLOT_NONE UINT32_MAX

#define DBUS_CONSOLE_PREFIX "/org/qemu/Display1/Console_"

/* A graphic console, /org/qemu/Display1/Console_NUMBER. */
struct dbus_console {
	uint32_t number;
	bool keyboard, mouse, touch; /* interfaces that it has */
	bool absolute; /* its mouse */
	uint32_t width, height; /* 0: not known */
	uint32_t slots; /* of touches; the same QEMU-wide */
	uint32_t head; /* the scanout of its device */
};

struct dbus_display {
	char *guest;
	char *address;
	struct account *account; /* borrowed; or NULL */
	const struct dbus_display_listener *listener;
	void *data;

	struct dbus_budget budget; /* of what the bus says */
	struct dbus_gate
		*gate; /* between the bus and GDBus; NULL: before the next attempt to connect */
	GCancellable *cancellable; /* of the question for consoles */
	GDBusConnection *connection; /* NULL: no bus */
	struct dbus_client *client; /* on it */
	bool greeted; /* the bus has let us on it */
	gulong closed_handler;
	guint retry_timer;
	guint retry_ms; /* until the next attempt */
	bool failure_logged;
	guint silence_timer; /* something was asked */
	bool silence_logged; /* that there is no answer, since the last one about consoles */
	char *owner; /* QEMU's unique name; NULL: no QEMU */
	char *holder; /* which QEMU was told what the books say, the bus being lost since; or NULL */
	struct dbus_calls *calls; /* NULL: no QEMU, or its consoles are not known yet */
	struct dbus_call_counters counters; /* of earlier QEMUs */

	struct dbus_console consoles[DBUS_SCREENS_MAX]; /* by number */
	size_t console_count;
	struct dbus_screens *screens; /* what QEMU is told of theirs */
	size_t gpus; /* as the listener was told */
	uint32_t leds; /* bit LED_*, as told */

	struct dbus_sink *sinks[DBUS_SINKS];
	guint tell_source; /* a sink was made that is to hear that it is connected */

	/* What QEMU has been told and not untold, of all sinks. */
	uint8_t button_holders[DBUS_BUTTONS];
	uint32_t slots; /* in use */
	double x, y; /* of an absolute mouse that is moved; units of INPUT_AXIS_MAX */
	uint32_t picture_width, picture_height; /* 0: the console's */
};

struct dbus_sink {
	struct input_sink sink;
	struct dbus_display *display;
	enum input_kind kind;
	size_t screen;
	bool connected; /* as told */

	uint8_t pressed[INPUT_BITS_SIZE(KEY_MAX)]; /* keys, or buttons */
	uint8_t told[INPUT_BITS_SIZE(KEY_MAX)]; /* that were pressed at any time, of this QEMU */
	uint32_t told_slots; /* the same of contacts that began */
	int32_t slot; /* that the sender has chosen */
	struct dbus_contact {
		uint32_t slot; /* QEMU's; DBUS_SLOT_NONE: QEMU does not know it */
		bool begins, moves; /* not told yet */
		int32_t x, y;
	} contacts[INPUT_SLOTS];
};

/* False: the path is no console's. */
bool dbus_console_parse(const char *path, uint32_t *number);

/* NULL: QEMU has not told of it. */
struct dbus_console *dbus_console_find(struct dbus_display *display, uint32_t number);

/* Properties of one interface, a{sv}. What is missing, or of another type, stays as it is. */
void dbus_console_take(struct dbus_console *console, const char *interface, GVariant *values);

/* The answer that has all of them, a{oa{sa{sv}}}: they take the place of those before. */
void dbus_consoles_take(struct dbus_display *display, GVariant *objects);

/* The console of a sink; NULL: QEMU has none for it. */
const struct dbus_console *dbus_display_console(const struct dbus_display *display,
	const struct dbus_sink *sink);

struct dbus_sink *dbus_sink_create(struct dbus_display *display, enum input_kind kind,
	size_t screen);

/* It is heard no longer, but QEMU is there. */
void dbus_sink_release(struct dbus_sink *sink);

/* It is not known which releases QEMU has got: what it was ever told to press is pressed, and what
 * has touched and does so no longer is told to end. */
void dbus_sink_hold_all(struct dbus_sink *sink);

/* Nothing is pressed, nothing touches; what QEMU was ever told is still known. */
void dbus_sink_let_go(struct dbus_sink *sink);
/* QEMU is gone: nor is that. */
void dbus_sink_forget(struct dbus_sink *sink);

/* A sink is no more. */
void dbus_display_remove_sink(struct dbus_display *display, const struct dbus_sink *sink);

#endif
