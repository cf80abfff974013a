/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What is the driver's word and what only the moment's: mode sets, pictures and outputs that are
 * refused or put off, and how often they are tried.
 */
#include "card_fixture.h"
#include "device.h"
#include "hotplug.h"
#include "output.h"

#include <errno.h>
#include <string.h>

static unsigned int count_of(const struct card_fixture *card, const char *line)
{
	unsigned int count = 0;

	for (const char *at = card->log->str; (at = strstr(at, line)); at++)
		count++;
	return count;
}

/* When the device will look at it again: microseconds from now. */
static int64_t looks_again_us(const struct card_fixture *card)
{
	return card->device->card->records.retry_us - g_get_monotonic_time();
}

/* ---- mode sets ---- */

/* The kernel had no time: the same again soon, and not at once. */
static void test_busy(struct card_fixture *card)
{
	card_start(card);
	double_fail(DOUBLE_COMMIT, EBUSY, 0, 1);
	card_configure(card, "640x480", false);
	g_assert_cmpuint(double_counters.commits_refused, ==, 1);
	g_assert_cmpuint(kms_output_mode(card->outputs[0].output)->width, ==, 1024);
	/* A fiftieth of a second, not the whole one of those that stay busy. */
	g_assert_cmpint(looks_again_us(card), <=, 20000);
	g_assert_cmpuint(count_of(card, "refuses"), ==, 0);
	card_wait(kms_output_mode(card->outputs[0].output)->width == 640);
	card_flip(0);
	card_show(card, 0);
}

/* The same for one that is to be lit. */
static void test_busy_newcomer(struct card_fixture *card)
{
	double_card.crtcs = 2;
	double_card.connected[1] = false;
	card_start(card);
	double_card.connected[1] = true;
	double_fail(DOUBLE_COMMIT, EBUSY, 0, 1);
	kms_hotplug_probe(card->device->hotplug);
	card_wait(card->probes == 1);
	g_assert_cmpuint(double_counters.commits_refused, ==, 1);
	g_assert_false(kms_output_active(card->outputs[1].output));
	card_wait(kms_output_active(card->outputs[1].output));
	g_assert_cmpuint(count_of(card, "left off"), ==, 0);
	g_assert_cmpuint(card->outputs[0].changes, ==, 0);
	card_flip_all(card);
}

/* The driver's word: said once, and that was it. */
static void test_refused(struct card_fixture *card)
{
	double_card.no_odd_modes = true;
	card_start(card);
	double_break_link(0);
	double_fail(DOUBLE_COMMIT, ERANGE, 0, 2);
	kms_hotplug_probe(card->device->hotplug);
	card_wait(card->probes == 1);
	g_assert_cmpuint(double_counters.commits_refused, ==, 2);
	g_assert_cmpuint(count_of(card, "the driver refuses the mode set: "), ==, 1);
	card_turn();
	g_assert_cmpuint(double_counters.commits_refused, ==, 2);
	card_show(card, 0);
	/* The next occasion is another chance. */
	kms_hotplug_probe(card->device->hotplug);
	card_wait(card->probes == 2);
	g_assert_cmpuint(double_value(DOUBLE_CONNECTOR(0), "link-status"), ==, 0);
	card_flip(0);
}

/* Nobody is asked again and again: only where there is room that was not there before. */
static void test_no_room_comes(struct card_fixture *card)
{
	double_card.crtcs = 3;
	double_card.active_max = 2;
	card_start(card);
	g_assert_false(kms_output_active(card->outputs[2].output));
	g_assert_cmpuint(count_of(card, "DP-3: left off"), ==, 1);
	double_break_link(0);
	kms_hotplug_probe(card->device->hotplug);
	card_wait(card->probes == 1);
	card_flip_all(card);
	g_assert_cmpuint(double_value(DOUBLE_CONNECTOR(0), "link-status"), ==, 0);
	g_assert_cmpuint(count_of(card, "DP-3: left off"), ==, 1);
	g_assert_false(kms_output_active(card->outputs[2].output));
}

/* The same mode again is nothing to a frame that waits: it is shown in it. */
static void test_frame_waits_for_the_same_mode(struct card_fixture *card)
{
	card_start(card);
	card_submit(card, 0);
	card_submit(card, 0);
	double_break_link(0);
	kms_hotplug_probe(card->device->hotplug);
	card_wait(card->probes == 1);
	card_flip(0);
	g_assert_cmpuint(card->outputs[0].presented, ==, 1);
	g_assert_cmpuint(double_value(DOUBLE_CONNECTOR(0), "link-status"), ==, 0);
	card_flip(0);
	card_flip_all(card);
	g_assert_cmpuint(card->outputs[0].presented, ==, 2);
	g_assert_cmpuint(card->outputs[0].failures, ==, 0);
}

