/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Views above another on one fake output: which get planes, which are drawn, what is seen, and what
 * each source is told of its own frames. One source never waits for another's.
 */
#include "scene/view.h"

#include <errno.h>
#include <string.h>

#include "channel_fixture.h"
#include "fake/fake_kms.h"
#include "turn.h"

#define RED 0xff0000u
#define GREEN 0x00ff00u
#define BLUE 0x0000ffu
#define WHITE 0xffffffu
#define WIDTH 64
#define HEIGHT 48
#define SOURCES 4

/* A source with a surface, a buffer, or both, and its view. */
struct source_double {
	struct view *view;
	struct view_picture picture;
	uint64_t waits, presented, failed;
	int error;
	unsigned int fills;
	bool cannot_fill;
};

struct fixture {
	struct kms_device *card;
	struct kms_output *output;
	struct source_double sources[SOURCES]; /* the output's own first */
	size_t count;
	uint64_t serial; /* where the next view begins to count */
};

static void on_presented(void *data, uint64_t serial, const struct kms_presentation *presentation)
{
	struct source_double *source = data;

	g_assert_cmpuint(serial, >, source->presented);
	source->presented = serial;
}

static void on_failed(void *data, uint64_t serial, int error)
{
	struct source_double *source = data;

	/* Of an older one that had a plane it may be told later. */
	source->failed = MAX(source->failed, serial);
	source->error = error;
}

static void on_changed(void *data)
{
}

static enum view_fill on_fill_surface(void *data, enum copy_reason reason)
{
	struct source_double *source = data;

	source->fills++;
	if (source->cannot_fill)
		return VIEW_FILL_NEVER;
	if (!source->picture.surface)
		source->picture.surface = surface_create("test", source->picture.width,
			source->picture.height, NULL);
	return VIEW_FILL_DONE;
}

static const struct view_listener listener = {on_presented, on_failed, on_changed, on_fill_surface};

static void card_presented(void *data, struct kms_output *output, uint64_t serial,
	const struct kms_presentation *presentation)
{
	struct fixture *fixture = data;

	view_presented(fixture->sources[0].view, serial, presentation);
}

static void card_idle(void *data, struct kms_output *output)
{
	struct fixture *fixture = data;

	view_resume(fixture->sources[0].view);
}

static void card_failed(void *data, struct kms_output *output, uint64_t serial, int error)
{
	struct fixture *fixture = data;

	view_commit_failed(fixture->sources[0].view, serial, error);
}

static void card_changed(void *data, struct kms_output *output)
{
	struct fixture *fixture = data;

	view_output_changed(fixture->sources[0].view);
}

static const struct kms_listener card_listener = {
	.presented = card_presented,
	.idle = card_idle,
	.commit_failed = card_failed,
	.output_changed = card_changed,
};

static void start(struct fixture *fixture, gconstpointer data)
{
	*fixture = (struct fixture){0};
	fixture->card = fake_card_create(1, WIDTH, HEIGHT);
	fixture->output = &fixture->card->outputs[0];
	fixture->output->overlays = KMS_LAYERS_MAX;
	fixture->output->overlay_alpha = true;
	fake_card_listen(fixture->card, &card_listener, fixture);
}

/* A card that has no planes for layers. */
static void start_bare(struct fixture *fixture, gconstpointer data)
{
	start(fixture, data);
	fixture->output->overlays = 0;
}

static void stop(struct fixture *fixture, gconstpointer data)
{
	while (fixture->count > 0) {
		struct source_double *source = &fixture->sources[--fixture->count];

		view_destroy(source->view);
		kms_buffer_unref(source->picture.buffers[0]);
		surface_destroy(source->picture.surface);
	}
	fake_card_destroy(fixture->card);
}

static struct source_double *add_turned(struct fixture *fixture, struct kms_rect area,
	uint16_t opacity, enum kms_transform transform)
{
	struct source_double *source = &fixture->sources[fixture->count];
	const struct view_options options = {
		.device = fixture->card,
		.output = fixture->output,
		.policy = PLACE_FIT,
		.transform = transform,
		.below = fixture->count > 0 ? fixture->sources[0].view : NULL,
		.area = area,
		.opacity = opacity,
		.serial = fixture->serial,
	};

	fixture->count++;
	*source = (struct source_double){.view = view_create(&options)};
	source->picture.width = (uint32_t)area.width;
	source->picture.height = (uint32_t)area.height;
	view_set_source(source->view, &listener, source);
	return source;
}

/* The first is the output's own. */
static struct source_double *add(struct fixture *fixture, struct kms_rect area, uint16_t opacity)
{
	return add_turned(fixture, area, opacity, KMS_ROTATE_0);
}

static struct source_double *add_base(struct fixture *fixture)
{
	return add(fixture, (struct kms_rect){0, 0, WIDTH, HEIGHT}, UINT16_MAX);
}

static void use_surface(struct source_double *source)
{
	if (!source->picture.surface)
		source->picture.surface = surface_create("test", source->picture.width,
			source->picture.height, NULL);
}

static void use_buffer(struct fixture *fixture, struct source_double *source)
{
	struct kms_dmabuf dmabuf = {
		.width = source->picture.width,
		.height = source->picture.height,
		.stride = source->picture.width * 4,
	};

	kms_buffer_unref(source->picture.buffers[0]);
	source->picture.buffers[0] = kms_buffer_import(fixture->card, &dmabuf, NULL);
	source->picture.part = (struct kms_rect){0, 0, (int32_t)source->picture.width,
		(int32_t)source->picture.height};
	source->picture.stride = dmabuf.stride;
}

static void fill_surface(struct source_double *source, const struct kms_rect *rect, uint32_t color)
{
	struct copy_target target = {.width = source->picture.width,
		.height = source->picture.height};

	target.pixels = surface_pixels(source->picture.surface, &target.stride);
	copy_fill(&target, rect, color);
}

static enum view_way show_rect(struct source_double *source, const struct kms_rect *damage)
{
	enum copy_reason reason;
	enum view_way way;
	uint64_t serial;

	if (view_copies(source->view, &source->picture, &reason) && source->cannot_fill)
		view_may_go_alone(source->view, &source->picture);
	serial = view_update(source->view, &source->picture, damage, &way);
	if (way != VIEW_OFF && way != VIEW_FAILED)
		source->waits = serial;
	return way;
}

static enum view_way show(struct source_double *source)
{
	return show_rect(source, NULL);
}

static void draw(struct source_double *source, struct kms_rect rect, uint32_t color)
{
	use_surface(source);
	surface_begin(source->picture.surface, &rect);
	fill_surface(source, &rect, color);
	surface_end(source->picture.surface);
	show_rect(source, &rect);
}

static void draw_all(struct source_double *source, uint32_t color)
{
	const struct kms_rect all = {0, 0, (int32_t)source->picture.width,
		(int32_t)source->picture.height};

	draw(source, all, color);
}

/* Only a part of an UPDATE has come. */
static void draw_half(struct source_double *source, struct kms_rect rect, uint32_t color)
{
	struct kms_rect half = rect;

	half.height /= 2;
	surface_begin(source->picture.surface, &rect);
	fill_surface(source, &half, color);
}

/* All that is in flight, or waits to be; without vblanks, for which one might wait for another. */
static void settle(struct fixture *fixture)
{
	do {
		while (fake_in_flight(fixture->output))
			fake_flip_without_vblank(fixture->output);
		while (g_main_context_iteration(NULL, FALSE))
			continue;
	} while (fake_in_flight(fixture->output));
}

static void expect_done(const struct source_double *source)
{
	g_assert_cmpuint(source->waits, >, 0);
	g_assert_cmpuint(source->presented, >=, source->waits);
}

static void expect_seen(struct fixture *fixture, uint32_t x, uint32_t y, uint32_t color)
{
	g_assert_cmphex(fake_seen(fixture->output, x, y), ==, color);
}

static const struct kms_rect corner = {40, 30, 16, 12};

/* ---- planes ---- */

static void test_planes_buffers(struct fixture *fixture, gconstpointer data)
{
	struct source_double *base = add_base(fixture);
	struct source_double *layer = add(fixture, corner, UINT16_MAX);
	struct kms_output_layer *kms = &fixture->output->layers[0];
	uint64_t waited;

	use_buffer(fixture, base);
	use_buffer(fixture, layer);
	g_assert_cmpint(show(base), ==, VIEW_DIRECT);
	g_assert_cmpint(show(layer), ==, VIEW_DIRECT);
	settle(fixture);
	expect_done(base);
	expect_done(layer);
	g_assert_true(kms->plane);
	g_assert_true(kms_rect_equal(&kms->current.frame.destination, &corner));
	g_assert_cmpuint(base->fills + layer->fills, ==, 0);

	/* The layer goes on without the other, which shows nothing more. */
	waited = base->waits;
	for (unsigned int i = 0; i < 5; i++) {
		show(layer);
		g_assert_true(fake_in_flight(fixture->output));
		fake_flip(fixture->output);
		expect_done(layer);
	}
	g_assert_cmpuint(base->presented, ==, waited);
	g_assert_cmpuint(fixture->output->commit_count, ==, 1);

	/* And the other way round. */
	g_assert_cmpint(show(base), ==, VIEW_DIRECT);
	fake_flip(fixture->output);
	expect_done(base);
	g_assert_cmpuint(kms->commits, ==, 6);
}

static void test_planes_pixels(struct fixture *fixture, gconstpointer data)
{
	struct source_double *base = add_base(fixture);
	struct source_double *layer = add(fixture, corner, UINT16_MAX);

	draw_all(base, RED);
	draw_all(layer, GREEN);
	settle(fixture);
	expect_done(layer);
	expect_seen(fixture, 0, 0, RED);
	expect_seen(fixture, 40, 30, GREEN);
	expect_seen(fixture, 39, 30, RED);
	expect_seen(fixture, 55, 41, GREEN);
	expect_seen(fixture, 56, 41, RED);
	draw(layer, (struct kms_rect){0, 0, 4, 4}, BLUE);
	settle(fixture);
	expect_done(layer);
	expect_seen(fixture, 43, 33, BLUE);
	expect_seen(fixture, 44, 33, GREEN);
	/* Nothing of it is in the picture. */
	g_assert_cmphex(fake_pixel(fixture->output, 43, 33), ==, RED);
}

