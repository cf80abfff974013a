/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * From the host's devices to the machines: what goes by the focus, what by the output that a device
 * lies on, and what is one machine's own.
 */
#include <string.h>

#include "channel_fixture.h"
#include "routing_fixture.h"

static void start(struct routing_fixture *fixture)
{
	routing_set_up(fixture, KINDS, 0, NULL);
}

/* ---- by the focus ---- */

static void test_keyboard(void)
{
	struct routing_fixture fixture;

	start(&fixture);
	g_assert_false(routing_has_keyboard(fixture.routing));
	routing_plug(&fixture, LIBINPUT_DEVICE_CAP_KEYBOARD);
	g_assert_true(routing_has_keyboard(fixture.routing));
	/* It shows what the guest's driver said, from the beginning. */
	libinput_double_expect(&fixture.device, "leds 0;");
	host_key(&fixture, KEY_A, true);
	host_key(&fixture, KEY_A, false);
	routing_expect(&fixture, "keyboard KEY_A=1\nkeyboard KEY_A=0\n", "");
	machine_sink_leds(fixture.recorded[0].machine, 1u << LED_CAPSL, 1u << LED_CAPSL);
	machine_sink_leds(fixture.recorded[1].machine, 1u << LED_NUML, 1u << LED_NUML);
	routing_show_leds(fixture.routing);
	libinput_double_expect(&fixture.device, "leds 2;");
	/* The other machine has its own. */
	host_chord(&fixture, KEY_LEFTCTRL, KEY_LEFTALT, KEY_2);
	libinput_double_expect(&fixture.device, "leds 1;");
	routing_forget(&fixture);
	host_key(&fixture, KEY_B, true);
	routing_expect(&fixture, "", "keyboard KEY_B=1\n");
	host_chord(&fixture, KEY_LEFTCTRL, KEY_LEFTALT, KEY_F3);
	routing_expect_told(&fixture, "vt3 ");
	host_chord(&fixture, KEY_LEFTCTRL, KEY_LEFTMETA, KEY_ESC);
	routing_expect_told(&fixture, "leave ");
	routing_forget(&fixture);
	libinput_double_pull(&fixture.device);
	routing_expect(&fixture, "", "keyboard KEY_B=0\n");
	routing_expect_told(&fixture, "devices ");
	g_assert_false(routing_has_keyboard(fixture.routing));
	routing_tear_down(&fixture);
}

static void test_first_machine(void)
{
	struct routing_fixture fixture;

	start(&fixture);
	/* As the configuration says. */
	seat_destroy(fixture.seat);
	routing_destroy(fixture.routing);
	fixture.config.input.focus = routing_name_b;
	fixture.routing = routing_create(
		&(struct routing_options){&fixture.config, fixture.scene->layout, fixture.machines},
		&routing_fixture_listener, &fixture);
	fixture.seat = seat_create(&(struct seat_options){"seat0", NULL, routing_configure_device},
		&routing_seat_listener, fixture.routing, NULL);
	routing_plug(&fixture, LIBINPUT_DEVICE_CAP_KEYBOARD);
	host_key(&fixture, KEY_A, true);
	routing_expect(&fixture, "", "keyboard KEY_A=1\n");
	routing_tear_down(&fixture);
}

/* A device that is one machine's own does not follow the focus. */
static void test_own_device(void)
{
	struct config_device section = {.match_name = g_strdup("dev*"), .guest = routing_name_b};
	struct routing_fixture fixture;

	routing_set_up(&fixture, KINDS, 0, &section);
	routing_plug(&fixture, LIBINPUT_DEVICE_CAP_KEYBOARD);
	machine_sink_leds(fixture.recorded[1].machine, 1u << LED_NUML, 1u << LED_NUML);
	routing_show_leds(fixture.routing);
	libinput_double_expect(&fixture.device, "leds 0;leds 1;");
	host_key(&fixture, KEY_A, true);
	host_key(&fixture, KEY_A, false);
	routing_expect(&fixture, "", "keyboard KEY_A=1\nkeyboard KEY_A=0\n");
	host_chord(&fixture, KEY_LEFTCTRL, KEY_LEFTALT, KEY_1);
	routing_forget(&fixture);
	host_key(&fixture, KEY_A, true);
	routing_expect(&fixture, "", "keyboard KEY_A=1\n");
	/* It goes with what is pressed on it. */
	routing_show_leds(fixture.routing);
	libinput_double_pull(&fixture.device);
	routing_expect(&fixture, "", "keyboard KEY_A=0\n");
	routing_tear_down(&fixture);
	g_free(section.match_name);
}

