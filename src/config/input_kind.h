/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The kinds of virtual input devices that a guest can have, by name and as sets. At the bottom:
 * the configuration and the tools ask for them, input/ makes them.
 */
#ifndef SCANOUTD_CONFIG_INPUT_KIND_H
#define SCANOUTD_CONFIG_INPUT_KIND_H

#include <glib.h>
#include <stdbool.h>

enum input_kind {
	INPUT_KEYBOARD,
	INPUT_POINTER, /* relative, with wheels */
	INPUT_ABSOLUTE, /* a pointer that is told where it is */
	INPUT_TOUCH, /* the touch screen of one output */
	INPUT_PEN,
	INPUT_PASSTHROUGH, /* one device of the host with its own capabilities */
	INPUT_KINDS,
};

/* "keyboard", "pointer", "absolute", "touch", "pen", "passthrough". */
const char *input_kind_name(enum input_kind kind);

/* Sets of kinds: a bit for each. By default every kind that needs no host device of its own: what
 * nobody connects to costs nothing. */
#define INPUT_KINDS_DEFAULT ((1u << INPUT_PASSTHROUGH) - 1)

#define INPUT_KINDS_ERROR (input_kinds_error_quark())
GQuark input_kinds_error_quark(void);

enum input_kinds_error {
	INPUT_KINDS_ERROR_WORD, /* the message continues "KEY=VALUE: " */
};

/* "none", or names of kinds, parted by semicolons, as lists in files are, or by commas, as shells
 * would part at the other; INPUT_PASSTHROUGH is none of them. */
bool input_kinds_parse(const char *text, unsigned int *kinds, GError **error);

#endif
