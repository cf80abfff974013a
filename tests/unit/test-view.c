/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A view between a source of the test's and a fake output: which way a picture takes, what is asked
 * of the driver and how often, what is copied into which buffer, and what happens when an output
 * changes.
 */
#include "scene/view.h"

#include <errno.h>
#include <string.h>

#include "channel_fixture.h"
#include "fake/fake_kms.h"

#define RED 0xff0000u
#define GREEN 0x00ff00u

/* A source with a surface, a buffer, or both. */
struct fixture {
	struct kms_device *card;
	struct kms_output *output;
	struct view *view;
	struct view_picture picture;
	uint64_t presented, failed;
	int error;
	unsigned int changed, fills;
	enum copy_reason reason;
	bool cannot_fill;
	bool fills_later;
};

static void on_presented(void *data, uint64_t serial, const struct kms_presentation *presentation)
{
	struct fixture *fixture = data;

	g_assert_cmpuint(serial, >, fixture->presented);
	fixture->presented = serial;
}

static void on_failed(void *data, uint64_t serial, int error)
{
	struct fixture *fixture = data;

	fixture->failed = serial;
	fixture->error = error;
}

static void on_changed(void *data)
{
	struct fixture *fixture = data;

	fixture->changed++;
}

static enum view_fill on_fill_surface(void *data, enum copy_reason reason)
{
	struct fixture *fixture = data;

	fixture->fills++;
	fixture->reason = reason;
	if (fixture->cannot_fill)
		return VIEW_FILL_NEVER;
	if (fixture->fills_later)
		return VIEW_FILL_LATER;
	if (!fixture->picture.surface)
		fixture->picture.surface = surface_create("test", fixture->picture.width,
			fixture->picture.height, NULL);
	return VIEW_FILL_DONE;
}

static const struct view_listener listener = {on_presented, on_failed, on_changed, on_fill_surface};

static void card_presented(void *data, struct kms_output *output, uint64_t serial,
	const struct kms_presentation *presentation)
{
	struct fixture *fixture = data;

	view_presented(fixture->view, serial, presentation);
}

static void card_failed(void *data, struct kms_output *output, uint64_t serial, int error)
{
	struct fixture *fixture = data;

	view_commit_failed(fixture->view, serial, error);
}

static void card_changed(void *data, struct kms_output *output)
{
	struct fixture *fixture = data;

	view_output_changed(fixture->view);
}

static const struct kms_listener card_listener = {
	.presented = card_presented,
	.commit_failed = card_failed,
	.output_changed = card_changed,
};

static void fixture_setup(struct fixture *fixture, enum place_policy policy, uint32_t width,
	uint32_t height)
{
	struct view_options options = {.policy = policy};

	*fixture = (struct fixture){0};
	fixture->card = fake_card_create(1, 64, 48);
	fixture->output = &fixture->card->outputs[0];
	fake_card_listen(fixture->card, &card_listener, fixture);
	options.device = fixture->card;
	options.output = fixture->output;
	fixture->view = view_create(&options);
	view_set_source(fixture->view, &listener, fixture);
	fixture->picture.width = width;
	fixture->picture.height = height;
}

static void use_surface(struct fixture *fixture)
{
	fixture->picture.surface = surface_create("test", fixture->picture.width,
		fixture->picture.height, NULL);
}

static void use_buffer(struct fixture *fixture)
{
	struct kms_dmabuf dmabuf = {
		.width = fixture->picture.width,
		.height = fixture->picture.height,
		.stride = fixture->picture.width * 4,
	};

	kms_buffer_unref(fixture->picture.buffers[0]);
	fixture->picture.buffers[0] = kms_buffer_import(fixture->card, &dmabuf, NULL);
	fixture->picture.part = (struct kms_rect){0, 0, (int32_t)fixture->picture.width,
		(int32_t)fixture->picture.height};
	fixture->picture.stride = dmabuf.stride;
}

/* A picture as large as the output is drawn into a surface, or is in a buffer. */
static void start_with_surface(struct fixture *fixture)
{
	fixture_setup(fixture, PLACE_FIT, 64, 48);
	use_surface(fixture);
}

static void start_with_buffer(struct fixture *fixture)
{
	fixture_setup(fixture, PLACE_FIT, 64, 48);
	use_buffer(fixture);
}

static void fixture_teardown(struct fixture *fixture, gconstpointer data)
{
	view_destroy(fixture->view);
	kms_buffer_unref(fixture->picture.buffers[0]);
	surface_destroy(fixture->picture.surface);
	fake_card_destroy(fixture->card);
}

static const struct kms_rect all = {0, 0, 64, 48};

