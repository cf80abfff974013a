/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One scanout on several outputs: never two different pictures, whatever one of them cannot show,
 * and answers that wait for those outputs alone that still read the guest's buffer. Each output is
 * drawn for itself: test-draw-ahead.
 */
#include <errno.h>
#include <string.h>

#include "channel_fixture.h"
#include "fake/fake_dmabuf.h"
#include "scene/view.h"
#include "scene_fixture.h"

#define GREY 0x808080u

static const struct layout_output both[] = {
	{.name = "DP-1", .guest = "a", .scanout = 0},
	{.name = "DP-2", .guest = "a", .scanout = 0},
};

static struct scene *create(struct scene_options options)
{
	options.outputs = 2;
	options.sections = both;
	options.section_count = 2;
	if (options.after.kind == PICTURE_COLOR)
		options.after.color = GREY;
	return scene_create(&options);
}

static uint64_t counted(const struct scene *scene, enum guest_reply reply)
{
	return guest_counters(scene->guests[0])->replies[reply];
}

/* Red is on both, as it is, and from now on the second one takes no buffer as it is, nor can it be
 * read. */
static struct scene *create_unreadable(struct scene_options options)
{
	struct scene *scene = create(options);

	scene_show_dmabuf(scene, RED);
	fake_flip(scene_output(scene, 0));
	fake_flip(scene_output(scene, 1));
	g_assert_cmpuint(scene_replies(scene, 0), ==, 1);
	scene_output(scene, 1)->shows_dmabufs = false;
	fake_dmabuf_refuse_sync(true);
	return scene;
}

static void destroy_unreadable(struct scene *scene)
{
	fake_dmabuf_refuse_sync(false);
	scene_destroy(scene);
}

/* ---- one that can neither show a buffer nor copy it ---- */

/* The fixture's failed= is its after=. Said once, and the other one goes on without it. */
static void test_left(void)
{
	struct scene *scene = create_unreadable((struct scene_options){0});
	struct kms_output *direct = scene_output(scene, 0);
	struct kms_output *left = scene_output(scene, 1);
	g_autofree char *lines = NULL;

	left->cursor_plane = false;
	for (int i = 0; i < 3; i++) {
		scene_show_dmabuf(scene, GREEN);
		/* Blended it would need the picture below it. */
		scene_cursor(scene, 0, i, i, 0xff0000ff);
		scene_expect_color(left, GREY);
		g_assert_cmpuint(left->commit_count, ==, 2);
		fake_flip(direct);
		g_assert_cmpuint(scene_replies(scene, 0), ==, 1);
	}
	fake_flip(left);
	g_assert_cmpuint(left->commit_count, ==, 2);
	lines = fixture_log_take();
	g_assert_nonnull(strstr(lines, "output DP-2 cannot show its buffer"));
	g_assert_null(strstr(strstr(lines, "DP-2") + 1, "DP-2"));

	/* As soon as it can be read, it is shown again. */
	fake_dmabuf_refuse_sync(false);
	scene_show_dmabuf(scene, BLUE);
	g_assert_cmpuint(left->commit_count, ==, 3);
	g_assert_cmphex(fake_pixel(left, 40, 40), ==, BLUE);
	g_assert_cmphex(fake_pixel(left, 2, 2), ==, 0x0000ff);
	destroy_unreadable(scene);
}

/* An update of the buffer that was shown, and was copied until now. */
static void test_left_by_same_buffer(void)
{
	struct scene *scene = create((struct scene_options){0});
	struct kms_output *direct = scene_output(scene, 0);
	struct kms_output *left = scene_output(scene, 1);
	uint32_t *memory;

	left->shows_dmabufs = false;
	memory = scene_show_dmabuf(scene, RED);
	fake_flip(direct);
	fake_flip(left);
	scene_expect_color(left, RED);
	fake_dmabuf_refuse_sync(true);
	scene_paint(memory, GREEN);
	scene_dmabuf_update(scene, 0, scene_full);
	scene_expect_color(left, GREY);
	fake_flip(direct);
	fake_flip(left);
	/* The other one cannot show the next either: nobody has an older one than the others. */
	direct->shows_dmabufs = false;
	scene_show_dmabuf(scene, BLUE);
	scene_expect_color(left, GREY);
	g_assert_cmpuint(left->commit_count, ==, 2);
	g_free(fixture_log_take());
	destroy_unreadable(scene);
}

