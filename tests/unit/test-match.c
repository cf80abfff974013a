/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Patterns of [device] sections against names that come from firmware: any bytes. Which sections
 * are of which device is in test-host-device.
 */
#include <glib.h>
#include <string.h>

#include "input/match.h"

static void test_patterns(void)
{
	static const struct {
		const char *pattern, *text;
		bool matches;
	} cases[] = {
		{"", "", true},
		{"", "a", false},
		{"*", "", true},
		{"*", "anything", true},
		{"**", "a", true},
		{"?", "", false},
		{"?", "a", true},
		{"?", "ab", false},
		{"a*", "a", true},
		{"a*", "ab", true},
		{"a*", "ba", false},
		{"*a", "ba", true},
		{"*a", "ab", false},
		{"*ab*", "xxabxx", true},
		{"*ab*ab*", "abxab", true},
		{"*ab*ab*", "abxa", false},
		/* What a first try takes, a later one must be able to give back. */
		{"*aab", "aaab", true},
		{"a*b?d*e", "abcdbcdee", true},
		{"a*b?d*e", "abcdbcdef", false},
		{"USB*Keyboard", "USB Gaming Keyboard", true},
		{"usb*keyboard", "USB Gaming Keyboard", false},
		/* Nothing else stands for anything. */
		{"[ab]", "a", false},
		{"[ab]", "[ab]", true},
		{"a\\*", "a*", false},
		/* Bytes, not characters, whether they are UTF-8 or not. */
		{"caf\xc3\xa9", "caf\xc3\xa9", true},
		{"caf??", "caf\xc3\xa9", true},
		{"caf?", "caf\xc3\xa9", false},
		{"*Touch*", "\xff\xff\xfe Touch", true},
		{"*Touch*", "INSTANT \xff\xff\xff\xff\xff\xff\xff\xffZ\xa5@\xfa", false},
		{"USB*Keyboard", "USB \xc3", false},
		{"*\xff*", "INSTANT \xff", true},
		{"INSTANT*", "INSTANT \xc3\xbf\xc3", true},
	};

	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		/* At its exact size, so that a sanitizer sees a byte too far. */
		g_autofree char *pattern = g_memdup2(cases[i].pattern,
			strlen(cases[i].pattern) + 1);
		g_autofree char *text = g_memdup2(cases[i].text, strlen(cases[i].text) + 1);

		g_test_message("%zu", i);
		g_assert_true(match_pattern(pattern, text) == cases[i].matches);
	}
}

/* Cut in a character at every length, as names are that were too long for their buffer. */
static void test_cut_characters(void)
{
	static const char whole[] = "INSTANT \xc3\xbf\xe2\x82\xac\xf0\x9f\x96\xb1 Keyboard";

	for (size_t length = 0; length < sizeof(whole); length++) {
		g_autofree char *text = g_strndup(whole, length);
		g_autofree char *first = g_strdup_printf("%s*", text);

		g_assert_true(match_pattern("*", text));
		g_assert_true(match_pattern(first, whole));
		g_assert_true(match_pattern("*Keyboard", text) == (length == sizeof(whole) - 1));
		g_assert_false(match_pattern("USB*Keyboard", text));
	}
}

/* One that takes 2^n tries where each star begins again would not end here. */
static void test_hostile_pattern(void)
{
	g_autofree char *text = g_strnfill(2000, 'a');
	GString *pattern = g_string_new(NULL);

	for (size_t i = 0; i < 200; i++)
		g_string_append(pattern, "*a");
	g_string_append_c(pattern, 'b');
	g_assert_false(match_pattern(pattern->str, text));
	g_string_free(pattern, TRUE);
}

/* Against a model that tries everything: pattern and text of few letters, many times. */
static bool model(const char *pattern, const char *text)
{
	if (*pattern == '\0')
		return *text == '\0';
	if (*pattern == '*')
		return model(pattern + 1, text) || (*text != '\0' && model(pattern, text + 1));
	return *text != '\0' && (*pattern == '?' || *pattern == *text) &&
		model(pattern + 1, text + 1);
}

static void test_random(void)
{
	static const char letters[] = "ab*?\xc3\xff";

	for (int i = 0; i < 20000; i++) {
		char pattern[8] = {0};
		char text[10] = {0};

		for (int j = g_test_rand_int_range(0, sizeof(pattern)); j > 0; j--)
			pattern[j - 1] = letters[g_test_rand_int_range(0, 6)];
		for (int j = g_test_rand_int_range(0, sizeof(text)); j > 0; j--)
			text[j - 1] = letters[g_test_rand_int_range(0, 6)];
		g_assert_true(match_pattern(pattern, text) == model(pattern, text));
	}
}

/* ---- properties share it ---- */

static const char *property(const void *data, const char *name)
{
	return strcmp(name, "ID_MODEL") == 0 ? data : NULL;
}

static void test_properties(void)
{
	const struct match_device device = {.property = property, .data = "\xff\xfe Touch \xc3"};
	struct config_device section = {.match_property = (char[]){"ID_MODEL=*Touch*"}};

	g_assert_true(match_section(&section, &device));
	section.match_property = (char[]){"ID_MODEL=*Mouse*"};
	g_assert_false(match_section(&section, &device));
	section.match_property = NULL;
	section.match_path = (char[]){"*"};
	g_assert_false(match_section(&section, &device));
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/match/patterns", test_patterns);
	g_test_add_func("/match/cut-characters", test_cut_characters);
	g_test_add_func("/match/hostile-pattern", test_hostile_pattern);
	g_test_add_func("/match/random", test_random);
	g_test_add_func("/match/properties", test_properties);
	return g_test_run();
}
