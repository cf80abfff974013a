/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "session.h"

#include <errno.h>
#include <fcntl.h>
#include <glib-unix.h>
#include <linux/kd.h>
#include <linux/major.h>
#include <linux/vt.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <termios.h>
#include <unistd.h>

#include "config.h"
#include "log.h"

#define ACTIVATE_TIMEOUT_MS 2000

struct session {
	int tty;
	int vt; /* its number */
	int previous; /* the terminal to go back to at the end, or 0 */
	int signals; /* signalfd */
	guint source;
	struct session_listener listener;
	void *data;
};

G_DEFINE_QUARK(scanoutd_session_error_quark, session_error)

/* For the crash handler, which is given nothing else: the terminal that is in graphics mode, or
 * -1. */
static volatile sig_atomic_t crash_tty = -1;

static const int crash_signals[] = {SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGABRT, SIGTRAP};

/* Queued, so that a release is not lost behind an acquire. */
static int release_signal(void)
{
	return SIGRTMIN;
}

static int acquire_signal(void)
{
	return SIGRTMIN + 1;
}

static void fail(GError **error, int vt, const char *what)
{
	int saved = errno;

	g_set_error(error, SESSION_ERROR, SESSION_ERROR_FAILED, "tty%d: %s: %s%s", vt, what,
		g_strerror(saved),
		saved == EACCES || saved == EPERM
			? "; run as root or as the user logged in there, or use --no-vt"
			: "");
}

/* ---- text and graphics ---- */

static void restore_text(int tty)
{
	const struct vt_mode automatic = {.mode = VT_AUTO};

	ioctl(tty, KDSETMODE, KD_TEXT);
	ioctl(tty, VT_SETMODE, &automatic);
}

/* Nothing but system calls. The signal's default action follows on return (SA_RESETHAND). */
static void handle_crash(int number)
{
	if (crash_tty >= 0)
		restore_text(crash_tty);
	raise(number);
}

static void set_crash_handlers(bool on)
{
	struct sigaction action = {.sa_handler = handle_crash, .sa_flags = SA_RESETHAND};
	struct sigaction current;

	sigemptyset(&action.sa_mask);
	if (!on)
		action = (struct sigaction){.sa_handler = SIG_DFL};
	for (size_t i = 0; i < G_N_ELEMENTS(crash_signals); i++) {
		/* A sanitizer's handler stays. */
		if (sigaction(crash_signals[i], NULL, &current) == 0 &&
			current.sa_handler == (on ? SIG_DFL : handle_crash))
			sigaction(crash_signals[i], &action, NULL);
	}
}

static bool set_graphics(struct session *session, GError **error)
{
	struct vt_mode process = {
		.mode = VT_PROCESS,
		.relsig = (short)release_signal(),
		.acqsig = (short)acquire_signal(),
	};

	if (ioctl(session->tty, VT_SETMODE, &process) != 0) {
		fail(error, session->vt, "VT_SETMODE");
		return false;
	}
	crash_tty = session->tty;
	set_crash_handlers(true);
	if (ioctl(session->tty, KDSETMODE, KD_GRAPHICS) != 0) {
		fail(error, session->vt, "KDSETMODE");
		return false;
	}
	return true;
}

/* ---- switching ---- */

static gboolean handle_signals(gint fd, GIOCondition condition, gpointer data)
{
	struct session *session = data;
	struct signalfd_siginfo info;

	while (read(fd, &info, sizeof(info)) == sizeof(info)) {
		if (info.ssi_signo == (uint32_t)release_signal()) {
			log_daemon(G_LOG_LEVEL_INFO, "tty%d: is left", session->vt);
			session->listener.release(session->data);
			if (ioctl(session->tty, VT_RELDISP, 1) != 0)
				log_daemon(G_LOG_LEVEL_WARNING, "tty%d: VT_RELDISP: %s",
					session->vt, g_strerror(errno));
		} else {
			if (ioctl(session->tty, VT_RELDISP, VT_ACKACQ) != 0)
				log_daemon(G_LOG_LEVEL_WARNING, "tty%d: VT_RELDISP: %s",
					session->vt, g_strerror(errno));
			log_daemon(G_LOG_LEVEL_INFO, "tty%d: is ours again", session->vt);
			session->listener.acquire(session->data);
		}
	}
	return G_SOURCE_CONTINUE;
}

