/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a connector says of the monitor on it: its name, whether its EDID can be read, and whether
 * it is there at all.
 */
#include "card_fixture.h"
#include "connector.h"
#include "device.h"
#include "edid_seal.h"
#include "hotplug.h"
#include "mode.h"

#include <string.h>
#include <unistd.h>
#include <xf86drm.h>

/* A connector of its own, probed as list.c does it. */
struct probe {
	int fd;
	struct kms_property_cache *cache;
	struct kms_connector connector;
};

static void probe_begin(struct probe *probe)
{
	probe->fd = double_open();
	g_assert_cmpint(drmSetClientCap(probe->fd, DRM_CLIENT_CAP_ATOMIC, 1), ==, 0);
	probe->cache = kms_property_cache_create();
	probe->connector.id = DOUBLE_CONNECTOR(0);
}

static bool probe_again(struct probe *probe)
{
	drmModeConnector *probed = drmModeGetConnector(probe->fd, DOUBLE_CONNECTOR(0));
	bool changed;

	kms_connector_make_name(probed, NULL, probe->connector.name, sizeof(probe->connector.name));
	changed = kms_connector_update(&probe->connector, probe->fd, probe->cache, probed);
	drmModeFreeConnector(probed);
	return changed;
}

static void probe_end(struct probe *probe)
{
	kms_connector_finish(&probe->connector);
	kms_property_cache_destroy(probe->cache);
	close(probe->fd);
	g_assert_null(double_faults());
}

/* ---- EDIDs ---- */

/* Of 13 bytes each; NULL: no such descriptor. The make is DEL, the product 0x1234, the serial
 * number 0x89abcdef. */
static void make_edid(uint8_t edid[128], const char *model, const char *serial)
{
	static const uint8_t head[] = {0x00, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x00, 0x10, 0xac,
		0x34, 0x12, 0xef, 0xcd, 0xab, 0x89};

	memset(edid, 0, 128);
	memcpy(edid, head, sizeof(head));
	edid[72 + 3] = 0x10;
	edid[90 + 3] = 0x10;
	if (model) {
		edid[72 + 3] = 0xfc;
		memcpy(edid + 72 + 5, model, 13);
	}
	if (serial) {
		edid[90 + 3] = 0xff;
		memcpy(edid + 90 + 5, serial, 13);
	}
	edid_seal(edid);
}

static void test_names(void)
{
	static const struct {
		const char *model;
		const char *serial;
		const char *monitor;
	} monitors[] = {
		{"U2720Q\n      ", "4F2X1\n       ", "DEL U2720Q 4F2X1"},
		{"DELL U2720Q\n ", "4F2X1ABCDEFGH", "DEL DELL U2720Q 4F2X1ABCDEFGH"},
		{NULL, NULL, "DEL 0x1234 0x89ABCDEF"},
		{"U2720Q\n      ", NULL, "DEL U2720Q 0x89ABCDEF"},
		/* Filled up with blanks, with zeros, with anything. */
		{"  U2720Q     ", "4F2X1        ", "DEL U2720Q 4F2X1"},
		{"U2720Q\0\0\0\0\0\0\0", "4F2X1\0abcdefg", "DEL U2720Q 4F2X1"},
		{"U2720Q\xff\xff\xff\xff\xff\xff\xff", "4F2X1\x01\x01\x01\x01\x01\x01\x01\x01",
			"DEL U2720Q 4F2X1"},
		{"\xe4\x01U\x80\x81Q  2\n   ", "\x7f\n           ", "DEL U Q 2 0x89ABCDEF"},
		{"\n            ", "             ", "DEL 0x1234 0x89ABCDEF"},
		/* The serial number is one word. */
		{"A  B\tC\n      ", "1 2  3\n      ", "DEL A B C 1-2-3"},
		/* What a configuration could not say. */
		{"[A];B\\C\n     ", "x;y\n         ", "DEL -A--B-C x-y"},
	};
	struct probe probe = {0};
	uint8_t edid[128];

	double_reset();
	probe_begin(&probe);
	for (size_t i = 0; i < G_N_ELEMENTS(monitors); i++) {
		make_edid(edid, monitors[i].model, monitors[i].serial);
		double_set_edid(0, edid, sizeof(edid));
		probe_again(&probe);
		g_assert_cmpstr(probe.connector.monitor, ==, monitors[i].monitor);
		g_assert_cmpuint(probe.connector.edid_size, ==, sizeof(edid));
	}
	/* Letters that are none. */
	make_edid(edid, NULL, NULL);
	edid[8] = 0x00;
	edid[9] = 0x1f;
	edid_seal(edid);
	double_set_edid(0, edid, sizeof(edid));
	g_assert_true(probe_again(&probe));
	g_assert_cmpstr(probe.connector.monitor, ==, "@@_ 0x1234 0x89ABCDEF");
	g_assert_false(probe_again(&probe));
	double_card.connected[0] = false;
	g_assert_true(probe_again(&probe));
	g_assert_null(probe.connector.monitor);
	probe_end(&probe);
}

