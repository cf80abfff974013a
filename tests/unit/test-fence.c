/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * dma-bufs that must be copied and whose fences have not signalled: they are never read before
 * (fake_dmabuf.c fails the test that waits), and who waits for them is answered. The rows of the
 * reply table are test-reply-table's; here is what else can happen meanwhile.
 */
#include <string.h>

#include "channel_fixture.h"
#include "fake/fake_dmabuf.h"
#include "scene/source.h"
#include "scene/view.h"
#include "scene_fixture.h"
#include "vhost_user_gpu.h"

static uint64_t counted(const struct scene *scene, enum guest_reply reply)
{
	return guest_counters(scene->guests[0])->replies[reply];
}

static uint32_t *busy_buffer(struct scene *scene, uint32_t color)
{
	uint32_t *memory;
	int fd = fake_dmabuf_create(SCENE_BYTES, &memory);

	scene_paint(memory, color);
	fake_dmabuf_set_busy(memory, true);
	scene_dmabuf(scene, 0, SCENE_WIDTH, SCENE_HEIGHT, fd);
	return memory;
}

/* Red is on the glass, and a green buffer that is not finished waits to be copied. */
static struct scene *scene_create_waiting(const struct scene_options *options, uint32_t **memory)
{
	struct scene *scene = scene_create_red(options);

	scene->card->refuses_import = true;
	*memory = busy_buffer(scene, GREEN);
	scene_dmabuf_update(scene, 0, scene_full);
	scene_expect_log("frames are copied");
	g_assert_cmpuint(scene_output(scene, 0)->commit_count, ==, 1);
	g_assert_cmpuint(scene_replies(scene, 0), ==, 0);
	return scene;
}

static void signal_fences(uint32_t *memory)
{
	fake_dmabuf_set_busy(memory, false);
	fixture_settle();
}

static void test_signals(void)
{
	uint32_t *memory;
	struct scene *scene = scene_create_waiting(&(struct scene_options){0}, &memory);
	struct kms_output *output = scene_output(scene, 0);
	unsigned int polls;

	signal_fences(memory);
	g_assert_cmpuint(output->commit_count, ==, 2);
	scene_expect_color(output, GREEN);
	g_assert_cmpuint(scene_replies(scene, 0), ==, 0);
	fake_flip(output);
	g_assert_cmpuint(scene_replies(scene, 0), ==, 1);
	g_assert_cmpuint(counted(scene, REPLY_COPIED), ==, 1);

	/* Nothing waits: nobody asks, but once a frame. */
	polls = fake_dmabuf_polls();
	fixture_settle();
	g_assert_cmpuint(fake_dmabuf_polls(), ==, polls);
	scene_dmabuf_update(scene, 0, scene_full);
	g_assert_cmpuint(fake_dmabuf_polls(), ==, polls + 1);
	fake_flip(output);
	g_assert_cmpuint(scene_replies(scene, 0), ==, 1);
	scene_destroy(scene);
}

/* Its owner adds a fence when we have seen all of them signalled: it waits on. */
static void test_another_fence(void)
{
	uint32_t *memory;
	struct scene *scene = scene_create_waiting(&(struct scene_options){0}, &memory);
	struct kms_output *output = scene_output(scene, 0);

	/* The main loop's poll, and the look at it then; the copy finds another one. */
	fake_dmabuf_set_busy_after(memory, 2);
	fixture_settle();
	g_assert_cmpuint(output->commit_count, ==, 1);
	scene_expect_color(output, RED);
	g_assert_cmpuint(scene_replies(scene, 0), ==, 0);
	signal_fences(memory);
	scene_expect_color(output, GREEN);
	fake_flip(output);
	g_assert_cmpuint(scene_replies(scene, 0), ==, 1);
	scene_destroy(scene);
}

/* The cursor lives on over the last picture, on its plane or blended. */
static void test_cursor_moves_on(gconstpointer blended)
{
	uint32_t *memory;
	struct scene *scene = scene_create_waiting(&(struct scene_options){0}, &memory);
	struct kms_output *output = scene_output(scene, 0);

	output->cursor_plane = !blended;
	scene_cursor(scene, 0, 10, 10, 0xff0000ff);
	if (blended) {
		while (output->commit_count < 2)
			g_main_context_iteration(NULL, TRUE);
		g_assert_cmphex(fake_pixel(output, 10, 10), ==, BLUE);
		g_assert_cmphex(fake_pixel(output, 9, 9), ==, RED);
		fake_flip(output);
	} else {
		g_assert_true(output->cursor_visible);
		g_assert_cmpint(output->cursor_x, ==, 10);
	}
	g_assert_cmpuint(scene_replies(scene, 0), ==, 0);
	signal_fences(memory);
	g_assert_cmphex(fake_pixel(output, 40, 40), ==, GREEN);
	if (blended)
		g_assert_cmphex(fake_pixel(output, 10, 10), ==, BLUE);
	fake_flip(output);
	g_assert_cmpuint(scene_replies(scene, 0), ==, 1);
	scene_destroy(scene);
}

