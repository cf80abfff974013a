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

/* Others are drawn over it, or it over others. */
static bool is_shared(const struct view *view)
{
	return view_is_drawn(view) || (view->stack && view->input.overlaid);
}

void view_mark_all(struct view *view)
{
	struct kms_rect all = whole(view->canvases.width, view->canvases.height);

	if (view_is_drawn(view)) {
		view_stack_mark_seen(view->stack, view, &view->canvas_place.destination);
		return;
	}
	damage_clear(&view->damage);
	damage_add(&view->damage, &all);
	canvas_set_mark_all(&view->canvases);
}

void view_mark_picture(struct view *view)
{
	const struct kms_rect all = whole(view->canvases.width, view->canvases.height);

	if (is_shared(view) && !view->above)
		view_stack_mark_seen(view->stack, view, &all);
	else
		view_mark_all(view);
}

void view_mark(struct view *view, const struct kms_rect *rect)
{
	if (is_shared(view)) {
		view_stack_mark_seen(view->stack, view, rect);
		return;
	}
	damage_add(&view->damage, rect);
	canvas_set_mark(&view->canvases, rect);
}

void view_mark_complete(struct view *view, const struct kms_rect *rect)
{
	if (is_shared(view)) {
		view_stack_mark_seen(view->stack, view, rect);
		return;
	}
	damage_add(&view->damage, rect);
	canvas_set_mark_complete(&view->canvases, rect);
}

void view_canvas_frame(const struct view *view, struct kms_buffer *buffer, struct kms_frame *frame)
{
	*frame = (struct kms_frame){
		.buffer = buffer,
		.source = whole(view->canvases.width, view->canvases.height),
		.destination = whole(view->canvases.width, view->canvases.height),
		.transform = KMS_ROTATE_0,
	};
	if (view->above) {
		frame->destination = view->verdict.place.destination;
	} else if (view->verdict.way == VERDICT_PLACED_CANVAS) {
		frame->source = view->verdict.place.source;
		frame->destination = view->verdict.place.destination;
		frame->transform = view->verdict.place.transform;
	}
}

void view_note_drawn(const struct view *view, struct canvas *canvas)
{
	const struct kms_rect all = whole(view->canvases.width, view->canvases.height);

	canvas->drawn = view->serial;
	if (view->verdict.way == VERDICT_PLACED_CANVAS && !view->above)
		canvas->lies = view->verdict.place;
	else
		canvas->lies = (struct place){
			.source = all,
			.destination = all,
			.transform = KMS_ROTATE_0,
		};
}

static void size_canvases(struct view *view, uint32_t width, uint32_t height)
{
	if (view->canvases.width == width && view->canvases.height == height)
		return;
	canvas_set_resize(&view->canvases, width, height);
	view_mark_all(view);
}

/* A buffer as such a canvas would be; referenced. The canvases that there are stay: the answer may
 * be that they are needed. */
static struct kms_buffer *sample_canvas(struct view *view, const struct view_picture *picture)
{
	g_autoptr(GError) error = NULL;
	struct canvas *canvas = NULL;

	if (view->canvases.width == picture->width && view->canvases.height == picture->height)
		canvas = canvas_set_take(&view->canvases, view->device, view->output, &error);
	if (canvas)
		return kms_buffer_ref(canvas->buffer);
	g_clear_error(&error);
	return kms_buffer_create_dumb(view->device, picture->width, picture->height, &error);
}

bool view_test_placed(struct view *view, const struct view_picture *picture,
	const struct place *place)
{
	const struct kms_frame frame = {
		.buffer = sample_canvas(view, picture),
		.source = place->source,
		.destination = place->destination,
		.transform = place->transform,
	};
	bool shown = frame.buffer && kms_output_test(view->output, &frame);

	kms_buffer_unref(frame.buffer);
	return shown;
}

