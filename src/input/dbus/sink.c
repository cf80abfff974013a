/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * From evdev's groups to QEMU's calls. The books say what QEMU has been told, so that each press
 * that it heard of gets its release, and no release comes without its press.
 */
#include "input/dbus/dbus_internal.h"
#include "input/dbus/qnum.h"

static bool push(struct dbus_display *display, const struct dbus_console *console,
	enum dbus_call_kind kind, uint32_t code, double x, double y)
{
	const struct dbus_call call = {kind, console->number, code, x, y};

	return dbus_calls_push(display->calls, &call);
}

static void note(struct dbus_sink *sink, uint16_t code, bool pressed)
{
	if (pressed) {
		input_set_bit(sink->pressed, code);
		input_set_bit(sink->told, code);
	} else {
		input_clear_bit(sink->pressed, code);
	}
}

/* ---- keys ---- */

static void send_key(struct dbus_sink *sink, const struct dbus_console *console, uint16_t code,
	bool pressed)
{
	uint8_t qnum = qnum_from_key(code);

	if (!qnum || input_bit(sink->pressed, code) == pressed)
		return;
	if (push(sink->display, console, pressed ? DBUS_KEY_PRESS : DBUS_KEY_RELEASE, qnum, 0, 0))
		note(sink, code, pressed);
}

static void send_keys(struct dbus_sink *sink, const struct dbus_console *console,
	const struct input_value *values, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		if (values[i].type == EV_KEY && (values[i].value & ~1) == 0)
			send_key(sink, console, values[i].code, values[i].value != 0);
	}
}

/* ---- mouse ---- */

static uint32_t button_of(uint16_t code)
{
	switch (code) {
	case BTN_LEFT:
		return DBUS_BUTTON_LEFT;
	case BTN_MIDDLE:
		return DBUS_BUTTON_MIDDLE;
	case BTN_RIGHT:
		return DBUS_BUTTON_RIGHT;
	case BTN_SIDE:
		return DBUS_BUTTON_SIDE;
	case BTN_EXTRA:
		return DBUS_BUTTON_EXTRA;
	default:
		return DBUS_BUTTONS;
	}
}

/* Both kinds of pointer press the same buttons: the last one that holds it releases it. */
static void send_button(struct dbus_sink *sink, const struct dbus_console *console, uint16_t code,
	bool pressed)
{
	uint32_t button = button_of(code);
	uint8_t *holders;

	if (button == DBUS_BUTTONS || input_bit(sink->pressed, code) == pressed)
		return;
	holders = &sink->display->button_holders[button];
	if (*holders == (pressed ? 0 : 1) &&
		!push(sink->display, console, pressed ? DBUS_BUTTON_PRESS : DBUS_BUTTON_RELEASE,
			button, 0, 0))
		return;
	*holders = (uint8_t)(*holders + (pressed ? 1 : -1));
	note(sink, code, pressed);
}

/* Of 0 to INPUT_AXIS_MAX, the whole pixel, of which the last is `size` - 1. Steps of one pixel add
 * up to whole ones: the little more is for what is lost on their way. */
static double pixel(double place, uint32_t size)
{
	return (double)(guint32)(CLAMP(place, 0, INPUT_AXIS_MAX) * size / (INPUT_AXIS_MAX + 1.0) +
		1e-6);
}

static void place(struct dbus_display *display, const struct dbus_console *console)
{
	push(display, console, DBUS_PLACE, 0, pixel(display->x, console->width),
		pixel(display->y, console->height));
}

static void move(struct dbus_display *display, const struct dbus_console *console, int32_t x,
	int32_t y)
{
	const double axis = INPUT_AXIS_MAX + 1.0;
	uint32_t width = display->picture_width ? display->picture_width : console->width;
	uint32_t height = display->picture_height ? display->picture_height : console->height;

	if (!console->absolute) {
		push(display, console, DBUS_MOVE, 0, x, y);
		return;
	}
	if (!width || !height)
		return;
	display->x = CLAMP(display->x + x * axis / width, 0, INPUT_AXIS_MAX);
	display->y = CLAMP(display->y + y * axis / height, 0, INPUT_AXIS_MAX);
	place(display, console);
}