/* failed=last: its last picture would be an old one beside the other's. */
static void test_left_with_last_picture(void)
{
	struct scene *scene = create_unreadable(
		(struct scene_options){.after.kind = PICTURE_LAST, .font = "/dev/null"});
	struct kms_output *left = scene_output(scene, 1);

	scene_show_dmabuf(scene, GREEN);
	/* Without a font the card is its ground alone. */
	while (left->commit_count == 1)
		g_main_context_iteration(NULL, TRUE);
	g_assert_cmphex(fake_pixel(left, 40, 40), !=, RED);
	g_assert_cmphex(fake_pixel(left, 40, 40), !=, GREEN);
	g_free(fixture_log_take());
	destroy_unreadable(scene);
}

/* Both can show nothing of it: both keep what they have, and nobody is left. */
static void test_none_is_left(void)
{
	struct scene *scene = create_unreadable((struct scene_options){0});

	scene_output(scene, 0)->shows_dmabufs = false;
	scene_show_dmabuf(scene, GREEN);
	scene_wait_reply(scene, 0);
	g_assert_cmpuint(scene_output(scene, 0)->commit_count, ==, 1);
	g_assert_cmpuint(scene_output(scene, 1)->commit_count, ==, 1);
	g_free(fixture_log_take());
	destroy_unreadable(scene);
}

/* It comes when the other shows a picture already; and is lit in a mode in which it can. */
static void test_comes_later(void)
{
	struct scene *scene = create_unreadable((struct scene_options){0});
	struct kms_output *direct = scene_output(scene, 0);
	struct kms_output *left = scene_output(scene, 1);

	fake_set_active(left, false);
	scene_show_dmabuf(scene, GREEN);
	fake_flip(direct);
	g_assert_cmpuint(scene_replies(scene, 0), ==, 1);
	fake_set_active(left, true);
	scene_expect_color(left, GREY);
	fake_flip(left);
	left->shows_dmabufs = true;
	fake_set_active(left, false);
	fake_set_active(left, true);
	/* What was there before is lit first. */
	fake_flip(left);
	g_assert_true(fake_last(left)->buffer->imported);
	fake_flip(left);
	scene_show_dmabuf(scene, BLUE);
	g_assert_true(fake_last(left)->buffer->imported);
	g_free(fixture_log_take());
	destroy_unreadable(scene);
}

/* Nobody else shows it when it comes, but later. */
static void test_other_comes_later(void)
{
	struct scene *scene = create_unreadable((struct scene_options){0});
	struct kms_output *direct = scene_output(scene, 0);
	struct kms_output *left = scene_output(scene, 1);

	fake_set_active(direct, false);
	fake_set_active(left, false);
	fake_set_active(left, true);
	g_assert_cmpuint(left->commit_count, ==, 1);
	fake_set_active(direct, true);
	g_assert_true(fake_last(direct)->buffer->imported);
	scene_expect_color(left, GREY);
	g_free(fixture_log_take());
	destroy_unreadable(scene);
}

/* The guest goes, or switches its screen off: what is shown then is as on all others. */
static void test_goes(gconstpointer data)
{
	struct scene *scene = create_unreadable(
		(struct scene_options){.blank_after_ms = data ? 1 : 0,
			.off_after_ms = data ? G_MAXINT : 0});
	struct kms_output *left = scene_output(scene, 1);

	scene_show_dmabuf(scene, GREEN);
	fake_flip(left);
	if (data)
		scene_scanout(scene, 0, 0, 0);
	else
		scene_hang_up(scene, 0);
	fake_flip(scene_output(scene, 0));
	while (data && fake_pixel(left, 40, 40) != 0)
		g_main_context_iteration(NULL, TRUE);
	scene_expect_color(left, data ? 0 : GREY);
	/* Another size of it brings nothing back. */
	fake_flip(left);
	fake_set_mode(left, SCENE_WIDTH * 2, SCENE_HEIGHT * 2);
	g_assert_cmphex(fake_pixel(left, 40, 40), ==, data ? 0 : GREY);
	g_free(fixture_log_take());
	destroy_unreadable(scene);
}

