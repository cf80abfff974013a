/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A screen that nobody looked at is off; what wakes it the guest does not hear of.
 */
#include <time.h>

#include "channel_fixture.h"
#include "routing_fixture.h"

/* ---- time ---- */

/* It passes at the test's word, see fall_idle(). */
#define IDLE_MS (1000 * 1000)

static gint64 skipped_us;
static guint idle_timer; /* the last that was set */

gint64 g_get_monotonic_time(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (gint64)now.tv_sec * G_USEC_PER_SEC + now.tv_nsec / 1000 + skipped_us;
}

guint g_timeout_add(guint interval, GSourceFunc function, gpointer data)
{
	guint timer = g_timeout_add_full(G_PRIORITY_DEFAULT, interval, function, data, NULL);

	if (interval >= IDLE_MS)
		idle_timer = timer;
	return timer;
}

/* ---- screens that nobody looks at ---- */

static void fall_idle(struct routing_fixture *fixture)
{
	skipped_us += IDLE_MS * INT64_C(1000);
	g_source_set_ready_time(g_main_context_find_source_by_id(NULL, idle_timer), 0);
	routing_turn();
	routing_expect_told(fixture, "a- ");
}

/* What wakes the screen is kept: whoever did it could not see what for. */
static void test_waking_key(void)
{
	struct routing_fixture fixture;

	routing_set_up(&fixture, KINDS, IDLE_MS, NULL);
	routing_plug(&fixture, LIBINPUT_DEVICE_CAP_KEYBOARD);
	host_key(&fixture, KEY_B, true);
	routing_forget(&fixture);
	fall_idle(&fixture);
	host_key(&fixture, KEY_A, true);
	host_key(&fixture, KEY_A, false);
	routing_expect(&fixture, "", "");
	routing_expect_told(&fixture, "a+ ");
	host_key(&fixture, KEY_A, true);
	host_key(&fixture, KEY_A, false);
	routing_expect(&fixture, "keyboard KEY_A=1\nkeyboard KEY_A=0\n", "");
	/* The release of what was pressed before is not. */
	fall_idle(&fixture);
	host_key(&fixture, KEY_B, false);
	routing_expect(&fixture, "keyboard KEY_B=0\n", "");
	routing_expect_told(&fixture, "a+ ");
	/* Nor is it where nobody sleeps; and who turns to a machine wants to see it. */
	host_chord(&fixture, KEY_LEFTCTRL, KEY_LEFTALT, KEY_2);
	routing_forget(&fixture);
	fall_idle(&fixture);
	host_key(&fixture, KEY_A, true);
	routing_expect(&fixture, "", "keyboard KEY_A=1\n");
	routing_expect_told(&fixture, "");
	host_chord(&fixture, KEY_LEFTCTRL, KEY_LEFTALT, KEY_1);
	routing_expect_told(&fixture, "a+ ");
	routing_tear_down(&fixture);
}

static void test_waking_wheel_and_motion(void)
{
	const struct libinput_event wheel = {.type = LIBINPUT_EVENT_POINTER_SCROLL_WHEEL,
		.has_axis = {[LIBINPUT_POINTER_AXIS_SCROLL_VERTICAL] = true},
		.v120 = {[LIBINPUT_POINTER_AXIS_SCROLL_VERTICAL] = 120}};
	struct routing_fixture fixture;

	routing_set_up(&fixture, 1u << INPUT_POINTER | 1u << INPUT_ABSOLUTE, IDLE_MS, NULL);
	routing_plug(&fixture, LIBINPUT_DEVICE_CAP_POINTER);
	fall_idle(&fixture);
	host_send(&fixture, wheel);
	routing_expect(&fixture, "", "");
	routing_expect_told(&fixture, "a+ ");
	fall_idle(&fixture);
	/* Where a pointer is, is true all the same. */
	host_move(&fixture, 1, 1);
	routing_expect(&fixture, "pointer REL_X=1\n", "");
	routing_expect_told(&fixture, "a+ ");
	fall_idle(&fixture);
	host_point(&fixture, 0.5, 0.5);
	routing_expect(&fixture, "absolute ABS_X=32768 ABS_Y=32768\n", "");
	routing_expect_told(&fixture, "a+ ");
	/* A device that is passed through counts as well, and who has the focus. */
	fall_idle(&fixture);
	routing_note_input(fixture.routing, fixture.recorded[0].machine);
	routing_expect_told(&fixture, "a+ ");
	routing_tear_down(&fixture);
}

