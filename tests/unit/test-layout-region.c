/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Watched regions of outputs: read from what is on the plane, by each way that a picture gets
 * there; covered while they are bad, and not by readings of the cover. The time passes when a test
 * says so.
 */
#include <time.h>

#include "channel_fixture.h"
#include "fake/fake_dmabuf.h"
#include "scene/checksum.h"
#include "scene/source.h"
#include "scene/view.h"
#include "scene_fixture.h"

/* An hour between two readings. */
#define EVERY_MS 3600000
#define GREY 0x808080u

static gint64 later_us;

/* GLib's, for all of scene/. */
gint64 g_get_monotonic_time(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * G_USEC_PER_SEC + now.tv_nsec / 1000 + later_us;
}

/* The time of another reading. */
static void pass_time(struct scene *scene)
{
	later_us += EVERY_MS * INT64_C(1000);
	fake_probe(scene->card);
	fixture_settle();
}

static uint32_t checksum_of(uint32_t color, uint32_t width, uint32_t height)
{
	g_autofree uint32_t *pixels = g_new(uint32_t, width * height);
	const struct copy_target target = {.pixels = (uint8_t *)pixels,
		.stride = width * 4,
		.width = width,
		.height = height};

	for (uint32_t i = 0; i < width * height; i++)
		pixels[i] = color;
	return checksum_pixels(&target);
}

/* A telltale of 8×4 at 16, 8, which is to be red. */
static struct region_options telltale(void)
{
	return (struct region_options){.name = "lamp",
		.output = "DP-1",
		.rectangle = {16, 8, 8, 4},
		.every_ms = EVERY_MS,
		.expect = {checksum_of(RED, 8, 4)},
		.expect_count = 1,
		.cover = true};
}

static struct scene *create(const struct region_options *region, struct scene_options options)
{
	options.regions = region;
	options.region_count = 1;
	options.dead = (struct picture_spec){.color = GREY};
	return scene_create(&options);
}

static void flip(struct kms_output *output)
{
	while (output->queued.frame.buffer)
		fake_flip(output);
}

static const struct region *region_of(struct scene *scene)
{
	return layout_region(scene->layout, 0);
}

/* Is read as it is, which is right; painted over, which is wrong; covered; and comes back. */
static void check_telltale(struct scene *scene, void (*paint)(struct scene *scene, uint32_t color))
{
	struct kms_output *output = scene_output(scene, 0);

	paint(scene, RED);
	flip(output);
	pass_time(scene);
	g_assert_cmpint(region_of(scene)->state, ==, REGION_GOOD);
	g_assert_cmphex(region_of(scene)->crc, ==, checksum_of(RED, 8, 4));
	paint(scene, GREEN);
	flip(output);
	g_free(fixture_log_take());
	pass_time(scene);
	flip(output);
	scene_expect_no_log();
	pass_time(scene);
	g_assert_cmpint(region_of(scene)->state, ==, REGION_WRONG);
	scene_expect_log("region lamp is wrong: ");
	flip(output);
	scene_expect_color(output, GREY);
	/* What covers it is not what is judged. */
	pass_time(scene);
	g_assert_cmphex(region_of(scene)->crc, ==, checksum_of(GREEN, 8, 4));
	g_assert_cmpint(region_of(scene)->state, ==, REGION_WRONG);
	paint(scene, RED);
	flip(output);
	scene_expect_color(output, GREY);
	pass_time(scene);
	g_assert_cmpint(region_of(scene)->state, ==, REGION_GOOD);
	scene_expect_log("region lamp is good again");
	flip(output);
	pass_time(scene);
	g_assert_cmphex(region_of(scene)->crc, ==, checksum_of(RED, 8, 4));
	g_assert_cmpuint(region_of(scene)->counters.wrong, ==, 1);
}

static void paint_pixels(struct scene *scene, uint32_t color)
{
	scene_scanout(scene, 0, SCENE_WIDTH, SCENE_HEIGHT);
	scene_update(scene, 0, scene_full, color);
}

static void paint_dmabuf(struct scene *scene, uint32_t color)
{
	scene_show_dmabuf(scene, color);
	/* The answers do not matter. */
	scene_replies(scene, 0);
}

static void test_canvas(void)
{
	struct region_options region = telltale();
	struct scene *scene = create(&region, (struct scene_options){0});

	check_telltale(scene, paint_pixels);
	scene_destroy(scene);
}

