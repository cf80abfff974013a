/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a guest's pixels make of the picture on a fake card: updates, half-received ones, several
 * guests and scanouts. Contents are test-guest-content's, cursors test-guest-cursor's, answers
 * test-reply-table's.
 */
#include "channel_fixture.h"
#include "fake/fake_dmabuf.h"
#include "scene_fixture.h"
#include "vhost_user_gpu.h"

/* ---- pixels ---- */

static void test_updates_coalesce(void)
{
	struct scene *scene = scene_create_red(&(struct scene_options){0});
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
	g_assert_cmpuint(guest_counters(scene->guests[0])->pixel_bytes, ==, SCENE_BYTES + 3 * 4);
	scene_destroy(scene);
}

/* A message in parts: until its last byte nothing of it is shown, whatever else happens. */
static void test_half_received(void)
{
	struct scene *scene = scene_create_red(&(struct scene_options){0});
	struct kms_output *output = scene_output(scene, 0);

	scene_half_update(scene, 0, scene_full, GREEN, SCENE_BYTES / 2);
	g_assert_cmpuint(output->commit_count, ==, 1);
	scene_expect_color(output, RED);
	scene_more_pixels(scene, GREEN, SCENE_BYTES / 2);
	g_assert_cmpuint(output->commit_count, ==, 2);
	scene_expect_color(output, GREEN);

	/* The flip's event comes in mid-message, with damage waiting below it. */
	scene_update(scene, 0, (struct kms_rect){5, 5, 1, 1}, RED);
	scene_half_update(scene, 0, scene_full, BLUE, 64 * 4 * 20);
	fake_flip(output);
	g_assert_cmpuint(output->commit_count, ==, 2);
	scene_expect_color(output, GREEN);
	scene_more_pixels(scene, BLUE, SCENE_BYTES - 64 * 4 * 20);
	g_assert_cmpuint(output->commit_count, ==, 3);
	scene_expect_color(output, BLUE);
	fake_flip(output);
	scene_destroy(scene);
}

/* What does not overlap the message in progress is not held up by it. */
static void test_half_received_elsewhere(void)
{
	struct scene *scene = scene_create_red(&(struct scene_options){0});
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
	struct scene *scene = scene_create_red(&(struct scene_options){0});
	struct kms_output *output = scene_output(scene, 0);
	g_autoptr(GByteArray) bytes = g_byte_array_new();
	size_t before = output->commit_count;

	/* End of one message and half of the next, in one piece; the event always in
	 * mid-message. */
	scene_half_update(scene, 0, scene_full, GREEN, SCENE_BYTES / 2);
	for (int i = 0; i < 6; i++) {
		g_byte_array_set_size(bytes, 0);
		for (size_t pixel = 0; pixel < SCENE_BYTES / 8; pixel++) {
			uint32_t color = i % 2 ? BLUE : GREEN;

			g_byte_array_append(bytes, (const guint8 *)&color, 4);
		}
		scene_append_update(bytes, 0, scene_full, i % 2 ? GREEN : BLUE);
		scene_send_raw(scene, 0, bytes->data, bytes->len - SCENE_BYTES / 2, -1);
		scene_expect_color(output, i % 2 ? BLUE : GREEN);
		fake_flip(output);
	}
	g_assert_cmpuint(output->commit_count - before, ==, 6);
	scene_destroy(scene);
}

static void test_left_half_sent(gconstpointer data)
{
	bool black = GPOINTER_TO_INT(data);
	struct scene *scene = scene_create_red(
		&(struct scene_options){.after.kind = black ? PICTURE_COLOR : PICTURE_LAST});
	struct kms_output *output = scene_output(scene, 0);

	/* With a second buffer, into which it is drawn as it comes. */
	scene_update(scene, 0, scene_full, RED);
	fake_flip(output);
	scene_half_update(scene, 0, scene_full, GREEN, SCENE_BYTES / 2);
	scene_hang_up(scene, 0);
	scene_expect_log("mid-message");
	scene_expect_color(output, black ? 0 : RED);
	/* Nor when the output comes back later. */
	if (output->queued.frame.buffer)
		fake_flip(output);
	fake_set_active(output, false);
	fake_set_active(output, true);
	scene_expect_color(output, black ? 0 : RED);
	scene_destroy(scene);
}

