/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "config_fixture.h"

#include <glib/gstdio.h>

#include "config/options.h"

void config_fixture_set_up(struct config_fixture *fixture, gconstpointer data)
{
	fixture->folder = g_dir_make_tmp("scanoutd-config-XXXXXX", NULL);
	fixture->path = g_build_filename(fixture->folder, "scanoutd.conf", NULL);
	g_setenv("RUNTIME_DIRECTORY", "/run/scanoutd", TRUE);
}

static void remove_all(const char *folder)
{
	g_autoptr(GDir) dir = g_dir_open(folder, 0, NULL);
	const char *name;

	while (dir != NULL && (name = g_dir_read_name(dir)) != NULL) {
		g_autofree char *path = g_build_filename(folder, name, NULL);

		if (g_file_test(path, G_FILE_TEST_IS_DIR))
			remove_all(path);
		else
			g_unlink(path);
	}
	g_rmdir(folder);
}

void config_fixture_tear_down(struct config_fixture *fixture, gconstpointer data)
{
	remove_all(fixture->folder);
	g_free(fixture->folder);
	g_free(fixture->path);
}

void config_fixture_write(const struct config_fixture *fixture, const char *text)
{
	g_assert_true(g_file_set_contents(fixture->path, text, -1, NULL));
}

void config_fixture_write_drop_in(const struct config_fixture *fixture, const char *name,
	const char *text)
{
	g_autofree char *folder = g_strconcat(fixture->path, ".d", NULL);
	g_autofree char *path = g_build_filename(folder, name, NULL);

	g_mkdir(folder, 0700);
	g_assert_true(g_file_set_contents(path, text, -1, NULL));
}

/* Files, command line ("" for none) and what belongs together. */
static struct config *load(const char *path, const char *command_line, GError **error)
{
	g_autofree char *line = g_strconcat("scanoutd ", command_line, NULL);
	g_auto(GStrv) arguments = NULL;
	struct options options;
	struct config *config;

	g_assert_true(g_shell_parse_argv(line, NULL, &arguments, NULL));
	if (!options_init(&options, arguments, error))
		return NULL;
	g_free(options.config);
	options.config = g_strdup(path);
	config = options_read(&options, error);
	options_finish(&options);
	return config;
}

struct config *config_fixture_load(const char *path, const char *command_line)
{
	g_autoptr(GError) error = NULL;
	struct config *config = load(path, command_line, &error);

	g_assert_no_error(error);
	g_assert_nonnull(config);
	return config;
}

void config_fixture_expect_error(const struct config_fixture *fixture, const char *command_line,
	const char *expected)
{
	g_autofree char *prefix = g_strconcat(fixture->folder, "/", NULL);
	g_autoptr(GError) error = NULL;
	struct config *config = load(fixture->path, command_line, &error);
	g_auto(GStrv) parts = NULL;
	g_autofree char *message = NULL;

	g_assert_null(config);
	g_assert_nonnull(error);
	parts = g_strsplit(error->message, prefix, -1);
	message = g_strjoinv("", parts);
	g_assert_cmpstr(message, ==, expected);
}
