/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tile.h"

#include <glib.h>

/* As drm_connector_set_tile_property() writes it: eight numbers with colons between. */
enum { GROUP, SINGLE, COLUMNS, ROWS, COLUMN, ROW, WIDTH, HEIGHT, NUMBERS };

/* What nobody builds is a damaged blob. */
#define SIZE_MAX_PIXELS 65535

static bool read_numbers(const char *text, uint32_t *numbers)
{
	g_auto(GStrv) parts = g_strsplit(text, ":", NUMBERS + 1);
	guint64 number;

	if (g_strv_length(parts) != NUMBERS)
		return false;
	for (size_t i = 0; i < NUMBERS; i++) {
		if (!g_ascii_string_to_unsigned(parts[i], 10, 0, SIZE_MAX_PIXELS, &number, NULL))
			return false;
		numbers[i] = (uint32_t)number;
	}
	return true;
}

struct kms_tile kms_tile_parse(const void *blob, size_t size)
{
	/* It ends with a zero byte; a damaged one need not. */
	g_autofree char *text = blob ? g_strndup(blob, size) : NULL;
	uint32_t numbers[NUMBERS] = {0};
	struct kms_tile tile = {0};

	if (!text || !read_numbers(text, numbers) || !numbers[SINGLE] ||
		numbers[COLUMNS] * numbers[ROWS] < 2 || numbers[COLUMN] >= numbers[COLUMNS] ||
		numbers[ROW] >= numbers[ROWS])
		return tile;
	return (struct kms_tile){
		.columns = numbers[COLUMNS],
		.rows = numbers[ROWS],
		.column = numbers[COLUMN],
		.row = numbers[ROW],
		.width = numbers[WIDTH],
		.height = numbers[HEIGHT],
	};
}

bool kms_tile_is_part(const struct kms_tile *tile)
{
	return tile->columns != 0;
}

size_t kms_tile_choose_modes(const struct kms_tile *tile, const drmModeModeInfo *modes,
	size_t count, drmModeModeInfo *to)
{
	size_t chosen = 0;

	for (size_t i = 0; i < count; i++) {
		bool is_whole = tile->column == 0 && tile->row == 0 &&
			(modes[i].hdisplay != tile->width || modes[i].vdisplay != tile->height);

		if (!kms_tile_is_part(tile) || is_whole)
			to[chosen++] = modes[i];
	}
	return chosen;
}
