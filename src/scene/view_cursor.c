/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The cursor of a view, on its way to the output: a cursor plane's, or blended into the picture.
 *
 * Views that share an output have one cursor plane, which is above all of them: that of the
 * output's own picture has it, if it is to be seen; else that of a layer, the uppermost that has
 * one at first, for as long as it is to be seen, so that no guest takes it from another by showing
 * and hiding its own. Its image is cut off where its layer ends, and cut out where layers above
 * hide it. While it lies below one that is seen through it is blended.
 */
#include "scene/view_internal.h"

#include <string.h>

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

/* Marks where a blended cursor was and is. */
static void mark(struct view *view)
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

/* What is seen of the image in its layer, as a part of it. The CRTC's edges cut it off by
 * themselves: there the image stays as it is. */
static struct kms_rect clip_of(const struct view *view, const struct place *place, int32_t x,
	int32_t y)
{
	const struct kms_mode_info *mode = kms_output_mode(view->output);
	const struct kms_rect *layer = &place->destination;
	int32_t left = layer->x, right = left + layer->width;
	int32_t top = layer->y, bottom = top + layer->height;

	left = left <= 0 ? 0 : CLAMP(left - x, 0, KMS_CURSOR_SIZE);
	top = top <= 0 ? 0 : CLAMP(top - y, 0, KMS_CURSOR_SIZE);
	right = right >= (int32_t)mode->width ? KMS_CURSOR_SIZE
					      : CLAMP(right - x, 0, KMS_CURSOR_SIZE);
	bottom = bottom >= (int32_t)mode->height ? KMS_CURSOR_SIZE
						 : CLAMP(bottom - y, 0, KMS_CURSOR_SIZE);
	return (struct kms_rect){left, top, right - left, bottom - top};
}

/* Where the view is seen: NULL, it is not. */
static const struct kms_rect *seen_at(const struct view *view)
{
	if (view->shows == SHOWS_NOTHING || view->left_out)
		return NULL;
	return view->shows == SHOWS_LAST ? &view->last.destination
					 : &view->verdict.place.destination;
}

static bool is_opaque(const struct view *view)
{
	return view->opacity == UINT16_MAX;
}

/* What of its seen part, on the CRTC, opaque views above hide. */
static void add_holes(const struct view *view, const struct kms_rect *seen, int32_t x, int32_t y,
	struct cursor_cut *cut)
{
	const struct view_stack *stack = view->stack;

	for (size_t i = stack->count; i-- > 0 && stack->views[i] != view;) {
		const struct kms_rect *upper = seen_at(stack->views[i]);
		struct kms_rect hole;

		if (!upper || !is_opaque(stack->views[i]))
			continue;
		hole = rect_intersect(upper, seen);
		if (rect_empty(&hole))
			continue;
		hole.x -= x;
		hole.y -= y;
		cut->holes[cut->count++] = hole;
	}
}

static void find_cut(const struct view *view, const struct place *place, struct cursor_cut *cut)
{
	const struct kms_rect seen = cursor_rect(&view->cursor, place);
	int32_t x, y;

	memset(cut, 0, sizeof(*cut));
	cut->clip = whole(KMS_CURSOR_SIZE, KMS_CURSOR_SIZE);
	if (!view->stack)
		return;
	cursor_plane_position(&view->cursor, place, &x, &y);
	if (view->above)
		cut->clip = clip_of(view, place, x, y);
	add_holes(view, &seen, x, y, cut);
}

static bool is_cut(const struct view *view, const struct cursor_cut *cut)
{
	return memcmp(cut, &view->cursor.cut, sizeof(*cut)) == 0;
}

static bool is_owner(const struct view *view)
{
	const struct view_stack *stack = view->stack;

	return view->above ? stack->pointing == view : !stack->pointing;
}

bool view_may_point(const struct view *view)
{
	return !view->stack || (is_owner(view) && !view->stack->covered);
}

void view_stack_clear_plane(struct view_stack *stack)
{
	if (stack->plane_left)
		kms_output_set_cursor(stack->base->output, NULL, 0, 0);
	stack->plane_left = false;
}

bool view_give_cursor(struct view *view, const struct place *place, bool shown)
{
	const uint32_t *pixels = NULL;
	uint32_t hot_x = 0, hot_y = 0;

	if (!view_may_point(view)) {
		if (!shown && is_owner(view))
			view_stack_clear_plane(view->stack);
		return false;
	}
	if (view->stack)
		view->stack->plane_left = false;
	if (shown)
		pixels = cursor_plane_image(&view->cursor, place, &hot_x, &hot_y);
	if (pixels) {
		find_cut(view, place, &view->cursor.cut);
		pixels = cursor_cut_image(&view->cursor, pixels, &view->cursor.cut);
		move_plane(view, place);
	}
	return kms_output_set_cursor(view->output, pixels, hot_x, hot_y) && pixels;
}

/* A blended cursor changed: its old and new place are drawn, when that is due. */
static void blended_cursor_changed(struct view *view, enum due due)
{
	if ((!view->picture->surface && !view->past_surface) ||
		(view->last_direct && !view_is_drawn(view)))
		return;
	mark(view);
	if (view->damage.count == 0 && !view_is_drawn(view))
		return;
	view_want(view, due);
	view_act(view);
}

