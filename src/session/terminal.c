/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A virtual terminal that we handle ourselves: VT_PROCESS, so that the kernel asks before it
 * switches; KD_GRAPHICS, so that the console does not draw; and its keyboard, which is off while
 * guests have the keys. Used by session.c alone.
 */
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
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <termios.h>
#include <unistd.h>

#include "log.h"
#include "session/session_internal.h"
#include "session/vt_guard.h"
#include "turn.h"

#define ACTIVATE_TIMEOUT_MS 2000

/* So long the main loop may take to let go of the screen. */
#define PATIENCE_MS 1000

struct terminal {
	struct session session;
	int tty;
	guint hangup; /* source: the tty has been hung up */
	int vt; /* its number */
	int previous; /* the terminal to go back to at the end, or 0 */
	struct vt_guard *guard;
};

/* For the crash handler, which is given nothing else: the terminal that is in graphics mode, and
 * the mode that its keyboard had before it was turned off; or -1. */
static volatile sig_atomic_t crash_tty = -1;
static volatile sig_atomic_t crash_keyboard = -1;

static const int crash_signals[] = {SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGABRT, SIGTRAP};

static void fail(GError **error, int vt, const char *what)
{
	int saved = errno;

	g_set_error(error, SESSION_ERROR, SESSION_ERROR_FAILED, "tty%d: %s: %s%s", vt, what,
		g_strerror(saved),
		saved == EACCES || saved == EPERM
			? "; run as root or as the user logged in there (scanoutd.service: by "
			  "scanoutd-terminal.conf), or use --no-vt"
			: "");
}

/* ---- text and graphics ---- */

static void restore_keyboard(int tty)
{
	if (crash_keyboard < 0)
		return;
	ioctl(tty, KDSKBMODE, (int)crash_keyboard);
	crash_keyboard = -1;
}

