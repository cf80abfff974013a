/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Modes made by rule: against what cvt(1) prints, and against the standards' own timings.
 */
#include "cvt.h"
#include "mode.h"

/* The form of a modeline, with which cvt(1), CTA-861 and DMT can be compared by eye. */
static char *modeline(const drmModeModeInfo *mode)
{
	return g_strdup_printf("%.2f %u %u %u %u %u %u %u %u %chsync %cvsync%s",
		mode->clock / 1000.0, mode->hdisplay, mode->hsync_start, mode->hsync_end,
		mode->htotal, mode->vdisplay, mode->vsync_start, mode->vsync_end, mode->vtotal,
		mode->flags & DRM_MODE_FLAG_PHSYNC ? '+' : '-',
		mode->flags & DRM_MODE_FLAG_PVSYNC ? '+' : '-',
		mode->flags & DRM_MODE_FLAG_INTERLACE ? " interlace" : "");
}

struct sample {
	uint32_t width;
	uint32_t height;
	uint32_t refresh_mhz;
	bool interlaced;
	enum kms_cvt_blanking blanking;
	const char *modeline;
};

static void assert_samples(const struct sample *samples, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		const struct sample *sample = &samples[i];
		g_autofree char *text = NULL;
		drmModeModeInfo mode;

		g_assert_true(kms_cvt_make(sample->width, sample->height, sample->refresh_mhz,
			sample->interlaced, sample->blanking, &mode));
		g_assert_true(kms_mode_is_sane(&mode));
		text = modeline(&mode);
		g_assert_cmpstr(text, ==, sample->modeline);
	}
}

/* `cvt WIDTH HEIGHT RATE`, where the standard has no reduced blanking, and `cvt -r` where it
 * has. */
static void test_computed(void)
{
	static const struct sample samples[] = {
		{800, 600, 75000, false, KMS_CVT_BLANKING_ANY,
			"49.00 800 840 920 1040 600 603 607 629 -hsync +vsync"},
		{1152, 864, 50000, false, KMS_CVT_BLANKING_ANY,
			"66.25 1152 1208 1320 1488 864 867 871 892 -hsync +vsync"},
		{1280, 800, 75000, false, KMS_CVT_BLANKING_ANY,
			"106.50 1280 1360 1488 1696 800 803 809 838 -hsync +vsync"},
		{1440, 900, 50000, false, KMS_CVT_BLANKING_ANY,
			"86.75 1440 1512 1656 1872 900 903 909 929 -hsync +vsync"},
		{2560, 1600, 50000, false, KMS_CVT_BLANKING_ANY,
			"286.00 2560 2744 3016 3472 1600 1603 1609 1649 -hsync +vsync"},
		{1600, 900, 85000, false, KMS_CVT_BLANKING_ANY,
			"173.75 1600 1712 1880 2160 900 903 908 948 -hsync +vsync"},
		{1280, 800, 60000, false, KMS_CVT_BLANKING_ANY,
			"71.00 1280 1328 1360 1440 800 803 809 823 +hsync -vsync"},
		{1440, 900, 0, false, KMS_CVT_BLANKING_ANY,
			"88.75 1440 1488 1520 1600 900 903 909 926 +hsync -vsync"},
		{1920, 1200, 60000, false, KMS_CVT_BLANKING_REDUCED,
			"154.00 1920 1968 2000 2080 1200 1203 1209 1235 +hsync -vsync"},
		{2560, 1440, 60000, false, KMS_CVT_BLANKING_REDUCED,
			"241.50 2560 2608 2640 2720 1440 1443 1448 1481 +hsync -vsync"},
		{3440, 1440, 60000, false, KMS_CVT_BLANKING_ANY,
			"319.75 3440 3488 3520 3600 1440 1443 1453 1481 +hsync -vsync"},
		/* Where a standard's own timing would be taken: */
		{1920, 1080, 60000, false, KMS_CVT_BLANKING_REDUCED,
			"138.50 1920 1968 2000 2080 1080 1083 1088 1111 +hsync -vsync"},
		{1920, 1080, 120000, false, KMS_CVT_BLANKING_REDUCED,
			"285.25 1920 1968 2000 2080 1080 1083 1088 1144 +hsync -vsync"},
	};

	assert_samples(samples, G_N_ELEMENTS(samples));
}

