/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A view as it is made, given a source and a place, asked and destroyed; and the last picture that
 * it keeps when its source goes. What it shows meanwhile is view.c's.
 */
#include <string.h>

#include "scene/view_internal.h"

/* ---- the last picture ---- */

/* What is half-sent is never seen: there it is as it was, or black. */
static void restore_unfinished(const struct view *view, struct surface *copy,
	const struct kms_rect *unfinished)
{
	struct copy_target target = {
		.width = surface_width(copy),
		.height = surface_height(copy),
	};

	if (!unfinished)
		return;
	target.pixels = surface_pixels(copy, &target.stride);
	copy_fill(&target, unfinished, 0);
	view_stack_rescue(view->stack, view, copy, unfinished);
}

static struct surface *copy_picture(const struct view *view)
{
	const struct surface *surface = view->picture->surface;
	uint32_t width = surface_width(surface);
	uint32_t height = surface_height(surface);
	struct surface *copy = surface_create("last picture", width, height, NULL);
	uint32_t from_stride, to_stride;
	const uint8_t *from = surface_pixels(surface, &from_stride);
	uint8_t *to;

	if (!copy)
		return NULL;
	to = surface_pixels(copy, &to_stride);
	copy_rows(to, to_stride, from, from_stride, (size_t)width * 4, height);
	restore_unfinished(view, copy, surface_unfinished(surface));
	return copy;
}

bool view_keep_picture(struct view *view)
{
	bool is_drawn = view_is_drawn(view) ? view->ready : !view->above && view->input.overlaid;
	struct surface *kept;

	if (!is_drawn || !view->judged || view->shows != SHOWS_PICTURE || !view->picture->surface)
		return false;
	kept = copy_picture(view);
	if (!kept)
		return false;
	surface_destroy(view->kept);
	view->kept = kept;
	view->kept_picture = (struct view_picture){
		.width = surface_width(kept),
		.height = surface_height(kept),
		.surface = kept,
		.placeholder = true,
	};
	return true;
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
	view->card = options->card;
	view->output = options->output;
	view->policy = options->policy;
	view_set_transform(view, options->transform);
	view->background = options->background;
	view->serial = options->serial;
	view->listener = &nobody;
	view->active = kms_output_active(options->output);
	view->area = options->area;
	view->opacity = options->opacity;
	view->awaited = true;
	view->flipped = options->flipped;
	view->flipped_data = options->flipped_data;
	if (options->below)
		view_stack_enter(view, options->below);
	return view;
}

uint64_t view_serial(const struct view *view)
{
	return view->serial;
}

uint64_t view_direct_serial(const struct view *view)
{
	return view->direct_serial;
}

bool view_tries_again(const struct view *view, uint64_t serial)
{
	return view->due >= DUE_CANVAS || (view->serial > serial && view_busy(view));
}

void view_destroy(struct view *view)
{
	if (!view)
		return;
	if (view->above)
		view_stack_leave(view);
	g_warn_if_fail(!view->stack);
	if (view->late) {
		g_source_destroy(view->late);
		g_source_unref(view->late);
	}
	view_forget_last(view);
	canvas_set_finish(&view->canvases);
	cursor_finish(&view->cursor);
	surface_destroy(view->kept);
	g_clear_pointer(&view->mask, pixman_image_unref);
	g_free(view);
}

bool view_is_layer(const struct view *view)
{
	return view->above;
}

struct kms_output *view_output(const struct view *view)
{
	return view->output;
}

uint32_t view_card(const struct view *view)
{
	return view->card;
}

void view_set_source(struct view *view, const struct view_listener *listener, void *data)
{
	g_autoptr(view_stack_held) held G_GNUC_UNUSED = view_stack_hold(view->stack);

	view_secure(view);
	if (view->shows != SHOWS_NOTHING)
		view_give_cursor(view, NULL, false);
	if (view->stack)
		view->stack->unsettled = true;
	view->listener = listener ? listener : &nobody;
	view->data = data;
	view->picture = NULL;
	view->shows = SHOWS_NOTHING;
	view->others_serial = view->serial;
	view->judged = false;
	view->proposed = false;
	view->verdict.cursor = VERDICT_CURSOR_NONE;
	view->due = DUE_NOTHING;
	view->fresh = false;
	view->fresh_us = 0;
	cursor_set_image(&view->cursor, NULL, 0, 0);
	view_forget_last(view);
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

void view_set_area(struct view *view, const struct kms_rect *area)
{
	g_autoptr(view_stack_held) held G_GNUC_UNUSED = view_stack_hold(view->stack);

	if (kms_rect_equal(&view->area, area))
		return;
	view->area = *area;
	view->told_same = false;
	if (view->shows != SHOWS_PICTURE)
		return;
	view->judged = false;
	view_want(view, DUE_PICTURE);
}

enum kms_transform view_transform(const struct view *view)
{
	return view->transform;
}

void view_screen_size(const struct view *view, uint32_t *width, uint32_t *height)
{
	const struct kms_mode_info *mode = kms_output_mode(view->output);
	bool sideways = place_is_sideways(view->transform);

	if (view->above) {
		*width = (uint32_t)view->area.width;
		*height = (uint32_t)view->area.height;
		return;
	}
	*width = sideways ? mode->height : mode->width;
	*height = sideways ? mode->width : mode->height;
}

bool view_keeps_former(const struct view *view)
{
	/* Below layers that are drawn there is black in its place. */
	return !view->above && !(view->stack && view->input.overlaid) &&
		view->shows == SHOWS_NOTHING && kms_output_keeps_former(view->output);
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

	if (!has_picture(view) || view->left_out)
		return VIEW_POINT_NOWHERE;
	inside = place_from_output(&view->verdict.place, x * kind->mode_width,
		y * kind->mode_height, picture_x, picture_y);
	*picture_x /= kind->width;
	*picture_y /= kind->height;
	return inside ? VIEW_POINT_INSIDE : VIEW_POINT_BESIDE;
}