/* Where the pointer is, before what it does there. */
static void send_motion(struct dbus_sink *sink, const struct dbus_console *console,
	const struct input_value *values, size_t count)
{
	struct dbus_display *display = sink->display;
	int32_t x = 0, y = 0;
	bool placed = false;

	for (size_t i = 0; i < count; i++) {
		if (values[i].type == EV_REL && values[i].code == REL_X) {
			x = values[i].value;
		} else if (values[i].type == EV_REL && values[i].code == REL_Y) {
			y = values[i].value;
		} else if (values[i].type == EV_ABS && values[i].code == ABS_X) {
			display->x = CLAMP(values[i].value, 0, INPUT_AXIS_MAX);
			placed = true;
		} else if (values[i].type == EV_ABS && values[i].code == ABS_Y) {
			display->y = CLAMP(values[i].value, 0, INPUT_AXIS_MAX);
			placed = true;
		}
	}
	if (x || y)
		move(display, console, x, y);
	else if (placed && console->absolute)
		place(display, console);
}

static void send_pointer(struct dbus_sink *sink, const struct dbus_console *console,
	const struct input_value *values, size_t count)
{
	send_motion(sink, console, values, count);
	for (size_t i = 0; i < count; i++) {
		if (values[i].type == EV_KEY && (values[i].value & ~1) == 0)
			send_button(sink, console, values[i].code, values[i].value != 0);
		else if (values[i].type == EV_REL && values[i].code == REL_WHEEL && values[i].value)
			push(sink->display, console, DBUS_WHEEL, 0, 0, values[i].value);
	}
}

/* ---- touch ---- */

/* QEMU's slots are one set for all of its consoles. */
static uint32_t take_slot(struct dbus_display *display, const struct dbus_console *console)
{
	for (uint32_t slot = 0; slot < MIN(console->slots, DBUS_SLOTS_MAX); slot++) {
		if (display->slots & UINT32_C(1) << slot)
			continue;
		display->slots |= UINT32_C(1) << slot;
		return slot;
	}
	return DBUS_SLOT_NONE;
}

static void send_contact(struct dbus_sink *sink, const struct dbus_console *console,
	struct dbus_contact *contact)
{
	struct dbus_display *display = sink->display;
	enum dbus_call_kind kind = contact->begins ? DBUS_TOUCH_BEGIN : DBUS_TOUCH_UPDATE;

	if (contact->slot == DBUS_SLOT_NONE || (!contact->begins && !contact->moves))
		return;
	if (!push(display, console, kind, contact->slot, pixel(contact->x, console->width),
		    pixel(contact->y, console->height)) &&
		contact->begins) {
		display->slots &= ~(UINT32_C(1) << contact->slot);
		contact->slot = DBUS_SLOT_NONE;
	} else {
		sink->told_slots |= UINT32_C(1) << contact->slot;
	}
	contact->begins = false;
	contact->moves = false;
}

static void end_contact(struct dbus_sink *sink, const struct dbus_console *console,
	struct dbus_contact *contact)
{
	struct dbus_display *display = sink->display;

	send_contact(sink, console, contact);
	if (contact->slot == DBUS_SLOT_NONE)
		return;
	push(display, console, DBUS_TOUCH_END, contact->slot, pixel(contact->x, console->width),
		pixel(contact->y, console->height));
	display->slots &= ~(UINT32_C(1) << contact->slot);
	contact->slot = DBUS_SLOT_NONE;
	/* QEMU presses it with the first contact, and leaves it pressed. */
	if (!display->slots)
		push(display, console, DBUS_BUTTON_RELEASE, DBUS_BUTTON_TOUCH, 0, 0);
}

static void begin_contact(struct dbus_sink *sink, const struct dbus_console *console,
	struct dbus_contact *contact)
{
	end_contact(sink, console, contact);
	contact->slot = take_slot(sink->display, console);
	contact->begins = contact->slot != DBUS_SLOT_NONE;
}

/* A contact is told when the group leaves its slot, and so with all that it says of it. */
static void send_touch(struct dbus_sink *sink, const struct dbus_console *console,
	const struct input_value *values, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		struct dbus_contact *contact = sink->slot >= 0 && sink->slot < INPUT_SLOTS
			? &sink->contacts[sink->slot]
			: NULL;
		int32_t value = values[i].value;

		if (values[i].type != EV_ABS)
			continue;
		if (values[i].code == ABS_MT_SLOT) {
			if (contact)
				send_contact(sink, console, contact);
			sink->slot = value;
		} else if (!contact) {
			continue;
		} else if (values[i].code == ABS_MT_TRACKING_ID) {
			if (value < 0)
				end_contact(sink, console, contact);
			else
				begin_contact(sink, console, contact);
		} else if (values[i].code == ABS_MT_POSITION_X) {
			contact->x = value;
			contact->moves = true;
		} else if (values[i].code == ABS_MT_POSITION_Y) {
			contact->y = value;
			contact->moves = true;
		}
	}
	if (sink->slot >= 0 && sink->slot < INPUT_SLOTS)
		send_contact(sink, console, &sink->contacts[sink->slot]);
}

