/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Which modes a connector is tried with, in their order.
 */
#include "mode.h"

#include <string.h>

#define MODE(w, h, clock_khz, ht, vt, more_flags, kind) \
	{ \
		.clock = (clock_khz), .hdisplay = (w), .htotal = (ht), .vdisplay = (h), \
		.vtotal = (vt), .flags = (more_flags), .type = (kind) \
	}

/* A television, in no order. */
static const drmModeModeInfo television[] = {
	MODE(1920, 1080, 74250, 2200, 1125, DRM_MODE_FLAG_INTERLACE, 0),
	MODE(1280, 720, 74250, 1650, 750, 0, 0),
	MODE(1920, 1080, 148500, 2640, 1125, 0, 0),
	MODE(1920, 1080, 148500, 2200, 1125, 0, DRM_MODE_TYPE_PREFERRED),
	MODE(3840, 2160, 297000, 4400, 2250, 0, 0),
	MODE(640, 480, 25175, 800, 525, 0, 0),
	MODE(1280, 720, 74250, 1980, 750, 0, 0),
	/* The same as another one, by another name. */
	MODE(1920, 1080, 148500, 2640, 1125, 0, DRM_MODE_TYPE_USERDEF),
};

struct connector {
	const drmModeModeInfo *modes;
	size_t count;
	const drmModeModeInfo *current;
	bool blind;
};

/* All candidates' names, "*" behind those that the connector does not have, up to `steps`. */
static char *order_up_to(const char *text, const struct connector *connector, size_t steps)
{
	g_autoptr(GString) names = g_string_new(NULL);
	struct kms_mode_wishes wishes;
	drmModeModeInfo mode;

	g_assert_true(kms_mode_wishes_parse(text, &wishes, NULL));
	wishes.blind = connector->blind;
	for (size_t step = 0; step < steps &&
		kms_mode_candidate(&wishes, connector->modes, connector->count, connector->current,
			step, &mode);
		step++) {
		bool had = connector->current && kms_mode_equal(&mode, connector->current);
		struct kms_mode_info info;

		for (size_t i = 0; i < connector->count; i++)
			had |= kms_mode_equal(&mode, &connector->modes[i]);
		g_assert_true(had || mode.type & DRM_MODE_TYPE_USERDEF);
		kms_mode_describe(&mode, &info);
		g_string_append_printf(names, "%s%s%s", step ? " " : "", info.name, had ? "" : "*");
		g_assert_cmpuint(step, <=, connector->count + KMS_MODE_WISHES_MAX + 3);
	}
	return g_string_free(g_steal_pointer(&names), FALSE);
}

static void assert_order(const char *text, const struct connector *connector, const char *expected)
{
	g_autofree char *names = order_up_to(text, connector, SIZE_MAX);

	g_assert_cmpstr(names, ==, expected);
}

static void assert_begins(const char *text, const struct connector *connector, size_t steps,
	const char *expected)
{
	g_autofree char *names = order_up_to(text, connector, steps);

	g_assert_cmpstr(names, ==, expected);
}

static const struct connector tv = {television, G_N_ELEMENTS(television)};

static void test_preferred(void)
{
	assert_order(NULL, &tv,
		"1920x1080@60.00 1920x1080@50.00 1920x1080i@60.00 1280x720@60.00 1280x720@50.00 "
		"640x480@59.94 3840x2160@30.00");
}

/* Every rate of a size without a rate comes before anything else. */
static void test_size(void)
{
	assert_order("1280x720", &tv,
		"1280x720@60.00 1280x720@50.00 1920x1080@60.00 640x480@59.94 3840x2160@30.00 "
		"1920x1080@50.00 1920x1080i@60.00");
}

static void test_rate(void)
{
	/* The other rates of its size are the largest below. */
	assert_order("1920x1080@50", &tv,
		"1920x1080@50.00 1920x1080@60.00 1920x1080i@60.00 1280x720@60.00 1280x720@50.00 "
		"640x480@59.94 3840x2160@30.00");
	/* One that is meant is found by a number that is near. */
	assert_begins("640x480@60", &tv, 1, "640x480@59.94");
	assert_begins("3840x2160@29.97", &tv, 1, "3840x2160@30.00");
}

static void test_scan(void)
{
	assert_begins("1080i", &tv, 2, "1920x1080i@60.00 1920x1080@60.00");
	assert_begins("1920x1080i@60", &tv, 1, "1920x1080i@60.00");
	assert_begins("1080p", &tv, 3, "1920x1080@60.00 1920x1080@50.00 1920x1080i@60.00");
	/* Not had: progressive is no interlaced mode. */
	assert_begins("720x576i", &tv, 1, "1920x1080@60.00");
}

