/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Geometry and policy between a source and one output. Three things decide how a picture is shown,
 * and are judged anew only when one of them changes: the picture's kind (struct kind), the mode,
 * and whether the cursor must be blended. The rest of the file is the way of a frame along that
 * verdict.
 */
#include "scene/view.h"

#include <errno.h>
#include <string.h>

#include "scene/view_internal.h"

/* ---- the verdict ---- */

static void direct_frame(const struct view *view, const struct view_picture *picture,
	struct kms_frame *frame)
{
	const struct kms_rect *seen = &view->place.source;
	int32_t below = picture->part.height - seen->y - seen->height;

	*frame = (struct kms_frame){
		.buffer = picture->buffer,
		.source = {picture->part.x + seen->x,
			picture->part.y + (picture->y_inverted ? below : seen->y), seen->width,
			seen->height},
		.destination = view->place.destination,
		.transform = view->place.transform,
	};
	/* The kernel reflects before it rotates: first the buffer is put upright. */
	if (picture->y_inverted)
		frame->transform ^= KMS_REFLECT_Y;
}

static void judge_direct(struct view *view, const struct view_picture *picture)
{
	struct kms_frame frame;

	view->direct = false;
	if (!picture->buffer) {
		view->reason = COPY_IMPORT_REFUSED;
	} else if (view->cursor_blended) {
		view->reason = COPY_CURSOR;
	} else {
		direct_frame(view, picture, &frame);
		view->direct = kms_output_test(view->output, &frame);
		if (view->place.scaled || frame.transform != KMS_ROTATE_0)
			view->reason = COPY_GEOMETRY;
		else
			view->reason = COPY_TEST_REFUSED;
	}
}

static bool is_judged(const struct view *view, const struct view_picture *picture,
	const struct kms_mode_info *mode)
{
	const struct kind *kind = &view->kind;

	return kind->valid && kind->width == picture->width && kind->height == picture->height &&
		kind->mode_width == mode->width && kind->mode_height == mode->height &&
		kind->blended == view->cursor_blended && kind->has_buffer == !!picture->buffer &&
		(!picture->buffer ||
			(kind->fourcc == picture->fourcc && kind->stride == picture->stride &&
				kind->modifier == picture->modifier &&
				kms_rect_equal(&kind->part, &picture->part) &&
				kind->y_inverted == picture->y_inverted &&
				kind->buffer_width == kms_buffer_width(picture->buffer) &&
				kind->buffer_height == kms_buffer_height(picture->buffer)));
}

static void note_kind(struct view *view, const struct view_picture *picture,
	const struct kms_mode_info *mode)
{
	view->kind = (struct kind){
		.valid = true,
		.width = picture->width,
		.height = picture->height,
		.mode_width = mode->width,
		.mode_height = mode->height,
		.blended = view->cursor_blended,
	};
	if (!picture->buffer)
		return;
	view->kind.has_buffer = true;
	view->kind.fourcc = picture->fourcc;
	view->kind.stride = picture->stride;
	view->kind.modifier = picture->modifier;
	view->kind.part = picture->part;
	view->kind.y_inverted = picture->y_inverted;
	view->kind.buffer_width = kms_buffer_width(picture->buffer);
	view->kind.buffer_height = kms_buffer_height(picture->buffer);
}

/* Nothing to do while nothing changed: the case of nearly every frame. */
static void judge(struct view *view, const struct view_picture *picture)
{
	const struct kms_mode_info *mode = kms_output_mode(view->output);
	const struct kind *old = &view->kind;

	if (is_judged(view, picture, mode))
		return;

	bool moved = !old->valid || old->width != picture->width ||
		old->height != picture->height || old->mode_width != mode->width ||
		old->mode_height != mode->height;

	note_kind(view, picture, mode);
	if (moved) {
		place_compute(&view->place, picture->width, picture->height, mode->width,
			mode->height, view->policy, KMS_ROTATE_0);
		view->scaler_judged = false;
		/* May find that it must be blended, which is part of the kind. */
		view_apply_cursor(view);
		view->kind.blended = view->cursor_blended;
	}
	judge_direct(view, picture);
}

