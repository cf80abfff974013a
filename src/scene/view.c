/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The way of a frame between a source and one output, along the verdict (view_judge.c). What is to
 * be done is one value, view->due; view_act() does what can be done of it now, and is called
 * whenever something was added to it, or the output may be free.
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

void view_forget_last(struct view *view)
{
	g_clear_pointer(&view->last_buffer, kms_buffer_unref);
	if (view->kept && view->picture != &view->kept_picture)
		g_clear_pointer(&view->kept, surface_destroy);
}

/* One that is above all frames so far, of all views of the output, and not above the next of this
 * one. */
static uint64_t coming_serial(const struct view *view)
{
	return MAX(view->serial, view->stack ? view->stack->serial : 0) + 1;
}

void view_begin_picture(struct view *view)
{
	view->others_serial = coming_serial(view) - 1;
	view_forget_last(view);
	/* It has a cursor to be seen from now on, perhaps. */
	if (view->stack)
		view_stack_pass_cursor(view->stack, view);
}

static void note_last(struct view *view, const struct kms_frame *frame)
{
	const struct kms_mode_info *mode = kms_output_mode(view->output);

	if (view->last_buffer != frame->buffer) {
		kms_buffer_ref(frame->buffer);
		view_forget_last(view);
		view->last_buffer = frame->buffer;
	}
	view->last = *frame;
	view->last.damage = NULL;
	view->last.damage_count = 0;
	view->last_mode_width = mode->width;
	view->last_mode_height = mode->height;
	view->last_mode_refresh_mhz = mode->refresh_mhz;
}

uint64_t view_next_serial(struct view *view)
{
	view->serial = coming_serial(view);
	if (view->stack)
		view->stack->serial = view->serial;
	return view->serial;
}

bool view_busy(const struct view *view)
{
	if (!view->above)
		return kms_output_busy(view->output);
	return !view_is_drawn(view) && view->layer && kms_output_layer_busy(view->layer);
}

static enum kms_submit hand_over(struct view *view, const struct kms_frame *frame)
{
	if (!view->above)
		return kms_output_submit(view->output, frame);
	return view->layer ? kms_output_layer_submit(view->layer, frame) : KMS_SUBMIT_REFUSED;
}

enum kms_submit view_submit(struct view *view, struct kms_frame *frame, bool direct)
{
	enum kms_submit submitted;

	frame->serial = view_next_serial(view);
	submitted = hand_over(view, frame);
	if (submitted != KMS_SUBMIT_ACCEPTED)
		return submitted;
	note_last(view, frame);
	view->last_direct = direct;
	view->past_surface = false;
	view->damage_lost = false;
	view->due = DUE_NOTHING;
	if (direct) {
		view->cursor_drawn = (struct kms_rect){0};
		view->direct_serial = frame->serial;
	}
	return submitted;
}

static enum kms_submit submit_direct(struct view *view, const struct kms_rect *damage)
{
	const struct view_picture *picture = view->picture;
	struct kms_frame frame;
	struct kms_rect moved;

