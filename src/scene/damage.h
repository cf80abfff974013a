/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A set of rectangles that changed, of fixed size: it never allocates, so it may be used per frame.
 * More than KMS_DAMAGE_MAX rectangles become their bounding box. Rectangles may overlap.
 *
 * One in each view (what its next frame changes) and one for each scanout buffer (what it has
 * missed); caller-owned memory, zeroed is empty.
 */
#ifndef SCANOUTD_SCENE_DAMAGE_H
#define SCANOUTD_SCENE_DAMAGE_H

#include <stdbool.h>
#include <stddef.h>

#include "kms.h"

struct damage {
	size_t count;
	struct kms_rect rects[KMS_DAMAGE_MAX];
};

static inline void damage_clear(struct damage *damage)
{
	damage->count = 0;
}

/* Empty rectangles are nothing. */
void damage_add(struct damage *damage, const struct kms_rect *rect);

/* This has been drawn. Takes away what needs no further rectangle: strips along a whole side of
 * those that there are. To leave more is never wrong. */
void damage_remove(struct damage *damage, const struct kms_rect *rect);

bool damage_overlaps(const struct damage *damage, const struct kms_rect *rect);

#endif
