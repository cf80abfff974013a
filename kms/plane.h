/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A plane puts one framebuffer on a CRTC: what it can do, as the kernel says it, so that no
 * question whose answer is known costs an ioctl. Part of a card; read at start by resources.c,
 * asked by buffer.c, route.c, cursor.c and output.c.
 */
#ifndef KMS_PLANE_H
#define KMS_PLANE_H

#include "property.h"

#include <kms.h>
#include <stddef.h>

/* A format with one of the modifiers that go with it; KMS_MODIFIER_INVALID: the plane does not say
 * which. */
struct kms_plane_format {
	uint64_t modifier;
	uint32_t fourcc;
};

struct kms_plane {
	uint32_t id;
	uint32_t type; /* DRM_PLANE_TYPE_* */
	uint32_t possible_crtcs; /* bit n: the card's nth CRTC */
	uint32_t crtc_id; /* where it is, as the kernel has it; 0: nowhere */
	uint32_t
		reserved; /* the CRTC whose layers it is for: until its last flip there is over; 0: none */
	bool lent; /* to another program, with its CRTC (lease.h) */
	bool former; /* it shows what a previous master left on it (output_former.c) … */
	bool awaited; /* … whose own is to come */
	struct kms_plane_format *formats;
	size_t format_count;
	struct kms_property properties[KMS_PLANE_PROPERTIES];
};

void kms_plane_finish(struct kms_plane *plane);

/* What a previous master left on it is not there any more. */
static inline void kms_plane_forget_former(struct kms_plane *plane)
{
	plane->former = false;
	plane->awaited = false;
}

/* Reads its formats and modifiers, from IN_FORMATS where it has that; its properties were read. */
void kms_plane_read_formats(struct kms_plane *plane, int fd, const uint32_t *fourccs, size_t count);

/*
 * Can it scan out such a buffer? A modifier that is KMS_MODIFIER_INVALID is the driver's own
 * choice: then the format alone decides. False is certain; true is worth a TEST_ONLY.
 */
bool kms_plane_takes(const struct kms_plane *plane, uint32_t fourcc, uint64_t modifier);

/*
 * What its rotation property must say to turn a picture so (enum kms_transform): the same, or the
 * other words for it that the driver knows, as both reflections are a turn of 180 degrees. 0: it
 * cannot. KMS_ROTATE_0 needs no property.
 */
uint32_t kms_plane_rotation(const struct kms_plane *plane, uint32_t transform);

static inline bool kms_plane_turns(const struct kms_plane *plane, uint32_t transform)
{
	return kms_plane_rotation(plane, transform) != 0;
}

/* Where its picture lay on its CRTC when the card was read last. */
struct kms_rect kms_plane_place(const struct kms_plane *plane);

/*
 * Could it blend a layer so? `translucent`: all of it is not opaque. What it says nothing of is
 * opaque, or premultiplied where the format has alpha.
 */
bool kms_plane_blends(const struct kms_plane *plane, uint32_t fourcc, enum kms_blend blend,
	bool translucent);

/* The number of a blend mode in its "pixel blend mode"; false: it has no such mode. */
bool kms_plane_blend_value(const struct kms_plane *plane, enum kms_blend blend, uint64_t *value);

#endif
