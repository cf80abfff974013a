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

/* ---- changing a card that runs ---- */

static void test_mode_set_waits_for_flips(struct card_fixture *card)
{
	double_card.crtcs = 2;
	card_start(card);
	card_submit(card, 0);
	card_show(card, 1);
	g_assert_cmpuint(double_counters.commits, ==, 2);
	card_configure(card, "640x480", false);
	g_assert_false(kms_output_setting_mode(card->outputs[0].output));
	/* CRTC 0 has a commit in flight; nothing goes out before its event. */
	g_assert_cmpint(card_submit(card, 1), ==, KMS_SUBMIT_ACCEPTED);
	g_assert_cmpuint(double_counters.commits, ==, 2);
	card_flip(0);
	g_assert_cmpuint(double_counters.commits, ==, 3);
	g_assert_cmpuint(double_counters.modeset_commits, ==, 1);
	g_assert_cmpuint(double_counters.blocking_commits, ==, 0);
	g_assert_cmpuint(kms_output_mode(card->outputs[0].output)->width, ==, 640);
	g_assert_true(kms_output_busy(card->outputs[0].output));
	g_assert_true(kms_output_busy(card->outputs[1].output));
	g_assert_cmpuint(card->outputs[0].presented, ==, 1);
	g_assert_cmpuint(card->outputs[0].changes, ==, 1);
	g_assert_true(kms_output_setting_mode(card->outputs[0].output));
	card_flip(0);
	g_assert_false(kms_output_setting_mode(card->outputs[0].output));
	card_flip(1);
	g_assert_cmpuint(card->outputs[0].presentations, ==, 1);
}

/* A frame that was made for the old mode cannot be shown in the new one. */
static void test_pending_frame_of_the_old_mode(struct card_fixture *card)
{
	card_start(card);
	card_submit(card, 0);
	card_submit(card, 0);
	card_configure(card, "640x480", false);
	card_flip(0);
	g_assert_cmpuint(card->outputs[0].presented, ==, 1);
	g_assert_cmpuint(card->outputs[0].failed, ==, 2);
	g_assert_cmpint(card->outputs[0].error, ==, ECANCELED);
	card_flip(0);
	g_assert_false(kms_output_busy(card->outputs[0].output));
}

/* The driver refuses the new mode: the frame that waited for it is shown in the old one. */
static void test_pending_frame_of_a_refused_mode(struct card_fixture *card)
{
	card_start(card);
	card_submit(card, 0);
	card_submit(card, 0);
	card_configure(card, "640x480", false);
	double_fail(DOUBLE_COMMIT, EINVAL, 0, 2);
	card_flip(0);
	g_assert_nonnull(strstr(card->log->str, "DP-1: the driver refuses 640x480"));
	g_assert_cmpuint(card->outputs[0].presented, ==, 1);
	g_assert_true(kms_output_busy(card->outputs[0].output));
	card_flip(0);
	g_assert_cmpuint(card->outputs[0].presented, ==, 2);
	g_assert_cmpuint(card->outputs[0].failures, ==, 0);
	g_assert_cmpuint(kms_output_mode(card->outputs[0].output)->width, ==, 1024);
}

static void test_one_off_and_on(struct card_fixture *card)
{
	double_card.crtcs = 2;
	card_start(card);
	card_show(card, 1);
	card_configure_only(card, 1);
	g_assert_false(kms_output_active(card->outputs[0].output));
	g_assert_cmpuint(double_value(DOUBLE_CRTC(0), "ACTIVE"), ==, 0);
	g_assert_cmpuint(card->outputs[0].changes, ==, 1);
	/* The other one goes on with its picture. */
	g_assert_cmpuint(double_framebuffer(card_shown(1))->width, ==, 1024);
	g_assert_true(kms_output_holds(card->outputs[1].output, card_picture(card, 1)));
	g_assert_cmpuint(card->outputs[1].changes, ==, 0);
	g_assert_false(kms_output_busy(card->outputs[1].output));
	card_flip(0);
	card_configure(card, NULL, false);
	g_assert_true(kms_output_active(card->outputs[0].output));
	g_assert_cmpuint(double_value(DOUBLE_CRTC(0), "ACTIVE"), ==, 1);
	g_assert_false(kms_output_busy(card->outputs[1].output));
	card_flip(0);
}

