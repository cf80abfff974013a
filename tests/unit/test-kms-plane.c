/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What planes say they can do, on the double: formats, modifiers, turns; known without a question
 * to the driver.
 */
#include "card_fixture.h"
#include "device.h"

#include <drm_fourcc.h>
#include <errno.h>
#include <string.h>
#include <unistd.h>

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

struct in_formats {
	struct drm_format_modifier_blob head;
	uint32_t formats[3];
	struct drm_format_modifier modifiers[2];
};

static const struct in_formats sound = {
	{FORMAT_BLOB_CURRENT, 0, 3, offsetof(struct in_formats, formats), 2,
		offsetof(struct in_formats, modifiers)},
	{DRM_FORMAT_XRGB8888, DRM_FORMAT_ARGB8888, DRM_FORMAT_NV12},
	{{.formats = 1, .offset = 0, .modifier = DRM_FORMAT_MOD_LINEAR},
		{.formats = 1, .offset = 1, .modifier = DOUBLE_TILED}},
};

/* Each modifier has a set of formats, which begins at a format of its own. */
static void test_sets(struct card_fixture *card)
{
	const struct kms_plane *plane;

	double_set_in_formats(DOUBLE_PRIMARY(0), &sound, sizeof(sound));
	card_start(card);
	plane = find(card, DOUBLE_PRIMARY(0));
	g_assert_cmpuint(plane->format_count, ==, 3);
	g_assert_true(kms_plane_takes(plane, DRM_FORMAT_XRGB8888, KMS_MODIFIER_LINEAR));
	g_assert_false(kms_plane_takes(plane, DRM_FORMAT_XRGB8888, DOUBLE_TILED));
	g_assert_false(kms_plane_takes(plane, DRM_FORMAT_ARGB8888, KMS_MODIFIER_LINEAR));
	g_assert_true(kms_plane_takes(plane, DRM_FORMAT_ARGB8888, DOUBLE_TILED));
	/* In no set: which modifiers it can have is not said. */
	g_assert_true(kms_plane_takes(plane, DRM_FORMAT_NV12, DOUBLE_TILED));
}

/* One that says of itself what is not so counts as none: the plane's list of formats does. */
static void test_unsound(struct card_fixture *card)
{
	static const struct {
		size_t field; /* of the head */
		uint32_t value;
		size_t size;
	} cases[] = {
		{offsetof(struct in_formats, head.version), 2, sizeof(sound)},
		{offsetof(struct in_formats, head.count_formats), 0x40000000, sizeof(sound)},
		{offsetof(struct in_formats, head.count_formats), 0xffffffff, sizeof(sound)},
		{offsetof(struct in_formats, head.formats_offset), 0xfffffffc, sizeof(sound)},
		{offsetof(struct in_formats, head.count_modifiers), 3, sizeof(sound)},
		{offsetof(struct in_formats, head.count_modifiers), 0x10000000, sizeof(sound)},
		{offsetof(struct in_formats, head.modifiers_offset), sizeof(sound) - 1,
			sizeof(sound)},
		{offsetof(struct in_formats, head.flags), 0, sizeof(sound.head) - 1},
		{offsetof(struct in_formats, head.flags), 0, 0},
	};

	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		struct kms_plane plane = {.id = 1};
		struct in_formats blob = sound;
		const uint32_t listed = DRM_FORMAT_RGB565;
		int fd;

		double_reset();
		memcpy((uint8_t *)&blob + cases[i].field, &cases[i].value, sizeof(uint32_t));
		double_set_in_formats(DOUBLE_PRIMARY(0), &blob, cases[i].size);
		plane.properties[KMS_PLANE_IN_FORMATS].value = double_value(DOUBLE_PRIMARY(0),
			"IN_FORMATS");
		fd = double_open();
		kms_plane_read_formats(&plane, fd, &listed, 1);
		g_assert_cmpuint(plane.format_count, ==, 1);
		g_assert_true(kms_plane_takes(&plane, DRM_FORMAT_RGB565, DOUBLE_TILED));
		kms_plane_finish(&plane);
		close(fd);
	}
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

