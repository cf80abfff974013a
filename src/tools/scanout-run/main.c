/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * scanout-run [options] -- qemu-system-x86_64 …: one guest on this machine's outputs, with one
 * command. See scanout-run(1).
 */
#include <errno.h>
#include <glib.h>
#include <glib/gstdio.h>
#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "escape.h"
#include "tools/scanout-run/backend.h"
#include "tools/scanout-run/bus.h"
#include "tools/scanout-run/options.h"
#include "tools/scanout-run/program.h"
#include "tools/scanout-run/qemu_line.h"
#include "tools/scanout-run/script.h"
#include "tools/scanout-run/session.h"

/* What a wrong command line ends with. */
#define EXIT_USAGE 2

static char **daemon_command(const struct options *options, const char *program,
	const char *vmm_socket, const char *backend_socket, const char *bus)
{
	GPtrArray *command = g_ptr_array_new();

	g_ptr_array_add(command, g_strdup(program));
	g_ptr_array_add(command, g_strconcat("--vmm-socket=", vmm_socket, NULL));
	g_ptr_array_add(command, g_strconcat("--backend-socket=", backend_socket, NULL));
	g_ptr_array_add(command, g_strdup(SESSION_READY_OPTION));
	if (bus)
		g_ptr_array_add(command, g_strconcat("--dbus-display=", bus, NULL));
	/* A configuration of its own says what leads out. */
	if (options->leave || !options->configured)
		g_ptr_array_add(command,
			g_strconcat("--quit-key=",
				options->leave ? options->leave : OPTIONS_DEFAULT_LEAVE, NULL));
	if (options->input)
		g_ptr_array_add(command, g_strconcat("--input=", options->input, NULL));
	for (guint i = 0; i < options->for_daemon->len; i++)
		g_ptr_array_add(command, g_strdup(g_ptr_array_index(options->for_daemon, i)));
	g_ptr_array_add(command, NULL);
	return (char **)g_ptr_array_free(command, FALSE);
}

static char **backend_command(const struct options *options, const char *program,
	const char *socket)
{
	GPtrArray *command = g_ptr_array_new();

	g_ptr_array_add(command, g_strdup(program));
	g_ptr_array_add(command, g_strconcat("--socket-path=", socket, NULL));
	if (options->render_node)
		g_ptr_array_add(command, g_strconcat("--render-node=", options->render_node, NULL));
	if (options->virgl)
		g_ptr_array_add(command, g_strdup("--virgl"));
	g_ptr_array_add(command, NULL);
	return (char **)g_ptr_array_free(command, FALSE);
}

static const char *runtime_base(void)
{
	const char *base = g_getenv("XDG_RUNTIME_DIR");

	return base && g_path_is_absolute(base) ? base : "/tmp";
}

/* For this run and user only. */
static char *make_directory(GError **error)
{
	char *path = g_build_filename(runtime_base(), "scanout-run-XXXXXX", NULL);

	if (g_mkdtemp(path))
		return path;
	g_set_error(error, G_FILE_ERROR, g_file_error_from_errno(errno),
		"cannot make a directory in %s: %s", runtime_base(), g_strerror(errno));
	g_free(path);
	return NULL;
}

static void remove_directory(const char *path)
{
	g_autoptr(GDir) directory = g_dir_open(path, 0, NULL);
	const char *name;

	while (directory && (name = g_dir_read_name(directory))) {
		g_autofree char *file = g_build_filename(path, name, NULL);
		g_unlink(file);
	}
	g_rmdir(path);
}

/* NULL: there is none, and said so, or the line has a display of its own. */
static char **find_bus(const struct options *options, const struct qemu_line *line,
	const char *path)
{
	g_autoptr(GError) error = NULL;
	char **command;

	if (line->has_display)
		return NULL;
	command = bus_command(*options->qemu, path, &error);
	if (!command)
		g_printerr("scanout-run: the guest will not be told of other monitors: %s\n",
			error->message);
	return command;
}

static int run(const struct options *options, const struct qemu_line *line, const char *backend,
	const char *daemon, const char *directory)
{
	g_autofree char *vmm_socket = g_build_filename(directory, "vmm.sock", NULL);
	g_autofree char *backend_socket = g_build_filename(directory, "backend.sock", NULL);
	g_autofree char *input_prefix = g_build_filename(directory, "vmm", NULL);
	g_autofree char *bus_socket = g_build_filename(directory, "bus", NULL);
	g_auto(GStrv) for_bus = find_bus(options, line, bus_socket);
	g_autofree char *bus = for_bus ? bus_address(bus_socket) : NULL;
	const struct qemu_line_additions additions = {
		.socket_path = vmm_socket,
		.inputs = options->inputs,
		.screens = MAX(options->outputs, 1),
		.input_prefix = input_prefix,
		.vga = options->vga,
		.max_outputs = options->max_outputs ? (unsigned int)options->max_outputs
						    : options->outputs,
		.evdev = options->evdev,
		.bus = bus,
	};
	g_auto(GStrv) for_backend = backend_command(options, backend, backend_socket);
	g_auto(GStrv) for_daemon = daemon_command(options, daemon, vmm_socket, backend_socket, bus);
	g_auto(GStrv) for_qemu = qemu_line_complete(line, &additions);
	const struct session_commands commands = {for_bus, for_backend, for_daemon, for_qemu};

	if (!options->dry_run)
		return session_run(&commands);
	g_autofree char *script = script_create(&commands, directory);
	fputs(script, stdout);
	return EXIT_SUCCESS;
}