static void test_mouse(void)
{
	struct config_device section = {.match_name = g_strdup("*"),
		.motion = CONFIG_MOTION_ACCELERATED};
	struct routing_fixture fixture;

	start(&fixture);
	routing_plug(&fixture, LIBINPUT_DEVICE_CAP_POINTER);
	g_assert_false(routing_has_keyboard(fixture.routing));
	/* No keyboard, no LEDs. */
	libinput_double_expect(&fixture.device, "");
	host_move(&fixture, 3, 5);
	host_button(&fixture, true);
	host_button(&fixture, false);
	routing_expect(&fixture, "pointer REL_X=5\npointer BTN_LEFT=1\npointer BTN_LEFT=0\n", "");
	routing_tear_down(&fixture);

	routing_set_up(&fixture, KINDS, 0, &section);
	routing_plug(&fixture, LIBINPUT_DEVICE_CAP_POINTER);
	host_move(&fixture, 3, 5);
	routing_expect(&fixture, "pointer REL_X=3\n", "");
	routing_tear_down(&fixture);
	g_free(section.match_name);
}

/* Relative motion, on a machine that has an absolute pointer only, counts by its picture. */
static void test_motion_by_picture(void)
{
	struct routing_fixture fixture;

	routing_set_up(&fixture, 1u << INPUT_ABSOLUTE, 0, NULL);
	routing_plug(&fixture, LIBINPUT_DEVICE_CAP_POINTER);
	host_move(&fixture, 0, 0.25 * SCENE_WIDTH);
	routing_expect(&fixture, "absolute ABS_X=49151 ABS_Y=32768\n", "");
	routing_tear_down(&fixture);
}

static void test_absolute_pointer(void)
{
	struct config_device section = {.match_name = g_strdup("*"), .output = (char[]){"DP-2"}};
	struct routing_fixture fixture;

	routing_set_up(&fixture, 1u << INPUT_ABSOLUTE, 0, NULL);
	routing_plug(&fixture, LIBINPUT_DEVICE_CAP_POINTER);
	/* The other machine's picture is another. */
	routing_show(&fixture, 1, SCENE_WIDTH / 2, SCENE_HEIGHT / 2);
	host_point(&fixture, 0.25, 1);
	routing_expect(&fixture, "absolute ABS_X=16384 ABS_Y=65535\n", "");
	routing_tear_down(&fixture);

	/* One that lies on another machine's output points on the first of its own. */
	routing_set_up(&fixture, 1u << INPUT_ABSOLUTE, 0, &section);
	routing_plug(&fixture, LIBINPUT_DEVICE_CAP_POINTER);
	host_point(&fixture, 0.25, 0.5);
	routing_expect(&fixture, "absolute ABS_X=16384 ABS_Y=32768\n", "");
	/* Where none shows the machine, nobody is pointed at. */
	layout_set_device(fixture.scene->layout, 0, NULL);
	routing_outputs_changed(fixture.routing);
	host_point(&fixture, 0.5, 0.5);
	host_move(&fixture, 0, 0);
	routing_expect(&fixture, "absolute ABS_X=16384 ABS_Y=32768\n", "");
	routing_tear_down(&fixture);
	g_free(section.match_name);
}

/* Above a layer of another machine's it is that one's, with its buttons: as long as one is held,
 * and wherever it goes meanwhile. The keyboard stays. */
