/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Geometry and policy between a source and one output: a view shows one picture on one output,
 * which may be turned. Views can lie above it on the same output, one layer each
 * (view_options.below).
 *
 * A source (today a guest's scanout, see guest.c) has a picture: a framebuffer, a cached image, or
 * both. It says what changed; the view decides how that gets to the glass:
 *   direct  the picture's own framebuffer, where placement, cursor and kms_output_test() allow it;
 *           handed to the output at once, also while a flip is in flight (the newest pending wins);
 *   copy    the picture's surface, composed into a scanout buffer of the view's (canvas.h). This is a
 *           pull: damage makes the view dirty, and it composes when no flip is in flight.
 * Which of them is the verdict's (verdict.h), which is made anew when the picture's kind, the mode
 * or the cursor changes. Nothing that overlaps the unfinished rectangle of a surface is composed,
 * nor anything into a scanout buffer that holds a part of it (view_draw_ahead()): the view stays
 * dirty until the update is complete, and then composes before the next message begins.
 *
 * A layer goes direct or is copied, too, on a plane of its own where the hardware has one for it
 * beside the others (kms_output_arrange()); else it is drawn into the picture of the output's own
 * view. Each is presented for itself, and none waits for another's source.
 *
 * Made by the layout, one for each output that shows something, and one for each layer; lives as
 * long as the layout. The source outlives its use: before it drops a picture, it says view_update()
 * with another or view_release().
 */
#ifndef SCANOUTD_SCENE_VIEW_H
#define SCANOUTD_SCENE_VIEW_H

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

#include "kms.h"
#include "scene/copy.h"
#include "scene/damage.h"
#include "scene/place.h"
#include "scene/source.h"
#include "scene/surface.h"

struct view;

/* What a source shows. Belongs to the source; the view keeps the pointer. */
struct view_picture {
	uint32_t width; /* of what is shown, pixels */
	uint32_t height;
	/* Can be shown directly by the card of this number, or NULL. Referenced by the source. */
	struct kms_buffer *buffers[KMS_CARDS_MAX];
	struct kms_rect part; /* of the buffers, in their memory's rows */
	uint32_t fourcc; /* of the buffers: with `modifier` and `stride` their kind */
	uint32_t stride;
	uint64_t modifier;
	/* Upright and of the picture's size, or NULL as long as nobody needed it. */
	struct surface *surface;
	/* The buffers are not to be shown or read: who draws into them has been told that they are
	 * free. The surface has all of it, or view_listener.fill_surface can see to that. */
	bool surface_only;
	bool y_inverted; /* the buffers' first row is the bottom one */
	/* One colour (XRGB) all over the output, whatever its mode: the rest is 0 then. */
	bool solid;
	/* Shown in the place of a picture, as one colour is: its surface has all of it, the guest's
	 * cursor does not belong to it, and nobody points at it. */
	bool placeholder;
	uint32_t color; /* if it is solid */
	/* Another one, of the same source, whenever something above but the surface is another; 0:
	 * look at it all. */
	uint64_t version;
};

/* What the card can show as it is, or NULL. */
static inline struct kms_buffer *view_picture_buffer(const struct view_picture *picture,
	uint32_t card)
{
	return picture->surface_only ? NULL : picture->buffers[card];
}

/* What view_listener.fill_surface made of the surface. */
enum view_fill {
	VIEW_FILL_DONE, /* it has all of the picture */
	VIEW_FILL_LATER, /* it must be waited for: view_surface_filled() or _lost() will follow */
	VIEW_FILL_NEVER, /* the picture cannot be read; the last one stays */
};

/* What became of an update. */
enum view_way {
	VIEW_OFF, /* the output is not active: shown when it is again */
	VIEW_DIRECT, /* with a commit of its own */
	VIEW_QUEUED, /* a flip was in flight: the newest pending frame now */
	VIEW_COPIED, /* composed, or will be with the next flip */
	VIEW_FAILED, /* no way to show it; the last picture stays */
};

struct view_listener {
	/* All updates whose view_update() gave a serial up to this one are on the glass, or
	 * were superseded. */
	void (*presented)(void *data, uint64_t serial, const struct kms_presentation *presentation);
	/* Updates up to this serial will never be shown (kms_listener.commit_failed). */
	void (*failed)(void *data, uint64_t serial, int error);
	/* The output came on or went off, or its mode changed: view_live() tells. */
	void (*changed)(void *data);
	/* The picture's buffer cannot be shown as it is: fill picture->surface with all of it. */
	enum view_fill (*fill_surface)(void *data, enum copy_reason reason);
	/* The picture, which was there before, is to be seen again and cannot be: what the output
	 * shows stays. From inside of whatever had it shown again; may be NULL. */
	void (*unshown)(void *data);
};

struct view_options {
	struct kms_device *device;
	struct kms_output *output;
	enum place_policy policy;
	/* How the output is turned: one of the eight (place.h), or 0 for upright. */
	enum kms_transform transform;
	uint32_t background; /* XRGB, around pictures that do not fill the output */
	/* view_serial() of a view that the output had before, of which a frame may be in flight; or
	 * more. */
	uint64_t serial;
	/*
	 * NULL: it is the output's own. Else that one, of the same output and transform, which
	 * outlives this: it is a layer, above those that were made before it, at most
	 * VIEW_LAYERS_MAX of them. It shows nothing, and hides nothing, as long as its source has
	 * no picture.
	 */
	struct view *below;
	struct kms_rect area; /* of a layer, on the screen as its viewer sees it */
	uint16_t opacity; /* of a layer: 0xffff opaque */
	uint32_t card; /* the device's number among the cards, below KMS_CARDS_MAX */
	/* A frame of a layer's plane is on the glass, before its source hears of it; or NULL. */
	void (*flipped)(void *data, struct kms_output *output);
	void *flipped_data;
};

#define VIEW_LAYERS_MAX KMS_LAYERS_MAX

struct view *view_create(const struct view_options *options);
/* Takes NULL. The output keeps what it shows. */
void view_destroy(struct view *view);

/* Of the last frame that it gave to its output. */
uint64_t view_serial(const struct view *view);

struct kms_output *view_output(const struct view *view);
/* The number of the card that it is on. */
uint32_t view_card(const struct view *view);

/* Of the last one that was a picture's own buffer, or 0: as long as none above it has been
 * presented, the output may read that buffer. */
uint64_t view_direct_serial(const struct view *view);

/* A frame above this one, which has failed, is on its way to the glass, or will be: presented() or
 * failed() follows, or the output goes off. */
bool view_tries_again(const struct view *view, uint64_t serial);

/* No event came for its last frame, which may be on the glass or not: it is given to the output
 * once more, so that it takes the place of the one before it. True: presented() or failed() of
 * another serial follows, or the output goes off. */
bool view_repeat(struct view *view);

/* It is a layer above the output's own. */
bool view_is_layer(const struct view *view);

/* One source at a time; before anything below is called. NULL: none any more; the output keeps what
 * it shows, but nobody's cursor. Whoever waits for the view is the old source's business. */
void view_set_source(struct view *view, const struct view_listener *listener, void *data);

/* What is done to it between the two, in one turn of the loop, is seen with one commit where it
 * shares its output with others: no source for a moment is nothing that is seen. It stays until it
 * is let go. */
struct view_stack;
struct view_stack *view_hold(struct view *view);
void view_let_go(struct view_stack *held);

/* While it has no source: for the next one. */
void view_set_policy(struct view *view, enum place_policy policy);
void view_set_transform(struct view *view, enum kms_transform transform);
void view_set_background(struct view *view, uint32_t color);

/* Of a layer: it lies there from now on, on the screen as its viewer sees it; inside of it, or not
 * at all. */
void view_set_area(struct view *view, const struct kms_rect *area);

/* How the output is turned, one of the eight; and its size, or the layer's, as its viewer sees it,
 * pixels. */
enum kms_transform view_transform(const struct view *view);
void view_screen_size(const struct view *view, uint32_t *width, uint32_t *height);

/* It has given its output nothing so far, and that keeps what a process before this one has left on
 * it. */
bool view_keeps_former(const struct view *view);

/* A frame given now gets to the glass. */
bool view_live(const struct view *view);

/* From vblank to vblank, microseconds: of the mode that runs, or last ran. Never 0. */
int64_t view_period_us(const struct view *view);

/*
 * Would view_update() of this picture read its surface? Then the source brings the surface up to
 * date first. True and why; false where the buffer goes direct, and on an output that is not
 * active. What is shown stays as it is; view_update() or view_keep() comes next.
 */
bool view_copies(struct view *view, const struct view_picture *picture, enum copy_reason *reason);

/*
 * The picture that view_copies() was asked about, and was true, cannot be read. May it go direct
 * nevertheless, since only layers without a plane, which are drawn into it, forbid that? Then
 * view_update() will try, and leave them out. (view_alone.c)
 */
bool view_may_go_alone(struct view *view, const struct view_picture *picture);

/* The picture that view_copies() was asked about will not be shown, or not now. */
void view_keep(struct view *view);

/*
 * The picture, or `damage` of it (picture's pixels; NULL: all of it), is new; view_copies() has
 * been asked about it before. Returns the serial for view_listener.presented; 0 for VIEW_OFF. For
 * VIEW_FAILED the one up to which earlier updates wait, since it will not come either, or 0 where
 * none does. Never allocates but where the picture's size or the mode has changed.
 */
uint64_t view_update(struct view *view, const struct view_picture *picture,
	const struct kms_rect *damage, enum view_way *way);

/*
 * Draws what the picture shows in this place into the target, where it has changed (`seen`: the
 * target's pixels, inside of the place's destination). The place is one to one and upright. False:
 * it cannot be read any more.
 */
typedef bool (*view_draw_func)(void *data, const struct copy_target *target,
	const struct place *place, const struct damage *seen);

/* Can the source draw the picture, which is surface_only and which view_copies() has been asked
 * about just now, past its surface? Then it need not fill that. (view_drawn.c, as the next) */
bool view_can_draw(struct view *view, const struct view_picture *picture);

/*
 * view_update() of a picture for which view_can_draw() was true: drawn at once, and handed to the
 * output also while a flip is in flight. For VIEW_FAILED nothing has changed but that the picture
 * is the view's, and view_update() of it comes next. Never allocates.
 */
uint64_t view_draw(struct view *view, const struct view_picture *picture,
	const struct kms_rect *damage, view_draw_func draw, void *data, enum view_way *way);

/* What was drawn so last goes into a surface of the picture's size; or part of it, placed, into a
 * target. False: it is not there any more. */
bool view_read_back(struct view *view, struct surface *surface);
bool view_read_drawn(struct view *view, const struct place *place,
	const struct copy_target *target);

/* A picture that was there before the view: all of it is shown, and again by itself when the output
 * comes back. Nobody waits for it. */
void view_show(struct view *view, const struct view_picture *picture);

/* The surface that view_listener.fill_surface was to fill later has all of the picture now, … */
void view_surface_filled(struct view *view);
/* … or will never have it: who waits gets view_listener.failed, and it is true. Both do nothing
 * where the view does not wait for it any more. */
bool view_surface_lost(struct view *view);

/*
 * The upper rows of an UPDATE that is still being received (picture's pixels; each time more of
 * them, until view_update() has all): copied now, out of the processor's caches, to a scanout
 * buffer that nobody shows yet. Only saves time: does nothing where that is not possible.
 */
void view_draw_ahead(struct view *view, const struct view_picture *picture,
	const struct kms_rect *rows);

/* What is shown while the source has no picture, and until it has. As view_show(); after
 * view_release(), or before the first picture. */
void view_show_placeholder(struct view *view, const struct view_picture *picture);

/*
 * Draws what lies in this part of the output into the target, which has its size: from the buffer
 * that is on the output's plane, so that it is what is seen, but for a cursor on a plane of its
 * own. While another picture is in the place of the source's, as it would lie there. (view_read.c)
 */
enum source_draw view_read(struct view *view, struct source *source, const struct kms_rect *rect,
	const struct copy_target *target);

/* Its own picture goes direct, and may have to give way to another at once: what that is drawn into
 * is there from now on. Costs nothing where it is already. (view_compose.c) */
void view_reserve(struct view *view);

/* Is it what the view shows, or would on an output that is active? */
bool view_shows(const struct view *view, const struct view_picture *picture);

/* Draws a placeholder, if one is shown, into a buffer that is black and that the output will be lit
 * with: kms_output_request.paint. (view_paint.c) */
void view_paint(const struct view *view, struct kms_buffer *buffer);
/* The same of what the source has, where that can be read just now. */
void view_paint_source(const struct view *view, struct source *source, struct kms_buffer *buffer);

/* The source has nothing more to show, its picture goes away: what is dirty and complete is still
 * shown, then the last picture stays (`black` false) or the output becomes black, and a layer shows
 * nothing. A last picture that is on a plane of its own goes when another layer needs it to be
 * drawn. */
void view_release(struct view *view, bool black);

/* 64×64 premultiplied ARGB, borrowed until the next call; NULL hides. */
void view_set_cursor(struct view *view, const uint32_t *pixels, uint32_t hot_x, uint32_t hot_y);
/* Top-left of the image, in the picture's pixels; may be negative. */
void view_move_cursor(struct view *view, int32_t x, int32_t y);

/* Pixels of the picture that is shown; false: there is none. */
bool view_picture_size(const struct view *view, uint32_t *width, uint32_t *height);

/*
 * What lies under a point of the glass, for touch screens and tablets: the inverse of the placement
 * that the picture has now. All in fractions of the width and the height, 0 to 1, of the output and
 * of the picture.
 */
enum view_point {
	VIEW_POINT_NOWHERE, /* there is no picture: nothing is given */
	VIEW_POINT_BESIDE, /* beside the picture, whose nearest point is given */
	VIEW_POINT_INSIDE,
};
enum view_point view_pick(const struct view *view, double x, double y, double *picture_x,
	double *picture_y);

/* ---- called by the layout, from the kms_listener; for the output's own view alone, but the last
 * ---- */

void view_presented(struct view *view, uint64_t serial,
	const struct kms_presentation *presentation);
/* The output is idle: composes what had to wait for it. */
void view_resume(struct view *view);
void view_commit_failed(struct view *view, uint64_t serial, int error);
void view_output_changed(struct view *view);

#endif
