/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The cursor on the double: with the frame, late and alone, hidden, hot, on an overlay, refused.
 */
#include "card_fixture.h"

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
static struct kms_buffer *start_with_frame(struct card_fixture *fixture, const char *mode)
{
	struct kms_buffer *buffer;

	card_open(fixture);
	card_configure(fixture, mode, false);
	buffer = card_buffer(fixture, 0);
	card_submit(fixture, 0, buffer, NULL, 0);
	card_flip(0);
	memset(&double_counters, 0, sizeof(double_counters));
	return buffer;
}

static bool set(struct card_fixture *fixture, uint32_t color)
{
	return kms_output_set_cursor(fixture->outputs[0].output, image(color), 3, 5);
}

static void test_goes_with_the_frame(void)
{
	struct card_fixture fixture;
	struct kms_buffer *buffer;
	const uint32_t *pixels;

	double_reset();
	buffer = start_with_frame(&fixture, SLOW_MODE);
	g_assert_true(set(&fixture, 0xff112233));
	kms_output_move_cursor(fixture.outputs[0].output, -7, 30);
	card_turn();
	/* No frame yet, and time enough for one to come. */
	g_assert_cmpuint(double_counters.commits, ==, 0);
	card_submit(&fixture, 0, buffer, NULL, 0);
	g_assert_cmpuint(double_counters.commits, ==, 1);
	g_assert_true(double_committed(DOUBLE_PRIMARY(0), "FB_ID"));
	g_assert_cmpuint(double_value(DOUBLE_CURSOR(0), "CRTC_ID"), ==, DOUBLE_CRTC(0));
	g_assert_cmpint((int64_t)double_value(DOUBLE_CURSOR(0), "CRTC_X"), ==, -7);
	g_assert_cmpint((int64_t)double_value(DOUBLE_CURSOR(0), "CRTC_Y"), ==, 30);
	pixels = double_pixels((uint32_t)double_value(DOUBLE_CURSOR(0), "FB_ID"));
	g_assert_cmpmem(pixels, 64 * 64 * 4, image(0xff112233), 64 * 64 * 4);
	card_flip(0);
	g_assert_cmpuint(kms_output_counters(fixture.outputs[0].output)->cursor_commits, ==, 0);
	kms_buffer_unref(buffer);
	card_finish(&fixture);
}

static void test_late_and_alone(void)
{
	struct card_fixture fixture;
	struct card_output *seen = &fixture.outputs[0];
	struct kms_buffer *buffer;
	int64_t period_us, since_us;

	double_reset();
	buffer = start_with_frame(&fixture, BRISK_MODE);
	period_us = INT64_C(1000000000) / kms_output_mode(seen->output)->refresh_mhz;
	g_assert_true(set(&fixture, 0xffffffff));
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
	kms_buffer_unref(buffer);
	card_finish(&fixture);
}

static void test_waits_while_busy(void)
{
	struct card_fixture fixture;
	struct kms_buffer *buffer;

	double_reset();
	buffer = start_with_frame(&fixture, SLOW_MODE);
	card_submit(&fixture, 0, buffer, NULL, 0);
	g_assert_true(set(&fixture, 0xffffffff));
	card_submit(&fixture, 0, buffer, NULL, 0);
	g_assert_cmpuint(double_counters.commits, ==, 1);
	card_flip(0);
	/* With the pending frame. */
	g_assert_cmpuint(double_counters.commits, ==, 2);
	g_assert_cmpuint(double_value(DOUBLE_CURSOR(0), "CRTC_ID"), ==, DOUBLE_CRTC(0));
	card_flip(0);
	kms_buffer_unref(buffer);
	card_finish(&fixture);
}

static void test_two_buffers(void)
{
	struct card_fixture fixture;
	struct kms_buffer *buffer;
	uint32_t first, second;

	double_reset();
	buffer = start_with_frame(&fixture, SLOW_MODE);
	set(&fixture, 0xff0000ff);
	card_submit(&fixture, 0, buffer, NULL, 0);
	first = (uint32_t)double_value(DOUBLE_CURSOR(0), "FB_ID");
	card_flip(0);
	set(&fixture, 0xff00ff00);
	/* What is on the glass is not written to. */
	g_assert_cmphex(double_pixels(first)[0], ==, 0xff0000ff);
	set(&fixture, 0xffff0000);
	card_submit(&fixture, 0, buffer, NULL, 0);
	second = (uint32_t)double_value(DOUBLE_CURSOR(0), "FB_ID");
	g_assert_cmpuint(second, !=, first);
	g_assert_cmphex(double_pixels(first)[0], ==, 0xff0000ff);
	g_assert_cmphex(double_pixels(second)[0], ==, 0xffff0000);
	card_flip(0);
	/* A move leaves the image, and all but the position, as it is. */
	kms_output_move_cursor(fixture.outputs[0].output, 9, 9);
	card_submit(&fixture, 0, buffer, NULL, 0);
	g_assert_cmpuint(double_value(DOUBLE_CURSOR(0), "FB_ID"), ==, second);
	g_assert_false(double_committed(DOUBLE_CURSOR(0), "FB_ID"));
	g_assert_true(double_committed(DOUBLE_CURSOR(0), "CRTC_X"));
	card_flip(0);
	kms_buffer_unref(buffer);
	card_finish(&fixture);
}

