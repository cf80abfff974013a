/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Buses, QEMUs and D-Bus displays that come and go: nothing stays pressed, and nobody waits. */
#include "dbus_fixture.h"

static void test_late_bus(void)
{
	g_autoptr(dbus_fixture) fixture = dbus_fixture_new();

	dbus_fixture_start(fixture);
	dbus_fixture_key(fixture, KEY_A, 1);
	g_main_context_iteration(NULL, TRUE);
	bus_double_start(fixture->bus);
	UNTIL(fixture->bus->connection);
	dbus_fixture_key(fixture, KEY_A, 1);
	bus_double_own(fixture->bus, true);
	dbus_fixture_wait(fixture);
	/* What was sent to nobody is not made up for. */
	dbus_fixture_key(fixture, KEY_A, 0);
	dbus_fixture_expect(fixture, "");
}

static void test_next_qemu(void)
{
	g_autoptr(dbus_fixture) fixture = dbus_fixture_new_connected(false);

	dbus_fixture_key(fixture, KEY_A, 1);
	SEND(fixture->pointer, {EV_KEY, BTN_LEFT, 1});
	dbus_fixture_slot(fixture->touch[0], 0, 1);
	dbus_fixture_expect(fixture,
		"0 Keyboard.Press (30,)\n0 Mouse.Press (0,)\n"
		"0 MultiTouch.SendEvent (0, 0, 0.0, 0.0)\n");
	/* It goes while calls are not answered. */
	fixture->bus->holds = true;
	dbus_fixture_key(fixture, KEY_B, 1);
	dbus_fixture_settle(fixture, "0 Keyboard.Press (48,)");
	bus_double_own(fixture->bus, false);
	UNTIL(!fixture->connected[INPUT_KEYBOARD][0]);
	g_assert_false(fixture->connected[INPUT_POINTER][0]);
	g_assert_false(fixture->connected[INPUT_TOUCH][0]);
	dbus_fixture_key(fixture, KEY_C, 1);
	bus_double_own(fixture->bus, true);
	dbus_fixture_wait(fixture);
	fixture->bus->holds = false;
	bus_double_answer(fixture->bus, 1);
	g_ptr_array_set_size(fixture->bus->calls, 0);
	dbus_fixture_key(fixture, KEY_A, 0);
	dbus_fixture_key(fixture, KEY_B, 0);
	dbus_fixture_key(fixture, KEY_C, 0);
	SEND(fixture->pointer, {EV_KEY, BTN_LEFT, 0});
	dbus_fixture_slot(fixture->touch[0], 0, -1);
	dbus_fixture_slot(fixture->touch[0], 1, 1);
	dbus_fixture_expect(fixture, "0 MultiTouch.SendEvent (0, 0, 0.0, 0.0)\n");
}

static void test_next_bus(void)
{
	g_autoptr(dbus_fixture) fixture = dbus_fixture_new_connected(false);

	for (unsigned int i = 1; i <= 3; i++) {
		fixture->bus->holds = true;
		dbus_fixture_key(fixture, KEY_A, 1);
		bus_double_stop(fixture->bus);
		UNTIL(!fixture->connected[INPUT_KEYBOARD][0]);
		fixture->bus->holds = false;
		bus_double_start(fixture->bus);
		dbus_fixture_wait(fixture);
		g_assert_cmpuint(fixture->bus->connections, ==, 1 + i);
		g_ptr_array_set_size(fixture->bus->calls, 0);
		dbus_fixture_key(fixture, KEY_A, 0);
		dbus_fixture_expect(fixture, "");
	}
}

/* Only our connection, to a QEMU that goes on. */
static void lose_connection(struct dbus_fixture *fixture)
{
	g_free(bus_double_take(fixture->bus));
	g_dbus_connection_close(fixture->bus->connection, NULL, NULL, NULL);
	UNTIL(!fixture->connected[INPUT_KEYBOARD][0]);
	dbus_fixture_wait(fixture);
}

/* All that it is told, which ends with the last contact. */
static void expect_releases(struct dbus_fixture *fixture, const char *calls)
{
	g_autofree char *seen = NULL;

	dbus_fixture_settle(fixture, "0 Mouse.Release (9,)");
	seen = bus_double_take(fixture->bus);
	g_assert_cmpstr(seen, ==, calls);
}

