/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Frames of several scanouts that are copied and answered before they are shown: when the answer comes, that no
 * buffer is shown or read after it, and that each frame can go either way. When it is done by itself is
 * test-answers' matter; here is answers=copied, but for the last tests.
 */
#include <errno.h>
#include <string.h>
#include <time.h>

#include "channel_fixture.h"
#include "fake/fake_dmabuf.h"
#include "scene/view.h"
#include "scene_fixture.h"
#include "wire/account.h"

#define GREY 0x808080u
/* A pacing timer that never fires within a test. */
#define SLOW_MHZ 1

static const struct layout_output two[] = {
	{.name = "DP-1", .guest = "a", .scanout = 0},
	{.name = "DP-2", .guest = "a", .scanout = 1},
};

static struct scene *create(struct scene_options options)
{
	options.outputs = 2;
	options.sections = two;
	options.section_count = 2;
	return scene_create(&options);
}

static uint64_t counted(const struct scene *scene, enum guest_reply reply)
{
	return guest_counters(scene->guests[0])->replies[reply];
}

static uint64_t copied_early(const struct scene *scene)
{
	return guest_counters(scene->guests[0])->frames_copied[COPY_EARLY];
}

/* Unless it is negative the clock stands still but for this, at each look at it. */
static gint64 look_takes_us = -1;

/* GLib's, for all of scene/. */
gint64 g_get_monotonic_time(void)
{
	static gint64 now_us;
	struct timespec now;

	now_us += look_takes_us;
	if (look_takes_us >= 0)
		return now_us;
	clock_gettime(CLOCK_MONOTONIC, &now);
	now_us = now.tv_sec * G_USEC_PER_SEC + now.tv_nsec / 1000;
	return now_us;
}

/* A new buffer on the scanout, and its first frame. Returns its memory. */
static uint32_t *show(struct scene *scene, uint32_t scanout, uint32_t color)
{
	uint32_t *memory;
	int fd = fake_dmabuf_create(SCENE_BYTES, &memory);

	scene_paint(memory, color);
	scene_dmabuf(scene, scanout, SCENE_WIDTH, SCENE_HEIGHT, fd);
	scene_dmabuf_update(scene, scanout, scene_full);
	return memory;
}

/* Another frame of a buffer. */
static void draw(struct scene *scene, uint32_t scanout, uint32_t *memory, uint32_t color)
{
	scene_paint(memory, color);
	scene_dmabuf_update(scene, scanout, scene_full);
}

static bool is_direct(const struct kms_output *output)
{
	return fake_last(output)->buffer->imported;
}

/* All that was drawn is on the glass. */
static void finish_flips(struct kms_output *output)
{
	while (fake_in_flight(output))
		fake_flip(output);
}

/* Both scanouts show a buffer as it is, red and blue. */
static struct scene *create_shown(struct scene_options options, uint32_t **first, uint32_t **second)
{
	struct scene *scene = create(options);

	*first = show(scene, 0, RED);
	finish_flips(scene_output(scene, 0));
	*second = show(scene, 1, BLUE);
	finish_flips(scene_output(scene, 1));
	g_assert_cmpuint(scene_replies(scene, 0), ==, 2);
	return scene;
}

/* Both show copies of them, green; nothing is in flight. */
static struct scene *create_early(struct scene_options options, uint32_t **first, uint32_t **second)
{
	struct scene *scene;

	options.answers = ANSWERS_COPIED;
	scene = create_shown(options, first, second);
	draw(scene, 0, *first, GREEN);
	fake_flip(scene_output(scene, 0));
	draw(scene, 1, *second, GREEN);
	finish_flips(scene_output(scene, 1));
	g_assert_cmpuint(scene_replies(scene, 0), ==, 2);
	return scene;
}

/* ---- when the answer comes ---- */

static void test_first_copy(void)
{
	uint32_t *first, *second;
	struct scene *scene = create_shown((struct scene_options){.answers = ANSWERS_COPIED},
		&first, &second);
	struct kms_output *output = scene_output(scene, 0);

	/* The first of them had the device to itself, and the second came when the other was there. */
	g_assert_true(is_direct(output));
	g_assert_false(is_direct(scene_output(scene, 1)));
	g_assert_cmpuint(counted(scene, REPLY_FLIP), ==, 1);
	g_assert_cmpuint(counted(scene, REPLY_EARLY), ==, 1);

	/* Until it is gone from the plane, the guest must not draw into the buffer. */
	draw(scene, 0, first, GREEN);
	g_assert_false(is_direct(output));
	scene_expect_color(output, GREEN);
	g_assert_cmpuint(scene_replies(scene, 0), ==, 0);
	fake_flip(output);
	g_assert_cmpuint(scene_replies(scene, 0), ==, 1);
	g_assert_cmpuint(counted(scene, REPLY_COPIED), ==, 1);
	scene_expect_no_log();
	scene_destroy(scene);
}

