/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Guests that stop proving that they are alive: their pictures are covered, they are answered on,
 * and come back. The period is an hour, which passes when a test says so.
 */
#include <time.h>

#include "channel_fixture.h"
#include "fake/fake_dmabuf.h"
#include "scene/source.h"
#include "scene/view.h"
#include "scene_fixture.h"

#define PERIOD_MS 3600000
#define GREY 0x808080u

static gint64 later_us;

/* GLib's, for all of scene/. */
gint64 g_get_monotonic_time(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * G_USEC_PER_SEC + now.tv_nsec / 1000 + later_us;
}

/* An hour without a sign, and the present again: answers by the clock are not put off. */
static void pass_period(struct scene *scene)
{
	later_us = PERIOD_MS * INT64_C(1000);
	fake_probe(scene->card);
	fixture_settle();
	later_us = 0;
}

static struct scene *create(struct scene_options options)
{
	if (options.alive.proof == ALIVE_UNASKED)
		options.alive.proof = ALIVE_FRAMES;
	if (options.alive.period_ms == 0)
		options.alive.period_ms = PERIOD_MS;
	options.after = (struct picture_spec){.color = BLUE};
	if (options.dead.kind == PICTURE_COLOR)
		options.dead.color = GREY;
	return scene_create(&options);
}

static void draw(struct scene *scene, uint32_t color)
{
	scene_scanout(scene, 0, SCENE_WIDTH, SCENE_HEIGHT);
	scene_update(scene, 0, scene_full, color);
}

/* Whatever is on its way to the glass is there. */
static void flip(struct kms_output *output)
{
	while (output->queued.frame.buffer)
		fake_flip(output);
}

/* Guest 0 shows red, and is dead. */
static struct scene *create_dead(struct scene_options options)
{
	struct scene *scene = create(options);

	draw(scene, RED);
	for (size_t i = 0; i < scene->card->output_count; i++)
		flip(scene_output(scene, i));
	g_string_truncate(scene->lives, 0);
	g_free(fixture_log_take());
	pass_period(scene);
	return scene;
}

static void settle_all(struct scene *scene)
{
	fixture_settle();
	for (size_t i = 0; i < scene->card->output_count; i++) {
		while (fake_in_flight(scene_output(scene, i))) {
			fake_flip_without_vblank(scene_output(scene, i));
			fixture_settle();
		}
	}
}

static struct layout_life_counters counters(struct scene *scene)
{
	return layout_life_counters(scene->layout, scene->guests[0]);
}

static void test_covered(void)
{
	struct scene *scene = create_dead((struct scene_options){0});
	struct kms_output *output = scene_output(scene, 0);

	scene_expect_color(output, GREY);
	flip(output);
	g_assert_cmpstr(scene->lives->str, ==, "a dead\n");
	g_assert_cmpint(layout_life(scene->layout, scene->guests[0]), ==, ALIVE_DEAD);
	scene_expect_log("scanout 0 is dead: no frame for 3600000 ms");
	g_assert_cmpuint(counters(scene).alive.deaths, ==, 1);
	g_assert_cmpuint(counters(scene).covers, ==, 1);
	g_assert_cmpuint(counters(scene).alive.silence_us, >=, PERIOD_MS * UINT64_C(1000));
	/* Once. */
	pass_period(scene);
	scene_expect_no_log();
	g_assert_cmpuint(counters(scene).alive.deaths, ==, 1);
	scene_destroy(scene);
}

static void test_back(void)
{
	struct scene *scene = create_dead((struct scene_options){0});
	struct kms_output *output = scene_output(scene, 0);

	flip(output);
	g_free(fixture_log_take());
	scene_update(scene, 0, (struct kms_rect){0, 0, 4, 4}, RED);
	scene_expect_color(output, RED);
	flip(output);
	g_assert_cmpstr(scene->lives->str, ==, "a dead\na alive\n");
	scene_expect_log("scanout 0 is alive again");
	g_assert_cmpuint(counters(scene).alive.returns, ==, 1);
	/* And goes on as before. */
	scene_update(scene, 0, scene_full, GREEN);
	scene_expect_color(output, GREEN);
	flip(output);
	pass_period(scene);
	scene_expect_color(output, GREY);
	g_assert_cmpuint(counters(scene).alive.deaths, ==, 2);
	scene_destroy(scene);
}