/* What is there from before stays only where it is of the mode that is wanted. */
static void test_other_picture_than_wanted(struct card_fixture *card)
{
	uint32_t firmwares = double_light(0);

	card_open(card);
	card_configure(card, "640x480", true);
	g_assert_cmpuint(card_shown(0), !=, firmwares);
	g_assert_cmpuint(double_framebuffer(card_shown(0))->width, ==, 640);
	g_assert_cmpuint(double_value(DOUBLE_PRIMARY(0), "CRTC_W"), ==, 640);
}

/* Without memory there is no mode set, and the reason is told. */
static void test_no_memory(struct card_fixture *card)
{
	static const struct {
		enum double_call call;
		const char *reason;
	} cases[] = {
		{DOUBLE_CREATE_BLOB, "the kernel refuses mode 1024x768: Cannot allocate memory"},
		{DOUBLE_CREATE_DUMB,
			"cannot create a dumb buffer of 1024x768: Cannot allocate memory"},
	};

	card_open(card);
	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		double_fail(cases[i].call, ENOMEM, 0, 1000);
		card_configure(card, NULL, false);
		g_test_message("%s", card->log->str);
		g_assert_nonnull(strstr(card->log->str, cases[i].reason));
		g_assert_cmpuint(double_counters.commits + double_counters.commits_refused, ==, 0);
		double_fail(cases[i].call, 0, 0, 0);
	}
}

/* ---- more outputs than CRTCs ---- */

static void test_too_few_crtcs(struct card_fixture *card)
{
	double_card.crtcs = 3;
	double_card.reaches[0] = 1;
	double_card.reaches[1] = 1;
	card_start(card);
	g_assert_true(kms_output_active(card->outputs[0].output));
	g_assert_false(kms_output_active(card->outputs[1].output));
	g_assert_true(kms_output_active(card->outputs[2].output));
	g_assert_nonnull(strstr(card->log->str,
		"DP-2: left off: the card cannot drive so many outputs at once; turn another one "
		"off"));
	card_submit(card, 0);
	card_submit(card, 2);
	card_flip_all(card);
	g_assert_cmpuint(card->outputs[0].presentations + card->outputs[2].presentations, ==, 2);
	/* Its place is free now. */
	card->requests[0].off = true;
	g_assert_true(kms_device_configure(card->device, card->requests, 3, NULL));
	card_turn();
	card_flip_all(card);
	g_assert_true(kms_output_active(card->outputs[1].output));
	g_assert_cmpuint(double_value(DOUBLE_CONNECTOR(1), "CRTC_ID"), ==, DOUBLE_CRTC(0));
}

/* Who could take another one's makes room for whom only that one serves. */
static void test_makes_room(struct card_fixture *card)
{
	double_card.crtcs = 3;
	double_card.reaches[0] = 7;
	double_card.reaches[1] = 3;
	double_card.reaches[2] = 1;
	card_start(card);
	for (size_t i = 0; i < 3; i++)
		g_assert_true(kms_output_active(card->outputs[i].output));
	g_assert_cmpuint(double_value(DOUBLE_CONNECTOR(2), "CRTC_ID"), ==, DOUBLE_CRTC(0));
	g_assert_cmpuint(double_value(DOUBLE_CONNECTOR(1), "CRTC_ID"), ==, DOUBLE_CRTC(1));
	g_assert_cmpuint(double_value(DOUBLE_CONNECTOR(0), "CRTC_ID"), ==, DOUBLE_CRTC(2));
}

/* Who runs stays where it is, as long as it costs nobody a place; so does what firmware lit. */
static void test_stays(struct card_fixture *card)
{
	double_card.crtcs = 3;
	double_card.connected[0] = false;
	double_card.connected[1] = false;
	double_card.reaches[2] = 2;
	card_start(card);
	g_assert_cmpuint(double_value(DOUBLE_CONNECTOR(2), "CRTC_ID"), ==, DOUBLE_CRTC(1));
	double_card.connected[0] = true;
	double_card.connected[1] = true;
	kms_hotplug_probe(card->device->hotplug);
	card_wait(card->probes == 1);
	card_flip_all(card);
	g_assert_cmpuint(double_value(DOUBLE_CONNECTOR(0), "CRTC_ID"), ==, DOUBLE_CRTC(0));
	g_assert_cmpuint(double_value(DOUBLE_CONNECTOR(1), "CRTC_ID"), ==, DOUBLE_CRTC(2));
	g_assert_cmpuint(double_value(DOUBLE_CONNECTOR(2), "CRTC_ID"), ==, DOUBLE_CRTC(1));
	g_assert_cmpuint(card->outputs[2].changes, ==, 0);
}

/* ---- pictures ---- */

static struct kms_frame frame_of(struct card_fixture *card, int32_t width, int32_t height)
{
	struct kms_frame frame = card_frame(card, card_picture(card, 0));

	frame.source.width = width;
	frame.source.height = height;
	return frame;
}

