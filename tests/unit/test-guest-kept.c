/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A guest whose process has died goes on in another one, on a card that still has the last picture:
 * what was shown is shown without a word from the back-end, what was half received is received on,
 * and who waits is answered once. Where that cannot be, it is a new guest.
 */
#include <errno.h>
#include <fcntl.h>
#include <glib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "channel_fixture.h"
#include "fake/fake_dmabuf.h"
#include "scene_fixture.h"
#include "wire/closer.h"
#include "wire/kept_fds.h"

static const struct scene_options options = {.kept = true};

/* Another process goes on; the one that was killed is cleared away. */
static struct scene *succeed(struct scene *killed)
{
	struct scene *scene = scene_succeed(killed, &options, true);

	scene_destroy(killed);
	fixture_settle();
	return scene;
}

/* And so does its card refuse what the guest has. */
static struct scene *succeed_refusing(struct scene *killed)
{
	struct scene_options refusing = options;
	struct scene *scene;

	refusing.refuses_import = true;
	scene = scene_succeed(killed, &refusing, true);
	scene_destroy(killed);
	fixture_settle();
	return scene;
}

/* Of a dma-buf what is in it. */
static void expect_color(struct kms_output *output, uint32_t color)
{
	const struct kms_buffer *buffer = output->commits[output->commit_count - 1].frame.buffer;
	uint32_t pixel;

	if (!buffer->imported) {
		scene_expect_color(output, color);
		return;
	}
	g_assert_cmpint(pread(buffer->dmabuf, &pixel, sizeof(pixel), 0), ==, sizeof(pixel));
	g_assert_cmphex(pixel, ==, color);
}

/* Once, and nothing else so far. */
static void expect_shown(struct scene *scene, uint32_t color)
{
	struct kms_output *output = scene_output(scene, 0);

	g_assert_cmpuint(output->commit_count, ==, 1);
	expect_color(output, color);
	fake_flip(output);
	fixture_settle();
}

/* What follows is as if nothing had been. */
static void expect_goes_on(struct scene *scene, uint32_t color)
{
	struct kms_output *output = scene_output(scene, 0);

	scene_scanout(scene, 0, SCENE_WIDTH, SCENE_HEIGHT);
	scene_update(scene, 0, scene_full, color);
	expect_color(output, color);
	fake_flip(output);
	scene_expect_no_log();
}

static void test_pixels(void)
{
	struct scene *scene = scene_create_red(&options);
	struct kms_output *output;

	for (unsigned int i = 0; i < 3; i++) {
		scene = succeed(scene);
		g_assert_false(guest_source(scene->guests[0], 0)->seen);
		expect_shown(scene, RED);
		g_assert_true(guest_source(scene->guests[0], 0)->seen);
	}
	/* Into the picture that was there. */
	output = scene_output(scene, 0);
	scene_update(scene, 0, (struct kms_rect){0, 0, 1, 1}, GREEN);
	g_assert_cmphex(fake_pixel(output, 0, 0), ==, GREEN);
	g_assert_cmphex(fake_pixel(output, 1, 0), ==, RED);
	fake_flip(output);
	expect_goes_on(scene, GREEN);
	scene_destroy(scene);
}

static void test_half_an_update(void)
{
	static const uint8_t pixel[] = {0x00, 0xff, 0x00, 0x00};
	struct scene *scene = scene_create_red(&options);

	scene_half_update(scene, 0, scene_full, GREEN, SCENE_BYTES / 2);
	scene_send_raw(scene, 0, pixel, 1, -1);
	scene = succeed(scene);
	/* The last picture is on the card. */
	g_assert_cmpuint(scene_output(scene, 0)->commit_count, ==, 0);
	scene_send_raw(scene, 0, pixel + 1, 2, -1);
	scene = succeed(scene);
	scene_send_raw(scene, 0, pixel + 3, 1, -1);
	scene_more_pixels(scene, GREEN, SCENE_BYTES / 2 - 8);
	g_assert_cmpuint(scene_output(scene, 0)->commit_count, ==, 0);
	scene_more_pixels(scene, GREEN, 4);
	expect_shown(scene, GREEN);
	expect_goes_on(scene, RED);
	scene_destroy(scene);
}

