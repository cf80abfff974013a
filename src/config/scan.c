/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "config/scan.h"

#include <string.h>

static void entry_free(gpointer data)
{
	struct config_entry *entry = data;

	g_free(entry->section);
	g_free(entry->key);
	g_free(entry->value);
	g_free(entry);
}

static void fault_free(gpointer data)
{
	struct config_fault *fault = data;

	g_free(fault->message);
	g_free(fault);
}

void config_scan_init(struct config_scan *scan)
{
	scan->entries = g_ptr_array_new_with_free_func(entry_free);
	scan->faults = g_ptr_array_new_with_free_func(fault_free);
}

void config_scan_finish(struct config_scan *scan)
{
	g_clear_pointer(&scan->entries, g_ptr_array_unref);
	g_clear_pointer(&scan->faults, g_ptr_array_unref);
}

void config_scan_fault(struct config_scan *scan, unsigned int line, const char *format, ...)
{
	struct config_fault *fault = g_new0(struct config_fault, 1);
	va_list arguments;

	va_start(arguments, format);
	fault->line = line;
	fault->message = g_strdup_vprintf(format, arguments);
	va_end(arguments);
	g_ptr_array_add(scan->faults, fault);
}

static gint compare_faults(gconstpointer a, gconstpointer b)
{
	const struct config_fault *first = *(struct config_fault *const *)a;
	const struct config_fault *second = *(struct config_fault *const *)b;

	return (first->line > second->line) - (first->line < second->line);
}

char *config_scan_message(struct config_scan *scan, const char *path)
{
	GString *text;

	if (scan->faults->len == 0)
		return NULL;
	g_ptr_array_sort(scan->faults, compare_faults);
	text = g_string_new(NULL);
	for (guint i = 0; i < scan->faults->len; i++) {
		const struct config_fault *fault = g_ptr_array_index(scan->faults, i);

		g_string_append_printf(text, "%s%s:%u: %s", i > 0 ? "\n" : "", path, fault->line,
			fault->message);
	}
	return g_string_free(text, FALSE);
}

/* The entry of a section's head, or of a key in it. */
static const struct config_entry *find(const struct config_scan *scan, const char *section,
	const char *key)
{
	for (guint i = 0; i < scan->entries->len; i++) {
		const struct config_entry *entry = g_ptr_array_index(scan->entries, i);

		if (g_str_equal(entry->section, section) && g_strcmp0(entry->key, key) == 0)
			return entry;
	}
	return NULL;
}

static void add(struct config_scan *scan, unsigned int line, const char *section, char *key,
	char *value)
{
	struct config_entry *entry = g_new0(struct config_entry, 1);

	entry->line = line;
	entry->section = g_strdup(section);
	entry->key = key;
	entry->value = value;
	g_ptr_array_add(scan->entries, entry);
}

/* Inner runs of spaces are one, so that "[guest  a]" and "[guest a]" are the same section. */
static char *squeeze(const char *text)
{
	GString *squeezed = g_string_new(NULL);

	for (const char *c = text; *c != '\0'; c++) {
		if (!g_ascii_isspace(*c))
			g_string_append_c(squeezed, *c);
		else if (squeezed->len > 0 && squeezed->str[squeezed->len - 1] != ' ')
			g_string_append_c(squeezed, ' ');
	}
	if (squeezed->len > 0 && squeezed->str[squeezed->len - 1] == ' ')
		g_string_truncate(squeezed, squeezed->len - 1);
	return g_string_free(squeezed, FALSE);
}

/* The section that the head opens; NULL and a fault where it is none, or is there already: its keys
 * are then judged as a section's of their own, without further faults. */
static char *scan_head(struct config_scan *scan, unsigned int line, char *text)
{
	const struct config_entry *earlier;
	char *end = strrchr(text, ']');
	char *section;

	if (end == NULL || end[1] != '\0') {
		config_scan_fault(scan, line, "a section ends with \"]\": \"%s\"", text);
		return NULL;
	}
	*end = '\0';
	section = squeeze(text + 1);
	if (strpbrk(section, "[]") != NULL || *section == '\0') {
		config_scan_fault(scan, line, "[%s] is no section's name", section);
		g_free(section);
		return NULL;
	}
	earlier = find(scan, section, NULL);
	if (earlier != NULL) {
		config_scan_fault(scan, line, "section [%s] is given twice; first on line %u",
			section, earlier->line);
		g_free(section);
		return NULL;
	}
	add(scan, line, section, NULL, NULL);
	return section;
}

static bool unescape(char *value)
{
	char *to = value;

	for (const char *from = value; *from != '\0'; from++) {
		if (*from != '\\') {
			*to++ = *from;
			continue;
		}
		from++;
		switch (*from) {
		case 's':
			*to++ = ' ';
			break;
		case 'n':
			*to++ = '\n';
			break;
		case 't':
			*to++ = '\t';
			break;
		case 'r':
			*to++ = '\r';
			break;
		case '\\':
			*to++ = '\\';
			break;
		default:
			return false;
		}
	}
	*to = '\0';
	return true;
}

static void scan_key(struct config_scan *scan, unsigned int line, const char *section, char *text)
{
	g_autofree char *key = NULL;
	g_autofree char *value = NULL;
	const struct config_entry *earlier;
	char *equals = strchr(text, '=');

	if (equals == NULL || equals == text) {
		config_scan_fault(scan, line,
			"neither a section, nor KEY=VALUE, nor a comment: \"%s\"", text);
		return;
	}
	key = g_strchomp(g_strndup(text, (gsize)(equals - text)));
	value = g_strdup(g_strchug(equals + 1));
	earlier = find(scan, section, key);
	if (earlier != NULL) {
		config_scan_fault(scan, line, "key \"%s\" is given twice in [%s]; first on line %u",
			key, section, earlier->line);
	} else if (*value == '\0') {
		config_scan_fault(scan, line, "key \"%s\" has no value", key);
	} else if (!unescape(value)) {
		config_scan_fault(scan, line,
			"key \"%s\": a backslash is written \\\\; before s, n, t and r it has its own "
			"meaning",
			key);
	} else {
		add(scan, line, section, g_steal_pointer(&key), g_steal_pointer(&value));
	}
}

void config_scan_text(struct config_scan *scan, const char *text, gsize size)
{
	g_autofree char *section = NULL;
	const char *end = text + size;
	/* After a faulty head its keys belong to nothing, which is no further fault of theirs. */
	bool faulty_section = false;
	unsigned int line = 0;

	while (text < end) {
		const char *newline = memchr(text, '\n', (gsize)(end - text));
		gsize length = (gsize)((newline != NULL ? newline : end) - text);
		g_autofree char *copy = NULL;
		char *content;

		line++;
		if (!g_utf8_validate_len(text, length, NULL)) {
			config_scan_fault(scan, line, "not UTF-8 text");
			text += length + 1;
			continue;
		}
		copy = g_strndup(text, length);
		content = g_strstrip(copy);
		text += length + 1;
		if (*content == '\0' || *content == '#')
			continue;
		if (*content == '[') {
			g_free(section);
			section = scan_head(scan, line, content);
			faulty_section = section == NULL;
		} else if (section != NULL) {
			scan_key(scan, line, section, content);
		} else if (!faulty_section) {
			config_scan_fault(scan, line,
				"a section such as [daemon] must come before \"%s\"", content);
		}
	}
}
