/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The EDIDs that guests get: judged by the real edid-decode, by reading them back, and byte by byte
 * where a monitor's own must stay.
 */
#include <gio/gio.h>
#include <glib.h>
#include <string.h>

#include "edid_seal.h"
#include "scene/edid.h"
#include "scene/edid_internal.h"

/* A 1920×1080 monitor with a CTA extension: E-EDID 1.3, 60 Hz, physical address and all. */
struct monitor {
	uint8_t bytes[EDID_SIZE_MAX];
	size_t size;
};

static const uint8_t detailed_1080p[18] = {0x02, 0x3a, 0x80, 0x18, 0x71, 0x38, 0x2d, 0x40, 0x58,
	0x2c, 0x45, 0x00, 0x0f, 0x28, 0x21, 0x00, 0x00, 0x1e};

static void monitor_init(struct monitor *monitor)
{
	static const uint8_t head[54] = {0x00, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x00, 0x10, 0xac,
		0x7b, 0xa0, 0x4c, 0x41, 0x30, 0x30, 0x0c, 0x16, 0x01, 0x03, 0x80, 0x34, 0x20, 0x78,
		0xea, 0xee, 0x95, 0xa3, 0x54, 0x4c, 0x99, 0x26, 0x0f, 0x50, 0x54, 0xa1, 0x08, 0x00,
		0x81, 0x40, 0x81, 0x80, 0xa9, 0x40, 0xb3, 0x00, 0xd1, 0xc0, 0x01, 0x01, 0x01, 0x01,
		0x01, 0x01};
	static const char name[18] = "\0\0\0\xfc\0DELL U2412M\n ";
	static const uint8_t range[18] = {0x00, 0x00, 0x00, 0xfd, 0x00, 0x30, 0x4c, 0x1e, 0x53,
		0x11, 0x00, 0x0a, 0x20, 0x20, 0x20, 0x20, 0x20, 0x20};
	uint8_t *base;
	uint8_t *cta;

	memset(monitor, 0, sizeof(*monitor));
	base = monitor->bytes;
	cta = monitor->bytes + EDID_BLOCK_SIZE;
	memcpy(base, head, sizeof(head));
	memcpy(base + 54, detailed_1080p, sizeof(detailed_1080p));
	memcpy(base + 72, name, sizeof(name));
	memcpy(base + 90, range, sizeof(range));
	base[108 + 3] = 0x10;
	base[126] = 1;
	edid_seal(base);
	/* CTA-861 revision 3: not overscanned; 1080p60; selectable RGB range. */
	cta[0] = 0x02;
	cta[1] = 3;
	cta[2] = 9;
	cta[3] = 0x80;
	cta[4] = 0x41;
	cta[5] = 0x90;
	cta[6] = 0xe2;
	cta[8] = 0x4a;
	edid_seal(cta);
	monitor->size = 2 * EDID_BLOCK_SIZE;
}

/* A DisplayID extension whose preferred timing is 5120×1440, as super-wide monitors have. */
static void monitor_add_displayid(struct monitor *monitor)
{
	uint8_t made[EDID_SIZE_MAX];
	const struct edid_screen screen = {.width = 5120, .height = 1440, .refresh_mhz = 60000};

	g_assert_cmpuint(edid_write(made, &screen, NULL, 0), ==, 2 * EDID_BLOCK_SIZE);
	memcpy(monitor->bytes + monitor->size, made + EDID_BLOCK_SIZE, EDID_BLOCK_SIZE);
	monitor->size += EDID_BLOCK_SIZE;
	monitor->bytes[126]++;
	edid_seal(monitor->bytes);
}

static void assert_preferred(const uint8_t *edid, size_t size, const struct edid_screen *screen)
{
	uint32_t wanted = screen->refresh_mhz == 0 ? 60000 : screen->refresh_mhz;
	uint32_t width;
	uint32_t height;
	uint32_t refresh_mhz;

	g_assert_true(edid_valid(edid, size));
	g_assert_true(edid_preferred(edid, size, &width, &height, &refresh_mhz));
	g_assert_cmpuint(width, ==, screen->width);
	g_assert_cmpuint(height, ==, screen->height);
	g_assert_cmpuint(refresh_mhz, ==, wanted);
}

