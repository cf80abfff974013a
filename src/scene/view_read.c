/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What an output shows of its source's picture, read back from the buffer that is on its plane: the
 * canvas, or the source's own.
 */
#include "scene/view_internal.h"

/* On the view's plane, on the glass; or NULL. */
static const struct kms_buffer *current_of(const struct view *view)
{
	if (!view->above)
		return kms_output_current(view->output);
	return view->layer ? kms_output_layer_current(view->layer) : NULL;
}

/* The canvas that is on the glass, if it has the picture. That it is the newest cannot be waited
 * for: a source that is a frame ahead has another one under way at each moment. It is not drawn
 * while the output has it. */
static enum source_draw read_canvas(struct view *view, const struct kms_rect *rect,
	const struct copy_target *target)
{
	struct view *from = view_is_drawn(view) ? view->stack->base : view;
	const struct canvas *canvas = canvas_set_find(&from->canvases, current_of(from));
	struct place place;

	if (!canvas || canvas->drawn <= view->others_serial ||
		(from != view && canvas->drawn > view->drawn_serial))
		return SOURCE_DRAW_LATER;
	place = canvas->lies;
	/* A layer's own lies where the layer does. */
	if (from->above) {
		place.destination.x += from->verdict.place.destination.x;
		place.destination.y += from->verdict.place.destination.y;
	}
	place.destination.x -= rect->x;
	place.destination.y -= rect->y;
	copy_image(target, canvas->target.image, &place);
	return SOURCE_DRAWN;
}

enum source_draw view_read(struct view *view, struct source *source, const struct kms_rect *rect,
	const struct copy_target *target)
{
	const struct kms_rect all = {0, 0, rect->width, rect->height};
	const struct kms_buffer *shown = NULL;
	uint32_t width, height;
	struct place place;

	copy_fill(target, &all, view->background);
	if (!source_size(source, &width, &height) || view->left_out)
		return SOURCE_DRAW_NEVER;
	/* Somebody else's picture is there: of the source's nothing is to be seen. */
	if (view->shows == SHOWS_PICTURE && view->judged && !is_placeholder(view->picture)) {
		if (view_is_drawn(view) || !view->last_direct)
			return read_canvas(view, rect, target);
		shown = current_of(view);
		if (!shown)
			return SOURCE_DRAW_LATER;
	}
	view_place(view, width, height, &place);
	place.destination.x -= rect->x;
	place.destination.y -= rect->y;
	return source_draw(source, shown, &place, target);
}
