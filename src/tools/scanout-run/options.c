/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tools/scanout-run/options.h"

#include "config/input_kind.h"
#include "vhost_user_gpu.h"

static gboolean pass_to_daemon(const char *name, const char *value, gpointer data, GError **error)
{
	struct options *options = data;

	options->outputs += g_str_equal(name, "--output");
	options->configured |= g_str_equal(name, "--config");
	g_ptr_array_add(options->for_daemon,
		value ? g_strdup_printf("%s=%s", name, value) : g_strdup(name));
	return TRUE;
}

static const GOptionEntry for_daemon[] = {
	{"card", 0, 0, G_OPTION_ARG_CALLBACK, pass_to_daemon, "The card", "PATH"},
	{"output", 0, 0, G_OPTION_ARG_CALLBACK, pass_to_daemon,
		"Show the next scanout here; may be repeated", "CONNECTOR"},
	{"mode", 0, 0, G_OPTION_ARG_CALLBACK, pass_to_daemon,
		"The outputs' mode: preferred, current, WIDTHxHEIGHT[@HERTZ] or a modeline",
		"MODE"},
	{"scaling", 0, 0, G_OPTION_ARG_CALLBACK, pass_to_daemon,
		"How to scale a scanout whose size differs from the mode: none, center, fit, fill, "
		"integer",
		"HOW"},
	{"place", 0, G_OPTION_FLAG_HIDDEN, G_OPTION_ARG_CALLBACK, pass_to_daemon, NULL, NULL},
	{"before", 0, 0, G_OPTION_ARG_CALLBACK, pass_to_daemon,
		"Before the first frame: black, #RRGGBB, card, last, or a PNG's path", "WHAT"},
	{"after", 0, 0, G_OPTION_ARG_CALLBACK, pass_to_daemon,
		"After the guest has disconnected: black, #RRGGBB, card, last, or a PNG's path",
		"WHAT"},
	{"firmware", 0, 0, G_OPTION_ARG_CALLBACK, pass_to_daemon,
		"What the guest's firmware draws before its system: hide, show", "WHETHER"},
	{"vt", 0, 0, G_OPTION_ARG_CALLBACK, pass_to_daemon, "Use virtual terminal N", "N"},
	{"no-vt", 0, G_OPTION_FLAG_NO_ARG, G_OPTION_ARG_CALLBACK, pass_to_daemon,
		"Do not use virtual terminals", NULL},
	{"seat-manager", 0, 0, G_OPTION_ARG_CALLBACK, pass_to_daemon,
		"Let seatd or logind open the devices: auto, yes, no", "WHETHER"},
	{"config", 0, 0, G_OPTION_ARG_CALLBACK, pass_to_daemon, "The configuration", "FILE"},
	{"stats", 0, 0, G_OPTION_ARG_CALLBACK, pass_to_daemon, "Write the counters here", "FILE"},
	{"log-level", 0, 0, G_OPTION_ARG_CALLBACK, pass_to_daemon,
		"error, warning, notice, info, debug", "LEVEL"},
	{NULL},
};

static GOptionContext *make_context(struct options *options)
{
	const GOptionEntry own[] = {
		{"dry-run", 'n', 0, G_OPTION_ARG_NONE, &options->dry_run,
			"Print the commands, as a shell can run them, instead of running them",
			NULL},
		{"fix", 0, 0, G_OPTION_ARG_NONE, &options->fix,
			"Remove what conflicts from QEMU's arguments, and say what", NULL},
		{"evdev", 0, 0, G_OPTION_ARG_FILENAME_ARRAY, &options->evdev,
			"Give the guest this input device of the host; may be repeated", "DEVICE"},
		{"input", 0, 0, G_OPTION_ARG_STRING, &options->input,
			"The guest's input devices: none, or some of keyboard,pointer,absolute,touch,pen",
			"KINDS"},
		{"quit-key", 0, 0, G_OPTION_ARG_STRING, &options->leave,
			"Quit keys: they stop everything; by default " OPTIONS_DEFAULT_LEAVE
			"; or none",
			"KEYS"},
		{"leave", 0, G_OPTION_FLAG_HIDDEN, G_OPTION_ARG_STRING, &options->leave, NULL,
			NULL},
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
	GOptionContext *context = g_option_context_new(
		"-- QEMU [ARGUMENT…] – show one virtual machine full-screen on the host's monitors");
	GOptionGroup *group = g_option_group_new("daemon",
		"Passed on to scanoutd:", "Show the daemon's options", options, NULL);

	g_option_context_set_strict_posix(context, TRUE);
	g_option_context_add_main_entries(context, own, NULL);
	g_option_group_add_entries(group, for_daemon);
	g_option_context_add_group(context, group);
	return context;
}

/* `rest`: what the options leave of the command line, the program's name first. */
static bool take_qemu(struct options *options, char **rest, GError **error)
{
	char **qemu = rest + 1;

	if (*qemu && g_str_equal(*qemu, "--"))
		qemu++;
	if (!*qemu || **qemu == '-') {
		g_set_error(error, G_OPTION_ERROR, G_OPTION_ERROR_FAILED,
			"the QEMU command is missing: scanout-run [options] -- "
			"qemu-system-x86_64 …");
		return false;
	}
	options->qemu = g_strdupv(qemu);
	return true;
}

static bool check_values(struct options *options, GError **error)
{
	if (options->max_outputs < 0 || options->max_outputs > VHOST_USER_GPU_SCANOUTS) {
		g_set_error(error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE,
			"--max-outputs=%d: a device has 1 to %d scanouts", options->max_outputs,
			VHOST_USER_GPU_SCANOUTS);
		return false;
	}
	options->inputs = INPUT_KINDS_DEFAULT;
	if (options->input && !input_kinds_parse(options->input, &options->inputs, error)) {
		g_prefix_error(error, "--input=%s: ", options->input);
		return false;
	}
	return true;
}

bool options_read(struct options *options, char **arguments, GError **error)
{
	g_autoptr(GOptionContext) context = make_context(options);
	g_auto(GStrv) rest = g_strdupv(arguments);

	*options = (struct options){.for_daemon = g_ptr_array_new_with_free_func(g_free)};
	return g_option_context_parse_strv(context, &rest, error) &&
		take_qemu(options, rest, error) && check_values(options, error);
}

void options_finish(struct options *options)
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
