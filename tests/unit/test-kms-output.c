/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * An output's frames on the double: pending, queued, current; who is told what; damage, verdicts,
 * refusals.
 */
#include "buffer.h"
#include "card_fixture.h"

#include <errno.h>
#include <limits.h>
#include <string.h>
#include <time.h>

static gint64 stands_us; /* the time that kms/ reads; 0: it goes on */

/* GLib's, for all of kms/. */
gint64 g_get_monotonic_time(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return stands_us ? stands_us : now.tv_sec * G_USEC_PER_SEC + now.tv_nsec / 1000;
}

static uint32_t framebuffer_of(const struct kms_buffer *buffer)
{
	return buffer->framebuffer;
}

/* ---- the life of a frame ---- */

static void test_life(struct card_fixture *card)
{
	struct card_output *seen = &card->outputs[0];
	struct kms_buffer *buffer;

	card_start(card);
	buffer = card_picture(card, 0);
	g_assert_false(kms_output_holds(seen->output, buffer));
	g_assert_cmpint(card_submit(card, 0), ==, KMS_SUBMIT_ACCEPTED);
	g_assert_true(kms_output_busy(seen->output));
	g_assert_true(kms_output_holds(seen->output, buffer));
	g_assert_cmpuint(card_shown(0), ==, framebuffer_of(buffer));
	/* On its way, and not there. */
	g_assert_true(kms_output_current(seen->output) != buffer);
	card_turn();
	g_assert_cmpuint(seen->presentations, ==, 0);

	card_flip(0);
	g_assert_cmpuint(seen->presented, ==, 1);
	g_assert_true(kms_output_current(seen->output) == buffer);
	g_assert_false(kms_output_busy(seen->output));
	g_assert_true(seen->presentation.vblank);
	g_assert_cmpuint(seen->presentation.sequence, ==, 1);
	g_assert_true(kms_output_holds(seen->output, buffer));
	g_assert_cmpuint(kms_output_counters(seen->output)->frames_shown, ==, 1);
}

static void test_newest_pending_wins(struct card_fixture *card)
{
	struct card_output *seen = &card->outputs[0];
	struct kms_buffer *buffers[3];

	card_start(card);
	for (int i = 0; i < 3; i++) {
		buffers[i] = card_buffer(card, 0);
		g_assert_cmpint(card_submit_buffer(card, 0, buffers[i]), ==, KMS_SUBMIT_ACCEPTED);
	}
	g_assert_cmpuint(double_counters.commits, ==, 1);
	g_assert_false(kms_output_holds(seen->output, buffers[1]));
	card_flip(0);
	/* The next one was committed before anybody was told of the first. */
	g_assert_cmpuint(seen->presented, ==, 1);
	g_assert_true(seen->busy_when_presented);
	g_assert_cmpuint(card_shown(0), ==, framebuffer_of(buffers[2]));
	card_flip(0);
	g_assert_cmpuint(seen->presented, ==, 3);
	g_assert_cmpuint(seen->presentations, ==, 2);
	g_assert_cmpuint(kms_output_counters(seen->output)->frames_superseded, ==, 1);
}

static void submit_again(struct card_fixture *card, struct card_output *seen)
{
	struct kms_buffer *buffer;

	if (seen->presentations >= 3)
		return;
	buffer = card_buffer(card, 0);
	g_assert_cmpint(card_submit_buffer(card, 0, buffer), ==, KMS_SUBMIT_ACCEPTED);
	card_release(card, buffer);
}

static void test_submit_from_presented(struct card_fixture *card)
{
	card_start(card);
	card->on_presented = submit_again;
	submit_again(card, &card->outputs[0]);
	for (int i = 0; i < 3; i++)
		card_flip(0);
	g_assert_cmpuint(card->outputs[0].presented, ==, 3);
	g_assert_false(kms_output_busy(card->outputs[0].output));
}

