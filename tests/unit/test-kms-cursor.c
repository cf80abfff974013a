/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The cursor on the double: with the frame, late and alone, hidden, hot, on an overlay, refused.
 */
#include "card_fixture.h"
#include "device.h"
#include "output.h"

#include <drm_fourcc.h>
#include <errno.h>
#include <string.h>

/* Half a hertz: a stall of the test's machine is no vblank, and "late in the frame" is far away. */
#define SLOW_MODE "0.542 1024 1048 1184 1344 768 771 777 806"

/* Five hertz: late in the frame comes soon enough to wait for. */
#define BRISK_MODE "5.42 1024 1048 1184 1344 768 771 777 806"

static const uint32_t *image(uint32_t color)
{
	static uint32_t pixels[KMS_CURSOR_SIZE * KMS_CURSOR_SIZE];

	memset(pixels, 0, sizeof(pixels));
	for (size_t i = 0; i < KMS_CURSOR_SIZE; i++)
		pixels[i * KMS_CURSOR_SIZE + i] = color;
	return pixels;
}

/* A device whose screen has just flipped: the next vblank is a whole frame away. */
static void start_with_frame(struct card_fixture *card, const char *mode)
{
	card_open(card);
	card_configure(card, mode, false);
	card_show(card, 0);
	memset(&double_counters, 0, sizeof(double_counters));
}

static bool set(struct card_fixture *card, uint32_t color)
{
	return kms_output_set_cursor(card->outputs[0].output, image(color), 3, 5);
}

static void test_goes_with_the_frame(struct card_fixture *card)
{
	const uint32_t *pixels;

	start_with_frame(card, SLOW_MODE);
	g_assert_true(set(card, 0xff112233));
	kms_output_move_cursor(card->outputs[0].output, -7, 30);
	card_turn();
	/* No frame yet, and time enough for one to come. */
	g_assert_cmpuint(double_counters.commits, ==, 0);
	card_submit(card, 0);
	g_assert_cmpuint(double_counters.commits, ==, 1);
	g_assert_true(double_committed(DOUBLE_PRIMARY(0), "FB_ID"));
	g_assert_cmpuint(double_value(DOUBLE_CURSOR(0), "CRTC_ID"), ==, DOUBLE_CRTC(0));
	g_assert_cmpint((int64_t)double_value(DOUBLE_CURSOR(0), "CRTC_X"), ==, -7);
	g_assert_cmpint((int64_t)double_value(DOUBLE_CURSOR(0), "CRTC_Y"), ==, 30);
	pixels = double_pixels((uint32_t)double_value(DOUBLE_CURSOR(0), "FB_ID"));
	g_assert_cmpmem(pixels, 64 * 64 * 4, image(0xff112233), 64 * 64 * 4);
	card_flip(0);
	g_assert_cmpuint(kms_output_counters(card->outputs[0].output)->cursor_commits, ==, 0);
}

static void test_late_and_alone(struct card_fixture *card)
{
	struct card_output *seen = &card->outputs[0];
	int64_t period_us, since_us;

	start_with_frame(card, BRISK_MODE);
	period_us = INT64_C(1000000000) / kms_output_mode(seen->output)->refresh_mhz;
	g_assert_true(set(card, 0xffffffff));
	for (int i = 0; i < 50; i++)
		kms_output_move_cursor(seen->output, i, i);
	card_wait(kms_output_counters(seen->output)->cursor_commits > 0);
	/* One commit for all moves, and not early in a frame. */
	g_assert_cmpuint(double_counters.commits, ==, 1);
	g_assert_false(double_committed(DOUBLE_PRIMARY(0), "FB_ID"));
	g_assert_cmpuint(double_value(DOUBLE_CURSOR(0), "CRTC_X"), ==, 49);
	since_us = g_get_monotonic_time() - seen->presentation.time_us;
	g_assert_cmpint(since_us, >=, period_us - 5000);
	seen->idle = 0;
	card_flip(0);
	/* Its event is nobody's frame, but whoever waited for it hears that the next one can go. */
	g_assert_cmpuint(seen->presentations, ==, 1);
	g_assert_cmpuint(seen->idle, ==, 1);
}