/* The timeout is the flip's; then the guest runs on by the timer, and is shown again as soon as the
 * buffer is finished. */
static void test_times_out(void)
{
	uint32_t *memory;
	struct scene *scene = scene_create_waiting(&(struct scene_options){.flip_timeout_ms = 1},
		&memory);
	struct kms_output *output = scene_output(scene, 0);

	scene_wait_reply(scene, 0);
	g_assert_cmpuint(counted(scene, REPLY_FENCE_TIMEOUT), ==, 1);
	scene_expect_log("guest a: scanout 0: a buffer was not finished within 1 ms");
	scene_expect_color(output, RED);

	/* It was given up: whether it is finished after all is asked once, and nobody waits for
	 * it. */
	for (unsigned int i = 0; i < 2; i++) {
		unsigned int polls = fake_dmabuf_polls();

		scene_dmabuf_update(scene, 0, scene_full);
		scene_wait_reply(scene, 0);
		g_assert_cmpuint(fake_dmabuf_polls(), ==, polls + 1);
	}
	g_assert_cmpuint(counted(scene, REPLY_FENCE_TIMEOUT), ==, 3);
	g_assert_cmpuint(output->commit_count, ==, 1);
	scene_expect_no_log();

	signal_fences(memory);
	g_assert_cmpuint(output->commit_count, ==, 1);
	scene_dmabuf_update(scene, 0, scene_full);
	scene_expect_color(output, GREEN);
	fake_flip(output);
	g_assert_cmpuint(scene_replies(scene, 0), ==, 1);
	scene_destroy(scene);
}

/* Several updates of one buffer: one frame with the damage of all. */
static void test_newest_wins(void)
{
	uint32_t *memory;
	struct scene *scene = scene_create_waiting(&(struct scene_options){0}, &memory);
	struct kms_output *output = scene_output(scene, 0);

	signal_fences(memory);
	fake_flip(output);
	g_assert_cmpuint(scene_replies(scene, 0), ==, 1);

	fake_dmabuf_set_busy(memory, true);
	scene_paint(memory, BLUE);
	scene_dmabuf_update(scene, 0, (struct kms_rect){1, 1, 1, 1});
	scene_dmabuf_update(scene, 0, (struct kms_rect){3, 1, 1, 1});
	signal_fences(memory);
	g_assert_cmphex(fake_pixel(output, 1, 1), ==, BLUE);
	g_assert_cmphex(fake_pixel(output, 3, 1), ==, BLUE);
	g_assert_cmphex(fake_pixel(output, 4, 1), ==, GREEN);
	g_assert_cmpuint(scene_replies(scene, 0), ==, 0);
	fake_flip(output);
	g_assert_cmpuint(scene_replies(scene, 0), ==, 2);
	scene_destroy(scene);
}

/* Another buffer, finished, takes its place: nobody waits for the first one any more. */
static void test_superseded(void)
{
	uint32_t *memory;
	struct scene *scene = scene_create_waiting(&(struct scene_options){0}, &memory);
	struct kms_output *output = scene_output(scene, 0);

	scene_show_dmabuf(scene, BLUE);
	scene_expect_color(output, BLUE);
	scene_wait_reply(scene, 0);
	g_assert_cmpuint(counted(scene, REPLY_SUPERSEDED), ==, 1);
	fake_flip(output);
	g_assert_cmpuint(scene_replies(scene, 0), ==, 1);
	signal_fences(memory);
	scene_expect_color(output, BLUE);
	g_assert_cmpuint(output->commit_count, ==, 2);
	scene_destroy(scene);
}

static void test_disabled(void)
{
	uint32_t *memory;
	struct scene *scene = scene_create_waiting(&(struct scene_options){0}, &memory);

	scene_scanout(scene, 0, 0, 0);
	scene_wait_reply(scene, 0);
	g_assert_cmpuint(counted(scene, REPLY_UNUSABLE), ==, 1);
	signal_fences(memory);
	g_assert_cmpuint(scene_output(scene, 0)->commit_count, ==, 1);
	scene_destroy(scene);
}