/* The picture below has to be there, if only as black. */
static void test_planes_alone(struct fixture *fixture, gconstpointer data)
{
	struct source_double *layer;

	add_base(fixture);
	layer = add(fixture, corner, UINT16_MAX);
	draw_all(layer, GREEN);
	settle(fixture);
	expect_seen(fixture, 0, 0, 0);
	expect_seen(fixture, 40, 30, GREEN);
}

/* A buffer that no plane takes is copied to a canvas of the layer's own. */
static void test_planes_copied(struct fixture *fixture, gconstpointer data)
{
	struct source_double *base = add_base(fixture);
	struct source_double *layer = add(fixture, corner, UINT16_MAX);

	fixture->output->shows_dmabufs = false;
	draw_all(base, RED);
	use_buffer(fixture, layer);
	use_surface(layer);
	fill_surface(layer, &(struct kms_rect){0, 0, 16, 12}, GREEN);
	g_assert_cmpint(show(layer), ==, VIEW_COPIED);
	settle(fixture);
	expect_done(layer);
	g_assert_true(fixture->output->layers[0].plane);
	expect_seen(fixture, 41, 31, GREEN);
}

/* A plane for one of two that overlap: it is the upper one's. */
static void test_planes_one(struct fixture *fixture, gconstpointer data)
{
	struct source_double *base = add_base(fixture);
	struct source_double *lower = add(fixture, (struct kms_rect){8, 8, 16, 16}, UINT16_MAX);
	struct source_double *upper = add(fixture, (struct kms_rect){16, 16, 16, 16}, UINT16_MAX);

	fixture->output->overlays = 1;
	draw_all(base, RED);
	draw_all(lower, GREEN);
	draw_all(upper, BLUE);
	settle(fixture);
	expect_done(lower);
	expect_done(upper);
	g_assert_false(fixture->output->layers[0].plane);
	g_assert_true(fixture->output->layers[1].plane);
	g_assert_cmphex(fake_pixel(fixture->output, 20, 20), ==, GREEN);
	expect_seen(fixture, 20, 20, BLUE);
	expect_seen(fixture, 10, 10, GREEN);
	/* The lower one gets it when the upper one goes. */
	view_release(upper->view, true);
	settle(fixture);
	g_assert_true(fixture->output->layers[0].plane);
	expect_seen(fixture, 20, 20, GREEN);
	g_assert_cmphex(fake_pixel(fixture->output, 20, 20), ==, RED);
}

/* One that must be drawn is drawn over what it covers: so that is drawn, too. */
static void test_planes_covered(struct fixture *fixture, gconstpointer data)
{
	struct source_double *base = add_base(fixture);
	struct source_double *lower = add(fixture, (struct kms_rect){8, 8, 16, 16}, UINT16_MAX);
	struct source_double *apart = add(fixture, (struct kms_rect){40, 8, 8, 8}, UINT16_MAX);
	struct source_double *upper = add(fixture, (struct kms_rect){16, 16, 16, 16}, 0x7fff);

	fixture->output->overlay_alpha = false;
	draw_all(base, 0);
	draw_all(lower, GREEN);
	draw_all(apart, RED);
	draw_all(upper, BLUE);
	settle(fixture);
	g_assert_false(fixture->output->layers[0].plane);
	g_assert_true(fixture->output->layers[1].plane);
	g_assert_false(fixture->output->layers[2].plane);
	expect_seen(fixture, 10, 10, GREEN);
	expect_seen(fixture, 20, 20, 0x00807f);
	expect_seen(fixture, 44, 12, RED);
	for (size_t i = 0; i < fixture->count; i++)
		expect_done(&fixture->sources[i]);
}

static void test_planes_mode(struct fixture *fixture, gconstpointer data)
{
	struct source_double *base = add_base(fixture);
	struct source_double *layer = add(fixture, corner, UINT16_MAX);
	const struct kms_rect moved = {0, 0, 32, 24};

	draw_all(base, RED);
	draw_all(layer, GREEN);
	settle(fixture);
	view_set_area(layer->view, &moved);
	fake_set_mode(fixture->output, 96, 64);
	settle(fixture);
	g_assert_true(fixture->output->layers[0].plane);
	expect_seen(fixture, 0, 0, GREEN);
	expect_seen(fixture, 31, 23, GREEN);
	expect_seen(fixture, 50, 31, RED);
}

static void test_planes_off(struct fixture *fixture, gconstpointer data)
{
	struct source_double *base = add_base(fixture);
	struct source_double *layer = add(fixture, corner, UINT16_MAX);

	draw_all(base, RED);
	draw_all(layer, GREEN);
	fake_set_active(fixture->output, false);
	g_assert_cmpint(layer->error, ==, EACCES);
	draw_all(layer, BLUE);
	fake_set_active(fixture->output, true);
	settle(fixture);
	expect_seen(fixture, 40, 30, BLUE);
	expect_seen(fixture, 0, 0, RED);
}

/* Where no plane takes a guest's cursor, it is drawn into its layer. */
static void test_planes_cursor_drawn(struct fixture *fixture, gconstpointer data)
{
	struct source_double *base = add_base(fixture);
	struct source_double *layer = add(fixture, corner, UINT16_MAX);
	static uint32_t pixels[KMS_CURSOR_SIZE * KMS_CURSOR_SIZE];

	fixture->output->cursor_plane = false;
	pixels[0] = 0xffffffff;
	draw_all(base, RED);
	draw_all(layer, GREEN);
	view_move_cursor(layer->view, 3, 2);
	view_set_cursor(layer->view, pixels, 0, 0);
	draw(layer, (struct kms_rect){8, 8, 1, 1}, BLUE);
	settle(fixture);
	g_assert_false(fixture->output->cursor_visible);
	expect_seen(fixture, 43, 32, WHITE);
	expect_seen(fixture, 44, 32, GREEN);
	expect_seen(fixture, 48, 38, BLUE);
}

/* What is turned is turned into the canvas of the layer. */
static void test_planes_turned(struct fixture *fixture, gconstpointer data)
{
	struct source_double *base = add_turned(fixture, (struct kms_rect){0, 0, HEIGHT, WIDTH},
		UINT16_MAX, KMS_ROTATE_90);
	struct source_double *layer = add_turned(fixture, (struct kms_rect){0, 0, 8, 16},
		UINT16_MAX, KMS_ROTATE_90);

	fixture->output->reflects = false;
	draw_all(base, RED);
	draw_all(layer, GREEN);
	draw(layer, (struct kms_rect){0, 0, 1, 1}, BLUE);
	settle(fixture);
	/* Counter-clockwise: its top is at the left of the panel. */
	expect_seen(fixture, 0, HEIGHT - 1, BLUE);
	expect_seen(fixture, 15, HEIGHT - 8, GREEN);
	expect_seen(fixture, 16, HEIGHT - 8, RED);
	expect_seen(fixture, 15, HEIGHT - 9, RED);
}

/* The cursor goes without a frame: the buffer itself is shown again, without it. */
static void test_planes_cursor_gone(struct fixture *fixture, gconstpointer data)
{
	struct source_double *base = add_base(fixture);
	struct source_double *layer = add(fixture, corner, UINT16_MAX);
	const struct kms_output_layer *kms = &fixture->output->layers[0];
	static uint32_t pixels[KMS_CURSOR_SIZE * KMS_CURSOR_SIZE];

	fixture->output->cursor_plane = false;
	pixels[0] = 0xffffffff;
	draw_all(base, RED);
	use_buffer(fixture, layer);
	use_surface(layer);
	view_set_cursor(layer->view, pixels, 0, 0);
	show(layer);
	settle(fixture);
	expect_seen(fixture, 40, 30, WHITE);
	view_set_cursor(layer->view, NULL, 0, 0);
	settle(fixture);
	g_assert_true(kms->plane);
	g_assert_true(kms->current.frame.buffer == layer->picture.buffers[0]);
}

/* Layers of kms/ that are leaving have the last ones until the screen is without them. */
static void test_planes_leaving(struct fixture *fixture, gconstpointer data)
{
	struct source_double *base = add_base(fixture);
	struct source_double *layer;

	for (size_t i = 0; i < KMS_LAYERS_MAX; i++)
		fixture->output->layers[i].used = true;
	layer = add(fixture, corner, UINT16_MAX);
	draw_all(base, RED);
	draw_all(layer, GREEN);
	settle(fixture);
	g_assert_cmphex(fake_pixel(fixture->output, 40, 30), ==, GREEN);
	for (size_t i = 0; i < KMS_LAYERS_MAX; i++)
		fixture->output->layers[i].used = false;
	draw(base, (struct kms_rect){0, 0, 1, 1}, BLUE);
	settle(fixture);
	g_assert_true(fixture->output->layers[0].plane);
	expect_seen(fixture, 40, 30, GREEN);
	g_assert_cmphex(fake_pixel(fixture->output, 40, 30), ==, RED);
}

/* Last pictures on planes are there again with their output. */
static void test_planes_last(struct fixture *fixture, gconstpointer data)
{
	struct source_double *base = add_base(fixture);
	struct source_double *layer = add(fixture, corner, UINT16_MAX);

	draw_all(base, RED);
	draw_all(layer, GREEN);
	settle(fixture);
	view_release(base->view, false);
	view_release(layer->view, false);
	fake_unplug(fixture->output);
	fake_set_active(fixture->output, true);
	settle(fixture);
	expect_seen(fixture, 0, 0, RED);
	expect_seen(fixture, 40, 30, GREEN);
}

/* ---- drawn ---- */

