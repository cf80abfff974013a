/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "stack.h"

#include <xf86drmMode.h>

bool kms_stack_member_equal(const struct kms_stack_member *a, const struct kms_stack_member *b)
{
	return kms_layout_equal(&a->layout, &b->layout) &&
		kms_placement_equal(&a->placement, &b->placement) && a->blend == b->blend &&
		a->translucent == b->translucent && a->dumb == b->dumb;
}

bool kms_stack_overlap(const struct kms_stack *stack, size_t a, size_t b)
{
	const struct kms_rect *first = &stack->members[a].placement.destination;
	const struct kms_rect *second = &stack->members[b].placement.destination;

	return first->x < second->x + second->width && second->x < first->x + first->width &&
		first->y < second->y + second->height && second->y < first->y + first->height;
}

/* ---- what lies above what ---- */

/* How high a plane can be. */
struct height {
	bool known;
	bool settable;
	uint64_t minimum; /* its only one, where that cannot be set */
	uint64_t maximum;
};

static struct height height_of(const struct kms_plane *plane)
{
	const struct kms_property *zpos = &plane->properties[KMS_PLANE_ZPOS];
	bool settable = zpos->maximum > 0;

	return (struct height){
		.known = zpos->id != 0,
		.settable = settable,
		.minimum = settable ? zpos->minimum : zpos->value,
		.maximum = settable ? zpos->maximum : zpos->value,
	};
}

/* Of planes without a zpos nobody knows which is the upper one: it must not matter. */
static bool is_beside_all(const struct kms_stack *stack, const struct kms_stack_answer *answer,
	size_t index)
{
	for (size_t i = 1; i < stack->count; i++) {
		if (i != index && answer->planes[i] && kms_stack_overlap(stack, i, index))
			return false;
	}
	return true;
}

/* Planes that were given a height so far. */
struct pile {
	const struct kms_stack *stack;
	const struct kms_stack_answer *answer;
	bool known[KMS_STACK_MAX];
	uint64_t heights[KMS_STACK_MAX];
	bool any; /* one is known: */
	uint64_t top; /* the highest of all */
};

static void put(struct pile *pile, size_t index, uint64_t height)
{
	pile->known[index] = true;
	pile->heights[index] = height;
	pile->top = pile->any ? MAX(pile->top, height) : height;
	pile->any = true;
}

/* The picture is below all, wherever they are. */
static bool is_above_others(const struct pile *pile, size_t index, uint64_t height)
{
	for (size_t i = 0; i < index; i++) {
		if (pile->known[i] && height <= pile->heights[i] &&
			(i == 0 || kms_stack_overlap(pile->stack, i, index)))
			return false;
	}
	return true;
}

static bool put_member(struct pile *pile, size_t index, uint16_t *zpos)
{
	const struct height height = height_of(pile->answer->planes[index]);
	uint64_t wanted = height.minimum;

	*zpos = 0;
	if (!height.known)
		return is_beside_all(pile->stack, pile->answer, index);
	if (height.settable && pile->any)
		wanted = MAX(wanted, pile->top + 1);
	if (wanted > height.maximum || wanted >= UINT16_MAX ||
		!is_above_others(pile, index, wanted))
		return false;
	if (height.settable)
		*zpos = (uint16_t)(wanted + 1);
	put(pile, index, wanted);
	return true;
}

static bool put_picture(struct pile *pile, uint16_t *zpos)
{
	const struct height height = height_of(pile->answer->planes[0]);

	*zpos = 0;
	if (!height.known)
		return true;
	if (height.minimum >= UINT16_MAX)
		return false;
	if (height.settable)
		*zpos = (uint16_t)(height.minimum + 1);
	put(pile, 0, height.minimum);
	return true;
}

/* A cursor goes everywhere. */
static bool is_below_cursor(const struct pile *pile, const struct kms_plane *cursor)
{
	const struct height height = height_of(cursor);

	if (!height.known)
		return cursor->type == DRM_PLANE_TYPE_CURSOR;
	return !pile->any || pile->top < height.maximum;
}

bool kms_stack_order(const struct kms_stack *stack, struct kms_stack_answer *answer,
	const struct kms_plane *cursor)
{
	struct pile pile = {.stack = stack, .answer = answer};
	bool any = false;

	if (!put_picture(&pile, &answer->zpos[0]))
		return false;
	for (size_t i = 1; i < stack->count; i++) {
		if (answer->planes[i] && !put_member(&pile, i, &answer->zpos[i]))
			return false;
		any |= answer->planes[i] != NULL;
	}
	return !any || !cursor || is_below_cursor(&pile, cursor);
}

/* ---- what was said before ---- */

static bool is_equal(const struct kms_stack *a, const struct kms_stack *b)
{
	if (a->count != b->count)
		return false;
	for (size_t i = 0; i < a->count; i++) {
		if (!kms_stack_member_equal(&a->members[i], &b->members[i]))
			return false;
	}
	return true;
}

bool kms_stack_answer_can_improve(const struct kms_stack_answer *answer)
{
	return answer->lacking || (answer->denials > 0 && answer->denials < KMS_STACK_DENIALS_MAX);
}

struct kms_stack_answer *kms_stacks_find(struct kms_stacks *stacks, const struct kms_stack *stack)
{
	for (size_t i = 0; i < KMS_STACKS_MAX; i++) {
		if (is_equal(&stacks->slots[i].stack, stack))
			return &stacks->slots[i].answer;
	}
	return NULL;
}

struct kms_stack_answer *kms_stacks_remember(struct kms_stacks *stacks,
	const struct kms_stack *stack, const struct kms_stack_answer *answer)
{
	size_t oldest = stacks->next;
	struct kms_stack_answer *known = kms_stacks_find(stacks, stack);

	if (!known) {
		stacks->slots[oldest].stack = *stack;
		known = &stacks->slots[oldest].answer;
		stacks->next = (oldest + 1) % KMS_STACKS_MAX;
	}
	*known = *answer;
	return known;
}