/* A frame that the other shows ends what one waited for: the older request is answered while the
 * newer one is being taken, which still waits for its own flip. */
static void test_lost_meanwhile(void)
{
	struct scene *scene = create((struct scene_options){0});
	struct kms_output *direct = scene_output(scene, 0);
	struct kms_output *left = scene_output(scene, 1);
	uint32_t *memory = scene_show_dmabuf(scene, RED);

	fake_flip(direct);
	fake_flip(left);
	g_assert_cmpuint(scene_replies(scene, 0), ==, 1);
	fake_dmabuf_set_busy(memory, true);
	left->shows_dmabufs = false;
	left->refuses_submit = true;
	scene_dmabuf_update(scene, 0, scene_full);
	fake_flip(direct);
	/* The copy is still to be made of the buffer, when its fences have signalled. */
	g_assert_cmpuint(scene_replies(scene, 0), ==, 0);
	left->refuses_submit = false;
	fake_dmabuf_refuse_sync(true);
	scene_show_dmabuf(scene, GREEN);
	g_assert_cmpuint(counted(scene, REPLY_FAILED), ==, 1);
	g_assert_cmpuint(scene_replies(scene, 0), ==, 1);
	fake_flip(direct);
	g_assert_cmpuint(scene_replies(scene, 0), ==, 1);
	g_assert_cmpuint(counted(scene, REPLY_FLIP), ==, 1);
	g_free(fixture_log_take());
	destroy_unreadable(scene);
}

/* ---- who is waited for ---- */

/* A copy is ours: its output may be slow, or stuck, and the guest draws on. */
static void test_copy_is_not_awaited(void)
{
	struct scene *scene = create((struct scene_options){0});
	struct kms_output *direct = scene_output(scene, 0);
	struct kms_output *copied = scene_output(scene, 1);
	static const uint32_t colors[] = {RED, GREEN, BLUE};

	copied->shows_dmabufs = false;
	for (size_t i = 0; i < G_N_ELEMENTS(colors); i++) {
		scene_show_dmabuf(scene, colors[i]);
		g_assert_cmpuint(scene_replies(scene, 0), ==, 0);
		fake_flip(direct);
		g_assert_cmpuint(scene_replies(scene, 0), ==, 1);
		g_assert_cmpuint(copied->commit_count, ==, 1);
	}
	scene_expect_color(copied, RED);
	fake_flip(copied);
	scene_expect_color(copied, BLUE);
	g_assert_cmpuint(counted(scene, REPLY_ALL_OUTPUTS), ==, 3);
	g_free(fixture_log_take());
	scene_destroy(scene);
}

/* Where all are copies the fastest sets the pace, whichever it is, and the next one where that
 * goes. */
static void test_fastest_copy_sets_the_pace(void)
{
	struct scene *scene = create((struct scene_options){0});
	struct kms_output *slow = scene_output(scene, 0);
	struct kms_output *fast = scene_output(scene, 1);

	slow->mode.refresh_mhz = 30000;
	scene->card->refuses_import = true;
	for (int i = 0; i < 3; i++) {
		scene_show_dmabuf(scene, i < 2 ? RED : GREEN);
		g_assert_cmpuint(scene_replies(scene, 0), ==, 0);
		fake_flip(fast);
		g_assert_cmpuint(scene_replies(scene, 0), ==, 1);
	}
	fake_flip(slow);
	scene_expect_color(slow, GREEN);
	scene_show_dmabuf(scene, BLUE);
	fake_set_active(fast, false);
	scene_wait_reply(scene, 0);
	scene_show_dmabuf(scene, RED);
	g_assert_cmpuint(scene_replies(scene, 0), ==, 0);
	/* Of the one before. */
	fake_flip(slow);
	g_assert_cmpuint(scene_replies(scene, 0), ==, 0);
	fake_flip(slow);
	g_assert_cmpuint(scene_replies(scene, 0), ==, 1);
	g_free(fixture_log_take());
	scene_destroy(scene);
}