void view_prepare_canvases(struct view *view)
{
	const struct kms_mode_info *mode = kms_output_mode(view->output);
	const struct view_picture *picture = view->picture;
	struct place place = view->verdict.place;

	if (view_is_drawn(view)) {
		view->canvas_place = place;
		view->ready = !view->left_out;
		return;
	}
	if (view->above) {
		size_canvases(view, (uint32_t)place.destination.width,
			(uint32_t)place.destination.height);
		place.destination.x = 0;
		place.destination.y = 0;
	} else if (view->verdict.way == VERDICT_PLACED_CANVAS) {
		size_canvases(view, picture->width, picture->height);
		place = (struct place){
			.source = whole(picture->width, picture->height),
			.destination = whole(picture->width, picture->height),
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

void view_reserve(struct view *view)
{
	const struct kms_mode_info *mode = kms_output_mode(view->output);
	const struct kms_rect all = whole(mode->width, mode->height);
	g_autoptr(GError) error = NULL;
	struct canvas *canvas;

	/* All others have theirs, or are small. */
	if (view->above || !view->judged || view->verdict.way != VERDICT_DIRECT)
		return;
	size_canvases(view, mode->width, mode->height);
	if (view->canvases.canvas[0].buffer)
		return;
	canvas = canvas_set_take(&view->canvases, view->device, view->output, &error);
	/* The first touch of its memory is what takes long. */
	if (canvas)
		copy_fill(&canvas->target, &all, 0);
}

struct kms_buffer *view_sample_canvas(struct view *view)
{
	g_autoptr(GError) error = NULL;
	struct canvas *canvas;

	view_prepare_canvases(view);
	canvas = canvas_set_newest(&view->canvases);
	if (!canvas)
		canvas = canvas_set_take(&view->canvases, view->device, view->output, &error);
	return canvas ? canvas->buffer : NULL;
}

static void draw(struct view *view, struct canvas *canvas)
{
	const struct view_picture *picture = view->picture;
	const struct surface *surface = picture->solid ? NULL : picture->surface;
	const struct place *place = &view->canvas_place;
	bool blend = view_blends(view);
	struct kms_rect cursor = {0};

	canvas_forget_ahead(canvas);
	if (blend) {
		cursor = cursor_rect(&view->cursor, place);
		blend = damage_overlaps(&canvas->missing, &cursor);
	}

	for (size_t i = 0; i < canvas->missing.count; i++) {
		const struct kms_rect *rect = &canvas->missing.rects[i];

		if (!surface || !kms_rect_contains(&place->destination, rect))
			copy_fill(&canvas->target, rect,
				picture->solid ? picture->color : view->background);
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

	if (view->picture->solid)
		return false;
	rect = surface_unfinished(view->picture->surface);
	if (!rect)
		return false;
	if (!rect_empty(&canvas->ahead))
		return true;

	struct kms_rect seen = place_to_output(&view->canvas_place, rect);

	if (damage_overlaps(&canvas->missing, &seen))
		return true;
	if (!view_blends(view))
		return false;

	struct kms_rect cursor = cursor_rect(&view->cursor, &view->canvas_place);

	return rect_overlaps(&cursor, &seen) && damage_overlaps(&canvas->missing, &cursor);
}

/* False: not while an UPDATE is being received. */
static bool draw_all(struct view *view, struct canvas *canvas)
{
	if (is_shared(view))
		return view_stack_draw(view->stack, canvas);
	if (unfinished(view, canvas))
		return false;
	draw(view, canvas);
	return true;
}

/* The frame that updates were told to wait for will not be. */
static enum composed fail(struct view *view)
{
	view_next_serial(view);
	if (view->stack && !view->above)
		view_stack_failed(view->stack, view->serial);
	return COMPOSED_FAILED;
}

/* Its picture is not composed as it is, and nothing is under way that would change that. */
static bool is_unreadable(const struct view *base)
{
	return base->shows == SHOWS_PICTURE && base->due < DUE_SURFACE && !base->picture->solid &&
		!base->picture->surface;
}

/* It goes with the output's picture. */
static enum composed leave_to_below(struct view *view)
{
	view->due = DUE_NOTHING;
	view_prepare_canvases(view);
	if (view->left_out && view_stack_retry(view->stack))
		return COMPOSED_LATER;
	/* Said when it is brought, so that its guest is answered no faster than if it were
	 * shown. */
	if (view->left_out || is_unreadable(view->stack->base))
		return fail(view);
	/* A last picture that nobody can draw: black takes its place when it is found out anew who
	 * has a plane. */
	if (view->stack->base->shows == SHOWS_PICTURE)
		view_want(view->stack->base, DUE_CANVAS);
	else
		view->stack->unsettled = true;
	return COMPOSED_LATER;
}

enum composed view_compose(struct view *view)
{
	g_autoptr(GError) error = NULL;
	struct canvas *canvas;
	struct kms_frame frame;
	enum kms_submit submitted;

	if (!kms_output_active(view->output) || view_is_outdated(view))
		return COMPOSED_LATER;
	/* Never black in the place of a picture that cannot be read. */
	if (!view_secure(view) || (!view->picture->solid && !view->picture->surface))
		return fail(view);
	if (view_is_drawn(view))
		return leave_to_below(view);
	/* It can be read, after all: who was left out is drawn into it. */
	if (view->stack && !view->above && view->input.alone) {
		view->input.alone = false;
		view->stack->unsettled = true;
		return COMPOSED_LATER;
	}
	view_prepare_canvases(view);
	if (view->last_direct || view->damage_lost)
		view_mark_all(view);

	canvas = canvas_set_take(&view->canvases, view->device, view->output, &error);
	if (!canvas && error) {
		complain(view, "no scanout buffer", error->message);
		return fail(view);
	}
	if (!canvas || !draw_all(view, canvas))
		return COMPOSED_LATER;

	view_canvas_frame(view, canvas->buffer, &frame);
	frame.damage = view->damage.rects;
	frame.damage_count = view->damage.count;
	if (view->stack && !view->above)
		view_stack_clear_plane(view->stack);
	submitted = view_submit(view, &frame, false);
	if (submitted == KMS_SUBMIT_REFUSED && view->verdict.way == VERDICT_PLACED_CANVAS) {
		view_refused(view, VERDICT_ASK_PLACED);
		return view_compose(view);
	}
	if (submitted == KMS_SUBMIT_OFF)
		return COMPOSED_LATER;
	if (submitted == KMS_SUBMIT_REFUSED) {
		complain(view, "picture not shown", "the driver refuses a dumb buffer");
		if (view->stack && !view->above)
			view_stack_failed(view->stack, view->serial);
		return COMPOSED_FAILED;
	}
	view_note_drawn(view, canvas);
	damage_clear(&view->damage);
	if (view->stack && !view->above)
		view_stack_composed(view->stack, view->serial);
	else
		view->fresh = false;
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
	if (view->picture != picture || view->shows != SHOWS_PICTURE || all_anew ||
		view->due >= DUE_SURFACE || view_blends(view) || place->scaled ||
		!kms_output_active(view->output) || view_busy(view) || is_shared(view))
		return;
	seen = place_to_output(place, rows);
	canvas = canvas_set_peek(&view->canvases, view->output);
	if (!canvas || rect_empty(&seen))
		return;
	/* It is free after a mode set that showed another buffer, and is the last picture, should
	 * the source go now. */
	if (canvas == canvas_set_newest(&view->canvases))
		return;
	/* What waits to be composed need not wait for the end of the UPDATE. */
	if (view->due != DUE_NOTHING && !unfinished(view, canvas))
		return;
	rest = canvas_note_ahead(canvas, &seen);
	copy_surface(&canvas->target, picture->surface, place, &rest);
}
