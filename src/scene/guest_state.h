/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a guest's parts write to: its state, and its counters. Plain data without functions, below
 * guest.c, reply.c and scanout.c, which work on it in place, and state.c, which has its memory.
 */
#ifndef SCANOUTD_SCENE_GUEST_STATE_H
#define SCANOUTD_SCENE_GUEST_STATE_H

#include <stdint.h>

#include "scene/copy.h"
#include "vhost_user_gpu.h"
#include "wire/channel.h"

/* The rows of the reply table (guest.h). */
enum guest_reply {
	REPLY_FLIP,
	REPLY_SUPERSEDED,
	REPLY_FENCE_TIMEOUT,
	REPLY_COPIED,
	REPLY_ALL_OUTPUTS,
	REPLY_NO_VBLANK,
	REPLY_OFF,
	REPLY_UNUSABLE,
	REPLY_FAILED,
	REPLY_STOPPING,
	REPLY_EARLY,
	REPLY_KINDS,
};

/* Reply latency: bucket i counts answers given within 2^i × 100 µs of the request; the last one the
 * rest. */
#define GUEST_LATENCY_BUCKETS 16

struct guest_counters {
	uint64_t frames; /* DMABUF_UPDATEs */
	uint64_t pixel_updates; /* UPDATEs that were complete */
	uint64_t pixel_bytes;
	uint64_t frames_superseded;
	uint64_t frames_unanswered; /* whose back-end went before its answer */
	uint64_t frames_copied[COPY_REASONS];
	uint64_t replies[REPLY_KINDS];
	uint64_t reply_latency[GUEST_LATENCY_BUCKETS];
	uint64_t cursor_moves;
	uint64_t cursor_images;
	uint64_t attached; /* display sockets so far */
};

/* Who draws (guest_firmware.c). */
enum firmware_phase {
	FIRMWARE_UNKNOWN, /* nobody knows: a driver begins */
	FIRMWARE_SIZED, /* as the firmware's driver begins */
	FIRMWARE_HIDDEN, /* the firmware, and its pictures are not to be seen */
	FIRMWARE_LEAVING, /* the same, and what is set next is another driver's */
	FIRMWARE_WAITING, /* the firmware, which is shown: it must be waiting for somebody */
	FIRMWARE_OVER, /* the system, or whoever it is is shown */
};

/* Outputs that show one scanout. */
#define GUEST_VIEWS_MAX 16

/* A content of a scanout (scene/scanout.h). */
struct guest_content {
	uint32_t kind; /* enum scanout_content */
	uint32_t width; /* pixels */
	uint32_t height;
	uint32_t
		frame_waits; /* its first DMABUF_UPDATE has come, and it is not shown: for its fences */
	uint64_t
		kept; /* the number of the dma-buf, or of the surface (wire/kept_fds.h); 0: there is none */
	/* Of a dma-buf: its frame is shown as a copy, and has been answered, so that the guest may
	 * draw into it; and the number of the surface that has the copy. 0: the output alone has
	 * it. */
	uint32_t answered;
	uint32_t padding;
	uint64_t copy;
	struct channel_dmabuf dmabuf;
};

/* Its fd, or memory, could not be kept: nobody can go on with it. */
#define GUEST_CONTENT_NOT_KEPT UINT64_MAX

/*
 * All of a guest that a successor needs (design 13): plain data in shared memory, no pointers.
 * Zeroed for a new guest. Dma-bufs and the memfds of surfaces lie in a queue beside it
 * (wire/kept_fds.h).
 */
struct guest_state {
	struct channel_state channel;
	struct channel_journal journal;
	uint32_t used; /* bit i: there is a scanout i */
	/* To a display socket that is there: it had another state, which nobody can read. */
	uint32_t unrelated;
	uint32_t firmware; /* enum firmware_phase */
	/* A picture of it has been shown, through whatever display socket; a build that knows
	 * nothing of that left 0 here. */
	uint32_t shown;
	struct guest_scanout_state {
		/* A frame that was answered before it was shown is not on the glass so far, where the
		 * output alone is to have it. */
		uint32_t unseen;
		uint32_t padding;
		uint32_t
			current; /* which of the next two is true: the other one is being written */
		uint32_t off; /* its guest has switched it off */
		struct guest_contents {
			struct guest_content shown;
			struct guest_content next; /* in its place from its first update on */
		} contents[2];
		uint32_t cursor_visible;
		int32_t cursor_x;
		int32_t cursor_y;
		uint32_t cursor_hot_x;
		uint32_t cursor_hot_y;
		uint32_t cursor_pixels[VHOST_USER_GPU_CURSOR_SIZE * VHOST_USER_GPU_CURSOR_SIZE];
	} scanouts[VHOST_USER_GPU_SCANOUTS];
	/* DMABUF_UPDATEs that wait for their answer, oldest first. A successor goes by
	 * channel.owed: what it shows has other serials. */
	uint32_t waiting_count;
	struct guest_waiting {
		uint32_t scanout;
		uint32_t reply; /* enum guest_reply, as far as known */
		uint32_t views; /* bit i: the scanout's view i has not shown it yet */
		uint32_t paced; /* the pacing timer answers it, a period after the last answer */
		uint32_t period_us; /* of the scanout's mode */
		uint32_t fenced; /* the fences of its buffer have not signalled */
		uint32_t early; /* it waits for the frame before it: its own is ours already */
		int64_t since_us;
		uint64_t serials[GUEST_VIEWS_MAX]; /* view i shows it with this frame */
	} waiting[CHANNEL_REPLIES_MAX];
	/* As the next paced one counts it: of a flip, the vblank's time. Of any but an early
	 * answer, … */
	int64_t last_reply_us;
	/* … and of each to that scanout, for the next early one. */
	int64_t scanout_reply_us[VHOST_USER_GPU_SCANOUTS];
};

#endif