/* The guest's own buffer is read by each output that it is on: a faster one does not answer for
 * it. */
static void test_slowest_direct_is_awaited(void)
{
	struct scene *scene = create((struct scene_options){0});
	struct kms_output *slow = scene_output(scene, 1);

	slow->mode.refresh_mhz = 30000;
	scene_show_dmabuf(scene, RED);
	fake_flip(scene_output(scene, 0));
	g_assert_cmpuint(scene_replies(scene, 0), ==, 0);
	fake_flip(slow);
	g_assert_cmpuint(scene_replies(scene, 0), ==, 1);
	scene_destroy(scene);
}

/* Red is on both, and green on its way, which the second one's driver refuses as it is. */
static struct scene *create_refused(void)
{
	struct scene *scene = create((struct scene_options){0});
	struct kms_output *refused = scene_output(scene, 1);

	scene_show_dmabuf(scene, RED);
	fake_flip(scene_output(scene, 0));
	fake_flip(refused);
	g_assert_cmpuint(scene_replies(scene, 0), ==, 1);
	scene_show_dmabuf(scene, GREEN);
	g_assert_true(fake_last(refused)->buffer->imported);
	refused->shows_dmabufs = false;
	fake_fail(refused, EINVAL);
	g_free(fixture_log_take());
	return scene;
}

/* The red buffer is still on the second one, until a copy of the green one is. */
static void test_refused_reads_on(void)
{
	struct scene *scene = create_refused();
	struct kms_output *refused = scene_output(scene, 1);

	g_assert_false(fake_last(refused)->buffer->imported);
	fake_flip(scene_output(scene, 0));
	g_assert_cmpuint(scene_replies(scene, 0), ==, 0);
	fake_flip(refused);
	g_assert_cmpuint(scene_replies(scene, 0), ==, 1);
	scene_expect_color(refused, GREEN);
	g_assert_cmpuint(counted(scene, REPLY_ALL_OUTPUTS), ==, 2);
	scene_destroy(scene);
}

/* Nothing else is tried after that, or the output goes off: nobody waits for it for ever. */
static void test_refused_again(gconstpointer off)
{
	struct scene *scene = create_refused();

	fake_flip(scene_output(scene, 0));
	g_assert_cmpuint(scene_replies(scene, 0), ==, 0);
	if (off)
		fake_set_active(scene_output(scene, 1), false);
	else
		fake_fail(scene_output(scene, 1), EINVAL);
	scene_wait_reply(scene, 0);
	g_free(fixture_log_take());
	scene_destroy(scene);
}

/* Where there is one output alone the answer is at once, and what comes is awaited by the next. */
static void test_refused_alone(void)
{
	struct scene *scene = create_refused();

	fake_set_active(scene_output(scene, 0), false);
	fake_flip(scene_output(scene, 1));
	g_assert_cmpuint(scene_replies(scene, 0), ==, 1);
	scene_output(scene, 1)->shows_dmabufs = true;
	scene_show_dmabuf(scene, BLUE);
	fake_flip(scene_output(scene, 1));
	scene_replies(scene, 0);
	scene_show_dmabuf(scene, RED);
	fake_fail(scene_output(scene, 1), EINVAL);
	g_assert_cmpuint(scene_replies(scene, 0), ==, 1);
	g_free(fixture_log_take());
	scene_destroy(scene);
}

/* Red is on both, and green on its way, of which the second one's event does not come. */
static struct scene *create_stuck(void)
{
	struct scene *scene = create((struct scene_options){0});

	scene_show_dmabuf(scene, RED);
	fake_flip(scene_output(scene, 0));
	fake_flip(scene_output(scene, 1));
	g_assert_cmpuint(scene_replies(scene, 0), ==, 1);
	scene_show_dmabuf(scene, GREEN);
	return scene;
}

