/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Inside of one vhost-user-gpu device: guest.c (what its messages mean; a peer comes and goes),
 * guest_firmware.c (whether its firmware draws, or its system) and guest_kept.c (a peer that a
 * predecessor of this process had). Nobody else includes this.
 */
#ifndef SCANOUTD_SCENE_GUEST_INTERNAL_H
#define SCANOUTD_SCENE_GUEST_INTERNAL_H

#include "scene/guest.h"
#include "scene/reply.h"
#include "scene/scanout.h"
#include "scene/state.h"

struct guest {
	char *name;
	struct kms_device *devices[KMS_CARDS_MAX]; /* NULL: there is none of this number now */
	void (*closing)(void *data, bool fault);
	void (*detached)(void *data);
	void *data;
	struct guest_state *state;
	struct guest_counters counters;
	struct account *account; /* borrowed */
	struct closer *closer; /* the account's */
	struct channel *channel;
	struct kept_fds *kept; /* or NULL */
	struct channel_counters past; /* of channels that are gone */
	struct replies replies;
	struct answers answers;
	struct dmabuf_gbm gbm;
	char *render_node;
	const struct guest_display *display;
	void *display_data;
	struct scanout scanouts[VHOST_USER_GPU_SCANOUTS];
	guint settling; /* the timer of a predecessor's peer, while it must be shown that we live with it; or 0 */
	uint32_t used; /* bit i: the layout knows that there is a scanout i */
	bool shows_firmware; /* guest_options.firmware */
	unsigned int patience_ms;
	guint patience; /* the timer of a firmware that is hidden; or 0 */
};

/* ---- guest.c ---- */

/* The layout hears of it, once. */
void guest_note_use(struct guest *guest, uint32_t scanout);

/* `fd` is taken over, also on failure; the state must be what its channel goes on from. */
bool guest_open_channel(struct guest *guest, int fd, GError **error);

/* ---- guest_firmware.c ---- */

void guest_firmware_init(struct guest *guest, const struct guest_options *options);
void guest_firmware_finish(struct guest *guest);

/* A display socket comes, or has gone, and what was shown by it. */
void guest_firmware_begin(struct guest *guest);
/* The firmware's time is over, or was never. */
void guest_firmware_end(struct guest *guest);
/* These are called before what they tell is done: a picture of this size is set on the scanout; one
 * is drawn; the EDID is answered; the device is stopped. */
static inline void guest_firmware_drawn(struct guest *guest)
{
	if (guest->state->firmware == FIRMWARE_UNKNOWN || guest->state->firmware == FIRMWARE_SIZED)
		guest_firmware_end(guest);
}
void guest_firmware_look(struct guest *guest, uint32_t scanout, uint32_t width, uint32_t height);
static inline void guest_firmware_set(struct guest *guest, uint32_t scanout, uint32_t width,
	uint32_t height)
{
	if (guest->state->firmware != FIRMWARE_OVER)
		guest_firmware_look(guest, scanout, width, height);
}
void guest_firmware_edid(struct guest *guest);
void guest_firmware_stopped(struct guest *guest);
/* A predecessor's peer is gone on with, and nothing of it is shown so far. */
void guest_firmware_adopt(struct guest *guest);

/* ---- guest_kept.c (guest_adopt() is here, too) ---- */

/* The peer, or its end, is nobody's fault any more. */
void guest_settle(struct guest *guest);

#endif
