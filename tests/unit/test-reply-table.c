/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Every row of the reply table in scene/guest.h, from the display socket through the real channel
 * to a fake card and back: that the answer comes, when, once, and in which row it is counted.
 */
#include <errno.h>
#include <unistd.h>

#include "channel_fixture.h"
#include "fake/fake_dmabuf.h"
#include "scene_fixture.h"
#include "vhost_user_gpu.h"

/* A pacing timer that never fires within a test, and one that does so at once. */
#define SLOW_MHZ 1
#define FAST_MHZ 1000000

static int new_buffer(void)
{
	return fake_dmabuf_create(64 * 48 * 4, NULL);
}

static uint64_t counted(const struct scene *scene, enum guest_reply reply)
{
	return guest_counters(scene->guests[0])->replies[reply];
}

/* Answers so far, in all rows, and that the histogram has them all. */
static uint64_t answers(const struct scene *scene)
{
	const struct guest_counters *counters = guest_counters(scene->guests[0]);
	uint64_t replies = 0, latencies = 0;

	for (size_t i = 0; i < REPLY_KINDS; i++)
		replies += counters->replies[i];
	for (size_t i = 0; i < GUEST_LATENCY_BUCKETS; i++)
		latencies += counters->reply_latency[i];
	g_assert_cmpuint(replies, ==, latencies);
	return replies;
}

static void test_flip(void)
{
	struct scene *scene = scene_create(&(struct scene_options){0});
	struct kms_output *output = scene_output(scene, 0);

	scene_dmabuf(scene, 0, 64, 48, new_buffer());
	g_assert_cmpuint(output->commit_count, ==, 0);

	scene_dmabuf_update(scene, 0, scene_full);
	g_assert_cmpuint(output->commit_count, ==, 1);
	g_assert_cmpuint(scene_replies(scene, 0), ==, 0);
	fake_flip(output);
	g_assert_cmpuint(scene_replies(scene, 0), ==, 1);

	/* The same buffer again, part of it: one commit with its damage. */
	scene_dmabuf_update(scene, 0, (struct kms_rect){4, 5, 6, 7});
	g_assert_cmpuint(output->commit_count, ==, 2);
	g_assert_cmpuint(fake_last(output)->damage_count, ==, 1);
	g_assert_cmpint(fake_last(output)->damage[0].x, ==, 4);
	g_assert_cmpint(fake_last(output)->damage[0].y, ==, 5);
	g_assert_cmpint(fake_last(output)->damage[0].width, ==, 6);
	g_assert_cmpint(fake_last(output)->damage[0].height, ==, 7);
	fake_flip(output);
	g_assert_cmpuint(scene_replies(scene, 0), ==, 1);

	g_assert_cmpuint(scene->card->imports, ==, 1);
	g_assert_cmpuint(counted(scene, REPLY_FLIP), ==, 2);
	g_assert_cmpuint(answers(scene), ==, 2);
	g_assert_cmpuint(guest_counters(scene->guests[0])->frames, ==, 2);
	scene_expect_no_log();
	scene_destroy(scene);
}

static void test_superseded(void)
{
	struct scene *scene = scene_create(&(struct scene_options){0});
	struct kms_output *output = scene_output(scene, 0);

	/* Three without waiting: the second is never committed, the third contains it. */
	scene_dmabuf(scene, 0, 64, 48, new_buffer());
	for (int i = 0; i < 3; i++)
		scene_dmabuf_update(scene, 0, scene_full);
	g_assert_cmpuint(output->commit_count, ==, 1);
	g_assert_cmpuint(scene_replies(scene, 0), ==, 0);

	fake_flip(output);
	g_assert_cmpuint(output->commit_count, ==, 2);
	g_assert_cmpuint(scene_replies(scene, 0), ==, 1);
	fake_flip(output);
	g_assert_cmpuint(output->commit_count, ==, 2);
	g_assert_cmpuint(scene_replies(scene, 0), ==, 2);

	g_assert_cmpuint(counted(scene, REPLY_FLIP), ==, 1);
	g_assert_cmpuint(counted(scene, REPLY_SUPERSEDED), ==, 2);
	g_assert_cmpuint(guest_counters(scene->guests[0])->frames_superseded, ==, 1);
	scene_destroy(scene);
}

