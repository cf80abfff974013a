/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "config/combination.h"

#include <libevdev/libevdev.h>
#include <string.h>

G_DEFINE_QUARK(scanoutd_combination_error_quark, combination_error)

static const struct {
	const char *word;
	enum combination_modifier modifier;
} modifiers[] = {
	{"ctrl", MODIFIER_CTRL},
	{"control", MODIFIER_CTRL},
	{"shift", MODIFIER_SHIFT},
	{"alt", MODIFIER_ALT},
	{"super", MODIFIER_SUPER},
	{"meta", MODIFIER_SUPER},
	{"logo", MODIFIER_SUPER},
};

/* What people say, and the kernel does not. */
static const struct {
	const char *word;
	uint16_t key;
} keys[] = {
	{"del", KEY_DELETE},
	{"escape", KEY_ESC},
	{"ins", KEY_INSERT},
	{"print", KEY_SYSRQ},
	{"return", KEY_ENTER},
};

static uint16_t find_key(const char *word)
{
	g_autofree char *upper = g_ascii_strup(word, -1);
	g_autofree char *name = g_strconcat("KEY_", upper, NULL);
	int code;

	for (size_t i = 0; i < G_N_ELEMENTS(keys); i++) {
		if (g_ascii_strcasecmp(keys[i].word, word) == 0)
			return keys[i].key;
	}
	code = libevdev_event_code_from_name(EV_KEY, name);
	return code > 0 && code < KEY_MAX ? (uint16_t)code : 0;
}

static unsigned int find_modifier(const char *word)
{
	for (size_t i = 0; i < G_N_ELEMENTS(modifiers); i++) {
		if (g_ascii_strcasecmp(modifiers[i].word, word) == 0)
			return modifiers[i].modifier;
	}
	return 0;
}

static bool refuse(GError **error, const char *what, const char *word)
{
	g_autofree char *text = g_strdup_printf("\"%s\" %s", word, what);

	g_set_error_literal(error, COMBINATION_ERROR, COMBINATION_ERROR_WORD, text);
	return false;
}

bool combination_parse(const char *text, struct combination *combination, GError **error)
{
	g_auto(GStrv) words = g_strsplit(text, "+", -1);

	*combination = (struct combination){0};
	for (char **next = words; *next; next++) {
		const char *word = g_strstrip(*next);
		unsigned int modifier = find_modifier(word);
		uint16_t key = modifier ? 0 : find_key(word);

		if (!modifier && !key)
			return refuse(error,
				"is no key; keys are joined by \"+\", as in Ctrl+Alt+Delete", word);
		if (key && combination->key)
			return refuse(error, "is a second key; but for modifiers there is one",
				word);
		combination->modifiers |= (uint8_t)modifier;
		if (key)
			combination->key = key;
	}
	if (combination->modifiers || combination->key)
		return true;
	return refuse(error, "has no key", text);
}

unsigned int combination_modifier_of(uint32_t code)
{
	switch (code) {
	case KEY_LEFTCTRL:
	case KEY_RIGHTCTRL:
		return MODIFIER_CTRL;
	case KEY_LEFTSHIFT:
	case KEY_RIGHTSHIFT:
		return MODIFIER_SHIFT;
	case KEY_LEFTALT:
	case KEY_RIGHTALT:
		return MODIFIER_ALT;
	case KEY_LEFTMETA:
	case KEY_RIGHTMETA:
		return MODIFIER_SUPER;
	}
	return 0;
}
