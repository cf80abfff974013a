/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Who is DRM master: pause and resume of a terminal switch, and the loss that nobody announced.
 */
#include "buffer.h"
#include "card_fixture.h"

#include <errno.h>
#include <string.h>

static void test_pause_and_resume(struct card_fixture *card)
{
	struct card_output *seen = &card->outputs[0];
	struct kms_buffer *buffer, *newest;

	card_start(card);
	buffer = card_buffer(card, 0);
	newest = card_buffer(card, 0);
	card_submit_buffer(card, 0, buffer);
	card_submit_buffer(card, 0, newest);
	kms_device_pause(card->device);
	g_assert_false(double_is_master());
	g_assert_false(kms_output_active(seen->output));
	card_turn();
	g_assert_cmpuint(seen->failed, ==, 2);
	g_assert_cmpuint(seen->failures, ==, 1);
	g_assert_cmpint(seen->error, ==, EACCES);
	g_assert_cmpuint(seen->changes, ==, 1);
	g_assert_cmpint(card_submit_buffer(card, 0, buffer), ==, KMS_SUBMIT_OFF);

	/* Another master shows something else meanwhile. */
	double_light(0);
	card_flip(0);
	g_assert_cmpuint(seen->presentations, ==, 0);
	g_assert_true(kms_device_resume(card->device, NULL));
	card_turn();
	g_assert_true(double_is_master());
	g_assert_true(kms_output_active(seen->output));
	/* The newest picture is there, in a commit that did not wait. */
	g_assert_cmpuint(card_shown(0), ==, newest->framebuffer);
	g_assert_true(kms_output_holds(seen->output, newest));
	g_assert_false(kms_output_holds(seen->output, buffer));
	g_assert_cmpuint(double_counters.blocking_commits, ==, 0);
	card_flip(0);
	g_assert_cmpint(card_submit_buffer(card, 0, buffer), ==, KMS_SUBMIT_ACCEPTED);
	card_flip(0);
	g_assert_cmpuint(seen->presented, ==, card->serial);
}

static void test_resume_while_busy(struct card_fixture *card)
{
	card_start(card);
	card_submit(card, 0);
	kms_device_pause(card->device);
	g_assert_true(kms_device_resume(card->device, NULL));
	card_turn();
	/* The mode set waits for the event of the commit from before the pause. */
	g_assert_cmpuint(double_counters.commits, ==, 1);
	card_flip(0);
	g_assert_cmpuint(double_counters.commits, ==, 2);
	g_assert_true(kms_output_active(card->outputs[0].output));
	card_flip(0);
}

static void test_configured_while_paused(struct card_fixture *card)
{
	double_light(0);
	card_open(card);
	kms_device_pause(card->device);
	g_assert_true(kms_device_resume(card->device, NULL));
	card_turn();
	/* Nothing was asked for yet. */
	g_assert_cmpuint(double_counters.commits, ==, 0);
	kms_device_pause(card->device);
	card_configure(card, "800x600", false);
	g_assert_cmpuint(double_counters.commits, ==, 0);
	g_assert_true(kms_device_resume(card->device, NULL));
	card_turn();
	g_assert_cmpuint(double_counters.commits, ==, 1);
	g_assert_true(kms_output_active(card->outputs[0].output));
	g_assert_cmpuint(double_value(DOUBLE_CONNECTOR(0), "max bpc"), ==, 12);
	card_flip(0);
}

/* Another master's commit is in flight when we come back: EBUSY, and tried again. */
static void test_resume_ebusy(struct card_fixture *card)
{
	card_start(card);
	kms_device_pause(card->device);
	double_fail(DOUBLE_COMMIT, EBUSY, 0, 2);
	g_assert_true(kms_device_resume(card->device, NULL));
	card_wait(kms_output_active(card->outputs[0].output));
	g_assert_cmpuint(double_counters.commits, ==, 1);
	card_flip(0);
}

/* TEST_ONLY says yes, and each commit no: a refusal, and not for ever. */
static void test_resume_refused(struct card_fixture *card)
{
	double_card.crtcs = 3;
	card_start(card);
	kms_device_pause(card->device);
	double_card.width_max = 1;
	double_fail(DOUBLE_TEST, EINVAL, 0, 3);
	double_fail(DOUBLE_COMMIT, EINVAL, 0, 1000);
	g_assert_true(kms_device_resume(card->device, NULL));
	card_turn();
	for (size_t i = 0; i < 3; i++)
		g_assert_false(kms_output_active(card->outputs[i].output));
	g_assert_nonnull(strstr(card->log->str, "refuses"));
	double_card.width_max = 0;
	double_fail(DOUBLE_COMMIT, 0, 0, 0);
	card_configure(card, NULL, false);
	for (unsigned int i = 0; i < 3; i++) {
		g_assert_true(kms_output_active(card->outputs[i].output));
		card_flip(i);
	}
}

