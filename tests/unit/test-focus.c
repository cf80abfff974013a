/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Keyboards and pointers: who hears what, and that every press is released where it was seen. */
#include <glib.h>

#include "input/focus.h"
#include "record_sink.h"

#define KINDS (1u << INPUT_KEYBOARD | 1u << INPUT_POINTER | 1u << INPUT_ABSOLUTE)

struct fixture {
	struct recorded_machine a, b;
	struct machine *machines[2];
	struct combination never_pass[3];
	struct focus_keys keys;
	struct focus *focus;
	int left;
	int terminal;
	int moved;
	size_t layouts[2]; /* asked for */
	unsigned int layout_count;
};

static void left(void *data)
{
	struct fixture *fixture = data;

	fixture->left++;
}

static void terminal(void *data, int number)
{
	struct fixture *fixture = data;

	fixture->terminal = number;
}

static void moved(void *data)
{
	struct fixture *fixture = data;

	fixture->moved++;
}

static void switch_layout(void *data, size_t index)
{
	struct fixture *fixture = data;

	g_assert_cmpuint(fixture->layout_count, <, G_N_ELEMENTS(fixture->layouts));
	fixture->layouts[fixture->layout_count++] = index;
}

static const struct focus_listener listener = {left, terminal, moved, switch_layout};

static struct combination parse(const char *text)
{
	struct combination combination;
	GError *error = NULL;

	combination_parse(text, &combination, &error);
	g_assert_no_error(error);
	return combination;
}

static void start_with(struct fixture *fixture, unsigned int kinds)
{
	*fixture = (struct fixture){0};
	recorded_machine_start(&fixture->a, "a", kinds, 0);
	recorded_machine_start(&fixture->b, "b", kinds, 0);
	fixture->machines[0] = fixture->a.machine;
	fixture->machines[1] = fixture->b.machine;
	fixture->never_pass[0] = parse("Ctrl+Alt+Delete");
	fixture->never_pass[1] = parse("SysRq");
	fixture->never_pass[2] = parse("Ctrl+Shift");
	fixture->keys = (struct focus_keys){
		.never_pass = fixture->never_pass,
		.never_pass_count = 3,
		.leave = parse("Ctrl+Super+Esc"),
		.switch_guest = parse("Ctrl+Alt"),
		.switch_terminal = parse("Ctrl+Alt"),
		.switch_layout = parse("Ctrl+Shift+Super"),
	};
	fixture->focus = focus_create(fixture->machines, 2, 0, &fixture->keys, &listener, fixture);
}

static void start(struct fixture *fixture)
{
	start_with(fixture, KINDS);
}

static void finish(struct fixture *fixture)
{
	focus_destroy(fixture->focus);
	recorded_machine_finish(&fixture->a);
	recorded_machine_finish(&fixture->b);
}

static void tell(struct fixture *fixture, enum seat_event_type type, uint32_t code, bool pressed)
{
	const struct seat_event event = {.type = type, .key = {code, pressed}};

	focus_event(fixture->focus, &event, true);
}

static void down(struct fixture *fixture, uint32_t code)
{
	tell(fixture, SEAT_EVENT_KEY, code, true);
}

static void up(struct fixture *fixture, uint32_t code)
{
	tell(fixture, SEAT_EVENT_KEY, code, false);
}

static void expect_a(struct fixture *fixture, const char *text)
{
	recorded_machine_expect(&fixture->a, text);
}

static void expect_b(struct fixture *fixture, const char *text)
{
	recorded_machine_expect(&fixture->b, text);
}

static void test_keys(void)
{
	struct fixture fixture;

	start(&fixture);
	down(&fixture, KEY_A);
	down(&fixture, KEY_B);
	up(&fixture, KEY_A);
	up(&fixture, KEY_B);
	up(&fixture, KEY_B);
	up(&fixture, KEY_C);
	down(&fixture, KEY_CNT);
	down(&fixture, UINT32_MAX);
	expect_a(&fixture,
		"keyboard KEY_A=1\nkeyboard KEY_B=1\nkeyboard KEY_A=0\nkeyboard KEY_B=0\n");
	expect_b(&fixture, "");
	finish(&fixture);
}

static void held(struct fixture *fixture, uint32_t code, bool pressed)
{
	tell(fixture, SEAT_EVENT_HELD, code, pressed);
}

