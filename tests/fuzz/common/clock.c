/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "clock.h"

#include <glib.h>
#include <poll.h>
#include <stdint.h>

#include "fuzz.h"

/* Not 0, as no machine's is. */
static int64_t now_us = G_USEC_PER_SEC;

static bool skip_waits;

static GPtrArray *timers; /* struct timer, those that live */

struct timer {
	GSource source;
	guint interval_ms;
	int64_t due_us;
};

void clock_pass(unsigned int milliseconds)
{
	now_us += milliseconds * INT64_C(1000);
	for (guint i = 0; timers && i < timers->len; i++) {
		struct timer *timer = g_ptr_array_index(timers, i);

		if (timer->due_us <= now_us)
			g_source_set_ready_time(&timer->source, 0);
	}
}

void clock_skip_waits(bool on)
{
	skip_waits = on;
}

static gboolean dispatch(GSource *source, GSourceFunc callback, gpointer data)
{
	struct timer *timer = (struct timer *)source;

	g_source_set_ready_time(source, -1);
	timer->due_us = now_us + timer->interval_ms * INT64_C(1000);
	return callback(data);
}

static void finalize(GSource *source)
{
	g_ptr_array_remove_fast(timers, source);
}

static GSourceFuncs timer_funcs = {.dispatch = dispatch, .finalize = finalize};

/* ---- in GLib's and the kernel's places ---- */

#define WRAP(name) __asm__("__wrap_" #name)

guint wrap_timeout_add(guint interval_ms, GSourceFunc function, gpointer data) WRAP(g_timeout_add);
gint64 wrap_monotonic_time(void) WRAP(g_get_monotonic_time);
gint64 wrap_source_time(GSource *source) WRAP(g_source_get_time);

guint wrap_timeout_add(guint interval_ms, GSourceFunc function, gpointer data)
{
	GSource *source = g_source_new(&timer_funcs, sizeof(struct timer));
	struct timer *timer = (struct timer *)source;
	guint id;

	timer->interval_ms = interval_ms;
	timer->due_us = now_us + interval_ms * INT64_C(1000);
	if (!timers)
		timers = g_ptr_array_new();
	g_ptr_array_add(timers, timer);
	g_source_set_callback(source, function, data, NULL);
	id = g_source_attach(source, NULL);
	g_source_unref(source);
	return id;
}

gint64 wrap_monotonic_time(void)
{
	return now_us;
}

gint64 wrap_source_time(GSource *source)
{
	return now_us;
}

/* Of all, GLib's too; not by the fakes, whose buffers no target with a clock has. */
int poll(struct pollfd *fds, nfds_t count, int timeout_ms)
{
	bool skip = skip_waits && timeout_ms > 0;
	const struct timespec timeout = {skip ? 0 : timeout_ms / 1000,
		skip ? 0 : timeout_ms % 1000 * 1000000L};
	int ready = fuzz_ppoll(fds, (unsigned int)count, timeout_ms < 0 ? NULL : &timeout);

	if (ready == 0 && skip)
		clock_pass((unsigned int)timeout_ms);
	return ready;
}
