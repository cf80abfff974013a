/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The keys of a configuration that say who has to prove that it is alive, and how. */
#include "config_fixture.h"

static const struct config_guest *guest_of(const struct config *config, guint i)
{
	g_assert_cmpuint(i, <, config->guests->len);
	return g_ptr_array_index(config->guests, i);
}

static void test_defaults(struct config_fixture *fixture, gconstpointer data)
{
	const struct config_guest *guest;
	struct config *config;

	config_fixture_write(fixture, "[guest a]\n[guest b]\nalive=socket\n");
	config = config_fixture_load(fixture->path, "");
	guest = guest_of(config, 0);
	g_assert_cmpint(guest->alive.proof, ==, ALIVE_UNASKED);
	g_assert_null(guest->alive_socket);
	g_assert_null(guest->alive_file);
	g_assert_null(guest->shown_file);
	g_assert_cmpint(guest->dead.kind, ==, PICTURE_CARD);
	guest = guest_of(config, 1);
	g_assert_cmpint(guest->alive.proof, ==, ALIVE_SOCKET);
	g_assert_cmpint(guest->alive.period_ms, ==, 500);
	g_assert_cmpstr(guest->alive_socket, ==, "/run/scanoutd/b-alive.sock");
	config_destroy(config);
}

static void test_keys(struct config_fixture *fixture, gconstpointer data)
{
	const struct config_guest *guest;
	struct config *config;

	config_fixture_write(fixture,
		"[guest a]\nalive=frames\nalive-period=2s\nalive-file=/run/a.alive\ndead=#800000\n"
		"shown-file=/run/a.shown\n"
		"[guest b]\nalive=socket\nalive-socket=/run/b\ndead=last\n"
		"[guest c]\nalive=rectangle\nalive-rectangle=3,4 5x6\n");
	config = config_fixture_load(fixture->path, "");
	guest = guest_of(config, 0);
	g_assert_cmpint(guest->alive.proof, ==, ALIVE_FRAMES);
	g_assert_cmpint(guest->alive.period_ms, ==, 2000);
	g_assert_cmpstr(guest->alive_file, ==, "/run/a.alive");
	g_assert_cmpstr(guest->shown_file, ==, "/run/a.shown");
	g_assert_cmpint(guest->dead.kind, ==, PICTURE_COLOR);
	g_assert_cmphex(guest->dead.color, ==, 0x800000);
	guest = guest_of(config, 1);
	g_assert_cmpstr(guest->alive_socket, ==, "/run/b");
	g_assert_cmpint(guest->dead.kind, ==, PICTURE_LAST);
	guest = guest_of(config, 2);
	g_assert_cmpint(guest->alive.proof, ==, ALIVE_RECTANGLE);
	g_assert_cmpint(guest->alive.rectangle.y, ==, 4);
	g_assert_cmpint(guest->alive.rectangle.height, ==, 6);
	config_destroy(config);
}

static const struct region_options *region_of(const struct config *config, guint i)
{
	const struct config_region *region;

	g_assert_cmpuint(i, <, config->regions->len);
	region = g_ptr_array_index(config->regions, i);
	return &region->options;
}

static void test_regions(struct config_fixture *fixture, gconstpointer data)
{
	const struct region_options *region;
	struct config *config;

	config_fixture_write(fixture,
		"[region lamp]\noutput=DP-1\nrectangle=16 , 8 64x32\nexpect=0a1B2c3D; ffffffff;\n"
		"cover=yes\nevery=50ms\n"
		"[region camera]\noutput=DEL U2720Q\nrectangle=0,0 256x256\nfrozen-after=1s\n"
		"[region over]\noutput=DP-1\nrectangle=0,0 8x8\nfrozen-after=1s\nlayer=cluster\n"
		"[guest a]\n[output DP-1]\n[layer cluster]\noutput=DP-1\nguest=a\n");
	config = config_fixture_load(fixture->path, "");
	region = region_of(config, 0);
	g_assert_cmpstr(region->name, ==, "lamp");
	g_assert_cmpstr(region->output, ==, "DP-1");
	g_assert_cmpint(region->rectangle.x, ==, 16);
	g_assert_cmpint(region->rectangle.y, ==, 8);
	g_assert_cmpint(region->rectangle.width, ==, 64);
	g_assert_cmpint(region->rectangle.height, ==, 32);
	g_assert_cmpuint(region->expect_count, ==, 2);
	g_assert_cmphex(region->expect[0], ==, 0x0a1b2c3d);
	g_assert_cmphex(region->expect[1], ==, 0xffffffff);
	g_assert_cmpint(region->every_ms, ==, 50);
	g_assert_cmpint(region->frozen_after_ms, ==, 0);
	g_assert_true(region->cover);
	region = region_of(config, 1);
	g_assert_cmpstr(region->output, ==, "DEL U2720Q");
	g_assert_cmpint(region->every_ms, ==, 100);
	g_assert_cmpint(region->frozen_after_ms, ==, 1000);
	g_assert_cmpuint(region->expect_count, ==, 0);
	g_assert_false(region->cover);
	g_assert_cmpstr(region->layer, ==, NULL);
	g_assert_cmpstr(region_of(config, 2)->layer, ==, "cluster");
	config_destroy(config);
}

#define REGION(name) "[region " name "]\noutput=DP-1\nrectangle=0,0 8x8\nfrozen-after=1s\n"