static void test_at_once(void)
{
	uint32_t *first, *second;
	struct scene *scene = create_early((struct scene_options){0}, &first, &second);
	struct kms_output *output = scene_output(scene, 0);
	uint64_t early = counted(scene, REPLY_EARLY);

	/* Nothing is in flight: answered at once, shown with the next flip. */
	draw(scene, 0, first, RED);
	g_assert_cmpuint(scene_replies(scene, 0), ==, 1);
	g_assert_true(fake_in_flight(output));
	scene_paint(first, GREY);
	scene_expect_color(output, RED);

	/* One is: answered when that is on the glass, and not before. */
	draw(scene, 0, first, BLUE);
	g_assert_cmpuint(scene_replies(scene, 0), ==, 0);
	fake_flip(output);
	g_assert_cmpuint(scene_replies(scene, 0), ==, 1);
	scene_paint(first, GREY);
	scene_expect_color(output, BLUE);
	fake_flip(output);
	g_assert_cmpuint(scene_replies(scene, 0), ==, 0);
	g_assert_cmpuint(counted(scene, REPLY_EARLY), ==, early + 2);
	g_assert_cmpuint(guest_counters(scene->guests[0])->frames_superseded, ==, 0);
	scene_expect_no_log();
	scene_destroy(scene);
}

/* Round and round, as a guest with one update outstanding does it: each output gets each vblank. */
static void test_full_rate(void)
{
	uint32_t *memory[2];
	struct scene *scene = create_early((struct scene_options){0}, &memory[0], &memory[1]);
	unsigned int answered = 0;
	size_t commits[2];

	for (uint32_t i = 0; i < 2; i++) {
		draw(scene, i, memory[i], RED);
		commits[i] = scene_output(scene, i)->commit_count;
	}
	g_assert_cmpuint(scene_replies(scene, 0), ==, 2);
	for (unsigned int vblank = 1; vblank <= 20; vblank++) {
		for (uint32_t i = 0; i < 2; i++) {
			draw(scene, i, memory[i], vblank);
			g_assert_cmpuint(scene_replies(scene, 0), ==, 0);
			fake_flip(scene_output(scene, i));
			answered += scene_replies(scene, 0);
			scene_paint(memory[i], GREY);
			scene_expect_color(scene_output(scene, i), vblank);
			g_assert_cmpuint(scene_output(scene, i)->commit_count, ==,
				commits[i] + vblank);
		}
	}
	g_assert_cmpuint(answered, ==, 40);
	scene_destroy(scene);
}

/* A new buffer at each frame, and those before it are drawn into as soon as that is allowed. */
static void test_page_flips(void)
{
	uint32_t *first, *second;
	struct scene *scene = create_early((struct scene_options){0}, &first, &second);
	struct kms_output *output = scene_output(scene, 0);

	for (uint32_t i = 1; i <= 10; i++) {
		uint32_t *memory = show(scene, 0, i);

		if (i > 1)
			fake_flip(output);
		g_assert_cmpuint(scene_replies(scene, 0), ==, 1);
		scene_paint(memory, GREY);
		scene_expect_color(output, i);
	}
	scene_destroy(scene);
}

/* Flips that come at once say nothing of the rate: the timer does, of each scanout for itself. */
static void test_no_vblank(void)
{
	uint32_t *first, *second;
	struct scene *scene = create_early((struct scene_options){0}, &first, &second);
	struct kms_output *output = scene_output(scene, 0);
	struct guest_state *state = scene->states[0];

	output->mode.refresh_mhz = SLOW_MHZ;
	draw(scene, 0, first, RED);
	fake_flip_without_vblank(output);
	g_assert_cmpuint(scene_replies(scene, 0), ==, 1);

	draw(scene, 0, first, BLUE);
	fake_flip_without_vblank(output);
	g_assert_cmpuint(scene_replies(scene, 0), ==, 0);
	scene_expect_color(output, BLUE);
	/* As if its last answer had been long ago; that of the other scanout is of no matter. */
	state->scanout_reply_us[0] = -G_MAXINT32;
	draw(scene, 1, second, RED);
	fake_flip(scene_output(scene, 1));
	g_assert_cmpuint(scene_replies(scene, 0), ==, 2);
	scene_destroy(scene);
}

/* Answers keep the order of requests. */
static void test_order(void)
{
	uint32_t *first, *second;
	struct scene *scene = create_early((struct scene_options){0}, &first, &second);

	draw(scene, 0, first, RED);
	g_assert_cmpuint(scene_replies(scene, 0), ==, 1);
	draw(scene, 0, first, BLUE);
	draw(scene, 1, second, BLUE);
	g_assert_cmpuint(scene_replies(scene, 0), ==, 0);
	fake_flip(scene_output(scene, 1));
	g_assert_cmpuint(scene_replies(scene, 0), ==, 0);
	fake_flip(scene_output(scene, 0));
	g_assert_cmpuint(scene_replies(scene, 0), ==, 2);
	scene_destroy(scene);
}

