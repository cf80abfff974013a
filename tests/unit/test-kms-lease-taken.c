/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A card that is a lease, on the double: its owner takes it back, or leaves, and that is a word on
 * the card, said once, not on frames. What else a request can name in vain is no such word.
 */
#include "card_fixture.h"

#include <errno.h>
#include <string.h>

static void expect_revoked(struct card_fixture *card)
{
	g_assert_true(card->gone);
	g_assert_true(kms_device_revoked(card->device));
	g_assert_nonnull(strstr(card->log->str, "its owner has taken the lease back"));
	g_assert_null(strstr(card->log->str, "left off"));
	g_assert_cmpint(card_submit(card, 0), ==, KMS_SUBMIT_OFF);
}

/* Nothing says so but the next frame. */
static void test_at_frame(struct card_fixture *card)
{
	card_start(card);
	card_show(card, 0);
	double_card.revoked = true;
	card_submit(card, 0);
	card_turn();
	expect_revoked(card);
	/* Whoever waited was answered. */
	g_assert_cmpuint(card->outputs[0].failures, ==, 0);
}

/* With a frame on its way, whose event still comes, and another one that waits for that. */
static void test_in_flight(struct card_fixture *card)
{
	card_start(card);
	g_assert_cmpint(card_submit(card, 0), ==, KMS_SUBMIT_ACCEPTED);
	g_assert_cmpint(card_submit_buffer(card, 0, card_buffer(card, 0)), ==, KMS_SUBMIT_ACCEPTED);
	double_card.revoked = true;
	card_flip(0);
	g_assert_cmpuint(card->outputs[0].failed, ==, card->serial);
	expect_revoked(card);
}

/* The owner is at another terminal: we may not, and wait. Then it ends there. */
static void test_owner_leaves(struct card_fixture *card)
{
	card_start(card);
	double_set_master(false);
	double_card.other_master = true;
	g_assert_cmpint(card_submit(card, 0), ==, KMS_SUBMIT_OFF);
	card_turn();
	g_assert_false(card->gone);
	double_card.revoked = true;
	card_wait(card->gone);
	expect_revoked(card);
}

/* A framebuffer that is no more is a fault of that one. */
static void test_other_missing(struct card_fixture *card)
{
	card_start(card);
	double_fail(DOUBLE_TEST, ENOENT, 0, 1);
	double_fail(DOUBLE_COMMIT, ENOENT, 0, 1);
	g_assert_cmpint(card_submit(card, 0), ==, KMS_SUBMIT_REFUSED);
	card_turn();
	g_assert_false(card->gone);
	g_assert_false(kms_device_revoked(card->device));
}

/* Nor is it said of one that was unplugged. */
static void test_unplugged(struct card_fixture *card)
{
	card_start(card);
	card_show(card, 0);
	double_card.gone = true;
	card_submit(card, 0);
	card_turn();
	g_assert_true(card->gone);
	g_assert_false(kms_device_revoked(card->device));
}

int main(int argc, char **argv)
{
	card_init(&argc, &argv);
	card_add_test("/kms/lease/taken/at-frame", test_at_frame);
	card_add_test("/kms/lease/taken/in-flight", test_in_flight);
	card_add_test("/kms/lease/taken/owner-leaves", test_owner_leaves);
	card_add_test("/kms/lease/taken/other-missing", test_other_missing);
	card_add_test("/kms/lease/taken/unplugged", test_unplugged);
	return g_test_run();
}