static void test_drawn_pixels(struct fixture *fixture, gconstpointer data)
{
	struct source_double *base = add_base(fixture);
	struct source_double *layer = add(fixture, corner, UINT16_MAX);

	draw_all(base, RED);
	draw_all(layer, GREEN);
	settle(fixture);
	expect_done(base);
	expect_done(layer);
	expect_seen(fixture, 0, 0, RED);
	expect_seen(fixture, 40, 30, GREEN);
	expect_seen(fixture, 39, 29, RED);

	for (unsigned int i = 0; i < 5; i++) {
		draw(layer, (struct kms_rect){(int32_t)i, 0, 1, 1}, BLUE);
		settle(fixture);
		expect_done(layer);
		expect_seen(fixture, 40 + i, 30, BLUE);
		draw(base, (struct kms_rect){(int32_t)i, 0, 60, 40}, WHITE);
		settle(fixture);
		expect_done(base);
		expect_seen(fixture, 40 + i, 30, BLUE);
		expect_seen(fixture, 45 + i, 31, GREEN);
		expect_seen(fixture, 39, 30, WHITE);
	}
}

/* A picture that went direct is copied as long as something must be drawn into it. */
static void test_drawn_buffer(struct fixture *fixture, gconstpointer data)
{
	struct source_double *base = add_base(fixture);
	struct source_double *layer = add(fixture, corner, UINT16_MAX);

	use_buffer(fixture, base);
	g_assert_cmpint(show(base), ==, VIEW_DIRECT);
	settle(fixture);
	use_surface(base);
	fill_surface(base, &(struct kms_rect){0, 0, WIDTH, HEIGHT}, RED);
	draw_all(layer, GREEN);
	settle(fixture);
	g_assert_cmpuint(base->fills, ==, 1);
	expect_done(layer);
	expect_seen(fixture, 0, 0, RED);
	expect_seen(fixture, 40, 30, GREEN);
	g_assert_cmpint(show(base), ==, VIEW_COPIED);
	settle(fixture);
	expect_done(base);
	/* … and no longer. */
	view_release(layer->view, true);
	settle(fixture);
	g_assert_true(fake_last(fixture->output)->buffer == base->picture.buffers[0]);
	g_assert_cmpint(show(base), ==, VIEW_DIRECT);
}

static void test_drawn_opacity(struct fixture *fixture, gconstpointer data)
{
	struct source_double *base = add_base(fixture);
	struct source_double *layer = add(fixture, corner, 0x7fff);

	draw_all(base, RED);
	draw_all(layer, GREEN);
	settle(fixture);
	expect_seen(fixture, 45, 35, 0x807f00);
	/* What changes below it is seen through it. */
	draw(base, (struct kms_rect){45, 35, 1, 1}, BLUE);
	settle(fixture);
	expect_seen(fixture, 45, 35, 0x007f80);
	expect_seen(fixture, 46, 35, 0x807f00);
	/* A second time nothing is mixed in twice. */
	draw(base, (struct kms_rect){40, 30, 16, 12}, BLUE);
	settle(fixture);
	expect_seen(fixture, 45, 35, 0x007f80);
}

static void test_drawn_cursor(struct fixture *fixture, gconstpointer data)
{
	struct source_double *base = add_base(fixture);
	struct source_double *layer = add(fixture, corner, UINT16_MAX);
	static uint32_t pixels[KMS_CURSOR_SIZE * KMS_CURSOR_SIZE];

	fixture->output->cursor_plane = false;
	pixels[0] = 0xffffffff;
	draw_all(base, RED);
	draw_all(layer, GREEN);
	view_move_cursor(layer->view, 3, 2);
	view_set_cursor(layer->view, pixels, 0, 0);
	draw(layer, (struct kms_rect){0, 0, 1, 1}, BLUE);
	settle(fixture);
	expect_seen(fixture, 43, 32, WHITE);
	view_move_cursor(layer->view, 5, 2);
	draw(layer, (struct kms_rect){0, 0, 1, 1}, BLUE);
	settle(fixture);
	expect_seen(fixture, 43, 32, GREEN);
	expect_seen(fixture, 45, 32, WHITE);
}

/* One back-end stops in the middle of a message: what it showed stays, and the other goes on. */
static void test_drawn_half(struct fixture *fixture, gconstpointer data)
{
	struct source_double *base = add_base(fixture);
	struct source_double *layer = add(fixture, corner, UINT16_MAX);

	draw_all(base, RED);
	draw_all(layer, GREEN);
	settle(fixture);
	/* Only one of the canvases has it. */
	draw(layer, (struct kms_rect){0, 0, 16, 12}, WHITE);
	settle(fixture);
	draw_half(layer, (struct kms_rect){0, 0, 16, 12}, BLUE);
	for (unsigned int i = 0; i < 4; i++) {
		draw(base, (struct kms_rect){0, 0, WIDTH, HEIGHT}, i % 2 ? RED : GREEN);
		settle(fixture);
		expect_done(base);
		expect_seen(fixture, 0, 0, i % 2 ? RED : GREEN);
		expect_seen(fixture, 40, 30, WHITE);
		expect_seen(fixture, 55, 41, WHITE);
	}
	fill_surface(layer, &(struct kms_rect){0, 0, 16, 12}, BLUE);
	surface_end(layer->picture.surface);
	show(layer);
	settle(fixture);
	expect_seen(fixture, 40, 30, BLUE);

	draw(base, (struct kms_rect){0, 0, WIDTH, HEIGHT}, WHITE);
	settle(fixture);
	draw_half(base, (struct kms_rect){0, 0, WIDTH, HEIGHT}, RED);
	for (unsigned int i = 0; i < 4; i++) {
		draw_all(layer, i % 2 ? RED : GREEN);
		settle(fixture);
		expect_done(layer);
		expect_seen(fixture, 0, 0, WHITE);
		expect_seen(fixture, 40, 30, i % 2 ? RED : GREEN);
	}
}

/* What a guest that has gone showed last is below the layer still. */
static void test_drawn_last(struct fixture *fixture, gconstpointer data)
{
	struct source_double *base = add_base(fixture);
	struct source_double *layer = add(fixture, corner, 0x7fff);

	draw_all(base, RED);
	draw_all(layer, GREEN);
	settle(fixture);
	view_release(base->view, false);
	g_clear_pointer(&base->picture.surface, surface_destroy);
	draw_all(layer, BLUE);
	settle(fixture);
	expect_seen(fixture, 0, 0, RED);
	expect_seen(fixture, 45, 35, 0x80007f);
	/* And the layer's own. */
	view_release(layer->view, false);
	g_clear_pointer(&layer->picture.surface, surface_destroy);
	base->picture.version++;
	draw_all(base, GREEN);
	settle(fixture);
	expect_seen(fixture, 0, 0, GREEN);
	expect_seen(fixture, 45, 35, 0x00807f);
}

/* A layer goes on counting where another view has ended, far beyond the output's own. */
static void test_drawn_far_ahead(struct fixture *fixture, gconstpointer data)
{
	struct source_double *base = add_base(fixture);
	struct source_double *layer;

	draw_all(base, RED);
	settle(fixture);
	fixture->serial = base->presented + 1000;
	layer = add(fixture, corner, UINT16_MAX);
	draw_all(layer, GREEN);
	settle(fixture);
	expect_done(layer);
	expect_seen(fixture, 40, 30, GREEN);
	draw_all(base, BLUE);
	settle(fixture);
	expect_done(base);
}

/* What a guest showed last cannot be read, and it has gone: layers are drawn above black. */
static void test_drawn_last_unreadable(struct fixture *fixture, gconstpointer data)
{
	struct source_double *base = add_base(fixture);
	struct source_double *layer = add(fixture, corner, UINT16_MAX);

	base->cannot_fill = true;
	use_buffer(fixture, base);
	show(base);
	settle(fixture);
	draw_all(layer, GREEN);
	settle(fixture);
	view_release(base->view, false);
	draw_all(layer, BLUE);
	settle(fixture);
	expect_done(layer);
	expect_seen(fixture, 40, 30, BLUE);
	expect_seen(fixture, 0, 0, 0);
}

/* It went in the middle of a message: what it showed before that is there, where layers did not
 * hide it. */
static void test_drawn_last_half(struct fixture *fixture, gconstpointer data)
{
	struct source_double *base = add_base(fixture);
	struct source_double *layer = add(fixture, corner, UINT16_MAX);

	draw_all(base, RED);
	draw_all(layer, GREEN);
	settle(fixture);
	draw_half(base, (struct kms_rect){0, 0, WIDTH, HEIGHT}, WHITE);
	view_release(base->view, false);
	g_clear_pointer(&base->picture.surface, surface_destroy);
	draw_all(layer, BLUE);
	settle(fixture);
	expect_seen(fixture, 0, 0, RED);
	expect_seen(fixture, 63, 0, RED);
	expect_seen(fixture, 45, 35, BLUE);
	draw_half(layer, (struct kms_rect){0, 0, 16, 12}, WHITE);
	view_release(layer->view, false);
	g_clear_pointer(&layer->picture.surface, surface_destroy);
	settle(fixture);
	expect_seen(fixture, 45, 35, BLUE);
	view_release(layer->view, true);
	settle(fixture);
	expect_seen(fixture, 0, 0, RED);
	expect_seen(fixture, 45, 35, 0);
}

/* A buffer that cannot be read is left out; the rest is shown. */
static void test_drawn_unreadable(struct fixture *fixture, gconstpointer data)
{
	struct source_double *base = add_base(fixture);
	struct source_double *layer = add(fixture, corner, UINT16_MAX);

	draw_all(base, RED);
	settle(fixture);
	use_buffer(fixture, layer);
	layer->cannot_fill = true;
	g_assert_cmpint(show(layer), ==, VIEW_FAILED);
	settle(fixture);
	expect_seen(fixture, 40, 30, RED);
	draw_all(base, BLUE);
	settle(fixture);
	expect_done(base);
	expect_seen(fixture, 40, 30, BLUE);
}

