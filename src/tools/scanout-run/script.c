/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tools/scanout-run/script.h"

#include <glib.h>

#include "tools/scanout-run/qemu_line.h"

static char *quote(const char *word)
{
	char *words[] = {(char *)word, NULL};

	return qemu_line_quote(words);
}

char *script_create(const struct session_commands *commands, const char *directory)
{
	g_autofree char *ready_path = g_build_filename(directory, "ready", NULL);
	g_autofree char *ready = quote(ready_path);
	g_autofree char *made = quote(directory);
	/* A word of a word. */
	g_autofree char *trapped = quote(made);
	g_autofree char *backend = qemu_line_quote(commands->backend);
	g_autofree char *daemon = qemu_line_quote(commands->daemon);
	g_autofree char *qemu = qemu_line_quote(commands->qemu);
	g_autofree char *bus_ready_path = g_build_filename(directory, "bus-ready", NULL);
	g_autofree char *bus_ready = quote(bus_ready_path);
	g_autofree char *bus = commands->bus ? qemu_line_quote(commands->bus) : NULL;
	GString *script = g_string_new(NULL);

	/* A shell of its own: what it leaves behind and how it is interrupted is nobody else's
	 * matter where it is pasted. Without -p: in a directory of somebody else's nothing is
	 * started. */
	/* One for each who writes: of two, the first to close would end what the other has not
	 * begun. */
	g_string_append_printf(script, "(\nmkdir -m 700 %s && mkfifo %s%s%s || exit\n", made, ready,
		bus ? " " : "", bus ? bus_ready : "");
	g_string_append_printf(script, "%sbackend= daemon=\n", bus ? "bus= " : "");
	g_string_append_printf(script,
		"trap 'kill $backend $daemon %s2>/dev/null; wait; rm -r '%s EXIT\n"
		"trap 'exit 1' HUP INT TERM\n",
		bus ? "$bus " : "", trapped);
	/* The descriptor of SESSION_BUS_READY_OPTION. */
	if (bus)
		g_string_append_printf(script, "%s 3>%s &\nbus=$!\nread -r line <%s || exit\n", bus,
			bus_ready, bus_ready);
	g_string_append_printf(script, "%s &\nbackend=$!\n", backend);
	/* The descriptor of SESSION_READY_OPTION. */
	g_string_append_printf(script, "%s 3>%s &\ndaemon=$!\n", daemon, ready);
	g_string_append_printf(script, "read -r line <%s &&\n%s\n)\n", ready, qemu);
	return g_string_free(script, FALSE);
}
