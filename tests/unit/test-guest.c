/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the display protocol's messages make of the picture on a fake card: pixels, half-received
 * ones, contents that change, cursors, several guests and scanouts, and what stays when a guest has
 * gone. Answers are test-reply-table's.
 */
#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "channel_fixture.h"
#include "fake/fake_dmabuf.h"
#include "scene_fixture.h"
#include "vhost_user_gpu.h"

#define RED 0xff0000u
#define GREEN 0x00ff00u
#define BLUE 0x0000ffu

static const struct kms_rect full = {0, 0, 64, 48};
#define FULL_BYTES (64 * 48 * 4)

/* A frame of this colour all over is on the way to the glass, or there. */
static void expect_color(struct kms_output *output, uint32_t color)
{
	for (uint32_t y = 0; y < output->mode.height; y++) {
		for (uint32_t x = 0; x < output->mode.width; x++)
			g_assert_cmphex(fake_pixel(output, x, y), ==, color);
	}
}

static struct scene *red_scene(const struct scene_options *options)
{
	struct scene *scene = scene_create(options);

	scene_scanout(scene, 0, 64, 48);
	g_assert_cmpuint(scene_output(scene, 0)->commit_count, ==, 0);
	scene_update(scene, 0, full, RED);
	expect_color(scene_output(scene, 0), RED);
	fake_flip(scene_output(scene, 0));
	return scene;
}

/* ---- pixels ---- */

static void test_updates_coalesce(void)
{
	struct scene *scene = red_scene(&(struct scene_options){0});
	struct kms_output *output = scene_output(scene, 0);

	scene_update(scene, 0, (struct kms_rect){0, 0, 1, 1}, GREEN);
	g_assert_cmpuint(output->commit_count, ==, 2);
	/* While that flip is in flight nothing is composed; the event brings all of it in one
	 * frame. */
	scene_update(scene, 0, (struct kms_rect){10, 0, 1, 1}, GREEN);
	scene_update(scene, 0, (struct kms_rect){20, 0, 1, 1}, GREEN);
	g_assert_cmpuint(output->commit_count, ==, 2);
	g_assert_null(output->pending.frame.buffer);
	fake_flip(output);
	g_assert_cmpuint(output->commit_count, ==, 3);
	g_assert_cmphex(fake_pixel(output, 0, 0), ==, GREEN);
	g_assert_cmphex(fake_pixel(output, 10, 0), ==, GREEN);
	g_assert_cmphex(fake_pixel(output, 20, 0), ==, GREEN);
	g_assert_cmphex(fake_pixel(output, 30, 0), ==, RED);
	/* The kernel is told what changed since the last frame. */
	g_assert_cmpuint(fake_last(output)->damage_count, ==, 2);
	fake_flip(output);
	g_assert_cmpuint(output->commit_count, ==, 3);
	/* Two buffers do, as long as composing waits for flips. */
	g_assert_cmpuint(scene->card->buffers, ==, 2);
	g_assert_cmpuint(guest_counters(scene->guests[0])->pixel_updates, ==, 4);
	g_assert_cmpuint(guest_counters(scene->guests[0])->pixel_bytes, ==, FULL_BYTES + 3 * 4);
	scene_destroy(scene);
}

/* A message in parts: until its last byte nothing of it is shown, whatever else happens. */
static void test_half_received(void)
{
	struct scene *scene = red_scene(&(struct scene_options){0});
	struct kms_output *output = scene_output(scene, 0);

	scene_half_update(scene, 0, full, GREEN, FULL_BYTES / 2);
	g_assert_cmpuint(output->commit_count, ==, 1);
	expect_color(output, RED);
	scene_more_pixels(scene, GREEN, FULL_BYTES / 2);
	g_assert_cmpuint(output->commit_count, ==, 2);
	expect_color(output, GREEN);

	/* The flip's event comes in mid-message, with damage waiting below it. */
	scene_update(scene, 0, (struct kms_rect){5, 5, 1, 1}, RED);
	scene_half_update(scene, 0, full, BLUE, 64 * 4 * 20);
	fake_flip(output);
	g_assert_cmpuint(output->commit_count, ==, 2);
	expect_color(output, GREEN);
	scene_more_pixels(scene, BLUE, FULL_BYTES - 64 * 4 * 20);
	g_assert_cmpuint(output->commit_count, ==, 3);
	expect_color(output, BLUE);
	fake_flip(output);
	scene_destroy(scene);
}

/* What does not overlap the message in progress is not held up by it. */
static void test_half_received_elsewhere(void)
{
	struct scene *scene = red_scene(&(struct scene_options){0});
	struct kms_output *output = scene_output(scene, 0);
	struct kms_rect lower = {0, 40, 64, 8};

	scene_update(scene, 0, (struct kms_rect){1, 1, 1, 1}, GREEN);
	scene_update(scene, 0, (struct kms_rect){2, 2, 1, 1}, GREEN);
	/* The second canvas is new and has missed everything; the first has missed (1,1) and
	 * (2,2). */
	scene_half_update(scene, 0, lower, BLUE, 64 * 4);
	g_assert_cmpuint(output->commit_count, ==, 2);
	fake_flip(output);
	g_assert_cmpuint(output->commit_count, ==, 3);
	g_assert_cmphex(fake_pixel(output, 2, 2), ==, GREEN);
	g_assert_cmphex(fake_pixel(output, 0, 40), ==, RED);
	scene_more_pixels(scene, BLUE, 64 * 4 * 7);
	fake_flip(output);
	g_assert_cmphex(fake_pixel(output, 0, 40), ==, BLUE);
	g_assert_cmphex(fake_pixel(output, 63, 47), ==, BLUE);
	scene_destroy(scene);
}

