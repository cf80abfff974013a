/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * scanout-hold [options] -- scanoutd …: keeps what scanoutd has open, and starts it again when it
 * dies, where no service manager does. See scanout-hold(1).
 *
 * One process that waits for signals and for messages of its child's, at a socket that is
 * $NOTIFY_SOCKET there:
 *
 *   runs ──dies──▶ started again, with the fds ──dies too often──▶ ends with status 1
 *     └──ends by itself, or because we were asked to──▶ ends with the same status
 */
#include <errno.h>
#include <fcntl.h>
#include <glib.h>
#include <locale.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <systemd/sd-daemon.h>
#include <unistd.h>

#include "tools/scanout-hold/store.h"

/* What a wrong command line ends with, and a program that cannot be run. */
#define EXIT_USAGE 2
#define EXIT_NO_PROGRAM 127

/* As the unit's FileDescriptorStoreMax=. */
#define KEPT_MAX 1000

struct hold {
	char **command;
	struct store *store;
	char *room; /* of that, as $FDSTORE */
	int signals; /* signalfd */
	int socket;
	char *address; /* $NOTIFY_SOCKET */
	pid_t child;
	bool ending; /* we were asked to end */
	bool full; /* which has been said */
	int restarts; /* so many … */
	int seconds; /* … in this time are too many */
	GArray *deaths; /* gint64: when, by the monotonic clock; none older than that */
};

/* ---- the command line ---- */

static bool read_options(struct hold *hold, char **arguments, GError **error)
{
	const GOptionEntry entries[] = {
		{"restarts", 0, 0, G_OPTION_ARG_INT, &hold->restarts,
			"Give up when it dies more often than this …; by default 5", "N"},
		{"seconds", 0, 0, G_OPTION_ARG_INT, &hold->seconds,
			"… in so many seconds; by default 10", "N"},
		{NULL},
	};
	g_autoptr(GOptionContext) context = g_option_context_new(
		"-- scanoutd [ARGUMENT…] – start scanoutd again when it dies, without a change on the "
		"screen");
	g_auto(GStrv) rest = g_strdupv(arguments);
	char **command;

	g_option_context_set_strict_posix(context, TRUE);
	g_option_context_add_main_entries(context, entries, NULL);
	if (!g_option_context_parse_strv(context, &rest, error))
		return false;
	command = rest + 1;
	if (*command && g_str_equal(*command, "--"))
		command++;
	if (!*command || hold->restarts < 0 || hold->seconds < 1) {
		g_set_error_literal(error, G_OPTION_ERROR, G_OPTION_ERROR_FAILED,
			*command ? "--restarts= must be 0 or more, --seconds= 1 or more"
				 : "the command is missing: scanout-hold [options] -- scanoutd …");
		return false;
	}
	hold->command = g_strdupv(command);
	return true;
}

/* ---- making ---- */

/* What we inherited and hand on must not stand where what is kept goes: room for so many. */
static size_t count_room(void)
{
	struct rlimit limit;
	int most = KEPT_MAX;

	if (getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur / 4 < (rlim_t)most)
		most = (int)(limit.rlim_cur / 4);
	for (int fd = SD_LISTEN_FDS_START; fd < SD_LISTEN_FDS_START + most; fd++) {
		int flags = fcntl(fd, F_GETFD);

		if (flags >= 0 && !(flags & FD_CLOEXEC))
			return (size_t)(fd - SD_LISTEN_FDS_START);
	}
	return (size_t)most;
}

/* An abstract address that the kernel chooses: nothing to be removed. */
static bool open_socket(struct hold *hold)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	socklen_t size = sizeof(address.sun_family);
	int yes = 1;

	hold->socket = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (hold->socket < 0 ||
		setsockopt(hold->socket, SOL_SOCKET, SO_PASSCRED, &yes, sizeof(yes)) != 0 ||
		bind(hold->socket, (struct sockaddr *)&address, size) != 0)
		return false;
	size = sizeof(address);
	if (getsockname(hold->socket, (struct sockaddr *)&address, &size) != 0)
		return false;
	hold->address = g_strdup_printf("@%.*s",
		(int)(size - offsetof(struct sockaddr_un, sun_path) - 1), address.sun_path + 1);
	return true;
}

static const int passed_on[] = {SIGTERM, SIGINT, SIGHUP, SIGUSR1};

static bool open_signals(struct hold *hold)
{
	sigset_t signals;

	sigemptyset(&signals);
	sigaddset(&signals, SIGCHLD);
	for (size_t i = 0; i < G_N_ELEMENTS(passed_on); i++)
		sigaddset(&signals, passed_on[i]);
	sigprocmask(SIG_BLOCK, &signals, NULL);
	hold->signals = signalfd(-1, &signals, SFD_CLOEXEC | SFD_NONBLOCK);
	return hold->signals >= 0;
}

/* ---- the child ---- */