/* More requests than a back-end may have open, at two scanouts at once: one answer each. */
static void test_flood(void)
{
	uint32_t *first, *second;
	struct scene *scene = create_early((struct scene_options){0}, &first, &second);
	unsigned int replies = 0;

	for (unsigned int i = 0; i < 100; i++)
		draw(scene, i % 2, i % 2 ? second : first, i);
	while (fake_in_flight(scene_output(scene, 0)) || fake_in_flight(scene_output(scene, 1))) {
		for (uint32_t i = 0; i < 2; i++) {
			if (fake_in_flight(scene_output(scene, i)))
				fake_flip(scene_output(scene, i));
			replies += scene_replies(scene, 0);
		}
	}
	g_assert_cmpuint(replies, ==, 100);
	scene_destroy(scene);
}

static void test_mirrored(void)
{
	static const struct layout_output three[] = {
		{.name = "DP-1", .guest = "a", .scanout = 0},
		{.name = "DP-2", .guest = "a", .scanout = 1},
		{.name = "DP-3", .guest = "a", .scanout = 0},
	};
	struct scene *scene = scene_create(&(struct scene_options){.answers = ANSWERS_COPIED,
		.outputs = 3,
		.sections = three,
		.section_count = 3});
	struct kms_output *slow = scene_output(scene, 0);
	struct kms_output *fast = scene_output(scene, 2);
	uint32_t *memory;

	slow->mode.refresh_mhz = 30000;
	show(scene, 1, BLUE);
	fake_flip(scene_output(scene, 1));
	memory = show(scene, 0, RED);
	finish_flips(slow);
	finish_flips(fast);
	g_assert_cmpuint(scene_replies(scene, 0), ==, 2);
	draw(scene, 0, memory, BLUE);
	g_assert_cmpuint(scene_replies(scene, 0), ==, 1);
	/* Nobody waits for the slower one, which shows the newest when it can. */
	draw(scene, 0, memory, GREEN);
	fake_flip(fast);
	g_assert_cmpuint(scene_replies(scene, 0), ==, 1);
	draw(scene, 0, memory, BLUE);
	fake_flip(slow);
	g_assert_cmpuint(scene_replies(scene, 0), ==, 0);
	fake_flip(fast);
	g_assert_cmpuint(scene_replies(scene, 0), ==, 1);
	scene_paint(memory, GREY);
	fake_flip(slow);
	scene_expect_color(slow, BLUE);
	scene_expect_color(fast, BLUE);
	scene_destroy(scene);
}

/* Copies take the place of a buffer that two outputs show: it is the guest's again when both have let it go. */
static void test_mirrored_begin(void)
{
	static const struct layout_output three[] = {
		{.name = "DP-1", .guest = "a", .scanout = 0},
		{.name = "DP-2", .guest = "a", .scanout = 1},
		{.name = "DP-3", .guest = "a", .scanout = 0},
	};
	struct scene *scene = scene_create(&(struct scene_options){.answers = ANSWERS_COPIED,
		.outputs = 3,
		.sections = three,
		.section_count = 3});
	struct kms_output *slow = scene_output(scene, 0);
	struct kms_output *fast = scene_output(scene, 2);
	uint32_t *memory;

	slow->mode.refresh_mhz = 30000;
	memory = show(scene, 0, RED);
	finish_flips(slow);
	finish_flips(fast);
	g_assert_true(is_direct(slow) && is_direct(fast));
	show(scene, 1, BLUE);
	finish_flips(scene_output(scene, 1));
	g_assert_cmpuint(scene_replies(scene, 0), ==, 2);

	draw(scene, 0, memory, GREEN);
	fake_flip(fast);
	g_assert_false(is_direct(fast));
	g_assert_cmpuint(scene_replies(scene, 0), ==, 0);
	fake_flip(slow);
	g_assert_cmpuint(scene_replies(scene, 0), ==, 1);
	/* From now on nobody waits for the slower one. */
	draw(scene, 0, memory, RED);
	g_assert_cmpuint(scene_replies(scene, 0), ==, 1);
	draw(scene, 0, memory, BLUE);
	fake_flip(fast);
	g_assert_cmpuint(scene_replies(scene, 0), ==, 1);
	scene_destroy(scene);
}

/* ---- what is answered is ours ---- */

