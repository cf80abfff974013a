/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The values of layout= and when=: one parser a kind, as in value.c. */
#include "config/value.h"
#include "scene/layout_resolve.h"

/* NULL where a name comes twice, which is `twice` then; the caller's. */
static GPtrArray *split(const char *list, char **twice)
{
	g_autoptr(GPtrArray) names = g_ptr_array_new_with_free_func(g_free);
	const char *name;
	size_t length;

	while (layout_next_name(&list, &name, &length)) {
		g_autofree char *copy = g_strndup(name, length);

		if (g_ptr_array_find_with_equal_func(names, copy, g_str_equal, NULL)) {
			*twice = g_steal_pointer(&copy);
			return NULL;
		}
		g_ptr_array_add(names, g_steal_pointer(&copy));
	}
	return g_steal_pointer(&names);
}

static bool fail_list(const GPtrArray *names, const char *twice, const char *what, GError **error)
{
	if (names == NULL)
		g_set_error(error, CONFIG_ERROR, CONFIG_ERROR_VALUE, "names %s twice", twice);
	else
		g_set_error(error, CONFIG_ERROR, CONFIG_ERROR_VALUE, "names no %s", what);
	return false;
}

bool config_parse_layouts(const char *text, GError **error)
{
	g_autofree char *twice = NULL;
	g_autoptr(GPtrArray) names = split(text, &twice);

	if (names == NULL || names->len == 0)
		return fail_list(names, twice, "layout", error);
	for (guint i = 0; i < names->len; i++) {
		const char *name = g_ptr_array_index(names, i);

		if (!config_parse_name(name, error)) {
			g_prefix_error(error, "\"%s\" ", name);
			return false;
		}
	}
	return true;
}

bool config_parse_when(const char *text, GError **error)
{
	g_autofree char *twice = NULL;
	g_autoptr(GPtrArray) names = split(text, &twice);

	return (names != NULL && names->len > 0) || fail_list(names, twice, "output", error);
}
