/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A photograph while a mode is set (src/tools/scanout-screenshot/photograph.c): the blob of the old one
 * may go between the question for its id and that for what is in it. A card without planes, in
 * libdrm's place.
 */
#include "error.h"
#include "photograph.h"

#include <errno.h>
#include <string.h>
#include <xf86drm.h>

#define ACTIVE 1u
#define MODE_ID 2u

static struct card_crtc crtcs[] = {{.id = 0xcc1, .properties = {ACTIVE, MODE_ID}}};
static const struct card card = {
	.fd = -1,
	.path = (char *)"card",
	.crtcs = crtcs,
	.crtc_count = 1,
};

static bool active;
static unsigned int blobs_gone; /* so many are, when they are asked for */

static void tell_properties(struct drm_mode_obj_get_properties *request)
{
	uint32_t *ids = (uint32_t *)(uintptr_t)request->props_ptr;
	uint64_t *values = (uint64_t *)(uintptr_t)request->prop_values_ptr;

	ids[0] = ACTIVE;
	values[0] = active;
	ids[1] = MODE_ID;
	values[1] = active ? 7 : 0;
	request->count_props = 2;
}

static int tell_mode(struct drm_mode_get_blob *request)
{
	static const struct drm_mode_modeinfo mode = {.hdisplay = 4, .vdisplay = 2};

	if (blobs_gone > 0) {
		blobs_gone--;
		errno = ENOENT;
		return -1;
	}
	memcpy((void *)(uintptr_t)request->data, &mode, sizeof(mode));
	return 0;
}

int drmIoctl(int fd, unsigned long number, void *request)
{
	if (number == DRM_IOCTL_MODE_GETPROPBLOB)
		return tell_mode(request);
	g_assert_cmpuint(number, ==, DRM_IOCTL_MODE_OBJ_GETPROPERTIES);
	tell_properties(request);
	return 0;
}

int drmCrtcGetSequence(int fd, uint32_t crtc, uint64_t *sequence, uint64_t *time_ns)
{
	*sequence = 1;
	*time_ns = 0;
	return 0;
}

static bool take(unsigned int attempts, struct photograph *photograph, GError **error)
{
	struct photographer photographer;
	bool taken;

	memset(photograph, 0, sizeof(*photograph));
	photographer_init(&photographer, &card);
	taken = photograph_take(&photographer, crtcs[0].id, attempts, false, photograph, error);
	photographer_finish(&photographer);
	return taken;
}

static void test_mode_goes(void)
{
	g_autoptr(GError) error = NULL;
	struct photograph photograph;

	active = true;
	blobs_gone = 1;
	g_assert_true(take(2, &photograph, &error));
	g_assert_no_error(error);
	g_assert_true(photograph.stable);
	g_assert_cmpuint(photograph.picture.width, ==, 4);
	picture_finish(&photograph.picture);
	blobs_gone = 2;
	g_assert_false(take(2, &photograph, &error));
	g_assert_error(error, SCREENSHOT_ERROR, SCREENSHOT_ERROR_CHANGED);
	picture_finish(&photograph.picture);
}

static void test_off(void)
{
	g_autoptr(GError) error = NULL;
	struct photograph photograph;

	active = false;
	g_assert_false(take(2, &photograph, &error));
	g_assert_error(error, SCREENSHOT_ERROR, SCREENSHOT_ERROR_OFF);
	picture_finish(&photograph.picture);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/screenshot/photograph/mode-goes", test_mode_goes);
	g_test_add_func("/screenshot/photograph/off", test_off);
	return g_test_run();
}
