/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a view shows where its source has nothing to show: a colour, or nothing new, so that the
 * last picture stays.
 *
 * One for each view, made and destroyed with it by the layout, which says what is due. The source's
 * next picture takes its place in the view by itself; placeholder_end() is the word that it has.
 */
#ifndef SCANOUTD_SCENE_PLACEHOLDER_H
#define SCANOUTD_SCENE_PLACEHOLDER_H

#include "scene/picture_spec.h"
#include "scene/view.h"

struct placeholder;

struct placeholder *placeholder_create(struct view *view);
/* After the view. Takes NULL. */
void placeholder_destroy(struct placeholder *placeholder);

/* This is due from now on. Whatever is asked for, the picture that is there stays until it can be
 * shown. */
void placeholder_show(struct placeholder *placeholder, const struct picture_spec *spec);

/* The view has a picture of its source's, or no source any more. */
void placeholder_end(struct placeholder *placeholder);

#endif
