/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Which scanout goes to which output: situations of connectors and monitors, one after the other,
 * each with what is shown then.
 *
 * Connectors are written "DP-1=ACME TV 7, DP-2=, DP-3": with that monitor, with one that says no
 * name, and without one. What is shown is written "a0:DP-1 a1:DP-2~ b0:DP-3?": scanout 0 of guest a
 * on DP-1; scanout 1 on DP-2, dark since nobody uses it; and a place without a monitor.
 */
#include "scene/layout_resolve.h"

#include <string.h>

#define STEPS_MAX 6
#define SECTIONS_MAX 4
#define PARTIES_MAX 3

struct step {
	const char *connectors; /* NULL: no more steps */
	const char *shown;
	const char *remarks; /* a part of each, with "|" between; NULL: there are none */
	/* Of guest a, from this step on. */
	uint32_t used;
	uint32_t scanouts;
};

struct situation {
	const char *name;
	size_t parties; /* "a", "b" … */
	struct layout_output sections[SECTIONS_MAX];
	struct step steps[STEPS_MAX];
};

#define SECTION(names, whose, number) \
	{ \
		.name = (names), .guest = (whose), .scanout = (number) \
	}

static const struct situation situations[] = {
	{"one-guest", 1, {},
		{
			{"DP-1=, DP-2, DP-3=, DP-4=", "a0:DP-1 a1:DP-3~ a2:DP-4~"},
			{"DP-1=, DP-2, DP-3=, DP-4=", "a0:DP-1 a1:DP-3~ a2:DP-4", .used = 4},
		}},
	{"several-guests", 3, {},
		{
			{"DP-1=, DP-2=, DP-3=, DP-4=", "a0:DP-1 b0:DP-2 c0:DP-3"},
			{"DP-1=, DP-2, DP-3=, DP-4=", "a0:DP-1 c0:DP-3 b0:DP-4"},
			{"DP-1=, DP-2=, DP-3=, DP-4=", "a0:DP-1 b0:DP-4 c0:DP-3"},
		}},
	{"no-monitor-then-one-on-the-second", 1, {},
		{
			{"HDMI-1, HDMI-2", "a0:HDMI-1?", "a: waits for a monitor"},
			{"HDMI-1, HDMI-2=ACME TV 7", "a0:HDMI-2"},
			{"HDMI-1=, HDMI-2=ACME TV 7", "a0:HDMI-2 a1:HDMI-1~"},
		}},
	{"odd-separators", 1, {SECTION(";\tDP-3 ;; \tDP-2\t; ", "a", 0)},
		{
			{"DP-1=, DP-2=", "a0:DP-2"},
			{"DP-2=, DP-3=", "a0:DP-3"},
		}},
	{"no-connector-yet", 1, {},
		{
			{"", "", "a: waits for a monitor"},
			{"DP-1", "a0:DP-1?", "a: waits for a monitor"},
			{"DP-1, DP-2=", "a0:DP-2"},
		}},
	{"more-guests-than-monitors", 3, {},
		{
			{"DP-1=, DP-2", "a0:DP-1 b0:DP-2?",
				"b: waits for a monitor|c: waits for a monitor"},
			{"DP-1=, DP-2=", "a0:DP-1 b0:DP-2", "c: waits for a monitor"},
			/* Who shows something keeps it; who waits longest is next. */
			{"DP-1, DP-2=", "a0:DP-1? b0:DP-2",
				"a: waits for a monitor|c: waits for a monitor"},
			{"DP-1, DP-2=, DP-3=", "a0:DP-3 b0:DP-2 c0:DP-1?",
				"c: waits for a monitor"},
		}},
	{"second-monitor-comes-later", 1, {},
		{
			{"DP-1=, DP-2", "a0:DP-1"},
			{"DP-1=, DP-2=", "a0:DP-1 a1:DP-2~"},
			{"DP-1=, DP-2=", "a0:DP-1 a1:DP-2", .used = 2},
		}},
	{"first-monitor-goes-and-comes-back", 1, {},
		{
			{"DP-1=, DP-2=", "a0:DP-1 a1:DP-2", .used = 3},
			{"DP-1, DP-2=", "a0:DP-1? a1:DP-2", .used = 3},
			{"DP-1=, DP-2=", "a0:DP-1 a1:DP-2", .used = 3},
		}},
	{"only-the-dark-monitor-is-left", 1, {},
		{
			{"DP-1=, DP-2=", "a0:DP-1 a1:DP-2~"},
			{"DP-1, DP-2=", "a0:DP-2"},
			{"DP-1=, DP-2=", "a0:DP-2 a1:DP-1~"},
		}},
	{"as-many-as-the-device-has", 1, {},
		{
			{"DP-1=, DP-2=, DP-3=", "a0:DP-1 a1:DP-2 a2:DP-3~", .scanouts = 2},
			{"DP-1, DP-2=, DP-3=", "a0:DP-3 a1:DP-2", .scanouts = 2},
		}},
	/* A laptop comes to the same dock: the monitors have other connectors, and change
	 * places. */
	{"dock", 1, {},
		{
			{"eDP-1=LAP 1 1, DP-3=ACME L 1, DP-4=ACME R 2", "a0:eDP-1 a1:DP-3 a2:DP-4",
				.used = 7},
			{"eDP-1=LAP 1 1, DP-3, DP-4", "a0:eDP-1 a1:DP-3? a2:DP-4?", .used = 7},
			{"eDP-1=LAP 1 1, DP-3, DP-4, DP-5=ACME R 2, DP-6=ACME L 1",
				"a0:eDP-1 a1:DP-6 a2:DP-5", .used = 7},
		}},
	{"named-connectors", 2,
		{SECTION("DP-3", "a", -1), SECTION("DP-1", "a", 0), SECTION("DP-2", "a", -1),
			{.name = "DP-4", .off = true}},
		{
			{"DP-1=, DP-2=, DP-3=, DP-4=, DP-5=, DP-6=",
				"a0:DP-3 a0:DP-1 a1:DP-2 b0:DP-5"},
			{"DP-1=, DP-2=, DP-3=, DP-4=", "a0:DP-3 a0:DP-1 a1:DP-2",
				"b: waits for a monitor"},
		}},
	{"named-connector-is-not-there-yet", 1, {SECTION("DP-9", "a", 0)},
		{
			{"DP-1=ACME TV 7, DP-2", "",
				"DP-9: no connector or monitor of this name yet; guest a waits for "
				"it; there are DP-1 (ACME TV 7), DP-2 (no monitor)"},
			{"DP-1=ACME TV 7, DP-2, DP-9=", "a0:DP-9"},
		}},
	{"named-connector-without-a-monitor", 1, {SECTION("DP-2", "a", 0)},
		{
			{"DP-1=, DP-2", "a0:DP-2?", "DP-2: no monitor yet; guest a waits for one"},
			{"DP-1=, DP-2=", "a0:DP-2"},
		}},
	{"named-monitor-moves", 1, {SECTION("ACME TV 7", "a", 0)},
		{
			{"DP-1=, DP-2", "", "ACME TV 7: no connector or monitor of this name yet"},
			{"DP-1=, DP-2=ACME TV 7", "a0:DP-2"},
			{"DP-1=, DP-2", "a0:DP-2?", "ACME TV 7: no connector or monitor"},
			{"DP-1=ACME TV 7, DP-2=", "a0:DP-1"},
		}},
	{"two-monitors-of-one-name", 1, {SECTION("ACME TV 0", "a", 0)},
		{
			{"DP-1, DP-2=ACME TV 0", "a0:DP-2"},
			/* The one that has it keeps it. */
			{"DP-1=ACME TV 0, DP-2=ACME TV 0", "a0:DP-2",
				"two monitors have this name; the one on DP-2 is used, and not the "
				"one on DP-1"},
			{"DP-1=ACME TV 0, DP-2", "a0:DP-1"},
		}},
	{"any-monitor-of-a-kind", 1, {SECTION("ACME TV", "a", 0)},
		{
			{"DP-1=ACME PC 1, DP-2=ACME TV 7", "a0:DP-2"},
			{"DP-1=ACME TV 8, DP-2", "a0:DP-1"},
			{"DP-1=ACME TV 8, DP-2=ACME TV 7", "a0:DP-1",
				"two monitors have this name; the one on DP-1 is used, and not the "
				"one on DP-2"},
			{"DP-1=ACME TVSET 8", "",
				"ACME TV: no connector or monitor of this name yet"},
		}},
	{"first-of-a-list", 1, {SECTION("HDMI-1 ; eDP-1", "a", 0)},
		{
			{"eDP-1=LAP 1 1, HDMI-1", "a0:eDP-1"},
			{"eDP-1=LAP 1 1, HDMI-1=", "a0:HDMI-1"},
			{"eDP-1=LAP 1 1, HDMI-1", "a0:eDP-1"},
			/* The lid is shut. */
			{"eDP-1, HDMI-1", "a0:eDP-1?", "HDMI-1 ; eDP-1: no monitor yet"},
			{"eDP-1, HDMI-1=", "a0:HDMI-1"},
		}},
	{"lists-of-two-guests", 2, {SECTION("DP-1;DP-2", "a", 0), SECTION("DP-2;DP-1", "b", 0)},
		{
			{"DP-1=, DP-2=", "a0:DP-1 b0:DP-2"},
			{"DP-1, DP-2=", "a0:DP-2 b0:DP-1?",
				"DP-2;DP-1: shows scanout 0 of guest a, so guest b waits for "
				"another monitor"},
			{"DP-1=, DP-2", "a0:DP-1 b0:DP-2?", "shows scanout 0 of guest a"},
		}},
	/* By its connector and by its monitor: the first section counts. */
	{"one-output-twice", 2, {SECTION("DP-1", "a", 0), SECTION("ACME TV 7", "b", 0)},
		{
			{"DP-1=ACME TV 7, DP-2=", "a0:DP-1",
				"ACME TV 7: shows scanout 0 of guest a, so guest b waits"},
			{"DP-1=, DP-2=ACME TV 7", "a0:DP-1 b0:DP-2"},
		}},
	{"off", 1, {{.name = "DP-1;ACME TV 7", .off = true}},
		{
			{"DP-1=, DP-2=ACME TV 7, DP-3=", "a0:DP-3"},
			{"DP-1=, DP-2=ACME TV 8, DP-3=", "a0:DP-3 a1:DP-2~"},
		}},
	/* What another program may show something on is nobody's, whatever a guest uses. */
	{"lent", 1, {{.name = "DP-1", .scanout = -1, .lent = true, .pictured = true}},
		{
			{"DP-1=, DP-2=, DP-3=", "a0:DP-2 a1:DP-3", .used = 7},
			{"DP-1=, DP-2=, DP-3", "a0:DP-2 a1:DP-3?", .used = 7},
		}},
	/* Of cards "x" and "y": a connector's name alone is that of the first card that has one. */
	{"off-on-one-card", 1, {{.name = "DP-1;y:DP-3", .off = true}},
		{
			{"x:DP-1=, x:DP-2=, y:DP-1=, y:DP-3=", "a0:x:DP-2 a1:y:DP-1~"},
			{"x:DP-2=, y:DP-1=, y:DP-2=, y:DP-3=", "a0:x:DP-2 a1:y:DP-2~"},
		}},
	/* Only the first card's outputs are lent: by no name is it another's, also while that one
	 * is away. */
	{"lent-on-one-card", 1,
		{{.name = "DP-1;ACME TV 7", .scanout = -1, .lent = true, .pictured = true}},
		{
			{"x:DP-1=, y:DP-1=", "a0:y:DP-1"},
			{"x:DP-1=, y:DP-2=ACME TV 7", "a0:y:DP-2"},
			{"y:DP-1=", "a0:y:DP-1"},
		}},
	/* But for one that is named with its card. */
	{"lent-on-another-card", 1,
		{{.name = "y:DP-1", .scanout = -1, .lent = true, .pictured = true}},
		{
			{"x:DP-1=, y:DP-1=, y:DP-2=", "a0:x:DP-1 a1:y:DP-2~"},
			{"x:DP-1=", "a0:x:DP-1"},
		}},
	/* A section without a guest says how its output looks, wherever that comes in the order;
	 * its output is lit. */
	{"looks-alone", 1, {{.name = "DP-2", .scanout = -1, .mode = "800x600"}},
		{
			{"DP-1=, DP-2=", "a0:DP-1 a1:DP-2"},
		}},
	/* Sections of one guest, and another that takes what is left. */
	{"what-is-left", 2, {SECTION("DP-2;DP-1", "a", 0)},
		{
			{"DP-1=, DP-2=", "b0:DP-1 a0:DP-2"},
			{"DP-1=, DP-2", "a0:DP-1 b0:DP-2?", "b: waits for a monitor"},
			{"DP-1=, DP-2=", "b0:DP-1 a0:DP-2"},
		}},
};

