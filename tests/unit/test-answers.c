/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Which frames of a device are answered early, by a clock and by costs that the test makes up: how
 * many scanouts are drawn on, what copying them costs, and that neither makes it change its mind
 * all the time.
 */
#include <glib.h>

#include "scene/answers.h"

#define PERIOD_US 16667
#define MEGAPIXELS UINT64_C(2000000)
/* A copy of such a frame that takes so many thousandths of the period. */
#define COST_NS(thousandths) (INT64_C(16667) * (thousandths))

struct device {
	struct answers answers;
	int64_t now_us;
};

static void device_init(struct device *device, enum answers_mode mode)
{
	device->now_us = 1;
	answers_init(&device->answers, mode);
}

static enum answers_choice frame(struct device *device, uint32_t scanout)
{
	answers_set_live(&device->answers, scanout, true);
	answers_frame(&device->answers, scanout, MEGAPIXELS, PERIOD_US, device->now_us);
	return answers_choose(&device->answers, scanout, device->now_us);
}

/* A frame of the scanout, which costs so many thousandths of a period where it is copied or
 * measured. */
static enum answers_choice costly_frame(struct device *device, uint32_t scanout, unsigned int cost)
{
	enum answers_choice choice = frame(device, scanout);

	if (choice == ANSWERS_AT_FLIP)
		return choice;
	answers_measured(&device->answers, scanout, MEGAPIXELS, COST_NS(cost), device->now_us);
	if (choice == ANSWERS_MEASURE)
		choice = answers_choose(&device->answers, scanout, device->now_us);
	g_assert_cmpint(choice, !=, ANSWERS_MEASURE);
	return choice;
}

/* So many frames of each of `count` scanouts. Returns a bit for each that was answered early at
 * last. */
static uint32_t frames(struct device *device, unsigned int rounds, uint32_t count,
	unsigned int cost)
{
	uint32_t early = 0;

	for (unsigned int round = 0; round < rounds; round++) {
		device->now_us += PERIOD_US;
		early = 0;
		for (uint32_t i = 0; i < count; i++)
			early |= costly_frame(device, i, cost) == ANSWERS_EARLY ? 1u << i : 0;
	}
	return early;
}

static void test_flip(void)
{
	struct device device;

	device_init(&device, ANSWERS_FLIP);
	g_assert_cmphex(frames(&device, 100, 4, 1), ==, 0);
}

static void test_copied(void)
{
	struct device device;

	device_init(&device, ANSWERS_COPIED);
	g_assert_cmpint(frame(&device, 3), ==, ANSWERS_AT_FLIP);
	g_assert_cmpint(frame(&device, 5), ==, ANSWERS_EARLY);
	g_assert_cmpint(frame(&device, 3), ==, ANSWERS_EARLY);
	/* Whatever it costs, and however seldom they come. */
	answers_unreadable(&device.answers, 3, device.now_us);
	device.now_us += 100 * ANSWERS_PAUSE_US;
	g_assert_cmpint(frame(&device, 3), ==, ANSWERS_EARLY);
	/* One alone waits for nobody. */
	answers_set_live(&device.answers, 5, false);
	g_assert_cmpint(frame(&device, 3), ==, ANSWERS_AT_FLIP);
	/* And of one that nobody sees nothing is copied. */
	answers_set_live(&device.answers, 5, true);
	answers_set_live(&device.answers, 3, false);
	g_assert_cmpint(answers_choose(&device.answers, 3, device.now_us), ==, ANSWERS_AT_FLIP);
}

static void test_one_alone(void)
{
	struct device device;

	device_init(&device, ANSWERS_AUTO);
	g_assert_cmphex(frames(&device, 100, 1, 1), ==, 0);
	/* Another one that shows a still picture changes nothing. */
	g_assert_cmpint(frame(&device, 1), ==, ANSWERS_AT_FLIP);
	g_assert_cmphex(frames(&device, 100, 1, 1), ==, 0);
}

static void test_begins(void)
{
	struct device device;

	device_init(&device, ANSWERS_AUTO);
	g_assert_cmphex(frames(&device, ANSWERS_RUN - 1, 4, 100), ==, 0);
	/* The first of them is drawn on then, but nobody else so far. */
	g_assert_cmphex(frames(&device, 1, 4, 100), ==, 0xe);
	g_assert_cmphex(frames(&device, 1, 4, 100), ==, 0xf);
}

