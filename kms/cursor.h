/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The cursor of an output: a plane, two buffers that take turns, and when to commit it. A change
 * goes with the next frame's commit; alone only late in the frame (design 8), since a commit of its
 * own would keep out a frame that comes right after. Part of an output; called by output.c,
 * and by modeset.c, which gives it its plane.
 */
#ifndef KMS_CURSOR_H
#define KMS_CURSOR_H

#include "commit.h"

#include <kms.h>

enum kms_cursor_verdict {
	KMS_CURSOR_UNTESTED,
	KMS_CURSOR_TAKEN,
	KMS_CURSOR_REFUSED, /* until the next mode set */
};

struct kms_cursor {
	struct kms_plane *plane; /* a cursor plane, or an overlay in its place; NULL: none */
	struct kms_buffer *buffers[2];
	unsigned int shown; /* the buffer that the last commit used: the other may be drawn */
	enum kms_cursor_verdict verdict;

	/* What is wanted. */
	uint32_t *pixels; /* of the image; KMS_CURSOR_SIZE squared */
	bool visible;
	int32_t x;
	int32_t y;
	uint32_t hot_x;
	uint32_t hot_y;
	bool dirty; /* something differs from what was committed */
	bool image_dirty; /* and the image is among it */

	/* What the kernel has. */
	bool lit;

	/* What the request that is being built will make of it. */
	bool next_lit;
	unsigned int next_shown;
	bool next_image;

	int64_t due_us; /* when to commit alone; KMS_NEVER */
};

void kms_cursor_init(struct kms_cursor *cursor);
void kms_cursor_finish(struct kms_cursor *cursor);

/* After a mode set, which turned every cursor off: another plane perhaps, verdicts are void. */
void kms_cursor_set_plane(struct kms_output *output, struct kms_plane *plane);

/* Would a commit now change anything of the cursor? */
bool kms_cursor_has_change(const struct kms_output *output);

/* Adds what has changed; the output is not busy. False: nothing has. */
bool kms_cursor_add(struct kms_output *output, struct kms_request *request);

/* The request was accepted. */
void kms_cursor_committed(struct kms_output *output);

/* The request was refused because of the cursor: hides it; the listener is told to ask again. */
void kms_cursor_refuse(struct kms_output *output);

/* The output is idle: sets the time for a commit of its own, if something has changed. */
void kms_cursor_schedule(struct kms_output *output);

#endif