/* A complete update that waits for a flip is still shown when its sender has gone. */
static void test_last_update_shown(void)
{
	struct scene *scene = scene_create_red(&(struct scene_options){.after.kind = PICTURE_LAST});
	struct kms_output *output = scene_output(scene, 0);

	scene_update(scene, 0, scene_full, GREEN);
	scene_update(scene, 0, scene_full, BLUE);
	scene_expect_color(output, GREEN);
	scene_hang_up(scene, 0);
	fake_flip(output);
	scene_expect_color(output, BLUE);
	fake_flip(output);
	scene_destroy(scene);
}

static void test_bad_updates(void)
{
	static const struct kms_rect beyond[] = {{0, 0, 65, 1}, {64, 0, 1, 1}, {0, 48, 1, 1},
		{1, 0, 64, 48}, {INT32_MAX, 0, 1, 1}};
	struct scene *scene = scene_create_red(&(struct scene_options){0});
	struct kms_output *output = scene_output(scene, 0);

	for (size_t i = 0; i < G_N_ELEMENTS(beyond); i++)
		scene_update(scene, 0, beyond[i], GREEN);
	/* A scanout that was never set up. */
	scene_update(scene, 5, scene_full, GREEN);
	g_assert_cmpuint(output->commit_count, ==, 1);
	scene_expect_log("scanout");
	/* The channel is in step. */
	scene_update(scene, 0, scene_full, GREEN);
	scene_expect_color(output, GREEN);
	scene_destroy(scene);
}

/* What a guest asks for costs memory only up to its share, and that is free again with the
 * content. */
static void test_share_of_memory(void)
{
	struct scene *scene = scene_create_red(&(struct scene_options){.outputs = 2});

	scene_scanout(scene, 1, 16384, 16383);
	scene_expect_log("DP-2: , on, for scanout 1 of guest a");
	scene_scanout(scene, 2, 16384, 16384);
	scene_expect_log("bytes of pictures, the most that a guest may have");
	scene_update(scene, 2, (struct kms_rect){0, 0, 1, 1}, GREEN);
	scene_expect_log("scanout");
	/* What comes for a picture that there is no room for is not drawn into the old one. */
	scene_scanout(scene, 0, 128, 128);
	scene_expect_log("bytes of pictures, the most that a guest may have");
	scene_update(scene, 0, scene_full, GREEN);
	g_assert_cmphex(fake_pixel(scene_output(scene, 0), 0, 0), ==, RED);
	scene_scanout(scene, 0, 64, 48);
	scene_update(scene, 0, scene_full, GREEN);
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

/* ---- several ---- */

static void test_sixteen_scanouts(void)
{
	struct scene *scene = scene_create(&(struct scene_options){.outputs = 16});

	for (uint32_t i = 0; i < 16; i++)
		scene_dmabuf(scene, i, 64, 48, fake_dmabuf_create(SCENE_BYTES, NULL));
	for (uint32_t i = 0; i < 16; i++)
		scene_dmabuf_update(scene, i, scene_full);
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
		&(struct scene_options){.outputs = 2, .guests = 2, .after.kind = PICTURE_LAST});
	struct vhost_user_gpu_scanout scanout = {0, 64, 48};
	g_autoptr(GByteArray) update = g_byte_array_new();
	struct kms_output *first = scene_output(scene, 0);
	struct kms_output *second = scene_output(scene, 1);

	scene_append_update(update, 0, scene_full, GREEN);
	scene_scanout(scene, 0, 64, 48);
	scene_half_update(scene, 0, scene_full, RED, 1000);
	scene_send(scene, 1, VHOST_USER_GPU_SCANOUT, &scanout, sizeof(scanout), -1);
	for (int i = 0; i < 10; i++) {
		if (i == 5) {
			scene_hang_up(scene, 0);
			scene_expect_log("guest a");
		}
		scene_send_raw(scene, 1, update->data, update->len, -1);
		scene_expect_color(second, GREEN);
		g_assert_cmpuint(second->commit_count, ==, (size_t)i + 1);
		fake_flip(second);
	}
	g_assert_cmpuint(first->commit_count, ==, 0);
	scene_expect_no_log();
	scene_destroy(scene);
}

