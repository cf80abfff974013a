/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The stall meter, on a clock that only the sources themselves move on: whose turn was the longest,
 * and what of it counts to whom.
 */
#include <glib-unix.h>
#include <stdbool.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "report/stall.h"

static int64_t clock_us;

static int64_t read_clock(void)
{
	return clock_us;
}

/* One that works so long, and says so or not. */
struct worker {
	int64_t works_us;
	bool silent;
};

static gboolean work(gpointer data)
{
	const struct worker *worker = data;

	if (!worker->silent)
		turn_note();
	clock_us += worker->works_us;
	return G_SOURCE_REMOVE;
}

static void add(const char *name, struct worker *worker)
{
	turn_name(g_idle_add(work, worker), name);
}

/* All idle sources there are run in one turn; it is over when the next one is prepared. */
static void run_turn(void)
{
	while (g_main_context_iteration(NULL, FALSE))
		;
}

static void expect(const struct stall *stall, uint64_t longest_us, const char *source)
{
	g_assert_cmpuint(stall_counters(stall)->longest_turn_us, ==, longest_us);
	g_assert_cmpstr(stall_counters(stall)->longest_turn_source, ==, source);
}

static void test_longest(void)
{
	struct worker little = {.works_us = 10};
	struct worker much = {.works_us = 300};
	struct stall *stall = stall_create(read_clock);

	expect(stall, 0, "");
	add("little", &little);
	run_turn();
	expect(stall, 10, "little");
	add("much", &much);
	run_turn();
	expect(stall, 300, "much");
	add("little", &little);
	run_turn();
	expect(stall, 300, "much");
	stall_destroy(stall);
}

/* The turn is as long as all of it, and named after the one that took most. */
static void test_several(void)
{
	struct worker first = {.works_us = 40};
	struct worker second = {.works_us = 50};
	struct worker third = {.works_us = 20};
	struct stall *stall = stall_create(read_clock);

	add("first", &first);
	add("second", &second);
	add("third", &third);
	run_turn();
	expect(stall, 110, "second");
	stall_destroy(stall);
}

/* What says nothing counts to the one before it; where nobody says anything, to nobody. */
static void test_silent(void)
{
	struct worker silent = {.works_us = 40, .silent = true};
	struct worker loud = {.works_us = 5};
	struct stall *stall = stall_create(read_clock);

	add("silent", &silent);
	run_turn();
	expect(stall, 40, "");
	add("loud", &loud);
	add("silent", &silent);
	run_turn();
	expect(stall, 45, "loud");
	stall_destroy(stall);
}

static gboolean dispatch_nameless(GSource *source, GSourceFunc callback, gpointer data)
{
	return callback(data);
}

static GSourceFuncs nameless_functions = {.dispatch = dispatch_nameless};

static gboolean remove_itself(gpointer data)
{
	turn_note();
	g_source_destroy(data);
	clock_us += 7;
	return G_SOURCE_REMOVE;
}

/* A source whose name is gone with it before the turn is over; and one without a name. */
static void test_names(void)
{
	GSource *source = g_idle_source_new();
	struct worker worker = {.works_us = 9};
	struct stall *stall = stall_create(read_clock);

	turn_name_source(source, "relay", "kiosk");
	g_source_set_callback(source, remove_itself, source, NULL);
	g_source_attach(source, NULL);
	g_source_unref(source);
	run_turn();
	expect(stall, 7, "relay kiosk");
	source = g_source_new(&nameless_functions, sizeof(GSource));
	g_source_set_callback(source, work, &worker, NULL);
	g_source_set_ready_time(source, 0);
	g_source_attach(source, NULL);
	g_source_unref(source);
	run_turn();
	expect(stall, 9, "unnamed");
	stall_destroy(stall);
}

/* The time in poll is nobody's: here the clock goes on in it. */
static gint late_poll(GPollFD *fds, guint count, gint timeout_ms)
{
	clock_us += 1000;
	return g_poll(fds, count, 0);
}