static bool watch_signals(struct session *session, GError **error)
{
	sigset_t signals;

	sigemptyset(&signals);
	sigaddset(&signals, release_signal());
	sigaddset(&signals, acquire_signal());
	sigprocmask(SIG_BLOCK, &signals, NULL);
	session->signals = signalfd(-1, &signals, SFD_NONBLOCK | SFD_CLOEXEC);
	if (session->signals < 0) {
		fail(error, session->vt, "signalfd");
		return false;
	}
	session->source = g_unix_fd_add(session->signals, G_IO_IN, handle_signals, session);
	return true;
}

static int active_vt(int tty)
{
	struct vt_stat state = {0};

	return ioctl(tty, VT_GETSTATE, &state) == 0 ? state.v_active : -1;
}

/* VT_WAITACTIVE waits for ever if somebody else's terminal does not let go. */
static bool wait_active(struct session *session, GError **error)
{
	gint64 end = g_get_monotonic_time() + ACTIVATE_TIMEOUT_MS * G_TIME_SPAN_MILLISECOND;
	int active = open("/sys/class/tty/tty0/active", O_RDONLY | O_CLOEXEC);
	struct pollfd changed = {.fd = active, .events = POLLPRI};
	char name[16];

	while (active_vt(session->tty) != session->vt) {
		gint64 left = end - g_get_monotonic_time();

		if (active < 0 || left <= 0) {
			errno = ETIMEDOUT;
			fail(error, session->vt, "does not come to the front");
			break;
		}
		/* Reading arms the next POLLPRI. */
		if (pread(active, name, sizeof(name), 0) < 0)
			break;
		if (active_vt(session->tty) != session->vt)
			poll(&changed, 1, (int)(left / 1000) + 1);
	}
	if (active >= 0)
		close(active);
	return active_vt(session->tty) == session->vt;
}

static bool activate(struct session *session, GError **error)
{
	int active = active_vt(session->tty);

	if (active == session->vt)
		return true;
	if (ioctl(session->tty, VT_ACTIVATE, session->vt) != 0) {
		fail(error, session->vt, "VT_ACTIVATE");
		return false;
	}
	session->previous = active > 0 ? active : 0;
	return wait_active(session, error);
}

/* ---- which terminal ---- */

/* The virtual terminal that standard input is, or 0. */
static int stdin_vt(void)
{
	struct stat status;

	if (fstat(STDIN_FILENO, &status) != 0 || !S_ISCHR(status.st_mode) ||
		major(status.st_rdev) != TTY_MAJOR || minor(status.st_rdev) < MIN_NR_CONSOLES ||
		minor(status.st_rdev) > MAX_NR_CONSOLES)
		return 0;
	return (int)minor(status.st_rdev);
}

bool session_create(int vt, const struct session_listener *listener, void *data,
	struct session **session, GError **error)
{
	char path[32];
	struct session *made;

	*session = NULL;
	if (vt == CONFIG_VT_AUTO)
		vt = stdin_vt();
	if (vt <= 0)
		return true;
	made = g_new0(struct session, 1);
	made->vt = vt;
	made->signals = -1;
	made->listener = *listener;
	made->data = data;
	snprintf(path, sizeof(path), "/dev/tty%d", vt);
	made->tty = open(path, O_RDWR | O_NOCTTY | O_CLOEXEC);
	if (made->tty < 0) {
		fail(error, vt, "open");
		g_free(made);
		return false;
	}
	if (!activate(made, error) || !watch_signals(made, error) || !set_graphics(made, error)) {
		session_destroy(made);
		return false;
	}
	*session = made;
	return true;
}

void session_destroy(struct session *session)
{
	if (session == NULL)
		return;
	set_crash_handlers(false);
	crash_tty = -1;
	restore_text(session->tty);
	/* What was typed while our picture was shown is not meant for the shell. */
	tcflush(session->tty, TCIFLUSH);
	if (session->previous > 0 && active_vt(session->tty) == session->vt)
		ioctl(session->tty, VT_ACTIVATE, session->previous);
	g_clear_handle_id(&session->source, g_source_remove);
	if (session->signals >= 0)
		close(session->signals);
	close(session->tty);
	g_free(session);
}