/* What edid-decode says of it; fails where it finds a fault. */
static char *decode(const uint8_t *edid, size_t size)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(GSubprocess) process = g_subprocess_new(G_SUBPROCESS_FLAGS_STDIN_PIPE |
			G_SUBPROCESS_FLAGS_STDOUT_PIPE | G_SUBPROCESS_FLAGS_STDERR_MERGE,
		&error, "edid-decode", "--check", "--preferred-timings", NULL);
	g_autoptr(GBytes) input = g_bytes_new(edid, size);
	g_autoptr(GBytes) output = NULL;
	char *text;
	gsize length;

	g_assert_no_error(error);
	g_assert_true(g_subprocess_communicate(process, input, NULL, &output, NULL, &error));
	g_assert_no_error(error);
	text = g_strndup(g_bytes_get_data(output, NULL), g_bytes_get_size(output));
	length = strlen(text);
	if (!g_subprocess_get_successful(process))
		g_test_message("%s", text);
	g_assert_cmpuint(length, >, 0);
	g_assert_true(g_subprocess_get_successful(process));
	return text;
}

/* edid-decode names exactly this size as a preferred timing. */
static void assert_decoded(const uint8_t *edid, size_t size, const struct edid_screen *screen)
{
	g_autofree char *text = decode(edid, size);
	g_autofree char *wanted = g_strdup_printf("%ux%u ", screen->width, screen->height);

	g_assert_nonnull(strstr(text, "EDID conformity: PASS"));
	if (strstr(text, wanted) == NULL)
		g_test_message("%s", text);
	g_assert_nonnull(strstr(text, wanted));
}

/* ---- made up ---- */

static const struct edid_screen screens[] = {
	{640, 480, 60000, 0, 0, "Virtual-1"},
	{720, 400, 70000, 0, 0, "VGA-1"},
	{800, 600, 0, 0, 0, NULL},
	{1024, 768, 60004, 0, 0, "Virtual-1"},
	{1280, 720, 50000, 0, 0, "HDMI-A-1"},
	{1366, 768, 60000, 0, 0, "LVDS-1"},
	{1365, 767, 59940, 0, 0, "eDP-1"},
	{641, 481, 75000, 0, 0, "odd"},
	{1080, 1920, 60000, 0, 0, "DSI-1"},
	{1920, 1080, 60000, 527, 296, "DP-1"},
	{1920, 1200, 59950, 518, 324, "a name that is too long"},
	{2560, 1440, 144000, 0, 0, "DP-2"},
	{3440, 1440, 100000, 0, 0, "DP-3"},
	{3840, 2160, 24000, 0, 0, "DP-4"},
	{3840, 2160, 60000, 0, 0, "DP-4"},
	/* No detailed timing holds these. */
	{3840, 2160, 120000, 0, 0, "DP-4"},
	{4096, 2160, 60000, 0, 0, "DP-5"},
	{5120, 1440, 60000, 0, 0, "DP-6"},
	{5121, 1441, 60000, 0, 0, "DP-6"},
	{7680, 4320, 60000, 0, 0, "DP-7"},
	{16384, 16384, 60000, 0, 0, "DP-8"},
};

static void test_made_up(gconstpointer data)
{
	const struct edid_screen *screen = data;
	uint8_t edid[EDID_SIZE_MAX];
	size_t size = edid_write(edid, screen, NULL, 0);

	g_assert_cmpuint(size, ==,
		screen->width > 4095 || screen->refresh_mhz == 120000 ? 2 * EDID_BLOCK_SIZE
								      : EDID_BLOCK_SIZE);
	assert_preferred(edid, size, screen);
	assert_decoded(edid, size, screen);
}

/* A width of our own for every remainder of 8: CVT alone would round them. */
static void test_every_width(void)
{
	for (uint32_t width = 633; width <= 1930; width += 3) {
		const struct edid_screen screen = {.width = width, .height = width * 3 / 4 + 1};
		uint8_t edid[EDID_SIZE_MAX];
		size_t size = edid_write(edid, &screen, NULL, 0);

		g_assert_cmpuint(size, ==, EDID_BLOCK_SIZE);
		assert_preferred(edid, size, &screen);
	}
}