static void paint(struct fixture *fixture, struct kms_rect rect, uint32_t color)
{
	uint32_t stride;
	uint8_t *pixels = surface_pixels(fixture->picture.surface, &stride);

	for (int32_t y = rect.y; y < rect.y + rect.height; y++) {
		for (int32_t x = rect.x; x < rect.x + rect.width; x++)
			memcpy(pixels + (size_t)y * stride + (size_t)x * 4, &color, 4);
	}
}

static enum view_way update(struct fixture *fixture, const struct kms_rect *damage)
{
	enum copy_reason reason;
	enum view_way way;

	if (view_copies(fixture->view, &fixture->picture, &reason) && !fixture->picture.surface)
		on_fill_surface(fixture, reason);
	view_update(fixture->view, &fixture->picture, damage, &way);
	return way;
}

/* An update up to the glass. */
static void show(struct fixture *fixture, const struct kms_rect *damage, enum view_way way)
{
	g_assert_cmpint(update(fixture, damage), ==, way);
	fake_flip(fixture->output);
}

static void expect_copies(struct fixture *fixture, enum copy_reason wanted)
{
	enum copy_reason reason;

	g_assert_true(view_copies(fixture->view, &fixture->picture, &reason));
	g_assert_cmpint(reason, ==, wanted);
}

/* ---- direct ---- */

/* A question asked once: not one TEST_ONLY more for a thousand frames, also with new buffers. */
static void test_verdict_is_kept(struct fixture *fixture, gconstpointer data)
{
	enum copy_reason reason;

	start_with_buffer(fixture);
	for (int i = 0; i < 100; i++) {
		if (i % 2)
			use_buffer(fixture);
		g_assert_false(view_copies(fixture->view, &fixture->picture, &reason));
		show(fixture, NULL, VIEW_DIRECT);
	}
	g_assert_cmpuint(fixture->output->tests, ==, 1);
	g_assert_cmpuint(fixture->output->commit_count, ==, 100);
	g_assert_cmpuint(fixture->presented, ==, 100);

	/* Another kind of buffer is another question. */
	fixture->picture.fourcc = 1;
	g_assert_cmpint(update(fixture, NULL), ==, VIEW_DIRECT);
	g_assert_cmpuint(fixture->output->tests, ==, 2);
	g_assert_cmpuint(fixture->fills, ==, 0);
}

static void test_pending(struct fixture *fixture, gconstpointer data)
{
	start_with_buffer(fixture);
	g_assert_cmpint(update(fixture, NULL), ==, VIEW_DIRECT);
	g_assert_cmpint(update(fixture, NULL), ==, VIEW_QUEUED);
	g_assert_cmpint(update(fixture, NULL), ==, VIEW_QUEUED);
	fake_flip(fixture->output);
	g_assert_cmpuint(fixture->presented, ==, 1);
	fake_flip(fixture->output);
	g_assert_cmpuint(fixture->presented, ==, 3);
}

static void test_plane_scales(struct fixture *fixture, gconstpointer data)
{
	const struct kms_frame *frame;

	fixture_setup(fixture, PLACE_FIT, 32, 12);
	fixture->output->scaler = true;
	use_buffer(fixture);
	g_assert_cmpint(update(fixture, NULL), ==, VIEW_DIRECT);
	frame = fake_last(fixture->output);
	g_assert_true(frame->buffer->imported);
	g_assert_cmpint(frame->source.width, ==, 32);
	g_assert_cmpint(frame->source.height, ==, 12);
	g_assert_cmpint(frame->destination.width, ==, 64);
	g_assert_cmpint(frame->destination.height, ==, 24);
	g_assert_cmpint(frame->destination.y, ==, 12);
}

static void test_reasons(struct fixture *fixture, gconstpointer data)
{
	enum copy_reason reason;

	fixture_setup(fixture, PLACE_FIT, 32, 12);
	expect_copies(fixture, COPY_IMPORT_REFUSED);
	use_buffer(fixture);
	expect_copies(fixture, COPY_GEOMETRY);
	fixture_teardown(fixture, NULL);

	start_with_buffer(fixture);
	fixture->output->shows_dmabufs = false;
	expect_copies(fixture, COPY_TEST_REFUSED);
	fixture->output->shows_dmabufs = true;
	fixture->output->reflects = false;
	fixture->picture.y_inverted = true;
	expect_copies(fixture, COPY_GEOMETRY);
	fixture->output->active = false;
	g_assert_false(view_copies(fixture->view, &fixture->picture, &reason));
}

/* What submit refuses is filled in and copied in the same breath. */
static void test_falls_to_copy(struct fixture *fixture, gconstpointer data)
{
	start_with_buffer(fixture);
	show(fixture, NULL, VIEW_DIRECT);
	/* The driver has changed its mind, and says so only at the commit. */
	fixture->output->shows_dmabufs = false;
	g_assert_cmpint(update(fixture, NULL), ==, VIEW_COPIED);
	g_assert_cmpuint(fixture->fills, ==, 1);
	g_assert_cmpint(fixture->reason, ==, COPY_TEST_REFUSED);
	g_assert_false(fake_last(fixture->output)->buffer->imported);
	fake_flip(fixture->output);
	/* It is not asked again at each frame. */
	g_assert_cmpint(update(fixture, NULL), ==, VIEW_COPIED);
	g_assert_cmpuint(fixture->output->tests, ==, 1);
	fake_flip(fixture->output);
}

