/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A machine's time in a turn: its devices share it, the next turn brings it anew. */
#include <glib.h>

#include "input/turn_share.h"

static void test_share(void)
{
	struct turn_share share = {0};
	struct turn_share other = {0};

	/* Nothing used. */
	g_assert_cmpint(turn_share_begin(&share, 1000, 1000), ==, 1000 + TURN_SHARE_US);
	turn_share_end(&share, 1000, 1200);
	/* Another device of it, in the same turn, after something else. */
	g_assert_cmpint(turn_share_begin(&share, 1000, 5000), ==, 5000 + TURN_SHARE_US - 200);
	turn_share_end(&share, 5000, 5000 + TURN_SHARE_US);
	/* All is used, and more: not from now on. */
	g_assert_cmpint(turn_share_begin(&share, 1000, 9000), <, 9000);
	g_assert_cmpint(turn_share_begin(&other, 1000, 9000), ==, 9000 + TURN_SHARE_US);
	/* The next turn. */
	g_assert_cmpint(turn_share_begin(&share, 9500, 9600), ==, 9600 + TURN_SHARE_US);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/input/turn-share", test_share);
	return g_test_run();
}
