/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tools/scanout-run/properties.h"

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

static void read_list(struct properties *properties, const char *text, const char *implied)
{
	g_autoptr(GString) item = g_string_new(NULL);

	for (const char *at = text;; at++) {
		if (*at && *at != ',') {
			g_string_append_c(item, *at);
			continue;
		}
		if (*at == ',' && at[1] == ',') {
			g_string_append_c(item, *at++);
			continue;
		}
		if (item->len)
			add_item(properties, item->str, implied);
		implied = NULL;
		g_string_truncate(item, 0);
		if (!*at)
			return;
	}
}

/* What is between quotes; *at stands on the opening one, and afterwards behind the closing one. */
static char *read_string(const char **at)
{
	const char *begin = ++*at;

	while (**at && **at != '"' && !(**at == '\\' && !(*at)[1]))
		*at += **at == '\\' ? 2 : 1;
	g_autofree char *raw = g_strndup(begin, (gsize)(*at - begin));
	if (**at)
		++*at;
	return g_strcompress(raw);
}

/* The text of a value that is no string; NULL for an array or an object, which is passed over. */
static char *read_other(const char **at)
{
	const char *begin = *at;
	int depth = 0;

	for (; **at; ++*at) {
		if (**at == '"') {
			g_free(read_string(at));
			--*at;
		} else if (**at == '{' || **at == '[') {
			depth++;
		} else if (depth && (**at == '}' || **at == ']')) {
			depth--;
		} else if (!depth && strchr(",}] \t\r\n", **at)) {
			break;
		}
	}
	if (*begin == '{' || *begin == '[')
		return NULL;
	return g_strndup(begin, (gsize)(*at - begin));
}

static void read_json(struct properties *properties, const char *at)
{
	for (at++; *at && *at != '}';) {
		if (*at != '"') {
			at++;
			continue;
		}
		g_autofree char *name = read_string(&at);
		at += strspn(at, " \t\r\n");
		if (*at != ':')
			continue;
		at++;
		at += strspn(at, " \t\r\n");
		char *value = *at == '"' ? read_string(&at) : read_other(&at);
		if (value)
			add(properties, g_steal_pointer(&name), value);
	}
}

struct properties *properties_create(const char *text, const char *implied)
{
	struct properties *properties = g_new0(struct properties, 1);

	properties->list = g_array_new(FALSE, FALSE, sizeof(struct property));
	g_array_set_clear_func(properties->list, property_clear);
	text += strspn(text, " \t\r\n");
	if (*text == '{')
		read_json(properties, text);
	else
		read_list(properties, text, implied);
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
