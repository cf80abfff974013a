/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Modes: what may be written, what is said of the rest.
 */
#include "mode.h"

#include <stddef.h>
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

static bool parse(const char *text, struct kms_mode_wish *wish, GError **error)
{
	struct kms_mode_wishes wishes;

	if (!kms_mode_wishes_parse(text, &wishes, error))
		return false;
	g_assert_cmpuint(wishes.count, ==, 1);
	*wish = wishes.list[0];
	return true;
}

#define ANY KMS_MODE_SCAN_ANY
#define PROGRESSIVE KMS_MODE_SCAN_PROGRESSIVE
#define INTERLACED KMS_MODE_SCAN_INTERLACED

static void assert_wish(const char *text, enum kms_mode_kind kind, uint32_t width, uint32_t height,
	uint32_t refresh_mhz, enum kms_mode_scan scan)
{
	struct kms_mode_wish wish = {0};
	g_autoptr(GError) error = NULL;

	g_test_message("%s", text);
	parse(text, &wish, &error);
	g_assert_no_error(error);
	g_assert_cmpint(wish.kind, ==, kind);
	g_assert_cmpuint(kind == KMS_MODE_MODELINE ? wish.modeline.hdisplay : wish.width, ==,
		width);
	g_assert_cmpuint(kind == KMS_MODE_MODELINE ? wish.modeline.vdisplay : wish.height, ==,
		height);
	g_assert_cmpuint(wish.refresh_mhz, ==, refresh_mhz);
	g_assert_cmpint(wish.scan, ==, scan);
}

static void test_valid(void)
{
	static const struct {
		const char *text;
		uint32_t width;
		uint32_t height;
		uint32_t refresh_mhz;
		enum kms_mode_scan scan;
	} sizes[] = {
		{"1920x1080", 1920, 1080, 0, ANY},
		{"1920x1080@60", 1920, 1080, 60000, ANY},
		{"1920x1080@59.94", 1920, 1080, 59940, ANY},
		{"1920x1080@59.940", 1920, 1080, 59940, ANY},
		{"1x1@1", 1, 1, 1000, ANY},
		{"32767x32767@1000", 32767, 32767, 1000000, ANY},
		{" 1920x1080 ", 1920, 1080, 0, ANY},
		{"1920x1080@60Hz", 1920, 1080, 60000, ANY},
		{"1920x1080@59.94hz", 1920, 1080, 59940, ANY},
		{"1920X1080@60 HZ", 1920, 1080, 60000, ANY},
		{"1920x1080@ 60", 1920, 1080, 60000, ANY},
		{"1920x1080i", 1920, 1080, 0, INTERLACED},
		{"1920x1080i@60", 1920, 1080, 60000, INTERLACED},
		{"1920x1080i@50", 1920, 1080, 50000, INTERLACED},
		{"720x576i@50", 720, 576, 50000, INTERLACED},
		{"1920x1080p@50", 1920, 1080, 50000, PROGRESSIVE},
		{"1080p", 1920, 1080, 0, PROGRESSIVE},
		{"1080p60", 1920, 1080, 60000, PROGRESSIVE},
		{"1080p59.94", 1920, 1080, 59940, PROGRESSIVE},
		{"1080p60Hz", 1920, 1080, 60000, PROGRESSIVE},
		{"1080p@24", 1920, 1080, 24000, PROGRESSIVE},
		{"1080i", 1920, 1080, 0, INTERLACED},
		{"1080i50", 1920, 1080, 50000, INTERLACED},
		{"720p", 1280, 720, 0, PROGRESSIVE},
		{"480p", 720, 480, 0, PROGRESSIVE},
		{"576i", 720, 576, 0, INTERLACED},
		{"1440p", 2560, 1440, 0, PROGRESSIVE},
		{"2160p30", 3840, 2160, 30000, PROGRESSIVE},
		{"4320p", 7680, 4320, 0, PROGRESSIVE},
	};

	for (size_t i = 0; i < G_N_ELEMENTS(sizes); i++)
		assert_wish(sizes[i].text, KMS_MODE_SIZE, sizes[i].width, sizes[i].height,
			sizes[i].refresh_mhz, sizes[i].scan);
	assert_wish(NULL, KMS_MODE_PREFERRED, 0, 0, 0, ANY);
	assert_wish("preferred", KMS_MODE_PREFERRED, 0, 0, 0, ANY);
	assert_wish("current", KMS_MODE_CURRENT, 0, 0, 0, ANY);
}