/* Televisions know these alone. */
static void test_standard(void)
{
	static const struct sample samples[] = {
		{1920, 1080, 60000, false, KMS_CVT_BLANKING_ANY,
			"148.50 1920 2008 2052 2200 1080 1084 1089 1125 +hsync +vsync"},
		{1920, 1080, 0, false, KMS_CVT_BLANKING_ANY,
			"148.50 1920 2008 2052 2200 1080 1084 1089 1125 +hsync +vsync"},
		{1920, 1080, 59940, false, KMS_CVT_BLANKING_ANY,
			"148.35 1920 2008 2052 2200 1080 1084 1089 1125 +hsync +vsync"},
		{1920, 1080, 50000, false, KMS_CVT_BLANKING_ANY,
			"148.50 1920 2448 2492 2640 1080 1084 1089 1125 +hsync +vsync"},
		{1920, 1080, 24000, false, KMS_CVT_BLANKING_ANY,
			"74.25 1920 2558 2602 2750 1080 1084 1089 1125 +hsync +vsync"},
		{1920, 1080, 23976, false, KMS_CVT_BLANKING_ANY,
			"74.18 1920 2558 2602 2750 1080 1084 1089 1125 +hsync +vsync"},
		{1920, 1080, 60000, true, KMS_CVT_BLANKING_ANY,
			"74.25 1920 2008 2052 2200 1080 1084 1094 1125 +hsync +vsync interlace"},
		{1920, 1080, 50000, true, KMS_CVT_BLANKING_ANY,
			"74.25 1920 2448 2492 2640 1080 1084 1094 1125 +hsync +vsync interlace"},
		{1280, 720, 60000, false, KMS_CVT_BLANKING_ANY,
			"74.25 1280 1390 1430 1650 720 725 730 750 +hsync +vsync"},
		{720, 576, 0, false, KMS_CVT_BLANKING_ANY,
			"27.00 720 732 796 864 576 581 586 625 -hsync -vsync"},
		{720, 480, 60000, false, KMS_CVT_BLANKING_ANY,
			"27.00 720 736 798 858 480 489 495 525 -hsync -vsync"},
		{640, 480, 60000, false, KMS_CVT_BLANKING_ANY,
			"25.18 640 656 752 800 480 490 492 525 -hsync -vsync"},
		{800, 600, 60000, false, KMS_CVT_BLANKING_ANY,
			"40.00 800 840 968 1056 600 601 605 628 +hsync +vsync"},
		{1366, 768, 60000, false, KMS_CVT_BLANKING_ANY,
			"85.50 1366 1436 1579 1792 768 771 774 798 +hsync +vsync"},
		{3840, 2160, 30000, false, KMS_CVT_BLANKING_ANY,
			"297.00 3840 4016 4104 4400 2160 2168 2178 2250 +hsync +vsync"},
	};
	drmModeModeInfo mode;

	assert_samples(samples, G_N_ELEMENTS(samples));
	/* And every one of them runs at the rate that was asked for. */
	for (size_t i = 0; i < G_N_ELEMENTS(samples); i++) {
		uint32_t wanted = samples[i].refresh_mhz;

		g_assert_true(kms_cvt_make(samples[i].width, samples[i].height, wanted,
			samples[i].interlaced, KMS_CVT_BLANKING_ANY, &mode));
		if (wanted)
			g_assert_cmpint(ABS((int)kms_mode_refresh(&mode) - (int)wanted), <, 500);
	}
}

/* CVT has multiples of eight pixels; the picture has what was asked for. */
static void test_odd_width(void)
{
	drmModeModeInfo mode;

	g_assert_true(kms_cvt_make(1362, 768, 60000, false, KMS_CVT_BLANKING_ANY, &mode));
	g_assert_cmpuint(mode.hdisplay, ==, 1362);
	g_assert_cmpuint(mode.vdisplay, ==, 768);
	g_assert_true(kms_mode_is_sane(&mode));
}

