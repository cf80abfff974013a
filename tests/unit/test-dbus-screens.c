/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What QEMU is told of its consoles' screens, also when it refuses, does not answer, or goes. */
#include "dbus_fixture.h"

#include "input/dbus/screens.h"

static const struct layout_screen screen = {-10, 20, 1920, 1080, 531, 299};
static const struct layout_screen other = {0, 0, 1024, 768, 400, 300};
static const struct layout_screen none = {0};

#define TOLD "0 Console.SetUIInfo (531, 299, -10, 20, 1920, 1080)\n"
#define TOLD_AGAIN "0 Console.SetUIInfo (531, 298, -10, 20, 1920, 1080)\n"
#define TOLD_OTHER "0 Console.SetUIInfo (400, 300, 0, 0, 1024, 768)\n"

static void tell(struct dbus_fixture *fixture, const struct layout_screen *told)
{
	dbus_display_tell_screen(fixture->display, 0, 0, told);
}

/* Until so many calls have come; they are forgotten then. */
static void expect(struct dbus_fixture *fixture, unsigned int count, const char *calls)
{
	g_autofree char *seen = NULL;

	UNTIL(fixture->bus->calls->len >= count);
	seen = bus_double_take(fixture->bus);
	g_assert_cmpstr(seen, ==, calls);
}

static void test_told(void)
{
	g_autoptr(dbus_fixture) fixture = dbus_fixture_new_connected(false);

	g_assert_cmpuint(fixture->gpus, ==, 1);
	/* A QEMU begins with zeroes, and would not hear them. */
	tell(fixture, &none);
	expect(fixture, 1, "0 Console.SetUIInfo (0, 1, 0, 0, 0, 0)\n");
	tell(fixture, &none);
	expect(fixture, 1, "0 Console.SetUIInfo (0, 0, 0, 0, 0, 0)\n");
	tell(fixture, &screen);
	expect(fixture, 1, TOLD);
	tell(fixture, &none);
	expect(fixture, 1, "0 Console.SetUIInfo (0, 1, 0, 0, 0, 0)\n");
	/* No such scanout, no such device. */
	dbus_display_tell_screen(fixture->display, 0, 1, &screen);
	dbus_display_tell_screen(fixture->display, 1, 0, &screen);
	dbus_fixture_expect(fixture, "");
}

/* QEMU would pass nothing on that it has heard before. */
static void test_told_again(void)
{
	g_autoptr(dbus_fixture) fixture = dbus_fixture_new_connected(false);

	tell(fixture, &screen);
	expect(fixture, 1, TOLD);
	tell(fixture, &screen);
	expect(fixture, 1, TOLD_AGAIN);
	tell(fixture, &screen);
	expect(fixture, 1, TOLD);
}

/* Two devices, the first of two scanouts. */
static void test_devices(void)
{
	g_autoptr(dbus_fixture) fixture = dbus_fixture_new();
	g_autofree char *first = bus_double_console(0, "Graphic", 640, 480, false);
	g_autofree char *text = g_strdup_printf(
		"{%s, '/org/qemu/Display1/Console_1': {'org.qemu.Display1.Console': "
		"{'Type': <'Graphic'>, 'Head': <uint32 1>}}, "
		"'/org/qemu/Display1/Console_2': {'org.qemu.Display1.Console': "
		"{'Type': <'Graphic'>, 'Head': <uint32 0>}}}",
		first);

	bus_double_manage(fixture->bus, text);
	dbus_fixture_start_all(fixture);
	dbus_fixture_wait(fixture);
	UNTIL(fixture->gpus == 2);
	dbus_display_tell_screen(fixture->display, 1, 0, &other);
	dbus_display_tell_screen(fixture->display, 0, 1, &other);
	dbus_display_tell_screen(fixture->display, 1, 1, &other);
	expect(fixture, 2,
		"2 Console.SetUIInfo (400, 300, 0, 0, 1024, 768)\n"
		"1 Console.SetUIInfo (400, 300, 0, 0, 1024, 768)\n");
}

/* A QEMU that does not answer is told the newest when it does, and nothing of what was between. */
static void test_silent(void)
{
	g_autoptr(dbus_fixture) fixture = dbus_fixture_new_connected(false);

	fixture->bus->holds = true;
	tell(fixture, &screen);
	for (uint32_t i = 0; i < 10000; i++)
		tell(fixture, &(struct layout_screen){.width = i + 1, .height = 1});
	tell(fixture, &other);
	UNTIL(fixture->bus->calls->len == 1);
	/* Keys do not wait for it. */
	dbus_fixture_key(fixture, KEY_A, 1);
	expect(fixture, 2, TOLD "0 Keyboard.Press (30,)\n");
	bus_double_answer(fixture->bus, 1);
	expect(fixture, 1, TOLD_OTHER);
	bus_double_answer(fixture->bus, 2);
}

