/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Contents of a guest's picture that follow each other, on a fake card: scanouts, dma-bufs that are
 * shown, copied or unreadable; and what stays when the guest has gone.
 */
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include "channel_fixture.h"
#include "fake/fake_dmabuf.h"
#include "scene_fixture.h"
#include "vhost_user_gpu.h"

/* How far the clock of this program is ahead. */
static int64_t ahead_us;

gint64 g_get_monotonic_time(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (gint64)now.tv_sec * G_USEC_PER_SEC + now.tv_nsec / 1000 + ahead_us;
}

/* ---- contents ---- */

static void test_new_scanout_waits(void)
{
	struct scene *scene = scene_create_red(&(struct scene_options){.policy = PLACE_CENTER});
	struct kms_output *output = scene_output(scene, 0);

	/* Both scanout buffers are red all over. */
	scene_update(scene, 0, scene_full, RED);
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
	scene_expect_color(output, RED);
	scene_destroy(scene);
}

static void test_disabled_keeps_picture(void)
{
	struct scene *scene = scene_create_red(&(struct scene_options){0});
	struct kms_output *output = scene_output(scene, 0);

	scene_scanout(scene, 0, 0, 0);
	scene_update(scene, 0, scene_full, GREEN);
	scene_expect_log("scanout");
	g_assert_cmpuint(output->commit_count, ==, 1);
	scene_scanout(scene, 0, 64, 48);
	scene_update(scene, 0, scene_full, GREEN);
	scene_expect_color(output, GREEN);
	scene_destroy(scene);
}

static void test_dmabuf_and_pixels(void)
{
	struct scene *scene = scene_create_red(&(struct scene_options){0});
	struct kms_output *output = scene_output(scene, 0);

	for (int i = 0; i < 3; i++) {
		size_t before = output->commit_count;

		scene_dmabuf(scene, 0, 64, 48, fake_dmabuf_create(SCENE_BYTES, NULL));
		g_assert_cmpuint(output->commit_count, ==, before);
		scene_dmabuf_update(scene, 0, scene_full);
		g_assert_cmpuint(output->commit_count, ==, before + 1);
		g_assert_true(fake_last(output)->buffer->imported);
		g_assert_cmpuint(fake_last(output)->damage_count, ==, 0);
		fake_flip(output);
		g_assert_cmpuint(scene_replies(scene, 0), ==, 1);

		scene_scanout(scene, 0, 64, 48);
		g_assert_cmpuint(output->commit_count, ==, before + 1);
		scene_update(scene, 0, scene_full, GREEN);
		scene_expect_color(output, GREEN);
		fake_flip(output);
	}
	scene_expect_no_log();
	scene_destroy(scene);
}

/* A dma-buf that must be copied is on the glass, all black. */
static struct scene *create_copied(uint32_t **memory)
{
	struct scene *scene = scene_create(&(struct scene_options){0});

	scene->card->refuses_import = true;
	*memory = scene_show_dmabuf(scene, 0);
	fake_flip(scene_output(scene, 0));
	return scene;
}

/* Drawn while the output was away, by a guest whose dma-bufs must be copied: shown when it is
 * back. */
static void test_copied_while_off(void)
{
	uint32_t *memory;
	struct scene *scene = create_copied(&memory);
	struct kms_output *output = scene_output(scene, 0);

	g_assert_cmpuint(scene_replies(scene, 0), ==, 1);

	fake_set_active(output, false);
	scene_paint(memory, GREEN);
	scene_dmabuf_update(scene, 0, scene_full);
	scene_wait_reply(scene, 0);
	fake_set_active(output, true);
	scene_expect_color(output, GREEN);
	fake_flip(output);
	scene_destroy(scene);
}

/* What it was copied into is too small for one that is larger in one direction alone. */
static void test_copied_larger(void)
{
	static const struct kms_rect smaller[] = {{0, 0, 32, 48}, {0, 0, 64, 24}};

	for (size_t i = 0; i < G_N_ELEMENTS(smaller); i++) {
		const struct kms_rect *rect = &smaller[i];
		struct scene *scene = scene_create(&(struct scene_options){.policy = PLACE_NONE});
		struct kms_output *output = scene_output(scene, 0);
		uint32_t *memory;
		int fd = fake_dmabuf_create(SCENE_BYTES, &memory);

		scene->card->refuses_import = true;
		scene_paint(memory, GREEN);
		scene_dmabuf(scene, 0, (uint32_t)rect->width, (uint32_t)rect->height, fd);
		scene_dmabuf_update(scene, 0, *rect);
		g_assert_cmphex(fake_pixel(output, 0, 0), ==, GREEN);
		g_assert_cmphex(fake_pixel(output, 63, 47), ==, 0);
		fake_flip(output);
		scene_show_dmabuf(scene, BLUE);
		scene_expect_color(output, BLUE);
		fake_flip(output);
		g_assert_cmpuint(scene_replies(scene, 0), ==, 2);
		scene_destroy(scene);
	}
}

