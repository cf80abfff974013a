/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "input/pointer.h"

#include <math.h>

/* One detent of a wheel turns it by 15 degrees, which libinput takes for 15 pixels. */
#define PIXELS_A_DETENT 15.0

#define DETENT 120

/* The whole part, and the rest stays. A device's nonsense is cut to what an event can say. */
static int32_t take_whole(double *fraction, double value)
{
	double whole;

	*fraction += isnan(value) ? 0 : value;
	if (!(fabs(*fraction) < INT32_MAX / 2))
		*fraction = *fraction < 0 ? INT32_MIN / 2 : INT32_MAX / 2;
	whole = trunc(*fraction);
	*fraction -= whole;
	return (int32_t)whole;
}

size_t pointer_move(struct pointer *pointer, double x, double y, struct input_value *values)
{
	int32_t whole_x = take_whole(&pointer->x, x);
	int32_t whole_y = take_whole(&pointer->y, y);
	size_t count = 0;

	if (whole_x)
		values[count++] = (struct input_value){EV_REL, REL_X, whole_x};
	if (whole_y)
		values[count++] = (struct input_value){EV_REL, REL_Y, whole_y};
	return count;
}

size_t pointer_turn(struct pointer *pointer, enum seat_axis axis, double value,
	struct input_value *values)
{
	static const uint16_t codes[2][2] = {
		[SEAT_VERTICAL] = {REL_WHEEL_HI_RES, REL_WHEEL},
		[SEAT_HORIZONTAL] = {REL_HWHEEL_HI_RES, REL_HWHEEL},
	};
	int32_t *part = &pointer->wheels[axis].part;
	int32_t whole = take_whole(&pointer->wheels[axis].fraction,
		axis == SEAT_VERTICAL ? -value : value);
	size_t count = 0;

	if (!whole)
		return 0;
	values[count++] = (struct input_value){EV_REL, codes[axis][0], whole};
	/* The other way is another turn: what is left of the first does not shorten it. */
	if ((*part < 0) != (whole < 0))
		*part = 0;
	*part += whole;
	if (*part / DETENT)
		values[count++] = (struct input_value){EV_REL, codes[axis][1], *part / DETENT};
	*part %= DETENT;
	return count;
}

size_t pointer_scroll(struct pointer *pointer, enum seat_axis axis, double pixels,
	struct input_value *values)
{
	if (pixels == 0) {
		pointer->wheels[axis].fraction = 0;
		pointer->wheels[axis].part = 0;
		return 0;
	}
	return pointer_turn(pointer, axis, pixels * DETENT / PIXELS_A_DETENT, values);
}
