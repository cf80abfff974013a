/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A D-Bus display's place on a bus that is slow, silent or lies: it costs no thread, there is no
 * time after which it is taken for a bus without a QEMU, and only the bus says who QEMU is.
 */
#include <dlfcn.h>

#include "dbus_fixture.h"

/* More than GLib starts by itself, for the longest that it does. */
#define DISPLAYS 40

/* ---- the time limits of GDBus ---- */

/* Of a call that names none. */
#define LIMIT_MS 25000

static gint limits;

GSource *g_timeout_source_new(guint interval_ms)
{
	static GSource *(*create)(guint);

	if (!create)
		*(void **)&create = dlsym(RTLD_NEXT, "g_timeout_source_new");
	if (interval_ms == LIMIT_MS)
		g_atomic_int_inc(&limits);
	return create(interval_ms);
}

static void note_answer(GObject *source, GAsyncResult *result, gpointer answered)
{
	GVariant *answer = g_dbus_connection_call_finish(G_DBUS_CONNECTION(source), result, NULL);

	g_clear_pointer(&answer, g_variant_unref);
	*(bool *)answered = true;
}

/* One that has a limit, so that it is known that they are counted. */
static void ask_within_limit(struct dbus_fixture *fixture)
{
	bool answered = false;

	g_dbus_connection_call(fixture->bus->connection, NULL, "/", "org.freedesktop.DBus.Peer",
		"Ping", NULL, NULL, G_DBUS_CALL_FLAGS_NONE, -1, NULL, note_answer, &answered);
	dbus_fixture_end(fixture);
	UNTIL(answered);
}

static void test_no_limits(void)
{
	g_autoptr(dbus_fixture) fixture = dbus_fixture_new_connected(false);

	dbus_fixture_expect(fixture, "");
	bus_double_own(fixture->bus, false);
	UNTIL(!fixture->connected[INPUT_KEYBOARD][0]);
	bus_double_own(fixture->bus, true);
	dbus_fixture_wait(fixture);
	g_assert_cmpint(g_atomic_int_get(&limits), ==, 0);
	ask_within_limit(fixture);
	g_assert_cmpint(g_atomic_int_get(&limits), ==, 1);
}

/* ---- a silent bus ---- */

static unsigned int count_threads(void)
{
	g_autoptr(GDir) tasks = g_dir_open("/proc/self/task", 0, NULL);
	unsigned int count = 0;

	g_assert_nonnull(tasks);
	while (g_dir_read_name(tasks))
		count++;
	return count;
}

static void count_gpus(void *data, size_t count)
{
	unsigned int *with_qemu = data;

	if (count > 0)
		++*with_qemu;
}

static const struct dbus_display_listener listener = {.gpus = count_gpus};

/* One after another, so that the threads that connect need not be many. When it speaks, all go
 * on. */
static void test_silent(void)
{
	g_autoptr(dbus_fixture) fixture = dbus_fixture_new();
	struct bus_double *bus = fixture->bus;
	struct dbus_display *displays[DISPLAYS];
	unsigned int with_qemu = 0;
	unsigned int threads = 0;

	bus->mute = true;
	bus_double_start(bus);
	bus_double_own(bus, true);
	for (guint i = 0; i < DISPLAYS; i++) {
		displays[i] = dbus_display_create("kiosk", bus->address, NULL, &listener,
			&with_qemu);
		UNTIL(g_queue_get_length(&bus->unanswered) == i + 1);
		if (i == 0)
			threads = count_threads();
	}
	g_assert_cmpuint(count_threads(), <, threads + DISPLAYS / 2);
	bus_double_speak(bus);
	UNTIL(with_qemu == DISPLAYS);
	for (size_t i = 0; i < DISPLAYS; i++)
		dbus_display_destroy(displays[i]);
	UNTIL(bus->closed == DISPLAYS);
}

/* Destroyed while the bus has not greeted it. */
static void test_end_ungreeted(void)
{
	g_autoptr(dbus_fixture) fixture = dbus_fixture_new();

	fixture->bus->mute = true;
	dbus_fixture_start_all(fixture);
	UNTIL(g_queue_get_length(&fixture->bus->unanswered) == 1);
	dbus_fixture_end(fixture);
	UNTIL(fixture->bus->closed == 1);
}

/* It is gone before it has greeted. */
static void test_lost_ungreeted(void)
{
	g_autoptr(dbus_fixture) fixture = dbus_fixture_new();
	unsigned int told = dbus_fixture_times_logged("waits for the bus");

	fixture->bus->mute = true;
	dbus_fixture_start_all(fixture);
	UNTIL(g_queue_get_length(&fixture->bus->unanswered) == 1);
	bus_double_stop(fixture->bus);
	UNTIL(dbus_fixture_times_logged("waits for the bus") == told + 1);
	fixture->bus->mute = false;
	bus_double_start(fixture->bus);
	dbus_fixture_wait(fixture);
	dbus_fixture_expect(fixture, "");
	g_assert_cmpuint(dbus_fixture_times_logged("waits for the bus"), ==, told + 1);
}

static void test_refused(void)
{
	g_autoptr(dbus_fixture) fixture = dbus_fixture_new();
	unsigned int told = dbus_fixture_times_logged("there are too many");

	fixture->bus->unkind = true;
	dbus_fixture_start_all(fixture);
	/* It is tried again, and said once. */
	UNTIL(fixture->bus->closed == 2);
	fixture->bus->unkind = false;
	dbus_fixture_wait(fixture);
	dbus_fixture_expect(fixture, "");
	g_assert_cmpuint(dbus_fixture_times_logged("there are too many"), ==, told + 1);
}