/* What was answered early is in no buffer of the guest's: it is there again when it is uncovered,
 * and not what the guest draws meanwhile. */
static void test_early(void)
{
	static const struct layout_output sections[] = {
		{.name = "DP-1", .guest = "a", .scanout = 0},
		{.name = "DP-2", .guest = "a", .scanout = 1},
	};
	struct scene *scene = create((struct scene_options){.outputs = 2,
		.sections = sections,
		.section_count = 2,
		.answers = ANSWERS_COPIED,
		.alive.proof = ALIVE_SOCKET});
	struct kms_output *output = scene_output(scene, 0);
	uint32_t *memory[2];

	for (uint32_t i = 0; i < 2; i++) {
		int fd = fake_dmabuf_create(SCENE_BYTES, &memory[i]);

		scene_dmabuf(scene, i, SCENE_WIDTH, SCENE_HEIGHT, fd);
	}
	for (uint32_t i = 0; i < 8; i++) {
		scene_paint(memory[i % 2], i < 6 ? BLUE : RED);
		scene_dmabuf_update(scene, i % 2, scene_full);
		flip(scene_output(scene, i % 2));
	}
	g_assert_cmpuint(scene_replies(scene, 0), ==, 8);
	scene_expect_color(output, RED);
	for (uint32_t i = 0; i < 2; i++)
		scene_paint(memory[i], GREEN);

	pass_period(scene);
	flip(output);
	scene_expect_color(output, GREY);
	layout_note_life(scene->layout, scene->guests[0]);
	fixture_settle();
	flip(output);
	scene_expect_color(output, RED);
	scene_destroy(scene);
}

/* One that waits for its answer gets it, though its frame never flips, and goes on with the answers
 * of one that is not shown. By the real clock, which those are given by. */
static void test_answered(void)
{
	struct scene *scene = create((struct scene_options){.alive.period_ms = 1});
	const struct guest_counters *counters = guest_counters(scene->guests[0]);

	for (unsigned int i = 0; i < 3; i++) {
		scene_show_dmabuf(scene, RED);
		scene_wait_reply(scene, 0);
		flip(scene_output(scene, 0));
	}
	g_assert_cmpuint(counters->replies[REPLY_OFF], >, 0);
	g_assert_cmpuint(layout_life_counters(scene->layout, scene->guests[0]).alive.deaths, >, 0);
	scene_destroy(scene);
}

/* The buffer that its cover is drawn into is there before it is dead, and of the mode that runs. */
static void test_reserved(void)
{
	struct scene *scene = create((struct scene_options){0});
	struct kms_output *output = scene_output(scene, 0);
	unsigned int buffers;

	scene_show_dmabuf(scene, RED);
	flip(output);
	fixture_settle();
	fake_set_mode(output, SCENE_WIDTH, SCENE_HEIGHT / 2);
	fixture_settle();
	fake_set_mode(output, SCENE_WIDTH, SCENE_HEIGHT);
	fixture_settle();
	flip(output);
	g_assert_true(fake_last(output)->buffer->imported);
	buffers = scene->card->buffers;
	pass_period(scene);
	scene_expect_color(output, GREY);
	g_assert_cmpuint(scene->card->buffers, ==, buffers);
	flip(output);
	scene_destroy(scene);
}