static void test_absolute_pointer_on_layer(void)
{
	struct config_device section = {.match_name = g_strdup("*"), .output = (char[]){"DP-1"}};
	struct routing_fixture fixture;

	routing_set_up_layer(&fixture, 1u << INPUT_ABSOLUTE | 1u << INPUT_KEYBOARD, &section);
	routing_plug(&fixture, LIBINPUT_DEVICE_CAP_POINTER);
	host_point(&fixture, 0.25, 0.25);
	host_button(&fixture, true);
	host_point(&fixture, 0.75, 0.75);
	host_button(&fixture, false);
	routing_expect(&fixture,
		"absolute ABS_X=16384 ABS_Y=16384\nabsolute BTN_LEFT=1\n"
		"absolute ABS_X=49151 ABS_Y=49151\nabsolute BTN_LEFT=0\n",
		"");
	host_point(&fixture, 0.75, 0.75);
	host_button(&fixture, true);
	host_key(&fixture, KEY_A, true);
	host_key(&fixture, KEY_A, false);
	host_point(&fixture, 0.25, 0.75);
	routing_expect(&fixture, "keyboard KEY_A=1\nkeyboard KEY_A=0\n",
		"absolute ABS_X=32768 ABS_Y=32768\nabsolute BTN_LEFT=1\n"
		"absolute ABS_X=0 ABS_Y=32768\n");
	/* What is held when the layer goes is released there. */
	layout_set_device(fixture.scene->layout, 0, NULL);
	routing_outputs_changed(fixture.routing);
	host_button(&fixture, false);
	routing_expect(&fixture, "", "absolute BTN_LEFT=0\n");
	routing_tear_down(&fixture);
	g_free(section.match_name);
}

/* Where the machine that has the keyboard is not on that output, the pointer goes with it, and so
 * does one that is a machine's own. */
static void test_absolute_pointer_beside_layer(void)
{
	struct config_device section = {.match_name = g_strdup("*"),
		.output = (char[]){"DP-1"},
		.guest = routing_name_a};
	struct routing_fixture fixture;

	routing_set_up_layer(&fixture, 1u << INPUT_ABSOLUTE, &section);
	routing_plug(&fixture, LIBINPUT_DEVICE_CAP_POINTER);
	host_point(&fixture, 0.75, 0.75);
	routing_expect(&fixture, "absolute ABS_X=49151 ABS_Y=49151\n", "");
	routing_tear_down(&fixture);

	section.guest = NULL;
	section.output = (char[]){"DP-2"};
	routing_set_up_layer(&fixture, 1u << INPUT_ABSOLUTE, &section);
	routing_plug(&fixture, LIBINPUT_DEVICE_CAP_POINTER);
	host_point(&fixture, 0.75, 0.75);
	routing_expect(&fixture, "absolute ABS_X=49151 ABS_Y=49151\n", "");
	routing_tear_down(&fixture);
	g_free(section.match_name);
}

/* On a machine's second screen it points there. */
static void test_absolute_pointer_of_second_screen(void)
{
	struct config_device section = {.match_name = g_strdup("*"), .output = (char[]){"DP-2"}};
	struct routing_fixture fixture;

	routing_set_up_one_machine(&fixture, 1u << INPUT_ABSOLUTE, &section);
	routing_show(&fixture, 1, SCENE_WIDTH / 2, SCENE_HEIGHT / 2);
	routing_plug(&fixture, LIBINPUT_DEVICE_CAP_POINTER);
	/* In the middle of it is a picture half as large. */
	host_point(&fixture, 0.5, 0.5);
	host_point(&fixture, 0.25, 0.75);
	routing_expect(&fixture, "absolute ABS_X=32768 ABS_Y=32768\nabsolute ABS_X=0 ABS_Y=65535\n",
		"");
	routing_tear_down(&fixture);
	g_free(section.match_name);
}

