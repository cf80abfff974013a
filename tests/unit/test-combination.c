/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Combinations of keys, as people write them. */
#include <glib.h>
#include <linux/input-event-codes.h>

#include "config/combination.h"

static const struct {
	const char *text;
	unsigned int modifiers;
	uint16_t key;
	const char *why; /* NULL: it is one */
} cases[] = {
	{"Ctrl+Alt+Delete", MODIFIER_CTRL | MODIFIER_ALT, KEY_DELETE, NULL},
	{"ctrl+ALT+del", MODIFIER_CTRL | MODIFIER_ALT, KEY_DELETE, NULL},
	{"Delete+Alt+Control", MODIFIER_CTRL | MODIFIER_ALT, KEY_DELETE, NULL},
	{" Ctrl + Shift\t+ a ", MODIFIER_CTRL | MODIFIER_SHIFT, KEY_A, NULL},
	{"F1", 0, KEY_F1, NULL},
	{"1", 0, KEY_1, NULL},
	{"VolumeUp", 0, KEY_VOLUMEUP, NULL},
	{"Left", 0, KEY_LEFT, NULL},
	{"Super", MODIFIER_SUPER, 0, NULL},
	{"Meta+Logo+Super", MODIFIER_SUPER, 0, NULL},
	{"Ctrl+Ctrl+Ctrl+X", MODIFIER_CTRL, KEY_X, NULL},
	{"Shift+Alt+Ctrl+Super", MODIFIER_SHIFT | MODIFIER_ALT | MODIFIER_CTRL | MODIFIER_SUPER, 0,
		NULL},
	{"Escape", 0, KEY_ESC, NULL},
	{"esc", 0, KEY_ESC, NULL},
	{"Ins", 0, KEY_INSERT, NULL},
	{"Return", 0, KEY_ENTER, NULL},
	{"Print", 0, KEY_SYSRQ, NULL},
	{"SysRq", 0, KEY_SYSRQ, NULL},
	/* One side's modifier is a key like others. */
	{"LeftCtrl", 0, KEY_LEFTCTRL, NULL},
	{"Ctrl+RightShift", MODIFIER_CTRL, KEY_RIGHTSHIFT, NULL},

	{"", 0, 0, "\"\" has no key"},
	{"  ", 0, 0, "\"\" is no key"},
	{"+", 0, 0, "\"\" is no key"},
	{"Ctrl+", 0, 0, "\"\" is no key"},
	{"Ctrl++A", 0, 0, "\"\" is no key"},
	{"Ctrl A", 0, 0, "\"Ctrl A\" is no key"},
	{"Ctrl-A", 0, 0, "\"Ctrl-A\" is no key"},
	{"Strg+A", 0, 0, "\"Strg\" is no key"},
	{"Ctrl+KEY_A", 0, 0, "\"KEY_A\" is no key"},
	{"BTN_LEFT", 0, 0, "\"BTN_LEFT\" is no key"},
	{"Reserved", 0, 0, "\"Reserved\" is no key"},
	{"Max", 0, 0, "\"Max\" is no key"},
	{"\xc3\x84", 0, 0, "\"\xc3\x84\" is no key"},
	{"A+B", 0, 0, "\"B\" is a second key"},
	{"Ctrl+A+A", 0, 0, "\"A\" is a second key"},
};

static void test_parse(void)
{
	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		struct combination combination = {0xff, 0xffff};
		g_autoptr(GError) error = NULL;
		bool parsed = combination_parse(cases[i].text, &combination, &error);

		g_test_message("%s", cases[i].text);
		if (cases[i].why) {
			g_assert_false(parsed);
			g_assert_error(error, COMBINATION_ERROR, COMBINATION_ERROR_WORD);
			g_assert_true(g_str_has_prefix(error->message, cases[i].why));
			continue;
		}
		g_assert_no_error(error);
		g_assert_true(parsed);
		g_assert_cmphex(combination.modifiers, ==, cases[i].modifiers);
		g_assert_cmpuint(combination.key, ==, cases[i].key);
	}
}

static void test_modifiers(void)
{
	static const struct {
		uint32_t code;
		unsigned int modifier;
	} keys[] = {
		{KEY_LEFTCTRL, MODIFIER_CTRL},
		{KEY_RIGHTCTRL, MODIFIER_CTRL},
		{KEY_LEFTSHIFT, MODIFIER_SHIFT},
		{KEY_RIGHTSHIFT, MODIFIER_SHIFT},
		{KEY_LEFTALT, MODIFIER_ALT},
		{KEY_RIGHTALT, MODIFIER_ALT},
		{KEY_LEFTMETA, MODIFIER_SUPER},
		{KEY_RIGHTMETA, MODIFIER_SUPER},
		{KEY_CAPSLOCK, 0},
		{KEY_A, 0},
		{0, 0},
		{UINT32_MAX, 0},
	};

	for (size_t i = 0; i < G_N_ELEMENTS(keys); i++)
		g_assert_cmphex(combination_modifier_of(keys[i].code), ==, keys[i].modifier);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/config/combination/parse", test_parse);
	g_test_add_func("/config/combination/modifiers", test_modifiers);
	return g_test_run();
}
