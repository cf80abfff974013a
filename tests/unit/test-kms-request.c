/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The request builder on the double: first failure, numbers as KMS wants them, and what of a
 * card's rules a request is held to.
 */
#include "card_fixture.h"
#include "device.h"
#include "output.h"
#include "request.h"

#include <errno.h>

static struct kms_request request;
static guint token;

static void start(struct card_fixture *card)
{
	card_start(card);
	kms_request_init(&request);
}

static struct kms_plane *primary(const struct card_fixture *card)
{
	return card->outputs[0].output->state.layers[KMS_LAYER_PICTURE].plane;
}

static void test_first_failure(struct card_fixture *card)
{
	static const struct kms_property absent;

	start(card);
	g_assert_cmpint(kms_request_size(&request), ==, 0);
	kms_request_add(&request, primary(card)->id, &primary(card)->properties[KMS_PLANE_CRTC_X],
		1);
	g_assert_cmpint(kms_request_size(&request), >, 0);
	g_assert_cmpint(request.error, ==, 0);
	kms_request_add_optional(&request, primary(card)->id, &absent, 1);
	g_assert_cmpint(request.error, ==, 0);
	kms_request_add(&request, primary(card)->id, &absent, 1);
	g_assert_cmpint(request.error, ==, ENOENT);
	/* What comes after it is not even added. */
	{
		int mark = kms_request_size(&request);

		kms_request_add(&request, primary(card)->id,
			&primary(card)->properties[KMS_PLANE_CRTC_Y], 1);
		g_assert_cmpint(kms_request_size(&request), ==, mark);
	}
	/* It is never sent. */
	g_assert_cmpint(kms_request_test(card->device->card, &request, 0), ==, ENOENT);
	g_assert_cmpint(kms_request_commit(card->device->card, &request, 0, &token), ==, ENOENT);
	g_assert_cmpuint(double_counters.tests, ==, 0);
	g_assert_cmpuint(double_counters.commits, ==, 0);
	kms_request_reset(&request);
	g_assert_cmpint(request.error, ==, 0);
	g_assert_cmpint(kms_request_size(&request), ==, 0);
	kms_request_finish(&request);
}

static void test_numbers(struct card_fixture *card)
{
	const struct kms_placement placement = {
		.source = {0, 2, 1023, 766},
		.destination = {-5, -6, 1023, 766},
		.transform = KMS_ROTATE_0,
	};
	struct kms_placement moved = placement;

	start(card);
	kms_request_add_placement(&request, primary(card), &placement, NULL);
	g_assert_cmpint(kms_request_commit_blocking(card->device->card, &request, 0), ==, 0);
	g_assert_cmphex(double_value(primary(card)->id, "SRC_Y"), ==, 0x20000);
	g_assert_cmphex(double_value(primary(card)->id, "SRC_W"), ==, 0x3ff0000);
	g_assert_cmphex(double_value(primary(card)->id, "CRTC_X"), ==,
		UINT64_C(0xfffffffffffffffb));
	g_assert_cmpint((int64_t)double_value(primary(card)->id, "CRTC_Y"), ==, -6);
	g_assert_cmpuint(double_value(primary(card)->id, "CRTC_H"), ==, 766);
	/* Only what differs. */
	moved.destination.y = 9;
	kms_request_reset(&request);
	kms_request_add_placement(&request, primary(card), &moved, &placement);
	g_assert_cmpint(kms_request_size(&request), ==, 2);
	g_assert_cmpint(kms_request_commit_blocking(card->device->card, &request, 0), ==, 0);
	g_assert_cmpuint(double_value(primary(card)->id, "CRTC_Y"), ==, 9);
	g_assert_false(double_committed(primary(card)->id, "SRC_W"));
	kms_request_finish(&request);
}

/* TEST_ONLY changes nothing; a refused commit changes nothing. */
static void test_nothing_changes(struct card_fixture *card)
{
	start(card);
	kms_request_add(&request, primary(card)->id, &primary(card)->properties[KMS_PLANE_CRTC_X],
		77);
	g_assert_cmpint(kms_request_test(card->device->card, &request, 0), ==, 0);
	g_assert_cmpuint(double_value(primary(card)->id, "CRTC_X"), ==, 0);
	g_assert_false(kms_output_busy(card->outputs[0].output));
	double_fail(DOUBLE_COMMIT, ENOSPC, 0, 1);
	g_assert_cmpint(kms_request_commit(card->device->card, &request, 0, &token), ==, ENOSPC);
	g_assert_cmpuint(double_value(primary(card)->id, "CRTC_X"), ==, 0);
	kms_request_finish(&request);
}

/* A mode set is one only where it was asked for. */
static void test_allow_modeset(struct card_fixture *card)
{
	struct kms_crtc *crtc;

	start(card);
	crtc = card->outputs[0].output->state.crtc;
	kms_request_add(&request, crtc->id, &crtc->properties[KMS_CRTC_ACTIVE], 0);
	g_assert_cmpint(kms_request_test(card->device->card, &request, 0), ==, EINVAL);
	g_assert_cmpint(
		kms_request_test(card->device->card, &request, DRM_MODE_ATOMIC_ALLOW_MODESET), ==,
		0);
	g_assert_cmpuint(double_value(crtc->id, "ACTIVE"), ==, 1);
	kms_request_finish(&request);
}

static void test_resets(struct card_fixture *card)
{
	struct kms_connector *connector;

	start(card);
	connector = &card->outputs[0].output->connector;
	kms_request_add_resets(&request, connector->id, connector->properties,
		KMS_CONNECTOR_PROPERTIES);
	g_assert_cmpint(kms_request_commit_blocking(card->device->card, &request, 0), ==, 0);
	g_assert_true(double_committed(connector->id, "max bpc"));
	g_assert_true(double_committed(connector->id, "link-status"));
	g_assert_false(double_committed(connector->id, "CRTC_ID"));
	g_assert_false(double_committed(connector->id, "EDID"));
	g_assert_cmpuint(double_value(connector->id, "max bpc"), ==, 12);
	kms_request_finish(&request);
}

/* The double itself: it must see what it is there to see. */
static void test_double_sees_faults(struct card_fixture *card)
{
	struct kms_crtc *crtc;

	start(card);
	crtc = card->outputs[0].output->state.crtc;
	kms_request_add(&request, primary(card)->id, &primary(card)->properties[KMS_PLANE_CRTC_X],
		1);
	g_assert_cmpint(kms_request_commit(card->device->card, &request, 0, &token), ==, 0);
	g_assert_cmpint(kms_request_commit(card->device->card, &request, 0, &token), ==, EBUSY);
	g_assert_nonnull(double_faults());
	crtc->busy = true;
	kms_request_finish(&request);
	card_close(card);
	double_reset();
}

int main(int argc, char **argv)
{
	card_init(&argc, &argv);
	card_add_test("/kms/request/first-failure", test_first_failure);
	card_add_test("/kms/request/numbers", test_numbers);
	card_add_test("/kms/request/nothing-changes", test_nothing_changes);
	card_add_test("/kms/request/allow-modeset", test_allow_modeset);
	card_add_test("/kms/request/resets", test_resets);
	card_add_test("/kms/request/double-sees-faults", test_double_sees_faults);
	return g_test_run();
}