/* The lid is everybody's, unless the configuration gives it to one. */
static void test_switch(void)
{
	struct config_device section = {.match_name = g_strdup("*"), .guest = routing_name_b};
	const struct libinput_event closed = {.type = LIBINPUT_EVENT_SWITCH_TOGGLE,
		.code = LIBINPUT_SWITCH_LID,
		.state = LIBINPUT_SWITCH_STATE_ON};
	struct routing_fixture fixture;

	start(&fixture);
	routing_plug(&fixture, LIBINPUT_DEVICE_CAP_SWITCH);
	host_send(&fixture, closed);
	routing_expect(&fixture, "keyboard SW_LID=1\n", "keyboard SW_LID=1\n");
	routing_tear_down(&fixture);
	routing_destroy(NULL);

	routing_set_up(&fixture, KINDS, 0, &section);
	routing_plug(&fixture, LIBINPUT_DEVICE_CAP_SWITCH);
	host_send(&fixture, closed);
	routing_expect(&fixture, "", "keyboard SW_LID=1\n");
	routing_tear_down(&fixture);
	g_free(section.match_name);
}

/* ---- by the output ---- */

#define LIFTED "touch0 ABS_MT_SLOT=0 ABS_MT_TRACKING_ID=-1 BTN_TOUCH=0\n"

static void test_touch(void)
{
	struct config_device section = {.match_name = g_strdup("*"), .output = (char[]){"DP-2"}};
	g_autofree char *first = g_strdup_printf(TOUCHED, 0);
	g_autofree char *second = g_strdup_printf(TOUCHED, 1);
	struct routing_fixture fixture;

	routing_set_up(&fixture, KINDS, 0, &section);
	routing_plug(&fixture, LIBINPUT_DEVICE_CAP_TOUCH);
	host_touch(&fixture, LIBINPUT_EVENT_TOUCH_DOWN, 31, 0.5);
	routing_expect(&fixture, "", first);
	host_touch(&fixture, LIBINPUT_EVENT_TOUCH_MOTION, 31, 1);
	routing_expect(&fixture, "",
		"touch0 ABS_MT_SLOT=0 ABS_MT_POSITION_X=65535 ABS_MT_POSITION_Y=65535 ABS_X=65535 "
		"ABS_Y=65535\n");
	host_touch(&fixture, LIBINPUT_EVENT_TOUCH_UP, 31, 0);
	routing_expect(&fixture, "", LIFTED);
	host_touch(&fixture, LIBINPUT_EVENT_TOUCH_DOWN, 0, 0.5);
	routing_expect(&fixture, "", second);
	host_touch(&fixture, LIBINPUT_EVENT_TOUCH_CANCEL, 0, 0);
	routing_expect(&fixture, "", LIFTED);
	routing_tear_down(&fixture);
	g_free(section.match_name);
}

/* An output that goes lifts what touches it; the finger is nobody's from then on. */
static void test_touched_output_goes(void)
{
	struct config_device section = {.match_name = g_strdup("*"), .output = (char[]){"DP-2"}};
	struct routing_fixture fixture;

	routing_set_up(&fixture, KINDS, 0, &section);
	routing_plug(&fixture, LIBINPUT_DEVICE_CAP_TOUCH);
	host_touch(&fixture, LIBINPUT_EVENT_TOUCH_DOWN, 0, 0.5);
	routing_forget(&fixture);
	layout_set_device(fixture.scene->layout, 0, NULL);
	routing_outputs_changed(fixture.routing);
	routing_expect(&fixture, "", LIFTED);
	host_touch(&fixture, LIBINPUT_EVENT_TOUCH_MOTION, 0, 1);
	host_touch(&fixture, LIBINPUT_EVENT_TOUCH_UP, 0, 1);
	routing_expect(&fixture, "", "");
	routing_tear_down(&fixture);
	g_free(section.match_name);
}

/* Which of two screens it lies on nobody knows, which is said once. */
static void test_unknown_output(void)
{
	struct routing_fixture fixture;
	g_autofree char *log = NULL;

	start(&fixture);
	routing_plug(&fixture, LIBINPUT_DEVICE_CAP_TOUCH);
	host_touch(&fixture, LIBINPUT_EVENT_TOUCH_DOWN, 0, 0.5);
	host_touch(&fixture, LIBINPUT_EVENT_TOUCH_UP, 0, 0.5);
	host_touch(&fixture, LIBINPUT_EVENT_TOUCH_DOWN, 1, 0.5);
	host_tool(&fixture, true, false, 0.5);
	routing_expect(&fixture, "", "");
	log = fixture_log_take();
	g_assert_cmpstr(log, ==,
		"[] input device \"device\" is ignored: its output is not known; set output= in a "
		"[device] section, or the udev property SCANOUTD_OUTPUT");
	routing_tear_down(&fixture);
}

