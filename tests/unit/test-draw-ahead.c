/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Pixels that are drawn into a scanout buffer while their UPDATE is still being received, on a fake
 * card: nothing of it is ever seen before it is complete, whatever happens meanwhile.
 */
#include <errno.h>
#include <string.h>

#include "channel_fixture.h"
#include "scene/canvas.h"
#include "scene_fixture.h"
#include "vhost_user_gpu.h"

/* Around the picture. */
#define BACKGROUND 0x123456u

#define PICTURE_MAX (2 * SCENE_WIDTH * SCENE_HEIGHT)

static uint32_t buffer_pixel(const struct kms_buffer *buffer, uint32_t x, uint32_t y)
{
	uint32_t pixel;

	memcpy(&pixel, buffer->pixels + (size_t)y * buffer->stride + (size_t)x * 4, sizeof(pixel));
	return pixel & 0xffffff;
}

/* What has come is in the buffer that is to be shown next, and only what comes after it is copied
 * at the end. */
static void test_drawn(void)
{
	struct scene *scene = scene_create_red(&(struct scene_options){0});
	struct kms_output *output = scene_output(scene, 0);
	const struct kms_rect lower = {0, 20, SCENE_WIDTH, 20};
	const size_t row = SCENE_WIDTH * 4;
	struct kms_buffer *next;

	scene_update(scene, 0, lower, RED);
	fake_flip(output);
	next = output->commits[0].frame.buffer;

	scene_half_update(scene, 0, lower, GREEN, 5 * row + 4);
	g_assert_cmphex(buffer_pixel(next, 0, 19), ==, RED);
	g_assert_cmphex(buffer_pixel(next, 0, 24), ==, GREEN);
	g_assert_cmphex(buffer_pixel(next, 0, 25), ==, RED);
	memset(next->pixels + 21 * next->stride, 0xff, 4);
	scene_more_pixels(scene, BLUE, 5 * row);
	g_assert_cmphex(buffer_pixel(next, 1, 25), ==, BLUE);
	g_assert_cmphex(buffer_pixel(next, 1, 29), ==, BLUE);
	g_assert_cmphex(buffer_pixel(next, 1, 30), ==, RED);
	scene_expect_color(output, RED);
	g_assert_cmpuint(output->commit_count, ==, 2);

	scene_more_pixels(scene, GREEN, 10 * row - 4);
	g_assert_cmpuint(output->commit_count, ==, 3);
	g_assert_true(output->queued.frame.buffer == next);
	g_assert_cmphex(fake_pixel(output, 0, 19), ==, RED);
	g_assert_cmphex(fake_pixel(output, 0, 20), ==, GREEN);
	/* Ours from above: nothing was copied twice. */
	g_assert_cmphex(fake_pixel(output, 0, 21), ==, 0xffffff);
	g_assert_cmphex(fake_pixel(output, 1, 29), ==, BLUE);
	g_assert_cmphex(fake_pixel(output, 63, 39), ==, GREEN);
	g_assert_cmphex(fake_pixel(output, 0, 40), ==, RED);
	fake_flip(output);
	scene_destroy(scene);
}

/* What is complete is shown at the next flip, in the middle of what comes after it. */
static void test_what_waits_is_shown(void)
{
	struct scene *scene = scene_create_red(&(struct scene_options){0});
	struct kms_output *output = scene_output(scene, 0);
	const struct kms_rect upper = {0, 0, SCENE_WIDTH, 20};
	const struct kms_rect lower = {0, 20, SCENE_WIDTH, 20};
	const size_t row = SCENE_WIDTH * 4;

	scene_update(scene, 0, scene_full, RED);
	fake_flip(output);
	scene_update(scene, 0, upper, RED);
	fake_flip(output);
	scene_update(scene, 0, upper, BLUE);
	scene_update(scene, 0, upper, GREEN);
	scene_half_update(scene, 0, lower, BLUE, 8 * row);
	fake_flip(output);
	g_assert_cmphex(fake_pixel(output, 0, 0), ==, GREEN);
	g_assert_cmphex(fake_pixel(output, 0, 20), ==, RED);
	scene_more_pixels(scene, BLUE, 4 * row);
	fake_flip(output);
	scene_more_pixels(scene, BLUE, 8 * row);
	g_assert_cmphex(fake_pixel(output, 0, 0), ==, GREEN);
	g_assert_cmphex(fake_pixel(output, 0, 20), ==, BLUE);
	g_assert_cmphex(fake_pixel(output, 0, 39), ==, BLUE);
	g_assert_cmphex(fake_pixel(output, 0, 40), ==, RED);
	fake_flip(output);
	scene_destroy(scene);
}