static void test_outputs_are_apart(struct card_fixture *card)
{
	double_card.crtcs = 16;
	card_start(card);
	for (size_t i = 0; i < 16; i++)
		g_assert_cmpint(card_submit(card, i), ==, KMS_SUBMIT_ACCEPTED);
	card_flip(7);
	for (size_t i = 0; i < 16; i++) {
		g_assert_cmpuint(card->outputs[i].presentations, ==, i == 7);
		g_assert_cmpint(kms_output_busy(card->outputs[i].output), ==, i != 7);
	}
}

/* ---- the cost of a frame ---- */

static void test_cost(struct card_fixture *card)
{
	struct kms_buffer *buffers[2];

	card_start(card);
	for (int i = 0; i < 2; i++)
		buffers[i] = card_buffer(card, 0);
	/* The first frame asks the driver; all that follow know. */
	card_submit_buffer(card, 0, buffers[0]);
	card_flip(0);
	g_assert_cmpuint(double_counters.tests, ==, 1);
	memset(&double_counters, 0, sizeof(double_counters));
	for (int i = 0; i < 100; i++) {
		card_submit_buffer(card, 0, buffers[i % 2]);
		card_flip(0);
	}
	g_assert_cmpuint(card->outputs[0].presentations, ==, 101);
	g_assert_cmpuint(double_counters.commits, ==, 100);
	g_assert_cmpuint(double_counters.tests, ==, 0);
	/* A commit, and nothing else. */
	g_assert_cmpuint(double_counters.ioctls, ==, 100);
	g_assert_false(double_committed(DOUBLE_PRIMARY(0), "CRTC_W"));
	g_assert_true(double_committed(DOUBLE_PRIMARY(0), "FB_ID"));
	g_assert_cmpstr(card->log->str, ==, "");
}

static void test_missed_vblanks(struct card_fixture *card)
{
	struct card_output *seen = &card->outputs[0];

	card_open(card);
	/* Half a hertz: no stall of the test's machine is a vblank. */
	card_configure(card, "0.542 1024 1048 1184 1344 768 771 777 806", false);
	card_show(card, 0);
	card_show(card, 0);
	g_assert_cmpuint(kms_output_counters(seen->output)->vblanks_missed, ==, 0);
	card_submit(card, 0);
	g_assert_true(double_flip_after(0, 4));
	card_turn();
	g_assert_cmpuint(kms_output_counters(seen->output)->vblanks_missed, ==, 3);
	g_assert_cmpuint(seen->presentation.sequence, ==, 6);
}

/* ---- damage ---- */

static enum kms_submit submit_damaged(struct card_fixture *card, struct kms_buffer *buffer,
	const struct kms_rect *damage, size_t count)
{
	struct kms_frame frame = card_frame(card, buffer);

	frame.damage = damage;
	frame.damage_count = count;
	return kms_output_submit(card->outputs[0].output, &frame);
}

static void assert_clips(const struct drm_mode_rect *wanted, size_t count)
{
	uint32_t id = (uint32_t)double_value(DOUBLE_PRIMARY(0), "FB_DAMAGE_CLIPS");
	size_t size = 0;
	const void *clips = double_blob(id, &size);

	g_assert_cmpmem(clips, size, wanted, count * sizeof(*wanted));
}

static void assert_whole(void)
{
	g_assert_cmpuint(double_value(DOUBLE_PRIMARY(0), "FB_DAMAGE_CLIPS"), ==, 0);
}

static void test_damage(struct card_fixture *card)
{
	static const struct kms_rect two[] = {{10, 20, 30, 40}, {-5, 700, 20, 200}};
	static const struct drm_mode_rect clips[] = {{10, 20, 40, 60}, {0, 700, 15, 768}};
	static const struct kms_rect everything = {-1, -1, 2000, 2000};
	static const struct kms_rect outside = {2000, 0, 10, 10};
	struct kms_buffer *buffer;

	double_card.damage_clips = true;
	card_start(card);
	buffer = card_picture(card, 0);
	/* What the screen had before says nothing of a part: the first frame is whole. */
	submit_damaged(card, buffer, two, 2);
	assert_whole();
	card_flip(0);
	submit_damaged(card, buffer, two, 2);
	assert_clips(clips, 2);
	card_flip(0);
	/* The same again: the blob is there already. */
	memset(&double_counters, 0, sizeof(double_counters));
	submit_damaged(card, buffer, two, 2);
	assert_clips(clips, 2);
	g_assert_cmpuint(double_counters.blobs_created, ==, 0);
	card_flip(0);
	submit_damaged(card, buffer, &everything, 1);
	assert_whole();
	card_flip(0);
	submit_damaged(card, buffer, &outside, 1);
	assert_whole();
	card_flip(0);
	card_submit(card, 0);
	assert_whole();
}

