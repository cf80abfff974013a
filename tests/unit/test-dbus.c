/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What QEMU's D-Bus display is called, for what is sent to its sinks; and what a bus can do wrong. */
#include <gio/gunixsocketaddress.h>
#include <glib/gstdio.h>
#include <stdio.h>

#include "bus_double.h"
#include "input/dbus.h"
#include "input/description.h"

#define CONSOLE "/org/qemu/Display1/Console_"

struct fixture {
	struct bus_double *bus;
	struct dbus_display *display;
	struct input_sink *keyboard, *pointer, *absolute;
	struct input_sink *touch[3];
	bool connected[INPUT_KINDS][DBUS_SCREENS_MAX];
	GString *leds; /* " 1=1": LED and state */
};

static void connected(void *data, enum input_kind kind, size_t screen, bool is_connected)
{
	struct fixture *fixture = data;

	g_assert_cmpint(fixture->connected[kind][screen], !=, is_connected);
	fixture->connected[kind][screen] = is_connected;
}

static void led(void *data, uint16_t code, bool on)
{
	struct fixture *fixture = data;

	g_string_append_printf(fixture->leds, " %u=%d", code, on);
}

static const struct dbus_display_listener listener = {.connected = connected, .led = led};

/* Waits for what must come; the runner's time limit is for when it does not. */
#define UNTIL(condition) \
	while (!(condition)) \
	g_main_context_iteration(NULL, TRUE)

static void manage_one(struct fixture *fixture, bool absolute)
{
	g_autofree char *console = bus_double_console(0, "Graphic", 1280, 800, absolute);
	g_autofree char *text = g_strdup_printf("{%s}", console);

	bus_double_manage(fixture->bus, text);
}

static struct fixture *fixture_new(void)
{
	struct fixture *fixture = g_new0(struct fixture, 1);

	fixture->bus = bus_double_new();
	fixture->leds = g_string_new(NULL);
	manage_one(fixture, false);
	return fixture;
}

static void fixture_start(struct fixture *fixture)
{
	fixture->display = dbus_display_create("kiosk", fixture->bus->address, &listener, fixture);
	fixture->keyboard = dbus_display_sink(fixture->display, INPUT_KEYBOARD, 0);
	fixture->pointer = dbus_display_sink(fixture->display, INPUT_POINTER, 0);
	fixture->absolute = dbus_display_sink(fixture->display, INPUT_ABSOLUTE, 0);
	for (size_t i = 0; i < G_N_ELEMENTS(fixture->touch); i++)
		fixture->touch[i] = dbus_display_sink(fixture->display, INPUT_TOUCH, i);
}

/* With an ordinary QEMU, that is connected. */
static struct fixture *fixture_connected(bool absolute)
{
	struct fixture *fixture = fixture_new();

	manage_one(fixture, absolute);
	bus_double_start(fixture->bus);
	bus_double_own(fixture->bus, true);
	fixture_start(fixture);
	UNTIL(fixture->connected[INPUT_KEYBOARD][0]);
	return fixture;
}

static void fixture_destroy_sinks(struct fixture *fixture)
{
	g_clear_pointer(&fixture->keyboard, input_sink_destroy);
	g_clear_pointer(&fixture->pointer, input_sink_destroy);
	g_clear_pointer(&fixture->absolute, input_sink_destroy);
	for (size_t i = 0; i < G_N_ELEMENTS(fixture->touch); i++)
		g_clear_pointer(&fixture->touch[i], input_sink_destroy);
}

static void fixture_free(struct fixture *fixture)
{
	fixture_destroy_sinks(fixture);
	dbus_display_destroy(fixture->display);
	bus_double_free(fixture->bus);
	g_string_free(fixture->leds, TRUE);
	g_free(fixture);
}

#define SEND(sink, ...) \
	input_sink_send(sink, (const struct input_value[]){__VA_ARGS__}, \
		sizeof((const struct input_value[]){__VA_ARGS__}) / sizeof(struct input_value))

static void key(struct fixture *fixture, uint16_t code, int32_t value)
{
	SEND(fixture->keyboard, {EV_KEY, code, value});
}

/* Calls come in order: when this one has come, all others have. Not a key of any test. */
static void settle(struct fixture *fixture, const char *end)
{
	for (;;) {
		const GPtrArray *calls = fixture->bus->calls;

		if (calls->len > 0 && g_str_equal(g_ptr_array_index(calls, calls->len - 1), end))
			return;
		g_main_context_iteration(NULL, TRUE);
	}
}