static void test_next_pixels(void)
{
	struct scene *scene = scene_create_red(&options);

	scene_scanout(scene, 0, 32, 24);
	scene = succeed(scene);
	expect_shown(scene, RED);
	scene_update(scene, 0, (struct kms_rect){0, 0, 32, 24}, GREEN);
	g_assert_cmphex(fake_pixel(scene_output(scene, 0), 32, 24), ==, GREEN);
	fake_flip(scene_output(scene, 0));
	expect_goes_on(scene, RED);
	scene_destroy(scene);
}

/* A first picture that is not whole. */
static void test_first_update(void)
{
	struct scene *scene = scene_create(&options);

	scene_scanout(scene, 0, SCENE_WIDTH, SCENE_HEIGHT);
	scene_half_update(scene, 0, scene_full, GREEN, 16);
	scene = succeed(scene);
	g_assert_cmpuint(scene_output(scene, 0)->commit_count, ==, 0);
	scene_more_pixels(scene, GREEN, SCENE_BYTES - 16);
	expect_shown(scene, GREEN);
	scene_destroy(scene);
}

static void test_waits(void)
{
	struct scene *scene = scene_create(&options);

	scene_show_dmabuf(scene, GREEN);
	for (unsigned int i = 0; i < 3; i++)
		scene = succeed(scene);
	g_assert_cmpuint(scene_replies(scene, 0), ==, 0);
	expect_shown(scene, GREEN);
	g_assert_cmpuint(scene_replies(scene, 0), ==, 1);
	scene = succeed(scene);
	expect_shown(scene, GREEN);
	g_assert_cmpuint(scene_replies(scene, 0), ==, 0);
	/* The next frame of the same buffer. */
	scene_dmabuf_update(scene, 0, scene_full);
	fake_flip(scene_output(scene, 0));
	scene_wait_reply(scene, 0);
	expect_goes_on(scene, RED);
	scene_destroy(scene);
}

static void test_next_dmabuf(void)
{
	struct scene *scene = scene_create(&options);
	uint32_t *memory;
	int fd = fake_dmabuf_create(SCENE_BYTES, &memory);

	scene_paint(memory, RED);
	scene_show_dmabuf(scene, GREEN);
	scene_dmabuf(scene, 0, SCENE_WIDTH, SCENE_HEIGHT, fd);
	scene = succeed(scene);
	/* The one that it waits for, not the one that came after it. */
	expect_shown(scene, GREEN);
	g_assert_cmpuint(scene_replies(scene, 0), ==, 1);
	scene_dmabuf_update(scene, 0, scene_full);
	expect_color(scene_output(scene, 0), RED);
	fake_flip(scene_output(scene, 0));
	scene_wait_reply(scene, 0);
	scene_destroy(scene);
}

/* It has come, and is not finished; nor is it when the next process looks. */
static void test_fenced(void)
{
	struct scene *scene = scene_create_red(&options);
	struct scene *next;
	uint32_t *memory;
	int fd = fake_dmabuf_create(SCENE_BYTES, &memory);

	scene_paint(memory, GREEN);
	fake_dmabuf_set_busy(memory, true);
	scene->card->refuses_import = true;
	scene_dmabuf(scene, 0, SCENE_WIDTH, SCENE_HEIGHT, fd);
	scene_dmabuf_update(scene, 0, scene_full);
	scene_expect_log("frames are copied");
	next = succeed_refusing(scene);
	expect_shown(next, RED);
	g_assert_cmpuint(scene_replies(next, 0), ==, 0);
	fake_dmabuf_set_busy(memory, false);
	fixture_settle();
	expect_color(scene_output(next, 0), GREEN);
	fake_flip(scene_output(next, 0));
	scene_wait_reply(next, 0);
	scene_destroy(next);
}