static void test_cannot_fill(struct fixture *fixture, gconstpointer data)
{
	start_with_buffer(fixture);
	show(fixture, NULL, VIEW_DIRECT);
	fixture->output->shows_dmabufs = false;
	fixture->cannot_fill = true;
	g_assert_cmpint(update(fixture, NULL), ==, VIEW_FAILED);
	g_assert_cmpuint(fixture->output->commit_count, ==, 1);
}

/* A blended cursor on a picture that cannot be read: the last picture stays, and not black. */
static void test_cannot_fill_for_cursor(struct fixture *fixture, gconstpointer data)
{
	static uint32_t pixels[KMS_CURSOR_SIZE * KMS_CURSOR_SIZE];

	pixels[0] = 0xffffffff;
	start_with_buffer(fixture);
	fixture->output->cursor_plane = false;
	fixture->cannot_fill = true;
	show(fixture, NULL, VIEW_DIRECT);
	view_set_cursor(fixture->view, pixels, 0, 0);
	view_move_cursor(fixture->view, 3, 3);
	g_assert_true(fake_last(fixture->output)->buffer->imported);
	if (kms_output_busy(fixture->output))
		fake_flip(fixture->output);
	view_resume(fixture->view);
	g_assert_true(fake_last(fixture->output)->buffer->imported);
}

/* A picture that came while a canvas was due: what waits for that canvas is told, not shown
 * black. */
static void test_never_black(struct fixture *fixture, gconstpointer data)
{
	fixture_setup(fixture, PLACE_FIT, 64, 48);
	use_surface(fixture);
	paint(fixture, all, RED);
	show(fixture, NULL, VIEW_COPIED);
	show(fixture, NULL, VIEW_COPIED);
	update(fixture, NULL);
	g_assert_cmpint(update(fixture, NULL), ==, VIEW_COPIED);
	/* Another one, whose buffer is refused when it comes to it, and that cannot be read. */
	g_clear_pointer(&fixture->picture.surface, surface_destroy);
	use_buffer(fixture);
	fixture->output->refuses_submit = true;
	fixture->cannot_fill = true;
	g_assert_cmpint(update(fixture, NULL), ==, VIEW_FAILED);
	fixture->output->refuses_submit = false;
	fake_flip(fixture->output);
	g_assert_cmpuint(fixture->output->commit_count, ==, 3);
	g_assert_cmphex(fake_pixel(fixture->output, 5, 5), ==, RED);
}

/* ---- surfaces that are filled later ---- */

static void start_later(struct fixture *fixture)
{
	start_with_buffer(fixture);
	show(fixture, NULL, VIEW_DIRECT);
	fixture->output->shows_dmabufs = false;
	fixture->fills_later = true;
	g_assert_cmpint(update(fixture, NULL), ==, VIEW_COPIED);
	g_assert_cmpuint(fixture->fills, ==, 1);
	g_assert_cmpuint(fixture->output->commit_count, ==, 1);
}

static void test_fills_later(struct fixture *fixture, gconstpointer data)
{
	start_later(fixture);
	/* The last picture stays, whatever happens meanwhile. */
	view_resume(fixture->view);
	g_assert_cmpuint(fixture->output->commit_count, ==, 1);
	use_surface(fixture);
	paint(fixture, all, RED);
	view_surface_filled(fixture->view);
	g_assert_cmphex(fake_pixel(fixture->output, 63, 47), ==, RED);
	fake_flip(fixture->output);
	/* What view_update() promised: serial + 1, past the frame that was refused. */
	g_assert_cmpuint(fixture->presented, ==, 3);
	/* Once is enough. */
	view_surface_filled(fixture->view);
	g_assert_cmpuint(fixture->output->commit_count, ==, 2);
}

static void test_fill_is_lost(struct fixture *fixture, gconstpointer data)
{
	start_later(fixture);
	view_surface_lost(fixture->view);
	g_assert_cmpuint(fixture->failed, ==, 3);
	/* No flip has timed out (kms_listener.commit_failed). */
	g_assert_cmpint(fixture->error, ==, ETIME);
	g_assert_cmpuint(fixture->output->commit_count, ==, 1);
	fixture->failed = 0;
	view_surface_lost(fixture->view);
	g_assert_cmpuint(fixture->failed, ==, 0);
}

