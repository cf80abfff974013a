/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What others do to the card behind us, and what only the moment is against: the picture comes
 * back, and every frame is answered.
 */
#include "card_fixture.h"
#include "device.h"
#include "double_private.h"
#include "hotplug.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>
#include <xf86drm.h>

static uint64_t *state_of(uint32_t object)
{
	return double_objects.state.values[double_objects_find(object)];
}

static void probe(struct card_fixture *card)
{
	unsigned int probes = card->probes;

	kms_hotplug_probe(card->device->hotplug);
	card_wait(card->probes > probes);
	card_turn();
}

/* ---- another master ---- */

/* It blanked its screen, with our connector on another CRTC, and a plane there. */
static void test_blanked_elsewhere(struct card_fixture *card)
{
	uint64_t mode;

	double_card.crtcs = 2;
	double_card.connected[1] = false;
	card_start(card);
	card_show(card, 0);
	kms_device_pause(card->device);
	card_turn();
	mode = double_value(DOUBLE_CRTC(0), "MODE_ID");
	double_light(1);
	double_darken(0);
	state_of(DOUBLE_CONNECTOR(0))[PROPERTY_CRTC_ID] = DOUBLE_CRTC(1);
	state_of(DOUBLE_CONNECTOR(1))[PROPERTY_CRTC_ID] = 0;
	state_of(DOUBLE_CRTC(1))[PROPERTY_MODE_ID] = mode;
	state_of(DOUBLE_CRTC(1))[PROPERTY_ACTIVE] = 0;
	g_assert_true(kms_device_resume(card->device, NULL));
	card_turn();
	g_assert_true(kms_output_active(card->outputs[0].output));
	g_assert_cmpuint(double_value(DOUBLE_CONNECTOR(0), "CRTC_ID"), ==, DOUBLE_CRTC(0));
	g_assert_cmpuint(double_value(DOUBLE_PRIMARY(1), "FB_ID"), ==, 0);
	g_assert_cmpuint(double_counters.blocking_commits, ==, 0);
	card_flip(0);
	card_show(card, 0);
}

/* The kernel turned the CRTC off, for what was on it went with its owner. */
static void test_goes_dark(struct card_fixture *card)
{
	struct card_output *seen = &card->outputs[0];

	card_start(card);
	card_show(card, 0);
	double_darken(0);
	g_assert_cmpint(card_submit(card, 0), ==, KMS_SUBMIT_REFUSED);
	card_turn();
	g_assert_true(double_value(DOUBLE_CRTC(0), "ACTIVE"));
	g_assert_true(double_committed(DOUBLE_CONNECTOR(0), "max bpc"));
	g_assert_cmpuint(seen->changes, ==, 1);
	card_flip(0);
	card_show(card, 0);
	/* And again, another time. */
	seen->output->renew_from_us = 0;
	double_darken(0);
	card_submit(card, 0);
	card_turn();
	card_flip(0);
	card_show(card, 0);
}

/* ---- the machine was suspended ---- */

/* The driver did not light the CRTC again: it has its mode and the last picture, and all that
 * another could have set. */
static void test_suspended(struct card_fixture *card)
{
	struct card_output *seen = &card->outputs[0];
	uint32_t shown;

	card_start(card);
	card_show(card, 0);
	shown = card_shown(0);
	double_darken(0);
	kms_device_renew(card->device);
	card_turn();
	g_assert_true(double_value(DOUBLE_CRTC(0), "ACTIVE"));
	g_assert_true(double_committed(DOUBLE_CRTC(0), "MODE_ID"));
	g_assert_true(double_committed(DOUBLE_CONNECTOR(0), "max bpc"));
	g_assert_cmpuint(card_shown(0), ==, shown);
	g_assert_cmpuint(double_counters.modeset_commits, ==, 1);
	g_assert_cmpuint(double_counters.blocking_commits, ==, 0);
	/* No frame was lost by it, and what the driver was thought not to take is asked again. */
	g_assert_true(kms_output_active(seen->output));
	g_assert_cmpuint(seen->changes, ==, 1);
	g_assert_cmpuint(seen->failures, ==, 0);
	card_flip(0);
	card_show(card, 0);
	/* Monitors may be others. */
	card_wait(card->probes > 0);
}