/* ---- who QEMU is ---- */

/* It comes, goes and comes while the bus does not say who it is: what counts is what the answer
 * says. */
static void test_late_answer(void)
{
	g_autoptr(dbus_fixture) fixture = dbus_fixture_new();
	struct bus_double *bus = fixture->bus;

	bus_double_start(bus);
	dbus_fixture_start(fixture);
	bus->mute = true;
	UNTIL(g_queue_get_length(&bus->unanswered) == 1);
	/* Hello, alone. */
	bus_double_speak(bus);
	bus->mute = true;
	UNTIL(g_queue_get_length(&bus->unanswered) == 3);
	bus_double_own(bus, true);
	bus_double_own(bus, false);
	bus_double_own(bus, true);
	bus_double_speak(bus);
	dbus_fixture_wait(fixture);
	dbus_fixture_expect(fixture, "");
	g_assert_cmpuint(bus->asked, ==, 1);
}

/* One takes the name from another, without a word in between. */
static void test_replaced(void)
{
	g_autoptr(dbus_fixture) fixture = dbus_fixture_new_connected(false);

	dbus_fixture_key(fixture, KEY_A, 1);
	dbus_fixture_settle(fixture, "0 Keyboard.Press (30,)");
	g_free(bus_double_take(fixture->bus));
	bus_double_own(fixture->bus, true);
	UNTIL(!fixture->connected[INPUT_KEYBOARD][0]);
	dbus_fixture_wait(fixture);
	/* The other one has heard of no key. */
	dbus_fixture_key(fixture, KEY_A, 0);
	dbus_fixture_expect(fixture, "");
	g_assert_cmpuint(fixture->bus->asked, ==, 2);
}

/* What has not the form of the signal, or is not the bus's own, says nothing. */
static void test_no_form(void)
{
	static const char *const samples[] = {
		"('org.qemu',)",
		"('org.qemu', '')",
		"('org.qemu', '', uint32 7)",
		"('org.qemu', '', ':1.7', ':1.8')",
		"('org.qemu', '', 'x y')",
		"('org.qemu', '', 'org.qemu')",
		"('org.other', ':1.101', '')",
	};
	g_autoptr(dbus_fixture) fixture = dbus_fixture_new_connected(false);

	for (size_t i = 0; i < G_N_ELEMENTS(samples); i++)
		bus_double_say_owner(fixture->bus, "org.freedesktop.DBus",
			g_variant_new_parsed(samples[i]));
	bus_double_say_owner(fixture->bus, ":1.66",
		g_variant_new("(sss)", "org.qemu", ":1.101", ""));
	/* What is said later has come later. */
	bus_double_change(fixture->bus, CONSOLE "0", "org.qemu.Display1.Keyboard",
		"{'Modifiers': <uint32 4>}");
	UNTIL(fixture->leds->len > 0);
	dbus_fixture_expect(fixture, "");
	g_assert_cmpuint(fixture->bus->asked, ==, 1);
}

/* A name that nobody can have is nobody's. */
static void test_no_name(void)
{
	g_autoptr(dbus_fixture) fixture = dbus_fixture_new();

	fixture->bus->said_owner = "x y";
	fixture->bus->mute = true;
	dbus_fixture_start_all(fixture);
	UNTIL(g_queue_get_length(&fixture->bus->unanswered) == 1);
	bus_double_speak(fixture->bus);
	fixture->bus->mute = true;
	UNTIL(g_queue_get_length(&fixture->bus->unanswered) == 3);
	bus_double_speak(fixture->bus);
	bus_double_own(fixture->bus, true);
	dbus_fixture_wait(fixture);
	g_assert_cmpuint(fixture->bus->asked, ==, 1);
}

/* Others on the bus cannot speak for QEMU. */
static void test_another_speaks(void)
{
	g_autoptr(dbus_fixture) fixture = dbus_fixture_new_connected(false);

	bus_double_change_by(fixture->bus, ":1.66", CONSOLE "0", "org.qemu.Display1.Keyboard",
		"{'Modifiers': <uint32 1>}");
	bus_double_change(fixture->bus, CONSOLE "0", "org.qemu.Display1.Keyboard",
		"{'Modifiers': <uint32 4>}");
	UNTIL(fixture->leds->len > 0);
	g_assert_cmpstr(fixture->leds->str, ==, " 1=1");
}

int main(int argc, char **argv)
{
	dbus_fixture_init(&argc, &argv);
	g_test_add_func("/dbus/client/no-limits", test_no_limits);
	g_test_add_func("/dbus/client/silent", test_silent);
	g_test_add_func("/dbus/client/end-ungreeted", test_end_ungreeted);
	g_test_add_func("/dbus/client/lost-ungreeted", test_lost_ungreeted);
	g_test_add_func("/dbus/client/refused", test_refused);
	g_test_add_func("/dbus/client/late-answer", test_late_answer);
	g_test_add_func("/dbus/client/replaced", test_replaced);
	g_test_add_func("/dbus/client/no-form", test_no_form);
	g_test_add_func("/dbus/client/no-name", test_no_name);
	g_test_add_func("/dbus/client/another-speaks", test_another_speaks);
	return g_test_run();
}
