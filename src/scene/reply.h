/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Who waits for the answer to a DMABUF_UPDATE, and when it is given: the reply table of guest.h.
 *
 * Part of a guest, in its memory; works in place on guest_state.waiting. An entry waits for views,
 * or for the pacing timer, or is ready; the oldest is answered as soon as it is ready, since
 * answers keep the order of requests. An early one waits for the frame before it. This is the only
 * place that answers.
 */
#ifndef SCANOUTD_SCENE_REPLY_H
#define SCANOUTD_SCENE_REPLY_H

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

#include "kms.h"
#include "scene/guest_state.h"

struct replies {
	struct guest_state *state;
	struct guest_counters *counters;
	struct channel *channel; /* NULL: nobody is there */
	GSource *pacing; /* made when it is needed first */
	bool armed;
	bool unsettled; /* something changed while the newest entry was filled in */
};

void replies_init(struct replies *replies, struct guest_state *state,
	struct guest_counters *counters);
/* Forgets who waits. */
void replies_finish(struct replies *replies);

/* A new entry, which only replies_start() makes ready; its views are added to `views`. NULL: the
 * peer has more requests open than the channel lets it. */
struct guest_waiting *replies_push(struct replies *replies, uint32_t scanout, int64_t now_us);

/* The entry that was pushed last is complete: it waits for its views, or for the timer; or, where
 * it is `fenced`, for replies_resume(). */
void replies_start(struct replies *replies, int64_t now_us);

/* What the scanout's entries that are `fenced` wait for is known: `result` has views, serials and
 * reply. */
void replies_resume(struct replies *replies, uint32_t scanout, const struct guest_waiting *result);

/* … will never be shown, its fences did not signal in time: REPLY_FENCE_TIMEOUT, at once. */
void replies_give_up(struct replies *replies, uint32_t scanout);

/* View `view` of the scanout has its updates up to `serial` on the glass. */
void replies_presented(struct replies *replies, uint32_t scanout, uint32_t view, uint64_t serial,
	const struct kms_presentation *presentation);

/* … will never show them: REPLY_FAILED, at once. */
void replies_failed(struct replies *replies, uint32_t scanout, uint32_t view, uint64_t serial);

/* The view's output went off: what waited for it waits for the others, or for the timer. */
void replies_view_off(struct replies *replies, uint32_t scanout, uint32_t view);

/* Answers all, at once: we stop, or the guest's device does. */
void replies_answer_all(struct replies *replies);

/* The peer is gone: nobody waits, what did is counted. */
void replies_forget(struct replies *replies);

#endif