/* Outputs that show the same are drawn each for itself, when each one's flip allows it. */
static void test_mirrors(void)
{
	const struct layout_output sections[] = {
		{.name = "DP-1", .guest = "a", .scanout = 0},
		{.name = "DP-2", .guest = "a", .scanout = 0},
	};
	struct scene *scene = scene_create(&(struct scene_options){.outputs = 2,
		.sections = sections,
		.section_count = G_N_ELEMENTS(sections)});
	struct kms_output *first = scene_output(scene, 0);
	struct kms_output *second = scene_output(scene, 1);

	scene_scanout(scene, 0, SCENE_WIDTH, SCENE_HEIGHT);
	for (int i = 0; i < 2; i++) {
		scene_update(scene, 0, scene_full, RED);
		fake_flip(first);
		fake_flip(second);
	}
	scene_update(scene, 0, scene_full, GREEN);
	fake_flip(first);
	scene_half_update(scene, 0, scene_full, BLUE, SCENE_BYTES / 3);
	scene_expect_color(first, GREEN);
	fake_flip(second);
	scene_more_pixels(scene, BLUE, SCENE_BYTES / 3);
	scene_expect_color(first, GREEN);
	scene_expect_color(second, GREEN);
	scene_more_pixels(scene, BLUE, SCENE_BYTES / 3);
	scene_expect_color(first, BLUE);
	scene_expect_color(second, BLUE);
	fake_flip(first);
	fake_flip(second);
	scene_destroy(scene);
}

#define SMALL_WIDTH 32
#define SMALL_HEIGHT 24

static const struct kms_rect small = {0, 0, SMALL_WIDTH, SMALL_HEIGHT};

/* A guest whose red picture is scaled, and of whose next, green one ten rows came. */
static struct scene *create_scaled(bool by_plane)
{
	struct scene *scene = scene_create(&(struct scene_options){.policy = PLACE_FIT});
	struct kms_output *output = scene_output(scene, 0);

	output->scaler = by_plane;
	scene_scanout(scene, 0, SMALL_WIDTH, SMALL_HEIGHT);
	for (int i = 0; i < 2; i++) {
		scene_update(scene, 0, small, RED);
		fake_flip(output);
	}
	scene_half_update(scene, 0, small, GREEN, 10 * SMALL_WIDTH * 4);
	return scene;
}

/* A picture that the plane scales is drawn in its own size. */
static void test_scaled_by_plane(void)
{
	struct scene *scene = create_scaled(true);
	struct kms_output *output = scene_output(scene, 0);
	const struct kms_buffer *next = output->commits[0].frame.buffer;

	g_assert_cmpuint(next->width, ==, SMALL_WIDTH);
	g_assert_cmphex(buffer_pixel(next, 31, 9), ==, GREEN);
	g_assert_cmphex(buffer_pixel(next, 0, 10), ==, RED);
	g_assert_cmphex(buffer_pixel(output->current.frame.buffer, 0, 0), ==, RED);
	scene_more_pixels(scene, BLUE, 14 * SMALL_WIDTH * 4);
	g_assert_true(output->queued.frame.buffer == next);
	g_assert_cmphex(buffer_pixel(next, 31, 9), ==, GREEN);
	g_assert_cmphex(buffer_pixel(next, 0, 10), ==, BLUE);
	g_assert_cmphex(buffer_pixel(next, 31, 23), ==, BLUE);
	fake_flip(output);
	scene_destroy(scene);
}

/* What pixman scales is drawn when it is whole: a border mixes what lies on both sides of it. */
static void test_scaled_by_us(void)
{
	struct scene *scene = create_scaled(false);
	struct kms_output *output = scene_output(scene, 0);

	g_assert_cmphex(buffer_pixel(output->commits[0].frame.buffer, 0, 0), ==, RED);
	scene_more_pixels(scene, GREEN, 14 * SMALL_WIDTH * 4);
	scene_expect_color(output, GREEN);
	fake_flip(output);
	scene_destroy(scene);
}