static void show(struct card_fixture *fixture, struct kms_buffer *buffer)
{
	set(fixture, 0xffffffff);
	card_submit(fixture, 0, buffer, NULL, 0);
	card_flip(0);
	g_assert_cmpuint(double_value(DOUBLE_CURSOR(0), "CRTC_ID"), ==, DOUBLE_CRTC(0));
}

static void test_hides(void)
{
	struct card_fixture fixture;
	struct kms_buffer *buffer;

	double_reset();
	buffer = start_with_frame(&fixture, SLOW_MODE);
	show(&fixture, buffer);
	g_assert_true(kms_output_set_cursor(fixture.outputs[0].output, NULL, 0, 0));
	card_submit(&fixture, 0, buffer, NULL, 0);
	g_assert_cmpuint(double_value(DOUBLE_CURSOR(0), "CRTC_ID"), ==, 0);
	g_assert_cmpuint(double_value(DOUBLE_CURSOR(0), "FB_ID"), ==, 0);
	card_flip(0);
	/* A zero image is how guests hide it. */
	show(&fixture, buffer);
	g_assert_true(kms_output_set_cursor(fixture.outputs[0].output, image(0), 0, 0));
	card_submit(&fixture, 0, buffer, NULL, 0);
	g_assert_cmpuint(double_value(DOUBLE_CURSOR(0), "FB_ID"), ==, 0);
	card_flip(0);
	/* Hidden again, and moved: nothing to tell the kernel. */
	memset(&double_counters, 0, sizeof(double_counters));
	g_assert_true(kms_output_set_cursor(fixture.outputs[0].output, NULL, 0, 0));
	kms_output_move_cursor(fixture.outputs[0].output, 50, 50);
	card_submit(&fixture, 0, buffer, NULL, 0);
	g_assert_false(double_committed(DOUBLE_CURSOR(0), "FB_ID"));
	g_assert_false(double_committed(DOUBLE_CURSOR(0), "CRTC_X"));
	card_flip(0);
	kms_buffer_unref(buffer);
	card_finish(&fixture);
}

static void test_outside(void)
{
	static const int32_t outside[][2] = {{-64, 0}, {0, -64}, {1024, 0}, {0, 768}};
	struct card_fixture fixture;
	struct kms_buffer *buffer;

	double_reset();
	buffer = start_with_frame(&fixture, SLOW_MODE);
	show(&fixture, buffer);
	for (size_t i = 0; i < G_N_ELEMENTS(outside); i++) {
		kms_output_move_cursor(fixture.outputs[0].output, outside[i][0], outside[i][1]);
		card_submit(&fixture, 0, buffer, NULL, 0);
		g_assert_cmpuint(double_value(DOUBLE_CURSOR(0), "FB_ID"), ==, 0);
		card_flip(0);
		kms_output_move_cursor(fixture.outputs[0].output, -63, 767);
		card_submit(&fixture, 0, buffer, NULL, 0);
		g_assert_cmpuint(double_value(DOUBLE_CURSOR(0), "FB_ID"), !=, 0);
		g_assert_cmpint((int64_t)double_value(DOUBLE_CURSOR(0), "CRTC_X"), ==, -63);
		card_flip(0);
	}
	kms_buffer_unref(buffer);
	card_finish(&fixture);
}

static void test_hotspot(void)
{
	struct card_fixture fixture;
	struct kms_buffer *buffer;

	double_reset();
	double_card.hotspot = true;
	buffer = start_with_frame(&fixture, SLOW_MODE);
	/* The plane is hidden until we say that we know hotspots. */
	show(&fixture, buffer);
	g_assert_cmpuint(double_value(DOUBLE_CURSOR(0), "HOTSPOT_X"), ==, 3);
	g_assert_cmpuint(double_value(DOUBLE_CURSOR(0), "HOTSPOT_Y"), ==, 5);
	kms_buffer_unref(buffer);
	card_finish(&fixture);
}

