/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "scene/region.h"

#include <glib.h>

#define WRONG_READS 2
#define UNREAD_TIMES 10

void region_init(struct region *region, const struct region_options *options)
{
	*region = (struct region){.options = options};
}

void region_begin(struct region *region, int64_t now_us)
{
	if (region->state != REGION_UNWATCHED)
		return;
	region->state = REGION_GOOD;
	region->read = false;
	region->changed_us = region->read_us = now_us;
	region->unexpected = 0;
}

void region_end(struct region *region)
{
	region->state = REGION_UNWATCHED;
}

static bool is_expected(const struct region *region, uint32_t crc)
{
	const struct region_options *options = region->options;

	for (size_t i = 0; i < options->expect_count; i++) {
		if (options->expect[i] == crc)
			return true;
	}
	return options->expect_count == 0;
}

static bool is_frozen(const struct region *region, int64_t now_us)
{
	int64_t after_ms = region->options->frozen_after_ms;

	return after_ms > 0 && now_us - region->changed_us >= after_ms * G_TIME_SPAN_MILLISECOND;
}

bool region_is_unread(const struct region *region, int64_t now_us)
{
	const struct region_options *options = region->options;

	return options->expect_count > 0 &&
		now_us - region->read_us >=
		UNREAD_TIMES * options->every_ms * G_TIME_SPAN_MILLISECOND;
}

static bool judge(struct region *region, int64_t now_us)
{
	enum region_state before = region->state;

	region->state = region->unexpected >= WRONG_READS			? REGION_WRONG
		: is_frozen(region, now_us) || region_is_unread(region, now_us) ? REGION_FROZEN
										: REGION_GOOD;
	if (region->state == before)
		return false;
	region->counters.frozen += region->state == REGION_FROZEN;
	region->counters.wrong += region->state == REGION_WRONG;
	return true;
}

bool region_note(struct region *region, uint32_t crc, int64_t now_us)
{
	region->counters.reads++;
	if (!region->read || region->crc != crc)
		region->changed_us = now_us;
	region->read = true;
	region->read_us = now_us;
	region->crc = crc;
	region->unexpected = is_expected(region, crc) ? 0 : region->unexpected + 1;
	return judge(region, now_us);
}

bool region_skip(struct region *region, int64_t now_us)
{
	region->counters.skipped++;
	return judge(region, now_us);
}

const char *region_state_name(enum region_state state)
{
	static const char *const names[] = {
		[REGION_UNWATCHED] = "unwatched",
		[REGION_GOOD] = "good",
		[REGION_FROZEN] = "frozen",
		[REGION_WRONG] = "wrong",
	};

	return names[state];
}
