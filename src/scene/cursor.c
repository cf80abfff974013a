/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The cursor of a view. */
#include "scene/cursor.h"

#include <glib.h>
#include <math.h>
#include <string.h>

void cursor_finish(struct cursor *cursor)
{
	g_clear_pointer(&cursor->image, pixman_image_unref);
	g_clear_pointer(&cursor->scratch, pixman_image_unref);
}

/* The box around all pixels that are not transparent. */
static struct kms_rect find_seen(const uint32_t *pixels)
{
	int32_t left = KMS_CURSOR_SIZE, top = KMS_CURSOR_SIZE, right = 0, bottom = 0;

	for (int32_t y = 0; y < KMS_CURSOR_SIZE; y++) {
		for (int32_t x = 0; x < KMS_CURSOR_SIZE; x++) {
			if (pixels[y * KMS_CURSOR_SIZE + x] == 0)
				continue;
			left = MIN(left, x);
			right = MAX(right, x + 1);
			top = MIN(top, y);
			bottom = y + 1;
		}
	}
	if (right <= left)
		return (struct kms_rect){0};
	return (struct kms_rect){left, top, right - left, bottom - top};
}

void cursor_set_image(struct cursor *cursor, const uint32_t *pixels, uint32_t hot_x, uint32_t hot_y)
{
	cursor->seen = pixels ? find_seen(pixels) : (struct kms_rect){0};
	if (rect_empty(&cursor->seen))
		pixels = NULL;
	if (pixels && pixels != cursor->pixels) {
		g_clear_pointer(&cursor->image, pixman_image_unref);
		/* Pixman writes to destinations only, and this is none. */
		cursor->image = pixman_image_create_bits_no_clear(PIXMAN_a8r8g8b8, KMS_CURSOR_SIZE,
			KMS_CURSOR_SIZE, (uint32_t *)pixels, KMS_CURSOR_SIZE * 4);
		/* No memory: none until it changes. */
		if (!cursor->image) {
			cursor->seen = (struct kms_rect){0};
			pixels = NULL;
		}
	}
	cursor->pixels = pixels;
	cursor->hot_x = MIN(hot_x, KMS_CURSOR_SIZE - 1u);
	cursor->hot_y = MIN(hot_y, KMS_CURSOR_SIZE - 1u);
}

static bool plain(const struct place *place)
{
	return !place->scaled && place->transform == KMS_ROTATE_0;
}

/* What is seen, on the output, of an image that lies at x, y in the picture. */
static struct kms_rect seen_at(const struct cursor *cursor, double x, double y,
	const struct place *place)
{
	const struct kms_rect *seen = &cursor->seen;
	double x0, y0, x1, y1;

	/* Nothing of the picture is on the output so far. */
	if (rect_empty(&place->source))
		return (struct kms_rect){0};
	x += seen->x;
	y += seen->y;
	place_point_to_output(place, x, y, &x0, &y0);
	place_point_to_output(place, x + seen->width, y + seen->height, &x1, &y1);

	/* Far outside is outside; this keeps a hostile position within an integer. */
	double left = CLAMP(floor(MIN(x0, x1)), -1e6, 1e6);
	double top = CLAMP(floor(MIN(y0, y1)), -1e6, 1e6);
	double right = CLAMP(ceil(MAX(x0, x1)), -1e6, 1e6);
	double bottom = CLAMP(ceil(MAX(y0, y1)), -1e6, 1e6);

	return (struct kms_rect){(int32_t)left, (int32_t)top, (int32_t)(right - left),
		(int32_t)(bottom - top)};
}

struct kms_rect cursor_rect(const struct cursor *cursor, const struct place *place)
{
	return seen_at(cursor, cursor->x, cursor->y, place);
}

/* The place as the cursor's image sees it: its own coordinates instead of the picture's. */
static struct place image_place(const struct cursor *cursor, const struct place *place)
{
	struct place moved = *place;
	int32_t limit = 1 << 20;

	moved.source.x -= CLAMP(cursor->x, -limit, limit);
	moved.source.y -= CLAMP(cursor->y, -limit, limit);
	return moved;
}

const uint32_t *cursor_plane_image(struct cursor *cursor, const struct place *place,
	uint32_t *hot_x, uint32_t *hot_y)
{
	*hot_x = cursor->hot_x;
	*hot_y = cursor->hot_y;
	if (plain(place) || rect_empty(&place->source))
		return cursor->pixels;

	/* The image is the same wherever the cursor is: as at the picture's origin. */
	struct kms_rect rect = seen_at(cursor, 0, 0, place);
	double x0, y0, x1, y1;

	if (rect.width > KMS_CURSOR_SIZE || rect.height > KMS_CURSOR_SIZE)
		return NULL;

	pixman_image_t *plane = pixman_image_create_bits(PIXMAN_a8r8g8b8, KMS_CURSOR_SIZE,
		KMS_CURSOR_SIZE, cursor->plane, KMS_CURSOR_SIZE * 4);

	if (!plane)
		return NULL;
	memset(cursor->plane, 0, sizeof(cursor->plane));
	copy_prepare_image(cursor->image, place);
	pixman_image_set_repeat(cursor->image, PIXMAN_REPEAT_NONE);
	pixman_image_composite32(PIXMAN_OP_SRC, cursor->image, NULL, plane, rect.x, rect.y, 0, 0, 0,
		0, rect.width, rect.height);
	pixman_image_unref(plane);

	/* The pixel's top-left as it lies on the output. */
	place_point_to_output(place, cursor->hot_x, cursor->hot_y, &x0, &y0);
	place_point_to_output(place, cursor->hot_x + 1, cursor->hot_y + 1, &x1, &y1);
	*hot_x = (uint32_t)CLAMP(floor(MIN(x0, x1)) - rect.x, 0, KMS_CURSOR_SIZE - 1);
	*hot_y = (uint32_t)CLAMP(floor(MIN(y0, y1)) - rect.y, 0, KMS_CURSOR_SIZE - 1);
	return cursor->plane;
}

