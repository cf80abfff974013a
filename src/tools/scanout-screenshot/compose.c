// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The composition, line by line. A line of the picture touches either one row or one column of each
 * source, so where a pixel comes from is two small tables a plane: the byte offset that the
 * destination's column adds, and the one that its row adds. Rotation, reflection, scaling and
 * clipping are all in these tables, and the inner loop only adds, reads and blends.
 */
#include "compose.h"

#include "error.h"

#include <drm_fourcc.h>
#include <drm_mode.h>
#include <string.h>

/* Where a channel lies in a little-endian pixel. No bits: the channel is at its maximum. */
struct channel {
	uint8_t shift, bits;
};

struct pixel_format {
	uint32_t format;
	unsigned int bytes; /* a pixel */
	struct channel alpha, red, green, blue;
};

static const struct pixel_format pixel_formats[] = {
	{DRM_FORMAT_XRGB8888, 4, {0, 0}, {16, 8}, {8, 8}, {0, 8}},
	{DRM_FORMAT_ARGB8888, 4, {24, 8}, {16, 8}, {8, 8}, {0, 8}},
	{DRM_FORMAT_XBGR8888, 4, {0, 0}, {0, 8}, {8, 8}, {16, 8}},
	{DRM_FORMAT_ABGR8888, 4, {24, 8}, {0, 8}, {8, 8}, {16, 8}},
	{DRM_FORMAT_RGBX8888, 4, {0, 0}, {24, 8}, {16, 8}, {8, 8}},
	{DRM_FORMAT_RGBA8888, 4, {0, 8}, {24, 8}, {16, 8}, {8, 8}},
	{DRM_FORMAT_BGRX8888, 4, {0, 0}, {8, 8}, {16, 8}, {24, 8}},
	{DRM_FORMAT_BGRA8888, 4, {0, 8}, {8, 8}, {16, 8}, {24, 8}},
	{DRM_FORMAT_XRGB2101010, 4, {0, 0}, {20, 10}, {10, 10}, {0, 10}},
	{DRM_FORMAT_ARGB2101010, 4, {30, 2}, {20, 10}, {10, 10}, {0, 10}},
	{DRM_FORMAT_XBGR2101010, 4, {0, 0}, {0, 10}, {10, 10}, {20, 10}},
	{DRM_FORMAT_ABGR2101010, 4, {30, 2}, {0, 10}, {10, 10}, {20, 10}},
	{DRM_FORMAT_RGB888, 3, {0, 0}, {16, 8}, {8, 8}, {0, 8}},
	{DRM_FORMAT_BGR888, 3, {0, 0}, {0, 8}, {8, 8}, {16, 8}},
	{DRM_FORMAT_RGB565, 2, {0, 0}, {11, 5}, {5, 6}, {0, 5}},
	{DRM_FORMAT_BGR565, 2, {0, 0}, {0, 5}, {5, 6}, {11, 5}},
	{DRM_FORMAT_XRGB1555, 2, {0, 0}, {10, 5}, {5, 5}, {0, 5}},
	{DRM_FORMAT_ARGB1555, 2, {15, 1}, {10, 5}, {5, 5}, {0, 5}},
};

/* A plane made ready: clipped to the picture, and where its pixels come from. */
struct layer {
	const struct compose_plane *plane;
	const struct pixel_format *format;
	int64_t left, right, top, bottom; /* destination in the picture, end exclusive */
	size_t *column_offset; /* bytes, one a destination column from left */
	size_t *row_offset; /* bytes, one a destination row from top */
	bool copies; /* opaque, and a row is XRGB8888 as it lies in memory */
};

static const struct pixel_format *find_format(uint32_t format)
{
	for (size_t i = 0; i < G_N_ELEMENTS(pixel_formats); i++)
		if (pixel_formats[i].format == format)
			return &pixel_formats[i];
	return NULL;
}

bool compose_format_supported(uint32_t format)
{
	return find_format(format) != NULL;
}

/* The source's pixel, counted from the source's own origin, for a destination of so many pixels. */
static uint32_t sample(uint32_t origin, uint32_t size, uint32_t position, uint32_t destination)
{
	if (size == (uint64_t)destination << 16)
		return (origin >> 16) + position;
	/* The centre of the destination pixel, in 16.16 of the source. */
	return (origin + (2 * (uint64_t)position + 1) * size / (2 * (uint64_t)destination)) >> 16;
}

/*
 * Fills the table of one destination axis: for each visible position the byte offset of the source
 * row or column that is shown there.
 */
static size_t *axis_offsets(uint32_t origin, uint32_t size, uint32_t destination, int64_t first,
	int64_t count, bool mirrored, size_t step)
{
	size_t *offsets = g_new(size_t, count);

	for (int64_t i = 0; i < count; i++) {
		uint32_t position = first + i;

		if (mirrored)
			position = destination - 1 - position;
		offsets[i] = sample(origin, size, position, destination) * step;
	}
	return offsets;
}

