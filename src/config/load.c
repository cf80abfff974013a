/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * config_load(): reads the files, and puts what each of their sections and keys says (keys.h) into
 * a configuration. Faults are collected, a line each, and the first file that has one is the last
 * that is read. Keeps nothing; called by main before there is anything else, and in a thread of its
 * own (config_reader.c) while the daemon runs.
 */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "config/changes.h"
#include "config/config.h"
#include "config/drop_ins.h"
#include "config/keys.h"
#include "config/scan.h"
#include "config/value.h"

/* ---- one entry ---- */

static bool is_named(const struct config_section *section)
{
	return section->kind != CONFIG_SECTION_DAEMON && section->kind != CONFIG_SECTION_INPUT;
}

/* The section that an entry belongs to, as kind and name; false and a fault where there is none. */
static bool find_section(struct config_scan *scan, const struct config_entry *entry,
	const struct config_section **section, const char **name)
{
	const char *space = strchr(entry->section, ' ');
	g_autofree char *word = space == NULL
		? g_strdup(entry->section)
		: g_strndup(entry->section, (gsize)(space - entry->section));
	g_autoptr(GError) error = NULL;
	struct config_nearest nearest;

	*name = space == NULL ? NULL : space + 1;
	config_nearest_init(&nearest, word);
	*section = config_find_section(word, &nearest);
	/* One fault a section is enough: at its head. */
	if (*section == NULL && entry->key == NULL)
		config_scan_fault(scan, entry->line, "unknown section [%s]%s%s%s%s%s",
			entry->section, nearest.found != NULL ? "; did you mean [" : "",
			nearest.found != NULL ? nearest.found : "",
			nearest.found != NULL && *name != NULL ? " " : "",
			nearest.found != NULL && *name != NULL ? *name : "",
			nearest.found != NULL ? "]?" : "");
	if (*section == NULL)
		return false;
	if (is_named(*section) == (*name != NULL)) {
		if (*name == NULL || (*section)->kind == CONFIG_SECTION_OUTPUT ||
			config_parse_name(*name, &error))
			return true;
		if (entry->key == NULL)
			config_scan_fault(scan, entry->line, "[%s]: the name %s", entry->section,
				error->message);
		return false;
	}
	if (entry->key == NULL && *name == NULL)
		config_scan_fault(scan, entry->line, "section [%s] needs a name: [%s NAME]", word,
			word);
	else if (entry->key == NULL)
		config_scan_fault(scan, entry->line, "section [%s] has no name: [%s]", word, word);
	return false;
}

static const struct config_key *find_key(struct config_scan *scan, const struct config_entry *entry,
	const struct config_section *section)
{
	const struct config_key *key;
	struct config_nearest nearest;

	config_nearest_init(&nearest, entry->key);
	key = config_find_key(section, entry->key, &nearest);
	if (key == NULL)
		config_scan_fault(scan, entry->line, "unknown key \"%s\" in [%s]%s%s%s", entry->key,
			entry->section, nearest.found != NULL ? "; did you mean \"" : "",
			nearest.found != NULL ? nearest.found : "",
			nearest.found != NULL ? "\"?" : "");
	return key;
}

/* `key` NULL: the section's head. */
static void note_text(struct config *config, const struct config_section *section,
	const struct config_entry *entry, const struct config_key *key)
{
	if (key != NULL ? config_key_is_live(section, key) : section->live)
		return;
	config_texts_note(config->texts, entry->section, key != NULL ? config_key_name(key) : NULL,
		entry->value);
}

static struct config_guest *find_guest(struct config *config, const char *name, const char *origin)
{
	struct config_guest *guest = config_find_guest(config, name);

	return guest != NULL ? guest : config_add_guest(config, name, origin);
}

static struct config_output *find_output(struct config *config, const char *name,
	const char *layouts, const char *origin)
{
	struct config_output *output = config_find_output(config, name, layouts);

	if (output == NULL)
		output = config_add_output(config, name, origin);
	if (output->layouts == NULL)
		output->layouts = g_strdup(layouts);
	return output;
}