/* A frame comes that cannot be shown at all: who waits for the one before is told. */
static void test_failure_ends_fill(struct fixture *fixture, gconstpointer data)
{
	enum view_way way;

	start_later(fixture);
	fixture->cannot_fill = true;
	fixture->fills_later = false;
	g_assert_cmpuint(view_update(fixture->view, &fixture->picture, NULL, &way), ==, 3);
	g_assert_cmpint(way, ==, VIEW_FAILED);
	/* And nobody is told twice. */
	g_assert_cmpuint(view_update(fixture->view, &fixture->picture, NULL, &way), ==, 0);
	g_assert_cmpint(way, ==, VIEW_FAILED);
}

/* Newest wins: a frame that can be shown now contains the one that waits. */
static void test_frame_overtakes_fill(struct fixture *fixture, gconstpointer data)
{
	struct kms_rect corner = {63, 47, 1, 1};

	start_later(fixture);
	use_surface(fixture);
	paint(fixture, all, RED);
	g_assert_cmpint(update(fixture, &corner), ==, VIEW_COPIED);
	g_assert_cmphex(fake_pixel(fixture->output, 0, 0), ==, RED);
	fake_flip(fixture->output);
	g_assert_cmpuint(fixture->presented, ==, 3);
	view_surface_lost(fixture->view);
	g_assert_cmpuint(fixture->failed, ==, 0);
}

/* A source that goes while its surface is awaited. */
static void test_released_before_fill(struct fixture *fixture, gconstpointer data)
{
	start_later(fixture);
	view_release(fixture->view, false);
	g_assert_cmpuint(fixture->failed, ==, 3);
	view_surface_filled(fixture->view);
	g_assert_cmpuint(fixture->output->commit_count, ==, 1);
}

/* ---- pictures that are asked about and not shown ---- */

/* The cursor's plane stays as it is for the picture that is shown. */
static void test_keep(struct fixture *fixture, gconstpointer data)
{
	static uint32_t pixels[KMS_CURSOR_SIZE * KMS_CURSOR_SIZE];
	struct view_picture small = {.width = 32, .height = 24};
	enum copy_reason reason;

	pixels[0] = 0xffffffff;
	start_with_buffer(fixture);
	view_set_cursor(fixture->view, pixels, 0, 0);
	view_move_cursor(fixture->view, 7, 8);
	show(fixture, NULL, VIEW_DIRECT);
	g_assert_true(view_copies(fixture->view, &small, &reason));
	view_keep(fixture->view);
	g_assert_true(fixture->output->cursor_visible);
	g_assert_cmpint(fixture->output->cursor_x, ==, 7);
	g_assert_cmpint(fixture->output->cursor_y, ==, 8);
	g_assert_cmphex(fixture->output->cursor_pixels[1], ==, 0);
	show(fixture, NULL, VIEW_DIRECT);
	g_assert_cmpuint(fixture->output->tests, ==, 1);
}

static void test_solid(struct fixture *fixture, gconstpointer data)
{
	static const struct view_picture green = {.solid = true, .color = GREEN};
	uint32_t width, height;

	start_with_surface(fixture);
	view_show(fixture->view, &green);
	g_assert_cmphex(fake_pixel(fixture->output, 0, 0), ==, GREEN);
	g_assert_cmphex(fake_pixel(fixture->output, 63, 47), ==, GREEN);
	g_assert_false(view_picture_size(fixture->view, &width, &height));
	fake_flip(fixture->output);
	fake_set_mode(fixture->output, 100, 100);
	g_assert_cmphex(fake_pixel(fixture->output, 99, 99), ==, GREEN);
	fake_flip(fixture->output);
	g_assert_cmpuint(fixture->fills, ==, 0);
	g_assert_cmpint(update(fixture, NULL), ==, VIEW_COPIED);
	g_assert_cmphex(fake_pixel(fixture->output, 50, 50), ==, 0);
}

/* ---- composed ---- */