static void test_list(void)
{
	assert_begins("1600x1200;3840x2160;1280x720@50;preferred;640x480", &tv, 5,
		"3840x2160@30.00 1280x720@50.00 1920x1080@60.00 640x480@59.94 1280x720@60.00");
	/* Nothing comes twice. */
	assert_order("preferred;1920x1080@60;1920x1080;preferred", &tv,
		"1920x1080@60.00 1920x1080@50.00 1920x1080i@60.00 1280x720@60.00 1280x720@50.00 "
		"640x480@59.94 3840x2160@30.00");
}

/* Where nothing else tells them apart the fastest comes first, and the one that is nearest to the
 * rate that was asked for. */
static void test_rates(void)
{
	static const drmModeModeInfo slow_first[] = {
		MODE(800, 600, 38125, 1024, 625, 0, 0), /* 59.57 */
		MODE(800, 600, 40000, 1056, 628, 0, 0), /* 60.32 */
		MODE(800, 600, 49500, 1056, 625, 0, 0), /* 75 */
	};
	const struct connector connector = {slow_first, G_N_ELEMENTS(slow_first)};

	assert_order("800x600", &connector, "800x600@75.00 800x600@60.32 800x600@59.57");
	assert_begins("800x600@60", &connector, 3, "800x600@60.32 800x600@59.57 800x600@75.00");
	assert_begins("800x600@59.6", &connector, 1, "800x600@59.57");
	/* Half a hertz off is meant, more is not. */
	assert_begins("800x600@75.5", &connector, 1, "800x600@75.00");
	assert_begins("800x600@75.501", &connector, 1, "800x600@75.17*");
	assert_begins("800x600@74.5", &connector, 1, "800x600@75.00");
}

/* Sizes of one area: the wider first. */
static void test_areas(void)
{
	static const drmModeModeInfo modes[] = {
		MODE(600, 800, 40000, 1056, 628, 0, 0),
		MODE(800, 600, 40000, 1056, 628, 0, 0),
		MODE(400, 1200, 40000, 1056, 628, 0, 0),
	};
	const struct connector connector = {modes, G_N_ELEMENTS(modes)};

	assert_order("2000x2000", &connector, "600x800@60.32 800x600@60.32 400x1200@60.32");
}

/* What fits into the size that is missing, the largest first; then the rest. */
static void test_below(void)
{
	assert_order("1600x1200", &tv,
		"1920x1080@60.00 1280x720@60.00 1280x720@50.00 640x480@59.94 3840x2160@30.00 "
		"1920x1080@50.00 1920x1080i@60.00");
	/* Fits: in both directions. */
	assert_begins("4096x720", &tv, 3, "1920x1080@60.00 1280x720@60.00 1280x720@50.00");
}

static void test_current(void)
{
	struct connector connector = tv;
	static const drmModeModeInfo firmwares = MODE(1024, 768, 65000, 1344, 806, 0, 0);

	connector.current = &firmwares;
	assert_begins("current", &connector, 2, "1024x768@60.00 1920x1080@60.00");
	/* Only where it was asked for. */
	assert_begins("preferred", &connector, 2, "1920x1080@60.00 1920x1080@50.00");
	/* Nothing runs. */
	assert_begins("current;1280x720", &tv, 1, "1280x720@60.00");
	assert_begins("current", &tv, 1, "1920x1080@60.00");
}

static void test_modeline(void)
{
	assert_begins("71.00 1280 1328 1360 1440 800 803 809 823 +hsync -vsync", &tv, 3,
		"1280x800@59.91* 1920x1080@60.00 1280x720@60.00");
}

/* Of a monitor that says what it has: only where the rate was written too. */
static void test_made(void)
{
	assert_begins("1280x800@60", &tv, 2, "1280x800@59.91* 1920x1080@60.00");
	assert_begins("1920x1080@75", &tv, 2, "1920x1080@74.91* 1920x1080@60.00");
	assert_begins("1920x1080i@50", &tv, 2, "1920x1080i@50.00* 1920x1080@60.00");
	assert_begins("1280x800", &tv, 1, "1920x1080@60.00");
	assert_begins("1280x800R", &tv, 1, "1920x1080@60.00");
	assert_begins("1280x800R@60", &tv, 1, "1280x800@59.91*");
	/* In the list's order. */
	assert_begins("1280x800@60;1280x720", &tv, 3,
		"1280x800@59.91* 1280x720@60.00 1280x720@50.00");
}

/* What the kernel gives a connector without an EDID is a guess. */
static void test_blind(void)
{
	static const drmModeModeInfo guesses[] = {
		MODE(1024, 768, 65000, 1344, 806, 0, 0),
		MODE(800, 600, 40000, 1056, 628, 0, 0),
		MODE(640, 480, 25175, 800, 525, 0, 0),
	};
	const struct connector connector = {guesses, G_N_ELEMENTS(guesses), NULL, true};

	assert_order("1920x1080", &connector,
		"1920x1080@60.00* 1024x768@60.00 800x600@60.32 640x480@59.94");
	assert_begins("1280x800", &connector, 1, "1280x800@59.91*");
	assert_begins("576i", &connector, 1, "720x576i@50.00*");
	assert_begins("800x600", &connector, 2, "800x600@60.32 1024x768@60.00");
	assert_order("preferred", &connector, "1024x768@60.00 800x600@60.32 640x480@59.94");
}

