/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What all devices of one machine together may take of a turn of the main loop. How long a buffer takes
 * is the guest's to choose, by its pieces and by where they lie: time is counted, not buffers. Owned by
 * the machine, borrowed by its devices.
 */
#ifndef SCANOUTD_INPUT_TURN_SHARE_H
#define SCANOUTD_INPUT_TURN_SHARE_H

#include <stdint.h>

/* Of the 16 ms between two vblanks at 60 Hz, or the 4 at 240. */
#define TURN_SHARE_US 500

/* All zero is one of which nothing is used. */
struct turn_share {
	int64_t turn_us; /* when the turn began: each has another */
	int64_t used_us; /* in it */
};

/*
 * The device begins to work at `now_us` (monotonic), in the turn that began at `turn_us`. Until when it
 * may, at the latest; not after `now_us`: its machine has had its share.
 */
int64_t turn_share_begin(struct turn_share *share, int64_t turn_us, int64_t now_us);

/* It has worked since `begin_us`. */
void turn_share_end(struct turn_share *share, int64_t begin_us, int64_t now_us);

#endif
