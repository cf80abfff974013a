/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Display states on the double: copied, changed, tested, committed, applied, dropped; and that
 * nothing that lives changes before the kernel said yes.
 */
#include "card_fixture.h"
#include "device.h"
#include "resources.h"

#include <errno.h>
#include <string.h>

static struct kms_output *first(const struct card_fixture *card)
{
	return card->outputs[0].output;
}

/* A flip of the output to another picture, and a part of it as damage. */
static void make(struct card_fixture *card, struct kms_buffer *buffer, struct kms_flip *flip)
{
	static const struct drm_mode_rect part = {1, 2, 3, 4};
	struct kms_output *output = first(card);

	kms_flip_init(flip, &output->state);
	kms_flip_layer(flip, KMS_LAYER_PICTURE, buffer);
	kms_flip_damage(flip, KMS_LAYER_PICTURE,
		kms_clips_blob(&kms_output_picture(output)->clips, card->device->card, &part, 1));
}

static void start(struct card_fixture *card)
{
	double_card.damage_clips = true;
	card_start(card);
	card_show(card, 0);
}

static void test_copy_and_drop(struct card_fixture *card)
{
	struct kms_buffer *buffer;
	struct kms_flip flip;
	unsigned int references;

	start(card);
	buffer = card_buffer(card, 0);
	references = card_picture(card, 0)->references;
	make(card, buffer, &flip);
	g_assert_cmpuint(buffer->references, ==, 2);
	g_assert_cmphex(flip.copied, ==, KMS_LAYER_BIT(KMS_LAYER_PICTURE));
	g_assert_nonnull(double_blob(flip.damage[KMS_LAYER_PICTURE], NULL));
	kms_flip_finish(&flip);
	g_assert_cmpuint(buffer->references, ==, 1);
	g_assert_cmpuint(card_picture(card, 0)->references, ==, references);
	/* What it shared with the one that lives was left; the double would tell. */
	card_show(card, 0);
}

static void test_tests_change_nothing(struct card_fixture *card)
{
	struct kms_card *device;
	struct kms_flip flip;
	uint32_t shown;

	start(card);
	device = card->device->card;
	shown = card_shown(0);
	make(card, card_buffer(card, 0), &flip);
	g_assert_cmpint(kms_flip_test(device, &first(card)->request, &flip), ==, 0);
	g_assert_cmpuint(card_shown(0), ==, shown);
	g_assert_true(first(card)->state.layers[KMS_LAYER_PICTURE].buffer == card_picture(card, 0));
	kms_flip_finish(&flip);
}

static void test_commit_and_apply(struct card_fixture *card)
{
	struct kms_output *output;
	struct kms_flip flip;
	struct kms_card *device;
	guint token;

	start(card);
	output = first(card);
	device = card->device->card;
	make(card, card_buffer(card, 0), &flip);
	g_assert_cmpint(kms_flip_commit(device, &output->request, &flip, &token), ==, 0);
	/* Only what differs was in it. */
	g_assert_true(double_committed(DOUBLE_PRIMARY(0), "FB_ID"));
	g_assert_true(double_committed(DOUBLE_PRIMARY(0), "FB_DAMAGE_CLIPS"));
	g_assert_false(double_committed(DOUBLE_PRIMARY(0), "CRTC_W"));
	g_assert_false(double_committed(DOUBLE_CRTC(0), "ACTIVE"));
	kms_card_commit_begun(device, output->state.crtc, token, g_get_monotonic_time(), false);
	kms_flip_apply(&flip, &output->state);
	g_assert_cmphex(flip.copied, ==, 0);
	g_assert_cmpuint(card_shown(0), ==,
		output->state.layers[KMS_LAYER_PICTURE].buffer->framebuffer);
	card_flip(0);
	card_show(card, 0);
}

