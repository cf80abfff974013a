/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tools/scanout-run/backend.h"

#include <glib.h>
#include <string.h>

#include "tools/scanout-run/properties.h"

/* Ours, which is no back-end but hands over to one. */
#define NOT_THIS "scanout-gpu"

static gint compare_names(gconstpointer a, gconstpointer b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* The paths of all discovery files, by name of file; each name once. */
static GPtrArray *list_files(const char *const *directories)
{
	g_autoptr(GHashTable) paths = g_hash_table_new_full(g_str_hash, g_str_equal, NULL, g_free);
	g_autoptr(GPtrArray) names = g_ptr_array_new_with_free_func(g_free);
	GPtrArray *files = g_ptr_array_new_with_free_func(g_free);

	for (; *directories; directories++) {
		g_autoptr(GDir) directory = g_dir_open(*directories, 0, NULL);
		const char *found;
		while (directory && (found = g_dir_read_name(directory))) {
			if (!g_str_has_suffix(found, ".json") ||
				g_hash_table_contains(paths, found))
				continue;
			char *name = g_strdup(found);
			g_ptr_array_add(names, name);
			g_hash_table_insert(paths, name,
				g_build_filename(*directories, name, NULL));
		}
	}
	g_ptr_array_sort(names, compare_names);
	for (guint i = 0; i < names->len; i++)
		g_ptr_array_add(files,
			g_strdup(g_hash_table_lookup(paths, g_ptr_array_index(names, i))));
	return files;
}

/* The program of a back-end that can be run, or NULL. */
static char *read_file(const char *path)
{
	g_autofree char *text = NULL;
	char *program = NULL;

	if (!g_file_get_contents(path, &text, NULL, NULL))
		return NULL;
	struct properties *properties = properties_create(text, NULL, NULL);
	if (!properties)
		return NULL;
	const char *binary = properties_get(properties, "binary");
	g_autofree char *name = binary ? g_path_get_basename(binary) : NULL;
	if (binary && !g_str_equal(name, NOT_THIS) &&
		!g_strcmp0(properties_get(properties, "type"), "gpu") &&
		g_file_test(binary, G_FILE_TEST_IS_EXECUTABLE))
		program = g_strdup(binary);
	properties_destroy(properties);
	return program;
}

char *backend_discover(const char *const *directories)
{
	g_autoptr(GPtrArray) files = list_files(directories);
	char *program = NULL;

	for (guint i = 0; i < files->len && !program; i++)
		program = read_file(g_ptr_array_index(files, i));
	return program;
}

char *backend_find(GError **error)
{
	static const char *const usual[] = {"/usr/lib/qemu/vhost-user-gpu",
		"/usr/libexec/vhost-user-gpu", NULL};
	g_autofree char *own = g_build_filename(g_get_user_config_dir(), "qemu", "vhost-user",
		NULL);
	const char *const directories[] = {own, "/etc/qemu/vhost-user",
		"/usr/share/qemu/vhost-user", NULL};
	char *program = backend_discover(directories);

	for (const char *const *at = usual; *at && !program; at++)
		if (g_file_test(*at, G_FILE_TEST_IS_EXECUTABLE))
			program = g_strdup(*at);
	if (!program)
		g_set_error(error, G_FILE_ERROR, G_FILE_ERROR_NOENT,
			"there is no vhost-user-gpu back-end; install one (Debian: qemu-system-gui) or "
			"name it with --backend");
	return program;
}
