/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tools/scanout-run/bus.h"

#include <gio/gio.h>
#include <pwd.h>
#include <unistd.h>

#include "tools/scanout-run/program.h"
#include "tools/scanout-run/session.h"

#define PROGRAM "dbus-daemon"
#define CONFIGURATION "guest-bus.conf"

/* As it is built, and where it is installed. */
static char *find_configuration(void)
{
	static const char *const beside[] = {"../config/dbus/" CONFIGURATION,
		"../share/scanoutd/" CONFIGURATION, NULL};

	return program_find_beside(beside, G_FILE_TEST_IS_REGULAR);
}

char *bus_address(const char *path)
{
	g_autofree char *escaped = g_dbus_address_escape_value(path);

	return g_strdup_printf("unix:path=%s", escaped);
}

static char **make_command(const char *program, const char *configuration, const char *path)
{
	g_autofree char *address = bus_address(path);
	GPtrArray *command = g_ptr_array_new();

	g_ptr_array_add(command, g_strdup(program));
	g_ptr_array_add(command, g_strconcat("--config-file=", configuration, NULL));
	g_ptr_array_add(command, g_strconcat("--address=", address, NULL));
	g_ptr_array_add(command, g_strdup("--nofork"));
	g_ptr_array_add(command, g_strdup("--nopidfile"));
	g_ptr_array_add(command, g_strdup("--nosyslog"));
	g_ptr_array_add(command, g_strdup(SESSION_BUS_READY_OPTION));
	g_ptr_array_add(command, NULL);
	return (char **)g_ptr_array_free(command, FALSE);
}

static bool has_name(uid_t user)
{
	/* cppcheck-suppress getpwuidCalled ; there is one thread */
	return getpwuid(user) != NULL;
}

char **bus_command(const char *qemu, const char *path, GError **error)
{
	g_autofree char *program = g_find_program_in_path(PROGRAM);
	g_autofree char *configuration = find_configuration();

	if (!program)
		g_set_error(error, G_SPAWN_ERROR, G_SPAWN_ERROR_NOENT,
			"there is no " PROGRAM " in PATH");
	else if (!configuration)
		g_set_error(error, G_SPAWN_ERROR, G_SPAWN_ERROR_NOENT,
			"there is no " CONFIGURATION " beside scanout-run");
	else if (!has_name(geteuid()))
		g_set_error(error, G_SPAWN_ERROR, G_SPAWN_ERROR_FAILED,
			PROGRAM " lets nobody in whose user has no name");
	else if (!program_says(qemu, "-display", "help", "\ndbus\n"))
		g_set_error(error, G_SPAWN_ERROR, G_SPAWN_ERROR_NOENT,
			"%s has no D-Bus display (Debian has it in qemu-system-modules-opengl)",
			qemu);
	else
		return make_command(program, configuration, path);
	return NULL;
}