/* Nor does it hide what is below with what it showed before. */
static void test_drawn_unreadable_next(struct fixture *fixture, gconstpointer data)
{
	struct source_double *base = add_base(fixture);
	struct source_double *layer = add(fixture, corner, UINT16_MAX);
	struct surface *surface;

	draw_all(base, RED);
	draw_all(layer, GREEN);
	settle(fixture);
	surface = g_steal_pointer(&layer->picture.surface);
	use_buffer(fixture, layer);
	layer->cannot_fill = true;
	g_assert_cmpint(show(layer), ==, VIEW_FAILED);
	settle(fixture);
	expect_seen(fixture, 40, 30, RED);
	layer->picture.surface = surface;
	draw_all(layer, BLUE);
	settle(fixture);
	expect_done(layer);
	expect_seen(fixture, 40, 30, BLUE);
}

/* The output's own cannot be read, nor shown as it is: who draws above it is told at once what
 * waits in vain, … */
static void test_drawn_above_unreadable(struct fixture *fixture, gconstpointer data)
{
	struct source_double *base = add_base(fixture);
	struct source_double *layer = add(fixture, corner, UINT16_MAX);

	use_buffer(fixture, base);
	base->cannot_fill = true;
	show(base);
	settle(fixture);
	fixture->output->shows_dmabufs = false;
	draw_all(layer, GREEN);
	settle(fixture);
	g_assert_cmpuint(layer->waits, >, 0);
	g_assert_cmpuint(layer->failed, >=, layer->waits);
	/* … and when it brings more, so that it is not answered faster than it could be shown. */
	g_assert_cmpint(show(layer), ==, VIEW_FAILED);
	draw_all(base, RED);
	settle(fixture);
	expect_done(base);
	expect_seen(fixture, 0, 0, RED);
	expect_seen(fixture, 40, 30, GREEN);
	draw_all(layer, BLUE);
	settle(fixture);
	expect_done(layer);
	expect_seen(fixture, 40, 30, BLUE);
}

/* ---- a picture below that cannot be read ---- */

static int64_t test_now_us(void)
{
	return turn_current->began_us;
}

/* Each of its frames is shown, as it is. */
static void expect_goes_on(struct fixture *fixture, struct source_double *base)
{
	for (unsigned int i = 0; i < 3; i++) {
		use_buffer(fixture, base);
		g_assert_cmpint(show(base), ==, VIEW_DIRECT);
		settle(fixture);
		expect_done(base);
		g_assert_true(fake_last(fixture->output)->buffer == base->picture.buffers[0]);
	}
}

static void expect_left_out(struct fixture *fixture, struct source_double *layer)
{
	double x, y;

	settle(fixture);
	g_assert_cmpuint(layer->failed, >=, layer->waits);
	g_assert_cmpint(show(layer), ==, VIEW_FAILED);
	g_assert_cmpint(view_pick(layer->view, 0.75, 0.75, &x, &y), ==, VIEW_POINT_NOWHERE);
}

static unsigned int times_said(void)
{
	g_autofree char *lines = fixture_log_take();
	unsigned int times = 0;

	for (const char *line = lines; (line = strstr(line, "layers that have no plane")); line++)
		times++;
	return times;
}

/* It is shown as it is, and the layer is not, in whichever order they come. */
static void start_unreadable(struct fixture *fixture, bool layer_first)
{
	struct source_double *base = add_base(fixture);
	struct source_double *layer = add(fixture, corner, UINT16_MAX);

	/* Of tests before. */
	g_free(fixture_log_take());
	base->cannot_fill = true;
	use_buffer(fixture, base);
	if (layer_first)
		draw_all(layer, GREEN);
	show(base);
	if (!layer_first)
		draw_all(layer, GREEN);
	settle(fixture);
	expect_done(base);
	expect_left_out(fixture, layer);
	expect_goes_on(fixture, base);
	expect_left_out(fixture, layer);
}

static void test_alone(struct fixture *fixture, gconstpointer data)
{
	struct source_double *base = &fixture->sources[0];
	struct source_double *layer = &fixture->sources[1];

	start_unreadable(fixture, data != NULL);
	g_assert_cmpuint(times_said(), ==, 1);

	/* Another one, that can be read. */
	base->cannot_fill = false;
	g_clear_pointer(&base->picture.buffers[0], kms_buffer_unref);
	draw_all(base, RED);
	settle(fixture);
	expect_done(base);
	expect_seen(fixture, 0, 0, RED);
	expect_seen(fixture, 40, 30, GREEN);
	draw_all(layer, BLUE);
	settle(fixture);
	expect_done(layer);
	expect_seen(fixture, 40, 30, BLUE);

	/* And one that cannot, which is said again. */
	base->cannot_fill = true;
	g_clear_pointer(&base->picture.surface, surface_destroy);
	use_buffer(fixture, base);
	g_assert_cmpint(show(base), ==, VIEW_DIRECT);
	expect_left_out(fixture, layer);
	expect_goes_on(fixture, base);
	g_assert_cmpuint(times_said(), ==, 1);
}

/* It could not be read for a while: the layer is back by itself, with its next frame. */
static void test_alone_for_a_while(struct fixture *fixture, gconstpointer data)
{
	struct turn turn = {.now_us = test_now_us, .began_us = G_USEC_PER_SEC};
	struct source_double *base = &fixture->sources[0];
	struct source_double *layer = &fixture->sources[1];
	unsigned int fills;

	turn_current = &turn;
	start_unreadable(fixture, false);
	fills = base->fills;
	expect_left_out(fixture, layer);
	g_assert_cmpuint(base->fills, ==, fills);
	/* In vain. */
	turn.began_us += 2 * G_USEC_PER_SEC;
	show(layer);
	expect_left_out(fixture, layer);
	g_assert_cmpuint(base->fills, ==, fills + 1);
	expect_goes_on(fixture, base);
	g_assert_cmpuint(times_said(), ==, 1);

	base->cannot_fill = false;
	use_surface(base);
	fill_surface(base, &(struct kms_rect){0, 0, WIDTH, HEIGHT}, RED);
	turn.began_us += 2 * G_USEC_PER_SEC;
	g_assert_cmpint(show(layer), ==, VIEW_COPIED);
	settle(fixture);
	expect_done(layer);
	expect_seen(fixture, 0, 0, RED);
	expect_seen(fixture, 40, 30, GREEN);
	turn_current = NULL;
}

/* The same of a layer that brings nothing more: with the next frame of the picture below. */
static void test_alone_below_still(struct fixture *fixture, gconstpointer data)
{
	struct turn turn = {.now_us = test_now_us, .began_us = G_USEC_PER_SEC};
	struct source_double *base = &fixture->sources[0];
	struct source_double *layer = &fixture->sources[1];

	turn_current = &turn;
	start_unreadable(fixture, false);
	expect_left_out(fixture, layer);
	base->cannot_fill = false;
	use_surface(base);
	fill_surface(base, &(struct kms_rect){0, 0, WIDTH, HEIGHT}, RED);
	turn.began_us += 2 * G_USEC_PER_SEC;
	show(base);
	settle(fixture);
	expect_seen(fixture, 0, 0, RED);
	expect_seen(fixture, 40, 30, GREEN);
	turn_current = NULL;
}

/* One with a plane keeps it; the other one is back when the layers have one each. */
static void test_alone_beside_plane(struct fixture *fixture, gconstpointer data)
{
	struct source_double *base = add_base(fixture);
	struct source_double *lower = add(fixture, (struct kms_rect){8, 8, 16, 16}, UINT16_MAX);
	struct source_double *upper = add(fixture, (struct kms_rect){16, 16, 16, 16}, UINT16_MAX);

	g_free(fixture_log_take());
	fixture->output->overlays = 1;
	base->cannot_fill = true;
	use_buffer(fixture, base);
	show(base);
	draw_all(lower, GREEN);
	draw_all(upper, BLUE);
	settle(fixture);
	expect_done(upper);
	g_assert_true(fixture->output->layers[1].plane);
	expect_left_out(fixture, lower);
	expect_goes_on(fixture, base);
	draw_all(upper, WHITE);
	settle(fixture);
	expect_done(upper);
	view_release(upper->view, true);
	settle(fixture);
	g_assert_true(fixture->output->layers[0].plane);
	draw_all(lower, RED);
	settle(fixture);
	expect_done(lower);
	expect_seen(fixture, 20, 20, RED);
	g_assert_cmpuint(times_said(), ==, 1);
}

/* Its mode is set anew, or is another. */
static void test_alone_mode(struct fixture *fixture, gconstpointer data)
{
	struct source_double *base = &fixture->sources[0];
	struct source_double *layer = &fixture->sources[1];

	start_unreadable(fixture, false);
	fake_set_active(fixture->output, false);
	g_assert_cmpint(show(base), ==, VIEW_OFF);
	fake_set_active(fixture->output, true);
	expect_left_out(fixture, layer);
	expect_goes_on(fixture, base);
	g_free(fixture_log_take());
}

/* The plane that had it does not take it any more: what is seen stays, and nobody waits for
 * ever. */
static void test_alone_refused(struct fixture *fixture, gconstpointer data)
{
	struct source_double *base = &fixture->sources[0];
	struct source_double *layer = &fixture->sources[1];

	start_unreadable(fixture, false);
	fixture->output->shows_dmabufs = false;
	use_buffer(fixture, base);
	g_assert_cmpint(show(base), ==, VIEW_FAILED);
	expect_left_out(fixture, layer);
	g_clear_pointer(&base->picture.buffers[0], kms_buffer_unref);
	draw_all(base, RED);
	settle(fixture);
	expect_seen(fixture, 40, 30, GREEN);
	g_free(fixture_log_take());
}

/* Nobody gets a canvas: each is told, and not before it knows what it waits for. */
static void test_drawn_no_memory(struct fixture *fixture, gconstpointer data)
{
	struct source_double *base = add_base(fixture);
	struct source_double *layer = add(fixture, corner, UINT16_MAX);

	use_buffer(fixture, base);
	show(base);
	settle(fixture);
	use_surface(base);
	fixture->card->refuses_dumb = true;
	draw_all(layer, GREEN);
	settle(fixture);
	g_assert_cmpuint(layer->failed, >=, layer->waits);
	fixture->card->refuses_dumb = false;
	draw_all(layer, BLUE);
	settle(fixture);
	expect_done(layer);
	expect_seen(fixture, 40, 30, BLUE);
}

