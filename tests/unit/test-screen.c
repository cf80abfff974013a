/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Which output a touch screen or a tablet of the host lies on: by configuration, by udev, by size.
 * The device is this test's: a seat makes its own of what hangs on the host alone.
 */
#include "input/screen.h"

#include <string.h>

#include "channel_fixture.h"
#include "fake/fake_kms.h"
#include "scene/view.h"
#include "scene_fixture.h"

#define OUTPUTS 3

/* ---- a device ---- */

struct seat_device {
	double width_mm, height_mm; /* 0: it does not tell */
	const char *property, *value;
};

const char *seat_device_property(const struct seat_device *device, const char *name)
{
	return g_strcmp0(device->property, name) == 0 ? device->value : NULL;
}

bool seat_device_size(const struct seat_device *device, double *width_mm, double *height_mm)
{
	*width_mm = device->width_mm;
	*height_mm = device->height_mm;
	return device->width_mm > 0;
}

/* ---- outputs ---- */

struct fixture {
	struct kms_device *card;
	struct screen list[OUTPUTS];
	struct screens screens;
};

/* DP-1 of a 24 inch monitor's size, DP-2 and DP-3 of a small panel's. */
static void setup(struct fixture *fixture, size_t count)
{
	static const uint32_t sizes[OUTPUTS][2] = {{531, 299}, {217, 136}, {217, 136}};

	*fixture = (struct fixture){0};
	fixture->card = fake_card_create(count, 64, 48);
	fixture->screens = (struct screens){.count = count};
	for (size_t i = 0; i < count; i++) {
		struct kms_output *output = &fixture->card->outputs[i];

		output->width_mm = sizes[i][0];
		output->height_mm = sizes[i][1];
		fixture->screens.list[i] = &fixture->list[i];
		fixture->list[i].view = view_create(
			&(struct view_options){fixture->card, output, PLACE_FIT});
	}
}

static void teardown(struct fixture *fixture)
{
	for (size_t i = 0; i < fixture->screens.count; i++)
		view_destroy(fixture->list[i].view);
	fake_card_destroy(fixture->card);
}

/* The name of the output that it is found to lie on. */
static const char *find(const struct fixture *fixture, const char *configured,
	struct seat_device device)
{
	const struct host_device host = {.device = &device, .output = configured};
	const struct screen *screen = screens_find(&fixture->screens, &host);

	return screen ? kms_output_name(view_output(screen->view)) : NULL;
}

/* ---- the tests ---- */

static void test_by_name(void)
{
	const struct seat_device told = {217, 136, "SCANOUTD_OUTPUT", "DP-3"};
	struct fixture fixture;

	setup(&fixture, OUTPUTS);
	/* The configuration's word before udev's, and udev's before the size. */
	g_assert_cmpstr(find(&fixture, "DP-2", told), ==, "DP-2");
	g_assert_cmpstr(find(&fixture, NULL, told), ==, "DP-3");
	g_assert_cmpstr(find(&fixture, NULL,
				(struct seat_device){.property = "WL_OUTPUT", .value = "DP-1"}),
		==, "DP-1");
	/* One that is not there is not guessed. */
	g_assert_null(find(&fixture, "DP-4", told));
	g_assert_null(find(&fixture, NULL,
		(struct seat_device){531, 299, "SCANOUTD_OUTPUT", "HDMI-A-1"}));
	/* An empty word is none. */
	g_assert_cmpstr(find(&fixture, NULL, (struct seat_device){531, 299, "SCANOUTD_OUTPUT", ""}),
		==, "DP-1");
	teardown(&fixture);
}

