/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Connectors of MST: they go and come back as other objects. An output is known by its name,
 * whatever number the kernel gives its connector.
 */
#include "card_fixture.h"
#include "device.h"
#include "hotplug.h"
#include "output.h"

#include <errno.h>
#include <string.h>

static void start_two(struct card_fixture *card)
{
	double_card.crtcs = 2;
	card_start(card);
}

static uint32_t connector_of(const struct card_fixture *card, size_t n)
{
	return card->outputs[n].output->connector.id;
}

/* Probes until output n knows its connector by this number (0: it has none), then lets the commits
 * that come of it happen. */
static void probe(struct card_fixture *card, size_t n, uint32_t id)
{
	kms_hotplug_probe(card->device->hotplug);
	card_wait(connector_of(card, n) == id);
	card_turn();
	card_flip_all(card);
}

/* The same until it has lost its monitor. */
static void probe_gone(struct card_fixture *card, size_t n)
{
	kms_hotplug_probe(card->device->hotplug);
	card_wait(!kms_output_connected(card->outputs[n].output));
	card_turn();
	card_flip_all(card);
}

/* ---- one connector ---- */

static void test_comes_back_with_another_number(struct card_fixture *card)
{
	start_two(card);
	card_show(card, 1);
	double_take_connector(1);
	/* It is there without a monitor until its CRTC is off. */
	probe_gone(card, 1);
	g_assert_false(kms_output_active(card->outputs[1].output));
	g_assert_cmpuint(double_value(DOUBLE_CRTC(1), "ACTIVE"), ==, 0);
	probe(card, 1, 0);
	card_show(card, 0);

	double_give_connector(1, DOUBLE_CONNECTOR(0x40));
	probe(card, 1, DOUBLE_CONNECTOR(0x40));
	g_assert_cmpuint(kms_device_output_count(card->device), ==, 2);
	g_assert_true(kms_output_active(card->outputs[1].output));
	g_assert_cmpuint(double_value(DOUBLE_CONNECTOR(0x40), "CRTC_ID"), ==, DOUBLE_CRTC(1));
	card_show(card, 0);
	card_show(card, 1);
}

/* One that nothing drove is no more at once, and was connected up to then. */
static void test_goes_unlit(struct card_fixture *card)
{
	double_card.crtcs = 2;
	card_open(card);
	card_configure_only(card, 0);
	g_assert_true(kms_output_connected(card->outputs[1].output));
	double_take_connector(1);
	probe(card, 1, 0);
	g_assert_false(kms_output_connected(card->outputs[1].output));
}

/* The kernel gives away the lowest free number: here the one that another output's connector had
 * before. */
static void test_numbers_change_places(struct card_fixture *card)
{
	start_two(card);
	double_take_connector(0);
	double_take_connector(1);
	probe_gone(card, 0);
	double_give_connector(0, DOUBLE_CONNECTOR(1));
	double_give_connector(1, DOUBLE_CONNECTOR(0x40));
	probe(card, 0, DOUBLE_CONNECTOR(1));
	g_assert_cmpuint(kms_device_output_count(card->device), ==, 2);
	g_assert_cmpuint(connector_of(card, 1), ==, DOUBLE_CONNECTOR(0x40));
	for (size_t i = 0; i < 2; i++) {
		g_assert_true(kms_output_active(card->outputs[i].output));
		card_show(card, i);
	}
}

/* The same where the two come back one after the other. */
static void test_takes_a_number_that_was_anothers(struct card_fixture *card)
{
	start_two(card);
	double_take_connector(0);
	double_take_connector(1);
	probe_gone(card, 0);
	double_give_connector(0, DOUBLE_CONNECTOR(1));
	probe(card, 0, DOUBLE_CONNECTOR(1));
	g_assert_true(kms_output_active(card->outputs[0].output));
	g_assert_false(kms_output_connected(card->outputs[1].output));
	card_show(card, 0);
}

/* One that was there when the card was opened, and not any more at the first probe. */
static void test_gone_at_first_probe(struct card_fixture *card)
{
	static const uint8_t edid[128] = {1};

	double_card.crtcs = 2;
	card_open(card);
	/* Nobody is asked again for an EDID that is late. */
	double_set_edid(0, edid, sizeof(edid));
	double_set_edid(1, edid, sizeof(edid));
	double_take_connector(1);
	kms_hotplug_probe(card->device->hotplug);
	card_wait(card->probes == 1);
	g_assert_cmpuint(connector_of(card, 1), ==, 0);
	g_assert_cmpuint(connector_of(card, 0), ==, DOUBLE_CONNECTOR(0));
}

/* A headset is nobody's screen, unless it is named; the outputs beside it are as if it was not
 * there. */
static void test_headset(struct card_fixture *card)
{
	struct kms_output *headset;

	double_card.crtcs = 3;
	double_card.headset[1] = true;
	double_light(1);
	card_open(card);
	g_assert_cmpuint(card->count, ==, 2);
	g_assert_cmpstr(kms_output_name(card->outputs[1].output), ==, "DP-3");
	headset = kms_device_find_output(card->device, "DP-2", NULL);
	g_assert_nonnull(headset);
	card->outputs[2].output = headset;
	card->requests[2].output = headset;
	card->count = 3;
	g_assert_true(kms_device_configure(card->device, card->requests, 2, NULL));
	g_assert_true(kms_output_active(card->outputs[0].output));
	g_assert_true(kms_output_active(card->outputs[1].output));
	/* What the previous master showed on it is gone. */
	g_assert_false(kms_output_active(headset));
	g_assert_cmpuint(double_value(DOUBLE_CONNECTOR(1), "CRTC_ID"), ==, 0);
	card_configure(card, NULL, false);
	g_assert_true(kms_output_active(headset));
	card_flip_all(card);
}

