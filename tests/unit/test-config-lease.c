/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * [lease NAME] sections: what is reserved for another program, at which socket it asks, and what
 * contradicts the rest of the configuration.
 */
#include <grp.h>
#include <string.h>

#include "config_fixture.h"
#include "kms_lease.h"

static const struct config_lease *lease_of(const struct config *config, guint index)
{
	g_assert_cmpuint(index, <, config->leases->len);
	return g_ptr_array_index(config->leases, index);
}

static void test_defaults(struct config_fixture *fixture, gconstpointer data)
{
	const struct config_output *output;
	struct config *config;
	g_auto(GStrv) names = NULL;

	config_fixture_write(fixture, "[lease cluster]\noutputs=HDMI-A-1\n");
	config = config_fixture_load(fixture->path, "");
	g_assert_cmpstr(lease_of(config, 0)->name, ==, "cluster");
	g_assert_cmpstr(lease_of(config, 0)->socket, ==, "/run/scanoutd/lease-cluster");
	g_assert_null(lease_of(config, 0)->socket_group);
	g_assert_cmpuint(lease_of(config, 0)->planes, ==, KMS_LEASE_ALL_PLANES);
	names = config_lease_outputs(lease_of(config, 0));
	g_assert_cmpuint(g_strv_length(names), ==, 1);
	/* No guest is shown there, which needs no section. */
	output = config_find_output(config, "HDMI-A-1", NULL);
	g_assert_nonnull(output);
	g_assert_true(output->lent);
	g_assert_true(output->pictured);
	g_assert_null(output->guest);
	g_assert_cmpint(output->scanout, ==, -1);
	config_destroy(config);
}

/* With several guests, too, and with what the section says of the output's looks. */
static void test_all_keys(struct config_fixture *fixture, gconstpointer data)
{
	struct config *config;
	g_auto(GStrv) names = NULL;

	config_fixture_write(fixture,
		"[guest a]\n[guest b]\n"
		"[output DP-1]\nguest=a\n[output DP-2]\nguest=b\n"
		"[output DP-3]\npicture=#102030\nmode=800x600\n"
		"[lease cluster]\noutputs= DP-3 ; DP-4;\nsocket=/run/x/card0-DP-3\n"
		"socket-group=video\n"
		"[lease other]\noutputs=ACME TV 7\nplanes=primary;cursor;overlays\n"
		"[lease third]\noutputs=DP-5\nplanes= overlays ; cursor;\n");
	config = config_fixture_load(fixture->path, "");
	g_assert_cmpstr(lease_of(config, 0)->socket, ==, "/run/x/card0-DP-3");
	g_assert_cmpstr(lease_of(config, 0)->socket_group, ==, "video");
	names = config_lease_outputs(lease_of(config, 0));
	g_assert_cmpuint(g_strv_length(names), ==, 2);
	g_assert_cmpstr(names[0], ==, "DP-3");
	g_assert_cmpstr(names[1], ==, "DP-4");
	g_assert_true(config_find_output(config, "DP-3", NULL)->lent);
	g_assert_cmpuint(config_find_output(config, "DP-3", NULL)->picture.color, ==, 0x102030);
	g_assert_cmpstr(config_find_output(config, "DP-3", NULL)->mode, ==, "800x600");
	g_assert_true(config_find_output(config, "DP-4", NULL)->lent);
	g_assert_true(config_find_output(config, "ACME TV 7", NULL)->lent);
	g_assert_false(config_find_output(config, "DP-1", NULL)->lent);
	g_assert_cmpuint(lease_of(config, 1)->planes, ==, KMS_LEASE_ALL_PLANES);
	g_assert_cmpuint(lease_of(config, 2)->planes, ==, KMS_LEASE_CURSOR | KMS_LEASE_OVERLAYS);
	config_destroy(config);
}

/* Each is of one card, which its names say. */
static void test_cards(struct config_fixture *fixture, gconstpointer data)
{
	struct config *config;

	config_fixture_write(fixture,
		"[daemon]\ncard=/dev/dri/card0;/dev/dri/card1\n[guest default]\n"
		"[lease a]\noutputs=DP-1;card0:DP-2\n[lease b]\noutputs=card1:DP-1;card1:DP-2\n"
		"[lease c]\noutputs=card10:DP-1\n");
	config = config_fixture_load(fixture->path, "");
	for (guint i = 0; i < 3; i++) {
		const struct config_lease *lease = g_ptr_array_index(config->leases, i);

		g_assert_cmpuint(lease->card, ==, i == 1);
	}
	g_assert_true(config_find_output(config, "card1:DP-1", NULL)->lent);
	config_destroy(config);
}