static void test_reduced(void)
{
	struct kms_mode_wish wish;

	assert_wish("1280x800R", KMS_MODE_SIZE, 1280, 800, 0, KMS_MODE_SCAN_ANY);
	g_assert_true(parse("1920x1200R@60", &wish, NULL));
	g_assert_true(wish.reduced);
	g_assert_true(parse("1920x1200@60", &wish, NULL));
	g_assert_false(wish.reduced);
	/* The standard has it for multiples of 60 Hz alone. */
	g_assert_false(kms_mode_valid("1920x1200R@50", NULL));
	g_assert_true(kms_mode_valid("1920x1200R@120", NULL));
}

static void test_invalid(void)
{
	/* And what is proposed instead. */
	static const char *const invalid[][2] = {
		{"", NULL},
		{"Preferred", NULL},
		{"off", NULL},
		{"1920", NULL},
		{"1920x", NULL},
		{"x1080", NULL},
		{"1920x1080@", "1920x1080"},
		{"1920x1080@0", "1920x1080"},
		{"1920x1080@0.999", "1920x1080"},
		{"1920x1080@1000.1", "1920x1080"},
		{"1920x1080@-60", "1920x1080@60"},
		{"1920x1080@60Hertz", "1920x1080@60"},
		{"1920x1080@60 16:9", "1920x1080@60"},
		{"1920x1080@59.94 16:9", "1920x1080@59.94"},
		{"1920x1080@nan", "1920x1080"},
		{"+1920x1080", NULL},
		{"1920*1080", "1920x1080"},
		{"1920×1080", "1920x1080"},
		{"1920 x 1080", "1920x1080"},
		{"1920x1080_60.00", "1920x1080@60"},
		{"1920x1080-60", "1920x1080@60"},
		{"1920x1080M@60", "1920x1080"},
		{"0x1080", NULL},
		{"99999x1080", NULL},
		{"32768x1", NULL},
		{"1x32768", NULL},
		{"18446744073709551616x1", NULL},
		{"1080", NULL},
		{"1080x", NULL},
		{"1081p", NULL},
		{"1080p60i", NULL},
		{"1080p 60", NULL},
		{"1920x1080ip", "1920x1080i"},
		{"1920*1080i_50", "1920x1080i@50"},
		{"1080p60@60", NULL},
		{"4k", NULL},
	};

	for (size_t i = 0; i < G_N_ELEMENTS(invalid); i++) {
		g_autofree char *meant = g_strdup_printf("; did you mean %s?", invalid[i][1]);
		g_autoptr(GError) error = NULL;

		g_test_message("\"%s\"", invalid[i][0]);
		g_assert_false(kms_mode_valid(invalid[i][0], &error));
		g_assert_error(error, KMS_ERROR, KMS_ERROR_NO_MODE);
		g_assert_nonnull(strstr(error->message, "WIDTHxHEIGHT"));
		if (invalid[i][1])
			g_assert_true(g_str_has_suffix(error->message, meant));
		else
			g_assert_null(strstr(error->message, "did you mean"));
	}
}

