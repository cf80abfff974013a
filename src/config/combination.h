/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Keys that mean something together: "Ctrl+Alt+Delete". Parsed by the configuration, judged by
 * focus.c. Keys are places on a keyboard (evdev's codes), not what a layout makes of them.
 */
#ifndef SCANOUTD_CONFIG_COMBINATION_H
#define SCANOUTD_CONFIG_COMBINATION_H

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

/* Left and right ones are the same. */
enum combination_modifier {
	MODIFIER_CTRL = 1 << 0,
	MODIFIER_SHIFT = 1 << 1,
	MODIFIER_ALT = 1 << 2,
	MODIFIER_SUPER = 1 << 3,
};

struct combination {
	uint8_t modifiers; /* of enum combination_modifier */
	uint16_t key; /* KEY_*; 0: the modifiers alone. Both 0: no combination */
};

#define COMBINATION_ERROR (combination_error_quark())
GQuark combination_error_quark(void);

enum combination_error {
	COMBINATION_ERROR_WORD, /* no key is called so; the message continues "KEY=VALUE: " */
};

/* Words joined by "+", at most one of them no modifier: Ctrl, Shift, Alt, Super, and keys as the
 * kernel calls them without "KEY_" ("F1", "A", "VolumeUp"), or as people do ("Del", "Esc",
 * "SysRq"). Upper and lower case are the same. */
bool combination_parse(const char *text, struct combination *combination, GError **error);

/* The modifier that a key is, or 0. */
unsigned int combination_modifier_of(uint32_t code);

#endif
