/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "input/focus.h"

#include "input/pointer.h"

/* What became of the press of a key that is down. */
enum press {
	PRESS_KEPT, /* ours, or nobody's any more */
	PRESS_PASSED, /* the machine has seen it */
};

struct focus {
	struct machine *const *machines;
	size_t machine_count;
	size_t current;
	const struct focus_keys *keys;
	const struct focus_listener *listener;
	void *data;

	struct {
		uint8_t holders; /* devices on which it is down */
		uint8_t press; /* of enum press */
		uint8_t kind; /* of enum input_kind: which device of the machine has seen it */
	} pressed[KEY_CNT];

	struct pointer pointer;
	bool pointed; /* x and y are known */
	double x, y; /* of an absolute pointer, fractions of … */
	double width, height; /* … the machine's picture, pixels */
};

struct machine *focus_machine(const struct focus *focus)
{
	return focus->machines[focus->current];
}

static void send(struct focus *focus, enum input_kind kind, const struct input_value *values,
	size_t count)
{
	machine_send(focus_machine(focus), kind, 0, values, count);
}

/* ---- presses ---- */

static void release(struct focus *focus, uint16_t code)
{
	if (focus->pressed[code].press != PRESS_PASSED)
		return;
	focus->pressed[code].press = PRESS_KEPT;
	machine_press(focus_machine(focus), (enum input_kind)focus->pressed[code].kind, code,
		false);
}

static void release_all(struct focus *focus)
{
	for (unsigned int code = 0; code < KEY_CNT; code++)
		release(focus, (uint16_t)code);
}

void focus_move(struct focus *focus, size_t index)
{
	if (index >= focus->machine_count || index == focus->current)
		return;
	release_all(focus);
	focus->current = index;
	focus->pointer = (struct pointer){0};
	focus->pointed = false;
	focus->listener->moved(focus->data);
}

/* ---- keys that are ours ---- */

/* Of keys that are down; of those only that the machine has seen, with `passed`. */
static unsigned int held_modifiers(const struct focus *focus, bool passed)
{
	static const uint16_t codes[] = {KEY_LEFTCTRL, KEY_RIGHTCTRL, KEY_LEFTSHIFT, KEY_RIGHTSHIFT,
		KEY_LEFTALT, KEY_RIGHTALT, KEY_LEFTMETA, KEY_RIGHTMETA};
	unsigned int modifiers = 0;

	for (size_t i = 0; i < G_N_ELEMENTS(codes); i++) {
		if (passed ? focus->pressed[codes[i]].press == PRESS_PASSED
			   : focus->pressed[codes[i]].holders > 0)
			modifiers |= combination_modifier_of(codes[i]);
	}
	return modifiers;
}

static bool completes(const struct focus *focus, const struct combination *combination,
	uint16_t code)
{
	unsigned int own = combination_modifier_of(code);
	unsigned int modifiers = held_modifiers(focus, true) | own;

	if (!(combination->modifiers & own) && combination->key != code)
		return false;
	return (combination->modifiers & ~modifiers) == 0 &&
		(combination->key == 0 || combination->key == code ||
			focus->pressed[combination->key].press == PRESS_PASSED);
}

static bool is_never_passed(const struct focus *focus, uint16_t code)
{
	for (size_t i = 0; i < focus->keys->never_pass_count; i++) {
		if (completes(focus, &focus->keys->never_pass[i], code))
			return true;
	}
	return false;
}

/* 1 to 9; 0: no such key. */
static int digit_of(uint16_t code)
{
	return code >= KEY_1 && code <= KEY_9 ? code - KEY_1 + 1 : 0;
}

static int function_of(uint16_t code)
{
	if (code >= KEY_F1 && code <= KEY_F10)
		return code - KEY_F1 + 1;
	return code == KEY_F11 ? 11 : code == KEY_F12 ? 12 : 0;
}

/* Obeys a hot-key; false: it is none. */
static bool obey(struct focus *focus, uint16_t code)
{
	const struct focus_keys *keys = focus->keys;
	unsigned int held = held_modifiers(focus, false);

	if ((keys->leave.key || keys->leave.modifiers) &&
		(keys->leave.key ? code == keys->leave.key
				 : combination_modifier_of(code) & keys->leave.modifiers) &&
		held == keys->leave.modifiers) {
		focus->listener->leave(focus->data);
		return true;
	}
	if (keys->switch_guest.modifiers && held == keys->switch_guest.modifiers &&
		digit_of(code)) {
		focus_move(focus, (size_t)digit_of(code) - 1);
		return true;
	}
	if (keys->switch_layout.modifiers && held == keys->switch_layout.modifiers &&
		digit_of(code)) {
		focus->listener->switch_layout(focus->data, (size_t)digit_of(code) - 1);
		return true;
	}
	if (keys->switch_terminal.modifiers && held == keys->switch_terminal.modifiers &&
		function_of(code)) {
		focus->listener->switch_terminal(focus->data, function_of(code));
		return true;
	}
	return false;
}

/* ---- events ---- */

/* False: it was down already. */
static bool take(struct focus *focus, uint16_t code, enum input_kind kind)
{
	if (focus->pressed[code].holders++ > 0)
		return false;
	focus->pressed[code].press = PRESS_KEPT;
	focus->pressed[code].kind = kind;
	return true;
}

