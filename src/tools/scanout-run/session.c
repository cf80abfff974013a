/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tools/scanout-run/session.h"

#include <errno.h>
#include <fcntl.h>
#include <glib-unix.h>
#include <glib.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

/* From the request to end to SIGKILL. A daemon in trouble gives up its card within a second or
 * two. */
#define PATIENCE_SECONDS 30

/* A back-end ends by itself when QEMU goes: QEMU's own end is due within this time. A large guest's
 * memory is not given back in a moment. */
#define GRACE_SECONDS 20

/* The daemon's end of SESSION_READY_OPTION, and the bus's of its own. */
#define READY_FD 3

enum state {
	STATE_STARTING, /* the daemon is not ready, QEMU not started */
	STATE_RUNNING,
	STATE_ENDING, /* whoever still runs has been asked to end */
};

struct child {
	const char *name;
	struct session *session;
	GPid pid;
	bool runs;
};

struct session {
	const struct session_commands *commands;
	GMainLoop *loop;
	enum state state;
	struct child bus;
	struct child backend;
	struct child daemon;
	struct child qemu;
	int ready_fd; /* our end, or -1 */
	guint ready_source;
	guint patience_source;
	guint grace_source;
	guint signal_sources[3];
	int status; /* of scanout-run */
};

/* What one child needs that the others do not. */
struct setup {
	pid_t parent;
	bool own_group; /* a terminal's Ctrl-C is for QEMU alone; we end the others after it */
};

/* Between fork and exec: system calls only. */
static void child_setup(gpointer data)
{
	const struct setup *setup = data;

	prctl(PR_SET_PDEATHSIG, SIGTERM);
	if (getppid() != setup->parent)
		_exit(EXIT_FAILURE);
	if (setup->own_group)
		setpgid(0, 0);
}

static void signal_child(const struct child *child, int number)
{
	if (child->runs)
		kill(child->pid, number);
}

static gboolean patience_over(gpointer data)
{
	struct session *session = data;

	session->patience_source = 0;
	signal_child(&session->qemu, SIGKILL);
	signal_child(&session->daemon, SIGKILL);
	signal_child(&session->backend, SIGKILL);
	signal_child(&session->bus, SIGKILL);
	return G_SOURCE_REMOVE;
}

static void lose_patience(struct session *session)
{
	if (!session->patience_source)
		session->patience_source = g_timeout_add_seconds(PATIENCE_SECONDS, patience_over,
			session);
}

/* QEMU first, so that the guest's last picture has where to go; then the others. */
static void end(struct session *session)
{
	session->state = STATE_ENDING;
	lose_patience(session);
	if (session->qemu.runs) {
		signal_child(&session->qemu, SIGTERM);
	} else {
		signal_child(&session->daemon, SIGTERM);
		signal_child(&session->backend, SIGTERM);
		signal_child(&session->bus, SIGTERM);
	}
	if (!session->qemu.runs && !session->daemon.runs && !session->backend.runs &&
		!session->bus.runs)
		g_main_loop_quit(session->loop);
}

static void fail(struct session *session)
{
	session->status = EXIT_FAILURE;
	end(session);
}

static void complain(const struct child *child, int status)
{
	if (WIFSIGNALED(status))
		g_printerr("scanout-run: the %s was killed by signal %d; stopping the others\n",
			child->name, WTERMSIG(status));
	else
		g_printerr("scanout-run: the %s exited with status %d; stopping the others\n",
			child->name, WEXITSTATUS(status));
}

static gboolean grace_over(gpointer data)
{
	struct session *session = data;

	session->grace_source = 0;
	if (session->state != STATE_ENDING) {
		complain(&session->backend, 0);
		fail(session);
	}
	return G_SOURCE_REMOVE;
}

/* The keys to leave were pressed. */
static bool leaves(const struct session *session, const struct child *child, int status)
{
	return child == &session->daemon && status == 0 && session->state == STATE_RUNNING;
}

static void child_ended(GPid pid, int status, gpointer data)
{
	struct child *child = data;
	struct session *session = child->session;

	child->runs = false;
	g_spawn_close_pid(pid);
	if (session->state == STATE_ENDING || leaves(session, child, status)) {
		end(session);
	} else if (child == &session->qemu) {
		session->status = WIFSIGNALED(status) ? 128 + WTERMSIG(status)
						      : WEXITSTATUS(status);
		end(session);
	} else if (child == &session->bus && session->state == STATE_RUNNING) {
		g_printerr("scanout-run: the bus has ended; the guest is not told of other "
			   "monitors any more\n");
	} else if (child == &session->backend && status == 0 && session->state == STATE_RUNNING) {
		/* Where QEMU has been told to end, that time runs already. */
		if (!session->patience_source)
			session->grace_source = g_timeout_add_seconds(GRACE_SECONDS, grace_over,
				session);
	} else {
		complain(child, status);
		fail(session);
	}
}