static void test_gone(void)
{
	uint32_t *memory;
	struct scene *scene = scene_create_waiting(&(struct scene_options){0}, &memory);

	scene_hang_up(scene, 0);
	signal_fences(memory);
	scene_attach(scene, 0);
	g_assert_cmpuint(scene_replies(scene, 0), ==, 0);
	scene_destroy(scene);
}

/* With no output that can show it there is nothing to wait for. */
static void test_output_goes_off(void)
{
	uint32_t *memory;
	struct scene *scene = scene_create_waiting(&(struct scene_options){0}, &memory);
	struct kms_output *output = scene_output(scene, 0);

	fake_set_active(output, false);
	scene_wait_reply(scene, 0);
	g_assert_cmpuint(counted(scene, REPLY_OFF), ==, 1);

	/* Back, and still not finished: the guest is not waited for, nor is anything shown
	 * before. */
	fake_set_active(output, true);
	g_assert_cmpuint(output->commit_count, ==, 1);
	signal_fences(memory);
	scene_expect_color(output, GREEN);
	scene_destroy(scene);
}

/* A mode set while the buffer that is shown is written to again. */
static void test_mode_set(void)
{
	uint32_t *memory;
	struct scene *scene = scene_create_waiting(&(struct scene_options){0}, &memory);
	struct kms_output *output = scene_output(scene, 0);

	signal_fences(memory);
	fake_flip(output);
	g_assert_cmpuint(scene_replies(scene, 0), ==, 1);
	fake_dmabuf_set_busy(memory, true);
	fake_set_mode(output, 128, 96);
	g_assert_cmpuint(output->commit_count, ==, 2);
	signal_fences(memory);
	g_assert_cmpuint(output->commit_count, ==, 3);
	g_assert_cmphex(fake_pixel(output, 64, 48), ==, GREEN);
	fake_flip(output);
	g_assert_cmpuint(scene_replies(scene, 0), ==, 0);
	scene_destroy(scene);
}

/* … and it is never finished: given up, and the next frame is asked for anew. */
static void test_mode_set_times_out(void)
{
	uint32_t *memory;
	struct scene *scene = scene_create_waiting(&(struct scene_options){.flip_timeout_ms = 1},
		&memory);
	struct kms_output *output = scene_output(scene, 0);

	scene_wait_reply(scene, 0);
	g_free(fixture_log_take());
	signal_fences(memory);
	scene_dmabuf_update(scene, 0, scene_full);
	fake_flip(output);
	g_assert_cmpuint(scene_replies(scene, 0), ==, 1);
	fake_dmabuf_set_busy(memory, true);
	fake_set_mode(output, 128, 96);
	scene_dmabuf_update(scene, 0, scene_full);
	scene_wait_reply(scene, 0);
	g_assert_cmpuint(counted(scene, REPLY_FENCE_TIMEOUT), ==, 2);
	signal_fences(memory);
	scene_dmabuf_update(scene, 0, scene_full);
	g_assert_cmphex(fake_pixel(output, 64, 48), ==, GREEN);
	fake_flip(output);
	g_assert_cmpuint(scene_replies(scene, 0), ==, 1);
	scene_destroy(scene);
}

/* … and a frame that comes as soon as it is finished overtakes what the mode set waits for. */
static void test_mode_set_overtaken(void)
{
	uint32_t *memory;
	struct scene *scene = scene_create_waiting(&(struct scene_options){0}, &memory);
	struct kms_output *output = scene_output(scene, 0);

	signal_fences(memory);
	fake_flip(output);
	g_assert_cmpuint(scene_replies(scene, 0), ==, 1);
	fake_dmabuf_set_busy(memory, true);
	fake_set_mode(output, 128, 96);
	scene_paint(memory, BLUE);
	fake_dmabuf_set_busy(memory, false);
	scene_dmabuf_update(scene, 0, (struct kms_rect){0, 0, 1, 1});
	g_assert_cmphex(fake_pixel(output, 64, 48), ==, BLUE);
	fake_flip(output);
	g_assert_cmpuint(scene_replies(scene, 0), ==, 1);
	/* Nothing waits any more. */
	fake_dmabuf_set_busy(memory, true);
	fixture_settle();
	g_assert_false(kms_output_busy(output));
	scene_destroy(scene);
}

