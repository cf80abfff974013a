/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Pixels from a surface into a scanout buffer. */
#include "scene/copy.h"

#include <glib.h>
#include <string.h>

static uint8_t *target_pixel(const struct copy_target *target, int32_t x, int32_t y)
{
	return target->pixels + (size_t)y * target->stride + (size_t)x * 4;
}

static struct kms_rect clip_to_target(const struct copy_target *target, const struct kms_rect *rect)
{
	struct kms_rect whole = {0, 0, (int32_t)target->width, (int32_t)target->height};

	return rect_intersect(rect, &whole);
}

void copy_fill(const struct copy_target *target, const struct kms_rect *rect, uint32_t color)
{
	struct kms_rect clipped = clip_to_target(target, rect);

	for (int32_t row = 0; row < clipped.height; row++) {
		uint8_t *pixel = target_pixel(target, clipped.x, clipped.y + row);

		if (color == 0) {
			memset(pixel, 0, (size_t)clipped.width * 4);
			continue;
		}
		for (int32_t i = 0; i < clipped.width; i++)
			memcpy(pixel + (size_t)i * 4, &color, sizeof(color));
	}
}

void copy_rows(uint8_t *to, uint32_t to_stride, const uint8_t *from, uint32_t from_stride,
	size_t row_bytes, uint32_t rows)
{
	if (row_bytes == to_stride && row_bytes == from_stride) {
		memcpy(to, from, row_bytes * rows);
		return;
	}
	for (uint32_t row = 0; row < rows; row++)
		memcpy(to + (size_t)row * to_stride, from + (size_t)row * from_stride, row_bytes);
}

/* What a pixel of the output is in the picture, as pixman wants it. */
static void place_transform(const struct place *place, pixman_transform_t *transform)
{
	/* The map is affine, so three points tell it. Points inside, since outside it is
	 * clamped. */
	double x = place->destination.x;
	double y = place->destination.y;
	double width = place->destination.width;
	double height = place->destination.height;
	double x0, y0, x1, y1, x2, y2;
	struct pixman_f_transform map = {0};

	place_from_output(place, x, y, &x0, &y0);
	place_from_output(place, x + width, y, &x1, &y1);
	place_from_output(place, x, y + height, &x2, &y2);
	map.m[0][0] = (x1 - x0) / width;
	map.m[0][1] = (x2 - x0) / height;
	map.m[0][2] = x0 - map.m[0][0] * x - map.m[0][1] * y;
	map.m[1][0] = (y1 - y0) / width;
	map.m[1][1] = (y2 - y0) / height;
	map.m[1][2] = y0 - map.m[1][0] * x - map.m[1][1] * y;
	map.m[2][2] = 1;
	pixman_transform_from_pixman_f_transform(transform, &map);
}

/* Whole multiples keep their pixels sharp, and turning alone mixes none. */
static bool whole_multiple(const struct place *place)
{
	bool sideways = place_is_sideways(place->transform);
	int32_t width = sideways ? place->source.height : place->source.width;
	int32_t height = sideways ? place->source.width : place->source.height;

	return place->destination.width % width == 0 && place->destination.height % height == 0;
}

void copy_prepare_image(pixman_image_t *image, const struct place *place)
{
	pixman_transform_t transform;

	place_transform(place, &transform);
	pixman_image_set_transform(image, &transform);
	pixman_image_set_filter(image,
		whole_multiple(place) ? PIXMAN_FILTER_NEAREST : PIXMAN_FILTER_BILINEAR, NULL, 0);
	/* At the borders bilinear would mix in what is beyond: black. */
	pixman_image_set_repeat(image, PIXMAN_REPEAT_PAD);
}

void copy_image(const struct copy_target *target, pixman_image_t *image, const struct place *place)
{
	struct kms_rect clipped = clip_to_target(target, &place->destination);
	bool plain = !place->scaled && place->transform == KMS_ROTATE_0;
	int32_t x = clipped.x;
	int32_t y = clipped.y;

	if (plain) {
		x += place->source.x - place->destination.x;
		y += place->source.y - place->destination.y;
	} else {
		copy_prepare_image(image, place);
	}
	pixman_image_composite32(PIXMAN_OP_SRC, image, NULL, target->image, x, y, 0, 0, clipped.x,
		clipped.y, clipped.width, clipped.height);
	if (plain)
		return;
	pixman_image_set_transform(image, NULL);
	pixman_image_set_filter(image, PIXMAN_FILTER_NEAREST, NULL, 0);
	pixman_image_set_repeat(image, PIXMAN_REPEAT_NONE);
}

void copy_blend(const struct copy_target *target, const struct surface *surface,
	const struct place *place, const struct kms_rect *rect, pixman_image_t *mask)
{
	struct kms_rect clipped = clip_to_target(target, rect);

	clipped = rect_intersect(&clipped, &place->destination);
	if (rect_empty(&clipped))
		return;
	copy_prepare_image(surface_image(surface), place);
	pixman_image_composite32(PIXMAN_OP_OVER, surface_image(surface), mask, target->image,
		clipped.x, clipped.y, 0, 0, clipped.x, clipped.y, clipped.width, clipped.height);
}

void copy_surface(const struct copy_target *target, const struct surface *surface,
	const struct place *place, const struct kms_rect *rect)
{
	struct kms_rect clipped = clip_to_target(target, rect);

	clipped = rect_intersect(&clipped, &place->destination);
	if (rect_empty(&clipped))
		return;

	if (!place->scaled && place->transform == KMS_ROTATE_0) {
		uint32_t stride;
		const uint8_t *pixels = surface_pixels(surface, &stride);
		int32_t x = clipped.x - place->destination.x + place->source.x;
		int32_t y = clipped.y - place->destination.y + place->source.y;

		copy_rows(target_pixel(target, clipped.x, clipped.y), target->stride,
			pixels + (size_t)y * stride + (size_t)x * 4, stride,
			(size_t)clipped.width * 4, (uint32_t)clipped.height);
		return;
	}

	copy_prepare_image(surface_image(surface), place);
	pixman_image_composite32(PIXMAN_OP_SRC, surface_image(surface), NULL, target->image,
		clipped.x, clipped.y, 0, 0, clipped.x, clipped.y, clipped.width, clipped.height);
}
