/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What an output is lit with: the placeholder that its view will show, or its guest's first picture,
 * drawn straight into the first buffer, so that nothing else is seen before it.
 */
#include "scene/view_internal.h"

/* False: there is no memory for it. The image is to be released. */
static bool begin(struct copy_target *target, struct kms_buffer *buffer)
{
	target->width = kms_buffer_width(buffer);
	target->height = kms_buffer_height(buffer);
	target->pixels = kms_buffer_pixels(buffer, &target->stride);
	target->image = pixman_image_create_bits_no_clear(PIXMAN_x8r8g8b8, (int)target->width,
		(int)target->height, (uint32_t *)(void *)target->pixels, (int)target->stride);
	return target->image != NULL;
}

void view_paint_source(const struct view *view, struct source *source, struct kms_buffer *buffer)
{
	const struct kms_rect all = whole(kms_buffer_width(buffer), kms_buffer_height(buffer));
	struct copy_target target = {0};
	uint32_t width, height;
	struct place place;

	if (!source_size(source, &width, &height) || !begin(&target, buffer))
		return;
	copy_fill(&target, &all, view->background);
	place_compute(&place, width, height, target.width, target.height, view->policy,
		view->transform);
	source_draw(source, NULL, &place, &target);
	pixman_image_unref(target.image);
}

void view_paint(const struct view *view, struct kms_buffer *buffer)
{
	const struct view_picture *picture = view->picture;
	const struct kms_rect all = whole(kms_buffer_width(buffer), kms_buffer_height(buffer));
	struct copy_target target = {0};
	struct place place;

	if (view->shows != SHOWS_PICTURE || !is_placeholder(picture) || !begin(&target, buffer))
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
