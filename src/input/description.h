/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What each kind of virtual input device says of itself. Used by whoever makes one; passthrough.c
 * describes its own from the host's device.
 */
#ifndef SCANOUTD_INPUT_DESCRIPTION_H
#define SCANOUTD_INPUT_DESCRIPTION_H

#include <glib.h>
#include <stdbool.h>

#include "input/sink.h"

/* Absolute axes of ours: 0 to this from the left (top) to the right (bottom) of the picture. The
 * picture can change its size, and an axis cannot. */
#define INPUT_AXIS_MAX 65535

static inline int32_t input_axis_value(double fraction)
{
	if (!(fraction > 0))
		return 0;
	return fraction < 1 ? (int32_t)(fraction * INPUT_AXIS_MAX + 0.5) : INPUT_AXIS_MAX;
}

/* Touches at once, of one screen. */
#define INPUT_SLOTS 16

/* Pressure, distance, slider. */
#define INPUT_PRESSURE_MAX 4095

struct input_screen {
	const char *name; /* of the output: "DP-1"; also the device's serial */
	/* Millimetres of the picture on the glass, 0: unknown. Guests make physical sizes of it. */
	uint32_t width_mm, height_mm;
};

/* Of every kind but INPUT_PASSTHROUGH. `screen` for INPUT_TOUCH and INPUT_PEN, else NULL. */
void input_describe(struct input_description *description, enum input_kind kind,
	const struct input_screen *screen);

/* One of the keys of INPUT_KEYBOARD: other keys of the host no machine hears of, but those of a
 * device that it has as it is. */
bool input_keyboard_has(uint16_t code);

/*
 * For a name or serial number: `text`, any bytes, as UTF-8 of less than `size` bytes and a zero.
 * What is no UTF-8 becomes U+FFFD, control characters question marks; what is too long ends with
 * its last whole character.
 */
void input_text_copy(char *to, size_t size, const char *text);

#endif
