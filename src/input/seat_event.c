/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * libinput releases what is pressed on a device that it closes; the books here make sure of it for
 * all kinds, as a press without release is what a guest cannot mend.
 */
#include "input/seat_internal.h"

/* ---- keys, buttons, switches ---- */

static void tell_key(struct seat_device *device, enum seat_event_type type, uint64_t time_us,
	uint32_t code, bool pressed)
{
	const struct seat_event event = {type, time_us, .key = {code, pressed}};

	if (code > KEY_MAX || input_bit(device->pressed, code) == pressed)
		return;
	if (pressed)
		input_set_bit(device->pressed, code);
	else
		input_clear_bit(device->pressed, code);
	seat_device_tell(device, &event);
}

static void translate_key(struct seat_device *device, struct libinput_event_keyboard *event)
{
	seat_held_key(device, libinput_event_keyboard_get_key(event));
	tell_key(device, SEAT_EVENT_KEY, libinput_event_keyboard_get_time_usec(event),
		libinput_event_keyboard_get_key(event),
		libinput_event_keyboard_get_key_state(event) == LIBINPUT_KEY_STATE_PRESSED);
}

static void translate_button(struct seat_device *device, struct libinput_event_pointer *event)
{
	tell_key(device, SEAT_EVENT_BUTTON, libinput_event_pointer_get_time_usec(event),
		libinput_event_pointer_get_button(event),
		libinput_event_pointer_get_button_state(event) == LIBINPUT_BUTTON_STATE_PRESSED);
}

static void tell_switch(struct seat_device *device, uint64_t time_us, uint32_t code, bool on)
{
	const struct seat_event event = {SEAT_EVENT_SWITCH, time_us, .key = {code, on}};
	uint32_t bit = UINT32_C(1) << code;

	device->switches = on ? device->switches | bit : device->switches & ~bit;
	seat_device_tell(device, &event);
}

static void translate_switch(struct seat_device *device, struct libinput_event_switch *event)
{
	bool lid = libinput_event_switch_get_switch(event) == LIBINPUT_SWITCH_LID;

	tell_switch(device, libinput_event_switch_get_time_usec(event),
		lid ? SW_LID : SW_TABLET_MODE,
		libinput_event_switch_get_switch_state(event) == LIBINPUT_SWITCH_STATE_ON);
}

/* ---- pointers ---- */

static void translate_motion(struct seat_device *device, struct libinput_event_pointer *event)
{
	const struct seat_event told = {
		.type = SEAT_EVENT_MOTION,
		.time_us = libinput_event_pointer_get_time_usec(event),
		.motion =
			{
				.x = libinput_event_pointer_get_dx(event),
				.y = libinput_event_pointer_get_dy(event),
				.raw_x = libinput_event_pointer_get_dx_unaccelerated(event),
				.raw_y = libinput_event_pointer_get_dy_unaccelerated(event),
			},
	};

	seat_device_tell(device, &told);
}

static void translate_absolute(struct seat_device *device, struct libinput_event_pointer *event)
{
	const struct seat_event told = {
		.type = SEAT_EVENT_ABSOLUTE,
		.time_us = libinput_event_pointer_get_time_usec(event),
		.point =
			{
				.x = libinput_event_pointer_get_absolute_x_transformed(event, 1),
				.y = libinput_event_pointer_get_absolute_y_transformed(event, 1),
			},
	};

	seat_device_tell(device, &told);
}

static void translate_scroll(struct seat_device *device, struct libinput_event_pointer *event,
	bool wheel)
{
	static const enum libinput_pointer_axis axes[] = {
		[SEAT_VERTICAL] = LIBINPUT_POINTER_AXIS_SCROLL_VERTICAL,
		[SEAT_HORIZONTAL] = LIBINPUT_POINTER_AXIS_SCROLL_HORIZONTAL,
	};

	for (enum seat_axis axis = SEAT_VERTICAL; axis <= SEAT_HORIZONTAL; axis++) {
		struct seat_event told = {
			.type = wheel ? SEAT_EVENT_WHEEL : SEAT_EVENT_SCROLL,
			.time_us = libinput_event_pointer_get_time_usec(event),
			.scroll.axis = axis,
		};

		if (!libinput_event_pointer_has_axis(event, axes[axis]))
			continue;
		told.scroll.value = wheel
			? libinput_event_pointer_get_scroll_value_v120(event, axes[axis])
			: libinput_event_pointer_get_scroll_value(event, axes[axis]);
		seat_device_tell(device, &told);
	}
}