/* When the others pause, the one that goes on has the device to itself. */
static void test_pause(void)
{
	struct device device;

	device_init(&device, ANSWERS_AUTO);
	g_assert_cmphex(frames(&device, 20, 2, 10), ==, 0x3);
	g_assert_cmphex(frames(&device, 30, 1, 10), ==, 0x1);
	g_assert_cmphex(frames(&device, 40, 1, 10), ==, 0);
	/* The other one's next frame is the first of a new run. */
	g_assert_cmphex(frames(&device, 1, 2, 10), ==, 0);
	g_assert_cmphex(frames(&device, ANSWERS_RUN, 2, 10), ==, 0x3);
	answers_set_live(&device.answers, 1, false);
	g_assert_cmpint(frame(&device, 0), ==, ANSWERS_AT_FLIP);
}

/* Four copies of which each takes a fifth of the period are too many, two are not. */
static void test_load(void)
{
	struct device device;

	device_init(&device, ANSWERS_AUTO);
	g_assert_cmphex(frames(&device, 40, 4, 200), ==, 0);
	device_init(&device, ANSWERS_AUTO);
	g_assert_cmphex(frames(&device, 40, 2, 200), ==, 0x3);
}

static void test_hysteresis(void)
{
	struct device device;

	device_init(&device, ANSWERS_AUTO);
	g_assert_cmphex(frames(&device, 40, 4, 100), ==, 0xf);
	/* What would not have begun goes on, … */
	g_assert_cmphex(frames(&device, 400, 4, 160), ==, 0xf);
	/* … what is too much does not, … */
	g_assert_cmphex(frames(&device, 40, 4, 220), ==, 0);
	/* … and does not begin again as long as it would not have begun. */
	for (unsigned int i = 0; i < 2000; i++)
		g_assert_cmphex(frames(&device, 1, 4, 160), ==, 0);
	/* It is looked at again now and then. */
	g_assert_cmphex(frames(&device, 1000, 4, 100), ==, 0xf);
}

/* A copy during which the processor was somebody else's. */
static void test_one_slow_copy(void)
{
	struct device device;

	device_init(&device, ANSWERS_AUTO);
	g_assert_cmphex(frames(&device, 40, 2, 100), ==, 0x3);
	device.now_us += PERIOD_US;
	g_assert_cmpint(costly_frame(&device, 0, 5000), ==, ANSWERS_EARLY);
	g_assert_cmphex(frames(&device, 1, 2, 100), ==, 0x3);
}

/* One whose memory is not cached is waited for, the others are not. */
static void test_slow_memory(void)
{
	struct device device;
	unsigned int measured = 0;

	device_init(&device, ANSWERS_AUTO);
	for (unsigned int round = 0; round < 1200; round++) {
		enum answers_choice choice;

		device.now_us += PERIOD_US;
		choice = frame(&device, 0);
		g_assert_cmpint(choice, !=, ANSWERS_EARLY);
		if (choice == ANSWERS_MEASURE) {
			answers_measured(&device.answers, 0, 64000, COST_NS(2000) / 32,
				device.now_us);
			g_assert_cmpint(answers_choose(&device.answers, 0, device.now_us), ==,
				ANSWERS_AT_FLIP);
			measured++;
		}
		for (uint32_t i = 1; i < 3; i++) {
			choice = costly_frame(&device, i, 50);
			if (round > 2 * ANSWERS_RUN)
				g_assert_cmpint(choice, ==, ANSWERS_EARLY);
		}
	}
	/* Of 20 seconds. */
	g_assert_cmpuint(measured, ==, 2);
}

static void test_unreadable(void)
{
	struct device device;

	device_init(&device, ANSWERS_AUTO);
	g_assert_cmphex(frames(&device, 40, 2, 10), ==, 0x3);
	answers_unreadable(&device.answers, 1, device.now_us);
	for (unsigned int i = 0; i < 500; i++) {
		device.now_us += PERIOD_US;
		g_assert_cmpint(costly_frame(&device, 0, 10), ==, ANSWERS_EARLY);
		g_assert_cmpint(frame(&device, 1), ==, ANSWERS_AT_FLIP);
	}
	/* What could not be read then may be read now. */
	device.now_us += ANSWERS_AGAIN_US;
	g_assert_cmphex(frames(&device, 2 * ANSWERS_RUN, 2, 10), ==, 0x3);
}