/* A commit of the picture fails: so did what was drawn into it. */
static void test_drawn_failed(struct fixture *fixture, gconstpointer data)
{
	struct source_double *base = add_base(fixture);
	struct source_double *layer = add(fixture, corner, UINT16_MAX);

	draw_all(base, RED);
	draw_all(layer, GREEN);
	settle(fixture);
	draw_all(layer, BLUE);
	fake_fail(fixture->output, ETIMEDOUT);
	g_assert_cmpuint(layer->failed, >=, layer->waits);
	g_assert_cmpint(layer->error, ==, ETIMEDOUT);
	draw(layer, (struct kms_rect){0, 0, 1, 1}, WHITE);
	settle(fixture);
	expect_seen(fixture, 40, 30, WHITE);
	expect_seen(fixture, 41, 31, BLUE);
}

/* Both have brought a picture for each of the last vblanks: who comes first waits for the other,
 * but not longer than until the vblank is near. */
static void test_drawn_together(struct fixture *fixture, gconstpointer data)
{
	struct source_double *base = add_base(fixture);
	struct source_double *layer = add(fixture, corner, UINT16_MAX);
	size_t commits;

	/* So that what is measured is no vblank. */
	fixture->output->mode.refresh_mhz = 100;
	draw_all(base, RED);
	draw_all(layer, GREEN);
	settle(fixture);
	draw_all(base, RED);
	draw_all(layer, GREEN);
	/* It waits for the other, that has brought one before it. */
	fake_flip(fixture->output);
	g_assert_false(fake_in_flight(fixture->output));
	draw_all(base, RED);
	fake_flip(fixture->output);
	commits = fixture->output->commit_count;
	draw_all(base, BLUE);
	g_assert_false(fake_in_flight(fixture->output));
	draw_all(layer, WHITE);
	g_assert_true(fake_in_flight(fixture->output));
	g_assert_cmpuint(fixture->output->commit_count, ==, commits + 1);
	fake_flip(fixture->output);
	expect_done(base);
	expect_done(layer);
	expect_seen(fixture, 0, 0, BLUE);
	expect_seen(fixture, 40, 30, WHITE);
	/* Nobody else comes: it is shown in time. */
	fixture->output->mode.refresh_mhz = 60000;
	draw_all(base, GREEN);
	while (!fake_in_flight(fixture->output))
		g_main_context_iteration(NULL, TRUE);
	fake_flip(fixture->output);
	expect_done(base);
}

/* ---- whatever happens ---- */

/* What each source's picture is, as a model, and where; the last one is the uppermost. */
struct model {
	uint32_t pixels[SOURCES][WIDTH * HEIGHT];
	bool shown[SOURCES];
	struct kms_rect areas[SOURCES];
	bool half[SOURCES];
	struct kms_rect half_rect[SOURCES];
};

static void model_fill(struct model *model, size_t index, const struct kms_rect *rect,
	uint32_t color)
{
	for (int32_t y = rect->y; y < rect->y + rect->height; y++) {
		for (int32_t x = rect->x; x < rect->x + rect->width; x++)
			model->pixels[index][y * WIDTH + x] = color;
	}
}

static uint32_t model_pixel(const struct model *model, int32_t x, int32_t y)
{
	for (size_t i = SOURCES; i-- > 0;) {
		const struct kms_rect *area = &model->areas[i];

		if (model->shown[i] && x >= area->x && y >= area->y && x < area->x + area->width &&
			y < area->y + area->height)
			return model->pixels[i][(y - area->y) * WIDTH + x - area->x];
	}
	return 0;
}

static struct kms_rect random_rect(const struct kms_rect *area)
{
	struct kms_rect rect = {
		.x = g_test_rand_int_range(0, area->width),
		.y = g_test_rand_int_range(0, area->height),
	};

	rect.width = g_test_rand_int_range(1, area->width - rect.x + 1);
	rect.height = g_test_rand_int_range(1, area->height - rect.y + 1);
	return rect;
}

static void random_overlays(struct fixture *fixture)
{
	fixture->output->overlays = (unsigned int)g_test_rand_int_range(0, 4);
	card_changed(fixture, fixture->output);
}

static void flip_if_due(struct fixture *fixture)
{
	if (fake_in_flight(fixture->output))
		fake_flip_without_vblank(fixture->output);
}

static void random_step(struct fixture *fixture, struct model *model)
{
	size_t index = (size_t)g_test_rand_int_range(0, SOURCES);
	struct source_double *source = &fixture->sources[index];
	uint32_t color = (uint32_t)g_test_rand_int_range(1, 0xffffff);
	struct kms_rect rect = random_rect(&model->areas[index]);
	int what = g_test_rand_int_range(0, 12);

	if (model->half[index]) {
		/* Nothing else comes from a back-end that is in the middle of a message. */
		if (what > 3)
			return;
		fill_surface(source, &model->half_rect[index], color);
		model_fill(model, index, &model->half_rect[index], color);
		surface_end(source->picture.surface);
		model->half[index] = false;
		show_rect(source, &model->half_rect[index]);
		return;
	}
	switch (what) {
	case 0:
		if (index > 0) {
			view_release(source->view, true);
			model->shown[index] = false;
		}
		break;
	case 1:
		random_overlays(fixture);
		break;
	case 2:
		flip_if_due(fixture);
		break;
	case 3:
		if (model->shown[index]) {
			draw_half(source, rect, color);
			model->half[index] = true;
			model->half_rect[index] = rect;
		}
		break;
	case 4:
		fake_set_active(fixture->output, false);
		fake_set_active(fixture->output, true);
		break;
	default:
		draw(source, rect, color);
		model_fill(model, index, &rect, color);
		model->shown[index] = true;
	}
}

/* After each settling what is seen is what the model has, wherever nothing is half-sent. */
static void compare(struct fixture *fixture, const struct model *model)
{
	for (int32_t y = 0; y < HEIGHT; y++) {
		for (int32_t x = 0; x < WIDTH; x++)
			g_assert_cmphex(fake_seen(fixture->output, (uint32_t)x, (uint32_t)y), ==,
				model_pixel(model, x, y));
	}
}

static bool is_any_half(const struct model *model)
{
	return model->half[0] || model->half[1] || model->half[2] || model->half[3];
}

/* Layers that overlap, and a picture of the output's own from the start. The caller's. */
static struct model *model_start(struct fixture *fixture)
{
	static const struct kms_rect areas[SOURCES] = {{0, 0, WIDTH, HEIGHT}, {4, 4, 30, 30},
		{20, 10, 40, 20}, {25, 15, 10, 30}};
	struct model *model = g_new0(struct model, 1);

	memcpy(model->areas, areas, sizeof(areas));
	for (size_t i = 0; i < SOURCES; i++) {
		add(fixture, areas[i], UINT16_MAX);
		use_surface(&fixture->sources[i]);
	}
	draw_all(&fixture->sources[0], BLUE);
	model_fill(model, 0, &areas[0], BLUE);
	model->shown[0] = true;
	return model;
}

static void test_random(struct fixture *fixture, gconstpointer data)
{
	struct model *model = model_start(fixture);

	for (unsigned int i = 0; i < 600; i++) {
		fixture->output->commit_count = 0;
		random_step(fixture, model);
		if (i % 7 != 0)
			continue;
		settle(fixture);
		for (size_t j = 0; j < SOURCES; j++) {
			if (fixture->sources[j].waits && model->shown[j] && !model->half[j])
				g_assert_cmpuint(MAX(fixture->sources[j].presented,
							 fixture->sources[j].failed),
					>=, fixture->sources[j].waits);
		}
		if (!is_any_half(model))
			compare(fixture, model);
	}
	g_free(model);
}

/* The output's own picture can be read, or not. */
static void random_base_step(struct fixture *fixture, struct model *model)
{
	struct source_double *base = &fixture->sources[0];
	const struct kms_rect all = {0, 0, WIDTH, HEIGHT};
	uint32_t color = (uint32_t)g_test_rand_int_range(1, 0xffffff);
	enum view_way way;

	if (g_test_rand_int_range(0, 3) == 0)
		base->cannot_fill = !base->cannot_fill;
	if (base->cannot_fill) {
		g_clear_pointer(&base->picture.surface, surface_destroy);
		use_buffer(fixture, base);
		way = show(base);
		g_assert_true(way == VIEW_DIRECT || way == VIEW_QUEUED);
		return;
	}
	g_clear_pointer(&base->picture.buffers[0], kms_buffer_unref);
	draw_all(base, color);
	model_fill(model, 0, &all, color);
}

static void random_layer_step(struct fixture *fixture, struct model *model)
{
	size_t index = (size_t)g_test_rand_int_range(1, SOURCES);
	struct source_double *source = &fixture->sources[index];
	uint32_t color = (uint32_t)g_test_rand_int_range(1, 0xffffff);
	struct kms_rect rect = random_rect(&model->areas[index]);

	switch (g_test_rand_int_range(0, 12)) {
	case 0:
		view_release(source->view, true);
		model->shown[index] = false;
		break;
	case 1:
		random_overlays(fixture);
		break;
	case 2:
		flip_if_due(fixture);
		break;
	case 3:
		fake_set_active(fixture->output, false);
		fake_set_active(fixture->output, true);
		break;
	case 4:
		/* It is time to see whether it can be read. */
		turn_current->began_us += 2 * G_USEC_PER_SEC;
		break;
	default:
		draw(source, rect, color);
		model_fill(model, index, &rect, color);
		model->shown[index] = true;
	}
}

