/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the files of the view share. view.c alone decides what is due and does it; the others are
 * its parts: view_life.c (how it is made and goes), view_judge.c (asks the output for what the
 * verdict wants to know), view_compose.c (pictures into scanout buffers), view_drawn.c (the same by
 * the source itself), view_paint.c (the buffer that an output is lit with), view_read.c (back from
 * what is on the plane), view_cursor.c (the cursor's image and place), and of views that share an
 * output view_stack.c (what they tell each other), view_stack_planes.c (which has a plane),
 * view_stack_draw.c (those that have none) and view_alone.c (a picture below them that cannot be
 * read). Nobody else includes this.
 */
#ifndef SCANOUTD_SCENE_VIEW_INTERNAL_H
#define SCANOUTD_SCENE_VIEW_INTERNAL_H

#include "scene/canvas.h"
#include "scene/cursor.h"
#include "scene/damage.h"
#include "scene/verdict.h"
#include "scene/view.h"

enum shows {
	SHOWS_NOTHING, /* what was there before us */
	SHOWS_PICTURE,
	SHOWS_LAST, /* the source is gone, its last picture stays */
};

/* What is to be done as soon as it can be. What stands below contains what stands above. */
enum due {
	DUE_NOTHING,
	DUE_CURSOR, /* a canvas with the cursor elsewhere: with the next frame, or late */
	DUE_CANVAS, /* a canvas with new pixels: when no flip is in flight */
	DUE_SURFACE, /* the same of all the picture, once the source has filled its surface */
	DUE_PICTURE, /* all of the picture, by whatever way the verdict says now */
};

/*
 * The views of one output that has layers: part of its own one, made with the first layer and gone
 * with the last. What they change in one turn of the loop is committed together.
 */
struct view_stack {
	struct view *base; /* the output's own */
	struct view *views[VIEW_LAYERS_MAX]; /* above it, the lowest first */
	size_t count;
	uint64_t serial; /* of the last frame of any of them */
	unsigned int held;
	/* The layer whose cursor may have the output's cursor plane; NULL: the output's own
	 * picture's may. */
	struct view *pointing;
	/* The cursor that may have it lies below a layer that is seen through, where the plane would be
	 * above that … */
	bool covered;
	/* … but what was the output's own picture's is on it until that has it, … */
	bool plane_left;
	/* … and stays, since that picture cannot be read. */
	bool lifted;
	bool unsettled; /* who has a plane is to be found out again, before it is let go */
	bool rearranged; /* others are drawn than before: the picture is to go with the same commit */
	/* At the start the output has what a process before this one has left on it: until the main
	 * loop has come to it, what lies below may still be taken over from that one, too. */
	bool waiting;
	bool waited;
	bool vblank; /* the driver has one */
	bool complained; /* of layers that are left out, since they last were drawn */
	int64_t retry_us; /* when the picture below those that are left out is read again, at the earliest */
	GSource *timer; /* made when it is needed first */
	bool gathered; /* nobody is waited for any more */
	uint64_t
		failed_serial; /* a frame that could not be made: to be told from the main loop; or 0 */
	/* Cached memory as large as the mode, to blend in: a scanout buffer is never read. */
	struct copy_target scratch;
};

struct view {
	struct kms_device *device;
	uint32_t card;
	struct kms_output *output;
	struct view_stack *stack; /* NULL: it has the output alone */
	bool above; /* it is a layer; and only then: */
	struct kms_rect area; /* as the viewer sees it */
	uint16_t opacity;
	pixman_image_t *mask; /* of that opacity; made when it is needed first */
	void (*flipped)(void *data, struct kms_output *output); /* or NULL */
	void *flipped_data;
	struct kms_output_layer *layer; /* NULL: there was none left */
	bool arranged; /* it was taken into account, and shows by this way: */
	enum verdict_way arranged_way; /* also of the output's own */
	bool ready; /* drawn: its surface has all of the picture */
	/* It has no plane, and what it would be drawn into is shown alone (verdict_input.alone). */
	bool left_out;
	/* What a previous process showed of it may be on a plane still, which is to stay: it has shown
	 * nothing, and has not been told that it will not. */
	bool awaited;
	struct kms_rect
		drawn_rect; /* where it is drawn into the output's picture; empty: it is not */
	uint64_t drawn_serial; /* of the output's picture: the last that it was drawn into */
	uint64_t told; /* the last frame, of its own or of these, that the source was told of */
	/* Of all views of a stack: it has brought something that is not composed, and when it last
	 * had. */
	bool fresh;
	int64_t fresh_us;
	/* A last picture that other layers are drawn over, or that is drawn itself; or NULL. */
	struct surface *kept;
	struct view_picture kept_picture;

	enum place_policy policy;
	enum kms_transform transform;
	uint32_t background;
	const struct view_listener *listener;
	void *data;

	enum shows shows;
	const struct view_picture *picture; /* SHOWS_PICTURE */
	bool active; /* as of the last output_changed */

	/* How the picture is shown, and of what that was made. */
	bool judged;
	uint64_t judged_version; /* view_picture.version */
	struct verdict_input input;
	struct verdict verdict;
	/* The same of a picture that view_copies() was asked about, and nobody shows yet. */
	bool proposed;
	struct verdict_input proposal;
	bool told_copies; /* what view_copies() said last: the surface is up to date */
	bool told_same; /* … and by the verdict on what is shown, which holds for that picture too */

	struct cursor cursor;
	struct kms_rect cursor_drawn; /* where the newest canvas has it */
	GSource *late;

	struct canvas_set canvases;
	uint64_t read_cost; /* of a canvas, as view_drawn.c measures it; 0: it has not so far */
	struct place canvas_place; /* the picture on a canvas */
	struct damage damage; /* canvas' pixels that changed since the last frame */
	bool damage_lost; /* a frame failed: the next one has changed everywhere */
	bool complained; /* of a canvas that could not be made or shown */

	enum due due;
	uint64_t serial; /* of the last frame */
	int64_t vblank_us;
	/* The last frame that was taken: a mode set may have to show it again. */
	struct kms_frame last;
	struct kms_buffer *last_buffer; /* NULL: none; else referenced */
	uint32_t last_mode_width;
	uint32_t last_mode_refresh_mhz;
	uint32_t last_mode_height;
	bool last_direct; /* it was no canvas */
	uint64_t direct_serial; /* of the last frame that was none */
	/* The newest canvas has it, the picture's surface has not. */
	bool past_surface;
	/* The last frame for which that was so, or 0; and where it lies on the canvas. */
	uint64_t past_serial;
	struct place past_place;
	/* The last frame, of any view of the output, that has, or may have, another picture than the one
	 * that is shown; or 0. */
	uint64_t others_serial;
};

static inline struct kms_rect whole(uint32_t width, uint32_t height)
{
	return (struct kms_rect){0, 0, (int32_t)width, (int32_t)height};
}

/* Its surface is full for ever, and it is no picture of a guest's. */
static inline bool is_placeholder(const struct view_picture *picture)
{
	return picture->solid || picture->placeholder;
}

/* A layer that has no plane. */
static inline bool view_is_drawn(const struct view *view)
{
	return view->above && view->verdict.way == VERDICT_CANVAS;
}

static inline bool view_blends(const struct view *view)
{
	return view->verdict.cursor == VERDICT_CURSOR_BLENDED;
}

/* ---- view.c ---- */

/* It is to be done, besides what was due already. */
void view_want(struct view *view, enum due due);

/* Does of it what can be done now. The only place that shows, composes, or leaves it for later. */
void view_act(struct view *view);

/* Hands a frame to the output, with a serial of its own; noted as the last one if it is taken. */
enum kms_submit view_submit(struct view *view, struct kms_frame *frame, bool direct);

/* As kms_output_busy(). One that is drawn never is: it goes with the output's picture. */
bool view_busy(const struct view *view);

/* The serial of the next frame, which is made now. */
uint64_t view_next_serial(struct view *view);

/* The last frame, or a copy that was kept of a last picture, will not be shown again. */
void view_forget_last(struct view *view);
/* The same, since all frames from the next one on have another picture. */
void view_begin_picture(struct view *view);

/* ---- view_judge.c ---- */

/* A verdict on the picture that is shown, if there is none that holds. Nothing to do while nothing
 * changed: the case of nearly every frame. */
void view_judge(struct view *view);

/* The output has another mode than the one of the verdict, or another picture came while it was away,
 * which the view has not been told of: it will, and shows all again then. */
bool view_is_outdated(const struct view *view);

/* Where a layer is, on the CRTC, by the mode of its output. */
struct kms_rect view_area_on_crtc(const struct view *view, const struct kms_mode_info *mode);

/* Where a picture of this size is, on the CRTC. */
void view_place(const struct view *view, uint32_t width, uint32_t height, struct place *place);

/* Takes in what the verdict is made of. False: the one that there is holds. */
bool view_look(struct view *view);

/* The verdict itself, whatever others on the output are. */
void view_decide(struct view *view);

/* Something was refused when it came to it: another verdict. */
void view_refused(struct view *view, enum verdict_question question);

/* Another cursor, or another word of the output on it: another verdict, perhaps. */
void view_judge_cursor(struct view *view);

/* The picture as a frame of its own buffer, without serial and damage. */
void view_direct_frame(const struct view *view, const struct view_picture *picture,
	const struct place *place, struct kms_frame *frame);

/* ---- view_compose.c ---- */

enum composed {
	COMPOSED_SHOWN, /* submitted */
	COMPOSED_LATER, /* no free canvas, or an UPDATE is being received */
	COMPOSED_FAILED, /* not shown, and will not be */
};

/* Size and geometry of the canvases, as the verdict has them. */
void view_prepare_canvases(struct view *view);

/* A canvas of the picture's size, scaled and turned by the plane: is that shown? */
bool view_test_placed(struct view *view, const struct view_picture *picture,
	const struct place *place);

/* All of the picture has changed. */
void view_mark_picture(struct view *view);

/* Pixels of the canvas changed, or all of them. */
void view_mark(struct view *view, const struct kms_rect *rect);
void view_mark_all(struct view *view);
/* The same of an UPDATE that is complete now. */
void view_mark_complete(struct view *view, const struct kms_rect *rect);

/* A canvas as a frame, without serial and damage. */
void view_canvas_frame(const struct view *view, struct kms_buffer *buffer, struct kms_frame *frame);

/* The canvas is the newest frame, which view_submit() has taken. */
void view_note_drawn(const struct view *view, struct canvas *canvas);

/* A buffer as its canvases are, which has them sized for the verdict. NULL: none can be made. */
struct kms_buffer *view_sample_canvas(struct view *view);

/* Whether a flip is in flight or not: it must be known that a canvas is free then. */
enum composed view_compose(struct view *view);

/* ---- view_drawn.c ---- */

/* The surface is about to be read, or the canvases to have something else: the surface has all of
 * the picture. False: it cannot have it. */
bool view_secure(struct view *view);

/* ---- view_life.c ---- */

/* A copy of the last picture, whose source goes, for as long as others are drawn over it, or it is
 * drawn. False: it need not be, or cannot. Then kept_picture has it. */
bool view_keep_picture(struct view *view);

/* ---- view_stack.c ---- */

/* A layer's, from view_create() and view_destroy(). */
void view_stack_enter(struct view *view, struct view *below);
void view_stack_leave(struct view *view);

/* All that is done while it is held goes in one commit. NULL, where there is none, stays NULL. */
typedef struct view_stack view_stack_held;
view_stack_held *view_stack_hold_some(struct view_stack *stack);
static inline view_stack_held *view_stack_hold(struct view_stack *stack)
{
	return stack ? view_stack_hold_some(stack) : NULL;
}
void view_stack_let_go(view_stack_held *stack);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(view_stack_held, view_stack_let_go)

/* Nothing is to be arranged so far, or black would take the place of what the output has. */
bool view_stack_waits(struct view_stack *stack);

/* The output's picture could be composed now. Should it wait for others who usually bring a frame
 * for each vblank, and have none yet? Then it is tried again in time. */
bool view_stack_gathers(struct view_stack *stack);

/* The frame has all that is drawn; … */
void view_stack_composed(struct view_stack *stack, uint64_t serial);
/* … could not be made; … */
void view_stack_failed(struct view_stack *stack, uint64_t serial);
/* … was reported by the output. */
void view_stack_tell_presented(struct view_stack *stack, uint64_t serial,
	const struct kms_presentation *presentation);
void view_stack_tell_failed(struct view_stack *stack, uint64_t serial, int error);

/* ---- view_stack_planes.c ---- */

/* Finds out who has a plane and who is drawn; who is shown another way than before shows all of its
 * picture again, but for the one that asks. */
void view_stack_arrange(struct view_stack *stack, struct view *asking);

/* ---- view_stack_draw.c ---- */

/* The rectangle of the output's picture is to be composed anew. */
void view_stack_mark(struct view_stack *stack, const struct kms_rect *rect);

/* The view, drawn or the output's own, has changed there, on the CRTC: marks what is seen of it. */
void view_stack_mark_seen(struct view_stack *stack, const struct view *view,
	const struct kms_rect *rect);

/* Part of the view's surface, of which an UPDATE has come in part, as it was shown last: into a
 * copy of it, as far as that can be had; where not, the copy stays as it is. */
void view_stack_rescue(struct view_stack *stack, const struct view *view, struct surface *copy,
	const struct kms_rect *part);

/* Draws what the canvas misses, the output's own picture and those above it. False: it must wait
 * for the end of an UPDATE. */
bool view_stack_draw(struct view_stack *stack, struct canvas *canvas);

/* ---- view_alone.c (view_may_go_alone() is here, too) ---- */

/* The output's own picture, which is shown and cannot be read, goes direct at the cost of the
 * layers that have no plane: what it is shown by has been found out anew. False: nothing has
 * changed. */
bool view_go_alone(struct view *view);

/* One that is left out, or the output's own picture, has brought something. True: it is time to see
 * whether the picture below can be read now. */
bool view_stack_retry(struct view_stack *stack);

/* ---- view_cursor.c ---- */

/* Gives the cursor to the output, as large as it is in this place, or takes it away where `shown`
 * is false. Does a plane take it? Only one of the views of an output can have it. */
bool view_give_cursor(struct view *view, const struct place *place, bool shown);

/* Is it that one, and may a plane have its cursor as it lies? */
bool view_may_point(const struct view *view);

/* Finds out who of them that is, with another verdict for those for whom it is not as it was, but
 * for the one that asks (or NULL), which has it judged by itself. True: there was one. */
bool view_stack_pass_cursor(struct view_stack *stack, struct view *asking);

/* It is a layer no longer: nobody has the plane. */
void view_stack_drop_cursor(struct view_stack *stack, const struct view *view);

/* The picture is about to be shown with the cursor drawn into it: none is on the plane any more. */
void view_stack_clear_plane(struct view_stack *stack);

/* Wakes up late before the next vblank, when a frame that could take the cursor with it would have
 * come. */
void view_schedule_late(struct view *view);

#endif