static void test_every_output(void)
{
	static const struct layout_output sections[] = {
		{.name = "DP-1", .guest = "a", .scanout = 0},
		{.name = "DP-2", .guest = "a", .scanout = 0},
		{.name = "DP-3", .guest = "b", .scanout = 0},
	};
	struct scene *scene = create_dead((struct scene_options){.outputs = 3,
		.guests = 2,
		.sections = sections,
		.section_count = G_N_ELEMENTS(sections)});

	scene_expect_color(scene_output(scene, 0), GREY);
	scene_expect_color(scene_output(scene, 1), GREY);
	/* The other guest has not begun: nothing is due. */
	g_assert_cmpuint(scene_output(scene, 2)->commit_count, ==, 0);
	g_assert_cmpint(layout_life(scene->layout, scene->guests[1]), ==, ALIVE_UNWATCHED);
	g_assert_cmpuint(counters(scene).covers, ==, 2);
	flip(scene_output(scene, 0));
	flip(scene_output(scene, 1));
	draw(scene, GREEN);
	scene_expect_color(scene_output(scene, 0), GREEN);
	scene_expect_color(scene_output(scene, 1), GREEN);
	flip(scene_output(scene, 0));
	flip(scene_output(scene, 1));
	scene_destroy(scene);
}

/* Each of its screens for itself. */
static void test_every_screen(void)
{
	static const struct layout_output sections[] = {
		{.name = "DP-1", .guest = "a", .scanout = 0},
		{.name = "DP-2", .guest = "a", .scanout = 1},
	};
	struct scene *scene = create_dead((struct scene_options){.outputs = 2,
		.sections = sections,
		.section_count = G_N_ELEMENTS(sections)});

	flip(scene_output(scene, 1));
	scene_scanout(scene, 1, SCENE_WIDTH, SCENE_HEIGHT);
	scene_update(scene, 1, scene_full, GREEN);
	scene_expect_color(scene_output(scene, 1), GREEN);
	g_assert_cmpint(layout_life(scene->layout, scene->guests[0]), ==, ALIVE_DEAD);
	scene_expect_color(scene_output(scene, 0), GREY);
	scene_destroy(scene);
}

/* A layer is covered where it lies, and what lies below is not. */
static void test_layer(void)
{
	static const struct layout_output section = {.name = "DP-1", .guest = "b"};
	static const struct layout_layer layer = {.name = "cluster",
		.output = "DP-1",
		.guest = "a",
		.x = 32,
		.y = 24,
		.width = 16,
		.height = 12,
		.opacity = UINT16_MAX};
	struct scene *scene = create_dead((struct scene_options){.guests = 2,
		.sections = &section,
		.section_count = 1,
		.layers = &layer,
		.layer_count = 1});
	struct kms_output *output = scene_output(scene, 0);

	settle_all(scene);
	g_assert_cmpint(layout_life(scene->layout, scene->guests[0]), ==, ALIVE_DEAD);
	g_assert_cmphex(fake_seen(output, 31, 24), ==, 0);
	g_assert_cmphex(fake_seen(output, 32, 24), ==, GREY);
	g_assert_cmphex(fake_seen(output, 47, 35), ==, GREY);
	scene_destroy(scene);
}

/* Nothing is due while its outputs are off; what is dead then is covered when they come back. */
static void test_unseen(void)
{
	struct scene *scene = create((struct scene_options){0});
	struct kms_output *output = scene_output(scene, 0);

	draw(scene, RED);
	flip(output);
	fake_set_active(output, false);
	fixture_settle();
	g_assert_cmpint(layout_life(scene->layout, scene->guests[0]), ==, ALIVE_UNWATCHED);
	pass_period(scene);
	g_assert_cmpuint(counters(scene).alive.deaths, ==, 0);
	fake_set_active(output, true);
	fixture_settle();
	flip(output);
	g_assert_cmpint(layout_life(scene->layout, scene->guests[0]), ==, ALIVE_WELL);
	pass_period(scene);
	scene_expect_color(output, GREY);
	flip(output);
	fake_set_active(output, false);
	fake_set_active(output, true);
	fixture_settle();
	scene_expect_color(output, GREY);
	scene_destroy(scene);
}

/* A mode set may take longer than the period, and its guest is not answered before: the period
 * begins after it. */
