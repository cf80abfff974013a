/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The scanout buffers of a view. */
#include "scene/canvas.h"

#include <errno.h>

static void canvas_finish(struct canvas *canvas)
{
	if (!canvas->buffer)
		return;
	pixman_image_unref(canvas->target.image);
	kms_buffer_unref(canvas->buffer);
	*canvas = (struct canvas){0};
}

void canvas_set_finish(struct canvas_set *set)
{
	for (size_t i = 0; i < CANVASES_MAX; i++)
		canvas_finish(&set->canvas[i]);
}

void canvas_set_resize(struct canvas_set *set, uint32_t width, uint32_t height)
{
	if (set->width == width && set->height == height)
		return;
	canvas_set_finish(set);
	set->width = width;
	set->height = height;
}

void canvas_forget_ahead(struct canvas *canvas)
{
	damage_add(&canvas->missing, &canvas->ahead);
	canvas->ahead = (struct kms_rect){0};
}

void canvas_set_forget_ahead(struct canvas_set *set)
{
	for (size_t i = 0; i < CANVASES_MAX; i++)
		canvas_forget_ahead(&set->canvas[i]);
}

/* What of the rectangle was not drawn ahead. Nothing is ahead then: what was, is a part of it, or
 * is missed. */
static struct kms_rect take_ahead(struct canvas *canvas, const struct kms_rect *rect)
{
	struct kms_rect rest;

	if (!rect_cut(rect, &canvas->ahead, &rest)) {
		canvas_forget_ahead(canvas);
		return *rect;
	}
	canvas->ahead = (struct kms_rect){0};
	return rest;
}

struct kms_rect canvas_note_ahead(struct canvas *canvas, const struct kms_rect *rows)
{
	struct kms_rect rest = take_ahead(canvas, rows);

	canvas->ahead = *rows;
	damage_remove(&canvas->missing, rows);
	return rest;
}

void canvas_set_mark(struct canvas_set *set, const struct kms_rect *rect)
{
	for (size_t i = 0; i < CANVASES_MAX; i++) {
		if (set->canvas[i].buffer)
			damage_add(&set->canvas[i].missing, rect);
	}
}

void canvas_set_mark_complete(struct canvas_set *set, const struct kms_rect *rect)
{
	for (size_t i = 0; i < CANVASES_MAX; i++) {
		struct canvas *canvas = &set->canvas[i];
		struct kms_rect rest;

		if (!canvas->buffer)
			continue;
		rest = take_ahead(canvas, rect);
		damage_add(&canvas->missing, &rest);
	}
}

void canvas_set_mark_all(struct canvas_set *set)
{
	const struct kms_rect all = {0, 0, (int32_t)set->width, (int32_t)set->height};

	for (size_t i = 0; i < CANVASES_MAX; i++)
		set->canvas[i].ahead = (struct kms_rect){0};
	canvas_set_mark(set, &all);
}

static bool canvas_init(struct canvas *canvas, struct kms_device *device, uint32_t width,
	uint32_t height, GError **error)
{
	struct kms_buffer *buffer = kms_buffer_create_dumb(device, width, height, error);

	if (!buffer)
		return false;

	*canvas = (struct canvas){0};
	canvas->target.pixels = kms_buffer_pixels(buffer, &canvas->target.stride);
	canvas->target.width = width;
	canvas->target.height = height;
	canvas->target.image = pixman_image_create_bits_no_clear(PIXMAN_x8r8g8b8, (int)width,
		(int)height, (uint32_t *)(void *)canvas->target.pixels, (int)canvas->target.stride);
	if (!canvas->target.image) {
		g_set_error(error, G_FILE_ERROR, G_FILE_ERROR_NOMEM, "%s", g_strerror(ENOMEM));
		kms_buffer_unref(buffer);
		return false;
	}
	canvas->buffer = buffer;
	damage_add(&canvas->missing, &(struct kms_rect){0, 0, (int32_t)width, (int32_t)height});
	return true;
}

struct canvas *canvas_set_peek(struct canvas_set *set, const struct kms_output *output)
{
	struct canvas *best = NULL;

	for (size_t i = 0; i < CANVASES_MAX; i++) {
		struct canvas *canvas = &set->canvas[i];

		if (canvas->buffer && !kms_output_holds(output, canvas->buffer) &&
			(!best || canvas->drawn > best->drawn))
			best = canvas;
	}
	return best;
}

struct canvas *canvas_set_take(struct canvas_set *set, struct kms_device *device,
	const struct kms_output *output, GError **error)
{
	struct canvas *best = canvas_set_peek(set, output);

	for (size_t i = 0; i < CANVASES_MAX && !best; i++) {
		struct canvas *canvas = &set->canvas[i];

		if (canvas->buffer)
			continue;
		if (!canvas_init(canvas, device, set->width, set->height, error))
			return NULL;
		best = canvas;
	}
	return best;
}

const struct canvas *canvas_set_find(const struct canvas_set *set, const struct kms_buffer *buffer)
{
	for (size_t i = 0; buffer && i < CANVASES_MAX; i++) {
		const struct canvas *canvas = &set->canvas[i];

		if (canvas->buffer == buffer && canvas->drawn > 0)
			return canvas;
	}
	return NULL;
}

struct canvas *canvas_set_newest(struct canvas_set *set)
{
	struct canvas *newest = NULL;

	for (size_t i = 0; i < CANVASES_MAX; i++) {
		struct canvas *canvas = &set->canvas[i];

		if (canvas->buffer && canvas->drawn > 0 &&
			(!newest || canvas->drawn > newest->drawn))
			newest = canvas;
	}
	return newest;
}