/* A peer that sends one message right behind the other cannot keep the picture from changing. */
static void test_saturated(void)
{
	struct scene *scene = red_scene(&(struct scene_options){0});
	struct kms_output *output = scene_output(scene, 0);
	g_autoptr(GByteArray) bytes = g_byte_array_new();
	size_t before = output->commit_count;

	/* End of one message and half of the next, in one piece; the event always in
	 * mid-message. */
	scene_half_update(scene, 0, full, GREEN, FULL_BYTES / 2);
	for (int i = 0; i < 6; i++) {
		g_byte_array_set_size(bytes, 0);
		for (size_t pixel = 0; pixel < FULL_BYTES / 8; pixel++) {
			uint32_t color = i % 2 ? BLUE : GREEN;

			g_byte_array_append(bytes, (const guint8 *)&color, 4);
		}
		scene_append_update(bytes, 0, full, i % 2 ? GREEN : BLUE);
		scene_send_raw(scene, 0, bytes->data, bytes->len - FULL_BYTES / 2, -1);
		expect_color(output, i % 2 ? BLUE : GREEN);
		fake_flip(output);
	}
	g_assert_cmpuint(output->commit_count - before, ==, 6);
	scene_destroy(scene);
}

static void test_left_half_sent(gconstpointer data)
{
	bool black = GPOINTER_TO_INT(data);
	struct scene *scene = red_scene(
		&(struct scene_options){.after = black ? GUEST_IDLE_BLACK : GUEST_IDLE_LAST});
	struct kms_output *output = scene_output(scene, 0);

	scene_half_update(scene, 0, full, GREEN, FULL_BYTES / 2);
	scene_hang_up(scene, 0);
	scene_expect_log("mid-message");
	expect_color(output, black ? 0 : RED);
	/* Nor when the output comes back later. */
	if (output->queued.frame.buffer)
		fake_flip(output);
	fake_set_active(output, false);
	fake_set_active(output, true);
	expect_color(output, black ? 0 : RED);
	scene_destroy(scene);
}

/* A complete update that waits for a flip is still shown when its sender has gone. */
static void test_last_update_shown(void)
{
	struct scene *scene = red_scene(&(struct scene_options){.after = GUEST_IDLE_LAST});
	struct kms_output *output = scene_output(scene, 0);

	scene_update(scene, 0, full, GREEN);
	scene_update(scene, 0, full, BLUE);
	expect_color(output, GREEN);
	scene_hang_up(scene, 0);
	fake_flip(output);
	expect_color(output, BLUE);
	fake_flip(output);
	scene_destroy(scene);
}

static void test_bad_updates(void)
{
	static const struct kms_rect beyond[] = {{0, 0, 65, 1}, {64, 0, 1, 1}, {0, 48, 1, 1},
		{1, 0, 64, 48}, {INT32_MAX, 0, 1, 1}};
	struct scene *scene = red_scene(&(struct scene_options){0});
	struct kms_output *output = scene_output(scene, 0);

	for (size_t i = 0; i < G_N_ELEMENTS(beyond); i++)
		scene_update(scene, 0, beyond[i], GREEN);
	/* A scanout that was never set up. */
	scene_update(scene, 5, full, GREEN);
	g_assert_cmpuint(output->commit_count, ==, 1);
	scene_expect_log("scanout");
	/* The channel is in step. */
	scene_update(scene, 0, full, GREEN);
	expect_color(output, GREEN);
	scene_destroy(scene);
}

/* What a guest asks for costs memory only up to its share, and that is free again with the
 * content. */
static void test_share_of_memory(void)
{
	struct scene *scene = red_scene(&(struct scene_options){.outputs = 2});

	scene_scanout(scene, 1, 16384, 16383);
	scene_expect_no_log();
	scene_scanout(scene, 2, 16384, 16384);
	scene_expect_log("share of memory");
	scene_update(scene, 2, (struct kms_rect){0, 0, 1, 1}, GREEN);
	scene_expect_log("scanout");
	/* What comes for a picture that there is no room for is not drawn into the old one. */
	scene_scanout(scene, 0, 128, 128);
	scene_expect_log("share of memory");
	scene_update(scene, 0, full, GREEN);
	g_assert_cmphex(fake_pixel(scene_output(scene, 0), 0, 0), ==, RED);
	scene_scanout(scene, 0, 64, 48);
	scene_update(scene, 0, full, GREEN);
	g_assert_cmphex(fake_pixel(scene_output(scene, 0), 0, 0), ==, GREEN);
	for (int i = 0; i < 20; i++) {
		scene_scanout(scene, 1, 0, 0);
		scene_scanout(scene, 1, 16384, 16383 - (uint32_t)i);
	}
	scene_expect_no_log();
	scene_update(scene, 1, (struct kms_rect){0, 0, 1, 1}, GREEN);
	g_assert_cmpuint(scene_output(scene, 1)->commit_count, ==, 1);
	scene_destroy(scene);
}

