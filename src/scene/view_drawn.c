/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A picture that its source draws into the view's scanout buffer itself, when it is new: one copy
 * less than by way of its surface, which then has not got it. Whoever needs the surface after all
 * has the source fill it (view_listener.fill_surface), and that reads it back from here.
 *
 * For the plain case alone, which is nearly every one: the picture one to one, all of it, on an
 * output that nobody shares.
 */
#include "scene/view_internal.h"

/* Enough to last longer than the clock is coarse, and a few milliseconds where memory is read
 * slowly. */
#define SAMPLE_PIXELS (16u * 1024)
#define SAMPLES 3u
#define COST_PIXELS 1024u
/* All of a canvas is read in the main loop, now and then: so that no output misses more than one
 * vblank. */
#define READ_MAX_NS (10u * 1000 * 1000)

/* All of the picture is on a canvas, each pixel as it is: so it can be read back. */
static bool is_whole(const struct view *view, const struct view_picture *picture)
{
	const struct place *place = &view->verdict.place;

	if (view->verdict.way == VERDICT_PLACED_CANVAS)
		return true;
	return !place->scaled && place->transform == KMS_ROTATE_0 &&
		place->source.width == (int32_t)picture->width &&
		place->source.height == (int32_t)picture->height;
}

/* The best of a few, so that it is not the time of somebody else who had the processor: nanoseconds
 * that COST_PIXELS of a canvas take to be read. Once a view. */
static uint64_t measure(const struct canvas *canvas)
{
	const struct copy_target *target = &canvas->target;
	const uint32_t rows = CLAMP(SAMPLE_PIXELS / target->width, 1, target->height);
	const uint32_t stride = target->width * 4;
	uint8_t *scratch = g_malloc0((size_t)stride * rows);
	int64_t best_us = INT64_MAX;

	for (unsigned int i = 0; i < SAMPLES; i++) {
		int64_t begun_us = g_get_monotonic_time();

		copy_rows(scratch, stride, target->pixels, target->stride, stride, rows);
		best_us = MIN(best_us, g_get_monotonic_time() - begun_us);
	}
	g_free(scratch);
	return MAX((uint64_t)best_us * 1000 * COST_PIXELS / ((uint64_t)target->width * rows), 1);
}

/* Uncached memory, as that of many cards: a canvas that has to be read back would keep the main
 * loop. */
static bool is_read_slowly(struct view *view, const struct canvas *canvas)
{
	const uint64_t pixels = (uint64_t)canvas->target.width * canvas->target.height;

	/* The clock is too coarse for small ones. */
	if (pixels < SAMPLE_PIXELS)
		return false;
	if (view->read_cost == 0)
		view->read_cost = measure(canvas);
	return view->read_cost * pixels / COST_PIXELS > READ_MAX_NS;
}

bool view_can_draw(struct view *view, const struct view_picture *picture)
{
	g_autoptr(GError) error = NULL;
	const struct canvas *canvas;

	/* Of a picture of another kind the canvases may be of another size. */
	if (view->stack || !view->told_copies || !view->told_same || view_blends(view) ||
		view->shows != SHOWS_PICTURE || is_placeholder(view->picture) ||
		view->due >= DUE_SURFACE || !is_whole(view, picture))
		return false;
	view_prepare_canvases(view);
	canvas = canvas_set_take(&view->canvases, view->device, view->output, &error);
	return canvas && !is_read_slowly(view, canvas);
}

static void mark(struct view *view, const struct kms_rect *damage)
{
	struct kms_rect rect;

	if (!damage || view->last_direct || view->damage_lost) {
		view_mark_picture(view);
		return;
	}
	rect = place_to_output(&view->canvas_place, damage);
	view_mark_complete(view, &rect);
}

/* What the canvas has missed of the picture, and what is around it. */
static bool draw_missing(const struct view *view, struct canvas *canvas, view_draw_func draw,
	void *data)
{
	const struct kms_rect all = whole(view->canvases.width, view->canvases.height);
	const struct place *place = &view->canvas_place;
	struct damage seen = {0};
	bool drawn;

	canvas_forget_ahead(canvas);
	for (size_t i = 0; i < canvas->missing.count; i++) {
		const struct kms_rect *rect = &canvas->missing.rects[i];
		const struct kms_rect part = rect_intersect(rect, &place->destination);

		if (!kms_rect_contains(&place->destination, rect))
			copy_fill(&canvas->target, rect, view->background);
		damage_add(&seen, &part);
	}
	drawn = draw(data, &canvas->target, place, &seen);
	damage_clear(&canvas->missing);
	if (!drawn)
		damage_add(&canvas->missing, &all);
	return drawn;
}

uint64_t view_draw(struct view *view, const struct view_picture *picture,
	const struct kms_rect *damage, view_draw_func draw, void *data, enum view_way *way)
{
	bool first = view->picture != picture;
	struct canvas *canvas;
	struct kms_frame frame;

	*way = VIEW_FAILED;
	/* Of a picture whose surface need not be filled: view_update() is not to go by it where
	 * this fails. */
	view->told_copies = false;
	view->told_same = false;
	view->picture = picture;
	view->judged_version = picture->version;
	if (first)
		view_begin_picture(view);
	mark(view, first ? NULL : damage);
	canvas = canvas_set_peek(&view->canvases, view->output);
	if (!canvas || !draw_missing(view, canvas, draw, data))
		return 0;

	view_canvas_frame(view, canvas->buffer, &frame);
	frame.damage = view->damage.rects;
	frame.damage_count = view->damage.count;
	if (view_submit(view, &frame, false) != KMS_SUBMIT_ACCEPTED)
		return 0;
	view_note_drawn(view, canvas);
	damage_clear(&view->damage);
	view->cursor_drawn = (struct kms_rect){0};
	view->fresh = false;
	view->past_surface = true;
	view->past_serial = view->serial;
	view->past_place = view->canvas_place;
	*way = VIEW_COPIED;
	return view->serial;
}

/* NULL: nothing was drawn, something else was since, or what was has gone with its card and reads
 * as zeroes. */
static const struct canvas *drawn_canvas(struct view *view)
{
	const struct canvas *canvas = canvas_set_newest(&view->canvases);

	if (kms_device_gone(view->device))
		view->past_surface = false;
	else if (canvas && view->past_serial > 0 && canvas->drawn == view->past_serial)
		return canvas;
	return NULL;
}

bool view_read_back(struct view *view, struct surface *surface)
{
	const struct canvas *canvas = drawn_canvas(view);
	const struct kms_rect *lies = &view->past_place.destination;
	uint32_t stride;
	uint8_t *pixels = surface_pixels(surface, &stride);

	if (!canvas || surface_width(surface) != (uint32_t)lies->width ||
		surface_height(surface) != (uint32_t)lies->height)
		return false;
	copy_rows(pixels, stride,
		canvas->target.pixels + (size_t)lies->y * canvas->target.stride +
			(size_t)lies->x * 4,
		canvas->target.stride, (size_t)lies->width * 4, (uint32_t)lies->height);
	return true;
}

bool view_read_drawn(struct view *view, const struct place *place, const struct copy_target *target)
{
	const struct canvas *canvas = drawn_canvas(view);
	struct place moved = *place;

	if (!canvas)
		return false;
	moved.source.x += view->past_place.destination.x;
	moved.source.y += view->past_place.destination.y;
	copy_image(target, canvas->target.image, &moved);
	return true;
}

bool view_secure(struct view *view)
{
	if (!view->past_surface)
		return true;
	view->past_surface = false;
	return view->listener->fill_surface(view->data, view->verdict.reason) == VIEW_FILL_DONE;
}