static void test_mode_set(void)
{
	struct scene *scene = create((struct scene_options){0});
	struct kms_output *output = scene_output(scene, 0);

	draw(scene, RED);
	flip(output);
	fixture_settle();
	g_assert_cmpint(layout_life(scene->layout, scene->guests[0]), ==, ALIVE_WELL);
	output->setting_mode = true;
	fake_set_mode(output, SCENE_WIDTH, SCENE_HEIGHT / 2);
	fixture_settle();
	pass_period(scene);
	g_assert_cmpuint(counters(scene).alive.deaths, ==, 0);
	g_assert_cmpint(layout_life(scene->layout, scene->guests[0]), ==, ALIVE_UNWATCHED);
	output->setting_mode = false;
	g_assert_nonnull(output->queued.frame.buffer);
	flip(output);
	fixture_settle();
	g_assert_cmpint(layout_life(scene->layout, scene->guests[0]), ==, ALIVE_WELL);
	g_assert_cmpuint(counters(scene).alive.deaths, ==, 0);
	pass_period(scene);
	g_assert_cmpuint(counters(scene).alive.deaths, ==, 1);
	scene_expect_color(output, GREY);
	flip(output);
	scene_destroy(scene);
}

/* While it is dead others take all places of its scanout: one stays covered until there is one. */
static void test_crowded(void)
{
	static const struct layout_layer layer = {.name = "cluster",
		.output = "DP-1",
		.guest = "a",
		.x = 32,
		.y = 24,
		.width = 16,
		.height = 12,
		.opacity = UINT16_MAX};
	struct layout_output sections[LAYOUT_MIRRORS_MAX];
	g_autoptr(GPtrArray) names = g_ptr_array_new_with_free_func(g_free);
	struct scene_options options = {.outputs = LAYOUT_MIRRORS_MAX,
		.sections = sections,
		.section_count = LAYOUT_MIRRORS_MAX};
	struct scene *scene;
	struct kms_output *output;

	for (unsigned int i = 0; i < LAYOUT_MIRRORS_MAX; i++) {
		g_ptr_array_add(names, g_strdup_printf("DP-%u", i + 1));
		sections[i] = (struct layout_output){.name = names->pdata[i], .guest = "a"};
	}
	scene = create_dead(options);
	output = scene_output(scene, 0);
	options.layers = &layer;
	options.layer_count = 1;
	scene_reconfigure(scene, &options);
	g_free(fixture_log_take());
	draw(scene, RED);
	settle_all(scene);
	scene_expect_log("DP-1: stays covered: scanout 0 of guest a is shown in too many places");
	g_assert_cmphex(fake_seen(output, 31, 24), ==, RED);
	g_assert_cmphex(fake_seen(output, 32, 24), ==, GREY);
	options.section_count--;
	scene_reconfigure(scene, &options);
	settle_all(scene);
	g_assert_cmphex(fake_seen(output, 32, 24), ==, RED);
	scene_destroy(scene);
}

/* It is back, but meanwhile one of its outputs cannot show its picture any more, while the other
 * can: there that is said, in the place of the cover. */
static void test_back_unshown(void)
{
	static const struct layout_output sections[] = {
		{.name = "DP-1", .guest = "a", .scanout = 0},
		{.name = "DP-2", .guest = "a", .scanout = 0},
	};
	struct scene *scene = scene_create(&(struct scene_options){.outputs = 2,
		.sections = sections,
		.section_count = 2,
		.alive = {.proof = ALIVE_SOCKET, .period_ms = PERIOD_MS},
		.after.kind = PICTURE_CARD,
		.font = "/dev/null",
		.dead.color = GREY});
	struct kms_output *left = scene_output(scene, 1);

	scene_show_dmabuf(scene, RED);
	settle_all(scene);
	pass_period(scene);
	settle_all(scene);
	scene_expect_color(left, GREY);
	left->shows_dmabufs = false;
	fake_dmabuf_refuse_sync(true);
	layout_note_life(scene->layout, scene->guests[0]);
	settle_all(scene);
	g_assert_true(fake_last(scene_output(scene, 0))->buffer->imported);
	/* A thread draws the card, which without a font is its ground alone. */
	while (fake_pixel(left, 0, 0) == GREY)
		g_main_context_iteration(NULL, TRUE);
	fake_dmabuf_refuse_sync(false);
	g_free(fixture_log_take());
	scene_destroy(scene);
}

