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

void config_scan_init(struct config_scan *scan, const char *telling_key)
{
	scan->telling_key = telling_key;
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

/* A key in the section whose head is on that line. */
static const struct config_entry *find(const struct config_scan *scan, unsigned int head,
	const char *key)
{
	for (guint i = 0; i < scan->entries->len; i++) {
		const struct config_entry *entry = g_ptr_array_index(scan->entries, i);

		if (entry->head == head && g_strcmp0(entry->key, key) == 0)
			return entry;
	}
	return NULL;
}

const char *config_scan_value(const struct config_scan *scan, unsigned int head, const char *key)
{
	const struct config_entry *entry = find(scan, head, key);

	return entry != NULL ? entry->value : NULL;
}

static void add(struct config_scan *scan, unsigned int line, const struct config_entry *head,
	const char *section, char *key, char *value)
{
	struct config_entry *entry = g_new0(struct config_entry, 1);

	entry->line = line;
	entry->head = head != NULL ? head->line : line;
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

/* The section that the head opens; NULL and a fault where it is none. */
static const struct config_entry *scan_head(struct config_scan *scan, unsigned int line, char *text)
{
	g_autofree char *section = NULL;
	char *end = strrchr(text, ']');

	if (end == NULL || end[1] != '\0') {
		config_scan_fault(scan, line, "a section ends with \"]\": \"%s\"", text);
		return NULL;
	}
	*end = '\0';
	section = squeeze(text + 1);
	if (strpbrk(section, "[]") != NULL || *section == '\0') {
		config_scan_fault(scan, line, "[%s] is no section's name", section);
		return NULL;
	}
	add(scan, line, NULL, section, NULL, NULL);
	return g_ptr_array_index(scan->entries, scan->entries->len - 1);
}

/* ---- sections that are given twice ---- */

static const struct config_entry *find_twin(const struct config_scan *scan, guint index)
{
	const struct config_entry *entry = g_ptr_array_index(scan->entries, index);
	const char *value = config_scan_value(scan, entry->line, scan->telling_key);

	for (guint i = 0; i < index; i++) {
		const struct config_entry *other = g_ptr_array_index(scan->entries, i);

		if (other->key == NULL && g_str_equal(other->section, entry->section) &&
			g_strcmp0(config_scan_value(scan, other->line, scan->telling_key), value) ==
				0)
			return other;
	}
	return NULL;
}

/* One fault a section: of its keys none is judged. */
static void drop_twins(struct config_scan *scan)
{
	guint i = 0;

	while (i < scan->entries->len) {
		const struct config_entry *entry = g_ptr_array_index(scan->entries, i);
		const struct config_entry *twin = entry->key == NULL ? find_twin(scan, i) : NULL;
		guint next = i + 1;

		if (twin == NULL) {
			i++;
			continue;
		}
		config_scan_fault(scan, entry->line,
			"section [%s] is given twice; first on line %u", entry->section,
			twin->line);
		while (next < scan->entries->len &&
			((struct config_entry *)g_ptr_array_index(scan->entries, next))->key !=
				NULL)
			next++;
		g_ptr_array_remove_range(scan->entries, i, next - i);
	}
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

static void scan_key(struct config_scan *scan, unsigned int line, const struct config_entry *head,
	char *text)
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
	earlier = find(scan, head->line, key);
	if (earlier != NULL) {
		config_scan_fault(scan, line, "key \"%s\" is given twice in [%s]; first on line %u",
			key, head->section, earlier->line);
	} else if (*value == '\0') {
		config_scan_fault(scan, line, "key \"%s\" has no value", key);
	} else if (!unescape(value)) {
		config_scan_fault(scan, line,
			"key \"%s\": a backslash is written \\\\; before s, n, t and r it has its own "
			"meaning",
			key);
	} else {
		add(scan, line, head, head->section, g_steal_pointer(&key),
			g_steal_pointer(&value));
	}
}

void config_scan_text(struct config_scan *scan, const char *text, gsize size)
{
	const struct config_entry *section = NULL;
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
			section = scan_head(scan, line, content);
			faulty_section = section == NULL;
		} else if (section != NULL) {
			scan_key(scan, line, section, content);
		} else if (!faulty_section) {
			config_scan_fault(scan, line,
				"a section such as [daemon] must come before \"%s\"", content);
		}
	}
	drop_twins(scan);
}
