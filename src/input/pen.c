/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "input/pen.h"

#include <math.h>
#include <string.h>

/* The axes of description.c's pen. */
static const uint16_t axes[] = {ABS_X, ABS_Y, ABS_PRESSURE, ABS_DISTANCE, ABS_TILT_X, ABS_TILT_Y,
	ABS_Z, ABS_WHEEL};

/* The buttons of the tools. */
static const uint16_t buttons[] = {BTN_STYLUS, BTN_STYLUS2, BTN_STYLUS3};

struct pen {
	struct machine *machine;
	const void *device; /* whose tool is near; NULL: none */
	uint16_t tool; /* BTN_TOOL_* */
	double x, y; /* of the picture, fractions: the last place in it */
	bool down;
	bool pressed[G_N_ELEMENTS(buttons)];
	int32_t sent[G_N_ELEMENTS(axes)];

	/* Of this group: axes, tool, tip, buttons. */
	struct input_value values[G_N_ELEMENTS(axes) + 2 + G_N_ELEMENTS(buttons)];
	size_t count;
};

static void add(struct pen *pen, uint16_t type, uint16_t code, int32_t value)
{
	pen->values[pen->count++] = (struct input_value){type, code, value};
}

static void flush(struct pen *pen)
{
	machine_send(pen->machine, INPUT_PEN, 0, pen->values, pen->count);
	pen->count = 0;
}

static int32_t pressure_value(double fraction)
{
	return (int32_t)lround(CLAMP(fraction, 0, 1) * INPUT_PRESSURE_MAX);
}

static void add_axes(struct pen *pen, const struct seat_tool *tool, bool all)
{
	const int32_t values[G_N_ELEMENTS(axes)] = {
		input_axis_value(pen->x),
		input_axis_value(pen->y),
		pressure_value(tool->pressure),
		pressure_value(tool->distance),
		(int32_t)lround(CLAMP(tool->tilt_x, -90, 90)),
		(int32_t)lround(CLAMP(tool->tilt_y, -90, 90)),
		(int32_t)lround(CLAMP(tool->rotation, 0, 359)),
		pressure_value((tool->slider + 1) / 2),
	};

	for (size_t i = 0; i < G_N_ELEMENTS(axes); i++) {
		if (all || values[i] != pen->sent[i])
			add(pen, EV_ABS, axes[i], values[i]);
		pen->sent[i] = values[i];
	}
}

static void set_down(struct pen *pen, bool down)
{
	if (pen->down != down)
		add(pen, EV_KEY, BTN_TOUCH, down);
	pen->down = down;
}

static void set_button(struct pen *pen, size_t index, bool pressed)
{
	if (pen->pressed[index] != pressed)
		add(pen, EV_KEY, buttons[index], pressed);
	pen->pressed[index] = pressed;
}

static void leave(struct pen *pen)
{
	set_down(pen, false);
	for (size_t i = 0; i < G_N_ELEMENTS(buttons); i++)
		set_button(pen, i, false);
	if (pen->device)
		add(pen, EV_KEY, pen->tool, 0);
	pen->device = NULL;
	flush(pen);
}

/* A mouse or a lens on a tablet is no pen, and yet points. */
static uint16_t tool_code(uint32_t code)
{
	return code >= BTN_TOOL_PEN && code <= BTN_TOOL_AIRBRUSH ? (uint16_t)code : BTN_TOOL_PEN;
}

void pen_event(struct pen *pen, const void *device, const struct seat_tool *tool,
	touch_pick_func pick, void *data)
{
	bool begins = !pen->device;
	enum view_point point;

	if (pen->device && pen->device != device)
		return;
	if (!tool->near) {
		leave(pen);
		return;
	}
	point = pick(data, tool->x, tool->y, &pen->x, &pen->y);
	if (begins && point != VIEW_POINT_INSIDE)
		return;
	if (begins) {
		pen->device = device;
		pen->tool = tool_code(tool->code);
		add(pen, EV_KEY, pen->tool, 1);
	}
	add_axes(pen, tool, begins);
	set_down(pen, tool->down);
	for (size_t i = 0; i < G_N_ELEMENTS(buttons); i++) {
		if (tool->button == buttons[i])
			set_button(pen, i, tool->pressed);
	}
	flush(pen);
}

void pen_leave(struct pen *pen, const void *device)
{
	if (pen->device == device)
		leave(pen);
}

struct pen *pen_create(struct machine *machine)
{
	struct pen *pen = g_new0(struct pen, 1);

	pen->machine = machine;
	return pen;
}

void pen_destroy(struct pen *pen)
{
	if (!pen)
		return;
	leave(pen);
	g_free(pen);
}