static void press(struct focus *focus, uint16_t code, enum input_kind kind)
{
	if (!take(focus, code, kind))
		return;
	if (kind == INPUT_KEYBOARD && (obey(focus, code) || is_never_passed(focus, code)))
		return;
	focus->pressed[code].press = PRESS_PASSED;
	machine_press(focus_machine(focus), kind, code, true);
}

static void key(struct focus *focus, uint32_t code, bool pressed, enum input_kind kind)
{
	if (code >= KEY_CNT)
		return;
	if (pressed) {
		press(focus, (uint16_t)code, kind);
		return;
	}
	if (focus->pressed[code].holders == 0 || --focus->pressed[code].holders > 0)
		return;
	release(focus, (uint16_t)code);
}

/* The device that has the pointer's buttons and wheels. */
static enum input_kind pointer_kind(const struct focus *focus)
{
	struct machine *machine = focus_machine(focus);

	return machine_listens(machine, INPUT_POINTER, 0) ||
			!machine_listens(machine, INPUT_ABSOLUTE, 0)
		? INPUT_POINTER
		: INPUT_ABSOLUTE;
}

static void send_place(struct focus *focus)
{
	const struct input_value values[] = {
		{EV_ABS, ABS_X, input_axis_value(focus->x)},
		{EV_ABS, ABS_Y, input_axis_value(focus->y)},
	};

	send(focus, INPUT_ABSOLUTE, values, G_N_ELEMENTS(values));
}

/* By pixels. A machine with an absolute pointer alone has it in the middle at first. */
static void move(struct focus *focus, double x, double y)
{
	struct input_value values[POINTER_VALUES_MAX];

	if (pointer_kind(focus) == INPUT_POINTER) {
		send(focus, INPUT_POINTER, values, pointer_move(&focus->pointer, x, y, values));
		return;
	}
	focus->x = CLAMP((focus->pointed ? focus->x : 0.5) + x / focus->width, 0, 1);
	focus->y = CLAMP((focus->pointed ? focus->y : 0.5) + y / focus->height, 0, 1);
	focus->pointed = true;
	send_place(focus);
}

/* It is down since before we were: what the machine sees pressed goes on being that, and all else
 * is nobody's. */
static void hold(struct focus *focus, uint16_t code)
{
	enum input_kind kind;

	if (!take(focus, code, INPUT_KEYBOARD) ||
		!machine_sees_pressed(focus_machine(focus), code, &kind))
		return;
	focus->pressed[code].press = PRESS_PASSED;
	focus->pressed[code].kind = kind;
	machine_press(focus_machine(focus), kind, code, true);
}

void focus_event(struct focus *focus, const struct seat_event *event, bool raw)
{
	struct input_value values[POINTER_VALUES_MAX];

	switch (event->type) {
	case SEAT_EVENT_KEY:
		key(focus, event->key.code, event->key.pressed, INPUT_KEYBOARD);
		break;
	case SEAT_EVENT_HELD:
		if (event->key.pressed)
			hold(focus, (uint16_t)event->key.code);
		else
			key(focus, event->key.code, false, INPUT_KEYBOARD);
		break;
	case SEAT_EVENT_BUTTON:
		key(focus, event->key.code, event->key.pressed, pointer_kind(focus));
		break;
	case SEAT_EVENT_MOTION:
		move(focus, raw ? event->motion.raw_x : event->motion.x,
			raw ? event->motion.raw_y : event->motion.y);
		break;
	case SEAT_EVENT_WHEEL:
		send(focus, pointer_kind(focus), values,
			pointer_turn(&focus->pointer, event->scroll.axis, event->scroll.value,
				values));
		break;
	case SEAT_EVENT_SCROLL:
		send(focus, pointer_kind(focus), values,
			pointer_scroll(&focus->pointer, event->scroll.axis, event->scroll.value,
				values));
		break;
	default:
		break;
	}
}

void focus_keep(struct focus *focus, const struct seat_event *event)
{
	bool is_key = event->type == SEAT_EVENT_KEY;

	if (event->key.code >= KEY_CNT ||
		!take(focus, (uint16_t)event->key.code,
			is_key ? INPUT_KEYBOARD : pointer_kind(focus)))
		return;
	if (is_key)
		obey(focus, (uint16_t)event->key.code);
}

void focus_set_picture(struct focus *focus, uint32_t width, uint32_t height)
{
	focus->width = width;
	focus->height = height;
}

void focus_point(struct focus *focus, double x, double y)
{
	double moved_x = focus->pointed ? (x - focus->x) * focus->width : 0;
	double moved_y = focus->pointed ? (y - focus->y) * focus->height : 0;

	focus->pointed = true;
	focus->x = x;
	focus->y = y;
	if (machine_listens(focus_machine(focus), INPUT_ABSOLUTE, 0))
		send_place(focus);
	else
		move(focus, moved_x, moved_y);
}

/* ---- life ---- */

struct focus *focus_create(struct machine *const *machines, size_t count, size_t first,
	const struct focus_keys *keys, const struct focus_listener *listener, void *data)
{
	struct focus *focus = g_new0(struct focus, 1);

	focus->machines = machines;
	focus->machine_count = count;
	focus->current = first;
	focus->keys = keys;
	focus->listener = listener;
	focus->data = data;
	focus->width = 1;
	focus->height = 1;
	return focus;
}

void focus_destroy(struct focus *focus)
{
	if (!focus)
		return;
	release_all(focus);
	g_free(focus);
}
