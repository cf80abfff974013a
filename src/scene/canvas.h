/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The scanout buffers that one view composes into: up to three dumb buffers of one size, each with
 * what it has missed since it was last drawn.
 *
 * Part of a view, in its memory. Buffers are made when they are needed: two as long as composing
 * waits for the flip, a third where it cannot wait. A free one is one that the output does not
 * hold.
 */
#ifndef SCANOUTD_SCENE_CANVAS_H
#define SCANOUTD_SCENE_CANVAS_H

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

#include "kms.h"
#include "scene/copy.h"
#include "scene/damage.h"

#define CANVASES_MAX 3

struct canvas {
	struct kms_buffer *buffer; /* NULL: not made yet */
	struct copy_target target;
	struct damage missing; /* changed since it was drawn; the canvas' pixels */
	/* Upper rows of an UPDATE that is not complete, drawn already, as they lie on the canvas:
	 * until its end that is not to be shown. */
	struct kms_rect ahead;
	uint64_t drawn; /* the frame's serial: the newest one has missed least */
	struct place lies; /* and where that has it on the CRTC */
};

struct canvas_set {
	uint32_t width;
	uint32_t height;
	struct canvas canvas[CANVASES_MAX];
};

/* Zeroed memory is a set without buffers. */
void canvas_set_finish(struct canvas_set *set);

/* Drops the buffers if they are of another size. */
void canvas_set_resize(struct canvas_set *set, uint32_t width, uint32_t height);

/* All canvases miss this. */
void canvas_set_mark(struct canvas_set *set, const struct kms_rect *rect);
/* The same of an UPDATE that is complete now: less what was drawn ahead of it. */
void canvas_set_mark_complete(struct canvas_set *set, const struct kms_rect *rect);
/* All canvases miss everything. */
void canvas_set_mark_all(struct canvas_set *set);

/* These upper rows of an UPDATE that is not complete will now be drawn into the canvas. Returns
 * which of them are not there yet. */
struct kms_rect canvas_note_ahead(struct canvas *canvas, const struct kms_rect *rows);
/* It will not be completed, or not as it began: the canvas misses what was drawn ahead. */
void canvas_forget_ahead(struct canvas *canvas);
void canvas_set_forget_ahead(struct canvas_set *set);

/* A canvas that may be drawn, the one that has missed least. NULL without error: the output holds
 * all; with error: no buffer could be made. */
struct canvas *canvas_set_take(struct canvas_set *set, struct kms_device *device,
	const struct kms_output *output, GError **error);

/* The same canvas where it need not be made, else NULL. */
struct canvas *canvas_set_peek(struct canvas_set *set, const struct kms_output *output);

/* The one of this buffer, if it was drawn so far, or NULL. */
const struct canvas *canvas_set_find(const struct canvas_set *set, const struct kms_buffer *buffer);

/* The one that was drawn last, or NULL. */
struct canvas *canvas_set_newest(struct canvas_set *set);

#endif
