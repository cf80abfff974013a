/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * region ours|bare: what a reading of a watched region costs, of 256×256 pixels in a buffer of 1920×1080 that has been
 * drawn anew. ours is what the layout does with what is on the plane; bare is zlib's checksum of
 * the same bytes where they lie, which is the least that anybody can do. CPU time; prints one line
 * of JSON: megapixel_us, the median.
 */
#include <errno.h>
#include <glib.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <zlib.h>

#include "scene/checksum.h"
#include "scene/copy.h"

#define WIDTH 1920
#define HEIGHT 1080
#define SIDE 256
#define READINGS 400

static uint32_t picture[WIDTH * HEIGHT];
static uint32_t part[SIDE * SIDE];
static uint32_t sum; /* of what was read: nobody leaves it out */

static int64_t now_ns(void)
{
	struct timespec time;

	if (clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time) < 0) {
		fprintf(stderr, "region: clock: %s\n", strerror(errno));
		exit(1);
	}
	return (int64_t)time.tv_sec * 1000000000 + time.tv_nsec;
}

static void draw(uint32_t seed)
{
	for (size_t i = 0; i < G_N_ELEMENTS(picture); i++)
		picture[i] = ((uint32_t)i + seed) * 2654435761u;
}

static void read_ours(pixman_image_t *image, const struct copy_target *target)
{
	const struct place place = {
		.source = {0, 0, WIDTH, HEIGHT},
		.destination = {-640, -400, WIDTH, HEIGHT},
		.transform = KMS_ROTATE_0,
	};

	copy_image(target, image, &place);
	sum += checksum_pixels(target);
}

static void read_bare(void)
{
	uLong crc = crc32(0, NULL, 0);

	for (size_t y = 0; y < SIDE; y++)
		crc = crc32(crc, (const Bytef *)&picture[(400 + y) * WIDTH + 640], SIDE * 4);
	sum += (uint32_t)crc;
}

static int compare(const void *a, const void *b)
{
	const int64_t *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

int main(int argc, char **argv)
{
	static const size_t middle = READINGS / 2;
	static int64_t samples[READINGS];
	struct copy_target target = {.pixels = (uint8_t *)part,
		.stride = SIDE * 4,
		.width = SIDE,
		.height = SIDE};
	pixman_image_t *image;

	if (argc != 2 || (strcmp(argv[1], "ours") != 0 && strcmp(argv[1], "bare") != 0)) {
		fprintf(stderr, "usage: region ours|bare\n");
		return 2;
	}
	image = pixman_image_create_bits_no_clear(PIXMAN_x8r8g8b8, WIDTH, HEIGHT, picture,
		WIDTH * 4);
	target.image = pixman_image_create_bits_no_clear(PIXMAN_x8r8g8b8, SIDE, SIDE, part,
		SIDE * 4);
	for (size_t i = 0; i < READINGS; i++) {
		int64_t begin_ns;

		draw((uint32_t)i);
		begin_ns = now_ns();
		if (argv[1][0] == 'o')
			read_ours(image, &target);
		else
			read_bare();
		samples[i] = now_ns() - begin_ns;
	}
	pixman_image_unref(image);
	pixman_image_unref(target.image);
	qsort(samples, READINGS, sizeof(*samples), compare);
	fprintf(stderr, "region: checksums add up to %08x\n", sum);
	printf("{\"megapixel_us\": %.1f}\n",
		(double)samples[middle] / 1000 * 1000000 / ((double)SIDE * SIDE));
	return 0;
}
