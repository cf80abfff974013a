/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The scripted back-end: sends any sequence of display messages, well-formed or not, to a
 * front-end, over any of its three doors, and judges the replies. Exits with 0 if the script was
 * done and every reply was right; else one line says why, and it exits with 1.
 *
 *   scripted-backend [OPTION…] --fd N                  the display socket is this inherited fd
 *   scripted-backend [OPTION…] --connect PATH          the front-end listens there
 *   scripted-backend [OPTION…] -- PROGRAM ARGUMENT…    starts the front-end; {} in an argument is
 *                                                      the number of its end of the display socket
 *   scripted-backend [OPTION…] --listen PATH [--vmm PATH]   is a vhost-user back-end there; with
 *                                                      --vmm it plays the VMM too, on the relay's
 *                                                      other side
 *   scripted-backend --vmm PATH                        is that VMM only, until stdin ends
 *
 * The script (script.h) is read from --script FILE, from --do "COMMAND; COMMAND", or from stdin. A
 * JSON summary is written to stdout, or to --summary FILE; what became of each frame, in vblanks of
 * the CRTC that shows it, to --frames FILE (record.h).
 */
#include "script.h"
#include "vhost.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

struct options {
	int fd;
	char *connect;
	char *listen;
	char *vmm;
	char *script;
	char *commands;
	char *summary;
	char *frames;
	char *crtc;
	double timeout;
	int scanouts;
	gboolean verbose;
	char **program;
};

/* A VMM in a process of its own, so that it can wait for the relay while we serve it. */
struct vmm_process {
	pid_t pid; /* 0: there is none */
	int commands; /* 'r': reboot; closing it: exit */
	int answers; /* a byte a command */
	struct vhost_backend *backend;
};

struct session {
	struct options options;
	struct wire wire;
	struct vhost_backend backend;
	struct vmm_process vmm;
	pid_t program; /* 0: not started by us */
	struct script *script;
};

/* ---- the VMM ---- */

/* Who asked for us is still there. */
static bool is_wanted(int commands)
{
	struct pollfd wait = {.fd = commands};

	return poll(&wait, 1, 0) == 0;
}

/* True: the next command, or 0 for the end. False: the relay has hung up, which matters with
 * `again` alone. */
static bool await_command(const struct vhost_vmm *vmm, int commands, bool again, char *byte)
{
	struct pollfd fds[2] = {
		{.fd = commands, .events = POLLIN},
		{.fd = again ? vmm->fd : -1, .events = POLLRDHUP},
	};

	while (poll(fds, 2, -1) < 0)
		;
	if (!fds[0].revents)
		return false;
	if (read(commands, byte, 1) != 1)
		*byte = 0;
	return true;
}

/* False: the relay was not there, or has gone. */
static bool vmm_serve(struct vhost_vmm *vmm, int commands, int answers, bool again, GError **error)
{
	bool good = true;
	char byte;

	while (good) {
		if (!await_command(vmm, commands, again, &byte))
			return false;
		if (byte == 0)
			return true;
		good = vhost_vmm_reboot(vmm, error);
		if (write(answers, good ? "y" : "n", 1) != 1)
			break;
	}
	return good;
}

/* In the child. With `again` it connects as often as the relay is killed. */
static int vmm_main(const char *path, int timeout_ms, int commands, int answers, bool again)
{
	g_autoptr(GError) error = NULL;
	struct vhost_vmm vmm;
	bool good;

	for (;;) {
		good = vhost_vmm_start(&vmm, path, timeout_ms, &error) &&
			vmm_serve(&vmm, commands, answers, again, &error);
		vhost_vmm_finish(&vmm);
		if (good || !again || !is_wanted(commands))
			break;
		g_clear_error(&error);
	}
	if (good || again)
		return 0;
	g_printerr("scripted-backend: VMM: %s\n", error->message);
	return 1;
}