/* A timing's first bytes are its clock, which is never 0: what stands at a tag's place is none. */
static void test_timings_are_no_text(void)
{
	static const uint8_t clocks[][2] = {{0x01, 0x00}, {0x00, 0x01}, {0x01, 0x01}};
	struct probe probe = {0};
	uint8_t edid[128];

	double_reset();
	probe_begin(&probe);
	for (size_t i = 0; i < G_N_ELEMENTS(clocks); i++) {
		make_edid(edid, "U2720Q\n      ", "4F2X1\n       ");
		memcpy(edid + 72, clocks[i], 2);
		edid_seal(edid);
		double_set_edid(0, edid, sizeof(edid));
		probe_again(&probe);
		g_assert_cmpstr(probe.connector.monitor, ==, "DEL 0x1234 4F2X1");
	}
	/* The first and the last of the four have names, too. */
	make_edid(edid, NULL, NULL);
	edid[54 + 3] = 0xfc;
	edid[54 + 5] = 'F';
	edid[108 + 3] = 0xff;
	edid[108 + 5] = 'L';
	edid_seal(edid);
	double_set_edid(0, edid, sizeof(edid));
	probe_again(&probe);
	g_assert_cmpstr(probe.connector.monitor, ==, "DEL F L");
	/* With nothing on it, nothing is missing there. */
	edid[127]++;
	double_set_edid(0, edid, sizeof(edid));
	probe_again(&probe);
	g_assert_true(probe.connector.edid_missing);
	kms_connector_update(&probe.connector, probe.fd, probe.cache, NULL);
	g_assert_false(probe.connector.edid_missing);
	probe_end(&probe);
}

static void test_matches(void)
{
	struct kms_connector connector = {.name = "DP-1"};
	char monitor[] = "DEL DELL U2720Q 4F2X1";
	static const char *const others[] = {"DP", "DP-11", "DP-1 ", "", "DEL", "DEL DELL",
		"DEL DELL U2720", "DEL DELL U2720Q ", "DEL DELL U2720Q 4F2X",
		"DEL DELL U2720Q 4F2X12", "del dell u2720q", " DEL DELL U2720Q"};

	g_assert_true(kms_connector_matches(&connector, "DP-1"));
	g_assert_false(kms_connector_matches(&connector, "DEL DELL U2720Q"));
	connector.monitor = monitor;
	g_assert_true(kms_connector_matches(&connector, "DP-1"));
	g_assert_true(kms_connector_matches(&connector, "DEL DELL U2720Q 4F2X1"));
	g_assert_true(kms_connector_matches(&connector, "DEL DELL U2720Q"));
	for (size_t i = 0; i < G_N_ELEMENTS(others); i++)
		g_assert_false(kms_connector_matches(&connector, others[i]));
	/* Of a list, without copying it. */
	g_assert_true(kms_monitor_matches(monitor, "DEL DELL U2720Q;eDP-1", 15));
	g_assert_false(kms_monitor_matches(monitor, "DEL DELL U2720Q;eDP-1", 21));
	g_assert_false(kms_monitor_matches(NULL, "", 0));
}

static void test_twins(void)
{
	char name[] = "DEL U2720Q 0x00000000";
	char same[] = "DEL U2720Q 0x00000000";
	char other[] = "DEL U2720Q 0x00000001";
	struct kms_connector a = {.monitor = name};
	struct kms_connector b = {.monitor = same};
	struct kms_connector c = {.monitor = other};
	struct kms_connector none = {0};
	struct kms_connector nothing = {0};

	g_assert_true(kms_connector_is_twin(&a, &b));
	g_assert_false(kms_connector_is_twin(&a, &c));
	g_assert_false(kms_connector_is_twin(&a, &a));
	g_assert_false(kms_connector_is_twin(&a, &none));
	g_assert_false(kms_connector_is_twin(&none, &nothing));
}

/* What callers outside of kms/ see. */
static void test_output(struct card_fixture *card)
{
	uint8_t edid[128];

	make_edid(edid, "U2720Q\n      ", "4F2X1\n       ");
	double_card.crtcs = 2;
	card_open(card);
	g_assert_null(kms_output_monitor(card->outputs[1].output));
	double_set_edid(1, edid, sizeof(edid));
	kms_hotplug_probe(card->device->hotplug);
	card_wait(card->probes == 1);
	g_assert_null(kms_output_monitor(card->outputs[0].output));
	g_assert_cmpstr(kms_output_monitor(card->outputs[1].output), ==, "DEL U2720Q 4F2X1");
}

