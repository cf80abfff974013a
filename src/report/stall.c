/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "report/stall.h"

#include <glib.h>
#include <stdbool.h>

struct stall {
	struct turn turn; /* first: turn_current leads to the meter, too */
	GPollFunc poll; /* of before */
	GSource *anchor; /* or NULL */
	bool in_turn;
	struct stall_counters counters;
};

static void begin_turn(struct stall *stall)
{
	struct turn *turn = &stall->turn;

	stall->in_turn = true;
	turn->begun = false;
	if (!turn->begins_late)
		turn_begin(turn, turn->now_us());
	turn->slowest_us = 0;
	turn->slowest[0] = '\0';
	turn->source[0] = '\0';
}

static void end_turn(struct stall *stall)
{
	struct turn *turn = &stall->turn;
	struct stall_counters *counters = &stall->counters;
	int64_t now_us;
	uint64_t took_us;

	if (!stall->in_turn)
		return;
	stall->in_turn = false;
	counters->turns++;
	if (!turn->begun)
		return;
	/* GLib has just looked at the clock, if any source has a ready time. */
	now_us = stall->anchor ? g_source_get_time(stall->anchor) : turn->now_us();
	turn_settle(turn, now_us);
	took_us = (uint64_t)(now_us - turn->began_us);
	if (took_us <= counters->longest_turn_us)
		return;
	counters->longest_turn_us = took_us;
	g_strlcpy(counters->longest_turn_source, turn->slowest,
		sizeof(counters->longest_turn_source));
}

/* GLib hands no data to it. */
static gint measured_poll(GPollFD *fds, guint count, gint timeout_ms)
{
	struct stall *stall = (struct stall *)turn_current;
	gint result;

	end_turn(stall);
	result = stall->poll(fds, count, timeout_ms);
	begin_turn(stall);
	return result;
}

struct stall *stall_create(GSource *anchor, int64_t (*now_us)(void))
{
	struct stall *stall = g_new0(struct stall, 1);
	GMainContext *context = g_main_context_default();

	stall->turn.now_us = now_us;
	stall->turn.begins_late = anchor != NULL;
	stall->anchor = anchor ? g_source_ref(anchor) : NULL;
	stall->poll = g_main_context_get_poll_func(context);
	turn_current = &stall->turn;
	g_main_context_set_poll_func(context, measured_poll);
	return stall;
}

void stall_destroy(struct stall *stall)
{
	if (!stall)
		return;
	g_main_context_set_poll_func(g_main_context_default(), stall->poll);
	turn_current = NULL;
	g_clear_pointer(&stall->anchor, g_source_unref);
	g_free(stall);
}

const struct stall_counters *stall_counters(const struct stall *stall)
{
	return &stall->counters;
}