/* ---- showing ---- */

static enum kms_submit submit_direct(struct view *view, const struct kms_rect *damage)
{
	const struct view_picture *picture = view->picture;
	struct kms_frame frame;
	struct kms_rect moved;
	enum kms_submit submitted;

	direct_frame(view, picture, &frame);
	frame.serial = ++view->serial;
	/* Upside down all of it is damaged, which is never wrong. After a canvas it is, too. */
	if (damage && !picture->y_inverted && view->last_direct && !view->damage_lost) {
		moved = *damage;
		moved.x += picture->part.x;
		moved.y += picture->part.y;
		frame.damage = &moved;
		frame.damage_count = 1;
	}

	submitted = kms_output_submit(view->output, &frame);
	if (submitted == KMS_SUBMIT_ACCEPTED) {
		view->last_direct = true;
		view->damage_lost = false;
		view->dirty = false;
		view->cursor_drawn = (struct kms_rect){0};
	}
	return submitted;
}

bool view_copies(struct view *view, const struct view_picture *picture, enum copy_reason *reason)
{
	if (!kms_output_active(view->output))
		return false;
	judge(view, picture);
	*reason = view->reason;
	return !view->direct;
}

/* By the copy path; the surface is up to date. */
static uint64_t update_copied(struct view *view, const struct kms_rect *damage, enum view_way *way)
{
	view_prepare_canvases(view);
	if (damage) {
		struct kms_rect rect = place_to_output(&view->canvas_place, damage);

		view_mark_complete(view, &rect);
	} else {
		view_mark_all(view);
	}

	*way = VIEW_COPIED;
	if (!kms_output_busy(view->output)) {
		enum composed composed = view_compose(view);

		if (composed == COMPOSED_SHOWN)
			return view->serial;
		if (composed == COMPOSED_FAILED) {
			*way = VIEW_FAILED;
			return 0;
		}
	}
	/* The frame that will be composed. */
	return view->serial + 1;
}

uint64_t view_update(struct view *view, const struct view_picture *picture,
	const struct kms_rect *damage, enum view_way *way)
{
	bool first = view->picture != picture || view->shows != SHOWS_PICTURE;

	view->picture = picture;
	view->shows = SHOWS_PICTURE;
	if (first)
		g_clear_pointer(&view->last, kms_buffer_unref);
	if (!kms_output_active(view->output)) {
		/* Nothing is marked: what was drawn ahead is a part of nothing. */
		canvas_set_forget_ahead(&view->canvases);
		*way = VIEW_OFF;
		return 0;
	}

	/* As view_copies() told the source. */
	bool up_to_date = !view->direct;
	if (first) {
		damage = NULL;
		view_apply_cursor(view);
		judge(view, picture);
	}

	if (view->direct) {
		bool busy = kms_output_busy(view->output);

		switch (submit_direct(view, damage)) {
		case KMS_SUBMIT_ACCEPTED:
			*way = busy ? VIEW_QUEUED : VIEW_DIRECT;
			return view->serial;
		case KMS_SUBMIT_OFF:
			*way = VIEW_OFF;
			return 0;
		case KMS_SUBMIT_REFUSED:
			view->direct = false;
			view->reason = COPY_TEST_REFUSED;
			break;
		}
	}
	if (!up_to_date) {
		up_to_date = view->listener->fill_surface(view->data, view->reason);
		damage = NULL;
	}
	if (!up_to_date || !picture->surface) {
		*way = VIEW_FAILED;
		return 0;
	}
	return update_copied(view, damage, way);
}

