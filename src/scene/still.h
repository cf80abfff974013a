/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A still picture as a source (scene/source.h): one colour, or a surface. It is shown like a scanout
 * by as many views as there are, and waits for nobody.
 *
 * Made by whoever wants it shown; the layout binds it. Destroyed before the views, or after they have
 * been removed.
 */
#ifndef SCANOUTD_SCENE_STILL_H
#define SCANOUTD_SCENE_STILL_H

#include <stdint.h>

#include "scene/source.h"
#include "scene/surface.h"

struct still;

/* XRGB, all over the output in any mode. `name` is for log lines. */
struct still *still_create_color(const char *name, uint32_t color);
/* Placed by the views' policies. The surface is taken over; it is complete and will not change. */
struct still *still_create_picture(const char *name, struct surface *surface);
/* Takes NULL. Its views keep what they show. */
void still_destroy(struct still *still);

/* Lives as long as the still picture. */
struct source *still_source(struct still *still);

#endif