/* ---- contents ---- */

static void test_new_scanout_waits(void)
{
	struct scene *scene = red_scene(&(struct scene_options){.policy = PLACE_CENTER});
	struct kms_output *output = scene_output(scene, 0);

	/* Both scanout buffers are red all over. */
	scene_update(scene, 0, full, RED);
	fake_flip(output);
	scene_scanout(scene, 0, 32, 24);
	g_assert_cmpuint(output->commit_count, ==, 2);
	scene_update(scene, 0, (struct kms_rect){0, 0, 32, 24}, GREEN);
	g_assert_cmpuint(output->commit_count, ==, 3);
	g_assert_cmphex(fake_pixel(output, 0, 0), ==, 0);
	g_assert_cmphex(fake_pixel(output, 15, 12), ==, 0);
	g_assert_cmphex(fake_pixel(output, 16, 12), ==, GREEN);
	g_assert_cmphex(fake_pixel(output, 47, 35), ==, GREEN);
	g_assert_cmphex(fake_pixel(output, 48, 35), ==, 0);
	fake_flip(output);

	/* The same size again, as at each page flip of a guest: the picture stays, updates go on in
	 * it. */
	scene_scanout(scene, 0, 32, 24);
	scene_update(scene, 0, (struct kms_rect){0, 0, 1, 1}, BLUE);
	g_assert_cmphex(fake_pixel(output, 16, 12), ==, BLUE);
	g_assert_cmphex(fake_pixel(output, 17, 12), ==, GREEN);
	fake_flip(output);

	/* Larger than the monitor. */
	scene_scanout(scene, 0, 128, 48);
	scene_update(scene, 0, (struct kms_rect){0, 0, 128, 48}, RED);
	expect_color(output, RED);
	scene_destroy(scene);
}

static void test_disabled_keeps_picture(void)
{
	struct scene *scene = red_scene(&(struct scene_options){0});
	struct kms_output *output = scene_output(scene, 0);

	scene_scanout(scene, 0, 0, 0);
	scene_update(scene, 0, full, GREEN);
	scene_expect_log("scanout");
	g_assert_cmpuint(output->commit_count, ==, 1);
	scene_scanout(scene, 0, 64, 48);
	scene_update(scene, 0, full, GREEN);
	expect_color(output, GREEN);
	scene_destroy(scene);
}

static void test_dmabuf_and_pixels(void)
{
	struct scene *scene = red_scene(&(struct scene_options){0});
	struct kms_output *output = scene_output(scene, 0);

	for (int i = 0; i < 3; i++) {
		size_t before = output->commit_count;

		scene_dmabuf(scene, 0, 64, 48, fake_dmabuf_create(FULL_BYTES, NULL));
		g_assert_cmpuint(output->commit_count, ==, before);
		scene_dmabuf_update(scene, 0, full);
		g_assert_cmpuint(output->commit_count, ==, before + 1);
		g_assert_true(fake_last(output)->buffer->imported);
		g_assert_cmpuint(fake_last(output)->damage_count, ==, 0);
		fake_flip(output);
		g_assert_cmpuint(scene_replies(scene, 0), ==, 1);

		scene_scanout(scene, 0, 64, 48);
		g_assert_cmpuint(output->commit_count, ==, before + 1);
		scene_update(scene, 0, full, GREEN);
		expect_color(output, GREEN);
		fake_flip(output);
	}
	scene_expect_no_log();
	scene_destroy(scene);
}

/* Drawn while the output was away, by a guest whose dma-bufs must be copied: shown when it is
 * back. */
static void test_copied_while_off(void)
{
	struct scene *scene = scene_create(&(struct scene_options){0});
	struct kms_output *output = scene_output(scene, 0);
	uint32_t *memory;
	int fd = fake_dmabuf_create(FULL_BYTES, &memory);

	scene->card->refuses_import = true;
	scene_dmabuf(scene, 0, 64, 48, fd);
	scene_dmabuf_update(scene, 0, full);
	fake_flip(output);
	g_assert_cmpuint(scene_replies(scene, 0), ==, 1);

	fake_set_active(output, false);
	for (size_t i = 0; i < 64 * 48; i++)
		memory[i] = GREEN;
	scene_dmabuf_update(scene, 0, full);
	scene_wait_reply(scene, 0);
	fake_set_active(output, true);
	expect_color(output, GREEN);
	fake_flip(output);
	scene_destroy(scene);
}

/* A dma-buf of the same size that cannot be read takes nothing from the picture that is shown: that
 * goes on as if nothing had come. */
static void test_unreadable(gconstpointer data)
{
	bool imports = GPOINTER_TO_INT(data);
	struct scene *scene = red_scene(&(struct scene_options){0});
	struct kms_output *output = scene_output(scene, 0);

	scene->card->refuses_import = !imports;
	output->shows_dmabufs = false;
	scene_update(scene, 0, full, GREEN);
	expect_color(output, GREEN);
	scene_update(scene, 0, full, BLUE);
	fake_dmabuf_refuse_sync(true);
	scene_dmabuf(scene, 0, 64, 48, fake_dmabuf_create(FULL_BYTES, NULL));
	scene_dmabuf_update(scene, 0, full);
	fake_dmabuf_refuse_sync(false);
	scene_expect_log("cannot be read");
	/* What waited for the flip is still there to be drawn. */
	fake_flip(output);
	expect_color(output, BLUE);
	fake_flip(output);
	scene_wait_reply(scene, 0);
	g_assert_cmpuint(scene->states[0]->scanouts[0].dmabuf.width, ==, 0);

	scene_scanout(scene, 0, 64, 48);
	scene_update(scene, 0, full, GREEN);
	expect_color(output, GREEN);
	scene_destroy(scene);
}

