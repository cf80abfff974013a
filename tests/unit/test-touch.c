/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Fingers and pens: through every placement to the place in the picture, in slots of the
 * guest's. */
#include <glib.h>
#include <math.h>

#include "input/pen.h"
#include "input/touch.h"
#include "record_sink.h"
#include "scene/place.h"
#include "transforms.h"

/* ---- a screen that shows a picture ---- */

struct glass {
	struct place place;
	uint32_t width, height; /* of the picture, pixels */
	uint32_t mode_width, mode_height;
	bool dark; /* no picture is there */
};

static enum view_point pick(void *data, double x, double y, double *picture_x, double *picture_y)
{
	const struct glass *glass = data;
	bool inside;

	if (glass->dark)
		return VIEW_POINT_NOWHERE;
	inside = place_from_output(&glass->place, x * glass->mode_width, y * glass->mode_height,
		picture_x, picture_y);
	*picture_x /= glass->width;
	*picture_y /= glass->height;
	return inside ? VIEW_POINT_INSIDE : VIEW_POINT_BESIDE;
}

/* 100×100 of 200×200, unscaled in the middle: from 0.25 to 0.75 of the glass. */
static void make_glass(struct glass *glass)
{
	*glass = (struct glass){.width = 100, .height = 100, .mode_width = 200, .mode_height = 200};
	place_compute(&glass->place, 100, 100, 200, 200, PLACE_CENTER, KMS_ROTATE_0);
}

struct fixture {
	struct recorded_machine machine;
	struct glass glass;
	struct touch *touch;
	struct pen *pen;
};

static void start(struct fixture *fixture, gconstpointer data)
{
	recorded_machine_start(&fixture->machine, "a", 1u << INPUT_PEN, 2);
	make_glass(&fixture->glass);
	fixture->touch = touch_create(fixture->machine.machine, 1, pick, &fixture->glass);
	fixture->pen = pen_create(fixture->machine.machine);
}

static void finish(struct fixture *fixture, gconstpointer data)
{
	touch_destroy(fixture->touch);
	pen_destroy(fixture->pen);
	recorded_machine_finish(&fixture->machine);
}

static void expect(struct fixture *fixture, const char *text)
{
	recorded_machine_expect(&fixture->machine, text);
}

static void touch(struct fixture *fixture, enum seat_event_type type, int32_t slot, double x,
	double y)
{
	const struct seat_event event = {.type = type, .point = {x, y, slot}};

	touch_event(fixture->touch, &event);
}

static void frame(struct fixture *fixture)
{
	touch(fixture, SEAT_EVENT_TOUCH_FRAME, 0, 0, 0);
}

/* What comes of all touches since the last frame, once it ends. */
static void expect_frame(struct fixture *fixture, const char *text)
{
	frame(fixture);
	expect(fixture, text);
}

/* ---- touch ---- */

static void test_one_finger(struct fixture *fixture, gconstpointer data)
{
	touch(fixture, SEAT_EVENT_TOUCH_DOWN, 9, 0.5, 0.25);
	expect(fixture, "");
	expect_frame(fixture,
		"touch1 ABS_MT_SLOT=0 ABS_MT_TRACKING_ID=0 ABS_MT_POSITION_X=32768 "
		"ABS_MT_POSITION_Y=0 BTN_TOUCH=1 ABS_X=32768 ABS_Y=0\n");
	touch(fixture, SEAT_EVENT_TOUCH_MOTION, 9, 0.5, 0.5);
	expect_frame(fixture, "touch1 ABS_MT_SLOT=0 ABS_MT_POSITION_Y=32768 ABS_Y=32768\n");
	touch(fixture, SEAT_EVENT_TOUCH_MOTION, 9, 0.5, 0.5);
	expect_frame(fixture, "");
	touch(fixture, SEAT_EVENT_TOUCH_UP, 9, 0, 0);
	expect_frame(fixture, "touch1 ABS_MT_SLOT=0 ABS_MT_TRACKING_ID=-1 BTN_TOUCH=0\n");
	/* A new contact has a new id, and says where it is to those who know one finger. */
	touch(fixture, SEAT_EVENT_TOUCH_DOWN, 3, 0.5, 0.5);
	expect_frame(fixture,
		"touch1 ABS_MT_SLOT=0 ABS_MT_TRACKING_ID=1 ABS_MT_POSITION_X=32768 "
		"ABS_MT_POSITION_Y=32768 BTN_TOUCH=1 ABS_X=32768 ABS_Y=32768\n");
}