/* What is below the layers never stands still, nobody waits for ever, and what can be seen is. */
static void test_random_alone(struct fixture *fixture, gconstpointer data)
{
	struct turn turn = {.now_us = test_now_us, .began_us = G_USEC_PER_SEC};
	struct source_double *base = &fixture->sources[0];
	struct model *model = g_new0(struct model, 1);
	struct kms_rect areas[SOURCES] = {{0, 0, WIDTH, HEIGHT}, {4, 4, 30, 30}, {20, 10, 40, 20},
		{25, 15, 10, 30}};

	turn_current = &turn;
	memcpy(model->areas, areas, sizeof(areas));
	for (size_t i = 0; i < SOURCES; i++) {
		add(fixture, areas[i], UINT16_MAX);
		use_surface(&fixture->sources[i]);
	}
	draw_all(base, BLUE);
	model_fill(model, 0, &areas[0], BLUE);
	model->shown[0] = true;
	for (unsigned int i = 0; i < 600; i++) {
		fixture->output->commit_count = 0;
		if (g_test_rand_int_range(0, 4) == 0)
			random_base_step(fixture, model);
		else
			random_layer_step(fixture, model);
		if (i % 5 != 0)
			continue;
		settle(fixture);
		for (size_t j = 0; j < SOURCES; j++) {
			const struct source_double *source = &fixture->sources[j];

			if (source->waits && model->shown[j])
				g_assert_cmpuint(MAX(source->presented, source->failed), >=,
					source->waits);
		}
		if (base->cannot_fill)
			g_assert_true(
				fixture->output->current.frame.buffer == base->picture.buffers[0]);
		else
			compare(fixture, model);
	}
	turn_current = NULL;
	g_free(fixture_log_take());
	g_free(model);
}

/* ---- the cursor plane, which is above all layers ---- */

/* White all over, as it is in the memory of a guest. */
static const uint32_t *white_cursor(void)
{
	static uint32_t pixels[KMS_CURSOR_SIZE * KMS_CURSOR_SIZE];

	memset(pixels, 0xff, sizeof(pixels));
	return pixels;
}

#define CURSOR_SIDE 6 /* so much of the small one's image is white, the rest is nothing */

static const uint32_t *small_cursor(void)
{
	static uint32_t pixels[KMS_CURSOR_SIZE * KMS_CURSOR_SIZE];

	for (size_t y = 0; y < CURSOR_SIDE; y++)
		memset(&pixels[y * KMS_CURSOR_SIZE], 0xff, CURSOR_SIDE * sizeof(*pixels));
	return pixels;
}

/* At x, y of the view's picture. */
static void point(struct source_double *source, int32_t x, int32_t y)
{
	view_move_cursor(source->view, x, y);
	view_set_cursor(source->view, white_cursor(), 0, 0);
}

/* That this part of the image is on the plane, whose top-left is at x, y. */
static void expect_plane(struct fixture *fixture, int32_t x, int32_t y, struct kms_rect part)
{
	const struct kms_output *output = fixture->output;

	g_assert_true(output->cursor_visible);
	g_assert_cmpint(output->cursor_x, ==, x);
	g_assert_cmpint(output->cursor_y, ==, y);
	for (int32_t row = 0; row < KMS_CURSOR_SIZE; row++) {
		for (int32_t column = 0; column < KMS_CURSOR_SIZE; column++) {
			bool seen = row >= part.y && row < part.y + part.height &&
				column >= part.x && column < part.x + part.width;

			g_assert_cmphex(output->cursor_pixels[row * KMS_CURSOR_SIZE + column], ==,
				seen ? 0xffffffff : 0);
		}
	}
}

/* A layer's, of which nothing is seen outside of that; moves cost no frame, and it goes direct all
 * the time. */
static void test_cursor_on_plane(struct fixture *fixture, gconstpointer data)
{
	struct source_double *base = add_base(fixture);
	struct source_double *layer = add(fixture, corner, UINT16_MAX);
	const struct kms_output_layer *kms = &fixture->output->layers[0];
	unsigned int arrangements, commits;

	draw_all(base, RED);
	use_buffer(fixture, layer);
	point(layer, 3, 2);
	g_assert_false(fixture->output->cursor_visible);
	g_assert_cmpint(show(layer), ==, VIEW_DIRECT);
	settle(fixture);
	expect_plane(fixture, 43, 32, (struct kms_rect){0, 0, 13, 10});
	commits = kms->commits;
	arrangements = fixture->output->arrangements;
	view_move_cursor(layer->view, -5, -3);
	expect_plane(fixture, 35, 27, (struct kms_rect){5, 3, 16, 12});
	view_move_cursor(layer->view, 15, 11);
	expect_plane(fixture, 55, 41, (struct kms_rect){0, 0, 1, 1});
	/* Beside it, it is nowhere. */
	view_move_cursor(layer->view, 16, 0);
	g_assert_cmpint(fixture->output->cursor_x, ==, WIDTH);
	view_move_cursor(layer->view, 0, 0);
	expect_plane(fixture, 40, 30, (struct kms_rect){0, 0, 16, 12});
	g_assert_false(fake_in_flight(fixture->output));
	g_assert_cmpuint(fixture->output->commit_count, ==, 1);
	g_assert_cmpuint(kms->commits, ==, commits);
	g_assert_cmpuint(fixture->output->arrangements, ==, arrangements);
	g_assert_cmpuint(layer->fills, ==, 0);
	view_set_cursor(layer->view, NULL, 0, 0);
	g_assert_false(fixture->output->cursor_visible);
	g_assert_cmpint(show(layer), ==, VIEW_DIRECT);
}

/* At the edge of the screen there is nothing to be cut off. */
static void test_cursor_at_edge(struct fixture *fixture, gconstpointer data)
{
	struct source_double *base = add_base(fixture);
	struct source_double *layer = add(fixture, (struct kms_rect){0, 0, WIDTH, HEIGHT},
		UINT16_MAX);
	const struct kms_rect all = {0, 0, KMS_CURSOR_SIZE, KMS_CURSOR_SIZE};
	unsigned int sets;

	draw_all(base, RED);
	draw_all(layer, GREEN);
	point(layer, 60, 40);
	settle(fixture);
	expect_plane(fixture, 60, 40, all);
	sets = fixture->output->cursor_sets;
	view_move_cursor(layer->view, -60, -40);
	expect_plane(fixture, -60, -40, all);
	g_assert_cmpuint(fixture->output->cursor_sets, ==, sets);
}

/* As large as its layer shows it, and cut off there, too. */
static void test_cursor_scaled(struct fixture *fixture, gconstpointer data)
{
	struct source_double *base = add_base(fixture);
	struct source_double *layer = add(fixture, corner, UINT16_MAX);

	layer->picture.width *= 2;
	layer->picture.height *= 2;
	draw_all(base, RED);
	draw_all(layer, GREEN);
	point(layer, 8, 6);
	settle(fixture);
	expect_plane(fixture, 44, 33, (struct kms_rect){0, 0, 12, 9});
}

/* The same, but for this part of it. */
static void expect_hole(struct fixture *fixture, struct kms_rect part, struct kms_rect hole)
{
	const struct kms_output *output = fixture->output;

	g_assert_true(output->cursor_visible);
	for (int32_t y = 0; y < KMS_CURSOR_SIZE; y++) {
		for (int32_t x = 0; x < KMS_CURSOR_SIZE; x++) {
			const struct kms_rect pixel = {x, y, 1, 1};
			bool seen = kms_rect_contains(&part, &pixel) &&
				!kms_rect_contains(&hole, &pixel);

			g_assert_cmphex(output->cursor_pixels[y * KMS_CURSOR_SIZE + x], ==,
				seen ? 0xffffffff : 0);
		}
	}
}

#define HALF 0x8000

/* What another layer hides of it is cut out, or the plane would be above that; wherever that is.
 * Nothing is drawn for it, and no frame is made. */
static void test_cursor_hidden(struct fixture *fixture, gconstpointer data)
{
	const struct kms_rect small = {0, 0, CURSOR_SIDE, CURSOR_SIDE}, none = {0};
	struct source_double *base = add_base(fixture);
	struct source_double *layer = add(fixture, corner, UINT16_MAX);
	struct source_double *upper = add(fixture, (struct kms_rect){50, 36, 10, 10}, UINT16_MAX);
	const struct kms_output_layer *kms = &fixture->output->layers[0];
	unsigned int commits, sets;

	draw_all(base, RED);
	use_buffer(fixture, layer);
	show(layer);
	draw_all(upper, BLUE);
	view_set_cursor(layer->view, small_cursor(), 0, 0);
	settle(fixture);
	expect_hole(fixture, small, none);
	commits = kms->commits;
	view_move_cursor(layer->view, 8, 4);
	expect_hole(fixture, small, (struct kms_rect){2, 2, 4, 4});
	/* All of it. */
	view_move_cursor(layer->view, 10, 6);
	expect_hole(fixture, none, none);
	sets = fixture->output->cursor_sets;
	view_move_cursor(layer->view, 11, 7);
	view_move_cursor(layer->view, 3, 4);
	expect_hole(fixture, small, none);
	g_assert_cmpuint(fixture->output->cursor_sets, >, sets);
	g_assert_false(fake_in_flight(fixture->output));
	g_assert_cmpuint(kms->commits, ==, commits);
	g_assert_cmpuint(layer->fills, ==, 0);
	g_assert_true(kms->current.frame.buffer == layer->picture.buffers[0]);

	/* The other goes elsewhere, goes, and comes. */
	view_set_area(upper->view, &(struct kms_rect){45, 30, 10, 10});
	settle(fixture);
	expect_hole(fixture, small, (struct kms_rect){2, 0, 4, 6});
	view_release(upper->view, true);
	settle(fixture);
	expect_hole(fixture, small, none);
	draw_all(upper, BLUE);
	view_show(upper->view, &upper->picture);
	settle(fixture);
	expect_hole(fixture, small, (struct kms_rect){2, 0, 4, 6});
	g_assert_cmpuint(layer->fills, ==, 0);
}

