/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The cursor of a view, on its way to the output: a cursor plane's, or blended into the picture.
 */
#include "scene/view_internal.h"

#include "turn.h"

/* A cursor that is blended waits until so late before the next vblank for a frame to go with
 * (design 8). */
#define LATE_US 4000

static gboolean late_dispatch(GSource *source, GSourceFunc callback, gpointer data)
{
	struct view *view = data;

	turn_note();
	g_source_set_ready_time(source, -1);
	/* With a flip in flight the next one takes it along, or is followed by another wake-up. */
	if (view->due == DUE_CURSOR && !view_busy(view)) {
		g_autoptr(view_stack_held) held G_GNUC_UNUSED = view_stack_hold(view->stack);

		view_want(view, DUE_CANVAS);
		view_act(view);
	}
	return G_SOURCE_CONTINUE;
}

/* GLib calls dispatch with the callback's data. */
static GSourceFuncs late_funcs = {.dispatch = late_dispatch};

static gboolean late_callback(gpointer data)
{
	return G_SOURCE_CONTINUE;
}

void view_schedule_late(struct view *view)
{
	int64_t period = view_period_us(view);
	int64_t now = g_get_monotonic_time();
	int64_t into = view->vblank_us > 0 && now > view->vblank_us
		? (now - view->vblank_us) % period
		: 0;
	int64_t due = now - into + period - LATE_US;

	if (!view->late) {
		view->late = g_source_new(&late_funcs, sizeof(GSource));
		g_source_set_static_name(view->late, "late cursor");
		g_source_set_callback(view->late, late_callback, view, NULL);
		g_source_attach(view->late, NULL);
	}
	g_source_set_ready_time(view->late, MAX(due, now));
}

void view_mark_cursor(struct view *view)
{
	struct kms_rect rect;

	if (!rect_empty(&view->cursor_drawn))
		view_mark(view, &view->cursor_drawn);
	/* Without a canvas so far there is no place: what is drawn first is all of it. */
	if (!view_blends(view) || rect_empty(&view->canvas_place.destination))
		return;
	rect = cursor_rect(&view->cursor, &view->canvas_place);
	rect = rect_intersect(&rect, &view->canvas_place.destination);
	if (!rect_empty(&rect))
		view_mark(view, &rect);
}

static void move_plane(struct view *view, const struct place *place)
{
	struct kms_rect rect = cursor_rect(&view->cursor, place);
	const struct kms_mode_info *mode = kms_output_mode(view->output);
	int32_t x, y;

	cursor_plane_position(&view->cursor, place, &x, &y);
	/* Beside the picture it would lie on the black border. */
	if (!rect_overlaps(&rect, &place->destination)) {
		x = (int32_t)mode->width;
		y = (int32_t)mode->height;
	}
	kms_output_move_cursor(view->output, x, y);
}

bool view_give_cursor(struct view *view, const struct place *place, bool shown)
{
	const uint32_t *pixels = NULL;
	uint32_t hot_x = 0, hot_y = 0;

	/* It is the output's own picture's. */
	if (view->above)
		return false;
	if (shown)
		pixels = cursor_plane_image(&view->cursor, place, &hot_x, &hot_y);
	if (pixels)
		move_plane(view, place);
	return kms_output_set_cursor(view->output, pixels, hot_x, hot_y) && pixels;
}

/* A blended cursor changed: its old and new place are drawn with the next frame, or late. */
static void blended_cursor_changed(struct view *view)
{
	if ((!view->picture->surface && !view->past_surface) ||
		(view->last_direct && !view_is_drawn(view)))
		return;
	view_mark_cursor(view);
	if (view->damage.count == 0 && !view_is_drawn(view))
		return;
	view_want(view, DUE_CURSOR);
	view_act(view);
}

static bool has_picture(const struct view *view)
{
	return view->shows == SHOWS_PICTURE && view->judged && !is_placeholder(view->picture);
}

void view_set_cursor(struct view *view, const uint32_t *pixels, uint32_t hot_x, uint32_t hot_y)
{
	g_autoptr(view_stack_held) held G_GNUC_UNUSED = view_stack_hold(view->stack);
	bool was_blended = view_blends(view);

	cursor_set_image(&view->cursor, pixels, hot_x, hot_y);
	view->proposed = false;
	if (!has_picture(view))
		return;
	if (!kms_output_active(view->output)) {
		view->judged = false;
		return;
	}

	view_judge_cursor(view);
	/* A layer that has no cursor any more may be on a plane of another kind now. */
	if ((view_blends(view) && view->last_direct) ||
		(view->above && was_blended && !view_blends(view))) {
		view_want(view, DUE_PICTURE);
		view_act(view);
	} else if (view_blends(view) || was_blended) {
		blended_cursor_changed(view);
	}
}

void view_move_cursor(struct view *view, int32_t x, int32_t y)
{
	g_autoptr(view_stack_held) held G_GNUC_UNUSED = view_stack_hold(view->stack);

	if (view->cursor.x == x && view->cursor.y == y)
		return;
	view->cursor.x = x;
	view->cursor.y = y;
	if (!has_picture(view) || !cursor_visible(&view->cursor))
		return;
	/* A picture without a size has no place for one. */
	if (view_blends(view))
		blended_cursor_changed(view);
	else if (view->verdict.cursor == VERDICT_CURSOR_PLANE)
		move_plane(view, &view->verdict.place);
}
