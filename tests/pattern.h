/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The test pictures: a picture is a number. Who draws one (a guest, the scripted back-end) and who
 * judges it (a test that writes it as a PNG for the camera) ask the same function.
 *
 * Header only, integers only, no library: it is compiled into static programs of a guest too.
 */
#ifndef SCANOUTD_TESTS_PATTERN_H
#define SCANOUTD_TESTS_PATTERN_H

#include <stdint.h>

/*
 * The XRGB8888 pixel at (x, y) of picture `seed`, the X byte zero. Any two pictures differ almost
 * everywhere; neighbours differ, so that a picture moved, scaled, mirrored or torn is another
 * one; and a person sees which is which: diagonal bands in the seed's colour on a coordinate grid.
 */
static inline uint32_t pattern_pixel(uint32_t seed, uint32_t x, uint32_t y)
{
	uint32_t hash = seed * 2654435761u;
	uint32_t red = (hash >> 24) ^ (x & 0xff);
	uint32_t green = ((hash >> 16) & 0xff) ^ (y & 0xff);
	uint32_t blue = ((hash >> 8) & 0xff) ^ (((x + 2 * y) >> 3) & 0xff);

	if (x % 64 == 0 || y % 64 == 0)
		return 0xffffff ^ (hash & 0x3f3f3f);
	return red << 16 | green << 8 | blue;
}

/*
 * The premultiplied ARGB8888 pixel of a 64×64 cursor: a solid arrow-like triangle in the seed's
 * colour with a half transparent edge; everything else transparent.
 */
static inline uint32_t pattern_cursor_pixel(uint32_t seed, uint32_t x, uint32_t y)
{
	uint32_t color = (seed * 2654435761u) >> 8;

	if (x > 40 || y > 60 || x > y)
		return 0;
	if (x == 0 || x == y)
		return 0x80000000u | ((color >> 1) & 0x7f7f7f);
	return 0xff000000u | color;
}

#endif
