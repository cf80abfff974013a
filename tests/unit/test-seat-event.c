/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the seat's listener hears of libinput's events, and that whatever was pressed is released
 * when its device goes. libinput is a double.
 */
#include <linux/input-event-codes.h>

#include "input/seat.h"
#include "libinput_double.h"

struct fixture {
	struct libinput_device device, other;
	struct seat *seat;
	GString *told;
};

/* ---- the listener ---- */

static void write_tool(GString *text, const struct seat_tool *tool)
{
	g_string_append_printf(text,
		"tool 0x%x serial %" G_GUINT64_FORMAT
		" at %g,%g pressure %g distance %g tilt %g,%g rotation %g%s slider %g%s%s",
		tool->code, tool->serial, tool->x, tool->y, tool->pressure, tool->distance,
		tool->tilt_x, tool->tilt_y, tool->rotation, tool->rotates ? " told" : "",
		tool->slider, tool->near ? " near" : "", tool->down ? " down" : "");
	if (tool->button || tool->pressed)
		g_string_append_printf(text, " 0x%x=%d", tool->button, tool->pressed);
}

static void happened(void *data, struct seat_device *device, const struct seat_event *event)
{
	static const char *const names[] = {
		[SEAT_EVENT_KEY] = "key",
		[SEAT_EVENT_HELD] = "held",
		[SEAT_EVENT_BUTTON] = "button",
		[SEAT_EVENT_SWITCH] = "switch",
		[SEAT_EVENT_WHEEL] = "wheel",
		[SEAT_EVENT_SCROLL] = "scroll",
		[SEAT_EVENT_ABSOLUTE] = "absolute",
		[SEAT_EVENT_TOUCH_DOWN] = "down",
		[SEAT_EVENT_TOUCH_MOTION] = "motion",
		[SEAT_EVENT_TOUCH_UP] = "up",
		[SEAT_EVENT_TOUCH_CANCEL] = "cancel",
		[SEAT_EVENT_TOUCH_FRAME] = "frame",
	};
	GString *text = ((struct fixture *)data)->told;
	const char *name = event->type < G_N_ELEMENTS(names) ? names[event->type] : NULL;

	switch (event->type) {
	case SEAT_EVENT_KEY:
	case SEAT_EVENT_HELD:
	case SEAT_EVENT_BUTTON:
	case SEAT_EVENT_SWITCH:
		g_string_append_printf(text, "%s 0x%x=%d", name, event->key.code,
			event->key.pressed);
		break;
	case SEAT_EVENT_MOTION:
		g_string_append_printf(text, "by %g,%g raw %g,%g", event->motion.x, event->motion.y,
			event->motion.raw_x, event->motion.raw_y);
		break;
	case SEAT_EVENT_WHEEL:
	case SEAT_EVENT_SCROLL:
		g_string_append_printf(text, "%s %s %g", name,
			event->scroll.axis == SEAT_VERTICAL ? "down" : "right",
			event->scroll.value);
		break;
	case SEAT_EVENT_TOOL:
		write_tool(text, &event->tool);
		break;
	default:
		g_string_append_printf(text, "%s %d %g,%g", name, event->point.slot, event->point.x,
			event->point.y);
	}
	/* What the seat releases by itself has a time that nobody can foretell. */
	if (event->time_us < 1000)
		g_string_append_printf(text, " @%u", (unsigned int)event->time_us);
	g_string_append_c(text, '\n');
}

static const struct seat_listener listener = {.event = happened};

/* ---- the fixture ---- */

static struct fixture *fixture_new(void)
{
	static const struct seat_options options = {.name = "seat0"};
	struct fixture *fixture = g_new0(struct fixture, 1);

	libinput_double_reset();
	fixture->told = g_string_new(NULL);
	fixture->device = (struct libinput_device){.name = "one", .sysname = "event0"};
	fixture->other = (struct libinput_device){.name = "other", .sysname = "event1"};
	libinput_double_plug(&fixture->device);
	libinput_double_plug(&fixture->other);
	fixture->seat = seat_create(&options, &listener, fixture, NULL);
	return fixture;
}

static void turn(void)
{
	while (g_main_context_iteration(NULL, FALSE))
		;
}

