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
 *   | when it comes                    | what is shown        | the answer
 *   |----------------------------------|----------------------|-----------------------------------
 *   | REPLY_FLIP: output on, buffer    | commit with its      | the page-flip event of the commit
 *   |   importable                     | damage               | that contains it
 *   | REPLY_SUPERSEDED: a flip was in  | newest pending       | the event of the commit that
 *   |   flight                         |                      | contains or supersedes it
 *   | REPLY_FENCE_TIMEOUT: copy path,  | last picture stays,  | as below once they have; after the
 *   |   the buffer's fences have not   | newest pending       | flip timeout at once, the buffer is
 *   |   signalled                      |                      | dropped, and by the timer until
 *   |                                  |                      | they have
 *   | REPLY_COPIED: copy path          | copied into the      | that commit's event
 *   |                                  | surface              |
 *   | REPLY_ALL_OUTPUTS: shown on      | each at its own pace | the last of the live ones that the
 *   |   several outputs                |                      | buffer itself is on; where all show
 *   |                                  |                      | copies, the one of the fastest
 *   | REPLY_NO_VBLANK: the driver has  | as above             | later of the event and one period
 *   |   no vblank                      |                      | after the previous answer
 *   | REPLY_OFF: no output can show it | nothing              | the pacing timer: the mode's
 *   |                                  |                      | period, last known or 60 Hz
 *   | REPLY_UNUSABLE: bad buffer,      | last picture stays   | the pacing timer; logged once per
 *   |   scanout off or ≥ 16, empty     |                      | cause
 *   |   rectangle                      |                      |
 *   | REPLY_FAILED: commit refused, or | last picture         | at once, then as the new state says
 *   |   flip timeout                   |                      | (one of several outputs, tried
 *   |                                  |                      | another way: with that commit)
 *   | REPLY_STOPPING: we stop, or hand | –                    | before the socket is closed, or the
 *   |   over, or the VMM stops the     |                      | back-end hears that they are stopped
 *   |   device's queues                |                      |
 *   | REPLY_EARLY: copied although it  | the copy, ours, with | when the frame before it is on the
 *   |   could go direct, or as above;  | the next flip        | glass (no vblank: and a period after
 *   |   several scanouts are drawn on  |                      | that scanout's last answer); at once
 *   |   (answers.h)                    |                      | where it is
 *   | (peer is gone)                   | –                    | none: frames_unanswered
 *
 * UPDATE (pixels) has no answer.
 */
#ifndef SCANOUTD_SCENE_GUEST_H
#define SCANOUTD_SCENE_GUEST_H

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

#include "kms.h"
#include "scene/answers.h"
#include "scene/guest_state.h"
#include "scene/picture_spec.h"
#include "vhost_user_gpu.h"
#include "wire/channel.h"

struct account;
struct guest;
struct kept_fds;
struct source;

struct guest_options {
	const char *name;
	struct account *account; /* outlives the guest; or NULL */
	/* With the state, what a successor of this process goes on with; outlives the guest; or
	 * NULL. */
	struct kept_fds *kept;
	/* A buffer that must be copied may take so long to be finished, as
	 * kms_device_options.flip_timeout_ms. 0: KMS_FLIP_TIMEOUT_MS. */
	unsigned int flip_timeout_ms;
	enum answers_mode answers;
	enum firmware_pictures firmware; /* what becomes of them (guest_firmware.c) */
	unsigned int firmware_patience_ms; /* for which they are hidden at most; 0: 60000 */
	/* The peer has left, or broken the protocol (`fault`): what it showed is still there, and
	 * will not be when `detached` is called. May be NULL. */
	void (*closing)(void *data, bool fault);
	/* The peer closed the display socket, or broke the protocol; not called for guest_detach().
	 * The guest is ready for the next guest_attach(). May be NULL. */
	void (*detached)(void *data);
	void *data;
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
	/* What it draws from now on is not to be seen (true), or is again. Each in turn, true first;
	 * while no picture of it is being handled, so that views may be taken and given. */
	void (*hidden)(void *data, struct guest *guest, bool hidden);
};

/* Set by the layout. Until then the guest is told that nothing is connected. */
void guest_set_display(struct guest *guest, const struct guest_display *display, void *data);

/* What scanout 0 to 15 shows, for at most GUEST_VIEWS_MAX views at one time. Lives as long as the
 * guest. */
struct source *guest_source(struct guest *guest, uint32_t scanout);

/*
 * The card of this number, below KMS_CARDS_MAX, went (NULL) or came, at any time; there is none at
 * first. All views of the guest on it are removed before, and views on the new one are added after.
 * What was imported into the old card is dropped, before it is destroyed; the dma-bufs are kept, so
 * that new views show the picture without a word from the guest.
 */
void guest_set_device(struct guest *guest, uint32_t card, struct kms_device *device);

/* A display socket came; taken over. An earlier one is closed first. */
void guest_attach(struct guest *guest, int fd);

/*
 * A predecessor's display socket, taken over: goes on with what is in the state and among the kept
 * fds. What was shown is shown, who waits is answered. Once, in the place of the first
 * guest_attach(), when there is a layout. False: it cannot; the socket is closed and the state is
 * that of a new guest.
 */
bool guest_adopt(struct guest *guest, int fd, GError **error);

/* We end, and our successor adopts it: the display socket is closed, but the connection stays.
 * After guest_stop(); guest_destroy() is next. */
void guest_leave(struct guest *guest);

/* The VMM has gone: the display socket is closed, surfaces and dma-bufs are freed, and the
 * views keep its last picture, in whose place the layout puts another. */
void guest_detach(struct guest *guest);

/*
 * The relay's word on the device's queues (relay_listener.running): while they are stopped, as they
 * are when the guest has reset the device, a scanout that goes, or went just before, is not one
 * that the guest has switched off: it is gone, as with guest_detach(). Who waits for an answer has
 * it before this returns: a machine that is paused may be saved then. A guest that is attached is
 * taken for running.
 */
void guest_set_running(struct guest *guest, bool running);

bool guest_attached(const struct guest *guest);

/* A picture of it is shown, which is no firmware's that is hidden; and has one been, by us or by the
 * process that it goes on after? */
void guest_note_shown(struct guest *guest);
bool guest_was_shown(const struct guest *guest);
const struct guest_counters *guest_counters(const struct guest *guest);
/* Of all display sockets so far. */
struct channel_counters guest_channel_counters(const struct guest *guest);

#endif
