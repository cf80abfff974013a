/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The way of a frame between a source and one output, along the verdict (view_judge.c). What is to be
 * done is one value, view->due; view_act() does what can be done of it now, and is called whenever
 * something was added to it, or the output may be free.
 */
#include "scene/view.h"

#include <errno.h>

#include "scene/view_internal.h"

static const struct view_picture black = {.solid = true};

/* ---- what is due ---- */

void view_want(struct view *view, enum due due)
{
	view->due = MAX(view->due, due);
}

static void forget_last(struct view *view)
{
	g_clear_pointer(&view->last_buffer, kms_buffer_unref);
}

static void note_last(struct view *view, const struct kms_frame *frame)
{
	const struct kms_mode_info *mode = kms_output_mode(view->output);

	if (view->last_buffer != frame->buffer) {
		kms_buffer_ref(frame->buffer);
		forget_last(view);
		view->last_buffer = frame->buffer;
	}
	view->last = *frame;
	view->last.damage = NULL;
	view->last.damage_count = 0;
	view->last_mode_width = mode->width;
	view->last_mode_height = mode->height;
}

enum kms_submit view_submit(struct view *view, struct kms_frame *frame, bool direct)
{
	enum kms_submit submitted;

	frame->serial = ++view->serial;
	submitted = kms_output_submit(view->output, frame);
	if (submitted != KMS_SUBMIT_ACCEPTED)
		return submitted;
	note_last(view, frame);
	view->last_direct = direct;
	view->damage_lost = false;
	view->due = DUE_NOTHING;
	if (direct)
		view->cursor_drawn = (struct kms_rect){0};
	return submitted;
}

static enum kms_submit submit_direct(struct view *view, const struct kms_rect *damage)
{
	const struct view_picture *picture = view->picture;
	struct kms_frame frame;
	struct kms_rect moved;

	view_direct_frame(picture, &view->verdict.place, &frame);
	/* Upside down all of it is damaged, which is never wrong. After a canvas it is, too. */
	if (damage && !picture->y_inverted && view->last_direct && !view->damage_lost) {
		moved = *damage;
		moved.x += picture->part.x;
		moved.y += picture->part.y;
		frame.damage = &moved;
		frame.damage_count = 1;
	}
	return view_submit(view, &frame, true);
}

/* A mode set has dropped it. In another mode it would lie elsewhere. */
static void show_last(struct view *view)
{
	const struct kms_mode_info *mode = kms_output_mode(view->output);

	if (!view->last_buffer || view->last_mode_width != mode->width ||
		view->last_mode_height != mode->height)
		return;
	view->last.serial = ++view->serial;
	kms_output_submit(view->output, &view->last);
}

/* Who waits for the next frame waits for nothing. */
static void fail_next(struct view *view, int error)
{
	view->due = DUE_NOTHING;
	view->listener->failed(view->data, ++view->serial, error);
}

/* From now on the picture is read from its surface. */
static bool fill(struct view *view)
{
	enum view_fill filled = VIEW_FILL_DONE;

	if (!is_placeholder(view->picture))
		filled = view->listener->fill_surface(view->data, view->verdict.reason);
	switch (filled) {
	case VIEW_FILL_DONE:
		return true;
	case VIEW_FILL_LATER:
		view->due = DUE_SURFACE;
		break;
	case VIEW_FILL_NEVER:
		view->due = DUE_NOTHING;
		break;
	}
	return false;
}

static void mark_picture(struct view *view)
{
	view_prepare_canvases(view);
	view_mark_all(view);
	view->due = DUE_CANVAS;
}

