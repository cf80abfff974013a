/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Draws the pictures that all tests agree on (tests/pattern.h), and writes PNGs. Called by
 * script.c.
 */
#include "picture.h"

#include <png.h>
#include <string.h>

#include "../pattern.h"
#include "vhost_user_gpu.h"

bool content_parse(struct content *content, char ***words, GError **error)
{
	const char *word = (*words)[0];
	guint64 value = 0;

	if (!word)
		return backend_fail(error, BACKEND_ERROR_SCRIPT,
			"a colour or a pattern is missing");
	content->is_pattern = g_str_equal(word, "pattern");
	if (content->is_pattern) {
		word = (*words)[1];
		if (!word || !g_ascii_string_to_unsigned(word, 10, 0, G_MAXUINT32, &value, error))
			return *error
				? false
				: backend_fail(error, BACKEND_ERROR_SCRIPT, "a seed is missing");
		*words += 2;
	} else {
		if (strlen(word) != 6 ||
			!g_ascii_string_to_unsigned(word, 16, 0, 0xffffff, &value, NULL))
			return backend_fail(error, BACKEND_ERROR_SCRIPT,
				"\"%s\" is neither RRGGBB nor \"pattern\"", word);
		*words += 1;
	}
	content->value = (uint32_t)value;
	return true;
}

uint32_t content_cursor_pixel(const struct content *content, uint32_t x, uint32_t y)
{
	return content->is_pattern ? pattern_cursor_pixel(content->value, x, y)
				   : 0xff000000 | content->value;
}

static uint32_t swap(uint32_t pixel)
{
	return (pixel & 0xff00ff00) | (pixel & 0xff) << 16 | (pixel >> 16 & 0xff);
}

static uint8_t *place(const struct picture *picture, uint32_t x, uint32_t y)
{
	return picture->row + (size_t)y * picture->stride + (size_t)x * sizeof(uint32_t);
}

static uint32_t read_pixel(const struct picture *picture, uint32_t x, uint32_t y)
{
	uint32_t pixel;

	memcpy(&pixel, place(picture, x, y), sizeof(pixel));
	return pixel;
}

static void write_pixel(const struct picture *picture, uint32_t x, uint32_t y, uint32_t pixel)
{
	memcpy(place(picture, x, y), &pixel, sizeof(pixel));
}

void picture_draw(const struct picture *picture, const struct content *content, uint32_t x,
	uint32_t y)
{
	for (uint32_t row = 0; row < picture->height; row++) {
		for (uint32_t column = 0; column < picture->width; column++) {
			uint32_t pixel = content->is_pattern
				? pattern_pixel(content->value, x + column, y + row)
				: content->value;
			write_pixel(picture, column, row, picture->swapped ? swap(pixel) : pixel);
		}
	}
}

bool picture_part(const struct picture *picture, uint32_t x, uint32_t y, uint32_t width,
	uint32_t height, struct picture *part)
{
	if ((uint64_t)x + width > picture->width || (uint64_t)y + height > picture->height)
		return false;
	*part = *picture;
	part->row = place(picture, x, y);
	part->width = width;
	part->height = height;
	return true;
}

struct picture picture_copy(const struct picture *picture, bool upside_down)
{
	struct picture copy = {
		.width = picture->width,
		.height = picture->height,
		.stride = picture->width * (uint32_t)sizeof(uint32_t),
	};

	copy.row = g_malloc((size_t)copy.stride * copy.height + 1);
	for (uint32_t y = 0; y < picture->height; y++) {
		uint32_t row = upside_down ? picture->height - 1 - y : y;
		for (uint32_t x = 0; x < picture->width; x++) {
			uint32_t pixel = read_pixel(picture, x, row);
			write_pixel(&copy, x, y, picture->swapped ? swap(pixel) : pixel);
		}
	}
	return copy;
}

/* One channel, all of 8 bits: of the cursor, of what is below, and the cursor's alpha. */
static uint32_t blend(uint32_t above, uint32_t below, uint32_t alpha)
{
	uint64_t sum = (uint64_t)above * 257 * 0xffff +
		(uint64_t)below * 257 * (0xffff - (uint64_t)alpha * 257);
	uint64_t wide = MIN((sum + 0x7fff) / 0xffff, 0xffff);

	return (uint32_t)((wide + 128) / 257);
}

void picture_put_cursor(const struct picture *picture, const uint32_t *pixels, int32_t x, int32_t y)
{
	for (uint32_t i = 0; i < VHOST_USER_GPU_CURSOR_SIZE * VHOST_USER_GPU_CURSOR_SIZE; i++) {
		int64_t column = (int64_t)x + i % VHOST_USER_GPU_CURSOR_SIZE;
		int64_t row = (int64_t)y + i / VHOST_USER_GPU_CURSOR_SIZE;
		uint32_t above = pixels[i];

		if (column < 0 || row < 0 || column >= picture->width || row >= picture->height)
			continue;
		uint32_t below = read_pixel(picture, (uint32_t)column, (uint32_t)row);
		uint32_t pixel = 0;
		for (int shift = 0; shift <= 16; shift += 8)
			pixel |= blend(above >> shift & 0xff, below >> shift & 0xff, above >> 24)
				<< shift;
		write_pixel(picture, (uint32_t)column, (uint32_t)row, pixel);
	}
}

bool picture_write_png(const struct picture *picture, const char *path, GError **error)
{
	png_image image = {
		.version = PNG_IMAGE_VERSION,
		.width = picture->width,
		.height = picture->height,
		.format = PNG_FORMAT_RGB,
		.flags = PNG_IMAGE_FLAG_FAST,
	};
	g_autofree uint8_t *bytes = g_malloc((size_t)3 * picture->width * picture->height + 1);
	uint8_t *byte = bytes;

	for (uint32_t y = 0; y < picture->height; y++) {
		for (uint32_t x = 0; x < picture->width; x++) {
			uint32_t pixel = read_pixel(picture, x, y);
			*byte++ = (uint8_t)(pixel >> 16);
			*byte++ = (uint8_t)(pixel >> 8);
			*byte++ = (uint8_t)pixel;
		}
	}
	if (!png_image_write_to_file(&image, path, 0, bytes, 0, NULL))
		return backend_fail(error, BACKEND_ERROR_SYSTEM, "%s: %s", path, image.message);
	return true;
}