/* Copies that nobody can show are not made, as the configuration may have it. */
static void check_unshown(enum answers_mode mode)
{
	struct device device;

	device_init(&device, mode);
	g_assert_cmphex(frames(&device, 40, 2, 10), ==, 0x3);
	answers_unshown(&device.answers, 1, device.now_us);
	g_assert_cmphex(frames(&device, 500, 2, 10), ==, 0x1);
	device.now_us += ANSWERS_AGAIN_US;
	g_assert_cmphex(frames(&device, 2 * ANSWERS_RUN, 2, 10), ==, 0x3);
}

static void test_unshown(void)
{
	check_unshown(ANSWERS_AUTO);
	check_unshown(ANSWERS_COPIED);
}

/* Outputs of different rates and partial updates: time counts, not frames. */
static void test_share(void)
{
	struct device device;
	uint32_t early = 0;

	device_init(&device, ANSWERS_AUTO);
	for (unsigned int round = 0; round < 40; round++) {
		device.now_us += PERIOD_US;
		early = 0;
		for (uint32_t i = 0; i < 4; i++) {
			enum answers_choice choice;

			answers_set_live(&device.answers, i, true);
			answers_frame(&device.answers, i, MEGAPIXELS / 8, PERIOD_US, device.now_us);
			choice = answers_choose(&device.answers, i, device.now_us);
			if (choice != ANSWERS_AT_FLIP)
				answers_measured(&device.answers, i, MEGAPIXELS / 8,
					COST_NS(400) / 8, device.now_us);
			early |= answers_choose(&device.answers, i, device.now_us) == ANSWERS_EARLY
				? 1u << i
				: 0;
		}
	}
	g_assert_cmphex(early, ==, 0xf);
}

/* Nothing that a guest says is too large to be reckoned with. */
static void test_extremes(void)
{
	struct device device;

	device_init(&device, ANSWERS_AUTO);
	for (int round = 0; round < 100; round++) {
		device.now_us += 1000;
		for (uint32_t i = 0; i < VHOST_USER_GPU_SCANOUTS; i++) {
			answers_set_live(&device.answers, i, true);
			answers_frame(&device.answers, i, UINT64_MAX, 0, device.now_us);
			g_assert_cmpint(answers_choose(&device.answers, i, device.now_us), !=,
				ANSWERS_EARLY);
			answers_measured(&device.answers, i, round % 2 ? 1 : UINT64_MAX, INT64_MAX,
				device.now_us);
			answers_measured(&device.answers, i, 0, -1, device.now_us);
		}
	}
}

/* Where no other scanout is live nothing more need be asked. */
static void test_alone(void)
{
	struct device device;

	device_init(&device, ANSWERS_AUTO);
	/* It may be live, and then be one of two. */
	g_assert_false(answers_alone(&device.answers, 0));
	answers_set_live(&device.answers, 0, true);
	g_assert_true(answers_alone(&device.answers, 0));
	g_assert_false(answers_alone(&device.answers, 1));
	answers_set_live(&device.answers, 1, true);
	g_assert_false(answers_alone(&device.answers, 0));
	g_assert_false(answers_alone(&device.answers, 1));
	answers_set_live(&device.answers, 0, false);
	g_assert_false(answers_alone(&device.answers, 0));
	g_assert_true(answers_alone(&device.answers, 1));

	device_init(&device, ANSWERS_FLIP);
	answers_set_live(&device.answers, 0, true);
	answers_set_live(&device.answers, 1, true);
	g_assert_true(answers_alone(&device.answers, 0));
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/answers/flip", test_flip);
	g_test_add_func("/answers/copied", test_copied);
	g_test_add_func("/answers/auto/one-alone", test_one_alone);
	g_test_add_func("/answers/auto/begins", test_begins);
	g_test_add_func("/answers/auto/pause", test_pause);
	g_test_add_func("/answers/auto/load", test_load);
	g_test_add_func("/answers/auto/hysteresis", test_hysteresis);
	g_test_add_func("/answers/auto/one-slow-copy", test_one_slow_copy);
	g_test_add_func("/answers/auto/slow-memory", test_slow_memory);
	g_test_add_func("/answers/auto/unreadable", test_unreadable);
	g_test_add_func("/answers/unshown", test_unshown);
	g_test_add_func("/answers/auto/share", test_share);
	g_test_add_func("/answers/auto/extremes", test_extremes);
	g_test_add_func("/answers/alone", test_alone);
	return g_test_run();
}