static void test_copied_import(void)
{
	struct scene *scene = scene_create(&(struct scene_options){0});
	struct kms_output *output = scene_output(scene, 0);
	uint32_t *memory;
	int fd = fake_dmabuf_create(64 * 48 * 4, &memory);

	scene->card->refuses_import = true;
	memory[64 * 10 + 20] = 0xff123456;
	scene_dmabuf(scene, 0, 64, 48, fd);
	scene_dmabuf_update(scene, 0, scene_full);
	scene_expect_log("frames are copied");
	g_assert_cmpuint(fake_pixel(output, 20, 10), ==, 0x123456);

	/* Copied at once, though a flip is in flight; shown after it. */
	memory[64 * 10 + 20] = 0xff654321;
	memory[0] = 0xff777777;
	scene_dmabuf_update(scene, 0, (struct kms_rect){20, 10, 1, 1});
	memory[64 * 10 + 20] = 0;
	g_assert_cmpuint(output->commit_count, ==, 1);
	fake_flip(output);
	g_assert_cmpuint(scene_replies(scene, 0), ==, 1);
	g_assert_cmpuint(output->commit_count, ==, 2);
	g_assert_cmpuint(fake_pixel(output, 20, 10), ==, 0x654321);
	/* Only what the update names is read. */
	g_assert_cmpuint(fake_pixel(output, 0, 0), ==, 0);
	fake_flip(output);
	g_assert_cmpuint(scene_replies(scene, 0), ==, 1);

	g_assert_cmpuint(counted(scene, REPLY_COPIED), ==, 2);
	g_assert_cmpuint(answers(scene), ==, 2);
	g_assert_cmpuint(guest_counters(scene->guests[0])->frames_copied[COPY_IMPORT_REFUSED], ==,
		2);
	scene_expect_no_log();
	scene_destroy(scene);
}

/* The cursor's commit is none of the guest's frames, but keeps the output busy. */
static void test_copied_beside_cursor(void)
{
	struct scene *scene = scene_create(&(struct scene_options){0});
	struct kms_output *output = scene_output(scene, 0);

	scene->card->refuses_import = true;
	scene_dmabuf(scene, 0, 64, 48, new_buffer());
	output->cursor_in_flight = true;
	scene_dmabuf_update(scene, 0, scene_full);
	scene_expect_log("frames are copied");
	g_assert_cmpuint(output->commit_count, ==, 0);
	fake_flip_cursor(output);
	g_assert_cmpuint(output->commit_count, ==, 1);
	fake_flip(output);
	g_assert_cmpuint(scene_replies(scene, 0), ==, 1);
	g_assert_cmpuint(counted(scene, REPLY_COPIED), ==, 1);
	scene_destroy(scene);
}

/* There is no memory to compose in when the time has come: answered all the same. */
static void test_copied_without_buffer(void)
{
	struct scene *scene = scene_create(&(struct scene_options){0});
	struct kms_output *output = scene_output(scene, 0);

	output->mode.refresh_mhz = SLOW_MHZ;
	scene->card->refuses_import = true;
	scene->card->refuses_dumb = true;
	scene_dmabuf(scene, 0, 64, 48, new_buffer());
	output->cursor_in_flight = true;
	scene_dmabuf_update(scene, 0, scene_full);
	scene_expect_log("frames are copied");
	fake_flip_cursor(output);
	scene_expect_log("no scanout buffer");
	g_assert_cmpuint(scene_replies(scene, 0), ==, 1);
	g_assert_cmpuint(counted(scene, REPLY_FAILED), ==, 1);
	scene_destroy(scene);
}

/* Switched off and on again and again within one flip, so that no scanout buffer is free: still one
 * answer each. */
static void test_copied_and_disabled(void)
{
	struct scene *scene = scene_create(&(struct scene_options){0});
	struct kms_output *output = scene_output(scene, 0);
	unsigned int replies = 0;

	scene->card->refuses_import = true;
	for (int i = 0; i < 5; i++) {
		scene_dmabuf(scene, 0, 64, 48, new_buffer());
		scene_dmabuf_update(scene, 0, scene_full);
		if (i == 0)
			fake_flip(output);
		else if (i > 1)
			scene_scanout(scene, 0, 0, 0);
	}
	replies += scene_replies(scene, 0);
	while (kms_output_busy(output)) {
		fake_flip(output);
		replies += scene_replies(scene, 0);
	}
	g_assert_cmpuint(replies, ==, 5);
	g_assert_cmpuint(answers(scene), ==, 5);
	scene_destroy(scene);
}

/* It fails while the request is still being looked at, and once more with the cursor that comes
 * back with it. */
static void test_copied_fails_twice(void)
{
	struct scene *scene = scene_create(&(struct scene_options){0});
	struct kms_output *output = scene_output(scene, 0);

	scene_dmabuf(scene, 0, 64, 48, new_buffer());
	scene_dmabuf_update(scene, 0, scene_full);
	fake_flip(output);
	g_assert_cmpuint(scene_replies(scene, 0), ==, 1);
	scene_scanout(scene, 0, 0, 0);

	output->cursor_plane = false;
	scene->card->refuses_dumb = true;
	scene_cursor(scene, 0, 3, 4, 0xffffffff);
	scene_dmabuf(scene, 0, 64, 48, new_buffer());
	output->mode.refresh_mhz = SLOW_MHZ;
	scene_dmabuf_update(scene, 0, scene_full);
	scene_expect_log("no scanout buffer");
	g_assert_cmpuint(scene->states[0]->waiting_count, ==, 1);
	g_assert_cmpuint(scene_replies(scene, 0), ==, 0);
	scene->states[0]->last_reply_us = -G_MAXINT32;
	scene_dmabuf_update(scene, 0, scene_full);
	g_assert_cmpuint(answers(scene), ==, 1);
	scene_destroy(scene);
}