/* A frame was in flight: it is presented with its event, and then the modes are set. */
static void test_suspended_in_flight(struct card_fixture *card)
{
	struct card_output *seen = &card->outputs[0];

	card_start(card);
	card_show(card, 0);
	g_assert_cmpint(card_submit(card, 0), ==, KMS_SUBMIT_ACCEPTED);
	kms_device_renew(card->device);
	card_turn();
	g_assert_false(double_committed(DOUBLE_CONNECTOR(0), "max bpc"));
	g_assert_cmpuint(seen->presented, ==, 1);
	card_flip(0);
	g_assert_cmpuint(seen->presented, ==, 2);
	g_assert_cmpuint(seen->failures, ==, 0);
	/* The driver has its mode: nothing of it is seen. */
	g_assert_true(double_committed(DOUBLE_CONNECTOR(0), "max bpc"));
	g_assert_cmpuint(double_counters.modeset_commits, ==, 0);
	card_flip(0);
	card_show(card, 0);
}

/* The card is another program's: it is asked nothing. */
static void test_suspended_without_the_card(struct card_fixture *card)
{
	card_start(card);
	card_show(card, 0);
	kms_device_pause(card->device);
	card_turn();
	double_counters.ioctls = 0;
	kms_device_renew(card->device);
	g_assert_cmpuint(double_counters.ioctls, ==, 0);
}

/* A driver that takes one of our pictures and refuses the other: no mode set at each frame. */
static void test_takes_turns(struct card_fixture *card)
{
	struct kms_output *output;
	uint64_t mode_sets;

	card_start(card);
	card_show(card, 0);
	output = card->outputs[0].output;
	double_darken(0);
	card_submit(card, 0);
	card_turn();
	card_flip(0);
	mode_sets = kms_output_counters(output)->mode_sets;
	for (unsigned int i = 0; i < 10; i++) {
		card_show(card, 0);
		memset(&output->verdicts, 0, sizeof(output->verdicts));
		double_fail(DOUBLE_COMMIT, EINVAL, 0, 1);
		g_assert_cmpint(card_submit(card, 0), ==, KMS_SUBMIT_REFUSED);
		card_turn();
		memset(&output->verdicts, 0, sizeof(output->verdicts));
	}
	g_assert_cmpuint(kms_output_counters(output)->mode_sets, ==, mode_sets);
}

/* Dark again soon after it came back: it is lit when its time has come, and not forgotten. */
static void test_goes_dark_again(struct card_fixture *card)
{
	struct kms_output *output;

	card_start(card);
	card_show(card, 0);
	output = card->outputs[0].output;
	double_darken(0);
	card_submit(card, 0);
	card_turn();
	card_flip(0);
	card_show(card, 0);
	output->renew_from_us = g_get_monotonic_time() + 50 * G_TIME_SPAN_MILLISECOND;
	double_darken(0);
	g_assert_cmpint(card_submit(card, 0), ==, KMS_SUBMIT_REFUSED);
	g_assert_cmpint(output->renew_due_us, !=, KMS_NEVER);
	card_wait(double_value(DOUBLE_CRTC(0), "ACTIVE"));
	g_assert_cmpint(output->renew_due_us, ==, KMS_NEVER);
	card_flip(0);
	card_show(card, 0);
}

/* The picture that is refused had waited for another one's flip. */
static void test_goes_dark_pending(struct card_fixture *card)
{
	card_start(card);
	card_show(card, 0);
	card_submit(card, 0);
	card_submit(card, 0);
	double_fail(DOUBLE_COMMIT, EINVAL, 0, 1);
	card_flip(0);
	g_assert_cmpuint(card->outputs[0].failed, ==, card->serial);
	g_assert_true(double_committed(DOUBLE_CONNECTOR(0), "max bpc"));
	card_flip(0);
	card_show(card, 0);
}

