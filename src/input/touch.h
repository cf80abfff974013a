/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Fingers on the touch screens of the host, as a guest's own touch screen sees them. One object for
 * each output that shows a machine; made by screen.c and fed by routing.c, which says which device
 * lies on it.
 *
 * A touch begins where the picture is, or it never was; once begun it belongs to that guest, and
 * beside the picture it is at its edge, and without one where it was.
 */
#ifndef SCANOUTD_INPUT_TOUCH_H
#define SCANOUTD_INPUT_TOUCH_H

#include "input/machine.h"
#include "input/seat.h"
#include "scene/view.h"

struct touch;

/* What is under a point of the glass: fractions of output and picture; as view_pick(). */
typedef enum view_point (
	*touch_pick_func)(void *data, double x, double y, double *picture_x, double *picture_y);

/* `screen` is the machine's INPUT_TOUCH screen. */
struct touch *touch_create(struct machine *machine, size_t screen, touch_pick_func pick,
	void *data);
/* Lifts what is down. Takes NULL. */
void touch_destroy(struct touch *touch);

/* SEAT_EVENT_TOUCH_*; the guest hears of them at FRAME. Slots are the seat's. */
void touch_event(struct touch *touch, const struct seat_event *event);

#endif