/* Where it was, there is nothing to commit, of which no event would come. */
static void test_away_and_back(struct card_fixture *card)
{
	struct kms_output *output;

	start_with_frame(card, SLOW_MODE);
	output = card->outputs[0].output;
	g_assert_true(set(card, 0xffffffff));
	kms_output_move_cursor(output, 7, 8);
	card_submit(card, 0);
	card_flip(0);
	memset(&double_counters, 0, sizeof(double_counters));
	kms_output_move_cursor(output, 9, 8);
	kms_output_move_cursor(output, 7, 8);
	kms_output_commit_cursor(output);
	g_assert_cmpuint(double_counters.commits, ==, 0);
	g_assert_false(kms_output_in_flight(output));
	kms_output_move_cursor(output, 7, 9);
	kms_output_commit_cursor(output);
	g_assert_cmpuint(double_counters.commits, ==, 1);
	card_flip(0);
	/* The same with another image, and hidden outside. */
	g_assert_true(set(card, 0xff112233));
	kms_output_move_cursor(output, -KMS_CURSOR_SIZE, 9);
	kms_output_move_cursor(output, 7, 9);
	kms_output_commit_cursor(output);
	g_assert_cmpuint(double_counters.commits, ==, 2);
	card_flip(0);
	kms_output_move_cursor(output, -KMS_CURSOR_SIZE, 9);
	kms_output_commit_cursor(output);
	g_assert_cmpuint(double_counters.commits, ==, 3);
	card_flip(0);
	kms_output_move_cursor(output, -KMS_CURSOR_SIZE, 10);
	kms_output_commit_cursor(output);
	g_assert_cmpuint(double_counters.commits, ==, 3);
	g_assert_false(kms_output_in_flight(output));
}

/* A flip of nothing has an event, too. */
static void test_flip_of_nothing(struct card_fixture *card)
{
	struct kms_output *output;
	struct kms_flip flip;
	guint token;

	start_with_frame(card, SLOW_MODE);
	output = card->outputs[0].output;
	kms_flip_init(&flip, &output->state);
	g_assert_cmpint(kms_flip_commit(output->card, &output->request, &flip, &token), ==, 0);
	kms_flip_finish(&flip);
	g_assert_cmpuint(double_counters.commits, ==, 1);
	g_assert_true(double_committed(DOUBLE_CRTC(0), "ACTIVE"));
	card_flip(0);
	card_show(card, 0);
}

/* One is on the screen already: the first of the row. */
static void show_in_a_row(struct card_fixture *card, unsigned int frames)
{
	for (unsigned int i = 0; i < frames; i++)
		card_show(card, 0);
	memset(&double_counters, 0, sizeof(double_counters));
}

/* The cursor is dirty now: when will it go alone, counted from the last vblank? */
static int64_t set_and_due(struct card_fixture *card)
{
	struct kms_output *output = card->outputs[0].output;

	g_assert_true(set(card, 0xffffffff));
	return output->cursor_due_us - output->event_us;
}

static void test_waits_for_a_steady_frame(struct card_fixture *card)
{
	struct kms_output *output;

	start_with_frame(card, SLOW_MODE);
	output = card->outputs[0].output;
	show_in_a_row(card, 4);
	/* The next vblank is left to a frame that may only be late, the one after that no
	 * longer. */
	g_assert_cmpint(set_and_due(card), ==, 2 * kms_output_period(output) - 4000);
	card_submit(card, 0);
	card_flip(0);
}

/* One less is no row. */
static void test_frames_that_are_few(struct card_fixture *card)
{
	struct kms_output *output;

	start_with_frame(card, SLOW_MODE);
	output = card->outputs[0].output;
	show_in_a_row(card, 3);
	g_assert_cmpuint(output->frames_in_a_row, ==, 4);
	output->frames_in_a_row = 3;
	g_assert_cmpint(set_and_due(card), ==, kms_output_period(output) - 4000);
	card_submit(card, 0);
	card_flip(0);
}