static void test_direct(void)
{
	struct region_options region = telltale();
	struct scene *scene = create(&region, (struct scene_options){0});

	check_telltale(scene, paint_dmabuf);
	scene_destroy(scene);
}

/* Half of it, turned by the plane, and by the processor. */
static void test_turned(void)
{
	for (unsigned int reflects = 0; reflects < 2; reflects++) {
		const struct layout_output section = {.name = "DP-1",
			.guest = "a",
			.scanout = 0,
			.policy = PLACE_CENTER,
			.transform = KMS_ROTATE_180};
		struct region_options region = telltale();
		struct scene_options options = {.sections = &section,
			.section_count = 1,
			.regions = &region,
			.region_count = 1};
		struct scene *scene = scene_prepare(&options);
		struct kms_output *output = scene_output(scene, 0);
		uint32_t *memory;
		int fd = fake_dmabuf_create(SCENE_BYTES, &memory);

		output->reflects = reflects > 0;
		scene_configure(scene, &options);
		scene_attach(scene, 0);
		scene_paint(memory, GREEN);
		/* As the viewer sees it: at the other end of both sides. */
		for (int32_t y = 0; y < 4; y++) {
			for (int32_t x = 0; x < 8; x++)
				memory[(SCENE_HEIGHT - 8 - 4 + y) * SCENE_WIDTH + SCENE_WIDTH - 16 -
					8 + x] = RED;
		}
		scene_dmabuf(scene, 0, SCENE_WIDTH, SCENE_HEIGHT, fd);
		scene_dmabuf_update(scene, 0, scene_full);
		flip(output);
		pass_time(scene);
		g_assert_cmphex(region_of(scene)->crc, ==, checksum_of(RED, 8, 4));
		scene_destroy(scene);
	}
}

/* What becomes of a telltale on a layer, whose guest draws pixels or shows a dma-buf. */
struct layer_case {
	unsigned int planes;
	bool dmabuf;
};

static void paint_layer(struct scene *scene, bool dmabuf, uint32_t color)
{
	const struct kms_rect all = {0, 0, SCENE_WIDTH / 2, SCENE_HEIGHT / 2};
	uint32_t *memory;

	if (!dmabuf) {
		scene_scanout(scene, 1, SCENE_WIDTH / 2, SCENE_HEIGHT / 2);
		scene_update(scene, 1, all, color);
		return;
	}
	scene_dmabuf(scene, 1, SCENE_WIDTH / 2, SCENE_HEIGHT / 2,
		fake_dmabuf_create(SCENE_BYTES, &memory));
	scene_paint(memory, color);
	scene_dmabuf_update(scene, 1, all);
}

static void read_layer(struct scene *scene)
{
	pass_time(scene);
	scene_settle(scene);
}

/* A telltale of scanout 1, a layer above scanout 0, which has been drawn; with so many planes. */
static struct scene *create_with_layer(unsigned int planes)
{
	const struct layout_output section = {.name = "DP-1", .guest = "a"};
	const struct layout_layer layer = {.name = "cluster",
		.output = "DP-1",
		.guest = "a",
		.scanout = 1,
		.x = 12,
		.y = 4,
		.width = SCENE_WIDTH / 2,
		.height = SCENE_HEIGHT / 2,
		.opacity = UINT16_MAX};
	struct region_options region = telltale();
	const struct scene_options options = {.sections = &section,
		.section_count = 1,
		.layers = &layer,
		.layer_count = 1,
		.dead = {.color = GREY},
		.regions = &region,
		.region_count = 1};
	struct scene *scene;

	region.layer = "cluster";
	scene = scene_prepare(&options);
	scene_output(scene, 0)->overlays = planes;
	scene_configure(scene, &options);
	scene_attach(scene, 0);
	paint_pixels(scene, BLUE);
	return scene;
}