/* That of the output's own picture, too, which goes direct all the time. */
static void test_cursor_below(struct fixture *fixture, gconstpointer data)
{
	const struct kms_rect small = {0, 0, CURSOR_SIDE, CURSOR_SIDE}, none = {0};
	struct source_double *base = add_base(fixture);
	struct source_double *layer = add(fixture, corner, UINT16_MAX);

	use_buffer(fixture, base);
	show(base);
	view_set_cursor(base->view, small_cursor(), 0, 0);
	settle(fixture);
	expect_hole(fixture, small, none);
	view_move_cursor(base->view, 38, 29);
	expect_hole(fixture, small, none);
	draw_all(layer, GREEN);
	settle(fixture);
	expect_hole(fixture, small, (struct kms_rect){2, 1, 4, 5});
	view_move_cursor(base->view, 44, 32);
	expect_hole(fixture, none, none);
	view_move_cursor(base->view, 54, 40);
	expect_hole(fixture, small, (struct kms_rect){0, 0, 2, 2});
	g_assert_false(fake_in_flight(fixture->output));
	g_assert_cmpuint(fixture->output->commit_count, ==, 1);
	g_assert_cmpint(show(base), ==, VIEW_DIRECT);
	settle(fixture);
	g_assert_cmpuint(base->fills, ==, 0);
	view_release(layer->view, true);
	settle(fixture);
	expect_hole(fixture, small, none);
	/* Of a guest that has none, nothing is cut. */
	view_set_cursor(base->view, NULL, 0, 0);
	g_assert_false(fixture->output->cursor_visible);
}

/* Without planes for layers the cursor's lies above what is drawn, and is cut all the same. */
static void test_cursor_below_drawn(struct fixture *fixture, gconstpointer data)
{
	const struct kms_rect small = {0, 0, CURSOR_SIDE, CURSOR_SIDE};
	struct source_double *base = add_base(fixture);
	struct source_double *layer = add(fixture, corner, UINT16_MAX);
	size_t commits;

	draw_all(base, RED);
	draw_all(layer, GREEN);
	view_set_cursor(base->view, small_cursor(), 0, 0);
	settle(fixture);
	commits = fixture->output->commit_count;
	view_move_cursor(base->view, 38, 29);
	settle(fixture);
	expect_hole(fixture, small, (struct kms_rect){2, 1, 4, 5});
	expect_seen(fixture, 40, 30, GREEN);
	g_assert_cmpuint(fixture->output->commit_count, ==, commits);
}

/* Where it is seen through the layer it is drawn below it; and it is on the plane until that is on
 * its way, so that no picture is without it. */
static void test_cursor_below_veil(struct fixture *fixture, gconstpointer data)
{
	struct source_double *base = add_base(fixture);
	struct source_double *layer = add(fixture, corner, HALF);
	struct kms_output *output = fixture->output;

	use_buffer(fixture, base);
	show(base);
	draw_all(layer, GREEN);
	view_set_cursor(base->view, small_cursor(), 0, 0);
	settle(fixture);
	g_assert_true(output->cursor_visible);
	g_assert_true(fake_last(output)->buffer == base->picture.buffers[0]);

	/* A frame is on its way. */
	show(base);
	g_assert_true(fake_in_flight(output));
	view_move_cursor(base->view, 38, 29);
	g_assert_true(output->cursor_visible);
	g_assert_true(fake_last(output)->buffer == base->picture.buffers[0]);
	fill_surface(base, &(struct kms_rect){0, 0, WIDTH, HEIGHT}, RED);
	settle(fixture);
	g_assert_false(output->cursor_visible);
	g_assert_cmphex(fake_pixel(output, 38, 29), ==, WHITE);
	g_assert_cmphex(fake_pixel(output, 43, 34), ==, WHITE);
	g_assert_cmphex(fake_pixel(output, 44, 34), ==, RED);
	g_assert_true(output->layers[0].plane);

	/* It leaves: drawn no more, and on the plane again. */
	view_move_cursor(base->view, 30, 20);
	settle(fixture);
	g_assert_true(output->cursor_visible);
	g_assert_cmpint(output->cursor_x, ==, 30);
	g_assert_cmpint(show(base), ==, VIEW_DIRECT);
	settle(fixture);
	g_assert_true(fake_last(output)->buffer == base->picture.buffers[0]);
	expect_done(base);
}

/* Its picture can go away meanwhile. */
static void test_cursor_below_veil_gone(struct fixture *fixture, gconstpointer data)
{
	struct source_double *base = add_base(fixture);
	struct source_double *layer = add(fixture, corner, HALF);

	use_buffer(fixture, base);
	show(base);
	draw_all(layer, GREEN);
	view_set_cursor(base->view, small_cursor(), 0, 0);
	settle(fixture);
	show(base);
	view_move_cursor(base->view, 38, 29);
	view_release(base->view, true);
	settle(fixture);
	g_assert_false(fixture->output->cursor_visible);
	g_assert_cmphex(fake_pixel(fixture->output, 38, 29), ==, 0);
}

/* A picture that nobody can read goes on, with its cursor above. */
static void test_cursor_below_veil_unread(struct fixture *fixture, gconstpointer data)
{
	struct source_double *base = add_base(fixture);
	struct source_double *layer = add(fixture, corner, HALF);
	struct kms_output *output = fixture->output;

	base->cannot_fill = true;
	use_buffer(fixture, base);
	show(base);
	draw_all(layer, GREEN);
	view_set_cursor(base->view, small_cursor(), 0, 0);
	settle(fixture);
	for (int32_t i = 0; i < 3; i++) {
		view_move_cursor(base->view, 38 + i, 29);
		settle(fixture);
		g_assert_true(output->cursor_visible);
		g_assert_cmpint(output->cursor_x, ==, 38 + i);
		g_assert_cmpint(show(base), ==, VIEW_DIRECT);
		settle(fixture);
		expect_done(base);
	}
	view_move_cursor(base->view, 0, 0);
	g_assert_cmpint(show(base), ==, VIEW_DIRECT);
	settle(fixture);
	/* Another picture of it may be one that can. */
	base->cannot_fill = false;
	view_move_cursor(base->view, 38, 29);
	settle(fixture);
	g_assert_false(output->cursor_visible);
	g_assert_cmphex(fake_pixel(output, 38, 29), ==, WHITE);
}

/* Below a layer that is seen through that of another layer is drawn, too; the layer's own buffer is
 * on its plane as long as its cursor is on one. */
static void test_cursor_covered(struct fixture *fixture, gconstpointer data)
{
	struct source_double *base = add_base(fixture);
	struct source_double *layer = add(fixture, corner, UINT16_MAX);
	struct source_double *upper = add(fixture, (struct kms_rect){50, 36, 10, 10}, HALF);
	const struct kms_output_layer *kms = &fixture->output->layers[0];

	draw_all(base, RED);
	use_buffer(fixture, layer);
	show(layer);
	view_set_cursor(layer->view, small_cursor(), 0, 0);
	draw_all(upper, BLUE);
	settle(fixture);
	g_assert_true(fixture->output->cursor_visible);
	g_assert_true(kms->current.frame.buffer == layer->picture.buffers[0]);
	g_assert_cmpuint(layer->fills, ==, 0);
	view_move_cursor(layer->view, 9, 6);
	settle(fixture);
	g_assert_false(fixture->output->cursor_visible);
	g_assert_cmpuint(layer->fills, ==, 1);
	expect_seen(fixture, 49, 36, WHITE);
	view_move_cursor(layer->view, 0, 0);
	settle(fixture);
	g_assert_true(fixture->output->cursor_visible);
	g_assert_true(kms->current.frame.buffer == layer->picture.buffers[0]);
	expect_done(layer);
	/* Nor is it when the other comes and goes, or is elsewhere. */
	view_set_area(upper->view, &(struct kms_rect){44, 30, 10, 10});
	settle(fixture);
	g_assert_false(fixture->output->cursor_visible);
	expect_seen(fixture, 43, 30, WHITE);
	view_release(upper->view, true);
	settle(fixture);
	g_assert_true(fixture->output->cursor_visible);
}

/* There is one plane: the output's own picture has it first, and who else has it keeps it. */
static void test_cursor_of_several(struct fixture *fixture, gconstpointer data)
{
	struct source_double *base = add_base(fixture);
	struct source_double *left = add(fixture, (struct kms_rect){0, 0, 8, 8}, UINT16_MAX);
	struct source_double *right = add(fixture, corner, UINT16_MAX);

	draw_all(base, RED);
	draw_all(left, GREEN);
	draw_all(right, BLUE);
	point(left, 1, 1);
	settle(fixture);
	expect_plane(fixture, 1, 1, (struct kms_rect){0, 0, 7, 7});
	point(right, 1, 1);
	settle(fixture);
	expect_plane(fixture, 1, 1, (struct kms_rect){0, 0, 7, 7});
	expect_seen(fixture, 41, 31, WHITE);
	expect_seen(fixture, 1, 1, GREEN);
	/* It hides its own. */
	view_set_cursor(left->view, NULL, 0, 0);
	settle(fixture);
	expect_plane(fixture, 41, 31, (struct kms_rect){0, 0, 15, 11});
	expect_seen(fixture, 41, 31, BLUE);
	point(left, 1, 1);
	settle(fixture);
	expect_plane(fixture, 41, 31, (struct kms_rect){0, 0, 15, 11});
	expect_seen(fixture, 1, 1, WHITE);
	point(base, 20, 20);
	settle(fixture);
	g_assert_cmpint(fixture->output->cursor_x, ==, 20);
	expect_hole(fixture, (struct kms_rect){0, 0, KMS_CURSOR_SIZE, KMS_CURSOR_SIZE},
		(struct kms_rect){20, 10, 16, 12});
	expect_seen(fixture, 41, 31, WHITE);
	view_set_cursor(base->view, NULL, 0, 0);
	settle(fixture);
	/* The uppermost, with no other reason. */
	expect_plane(fixture, 41, 31, (struct kms_rect){0, 0, 15, 11});
	expect_seen(fixture, 1, 1, WHITE);
	/* It goes, and with it its cursor. */
	view_destroy(right->view);
	fixture->count--;
	settle(fixture);
	kms_buffer_unref(right->picture.buffers[0]);
	surface_destroy(right->picture.surface);
	expect_plane(fixture, 1, 1, (struct kms_rect){0, 0, 7, 7});
	expect_seen(fixture, 1, 1, GREEN);
	view_set_source(left->view, NULL, NULL);
	settle(fixture);
	g_assert_false(fixture->output->cursor_visible);
}

