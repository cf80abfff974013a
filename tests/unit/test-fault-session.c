/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A terminal that is taken, asked back, given again and left, with one call that fails. The kernel
 * is played: ioctl() and the terminal's device are ours. Whatever failed, the kernel has its answer
 * when it asks, and the terminal is one of text again at the end, with its keyboard as it was; or,
 * where it was the terminal itself that failed, that was said.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/kd.h>
#include <linux/vt.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "harness.h"
#include "session/session.h"
#include "session/vt_guard.h"

#define OURS 7
#define FORMER 1
#define OTHER 2

/* More than the session's own patience. */
#define PATIENCE_S 5

static struct {
	GMutex lock;
	int active;
	int switching; /* VT_AUTO, VT_PROCESS */
	int screen; /* KD_TEXT, KD_GRAPHICS */
	int keyboard;
	unsigned int answers;
} kernel;

struct stage {
	struct session *session;
	unsigned int released;
	unsigned int acquired;
};

/* ---- the kernel ---- */

int openat(int folder, const char *path, int flags, ...)
{
	return (int)syscall(SYS_openat, folder, path, flags, 0);
}

/* A pseudoterminal takes what is no ioctl of a virtual one. */
int open(const char *path, int flags, ...)
{
	return openat(AT_FDCWD, g_str_has_prefix(path, "/dev/tty") ? "/dev/ptmx" : path, flags);
}

/* Else the fake one would come, and the fake ioctl() with it. */
int poll(struct pollfd *fds, nfds_t count, int timeout_ms)
{
	struct timespec timeout = {timeout_ms / 1000, timeout_ms % 1000 * 1000000L};

	return (int)syscall(SYS_ppoll, fds, count, timeout_ms < 0 ? NULL : &timeout, NULL, 0);
}

static int answer(unsigned long request, void *argument)
{
	int value = (int)(intptr_t)argument;

	switch (request) {
	case VT_SETMODE:
		kernel.switching = (unsigned char)((const struct vt_mode *)argument)->mode;
		break;
	case VT_GETSTATE:
		((struct vt_stat *)argument)->v_active = (unsigned short)kernel.active;
		break;
	case VT_ACTIVATE:
		kernel.active = value;
		break;
	case VT_RELDISP:
		kernel.answers += value == 1;
		break;
	case KDSETMODE:
		kernel.screen = value;
		break;
	case KDGKBMODE:
		*(int *)argument = kernel.keyboard;
		break;
	case KDSKBMODE:
		kernel.keyboard = value;
		break;
	default:
		return -1;
	}
	return 0;
}

int ioctl(int fd, unsigned long request, ...)
{
	va_list arguments;
	void *argument;
	int result;

	va_start(arguments, request);
	argument = va_arg(arguments, void *);
	va_end(arguments);
	g_mutex_lock(&kernel.lock);
	result = answer(request, argument);
	g_mutex_unlock(&kernel.lock);
	return result == 0 ? 0 : (int)syscall(SYS_ioctl, fd, request, argument);
}

static unsigned int answers(void)
{
	unsigned int count;

	g_mutex_lock(&kernel.lock);
	count = kernel.answers;
	g_mutex_unlock(&kernel.lock);
	return count;
}

/* ---- the session's listener ---- */

static void release(void *data)
{
	((struct stage *)data)->released++;
}

static void acquire(void *data)
{
	((struct stage *)data)->acquired++;
}

static void gone(void *data)
{
	g_assert_not_reached();
}

static const struct session_listener listener = {release, acquire, gone};

/* ---- the scenario ---- */

/* NULL, or why there is no session; the caller's. */
static char *take_terminal(struct stage *stage)
{
	const struct session_options options = {OURS, CONFIG_SEAT_MANAGER_NO};
	g_autoptr(GError) error = NULL;
	bool taken = session_create(&options, &listener, stage, &stage->session, &error);

	g_assert_true(taken == (error == NULL));
	g_assert_true(taken == (stage->session != NULL));
	return error ? g_strdup(error->message) : NULL;
}

static void switch_away_and_back(struct stage *stage)
{
	/* Into a pipe of ours that has room: only a signal can come between. */
	if (faults_is_in("write"))
		return;
	kill(getpid(), vt_guard_release_signal());
	FAULTS_AWAIT(answers() == 1 && stage->released == 1, PATIENCE_S);
	g_assert_cmpuint(stage->released, ==, 1);
	g_assert_true(answers() == 1 || faults_is_in("ioctl"));
	kill(getpid(), vt_guard_acquire_signal());
	FAULTS_AWAIT(stage->acquired == 1, PATIENCE_S);
	g_assert_cmpuint(stage->acquired, ==, 1);
}

static void expect_text(void)
{
	if (faults_is_in("ioctl"))
		return;
	g_assert_cmpint(kernel.screen, ==, KD_TEXT);
	g_assert_cmpint(kernel.switching, ==, VT_AUTO);
	g_assert_cmpint(kernel.keyboard, ==, K_UNICODE);
}

static void terminal(void)
{
	struct stage stage = {NULL};
	g_autofree char *before = NULL;
	g_autofree char *told = NULL;

	kernel.active = FORMER;
	kernel.keyboard = K_UNICODE;
	g_main_context_default();
	before = faults_list_fds();
	told = take_terminal(&stage);
	if (told) {
		expect_text();
		g_assert_null(take_terminal(&stage));
	}
	session_set_card(stage.session, 0, dup(STDIN_FILENO));
	session_take_keyboard(stage.session, true);
	switch_away_and_back(&stage);
	session_take_keyboard(stage.session, false);
	session_set_card(stage.session, 0, -1);
	g_assert_true(session_leaves(stage.session) || told || faults_is_in("ioctl"));
	/* Somebody has switched away: it is left where it is. */
	kernel.active = OTHER;
	g_assert_false(session_leaves(stage.session));
	kernel.active = OURS;
	session_destroy(stage.session);
	g_assert_true(kernel.active == FORMER || told || faults_is_in("ioctl"));
	expect_text();
	faults_expect_told(told, 0);
	faults_expect_fds(before);
}

int main(int argc, char **argv)
{
	faults_init(&argc, &argv);
	faults_add("/fault/session/terminal", terminal, 30);
	return g_test_run();
}
