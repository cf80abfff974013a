/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * picture FILE.png WIDTH HEIGHT [WHAT…]: writes the picture that a test expects on a CRTC, for the
 * camera to compare with. Starts black; each WHAT is drawn over what is there:
 *
 *   pattern SEED W H X Y          picture SEED of that size (tests/pattern.h) with its top-left at X, Y
 *   part SEED X Y W H AT-X AT-Y   the rectangle X Y W H of picture SEED, whose origin is at AT-X, AT-Y
 *   mirrored SEED W H X Y         as pattern, upside down
 *   scaled SEED W H N X Y         as pattern, each pixel N × N
 *   scaled-part SEED X Y W H N AT-X AT-Y   as part, each pixel N × N
 *   veiled SEED W H X Y PERCENT   as pattern, seen through: so much of it, and the rest of what is below
 *   veil 0xRRGGBB W H X Y PERCENT   the same of a rectangle of one colour
 *   cursor SEED X Y               the cursor's image, blended, with its top-left at X, Y
 *   scaled-cursor SEED N X Y      the same, each pixel N × N
 *   fill RRGGBB                   all of it
 *   box 0xRRGGBB W H X Y          a rectangle of that size, with its top-left at X, Y
 *   turned HOW                    all of it, as a wl_output.transform's word says: for 90 its right column becomes the
 *                                 first row; what is flipped is mirrored left to right before
 *
 * Knows what the test told a guest to draw, and nothing of the daemon.
 */
#include <errno.h>
#include <png.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../pattern.h"

struct picture {
	uint32_t width;
	uint32_t height;
	uint32_t *pixels;
};

static void picture_set(struct picture *picture, int64_t x, int64_t y, uint32_t pixel)
{
	if (x >= 0 && y >= 0 && x < picture->width && y < picture->height)
		picture->pixels[(size_t)y * picture->width + (size_t)x] = pixel;
}

static void draw_part(struct picture *picture, const long *n)
{
	for (long y = n[2]; y < n[2] + n[4]; y++)
		for (long x = n[1]; x < n[1] + n[3]; x++)
			picture_set(picture, x + n[5], y + n[6],
				pattern_pixel((uint32_t)n[0], (uint32_t)x, (uint32_t)y));
}

static void draw_pattern(struct picture *picture, const long *n)
{
	long part[] = {n[0], 0, 0, n[1], n[2], n[3], n[4]};

	draw_part(picture, part);
}

static void draw_mirrored(struct picture *picture, const long *n)
{
	for (long y = 0; y < n[2]; y++)
		for (long x = 0; x < n[1]; x++)
			picture_set(picture, x + n[3], n[2] - 1 - y + n[4],
				pattern_pixel((uint32_t)n[0], (uint32_t)x, (uint32_t)y));
}

static void draw_scaled_part(struct picture *picture, const long *n)
{
	for (long y = n[2] * n[5]; y < (n[2] + n[4]) * n[5]; y++)
		for (long x = n[1] * n[5]; x < (n[1] + n[3]) * n[5]; x++)
			picture_set(picture, x + n[6], y + n[7],
				pattern_pixel((uint32_t)n[0], (uint32_t)(x / n[5]),
					(uint32_t)(y / n[5])));
}

static void draw_scaled(struct picture *picture, const long *n)
{
	long part[] = {n[0], 0, 0, n[1], n[2], n[3], n[4], n[5]};

	draw_scaled_part(picture, part);
}

/* 16 bits a channel, rounded to nearest, as vkms blends. */
static uint32_t blend_channel(uint32_t above, uint32_t below, uint32_t alpha)
{
	uint64_t sum = (uint64_t)above * 257 * 65535 +
		(uint64_t)below * 257 * (65535 - alpha * 257);
	uint64_t value = (sum + 32767) / 65535;

	return (uint32_t)((value + 128) / 257);
}

