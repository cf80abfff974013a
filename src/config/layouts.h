/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * [layout NAME] sections, and the layout= of all others: what is checked of them when all files have been
 * read. Called by resolve.c. Which layout is in force is decided while the daemon runs, in
 * scene/layout_choose.h.
 */
#ifndef SCANOUTD_CONFIG_LAYOUTS_H
#define SCANOUTD_CONFIG_LAYOUTS_H

#include <glib.h>
#include <stdbool.h>

struct config;

/* [layout NAME], in the order of the files. */
struct config_layout {
	char *name;
	char *origin;
	char *when; /* outputs, separated by semicolons; NULL: not given */
};

void config_layout_free(gpointer data);

/* "a;b": names, each once. */
bool config_parse_layouts(const char *text, GError **error);
/* "DP-1;HDMI-A-1": at least one output, each once. */
bool config_parse_when(const char *text, GError **error);

/* Is there such a layout? `where` begins the message: "FILE:12: [output DP-1]: layout". */
bool config_check_layout(const struct config *config, const char *where, const char *name,
	GError **error);

/* The same of each in a list; NULL: none is named. */
bool config_check_layouts(const struct config *config, const char *where, const char *list,
	GError **error);

/*
 * A layout in which two sections count that have these lists (layout=; NULL: not given): "" where the
 * configuration has no layouts, NULL where there is none.
 */
const char *config_common_layout(const struct config *config, const char *list, const char *other);

/* [daemon] layout=, and switch-layout=. */
bool config_resolve_layouts(const struct config *config, GError **error);

#endif
