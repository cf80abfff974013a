/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Where placeholders get their pictures: the PNGs of the configuration, each read once, whoever
 * shows it, and cards of text. All are made elsewhere (painter.h); until one is there nothing waits
 * for it.
 *
 * Owned by the layout, whose placeholders use it.
 */
#ifndef SCANOUTD_SCENE_PICTURES_H
#define SCANOUTD_SCENE_PICTURES_H

#include <stdbool.h>

#include "scene/painter.h"
#include "scene/surface.h"

struct pictures;

/* A PNG. */
struct picture_file;

struct pictures_listener {
	/* The file has been read, or will not be: picture_file_surface() tells. Whoever shows the
	 * surface that it had shows another when this returns. */
	void (*file_changed)(void *data, const struct picture_file *file);
};

/* `font`: as text_card.font; copied. */
struct pictures *pictures_create(const char *font, const struct pictures_listener *listener,
	void *data);
/* After all who show one of its surfaces. Takes NULL. */
void pictures_destroy(struct pictures *pictures);

/* Begins to read it if nobody has asked for it before. Lives until pictures_keep() lets go of
 * it. */
const struct picture_file *pictures_file(struct pictures *pictures, const char *path);
const char *picture_file_path(const struct picture_file *file);
/* NULL: it is not there so far, or cannot be read. Belongs to the file. */
struct surface *picture_file_surface(const struct picture_file *file);
/* It was tried and cannot be read, which was logged. */
bool picture_file_failed(const struct picture_file *file);

/* Reads all files again. One that cannot be read any more leaves the picture as it is, which is
 * logged. */
void pictures_reload(struct pictures *pictures);

/* Lets go of all files for which `wanted` says no: nobody has one of them, or shows its surface. */
void pictures_keep(struct pictures *pictures,
	bool (*wanted)(const void *data, const struct picture_file *file), const void *data);

/* Draws a card; see painter_order(). What goes wrong is logged, once while it does. */
struct painter_order *pictures_draw_card(struct pictures *pictures, char *const *lines,
	uint32_t width, uint32_t height, painter_func func, void *data);
/* `func` of that order was called with this: for the log. */
void pictures_note_card(struct pictures *pictures, const GError *error);

/* painter_wait() */
void pictures_wait(struct pictures *pictures, unsigned int timeout_ms);

#endif
