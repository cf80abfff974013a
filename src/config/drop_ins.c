/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "config/drop_ins.h"

#include <string.h>

static gint compare_names(gconstpointer a, gconstpointer b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

GPtrArray *config_list_drop_ins(const char *folder, GError **error)
{
	g_autoptr(GPtrArray) names = g_ptr_array_new_with_free_func(g_free);
	g_autoptr(GError) failure = NULL;
	g_autoptr(GDir) dir = g_dir_open(folder, 0, &failure);
	const char *name;

	if (dir == NULL) {
		if (g_error_matches(failure, G_FILE_ERROR, G_FILE_ERROR_NOENT) ||
			g_error_matches(failure, G_FILE_ERROR, G_FILE_ERROR_NOTDIR))
			return g_steal_pointer(&names);
		g_propagate_error(error, g_steal_pointer(&failure));
		return NULL;
	}
	while ((name = g_dir_read_name(dir)) != NULL) {
		/* Hidden ones are editors' leftovers. */
		if (*name != '.' && g_str_has_suffix(name, ".conf"))
			g_ptr_array_add(names, g_strdup(name));
	}
	g_ptr_array_sort(names, compare_names);
	return g_steal_pointer(&names);
}