static void test_physical_size(void)
{
	struct edid_screen screen = {.width = 1920, .height = 1080, .name = "DP-1"};
	uint8_t edid[EDID_SIZE_MAX];
	g_autofree char *text = NULL;

	/* 1920 pixels at 96 dots an inch are 508 mm. */
	edid_write(edid, &screen, NULL, 0);
	g_assert_cmpuint(edid[21], ==, 51);
	g_assert_cmpuint(edid[22], ==, 29);
	g_assert_cmpuint(edid[54 + 12] | (edid[54 + 14] >> 4) << 8, ==, 508);
	g_assert_cmpuint(edid[54 + 13] | (edid[54 + 14] & 15) << 8, ==, 286);
	screen.width_mm = 600;
	screen.height_mm = 340;
	edid_write(edid, &screen, NULL, 0);
	g_assert_cmpuint(edid[21], ==, 60);
	g_assert_cmpuint(edid[22], ==, 34);
	g_assert_cmpuint(edid[54 + 12] | (edid[54 + 14] >> 4) << 8, ==, 600);
	/* More than a byte of centimetres: not known there. */
	screen.width_mm = 3000;
	screen.height_mm = 1700;
	edid_write(edid, &screen, NULL, 0);
	g_assert_cmpuint(edid[21], ==, 0);
	g_assert_cmpuint(edid[22], ==, 0);
	text = decode(edid, EDID_BLOCK_SIZE);
	g_assert_nonnull(strstr(text, "EDID conformity: PASS"));
}

/* A byte of centimetres is 1 to 255 of them, rounded; else nothing is said of either side. */
static void test_limits_of_size(void)
{
	static const struct {
		uint32_t width_mm, height_mm;
		uint8_t width, height;
	} cases[] = {
		{5, 5, 1, 1},
		{4, 100, 0, 0},
		{100, 4, 0, 0},
		{2554, 2554, 255, 255},
		{2555, 100, 0, 0},
		{100, 2555, 0, 0},
	};

	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		const struct edid_screen screen = {.width = 1920,
			.height = 1080,
			.width_mm = cases[i].width_mm,
			.height_mm = cases[i].height_mm,
			.name = "DP-1"};
		uint8_t edid[EDID_SIZE_MAX];

		edid_write(edid, &screen, NULL, 0);
		g_assert_cmpuint(edid[21], ==, cases[i].width);
		g_assert_cmpuint(edid[22], ==, cases[i].height);
	}
}

/* A monitor on its side: all sizes of its image are the other way round, and its identity stays. */
static void test_turned(void)
{
	static const struct edid_screen screen = {.width = 1080,
		.height = 1920,
		.refresh_mhz = 60000,
		.turned = true};
	struct monitor monitor;
	uint8_t edid[EDID_SIZE_MAX];
	size_t size;

	monitor_init(&monitor);
	/* One more timing in the CTA block, behind its data. */
	memcpy(monitor.bytes + EDID_BLOCK_SIZE + 9, detailed_1080p, sizeof(detailed_1080p));
	edid_seal(monitor.bytes + EDID_BLOCK_SIZE);
	size = edid_write(edid, &screen, monitor.bytes, monitor.size);
	assert_preferred(edid, size, &screen);
	g_assert_cmpuint(edid[21], ==, 0x20);
	g_assert_cmpuint(edid[22], ==, 0x34);
	/* 0x20f × 0x128 mm */
	g_assert_cmphex(edid[54 + 12], ==, detailed_1080p[13]);
	g_assert_cmphex(edid[54 + 13], ==, detailed_1080p[12]);
	g_assert_cmphex(edid[54 + 14], ==, 0x12);
	g_assert_cmphex(edid[EDID_BLOCK_SIZE + 9 + 12], ==, detailed_1080p[13]);
	g_assert_cmphex(edid[EDID_BLOCK_SIZE + 9 + 13], ==, detailed_1080p[12]);
	g_assert_cmphex(edid[EDID_BLOCK_SIZE + 9 + 14], ==, 0x12);
	g_assert_cmpmem(edid + 8, 10, monitor.bytes + 8, 10);
	assert_decoded(edid, size, &screen);
}

