/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a bus, or what is none, and a QEMU can do wrong to a D-Bus display. */
#include <gio/gunixsocketaddress.h>
#include <glib/gstdio.h>

#include "dbus_fixture.h"

/* ---- lies ---- */

static void expect_never_connected(const char *managed)
{
	g_autoptr(dbus_fixture) fixture = dbus_fixture_new();

	bus_double_manage(fixture->bus, managed);
	dbus_fixture_start_all(fixture);
	UNTIL(fixture->bus->asked == 1);
	dbus_fixture_key(fixture, KEY_A, 1);
	/* Another QEMU, that is honest, is believed; the keyboard heard nothing before. */
	dbus_fixture_manage(fixture, false);
	bus_double_own(fixture->bus, false);
	bus_double_own(fixture->bus, true);
	dbus_fixture_wait(fixture);
	g_assert_cmpuint(fixture->bus->asked, ==, 2);
	dbus_fixture_expect(fixture, "");
}

static void test_no_consoles(void)
{
	expect_never_connected(NULL);
	expect_never_connected("@a{oa{sa{sv}}} {}");
	expect_never_connected("'text'");
	expect_never_connected("{'" CONSOLE "0': {'org.qemu.Display1.Console': {'Type': <1>}}}");
	expect_never_connected("{objectpath '" CONSOLE "0': "
			       "{'org.qemu.Display1.Console': {'Type': <1>}}}");
	expect_never_connected("{objectpath '" CONSOLE "0': "
			       "{'org.qemu.Display1.Console': {'Type': <'Text'>}}}");
	expect_never_connected("{objectpath '" CONSOLE "0': @a{sa{sv}} {}}");
	expect_never_connected("{objectpath '" CONSOLE "': "
			       "{'org.qemu.Display1.Console': {'Type': <'Graphic'>}}}");
	expect_never_connected("{objectpath '" CONSOLE "99999999999': "
			       "{'org.qemu.Display1.Console': {'Type': <'Graphic'>}}}");
	expect_never_connected("{objectpath '" CONSOLE "0x': "
			       "{'org.qemu.Display1.Console': {'Type': <'Graphic'>}}}");
	expect_never_connected("{objectpath '/org/qemu/Display1/VM': "
			       "{'org.qemu.Display1.Console': {'Type': <'Graphic'>}}}");
}

/* Properties of other types than they have are as if they were not there. */
static void test_wrong_types(void)
{
	g_autoptr(dbus_fixture) fixture = dbus_fixture_new();

	bus_double_manage(fixture->bus,
		"{objectpath '" CONSOLE "0': {"
		"'org.qemu.Display1.Console': {'Type': <'Graphic'>, 'Width': <'wide'>, "
		"'Height': <int64 5>},"
		"'org.qemu.Display1.Keyboard': {'Modifiers': <-1>},"
		"'org.qemu.Display1.Mouse': {'IsAbsolute': <uint32 1>},"
		"'org.qemu.Display1.MultiTouch': {'MaxSlots': <uint32 4>}}}");
	dbus_fixture_start_all(fixture);
	dbus_fixture_wait(fixture);
	g_assert_true(fixture->connected[INPUT_POINTER][0]);
	g_assert_false(fixture->connected[INPUT_ABSOLUTE][0]);
	g_assert_false(fixture->connected[INPUT_TOUCH][0]);
	bus_double_change(fixture->bus, CONSOLE "0", "org.qemu.Display1.Mouse",
		"{'IsAbsolute': <'yes'>}");
	bus_double_change(fixture->bus, CONSOLE "7", "org.qemu.Display1.Keyboard",
		"{'Modifiers': <uint32 7>}");
	bus_double_change(fixture->bus, "/elsewhere", "org.qemu.Display1.Keyboard",
		"{'Modifiers': <uint32 7>}");
	bus_double_change(fixture->bus, CONSOLE "0", "org.qemu.Display1.Keyboard", "'no values'");
	bus_double_change(fixture->bus, CONSOLE "0", "org.qemu.Display1.Console",
		"{'Width': <uint32 0xffffffff>, 'Height': <uint32 600>}");
	bus_double_change(fixture->bus, CONSOLE "0", "org.qemu.Display1.MultiTouch",
		"{'MaxSlots': <-5>}");
	bus_double_change(fixture->bus, CONSOLE "0", "org.qemu.Display1.Keyboard",
		"{'Modifiers': <uint32 4>}");
	UNTIL(fixture->leds->len > 0);
	g_assert_cmpstr(fixture->leds->str, ==, " 1=1");
	g_assert_false(fixture->connected[INPUT_ABSOLUTE][0]);
	g_assert_false(fixture->connected[INPUT_TOUCH][0]);
	bus_double_change(fixture->bus, CONSOLE "0", "org.qemu.Display1.Console",
		"{'Width': <uint32 800>}");
	UNTIL(fixture->connected[INPUT_TOUCH][0]);
	/* No slots. */
	dbus_fixture_slot(fixture->touch[0], 0, 1);
	dbus_fixture_slot(fixture->touch[0], 0, -1);
	dbus_fixture_expect(fixture, "");
}

