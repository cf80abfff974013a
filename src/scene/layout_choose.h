/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Named layouts: which of them is in force, and which sections count in it. Pure functions; called
 * by layout_sections.c, which applies the answer, and by the configuration, which checks what
 * belongs together.
 */
#ifndef SCANOUTD_SCENE_LAYOUT_CHOOSE_H
#define SCANOUTD_SCENE_LAYOUT_CHOOSE_H

#include <glib.h>
#include <stdbool.h>
#include <stddef.h>

struct layout_connector;

#define LAYOUT_NONE G_MAXSIZE

/* One [layout NAME] section. Strings are borrowed. */
struct layout_named {
	const char *name;
	const char *when; /* names of outputs, with ";" between; NULL: whatever there is */
};

/* Why a layout is in force. */
enum layout_reason {
	LAYOUT_FIRST, /* no when= holds: the first without one, else the first of all */
	LAYOUT_WHEN, /* all outputs of its when= have monitors */
	LAYOUT_CONFIGURED, /* [daemon] layout= */
	LAYOUT_KEY, /* switch-layout= */
};

/* "first", "when" and so on: for counters and the log. */
const char *layout_reason_name(enum layout_reason reason);

/*
 * Does a section count in the layout? `layouts` is its layout=, names with ";" between; NULL: not
 * given, so it counts in all. `name` NULL: there are no layouts.
 */
bool layout_counts(const char *layouts, const char *name);

/* The first whose outputs all have monitors, else the first without when=; LAYOUT_NONE where there
 * is none of either. `connected` of a connector says what the kernel detects. */
size_t layout_rule(const struct layout_named *named, size_t count,
	const struct layout_connector *connectors, size_t connector_count);

#endif
