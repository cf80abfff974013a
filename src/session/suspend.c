/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "session/suspend.h"

#include <errno.h>
#include <glib-unix.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

#include "log.h"
#include "turn.h"

/* Two clocks cannot be read at one time: who is held up between has the other seem ahead. */
#define SAMPLES 4

/* Less is no suspension but such a moment. */
#define LEAST_US (100 * G_TIME_SPAN_MILLISECOND)

struct suspend {
	suspend_func resumed;
	void *data;
	int timer; /* timerfd: readable when the wall clock was set */
	guint source;
	int64_t gap_us; /* of the two clocks, when last looked at */
};

static int64_t read_clock(clockid_t clock)
{
	struct timespec now = {0};

	clock_gettime(clock, &now);
	return (int64_t)now.tv_sec * G_USEC_PER_SEC + now.tv_nsec / 1000;
}

/* All that this machine was suspended since it started. */
static int64_t read_gap(void)
{
	int64_t least = G_MAXINT64;

	for (int i = 0; i < SAMPLES; i++) {
		int64_t monotonic_us = read_clock(CLOCK_MONOTONIC);
		int64_t gap_us = read_clock(CLOCK_BOOTTIME) - monotonic_us;

		least = MIN(least, gap_us);
	}
	return least;
}

/* A read of the timer fails with ECANCELED when the clock was set, and is armed for the next time
 * by that. */
static void take_event(int timer)
{
	uint64_t expirations;

	while (read(timer, &expirations, sizeof(expirations)) < 0 && errno == EINTR)
		;
}

static gboolean clock_was_set(gint fd, GIOCondition condition, gpointer data)
{
	struct suspend *suspend = data;
	int64_t gap_us = read_gap();
	int64_t suspended_us = gap_us - suspend->gap_us;

	turn_note();
	take_event(fd);
	suspend->gap_us = gap_us;
	if (suspended_us >= LEAST_US)
		suspend->resumed(suspend->data, suspended_us);
	return G_SOURCE_CONTINUE;
}

/* For a time that does not come: only the clock is of interest. */
static bool arm(int timer)
{
	const struct itimerspec never = {.it_value.tv_sec = G_MAXINT32};

	return timerfd_settime(timer, TFD_TIMER_ABSTIME | TFD_TIMER_CANCEL_ON_SET, &never, NULL) ==
		0;
}

struct suspend *suspend_create(suspend_func resumed, void *data)
{
	int timer = timerfd_create(CLOCK_REALTIME, TFD_NONBLOCK | TFD_CLOEXEC);
	struct suspend *suspend;

	if (timer < 0 || !arm(timer)) {
		log_daemon(G_LOG_LEVEL_WARNING,
			"when the machine resumes from suspend, modes are not set again: %s",
			g_strerror(errno));
		if (timer >= 0)
			close(timer);
		return NULL;
	}
	suspend = g_new0(struct suspend, 1);
	suspend->resumed = resumed;
	suspend->data = data;
	suspend->timer = timer;
	suspend->gap_us = read_gap();
	/* Before a flip of then is taken for one that is stuck. */
	suspend->source = turn_name(
		g_unix_fd_add_full(G_PRIORITY_HIGH, timer, G_IO_IN, clock_was_set, suspend, NULL),
		"suspend");
	return suspend;
}

void suspend_destroy(struct suspend *suspend)
{
	if (suspend == NULL)
		return;
	g_source_remove(suspend->source);
	close(suspend->timer);
	g_free(suspend);
}
