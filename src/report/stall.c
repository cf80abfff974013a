/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "report/stall.h"

#include <glib.h>
#include <stdbool.h>

/* Attached with the highest priority, so that it is asked first: before poll and after it. Never
 * ready. */
struct stall {
	GSource source;
	struct turn turn;
	bool test_clock; /* the turn's, in the place of GLib's time */
	bool in_turn;
	struct stall_counters counters;
};

/*
 * While GLib asks its sources it looks at the clock once, and does so anyway where any of them has
 * a ready time. (Not so at poll itself: a time that is asked for there is kept for after it.)
 */
static int64_t now(struct stall *stall)
{
	return stall->test_clock ? stall->turn.now_us() : g_source_get_time(&stall->source);
}

static void end_turn(struct stall *stall)
{
	struct turn *turn = &stall->turn;
	struct stall_counters *counters = &stall->counters;
	int64_t now_us = now(stall);
	uint64_t took_us = (uint64_t)(now_us - turn->began_us);

	counters->turns++;
	if (took_us <= counters->longest_turn_us)
		return;
	turn_settle(turn, now_us);
	counters->longest_turn_us = took_us;
	g_strlcpy(counters->longest_turn_source, turn->slowest,
		sizeof(counters->longest_turn_source));
}

static gboolean prepare(GSource *source, gint *timeout_ms)
{
	struct stall *stall = (struct stall *)source;

	*timeout_ms = -1;
	if (stall->in_turn)
		end_turn(stall);
	stall->in_turn = false;
	return FALSE;
}

/* GLib asks nobody where the fds that it was to poll have changed meanwhile: then there is no
 * turn. */
static gboolean check(GSource *source)
{
	struct stall *stall = (struct stall *)source;
	struct turn *turn = &stall->turn;

	stall->in_turn = true;
	turn->began_us = now(stall);
	turn->since_us = turn->began_us;
	turn->slowest_us = 0;
	turn->slowest[0] = '\0';
	turn->source[0] = '\0';
	return FALSE;
}

static gboolean dispatch(GSource *source, GSourceFunc callback, gpointer data)
{
	return G_SOURCE_CONTINUE;
}

static GSourceFuncs source_functions = {
	.prepare = prepare,
	.check = check,
	.dispatch = dispatch,
};

struct stall *stall_create(int64_t (*now_us)(void))
{
	GSource *source = g_source_new(&source_functions, sizeof(struct stall));
	struct stall *stall = (struct stall *)source;

	stall->test_clock = now_us != NULL;
	stall->turn.now_us = now_us ? now_us : g_get_monotonic_time;
	stall->turn.began_us = stall->turn.now_us();
	turn_current = &stall->turn;
	g_source_set_static_name(source, "stall meter");
	g_source_set_priority(source, G_MININT);
	g_source_attach(source, NULL);
	return stall;
}

void stall_destroy(struct stall *stall)
{
	if (!stall)
		return;
	turn_current = NULL;
	g_source_destroy(&stall->source);
	g_source_unref(&stall->source);
}

const struct stall_counters *stall_counters(const struct stall *stall)
{
	return &stall->counters;
}