/* On a descriptor that was another's before, with that one's commit in flight. */
static void test_foreign_event(struct card_fixture *card)
{
	const struct kms_listener nobody = {NULL};
	struct kms_device_options options = {0};
	drmModeAtomicReq *request = drmModeAtomicAlloc();
	struct kms_device *device;

	double_light(0);
	options.fd = double_open();
	drmSetClientCap(options.fd, DRM_CLIENT_CAP_ATOMIC, 1);
	drmModeAtomicAddProperty(request, DOUBLE_CRTC(0), PROPERTY_ID(PROPERTY_ACTIVE), 1);
	g_assert_cmpint(drmModeAtomicCommit(options.fd, request,
				DRM_MODE_ATOMIC_NONBLOCK | DRM_MODE_PAGE_FLIP_EVENT, (void *)16),
		==, 0);
	drmModeAtomicFree(request);
	double_flip(0);
	device = kms_device_create(&options, &nobody, NULL, NULL);
	g_assert_nonnull(device);
	card_turn();
	kms_device_destroy(device);
}

/* ---- of the moment ---- */

static void test_superseded_and_refused(struct card_fixture *card)
{
	struct card_output *seen = &card->outputs[0];

	card_start(card);
	card_show(card, 0);
	double_fail(DOUBLE_COMMIT, EBUSY, 0, 1);
	g_assert_cmpint(card_submit(card, 0), ==, KMS_SUBMIT_ACCEPTED);
	double_fail(DOUBLE_COMMIT, EINVAL, 0, 1);
	g_assert_cmpint(card_submit(card, 0), ==, KMS_SUBMIT_REFUSED);
	card_turn();
	g_assert_cmpuint(seen->failed, ==, 2);
	g_assert_cmpuint(seen->failures, ==, 1);
	card_flip_all(card);
}

/* No memory, as long as that buffer is shown: a refusal, and not at each frame anew. */
static void test_no_memory_that_stays(struct card_fixture *card)
{
	struct card_output *seen = &card->outputs[0];

	card_start(card);
	card_show(card, 0);
	double_fail(DOUBLE_COMMIT, ENOMEM, 0, 1000);
	g_assert_cmpint(card_submit(card, 0), ==, KMS_SUBMIT_ACCEPTED);
	card_wait(seen->failures > 0);
	g_assert_true(kms_is_refusal(seen->error));
	g_assert_cmpint(card_submit(card, 0), ==, KMS_SUBMIT_REFUSED);
	/* It is no sign that somebody has changed the card. */
	g_assert_cmpuint(double_counters.modeset_commits, ==, 0);
	double_fail(DOUBLE_COMMIT, 0, 0, 0);
	card->outputs[0].output->verdicts.slots[0].until_us = 1;
	card_show(card, 0);
}

/* The kernel does not say what connectors there are: that is no unplugged monitor. */
static void probe_in_vain(struct card_fixture *card, enum double_call call)
{
	double_card.crtcs = 2;
	card_start(card);
	double_fail(call, ENOMEM, 0, 1);
	kms_hotplug_probe(card->device->hotplug);
	/* It is asked again by itself. */
	card_wait(card->probes == 1);
	for (size_t i = 0; i < 2; i++) {
		g_assert_true(kms_output_active(card->outputs[i].output));
		g_assert_cmpuint(card->outputs[i].changes, ==, 0);
	}
}

static void test_no_resources(struct card_fixture *card)
{
	probe_in_vain(card, DOUBLE_GET_RESOURCES);
}

static void test_no_connector(struct card_fixture *card)
{
	probe_in_vain(card, DOUBLE_GET_CONNECTOR);
}

