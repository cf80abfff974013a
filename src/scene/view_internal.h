/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the files of the view share. view.c alone decides what is due and does it; the others are its
 * parts: view_judge.c (asks the output for what the verdict wants to know), view_compose.c (pictures
 * into scanout buffers) and view_cursor.c (the cursor's image and place). Nobody else includes this.
 */
#ifndef SCANOUTD_SCENE_VIEW_INTERNAL_H
#define SCANOUTD_SCENE_VIEW_INTERNAL_H

#include "scene/canvas.h"
#include "scene/cursor.h"
#include "scene/damage.h"
#include "scene/verdict.h"
#include "scene/view.h"

enum shows {
	SHOWS_NOTHING, /* what was there before us */
	SHOWS_PICTURE,
	SHOWS_LAST, /* the source is gone, its last picture stays */
};

/* What is to be done as soon as it can be. What stands below contains what stands above. */
enum due {
	DUE_NOTHING,
	DUE_CURSOR, /* a canvas with the cursor elsewhere: with the next frame, or late */
	DUE_CANVAS, /* a canvas with new pixels: when no flip is in flight */
	DUE_SURFACE, /* the same of all the picture, once the source has filled its surface */
	DUE_PICTURE, /* all of the picture, by whatever way the verdict says now */
};

struct view {
	struct kms_device *device;
	struct kms_output *output;
	enum place_policy policy;
	enum kms_transform transform;
	uint32_t background;
	const struct view_listener *listener;
	void *data;

	enum shows shows;
	const struct view_picture *picture; /* SHOWS_PICTURE */
	bool active; /* as of the last output_changed */

	/* How the picture is shown, and of what that was made. */
	bool judged;
	uint64_t judged_version; /* view_picture.version */
	struct verdict_input input;
	struct verdict verdict;
	/* The same of a picture that view_copies() was asked about, and nobody shows yet. */
	bool proposed;
	struct verdict_input proposal;
	bool told_copies; /* what view_copies() said last: the surface is up to date */
	bool told_same; /* … and by the verdict on what is shown, which holds for that picture too */

	struct cursor cursor;
	struct kms_rect cursor_drawn; /* where the newest canvas has it */
	GSource *late;

	struct canvas_set canvases;
	struct place canvas_place; /* the picture on a canvas */
	struct damage damage; /* canvas' pixels that changed since the last frame */
	bool damage_lost; /* a frame failed: the next one has changed everywhere */
	bool complained; /* of a canvas that could not be made or shown */

	enum due due;
	uint64_t serial; /* of the last frame */
	int64_t vblank_us;
	/* The last frame that was taken: a mode set may have to show it again. */
	struct kms_frame last;
	struct kms_buffer *last_buffer; /* NULL: none; else referenced */
	uint32_t last_mode_width;
	uint32_t last_mode_height;
	bool last_direct; /* it was no canvas */
};

static inline struct kms_rect whole(uint32_t width, uint32_t height)
{
	return (struct kms_rect){0, 0, (int32_t)width, (int32_t)height};
}

/* Its surface is full for ever, and it is no picture of a guest's. */
static inline bool is_placeholder(const struct view_picture *picture)
{
	return picture->solid || picture->placeholder;
}

static inline bool view_blends(const struct view *view)
{
	return view->verdict.cursor == VERDICT_CURSOR_BLENDED;
}

/* ---- view.c ---- */

/* It is to be done, besides what was due already. */
void view_want(struct view *view, enum due due);

/* Does of it what can be done now. The only place that shows, composes, or leaves it for later. */
void view_act(struct view *view);

/* Hands a frame to the output, with a serial of its own; noted as the last one if it is taken. */
enum kms_submit view_submit(struct view *view, struct kms_frame *frame, bool direct);

/* ---- view_judge.c ---- */

/* A verdict on the picture that is shown, if there is none that holds. Nothing to do while nothing
 * changed: the case of nearly every frame. */
void view_judge(struct view *view);

/* Something was refused when it came to it: another verdict. */
void view_refused(struct view *view, enum verdict_question question);

/* Another cursor, or another word of the output on it: another verdict, perhaps. */
void view_judge_cursor(struct view *view);

/* The picture as a frame of its own buffer, without serial and damage. */
void view_direct_frame(const struct view_picture *picture, const struct place *place,
	struct kms_frame *frame);

/* ---- view_compose.c ---- */

enum composed {
	COMPOSED_SHOWN, /* submitted */
	COMPOSED_LATER, /* no free canvas, or an UPDATE is being received */
	COMPOSED_FAILED, /* not shown, and will not be */
};

/* Size and geometry of the canvases, as the verdict has them. */
void view_prepare_canvases(struct view *view);

/* A canvas of the picture's size, scaled and turned by the plane: is that shown? */
bool view_test_placed(struct view *view, const struct view_picture *picture,
	const struct place *place);

/* Pixels of the canvas changed, or all of them. */
void view_mark(struct view *view, const struct kms_rect *rect);
void view_mark_all(struct view *view);
/* The same of an UPDATE that is complete now. */
void view_mark_complete(struct view *view, const struct kms_rect *rect);

/* A canvas as a frame, without serial and damage. */
void view_canvas_frame(const struct view *view, struct kms_buffer *buffer, struct kms_frame *frame);

/* Whether a flip is in flight or not: it must be known that a canvas is free then. */
enum composed view_compose(struct view *view);

/* ---- view_cursor.c ---- */

/* Gives the cursor to the output, as large as it is in this place, or takes it away where `shown` is
 * false. Does a plane take it? */
bool view_give_cursor(struct view *view, const struct place *place, bool shown);

/* Marks where a blended cursor was and is. */
void view_mark_cursor(struct view *view);

/* Wakes up late before the next vblank, when a frame that could take the cursor with it would have
 * come. */
void view_schedule_late(struct view *view);

#endif