static bool vmm_fork(struct session *session, GError **error)
{
	int commands[2], answers[2];

	if (pipe2(commands, O_CLOEXEC) < 0 || pipe2(answers, O_CLOEXEC) < 0)
		return backend_fail(error, BACKEND_ERROR_SYSTEM, "pipe: %s", g_strerror(errno));
	fflush(NULL);
	session->vmm.pid = fork();
	if (session->vmm.pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		close(commands[1]);
		close(answers[0]);
		_exit(vmm_main(session->options.vmm, session->wire.timeout_ms, commands[0],
			answers[1], script_may_begin_again(session->script)));
	}
	close(commands[0]);
	close(answers[1]);
	session->vmm.commands = commands[1];
	session->vmm.answers = answers[0];
	session->vmm.backend = &session->backend;
	return true;
}

static bool vmm_reboot(void *data, GError **error)
{
	struct vmm_process *vmm = data;
	char byte = 'r';

	if (write(vmm->commands, &byte, 1) != 1)
		return backend_fail(error, BACKEND_ERROR_SYSTEM, "the VMM has gone");
	for (;;) {
		struct pollfd fds[2] = {
			{.fd = vmm->answers, .events = POLLIN},
			{.fd = vmm->backend->fd, .events = POLLIN},
		};
		if (poll(fds, 2, 30000) <= 0)
			return backend_fail(error, BACKEND_ERROR_FRONTEND,
				"the VMM's reboot hangs");
		if (fds[1].revents && !vhost_backend_serve(vmm->backend, error))
			return false;
		if (!fds[0].revents)
			continue;
		if (read(vmm->answers, &byte, 1) == 1 && byte == 'y')
			return true;
		return backend_fail(error, BACKEND_ERROR_FRONTEND, "the VMM could not reboot");
	}
}

static bool wait_child(pid_t *child, const char *what, GError **error)
{
	int status = 0;
	pid_t pid = *child;

	*child = 0;
	while (pid && waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return backend_fail(error, BACKEND_ERROR_SYSTEM, "waitpid: %s",
				g_strerror(errno));
	if (status)
		return backend_fail(error, BACKEND_ERROR_FRONTEND, "%s ended with status %d", what,
			WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status));
	return true;
}

static bool vmm_exit(void *data, GError **error)
{
	struct vmm_process *vmm = data;

	if (!vmm->pid)
		return true;
	close(vmm->commands);
	close(vmm->answers);
	return wait_child(&vmm->pid, "the VMM", error);
}

/* ---- the doors ---- */

static bool side(void *data, GError **error)
{
	struct session *session = data;
	bool good = vhost_backend_serve(&session->backend, error);

	session->wire.side_fd = session->backend.fd;
	return good;
}

static bool open_relay(struct session *session, GError **error)
{
	if (session->options.vmm && session->vmm.pid == 0 && !vmm_fork(session, error))
		return false;
	session->backend.scanouts = (uint32_t)session->options.scanouts;
	if (!vhost_backend_accept(&session->backend, session->options.listen,
		    session->wire.timeout_ms, error))
		return false;
	session->wire.fd = session->backend.display_fd;
	session->wire.side_fd = session->backend.fd;
	session->wire.side = side;
	session->wire.side_data = session;
	return true;
}

/* In the child: puts the number in the place of {} and becomes the program. */
static void become_program(char **program, int fd)
{
	char number[16];

	g_snprintf(number, sizeof(number), "%d", fd);
	for (char **argument = program; *argument; argument++) {
		GString *text = g_string_new(*argument);
		g_string_replace(text, "{}", number, 0);
		*argument = g_string_free(text, FALSE);
	}
	fcntl(fd, F_SETFD, 0);
	prctl(PR_SET_PDEATHSIG, SIGTERM);
	execvp(program[0], program);
	g_printerr("scripted-backend: %s: %s\n", program[0], g_strerror(errno));
	_exit(127);
}

static bool open_program(struct session *session, GError **error)
{
	int pair[2];

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) < 0)
		return backend_fail(error, BACKEND_ERROR_SYSTEM, "socketpair: %s",
			g_strerror(errno));
	fflush(NULL);
	session->program = fork();
	if (session->program == 0)
		become_program(session->options.program, pair[1]);
	close(pair[1]);
	session->wire.fd = pair[0];
	return true;
}