static void draw_scaled_cursor(struct picture *picture, const long *n)
{
	uint32_t side = (uint32_t)n[1];

	for (uint32_t y = 0; y < 64 * side; y++) {
		for (uint32_t x = 0; x < 64 * side; x++) {
			uint32_t above = pattern_cursor_pixel((uint32_t)n[0], x / side, y / side);
			int64_t at_x = n[2] + x;
			int64_t at_y = n[3] + y;
			uint32_t pixel = 0;

			if (at_x < 0 || at_y < 0 || at_x >= picture->width ||
				at_y >= picture->height)
				continue;
			for (int shift = 0; shift < 24; shift += 8) {
				uint32_t below = picture->pixels[(size_t)at_y * picture->width +
					(size_t)at_x];

				pixel |= blend_channel(above >> shift & 0xff, below >> shift & 0xff,
						 above >> 24)
					<< shift;
			}
			picture_set(picture, at_x, at_y, pixel);
		}
	}
}

static void draw_cursor(struct picture *picture, const long *n)
{
	long once[] = {n[0], 1, n[1], n[2]};

	draw_scaled_cursor(picture, once);
}

static void draw_fill(struct picture *picture, const long *n)
{
	for (size_t i = 0; i < (size_t)picture->width * picture->height; i++)
		picture->pixels[i] = (uint32_t)n[0];
}

static void draw_box(struct picture *picture, const long *n)
{
	for (long y = n[4]; y < n[4] + n[2]; y++)
		for (long x = n[3]; x < n[3] + n[1]; x++)
			picture_set(picture, x, y, (uint32_t)n[0]);
}

static void veil_pixel(struct picture *picture, long x, long y, uint32_t above, uint32_t percent)
{
	uint32_t below, pixel = 0;

	if (x < 0 || y < 0 || x >= picture->width || y >= picture->height)
		return;
	below = picture->pixels[(size_t)y * picture->width + (size_t)x];
	for (int shift = 0; shift < 24; shift += 8) {
		uint32_t sum = (above >> shift & 0xff) * percent +
			(below >> shift & 0xff) * (100 - percent);

		pixel |= (sum + 50) / 100 << shift;
	}
	picture_set(picture, x, y, pixel);
}

static void draw_veiled(struct picture *picture, const long *n)
{
	for (long y = 0; y < n[2]; y++)
		for (long x = 0; x < n[1]; x++)
			veil_pixel(picture, x + n[3], y + n[4],
				pattern_pixel((uint32_t)n[0], (uint32_t)x, (uint32_t)y),
				(uint32_t)n[5]);
}

static void draw_veil(struct picture *picture, const long *n)
{
	for (long y = n[4]; y < n[4] + n[2]; y++)
		for (long x = n[3]; x < n[3] + n[1]; x++)
			veil_pixel(picture, x, y, (uint32_t)n[0], (uint32_t)n[5]);
}

static const struct {
	const char *name;
	int numbers;
	int base;
	void (*draw)(struct picture *picture, const long *n);
} commands[] = {
	{"pattern", 5, 0, draw_pattern},
	{"part", 7, 0, draw_part},
	{"mirrored", 5, 0, draw_mirrored},
	{"scaled", 6, 0, draw_scaled},
	{"scaled-part", 8, 0, draw_scaled_part},
	{"cursor", 3, 0, draw_cursor},
	{"scaled-cursor", 4, 0, draw_scaled_cursor},
	{"fill", 1, 16, draw_fill},
	{"box", 5, 0, draw_box},
	{"veiled", 6, 0, draw_veiled},
	{"veil", 6, 0, draw_veil},
};

static void swap_pixels(uint32_t *a, uint32_t *b)
{
	uint32_t pixel = *a;

	*a = *b;
	*b = pixel;
}

static void mirror(struct picture *picture)
{
	for (uint32_t y = 0; y < picture->height; y++) {
		uint32_t *row = picture->pixels + (size_t)y * picture->width;

		for (uint32_t x = 0; x < picture->width / 2; x++)
			swap_pixels(&row[x], &row[picture->width - 1 - x]);
	}
}

