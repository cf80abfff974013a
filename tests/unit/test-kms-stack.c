/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Stacks of layers: which planes can lie above each other, and what is remembered of whom.
 */
#include "stack.h"

#include <drm_fourcc.h>
#include <string.h>
#include <xf86drmMode.h>

/* A plane whose zpos can be set from `minimum` to `maximum`; is `minimum`, where that is 0; or
 * unknown. */
static struct kms_plane plane(uint32_t type, bool known, uint64_t minimum, uint64_t maximum)
{
	struct kms_plane made = {.type = type};
	struct kms_property *zpos = &made.properties[KMS_PLANE_ZPOS];

	zpos->id = known;
	zpos->value = minimum;
	zpos->minimum = maximum ? minimum : 0;
	zpos->maximum = maximum;
	return made;
}

/* The picture, and layers of 100 pixels each, `step` apart. */
static struct kms_stack stack_of(size_t count, int32_t step)
{
	struct kms_stack stack = {.count = count};

	for (size_t i = 0; i < count; i++)
		stack.members[i].placement = (struct kms_placement){
			.source = {0, 0, 100, 100},
			.destination = {(int32_t)i * step, 0, 100, 100},
			.transform = KMS_ROTATE_0,
		};
	return stack;
}

#define PRIMARY DRM_PLANE_TYPE_PRIMARY
#define OVERLAY DRM_PLANE_TYPE_OVERLAY
#define CURSOR DRM_PLANE_TYPE_CURSOR

static void test_settable(void)
{
	const struct kms_stack stack = stack_of(3, 0);
	struct kms_plane primary = plane(PRIMARY, true, 0, 7), low = plane(OVERLAY, true, 0, 7),
			 high = plane(OVERLAY, true, 0, 7), cursor = plane(CURSOR, true, 0, 7);
	struct kms_stack_answer answer = {.planes = {&primary, &low, &high}};

	g_assert_true(kms_stack_order(&stack, &answer, &cursor));
	g_assert_cmpuint(answer.zpos[0], ==, 0 + 1);
	g_assert_cmpuint(answer.zpos[1], ==, 1 + 1);
	g_assert_cmpuint(answer.zpos[2], ==, 2 + 1);
	/* No room below the cursor; nor in the plane's own range. */
	cursor.properties[KMS_PLANE_ZPOS].maximum = 2;
	g_assert_false(kms_stack_order(&stack, &answer, &cursor));
	g_assert_true(kms_stack_order(&stack, &answer, NULL));
	high.properties[KMS_PLANE_ZPOS].maximum = 1;
	g_assert_false(kms_stack_order(&stack, &answer, NULL));
	/* One that begins higher. */
	high = plane(OVERLAY, true, 5, 9);
	g_assert_true(kms_stack_order(&stack, &answer, NULL));
	g_assert_cmpuint(answer.zpos[2], ==, 5 + 1);
	/* A layer without a plane leaves no hole. */
	answer.planes[1] = NULL;
	high = plane(OVERLAY, true, 0, 7);
	g_assert_true(kms_stack_order(&stack, &answer, NULL));
	g_assert_cmpuint(answer.zpos[2], ==, 1 + 1);
}

static void test_fixed(void)
{
	const struct kms_stack above = stack_of(3, 0), beside = stack_of(3, 100);
	struct kms_plane primary = plane(PRIMARY, true, 1, 0), first = plane(OVERLAY, true, 2, 0),
			 second = plane(OVERLAY, true, 3, 0), under = plane(OVERLAY, true, 0, 0),
			 cursor = plane(CURSOR, true, 4, 0);
	struct kms_stack_answer right = {.planes = {&primary, &first, &second}};
	struct kms_stack_answer wrong = {.planes = {&primary, &second, &first}};
	struct kms_stack_answer below = {.planes = {&primary, &under}};

	g_assert_true(kms_stack_order(&above, &right, &cursor));
	g_assert_cmpuint(right.zpos[0] + right.zpos[1] + right.zpos[2], ==, 0);
	g_assert_false(kms_stack_order(&above, &wrong, &cursor));
	g_assert_true(kms_stack_order(&beside, &wrong, &cursor));
	/* Below the picture no layer is seen, wherever it is. */
	g_assert_false(kms_stack_order(&beside, &below, &cursor));
	cursor = plane(CURSOR, true, 3, 0);
	g_assert_false(kms_stack_order(&above, &right, &cursor));
	/* Between others that cannot be moved. */
	second = plane(OVERLAY, true, 0, 9);
	g_assert_true(kms_stack_order(&above, &right, NULL));
	g_assert_cmpuint(right.zpos[2], ==, 3 + 1);
	g_assert_false(kms_stack_order(&above, &wrong, NULL));
}

