/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A guest's time in a turn: its sockets and devices share it, the next turn brings it anew. */
#include <glib.h>

#include "wire/turn_share.h"

static void test_share(void)
{
	struct turn_share share = {0};
	struct turn_share other = {0};

	/* Nothing used. */
	g_assert_cmpint(turn_share_begin(&share, 1000, 1000), ==, 1000 + GUEST_TURN_US);
	turn_share_end(&share, 1000, 1200);
	/* Another device of it, in the same turn, after something else. */
	g_assert_cmpint(turn_share_begin(&share, 1000, 5000), ==, 5000 + GUEST_TURN_US - 200);
	turn_share_end(&share, 5000, 5000 + GUEST_TURN_US);
	/* All is used, and more: not from now on. */
	g_assert_cmpint(turn_share_begin(&share, 1000, 9000), <, 9000);
	g_assert_cmpint(turn_share_begin(&other, 1000, 9000), ==, 9000 + GUEST_TURN_US);
	/* The next turn. */
	g_assert_cmpint(turn_share_begin(&share, 9500, 9600), ==, 9600 + GUEST_TURN_US);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/wire/turn-share", test_share);
	return g_test_run();
}