/* The first finger is the pointer; when it goes, the oldest that is left. */
static void test_fingers(struct fixture *fixture, gconstpointer data)
{
	touch(fixture, SEAT_EVENT_TOUCH_DOWN, 4, 0.25, 0.25);
	touch(fixture, SEAT_EVENT_TOUCH_DOWN, 2, 0.75, 0.75);
	expect_frame(fixture,
		"touch1 ABS_MT_SLOT=0 ABS_MT_TRACKING_ID=0 ABS_MT_POSITION_X=0 "
		"ABS_MT_POSITION_Y=0 ABS_MT_SLOT=1 ABS_MT_TRACKING_ID=1 "
		"ABS_MT_POSITION_X=65535 ABS_MT_POSITION_Y=65535 BTN_TOUCH=1 ABS_X=0 "
		"ABS_Y=0\n");
	touch(fixture, SEAT_EVENT_TOUCH_UP, 4, 0, 0);
	expect_frame(fixture,
		"touch1 ABS_MT_SLOT=0 ABS_MT_TRACKING_ID=-1 ABS_X=65535 ABS_Y=65535\n");
	/* Its slot is free again. */
	touch(fixture, SEAT_EVENT_TOUCH_DOWN, 4, 0.5, 0.5);
	touch(fixture, SEAT_EVENT_TOUCH_CANCEL, 2, 0, 0);
	expect_frame(fixture,
		"touch1 ABS_MT_SLOT=0 ABS_MT_TRACKING_ID=2 ABS_MT_POSITION_X=32768 "
		"ABS_MT_POSITION_Y=32768 ABS_MT_SLOT=1 ABS_MT_TRACKING_ID=-1 ABS_X=32768 "
		"ABS_Y=32768\n");
}

/* The picture goes under a finger and a pen: they stay where they were, and nothing begins. */
static void test_no_picture(struct fixture *fixture, gconstpointer data)
{
	struct seat_tool tool = {.code = BTN_TOOL_PEN, .x = 0.5, .y = 0.5, .near = true};
	int tablet;

	touch(fixture, SEAT_EVENT_TOUCH_DOWN, 0, 0.5, 0.5);
	frame(fixture);
	pen_event(fixture->pen, &tablet, &tool, pick, &fixture->glass);
	g_string_truncate(fixture->machine.text, 0);
	fixture->glass.dark = true;
	touch(fixture, SEAT_EVENT_TOUCH_MOTION, 0, 0.75, 0.75);
	touch(fixture, SEAT_EVENT_TOUCH_DOWN, 1, 0.5, 0.5);
	frame(fixture);
	tool.x = 0.75;
	tool.pressure = 1;
	pen_event(fixture->pen, &tablet, &tool, pick, &fixture->glass);
	expect(fixture, "pen ABS_PRESSURE=4095\n");
	fixture->glass.dark = false;
	touch(fixture, SEAT_EVENT_TOUCH_MOTION, 0, 0.75, 0.5);
	frame(fixture);
	pen_event(fixture->pen, &tablet, &tool, pick, &fixture->glass);
	expect(fixture,
		"touch1 ABS_MT_SLOT=0 ABS_MT_POSITION_X=65535 ABS_X=65535\n"
		"pen ABS_X=65535\n");
}