/* Another plane may want another size; the same one keeps what there is. */
static void test_other_plane(struct card_fixture *card)
{
	struct kms_plane cursor = {.type = DRM_PLANE_TYPE_CURSOR};
	struct kms_plane overlay = {.type = DRM_PLANE_TYPE_OVERLAY};
	struct kms_cursor test = {0};
	struct kms_buffer *buffer;

	double_card.cursor_size = 256;
	card_start(card);
	kms_cursor_init(&test, card->device->card);
	kms_cursor_set_plane(&test, &cursor, 1024, 768, false);
	g_assert_true(kms_cursor_is_usable(&test, NULL));
	buffer = test.buffers[0];
	g_assert_cmpuint(kms_buffer_width(buffer), ==, 256);
	kms_cursor_set_plane(&test, &cursor, 640, 480, false);
	g_assert_true(test.buffers[0] == buffer);
	kms_cursor_set_plane(&test, &overlay, 1024, 768, false);
	g_assert_true(kms_cursor_is_usable(&test, NULL));
	g_assert_cmpuint(kms_buffer_width(test.buffers[0]), ==, KMS_CURSOR_SIZE);
	kms_cursor_finish(&test);
}

/* Frames that came once, and do not come now. */
static void test_goes_alone_after_a_pause(struct card_fixture *card)
{
	struct kms_output *output;
	int64_t period_us;

	start_with_frame(card, SLOW_MODE);
	output = card->outputs[0].output;
	period_us = kms_output_period(output);
	show_in_a_row(card, 4);
	output->event_us -= 10 * period_us;
	g_assert_cmpint(set_and_due(card), ==, 11 * period_us - 4000);
	card_submit(card, 0);
	card_flip(0);
}

static void test_goes_alone_after_a_gap(struct card_fixture *card)
{
	struct kms_output *output;

	start_with_frame(card, SLOW_MODE);
	output = card->outputs[0].output;
	show_in_a_row(card, 4);
	card_submit(card, 0);
	g_assert_true(double_flip_after(0, 2));
	card_turn();
	g_assert_cmpint(set_and_due(card), ==, kms_output_period(output) - 4000);
	card_submit(card, 0);
	card_flip(0);
}

static void test_waits_while_busy(struct card_fixture *card)
{
	start_with_frame(card, SLOW_MODE);
	card_submit(card, 0);
	g_assert_true(set(card, 0xffffffff));
	card_submit(card, 0);
	g_assert_cmpuint(double_counters.commits, ==, 1);
	card_flip(0);
	/* With the pending frame. */
	g_assert_cmpuint(double_counters.commits, ==, 2);
	g_assert_cmpuint(double_value(DOUBLE_CURSOR(0), "CRTC_ID"), ==, DOUBLE_CRTC(0));
	card_flip(0);
}

/* A previous master's picture, and its cursor if that is to stay. */
static uint32_t take_over(struct card_fixture *card, bool keep_cursor)
{
	struct kms_output_request request = {.keep_picture = true, .keep_cursor = keep_cursor};
	uint32_t left;

	double_light(0);
	left = double_light_plane(0, DOUBLE_CURSOR(0), 50, 60, KMS_CURSOR_SIZE, KMS_CURSOR_SIZE);
	card_open(card);
	request.output = card->outputs[0].output;
	g_assert_true(kms_device_configure(card->device, &request, 1, NULL));
	g_assert_cmpuint(double_counters.modeset_commits, ==, 0);
	g_assert_cmpuint(double_value(DOUBLE_CURSOR(0), "FB_ID"), ==, keep_cursor ? left : 0);
	return left;
}

static void test_of_another_master(struct card_fixture *card)
{
	take_over(card, false);
	card_show(card, 0);
	g_assert_cmpuint(double_value(DOUBLE_CURSOR(0), "CRTC_ID"), ==, 0);
}

/* Ours takes its place in one commit. */
static void test_kept_and_replaced(struct card_fixture *card)
{
	uint32_t left = take_over(card, true);
	unsigned int commits = double_counters.commits;

	g_assert_true(set(card, 0xff112233));
	kms_output_move_cursor(card->outputs[0].output, 50, 60);
	g_assert_cmpuint(double_value(DOUBLE_CURSOR(0), "FB_ID"), ==, left);
	card_submit(card, 0);
	g_assert_cmpuint(double_counters.commits, ==, commits + 1);
	g_assert_cmpuint(double_value(DOUBLE_CURSOR(0), "CRTC_ID"), ==, DOUBLE_CRTC(0));
	g_assert_cmpuint(double_value(DOUBLE_CURSOR(0), "FB_ID"), !=, left);
	card_flip(0);
}