/* A buffer gets what it has missed, and nothing else: what the surface has elsewhere stays out. */
static void test_damage_per_buffer(struct fixture *fixture, gconstpointer data)
{
	struct kms_rect corner = {63, 47, 1, 1};
	struct kms_rect first = {1, 1, 2, 2}, second = {10, 10, 2, 2}, third = {20, 20, 2, 2};

	start_with_surface(fixture);
	/* The first buffer is full, the second one new. Then the first one misses a pixel in the
	 * corner. */
	show(fixture, NULL, VIEW_COPIED);
	show(fixture, &corner, VIEW_COPIED);
	g_assert_cmpuint(fixture->card->buffers, ==, 2);

	/* Undamaged pixels are changed behind the view's back: seen, if they are copied. */
	paint(fixture, all, GREEN);
	paint(fixture, first, RED);
	update(fixture, &first);
	g_assert_cmphex(fake_pixel(fixture->output, 1, 1), ==, RED);
	g_assert_cmphex(fake_pixel(fixture->output, 0, 0), ==, 0);
	g_assert_cmphex(fake_pixel(fixture->output, 3, 3), ==, 0);
	fake_flip(fixture->output);

	/* The other buffer has missed `first` as well. */
	paint(fixture, second, RED);
	update(fixture, &second);
	g_assert_cmphex(fake_pixel(fixture->output, 1, 1), ==, RED);
	g_assert_cmphex(fake_pixel(fixture->output, 10, 10), ==, RED);
	g_assert_cmphex(fake_pixel(fixture->output, 5, 5), ==, 0);
	/* … but for the kernel only `second` is new. */
	g_assert_cmpuint(fake_last(fixture->output)->damage_count, ==, 1);
	g_assert_cmpint(fake_last(fixture->output)->damage[0].x, ==, 10);
	fake_flip(fixture->output);

	/* The first buffer again: it has `first`, misses `second`. */
	paint(fixture, first, GREEN);
	paint(fixture, third, RED);
	update(fixture, &third);
	g_assert_cmphex(fake_pixel(fixture->output, 1, 1), ==, RED);
	g_assert_cmphex(fake_pixel(fixture->output, 10, 10), ==, RED);
	g_assert_cmphex(fake_pixel(fixture->output, 20, 20), ==, RED);
	fake_flip(fixture->output);
}

/* Composed 1:1 in the picture's size, if the plane scales. */
static void test_scaler_for_surface(struct fixture *fixture, gconstpointer data)
{
	const struct kms_frame *frame;
	struct kms_rect damage = {1, 2, 3, 4};

	fixture_setup(fixture, PLACE_FIT, 32, 24);
	fixture->output->scaler = true;
	use_surface(fixture);
	g_assert_cmpint(update(fixture, NULL), ==, VIEW_COPIED);
	frame = fake_last(fixture->output);
	g_assert_cmpuint(frame->buffer->width, ==, 32);
	g_assert_cmpuint(frame->buffer->height, ==, 24);
	g_assert_cmpint(frame->destination.width, ==, 64);
	fake_flip(fixture->output);
	update(fixture, &damage);
	frame = fake_last(fixture->output);
	g_assert_cmpuint(frame->damage_count, ==, 1);
	g_assert_cmpmem(&frame->damage[0], sizeof(damage), &damage, sizeof(damage));

	/* Refused at the commit: pixman does it, without waiting for another update. */
	fixture->output->scaler = false;
	fake_fail(fixture->output, ERANGE);
	g_assert_cmpint(fixture->error, ==, ERANGE);
	frame = fake_last(fixture->output);
	g_assert_cmpuint(frame->buffer->width, ==, 64);
	g_assert_cmpint(frame->source.width, ==, 64);
	fake_flip(fixture->output);
}

/* Another picture comes while the output is away, and its source goes before the view hears that the
 * output is back: nothing is composed by what was found out of the one before. */
static void test_other_while_away(struct fixture *fixture, gconstpointer data)
{
	unsigned int commits;

	fixture_setup(fixture, PLACE_FIT, 32, 24);
	fixture->output->scaler = true;
	use_surface(fixture);
	update(fixture, NULL);
	update(fixture, NULL);
	commits = fixture->output->commit_count;
	fixture->output->active = false;
	surface_destroy(fixture->picture.surface);
	fixture->picture.width = 16;
	fixture->picture.height = 12;
	fixture->picture.version++;
	use_surface(fixture);
	g_assert_cmpint(update(fixture, NULL), ==, VIEW_OFF);
	fixture->output->active = true;
	fake_flip(fixture->output);
	view_release(fixture->view, false);
	g_assert_cmpint(fixture->error, ==, ECANCELED);
	g_assert_cmpuint(fixture->output->commit_count, ==, commits);
}

static void test_no_scaler_for_surface(struct fixture *fixture, gconstpointer data)
{
	fixture_setup(fixture, PLACE_FIT, 32, 24);
	use_surface(fixture);
	paint(fixture, (struct kms_rect){0, 0, 32, 24}, RED);
	for (int i = 0; i < 10; i++) {
		g_assert_cmpint(update(fixture, NULL), ==, VIEW_COPIED);
		g_assert_cmphex(fake_pixel(fixture->output, 0, 0), ==, RED);
		g_assert_cmphex(fake_pixel(fixture->output, 63, 47), ==, RED);
		fake_flip(fixture->output);
	}
	g_assert_cmpuint(fixture->output->tests, ==, 1);
	g_assert_cmpuint(fixture->card->buffers, ==, 2);
}

