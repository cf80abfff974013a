/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The outputs that show a machine, or layers of them, and which of the host's touch screens and
 * tablets lies on which.
 * Owned by routing.c; made when layout and machines are, and updated when outputs come and go.
 */
#ifndef SCANOUTD_INPUT_SCREEN_H
#define SCANOUTD_INPUT_SCREEN_H

#include <stdbool.h>
#include <stddef.h>

#include "input/host_device.h"
#include "input/machine.h"
#include "input/touch.h"
#include "scene/layout.h"

struct screen {
	struct view *view;
	const struct layout *layout; /* that the view is of; NULL: nobody's */
	struct machine *machine; /* that it shows */
	size_t index; /* of the machine's touch screens: stays its own as long as the view is there */
	struct touch *touch;
};

struct screens {
	/* In the layout's order, of an output the lowest first; each stays where it is. */
	struct screen *list[LAYOUT_OUTPUTS_MAX + LAYOUT_LAYERS_MAX];
	size_t count;
	/* A screen goes: let go of it. May be NULL. */
	void (*leaves)(void *data, struct screen *screen);
	struct machine *(*find_machine)(void *data, const char *guest);
	void *data;
};

/* Without any screen. `find_machine`: that of the guest of this name. */
void screens_init(struct screens *screens,
	struct machine *(*find_machine)(void *data, const char *guest),
	void (*leaves)(void *data, struct screen *screen), void *data);
/* Those of the layout's views now. What is touched on a screen that stays goes on. */
void screens_update(struct screens *screens, const struct layout *layout);
/* Lifts what touches. Also of all zero. */
void screens_finish(struct screens *screens);

/* Where a device lies: by configuration, by udev, by size, or because one output only is lit. NULL
 * where none of them tells. Of an output with layers it is the lowest screen: see screens_at(). */
struct screen *screens_find(const struct screens *screens, const struct host_device *host);

/* What lies under a point of the screen's output: the uppermost layer whose picture is there, else
 * the lowest. `machine` NULL: of any machine; else one of its own alone. */
struct screen *screens_at(const struct screens *screens, struct screen *screen,
	const struct machine *machine, double x, double y);

/* The machine is shown on the screen's output, or on a layer of that. */
bool screens_shows(const struct screens *screens, const struct screen *screen,
	const struct machine *machine);

/* The first that shows the machine; NULL: none does. */
struct screen *screens_first(const struct screens *screens, const struct machine *machine);

/* touch_pick_func; `data` is a struct screen. One that its guest has switched off is all picture:
 * so a finger can wake the guest. */
enum view_point screen_pick(void *data, double x, double y, double *picture_x, double *picture_y);

/* What a pen on it tells of directions, tilt and turn, as the picture has them: on an output that
 * is turned they are others. */
void screen_turn_tool(const struct screen *screen, struct seat_tool *tool);

/* Pixels of its picture, or of the screen as its viewer sees it where it has none. */
void screen_size(const struct screen *screen, uint32_t *width, uint32_t *height);

#endif
