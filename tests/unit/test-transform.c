/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Outputs that are turned: what the plane is asked to do, what is composed where it cannot, the
 * cursor, pointing, and what a guest is told. Where a pixel belongs is told by place.c, which
 * test-place proves against a reference of its own.
 */
#include <string.h>

#include "channel_fixture.h"
#include "fake/fake_kms.h"
#include "scene/edid.h"
#include "scene/view.h"
#include "scene_fixture.h"
#include "vhost_user_gpu.h"

#define BACKGROUND 0x402010u

struct turned {
	struct kms_device *card;
	struct kms_output *output;
	struct view *view;
	struct view_picture picture;
	enum kms_transform transform;
	struct place place; /* of the picture */
};

static void on_presented(void *data, uint64_t serial, const struct kms_presentation *presentation)
{
}

static void on_failed(void *data, uint64_t serial, int error)
{
}

static void on_changed(void *data)
{
}

static uint32_t picture_pixel(uint32_t x, uint32_t y)
{
	return 0x800000u | x << 8 | y;
}

static void paint(struct surface *surface)
{
	uint32_t stride;
	uint8_t *pixels = surface_pixels(surface, &stride);

	for (uint32_t y = 0; y < surface_height(surface); y++) {
		for (uint32_t x = 0; x < surface_width(surface); x++) {
			uint32_t pixel = picture_pixel(x, y);

			memcpy(pixels + (size_t)y * stride + (size_t)x * 4, &pixel, 4);
		}
	}
}

static void use_surface(struct turned *turned)
{
	turned->picture.surface = surface_create("test", turned->picture.width,
		turned->picture.height, NULL);
	paint(turned->picture.surface);
}

static enum view_fill on_fill_surface(void *data, enum copy_reason reason)
{
	struct turned *turned = data;

	if (!turned->picture.surface)
		use_surface(turned);
	return VIEW_FILL_DONE;
}

static const struct view_listener listener = {on_presented, on_failed, on_changed, on_fill_surface};

static void card_presented(void *data, struct kms_output *output, uint64_t serial,
	const struct kms_presentation *presentation)
{
	struct turned *turned = data;

	view_presented(turned->view, serial, presentation);
}

static void card_idle(void *data, struct kms_output *output)
{
}

static const struct kms_listener card_listener = {
	.presented = card_presented,
	.idle = card_idle,
};

/* The nth transform (wl_output's order) on an output of 64×48. */
static void turned_init(struct turned *turned, size_t n, enum place_policy policy, uint32_t width,
	uint32_t height)
{
	struct view_options options = {.policy = policy, .background = BACKGROUND};

	*turned = (struct turned){0};
	turned->card = fake_card_create(1, 64, 48);
	turned->output = &turned->card->outputs[0];
	fake_card_listen(turned->card, &card_listener, turned);
	place_transform_word(n + 1, &turned->transform);
	place_compute(&turned->place, width, height, 64, 48, policy, turned->transform);
	options.device = turned->card;
	options.output = turned->output;
	options.transform = turned->transform;
	turned->view = view_create(&options);
	view_set_source(turned->view, &listener, turned);
	turned->picture.width = width;
	turned->picture.height = height;
}

static void use_buffer(struct turned *turned)
{
	const struct kms_dmabuf dmabuf = {
		.width = turned->picture.width,
		.height = turned->picture.height,
		.stride = turned->picture.width * 4,
	};

	turned->picture.buffers[0] = kms_buffer_import(turned->card, &dmabuf, NULL);
	turned->picture.part = (struct kms_rect){0, 0, (int32_t)turned->picture.width,
		(int32_t)turned->picture.height};
	turned->picture.stride = dmabuf.stride;
}

static void turned_finish(struct turned *turned)
{
	view_destroy(turned->view);
	kms_buffer_unref(turned->picture.buffers[0]);
	surface_destroy(turned->picture.surface);
	fake_card_destroy(turned->card);
}

static enum view_way update(struct turned *turned, const struct kms_rect *damage)
{
	enum copy_reason reason;
	enum view_way way;

	if (view_copies(turned->view, &turned->picture, &reason))
		on_fill_surface(turned, reason);
	view_update(turned->view, &turned->picture, damage, &way);
	return way;
}

static void expect_rect(const struct kms_rect *rect, const struct kms_rect *expected)
{
	g_assert_cmpmem(rect, sizeof(*rect), expected, sizeof(*expected));
}

