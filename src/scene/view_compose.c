/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The copy path of a view: damage makes it dirty, and when no flip is in flight what a scanout
 * buffer has missed is drawn into it and submitted. Of an unfinished UPDATE something may be drawn
 * ahead, but nothing is ever submitted.
 */
#include <errno.h>

#include "log.h"
#include "scene/view_internal.h"

static void complain(struct view *view, const char *what, const char *why)
{
	if (!view->complained)
		log_output(G_LOG_LEVEL_WARNING, kms_output_name(view->output), "%s: %s", what, why);
	view->complained = true;
}

/* All of the picture changed. */
void view_mark_all(struct view *view)
{
	struct kms_rect all = whole(view->canvases.width, view->canvases.height);

	damage_clear(&view->damage);
	damage_add(&view->damage, &all);
	canvas_set_mark_all(&view->canvases);
	view->dirty = true;
	view->only_cursor = false;
}

/* On the canvas. */
void view_mark(struct view *view, const struct kms_rect *rect)
{
	damage_add(&view->damage, rect);
	canvas_set_mark(&view->canvases, rect);
	view->dirty = true;
}

void view_mark_complete(struct view *view, const struct kms_rect *rect)
{
	damage_add(&view->damage, rect);
	canvas_set_mark_complete(&view->canvases, rect);
	view->dirty = true;
	view->only_cursor = false;
}

void view_canvas_frame(const struct view *view, struct kms_buffer *buffer, struct kms_frame *frame)
{
	*frame = (struct kms_frame){
		.buffer = buffer,
		.source = whole(view->canvases.width, view->canvases.height),
		.destination = whole(view->canvases.width, view->canvases.height),
		.transform = KMS_ROTATE_0,
	};
	if (view->scaler) {
		frame->source = view->place.source;
		frame->destination = view->place.destination;
	}
}

static void size_canvases(struct view *view, uint32_t width, uint32_t height)
{
	if (view->canvases.width == width && view->canvases.height == height)
		return;
	canvas_set_resize(&view->canvases, width, height);
	view_mark_all(view);
}

/* A picture that only needs scaling is left to the plane, if it can. Judged once with a buffer of
 * ours. */
static void judge_scaler(struct view *view)
{
	g_autoptr(GError) error = NULL;
	struct canvas *canvas;
	struct kms_frame frame;

	view->scaler_judged = true;
	view->scaler = view->picture && view->place.scaled && view->place.transform == KMS_ROTATE_0;
	if (!view->scaler)
		return;

	size_canvases(view, view->picture->width, view->picture->height);
	canvas = canvas_set_take(&view->canvases, view->device, view->output, &error);
	if (canvas)
		view_canvas_frame(view, canvas->buffer, &frame);
	view->scaler = canvas && kms_output_test(view->output, &frame);
}

/* Size and geometry of the canvases, for the picture or for black. */
void view_prepare_canvases(struct view *view)
{
	const struct kms_mode_info *mode = kms_output_mode(view->output);
	struct place place = view->place;

	if (!view->picture)
		view->scaler = false;
	else if (!view->scaler_judged)
		judge_scaler(view);

	if (view->scaler) {
		size_canvases(view, view->picture->width, view->picture->height);
		place = (struct place){
			.source = whole(view->picture->width, view->picture->height),
			.destination = whole(view->picture->width, view->picture->height),
			.transform = KMS_ROTATE_0,
		};
	} else {
		size_canvases(view, mode->width, mode->height);
	}

	if (!place_equal(&place, &view->canvas_place)) {
		view->canvas_place = place;
		view_mark_all(view);
	}
}

static void draw(struct view *view, struct canvas *canvas)
{
	const struct surface *surface = view->picture ? view->picture->surface : NULL;
	const struct place *place = &view->canvas_place;
	bool blend = view->cursor_blended && surface;
	struct kms_rect cursor = {0};

	canvas_forget_ahead(canvas);
	if (blend) {
		cursor = cursor_rect(&view->cursor, place);
		blend = damage_overlaps(&canvas->missing, &cursor);
	}

	for (size_t i = 0; i < canvas->missing.count; i++) {
		const struct kms_rect *rect = &canvas->missing.rects[i];

		if (!surface || !rect_contains(&place->destination, rect))
			copy_clear(&canvas->target, rect);
		if (surface)
			copy_surface(&canvas->target, surface, place, rect);
	}
	if (blend)
		cursor_blend(&view->cursor, &canvas->target, surface, place);

	damage_clear(&canvas->missing);
	view->cursor_drawn = cursor;
}

