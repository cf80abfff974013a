/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Framebuffers as memory: from a framebuffer id to pixels that can be read. Used by photograph.c.
 *
 * The way is GETFB2 (handles, format, modifier), PRIME export, mmap of the dma-buf; the handles are
 * closed at once. Where a driver cannot map an exported buffer, its dumb-buffer mapping is tried.
 * Mapping costs page faults, so the last few mappings are kept. They are found again by the
 * dma-buf's inode, which is the buffer's identity: framebuffer ids are used again for others. A
 * kept mapping keeps the memory alive, never the framebuffer: RMFB and its effects go on as usual.
 */
#ifndef SCREENSHOT_BUFFER_H
#define SCREENSHOT_BUFFER_H

#include "card.h"

#include <stddef.h>
#include <sys/types.h>

#define BUFFER_CACHE_SIZE 16

/* What GETFB2 says of a framebuffer. */
struct framebuffer_info {
	uint32_t id;
	uint32_t width, height;
	uint32_t format; /* DRM_FORMAT_* */
	bool has_modifier;
	uint64_t modifier; /* DRM_FORMAT_MOD_*; without one, implementation-defined */
	uint32_t pitch, offset; /* of the first plane of pixels, bytes */
	unsigned int plane_count; /* planes of pixels: more than 1 for NV12 and the like */
};

struct buffer_mapping {
	int fd; /* dma-buf, or -1 when mapped as a dumb buffer */
	dev_t device;
	ino_t inode;
	const uint8_t *pixels;
	size_t size;
	uint64_t last_use;
};

struct buffer_cache {
	const struct card *card;
	struct buffer_mapping mappings[BUFFER_CACHE_SIZE];
	size_t count;
	uint64_t uses;
};

void buffer_cache_init(struct buffer_cache *cache, const struct card *card);
void buffer_cache_finish(struct buffer_cache *cache);

/* Asks for a framebuffer without mapping it. SCREENSHOT_ERROR_CHANGED when it is gone. */
bool buffer_describe(const struct card *card, uint32_t fb_id, struct framebuffer_info *info,
	GError **error);

/*
 * Makes a framebuffer's pixels readable. The mapping stays the cache's and valid until
 * BUFFER_CACHE_SIZE other buffers were asked for. SCREENSHOT_ERROR_CHANGED when the framebuffer is
 * gone.
 */
const struct buffer_mapping *buffer_map(struct buffer_cache *cache, uint32_t fb_id,
	struct framebuffer_info *info, GError **error);

/* Reading has to be between these (DMA_BUF_IOCTL_SYNC); they wait for the GPU where it writes. */
void buffer_begin_read(const struct buffer_mapping *mapping);
void buffer_end_read(const struct buffer_mapping *mapping);

#endif