/* A guest without a cursor says so: with the picture that it belongs to, and not before. */
static void test_kept_and_hidden(struct card_fixture *card)
{
	uint32_t left = take_over(card, true);
	unsigned int commits = double_counters.commits;

	g_assert_true(kms_output_set_cursor(card->outputs[0].output, NULL, 0, 0));
	g_assert_cmpint(card->outputs[0].output->cursor_due_us, ==, KMS_NEVER);
	g_assert_cmpuint(double_value(DOUBLE_CURSOR(0), "FB_ID"), ==, left);
	card_submit(card, 0);
	g_assert_cmpuint(double_counters.commits, ==, commits + 1);
	g_assert_cmpuint(double_value(DOUBLE_CURSOR(0), "CRTC_ID"), ==, 0);
	card_flip(0);
	card_show(card, 0);
	g_assert_false(double_committed(DOUBLE_CURSOR(0), "FB_ID"));
}

/* A driver that does not take its being off leaves it above our picture: it goes by itself then. */
static void test_kept_and_left(struct card_fixture *card)
{
	uint32_t left = take_over(card, true);

	double_fail(DOUBLE_COMMIT, EINVAL, 0, 1);
	card_submit(card, 0);
	g_assert_cmpuint(double_counters.commits_refused, ==, 1);
	g_assert_cmpuint(double_value(DOUBLE_CURSOR(0), "FB_ID"), ==, left);
	card_flip(0);
	card_wait(double_value(DOUBLE_CURSOR(0), "CRTC_ID") == 0);
	card_flip(0);
}

/* Nobody comes: the picture stays. */
static void test_kept_and_forgotten(struct card_fixture *card)
{
	uint32_t left = take_over(card, true);
	uint64_t picture = double_value(DOUBLE_PRIMARY(0), "FB_ID");

	card_turn();
	g_assert_cmpuint(double_value(DOUBLE_CURSOR(0), "FB_ID"), ==, left);
	kms_output_forget_cursor(card->outputs[0].output);
	card_wait(double_value(DOUBLE_CURSOR(0), "CRTC_ID") == 0);
	g_assert_cmpuint(double_value(DOUBLE_PRIMARY(0), "FB_ID"), ==, picture);
	card_flip(0);
}

/* Where the picture cannot be kept there is nothing that it belongs to. */
static void test_kept_without_picture(struct card_fixture *card)
{
	struct kms_output_request request = {.keep_picture = true, .keep_cursor = true};

	double_light(0);
	double_light_plane(0, DOUBLE_CURSOR(0), 50, 60, KMS_CURSOR_SIZE, KMS_CURSOR_SIZE);
	card_open(card);
	request.output = card->outputs[0].output;
	double_fail(DOUBLE_COMMIT, EINVAL, 0, 1);
	g_assert_true(kms_device_configure(card->device, &request, 1, NULL));
	g_assert_cmpuint(double_counters.commits_refused, ==, 1);
	g_assert_cmpuint(double_value(DOUBLE_CURSOR(0), "CRTC_ID"), ==, 0);
}

static void test_two_buffers(struct card_fixture *card)
{
	uint32_t first, second;

	start_with_frame(card, SLOW_MODE);
	set(card, 0xff0000ff);
	card_submit(card, 0);
	first = (uint32_t)double_value(DOUBLE_CURSOR(0), "FB_ID");
	card_flip(0);
	set(card, 0xff00ff00);
	/* What is on the glass is not written to. */
	g_assert_cmphex(double_pixels(first)[0], ==, 0xff0000ff);
	set(card, 0xffff0000);
	card_submit(card, 0);
	second = (uint32_t)double_value(DOUBLE_CURSOR(0), "FB_ID");
	g_assert_cmpuint(second, !=, first);
	g_assert_cmphex(double_pixels(first)[0], ==, 0xff0000ff);
	g_assert_cmphex(double_pixels(second)[0], ==, 0xffff0000);
	card_flip(0);
	/* A move leaves the image, and all but the position, as it is. */
	kms_output_move_cursor(card->outputs[0].output, 9, 9);
	card_submit(card, 0);
	g_assert_cmpuint(double_value(DOUBLE_CURSOR(0), "FB_ID"), ==, second);
	g_assert_false(double_committed(DOUBLE_CURSOR(0), "FB_ID"));
	g_assert_true(double_committed(DOUBLE_CURSOR(0), "CRTC_X"));
	card_flip(0);
}