/* One of another size says nothing of how the picture lies on the screen that is shown. */
static void test_unreadable_larger(void)
{
	static const struct kms_rect small = {0, 0, 32, 24};
	struct scene *scene = scene_create(&(struct scene_options){0});
	struct kms_output *output = scene_output(scene, 0);
	int no_dmabuf = memfd_create("no dma-buf", MFD_CLOEXEC);

	g_assert_cmpint(no_dmabuf, >=, 0);
	scene->card->refuses_import = true;
	scene_scanout(scene, 0, 32, 24);
	scene_update(scene, 0, small, RED);
	scene_update(scene, 0, small, BLUE);
	scene_dmabuf(scene, 0, 64, 48, no_dmabuf);
	scene_dmabuf_update(scene, 0, full);
	scene_expect_log("buffer cannot be shown");
	fake_flip(output);
	expect_color(output, BLUE);
	fake_flip(output);
	scene_destroy(scene);
}

/* Damage of a frame that could not be read is not lost: the next one brings it along. */
static void test_unreadable_once(void)
{
	static const struct kms_rect left = {0, 0, 32, 48};
	static const struct kms_rect right = {32, 0, 32, 48};
	struct scene *scene = scene_create(&(struct scene_options){0});
	struct kms_output *output = scene_output(scene, 0);
	uint32_t *memory;
	int fd = fake_dmabuf_create(FULL_BYTES, &memory);

	scene->card->refuses_import = true;
	scene_dmabuf(scene, 0, 64, 48, fd);
	scene_dmabuf_update(scene, 0, full);
	fake_flip(output);
	for (size_t i = 0; i < 64 * 48; i++)
		memory[i] = GREEN;
	fake_dmabuf_refuse_sync(true);
	scene_dmabuf_update(scene, 0, left);
	fake_dmabuf_refuse_sync(false);
	scene_dmabuf_update(scene, 0, right);
	expect_color(output, GREEN);
	fake_flip(output);
	scene_destroy(scene);
}

/* The first update of a new content names one pixel: nothing of the old content is left around
 * it. */
static void test_new_content_is_whole(void)
{
	struct scene *scene = scene_create(&(struct scene_options){0});
	struct kms_output *output = scene_output(scene, 0);
	uint32_t *memory;
	int fd = fake_dmabuf_create(FULL_BYTES, &memory);

	output->shows_dmabufs = false;
	for (size_t i = 0; i < 64 * 48; i++)
		memory[i] = RED;
	scene_dmabuf(scene, 0, 64, 48, fd);
	for (int i = 0; i < 3; i++) {
		scene_dmabuf_update(scene, 0, i ? (struct kms_rect){0, 0, 1, 1} : full);
		expect_color(output, RED);
		fake_flip(output);
	}
	scene_dmabuf(scene, 0, 64, 48, fake_dmabuf_create(FULL_BYTES, &memory));
	for (size_t i = 0; i < 64 * 48; i++)
		memory[i] = BLUE;
	scene_dmabuf_update(scene, 0, (struct kms_rect){0, 0, 1, 1});
	expect_color(output, BLUE);
	fake_flip(output);
	scene_scanout(scene, 0, 64, 48);
	scene_update(scene, 0, (struct kms_rect){0, 0, 1, 1}, GREEN);
	g_assert_cmphex(fake_pixel(output, 0, 0), ==, GREEN);
	g_assert_cmphex(fake_pixel(output, 1, 1), ==, 0);
	g_assert_cmphex(fake_pixel(output, 63, 47), ==, 0);
	fake_flip(output);
	g_assert_cmpuint(scene_replies(scene, 0), ==, 4);
	scene_destroy(scene);
}