/* What of the picture lies under the middle of the output's nth pixel; false: none does. */
static bool find_pixel(const struct turned *turned, uint32_t n, uint32_t *x, uint32_t *y)
{
	uint32_t column = n % 64;
	uint32_t row = n / 64;
	double picture_x, picture_y;

	if (!place_from_output(&turned->place, column + 0.5, row + 0.5, &picture_x, &picture_y))
		return false;
	*x = (uint32_t)picture_x;
	*y = (uint32_t)picture_y;
	return true;
}

static bool is_sideways(size_t n)
{
	return n % 2 == 1;
}

/* ---- by the plane ---- */

/* A picture that fills the output goes direct, also one that is upside down in its memory; what
 * changed is said in the buffer's own pixels. */
static void test_direct(void)
{
	for (size_t n = 0; n < PLACE_TRANSFORMS; n++) {
		const struct kms_rect damage = {3, 5, 7, 11};
		const struct kms_rect screen = {0, 0, 64, 48};
		const struct kms_frame *frame;
		struct turned turned;

		turned_init(&turned, n, PLACE_FIT, is_sideways(n) ? 48 : 64,
			is_sideways(n) ? 64 : 48);
		use_buffer(&turned);
		g_assert_cmpint(update(&turned, NULL), ==, VIEW_DIRECT);
		fake_flip(turned.output);
		g_assert_cmpint(update(&turned, &damage), ==, VIEW_DIRECT);
		frame = fake_last(turned.output);
		g_assert_true(frame->buffer->imported);
		g_assert_cmpint(frame->transform, ==, turned.transform);
		expect_rect(&frame->source, &turned.picture.part);
		expect_rect(&frame->destination, &screen);
		g_assert_cmpuint(frame->damage_count, ==, 1);
		expect_rect(&frame->damage[0], &damage);
		fake_flip(turned.output);

		turned.picture.y_inverted = true;
		g_assert_cmpint(update(&turned, NULL), ==, VIEW_DIRECT);
		g_assert_cmpint(fake_last(turned.output)->transform, ==,
			turned.transform ^ KMS_REFLECT_Y);
		turned_finish(&turned);
	}
}

/* Pixels that only we have stay upright in memory; the plane places, scales and turns them. */
static void test_plane_turns_canvas(void)
{
	for (size_t n = 1; n < PLACE_TRANSFORMS; n++) {
		const struct kms_rect damage = {1, 2, 3, 4};
		const struct kms_frame *frame;
		struct turned turned;
		uint32_t pixel;

		turned_init(&turned, n, PLACE_FILL, 32, 20);
		turned.output->scaler = true;
		use_surface(&turned);
		for (int i = 0; i < 3; i++) {
			g_assert_cmpint(update(&turned, i ? &damage : NULL), ==, VIEW_COPIED);
			fake_flip(turned.output);
		}
		frame = fake_last(turned.output);
		g_assert_cmpuint(frame->buffer->width, ==, 32);
		g_assert_cmpuint(frame->buffer->height, ==, 20);
		g_assert_cmpint(frame->transform, ==, turned.transform);
		expect_rect(&frame->source, &turned.place.source);
		expect_rect(&frame->destination, &turned.place.destination);
		expect_rect(&frame->damage[0], &damage);
		memcpy(&pixel, frame->buffer->pixels + (size_t)7 * frame->buffer->stride + 4 * 9,
			4);
		g_assert_cmphex(pixel, ==, picture_pixel(9, 7));
		turned_finish(&turned);
	}
}

/* What was composed because no plane turned it is left to the plane where a mode set has changed
 * that. */
static void test_asked_anew(void)
{
	struct turned turned;

	turned_init(&turned, 1, PLACE_FIT, 48, 64);
	turned.output->reflects = false;
	use_buffer(&turned);
	g_assert_cmpint(update(&turned, NULL), ==, VIEW_COPIED);
	fake_flip(turned.output);
	view_output_changed(turned.view);
	g_assert_false(fake_last(turned.output)->buffer->imported);
	fake_flip(turned.output);
	turned.output->reflects = true;
	view_output_changed(turned.view);
	g_assert_true(fake_last(turned.output)->buffer->imported);
	g_assert_cmpint(fake_last(turned.output)->transform, ==, KMS_ROTATE_90);
	fake_flip(turned.output);
	turned_finish(&turned);
}