static bool has_picture(const struct view *view)
{
	return view->shows == SHOWS_PICTURE && view->judged && !is_placeholder(view->picture);
}

/* Another verdict on it, and the picture by that. */
static void judge_again(struct view *view)
{
	bool was_blended = view_blends(view);

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
		/* What was on the plane until now, or will be, goes with the same commit. */
		blended_cursor_changed(view,
			view->stack && view_blends(view) != was_blended ? DUE_CANVAS : DUE_CURSOR);
	}
}

void view_set_cursor(struct view *view, const uint32_t *pixels, uint32_t hot_x, uint32_t hot_y)
{
	g_autoptr(view_stack_held) held G_GNUC_UNUSED = view_stack_hold(view->stack);

	cursor_set_image(&view->cursor, pixels, hot_x, hot_y);
	view->proposed = false;
	if (view->stack)
		view_stack_pass_cursor(view->stack, view);
	judge_again(view);
}

/* With what its layer, and those above, cut off and out there. */
static void move_on_plane(struct view *view)
{
	const struct place *place = &view->verdict.place;
	struct cursor_cut cut;

	if (view->stack)
		find_cut(view, place, &cut);
	if (!view->stack || is_cut(view, &cut))
		move_plane(view, place);
	else if (!view_give_cursor(view, place, true))
		judge_again(view);
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
	/* It lies below another layer now, or no longer. */
	if (view->stack && is_owner(view) && view_stack_pass_cursor(view->stack, NULL))
		return;
	/* A picture without a size has no place for one. */
	if (view_blends(view))
		blended_cursor_changed(view, DUE_CURSOR);
	else if (view->verdict.cursor == VERDICT_CURSOR_PLANE)
		move_on_plane(view);
}

/* ---- whose the plane is ---- */

static bool points(const struct view *view)
{
	return view->shows == SHOWS_PICTURE && !is_placeholder(view->picture) && !view->left_out &&
		cursor_visible(&view->cursor);
}

static struct view *find_pointing(const struct view_stack *stack)
{
	if (points(stack->base))
		return NULL;
	if (stack->pointing && points(stack->pointing))
		return stack->pointing;
	for (size_t i = stack->count; i-- > 0;) {
		if (points(stack->views[i]))
			return stack->views[i];
	}
	return NULL;
}

/* By one that it is to be seen through: the plane would be above that. */
static bool is_covered(const struct view_stack *stack, const struct view *view)
{
	const struct place *place = &view->verdict.place;
	struct kms_rect rect = cursor_rect(&view->cursor, place);

	rect = rect_intersect(&rect, &place->destination);
	for (size_t i = stack->count; i-- > 0 && stack->views[i] != view;) {
		const struct kms_rect *upper = seen_at(stack->views[i]);

		if (upper && !is_opaque(stack->views[i]) && rect_overlaps(upper, &rect))
			return true;
	}
	return false;
}

/* Of whom the plane is. That of the output's own picture stays as it is until the picture has what
 * is drawn of it; where that has none any more, it is judged by itself. */
static void take_plane(struct view_stack *stack, const struct view *pointing)
{
	if (stack->covered)
		view_stack_clear_plane(stack);
	else if (stack->pointing)
		kms_output_set_cursor(stack->base->output, NULL, 0, 0);
	else
		stack->plane_left = !pointing;
}

/* The layers above are elsewhere, or others. */
static void cut_anew(struct view *view)
{
	struct cursor_cut cut;

	if (view->verdict.cursor != VERDICT_CURSOR_PLANE || !has_picture(view) ||
		!cursor_visible(&view->cursor))
		return;
	find_cut(view, &view->verdict.place, &cut);
	if (!is_cut(view, &cut) && !view_give_cursor(view, &view->verdict.place, true))
		judge_again(view);
}

bool view_stack_pass_cursor(struct view_stack *stack, struct view *asking)
{
	struct view *before = stack->pointing;
	struct view *pointing = find_pointing(stack);
	struct view *owner = pointing ? pointing : stack->base;
	bool covered = pointing == before && stack->covered && points(owner);
	struct view *changed[] = {before ? before : stack->base, owner};

	/* Until it is judged, it has no place. */
	if (points(owner) && owner->judged)
		covered = is_covered(stack, owner);
	stack->lifted &= covered && !pointing;
	covered &= !stack->lifted;
	if (pointing == before && covered == stack->covered) {
		cut_anew(owner);
		return false;
	}
	take_plane(stack, pointing);
	stack->pointing = pointing;
	stack->covered = covered;
	for (size_t i = pointing == before ? 1 : 0; i < G_N_ELEMENTS(changed); i++) {
		if (changed[i] != asking && cursor_visible(&changed[i]->cursor))
			judge_again(changed[i]);
	}
	return true;
}

void view_stack_drop_cursor(struct view_stack *stack, const struct view *view)
{
	if (stack->pointing != view)
		return;
	take_plane(stack, NULL);
	stack->pointing = NULL;
	stack->covered = false;
}
