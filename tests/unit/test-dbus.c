/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What QEMU's D-Bus display is called for what is sent to its sinks, also when it does not
 * answer. */
#include <stdio.h>

#include "dbus_fixture.h"

/* ---- what is sent ---- */

static void test_keys(void)
{
	g_autoptr(dbus_fixture) fixture = dbus_fixture_new_connected(false);

	SEND(fixture->keyboard, {EV_KEY, KEY_LEFTCTRL, 1}, {EV_KEY, KEY_UP, 1});
	SEND(fixture->keyboard, {EV_KEY, KEY_UP, 0}, {EV_KEY, KEY_LEFTCTRL, 0});
	dbus_fixture_expect(fixture,
		"0 Keyboard.Press (29,)\n0 Keyboard.Press (200,)\n"
		"0 Keyboard.Release (200,)\n0 Keyboard.Release (29,)\n");
}

static void test_keys_that_are_none(void)
{
	g_autoptr(dbus_fixture) fixture = dbus_fixture_new_connected(false);

	/* No scan code; no press before; pressed twice; a repetition; not of a keyboard. */
	dbus_fixture_key(fixture, KEY_FN, 1);
	dbus_fixture_key(fixture, KEY_MAX, 1);
	dbus_fixture_key(fixture, UINT16_MAX, 1);
	dbus_fixture_key(fixture, KEY_A, 0);
	dbus_fixture_key(fixture, KEY_B, 1);
	dbus_fixture_key(fixture, KEY_B, 1);
	dbus_fixture_key(fixture, KEY_B, 2);
	dbus_fixture_key(fixture, KEY_B, -1);
	dbus_fixture_key(fixture, KEY_B, 0);
	dbus_fixture_key(fixture, KEY_B, 0);
	SEND(fixture->keyboard, {EV_REL, REL_X, 5}, {EV_MSC, MSC_SCAN, 30}, {EV_LED, LED_CAPSL, 1});
	dbus_fixture_expect(fixture, "0 Keyboard.Press (48,)\n0 Keyboard.Release (48,)\n");
}

static void test_relative_mouse(void)
{
	g_autoptr(dbus_fixture) fixture = dbus_fixture_new_connected(false);

	g_assert_false(fixture->connected[INPUT_ABSOLUTE][0]);
	SEND(fixture->pointer, {EV_REL, REL_X, -3}, {EV_REL, REL_Y, 70000});
	SEND(fixture->pointer, {EV_KEY, BTN_LEFT, 1}, {EV_REL, REL_Y, 1});
	SEND(fixture->pointer, {EV_KEY, BTN_RIGHT, 1}, {EV_KEY, BTN_MIDDLE, 1});
	SEND(fixture->pointer, {EV_KEY, BTN_SIDE, 1}, {EV_KEY, BTN_EXTRA, 1});
	SEND(fixture->pointer, {EV_KEY, BTN_LEFT, 0}, {EV_KEY, BTN_TASK, 1});
	SEND(fixture->absolute, {EV_ABS, ABS_X, 5}, {EV_KEY, BTN_LEFT, 1});
	dbus_fixture_expect(fixture,
		"0 Mouse.RelMotion (-3, 70000)\n"
		"0 Mouse.RelMotion (0, 1)\n0 Mouse.Press (0,)\n"
		"0 Mouse.Press (2,)\n0 Mouse.Press (1,)\n0 Mouse.Press (5,)\n0 Mouse.Press (6,)\n"
		"0 Mouse.Release (0,)\n");
}

static void test_wheel(void)
{
	g_autoptr(dbus_fixture) fixture = dbus_fixture_new_connected(false);

	SEND(fixture->pointer, {EV_REL, REL_WHEEL_HI_RES, 30});
	SEND(fixture->pointer, {EV_REL, REL_WHEEL_HI_RES, 210}, {EV_REL, REL_WHEEL, 2});
	SEND(fixture->pointer, {EV_REL, REL_WHEEL, -1}, {EV_REL, REL_HWHEEL, 1});
	dbus_fixture_expect(fixture,
		"0 Mouse.Press (3,)\n0 Mouse.Release (3,)\n"
		"0 Mouse.Press (3,)\n0 Mouse.Release (3,)\n"
		"0 Mouse.Press (4,)\n0 Mouse.Release (4,)\n");
}

