// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The screenshot tool's pictures (src/tools/scanout-screenshot/picture.c, png.c): hashes that other
 * programs can compute too, comparison, and PNG files. The expected numbers were computed by a
 * program in another language.
 */
#include "error.h"
#include "picture.h"

#include <glib/gstdio.h>
#include <string.h>
#include <unistd.h>

/* 16x8: red 3 times the column, green 5 times the row, blue 7. */
static void make_picture(struct picture *picture)
{
	picture_init(picture, 16, 8);
	for (uint32_t y = 0; y < 8; y++)
		for (uint32_t x = 0; x < 16; x++)
			picture->pixels[y * 16 + x] = 3 * x << 16 | 5 * y << 8 | 7;
}

static void test_hashes(void)
{
	struct picture picture, turned;

	make_picture(&picture);
	g_assert_cmphex(picture_checksum(&picture), ==, 0xbaeb40292d6b8b65u);
	g_assert_cmphex(picture_vkms_crc(&picture), ==, 0x6a58a954);
	/* The same pixels in another shape are another picture. */
	turned = picture;
	turned.width = 8;
	turned.height = 16;
	g_assert_cmphex(picture_checksum(&turned), !=, picture_checksum(&picture));
	/* The check value of the CRC-32 is known for start and end with all bits inverted. */
	g_assert_cmphex(~picture_crc32(~0u, "123456789", 9), ==, 0xcbf43926);
	picture_finish(&picture);
}

static void test_compare(void)
{
	struct picture_difference difference;
	struct picture a, b;

	make_picture(&a);
	make_picture(&b);
	g_assert_true(picture_compare(&a, &b, 0, &difference));
	g_assert_cmpuint(difference.largest, ==, 0);
	b.pixels[2 * 16 + 5] ^= 0x000200;
	b.pixels[6 * 16 + 3] ^= 0x010000;
	g_assert_false(picture_compare(&a, &b, 0, &difference));
	g_assert_cmpuint(difference.count, ==, 2);
	g_assert_cmpuint(difference.first_x, ==, 5);
	g_assert_cmpuint(difference.first_y, ==, 2);
	g_assert_cmphex(difference.first_a, ==, 0x0f0a07);
	g_assert_cmphex(difference.first_b, ==, 0x0f0807);
	g_assert_cmpuint(difference.largest, ==, 2);
	g_assert_cmpuint(difference.bounds.x, ==, 3);
	g_assert_cmpuint(difference.bounds.y, ==, 2);
	g_assert_cmpuint(difference.bounds.width, ==, 3);
	g_assert_cmpuint(difference.bounds.height, ==, 5);
	g_assert_false(picture_compare(&a, &b, 1, &difference));
	g_assert_cmpuint(difference.count, ==, 1);
	g_assert_true(picture_compare(&a, &b, 2, &difference));
	g_assert_cmpuint(difference.largest, ==, 2);
	picture_finish(&a);
	picture_finish(&b);
}

static void test_crop(void)
{
	static const struct picture_rect inside = {14, 6, 2, 2};
	static const struct picture_rect outside[] = {
		{15, 6, 2, 2},
		{14, 7, 2, 2},
		{17, 0, 1, 1},
		{0, 0, 0, 1},
		{1, 0, 0xffffffff, 1},
	};
	struct picture picture, part = {0};

	make_picture(&picture);
	g_assert_true(picture_crop(&picture, &inside, &part, NULL));
	g_assert_cmpuint(part.width, ==, 2);
	g_assert_cmphex(part.pixels[0], ==, 0x2a1e07);
	g_assert_cmphex(part.pixels[3], ==, 0x2d2307);
	for (size_t i = 0; i < G_N_ELEMENTS(outside); i++) {
		g_autoptr(GError) error = NULL;

		g_assert_false(picture_crop(&picture, &outside[i], &part, &error));
		g_assert_error(error, SCREENSHOT_ERROR, SCREENSHOT_ERROR_FAILED);
	}
	picture_finish(&picture);
	picture_finish(&part);
}

static void test_png(void)
{
	g_autofree char *folder = g_dir_make_tmp("camera-XXXXXX", NULL);
	g_autofree char *path = g_build_filename(folder, "picture.png", NULL);
	g_autofree char *missing = g_build_filename(folder, "missing", "picture.png", NULL);
	g_autoptr(GError) error = NULL;
	struct picture_difference difference;
	struct picture picture, again = {0};

	make_picture(&picture);
	g_assert_true(picture_write_png(&picture, path, &error));
	g_assert_no_error(error);
	g_assert_true(picture_read_png(&again, path, &error));
	g_assert_cmpuint(again.width, ==, 16);
	g_assert_cmpuint(again.height, ==, 8);
	g_assert_true(picture_compare(&picture, &again, 0, &difference));
	g_assert_false(picture_write_png(&picture, missing, &error));
	g_assert_error(error, SCREENSHOT_ERROR, SCREENSHOT_ERROR_FAILED);
	g_clear_error(&error);
	/* Half of a file is an error and leaves no picture that looks like one. */
	g_assert_cmpint(truncate(path, 60), ==, 0);
	g_assert_false(picture_read_png(&again, path, &error));
	g_assert_error(error, SCREENSHOT_ERROR, SCREENSHOT_ERROR_FAILED);
	g_unlink(path);
	g_assert_cmpint(g_rmdir(folder), ==, 0);
	picture_finish(&picture);
	picture_finish(&again);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/screenshot/picture/hashes", test_hashes);
	g_test_add_func("/screenshot/picture/compare", test_compare);
	g_test_add_func("/screenshot/picture/crop", test_crop);
	g_test_add_func("/screenshot/picture/png", test_png);
	return g_test_run();
}
