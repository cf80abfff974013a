/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The argument of one QEMU option: "q35,memory-backend=mem" or '{"qom-type": "…", "id": "mem"}'.
 * Pure text; used to read and change a QEMU command line, and to read back-ends' discovery files.
 */
#ifndef SCANOUTD_TOOLS_PROPERTIES_H
#define SCANOUTD_TOOLS_PROPERTIES_H

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

struct properties;

/*
 * `implied` is the name of a first item that has none ("type" of -machine); NULL: such an item is a
 * switch like the others, which "on" and "off" ("no" before it) set. A comma inside a value is
 * written twice. Of JSON the members of the outermost object are read that are no arrays, objects
 * or null. NULL with json-glib's error: the text begins as a JSON object and is none. A list never
 * fails: what is no property is not there.
 */
struct properties *properties_create(const char *text, const char *implied, GError **error);
void properties_destroy(struct properties *properties);

/* The last one of that name, or NULL. */
const char *properties_get(const struct properties *properties, const char *name);

/* `fallback` where it is not there or neither on nor off. */
bool properties_get_switch(const struct properties *properties, const char *name, bool fallback);

/*
 * `text` with its property `name` set to `value`, once; NULL: without it. The rest stays as it is,
 * of JSON in its meaning. "on" and "off" become JSON's own. The caller frees it.
 */
char *properties_change(const char *text, const char *implied, const char *name, const char *value);

/* `text` as a value in such a list: its commas doubled. */
char *properties_escape(const char *text);

/* "512", "2G", "1.5g": QEMU's sizes; without a suffix in units of `unit` bytes. False: no size. */
bool properties_parse_size(const char *text, uint64_t unit, uint64_t *size);

#endif
