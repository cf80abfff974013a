/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * An output from inside kms/: a connector, the state that the kernel has of it, and the frames on
 * their way: pending ▶ queued ▶ current. Frames are moved by output.c alone, its cursor by
 * output_cursor.c; modeset.c turns outputs on and off, device.c brings the page-flip events and
 * tells the listener what is noted here.
 */
#ifndef KMS_OUTPUT_H
#define KMS_OUTPUT_H

#include "buffer.h"
#include "connector.h"
#include "cursor.h"
#include "damage.h"
#include "mode.h"
#include "request.h"
#include "state.h"
#include "verdict.h"

#include <kms.h>

struct kms_output_frame {
	uint64_t serial; /* 0: none of the caller's */
	struct kms_buffer *buffer; /* a reference; NULL: there is no frame here */
	struct kms_placement placement;
};

void kms_output_frame_clear(struct kms_output_frame *frame);

struct kms_output {
	struct kms_card *card;
	struct kms_connector connector;
	bool seen; /* by the probe that is under way */

	/* What was configured. */
	bool wanted;
	bool keep_picture;
	struct kms_mode_wishes wishes;
	size_t step; /* of the modes that it can be tried with, this one is to be lit */
	bool refused; /* a mode set for it was refused: see kms_outputs_forgive() */

	/* What runs: the kernel's state after the last accepted commit. */
	bool on; /* lit and ours */
	struct kms_state state;
	struct kms_mode_info info;
	/* A mode set waits that changes it: no frame goes before. */
	bool held;
	/* A full mode set is wanted of it, for it shows nothing though nothing of ours is wrong; and
	 * one was made since it last showed a frame. */
	bool renew;
	bool renewed;
	int64_t renew_from_us; /* a refusal asks for none before */
	int64_t renew_due_us; /* when the one that a refusal asked for is made; KMS_NEVER */

	struct kms_output_frame pending;
	struct kms_output_frame queued;
	struct kms_output_frame current;
	struct kms_damage damage; /* of the pending frame, in its buffer */
	int64_t trying_since_us; /* when the pending frame was first put off; 0: it was not */
	/* The pending frame's fences have not signalled: since when, and what waits for them. */
	int64_t waiting_since_us;
	GSource *fence_watch;

	bool damage_lost; /* a frame was dropped: the next one is shown whole */
	bool damage_refused; /* by the driver since the mode set: all are */
	struct kms_clips clips;
	struct kms_request request;
	struct kms_verdicts verdicts;
	bool doubted; /* one of them is a refusal */

	struct kms_cursor cursor;
	int64_t cursor_due_us; /* when to commit it alone; KMS_NEVER */

	/* The last page-flip event. */
	int64_t event_us; /* 0: none yet */
	uint32_t event_sequence;
	uint32_t frames_in_a_row; /* vblanks, up to that event, that each brought a frame */

	/* What the listener has not been told yet; device.c tells it from the main loop. */
	bool changed;
	int logged_error; /* the last refusal that was logged since the mode set */
	uint64_t failed_serial; /* 0: nothing failed */
	int failed_error;

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

/* Not ours any more, or not there. The newest picture is kept for when it comes back. */
void kms_output_suspend(struct kms_output *output, int error);

/* Nothing is on its way any more: the newest frame there is becomes the picture to come back to. */
void kms_output_settle(struct kms_output *output);

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
 * off behind us. Asks for one full mode set, until a frame was shown again, and for the next no sooner
 * than 10 s later: a driver that takes one picture and refuses the other is not to flicker. */
void kms_output_distrust(struct kms_output *output);

/* Length of a frame of the mode that runs, microseconds. */
int64_t kms_output_period(const struct kms_output *output);

/* ---- between output.c, output_cursor.c and output_test.c ---- */

/* No commit in flight, and nothing that must go first. */
bool kms_output_can_commit(const struct kms_output *output);

/*
 * One NONBLOCK commit of a frame (or of none), with the damage and the cursor that go with it.
 * Returns 0 or an errno.
 */
int kms_output_commit(struct kms_output *output, const struct kms_output_frame *frame);

/* Without references. */
struct kms_output_frame kms_output_frame_of(const struct kms_frame *frame);

/*
 * Would the driver show it? `can_wait`: while a commit is in flight some drivers (amdgpu) answer only
 * after it; then what is not known is left to the commit.
 */
bool kms_output_ask(struct kms_output *output, const struct kms_output_frame *frame, bool can_wait);

/* What it said: 0, or the errno of a refusal. */
void kms_output_remember(struct kms_output *output, const struct kms_output_frame *frame,
	int error);

/* The driver refused the cursor above what is shown: the listener is told to ask again. */
void kms_output_refuse_cursor(struct kms_output *output, const struct kms_layer *picture);

/* The output is idle: sets the time for a commit of the cursor alone, if something has changed. */
void kms_output_schedule_cursor(struct kms_output *output);

/* It is due. */
void kms_output_commit_cursor(struct kms_output *output);

/* An errno that is a word on what was asked, not on the card or on the moment. */
bool kms_output_is_refusal(int error);

#endif