static bool check_plane(const struct compose_plane *plane, const struct pixel_format *format,
	GError **error)
{
	uint64_t last_row = (uint64_t)plane->offset + (uint64_t)plane->pitch * plane->fb_height;
	uint64_t width = (uint64_t)plane->fb_width << 16, height = (uint64_t)plane->fb_height << 16;
	const char *fault = NULL;

	if (!format)
		fault = "its pixel format is not known";
	else if (plane->fb_width == 0 || plane->fb_height == 0 || plane->src_w == 0 ||
		plane->src_h == 0 || plane->crtc_w == 0 || plane->crtc_h == 0)
		fault = "it has no size";
	else if ((uint64_t)plane->src_x + plane->src_w > width ||
		(uint64_t)plane->src_y + plane->src_h > height)
		fault = "its source rectangle is not inside the framebuffer";
	else if ((uint64_t)plane->fb_width * format->bytes > plane->pitch ||
		last_row - plane->pitch + (uint64_t)plane->fb_width * format->bytes > plane->size)
		fault = "its framebuffer is larger than the buffer";
	if (!fault)
		return true;
	g_set_error(error, SCREENSHOT_ERROR, SCREENSHOT_ERROR_FAILED,
		"a plane of format %.4s cannot be composed: %s", (const char *)&plane->format,
		fault);
	return false;
}

static void layer_finish(struct layer *layer)
{
	g_free(layer->column_offset);
	g_free(layer->row_offset);
}

static bool layer_init(struct layer *layer, const struct compose_plane *plane,
	const struct picture *picture, GError **error)
{
	const struct pixel_format *format = find_format(plane->format);
	bool quarter = plane->rotation & (DRM_MODE_ROTATE_90 | DRM_MODE_ROTATE_270);
	bool mirror_x, mirror_y;
	int64_t width, height;

	memset(layer, 0, sizeof(*layer));
	if (!check_plane(plane, format, error))
		return false;
	layer->plane = plane;
	layer->format = format;
	layer->left = MAX(plane->crtc_x, 0);
	layer->top = MAX(plane->crtc_y, 0);
	layer->right = MIN((int64_t)plane->crtc_x + plane->crtc_w, picture->width);
	layer->bottom = MIN((int64_t)plane->crtc_y + plane->crtc_h, picture->height);
	width = layer->right - layer->left;
	height = layer->bottom - layer->top;
	if (width <= 0 || height <= 0) {
		layer->left = layer->right = layer->top = layer->bottom = 0;
		return true;
	}

	/*
	 * Going backwards, from the monitor to the memory. Turned counter-clockwise by 90, the
	 * monitor's column is the source's row, and the monitor's row is the source's column from
	 * the right; by 270, row from the bottom and column. Reflections are along the source's
	 * axes and come first in time, so here last: they turn the direction once more.
	 */
	mirror_x = plane->rotation & DRM_MODE_REFLECT_X;
	mirror_y = plane->rotation & DRM_MODE_REFLECT_Y;
	if (plane->rotation & (DRM_MODE_ROTATE_90 | DRM_MODE_ROTATE_180))
		mirror_x = !mirror_x;
	if (plane->rotation & (DRM_MODE_ROTATE_180 | DRM_MODE_ROTATE_270))
		mirror_y = !mirror_y;
	if (quarter) {
		layer->column_offset = axis_offsets(plane->src_y, plane->src_h, plane->crtc_w,
			layer->left - plane->crtc_x, width, mirror_y, plane->pitch);
		layer->row_offset = axis_offsets(plane->src_x, plane->src_w, plane->crtc_h,
			layer->top - plane->crtc_y, height, mirror_x, format->bytes);
	} else {
		layer->column_offset = axis_offsets(plane->src_x, plane->src_w, plane->crtc_w,
			layer->left - plane->crtc_x, width, mirror_x, format->bytes);
		layer->row_offset = axis_offsets(plane->src_y, plane->src_h, plane->crtc_h,
			layer->top - plane->crtc_y, height, mirror_y, plane->pitch);
	}
	layer->copies = plane->format == DRM_FORMAT_XRGB8888 && plane->alpha == 0xffff &&
		!quarter && !mirror_x && plane->src_w == (uint64_t)plane->crtc_w << 16;
	return true;
}

static uint32_t read_pixel(const uint8_t *bytes, unsigned int count)
{
	if (count == 4)
		return bytes[0] | bytes[1] << 8 | bytes[2] << 16 | (uint32_t)bytes[3] << 24;
	if (count == 3)
		return bytes[0] | bytes[1] << 8 | bytes[2] << 16;
	return bytes[0] | bytes[1] << 8;
}

/* Widens a channel to 16 bits: the largest value becomes 0xffff, the others to the nearest. */
static uint32_t widen(uint32_t pixel, struct channel channel)
{
	uint32_t largest, value;

	if (channel.bits == 0)
		return 0xffff;
	largest = (1u << channel.bits) - 1;
	value = pixel >> channel.shift & largest;
	if (channel.bits == 8)
		return value * 257;
	return (value * 0xffff + largest / 2) / largest;
}

/* The product of two fractions of 0xffff, to the nearest. */
static uint32_t multiply(uint32_t a, uint32_t b)
{
	return (uint32_t)(((uint64_t)a * b + 0x7fff) / 0xffff);
}