static void test_invalid_modelines(void)
{
	/* And the word that is wrong. */
	static const char *const invalid[][2] = {
		{"173.00 1920 2048 2248 2576 1080 1083 1088", NULL},
		{"173.00 1920 2048 2248 2576", NULL},
		{"173.00 1920 2048 2248 2576 1080 1083 1088 1120 sideways", "sideways"},
		{"148.5 1920 2008 2052 2200 1080 1084 1089 1125 +hsync +vsync 16:9", "16:9"},
		{"173.00 1920 1900 2248 2576 1080 1083 1088 1120", NULL},
		{"0 1920 2048 2248 2576 1080 1083 1088 1120", "0"},
		{"10000 1920 2048 2248 2576 1080 1083 1088 1120", "10000"},
		{"173.00 1920 2048 2248 2576 1080 1083 1088 70000", "70000"},
		{"173.00 1920 2048 2248 2576 1080 1083 1088 1e3", "1e3"},
		{"abc 1920 2048 2248 2576 1080 1083 1088 1120", "abc"},
		{"nan 1920 2048 2248 2576 1080 1083 1088 1120", "nan"},
		{"Modeline", NULL},
		{"Modeline \"1920x1080_60.00\"", NULL},
		{"Modeline \"1920x1080 173.00 1920 2048 2248 2576 1080 1083 1088 1120", NULL},
		{"Modeline 173.00 1920 2048 2248 2576 1080 1083 1088 1120", NULL},
		{"Modelines 173.00 1920 2048 2248 2576 1080 1083 1088 1120", "modelines"},
	};

	for (size_t i = 0; i < G_N_ELEMENTS(invalid); i++) {
		g_autofree char *wrong = g_strdup_printf("because of \"%s\":", invalid[i][1]);
		g_autoptr(GError) error = NULL;

		g_test_message("\"%s\"", invalid[i][0]);
		g_assert_false(kms_mode_valid(invalid[i][0], &error));
		g_assert_error(error, KMS_ERROR, KMS_ERROR_NO_MODE);
		g_assert_nonnull(strstr(error->message, "HSYNC_START"));
		if (invalid[i][1])
			g_assert_nonnull(strstr(error->message, wrong));
		else
			g_assert_null(strstr(error->message, "because"));
	}
}

/* Edges may lie on each other, and not behind each other. */
static void test_edges(void)
{
	static const char *const valid[] = {
		"9999 1920 1920 2248 2576 1080 1083 1088 1120",
		"173 1920 2048 2048 2576 1080 1083 1088 1120",
		"173 1920 2048 2576 2576 1080 1083 1088 1120",
		"173 1920 2048 2248 2576 1080 1080 1088 1120",
		"173 1920 2048 2248 2576 1080 1083 1083 1120",
		"173 1920 2048 2248 2576 1080 1083 1120 1120",
	};
	static const char *const invalid[] = {
		"173 1920 1919 2248 2576 1080 1083 1088 1120",
		"173 1920 2048 2047 2576 1080 1083 1088 1120",
		"173 1920 2048 2577 2576 1080 1083 1088 1120",
		"173 1920 2048 2248 2576 1080 1079 1088 1120",
		"173 1920 2048 2248 2576 1080 1083 1082 1120",
		"173 1920 2048 2248 2576 1080 1083 1121 1120",
	};

	for (size_t i = 0; i < G_N_ELEMENTS(valid); i++) {
		g_test_message("%s", valid[i]);
		g_assert_true(kms_mode_valid(valid[i], NULL));
		g_assert_false(kms_mode_valid(invalid[i], NULL));
	}
}

/* Of a mode without a picture nothing can be shown, whatever else it says. */
static void test_sane(void)
{
	drmModeModeInfo mode = {.clock = 1,
		.hdisplay = 1,
		.hsync_start = 1,
		.hsync_end = 1,
		.htotal = 1,
		.vdisplay = 1,
		.vsync_start = 1,
		.vsync_end = 1,
		.vtotal = 1};

	g_assert_true(kms_mode_is_sane(&mode));
	mode.clock = 0;
	g_assert_false(kms_mode_is_sane(&mode));
	mode.clock = 1;
	mode.hdisplay = 0;
	g_assert_false(kms_mode_is_sane(&mode));
	mode.hdisplay = 1;
	mode.vdisplay = 0;
	g_assert_false(kms_mode_is_sane(&mode));
}