/* ---- composed ---- */

static void expect_composed(const struct turned *turned)
{
	for (uint32_t i = 0; i < 64 * 48; i++) {
		uint32_t expected = BACKGROUND;
		uint32_t x, y;

		if (find_pixel(turned, i, &x, &y))
			expected = picture_pixel(x, y);
		g_assert_cmphex(fake_pixel(turned->output, i % 64, i / 64), ==, expected);
	}
}

/* Where the plane does not turn: all that mixes no pixels, in every placement, with its
 * background. */
static void test_composed(void)
{
	static const uint32_t sizes[][2] = {{64, 48}, {48, 64}, {20, 10}, {16, 24}, {100, 80}};

	for (size_t i = 0; i < PLACE_TRANSFORMS * 5 * G_N_ELEMENTS(sizes); i++) {
		const uint32_t *size = sizes[i / PLACE_TRANSFORMS / 5];
		enum place_policy policy = (enum place_policy)(i / PLACE_TRANSFORMS % 5);
		struct kms_rect seen;
		struct turned turned;

		turned_init(&turned, i % PLACE_TRANSFORMS, policy, size[0], size[1]);
		turned.output->reflects = false;
		use_surface(&turned);
		seen = turned.place.source;
		if (place_is_sideways(turned.transform)) {
			seen.width = turned.place.source.height;
			seen.height = turned.place.source.width;
		}
		g_assert_cmpint(update(&turned, NULL), ==, VIEW_COPIED);
		if (turned.place.destination.width % seen.width == 0 &&
			turned.place.destination.height % seen.height == 0)
			expect_composed(&turned);
		turned_finish(&turned);
	}
}

/* A rectangle of the picture is drawn and told where it lies on the output. */
static void test_damage(void)
{
	for (size_t n = 0; n < PLACE_TRANSFORMS; n++) {
		const struct kms_rect damage = {3, 5, 7, 11};
		struct kms_rect expected;
		struct turned turned;

		turned_init(&turned, n, PLACE_CENTER, 30, 40);
		turned.output->reflects = false;
		use_surface(&turned);
		for (int i = 0; i < 3; i++) {
			update(&turned, i ? &damage : NULL);
			fake_flip(turned.output);
		}
		expect_composed(&turned);
		expected = place_to_output(&turned.place, &damage);
		g_assert_cmpint(expected.width * expected.height, ==, 7 * 11);
		g_assert_cmpuint(fake_last(turned.output)->damage_count, ==, 1);
		expect_rect(&fake_last(turned.output)->damage[0], &expected);
		turned_finish(&turned);
	}
}

/* What an output is lit with before there is a guest's picture. */
static void test_painted(void)
{
	for (size_t n = 0; n < PLACE_TRANSFORMS; n++) {
		struct kms_buffer *buffer;
		struct turned turned;

		turned_init(&turned, n, PLACE_CENTER, 30, 40);
		turned.picture.placeholder = true;
		use_surface(&turned);
		view_show_placeholder(turned.view, &turned.picture);
		buffer = kms_buffer_create_dumb(turned.card, 64, 48, NULL);
		view_paint(turned.view, buffer);
		for (uint32_t i = 0; i < 64 * 48; i++) {
			uint32_t expected = BACKGROUND;
			uint32_t x, y, seen;

			if (find_pixel(&turned, i, &x, &y))
				expected = picture_pixel(x, y);
			memcpy(&seen,
				buffer->pixels + (size_t)(i / 64) * buffer->stride +
					(size_t)(i % 64) * 4,
				sizeof(seen));
			g_assert_cmphex(seen & 0xffffff, ==, expected);
		}
		kms_buffer_unref(buffer);
		turned_finish(&turned);
	}
}

/* ---- the cursor ---- */

#define CURSOR_X 9
#define CURSOR_Y 4
#define HOT_X 3
#define HOT_Y 12

/* A shape that no turn makes the same, with transparent columns and rows around it. */
static uint32_t cursor_pixel(uint32_t x, uint32_t y)
{
	return x >= 2 && x < 12 && y >= 5 && y < 25 && (x < 5 || y < 9)
		? 0xff000000 | x << 16 | y << 8
		: 0;
}