struct world {
	struct layout_connector connectors[KMS_OUTPUTS_MAX];
	size_t connector_count;
	GPtrArray *strings; /* that all of these borrow */
	struct layout_former formers[KMS_OUTPUTS_MAX];
	size_t former_count;
};

static const char *keep(struct world *world, char *text)
{
	g_ptr_array_add(world->strings, text);
	return text;
}

static void set_connectors(struct world *world, const char *text)
{
	g_auto(GStrv) parts = g_strsplit(text, ",", -1);

	world->connector_count = 0;
	for (char **part = parts; *part && **part; part++) {
		char *equals = strchr(*part, '=');
		struct layout_connector *connector = &world->connectors[world->connector_count++];

		connector->connected = equals != NULL;
		connector->monitor = equals && equals[1] ? keep(world, g_strdup(equals + 1)) : NULL;
		if (equals)
			*equals = '\0';
		connector->name = keep(world, g_strdup(g_strstrip(*part)));
		connector->card = g_str_has_prefix(connector->name, "y:");
	}
}

/* As layout.c does: a place remembers the monitor that it had. */
static void remember(struct world *world, const struct layout_resolution *resolution)
{
	struct layout_former formers[KMS_OUTPUTS_MAX] = {0};

	for (size_t i = 0; i < resolution->count; i++) {
		const struct layout_show *show = &resolution->shows[i];
		const struct layout_connector *connector = &world->connectors[show->connector];

		formers[i] = (struct layout_former){connector->name, connector->monitor,
			show->party, show->scanout, show->section, show->lit && !show->surplus};
		for (size_t j = 0; !connector->connected && j < world->former_count; j++) {
			if (g_str_equal(world->formers[j].connector, connector->name))
				formers[i].monitor = world->formers[j].monitor;
		}
	}
	memcpy(world->formers, formers, sizeof(formers));
	world->former_count = resolution->count;
}