/* For a configuration that is read again. */
static void test_same(struct config_fixture *fixture, gconstpointer data)
{
	static const char *const texts[] = {"[lease a]\noutputs=DP-1\n",
		("[lease a]\noutputs=DP-1\nplanes=cursor;overlays;primary\nsocket=/run/x/s\n"
		 "[output DP-1]\npicture=#102030\n"),
		"[lease a]\noutputs=DP-2\n", "[lease b]\noutputs=DP-1\n",
		"[lease a]\noutputs=DP-1\n[lease b]\noutputs=DP-2\n",
		"[lease a]\noutputs=DP-1\nplanes=overlays\n", ""};
	struct config *configs[G_N_ELEMENTS(texts)];

	for (size_t i = 0; i < G_N_ELEMENTS(texts); i++) {
		config_fixture_write(fixture, texts[i]);
		configs[i] = config_fixture_load(fixture->path, "");
		g_assert_true(config_lends_the_same(configs[0], configs[i]) == (i < 2));
	}
	for (size_t i = 0; i < G_N_ELEMENTS(texts); i++)
		config_destroy(configs[i]);
}

struct lease_fault {
	const char *name;
	const char *file;
	const char *command_line;
	const char *message;
};

static const struct lease_fault lease_faults[] = {
	{"no-outputs", "[lease a]\nsocket=/run/x/a\n", "",
		"scanoutd.conf:1: [lease a]: outputs= is needed: the connectors that are lent"},
	{"no-name", "[lease]\noutputs=DP-1\n", "",
		"scanoutd.conf:1: section [lease] needs a name: [lease NAME]"},
	{"bad-name", "[lease a b]\noutputs=DP-1\n", "",
		"scanoutd.conf:1: [lease a b]: the name must be 1 to 64 letters, digits, dots, dashes or "
		"underscores, and begin with no dot or dash"},
	{"unknown-key", "[lease a]\noutput=DP-1\n", "",
		"scanoutd.conf:2: unknown key \"output\" in [lease a]; did you mean \"outputs\"?"},
	{"twice", "[lease a]\noutputs=DP-1;DP-1\n", "",
		"scanoutd.conf:1: [lease a]: outputs=DP-1;DP-1: DP-1 is lent already"},
	{"no-planes", "[lease a]\noutputs=DP-1\nplanes= ;\n", "",
		"scanoutd.conf:1: [lease a]: planes=: at least one of primary, cursor and overlays, with "
		"semicolons between them"},
	{"unknown-planes", "[lease a]\noutputs=DP-1\nplanes=primary;overlay\n", "",
		"scanoutd.conf:1: [lease a]: planes=primary;overlay: \"overlay\" is not one of primary, "
		"cursor and overlays"},
	{"two-cards",
		"[daemon]\ncard=/dev/dri/card0;/dev/dri/card1\n[lease a]\n"
		"outputs=DP-1;card1:DP-1\n",
		"",
		"scanoutd.conf:3: [lease a]: outputs=DP-1;card1:DP-1: DP-1 is of card0, and card1:DP-1 of "
		"card1; all must be of one card, so that needs a section of its own"},
	{"two-leases", "[lease a]\noutputs=DP-1\n[lease b]\noutputs=DP-2;DP-1\n", "",
		"scanoutd.conf:3: [lease b]: outputs=DP-2;DP-1: DP-1 is lent already"},
	{"guest", "[output DP-1]\nguest=default\n[guest default]\n[lease a]\noutputs=DP-1\n", "",
		"scanoutd.conf:4: [lease a]: outputs=DP-1: [output DP-1] has guest=; leave it out: another "
		"program shows something there"},
	{"scanout", "[output DP-1]\nscanout=2\n[lease a]\noutputs=DP-1\n", "",
		"scanoutd.conf:3: [lease a]: outputs=DP-1: [output DP-1] has scanout=; leave it out: another "
		"program shows something there"},
	{"off", "[output DP-1]\nmode=off\n[lease a]\noutputs=DP-1\n", "",
		"scanoutd.conf:3: [lease a]: outputs=DP-1: [output DP-1] has mode=off; leave it out: another "
		"program shows something there"},
	{"in-a-list",
		"[output DP-2;DP-1]\nguest=default\n[guest default]\n[lease a]\noutputs=DP-1\n", "",
		"scanoutd.conf:4: [lease a]: outputs=DP-1: [output DP-2;DP-1] names DP-1 with others; "
		"give it a section of its own, or none"},
	{"in-a-layout", "[layout day]\n[output DP-1]\nlayout=day\n[lease a]\noutputs=DP-1\n", "",
		"scanoutd.conf:4: [lease a]: outputs=DP-1: [output DP-1] has layout=; leave it out: an "
		"output is lent in all layouts"},
	{"layer", "[layer x]\noutput=DP-2;DP-1\npicture=#102030\n[lease a]\noutputs=DP-1\n", "",
		"scanoutd.conf:4: [lease a]: outputs=DP-1: [layer x] lies on DP-1"},
	{"region", "[region x]\noutput=DP-1\nrectangle=0,0 8x8\n[lease a]\noutputs=DP-1\n", "",
		"scanoutd.conf:4: [lease a]: outputs=DP-1: [region x] watches DP-1"},
	{"command-line", "[lease a]\noutputs=DP-1\n", "--output=DP-1",
		"scanoutd.conf:1: [lease a]: outputs=DP-1: [output DP-1] has guest=; leave it out: another "
		"program shows something there"},
	{"socket-of-a-guest",
		"[guest default]\nvmm-socket=/run/x/s\nbackend-socket=/run/x/b\n[lease a]\noutputs=DP-1\n"
		"socket=/run/x/../x/s\n",
		"",
		"scanoutd.conf:4: [lease a]: socket=/run/x/../x/s is vmm-socket of [guest default] already"},
	{"same-socket",
		"[lease a]\noutputs=DP-1\nsocket=/run/x/s\n[lease b]\noutputs=DP-2\n"
		"socket=/run/x/s\n",
		"", "scanoutd.conf:4: [lease b]: socket=/run/x/s is socket of [lease a] already"},
};