/* The guest draws on meanwhile; whatever has the picture shown again shows what was answered. */
static void test_shown_again(void)
{
	uint32_t *first, *second;
	struct scene *scene = create_early((struct scene_options){0}, &first, &second);
	struct kms_output *output = scene_output(scene, 0);

	draw(scene, 0, first, RED);
	fake_flip(output);
	g_assert_cmpuint(scene_replies(scene, 0), ==, 1);
	scene_paint(first, GREY);

	fake_set_active(output, false);
	fake_set_active(output, true);
	g_assert_false(is_direct(output));
	scene_expect_color(output, RED);
	fake_flip(output);

	/* In another mode, and with a cursor that must be drawn into it. */
	fake_set_mode(output, SCENE_WIDTH * 2, SCENE_HEIGHT * 2);
	scene_expect_color(output, RED);
	fake_flip(output);
	fake_set_mode(output, SCENE_WIDTH, SCENE_HEIGHT);
	fake_flip(output);
	output->cursor_plane = false;
	scene_cursor(scene, 0, 10, 10, 0xff0000ff);
	while (!fake_in_flight(output))
		g_main_context_iteration(NULL, TRUE);
	g_assert_cmphex(fake_pixel(output, 10, 10), ==, BLUE);
	g_assert_cmphex(fake_pixel(output, 40, 40), ==, RED);
	g_assert_cmphex(fake_pixel(output, 9, 9), ==, RED);
	scene_expect_no_log();
	scene_destroy(scene);
}

/* Another output comes, and shows it, too. */
static void test_shown_elsewhere(void)
{
	static const struct layout_output swapped[] = {
		{.name = "DP-1", .guest = "a", .scanout = 1},
		{.name = "DP-2", .guest = "a", .scanout = 0},
	};
	uint32_t *first, *second;
	struct scene *scene = create_early((struct scene_options){0}, &first, &second);

	draw(scene, 0, first, RED);
	fake_flip(scene_output(scene, 0));
	g_assert_cmpuint(scene_replies(scene, 0), ==, 1);
	scene_paint(first, GREY);
	scene_paint(second, GREY);
	scene_reconfigure(scene, &(struct scene_options){.sections = swapped, .section_count = 2});
	for (size_t i = 0; i < 2; i++)
		finish_flips(scene_output(scene, i));
	scene_expect_color(scene_output(scene, 0), GREEN);
	scene_expect_color(scene_output(scene, 1), RED);
	scene_destroy(scene);
}

/* The back-end goes: the last picture is what was answered. */
static void test_last_picture(void)
{
	uint32_t *first, *second;
	struct scene *scene = create_early((struct scene_options){.after = {.kind = PICTURE_LAST}},
		&first, &second);
	struct kms_output *output = scene_output(scene, 0);

	draw(scene, 0, first, RED);
	draw(scene, 0, first, BLUE);
	g_assert_cmpuint(scene_replies(scene, 0), ==, 1);
	scene_paint(first, GREY);
	scene_hang_up(scene, 0);
	finish_flips(output);
	scene_expect_color(output, BLUE);
	scene_destroy(scene);
}

/* The card goes, and with it what was drawn there, which reads as zeroes: when it is back the buffer is shown. */
static void test_card_goes(void)
{
	uint32_t *first, *second;
	struct scene *scene = create_early((struct scene_options){0}, &first, &second);
	struct kms_output *output = scene_output(scene, 0);

	draw(scene, 0, first, RED);
	finish_flips(output);
	g_assert_false(is_direct(output));
	memset(fake_last(output)->buffer->pixels, 0, SCENE_BYTES);
	scene->card->gone = true;
	layout_set_device(scene->layout, 0, NULL);
	guest_set_device(scene->guests[0], 0, NULL);
	scene->card->gone = false;
	guest_set_device(scene->guests[0], 0, scene->card);
	layout_set_device(scene->layout, 0, scene->card);
	fake_tell(scene->card);
	g_assert_true(is_direct(output));
	finish_flips(output);
	scene_destroy(scene);
}

/* Part of it is new, each time another one, on canvases that have missed what was new before. */
static void test_part(void)
{
	uint32_t *first, *second;
	struct scene *scene = create_early((struct scene_options){0}, &first, &second);
	struct kms_output *output = scene_output(scene, 0);

	for (int32_t part = 0; part < 6; part++) {
		for (int32_t y = 8; y < 24; y++) {
			for (int32_t x = 8 * part; x < 8 * part + 8; x++)
				first[y * SCENE_WIDTH + x] = RED;
		}
		scene_dmabuf_update(scene, 0, (struct kms_rect){8 * part, 8, 8, 16});
		finish_flips(output);
		g_assert_cmpuint(scene_replies(scene, 0), ==, 1);
		for (uint32_t x = 0; x < SCENE_WIDTH; x++) {
			uint32_t color = x < 8 * (uint32_t)part + 8 ? RED : GREEN;

			g_assert_cmphex(fake_pixel(output, x, 8), ==, color);
			g_assert_cmphex(fake_pixel(output, x, 23), ==, color);
			g_assert_cmphex(fake_pixel(output, x, 7), ==, GREEN);
			g_assert_cmphex(fake_pixel(output, x, 24), ==, GREEN);
		}
	}
	scene_destroy(scene);
}