	view_direct_frame(view, picture, &view->verdict.place, &frame);
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
static bool show_last(struct view *view)
{
	const struct kms_mode_info *mode = kms_output_mode(view->output);

	if (!view->last_buffer || view->last_mode_width != mode->width ||
		view->last_mode_height != mode->height)
		return false;
	view->last.serial = view_next_serial(view);
	if (view->last_direct)
		view->direct_serial = view->last.serial;
	return hand_over(view, &view->last) == KMS_SUBMIT_ACCEPTED;
}

bool view_repeat(struct view *view)
{
	g_autoptr(view_stack_held) held G_GNUC_UNUSED = view_stack_hold(view->stack);

	return view->shows == SHOWS_PICTURE && kms_output_active(view->output) && show_last(view);
}

/* Nothing is composed for the updates that wait for the next frame, nor for those of layers that
 * are drawn into it. Returns its serial. */
static uint64_t give_up_next(struct view *view)
{
	uint64_t serial = view_next_serial(view);

	view->due = DUE_NOTHING;
	if (view->stack && !view->above)
		view_stack_failed(view->stack, serial);
	return serial;
}

/* Who waits for the next frame waits for nothing. */
static void fail_next(struct view *view, int error)
{
	view->listener->failed(view->data, give_up_next(view), error);
}

/* What lies below is seen until there is something to draw. */
static void leave_out(struct view *view)
{
	if (view->ready)
		view_stack_mark(view->stack, &view->drawn_rect);
	view->ready = false;
}

/* From now on the picture is read from its surface. */
static bool fill(struct view *view)
{
	enum view_fill filled = VIEW_FILL_DONE;

	if (!is_placeholder(view->picture))
		filled = view->listener->fill_surface(view->data, view->verdict.reason);
	switch (filled) {
	case VIEW_FILL_DONE:
		view->past_surface = false;
		return true;
	case VIEW_FILL_LATER:
		view->due = DUE_SURFACE;
		break;
	case VIEW_FILL_NEVER:
		view->due = DUE_NOTHING;
		break;
	}
	if (view_is_drawn(view) && !view->picture->surface)
		leave_out(view);
	return false;
}

static void mark_picture(struct view *view)
{
	view->past_surface = false;
	view_prepare_canvases(view);
	view_mark_all(view);
	view->due = DUE_CANVAS;
}

/* False: the verdict is another, or the driver refuses it, and the verdict is another now. */
static bool is_given_direct(struct view *view, const struct kms_rect *damage,
	enum kms_submit *submitted)
{
	if (view->verdict.way != VERDICT_DIRECT)
		return false;
	*submitted = submit_direct(view, damage);
	if (*submitted == KMS_SUBMIT_REFUSED)
		view_refused(view, VERDICT_ASK_DIRECT);
	return *submitted != KMS_SUBMIT_REFUSED;
}

/* All of what is to be seen again: the output came back, or another way must be gone. */
static void show_again(struct view *view)
{
	enum kms_submit submitted;

	if (view->shows != SHOWS_PICTURE) {
		view->due = DUE_NOTHING;
		if (view->shows == SHOWS_LAST)
			show_last(view);
		return;
	}

	view_judge(view);
	if (is_given_direct(view, NULL, &submitted))
		return;
	/* While the output was away nobody kept the surface up to date. */
	if (fill(view)) {
		mark_picture(view);
	} else if (view->due == DUE_NOTHING) {
		if (view_go_alone(view) && is_given_direct(view, NULL, &submitted))
			return;
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

/* Others are to come into the same canvas. */
static bool is_awaiting(const struct view *view)
{
	return view->stack && !view->above && view_stack_gathers(view->stack);
}

static G_GNUC_NO_INLINE void act(struct view *view)
{
	if (view->due == DUE_PICTURE)
		show_again(view);
	if (view_busy(view))
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
		if (!is_awaiting(view) && compose(view) == COMPOSED_FAILED)
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

/* False: it must go another way. */
static bool update_direct(struct view *view, const struct kms_rect *damage, enum view_way *way)
{
	bool busy = view_busy(view);
	enum kms_submit submitted;

	if (!is_given_direct(view, damage, &submitted))
		return false;
	*way = busy ? VIEW_QUEUED : VIEW_DIRECT;
	if (submitted == KMS_SUBMIT_OFF)
		*way = VIEW_OFF;
	return true;
}

/* By the copy path; the surface is up to date. `owed`: as in view_update(). */
static uint64_t update_copied(struct view *view, const struct kms_rect *damage, bool owed,
	enum view_way *way)
{
	view->past_surface = false;
	view_prepare_canvases(view);
	if (damage) {
		struct kms_rect rect = place_to_output(&view->canvas_place, damage);

		view_mark_complete(view, &rect);
	} else {
		view_mark_picture(view);
	}
	view->due = DUE_CANVAS;
	view->fresh = true;

	*way = VIEW_COPIED;
	if (!view_busy(view) && !is_awaiting(view)) {
		enum composed composed = compose(view);

		if (composed == COMPOSED_SHOWN)
			return view->serial;
		if (composed == COMPOSED_FAILED) {
			*way = VIEW_FAILED;
			return owed ? view->serial : 0;
		}
	}
	/* The frame that will be composed. */
	return coming_serial(view);
}

uint64_t view_update(struct view *view, const struct view_picture *picture,
	const struct kms_rect *damage, enum view_way *way)
{
	g_autoptr(view_stack_held) held G_GNUC_UNUSED = view_stack_hold(view->stack);
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
		view_begin_picture(view);
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
	if (update_direct(view, damage, way)) {
		/* Those that are left out may have nothing to bring that would ask for it. */
		if (view->stack && !view->above)
			view_stack_retry(view->stack);
		return *way == VIEW_OFF ? 0 : view->serial;
	}
	if (!up_to_date) {
		damage = NULL;
		*way = VIEW_COPIED;
		if (!fill(view)) {
			if (view->due == DUE_SURFACE)
				return coming_serial(view);
			if (view_go_alone(view) && update_direct(view, NULL, way))
				return *way == VIEW_OFF ? 0 : view->serial;
			*way = VIEW_FAILED;
			return owed ? give_up_next(view) : 0;
		}
	}
	return update_copied(view, damage, owed, way);
}

void view_show(struct view *view, const struct view_picture *picture)
{
	g_autoptr(view_stack_held) held G_GNUC_UNUSED = view_stack_hold(view->stack);

	view->picture = picture;
	view->shows = SHOWS_PICTURE;
	view->judged = false;
	view_begin_picture(view);
	view_want(view, DUE_PICTURE);
	view_act(view);
}

void view_surface_filled(struct view *view)
{
	g_autoptr(view_stack_held) held G_GNUC_UNUSED = view_stack_hold(view->stack);

	if (view->due != DUE_SURFACE || !kms_output_active(view->output))
		return;
	mark_picture(view);
	view_act(view);
}

bool view_surface_lost(struct view *view)
{
	g_autoptr(view_stack_held) held G_GNUC_UNUSED = view_stack_hold(view->stack);

	if (view->due != DUE_SURFACE)
		return false;
	if (kms_output_active(view->output) && view_go_alone(view)) {
		view->due = DUE_PICTURE;
		view_act(view);
		return false;
	}
	/* Of its fences: ETIMEDOUT is of a flip. */
	fail_next(view, ETIME);
	return true;
}

/* Another picture will be looked at from the beginning, without the cursor of this one. */
static void stop_picture(struct view *view)
{
	canvas_set_forget_ahead(&view->canvases);
	view_give_cursor(view, NULL, false);
	view->verdict.cursor = VERDICT_CURSOR_NONE;
	view->judged = false;
	view->proposed = false;
	view->past_surface = false;
	view->others_serial = coming_serial(view) - 1;
	/* Those that were left out for its sake are back. */
	if (view->stack && view->input.alone)
		view->stack->unsettled = true;
	view->input.alone = false;
}

void view_show_placeholder(struct view *view, const struct view_picture *picture)
{
	g_autoptr(view_stack_held) held G_GNUC_UNUSED = view_stack_hold(view->stack);

	view_secure(view);
	stop_picture(view);
	view_show(view, picture);
}

bool view_shows(const struct view *view, const struct view_picture *picture)
{
	return view->shows == SHOWS_PICTURE && view->picture == picture;
}

/* Its source has no picture. A layer is seen no longer. */
static void hide(struct view *view)
{
	/* What it has brought will not be composed. */
	if (view->due != DUE_NOTHING || view->fresh)
		fail_next(view, ECANCELED);
	stop_picture(view);
	view_forget_last(view);
	view->due = DUE_NOTHING;
	view->fresh = false;
	view->shows = SHOWS_NOTHING;
	view->awaited = false;
	view->picture = NULL;
	view->stack->unsettled = true;
}

void view_release(struct view *view, bool black_then)
{
	g_autoptr(view_stack_held) held G_GNUC_UNUSED = view_stack_hold(view->stack);

	if (black_then && view->above) {
		hide(view);
		return;
	}
	/* Of a process before this one, below layers on planes. */
	if (black_then && view->stack && view_keeps_former(view)) {
		view_show_placeholder(view, &black);
		return;
	}
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
	if (view->stack && view_keep_picture(view)) {
		view_show_placeholder(view, &view->kept_picture);
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
	g_autoptr(view_stack_held) held G_GNUC_UNUSED = view_stack_hold(view->stack);

	view->vblank_us = presentation->time_us;
	view->listener->presented(view->data, serial, presentation);
	if (view->stack && !view->above)
		view_stack_tell_presented(view->stack, serial, presentation);
	view_act(view);
}

void view_resume(struct view *view)
{
	g_autoptr(view_stack_held) held G_GNUC_UNUSED = view_stack_hold(view->stack);

	view_act(view);
}

void view_commit_failed(struct view *view, uint64_t serial, int error)
{
	g_autoptr(view_stack_held) held G_GNUC_UNUSED = view_stack_hold(view->stack);

	view->damage_lost = true;
	if (view->stack && !view->above)
		view_stack_tell_failed(view->stack, serial, error);

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
	/* What comes in its place is under way: view_tries_again(). */
	view->listener->failed(view->data, serial, error);
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

/* It may have been judged for a mode before it was told of it; and one of the same size is another,
 * too. */
static bool was_shown_in(const struct view *view, const struct kms_mode_info *mode)
{
	return mode->width == view->last_mode_width && mode->height == view->last_mode_height &&
		mode->refresh_mhz == view->last_mode_refresh_mhz;
}

/* Must what is shown be shown anew, in the mode that runs now? */
static bool needs_showing(struct view *view)
{
	const struct kms_mode_info *mode = kms_output_mode(view->output);

	/* A layer has lost its plane with the mode. */
	if (!view->active || view->above)
		return true;
	if (view->shows != SHOWS_PICTURE)
		return false;
	if (!view->judged || view_is_outdated(view) || !was_shown_in(view, mode) ||
		is_worth_asking_anew(view))
		return true;
	/* A plane that took the cursor may refuse it now, and the other way round. */
	enum verdict_cursor cursor = view->verdict.cursor;
	enum verdict_way way = view->verdict.way;

	view_judge_cursor(view);
	return view->verdict.cursor != cursor || view->verdict.way != way;
}

static void output_changed(struct view *view)
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

void view_output_changed(struct view *view)
{
	g_autoptr(view_stack_held) held G_GNUC_UNUSED = view_stack_hold(view->stack);

	if (view->stack)
		view->stack->unsettled = true;
	output_changed(view);
	/* Planes that went with the mode, for last pictures. */
	if (view->stack && view->stack->unsettled)
		view_stack_arrange(view->stack, NULL);
	for (size_t i = 0; view->stack && i < view->stack->count; i++)
		output_changed(view->stack->views[i]);
}