/* A finger that wakes the screen is nobody's until it is lifted. */
static void test_waking_touch(void)
{
	g_autofree char *touched = g_strdup_printf(TOUCHED, 0);
	struct config_device section = {.match_name = g_strdup("*"), .output = (char[]){"DP-1"}};
	struct routing_fixture fixture;

	routing_set_up(&fixture, KINDS, IDLE_MS, &section);
	routing_plug(&fixture, LIBINPUT_DEVICE_CAP_TOUCH);
	fall_idle(&fixture);
	host_touch(&fixture, LIBINPUT_EVENT_TOUCH_DOWN, 0, 0.5);
	host_touch(&fixture, LIBINPUT_EVENT_TOUCH_MOTION, 0, 1);
	host_touch(&fixture, LIBINPUT_EVENT_TOUCH_UP, 0, 1);
	routing_expect(&fixture, "", "");
	routing_expect_told(&fixture, "a+ ");
	host_touch(&fixture, LIBINPUT_EVENT_TOUCH_DOWN, 0, 0.5);
	routing_expect(&fixture, touched, "");
	routing_tear_down(&fixture);
	g_free(section.match_name);
}

/* So is a tool, until its tip is lifted. */
static void test_waking_tool(void)
{
	struct config_device section = {.match_name = g_strdup("*"), .output = (char[]){"DP-1"}};
	struct routing_fixture fixture;

	routing_set_up(&fixture, KINDS, IDLE_MS, &section);
	routing_plug(&fixture, LIBINPUT_DEVICE_CAP_TABLET_TOOL);
	fall_idle(&fixture);
	host_tool(&fixture, true, true, 0.5);
	routing_expect(&fixture, "", "");
	routing_expect_told(&fixture, "a+ ");
	host_tool(&fixture, true, true, 1);
	host_tool(&fixture, true, false, 1);
	routing_expect(&fixture, "", "");
	host_tool(&fixture, true, false, 0.5);
	routing_expect(&fixture, PEN_COMES, "");
	host_tool(&fixture, false, false, 0.5);
	routing_forget(&fixture);
	/* One that only hovers has done enough with that. */
	fall_idle(&fixture);
	host_tool(&fixture, true, false, 0.5);
	routing_expect(&fixture, "", "");
	host_tool(&fixture, true, true, 0.5);
	routing_expect(&fixture,
		"pen BTN_TOOL_PEN=1 ABS_X=32768 ABS_Y=32768 ABS_PRESSURE=0 ABS_DISTANCE=0 "
		"ABS_TILT_X=0 ABS_TILT_Y=0 ABS_Z=0 ABS_WHEEL=0 BTN_TOUCH=1\n",
		"");
	routing_tear_down(&fixture);
	g_free(section.match_name);
}

/* Without a device of the host, nobody could be there. */
static void test_idle_counts_with_devices(void)
{
	struct routing_fixture fixture;

	routing_set_up(&fixture, KINDS, IDLE_MS, NULL);
	routing_plug(&fixture, LIBINPUT_DEVICE_CAP_KEYBOARD);
	fall_idle(&fixture);
	libinput_double_pull(&fixture.device);
	routing_turn();
	routing_expect_told(&fixture, "a+ devices ");
	routing_tear_down(&fixture);
}

int main(int argc, char **argv)
{
	fixture_init(&argc, &argv);
	g_test_add_func("/routing/waking-key", test_waking_key);
	g_test_add_func("/routing/waking-wheel-and-motion", test_waking_wheel_and_motion);
	g_test_add_func("/routing/waking-touch", test_waking_touch);
	g_test_add_func("/routing/waking-tool", test_waking_tool);
	g_test_add_func("/routing/idle-counts-with-devices", test_idle_counts_with_devices);
	return g_test_run();
}