/* ---- its link ---- */

static unsigned int mode_sets(struct card_fixture *card)
{
	double_counters.modeset_commits = 0;
	kms_hotplug_probe(card->device->hotplug);
	card->probes = 0;
	card_wait(card->probes == 1);
	card_turn();
	card_flip_all(card);
	return double_counters.modeset_commits;
}

/* A full mode set makes it good again; of one that is dark, nobody wants it good. */
static void test_broken_link(struct card_fixture *card)
{
	double_card.crtcs = 2;
	card_open(card);
	card_configure_only(card, 0);
	card_flip_all(card);
	g_assert_cmpuint(mode_sets(card), ==, 0);
	double_break_link(1);
	g_assert_cmpuint(mode_sets(card), ==, 0);
	g_assert_null(strstr(card->log->str, "link"));
	double_break_link(0);
	g_assert_cmpuint(mode_sets(card), ==, 1);
	g_assert_cmpuint(double_value(DOUBLE_CONNECTOR(0), "link-status"), ==, 0);
	g_assert_nonnull(strstr(card->log->str, "DP-1: the link failed; setting the mode again"));
	/* Once. */
	g_assert_cmpuint(mode_sets(card), ==, 0);
	card_show(card, 0);
}

/* Which monitors are asked again until they have one. */
static void test_missing_edid(struct card_fixture *card)
{
	static const struct {
		const char *name;
		bool connected, has_edid, missed;
	} cases[] = {
		{"DP-1", true, false, true},
		{"HDMI-A-2", true, false, true},
		{"DVI-D-1", true, false, true},
		{"VGA-1", true, false, true},
		{"DP-1", false, false, false},
		{"DP-1", true, true, false},
		{"card1:DP-1", true, false, true},
		{"DP-card:eDP-1", true, false, false},
		{"eDP-1", true, false, false},
		{"Virtual-1", true, false, false},
	};
	struct kms_connector *connector;

	card_open(card);
	connector = &card->outputs[0].output->connector;
	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_strlcpy(connector->name, cases[i].name, sizeof(connector->name));
		connector->connected = cases[i].connected;
		connector->edid_size = cases[i].has_edid ? 128 : 0;
		g_assert_cmpint(kms_outputs_lack_answers(&card->device->outputs), ==,
			cases[i].missed);
	}
	connector->edid_size = 0;
}

/* The side that is up is where the picture's top goes. */
static void test_panel_orientation(struct card_fixture *card)
{
	static const enum kms_transform expected[] = {KMS_ROTATE_0, KMS_ROTATE_180, KMS_ROTATE_90,
		KMS_ROTATE_270, KMS_ROTATE_0};
	struct kms_connector connector = {0};

	for (size_t i = 0; i < G_N_ELEMENTS(expected); i++) {
		connector.properties[KMS_CONNECTOR_PANEL_ORIENTATION].id = 1;
		connector.properties[KMS_CONNECTOR_PANEL_ORIENTATION].value = i;
		g_assert_cmpint(kms_connector_panel_transform(&connector), ==, expected[i]);
	}
	connector.properties[KMS_CONNECTOR_PANEL_ORIENTATION].id = 0;
	connector.properties[KMS_CONNECTOR_PANEL_ORIENTATION].value = 2;
	g_assert_cmpint(kms_connector_panel_transform(&connector), ==, KMS_ROTATE_0);

	double_card.panels = true;
	double_card.panel_orientation = 3;
	card_start(card);
	g_assert_cmpint(kms_output_panel_transform(card->outputs[0].output), ==, KMS_ROTATE_270);
}

/* ---- while the card is another's, or stuck ---- */

/* Another master turns it off, and it goes: the others come back without it. */
static void test_goes_while_paused(struct card_fixture *card)
{
	start_two(card);
	kms_device_pause(card->device);
	double_take_connector(1);
	double_darken(1);
	g_assert_true(kms_device_resume(card->device, NULL));
	card_turn();
	g_assert_true(kms_output_active(card->outputs[0].output));
	g_assert_false(kms_output_active(card->outputs[1].output));
	g_assert_false(kms_output_connected(card->outputs[1].output));
	card_flip(0);
	card_show(card, 0);
}

/* The blocking mode set does not name what is no more, or it would cost the card. */
static void test_stuck_after_it_went(struct card_fixture *card)
{
	double_card.crtcs = 2;
	card_start_timed(card, 50);
	double_take_connector(1);
	probe_gone(card, 1);
	card_time_out(card, 0);
	card_turn();
	g_assert_false(card->gone);
	card_show(card, 0);
}

int main(int argc, char **argv)
{
	card_init(&argc, &argv);
	card_add_test("/kms/connector/another-number", test_comes_back_with_another_number);
	card_add_test("/kms/connector/goes-unlit", test_goes_unlit);
	card_add_test("/kms/connector/numbers-change-places", test_numbers_change_places);
	card_add_test("/kms/connector/number-of-another", test_takes_a_number_that_was_anothers);
	card_add_test("/kms/connector/gone-at-first-probe", test_gone_at_first_probe);
	card_add_test("/kms/connector/headset", test_headset);
	card_add_test("/kms/connector/broken-link", test_broken_link);
	card_add_test("/kms/connector/missing-edid", test_missing_edid);
	card_add_test("/kms/connector/panel-orientation", test_panel_orientation);
	card_add_test("/kms/connector/goes-while-paused", test_goes_while_paused);
	card_add_test("/kms/connector/stuck-after-it-went", test_stuck_after_it_went);
	return g_test_run();
}
