/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "wire/turn_share.h"

int64_t turn_share_begin(struct turn_share *share, int64_t turn_us, int64_t now_us)
{
	if (share->turn_us != turn_us) {
		share->turn_us = turn_us;
		share->used_us = 0;
	}
	return now_us + GUEST_TURN_US - share->used_us;
}

void turn_share_end(struct turn_share *share, int64_t begin_us, int64_t now_us)
{
	share->used_us += now_us - begin_us;
}
