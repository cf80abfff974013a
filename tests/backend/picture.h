/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Pictures: rectangles of pixels in memory that are drawn with a content named in the script, and
 * written as PNGs for whoever compares them with what the camera saw.
 */
#ifndef SCRIPTED_BACKEND_PICTURE_H
#define SCRIPTED_BACKEND_PICTURE_H

#include "backend.h"

/* 32-bit pixels somewhere in memory. The memory is not the struct's. */
struct picture {
	uint8_t *row; /* the top-left pixel */
	uint32_t width, height;
	uint32_t stride; /* bytes */
	bool swapped; /* red and blue are exchanged, as in XB24 */
};

/* What is drawn: a colour or one of the pictures of tests/pattern.h. */
struct content {
	bool is_pattern;
	uint32_t value; /* 0xRRGGBB, or the pattern's seed */
};

/* "RRGGBB", or "pattern" and a seed: takes one or two words and moves `words` on. */
bool content_parse(struct content *content, char ***words, GError **error);

/* The premultiplied ARGB8888 pixel of a 64×64 cursor with this content; a colour fills it. */
uint32_t content_cursor_pixel(const struct content *content, uint32_t x, uint32_t y);

/*
 * Draws a rectangle. (x, y) is where its top-left is in the content's picture, so that the parts of
 * one picture, drawn one by one, make up that picture.
 */
void picture_draw(const struct picture *picture, const struct content *content, uint32_t x,
	uint32_t y);

/* The part of the picture inside a rectangle; false if it is not inside. */
bool picture_part(const struct picture *picture, uint32_t x, uint32_t y, uint32_t width,
	uint32_t height, struct picture *part);

/*
 * A copy with memory of its own (g_free its row): plain XRGB8888, packed, top row first.
 * `upside_down`: the picture's row 0 is its bottom one.
 */
struct picture picture_copy(const struct picture *picture, bool upside_down);

/*
 * Puts a 64×64 premultiplied ARGB8888 cursor on a plain picture, its top-left at (x, y), rounded as
 * vkms rounds, in 16 bits.
 */
void picture_put_cursor(const struct picture *picture, const uint32_t *pixels, int32_t x,
	int32_t y);

/* 8-bit RGB, of a plain picture. */
bool picture_write_png(const struct picture *picture, const char *path, GError **error);

#endif
