/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The tools of the host's graphics tablets, as a machine's pen. One object a machine; made and fed
 * by routing.c. The tool that came near first has the pen until it leaves; where it is counts by
 * the picture of the screen that its tablet lies on.
 */
#ifndef SCANOUTD_INPUT_PEN_H
#define SCANOUTD_INPUT_PEN_H

#include "input/machine.h"
#include "input/seat.h"
#include "input/touch.h"

struct pen;

struct pen *pen_create(struct machine *machine);
/* Takes the tool away. Takes NULL. */
void pen_destroy(struct pen *pen);

/* The tool of this tablet, if it is the one that is near, is near no longer. */
void pen_leave(struct pen *pen, const void *device);

/* `device` tells tablets apart; `pick` and `data` are of the screen that it lies on. */
void pen_event(struct pen *pen, const void *device, const struct seat_tool *tool,
	touch_pick_func pick, void *data);

#endif