/* More outputs show it, one of them only later: what was answered, though no surface has it. */
static void test_another_output(void)
{
	static const struct layout_output three[] = {
		{.name = "DP-1", .guest = "a", .scanout = 0},
		{.name = "DP-2", .guest = "a", .scanout = 1},
		{.name = "DP-3", .guest = "a", .scanout = 0},
	};
	uint32_t *first, *second;
	struct scene_options options = {.answers = ANSWERS_COPIED,
		.outputs = 3,
		.sections = three,
		.section_count = 2};
	struct scene *scene = scene_create(&options);

	second = show(scene, 1, BLUE);
	finish_flips(scene_output(scene, 1));
	first = show(scene, 0, BLUE);
	for (int i = 0; i < 3; i++) {
		draw(scene, 0, first, i == 2 ? RED : GREEN);
		finish_flips(scene_output(scene, 0));
	}
	g_assert_cmpuint(scene_replies(scene, 0), ==, 5);
	scene_paint(first, GREY);
	scene_paint(second, GREY);
	options.section_count = 3;
	scene_reconfigure(scene, &options);
	fake_tell(scene->card);
	finish_flips(scene_output(scene, 2));
	scene_expect_color(scene_output(scene, 2), RED);

	/* One of them goes; and the next frames are for both, or for one, as before. */
	draw(scene, 0, first, BLUE);
	finish_flips(scene_output(scene, 0));
	finish_flips(scene_output(scene, 2));
	scene_expect_color(scene_output(scene, 0), BLUE);
	scene_expect_color(scene_output(scene, 2), BLUE);
	options.section_count = 2;
	scene_reconfigure(scene, &options);
	draw(scene, 0, first, GREEN);
	scene_paint(first, GREY);
	finish_flips(scene_output(scene, 0));
	scene_expect_color(scene_output(scene, 0), GREEN);
	scene_destroy(scene);
}

/* A back-end that does not wait for its answers: there are three buffers, and the newest is shown. */
static void test_impatient(void)
{
	uint32_t *first, *second;
	struct scene *scene = create_early((struct scene_options){0}, &first, &second);
	struct kms_output *output = scene_output(scene, 0);
	unsigned int replies = 0;

	for (uint32_t i = 1; i <= 8; i++)
		draw(scene, 0, first, i);
	scene_paint(first, GREY);
	while (fake_in_flight(output)) {
		fake_flip(output);
		replies += scene_replies(scene, 0);
	}
	g_assert_cmpuint(replies, ==, 8);
	scene_expect_color(output, 8);
	scene_destroy(scene);
}

/* Each frame is copied once, into the buffer that is shown: nobody reads or writes a surface. */
static void test_one_copy(void)
{
	uint32_t *first, *second;
	struct scene *scene = create_early((struct scene_options){0}, &first, &second);
	uint64_t surfaces = account_used(scene->accounts[0], ACCOUNT_SURFACE_BYTES);

	for (uint32_t i = 1; i <= 5; i++) {
		show(scene, 0, i);
		finish_flips(scene_output(scene, 0));
		scene_expect_color(scene_output(scene, 0), i);
	}
	/* That of the first copies is gone with their buffer. */
	g_assert_cmpuint(account_used(scene->accounts[0], ACCOUNT_SURFACE_BYTES), <, surfaces);
	scene_destroy(scene);
}

/* But where what is shown is read too slowly nothing is drawn there past the surface, since it may have to be read
 * back. */
static void test_read_slowly(gconstpointer slowly)
{
	static const struct layout_output centred[] = {
		{.name = "DP-1", .guest = "a", .scanout = 0, .policy = PLACE_CENTER},
		{.name = "DP-2", .guest = "a", .scanout = 1, .policy = PLACE_CENTER},
	};
	struct scene *scene = scene_create(&(struct scene_options){.answers = ANSWERS_COPIED,
		.width = 4 * SCENE_WIDTH,
		.height = 4 * SCENE_HEIGHT,
		.outputs = 2,
		.sections = centred,
		.section_count = 2});
	struct kms_output *output = scene_output(scene, 0);

	look_takes_us = slowly ? 20000 : 0;
	for (uint32_t i = 0; i < 2; i++) {
		show(scene, i, RED);
		finish_flips(scene_output(scene, i));
	}
	/* The first copy is always one to the surface, which goes with its buffer unless it is written again. */
	for (uint32_t i = 1; i <= 5; i++) {
		show(scene, 0, i);
		finish_flips(output);
		g_assert_false(is_direct(output));
		g_assert_cmphex(fake_pixel(output, 2 * SCENE_WIDTH, 2 * SCENE_HEIGHT), ==, i);
	}
	g_assert_cmpuint(account_used(scene->accounts[0], ACCOUNT_SURFACE_BYTES), ==,
		slowly ? 2 * SCENE_BYTES : SCENE_BYTES);
	look_takes_us = -1;
	scene_destroy(scene);
}

/* ---- either way ---- */

