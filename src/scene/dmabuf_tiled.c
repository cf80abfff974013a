/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Tiled dma-bufs, of which GBM makes a part linear at a time. */
#include <inttypes.h>

#include "scene/dmabuf_internal.h"
#include "scene/tiled.h"

bool dmabuf_import_tiled(struct dmabuf_reader *reader, struct dmabuf_gbm *gbm, GError **error)
{
	if (!gbm->render_node) {
		g_set_error(error, G_FILE_ERROR, G_FILE_ERROR_NOSYS,
			"a buffer with modifier 0x%" PRIx64
			" can only be read by a GPU, and the card has no render node",
			reader->dmabuf.modifier);
		return false;
	}
	if (!gbm->tiled)
		gbm->tiled = tiled_create(gbm->render_node, NULL, error);
	if (!gbm->tiled)
		return false;
	reader->tiled = tiled_import(gbm->tiled, reader->fd, &reader->dmabuf, error);
	return reader->tiled != NULL;
}

pixman_image_t *dmabuf_map_tiled(struct dmabuf_reader *reader, const struct kms_rect *rect)
{
	const struct channel_dmabuf *dmabuf = &reader->dmabuf;
	uint32_t width = (uint32_t)rect->width;
	uint32_t height = (uint32_t)rect->height;
	uint32_t x = dmabuf->x + (uint32_t)rect->x;
	uint32_t y = dmabuf->y + (uint32_t)rect->y;
	uint32_t memory_y = dmabuf->y_inverted ? dmabuf->fd_height - y - height : y;
	uint32_t stride;
	const uint8_t *memory = tiled_map(reader->tiled, x, memory_y, width, height, &stride);
	pixman_image_t *image = NULL;

	if (memory)
		image = dmabuf_upright_image(reader, memory, width, height, stride);
	if (memory && !image)
		tiled_unmap(reader->tiled);
	return image;
}

void dmabuf_unmap_tiled(struct dmabuf_reader *reader, pixman_image_t *image)
{
	pixman_image_unref(image);
	tiled_unmap(reader->tiled);
}

/* The part of the picture that the target shows in this place. */
static struct kms_rect seen_part(const struct dmabuf_reader *reader, const struct place *place,
	const struct copy_target *target)
{
	const struct kms_rect all = {0, 0, (int32_t)target->width, (int32_t)target->height};
	const struct kms_rect picture = {0, 0, (int32_t)reader->dmabuf.width,
		(int32_t)reader->dmabuf.height};
	struct kms_rect shown = rect_intersect(&all, &place->destination);
	struct kms_rect part;
	double x0, y0, x1, y1;

	place_from_output(place, shown.x, shown.y, &x0, &y0);
	place_from_output(place, shown.x + shown.width, shown.y + shown.height, &x1, &y1);
	/* With the neighbours that scaling mixes in. */
	part.x = (int32_t)MIN(x0, x1) - 1;
	part.y = (int32_t)MIN(y0, y1) - 1;
	part.width = (int32_t)MAX(x0, x1) + 2 - part.x;
	part.height = (int32_t)MAX(y0, y1) + 2 - part.y;
	return rect_empty(&shown) ? shown : rect_intersect(&part, &picture);
}

bool dmabuf_draw_tiled(struct dmabuf_reader *reader, const struct place *place,
	const struct copy_target *target)
{
	struct kms_rect part = seen_part(reader, place, target);
	struct place moved = *place;
	pixman_image_t *image;

	if (rect_empty(&part))
		return true;
	image = dmabuf_map_tiled(reader, &part);
	if (!image)
		return false;
	moved.source.x -= part.x;
	moved.source.y -= part.y;
	copy_image(target, image, &moved);
	dmabuf_unmap_tiled(reader, image);
	return true;
}