static void show(struct card_fixture *card)
{
	set(card, 0xffffffff);
	card_show(card, 0);
	g_assert_cmpuint(double_value(DOUBLE_CURSOR(0), "CRTC_ID"), ==, DOUBLE_CRTC(0));
}

static void test_hides(struct card_fixture *card)
{
	start_with_frame(card, SLOW_MODE);
	show(card);
	g_assert_true(kms_output_set_cursor(card->outputs[0].output, NULL, 0, 0));
	card_submit(card, 0);
	g_assert_cmpuint(double_value(DOUBLE_CURSOR(0), "CRTC_ID"), ==, 0);
	g_assert_cmpuint(double_value(DOUBLE_CURSOR(0), "FB_ID"), ==, 0);
	card_flip(0);
	/* A zero image is how guests hide it. */
	show(card);
	g_assert_true(kms_output_set_cursor(card->outputs[0].output, image(0), 0, 0));
	card_submit(card, 0);
	g_assert_cmpuint(double_value(DOUBLE_CURSOR(0), "FB_ID"), ==, 0);
	card_flip(0);
	/* Hidden again, and moved: nothing to tell the kernel. */
	memset(&double_counters, 0, sizeof(double_counters));
	g_assert_true(kms_output_set_cursor(card->outputs[0].output, NULL, 0, 0));
	kms_output_move_cursor(card->outputs[0].output, 50, 50);
	card_submit(card, 0);
	g_assert_false(double_committed(DOUBLE_CURSOR(0), "FB_ID"));
	g_assert_false(double_committed(DOUBLE_CURSOR(0), "CRTC_X"));
	card_flip(0);
}

static void test_outside(struct card_fixture *card)
{
	static const int32_t outside[][2] = {{-64, 0}, {0, -64}, {1024, 0}, {0, 768}};

	start_with_frame(card, SLOW_MODE);
	show(card);
	for (size_t i = 0; i < G_N_ELEMENTS(outside); i++) {
		kms_output_move_cursor(card->outputs[0].output, outside[i][0], outside[i][1]);
		card_submit(card, 0);
		g_assert_cmpuint(double_value(DOUBLE_CURSOR(0), "FB_ID"), ==, 0);
		card_flip(0);
		kms_output_move_cursor(card->outputs[0].output, -63, 767);
		card_submit(card, 0);
		g_assert_cmpuint(double_value(DOUBLE_CURSOR(0), "FB_ID"), !=, 0);
		g_assert_cmpint((int64_t)double_value(DOUBLE_CURSOR(0), "CRTC_X"), ==, -63);
		card_flip(0);
	}
}

static void test_hotspot(struct card_fixture *card)
{
	double_card.hotspot = true;
	start_with_frame(card, SLOW_MODE);
	/* The plane is hidden until we say that we know hotspots. */
	show(card);
	g_assert_cmpuint(double_value(DOUBLE_CURSOR(0), "HOTSPOT_X"), ==, 3);
	g_assert_cmpuint(double_value(DOUBLE_CURSOR(0), "HOTSPOT_Y"), ==, 5);
}

static void test_big_plane(struct card_fixture *card)
{
	const uint32_t *pixels;
	uint32_t framebuffer;

	double_card.cursor_size = 256;
	start_with_frame(card, SLOW_MODE);
	show(card);
	framebuffer = (uint32_t)double_value(DOUBLE_CURSOR(0), "FB_ID");
	g_assert_cmpuint(double_framebuffer(framebuffer)->width, ==, 256);
	g_assert_cmpuint(double_framebuffer(framebuffer)->fourcc, ==, DRM_FORMAT_ARGB8888);
	g_assert_cmpuint(double_value(DOUBLE_CURSOR(0), "CRTC_W"), ==, 256);
	pixels = double_pixels(framebuffer);
	g_assert_cmphex(pixels[63 * 256 + 63], ==, 0xffffffff);
	g_assert_cmphex(pixels[63 * 256 + 64], ==, 0);
	g_assert_cmphex(pixels[64 * 256], ==, 0);
}