static void expect(struct fixture *fixture, const char *calls)
{
	g_autofree char *expected = g_strdup_printf("%s0 Keyboard.Press (57,)\n"
						    "0 Keyboard.Release (57,)\n",
		calls);
	g_autofree char *seen = NULL;

	key(fixture, KEY_SPACE, 1);
	key(fixture, KEY_SPACE, 0);
	settle(fixture, "0 Keyboard.Release (57,)");
	seen = bus_double_take(fixture->bus);
	g_assert_cmpstr(seen, ==, expected);
}

/* ---- what is sent ---- */

static void test_keys(void)
{
	struct fixture *fixture = fixture_connected(false);

	SEND(fixture->keyboard, {EV_KEY, KEY_LEFTCTRL, 1}, {EV_KEY, KEY_UP, 1});
	SEND(fixture->keyboard, {EV_KEY, KEY_UP, 0}, {EV_KEY, KEY_LEFTCTRL, 0});
	expect(fixture,
		"0 Keyboard.Press (29,)\n0 Keyboard.Press (200,)\n"
		"0 Keyboard.Release (200,)\n0 Keyboard.Release (29,)\n");
	fixture_free(fixture);
}

static void test_keys_that_are_none(void)
{
	struct fixture *fixture = fixture_connected(false);

	/* No scan code; no press before; pressed twice; a repetition; not of a keyboard. */
	key(fixture, KEY_FN, 1);
	key(fixture, KEY_MAX, 1);
	key(fixture, UINT16_MAX, 1);
	key(fixture, KEY_A, 0);
	key(fixture, KEY_B, 1);
	key(fixture, KEY_B, 1);
	key(fixture, KEY_B, 2);
	key(fixture, KEY_B, -1);
	key(fixture, KEY_B, 0);
	key(fixture, KEY_B, 0);
	SEND(fixture->keyboard, {EV_REL, REL_X, 5}, {EV_MSC, MSC_SCAN, 30}, {EV_LED, LED_CAPSL, 1});
	expect(fixture, "0 Keyboard.Press (48,)\n0 Keyboard.Release (48,)\n");
	fixture_free(fixture);
}

static void test_relative_mouse(void)
{
	struct fixture *fixture = fixture_connected(false);

	g_assert_false(fixture->connected[INPUT_ABSOLUTE][0]);
	SEND(fixture->pointer, {EV_REL, REL_X, -3}, {EV_REL, REL_Y, 70000});
	SEND(fixture->pointer, {EV_KEY, BTN_LEFT, 1}, {EV_REL, REL_Y, 1});
	SEND(fixture->pointer, {EV_KEY, BTN_RIGHT, 1}, {EV_KEY, BTN_MIDDLE, 1});
	SEND(fixture->pointer, {EV_KEY, BTN_SIDE, 1}, {EV_KEY, BTN_EXTRA, 1});
	SEND(fixture->pointer, {EV_KEY, BTN_LEFT, 0}, {EV_KEY, BTN_TASK, 1});
	SEND(fixture->absolute, {EV_ABS, ABS_X, 5}, {EV_KEY, BTN_LEFT, 1});
	expect(fixture,
		"0 Mouse.RelMotion (-3, 70000)\n"
		"0 Mouse.RelMotion (0, 1)\n0 Mouse.Press (0,)\n"
		"0 Mouse.Press (2,)\n0 Mouse.Press (1,)\n0 Mouse.Press (5,)\n0 Mouse.Press (6,)\n"
		"0 Mouse.Release (0,)\n");
	fixture_free(fixture);
}

static void test_wheel(void)
{
	struct fixture *fixture = fixture_connected(false);

	SEND(fixture->pointer, {EV_REL, REL_WHEEL_HI_RES, 30});
	SEND(fixture->pointer, {EV_REL, REL_WHEEL_HI_RES, 210}, {EV_REL, REL_WHEEL, 2});
	SEND(fixture->pointer, {EV_REL, REL_WHEEL, -1}, {EV_REL, REL_HWHEEL, 1});
	expect(fixture,
		"0 Mouse.Press (3,)\n0 Mouse.Release (3,)\n"
		"0 Mouse.Press (3,)\n0 Mouse.Release (3,)\n"
		"0 Mouse.Press (4,)\n0 Mouse.Release (4,)\n");
	fixture_free(fixture);
}