/* A layer is on the output that is below it, and counts where its picture is. */
static void test_layer(void)
{
	struct view_picture picture = {.width = 16,
		.height = 16,
		.surface = surface_create("test", 16, 16, NULL)};
	struct machine *other = (struct machine *)(void *)&picture;
	struct screen upper = {.machine = other};
	struct fixture fixture;
	struct screens *screens = &fixture.screens;

	setup(&fixture, 1);
	upper.view = view_create(&(struct view_options){
		.device = fixture.card,
		.output = &fixture.card->outputs[0],
		.below = fixture.list[0].view,
		.area = {16, 16, 32, 16},
		.opacity = UINT16_MAX,
	});
	screens->list[screens->count++] = &upper;
	g_assert_cmpstr(find(&fixture, NULL, (struct seat_device){0}), ==, "DP-1");
	g_assert_cmpstr(find(&fixture, NULL, (struct seat_device){531, 299}), ==, "DP-1");
	g_assert_true(screens_at(screens, &fixture.list[0], NULL, 0.5, 0.5) == &fixture.list[0]);
	view_show(upper.view, &picture);
	g_assert_true(screens_at(screens, &fixture.list[0], NULL, 0.5, 0.5) == &upper);
	g_assert_true(screens_at(screens, &fixture.list[0], other, 0.5, 0.5) == &upper);
	g_assert_true(screens_at(screens, &fixture.list[0], NULL, 0.2, 0.5) == &fixture.list[0]);
	g_assert_true(screens_at(screens, &upper, NULL, 0.2, 0.5) == &fixture.list[0]);
	/* Not of the machine that is asked for. */
	upper.machine = NULL;
	fixture.list[0].machine = other;
	g_assert_true(screens_at(screens, &fixture.list[0], other, 0.5, 0.5) == &fixture.list[0]);
	view_destroy(upper.view);
	surface_destroy(picture.surface);
	screens->count--;
	teardown(&fixture);
}

static void test_by_size(void)
{
	static const struct {
		double width_mm, height_mm;
		const char *output;
	} cases[] = {
		{531, 299, "DP-1"},
		/* Frames, and rounding: 5 mm and 3 %. */
		{550, 310, "DP-1"},
		{512, 287, "DP-1"},
		{553, 299, NULL},
		{531, 316, NULL},
		/* A panel that is mounted upright. */
		{299, 531, "DP-1"},
		/* Two panels of that size. */
		{217, 136, NULL},
		{100, 100, NULL},
		{0, 0, NULL},
	};
	struct fixture fixture;

	setup(&fixture, OUTPUTS);
	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_test_message("%g x %g", cases[i].width_mm, cases[i].height_mm);
		g_assert_cmpstr(find(&fixture, NULL,
					(struct seat_device){cases[i].width_mm, cases[i].height_mm,
						NULL, NULL}),
			==, cases[i].output);
	}
	/* An output that does not tell its size is nobody's. */
	fixture.card->outputs[0].width_mm = 0;
	fixture.card->outputs[0].height_mm = 0;
	g_assert_null(find(&fixture, NULL, (struct seat_device){3, 3, NULL, NULL}));
	teardown(&fixture);
}

static void test_only_one(void)
{
	struct fixture fixture;

	setup(&fixture, 1);
	g_assert_cmpstr(find(&fixture, NULL, (struct seat_device){100, 100, NULL, NULL}), ==,
		"DP-1");
	g_assert_cmpstr(find(&fixture, NULL, (struct seat_device){0}), ==, "DP-1");
	teardown(&fixture);
	/* Of several, the one that is lit. */
	setup(&fixture, 2);
	g_assert_null(find(&fixture, NULL, (struct seat_device){0}));
	fixture.card->outputs[0].active = false;
	g_assert_cmpstr(find(&fixture, NULL, (struct seat_device){0}), ==, "DP-2");
	teardown(&fixture);
	setup(&fixture, 0);
	g_assert_null(find(&fixture, NULL, (struct seat_device){0}));
	teardown(&fixture);
}

static void test_sizes_of_pictures(void)
{
	uint32_t width, height;
	struct fixture fixture;

	setup(&fixture, 1);
	/* Without a picture that is the mode's. */
	screen_size(&fixture.list[0], &width, &height);
	g_assert_cmpuint(width, ==, 64);
	g_assert_cmpuint(height, ==, 48);
	teardown(&fixture);
}

/* ---- outputs that are turned ---- */

static void test_turned_size(void)
{
	uint32_t width, height;
	struct fixture fixture;

	setup(&fixture, 1);
	view_set_transform(fixture.list[0].view, KMS_ROTATE_270);
	screen_size(&fixture.list[0], &width, &height);
	g_assert_cmpuint(width, ==, 48);
	g_assert_cmpuint(height, ==, 64);
	teardown(&fixture);
}

/* A pen that leans to the right of the panel, a little down, and whose barrel points up, a little
 * to the right. */