/* What was drawn for one mode is not shown in another. */
static void test_mode_changes(void)
{
	struct scene *scene = scene_create_red(&(struct scene_options){.policy = PLACE_NONE});
	struct kms_output *output = scene_output(scene, 0);

	scene_update(scene, 0, scene_full, RED);
	fake_flip(output);
	scene_half_update(scene, 0, scene_full, GREEN, SCENE_BYTES / 2);
	fake_set_mode(output, SCENE_WIDTH / 2, SCENE_HEIGHT / 2);
	fake_set_mode(output, SCENE_WIDTH, SCENE_HEIGHT);
	scene_more_pixels(scene, GREEN, SCENE_BYTES / 4);
	g_assert_cmpuint(output->commit_count, ==, 2);
	scene_more_pixels(scene, GREEN, SCENE_BYTES / 4);
	scene_expect_color(output, GREEN);
	fake_flip(output);
	scene_destroy(scene);
}

/* After a monitor was pulled nobody holds the buffer with the newest picture; it is what is shown
 * again when the guest has gone. */
static void test_last_picture_is_whole(void)
{
	struct scene *scene = scene_create_red(&(struct scene_options){.after.kind = PICTURE_LAST});
	struct kms_output *output = scene_output(scene, 0);

	scene_update(scene, 0, scene_full, RED);
	fake_flip(output);
	scene_half_update(scene, 0, scene_full, GREEN, SCENE_BYTES / 4);
	fake_unplug(output);
	fake_set_active(output, true);
	scene_more_pixels(scene, GREEN, SCENE_BYTES / 4);
	scene_hang_up(scene, 0);
	scene_expect_log("mid-message");
	fake_set_active(output, false);
	fake_set_active(output, true);
	scene_expect_color(output, RED);
	scene_destroy(scene);
}

/* A blended cursor that was hidden is gone from the last picture, though an UPDATE of another part
 * was being received. */
static void test_what_is_complete_goes_first(void)
{
	struct scene *scene = scene_create_red(&(struct scene_options){.after.kind = PICTURE_LAST});
	struct kms_output *output = scene_output(scene, 0);
	const struct kms_rect upper = {0, 0, SCENE_WIDTH, 8};
	const struct kms_rect lower = {0, 40, 8, 8};

	output->cursor_plane = false;
	scene_update(scene, 0, scene_full, RED);
	fake_flip(output);
	scene_cursor(scene, 0, 8, 8, 0xff000000 | GREEN);
	scene_update(scene, 0, scene_full, RED);
	g_assert_cmphex(fake_pixel(output, 10, 10), ==, GREEN);
	fake_flip(output);
	for (int i = 0; i < 2; i++) {
		scene_update(scene, 0, lower, RED);
		fake_flip(output);
	}
	scene_cursor_pos(scene, 0, 8, 8, false);
	scene_half_update(scene, 0, upper, BLUE, 4 * SCENE_WIDTH * 4);
	scene_hang_up(scene, 0);
	scene_expect_log("mid-message");
	scene_expect_color(output, RED);
	scene_destroy(scene);
}

/* Has any buffer that was ever committed this colour there? */
static bool is_anywhere(const struct kms_output *output, uint32_t x, uint32_t y, uint32_t color)
{
	for (size_t i = 0; i < output->commit_count; i++) {
		if (buffer_pixel(output->commits[i].frame.buffer, x, y) == color)
			return true;
	}
	return false;
}

/* Where all of the next frame is drawn again anyway, nothing is drawn ahead: a frame was lost. */
static void test_after_a_lost_frame(void)
{
	struct scene *scene = scene_create_red(&(struct scene_options){0});
	struct kms_output *output = scene_output(scene, 0);
	const struct kms_rect lower = {0, 20, SCENE_WIDTH, 20};
	const size_t row = SCENE_WIDTH * 4;

	for (int i = 0; i < 3; i++) {
		scene_update(scene, 0, lower, RED);
		fake_flip(output);
	}
	scene_update(scene, 0, lower, RED);
	fake_fail(output, EINVAL);
	g_free(fixture_log_take());
	g_assert_false(kms_output_busy(output));
	scene_half_update(scene, 0, lower, GREEN, 5 * row);
	g_assert_false(is_anywhere(output, 0, 20, GREEN));
	scene_more_pixels(scene, GREEN, 15 * row);
	g_assert_cmphex(fake_pixel(output, 0, 19), ==, RED);
	g_assert_cmphex(fake_pixel(output, 0, 20), ==, GREEN);
	g_assert_cmphex(fake_pixel(output, 63, 39), ==, GREEN);
	fake_flip(output);
	/* And then it is again. */
	scene_half_update(scene, 0, lower, BLUE, 5 * row);
	g_assert_true(is_anywhere(output, 0, 20, BLUE));
	scene_more_pixels(scene, BLUE, 15 * row);
	fake_flip(output);
	scene_destroy(scene);
}