/* The output's own picture is another one, and does not count; nor does what covers the layer. */
static void test_of_layer(gconstpointer data)
{
	const struct layer_case *layer_case = data;
	struct scene *scene = create_with_layer(layer_case->planes);

	scene_settle(scene);
	read_layer(scene);
	g_assert_cmpint(region_of(scene)->state, ==, REGION_UNWATCHED);
	for (unsigned int round = 0; round < 2; round++) {
		paint_layer(scene, layer_case->dmabuf, RED);
		scene_settle(scene);
		read_layer(scene);
		g_assert_cmphex(region_of(scene)->crc, ==, checksum_of(RED, 8, 4));
		g_assert_cmpint(region_of(scene)->state, ==, REGION_GOOD);
		paint_layer(scene, layer_case->dmabuf, GREEN);
		scene_settle(scene);
		read_layer(scene);
		read_layer(scene);
		g_assert_cmphex(region_of(scene)->crc, ==, checksum_of(GREEN, 8, 4));
		g_assert_cmpint(region_of(scene)->state, ==, REGION_WRONG);
		read_layer(scene);
		g_assert_cmphex(region_of(scene)->crc, ==, checksum_of(GREEN, 8, 4));
	}
	paint_layer(scene, layer_case->dmabuf, RED);
	scene_settle(scene);
	read_layer(scene);
	g_assert_cmpuint(region_of(scene)->counters.wrong, ==, 2);
	g_free(fixture_log_take());
	scene_destroy(scene);
}

/* A guest that has a frame on its way at each moment is read at the flips of its layer, though what
 * lies below stands still. */
static void test_layer_ahead(void)
{
	struct scene *scene = create_with_layer(1);
	struct region_counters before;

	paint_layer(scene, true, RED);
	scene_settle(scene);
	paint_layer(scene, true, RED);
	before = region_of(scene)->counters;
	pass_time(scene);
	g_assert_cmpuint(region_of(scene)->counters.reads, ==, before.reads);
	g_assert_cmpuint(region_of(scene)->counters.skipped, ==, before.skipped + 1);
	scene_settle(scene);
	g_assert_cmpuint(region_of(scene)->counters.reads, ==, before.reads + 1);
	g_assert_cmphex(region_of(scene)->crc, ==, checksum_of(RED, 8, 4));
	g_free(fixture_log_take());
	scene_destroy(scene);
}

/* Another scanout lies above a part of the picture that is none of the region's: with a plane of
 * its own, or drawn into the same canvas. It is not covered with what lies below it. */
static void test_layered(gconstpointer data)
{
	const struct layout_output section = {.name = "DP-1", .guest = "a"};
	const struct layout_layer layer = {.name = "cluster",
		.output = "DP-1",
		.guest = "a",
		.scanout = 1,
		.x = 32,
		.y = 24,
		.width = 16,
		.height = 12,
		.opacity = UINT16_MAX};
	const struct region_options region = telltale();
	const struct scene_options options = {.sections = &section,
		.section_count = 1,
		.layers = &layer,
		.layer_count = 1,
		.dead = {.color = GREY},
		.regions = &region,
		.region_count = 1};
	struct scene *scene = scene_prepare(&options);
	struct kms_output *output = scene_output(scene, 0);

	output->overlays = GPOINTER_TO_UINT(data);
	scene_configure(scene, &options);
	scene_attach(scene, 0);
	scene_scanout(scene, 1, 16, 12);
	scene_update(scene, 1, (struct kms_rect){0, 0, 16, 12}, BLUE);
	paint_pixels(scene, RED);
	scene_settle(scene);
	pass_time(scene);
	scene_settle(scene);
	g_assert_cmphex(region_of(scene)->crc, ==, checksum_of(RED, 8, 4));
	paint_pixels(scene, GREEN);
	scene_settle(scene);
	for (unsigned int i = 0; i < 2; i++) {
		pass_time(scene);
		scene_settle(scene);
	}
	g_assert_cmpint(region_of(scene)->state, ==, REGION_WRONG);
	g_assert_cmphex(fake_seen(output, 31, 24), ==, GREY);
	g_assert_cmphex(fake_seen(output, 32, 24), ==, BLUE);
	paint_pixels(scene, RED);
	scene_settle(scene);
	pass_time(scene);
	scene_settle(scene);
	g_assert_cmpint(region_of(scene)->state, ==, REGION_GOOD);
	g_assert_cmphex(fake_seen(output, 31, 24), ==, RED);
	scene_hang_up(scene, 0);
	scene_settle(scene);
	scene_destroy(scene);
}