/* Ctrl and Alt were down when the terminal came back: they count for the keys that are ours, and no
 * guest hears of them. */
static void test_held_before(void)
{
	struct fixture fixture;

	start(&fixture);
	held(&fixture, KEY_LEFTCTRL, true);
	held(&fixture, KEY_RIGHTALT, true);
	down(&fixture, KEY_F2);
	up(&fixture, KEY_F2);
	g_assert_cmpint(fixture.terminal, ==, 2);
	down(&fixture, KEY_2);
	up(&fixture, KEY_2);
	g_assert_cmpint(fixture.moved, ==, 1);
	down(&fixture, KEY_A);
	up(&fixture, KEY_A);
	/* The guest knows no Ctrl+Alt that this would complete. */
	down(&fixture, KEY_DELETE);
	up(&fixture, KEY_DELETE);
	expect_b(&fixture,
		"keyboard KEY_A=1\nkeyboard KEY_A=0\nkeyboard KEY_DELETE=1\nkeyboard KEY_DELETE=0\n");
	held(&fixture, KEY_RIGHTALT, false);
	down(&fixture, KEY_F3);
	up(&fixture, KEY_F3);
	g_assert_cmpint(fixture.terminal, ==, 2);
	held(&fixture, KEY_LEFTCTRL, false);
	expect_b(&fixture, "keyboard KEY_F3=1\nkeyboard KEY_F3=0\n");
	/* From now on it is a key like others. */
	down(&fixture, KEY_LEFTCTRL);
	up(&fixture, KEY_LEFTCTRL);
	expect_b(&fixture, "keyboard KEY_LEFTCTRL=1\nkeyboard KEY_LEFTCTRL=0\n");
	expect_a(&fixture, "");
	finish(&fixture);
}

static void keep(struct fixture *fixture, enum seat_event_type type, uint32_t code)
{
	const struct seat_event event = {.type = type, .key = {code, true}};

	focus_keep(fixture->focus, &event);
}

/* A press that nobody is to hear of, nor its release; hot-keys it is one of all the same. */
static void test_kept(void)
{
	struct fixture fixture;

	start(&fixture);
	keep(&fixture, SEAT_EVENT_KEY, KEY_A);
	keep(&fixture, SEAT_EVENT_KEY, UINT32_MAX);
	down(&fixture, KEY_B);
	up(&fixture, KEY_A);
	up(&fixture, KEY_B);
	keep(&fixture, SEAT_EVENT_BUTTON, BTN_LEFT);
	tell(&fixture, SEAT_EVENT_BUTTON, BTN_LEFT, false);
	expect_a(&fixture, "keyboard KEY_B=1\nkeyboard KEY_B=0\n");
	tell(&fixture, SEAT_EVENT_BUTTON, BTN_LEFT, true);
	tell(&fixture, SEAT_EVENT_BUTTON, BTN_LEFT, false);
	expect_a(&fixture, "pointer BTN_LEFT=1\npointer BTN_LEFT=0\n");
	/* On another keyboard it is down: it stays so for the guest. */
	down(&fixture, KEY_A);
	keep(&fixture, SEAT_EVENT_KEY, KEY_A);
	up(&fixture, KEY_A);
	expect_a(&fixture, "keyboard KEY_A=1\n");
	up(&fixture, KEY_A);
	expect_a(&fixture, "keyboard KEY_A=0\n");
	keep(&fixture, SEAT_EVENT_KEY, KEY_LEFTCTRL);
	down(&fixture, KEY_LEFTALT);
	down(&fixture, KEY_F3);
	g_assert_cmpint(fixture.terminal, ==, 3);
	finish(&fixture);
}

/* The same key on two keyboards is one to the guest. */
static void test_two_keyboards(void)
{
	struct fixture fixture;

	start(&fixture);
	down(&fixture, KEY_A);
	down(&fixture, KEY_A);
	up(&fixture, KEY_A);
	expect_a(&fixture, "keyboard KEY_A=1\n");
	up(&fixture, KEY_A);
	expect_a(&fixture, "keyboard KEY_A=0\n");
	finish(&fixture);
}

