/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Flips whose event does not come: a mode set, once, and then the CRTC is left alone. It blocks
 * only where nobody else would have to wait for it.
 */
#include "card_fixture.h"
#include "device.h"
#include "resources.h"

#include <errno.h>
#include <string.h>

static void test_stuck_flip(struct card_fixture *card)
{
	struct card_output *seen = &card->outputs[0];

	card_start_timed(card, 50);
	card_submit(card, 0);
	card_submit_stuck(card, 0);
	card_wait(seen->failures > 0);
	g_assert_cmpuint(seen->failed, ==, 2);
	g_assert_cmpint(seen->error, ==, ETIMEDOUT);
	g_assert_cmpuint(kms_output_counters(seen->output)->flip_timeouts, ==, 1);
	/* Who waits hears of it before anything blocks. */
	g_assert_cmpuint(seen->blocked_when_failed, ==, 0);
	/* A blocking mode set helped: it goes on. */
	g_assert_cmpuint(double_counters.blocking_commits, ==, 1);
	g_assert_false(card->gone);
	card_show(card, 0);
	g_assert_cmpuint(seen->presented, ==, 3);
}

/* It is left alone, and tried again after a while. */
static void test_stuck_for_good(struct card_fixture *card)
{
	struct card_output *seen = &card->outputs[0];

	card_start_timed(card, 50);
	card_time_out(card, 0);
	card_submit_stuck(card, 0);
	card_wait(!kms_output_active(seen->output));
	card_turn();
	g_assert_cmpuint(seen->failed, ==, 2);
	g_assert_nonnull(strstr(card->log->str, "DP-1: its page flips stay stuck"));
	g_assert_false(card->gone);
	g_assert_cmpuint(double_counters.blocking_commits, ==, 1);
	g_assert_cmpint(card_submit(card, 0), ==, KMS_SUBMIT_OFF);
	double_lose_flips();
	card->device->card->crtcs[0].retry_us = 1;
	kms_records_wake_at(&card->device->card->records, 0);
	card_turn();
	g_assert_true(kms_output_active(seen->output));
	card_flip(0);
	card_show(card, 0);
}

/* One CRTC is stuck for good, and is left alone: another does not notice, and nothing blocks. */
static void test_stuck_beside_another(struct card_fixture *card)
{
	double_card.crtcs = 2;
	card_start_timed(card, 50);
	card_submit(card, 0);
	double_stall(0);
	while (kms_output_active(card->outputs[0].output)) {
		card_show(card, 1);
		g_main_context_iteration(NULL, FALSE);
	}
	g_assert_cmpint(card->outputs[0].error, ==, ETIMEDOUT);
	g_assert_cmpuint(double_counters.blocking_commits, ==, 0);
	g_assert_false(card->gone);
	g_assert_cmpint(card_submit(card, 0), ==, KMS_SUBMIT_OFF);
	for (unsigned int i = 0; i < 3; i++)
		card_show(card, 1);
	g_assert_cmpuint(card->outputs[1].failures, ==, 0);
	g_assert_cmpuint(card->outputs[1].changes, ==, 0);
	g_assert_nonnull(strstr(card->log->str, "DP-1: its page flips stay stuck"));
}

/* The event of its mode set does not come either. */
static void test_event_of_the_mode_set_lost(struct card_fixture *card)
{
	double_card.crtcs = 2;
	card_start_timed(card, 50);
	card_time_out(card, 0);
	card_wait(kms_output_busy(card->outputs[0].output));
	double_lose_flips();
	card_wait(!kms_output_active(card->outputs[0].output));
	g_assert_cmpuint(double_counters.blocking_commits, ==, 0);
	card_show(card, 1);
	g_assert_cmpuint(card->outputs[1].failures, ==, 0);
}

/* The mode set helps the one that was stuck, and the other, when that is. */
static void test_stuck_one_after_another(struct card_fixture *card)
{
	double_card.crtcs = 2;
	card_start_timed(card, 50);
	for (unsigned int i = 0; i < 2; i++) {
		card_time_out(card, i);
		card_wait(kms_output_busy(card->outputs[i].output));
		card_flip(i);
	}
	for (unsigned int i = 0; i < 2; i++) {
		card_show(card, i);
		g_assert_cmpuint(card->outputs[i].presentations, ==, 1);
	}
}

static void test_mode_set_does_not_help(struct card_fixture *card)
{
	card_start_timed(card, 50);
	card_submit_stuck(card, 0);
	double_fail(DOUBLE_COMMIT, EINVAL, 0, 2);
	card_wait(!kms_output_active(card->outputs[0].output));
	g_assert_cmpuint(card->outputs[0].failures, ==, 1);
	g_assert_cmpint(card->outputs[0].error, ==, ETIMEDOUT);
	g_assert_nonnull(strstr(card->log->str, g_strerror(EINVAL)));
}

/* A mode set trains links: its event has more time. */
static void test_mode_set_takes_longer(struct card_fixture *card)
{
	const struct kms_crtc *crtc;

	card_start_timed(card, 1000);
	crtc = &card->device->card->crtcs[0];
	card_configure(card, "640x480", false);
	g_assert_true(crtc->busy);
	g_assert_cmpint(kms_card_stuck_at(card->device->card, crtc) - crtc->committed_us, ==,
		4 * G_USEC_PER_SEC);
	card_flip(0);
	card_submit(card, 0);
	g_assert_cmpint(kms_card_stuck_at(card->device->card, crtc) - crtc->committed_us, ==,
		G_USEC_PER_SEC);
	card_flip(0);
}

/* An event that comes after all is of a commit that was given up. */
static void test_late_event(struct card_fixture *card)
{
	double_card.crtcs = 2;
	card_start_timed(card, 50);
	card_time_out(card, 0);
	double_find_flip(0);
	card_submit(card, 0);
	card_turn();
	g_assert_cmpuint(card->outputs[0].presentations, ==, 0);
	g_assert_true(kms_output_busy(card->outputs[0].output));
	/* That of the mode set, then that of the frame. */
	card_flip(0);
	g_assert_cmpuint(card->outputs[0].presentations, ==, 0);
	card_flip(0);
	g_assert_cmpuint(card->outputs[0].presented, ==, 2);
}

int main(int argc, char **argv)
{
	card_init(&argc, &argv);
	card_add_test("/kms/device/stuck/mode-set-helps", test_stuck_flip);
	card_add_test("/kms/device/stuck/for-good", test_stuck_for_good);
	card_add_test("/kms/device/stuck/beside-another", test_stuck_beside_another);
	card_add_test("/kms/device/stuck/event-of-the-mode-set", test_event_of_the_mode_set_lost);
	card_add_test("/kms/device/stuck/one-after-another", test_stuck_one_after_another);
	card_add_test("/kms/device/stuck/mode-set-refused", test_mode_set_does_not_help);
	card_add_test("/kms/device/stuck/mode-set-takes-longer", test_mode_set_takes_longer);
	card_add_test("/kms/device/stuck/late-event", test_late_event);
	return g_test_run();
}
