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

/* Five sockets that have something to do in each turn, each piece longer than a share; the one with
 * the number `gone` (0: none) is no more there from turn 20 on. Before them comes one that always
 * works. */
static void take_turns(unsigned int before_us, unsigned int gone, unsigned int pieces[5])
{
	struct turn_share share = {0};
	unsigned int waited[5] = {0};

	for (int64_t turn = 1; turn <= 120; turn++) {
		unsigned int served = 0;
		int64_t now_us = turn * 100000;
		const int64_t turn_us = now_us;

		turn_share_begin(&share, turn_us, now_us);
		turn_share_end(&share, now_us, now_us + before_us);
		for (unsigned int i = 0; i < 5; i++) {
			if ((gone && i + 1 == gone && turn > 20) ||
				!turn_share_admits(&share, &waited[i], turn_us))
				continue;
			now_us += 2000;
			turn_share_end(&share, now_us - 2000, now_us);
			pieces[i]++;
			served++;
		}
		g_assert_cmpuint(served, <=, 1);
	}
}

static void test_one_a_turn(void)
{
	const unsigned int before_us[] = {0, GUEST_TURN_US};

	for (size_t i = 0; i < G_N_ELEMENTS(before_us); i++) {
		unsigned int pieces[5] = {0};

		take_turns(before_us[i], 0, pieces);
		for (size_t j = 0; j < G_N_ELEMENTS(pieces); j++) {
			g_assert_cmpuint(pieces[j], >=, 23);
			g_assert_cmpuint(pieces[j], <=, 25);
		}
	}
}

static void test_one_that_goes(void)
{
	for (unsigned int gone = 1; gone <= 5; gone++) {
		unsigned int pieces[5] = {0};

		take_turns(0, gone, pieces);
		for (unsigned int j = 0; j < G_N_ELEMENTS(pieces); j++) {
			if (j + 1 == gone)
				continue;
			g_assert_cmpuint(pieces[j], >=, 3 + 24);
			g_assert_cmpuint(pieces[j], <=, 5 + 25);
		}
	}
}

/* While there is something left, nobody waits. */
static void test_enough_for_all(void)
{
	struct turn_share share = {0};
	unsigned int waited[3] = {0};

	for (int64_t turn_us = 1; turn_us < 10; turn_us++)
		for (unsigned int i = 0; i < 3; i++) {
			g_assert_true(turn_share_admits(&share, &waited[i], turn_us));
			turn_share_end(&share, turn_us, turn_us + GUEST_TURN_US / 3);
		}
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/wire/turn-share/time", test_share);
	g_test_add_func("/wire/turn-share/one-a-turn", test_one_a_turn);
	g_test_add_func("/wire/turn-share/one-that-goes", test_one_that_goes);
	g_test_add_func("/wire/turn-share/enough-for-all", test_enough_for_all);
	return g_test_run();
}