static void test_two_waits(void)
{
	struct scene *scene = scene_create(&options);
	unsigned int replies;

	scene_show_dmabuf(scene, GREEN);
	scene_dmabuf_update(scene, 0, scene_full);
	/* Nothing can be seen of this one, which is answered all the same. */
	scene_dmabuf_update(scene, 5, scene_full);
	scene = succeed(scene);
	expect_shown(scene, GREEN);
	fake_flip(scene_output(scene, 0));
	fixture_settle();
	replies = scene_replies(scene, 0);
	while (replies < 3) {
		g_main_context_iteration(NULL, TRUE);
		replies += scene_replies(scene, 0);
	}
	fixture_settle();
	g_assert_cmpuint(replies + scene_replies(scene, 0), ==, 3);
	expect_goes_on(scene, RED);
	scene_destroy(scene);
}

static void test_early_fd(void)
{
	struct vhost_user_gpu_dmabuf_scanout message = {
		.width = SCENE_WIDTH,
		.height = SCENE_HEIGHT,
		.fd_width = SCENE_WIDTH,
		.fd_height = SCENE_HEIGHT,
		.fd_stride = SCENE_WIDTH * 4,
		.fd_drm_fourcc = DRM_FORMAT_XRGB8888,
	};
	const struct vhost_user_gpu_header header = {VHOST_USER_GPU_DMABUF_SCANOUT, 0,
		sizeof(message)};
	struct scene *scene = scene_create_red(&options);
	uint32_t *memory;
	int fd = fake_dmabuf_create(SCENE_BYTES, &memory);

	scene_paint(memory, GREEN);
	scene_send_raw(scene, 0, &header, sizeof(header), fd);
	for (unsigned int i = 0; i < 3; i++) {
		scene = succeed(scene);
		expect_shown(scene, RED);
	}
	scene_send_raw(scene, 0, &message, sizeof(message), -1);
	scene_dmabuf_update(scene, 0, scene_full);
	expect_color(scene_output(scene, 0), GREEN);
	fake_flip(scene_output(scene, 0));
	scene_wait_reply(scene, 0);
	scene = succeed(scene);
	expect_shown(scene, GREEN);
	scene_destroy(scene);
}

static void test_disabled(void)
{
	struct scene *scene = scene_create_red(&options);

	scene_scanout(scene, 0, 0, 0);
	scene = succeed(scene);
	g_assert_cmpuint(scene_output(scene, 0)->commit_count, ==, 0);
	/* Its screen stays off; of the other one nothing was said. */
	g_assert_cmpuint(source_state(guest_source(scene->guests[0], 0)), ==, SOURCE_DISABLED);
	g_assert_cmpuint(source_state(guest_source(scene->guests[0], 1)), ==, SOURCE_EMPTY);
	expect_goes_on(scene, GREEN);
	scene_destroy(scene);
}

static void test_cursor(void)
{
	struct scene *scene = scene_create_red(&options);
	struct kms_output *output;

	scene_cursor(scene, 0, 7, 9, GREEN);
	scene = succeed(scene);
	output = scene_output(scene, 0);
	g_assert_true(output->cursor_visible);
	g_assert_cmpint(output->cursor_x, ==, 7);
	g_assert_cmpint(output->cursor_y, ==, 9);
	g_assert_cmphex(output->cursor_pixels[0], ==, GREEN);
	expect_shown(scene, RED);
	scene_destroy(scene);
}

static struct guest_content *shown(struct scene *scene)
{
	struct guest_scanout_state *state = &scene->states[0]->scanouts[0];

	return &state->contents[state->current].shown;
}

/* Nobody is left, so nothing is gone on with, and nothing stays behind. */
static void test_hung_up(void)
{
	struct scene *scene = scene_create(&options);
	char byte;

	scene_show_dmabuf(scene, GREEN);
	scene_hang_up(scene, 0);
	g_assert_cmpuint(shown(scene)->kind, ==, 0);
	g_assert_cmpint(recv(kept_fds_pair(scene->kept[0])[1], &byte, 1, MSG_DONTWAIT), ==, -1);
	g_assert_cmpint(errno, ==, EAGAIN);
	scene_destroy(scene);
}