/* Would something be shown of an UPDATE that is still being received: because drawing reads it, or
 * because the canvas has a part of it already? */
static bool unfinished(const struct view *view, const struct canvas *canvas)
{
	const struct kms_rect *rect;

	if (!view->picture || !view->picture->surface)
		return false;
	rect = surface_unfinished(view->picture->surface);
	if (!rect)
		return false;
	if (!rect_empty(&canvas->ahead))
		return true;

	struct kms_rect seen = place_to_output(&view->canvas_place, rect);

	if (damage_overlaps(&canvas->missing, &seen))
		return true;
	if (!view->cursor_blended)
		return false;

	struct kms_rect cursor = cursor_rect(&view->cursor, &view->canvas_place);

	return rect_overlaps(&cursor, &seen) && damage_overlaps(&canvas->missing, &cursor);
}

enum composed view_compose(struct view *view)
{
	g_autoptr(GError) error = NULL;
	struct canvas *canvas;
	struct kms_frame frame;
	enum kms_submit submitted;

	if (!kms_output_active(view->output))
		return COMPOSED_LATER;
	view_prepare_canvases(view);
	if (view->last_direct || view->damage_lost)
		view_mark_all(view);

	canvas = canvas_set_take(&view->canvases, view->device, view->output, &error);
	if (!canvas && error) {
		complain(view, "no scanout buffer", error->message);
		view->dirty = false;
		/* The frame that updates were told to wait for. */
		view->serial++;
		return COMPOSED_FAILED;
	}
	if (!canvas || unfinished(view, canvas))
		return COMPOSED_LATER;
	draw(view, canvas);

	view_canvas_frame(view, canvas->buffer, &frame);
	frame.serial = ++view->serial;
	frame.damage = view->damage.rects;
	frame.damage_count = view->damage.count;
	submitted = kms_output_submit(view->output, &frame);
	if (submitted == KMS_SUBMIT_REFUSED && view->scaler) {
		view->scaler = false;
		return view_compose(view);
	}
	if (submitted == KMS_SUBMIT_OFF)
		return COMPOSED_LATER;

	view->dirty = false;
	view->only_cursor = false;
	if (submitted == KMS_SUBMIT_REFUSED) {
		complain(view, "picture not shown", "the driver refuses our scanout buffer");
		return COMPOSED_FAILED;
	}
	canvas->drawn = view->serial;
	damage_clear(&view->damage);
	view->last_direct = false;
	view->damage_lost = false;
	return COMPOSED_SHOWN;
}

void view_draw_ahead(struct view *view, const struct view_picture *picture,
	const struct kms_rect *rows)
{
	const struct place *place = &view->canvas_place;
	bool all_anew = view->last_direct || view->damage_lost;
	struct canvas *canvas;
	struct kms_rect seen, rest;

	/* With a flip in flight it is not known which canvas comes next. */
	if (view->picture != picture || all_anew || view->cursor_blended || place->scaled ||
		place->transform != KMS_ROTATE_0 || !kms_output_active(view->output) ||
		kms_output_busy(view->output))
		return;
	seen = place_to_output(place, rows);
	canvas = canvas_set_peek(&view->canvases, view->output);
	if (!canvas || rect_empty(&seen))
		return;
	/* It is free after a mode set that showed another buffer, and is the last picture, should the
	 * source go now. */
	if (canvas == canvas_set_newest(&view->canvases))
		return;
	/* What waits to be composed need not wait for the end of the UPDATE. */
	if (view->dirty && !unfinished(view, canvas))
		return;
	rest = canvas_note_ahead(canvas, &seen);
	copy_surface(&canvas->target, picture->surface, place, &rest);
}

/* Composes if it is time to. */
void view_compose_when_free(struct view *view)
{
	if (!view->dirty || kms_output_busy(view->output))
		return;
	if (view_compose(view) == COMPOSED_FAILED)
		view->listener->failed(view->data, view->serial, EINVAL);
}
