/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The sections and keys that a configuration can have: their names, what kind of value each key
 * takes (value.h), and the member of its section's struct (config.h) that it is stored in. Tables,
 * and no state; knows no file and no line. Called by load.c alone, for each section and key that it
 * has found.
 *
 * A new key is a row in keys.c and a member in config.h.
 */
#ifndef SCANOUTD_CONFIG_KEYS_H
#define SCANOUTD_CONFIG_KEYS_H

#include <glib.h>
#include <stdbool.h>
#include <stddef.h>

struct config_key;
struct config_nearest;

/* A section with this key is another than one of the same name without it. */
#define CONFIG_TELLING_KEY "layout"

enum config_section_kind {
	CONFIG_SECTION_DAEMON,
	CONFIG_SECTION_INPUT,
	CONFIG_SECTION_DEVICE,
	CONFIG_SECTION_GUEST,
	CONFIG_SECTION_OUTPUT,
	CONFIG_SECTION_LAYOUT,
	CONFIG_SECTION_REGION,
	CONFIG_SECTION_LAYER,
	CONFIG_SECTION_LEASE,
};

struct config_section {
	const char *name;
	enum config_section_kind kind;
	const struct config_key *keys;
	size_t key_count;
	bool live; /* all of it is as a configuration says that is read again */
};

/* By the first word between its brackets. NULL: there is none; then `nearest` has the one that may
 * have been meant, as with the next. */
const struct config_section *config_find_section(const char *name, struct config_nearest *nearest);

/* Also by a name that it had formerly. */
const struct config_key *config_find_key(const struct config_section *section, const char *name,
	struct config_nearest *nearest);

/* As it is called now; static. */
const char *config_key_name(const struct config_key *key);

/* It is as a configuration says that is read again, and not as it was at the start. */
bool config_key_is_live(const struct config_section *section, const struct config_key *key);

/* Stores the value in `target`, the section's struct; `origin` ("scanoutd.conf:12") as well, where
 * somebody asks for it. On an error, whose message says what is allowed, what was there before may
 * be gone. */
bool config_key_set(const struct config_section *section, const struct config_key *key,
	void *target, const char *text, const char *origin, GError **error);

#endif
