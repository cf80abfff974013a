/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What belongs together of [layout NAME] sections and of the layout= of all others. */
#include "config/config.h"
#include "config/value.h"
#include "scene/layout_choose.h"
#include "scene/layout_resolve.h"

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

static bool check_layout(const struct config *config, const char *where, const char *name,
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

		if (!check_layout(config, where, copy, error))
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
		"%s: [input]: switch-layout= and switch-guest= are the same keys: give one of them "
		"other modifiers",
		input->switch_origin);
	return false;
}

bool config_resolve_layouts(const struct config *config, GError **error)
{
	const struct config_daemon *daemon = &config->daemon;
	g_autofree char *where = g_strdup_printf("%s: [daemon]: layout", daemon->layout_origin);

	return (daemon->layout == NULL || check_layout(config, where, daemon->layout, error)) &&
		check_keys(&config->input, error);
}