/* What it was told is released however often that is lost before it is heard; what was let go
 * before, as what still is held. */
static void test_lost_again(void)
{
	static const char releases[] =
		"0 Keyboard.Release (30,)\n0 Keyboard.Release (48,)\n0 Mouse.Release (0,)\n"
		"0 MultiTouch.SendEvent (2, 0, 0.0, 0.0)\n0 Mouse.Release (9,)\n";
	g_autoptr(dbus_fixture) fixture = dbus_fixture_new_connected(false);

	dbus_fixture_key(fixture, KEY_A, 1);
	dbus_fixture_key(fixture, KEY_A, 0);
	dbus_fixture_key(fixture, KEY_B, 1);
	SEND(fixture->pointer, {EV_KEY, BTN_LEFT, 1});
	dbus_fixture_slot(fixture->touch[0], 0, 1);
	dbus_fixture_slot(fixture->touch[0], 0, -1);
	dbus_fixture_settle(fixture, "0 Mouse.Release (9,)");
	for (int i = 0; i < 3; i++) {
		lose_connection(fixture);
		expect_releases(fixture, releases);
	}
	/* One that touches. */
	dbus_fixture_slot(fixture->touch[0], 0, 1);
	dbus_fixture_slot(fixture->touch[0], 1, 2);
	lose_connection(fixture);
	expect_releases(fixture,
		"0 Keyboard.Release (30,)\n0 Keyboard.Release (48,)\n0 Mouse.Release (0,)\n"
		"0 MultiTouch.SendEvent (2, 0, 0.0, 0.0)\n"
		"0 MultiTouch.SendEvent (2, 1, 0.0, 0.0)\n0 Mouse.Release (9,)\n");
	/* Another QEMU was told nothing. */
	bus_double_own(fixture->bus, false);
	UNTIL(!fixture->connected[INPUT_KEYBOARD][0]);
	bus_double_own(fixture->bus, true);
	dbus_fixture_wait(fixture);
	lose_connection(fixture);
	dbus_fixture_expect(fixture, "");
}

/* Another way to the guest takes over: what was pressed here is released here, and no more comes of
 * it. */
static void test_releases_for_another(void)
{
	g_autoptr(dbus_fixture) fixture = dbus_fixture_new_connected(true);

	dbus_fixture_key(fixture, KEY_A, 1);
	SEND(fixture->absolute, {EV_KEY, BTN_RIGHT, 1});
	dbus_fixture_slot(fixture->touch[0], 3, 1);
	dbus_fixture_expect(fixture,
		"0 Keyboard.Press (30,)\n0 Mouse.Press (2,)\n"
		"0 MultiTouch.SendEvent (0, 0, 0.0, 0.0)\n");
	input_sink_release(fixture->keyboard);
	input_sink_release(fixture->absolute);
	input_sink_release(fixture->touch[0]);
	input_sink_release(fixture->pointer);
	dbus_fixture_expect(fixture,
		"0 Keyboard.Release (30,)\n0 Mouse.Release (2,)\n"
		"0 MultiTouch.SendEvent (2, 0, 0.0, 0.0)\n0 Mouse.Release (9,)\n");
	dbus_fixture_key(fixture, KEY_A, 0);
	SEND(fixture->absolute, {EV_KEY, BTN_RIGHT, 0});
	input_sink_release(fixture->keyboard);
	dbus_fixture_expect(fixture, "");
}

static void test_releases_at_the_end(void)
{
	g_autoptr(dbus_fixture) fixture = dbus_fixture_new_connected(true);
	g_autofree char *seen = NULL;

	fixture->bus->holds = true;
	for (int i = 0; i < 40; i++) {
		dbus_fixture_key(fixture, KEY_B, 1);
		dbus_fixture_key(fixture, KEY_B, 0);
	}
	dbus_fixture_key(fixture, KEY_A, 1);
	SEND(fixture->absolute, {EV_KEY, BTN_RIGHT, 1});
	dbus_fixture_slot(fixture->touch[0], 3, 1);
	dbus_fixture_end(fixture);
	UNTIL(fixture->bus->calls->len == 64);
	fixture->bus->holds = false;
	bus_double_answer(fixture->bus, 64);
	UNTIL(!fixture->bus->connection);
	seen = bus_double_take(fixture->bus);
	g_assert_true(g_str_has_suffix(seen,
		"0 Keyboard.Press (30,)\n0 Mouse.Press (2,)\n"
		"0 MultiTouch.SendEvent (0, 0, 0.0, 0.0)\n"
		"0 Keyboard.Release (30,)\n0 Mouse.Release (2,)\n"
		"0 MultiTouch.SendEvent (2, 0, 0.0, 0.0)\n0 Mouse.Release (9,)\n"));
}

