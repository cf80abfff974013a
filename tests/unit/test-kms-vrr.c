/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A refresh rate that varies: where connector and CRTC can, from the mode set or as frames come;
 * and what counts vblanks, or waits for one, knows of it.
 */
#include "card_fixture.h"
#include "device.h"
#include "edid_seal.h"
#include "hotplug.h"
#include "output.h"

#include <string.h>

static void ask(struct card_fixture *card, size_t output, enum kms_vrr vrr)
{
	struct kms_settings *settings = &card->requests[output].settings;

	settings->given |= 1u << KMS_SETTING_VRR;
	settings->values[KMS_SETTING_VRR][0] = (uint8_t)vrr;
}

static void start(struct card_fixture *card, enum kms_vrr vrr)
{
	double_card.vrr = true;
	card_open(card);
	ask(card, 0, vrr);
	card_configure(card, NULL, false);
}

static struct kms_output *first(const struct card_fixture *card)
{
	return card->outputs[0].output;
}

static bool varies(unsigned int n)
{
	return double_value(DOUBLE_CRTC(n), "VRR_ENABLED") != 0;
}

static void test_off(struct card_fixture *card)
{
	double_card.vrr = true;
	card_start(card);
	card_show(card, 0);
	g_assert_false(varies(0));
	ask(card, 0, KMS_VRR_OFF);
	card_configure(card, NULL, false);
	g_assert_false(varies(0));
	card_flip_all(card);
}

static void test_always(struct card_fixture *card)
{
	start(card, KMS_VRR_ALWAYS);
	g_assert_true(varies(0));
	card_show(card, 0);
	/* No frame for long: it is no reason. */
	first(card)->vrr_frame_us -= 10 * G_USEC_PER_SEC;
	card_show(card, 0);
	g_assert_true(varies(0));
	g_assert_false(double_committed(DOUBLE_CRTC(0), "VRR_ENABLED"));
	/* And off again, in the same mode. */
	ask(card, 0, KMS_VRR_OFF);
	card_configure(card, NULL, false);
	g_assert_false(varies(0));
	card_flip_all(card);
}

/* A CRTC that goes dark forgets it: whoever gets it next finds it as it should be. */
static void test_dark(struct card_fixture *card)
{
	double_card.crtcs = 2;
	double_card.vrr = true;
	card_open(card);
	ask(card, 0, KMS_VRR_ALWAYS);
	card_configure(card, NULL, false);
	g_assert_true(varies(0));
	g_assert_false(varies(1));
	card_configure_only(card, 1);
	g_assert_false(varies(0));
	card_flip_all(card);
}

/* The CRTC goes to another output in one commit, whose monitor is not to vary. */
static void test_taken_over(struct card_fixture *card)
{
	double_card.crtcs = 2;
	double_card.connected[1] = false;
	double_card.vrr = true;
	card_open(card);
	ask(card, 0, KMS_VRR_ALWAYS);
	card_configure(card, NULL, false);
	card_flip_all(card);
	g_assert_true(varies(0));
	double_card.connected[0] = false;
	double_card.connected[1] = true;
	kms_hotplug_probe(card->device->hotplug);
	card_wait(kms_output_connected(card->outputs[1].output));
	card_turn();
	g_assert_true(kms_output_active(card->outputs[1].output));
	g_assert_false(varies(0) || varies(1));
	card_flip_all(card);
}

/* By the frames: on while they come, off with the first commit after a pause. */
static void test_auto(struct card_fixture *card)
{
	start(card, KMS_VRR_AUTO);
	g_assert_true(varies(0));
	card_show(card, 0);
	g_assert_true(varies(0));
	g_assert_false(double_committed(DOUBLE_CRTC(0), "VRR_ENABLED"));
	first(card)->vrr_frame_us -= 2 * G_USEC_PER_SEC;
	card_show(card, 0);
	g_assert_false(varies(0));
	card_show(card, 0);
	g_assert_true(varies(0));
}

/* A cursor alone is no frame: it neither begins it nor keeps it up. */
static void test_auto_cursor(struct card_fixture *card)
{
	static const uint32_t image[64 * 64] = {0xffffffff};

	start(card, KMS_VRR_AUTO);
	card_show(card, 0);
	g_assert_true(kms_output_set_cursor(first(card), image, 0, 0));
	first(card)->vrr_frame_us -= 2 * G_USEC_PER_SEC;
	kms_output_move_cursor(first(card), 5, 5);
	card_wait(kms_output_busy(first(card)));
	g_assert_false(varies(0));
	card_flip(0);
	kms_output_move_cursor(first(card), 6, 6);
	card_wait(kms_output_busy(first(card)));
	g_assert_false(varies(0));
	card_flip(0);
	g_assert_cmpuint(kms_output_counters(first(card))->cursor_commits, ==, 2);
}

/* A driver that changes it by mode sets alone: no frame is lost, and it stays. */
static void test_auto_refused(struct card_fixture *card)
{
	double_card.vrr_by_mode_set = true;
	start(card, KMS_VRR_AUTO);
	card_show(card, 0);
	first(card)->vrr_frame_us -= 2 * G_USEC_PER_SEC;
	card_show(card, 0);
	g_assert_true(varies(0));
	g_assert_nonnull(strstr(card->log->str,
		"DP-1: vrr=auto: the driver changes it by a mode set alone; it stays on\n"));
	first(card)->vrr_frame_us -= 2 * G_USEC_PER_SEC;
	card_show(card, 0);
	g_assert_cmpuint(card->outputs[0].failures, ==, 0);
	g_assert_cmpuint(double_counters.commits_refused, ==, 1);
}