/* Asked for, but not lit yet: what its mode will be is known. */
static void test_off_for_now(struct card_fixture *card)
{
	double_card.crtcs = 2;
	card_start(card);
	card->requests[1].mode = "640x480";
	card->requests[1].off = true;
	g_assert_true(kms_device_configure(card->device, card->requests, 2, NULL));
	card_turn();
	g_assert_false(kms_output_active(card->outputs[1].output));
	g_assert_cmpuint(kms_output_mode(card->outputs[1].output)->width, ==, 640);
	g_assert_cmpuint(double_value(DOUBLE_CRTC(1), "ACTIVE"), ==, 0);
	card_flip(1);
	card->requests[1].off = false;
	g_assert_true(kms_device_configure(card->device, card->requests, 2, NULL));
	card_turn();
	g_assert_true(kms_output_active(card->outputs[1].output));
	g_assert_cmpuint(kms_output_mode(card->outputs[1].output)->width, ==, 640);
	card_flip(1);
}

/* ---- frames that wait for a mode set ---- */

/* The mode set that a frame had to wait for turns its output off. */
static void test_frame_of_an_output_that_goes_off(struct card_fixture *card)
{
	double_card.crtcs = 2;
	card_start(card);
	card_submit(card, 1);
	card_configure_only(card, 0);
	g_assert_cmpint(card_submit(card, 1), ==, KMS_SUBMIT_ACCEPTED);
	card_flip(1);
	g_assert_false(kms_output_active(card->outputs[1].output));
	g_assert_cmpuint(card->outputs[1].failed, ==, 2);
	g_assert_cmpint(card->outputs[1].error, ==, ECANCELED);
	card_flip_all(card);
}

/* A flip is stuck, and a mode set waits for it: the blocking one is that mode set. Another output
 * does not notice. */
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
	card_flip(1);
	g_assert_cmpuint(other->presented, ==, 2);
	card_wait(card->outputs[0].failures == 1);
	card_turn();
	g_assert_false(card->gone);
	g_assert_cmpuint(kms_output_mode(card->outputs[0].output)->width, ==, 640);
	g_assert_cmpuint(other->changes, ==, 0);
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

/* A monitor was changed for one without the configured mode: it runs with the next in the list, and
 * another output does not notice. */
static void test_has_lost_its_mode(struct card_fixture *card)
{
	/* One that is sound, and says nothing: the kernel's list is the monitor's. */
	static const uint8_t edid[128] = {0x00, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
		0x00, [127] = 0x06};

	double_card.crtcs = 2;
	card_open(card);
	double_set_edid(0, edid, sizeof(edid));
	card->requests[0].mode = "800x600";
	g_assert_true(kms_device_configure(card->device, card->requests, 2, NULL));
	card_turn();
	card->outputs[0].changes = card->outputs[1].changes = 0;
	double_card.small[0] = true;
	probe(card);
	g_assert_true(kms_output_active(card->outputs[0].output));
	g_assert_cmpuint(kms_output_mode(card->outputs[0].output)->width, ==, 640);
	g_assert_nonnull(strstr(card->log->str, "DP-1: the mode that was asked for"));
	g_assert_cmpuint(card->outputs[1].changes, ==, 0);
	card_flip(0);

	/* And comes back with it. */
	card->outputs[0].changes = 0;
	double_card.small[0] = false;
	probe(card);
	g_assert_cmpuint(kms_output_mode(card->outputs[0].output)->width, ==, 800);
	card_flip(0);
}

/* A CRTC that runs may not be without its primary plane, not even within a mode set. */
static void test_primary_needed(struct card_fixture *card)
{
	double_card.crtcs = 2;
	double_card.primary_needed = true;
	card_start(card);
	card_configure(card, "640x480", false);
	card_flip_all(card);
	card_configure_only(card, 1);
	card_flip_all(card);
	card_configure(card, NULL, false);
	card_flip_all(card);
	g_assert_cmpuint(double_counters.commits_refused, ==, 0);
	card_show(card, 0);
	card_show(card, 1);
}

/* What belongs to an output that a mode set leaves as it is stays as it is: picture, cursor, and
 * what the driver said. */
static void test_others_do_not_notice(struct card_fixture *card)
{
	static uint32_t pixels[KMS_CURSOR_SIZE * KMS_CURSOR_SIZE] = {0xffffffff};
	struct kms_output *other;

	double_card.crtcs = 2;
	double_card.connected[1] = false;
	card_start(card);
	other = card->outputs[0].output;
	g_assert_true(kms_output_set_cursor(other, pixels, 0, 0));
	card_show(card, 0);
	g_assert_cmpuint(double_value(DOUBLE_CURSOR(0), "CRTC_ID"), ==, DOUBLE_CRTC(0));
	memset(&double_counters, 0, sizeof(double_counters));
	/* One is on its way all the time. */
	card_submit(card, 0);
	card->outputs[0].changes = card->outputs[1].changes = 0;
	double_card.connected[1] = true;
	probe(card);
	g_assert_true(kms_output_active(card->outputs[1].output));
	g_assert_cmpuint(double_value(DOUBLE_CURSOR(0), "CRTC_ID"), ==, DOUBLE_CRTC(0));
	g_assert_cmpuint(card_shown(0), !=, 0);
	card_flip(0);
	double_counters.tests = 0;
	card_show(card, 0);
	g_assert_cmpuint(double_counters.tests, ==, 0);
	g_assert_cmpuint(card->outputs[0].changes, ==, 0);
	g_assert_cmpuint(card->outputs[0].failures, ==, 0);
	card_flip(1);
}

