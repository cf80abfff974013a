/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Tiled monitors: what the kernel says of a part, which connector drives the monitor and in which
 * modes, and what is said of the others.
 */
#include "card_fixture.h"
#include "device.h"
#include "hotplug.h"
#include "tile.h"

#include <string.h>

static const drmModeModeInfo part = {.clock = 148500,
	.hdisplay = 960,
	.hsync_start = 1000,
	.hsync_end = 1050,
	.htotal = 1100,
	.vdisplay = 1080,
	.vsync_start = 1084,
	.vsync_end = 1089,
	.vtotal = 1125,
	.vrefresh = 60,
	.type = DRM_MODE_TYPE_PREFERRED | DRM_MODE_TYPE_DRIVER,
	.name = "960x1080"};

static void test_parse(void)
{
	static const struct {
		const char *text;
		uint32_t columns, rows, column, row, width, height;
	} cases[] = {
		{"1:1:2:1:0:0:1920:2160", 2, 1, 0, 0, 1920, 2160},
		{"1:1:2:1:1:0:1920:2160", 2, 1, 1, 0, 1920, 2160},
		{"7:1:1:4:0:3:3840:540", 1, 4, 0, 3, 3840, 540},
		/* Monitors of their own, side by side. */
		{"1:0:2:1:0:0:1920:2160"},
		{"1:1:1:1:0:0:1920:2160"},
		{"1:1:0:0:0:0:1920:2160"},
		{"1:1:65535:65537:0:0:1920:2160"},
		{"1:1:2:1:2:0:1920:2160"},
		{"1:1:2:1:0:1:1920:2160"},
		{"1:1:2:1:-1:0:1920:2160"},
		{"1:1:2:1:0:0:1920"},
		{"1:1:2:1:0:0:1920:2160:1"},
		{"1:1:2:1:0:0:1920:x"},
		{""},
	};

	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		struct kms_tile tile = kms_tile_parse(cases[i].text, strlen(cases[i].text) + 1);

		g_assert_cmpuint(tile.columns, ==, cases[i].columns);
		g_assert_cmpuint(tile.rows, ==, cases[i].rows);
		g_assert_cmpuint(tile.column, ==, cases[i].column);
		g_assert_cmpuint(tile.row, ==, cases[i].row);
		g_assert_cmpuint(tile.width, ==, cases[i].width);
		g_assert_cmpuint(tile.height, ==, cases[i].height);
		g_assert_cmpint(kms_tile_is_part(&tile), ==, cases[i].columns != 0);
	}
	g_assert_cmpuint(kms_tile_parse(NULL, 0).columns, ==, 0);
	/* Without the zero byte at its end. */
	g_assert_cmpuint(kms_tile_parse("1:1:2:1:0:0:1920:21609", 21).height, ==, 2160);
}

static void set_tiles(const char *first, const char *second)
{
	double_set_tile(0, first, first ? strlen(first) + 1 : 0);
	double_set_tile(1, second, second ? strlen(second) + 1 : 0);
}

static void probe(struct card_fixture *card)
{
	unsigned int probes = card->probes;

	kms_hotplug_probe(card->device->hotplug);
	card_wait(card->probes > probes);
	card_flip_all(card);
}

/* The first connector drives the monitor, and not in the mode of its part; the other one is as if
 * unplugged. */
static void test_driven_as_one(struct card_fixture *card)
{
	const drmModeModeInfo modes[] = {part,
		{.clock = 25175,
			.hdisplay = 640,
			.hsync_start = 656,
			.hsync_end = 752,
			.htotal = 800,
			.vdisplay = 480,
			.vsync_start = 490,
			.vsync_end = 492,
			.vtotal = 525,
			.vrefresh = 60,
			.name = "640x480"}};

	double_card.crtcs = 2;
	double_card.modes = modes;
	double_card.mode_count = G_N_ELEMENTS(modes);
	card_start(card);
	g_assert_cmpuint(kms_output_mode(card->outputs[0].output)->width, ==, 960);
	set_tiles("1:1:2:1:0:0:960:1080", "1:1:2:1:1:0:960:1080");
	probe(card);
	g_assert_cmpuint(kms_output_mode(card->outputs[0].output)->width, ==, 640);
	g_assert_true(kms_output_active(card->outputs[0].output));
	g_assert_false(kms_output_connected(card->outputs[1].output));
	g_assert_cmpuint(double_value(DOUBLE_CRTC(1), "ACTIVE"), ==, 0);
	g_assert_nonnull(strstr(card->log->str,
		"DP-1: is a part of a tiled monitor (2x1): that is driven by this connector alone\n"));
	g_assert_nonnull(strstr(card->log->str,
		"DP-2: is a part of a tiled monitor (2x1), column 2 of row 1: left to the connector "
		"of the first one\n"));
	/* Said once; and two plain monitors are two again. */
	g_string_truncate(card->log, 0);
	probe(card);
	g_assert_null(strstr(card->log->str, "tiled"));
	set_tiles(NULL, NULL);
	probe(card);
	g_assert_true(kms_output_active(card->outputs[0].output));
	g_assert_true(kms_output_active(card->outputs[1].output));
	g_assert_null(strstr(card->log->str, "tiled"));
}

/* Only its part's mode: nothing of the monitor can be shown whole. Not by force either. */
static void test_refused(struct card_fixture *card)
{
	double_card.crtcs = 2;
	double_card.modes = &part;
	double_card.mode_count = 1;
	card_open(card);
	set_tiles("1:1:1:2:0:0:960:1080", NULL);
	probe(card);
	card->requests[0].force = true;
	card_configure(card, NULL, false);
	g_assert_false(kms_output_connected(card->outputs[0].output));
	g_assert_false(kms_output_active(card->outputs[0].output));
	g_assert_true(kms_output_active(card->outputs[1].output));
	g_assert_nonnull(strstr(card->log->str,
		"DP-1: is a part of a tiled monitor (1x2): left off, for it has no mode for the whole "
		"monitor\n"));
}

int main(int argc, char **argv)
{
	card_init(&argc, &argv);
	g_test_add_func("/kms/tile/parse", test_parse);
	card_add_test("/kms/tile/driven-as-one", test_driven_as_one);
	card_add_test("/kms/tile/refused", test_refused);
	return g_test_run();
}
