/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Mode sets that go wrong, and what is on its way meanwhile: nobody waits for ever, and who cannot
 * be lit keeps nobody else dark.
 */
#include "card_fixture.h"
#include "device.h"
#include "hotplug.h"
#include "output.h"

#include <errno.h>
#include <string.h>

static void probe(struct card_fixture *fixture)
{
	kms_hotplug_probe(fixture->device->hotplug);
	card_wait(fixture->outputs[0].changes > 0 || fixture->outputs[1].changes > 0);
	card_turn();
}

static void flip_all(struct card_fixture *fixture)
{
	for (unsigned int i = 0; i < fixture->count; i++) {
		if (double_flip(i))
			card_turn();
	}
}

/* ---- frames that wait for a mode set ---- */

/* The mode set that a frame had to wait for turns its output off. */
static void test_frame_of_an_output_that_goes_off(void)
{
	struct card_fixture fixture;
	struct kms_output_request request = {0};
	struct kms_buffer *buffer;

	double_reset();
	double_card.crtcs = 2;
	card_start(&fixture);
	buffer = card_buffer(&fixture, 0);
	card_submit(&fixture, 0, buffer, NULL, 0);
	request.output = fixture.outputs[0].output;
	g_assert_true(kms_device_configure(fixture.device, &request, 1, NULL));
	g_assert_cmpint(card_submit(&fixture, 1, buffer, NULL, 0), ==, KMS_SUBMIT_ACCEPTED);
	card_flip(0);
	g_assert_false(kms_output_active(fixture.outputs[1].output));
	g_assert_cmpuint(fixture.outputs[1].failed, ==, 2);
	g_assert_cmpint(fixture.outputs[1].error, ==, ECANCELED);
	flip_all(&fixture);
	kms_buffer_unref(buffer);
	card_finish(&fixture);
}

/* A flip is stuck, and a mode set waits for it: the blocking one is that mode set, and what waited
 * goes on. */
static void test_stuck_with_a_mode_set_waiting(void)
{
	struct card_fixture fixture;
	struct card_output *other = &fixture.outputs[1];
	struct kms_output_request requests[2] = {0};
	struct kms_buffer *buffer;

	double_reset();
	double_card.crtcs = 2;
	card_open_timed(&fixture, 50);
	card_configure(&fixture, NULL, false);
	buffer = card_buffer(&fixture, 1);
	card_submit(&fixture, 0, buffer, NULL, 0);
	double_lose_flips();
	requests[0].output = fixture.outputs[0].output;
	requests[0].mode = "640x480";
	requests[1].output = fixture.outputs[1].output;
	g_assert_true(kms_device_configure(fixture.device, requests, 2, NULL));
	g_assert_cmpint(card_submit(&fixture, 1, buffer, NULL, 0), ==, KMS_SUBMIT_ACCEPTED);
	card_wait(fixture.outputs[0].failures == 1);
	card_turn();
	g_assert_false(fixture.gone);
	g_assert_cmpuint(kms_output_mode(fixture.outputs[0].output)->width, ==, 640);
	/* The frame of the output that was not stuck is on its way. */
	g_assert_true(kms_output_busy(other->output));
	card_flip(1);
	g_assert_cmpuint(other->presented, ==, 2);
	g_assert_cmpint(card_submit(&fixture, 1, buffer, NULL, 0), ==, KMS_SUBMIT_ACCEPTED);
	card_flip(1);
	g_assert_cmpuint(other->presented, ==, 3);
	kms_buffer_unref(buffer);
	card_finish(&fixture);
}

/* ---- who cannot be lit ---- */

/* After a switch of terminals everything is new to the driver, and one output is too many. */
static void test_one_too_many_after_a_pause(void)
{
	struct card_fixture fixture;
	unsigned int active = 0;

	double_reset();
	double_card.crtcs = 3;
	card_start(&fixture);
	kms_device_pause(fixture.device);
	double_card.active_max = 2;
	/* Another master has what the driver lets it. */
	double_darken(2);
	g_assert_true(kms_device_resume(fixture.device, NULL));
	card_turn();
	for (size_t i = 0; i < 3; i++)
		active += kms_output_active(fixture.outputs[i].output);
	g_assert_cmpuint(active, ==, 2);
	g_assert_nonnull(strstr(fixture.log->str, "DP-3: left off"));
	g_assert_null(strstr(fixture.log->str, "DP-1: left off"));
	flip_all(&fixture);

	/* The next time there may be room. */
	kms_device_pause(fixture.device);
	double_card.active_max = 0;
	g_assert_true(kms_device_resume(fixture.device, NULL));
	card_turn();
	for (size_t i = 0; i < 3; i++)
		g_assert_true(kms_output_active(fixture.outputs[i].output));
	flip_all(&fixture);
	card_finish(&fixture);
}