static void test_absolute_mouse(void)
{
	struct fixture *fixture = fixture_connected(true);

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
	expect(fixture,
		"0 Mouse.SetAbsPosition (650, 380)\n0 Mouse.SetAbsPosition (651, 380)\n"
		"0 Mouse.SetAbsPosition (1279, 0)\n0 Mouse.SetAbsPosition (0, 799)\n"
		"0 Mouse.SetAbsPosition (1279, 0)\n"
		"0 Mouse.SetAbsPosition (640, 0)\n0 Mouse.Press (0,)\n"
		"0 Mouse.SetAbsPosition (0, 1)\n");
	fixture_free(fixture);
}

/* A step of one pixel is one, wherever. */
static void test_every_pixel(void)
{
	struct fixture *fixture = fixture_connected(true);
	GString *expected = g_string_new(NULL);

	SEND(fixture->absolute, {EV_ABS, ABS_X, 0}, {EV_ABS, ABS_Y, 0});
	g_string_append(expected, "0 Mouse.SetAbsPosition (0, 0)\n");
	expect(fixture, expected->str);
	for (int x = 1; x < 1280; x++) {
		g_autofree char *line = g_strdup_printf("0 Mouse.SetAbsPosition (%d, 0)", x);
		g_autofree char *seen = NULL;

		SEND(fixture->pointer, {EV_REL, REL_X, 1});
		settle(fixture, line);
		seen = bus_double_take(fixture->bus);
		g_assert_cmpint(strlen(seen), ==, strlen(line) + 1);
	}
	g_string_free(expected, TRUE);
	fixture_free(fixture);
}

/* The guest's picture has other pixels than QEMU's console. */
static void test_picture(void)
{
	struct fixture *fixture = fixture_connected(true);

	dbus_display_set_picture(fixture->display, 3840, 400);
	SEND(fixture->pointer, {EV_REL, REL_X, 1});
	SEND(fixture->pointer, {EV_REL, REL_X, 2});
	SEND(fixture->pointer, {EV_REL, REL_X, -3}, {EV_REL, REL_Y, 1});
	dbus_display_set_picture(fixture->display, 0, 0);
	SEND(fixture->pointer, {EV_REL, REL_X, 1}, {EV_REL, REL_Y, -2});
	expect(fixture,
		"0 Mouse.SetAbsPosition (640, 400)\n0 Mouse.SetAbsPosition (641, 400)\n"
		"0 Mouse.SetAbsPosition (640, 402)\n0 Mouse.SetAbsPosition (641, 400)\n");
	fixture_free(fixture);
}