/* By a quarter, counter-clockwise. */
static bool turn_left(struct picture *picture)
{
	struct picture turned = {.width = picture->height, .height = picture->width};

	turned.pixels = calloc((size_t)turned.width * turned.height, sizeof(uint32_t));
	if (!turned.pixels)
		return false;
	for (uint32_t y = 0; y < turned.height; y++)
		for (uint32_t x = 0; x < turned.width; x++)
			turned.pixels[(size_t)y * turned.width + x] =
				picture->pixels[(size_t)x * picture->width + picture->width - 1 -
					y];
	free(picture->pixels);
	*picture = turned;
	return true;
}

static bool turn(struct picture *picture, const char *how)
{
	static const char *const words[] = {"normal", "90", "180", "270", "flipped", "flipped-90",
		"flipped-180", "flipped-270"};

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		if (strcmp(how, words[i]) != 0)
			continue;
		if (i >= 4)
			mirror(picture);
		for (size_t quarter = 0; quarter < i % 4; quarter++)
			if (!turn_left(picture))
				return false;
		return true;
	}
	return false;
}

/* Draws the command at argv[0]; how many words it took, or 0. */
static int picture_draw(struct picture *picture, int argc, char **argv)
{
	long n[8];

	if (strcmp(argv[0], "turned") == 0)
		return argc > 1 && turn(picture, argv[1]) ? 2 : 0;
	for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++) {
		if (strcmp(argv[0], commands[i].name) != 0)
			continue;
		if (argc <= commands[i].numbers)
			return 0;
		for (int k = 0; k < commands[i].numbers; k++)
			n[k] = strtol(argv[k + 1], NULL, commands[i].base);
		commands[i].draw(picture, n);
		return commands[i].numbers + 1;
	}
	return 0;
}

static bool picture_write(const struct picture *picture, const char *path)
{
	png_image image = {
		.version = PNG_IMAGE_VERSION,
		.width = picture->width,
		.height = picture->height,
		.format = PNG_FORMAT_BGR,
	};
	size_t count = (size_t)picture->width * picture->height;
	uint8_t *bytes = malloc(count * 3);
	bool written;

	if (!bytes)
		return false;
	for (size_t i = 0; i < count; i++) {
		bytes[3 * i] = picture->pixels[i] & 0xff;
		bytes[3 * i + 1] = picture->pixels[i] >> 8 & 0xff;
		bytes[3 * i + 2] = picture->pixels[i] >> 16 & 0xff;
	}
	written = png_image_write_to_file(&image, path, 0, bytes, 0, NULL);
	if (!written)
		fprintf(stderr, "picture: %s: %s\n", path, image.message);
	free(bytes);
	return written;
}

int main(int argc, char **argv)
{
	struct picture picture = {0};
	bool written;

	if (argc >= 4) {
		picture.width = (uint32_t)strtoul(argv[2], NULL, 10);
		picture.height = (uint32_t)strtoul(argv[3], NULL, 10);
	}
	if (!picture.width || !picture.height || picture.width > 16384 || picture.height > 16384) {
		fprintf(stderr,
			"usage: picture FILE.png WIDTH HEIGHT [WHAT]... (see the source)\n");
		return 2;
	}
	picture.pixels = calloc((size_t)picture.width * picture.height, sizeof(uint32_t));
	if (!picture.pixels)
		return 1;
	for (int i = 4; i < argc;) {
		int taken = picture_draw(&picture, argc - i, argv + i);

		if (taken == 0) {
			fprintf(stderr, "picture: cannot draw \"%s\"\n", argv[i]);
			free(picture.pixels);
			return 2;
		}
		i += taken;
	}
	written = picture_write(&picture, argv[1]);
	free(picture.pixels);
	return written ? 0 : 1;
}
