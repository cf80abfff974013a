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

static void open_two(struct card_fixture *fixture)
{
	double_reset();
	double_card.crtcs = 2;
	card_start(fixture);
}

static uint32_t connector_of(const struct card_fixture *fixture, size_t n)
{
	return fixture->outputs[n].output->connector.id;
}

/* Probes until output n knows its connector by this number (0: it has none), then lets the commits
 * that come of it happen. */
static void probe(struct card_fixture *fixture, size_t n, uint32_t id)
{
	kms_hotplug_probe(fixture->device->hotplug);
	card_wait(connector_of(fixture, n) == id);
	card_turn();
	for (unsigned int i = 0; i < fixture->count; i++) {
		if (double_flip(i))
			card_turn();
	}
}

static void probe_gone(struct card_fixture *fixture, size_t n)
{
	kms_hotplug_probe(fixture->device->hotplug);
	card_wait(!kms_output_connected(fixture->outputs[n].output));
	card_turn();
	for (unsigned int i = 0; i < fixture->count; i++) {
		if (double_flip(i))
			card_turn();
	}
}

static void show_one(struct card_fixture *fixture, size_t n)
{
	struct kms_buffer *buffer = card_buffer(fixture, n);

	g_assert_cmpint(card_submit(fixture, n, buffer, NULL, 0), ==, KMS_SUBMIT_ACCEPTED);
	card_flip((unsigned int)n);
	g_assert_cmpuint(fixture->outputs[n].presented, ==, fixture->serial);
	kms_buffer_unref(buffer);
}

/* ---- one connector ---- */

static void test_comes_back_with_another_number(void)
{
	struct card_fixture fixture;

	open_two(&fixture);
	show_one(&fixture, 1);
	double_take_connector(1);
	/* It is there without a monitor until its CRTC is off. */
	probe_gone(&fixture, 1);
	g_assert_false(kms_output_active(fixture.outputs[1].output));
	g_assert_cmpuint(double_value(DOUBLE_CRTC(1), "ACTIVE"), ==, 0);
	probe(&fixture, 1, 0);
	show_one(&fixture, 0);

	double_give_connector(1, DOUBLE_CONNECTOR(0x40));
	probe(&fixture, 1, DOUBLE_CONNECTOR(0x40));
	g_assert_cmpuint(kms_device_output_count(fixture.device), ==, 2);
	g_assert_true(kms_output_active(fixture.outputs[1].output));
	g_assert_cmpuint(double_value(DOUBLE_CONNECTOR(0x40), "CRTC_ID"), ==, DOUBLE_CRTC(1));
	show_one(&fixture, 0);
	show_one(&fixture, 1);
	card_finish(&fixture);
}

/* One that nothing drove is no more at once, and was connected up to then. */
static void test_goes_unlit(void)
{
	struct card_fixture fixture;
	struct kms_output_request request = {0};

	double_reset();
	double_card.crtcs = 2;
	card_open(&fixture);
	request.output = fixture.outputs[0].output;
	g_assert_true(kms_device_configure(fixture.device, &request, 1, NULL));
	card_turn();
	g_assert_true(kms_output_connected(fixture.outputs[1].output));
	double_take_connector(1);
	probe(&fixture, 1, 0);
	g_assert_false(kms_output_connected(fixture.outputs[1].output));
	card_finish(&fixture);
}

/* The kernel gives away the lowest free number: here the one that another output's connector had
 * before. */
static void test_numbers_change_places(void)
{
	struct card_fixture fixture;

	open_two(&fixture);
	double_take_connector(0);
	double_take_connector(1);
	probe_gone(&fixture, 0);
	double_give_connector(0, DOUBLE_CONNECTOR(1));
	double_give_connector(1, DOUBLE_CONNECTOR(0x40));
	probe(&fixture, 0, DOUBLE_CONNECTOR(1));
	g_assert_cmpuint(kms_device_output_count(fixture.device), ==, 2);
	g_assert_cmpuint(connector_of(&fixture, 1), ==, DOUBLE_CONNECTOR(0x40));
	for (size_t i = 0; i < 2; i++) {
		g_assert_true(kms_output_active(fixture.outputs[i].output));
		show_one(&fixture, i);
	}
	card_finish(&fixture);
}

/* The same where the two come back one after the other. */
static void test_takes_a_number_that_was_anothers(void)
{
	struct card_fixture fixture;

	open_two(&fixture);
	double_take_connector(0);
	double_take_connector(1);
	probe_gone(&fixture, 0);
	double_give_connector(0, DOUBLE_CONNECTOR(1));
	probe(&fixture, 0, DOUBLE_CONNECTOR(1));
	g_assert_true(kms_output_active(fixture.outputs[0].output));
	g_assert_false(kms_output_connected(fixture.outputs[1].output));
	show_one(&fixture, 0);
	card_finish(&fixture);
}

/* ---- while the card is another's, or stuck ---- */

/* Another master turns it off, and it goes: the others come back without it. */
static void test_goes_while_paused(void)
{
	struct card_fixture fixture;

	open_two(&fixture);
	kms_device_pause(fixture.device);
	double_take_connector(1);
	double_darken(1);
	g_assert_true(kms_device_resume(fixture.device, NULL));
	card_turn();
	g_assert_true(kms_output_active(fixture.outputs[0].output));
	g_assert_false(kms_output_active(fixture.outputs[1].output));
	g_assert_false(kms_output_connected(fixture.outputs[1].output));
	card_flip(0);
	show_one(&fixture, 0);
	card_finish(&fixture);
}

/* The blocking mode set does not name what is no more, or it would cost the card. */
static void test_stuck_after_it_went(void)
{
	struct card_fixture fixture;
	struct kms_buffer *buffer;

	double_reset();
	double_card.crtcs = 2;
	card_open_timed(&fixture, 50);
	card_configure(&fixture, NULL, false);
	double_take_connector(1);
	probe_gone(&fixture, 1);
	buffer = card_buffer(&fixture, 0);
	card_submit(&fixture, 0, buffer, NULL, 0);
	double_lose_flips();
	card_wait(fixture.outputs[0].failures == 1);
	card_turn();
	g_assert_false(fixture.gone);
	show_one(&fixture, 0);
	kms_buffer_unref(buffer);
	card_finish(&fixture);
}

int main(int argc, char **argv)
{
	card_init(&argc, &argv);
	g_test_add_func("/kms/connector/another-number", test_comes_back_with_another_number);
	g_test_add_func("/kms/connector/goes-unlit", test_goes_unlit);
	g_test_add_func("/kms/connector/numbers-change-places", test_numbers_change_places);
	g_test_add_func("/kms/connector/number-of-another", test_takes_a_number_that_was_anothers);
	g_test_add_func("/kms/connector/goes-while-paused", test_goes_while_paused);
	g_test_add_func("/kms/connector/stuck-after-it-went", test_stuck_after_it_went);
	return g_test_run();
}
