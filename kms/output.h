/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * An output from inside kms/: a connector, the state that the kernel has of it, and the frames on
 * their way, layer by layer: pending ▶ queued ▶ current. Frames come by output_frame.c, are committed by
 * output_commit.c and moved on by output.c; its cursor is output_cursor.c's. modeset.c turns
 * outputs on and off, device.c brings the page-flip events and tells the listener what is noted
 * here.
 */
#ifndef KMS_OUTPUT_H
#define KMS_OUTPUT_H

#include "buffer.h"
#include "connector.h"
#include "cursor.h"
#include "damage.h"
#include "mode.h"
#include "request.h"
#include "settings.h"
#include "stack.h"
#include "state.h"
#include "verdict.h"

#include <kms.h>

struct kms_output_frame {
	uint64_t serial; /* 0: none of the caller's */
	struct kms_buffer *buffer; /* a reference; NULL: there is no frame here */
	struct kms_placement placement;
};

static inline void kms_output_frame_clear(struct kms_output_frame *frame)
{
	kms_buffer_unref(frame->buffer);
	frame->buffer = NULL;
	frame->serial = 0;
}

static inline void kms_output_frame_move(struct kms_output_frame *to, struct kms_output_frame *from)
{
	kms_buffer_let_go(to->buffer);
	*to = *from;
	from->buffer = NULL;
	from->serial = 0;
}

/* The frames of one of its layers, on their way. */
struct kms_output_layer {
	struct kms_output *output;
	enum kms_layer_kind kind; /* which of the state's layers they go to */

	struct kms_output_frame pending;
	struct kms_output_frame queued;
	struct kms_output_frame current;
	struct kms_damage damage; /* of the pending frame, in its buffer */
	bool damage_lost; /* a frame was dropped: the next one is shown whole */
	struct kms_clips clips;
	/* The pending frame's fences have not signalled: since when, and what waits for them. */
	int64_t waiting_since_us;
	GSource *fence_watch;

	/* What its owner has not been told yet; serials are 0 for nothing. */
	uint64_t failed_serial;
	int failed_error;
	uint64_t shown_serial; /* of a layer above the picture, of the event that is being told */
	uint64_t dropped_serial; /* to be reported when what is queued was shown; 0: none */
	int64_t shown_us; /* the event of its last frame, where there are several; 0: none */

	/* Of a layer above the picture, as it was arranged. */
	struct kms_layer_listener listener;
	void *data;
	struct kms_plane *plane; /* NULL: it has none, and goes from the one that it is on */
	uint16_t zpos;
	uint8_t blend;
	uint16_t alpha;
	size_t place; /* in the stack that was arranged */
	struct kms_stack_member kind_of_frames;
	bool leaving; /* destroyed, and the screen may still have it */
};

struct kms_output {
	struct kms_card *card;
	struct kms_connector connector;
	bool seen; /* by the probe that is under way */

	/* What was configured. */
	bool wanted;
	bool keep_picture;
	bool keep_layers;
	bool keep_cursor;
	void (*paint)(void *data, struct kms_output *output,
		struct kms_buffer *buffer); /* or NULL */
	void *paint_data;
	struct kms_mode_wishes wishes;
	struct kms_output_settings settings;
	bool vrr_auto; /* frames decide whether the refresh rate varies */
	int64_t vrr_frame_us; /* when the last one was committed, or the mode set */
	size_t step; /* of the modes that it can be tried with, this one is to be lit */
	bool refused; /* a mode set for it was refused: see kms_outputs_forgive() */

	/* What runs: the kernel's state after the last accepted commit. */
	bool on; /* lit and ours */
	struct kms_state state;
	struct kms_mode_info info;
	/* A mode set waits that changes it: no frame goes before. */
	bool held;
	bool batched; /* between kms_output_begin() and kms_output_end() */
	/* A full mode set is wanted of it, for it shows nothing though nothing of ours is wrong;
	 * and one was made since it last showed a frame. */
	bool renew;
	bool renewed;
	int64_t renew_from_us; /* a refusal asks for none before */
	int64_t renew_due_us; /* when the one that a refusal asked for is made; KMS_NEVER */

	struct kms_output_layer layers[KMS_LAYER_CURSOR]; /* by enum kms_layer_kind */
	uint32_t shown; /* the set of them that there are: the picture, and others above it */
	int64_t trying_since_us; /* when pending frames were first put off; 0: they were not */

	bool damage_refused; /* by the driver since the mode set: all are */
	struct kms_request request;
	struct kms_verdicts verdicts;
	bool doubted; /* one of them is a refusal */

