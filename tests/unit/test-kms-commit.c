/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The request builder on the double: first failure, marks, numbers as KMS wants them, and what of a
 * card's rules a request is held to.
 */
#include "card_fixture.h"
#include "commit.h"
#include "device.h"
#include "output.h"

#include <errno.h>

static struct card_fixture fixture;
static struct kms_request request;

static void start(void)
{
	double_reset();
	card_start(&fixture);
	kms_request_init(&request);
}

static void finish(void)
{
	kms_request_finish(&request);
	card_finish(&fixture);
}

static struct kms_plane *primary(void)
{
	return fixture.outputs[0].output->primary;
}

static void test_first_failure(void)
{
	static const struct kms_property absent;

	start();
	g_assert_cmpint(kms_request_mark(&request), ==, 0);
	kms_request_add(&request, primary()->id, &primary()->properties[KMS_PLANE_CRTC_X], 1);
	g_assert_cmpint(kms_request_mark(&request), >, 0);
	g_assert_cmpint(request.error, ==, 0);
	kms_request_add_optional(&request, primary()->id, &absent, 1);
	g_assert_cmpint(request.error, ==, 0);
	kms_request_add(&request, primary()->id, &absent, 1);
	g_assert_cmpint(request.error, ==, ENOENT);
	/* What comes after it is not even added. */
	{
		int mark = kms_request_mark(&request);

		kms_request_add(&request, primary()->id, &primary()->properties[KMS_PLANE_CRTC_Y],
			1);
		g_assert_cmpint(kms_request_mark(&request), ==, mark);
	}
	/* It is never sent. */
	g_assert_cmpint(kms_request_test(fixture.device, &request, 0), ==, ENOENT);
	g_assert_cmpint(kms_request_commit(fixture.device, &request, 0), ==, ENOENT);
	g_assert_cmpuint(double_counters.tests, ==, 0);
	g_assert_cmpuint(double_counters.commits, ==, 0);
	kms_request_reset(&request);
	g_assert_cmpint(request.error, ==, 0);
	g_assert_cmpint(kms_request_mark(&request), ==, 0);
	finish();
}

static void test_rewind(void)
{
	int mark;

	start();
	kms_request_add(&request, primary()->id, &primary()->properties[KMS_PLANE_CRTC_X], 11);
	mark = kms_request_mark(&request);
	kms_request_add(&request, primary()->id, &primary()->properties[KMS_PLANE_CRTC_Y], 22);
	kms_request_rewind(&request, mark);
	g_assert_cmpint(kms_request_commit_blocking(fixture.device, &request, 0), ==, 0);
	g_assert_cmpuint(double_value(primary()->id, "CRTC_X"), ==, 11);
	g_assert_cmpuint(double_value(primary()->id, "CRTC_Y"), ==, 0);
	finish();
}

static void test_numbers(void)
{
	const struct kms_placement placement = {
		.source = {0, 2, 1023, 766},
		.destination = {-5, -6, 1023, 766},
		.transform = KMS_ROTATE_0,
	};
	uint32_t framebuffer;

	start();
	framebuffer = card_shown(0);
	kms_request_add_plane(&request, primary(), fixture.outputs[0].output->crtc, framebuffer,
		&placement);
	g_assert_cmpint(kms_request_commit_blocking(fixture.device, &request, 0), ==, 0);
	g_assert_cmphex(double_value(primary()->id, "SRC_Y"), ==, 0x20000);
	g_assert_cmphex(double_value(primary()->id, "SRC_W"), ==, 0x3ff0000);
	g_assert_cmphex(double_value(primary()->id, "CRTC_X"), ==, UINT64_C(0xfffffffffffffffb));
	g_assert_cmpint((int64_t)double_value(primary()->id, "CRTC_Y"), ==, -6);
	g_assert_cmpuint(double_value(primary()->id, "CRTC_H"), ==, 766);
	finish();
}

/* TEST_ONLY changes nothing; a refused commit changes nothing. */
static void test_nothing_changes(void)
{
	start();
	kms_request_add(&request, primary()->id, &primary()->properties[KMS_PLANE_CRTC_X], 77);
	g_assert_cmpint(kms_request_test(fixture.device, &request, 0), ==, 0);
	g_assert_cmpuint(double_value(primary()->id, "CRTC_X"), ==, 0);
	g_assert_false(kms_output_busy(fixture.outputs[0].output));
	double_fail(DOUBLE_COMMIT, ENOSPC, 0, 1);
	g_assert_cmpint(kms_request_commit(fixture.device, &request, 0), ==, ENOSPC);
	g_assert_cmpuint(double_value(primary()->id, "CRTC_X"), ==, 0);
	finish();
}

/* A mode set is one only where it was asked for. */
static void test_allow_modeset(void)
{
	struct kms_crtc *crtc;

	start();
	crtc = fixture.outputs[0].output->crtc;
	kms_request_add(&request, crtc->id, &crtc->properties[KMS_CRTC_ACTIVE], 0);
	g_assert_cmpint(kms_request_test(fixture.device, &request, 0), ==, EINVAL);
	g_assert_cmpint(kms_request_test(fixture.device, &request, DRM_MODE_ATOMIC_ALLOW_MODESET),
		==, 0);
	g_assert_cmpuint(double_value(crtc->id, "ACTIVE"), ==, 1);
	finish();
}

static void test_resets(void)
{
	struct kms_connector *connector;

	start();
	connector = &fixture.outputs[0].output->connector;
	kms_request_add_resets(&request, connector->id, connector->properties,
		KMS_CONNECTOR_PROPERTIES);
	g_assert_cmpint(kms_request_commit_blocking(fixture.device, &request, 0), ==, 0);
	g_assert_true(double_committed(connector->id, "max bpc"));
	g_assert_true(double_committed(connector->id, "link-status"));
	g_assert_false(double_committed(connector->id, "CRTC_ID"));
	g_assert_false(double_committed(connector->id, "EDID"));
	g_assert_cmpuint(double_value(connector->id, "max bpc"), ==, 12);
	finish();
}

/* The double itself: it must see what it is there to see. */
static void test_double_sees_faults(void)
{
	struct kms_crtc *crtc;

	start();
	crtc = fixture.outputs[0].output->crtc;
	kms_request_add(&request, primary()->id, &primary()->properties[KMS_PLANE_CRTC_X], 1);
	g_assert_cmpint(kms_request_commit(fixture.device, &request, 0), ==, 0);
	g_assert_cmpint(kms_request_commit(fixture.device, &request, 0), ==, EBUSY);
	g_assert_nonnull(double_faults());
	crtc->busy = true;
	kms_request_finish(&request);
	kms_device_destroy(fixture.device);
	g_string_free(fixture.log, TRUE);
	double_reset();
}

int main(int argc, char **argv)
{
	card_init(&argc, &argv);
	g_test_add_func("/kms/commit/first-failure", test_first_failure);
	g_test_add_func("/kms/commit/rewind", test_rewind);
	g_test_add_func("/kms/commit/numbers", test_numbers);
	g_test_add_func("/kms/commit/nothing-changes", test_nothing_changes);
	g_test_add_func("/kms/commit/allow-modeset", test_allow_modeset);
	g_test_add_func("/kms/commit/resets", test_resets);
	g_test_add_func("/kms/commit/double-sees-faults", test_double_sees_faults);
	return g_test_run();
}