/* A ratio of sides, where the size is not known, is a portrait's then. */
static void test_turned_ratio(void)
{
	static const struct edid_screen screen = {.width = 1080,
		.height = 1920,
		.refresh_mhz = 60000,
		.turned = true};
	struct monitor monitor;
	uint8_t edid[EDID_SIZE_MAX];

	monitor_init(&monitor);
	monitor.bytes[21] = 79;
	monitor.bytes[22] = 0;
	edid_seal(monitor.bytes);
	edid_write(edid, &screen, monitor.bytes, monitor.size);
	g_assert_cmpuint(edid[21], ==, 0);
	g_assert_cmpuint(edid[22], ==, 79);
}

/* Two outputs are two monitors to a guest, and each is the same one at every start. */
static void test_identity(void)
{
	const struct edid_screen first = {.width = 800, .height = 600, .name = "DP-1"};
	const struct edid_screen second = {.width = 800, .height = 600, .name = "DP-2"};
	uint8_t edid[3][EDID_SIZE_MAX];

	edid_write(edid[0], &first, NULL, 0);
	edid_write(edid[1], &second, NULL, 0);
	edid_write(edid[2], &first, NULL, 0);
	g_assert_cmpmem(edid[0], EDID_BLOCK_SIZE, edid[2], EDID_BLOCK_SIZE);
	g_assert_cmpint(memcmp(edid[0] + 12, edid[1] + 12, 4), !=, 0);
	g_assert_cmpint(memcmp(edid[0] + 72 + 5, "DP-1\n        ", 13), ==, 0);
	/* A gamma of 2.2. */
	g_assert_cmpuint(edid[0][23], ==, 120);
}

/* ---- a monitor's ---- */

static void test_untouched(void)
{
	static const struct edid_screen same[] = {
		{1920, 1080, 60000, 0, 0, "DP-1", false},
		{1920, 1080, 60000, 0, 0, "DP-1", true},
		{1920, 1080, 0, 100, 100, "DP-1", false},
	};
	struct monitor monitor;
	uint8_t edid[EDID_SIZE_MAX];

	monitor_init(&monitor);
	for (size_t i = 0; i < G_N_ELEMENTS(same); i++) {
		size_t size = edid_write(edid, &same[i], monitor.bytes, monitor.size);

		g_assert_cmpmem(edid, size, monitor.bytes, monitor.size);
	}
}

/* The preferred timing can stand in a DisplayID block: then that is the monitor's own mode. */
static void test_untouched_displayid(void)
{
	const struct edid_screen wide = {5120, 1440, 60000, 0, 0, "DP-1"};
	struct monitor monitor;
	uint8_t edid[EDID_SIZE_MAX];
	size_t size;

	monitor_init(&monitor);
	monitor_add_displayid(&monitor);
	size = edid_write(edid, &wide, monitor.bytes, monitor.size);
	g_assert_cmpmem(edid, size, monitor.bytes, monitor.size);
}