static bool open_door(struct session *session, GError **error)
{
	const struct options *options = &session->options;

	if (options->fd >= 0)
		session->wire.fd = options->fd;
	else if (options->connect)
		session->wire.fd = vhost_connect(options->connect, session->wire.timeout_ms, error);
	else if (options->listen)
		return open_relay(session, error);
	else if (options->program && options->program[0])
		return open_program(session, error);
	return session->wire.fd >= 0;
}

/* What a front-end that was killed has left is taken down. The VMM has seen to itself. */
static bool reopen_door(void *data, GError **error)
{
	struct session *session = data;

	wire_restart(&session->wire);
	if (session->backend.fd >= 0)
		close(session->backend.fd);
	session->backend.fd = -1;
	session->wire.side_fd = -1;
	return open_door(session, error);
}

/* Takes down what was started, whether all went well or not. */
static bool close_door(struct session *session, GError **error)
{
	wire_close(&session->wire);
	if (session->backend.fd >= 0)
		close(session->backend.fd);
	bool good = vmm_exit(&session->vmm, error);
	if (session->program) {
		kill(session->program, SIGTERM);
		good = wait_child(&session->program, session->options.program[0],
			       good ? error : NULL) &&
			good;
	}
	return good;
}

/* ---- what is told ---- */

static int compare_latencies(gconstpointer a, gconstpointer b)
{
	int64_t first = *(const int64_t *)a, second = *(const int64_t *)b;

	return (first > second) - (first < second);
}

static int64_t latency(GArray *latencies, guint index)
{
	return latencies->len ? g_array_index(latencies, int64_t, index) : 0;
}

static bool write_summary(struct session *session, bool passed, GError **error)
{
	const struct wire_counters *counters = &session->wire.counters;
	GArray *latencies = session->wire.latencies;

	g_array_sort(latencies, compare_latencies);
	g_autofree char *text = g_strdup_printf(
		"{\"passed\": %s, \"messages\": %" G_GUINT64_FORMAT
		", \"bytes\": %" G_GUINT64_FORMAT ", \"frames\": %" G_GUINT64_FORMAT
		", \"updates\": %" G_GUINT64_FORMAT ", \"replies\": %" G_GUINT64_FORMAT
		", \"frame_replies\": %" G_GUINT64_FORMAT ", \"reconnects\": %" G_GUINT64_FORMAT
		", \"missing\": %u, \"latency_us\": {\"min\": %" G_GINT64_FORMAT
		", \"median\": %" G_GINT64_FORMAT ", \"max\": %" G_GINT64_FORMAT "}}\n",
		passed ? "true" : "false", counters->messages, counters->bytes, counters->frames,
		counters->updates, counters->replies, counters->frame_replies, counters->reconnects,
		session->wire.owed->len, latency(latencies, 0),
		latency(latencies, latencies->len / 2),
		latency(latencies, latencies->len ? latencies->len - 1 : 0));
	if (session->options.summary)
		return g_file_set_contents(session->options.summary, text, -1, error);
	fputs(text, stdout);
	return true;
}

static char *read_script(const struct options *options, GError **error)
{
	char *text = NULL;
	gsize size;

	if (options->commands) {
		text = g_strdup(options->commands);
		g_strdelimit(text, ";", '\n');
	} else {
		g_file_get_contents(options->script ? options->script : "/dev/stdin", &text, &size,
			error);
	}
	return text;
}

static bool open_record(struct session *session, GError **error)
{
	const struct options *options = &session->options;

	return !options->frames ||
		record_open(&session->wire.record, options->frames, options->crtc, error);
}

static int run(struct session *session)
{
	const struct script_vmm vmm = {vmm_reboot, vmm_exit, &session->vmm};
	const struct script_door door = {reopen_door, session};
	g_autoptr(GError) error = NULL;
	g_autofree char *text = read_script(&session->options, &error);
	bool passed = false;

	if (text)
		session->script = script_create(text, &session->wire,
			session->options.vmm ? &vmm : NULL, &door);
	if (text && open_record(session, &error) && open_door(session, &error))
		passed = script_run(session->script, &error);
	passed = close_door(session, passed ? &error : NULL) && passed;
	passed = write_summary(session, passed, passed ? &error : NULL) && passed;
	script_destroy(session->script);
	if (!passed)
		g_printerr("scripted-backend: %s\n", error ? error->message : "failed");
	return passed ? 0 : 1;
}