static void expect(struct fixture *fixture, const char *told)
{
	turn();
	g_assert_cmpstr(fixture->told->str, ==, told);
	g_string_truncate(fixture->told, 0);
}

/* Of fixture->device, unless the event has one. */
static void send(struct fixture *fixture, struct libinput_event event)
{
	if (!event.device)
		event.device = &fixture->device;
	libinput_double_send(&event);
}

static void fixture_free(struct fixture *fixture)
{
	seat_suspend(fixture->seat);
	expect(fixture, "");
	seat_destroy(fixture->seat);
	libinput_double_finish();
	g_string_free(fixture->told, TRUE);
	g_free(fixture);
}

/* The device goes, and what it leaves behind. */
static void pull(struct fixture *fixture, const char *told)
{
	libinput_double_pull(&fixture->device);
	expect(fixture, told);
}

/* ---- keys, buttons, switches ---- */

static void press(struct fixture *fixture, struct libinput_device *device, uint32_t code,
	bool pressed)
{
	send(fixture,
		(struct libinput_event){LIBINPUT_EVENT_KEYBOARD_KEY, device, 7, code,
			pressed ? LIBINPUT_KEY_STATE_PRESSED : LIBINPUT_KEY_STATE_RELEASED});
}

static void click(struct fixture *fixture, uint32_t code, bool pressed)
{
	send(fixture,
		(struct libinput_event){LIBINPUT_EVENT_POINTER_BUTTON, NULL, 8, code,
			pressed ? LIBINPUT_BUTTON_STATE_PRESSED : LIBINPUT_BUTTON_STATE_RELEASED});
}

static void test_keys(void)
{
	struct fixture *fixture = fixture_new();

	press(fixture, NULL, KEY_A, true);
	press(fixture, &fixture->other, KEY_A, true);
	/* Nothing new. */
	press(fixture, NULL, KEY_A, true);
	press(fixture, NULL, KEY_B, false);
	expect(fixture, "key 0x1e=1 @7\nkey 0x1e=1 @7\n");
	press(fixture, &fixture->other, KEY_A, false);
	press(fixture, NULL, KEY_A, false);
	press(fixture, NULL, KEY_A, false);
	expect(fixture, "key 0x1e=0 @7\nkey 0x1e=0 @7\n");
	press(fixture, NULL, KEY_MAX, true);
	press(fixture, NULL, KEY_MAX + 1, true);
	expect(fixture, "key 0x2ff=1 @7\n");
	press(fixture, NULL, KEY_MAX, false);
	press(fixture, NULL, KEY_RESERVED, true);
	press(fixture, NULL, KEY_RESERVED, false);
	click(fixture, BTN_LEFT, true);
	click(fixture, BTN_LEFT, false);
	expect(fixture,
		"key 0x2ff=0 @7\nkey 0x0=1 @7\nkey 0x0=0 @7\n"
		"button 0x110=1 @8\nbutton 0x110=0 @8\n");
	fixture_free(fixture);
}

/* Each as the kind that evdev has it. */
static void test_keys_are_released(void)
{
	static const uint32_t codes[] = {KEY_RESERVED, KEY_ESC, BTN_MISC - 1, BTN_MISC, KEY_OK - 1,
		KEY_OK, BTN_DPAD_UP - 1, BTN_DPAD_UP, BTN_DPAD_RIGHT, BTN_DPAD_RIGHT + 1,
		BTN_TRIGGER_HAPPY - 1, BTN_TRIGGER_HAPPY, KEY_MAX};
	struct fixture *fixture = fixture_new();

	for (size_t i = 0; i < G_N_ELEMENTS(codes); i++)
		press(fixture, NULL, codes[i], true);
	press(fixture, &fixture->other, KEY_ESC, true);
	turn();
	g_string_truncate(fixture->told, 0);
	pull(fixture,
		"key 0x0=0\nkey 0x1=0\nkey 0xff=0\nbutton 0x100=0\nbutton 0x15f=0\nkey 0x160=0\n"
		"key 0x21f=0\nbutton 0x220=0\nbutton 0x223=0\nkey 0x224=0\nkey 0x2bf=0\n"
		"button 0x2c0=0\nbutton 0x2ff=0\n");
	press(fixture, &fixture->other, KEY_ESC, false);
	expect(fixture, "key 0x1=0 @7\n");
	fixture_free(fixture);
}