/* The red buffer is on it still, and comes back with the mode set that helps: the green one goes
 * behind that. */
static void test_stuck_reads_on(void)
{
	struct scene *scene = create_stuck();
	struct kms_output *stuck = scene_output(scene, 1);
	const struct kms_buffer *green = fake_last(stuck)->buffer;

	fake_flip(scene_output(scene, 0));
	fake_fail(stuck, ETIMEDOUT);
	g_assert_cmpuint(scene_replies(scene, 0), ==, 0);
	g_assert_true(fake_in_flight(stuck));
	g_assert_true(fake_last(stuck)->buffer == green);
	fake_flip(stuck);
	g_assert_cmpuint(scene_replies(scene, 0), ==, 1);
	scene_show_dmabuf(scene, BLUE);
	fake_flip(scene_output(scene, 0));
	g_assert_cmpuint(scene_replies(scene, 0), ==, 0);
	fake_flip(stuck);
	g_assert_cmpuint(scene_replies(scene, 0), ==, 1);
	scene_destroy(scene);
}

/* The mode set is of no help, and the output is given up. */
static void test_stuck_off(void)
{
	struct scene *scene = create_stuck();

	fake_flip(scene_output(scene, 0));
	fake_fail(scene_output(scene, 1), ETIMEDOUT);
	g_assert_cmpuint(scene_replies(scene, 0), ==, 0);
	fake_set_active(scene_output(scene, 1), false);
	g_assert_cmpuint(scene_replies(scene, 0), ==, 1);
	scene_destroy(scene);
}

/* Nobody else shows it: the answer is at once. So it is where it is the buffer that is never
 * done. */
static void test_stuck_alone(gconstpointer unfinished)
{
	struct scene *scene = create_stuck();

	if (unfinished)
		fake_flip(scene_output(scene, 0));
	else
		fake_set_active(scene_output(scene, 0), false);
	fake_fail(scene_output(scene, 1), unfinished ? ETIME : ETIMEDOUT);
	g_assert_cmpuint(scene_replies(scene, 0), ==, 1);
	scene_destroy(scene);
}

int main(int argc, char **argv)
{
	fixture_init(&argc, &argv);
	g_test_add_func("/mirror/left", test_left);
	g_test_add_func("/mirror/left/by-same-buffer", test_left_by_same_buffer);
	g_test_add_func("/mirror/left/with-last-picture", test_left_with_last_picture);
	g_test_add_func("/mirror/left/none", test_none_is_left);
	g_test_add_func("/mirror/left/comes-later", test_comes_later);
	g_test_add_func("/mirror/left/other-comes-later", test_other_comes_later);
	g_test_add_data_func("/mirror/left/goes", NULL, test_goes);
	g_test_add_data_func("/mirror/left/switched-off", "off", test_goes);
	g_test_add_func("/mirror/lost-meanwhile", test_lost_meanwhile);
	g_test_add_func("/mirror/copy-is-not-awaited", test_copy_is_not_awaited);
	g_test_add_func("/mirror/fastest-copy-sets-the-pace", test_fastest_copy_sets_the_pace);
	g_test_add_func("/mirror/slowest-direct-is-awaited", test_slowest_direct_is_awaited);
	g_test_add_func("/mirror/refused/reads-on", test_refused_reads_on);
	g_test_add_data_func("/mirror/refused/again", NULL, test_refused_again);
	g_test_add_data_func("/mirror/refused/off", "off", test_refused_again);
	g_test_add_func("/mirror/refused/alone", test_refused_alone);
	g_test_add_func("/mirror/stuck/reads-on", test_stuck_reads_on);
	g_test_add_func("/mirror/stuck/off", test_stuck_off);
	g_test_add_data_func("/mirror/stuck/alone", NULL, test_stuck_alone);
	g_test_add_data_func("/mirror/stuck/unfinished", "unfinished", test_stuck_alone);
	return g_test_run();
}
