/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The stall meter: how long the main loop's longest turn was, and which source took most of it. A
 * turn is from a return of poll to when GLib prepares the next call: in it nobody else is served,
 * so it is what one peer can cost all others. Sources tell who is at work by turn.h.
 *
 * Costs a look at the clock for each source but the first in a turn; where a turn begins and ends
 * GLib looks at the clock itself, and its time is taken. Made by the daemon when the loop begins;
 * measures the default main context.
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

/* One at a time. `now_us` is a clock in the monotonic one's place, for tests; NULL: none. */
struct stall *stall_create(int64_t (*now_us)(void));
/* The loop is as it was. Takes NULL. */
void stall_destroy(struct stall *stall);

/* Turns that are over; belong to the meter. */
const struct stall_counters *stall_counters(const struct stall *stall);

#endif