static void test_big_plane(void)
{
	struct card_fixture fixture;
	struct kms_buffer *buffer;
	const uint32_t *pixels;
	uint32_t framebuffer;

	double_reset();
	double_card.cursor_size = 256;
	buffer = start_with_frame(&fixture, SLOW_MODE);
	show(&fixture, buffer);
	framebuffer = (uint32_t)double_value(DOUBLE_CURSOR(0), "FB_ID");
	g_assert_cmpuint(double_framebuffer(framebuffer)->width, ==, 256);
	g_assert_cmpuint(double_framebuffer(framebuffer)->fourcc, ==, DRM_FORMAT_ARGB8888);
	g_assert_cmpuint(double_value(DOUBLE_CURSOR(0), "CRTC_W"), ==, 256);
	pixels = double_pixels(framebuffer);
	g_assert_cmphex(pixels[63 * 256 + 63], ==, 0xffffffff);
	g_assert_cmphex(pixels[63 * 256 + 64], ==, 0);
	g_assert_cmphex(pixels[64 * 256], ==, 0);
	kms_buffer_unref(buffer);
	card_finish(&fixture);
}

static void test_small_plane(void)
{
	struct card_fixture fixture;
	struct kms_buffer *buffer;

	double_reset();
	double_card.cursor_size = 32;
	buffer = start_with_frame(&fixture, SLOW_MODE);
	g_assert_false(set(&fixture, 0xffffffff));
	kms_buffer_unref(buffer);
	card_finish(&fixture);
}

static void test_overlay(void)
{
	struct card_fixture fixture;
	struct kms_buffer *buffer;

	double_reset();
	double_card.cursor_planes = false;
	double_card.overlay_planes = true;
	double_card.zpos = true;
	buffer = start_with_frame(&fixture, SLOW_MODE);
	g_assert_true(set(&fixture, 0xffffffff));
	card_submit(&fixture, 0, buffer, NULL, 0);
	g_assert_cmpuint(double_value(DOUBLE_OVERLAY(0), "CRTC_ID"), ==, DOUBLE_CRTC(0));
	g_assert_cmpuint(double_value(DOUBLE_OVERLAY(0), "CRTC_W"), ==, 64);
	/* Above the picture, whatever the previous master wanted. */
	g_assert_cmpuint(double_value(DOUBLE_OVERLAY(0), "zpos"), ==, 7);
	g_assert_cmpuint(double_value(DOUBLE_PRIMARY(0), "zpos"), ==, 0);
	card_flip(0);
	kms_buffer_unref(buffer);
	card_finish(&fixture);
}

static void test_no_plane(void)
{
	struct card_fixture fixture;
	struct kms_buffer *buffer;

	double_reset();
	double_card.cursor_planes = false;
	buffer = start_with_frame(&fixture, SLOW_MODE);
	g_assert_false(set(&fixture, 0xffffffff));
	g_assert_true(kms_output_set_cursor(fixture.outputs[0].output, NULL, 0, 0));
	kms_output_move_cursor(fixture.outputs[0].output, 1, 1);
	g_assert_cmpint(card_submit(&fixture, 0, buffer, NULL, 0), ==, KMS_SUBMIT_ACCEPTED);
	card_flip(0);
	kms_buffer_unref(buffer);
	card_finish(&fixture);
}

static void test_refused_by_test(void)
{
	struct card_fixture fixture;
	struct kms_buffer *buffer;

	double_reset();
	double_card.refuse_cursor = true;
	buffer = start_with_frame(&fixture, SLOW_MODE);
	g_assert_false(set(&fixture, 0xffffffff));
	g_assert_false(set(&fixture, 0xff00ff00));
	/* Asked once. */
	g_assert_cmpuint(double_counters.tests, ==, 1);
	g_assert_cmpint(card_submit(&fixture, 0, buffer, NULL, 0), ==, KMS_SUBMIT_ACCEPTED);
	g_assert_cmpuint(double_value(DOUBLE_CURSOR(0), "FB_ID"), ==, 0);
	card_flip(0);
	kms_buffer_unref(buffer);
	card_finish(&fixture);
}