/* Damage to a scaled picture, drawn in parts, gives what drawing it at once gives. */
static void test_scaled_damage(struct fixture *fixture, gconstpointer data)
{
	uint32_t before[64 * 48];

	fixture_setup(fixture, PLACE_FIT, 37, 29);
	use_surface(fixture);
	show(fixture, NULL, VIEW_COPIED);
	show(fixture, NULL, VIEW_COPIED);
	for (int i = 0; i < 50; i++) {
		int32_t x = g_test_rand_int_range(0, 37), y = g_test_rand_int_range(0, 29);
		struct kms_rect rect = {x, y, g_test_rand_int_range(1, 38 - x),
			g_test_rand_int_range(1, 30 - y)};

		paint(fixture, rect, (uint32_t)g_test_rand_int() & 0xffffff);
		show(fixture, &rect, VIEW_COPIED);
	}
	for (uint32_t i = 0; i < 64 * 48; i++)
		before[i] = fake_pixel(fixture->output, i % 64, i / 64);
	update(fixture, NULL);
	for (uint32_t i = 0; i < 64 * 48; i++)
		g_assert_cmphex(before[i], ==, fake_pixel(fixture->output, i % 64, i / 64));
}

/* After black, all of a picture is drawn, whatever its first damage says. */
static void test_released(struct fixture *fixture, gconstpointer data)
{
	struct kms_rect corner = {63, 47, 1, 1};

	start_with_surface(fixture);
	paint(fixture, all, RED);
	for (int i = 0; i < 3; i++)
		show(fixture, i ? &corner : NULL, VIEW_COPIED);
	view_release(fixture->view, true);
	g_assert_cmphex(fake_pixel(fixture->output, 0, 0), ==, 0);
	fake_flip(fixture->output);
	update(fixture, &corner);
	g_assert_cmphex(fake_pixel(fixture->output, 0, 0), ==, RED);
	g_assert_cmpuint(fake_last(fixture->output)->damage_count, ==, 1);
	g_assert_cmpint(fake_last(fixture->output)->damage[0].width, ==, 64);
	g_assert_cmpint(fake_last(fixture->output)->damage[0].height, ==, 48);
	fake_flip(fixture->output);
}

static void test_no_buffer(struct fixture *fixture, gconstpointer data)
{
	start_with_surface(fixture);
	fixture->card->refuses_dumb = true;
	g_assert_cmpint(update(fixture, NULL), ==, VIEW_FAILED);
	g_assert_cmpint(update(fixture, NULL), ==, VIEW_FAILED);
	g_autofree char *lines = fixture_log_take();

	g_assert_cmpstr(lines, !=, NULL);
	g_assert_nonnull(strstr(lines, "DP-1: no scanout buffer"));
	g_assert_null(strchr(lines, '\n'));
	/* It works again as soon as there is memory. */
	fixture->card->refuses_dumb = false;
	g_assert_cmpint(update(fixture, NULL), ==, VIEW_COPIED);
}

/* A cursor that was there before the picture, and must be blended: the picture is copied from the
 * first frame on. */
static void test_cursor_before_picture(struct fixture *fixture, gconstpointer data)
{
	static uint32_t pixels[KMS_CURSOR_SIZE * KMS_CURSOR_SIZE];

	fixture_setup(fixture, PLACE_FIT, 64, 48);
	fixture->output->cursor_plane = false;
	use_buffer(fixture);
	memset(pixels, 0xff, sizeof(pixels));
	view_set_cursor(fixture->view, pixels, 0, 0);
	expect_copies(fixture, COPY_CURSOR);
	g_assert_cmpint(update(fixture, NULL), ==, VIEW_COPIED);
	g_assert_cmpuint(fixture->fills, ==, 1);
	g_assert_cmpint(fixture->reason, ==, COPY_CURSOR);
	g_assert_cmpuint(fixture->output->commit_count, ==, 1);
	g_assert_cmphex(fake_pixel(fixture->output, 5, 5), ==, 0xffffff);
	fake_flip(fixture->output);
}

/* ---- outputs that change ---- */

static void test_mode_changes(struct fixture *fixture, gconstpointer data)
{
	fixture_setup(fixture, PLACE_CENTER, 64, 48);
	use_surface(fixture);
	paint(fixture, all, RED);
	show(fixture, NULL, VIEW_COPIED);
	fake_set_mode(fixture->output, 100, 100);
	g_assert_cmpuint(fixture->changed, ==, 1);
	g_assert_cmpuint(fixture->output->commit_count, ==, 2);
	g_assert_cmphex(fake_pixel(fixture->output, 17, 26), ==, 0);
	g_assert_cmphex(fake_pixel(fixture->output, 18, 26), ==, RED);
	g_assert_cmphex(fake_pixel(fixture->output, 81, 73), ==, RED);
	g_assert_cmphex(fake_pixel(fixture->output, 82, 73), ==, 0);
	fake_flip(fixture->output);
	/* Nothing of the picture has changed: no commit. */
	fake_set_mode(fixture->output, 100, 100);
	g_assert_cmpuint(fixture->output->commit_count, ==, 2);
	/* Another mode all the same: what was shown has gone with the one before. */
	fixture->output->mode.refresh_mhz /= 2;
	fake_set_mode(fixture->output, 100, 100);
	g_assert_cmpuint(fixture->output->commit_count, ==, 3);
}