static int make_and_run(const struct options *options, const struct qemu_line *line,
	const char *backend, const char *daemon)
{
	g_autoptr(GError) error = NULL;

	if (options->dry_run) {
		g_autofree char *directory = g_build_filename(runtime_base(), "scanout-run", NULL);
		return run(options, line, backend, daemon, directory);
	}
	g_autofree char *directory = make_directory(&error);
	if (error) {
		g_printerr("scanout-run: %s\n", error->message);
		return EXIT_FAILURE;
	}
	int status = run(options, line, backend, daemon, directory);
	remove_directory(directory);
	return status;
}

/* QEMU prints something and ends: it does so as if it had been called without us. */
static int only_ask(const struct options *options)
{
	if (options->dry_run) {
		g_autofree char *text = qemu_line_quote(options->qemu);

		puts(text);
		return EXIT_SUCCESS;
	}
	execvp(*options->qemu, options->qemu);
	g_printerr("scanout-run: %s: %s\n", *options->qemu, g_strerror(errno));
	return EXIT_FAILURE;
}

/* Prints why the line is refused, or with --fix what was done about it. Returns whether it can be
 * run. */
static bool tell_reasons(const struct options *options, const struct qemu_line *line)
{
	bool is_fixed = options->fix && qemu_line_can_be_fixed(line);
	guint fixes = 0;

	for (guint i = 0; i < line->reasons->len; i++) {
		const struct qemu_reason *reason = &g_array_index(line->reasons, struct qemu_reason,
			i);

		fixes += reason->fix != NULL;
		if (is_fixed)
			g_printerr("scanout-run: %s\n", reason->fix);
		else if (!options->fix || !reason->fix)
			g_printerr("scanout-run: %s\n", reason->text);
	}
	if (fixes > 0 && !options->fix)
		g_printerr("scanout-run: --fix can make %u of these %u changes\n", fixes,
			line->reasons->len);
	return line->reasons->len == 0 || is_fixed;
}

/* Prints what is not there. */
static bool check_programs(const struct options *options, const char *backend, const char *daemon)
{
	g_autoptr(GError) no_qemu = NULL;
	g_autoptr(GError) no_backend = NULL;
	g_autoptr(GError) no_daemon = NULL;

	if (!program_is_qemu(*options->qemu, &no_qemu))
		g_printerr("scanout-run: %s\n", no_qemu->message);
	if (backend && !program_is_there(backend, &no_backend))
		g_printerr("scanout-run: the back-end %s\n", no_backend->message);
	if (daemon && !program_is_there(daemon, &no_daemon))
		g_printerr("scanout-run: the daemon %s\n", no_daemon->message);
	return !no_qemu && !no_backend && !no_daemon;
}

/* All that is wrong is told at once, and before anything is started. */
static int check_and_run(const struct options *options, const struct qemu_line *line)
{
	g_autoptr(GError) no_backend = NULL;
	g_autoptr(GError) no_daemon = NULL;
	g_autofree char *backend = options->backend ? g_strdup(options->backend)
						    : backend_find(&no_backend);
	g_autofree char *daemon = options->daemon ? g_strdup(options->daemon)
						  : program_find_daemon(&no_daemon);

	if (no_backend)
		g_printerr("scanout-run: %s\n", no_backend->message);
	if (no_daemon)
		g_printerr("scanout-run: %s\n", no_daemon->message);
	bool programs = check_programs(options, backend, daemon);
	if (!tell_reasons(options, line))
		return EXIT_USAGE;
	if (!programs || !backend || !daemon)
		return EXIT_FAILURE;
	return make_and_run(options, line, backend, daemon);
}

int main(int argc, char **argv)
{
	g_autoptr(GError) error = NULL;
	struct options options;
	int status = EXIT_USAGE;

	setlocale(LC_ALL, "");
	g_set_printerr_handler(escape_print_message);
	if (options_read(&options, argv, &error)) {
		struct qemu_line line;

		qemu_line_read(&line, options.qemu);
		status = line.only_asks ? only_ask(&options) : check_and_run(&options, &line);
		qemu_line_finish(&line);
	} else {
		g_printerr("scanout-run: %s\n", error->message);
	}
	options_finish(&options);
	return status;
}
