// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Pictures in memory: making, cropping, comparing, hashing. Pure arithmetic, no file and no device;
 * the files are png.c's.
 */
#include "picture.h"

#include "error.h"

#include <string.h>

GQuark screenshot_error_quark(void)
{
	return g_quark_from_static_string("camera-error");
}

void picture_init(struct picture *picture, unsigned int width, unsigned int height)
{
	picture->width = width;
	picture->height = height;
	picture->pixels = g_new0(uint32_t, (size_t)width * height);
}

void picture_finish(struct picture *picture)
{
	g_free(picture->pixels);
	memset(picture, 0, sizeof(*picture));
}

void picture_resize(struct picture *picture, unsigned int width, unsigned int height)
{
	if (picture->pixels && picture->width == width && picture->height == height)
		return;
	picture_finish(picture);
	picture_init(picture, width, height);
}

void picture_copy(const struct picture *picture, struct picture *copy)
{
	picture_resize(copy, picture->width, picture->height);
	memcpy(copy->pixels, picture->pixels,
		(size_t)picture->width * picture->height * sizeof(uint32_t));
}

bool picture_crop(const struct picture *picture, const struct picture_rect *rect,
	struct picture *part, GError **error)
{
	if (rect->width == 0 || rect->height == 0 || rect->x > picture->width ||
		rect->y > picture->height || rect->width > picture->width - rect->x ||
		rect->height > picture->height - rect->y) {
		g_set_error(error, SCREENSHOT_ERROR, SCREENSHOT_ERROR_FAILED,
			"rectangle %u,%u,%ux%u is not inside a picture of %ux%u", rect->x, rect->y,
			rect->width, rect->height, picture->width, picture->height);
		return false;
	}
	picture_resize(part, rect->width, rect->height);
	for (unsigned int y = 0; y < rect->height; y++)
		memcpy(part->pixels + (size_t)y * rect->width,
			picture->pixels + (size_t)(rect->y + y) * picture->width + rect->x,
			rect->width * sizeof(uint32_t));
	return true;
}

static unsigned int channel_difference(uint32_t a, uint32_t b)
{
	unsigned int largest = 0;

	for (unsigned int shift = 0; shift < 24; shift += 8) {
		int difference = (int)(a >> shift & 0xff) - (int)(b >> shift & 0xff);

		largest = MAX(largest, (unsigned int)ABS(difference));
	}
	return largest;
}

bool picture_compare(const struct picture *a, const struct picture *b, unsigned int tolerance,
	struct picture_difference *difference)
{
	unsigned int left = a->width, right = 0, top = a->height, bottom = 0;

	g_assert(a->width == b->width && a->height == b->height);
	memset(difference, 0, sizeof(*difference));
	for (unsigned int y = 0; y < a->height; y++) {
		const uint32_t *row_a = a->pixels + (size_t)y * a->width;
		const uint32_t *row_b = b->pixels + (size_t)y * a->width;

		if (memcmp(row_a, row_b, a->width * sizeof(uint32_t)) == 0)
			continue;
		for (unsigned int x = 0; x < a->width; x++) {
			unsigned int channel = channel_difference(row_a[x], row_b[x]);

			difference->largest = MAX(difference->largest, channel);
			if (channel <= tolerance)
				continue;
			if (difference->count++ == 0) {
				difference->first_x = x;
				difference->first_y = y;
				difference->first_a = row_a[x];
				difference->first_b = row_b[x];
			}
			left = MIN(left, x);
			right = MAX(right, x + 1);
			top = MIN(top, y);
			bottom = MAX(bottom, y + 1);
		}
	}
	if (difference->count > 0)
		difference->bounds = (struct picture_rect){left, top, right - left, bottom - top};
	return difference->count == 0;
}

static uint64_t fnv1a(uint64_t hash, uint32_t word)
{
	return (hash ^ word) * 0x100000001b3u;
}

uint64_t picture_checksum(const struct picture *picture)
{
	size_t count = (size_t)picture->width * picture->height;
	uint64_t hash = 0xcbf29ce484222325u;

	hash = fnv1a(hash, picture->width);
	hash = fnv1a(hash, picture->height);
	for (size_t i = 0; i < count; i++)
		hash = fnv1a(hash, picture->pixels[i]);
	return hash;
}

uint32_t picture_crc32(uint32_t crc, const void *data, size_t size)
{
	static uint32_t table[256];
	const uint8_t *bytes = data;

	if (table[1] == 0)
		for (uint32_t i = 0; i < 256; i++) {
			uint32_t entry = i;

			for (int bit = 0; bit < 8; bit++)
				entry = entry & 1 ? entry >> 1 ^ 0xedb88320u : entry >> 1;
			table[i] = entry;
		}
	while (size-- > 0)
		crc = crc >> 8 ^ table[(crc ^ *bytes++) & 0xff];
	return crc;
}

uint32_t picture_vkms_crc(const struct picture *picture)
{
	size_t count = (size_t)picture->width * picture->height;
	uint32_t crc = 0;

	for (size_t i = 0; i < count; i++) {
		uint32_t pixel = picture->pixels[i];
		uint8_t red = pixel >> 16, green = pixel >> 8, blue = pixel;
		/* A byte twice is that byte times 257, in either byte order. */
		uint8_t wide[8] = {0xff, 0xff, red, red, green, green, blue, blue};

		crc = picture_crc32(crc, wide, sizeof(wide));
	}
	return crc;
}