static uint16_t blend_channel(uint32_t above, uint32_t below, uint32_t alpha)
{
	uint64_t sum = (uint64_t)above * 0xffff + (uint64_t)below * (0xffff - alpha);

	return MIN((sum + 0x7fff) / 0xffff, 0xffff);
}

static struct compose_color blend(const struct layer *layer, uint32_t pixel,
	struct compose_color below)
{
	const struct pixel_format *format = layer->format;
	uint32_t plane_alpha = layer->plane->alpha;
	uint32_t alpha = widen(pixel, format->alpha);
	uint32_t red = widen(pixel, format->red);
	uint32_t green = widen(pixel, format->green);
	uint32_t blue = widen(pixel, format->blue);
	uint32_t factor = plane_alpha;

	if (layer->plane->blend == BLEND_NONE)
		alpha = 0xffff;
	if (plane_alpha != 0xffff)
		alpha = multiply(alpha, plane_alpha);
	if (layer->plane->blend == BLEND_COVERAGE)
		factor = alpha;
	if (factor != 0xffff) {
		red = multiply(red, factor);
		green = multiply(green, factor);
		blue = multiply(blue, factor);
	}
	if (alpha == 0xffff)
		return (struct compose_color){0xffff, red, green, blue};
	return (struct compose_color){
		.alpha = 0xffff,
		.red = blend_channel(red, below.red, alpha),
		.green = blend_channel(green, below.green, alpha),
		.blue = blend_channel(blue, below.blue, alpha),
	};
}

static void blend_line(const struct layer *layer, int64_t y, struct compose_color *line)
{
	const uint8_t *pixels = layer->plane->pixels + layer->plane->offset +
		layer->row_offset[y - layer->top];
	int64_t width = layer->right - layer->left;

	line += layer->left;
	for (int64_t x = 0; x < width; x++) {
		const uint8_t *bytes = pixels + layer->column_offset[x];

		line[x] = blend(layer, read_pixel(bytes, layer->format->bytes), line[x]);
	}
}

static uint32_t narrow(uint16_t channel)
{
	return (channel + 128u) / 257u;
}

static void narrow_line(const struct compose_color *line, unsigned int width, uint32_t *row)
{
	for (unsigned int x = 0; x < width; x++)
		row[x] = narrow(line[x].red) << 16 | narrow(line[x].green) << 8 |
			narrow(line[x].blue);
}

static bool layer_touches(const struct layer *layer, int64_t y)
{
	return y >= layer->top && y < layer->bottom;
}

/*
 * The usual case: on this line there is one opaque full-width plane and nothing else. Copies it and
 * returns true. It is what lets the tool follow every vblank of a full-HD picture.
 */
static bool copy_line(const struct layer *layers, size_t count, int64_t y, unsigned int width,
	uint32_t *row)
{
	const struct layer *only = NULL;
	const uint8_t *bytes;

	for (size_t i = 0; i < count; i++) {
		if (!layer_touches(&layers[i], y))
			continue;
		if (only)
			return false;
		only = &layers[i];
	}
	if (!only || !only->copies || only->left != 0 || only->right != width)
		return false;
	bytes = only->plane->pixels + only->plane->offset + only->row_offset[y - only->top] +
		only->column_offset[0];
	for (unsigned int x = 0; x < width; x++)
		row[x] = read_pixel(bytes + 4 * (size_t)x, 4) & 0xffffff;
	return true;
}

static uint32_t crc_of_line(uint32_t crc, const struct compose_color *line, unsigned int width)
{
	for (unsigned int x = 0; x < width; x++) {
		uint16_t channels[4] = {
			GUINT16_TO_LE(line[x].alpha),
			GUINT16_TO_LE(line[x].red),
			GUINT16_TO_LE(line[x].green),
			GUINT16_TO_LE(line[x].blue),
		};

		crc = picture_crc32(crc, channels, sizeof(channels));
	}
	return crc;
}

bool compose_picture(const struct compose_plane *planes, size_t count,
	struct compose_color background, struct picture *picture, uint32_t *crc, GError **error)
{
	g_autofree struct layer *layers = g_new0(struct layer, count);
	g_autofree struct compose_color *line = g_new(struct compose_color, picture->width);
	bool ok = true;

	background.alpha = 0xffff;
	for (size_t i = 0; i < count && ok; i++)
		ok = layer_init(&layers[i], &planes[i], picture, error);
	if (ok && crc)
		*crc = 0;
	for (unsigned int y = 0; y < picture->height && ok; y++) {
		uint32_t *row = picture->pixels + (size_t)y * picture->width;

		if (!crc && copy_line(layers, count, y, picture->width, row))
			continue;
		for (unsigned int x = 0; x < picture->width; x++)
			line[x] = background;
		for (size_t i = 0; i < count; i++)
			if (layer_touches(&layers[i], y))
				blend_line(&layers[i], y, line);
		narrow_line(line, picture->width, row);
		if (crc)
			*crc = crc_of_line(*crc, line, picture->width);
	}
	for (size_t i = 0; i < count; i++)
		layer_finish(&layers[i]);
	return ok;
}
