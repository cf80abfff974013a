/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What one guest may take of a turn of the main loop, with all its sockets and devices together.
 * How long a message or a buffer takes is the peer's to choose: time is counted, not pieces. Part
 * of the guest's account (wire/account.h); used by whoever works for a guest in a loop.
 */
#ifndef SCANOUTD_WIRE_TURN_SHARE_H
#define SCANOUTD_WIRE_TURN_SHARE_H

#include <stdbool.h>
#include <stdint.h>

#include "guest_limits.h"

/* All zero is one of which nothing is used. */
struct turn_share {
	int64_t turn_us; /* when the turn began: each has another */
	int64_t used_us; /* in it */
	bool obliged; /* one that waited has been admitted in it */
	/* Of those that were put off in the turn before, and in this one: for how many turns at
	 * most. */
	unsigned int longest;
	unsigned int longest_next;
};

/*
 * Work begins at `now_us` (monotonic), in the turn that began at `turn_us`. Until when it may last;
 * not after `now_us`: the guest has had its share. What stands still otherwise does one piece all
 * the same.
 */
int64_t turn_share_begin(struct turn_share *share, int64_t turn_us, int64_t now_us);

/* Whether there is something left for a source that is being dispatched: no look at the clock.
 * NULL, and where no loop runs: yes. */
bool turn_share_is_left(const struct turn_share *share);

/* There was work since `begin_us`. */
void turn_share_end(struct turn_share *share, int64_t begin_us, int64_t now_us);

/*
 * For work that is dear by the piece, of which each of a guest's sockets would do one always: may
 * this one do some in the turn that began at `turn_us`? `*waited` is its own, 0 at first: for how
 * many turns it has been put off. Where the share is used up, one of them goes on a turn, the one
 * that has waited for longest: so a guest with n sockets takes no more than one with one, and each
 * does a piece in n turns. Who is put off asks again in the next turn.
 */
bool turn_share_admits(struct turn_share *share, unsigned int *waited, int64_t turn_us);
/* The same in the source that is being dispatched. */
bool turn_work_is_admitted(struct turn_share *share, unsigned int *waited);

/* Work for a guest in the source that is being dispatched. */
struct turn_work {
	struct turn_share *share;
	int64_t begin_us;
	int64_t end_us;
};

/* NULL is a share without end; so is any where no loop runs, since nobody waits then. */
struct turn_work turn_work_begin(struct turn_share *share);
/* Whether there may be more: a look at the clock. */
bool turn_work_has_time(const struct turn_work *work);
void turn_work_end(const struct turn_work *work);

#endif