/* An end in order: who waits is answered, by us, and the connection is the next one's. */
static void test_leaves(void)
{
	struct scene *scene = scene_create(&options);
	struct scene *next;

	scene_show_dmabuf(scene, GREEN);
	guest_stop(scene->guests[0]);
	g_assert_cmpuint(scene_replies(scene, 0), ==, 1);
	next = scene_succeed(scene, &options, true);
	guest_leave(scene->guests[0]);
	scene_destroy(scene);
	expect_shown(next, GREEN);
	g_assert_cmpuint(scene_replies(next, 0), ==, 0);
	expect_goes_on(next, RED);
	scene_destroy(next);
}

/* Who waited for which frame, and when the last one was answered, is not asked. */
static void test_old_times(void)
{
	struct scene *scene = scene_create(&options);
	struct guest_state *state;
	struct scene *next;

	scene_show_dmabuf(scene, GREEN);
	state = scene->states[0];
	state->waiting_count = UINT32_MAX;
	state->waiting[0].reply = UINT32_MAX;
	state->waiting[0].since_us = INT64_MIN;
	state->last_reply_us = INT64_MAX;
	state->scanout_reply_us[0] = INT64_MAX;
	next = scene_succeed(scene, &options, true);
	state->waiting_count = 0;
	scene_destroy(scene);
	expect_shown(next, GREEN);
	g_assert_cmpuint(scene_replies(next, 0), ==, 1);
	scene_destroy(next);
}

/* ---- what cannot be gone on with ---- */

static void expect_starts_anew(struct scene *killed)
{
	struct scene *scene = scene_succeed(killed, &options, false);
	struct guest_state zero = {0};
	char byte;

	scene_destroy(killed);
	g_assert_cmpuint(scene_output(scene, 0)->commit_count, ==, 0);
	g_assert_cmpmem(scene->states[0], sizeof(zero), &zero, sizeof(zero));
	g_assert_cmpint(recv(kept_fds_pair(scene->kept[0])[1], &zero, 1, MSG_DONTWAIT), ==, -1);
	/* Its back-end is told. */
	g_assert_cmpint(recv(scene->peers[0], &byte, 1, 0), ==, 0);
	scene_attach(scene, 0);
	expect_goes_on(scene, GREEN);
	scene_destroy(scene);
}

static void test_not_kept(void)
{
	struct scene *scene = scene_create_red(&options);

	shown(scene)->kept = GUEST_CONTENT_NOT_KEPT;
	expect_starts_anew(scene);
	scene = scene_create_red(&options);
	shown(scene)->kept += 1;
	expect_starts_anew(scene);
}

static void test_other_size(void)
{
	struct scene *scene = scene_create_red(&options);

	shown(scene)->width -= 1;
	expect_starts_anew(scene);
	scene = scene_create_red(&options);
	shown(scene)->height = UINT32_MAX;
	expect_starts_anew(scene);
	scene = scene_create_red(&options);
	shown(scene)->kind = 3;
	expect_starts_anew(scene);
}

static void test_other_layout(void)
{
	struct scene *scene = scene_create(&options);

	scene_show_dmabuf(scene, RED);
	shown(scene)->dmabuf.fd_height = UINT32_MAX;
	expect_starts_anew(scene);
}

/* The one that came ahead of its message. */
static void test_early_fd_not_kept(void)
{
	const struct vhost_user_gpu_header header = {VHOST_USER_GPU_DMABUF_SCANOUT, 0,
		sizeof(struct vhost_user_gpu_dmabuf_scanout)};
	struct scene *scene = scene_create_red(&options);
	struct guest_state *state = scene->states[0];
	struct channel_state progress;
	uint32_t *memory;

	scene_send_raw(scene, 0, &header, sizeof(header), fake_dmabuf_create(SCENE_BYTES, &memory));
	memcpy(&progress, state->journal.progress[state->journal.current].state,
		CHANNEL_PROGRESS_SIZE);
	for (size_t i = 0; i < CHANNEL_EARLY_FDS; i++) {
		if (progress.early[i].kept)
			progress.early[i].kept += 1;
	}
	memcpy(state->journal.progress[state->journal.current].state, &progress,
		CHANNEL_PROGRESS_SIZE);
	expect_starts_anew(scene);
}