static char *describe(const struct world *world, const struct layout_resolution *resolution)
{
	GString *text = g_string_new(NULL);

	for (size_t i = 0; i < resolution->count; i++) {
		const struct layout_show *show = &resolution->shows[i];
		const struct layout_connector *connector = &world->connectors[show->connector];

		g_string_append_printf(text, "%s%c%u:%s%s", i > 0 ? " " : "",
			(char)('a' + show->party), show->scanout, connector->name,
			!connector->connected		      ? "?"
				: show->lit && !show->surplus ? ""
							      : "~");
	}
	return g_string_free(text, FALSE);
}

static int compare_words(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* The order of the shows is nobody's business. */
static char *sorted(const char *text)
{
	g_auto(GStrv) words = g_strsplit(text, " ", -1);

	qsort(words, g_strv_length(words), sizeof(*words), compare_words);
	return g_strjoinv(" ", words);
}

static void expect_remarks(const struct layout_resolution *resolution, const char *expected)
{
	g_auto(GStrv) parts = g_strsplit(expected ? expected : "", "|", -1);

	g_assert_cmpuint(resolution->remarks->len, ==, g_strv_length(parts));
	for (guint i = 0; i < resolution->remarks->len; i++) {
		const struct layout_remark *remark = g_ptr_array_index(resolution->remarks, i);
		g_autofree char *line = g_strdup_printf("%s: %s",
			remark->output ? remark->output : remark->guest, remark->text);

		if (!strstr(line, parts[i]))
			g_error("\"%s\" is not in: %s", parts[i], line);
	}
}

static void run_step(const struct situation *situation, struct world *world,
	const struct step *step)
{
	static const char *const names[PARTIES_MAX] = {"a", "b", "c"};
	struct layout_party parties[PARTIES_MAX];
	struct layout_situation now = {.sections = situation->sections,
		.parties = parties,
		.party_count = situation->parties,
		.connectors = world->connectors,
		.formers = world->formers,
		.former_count = world->former_count};
	struct layout_resolution resolution;
	g_autofree char *seen = NULL;
	g_autofree char *seen_sorted = NULL;
	g_autofree char *expected = sorted(step->shown);

	while (now.section_count < SECTIONS_MAX && situation->sections[now.section_count].name)
		now.section_count++;
	for (size_t i = 0; i < situation->parties; i++)
		parties[i] = (struct layout_party){names[i], i ? 0 : step->used,
			i ? 0 : step->scanouts};
	set_connectors(world, step->connectors);
	now.connector_count = world->connector_count;
	layout_resolve(&now, &resolution);
	seen = describe(world, &resolution);
	seen_sorted = sorted(seen);
	g_test_message("%s", step->connectors);
	g_assert_cmpstr(seen_sorted, ==, expected);
	expect_remarks(&resolution, step->remarks);
	remember(world, &resolution);
	layout_resolution_finish(&resolution);
}

/* Each step twice: what is resolved stays so. */
static void test_situation(gconstpointer data)
{
	const struct situation *situation = data;
	struct world world = {.strings = g_ptr_array_new_with_free_func(g_free)};

	for (size_t i = 0; i < STEPS_MAX && situation->steps[i].connectors; i++) {
		run_step(situation, &world, &situation->steps[i]);
		run_step(situation, &world, &situation->steps[i]);
	}
	g_ptr_array_unref(world.strings);
}

/* As many outputs as can be show one scanout; one more is told. */
static void test_mirrors(void)
{
	struct layout_output sections[LAYOUT_MIRRORS_MAX + 1];
	struct layout_connector connectors[LAYOUT_MIRRORS_MAX + 1];
	char names[LAYOUT_MIRRORS_MAX + 1][16];
	const struct layout_party party = {.name = "a"};
	const struct layout_situation situation = {sections, G_N_ELEMENTS(sections), &party, 1,
		connectors, G_N_ELEMENTS(connectors), NULL, 0};
	struct layout_resolution resolution;

	for (size_t i = 0; i < G_N_ELEMENTS(sections); i++) {
		g_snprintf(names[i], sizeof(names[i]), "DP-%zu", i + 1);
		sections[i] = (struct layout_output)SECTION(names[i], "a", 0);
		connectors[i] = (struct layout_connector){names[i], NULL, true};
	}
	layout_resolve(&situation, &resolution);
	g_assert_cmpuint(resolution.count, ==, LAYOUT_MIRRORS_MAX);
	expect_remarks(&resolution,
		"DP-17: scanout 0 of guest a is shown on 16 outputs already, which is as many as "
		"can be");
	layout_resolution_finish(&resolution);
}

/* A card with more monitors than a device has scanouts. */
static void test_many_monitors(void)
{
	struct layout_connector connectors[KMS_OUTPUTS_MAX];
	char names[KMS_OUTPUTS_MAX][16];
	const struct layout_party party = {.name = "a"};
	const struct layout_situation situation = {NULL, 0, &party, 1, connectors, KMS_OUTPUTS_MAX,
		NULL, 0};
	struct layout_resolution resolution;

	for (size_t i = 0; i < KMS_OUTPUTS_MAX; i++) {
		g_snprintf(names[i], sizeof(names[i]), "DP-%zu", i + 1);
		connectors[i] = (struct layout_connector){names[i], NULL, true};
	}
	layout_resolve(&situation, &resolution);
	g_assert_cmpuint(resolution.count, ==, 16);
	g_assert_cmpuint(resolution.shows[15].scanout, ==, 15);
	layout_resolution_finish(&resolution);
}

static void test_names(void)
{
	const struct layout_connector plugged = {"DP-1", "ACME TV 7", true};
	const struct layout_connector unplugged = {"DP-2", "ACME TV 7", false};

	g_assert_true(layout_names("DP-1", &plugged));
	g_assert_true(layout_names("eDP-1; DP-1", &plugged));
	g_assert_true(layout_names("ACME TV 7", &plugged));
	g_assert_true(layout_names("eDP-1 ;ACME TV 7;", &plugged));
	g_assert_false(layout_names("DP-10", &plugged));
	g_assert_false(layout_names("DP", &plugged));
	/* Without the serial number, but with all of the model. */
	g_assert_true(layout_names("ACME TV;DP-2", &plugged));
	g_assert_false(layout_names("ACME T", &plugged));
	g_assert_false(layout_names("ACME", &plugged));
	g_assert_false(layout_names("", &plugged));
	g_assert_false(layout_names(" ; ", &plugged));
	/* What is remembered of a monitor that has gone names nothing. */
	g_assert_false(layout_names("ACME TV 7", &unplugged));
	g_assert_true(layout_names("DP-2", &unplugged));
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	for (size_t i = 0; i < G_N_ELEMENTS(situations); i++) {
		g_autofree char *path = g_strdup_printf("/layout-resolve/%s", situations[i].name);

		g_test_add_data_func(path, &situations[i], test_situation);
	}
	g_test_add_func("/layout-resolve/mirrors", test_mirrors);
	g_test_add_func("/layout-resolve/many-monitors", test_many_monitors);
	g_test_add_func("/layout-resolve/names", test_names);
	return g_test_run();
}