static void test_turned_tool(void)
{
	static const struct {
		enum kms_transform transform;
		double tilt_x, tilt_y, rotation;
	} cases[] = {
		{KMS_ROTATE_0, 30, 10, 20},
		/* The picture's top is at the panel's left: the right is down, and up is right. */
		{KMS_ROTATE_90, -10, 30, 110},
		{KMS_ROTATE_180, -30, -10, 200},
		{KMS_ROTATE_270, 10, -30, 290},
		{KMS_ROTATE_0 | KMS_REFLECT_X, -30, 10, 340},
		{KMS_ROTATE_90 | KMS_REFLECT_X, 10, 30, 250},
		{KMS_ROTATE_180 | KMS_REFLECT_X, 30, -10, 160},
		{KMS_ROTATE_270 | KMS_REFLECT_X, -10, -30, 70},
	};

	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		struct seat_tool tool = {.tilt_x = 30,
			.tilt_y = 10,
			.x = 0.25,
			.pressure = 0.5,
			.rotation = 20,
			.rotates = true};
		struct fixture fixture;

		setup(&fixture, 1);
		view_set_transform(fixture.list[0].view, cases[i].transform);
		screen_turn_tool(&fixture.list[0], &tool);
		g_assert_cmpfloat_with_epsilon(tool.tilt_x, cases[i].tilt_x, 1e-6);
		g_assert_cmpfloat_with_epsilon(tool.tilt_y, cases[i].tilt_y, 1e-6);
		g_assert_cmpfloat_with_epsilon(tool.rotation, cases[i].rotation, 1e-6);
		tool.rotation = 350;
		screen_turn_tool(&fixture.list[0], &tool);
		g_assert_cmpfloat(tool.rotation, >=, 0);
		g_assert_cmpfloat(tool.rotation, <, 360);
		/* A pen that does not tell its barrel's turn tells none. */
		tool.rotates = false;
		tool.rotation = 0;
		screen_turn_tool(&fixture.list[0], &tool);
		g_assert_cmpfloat(tool.rotation, ==, 0);
		g_assert_cmpfloat(tool.x, ==, 0.25);
		g_assert_cmpfloat(tool.pressure, ==, 0.5);
		teardown(&fixture);
	}
}

/* A screen whose guest has switched it off is all picture; one that is nobody's, or never had one,
 * is none. */
static void test_point(void)
{
	struct scene *scene = scene_create(&(struct scene_options){.policy = PLACE_CENTER});
	struct screen screen = {.view = layout_view(scene->layout, 0), .layout = scene->layout};
	double x, y;

	g_assert_cmpint(screen_pick(&screen, 0.5, 0.5, &x, &y), ==, VIEW_POINT_NOWHERE);
	/* In the middle, half as large. */
	scene_scanout(scene, 0, SCENE_WIDTH / 2, SCENE_HEIGHT / 2);
	scene_update(scene, 0, (struct kms_rect){0, 0, SCENE_WIDTH / 2, SCENE_HEIGHT / 2}, RED);
	g_assert_cmpint(screen_pick(&screen, 0.25, 0.75, &x, &y), ==, VIEW_POINT_INSIDE);
	g_assert_cmpfloat(x, ==, 0);
	g_assert_cmpfloat(y, ==, 1);
	g_assert_cmpint(screen_pick(&screen, 0.1, 0.1, &x, &y), ==, VIEW_POINT_BESIDE);

	scene_scanout(scene, 0, 0, 0);
	g_assert_cmpint(screen_pick(&screen, 0.1, 0.2, &x, &y), ==, VIEW_POINT_INSIDE);
	g_assert_cmpfloat(x, ==, 0.1);
	g_assert_cmpfloat(y, ==, 0.2);
	screen.layout = NULL;
	g_assert_cmpint(screen_pick(&screen, 0.1, 0.2, &x, &y), ==, VIEW_POINT_NOWHERE);
	scene_destroy(scene);
}

int main(int argc, char **argv)
{
	fixture_init(&argc, &argv);
	g_test_add_func("/screen/by-name", test_by_name);
	g_test_add_func("/screen/by-size", test_by_size);
	g_test_add_func("/screen/layer", test_layer);
	g_test_add_func("/screen/only-one", test_only_one);
	g_test_add_func("/screen/sizes-of-pictures", test_sizes_of_pictures);
	g_test_add_func("/screen/turned-size", test_turned_size);
	g_test_add_func("/screen/turned-tool", test_turned_tool);
	g_test_add_func("/screen/point", test_point);
	return g_test_run();
}