static void test_edited(void)
{
	static const struct edid_screen others[] = {
		{1280, 1024, 60000, 520, 320, "DP-1"},
		{1920, 1080, 50000, 520, 320, "DP-1"},
		/* It would beat against 60 Hz. */
		{1920, 1080, 59940, 520, 320, "DP-1"},
		{1366, 768, 60000, 520, 320, "DP-1"},
		{1920, 1200, 0, 520, 320, "DP-1"},
	};
	struct monitor monitor;
	uint8_t edid[EDID_SIZE_MAX];

	monitor_init(&monitor);
	for (size_t i = 0; i < G_N_ELEMENTS(others); i++) {
		size_t size = edid_write(edid, &others[i], monitor.bytes, monitor.size);

		g_assert_cmpuint(size, ==, monitor.size);
		assert_preferred(edid, size, &others[i]);
		assert_decoded(edid, size, &others[i]);
		/* Everything but the first timing, the word that it is preferred, the ranges, and
		 * the checksum; and of the other block, which timings are native. */
		g_assert_cmpmem(edid, 24, monitor.bytes, 24);
		g_assert_cmpuint(edid[24], ==, monitor.bytes[24] | 0x02);
		g_assert_cmpmem(edid + 25, 54 - 25, monitor.bytes + 25, 54 - 25);
		g_assert_cmpmem(edid + 72, 23, monitor.bytes + 72, 23);
		g_assert_cmpmem(edid + 100, 127 - 100, monitor.bytes + 100, 127 - 100);
		monitor.bytes[EDID_BLOCK_SIZE + 3] |= 1;
		monitor.bytes[EDID_BLOCK_SIZE + 5] &= 0x7f;
		g_assert_cmpmem(edid + EDID_BLOCK_SIZE, EDID_BLOCK_SIZE - 1,
			monitor.bytes + EDID_BLOCK_SIZE, EDID_BLOCK_SIZE - 1);
	}
}

/* Which of a television's modes are native is no longer so: codes 1 to 64 say it by their top bit,
 * which higher ones have for another reason. */
static void test_edited_native(void)
{
	static const uint8_t before[] = {0x45, 0x81, 0xc0, 0xc1, 0x80, 0x10};
	static const uint8_t after[] = {0x45, 0x01, 0x40, 0xc1, 0x80, 0x10};
	const struct edid_screen screen = {1366, 768, 60000, 520, 320, "DP-1"};
	struct monitor monitor;
	uint8_t edid[EDID_SIZE_MAX];
	uint8_t *cta = monitor.bytes + EDID_BLOCK_SIZE;
	size_t size;

	monitor_init(&monitor);
	memset(cta + 4, 0, EDID_BLOCK_SIZE - 4);
	memcpy(cta + 4, before, sizeof(before));
	cta[2] = 4 + sizeof(before);
	edid_seal(cta);
	size = edid_write(edid, &screen, monitor.bytes, monitor.size);
	g_assert_cmpuint(size, ==, monitor.size);
	g_assert_cmpmem(edid + EDID_BLOCK_SIZE + 4, sizeof(after), after, sizeof(after));
}

/* What the monitor says of its ranges holds the timing, and is no wider than it must be. */
static void test_edited_ranges(void)
{
	for (uint32_t refresh = 40; refresh <= 100; refresh++) {
		const struct edid_screen screen = {1600, 1000, refresh * 1000, 520, 320, "DP-1"};
		struct edid_timing timing;
		struct monitor monitor;
		uint8_t edid[EDID_SIZE_MAX];
		const uint8_t *range = edid + 90;
		uint32_t total;
		size_t size;

		monitor_init(&monitor);
		size = edid_write(edid, &screen, monitor.bytes, monitor.size);
		g_assert_true(edid_choose(edid, size, &timing));
		total = timing.width + timing.horizontal_blank;
		g_assert_cmpuint(range[5], ==, MIN(48, refresh));
		g_assert_cmpuint(range[6], ==, MAX(76, refresh));
		g_assert_cmpuint(range[7], ==, MIN(30, timing.clock_khz / total));
		g_assert_cmpuint(range[8], ==, MAX(83, (timing.clock_khz + total - 1) / total));
		g_assert_cmpuint(range[9], ==, MAX(17, (timing.clock_khz + 9999) / 10000));
	}
}

/* A DisplayID block with another preferred mode would win in the guest: it goes. */
static void test_edited_displayid(void)
{
	const struct edid_screen screen = {1920, 1080, 60000, 520, 320, "DP-1"};
	struct monitor monitor;
	uint8_t edid[EDID_SIZE_MAX];
	size_t size;

	monitor_init(&monitor);
	monitor_add_displayid(&monitor);
	size = edid_write(edid, &screen, monitor.bytes, monitor.size);
	g_assert_cmpuint(size, ==, 2 * EDID_BLOCK_SIZE);
	g_assert_cmpuint(edid[126], ==, 1);
	g_assert_cmpuint(edid[EDID_BLOCK_SIZE], ==, 0x02);
	assert_preferred(edid, size, &screen);
	assert_decoded(edid, size, &screen);
}