static const uint32_t *cursor_pixels(void)
{
	static uint32_t pixels[KMS_CURSOR_SIZE * KMS_CURSOR_SIZE];

	for (uint32_t i = 0; i < G_N_ELEMENTS(pixels); i++)
		pixels[i] = cursor_pixel(i % KMS_CURSOR_SIZE, i / KMS_CURSOR_SIZE);
	return pixels;
}

/* What of the cursor lies on a pixel of the output; 0 beside it. */
static uint32_t cursor_at(const struct turned *turned, int32_t x, int32_t y)
{
	double at_x, at_y;

	place_from_output(&turned->place, x + 0.5, y + 0.5, &at_x, &at_y);
	at_x -= CURSOR_X;
	at_y -= CURSOR_Y;
	if (at_x < 0 || at_y < 0 || at_x >= KMS_CURSOR_SIZE || at_y >= KMS_CURSOR_SIZE)
		return 0;
	return cursor_pixel((uint32_t)at_x, (uint32_t)at_y);
}

static void turned_with_cursor(struct turned *turned, size_t n)
{
	turned_init(turned, n, PLACE_CENTER, is_sideways(n) ? 40 : 50, is_sideways(n) ? 50 : 40);
	use_surface(turned);
}

static void show_cursor(struct turned *turned)
{
	update(turned, NULL);
	view_set_cursor(turned->view, cursor_pixels(), HOT_X, HOT_Y);
	view_move_cursor(turned->view, CURSOR_X, CURSOR_Y);
}

static void test_cursor_on_plane(void)
{
	for (size_t n = 0; n < PLACE_TRANSFORMS; n++) {
		struct kms_output *output;
		struct turned turned;
		double x, y;

		turned_with_cursor(&turned, n);
		output = turned.output;
		show_cursor(&turned);
		g_assert_true(output->cursor_visible);
		for (int32_t i = 0; i < 64 * 48; i++) {
			int32_t column = i % 64 - output->cursor_x;
			int32_t row = i / 64 - output->cursor_y;
			uint32_t shown = 0;

			if (column >= 0 && row >= 0 && column < KMS_CURSOR_SIZE &&
				row < KMS_CURSOR_SIZE)
				shown = output->cursor_pixels[row * KMS_CURSOR_SIZE + column];
			g_assert_cmphex(shown, ==, cursor_at(&turned, i % 64, i / 64));
		}
		place_from_output(&turned.place,
			output->cursor_x + (int32_t)output->cursor_hot_x + 0.5,
			output->cursor_y + (int32_t)output->cursor_hot_y + 0.5, &x, &y);
		g_assert_cmpfloat_with_epsilon(x, CURSOR_X + HOT_X + 0.5, 1e-9);
		g_assert_cmpfloat_with_epsilon(y, CURSOR_Y + HOT_Y + 0.5, 1e-9);
		turned_finish(&turned);
	}
}

/* In memory, at these pixels of the buffer that is on the way to the glass. */
static uint32_t shown_pixel(const struct turned *turned, uint32_t x, uint32_t y)
{
	const struct kms_buffer *buffer = fake_last(turned->output)->buffer;
	uint32_t pixel;

	memcpy(&pixel, buffer->pixels + (size_t)y * buffer->stride + (size_t)x * 4, sizeof(pixel));
	return pixel & 0xffffff;
}

/* Over a canvas that we turn, and over one that the plane turns, which has it upright. */
static void test_cursor_blended(void)
{
	for (size_t n = 0; n < PLACE_TRANSFORMS * 2; n++) {
		bool by_plane = n >= PLACE_TRANSFORMS;
		struct turned turned;

		if (n % PLACE_TRANSFORMS == 0)
			continue;
		turned_with_cursor(&turned, n % PLACE_TRANSFORMS);
		view_set_background(turned.view, by_plane ? 0 : BACKGROUND);
		turned.output->cursor_plane = false;
		turned.output->reflects = by_plane;
		show_cursor(&turned);
		update(&turned, NULL);
		fake_flip(turned.output);
		update(&turned, NULL);
		g_assert_cmpint(fake_last(turned.output)->transform, ==,
			by_plane ? turned.transform : KMS_ROTATE_0);
		for (uint32_t i = 0; i < 64 * 48; i++) {
			uint32_t cursor = cursor_at(&turned, (int32_t)i % 64, (int32_t)i / 64) &
				0xffffff;
			uint32_t x, y;

			if (!find_pixel(&turned, i, &x, &y))
				continue;
			g_assert_cmphex(by_plane ? shown_pixel(&turned, x, y)
						 : shown_pixel(&turned, i % 64, i / 64),
				==, cursor ? cursor : picture_pixel(x, y));
		}
		turned_finish(&turned);
	}
}