static void restore_text(int tty)
{
	const struct vt_mode automatic = {.mode = VT_AUTO};

	restore_keyboard(tty);
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

static bool set_graphics(struct terminal *terminal, GError **error)
{
	crash_tty = terminal->tty;
	set_crash_handlers(true);
	if (ioctl(terminal->tty, KDSETMODE, KD_GRAPHICS) != 0) {
		fail(error, terminal->vt, "KDSETMODE");
		return false;
	}
	return true;
}

static bool set_process(const struct terminal *terminal, GError **error)
{
	struct vt_mode process = {
		.mode = VT_PROCESS,
		.relsig = (short)vt_guard_release_signal(),
		.acqsig = (short)vt_guard_acquire_signal(),
	};

	if (ioctl(terminal->tty, VT_SETMODE, &process) != 0) {
		fail(error, terminal->vt, "VT_SETMODE");
		return false;
	}
	return true;
}

/* ---- switching ---- */

static void release(void *data)
{
	struct terminal *terminal = data;

	log_daemon(G_LOG_LEVEL_INFO, "tty%d: switched to another VT", terminal->vt);
	terminal->session.listener.release(terminal->session.data);
}

static void acquire(void *data)
{
	struct terminal *terminal = data;

	log_daemon(G_LOG_LEVEL_INFO, "tty%d: switched back", terminal->vt);
	terminal->session.listener.acquire(terminal->session.data);
}

static void late(void *data)
{
	const struct terminal *terminal = data;

	log_daemon(G_LOG_LEVEL_WARNING,
		"tty%d: the main loop was held up for more than %d ms while another VT was asked "
		"for; it was let go of without it",
		terminal->vt, PATIENCE_MS);
}

static const struct vt_guard_listener guard_listener = {release, acquire, late};

static bool make_guard(struct terminal *terminal, GError **error)
{
	terminal->guard = vt_guard_create(terminal->tty, PATIENCE_MS, &guard_listener, terminal,
		error);
	if (terminal->guard == NULL)
		g_prefix_error(error, "tty%d: ", terminal->vt);
	return terminal->guard != NULL;
}

static int active_vt(int tty)
{
	struct vt_stat state = {0};

	return ioctl(tty, VT_GETSTATE, &state) == 0 ? state.v_active : -1;
}

/* VT_WAITACTIVE waits for ever if somebody else's terminal does not let go. */
static bool wait_active(struct terminal *terminal, GError **error)
{
	gint64 end = g_get_monotonic_time() + ACTIVATE_TIMEOUT_MS * G_TIME_SPAN_MILLISECOND;
	int active = open("/sys/class/tty/tty0/active", O_RDONLY | O_CLOEXEC);
	struct pollfd changed = {.fd = active, .events = POLLPRI};
	bool is_active;
	char name[16];

	while (active_vt(terminal->tty) != terminal->vt) {
		gint64 left = end - g_get_monotonic_time();

		if (active < 0 || left <= 0) {
			errno = ETIMEDOUT;
			break;
		}
		/* Reading arms the next POLLPRI. */
		if (pread(active, name, sizeof(name), 0) < 0)
			break;
		if (active_vt(terminal->tty) != terminal->vt)
			poll(&changed, 1, (int)(left / 1000) + 1);
	}
	is_active = active_vt(terminal->tty) == terminal->vt;
	if (!is_active)
		fail(error, terminal->vt, "cannot be made the active VT");
	if (active >= 0)
		close(active);
	return is_active;
}

static bool activate(struct terminal *terminal, GError **error)
{
	int active = active_vt(terminal->tty);

	if (active == terminal->vt)
		return true;
	if (ioctl(terminal->tty, VT_ACTIVATE, terminal->vt) != 0) {
		fail(error, terminal->vt, "VT_ACTIVATE");
		return false;
	}
	terminal->previous = active > 0 ? active : 0;
	return wait_active(terminal, error);
}

/* Does not wait: our signal comes first. */
static void switch_terminal(struct session *session, int number)
{
	const struct terminal *terminal = (const struct terminal *)session;

	if (ioctl(terminal->tty, VT_ACTIVATE, number) != 0)
		log_daemon(G_LOG_LEVEL_WARNING, "tty%d cannot be switched to: %s", number,
			g_strerror(errno));
}

/* ---- the keyboard ---- */

/* With a kernel that has no K_OFF at least no key means anything to the terminal. */
static bool set_keyboard_off(int tty)
{
	return ioctl(tty, KDSKBMODE, K_OFF) == 0 ||
		(errno == EINVAL && ioctl(tty, KDSKBMODE, K_RAW) == 0);
}

/* The kernel's own keys for terminals are off with it; SysRq is not. */
static void turn_keyboard_off(const struct terminal *terminal)
{
	int mode;

	if (ioctl(terminal->tty, KDGKBMODE, &mode) == 0) {
		/* One that somebody who was killed has left off is to be of use again. */
		crash_keyboard = mode == K_OFF ? K_UNICODE : mode;
		if (set_keyboard_off(terminal->tty))
			return;
	}
	log_daemon(G_LOG_LEVEL_WARNING,
		"tty%d: its keyboard stays on, and reads what is typed for guests: %s",
		terminal->vt, g_strerror(errno));
	crash_keyboard = -1;
}

static void take_keyboard(struct session *session, bool taken)
{
	const struct terminal *terminal = (const struct terminal *)session;

	if (taken == (crash_keyboard >= 0))
		return;
	if (taken) {
		turn_keyboard_off(terminal);
	} else {
		tcflush(terminal->tty, TCIFLUSH);
		restore_keyboard(terminal->tty);
	}
}

/* ---- hang-up ---- */

static int open_tty(int vt)
{
	char path[32];

	snprintf(path, sizeof(path), "/dev/tty%d", vt);
	return open(path, O_RDWR | O_NOCTTY | O_CLOEXEC);
}

/*
 * A login that starts on our terminal hangs it up (vhangup(2)). Every ioctl of ours fails from then
 * on, the answer that the kernel waits for among them, and nobody could switch terminals any more.
 * So it is opened anew, with the number that the guard and the crash handler know.
 */
static gboolean hung_up(gint fd, GIOCondition condition, gpointer data)
{
	struct terminal *terminal = data;
	g_autoptr(GError) error = NULL;
	int tty = open_tty(terminal->vt);
	bool back;

	turn_note();
	back = tty >= 0 && dup3(tty, terminal->tty, O_CLOEXEC) >= 0;
	if (!back)
		fail(&error, terminal->vt, "open");
	if (tty >= 0)
		close(tty);
	log_daemon(G_LOG_LEVEL_WARNING,
		"tty%d: was hung up, as by a login that starts there; use a VT without one",
		terminal->vt);
	if (back && set_process(terminal, &error) && set_graphics(terminal, &error)) {
		if (crash_keyboard >= 0)
			set_keyboard_off(terminal->tty);
		return G_SOURCE_CONTINUE;
	}
	log_daemon(G_LOG_LEVEL_WARNING, "%s", error->message);
	terminal->hangup = 0;
	return G_SOURCE_REMOVE;
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

static bool leaves(const struct session *session)
{
	const struct terminal *terminal = (const struct terminal *)session;

	return terminal->previous > 0 && active_vt(terminal->tty) == terminal->vt;
}

static void destroy(struct session *session)
{
	struct terminal *terminal = (struct terminal *)session;

	g_clear_handle_id(&terminal->hangup, g_source_remove);
	set_crash_handlers(false);
	crash_tty = -1;
	restore_text(terminal->tty);
	/* What was typed while our picture was shown is not meant for the shell. */
	tcflush(terminal->tty, TCIFLUSH);
	if (leaves(session))
		ioctl(terminal->tty, VT_ACTIVATE, terminal->previous);
	vt_guard_destroy(terminal->guard);
	close(terminal->tty);
	g_free(terminal);
}

static void set_card(struct session *session, uint32_t card, int fd)
{
	vt_guard_set_card(((struct terminal *)session)->guard, card, fd);
}

static const struct session_way way = {
	.destroy = destroy,
	.set_card = set_card,
	.leaves = leaves,
	.switch_terminal = switch_terminal,
	.take_keyboard = take_keyboard,
};

bool session_terminal_create(int vt, const struct session_listener *listener, void *data,
	struct session **session, GError **error)
{
	struct terminal *terminal;

	*session = NULL;
	if (vt == CONFIG_VT_AUTO)
		vt = stdin_vt();
	if (vt <= 0)
		return true;
	terminal = g_new0(struct terminal, 1);
	terminal->session.way = &way;
	terminal->session.listener = *listener;
	terminal->session.data = data;
	terminal->vt = vt;
	terminal->tty = open_tty(vt);
	if (terminal->tty < 0) {
		fail(error, vt, "open");
		g_free(terminal);
		return false;
	}
	/* Graphics first: as text it would be drawn when it comes to the front, over what is on the
	 * screen and may be to stay. The signals last: of our own switch none shall tell. */
	if (!set_graphics(terminal, error) || !activate(terminal, error) ||
		!make_guard(terminal, error) || !set_process(terminal, error)) {
		destroy(&terminal->session);
		return false;
	}
	terminal->hangup = turn_name(
		g_unix_fd_add(terminal->tty, G_IO_HUP | G_IO_ERR, hung_up, terminal), "terminal");
	*session = &terminal->session;
	return true;
}