/* Alone again, it goes as it is, and is answered when it is on the glass; and back. */
static void test_switch(void)
{
	uint32_t *first, *second;
	struct scene *scene = create_early((struct scene_options){0}, &first, &second);
	struct kms_output *output = scene_output(scene, 0);
	uint64_t copies;

	scene_scanout(scene, 1, 0, 0);
	copies = copied_early(scene);
	draw(scene, 0, first, RED);
	g_assert_true(is_direct(output));
	g_assert_cmpuint(scene_replies(scene, 0), ==, 0);
	fake_flip(output);
	g_assert_cmpuint(scene_replies(scene, 0), ==, 1);
	g_assert_cmpuint(copied_early(scene), ==, copies);

	second = show(scene, 1, BLUE);
	g_assert_cmpuint(scene_replies(scene, 0), ==, 1);
	draw(scene, 0, first, BLUE);
	g_assert_false(is_direct(output));
	g_assert_cmpuint(scene_replies(scene, 0), ==, 0);
	fake_flip(output);
	g_assert_cmpuint(scene_replies(scene, 0), ==, 1);
	draw(scene, 0, first, GREEN);
	g_assert_cmpuint(scene_replies(scene, 0), ==, 1);
	scene_expect_color(output, GREEN);
	scene_destroy(scene);
}

/* An output goes off: one scanout is seen by nobody, and the other has the device to itself. */
static void test_other_output_off(void)
{
	uint32_t *first, *second;
	struct scene *scene = create_early((struct scene_options){0}, &first, &second);

	fake_set_active(scene_output(scene, 1), false);
	draw(scene, 0, first, RED);
	g_assert_true(is_direct(scene_output(scene, 0)));
	fake_flip(scene_output(scene, 0));
	g_assert_cmpuint(scene_replies(scene, 0), ==, 1);
	scene_destroy(scene);
}

/* kms/ can wait for a GPU, and a copy cannot. */
static void test_busy(void)
{
	uint32_t *first, *second;
	struct scene *scene = create_early((struct scene_options){0}, &first, &second);
	struct kms_output *output = scene_output(scene, 0);

	fake_dmabuf_set_busy(first, true);
	draw(scene, 0, first, RED);
	g_assert_true(is_direct(output));
	g_assert_cmpuint(scene_replies(scene, 0), ==, 0);
	fake_dmabuf_set_busy(first, false);
	fake_flip(output);
	g_assert_cmpuint(scene_replies(scene, 0), ==, 1);
	draw(scene, 0, first, BLUE);
	g_assert_false(is_direct(output));
	fake_flip(output);
	g_assert_cmpuint(scene_replies(scene, 0), ==, 1);
	scene_destroy(scene);
}

/* … and where no plane takes it, its frame waits, and what was answered before stays on the glass. */
static void test_busy_copied(void)
{
	uint32_t *first, *second;
	struct scene *scene = create_early((struct scene_options){0}, &first, &second);
	struct kms_output *output = scene_output(scene, 0);

	output->shows_dmabufs = false;
	fake_dmabuf_set_busy(first, true);
	draw(scene, 0, first, RED);
	g_assert_cmpuint(scene_replies(scene, 0), ==, 0);
	fake_set_mode(output, SCENE_WIDTH * 2, SCENE_HEIGHT * 2);
	scene_expect_color(output, GREEN);
	fake_flip(output);
	fake_dmabuf_set_busy(first, false);
	fixture_settle();
	scene_expect_color(output, RED);
	g_assert_cmpuint(scene_replies(scene, 0), ==, 1);
	fake_flip(output);
	g_assert_cmpuint(scene_replies(scene, 0), ==, 0);
	scene_destroy(scene);
}

static void test_unreadable(void)
{
	uint32_t *first, *second;
	struct scene *scene = create_early((struct scene_options){0}, &first, &second);
	struct kms_output *output = scene_output(scene, 0);
	uint64_t copies = copied_early(scene);

	fake_dmabuf_refuse_sync(true);
	for (int i = 0; i < 3; i++) {
		draw(scene, 0, first, RED);
		g_assert_true(is_direct(output));
		g_assert_cmpuint(scene_replies(scene, 0), ==, 0);
		fake_flip(output);
		g_assert_cmpuint(scene_replies(scene, 0), ==, 1);
	}
	g_assert_cmpuint(copied_early(scene), ==, copies);
	scene_expect_log("buffer cannot be read");
	fake_dmabuf_refuse_sync(false);
	draw(scene, 0, first, BLUE);
	g_assert_false(is_direct(output));
	fake_flip(output);
	g_assert_cmpuint(scene_replies(scene, 0), ==, 1);
	scene_destroy(scene);
}

/* … nor shown as it is: what is on the glass stays, not what a surface has of an older frame. */
static void test_unreadable_copied(void)
{
	uint32_t *first, *second;
	struct scene *scene = create_early((struct scene_options){0}, &first, &second);
	struct kms_output *output = scene_output(scene, 0);

	output->shows_dmabufs = false;
	for (int i = 0; i < 3; i++) {
		draw(scene, 0, first, RED);
		finish_flips(output);
	}
	g_assert_cmpuint(scene_replies(scene, 0), ==, 3);
	fake_dmabuf_refuse_sync(true);
	draw(scene, 0, first, BLUE);
	scene_expect_color(output, RED);
	g_assert_false(fake_in_flight(output));
	scene_wait_reply(scene, 0);
	g_assert_cmpuint(counted(scene, REPLY_UNUSABLE), ==, 1);
	fake_dmabuf_refuse_sync(false);
	draw(scene, 0, first, BLUE);
	scene_expect_color(output, BLUE);
	scene_destroy(scene);
}

