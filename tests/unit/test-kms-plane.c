/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What planes say they can do, on the double: formats, modifiers, turns; known without a question to
 * the driver.
 */
#include "card_fixture.h"
#include "device.h"

#include <drm_fourcc.h>
#include <errno.h>

static struct kms_plane *find(const struct card_fixture *card, uint32_t id)
{
	const struct kms_card *device = card->device->card;

	for (size_t i = 0; i < device->plane_count; i++) {
		if (device->planes[i].id == id)
			return &device->planes[i];
	}
	g_assert_not_reached();
}

static void test_formats(struct card_fixture *card)
{
	const struct kms_plane *plane;

	double_card.overlay_planes = true;
	double_card.compressed_overlays = true;
	card_start(card);
	/* Of one that does not say which modifiers go with them, any may. */
	plane = find(card, DOUBLE_PRIMARY(0));
	g_assert_true(kms_plane_takes(plane, DRM_FORMAT_XRGB8888, KMS_MODIFIER_INVALID));
	g_assert_true(kms_plane_takes(plane, DRM_FORMAT_XRGB8888, KMS_MODIFIER_LINEAR));
	g_assert_false(kms_plane_takes(plane, DRM_FORMAT_NV12, KMS_MODIFIER_INVALID));
	plane = find(card, DOUBLE_COMPRESSED(0));
	g_assert_true(kms_plane_takes(plane, DRM_FORMAT_ARGB8888, DOUBLE_TILED));
	g_assert_true(kms_plane_takes(plane, DRM_FORMAT_ARGB8888, KMS_MODIFIER_INVALID));
	g_assert_false(kms_plane_takes(plane, DRM_FORMAT_ARGB8888, KMS_MODIFIER_LINEAR));
	g_assert_false(kms_plane_takes(plane, DRM_FORMAT_NV12, DOUBLE_TILED));
	g_assert_cmpuint(double_counters.tests, ==, 0);
}

static void test_turns(struct card_fixture *card)
{
	double_card.rotation = true;
	card_start(card);
	/* It has the property, and does not say which of the turns. */
	g_assert_true(kms_plane_turns(find(card, DOUBLE_PRIMARY(0)), KMS_ROTATE_90));
	g_assert_false(kms_plane_turns(find(card, DOUBLE_CURSOR(0)), KMS_ROTATE_90));
	g_assert_true(kms_plane_turns(find(card, DOUBLE_CURSOR(0)), KMS_ROTATE_0));
	find(card, DOUBLE_PRIMARY(0))->properties[KMS_PLANE_ROTATION].bits = KMS_ROTATE_0 |
		KMS_ROTATE_180 | KMS_REFLECT_X;
	g_assert_true(
		kms_plane_turns(find(card, DOUBLE_PRIMARY(0)), KMS_ROTATE_180 | KMS_REFLECT_X));
	g_assert_false(kms_plane_turns(find(card, DOUBLE_PRIMARY(0)), KMS_ROTATE_90));
}

/* What a plane cannot do costs no question. */
static void test_no_question(struct card_fixture *card)
{
	struct kms_frame frame;

	double_card.rotation = true;
	card_start(card);
	find(card, DOUBLE_PRIMARY(0))->properties[KMS_PLANE_ROTATION].bits = KMS_ROTATE_0;
	frame = card_frame(card, card_picture(card, 0));
	frame.transform = KMS_ROTATE_180;
	g_assert_false(kms_output_test(card->outputs[0].output, &frame));
	g_assert_cmpint(kms_output_submit(card->outputs[0].output, &frame), ==, KMS_SUBMIT_REFUSED);
	g_assert_cmpuint(double_counters.tests, ==, 0);
	g_assert_cmpuint(double_counters.ioctls, <=, 4); /* the picture was made */
}

int main(int argc, char **argv)
{
	card_init(&argc, &argv);
	card_add_test("/kms/plane/formats", test_formats);
	card_add_test("/kms/plane/turns", test_turns);
	card_add_test("/kms/plane/no-question", test_no_question);
	return g_test_run();
}