/* Nor is it said again after it was known for a while. */
static void test_unknown_output_again(void)
{
	struct config_device section = {.match_name = g_strdup("*"), .output = (char[]){"DP-9"}};
	struct routing_fixture fixture;

	routing_set_up(&fixture, KINDS, 0, &section);
	routing_plug(&fixture, LIBINPUT_DEVICE_CAP_TOUCH);
	for (const char *number = "9192"; *number; number++) {
		g_autofree char *log = NULL;

		section.output[3] = *number;
		host_touch(&fixture, LIBINPUT_EVENT_TOUCH_DOWN, 0, 0.5);
		host_touch(&fixture, LIBINPUT_EVENT_TOUCH_UP, 0, 0.5);
		routing_turn();
		log = fixture_log_take();
		g_assert_cmpint(log != NULL, ==, number[1] == '1');
	}
	routing_tear_down(&fixture);
	g_free(section.match_name);
}

static void test_tool(void)
{
	struct config_device section = {.match_name = g_strdup("*"), .output = (char[]){"DP-2"}};
	struct routing_fixture fixture;

	routing_set_up(&fixture, KINDS, 0, &section);
	routing_plug(&fixture, LIBINPUT_DEVICE_CAP_TABLET_TOOL);
	host_tool(&fixture, true, false, 0.5);
	routing_expect(&fixture, "", PEN_COMES);
	host_tool(&fixture, true, true, 1);
	routing_expect(&fixture, "", "pen ABS_X=65535 ABS_Y=65535 BTN_TOUCH=1\n");
	host_tool(&fixture, false, false, 1);
	routing_expect(&fixture, "", "pen BTN_TOUCH=0 BTN_TOOL_PEN=0\n");
	/* The next time it can lie elsewhere. */
	section.output[3] = '1';
	host_tool(&fixture, true, false, 0.5);
	routing_expect(&fixture, PEN_COMES, "");
	section.output[3] = '2';
	host_tool(&fixture, true, false, 1);
	routing_expect(&fixture, "pen ABS_X=65535 ABS_Y=65535\n", "");
	/* Its output goes, and comes back. */
	layout_set_device(fixture.scene->layout, 0, NULL);
	routing_outputs_changed(fixture.routing);
	routing_expect(&fixture, "pen BTN_TOOL_PEN=0\n", "");
	host_tool(&fixture, true, false, 0.5);
	routing_expect(&fixture, "", "");
	routing_tear_down(&fixture);
	g_free(section.match_name);
}

/* A tool that is near is not another screen's concern. */
static void test_other_output_goes(void)
{
	struct config_device section = {.match_name = g_strdup("*"), .output = (char[]){"DP-1"}};
	struct routing_fixture fixture;

	routing_set_up(&fixture, KINDS, 0, &section);
	routing_plug(&fixture, LIBINPUT_DEVICE_CAP_TABLET_TOOL);
	host_tool(&fixture, true, true, 0.5);
	host_touch(&fixture, LIBINPUT_EVENT_TOUCH_DOWN, 0, 0.5);
	routing_forget(&fixture);
	scene_output(fixture.scene, 1)->connected = false;
	fake_unplug(scene_output(fixture.scene, 1));
	fake_probe(fixture.scene->card);
	routing_outputs_changed(fixture.routing);
	host_tool(&fixture, true, true, 1);
	host_touch(&fixture, LIBINPUT_EVENT_TOUCH_UP, 0, 0);
	routing_expect(&fixture, "pen ABS_X=65535 ABS_Y=65535\n" LIFTED, "");
	routing_tear_down(&fixture);
	g_free(section.match_name);
}

/* ---- an output that is turned ---- */

static void turn_first_output(struct routing_fixture *fixture)
{
	view_set_transform(layout_view(fixture->scene->layout, 0), KMS_ROTATE_90);
	routing_show(fixture, 0, SCENE_HEIGHT, SCENE_WIDTH);
}

