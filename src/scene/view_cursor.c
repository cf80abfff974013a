/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The cursor of a view, on its way to the output: a cursor plane's, or blended into the picture.
 */
#include "scene/view_internal.h"

/* A cursor that is blended waits until so late before the next vblank for a frame to go with
 * (design 8). */
#define LATE_US 4000

static gboolean late_dispatch(GSource *source, GSourceFunc callback, gpointer data)
{
	g_source_set_ready_time(source, -1);
	view_compose_when_free(data);
	return G_SOURCE_CONTINUE;
}

/* GLib calls dispatch with the callback's data. */
static GSourceFuncs late_funcs = {.dispatch = late_dispatch};

static gboolean late_callback(gpointer data)
{
	return G_SOURCE_CONTINUE;
}

/* Composes late before the next vblank, unless a frame comes first and takes the cursor with it. */
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
		g_source_set_static_name(view->late, "scanoutd late cursor");
		g_source_set_callback(view->late, late_callback, view, NULL);
		g_source_attach(view->late, NULL);
	}
	g_source_set_ready_time(view->late, MAX(due, now));
}

/* A blended cursor changed: its old and new place are drawn with the next frame, or late. */
static void cursor_changed(struct view *view)
{
	struct kms_rect rect;
	bool was_dirty = view->dirty && !view->only_cursor;

	if (view->shows != SHOWS_PICTURE || !view->picture->surface || view->last_direct)
		return;
	if (!rect_empty(&view->cursor_drawn))
		view_mark(view, &view->cursor_drawn);
	if (view->cursor_blended) {
		rect = cursor_rect(&view->cursor, &view->canvas_place);
		rect = rect_intersect(&rect, &view->canvas_place.destination);
		if (!rect_empty(&rect))
			view_mark(view, &rect);
	}
	view->only_cursor = view->dirty && !was_dirty;
	if (view->only_cursor && !kms_output_busy(view->output))
		view_schedule_late(view);
}

static void move_plane(struct view *view)
{
	struct kms_rect rect = cursor_rect(&view->cursor, &view->place);
	int32_t x, y;

	cursor_plane_position(&view->cursor, &view->place, &x, &y);
	/* Beside the picture it would lie on the black border. */
	if (!rect_overlaps(&rect, &view->place.destination)) {
		x = (int32_t)view->kind.mode_width;
		y = (int32_t)view->kind.mode_height;
	}
	kms_output_move_cursor(view->output, x, y);
}

/* Gives the cursor to the plane; where that is not possible it is blended from now on. */
void view_apply_cursor(struct view *view)
{
	const uint32_t *pixels = NULL;
	uint32_t hot_x = 0, hot_y = 0;
	bool visible = cursor_visible(&view->cursor) && view->shows == SHOWS_PICTURE;

	if (visible)
		pixels = cursor_plane_image(&view->cursor, &view->place, &hot_x, &hot_y);
	if (pixels)
		move_plane(view);
	view->cursor_blended = !kms_output_set_cursor(view->output, pixels, hot_x, hot_y);
	if (visible && !pixels)
		view->cursor_blended = true;
	if (!visible)
		view->cursor_blended = false;
}

void view_set_cursor(struct view *view, const uint32_t *pixels, uint32_t hot_x, uint32_t hot_y)
{
	bool was_blended = view->cursor_blended;

	cursor_set_image(&view->cursor, pixels, hot_x, hot_y);
	if (view->shows != SHOWS_PICTURE || !view->kind.valid)
		return;

	view_apply_cursor(view);
	if (view->cursor_blended && view->last_direct)
		view_redisplay(view);
	else if (view->cursor_blended || was_blended)
		cursor_changed(view);
}

void view_move_cursor(struct view *view, int32_t x, int32_t y)
{
	if (view->cursor.x == x && view->cursor.y == y)
		return;
	view->cursor.x = x;
	view->cursor.y = y;
	if (view->shows != SHOWS_PICTURE || !view->kind.valid || !cursor_visible(&view->cursor))
		return;
	if (view->cursor_blended)
		cursor_changed(view);
	else
		move_plane(view);
}