/* A monitor's identity with a mode that needs a DisplayID block of ours. */
static void test_edited_large(void)
{
	const struct edid_screen screen = {5120, 1440, 60000, 520, 320, "DP-1"};
	struct monitor monitor;
	uint8_t edid[EDID_SIZE_MAX];
	size_t size;

	monitor_init(&monitor);
	size = edid_write(edid, &screen, monitor.bytes, monitor.size);
	/* Revision 1.3 has a map of more extensions than one. */
	g_assert_cmpuint(size, ==, 4 * EDID_BLOCK_SIZE);
	g_assert_cmpuint(edid[126], ==, 3);
	g_assert_cmpmem(edid + EDID_BLOCK_SIZE, 4, "\xf0\x02\x70\0", 4);
	g_assert_cmpmem(edid, 20, monitor.bytes, 20);
	assert_preferred(edid, size, &screen);
	assert_decoded(edid, size, &screen);

	monitor.bytes[19] = 4;
	edid_seal(monitor.bytes);
	size = edid_write(edid, &screen, monitor.bytes, monitor.size);
	g_assert_cmpuint(size, ==, 3 * EDID_BLOCK_SIZE);
	g_assert_cmpuint(edid[126], ==, 2);
	assert_preferred(edid, size, &screen);
}

/* What stands for it in the base block is none that Linux passes over: the monitor's next timing, a
 * large one, would be preferred in its place. */
static void test_edited_slim(void)
{
	const struct edid_screen screen = {64, 9419, 60000, 520, 320, "DP-1"};
	const uint8_t detailed_4095[18] = {0x04, 0x74, 0xff, 0x40, 0xf0, 0xff, 0x40, 0xf0, 0x08,
		0x08, 0x22, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x1e};
	struct monitor monitor;
	uint8_t edid[EDID_SIZE_MAX];
	size_t size;

	monitor_init(&monitor);
	memcpy(monitor.bytes + 108, detailed_4095, sizeof(detailed_4095));
	edid_seal(monitor.bytes);
	size = edid_write(edid, &screen, monitor.bytes, monitor.size);
	g_assert_cmpmem(edid + 108, 18, detailed_4095, 18);
	assert_preferred(edid, size, &screen);
}

/* Seven extensions are all that the protocol carries; the last makes room for ours. */
static void test_edited_full(void)
{
	const struct edid_screen screen = {5120, 1440, 60000, 520, 320, "DP-1"};
	struct monitor monitor;
	uint8_t edid[EDID_SIZE_MAX];
	size_t size;

	monitor_init(&monitor);
	while (monitor.size < EDID_SIZE_MAX) {
		memcpy(monitor.bytes + monitor.size, monitor.bytes + EDID_BLOCK_SIZE,
			EDID_BLOCK_SIZE);
		monitor.size += EDID_BLOCK_SIZE;
	}
	monitor.bytes[126] = 7;
	edid_seal(monitor.bytes);
	size = edid_write(edid, &screen, monitor.bytes, monitor.size);
	g_assert_cmpuint(size, ==, EDID_SIZE_MAX);
	g_assert_cmpuint(edid[126], ==, 7);
	g_assert_cmpuint(edid[EDID_SIZE_MAX - EDID_BLOCK_SIZE], ==, 0x70);
	assert_preferred(edid, size, &screen);
}

/* HDMI monitors say the number of extensions in the first CTA block too, and only one in the base
 * block, for those who know no more: where it changes, only the base block says it. */
