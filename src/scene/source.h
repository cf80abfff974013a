/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A source: anything that hands pictures to views (scene/view.h). A guest's scanout is one
 * (guest_source()).
 *
 * Part of the object that hands out the pictures, which is its maker and outlives its use. The
 * layout binds: it gives a source views and takes them away at any time, also while pictures come,
 * and it listens to what the source says of itself. A source knows views, never the layout.
 *
 * What its screen is (size, EDID, place among others) a source asks when its own peer asks it: a
 * guest by struct guest_display of guest.h. Nothing is told ahead, so nothing can be out of date.
 */
#ifndef SCANOUTD_SCENE_SOURCE_H
#define SCANOUTD_SCENE_SOURCE_H

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

#include "kms.h"
#include "scene/copy.h"

struct source;
struct view;

/* A picture that its peer switched off stays for so long, milliseconds: a change of mode inside the
 * guest is not seen. */
#define SOURCE_BLANK_AFTER_MS 2000
#define SOURCE_BLANK_NEVER (-1)

enum source_state {
	SOURCE_EMPTY, /* no picture yet, or who made it is gone: the last one stays, or a placeholder */
	SOURCE_ENABLED, /* there is a picture */
	SOURCE_DISABLED, /* its peer switched it off, and is still there */
};

/* What became of reading a picture. */
enum source_draw {
	SOURCE_DRAWN,
	/* Not now: its peer is at it (an UPDATE, a fence), or it is another one than is shown. */
	SOURCE_DRAW_LATER,
	SOURCE_DRAW_NEVER, /* there is none, or it cannot be read */
};

/* What the maker of a source does. */
struct source_interface {
	/*
	 * The view is this source's from now on, and shows at once what there is. False: it has as
	 * many as it can have. The view has no source so far.
	 */
	bool (*add_view)(struct source *source, struct view *view);
	/* The view has no source any more and keeps what it shows; whoever waits for it waits for
	 * the others, or goes by the pacing timer. */
	void (*remove_view)(struct source *source, struct view *view);
	/* The views become black. */
	void (*blank)(struct source *source);
	/*
	 * Draws what its picture shows in this place (whose destination is in the target's pixels)
	 * over the target, from the memory that its peer draws into: the views need not have it.
	 * Waits for nobody. `shown` is the buffer that an output has of it, or NULL: then any will
	 * do. With the next, NULL where it is read by nobody.
	 */
	enum source_draw (*draw)(struct source *source, const struct kms_buffer *shown,
		const struct place *place, const struct copy_target *target);
	/* The size of its picture, pixels; false: there is none. */
	bool (*size)(const struct source *source, uint32_t *width, uint32_t *height);
};

struct source_listener {
	/*
	 * True: there has been nothing to show for blank-after, and the views are black (at once
	 * and not black where that is SOURCE_BLANK_NEVER): from now on the outputs may go off.
	 * False: a picture is about to be shown, light them. Each time in turn, true first. It
	 * comes from inside of the main loop's turn in which a peer's message is handled: only
	 * kms_device_configure() and the like may follow, no change of views.
	 */
	void (*dark)(void *data, struct source *source, bool dark);
	/*
	 * True: a picture is about to be shown, and takes the place of what the views show; called
	 * as dark() is. False: the source is empty now and the views keep its last picture, in
	 * whose place they may be given another (view_show_placeholder()); what is dark stays so
	 * unless source_light() says otherwise. The views themselves stay in either case. May be
	 * NULL.
	 */
	void (*picture)(void *data, struct source *source, bool there);
	/* There would be a picture, the first one, and it cannot be shown, which was logged. Views
	 * stay as with picture(). May be NULL. */
	void (*unshowable)(void *data, struct source *source);
	/*
	 * True: others show a picture that this view cannot, which was logged; it keeps an older
	 * one, in whose place it may be given another (view_show_placeholder()). False: it shows
	 * what they show, or all are about to be told something else. Each in turn, true first;
	 * called as picture() is. May be NULL.
	 */
	void (*left)(void *data, struct source *source, struct view *view, bool left);
	/* There is a new frame, `rect` of it changed (of the picture, pixels; NULL: all of it): for
	 * each one, as dark(), while source_watch() says so. May be NULL. */
	void (*frame)(void *data, struct source *source, const struct kms_rect *rect);
	/* A picture of its own (source_set_foreign()) is on the glass, for the first time ever. From the main loop's turn
	 * in which the card says so: no change of views may follow. May be NULL. */
	void (*seen)(void *data, struct source *source);
};

struct source {
	const struct source_interface *interface;
	const struct source_listener *listener;
	void *data;
	enum source_state state;
	bool dark;
	bool watched;
	bool seen;
	bool foreign;
	int64_t blank_after_ms;
	GSource *timer; /* made when it is needed first */
};

/* See source_interface. */
bool source_add_view(struct source *source, struct view *view);
void source_remove_view(struct source *source, struct view *view);

enum source_draw source_draw(struct source *source, const struct kms_buffer *shown,
	const struct place *place, const struct copy_target *target);
bool source_size(const struct source *source, uint32_t *width, uint32_t *height);

/* One listener; NULL: nobody. */
void source_listen(struct source *source, const struct source_listener *listener, void *data);

/* Is the listener told of each frame? At first it is not. */
void source_watch(struct source *source, bool watched);

/* Milliseconds, or SOURCE_BLANK_NEVER. Counts from the next time that the source is disabled. */
void source_set_blank_after(struct source *source, int64_t milliseconds);

enum source_state source_state(const struct source *source);
/* Has listener->dark said true last? */
bool source_dark(const struct source *source);
/* Something is shown in its place, which is to be seen: it is dark no longer. */
void source_light(struct source *source);

/* ---- for the makers of sources ---- */

void source_init(struct source *source, const struct source_interface *interface);
void source_finish(struct source *source);

/* A picture is about to be shown: called before the views are told. Cheap for each frame. */
void source_enable(struct source *source);
static inline void source_enabled(struct source *source)
{
	if (source->state != SOURCE_ENABLED)
		source_enable(source);
}
/* The views have been told. Cheap for each frame that nobody listens for. */
static inline void source_frame(struct source *source, const struct kms_rect *rect)
{
	if (source->watched && source->listener && source->listener->frame)
		source->listener->frame(source->data, source, rect);
}
/* A picture that is not shown, since it cannot be. Cheap for each frame while there is one. */
void source_unshowable(struct source *source);
/* See source_listener.left. */
void source_left(struct source *source, struct view *view, bool left);
/* A view has shown a picture of its own. Cheap for each frame. */
void source_see(struct source *source);
static inline void source_seen(struct source *source)
{
	if (!source->seen && !source->foreign)
		source_see(source);
}
/* What it shows from now on is not its peer's own picture: it is not seen by that. */
static inline void source_set_foreign(struct source *source, bool foreign)
{
	source->foreign = foreign;
}
/* The peer switched the picture off; the views keep it so far. */
void source_disabled(struct source *source);
/* The peer is gone. What was dark stays dark until there is a picture again. */
void source_emptied(struct source *source);

#endif