/* Beside the picture nothing begins; what has begun is at its edge. */
static void test_outside(struct fixture *fixture, gconstpointer data)
{
	touch(fixture, SEAT_EVENT_TOUCH_DOWN, 0, 0.1, 0.5);
	touch(fixture, SEAT_EVENT_TOUCH_MOTION, 0, 0.5, 0.5);
	touch(fixture, SEAT_EVENT_TOUCH_UP, 0, 0, 0);
	expect_frame(fixture, "");
	touch(fixture, SEAT_EVENT_TOUCH_DOWN, 0, 0.5, 0.5);
	touch(fixture, SEAT_EVENT_TOUCH_MOTION, 0, 0.9, 0.1);
	expect_frame(fixture,
		"touch1 ABS_MT_SLOT=0 ABS_MT_TRACKING_ID=0 ABS_MT_POSITION_X=32768 "
		"ABS_MT_POSITION_Y=32768 ABS_MT_SLOT=0 ABS_MT_POSITION_X=65535 "
		"ABS_MT_POSITION_Y=0 BTN_TOUCH=1 ABS_X=65535 ABS_Y=0\n");
}

/* More fingers than slots, slots that cannot be, ups without downs, downs without ups. */
static void test_hostile_touches(struct fixture *fixture, gconstpointer data)
{
	touch(fixture, SEAT_EVENT_TOUCH_DOWN, -1, 0.5, 0.5);
	touch(fixture, SEAT_EVENT_TOUCH_DOWN, SEAT_SLOTS_MAX, 0.5, 0.5);
	touch(fixture, SEAT_EVENT_TOUCH_UP, 5, 0, 0);
	touch(fixture, SEAT_EVENT_TOUCH_DOWN, 0, NAN, 0.5);
	touch(fixture, SEAT_EVENT_TOUCH_UP, 0, 0, 0);
	frame(fixture);
	g_string_truncate(fixture->machine.text, 0);
	for (int32_t slot = 0; slot < SEAT_SLOTS_MAX; slot++)
		touch(fixture, SEAT_EVENT_TOUCH_DOWN, slot, 0.5, 0.5);
	frame(fixture);
	g_assert_nonnull(strstr(fixture->machine.text->str, "ABS_MT_SLOT=15 "));
	g_assert_null(strstr(fixture->machine.text->str, "ABS_MT_SLOT=16 "));
	g_string_truncate(fixture->machine.text, 0);
	/* A device that never ends a frame. */
	for (int i = 0; i < 10000; i++)
		touch(fixture, SEAT_EVENT_TOUCH_DOWN, i % SEAT_SLOTS_MAX, 0.5, 0.5);
	g_string_truncate(fixture->machine.text, 0);
	touch_destroy(fixture->touch);
	fixture->touch = NULL;
	g_assert_nonnull(
		strstr(fixture->machine.text->str, "ABS_MT_SLOT=15 ABS_MT_TRACKING_ID=-1"));
	g_assert_nonnull(strstr(fixture->machine.text->str, "BTN_TOUCH=0"));
}

/* ---- every placement ---- */

/* Where the finger is on the glass is where it is in the picture: by the other direction of the
 * placement, for all transforms and policies and sizes. */
static void test_placements(void)
{
	static const enum place_policy policies[] = {PLACE_FIT, PLACE_CENTER, PLACE_NONE,
		PLACE_FILL, PLACE_INTEGER};
	static const struct {
		double x, y;
	} points[] = {
		{1 / 6.0, 1 / 6.0},
		{0.5, 1 / 6.0},
		{5 / 6.0, 1 / 6.0},
		{1 / 6.0, 0.5},
		{0.5, 0.5},
		{5 / 6.0, 0.5},
		{1 / 6.0, 5 / 6.0},
		{0.5, 5 / 6.0},
		{5 / 6.0, 5 / 6.0},
	};
	static const uint32_t sizes[][2] = {{640, 480}, {1920, 1080}, {333, 777}, {4096, 100}};
	unsigned int touched = 0;

	for (size_t i = 0; i < G_N_ELEMENTS(transforms); i++) {
		for (size_t j = 0; j < G_N_ELEMENTS(policies); j++) {
			for (size_t k = 0; k < G_N_ELEMENTS(sizes); k++) {
				struct glass glass = {
					.width = sizes[k][0],
					.height = sizes[k][1],
					.mode_width = 1280,
					.mode_height = 1024,
				};

				place_compute(&glass.place, glass.width, glass.height, 1280, 1024,
					policies[j], transforms[i]);
				for (size_t p = 0; p < G_N_ELEMENTS(points); p++) {
					double x = points[p].x;
					double y = points[p].y;
					double picture_x, picture_y, back_x, back_y;

					if (pick(&glass, x, y, &picture_x, &picture_y) !=
						VIEW_POINT_INSIDE)
						continue;
					touched++;
					place_point_to_output(&glass.place, picture_x * glass.width,
						picture_y * glass.height, &back_x, &back_y);
					g_assert_cmpfloat_with_epsilon(back_x, x * 1280, 1e-6);
					g_assert_cmpfloat_with_epsilon(back_y, y * 1024, 1e-6);
				}
			}
		}
	}
	g_assert_cmpuint(touched, >, 700);
}

