/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tools/scanout-gpu/options.h"

#include <string.h>

static bool check(const struct options *options, int argc, char **argv, GError **error)
{
	if (argc > 1) {
		g_set_error(error, G_OPTION_ERROR, G_OPTION_ERROR_FAILED,
			"%s: there are no arguments but options", argv[1]);
		return false;
	}
	if (options->guest != NULL &&
		(*options->guest == '\0' || strchr(options->guest, '/') != NULL)) {
		g_set_error(error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE,
			"--guest=%s: must be the name of a [guest] section", options->guest);
		return false;
	}
	if (options->print_capabilities)
		return true;
	if ((options->fd >= 0) == (options->socket_path != NULL)) {
		g_set_error(error, G_OPTION_ERROR, G_OPTION_ERROR_FAILED,
			"give one of --fd and --socket-path");
		return false;
	}
	return true;
}

bool options_read(struct options *options, int *argc, char ***argv, GError **error)
{
	*options = (struct options){.fd = -1};
	const GOptionEntry entries[] = {
		{"fd", 0, 0, G_OPTION_ARG_INT, &options->fd, "The VMM's connection is this fd",
			"N"},
		{"socket-path", 0, 0, G_OPTION_ARG_FILENAME, &options->socket_path,
			"Wait for the VMM at this socket", "PATH"},
		{"print-capabilities", 0, 0, G_OPTION_ARG_NONE, &options->print_capabilities,
			"Print what the back-end can do, as JSON", NULL},
		{"render-node", 0, 0, G_OPTION_ARG_FILENAME, &options->render_node,
			"The back-end's render node", "PATH"},
		{"virgl", 0, 0, G_OPTION_ARG_NONE, &options->virgl, "Let the guest draw in 3D",
			NULL},
		{"guest", 0, 0, G_OPTION_ARG_STRING, &options->guest,
			"The guest of scanoutd; by default the one that is named as the VMM's "
			"-name says",
			"NAME"},
		{"vmm-socket", 0, 0, G_OPTION_ARG_FILENAME, &options->vmm_socket,
			"The guest's vmm-socket=, where it is not the usual one", "PATH"},
		{"backend", 0, 0, G_OPTION_ARG_FILENAME, &options->backend,
			"The back-end, by default the one that is installed", "PROGRAM"},
		{NULL},
	};
	g_autoptr(GOptionContext) context = g_option_context_new(
		"– be the vhost-user-gpu back-end of a VMM whose display scanoutd shows");

	g_option_context_add_main_entries(context, entries, NULL);
	return g_option_context_parse(context, argc, argv, error) &&
		check(options, *argc, *argv, error);
}

void options_finish(struct options *options)
{
	g_free(options->socket_path);
	g_free(options->render_node);
	g_free(options->guest);
	g_free(options->vmm_socket);
	g_free(options->backend);
}