/* Between a mode set and the word of it the source goes: nothing is placed by the old mode. */
static void test_mode_not_told(struct fixture *fixture, gconstpointer data)
{
	fixture_setup(fixture, PLACE_FIT, 32, 24);
	fixture->output->scaler = true;
	use_surface(fixture);
	show(fixture, NULL, VIEW_COPIED);
	g_assert_cmpint(update(fixture, NULL), ==, VIEW_COPIED);
	g_assert_cmpint(update(fixture, NULL), ==, VIEW_COPIED);
	fixture->output->mode.width = 48;
	view_release(fixture->view, false);
	g_assert_cmpint(fixture->error, ==, ECANCELED);
	g_assert_cmpuint(fixture->output->commit_count, ==, 2);
}

/* Nor is it asked for anything there as a cursor changes. */
static void test_mode_not_told_cursor(struct fixture *fixture, gconstpointer data)
{
	static uint32_t pixels[KMS_CURSOR_SIZE * KMS_CURSOR_SIZE];

	fixture_setup(fixture, PLACE_CENTER, 64, 48);
	fixture->output->cursor_plane = false;
	use_buffer(fixture);
	memset(pixels, 0xff, sizeof(pixels));
	view_set_cursor(fixture->view, pixels, 0, 0);
	show(fixture, NULL, VIEW_COPIED);
	fixture->output->mode.width = 16;
	view_set_cursor(fixture->view, NULL, 0, 0);
	view_output_changed(fixture->view);
	g_assert_cmpint(fake_last(fixture->output)->destination.width, ==, 16);
}

static void test_off_and_on(struct fixture *fixture, gconstpointer data)
{
	start_with_surface(fixture);
	fixture->output->active = false;
	g_assert_cmpint(update(fixture, NULL), ==, VIEW_OFF);
	g_assert_false(view_live(fixture->view));
	paint(fixture, all, RED);
	view_output_changed(fixture->view);
	fake_set_active(fixture->output, true);
	g_assert_true(view_live(fixture->view));
	g_assert_cmpuint(fixture->output->commit_count, ==, 1);
	g_assert_cmphex(fake_pixel(fixture->output, 5, 5), ==, RED);
	fake_flip(fixture->output);

	/* A frame in flight when it goes off. */
	paint(fixture, all, GREEN);
	update(fixture, NULL);
	fake_set_active(fixture->output, false);
	g_assert_cmpint(fixture->error, ==, EACCES);
	fake_set_active(fixture->output, true);
	g_assert_cmphex(fake_pixel(fixture->output, 5, 5), ==, GREEN);
}

/* A source comes back while the output is off: its former last picture is not held for ever. */
static void test_new_picture_while_off(struct fixture *fixture, gconstpointer data)
{
	start_with_surface(fixture);
	for (int i = 0; i < 2; i++) {
		show(fixture, NULL, VIEW_COPIED);
		view_release(fixture->view, false);
		fake_set_active(fixture->output, false);
		g_assert_cmpint(update(fixture, NULL), ==, VIEW_OFF);
		fake_set_active(fixture->output, true);
		fake_flip(fixture->output);
		view_release(fixture->view, false);
	}
	/* The end checks that every buffer is gone. */
}

/* A cursor plane that is there no more, and back: a new verdict at output_changed. */
static void test_cursor_plane_changes(struct fixture *fixture, gconstpointer data)
{
	static uint32_t pixels[KMS_CURSOR_SIZE * KMS_CURSOR_SIZE];

	pixels[0] = 0xffffffff;
	start_with_buffer(fixture);
	show(fixture, NULL, VIEW_DIRECT);
	view_set_cursor(fixture->view, pixels, 0, 0);
	g_assert_true(fixture->output->cursor_visible);
	fixture->output->cursor_plane = false;
	view_output_changed(fixture->view);
	g_assert_cmpuint(fixture->fills, ==, 1);
	g_assert_cmpint(fixture->reason, ==, COPY_CURSOR);
	g_assert_cmphex(fake_pixel(fixture->output, 0, 0), ==, 0xffffff);
	fake_flip(fixture->output);

	fixture->output->cursor_plane = true;
	view_output_changed(fixture->view);
	g_assert_true(fixture->output->cursor_visible);
	g_assert_true(fake_last(fixture->output)->buffer->imported);
	fake_flip(fixture->output);
}