/* What lies on the panel is turned along, and what lies before its viewer is not. */
static void test_turned_output(void)
{
	struct config_device section = {.match_name = g_strdup("*"), .output = (char[]){"DP-1"}};
	struct routing_fixture fixture;

	routing_set_up(&fixture, KINDS, 0, &section);
	turn_first_output(&fixture);
	routing_plug(&fixture, LIBINPUT_DEVICE_CAP_TOUCH);
	host_touch(&fixture, LIBINPUT_EVENT_TOUCH_DOWN, 0, 0.25);
	routing_expect(&fixture,
		"touch0 ABS_MT_SLOT=0 ABS_MT_TRACKING_ID=0 ABS_MT_POSITION_X=49151 "
		"ABS_MT_POSITION_Y=16384 BTN_TOUCH=1 ABS_X=49151 ABS_Y=16384\n",
		"");
	routing_tear_down(&fixture);

	routing_set_up(&fixture, KINDS, 0, &section);
	turn_first_output(&fixture);
	routing_plug(&fixture, LIBINPUT_DEVICE_CAP_TABLET_TOOL);
	host_send(&fixture,
		(struct libinput_event){.type = LIBINPUT_EVENT_TABLET_TOOL_PROXIMITY,
			.state = LIBINPUT_TABLET_TOOL_PROXIMITY_STATE_IN,
			.x = 0.25,
			.y = 0.125,
			.tilt_x = 30,
			.tilt_y = 10,
			.slider = -1});
	routing_expect(&fixture,
		"pen BTN_TOOL_PEN=1 ABS_X=57343 ABS_Y=16384 ABS_PRESSURE=0 ABS_DISTANCE=0 "
		"ABS_TILT_X=-10 ABS_TILT_Y=30 ABS_Z=0 ABS_WHEEL=0\n",
		"");
	routing_tear_down(&fixture);

	routing_set_up(&fixture, 1u << INPUT_ABSOLUTE, 0, NULL);
	turn_first_output(&fixture);
	routing_plug(&fixture, LIBINPUT_DEVICE_CAP_POINTER);
	host_point(&fixture, 0.25, 0.125);
	routing_expect(&fixture, "absolute ABS_X=57343 ABS_Y=16384\n", "");
	routing_tear_down(&fixture);

	routing_set_up(&fixture, KINDS, 0, NULL);
	turn_first_output(&fixture);
	routing_plug(&fixture, LIBINPUT_DEVICE_CAP_POINTER);
	host_move(&fixture, 3, 5);
	routing_expect(&fixture, "pointer REL_X=5\n", "");
	routing_tear_down(&fixture);
	g_free(section.match_name);
}

int main(int argc, char **argv)
{
	fixture_init(&argc, &argv);
	g_test_add_func("/routing/keyboard", test_keyboard);
	g_test_add_func("/routing/first-machine", test_first_machine);
	g_test_add_func("/routing/own-device", test_own_device);
	g_test_add_func("/routing/mouse", test_mouse);
	g_test_add_func("/routing/motion-by-picture", test_motion_by_picture);
	g_test_add_func("/routing/absolute-pointer", test_absolute_pointer);
	g_test_add_func("/routing/absolute-pointer-on-layer", test_absolute_pointer_on_layer);
	g_test_add_func("/routing/absolute-pointer-beside-layer",
		test_absolute_pointer_beside_layer);
	g_test_add_func("/routing/absolute-pointer-of-second-screen",
		test_absolute_pointer_of_second_screen);
	g_test_add_func("/routing/switch", test_switch);
	g_test_add_func("/routing/touch", test_touch);
	g_test_add_func("/routing/touched-output-goes", test_touched_output_goes);
	g_test_add_func("/routing/unknown-output", test_unknown_output);
	g_test_add_func("/routing/unknown-output-again", test_unknown_output_again);
	g_test_add_func("/routing/tool", test_tool);
	g_test_add_func("/routing/other-output-goes", test_other_output_goes);
	g_test_add_func("/routing/turned-output", test_turned_output);
	return g_test_run();
}
