/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Splits one configuration file into sections and keys, with the line of each.
 *
 * The format is GKeyFile's. GKeyFile itself takes a section or a key that is given twice as one and
 * says of nothing on which line it was; both are what a person who made a typo needs. Used by
 * load.c alone; knows no section and no key by name.
 */
#ifndef SCANOUTD_CONFIG_SCAN_H
#define SCANOUTD_CONFIG_SCAN_H

#include <glib.h>
#include <stdbool.h>

/* A section's head (key and value NULL), or one of its keys. */
struct config_entry {
	char *section; /* between the brackets, outer spaces removed */
	char *key;
	char *value; /* GKeyFile's escapes are resolved: \s \n \t \r and \\ */
	unsigned int line; /* from 1 */
	unsigned int head; /* the line of the section's head */
};

/* A fault in one line. */
struct config_fault {
	unsigned int line;
	char *message;
};

struct config_scan {
	/* Two sections of one name are two where they have other values of this key, or only one
	 * has it. */
	const char *telling_key;
	GPtrArray *entries; /* of struct config_entry, in the order of the lines, owned */
	GPtrArray *faults; /* of struct config_fault, owned */
};

void config_scan_init(struct config_scan *scan, const char *telling_key);
void config_scan_finish(struct config_scan *scan);

/* `text` need not be UTF-8, but is a fault where it is not. */
void config_scan_text(struct config_scan *scan, const char *text, gsize size);

/* The value of a key in the section whose head is on that line; NULL: it is not given there. */
const char *config_scan_value(const struct config_scan *scan, unsigned int head, const char *key);

/* Also for the caller's own faults, so that all of a file are told in the order of lines. */
void config_scan_fault(struct config_scan *scan, unsigned int line, const char *format, ...)
	G_GNUC_PRINTF(3, 4);

/* "PATH:LINE: MESSAGE", a line each, in order of lines. NULL where there is no fault. */
char *config_scan_message(struct config_scan *scan, const char *path);

#endif