static void test_small_plane(struct card_fixture *card)
{
	double_card.cursor_size = 32;
	start_with_frame(card, SLOW_MODE);
	g_assert_false(set(card, 0xffffffff));
}

static void test_overlay(struct card_fixture *card)
{
	double_card.cursor_planes = false;
	double_card.overlay_planes = true;
	double_card.zpos = true;
	start_with_frame(card, SLOW_MODE);
	g_assert_true(set(card, 0xffffffff));
	card_submit(card, 0);
	g_assert_cmpuint(double_value(DOUBLE_OVERLAY(0), "CRTC_ID"), ==, DOUBLE_CRTC(0));
	g_assert_cmpuint(double_value(DOUBLE_OVERLAY(0), "CRTC_W"), ==, 64);
	/* Above the picture, whatever the previous master wanted. */
	g_assert_cmpuint(double_value(DOUBLE_OVERLAY(0), "zpos"), ==, 7);
	g_assert_cmpuint(double_value(DOUBLE_PRIMARY(0), "zpos"), ==, 0);
	card_flip(0);
}

/* Overlays that take compressed buffers alone (rockchip's clusters) say so: the next one. */
static void test_compressed_overlay(struct card_fixture *card)
{
	double_card.cursor_planes = false;
	double_card.overlay_planes = true;
	double_card.compressed_overlays = true;
	start_with_frame(card, SLOW_MODE);
	g_assert_true(set(card, 0xffffffff));
	g_assert_cmpuint(double_counters.tests, ==, 1);
	card_submit(card, 0);
	g_assert_cmpuint(double_value(DOUBLE_OVERLAY(0), "CRTC_ID"), ==, DOUBLE_CRTC(0));
	g_assert_cmpuint(double_value(DOUBLE_COMPRESSED(0), "CRTC_ID"), ==, 0);
	card_flip(0);
}

/* Above a picture that is scaled the driver refuses it (amdgpu); it is drawn from then on, also
 * into pictures that the driver would take it above: else it would come and go. */
static void test_refused_above_scaled(struct card_fixture *card)
{
	struct card_output *seen = &card->outputs[0];
	struct kms_frame frame;

	double_card.scaler = true;
	double_card.cursor_unscaled = true;
	start_with_frame(card, SLOW_MODE);
	show(card);
	seen->changes = 0;
	frame = card_frame(card, card_picture(card, 0));
	frame.source = (struct kms_rect){0, 0, 512, 384};
	g_assert_true(kms_output_test(seen->output, &frame));
	g_assert_cmpint(kms_output_submit(seen->output, &frame), ==, KMS_SUBMIT_ACCEPTED);
	card_turn();
	g_assert_cmpuint(double_value(DOUBLE_CURSOR(0), "FB_ID"), ==, 0);
	g_assert_cmpuint(seen->changes, ==, 1);
	g_assert_false(set(card, 0xffffffff));
	card_flip(0);
	g_assert_cmpuint(seen->presented, ==, card->serial);
	card_show(card, 0);
	g_assert_false(set(card, 0xffffffff));
	g_assert_cmpuint(double_value(DOUBLE_CURSOR(0), "FB_ID"), ==, 0);
	g_assert_cmpuint(seen->changes, ==, 1);
}

static void test_no_plane(struct card_fixture *card)
{
	double_card.cursor_planes = false;
	start_with_frame(card, SLOW_MODE);
	g_assert_false(set(card, 0xffffffff));
	g_assert_true(kms_output_set_cursor(card->outputs[0].output, NULL, 0, 0));
	kms_output_move_cursor(card->outputs[0].output, 1, 1);
	card_show(card, 0);
}

static void test_refused_by_test(struct card_fixture *card)
{
	double_card.refuse_cursor = true;
	start_with_frame(card, SLOW_MODE);
	g_assert_false(set(card, 0xffffffff));
	g_assert_false(set(card, 0xff00ff00));
	/* Asked once. */
	g_assert_cmpuint(double_counters.tests, ==, 1);
	g_assert_cmpint(card_submit(card, 0), ==, KMS_SUBMIT_ACCEPTED);
	g_assert_cmpuint(double_value(DOUBLE_CURSOR(0), "FB_ID"), ==, 0);
	card_flip(0);
}

