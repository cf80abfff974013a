/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A stack: what the layers of an output are asked to show, from the bottom, and which plane each
 * gets. What the driver said is remembered by the whole set: by kinds of frames, not by buffers.
 * Owns the rules of what lies above what. Part of an output, which forgets it all with a mode set;
 * used by output_planes.c.
 */
#ifndef KMS_STACK_H
#define KMS_STACK_H

#include "buffer.h"
#include "plane.h"
#include "request.h"

/* The picture, and the layers above it. */
#define KMS_STACK_MAX (1 + KMS_LAYERS_MAX)

/* A kind of frame: where one is taken on a plane, all are. */
struct kms_stack_member {
	struct kms_layout layout;
	struct kms_placement placement;
	enum kms_blend blend;
	bool translucent; /* all of it */
	/* A guest's buffer that the driver refuses, wherever that lies, says nothing of ours. */
	bool dumb;
};

struct kms_stack {
	struct kms_stack_member members[KMS_STACK_MAX]; /* from the bottom: the picture first */
	size_t count;
};

struct kms_stack_answer {
	struct kms_plane
		*planes[KMS_STACK_MAX]; /* NULL: it has none. The first is the picture's own. */
	uint16_t zpos[KMS_STACK_MAX]; /* as struct kms_layer has it */
	bool lacking; /* a plane that another CRTC has might serve: true until one is set free */
	unsigned int denials; /* so often the driver has refused what it had taken */
	unsigned int releases; /* struct kms_card's, when it was given, or was denied last */
};

/* What was denied so often is not asked for again before the next mode set. */
#define KMS_STACK_DENIALS_MAX 3

/* Once a plane is set free, there may be a better one. */
bool kms_stack_answer_can_improve(const struct kms_stack_answer *answer);

bool kms_stack_member_equal(const struct kms_stack_member *a, const struct kms_stack_member *b);

/* Do the two show in the same place? */
bool kms_stack_overlap(const struct kms_stack *stack, size_t a, size_t b);

/*
 * Can the planes of the answer lie above each other as the stack has it? Sets its zpos then. Only
 * planes that overlap need an order. A zpos that cannot be set decides as it is; where planes have
 * none, the kernel knows no more than the primary plane below overlays below the cursor
 * (drm_blend.c). `cursor`: the plane of the cursor, which is above all, or NULL.
 */
bool kms_stack_order(const struct kms_stack *stack, struct kms_stack_answer *answer,
	const struct kms_plane *cursor);

#define KMS_STACKS_MAX 8

struct kms_stacks {
	struct {
		struct kms_stack stack; /* count 0: none */
		struct kms_stack_answer answer;
	} slots[KMS_STACKS_MAX];
	size_t next;
};

/* NULL: it was not asked. */
struct kms_stack_answer *kms_stacks_find(struct kms_stacks *stacks, const struct kms_stack *stack);

/* The oldest one is forgotten. */
struct kms_stack_answer *kms_stacks_remember(struct kms_stacks *stacks,
	const struct kms_stack *stack, const struct kms_stack_answer *answer);

#endif
