/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Fractions of motion and of detents: nothing is lost, and nothing comes too early. */
#include <glib.h>
#include <math.h>

#include "input/pointer.h"

/* What the next call writes, as "X=3 WHEEL=-1 ". */
static void expect(size_t count, const struct input_value *values, const char *text)
{
	static const char *const names[REL_CNT] = {
		[REL_X] = "X",
		[REL_Y] = "Y",
		[REL_WHEEL] = "WHEEL",
		[REL_HWHEEL] = "HWHEEL",
		[REL_WHEEL_HI_RES] = "HI",
		[REL_HWHEEL_HI_RES] = "HHI",
	};
	g_autoptr(GString) written = g_string_new(NULL);

	g_assert_cmpuint(count, <=, POINTER_VALUES_MAX);
	for (size_t i = 0; i < count; i++) {
		g_assert_cmpuint(values[i].type, ==, EV_REL);
		g_assert_cmpuint(values[i].code, <, REL_CNT);
		g_string_append_printf(written, "%s=%d ", names[values[i].code], values[i].value);
	}
	g_assert_cmpstr(written->str, ==, text);
}

static void test_move(void)
{
	static const struct {
		double x, y;
		const char *text;
	} steps[] = {
		{0, 0, ""},
		{3, -4, "X=3 Y=-4 "},
		{0.5, -0.75, ""},
		{0.5, 0, "X=1 "},
		{0, -0.5, "Y=-1 "},
		/* A quarter upwards is left: it takes more than a whole one to come down. */
		{0, 1, ""},
		{0, 0.25, "Y=1 "},
		{-0.5, 0, ""},
		{-0.5, 0, "X=-1 "},
		{1e300, -1e300, "X=1073741823 Y=-1073741824 "},
		{INFINITY, 0, "X=1073741823 "},
		{1, 1, "X=1 Y=1 "},
		{NAN, NAN, ""},
		{1, 1, "X=1 Y=1 "},
	};
	struct pointer pointer = {0};
	struct input_value values[POINTER_VALUES_MAX];

	for (size_t i = 0; i < G_N_ELEMENTS(steps); i++) {
		g_test_message("step %zu", i);
		expect(pointer_move(&pointer, steps[i].x, steps[i].y, values), values,
			steps[i].text);
	}
}

/* However small the steps, the way is as long. */
static void test_small_steps(void)
{
	static const double sizes[] = {0.001, 0.1, 1.0 / 3, 0.99, 1.7};

	for (size_t i = 0; i < G_N_ELEMENTS(sizes); i++) {
		struct pointer pointer = {0};
		struct input_value values[POINTER_VALUES_MAX];
		double x = 0, y = 0;

		for (int step = 0; step < 30000; step++) {
			size_t count = pointer_move(&pointer, sizes[i], -sizes[i], values);

			for (size_t j = 0; j < count; j++)
				*(values[j].code == REL_X ? &x : &y) += values[j].value;
		}
		g_assert_cmpfloat_with_epsilon(x, 30000 * sizes[i], 1.001);
		g_assert_cmpfloat_with_epsilon(y, -30000 * sizes[i], 1.001);
	}
}

/* evdev's wheel is up-positive, its other one right-positive. */
static void test_turn(void)
{
	static const struct {
		enum seat_axis axis;
		double value;
		const char *text;
	} steps[] = {
		{SEAT_VERTICAL, 0, ""},
		{SEAT_VERTICAL, 120, "HI=-120 WHEEL=-1 "},
		{SEAT_VERTICAL, -120, "HI=120 WHEEL=1 "},
		{SEAT_HORIZONTAL, 120, "HHI=120 HWHEEL=1 "},
		{SEAT_HORIZONTAL, -360, "HHI=-360 HWHEEL=-3 "},
		/* A fine wheel comes to a detent with its eighth step of 15. */
		{SEAT_VERTICAL, 15, "HI=-15 "},
		{SEAT_VERTICAL, 90, "HI=-90 "},
		{SEAT_HORIZONTAL, 60, "HHI=60 "},
		{SEAT_VERTICAL, 15, "HI=-15 WHEEL=-1 "},
		{SEAT_HORIZONTAL, 60, "HHI=60 HWHEEL=1 "},
		/* More than one, and the rest stays. */
		{SEAT_VERTICAL, 300, "HI=-300 WHEEL=-2 "},
		{SEAT_VERTICAL, 60, "HI=-60 WHEEL=-1 "},
		/* The other way begins at nothing. */
		{SEAT_VERTICAL, 119, "HI=-119 "},
		{SEAT_VERTICAL, -119, "HI=119 "},
		{SEAT_VERTICAL, -1, "HI=1 WHEEL=1 "},
		/* Fractions of a 120th are kept as well. */
		{SEAT_VERTICAL, -0.5, ""},
		{SEAT_VERTICAL, -0.5, "HI=1 "},
	};
	struct pointer pointer = {0};
	struct input_value values[POINTER_VALUES_MAX];

	for (size_t i = 0; i < G_N_ELEMENTS(steps); i++) {
		g_test_message("step %zu", i);
		expect(pointer_turn(&pointer, steps[i].axis, steps[i].value, values), values,
			steps[i].text);
	}
}

/* Fifteen pixels are a detent; a finger that is lifted takes its rest along. */
static void test_scroll(void)
{
	static const struct {
		double pixels;
		const char *text;
	} steps[] = {
		{15, "HI=-120 WHEEL=-1 "},
		{7, "HI=-56 "},
		{7, "HI=-56 "},
		{1, "HI=-8 WHEEL=-1 "},
		{14, "HI=-112 "},
		{0, ""},
		{14, "HI=-112 "},
		{0.0625, ""},
		{0.0625, "HI=-1 "},
		{0.0625, ""},
		{0, ""},
		{0.0625, ""},
		{-15, "HI=119 "},
	};
	struct pointer pointer = {0};
	struct input_value values[POINTER_VALUES_MAX];

	for (size_t i = 0; i < G_N_ELEMENTS(steps); i++) {
		g_test_message("step %zu", i);
		expect(pointer_scroll(&pointer, SEAT_VERTICAL, steps[i].pixels, values), values,
			steps[i].text);
	}
	/* The other axis has its own. */
	expect(pointer_scroll(&pointer, SEAT_HORIZONTAL, 15, values), values, "HHI=120 HWHEEL=1 ");
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/input/pointer/move", test_move);
	g_test_add_func("/input/pointer/small-steps", test_small_steps);
	g_test_add_func("/input/pointer/turn", test_turn);
	g_test_add_func("/input/pointer/scroll", test_scroll);
	return g_test_run();
}