/* By numbers worked out by hand: a picture of 100×200 that fills the glass when it is turned. */
static void test_turned(void)
{
	static const struct {
		enum kms_transform transform;
		uint32_t width, height;
		double x, y;
	} cases[] = {
		/* The finger is in the upper left quarter of the glass, at 0.25, 0.125. */
		{KMS_ROTATE_0, 200, 100, 0.25, 0.125},
		{KMS_ROTATE_180, 200, 100, 0.75, 0.875},
		{KMS_ROTATE_0 | KMS_REFLECT_X, 200, 100, 0.75, 0.125},
		{KMS_ROTATE_0 | KMS_REFLECT_Y, 200, 100, 0.25, 0.875},
		/* DRM turns counter-clockwise: at 90 the picture's top is at the left. */
		{KMS_ROTATE_90, 100, 200, 0.875, 0.25},
		{KMS_ROTATE_270, 100, 200, 0.125, 0.75},
	};

	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		struct glass glass = {
			.width = cases[i].width,
			.height = cases[i].height,
			.mode_width = 200,
			.mode_height = 100,
		};
		double x, y;

		place_compute(&glass.place, glass.width, glass.height, 200, 100, PLACE_NONE,
			cases[i].transform);
		g_assert_cmpint(pick(&glass, 0.25, 0.125, &x, &y), ==, VIEW_POINT_INSIDE);
		g_assert_cmpfloat_with_epsilon(x, cases[i].x, 1e-9);
		g_assert_cmpfloat_with_epsilon(y, cases[i].y, 1e-9);
	}
}

/* ---- pens ---- */

/* A device is told from another by its address alone. */
static const char tablet, other;

static void pen(struct fixture *fixture, const void *device, struct seat_tool tool)
{
	pen_event(fixture->pen, device, &tool, pick, &fixture->glass);
}

static void test_pen(struct fixture *fixture, gconstpointer data)
{
	struct seat_tool tool = {
		.code = BTN_TOOL_RUBBER,
		.x = 0.5,
		.y = 0.5,
		.distance = 0.5,
		.tilt_x = -30.4,
		.tilt_y = 200,
		.rotation = 90,
		.slider = 1,
		.near = true,
	};

	pen(fixture, &tablet, tool);
	expect(fixture,
		"pen BTN_TOOL_RUBBER=1 ABS_X=32768 ABS_Y=32768 ABS_PRESSURE=0 "
		"ABS_DISTANCE=2048 ABS_TILT_X=-30 ABS_TILT_Y=90 ABS_Z=90 ABS_WHEEL=4095\n");
	/* Another tool waits until this one has gone. */
	pen(fixture, &other, tool);
	expect(fixture, "");
	tool.distance = 0;
	tool.pressure = 1;
	tool.down = true;
	pen(fixture, &tablet, tool);
	expect(fixture, "pen ABS_PRESSURE=4095 ABS_DISTANCE=0 BTN_TOUCH=1\n");
	tool.button = BTN_STYLUS2;
	tool.pressed = true;
	pen(fixture, &tablet, tool);
	tool.button = 0;
	tool.x = 0.75;
	pen(fixture, &tablet, tool);
	/* Beside the picture: at its edge. */
	tool.x = 0.9;
	pen(fixture, &tablet, tool);
	expect(fixture, "pen BTN_STYLUS2=1\npen ABS_X=65535\n");
	/* It goes with everything that is pressed. */
	tool.near = false;
	pen(fixture, &tablet, tool);
	expect(fixture, "pen BTN_TOUCH=0 BTN_STYLUS2=0 BTN_TOOL_RUBBER=0\n");
	pen(fixture, &tablet, tool);
	expect(fixture, "");
}

