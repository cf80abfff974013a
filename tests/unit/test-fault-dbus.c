/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A guest's keyboard, pointer and touch screen by QEMU's D-Bus display, with one answer that does
 * not come: whatever it was an answer to, QEMU hears of every press, and of its release, as soon as
 * it is asked again; what is not said is said once. The bus is lost with a key and a finger down,
 * QEMU is started anew, and both are double.
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

/* Connections so far, when what is done now began. */
static unsigned int connections;

/* What was called is of this part. */
static void begin(struct dbus_fixture *fixture)
{
	g_free(bus_double_take(fixture->bus));
	connections = fixture->bus->connections;
}

/* The bus that hung up has let the display in again. */
static bool is_lost(const struct dbus_fixture *fixture)
{
	return faults_is_hang_up() && fixture->bus->connections > connections;
}

/* False: it was hung up on, and what was on its way is lost. */
static bool is_called(struct dbus_fixture *fixture, const char *call)
{
	FAULTS_AWAIT(times_called(fixture, call) > 0 || is_lost(fixture), PATIENCE_S);
	if (times_called(fixture, call) == 0 && !is_lost(fixture))
		g_error("ERROR: QEMU is not called: %s", call);
	return times_called(fixture, call) > 0;
}

static bool press_b(struct dbus_fixture *fixture)
{
	begin(fixture);
	dbus_fixture_key(fixture, KEY_B, 0);
	dbus_fixture_key(fixture, KEY_B, 1);
	return is_called(fixture, "0 Keyboard.Press (48,)");
}

static bool press_all(struct dbus_fixture *fixture)
{
	begin(fixture);
	dbus_fixture_key(fixture, KEY_A, 1);
	SEND(fixture->pointer, {EV_REL, REL_X, 5}, {EV_KEY, BTN_LEFT, 1});
	dbus_fixture_slot(fixture->touch[0], 0, 1);
	return is_called(fixture, "0 Keyboard.Press (30,)") &&
		is_called(fixture, "0 Mouse.RelMotion (5, 0)") &&
		is_called(fixture, "0 Mouse.Press (0,)") &&
		is_called(fixture, "0 MultiTouch.SendEvent (0, ");
}

static bool release_all(struct dbus_fixture *fixture)
{
	dbus_fixture_key(fixture, KEY_A, 0);
	SEND(fixture->pointer, {EV_KEY, BTN_LEFT, 0});
	dbus_fixture_slot(fixture->touch[0], 0, -1);
	return is_called(fixture, "0 Keyboard.Release (30,)") &&
		is_called(fixture, "0 Mouse.Release (0,)") &&
		is_called(fixture, "0 MultiTouch.SendEvent (2, ");
}

/* Where it is hung up on in between, all of it is done once more. */
static void use_all(struct dbus_fixture *fixture)
{
	if (press_all(fixture) && release_all(fixture))
		return;
	connect_to_qemu(fixture);
	g_assert_true(press_all(fixture) && release_all(fixture));
}

static void hold_b(struct dbus_fixture *fixture)
{
	if (press_b(fixture))
		return;
	connect_to_qemu(fixture);
	g_assert_true(press_b(fixture));
}

/* The same QEMU hears of what is let go for it. */
static void lose_bus(struct dbus_fixture *fixture)
{
	hold_b(fixture);
	bus_double_stop(fixture->bus);
	FAULTS_AWAIT(!is_connected(fixture), PATIENCE_S);
	g_assert_false(is_connected(fixture));
	bus_double_start(fixture->bus);
	connect_to_qemu(fixture);
	use_all(fixture);
}

static void restart_qemu(struct dbus_fixture *fixture)
{
	hold_b(fixture);
	bus_double_own(fixture->bus, false);
	FAULTS_AWAIT(!is_connected(fixture), PATIENCE_S);
	bus_double_own(fixture->bus, true);
	connect_to_qemu(fixture);
	use_all(fixture);
}

/* What is held at the end is let go. */
static void end(struct dbus_fixture *fixture)
{
	begin(fixture);
	dbus_fixture_key(fixture, KEY_A, 1);
	dbus_fixture_end(fixture);
	/* Nobody connects again. */
	FAULTS_AWAIT(times_called(fixture, "0 Keyboard.Release (30,)") > 0 ||
			(faults_is_hang_up() && !fixture->bus->connection),
		PATIENCE_S);
	g_assert_true(times_called(fixture, "0 Keyboard.Release (30,)") > 0 || faults_is_hang_up());
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
	end(fixture);
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