/* Beside the picture there is the output's background. */
static void test_beside(void)
{
	const struct layout_output section = {.name = "DP-1",
		.guest = "a",
		.scanout = 0,
		.policy = PLACE_CENTER,
		.background = BLUE};
	struct region_options region = telltale();
	struct scene *scene = create(&region,
		(struct scene_options){.sections = &section, .section_count = 1});

	scene_scanout(scene, 0, 8, 8);
	scene_update(scene, 0, (struct kms_rect){0, 0, 8, 8}, RED);
	flip(scene_output(scene, 0));
	pass_time(scene);
	g_assert_cmphex(region_of(scene)->crc, ==, checksum_of(BLUE, 8, 4));
	scene_destroy(scene);
}

/* With a flip in flight nothing is read before it. */
static void test_in_flight(void)
{
	struct region_options region = telltale();
	struct scene *scene = create(&region, (struct scene_options){0});
	struct kms_output *output = scene_output(scene, 0);

	paint_dmabuf(scene, RED);
	fixture_settle();
	g_assert_cmpuint(region_of(scene)->counters.reads, ==, 0);
	flip(output);
	g_assert_cmpuint(region_of(scene)->counters.reads, ==, 1);
	g_assert_cmphex(region_of(scene)->crc, ==, checksum_of(RED, 8, 4));
	paint_dmabuf(scene, GREEN);
	pass_time(scene);
	g_assert_cmpuint(region_of(scene)->counters.reads, ==, 1);
	fake_flip(output);
	g_assert_cmpuint(region_of(scene)->counters.reads, ==, 2);
	g_assert_cmphex(region_of(scene)->crc, ==, checksum_of(GREEN, 8, 4));
	scene_destroy(scene);
}

/* Two scanouts that are answered early, each a frame ahead: one is on the glass, one in flight, and
 * one queued whenever a flip or the time comes. What is on the glass is read. */
static void test_ahead(void)
{
	static const struct layout_output two[] = {
		{.name = "DP-1", .guest = "a", .scanout = 0},
		{.name = "DP-2", .guest = "a", .scanout = 1},
	};
	struct region_options region = telltale();
	struct scene *scene;
	struct kms_output *output;
	uint32_t *memory[2];

	region.expect_count = 0;
	region.frozen_after_ms = EVERY_MS * 2;
	scene = create(&region,
		(struct scene_options){.outputs = 2,
			.sections = two,
			.section_count = 2,
			.answers = ANSWERS_COPIED});
	output = scene_output(scene, 0);
	for (uint32_t i = 0; i < 2; i++) {
		memory[i] = scene_show_dmabuf_on(scene, i, 0);
		flip(scene_output(scene, i));
	}
	for (uint32_t color = 1; color <= 12; color++) {
		scene_paint(memory[0], color);
		scene_dmabuf_update(scene, 0, scene_full);
		if (color == 1)
			continue;
		fake_flip(output);
		scene_replies(scene, 0);
		g_assert_true(fake_in_flight(output));
		pass_time(scene);
		g_assert_cmphex(region_of(scene)->crc, ==, checksum_of(color - 1, 8, 4));
		g_assert_cmpint(region_of(scene)->state, ==, REGION_GOOD);
	}
	g_assert_cmpuint(region_of(scene)->counters.reads, >=, 11);
	scene_destroy(scene);
}

/* A buffer that a GPU still draws into is not read. */
static void test_fence(void)
{
	struct region_options region = telltale();
	struct scene *scene = create(&region, (struct scene_options){0});
	struct kms_output *output = scene_output(scene, 0);

	uint32_t *memory = scene_show_dmabuf(scene, RED);

	flip(output);
	fake_dmabuf_set_busy(memory, true);
	pass_time(scene);
	g_assert_cmpuint(region_of(scene)->counters.reads, ==, 1);
	g_assert_cmpuint(region_of(scene)->counters.skipped, >=, 1);
	fake_dmabuf_set_busy(memory, false);
	pass_time(scene);
	g_assert_cmpuint(region_of(scene)->counters.reads, ==, 2);
	scene_destroy(scene);
}