/* `ready_fd` -1: none. */
static bool start(struct child *child, char *const *command, bool is_qemu, int ready_fd)
{
	struct setup setup = {.parent = getpid(), .own_group = !is_qemu};
	const int target = READY_FD;
	g_autoptr(GError) error = NULL;

	child->runs = g_spawn_async_with_pipes_and_fds(NULL, (const char *const *)command, NULL,
		G_SPAWN_SEARCH_PATH | G_SPAWN_DO_NOT_REAP_CHILD | G_SPAWN_CHILD_INHERITS_STDIN,
		child_setup, &setup, -1, -1, -1, &ready_fd, &target, ready_fd >= 0, &child->pid,
		NULL, NULL, NULL, &error);
	if (!child->runs) {
		g_printerr("scanout-run: the %s: %s\n", child->name, error->message);
		return false;
	}
	g_child_watch_add(child->pid, child_ended, child);
	return true;
}

/* Whether it said that it is ready. Without a word it has ended or is about to, and we shall hear
 * of that. */
static bool read_ready(struct session *session)
{
	char text[512];
	ssize_t got = read(session->ready_fd, text, sizeof(text));

	session->ready_source = 0;
	close(session->ready_fd);
	session->ready_fd = -1;
	return got > 0 && session->state == STATE_STARTING;
}

static gboolean daemon_ready(int fd, GIOCondition condition, gpointer data)
{
	struct session *session = data;

	if (!read_ready(session))
		return G_SOURCE_REMOVE;
	session->state = STATE_RUNNING;
	if (!start(&session->qemu, session->commands->qemu, true, -1))
		fail(session);
	return G_SOURCE_REMOVE;
}

/* One that tells by READY_FD when it is ready. */
static bool start_telling(struct session *session, struct child *child, char *const *command,
	GUnixFDSourceFunc ready)
{
	int pipe[2];
	g_autoptr(GError) error = NULL;

	if (!g_unix_open_pipe(pipe, FD_CLOEXEC, &error)) {
		g_printerr("scanout-run: %s\n", error->message);
		return false;
	}
	bool started = start(child, command, false, pipe[1]);
	close(pipe[1]);
	session->ready_fd = pipe[0];
	session->ready_source = g_unix_fd_add(pipe[0], G_IO_IN | G_IO_HUP, ready, session);
	return started;
}

static void start_display(struct session *session)
{
	const struct session_commands *commands = session->commands;

	if (!start(&session->backend, commands->backend, false, -1) ||
		!start_telling(session, &session->daemon, commands->daemon, daemon_ready))
		fail(session);
}

static gboolean bus_ready(int fd, GIOCondition condition, gpointer data)
{
	struct session *session = data;

	if (read_ready(session))
		start_display(session);
	return G_SOURCE_REMOVE;
}

/* QEMU connects to the bus once, as it starts. */
static void start_first(struct session *session)
{
	if (!session->commands->bus)
		start_display(session);
	else if (!start_telling(session, &session->bus, session->commands->bus, bus_ready))
		fail(session);
}

/* QEMU decides what a signal means for it; without QEMU it means the end. */
static void pass_signal(struct session *session, int number)
{
	if (session->qemu.runs) {
		g_clear_handle_id(&session->grace_source, g_source_remove);
		signal_child(&session->qemu, number);
		lose_patience(session);
	} else if (session->state == STATE_STARTING) {
		session->status = 128 + number;
		end(session);
	}
}

static gboolean interrupted(gpointer data)
{
	pass_signal(data, SIGINT);
	return G_SOURCE_CONTINUE;
}

static gboolean terminated(gpointer data)
{
	pass_signal(data, SIGTERM);
	return G_SOURCE_CONTINUE;
}

static gboolean hung_up(gpointer data)
{
	pass_signal(data, SIGHUP);
	return G_SOURCE_CONTINUE;
}

int session_run(const struct session_commands *commands)
{
	struct session session = {
		.commands = commands,
		.loop = g_main_loop_new(NULL, FALSE),
		.bus = {.name = "bus", .session = &session},
		.backend = {.name = "back-end", .session = &session},
		.daemon = {.name = "daemon", .session = &session},
		.qemu = {.name = "VMM", .session = &session},
		.ready_fd = -1,
	};

	session.signal_sources[0] = g_unix_signal_add(SIGINT, interrupted, &session);
	session.signal_sources[1] = g_unix_signal_add(SIGTERM, terminated, &session);
	session.signal_sources[2] = g_unix_signal_add(SIGHUP, hung_up, &session);
	start_first(&session);
	/* Where nothing could be started, there is nothing to wait for. */
	if (session.bus.runs || session.backend.runs || session.daemon.runs)
		g_main_loop_run(session.loop);

	for (size_t i = 0; i < G_N_ELEMENTS(session.signal_sources); i++)
		g_source_remove(session.signal_sources[i]);
	g_clear_handle_id(&session.ready_source, g_source_remove);
	g_clear_handle_id(&session.patience_source, g_source_remove);
	g_clear_handle_id(&session.grace_source, g_source_remove);
	if (session.ready_fd >= 0)
		close(session.ready_fd);
	g_main_loop_unref(session.loop);
	return session.status;
}