/* A picture that has no size any more has no place for a cursor. */
static void test_cursor_without_place(struct fixture *fixture, gconstpointer data)
{
	static uint32_t pixels[KMS_CURSOR_SIZE * KMS_CURSOR_SIZE];
	unsigned int moves;

	pixels[0] = 0xffffffff;
	start_with_buffer(fixture);
	show(fixture, NULL, VIEW_DIRECT);
	view_set_cursor(fixture->view, pixels, 0, 0);
	view_move_cursor(fixture->view, 1, 2);
	g_assert_cmpuint(fixture->output->cursor_moves, >, 0);
	fixture->picture.width = 0;
	fixture->picture.height = 0;
	fixture->picture.version++;
	fixture->cannot_fill = true;
	g_assert_cmpint(update(fixture, NULL), ==, VIEW_FAILED);
	moves = fixture->output->cursor_moves;
	view_move_cursor(fixture->view, 3, 4);
	g_assert_cmpuint(fixture->output->cursor_moves, ==, moves);
}

static void test_period(struct fixture *fixture, gconstpointer data)
{
	fixture_setup(fixture, PLACE_FIT, 64, 48);
	g_assert_cmpint(view_period_us(fixture->view), ==, 16666);
	fixture->output->mode.refresh_mhz = 144000;
	g_assert_cmpint(view_period_us(fixture->view), ==, 6944);
}

/* Fractions of the glass become fractions of what is on it; beside the picture there is nothing. */
static void test_pick(struct fixture *fixture, gconstpointer data)
{
	double x = -1;
	double y = -1;

	/* 64×48 in the middle of the fake's 128×96. */
	fixture_setup(fixture, PLACE_CENTER, 64, 48);
	fixture->output->mode.width = 128;
	fixture->output->mode.height = 96;
	view_output_changed(fixture->view);
	g_assert_cmpint(view_pick(fixture->view, 0.5, 0.5, &x, &y), ==, VIEW_POINT_NOWHERE);
	use_surface(fixture);
	update(fixture, NULL);
	g_assert_cmpint(view_pick(fixture->view, 0.5, 0.5, &x, &y), ==, VIEW_POINT_INSIDE);
	g_assert_cmpfloat_with_epsilon(x, 0.5, 1e-9);
	g_assert_cmpfloat_with_epsilon(y, 0.5, 1e-9);
	g_assert_cmpint(view_pick(fixture->view, 0.375, 0.625, &x, &y), ==, VIEW_POINT_INSIDE);
	g_assert_cmpfloat_with_epsilon(x, 0.25, 1e-9);
	g_assert_cmpfloat_with_epsilon(y, 0.75, 1e-9);
	g_assert_cmpint(view_pick(fixture->view, 0.1, 0.5, &x, &y), ==, VIEW_POINT_BESIDE);
	g_assert_cmpfloat_with_epsilon(x, 0, 1e-9);
	g_assert_cmpfloat_with_epsilon(y, 0.5, 1e-9);
	view_release(fixture->view, true);
	g_assert_cmpint(view_pick(fixture->view, 0.5, 0.5, &x, &y), ==, VIEW_POINT_NOWHERE);
}

int main(int argc, char **argv)
{
	fixture_init(&argc, &argv);
#define ADD(name, function) \
	g_test_add("/view/" name, struct fixture, NULL, NULL, function, fixture_teardown)
	ADD("direct/verdict-is-kept", test_verdict_is_kept);
	ADD("direct/pending", test_pending);
	ADD("direct/plane-scales", test_plane_scales);
	ADD("direct/reasons", test_reasons);
	ADD("direct/falls-to-copy", test_falls_to_copy);
	ADD("direct/cannot-fill", test_cannot_fill);
	ADD("direct/cannot-fill-for-cursor", test_cannot_fill_for_cursor);
	ADD("direct/never-black", test_never_black);
	ADD("later/filled", test_fills_later);
	ADD("later/lost", test_fill_is_lost);
	ADD("later/failure", test_failure_ends_fill);
	ADD("later/overtaken", test_frame_overtakes_fill);
	ADD("later/released", test_released_before_fill);
	ADD("asked/keep", test_keep);
	ADD("asked/solid", test_solid);
	ADD("composed/damage-per-buffer", test_damage_per_buffer);
	ADD("composed/scaler", test_scaler_for_surface);
	ADD("composed/no-scaler", test_no_scaler_for_surface);
	ADD("composed/other-while-away", test_other_while_away);
	ADD("composed/scaled-damage", test_scaled_damage);
	ADD("composed/released", test_released);
	ADD("composed/no-buffer", test_no_buffer);
	ADD("composed/cursor-before-picture", test_cursor_before_picture);
	ADD("output/mode-changes", test_mode_changes);
	ADD("output/mode-not-told", test_mode_not_told);
	ADD("output/mode-not-told-cursor", test_mode_not_told_cursor);
	ADD("output/off-and-on", test_off_and_on);
	ADD("output/new-picture-while-off", test_new_picture_while_off);
	ADD("output/cursor-plane-changes", test_cursor_plane_changes);
	ADD("output/cursor-without-place", test_cursor_without_place);
	ADD("output/period", test_period);
	ADD("output/pick", test_pick);
#undef ADD
	return g_test_run();
}
