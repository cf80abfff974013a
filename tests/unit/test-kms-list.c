/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What `scanoutd --list` says of a card's connectors: what a person needs to write a configuration.
 */
#include "card_fixture.h"
#include "edid_seal.h"
#include "list.h"

#include <drm_fourcc.h>
#include <errno.h>
#include <fcntl.h>
#include <kms.h>
#include <stdarg.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>
#include <xf86drm.h>

/* ---- /dev/dri ---- */

static const char *const *node_names; /* there; NULL: there is no such folder */
static size_t next_name;

GDir *g_dir_open(const gchar *path, guint flags, GError **error)
{
	g_assert_cmpstr(path, ==, "/dev/dri");
	next_name = 0;
	return node_names ? (GDir *)&node_names : NULL;
}

const gchar *g_dir_read_name(GDir *directory)
{
	return node_names[next_name] ? node_names[next_name++] : NULL;
}

void g_dir_close(GDir *directory)
{
	g_assert_true(directory == (GDir *)&node_names);
}

/* card0 is the double, card1 may not be opened. */
int open(const char *path, int flags, ...)
{
	if (g_str_equal(path, "/dev/dri/card0"))
		return double_open();
	if (g_str_equal(path, "/dev/dri/card1")) {
		errno = EACCES;
		return -1;
	}
	return (int)syscall(SYS_openat, AT_FDCWD, path, flags, 0);
}

/* ---- monitors ---- */

