/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What `scanoutd --list` says of a card's connectors: what a person needs to write a configuration.
 */
#include "card_fixture.h"
#include "list.h"

#include <drm_fourcc.h>
#include <kms.h>
#include <string.h>
#include <unistd.h>
#include <xf86drm.h>

/* DEL 0x1234 0x89ABCDEF */
static void set_edid(unsigned int n)
{
	uint8_t edid[128] = {0x00, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x00, 0x10, 0xac, 0x34, 0x12,
		0xef, 0xcd, 0xab, 0x89};
	uint8_t sum = 0;

	for (size_t i = 54; i <= 108; i += 18)
		edid[i + 3] = 0x10;
	for (size_t i = 0; i < 127; i++)
		sum = (uint8_t)(sum + edid[i]);
	edid[127] = (uint8_t)-sum;
	double_set_edid(n, edid, sizeof(edid));
}

static int open_card(void)
{
	int fd = double_open();

	g_assert_cmpint(drmSetClientCap(fd, DRM_CLIENT_CAP_ATOMIC, 1), ==, 0);
	g_assert_cmpint(drmSetClientCap(fd, DRM_CLIENT_CAP_UNIVERSAL_PLANES, 1), ==, 0);
	return fd;
}

static void assert_line(const char *text, const char *line)
{
	g_autofree char *whole = g_strdup_printf("\n%s\n", line);

	if (!strstr(text, whole))
		g_test_message("%s", text);
	g_assert_nonnull(strstr(text, whole));
}

static void test_connectors(void)
{
	g_autoptr(GString) text = g_string_new("\n");
	int fd;

	double_reset();
	double_card.crtcs = 4;
	double_card.connected[2] = false;
	double_card.connected[3] = false;
	double_card.undetected[3] = true;
	fd = open_card();
	set_edid(0);
	kms_list_parts(text, fd);
	close(fd);
	assert_line(text->str,
		"  connector DP-1: connected, monitor DEL 0x1234 0x89ABCDEF, 520×320 mm\n"
		"      1024x768@60.00 preferred\n      800x600@60.04\n      640x480@59.93");
	assert_line(text->str,
		"  connector DP-2: connected, its EDID cannot be read: any mode may be tried, "
		"520×320 mm");
	assert_line(text->str,
		"  connector DP-3: not connected\n  connector DP-4: unknown "
		"(force-on=yes takes it for connected)");
	g_assert_null(strstr(text->str, "the same"));
	g_assert_null(double_faults());
}

static void test_twins(void)
{
	g_autoptr(GString) text = g_string_new("\n");
	int fd;

	double_reset();
	double_card.crtcs = 3;
	fd = open_card();
	set_edid(0);
	set_edid(2);
	kms_list_parts(text, fd);
	close(fd);
	assert_line(text->str, "      has the same monitor's name as DP-3: write the connector's");
	assert_line(text->str, "      has the same monitor's name as DP-1: write the connector's");
	g_assert_null(strstr(text->str, "name as DP-2"));
}

/* Each mode that is listed is one that a configuration takes, and comes once. */
static void test_modes(void)
{
	static const drmModeModeInfo modes[] = {
		{.clock = 74250,
			.hdisplay = 1920,
			.htotal = 2200,
			.vdisplay = 1080,
			.vtotal = 1125,
			.flags = DRM_MODE_FLAG_INTERLACE,
			.type = DRM_MODE_TYPE_PREFERRED},
		{.clock = 148500,
			.hdisplay = 1920,
			.htotal = 2200,
			.vdisplay = 1080,
			.vtotal = 1125},
		/* The same but for sync, which nobody writes. */
		{.clock = 148500,
			.hdisplay = 1920,
			.htotal = 2200,
			.vdisplay = 1080,
			.vtotal = 1125,
			.flags = DRM_MODE_FLAG_PHSYNC},
	};
	g_autoptr(GString) text = g_string_new("\n");
	g_auto(GStrv) lines = NULL;
	unsigned int seen = 0;
	int fd;

	double_reset();
	double_card.modes = modes;
	double_card.mode_count = G_N_ELEMENTS(modes);
	fd = open_card();
	kms_list_parts(text, fd);
	close(fd);
	assert_line(text->str,
		"      1920x1080i@60.00 interlaced preferred\n      1920x1080@60.00\n  CRTC "
		"3422552064: off");
	lines = g_strsplit(text->str, "\n", -1);
	for (char **line = lines; *line; line++) {
		if (g_str_has_prefix(*line, "      1")) {
			*strchrnul(*line + 6, ' ') = '\0';
			g_assert_true(kms_mode_valid(*line + 6, NULL));
			seen++;
		}
	}
	g_assert_cmpuint(seen, ==, 2);
}

/* A line for each modifier, with its formats; what is no letter of one reaches no terminal. */
static void test_formats(void)
{
	static const struct {
		struct drm_format_modifier_blob head;
		uint32_t formats[2];
		struct drm_format_modifier modifiers[2];
	} in_formats = {
		{FORMAT_BLOB_CURRENT, 0, 2, sizeof(in_formats.head), 2,
			sizeof(in_formats.head) + sizeof(in_formats.formats)},
		{DRM_FORMAT_XRGB8888, 0x1b345258},
		{{.formats = 3, .modifier = DRM_FORMAT_MOD_LINEAR},
			{.formats = UINT64_MAX, .offset = 1, .modifier = DOUBLE_TILED}},
	};
	g_autoptr(GString) text = g_string_new("\n");
	int fd;

	double_reset();
	double_set_in_formats(DOUBLE_PRIMARY(0), &in_formats, sizeof(in_formats));
	fd = open_card();
	kms_list_parts(text, fd);
	close(fd);
	assert_line(text->str, "      linear: XR24 XR4?\n      0x100000000000001: XR4?");
	double_reset();
	double_set_in_formats(DOUBLE_PRIMARY(0), &in_formats, sizeof(in_formats) - 1);
	fd = open_card();
	kms_list_parts(text, fd);
	close(fd);
	g_assert_null(double_faults());
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/kms/list/connectors", test_connectors);
	g_test_add_func("/kms/list/twins", test_twins);
	g_test_add_func("/kms/list/modes", test_modes);
	g_test_add_func("/kms/list/formats", test_formats);
	return g_test_run();
}
