/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The sinks of a D-Bus display before a bus with a QEMU on it (bus_double.h), for test-dbus-*: what
 * is sent to them can be compared as the calls that QEMU gets.
 */
#ifndef SCANOUTD_TEST_DBUS_FIXTURE_H
#define SCANOUTD_TEST_DBUS_FIXTURE_H

#include <glib.h>
#include <stdbool.h>

#include "bus_double.h"
#include "input/dbus/dbus.h"
#include "input/dbus/screens.h"
#include "input/description.h"

#define CONSOLE "/org/qemu/Display1/Console_"

typedef struct dbus_fixture {
	struct bus_double *bus;
	const char *address; /* where the display looks for it; NULL: where it is */
	struct dbus_display *display;
	struct input_sink *keyboard, *pointer, *absolute;
	struct input_sink *touch[3];
	bool connected[INPUT_KINDS][DBUS_SCREENS_MAX];
	GString *leds; /* " 1=1": LED and state */
	size_t gpus; /* as told last */
} dbus_fixture;

/* The g_test_init() of these tests: nothing is logged but what is meant to be. */
void dbus_fixture_init(int *argc, char ***argv);
/* Lines since then that have the text in them. */
unsigned int dbus_fixture_times_logged(const char *text);

/* A bus that is not there yet; its QEMU will have one console, 1280×800, with a mouse. */
struct dbus_fixture *dbus_fixture_new(void);
/* An ordinary QEMU, whose mouse is a tablet or none, and it is connected. */
struct dbus_fixture *dbus_fixture_new_connected(bool absolute);
void dbus_fixture_free(struct dbus_fixture *fixture);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(dbus_fixture, dbus_fixture_free)

/* What QEMU says from now on: that one console. */
void dbus_fixture_manage(struct dbus_fixture *fixture, bool absolute);
/* The display and its sinks. */
void dbus_fixture_start(struct dbus_fixture *fixture);
/* Bus, QEMU and display begin, in that order. */
void dbus_fixture_start_all(struct dbus_fixture *fixture);
/* Until the display has found its QEMU. */
void dbus_fixture_wait(struct dbus_fixture *fixture);
/* The display goes, and its sinks before it. */
void dbus_fixture_end(struct dbus_fixture *fixture);

/* Waits for what must come; the runner's time limit is for when it does not. */
#define UNTIL(condition) \
	while (!(condition)) \
	g_main_context_iteration(NULL, TRUE)

#define SEND(sink, ...) \
	input_sink_send(sink, (const struct input_value[]){__VA_ARGS__}, \
		sizeof((const struct input_value[]){__VA_ARGS__}) / sizeof(struct input_value))

void dbus_fixture_key(struct dbus_fixture *fixture, uint16_t code, int32_t value);
/* A contact of that id in a slot; -1: it ends. */
void dbus_fixture_slot(struct input_sink *touch, int32_t slot, int32_t id);

/* Calls come in order: when this one has come, all others have. Not a key of any test. */
void dbus_fixture_settle(struct dbus_fixture *fixture, const char *end);
/* Exactly these calls have come since the last time. */
void dbus_fixture_expect(struct dbus_fixture *fixture, const char *calls);

#endif
