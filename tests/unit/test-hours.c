/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The hours of an output: how they are written, which minutes are in them, and outputs that go on
 * and off by them, whatever happens to the clock.
 */
#include <stdlib.h>
#include <string.h>

#include "channel_fixture.h"
#include "scene/hours.h"
#include "scene_fixture.h"

/* ---- the wall clock ---- */

#define SECOND INT64_C(1000000)
#define MINUTE (60 * SECOND)
#define HOUR (60 * MINUTE)

/* 2026-03-29 00:00 UTC: in Berlin summer time begins at 01:00 UTC. */
#define DAY (INT64_C(1774742400) * SECOND)

static gint64 wall_us;

gint64 g_get_real_time(void)
{
	return wall_us;
}

static void set_zone(const char *zone)
{
	if (g_strcmp0(g_getenv("TZ"), zone) != 0)
		g_setenv("TZ", zone, TRUE);
}

/* ---- words ---- */

static void test_parse(void)
{
	static const struct {
		const char *text;
		size_t count;
		uint16_t from, to; /* of the last */
	} cases[] = {
		{"07:00-22:30", 1, 420, 1350},
		{"22:00-06:00", 1, 1320, 360},
		{"00:00-24:00", 1, 0, 1440},
		{" 07:00-08:00 ; 09:05-23:59;", 2, 545, 1439},
		{"00:00-01:00;01:00-02:00;02:00-03:00;03:00-04:00;04:00-05:00;05:00-06:00;"
		 "06:00-07:00;07:00-08:00",
			8, 420, 480},
		{"00:00-01:00;01:00-02:00;02:00-03:00;03:00-04:00;04:00-05:00;05:00-06:00;"
		 "06:00-07:00;07:00-08:00;08:00-09:00"},
		{""},
		{";"},
		{"7:00-22:30"},
		{"07:00-22:3"},
		{"07:00-22:300"},
		{"07:00-22:60"},
		{"07:60-22:30"},
		{"24:00-06:00"},
		{"07:00-00:00"},
		{"07:00-07:00"},
		{"07:00-24:01"},
		{"25:00-26:00"},
		{"07.00-22.30"},
		{"07:00 22:30"},
		{"-7:00-22:30"},
		{"07:00-22:30,23:00-23:30"},
	};

	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		struct hours hours;

		g_assert_cmpint(hours_parse(cases[i].text, &hours), ==, cases[i].count > 0);
		if (cases[i].count == 0)
			continue;
		g_assert_cmpuint(hours.count, ==, cases[i].count);
		g_assert_cmpuint(hours.spans[hours.count - 1].from, ==, cases[i].from);
		g_assert_cmpuint(hours.spans[hours.count - 1].to, ==, cases[i].to);
	}
}

static void test_has(void)
{
	struct hours hours = {.count = 0};

	for (unsigned int minute = 0; minute < HOURS_MINUTES; minute++)
		g_assert_true(hours_has(&hours, minute));
	g_assert_true(hours_parse("07:00-08:30;22:00-06:00", &hours));
	for (unsigned int minute = 0; minute < HOURS_MINUTES; minute++)
		g_assert_cmpint(hours_has(&hours, minute), ==,
			minute < 360 || (minute >= 420 && minute < 510) || minute >= 1320);
	g_assert_true(hours_parse("00:00-24:00", &hours));
	g_assert_true(hours_has(&hours, 0));
	g_assert_true(hours_has(&hours, 1439));
}

/* Local time, with its summer time, and another zone as soon as there is one. */
static void test_clock(void)
{
	unsigned int left_ms;

	set_zone("CET-1CEST,M3.5.0,M10.5.0/3");
	wall_us = DAY;
	g_assert_cmpuint(hours_read_clock(&left_ms), ==, 60);
	g_assert_cmpuint(left_ms, ==, 60000);
	wall_us = DAY + HOUR - 20000;
	g_assert_cmpuint(hours_read_clock(&left_ms), ==, 119);
	g_assert_cmpuint(left_ms, ==, 20);
	wall_us = DAY + HOUR - 1;
	g_assert_cmpuint(hours_read_clock(&left_ms), ==, 119);
	g_assert_cmpuint(left_ms, ==, 1);
	wall_us = DAY + HOUR;
	g_assert_cmpuint(hours_read_clock(&left_ms), ==, 180);
	set_zone("UTC");
	g_assert_cmpuint(hours_read_clock(&left_ms), ==, 60);
}

/* ---- outputs ---- */

/* The clock is read again within milliseconds: just before a minute is over. */
static void set_clock(gint64 hour, gint64 minute)
{
	wall_us = DAY + hour * HOUR + minute * MINUTE + 59 * SECOND + 990000;
}

static bool is_on(struct scene *scene, size_t output)
{
	return scene_output(scene, output)->active;
}