static void test_faults(struct config_fixture *fixture, gconstpointer data)
{
	static const struct {
		const char *text;
		const char *message;
	} faults[] = {
		{"[guest a]\nalive=frame\n",
			"scanoutd.conf:2: alive=frame: must be none, frames, rectangle or socket; did you mean "
			"frames?"},
		{"[guest a]\nalive=yes\n",
			"scanoutd.conf:2: alive=yes: must be none, frames, rectangle or socket"},
		{"[guest a]\nalive=frames\nalive-period=19ms\n",
			"scanoutd.conf:3: alive-period=19ms: must be a whole number with ms, s, min "
			"or h, from 20ms to 1h"},
		{"[guest a]\nalive=frames\nalive-period=never\n",
			"scanoutd.conf:3: alive-period=never: must be a whole number with ms, s, "
			"min or h, from 20ms to 1h"},
		{"[guest a]\nalive-period=1s\n",
			"scanoutd.conf:1: [guest a]: alive-period= needs alive="},
		{"[guest a]\nalive-file=/run/a\n",
			"scanoutd.conf:1: [guest a]: alive-file= needs alive="},
		{"[guest a]\nalive=frames\nalive-file=a\n",
			"scanoutd.conf:1: [guest a]: alive-file= must be a path that begins with "
			"/"},
		{"[guest a]\nalive=frames\nalive-socket=/run/a\n",
			"scanoutd.conf:1: [guest a]: alive-socket= needs alive=socket"},
		{"[guest a]\nalive=socket\nalive-socket=/run/scanoutd/a.sock\n",
			"scanoutd.conf:1: [guest a]: vmm-socket=/run/scanoutd/a.sock is "
			"alive-socket of [guest a] already"},
		{"[guest a]\nshown-file=a\n",
			"scanoutd.conf:1: [guest a]: shown-file= must be a path that begins with /"},
		{"[guest a]\nalive=frames\nalive-file=/run/x\n"
		 "[guest b]\nshown-file=/run//x\n",
			"scanoutd.conf:4: [guest b]: shown-file=/run//x is alive-file of [guest a] "
			"already"},
		{"[guest a]\nalive=frames\nalive-file=/run/x\n"
		 "[guest b]\nalive=frames\nalive-file=/run//x\n",
			"scanoutd.conf:4: [guest b]: alive-file=/run//x is alive-file of [guest a] "
			"already"},
		{"[guest a]\nalive=frames\nalive-rectangle=0,0 8x8\n",
			"scanoutd.conf:1: [guest a]: alive-rectangle= needs alive=rectangle"},
		{"[guest a]\nalive=rectangle\n",
			"scanoutd.conf:1: [guest a]: alive=rectangle needs alive-rectangle="},
		{"[guest a]\nalive=rectangle\nalive-rectangle=0,0 512x512\n",
			"scanoutd.conf:1: [guest a]: alive-rectangle= may have at most 65536 "
			"pixels"},
		{"[region a]\nrectangle=1,2\n",
			"scanoutd.conf:2: rectangle=1,2: must be X,Y WIDTHxHEIGHT in pixels, as "
			"16,16 64x64"},
		{"[region a]\nrectangle=1,2 0x7\n",
			"scanoutd.conf:2: rectangle=1,2 0x7: must be X,Y WIDTHxHEIGHT in pixels, as "
			"16,16 64x64"},
		{"[region a]\nexpect=1234567\n",
			"scanoutd.conf:2: expect=1234567: must be checksums of eight hexadecimal "
			"digits, at most 32, separated by semicolons"},
		{"[region a]\nexpect=;\n",
			"scanoutd.conf:2: expect=;: must be checksums of eight hexadecimal digits, "
			"at most 32, separated by semicolons"},
		{"[region]\n", "scanoutd.conf:1: section [region] needs a name: [region NAME]"},
		{"[region a]\nrectangle=0,0 8x8\n",
			"scanoutd.conf:1: [region a]: output= is needed: which output it is on"},
		{"[region a]\noutput=DP-1\n",
			"scanoutd.conf:1: [region a]: rectangle= is needed: which part of the "
			"output"},
		{"[region a]\noutput=DP-1\nrectangle=0,0 512x256\nfrozen-after=1s\n",
			"scanoutd.conf:1: [region a]: rectangle= has 131072 pixels, and may have "
			"at most 65536"},
		{"[region a]\noutput=DP-1\nrectangle=0,0 8x8\n",
			"scanoutd.conf:1: [region a]: frozen-after= or expect= is needed: what is "
			"watched for"},
		{"[region a]\noutput=DP-1\nrectangle=0,0 8x8\nfrozen-after=100ms\n",
			"scanoutd.conf:1: [region a]: frozen-after= must be longer than every=, "
			"which is 100ms"},
		{REGION("a") "layer=b\n",
			"scanoutd.conf:1: [region a]: layer=b: there is no [layer b]"},
		{REGION("a") "layer=b\n[output DP-1]\n[layer b]\noutput=DP-1\npicture=#ff0000\n",
			"scanoutd.conf:1: [region a]: layer=b shows no guest"},
		{REGION("a") "layer=b\n[guest c]\n[output DP-2]\n[layer b]\noutput=DP-2\nguest=c\n",
			"scanoutd.conf:1: [region a]: layer=b is on output DP-2"},
		{REGION("a") REGION("b") REGION("c") REGION("d") REGION("e"),
			"scanoutd.conf:17: [region e]: output=DP-1 has 4 regions already"},
	};

	for (size_t i = 0; i < G_N_ELEMENTS(faults); i++) {
		config_fixture_write(fixture, faults[i].text);
		config_fixture_expect_error(fixture, "", faults[i].message);
	}
}

#define ADD(name, test) \
	g_test_add("/config-alive/" name, struct config_fixture, NULL, config_fixture_set_up, \
		test, config_fixture_tear_down)

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	ADD("defaults", test_defaults);
	ADD("keys", test_keys);
	ADD("regions", test_regions);
	ADD("faults", test_faults);
	return g_test_run();
}
