/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Frames of several scanouts that are copied and answered before they are shown: when the answer
 * comes, that no buffer is shown or read after it, and that each frame can go either way. When it
 * is done by itself is test-answers' matter; here is answers=copied, but for the last tests.
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

static const struct layout_output sections[] = {
	{.name = "DP-1", .guest = "a", .scanout = 0},
	{.name = "DP-2", .guest = "a", .scanout = 1},
	{.name = "DP-3", .guest = "a", .scanout = 0},
};

/* Of each test. */
struct early {
	struct scene_options options; /* as the scene was configured */
	struct scene *scene;
	struct kms_output *output[G_N_ELEMENTS(sections)];
	uint32_t *memory[2]; /* of the buffer that each scanout has */
};

static const struct scene_options copied = {.answers = ANSWERS_COPIED};

static unsigned int replies(const struct early *early)
{
	return scene_replies(early->scene, 0);
}

static uint64_t counted(const struct early *early, enum guest_reply reply)
{
	return guest_counters(early->scene->guests[0])->replies[reply];
}

static uint64_t copied_early(const struct early *early)
{
	return guest_counters(early->scene->guests[0])->frames_copied[COPY_EARLY];
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

/* Another frame of the scanout's buffer. */
static void draw(struct early *early, uint32_t scanout, uint32_t color)
{
	scene_paint(early->memory[scanout], color);
	scene_dmabuf_update(early->scene, scanout, scene_full);
}

/* A new buffer on the scanout, and its first frame. */
static void show(struct early *early, uint32_t scanout, uint32_t color)
{
	early->memory[scanout] = scene_show_dmabuf_on(early->scene, scanout, color);
}

/* What was answered is to be ours: the guest draws into its buffer, and nobody is to see that. */
static void spoil(struct early *early, uint32_t scanout)
{
	scene_paint(early->memory[scanout], GREY);
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

/* ---- how tests begin ---- */

static void create(struct early *early, const struct scene_options *options,
	const struct layout_output *placed, size_t outputs, size_t section_count)
{
	early->options = *options;
	early->options.outputs = outputs;
	early->options.sections = placed;
	early->options.section_count = section_count;
	early->scene = scene_create(&early->options);
	for (size_t i = 0; i < outputs; i++)
		early->output[i] = scene_output(early->scene, i);
}

/* Two outputs with a scanout each, on which nothing is shown so far. */
static void set_up_dark(struct early *early, gconstpointer options)
{
	create(early, options, sections, 2, 2);
}

/* Both scanouts show a buffer as it is, red and blue. */
static void set_up_shown(struct early *early, gconstpointer options)
{
	set_up_dark(early, options);
	show(early, 0, RED);
	finish_flips(early->output[0]);
	show(early, 1, BLUE);
	finish_flips(early->output[1]);
	g_assert_cmpuint(replies(early), ==, 2);
}

/* Both show copies of them, green; nothing is in flight. */
static void set_up_copied(struct early *early, gconstpointer options)
{
	set_up_shown(early, options);
	draw(early, 0, GREEN);
	fake_flip(early->output[0]);
	draw(early, 1, GREEN);
	finish_flips(early->output[1]);
	g_assert_cmpuint(replies(early), ==, 2);
}

/* A third output, which so far nobody is shown on. */
static void set_up_third(struct early *early, gconstpointer options)
{
	create(early, options, sections, 3, 2);
}

/* The first scanout is shown on the third output, too, and the first is the slower one. */
static void set_up_mirrored(struct early *early, gconstpointer options)
{
	create(early, options, sections, 3, 3);
	early->output[0]->mode.refresh_mhz = 30000;
}

/* Two outputs that are larger than what is shown on them. */
static void set_up_centred(struct early *early, gconstpointer options)
{
	static const struct layout_output centred[] = {
		{.name = "DP-1", .guest = "a", .scanout = 0, .policy = PLACE_CENTER},
		{.name = "DP-2", .guest = "a", .scanout = 1, .policy = PLACE_CENTER},
	};

	early->options = *(const struct scene_options *)options;
	early->options.width = 4 * SCENE_WIDTH;
	early->options.height = 4 * SCENE_HEIGHT;
	create(early, &early->options, centred, 2, 2);
}

static void tear_down(struct early *early, gconstpointer options)
{
	scene_destroy(early->scene);
}

/* ---- when the answer comes ---- */

static void test_first_copy(struct early *early, gconstpointer options)
{
	struct kms_output *output = early->output[0];

	/* The first of them had the device to itself, and the second came when the other was
	 * there. */
	g_assert_true(is_direct(output));
	g_assert_false(is_direct(early->output[1]));
	g_assert_cmpuint(counted(early, REPLY_FLIP), ==, 1);
	g_assert_cmpuint(counted(early, REPLY_EARLY), ==, 1);

	/* Until it is gone from the plane, the guest must not draw into the buffer. */
	draw(early, 0, GREEN);
	g_assert_false(is_direct(output));
	scene_expect_color(output, GREEN);
	g_assert_cmpuint(replies(early), ==, 0);
	fake_flip(output);
	g_assert_cmpuint(replies(early), ==, 1);
	g_assert_cmpuint(counted(early, REPLY_COPIED), ==, 1);
	scene_expect_no_log();
}

static void test_at_once(struct early *early, gconstpointer options)
{
	struct kms_output *output = early->output[0];
	uint64_t before = counted(early, REPLY_EARLY);

	/* Nothing is in flight: answered at once, shown with the next flip. */
	draw(early, 0, RED);
	g_assert_cmpuint(replies(early), ==, 1);
	g_assert_true(fake_in_flight(output));
	spoil(early, 0);
	scene_expect_color(output, RED);

	/* One is: answered when that is on the glass, and not before. */
	draw(early, 0, BLUE);
	g_assert_cmpuint(replies(early), ==, 0);
	fake_flip(output);
	g_assert_cmpuint(replies(early), ==, 1);
	spoil(early, 0);
	scene_expect_color(output, BLUE);
	fake_flip(output);
	g_assert_cmpuint(replies(early), ==, 0);
	g_assert_cmpuint(counted(early, REPLY_EARLY), ==, before + 2);
	g_assert_cmpuint(guest_counters(early->scene->guests[0])->frames_superseded, ==, 0);
	scene_expect_no_log();
}

/* Round and round, as a guest with one update outstanding does it: each output gets each vblank. */
static void test_full_rate(struct early *early, gconstpointer options)
{
	unsigned int answered = 0;
	size_t commits[2];

	for (uint32_t i = 0; i < 2; i++) {
		draw(early, i, RED);
		commits[i] = early->output[i]->commit_count;
	}
	g_assert_cmpuint(replies(early), ==, 2);
	for (unsigned int vblank = 1; vblank <= 20; vblank++) {
		for (uint32_t i = 0; i < 2; i++) {
			draw(early, i, vblank);
			g_assert_cmpuint(replies(early), ==, 0);
			fake_flip(early->output[i]);
			answered += replies(early);
			spoil(early, i);
			scene_expect_color(early->output[i], vblank);
			g_assert_cmpuint(early->output[i]->commit_count, ==, commits[i] + vblank);
		}
	}
	g_assert_cmpuint(answered, ==, 40);
}

/* A new buffer at each frame, and those before it are drawn into as soon as that is allowed. */
static void test_page_flips(struct early *early, gconstpointer options)
{
	struct kms_output *output = early->output[0];

	for (uint32_t i = 1; i <= 10; i++) {
		show(early, 0, i);
		if (i > 1)
			fake_flip(output);
		g_assert_cmpuint(replies(early), ==, 1);
		spoil(early, 0);
		scene_expect_color(output, i);
	}
}

/* Flips that come at once say nothing of the rate: the timer does, of each scanout for itself. */
static void test_no_vblank(struct early *early, gconstpointer options)
{
	struct kms_output *output = early->output[0];
	struct guest_state *state = early->scene->states[0];

	output->mode.refresh_mhz = SLOW_MHZ;
	draw(early, 0, RED);
	fake_flip_without_vblank(output);
	g_assert_cmpuint(replies(early), ==, 1);

	draw(early, 0, BLUE);
	fake_flip_without_vblank(output);
	g_assert_cmpuint(replies(early), ==, 0);
	scene_expect_color(output, BLUE);
	/* As if its last answer had been long ago; that of the other scanout is of no matter. */
	state->scanout_reply_us[0] = -G_MAXINT32;
	draw(early, 1, RED);
	fake_flip(early->output[1]);
	g_assert_cmpuint(replies(early), ==, 2);
}

/* Answers keep the order of requests. */
static void test_order(struct early *early, gconstpointer options)
{
	draw(early, 0, RED);
	g_assert_cmpuint(replies(early), ==, 1);
	draw(early, 0, BLUE);
	draw(early, 1, BLUE);
	g_assert_cmpuint(replies(early), ==, 0);
	fake_flip(early->output[1]);
	g_assert_cmpuint(replies(early), ==, 0);
	fake_flip(early->output[0]);
	g_assert_cmpuint(replies(early), ==, 2);
}

/* More requests than a back-end may have open, at two scanouts at once: one answer each. */
static void test_flood(struct early *early, gconstpointer options)
{
	unsigned int answered = 0;

	for (unsigned int i = 0; i < 100; i++)
		draw(early, i % 2, i);
	while (fake_in_flight(early->output[0]) || fake_in_flight(early->output[1])) {
		for (uint32_t i = 0; i < 2; i++) {
			if (fake_in_flight(early->output[i]))
				fake_flip(early->output[i]);
			answered += replies(early);
		}
	}
	g_assert_cmpuint(answered, ==, 100);
}

static void test_mirrored(struct early *early, gconstpointer options)
{
	struct kms_output *slow = early->output[0];
	struct kms_output *fast = early->output[2];

	show(early, 1, BLUE);
	fake_flip(early->output[1]);
	show(early, 0, RED);
	finish_flips(slow);
	finish_flips(fast);
	g_assert_cmpuint(replies(early), ==, 2);
	draw(early, 0, BLUE);
	g_assert_cmpuint(replies(early), ==, 1);
	/* Nobody waits for the slower one, which shows the newest when it can. */
	draw(early, 0, GREEN);
	fake_flip(fast);
	g_assert_cmpuint(replies(early), ==, 1);
	draw(early, 0, BLUE);
	fake_flip(slow);
	g_assert_cmpuint(replies(early), ==, 0);
	fake_flip(fast);
	g_assert_cmpuint(replies(early), ==, 1);
	spoil(early, 0);
	fake_flip(slow);
	scene_expect_color(slow, BLUE);
	scene_expect_color(fast, BLUE);
}

/* Copies take the place of a buffer that two outputs show: it is the guest's again when both have
 * let it go. */
static void test_mirrored_begin(struct early *early, gconstpointer options)
{
	struct kms_output *slow = early->output[0];
	struct kms_output *fast = early->output[2];

	show(early, 0, RED);
	finish_flips(slow);
	finish_flips(fast);
	g_assert_true(is_direct(slow) && is_direct(fast));
	show(early, 1, BLUE);
	finish_flips(early->output[1]);
	g_assert_cmpuint(replies(early), ==, 2);

	draw(early, 0, GREEN);
	fake_flip(fast);
	g_assert_false(is_direct(fast));
	g_assert_cmpuint(replies(early), ==, 0);
	fake_flip(slow);
	g_assert_cmpuint(replies(early), ==, 1);
	/* From now on nobody waits for the slower one. */
	draw(early, 0, RED);
	g_assert_cmpuint(replies(early), ==, 1);
	draw(early, 0, BLUE);
	fake_flip(fast);
	g_assert_cmpuint(replies(early), ==, 1);
}

/* The same where the first copy's event does not come on one of them: its plane has the guest's
 * buffer until it does. */
static void test_mirrored_stuck(struct early *early, gconstpointer options)
{
	struct kms_output *stuck = early->output[0];
	struct kms_output *other = early->output[2];

	show(early, 0, RED);
	finish_flips(stuck);
	finish_flips(other);
	show(early, 1, BLUE);
	finish_flips(early->output[1]);
	g_assert_cmpuint(replies(early), ==, 2);

	draw(early, 0, GREEN);
	fake_flip(other);
	fake_fail(stuck, ETIMEDOUT);
	g_assert_cmpuint(replies(early), ==, 0);
	g_assert_false(is_direct(stuck));
	fake_flip(stuck);
	g_assert_cmpuint(replies(early), ==, 1);
	scene_expect_color(stuck, GREEN);

	/* What it shows is ours from now on: nobody waits for it. */
	draw(early, 0, RED);
	fake_flip(other);
	fake_fail(stuck, ETIMEDOUT);
	g_assert_cmpuint(replies(early), ==, 1);
}

/* ---- what is answered is ours ---- */

/* The guest draws on meanwhile; whatever has the picture shown again shows what was answered. */
static void test_shown_again(struct early *early, gconstpointer options)
{
	struct kms_output *output = early->output[0];

	draw(early, 0, RED);
	fake_flip(output);
	g_assert_cmpuint(replies(early), ==, 1);
	spoil(early, 0);

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
	scene_cursor(early->scene, 0, 10, 10, 0xff0000ff);
	while (!fake_in_flight(output))
		g_main_context_iteration(NULL, TRUE);
	g_assert_cmphex(fake_pixel(output, 10, 10), ==, BLUE);
	g_assert_cmphex(fake_pixel(output, 40, 40), ==, RED);
	g_assert_cmphex(fake_pixel(output, 9, 9), ==, RED);
	scene_expect_no_log();
}

/* Another output comes, and shows it, too. */
static void test_shown_elsewhere(struct early *early, gconstpointer options)
{
	static const struct layout_output swapped[] = {
		{.name = "DP-1", .guest = "a", .scanout = 1},
		{.name = "DP-2", .guest = "a", .scanout = 0},
	};

	draw(early, 0, RED);
	fake_flip(early->output[0]);
	g_assert_cmpuint(replies(early), ==, 1);
	spoil(early, 0);
	spoil(early, 1);
	scene_reconfigure(early->scene,
		&(struct scene_options){.sections = swapped, .section_count = 2});
	for (size_t i = 0; i < 2; i++)
		finish_flips(early->output[i]);
	scene_expect_color(early->output[0], GREEN);
	scene_expect_color(early->output[1], RED);
}

/* The back-end goes: the last picture is what was answered. */
static void test_last_picture(struct early *early, gconstpointer options)
{
	struct kms_output *output = early->output[0];

	draw(early, 0, RED);
	draw(early, 0, BLUE);
	g_assert_cmpuint(replies(early), ==, 1);
	spoil(early, 0);
	scene_hang_up(early->scene, 0);
	finish_flips(output);
	scene_expect_color(output, BLUE);
}

/* The card goes, and with it what was drawn there, which reads as zeroes: when it is back the
 * buffer is shown. */
static void test_card_goes(struct early *early, gconstpointer options)
{
	struct scene *scene = early->scene;
	struct kms_output *output = early->output[0];

	draw(early, 0, RED);
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
}

/* Part of it is new, each time another one, on canvases that have missed what was new before. */
static void test_part(struct early *early, gconstpointer options)
{
	struct kms_output *output = early->output[0];

	for (int32_t part = 0; part < 6; part++) {
		for (int32_t y = 8; y < 24; y++) {
			for (int32_t x = 8 * part; x < 8 * part + 8; x++)
				early->memory[0][y * SCENE_WIDTH + x] = RED;
		}
		scene_dmabuf_update(early->scene, 0, (struct kms_rect){8 * part, 8, 8, 16});
		finish_flips(output);
		g_assert_cmpuint(replies(early), ==, 1);
		for (uint32_t x = 0; x < SCENE_WIDTH; x++) {
			uint32_t color = x < 8 * (uint32_t)part + 8 ? RED : GREEN;

			g_assert_cmphex(fake_pixel(output, x, 8), ==, color);
			g_assert_cmphex(fake_pixel(output, x, 23), ==, color);
			g_assert_cmphex(fake_pixel(output, x, 7), ==, GREEN);
			g_assert_cmphex(fake_pixel(output, x, 24), ==, GREEN);
		}
	}
}

static void show_third(struct early *early, bool shown)
{
	early->options.section_count = shown ? 3 : 2;
	scene_reconfigure(early->scene, &early->options);
}

/* More outputs show it, one of them only later: what was answered, though no surface has it. */
static void test_another_output(struct early *early, gconstpointer options)
{
	show(early, 1, BLUE);
	finish_flips(early->output[1]);
	show(early, 0, BLUE);
	for (int i = 0; i < 3; i++) {
		draw(early, 0, i == 2 ? RED : GREEN);
		finish_flips(early->output[0]);
	}
	g_assert_cmpuint(replies(early), ==, 5);
	spoil(early, 0);
	spoil(early, 1);
	show_third(early, true);
	fake_tell(early->scene->card);
	finish_flips(early->output[2]);
	scene_expect_color(early->output[2], RED);

	/* One of them goes; and the next frames are for both, or for one, as before. */
	draw(early, 0, BLUE);
	finish_flips(early->output[0]);
	finish_flips(early->output[2]);
	scene_expect_color(early->output[0], BLUE);
	scene_expect_color(early->output[2], BLUE);
	show_third(early, false);
	draw(early, 0, GREEN);
	spoil(early, 0);
	finish_flips(early->output[0]);
	scene_expect_color(early->output[0], GREEN);
}

/* A back-end that does not wait for its answers: there are three buffers, and the newest is
 * shown. */
static void test_impatient(struct early *early, gconstpointer options)
{
	struct kms_output *output = early->output[0];
	unsigned int answered = 0;

	for (uint32_t i = 1; i <= 8; i++)
		draw(early, 0, i);
	spoil(early, 0);
	while (fake_in_flight(output)) {
		fake_flip(output);
		answered += replies(early);
	}
	g_assert_cmpuint(answered, ==, 8);
	scene_expect_color(output, 8);
}

/* Each frame is copied once, into the buffer that is shown: nobody reads or writes a surface. */
static void test_one_copy(struct early *early, gconstpointer options)
{
	uint64_t surfaces = account_used(early->scene->accounts[0], ACCOUNT_SURFACE_BYTES);

	for (uint32_t i = 1; i <= 5; i++) {
		show(early, 0, i);
		finish_flips(early->output[0]);
		scene_expect_color(early->output[0], i);
	}
	/* That of the first copies is gone with their buffer. */
	g_assert_cmpuint(account_used(early->scene->accounts[0], ACCOUNT_SURFACE_BYTES), <,
		surfaces);
}

/* But where what is shown is read too slowly nothing is drawn there past the surface, since it may
 * have to be read back. */
static void read_at(struct early *early, gint64 look_us, size_t surfaces)
{
	struct kms_output *output = early->output[0];

	look_takes_us = look_us;
	for (uint32_t i = 0; i < 2; i++) {
		show(early, i, RED);
		finish_flips(early->output[i]);
	}
	/* The first copy is always one to the surface, which goes with its buffer unless it is
	 * written again. */
	for (uint32_t i = 1; i <= 5; i++) {
		show(early, 0, i);
		finish_flips(output);
		g_assert_false(is_direct(output));
		g_assert_cmphex(fake_pixel(output, 2 * SCENE_WIDTH, 2 * SCENE_HEIGHT), ==, i);
	}
	g_assert_cmpuint(account_used(early->scene->accounts[0], ACCOUNT_SURFACE_BYTES), ==,
		surfaces * SCENE_BYTES);
	look_takes_us = -1;
}

static void test_read_slowly(struct early *early, gconstpointer options)
{
	read_at(early, 20000, 2);
}

static void test_read_fast(struct early *early, gconstpointer options)
{
	read_at(early, 0, 1);
}

/* ---- either way ---- */

/* Alone again, it goes as it is, and is answered when it is on the glass; and back. */
static void test_switch(struct early *early, gconstpointer options)
{
	struct kms_output *output = early->output[0];
	uint64_t copies;

	scene_scanout(early->scene, 1, 0, 0);
	copies = copied_early(early);
	draw(early, 0, RED);
	g_assert_true(is_direct(output));
	g_assert_cmpuint(replies(early), ==, 0);
	fake_flip(output);
	g_assert_cmpuint(replies(early), ==, 1);
	g_assert_cmpuint(copied_early(early), ==, copies);

	show(early, 1, BLUE);
	g_assert_cmpuint(replies(early), ==, 1);
	draw(early, 0, BLUE);
	g_assert_false(is_direct(output));
	g_assert_cmpuint(replies(early), ==, 0);
	fake_flip(output);
	g_assert_cmpuint(replies(early), ==, 1);
	draw(early, 0, GREEN);
	g_assert_cmpuint(replies(early), ==, 1);
	scene_expect_color(output, GREEN);
}

/* An output goes off: one scanout is seen by nobody, and the other has the device to itself. */
static void test_other_output_off(struct early *early, gconstpointer options)
{
	fake_set_active(early->output[1], false);
	draw(early, 0, RED);
	g_assert_true(is_direct(early->output[0]));
	fake_flip(early->output[0]);
	g_assert_cmpuint(replies(early), ==, 1);
}

/* kms/ can wait for a GPU, and a copy cannot. */
static void test_busy(struct early *early, gconstpointer options)
{
	struct kms_output *output = early->output[0];

	fake_dmabuf_set_busy(early->memory[0], true);
	draw(early, 0, RED);
	g_assert_true(is_direct(output));
	g_assert_cmpuint(replies(early), ==, 0);
	fake_dmabuf_set_busy(early->memory[0], false);
	fake_flip(output);
	g_assert_cmpuint(replies(early), ==, 1);
	draw(early, 0, BLUE);
	g_assert_false(is_direct(output));
	fake_flip(output);
	g_assert_cmpuint(replies(early), ==, 1);
}

/* … and where no plane takes it, its frame waits, and what was answered before stays on the
 * glass. */
static void test_busy_copied(struct early *early, gconstpointer options)
{
	struct kms_output *output = early->output[0];

	output->shows_dmabufs = false;
	fake_dmabuf_set_busy(early->memory[0], true);
	draw(early, 0, RED);
	g_assert_cmpuint(replies(early), ==, 0);
	fake_set_mode(output, SCENE_WIDTH * 2, SCENE_HEIGHT * 2);
	scene_expect_color(output, GREEN);
	fake_flip(output);
	fake_dmabuf_set_busy(early->memory[0], false);
	fixture_settle();
	scene_expect_color(output, RED);
	g_assert_cmpuint(replies(early), ==, 1);
	fake_flip(output);
	g_assert_cmpuint(replies(early), ==, 0);
}

static void test_unreadable(struct early *early, gconstpointer options)
{
	struct kms_output *output = early->output[0];
	uint64_t copies = copied_early(early);

	fake_dmabuf_refuse_sync(true);
	for (int i = 0; i < 3; i++) {
		draw(early, 0, RED);
		g_assert_true(is_direct(output));
		g_assert_cmpuint(replies(early), ==, 0);
		fake_flip(output);
		g_assert_cmpuint(replies(early), ==, 1);
	}
	g_assert_cmpuint(copied_early(early), ==, copies);
	scene_expect_log("buffer cannot be read");
	fake_dmabuf_refuse_sync(false);
	draw(early, 0, BLUE);
	g_assert_false(is_direct(output));
	fake_flip(output);
	g_assert_cmpuint(replies(early), ==, 1);
}

/* … nor shown as it is: what is on the glass stays, not what a surface has of an older frame. */
static void test_unreadable_copied(struct early *early, gconstpointer options)
{
	struct kms_output *output = early->output[0];

	output->shows_dmabufs = false;
	for (int i = 0; i < 3; i++) {
		draw(early, 0, RED);
		finish_flips(output);
	}
	g_assert_cmpuint(replies(early), ==, 3);
	fake_dmabuf_refuse_sync(true);
	draw(early, 0, BLUE);
	scene_expect_color(output, RED);
	g_assert_false(fake_in_flight(output));
	scene_wait_reply(early->scene, 0);
	g_assert_cmpuint(counted(early, REPLY_UNUSABLE), ==, 1);
	fake_dmabuf_refuse_sync(false);
	draw(early, 0, BLUE);
	scene_expect_color(output, BLUE);
}

/* Each scanout has brought enough frames to be known. */
static void draw_on_both(struct early *early, uint32_t color)
{
	for (unsigned int i = 0; i < 2 * ANSWERS_RUN; i++) {
		for (uint32_t scanout = 0; scanout < 2; scanout++) {
			draw(early, scanout, color);
			g_assert_true(is_direct(early->output[scanout]));
			finish_flips(early->output[scanout]);
		}
		g_assert_cmpuint(replies(early), ==, 2);
	}
}

/* There is no memory for copies: each frame goes as it is, also the one for which that was found
 * out. */
static void test_no_canvas(struct early *early, gconstpointer options)
{
	early->scene->card->refuses_dumb = true;
	for (uint32_t i = 0; i < 2; i++) {
		early->output[i]->mode.refresh_mhz = SLOW_MHZ;
		show(early, i, RED);
		finish_flips(early->output[i]);
	}
	g_assert_cmpuint(replies(early), ==, 2);
	draw_on_both(early, GREEN);
	scene_expect_log("no scanout buffer");
	draw_on_both(early, BLUE);
	scene_expect_no_log();
	g_assert_cmpuint(counted(early, REPLY_UNUSABLE), ==, 0);
	g_assert_cmpuint(copied_early(early), ==, 0);
}

/* … or for one only, which is not known before a flip is in flight: what is then lost is one
 * frame. */
static void test_one_canvas(struct early *early, gconstpointer options)
{
	struct kms_output *output = early->output[0];

	draw(early, 0, GREEN);
	early->scene->card->refuses_dumb = true;
	draw(early, 0, RED);
	finish_flips(output);
	g_assert_false(is_direct(output));
	for (int i = 0; i < 3; i++) {
		draw(early, 0, BLUE);
		g_assert_true(is_direct(output));
		finish_flips(output);
	}
	g_assert_cmpuint(replies(early), ==, 5);
}

/* ---- what goes wrong under way ---- */

static void test_off_under_way(struct early *early, gconstpointer options)
{
	struct kms_output *output = early->output[0];

	output->mode.refresh_mhz = 1000000;
	draw(early, 0, RED);
	draw(early, 0, BLUE);
	g_assert_cmpuint(replies(early), ==, 1);
	fake_set_active(output, false);
	scene_wait_reply(early->scene, 0);
	g_assert_cmpuint(counted(early, REPLY_FAILED), ==, 1);

	/* When it is back nothing of before is waited for. */
	fake_set_active(output, true);
	fake_flip(output);
	draw(early, 0, GREEN);
	g_assert_cmpuint(replies(early), ==, 1);
	scene_expect_color(output, GREEN);
}

static void test_failed(struct early *early, gconstpointer options)
{
	struct kms_output *output = early->output[0];

	draw(early, 0, RED);
	draw(early, 0, BLUE);
	g_assert_cmpuint(replies(early), ==, 1);
	fake_fail(output, ENOMEM);
	g_assert_cmpuint(replies(early), ==, 1);
	finish_flips(output);
	g_assert_cmpuint(replies(early), ==, 0);
	draw(early, 0, GREEN);
	g_assert_cmpuint(replies(early), ==, 1);
	scene_expect_color(output, GREEN);
}

static void test_peer_gone(struct early *early, gconstpointer options)
{
	draw(early, 0, RED);
	draw(early, 0, BLUE);
	g_assert_cmpuint(replies(early), ==, 1);
	scene_hang_up(early->scene, 0);
	fake_flip(early->output[0]);
	scene_attach(early->scene, 0);
	/* A new guest begins as the first one did. */
	show(early, 0, RED);
	finish_flips(early->output[0]);
	g_assert_true(is_direct(early->output[0]));
}

/* ---- as configured ---- */

static void test_never(struct early *early, gconstpointer options)
{
	for (int i = 0; i < 20; i++) {
		draw(early, 0, RED);
		draw(early, 1, RED);
		g_assert_cmpuint(replies(early), ==, 0);
		fake_flip(early->output[0]);
		fake_flip(early->output[1]);
		g_assert_cmpuint(replies(early), ==, 2);
	}
	g_assert_cmpuint(copied_early(early), ==, 0);
}

/* Periods of a quarter of an hour: any copy is cheap. */
static void test_auto(struct early *early, gconstpointer options)
{
	struct kms_output *output = early->output[0];
	gint64 begun_us = g_get_monotonic_time();

	output->mode.refresh_mhz = SLOW_MHZ;
	early->output[1]->mode.refresh_mhz = SLOW_MHZ;
	for (int i = 0; i < ANSWERS_RUN; i++) {
		draw(early, 0, RED);
		fake_flip(output);
		g_assert_cmpuint(replies(early), ==, 1);
	}
	/* One alone is never copied. */
	g_assert_cmpuint(copied_early(early), ==, 0);
	for (int i = 0; i < 2 * ANSWERS_RUN; i++) {
		draw(early, 1, BLUE);
		if (fake_in_flight(early->output[1]))
			fake_flip(early->output[1]);
		draw(early, 0, BLUE);
		if (fake_in_flight(output))
			fake_flip(output);
		g_assert_cmpuint(replies(early), ==, 2);
	}
	/* Where this test did not pause itself. */
	if (g_get_monotonic_time() - begun_us < ANSWERS_PAUSE_US)
		g_assert_cmpuint(copied_early(early), >=, ANSWERS_RUN);
	scene_expect_no_log();
}

static void add(const char *path, void (*test)(struct early *early, gconstpointer options))
{
	g_test_add(path, struct early, &copied, set_up_copied, test, tear_down);
}

int main(int argc, char **argv)
{
	static const struct scene_options by_cost = {.answers = ANSWERS_AUTO};
	static const struct scene_options at_flip = {.answers = ANSWERS_FLIP};
	static const struct scene_options keeps_last = {.answers = ANSWERS_COPIED,
		.after = {.kind = PICTURE_LAST}};

	fixture_init(&argc, &argv);
	g_test_add("/early/first-copy", struct early, &copied, set_up_shown, test_first_copy,
		tear_down);
	add("/early/at-once", test_at_once);
	add("/early/full-rate", test_full_rate);
	add("/early/page-flips", test_page_flips);
	add("/early/no-vblank", test_no_vblank);
	add("/early/order", test_order);
	add("/early/flood", test_flood);
	g_test_add("/early/mirrored", struct early, &copied, set_up_mirrored, test_mirrored,
		tear_down);
	g_test_add("/early/mirrored/stuck", struct early, &copied, set_up_mirrored,
		test_mirrored_stuck, tear_down);
	g_test_add("/early/mirrored/begin", struct early, &copied, set_up_mirrored,
		test_mirrored_begin, tear_down);
	add("/early/ours/shown-again", test_shown_again);
	add("/early/ours/shown-elsewhere", test_shown_elsewhere);
	g_test_add("/early/ours/last-picture", struct early, &keeps_last, set_up_copied,
		test_last_picture, tear_down);
	add("/early/ours/card-goes", test_card_goes);
	add("/early/ours/part", test_part);
	g_test_add("/early/ours/another-output", struct early, &copied, set_up_third,
		test_another_output, tear_down);
	add("/early/impatient", test_impatient);
	add("/early/one-copy", test_one_copy);
	g_test_add("/early/read-slowly", struct early, &copied, set_up_centred, test_read_slowly,
		tear_down);
	g_test_add("/early/read-fast", struct early, &copied, set_up_centred, test_read_fast,
		tear_down);
	add("/early/switch", test_switch);
	add("/early/switch/other-output-off", test_other_output_off);
	add("/early/busy", test_busy);
	add("/early/busy/copied", test_busy_copied);
	add("/early/unreadable", test_unreadable);
	add("/early/unreadable/copied", test_unreadable_copied);
	g_test_add("/early/no-canvas/auto", struct early, &by_cost, set_up_dark, test_no_canvas,
		tear_down);
	g_test_add("/early/no-canvas/copied", struct early, &copied, set_up_dark, test_no_canvas,
		tear_down);
	g_test_add("/early/no-canvas/second", struct early, &copied, set_up_shown, test_one_canvas,
		tear_down);
	add("/early/off-under-way", test_off_under_way);
	add("/early/failed", test_failed);
	add("/early/peer-gone", test_peer_gone);
	g_test_add("/early/never", struct early, &at_flip, set_up_shown, test_never, tear_down);
	g_test_add("/early/auto", struct early, &by_cost, set_up_shown, test_auto, tear_down);
	return g_test_run();
}