/* One turn has two names, since both reflections are a turn of 180 degrees: the driver is told the
 * one that it knows. */
static void test_other_words(struct card_fixture *card)
{
	const uint32_t quarters = KMS_ROTATE_0 | KMS_ROTATE_90 | KMS_ROTATE_180 | KMS_ROTATE_270;
	static const struct {
		uint32_t wanted, said;
	} cases[] = {
		{KMS_ROTATE_0, KMS_ROTATE_0},
		{KMS_ROTATE_90, KMS_ROTATE_90},
		{KMS_ROTATE_270 | KMS_REFLECT_X, KMS_ROTATE_270 | KMS_REFLECT_X},
		{KMS_ROTATE_0 | KMS_REFLECT_Y, KMS_ROTATE_180 | KMS_REFLECT_X},
		{KMS_ROTATE_90 | KMS_REFLECT_Y, KMS_ROTATE_270 | KMS_REFLECT_X},
		{KMS_ROTATE_180 | KMS_REFLECT_Y, KMS_ROTATE_0 | KMS_REFLECT_X},
		{KMS_ROTATE_270 | KMS_REFLECT_Y, KMS_ROTATE_90 | KMS_REFLECT_X},
		{KMS_ROTATE_0 | KMS_REFLECT_X | KMS_REFLECT_Y, KMS_ROTATE_180},
		{KMS_ROTATE_90 | KMS_REFLECT_X | KMS_REFLECT_Y, KMS_ROTATE_270},
		{KMS_ROTATE_180 | KMS_REFLECT_X | KMS_REFLECT_Y, KMS_ROTATE_0},
	};
	struct kms_plane *plane;
	struct kms_frame frame;

	double_card.rotation = true;
	card_start(card);
	plane = find(card, DOUBLE_PRIMARY(0));
	plane->properties[KMS_PLANE_ROTATION].bits = quarters | KMS_REFLECT_X;
	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++)
		g_assert_cmphex(kms_plane_rotation(plane, cases[i].wanted), ==, cases[i].said);
	frame = card_frame(card, card_picture(card, 0));
	frame.transform = KMS_ROTATE_0 | KMS_REFLECT_Y;
	g_assert_cmpint(kms_output_submit(card->outputs[0].output, &frame), ==,
		KMS_SUBMIT_ACCEPTED);
	g_assert_cmphex(double_value(DOUBLE_PRIMARY(0), "rotation"), ==,
		KMS_ROTATE_180 | KMS_REFLECT_X);
	card_flip(0);

	plane->properties[KMS_PLANE_ROTATION].bits = KMS_ROTATE_0 | KMS_ROTATE_180;
	g_assert_cmphex(kms_plane_rotation(plane, KMS_ROTATE_0 | KMS_REFLECT_Y), ==, 0);
	g_assert_cmphex(kms_plane_rotation(plane, KMS_ROTATE_0 | KMS_REFLECT_X | KMS_REFLECT_Y), ==,
		KMS_ROTATE_180);
}

/* Upright in other words needs no property. */
static void test_upright(struct card_fixture *card)
{
	struct kms_frame frame;

	card_start(card);
	g_assert_cmpuint(find(card, DOUBLE_PRIMARY(0))->properties[KMS_PLANE_ROTATION].id, ==, 0);
	frame = card_frame(card, card_picture(card, 0));
	frame.transform = KMS_ROTATE_180 | KMS_REFLECT_X | KMS_REFLECT_Y;
	g_assert_cmpint(kms_output_submit(card->outputs[0].output, &frame), ==,
		KMS_SUBMIT_ACCEPTED);
	card_flip(0);
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
	card_add_test("/kms/plane/sets", test_sets);
	card_add_test("/kms/plane/unsound", test_unsound);
	card_add_test("/kms/plane/turns", test_turns);
	card_add_test("/kms/plane/other-words", test_other_words);
	card_add_test("/kms/plane/upright", test_upright);
	card_add_test("/kms/plane/no-question", test_no_question);
	return g_test_run();
}