/* The kernel knows no more than primary, overlays, cursor. */
static void test_unknown(void)
{
	const struct kms_stack above = stack_of(3, 99), beside = stack_of(3, 100);
	struct kms_plane primary = plane(PRIMARY, false, 0, 0), first = plane(OVERLAY, false, 0, 0),
			 second = plane(OVERLAY, false, 0, 0), cursor = plane(CURSOR, false, 0, 0),
			 stand_in = plane(OVERLAY, false, 0, 0);
	struct kms_stack_answer answer = {.planes = {&primary, &first, &second}};

	g_assert_false(kms_stack_order(&above, &answer, &cursor));
	g_assert_true(kms_stack_order(&beside, &answer, &cursor));
	g_assert_cmpuint(answer.zpos[0] + answer.zpos[1] + answer.zpos[2], ==, 0);
	/* A cursor on an overlay goes anywhere. */
	g_assert_false(kms_stack_order(&beside, &answer, &stand_in));
	/* One of the two is known: that does not help. */
	second = plane(OVERLAY, true, 1, 9);
	g_assert_false(kms_stack_order(&above, &answer, &cursor));
	g_assert_true(kms_stack_order(&beside, &answer, &cursor));
}

/* No arithmetic goes wrong with what a driver may say. */
static void test_absurd(void)
{
	const struct kms_stack stack = stack_of(2, 0);
	struct kms_plane primary = plane(PRIMARY, true, UINT64_MAX, 0),
			 overlay = plane(OVERLAY, true, 0, UINT64_MAX);
	struct kms_stack_answer answer = {.planes = {&primary, &overlay}};

	g_assert_false(kms_stack_order(&stack, &answer, NULL));
	primary = plane(PRIMARY, true, UINT16_MAX - 2, 0);
	g_assert_true(kms_stack_order(&stack, &answer, NULL));
	g_assert_cmpuint(answer.zpos[1], ==, UINT16_MAX);
	primary = plane(PRIMARY, true, UINT16_MAX - 1, 0);
	g_assert_false(kms_stack_order(&stack, &answer, NULL));
}

static void test_memory(void)
{
	struct kms_stacks stacks = {0};
	struct kms_stack stack = stack_of(3, 10);
	struct kms_plane primary = plane(PRIMARY, false, 0, 0);
	const struct kms_stack_answer answer = {.planes = {&primary}};

	g_assert_null(kms_stacks_find(&stacks, &stack));
	kms_stacks_remember(&stacks, &stack, &answer);
	g_assert_nonnull(kms_stacks_find(&stacks, &stack));
	stack.members[2].translucent = true;
	g_assert_null(kms_stacks_find(&stacks, &stack));
	stack.members[2].translucent = false;
	stack.members[1].blend = KMS_BLEND_NONE;
	g_assert_null(kms_stacks_find(&stacks, &stack));
	stack.members[1].blend = KMS_BLEND_PREMULTIPLIED;
	stack.members[1].layout.fourcc = DRM_FORMAT_ARGB8888;
	g_assert_null(kms_stacks_find(&stacks, &stack));
	stack = stack_of(2, 10);
	g_assert_null(kms_stacks_find(&stacks, &stack));
	/* The same again takes no room; others take the oldest one's. */
	stack = stack_of(3, 10);
	for (int32_t i = 0; i < KMS_STACKS_MAX; i++)
		kms_stacks_remember(&stacks, &stack, &answer);
	for (int32_t i = 1; i < KMS_STACKS_MAX; i++) {
		stack = stack_of(3, 10 + i);
		kms_stacks_remember(&stacks, &stack, &answer);
	}
	stack = stack_of(3, 10);
	g_assert_nonnull(kms_stacks_find(&stacks, &stack));
	stack = stack_of(3, 9);
	kms_stacks_remember(&stacks, &stack, &answer);
	stack = stack_of(3, 10);
	g_assert_null(kms_stacks_find(&stacks, &stack));
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/kms/stack/settable", test_settable);
	g_test_add_func("/kms/stack/fixed", test_fixed);
	g_test_add_func("/kms/stack/unknown", test_unknown);
	g_test_add_func("/kms/stack/absurd", test_absurd);
	g_test_add_func("/kms/stack/memory", test_memory);
	return g_test_run();
}
