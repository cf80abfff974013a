/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a bus, or what is none, and a QEMU can do wrong to a D-Bus display. */
#include <gio/gunixsocketaddress.h>
#include <glib/gstdio.h>

#include "dbus_fixture.h"
#include "gate_fixture.h"
#include "input/dbus/frame.h"
#include "input/dbus/limit.h"

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

/* A graphic console, and a property that no QEMU has. */
static char *console_with(const char *value)
{
	return g_strdup_printf("{objectpath '" CONSOLE "0': {"
			       "'org.qemu.Display1.Keyboard': {'Modifiers': <uint32 0>}, "
			       "'org.qemu.Display1.Console': {'Type': <'Graphic'>, 'x': <%s>}}}",
		value);
}

/* Text of so many bytes, each of which is a value. */
static char *bytes_of(size_t count)
{
	g_autofree char *bytes = g_strnfill(count, 'x');

	return g_strdup_printf("b'%s'", bytes);
}

/* It is not looked at by us, whatever there is in it. */
static void test_too_large(void)
{
	g_autofree char *line = g_strnfill(5000, 'x');
	g_autofree char *long_text = g_strdup_printf("'%s'", line);
	g_autofree char *many_bytes = bytes_of(20000);
	g_autofree char *many = console_with(many_bytes);
	g_autofree char *long_one = console_with(long_text);

	expect_never_connected(many);
	expect_never_connected(long_one);
}

/* Nor is a signal; the next one is. */
static void test_too_large_signal(void)
{
	g_autoptr(dbus_fixture) fixture = dbus_fixture_new_connected(false);
	g_autofree char *many = bytes_of(20000);
	g_autofree char *values = g_strdup_printf("{'Modifiers': <uint32 1>, 'x': <%s>}", many);

	bus_double_change(fixture->bus, CONSOLE "0", "org.qemu.Display1.Keyboard", values);
	bus_double_change(fixture->bus, CONSOLE "0", "org.qemu.Display1.Keyboard",
		"{'Modifiers': <uint32 4>}");
	UNTIL(fixture->leds->len > 0);
	g_assert_cmpstr(fixture->leds->str, ==, " 1=1");
	dbus_fixture_expect(fixture, "");
}

/* Nor does it come as far as GDBus, whose one thread has other guests to read for. */
static void test_too_long(void)
{
	static const char said[] = "disconnected from the bus at";
	g_autoptr(dbus_fixture) other = dbus_fixture_new_connected(false);
	g_autofree char *bytes = bytes_of(DBUS_GATE_MESSAGE_MAX);
	g_autofree char *many = console_with(bytes);
	unsigned int told = dbus_fixture_times_logged(said);

	expect_never_connected(many);
	g_assert_cmpuint(dbus_fixture_times_logged(said), ==, told + 1);
	dbus_fixture_expect(other, "");
}

/* It says the same again and again, faster than it may. Another guest's keys go on meanwhile, and
 * so do its own, whose answers it has said all else before. */
static void test_flood(void)
{
	g_autoptr(dbus_fixture) other = dbus_fixture_new_connected(false);
	g_autoptr(dbus_fixture) fixture = dbus_fixture_new_connected(false);

	for (int i = 0; i < 3000; i++)
		bus_double_change(fixture->bus, CONSOLE "0", "org.qemu.Display1.Keyboard",
			i % 2 ? "{'Modifiers': <uint32 0>}" : "{'Modifiers': <uint32 4>}");
	dbus_fixture_key(fixture, KEY_A, 1);
	dbus_fixture_expect(other, "");
	dbus_fixture_settle(fixture, "0 Keyboard.Press (30,)");
	UNTIL(fixture->leds->len > 0);
	dbus_fixture_expect(other, "");
}