static void test_refused(void)
{
	g_autoptr(dbus_fixture) fixture = dbus_fixture_new_connected(false);
	const char *line = "QEMU does not tell the guest of its monitor: ";
	unsigned int logged = dbus_fixture_times_logged(line);

	fixture->bus->refuses = true;
	tell(fixture, &screen);
	expect(fixture, 1, TOLD);
	/* Made again by itself. */
	expect(fixture, 1, TOLD);
	fixture->bus->refuses = false;
	expect(fixture, 1, TOLD);
	g_assert_cmpuint(dbus_fixture_times_logged(line), ==, logged + 1);
	dbus_fixture_expect(fixture, "");
}

/* What comes while a call is to be made again goes in its place. */
static void test_refused_and_replaced(void)
{
	g_autoptr(dbus_fixture) fixture = dbus_fixture_new_connected(false);

	fixture->bus->refuses = true;
	fixture->bus->holds = true;
	tell(fixture, &screen);
	expect(fixture, 1, TOLD);
	tell(fixture, &other);
	bus_double_answer(fixture->bus, 1);
	fixture->bus->holds = false;
	fixture->bus->refuses = false;
	expect(fixture, 1, TOLD_OTHER);
	dbus_fixture_expect(fixture, "");
}

/* A QEMU that cannot do it is asked no more for this, and said so once. */
static void test_unable(void)
{
	static const char *const names[] = {"org.qemu.Display1.Error.Unsupported",
		"org.freedesktop.DBus.Error.UnknownMethod",
		"org.freedesktop.DBus.Error.UnknownObject",
		"org.freedesktop.DBus.Error.UnknownInterface",
		"org.freedesktop.DBus.Error.InvalidArgs",
		"org.freedesktop.DBus.Error.AccessDenied"};
	const char *line = "QEMU does not tell the guest of its monitor: ";

	for (size_t i = 0; i < G_N_ELEMENTS(names); i++) {
		g_autoptr(dbus_fixture) fixture = dbus_fixture_new_connected(false);
		unsigned int logged = dbus_fixture_times_logged(line);

		fixture->bus->refuses = true;
		fixture->bus->refusal = names[i];
		tell(fixture, &screen);
		expect(fixture, 1, TOLD);
		UNTIL(dbus_fixture_times_logged(line) == logged + 1);
		/* The next change is another matter. */
		tell(fixture, &other);
		expect(fixture, 1, TOLD_OTHER);
		fixture->bus->refuses = false;
		dbus_fixture_expect(fixture, "");
		g_assert_cmpuint(dbus_fixture_times_logged(line), ==, logged + 1);
	}
}

/* QEMU goes while it is told, and while it is to be told again; the next one hears nothing of
 * that. */
static void test_gone(void)
{
	g_autoptr(dbus_fixture) fixture = dbus_fixture_new_connected(false);

	for (unsigned int i = 0; i < 2; i++) {
		fixture->bus->holds = i == 0;
		fixture->bus->refuses = i == 1;
		tell(fixture, &screen);
		UNTIL(fixture->bus->calls->len == 1);
		tell(fixture, &other);
		bus_double_own(fixture->bus, false);
		UNTIL(fixture->gpus == 0);
		tell(fixture, &screen);
		fixture->bus->holds = false;
		fixture->bus->refuses = false;
		g_ptr_array_set_size(fixture->bus->calls, 0);
		bus_double_own(fixture->bus, true);
		UNTIL(fixture->gpus == 1);
		dbus_fixture_expect(fixture, "");
	}
	/* The bus goes, and the display. */
	fixture->bus->holds = true;
	tell(fixture, &screen);
	UNTIL(fixture->bus->calls->len == 1);
	bus_double_stop(fixture->bus);
	UNTIL(fixture->gpus == 0);
	fixture->bus->holds = false;
	bus_double_start(fixture->bus);
	UNTIL(fixture->gpus == 1);
	g_ptr_array_set_size(fixture->bus->calls, 0);
	/* The same QEMU as before has heard of it, perhaps: it hears it in other words. */
	tell(fixture, &screen);
	expect(fixture, 1, TOLD_AGAIN);
	fixture->bus->refuses = true;
	tell(fixture, &other);
	expect(fixture, 1, TOLD_OTHER);
	dbus_fixture_end(fixture);
}

int main(int argc, char **argv)
{
	dbus_fixture_init(&argc, &argv);
	g_test_add_func("/dbus/screens/told", test_told);
	g_test_add_func("/dbus/screens/told-again", test_told_again);
	g_test_add_func("/dbus/screens/devices", test_devices);
	g_test_add_func("/dbus/screens/silent", test_silent);
	g_test_add_func("/dbus/screens/refused", test_refused);
	g_test_add_func("/dbus/screens/refused-and-replaced", test_refused_and_replaced);
	g_test_add_func("/dbus/screens/unable", test_unable);
	g_test_add_func("/dbus/screens/gone", test_gone);
	return g_test_run();
}