/* The card goes and comes: a dma-buf that it did not import is as much the guest's as before, and
 * its fd there once. */
static void test_copied_on_another_card(void)
{
	uint32_t *memory;
	struct scene *scene = create_copied(&memory);
	struct kms_output *output = scene_output(scene, 0);
	size_t fds;

	g_assert_cmpuint(scene_replies(scene, 0), ==, 1);
	layout_set_device(scene->layout, 0, NULL);
	guest_set_device(scene->guests[0], 0, NULL);
	fds = fixture_count_fds();
	for (int i = 0; i < 3; i++) {
		guest_set_device(scene->guests[0], 0, scene->card);
		guest_set_device(scene->guests[0], 0, NULL);
	}
	g_assert_cmpuint(fixture_count_fds(), ==, fds);
	guest_set_device(scene->guests[0], 0, scene->card);
	layout_set_device(scene->layout, 0, scene->card);
	fake_flip(output);
	scene_paint(memory, GREEN);
	scene_dmabuf_update(scene, 0, scene_full);
	scene_expect_color(output, GREEN);
	fake_flip(output);
	scene_destroy(scene);
}

/* A dma-buf of the same size that cannot be read takes nothing from the picture that is shown: that
 * goes on as if nothing had come. */
static void test_unreadable(gconstpointer data)
{
	bool imports = GPOINTER_TO_INT(data);
	struct scene *scene = scene_create_red(&(struct scene_options){.kept = true});
	struct kms_output *output = scene_output(scene, 0);
	const struct guest_scanout_state *state;

	scene->card->refuses_import = !imports;
	output->shows_dmabufs = false;
	scene_update(scene, 0, scene_full, GREEN);
	scene_expect_color(output, GREEN);
	scene_update(scene, 0, scene_full, BLUE);
	fake_dmabuf_refuse_sync(true);
	scene_show_dmabuf(scene, RED);
	fake_dmabuf_refuse_sync(false);
	scene_expect_log("cannot be read");
	/* What waited for the flip is still there to be drawn. */
	fake_flip(output);
	scene_expect_color(output, BLUE);
	fake_flip(output);
	scene_wait_reply(scene, 0);
	state = &scene->states[0]->scanouts[0];
	g_assert_cmpuint(state->contents[state->current].shown.dmabuf.width, ==, 0);

	scene_scanout(scene, 0, 64, 48);
	scene_update(scene, 0, scene_full, GREEN);
	scene_expect_color(output, GREEN);
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
	scene_dmabuf_update(scene, 0, scene_full);
	scene_expect_log("buffer cannot be shown");
	fake_flip(output);
	scene_expect_color(output, BLUE);
	fake_flip(output);
	scene_destroy(scene);
}

/* What they are is asked of the first dma-buf, and of the next one after one that has come before:
 * else the import tells. */
static void test_told_by_import(void)
{
	struct scene *scene = scene_create(&(struct scene_options){0});
	unsigned int infos = fake_dmabuf_infos();

	for (int i = 0; i < 5; i++) {
		scene_dmabuf(scene, 0, 64, 48, fake_dmabuf_create(SCENE_BYTES, NULL));
		scene_dmabuf_update(scene, 0, scene_full);
		fake_flip(scene_output(scene, 0));
	}
	g_assert_cmpuint(scene->card->imports, ==, 5);
	g_assert_cmpuint(fake_dmabuf_infos(), ==, infos + 1);
	scene->card->has_seen = true;
	for (int i = 0; i < 4; i++) {
		scene_dmabuf(scene, 0, 64, 48, fake_dmabuf_create(SCENE_BYTES, NULL));
		scene_dmabuf_update(scene, 0, scene_full);
		fake_flip(scene_output(scene, 0));
	}
	g_assert_cmpuint(scene->card->imports, ==, 9);
	g_assert_cmpuint(fake_dmabuf_infos(), ==, infos + 4);
	g_assert_cmpuint(scene_replies(scene, 0), ==, 9);
	scene_destroy(scene);
}