static void test_copied_test_refused(void)
{
	struct scene *scene = scene_create(&(struct scene_options){0});
	struct kms_output *output = scene_output(scene, 0);

	output->shows_dmabufs = false;
	scene_dmabuf(scene, 0, 64, 48, new_buffer());
	scene_dmabuf_update(scene, 0, scene_full);
	g_assert_false(fake_last(output)->buffer->imported);
	fake_flip(output);
	g_assert_cmpuint(scene_replies(scene, 0), ==, 1);
	g_assert_cmpuint(counted(scene, REPLY_COPIED), ==, 1);
	g_assert_cmpuint(guest_counters(scene->guests[0])->frames_copied[COPY_TEST_REFUSED], ==, 1);
	scene_destroy(scene);
}

static void test_copied_geometry(void)
{
	struct scene *scene = scene_create(&(struct scene_options){0});
	struct kms_output *output = scene_output(scene, 0);
	uint32_t *memory;
	int fd = fake_dmabuf_create(32 * 24 * 4, &memory);

	for (size_t i = 0; i < 32 * 24; i++)
		memory[i] = 0xff00ff;
	scene_dmabuf(scene, 0, 32, 24, fd);
	scene_dmabuf_update(scene, 0, (struct kms_rect){0, 0, 32, 24});
	g_assert_cmpuint(fake_pixel(output, 63, 47), ==, 0xff00ff);
	fake_flip(output);
	g_assert_cmpuint(scene_replies(scene, 0), ==, 1);
	g_assert_cmpuint(counted(scene, REPLY_COPIED), ==, 1);
	g_assert_cmpuint(guest_counters(scene->guests[0])->frames_copied[COPY_GEOMETRY], ==, 1);
	scene_destroy(scene);
}

/* The buffer's fences have not signalled: pending, the answer is that of the frame once they have;
 * and after the flip timeout it comes at once, however slow the pacing timer. */
static void test_fence_timeout(void)
{
	struct scene *scene = scene_create(&(struct scene_options){.flip_timeout_ms = 1});
	struct kms_output *output = scene_output(scene, 0);
	uint32_t *memory;
	int fd = fake_dmabuf_create(64 * 48 * 4, &memory);

	output->mode.refresh_mhz = SLOW_MHZ;
	output->shows_dmabufs = false;
	fake_dmabuf_set_busy(memory, true);
	scene_dmabuf(scene, 0, 64, 48, fd);
	scene_dmabuf_update(scene, 0, scene_full);
	g_assert_cmpuint(output->commit_count, ==, 0);
	scene_wait_reply(scene, 0);
	g_assert_cmpuint(counted(scene, REPLY_FENCE_TIMEOUT), ==, 1);
	g_assert_cmpuint(answers(scene), ==, 1);
	scene_expect_log("was not finished within 1 ms");

	/* It is dropped: nobody is held up by it again, but by the timer. */
	output->mode.refresh_mhz = FAST_MHZ;
	scene_dmabuf_update(scene, 0, scene_full);
	scene_wait_reply(scene, 0);
	g_assert_cmpuint(counted(scene, REPLY_FENCE_TIMEOUT), ==, 2);

	fake_dmabuf_set_busy(memory, false);
	scene_dmabuf_update(scene, 0, scene_full);
	g_assert_cmpuint(scene_replies(scene, 0), ==, 0);
	fake_flip(output);
	g_assert_cmpuint(scene_replies(scene, 0), ==, 1);
	g_assert_cmpuint(counted(scene, REPLY_COPIED), ==, 1);
	g_assert_cmpuint(answers(scene), ==, 3);
	scene_expect_no_log();
	scene_destroy(scene);
}

/* Two outputs show the scanout: the last of the live ones answers. */
static void test_all_outputs(void)
{
	static const struct layout_output sections[] = {
		{.name = "DP-1", .guest = "a", .scanout = 0},
		{.name = "DP-2", .guest = "a", .scanout = 0},
	};
	struct scene *scene = scene_create(
		&(struct scene_options){.outputs = 2, .sections = sections, .section_count = 2});
	struct kms_output *first = scene_output(scene, 0);
	struct kms_output *second = scene_output(scene, 1);

	scene_dmabuf(scene, 0, 64, 48, new_buffer());
	scene_dmabuf_update(scene, 0, scene_full);
	g_assert_cmpuint(first->commit_count, ==, 1);
	g_assert_cmpuint(second->commit_count, ==, 1);
	fake_flip(second);
	g_assert_cmpuint(scene_replies(scene, 0), ==, 0);
	fake_flip(first);
	g_assert_cmpuint(scene_replies(scene, 0), ==, 1);
	g_assert_cmpuint(counted(scene, REPLY_ALL_OUTPUTS), ==, 1);

	/* One of them goes off under way: the other is enough, now and later. */
	scene_dmabuf_update(scene, 0, scene_full);
	fake_set_active(second, false);
	g_assert_cmpuint(scene_replies(scene, 0), ==, 0);
	fake_flip(first);
	g_assert_cmpuint(scene_replies(scene, 0), ==, 1);
	scene_dmabuf_update(scene, 0, scene_full);
	fake_flip(first);
	g_assert_cmpuint(scene_replies(scene, 0), ==, 1);
	g_assert_cmpuint(counted(scene, REPLY_ALL_OUTPUTS), ==, 2);
	g_assert_cmpuint(counted(scene, REPLY_FLIP), ==, 1);
	scene_destroy(scene);
}