static void test_fault(struct config_fixture *fixture, gconstpointer data)
{
	const struct lease_fault *fault = data;

	config_fixture_write(fixture, fault->file);
	config_fixture_expect_error(fixture, fault->command_line, fault->message);
}

static void test_long_socket(struct config_fixture *fixture, gconstpointer data)
{
	g_autofree char *name = g_strnfill(120, 'x');
	g_autofree char *text = g_strdup_printf("[lease a]\noutputs=DP-1\nsocket=/%s\n", name);
	g_autofree char *message = g_strdup_printf(
		"scanoutd.conf:1: [lease a]: socket=/%s: a socket's path has at most 107 bytes",
		name);

	config_fixture_write(fixture, text);
	config_fixture_expect_error(fixture, "", message);
}

/* What a start on this machine would find. */
static void expect_system(struct config_fixture *fixture, const char *key, const char *value,
	const char *message)
{
	g_autofree char *text = g_strdup_printf("[guest default]\ndisplay-socket=%s/d\n"
						"[lease a]\noutputs=DP-1\n%s=%s\n",
		fixture->folder, key, value);
	g_autofree char *expected = g_strdup_printf("%s:3: [lease a]: %s=%s: %s", fixture->path,
		key, value, message);
	g_autoptr(GError) error = NULL;
	struct config *config;

	config_fixture_write(fixture, text);
	config = config_fixture_load(fixture->path, "");
	g_assert_false(config_check_system(config, &error));
	g_assert_cmpstr(error->message, ==, expected);
	config_destroy(config);
}

static void test_system(struct config_fixture *fixture, gconstpointer data)
{
	struct config *config;

	expect_system(fixture, "socket-group", "no-such-group", "there is no group of that name");
	expect_system(fixture, "socket", "/nowhere/s", "there is no folder /nowhere");
	config_fixture_write(fixture,
		"[guest default]\ndisplay-socket=/tmp/d\n"
		"[lease a]\noutputs=DP-1\nsocket=/tmp/s\n");
	config = config_fixture_load(fixture->path, "");
	g_assert_true(config_check_system(config, NULL));
	config_destroy(config);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
#define ADD(name, function, data) \
	g_test_add("/config/lease/" name, struct config_fixture, data, config_fixture_set_up, \
		function, config_fixture_tear_down)
	ADD("defaults", test_defaults, NULL);
	ADD("all-keys", test_all_keys, NULL);
	ADD("cards", test_cards, NULL);
	ADD("same", test_same, NULL);
	ADD("long-socket", test_long_socket, NULL);
	ADD("system", test_system, NULL);
	for (size_t i = 0; i < G_N_ELEMENTS(lease_faults); i++) {
		g_autofree char *path = g_strdup_printf("/config/lease/fault/%s",
			lease_faults[i].name);

		g_test_add(path, struct config_fixture, &lease_faults[i], config_fixture_set_up,
			test_fault, config_fixture_tear_down);
	}
	return g_test_run();
}