/* A hand of its own and the one that has the focus hold the same key of the same machine. */
static void test_two_hands(void)
{
	struct fixture fixture;
	const struct focus_keys keys = {0};
	const struct seat_event press = {.type = SEAT_EVENT_KEY, .key = {KEY_A, true}};
	const struct seat_event release = {.type = SEAT_EVENT_KEY, .key = {KEY_A, false}};
	struct focus *own;

	start(&fixture);
	own = focus_create(fixture.machines, 1, 0, &keys, &listener, &fixture);
	down(&fixture, KEY_A);
	focus_event(own, &press, true);
	up(&fixture, KEY_A);
	expect_a(&fixture, "keyboard KEY_A=1\n");
	focus_event(own, &release, true);
	expect_a(&fixture, "keyboard KEY_A=0\n");
	focus_event(own, &press, true);
	expect_a(&fixture, "keyboard KEY_A=1\n");
	focus_destroy(own);
	expect_a(&fixture, "keyboard KEY_A=0\n");
	finish(&fixture);
}

/* What is held when the focus moves is released where it was pressed, and is nobody's after
 * that. */
static void test_move(void)
{
	struct fixture fixture;

	start(&fixture);
	down(&fixture, KEY_LEFTSHIFT);
	tell(&fixture, SEAT_EVENT_BUTTON, BTN_LEFT, true);
	focus_move(fixture.focus, 1);
	expect_a(&fixture,
		"keyboard KEY_LEFTSHIFT=1\npointer BTN_LEFT=1\n"
		"keyboard KEY_LEFTSHIFT=0\npointer BTN_LEFT=0\n");
	g_assert_cmpint(fixture.moved, ==, 1);
	up(&fixture, KEY_LEFTSHIFT);
	tell(&fixture, SEAT_EVENT_BUTTON, BTN_LEFT, false);
	expect_b(&fixture, "");
	down(&fixture, KEY_A);
	up(&fixture, KEY_A);
	expect_b(&fixture, "keyboard KEY_A=1\nkeyboard KEY_A=0\n");
	focus_move(fixture.focus, 1);
	focus_move(fixture.focus, 2);
	g_assert_cmpint(fixture.moved, ==, 1);
	g_assert_true(focus_machine(fixture.focus) == fixture.machines[1]);
	expect_a(&fixture, "");
	finish(&fixture);
}

static void test_ends(void)
{
	struct fixture fixture;

	start(&fixture);
	down(&fixture, KEY_A);
	tell(&fixture, SEAT_EVENT_BUTTON, BTN_RIGHT, true);
	expect_a(&fixture, "keyboard KEY_A=1\npointer BTN_RIGHT=1\n");
	focus_destroy(fixture.focus);
	expect_a(&fixture, "keyboard KEY_A=0\npointer BTN_RIGHT=0\n");
	fixture.focus = NULL;
	finish(&fixture);
}

/* ---- keys that are ours ---- */

static void test_switch_guest(void)
{
	struct fixture fixture;

	start(&fixture);
	down(&fixture, KEY_LEFTCTRL);
	down(&fixture, KEY_RIGHTALT);
	down(&fixture, KEY_2);
	expect_a(&fixture,
		"keyboard KEY_LEFTCTRL=1\nkeyboard KEY_RIGHTALT=1\n"
		"keyboard KEY_LEFTCTRL=0\nkeyboard KEY_RIGHTALT=0\n");
	up(&fixture, KEY_2);
	/* Still held: back again, and nobody has heard anything. */
	down(&fixture, KEY_1);
	up(&fixture, KEY_1);
	g_assert_true(focus_machine(fixture.focus) == fixture.machines[0]);
	down(&fixture, KEY_7);
	up(&fixture, KEY_7);
	up(&fixture, KEY_RIGHTALT);
	up(&fixture, KEY_LEFTCTRL);
	expect_a(&fixture, "");
	expect_b(&fixture, "");
	/* With another modifier it is the guest's own. */
	down(&fixture, KEY_LEFTALT);
	down(&fixture, KEY_LEFTMETA);
	down(&fixture, KEY_LEFTCTRL);
	down(&fixture, KEY_2);
	g_assert_true(focus_machine(fixture.focus) == fixture.machines[0]);
	expect_a(&fixture,
		"keyboard KEY_LEFTALT=1\nkeyboard KEY_LEFTMETA=1\n"
		"keyboard KEY_LEFTCTRL=1\nkeyboard KEY_2=1\n");
	finish(&fixture);
}