/* Two scanouts are drawn on: copied, and answered when the frame before it is on the glass; at once
 * where it is. All else of it is test-early's. */
static void test_early(void)
{
	static const struct layout_output sections[] = {
		{.name = "DP-1", .guest = "a", .scanout = 0},
		{.name = "DP-2", .guest = "a", .scanout = 1},
	};
	struct scene *scene = scene_create(&(struct scene_options){.outputs = 2,
		.sections = sections,
		.section_count = 2,
		.answers = ANSWERS_COPIED});
	struct kms_output *output = scene_output(scene, 1);

	scene_dmabuf(scene, 0, 64, 48, new_buffer());
	scene_dmabuf_update(scene, 0, scene_full);
	scene_dmabuf(scene, 1, 64, 48, new_buffer());
	scene_dmabuf_update(scene, 1, scene_full);
	while (kms_output_busy(scene_output(scene, 0)))
		fake_flip(scene_output(scene, 0));
	while (kms_output_busy(output))
		fake_flip(output);
	g_assert_cmpuint(scene_replies(scene, 0), ==, 2);

	scene_dmabuf_update(scene, 1, scene_full);
	g_assert_cmpuint(scene_replies(scene, 0), ==, 1);
	scene_dmabuf_update(scene, 1, scene_full);
	g_assert_cmpuint(scene_replies(scene, 0), ==, 0);
	fake_flip(output);
	g_assert_cmpuint(scene_replies(scene, 0), ==, 1);
	g_assert_cmpuint(counted(scene, REPLY_FLIP), ==, 1);
	g_assert_cmpuint(counted(scene, REPLY_EARLY), ==, 3);
	g_assert_cmpuint(answers(scene), ==, 4);
	g_assert_cmpuint(guest_counters(scene->guests[0])->frames_copied[COPY_EARLY], ==, 3);
	scene_expect_no_log();
	scene_destroy(scene);
}

/* The histogram counts until the answer, and not until the vblank that brought it. */
static void test_latency(void)
{
	struct scene *scene = scene_create(&(struct scene_options){0});
	const uint64_t *latency = guest_counters(scene->guests[0])->reply_latency;
	struct kms_output *output = scene_output(scene, 0);
	struct guest_waiting *waiting = &scene->states[0]->waiting[0];
	struct kms_presentation vblank = {.vblank = true};

	scene_dmabuf(scene, 0, 64, 48, new_buffer());
	scene_dmabuf_update(scene, 0, scene_full);
	/* As if it had come an hour ago, and the vblank just after it. */
	waiting->since_us -= G_TIME_SPAN_HOUR;
	vblank.time_us = waiting->since_us + 1;
	layout_kms_listener()->presented(scene->layout, output, fake_last(output)->serial, &vblank);
	g_assert_cmpuint(scene_replies(scene, 0), ==, 1);
	g_assert_cmpuint(latency[GUEST_LATENCY_BUCKETS - 1], ==, 1);
	g_assert_cmpuint(answers(scene), ==, 1);
	/* Pacing goes by the vblank. */
	g_assert_cmpint(scene->states[0]->last_reply_us, ==, vblank.time_us);
	scene_destroy(scene);
}

/* Without vblanks: not before a period has passed since the last answer. */
static void test_no_vblank(void)
{
	struct scene *scene = scene_create(&(struct scene_options){0});
	struct kms_output *output = scene_output(scene, 0);

	scene_dmabuf(scene, 0, 64, 48, new_buffer());
	scene_dmabuf_update(scene, 0, scene_full);
	fake_flip_without_vblank(output);
	g_assert_cmpuint(scene_replies(scene, 0), ==, 1);

	output->mode.refresh_mhz = SLOW_MHZ;
	scene_dmabuf_update(scene, 0, scene_full);
	fake_flip_without_vblank(output);
	g_assert_cmpuint(scene_replies(scene, 0), ==, 0);
	/* As if that answer had been long ago. */
	scene->states[0]->last_reply_us = -G_MAXINT32;
	scene_dmabuf_update(scene, 0, scene_full);
	fake_flip_without_vblank(output);
	g_assert_cmpuint(scene_replies(scene, 0), ==, 1);
	g_assert_cmpuint(counted(scene, REPLY_NO_VBLANK), ==, 2);
	scene_destroy(scene);
}

static void test_no_vblank_timer(void)
{
	struct scene *scene = scene_create(&(struct scene_options){0});
	struct kms_output *output = scene_output(scene, 0);

	output->mode.refresh_mhz = FAST_MHZ;
	scene_dmabuf(scene, 0, 64, 48, new_buffer());
	for (int i = 0; i < 5; i++) {
		scene_dmabuf_update(scene, 0, scene_full);
		fake_flip_without_vblank(output);
		scene_wait_reply(scene, 0);
	}
	g_assert_cmpuint(counted(scene, REPLY_NO_VBLANK), ==, 5);
	g_assert_cmpuint(answers(scene), ==, 5);
	scene_destroy(scene);
}