static void test_absolute_mouse(void)
{
	g_autoptr(dbus_fixture) fixture = dbus_fixture_new_connected(true);

	g_assert_true(fixture->connected[INPUT_ABSOLUTE][0]);
	g_assert_true(fixture->connected[INPUT_POINTER][0]);
	/* From the middle. */
	SEND(fixture->pointer, {EV_REL, REL_X, 10}, {EV_REL, REL_Y, -20});
	SEND(fixture->pointer, {EV_REL, REL_X, 1});
	SEND(fixture->pointer, {EV_REL, REL_X, INT32_MAX}, {EV_REL, REL_Y, INT32_MIN});
	SEND(fixture->absolute, {EV_ABS, ABS_X, 0}, {EV_ABS, ABS_Y, INPUT_AXIS_MAX});
	SEND(fixture->absolute, {EV_ABS, ABS_X, INT32_MAX}, {EV_ABS, ABS_Y, INT32_MIN});
	SEND(fixture->absolute, {EV_ABS, ABS_X, 32768}, {EV_KEY, BTN_LEFT, 1});
	SEND(fixture->pointer, {EV_REL, REL_X, -640}, {EV_REL, REL_Y, 1});
	dbus_fixture_expect(fixture,
		"0 Mouse.SetAbsPosition (650, 380)\n0 Mouse.SetAbsPosition (651, 380)\n"
		"0 Mouse.SetAbsPosition (1279, 0)\n0 Mouse.SetAbsPosition (0, 799)\n"
		"0 Mouse.SetAbsPosition (1279, 0)\n"
		"0 Mouse.SetAbsPosition (640, 0)\n0 Mouse.Press (0,)\n"
		"0 Mouse.SetAbsPosition (0, 1)\n");
}

/* A step of one pixel is one, wherever. */
static void test_every_pixel(void)
{
	g_autoptr(dbus_fixture) fixture = dbus_fixture_new_connected(true);
	GString *expected = g_string_new(NULL);

	SEND(fixture->absolute, {EV_ABS, ABS_X, 0}, {EV_ABS, ABS_Y, 0});
	g_string_append(expected, "0 Mouse.SetAbsPosition (0, 0)\n");
	dbus_fixture_expect(fixture, expected->str);
	for (int x = 1; x < 1280; x++) {
		g_autofree char *line = g_strdup_printf("0 Mouse.SetAbsPosition (%d, 0)", x);
		g_autofree char *seen = NULL;

		SEND(fixture->pointer, {EV_REL, REL_X, 1});
		dbus_fixture_settle(fixture, line);
		seen = bus_double_take(fixture->bus);
		g_assert_cmpint(strlen(seen), ==, strlen(line) + 1);
	}
	g_string_free(expected, TRUE);
}

/* The guest's picture has other pixels than QEMU's console. */
static void test_picture(void)
{
	g_autoptr(dbus_fixture) fixture = dbus_fixture_new_connected(true);

	dbus_display_set_picture(fixture->display, 3840, 400);
	SEND(fixture->pointer, {EV_REL, REL_X, 1});
	SEND(fixture->pointer, {EV_REL, REL_X, 2});
	SEND(fixture->pointer, {EV_REL, REL_X, -3}, {EV_REL, REL_Y, 1});
	dbus_display_set_picture(fixture->display, 0, 0);
	SEND(fixture->pointer, {EV_REL, REL_X, 1}, {EV_REL, REL_Y, -2});
	dbus_fixture_expect(fixture,
		"0 Mouse.SetAbsPosition (640, 400)\n0 Mouse.SetAbsPosition (641, 400)\n"
		"0 Mouse.SetAbsPosition (640, 402)\n0 Mouse.SetAbsPosition (641, 400)\n");
}