/* What was drawn ahead of one UPDATE is no part of another. */
static void test_another_update(void)
{
	const struct kms_rect upper = {8, 8, 16, 4};
	const struct kms_rect more = {8, 8, 16, 10};
	const struct kms_rect other = {40, 8, 16, 4};
	const struct kms_rect narrower = {40, 8, 8, 6};
	struct canvas canvas = {0};
	struct kms_rect rest;

	damage_add(&canvas.missing, &(struct kms_rect){8, 8, 16, 10});
	rest = canvas_note_ahead(&canvas, &upper);
	g_assert_true(kms_rect_equal(&rest, &upper));
	g_assert_cmpint(canvas.missing.rects[0].y, ==, 12);
	rest = canvas_note_ahead(&canvas, &more);
	g_assert_true(kms_rect_equal(&rest, &(struct kms_rect){8, 12, 16, 6}));
	g_assert_cmpuint(canvas.missing.count, ==, 0);
	rest = canvas_note_ahead(&canvas, &other);
	g_assert_true(kms_rect_equal(&rest, &other));
	g_assert_cmpuint(canvas.missing.count, ==, 1);
	g_assert_true(kms_rect_equal(&canvas.missing.rects[0], &more));
	rest = canvas_note_ahead(&canvas, &narrower);
	g_assert_true(kms_rect_equal(&rest, &narrower));
	canvas_forget_ahead(&canvas);
	/* Of the last two, which overlap, nothing is lost, and nothing is there twice. */
	g_assert_cmpuint(canvas.missing.count, ==, 3);
	g_assert_true(kms_rect_equal(&canvas.missing.rects[1], &(struct kms_rect){48, 8, 8, 4}));
	g_assert_true(kms_rect_equal(&canvas.missing.rects[2], &narrower));
	g_assert_true(rect_empty(&canvas.ahead));
}

/* A guest that draws at random, and what must be on the glass. */
struct walk {
	GRand *random;
	struct scene *scene;
	struct kms_output *output;
	struct place place;
	uint32_t width, height; /* of the picture */
	enum picture_kind after;
	uint32_t picture[PICTURE_MAX]; /* with all that is complete */
	bool new_picture; /* the old one stays until the first UPDATE is complete */
	uint32_t glass[SCENE_WIDTH * SCENE_HEIGHT]; /* what was committed last */
	size_t commits;
	struct kms_buffer *buffers[3]; /* that were on the glass */
	unsigned int ahead; /* how often one of them, which was free, changed in mid-UPDATE */
	/* The UPDATE that is being sent. */
	struct kms_rect rect;
	GByteArray *bytes; /* all of it */
	size_t sent;
};

/* As the places that test-place proves say. */
static uint32_t expected_pixel(const struct walk *walk, uint32_t x, uint32_t y)
{
	double picture_x, picture_y;

	if (!place_from_output(&walk->place, x + 0.5, y + 0.5, &picture_x, &picture_y))
		return BACKGROUND;
	return walk->picture[(uint32_t)picture_y * walk->width + (uint32_t)picture_x];
}

static void walk_note_buffer(struct walk *walk)
{
	struct kms_buffer *shown = fake_last(walk->output)->buffer;

	for (size_t i = 0; i < G_N_ELEMENTS(walk->buffers); i++) {
		if (!walk->buffers[i])
			walk->buffers[i] = shown;
		if (walk->buffers[i] == shown)
			return;
	}
	g_assert_not_reached();
}

/* Of all that is in buffers that the output does not hold. */
static guint walk_free_pixels(const struct walk *walk)
{
	guint sum = 0;

	for (size_t i = 0; i < G_N_ELEMENTS(walk->buffers) && walk->buffers[i]; i++) {
		const struct kms_buffer *buffer = walk->buffers[i];
		bool is_free = !kms_output_holds(walk->output, buffer);

		for (size_t at = 0; is_free && at < (size_t)buffer->stride * buffer->height; at++)
			sum = sum * 31 + buffer->pixels[at];
	}
	return sum;
}

/* A commit shows all that was complete then, and what is on the glass stays as it is: also where
 * the last picture is committed again, since what a guest had covered was never seen. */