/* Another is master between our opening of the card and our first commit. */
static void test_take_over_without_master(struct card_fixture *card)
{
	g_autoptr(GError) error = NULL;

	card_open(card);
	double_fail(DOUBLE_COMMIT, EACCES, 0, 1);
	g_assert_false(kms_device_configure(card->device, card->requests, 1, &error));
	g_assert_error(error, KMS_ERROR, KMS_ERROR_OTHER_MASTER);
	card_turn();
	/* It is tried again by itself: whoever configures hears when it is worth while. */
	card_wait(strstr(card->log->str, "is DRM master again"));
	card->probes = 0;
	card_wait(card->probes > 0);
	card_configure(card, NULL, false);
	g_assert_true(kms_output_active(card->outputs[0].output));
}

/* Or the card is gone by then. */
static void test_take_over_of_nothing(struct card_fixture *card)
{
	g_autoptr(GError) error = NULL;

	card_open(card);
	double_fail(DOUBLE_COMMIT, ENODEV, 0, 1);
	g_assert_false(kms_device_configure(card->device, card->requests, 1, &error));
	g_assert_error(error, KMS_ERROR, KMS_ERROR_GONE);
	card_turn();
	g_assert_true(card->gone);
}

static void test_resume_without_master(struct card_fixture *card)
{
	g_autoptr(GError) error = NULL;

	card_start(card);
	kms_device_pause(card->device);
	double_card.other_master = true;
	g_assert_false(kms_device_resume(card->device, &error));
	g_assert_error(error, KMS_ERROR, KMS_ERROR_OTHER_MASTER);
	card_turn();
	g_assert_false(kms_output_active(card->outputs[0].output));
	/* It is tried again by itself. */
	double_card.other_master = false;
	card_wait(kms_output_active(card->outputs[0].output));
	card_flip(0);
}

static void lose_and_regain(struct card_fixture *card, bool pending)
{
	struct card_output *seen = &card->outputs[0];

	card_start(card);
	card_submit(card, 0);
	if (pending)
		card_submit(card, 0);
	double_fail(DOUBLE_COMMIT, EACCES, 0, 1);
	double_fail(DOUBLE_SET_MASTER, EACCES, 0, 1);
	card_flip(0);
	g_assert_cmpuint(seen->presented, ==, 1);
	if (!pending)
		g_assert_cmpint(card_submit(card, 0), ==, KMS_SUBMIT_OFF);
	card_turn();
	g_assert_false(kms_output_active(seen->output));
	g_assert_cmpuint(seen->failed, ==, pending ? 2 : 0);
	g_assert_cmpint(seen->error, ==, pending ? EACCES : 0);
	g_assert_cmpuint(seen->changes, ==, 1);
	g_assert_nonnull(strstr(card->log->str, "master"));
	card_wait(kms_output_active(seen->output));
	g_assert_nonnull(strstr(card->log->str, "is DRM master again"));
	card_flip(0);
	card_show(card, 0);
}

static void test_master_lost_at_submit(struct card_fixture *card)
{
	lose_and_regain(card, false);
}

static void test_master_lost_at_flip(struct card_fixture *card)
{
	lose_and_regain(card, true);
}

int main(int argc, char **argv)
{
	card_init(&argc, &argv);
	card_add_test("/kms/device/pause/resume", test_pause_and_resume);
	card_add_test("/kms/device/pause/resume-while-busy", test_resume_while_busy);
	card_add_test("/kms/device/pause/configured", test_configured_while_paused);
	card_add_test("/kms/device/pause/resume-ebusy", test_resume_ebusy);
	card_add_test("/kms/device/pause/resume-refused", test_resume_refused);
	card_add_test("/kms/device/pause/resume-without-master", test_resume_without_master);
	card_add_test("/kms/device/pause/take-over-without-master", test_take_over_without_master);
	card_add_test("/kms/device/pause/take-over-of-nothing", test_take_over_of_nothing);
	card_add_test("/kms/device/master/lost-at-submit", test_master_lost_at_submit);
	card_add_test("/kms/device/master/lost-at-flip", test_master_lost_at_flip);
	return g_test_run();
}