/* One that is none, where all before it were: the picture stays, and the next one is shown. */
static void test_none_among_new(void)
{
	struct scene *scene = scene_create(&(struct scene_options){0});
	struct kms_output *output = scene_output(scene, 0);
	uint64_t serial;

	for (int i = 0; i < 3; i++) {
		scene_dmabuf(scene, 0, 64, 48, fake_dmabuf_create(SCENE_BYTES, NULL));
		scene_dmabuf_update(scene, 0, scene_full);
		fake_flip(output);
	}
	serial = fake_last(output)->serial;
	scene_dmabuf(scene, 0, 64, 48, memfd_create("no dma-buf", MFD_CLOEXEC));
	scene_dmabuf_update(scene, 0, scene_full);
	scene_expect_log("the fd is not a dma-buf");
	g_assert_cmpuint(scene->card->imports, ==, 3);
	g_assert_cmpuint(fake_last(output)->serial, ==, serial);
	g_assert_cmpuint(guest_counters(scene->guests[0])->replies[REPLY_FLIP], ==, 3);
	scene_dmabuf(scene, 0, 64, 48, fake_dmabuf_create(SCENE_BYTES, NULL));
	scene_dmabuf_update(scene, 0, scene_full);
	fake_flip(output);
	g_assert_cmpuint(scene->card->imports, ==, 4);
	g_assert_cmpuint(fake_last(output)->serial, >, serial);
	scene_destroy(scene);
}

/* A card that had no memory for the buffer a moment ago is asked again, while the buffer stays. */
static void test_import_of_the_moment(void)
{
	struct scene *scene = scene_create(&(struct scene_options){0});
	struct kms_output *output = scene_output(scene, 0);

	scene->card->refuses_import = true;
	scene_show_dmabuf(scene, RED);
	scene_expect_log("frames are copied");
	scene_expect_color(output, RED);
	fake_flip(output);
	scene_wait_reply(scene, 0);
	scene->card->refuses_import = false;
	/* Not at the next frame. */
	scene_dmabuf_update(scene, 0, scene_full);
	g_assert_false(fake_last(output)->buffer->imported);
	fake_flip(output);
	scene_wait_reply(scene, 0);
	ahead_us += 2 * G_USEC_PER_SEC;
	scene_dmabuf_update(scene, 0, scene_full);
	g_assert_true(fake_last(output)->buffer->imported);
	fake_flip(output);
	scene_wait_reply(scene, 0);
	scene_destroy(scene);
}

/* It has been imported for another scanout meanwhile: whoever reads it goes on with the fd of
 * that. */
static void test_imported_elsewhere(void)
{
	struct scene *scene = scene_create(&(struct scene_options){0});
	struct kms_output *output = scene_output(scene, 0);
	uint32_t *memory;

	scene->card->refuses_import = true;
	memory = scene_show_dmabuf(scene, RED);
	scene_expect_log("frames are copied");
	fake_flip(output);
	scene_wait_reply(scene, 0);
	scene->card->refuses_import = false;
	scene->card->has_seen = true;
	ahead_us += 2 * G_USEC_PER_SEC;
	scene_dmabuf_update(scene, 0, scene_full);
	g_assert_true(fake_last(output)->buffer->imported);
	fake_flip(output);
	scene_wait_reply(scene, 0);
	/* And now it cannot be shown as it is. */
	output->shows_dmabufs = false;
	scene_paint(memory, GREEN);
	scene_dmabuf_update(scene, 0, scene_full);
	scene_expect_no_log();
	scene_expect_color(output, GREEN);
	fake_flip(output);
	scene_wait_reply(scene, 0);
	scene_destroy(scene);
}

/* This process can have no more fds: to ask what one is takes one. */
static struct rlimit take_all_fds(int any)
{
	int lowest = fcntl(any, F_DUPFD, 0);
	struct rlimit limit, none;

	close(lowest);
	g_assert_cmpint(getrlimit(RLIMIT_NOFILE, &limit), ==, 0);
	none = limit;
	none.rlim_cur = (rlim_t)lowest;
	g_assert_cmpint(setrlimit(RLIMIT_NOFILE, &none), ==, 0);
	return limit;
}

/* What a dma-buf is could not be asked just then: it is not taken for another thing, and shown with
 * the next frame. */