static void test_pen_outside(struct fixture *fixture, gconstpointer data)
{
	struct seat_tool tool = {.code = BTN_TOOL_LENS, .x = 0.1, .y = 0.5, .near = true};

	pen(fixture, &tablet, tool);
	expect(fixture, "");
	tool.x = 0.25;
	tool.down = true;
	pen(fixture, &tablet, tool);
	expect(fixture,
		"pen BTN_TOOL_PEN=1 ABS_X=0 ABS_Y=32768 ABS_PRESSURE=0 ABS_DISTANCE=0 "
		"ABS_TILT_X=0 ABS_TILT_Y=0 ABS_Z=0 ABS_WHEEL=2048 BTN_TOUCH=1\n");
	pen_destroy(fixture->pen);
	expect(fixture, "pen BTN_TOUCH=0 BTN_TOOL_PEN=0\n");
	fixture->pen = NULL;
}

/* What no tablet should say, and what a tool does that was pressed before it came. */
static void test_pen_edges(struct fixture *fixture, gconstpointer data)
{
	struct seat_tool tool = {
		.code = 0xffffffff,
		.x = 0.25,
		.y = 0.25,
		.pressure = 7,
		.distance = -1,
		.tilt_x = -1e9,
		.tilt_y = INFINITY,
		.rotation = 360,
		.near = true,
		.down = true,
		.button = BTN_STYLUS3,
		.pressed = true,
	};

	pen(fixture, &tablet, tool);
	expect(fixture,
		"pen BTN_TOOL_PEN=1 ABS_X=0 ABS_Y=0 ABS_PRESSURE=4095 ABS_DISTANCE=0 "
		"ABS_TILT_X=-90 ABS_TILT_Y=90 ABS_Z=359 ABS_WHEEL=2048 BTN_TOUCH=1 BTN_STYLUS3=1\n");
	/* The same again, a release of what is not pressed, a button that is none of a pen. */
	pen(fixture, &tablet, tool);
	tool.button = BTN_STYLUS;
	tool.pressed = false;
	pen(fixture, &tablet, tool);
	tool.button = BTN_LEFT;
	tool.pressed = true;
	pen(fixture, &tablet, tool);
	/* Another tablet's tool goes that never had the pen. */
	tool.near = false;
	pen(fixture, &other, tool);
	expect(fixture, "");
	pen(fixture, &tablet, tool);
	expect(fixture, "pen BTN_TOUCH=0 BTN_STYLUS3=0 BTN_TOOL_PEN=0\n");
	/* Now it can; and it says all of where it is, though that is where the last one was. */
	tool.near = true;
	tool.down = false;
	tool.code = BTN_TOOL_BRUSH;
	pen(fixture, &other, tool);
	expect(fixture,
		"pen BTN_TOOL_BRUSH=1 ABS_X=0 ABS_Y=0 ABS_PRESSURE=4095 ABS_DISTANCE=0 "
		"ABS_TILT_X=-90 ABS_TILT_Y=90 ABS_Z=359 ABS_WHEEL=2048\n");
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
#define ADD(name, function) \
	g_test_add("/input/" name, struct fixture, NULL, start, function, finish)
	ADD("touch/one-finger", test_one_finger);
	ADD("touch/fingers", test_fingers);
	ADD("touch/outside", test_outside);
	ADD("touch/no-picture", test_no_picture);
	ADD("touch/hostile", test_hostile_touches);
	g_test_add_func("/input/touch/placements", test_placements);
	g_test_add_func("/input/touch/turned", test_turned);
	ADD("pen/life", test_pen);
	ADD("pen/outside", test_pen_outside);
	ADD("pen/edges", test_pen_edges);
#undef ADD
	return g_test_run();
}