/* The guest's driver decides, at any time. */
static void test_mouse_changes(void)
{
	g_autoptr(dbus_fixture) fixture = dbus_fixture_new_connected(true);

	SEND(fixture->absolute, {EV_KEY, BTN_LEFT, 1});
	SEND(fixture->pointer, {EV_KEY, BTN_RIGHT, 1});
	bus_double_change(fixture->bus, CONSOLE "0", "org.qemu.Display1.Mouse",
		"{'IsAbsolute': <false>}");
	UNTIL(!fixture->connected[INPUT_ABSOLUTE][0]);
	SEND(fixture->absolute, {EV_KEY, BTN_LEFT, 0});
	SEND(fixture->pointer, {EV_REL, REL_X, 2});
	dbus_fixture_expect(fixture,
		"0 Mouse.Press (0,)\n0 Mouse.Press (2,)\n0 Mouse.Release (0,)\n"
		"0 Mouse.RelMotion (2, 0)\n");
	bus_double_change(fixture->bus, CONSOLE "0", "org.qemu.Display1.Mouse",
		"{'IsAbsolute': <true>}");
	UNTIL(fixture->connected[INPUT_ABSOLUTE][0]);
	bus_double_change(fixture->bus, CONSOLE "0", "org.qemu.Display1.Console",
		"{'Width': <uint32 100>}");
	bus_double_change(fixture->bus, CONSOLE "0", "org.qemu.Display1.Keyboard",
		"{'Modifiers': <uint32 1>}");
	UNTIL(fixture->leds->len > 0);
	SEND(fixture->absolute, {EV_ABS, ABS_X, 32768}, {EV_ABS, ABS_Y, 32768});
	dbus_fixture_expect(fixture, "0 Mouse.SetAbsPosition (50, 400)\n");
}

static void test_button_of_two(void)
{
	g_autoptr(dbus_fixture) fixture = dbus_fixture_new_connected(true);

	SEND(fixture->absolute, {EV_KEY, BTN_LEFT, 1});
	SEND(fixture->pointer, {EV_KEY, BTN_LEFT, 1});
	SEND(fixture->absolute, {EV_KEY, BTN_LEFT, 0});
	dbus_fixture_expect(fixture, "0 Mouse.Press (0,)\n");
	SEND(fixture->pointer, {EV_KEY, BTN_LEFT, 0});
	dbus_fixture_expect(fixture, "0 Mouse.Release (0,)\n");
}

static void test_touch(void)
{
	g_autoptr(dbus_fixture) fixture = dbus_fixture_new_connected(false);
	struct input_sink *touch = fixture->touch[0];

	g_assert_true(fixture->connected[INPUT_TOUCH][0]);
	g_assert_false(fixture->connected[INPUT_TOUCH][1]);
	SEND(touch, {EV_ABS, ABS_MT_SLOT, 5}, {EV_ABS, ABS_MT_TRACKING_ID, 7},
		{EV_ABS, ABS_MT_POSITION_X, 32768}, {EV_ABS, ABS_MT_POSITION_Y, 0},
		{EV_ABS, ABS_MT_SLOT, 2}, {EV_ABS, ABS_MT_TRACKING_ID, 8},
		{EV_ABS, ABS_MT_POSITION_X, INPUT_AXIS_MAX},
		{EV_ABS, ABS_MT_POSITION_Y, INPUT_AXIS_MAX}, {EV_KEY, BTN_TOUCH, 1},
		{EV_ABS, ABS_X, 32768}, {EV_ABS, ABS_Y, 0});
	SEND(touch, {EV_ABS, ABS_MT_POSITION_X, 0});
	SEND(touch, {EV_ABS, ABS_MT_SLOT, 5}, {EV_ABS, ABS_MT_TRACKING_ID, -1});
	/* The other moves on, a new one begins and ends at once, and the last one ends. */
	SEND(touch, {EV_ABS, ABS_MT_SLOT, 2}, {EV_ABS, ABS_MT_POSITION_Y, 32768},
		{EV_ABS, ABS_MT_SLOT, 0}, {EV_ABS, ABS_MT_TRACKING_ID, 9},
		{EV_ABS, ABS_MT_POSITION_X, 0}, {EV_ABS, ABS_MT_POSITION_Y, 0},
		{EV_ABS, ABS_MT_TRACKING_ID, -1});
	SEND(touch, {EV_ABS, ABS_MT_SLOT, 2}, {EV_ABS, ABS_MT_TRACKING_ID, -1},
		{EV_KEY, BTN_TOUCH, 0});
	dbus_fixture_expect(fixture,
		"0 MultiTouch.SendEvent (0, 0, 640.0, 0.0)\n"
		"0 MultiTouch.SendEvent (0, 1, 1279.0, 799.0)\n"
		"0 MultiTouch.SendEvent (1, 1, 0.0, 799.0)\n"
		"0 MultiTouch.SendEvent (2, 0, 640.0, 0.0)\n"
		"0 MultiTouch.SendEvent (1, 1, 0.0, 400.0)\n"
		"0 MultiTouch.SendEvent (0, 0, 0.0, 0.0)\n"
		"0 MultiTouch.SendEvent (2, 0, 0.0, 0.0)\n"
		"0 MultiTouch.SendEvent (2, 1, 0.0, 400.0)\n"
		"0 Mouse.Release (9,)\n");
}