/* All of what is to be seen again: the output came back, or another way must be gone. */
static void show_again(struct view *view)
{
	if (view->shows != SHOWS_PICTURE) {
		view->due = DUE_NOTHING;
		if (view->shows == SHOWS_LAST)
			show_last(view);
		return;
	}

	view_judge(view);
	if (view->verdict.way == VERDICT_DIRECT) {
		if (submit_direct(view, NULL) != KMS_SUBMIT_REFUSED)
			return;
		view_refused(view, VERDICT_ASK_DIRECT);
	}
	/* While the output was away nobody kept the surface up to date. */
	if (fill(view)) {
		mark_picture(view);
	} else if (view->due == DUE_NOTHING) {
		show_last(view);
		fail_next(view, EIO);
		if (view->listener->unshown)
			view->listener->unshown(view->data);
	}
}

static enum composed compose(struct view *view)
{
	enum composed composed = view_compose(view);

	if (composed == COMPOSED_FAILED)
		view->due = DUE_NOTHING;
	return composed;
}

static G_GNUC_NO_INLINE void act(struct view *view)
{
	if (view->due == DUE_PICTURE)
		show_again(view);
	if (kms_output_busy(view->output))
		return;

	switch (view->due) {
	case DUE_NOTHING:
	case DUE_SURFACE:
	case DUE_PICTURE:
		break;
	case DUE_CURSOR:
		/* With a frame about to come the cursor goes with that. */
		view_schedule_late(view);
		break;
	case DUE_CANVAS:
		if (compose(view) == COMPOSED_FAILED)
			view->listener->failed(view->data, view->serial, EINVAL);
		break;
	}
}

/* Nothing is due where each frame went direct: the case of nearly every event. */
void view_act(struct view *view)
{
	if (view->due != DUE_NOTHING && kms_output_active(view->output))
		act(view);
}

/* ---- what the source says ---- */

/* By the copy path; the surface is up to date. `owed`: as in view_update(). */
static uint64_t update_copied(struct view *view, const struct kms_rect *damage, bool owed,
	enum view_way *way)
{
	view_prepare_canvases(view);
	if (damage) {
		struct kms_rect rect = place_to_output(&view->canvas_place, damage);

		view_mark_complete(view, &rect);
	} else {
		view_mark_all(view);
	}
	view->due = DUE_CANVAS;

	*way = VIEW_COPIED;
	if (!kms_output_busy(view->output)) {
		enum composed composed = compose(view);

		if (composed == COMPOSED_SHOWN)
			return view->serial;
		if (composed == COMPOSED_FAILED) {
			*way = VIEW_FAILED;
			return owed ? view->serial : 0;
		}
	}
	/* The frame that will be composed. */
	return view->serial + 1;
}

uint64_t view_update(struct view *view, const struct view_picture *picture,
	const struct kms_rect *damage, enum view_way *way)
{
	bool first = view->picture != picture || view->shows != SHOWS_PICTURE;
	bool up_to_date = view->told_copies;
	bool judged = view->judged && view->told_same;
	/* Somebody was told to wait for the next frame. */
	bool owed = view->due >= DUE_CANVAS;

	view->picture = picture;
	view->shows = SHOWS_PICTURE;
	view->told_copies = false;
	view->told_same = false;
	if (first)
		forget_last(view);
	if (!kms_output_active(view->output)) {
		/* Nothing is marked: what was drawn ahead is a part of nothing. */
		canvas_set_forget_ahead(&view->canvases);
		*way = VIEW_OFF;
		return 0;
	}
	if (first || view->due >= DUE_SURFACE)
		damage = NULL;

	if (judged)
		view->judged_version = picture->version;
	else
		view_judge(view);
	if (view->verdict.way == VERDICT_DIRECT) {
		bool busy = kms_output_busy(view->output);

		switch (submit_direct(view, damage)) {
		case KMS_SUBMIT_ACCEPTED:
			*way = busy ? VIEW_QUEUED : VIEW_DIRECT;
			return view->serial;
		case KMS_SUBMIT_OFF:
			*way = VIEW_OFF;
			return 0;
		case KMS_SUBMIT_REFUSED:
			view_refused(view, VERDICT_ASK_DIRECT);
			break;
		}
	}
	if (!up_to_date) {
		damage = NULL;
		*way = VIEW_COPIED;
		if (!fill(view)) {
			if (view->due == DUE_SURFACE)
				return view->serial + 1;
			*way = VIEW_FAILED;
			return owed ? ++view->serial : 0;
		}
	}
	return update_copied(view, damage, owed, way);
}