/* Whatever is another mode for the kernel is one for us, and no more. */
static void test_equal(void)
{
	static const size_t fields[] = {offsetof(drmModeModeInfo, hdisplay),
		offsetof(drmModeModeInfo, hsync_start), offsetof(drmModeModeInfo, hsync_end),
		offsetof(drmModeModeInfo, htotal), offsetof(drmModeModeInfo, hskew),
		offsetof(drmModeModeInfo, vdisplay), offsetof(drmModeModeInfo, vsync_start),
		offsetof(drmModeModeInfo, vsync_end), offsetof(drmModeModeInfo, vtotal),
		offsetof(drmModeModeInfo, vscan)};
	drmModeModeInfo other = modes[1];

	for (size_t i = 0; i < G_N_ELEMENTS(fields); i++) {
		const uint16_t odd = 7777;

		other = modes[1];
		g_assert_true(kms_mode_equal(&modes[1], &other));
		memcpy((char *)&other + fields[i], &odd, sizeof(odd));
		g_assert_false(kms_mode_equal(&modes[1], &other));
	}
	other = modes[1];
	other.clock++;
	g_assert_false(kms_mode_equal(&modes[1], &other));
	other = modes[1];
	other.flags = DRM_MODE_FLAG_PHSYNC;
	g_assert_false(kms_mode_equal(&modes[1], &other));
	/* Once is once. */
	other = modes[1];
	other.vscan = 1;
	g_assert_true(kms_mode_equal(&modes[1], &other));
	other.type = DRM_MODE_TYPE_USERDEF;
	other.vrefresh = 3;
	g_assert_true(kms_mode_equal(&modes[1], &other));
}

static void test_lists(void)
{
	struct kms_mode_wishes wishes;
	g_autoptr(GError) error = NULL;

	g_assert_true(kms_mode_wishes_parse("1920x1080@60; 1080i50;preferred", &wishes, &error));
	g_assert_no_error(error);
	g_assert_cmpuint(wishes.count, ==, 3);
	g_assert_cmpuint(wishes.list[0].refresh_mhz, ==, 60000);
	g_assert_cmpint(wishes.list[1].scan, ==, KMS_MODE_SCAN_INTERLACED);
	g_assert_cmpint(wishes.list[2].kind, ==, KMS_MODE_PREFERRED);
	g_assert_false(wishes.blind);
	/* As GKeyFile's lists end. */
	g_assert_true(kms_mode_wishes_parse("1920x1080;", &wishes, NULL));
	g_assert_cmpuint(wishes.count, ==, 1);
	g_assert_true(kms_mode_wishes_parse("1080p;current; ", &wishes, NULL));
	g_assert_cmpuint(wishes.count, ==, 2);
	g_assert_true(kms_mode_wishes_parse("1x1;2x2;3x3;4x4;5x5;6x6;7x7;8x8;", &wishes, NULL));
	g_assert_cmpuint(wishes.count, ==, KMS_MODE_WISHES_MAX);

	g_assert_false(kms_mode_valid(";", NULL));
	g_assert_false(kms_mode_valid(";1920x1080", NULL));
	g_assert_false(kms_mode_valid("1920x1080;;preferred", NULL));
	g_assert_false(kms_mode_valid("1920x1080;off", NULL));
	/* The one that is wrong is named. */
	g_assert_false(kms_mode_valid("1920x1080;800*600;preferred", &error));
	g_assert_true(g_str_has_prefix(error->message, "\"800*600\""));
	g_clear_error(&error);
	g_assert_false(kms_mode_valid("1x1;2x2;3x3;4x4;5x5;6x6;7x7;8x8;9x9", &error));
	g_assert_nonnull(strstr(error->message, "8 modes"));
}