static void walk_look(struct walk *walk)
{
	bool last = walk->new_picture && walk->after == PICTURE_LAST;
	bool committed = walk->output->commit_count > walk->commits && !last;

	if (walk->output->commit_count == 0)
		return;
	for (uint32_t y = 0; y < SCENE_HEIGHT; y++) {
		for (uint32_t x = 0; x < SCENE_WIDTH; x++) {
			uint32_t *seen = &walk->glass[y * SCENE_WIDTH + x];

			if (committed)
				*seen = expected_pixel(walk, x, y);
			g_assert_cmphex(fake_pixel(walk->output, x, y), ==, *seen);
		}
	}
	walk->commits = walk->output->commit_count;
	walk_note_buffer(walk);
}

static int32_t walk_number(struct walk *walk, uint32_t below)
{
	return g_rand_int_range(walk->random, 0, (gint32)below);
}

static void walk_begin_update(struct walk *walk)
{
	struct kms_rect *rect = &walk->rect;

	*rect = (struct kms_rect){0, 0, (int32_t)walk->width, (int32_t)walk->height};
	if (walk_number(walk, 2)) {
		rect->x = walk_number(walk, walk->width);
		rect->y = walk_number(walk, walk->height);
		rect->width = 1 + walk_number(walk, walk->width - (uint32_t)rect->x);
		rect->height = 1 + walk_number(walk, walk->height - (uint32_t)rect->y);
	}
	g_byte_array_set_size(walk->bytes, 0);
	scene_append_update(walk->bytes, 0, *rect, (uint32_t)walk_number(walk, 0x1000000));
	walk->sent = 0;
}

static void walk_end_update(struct walk *walk)
{
	const uint8_t *pixels = walk->bytes->data + sizeof(struct vhost_user_gpu_header) +
		sizeof(struct vhost_user_gpu_update);
	uint32_t color;

	if (walk->new_picture)
		memset(walk->picture, 0, sizeof(walk->picture));
	walk->new_picture = false;
	memcpy(&color, pixels, sizeof(color));
	for (int32_t y = walk->rect.y; y < walk->rect.y + walk->rect.height; y++) {
		for (int32_t x = walk->rect.x; x < walk->rect.x + walk->rect.width; x++)
			walk->picture[y * (int32_t)walk->width + x] = color;
	}
}

static void walk_send(struct walk *walk)
{
	size_t part = 1 + (size_t)walk_number(walk, 6000);
	size_t rest;
	bool complete;
	guint before;

	if (walk->bytes->len == 0)
		walk_begin_update(walk);
	rest = walk->bytes->len - walk->sent;
	part = MIN(rest, part);
	complete = part == rest;
	/* It may be on the glass as soon as its last byte is sent. */
	if (complete)
		walk_end_update(walk);
	before = walk_free_pixels(walk);
	scene_send_raw(walk->scene, 0, walk->bytes->data + walk->sent, part, -1);
	walk->sent += part;
	if (complete)
		g_byte_array_set_size(walk->bytes, 0);
	else
		walk->ahead += before != walk_free_pixels(walk);
}

/* A new picture, black until it is drawn. */
static void walk_begin_picture(struct walk *walk)
{
	walk->new_picture = true;
	g_byte_array_set_size(walk->bytes, 0);
	scene_scanout(walk->scene, 0, walk->width, walk->height);
}

static void walk_step(struct walk *walk)
{
	switch (walk_number(walk, 40)) {
	case 0:
		/* In mid-message, mostly: what was sent of it is never seen. With a flip in flight
		 * its last picture would be pending, and be seen while the next guest draws. */
		while (walk->output->queued.frame.buffer) {
			fake_flip(walk->output);
			walk_look(walk);
		}
		scene_hang_up(walk->scene, 0);
		if (walk->after == PICTURE_COLOR)
			memset(walk->picture, 0, sizeof(walk->picture));
		walk_look(walk);
		g_free(fixture_log_take());
		scene_attach(walk->scene, 0);
		walk_begin_picture(walk);
		break;
	case 1:
		if (walk_number(walk, 2))
			fake_unplug(walk->output);
		else
			fake_set_active(walk->output, false);
		walk->output->commit_count = 0;
		walk->commits = 0;
		walk_send(walk);
		fake_set_active(walk->output, true);
		break;
	case 2 ... 12:
		if (walk->output->queued.frame.buffer)
			fake_flip(walk->output);
		break;
	default:
		walk_send(walk);
		break;
	}
	walk_look(walk);
	if (walk->commits > FAKE_COMMITS_MAX / 2) {
		/* The last one is what fake_pixel() looks at. */
		walk->output->commits[0] = walk->output->commits[walk->commits - 1];
		walk->output->commit_count = 1;
		walk->commits = 1;
	}
}

