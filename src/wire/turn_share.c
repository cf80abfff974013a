/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "wire/turn_share.h"

#include <glib.h>

int64_t turn_share_begin(struct turn_share *share, int64_t turn_us, int64_t now_us)
{
	if (share->turn_us != turn_us) {
		share->turn_us = turn_us;
		share->used_us = 0;
	}
	return now_us + GUEST_TURN_US - share->used_us;
}

bool turn_share_is_left(const struct turn_share *share)
{
	GSource *source = g_main_current_source();

	return !share || !source || share->turn_us != g_source_get_time(source) ||
		share->used_us < GUEST_TURN_US;
}

void turn_share_end(struct turn_share *share, int64_t begin_us, int64_t now_us)
{
	share->used_us += now_us - begin_us;
}

struct turn_work turn_work_begin(struct turn_share *share)
{
	GSource *source = g_main_current_source();
	int64_t now_us = g_get_monotonic_time();

	if (!share || !source)
		return (struct turn_work){NULL, now_us, INT64_MAX};
	/* The loop looks at the clock once a turn. */
	return (struct turn_work){share, now_us,
		turn_share_begin(share, g_source_get_time(source), now_us)};
}

bool turn_work_has_time(const struct turn_work *work)
{
	return !work->share || g_get_monotonic_time() < work->end_us;
}

void turn_work_end(const struct turn_work *work)
{
	if (work->share)
		turn_share_end(work->share, work->begin_us, g_get_monotonic_time());
}
