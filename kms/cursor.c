/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cursor.h"

#include <drm_fourcc.h>
#include <string.h>

#define CURSOR_PIXELS (KMS_CURSOR_SIZE * KMS_CURSOR_SIZE)

void kms_cursor_init(struct kms_cursor *cursor, struct kms_card *card)
{
	cursor->card = card;
}

static void drop_buffers(struct kms_cursor *cursor)
{
	for (size_t i = 0; i < G_N_ELEMENTS(cursor->buffers); i++) {
		kms_buffer_unref(cursor->buffers[i]);
		cursor->buffers[i] = NULL;
	}
}

void kms_cursor_finish(struct kms_cursor *cursor)
{
	drop_buffers(cursor);
	g_clear_pointer(&cursor->pixels, g_free);
}

/* CURSOR_WIDTH and CURSOR_HEIGHT are a size that works for cursor planes; ours is in its corner. */
static void plane_size(const struct kms_cursor *cursor, uint32_t *width, uint32_t *height)
{
	bool overlay = cursor->plane->type != DRM_PLANE_TYPE_CURSOR;

	*width = overlay ? KMS_CURSOR_SIZE : cursor->card->cursor_width;
	*height = overlay ? KMS_CURSOR_SIZE : cursor->card->cursor_height;
}

bool kms_cursor_is_usable(struct kms_cursor *cursor, GError **error)
{
	uint32_t width, height;

	if (!cursor->plane)
		return false;
	plane_size(cursor, &width, &height);
	if (width < KMS_CURSOR_SIZE || height < KMS_CURSOR_SIZE)
		return false;
	for (size_t i = 0; i < G_N_ELEMENTS(cursor->buffers); i++) {
		if (!cursor->buffers[i])
			cursor->buffers[i] = kms_buffer_create(cursor->card, width, height,
				DRM_FORMAT_ARGB8888, true, error);
		if (!cursor->buffers[i])
			return false;
	}
	return true;
}

void kms_cursor_set_plane(struct kms_cursor *cursor, struct kms_plane *plane, uint32_t width,
	uint32_t height, bool kept)
{
	if (plane != cursor->plane)
		drop_buffers(cursor);
	cursor->plane = plane;
	cursor->screen_width = width;
	cursor->screen_height = height;
	cursor->refused = false;
	cursor->visible = cursor->visible && kms_cursor_is_usable(cursor, NULL);
	cursor->dirty = cursor->visible || kept;
	cursor->image_dirty = cursor->visible;
}

static bool is_blank(const uint32_t *pixels)
{
	for (size_t i = 0; i < CURSOR_PIXELS; i++) {
		if (pixels[i])
			return false;
	}
	return true;
}

void kms_cursor_set_image(struct kms_cursor *cursor, const uint32_t *pixels, uint32_t hot_x,
	uint32_t hot_y)
{
	/* A zero image is how guests hide it. */
	if (!pixels || is_blank(pixels)) {
		g_clear_pointer(&cursor->pixels, g_free);
		return;
	}
	/* Kept also where no plane takes it now: another mode set may bring one. */
	if (!cursor->pixels)
		cursor->pixels = g_new(uint32_t, CURSOR_PIXELS);
	memcpy(cursor->pixels, pixels, CURSOR_PIXELS * sizeof(uint32_t));
	cursor->hot_x = hot_x;
	cursor->hot_y = hot_y;
}

void kms_cursor_show(struct kms_cursor *cursor)
{
	cursor->visible = true;
	cursor->dirty = true;
	cursor->image_dirty = true;
}

void kms_cursor_hide(struct kms_cursor *cursor, bool lit)
{
	cursor->visible = false;
	cursor->dirty = lit;
}

/* A cursor that is wholly outside is not shown: some drivers refuse such a plane. */
static bool is_inside(const struct kms_cursor *cursor)
{
	return cursor->x > -KMS_CURSOR_SIZE && cursor->y > -KMS_CURSOR_SIZE &&
		cursor->x < (int32_t)cursor->screen_width &&
		cursor->y < (int32_t)cursor->screen_height;
}

static bool should_be_lit(const struct kms_cursor *cursor)
{
	return cursor->visible && cursor->plane && cursor->buffers[0] && cursor->buffers[1] &&
		!cursor->refused && is_inside(cursor);
}

/* It may have been moved away and back since. */
static bool differs(const struct kms_cursor *cursor, const struct kms_layer *now)
{
	const struct kms_rect *shown = &now->placement.destination;

	return !now->buffer || cursor->image_dirty || shown->x != cursor->x ||
		shown->y != cursor->y;
}

bool kms_cursor_differs(const struct kms_cursor *cursor, const struct kms_layer *now)
{
	return should_be_lit(cursor) ? differs(cursor, now) : kms_layer_is_lit(now);
}

static void upload(const struct kms_cursor *cursor, struct kms_buffer *buffer)
{
	for (size_t row = 0; row < KMS_CURSOR_SIZE; row++)
		memcpy(buffer->pixels + row * buffer->layout.stride,
			cursor->pixels + row * KMS_CURSOR_SIZE, KMS_CURSOR_SIZE * sizeof(uint32_t));
}

static void light(const struct kms_cursor *cursor, struct kms_layer *next,
	struct kms_buffer *buffer, int32_t x, int32_t y)
{
	uint32_t width, height;

	plane_size(cursor, &width, &height);
	kms_layer_set_buffer(next, buffer);
	next->placement = (struct kms_placement){
		.source = {0, 0, (int32_t)width, (int32_t)height},
		.destination = {x, y, (int32_t)width, (int32_t)height},
		.transform = KMS_ROTATE_0,
	};
	next->hot_x = cursor->hot_x;
	next->hot_y = cursor->hot_y;
}

void kms_cursor_fill(const struct kms_cursor *cursor, struct kms_layer *next)
{
	struct kms_buffer *buffer = cursor->buffers[cursor->shown];

	if (!should_be_lit(cursor)) {
		kms_layer_set_buffer(next, NULL);
		return;
	}
	if (cursor->image_dirty) {
		buffer = cursor->buffers[1 - cursor->shown];
		upload(cursor, buffer);
	}
	light(cursor, next, buffer, cursor->x, cursor->y);
}

void kms_cursor_fill_probe(const struct kms_cursor *cursor, struct kms_layer *next)
{
	light(cursor, next, cursor->buffers[cursor->shown], 0, 0);
}

void kms_cursor_applied(struct kms_cursor *cursor, const struct kms_layer *now)
{
	cursor->dirty = false;
	if (now->buffer && cursor->image_dirty) {
		cursor->shown = 1 - cursor->shown;
		cursor->image_dirty = false;
	}
}