/* A cursor that must be blended from now on, over a buffer that was shown directly. */
static void test_blended_from_now_on(void)
{
	struct scene *scene = scene_create(&(struct scene_options){0});
	struct kms_output *output = scene_output(scene, 0);
	uint32_t *memory = scene_show_dmabuf(scene, RED);

	fake_flip(output);
	g_assert_cmpuint(scene_replies(scene, 0), ==, 1);
	output->cursor_plane = false;
	fake_dmabuf_set_busy(memory, true);
	scene_cursor(scene, 0, 10, 10, 0xff0000ff);
	g_assert_cmpuint(output->commit_count, ==, 1);
	signal_fences(memory);
	g_assert_cmpuint(output->commit_count, ==, 2);
	g_assert_cmphex(fake_pixel(output, 10, 10), ==, BLUE);
	scene_destroy(scene);
}

/* What goes direct is waited for below. */
static void test_direct(void)
{
	struct scene *scene = scene_create(&(struct scene_options){0});
	struct kms_output *output = scene_output(scene, 0);
	unsigned int polls = fake_dmabuf_polls();

	busy_buffer(scene, GREEN);
	scene_dmabuf_update(scene, 0, scene_full);
	g_assert_cmpuint(output->commit_count, ==, 1);
	g_assert_cmpuint(fake_dmabuf_polls(), ==, polls);
	fake_flip(output);
	g_assert_cmpuint(scene_replies(scene, 0), ==, 1);
	scene_destroy(scene);
}

/* The refusal comes with the commit, and the fences have not signalled: shown when they have. */
static void test_refused_when_it_came_to_it(void)
{
	struct scene *scene = scene_create(&(struct scene_options){0});
	struct kms_output *output = scene_output(scene, 0);
	uint32_t *memory = scene_show_dmabuf(scene, RED);

	fake_flip(output);
	g_assert_cmpuint(scene_replies(scene, 0), ==, 1);
	scene_paint(memory, GREEN);
	fake_dmabuf_set_busy(memory, true);
	output->shows_dmabufs = false;
	scene_dmabuf_update(scene, 0, scene_full);
	g_assert_cmpuint(output->commit_count, ==, 1);
	g_assert_cmpuint(scene_replies(scene, 0), ==, 0);
	signal_fences(memory);
	scene_expect_color(output, GREEN);
	fake_flip(output);
	g_assert_cmpuint(scene_replies(scene, 0), ==, 1);
	scene_destroy(scene);
}

/* … and a buffer that nobody can read comes meanwhile: who waits for the one before is answered. */
static void test_unreadable_meanwhile(void)
{
	struct scene *scene = scene_create(&(struct scene_options){0});
	struct kms_output *output = scene_output(scene, 0);
	uint32_t *memory = scene_show_dmabuf(scene, RED);
	uint32_t *unreadable;

	fake_flip(output);
	g_assert_cmpuint(scene_replies(scene, 0), ==, 1);
	scene_paint(memory, GREEN);
	fake_dmabuf_set_busy(memory, true);
	output->shows_dmabufs = false;
	scene_dmabuf_update(scene, 0, scene_full);
	/* Smaller than it says. */
	scene_dmabuf(scene, 0, SCENE_WIDTH, SCENE_HEIGHT, fake_dmabuf_create(16, &unreadable));
	scene_dmabuf_update(scene, 0, scene_full);
	g_assert_cmpuint(scene_replies(scene, 0), ==, 0);
	signal_fences(memory);
	scene_expect_color(output, GREEN);
	fake_flip(output);
	scene_wait_reply(scene, 0);
	scene_wait_reply(scene, 0);
	g_free(fixture_log_take());
	scene_destroy(scene);
}

static const struct layout_output mirror[] = {
	{.name = "DP-1", .guest = "a", .scanout = 0},
	{.name = "DP-2", .guest = "a", .scanout = 0},
};