static void test_frozen(void)
{
	struct region_options region = telltale();
	struct scene *scene;
	struct kms_output *output;

	region.expect_count = 0;
	region.frozen_after_ms = EVERY_MS * 2;
	region.cover = false;
	scene = create(&region, (struct scene_options){0});
	output = scene_output(scene, 0);
	paint_pixels(scene, RED);
	flip(output);
	g_free(fixture_log_take());
	pass_time(scene);
	pass_time(scene);
	pass_time(scene);
	g_assert_cmpint(region_of(scene)->state, ==, REGION_FROZEN);
	scene_expect_log("region lamp is frozen: no change for 7200000 ms");
	/* Nobody asked for a cover. */
	scene_expect_color(output, RED);
	/* A change beside it is none. */
	scene_update(scene, 0, (struct kms_rect){0, 0, 8, 8}, GREEN);
	flip(output);
	pass_time(scene);
	g_assert_cmpint(region_of(scene)->state, ==, REGION_FROZEN);
	scene_update(scene, 0, (struct kms_rect){16, 8, 1, 1}, GREEN);
	flip(output);
	pass_time(scene);
	g_assert_cmpint(region_of(scene)->state, ==, REGION_GOOD);
	scene_destroy(scene);
}

/* No output, no picture, or a mode that is too small: nothing is watched. */
static void test_unwatched(void)
{
	struct region_options region = telltale();
	struct scene *scene = create(&region, (struct scene_options){0});
	struct kms_output *output = scene_output(scene, 0);

	pass_time(scene);
	g_assert_cmpint(region_of(scene)->state, ==, REGION_UNWATCHED);
	paint_pixels(scene, RED);
	flip(output);
	pass_time(scene);
	g_assert_cmpint(region_of(scene)->state, ==, REGION_GOOD);
	fake_set_mode(output, 16, 16);
	pass_time(scene);
	g_assert_cmpint(region_of(scene)->state, ==, REGION_UNWATCHED);
	fake_set_mode(output, SCENE_WIDTH, SCENE_HEIGHT);
	pass_time(scene);
	g_assert_cmpint(region_of(scene)->state, ==, REGION_GOOD);
	fake_set_active(output, false);
	pass_time(scene);
	g_assert_cmpint(region_of(scene)->state, ==, REGION_UNWATCHED);
	scene_hang_up(scene, 0);
	scene_destroy(scene);
}

/* What waits for an output that there is not says so, once. */
static void test_absent(void)
{
	const struct layout_layer layer = {.name = "cluster",
		.output = "DP-12;DP-13",
		.guest = "a",
		.opacity = UINT16_MAX};
	struct region_options region = telltale();
	struct scene *scene;

	region.output = "DP-11";
	scene = create(&region, (struct scene_options){.layers = &layer, .layer_count = 1});
	g_assert_nonnull(strstr(scene->said,
		"DP-11: no connector or monitor of this name yet: region lamp is not watched"));
	g_assert_nonnull(strstr(scene->said,
		"DP-12;DP-13: no connector or monitor of this name yet: layer cluster waits "
		"for it"));
	fake_probe(scene->card);
	scene_expect_no_log();
	scene_destroy(scene);
	region.output = "DP-11;DP-1";
	scene = create(&region, (struct scene_options){0});
	g_assert_null(strstr(scene->said, "no connector or monitor"));
	scene_destroy(scene);
}

int main(int argc, char **argv)
{
	static const struct layer_case cases[] = {{1, true}, {1, false}, {0, false}};

	fixture_init(&argc, &argv);
	g_test_add_func("/layout-region/canvas", test_canvas);
	g_test_add_func("/layout-region/direct", test_direct);
	g_test_add_func("/layout-region/turned", test_turned);
	g_test_add_data_func("/layout-region/layered/plane", GUINT_TO_POINTER(1), test_layered);
	g_test_add_data_func("/layout-region/layered/drawn", GUINT_TO_POINTER(0), test_layered);
	g_test_add_data_func("/layout-region/of-layer/plane", &cases[0], test_of_layer);
	g_test_add_data_func("/layout-region/of-layer/plane-of-copies", &cases[1], test_of_layer);
	g_test_add_data_func("/layout-region/of-layer/drawn", &cases[2], test_of_layer);
	g_test_add_func("/layout-region/of-layer/ahead", test_layer_ahead);
	g_test_add_func("/layout-region/beside", test_beside);
	g_test_add_func("/layout-region/in-flight", test_in_flight);
	g_test_add_func("/layout-region/ahead", test_ahead);
	g_test_add_func("/layout-region/fence", test_fence);
	g_test_add_func("/layout-region/frozen", test_frozen);
	g_test_add_func("/layout-region/unwatched", test_unwatched);
	g_test_add_func("/layout-region/absent", test_absent);
	return g_test_run();
}