/* A frame, its damage and the cursor that are refused leave the output as it was. */
static void test_refusal_changes_nothing(struct card_fixture *card)
{
	static const struct kms_rect part = {0, 0, 10, 10};
	static uint32_t pixels[KMS_CURSOR_SIZE * KMS_CURSOR_SIZE] = {0xffffffff};
	struct kms_output *output;
	struct kms_frame frame;
	struct kms_state before;
	struct kms_cursor cursor;

	start(card);
	output = first(card);
	g_assert_true(kms_output_set_cursor(output, pixels, 0, 0));
	card_show(card, 0);
	kms_output_set_cursor(output, pixels, 1, 1);
	kms_output_move_cursor(output, 5, 5);
	before = output->state;
	cursor = output->cursor;
	frame = card_frame(card, card_buffer(card, 0));
	frame.damage = &part;
	frame.damage_count = 1;
	double_fail(DOUBLE_COMMIT, ENOSPC, 0, 3);
	g_assert_cmpint(kms_output_submit(output, &frame), ==, KMS_SUBMIT_REFUSED);
	g_assert_cmpmem(&output->state, sizeof(before), &before, sizeof(before));
	g_assert_cmpuint(output->cursor.shown, ==, cursor.shown);
	g_assert_true(output->cursor.dirty && output->cursor.image_dirty);
	g_assert_cmpuint(double_value(DOUBLE_CURSOR(0), "CRTC_X"), ==, 0);
	card_turn();
	card_flip(0);
}

/* A mode set that is refused leaves it as it was, too. */
static void test_refused_mode_set_changes_nothing(struct card_fixture *card)
{
	struct kms_state before;
	unsigned int framebuffers;

	start(card);
	before = first(card)->state;
	framebuffers = double_framebuffer_count();
	double_card.width_max = 1;
	card_configure(card, "640x480", false);
	g_assert_cmpmem(&first(card)->state, sizeof(before), &before, sizeof(before));
	g_assert_cmpuint(double_framebuffer_count(), ==, framebuffers);
	g_assert_cmpuint(card->outputs[0].changes, ==, 0);
	double_card.width_max = 0;
	card_show(card, 0);
}

/* ---- damage ---- */

/* The kernel is told once of the same damage, and anew of any other. */
static void test_clips(struct card_fixture *card)
{
	static const struct drm_mode_rect first_rects[] = {{1, 2, 3, 4}, {5, 6, 7, 8}};
	static const struct drm_mode_rect second_rects[] = {{1, 2, 3, 4}, {5, 6, 7, 9}};
	struct kms_clips clips = {0};
	struct kms_card *device;
	uint32_t blob, other;
	size_t size;

	start(card);
	device = card->device->card;
	double_counters.blobs_created = 0;
	blob = kms_clips_blob(&clips, device, first_rects, 2);
	g_assert_cmpuint(kms_clips_blob(&clips, device, first_rects, 2), ==, blob);
	g_assert_cmpuint(double_counters.blobs_created, ==, 1);
	g_assert_cmpmem(double_blob(blob, &size), 2 * sizeof(first_rects[0]), first_rects,
		sizeof(first_rects));
	g_assert_cmpuint(size, ==, sizeof(first_rects));
	/* Fewer of them, others of them. */
	other = kms_clips_blob(&clips, device, first_rects, 1);
	g_assert_nonnull(double_blob(other, &size));
	g_assert_cmpuint(size, ==, sizeof(first_rects[0]));
	kms_clips_blob(&clips, device, first_rects, 2);
	blob = kms_clips_blob(&clips, device, second_rects, 2);
	g_assert_cmpmem(double_blob(blob, &size), 2 * sizeof(first_rects[0]), second_rects,
		sizeof(second_rects));
	g_assert_cmpuint(double_counters.blobs_created, ==, 4);
	/* Without memory there is none, and none is remembered. */
	double_fail(DOUBLE_CREATE_BLOB, ENOMEM, 0, 1);
	g_assert_cmpuint(kms_clips_blob(&clips, device, first_rects, 2), ==, 0);
	g_assert_cmpuint(kms_clips_blob(&clips, device, first_rects, 2), !=, 0);
	kms_clips_finish(&clips, device);
	kms_clips_finish(&clips, device);
	g_assert_null(double_faults());
}

int main(int argc, char **argv)
{
	card_init(&argc, &argv);
	card_add_test("/kms/state/copy-and-drop", test_copy_and_drop);
	card_add_test("/kms/state/tests-change-nothing", test_tests_change_nothing);
	card_add_test("/kms/state/commit-and-apply", test_commit_and_apply);
	card_add_test("/kms/state/refusal-changes-nothing", test_refusal_changes_nothing);
	card_add_test("/kms/state/refused-mode-set-changes-nothing",
		test_refused_mode_set_changes_nothing);
	card_add_test("/kms/state/clips", test_clips);
	return g_test_run();
}