struct painting {
	unsigned int times;
	uint32_t width;
	uint32_t height;
	const struct kms_output *output;
};

/* Its first and its last pixel are the colour's. */
static void paint(void *data, struct kms_output *output, struct kms_buffer *buffer)
{
	struct painting *painting = data;
	uint32_t stride;
	uint8_t *pixels = kms_buffer_pixels(buffer, &stride);
	const uint32_t color = 0x123456;

	painting->times++;
	painting->output = output;
	painting->width = kms_buffer_width(buffer);
	painting->height = kms_buffer_height(buffer);
	memcpy(pixels, &color, sizeof(color));
	memcpy(pixels + (size_t)(painting->height - 1) * stride + (size_t)(painting->width - 1) * 4,
		&color, sizeof(color));
}

static void ask_to_paint(struct card_fixture *card, struct painting *painting)
{
	for (size_t i = 0; i < card->count; i++) {
		card->requests[i].paint = paint;
		card->requests[i].paint_data = painting;
	}
}

/* The very first commit has the caller's picture; so has the one that lights it again, but not one
 * after which there is a picture to come back to. */
static void test_painted(struct card_fixture *card)
{
	struct painting painting = {0};

	card_open(card);
	ask_to_paint(card, &painting);
	card_configure(card, "640x480", false);
	g_assert_cmpuint(double_counters.commits, ==, 1);
	g_assert_cmpuint(painting.times, ==, 1);
	g_assert_true(painting.output == card->outputs[0].output);
	g_assert_cmpuint(painting.width, ==, 640);
	g_assert_cmpuint(painting.height, ==, 480);
	g_assert_cmphex(double_pixels(card_shown(0))[0], ==, 0x123456);
	g_assert_cmphex(double_pixels(card_shown(0))[640 * 480 - 1], ==, 0x123456);
	card_show(card, 0);
	card_configure(card, "640x480", false);
	g_assert_cmpuint(painting.times, ==, 1);

	card->requests[0].off = true;
	card_configure(card, "640x480", false);
	card_flip_all(card);
	card->requests[0].off = false;
	card_configure(card, "640x480", false);
	g_assert_cmpuint(painting.times, ==, 2);
	g_assert_cmphex(double_pixels(card_shown(0))[0], ==, 0x123456);
	card_flip(0);

	kms_device_pause(card->device);
	g_assert_true(kms_device_resume(card->device, NULL));
	g_assert_cmpuint(painting.times, ==, 2);
	card_flip(0);
}

/* In the next best mode, where the first is refused: of the size of that. */
static void test_painted_in_another_mode(struct card_fixture *card)
{
	struct painting painting = {0};

	card_open(card);
	ask_to_paint(card, &painting);
	card_configure(card, "1111x777", false);
	g_assert_cmpuint(painting.width, ==, kms_output_mode(card->outputs[0].output)->width);
	g_assert_cmphex(double_pixels(card_shown(0))[0], ==, 0x123456);
}

int main(int argc, char **argv)
{
	card_init(&argc, &argv);
	card_add_test("/kms/device/mode-set/waits-for-flips", test_mode_set_waits_for_flips);
	card_add_test("/kms/device/mode-set/pending-frame", test_pending_frame_of_the_old_mode);
	card_add_test("/kms/device/mode-set/refused-pending-frame",
		test_pending_frame_of_a_refused_mode);
	card_add_test("/kms/device/mode-set/one-off-and-on", test_one_off_and_on);
	card_add_test("/kms/device/mode-set/off-for-now", test_off_for_now);
	card_add_test("/kms/modeset/frame-of-an-output-that-goes-off",
		test_frame_of_an_output_that_goes_off);
	card_add_test("/kms/modeset/stuck/mode-set-waiting", test_stuck_with_a_mode_set_waiting);
	card_add_test("/kms/modeset/stuck/one-too-many", test_stuck_with_one_too_many);
	card_add_test("/kms/modeset/one-too-many-after-a-pause", test_one_too_many_after_a_pause);
	card_add_test("/kms/modeset/has-lost-its-mode", test_has_lost_its_mode);
	card_add_test("/kms/modeset/primary-needed", test_primary_needed);
	card_add_test("/kms/modeset/others-do-not-notice", test_others_do_not_notice);
	card_add_test("/kms/modeset/painted/first", test_painted);
	card_add_test("/kms/modeset/painted/another-mode", test_painted_in_another_mode);
	return g_test_run();
}
