/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Inside of one vhost-user-gpu device: guest.c (what its messages mean; a peer comes and goes) and
 * guest_kept.c (a peer that a predecessor of this process had). Nobody else includes this.
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
};

/* ---- guest.c ---- */

/* The layout hears of it, once. */
void guest_note_use(struct guest *guest, uint32_t scanout);

/* `fd` is taken over, also on failure; the state must be what its channel goes on from. */
bool guest_open_channel(struct guest *guest, int fd, GError **error);

/* ---- guest_kept.c (guest_adopt() is here, too) ---- */

/* The peer, or its end, is nobody's fault any more. */
void guest_settle(struct guest *guest);

#endif