/* Sub-rectangle and Y_0_TOP, as the plane gets them. */
static void test_part_of_buffer(void)
{
	struct scene *scene = scene_create(&(struct scene_options){.policy = PLACE_CENTER});
	struct kms_output *output = scene_output(scene, 0);
	struct vhost_user_gpu_dmabuf_scanout2 message = {
		.dmabuf_scanout =
			{
				.scanout = 0,
				.x = 10,
				.y = 20,
				.width = 32,
				.height = 24,
				.fd_width = 100,
				.fd_height = 100,
				.fd_stride = 400,
				.fd_drm_fourcc = (int32_t)DRM_FORMAT_XRGB8888,
			},
		.modifier = KMS_MODIFIER_LINEAR,
	};
	const struct kms_frame *frame;

	scene_send(scene, 0, VHOST_USER_GPU_DMABUF_SCANOUT2, &message, sizeof(message),
		fake_dmabuf_create(40000, NULL));
	scene_dmabuf_update(scene, 0, (struct kms_rect){0, 0, 100, 100});
	frame = fake_last(output);
	g_assert_cmpint(frame->source.x, ==, 10);
	g_assert_cmpint(frame->source.y, ==, 20);
	g_assert_cmpint(frame->source.width, ==, 32);
	g_assert_cmpint(frame->destination.x, ==, 16);
	g_assert_cmpint(frame->destination.y, ==, 12);
	g_assert_cmpint(frame->transform, ==, KMS_ROTATE_0);
	fake_flip(output);

	/* Updates are in the buffer's coordinates. */
	scene_dmabuf_update(scene, 0, (struct kms_rect){0, 0, 12, 25});
	frame = fake_last(output);
	g_assert_cmpuint(frame->damage_count, ==, 1);
	g_assert_cmpint(frame->damage[0].x, ==, 10);
	g_assert_cmpint(frame->damage[0].y, ==, 20);
	g_assert_cmpint(frame->damage[0].width, ==, 2);
	g_assert_cmpint(frame->damage[0].height, ==, 5);
	fake_flip(output);

	message.dmabuf_scanout.fd_flags = VHOST_USER_GPU_DMABUF_Y_0_TOP;
	scene_send(scene, 0, VHOST_USER_GPU_DMABUF_SCANOUT2, &message, sizeof(message),
		fake_dmabuf_create(40000, NULL));
	scene_dmabuf_update(scene, 0, (struct kms_rect){0, 0, 100, 100});
	frame = fake_last(output);
	g_assert_cmpint(frame->transform, ==, KMS_ROTATE_0 | KMS_REFLECT_Y);
	g_assert_cmpint(frame->source.y, ==, 100 - 20 - 24);
	fake_flip(output);
	g_assert_cmpuint(scene_replies(scene, 0), ==, 3);
	scene_destroy(scene);
}

/* ---- what stays ---- */

static void test_after(gconstpointer data)
{
	bool black = GPOINTER_TO_INT(data);
	struct scene *scene = red_scene(
		&(struct scene_options){.after = black ? GUEST_IDLE_BLACK : GUEST_IDLE_LAST});
	struct kms_output *output = scene_output(scene, 0);

	/* Seen by the relay: the VMM has gone. */
	scene_cursor(scene, 0, 3, 4, 0xffffffff);
	g_assert_true(output->cursor_visible);
	guest_detach(scene->guests[0]);
	g_assert_false(guest_attached(scene->guests[0]));
	g_assert_false(output->cursor_visible);
	g_assert_cmpuint(scene->detached[0], ==, 0);
	g_assert_cmpuint(scene->card->trims, ==, 1);
	expect_color(output, black ? 0 : RED);
	if (output->queued.frame.buffer)
		fake_flip(output);

	/* The next VMM is served. */
	scene_attach(scene, 0);
	scene_scanout(scene, 0, 64, 48);
	scene_update(scene, 0, full, BLUE);
	expect_color(output, BLUE);
	g_assert_false(output->cursor_visible);
	g_assert_cmpuint(guest_counters(scene->guests[0])->attached, ==, 2);
	scene_destroy(scene);
}

/* A guest that switched its scanout off before it went leaves no picture behind either. */
static void test_after_disabled(void)
{
	struct scene *scene = red_scene(&(struct scene_options){.after = GUEST_IDLE_BLACK});
	struct kms_output *output = scene_output(scene, 0);

	scene_scanout(scene, 0, 0, 0);
	expect_color(output, RED);
	scene_hang_up(scene, 0);
	expect_color(output, 0);
	fake_flip(output);
	scene_destroy(scene);
}

/* The last picture of a dma-buf comes back after a VT switch, though the guest has gone. */
static void test_after_last_dmabuf(void)
{
	struct scene *scene = scene_create(&(struct scene_options){.after = GUEST_IDLE_LAST});
	struct kms_output *output = scene_output(scene, 0);

	scene_dmabuf(scene, 0, 64, 48, fake_dmabuf_create(FULL_BYTES, NULL));
	scene_dmabuf_update(scene, 0, full);
	fake_flip(output);
	scene_hang_up(scene, 0);
	g_assert_cmpuint(output->commit_count, ==, 1);
	fake_set_active(output, false);
	fake_set_active(output, true);
	g_assert_cmpuint(output->commit_count, ==, 2);
	g_assert_true(fake_last(output)->buffer->imported);
	fake_flip(output);
	scene_destroy(scene);
}

/* A guest that never showed anything leaves the screen as it was. */
static void test_before(void)
{
	struct scene *scene = scene_create(&(struct scene_options){.keep_picture = true});

	g_assert_true(scene->card->requests[0].keep_picture);
	scene_scanout(scene, 0, 64, 48);
	scene_hang_up(scene, 0);
	g_assert_cmpuint(scene_output(scene, 0)->commit_count, ==, 0);
	scene_destroy(scene);
}

/* ---- cursors ---- */

