/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a guest's driver has not taken yet: groups of events in order. Owned by device.c; pure data.
 *
 * QEMU gives a virtio-input device 4 buffers, so that a frame of ten fingers never fits at once. A
 * guest that takes nothing fills the backlog; then motion is merged first, and where that is not
 * enough groups are dropped and counted, all but their releases and switches. A release is never
 * dropped: the backlog knows what it let through as pressed, keeps room for its release, and a
 * press that was dropped takes its own release with it, so that the guest always sees pairs; a
 * second press without a release between is left out. Of a switch the last value is kept.
 */
#ifndef SCANOUTD_INPUT_BACKLOG_H
#define SCANOUTD_INPUT_BACKLOG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "input/sink.h"

/* Values of one group; more are no group that we or the kernel make. */
#define BACKLOG_GROUP_MAX 256

#define BACKLOG_SLOTS 64 /* of ABS_MT_SLOT; values of higher ones are dropped */

/*
 * Values, SYN_REPORT included. A group that does not end within the first number is left its
 * releases and switches alone. As nothing is pressed there, no more than one release of each key
 * and each slot lies beyond, and a switch that is waiting is changed where it is; each has at worst
 * a group of its own, and a slot its ABS_MT_SLOT.
 */
#define BACKLOG_VALUES 1024
#define BACKLOG_CAPACITY (BACKLOG_VALUES + 2 * KEY_CNT + 3 * BACKLOG_SLOTS + 2 * SW_CNT)

struct backlog_counters {
	uint64_t groups; /* let through, merged ones included */
	uint64_t merged; /* of them into an earlier one */
	uint64_t dropped; /* for want of room, all but their releases and switches */
};

/* What is pressed, which slot is meant, and how switches stand. */
struct backlog_books {
	uint8_t pressed[INPUT_BITS_SIZE(KEY_MAX)];
	uint64_t touching; /* slots with a tracking id */
	int32_t slot; /* the last ABS_MT_SLOT */
	uint32_t switches; /* bit SW_*, that are on */
};

/* All of a backlog but the values themselves. */
struct backlog_place {
	uint32_t area; /* of the two */
	uint32_t begin, end; /* in it */
	uint32_t begun; /* values of the group at `begin` have been taken */
	int32_t taken_slot; /* the last ABS_MT_SLOT that was taken */
	uint32_t padding;
	struct backlog_books guest; /* behind the last value, as it will have seen it */
	struct backlog_books sender; /* all that came, let through or not */
};

/*
 * Plain data without pointers, in memory that may outlive this process. Whoever has a copy of
 * `place` has the whole backlog as it was then, until the second call after that which changes it:
 * a call moves values only into the other area, and adds them only behind `end`.
 */
struct backlog {
	struct input_value values[2][BACKLOG_CAPACITY];
	struct backlog_place place;
	struct backlog_counters counters;
};

/* A driver begins: nothing is pressed. The counters stay. */
void backlog_reset(struct backlog *backlog);

/* One group, without its SYN_REPORT. */
void backlog_push(struct backlog *backlog, const struct input_value *values, size_t count);

/* Everything that the device can press is released, whether it is known as pressed or not; the
 * guest's kernel leaves out what is nothing new. After backlog_reset(). */
void backlog_release(struct backlog *backlog, const struct input_description *description);

/* Nobody holds what is pressed any more, until it is pressed again: those who did have gone. */
void backlog_disown(struct backlog *backlog);

/* What the guest sees pressed, and nobody holds, is released: one group of it. False: there was
 * nothing. */
bool backlog_release_disowned(struct backlog *backlog);

/* Could a backlog have left it, with these values? Then there is room for all that is never
 * dropped. */
bool backlog_place_sound(const struct backlog *backlog, const struct backlog_place *place);

/* The next value for the guest, SYN_REPORT included; NULL: there is none. */
const struct input_value *backlog_first(const struct backlog *backlog);
void backlog_take(struct backlog *backlog);

#endif
