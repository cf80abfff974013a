/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Is what one screen of a guest shows alive? A clock that signs of life set back: a state machine
 * without a look at the time, a socket or a picture. Part of the layout's screens (layout_alive.c),
 * which tells it of signs, and when they can be expected.
 *
 *   | the screen                                | its clock                  | dead?
 *   |-------------------------------------------|----------------------------|---------------------------
 *   | empty: before its guest's first own       | ended                      | no: before=, after= and
 *   |   frame, after the guest has gone, while  |                            |   failed= are shown
 *   |   it begins again                         |                            |
 *   | has a picture, and an output that is on   | runs, from the last sign,  | once a period has passed
 *   |                                           |   or since it is so        |
 *   | has a picture, and no output that is on:  | stands; begins anew when   | what was dead stays so, until
 *   |   off by hours or for want of input,      |   one is on                |   there is a sign
 *   |   unplugged, VT away, no card             |                            |
 *   | switched off by its guest                 | ended                      | no: that is its own wish
 *
 * A sign ends death in each of these. All times are monotonic, microseconds.
 */
#ifndef SCANOUTD_SCENE_ALIVE_H
#define SCANOUTD_SCENE_ALIVE_H

#include <stdbool.h>
#include <stdint.h>

#include "kms.h"

#define ALIVE_NEVER INT64_MAX

/* How a guest proves that it is alive. */
enum alive_proof {
	ALIVE_UNASKED, /* it need not */
	ALIVE_FRAMES, /* each of its screens brings frames */
	ALIVE_RECTANGLE, /* … in which a part of the picture is another than before */
	ALIVE_SOCKET, /* bytes on a socket, for all of its screens */
};

/* How a guest is, for those outside. */
enum alive_state {
	ALIVE_UNWATCHED, /* no sign is due of any of its screens */
	ALIVE_WELL,
	ALIVE_DEAD, /* one of its screens is */
};

struct alive_options {
	enum alive_proof proof;
	int64_t period_ms; /* between two signs, at most */
	struct kms_rect rectangle; /* ALIVE_RECTANGLE: of the guest's picture, pixels */
};

/* They only grow. */
struct alive_counters {
	uint64_t deaths;
	uint64_t returns; /* signs of what was dead */
	uint64_t
		silence_us; /* the longest time between two signs while they were due, or that it has been dead for */
};

struct alive {
	int64_t period_us; /* 0: no sign is ever due */
	int64_t since_us; /* of the last sign, or since when they are due */
	bool running;
	bool dead;
	struct alive_counters counters;
};

/* Ended. 0: it never runs. */
void alive_init(struct alive *alive, int64_t period_us);

/* It has a picture, which can be seen or not. The same again changes nothing. */
void alive_run(struct alive *alive, bool seen, int64_t now_us);

/* It has none, by whoever's wish. True: it was dead, and is that no longer. */
bool alive_end(struct alive *alive);

/* True: it was dead, and is alive again. */
bool alive_sign(struct alive *alive, int64_t now_us);

/* True: it has just died. */
bool alive_check(struct alive *alive, int64_t now_us);

/* "unwatched", "alive", "dead". */
const char *alive_state_name(enum alive_state state);

/* When alive_check() must be asked, unless a sign comes; ALIVE_NEVER: it need not be. */
int64_t alive_deadline(const struct alive *alive);

#endif
