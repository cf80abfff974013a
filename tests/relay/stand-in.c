/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What scanout-run starts in scanoutd's place where there is no card: takes the same options,
 * relays (input devices it has none), and says "attached" on stdout when the back-end has its
 * display socket, which it only holds.
 */
#include <glib-unix.h>
#include <glib.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "wire/relay.h"

static void attached(void *data, int fd)
{
	puts("attached");
	fflush(stdout);
}

static void scanouts(void *data, uint32_t count)
{
}

static void detached(void *data)
{
	puts("detached");
	fflush(stdout);
}

static gboolean terminated(gpointer loop)
{
	g_main_loop_quit(loop);
	return G_SOURCE_CONTINUE;
}

int main(int argc, char **argv)
{
	static const struct relay_listener listener = {attached, scanouts, detached, NULL};
	struct relay_options options = {.name = "stand-in", .vmm_listen_fd = -1};
	g_autofree char *vmm = NULL;
	g_autofree char *backend = NULL;
	g_autofree char *quit_key = NULL;
	g_autofree char *input = NULL;
	g_autofree char *dbus_display = NULL;
	int ready_fd = -1;
	const GOptionEntry entries[] = {
		{"vmm-socket", 0, 0, G_OPTION_ARG_FILENAME, &vmm, "", NULL},
		{"backend-socket", 0, 0, G_OPTION_ARG_FILENAME, &backend, "", NULL},
		{"quit-key", 0, 0, G_OPTION_ARG_STRING, &quit_key, "", NULL},
		{"input", 0, 0, G_OPTION_ARG_STRING, &input, "", NULL},
		{"dbus-display", 0, 0, G_OPTION_ARG_STRING, &dbus_display, "", NULL},
		{"ready-fd", 0, 0, G_OPTION_ARG_INT, &ready_fd, "", NULL},
		{NULL},
	};
	g_autoptr(GOptionContext) context = g_option_context_new(NULL);
	g_autoptr(GError) error = NULL;
	struct relay *relay = NULL;

	g_option_context_add_main_entries(context, entries, NULL);
	if (g_option_context_parse(context, &argc, &argv, &error)) {
		options.vmm_path = vmm;
		options.backend_path = backend;
		relay = relay_create(&options, &listener, NULL, &error);
	}
	if (!relay || write(ready_fd, "ready\n", 6) != 6) {
		g_printerr("stand-in: %s\n", error ? error->message : "--ready-fd");
		return EXIT_FAILURE;
	}
	close(ready_fd);
	g_autoptr(GMainLoop) loop = g_main_loop_new(NULL, FALSE);
	g_unix_signal_add(SIGTERM, terminated, loop);
	g_main_loop_run(loop);
	relay_destroy(relay);
	return EXIT_SUCCESS;
}