static void test_told_apart_of_the_moment(void)
{
	struct scene *scene = scene_create_red(&(struct scene_options){0});
	struct kms_output *output = scene_output(scene, 0);
	struct rlimit limit;
	uint32_t *memory;
	int fd = fake_dmabuf_create(SCENE_BYTES, &memory);

	scene->card->refuses_import = true;
	scene_paint(memory, GREEN);
	scene_dmabuf(scene, 0, 64, 48, fd);
	limit = take_all_fds(scene->peers[0]);
	scene_dmabuf_update(scene, 0, scene_full);
	g_assert_cmpint(setrlimit(RLIMIT_NOFILE, &limit), ==, 0);
	scene_expect_log("frames are copied");
	g_assert_cmpuint(guest_counters(scene->guests[0])->replies[REPLY_UNUSABLE], ==, 1);
	scene_expect_color(output, RED);
	scene_wait_reply(scene, 0);
	scene_dmabuf_update(scene, 0, scene_full);
	scene_expect_no_log();
	scene_expect_color(output, GREEN);
	fake_flip(output);
	scene_wait_reply(scene, 0);
	scene_destroy(scene);
}

/* Nor is a picture lost for good for which there was no room when it was announced. */
static void test_surface_of_the_moment(void)
{
	struct scene *scene = scene_create(&(struct scene_options){0});
	struct account *account = scene->accounts[0];
	uint64_t most = account_most(account, ACCOUNT_SURFACE_BYTES);

	g_assert_true(account_charge(account, ACCOUNT_SURFACE_BYTES, most, NULL));
	scene_scanout(scene, 0, 64, 48);
	scene_expect_log("bytes of pictures");
	scene_update(scene, 0, scene_full, RED);
	scene_expect_log("UPDATE");
	account_discharge(account, ACCOUNT_SURFACE_BYTES, most);
	scene_update(scene, 0, scene_full, GREEN);
	scene_expect_color(scene_output(scene, 0), GREEN);
	scene_destroy(scene);
}

/* Of dma-bufs the guest has its share already: what is shown stays, its frame is answered, and with
 * one that goes there is room again. */
static void test_share_of_dmabufs(void)
{
	struct scene *scene = scene_create_red(&(struct scene_options){.guests = 2});
	uint64_t most = account_most(scene->accounts[0], ACCOUNT_BUFFER_BYTES);
	struct kms_output *output = scene_output(scene, 0);

	g_assert_true(account_charge(scene->accounts[0], ACCOUNT_BUFFER_BYTES,
		most - SCENE_BYTES + 1, NULL));
	scene_show_dmabuf(scene, BLUE);
	scene_expect_log("scanout 0: a dma-buf is not taken: ");
	scene_wait_reply(scene, 0);
	scene_expect_color(output, RED);
	account_discharge(scene->accounts[0], ACCOUNT_BUFFER_BYTES, 1);
	scene_show_dmabuf(scene, GREEN);
	scene_expect_no_log();
	g_assert_cmpuint(account_used(scene->accounts[0], ACCOUNT_BUFFER_BYTES), ==, most);
	g_assert_cmpuint(account_used(scene->accounts[1], ACCOUNT_BUFFER_BYTES), ==, 0);
	g_assert_true(fake_last(output)->buffer->imported);
	fake_flip(output);
	account_discharge(scene->accounts[0], ACCOUNT_BUFFER_BYTES, most - SCENE_BYTES);
	/* Its own is given back with the picture: scene_destroy() asks. */
	scene_destroy(scene);
}

/* Damage of a frame that could not be read is not lost: the next one brings it along. */
static void test_unreadable_once(void)
{
	static const struct kms_rect left = {0, 0, 32, 48};
	static const struct kms_rect right = {32, 0, 32, 48};
	uint32_t *memory;
	struct scene *scene = create_copied(&memory);
	struct kms_output *output = scene_output(scene, 0);

	scene_paint(memory, GREEN);
	fake_dmabuf_refuse_sync(true);
	scene_dmabuf_update(scene, 0, left);
	fake_dmabuf_refuse_sync(false);
	scene_dmabuf_update(scene, 0, right);
	scene_expect_color(output, GREEN);
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

	output->shows_dmabufs = false;
	scene_show_dmabuf(scene, RED);
	for (int i = 0; i < 3; i++) {
		if (i)
			scene_dmabuf_update(scene, 0, (struct kms_rect){0, 0, 1, 1});
		scene_expect_color(output, RED);
		fake_flip(output);
	}
	scene_dmabuf(scene, 0, 64, 48, fake_dmabuf_create(SCENE_BYTES, &memory));
	scene_paint(memory, BLUE);
	scene_dmabuf_update(scene, 0, (struct kms_rect){0, 0, 1, 1});
	scene_expect_color(output, BLUE);
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
	struct scene *scene = scene_create_red(
		&(struct scene_options){.after.kind = black ? PICTURE_COLOR : PICTURE_LAST});
	struct kms_output *output = scene_output(scene, 0);

	/* Seen by the relay: the VMM has gone. */
	scene_cursor(scene, 0, 3, 4, 0xffffffff);
	g_assert_true(output->cursor_visible);
	guest_detach(scene->guests[0]);
	g_assert_false(guest_attached(scene->guests[0]));
	g_assert_false(output->cursor_visible);
	g_assert_cmpuint(scene->detached[0], ==, 0);
	g_assert_cmpuint(scene->card->trims, ==, 1);
	scene_expect_color(output, black ? 0 : RED);
	if (output->queued.frame.buffer)
		fake_flip(output);

	/* The next VMM is served. */
	scene_attach(scene, 0);
	scene_scanout(scene, 0, 64, 48);
	scene_update(scene, 0, scene_full, BLUE);
	scene_expect_color(output, BLUE);
	g_assert_false(output->cursor_visible);
	g_assert_cmpuint(guest_counters(scene->guests[0])->attached, ==, 2);
	scene_destroy(scene);
}

