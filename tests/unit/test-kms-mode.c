/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Modes: what may be written, what is chosen from a connector's modes, what is said when there is
 * none.
 */
#include "mode.h"

#include <string.h>

#define MODE(w, h, clock_khz, ht, vt, more_flags, kind) \
	{ \
		.clock = (clock_khz), .hdisplay = (w), .htotal = (ht), .vdisplay = (h), \
		.vtotal = (vt), .flags = (more_flags), .type = (kind) \
	}

static const drmModeModeInfo modes[] = {
	MODE(1920, 1080, 74250, 2200, 1125, DRM_MODE_FLAG_INTERLACE, 0),
	MODE(1920, 1080, 148500, 2200, 1125, 0, 0),
	MODE(1920, 1080, 148352, 2200, 1125, 0, DRM_MODE_TYPE_PREFERRED),
	MODE(1920, 1080, 74250, 2200, 1125, 0, 0),
	MODE(1280, 720, 74250, 1650, 750, 0, 0),
	MODE(1280, 720, 148500, 1650, 750, 0, 0),
};

static int choose(const char *text, const drmModeModeInfo *current)
{
	struct kms_mode_wish wish;
	drmModeModeInfo chosen;
	g_autoptr(GError) error = NULL;

	g_assert_true(kms_mode_parse(text, &wish, &error));
	g_assert_no_error(error);
	if (!kms_mode_choose(&wish, modes, G_N_ELEMENTS(modes), current, "DP-1", &chosen, &error)) {
		g_assert_error(error, KMS_ERROR, KMS_ERROR_NO_MODE);
		return -1;
	}
	for (size_t i = 0; i < G_N_ELEMENTS(modes); i++) {
		if (kms_mode_equal(&modes[i], &chosen))
			return (int)i;
	}
	return -2;
}

static void test_valid(void)
{
	static const char *const valid[] = {
		"preferred",
		"current",
		"1920x1080",
		"1920x1080@60",
		"1920x1080@59.94",
		"1x1@1",
		"173.00 1920 2048 2248 2576 1080 1083 1088 1120 -hsync +vsync",
		"  25.175  640 656 752 800  480 490 492 525 ",
		"74.25 1920 2008 2052 2200 1080 1084 1094 1125 +HSync +VSync Interlace",
	};

	g_assert_true(kms_mode_valid(NULL, NULL));
	for (size_t i = 0; i < G_N_ELEMENTS(valid); i++) {
		g_autoptr(GError) error = NULL;

		kms_mode_valid(valid[i], &error);
		g_assert_no_error(error);
	}
}

static void test_invalid(void)
{
	static const char *const invalid[] = {
		"",
		"Preferred",
		"off",
		"1920",
		"1920x",
		"x1080",
		"1920x1080@",
		"1920x1080@0",
		"1920x1080@-60",
		"1920x1080@60Hz",
		"1920x1080@nan",
		"1920x1080 ",
		"+1920x1080",
		"1920*1080",
		"0x1080",
		"99999x1080",
		"18446744073709551616x1",
		"173.00 1920 2048 2248 2576 1080 1083 1088",
		"173.00 1920 2048 2248 2576 1080 1083 1088 1120 sideways",
		"173.00 1920 1900 2248 2576 1080 1083 1088 1120",
		"0 1920 2048 2248 2576 1080 1083 1088 1120",
		"173.00 1920 2048 2248 2576 1080 1083 1088 70000",
		"abc 1920 2048 2248 2576 1080 1083 1088 1120",
	};

	for (size_t i = 0; i < G_N_ELEMENTS(invalid); i++) {
		g_autoptr(GError) error = NULL;

		g_test_message("\"%s\"", invalid[i]);
		g_assert_false(kms_mode_valid(invalid[i], &error));
		g_assert_error(error, KMS_ERROR, KMS_ERROR_NO_MODE);
		g_assert_nonnull(strstr(error->message, "WIDTHxHEIGHT"));
	}
}