static void test_computed_interlaced(void)
{
	drmModeModeInfo mode;

	g_assert_true(kms_cvt_make(1280, 1024, 60000, true, KMS_CVT_BLANKING_ANY, &mode));
	g_assert_cmpuint(mode.hdisplay, ==, 1280);
	g_assert_cmpuint(mode.vdisplay, ==, 1024);
	g_assert_true(mode.flags & DRM_MODE_FLAG_INTERLACE);
	g_assert_true(kms_mode_is_sane(&mode));
	/* Of fields. */
	g_assert_cmpint(ABS((int)kms_mode_refresh(&mode) - 60000), <, 500);
}

/* Whatever a person writes: a mode that the kernel can be asked about, or none. */
static void test_any_numbers(void)
{
	static const uint32_t sizes[] = {1, 2, 7, 8, 9, 100, 479, 1080, 4320, 16384, INT16_MAX};
	static const uint32_t rates[] = {1000, 1001, 24000, 59999, 60000, 120000, 500000, 960000,
		1000000};

	for (size_t i = 0; i < G_N_ELEMENTS(sizes); i++) {
		for (size_t j = 0; j < G_N_ELEMENTS(sizes); j++) {
			for (size_t k = 0; k < 2 * G_N_ELEMENTS(rates); k++) {
				drmModeModeInfo mode;

				if (kms_cvt_make(sizes[i], sizes[j], rates[k / 2], k % 2,
					    KMS_CVT_BLANKING_ANY, &mode) &&
					kms_mode_is_sane(&mode)) {
					g_assert_cmpuint(mode.hdisplay, ==, sizes[i]);
					g_assert_cmpuint(mode.vdisplay, ==, sizes[j]);
				}
			}
		}
	}
}

static void test_impossible(void)
{
	drmModeModeInfo mode;

	g_assert_false(kms_cvt_make(0, 480, 60000, false, KMS_CVT_BLANKING_ANY, &mode));
	g_assert_false(kms_cvt_make(640, 0, 60000, false, KMS_CVT_BLANKING_ANY, &mode));
	g_assert_false(kms_cvt_make(40000, 480, 60000, false, KMS_CVT_BLANKING_ANY, &mode));
	g_assert_false(kms_cvt_make(640, 480, 1000001, false, KMS_CVT_BLANKING_ANY, &mode));
	g_assert_false(kms_cvt_make(1920, 1080, 50000, false, KMS_CVT_BLANKING_REDUCED, &mode));
	g_assert_false(kms_cvt_make(1920, 1080, 60000, true, KMS_CVT_BLANKING_REDUCED, &mode));
}

static void test_fallback(void)
{
	drmModeModeInfo modes[KMS_MODE_FALLBACK_MAX + 1];

	g_assert_cmpuint(kms_mode_fallback(modes, G_N_ELEMENTS(modes)), ==, KMS_MODE_FALLBACK_MAX);
	g_assert_cmpuint(modes[0].hdisplay, ==, 1024);
	g_assert_true(modes[0].type & DRM_MODE_TYPE_PREFERRED);
	g_assert_cmpuint(modes[1].hdisplay, ==, 800);
	g_assert_cmpuint(modes[2].hdisplay, ==, 640);
	g_assert_cmpuint(modes[2].vrefresh, ==, 60);
	g_assert_cmpuint(kms_mode_fallback(modes, 1), ==, 1);
	g_assert_null(kms_cvt_fallback(KMS_MODE_FALLBACK_MAX));
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/kms/cvt/computed", test_computed);
	g_test_add_func("/kms/cvt/standard", test_standard);
	g_test_add_func("/kms/cvt/odd-width", test_odd_width);
	g_test_add_func("/kms/cvt/computed-interlaced", test_computed_interlaced);
	g_test_add_func("/kms/cvt/any-numbers", test_any_numbers);
	g_test_add_func("/kms/cvt/impossible", test_impossible);
	g_test_add_func("/kms/cvt/fallback", test_fallback);
	return g_test_run();
}