static void test_superseded_damage(struct card_fixture *card)
{
	static const struct kms_rect first = {0, 0, 10, 10}, second = {20, 20, 10, 10};
	static const struct drm_mode_rect both[] = {{20, 20, 30, 30}, {0, 0, 10, 10}};
	struct kms_buffer *buffer, *other;

	double_card.damage_clips = true;
	card_start(card);
	buffer = card_buffer(card, 0);
	other = card_buffer(card, 0);
	card_submit_buffer(card, 0, buffer);
	card_flip(0);
	card_submit_buffer(card, 0, buffer);
	submit_damaged(card, other, &first, 1);
	submit_damaged(card, buffer, &second, 1);
	card_flip(0);
	assert_clips(both, 2);
	/* One that damaged everything is carried over as everything. */
	card_submit_buffer(card, 0, other);
	submit_damaged(card, buffer, &second, 1);
	card_flip(0);
	assert_whole();
	card_flip(0);
}

/* More rectangles than a frame has become their bounding box. */
static void test_much_damage(struct card_fixture *card)
{
	static const struct drm_mode_rect box = {0, 0, 26, 2};
	struct kms_rect many[KMS_DAMAGE_MAX], last = {20, 0, 6, 1};
	struct kms_buffer *buffer;

	double_card.damage_clips = true;
	card_start(card);
	buffer = card_picture(card, 0);
	for (int i = 0; i < KMS_DAMAGE_MAX; i++)
		many[i] = (struct kms_rect){i, 0, 1, 2};
	card_show(card, 0);
	card_submit(card, 0);
	submit_damaged(card, buffer, many, KMS_DAMAGE_MAX);
	submit_damaged(card, buffer, &last, 1);
	card_flip(0);
	assert_clips(&box, 1);
}

static void test_no_damage_property(struct card_fixture *card)
{
	static const struct kms_rect part = {0, 0, 10, 10};
	struct kms_buffer *buffer;

	card_start(card);
	buffer = card_picture(card, 0);
	for (int i = 0; i < 3; i++) {
		g_assert_cmpint(submit_damaged(card, buffer, &part, 1), ==, KMS_SUBMIT_ACCEPTED);
		card_flip(0);
	}
	g_assert_cmpuint(double_counters.blobs_created, ==, 0);
}

static void test_damage_refused(struct card_fixture *card)
{
	static const struct kms_rect part = {0, 0, 10, 10};
	struct kms_buffer *buffer;

	double_card.damage_clips = true;
	double_card.refuse_damage = true;
	card_start(card);
	buffer = card_buffer(card, 0);
	/* The first one is whole. The second finds out, once for all. */
	for (int i = 0; i < 4; i++) {
		g_assert_cmpint(submit_damaged(card, buffer, &part, 1), ==, KMS_SUBMIT_ACCEPTED);
		card_flip(0);
	}
	g_assert_cmpuint(card->outputs[0].presented, ==, 4);
	g_assert_cmpuint(double_counters.commits_refused, ==, 1);
	/* A mode set may have brought another driver's mind: asked once again. */
	card_configure(card, "800x600", false);
	card_flip(0);
	card_release(card, buffer);
	buffer = card_buffer(card, 0);
	for (int i = 0; i < 3; i++) {
		submit_damaged(card, buffer, &part, 1);
		card_flip(0);
	}
	g_assert_cmpuint(double_counters.commits_refused, ==, 2);
}

