/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The kernel's poll(), by either call (GLib's loop makes one or the other), which never sees
 * dma-bufs that are busy. On its own, for tests that have a poll() of theirs. */
#include <glib.h>
#include <poll.h>
#include <signal.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "fake/fake_dmabuf.h"

#define POLLED_MAX 64

static unsigned int polls;

void fake_dmabuf_set_busy(const uint32_t *memory, bool busy)
{
	fake_dmabuf_note_busy(memory, busy);
}

static const uint32_t *busy_soon;
static unsigned int asked_before;

void fake_dmabuf_set_busy_after(const uint32_t *memory, unsigned int asked)
{
	fake_dmabuf_note_busy(memory, false);
	busy_soon = memory;
	asked_before = asked;
}

/* The memfd is asked about, and was seen as it is now. */
static void note_asked(void)
{
	polls++;
	if (busy_soon && --asked_before == 0) {
		fake_dmabuf_note_busy(busy_soon, true);
		busy_soon = NULL;
	}
}

unsigned int fake_dmabuf_polls(void)
{
	return polls;
}

int ppoll(struct pollfd *fds, nfds_t count, const struct timespec *timeout, const sigset_t *signals)
{
	struct pollfd seen[POLLED_MAX];
	struct timespec left = timeout ? *timeout : (struct timespec){0};
	/* Whoever asks for one's fences asks for it alone; the main loop waits for those that are
	 * busy, or were. */
	bool look = count == 1 || fake_dmabuf_any_busy() || busy_soon;
	bool busy;
	int result;

	g_assert_cmpuint(count, <=, POLLED_MAX);
	g_assert_null(signals);
	for (nfds_t i = 0; i < count; i++) {
		seen[i] = fds[i];
		if (!look || !fake_dmabuf_find(fds[i].fd, &busy))
			continue;
		if (busy)
			seen[i].fd = -1;
		note_asked();
	}
	/* The system call writes into it. */
	result = (int)syscall(SYS_ppoll, seen, count, timeout ? &left : NULL, NULL, 0);
	for (nfds_t i = 0; i < count; i++)
		fds[i].revents = seen[i].revents;
	return result;
}

int poll(struct pollfd *fds, nfds_t count, int timeout_ms)
{
	const struct timespec timeout = {timeout_ms / 1000, timeout_ms % 1000 * 1000000L};

	return ppoll(fds, count, timeout_ms < 0 ? NULL : &timeout, NULL);
}