static void test_cursor_plane(void)
{
	struct scene *scene = red_scene(&(struct scene_options){0});
	struct kms_output *output = scene_output(scene, 0);

	scene_cursor(scene, 0, 10, 11, 0xff00ff00);
	g_assert_true(output->cursor_visible);
	g_assert_cmpint(output->cursor_x, ==, 10);
	g_assert_cmpint(output->cursor_y, ==, 11);
	g_assert_cmpuint(output->cursor_hot_x, ==, 1);
	g_assert_cmpuint(output->cursor_hot_y, ==, 2);
	g_assert_cmphex(output->cursor_pixels[7 * KMS_CURSOR_SIZE + 7], ==, 0xff00ff00);
	scene_cursor_pos(scene, 0, -3, -4, true);
	g_assert_cmpint(output->cursor_x, ==, -3);
	g_assert_cmpint(output->cursor_y, ==, -4);
	/* No frame for it. */
	g_assert_cmpuint(output->commit_count, ==, 1);

	scene_cursor_pos(scene, 0, -3, -4, false);
	g_assert_false(output->cursor_visible);
	scene_cursor_pos(scene, 0, 5, 5, true);
	g_assert_true(output->cursor_visible);
	/* Linux hides it so. */
	scene_cursor(scene, 0, 5, 5, 0);
	g_assert_false(output->cursor_visible);
	g_assert_cmpuint(guest_counters(scene->guests[0])->cursor_images, ==, 2);
	g_assert_cmpuint(guest_counters(scene->guests[0])->cursor_moves, ==, 3);
	scene_destroy(scene);
}

/* In a picture that is centred or scaled the cursor is where the guest sees it. */
static void test_cursor_placed(void)
{
	struct scene *scene = scene_create(&(struct scene_options){.policy = PLACE_CENTER});
	struct kms_output *output = scene_output(scene, 0);

	scene_cursor(scene, 0, 1, 2, 0xff00ff00);
	scene_scanout(scene, 0, 32, 24);
	scene_update(scene, 0, (struct kms_rect){0, 0, 32, 24}, RED);
	g_assert_true(output->cursor_visible);
	g_assert_cmpint(output->cursor_x, ==, 17);
	g_assert_cmpint(output->cursor_y, ==, 14);
	/* Beside the picture it is not on the black border, but nowhere. */
	scene_cursor_pos(scene, 0, 33, 2, true);
	g_assert_cmpint(output->cursor_x, >=, 64);
	scene_cursor_pos(scene, 0, 31, 2, true);
	g_assert_cmpint(output->cursor_x, ==, 47);
	scene_destroy(scene);

	scene = scene_create(&(struct scene_options){.policy = PLACE_FIT});
	output = scene_output(scene, 0);
	scene_scanout(scene, 0, 32, 24);
	scene_update(scene, 0, (struct kms_rect){0, 0, 32, 24}, RED);
	scene_cursor(scene, 0, 4, 5, 0xff00ff00);
	g_assert_cmpint(output->cursor_x, ==, 8);
	g_assert_cmpint(output->cursor_y, ==, 10);
	g_assert_cmpuint(output->cursor_hot_x, ==, 2);
	g_assert_cmpuint(output->cursor_hot_y, ==, 4);
	/* Twice as large. */
	g_assert_cmphex(output->cursor_pixels[15 * KMS_CURSOR_SIZE + 15], ==, 0xff00ff00);
	g_assert_cmphex(output->cursor_pixels[16 * KMS_CURSOR_SIZE + 15], ==, 0);
	scene_destroy(scene);
}

/* Lets the late cursor's timer come: nothing else is ready. */
static void wait_commits(struct kms_output *output, size_t count)
{
	while (output->commit_count < count)
		g_main_context_iteration(NULL, TRUE);
	g_assert_cmpuint(output->commit_count, ==, count);
}

static void test_cursor_blended(void)
{
	struct scene *scene = red_scene(&(struct scene_options){0});
	struct kms_output *output = scene_output(scene, 0);

	output->cursor_plane = false;
	scene_cursor(scene, 0, 10, 10, 0xff00ff00);
	wait_commits(output, 2);
	g_assert_cmphex(fake_pixel(output, 9, 10), ==, RED);
	g_assert_cmphex(fake_pixel(output, 10, 10), ==, GREEN);
	g_assert_cmphex(fake_pixel(output, 17, 17), ==, GREEN);
	g_assert_cmphex(fake_pixel(output, 18, 17), ==, RED);
	fake_flip(output);

	/* It moves with the next frame, and leaves nothing behind on any buffer. */
	scene_cursor_pos(scene, 0, 30, 30, true);
	scene_update(scene, 0, (struct kms_rect){0, 0, 1, 1}, BLUE);
	wait_commits(output, 3);
	g_assert_cmphex(fake_pixel(output, 0, 0), ==, BLUE);
	g_assert_cmphex(fake_pixel(output, 10, 10), ==, RED);
	g_assert_cmphex(fake_pixel(output, 30, 30), ==, GREEN);
	fake_flip(output);
	scene_cursor_pos(scene, 0, -4, 44, true);
	wait_commits(output, 4);
	g_assert_cmphex(fake_pixel(output, 3, 47), ==, GREEN);
	g_assert_cmphex(fake_pixel(output, 4, 47), ==, RED);
	g_assert_cmphex(fake_pixel(output, 30, 30), ==, RED);
	g_assert_cmphex(fake_pixel(output, 10, 10), ==, RED);
	fake_flip(output);

	/* Half-transparent, and below it a new picture. */
	scene_cursor(scene, 0, 0, 0, 0x80008000);
	scene_update(scene, 0, full, BLUE);
	wait_commits(output, 5);
	g_assert_cmphex(fake_pixel(output, 0, 0), ==, 0x00807f);
	fake_flip(output);
	scene_cursor_pos(scene, 0, 0, 0, false);
	wait_commits(output, 6);
	expect_color(output, BLUE);
	fake_flip(output);
	g_assert_cmpuint(output->commit_count, ==, 6);
	scene_destroy(scene);
}