static void become_child(const struct hold *hold, pid_t parent)
{
	sigset_t none;

	/* We keep nothing for it any more: it would not be started again. */
	prctl(PR_SET_PDEATHSIG, SIGTERM);
	if (getppid() != parent)
		_exit(EXIT_FAILURE);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	unsetenv("LISTEN_PID");
	unsetenv("LISTEN_FDS");
	unsetenv("LISTEN_FDNAMES");
	unsetenv("WATCHDOG_USEC");
	if (setenv("NOTIFY_SOCKET", hold->address, 1) != 0 ||
		setenv("FDSTORE", hold->room, 1) != 0 || !store_hand_over(hold->store)) {
		g_printerr("scanout-hold: file descriptors: %s\n", g_strerror(errno));
		_exit(EXIT_FAILURE);
	}
	execvp(hold->command[0], hold->command);
	g_printerr("scanout-hold: %s: %s\n", hold->command[0], g_strerror(errno));
	_exit(EXIT_NO_PROGRAM);
}

static bool start(struct hold *hold)
{
	pid_t parent = getpid();

	hold->child = fork();
	if (hold->child == 0)
		become_child(hold, parent);
	if (hold->child < 0)
		g_printerr("scanout-hold: cannot start %s: %s\n", hold->command[0],
			g_strerror(errno));
	return hold->child > 0;
}

/* Also what it said before it died. */
static void hear(struct hold *hold)
{
	enum store_message message;

	while ((message = store_receive(hold->store, hold->socket, hold->child)) != STORE_NOTHING) {
		if (message != STORE_FULL || hold->full)
			continue;
		hold->full = true;
		g_printerr("scanout-hold: not all is kept: there is room for %zu file descriptors, "
			   "below those that scanout-hold has inherited\n",
			count_room());
	}
}

static bool too_often(struct hold *hold)
{
	gint64 now_us = g_get_monotonic_time();
	gint64 since_us = now_us - (gint64)hold->seconds * G_USEC_PER_SEC;

	while (hold->deaths->len > 0 && g_array_index(hold->deaths, gint64, 0) < since_us)
		g_array_remove_index(hold->deaths, 0);
	g_array_append_val(hold->deaths, now_us);
	return hold->deaths->len > (guint)hold->restarts;
}

static int exit_status(int status)
{
	return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

static char *describe(int status)
{
	return WIFSIGNALED(status)
		? g_strdup_printf("was killed by SIG%s", sigabbrev_np(WTERMSIG(status)))
		: g_strdup_printf("ended with status %d", WEXITSTATUS(status));
}

/* True: that is the end, with this status. */
static bool child_died(struct hold *hold, int status, int *result)
{
	g_autofree char *how = describe(status);

	*result = exit_status(status);
	/* It could not be run, or would not: there is nothing yet that is worth another try. */
	if (hold->ending || *result == EXIT_SUCCESS || *result == EXIT_NO_PROGRAM ||
		(WIFEXITED(status) && store_count(hold->store) == 0))
		return true;
	if (too_often(hold)) {
		g_printerr("scanout-hold: %s %s, more than %d times in %d s: giving up\n",
			hold->command[0], how, hold->restarts, hold->seconds);
		*result = EXIT_FAILURE;
		return true;
	}
	g_printerr("scanout-hold: %s %s: starting it again\n", hold->command[0], how);
	*result = EXIT_FAILURE;
	return !start(hold);
}

/* ---- the loop ---- */

/* True: that is the end. */
static bool look_for_death(struct hold *hold, int *result)
{
	int status;

	if (waitpid(hold->child, &status, WNOHANG) != hold->child)
		return false;
	hear(hold);
	return child_died(hold, status, result);
}

static bool handle_signals(struct hold *hold, int *result)
{
	struct signalfd_siginfo info;

	while (read(hold->signals, &info, sizeof(info)) == sizeof(info)) {
		int number = (int)info.ssi_signo;

		if (number == SIGCHLD) {
			if (look_for_death(hold, result))
				return true;
			continue;
		}
		hold->ending |= number == SIGTERM || number == SIGINT;
		kill(hold->child, number);
	}
	return false;
}

static int run(struct hold *hold)
{
	struct pollfd events[] = {
		{.fd = hold->signals, .events = POLLIN},
		{.fd = hold->socket, .events = POLLIN},
	};
	int result = EXIT_FAILURE;
	bool ended = !start(hold);

	while (!ended) {
		if (poll(events, G_N_ELEMENTS(events), -1) < 0)
			continue;
		hear(hold);
		ended = handle_signals(hold, &result);
	}
	return result;
}

int main(int argc, char **argv)
{
	struct hold hold = {.signals = -1, .socket = -1, .restarts = 5, .seconds = 10};
	g_autoptr(GError) error = NULL;
	int status = EXIT_FAILURE;

	setlocale(LC_CTYPE, "");
	if (!read_options(&hold, argv, &error)) {
		g_printerr("scanout-hold: %s\n", error->message);
		return EXIT_USAGE;
	}
	hold.room = g_strdup_printf("%zu", count_room());
	hold.store = store_create(count_room());
	hold.deaths = g_array_new(FALSE, FALSE, sizeof(gint64));
	if (open_signals(&hold) && open_socket(&hold))
		status = run(&hold);
	else
		g_printerr("scanout-hold: %s\n", g_strerror(errno));
	store_destroy(hold.store);
	g_array_unref(hold.deaths);
	if (hold.signals >= 0)
		close(hold.signals);
	if (hold.socket >= 0)
		close(hold.socket);
	g_free(hold.address);
	g_free(hold.room);
	g_strfreev(hold.command);
	return status;
}
