/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a guest's driver has not taken yet: groups of events in order. Owned by device.c; pure data.
 *
 * QEMU gives a virtio-input device 4 buffers, so that a frame of ten fingers never fits at once. A
 * guest that takes nothing fills the backlog; then motion is merged first, and where that is not
 * enough groups are dropped and counted, all but their releases and switches. A release is never
 * dropped: the backlog knows what it let through as pressed, keeps room for its release, and a
 * press that was dropped takes its own release with it, so that the guest always sees pairs. Of a
 * switch the last value is kept.
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

/* What is pressed, and which slot is meant. */
struct backlog_books {
	uint8_t pressed[INPUT_BITS_SIZE(KEY_MAX)];
	uint64_t touching; /* slots with a tracking id */
	int32_t slot; /* the last ABS_MT_SLOT */
};

struct backlog {
	struct input_value values[BACKLOG_CAPACITY];
	size_t begin, end;
	bool begun; /* values of the group at `begin` have been taken */

	struct backlog_books guest; /* behind the last value, as it will have seen it */
	struct backlog_books sender; /* all that came, let through or not */
	int32_t taken_slot; /* the last ABS_MT_SLOT that was taken */
	struct backlog_counters counters;
};

/* A driver begins: nothing is pressed. The counters stay. */
void backlog_reset(struct backlog *backlog);

/* One group, without its SYN_REPORT. */
void backlog_push(struct backlog *backlog, const struct input_value *values, size_t count);

/* Everything that the device can press is released, whether it is known as pressed or not; the
 * guest's kernel leaves out what is nothing new. After backlog_reset(). */
void backlog_release(struct backlog *backlog, const struct input_description *description);

/* The next value for the guest, SYN_REPORT included; NULL: there is none. */
const struct input_value *backlog_first(const struct backlog *backlog);
void backlog_take(struct backlog *backlog);

#endif