/* The n-th of them, however many there are; the guest hears nothing of the digit. */
static void test_switch_layout(void)
{
	struct fixture fixture;

	start(&fixture);
	down(&fixture, KEY_LEFTCTRL);
	down(&fixture, KEY_LEFTMETA);
	down(&fixture, KEY_2);
	up(&fixture, KEY_2);
	g_assert_cmpuint(fixture.layout_count, ==, 0);
	down(&fixture, KEY_RIGHTSHIFT);
	down(&fixture, KEY_1);
	up(&fixture, KEY_1);
	down(&fixture, KEY_9);
	up(&fixture, KEY_9);
	down(&fixture, KEY_0);
	g_assert_cmpuint(fixture.layout_count, ==, 2);
	g_assert_cmpuint(fixture.layouts[0], ==, 0);
	g_assert_cmpuint(fixture.layouts[1], ==, 8);
	g_assert_true(focus_machine(fixture.focus) == fixture.machines[0]);
	expect_a(&fixture,
		"keyboard KEY_LEFTCTRL=1\nkeyboard KEY_LEFTMETA=1\nkeyboard KEY_2=1\n"
		"keyboard KEY_2=0\nkeyboard KEY_0=1\n");
	finish(&fixture);
}

static void test_leave_and_terminal(void)
{
	struct fixture fixture;

	start(&fixture);
	down(&fixture, KEY_RIGHTCTRL);
	down(&fixture, KEY_LEFTMETA);
	expect_a(&fixture, "keyboard KEY_RIGHTCTRL=1\nkeyboard KEY_LEFTMETA=1\n");
	down(&fixture, KEY_ESC);
	up(&fixture, KEY_ESC);
	g_assert_cmpint(fixture.left, ==, 1);
	up(&fixture, KEY_LEFTMETA);
	down(&fixture, KEY_LEFTALT);
	expect_a(&fixture, "keyboard KEY_LEFTMETA=0\nkeyboard KEY_LEFTALT=1\n");
	down(&fixture, KEY_F11);
	up(&fixture, KEY_F11);
	g_assert_cmpint(fixture.terminal, ==, 11);
	down(&fixture, KEY_F2);
	g_assert_cmpint(fixture.terminal, ==, 2);
	expect_a(&fixture, "");
	finish(&fixture);
}

/* The press that completes it is kept, and its release; the others are the guest's. */
static void test_never_pass(void)
{
	struct fixture fixture;

	start(&fixture);
	down(&fixture, KEY_LEFTCTRL);
	down(&fixture, KEY_LEFTALT);
	down(&fixture, KEY_DELETE);
	up(&fixture, KEY_DELETE);
	up(&fixture, KEY_LEFTALT);
	up(&fixture, KEY_LEFTCTRL);
	expect_a(&fixture,
		"keyboard KEY_LEFTCTRL=1\nkeyboard KEY_LEFTALT=1\n"
		"keyboard KEY_LEFTALT=0\nkeyboard KEY_LEFTCTRL=0\n");
	/* A guest repeats a key that is held: no order of the presses completes it there. */
	down(&fixture, KEY_DELETE);
	down(&fixture, KEY_RIGHTALT);
	down(&fixture, KEY_RIGHTCTRL);
	up(&fixture, KEY_RIGHTCTRL);
	up(&fixture, KEY_RIGHTALT);
	up(&fixture, KEY_DELETE);
	expect_a(&fixture,
		"keyboard KEY_DELETE=1\nkeyboard KEY_RIGHTALT=1\n"
		"keyboard KEY_RIGHTALT=0\nkeyboard KEY_DELETE=0\n");
	/* More modifiers do not make it another combination. */
	down(&fixture, KEY_LEFTALT);
	down(&fixture, KEY_LEFTMETA);
	down(&fixture, KEY_LEFTCTRL);
	down(&fixture, KEY_DELETE);
	up(&fixture, KEY_DELETE);
	up(&fixture, KEY_LEFTCTRL);
	up(&fixture, KEY_LEFTMETA);
	up(&fixture, KEY_LEFTALT);
	expect_a(&fixture,
		"keyboard KEY_LEFTALT=1\nkeyboard KEY_LEFTMETA=1\n"
		"keyboard KEY_LEFTCTRL=1\nkeyboard KEY_LEFTCTRL=0\n"
		"keyboard KEY_LEFTMETA=0\nkeyboard KEY_LEFTALT=0\n");
	/* One key, and modifiers alone. */
	down(&fixture, KEY_SYSRQ);
	up(&fixture, KEY_SYSRQ);
	expect_a(&fixture, "");
	down(&fixture, KEY_LEFTSHIFT);
	down(&fixture, KEY_LEFTCTRL);
	up(&fixture, KEY_LEFTCTRL);
	up(&fixture, KEY_LEFTSHIFT);
	expect_a(&fixture, "keyboard KEY_LEFTSHIFT=1\nkeyboard KEY_LEFTSHIFT=0\n");
	/* Without the others the key is the guest's. */
	down(&fixture, KEY_DELETE);
	up(&fixture, KEY_DELETE);
	expect_a(&fixture, "keyboard KEY_DELETE=1\nkeyboard KEY_DELETE=0\n");
	finish(&fixture);
}

