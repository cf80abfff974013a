/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the three files of the view share: view.c (the verdict, the way of a frame, what the output
 * reports), view_compose.c (pictures into scanout buffers) and view_cursor.c (the cursor, as a
 * plane or blended). Nobody else includes this.
 */
#ifndef SCANOUTD_SCENE_VIEW_INTERNAL_H
#define SCANOUTD_SCENE_VIEW_INTERNAL_H

#include "scene/canvas.h"
#include "scene/cursor.h"
#include "scene/damage.h"
#include "scene/view.h"

enum shows {
	SHOWS_NOTHING, /* what was there before us */
	SHOWS_PICTURE,
	SHOWS_LAST, /* the source is gone, its last picture stays */
	SHOWS_BLACK,
};

/* What a verdict depends on, but for the output's state. */
struct kind {
	bool valid;
	bool blended;
	uint32_t width;
	uint32_t height;
	uint32_t mode_width;
	uint32_t mode_height;
	bool has_buffer; /* Without one the rest is 0. */
	bool y_inverted;
	uint32_t fourcc;
	uint32_t stride;
	uint64_t modifier;
	struct kms_rect part;
	uint32_t buffer_width;
	uint32_t buffer_height;
};

struct view {
	struct kms_device *device;
	struct kms_output *output;
	enum place_policy policy;
	const struct view_listener *listener;
	void *data;

	enum shows shows;
	const struct view_picture *picture; /* SHOWS_PICTURE, and the next one while it is judged */
	bool active; /* as of the last output_changed */

	/* The verdict. */
	struct kind kind;
	struct place place;
	bool direct;
	enum copy_reason reason; /* where not */
	bool scaler; /* composed 1:1 in the picture's size, scaled by the plane */
	bool scaler_judged;

	struct cursor cursor;
	bool cursor_blended;
	struct kms_rect cursor_drawn; /* where the newest canvas has it */

	struct canvas_set canvases;
	struct place canvas_place; /* the picture on a canvas */
	struct damage damage; /* canvas' pixels that changed since the last frame */
	bool dirty; /* composing is due */
	bool only_cursor; /* … for the cursor alone */
	bool last_direct; /* the last frame was no canvas */
	bool damage_lost; /* a frame failed: the next one has changed everywhere */
	bool complained; /* of a canvas that could not be made or shown */

	uint64_t serial; /* of the last frame */
	int64_t vblank_us;
	GSource *late;
	struct kms_buffer *last; /* SHOWS_LAST: what a mode set has to show again */
	struct kms_frame last_frame;
};

static inline struct kms_rect whole(uint32_t width, uint32_t height)
{
	return (struct kms_rect){0, 0, (int32_t)width, (int32_t)height};
}

/* ---- view.c ---- */

/* All of what is to be seen again: the output came back, or another way must be gone. */
void view_redisplay(struct view *view);

/* ---- view_compose.c ---- */

enum composed {
	COMPOSED_SHOWN, /* submitted */
	COMPOSED_LATER, /* no free canvas, or an UPDATE is being received: still dirty */
	COMPOSED_FAILED, /* no longer dirty, and not shown */
};

/* Size and geometry of the canvases, for the picture or for black. */
void view_prepare_canvases(struct view *view);

/* Pixels of the canvas changed, or all of them: composing is due. */
void view_mark(struct view *view, const struct kms_rect *rect);
void view_mark_all(struct view *view);
/* The same of an UPDATE that is complete now. */
void view_mark_complete(struct view *view, const struct kms_rect *rect);

/* A canvas as a frame, without serial and damage. */
void view_canvas_frame(const struct view *view, struct kms_buffer *buffer, struct kms_frame *frame);

/* Whether a flip is in flight or not: it must be known that a canvas is free then. */
enum composed view_compose(struct view *view);

/* Composes if something is dirty and no flip is in flight. */
void view_compose_when_free(struct view *view);

/* ---- view_cursor.c ---- */

/* Gives the cursor to the plane; where that is not possible it is blended from now on. */
void view_apply_cursor(struct view *view);

/* Composes late before the next vblank, unless a frame comes first and takes the cursor with it. */
void view_schedule_late(struct view *view);

#endif