struct size {
	const char *name;
	uint32_t width, height;
	enum place_policy policy;
	enum picture_kind after;
	enum kms_transform transform; /* 0: upright */
};

static const struct size sizes[] = {
	{"whole", SCENE_WIDTH, SCENE_HEIGHT, PLACE_FIT, PICTURE_LAST},
	{"black", SCENE_WIDTH, SCENE_HEIGHT, PLACE_FIT, PICTURE_COLOR},
	{"smaller", 40, 30, PLACE_CENTER, PICTURE_LAST},
	{"larger", 90, 60, PLACE_CENTER, PICTURE_LAST},
	{"wider", 100, 30, PLACE_NONE, PICTURE_LAST},
	{"turned-90", SCENE_HEIGHT, SCENE_WIDTH, PLACE_FIT, PICTURE_LAST, KMS_ROTATE_90},
	{"turned-180", 40, 30, PLACE_CENTER, PICTURE_LAST, KMS_ROTATE_180},
	{"turned-270", 40, 90, PLACE_NONE, PICTURE_LAST, KMS_ROTATE_270},
	{"flipped", 90, 60, PLACE_CENTER, PICTURE_LAST, KMS_ROTATE_0 | KMS_REFLECT_X},
	{"flipped-90", 60, 90, PLACE_CENTER, PICTURE_LAST, KMS_ROTATE_90 | KMS_REFLECT_X},
	{"flipped-180", 50, 90, PLACE_NONE, PICTURE_LAST, KMS_ROTATE_180 | KMS_REFLECT_X},
	{"flipped-270", SCENE_HEIGHT, SCENE_WIDTH, PLACE_FIT, PICTURE_COLOR,
		KMS_ROTATE_270 | KMS_REFLECT_X},
};

static void test_random(gconstpointer data)
{
	const struct size *size = data;
	const struct layout_output section = {
		.name = "DP-1",
		.guest = "a",
		.policy = size->policy,
		.transform = size->transform,
		.background = BACKGROUND,
	};
	struct walk *walk = g_new0(struct walk, 1);
	uint64_t shown;

	walk->random = g_rand_new_with_seed(20261127);
	walk->scene = scene_create(&(struct scene_options){.after.kind = size->after,
		.sections = &section,
		.section_count = 1});
	walk->after = size->after;
	walk->output = scene_output(walk->scene, 0);
	walk->output->reflects = false;
	walk->width = size->width;
	walk->height = size->height;
	walk->bytes = g_byte_array_new();
	place_compute(&walk->place, size->width, size->height, SCENE_WIDTH, SCENE_HEIGHT,
		size->policy, size->transform ? size->transform : KMS_ROTATE_0);
	walk_begin_picture(walk);
	for (unsigned int i = 0; i < 3000; i++)
		walk_step(walk);
	shown = guest_counters(walk->scene->guests[0])->pixel_updates;
	g_assert_cmpuint(shown, >, 300);
	g_assert_cmpuint(walk->ahead, >, 100);
	g_byte_array_unref(walk->bytes);
	scene_destroy(walk->scene);
	g_rand_free(walk->random);
	g_free(walk);
	g_free(fixture_log_take());
}

int main(int argc, char **argv)
{
	fixture_init(&argc, &argv);
	g_test_add_func("/draw-ahead/drawn", test_drawn);
	g_test_add_func("/draw-ahead/what-waits-is-shown", test_what_waits_is_shown);
	g_test_add_func("/draw-ahead/mirrors", test_mirrors);
	g_test_add_func("/draw-ahead/scaled-by-plane", test_scaled_by_plane);
	g_test_add_func("/draw-ahead/scaled-by-us", test_scaled_by_us);
	g_test_add_func("/draw-ahead/mode-changes", test_mode_changes);
	g_test_add_func("/draw-ahead/last-picture-is-whole", test_last_picture_is_whole);
	g_test_add_func("/draw-ahead/what-is-complete-goes-first",
		test_what_is_complete_goes_first);
	g_test_add_func("/draw-ahead/after-a-lost-frame", test_after_a_lost_frame);
	g_test_add_func("/draw-ahead/another-update", test_another_update);
	for (size_t i = 0; i < G_N_ELEMENTS(sizes); i++) {
		g_autofree char *path = g_strconcat("/draw-ahead/random/", sizes[i].name, NULL);

		g_test_add_data_func(path, &sizes[i], test_random);
	}
	return g_test_run();
}
