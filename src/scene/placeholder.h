/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a view shows where its source has nothing to show: a colour, a PNG, a card of text, or
 * nothing new, so that the last picture stays. What cannot be had is replaced by the next best: a
 * PNG by a card, a card by its ground's colour.
 *
 * One for each view, made and destroyed with it by the layout, which says what is due. The source's
 * next picture takes its place in the view by itself; placeholder_end() is the word that it has.
 */
#ifndef SCANOUTD_SCENE_PLACEHOLDER_H
#define SCANOUTD_SCENE_PLACEHOLDER_H

#include "scene/picture_spec.h"
#include "scene/pictures.h"
#include "scene/view.h"

struct placeholder;

/* Both outlive it; but after placeholder_end() nothing is asked of the view. */
struct placeholder *placeholder_create(struct view *view, struct pictures *pictures);
/* After the view. Takes NULL. */
void placeholder_destroy(struct placeholder *placeholder);

/*
 * This is due from now on: copied, but for the path. `lines` as text_card.lines, for a card. What
 * is on the output stays until it can be shown. The same again costs nothing.
 */
void placeholder_show(struct placeholder *placeholder, const struct picture_spec *spec,
	char *const *lines);

/* The same, and nothing of what was on the output is to be seen from its next frame on: until a
 * card or a PNG is there, the ground of a card. PICTURE_LAST is nothing that covers. */
void placeholder_cover(struct placeholder *placeholder, const struct picture_spec *spec,
	char *const *lines);

/* The view has a picture of its source's, or no source any more: nothing is due. */
void placeholder_end(struct placeholder *placeholder);

/* Something is due, and can be shown so far, or never: it need not be waited for. */
bool placeholder_ready(const struct placeholder *placeholder);

/* The output's size may be another: a card is drawn for that. */
void placeholder_resized(struct placeholder *placeholder);

/* pictures_listener.file_changed */
void placeholder_file_changed(struct placeholder *placeholder, const struct picture_file *file);

/* It is due, or what the view was given last. */
bool placeholder_has_file(const struct placeholder *placeholder, const struct picture_file *file);

#endif