	/* Its layers above the picture: what was arranged, and what is known of that. */
	struct kms_stacks stacks;
	struct kms_stack_answer *arranged; /* one of the stacks' answers; NULL */
	uint16_t picture_zpos;
	bool rearranged; /* a commit has to move or turn off planes, if no frame of theirs does */
	bool has_former; /* planes show what a previous master left there, or did until the flip
			    that is in flight (output_former.c) */
	bool lacks_plane; /* one that another CRTC has would serve, or let the driver take what it denies */
	int64_t gather_due_us; /* until then frames wait for those of other layers; KMS_NEVER */

	struct kms_cursor cursor;
	int64_t cursor_due_us; /* when to commit it alone; KMS_NEVER */

	/* The last page-flip event. */
	int64_t event_us; /* 0: none yet */
	uint32_t event_sequence;
	uint32_t frames_in_a_row; /* vblanks, up to that event, that each brought a frame */

	/* What the listener has not been told yet; device.c tells it from the main loop. */
	bool changed;
	int logged_error; /* the last refusal that was logged since the mode set */

	struct kms_output_counters counters;
};

struct kms_output *kms_output_create(struct kms_card *card);
void kms_output_destroy(struct kms_output *output);

/* Called when the state of `output` changed: its listener hears of it from the main loop. */
void kms_output_note_change(struct kms_output *output);

/* Of an output that is off: settles what kms_output_mode() says, by what was asked for. */
void kms_output_guess_mode(struct kms_output *output);

/*
 * The mode that it is to be lit with, `later` steps on in the order of those that it can be tried
 * with. `current`: what runs on its connector, or NULL. False where there is none any more.
 */
bool kms_output_candidate(const struct kms_output *output, const drmModeModeInfo *current,
	size_t later, drmModeModeInfo *mode);

/* What is pending or queued will not be shown: reported once, from the main loop. */
void kms_output_fail(struct kms_output *output, int error);

/* What is pending or queued is no more; what failed before is still reported. */
void kms_output_drop_frames(struct kms_output *output);

/* Not ours any more, or not there. The newest picture is kept for when it comes back. */
void kms_output_suspend(struct kms_output *output, int error);

/* What it waited for is over: commits the frame that is pending, or has the cursor's commit
 * come. */
void kms_output_advance(struct kms_output *output);

/*
 * A page-flip event of its CRTC: queued becomes current. Returns the serial that is on the glass
 * now, or 0 for none of the caller's. kms_output_advance() is to follow.
 */
uint64_t kms_output_flipped(struct kms_output *output, const struct kms_presentation *presentation);

/* Commits its cursor if that is due, and gives up a frame that waits for fences for too long. */
void kms_output_run_deadlines(struct kms_output *output, int64_t now_us);

/* A mode set was accepted for it: what was known of planes and verdicts is void. */
void kms_output_forget_state(struct kms_output *output);

/* A plain picture of ours is refused, or a cursor that was taken before: somebody switched the CRTC
 * off behind us. Asks for one full mode set, until a frame was shown again, and for the next no
 * sooner than 10 s later: a driver that takes one picture and refuses the other is not to
 * flicker. */
void kms_output_distrust(struct kms_output *output);

/* Length of a frame of the mode that runs, microseconds: the shortest, where the refresh rate
 * varies. */
int64_t kms_output_period(const struct kms_output *output);

/* Whether the refresh rate varies (output_vrr.c). A mode set was accepted for it. */
void kms_output_vrr_start(struct kms_output *output);

/* Is it to vary with this commit, which brings a frame or none? For `vrr_auto` alone. */
bool kms_output_vrr_choose(struct kms_output *output, bool frame);

/* The driver takes no commit that changes it, but mode sets. */
void kms_output_vrr_refuse(struct kms_output *output);

/* When the monitor shows its picture again by itself if nothing comes, as far as it is worth
 * waiting for: after a period of the mode, or, where the rate varies, of the slowest rate. */
int64_t kms_output_longest_period(const struct kms_output *output);

/* How long before a vblank what can wait is committed: frames have had most of their time to
 * come. */
#define KMS_LEAD_US 4000
static inline int64_t kms_output_lead(const struct kms_output *output)
{
	return MIN(KMS_LEAD_US, kms_output_period(output) / 2);
}

/* The picture's frames. */
static inline struct kms_output_layer *kms_output_picture(struct kms_output *output)
{
	return &output->layers[KMS_LAYER_PICTURE];
}

/* ---- layers above the picture ---- */

/* The output cannot show them as they were arranged any more: their frames fail, their planes are
 * free. */
void kms_output_void_layers(struct kms_output *output, int error);

/* What the kernel shows has changed: planes that are off are free, layers that were destroyed are
 * no more. */