static void test_incapable(struct card_fixture *card)
{
	double_card.vrr_incapable[0] = true;
	start(card, KMS_VRR_ALWAYS);
	g_assert_true(kms_output_active(first(card)));
	g_assert_false(varies(0));
	g_assert_nonnull(strstr(card->log->str,
		"DP-1: vrr=always is left out: the connector has no such setting; it has "
		"max-bpc=6 to 12\n"));
}

static void test_refused(struct card_fixture *card)
{
	double_card.refused_value = "VRR_ENABLED";
	double_card.refuses_value = 1;
	start(card, KMS_VRR_AUTO);
	g_assert_true(kms_output_active(first(card)));
	g_assert_false(varies(0));
	g_assert_nonnull(strstr(card->log->str,
		"DP-1: vrr=auto is left out: the driver refuses it in this mode\n"));
	card_show(card, 0);
	card_show(card, 0);
}

/* Frames that are longer than a period of the mode are no missed vblanks; a frame that was there in
 * time and came a vblank later is one. */
static void test_missed(struct card_fixture *card)
{
	start(card, KMS_VRR_ALWAYS);
	card_show(card, 0);
	card_show(card, 0);
	g_assert_cmpuint(kms_output_counters(first(card))->vblanks_missed, ==, 0);
	/* As if the last event was three periods ago. */
	first(card)->event_us -= 3 * kms_output_period(first(card));
	card_show(card, 0);
	g_assert_cmpuint(kms_output_counters(first(card))->vblanks_missed, ==, 0);
	/* The commit follows the event at once, and hits the second vblank after it. */
	first(card)->event_us = G_MAXINT64 / 2;
	g_assert_cmpint(card_submit(card, 0), ==, KMS_SUBMIT_ACCEPTED);
	g_assert_true(double_flip_after(0, 2));
	card_turn();
	g_assert_cmpuint(kms_output_counters(first(card))->vblanks_missed, ==, 1);
}

/* The range of a monitor from 40 to 75 Hz; `high`: 255 more of both. */
static void set_range(uint8_t slowest, bool high)
{
	uint8_t edid[128] = {0x00, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x00, 0x10, 0xac, 0x34,
		0x12};

	for (size_t i = 54; i <= 108; i += 18)
		edid[i + 3] = 0x10;
	edid[72 + 3] = 0xfd;
	edid[72 + 4] = high ? 3 : 0;
	edid[72 + 5] = slowest;
	edid[72 + 6] = 75;
	edid_seal(edid);
	double_set_edid(0, edid, sizeof(edid));
}

/* What the cursor's own commit waits for: a period of the slowest rate that the EDID has, but not
 * longer than a person takes for stuck. */
static void test_slowest(struct card_fixture *card)
{
	static const struct {
		uint8_t slowest;
		bool high;
		uint32_t hz;
		int64_t longest_us;
	} ranges[] = {{40, false, 40, 25000}, {1, false, 1, 33333}, {48, true, 303, 16667},
		{0, false, 0, 16667}};

	start(card, KMS_VRR_ALWAYS);
	card_flip_all(card);
	g_assert_cmpint(kms_output_longest_period(first(card)), ==, kms_output_period(first(card)));
	for (size_t i = 0; i < G_N_ELEMENTS(ranges); i++) {
		unsigned int changes = card->outputs[0].changes;

		set_range(ranges[i].slowest, ranges[i].high);
		kms_hotplug_probe(card->device->hotplug);
		card_wait(card->outputs[0].changes > changes);
		g_assert_cmpuint(first(card)->connector.slowest_hz, ==, ranges[i].hz);
		g_assert_cmpint(ABS(kms_output_longest_period(first(card)) - ranges[i].longest_us),
			<=, 10);
		card_flip_all(card);
	}
	/* Nobody waits for that where the rate stands still. */
	first(card)->connector.slowest_hz = 40;
	ask(card, 0, KMS_VRR_OFF);
	card_configure(card, NULL, false);
	g_assert_cmpint(kms_output_longest_period(first(card)), ==, kms_output_period(first(card)));
	card_flip_all(card);
}

/* Moved right after a vblank, it goes late in the longest frame, not in the mode's. */
static void test_cursor_waits(struct card_fixture *card)
{
	static const uint32_t image[64 * 64] = {0xffffffff};
	struct kms_output *output;

	start(card, KMS_VRR_ALWAYS);
	card_flip_all(card);
	output = first(card);
	output->connector.slowest_hz = 40;
	card_show(card, 0);
	g_assert_true(kms_output_set_cursor(output, image, 0, 0));
	g_assert_cmpint(output->cursor_due_us - output->event_us, >=, 25000 - KMS_LEAD_US);
	card_wait(kms_output_busy(output));
	card_flip(0);
}

int main(int argc, char **argv)
{
	card_init(&argc, &argv);
	card_add_test("/kms/vrr/off", test_off);
	card_add_test("/kms/vrr/always", test_always);
	card_add_test("/kms/vrr/dark", test_dark);
	card_add_test("/kms/vrr/taken-over", test_taken_over);
	card_add_test("/kms/vrr/auto", test_auto);
	card_add_test("/kms/vrr/auto-cursor", test_auto_cursor);
	card_add_test("/kms/vrr/auto-refused", test_auto_refused);
	card_add_test("/kms/vrr/incapable", test_incapable);
	card_add_test("/kms/vrr/refused", test_refused);
	card_add_test("/kms/vrr/missed", test_missed);
	card_add_test("/kms/vrr/slowest", test_slowest);
	card_add_test("/kms/vrr/cursor-waits", test_cursor_waits);
	return g_test_run();
}