static bool is_in(const struct kms_rect *rect, int32_t x, int32_t y)
{
	return x >= rect->x && x < rect->x + rect->width && y >= rect->y &&
		y < rect->y + rect->height;
}

static bool is_seen(const struct cursor_cut *cut, int32_t x, int32_t y)
{
	bool seen = is_in(&cut->clip, x, y);

	for (uint32_t i = 0; i < cut->count; i++)
		seen &= !is_in(&cut->holes[i], x, y);
	return seen;
}

const uint32_t *cursor_cut_image(struct cursor *cursor, const uint32_t *image,
	const struct cursor_cut *cut)
{
	if (cut->clip.width >= KMS_CURSOR_SIZE && cut->clip.height >= KMS_CURSOR_SIZE &&
		cut->count == 0)
		return image;
	if (image != cursor->plane)
		memcpy(cursor->plane, image, sizeof(cursor->plane));
	for (int32_t y = 0; y < KMS_CURSOR_SIZE; y++) {
		for (int32_t x = 0; x < KMS_CURSOR_SIZE; x++) {
			if (!is_seen(cut, x, y))
				cursor->plane[y * KMS_CURSOR_SIZE + x] = 0;
		}
	}
	return cursor->plane;
}

void cursor_plane_position(const struct cursor *cursor, const struct place *place, int32_t *x,
	int32_t *y)
{
	struct kms_rect rect = cursor_rect(cursor, place);

	*x = rect.x;
	*y = rect.y;
	if (plain(place)) {
		*x -= cursor->seen.x;
		*y -= cursor->seen.y;
	}
}

static void fit_scratch(struct cursor *cursor, const struct kms_rect *rect)
{
	if (cursor->scratch && pixman_image_get_width(cursor->scratch) >= rect->width &&
		pixman_image_get_height(cursor->scratch) >= rect->height)
		return;
	g_clear_pointer(&cursor->scratch, pixman_image_unref);
	cursor->scratch = pixman_image_create_bits(PIXMAN_x8r8g8b8, rect->width, rect->height, NULL,
		0);
}

void cursor_blend_over(struct cursor *cursor, const struct copy_target *target,
	const struct place *place)
{
	struct kms_rect whole = {0, 0, (int32_t)target->width, (int32_t)target->height};
	struct kms_rect rect = cursor_rect(cursor, place);
	struct place moved = image_place(cursor, place);

	rect = rect_intersect(&rect, &place->destination);
	rect = rect_intersect(&rect, &whole);
	if (rect_empty(&rect))
		return;
	copy_prepare_image(cursor->image, &moved);
	pixman_image_set_repeat(cursor->image, PIXMAN_REPEAT_NONE);
	pixman_image_composite32(PIXMAN_OP_OVER, cursor->image, NULL, target->image, rect.x, rect.y,
		0, 0, rect.x, rect.y, rect.width, rect.height);
}

void cursor_blend(struct cursor *cursor, const struct copy_target *target,
	const struct surface *surface, const struct place *place)
{
	struct kms_rect whole = {0, 0, (int32_t)target->width, (int32_t)target->height};
	struct kms_rect rect = cursor_rect(cursor, place);
	struct place moved = image_place(cursor, place);

	rect = rect_intersect(&rect, &place->destination);
	rect = rect_intersect(&rect, &whole);
	if (rect_empty(&rect))
		return;
	fit_scratch(cursor, &rect);
	if (!cursor->scratch)
		return;

	/* The scanout buffer may be write-combined: blend in cached memory, then write. */
	copy_prepare_image(surface_image(surface), place);
	pixman_image_composite32(PIXMAN_OP_SRC, surface_image(surface), NULL, cursor->scratch,
		rect.x, rect.y, 0, 0, 0, 0, rect.width, rect.height);
	copy_prepare_image(cursor->image, &moved);
	pixman_image_set_repeat(cursor->image, PIXMAN_REPEAT_NONE);
	pixman_image_composite32(PIXMAN_OP_OVER, cursor->image, NULL, cursor->scratch, rect.x,
		rect.y, 0, 0, 0, 0, rect.width, rect.height);
	copy_rows(target->pixels + (size_t)rect.y * target->stride + (size_t)rect.x * 4,
		target->stride, (const uint8_t *)pixman_image_get_data(cursor->scratch),
		(uint32_t)pixman_image_get_stride(cursor->scratch), (size_t)rect.width * 4,
		(uint32_t)rect.height);
}