static void send_hello_answer(int bus)
{
	g_autoptr(GDBusMessage) message = g_dbus_message_new();
	g_autofree guchar *blob = NULL;
	gsize size;

	g_dbus_message_set_message_type(message, G_DBUS_MESSAGE_TYPE_METHOD_RETURN);
	g_dbus_message_set_serial(message, 1);
	g_dbus_message_set_reply_serial(message, 1);
	g_dbus_message_set_body(message, g_variant_new("(s)", ":1.1"));
	blob = g_dbus_message_to_blob(message, &size, G_DBUS_CAPABILITY_FLAGS_NONE, NULL);
	gate_fixture_send(bus, blob, size);
}

/* A message whose head is right, and nothing else: it is GDBus that ends the connection. */
static void test_unreadable(void)
{
	/* GDBus warns of it. */
	GLogLevelFlags fatal = g_log_set_always_fatal(G_LOG_LEVEL_ERROR | G_LOG_LEVEL_CRITICAL);
	g_autoptr(dbus_fixture) fixture = dbus_fixture_new();
	uint8_t head[DBUS_FRAME_HEAD];
	struct gate_fixture rig;

	gate_fixture_init(&rig);
	fixture->address = rig.address;
	dbus_fixture_start(fixture);
	gate_fixture_accept(&rig);
	gate_fixture_expect_greeting(&rig);
	gate_fixture_send(rig.bus, "OK " GATE_GUID "\r\n", strlen("OK " GATE_GUID "\r\n"));
	gate_fixture_expect_text(rig.bus, "BEGIN\r\nl");
	send_hello_answer(rig.bus);
	gate_fixture_make_head(head, 'l', DBUS_FRAME_SIGNAL, 8, 0);
	gate_fixture_send(rig.bus, head, sizeof(head));
	gate_fixture_send(rig.bus, "\377\377\377\377\377\377\377\377", 8);
	UNTIL(dbus_fixture_times_logged("it sent what cannot be read") == 1);
	gate_fixture_close_bus(&rig);
	/* It is tried again. */
	gate_fixture_accept(&rig);
	gate_fixture_expect_greeting(&rig);
	dbus_fixture_end(fixture);
	gate_fixture_finish(&rig);
	g_log_set_always_fatal(fatal);
}

/* A refused call's text can be as long. */
static void test_too_large_error(void)
{
	g_autoptr(GDBusMessage) call = g_dbus_message_new_method_call(NULL, "/", NULL, "Press");
	g_autofree char *line = g_strnfill(5000, 'x');
	GDBusMessage *error;
	GDBusMessage *limited;

	g_dbus_message_set_serial(call, 7);
	error = g_dbus_message_new_method_error_literal(call, "org.qemu.No", line);
	g_dbus_message_set_serial(error, 8);
	g_assert_true(dbus_limit_filter(NULL, error, FALSE, NULL) == error);
	limited = dbus_limit_filter(NULL, error, TRUE, NULL);
	g_assert_cmpint(g_dbus_message_get_message_type(limited), ==, G_DBUS_MESSAGE_TYPE_ERROR);
	g_assert_cmpuint(g_dbus_message_get_reply_serial(limited), ==, 7);
	g_assert_cmpstr(g_dbus_message_get_error_name(limited), ==,
		"org.freedesktop.DBus.Error.LimitsExceeded");
	g_object_unref(limited);
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
	g_test_add_func("/dbus/too-large", test_too_large);
	g_test_add_func("/dbus/too-large-signal", test_too_large_signal);
	g_test_add_func("/dbus/too-long", test_too_long);
	g_test_add_func("/dbus/flood-of-another", test_flood);
	g_test_add_func("/dbus/unreadable", test_unreadable);
	g_test_add_func("/dbus/too-large-error", test_too_large_error);
	g_test_add_func("/dbus/wrong-types", test_wrong_types);
	g_test_add_func("/dbus/many-consoles", test_many_consoles);
	g_test_add_func("/dbus/every-call-refused", test_every_call_refused);
	g_test_add_func("/dbus/no-bus", test_no_bus);
	return g_test_run();
}