static void test_refresh(void)
{
	static const drmModeModeInfo doubled = MODE(320, 240, 12600, 400, 262,
		DRM_MODE_FLAG_DBLSCAN, 0);
	static const drmModeModeInfo nothing;
	drmModeModeInfo twice = modes[1], rate = {0};
	struct kms_mode_info info;

	g_assert_cmpuint(kms_mode_refresh(&modes[0]), ==, 60000);
	g_assert_cmpuint(kms_mode_refresh(&modes[1]), ==, 60000);
	g_assert_cmpuint(kms_mode_refresh(&modes[2]), ==, 59940);
	g_assert_cmpuint(kms_mode_refresh(&modes[3]), ==, 30000);
	g_assert_cmpuint(kms_mode_refresh(&doubled), ==, 60115);
	g_assert_cmpuint(kms_mode_refresh(&nothing), ==, 0);
	/* Each line twice; once is once. */
	twice.vscan = 2;
	g_assert_cmpuint(kms_mode_refresh(&twice), ==, 30000);
	twice.vscan = 1;
	g_assert_cmpuint(kms_mode_refresh(&twice), ==, 60000);
	/* A mode that says nothing but its rate. */
	rate.vrefresh = 75;
	g_assert_cmpuint(kms_mode_refresh(&rate), ==, 75000);
	kms_mode_describe(&nothing, &info);
	g_assert_cmpuint(info.refresh_mhz, ==, 60000);
	kms_mode_describe(&modes[2], &info);
	g_assert_cmpstr(info.name, ==, "1920x1080@59.94");
}

static void test_modeline(void)
{
	static const char *const forms[] = {
		"173.00 1920 2048 2248 2576 1080 1083 1088 1120 -hsync +vsync",
		"  173  1920 2048 2248 2576\t1080 1083 1088 1120  -HSync +VSync ",
		/* As cvt(1) prints it, xorg.conf has it, and xrandr --newmode takes it. */
		"Modeline \"1920x1080_60.00\"  173.00  1920 2048 2248 2576  1080 1083 1088 1120 "
		"-hsync +vsync",
		"ModeLine \"a name\" 173.00 1920 2048 2248 2576 1080 1083 1088 1120 -hsync +vsync",
		"Modeline 1920x1080_60 173.00 1920 2048 2248 2576 1080 1083 1088 1120 -hsync "
		"+vsync",
		"\"1920x1080_60.00\" 173.00 1920 2048 2248 2576 1080 1083 1088 1120 -hsync +vsync",
	};

	for (size_t i = 0; i < G_N_ELEMENTS(forms); i++) {
		struct kms_mode_wishes wishes;
		drmModeModeInfo chosen;
		g_autoptr(GError) error = NULL;

		kms_mode_wishes_parse(forms[i], &wishes, &error);
		g_assert_no_error(error);
		/* It is taken whatever the connector has. */
		g_assert_true(
			kms_mode_candidate(&wishes, modes, G_N_ELEMENTS(modes), NULL, 0, &chosen));
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
		g_assert_cmpuint(chosen.type, ==, DRM_MODE_TYPE_USERDEF);
		g_assert_cmpstr(chosen.name, ==, "1920x1080");
	}
}

static void test_interlaced_modeline(void)
{
	struct kms_mode_wish wish;
	struct kms_mode_info info;

	g_assert_true(parse("74.25 1920 2008 2052 2200 1080 1084 1094 1125 +HSync +VSync "
			    "Interlace",
		&wish, NULL));
	g_assert_cmpuint(wish.modeline.flags, ==,
		DRM_MODE_FLAG_PHSYNC | DRM_MODE_FLAG_PVSYNC | DRM_MODE_FLAG_INTERLACE);
	kms_mode_describe(&wish.modeline, &info);
	g_assert_cmpstr(info.name, ==, "1920x1080i@60.00");
	/* What --list prints is what a configuration takes. */
	g_assert_true(kms_mode_valid(info.name, NULL));
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/kms/mode/valid", test_valid);
	g_test_add_func("/kms/mode/invalid", test_invalid);
	g_test_add_func("/kms/mode/reduced", test_reduced);
	g_test_add_func("/kms/mode/invalid-modelines", test_invalid_modelines);
	g_test_add_func("/kms/mode/edges", test_edges);
	g_test_add_func("/kms/mode/sane", test_sane);
	g_test_add_func("/kms/mode/equal", test_equal);
	g_test_add_func("/kms/mode/lists", test_lists);
	g_test_add_func("/kms/mode/interlaced-modeline", test_interlaced_modeline);
	g_test_add_func("/kms/mode/refresh", test_refresh);
	g_test_add_func("/kms/mode/modeline", test_modeline);
	return g_test_run();
}