static void test_off(void)
{
	struct scene *scene = scene_create(&(struct scene_options){0});
	struct kms_output *output = scene_output(scene, 0);

	fake_set_active(output, false);
	output->mode.refresh_mhz = FAST_MHZ;
	scene_dmabuf(scene, 0, 64, 48, new_buffer());
	for (int i = 0; i < 3; i++) {
		scene_dmabuf_update(scene, 0, scene_full);
		scene_wait_reply(scene, 0);
	}
	g_assert_cmpuint(counted(scene, REPLY_OFF), ==, 3);

	/* Paced by the mode's period: not before. */
	output->mode.refresh_mhz = SLOW_MHZ;
	scene_dmabuf_update(scene, 0, scene_full);
	g_assert_cmpuint(scene_replies(scene, 0), ==, 0);
	g_assert_cmpuint(output->commit_count, ==, 0);

	/* Back on: the newest picture is shown without a new update, and nothing is answered
	 * twice. */
	fake_set_active(output, true);
	g_assert_cmpuint(output->commit_count, ==, 1);
	g_assert_true(fake_last(output)->buffer->imported);
	fake_flip(output);
	g_assert_cmpuint(scene_replies(scene, 0), ==, 0);
	scene_destroy(scene);
}

/* The output goes off while a composed frame has not even been committed. */
static void test_off_under_way(void)
{
	struct scene *scene = scene_create(&(struct scene_options){0});
	struct kms_output *output = scene_output(scene, 0);

	output->shows_dmabufs = false;
	scene_dmabuf(scene, 0, 64, 48, new_buffer());
	scene_dmabuf_update(scene, 0, scene_full);
	scene_dmabuf_update(scene, 0, scene_full);
	g_assert_cmpuint(output->commit_count, ==, 1);
	output->mode.refresh_mhz = FAST_MHZ;
	fake_set_active(output, false);
	while (answers(scene) < 2)
		g_main_context_iteration(NULL, TRUE);
	g_assert_cmpuint(scene_replies(scene, 0), ==, 2);
	g_assert_cmpuint(counted(scene, REPLY_FAILED), ==, 1);
	g_assert_cmpuint(counted(scene, REPLY_OFF), ==, 1);
	scene_destroy(scene);
}

/* A scanout that no output shows, and one that no device has. */
static void test_no_output(void)
{
	struct scene *scene = scene_create(&(struct scene_options){0});

	scene_dmabuf(scene, 7, 64, 48, new_buffer());
	scene_dmabuf_update(scene, 7, scene_full);
	scene_wait_reply(scene, 0);
	g_assert_cmpuint(counted(scene, REPLY_OFF), ==, 1);

	scene_dmabuf_update(scene, 16, scene_full);
	scene_wait_reply(scene, 0);
	scene_dmabuf_update(scene, UINT32_MAX, scene_full);
	scene_wait_reply(scene, 0);
	g_assert_cmpuint(counted(scene, REPLY_UNUSABLE), ==, 2);
	scene_expect_log("scanout");
	scene_destroy(scene);
}

static void expect_unusable(struct scene *scene, uint64_t count)
{
	scene_wait_reply(scene, 0);
	g_assert_cmpuint(counted(scene, REPLY_UNUSABLE), ==, count);
}

static void test_unusable(void)
{
	struct scene *scene = scene_create(&(struct scene_options){0});
	struct kms_output *output = scene_output(scene, 0);
	int pipes[2];

	/* Never given anything. */
	scene_dmabuf_update(scene, 0, scene_full);
	expect_unusable(scene, 1);
	scene_expect_log("has none");

	/* A good picture, which stays through all that follows. */
	scene_dmabuf(scene, 0, 64, 48, new_buffer());
	scene_dmabuf_update(scene, 0, scene_full);
	fake_flip(output);
	g_assert_cmpuint(scene_replies(scene, 0), ==, 1);

	/* Empty. */
	scene_dmabuf_update(scene, 0, (struct kms_rect){0, 0, 0, 48});
	expect_unusable(scene, 2);
	scene_expect_log("empty rectangle");
	/* Outside of what is shown. */
	scene_dmabuf_update(scene, 0, (struct kms_rect){64, 0, 5, 5});
	expect_unusable(scene, 3);
	scene_expect_log("update of nothing that is shown");

	/* Refused by the driver, and not even a dma-buf; or too small for what it says. */
	scene->card->refuses_import = true;
	g_assert_cmpint(pipe(pipes), ==, 0);
	close(pipes[1]);
	scene_dmabuf(scene, 0, 64, 48, pipes[0]);
	scene_dmabuf_update(scene, 0, scene_full);
	expect_unusable(scene, 4);
	scene_expect_log("is not a dma-buf");
	scene_dmabuf(scene, 0, 64, 48, fake_dmabuf_create(64 * 47 * 4, NULL));
	scene_dmabuf_update(scene, 0, scene_full);
	expect_unusable(scene, 5);
	scene_expect_log("import refused");
	scene_expect_no_log();
	scene->card->refuses_import = false;

	/* Disabled. */
	scene_dmabuf(scene, 0, 64, 48, -1);
	scene_dmabuf_update(scene, 0, scene_full);
	expect_unusable(scene, 6);
	scene_scanout(scene, 0, 0, 0);
	scene_dmabuf_update(scene, 0, scene_full);
	expect_unusable(scene, 7);

	/* Pixels where a dma-buf should be. */
	scene_scanout(scene, 0, 64, 48);
	scene_dmabuf_update(scene, 0, scene_full);
	expect_unusable(scene, 8);

	g_assert_cmpuint(output->commit_count, ==, 1);
	g_assert_cmpuint(answers(scene), ==, 9);
	scene_destroy(scene);
}