/* ---- cursors, whatever happens ---- */

struct cursor_model {
	bool visible;
	int32_t x, y; /* in the picture of its layer */
};

static void random_cursor_step(struct fixture *fixture, struct model *model,
	struct cursor_model *cursors)
{
	size_t index = (size_t)g_test_rand_int_range(0, SOURCES);
	struct kms_rect *area = &model->areas[index];
	struct view *view = fixture->sources[index].view;
	struct cursor_model *cursor = &cursors[index];

	switch (g_test_rand_int_range(0, 12)) {
	case 0:
		cursor->visible = false;
		view_set_cursor(view, NULL, 0, 0);
		break;
	case 1:
		cursor->visible = true;
		view_set_cursor(view, small_cursor(), 0, 0);
		break;
	case 2:
		fixture->output->cursor_plane = !fixture->output->cursor_plane;
		card_changed(fixture, fixture->output);
		break;
	case 3:
		if (index == 0)
			break;
		area->x = g_test_rand_int_range(0, WIDTH - area->width + 1);
		area->y = g_test_rand_int_range(0, HEIGHT - area->height + 1);
		view_set_area(view, area);
		break;
	default:
		cursor->x = g_test_rand_int_range(-CURSOR_SIDE - 1, area->width + 1);
		cursor->y = g_test_rand_int_range(-CURSOR_SIDE - 1, area->height + 1);
		view_move_cursor(view, cursor->x, cursor->y);
	}
}

/* The uppermost that is there decides, with its cursor or without. */
static uint32_t pointed_pixel(const struct model *model, const struct cursor_model *cursors,
	int32_t x, int32_t y)
{
	for (size_t i = SOURCES; i-- > 0;) {
		int32_t left = x - model->areas[i].x, top = y - model->areas[i].y;

		if (!model->shown[i] || left < 0 || top < 0 || left >= model->areas[i].width ||
			top >= model->areas[i].height)
			continue;
		if (cursors[i].visible && left >= cursors[i].x && top >= cursors[i].y &&
			left < cursors[i].x + CURSOR_SIDE && top < cursors[i].y + CURSOR_SIDE)
			return WHITE;
		return model->pixels[i][top * WIDTH + left];
	}
	return 0;
}

/* With what is on the cursor plane. */
static uint32_t seen_with_cursor(const struct kms_output *output, int32_t x, int32_t y)
{
	int32_t left = x - output->cursor_x, top = y - output->cursor_y;

	if (output->cursor_visible && left >= 0 && top >= 0 && left < KMS_CURSOR_SIZE &&
		top < KMS_CURSOR_SIZE && output->cursor_pixels[top * KMS_CURSOR_SIZE + left] != 0)
		return WHITE;
	return fake_seen(output, (uint32_t)x, (uint32_t)y);
}

/* A frame of each, with which a cursor goes that is drawn. */
static void draw_each(struct fixture *fixture, struct model *model)
{
	for (size_t i = 0; i < SOURCES; i++) {
		if (!model->shown[i])
			continue;
		draw(&fixture->sources[i], (struct kms_rect){0, 0, 1, 1}, GREEN);
		model_fill(model, i, &(struct kms_rect){0, 0, 1, 1}, GREEN);
	}
}

static void test_cursor_random(struct fixture *fixture, gconstpointer data)
{
	struct model *model = model_start(fixture);
	struct cursor_model cursors[SOURCES] = {{false}};

	for (unsigned int i = 0; i < 900; i++) {
		fixture->output->commit_count = 0;
		if (i % 2 == 0)
			random_cursor_step(fixture, model, cursors);
		else
			random_step(fixture, model);
		if (i % 7 != 0 || is_any_half(model))
			continue;
		draw_each(fixture, model);
		settle(fixture);
		for (int32_t y = 0; y < HEIGHT; y++) {
			for (int32_t x = 0; x < WIDTH; x++)
				g_assert_cmphex(seen_with_cursor(fixture->output, x, y), ==,
					pointed_pixel(model, cursors, x, y));
		}
	}
	g_free(model);
}

/* The driver takes it no more, or another output's mode brings one: it is asked again. */
static void test_cursor_refused(struct fixture *fixture, gconstpointer data)
{
	struct source_double *base = add_base(fixture);
	struct source_double *layer = add(fixture, corner, UINT16_MAX);

	draw_all(base, RED);
	draw_all(layer, GREEN);
	point(layer, 3, 2);
	settle(fixture);
	g_assert_true(fixture->output->cursor_visible);
	fixture->output->cursor_plane = false;
	view_output_changed(fixture->sources[0].view);
	settle(fixture);
	g_assert_false(fixture->output->cursor_visible);
	expect_seen(fixture, 43, 32, WHITE);
	fixture->output->cursor_plane = true;
	view_output_changed(fixture->sources[0].view);
	settle(fixture);
	expect_plane(fixture, 43, 32, (struct kms_rect){0, 0, 13, 10});
	expect_seen(fixture, 43, 32, GREEN);
	/* While it is off, nothing is asked. */
	fake_set_active(fixture->output, false);
	view_move_cursor(layer->view, 4, 2);
	point(layer, 5, 2);
	fake_set_active(fixture->output, true);
	settle(fixture);
	expect_plane(fixture, 45, 32, (struct kms_rect){0, 0, 11, 10});
}

int main(int argc, char **argv)
{
	fixture_init(&argc, &argv);

#define ADD(path, setup, test) g_test_add(path, struct fixture, NULL, setup, test, stop)
	ADD("/view-layers/planes/buffers", start, test_planes_buffers);
	ADD("/view-layers/planes/pixels", start, test_planes_pixels);
	ADD("/view-layers/planes/alone", start, test_planes_alone);
	ADD("/view-layers/planes/copied", start, test_planes_copied);
	ADD("/view-layers/planes/one", start, test_planes_one);
	ADD("/view-layers/planes/covered", start, test_planes_covered);
	ADD("/view-layers/planes/mode", start, test_planes_mode);
	ADD("/view-layers/planes/off", start, test_planes_off);
	ADD("/view-layers/planes/cursor-drawn", start, test_planes_cursor_drawn);
	ADD("/view-layers/planes/cursor-gone", start, test_planes_cursor_gone);
	ADD("/view-layers/planes/leaving", start, test_planes_leaving);
	ADD("/view-layers/planes/last", start, test_planes_last);
	ADD("/view-layers/planes/turned", start, test_planes_turned);
	ADD("/view-layers/drawn/pixels", start_bare, test_drawn_pixels);
	ADD("/view-layers/drawn/buffer", start_bare, test_drawn_buffer);
	ADD("/view-layers/drawn/opacity", start_bare, test_drawn_opacity);
	ADD("/view-layers/drawn/cursor", start_bare, test_drawn_cursor);
	ADD("/view-layers/cursor/on-plane", start, test_cursor_on_plane);
	ADD("/view-layers/cursor/at-edge", start, test_cursor_at_edge);
	ADD("/view-layers/cursor/at-edge-drawn", start_bare, test_cursor_at_edge);
	ADD("/view-layers/cursor/scaled", start, test_cursor_scaled);
	ADD("/view-layers/cursor/covered", start, test_cursor_covered);
	ADD("/view-layers/cursor/hidden", start, test_cursor_hidden);
	ADD("/view-layers/cursor/below", start, test_cursor_below);
	ADD("/view-layers/cursor/below-drawn", start_bare, test_cursor_below_drawn);
	ADD("/view-layers/cursor/below-veil", start, test_cursor_below_veil);
	ADD("/view-layers/cursor/below-veil-gone", start, test_cursor_below_veil_gone);
	ADD("/view-layers/cursor/below-veil-unread", start, test_cursor_below_veil_unread);
	ADD("/view-layers/cursor/of-several", start, test_cursor_of_several);
	ADD("/view-layers/cursor/of-several-drawn", start_bare, test_cursor_of_several);
	ADD("/view-layers/cursor/random", start, test_cursor_random);
	ADD("/view-layers/cursor/refused", start, test_cursor_refused);
	ADD("/view-layers/cursor/refused-drawn", start_bare, test_cursor_refused);
	ADD("/view-layers/drawn/half", start_bare, test_drawn_half);
	ADD("/view-layers/drawn/last", start_bare, test_drawn_last);
	ADD("/view-layers/drawn/last-half", start_bare, test_drawn_last_half);
	ADD("/view-layers/drawn/last-unreadable", start_bare, test_drawn_last_unreadable);
	ADD("/view-layers/drawn/far-ahead", start_bare, test_drawn_far_ahead);
	ADD("/view-layers/drawn/unreadable", start_bare, test_drawn_unreadable);
	ADD("/view-layers/drawn/unreadable-next", start_bare, test_drawn_unreadable_next);
	ADD("/view-layers/drawn/above-unreadable", start_bare, test_drawn_above_unreadable);
	ADD("/view-layers/alone/layer-later", start_bare, test_alone);
	g_test_add("/view-layers/alone/layer-first", struct fixture, "first", start_bare,
		test_alone, stop);
	ADD("/view-layers/alone/for-a-while", start_bare, test_alone_for_a_while);
	ADD("/view-layers/alone/below-still", start_bare, test_alone_below_still);
	ADD("/view-layers/alone/beside-plane", start, test_alone_beside_plane);
	ADD("/view-layers/alone/mode", start_bare, test_alone_mode);
	ADD("/view-layers/alone/refused", start_bare, test_alone_refused);
	ADD("/view-layers/drawn/no-memory", start_bare, test_drawn_no_memory);
	ADD("/view-layers/drawn/failed", start_bare, test_drawn_failed);
	ADD("/view-layers/drawn/together", start_bare, test_drawn_together);
	ADD("/view-layers/random", start, test_random);
	ADD("/view-layers/random/alone", start, test_random_alone);
#undef ADD
	return g_test_run();
}