/* Each scanout has brought enough frames to be known. */
static void draw_on_both(struct scene *scene, uint32_t **memory, uint32_t color)
{
	for (unsigned int i = 0; i < 2 * ANSWERS_RUN; i++) {
		for (uint32_t scanout = 0; scanout < 2; scanout++) {
			draw(scene, scanout, memory[scanout], color);
			g_assert_true(is_direct(scene_output(scene, scanout)));
			finish_flips(scene_output(scene, scanout));
		}
		g_assert_cmpuint(scene_replies(scene, 0), ==, 2);
	}
}

/* There is no memory for copies: each frame goes as it is, also the one for which that was found out. */
static void test_no_canvas(gconstpointer data)
{
	struct scene_options options = {.answers = (enum answers_mode)GPOINTER_TO_UINT(data)};
	struct scene *scene = create(options);
	uint32_t *memory[2];

	scene->card->refuses_dumb = true;
	for (uint32_t i = 0; i < 2; i++) {
		scene_output(scene, i)->mode.refresh_mhz = SLOW_MHZ;
		memory[i] = show(scene, i, RED);
		finish_flips(scene_output(scene, i));
	}
	g_assert_cmpuint(scene_replies(scene, 0), ==, 2);
	draw_on_both(scene, memory, GREEN);
	scene_expect_log("no scanout buffer");
	draw_on_both(scene, memory, BLUE);
	scene_expect_no_log();
	g_assert_cmpuint(counted(scene, REPLY_UNUSABLE), ==, 0);
	g_assert_cmpuint(copied_early(scene), ==, 0);
	scene_destroy(scene);
}

/* … or for one only, which is not known before a flip is in flight: what is then lost is one frame. */
static void test_one_canvas(void)
{
	uint32_t *first, *second;
	struct scene *scene = create_shown((struct scene_options){.answers = ANSWERS_COPIED},
		&first, &second);
	struct kms_output *output = scene_output(scene, 0);

	draw(scene, 0, first, GREEN);
	scene->card->refuses_dumb = true;
	draw(scene, 0, first, RED);
	finish_flips(output);
	g_assert_false(is_direct(output));
	for (int i = 0; i < 3; i++) {
		draw(scene, 0, first, BLUE);
		g_assert_true(is_direct(output));
		finish_flips(output);
	}
	g_assert_cmpuint(scene_replies(scene, 0), ==, 5);
	scene_destroy(scene);
}

/* ---- what goes wrong under way ---- */

static void test_off_under_way(void)
{
	uint32_t *first, *second;
	struct scene *scene = create_early((struct scene_options){0}, &first, &second);
	struct kms_output *output = scene_output(scene, 0);

	output->mode.refresh_mhz = 1000000;
	draw(scene, 0, first, RED);
	draw(scene, 0, first, BLUE);
	g_assert_cmpuint(scene_replies(scene, 0), ==, 1);
	fake_set_active(output, false);
	scene_wait_reply(scene, 0);
	g_assert_cmpuint(counted(scene, REPLY_FAILED), ==, 1);

	/* When it is back nothing of before is waited for. */
	fake_set_active(output, true);
	fake_flip(output);
	draw(scene, 0, first, GREEN);
	g_assert_cmpuint(scene_replies(scene, 0), ==, 1);
	scene_expect_color(output, GREEN);
	scene_destroy(scene);
}

static void test_failed(void)
{
	uint32_t *first, *second;
	struct scene *scene = create_early((struct scene_options){0}, &first, &second);
	struct kms_output *output = scene_output(scene, 0);

	draw(scene, 0, first, RED);
	draw(scene, 0, first, BLUE);
	g_assert_cmpuint(scene_replies(scene, 0), ==, 1);
	fake_fail(output, ENOMEM);
	g_assert_cmpuint(scene_replies(scene, 0), ==, 1);
	finish_flips(output);
	g_assert_cmpuint(scene_replies(scene, 0), ==, 0);
	draw(scene, 0, first, GREEN);
	g_assert_cmpuint(scene_replies(scene, 0), ==, 1);
	scene_expect_color(output, GREEN);
	scene_destroy(scene);
}

static void test_peer_gone(void)
{
	uint32_t *first, *second;
	struct scene *scene = create_early((struct scene_options){0}, &first, &second);

	draw(scene, 0, first, RED);
	draw(scene, 0, first, BLUE);
	g_assert_cmpuint(scene_replies(scene, 0), ==, 1);
	scene_hang_up(scene, 0);
	fake_flip(scene_output(scene, 0));
	scene_attach(scene, 0);
	/* A new guest begins as the first one did. */
	show(scene, 0, RED);
	finish_flips(scene_output(scene, 0));
	g_assert_true(is_direct(scene_output(scene, 0)));
	scene_destroy(scene);
}