/* The commit is refused: answered at once, and the next step down shows the picture. */
static void test_failed(void)
{
	struct scene *scene = scene_create(&(struct scene_options){0});
	struct kms_output *output = scene_output(scene, 0);

	output->mode.refresh_mhz = SLOW_MHZ;
	scene_dmabuf(scene, 0, 64, 48, new_buffer());
	scene_dmabuf_update(scene, 0, scene_full);
	fake_fail(output, EINVAL);
	g_assert_cmpuint(scene_replies(scene, 0), ==, 1);
	g_assert_cmpuint(counted(scene, REPLY_FAILED), ==, 1);

	/* By copy, at once and with the next update. */
	g_assert_cmpuint(output->commit_count, ==, 2);
	g_assert_false(fake_last(output)->buffer->imported);
	fake_flip(output);
	scene_dmabuf_update(scene, 0, scene_full);
	fake_flip(output);
	g_assert_cmpuint(scene_replies(scene, 0), ==, 1);
	g_assert_cmpuint(counted(scene, REPLY_COPIED), ==, 1);
	scene_destroy(scene);
}

/* No event came within the flip timeout: answered at once; nothing is wrong with the buffer. */
static void test_flip_timeout(void)
{
	struct scene *scene = scene_create(&(struct scene_options){0});
	struct kms_output *output = scene_output(scene, 0);

	output->mode.refresh_mhz = SLOW_MHZ;
	scene_dmabuf(scene, 0, 64, 48, new_buffer());
	scene_dmabuf_update(scene, 0, scene_full);
	scene_dmabuf_update(scene, 0, scene_full);
	fake_fail(output, ETIMEDOUT);
	g_assert_cmpuint(scene_replies(scene, 0), ==, 2);
	g_assert_cmpuint(counted(scene, REPLY_FAILED), ==, 2);
	g_assert_cmpuint(output->commit_count, ==, 1);

	scene_dmabuf_update(scene, 0, (struct kms_rect){0, 0, 1, 1});
	g_assert_true(fake_last(output)->buffer->imported);
	/* What the lost frame changed has never been seen. */
	g_assert_cmpuint(fake_last(output)->damage_count, ==, 0);
	fake_flip(output);
	g_assert_cmpuint(scene_replies(scene, 0), ==, 1);
	scene_destroy(scene);
}

/* A mode set dropped the frame, or no event came: nothing is wrong with the buffer, and the newest
 * picture is shown in the new mode. */
static void test_canceled(void)
{
	static const int errors[] = {ECANCELED, ETIMEDOUT, EACCES};

	for (size_t i = 0; i < G_N_ELEMENTS(errors); i++) {
		struct scene *scene = scene_create(&(struct scene_options){0});
		struct kms_output *output = scene_output(scene, 0);

		scene_dmabuf(scene, 0, 64, 48, new_buffer());
		scene_dmabuf_update(scene, 0, scene_full);
		scene_dmabuf_update(scene, 0, scene_full);
		fake_fail(output, errors[i]);
		g_assert_cmpuint(scene_replies(scene, 0), ==, 2);
		g_assert_cmpuint(counted(scene, REPLY_FAILED), ==, 2);
		g_assert_cmpuint(output->commit_count, ==, 1);
		fake_set_mode(output, 64, 48);
		g_assert_cmpuint(output->commit_count, ==, 2);
		g_assert_true(fake_last(output)->buffer->imported);
		fake_flip(output);

		scene_dmabuf_update(scene, 0, scene_full);
		g_assert_true(fake_last(output)->buffer->imported);
		fake_flip(output);
		g_assert_cmpuint(counted(scene, REPLY_FLIP), ==, 1);
		scene_destroy(scene);
	}
}

/* What a driver refused, and be it for a moment that did not pass, it is asked about anew after a
 * mode set. */