/* ---- the command line ---- */

static bool parse(struct options *options, int *argc, char ***argv, GError **error)
{
	const GOptionEntry entries[] = {
		{"fd", 0, 0, G_OPTION_ARG_INT, &options->fd, "Inherited display socket", "N"},
		{"connect", 0, 0, G_OPTION_ARG_FILENAME, &options->connect, "Front-end's socket",
			"PATH"},
		{"listen", 0, 0, G_OPTION_ARG_FILENAME, &options->listen, "vhost-user socket",
			"PATH"},
		{"vmm", 0, 0, G_OPTION_ARG_FILENAME, &options->vmm, "Play the VMM there", "PATH"},
		{"script", 0, 0, G_OPTION_ARG_FILENAME, &options->script, "Default: stdin", "FILE"},
		{"do", 0, 0, G_OPTION_ARG_STRING, &options->commands, "In place of a script",
			"COMMANDS"},
		{"summary", 0, 0, G_OPTION_ARG_FILENAME, &options->summary, "Default: stdout",
			"FILE"},
		{"frames", 0, 0, G_OPTION_ARG_FILENAME, &options->frames,
			"A line a frame: vblank, microseconds (record.h)", "FILE"},
		{"crtc", 0, 0, G_OPTION_ARG_STRING, &options->crtc, "Whose vblanks", "CARD:N"},
		{"timeout", 0, 0, G_OPTION_ARG_DOUBLE, &options->timeout, "Of any wait (30)",
			"SECONDS"},
		{"scanouts", 0, 0, G_OPTION_ARG_INT, &options->scanouts, "Of the device (16)", "N"},
		{"verbose", 0, 0, G_OPTION_ARG_NONE, &options->verbose, "A line a reply", NULL},
		{G_OPTION_REMAINING, 0, 0, G_OPTION_ARG_STRING_ARRAY, &options->program, NULL,
			NULL},
		{NULL, 0, 0, G_OPTION_ARG_NONE, NULL, NULL, NULL},
	};
	g_autoptr(GOptionContext) context = g_option_context_new("[-- PROGRAM ARGUMENT…]");

	g_option_context_add_main_entries(context, entries, NULL);
	if (!g_option_context_parse(context, argc, argv, error))
		return false;
	int doors = (options->fd >= 0) + !!options->connect + !!options->listen +
		!!options->program;
	if (doors == 1 || (doors == 0 && options->vmm))
		return true;
	return backend_fail(error, BACKEND_ERROR_SCRIPT,
		"exactly one of --fd, --connect, --listen and a program is wanted");
}

static void options_finish(struct options *options)
{
	g_free(options->connect);
	g_free(options->listen);
	g_free(options->vmm);
	g_free(options->script);
	g_free(options->commands);
	g_free(options->summary);
	g_free(options->frames);
	g_free(options->crtc);
	g_strfreev(options->program);
}

int main(int argc, char **argv)
{
	struct session session = {
		.options = {.fd = -1, .timeout = 30, .scanouts = 16},
		.backend = {.fd = -1, .display_fd = -1},
	};
	g_autoptr(GError) error = NULL;

	if (!parse(&session.options, &argc, &argv, &error)) {
		g_printerr("scripted-backend: %s\n", error->message);
		return 1;
	}
	wire_init(&session.wire);
	/* Rounded: 0.3 s are 299.99 ms where doubles have 80 bits. */
	session.wire.timeout_ms = (int)(session.options.timeout * 1000 + 0.5);
	session.wire.report = session.options.verbose ? stdout : NULL;
	bool vmm_only = session.options.vmm && !session.options.listen;
	int status = vmm_only ? vmm_main(session.options.vmm, session.wire.timeout_ms, STDIN_FILENO,
					STDOUT_FILENO, false)
			      : run(&session);
	record_close(&session.wire.record);
	wire_finish(&session.wire);
	options_finish(&session.options);
	return status;
}
