/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "input/match.h"

#include <glib.h>
#include <string.h>

bool match_pattern(const char *pattern, const char *text)
{
	const char *star = NULL; /* the last one passed; what it stands for ends before `resume` */
	const char *resume = NULL;

	while (*text != '\0') {
		if (*pattern == '*') {
			star = pattern++;
			resume = text;
		} else if (*pattern == '?' || *pattern == *text) {
			pattern++;
			text++;
		} else if (star) {
			pattern = star + 1;
			text = ++resume;
		} else {
			return false;
		}
	}
	while (*pattern == '*')
		pattern++;
	return *pattern == '\0';
}

static bool matches_text(const char *pattern, const char *text)
{
	return !pattern || (text && match_pattern(pattern, text));
}

/* Hexadecimal digits are the same in capitals. */
static bool matches_id(const char *pattern, const struct match_device *device)
{
	g_autofree char *lower = pattern ? g_ascii_strdown(pattern, -1) : NULL;
	char id[16];

	g_snprintf(id, sizeof(id), "%04x:%04x", device->vendor & 0xffff, device->product & 0xffff);
	return matches_text(lower, id);
}

static bool matches_property(const char *wanted, const struct match_device *device)
{
	const char *equals = wanted ? strchr(wanted, '=') : NULL;
	g_autofree char *name = NULL;

	if (!wanted)
		return true;
	/* Without a value it only has to be there. */
	if (!equals)
		return device->property(device->data, wanted) != NULL;
	name = g_strndup(wanted, (gsize)(equals - wanted));
	return matches_text(equals + 1, device->property(device->data, name));
}

static bool matches_type(const char *type, unsigned int capabilities)
{
	static const struct {
		const char *word;
		enum seat_capability capability;
	} types[] = {
		{"keyboard", SEAT_KEYBOARD},
		{"pointer", SEAT_POINTER},
		{"touch", SEAT_TOUCH},
		{"tablet", SEAT_TABLET},
		{"switch", SEAT_SWITCH},
	};

	for (size_t i = 0; type && i < G_N_ELEMENTS(types); i++) {
		if (g_str_equal(types[i].word, type))
			return capabilities & types[i].capability;
	}
	return true;
}

bool match_section(const struct config_device *section, const struct match_device *device)
{
	return matches_text(section->match_name, device->name) &&
		matches_id(section->match_id, device) &&
		matches_text(section->match_path, device->property(device->data, "ID_PATH")) &&
		matches_property(section->match_property, device) &&
		matches_type(section->match_type, device->capabilities);
}
