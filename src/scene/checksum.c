/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "scene/checksum.h"

#include <glib.h>
#include <string.h>
#include <zlib.h>

/* So many pixels at a time lie in the nearest cache. */
#define PIECE_PIXELS 1024

static void pack(uint8_t *to, const uint8_t *from, uint32_t pixels)
{
	for (uint32_t i = 0; i < pixels; i++) {
		uint32_t pixel;

		memcpy(&pixel, from + (size_t)i * 4, sizeof(pixel));
		to[(size_t)i * 3] = (uint8_t)(pixel >> 16);
		to[(size_t)i * 3 + 1] = (uint8_t)(pixel >> 8);
		to[(size_t)i * 3 + 2] = (uint8_t)pixel;
	}
}

uint32_t checksum_pixels(const struct copy_target *target)
{
	uint8_t piece[PIECE_PIXELS * 3];
	uLong crc = crc32(0, NULL, 0);

	for (uint32_t y = 0; y < target->height; y++) {
		const uint8_t *row = target->pixels + (size_t)y * target->stride;

		for (uint32_t x = 0; x < target->width; x += PIECE_PIXELS) {
			uint32_t count = MIN(target->width - x, PIECE_PIXELS);

			pack(piece, row + (size_t)x * 4, count);
			crc = crc32(crc, piece, count * 3);
		}
	}
	return (uint32_t)crc;
}