/* It has switched its screen off: that is no death, and what was dead is not covered but black. */
static void test_blank(void)
{
	struct scene *scene = create((struct scene_options){0});
	struct kms_output *output = scene_output(scene, 0);

	draw(scene, RED);
	flip(output);
	scene_scanout(scene, 0, 0, 0);
	pass_period(scene);
	g_assert_cmpuint(counters(scene).alive.deaths, ==, 0);
	draw(scene, RED);
	flip(output);
	pass_period(scene);
	g_assert_cmpuint(counters(scene).alive.deaths, ==, 1);
	flip(output);
	scene_scanout(scene, 0, 0, 0);
	fixture_settle();
	pass_period(scene);
	scene_expect_color(output, 0);
	flip(output);
	g_assert_cmpint(layout_life(scene->layout, scene->guests[0]), ==, ALIVE_UNWATCHED);
	draw(scene, GREEN);
	scene_expect_color(output, GREEN);
	flip(output);
	scene_destroy(scene);
}

static void test_gone(void)
{
	struct scene *scene = create_dead((struct scene_options){0});
	struct kms_output *output = scene_output(scene, 0);

	flip(output);
	scene_hang_up(scene, 0);
	flip(output);
	scene_expect_color(output, BLUE);
	g_assert_cmpstr(scene->lives->str, ==, "a dead\na unwatched\n");
	scene_attach(scene, 0);
	pass_period(scene);
	draw(scene, GREEN);
	flip(output);
	scene_expect_color(output, GREEN);
	g_assert_cmpuint(counters(scene).alive.deaths, ==, 1);
	scene_destroy(scene);
}

/* An output that comes while it is dead, and one that goes and comes. */
static void test_hotplug(void)
{
	static const struct layout_output sections[] = {
		{.name = "DP-1", .guest = "a", .scanout = 0},
		{.name = "DP-2", .guest = "a", .scanout = 0},
	};
	struct scene *scene = create_dead((struct scene_options){.outputs = 2,
		.sections = sections,
		.section_count = G_N_ELEMENTS(sections)});
	struct kms_output *second = scene_output(scene, 1);

	flip(scene_output(scene, 0));
	flip(second);
	second->connected = false;
	fake_unplug(second);
	fake_probe(scene->card);
	fixture_settle();
	second->connected = true;
	fake_probe(scene->card);
	fake_set_active(second, true);
	fixture_settle();
	scene_expect_color(second, GREY);
	/* Another card: its views are new. */
	layout_set_device(scene->layout, 0, NULL);
	layout_set_device(scene->layout, 0, scene->card);
	fixture_settle();
	scene_expect_color(scene_output(scene, 0), GREY);
	flip(scene_output(scene, 0));
	flip(second);
	draw(scene, GREEN);
	scene_expect_color(scene_output(scene, 0), GREEN);
	scene_expect_color(second, GREEN);
	scene_destroy(scene);
}

/* Only the signal is asked for. */
static void test_last(void)
{
	struct scene *scene = create_dead((struct scene_options){.dead.kind = PICTURE_LAST});

	scene_expect_color(scene_output(scene, 0), RED);
	g_assert_cmpuint(scene_output(scene, 0)->commit_count, ==, 1);
	g_assert_cmpstr(scene->lives->str, ==, "a dead\n");
	g_assert_cmpuint(counters(scene).covers, ==, 0);
	draw(scene, GREEN);
	scene_expect_color(scene_output(scene, 0), GREEN);
	g_assert_cmpstr(scene->lives->str, ==, "a dead\na alive\n");
	scene_destroy(scene);
}