/* Nobody waits for a QEMU that never answers. */
static void test_end_without_answers(void)
{
	g_autoptr(dbus_fixture) fixture = dbus_fixture_new_connected(true);

	fixture->bus->holds = true;
	dbus_fixture_key(fixture, KEY_A, 1);
	dbus_fixture_end(fixture);
	UNTIL(!fixture->bus->connection);
}

static void test_finish_all(void)
{
	g_autoptr(dbus_fixture) fixture = dbus_fixture_new_connected(true);
	g_autofree char *seen = NULL;

	for (uint16_t code = KEY_1; code <= KEY_0; code++)
		dbus_fixture_key(fixture, code, 1);
	dbus_fixture_end(fixture);
	dbus_display_finish_all();
	g_assert_cmpuint(fixture->bus->calls->len, ==, 20);
	seen = bus_double_take(fixture->bus);
	g_assert_true(g_str_has_suffix(seen, "0 Keyboard.Release (11,)\n"));
	/* Nor does it wait for one that does not answer, or for nobody. */
	dbus_display_finish_all();
	dbus_fixture_free(fixture);
	fixture = dbus_fixture_new_connected(true);
	fixture->bus->holds = true;
	dbus_fixture_key(fixture, KEY_A, 1);
	dbus_fixture_end(fixture);
	dbus_display_finish_all();
}

/* At each step of the way: before the bus, on it, with the question open, and with QEMU. */
static void test_end_at_each_step(void)
{
	bool reached = false;

	for (unsigned int turns = 0; turns < 60 || !reached; turns++) {
		g_autoptr(dbus_fixture) fixture = dbus_fixture_new();

		dbus_fixture_start_all(fixture);
		for (unsigned int i = 0; i < turns && !fixture->connected[INPUT_KEYBOARD][0]; i++)
			g_main_context_iteration(NULL, TRUE);
		reached = fixture->connected[INPUT_KEYBOARD][0];
		dbus_fixture_end(fixture);
	}
}

/* One sink goes, the others stay. */
static void test_end_of_a_sink(void)
{
	g_autoptr(dbus_fixture) fixture = dbus_fixture_new_connected(true);

	SEND(fixture->pointer, {EV_KEY, BTN_LEFT, 1});
	g_clear_pointer(&fixture->pointer, input_sink_destroy);
	dbus_fixture_expect(fixture, "0 Mouse.Press (0,)\n0 Mouse.Release (0,)\n");
	/* And one comes. */
	fixture->connected[INPUT_POINTER][0] = false;
	fixture->pointer = dbus_display_sink(fixture->display, INPUT_POINTER, 0);
	SEND(fixture->pointer, {EV_KEY, BTN_LEFT, 1});
	UNTIL(fixture->connected[INPUT_POINTER][0]);
	SEND(fixture->pointer, {EV_KEY, BTN_LEFT, 1});
	dbus_fixture_expect(fixture, "0 Mouse.Press (0,)\n");
}

int main(int argc, char **argv)
{
	dbus_fixture_init(&argc, &argv);
	g_test_add_func("/dbus/late-bus", test_late_bus);
	g_test_add_func("/dbus/next-qemu", test_next_qemu);
	g_test_add_func("/dbus/next-bus", test_next_bus);
	g_test_add_func("/dbus/lost-again", test_lost_again);
	g_test_add_func("/dbus/releases-for-another", test_releases_for_another);
	g_test_add_func("/dbus/releases-at-the-end", test_releases_at_the_end);
	g_test_add_func("/dbus/end-without-answers", test_end_without_answers);
	g_test_add_func("/dbus/finish-all", test_finish_all);
	g_test_add_func("/dbus/end-at-each-step", test_end_at_each_step);
	g_test_add_func("/dbus/end-of-a-sink", test_end_of_a_sink);
	return g_test_run();
}
