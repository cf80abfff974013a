/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Makes surfaces without the main loop waiting for them: pictures from a disk, cards of text.
 *
 * The threads, and why there are any: a file is read when its disk has time, and open() and read()
 * have no form that does not wait; a font is a file, too, and a card of 4K takes longer to draw
 * than there is between two vblanks. Each order has a thread of its own, so that a disk that does
 * not answer keeps no other from its picture. It touches nothing but its order, and ends with it.
 * They are few: one for each picture of the configuration, and one for each output whose card has
 * another text now.
 */
#ifndef SCANOUTD_SCENE_PAINTER_H
#define SCANOUTD_SCENE_PAINTER_H

#include <glib.h>

#include "scene/surface.h"

struct painter;
struct painter_order;

/* How a surface comes to be; called in the thread, so that it touches `what` alone, which is the
 * order's. */
struct painter_work {
	struct surface *(*make)(void *what, GError **error);
	void (*free)(void *what);
};

/* Called from the main loop, or from inside of painter_wait(), once: the surface is the callee's;
 * or NULL, and why. The order is no more. */
typedef void (*painter_func)(void *data, struct surface *surface, const GError *error);

struct painter *painter_create(void);
/* Orders that are not ready are cancelled. Waits for nothing: who still reads a disk is left alone.
 * Takes NULL. */
void painter_destroy(struct painter *painter);

/* `what` is taken over. The order is valid until `func` is called. */
struct painter_order *painter_order(struct painter *painter, const struct painter_work *work,
	void *what, painter_func func, void *data);

/* `func` will not be called. Takes NULL. */
void painter_cancel(struct painter_order *order);

/* Until all orders are ready, but at most so long. For the time before the main loop runs. */
void painter_wait(struct painter *painter, unsigned int timeout_ms);

#endif