/* ---- touch ---- */

static void tell_touch(struct seat_device *device, enum seat_event_type type, uint64_t time_us,
	int32_t slot, double x, double y)
{
	const struct seat_event event = {type, time_us, .point = {x, y, slot}};

	seat_device_tell(device, &event);
}

static void translate_touch(struct seat_device *device, struct libinput_event_touch *event,
	enum seat_event_type type)
{
	uint64_t time_us = libinput_event_touch_get_time_usec(event);
	int32_t slot;
	uint32_t bit;

	if (type == SEAT_EVENT_TOUCH_FRAME) {
		tell_touch(device, type, time_us, 0, 0, 0);
		return;
	}
	slot = libinput_event_touch_get_seat_slot(event);
	if (slot < 0 || slot >= SEAT_SLOTS_MAX)
		return;
	bit = UINT32_C(1) << slot;
	if (type == SEAT_EVENT_TOUCH_DOWN)
		device->touching |= bit;
	else if (!(device->touching & bit))
		return;
	if (type == SEAT_EVENT_TOUCH_UP || type == SEAT_EVENT_TOUCH_CANCEL) {
		device->touching &= ~bit;
		tell_touch(device, type, time_us, slot, 0, 0);
	} else {
		tell_touch(device, type, time_us, slot,
			libinput_event_touch_get_x_transformed(event, 1),
			libinput_event_touch_get_y_transformed(event, 1));
	}
}

/* ---- tablet tools ---- */

static uint32_t tool_code(enum libinput_tablet_tool_type type)
{
	switch (type) {
	case LIBINPUT_TABLET_TOOL_TYPE_ERASER:
		return BTN_TOOL_RUBBER;
	case LIBINPUT_TABLET_TOOL_TYPE_BRUSH:
		return BTN_TOOL_BRUSH;
	case LIBINPUT_TABLET_TOOL_TYPE_PENCIL:
		return BTN_TOOL_PENCIL;
	case LIBINPUT_TABLET_TOOL_TYPE_AIRBRUSH:
		return BTN_TOOL_AIRBRUSH;
	case LIBINPUT_TABLET_TOOL_TYPE_MOUSE:
		return BTN_TOOL_MOUSE;
	case LIBINPUT_TABLET_TOOL_TYPE_LENS:
		return BTN_TOOL_LENS;
	default:
		return BTN_TOOL_PEN;
	}
}

static void tell_tool(struct seat_device *device, uint64_t time_us)
{
	const struct seat_event event = {SEAT_EVENT_TOOL, time_us, .tool = device->tool};

	seat_device_tell(device, &event);
}

static void translate_tool(struct seat_device *device, struct libinput_event_tablet_tool *event,
	enum libinput_event_type type)
{
	struct libinput_tablet_tool *tool = libinput_event_tablet_tool_get_tool(event);

	device->tool = (struct seat_tool){
		.code = tool_code(libinput_tablet_tool_get_type(tool)),
		.serial = libinput_tablet_tool_get_serial(tool),
		.x = libinput_event_tablet_tool_get_x_transformed(event, 1),
		.y = libinput_event_tablet_tool_get_y_transformed(event, 1),
		.pressure = libinput_event_tablet_tool_get_pressure(event),
		.distance = libinput_event_tablet_tool_get_distance(event),
		.tilt_x = libinput_event_tablet_tool_get_tilt_x(event),
		.tilt_y = libinput_event_tablet_tool_get_tilt_y(event),
		.rotation = libinput_event_tablet_tool_get_rotation(event),
		.slider = libinput_event_tablet_tool_get_slider_position(event),
		.rotates = libinput_tablet_tool_has_rotation(tool) != 0,
		.near = true,
		.down = libinput_event_tablet_tool_get_tip_state(event) ==
			LIBINPUT_TABLET_TOOL_TIP_DOWN,
	};
	if (type == LIBINPUT_EVENT_TABLET_TOOL_PROXIMITY)
		device->tool.near = libinput_event_tablet_tool_get_proximity_state(event) ==
			LIBINPUT_TABLET_TOOL_PROXIMITY_STATE_IN;
	if (type == LIBINPUT_EVENT_TABLET_TOOL_BUTTON) {
		device->tool.button = libinput_event_tablet_tool_get_button(event);
		device->tool.pressed = libinput_event_tablet_tool_get_button_state(event) ==
			LIBINPUT_BUTTON_STATE_PRESSED;
	}
	tell_tool(device, libinput_event_tablet_tool_get_time_usec(event));
}

