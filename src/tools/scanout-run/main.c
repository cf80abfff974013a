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

#include "input/description.h"
#include "tools/scanout-run/backend.h"
#include "tools/scanout-run/qemu_line.h"
#include "tools/scanout-run/session.h"

/* What a wrong command line ends with. */
#define EXIT_USAGE 2

/* The guest has the keyboard, so that Ctrl-C is the guest's as well. */
#define DEFAULT_LEAVE "Ctrl+Alt+End"

struct options {
	gboolean dry_run;
	char *backend;
	char *render_node;
	gboolean virgl;
	gboolean vga;
	int max_outputs;
	char **evdev;
	char *daemon;
	char *input; /* NULL: every kind */
	unsigned int inputs; /* a bit for each enum input_kind */
	char *leave;
	GPtrArray *for_daemon; /* options, as they are passed on */
	unsigned int outputs; /* --output among them */
	bool configured; /* --config among them */
	char **qemu; /* the VMM's command line */
};

static gboolean pass_to_daemon(const char *name, const char *value, gpointer data, GError **error)
{
	struct options *options = data;

	options->outputs += g_str_equal(name, "--output");
	options->configured |= g_str_equal(name, "--config");
	g_ptr_array_add(options->for_daemon,
		value ? g_strdup_printf("%s=%s", name, value) : g_strdup(name));
	return TRUE;
}

static bool options_read(struct options *options, char **arguments, GError **error)
{
	const GOptionEntry own[] = {
		{"dry-run", 'n', 0, G_OPTION_ARG_NONE, &options->dry_run,
			"Print the commands instead of running them", NULL},
		{"evdev", 0, 0, G_OPTION_ARG_FILENAME_ARRAY, &options->evdev,
			"Give the guest this input device of the host; may be repeated", "DEVICE"},
		{"input", 0, 0, G_OPTION_ARG_STRING, &options->input,
			"The guest's input devices: none, or some of keyboard,pointer,absolute,touch,pen",
			"KINDS"},
		{"leave", 0, 0, G_OPTION_ARG_STRING, &options->leave,
			"Keys that end everything, by default " DEFAULT_LEAVE "; none", "KEYS"},
		{"vga", 0, 0, G_OPTION_ARG_NONE, &options->vga,
			"Add vhost-user-vga, for firmware without a virtio-gpu driver", NULL},
		{"max-outputs", 0, 0, G_OPTION_ARG_INT, &options->max_outputs,
			"Scanouts of the device; by default one for each --output", "N"},
		{"render-node", 0, 0, G_OPTION_ARG_FILENAME, &options->render_node,
			"The back-end's render node", "PATH"},
		{"virgl", 0, 0, G_OPTION_ARG_NONE, &options->virgl, "Let the guest draw in 3D",
			NULL},
		{"backend", 0, 0, G_OPTION_ARG_FILENAME, &options->backend,
			"The back-end, by default the one that is installed", "PROGRAM"},
		{"daemon", 0, 0, G_OPTION_ARG_FILENAME, &options->daemon,
			"The daemon, by default scanoutd beside scanout-run or in PATH", "PROGRAM"},
		{NULL},
	};
	const GOptionEntry for_daemon[] = {
		{"card", 0, 0, G_OPTION_ARG_CALLBACK, pass_to_daemon, "The card", "PATH"},
		{"output", 0, 0, G_OPTION_ARG_CALLBACK, pass_to_daemon,
			"Show the next scanout here; may be repeated", "NAME"},
		{"mode", 0, 0, G_OPTION_ARG_CALLBACK, pass_to_daemon, "The outputs' mode", "MODE"},
		{"place", 0, 0, G_OPTION_ARG_CALLBACK, pass_to_daemon,
			"A scanout of another size: none, center, fit, fill, integer", "HOW"},
		{"before", 0, 0, G_OPTION_ARG_CALLBACK, pass_to_daemon,
			"Before the first frame: black, last", "WHAT"},
		{"after", 0, 0, G_OPTION_ARG_CALLBACK, pass_to_daemon,
			"After the guest has gone: black, last", "WHAT"},
		{"vt", 0, 0, G_OPTION_ARG_CALLBACK, pass_to_daemon, "Use virtual terminal N", "N"},
		{"no-vt", 0, G_OPTION_FLAG_NO_ARG, G_OPTION_ARG_CALLBACK, pass_to_daemon,
			"Leave virtual terminals alone", NULL},
		{"seat-manager", 0, 0, G_OPTION_ARG_CALLBACK, pass_to_daemon,
			"Have devices opened by seatd or logind: auto, yes, no", "WHETHER"},
		{"config", 0, 0, G_OPTION_ARG_CALLBACK, pass_to_daemon, "The configuration",
			"FILE"},
		{"stats", 0, 0, G_OPTION_ARG_CALLBACK, pass_to_daemon, "Write the counters here",
			"FILE"},
		{"log-level", 0, 0, G_OPTION_ARG_CALLBACK, pass_to_daemon,
			"error, warning, notice, info, debug", "LEVEL"},
		{NULL},
	};
	g_autoptr(GOptionContext) context = g_option_context_new(
		"-- QEMU [ARGUMENT…] – show one guest on this machine's outputs");
	GOptionGroup *group = g_option_group_new("daemon", "Passed on to scanoutd:", "Show them",
		options, NULL);
	g_auto(GStrv) rest = g_strdupv(arguments);

	*options = (struct options){.for_daemon = g_ptr_array_new_with_free_func(g_free)};
	g_option_context_set_strict_posix(context, TRUE);
	g_option_context_add_main_entries(context, own, NULL);
	g_option_group_add_entries(group, for_daemon);
	g_option_context_add_group(context, group);
	if (!g_option_context_parse_strv(context, &rest, error))
		return false;
	char **qemu = rest + 1;
	if (*qemu && g_str_equal(*qemu, "--"))
		qemu++;
	if (!*qemu || **qemu == '-') {
		g_set_error(error, G_OPTION_ERROR, G_OPTION_ERROR_FAILED,
			"the guest's command is missing: scanout-run [options] -- "
			"qemu-system-x86_64 …");
		return false;
	}
	if (options->max_outputs < 0 || options->max_outputs > 16) {
		g_set_error(error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE,
			"--max-outputs=%d: a device has 1 to 16 scanouts", options->max_outputs);
		return false;
	}
	options->inputs = INPUT_KINDS_DEFAULT;
	if (options->input && !input_kinds_parse(options->input, &options->inputs, error)) {
		g_prefix_error(error, "--input=%s: ", options->input);
		return false;
	}
	options->qemu = g_strdupv(qemu);
	return true;
}

static void options_finish(struct options *options)
{
	g_free(options->backend);
	g_free(options->render_node);
	g_strfreev(options->evdev);
	g_free(options->input);
	g_free(options->leave);
	g_free(options->daemon);
	g_ptr_array_unref(options->for_daemon);
	g_strfreev(options->qemu);
}

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
			g_strconcat("--leave=", options->leave ? options->leave : DEFAULT_LEAVE,
				NULL));
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