static void wait_for(struct scene *scene, bool first, bool second)
{
	while (is_on(scene, 0) != first || is_on(scene, 1) != second)
		g_main_context_iteration(NULL, TRUE);
}

static struct scene *start(const char *first, const char *second)
{
	struct layout_output sections[] = {
		{.name = "DP-1", .guest = "a", .scanout = 0},
		{.name = "DP-2", .guest = "b", .scanout = 0},
	};

	set_zone("UTC");
	g_assert_true(!first || hours_parse(first, &sections[0].hours));
	g_assert_true(!second || hours_parse(second, &sections[1].hours));
	return scene_create(&(struct scene_options){.outputs = 2,
		.guests = 2,
		.sections = sections,
		.section_count = G_N_ELEMENTS(sections)});
}

/* A working day, a clock that is set back and forth, and a night that is slept through. */
static void test_outputs(void)
{
	struct scene *scene;

	set_clock(6, 59);
	scene = start("07:01-12:00;22:00-06:00", NULL);
	g_assert_false(is_on(scene, 0));
	g_assert_true(is_on(scene, 1));
	set_clock(7, 1);
	wait_for(scene, true, true);
	set_clock(12, 0);
	wait_for(scene, false, true);
	set_clock(23, 30);
	wait_for(scene, true, true);
	set_clock(24 + 6, 0);
	wait_for(scene, false, true);
	set_clock(-1, 0);
	wait_for(scene, true, true);
	set_zone("UTC-8");
	wait_for(scene, true, true);
	set_zone("UTC-7");
	wait_for(scene, false, true);
	set_zone("UTC");
	/* Nothing was asked of the card but these changes. */
	g_assert_cmpuint(scene->card->configured, ==, 7);
	scene_destroy(scene);
}

static void test_said(void)
{
	struct scene *scene;

	set_clock(6, 0);
	scene = start(NULL, "07:00-22:30");
	g_assert_nonnull(strstr(scene->said, "DP-2: , off at this hour, for scanout 0 of guest b"));
	set_clock(7, 0);
	wait_for(scene, true, true);
	scene_expect_log("DP-2: , on, for scanout 0 of guest b");
	set_clock(22, 30);
	wait_for(scene, true, false);
	scene_expect_log("DP-2: , off at this hour, for scanout 0 of guest b");
	scene_destroy(scene);
}

/* The guest draws on in the dark, and is answered by the timer. */
static void test_guest_lives_on(void)
{
	struct scene *scene;
	size_t commits;

	set_clock(22, 29);
	scene = start("07:00-22:30", NULL);
	scene_show_dmabuf(scene, RED);
	set_clock(22, 30);
	wait_for(scene, false, true);
	fake_tell(scene->card);
	scene_replies(scene, 0);
	for (unsigned int i = 0; i < 3; i++) {
		scene_dmabuf_update(scene, 0, scene_full);
		scene_wait_reply(scene, 0);
	}
	set_clock(7, 0);
	wait_for(scene, true, true);
	commits = scene_output(scene, 0)->commit_count;
	fake_tell(scene->card);
	/* Its last picture comes back. */
	g_assert_cmpuint(scene_output(scene, 0)->commit_count, ==, commits + 1);
	scene_destroy(scene);
}

/* A picture of an output's own keeps the hours, too: where a guest could have the output, and where
 * none can. */
static void test_picture(void)
{
	struct layout_output sections[] = {
		{.name = "DP-2",
			.scanout = -1,
			.pictured = true,
			.picture = {.kind = PICTURE_COLOR, .color = 0x808080}},
		{.name = "DP-1", .guest = "a"},
	};

	g_assert_true(hours_parse("07:00-22:30", &sections[0].hours));
	for (size_t count = 1; count <= G_N_ELEMENTS(sections); count++) {
		struct scene *scene;

		set_clock(6, 0);
		scene = scene_create(&(struct scene_options){.outputs = 2,
			.sections = sections,
			.section_count = count});
		g_assert_true(is_on(scene, 0));
		g_assert_false(is_on(scene, 1));
		set_clock(7, 0);
		wait_for(scene, true, true);
		set_clock(22, 30);
		wait_for(scene, true, false);
		scene_destroy(scene);
	}
}

int main(int argc, char **argv)
{
	fixture_init(&argc, &argv);
	g_test_add_func("/hours/parse", test_parse);
	g_test_add_func("/hours/has", test_has);
	g_test_add_func("/hours/clock", test_clock);
	g_test_add_func("/hours/outputs", test_outputs);
	g_test_add_func("/hours/said", test_said);
	g_test_add_func("/hours/guest-lives-on", test_guest_lives_on);
	g_test_add_func("/hours/picture", test_picture);
	return g_test_run();
}