void view_show(struct view *view, const struct view_picture *picture)
{
	view->picture = picture;
	view->shows = SHOWS_PICTURE;
	view->judged = false;
	forget_last(view);
	view_want(view, DUE_PICTURE);
	view_act(view);
}

void view_surface_filled(struct view *view)
{
	if (view->due != DUE_SURFACE || !kms_output_active(view->output))
		return;
	mark_picture(view);
	view_act(view);
}

bool view_surface_lost(struct view *view)
{
	if (view->due != DUE_SURFACE)
		return false;
	fail_next(view, ETIMEDOUT);
	return true;
}

/* Another picture will be looked at from the beginning, without the cursor of this one. */
static void stop_picture(struct view *view)
{
	canvas_set_forget_ahead(&view->canvases);
	kms_output_set_cursor(view->output, NULL, 0, 0);
	view->verdict.cursor = VERDICT_CURSOR_NONE;
	view->judged = false;
	view->proposed = false;
}

void view_show_placeholder(struct view *view, const struct view_picture *picture)
{
	stop_picture(view);
	view_show(view, picture);
}

bool view_shows(const struct view *view, const struct view_picture *picture)
{
	return view->shows == SHOWS_PICTURE && view->picture == picture;
}

void view_release(struct view *view, bool black_then)
{
	/* A last picture that has stayed until now can still be called off. */
	if ((view->shows != SHOWS_PICTURE && !(black_then && view->shows == SHOWS_LAST)) ||
		view->picture == &black)
		return;
	/* It is not the source's, and stays until another is due. */
	if (!black_then && is_placeholder(view->picture))
		return;

	/* What came is still shown; a third canvas is there for it while a flip is in flight. Where
	 * that is in use too, who waits for the next frame waits no longer. */
	if (!black_then && view->due != DUE_NOTHING &&
		(view->due >= DUE_SURFACE || view_compose(view) != COMPOSED_SHOWN))
		fail_next(view, ECANCELED);
	if (black_then) {
		view_show_placeholder(view, &black);
		return;
	}
	stop_picture(view);
	view->due = DUE_NOTHING;
	view->shows = SHOWS_LAST;
	view->picture = NULL;
}

/* ---- what the output reports ---- */

void view_presented(struct view *view, uint64_t serial, const struct kms_presentation *presentation)
{
	view->vblank_us = presentation->time_us;
	view->listener->presented(view->data, serial, presentation);
	view_act(view);
}

void view_resume(struct view *view)
{
	view_act(view);
}

void view_commit_failed(struct view *view, uint64_t serial, int error)
{
	view->damage_lost = true;
	view->listener->failed(view->data, serial, error);

	/* Without a fallback there is still what had to wait for an event that will not come. */
	if (kms_is_refusal(error) && view->shows == SHOWS_PICTURE && view->judged) {
		enum verdict_way way = view->verdict.way;

		if (view->last_direct && way == VERDICT_DIRECT)
			view_refused(view, VERDICT_ASK_DIRECT);
		else if (!view->last_direct && way == VERDICT_PLACED_CANVAS)
			view_refused(view, VERDICT_ASK_PLACED);
		if (view->verdict.way != way)
			view_want(view, DUE_PICTURE);
	}
	view_act(view);
}

/* A mode set drops the newest frame where that was made for another mode, and what the driver
 * refused before it, it may take now. */
static bool is_worth_asking_anew(const struct view *view)
{
	const enum verdict_answer *answers = view->input.answers;
	bool refused = view->judged && view->verdict.way != VERDICT_DIRECT &&
		!view->picture->solid &&
		(answers[VERDICT_ASK_DIRECT] == VERDICT_NO ||
			answers[VERDICT_ASK_PLACED] == VERDICT_NO);

	return view->damage_lost || refused;
}