/* More contacts than QEMU has slots; slots that are none; ends without a beginning. */
static void test_touch_slots(void)
{
	g_autoptr(dbus_fixture) fixture = dbus_fixture_new_connected(false);
	struct input_sink *touch = fixture->touch[0];

	dbus_fixture_slot(touch, -1, 1);
	dbus_fixture_slot(touch, INPUT_SLOTS, 1);
	dbus_fixture_slot(touch, INT32_MAX, 1);
	dbus_fixture_slot(touch, 3, -1);
	SEND(touch, {EV_ABS, ABS_MT_POSITION_X, 7});
	dbus_fixture_expect(fixture, "");
	for (int32_t slot = 0; slot < 10; slot++)
		dbus_fixture_slot(touch, slot, slot);
	dbus_fixture_expect(fixture,
		"0 MultiTouch.SendEvent (0, 0, 0.0, 0.0)\n"
		"0 MultiTouch.SendEvent (0, 1, 0.0, 0.0)\n"
		"0 MultiTouch.SendEvent (0, 2, 0.0, 0.0)\n"
		"0 MultiTouch.SendEvent (0, 3, 0.0, 0.0)\n"
		"0 MultiTouch.SendEvent (0, 4, 0.0, 0.0)\n"
		"0 MultiTouch.SendEvent (0, 5, 0.0, 0.0)\n"
		"0 MultiTouch.SendEvent (0, 6, 0.0, 0.0)\n"
		"0 MultiTouch.SendEvent (0, 7, 0.0, 0.0)\n"
		"0 MultiTouch.SendEvent (0, 8, 0.0, 0.0)\n"
		"0 MultiTouch.SendEvent (0, 9, 0.0, 0.0)\n");
	dbus_fixture_slot(touch, 12, 20);
	dbus_fixture_slot(touch, 4, -1);
	SEND(touch, {EV_ABS, ABS_MT_SLOT, 12}, {EV_ABS, ABS_MT_POSITION_X, 7});
	dbus_fixture_slot(touch, 12, -1);
	dbus_fixture_slot(touch, 12, 21);
	dbus_fixture_expect(fixture,
		"0 MultiTouch.SendEvent (2, 4, 0.0, 0.0)\n"
		"0 MultiTouch.SendEvent (0, 4, 0.0, 0.0)\n");
}

/* Each touch screen is a console's; text consoles count for nothing, and QEMU's slots are
 * shared. */
static void test_screens(void)
{
	g_autoptr(dbus_fixture) fixture = dbus_fixture_new();
	g_autofree char *first = bus_double_console(0, "Text", 640, 480, false);
	g_autofree char *second = bus_double_console(2, "Graphic", 100, 100, false);
	g_autofree char *third = bus_double_console(1, "Graphic", 200, 200, false);
	g_autofree char *text = g_strdup_printf("{%s,%s,%s}", first, second, third);
	g_autofree char *seen = NULL;

	bus_double_manage(fixture->bus, text);
	dbus_fixture_start_all(fixture);
	UNTIL(fixture->connected[INPUT_TOUCH][1]);
	g_assert_false(fixture->connected[INPUT_TOUCH][2]);
	SEND(fixture->touch[1], {EV_ABS, ABS_MT_SLOT, 0}, {EV_ABS, ABS_MT_TRACKING_ID, 1},
		{EV_ABS, ABS_MT_POSITION_X, 32768}, {EV_ABS, ABS_MT_POSITION_Y, 32768});
	SEND(fixture->touch[0], {EV_ABS, ABS_MT_SLOT, 0}, {EV_ABS, ABS_MT_TRACKING_ID, 1},
		{EV_ABS, ABS_MT_POSITION_X, 32768}, {EV_ABS, ABS_MT_POSITION_Y, 32768});
	dbus_fixture_key(fixture, KEY_A, 1);
	dbus_fixture_settle(fixture, "1 Keyboard.Press (30,)");
	seen = bus_double_take(fixture->bus);
	g_assert_cmpstr(seen, ==,
		"2 MultiTouch.SendEvent (0, 0, 50.0, 50.0)\n"
		"1 MultiTouch.SendEvent (0, 1, 100.0, 100.0)\n"
		"1 Keyboard.Press (30,)\n");
}