/* As many fds after as before, whatever was shown. */
/* Who comes and goes at the display socket is logged, with the guest's name. */
static void test_told(void)
{
	fixture_peers_forget();
	struct scene *scene = scene_create(&(struct scene_options){0});
	g_autofree char *before = fixture_peers_take();

	g_assert_cmpstr(before, ==, "[a] guest a: display socket: a back-end has connected");
	scene_hang_up(scene, 0);
	g_autofree char *gone = fixture_peers_take();
	g_assert_cmpstr(gone, ==, "[a] guest a: display socket: the back-end has disconnected");
	scene_attach(scene, 0);
	g_autofree char *again = fixture_peers_take();
	g_assert_cmpstr(again, ==, before);
	/* The relay says it where it was the VMM that went. */
	guest_detach(scene->guests[0]);
	g_assert_null(fixture_peers_take());
	scene_expect_no_log();
	scene_destroy(scene);
}

static void test_no_fd_leaks(void)
{
	size_t before = fixture_count_fds();

	for (int i = 0; i < 3; i++) {
		struct scene *scene = scene_create(&(struct scene_options){0});
		struct kms_output *output = scene_output(scene, 0);

		output->shows_dmabufs = i != 1;
		for (int frame = 0; frame < 5; frame++) {
			scene_dmabuf(scene, 0, 64, 48, fake_dmabuf_create(SCENE_BYTES, NULL));
			scene_dmabuf_update(scene, 0, scene_full);
			if (kms_output_busy(output))
				fake_flip(output);
			scene_scanout(scene, 0, 64, (uint32_t)(40 + frame));
			scene_dmabuf(scene, 1, 64, 48, fake_dmabuf_create(SCENE_BYTES, NULL));
		}
		if (i == 2)
			scene_hang_up(scene, 0);
		scene_destroy(scene);
	}
	g_assert_cmpuint(fixture_count_fds(), ==, before);
}

/* A rectangle of nothing is answered, and the channel's word on it is enough. */
static void test_flat_update(void)
{
	static const struct kms_rect rects[] = {{0, 0, SCENE_WIDTH, 0}, {0, 0, 0, SCENE_HEIGHT}};

	for (size_t i = 0; i < G_N_ELEMENTS(rects); i++) {
		struct scene *scene = scene_create(&(struct scene_options){0});
		g_autofree char *log = NULL;

		scene_show_dmabuf(scene, RED);
		fake_flip(scene_output(scene, 0));
		g_assert_cmpuint(scene_replies(scene, 0), ==, 1);
		scene_dmabuf_update(scene, 0, rects[i]);
		scene_wait_reply(scene, 0);
		g_assert_cmpuint(scene_output(scene, 0)->commit_count, ==, 1);
		log = fixture_log_take();
		g_assert_cmpstr(log, ==,
			"[a] guest a: DMABUF_UPDATE: empty rectangle: nothing to show");
		scene_destroy(scene);
	}
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
	g_test_add_func("/guest/several/sixteen-scanouts", test_sixteen_scanouts);
	g_test_add_func("/guest/several/two-guests", test_two_guests);
	g_test_add_func("/guest/told", test_told);
	g_test_add_func("/guest/no-fd-leaks", test_no_fd_leaks);
	g_test_add_func("/guest/pixels/flat-update", test_flat_update);
	return g_test_run();
}
