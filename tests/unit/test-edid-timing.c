/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Timings that are made up for a guest, and how an EDID says them. */
#include <glib.h>
#include <string.h>

#include "scene/edid_internal.h"

/* CVT 1.2: reduced blanking lasts 460 µs at least, and the width of the vertical sync tells the
 * aspect ratio. */
static void test_compute(void)
{
	static const struct {
		uint32_t width, height, refresh_mhz, sync;
	} cases[] = {
		{1024, 768, 60000, 4},
		{640, 480, 75000, 4},
		{1920, 1080, 60000, 5},
		{1920, 1080, 59940, 5},
		{1920, 1200, 60000, 6},
		{1280, 1024, 60000, 7},
		{1280, 768, 60000, 7},
		{1366, 768, 60000, 10},
		{1080, 1920, 60000, 10},
		{3840, 2160, 60000, 5},
	};

	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		struct edid_timing timing;
		double line_us, blank_us;

		edid_timing_compute(&timing, cases[i].width, cases[i].height, cases[i].refresh_mhz);
		g_test_message("%ux%u", cases[i].width, cases[i].height);
		g_assert_cmpuint(timing.width, ==, cases[i].width);
		g_assert_cmpuint(timing.height, ==, cases[i].height);
		g_assert_cmpuint(timing.vertical_sync, ==, cases[i].sync);
		g_assert_cmpuint(timing.vertical_front, ==, 3);
		g_assert_cmpuint(timing.horizontal_front, ==, 48);
		g_assert_cmpuint(timing.horizontal_sync, ==, 32);
		line_us = 1000.0 * (timing.width + timing.horizontal_blank) / timing.clock_khz;
		blank_us = line_us * timing.vertical_blank;
		g_assert_cmpfloat(blank_us, >=, 460.0);
		g_assert_cmpuint(timing.vertical_blank, >=, 3 + cases[i].sync + 6);
		g_assert_cmpuint(edid_timing_refresh(&timing), ==, cases[i].refresh_mhz);
	}
}

/* Each value is written less one, low byte first. */
static void test_displayid(void)
{
	const struct edid_timing timing = {
		.clock_khz = 1234560,
		.width = 0x1401,
		.horizontal_blank = 0x0102,
		.horizontal_front = 0x0203,
		.horizontal_sync = 0x0304,
		.height = 0x0905,
		.vertical_blank = 0x0106,
		.vertical_front = 0x0207,
		.vertical_sync = 0x0308,
	};
	/* 123455 tens of kilohertz; preferred, of no aspect; both syncs positive. */
	static const uint8_t expected[20] = {0x3f, 0xe2, 0x01, 0x88, 0x00, 0x14, 0x01, 0x01, 0x02,
		0x82, 0x03, 0x03, 0x04, 0x09, 0x05, 0x01, 0x06, 0x02, 0x07, 0x03};
	struct edid_timing read;
	uint8_t bytes[20];

	edid_displayid_timing_write(bytes, &timing);
	g_assert_cmpmem(bytes, sizeof(bytes), expected, sizeof(expected));
	edid_displayid_timing_read(bytes, false, &read);
	g_assert_cmpmem(&read, sizeof(read), &timing, sizeof(timing));
	/* Type VII counts in kilohertz. */
	edid_displayid_timing_read(bytes, true, &read);
	g_assert_cmpuint(read.clock_khz, ==, 123456);
}

/* What a detailed timing has room for. */
static void test_fits_detailed(void)
{
	const struct edid_timing largest = {
		.clock_khz = 655350,
		.width = 4095,
		.height = 4095,
		.horizontal_blank = 4095,
		.vertical_blank = 4095,
	};
	struct edid_timing timing = largest;

	g_assert_true(edid_timing_fits_detailed(&timing));
	timing.clock_khz++;
	g_assert_false(edid_timing_fits_detailed(&timing));
	timing = largest;
	timing.width++;
	g_assert_false(edid_timing_fits_detailed(&timing));
	timing = largest;
	timing.height++;
	g_assert_false(edid_timing_fits_detailed(&timing));
	timing = largest;
	timing.horizontal_blank++;
	g_assert_false(edid_timing_fits_detailed(&timing));
	timing = largest;
	timing.vertical_blank++;
	g_assert_false(edid_timing_fits_detailed(&timing));
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/edid/timing/compute", test_compute);
	g_test_add_func("/edid/timing/displayid", test_displayid);
	g_test_add_func("/edid/timing/fits-detailed", test_fits_detailed);
	return g_test_run();
}