/* The guest's driver decides, at any time. */
static void test_mouse_changes(void)
{
	struct fixture *fixture = fixture_connected(true);

	SEND(fixture->absolute, {EV_KEY, BTN_LEFT, 1});
	SEND(fixture->pointer, {EV_KEY, BTN_RIGHT, 1});
	bus_double_change(fixture->bus, CONSOLE "0", "org.qemu.Display1.Mouse",
		"{'IsAbsolute': <false>}");
	UNTIL(!fixture->connected[INPUT_ABSOLUTE][0]);
	SEND(fixture->absolute, {EV_KEY, BTN_LEFT, 0});
	SEND(fixture->pointer, {EV_REL, REL_X, 2});
	expect(fixture,
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
	expect(fixture, "0 Mouse.SetAbsPosition (50, 400)\n");
	fixture_free(fixture);
}

static void test_button_of_two(void)
{
	struct fixture *fixture = fixture_connected(true);

	SEND(fixture->absolute, {EV_KEY, BTN_LEFT, 1});
	SEND(fixture->pointer, {EV_KEY, BTN_LEFT, 1});
	SEND(fixture->absolute, {EV_KEY, BTN_LEFT, 0});
	expect(fixture, "0 Mouse.Press (0,)\n");
	SEND(fixture->pointer, {EV_KEY, BTN_LEFT, 0});
	expect(fixture, "0 Mouse.Release (0,)\n");
	fixture_free(fixture);
}

static void test_touch(void)
{
	struct fixture *fixture = fixture_connected(false);
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
	expect(fixture,
		"0 MultiTouch.SendEvent (0, 0, 640.0, 0.0)\n"
		"0 MultiTouch.SendEvent (0, 1, 1279.0, 799.0)\n"
		"0 MultiTouch.SendEvent (1, 1, 0.0, 799.0)\n"
		"0 MultiTouch.SendEvent (2, 0, 640.0, 0.0)\n"
		"0 MultiTouch.SendEvent (1, 1, 0.0, 400.0)\n"
		"0 MultiTouch.SendEvent (0, 0, 0.0, 0.0)\n"
		"0 MultiTouch.SendEvent (2, 0, 0.0, 0.0)\n"
		"0 MultiTouch.SendEvent (2, 1, 0.0, 400.0)\n"
		"0 Mouse.Release (9,)\n");
	fixture_free(fixture);
}

static void touch_slot(struct input_sink *touch, int32_t slot, int32_t id)
{
	SEND(touch, {EV_ABS, ABS_MT_SLOT, slot}, {EV_ABS, ABS_MT_TRACKING_ID, id});
}

/* More contacts than QEMU has slots; slots that are none; ends without a beginning. */
static void test_touch_slots(void)
{
	struct fixture *fixture = fixture_connected(false);
	struct input_sink *touch = fixture->touch[0];

	touch_slot(touch, -1, 1);
	touch_slot(touch, INPUT_SLOTS, 1);
	touch_slot(touch, INT32_MAX, 1);
	touch_slot(touch, 3, -1);
	SEND(touch, {EV_ABS, ABS_MT_POSITION_X, 7});
	expect(fixture, "");
	for (int32_t slot = 0; slot < 10; slot++)
		touch_slot(touch, slot, slot);
	expect(fixture,
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
	touch_slot(touch, 12, 20);
	touch_slot(touch, 4, -1);
	SEND(touch, {EV_ABS, ABS_MT_SLOT, 12}, {EV_ABS, ABS_MT_POSITION_X, 7});
	touch_slot(touch, 12, -1);
	touch_slot(touch, 12, 21);
	expect(fixture,
		"0 MultiTouch.SendEvent (2, 4, 0.0, 0.0)\n"
		"0 MultiTouch.SendEvent (0, 4, 0.0, 0.0)\n");
	fixture_free(fixture);
}

/* Each touch screen is a console's; text consoles count for nothing, and QEMU's slots are shared. */
static void test_screens(void)
{
	struct fixture *fixture = fixture_new();
	g_autofree char *first = bus_double_console(0, "Text", 640, 480, false);
	g_autofree char *second = bus_double_console(2, "Graphic", 100, 100, false);
	g_autofree char *third = bus_double_console(1, "Graphic", 200, 200, false);
	g_autofree char *text = g_strdup_printf("{%s,%s,%s}", first, second, third);
	g_autofree char *seen = NULL;

	bus_double_manage(fixture->bus, text);
	bus_double_start(fixture->bus);
	bus_double_own(fixture->bus, true);
	fixture_start(fixture);
	UNTIL(fixture->connected[INPUT_TOUCH][1]);
	g_assert_false(fixture->connected[INPUT_TOUCH][2]);
	SEND(fixture->touch[1], {EV_ABS, ABS_MT_SLOT, 0}, {EV_ABS, ABS_MT_TRACKING_ID, 1},
		{EV_ABS, ABS_MT_POSITION_X, 32768}, {EV_ABS, ABS_MT_POSITION_Y, 32768});
	SEND(fixture->touch[0], {EV_ABS, ABS_MT_SLOT, 0}, {EV_ABS, ABS_MT_TRACKING_ID, 1},
		{EV_ABS, ABS_MT_POSITION_X, 32768}, {EV_ABS, ABS_MT_POSITION_Y, 32768});
	key(fixture, KEY_A, 1);
	settle(fixture, "1 Keyboard.Press (30,)");
	seen = bus_double_take(fixture->bus);
	g_assert_cmpstr(seen, ==,
		"2 MultiTouch.SendEvent (0, 0, 50.0, 50.0)\n"
		"1 MultiTouch.SendEvent (0, 1, 100.0, 100.0)\n"
		"1 Keyboard.Press (30,)\n");
	fixture_free(fixture);
}

static void test_leds(void)
{
	struct fixture *fixture = fixture_new();

	bus_double_manage(fixture->bus,
		"{objectpath '" CONSOLE "0': {"
		"'org.qemu.Display1.Console': {'Type': <'Graphic'>},"
		"'org.qemu.Display1.Keyboard': {'Modifiers': <uint32 2>}}}");
	bus_double_start(fixture->bus);
	bus_double_own(fixture->bus, true);
	fixture_start(fixture);
	UNTIL(fixture->connected[INPUT_KEYBOARD][0]);
	g_assert_cmpstr(fixture->leds->str, ==, " 0=1");
	/* Neither a mouse nor a size. */
	g_assert_false(fixture->connected[INPUT_POINTER][0]);
	g_assert_false(fixture->connected[INPUT_TOUCH][0]);
	bus_double_change(fixture->bus, CONSOLE "0", "org.qemu.Display1.Keyboard",
		"{'Modifiers': <uint32 0xfffffffd>}");
	UNTIL(strcmp(fixture->leds->str, " 0=1 2=1 0=0 1=1") == 0);
	bus_double_own(fixture->bus, false);
	UNTIL(!fixture->connected[INPUT_KEYBOARD][0]);
	g_assert_cmpstr(fixture->leds->str, ==, " 0=1 2=1 0=0 1=1 2=0 1=0");
	fixture_free(fixture);
}

/* ---- a QEMU that does not answer ---- */

static void test_waiting(void)
{
	struct fixture *fixture = fixture_connected(false);
	struct dbus_display_counters counters;
	g_autofree char *seen = NULL;

	fixture->bus->holds = true;
	for (int i = 0; i < 32; i++) {
		key(fixture, KEY_A, 1);
		key(fixture, KEY_A, 0);
	}
	/* All that follows waits, and motion is added up: before the key, and after it. */
	for (int i = 0; i < 1000; i++)
		SEND(fixture->pointer, {EV_REL, REL_X, 1}, {EV_REL, REL_Y, -2},
			{EV_REL, REL_WHEEL, i % 3 == 0});
	key(fixture, KEY_B, 1);
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
	settle(fixture, "0 Mouse.RelMotion (50, 0)");
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
	fixture_free(fixture);
}

/* A flood of presses: what is dropped is dropped in pairs, and nothing stays pressed. */
static void test_flood(void)
{
	struct fixture *fixture = fixture_connected(true);
	struct dbus_display_counters counters;
	int balance[256] = {0};
	unsigned int x = 0, y;

	fixture->bus->holds = true;
	key(fixture, KEY_LEFTCTRL, 1);
	SEND(fixture->pointer, {EV_KEY, BTN_LEFT, 1});
	touch_slot(fixture->touch[0], 0, 1);
	for (uint16_t round = 0; round < 200; round++) {
		for (uint16_t code = KEY_1; code <= KEY_0; code++)
			key(fixture, code, 1);
		for (uint16_t code = KEY_1; code <= KEY_0; code++)
			key(fixture, code, 0);
		touch_slot(fixture->touch[0], round % 8 + 1, 2);
		SEND(fixture->absolute, {EV_ABS, ABS_X, round * 256});
		touch_slot(fixture->touch[0], round % 8 + 1, -1);
	}
	key(fixture, KEY_LEFTCTRL, 0);
	SEND(fixture->pointer, {EV_KEY, BTN_LEFT, 0});
	touch_slot(fixture->touch[0], 0, -1);
	UNTIL(fixture->bus->calls->len == 64);
	fixture->bus->holds = false;
	bus_double_answer(fixture->bus, 64);
	settle(fixture, "0 Mouse.Release (9,)");
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
	fixture_free(fixture);
}

/* ---- comings and goings ---- */

static void test_late_bus(void)
{
	struct fixture *fixture = fixture_new();

	fixture_start(fixture);
	key(fixture, KEY_A, 1);
	g_main_context_iteration(NULL, TRUE);
	bus_double_start(fixture->bus);
	UNTIL(fixture->bus->connection);
	key(fixture, KEY_A, 1);
	bus_double_own(fixture->bus, true);
	UNTIL(fixture->connected[INPUT_KEYBOARD][0]);
	/* What was sent to nobody is not made up for. */
	key(fixture, KEY_A, 0);
	expect(fixture, "");
	fixture_free(fixture);
}

static void test_next_qemu(void)
{
	struct fixture *fixture = fixture_connected(false);

	key(fixture, KEY_A, 1);
	SEND(fixture->pointer, {EV_KEY, BTN_LEFT, 1});
	touch_slot(fixture->touch[0], 0, 1);
	expect(fixture,
		"0 Keyboard.Press (30,)\n0 Mouse.Press (0,)\n"
		"0 MultiTouch.SendEvent (0, 0, 0.0, 0.0)\n");
	/* It goes while calls are not answered. */
	fixture->bus->holds = true;
	key(fixture, KEY_B, 1);
	settle(fixture, "0 Keyboard.Press (48,)");
	bus_double_own(fixture->bus, false);
	UNTIL(!fixture->connected[INPUT_KEYBOARD][0]);
	g_assert_false(fixture->connected[INPUT_POINTER][0]);
	g_assert_false(fixture->connected[INPUT_TOUCH][0]);
	key(fixture, KEY_C, 1);
	bus_double_own(fixture->bus, true);
	UNTIL(fixture->connected[INPUT_KEYBOARD][0]);
	fixture->bus->holds = false;
	bus_double_answer(fixture->bus, 1);
	g_ptr_array_set_size(fixture->bus->calls, 0);
	key(fixture, KEY_A, 0);
	key(fixture, KEY_B, 0);
	key(fixture, KEY_C, 0);
	SEND(fixture->pointer, {EV_KEY, BTN_LEFT, 0});
	touch_slot(fixture->touch[0], 0, -1);
	touch_slot(fixture->touch[0], 1, 1);
	expect(fixture, "0 MultiTouch.SendEvent (0, 0, 0.0, 0.0)\n");
	fixture_free(fixture);
}

static void test_next_bus(void)
{
	struct fixture *fixture = fixture_connected(false);

	for (unsigned int i = 1; i <= 3; i++) {
		fixture->bus->holds = true;
		key(fixture, KEY_A, 1);
		bus_double_stop(fixture->bus);
		UNTIL(!fixture->connected[INPUT_KEYBOARD][0]);
		fixture->bus->holds = false;
		bus_double_start(fixture->bus);
		UNTIL(fixture->connected[INPUT_KEYBOARD][0]);
		g_assert_cmpuint(fixture->bus->connections, ==, 1 + i);
		g_ptr_array_set_size(fixture->bus->calls, 0);
		key(fixture, KEY_A, 0);
		expect(fixture, "");
	}
	fixture_free(fixture);
}

/* Another way to the guest takes over: what was pressed here is released here, and no more comes of
 * it. */
static void test_releases_for_another(void)
{
	struct fixture *fixture = fixture_connected(true);

	key(fixture, KEY_A, 1);
	SEND(fixture->absolute, {EV_KEY, BTN_RIGHT, 1});
	touch_slot(fixture->touch[0], 3, 1);
	expect(fixture,
		"0 Keyboard.Press (30,)\n0 Mouse.Press (2,)\n"
		"0 MultiTouch.SendEvent (0, 0, 0.0, 0.0)\n");
	input_sink_release(fixture->keyboard);
	input_sink_release(fixture->absolute);
	input_sink_release(fixture->touch[0]);
	input_sink_release(fixture->pointer);
	expect(fixture,
		"0 Keyboard.Release (30,)\n0 Mouse.Release (2,)\n"
		"0 MultiTouch.SendEvent (2, 0, 0.0, 0.0)\n0 Mouse.Release (9,)\n");
	key(fixture, KEY_A, 0);
	SEND(fixture->absolute, {EV_KEY, BTN_RIGHT, 0});
	input_sink_release(fixture->keyboard);
	expect(fixture, "");
	fixture_free(fixture);
}

static void test_releases_at_the_end(void)
{
	struct fixture *fixture = fixture_connected(true);
	g_autofree char *seen = NULL;

	fixture->bus->holds = true;
	for (int i = 0; i < 40; i++) {
		key(fixture, KEY_B, 1);
		key(fixture, KEY_B, 0);
	}
	key(fixture, KEY_A, 1);
	SEND(fixture->absolute, {EV_KEY, BTN_RIGHT, 1});
	touch_slot(fixture->touch[0], 3, 1);
	fixture_destroy_sinks(fixture);
	g_clear_pointer(&fixture->display, dbus_display_destroy);
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
	fixture_free(fixture);
}

/* Nobody waits for a QEMU that never answers. */
static void test_end_without_answers(void)
{
	struct fixture *fixture = fixture_connected(true);

	fixture->bus->holds = true;
	key(fixture, KEY_A, 1);
	fixture_destroy_sinks(fixture);
	g_clear_pointer(&fixture->display, dbus_display_destroy);
	UNTIL(!fixture->bus->connection);
	fixture_free(fixture);
}

static void test_finish_all(void)
{
	struct fixture *fixture = fixture_connected(true);
	g_autofree char *seen = NULL;

	for (uint16_t code = KEY_1; code <= KEY_0; code++)
		key(fixture, code, 1);
	fixture_destroy_sinks(fixture);
	g_clear_pointer(&fixture->display, dbus_display_destroy);
	dbus_display_finish_all();
	g_assert_cmpuint(fixture->bus->calls->len, ==, 20);
	seen = bus_double_take(fixture->bus);
	g_assert_true(g_str_has_suffix(seen, "0 Keyboard.Release (11,)\n"));
	/* Nor does it wait for one that does not answer, or for nobody. */
	dbus_display_finish_all();
	fixture_free(fixture);
	fixture = fixture_connected(true);
	fixture->bus->holds = true;
	key(fixture, KEY_A, 1);
	fixture_destroy_sinks(fixture);
	g_clear_pointer(&fixture->display, dbus_display_destroy);
	dbus_display_finish_all();
	fixture_free(fixture);
}

/* At each step of the way: before the bus, on it, with the question open, and with QEMU. */
static void test_end_at_each_step(void)
{
	for (unsigned int turns = 0; turns < 60; turns++) {
		struct fixture *fixture = fixture_new();

		bus_double_start(fixture->bus);
		bus_double_own(fixture->bus, true);
		fixture_start(fixture);
		for (unsigned int i = 0; i < turns && !fixture->connected[INPUT_KEYBOARD][0]; i++)
			g_main_context_iteration(NULL, TRUE);
		fixture_destroy_sinks(fixture);
		g_clear_pointer(&fixture->display, dbus_display_destroy);
		fixture_free(fixture);
	}
}

/* One sink goes, the others stay. */
static void test_end_of_a_sink(void)
{
	struct fixture *fixture = fixture_connected(true);

	SEND(fixture->pointer, {EV_KEY, BTN_LEFT, 1});
	g_clear_pointer(&fixture->pointer, input_sink_destroy);
	expect(fixture, "0 Mouse.Press (0,)\n0 Mouse.Release (0,)\n");
	/* And one comes. */
	fixture->connected[INPUT_POINTER][0] = false;
	fixture->pointer = dbus_display_sink(fixture->display, INPUT_POINTER, 0);
	SEND(fixture->pointer, {EV_KEY, BTN_LEFT, 1});
	UNTIL(fixture->connected[INPUT_POINTER][0]);
	SEND(fixture->pointer, {EV_KEY, BTN_LEFT, 1});
	expect(fixture, "0 Mouse.Press (0,)\n");
	fixture_free(fixture);
}

/* ---- lies ---- */

static void expect_never_connected(const char *managed)
{
	struct fixture *fixture = fixture_new();

	bus_double_manage(fixture->bus, managed);
	bus_double_start(fixture->bus);
	bus_double_own(fixture->bus, true);
	fixture_start(fixture);
	UNTIL(fixture->bus->asked == 1);
	key(fixture, KEY_A, 1);
	/* Another QEMU, that is honest, is believed; the keyboard heard nothing before. */
	manage_one(fixture, false);
	bus_double_own(fixture->bus, false);
	bus_double_own(fixture->bus, true);
	UNTIL(fixture->connected[INPUT_KEYBOARD][0]);
	g_assert_cmpuint(fixture->bus->asked, ==, 2);
	expect(fixture, "");
	fixture_free(fixture);
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
	struct fixture *fixture = fixture_new();

	bus_double_manage(fixture->bus,
		"{objectpath '" CONSOLE "0': {"
		"'org.qemu.Display1.Console': {'Type': <'Graphic'>, 'Width': <'wide'>, "
		"'Height': <int64 5>},"
		"'org.qemu.Display1.Keyboard': {'Modifiers': <-1>},"
		"'org.qemu.Display1.Mouse': {'IsAbsolute': <uint32 1>},"
		"'org.qemu.Display1.MultiTouch': {'MaxSlots': <uint32 4>}}}");
	bus_double_start(fixture->bus);
	bus_double_own(fixture->bus, true);
	fixture_start(fixture);
	UNTIL(fixture->connected[INPUT_KEYBOARD][0]);
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
	touch_slot(fixture->touch[0], 0, 1);
	touch_slot(fixture->touch[0], 0, -1);
	expect(fixture, "");
	fixture_free(fixture);
}

static void test_many_consoles(void)
{
	struct fixture *fixture = fixture_new();
	GString *text = g_string_new("{");

	for (unsigned int i = 0; i < 100; i++) {
		g_autofree char *console = bus_double_console((i * 37 + 50) % 100, "Graphic", 10,
			10, false);

		g_string_append_printf(text, "%s%s", i ? "," : "", console);
	}
	g_string_append(text, "}");
	bus_double_manage(fixture->bus, text->str);
	bus_double_start(fixture->bus);
	bus_double_own(fixture->bus, true);
	fixture_start(fixture);
	UNTIL(fixture->connected[INPUT_TOUCH][2]);
	touch_slot(fixture->touch[2], 0, 1);
	settle(fixture, "2 MultiTouch.SendEvent (0, 0, 0.0, 0.0)");
	g_string_free(text, TRUE);
	fixture_free(fixture);
}

static void test_every_call_refused(void)
{
	struct fixture *fixture = fixture_connected(false);
	struct dbus_display_counters counters;

	fixture->bus->refuses = true;
	for (int i = 0; i < 100; i++) {
		key(fixture, KEY_A, 1);
		key(fixture, KEY_A, 0);
	}
	do {
		g_main_context_iteration(NULL, TRUE);
		dbus_display_counters(fixture->display, &counters);
	} while (counters.refused < 200);
	g_assert_cmpuint(counters.calls, ==, 200);
	g_assert_cmpuint(fixture->bus->calls->len, ==, 200);
	fixture_free(fixture);
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
	struct fixture *fixture = fixture_new();
	g_autoptr(GSocketService) service = g_socket_service_new();
	g_autoptr(GSocketAddress) address = g_unix_socket_address_new(fixture->bus->path);
	unsigned int comers = 0;

	g_assert_true(g_socket_listener_add_address(G_SOCKET_LISTENER(service), address,
		G_SOCKET_TYPE_STREAM, G_SOCKET_PROTOCOL_DEFAULT, NULL, NULL, NULL));
	g_signal_connect(service, "incoming", G_CALLBACK(hang_up), &comers);
	g_socket_service_start(service);
	fixture_start(fixture);
	UNTIL(comers == 2);
	g_socket_service_stop(service);
	g_socket_listener_close(G_SOCKET_LISTENER(service));
	g_unlink(fixture->bus->path);
	bus_double_start(fixture->bus);
	bus_double_own(fixture->bus, true);
	UNTIL(fixture->connected[INPUT_KEYBOARD][0]);
	fixture_free(fixture);
}

static GLogWriterOutput drop_log(GLogLevelFlags level, const GLogField *fields, gsize count,
	gpointer data)
{
	g_assert_cmpint(level & (G_LOG_LEVEL_ERROR | G_LOG_LEVEL_CRITICAL), ==, 0);
	return G_LOG_WRITER_HANDLED;
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_log_set_writer_func(drop_log, NULL, NULL);
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
	g_test_add_func("/dbus/late-bus", test_late_bus);
	g_test_add_func("/dbus/next-qemu", test_next_qemu);
	g_test_add_func("/dbus/next-bus", test_next_bus);
	g_test_add_func("/dbus/releases-for-another", test_releases_for_another);
	g_test_add_func("/dbus/releases-at-the-end", test_releases_at_the_end);
	g_test_add_func("/dbus/end-without-answers", test_end_without_answers);
	g_test_add_func("/dbus/finish-all", test_finish_all);
	g_test_add_func("/dbus/end-at-each-step", test_end_at_each_step);
	g_test_add_func("/dbus/end-of-a-sink", test_end_of_a_sink);
	g_test_add_func("/dbus/no-consoles", test_no_consoles);
	g_test_add_func("/dbus/wrong-types", test_wrong_types);
	g_test_add_func("/dbus/many-consoles", test_many_consoles);
	g_test_add_func("/dbus/every-call-refused", test_every_call_refused);
	g_test_add_func("/dbus/no-bus", test_no_bus);
	return g_test_run();
}