static void test_refused_until_a_mode_set(void)
{
	static const int errors[] = {EINVAL, EBUSY, ENOMEM};

	for (size_t i = 0; i < G_N_ELEMENTS(errors); i++) {
		struct scene *scene = scene_create(&(struct scene_options){0});
		struct kms_output *output = scene_output(scene, 0);

		scene_dmabuf(scene, 0, 64, 48, new_buffer());
		scene_dmabuf_update(scene, 0, scene_full);
		fake_fail(output, errors[i]);
		g_assert_false(fake_last(output)->buffer->imported);
		fake_flip(output);
		fake_set_mode(output, 64, 48);
		g_assert_true(fake_last(output)->buffer->imported);
		fake_flip(output);
		scene_destroy(scene);
	}
}

/* A flip that is stuck, where frames are copied, and the newest was not even composed yet: it is
 * now. */
static void test_flip_timeout_copied(void)
{
	struct scene *scene = scene_create(&(struct scene_options){0});
	struct kms_output *output = scene_output(scene, 0);

	output->mode.refresh_mhz = SLOW_MHZ;
	output->shows_dmabufs = false;
	scene_dmabuf(scene, 0, 64, 48, new_buffer());
	scene_dmabuf_update(scene, 0, scene_full);
	scene_dmabuf_update(scene, 0, scene_full);
	fake_fail(output, ETIMEDOUT);
	g_assert_cmpuint(scene_replies(scene, 0), ==, 1);
	g_assert_cmpuint(counted(scene, REPLY_FAILED), ==, 1);
	g_assert_cmpuint(output->commit_count, ==, 2);
	fake_flip(output);
	g_assert_cmpuint(scene_replies(scene, 0), ==, 1);

	/* It was the cursor's commit that was stuck: of that only the mode set tells. */
	output->cursor_in_flight = true;
	scene_dmabuf_update(scene, 0, scene_full);
	g_assert_cmpuint(output->commit_count, ==, 2);
	output->cursor_in_flight = false;
	fake_set_mode(output, 64, 48);
	g_assert_cmpuint(output->commit_count, ==, 3);
	fake_flip(output);
	g_assert_cmpuint(scene_replies(scene, 0), ==, 1);
	scene_destroy(scene);
}

/* submit itself refuses what the test allowed. */
static void test_refused_at_submit(void)
{
	struct scene *scene = scene_create(&(struct scene_options){0});
	struct kms_output *output = scene_output(scene, 0);

	output->refuses_submit = true;
	scene_dmabuf(scene, 0, 64, 48, new_buffer());
	scene_dmabuf_update(scene, 0, scene_full);
	scene_wait_reply(scene, 0);
	g_assert_cmpuint(counted(scene, REPLY_UNUSABLE), ==, 1);
	scene_expect_log("refuses");
	scene_destroy(scene);
}

static void test_stopping(void)
{
	struct scene *scene = scene_create(&(struct scene_options){0});
	int old;

	/* A new socket while somebody waits on the old one: that one is answered first. */
	scene_dmabuf(scene, 0, 64, 48, new_buffer());
	scene_dmabuf_update(scene, 0, scene_full);
	scene_dmabuf_update(scene, 0, scene_full);
	old = scene->peers[0];
	scene->peers[0] = -1;
	scene_attach(scene, 0);
	g_assert_cmpuint(counted(scene, REPLY_STOPPING), ==, 2);

	struct scene peer = {.peers = {old}};

	g_assert_cmpuint(scene_replies(&peer, 0), ==, 2);
	close(old);

	/* We stop. */
	scene_dmabuf(scene, 0, 64, 48, new_buffer());
	scene_dmabuf_update(scene, 0, scene_full);
	guest_stop(scene->guests[0]);
	g_assert_cmpuint(scene_replies(scene, 0), ==, 1);
	scene_destroy(scene);
}

/* The machine is paused: who waits has an answer at once, what it drew is still shown, and it goes
 * on where it was. */
static void test_paused(void)
{
	struct scene *scene = scene_create(&(struct scene_options){0});
	struct kms_output *output = scene_output(scene, 0);

	scene_dmabuf(scene, 0, 64, 48, new_buffer());
	for (int i = 0; i < 3; i++)
		scene_dmabuf_update(scene, 0, scene_full);
	guest_set_running(scene->guests[0], false);
	g_assert_cmpuint(scene_replies(scene, 0), ==, 3);
	g_assert_cmpuint(counted(scene, REPLY_STOPPING), ==, 3);
	fake_flip(output);
	g_assert_cmpuint(output->commit_count, ==, 2);
	fake_flip(output);
	g_assert_cmpuint(scene_replies(scene, 0), ==, 0);

	/* One that was on its way has its answer, too. */
	scene_dmabuf_update(scene, 0, scene_full);
	fake_flip(output);
	g_assert_cmpuint(scene_replies(scene, 0), ==, 1);
	guest_set_running(scene->guests[0], true);
	scene_dmabuf_update(scene, 0, scene_full);
	g_assert_cmpuint(scene_replies(scene, 0), ==, 0);
	fake_flip(output);
	g_assert_cmpuint(scene_replies(scene, 0), ==, 1);
	g_assert_cmpuint(counted(scene, REPLY_FLIP), ==, 2);
	g_assert_cmpuint(answers(scene), ==, 5);
	scene_expect_no_log();
	scene_destroy(scene);
}

