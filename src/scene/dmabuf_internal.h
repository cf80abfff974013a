/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the files of the reader share: dmabuf.c (checks, linear memory) and dmabuf_tiled.c (what
 * only GBM can make linear). Nobody else includes this.
 */
#ifndef SCANOUTD_SCENE_DMABUF_INTERNAL_H
#define SCANOUTD_SCENE_DMABUF_INTERNAL_H

#include <pixman.h>

#include "scene/dmabuf.h"

struct dmabuf_reader {
	int fd; /* borrowed */
	struct account *account; /* the same */
	struct channel_dmabuf dmabuf;
	pixman_format_code_t format;
	/* Linear: */
	void *memory;
	size_t size;
	size_t guard; /* of the mapping: GPUs go, and their memory with them */
	pixman_image_t *image; /* all of the buffer, upright */
	bool sync; /* reads are bracketed by DMA_BUF_IOCTL_SYNC */
	/* Tiled: */
	struct tiled_image *tiled;
};

/* An image over rows of memory that begins at the top-left of the picture. */
pixman_image_t *dmabuf_upright_image(const struct dmabuf_reader *reader, const void *memory,
	uint32_t width, uint32_t height, uint32_t stride);

/* ---- dmabuf_tiled.c ---- */

bool dmabuf_import_tiled(struct dmabuf_reader *reader, struct dmabuf_gbm *gbm, GError **error);

/* The rows of a tiled buffer that have `rect` of the shown part, upright; NULL: they cannot be had.
 * One at a time. */
pixman_image_t *dmabuf_map_tiled(struct dmabuf_reader *reader, const struct kms_rect *rect);
void dmabuf_unmap_tiled(struct dmabuf_reader *reader, pixman_image_t *image);

/* dmabuf_reader_draw() of one. */
bool dmabuf_draw_tiled(struct dmabuf_reader *reader, const struct place *place,
	const struct copy_target *target);

#endif