/* DEL 0x1234 0x89ABCDEF */
static void set_edid(unsigned int n)
{
	uint8_t edid[128] = {0x00, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x00, 0x10, 0xac, 0x34, 0x12,
		0xef, 0xcd, 0xab, 0x89};

	for (size_t i = 54; i <= 108; i += 18)
		edid[i + 3] = 0x10;
	edid_seal(edid);
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
		"      can be set: max-bpc=6 to 12\n"
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

static void test_mounted(void)
{
	static const char *const words[] = {
		"DP-1: connected, monitor DEL 0x1234 0x89ABCDEF, 520×320 mm\n",
		", mounted upside down\n", ", mounted left side up\n", ", mounted right side up\n"};

	for (size_t i = 0; i < G_N_ELEMENTS(words); i++) {
		g_autoptr(GString) text = g_string_new("\n");
		int fd;

		double_reset();
		double_card.panels = true;
		double_card.panel_orientation = i;
		fd = open_card();
		set_edid(0);
		kms_list_parts(text, fd);
		close(fd);
		g_assert_nonnull(strstr(text->str, words[i]));
		g_assert_null(double_faults());
	}
}

/* What can be written for a connector, in the configuration's words. */
static void test_settings(void)
{
	g_autoptr(GString) text = g_string_new("\n");
	int fd;

	double_reset();
	double_card.settings = true;
	double_card.vrr = true;
	fd = open_card();
	kms_list_parts(text, fd);
	close(fd);
	assert_line(text->str,
		"      can be set: vrr=off|auto|always, max-bpc=6 to 12, "
		"content-type=no-data|graphics|photo|cinema|game, "
		"broadcast-rgb=auto|full|limited, scaling-mode=center|full-aspect, "
		"underscan=off|on|auto, underscan-border=0 to 128, margins=0 to 100");
	g_assert_null(double_faults());
}

static void test_tiles(void)
{
	static const char first[] = "1:1:2:1:0:0:960:1080";
	static const char second[] = "1:1:2:1:1:0:960:1080";
	g_autoptr(GString) text = g_string_new("\n");
	int fd;

	double_reset();
	double_card.crtcs = 3;
	fd = open_card();
	double_set_tile(0, first, sizeof(first));
	double_set_tile(1, second, sizeof(second));
	kms_list_parts(text, fd);
	close(fd);
	g_assert_nonnull(strstr(text->str, ", 520×320 mm, a part of a tiled monitor (2x1)\n"));
	assert_line(text->str,
		"  connector DP-2: connected, a part of a tiled monitor (2x1) that another connector "
		"drives");
	g_assert_null(strstr(strstr(text->str, "DP-3"), "tiled"));
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

/* ---- CRTCs and planes ---- */

static void test_planes(void)
{
	g_autoptr(GString) text = g_string_new("\n");
	int fd;

	double_reset();
	double_card.crtcs = 2;
	double_card.overlay_planes = true;
	double_card.compressed_overlays = true;
	double_card.no_alpha = true;
	fd = open_card();
	double_light(1);
	kms_list_parts(text, fd);
	close(fd);
	assert_line(text->str,
		"  CRTC 3422552064: off, up to 2 layers above its picture, where they do not overlap\n"
		"  CRTC 3422552065: 1024x768@60.00, up to 2 layers above its picture, "
		"where they do not overlap");
	g_assert_nonnull(strstr(text->str, "  connector DP-2: connected"));
	g_assert_nonnull(
		strstr(text->str, ", in use by CRTC 3422552065\n      can be set: max-bpc="));
	/* Formats alone, or with the modifiers that go with each. */
	assert_line(text->str, "  plane 2583691264: primary, for CRTC 3422552064\n      XR24 AR24");
	assert_line(text->str,
		"  plane 2583691265: primary, for CRTC 3422552065, in use by CRTC 3422552065\n"
		"      XR24 AR24");
	assert_line(text->str, "  plane 2583691521: cursor, for CRTC 3422552065\n      AR24");
	assert_line(text->str,
		"  plane 2583692033: overlay, for CRTC 3422552065\n      0x100000000000001: XR24 AR24");
	g_assert_null(strstr(text->str, "linear"));
}

/* ---- all cards ---- */

static void test_cards(void)
{
	static const char *const names[] = {"card1", "renderD128", "card0", NULL};
	g_autoptr(GString) text = g_string_new(NULL);
	g_autoptr(GError) error = NULL;

	double_reset();
	double_card.driver = "double";
	double_card.hotspot = true;
	node_names = names;
	g_assert_true(kms_list(text, &error));
	g_assert_no_error(error);
	g_assert_true(g_str_has_prefix(text->str, "Names of connectors (DP-1) and of monitors "));
	g_assert_nonnull(strstr(text->str, "\n/dev/dri/card0: double\n  connector DP-1: "));
	/* Cursor planes, too, that are for those alone who know hotspots. */
	g_assert_nonnull(strstr(text->str, ": cursor, for CRTC "));
	g_assert_true(g_str_has_suffix(text->str, "\n/dev/dri/card1: Permission denied\n"));
	/* It is nobody's master afterwards. */
	g_assert_false(double_is_master());
	g_assert_null(double_faults());

	g_string_truncate(text, 0);
	double_card.driver = NULL;
	double_card.no_atomic = true;
	g_assert_true(kms_list(text, &error));
	g_assert_nonnull(strstr(text->str,
		"\n/dev/dri/card0: unknown driver, not usable: /dev/dri/card0: its driver has no "
		"atomic mode setting (KMS): Operation not supported\n/dev/dri/card1: "));

	g_string_truncate(text, 0);
	node_names = NULL;
	g_assert_false(kms_list(text, &error));
	g_assert_error(error, KMS_ERROR, KMS_ERROR_NO_CARD);
	g_assert_cmpstr(text->str, ==, "");
}

/* Which layers a CRTC can have. */
static void list_with_layers(GString *text, unsigned int overlays, bool fixed)
{
	int fd;

	double_reset();
	double_card.crtcs = 2;
	double_card.shared_overlays = overlays;
	double_card.zpos = !fixed;
	double_card.zpos_fixed = fixed;
	fd = open_card();
	kms_list_parts(text, fd);
	close(fd);
}

static void test_layers(void)
{
	g_autoptr(GString) one = g_string_new("\n"), many = g_string_new("\n");

	list_with_layers(one, 1, true);
	assert_line(one->str,
		"  CRTC 3422552064: off, up to 1 layer above its picture, shared with other CRTCs");
	assert_line(one->str,
		"  plane 2583692288: overlay, for CRTC 3422552064 3422552065\n      zpos 1, alpha");
	list_with_layers(many, 9, false);
	assert_line(many->str,
		"  CRTC 3422552064: off, up to 6 layers above its picture, shared with other CRTCs");
	assert_line(many->str, "      zpos 0 to 7, alpha");
	g_assert_null(double_faults());
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/kms/list/connectors", test_connectors);
	g_test_add_func("/kms/list/mounted", test_mounted);
	g_test_add_func("/kms/list/settings", test_settings);
	g_test_add_func("/kms/list/tiles", test_tiles);
	g_test_add_func("/kms/list/twins", test_twins);
	g_test_add_func("/kms/list/modes", test_modes);
	g_test_add_func("/kms/list/formats", test_formats);
	g_test_add_func("/kms/list/planes", test_planes);
	g_test_add_func("/kms/list/cards", test_cards);
	g_test_add_func("/kms/list/layers", test_layers);
	return g_test_run();
}
