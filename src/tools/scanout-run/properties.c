/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tools/scanout-run/properties.h"

#include <json-glib/json-glib.h>
#include <math.h>
#include <string.h>

struct property {
	char *name;
	char *value;
};

struct properties {
	GArray *list; /* of struct property */
};

static void property_clear(gpointer data)
{
	struct property *property = data;

	g_free(property->name);
	g_free(property->value);
}

/* Takes both over. */
static void add(struct properties *properties, char *name, char *value)
{
	struct property property = {name, value};

	g_array_append_val(properties->list, property);
}

/* One item of the list, as "name=value", or as what may stand alone. */
static void add_item(struct properties *properties, const char *item, const char *implied)
{
	const char *equals = strchr(item, '=');

	if (equals)
		add(properties, g_strndup(item, (gsize)(equals - item)), g_strdup(equals + 1));
	else if (implied)
		add(properties, g_strdup(implied), g_strdup(item));
	else if (g_str_has_prefix(item, "no"))
		add(properties, g_strdup(item + 2), g_strdup("off"));
	else
		add(properties, g_strdup(item), g_strdup("on"));
}

/* Where the item at `at` ends: on its comma, or on the text's end. */
static const char *item_end(const char *at)
{
	while (*at && !(*at == ',' && at[1] != ','))
		at += *at == ',' ? 2 : 1;
	return at;
}

/* With its double commas made single. */
static char *item_text(const char *at, const char *end)
{
	GString *item = g_string_new(NULL);

	for (; at < end; at++) {
		g_string_append_c(item, *at);
		at += *at == ',';
	}
	return g_string_free(item, FALSE);
}

static void read_list(struct properties *properties, const char *text, const char *implied)
{
	for (const char *at = text;;) {
		const char *end = item_end(at);
		g_autofree char *item = item_text(at, end);

		if (*item)
			add_item(properties, item, implied);
		implied = NULL;
		if (!*end)
			return;
		at = end + 1;
	}
}

/* A scalar as a list would have it; NULL: an array, an object or null. */
static char *scalar_text(JsonNode *node)
{
	if (!JSON_NODE_HOLDS_VALUE(node))
		return NULL;
	switch (json_node_get_value_type(node)) {
	case G_TYPE_STRING:
		return json_node_dup_string(node);
	case G_TYPE_BOOLEAN:
		return g_strdup(json_node_get_boolean(node) ? "true" : "false");
	case G_TYPE_INT64:
		return g_strdup_printf("%" G_GINT64_FORMAT, json_node_get_int(node));
	default:
		return g_ascii_dtostr(g_malloc(G_ASCII_DTOSTR_BUF_SIZE), G_ASCII_DTOSTR_BUF_SIZE,
			json_node_get_double(node));
	}
}

static bool is_json(const char *text)
{
	return text[strspn(text, " \t\r\n")] == '{';
}

/* A number without end, as json-glib makes of many digits, is none when it is written. */
static bool can_be_written(JsonNode *root)
{
	g_autofree char *text = json_to_string(root, FALSE);
	g_autoptr(JsonNode) again = json_from_string(text, NULL);

	return again != NULL;
}

/* The node of an object, which the caller frees; NULL with an error. */
static JsonNode *parse_json(const char *text, GError **error)
{
	g_autoptr(JsonNode) root = json_from_string(text, error);

	if (!root || !JSON_NODE_HOLDS_OBJECT(root))
		return NULL;
	if (can_be_written(root))
		return g_steal_pointer(&root);
	g_set_error_literal(error, JSON_PARSER_ERROR, JSON_PARSER_ERROR_INVALID_DATA,
		"a number in it is out of range");
	return NULL;
}

static bool read_json(struct properties *properties, const char *text, GError **error)
{
	g_autoptr(JsonNode) root = parse_json(text, error);
	JsonObjectIter iterator;
	const char *name;
	JsonNode *member;

	if (!root)
		return false;
	json_object_iter_init(&iterator, json_node_get_object(root));
	while (json_object_iter_next(&iterator, &name, &member)) {
		char *value = scalar_text(member);

		if (value)
			add(properties, g_strdup(name), value);
	}
	return true;
}

struct properties *properties_create(const char *text, const char *implied, GError **error)
{
	struct properties *properties = g_new0(struct properties, 1);

	properties->list = g_array_new(FALSE, FALSE, sizeof(struct property));
	g_array_set_clear_func(properties->list, property_clear);
	if (!is_json(text)) {
		read_list(properties, text, implied);
	} else if (!read_json(properties, text, error)) {
		properties_destroy(properties);
		return NULL;
	}
	return properties;
}