/* ---- the sink ---- */

static void sink_send(struct input_sink *input_sink, const struct input_value *values, size_t count)
{
	struct dbus_sink *sink = (struct dbus_sink *)input_sink;
	const struct dbus_console *console = dbus_display_console(sink->display, sink);

	if (!sink->connected || !console)
		return;
	if (sink->kind == INPUT_KEYBOARD)
		send_keys(sink, console, values, count);
	else if (sink->kind == INPUT_TOUCH)
		send_touch(sink, console, values, count);
	else
		send_pointer(sink, console, values, count);
}

void dbus_sink_release(struct dbus_sink *sink)
{
	const struct dbus_console *console = dbus_display_console(sink->display, sink);

	if (!console)
		return;
	for (unsigned int code = 0; code < KEY_CNT; code++) {
		if (!input_bit(sink->pressed, code))
			continue;
		if (sink->kind == INPUT_KEYBOARD)
			send_key(sink, console, (uint16_t)code, false);
		else
			send_button(sink, console, (uint16_t)code, false);
	}
	for (size_t i = 0; i < INPUT_SLOTS; i++)
		end_contact(sink, console, &sink->contacts[i]);
}

static void sink_release(struct input_sink *input_sink)
{
	struct dbus_sink *sink = (struct dbus_sink *)input_sink;

	if (sink->connected)
		dbus_sink_release(sink);
}

static void sink_destroy(struct input_sink *input_sink)
{
	struct dbus_sink *sink = (struct dbus_sink *)input_sink;

	sink_release(input_sink);
	dbus_display_remove_sink(sink->display, sink);
	g_free(sink);
}

static const struct input_sink_interface sink_interface = {
	.send = sink_send,
	.destroy = sink_destroy,
	.release = sink_release,
};

static void hold_keys(struct dbus_sink *sink)
{
	for (unsigned int code = 0; code < KEY_CNT; code++) {
		uint32_t button = button_of((uint16_t)code);

		if (!input_bit(sink->told, code) || input_bit(sink->pressed, code))
			continue;
		input_set_bit(sink->pressed, code);
		if (sink->kind != INPUT_KEYBOARD && button != DBUS_BUTTONS)
			sink->display->button_holders[button]++;
	}
}

/* Those that still touch end with dbus_sink_release(). */
static void end_told_contacts(struct dbus_sink *sink)
{
	const struct dbus_console *console = dbus_display_console(sink->display, sink);
	uint32_t ended = sink->told_slots & ~sink->display->slots;

	for (uint32_t slot = 0; console && slot < DBUS_SLOTS_MAX; slot++) {
		if (ended & UINT32_C(1) << slot)
			push(sink->display, console, DBUS_TOUCH_END, slot, 0, 0);
	}
	if (console && ended && !sink->display->slots)
		push(sink->display, console, DBUS_BUTTON_RELEASE, DBUS_BUTTON_TOUCH, 0, 0);
}

void dbus_sink_hold_all(struct dbus_sink *sink)
{
	hold_keys(sink);
	end_told_contacts(sink);
}

void dbus_sink_let_go(struct dbus_sink *sink)
{
	memset(sink->pressed, 0, sizeof(sink->pressed));
	for (size_t i = 0; i < INPUT_SLOTS; i++)
		sink->contacts[i] = (struct dbus_contact){.slot = DBUS_SLOT_NONE};
}

void dbus_sink_forget(struct dbus_sink *sink)
{
	dbus_sink_let_go(sink);
	memset(sink->told, 0, sizeof(sink->told));
	sink->told_slots = 0;
}

struct dbus_sink *dbus_sink_create(struct dbus_display *display, enum input_kind kind,
	size_t screen)
{
	struct dbus_sink *sink = g_new0(struct dbus_sink, 1);

	sink->sink.interface = &sink_interface;
	sink->display = display;
	sink->kind = kind;
	sink->screen = screen;
	dbus_sink_forget(sink);
	return sink;
}