/* ---- verdicts ---- */

static struct kms_frame scaled_frame(struct card_fixture *card)
{
	struct kms_frame frame = card_frame(card, card_picture(card, 0));

	frame.source = (struct kms_rect){0, 0, 640, 480};
	frame.destination = (struct kms_rect){0, 0, 1024, 768};
	return frame;
}

static void test_no_scaler(struct card_fixture *card)
{
	struct kms_frame frame;

	card_start(card);
	frame = scaled_frame(card);
	g_assert_false(kms_output_test(card->outputs[0].output, &frame));
	g_assert_cmpint(kms_output_submit(card->outputs[0].output, &frame), ==, KMS_SUBMIT_REFUSED);
	g_assert_false(kms_output_test(card->outputs[0].output, &frame));
	/* Asked once, answered thrice. */
	g_assert_cmpuint(double_counters.tests, ==, 1);
	g_assert_cmpuint(kms_output_counters(card->outputs[0].output)->tests, ==, 1);
	g_assert_cmpuint(double_counters.commits, ==, 0);
	card_turn();
	g_assert_cmpuint(card->outputs[0].failures, ==, 0);
}

static void test_scaler_and_rotation(struct card_fixture *card)
{
	struct kms_frame frame;

	double_card.scaler = true;
	double_card.rotation = true;
	card_start(card);
	/* The previous master had turned the plane. */
	g_assert_cmpuint(double_value(DOUBLE_PRIMARY(0), "rotation"), ==, KMS_ROTATE_0);
	frame = scaled_frame(card);
	frame.transform = KMS_ROTATE_90 | KMS_REFLECT_X;
	frame.destination = (struct kms_rect){100, 200, 480, 360};
	g_assert_true(kms_output_test(card->outputs[0].output, &frame));
	g_assert_cmpint(kms_output_submit(card->outputs[0].output, &frame), ==,
		KMS_SUBMIT_ACCEPTED);
	g_assert_cmpuint(double_value(DOUBLE_PRIMARY(0), "SRC_W"), ==, UINT64_C(640) << 16);
	g_assert_cmpuint(double_value(DOUBLE_PRIMARY(0), "CRTC_X"), ==, 100);
	g_assert_cmpuint(double_value(DOUBLE_PRIMARY(0), "CRTC_Y"), ==, 200);
	g_assert_cmpuint(double_value(DOUBLE_PRIMARY(0), "CRTC_H"), ==, 360);
	g_assert_cmpuint(double_value(DOUBLE_PRIMARY(0), "rotation"), ==,
		KMS_ROTATE_90 | KMS_REFLECT_X);
	card_flip(0);
	/* And back: the whole placement goes along again. */
	card_submit(card, 0);
	g_assert_cmpuint(double_value(DOUBLE_PRIMARY(0), "CRTC_W"), ==, 1024);
	g_assert_cmpuint(double_value(DOUBLE_PRIMARY(0), "rotation"), ==, KMS_ROTATE_0);
	card_flip(0);
}

/* A plane without the property shows upright pictures only. */
static void test_no_rotation(struct card_fixture *card)
{
	struct kms_frame frame;

	double_card.scaler = true;
	card_start(card);
	frame = scaled_frame(card);
	g_assert_true(kms_output_test(card->outputs[0].output, &frame));
	frame.transform = KMS_ROTATE_180;
	g_assert_false(kms_output_test(card->outputs[0].output, &frame));
}

static void test_many_verdicts(struct card_fixture *card)
{
	double_card.scaler = true;
	card_start(card);
	for (int i = 0; i < 30; i++) {
		struct kms_frame frame = scaled_frame(card);

		frame.destination.x = i;
		g_assert_true(kms_output_test(card->outputs[0].output, &frame));
		g_assert_true(kms_output_test(card->outputs[0].output, &frame));
	}
	g_assert_cmpuint(double_counters.tests, ==, 30);
}

/* ---- refusals ---- */

/* Every driver shows a picture of ours that fills the screen. Where one is refused, somebody has
 * changed the CRTC behind us: one full mode set, and no second before a frame was shown. */