/* ---- an EDID that cannot be read ---- */

static void test_missing(void)
{
	struct probe probe = {0};
	uint8_t edid[256];

	double_reset();
	make_edid(edid, "U2720Q\n      ", NULL);
	memset(edid + 128, 0x55, 128);
	probe_begin(&probe);
	probe_again(&probe);
	g_assert_cmpuint(probe.connector.mode_count, >, 0);
	g_assert_true(probe.connector.edid_missing);
	g_assert_true(kms_connector_is_blind(&probe.connector));

	/* It comes at a later probe, which says so. */
	double_set_edid(0, edid, 128);
	g_assert_true(probe_again(&probe));
	g_assert_false(probe.connector.edid_missing);
	g_assert_false(kms_connector_is_blind(&probe.connector));

	/* An extension that is damaged is the kernel's matter. */
	edid[126] = 1;
	edid_seal(edid);
	double_set_edid(0, edid, sizeof(edid));
	probe_again(&probe);
	g_assert_false(probe.connector.edid_missing);

	edid[127] ^= 1;
	double_set_edid(0, edid, sizeof(edid));
	g_assert_true(probe_again(&probe));
	g_assert_true(probe.connector.edid_missing);
	g_assert_null(probe.connector.monitor);

	edid_seal(edid);
	double_set_edid(0, edid, 100);
	probe_again(&probe);
	g_assert_true(probe.connector.edid_missing);

	edid[0] = 1;
	edid_seal(edid);
	double_set_edid(0, edid, 128);
	probe_again(&probe);
	g_assert_true(probe.connector.edid_missing);

	/* Without a monitor there is nothing to wait for. */
	double_set_edid(0, NULL, 0);
	double_card.connected[0] = false;
	probe_again(&probe);
	g_assert_false(probe.connector.edid_missing);
	/* And neither where nobody has detected one. */
	kms_connector_force(&probe.connector, true);
	probe_again(&probe);
	g_assert_true(probe.connector.connected);
	g_assert_false(probe.connector.edid_missing);
	probe_end(&probe);
}

/* Those that need not have one. */
static void test_without_edid(void)
{
	static const struct {
		uint32_t type;
		bool missing;
		bool blind;
	} types[] = {
		{DRM_MODE_CONNECTOR_HDMIA, true, true},
		{DRM_MODE_CONNECTOR_VGA, true, true},
		{DRM_MODE_CONNECTOR_DVID, true, true},
		{DRM_MODE_CONNECTOR_VIRTUAL, false, true},
		/* The driver knows its panel, and television is a standard. */
		{DRM_MODE_CONNECTOR_DSI, false, false},
		{DRM_MODE_CONNECTOR_LVDS, false, false},
		{DRM_MODE_CONNECTOR_eDP, false, false},
		{DRM_MODE_CONNECTOR_Composite, false, false},
	};

	for (size_t i = 0; i < G_N_ELEMENTS(types); i++) {
		struct probe probe = {0};

		double_reset();
		double_card.connector_type = types[i].type;
		probe_begin(&probe);
		probe_again(&probe);
		g_assert_cmpint(probe.connector.edid_missing, ==, types[i].missing);
		g_assert_cmpint(kms_connector_is_blind(&probe.connector), ==, types[i].blind);
		probe_end(&probe);
	}
}

/* ---- a monitor that nobody detects ---- */

static void test_force(void)
{
	struct probe probe = {0};

	double_reset();
	double_card.connected[0] = false;
	double_card.undetected[0] = true;
	probe_begin(&probe);
	g_assert_false(probe_again(&probe));
	g_assert_false(probe.connector.connected);

	g_assert_true(kms_connector_force(&probe.connector, true));
	g_assert_true(probe.connector.connected);
	g_assert_true(kms_connector_is_blind(&probe.connector));
	g_assert_cmpuint(probe.connector.mode_count, ==, KMS_MODE_FALLBACK_MAX);
	g_assert_false(kms_connector_force(&probe.connector, true));
	/* It stays so, and nothing changes by being asked, once its size is known. */
	probe_again(&probe);
	g_assert_false(probe_again(&probe));
	g_assert_true(probe.connector.connected);
	g_assert_false(probe.connector.detected);
	g_assert_cmpuint(probe.connector.mode_count, ==, KMS_MODE_FALLBACK_MAX);

	/* The monitor is seen after all: it says what it can do. */
	double_card.connected[0] = true;
	probe_again(&probe);
	g_assert_true(probe.connector.detected);
	g_assert_cmpuint(probe.connector.modes[0].hdisplay, ==, 1024);
	g_assert_cmpuint(probe.connector.modes[0].type & DRM_MODE_TYPE_USERDEF, ==, 0);
	g_assert_false(kms_connector_force(&probe.connector, false));
	g_assert_true(probe.connector.connected);

	/* Not forced any more, it goes as any other. */
	double_card.connected[0] = false;
	g_assert_true(probe_again(&probe));
	g_assert_false(probe.connector.connected);
	probe_end(&probe);
}

