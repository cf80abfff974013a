/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Damage: joined, bounded, and as the kernel takes it. */
#include "damage.h"

#include <glib.h>
#include <string.h>

/* The part of a buffer that is shown. */
static const struct kms_rect source = {100, 50, 64, 48};

static void expect(const struct drm_mode_rect *is, int32_t x1, int32_t y1, int32_t x2, int32_t y2)
{
	g_assert_cmpint(is->x1, ==, x1);
	g_assert_cmpint(is->y1, ==, y1);
	g_assert_cmpint(is->x2, ==, x2);
	g_assert_cmpint(is->y2, ==, y2);
}

static size_t clip(struct kms_rect rect, struct drm_mode_rect *clips)
{
	struct kms_damage damage = {0};

	kms_damage_set(&damage, &rect, 1);
	return kms_damage_clips(&damage, &source, clips);
}

static void test_clips(void)
{
	struct drm_mode_rect clips[KMS_DAMAGE_MAX];

	g_assert_cmpuint(clip((struct kms_rect){110, 60, 5, 6}, clips), ==, 1);
	expect(&clips[0], 110, 60, 115, 66);
	/* Only what is shown of it. */
	g_assert_cmpuint(clip((struct kms_rect){0, 0, 101, 51}, clips), ==, 1);
	expect(&clips[0], 100, 50, 101, 51);
	g_assert_cmpuint(clip((struct kms_rect){163, 97, 100, 100}, clips), ==, 1);
	expect(&clips[0], 163, 97, 164, 98);
	/* Beside it. */
	g_assert_cmpuint(clip((struct kms_rect){0, 60, 100, 5}, clips), ==, 0);
	g_assert_cmpuint(clip((struct kms_rect){164, 60, 10, 5}, clips), ==, 0);
	g_assert_cmpuint(clip((struct kms_rect){110, 0, 5, 50}, clips), ==, 0);
	g_assert_cmpuint(clip((struct kms_rect){110, 98, 5, 5}, clips), ==, 0);
	/* All of it needs no clips; as wide or as high as it does. */
	g_assert_cmpuint(clip((struct kms_rect){0, 0, 1000, 1000}, clips), ==, 0);
	g_assert_cmpuint(clip(source, clips), ==, 0);
	g_assert_cmpuint(clip((struct kms_rect){100, 60, 64, 5}, clips), ==, 1);
	g_assert_cmpuint(clip((struct kms_rect){110, 50, 5, 48}, clips), ==, 1);
}

static void test_joined(void)
{
	const struct kms_rect first = {100, 50, 2, 2};
	const struct kms_rect second = {110, 60, 3, 3};
	struct drm_mode_rect clips[KMS_DAMAGE_MAX];
	struct kms_damage damage = {0};

	kms_damage_set(&damage, &first, 1);
	kms_damage_add(&damage, &second, 1);
	g_assert_cmpuint(kms_damage_clips(&damage, &source, clips), ==, 2);
	/* Nothing said is all of it, now or before. */
	kms_damage_add(&damage, NULL, 0);
	g_assert_cmpuint(damage.count, ==, 0);
	kms_damage_add(&damage, &first, 1);
	g_assert_cmpuint(damage.count, ==, 0);
}

/* As many as a frame has; more of them are what holds them all. */
static void test_many(void)
{
	struct kms_rect rects[KMS_DAMAGE_MAX + 1];
	struct kms_damage damage = {0};

	for (int32_t i = 0; i < KMS_DAMAGE_MAX + 1; i++)
		rects[i] = (struct kms_rect){100 + i, 50 + i, 1, 2};
	kms_damage_set(&damage, rects, KMS_DAMAGE_MAX);
	g_assert_cmpuint(damage.count, ==, KMS_DAMAGE_MAX);
	kms_damage_set(&damage, rects, KMS_DAMAGE_MAX + 1);
	g_assert_cmpuint(damage.count, ==, 0);
	kms_damage_set(&damage, rects, KMS_DAMAGE_MAX - 1);
	kms_damage_add(&damage, &rects[KMS_DAMAGE_MAX - 1], 1);
	g_assert_cmpuint(damage.count, ==, KMS_DAMAGE_MAX);
	kms_damage_add(&damage, &rects[KMS_DAMAGE_MAX], 1);
	g_assert_cmpuint(damage.count, ==, 1);
	g_assert_cmpint(damage.rects[0].x, ==, 100);
	g_assert_cmpint(damage.rects[0].y, ==, 50);
	g_assert_cmpint(damage.rects[0].width, ==, KMS_DAMAGE_MAX + 1);
	g_assert_cmpint(damage.rects[0].height, ==, KMS_DAMAGE_MAX + 2);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/kms/damage/clips", test_clips);
	g_test_add_func("/kms/damage/joined", test_joined);
	g_test_add_func("/kms/damage/many", test_many);
	return g_test_run();
}
