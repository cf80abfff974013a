/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A guest's keyboard, pointer and touch screen by QEMU's D-Bus display, with one answer that does not come:
 * whatever it was an answer to, QEMU hears of every press, and of its release, as soon as it is asked
 * again; what is not said is said once. The bus is lost with a key and a finger down, QEMU is started
 * anew, and both are double.
 */
#include <linux/input-event-codes.h>
#include <stdio.h>
#include <string.h>

#include "dbus_fixture.h"
#include "harness.h"
#include "interpose.h"

/* More than the half second after which a bus is asked for again, and than a bus may be silent. */
#define PATIENCE_S 5

static bool is_connected(const struct dbus_fixture *fixture)
{
	return fixture->connected[INPUT_KEYBOARD][0] && fixture->connected[INPUT_POINTER][0] &&
		fixture->connected[INPUT_TOUCH][0];
}

/* A QEMU whose consoles could not be had is not asked again: it is started anew. */
static void connect_to_qemu(struct dbus_fixture *fixture)
{
	for (int i = 0; i < 2 && !is_connected(fixture); i++) {
		if (i > 0) {
			bus_double_own(fixture->bus, false);
			bus_double_own(fixture->bus, true);
		}
		FAULTS_AWAIT(is_connected(fixture), PATIENCE_S);
	}
	g_assert_true(is_connected(fixture));
}

/* How often QEMU was called so. */
static unsigned int times_called(const struct dbus_fixture *fixture, const char *call)
{
	unsigned int count = 0;

	for (guint i = 0; i < fixture->bus->calls->len; i++)
		count += g_str_has_prefix(g_ptr_array_index(fixture->bus->calls, i), call);
	return count;
}

static void await_call(struct dbus_fixture *fixture, const char *call)
{
	FAULTS_AWAIT(times_called(fixture, call) > 0, PATIENCE_S);
	if (times_called(fixture, call) == 0)
		g_error("ERROR: QEMU is not called: %s", call);
}

/* All that was called is of this part. */
static void forget(struct dbus_fixture *fixture)
{
	g_free(bus_double_take(fixture->bus));
}

static void use_all(struct dbus_fixture *fixture)
{
	forget(fixture);
	dbus_fixture_key(fixture, KEY_A, 1);
	SEND(fixture->pointer, {EV_REL, REL_X, 5}, {EV_KEY, BTN_LEFT, 1});
	dbus_fixture_slot(fixture->touch[0], 0, 1);
	await_call(fixture, "0 Keyboard.Press (30,)");
	await_call(fixture, "0 Mouse.RelMotion (5, 0)");
	await_call(fixture, "0 Mouse.Press (0,)");
	await_call(fixture, "0 MultiTouch.SendEvent (0, ");
	dbus_fixture_key(fixture, KEY_A, 0);
	SEND(fixture->pointer, {EV_KEY, BTN_LEFT, 0});
	dbus_fixture_slot(fixture->touch[0], 0, -1);
	await_call(fixture, "0 Keyboard.Release (30,)");
	await_call(fixture, "0 Mouse.Release (0,)");
	await_call(fixture, "0 MultiTouch.SendEvent (2, ");
}

/* The same QEMU hears of what is let go for it. */
static void lose_bus(struct dbus_fixture *fixture)
{
	forget(fixture);
	dbus_fixture_key(fixture, KEY_B, 1);
	await_call(fixture, "0 Keyboard.Press (48,)");
	bus_double_stop(fixture->bus);
	FAULTS_AWAIT(!is_connected(fixture), PATIENCE_S);
	g_assert_false(is_connected(fixture));
	bus_double_start(fixture->bus);
	connect_to_qemu(fixture);
	use_all(fixture);
}

static void restart_qemu(struct dbus_fixture *fixture)
{
	forget(fixture);
	dbus_fixture_key(fixture, KEY_B, 1);
	await_call(fixture, "0 Keyboard.Press (48,)");
	bus_double_own(fixture->bus, false);
	FAULTS_AWAIT(!is_connected(fixture), PATIENCE_S);
	bus_double_own(fixture->bus, true);
	connect_to_qemu(fixture);
	use_all(fixture);
}

static bool has_sockets(void)
{
	g_autofree char *fds = faults_list_fds();

	return strstr(fds, "socket:") != NULL;
}

static void display(void)
{
	struct dbus_fixture *fixture;
	g_autofree char *before = NULL;

	g_main_context_default();
	/* What GDBus' own thread keeps is there before. */
	faults_pause();
	dbus_fixture_free(dbus_fixture_new_connected(false));
	dbus_display_finish_all();
	FAULTS_AWAIT(!has_sockets(), PATIENCE_S);
	faults_continue();
	before = faults_list_fds();
	fixture = dbus_fixture_new();
	dbus_fixture_start_all(fixture);
	connect_to_qemu(fixture);
	use_all(fixture);
	lose_bus(fixture);
	restart_qemu(fixture);
	/* What is held at the end is let go. */
	forget(fixture);
	dbus_fixture_key(fixture, KEY_A, 1);
	dbus_fixture_end(fixture);
	await_call(fixture, "0 Keyboard.Release (30,)");
	dbus_display_finish_all();
	dbus_fixture_free(fixture);
	faults_expect_told(NULL, 0);
	faults_expect_fds(before);
}

int main(int argc, char **argv)
{
	faults_init(&argc, &argv);
	faults_add("/fault/dbus/display", display, 40);
	return g_test_run();
}