static void test_leds(void)
{
	g_autoptr(dbus_fixture) fixture = dbus_fixture_new();

	bus_double_manage(fixture->bus,
		"{objectpath '" CONSOLE "0': {"
		"'org.qemu.Display1.Console': {'Type': <'Graphic'>},"
		"'org.qemu.Display1.Keyboard': {'Modifiers': <uint32 2>}}}");
	dbus_fixture_start_all(fixture);
	dbus_fixture_wait(fixture);
	g_assert_cmpstr(fixture->leds->str, ==, " 0=1");
	/* Neither a mouse nor a size. */
	g_assert_false(fixture->connected[INPUT_POINTER][0]);
	g_assert_false(fixture->connected[INPUT_TOUCH][0]);
	bus_double_change(fixture->bus, CONSOLE "0", "org.qemu.Display1.Keyboard",
		"{'Modifiers': <uint32 0xfffffffd>}");
	UNTIL(strcmp(fixture->leds->str, " 0=1 0=0 1=1 2=1") == 0);
	bus_double_own(fixture->bus, false);
	UNTIL(!fixture->connected[INPUT_KEYBOARD][0]);
	g_assert_cmpstr(fixture->leds->str, ==, " 0=1 0=0 1=1 2=1 1=0 2=0");
}

/* ---- a QEMU that does not answer ---- */

static void test_waiting(void)
{
	g_autoptr(dbus_fixture) fixture = dbus_fixture_new_connected(false);
	struct dbus_call_counters counters;
	g_autofree char *seen = NULL;

	fixture->bus->holds = true;
	for (int i = 0; i < 32; i++) {
		dbus_fixture_key(fixture, KEY_A, 1);
		dbus_fixture_key(fixture, KEY_A, 0);
	}
	/* All that follows waits, and motion is added up: before the key, and after it. */
	for (int i = 0; i < 1000; i++)
		SEND(fixture->pointer, {EV_REL, REL_X, 1}, {EV_REL, REL_Y, -2},
			{EV_REL, REL_WHEEL, i % 3 == 0});
	dbus_fixture_key(fixture, KEY_B, 1);
	for (int i = 0; i < 10; i++)
		SEND(fixture->pointer, {EV_REL, REL_X, 5});
	UNTIL(fixture->bus->calls->len == 64);
	dbus_display_counters(fixture->display, &counters);
	g_assert_cmpuint(counters.calls, ==, 64);
	g_assert_cmpuint(counters.merged, ==, 999 + 333 + 9);
	g_assert_cmpuint(counters.dropped, ==, 0);
	g_free(bus_double_take(fixture->bus));
	bus_double_answer(fixture->bus, 1);
	UNTIL(fixture->bus->calls->len == 1);
	fixture->bus->holds = false;
	bus_double_answer(fixture->bus, 64);
	dbus_fixture_settle(fixture, "0 Mouse.RelMotion (50, 0)");
	seen = bus_double_take(fixture->bus);
	g_assert_true(g_str_has_prefix(seen,
		"0 Mouse.RelMotion (1000, -2000)\n"
		"0 Mouse.Press (3,)\n0 Mouse.Release (3,)\n"));
	g_assert_true(g_str_has_suffix(seen,
		"0 Mouse.Release (3,)\n0 Keyboard.Press (48,)\n"
		"0 Mouse.RelMotion (50, 0)\n"));
	dbus_display_counters(fixture->display, &counters);
	/* The wheel turns 64 detents at most, of 334. */
	g_assert_cmpuint(counters.calls, ==, 64 + 1 + 2 * 64 + 1 + 1);
	g_assert_cmpuint(counters.refused, ==, 0);
}

