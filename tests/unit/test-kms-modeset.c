/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Mode sets of a card that runs, those that go wrong too, and what is on its way meanwhile: nobody
 * waits for ever, and who cannot be lit keeps nobody else dark.
 */
#include "card_fixture.h"
#include "device.h"
#include "hotplug.h"
#include "output.h"

#include <errno.h>
#include <string.h>

static void probe(struct card_fixture *card)
{
	kms_hotplug_probe(card->device->hotplug);
	card_wait(card->outputs[0].changes > 0 || card->outputs[1].changes > 0);
	card_turn();
}

/* ---- frames that wait for a mode set ---- */

/* The mode set that a frame had to wait for turns its output off. */
static void test_frame_of_an_output_that_goes_off(struct card_fixture *card)
{
	double_card.crtcs = 2;
	card_start(card);
	card_submit(card, 0);
	card_configure_only(card, 0);
	g_assert_cmpint(card_submit(card, 1), ==, KMS_SUBMIT_ACCEPTED);
	card_flip(0);
	g_assert_false(kms_output_active(card->outputs[1].output));
	g_assert_cmpuint(card->outputs[1].failed, ==, 2);
	g_assert_cmpint(card->outputs[1].error, ==, ECANCELED);
	card_flip_all(card);
}

/* A flip is stuck, and a mode set waits for it: the blocking one is that mode set, and what waited
 * goes on. */
static void test_stuck_with_a_mode_set_waiting(struct card_fixture *card)
{
	struct card_output *other = &card->outputs[1];
	struct kms_buffer *buffer;

	double_card.crtcs = 2;
	card_start_timed(card, 50);
	buffer = card_buffer(card, 1);
	card_submit_buffer(card, 0, buffer);
	double_lose_flips();
	card->requests[0].mode = "640x480";
	g_assert_true(kms_device_configure(card->device, card->requests, 2, NULL));
	g_assert_cmpint(card_submit_buffer(card, 1, buffer), ==, KMS_SUBMIT_ACCEPTED);
	card_wait(card->outputs[0].failures == 1);
	card_turn();
	g_assert_false(card->gone);
	g_assert_cmpuint(kms_output_mode(card->outputs[0].output)->width, ==, 640);
	/* The frame of the output that was not stuck is on its way. */
	g_assert_true(kms_output_busy(other->output));
	card_flip(1);
	g_assert_cmpuint(other->presented, ==, 2);
	g_assert_cmpint(card_submit_buffer(card, 1, buffer), ==, KMS_SUBMIT_ACCEPTED);
	card_flip(1);
	g_assert_cmpuint(other->presented, ==, 3);
}

/* ---- who cannot be lit ---- */

/* After a switch of terminals everything is new to the driver, and one output is too many. */
static void test_one_too_many_after_a_pause(struct card_fixture *card)
{
	unsigned int active = 0;

	double_card.crtcs = 3;
	card_start(card);
	kms_device_pause(card->device);
	double_card.active_max = 2;
	/* Another master has what the driver lets it. */
	double_darken(2);
	g_assert_true(kms_device_resume(card->device, NULL));
	card_turn();
	for (size_t i = 0; i < 3; i++)
		active += kms_output_active(card->outputs[i].output);
	g_assert_cmpuint(active, ==, 2);
	g_assert_nonnull(strstr(card->log->str, "DP-3: left off"));
	g_assert_null(strstr(card->log->str, "DP-1: left off"));
	card_flip_all(card);

	/* The next time there may be room. */
	kms_device_pause(card->device);
	double_card.active_max = 0;
	g_assert_true(kms_device_resume(card->device, NULL));
	card_turn();
	for (size_t i = 0; i < 3; i++)
		g_assert_true(kms_output_active(card->outputs[i].output));
	card_flip_all(card);
}

/* The blocking mode set after a stuck flip leaves out a monitor that is too much, too. */
static void test_stuck_with_one_too_many(struct card_fixture *card)
{
	double_card.crtcs = 2;
	double_card.active_max = 1;
	double_card.connected[1] = false;
	card_start_timed(card, 200);
	card_submit_stuck(card, 0);
	card->outputs[0].changes = card->outputs[1].changes = 0;
	double_card.connected[1] = true;
	probe(card);
	card_wait(card->outputs[0].failures == 1);
	card_turn();
	g_assert_false(card->gone);
	g_assert_true(kms_output_active(card->outputs[0].output));
	g_assert_false(kms_output_active(card->outputs[1].output));
	card_show(card, 0);
	g_assert_cmpuint(card->outputs[0].presented, ==, 2);
}

/* A monitor was changed for one without the configured mode: that output is dark, and no reason to
 * refuse what is asked of another. */
static void test_another_has_lost_its_mode(struct card_fixture *card)
{
	g_autoptr(GError) error = NULL;

	double_card.crtcs = 2;
	card_open(card);
	card->requests[0].mode = "800x600";
	card->requests[1].off = true;
	g_assert_true(kms_device_configure(card->device, card->requests, 2, NULL));
	card_turn();
	card->outputs[0].changes = card->outputs[1].changes = 0;
	double_card.small[0] = true;
	probe(card);
	g_assert_false(kms_output_active(card->outputs[0].output));
	card_flip_all(card);

	card->requests[1].off = false;
	g_assert_true(kms_device_configure(card->device, card->requests, 2, &error));
	g_assert_no_error(error);
	card_turn();
	g_assert_true(kms_output_active(card->outputs[1].output));
	g_assert_false(kms_output_active(card->outputs[0].output));
	card_flip_all(card);
	/* What is asked of that output anew must be possible. */
	card->requests[0].mode = "1024x768";
	g_assert_false(kms_device_configure(card->device, card->requests, 2, &error));
	g_assert_error(error, KMS_ERROR, KMS_ERROR_NO_MODE);
	card->requests[0].mode = "640x480";
	g_assert_true(kms_device_configure(card->device, card->requests, 2, NULL));
	card_turn();
	g_assert_true(kms_output_active(card->outputs[0].output));
	card_flip_all(card);
}

int main(int argc, char **argv)
{
	card_init(&argc, &argv);
	card_add_test("/kms/modeset/frame-of-an-output-that-goes-off",
		test_frame_of_an_output_that_goes_off);
	card_add_test("/kms/modeset/stuck/mode-set-waiting", test_stuck_with_a_mode_set_waiting);
	card_add_test("/kms/modeset/stuck/one-too-many", test_stuck_with_one_too_many);
	card_add_test("/kms/modeset/one-too-many-after-a-pause", test_one_too_many_after_a_pause);
	card_add_test("/kms/modeset/another-has-lost-its-mode", test_another_has_lost_its_mode);
	return g_test_run();
}