/* The section's struct, which is added where it is not there. */
static void *find_struct(struct config *config, enum config_section_kind kind, const char *name,
	const char *layouts, const char *origin)
{
	switch (kind) {
	case CONFIG_SECTION_DAEMON:
		return &config->daemon;
	case CONFIG_SECTION_INPUT:
		return &config->input;
	case CONFIG_SECTION_DEVICE:
		return config_add_device(config, name, origin);
	case CONFIG_SECTION_GUEST:
		return find_guest(config, name, origin);
	case CONFIG_SECTION_OUTPUT:
		return find_output(config, name, layouts, origin);
	case CONFIG_SECTION_LAYOUT:
		return config_add_layout(config, name, origin);
	case CONFIG_SECTION_REGION:
		return config_add_region(config, name, origin);
	case CONFIG_SECTION_LAYER:
		return config_add_layer(config, name, layouts, origin);
	case CONFIG_SECTION_LEASE:
		return config_add_lease(config, name, origin);
	default:
		g_return_val_if_reached(NULL);
	}
}

static void apply_entry(struct config *config, struct config_scan *scan,
	const struct config_entry *entry, const char *path)
{
	g_autofree char *origin = g_strdup_printf("%s:%u", path, entry->line);
	g_autoptr(GError) error = NULL;
	const char *layouts = config_scan_value(scan, entry->head, CONFIG_TELLING_KEY);
	const struct config_section *section;
	const struct config_key *key;
	const char *name;
	void *target;

	if (!find_section(scan, entry, &section, &name))
		return;
	target = find_struct(config, section->kind, name, layouts, origin);
	key = entry->key != NULL ? find_key(scan, entry, section) : NULL;
	if (entry->key == NULL || key != NULL)
		note_text(config, section, entry, key);
	if (key != NULL && !config_key_set(section, key, target, entry->value, origin, &error))
		config_scan_fault(scan, entry->line, "%s=%s: %s", entry->key, entry->value,
			error->message);
}

/* ---- files ---- */

static bool load_file(struct config *config, const char *path, GError **error)
{
	g_autofree char *faults = NULL;
	g_autofree char *text = NULL;
	struct config_scan scan;
	gsize size;

	if (access(path, R_OK) != 0) {
		g_set_error(error, CONFIG_ERROR, CONFIG_ERROR_FILE, "%s: cannot be read: %s", path,
			g_strerror(errno));
		return false;
	}
	if (!g_file_get_contents(path, &text, &size, error))
		return false;
	config_scan_init(&scan, CONFIG_TELLING_KEY);
	config_scan_text(&scan, text, size);
	for (guint i = 0; i < scan.entries->len; i++)
		apply_entry(config, &scan, g_ptr_array_index(scan.entries, i), path);
	faults = config_scan_message(&scan, path);
	config_scan_finish(&scan);
	if (faults != NULL)
		g_set_error_literal(error, CONFIG_ERROR, CONFIG_ERROR_VALUE, faults);
	return faults == NULL;
}

static bool load_all(struct config *config, const char *path, GError **error)
{
	const char *main_path = path != NULL ? path : CONFIG_DEFAULT_PATH;
	g_autofree char *folder = g_strconcat(main_path, ".d", NULL);
	g_autoptr(GPtrArray) names = NULL;

	if (path != NULL || access(main_path, F_OK) == 0 || errno != ENOENT) {
		if (!load_file(config, main_path, error))
			return false;
	}
	names = config_list_drop_ins(folder, error);
	for (guint i = 0; names != NULL && i < names->len; i++) {
		g_autofree char *file = g_build_filename(folder, g_ptr_array_index(names, i), NULL);

		if (!load_file(config, file, error))
			return false;
	}
	return names != NULL;
}

struct config *config_load(const char *path, GError **error)
{
	struct config *config = config_create();

	if (!load_all(config, path, error)) {
		config_destroy(config);
		return NULL;
	}
	return config;
}