/* What lies under the cursor is read as well: not while it is being received. */
static void test_cursor_blended_half_received(void)
{
	struct scene *scene = red_scene(&(struct scene_options){0});
	struct kms_output *output = scene_output(scene, 0);

	output->cursor_plane = false;
	scene_cursor(scene, 0, 10, 10, 0x01000000);
	wait_commits(output, 2);
	fake_flip(output);
	/* Both buffers have the cursor now. */
	scene_update(scene, 0, (struct kms_rect){0, 0, 1, 1}, GREEN);
	g_assert_cmpuint(output->commit_count, ==, 3);
	/* This waits for the flip, and touches the cursor. */
	scene_update(scene, 0, (struct kms_rect){10, 10, 1, 1}, GREEN);
	scene_half_update(scene, 0, (struct kms_rect){14, 14, 20, 20}, BLUE, 20 * 4 * 10);
	fake_flip(output);
	g_assert_cmpuint(output->commit_count, ==, 3);
	scene_more_pixels(scene, BLUE, 20 * 4 * 10);
	g_assert_cmpuint(output->commit_count, ==, 4);
	g_assert_cmphex(fake_pixel(output, 10, 10) & 0xff00, >, 0);
	g_assert_cmphex(fake_pixel(output, 20, 20), ==, BLUE);
	fake_flip(output);
	scene_destroy(scene);
}

/* A cursor that no plane takes sends dma-bufs through the copy path, and lets them go direct
 * again. */
static void test_cursor_blended_dmabuf(void)
{
	struct scene *scene = scene_create(&(struct scene_options){0});
	struct kms_output *output = scene_output(scene, 0);
	const struct guest_counters *counters = guest_counters(scene->guests[0]);
	uint32_t *memory;
	int fd = fake_dmabuf_create(FULL_BYTES, &memory);

	for (size_t i = 0; i < 64 * 48; i++)
		memory[i] = RED;
	output->cursor_plane = false;
	scene_dmabuf(scene, 0, 64, 48, fd);
	scene_dmabuf_update(scene, 0, full);
	g_assert_true(fake_last(output)->buffer->imported);
	fake_flip(output);
	g_assert_cmpuint(scene_replies(scene, 0), ==, 1);

	scene_cursor(scene, 0, 10, 10, 0xff00ff00);
	wait_commits(output, 2);
	g_assert_cmphex(fake_pixel(output, 9, 9), ==, RED);
	g_assert_cmphex(fake_pixel(output, 10, 10), ==, GREEN);
	fake_flip(output);
	g_assert_cmpuint(counters->frames_copied[COPY_CURSOR], ==, 1);

	memory[0] = BLUE;
	scene_dmabuf_update(scene, 0, (struct kms_rect){0, 0, 1, 1});
	g_assert_cmphex(fake_pixel(output, 0, 0), ==, BLUE);
	fake_flip(output);
	g_assert_cmpuint(scene_replies(scene, 0), ==, 1);
	g_assert_cmpuint(counters->frames_copied[COPY_CURSOR], ==, 2);

	scene_cursor(scene, 0, 10, 10, 0);
	for (size_t i = 0; i < 64 * 48; i++)
		memory[i] = BLUE;
	scene_dmabuf_update(scene, 0, full);
	g_assert_true(fake_last(output)->buffer->imported);
	fake_flip(output);
	g_assert_cmpuint(scene_replies(scene, 0), ==, 1);
	g_assert_cmpuint(counters->replies[REPLY_COPIED], ==, 1);

	/* Copied again, with an update of one pixel: the surface and both buffers have missed all
	 * the blue. The cursor comes while the picture is not shown, so that nothing but the update
	 * can copy. */
	fake_set_active(output, false);
	scene_cursor(scene, 0, 10, 10, 0xff00ff00);
	output->active = true;
	scene_dmabuf_update(scene, 0, (struct kms_rect){0, 0, 1, 1});
	g_assert_false(fake_last(output)->buffer->imported);
	g_assert_cmphex(fake_pixel(output, 10, 10), ==, GREEN);
	g_assert_cmphex(fake_pixel(output, 40, 40), ==, BLUE);
	fake_flip(output);
	g_assert_cmpuint(scene_replies(scene, 0), ==, 1);
	scene_destroy(scene);
}

/* ---- several ---- */

static void test_sixteen_scanouts(void)
{
	struct scene *scene = scene_create(&(struct scene_options){.outputs = 16});

	for (uint32_t i = 0; i < 16; i++)
		scene_dmabuf(scene, i, 64, 48, fake_dmabuf_create(FULL_BYTES, NULL));
	for (uint32_t i = 0; i < 16; i++)
		scene_dmabuf_update(scene, i, full);
	/* In order, whatever the order of flips: the first is the last here. */
	for (uint32_t i = 15; i > 0; i--) {
		g_assert_cmpuint(scene_output(scene, i)->commit_count, ==, 1);
		fake_flip(scene_output(scene, i));
		g_assert_cmpuint(scene_replies(scene, 0), ==, 0);
	}
	fake_flip(scene_output(scene, 0));
	g_assert_cmpuint(scene_replies(scene, 0), ==, 16);
	g_assert_cmpuint(guest_counters(scene->guests[0])->replies[REPLY_FLIP], ==, 16);
	scene_destroy(scene);
}