static void test_no_keys(void)
{
	struct fixture fixture;
	const struct focus_keys none = {0};

	start(&fixture);
	focus_destroy(fixture.focus);
	fixture.focus = focus_create(fixture.machines, 2, 0, &none, &listener, &fixture);
	down(&fixture, KEY_LEFTCTRL);
	down(&fixture, KEY_LEFTALT);
	down(&fixture, KEY_2);
	down(&fixture, KEY_F2);
	down(&fixture, KEY_DELETE);
	expect_a(&fixture,
		"keyboard KEY_LEFTCTRL=1\nkeyboard KEY_LEFTALT=1\nkeyboard KEY_2=1\n"
		"keyboard KEY_F2=1\nkeyboard KEY_DELETE=1\n");
	g_assert_cmpint(fixture.terminal, ==, 0);
	g_assert_cmpint(fixture.left, ==, 0);
	finish(&fixture);
}

/* ---- pointers ---- */

static void move(struct fixture *fixture, double x, double y, bool raw)
{
	const struct seat_event event = {
		.type = SEAT_EVENT_MOTION,
		.motion = {.x = x, .y = y, .raw_x = 10 * x, .raw_y = 10 * y},
	};

	focus_event(fixture->focus, &event, raw);
}

static void test_motion(void)
{
	struct fixture fixture;

	start(&fixture);
	move(&fixture, 0.4, -1.5, false);
	move(&fixture, 0.4, 0, false);
	move(&fixture, 0.4, -0.5, false);
	expect_a(&fixture, "pointer REL_Y=-1\npointer REL_X=1 REL_Y=-1\n");
	move(&fixture, 0.3, 0.1, true);
	expect_a(&fixture, "pointer REL_X=3 REL_Y=1\n");
	/* A device's nonsense is bounded. */
	move(&fixture, 1e300, 0, false);
	expect_a(&fixture, "pointer REL_X=1073741823\n");
	finish(&fixture);
}

static void scroll(struct fixture *fixture, enum seat_event_type type, enum seat_axis axis,
	double value)
{
	const struct seat_event event = {.type = type, .scroll = {axis, value}};

	focus_event(fixture->focus, &event, true);
}

static void test_wheels(void)
{
	struct fixture fixture;

	start(&fixture);
	scroll(&fixture, SEAT_EVENT_WHEEL, SEAT_VERTICAL, 120);
	expect_a(&fixture, "pointer REL_WHEEL_HI_RES=-120 REL_WHEEL=-1\n");
	scroll(&fixture, SEAT_EVENT_WHEEL, SEAT_HORIZONTAL, 240);
	expect_a(&fixture, "pointer REL_HWHEEL_HI_RES=240 REL_HWHEEL=2\n");
	for (int i = 0; i < 4; i++)
		scroll(&fixture, SEAT_EVENT_WHEEL, SEAT_VERTICAL, -30);
	expect_a(&fixture,
		"pointer REL_WHEEL_HI_RES=30\npointer REL_WHEEL_HI_RES=30\n"
		"pointer REL_WHEEL_HI_RES=30\npointer REL_WHEEL_HI_RES=30 REL_WHEEL=1\n");
	/* Back before the detent is reached: it does not count for the other way. */
	scroll(&fixture, SEAT_EVENT_WHEEL, SEAT_VERTICAL, -90);
	scroll(&fixture, SEAT_EVENT_WHEEL, SEAT_VERTICAL, 60);
	scroll(&fixture, SEAT_EVENT_WHEEL, SEAT_VERTICAL, 60);
	expect_a(&fixture,
		"pointer REL_WHEEL_HI_RES=90\npointer REL_WHEEL_HI_RES=-60\n"
		"pointer REL_WHEEL_HI_RES=-60 REL_WHEEL=-1\n");
	finish(&fixture);
}