/* Of two outputs one copies: both wait, and show the same. */
static void test_mirror(void)
{
	struct scene *scene = scene_create(
		&(struct scene_options){.outputs = 2, .sections = mirror, .section_count = 2});
	struct kms_output *direct = scene_output(scene, 0);
	struct kms_output *copied = scene_output(scene, 1);
	uint32_t *memory;

	copied->shows_dmabufs = false;
	memory = busy_buffer(scene, GREEN);
	scene_dmabuf_update(scene, 0, scene_full);
	g_assert_cmpuint(direct->commit_count, ==, 0);
	g_assert_cmpuint(copied->commit_count, ==, 0);
	signal_fences(memory);
	g_assert_true(fake_last(direct)->buffer->imported);
	scene_expect_color(copied, GREEN);
	fake_flip(direct);
	fake_flip(copied);
	g_assert_cmpuint(scene_replies(scene, 0), ==, 1);
	g_assert_cmpuint(counted(scene, REPLY_ALL_OUTPUTS), ==, 1);

	/* The one that copies goes: the other one need not wait. */
	fake_dmabuf_set_busy(memory, true);
	scene_dmabuf_update(scene, 0, scene_full);
	g_assert_cmpuint(direct->commit_count, ==, 1);
	fake_set_active(copied, false);
	g_assert_cmpuint(direct->commit_count, ==, 2);
	fake_flip(direct);
	g_assert_cmpuint(scene_replies(scene, 0), ==, 1);
	scene_destroy(scene);
}

/* A view that is taken away is waited for no more than one that is off. */
static void test_view_goes(void)
{
	uint32_t *memory;
	struct scene *scene = scene_create_waiting(&(struct scene_options){0}, &memory);
	struct source *source = guest_source(scene->guests[0], 0);
	struct view *view = layout_view(scene->layout, 0);

	source_remove_view(source, view);
	scene_wait_reply(scene, 0);
	g_assert_true(source_add_view(source, view));
	g_assert_cmpuint(scene_output(scene, 0)->commit_count, ==, 1);
	signal_fences(memory);
	scene_expect_color(scene_output(scene, 0), GREEN);
	scene_destroy(scene);
}

/* The back-end is not answered by what happens on its other scanouts, nor does it hold up
 * others. */
static void test_others_go_on(void)
{
	static const struct layout_output sections[] = {
		{.name = "DP-1", .guest = "a", .scanout = 0},
		{.name = "DP-2", .guest = "b", .scanout = 0},
	};
	uint32_t *memory;
	struct scene *scene = scene_create_waiting(&(struct scene_options){.outputs = 2,
							   .guests = 2,
							   .sections = sections,
							   .section_count = 2},
		&memory);
	struct kms_output *other = scene_output(scene, 1);
	struct vhost_user_gpu_scanout scanout = {0, SCENE_WIDTH, SCENE_HEIGHT};
	g_autoptr(GByteArray) bytes = g_byte_array_new();

	scene_append_update(bytes, 0, scene_full, BLUE);
	scene_send(scene, 1, VHOST_USER_GPU_SCANOUT, &scanout, sizeof(scanout), -1);
	for (unsigned int i = 0; i < 20; i++) {
		scene_send_raw(scene, 1, bytes->data, bytes->len, -1);
		g_assert_cmpuint(other->commit_count, ==, i + 1);
		fake_flip(other);
	}
	g_assert_cmpuint(scene_replies(scene, 0), ==, 0);
	signal_fences(memory);
	fake_flip(scene_output(scene, 0));
	g_assert_cmpuint(scene_replies(scene, 0), ==, 1);
	scene_destroy(scene);
}

int main(int argc, char **argv)
{
	fixture_init(&argc, &argv);
	g_test_add_func("/fence/signals", test_signals);
	g_test_add_data_func("/fence/cursor/plane", NULL, test_cursor_moves_on);
	g_test_add_data_func("/fence/cursor/blended", "blended", test_cursor_moves_on);
	g_test_add_func("/fence/cursor/blended-from-now-on", test_blended_from_now_on);
	g_test_add_func("/fence/another-fence", test_another_fence);
	g_test_add_func("/fence/times-out", test_times_out);
	g_test_add_func("/fence/newest-wins", test_newest_wins);
	g_test_add_func("/fence/superseded", test_superseded);
	g_test_add_func("/fence/disabled", test_disabled);
	g_test_add_func("/fence/gone", test_gone);
	g_test_add_func("/fence/output-goes-off", test_output_goes_off);
	g_test_add_func("/fence/mode-set", test_mode_set);
	g_test_add_func("/fence/mode-set-times-out", test_mode_set_times_out);
	g_test_add_func("/fence/mode-set-overtaken", test_mode_set_overtaken);
	g_test_add_func("/fence/direct", test_direct);
	g_test_add_func("/fence/refused-when-it-came-to-it", test_refused_when_it_came_to_it);
	g_test_add_func("/fence/unreadable-meanwhile", test_unreadable_meanwhile);
	g_test_add_func("/fence/mirror", test_mirror);
	g_test_add_func("/fence/view-goes", test_view_goes);
	g_test_add_func("/fence/others-go-on", test_others_go_on);
	return g_test_run();
}