static void test_damaged_channel(void)
{
	struct scene *scene = scene_create_red(&options);
	struct channel_journal *journal = &scene->states[0]->journal;

	journal->progress[journal->current].call = CHANNEL_CALLS;
	expect_starts_anew(scene);
}

/* What is replaced all at once is let go of, though nothing comes any more. */
static void test_silent(void)
{
	struct {
		uint32_t request, flags, size, scanout, width, height;
	} off[VHOST_USER_GPU_SCANOUTS];
	struct scene *scene = scene_create(&options);
	int watched[2];
	char byte;

	g_assert_cmpint(pipe2(watched, O_CLOEXEC | O_NONBLOCK), ==, 0);
	for (uint32_t i = 0; i < G_N_ELEMENTS(off); i++) {
		int fd = fcntl(watched[1], F_DUPFD_CLOEXEC, 0);

		scene_dmabuf(scene, i, SCENE_WIDTH, SCENE_HEIGHT, fd);
		memset(&off[i], 0, sizeof(off[i]));
		off[i].request = VHOST_USER_GPU_SCANOUT;
		off[i].size = 12;
		off[i].scanout = i;
	}
	close(watched[1]);
	g_assert_cmpint(read(watched[0], &byte, 1), ==, -1);
	scene_send_raw(scene, 0, off, sizeof(off), -1);
	fixture_settle();
	while (closer_pending() > 0)
		g_thread_yield();
	g_assert_cmpint(read(watched[0], &byte, 1), ==, 0);
	close(watched[0]);
	scene_destroy(scene);
}

/* A guest to whom nothing happens outlives as many as there are, of whatever they die, where they
 * had looked at what was left. */
static void test_idle(void)
{
	struct scene *scene = scene_create_red(&options);

	for (unsigned int i = 0; i < 2 * CHANNEL_ADOPTED_MAX; i++) {
		scene = succeed(scene);
		/* The main loop has run until it had nothing to do. */
		g_assert_cmpuint(scene->states[0]->journal.adopted, ==, 0);
		expect_shown(scene, RED);
	}
	expect_goes_on(scene, GREEN);
	scene_destroy(scene);
}

int main(int argc, char **argv)
{
	fixture_init(&argc, &argv);
	g_test_add_func("/guest/kept/pixels", test_pixels);
	g_test_add_func("/guest/kept/half-an-update", test_half_an_update);
	g_test_add_func("/guest/kept/next-pixels", test_next_pixels);
	g_test_add_func("/guest/kept/first-update", test_first_update);
	g_test_add_func("/guest/kept/waits", test_waits);
	g_test_add_func("/guest/kept/two-wait", test_two_waits);
	g_test_add_func("/guest/kept/next-dmabuf", test_next_dmabuf);
	g_test_add_func("/guest/kept/fenced", test_fenced);
	g_test_add_func("/guest/kept/early-fd", test_early_fd);
	g_test_add_func("/guest/kept/disabled", test_disabled);
	g_test_add_func("/guest/kept/cursor", test_cursor);
	g_test_add_func("/guest/kept/hung-up", test_hung_up);
	g_test_add_func("/guest/kept/leaves", test_leaves);
	g_test_add_func("/guest/kept/old-times", test_old_times);
	g_test_add_func("/guest/kept/not-kept", test_not_kept);
	g_test_add_func("/guest/kept/early-fd-not-kept", test_early_fd_not_kept);
	g_test_add_func("/guest/kept/other-size", test_other_size);
	g_test_add_func("/guest/kept/other-layout", test_other_layout);
	g_test_add_func("/guest/kept/damaged-channel", test_damaged_channel);
	g_test_add_func("/guest/kept/silent", test_silent);
	g_test_add_func("/guest/kept/idle", test_idle);
	return g_test_run();
}