static void flip_switch(struct fixture *fixture, enum libinput_switch which, bool on)
{
	send(fixture,
		(struct libinput_event){LIBINPUT_EVENT_SWITCH_TOGGLE, NULL, 9, which,
			on ? LIBINPUT_SWITCH_STATE_ON : LIBINPUT_SWITCH_STATE_OFF});
}

/* libinput tells of one that is on when it sees the device again, and never of one that is off. */
static void test_switches(void)
{
	struct fixture *fixture = fixture_new();

	flip_switch(fixture, LIBINPUT_SWITCH_LID, true);
	flip_switch(fixture, LIBINPUT_SWITCH_LID, false);
	expect(fixture, "switch 0x0=1 @9\nswitch 0x0=0 @9\n");
	flip_switch(fixture, LIBINPUT_SWITCH_TABLET_MODE, true);
	expect(fixture, "switch 0x1=1 @9\n");
	pull(fixture, "switch 0x1=0\n");
	fixture_free(fixture);

	fixture = fixture_new();
	flip_switch(fixture, LIBINPUT_SWITCH_TABLET_MODE, true);
	flip_switch(fixture, LIBINPUT_SWITCH_LID, true);
	flip_switch(fixture, LIBINPUT_SWITCH_TABLET_MODE, false);
	expect(fixture, "switch 0x1=1 @9\nswitch 0x0=1 @9\nswitch 0x1=0 @9\n");
	pull(fixture, "switch 0x0=0\n");
	fixture_free(fixture);
}

/* ---- pointers ---- */

static void test_pointer(void)
{
	struct fixture *fixture = fixture_new();

	send(fixture,
		(struct libinput_event){LIBINPUT_EVENT_POINTER_MOTION, .time_us = 1, .dx = 1.5,
			.dy = -2.5, .raw_x = 1, .raw_y = -2});
	send(fixture,
		(struct libinput_event){LIBINPUT_EVENT_POINTER_MOTION_ABSOLUTE, .time_us = 2,
			.x = 0.25, .y = 0.75});
	expect(fixture, "by 1.5,-2.5 raw 1,-2 @1\nabsolute 0 0.25,0.75 @2\n");
	fixture_free(fixture);
}

static void scroll(struct fixture *fixture, enum libinput_event_type type, bool down, bool right)
{
	send(fixture,
		(struct libinput_event){type, .time_us = 3,
			.has_axis = {[LIBINPUT_POINTER_AXIS_SCROLL_VERTICAL] = down,
				[LIBINPUT_POINTER_AXIS_SCROLL_HORIZONTAL] = right},
			.scroll = {[LIBINPUT_POINTER_AXIS_SCROLL_VERTICAL] = 15,
				[LIBINPUT_POINTER_AXIS_SCROLL_HORIZONTAL] = -30},
			.v120 = {[LIBINPUT_POINTER_AXIS_SCROLL_VERTICAL] = 120,
				[LIBINPUT_POINTER_AXIS_SCROLL_HORIZONTAL] = -240}});
}

static void test_scroll(void)
{
	struct fixture *fixture = fixture_new();

	scroll(fixture, LIBINPUT_EVENT_POINTER_SCROLL_WHEEL, true, false);
	scroll(fixture, LIBINPUT_EVENT_POINTER_SCROLL_WHEEL, false, true);
	expect(fixture, "wheel down 120 @3\nwheel right -240 @3\n");
	scroll(fixture, LIBINPUT_EVENT_POINTER_SCROLL_FINGER, true, true);
	expect(fixture, "scroll down 15 @3\nscroll right -30 @3\n");
	scroll(fixture, LIBINPUT_EVENT_POINTER_SCROLL_CONTINUOUS, true, false);
	expect(fixture, "scroll down 15 @3\n");
	/* The same once more, in its old form. */
	scroll(fixture, LIBINPUT_EVENT_POINTER_AXIS, true, true);
	scroll(fixture, LIBINPUT_EVENT_POINTER_SCROLL_WHEEL, false, false);
	expect(fixture, "");
	fixture_free(fixture);
}