static void test_extension_override(void)
{
	const struct edid_screen screen = {800, 600, 60000, 520, 320, "DP-1"};
	const struct edid_screen same = {5120, 1440, 60000, 520, 320, "DP-1"};
	struct monitor monitor;
	uint8_t *cta = monitor.bytes + EDID_BLOCK_SIZE;
	uint8_t edid[EDID_SIZE_MAX];
	size_t size;

	monitor_init(&monitor);
	monitor_add_displayid(&monitor);
	cta[2] = 7;
	cta[4] = 0xe2;
	cta[5] = 0x78;
	cta[6] = 2;
	cta[8] = 0;
	edid_seal(cta);
	monitor.bytes[126] = 1;
	edid_seal(monitor.bytes);
	size = edid_write(edid, &same, monitor.bytes, monitor.size);
	g_assert_cmpmem(edid, size, monitor.bytes, monitor.size);
	size = edid_write(edid, &screen, monitor.bytes, monitor.size);
	g_assert_cmpuint(size, ==, 2 * EDID_BLOCK_SIZE);
	g_assert_cmpuint(edid[126], ==, 1);
	g_assert_cmphex(edid[EDID_BLOCK_SIZE + 2], ==, 4);
	g_assert_cmphex(edid[EDID_BLOCK_SIZE + 4], ==, 0);
	g_assert_true(edid_valid(edid, size));
	/* A base block that says more than there is would lead others astray. */
	monitor.bytes[126] = 0xff;
	edid_seal(monitor.bytes);
	size = edid_write(edid, &same, monitor.bytes, monitor.size);
	g_assert_true(edid_valid(edid, size));
	assert_preferred(edid, size, &same);
}

/* A faulty extension is dropped (but for CTA blocks, see test-edid-linux), a faulty base block is
 * not believed at all. */
static void test_unsound(void)
{
	const struct edid_screen screen = {1920, 1080, 60000, 520, 320, "DP-1"};
	struct monitor monitor;
	uint8_t edid[EDID_SIZE_MAX];
	size_t size;

	monitor_init(&monitor);
	monitor.bytes[EDID_BLOCK_SIZE] = 0x10;
	size = edid_write(edid, &screen, monitor.bytes, monitor.size);
	g_assert_cmpuint(size, ==, EDID_BLOCK_SIZE);
	g_assert_cmpuint(edid[126], ==, 0);
	g_assert_cmpmem(edid + 8, 10, monitor.bytes + 8, 10);
	assert_preferred(edid, size, &screen);

	monitor_init(&monitor);
	monitor.bytes[60] ^= 1;
	size = edid_write(edid, &screen, monitor.bytes, monitor.size);
	g_assert_cmpuint(size, ==, EDID_BLOCK_SIZE);
	g_assert_cmpint(memcmp(edid + 8, monitor.bytes + 8, 2), !=, 0);
	assert_preferred(edid, size, &screen);

	/* Too short for a block, and not whole blocks. */
	monitor_init(&monitor);
	g_assert_false(edid_valid(monitor.bytes, 100));
	g_assert_false(edid_valid(monitor.bytes, EDID_BLOCK_SIZE));
	g_assert_false(edid_valid(monitor.bytes, EDID_BLOCK_SIZE + 1));
	g_assert_false(edid_valid(NULL, 0));
	size = edid_write(edid, &screen, monitor.bytes, 100);
	g_assert_cmpuint(size, ==, EDID_BLOCK_SIZE);
	assert_preferred(edid, size, &screen);
}

/* Whatever stands in an extension, reading it ends inside it. */
static void test_hostile_displayid(void)
{
	const struct edid_screen screen = {800, 600, 60000, 0, 0, "DP-1"};

	for (int i = 0; i < 10000; i++) {
		/* At its exact size, so that a sanitizer sees a byte too far. */
		g_autofree uint8_t *exact = g_malloc(2 * EDID_BLOCK_SIZE);
		struct monitor monitor;
		uint8_t edid[EDID_SIZE_MAX];
		size_t size;

		monitor_init(&monitor);
		for (int j = 0; j < EDID_BLOCK_SIZE; j++)
			monitor.bytes[EDID_BLOCK_SIZE + j] = (uint8_t)g_test_rand_int();
		monitor.bytes[EDID_BLOCK_SIZE] = 0x70;
		if (i % 2 == 0)
			monitor.bytes[EDID_BLOCK_SIZE + 5] = 0x03;
		edid_seal(monitor.bytes + EDID_BLOCK_SIZE);
		memcpy(exact, monitor.bytes, 2 * EDID_BLOCK_SIZE);
		size = edid_write(edid, &screen, exact, 2 * EDID_BLOCK_SIZE);
		g_assert_cmpuint(size, >=, EDID_BLOCK_SIZE);
		assert_preferred(edid, size, &screen);
	}
}