/* The frame goes without the cursor, and the caller hears that it has to draw it. */
static void test_refused_by_commit(void)
{
	struct card_fixture fixture;
	struct card_output *seen = &fixture.outputs[0];
	struct kms_buffer *buffer;

	double_reset();
	double_card.refuse_cursor_commit = true;
	buffer = start_with_frame(&fixture, SLOW_MODE);
	seen->changes = 0;
	g_assert_true(set(&fixture, 0xffffffff));
	g_assert_cmpint(card_submit(&fixture, 0, buffer, NULL, 0), ==, KMS_SUBMIT_ACCEPTED);
	g_assert_cmpuint(double_counters.commits_refused, ==, 1);
	g_assert_cmpuint(double_counters.commits, ==, 1);
	card_turn();
	g_assert_cmpuint(seen->changes, ==, 1);
	g_assert_false(set(&fixture, 0xffffffff));
	card_flip(0);
	g_assert_cmpuint(seen->presented, ==, 2);
	/* Never tried again. */
	card_submit(&fixture, 0, buffer, NULL, 0);
	card_flip(0);
	g_assert_cmpuint(double_counters.commits_refused, ==, 1);
	kms_buffer_unref(buffer);
	card_finish(&fixture);
}

static void test_alone_and_refused(void)
{
	struct card_fixture fixture;
	struct card_output *seen = &fixture.outputs[0];
	struct kms_buffer *buffer;

	double_reset();
	double_card.refuse_cursor_commit = true;
	buffer = start_with_frame(&fixture, BRISK_MODE);
	seen->changes = 0;
	g_assert_true(set(&fixture, 0xffffffff));
	card_wait(seen->changes > 0);
	g_assert_cmpuint(double_counters.commits, ==, 0);
	g_assert_cmpuint(double_counters.commits_refused, ==, 1);
	g_assert_false(kms_output_busy(seen->output));
	g_assert_cmpuint(seen->failures, ==, 0);
	kms_buffer_unref(buffer);
	card_finish(&fixture);
}

static void test_survives_mode_set(void)
{
	struct card_fixture fixture;
	struct kms_buffer *buffer;

	double_reset();
	buffer = start_with_frame(&fixture, SLOW_MODE);
	show(&fixture, buffer);
	kms_buffer_unref(buffer);
	card_configure(&fixture, "800x600", false);
	g_assert_cmpuint(double_value(DOUBLE_CURSOR(0), "FB_ID"), ==, 0);
	card_flip(0);
	buffer = card_buffer(&fixture, 0);
	card_submit(&fixture, 0, buffer, NULL, 0);
	g_assert_cmpuint(double_value(DOUBLE_CURSOR(0), "CRTC_ID"), ==, DOUBLE_CRTC(0));
	g_assert_cmphex(double_pixels((uint32_t)double_value(DOUBLE_CURSOR(0), "FB_ID"))[0], ==,
		0xffffffff);
	card_flip(0);
	kms_buffer_unref(buffer);
	card_finish(&fixture);
}

static void test_set_before_the_output_is_on(void)
{
	struct card_fixture fixture;
	struct kms_buffer *buffer;

	double_reset();
	card_open(&fixture);
	g_assert_true(set(&fixture, 0xff123456));
	card_configure(&fixture, SLOW_MODE, false);
	buffer = card_buffer(&fixture, 0);
	card_submit(&fixture, 0, buffer, NULL, 0);
	g_assert_cmphex(double_pixels((uint32_t)double_value(DOUBLE_CURSOR(0), "FB_ID"))[0], ==,
		0xff123456);
	card_flip(0);
	kms_buffer_unref(buffer);
	card_finish(&fixture);
}

int main(int argc, char **argv)
{
	card_init(&argc, &argv);
	g_test_add_func("/kms/cursor/goes-with-the-frame", test_goes_with_the_frame);
	g_test_add_func("/kms/cursor/late-and-alone", test_late_and_alone);
	g_test_add_func("/kms/cursor/waits-while-busy", test_waits_while_busy);
	g_test_add_func("/kms/cursor/two-buffers", test_two_buffers);
	g_test_add_func("/kms/cursor/hides", test_hides);
	g_test_add_func("/kms/cursor/outside", test_outside);
	g_test_add_func("/kms/cursor/hotspot", test_hotspot);
	g_test_add_func("/kms/cursor/big-plane", test_big_plane);
	g_test_add_func("/kms/cursor/small-plane", test_small_plane);
	g_test_add_func("/kms/cursor/overlay", test_overlay);
	g_test_add_func("/kms/cursor/no-plane", test_no_plane);
	g_test_add_func("/kms/cursor/refused/by-test", test_refused_by_test);
	g_test_add_func("/kms/cursor/refused/by-commit", test_refused_by_commit);
	g_test_add_func("/kms/cursor/refused/alone", test_alone_and_refused);
	g_test_add_func("/kms/cursor/survives-mode-set", test_survives_mode_set);
	g_test_add_func("/kms/cursor/set-before-on", test_set_before_the_output_is_on);
	return g_test_run();
}