static void test_commit_refused_at_submit(struct card_fixture *card)
{
	card_start(card);
	double_fail(DOUBLE_COMMIT, ENOSPC, 0, 1);
	g_assert_cmpint(card_submit(card, 0), ==, KMS_SUBMIT_REFUSED);
	card_turn();
	/* The answer said it: nothing follows. */
	g_assert_cmpuint(card->outputs[0].failures, ==, 0);
	g_assert_false(kms_output_holds(card->outputs[0].output, card_picture(card, 0)));
	g_assert_cmpuint(double_counters.commits, ==, 1);
	g_assert_true(double_committed(DOUBLE_CONNECTOR(0), "max bpc"));
	g_assert_cmpuint(card->outputs[0].changes, ==, 1);
	card_flip(0);

	double_fail(DOUBLE_COMMIT, ENOSPC, 0, 1);
	g_assert_cmpint(card_submit(card, 0), ==, KMS_SUBMIT_REFUSED);
	card_turn();
	g_assert_cmpuint(double_counters.commits, ==, 1);
	/* And it is not tried again at every frame. */
	g_assert_cmpint(card_submit(card, 0), ==, KMS_SUBMIT_REFUSED);
	g_assert_cmpuint(double_counters.commits_refused, ==, 2);
}

/* What says that only the moment was wrong: the frame is shown when that is over, and nothing is
 * held against its layout. */
static void test_commit_put_off(struct card_fixture *card)
{
	static const int moments[] = {EBUSY, ENOMEM};
	struct card_output *seen = &card->outputs[0];

	card_start(card);
	/* On a machine that is busy they would be tried for too long. */
	stands_us = g_get_monotonic_time();
	for (size_t i = 0; i < G_N_ELEMENTS(moments); i++) {
		double_fail(DOUBLE_COMMIT, moments[i], 0, 2);
		g_assert_cmpint(card_submit(card, 0), ==, KMS_SUBMIT_ACCEPTED);
		g_assert_false(kms_output_busy(seen->output));
		g_assert_true(kms_output_due(seen->output));
		card_wait(kms_output_busy(seen->output));
		card_flip(0);
		g_assert_cmpuint(seen->presented, ==, card->serial);

		/* At the event of the one before. */
		card_submit(card, 0);
		card_submit(card, 0);
		double_fail(DOUBLE_COMMIT, moments[i], 0, 2);
		card_flip(0);
		card_wait(kms_output_busy(seen->output));
		card_flip(0);
		g_assert_cmpuint(seen->presented, ==, card->serial);
	}
	stands_us = 0;
	g_assert_cmpuint(seen->failures, ==, 0);
}

/* A signal is nothing: nobody waits for the loop's next turn. */
static void test_interrupted(struct card_fixture *card)
{
	card_start(card);
	double_fail(DOUBLE_COMMIT, EINTR, 0, 2);
	card_show(card, 0);
}

/* For a tenth of a second, not for as long as a flip may take: then it is a refusal. */
static void test_pending_refused(struct card_fixture *card)
{
	static const struct kms_rect part = {0, 0, 10, 10};
	struct card_output *seen = &card->outputs[0];
	struct kms_buffer *buffers[2];
	struct kms_frame frame;

	double_card.damage_clips = true;
	card_start(card);
	for (int i = 0; i < 2; i++)
		buffers[i] = card_buffer(card, 0);
	card_submit_buffer(card, 0, buffers[0]);
	card_submit_buffer(card, 0, buffers[1]);
	double_fail(DOUBLE_COMMIT, ENOMEM, 0, UINT_MAX);
	card_flip(0);
	g_assert_cmpuint(seen->presented, ==, 1);
	card_wait(seen->failures > 0);
	double_fail(DOUBLE_COMMIT, 0, 0, 0);
	g_assert_cmpuint(seen->failed, ==, 2);
	g_assert_cmpuint(seen->failures, ==, 1);
	g_assert_cmpint(seen->error, ==, ENOMEM);
	g_assert_true(kms_is_refusal(seen->error));
	g_assert_false(kms_output_busy(seen->output));
	g_assert_cmpuint(card_shown(0), ==, framebuffer_of(buffers[0]));
	g_assert_cmpuint(kms_output_counters(seen->output)->commits_failed, ==, 1);
	/* Who is told can fall back. The next one shows what was lost: it is whole. */
	frame = card_frame(card, buffers[1]);
	g_assert_false(kms_output_test(seen->output, &frame));
	frame.buffer = kms_buffer_create_dumb(card->device, 1088, 768, NULL);
	g_ptr_array_add(card->buffers, frame.buffer);
	frame.damage = &part;
	frame.damage_count = 1;
	g_assert_cmpint(kms_output_submit(seen->output, &frame), ==, KMS_SUBMIT_ACCEPTED);
	assert_whole();
	card_flip(0);
	g_assert_cmpuint(seen->presented, ==, card->serial);
}