/* What the monitor says of its size is all of it, or nothing: one side alone is an aspect ratio. */
static void test_ratio_is_no_size(void)
{
	/* Too fast for a detailed timing, so that a DisplayID block says it, and the size. */
	const struct edid_screen screen = {3840, 2160, 240000, 600, 340, "DP-1"};
	uint8_t edid[3][EDID_SIZE_MAX];
	struct monitor monitor;

	for (size_t i = 0; i < 3; i++) {
		monitor_init(&monitor);
		monitor.bytes[21] = i == 1 ? 0 : 52;
		monitor.bytes[22] = i == 2 ? 0 : 32;
		edid_seal(monitor.bytes);
		g_assert_cmpuint(edid_write(edid[i], &screen, monitor.bytes, monitor.size), >,
			2 * EDID_BLOCK_SIZE);
	}
	/* The last block's sizes, in tenths of a millimetre. */
	for (size_t i = 0; i < 3; i++) {
		const uint8_t *block = edid[i] + EDID_BLOCK_SIZE;

		while (block[0] != 0x70 && block < edid[i] + 3 * EDID_BLOCK_SIZE)
			block += EDID_BLOCK_SIZE;
		g_assert_cmphex(block[0], ==, 0x70);
		/* Behind its head, the product's 15 bytes and this one's head. */
		block += 5 + 15 + 3;
		g_assert_cmpuint(block[0] | block[1] << 8, ==, i == 0 ? 5200 : 6000);
		g_assert_cmpuint(block[2] | block[3] << 8, ==, i == 0 ? 3200 : 3400);
	}
}

/* Where the data of a CTA extension ends, which a damaged one cannot say. */
static void test_cta_data_end(void)
{
	static const struct {
		uint8_t revision, timings;
		size_t end;
	} cases[] = {{3, 4, 4}, {3, 20, 20}, {3, 127, 127}, {3, 128, 4}, {3, 3, 4}, {2, 20, 4},
		{4, 20, 20}};

	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		const uint8_t cta[EDID_BLOCK_SIZE] = {0x02, cases[i].revision, cases[i].timings};

		g_assert_cmpuint(edid_cta_data_end(cta), ==, cases[i].end);
	}
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	for (size_t i = 0; i < G_N_ELEMENTS(screens); i++) {
		g_autofree char *path = g_strdup_printf("/edid/made-up/%ux%u@%u-%zu",
			screens[i].width, screens[i].height, screens[i].refresh_mhz, i);

		g_test_add_data_func(path, &screens[i], test_made_up);
	}
	g_test_add_func("/edid/every-width", test_every_width);
	g_test_add_func("/edid/physical-size", test_physical_size);
	g_test_add_func("/edid/limits-of-size", test_limits_of_size);
	g_test_add_func("/edid/turned", test_turned);
	g_test_add_func("/edid/turned-ratio", test_turned_ratio);
	g_test_add_func("/edid/identity", test_identity);
	g_test_add_func("/edid/untouched", test_untouched);
	g_test_add_func("/edid/untouched-displayid", test_untouched_displayid);
	g_test_add_func("/edid/edited", test_edited);
	g_test_add_func("/edid/edited-native", test_edited_native);
	g_test_add_func("/edid/edited-ranges", test_edited_ranges);
	g_test_add_func("/edid/edited-displayid", test_edited_displayid);
	g_test_add_func("/edid/edited-large", test_edited_large);
	g_test_add_func("/edid/edited-slim", test_edited_slim);
	g_test_add_func("/edid/edited-full", test_edited_full);
	g_test_add_func("/edid/extension-override", test_extension_override);
	g_test_add_func("/edid/unsound", test_unsound);
	g_test_add_func("/edid/hostile-displayid", test_hostile_displayid);
	g_test_add_func("/edid/ratio-is-no-size", test_ratio_is_no_size);
	g_test_add_func("/edid/cta-data-end", test_cta_data_end);
	return g_test_run();
}
