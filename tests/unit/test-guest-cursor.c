/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A guest's cursor on a fake card: on its plane, placed as the picture is, or blended into it.
 */
#include "channel_fixture.h"
#include "fake/fake_dmabuf.h"
#include "scene_fixture.h"

static void test_cursor_plane(void)
{
	struct scene *scene = scene_create_red(&(struct scene_options){0});
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

/* A cursor of so many pixels in the corner of its image, at the picture's origin. */
static void send_cursor(struct scene *scene, size_t width, size_t height)
{
	static struct vhost_user_gpu_cursor_update message;

	memset(&message, 0, sizeof(message));
	for (size_t row = 0; row < height; row++) {
		for (size_t column = 0; column < width; column++)
			message.data[row * VHOST_USER_GPU_CURSOR_SIZE + column] = 0xff00ff00;
	}
	scene_send(scene, 0, VHOST_USER_GPU_CURSOR_UPDATE, &message, sizeof(message), -1);
}

/* Eight times as large: as large as a plane's image can be, or more in one direction. */
static void test_cursor_fills_plane(void)
{
	struct scene *scene = scene_create(&(struct scene_options){.policy = PLACE_FIT});
	struct kms_output *output = scene_output(scene, 0);
	const size_t last = KMS_CURSOR_SIZE - 1;

	scene_scanout(scene, 0, 8, 6);
	scene_update(scene, 0, (struct kms_rect){0, 0, 8, 6}, RED);
	send_cursor(scene, 8, 8);
	g_assert_true(output->cursor_visible);
	g_assert_cmphex(output->cursor_pixels[last * KMS_CURSOR_SIZE + last], ==, 0xff00ff00);
	send_cursor(scene, 9, 8);
	g_assert_false(output->cursor_visible);
	send_cursor(scene, 8, 8);
	g_assert_true(output->cursor_visible);
	send_cursor(scene, 8, 9);
	g_assert_false(output->cursor_visible);
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
	struct scene *scene = scene_create_red(&(struct scene_options){0});
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
	scene_update(scene, 0, scene_full, BLUE);
	wait_commits(output, 5);
	g_assert_cmphex(fake_pixel(output, 0, 0), ==, 0x00807f);
	fake_flip(output);
	scene_cursor_pos(scene, 0, 0, 0, false);
	wait_commits(output, 6);
	scene_expect_color(output, BLUE);
	fake_flip(output);
	g_assert_cmpuint(output->commit_count, ==, 6);
	scene_destroy(scene);
}

/* What lies under the cursor is read as well: not while it is being received. */
static void test_cursor_blended_half_received(void)
{
	struct scene *scene = scene_create_red(&(struct scene_options){0});
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

	output->cursor_plane = false;
	memory = scene_show_dmabuf(scene, RED);
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
	scene_paint(memory, BLUE);
	scene_dmabuf_update(scene, 0, scene_full);
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

/* Blended into a picture that is not drawn yet, since its buffer is not finished: it has no place,
 * and comes with the picture. */
static void test_cursor_before_canvas(void)
{
	struct scene *scene = scene_create(&(struct scene_options){0});
	struct kms_output *output = scene_output(scene, 0);
	uint32_t *memory;

	output->shows_dmabufs = false;
	output->cursor_plane = false;
	memory = scene_show_dmabuf(scene, RED);
	fake_flip(output);
	fake_dmabuf_set_busy(memory, true);
	layout_set_device(scene->layout, 0, NULL);
	layout_set_device(scene->layout, 0, scene->card);
	scene_cursor(scene, 0, 10, 10, 0xff00ff00);
	g_assert_cmpuint(output->commit_count, ==, 1);
	fake_dmabuf_set_busy(memory, false);
	while (output->commit_count == 1)
		g_main_context_iteration(NULL, TRUE);
	g_assert_cmphex(fake_pixel(output, 10, 10), ==, GREEN);
	g_assert_cmphex(fake_pixel(output, 40, 40), ==, RED);
	g_free(fixture_log_take());
	scene_destroy(scene);
}

/* What the driver refused with another cursor above it, it may take when that has gone. */
static void test_asked_anew_without_cursor(void)
{
	struct scene *scene = scene_create(&(struct scene_options){0});
	struct kms_output *output = scene_output(scene, 0);

	output->cursor_plane = false;
	output->shows_dmabufs = false;
	scene_show_dmabuf(scene, RED);
	g_assert_false(fake_last(output)->buffer->imported);
	fake_flip(output);
	scene_cursor(scene, 0, 5, 5, 0xff00ff00);
	if (kms_output_busy(output))
		fake_flip(output);
	output->shows_dmabufs = true;
	scene_dmabuf_update(scene, 0, scene_full);
	g_assert_false(fake_last(output)->buffer->imported);
	fake_flip(output);
	scene_cursor_pos(scene, 0, 5, 5, false);
	if (kms_output_busy(output))
		fake_flip(output);
	scene_dmabuf_update(scene, 0, scene_full);
	g_assert_true(fake_last(output)->buffer->imported);
	fake_flip(output);
	scene_destroy(scene);
}

int main(int argc, char **argv)
{
	fixture_init(&argc, &argv);
	g_test_add_func("/guest/cursor/plane", test_cursor_plane);
	g_test_add_func("/guest/cursor/placed", test_cursor_placed);
	g_test_add_func("/guest/cursor/fills-plane", test_cursor_fills_plane);
	g_test_add_func("/guest/cursor/blended", test_cursor_blended);
	g_test_add_func("/guest/cursor/blended-half-received", test_cursor_blended_half_received);
	g_test_add_func("/guest/cursor/blended-dmabuf", test_cursor_blended_dmabuf);
	g_test_add_func("/guest/cursor/before-canvas", test_cursor_before_canvas);
	g_test_add_func("/guest/cursor/asked-anew-without-cursor", test_asked_anew_without_cursor);
	return g_test_run();
}
