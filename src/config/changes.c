/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "config/changes.h"

#include <string.h>

static void free_keys(gpointer keys)
{
	g_hash_table_unref(keys);
}

GHashTable *config_texts_create(void)
{
	return g_hash_table_new_full(g_str_hash, g_str_equal, g_free, free_keys);
}

void config_texts_note(GHashTable *texts, const char *section, const char *key, const char *value)
{
	GHashTable *keys = g_hash_table_lookup(texts, section);

	if (keys == NULL) {
		keys = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
		g_hash_table_insert(texts, g_strdup(section), keys);
	}
	if (key != NULL)
		g_hash_table_replace(keys, g_strdup(key), g_strdup(value));
}

static void add_name(GPtrArray *names, const char *section, const char *key)
{
	char *name = g_strdup_printf("[%s]%s%s", section, key != NULL ? " " : "",
		key != NULL ? key : "");

	if (g_ptr_array_find_with_equal_func(names, name, g_str_equal, NULL))
		g_free(name);
	else
		g_ptr_array_add(names, name);
}

static void compare_keys(const char *section, GHashTable *a, GHashTable *b, GPtrArray *names)
{
	GHashTableIter iter;
	gpointer key, value;

	g_hash_table_iter_init(&iter, a);
	while (g_hash_table_iter_next(&iter, &key, &value)) {
		if (g_strcmp0(value, g_hash_table_lookup(b, key)) != 0)
			add_name(names, section, key);
	}
}

/* What is in `a` and is not the same in `b`. */
static void compare_sections(GHashTable *a, GHashTable *b, GPtrArray *names)
{
	GHashTableIter iter;
	gpointer section, keys;

	g_hash_table_iter_init(&iter, a);
	while (g_hash_table_iter_next(&iter, &section, &keys)) {
		GHashTable *others = g_hash_table_lookup(b, section);

		if (others == NULL)
			add_name(names, section, NULL);
		else
			compare_keys(section, keys, others, names);
	}
}

static gint compare_names(gconstpointer a, gconstpointer b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

char *config_changes(GHashTable *running, GHashTable *read)
{
	g_autoptr(GPtrArray) names = g_ptr_array_new_with_free_func(g_free);

	compare_sections(running, read, names);
	compare_sections(read, running, names);
	if (names->len == 0)
		return NULL;
	g_ptr_array_sort(names, compare_names);
	g_ptr_array_add(names, NULL);
	return g_strjoinv(", ", (char **)names->pdata);
}