/* The frame goes without the cursor, and the caller hears that it has to draw it. */
static void test_refused_by_commit(struct card_fixture *card)
{
	struct card_output *seen = &card->outputs[0];

	double_card.refuse_cursor_commit = true;
	start_with_frame(card, SLOW_MODE);
	seen->changes = 0;
	g_assert_true(set(card, 0xffffffff));
	g_assert_cmpint(card_submit(card, 0), ==, KMS_SUBMIT_ACCEPTED);
	g_assert_cmpuint(double_counters.commits_refused, ==, 1);
	g_assert_cmpuint(double_counters.commits, ==, 1);
	card_turn();
	g_assert_cmpuint(seen->changes, ==, 1);
	g_assert_false(set(card, 0xffffffff));
	card_flip(0);
	g_assert_cmpuint(seen->presented, ==, 2);
	/* Never tried again. */
	card_show(card, 0);
	g_assert_cmpuint(double_counters.commits_refused, ==, 1);
}

/* The frame is refused for its damage: the cursor, which was left out too, comes back. */
static void test_not_to_blame(struct card_fixture *card)
{
	static const struct kms_rect part = {0, 0, 10, 10};
	struct kms_frame frame;

	double_card.damage_clips = true;
	double_card.refuse_damage = true;
	start_with_frame(card, SLOW_MODE);
	show(card);
	frame = card_frame(card, card_picture(card, 0));
	frame.damage = &part;
	frame.damage_count = 1;
	g_assert_cmpint(kms_output_submit(card->outputs[0].output, &frame), ==,
		KMS_SUBMIT_ACCEPTED);
	card_flip(0);
	card_show(card, 0);
	g_assert_cmpuint(double_value(DOUBLE_CURSOR(0), "CRTC_ID"), ==, DOUBLE_CRTC(0));
	g_assert_true(set(card, 0xff00ff00));
}

static void test_alone_and_refused(struct card_fixture *card)
{
	struct card_output *seen = &card->outputs[0];

	double_card.refuse_cursor_commit = true;
	start_with_frame(card, BRISK_MODE);
	seen->changes = 0;
	g_assert_true(set(card, 0xffffffff));
	card_wait(seen->changes > 0);
	g_assert_cmpuint(double_counters.commits, ==, 0);
	g_assert_cmpuint(double_counters.commits_refused, ==, 1);
	g_assert_false(kms_output_busy(seen->output));
	g_assert_cmpuint(seen->failures, ==, 0);
}

static void test_survives_mode_set(struct card_fixture *card)
{
	start_with_frame(card, SLOW_MODE);
	show(card);
	card_configure(card, "800x600", false);
	g_assert_cmpuint(double_value(DOUBLE_CURSOR(0), "FB_ID"), ==, 0);
	card_flip(0);
	card_submit(card, 0);
	g_assert_cmpuint(double_value(DOUBLE_CURSOR(0), "CRTC_ID"), ==, DOUBLE_CRTC(0));
	g_assert_cmphex(double_pixels((uint32_t)double_value(DOUBLE_CURSOR(0), "FB_ID"))[0], ==,
		0xffffffff);
	card_flip(0);
}

static void test_set_before_the_output_is_on(struct card_fixture *card)
{
	card_open(card);
	g_assert_true(set(card, 0xff123456));
	card_configure(card, SLOW_MODE, false);
	card_submit(card, 0);
	g_assert_cmphex(double_pixels((uint32_t)double_value(DOUBLE_CURSOR(0), "FB_ID"))[0], ==,
		0xff123456);
	card_flip(0);
}

/* One that goes before the first frame leaves the picture of the previous master as it is; where
 * that lies is no more known than before. */
