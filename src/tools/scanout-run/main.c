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

#include "tools/scanout-run/backend.h"
#include "tools/scanout-run/options.h"
#include "tools/scanout-run/qemu_line.h"
#include "tools/scanout-run/session.h"

/* What a wrong command line ends with. */
#define EXIT_USAGE 2

/* Beside this program, as it is built; where it is installed; and in PATH. */
static char *find_daemon(GError **error)
{
	static const char *const beside[] = {"scanoutd", "../sbin/scanoutd", NULL};
	g_autofree char *self = g_file_read_link("/proc/self/exe", NULL);
	g_autofree char *directory = g_path_get_dirname(self ? self : ".");

	for (const char *const *name = beside; *name; name++) {
		g_autofree char *path = g_build_filename(directory, *name, NULL);
		if (g_file_test(path, G_FILE_TEST_IS_EXECUTABLE))
			return g_steal_pointer(&path);
	}
	char *path = g_find_program_in_path("scanoutd");
	if (!path)
		g_set_error(error, G_SPAWN_ERROR, G_SPAWN_ERROR_NOENT,
			"scanoutd is neither beside scanout-run nor in PATH; name it with --daemon");
	return path;
}

static char **daemon_command(const struct options *options, const char *program,
	const char *vmm_socket, const char *backend_socket)
{
	GPtrArray *command = g_ptr_array_new();

	g_ptr_array_add(command, g_strdup(program));
	g_ptr_array_add(command, g_strconcat("--vmm-socket=", vmm_socket, NULL));
	g_ptr_array_add(command, g_strconcat("--backend-socket=", backend_socket, NULL));
	g_ptr_array_add(command, g_strdup(SESSION_READY_OPTION));
	/* A configuration of its own says what leads out. */
	if (options->leave || !options->configured)
		g_ptr_array_add(command,
			g_strconcat("--leave=",
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

static void print_command(char *const *command, const char *end)
{
	g_autofree char *text = qemu_line_quote(command);

	printf("%s%s\n", text, end);
}

static int run(const struct options *options, const struct qemu_line *line, const char *backend,
	const char *daemon, const char *directory)
{
	g_autofree char *vmm_socket = g_build_filename(directory, "vmm.sock", NULL);
	g_autofree char *backend_socket = g_build_filename(directory, "backend.sock", NULL);
	g_autofree char *input_prefix = g_build_filename(directory, "vmm", NULL);
	const struct qemu_line_additions additions = {
		.socket_path = vmm_socket,
		.inputs = options->inputs,
		.screens = MAX(options->outputs, 1),
		.input_prefix = input_prefix,
		.vga = options->vga,
		.max_outputs = options->max_outputs ? (unsigned int)options->max_outputs
						    : options->outputs,
		.evdev = options->evdev,
	};
	g_auto(GStrv) for_backend = backend_command(options, backend, backend_socket);
	g_auto(GStrv) for_daemon = daemon_command(options, daemon, vmm_socket, backend_socket);
	g_auto(GStrv) for_qemu = qemu_line_complete(line, options->qemu, &additions);
	const struct session_commands commands = {for_backend, for_daemon, for_qemu};

	if (!options->dry_run)
		return session_run(&commands);
	print_command(for_backend, " &");
	print_command(for_daemon, " &");
	print_command(for_qemu, "");
	return EXIT_SUCCESS;
}

static int find_and_run(const struct options *options, const struct qemu_line *line, GError **error)
{
	g_autofree char *backend = options->backend ? g_strdup(options->backend)
						    : backend_find(error);
	if (!backend)
		return EXIT_FAILURE;
	g_autofree char *daemon = options->daemon ? g_strdup(options->daemon) : find_daemon(error);
	if (!daemon)
		return EXIT_FAILURE;
	if (options->dry_run) {
		g_autofree char *directory = g_build_filename(runtime_base(), "scanout-run", NULL);
		return run(options, line, backend, daemon, directory);
	}
	g_autofree char *directory = make_directory(error);
	if (!directory)
		return EXIT_FAILURE;
	int status = run(options, line, backend, daemon, directory);
	remove_directory(directory);
	return status;
}

int main(int argc, char **argv)
{
	g_autoptr(GError) error = NULL;
	struct options options;
	struct qemu_line line;
	int status = EXIT_USAGE;

	setlocale(LC_ALL, "");
	if (options_read(&options, argv, &error) && qemu_line_read(&line, options.qemu, &error))
		status = find_and_run(&options, &line, &error);
	if (error)
		g_printerr("scanout-run: %s\n", error->message);
	options_finish(&options);
	return status;
}