static void test_off(struct card_fixture *card)
{
	struct kms_frame frame;

	card_open(card);
	frame = scaled_frame(card);
	g_assert_cmpint(card_submit(card, 0), ==, KMS_SUBMIT_OFF);
	g_assert_false(kms_output_test(card->outputs[0].output, &frame));
	g_assert_cmpuint(double_counters.commits, ==, 0);
	/* What would be chosen. */
	g_assert_cmpuint(kms_output_mode(card->outputs[0].output)->width, ==, 1024);
	g_assert_cmpuint(kms_output_mode(card->outputs[0].output)->refresh_mhz, ==, 60004);
}

static void test_buffer_lives_with_its_frame(struct card_fixture *card)
{
	struct kms_buffer *buffer;
	uint32_t framebuffer;

	card_start(card);
	buffer = card_buffer(card, 0);
	framebuffer = framebuffer_of(buffer);
	card_submit_buffer(card, 0, buffer);
	card_release(card, buffer);
	g_assert_nonnull(double_framebuffer(framebuffer));
	card_flip(0);
	buffer = card_buffer(card, 0);
	card_submit_buffer(card, 0, buffer);
	card_release(card, buffer);
	/* On the glass until the other one is. */
	g_assert_nonnull(double_framebuffer(framebuffer));
	card_flip(0);
	g_assert_null(double_framebuffer(framebuffer));
}

int main(int argc, char **argv)
{
	card_init(&argc, &argv);
	card_add_test("/kms/output/life", test_life);
	card_add_test("/kms/output/newest-pending-wins", test_newest_pending_wins);
	card_add_test("/kms/output/submit-from-presented", test_submit_from_presented);
	card_add_test("/kms/output/outputs-are-apart", test_outputs_are_apart);
	card_add_test("/kms/output/cost", test_cost);
	card_add_test("/kms/output/missed-vblanks", test_missed_vblanks);
	card_add_test("/kms/output/commit-put-off", test_commit_put_off);
	card_add_test("/kms/output/interrupted", test_interrupted);
	card_add_test("/kms/output/damage/clips", test_damage);
	card_add_test("/kms/output/damage/superseded", test_superseded_damage);
	card_add_test("/kms/output/damage/much", test_much_damage);
	card_add_test("/kms/output/damage/no-property", test_no_damage_property);
	card_add_test("/kms/output/damage/refused", test_damage_refused);
	card_add_test("/kms/output/verdict/no-scaler", test_no_scaler);
	card_add_test("/kms/output/verdict/scaler-and-rotation", test_scaler_and_rotation);
	card_add_test("/kms/output/verdict/no-rotation", test_no_rotation);
	card_add_test("/kms/output/verdict/many", test_many_verdicts);
	card_add_test("/kms/output/refused/at-submit", test_commit_refused_at_submit);
	card_add_test("/kms/output/refused/pending", test_pending_refused);
	card_add_test("/kms/output/off", test_off);
	card_add_test("/kms/output/buffer-lives-with-its-frame", test_buffer_lives_with_its_frame);
	return g_test_run();
}
