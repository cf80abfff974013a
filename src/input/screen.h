/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The outputs that show a machine, and which of the host's touch screens and tablets lies on which.
 * Owned by routing.c; made once, when layout and machines are.
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
	struct machine *machine; /* that it shows */
	struct touch *touch;
};

struct screens {
	struct kms_device *device;
	struct screen *list;
	size_t count;
};

/* `find_machine`: that of the guest of this name. */
void screens_init(struct screens *screens, struct kms_device *device, const struct layout *layout,
	struct machine *(*find_machine)(void *data, const char *guest), void *data);
/* Lifts what touches. Also of all zero. */
void screens_finish(struct screens *screens);

/* Where a device lies: by configuration, by udev, by size, or because one screen only is lit. NULL
 * where none of them tells. */
struct screen *screens_find(const struct screens *screens, const struct host_device *host);

/* The first that shows the machine; NULL: none does. */
struct screen *screens_first(const struct screens *screens, const struct machine *machine);

/* touch_pick_func; `data` is a struct screen. */
enum view_point screen_pick(void *data, double x, double y, double *picture_x, double *picture_y);

/* Pixels of its picture, or of the mode where it has none. */
void screen_size(const struct screen *screen, uint32_t *width, uint32_t *height);

#endif
