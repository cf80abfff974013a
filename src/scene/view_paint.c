/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What an output is lit with: the placeholder that its view will show, drawn straight into the
 * first buffer, so that nothing else is seen before it.
 */
#include "scene/view_internal.h"

void view_paint(const struct view *view, struct kms_buffer *buffer)
{
	const struct view_picture *picture = view->picture;
	const struct kms_rect all = whole(kms_buffer_width(buffer), kms_buffer_height(buffer));
	struct copy_target target = {.width = (uint32_t)all.width, .height = (uint32_t)all.height};
	struct place place;

	if (view->shows != SHOWS_PICTURE || !is_placeholder(picture))
		return;
	target.pixels = kms_buffer_pixels(buffer, &target.stride);
	target.image = pixman_image_create_bits_no_clear(PIXMAN_x8r8g8b8, all.width, all.height,
		(uint32_t *)(void *)target.pixels, (int)target.stride);
	if (!target.image)
		return;
	if (picture->solid) {
		copy_fill(&target, &all, picture->color);
	} else {
		copy_fill(&target, &all, view->background);
		place_compute(&place, picture->width, picture->height, target.width, target.height,
			view->policy, view->transform);
		copy_surface(&target, picture->surface, &place, &all);
	}
	pixman_image_unref(target.image);
}