/* ---- pointing ---- */

/* The finger is at the same place of the glass, in the upper left quarter. */
static void test_pick(void)
{
	static const double expected[PLACE_TRANSFORMS][2] = {{0.25, 0.125}, {0.875, 0.25},
		{0.75, 0.875}, {0.125, 0.75}, {0.75, 0.125}, {0.125, 0.25}, {0.25, 0.875},
		{0.875, 0.75}};

	for (size_t n = 0; n < PLACE_TRANSFORMS; n++) {
		uint32_t width, height;
		struct turned turned;
		double x, y;

		turned_init(&turned, n, PLACE_FILL, is_sideways(n) ? 24 : 32,
			is_sideways(n) ? 32 : 24);
		use_surface(&turned);
		update(&turned, NULL);
		g_assert_cmpint(view_pick(turned.view, 0.25, 0.125, &x, &y), ==, VIEW_POINT_INSIDE);
		g_assert_cmpfloat_with_epsilon(x, expected[n][0], 1e-9);
		g_assert_cmpfloat_with_epsilon(y, expected[n][1], 1e-9);
		place_untransform(view_transform(turned.view), 0.25, 0.125, &x, &y);
		g_assert_cmpfloat_with_epsilon(x, expected[n][0], 1e-9);
		g_assert_cmpfloat_with_epsilon(y, expected[n][1], 1e-9);
		view_screen_size(turned.view, &width, &height);
		g_assert_cmpuint(width, ==, is_sideways(n) ? 48 : 64);
		g_assert_cmpuint(height, ==, is_sideways(n) ? 64 : 48);
		turned_finish(&turned);
	}
}

/* ---- what guests are told ---- */

static void receive(struct scene *scene, void *reply, size_t size)
{
	size_t got = 0;

	fixture_settle();
	while (got < size) {
		ssize_t part = read(scene->peers[0], (uint8_t *)reply + got, size - got);

		g_assert_cmpint(part, >, 0);
		got += (size_t)part;
	}
}

static void expect_size(struct scene *scene, uint32_t width, uint32_t height)
{
	static struct {
		struct vhost_user_gpu_header header;
		struct virtio_gpu_resp_display_info info;
	} __attribute__((packed)) told;

	scene_send(scene, 0, VHOST_USER_GPU_GET_DISPLAY_INFO, NULL, 0, -1);
	receive(scene, &told, sizeof(told));
	g_assert_cmpuint(GUINT32_FROM_LE(told.info.pmodes[0].width), ==, width);
	g_assert_cmpuint(GUINT32_FROM_LE(told.info.pmodes[0].height), ==, height);
}

static void expect_told(struct scene *scene, uint32_t width, uint32_t height, uint32_t width_mm,
	uint32_t height_mm)
{
	static struct {
		struct vhost_user_gpu_header header;
		struct virtio_gpu_resp_edid edid;
	} __attribute__((packed)) described;
	const struct vhost_user_gpu_edid_request request = {0};
	const uint8_t *edid = described.edid.edid;
	uint32_t preferred_width, preferred_height, refresh_mhz;

	expect_size(scene, width, height);
	scene_send(scene, 0, VHOST_USER_GPU_GET_EDID, &request, sizeof(request), -1);
	receive(scene, &described, sizeof(described));
	g_assert_true(edid_valid(edid, GUINT32_FROM_LE(described.edid.size)));
	g_assert_true(edid_preferred(edid, GUINT32_FROM_LE(described.edid.size), &preferred_width,
		&preferred_height, &refresh_mhz));
	g_assert_cmpuint(preferred_width, ==, width);
	g_assert_cmpuint(preferred_height, ==, height);
	g_assert_cmpuint(edid[21] * 10u, ==, width_mm);
	g_assert_cmpuint(edid[22] * 10u, ==, height_mm);
	g_assert_cmpuint(edid[54 + 12] | (edid[54 + 14] >> 4) << 8, ==, width_mm);
	g_assert_cmpuint(edid[54 + 13] | (edid[54 + 14] & 15) << 8, ==, height_mm);
}