/* A card's ground at once: its letters may take longer. */
static void test_card(void)
{
	struct scene *scene = create_dead((struct scene_options){.dead.kind = PICTURE_CARD});
	struct kms_output *output = scene_output(scene, 0);

	g_assert_cmphex(fake_pixel(output, 0, 0), !=, RED);
	g_assert_cmphex(fake_pixel(output, SCENE_WIDTH / 2, SCENE_HEIGHT / 2), !=, RED);
	flip(output);
	g_free(fixture_log_take());
	scene_destroy(scene);
}

/* We have stood still for longer than a period: what came meanwhile is read before anybody is
 * called dead. */
static void test_unread(void)
{
	struct scene *scene = create((struct scene_options){0});
	struct kms_output *output = scene_output(scene, 0);
	const struct {
		uint32_t request, flags, size;
		struct vhost_user_gpu_update update;
		uint32_t pixel;
	} __attribute__((packed)) frame = {VHOST_USER_GPU_UPDATE, 0,
		sizeof(frame.update) + sizeof(frame.pixel), {0, 0, 0, 1, 1}, GREEN};
	int none = -1;

	draw(scene, RED);
	flip(output);
	g_assert_cmpint(fixture_try_send(scene->peers[0], &frame, sizeof(frame), &none, 0), ==,
		sizeof(frame));
	pass_period(scene);
	g_assert_cmpuint(counters(scene).alive.deaths, ==, 0);
	g_assert_cmphex(fake_pixel(output, 0, 0), ==, GREEN);
	flip(output);
	g_free(fixture_log_take());
	scene_destroy(scene);
}

/* Frames are no sign, nor is a byte before there is a picture. */
static void test_socket(void)
{
	struct scene *scene = create((struct scene_options){.alive.proof = ALIVE_SOCKET});
	struct kms_output *output = scene_output(scene, 0);

	layout_note_life(scene->layout, scene->guests[0]);
	draw(scene, RED);
	flip(output);
	pass_period(scene);
	scene_expect_log("scanout 0 is dead: no byte on its alive-socket");
	flip(output);
	draw(scene, GREEN);
	scene_expect_color(output, GREY);
	layout_note_life(scene->layout, scene->guests[0]);
	fixture_settle();
	scene_expect_color(output, GREEN);
	flip(output);
	scene_destroy(scene);
}

/* Frames that change nothing in the rectangle are no sign, nor is drawing the same into it
 * again. */
static void test_rectangle(void)
{
	struct scene *scene = create((struct scene_options){
		.alive = {.proof = ALIVE_RECTANGLE, .rectangle = {16, 8, 8, 4}}});
	struct kms_output *output = scene_output(scene, 0);

	draw(scene, RED);
	flip(output);
	pass_period(scene);
	scene_expect_log("scanout 0 is dead: no change in its alive-rectangle");
	flip(output);
	scene_update(scene, 0, (struct kms_rect){0, 0, 16, 8}, GREEN);
	scene_update(scene, 0, (struct kms_rect){16, 8, 8, 4}, RED);
	g_assert_cmpint(layout_life(scene->layout, scene->guests[0]), ==, ALIVE_DEAD);
	scene_update(scene, 0, (struct kms_rect){23, 11, 1, 1}, BLUE);
	g_assert_cmpint(layout_life(scene->layout, scene->guests[0]), ==, ALIVE_WELL);
	flip(output);
	scene_destroy(scene);
}

