/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "config/layouts.h"

#include "config/config.h"
#include "config/value.h"
#include "scene/layout_choose.h"
#include "scene/layout_resolve.h"

void config_layout_free(gpointer data)
{
	struct config_layout *layout = data;

	g_free(layout->name);
	g_free(layout->origin);
	g_free(layout->when);
	g_free(layout);
}

/* ---- values ---- */

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

/* ---- what belongs together ---- */

static bool is_layout(const struct config *config, const char *name, struct config_nearest *nearest)
{
	for (guint i = 0; i < config->layouts->len; i++) {
		const struct config_layout *layout = g_ptr_array_index(config->layouts, i);

		if (g_str_equal(layout->name, name))
			return true;
		config_nearest_offer(nearest, layout->name);
	}
	return false;
}

bool config_check_layout(const struct config *config, const char *where, const char *name,
	GError **error)
{
	struct config_nearest nearest;

	config_nearest_init(&nearest, name);
	if (is_layout(config, name, &nearest))
		return true;
	g_set_error(error, CONFIG_ERROR, CONFIG_ERROR_VALUE, "%s=%s: there is no [layout %s]",
		where, name, name);
	if (nearest.found != NULL)
		config_did_you_mean(error, nearest.found);
	return false;
}

bool config_check_layouts(const struct config *config, const char *where, const char *list,
	GError **error)
{
	const char *name;
	size_t length;

	while (list != NULL && layout_next_name(&list, &name, &length)) {
		g_autofree char *copy = g_strndup(name, length);

		if (!config_check_layout(config, where, copy, error))
			return false;
	}
	return true;
}

const char *config_common_layout(const struct config *config, const char *list, const char *other)
{
	if (config->layouts->len == 0)
		return "";
	for (guint i = 0; i < config->layouts->len; i++) {
		const struct config_layout *layout = g_ptr_array_index(config->layouts, i);

		if (layout_counts(list, layout->name) && layout_counts(other, layout->name))
			return layout->name;
	}
	return NULL;
}

static bool check_keys(const struct config_input *input, GError **error)
{
	if (input->switch_layout.modifiers == 0 ||
		input->switch_layout.modifiers != input->switch_guest.modifiers)
		return true;
	g_set_error(error, CONFIG_ERROR, CONFIG_ERROR_VALUE,
		"[input]: switch-layout= and switch-guest= are the same keys");
	return false;
}

bool config_resolve_layouts(const struct config *config, GError **error)
{
	const char *first = config->daemon.layout;

	return (first == NULL || config_check_layout(config, "[daemon]: layout", first, error)) &&
		check_keys(&config->input, error);
}
