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
		"[guest b]\nalive=socket\nalive-socket=/run/b\ndead=last\n");
	config = config_fixture_load(fixture->path, "");
	guest = guest_of(config, 0);
	g_assert_cmpint(guest->alive.proof, ==, ALIVE_FRAMES);
	g_assert_cmpint(guest->alive.period_ms, ==, 2000);
	g_assert_cmpstr(guest->alive_file, ==, "/run/a.alive");
	g_assert_cmpint(guest->dead.kind, ==, PICTURE_COLOR);
	g_assert_cmphex(guest->dead.color, ==, 0x800000);
	guest = guest_of(config, 1);
	g_assert_cmpstr(guest->alive_socket, ==, "/run/b");
	g_assert_cmpint(guest->dead.kind, ==, PICTURE_LAST);
	config_destroy(config);
}

static void test_faults(struct config_fixture *fixture, gconstpointer data)
{
	static const struct {
		const char *text;
		const char *message;
	} faults[] = {
		{"[guest a]\nalive=frame\n",
			"scanoutd.conf:2: alive=frame: must be none, frames or socket; did you mean "
			"frames?"},
		{"[guest a]\nalive=yes\n",
			"scanoutd.conf:2: alive=yes: must be none, frames or socket"},
		{"[guest a]\nalive=frames\nalive-period=19ms\n",
			"scanoutd.conf:3: alive-period=19ms: must be a whole number with ms, s, min "
			"or h, from 20ms to 3600000ms"},
		{"[guest a]\nalive=frames\nalive-period=never\n",
			"scanoutd.conf:3: alive-period=never: must be a whole number with ms, s, "
			"min or h, from 20ms to 3600000ms"},
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
		{"[guest a]\nalive=frames\nalive-file=/run/x\n"
		 "[guest b]\nalive=frames\nalive-file=/run//x\n",
			"scanoutd.conf:4: [guest b]: alive-file=/run//x is alive-file of [guest a] "
			"already"},
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
	ADD("faults", test_faults);
	return g_test_run();
}
