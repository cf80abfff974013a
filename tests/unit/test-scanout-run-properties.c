/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The arguments of QEMU's options, as lists and as JSON: read, and changed.
 */
#include <glib.h>

#include "tools/scanout-run/properties.h"

static void test_properties(void)
{
	const struct {
		const char *text;
		const char *implied;
		const char *name;
		const char *value;
	} cases[] = {
		{"q35,a=b", "type", "type", "q35"},
		{"q35,a=b", "type", "a", "b"},
		{"a=b,q35", "type", "type", NULL},
		{"a=b,q35", "type", "q35", "on"},
		{"x,nosmm", "type", "smm", "off"},
		{"a=1,a=2", NULL, "a", "2"},
		{"a=1,,2,b=3", NULL, "a", "1,2"},
		{"a=1,,2,b=3", NULL, "b", "3"},
		{"a=,b=3", NULL, "a", ""},
		{"a=b=c", NULL, "a", "b=c"},
		{"", "type", "type", NULL},
		{",", "type", "type", NULL},
		{"{\"a\": \"b\"}", "type", "a", "b"},
		{" { \"a\" : 12 , \"b\":true}", NULL, "a", "12"},
		{" { \"a\" : 12 , \"b\":true}", NULL, "b", "true"},
		{"{\"a\": {\"b\": \"no\"}, \"c\": [1, \"}\"], \"d\": \"e\"}", NULL, "b", NULL},
		{"{\"a\": {\"b\": \"no\"}, \"c\": [1, \"}\"], \"d\": \"e\"}", NULL, "d", "e"},
		{"{\"a\": \"q\\\"r\"}", NULL, "a", "q\"r"},
		{"{\"a\": \"\\u0041\\u00fc\\ud83d\\ude00\"}", NULL, "a", "Aü😀"},
		{"{\"a\": -12, \"b\": 8589934592}", NULL, "a", "-12"},
		{"{\"a\": -12, \"b\": 8589934592}", NULL, "b", "8589934592"},
		{"{\"a\": 1.5, \"b\": null}", NULL, "a", "1.5"},
		{"{\"a\": 1.5, \"b\": null}", NULL, "b", NULL},
		{"{}", NULL, "a", NULL},
	};

	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_test_message("%s", cases[i].text);
		struct properties *properties = properties_create(cases[i].text, cases[i].implied,
			NULL);
		g_assert_cmpstr(properties_get(properties, cases[i].name), ==, cases[i].value);
		properties_destroy(properties);
	}
	properties_destroy(NULL);
}

static void test_broken_json(void)
{
	static const char *const texts[] = {"{\"a\"", "{\"a\":", "{\"a\": \"b", "{\"a\": \"b\\",
		"{\"a\": [", "{", "{\"a\": \"\xff\"}",
		/* Numbers that cannot be written. */
		"{\"a\": 1e999}", "{\"a\": [{\"b\": -1e999}]}"};

	for (size_t i = 0; i < G_N_ELEMENTS(texts); i++) {
		g_autoptr(GError) error = NULL;

		g_test_message("%s", texts[i]);
		g_assert_null(properties_create(texts[i], NULL, &error));
		g_assert_nonnull(error);
	}
}

static void test_properties_change(void)
{
	static const struct {
		const char *text;
		const char *name;
		const char *value;
		const char *changed;
	} cases[] = {
		{"q35,a=b,c=d", "a", NULL, "q35,c=d"},
		{"q35,a=b,c=d", "type", NULL, "a=b,c=d"},
		{"q35,a=b,c=d", "type", "pc", "pc,a=b,c=d"},
		{"type=q35,a=b", "type", "pc", "a=b,type=pc"},
		{"a=1,a=2", "a", NULL, ""},
		{"a=1,a=2", "a", "3", "a=3"},
		{"a=1,,2,b=x,,y", "a", NULL, "b=x,,y"},
		{"aa=1", "a", "2", "aa=1,a=2"},
		{"", "a", "b", "a=b"},
		/* Switches, which have no value; the first item is none. */
		{"q35,a,noa", "a", "b", "q35,a=b"},
		{"q35,type,c=d", "type", "pc", "pc,c=d"},
		{"type,a=b", "type", "pc", "pc,a=b"},
		{"noa,a=b", "a", NULL, "noa"},
		{"a=b,c,nod", "a", NULL, "c=on,nod"},
		{"type=q35,noc", "type", "pc", "c=off,type=pc"},
		{"{\"a\": 1, \"b\": [2]}", "a", NULL, "{\"b\":[2]}"},
		{"{\"a\": 1}", "b", "on", "{\"a\":1,\"b\":true}"},
		{"{\"a\": 1}", "a", "off", "{\"a\":false}"},
		{"{\"a\": 1}", "a", "x\"y", "{\"a\":\"x\\\"y\"}"},
	};

	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autofree char *changed = properties_change(cases[i].text, "type", cases[i].name,
			cases[i].value);
		g_assert_cmpstr(changed, ==, cases[i].changed);
	}
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/properties/read", test_properties);
	g_test_add_func("/properties/broken-json", test_broken_json);
	g_test_add_func("/properties/change", test_properties_change);
	return g_test_run();
}