static const struct layout_output sections[] = {
	{.name = "DP-1", .guest = "a", .transform = KMS_ROTATE_90},
};

static const struct scene_options on_its_side = {
	.width = 1280,
	.height = 800,
	.sections = sections,
	.section_count = 1,
};

/* Of a monitor that says nothing, and of one with an EDID. */
static void test_told(void)
{
	const struct edid_screen monitor = {
		.width = 1280,
		.height = 800,
		.refresh_mhz = 60000,
		.width_mm = 260,
		.height_mm = 160,
		.name = "panel",
	};
	struct scene *scene = scene_create(&on_its_side);
	struct kms_output *output = scene_output(scene, 0);
	uint8_t edid[EDID_SIZE_MAX];

	output->width_mm = 260;
	output->height_mm = 160;
	expect_told(scene, 800, 1280, 160, 260);
	output->edid_size = edid_write(edid, &monitor, NULL, 0);
	g_assert_cmpuint(output->edid_size, ==, sizeof(output->edid));
	memcpy(output->edid, edid, sizeof(output->edid));
	expect_told(scene, 800, 1280, 160, 260);
	/* Without the card the guest hears what it heard. */
	layout_set_device(scene->layout, 0, NULL);
	expect_size(scene, 800, 1280);
	g_assert_nonnull(strstr(scene->said, "transform 90, on, for scanout 0"));
	scene_destroy(scene);
}

/* A picture of the size that the guest was told fills the output. */
static void test_guest_fills(void)
{
	struct scene *scene = scene_create(&on_its_side);
	const struct kms_frame *frame;
	const struct kms_rect screen = {0, 0, 1280, 800};

	scene_scanout(scene, 0, 800, 1280);
	scene_update(scene, 0, (struct kms_rect){0, 0, 800, 1280}, 0x00ff00);
	frame = fake_last(scene_output(scene, 0));
	g_assert_cmpint(frame->transform, ==, KMS_ROTATE_90);
	expect_rect(&frame->destination, &screen);
	scene_destroy(scene);
}

/* By the panel, where a section does not say otherwise; and without any section. */
static void test_auto(void)
{
	struct scene_options options = {.width = 1280, .height = 800};
	struct scene *scene = scene_prepare(&options);

	scene_output(scene, 0)->panel_transform = KMS_ROTATE_270;
	scene_configure(scene, &options);
	g_assert_cmpint(view_transform(layout_view(scene->layout, 0)), ==, KMS_ROTATE_270);
	/* Another panel is there: the view gets its source anew. */
	scene_output(scene, 0)->panel_transform = KMS_ROTATE_180;
	fake_probe(scene->card);
	g_assert_cmpuint(layout_view_count(scene->layout), ==, 1);
	g_assert_cmpint(view_transform(layout_view(scene->layout, 0)), ==, KMS_ROTATE_180);
	scene_attach(scene, 0);
	scene_scanout(scene, 0, 1280, 800);
	scene_update(scene, 0, (struct kms_rect){0, 0, 1280, 800}, 0x00ff00);
	g_assert_cmpint(fake_last(scene_output(scene, 0))->transform, ==, KMS_ROTATE_180);
	scene_destroy(scene);

	options.sections = sections;
	options.section_count = 1;
	scene = scene_prepare(&options);
	scene_output(scene, 0)->panel_transform = KMS_ROTATE_270;
	scene_configure(scene, &options);
	g_assert_cmpint(view_transform(layout_view(scene->layout, 0)), ==, KMS_ROTATE_90);
	scene_destroy(scene);
}

int main(int argc, char **argv)
{
	fixture_init(&argc, &argv);
	g_test_add_func("/transform/direct", test_direct);
	g_test_add_func("/transform/plane-turns-canvas", test_plane_turns_canvas);
	g_test_add_func("/transform/asked-anew", test_asked_anew);
	g_test_add_func("/transform/composed", test_composed);
	g_test_add_func("/transform/damage", test_damage);
	g_test_add_func("/transform/painted", test_painted);
	g_test_add_func("/transform/cursor-on-plane", test_cursor_on_plane);
	g_test_add_func("/transform/cursor-blended", test_cursor_blended);
	g_test_add_func("/transform/pick", test_pick);
	g_test_add_func("/transform/told", test_told);
	g_test_add_func("/transform/guest-fills", test_guest_fills);
	g_test_add_func("/transform/auto", test_auto);
	return g_test_run();
}