/* ---- called by seat.c ---- */

void seat_translate(struct seat_device *device, struct libinput_event *event)
{
	enum libinput_event_type type = libinput_event_get_type(event);

	switch (type) {
	case LIBINPUT_EVENT_KEYBOARD_KEY:
		translate_key(device, libinput_event_get_keyboard_event(event));
		break;
	case LIBINPUT_EVENT_POINTER_MOTION:
		translate_motion(device, libinput_event_get_pointer_event(event));
		break;
	case LIBINPUT_EVENT_POINTER_MOTION_ABSOLUTE:
		translate_absolute(device, libinput_event_get_pointer_event(event));
		break;
	case LIBINPUT_EVENT_POINTER_BUTTON:
		translate_button(device, libinput_event_get_pointer_event(event));
		break;
	case LIBINPUT_EVENT_POINTER_SCROLL_WHEEL:
		translate_scroll(device, libinput_event_get_pointer_event(event), true);
		break;
	case LIBINPUT_EVENT_POINTER_SCROLL_FINGER:
	case LIBINPUT_EVENT_POINTER_SCROLL_CONTINUOUS:
		translate_scroll(device, libinput_event_get_pointer_event(event), false);
		break;
	case LIBINPUT_EVENT_TOUCH_DOWN:
		translate_touch(device, libinput_event_get_touch_event(event),
			SEAT_EVENT_TOUCH_DOWN);
		break;
	case LIBINPUT_EVENT_TOUCH_MOTION:
		translate_touch(device, libinput_event_get_touch_event(event),
			SEAT_EVENT_TOUCH_MOTION);
		break;
	case LIBINPUT_EVENT_TOUCH_UP:
		translate_touch(device, libinput_event_get_touch_event(event), SEAT_EVENT_TOUCH_UP);
		break;
	case LIBINPUT_EVENT_TOUCH_CANCEL:
		translate_touch(device, libinput_event_get_touch_event(event),
			SEAT_EVENT_TOUCH_CANCEL);
		break;
	case LIBINPUT_EVENT_TOUCH_FRAME:
		translate_touch(device, libinput_event_get_touch_event(event),
			SEAT_EVENT_TOUCH_FRAME);
		break;
	case LIBINPUT_EVENT_TABLET_TOOL_AXIS:
	case LIBINPUT_EVENT_TABLET_TOOL_PROXIMITY:
	case LIBINPUT_EVENT_TABLET_TOOL_TIP:
	case LIBINPUT_EVENT_TABLET_TOOL_BUTTON:
		translate_tool(device, libinput_event_get_tablet_tool_event(event), type);
		break;
	case LIBINPUT_EVENT_SWITCH_TOGGLE:
		translate_switch(device, libinput_event_get_switch_event(event));
		break;
	default:
		/* Gestures and tablets' pads are nothing that an evdev of a guest has. */
		break;
	}
}

void seat_device_release(struct seat_device *device)
{
	uint64_t now_us = (uint64_t)g_get_monotonic_time();
	bool touched = device->touching != 0;

	seat_held_removed(device);
	for (uint32_t code = 0; code <= KEY_MAX; code++) {
		bool button = (code >= BTN_MISC && code < KEY_OK) ||
			(code >= BTN_DPAD_UP && code <= BTN_DPAD_RIGHT) ||
			code >= BTN_TRIGGER_HAPPY;

		tell_key(device, button ? SEAT_EVENT_BUTTON : SEAT_EVENT_KEY, now_us, code, false);
	}
	/* libinput tells of one that is on when it sees the device again, and never of one that is
	 * off. */
	for (uint32_t code = 0; code < SW_CNT; code++) {
		if (device->switches & UINT32_C(1) << code)
			tell_switch(device, now_us, code, false);
	}
	for (int32_t slot = 0; slot < SEAT_SLOTS_MAX; slot++) {
		if (device->touching & UINT32_C(1) << slot)
			tell_touch(device, SEAT_EVENT_TOUCH_CANCEL, now_us, slot, 0, 0);
	}
	device->touching = 0;
	if (touched)
		tell_touch(device, SEAT_EVENT_TOUCH_FRAME, now_us, 0, 0, 0);
	if (!device->tool.near)
		return;
	device->tool.near = false;
	device->tool.down = false;
	device->tool.button = 0;
	tell_tool(device, now_us);
}
