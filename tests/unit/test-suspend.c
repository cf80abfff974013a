/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A machine that was suspended: the kernel's timer and its clocks are played. The wall clock is set
 * by the test, and what CLOCK_BOOTTIME gains on CLOCK_MONOTONIC is the time that nothing ran.
 */
#include <errno.h>
#include <glib.h>
#include <stdbool.h>
#include <sys/eventfd.h>
#include <sys/syscall.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

#include "session/suspend.h"

#define MINUTE_US (60 * G_TIME_SPAN_SECOND)

/* ---- the kernel ---- */

static struct {
	int timer; /* an eventfd in the place of a timerfd; -1: there is none */
	bool refuses; /* to arm one */
	int64_t suspended_us; /* so far */
	int64_t late_us; /* by which the next reading of CLOCK_BOOTTIME is late */
	unsigned int interruptions; /* of the next reads */
} kernel;

int timerfd_create(clockid_t clock, int flags)
{
	g_assert_cmpint(clock, ==, CLOCK_REALTIME);
	g_assert_cmpint(flags, ==, TFD_NONBLOCK | TFD_CLOEXEC);
	if (kernel.timer == -1) {
		errno = EMFILE;
		return -1;
	}
	kernel.timer = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	return kernel.timer;
}

int timerfd_settime(int timer, int flags, const struct itimerspec *value, struct itimerspec *old)
{
	g_assert_cmpint(timer, ==, kernel.timer);
	/* Without the first the kernel takes no note of the second. */
	g_assert_cmpint(flags, ==, TFD_TIMER_ABSTIME | TFD_TIMER_CANCEL_ON_SET);
	g_assert_cmpint(value->it_value.tv_sec, ==, G_MAXINT32);
	errno = EINVAL;
	return kernel.refuses ? -1 : 0;
}

int clock_gettime(clockid_t clock, struct timespec *time)
{
	int result = (int)syscall(SYS_clock_gettime, clock, time);

	if (clock != CLOCK_BOOTTIME)
		return result;
	time->tv_sec += (kernel.suspended_us + kernel.late_us) / G_USEC_PER_SEC;
	kernel.late_us = 0;
	return result;
}

/* That the clock was set is an error of the read, and gone with it. */
ssize_t read(int fd, void *buffer, size_t size)
{
	if (fd != kernel.timer)
		return syscall(SYS_read, fd, buffer, size);
	g_assert_cmpuint(size, ==, sizeof(uint64_t));
	if (kernel.interruptions > 0) {
		kernel.interruptions--;
		errno = EINTR;
		return -1;
	}
	if (syscall(SYS_read, fd, buffer, size) > 0)
		errno = ECANCELED;
	return -1;
}

static void set_wall_clock(void)
{
	g_assert_cmpint(eventfd_write(kernel.timer, 1), ==, 0);
}

/* ---- who is told ---- */

struct told {
	unsigned int times;
	int64_t suspended_us;
};

static void resumed(void *data, int64_t suspended_us)
{
	struct told *told = data;

	told->times++;
	told->suspended_us = suspended_us;
}

static void turn(void)
{
	while (g_main_context_iteration(NULL, FALSE))
		;
}

static void test_is_told(void)
{
	struct told told = {0};
	struct suspend *suspend = suspend_create(resumed, &told);

	turn();
	g_assert_cmpuint(told.times, ==, 0);
	kernel.suspended_us = 5 * MINUTE_US;
	set_wall_clock();
	turn();
	g_assert_cmpuint(told.times, ==, 1);
	/* The clocks are looked at one after the other. */
	g_assert_cmpint((told.suspended_us + G_USEC_PER_SEC / 2) / G_USEC_PER_SEC, ==, 5 * 60);
	/* Only what is new. */
	kernel.suspended_us += MINUTE_US;
	kernel.interruptions = 2;
	set_wall_clock();
	turn();
	g_assert_cmpuint(told.times, ==, 2);
	g_assert_cmpint((told.suspended_us + G_USEC_PER_SEC / 2) / G_USEC_PER_SEC, ==, 60);
	suspend_destroy(suspend);
}

/* Somebody has set the wall clock, and nothing else. */
static void test_clock_is_set(void)
{
	struct told told = {0};
	struct suspend *suspend = suspend_create(resumed, &told);

	set_wall_clock();
	turn();
	g_assert_cmpuint(told.times, ==, 0);
	/* And this process was held up meanwhile, between a look at the one clock and at the
	 * other. */
	kernel.late_us = MINUTE_US;
	set_wall_clock();
	turn();
	g_assert_cmpuint(told.times, ==, 0);
	/* That moment is not part of the next. */
	kernel.suspended_us += MINUTE_US;
	set_wall_clock();
	turn();
	g_assert_cmpuint(told.times, ==, 1);
	suspend_destroy(suspend);
}

/* Before the machine's other events of that turn. */
static gboolean other_event(gpointer data)
{
	const struct told *told = data;

	g_assert_cmpuint(told->times, ==, 1);
	return G_SOURCE_REMOVE;
}

static void test_is_told_first(void)
{
	struct told told = {0};
	struct suspend *suspend;

	g_timeout_add(0, other_event, &told);
	suspend = suspend_create(resumed, &told);
	kernel.suspended_us += MINUTE_US;
	set_wall_clock();
	turn();
	g_assert_cmpuint(told.times, ==, 1);
	suspend_destroy(suspend);
}

static unsigned int warnings;

static GLogWriterOutput count_warnings(GLogLevelFlags level, const GLogField *fields, gsize count,
	gpointer data)
{
	warnings += (level & G_LOG_LEVEL_WARNING) != 0;
	return G_LOG_WRITER_HANDLED;
}

static void test_no_timer(void)
{
	kernel.timer = -1;
	g_assert_null(suspend_create(resumed, NULL));
	g_assert_cmpuint(warnings, ==, 1);
	kernel.timer = 0;
	kernel.refuses = true;
	g_assert_null(suspend_create(resumed, NULL));
	g_assert_cmpuint(warnings, ==, 2);
	/* It is closed. */
	g_assert_cmpint(eventfd_write(kernel.timer, 1), ==, -1);
	suspend_destroy(NULL);
	kernel.refuses = false;
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_log_set_writer_func(count_warnings, NULL, NULL);
	g_test_add_func("/suspend/is-told", test_is_told);
	g_test_add_func("/suspend/clock-is-set", test_clock_is_set);
	g_test_add_func("/suspend/is-told-first", test_is_told_first);
	g_test_add_func("/suspend/no-timer", test_no_timer);
	return g_test_run();
}
