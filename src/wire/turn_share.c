/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "wire/turn_share.h"

#include <glib.h>

static void renew(struct turn_share *share, int64_t turn_us)
{
	if (share->turn_us == turn_us)
		return;
	*share = (struct turn_share){.turn_us = turn_us, .longest = share->longest_next};
}

int64_t turn_share_begin(struct turn_share *share, int64_t turn_us, int64_t now_us)
{
	renew(share, turn_us);
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

bool turn_share_admits(struct turn_share *share, unsigned int *waited, int64_t turn_us)
{
	renew(share, turn_us);
	if (*waited < share->longest ||
		(share->used_us >= GUEST_TURN_US && (*waited == 0 || share->obliged))) {
		(*waited)++;
		share->longest_next = MAX(share->longest_next, *waited);
		return false;
	}
	share->obliged |= *waited > 0;
	*waited = 0;
	return true;
}

bool turn_work_is_admitted(struct turn_share *share, unsigned int *waited)
{
	GSource *source = g_main_current_source();

	return !share || !source || turn_share_admits(share, waited, g_source_get_time(source));
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
