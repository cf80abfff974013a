/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The stall meter: how long the main loop's longest turn was, and which source took most of it. A
 * turn is from one return of poll to the next call: in it nobody else is served, so it is what one
 * peer can cost all others. Sources tell who is at work by turn.h.
 *
 * Costs a look at the clock for each source but the first in a turn; for the rest GLib's own will do
 * in nearly every turn. Made by the daemon when the loop begins; measures the default main context.
 */
#ifndef SCANOUTD_REPORT_STALL_H
#define SCANOUTD_REPORT_STALL_H

#include <glib.h>
#include <stdint.h>

#include "turn.h"

struct stall;

struct stall_counters {
	uint64_t turns;
	uint64_t longest_turn_us;
	/* Of that turn, who was at work longest; "": no source of ours was. */
	char longest_turn_source[TURN_NAME_SIZE];
};

/*
 * `now_us` is the clock: g_get_monotonic_time() but in tests. One at a time. With an anchor, any source
 * that is attached, a turn begins with the first source that calls turn_note(), and GLib's own times
 * are used; without one it begins when poll returns.
 */
struct stall *stall_create(GSource *anchor, int64_t (*now_us)(void));
/* The loop is as it was. Takes NULL. */
void stall_destroy(struct stall *stall);

/* Turns that are over; belong to the meter. */
const struct stall_counters *stall_counters(const struct stall *stall);

#endif