static void test_above_kept_picture(struct card_fixture *card)
{
	struct kms_output *output;
	uint32_t kept;

	double_light(0);
	card_open(card);
	card_configure(card, NULL, true);
	output = card->outputs[0].output;
	kept = card_shown(0);
	for (int i = 1; i <= 2; i++) {
		g_assert_true(set(card, 0xff112233));
		kms_output_move_cursor(output, i, i);
		card_wait(kms_output_counters(output)->cursor_commits == (uint64_t)i);
		g_assert_cmpuint(double_value(DOUBLE_CURSOR(0), "CRTC_X"), ==, i);
		g_assert_false(double_committed(DOUBLE_PRIMARY(0), "FB_ID"));
		g_assert_cmpuint(card_shown(0), ==, kept);
		card_flip(0);
	}
	/* The first frame brings its whole placement along, and the next one no more than its
	 * picture. */
	g_assert_cmpint(card_submit(card, 0), ==, KMS_SUBMIT_ACCEPTED);
	g_assert_true(double_committed(DOUBLE_PRIMARY(0), "CRTC_ID"));
	g_assert_true(double_committed(DOUBLE_PRIMARY(0), "SRC_W"));
	g_assert_true(double_committed(DOUBLE_PRIMARY(0), "CRTC_X"));
	card_flip(0);
	g_assert_cmpint(card_submit(card, 0), ==, KMS_SUBMIT_ACCEPTED);
	g_assert_true(double_committed(DOUBLE_PRIMARY(0), "FB_ID"));
	g_assert_false(double_committed(DOUBLE_PRIMARY(0), "SRC_W"));
	card_flip(0);
}

int main(int argc, char **argv)
{
	card_init(&argc, &argv);
	card_add_test("/kms/cursor/goes-with-the-frame", test_goes_with_the_frame);
	card_add_test("/kms/cursor/late-and-alone", test_late_and_alone);
	card_add_test("/kms/cursor/away-and-back", test_away_and_back);
	card_add_test("/kms/cursor/flip-of-nothing", test_flip_of_nothing);
	card_add_test("/kms/cursor/waits-for-a-steady-frame", test_waits_for_a_steady_frame);
	card_add_test("/kms/cursor/frames-that-are-few", test_frames_that_are_few);
	card_add_test("/kms/cursor/other-plane", test_other_plane);
	card_add_test("/kms/cursor/goes-alone-after-a-pause", test_goes_alone_after_a_pause);
	card_add_test("/kms/cursor/goes-alone-after-a-gap", test_goes_alone_after_a_gap);
	card_add_test("/kms/cursor/waits-while-busy", test_waits_while_busy);
	card_add_test("/kms/cursor/of-another-master", test_of_another_master);
	card_add_test("/kms/cursor/kept-and-replaced", test_kept_and_replaced);
	card_add_test("/kms/cursor/kept-and-hidden", test_kept_and_hidden);
	card_add_test("/kms/cursor/kept-and-left", test_kept_and_left);
	card_add_test("/kms/cursor/kept-and-forgotten", test_kept_and_forgotten);
	card_add_test("/kms/cursor/kept-without-picture", test_kept_without_picture);
	card_add_test("/kms/cursor/two-buffers", test_two_buffers);
	card_add_test("/kms/cursor/hides", test_hides);
	card_add_test("/kms/cursor/outside", test_outside);
	card_add_test("/kms/cursor/hotspot", test_hotspot);
	card_add_test("/kms/cursor/big-plane", test_big_plane);
	card_add_test("/kms/cursor/small-plane", test_small_plane);
	card_add_test("/kms/cursor/overlay", test_overlay);
	card_add_test("/kms/cursor/compressed-overlay", test_compressed_overlay);
	card_add_test("/kms/cursor/refused/above-scaled", test_refused_above_scaled);
	card_add_test("/kms/cursor/no-plane", test_no_plane);
	card_add_test("/kms/cursor/refused/by-test", test_refused_by_test);
	card_add_test("/kms/cursor/refused/by-commit", test_refused_by_commit);
	card_add_test("/kms/cursor/refused/not-to-blame", test_not_to_blame);
	card_add_test("/kms/cursor/refused/alone", test_alone_and_refused);
	card_add_test("/kms/cursor/survives-mode-set", test_survives_mode_set);
	card_add_test("/kms/cursor/set-before-on", test_set_before_the_output_is_on);
	card_add_test("/kms/cursor/above-kept-picture", test_above_kept_picture);
	return g_test_run();
}