/* A guest that switched its scanout off before it went leaves no picture behind either. */
static void test_after_disabled(void)
{
	struct scene *scene = scene_create_red(
		&(struct scene_options){.after.kind = PICTURE_COLOR});
	struct kms_output *output = scene_output(scene, 0);

	scene_scanout(scene, 0, 0, 0);
	scene_expect_color(output, RED);
	scene_hang_up(scene, 0);
	scene_expect_color(output, 0);
	fake_flip(output);
	scene_destroy(scene);
}

/* The last picture of a dma-buf comes back after a VT switch, though the guest has gone. */
static void test_after_last_dmabuf(void)
{
	struct scene *scene = scene_create(&(struct scene_options){.after.kind = PICTURE_LAST});
	struct kms_output *output = scene_output(scene, 0);

	scene_show_dmabuf(scene, RED);
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
	struct scene *scene = scene_create(&(struct scene_options){.before.kind = PICTURE_LAST});

	g_assert_true(scene->card->requests[0].keep_picture);
	scene_scanout(scene, 0, 64, 48);
	scene_hang_up(scene, 0);
	g_assert_cmpuint(scene_output(scene, 0)->commit_count, ==, 0);
	scene_destroy(scene);
}

int main(int argc, char **argv)
{
	fixture_init(&argc, &argv);
	g_test_add_func("/guest/content/new-scanout-waits", test_new_scanout_waits);
	g_test_add_func("/guest/content/disabled-keeps-picture", test_disabled_keeps_picture);
	g_test_add_func("/guest/content/dmabuf-and-pixels", test_dmabuf_and_pixels);
	g_test_add_func("/guest/content/copied-while-off", test_copied_while_off);
	g_test_add_func("/guest/content/copied-larger", test_copied_larger);
	g_test_add_func("/guest/content/copied-on-another-card", test_copied_on_another_card);
	g_test_add_data_func("/guest/content/unreadable/import-refused", GINT_TO_POINTER(false),
		test_unreadable);
	g_test_add_data_func("/guest/content/unreadable/test-refused", GINT_TO_POINTER(true),
		test_unreadable);
	g_test_add_func("/guest/content/unreadable/larger", test_unreadable_larger);
	g_test_add_func("/guest/content/import-of-the-moment", test_import_of_the_moment);
	g_test_add_func("/guest/content/imported-elsewhere", test_imported_elsewhere);
	g_test_add_func("/guest/content/told-apart-of-the-moment", test_told_apart_of_the_moment);
	g_test_add_func("/guest/content/surface-of-the-moment", test_surface_of_the_moment);
	g_test_add_func("/guest/content/share-of-dmabufs", test_share_of_dmabufs);
	g_test_add_func("/guest/content/unreadable/once", test_unreadable_once);
	g_test_add_func("/guest/content/new-content-is-whole", test_new_content_is_whole);
	g_test_add_func("/guest/content/part-of-buffer", test_part_of_buffer);
	g_test_add_data_func("/guest/after/last", GINT_TO_POINTER(false), test_after);
	g_test_add_data_func("/guest/after/black", GINT_TO_POINTER(true), test_after);
	g_test_add_func("/guest/after/disabled", test_after_disabled);
	g_test_add_func("/guest/after/last-dmabuf", test_after_last_dmabuf);
	g_test_add_func("/guest/content/told-by-import", test_told_by_import);
	g_test_add_func("/guest/content/none-among-new", test_none_among_new);
	g_test_add_func("/guest/before/last", test_before);
	return g_test_run();
}