static void test_force_ends(void)
{
	struct probe probe = {0};

	double_reset();
	double_card.connected[0] = false;
	probe_begin(&probe);
	kms_connector_force(&probe.connector, true);
	g_assert_true(probe.connector.connected);
	g_assert_true(kms_connector_force(&probe.connector, false));
	g_assert_false(probe.connector.connected);
	g_assert_cmpuint(probe.connector.mode_count, ==, 0);

	/* A connector that is no more has no monitor, but the wish stays. */
	kms_connector_force(&probe.connector, true);
	g_assert_true(kms_connector_update(&probe.connector, probe.fd, probe.cache, NULL));
	g_assert_false(probe.connector.connected);
	g_assert_false(kms_connector_force(&probe.connector, true));
	g_assert_false(probe.connector.connected);
	probe.connector.id = DOUBLE_CONNECTOR(0);
	g_assert_true(probe_again(&probe));
	g_assert_true(probe.connector.connected);
	probe_end(&probe);
}

/* Lit as any other, with the mode that was asked for, and dark again when nobody asks any more. */
static void test_force_lights(struct card_fixture *card)
{
	struct card_output *seen = &card->outputs[1];

	double_card.crtcs = 2;
	double_card.connected[1] = false;
	double_card.undetected[1] = true;
	card_open(card);
	card->requests[1].force = true;
	card_configure(card, "1280x720", false);
	g_assert_true(kms_output_connected(seen->output));
	g_assert_true(kms_output_active(seen->output));
	g_assert_cmpuint(seen->changes, ==, 1);
	/* Made, since nobody says what the monitor has. */
	g_assert_cmpstr(kms_output_mode(seen->output)->name, ==, "1280x720@60.00");
	card_flip_all(card);
	card_show(card, 1);
	/* A probe makes no difference. */
	kms_hotplug_probe(card->device->hotplug);
	card_wait(card->probes == 1);
	g_assert_true(kms_output_active(seen->output));
	card_show(card, 1);

	card->requests[1].force = false;
	card_configure(card, "1280x720", false);
	card_flip_all(card);
	g_assert_false(kms_output_connected(seen->output));
	g_assert_false(kms_output_active(seen->output));
	g_assert_cmpuint(double_value(DOUBLE_CRTC(1), "ACTIVE"), ==, 0);
	g_assert_true(kms_output_active(card->outputs[0].output));
}

/* By the card's list of outputs: a monitor, whatever its serial number. */
static void test_find(struct card_fixture *card)
{
	uint8_t edid[128];

	make_edid(edid, "U2720Q\n      ", "4F2X1\n       ");
	double_card.crtcs = 2;
	card_open(card);
	double_set_edid(1, edid, sizeof(edid));
	kms_hotplug_probe(card->device->hotplug);
	card_wait(card->probes == 1);
	g_assert_true(kms_device_find_output(card->device, "DEL U2720Q 4F2X1", NULL) ==
		card->outputs[1].output);
	g_assert_true(kms_device_find_output(card->device, "DEL U2720Q", NULL) ==
		card->outputs[1].output);
	g_assert_true(
		kms_device_find_output(card->device, "DP-1", NULL) == card->outputs[0].output);
	g_assert_null(kms_device_find_output(card->device, "DEL U2720Q 4F2X2", NULL));
}

int main(int argc, char **argv)
{
	card_init(&argc, &argv);
	g_test_add_func("/kms/monitor/names", test_names);
	g_test_add_func("/kms/monitor/timings-are-no-text", test_timings_are_no_text);
	g_test_add_func("/kms/monitor/matches", test_matches);
	g_test_add_func("/kms/monitor/twins", test_twins);
	card_add_test("/kms/monitor/output", test_output);
	g_test_add_func("/kms/monitor/missing", test_missing);
	g_test_add_func("/kms/monitor/without-edid", test_without_edid);
	g_test_add_func("/kms/monitor/force", test_force);
	g_test_add_func("/kms/monitor/force-ends", test_force_ends);
	card_add_test("/kms/monitor/force-lights", test_force_lights);
	card_add_test("/kms/monitor/find", test_find);
	return g_test_run();
}
