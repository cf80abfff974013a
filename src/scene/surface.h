/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The cached-memory image of a scanout: XRGB8888 in a memfd that is mapped MAP_SHARED, so that a
 * successor of this process goes on with it (design 13). Its first page is struct surface_header,
 * plain data that is worked on in place.
 *
 * Made by a scanout (scanout.c) for pixel updates, which the channel receives straight into it, and
 * for dma-bufs that must be copied. Views read it. While an UPDATE is being received its rectangle
 * is unfinished, and no view may show anything of it; what a peer left half-sent stays
 * unfinished for good.
 */
#ifndef SCANOUTD_SCENE_SURFACE_H
#define SCANOUTD_SCENE_SURFACE_H

#include <glib.h>
#include <pixman.h>
#include <stdbool.h>
#include <stdint.h>

#include "kms.h"

#define SURFACE_VERSION 1u

struct surface_header {
	uint32_t version; /* SURFACE_VERSION */
	uint32_t size; /* of this struct */
	uint32_t width; /* pixels */
	uint32_t height;
	uint32_t stride; /* bytes from row to row */
	uint32_t offset; /* of the first pixel in the memfd, bytes */
	struct kms_rect unfinished; /* the UPDATE that is being received; width 0: none */
	uint64_t updates; /* that are complete */
};

struct surface;

/* All black. Memory is taken as it is written. `name` shows up in /proc. */
struct surface *surface_create(const char *name, uint32_t width, uint32_t height, GError **error);
/* The memfd of one of this size, with the picture that is in it, whatever else may be behind the
 * fd, which is taken over, also on failure. */
struct surface *surface_create_from_fd(int fd, uint32_t width, uint32_t height, GError **error);
/* Takes NULL. */
void surface_destroy(struct surface *surface);

/* The number of its memfd (wire/kept_fds.h), as it was set; 0 at first. */
uint64_t surface_kept(const struct surface *surface);
void surface_set_kept(struct surface *surface, uint64_t number);

uint32_t surface_width(const struct surface *surface);
uint32_t surface_height(const struct surface *surface);
uint8_t *surface_pixels(const struct surface *surface, uint32_t *stride);
/* x8r8g8b8; belongs to the surface. */
pixman_image_t *surface_image(const struct surface *surface);
/* The memfd; belongs to the surface. */
int surface_fd(const struct surface *surface);
const struct surface_header *surface_header(const struct surface *surface);

/* An UPDATE begins. `rect` lies inside the surface. Returns its top-left pixel. */
uint8_t *surface_begin(struct surface *surface, const struct kms_rect *rect);
/* It is complete: nothing is unfinished. */
void surface_end(struct surface *surface);
/* NULL where nothing is unfinished. */
const struct kms_rect *surface_unfinished(const struct surface *surface);

#endif