static void test_many_consoles(void)
{
	g_autoptr(dbus_fixture) fixture = dbus_fixture_new();
	GString *text = g_string_new("{");

	for (unsigned int i = 0; i < 100; i++) {
		g_autofree char *console = bus_double_console((i * 37 + 50) % 100, "Graphic", 10,
			10, false);

		g_string_append_printf(text, "%s%s", i ? "," : "", console);
	}
	g_string_append(text, "}");
	bus_double_manage(fixture->bus, text->str);
	dbus_fixture_start_all(fixture);
	UNTIL(fixture->connected[INPUT_TOUCH][2]);
	dbus_fixture_slot(fixture->touch[2], 0, 1);
	dbus_fixture_settle(fixture, "2 MultiTouch.SendEvent (0, 0, 0.0, 0.0)");
	g_string_free(text, TRUE);
}

static void test_every_call_refused(void)
{
	g_autoptr(dbus_fixture) fixture = dbus_fixture_new_connected(false);
	struct dbus_call_counters counters;

	fixture->bus->refuses = true;
	for (int i = 0; i < 100; i++) {
		dbus_fixture_key(fixture, KEY_A, 1);
		dbus_fixture_key(fixture, KEY_A, 0);
	}
	do {
		g_main_context_iteration(NULL, TRUE);
		dbus_display_counters(fixture->display, &counters);
	} while (counters.refused < 200);
	g_assert_cmpuint(counters.calls, ==, 200);
	g_assert_cmpuint(fixture->bus->calls->len, ==, 200);
}

/* ---- what is no bus ---- */

static gboolean hang_up(GSocketService *service, GSocketConnection *connection, GObject *source,
	gpointer data)
{
	unsigned int *comers = data;

	++*comers;
	g_output_stream_write(g_io_stream_get_output_stream(G_IO_STREAM(connection)),
		"REJECTED EVERYTHING\r\n", *comers % 2 ? 21 : 0, NULL, NULL);
	return TRUE;
}

static void test_no_bus(void)
{
	g_autoptr(dbus_fixture) fixture = dbus_fixture_new();
	g_autoptr(GSocketService) service = g_socket_service_new();
	g_autoptr(GSocketAddress) address = g_unix_socket_address_new(fixture->bus->path);
	unsigned int comers = 0;

	g_assert_true(g_socket_listener_add_address(G_SOCKET_LISTENER(service), address,
		G_SOCKET_TYPE_STREAM, G_SOCKET_PROTOCOL_DEFAULT, NULL, NULL, NULL));
	g_signal_connect(service, "incoming", G_CALLBACK(hang_up), &comers);
	g_socket_service_start(service);
	dbus_fixture_start(fixture);
	UNTIL(comers == 2);
	g_socket_service_stop(service);
	g_socket_listener_close(G_SOCKET_LISTENER(service));
	g_unlink(fixture->bus->path);
	bus_double_start(fixture->bus);
	bus_double_own(fixture->bus, true);
	dbus_fixture_wait(fixture);
}

int main(int argc, char **argv)
{
	dbus_fixture_init(&argc, &argv);
	g_test_add_func("/dbus/no-consoles", test_no_consoles);
	g_test_add_func("/dbus/wrong-types", test_wrong_types);
	g_test_add_func("/dbus/many-consoles", test_many_consoles);
	g_test_add_func("/dbus/every-call-refused", test_every_call_refused);
	g_test_add_func("/dbus/no-bus", test_no_bus);
	return g_test_run();
}
