/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * An output from inside kms/: a connector, the CRTC that drives it, its planes, and the frames on
 * their way: pending ▶ queued ▶ current. Frames are moved by output.c alone; modeset.c turns
 * outputs on and off, device.c brings the page-flip events.
 */
#ifndef KMS_OUTPUT_H
#define KMS_OUTPUT_H

#include "buffer.h"
#include "commit.h"
#include "connector.h"
#include "cursor.h"
#include "mode.h"

#include <kms.h>

struct kms_output_frame {
	uint64_t serial; /* 0: none of the caller's */
	struct kms_buffer *buffer; /* a reference; NULL: there is no frame here */
	struct kms_placement placement;
};

void kms_output_frame_clear(struct kms_output_frame *frame);

/* What the driver said of a layout at a place. A guest's buffer that it refuses, wherever that
 * lies, says nothing of ours. */
struct kms_verdict {
	struct kms_layout layout;
	struct kms_placement placement;
	bool dumb;
	bool known;
	bool accepted;
};

#define KMS_VERDICTS_MAX 8

struct kms_output {
	struct kms_device *device;
	struct kms_connector connector;
	bool seen; /* by the probe that is under way */

	/* What was configured. */
	bool wanted;
	bool keep_picture;
	struct kms_mode_wish wish;
	bool asked_anew; /* by the last kms_device_configure(): not what was asked before that */
	bool refused; /* a mode set for it was refused: not tried again until the connector changes */

	/* What runs: the kernel's state after the last accepted mode set. */
	bool on;
	struct kms_crtc *crtc; /* NULL: off */
	struct kms_plane *primary; /* NULL: off */
	struct kms_cursor cursor;
	drmModeModeInfo mode;
	uint32_t mode_blob;
	struct kms_mode_info info;

	struct kms_output_frame pending;
	struct kms_output_frame queued;
	struct kms_output_frame current;
	struct kms_rect damage[KMS_DAMAGE_MAX]; /* of the pending frame, in its buffer … */
	size_t damage_count; /* … 0: all of it */
	int64_t trying_since_us; /* when the pending frame was first put off; 0: it was not */

	/* The primary plane's place as last committed; unknown after a takeover. */
	struct kms_placement placed;
	bool is_placed;
	bool damage_lost; /* a frame was dropped: the next one is shown whole */
	bool damage_refused; /* by the driver since the mode set: all are */

	struct kms_request request;
	struct drm_mode_rect clips[KMS_DAMAGE_MAX]; /* what damage_blob holds */
	size_t clip_count;
	uint32_t damage_blob;

	struct kms_verdict verdicts[KMS_VERDICTS_MAX];
	size_t next_verdict;

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

struct kms_output *kms_output_create(struct kms_device *device);
void kms_output_destroy(struct kms_output *output);

/* Called when the state of `output` changed: its listener hears of it from the main loop. */
void kms_output_note_change(struct kms_output *output);

/* Of an output that is off: settles what kms_output_mode() says, by what was asked for. False where
 * its monitor has no such mode. */
bool kms_output_guess_mode(struct kms_output *output, GError **error);

/* What is pending or queued will not be shown: reported once, from the main loop. */
void kms_output_fail(struct kms_output *output, int error);

/* Not ours any more, or not there. The newest picture is kept for when it comes back. */
void kms_output_suspend(struct kms_output *output, int error);

/* Nothing is on its way any more: the newest frame there is becomes the picture to come back to. */
void kms_output_settle(struct kms_output *output);

/* What it waited for is over: commits the frame that is pending, or has the cursor's commit
 * come. */
void kms_output_advance(struct kms_output *output);

/* A page-flip event of its CRTC: queued becomes current, and the next commit is made. */
void kms_output_flipped(struct kms_output *output, const struct kms_presentation *presentation);

/* Its cursor is due. */
void kms_output_commit_cursor(struct kms_output *output);

/* A mode set was accepted for it: what was known of planes and verdicts is void. */
void kms_output_forget_state(struct kms_output *output);

/* Length of a frame of the mode that runs, microseconds. */
int64_t kms_output_period(const struct kms_output *output);

#endif
