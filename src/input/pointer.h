/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Motion and wheels in evdev's whole numbers: what is left of a fraction is added to the next
 * event, so that nothing is lost however small the steps are. Owned by focus.c; no state but that.
 */
#ifndef SCANOUTD_INPUT_POINTER_H
#define SCANOUTD_INPUT_POINTER_H

#include <stddef.h>

#include "input/seat.h"
#include "input/sink.h"

/* What one call writes at most. */
#define POINTER_VALUES_MAX 2

/* All zero at first. */
struct pointer {
	double x, y; /* fractions of REL_X and REL_Y */
	struct {
		double fraction; /* of a 120th of a detent */
		int32_t part; /* 120ths towards the next detent */
	} wheels[2]; /* by enum seat_axis */
};

/* Each returns how many values it wrote, 0 to POINTER_VALUES_MAX. */

/* In the guest's units, right and down positive. */
size_t pointer_move(struct pointer *pointer, double x, double y, struct input_value *values);

/* 120ths of a detent, down and right positive (evdev's wheel is up-positive). */
size_t pointer_turn(struct pointer *pointer, enum seat_axis axis, double value,
	struct input_value *values);

/* A finger that scrolls, in pixels; 0: it was lifted. */
size_t pointer_scroll(struct pointer *pointer, enum seat_axis axis, double pixels,
	struct input_value *values);

#endif