static void test_poll_is_no_turn(void)
{
	GPollFunc before = g_main_context_get_poll_func(NULL);
	struct worker worker = {.works_us = 3};
	struct stall *stall;
	uint64_t turns;

	g_main_context_set_poll_func(NULL, late_poll);
	stall = stall_create(read_clock);
	run_turn();
	turns = stall_counters(stall)->turns;
	add("worker", &worker);
	g_main_context_iteration(NULL, FALSE);
	g_main_context_iteration(NULL, FALSE);
	g_assert_cmpuint(stall_counters(stall)->turns, ==, turns + 2);
	expect(stall, 3, "worker");
	stall_destroy(stall);
	g_assert_true(g_main_context_get_poll_func(NULL) == late_poll);
	g_main_context_set_poll_func(NULL, before);
	g_assert_null(turn_current);
}

/* Nothing is noted, and nothing is needed for it. */
static void test_no_meter(void)
{
	struct worker worker = {.works_us = 1};

	add("worker", &worker);
	run_turn();
	g_assert_null(turn_current);
	stall_destroy(NULL);
}

/* Lets some time pass, and says when that is over. */
static int64_t pass_time(void)
{
	int64_t begin_us = g_get_monotonic_time();
	int64_t now_us;

	do
		now_us = g_get_monotonic_time();
	while (now_us < begin_us + 5000);
	return now_us;
}

/* When poll returned last; the most that was ever between its return and the next call. */
static int64_t poll_end_us;
static uint64_t longest_us;
static uint64_t worked_us; /* the most that work_slowly() took */

static gint slow_poll(GPollFD *fds, guint count, gint timeout_ms)
{
	gint ready = g_poll(fds, count, 0);

	if (poll_end_us)
		longest_us = MAX(longest_us, (uint64_t)(g_get_monotonic_time() - poll_end_us));
	poll_end_us = pass_time();
	return ready;
}

static gboolean work_slowly(gint fd, GIOCondition condition, gpointer data)
{
	int64_t begin_us;

	turn_note();
	/* GLib's time, which deadlines are reckoned by, is not of before the poll. */
	g_assert_cmpint(g_source_get_time(g_main_current_source()), >=, poll_end_us);
	begin_us = g_get_monotonic_time();
	worked_us = MAX(worked_us, (uint64_t)(pass_time() - begin_us));
	return G_SOURCE_CONTINUE;
}

/* By the monotonic clock: a turn has all of the work in it, and nothing of the poll. */
static void test_real_clock(void)
{
	GPollFunc before = g_main_context_get_poll_func(NULL);
	int fd = eventfd(1, EFD_CLOEXEC);
	guint source = turn_name(g_unix_fd_add(fd, G_IO_IN, work_slowly, NULL), "busy");
	struct stall *stall = stall_create(NULL);

	g_main_context_set_poll_func(NULL, slow_poll);
	g_main_context_iteration(NULL, TRUE);
	for (int i = 0; i < 5; i++) {
		uint64_t worked_before_us = worked_us;

		/* Ends the turn before. */
		g_main_context_iteration(NULL, TRUE);
		g_assert_cmpuint(stall_counters(stall)->longest_turn_us, >=, worked_before_us);
		g_assert_cmpuint(stall_counters(stall)->longest_turn_us, <=, longest_us);
	}
	g_assert_cmpstr(stall_counters(stall)->longest_turn_source, ==, "busy");
	stall_destroy(stall);
	g_source_remove(source);
	close(fd);
	g_main_context_set_poll_func(NULL, before);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/stall/longest", test_longest);
	g_test_add_func("/stall/several", test_several);
	g_test_add_func("/stall/silent", test_silent);
	g_test_add_func("/stall/names", test_names);
	g_test_add_func("/stall/poll-is-no-turn", test_poll_is_no_turn);
	g_test_add_func("/stall/no-meter", test_no_meter);
	g_test_add_func("/stall/real-clock", test_real_clock);
	return g_test_run();
}