/* Must what is shown be shown anew, in the mode that runs now? */
static bool needs_showing(struct view *view)
{
	const struct kms_mode_info *mode = kms_output_mode(view->output);
	const struct verdict_kind *kind = &view->input.kind;

	if (!view->active)
		return true;
	if (view->shows != SHOWS_PICTURE)
		return false;
	if (!view->judged || mode->width != kind->mode_width || mode->height != kind->mode_height ||
		is_worth_asking_anew(view))
		return true;
	/* A plane that took the cursor may refuse it now, and the other way round. */
	enum verdict_cursor cursor = view->verdict.cursor;
	enum verdict_way way = view->verdict.way;

	view_judge_cursor(view);
	return view->verdict.cursor != cursor || view->verdict.way != way;
}

void view_output_changed(struct view *view)
{
	bool active = kms_output_active(view->output);

	if (active && needs_showing(view)) {
		view->judged = false;
		view_want(view, DUE_PICTURE);
	}
	view->active = active;
	/* After a mode set the event that it waited for may never come. */
	view_act(view);
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

static enum view_fill fill_nothing(void *data, enum copy_reason reason)
{
	return VIEW_FILL_NEVER;
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
	view_set_transform(view, options->transform);
	view->background = options->background;
	view->serial = options->serial;
	view->listener = &nobody;
	view->active = kms_output_active(options->output);
	return view;
}

uint64_t view_serial(const struct view *view)
{
	return view->serial;
}

void view_destroy(struct view *view)
{
	if (!view)
		return;
	if (view->late) {
		g_source_destroy(view->late);
		g_source_unref(view->late);
	}
	forget_last(view);
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
	view->judged = false;
	view->proposed = false;
	view->verdict.cursor = VERDICT_CURSOR_NONE;
	view->due = DUE_NOTHING;
	cursor_set_image(&view->cursor, NULL, 0, 0);
	forget_last(view);
	canvas_set_forget_ahead(&view->canvases);
}

void view_set_policy(struct view *view, enum place_policy policy)
{
	view->policy = policy;
}

void view_set_transform(struct view *view, enum kms_transform transform)
{
	view->transform = transform ? transform : KMS_ROTATE_0;
	view->told_same = false;
}

void view_set_background(struct view *view, uint32_t color)
{
	view->background = color;
	view->told_same = false;
}

enum kms_transform view_transform(const struct view *view)
{
	return view->transform;
}

void view_screen_size(const struct view *view, uint32_t *width, uint32_t *height)
{
	const struct kms_mode_info *mode = kms_output_mode(view->output);
	bool sideways = place_is_sideways(view->transform);

	*width = sideways ? mode->height : mode->width;
	*height = sideways ? mode->width : mode->height;
}

bool view_live(const struct view *view)
{
	return kms_output_active(view->output);
}

int64_t view_period_us(const struct view *view)
{
	return INT64_C(1000000000) / kms_output_mode(view->output)->refresh_mhz;
}

/* Black and the like are no picture for those who point at one. */
static bool has_picture(const struct view *view)
{
	return view->shows == SHOWS_PICTURE && view->judged && !is_placeholder(view->picture);
}

bool view_picture_size(const struct view *view, uint32_t *width, uint32_t *height)
{
	if (!has_picture(view))
		return false;
	*width = view->input.kind.width;
	*height = view->input.kind.height;
	return true;
}

enum view_point view_pick(const struct view *view, double x, double y, double *picture_x,
	double *picture_y)
{
	const struct verdict_kind *kind = &view->input.kind;
	bool inside;

	if (!has_picture(view))
		return VIEW_POINT_NOWHERE;
	inside = place_from_output(&view->verdict.place, x * kind->mode_width,
		y * kind->mode_height, picture_x, picture_y);
	*picture_x /= kind->width;
	*picture_y /= kind->height;
	return inside ? VIEW_POINT_INSIDE : VIEW_POINT_BESIDE;
}