/* A back-end that is never done with what it sends: it is read between two of its messages. */
static void test_rectangle_of_full_socket(void)
{
	static const struct kms_rect beside = {0, 0, 8, 8};
	struct scene *scene = create((struct scene_options){
		.alive = {.proof = ALIVE_RECTANGLE, .rectangle = {16, 8, 8, 4}}});
	struct kms_output *output = scene_output(scene, 0);
	g_autoptr(GByteArray) bytes = g_byte_array_new();
	const uint32_t rest = GREEN;

	draw(scene, RED);
	flip(output);
	pass_period(scene);
	flip(output);
	scene_append_update(bytes, 0, (struct kms_rect){16, 8, 8, 4}, BLUE);
	scene_append_update(bytes, 0, beside, GREEN);
	scene_send_raw(scene, 0, bytes->data, bytes->len - sizeof(rest), -1);
	fixture_settle();
	g_assert_cmpint(layout_life(scene->layout, scene->guests[0]), ==, ALIVE_DEAD);
	g_byte_array_set_size(bytes, 0);
	g_byte_array_append(bytes, (const guint8 *)&rest, sizeof(rest));
	scene_append_update(bytes, 0, beside, GREEN);
	scene_send_raw(scene, 0, bytes->data, bytes->len - sizeof(rest), -1);
	fixture_settle();
	g_assert_cmpint(layout_life(scene->layout, scene->guests[0]), ==, ALIVE_WELL);
	flip(output);
	scene_destroy(scene);
}

/* Read from a dma-buf, once its fences have signalled. */
static void test_rectangle_of_dmabuf(void)
{
	struct scene *scene = create((struct scene_options){
		.alive = {.proof = ALIVE_RECTANGLE, .rectangle = {16, 8, 8, 4}}});
	struct kms_output *output = scene_output(scene, 0);
	uint32_t *memory = scene_show_dmabuf(scene, RED);

	flip(output);
	pass_period(scene);
	g_assert_cmpint(layout_life(scene->layout, scene->guests[0]), ==, ALIVE_DEAD);
	flip(output);
	scene_paint(memory, GREEN);
	fake_dmabuf_set_busy(memory, true);
	scene_dmabuf_update(scene, 0, scene_full);
	g_assert_cmpint(layout_life(scene->layout, scene->guests[0]), ==, ALIVE_DEAD);
	fake_dmabuf_set_busy(memory, false);
	while (layout_life(scene->layout, scene->guests[0]) == ALIVE_DEAD)
		g_main_context_iteration(NULL, TRUE);
	flip(output);
	scene_destroy(scene);
}

/* A frame that waits for its fences as the layout goes is looked at then, where the one before
 * could not be read so far: memory that it is read into is there until the last view has gone, and
 * its image is given back. */
static void test_rectangle_at_end(void)
{
	struct scene *scene = create((struct scene_options){
		.alive = {.proof = ALIVE_RECTANGLE, .rectangle = {16, 8, 8, 4}}});
	struct kms_output *output = scene_output(scene, 0);
	uint32_t *memory = scene_show_dmabuf(scene, RED);
	int fd;

	flip(output);
	fake_dmabuf_set_busy(memory, true);
	scene_dmabuf_update(scene, 0, scene_full);
	flip(output);
	g_assert_cmpuint(scene_replies(scene, 0), ==, 2);
	scene->card->refuses_import = true;
	fd = fake_dmabuf_create(SCENE_BYTES, &memory);
	fake_dmabuf_set_busy(memory, true);
	scene_dmabuf(scene, 0, SCENE_WIDTH, SCENE_HEIGHT, fd);
	scene_dmabuf_update(scene, 0, scene_full);
	g_assert_cmpuint(output->commit_count, ==, 2);
	g_assert_cmpuint(scene_replies(scene, 0), ==, 0);
	g_free(fixture_log_take());
	scene_destroy(scene);
}

/* One that lies beside the picture never changes. */
static void test_rectangle_beside(void)
{
	struct scene *scene = create((struct scene_options){
		.alive = {.proof = ALIVE_RECTANGLE, .rectangle = {SCENE_WIDTH, 0, 8, 4}}});

	draw(scene, RED);
	flip(scene_output(scene, 0));
	pass_period(scene);
	flip(scene_output(scene, 0));
	draw(scene, GREEN);
	g_assert_cmpint(layout_life(scene->layout, scene->guests[0]), ==, ALIVE_DEAD);
	scene_destroy(scene);
}

