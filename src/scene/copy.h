/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Pixels from here to there: composition of a surface and a cursor into a scanout buffer, and
 * reading a guest's dma-buf into a surface. Owns nothing; uses pixman and plain memcpy.
 *
 * Scanout buffers are write-combined in general: they are written, never read.
 */
#ifndef SCANOUTD_SCENE_COPY_H
#define SCANOUTD_SCENE_COPY_H

#include <pixman.h>
#include <stdbool.h>
#include <stdint.h>

#include "kms.h"
#include "scene/place.h"
#include "scene/surface.h"

/* Why a frame went through the copy path. */
enum copy_reason {
	COPY_IMPORT_REFUSED,
	COPY_TEST_REFUSED,
	/* Scaling or turning that no plane does, a coloured background, or layers that are drawn
	 * into it. */
	COPY_GEOMETRY,
	COPY_CURSOR, /* the cursor must be blended */
	COPY_EARLY, /* it is answered before it is shown (answers.h) */
	COPY_REASONS,
};

/* An image of 32-bit pixels, e.g. a mapped dumb buffer. */
struct copy_target {
	uint8_t *pixels;
	uint32_t stride; /* bytes */
	uint32_t width;
	uint32_t height;
	pixman_image_t *image; /* the same, for pixman */
};

/* A rectangle of one colour (XRGB), clipped. */
void copy_fill(const struct copy_target *target, const struct kms_rect *rect, uint32_t color);

/*
 * Fills `rect` of the target (clipped to the place's destination) with what the surface shows
 * there. One to one by memcpy; scaled or turned by pixman, bilinear.
 */
void copy_surface(const struct copy_target *target, const struct surface *surface,
	const struct place *place, const struct kms_rect *rect);

/* The same of an image that is no surface, and all of the target: the image stays as it is. */
void copy_image(const struct copy_target *target, pixman_image_t *image, const struct place *place);

/* The same through a mask, over what is there, which is read. */
void copy_blend(const struct copy_target *target, const struct surface *surface,
	const struct place *place, const struct kms_rect *rect, pixman_image_t *mask);

/* Rows of bytes; one memcpy where rows are adjacent on both sides. */
void copy_rows(uint8_t *to, uint32_t to_stride, const uint8_t *from, uint32_t from_stride,
	size_t row_bytes, uint32_t rows);

/* Makes a composition of `image` at the output's coordinates show it as `place` says. */
void copy_prepare_image(pixman_image_t *image, const struct place *place);

#endif
