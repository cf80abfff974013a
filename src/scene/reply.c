/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Who waits for an answer, and when it is given. */
#include "scene/reply.h"

#include <string.h>

#include "turn.h"

#define LATENCY_UNIT_US 100

/* Stands among the views of an entry that is not complete, or fenced: it is not answered yet,
 * whatever fails. */
#define VIEW_STARTING (1u << 31)

G_STATIC_ASSERT(GUEST_VIEWS_MAX < 31);

void replies_init(struct replies *replies, struct guest_state *state,
	struct guest_counters *counters)
{
	*replies = (struct replies){.state = state, .counters = counters};
}

void replies_finish(struct replies *replies)
{
	replies_forget(replies);
	if (replies->pacing) {
		g_source_destroy(replies->pacing);
		g_clear_pointer(&replies->pacing, g_source_unref);
	}
}

/* ---- the pacing timer ---- */

static void settle(struct replies *replies, int64_t now_us);

static gboolean pacing_dispatch(GSource *source, GSourceFunc callback, gpointer data)
{
	struct replies *replies = data;

	turn_note();
	replies->armed = false;
	g_source_set_ready_time(source, -1);
	settle(replies, g_source_get_time(source));
	return G_SOURCE_CONTINUE;
}

static GSourceFuncs pacing_funcs = {.dispatch = pacing_dispatch};

/* A source without a callback is taken for a removed one. */
static gboolean pacing_callback(gpointer data)
{
	return G_SOURCE_CONTINUE;
}

static void arm(struct replies *replies, int64_t due_us)
{
	if (!replies->pacing) {
		replies->pacing = g_source_new(&pacing_funcs, sizeof(GSource));
		g_source_set_static_name(replies->pacing, "pacing");
		/* Before the channel, or a peer that floods it would never see an answer. */
		g_source_set_priority(replies->pacing, G_PRIORITY_HIGH);
		g_source_set_callback(replies->pacing, pacing_callback, replies, NULL);
		g_source_attach(replies->pacing, NULL);
	}
	g_source_set_ready_time(replies->pacing, due_us);
	replies->armed = true;
}

static void disarm(struct replies *replies)
{
	if (replies->armed)
		g_source_set_ready_time(replies->pacing, -1);
	replies->armed = false;
}

/* ---- answers ---- */

/* The time that it takes is until now, whatever the vblank's time was. */
static void count(struct replies *replies, const struct guest_waiting *waiting)
{
	int64_t latency_us = turn_time() - waiting->since_us;
	int64_t limit = LATENCY_UNIT_US;
	unsigned int bucket = 0;

	while (bucket < GUEST_LATENCY_BUCKETS - 1 && latency_us > limit) {
		limit *= 2;
		bucket++;
	}
	replies->counters->reply_latency[bucket]++;
	replies->counters->replies[waiting->reply]++;
}

/* The oldest entry gets its answer. Periods are counted on from `paced_us`: the vblank's time, so
 * that what delays us does not add up. */
static void answer(struct replies *replies, int64_t paced_us)
{
	struct guest_state *state = replies->state;
	const struct guest_waiting *oldest = &state->waiting[0];

	count(replies, oldest);
	/* Early ones hold up none but those of their own scanout. */
	if (!oldest->early)
		state->last_reply_us = paced_us;
	if (oldest->scanout < VHOST_USER_GPU_SCANOUTS)
		state->scanout_reply_us[oldest->scanout] = paced_us;
	state->waiting_count--;
	if (state->waiting_count > 0)
		memmove(&state->waiting[0], &state->waiting[1],
			state->waiting_count * sizeof(state->waiting[0]));
	if (replies->channel)
		channel_reply_dmabuf_update(replies->channel);
}

/* When the pacing timer answers the entry. */
static int64_t due_of(const struct guest_state *state, const struct guest_waiting *waiting)
{
	if (waiting->early)
		return state->scanout_reply_us[waiting->scanout] + waiting->period_us;
	return state->last_reply_us + waiting->period_us;
}

/* Between replies_push() and replies_start() its caller has the newest entry in its hands. */
static bool is_starting(const struct guest_state *state)
{
	const struct guest_waiting *newest;

	if (state->waiting_count == 0)
		return false;
	newest = &state->waiting[state->waiting_count - 1];
	return newest->views & VIEW_STARTING && !newest->fenced;
}

/* Answers from the oldest on, as far as they are ready; arms the timer if that is what the next
 * waits for. An answer moves the entries: none is given while one is being filled in. */
static void settle(struct replies *replies, int64_t now_us)
{
	struct guest_state *state = replies->state;

	replies->unsettled = is_starting(state);
	if (replies->unsettled)
		return;
	while (state->waiting_count > 0) {
		const struct guest_waiting *oldest = &state->waiting[0];

		if (oldest->views != 0)
			break;
		if (oldest->paced) {
			int64_t due = due_of(state, oldest);

			if (due > now_us) {
				arm(replies, due);
				return;
			}
		}
		answer(replies, now_us);
	}
	disarm(replies);
}

struct guest_waiting *replies_push(struct replies *replies, uint32_t scanout, int64_t now_us)
{
	struct guest_state *state = replies->state;
	struct guest_waiting *waiting;

	if (state->waiting_count == CHANNEL_REPLIES_MAX)
		return NULL;
	waiting = &state->waiting[state->waiting_count++];
	/* A serial says something only of a view that is in `views`. */
	waiting->scanout = scanout;
	waiting->reply = REPLY_UNUSABLE;
	waiting->views = VIEW_STARTING;
	waiting->paced = false;
	waiting->period_us = 0;
	waiting->fenced = false;
	waiting->early = false;
	waiting->since_us = now_us;
	return waiting;
}

