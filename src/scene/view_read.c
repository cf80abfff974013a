/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What an output shows of its source's picture, read back from the buffer that is on its plane: the
 * canvas, or the source's own.
 */
#include "scene/view_internal.h"

/* The canvas that is on the glass, if it has the picture. That it is the newest cannot be waited
 * for: a source that is a frame ahead has another one under way at each moment. It is not drawn
 * while the output has it. */
static enum source_draw read_canvas(struct view *view, const struct kms_rect *rect,
	const struct copy_target *target)
{
	const struct canvas *canvas = canvas_set_find(&view->canvases,
		kms_output_current(view->output));
	struct place place;

	if (!canvas || canvas->drawn <= view->others_serial)
		return SOURCE_DRAW_LATER;
	place = canvas->lies;
	place.destination.x -= rect->x;
	place.destination.y -= rect->y;
	copy_image(target, canvas->target.image, &place);
	return SOURCE_DRAWN;
}

enum source_draw view_read(struct view *view, struct source *source, const struct kms_rect *rect,
	const struct copy_target *target)
{
	const struct kms_mode_info *mode = kms_output_mode(view->output);
	const struct kms_rect all = {0, 0, rect->width, rect->height};
	const struct kms_buffer *shown = NULL;
	uint32_t width, height;
	struct place place;

	copy_fill(target, &all, view->background);
	if (!source_size(source, &width, &height))
		return SOURCE_DRAW_NEVER;
	/* Somebody else's picture is there: of the source's nothing is to be seen. */
	if (view->shows == SHOWS_PICTURE && view->judged && !is_placeholder(view->picture)) {
		if (!view->last_direct)
			return read_canvas(view, rect, target);
		shown = kms_output_current(view->output);
		if (!shown)
			return SOURCE_DRAW_LATER;
	}
	place_compute(&place, width, height, mode->width, mode->height, view->policy,
		view->transform);
	place.destination.x -= rect->x;
	place.destination.y -= rect->y;
	return source_draw(source, shown, &place, target);
}