/* ---- as configured ---- */

static void test_never(void)
{
	uint32_t *first, *second;
	struct scene *scene = create_shown((struct scene_options){.answers = ANSWERS_FLIP}, &first,
		&second);

	for (int i = 0; i < 20; i++) {
		draw(scene, 0, first, RED);
		draw(scene, 1, second, RED);
		g_assert_cmpuint(scene_replies(scene, 0), ==, 0);
		fake_flip(scene_output(scene, 0));
		fake_flip(scene_output(scene, 1));
		g_assert_cmpuint(scene_replies(scene, 0), ==, 2);
	}
	g_assert_cmpuint(copied_early(scene), ==, 0);
	scene_destroy(scene);
}

/* Periods of a quarter of an hour: any copy is cheap. */
static void test_auto(void)
{
	uint32_t *first, *second;
	struct scene *scene = create_shown((struct scene_options){0}, &first, &second);
	struct kms_output *output = scene_output(scene, 0);
	gint64 begun_us = g_get_monotonic_time();

	output->mode.refresh_mhz = SLOW_MHZ;
	scene_output(scene, 1)->mode.refresh_mhz = SLOW_MHZ;
	for (int i = 0; i < ANSWERS_RUN; i++) {
		draw(scene, 0, first, RED);
		fake_flip(output);
		g_assert_cmpuint(scene_replies(scene, 0), ==, 1);
	}
	/* One alone is never copied. */
	g_assert_cmpuint(copied_early(scene), ==, 0);
	for (int i = 0; i < 2 * ANSWERS_RUN; i++) {
		draw(scene, 1, second, BLUE);
		if (fake_in_flight(scene_output(scene, 1)))
			fake_flip(scene_output(scene, 1));
		draw(scene, 0, first, BLUE);
		if (fake_in_flight(output))
			fake_flip(output);
		g_assert_cmpuint(scene_replies(scene, 0), ==, 2);
	}
	/* Where this test did not pause itself. */
	if (g_get_monotonic_time() - begun_us < ANSWERS_PAUSE_US)
		g_assert_cmpuint(copied_early(scene), >=, ANSWERS_RUN);
	scene_expect_no_log();
	scene_destroy(scene);
}

int main(int argc, char **argv)
{
	fixture_init(&argc, &argv);
	g_test_add_func("/early/first-copy", test_first_copy);
	g_test_add_func("/early/at-once", test_at_once);
	g_test_add_func("/early/full-rate", test_full_rate);
	g_test_add_func("/early/page-flips", test_page_flips);
	g_test_add_func("/early/no-vblank", test_no_vblank);
	g_test_add_func("/early/order", test_order);
	g_test_add_func("/early/flood", test_flood);
	g_test_add_func("/early/mirrored", test_mirrored);
	g_test_add_func("/early/mirrored/begin", test_mirrored_begin);
	g_test_add_func("/early/ours/shown-again", test_shown_again);
	g_test_add_func("/early/ours/shown-elsewhere", test_shown_elsewhere);
	g_test_add_func("/early/ours/last-picture", test_last_picture);
	g_test_add_func("/early/ours/card-goes", test_card_goes);
	g_test_add_func("/early/ours/part", test_part);
	g_test_add_func("/early/ours/another-output", test_another_output);
	g_test_add_func("/early/impatient", test_impatient);
	g_test_add_func("/early/one-copy", test_one_copy);
	g_test_add_data_func("/early/read-slowly", "slowly", test_read_slowly);
	g_test_add_data_func("/early/read-fast", NULL, test_read_slowly);
	g_test_add_func("/early/switch", test_switch);
	g_test_add_func("/early/switch/other-output-off", test_other_output_off);
	g_test_add_func("/early/busy", test_busy);
	g_test_add_func("/early/busy/copied", test_busy_copied);
	g_test_add_func("/early/unreadable", test_unreadable);
	g_test_add_func("/early/unreadable/copied", test_unreadable_copied);
	g_test_add_data_func("/early/no-canvas/auto", GUINT_TO_POINTER(ANSWERS_AUTO),
		test_no_canvas);
	g_test_add_data_func("/early/no-canvas/copied", GUINT_TO_POINTER(ANSWERS_COPIED),
		test_no_canvas);
	g_test_add_func("/early/no-canvas/second", test_one_canvas);
	g_test_add_func("/early/off-under-way", test_off_under_way);
	g_test_add_func("/early/failed", test_failed);
	g_test_add_func("/early/peer-gone", test_peer_gone);
	g_test_add_func("/early/never", test_never);
	g_test_add_func("/early/auto", test_auto);
	return g_test_run();
}