/* All of what is to be seen again: the output came back, or another way must be gone. */
void view_redisplay(struct view *view)
{
	struct kms_frame frame;

	if (!kms_output_active(view->output))
		return;

	switch (view->shows) {
	case SHOWS_NOTHING:
		return;
	case SHOWS_LAST:
		if (!view->last || view->kind.mode_width != kms_output_mode(view->output)->width ||
			view->kind.mode_height != kms_output_mode(view->output)->height)
			return;
		frame = view->last_frame;
		frame.serial = ++view->serial;
		kms_output_submit(view->output, &frame);
		return;
	case SHOWS_BLACK:
		break;
	case SHOWS_PICTURE:
		judge(view, view->picture);
		if (view->direct && submit_direct(view, NULL) != KMS_SUBMIT_REFUSED)
			return;
		if (view->direct) {
			view->direct = false;
			view->reason = COPY_TEST_REFUSED;
		}
		/* While the output was away nobody kept the surface up to date. */
		if (!view->listener->fill_surface(view->data, view->reason) ||
			!view->picture->surface)
			return;
		break;
	}
	view_prepare_canvases(view);
	view_mark_all(view);
	view_compose_when_free(view);
}

void view_show(struct view *view, const struct view_picture *picture)
{
	view->picture = picture;
	view->shows = SHOWS_PICTURE;
	g_clear_pointer(&view->last, kms_buffer_unref);
	if (!kms_output_active(view->output))
		return;
	view->kind.valid = false;
	view_redisplay(view);
}

/* The last frame, to be shown again after a mode set. */
static void keep_last(struct view *view)
{
	struct canvas *canvas = view->last_direct ? NULL : canvas_set_newest(&view->canvases);

	if (view->last_direct && view->picture && view->picture->buffer) {
		direct_frame(view, view->picture, &view->last_frame);
		view->last = kms_buffer_ref(view->picture->buffer);
	} else if (canvas) {
		view_canvas_frame(view, canvas->buffer, &view->last_frame);
		view->last = kms_buffer_ref(canvas->buffer);
	}
}

void view_release(struct view *view, bool black)
{
	/* A last picture that has stayed until now can still be called off. */
	if (view->shows != SHOWS_PICTURE && !(black && view->shows == SHOWS_LAST))
		return;

	/* What came is still shown; a third canvas is there for it while a flip is in flight. Where
	 * that is in use too, who waits for the next frame waits no longer. */
	if (!black && view->dirty && view->picture->surface && view_compose(view) != COMPOSED_SHOWN)
		view->listener->failed(view->data, view->serial + 1, ECANCELED);
	canvas_set_forget_ahead(&view->canvases);
	if (black)
		g_clear_pointer(&view->last, kms_buffer_unref);
	else
		keep_last(view);
	kms_output_set_cursor(view->output, NULL, 0, 0);
	view->shows = black ? SHOWS_BLACK : SHOWS_LAST;
	view->picture = NULL;
	view->dirty = false;
	view->cursor_blended = false;
	if (black) {
		view->kind.valid = false;
		view_redisplay(view);
	}
}

/* ---- what the output reports ---- */

void view_presented(struct view *view, uint64_t serial, const struct kms_presentation *presentation)
{
	view->vblank_us = presentation->time_us;
	view->listener->presented(view->data, serial, presentation);
	view_resume(view);
}

void view_resume(struct view *view)
{
	/* With a frame about to come the cursor goes with that. */
	if (view->dirty && view->only_cursor && !kms_output_busy(view->output))
		view_schedule_late(view);
	else
		view_compose_when_free(view);
}

void view_commit_failed(struct view *view, uint64_t serial, int error)
{
	bool fall_back = kms_is_refusal(error) && view->shows == SHOWS_PICTURE;

	view->damage_lost = true;
	view->listener->failed(view->data, serial, error);
	fall_back = fall_back && view->shows == SHOWS_PICTURE;

	if (fall_back && view->last_direct && view->direct) {
		view->direct = false;
		view->reason = COPY_TEST_REFUSED;
		view_redisplay(view);
	} else if (fall_back && view->scaler && !view->last_direct) {
		view->scaler = false;
		view_redisplay(view);
	} else {
		/* No event will come for what had to wait for one. */
		view_compose_when_free(view);
	}
}

/* A mode set drops the newest frame where that was made for another mode, and what the driver
 * refused before it, it may take now. */