static void test_no_modes(void)
{
	const struct connector connector = {0};

	assert_order("preferred", &connector, "1024x768@60.00* 800x600@60.32* 640x480@59.94*");
	assert_order("1280x720;current", &connector,
		"1280x720@60.00* 1024x768@60.00* 800x600@60.32* 640x480@59.94*");
	/* It is below what was wanted, too. */
	assert_order("800x600", &connector, "800x600@60.32* 1024x768@60.00* 640x480@59.94*");
}

/* A mode that is reduced is told by its blanking. */
static void test_reduced(void)
{
	static const drmModeModeInfo modes[] = {
		MODE(1920, 1200, 193250, 2592, 1245, 0, DRM_MODE_TYPE_PREFERRED),
		MODE(1920, 1200, 154000, 2080, 1235, 0, 0),
	};
	const struct connector connector = {modes, G_N_ELEMENTS(modes)};

	assert_order("1920x1200R", &connector, "1920x1200@59.95 1920x1200@59.88");
	assert_order("1920x1200", &connector, "1920x1200@59.88 1920x1200@59.95");
}

/* Monitors that name an interlaced mode first, although they have better. */
static void test_interlaced_preferred(void)
{
	static const drmModeModeInfo modes[] = {
		MODE(1920, 1080, 74250, 2200, 1125, DRM_MODE_FLAG_INTERLACE,
			DRM_MODE_TYPE_PREFERRED),
		MODE(1280, 720, 74250, 1650, 750, 0, 0),
		MODE(1920, 1080, 74250, 2200, 1125, 0, 0),
		MODE(1920, 1080, 74250, 2750, 1125, 0, 0),
	};
	struct connector connector = {modes, G_N_ELEMENTS(modes)};

	assert_begins("preferred", &connector, 1, "1920x1080@30.00");
	assert_begins("1920x1080", &connector, 3,
		"1920x1080@30.00 1920x1080@24.00 1920x1080i@60.00");
	/* Less than the thirty whole pictures that 60 fields have: the monitor's word holds. */
	connector.modes = (drmModeModeInfo[]){modes[0], modes[1], modes[3]};
	connector.count = 3;
	assert_begins("preferred", &connector, 2, "1920x1080i@60.00 1920x1080@24.00");
	/* None of its size. */
	connector.count = 2;
	assert_order("preferred", &connector, "1920x1080i@60.00 1280x720@60.00");
}

static void test_satisfies(void)
{
	struct kms_mode_wishes wishes;

	g_assert_true(kms_mode_wishes_parse("1920x1080@50;1080i;preferred;current;"
					    "173.00 1920 2048 2248 2576 1080 1083 1088 1120",
		&wishes, NULL));
	g_assert_true(kms_mode_satisfies(&wishes.list[0], &television[2]));
	g_assert_false(kms_mode_satisfies(&wishes.list[0], &television[3]));
	g_assert_false(kms_mode_satisfies(&wishes.list[1], &television[2]));
	g_assert_true(kms_mode_satisfies(&wishes.list[1], &television[0]));
	g_assert_true(kms_mode_satisfies(&wishes.list[2], &television[0]));
	g_assert_true(kms_mode_satisfies(&wishes.list[3], &television[0]));
	g_assert_false(kms_mode_satisfies(&wishes.list[4], &television[0]));
	g_assert_true(kms_mode_satisfies(&wishes.list[4], &wishes.list[4].modeline));
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/kms/candidate/preferred", test_preferred);
	g_test_add_func("/kms/candidate/size", test_size);
	g_test_add_func("/kms/candidate/rate", test_rate);
	g_test_add_func("/kms/candidate/rates", test_rates);
	g_test_add_func("/kms/candidate/areas", test_areas);
	g_test_add_func("/kms/candidate/scan", test_scan);
	g_test_add_func("/kms/candidate/list", test_list);
	g_test_add_func("/kms/candidate/below", test_below);
	g_test_add_func("/kms/candidate/current", test_current);
	g_test_add_func("/kms/candidate/modeline", test_modeline);
	g_test_add_func("/kms/candidate/made", test_made);
	g_test_add_func("/kms/candidate/blind", test_blind);
	g_test_add_func("/kms/candidate/no-modes", test_no_modes);
	g_test_add_func("/kms/candidate/reduced", test_reduced);
	g_test_add_func("/kms/candidate/interlaced-preferred", test_interlaced_preferred);
	g_test_add_func("/kms/candidate/satisfies", test_satisfies);
	return g_test_run();
}