void kms_output_settle_layers(struct kms_output *output);

/* A page-flip event: what was queued is current, and its serials are noted to be told. True: there
 * was a frame. */
bool kms_output_layers_flipped(struct kms_output *output,
	const struct kms_presentation *presentation);

/* For device.c, from the main loop: tells their owners what was noted. */
void kms_output_tell_layers(struct kms_output *output, const struct kms_presentation *presentation);
void kms_output_tell_failed_layers(struct kms_output *output);

/* Makes the layer of a state what its frames are to be on. */
void kms_output_layer_fill(const struct kms_output_layer *layer, struct kms_layer *next);

/* Adds to a flip what has to change of planes, besides the frames that it has. */
void kms_output_add_planes(const struct kms_output *output, struct kms_flip *flip);

/* Turns them all off in a flip. */
void kms_output_add_layers_off(const struct kms_output *output, struct kms_flip *flip);

/* Another cursor's plane, perhaps: an overlay is no other output's, and no layer's, while the
 * cursor is hidden. */
void kms_output_reserve_cursor(struct kms_output *output);

/* The driver refuses frames of these layers as they were arranged: they are not arranged so again,
 * and the listener is told to ask. */
void kms_output_deny_layers(struct kms_output *output, uint32_t layers);

/* Is a layer above the picture to be on a plane? */
bool kms_output_has_planes(const struct kms_output *output);

/* Have these frames to wait, because a layer that shows frames lately has none yet? Not beyond the
 * last moment for the next vblank. */
bool kms_output_gathers(struct kms_output *output, uint32_t frames);

/*
 * How long from now until that last moment, a little before the vblank; negative after it. What
 * comes later may hit the vblank, or not. `period_us`: how long a frame is taken for.
 */
int64_t kms_output_time_left(const struct kms_output *output, int64_t now_us, int64_t period_us);

/* Is a layer of the output to be on this plane? */
bool kms_output_is_arranged(const struct kms_output *output, const struct kms_plane *plane);

/* ---- what a previous master left on planes above the picture ---- */

/* One that can stay as it is beside a picture that is kept. */
bool kms_plane_can_stay(const struct kms_card *card, const struct kms_plane *plane);

/* A mode set was accepted, or a flip is over: which planes are such ones has changed. */
void kms_output_note_former(struct kms_output *output);

/* May a layer of the output that lies there have the plane, and is it the one that must have been
 * on it? */
bool kms_output_may_use(const struct kms_output *output, const struct kms_plane *plane,
	const struct kms_rect *destination);
bool kms_output_was_on(const struct kms_output *output, const struct kms_plane *plane,
	const struct kms_rect *destination);

/* Has a commit to turn some of them off, if no frame does? */
bool kms_output_former_is_due(const struct kms_output *output);

/* Adds to a flip, whose layers are chosen, those that go with it: `all` of them, or where the
 * picture is ours those that nobody is awaited on. */
void kms_output_add_former_off(const struct kms_output *output, struct kms_flip *flip, bool all);

/* The flip was accepted, and these went with it. */
void kms_output_former_applied(struct kms_output *output, uint64_t off);

/* ---- between output.c and the other files of the output ---- */

/* A frame of a layer that was judged: copied, and committed if it can be. */
enum kms_submit kms_output_take_frame(struct kms_output_layer *layer,
	const struct kms_output_frame *next, const struct kms_frame *frame);

/* No commit in flight, and nothing that must go first. */
static inline bool kms_output_can_commit(const struct kms_output *output)
{
	return output->on && output->card->records.state == KMS_DEVICE_READY &&
		!output->state.crtc->busy && !output->held && !output->batched;
}

/* A commit is in flight. */
static inline bool kms_output_in_flight(const struct kms_output *output)
{
	return output->state.crtc && output->state.crtc->busy;
}

/* Or what a previous master left there. */
static inline bool kms_output_has_layers(const struct kms_output *output)
{
	return output->shown != KMS_LAYER_BIT(KMS_LAYER_PICTURE) || output->has_former;
}

/* The layers whose frames the driver did not take, and its errno; 0: it took what there was. */
struct kms_output_refusal {
	uint32_t layers;
	int error;
};

/*
 * One NONBLOCK commit of the pending frames of these layers (or of none), with the damage and the
 * cursor that go with them. Where it was made, but for a frame or two that had to be left out,
 * *refusal says so. Returns 0 or an errno.
 */
int kms_output_commit(struct kms_output *output, uint32_t frames,
	struct kms_output_refusal *refusal);

/* Commits of these layers' pending frames what can go now: it becomes queued, or stays to be tried
 * again. Frames that were refused are still there, and not yet reported. */