/* ---- touch ---- */

static void touch(struct fixture *fixture, enum libinput_event_type type, int32_t slot)
{
	send(fixture,
		(struct libinput_event){type, .time_us = 4, .slot = slot, .x = 0.5, .y = 0.25});
}

static void test_touch(void)
{
	struct fixture *fixture = fixture_new();

	touch(fixture, LIBINPUT_EVENT_TOUCH_DOWN, 0);
	touch(fixture, LIBINPUT_EVENT_TOUCH_DOWN, 31);
	touch(fixture, LIBINPUT_EVENT_TOUCH_FRAME, 0);
	expect(fixture, "down 0 0.5,0.25 @4\ndown 31 0.5,0.25 @4\nframe 0 0,0 @4\n");
	touch(fixture, LIBINPUT_EVENT_TOUCH_MOTION, 31);
	touch(fixture, LIBINPUT_EVENT_TOUCH_UP, 0);
	touch(fixture, LIBINPUT_EVENT_TOUCH_CANCEL, 31);
	expect(fixture, "motion 31 0.5,0.25 @4\nup 0 0,0 @4\ncancel 31 0,0 @4\n");
	/* Of fingers that are not down, and more of them than there are slots. */
	touch(fixture, LIBINPUT_EVENT_TOUCH_MOTION, 0);
	touch(fixture, LIBINPUT_EVENT_TOUCH_UP, 0);
	touch(fixture, LIBINPUT_EVENT_TOUCH_CANCEL, 31);
	touch(fixture, LIBINPUT_EVENT_TOUCH_DOWN, -1);
	touch(fixture, LIBINPUT_EVENT_TOUCH_DOWN, 32);
	touch(fixture, LIBINPUT_EVENT_TOUCH_MOTION, 32);
	expect(fixture, "");
	pull(fixture, "");
	fixture_free(fixture);
}

static void test_touches_are_cancelled(void)
{
	struct fixture *fixture = fixture_new();

	for (int32_t slot = 0; slot < 4; slot++)
		touch(fixture, LIBINPUT_EVENT_TOUCH_DOWN, slot);
	touch(fixture, LIBINPUT_EVENT_TOUCH_DOWN, 31);
	touch(fixture, LIBINPUT_EVENT_TOUCH_UP, 1);
	touch(fixture, LIBINPUT_EVENT_TOUCH_CANCEL, 3);
	turn();
	g_string_truncate(fixture->told, 0);
	pull(fixture, "cancel 0 0,0\ncancel 2 0,0\ncancel 31 0,0\nframe 0 0,0\n");
	fixture_free(fixture);
}

/* ---- tools ---- */

static const struct libinput_event pen = {
	.time_us = 5,
	.tool = {LIBINPUT_TABLET_TOOL_TYPE_PEN, 77},
	.x = 0.1,
	.y = 0.2,
	.pressure = 0.3,
	.distance = 0.4,
	.tilt_x = 5,
	.tilt_y = -6,
	.rotation = 7,
	.slider = -0.8,
};

#define PEN \
	"tool 0x140 serial 77 at 0.1,0.2 pressure 0.3 distance 0.4 tilt 5,-6 rotation 7 slider -0.8"

static void send_pen(struct fixture *fixture, enum libinput_event_type type, int state, int tip)
{
	struct libinput_event event = pen;

	event.type = type;
	event.state = state;
	event.tip = tip;
	event.code = BTN_STYLUS;
	send(fixture, event);
}