/* The peer is gone: nobody is answered, neither it nor the next one. */
static void test_peer_gone(void)
{
	struct scene *scene = scene_create(&(struct scene_options){0});
	struct kms_output *output = scene_output(scene, 0);

	scene_dmabuf(scene, 0, 64, 48, new_buffer());
	scene_dmabuf_update(scene, 0, scene_full);
	scene_hang_up(scene, 0);
	g_assert_cmpuint(scene->detached[0], ==, 1);
	g_assert_cmpuint(scene->states[0]->waiting_count, ==, 0);
	scene_attach(scene, 0);
	fake_flip(output);
	g_assert_cmpuint(scene_replies(scene, 0), ==, 0);
	g_assert_cmpuint(answers(scene), ==, 0);
	g_assert_cmpuint(guest_counters(scene->guests[0])->frames_unanswered, ==, 1);
	scene_destroy(scene);
}

/* Answers keep the order of requests: a paced one behind one that waits for a flip waits, too. */
static void test_order(void)
{
	struct scene *scene = scene_create(&(struct scene_options){0});
	struct kms_output *output = scene_output(scene, 0);

	output->mode.refresh_mhz = FAST_MHZ;
	scene_dmabuf(scene, 0, 64, 48, new_buffer());
	scene_dmabuf_update(scene, 0, scene_full);
	scene_dmabuf_update(scene, 9, scene_full);
	g_assert_cmpuint(scene_replies(scene, 0), ==, 0);
	g_assert_cmpuint(answers(scene), ==, 0);
	fake_flip(output);
	while (answers(scene) < 2)
		g_main_context_iteration(NULL, TRUE);
	g_assert_cmpuint(scene_replies(scene, 0), ==, 2);
	g_assert_cmpuint(counted(scene, REPLY_FLIP), ==, 1);
	g_assert_cmpuint(counted(scene, REPLY_UNUSABLE), ==, 1);
	scene_destroy(scene);
}

/* More requests than the channel keeps open: it reads on when one is answered; none is lost. */
static void test_flood(void)
{
	struct scene *scene = scene_create(&(struct scene_options){0});
	struct kms_output *output = scene_output(scene, 0);
	unsigned int replies = 0;

	scene_dmabuf(scene, 0, 64, 48, new_buffer());
	for (int i = 0; i < 100; i++)
		scene_dmabuf_update(scene, 0, scene_full);
	g_assert_cmpuint(scene->states[0]->waiting_count, <=, CHANNEL_REPLIES_MAX);
	while (replies < 100) {
		fake_flip(output);
		replies += scene_replies(scene, 0);
	}
	g_assert_cmpuint(replies, ==, 100);
	g_assert_cmpuint(answers(scene), ==, 100);
	scene_destroy(scene);
}

int main(int argc, char **argv)
{
	fixture_init(&argc, &argv);
	g_test_add_func("/reply/flip", test_flip);
	g_test_add_func("/reply/superseded", test_superseded);
	g_test_add_func("/reply/copied/import-refused", test_copied_import);
	g_test_add_func("/reply/copied/beside-cursor", test_copied_beside_cursor);
	g_test_add_func("/reply/copied/without-buffer", test_copied_without_buffer);
	g_test_add_func("/reply/copied/and-disabled", test_copied_and_disabled);
	g_test_add_func("/reply/copied/fails-twice", test_copied_fails_twice);
	g_test_add_func("/reply/copied/test-refused", test_copied_test_refused);
	g_test_add_func("/reply/copied/geometry", test_copied_geometry);
	g_test_add_func("/reply/fence-timeout", test_fence_timeout);
	g_test_add_func("/reply/all-outputs", test_all_outputs);
	g_test_add_func("/reply/early", test_early);
	g_test_add_func("/reply/latency", test_latency);
	g_test_add_func("/reply/no-vblank", test_no_vblank);
	g_test_add_func("/reply/no-vblank/timer", test_no_vblank_timer);
	g_test_add_func("/reply/off", test_off);
	g_test_add_func("/reply/off/under-way", test_off_under_way);
	g_test_add_func("/reply/off/no-output", test_no_output);
	g_test_add_func("/reply/unusable", test_unusable);
	g_test_add_func("/reply/failed", test_failed);
	g_test_add_func("/reply/failed/canceled", test_canceled);
	g_test_add_func("/reply/failed/until-a-mode-set", test_refused_until_a_mode_set);
	g_test_add_func("/reply/failed/timeout", test_flip_timeout);
	g_test_add_func("/reply/failed/timeout-copied", test_flip_timeout_copied);
	g_test_add_func("/reply/unusable/refused-at-submit", test_refused_at_submit);
	g_test_add_func("/reply/stopping", test_stopping);
	g_test_add_func("/reply/stopping/paused", test_paused);
	g_test_add_func("/reply/peer-gone", test_peer_gone);
	g_test_add_func("/reply/order", test_order);
	g_test_add_func("/reply/flood", test_flood);
	return g_test_run();
}
