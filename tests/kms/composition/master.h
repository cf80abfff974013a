/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A small DRM master for the test of the camera: puts scenes on the only CRTC of a vkms card, and
 * asks the driver in two ways what it made of them: by its writeback connector (the pixels) and by
 * the CRC in debugfs. Shares no code with the camera. Whatever fails here ends the test (g_error):
 * the test's own card is no part of what is tested.
 */
#ifndef COMPOSITION_MASTER_H
#define COMPOSITION_MASTER_H

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>
#include <xf86drmMode.h>

#define MASTER_PLANES 4

/* In the order in which vkms paints them. */
enum master_plane { PLANE_PRIMARY, PLANE_OVERLAY_1, PLANE_OVERLAY_2, PLANE_CURSOR };

/* A buffer with a framebuffer on it, mapped: a dumb buffer, or one imported. */
struct dumb {
	uint32_t fb_id, handle;
	uint32_t width, height, format, pitch;
	unsigned int bytes; /* a pixel */
	uint64_t size;
	uint8_t *pixels;
};

/* What a plane shows; framebuffer NULL: nothing. */
struct scene_plane {
	const struct dumb *dumb;
	uint32_t src_x, src_y, src_w, src_h; /* pixels; all 0: the whole framebuffer */
	int32_t x, y; /* on the CRTC, unscaled */
	unsigned int rotation; /* 0 means DRM_MODE_ROTATE_0 */
};

struct scene {
	struct scene_plane planes[MASTER_PLANES];
	uint64_t background; /* BACKGROUND_COLOR: 16 bits each of alpha, red, green, blue */
};

struct master {
	int fd;
	char *path;
	uint32_t crtc_id, connector_id, writeback_id;
	uint32_t planes[MASTER_PLANES];
	drmModeModeInfo mode;
	uint32_t mode_blob;
	GHashTable *properties; /* "object id/name" to property id */
};

/* Opens the card with the implicit mastership of a first opener, which it checks. 640x480. */
void master_init(struct master *master);
void master_finish(struct master *master);

void dumb_init(struct dumb *dumb, struct master *master, uint32_t width, uint32_t height,
	uint32_t format);
/* The same in memory that is not the card's: a udmabuf, imported, with room after each row. */
void dumb_init_imported(struct dumb *dumb, struct master *master, uint32_t width, uint32_t height,
	uint32_t format);
void dumb_finish(struct dumb *dumb, struct master *master);

/* Shows a scene; returns when it is on. picture: receives what vkms composed (XR24), or NULL. */
void master_show(struct master *master, const struct scene *scene, const struct dumb *picture);

/* Gives the scene's planes its framebuffers, all in one flip without blocking, and waits for the
 * event. */
void master_flip(struct master *master, const struct scene *scene);

void master_turn_off(struct master *master);

/* The CRC that vkms gives for what is on now. */
uint32_t master_crc(struct master *master);

#endif
