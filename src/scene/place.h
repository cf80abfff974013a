/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Where a picture lies on an output: pure geometry, no state, nothing owned.
 *
 * Used by view.c for frames and for the cursor, and in the other direction for pointing devices.
 */
#ifndef SCANOUTD_SCENE_PLACE_H
#define SCANOUTD_SCENE_PLACE_H

#include <glib.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "kms.h"

/* What is done with a picture that is not of the mode's size. */
enum place_policy {
	PLACE_FIT, /* scaled to the largest size that fits, in proportion, centred */
	PLACE_CENTER, /* not scaled, centred; what is too large is cut on both sides */
	PLACE_NONE, /* not scaled, at the top left; what is too large is cut right and below */
	PLACE_FILL, /* scaled to the smallest size that covers all, in proportion; the rest is cut */
	PLACE_INTEGER, /* scaled by the largest whole number that fits; too large: as PLACE_FIT */
};

/* "fit", "center", "none", "fill", "integer". */
const char *place_policy_name(enum place_policy policy);

/*
 * How a screen is turned: by the words of wl_output.transform, and in their sense. "90" turns the
 * picture counter-clockwise on the panel, so that it stands upright where the panel is turned
 * clockwise; "flipped" mirrors it left to right; "flipped-90" mirrors it first and turns it then.
 * They are the kernel's numbers: KMS_ROTATE_90 is "90", KMS_REFLECT_X with it "flipped-90".
 */
#define PLACE_TRANSFORMS 8
/* Not one of them, but 0, "auto": as the panel is mounted (kms_output_panel_transform()). */
#define PLACE_TRANSFORM_AUTO ((enum kms_transform)0)
/* Its words, and their meaning: "auto" first, then those of wl_output in their order; NULL
 * behind. */
const char *place_transform_word(size_t index, enum kms_transform *transform);
/* "?" where it is none of the eight, nor auto. */
const char *place_transform_name(enum kms_transform transform);

/* Width and height change their roles. */
static inline bool place_is_sideways(enum kms_transform transform)
{
	return transform & (KMS_ROTATE_90 | KMS_ROTATE_270);
}

struct place {
	struct kms_rect source; /* part of the picture that is seen, picture's pixels */
	struct kms_rect destination; /* where it lies on the CRTC, mode's pixels */
	enum kms_transform transform;
	bool scaled;
};

/*
 * All sizes in pixels, 1 to 16384; `mode_width` and `mode_height` are the CRTC's. The picture is
 * placed on the screen as its viewer sees it, of which left, top and what is cut are said; that is
 * then turned onto the CRTC. One of the eight transforms.
 */
void place_compute(struct place *place, uint32_t width, uint32_t height, uint32_t mode_width,
	uint32_t mode_height, enum place_policy policy, enum kms_transform transform);

bool place_equal(const struct place *a, const struct place *b);

/* The rectangle on the CRTC that shows (at least) this part of the picture; empty (width 0) where
 * none of it is seen. */
struct kms_rect place_to_output(const struct place *place, const struct kms_rect *rect);

/* A point of the CRTC in the picture, for touch and tablets. False outside the destination; the
 * nearest point is given all the same. */
bool place_from_output(const struct place *place, double x, double y, double *picture_x,
	double *picture_y);

/*
 * A point of the CRTC on the screen as its viewer sees it, both in fractions of width and height, 0
 * to 1; so of directions, as differences of two points. The inverse of `transform`, without a
 * picture.
 */
void place_untransform(enum kms_transform transform, double x, double y, double *screen_x,
	double *screen_y);

/* A point of the picture on the CRTC; also for points outside of what is seen. */
void place_point_to_output(const struct place *place, double x, double y, double *output_x,
	double *output_y);

/* ---- rectangles ---- */

static inline bool rect_empty(const struct kms_rect *rect)
{
	return rect->width <= 0 || rect->height <= 0;
}

static inline struct kms_rect rect_intersect(const struct kms_rect *a, const struct kms_rect *b)
{
	int32_t left = MAX(a->x, b->x);
	int32_t top = MAX(a->y, b->y);
	int32_t right = MIN(a->x + a->width, b->x + b->width);
	int32_t bottom = MIN(a->y + a->height, b->y + b->height);

	if (right <= left || bottom <= top)
		return (struct kms_rect){0};
	return (struct kms_rect){left, top, right - left, bottom - top};
}

struct kms_rect rect_bounding(const struct kms_rect *a, const struct kms_rect *b);
/* What lies beside a strip of the rectangle that goes along all of one of its sides, whichever that
 * is; empty where the strip is all of it. False: it is no such strip, and `rest` says nothing. */
bool rect_cut(const struct kms_rect *rect, const struct kms_rect *strip, struct kms_rect *rest);

static inline bool rect_overlaps(const struct kms_rect *a, const struct kms_rect *b)
{
	return !rect_empty(a) && !rect_empty(b) && a->x < b->x + b->width &&
		b->x < a->x + a->width && a->y < b->y + b->height && b->y < a->y + a->height;
}

#endif
