/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One vhost-user-gpu device: its 16 scanouts, its cursors, and who gets a reply, and when.
 *
 * Owns the channel (wire/channel.h) of the display socket that a door or the relay hands in, the
 * surfaces that pixel updates go into, and the imported dma-bufs. Shows what it has through the
 * views (scene/view.h) that the layout gave it. Made by main for each [guest] section; lives as
 * long as the daemon, through any number of display sockets.
 *
 * The reply table. A DMABUF_UPDATE blocks the guest until it is answered: exactly once, in order.
 *
 *   | when it comes                                    | what is shown          | the answer
 *   |--------------------------------------------------|------------------------|------------------------------------
 *   | REPLY_FLIP: output on, buffer importable         | commit with its damage | the page-flip event of the commit that contains it
 *   | REPLY_SUPERSEDED: a flip was in flight           | newest pending         | the event of the commit that contains or supersedes it
 *   | REPLY_COPIED: copy path                          | copied into the surface| that commit's event
 *   | REPLY_ALL_OUTPUTS: shown on several outputs      | each at its own pace   | the last of the live ones
 *   | REPLY_NO_VBLANK: the driver has no vblank        | as above               | later of the event and one period after the previous answer
 *   | REPLY_OFF: no output can show it                 | nothing                | the pacing timer: the mode's period, last known or 60 Hz
 *   | REPLY_UNUSABLE: bad buffer, scanout off or ≥ 16, | last picture stays     | the pacing timer; logged once per cause
 *   |   empty rectangle                                |                        |
 *   | REPLY_FAILED: commit refused, or flip timeout    | last picture           | at once, then as the new state says
 *   | REPLY_STOPPING: we stop, or hand over            | –                      | before the socket is closed
 *   | (peer is gone)                                   | –                      | none; forgotten
 *
 * UPDATE (pixels) has no answer.
 */
#ifndef SCANOUTD_SCENE_GUEST_H
#define SCANOUTD_SCENE_GUEST_H

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

#include "kms.h"
#include "scene/copy.h"
#include "vhost_user_gpu.h"
#include "wire/channel.h"

struct guest;
struct view;

enum guest_reply {
	REPLY_FLIP,
	REPLY_SUPERSEDED,
	REPLY_COPIED,
	REPLY_ALL_OUTPUTS,
	REPLY_NO_VBLANK,
	REPLY_OFF,
	REPLY_UNUSABLE,
	REPLY_FAILED,
	REPLY_STOPPING,
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
	uint64_t frames_copied[COPY_REASONS];
	uint64_t replies[REPLY_KINDS];
	uint64_t reply_latency[GUEST_LATENCY_BUCKETS];
	uint64_t cursor_moves;
	uint64_t cursor_images;
	uint64_t attached; /* display sockets so far */
};

/* Outputs that show one scanout. */
#define GUEST_VIEWS_MAX 16

/* What is on the glass before the first frame, and after the guest has gone. */
enum guest_idle_picture {
	GUEST_IDLE_BLACK,
	GUEST_IDLE_LAST,
};

struct guest_options {
	const char *name;
	enum guest_idle_picture after;
	struct kms_device *device; /* where dma-bufs are imported */
	/* The peer closed the display socket, or broke the protocol; not called for guest_detach().
	 * The guest is ready for the next guest_attach(). May be NULL. */
	void (*detached)(void *data);
	void *data;
};

/*
 * All of a guest that a successor needs (design 13): plain data in shared memory, no pointers.
 * Zeroed for a new guest. The memfds of surfaces travel beside it.
 */
struct guest_state {
	struct channel_state channel;
	struct guest_scanout_state {
		uint32_t content; /* enum scanout_content of scanout.h */
		uint32_t width; /* of what is shown, pixels */
		uint32_t height;
		struct channel_dmabuf dmabuf;
		uint32_t cursor_visible;
		int32_t cursor_x;
		int32_t cursor_y;
		uint32_t cursor_hot_x;
		uint32_t cursor_hot_y;
		uint32_t cursor_pixels[VHOST_USER_GPU_CURSOR_SIZE * VHOST_USER_GPU_CURSOR_SIZE];
	} scanouts[VHOST_USER_GPU_SCANOUTS];
	/* DMABUF_UPDATEs that wait for their answer, oldest first. */
	uint32_t waiting_count;
	struct guest_waiting {
		uint32_t scanout;
		uint32_t reply; /* enum guest_reply, as far as known */
		uint32_t views; /* bit i: the scanout's view i has not shown it yet */
		uint32_t paced; /* the pacing timer answers it, a period after the last answer */
		uint32_t period_us; /* of the scanout's mode */
		uint32_t padding;
		int64_t since_us;
		uint64_t serials[GUEST_VIEWS_MAX]; /* view i shows it with this frame */
	} waiting[CHANNEL_REPLIES_MAX];
	int64_t last_reply_us; /* as the next paced one counts it: of a flip, the vblank's time */
};

/* `state` is the caller's and outlives the guest. */
struct guest *guest_create(const struct guest_options *options, struct guest_state *state);
/* We stop: answers who waits. No message is read any more if guest_destroy() is next; between the
 * two the counters can be read. */
void guest_stop(struct guest *guest);
/* Answers who waits, closes the display socket. Takes NULL. */
void guest_destroy(struct guest *guest);

const char *guest_name(const struct guest *guest);

/* What the guest is told about its outputs: asked at GET_DISPLAY_INFO and GET_EDID. */
struct guest_display {
	/* Fills in pmodes[]; `info` comes with its header, else zeroed. Little-endian. */
	void (*info)(void *data, struct guest *guest, struct virtio_gpu_resp_display_info *info);
	/* Bytes of the EDID, at most VIRTIO_GPU_EDID_MAX; 0: there is none. */
	uint32_t (*edid)(void *data, struct guest *guest, uint32_t scanout, uint8_t *edid);
	/* The guest has asked for the scanout's EDID or shows something on it: there is such a
	 * scanout. Called once a scanout. */
	void (*used)(void *data, struct guest *guest, uint32_t scanout);
};

/* Set by the layout. Until then the guest is told that nothing is connected. */
void guest_set_display(struct guest *guest, const struct guest_display *display, void *data);

/* The scanout is shown by this view as well, of at most GUEST_VIEWS_MAX; at start, before
 * guest_attach(). */
void guest_add_view(struct guest *guest, uint32_t scanout, struct view *view);

/* A display socket came; taken over. An earlier one is closed first. */
void guest_attach(struct guest *guest, int fd);

/* The VMM has gone: the display socket is closed, surfaces and dma-bufs are freed, and the views
 * show what `after` says. */
void guest_detach(struct guest *guest);

bool guest_attached(const struct guest *guest);
const struct guest_counters *guest_counters(const struct guest *guest);
/* Of all display sockets so far. */
struct channel_counters guest_channel_counters(const struct guest *guest);

#endif