/* An EDID that was unreadable when the monitor was plugged in. */
static void test_late_edid(struct card_fixture *card)
{
	static const uint8_t edid[128] = {0};
	size_t size;

	card_start(card);
	probe(card);
	g_assert_null(kms_output_edid(card->outputs[0].output, &size));
	double_set_edid(0, edid, sizeof(edid));
	card_wait(kms_output_edid(card->outputs[0].output, &size));
	card_wait(card->outputs[0].changes > 0);
}

/* ---- room ---- */

static void test_room_comes(struct card_fixture *card)
{
	double_card.crtcs = 2;
	double_card.active_max = 1;
	double_card.connected[1] = false;
	card_start(card);
	double_card.connected[1] = true;
	probe(card);
	card_flip_all(card);
	g_assert_false(kms_output_active(card->outputs[1].output));
	double_card.connected[0] = false;
	probe(card);
	card_flip_all(card);
	g_assert_true(kms_output_active(card->outputs[1].output));
	card_submit(card, 1);
	card_flip_all(card);
	g_assert_cmpuint(card->outputs[1].presentations, ==, 1);
}

/* By a configuration that turns another one off, in the same breath. */
static void test_room_is_made(struct card_fixture *card)
{
	double_card.crtcs = 3;
	double_card.active_max = 2;
	card_start(card);
	g_assert_false(kms_output_active(card->outputs[2].output));
	card->requests[0].off = true;
	g_assert_true(kms_device_configure(card->device, card->requests, 3, NULL));
	card_turn();
	card_flip_all(card);
	g_assert_false(kms_output_active(card->outputs[0].output));
	g_assert_true(kms_output_active(card->outputs[1].output));
	g_assert_true(kms_output_active(card->outputs[2].output));
}

/* ---- the card goes, and its buffers do not ---- */

static void test_buffers_outlive_their_card(struct card_fixture *card)
{
	struct kms_buffer *buffer;
	uint32_t stride;

	card_start(card);
	buffer = kms_buffer_ref(card_picture(card, 0));
	card_show(card, 0);
	double_card.gone = true;
	card_submit(card, 0);
	card_turn();
	g_assert_true(card->gone);
	card_close(card);
	g_assert_cmpuint(kms_buffer_width(buffer), ==, 1024);
	memset(kms_buffer_pixels(buffer, &stride), 0xff, stride);
	kms_buffer_unref(buffer);
	/* And another one is taken. */
	double_reset();
	memset(card, 0, sizeof(*card));
	card_start(card);
	card_show(card, 0);
}

int main(int argc, char **argv)
{
	card_init(&argc, &argv);
	card_add_test("/kms/recovery/blanked-elsewhere", test_blanked_elsewhere);
	card_add_test("/kms/recovery/goes-dark", test_goes_dark);
	card_add_test("/kms/recovery/suspended", test_suspended);
	card_add_test("/kms/recovery/suspended-in-flight", test_suspended_in_flight);
	card_add_test("/kms/recovery/suspended-without-the-card", test_suspended_without_the_card);
	card_add_test("/kms/recovery/takes-turns", test_takes_turns);
	card_add_test("/kms/recovery/goes-dark-again", test_goes_dark_again);
	card_add_test("/kms/recovery/goes-dark-pending", test_goes_dark_pending);
	card_add_test("/kms/recovery/foreign-event", test_foreign_event);
	card_add_test("/kms/recovery/superseded-and-refused", test_superseded_and_refused);
	card_add_test("/kms/recovery/no-memory-that-stays", test_no_memory_that_stays);
	card_add_test("/kms/recovery/no-resources", test_no_resources);
	card_add_test("/kms/recovery/no-connector", test_no_connector);
	card_add_test("/kms/recovery/late-edid", test_late_edid);
	card_add_test("/kms/recovery/room-comes", test_room_comes);
	card_add_test("/kms/recovery/room-is-made", test_room_is_made);
	card_add_test("/kms/recovery/buffers-outlive-their-card", test_buffers_outlive_their_card);
	return g_test_run();
}