static void test_smooth_scrolling(void)
{
	struct fixture fixture;

	start(&fixture);
	scroll(&fixture, SEAT_EVENT_SCROLL, SEAT_VERTICAL, 15);
	expect_a(&fixture, "pointer REL_WHEEL_HI_RES=-120 REL_WHEEL=-1\n");
	scroll(&fixture, SEAT_EVENT_SCROLL, SEAT_VERTICAL, 0.1);
	scroll(&fixture, SEAT_EVENT_SCROLL, SEAT_VERTICAL, 0.1);
	expect_a(&fixture, "pointer REL_WHEEL_HI_RES=-1\n");
	/* Lifted: what is left is not the next gesture's. */
	scroll(&fixture, SEAT_EVENT_SCROLL, SEAT_VERTICAL, 14.5);
	scroll(&fixture, SEAT_EVENT_SCROLL, SEAT_VERTICAL, 0);
	expect_a(&fixture, "pointer REL_WHEEL_HI_RES=-116\n");
	scroll(&fixture, SEAT_EVENT_SCROLL, SEAT_VERTICAL, 1);
	expect_a(&fixture, "pointer REL_WHEEL_HI_RES=-8\n");
	finish(&fixture);
}

static void test_absolute(void)
{
	struct fixture fixture;

	start(&fixture);
	focus_set_picture(fixture.focus, 100, 100);
	focus_point(fixture.focus, 0, 1);
	focus_point(fixture.focus, 0.5, 2);
	expect_a(&fixture, "absolute ABS_X=0 ABS_Y=65535\nabsolute ABS_X=32768 ABS_Y=65535\n");
	finish(&fixture);
}

/* A machine that has only a relative pointer gets the way, in pixels. */
static void test_absolute_as_relative(void)
{
	struct fixture fixture;

	start_with(&fixture, 1u << INPUT_POINTER);
	focus_set_picture(fixture.focus, 200, 100);
	focus_point(fixture.focus, 0.5, 0.5);
	expect_a(&fixture, "");
	focus_point(fixture.focus, 0.5625, 0.25);
	expect_a(&fixture, "pointer REL_X=12 REL_Y=-25\n");
	focus_move(fixture.focus, 1);
	focus_point(fixture.focus, 0.6, 0.4);
	expect_b(&fixture, "");
	finish(&fixture);
}

/* Buttons and wheels go where the machine has them, and a release where its press went. */
static void test_absolute_only(void)
{
	struct fixture fixture;

	start_with(&fixture, 1u << INPUT_ABSOLUTE);
	tell(&fixture, SEAT_EVENT_BUTTON, BTN_LEFT, true);
	scroll(&fixture, SEAT_EVENT_WHEEL, SEAT_VERTICAL, -120);
	expect_a(&fixture, "absolute BTN_LEFT=1\nabsolute REL_WHEEL_HI_RES=120 REL_WHEEL=1\n");
	machine_sink_connected(fixture.machines[0], INPUT_ABSOLUTE, 0, false);
	machine_sink_connected(fixture.machines[0], INPUT_ABSOLUTE, 0, true);
	tell(&fixture, SEAT_EVENT_BUTTON, BTN_LEFT, false);
	expect_a(&fixture, "absolute BTN_LEFT=0\n");
	finish(&fixture);
}

/* … and so does a mouse's motion, from the middle of the picture and no further than its edges. */
static void test_relative_as_absolute(void)
{
	struct fixture fixture;

	start_with(&fixture, 1u << INPUT_ABSOLUTE);
	focus_set_picture(fixture.focus, 200, 100);
	move(&fixture, 50, -25, false);
	expect_a(&fixture, "absolute ABS_X=49151 ABS_Y=16384\n");
	move(&fixture, 1000, 50, false);
	expect_a(&fixture, "absolute ABS_X=65535 ABS_Y=49151\n");
	/* From where an absolute pointer was last. */
	focus_point(fixture.focus, 0, 0);
	move(&fixture, 100, 0, false);
	expect_a(&fixture, "absolute ABS_X=0 ABS_Y=0\nabsolute ABS_X=32768 ABS_Y=0\n");
	finish(&fixture);
}