/* One guest dies in mid-update, the other notices nothing. */
static void test_two_guests(void)
{
	struct scene *scene = scene_create(
		&(struct scene_options){.outputs = 2, .guests = 2, .after = GUEST_IDLE_LAST});
	struct vhost_user_gpu_scanout scanout = {0, 64, 48};
	g_autoptr(GByteArray) update = g_byte_array_new();
	struct kms_output *first = scene_output(scene, 0);
	struct kms_output *second = scene_output(scene, 1);

	scene_append_update(update, 0, full, GREEN);
	scene_scanout(scene, 0, 64, 48);
	scene_half_update(scene, 0, full, RED, 1000);
	scene_send(scene, 1, VHOST_USER_GPU_SCANOUT, &scanout, sizeof(scanout), -1);
	for (int i = 0; i < 10; i++) {
		if (i == 5) {
			scene_hang_up(scene, 0);
			scene_expect_log("guest a");
		}
		scene_send_raw(scene, 1, update->data, update->len, -1);
		expect_color(second, GREEN);
		g_assert_cmpuint(second->commit_count, ==, (size_t)i + 1);
		fake_flip(second);
	}
	g_assert_cmpuint(first->commit_count, ==, 0);
	scene_expect_no_log();
	scene_destroy(scene);
}

/* As many fds after as before, whatever was shown. */
static void test_no_fd_leaks(void)
{
	size_t before = fixture_count_fds();

	for (int i = 0; i < 3; i++) {
		struct scene *scene = scene_create(&(struct scene_options){0});
		struct kms_output *output = scene_output(scene, 0);

		output->shows_dmabufs = i != 1;
		for (int frame = 0; frame < 5; frame++) {
			scene_dmabuf(scene, 0, 64, 48, fake_dmabuf_create(FULL_BYTES, NULL));
			scene_dmabuf_update(scene, 0, full);
			if (kms_output_busy(output))
				fake_flip(output);
			scene_scanout(scene, 0, 64, (uint32_t)(40 + frame));
			scene_dmabuf(scene, 1, 64, 48, fake_dmabuf_create(FULL_BYTES, NULL));
		}
		if (i == 2)
			scene_hang_up(scene, 0);
		scene_destroy(scene);
	}
	g_assert_cmpuint(fixture_count_fds(), ==, before);
}

int main(int argc, char **argv)
{
	fixture_init(&argc, &argv);
	g_test_add_func("/guest/pixels/coalesce", test_updates_coalesce);
	g_test_add_func("/guest/pixels/half-received", test_half_received);
	g_test_add_func("/guest/pixels/half-received-elsewhere", test_half_received_elsewhere);
	g_test_add_func("/guest/pixels/saturated", test_saturated);
	g_test_add_data_func("/guest/pixels/left-half-sent/last", GINT_TO_POINTER(false),
		test_left_half_sent);
	g_test_add_data_func("/guest/pixels/left-half-sent/black", GINT_TO_POINTER(true),
		test_left_half_sent);
	g_test_add_func("/guest/pixels/last-update-shown", test_last_update_shown);
	g_test_add_func("/guest/pixels/bad-updates", test_bad_updates);
	g_test_add_func("/guest/pixels/share-of-memory", test_share_of_memory);
	g_test_add_func("/guest/content/new-scanout-waits", test_new_scanout_waits);
	g_test_add_func("/guest/content/disabled-keeps-picture", test_disabled_keeps_picture);
	g_test_add_func("/guest/content/dmabuf-and-pixels", test_dmabuf_and_pixels);
	g_test_add_func("/guest/content/copied-while-off", test_copied_while_off);
	g_test_add_data_func("/guest/content/unreadable/import-refused", GINT_TO_POINTER(false),
		test_unreadable);
	g_test_add_data_func("/guest/content/unreadable/test-refused", GINT_TO_POINTER(true),
		test_unreadable);
	g_test_add_func("/guest/content/unreadable/larger", test_unreadable_larger);
	g_test_add_func("/guest/content/unreadable/once", test_unreadable_once);
	g_test_add_func("/guest/content/new-content-is-whole", test_new_content_is_whole);
	g_test_add_func("/guest/content/part-of-buffer", test_part_of_buffer);
	g_test_add_data_func("/guest/after/last", GINT_TO_POINTER(false), test_after);
	g_test_add_data_func("/guest/after/black", GINT_TO_POINTER(true), test_after);
	g_test_add_func("/guest/after/disabled", test_after_disabled);
	g_test_add_func("/guest/after/last-dmabuf", test_after_last_dmabuf);
	g_test_add_func("/guest/before/last", test_before);
	g_test_add_func("/guest/cursor/plane", test_cursor_plane);
	g_test_add_func("/guest/cursor/placed", test_cursor_placed);
	g_test_add_func("/guest/cursor/blended", test_cursor_blended);
	g_test_add_func("/guest/cursor/blended-half-received", test_cursor_blended_half_received);
	g_test_add_func("/guest/cursor/blended-dmabuf", test_cursor_blended_dmabuf);
	g_test_add_func("/guest/several/sixteen-scanouts", test_sixteen_scanouts);
	g_test_add_func("/guest/several/two-guests", test_two_guests);
	g_test_add_func("/guest/no-fd-leaks", test_no_fd_leaks);
	return g_test_run();
}
