/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "session/vt_guard.h"

#include <errno.h>
#include <fcntl.h>
#include <glib-unix.h>
#include <linux/vt.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "kms.h"
#include "log.h"
#include "turn.h"

/* What the thread tells the loop, a byte each. */
#define RELEASE 'r'
#define ACQUIRE 'a'

struct vt_guard {
	int tty; /* borrowed */
	int64_t patience_us;
	struct vt_guard_listener listener;
	void *data;
	GThread *thread;
	int signals; /* signalfd; the thread's */
	int stop; /* eventfd: the thread ends */
	int told[2]; /* a pipe, from the thread to the loop */
	guint source;

	GMutex lock; /* for what is below */
	bool asked; /* the kernel waits for an answer */
	int64_t deadline_us; /* until then the loop may give it */
	bool late; /* it did not, and has not been told yet */
	int cards[KMS_CARDS_MAX]; /* or -1 */
};

/*
 * Queued signals, and of those that wait the one with the lower number comes first. The two can
 * wait at the same time only as an acquire and the release after it: before the next acquire the
 * kernel waits for the answer to the release.
 */
int vt_guard_acquire_signal(void)
{
	return SIGRTMIN;
}

int vt_guard_release_signal(void)
{
	return SIGRTMIN + 1;
}

/* With the lock held. */
static void answer(struct vt_guard *guard)
{
	guard->asked = false;
	if (ioctl(guard->tty, VT_RELDISP, 1) != 0)
		log_daemon(G_LOG_LEVEL_WARNING, "VT_RELDISP: %s", g_strerror(errno));
}

/* ---- the thread ---- */

static void tell(struct vt_guard *guard, char what)
{
	/* A full pipe says enough: the loop has thousands of them before it. */
	while (write(guard->told[1], &what, 1) < 0 && errno == EINTR)
		;
}

static void take_signals(struct vt_guard *guard)
{
	struct signalfd_siginfo info;

	while (read(guard->signals, &info, sizeof(info)) == sizeof(info)) {
		if (info.ssi_signo == (uint32_t)vt_guard_release_signal()) {
			g_mutex_lock(&guard->lock);
			guard->asked = true;
			guard->deadline_us = g_get_monotonic_time() + guard->patience_us;
			g_mutex_unlock(&guard->lock);
			tell(guard, RELEASE);
		} else {
			tell(guard, ACQUIRE);
		}
	}
}

/* With the lock held. */
static void drop_masters(struct vt_guard *guard)
{
	for (size_t i = 0; i < KMS_CARDS_MAX; i++) {
		if (guard->cards[i] >= 0)
			kms_master_drop(guard->cards[i]);
	}
}

/* Milliseconds until it must be given without the loop; -1: nobody asks. */
static int answer_if_late(struct vt_guard *guard)
{
	int left_ms = -1;

	g_mutex_lock(&guard->lock);
	if (guard->asked) {
		int64_t left_us = guard->deadline_us - g_get_monotonic_time();

		if (left_us > 0) {
			left_ms = (int)(left_us / G_TIME_SPAN_MILLISECOND) + 1;
		} else {
			drop_masters(guard);
			guard->late = true;
			answer(guard);
		}
	}
	g_mutex_unlock(&guard->lock);
	return left_ms;
}

static void *keep_watch(void *data)
{
	struct vt_guard *guard = data;
	struct pollfd fds[] = {{.fd = guard->signals, .events = POLLIN},
		{.fd = guard->stop, .events = POLLIN}};

	do {
		fds[1].revents = 0;
		if (poll(fds, G_N_ELEMENTS(fds), answer_if_late(guard)) > 0 && fds[0].revents)
			take_signals(guard);
	} while (!fds[1].revents);
	return NULL;
}

/* ---- the main loop ---- */

/* Of several that were missed the last one says where we are; a release before it is made up for,
 * since DRM master has been lost by it. */
static gboolean told(gint fd, GIOCondition condition, gpointer data)
{
	struct vt_guard *guard = data;
	char words[64];
	ssize_t count;
	bool released = false;
	bool late;
	char last = 0;

	turn_note();
	while ((count = read(fd, words, sizeof(words))) > 0) {
		released |= memchr(words, RELEASE, (size_t)count) != NULL;
		last = words[count - 1];
	}
	g_mutex_lock(&guard->lock);
	late = guard->late;
	guard->late = false;
	g_mutex_unlock(&guard->lock);
	if (late)
		guard->listener.late(guard->data);
	if (released) {
		guard->listener.release(guard->data);
		g_mutex_lock(&guard->lock);
		if (guard->asked)
			answer(guard);
		g_mutex_unlock(&guard->lock);
	}
	if (last == ACQUIRE) {
		/* Nobody waits for this one. */
		ioctl(guard->tty, VT_RELDISP, VT_ACKACQ);
		guard->listener.acquire(guard->data);
	}
	return G_SOURCE_CONTINUE;
}

/* ---- life ---- */

static bool open_all(struct vt_guard *guard)
{
	sigset_t signals;

	sigemptyset(&signals);
	sigaddset(&signals, vt_guard_release_signal());
	sigaddset(&signals, vt_guard_acquire_signal());
	sigprocmask(SIG_BLOCK, &signals, NULL);
	guard->signals = signalfd(-1, &signals, SFD_NONBLOCK | SFD_CLOEXEC);
	guard->stop = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	return guard->signals >= 0 && guard->stop >= 0 &&
		pipe2(guard->told, O_CLOEXEC | O_NONBLOCK) == 0;
}

struct vt_guard *vt_guard_create(int tty, unsigned int patience_ms,
	const struct vt_guard_listener *listener, void *data, GError **error)
{
	struct vt_guard *guard = g_new0(struct vt_guard, 1);

	guard->tty = tty;
	guard->patience_us = (int64_t)patience_ms * G_TIME_SPAN_MILLISECOND;
	guard->listener = *listener;
	guard->data = data;
	guard->told[0] = guard->told[1] = -1;
	for (size_t i = 0; i < KMS_CARDS_MAX; i++)
		guard->cards[i] = -1;
	g_mutex_init(&guard->lock);
	if (open_all(guard))
		guard->thread = g_thread_try_new("vt guard", keep_watch, guard, error);
	else
		g_set_error(error, G_FILE_ERROR, g_file_error_from_errno(errno), "%s",
			g_strerror(errno));
	if (guard->thread == NULL) {
		vt_guard_destroy(guard);
		return NULL;
	}
	guard->source = turn_name(
		g_unix_fd_add_full(G_PRIORITY_HIGH, guard->told[0], G_IO_IN, told, guard, NULL),
		"terminal");
	return guard;
}

static void close_fd(int fd)
{
	if (fd >= 0)
		close(fd);
}

void vt_guard_destroy(struct vt_guard *guard)
{
	if (guard == NULL)
		return;
	g_clear_handle_id(&guard->source, g_source_remove);
	if (guard->thread != NULL) {
		eventfd_write(guard->stop, 1);
		g_thread_join(guard->thread);
	}
	for (size_t i = 0; i < KMS_CARDS_MAX; i++)
		close_fd(guard->cards[i]);
	close_fd(guard->signals);
	close_fd(guard->stop);
	close_fd(guard->told[0]);
	close_fd(guard->told[1]);
	g_mutex_clear(&guard->lock);
	g_free(guard);
}

void vt_guard_set_card(struct vt_guard *guard, uint32_t card, int fd)
{
	int old;

	g_mutex_lock(&guard->lock);
	old = guard->cards[card];
	guard->cards[card] = fd;
	g_mutex_unlock(&guard->lock);
	close_fd(old);
}
