/* SPDX-License-Identifier: GPL-2.0-or-later */
/* When a screen is dead, by a clock that the test turns. */
#include <glib.h>

#include "scene/alive.h"

#define PERIOD 500

static struct alive begin(void)
{
	struct alive alive;

	alive_init(&alive, PERIOD);
	alive_run(&alive, true, 1000);
	return alive;
}

static void test_before_the_first_picture(void)
{
	struct alive alive;

	alive_init(&alive, PERIOD);
	g_assert_cmpint(alive_deadline(&alive), ==, ALIVE_NEVER);
	g_assert_false(alive_check(&alive, ALIVE_NEVER - 1));
	/* A byte on a socket, long before there is anything to see. */
	g_assert_false(alive_sign(&alive, 3));
	alive_run(&alive, true, 1000);
	g_assert_cmpint(alive_deadline(&alive), ==, 1500);
}

static void test_signs_keep_it_alive(void)
{
	struct alive alive = begin();

	g_assert_false(alive_check(&alive, 1499));
	g_assert_false(alive_sign(&alive, 1499));
	g_assert_cmpint(alive_deadline(&alive), ==, 1999);
	g_assert_false(alive_check(&alive, 1998));
	/* One that was noted with the time of an earlier turn. */
	g_assert_false(alive_sign(&alive, 1400));
	g_assert_cmpint(alive_deadline(&alive), ==, 1999);
	g_assert_cmpuint(alive.counters.deaths, ==, 0);
	g_assert_cmpuint(alive.counters.silence_us, ==, 499);
}

static void test_dies_once(void)
{
	struct alive alive = begin();

	g_assert_true(alive_check(&alive, 1500));
	g_assert_true(alive.dead);
	g_assert_cmpint(alive_deadline(&alive), ==, ALIVE_NEVER);
	g_assert_false(alive_check(&alive, 9000));
	g_assert_cmpuint(alive.counters.deaths, ==, 1);
}

static void test_comes_back(void)
{
	struct alive alive = begin();

	g_assert_true(alive_check(&alive, 1600));
	g_assert_true(alive_sign(&alive, 2000));
	g_assert_false(alive.dead);
	g_assert_false(alive_sign(&alive, 2001));
	g_assert_cmpint(alive_deadline(&alive), ==, 2501);
	g_assert_cmpuint(alive.counters.returns, ==, 1);
	g_assert_cmpuint(alive.counters.silence_us, ==, 1000);
	g_assert_true(alive_check(&alive, 2501));
	g_assert_cmpuint(alive.counters.deaths, ==, 2);
}

/* Nobody can see it: no sign is due, and a period begins when somebody can. */
static void test_unseen(void)
{
	struct alive alive = begin();

	alive_run(&alive, false, 1200);
	g_assert_cmpint(alive_deadline(&alive), ==, ALIVE_NEVER);
	g_assert_false(alive_check(&alive, 50000));
	/* Which is no silence, either. */
	g_assert_false(alive_sign(&alive, 60000));
	g_assert_cmpuint(alive.counters.silence_us, ==, 0);
	alive_run(&alive, true, 70000);
	alive_run(&alive, true, 70100);
	g_assert_cmpint(alive_deadline(&alive), ==, 70500);
}

/* What comes back to the screen is not taken for alive before it has given a sign. */
static void test_dead_unseen(void)
{
	struct alive alive = begin();

	g_assert_true(alive_check(&alive, 1500));
	alive_run(&alive, false, 1600);
	alive_run(&alive, true, 1700);
	g_assert_true(alive.dead);
	g_assert_cmpint(alive_deadline(&alive), ==, ALIVE_NEVER);
	alive_run(&alive, false, 1800);
	g_assert_true(alive_sign(&alive, 1900));
	g_assert_cmpint(alive_deadline(&alive), ==, ALIVE_NEVER);
}

static void test_end(void)
{
	struct alive alive = begin();

	g_assert_false(alive_end(&alive));
	g_assert_cmpint(alive_deadline(&alive), ==, ALIVE_NEVER);
	alive_run(&alive, true, 2000);
	g_assert_true(alive_check(&alive, 2500));
	g_assert_true(alive_end(&alive));
	g_assert_false(alive.dead);
	/* It has ended by another's wish, and not come back. */
	g_assert_cmpuint(alive.counters.returns, ==, 0);
	alive_run(&alive, true, 3000);
	g_assert_cmpint(alive_deadline(&alive), ==, 3500);
}

static void test_never_due(void)
{
	struct alive alive;

	alive_init(&alive, 0);
	alive_run(&alive, true, 1000);
	g_assert_cmpint(alive_deadline(&alive), ==, ALIVE_NEVER);
	g_assert_false(alive_check(&alive, 100000));
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/alive/before-the-first-picture", test_before_the_first_picture);
	g_test_add_func("/alive/signs-keep-it-alive", test_signs_keep_it_alive);
	g_test_add_func("/alive/dies-once", test_dies_once);
	g_test_add_func("/alive/comes-back", test_comes_back);
	g_test_add_func("/alive/unseen", test_unseen);
	g_test_add_func("/alive/dead-unseen", test_dead_unseen);
	g_test_add_func("/alive/end", test_end);
	g_test_add_func("/alive/never-due", test_never_due);
	return g_test_run();
}