static void test_refresh(void)
{
	static const drmModeModeInfo doubled = MODE(320, 240, 12600, 400, 262,
		DRM_MODE_FLAG_DBLSCAN, 0);
	static const drmModeModeInfo nothing;
	struct kms_mode_info info;

	g_assert_cmpuint(kms_mode_refresh(&modes[0]), ==, 60000);
	g_assert_cmpuint(kms_mode_refresh(&modes[1]), ==, 60000);
	g_assert_cmpuint(kms_mode_refresh(&modes[2]), ==, 59940);
	g_assert_cmpuint(kms_mode_refresh(&modes[3]), ==, 30000);
	g_assert_cmpuint(kms_mode_refresh(&doubled), ==, 60115);
	g_assert_cmpuint(kms_mode_refresh(&nothing), ==, 0);
	kms_mode_describe(&nothing, &info);
	g_assert_cmpuint(info.refresh_mhz, ==, 60000);
	kms_mode_describe(&modes[2], &info);
	g_assert_cmpstr(info.name, ==, "1920x1080@59.94");
}

static void test_choose(void)
{
	g_assert_cmpint(choose(NULL, NULL), ==, 2);
	g_assert_cmpint(choose("preferred", &modes[4]), ==, 2);
	g_assert_cmpint(choose("current", &modes[4]), ==, 4);
	g_assert_cmpint(choose("current", NULL), ==, 2);
	/* The preferred one of a size, else the fastest. */
	g_assert_cmpint(choose("1920x1080", NULL), ==, 2);
	g_assert_cmpint(choose("1280x720", NULL), ==, 5);
	/* The nearest rate, and progressive before interlaced. */
	g_assert_cmpint(choose("1920x1080@60", NULL), ==, 1);
	g_assert_cmpint(choose("1920x1080@59.94", NULL), ==, 2);
	g_assert_cmpint(choose("1920x1080@59.6", NULL), ==, 2);
	g_assert_cmpint(choose("1920x1080@30", NULL), ==, 3);
	g_assert_cmpint(choose("1920x1080@50", NULL), ==, -1);
	g_assert_cmpint(choose("800x600", NULL), ==, -1);
}

static void test_modeline(void)
{
	static const char text[] = "173.00 1920 2048 2248 2576 1080 1083 1088 1120 -hsync +vsync";
	struct kms_mode_wish wish;
	drmModeModeInfo chosen;

	g_assert_true(kms_mode_parse(text, &wish, NULL));
	/* It is taken whatever the connector has. */
	g_assert_true(kms_mode_choose(&wish, NULL, 0, NULL, "DP-1", &chosen, NULL));
	g_assert_cmpuint(chosen.clock, ==, 173000);
	g_assert_cmpuint(chosen.hdisplay, ==, 1920);
	g_assert_cmpuint(chosen.hsync_start, ==, 2048);
	g_assert_cmpuint(chosen.hsync_end, ==, 2248);
	g_assert_cmpuint(chosen.htotal, ==, 2576);
	g_assert_cmpuint(chosen.vdisplay, ==, 1080);
	g_assert_cmpuint(chosen.vsync_start, ==, 1083);
	g_assert_cmpuint(chosen.vsync_end, ==, 1088);
	g_assert_cmpuint(chosen.vtotal, ==, 1120);
	g_assert_cmpuint(chosen.flags, ==, DRM_MODE_FLAG_NHSYNC | DRM_MODE_FLAG_PVSYNC);
	g_assert_cmpuint(chosen.vrefresh, ==, 60);
}

static void test_messages(void)
{
	struct kms_mode_wish wish;
	drmModeModeInfo chosen;
	g_autoptr(GError) error = NULL;

	g_assert_true(kms_mode_parse("1280x720@50", &wish, NULL));
	g_assert_false(kms_mode_choose(&wish, modes, G_N_ELEMENTS(modes), NULL, "HDMI-A-2", &chosen,
		&error));
	g_assert_nonnull(strstr(error->message, "HDMI-A-2"));
	g_assert_nonnull(strstr(error->message, "1280x720@50.00"));
	g_assert_nonnull(strstr(error->message, "1920x1080@59.94, 1920x1080@30.00"));
	g_clear_error(&error);
	g_assert_true(kms_mode_parse(NULL, &wish, NULL));
	g_assert_false(kms_mode_choose(&wish, NULL, 0, NULL, "HDMI-A-2", &chosen, &error));
	g_assert_nonnull(strstr(error->message, "modeline"));
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/kms/mode/valid", test_valid);
	g_test_add_func("/kms/mode/invalid", test_invalid);
	g_test_add_func("/kms/mode/refresh", test_refresh);
	g_test_add_func("/kms/mode/choose", test_choose);
	g_test_add_func("/kms/mode/modeline", test_modeline);
	g_test_add_func("/kms/mode/messages", test_messages);
	return g_test_run();
}