static void test_listening(void)
{
	struct fixture fixture;

	start(&fixture);
	g_assert_cmpint(fixture.a.listening, ==, 1);
	machine_sink_connected(fixture.machines[0], INPUT_KEYBOARD, 0, false);
	machine_sink_connected(fixture.machines[0], INPUT_POINTER, 0, false);
	g_assert_cmpint(fixture.a.listening, ==, 1);
	machine_sink_connected(fixture.machines[0], INPUT_ABSOLUTE, 0, false);
	g_assert_cmpint(fixture.a.listening, ==, 0);
	down(&fixture, KEY_A);
	expect_a(&fixture, "");
	machine_sink_leds(fixture.machines[0], 1u << LED_CAPSL, 1u << LED_CAPSL);
	machine_sink_leds(fixture.machines[0], 1u << LED_CAPSL, 1u << LED_CAPSL);
	machine_sink_leds(fixture.machines[0], 1u << LED_NUML, 1u << LED_NUML);
	machine_sink_leds(fixture.machines[0], 1u << LED_CAPSL, 0);
	g_assert_cmpint(fixture.a.led_changes, ==, 3);
	g_assert_cmpuint(machine_leds(fixture.machines[0]), ==, 1u << LED_NUML);
	finish(&fixture);
}

/* Each key from the first to the last of its row, and none beside it. */
static void test_rows_of_keys(void)
{
	static const struct {
		uint32_t code;
		int terminal;
	} functions[] = {{KEY_F1, 1}, {KEY_F10, 10}, {KEY_F11, 11}, {KEY_F12, 12},
		{KEY_CAPSLOCK, 0}, {KEY_NUMLOCK, 0}, {KEY_F13, 0}};
	static const struct {
		uint32_t code;
		bool moves;
	} digits[] = {{KEY_2, true}, {KEY_ESC, false}, {KEY_3, false}, {KEY_9, false},
		{KEY_0, false}};

	for (size_t i = 0; i < G_N_ELEMENTS(functions); i++) {
		struct fixture fixture;

		start(&fixture);
		down(&fixture, KEY_LEFTCTRL);
		down(&fixture, KEY_LEFTALT);
		down(&fixture, functions[i].code);
		g_assert_cmpint(fixture.terminal, ==, functions[i].terminal);
		finish(&fixture);
	}
	for (size_t i = 0; i < G_N_ELEMENTS(digits); i++) {
		struct fixture fixture;

		start(&fixture);
		down(&fixture, KEY_LEFTCTRL);
		down(&fixture, KEY_LEFTALT);
		down(&fixture, digits[i].code);
		g_assert_cmpint(fixture.moved, ==, digits[i].moves);
		finish(&fixture);
	}
	focus_destroy(NULL);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/input/focus/keys", test_keys);
	g_test_add_func("/input/focus/held-before", test_held_before);
	g_test_add_func("/input/focus/kept", test_kept);
	g_test_add_func("/input/focus/two-keyboards", test_two_keyboards);
	g_test_add_func("/input/focus/two-hands", test_two_hands);
	g_test_add_func("/input/focus/move", test_move);
	g_test_add_func("/input/focus/ends", test_ends);
	g_test_add_func("/input/focus/switch-guest", test_switch_guest);
	g_test_add_func("/input/focus/switch-layout", test_switch_layout);
	g_test_add_func("/input/focus/leave-and-terminal", test_leave_and_terminal);
	g_test_add_func("/input/focus/never-pass", test_never_pass);
	g_test_add_func("/input/focus/no-keys", test_no_keys);
	g_test_add_func("/input/focus/motion", test_motion);
	g_test_add_func("/input/focus/wheels", test_wheels);
	g_test_add_func("/input/focus/smooth-scrolling", test_smooth_scrolling);
	g_test_add_func("/input/focus/absolute", test_absolute);
	g_test_add_func("/input/focus/absolute-as-relative", test_absolute_as_relative);
	g_test_add_func("/input/focus/absolute-only", test_absolute_only);
	g_test_add_func("/input/focus/relative-as-absolute", test_relative_as_absolute);
	g_test_add_func("/input/focus/listening", test_listening);
	g_test_add_func("/input/focus/rows-of-keys", test_rows_of_keys);
	return g_test_run();
}
