/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Words drawn with a font: glyphs by FreeType, which is loaded here, so that a machine without it
 * and without text cards needs none. Left to right, a glyph a character: names, times and English
 * sentences.
 *
 * Opened, used and closed in one thread, each with a FreeType of its own. Opening reads the font's
 * file.
 */
#ifndef SCANOUTD_SCENE_FONT_H
#define SCANOUTD_SCENE_FONT_H

#include <glib.h>
#include <pixman.h>
#include <stdint.h>

struct font;

/* `path`: a font's file; NULL: the first of those that distributions install that is there. NULL
 * with an error that says what to do. */
struct font *font_open(const char *path, GError **error);
/* Takes NULL. */
void font_close(struct font *font);

/* Pixels; all that follows is of this size. */
void font_set_size(struct font *font, uint32_t size);

/* From line to line, and from a line's top to where its letters stand; pixels. */
int font_line(const struct font *font);
int font_ascent(const struct font *font);

/* Pixels that these bytes of UTF-8 take up. What the font has not is its replacement. */
int font_width(struct font *font, const char *text, size_t length);

/* Draws them from `x` on, standing on `baseline`. XRGB. */
void font_draw(struct font *font, pixman_image_t *target, int x, int baseline, const char *text,
	size_t length, uint32_t color);

#endif