/* The blocking mode set after a stuck flip leaves out a monitor that is too much, too. */
static void test_stuck_with_one_too_many(void)
{
	struct card_fixture fixture;
	struct kms_buffer *buffer;

	double_reset();
	double_card.crtcs = 2;
	double_card.active_max = 1;
	double_card.connected[1] = false;
	card_open_timed(&fixture, 200);
	card_configure(&fixture, NULL, false);
	buffer = card_buffer(&fixture, 0);
	card_submit(&fixture, 0, buffer, NULL, 0);
	double_lose_flips();
	fixture.outputs[0].changes = fixture.outputs[1].changes = 0;
	double_card.connected[1] = true;
	probe(&fixture);
	card_wait(fixture.outputs[0].failures == 1);
	card_turn();
	g_assert_false(fixture.gone);
	g_assert_true(kms_output_active(fixture.outputs[0].output));
	g_assert_false(kms_output_active(fixture.outputs[1].output));
	card_submit(&fixture, 0, buffer, NULL, 0);
	card_flip(0);
	g_assert_cmpuint(fixture.outputs[0].presented, ==, 2);
	kms_buffer_unref(buffer);
	card_finish(&fixture);
}

/* A monitor was changed for one without the configured mode: that output is dark, and no reason to
 * refuse what is asked of another. */
static void test_another_has_lost_its_mode(void)
{
	struct card_fixture fixture;
	struct kms_output_request requests[2] = {0};
	g_autoptr(GError) error = NULL;

	double_reset();
	double_card.crtcs = 2;
	card_open(&fixture);
	requests[0].output = fixture.outputs[0].output;
	requests[0].mode = "800x600";
	requests[1].output = fixture.outputs[1].output;
	requests[1].off = true;
	g_assert_true(kms_device_configure(fixture.device, requests, 2, NULL));
	card_turn();
	fixture.outputs[0].changes = fixture.outputs[1].changes = 0;
	double_card.small[0] = true;
	probe(&fixture);
	g_assert_false(kms_output_active(fixture.outputs[0].output));
	flip_all(&fixture);

	requests[1].off = false;
	g_assert_true(kms_device_configure(fixture.device, requests, 2, &error));
	g_assert_no_error(error);
	card_turn();
	g_assert_true(kms_output_active(fixture.outputs[1].output));
	g_assert_false(kms_output_active(fixture.outputs[0].output));
	flip_all(&fixture);
	/* What is asked of that output anew must be possible. */
	requests[0].mode = "1024x768";
	g_assert_false(kms_device_configure(fixture.device, requests, 2, &error));
	g_assert_error(error, KMS_ERROR, KMS_ERROR_NO_MODE);
	requests[0].mode = "640x480";
	g_assert_true(kms_device_configure(fixture.device, requests, 2, NULL));
	card_turn();
	g_assert_true(kms_output_active(fixture.outputs[0].output));
	flip_all(&fixture);
	card_finish(&fixture);
}

int main(int argc, char **argv)
{
	card_init(&argc, &argv);
	g_test_add_func("/kms/modeset/frame-of-an-output-that-goes-off",
		test_frame_of_an_output_that_goes_off);
	g_test_add_func("/kms/modeset/stuck/mode-set-waiting", test_stuck_with_a_mode_set_waiting);
	g_test_add_func("/kms/modeset/stuck/one-too-many", test_stuck_with_one_too_many);
	g_test_add_func("/kms/modeset/one-too-many-after-a-pause", test_one_too_many_after_a_pause);
	g_test_add_func("/kms/modeset/another-has-lost-its-mode", test_another_has_lost_its_mode);
	return g_test_run();
}