/* A flood of presses: what is dropped is dropped in pairs, and nothing stays pressed. */
static void test_flood(void)
{
	g_autoptr(dbus_fixture) fixture = dbus_fixture_new_connected(true);
	struct dbus_call_counters counters;
	int balance[256] = {0};
	unsigned int x = 0, y;

	fixture->bus->holds = true;
	dbus_fixture_key(fixture, KEY_LEFTCTRL, 1);
	SEND(fixture->pointer, {EV_KEY, BTN_LEFT, 1});
	dbus_fixture_slot(fixture->touch[0], 0, 1);
	for (uint16_t round = 0; round < 200; round++) {
		for (uint16_t code = KEY_1; code <= KEY_0; code++)
			dbus_fixture_key(fixture, code, 1);
		for (uint16_t code = KEY_1; code <= KEY_0; code++)
			dbus_fixture_key(fixture, code, 0);
		dbus_fixture_slot(fixture->touch[0], round % 8 + 1, 2);
		SEND(fixture->absolute, {EV_ABS, ABS_X, round * 256});
		dbus_fixture_slot(fixture->touch[0], round % 8 + 1, -1);
	}
	dbus_fixture_key(fixture, KEY_LEFTCTRL, 0);
	SEND(fixture->pointer, {EV_KEY, BTN_LEFT, 0});
	dbus_fixture_slot(fixture->touch[0], 0, -1);
	UNTIL(fixture->bus->calls->len == 64);
	fixture->bus->holds = false;
	bus_double_answer(fixture->bus, 64);
	dbus_fixture_settle(fixture, "0 Mouse.Release (9,)");
	dbus_display_counters(fixture->display, &counters);
	g_assert_cmpuint(counters.calls, ==, fixture->bus->calls->len);
	g_assert_cmpuint(counters.calls, <=, 64 + 256 + 256 + 10 + 32);
	g_assert_cmpuint(counters.calls, >=, 64 + 256);
	g_assert_cmpuint(counters.dropped, >, 1000);
	for (guint i = 0; i < fixture->bus->calls->len; i++) {
		const char *call = g_ptr_array_index(fixture->bus->calls, i);
		unsigned int code, kind;

		if (sscanf(call, "0 Keyboard.Press (%u,)", &code) == 1)
			g_assert_cmpint(++balance[code], ==, 1);
		else if (sscanf(call, "0 Keyboard.Release (%u,)", &code) == 1)
			g_assert_cmpint(--balance[code], ==, 0);
		else if (sscanf(call, "0 Mouse.SetAbsPosition (%u, %u)", &x, &y) == 2)
			continue;
		else if (sscanf(call, "0 MultiTouch.SendEvent (%u, %u,", &kind, &code) == 2 &&
			kind != 1)
			g_assert_cmpint(balance[128 + code] += kind == 0 ? 1 : -1, ==, kind == 0);
	}
	for (size_t i = 0; i < G_N_ELEMENTS(balance); i++)
		g_assert_cmpint(balance[i], ==, 0);
	/* Where the pointer came to. */
	g_assert_cmpuint(x, ==, 199 * 256 * 1280 / 65536);
}

int main(int argc, char **argv)
{
	dbus_fixture_init(&argc, &argv);
	g_test_add_func("/dbus/keys", test_keys);
	g_test_add_func("/dbus/keys-that-are-none", test_keys_that_are_none);
	g_test_add_func("/dbus/relative-mouse", test_relative_mouse);
	g_test_add_func("/dbus/wheel", test_wheel);
	g_test_add_func("/dbus/absolute-mouse", test_absolute_mouse);
	g_test_add_func("/dbus/every-pixel", test_every_pixel);
	g_test_add_func("/dbus/picture", test_picture);
	g_test_add_func("/dbus/mouse-changes", test_mouse_changes);
	g_test_add_func("/dbus/button-of-two", test_button_of_two);
	g_test_add_func("/dbus/touch", test_touch);
	g_test_add_func("/dbus/touch-slots", test_touch_slots);
	g_test_add_func("/dbus/screens", test_screens);
	g_test_add_func("/dbus/leds", test_leds);
	g_test_add_func("/dbus/waiting", test_waiting);
	g_test_add_func("/dbus/flood", test_flood);
	return g_test_run();
}