/* Who waits for no view waits for the timer; but an early one only where the scanout said so. */
static void pace(struct guest_waiting *waiting)
{
	if (!waiting->early)
		waiting->paced = waiting->views == 0;
}

void replies_start(struct replies *replies, int64_t now_us)
{
	struct guest_state *state = replies->state;
	struct guest_waiting *waiting = &state->waiting[state->waiting_count - 1];

	if (!waiting->fenced) {
		waiting->views &= ~VIEW_STARTING;
		pace(waiting);
	}
	/* Others may have become ready meanwhile. */
	if (replies->unsettled || (waiting->views == 0 && state->waiting_count == 1))
		settle(replies, now_us);
}

void replies_resume(struct replies *replies, uint32_t scanout, const struct guest_waiting *result)
{
	struct guest_state *state = replies->state;
	bool changed = false;

	for (uint32_t i = 0; i < state->waiting_count; i++) {
		struct guest_waiting *waiting = &state->waiting[i];

		if (waiting->scanout != scanout || !waiting->fenced)
			continue;
		waiting->fenced = false;
		waiting->reply = result->reply;
		waiting->views = result->views & ~VIEW_STARTING;
		memcpy(waiting->serials, result->serials, sizeof(waiting->serials));
		waiting->early = result->early;
		waiting->paced = result->paced;
		pace(waiting);
		changed = true;
	}
	if (changed)
		settle(replies, g_get_monotonic_time());
}

void replies_give_up(struct replies *replies, uint32_t scanout)
{
	struct guest_state *state = replies->state;

	for (uint32_t i = 0; i < state->waiting_count; i++) {
		struct guest_waiting *waiting = &state->waiting[i];

		if (waiting->scanout != scanout || !waiting->fenced)
			continue;
		waiting->fenced = false;
		waiting->reply = REPLY_FENCE_TIMEOUT;
		waiting->views = 0;
	}
	settle(replies, g_get_monotonic_time());
}

/* The entry waits for the view to show it, with a frame up to this one. */
static bool waits_for(const struct guest_waiting *waiting, uint32_t scanout, uint32_t view,
	uint64_t serial)
{
	return waiting->scanout == scanout && waiting->views & (1u << view) &&
		waiting->serials[view] <= serial;
}

/* The entry's frame on this view was not shown itself, but a newer one that replaced it. */
static bool superseded(const struct guest_state *state, uint32_t index, uint32_t view,
	uint64_t serial)
{
	uint32_t scanout = state->waiting[index].scanout;

	if (state->waiting[index].serials[view] < serial)
		return true;
	/* Two updates that one composed frame contains. */
	for (uint32_t i = index + 1; i < state->waiting_count; i++) {
		if (waits_for(&state->waiting[i], scanout, view, serial))
			return true;
	}
	return false;
}

void replies_presented(struct replies *replies, uint32_t scanout, uint32_t view, uint64_t serial,
	const struct kms_presentation *presentation)
{
	struct guest_state *state = replies->state;
	uint32_t bit = 1u << view;

	for (uint32_t i = 0; i < state->waiting_count; i++) {
		struct guest_waiting *waiting = &state->waiting[i];

		if (!waits_for(waiting, scanout, view, serial))
			continue;
		if (!waiting->early && superseded(state, i, view, serial))
			replies->counters->frames_superseded++;
		waiting->views &= ~bit;
		if (presentation->vblank)
			continue;
		waiting->paced = true;
		if (!waiting->early)
			waiting->reply = REPLY_NO_VBLANK;
	}
	settle(replies, presentation->time_us);
}

void replies_failed(struct replies *replies, uint32_t scanout, uint32_t view, uint64_t serial)
{
	struct guest_state *state = replies->state;
	uint32_t bit = 1u << view;

	for (uint32_t i = 0; i < state->waiting_count; i++) {
		struct guest_waiting *waiting = &state->waiting[i];

		if (!waits_for(waiting, scanout, view, serial))
			continue;
		waiting->views &= ~bit;
		if (waiting->views == 0) {
			waiting->reply = REPLY_FAILED;
			waiting->paced = false;
		}
	}
	settle(replies, g_get_monotonic_time());
}

void replies_view_off(struct replies *replies, uint32_t scanout, uint32_t view)
{
	struct guest_state *state = replies->state;
	uint32_t bit = 1u << view;
	bool changed = false;

	for (uint32_t i = 0; i < state->waiting_count; i++) {
		struct guest_waiting *waiting = &state->waiting[i];

		if (waiting->scanout != scanout || !(waiting->views & bit))
			continue;
		waiting->views &= ~bit;
		if (waiting->views == 0) {
			waiting->reply = REPLY_OFF;
			waiting->paced = true;
		}
		changed = true;
	}
	if (changed)
		settle(replies, g_get_monotonic_time());
}

void replies_answer_all(struct replies *replies)
{
	int64_t now = g_get_monotonic_time();

	while (replies->state->waiting_count > 0) {
		replies->state->waiting[0].reply = REPLY_STOPPING;
		answer(replies, now);
	}
	disarm(replies);
}

void replies_forget(struct replies *replies)
{
	replies->counters->frames_unanswered += replies->state->waiting_count;
	replies->state->waiting_count = 0;
	disarm(replies);
}