static void test_tool(void)
{
	struct fixture *fixture = fixture_new();

	send_pen(fixture, LIBINPUT_EVENT_TABLET_TOOL_PROXIMITY,
		LIBINPUT_TABLET_TOOL_PROXIMITY_STATE_IN, LIBINPUT_TABLET_TOOL_TIP_UP);
	send_pen(fixture, LIBINPUT_EVENT_TABLET_TOOL_TIP, 0, LIBINPUT_TABLET_TOOL_TIP_DOWN);
	expect(fixture, PEN " near @5\n" PEN " near down @5\n");
	send_pen(fixture, LIBINPUT_EVENT_TABLET_TOOL_BUTTON, LIBINPUT_BUTTON_STATE_PRESSED,
		LIBINPUT_TABLET_TOOL_TIP_DOWN);
	send_pen(fixture, LIBINPUT_EVENT_TABLET_TOOL_AXIS, 0, LIBINPUT_TABLET_TOOL_TIP_DOWN);
	send_pen(fixture, LIBINPUT_EVENT_TABLET_TOOL_BUTTON, LIBINPUT_BUTTON_STATE_RELEASED,
		LIBINPUT_TABLET_TOOL_TIP_UP);
	expect(fixture,
		PEN " near down 0x14b=1 @5\n" PEN " near down @5\n" PEN " near 0x14b=0 @5\n");
	send_pen(fixture, LIBINPUT_EVENT_TABLET_TOOL_PROXIMITY,
		LIBINPUT_TABLET_TOOL_PROXIMITY_STATE_OUT, LIBINPUT_TABLET_TOOL_TIP_UP);
	expect(fixture, PEN " @5\n");
	pull(fixture, "");
	fixture_free(fixture);
}

static void test_tool_leaves(void)
{
	struct fixture *fixture = fixture_new();

	send_pen(fixture, LIBINPUT_EVENT_TABLET_TOOL_BUTTON, LIBINPUT_BUTTON_STATE_RELEASED,
		LIBINPUT_TABLET_TOOL_TIP_DOWN);
	expect(fixture, PEN " near down 0x14b=0 @5\n");
	pull(fixture, PEN "\n");
	fixture_free(fixture);
}

static void test_tools(void)
{
	static const struct {
		enum libinput_tablet_tool_type type;
		uint32_t code;
	} cases[] = {
		{LIBINPUT_TABLET_TOOL_TYPE_PEN, BTN_TOOL_PEN},
		{LIBINPUT_TABLET_TOOL_TYPE_ERASER, BTN_TOOL_RUBBER},
		{LIBINPUT_TABLET_TOOL_TYPE_BRUSH, BTN_TOOL_BRUSH},
		{LIBINPUT_TABLET_TOOL_TYPE_PENCIL, BTN_TOOL_PENCIL},
		{LIBINPUT_TABLET_TOOL_TYPE_AIRBRUSH, BTN_TOOL_AIRBRUSH},
		{LIBINPUT_TABLET_TOOL_TYPE_MOUSE, BTN_TOOL_MOUSE},
		{LIBINPUT_TABLET_TOOL_TYPE_LENS, BTN_TOOL_LENS},
		{LIBINPUT_TABLET_TOOL_TYPE_TOTEM, BTN_TOOL_PEN},
	};
	struct fixture *fixture = fixture_new();

	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autofree char *told = g_strdup_printf("tool 0x%x ", cases[i].code);
		struct libinput_event event = pen;

		event.type = LIBINPUT_EVENT_TABLET_TOOL_PROXIMITY;
		event.tool.type = cases[i].type;
		send(fixture, event);
		turn();
		g_assert_true(g_str_has_prefix(fixture->told->str, told));
		g_string_truncate(fixture->told, 0);
	}
	fixture_free(fixture);
}

/* ---- the rest ---- */

static void test_others(void)
{
	struct fixture *fixture = fixture_new();

	send(fixture, (struct libinput_event){LIBINPUT_EVENT_GESTURE_SWIPE_BEGIN});
	send(fixture, (struct libinput_event){LIBINPUT_EVENT_TABLET_PAD_BUTTON});
	expect(fixture, "");
	fixture_free(fixture);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/seat/event/keys", test_keys);
	g_test_add_func("/seat/event/keys-are-released", test_keys_are_released);
	g_test_add_func("/seat/event/switches", test_switches);
	g_test_add_func("/seat/event/pointer", test_pointer);
	g_test_add_func("/seat/event/scroll", test_scroll);
	g_test_add_func("/seat/event/touch", test_touch);
	g_test_add_func("/seat/event/touches-are-cancelled", test_touches_are_cancelled);
	g_test_add_func("/seat/event/tool", test_tool);
	g_test_add_func("/seat/event/tool-leaves", test_tool_leaves);
	g_test_add_func("/seat/event/tools", test_tools);
	g_test_add_func("/seat/event/others", test_others);
	return g_test_run();
}
