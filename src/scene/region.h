/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Is a part of an output what it ought to be? The verdict on one watched region, from checksums
 * (checksum.h) that are taken of it from time to time: a state machine without a look at the time
 * or at a picture. Part of the layout's regions (layout_region.c).
 *
 *   unwatched  no output of it is on, its guest shows nothing, or it lies beside the picture of this mode
 *   good       as it ought to be
 *   frozen     its content has not changed for frozen-after, nor could it be read and found changed; or
 *              nothing is known of what is expected, since for ten times every= it could not be
 *              read
 *   wrong      its content was none of expect= twice in a row: one reading may see a picture that its
 *              guest is just drawing
 *
 * All times are monotonic, microseconds.
 */
#ifndef SCANOUTD_SCENE_REGION_H
#define SCANOUTD_SCENE_REGION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "kms.h"

/* On one output. */
#define REGIONS_PER_OUTPUT 4

/* Values of expect=. */
#define REGION_EXPECT_MAX 32

struct region_options {
	const char *name;
	const char *output; /* as struct layout_output.name */
	const char *
		layer; /* a guest's, on that output: its name; NULL: what the output itself shows */
	struct kms_rect rectangle; /* of the output's mode, pixels */
	int64_t every_ms;
	int64_t frozen_after_ms; /* 0: it may stay as it is */
	uint32_t expect[REGION_EXPECT_MAX];
	size_t expect_count; /* 0: anything is right */
	bool cover; /* what is not good is covered as a dead guest is */
};

enum region_state {
	REGION_UNWATCHED,
	REGION_GOOD,
	REGION_FROZEN,
	REGION_WRONG,
};

/* They only grow. */
struct region_counters {
	uint64_t reads;
	uint64_t skipped; /* times that it could not be read: its guest was at it */
	uint64_t frozen; /* times that it became that, as the next */
	uint64_t wrong;
};

struct region {
	const struct region_options *options; /* borrowed */
	enum region_state state;
	bool read; /* once, since it is watched; then … */
	uint32_t crc; /* … what it was last */
	int64_t changed_us;
	int64_t read_us; /* the last time, or since when it is watched */
	unsigned int unexpected; /* readings in a row */
	struct region_counters counters;
};

void region_init(struct region *region, const struct region_options *options);

/* It is watched from now on, if it was not. */
void region_begin(struct region *region, int64_t now_us);
/* It is not. */
void region_end(struct region *region);

/* What was read; true: its state is another one. While it is watched. */
bool region_note(struct region *region, uint32_t crc, int64_t now_us);
/* The same where it could not be read. */
bool region_skip(struct region *region, int64_t now_us);

/* Nothing is known of what is expected, for too long. */
bool region_is_unread(const struct region *region, int64_t now_us);

static inline bool region_is_bad(const struct region *region)
{
	return region->state == REGION_FROZEN || region->state == REGION_WRONG;
}

/* "unwatched", "good", "frozen", "wrong". */
const char *region_state_name(enum region_state state);

#endif