/* While a commit is in flight, a picture that is upright and pixel by pixel is not asked about: its
 * own commit will tell. */
static void test_asked_while_busy(struct card_fixture *card)
{
	struct kms_output *output;
	struct kms_frame frame;
	unsigned int asked = 0;

	double_card.scaler = true;
	double_card.rotation = true;
	card_start(card);
	output = card->outputs[0].output;
	card_submit(card, 0);
	double_counters.tests = 0;
	frame = card_frame(card, card_buffer(card, 0));
	frame.destination.x = 8;
	frame.destination.width -= 8;
	frame.source.width -= 8;
	g_assert_true(kms_output_test(output, &frame));
	g_assert_cmpuint(double_counters.tests, ==, asked);
	frame = frame_of(card, 512, 768);
	g_assert_true(kms_output_test(output, &frame));
	g_assert_cmpuint(double_counters.tests, ==, ++asked);
	frame = frame_of(card, 1024, 384);
	g_assert_true(kms_output_test(output, &frame));
	g_assert_cmpuint(double_counters.tests, ==, ++asked);
	frame = frame_of(card, 1024, 768);
	frame.transform = KMS_ROTATE_180;
	g_assert_true(kms_output_test(output, &frame));
	g_assert_cmpuint(double_counters.tests, ==, ++asked);
	g_assert_cmpuint(kms_output_counters(output)->tests, >=, asked);
	card_flip(0);
}

/* The moment's word is no answer: the commit will tell. */
static void test_asked_in_vain(struct card_fixture *card)
{
	struct kms_output *output;
	struct kms_frame frame;

	double_card.scaler = true;
	card_start(card);
	output = card->outputs[0].output;
	frame = frame_of(card, 512, 384);
	double_fail(DOUBLE_TEST, EBUSY, 0, 1);
	g_assert_true(kms_output_test(output, &frame));
	double_fail(DOUBLE_TEST, ERANGE, 0, 1);
	g_assert_false(kms_output_test(output, &frame));
	/* That one is remembered. */
	g_assert_false(kms_output_test(output, &frame));
}

/* ---- counters ---- */

static void test_counters(struct card_fixture *card)
{
	static uint32_t pixels[KMS_CURSOR_SIZE * KMS_CURSOR_SIZE] = {0xffffffff};
	const struct kms_output_counters *counters;
	struct kms_output_counters before;

	card_start(card);
	counters = kms_output_counters(card->outputs[0].output);
	before = *counters;
	g_assert_cmpuint(before.mode_sets, ==, 1);
	card_show(card, 0);
	g_assert_cmpuint(counters->commits, ==, before.commits + 1);
	g_assert_cmpuint(counters->frames_shown, ==, before.frames_shown + 1);
	card_submit(card, 0);
	card_submit(card, 0);
	card_submit(card, 0);
	g_assert_cmpuint(counters->frames_superseded, ==, before.frames_superseded + 1);
	card_flip(0);
	card_flip(0);
	g_assert_cmpuint(counters->commits, ==, before.commits + 3);
	before = *counters;
	g_assert_true(kms_output_set_cursor(card->outputs[0].output, pixels, 0, 0));
	g_assert_cmpuint(counters->tests, ==, before.tests + 1);
	card_wait(counters->cursor_commits == before.cursor_commits + 1);
	g_assert_cmpuint(counters->commits, ==, before.commits + 1);
	card_flip(0);
	/* It is where it was set: nothing more is due. */
	g_assert_cmpint(card->outputs[0].output->cursor_due_us, ==, KMS_NEVER);
	before = *counters;
	card_configure(card, "640x480", false);
	g_assert_cmpuint(counters->mode_sets, ==, before.mode_sets + 1);
	card_flip_all(card);
}

int main(int argc, char **argv)
{
	card_init(&argc, &argv);
	card_add_test("/kms/refusal/busy", test_busy);
	card_add_test("/kms/refusal/busy-newcomer", test_busy_newcomer);
	card_add_test("/kms/refusal/refused", test_refused);
	card_add_test("/kms/refusal/no-room-comes", test_no_room_comes);
	card_add_test("/kms/refusal/frame-waits-for-the-same-mode",
		test_frame_waits_for_the_same_mode);
	card_add_test("/kms/refusal/other-picture-than-wanted", test_other_picture_than_wanted);
	card_add_test("/kms/refusal/no-memory", test_no_memory);
	card_add_test("/kms/refusal/too-few-crtcs", test_too_few_crtcs);
	card_add_test("/kms/refusal/makes-room", test_makes_room);
	card_add_test("/kms/refusal/stays", test_stays);
	card_add_test("/kms/refusal/asked-while-busy", test_asked_while_busy);
	card_add_test("/kms/refusal/asked-in-vain", test_asked_in_vain);
	card_add_test("/kms/refusal/counters", test_counters);
	return g_test_run();
}
