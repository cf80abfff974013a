/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The verdict on a watched region, by a clock that the test turns; and the checksum that it goes
 * by. */
#include <glib.h>

#include "scene/checksum.h"
#include "scene/region.h"

#define MS INT64_C(1000)

static const struct region_options frozen = {.every_ms = 100, .frozen_after_ms = 500};
static const struct region_options telltale = {.every_ms = 100,
	.expect = {0x11, 0x22},
	.expect_count = 2};

static struct region begin(const struct region_options *options)
{
	struct region region;

	region_init(&region, options);
	g_assert_cmpint(region.state, ==, REGION_UNWATCHED);
	region_begin(&region, 0);
	g_assert_cmpint(region.state, ==, REGION_GOOD);
	return region;
}

static void test_frozen(void)
{
	struct region region = begin(&frozen);

	g_assert_false(region_note(&region, 1, 100 * MS));
	g_assert_false(region_note(&region, 1, 599 * MS));
	g_assert_true(region_note(&region, 1, 600 * MS));
	g_assert_cmpint(region.state, ==, REGION_FROZEN);
	g_assert_true(region_is_bad(&region));
	g_assert_false(region_note(&region, 1, 700 * MS));
	g_assert_true(region_note(&region, 2, 800 * MS));
	g_assert_cmpint(region.state, ==, REGION_GOOD);
	g_assert_false(region_note(&region, 2, 1299 * MS));
	g_assert_cmpuint(region.counters.frozen, ==, 1);
	g_assert_cmpuint(region.counters.reads, ==, 6);
}

/* What cannot be read has not been seen to change. */
static void test_unreadable(void)
{
	struct region region = begin(&frozen);

	g_assert_false(region_skip(&region, 499 * MS));
	g_assert_true(region_skip(&region, 500 * MS));
	g_assert_cmpint(region.state, ==, REGION_FROZEN);
	g_assert_true(region_note(&region, 1, 501 * MS));
	g_assert_cmpuint(region.counters.skipped, ==, 2);
}

/* A telltale of which nothing is known is not taken for a right one. */
static void test_unread(void)
{
	struct region region = begin(&telltale);

	g_assert_false(region_skip(&region, 500 * MS));
	g_assert_false(region_note(&region, 0x11, 900 * MS));
	g_assert_false(region_skip(&region, 1899 * MS));
	g_assert_false(region_is_unread(&region, 1899 * MS));
	g_assert_true(region_skip(&region, 1900 * MS));
	g_assert_true(region_is_unread(&region, 1900 * MS));
	g_assert_cmpint(region.state, ==, REGION_FROZEN);
	g_assert_true(region_note(&region, 0x11, 1901 * MS));
	g_assert_cmpint(region.state, ==, REGION_GOOD);
	region_end(&region);
	region_begin(&region, 9000 * MS);
	g_assert_false(region_skip(&region, 9999 * MS));
	g_assert_true(region_skip(&region, 10000 * MS));
}

static void test_wrong(void)
{
	struct region region = begin(&telltale);

	g_assert_false(region_note(&region, 0x11, 1));
	/* Its guest may be just drawing it. */
	g_assert_false(region_note(&region, 0x33, 2));
	g_assert_false(region_note(&region, 0x22, 3));
	g_assert_false(region_note(&region, 0x33, 4));
	g_assert_true(region_note(&region, 0x44, 5));
	g_assert_cmpint(region.state, ==, REGION_WRONG);
	g_assert_false(region_note(&region, 0x33, 6));
	g_assert_true(region_note(&region, 0x11, 7));
	g_assert_cmpint(region.state, ==, REGION_GOOD);
	/* It may stay as it is. */
	g_assert_false(region_note(&region, 0x11, 3600000 * MS));
	g_assert_cmpuint(region.counters.wrong, ==, 1);
	g_assert_cmpuint(region.counters.frozen, ==, 0);
}

static void test_both(void)
{
	struct region_options options = telltale;
	struct region region;

	options.frozen_after_ms = 500;
	region = begin(&options);
	region_note(&region, 0x33, 1 * MS);
	g_assert_true(region_note(&region, 0x33, 2 * MS));
	g_assert_cmpint(region.state, ==, REGION_WRONG);
	/* Wrong goes first. */
	g_assert_false(region_note(&region, 0x33, 900 * MS));
	g_assert_true(region_note(&region, 0x11, 901 * MS));
	g_assert_true(region_note(&region, 0x11, 1401 * MS));
	g_assert_cmpint(region.state, ==, REGION_FROZEN);
}

static void test_unwatched(void)
{
	struct region region = begin(&frozen);

	g_assert_true(region_skip(&region, 500 * MS));
	region_end(&region);
	g_assert_cmpint(region.state, ==, REGION_UNWATCHED);
	g_assert_false(region_is_bad(&region));
	/* From the beginning. */
	region_begin(&region, 1000 * MS);
	region_begin(&region, 1400 * MS);
	g_assert_false(region_skip(&region, 1499 * MS));
	g_assert_true(region_skip(&region, 1500 * MS));
}

static struct copy_target target_of(uint32_t *pixels, uint32_t width, uint32_t height)
{
	return (struct copy_target){.pixels = (uint8_t *)pixels,
		.stride = width * 4,
		.width = width,
		.height = height};
}

/* As zlib has it of 01 02 03 04 05 06 …, whatever the fourth byte is. */
static void test_checksum(void)
{
	uint32_t pixels[] = {0xff010203, 0x00040506, 0xaa070809, 0x550a0b0c};
	struct copy_target target = target_of(pixels, 2, 2);

	g_assert_cmphex(checksum_pixels(&target), ==, 0x925fc655);
	target.height = 1;
	g_assert_cmphex(checksum_pixels(&target), ==, 0x81f67724);
}

/* Rows that are longer than a piece, and lie apart. */
static void test_checksum_of_many(void)
{
	g_autofree uint32_t *pixels = g_new0(uint32_t, 3000 * 2);
	struct copy_target wide = target_of(pixels, 2500, 2);
	struct copy_target one = target_of(pixels, 5000, 1);
	uint32_t apart;

	wide.stride = 3000 * 4;
	for (uint32_t i = 0; i < 5000; i++)
		pixels[i / 2500 * 3000 + i % 2500] = i * 2654435761u;
	apart = checksum_pixels(&wide);
	for (uint32_t i = 0; i < 5000; i++)
		pixels[i] = i * 2654435761u;
	g_assert_cmphex(apart, ==, checksum_pixels(&one));
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/region/frozen", test_frozen);
	g_test_add_func("/region/unreadable", test_unreadable);
	g_test_add_func("/region/unread", test_unread);
	g_test_add_func("/region/wrong", test_wrong);
	g_test_add_func("/region/both", test_both);
	g_test_add_func("/region/unwatched", test_unwatched);
	g_test_add_func("/region/checksum", test_checksum);
	g_test_add_func("/region/checksum-of-many", test_checksum_of_many);
	return g_test_run();
}
