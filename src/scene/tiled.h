/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A linear view of a tiled dma-buf, by GBM on the card's render node.
 *
 * libgbm, and with it Mesa, is loaded only when the first tiled buffer must be copied: the boot
 * image of a machine that never needs it has none. Made by the first dmabuf_reader that needs it,
 * kept by the guest.
 */
#ifndef SCANOUTD_SCENE_TILED_H
#define SCANOUTD_SCENE_TILED_H

#include <gbm.h>
#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

#include "wire/channel.h"

/* What is used of libgbm; a test has its own. */
struct tiled_functions {
	struct gbm_device *(*create_device)(int fd);
	void (*device_destroy)(struct gbm_device *device);
	struct gbm_bo *(
		*bo_import)(struct gbm_device *device, uint32_t type, void *buffer, uint32_t usage);
	void (*bo_destroy)(struct gbm_bo *bo);
	void *(*bo_map)(struct gbm_bo *bo, uint32_t x, uint32_t y, uint32_t width, uint32_t height,
		uint32_t flags, uint32_t *stride, void **map_data);
	void (*bo_unmap)(struct gbm_bo *bo, void *map_data);
};

struct tiled;

/* The render node of a card ("/dev/dri/card0"), or NULL where it has none. Free with g_free(). */
char *tiled_render_node(const char *card_path);

/* `functions` NULL: libgbm's, loaded now. */
struct tiled *tiled_create(const char *render_node, const struct tiled_functions *functions,
	GError **error);
/* Takes NULL. After every image of it. */
void tiled_destroy(struct tiled *tiled);

/* A dma-buf that GBM took. */
struct tiled_image;

/* `fd` is borrowed. */
struct tiled_image *tiled_import(struct tiled *tiled, int fd, const struct channel_dmabuf *dmabuf,
	GError **error);
/* Takes NULL. */
void tiled_image_destroy(struct tiled_image *image);

/* Linear memory with what the rectangle has now; NULL if it cannot be had. Unmap before the next
 * map. The caller has seen the buffer's fences signalled; but Mesa has our GPU copy it out and
 * waits for that, behind what other programs gave the same GPU to do before, and GBM has no form
 * that does not. */
const uint8_t *tiled_map(struct tiled_image *image, uint32_t x, uint32_t y, uint32_t width,
	uint32_t height, uint32_t *stride);
void tiled_unmap(struct tiled_image *image);

#endif
