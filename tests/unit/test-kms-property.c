/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What is learnt of the kernel's properties: numbers, ranges, and what the first commit writes so
 * that nothing of the previous master stays.
 */
#include "drm_double.h"
#include "property.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>
#include <xf86drm.h>

static struct kms_property_cache *cache;
static int fd;

static void start(void)
{
	fd = double_open();
	g_assert_cmpint(drmSetClientCap(fd, DRM_CLIENT_CAP_ATOMIC, 1), ==, 0);
	g_assert_cmpint(drmSetClientCap(fd, DRM_CLIENT_CAP_UNIVERSAL_PLANES, 1), ==, 0);
	cache = kms_property_cache_create();
}

static void finish(void)
{
	kms_property_cache_destroy(cache);
	close(fd);
	g_assert_null(double_faults());
}

static void test_planes(void)
{
	struct kms_property properties[KMS_PLANE_PROPERTIES] = {0};

	double_reset();
	double_card.zpos = true;
	double_card.rotation = true;
	double_card.in_fences = true;
	start();
	g_assert_cmpint(
		kms_property_read(fd, cache, DRM_MODE_OBJECT_PLANE, DOUBLE_PRIMARY(0), properties),
		==, 0);
	g_assert_cmpuint(properties[KMS_PLANE_FB_ID].id, !=, 0);
	g_assert_false(properties[KMS_PLANE_FB_ID].resets);
	/* Immutable ones cannot be reset. */
	g_assert_cmpuint(properties[KMS_PLANE_TYPE].value, ==, DRM_PLANE_TYPE_PRIMARY);
	g_assert_false(properties[KMS_PLANE_TYPE].resets);
	g_assert_true(properties[KMS_PLANE_ALPHA].resets);
	g_assert_cmphex(properties[KMS_PLANE_ALPHA].reset, ==, 0xffff);
	g_assert_cmphex(properties[KMS_PLANE_ALPHA].maximum, ==, 0xffff);
	g_assert_cmphex(properties[KMS_PLANE_ALPHA].value, ==, 0x1234);
	g_assert_true(properties[KMS_PLANE_ROTATION].resets);
	g_assert_cmphex(properties[KMS_PLANE_ROTATION].reset, ==, DRM_MODE_ROTATE_0);
	g_assert_cmpuint(properties[KMS_PLANE_ZPOS].value, ==, 3);
	g_assert_false(properties[KMS_PLANE_ZPOS].resets);
	/* Signed ranges are not ours to keep. */
	g_assert_cmpuint(properties[KMS_PLANE_IN_FENCE_FD].id, !=, 0);
	g_assert_cmpuint(properties[KMS_PLANE_IN_FENCE_FD].minimum, ==, 0);
	g_assert_cmpuint(properties[KMS_PLANE_IN_FENCE_FD].maximum, ==, 0);
	/* What it has not. */
	g_assert_cmpuint(properties[KMS_PLANE_HOTSPOT_X].id, ==, 0);
	g_assert_cmpuint(properties[KMS_PLANE_FB_DAMAGE_CLIPS].id, ==, 0);
	finish();
}

static void test_connectors_and_crtcs(void)
{
	struct kms_property connector[KMS_CONNECTOR_PROPERTIES] = {0};
	struct kms_property crtc[KMS_CRTC_PROPERTIES] = {0};

	double_reset();
	start();
	g_assert_cmpint(kms_property_read(fd, cache, DRM_MODE_OBJECT_CONNECTOR, DOUBLE_CONNECTOR(0),
				connector),
		==, 0);
	g_assert_true(connector[KMS_CONNECTOR_MAX_BPC].resets);
	g_assert_cmpuint(connector[KMS_CONNECTOR_MAX_BPC].reset, ==, 12);
	g_assert_cmpuint(connector[KMS_CONNECTOR_MAX_BPC].minimum, ==, 6);
	g_assert_cmpuint(connector[KMS_CONNECTOR_MAX_BPC].value, ==, 8);
	g_assert_true(connector[KMS_CONNECTOR_LINK_STATUS].resets);
	g_assert_cmpuint(connector[KMS_CONNECTOR_LINK_STATUS].reset, ==, 0);
	g_assert_false(connector[KMS_CONNECTOR_EDID].resets);
	g_assert_false(connector[KMS_CONNECTOR_COLORSPACE].resets);
	/* The same property, of another kind of object: each has its own place. */
	g_assert_cmpuint(connector[KMS_CONNECTOR_CRTC_ID].id, !=, 0);

	g_assert_cmpint(kms_property_read(fd, cache, DRM_MODE_OBJECT_CRTC, DOUBLE_CRTC(0), crtc),
		==, 0);
	g_assert_true(crtc[KMS_CRTC_GAMMA_LUT].resets);
	g_assert_cmpuint(crtc[KMS_CRTC_GAMMA_LUT].reset, ==, 0);
	g_assert_cmphex(crtc[KMS_CRTC_GAMMA_LUT].value, ==, 0xb1ffffff);
	g_assert_false(crtc[KMS_CRTC_ACTIVE].resets);
	g_assert_cmpuint(crtc[KMS_CRTC_ACTIVE].maximum, ==, 1);
	g_assert_cmpuint(crtc[KMS_CRTC_CTM].id, ==, 0);
	finish();
}

static void test_failures(void)
{
	struct kms_property properties[KMS_PLANE_PROPERTIES] = {0};

	double_reset();
	start();
	double_card.gone = true;
	g_assert_cmpint(
		kms_property_read(fd, cache, DRM_MODE_OBJECT_PLANE, DOUBLE_PRIMARY(0), properties),
		==, ENODEV);
	g_assert_cmpuint(properties[KMS_PLANE_FB_ID].id, ==, 0);
	finish();
	kms_property_cache_destroy(NULL);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/kms/property/planes", test_planes);
	g_test_add_func("/kms/property/connectors-and-crtcs", test_connectors_and_crtcs);
	g_test_add_func("/kms/property/failures", test_failures);
	return g_test_run();
}