static void expect_only_commit(struct kms_output *output, size_t before, uint32_t color)
{
	g_assert_cmpuint(output->commit_count, ==, before + 1);
	g_assert_cmphex(fake_pixel(output, 0, 0), ==, color);
	while (fake_in_flight(output))
		fake_flip_without_vblank(output);
	g_assert_cmpuint(output->commit_count, ==, before + 1);
}

/* Below a layer nothing is seen between the guest's picture and what covers it, and the other way
 * round. */
static void test_layer_above(void)
{
	const struct layout_output section = {.name = "DP-1", .guest = "a", .scanout = 0};
	const struct layout_layer layer = {
		.name = "logo",
		.output = "DP-1",
		.picture.color = BLUE,
		.x = 32,
		.width = 16,
		.height = 12,
		.opacity = UINT16_MAX,
	};
	struct scene *scene = create((struct scene_options){.sections = &section,
		.section_count = 1,
		.layers = &layer,
		.layer_count = 1});
	struct kms_output *output = scene_output(scene, 0);
	size_t before;

	draw(scene, RED);
	while (fake_in_flight(output)) {
		fake_flip_without_vblank(output);
		fixture_settle();
	}
	before = output->commit_count;
	pass_period(scene);
	expect_only_commit(output, before, GREY);
	scene_update(scene, 0, (struct kms_rect){0, 0, 4, 4}, RED);
	expect_only_commit(output, before + 1, RED);
	g_assert_cmphex(fake_pixel(output, 40, 0), ==, BLUE);
	scene_destroy(scene);
}

/* A guest that need not prove anything is looked at by nobody. */
static void test_unasked(void)
{
	struct scene *scene = scene_create_red(&(struct scene_options){0});

	pass_period(scene);
	scene_expect_color(scene_output(scene, 0), RED);
	g_assert_cmpuint(counters(scene).alive.deaths, ==, 0);
	g_assert_cmpstr(scene->lives->str, ==, "");
	scene_destroy(scene);
}

int main(int argc, char **argv)
{
	fixture_init(&argc, &argv);
	g_test_add_func("/layout-alive/covered", test_covered);
	g_test_add_func("/layout-alive/back", test_back);
	g_test_add_func("/layout-alive/back/unshown", test_back_unshown);
	g_test_add_func("/layout-alive/answered", test_answered);
	g_test_add_func("/layout-alive/early", test_early);
	g_test_add_func("/layout-alive/reserved", test_reserved);
	g_test_add_func("/layout-alive/every-output", test_every_output);
	g_test_add_func("/layout-alive/every-screen", test_every_screen);
	g_test_add_func("/layout-alive/layer", test_layer);
	g_test_add_func("/layout-alive/unseen", test_unseen);
	g_test_add_func("/layout-alive/mode-set", test_mode_set);
	g_test_add_func("/layout-alive/crowded", test_crowded);
	g_test_add_func("/layout-alive/blank", test_blank);
	g_test_add_func("/layout-alive/gone", test_gone);
	g_test_add_func("/layout-alive/hotplug", test_hotplug);
	g_test_add_func("/layout-alive/last", test_last);
	g_test_add_func("/layout-alive/card", test_card);
	g_test_add_func("/layout-alive/unread", test_unread);
	g_test_add_func("/layout-alive/socket", test_socket);
	g_test_add_func("/layout-alive/rectangle", test_rectangle);
	g_test_add_func("/layout-alive/rectangle-of-full-socket", test_rectangle_of_full_socket);
	g_test_add_func("/layout-alive/rectangle-of-dmabuf", test_rectangle_of_dmabuf);
	g_test_add_func("/layout-alive/rectangle-at-end", test_rectangle_at_end);
	g_test_add_func("/layout-alive/rectangle-beside", test_rectangle_beside);
	g_test_add_func("/layout-alive/layer-above", test_layer_above);
	g_test_add_func("/layout-alive/unasked", test_unasked);
	return g_test_run();
}
