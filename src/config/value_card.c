/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The value of card=: which cards are used, and what each is called. */
#include <string.h>

#include "config/value.h"
#include "kms.h"

const char *config_card_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash != NULL ? slash + 1 : path;
}

/* Outputs of two cards are told apart by the cards' names. */
static bool check_names(char **paths, GError **error)
{
	for (char **path = paths; *path != NULL; path++) {
		for (char **other = path + 1; *other != NULL; other++) {
			if (strcmp(config_card_name(*path), config_card_name(*other)) != 0)
				continue;
			g_set_error(error, CONFIG_ERROR, CONFIG_ERROR_VALUE,
				"names two cards %s: the last part of each path must differ",
				config_card_name(*path));
			return false;
		}
	}
	return true;
}

bool config_parse_cards(const char *text, char ***cards, GError **error)
{
	g_autoptr(GPtrArray) paths = g_ptr_array_new_with_free_func(g_free);
	g_auto(GStrv) parts = g_strsplit(text, ";", -1);

	for (char **part = parts; *part != NULL; part++) {
		if (*g_strstrip(*part) != '\0')
			g_ptr_array_add(paths, g_strdup(*part));
	}
	if (paths->len == 0) {
		g_set_error(error, CONFIG_ERROR, CONFIG_ERROR_VALUE,
			"must name a card, as /dev/dri/card0");
		return false;
	}
	if (paths->len > KMS_CARDS_MAX) {
		g_set_error(error, CONFIG_ERROR, CONFIG_ERROR_VALUE, "must name at most %d cards",
			KMS_CARDS_MAX);
		return false;
	}
	g_ptr_array_add(paths, NULL);
	if (!check_names((char **)paths->pdata, error))
		return false;
	g_strfreev(*cards);
	*cards = g_strdupv((char **)paths->pdata);
	return true;
}
