/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A card of text as a surface: a title, and lines below it, in the middle of a plain ground. Its
 * letters are as large as the output allows, so it is drawn for each size. Reads the font's file:
 * called in a thread of painter.h.
 */
#ifndef SCANOUTD_SCENE_TEXT_CARD_H
#define SCANOUTD_SCENE_TEXT_CARD_H

#include <glib.h>

#include "scene/surface.h"

/* XRGB, of the ground; what is shown where there is no font. */
#define TEXT_CARD_COLOR 0x1b2129u

struct text_card {
	char *font; /* a path; NULL: see font_open() */
	/* UTF-8. The first is the title, the second what is the matter, the others go on about
	 * that; what is too long for a line is broken. */
	char **lines;
	uint32_t width; /* pixels */
	uint32_t height;
};

/* The caller's. NULL with an error that says what to do. */
struct surface *text_card_draw(const struct text_card *card, GError **error);

#endif
