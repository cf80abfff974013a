/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The cursor of one view: its image and position in the picture, and what becomes of both on the
 * output, as a cursor plane's image or blended into a scanout buffer.
 *
 * Part of a view, in its memory; zeroed is a hidden cursor.
 */
#ifndef SCANOUTD_SCENE_CURSOR_H
#define SCANOUTD_SCENE_CURSOR_H

#include <pixman.h>
#include <stdbool.h>
#include <stdint.h>

#include "kms.h"
#include "scene/copy.h"
#include "scene/place.h"
#include "scene/surface.h"

/* Of the views above one: as many as there can be layers on an output. */
#define CURSOR_HOLES_MAX KMS_LAYERS_MAX

/* What a plane has of an image: a part of it, less what others hide. Compared bit by bit: to be
 * zeroed first. */
struct cursor_cut {
	struct kms_rect clip;
	struct kms_rect holes[CURSOR_HOLES_MAX];
	uint32_t count;
};

struct cursor {
	const uint32_t *pixels; /* borrowed, 64×64 premultiplied ARGB; NULL: hidden */
	struct kms_rect seen; /* the part of the image that is not transparent */
	uint32_t hot_x;
	uint32_t hot_y;
	int32_t x; /* of the image's top-left in the picture */
	int32_t y;
	pixman_image_t *image; /* over `pixels` */
	pixman_image_t *scratch; /* cached memory to blend in */
	struct cursor_cut cut; /* of one that shares its output */
	/* The image as a plane shows it, where the picture is scaled or turned, or cuts it off. */
	uint32_t plane[KMS_CURSOR_SIZE * KMS_CURSOR_SIZE];
};

void cursor_finish(struct cursor *cursor);

/* NULL, or an image that is transparent all over, hides. */
void cursor_set_image(struct cursor *cursor, const uint32_t *pixels, uint32_t hot_x,
	uint32_t hot_y);

static inline bool cursor_visible(const struct cursor *cursor)
{
	return cursor->pixels != NULL;
}

/* What is seen of it, on the output of `place`; may lie outside of the destination. */
struct kms_rect cursor_rect(const struct cursor *cursor, const struct place *place);

/* The image for a cursor plane, 64×64, valid until the next call. NULL: scaled it is too large for
 * one. */
const uint32_t *cursor_plane_image(struct cursor *cursor, const struct place *place,
	uint32_t *hot_x, uint32_t *hot_y);

/* The same without what is cut off and out, in pixels of the image. */
const uint32_t *cursor_cut_image(struct cursor *cursor, const uint32_t *image,
	const struct cursor_cut *cut);

/* Where that image's top-left goes. */
void cursor_plane_position(const struct cursor *cursor, const struct place *place, int32_t *x,
	int32_t *y);

/* Draws it over what is there, in cached memory, inside the place's destination. */
void cursor_blend_over(struct cursor *cursor, const struct copy_target *target,
	const struct place *place);

/* Draws the surface below the cursor, and the cursor over it, inside the place's destination. */
void cursor_blend(struct cursor *cursor, const struct copy_target *target,
	const struct surface *surface, const struct place *place);

#endif
