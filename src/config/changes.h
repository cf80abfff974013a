/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the files said that takes effect at the start alone, as text: so that a configuration that
 * is read again can be compared with the one that runs. Written by load.c, asked by the daemon.
 */
#ifndef SCANOUTD_CONFIG_CHANGES_H
#define SCANOUTD_CONFIG_CHANGES_H

#include <glib.h>

/* Sections by name ("guest a"), each with its keys' values. */
GHashTable *config_texts_create(void);

/* `key` NULL: the section is there. A later value takes an earlier one's place. */
void config_texts_note(GHashTable *texts, const char *section, const char *key, const char *value);

/* Of the texts of two configurations, "[daemon] card, [guest b]": keys, and sections that only one
 * of them has, in alphabetical order. NULL: nothing is different. The caller's. */
char *config_changes(GHashTable *running, GHashTable *read);

#endif