struct kms_output_refusal kms_output_commit_pending(struct kms_output *output, uint32_t layers);

/* The set of layers that have a pending frame. */
uint32_t kms_output_all_pending(const struct kms_output *output);
static inline uint32_t kms_output_pending(const struct kms_output *output)
{
	/* Most outputs have no other. */
	if (output->shown == KMS_LAYER_BIT(KMS_LAYER_PICTURE))
		return output->layers[KMS_LAYER_PICTURE].pending.buffer != NULL;
	return kms_output_all_pending(output);
}

/* Without references. */
static inline struct kms_output_frame kms_output_frame_of(const struct kms_frame *frame)
{
	return (struct kms_output_frame){
		.serial = frame->serial,
		.buffer = frame->buffer,
		.placement =
			{
				.source = frame->source,
				.destination = frame->destination,
				.transform = frame->transform,
			},
	};
}

/* Has nobody a fence on its pending frame any more? Else it is looked at again when they signal,
 * and given up after the flip timeout. */
bool kms_output_layer_look(struct kms_output_layer *layer, bool ready);
static inline bool kms_output_layer_is_ready(struct kms_output_layer *layer)
{
	bool ready = kms_buffer_is_ready(layer->pending.buffer);

	return ready && !layer->waiting_since_us ? true : kms_output_layer_look(layer, ready);
}

/* Nothing waits for fences any more. */
void kms_output_layer_stop_waiting(struct kms_output_layer *layer);

/* The pending frame is another one from now on, whose fences are to be looked at. */
static inline void kms_output_layer_unwatch(struct kms_output_layer *layer)
{
	if (!layer->fence_watch)
		return;
	g_source_destroy(layer->fence_watch);
	g_clear_pointer(&layer->fence_watch, g_source_unref);
}

/* Gives up a pending frame that waits for fences for too long. */
void kms_output_layer_run_deadline(struct kms_output_layer *layer, int64_t now_us);

/* The blob of the pending frame's damage, which is not all, on a plane that takes one; 0: all of
 * it, since what the screen had before says nothing of a part. */
uint32_t kms_output_layer_damage(struct kms_output_layer *layer);

/* The frames up to `serial` will not be shown: reported once, from the main loop. */
void kms_output_layer_note_failure(struct kms_output_layer *layer, uint64_t serial, int error);

/* All that is pending or queued will not be. */
void kms_output_layer_fail(struct kms_output_layer *layer, int error);

/*
 * Would the driver show it? `can_wait`: while a commit is in flight some drivers (amdgpu) answer
 * only after it; then what is not known is left to the commit.
 */
bool kms_output_judge(struct kms_output *output, const struct kms_output_frame *frame,
	bool can_wait);
static inline bool kms_output_ask(struct kms_output *output, const struct kms_output_frame *frame,
	bool can_wait)
{
	const struct kms_layer *shown = &output->state.layers[KMS_LAYER_PICTURE];

	/* What is on the screen was taken, and nothing has been refused since: a guest that draws
	 * into the same buffer again. */
	if (shown->buffer == frame->buffer && !shown->kept && !output->doubted &&
		kms_placement_equal(&shown->placement, &frame->placement))
		return true;
	return kms_output_judge(output, frame, can_wait);
}

/* What it said: 0, or the errno of a refusal. */
void kms_output_remember(struct kms_output *output, const struct kms_output_frame *frame,
	int error);

/* The driver refused the cursor above what is shown: the listener is told to ask again. */
void kms_output_refuse_cursor(struct kms_output *output, const struct kms_layer *picture);

/* The output is idle: sets the time for a commit of the cursor alone, if something has changed. */
void kms_output_schedule_change(struct kms_output *output);

/* Is the cursor a part of a commit with these frames? That of a previous master is not as long as its
 * picture stays, and it is to stay, and we have none in its place. */
static inline bool kms_output_cursor_is_due(const struct kms_output *output, uint32_t frames)
{
	const struct kms_layer *now = &output->state.layers[KMS_LAYER_CURSOR];

	return kms_cursor_has_change(&output->cursor, now) &&
		(!now->kept || output->cursor.visible || !output->keep_cursor ||
			!output->state.layers[KMS_LAYER_PICTURE].kept ||
			(frames & KMS_LAYER_BIT(KMS_LAYER_PICTURE)));
}

static inline void kms_output_schedule_cursor(struct kms_output *output)
{
	if (output->cursor.dirty)
		kms_output_schedule_change(output);
}

/* It is due. */
void kms_output_commit_cursor(struct kms_output *output);

/* An errno that is a word on what was asked, not on the card or on the moment. */
bool kms_output_is_refusal(int error);

#endif