void properties_destroy(struct properties *properties)
{
	if (!properties)
		return;
	g_array_unref(properties->list);
	g_free(properties);
}

const char *properties_get(const struct properties *properties, const char *name)
{
	const char *value = NULL;

	for (guint i = 0; i < properties->list->len; i++) {
		const struct property *property = &g_array_index(properties->list, struct property,
			i);
		if (g_str_equal(property->name, name))
			value = property->value;
	}
	return value;
}

bool properties_get_switch(const struct properties *properties, const char *name, bool fallback)
{
	static const char *const on[] = {"on", "yes", "true", "y", NULL};
	static const char *const off[] = {"off", "no", "false", "n", NULL};
	const char *value = properties_get(properties, name);

	if (value && g_strv_contains(on, value))
		return true;
	if (value && g_strv_contains(off, value))
		return false;
	return fallback;
}

char *properties_escape(const char *text)
{
	g_auto(GStrv) parts = g_strsplit(text, ",", -1);

	return g_strjoinv(",,", parts);
}

/* Has it this name? `alone`: it may be a switch, as "NAME" or "noNAME". */
static bool item_is(const char *at, const char *end, const char *name, bool alone)
{
	size_t item_size = (size_t)(end - at);
	size_t size = strlen(name);

	if (item_size > size && memcmp(at, name, size) == 0 && at[size] == '=')
		return true;
	if (alone && item_size == size + 2 && memcmp(at, "no", 2) == 0)
		return memcmp(at + 2, name, size) == 0;
	return alone && item_size == size && memcmp(at, name, size) == 0;
}

/* As it is; but a switch that comes to stand first would be the implied property's value there. */
static void append_item(GString *changed, const char *at, const char *end, bool was_behind)
{
	bool no = end - at > 2 && memcmp(at, "no", 2) == 0;
	bool becomes_first = was_behind && changed->len == 0;

	if (changed->len)
		g_string_append_c(changed, ',');
	if (!becomes_first || memchr(at, '=', (size_t)(end - at))) {
		g_string_append_len(changed, at, end - at);
		return;
	}
	g_string_append_len(changed, no ? at + 2 : at, no ? end - at - 2 : end - at);
	g_string_append(changed, no ? "=off" : "=on");
}

static char *change_list(const char *text, const char *implied, const char *name, const char *value)
{
	GString *changed = g_string_new(NULL);
	bool first_is_it = implied && g_str_equal(implied, name) &&
		!memchr(text, '=', (size_t)(item_end(text) - text));

	if (first_is_it && value)
		g_string_append(changed, value);
	for (const char *at = text;;) {
		const char *end = item_end(at);
		bool is_first = at == text;
		bool is_it = (is_first && first_is_it) ||
			item_is(at, end, name, !(is_first && implied));

		if (end > at && !is_it)
			append_item(changed, at, end, implied && !is_first);
		if (!*end)
			break;
		at = end + 1;
	}
	if (value && !first_is_it)
		g_string_append_printf(changed, "%s%s=%s", changed->len ? "," : "", name, value);
	return g_string_free(changed, FALSE);
}

static char *change_json(const char *text, const char *name, const char *value)
{
	g_autoptr(JsonNode) root = parse_json(text, NULL);
	JsonObject *object;

	if (!root)
		return g_strdup(text);
	object = json_node_get_object(root);
	if (!value)
		json_object_remove_member(object, name);
	else if (g_str_equal(value, "on") || g_str_equal(value, "off"))
		json_object_set_boolean_member(object, name, g_str_equal(value, "on"));
	else
		json_object_set_string_member(object, name, value);
	return json_to_string(root, FALSE);
}

char *properties_change(const char *text, const char *implied, const char *name, const char *value)
{
	return is_json(text) ? change_json(text, name, value)
			     : change_list(text, implied, name, value);
}

bool properties_parse_size(const char *text, uint64_t unit, uint64_t *size)
{
	static const char suffixes[] = "bkmgtpe";
	char *end;

	if (!g_ascii_isdigit(*text))
		return false;
	double number = g_ascii_strtod(text, &end);
	if (*end) {
		const char *suffix = strchr(suffixes, g_ascii_tolower(*end));
		if (!suffix || end[1])
			return false;
		unit = UINT64_C(1) << (10 * (suffix - suffixes));
	}
	number *= (double)unit;
	if (!isfinite(number) || number >= 0x1p63)
		return false;
	*size = (uint64_t)number;
	return true;
}
