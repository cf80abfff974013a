/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Which part of a frame differs from the one before: rectangles in its buffer, carried over from
 * frames that were superseded. Pure functions, used by output.c.
 */
#ifndef KMS_DAMAGE_H
#define KMS_DAMAGE_H

#include <kms.h>
#include <xf86drmMode.h>

struct kms_damage {
	struct kms_rect rects[KMS_DAMAGE_MAX];
	size_t count; /* 0: all of it */
};

/* More rectangles than a frame has are all of it. */
void kms_damage_set(struct kms_damage *damage, const struct kms_rect *rects, size_t count);

/* A frame that is superseded was never seen: the one in its place shows its damage too. */
void kms_damage_add(struct kms_damage *damage, const struct kms_rect *rects, size_t count);

/* As the kernel takes it: corners, inside the part that is shown; at most KMS_DAMAGE_MAX. Returns
 * how many; 0: all of it. */
size_t kms_damage_clips(const struct kms_damage *damage, const struct kms_rect *source,
	struct drm_mode_rect *clips);

#endif