static bool is_worth_asking_anew(const struct view *view)
{
	bool refused = !view->direct && view->reason == COPY_TEST_REFUSED;

	return view->shows == SHOWS_PICTURE && (view->damage_lost || refused);
}

void view_output_changed(struct view *view)
{
	const struct kms_mode_info *mode = kms_output_mode(view->output);
	bool active = kms_output_active(view->output);
	bool again = active &&
		(!view->active || mode->width != view->kind.mode_width ||
			mode->height != view->kind.mode_height || is_worth_asking_anew(view));

	view->active = active;
	/* A plane that took the cursor may refuse it now, and the other way round. */
	if (active && view->shows == SHOWS_PICTURE && view->kind.valid) {
		bool blended = view->cursor_blended;

		view_apply_cursor(view);
		again = again || blended != view->cursor_blended;
	}
	if (again) {
		if (view->shows != SHOWS_LAST)
			view->kind.valid = false;
		view_redisplay(view);
	} else {
		/* After a mode set the event that it waited for may never come. */
		view_compose_when_free(view);
	}
	view->listener->changed(view->data);
}

/* ---- life ---- */

static void ignore_presented(void *data, uint64_t serial,
	const struct kms_presentation *presentation)
{
}

static void ignore_failed(void *data, uint64_t serial, int error)
{
}

static void ignore_changed(void *data)
{
}

static bool fill_nothing(void *data, enum copy_reason reason)
{
	return false;
}

/* A view without a source has this one, so that nobody need ask. */
static const struct view_listener nobody = {
	.presented = ignore_presented,
	.failed = ignore_failed,
	.changed = ignore_changed,
	.fill_surface = fill_nothing,
};

struct view *view_create(const struct view_options *options)
{
	struct view *view = g_new0(struct view, 1);

	view->device = options->device;
	view->output = options->output;
	view->policy = options->policy;
	view->listener = &nobody;
	view->active = kms_output_active(options->output);
	return view;
}

void view_destroy(struct view *view)
{
	if (!view)
		return;
	if (view->late) {
		g_source_destroy(view->late);
		g_source_unref(view->late);
	}
	g_clear_pointer(&view->last, kms_buffer_unref);
	canvas_set_finish(&view->canvases);
	cursor_finish(&view->cursor);
	g_free(view);
}

struct kms_output *view_output(const struct view *view)
{
	return view->output;
}

void view_set_source(struct view *view, const struct view_listener *listener, void *data)
{
	if (view->shows != SHOWS_NOTHING)
		kms_output_set_cursor(view->output, NULL, 0, 0);
	view->listener = listener ? listener : &nobody;
	view->data = data;
	view->picture = NULL;
	view->shows = SHOWS_NOTHING;
	view->kind.valid = false;
	view->dirty = false;
	view->cursor_blended = false;
	cursor_set_image(&view->cursor, NULL, 0, 0);
	g_clear_pointer(&view->last, kms_buffer_unref);
	canvas_set_forget_ahead(&view->canvases);
}

bool view_live(const struct view *view)
{
	return kms_output_active(view->output);
}

int64_t view_period_us(const struct view *view)
{
	return INT64_C(1000000000) / kms_output_mode(view->output)->refresh_mhz;
}

bool view_picture_size(const struct view *view, uint32_t *width, uint32_t *height)
{
	if (view->shows != SHOWS_PICTURE || !view->kind.valid)
		return false;
	*width = view->kind.width;
	*height = view->kind.height;
	return true;
}

enum view_point view_pick(const struct view *view, double x, double y, double *picture_x,
	double *picture_y)
{
	const struct kind *kind = &view->kind;
	bool inside;

	if (view->shows != SHOWS_PICTURE || !kind->valid)
		return VIEW_POINT_NOWHERE;
	inside = place_from_output(&view->place, x * kind->mode_width, y * kind->mode_height,
		picture_x, picture_y);
	*picture_x /= kind->width;
	*picture_y /= kind->height;
	return inside ? VIEW_POINT_INSIDE : VIEW_POINT_BESIDE;
}
