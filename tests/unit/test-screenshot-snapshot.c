// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What the screenshot tool makes of atomic states (src/tools/scanout-screenshot/snapshot.c,
 * target.c): which planes it paints and in which order, when two states are the same, which CRTC a
 * name means. Cards made by hand.
 */
#include "snapshot.h"
#include "target.h"

#define PRIMARY 1
#define OVERLAY 0
#define CURSOR 2

static struct card_plane card_planes[5];
static struct card_crtc card_crtcs[2] = {{.id = 0xcc1}, {.id = 0xcc2, .index = 1}};
static struct card_connector card_connectors[3] = {
	{.name = "DP-1"},
	{.name = "DP-2"},
	{.name = "HDMI-A-1"},
};
static const struct card card = {
	.fd = -1,
	.path = (char *)"card",
	.planes = card_planes,
	.plane_count = G_N_ELEMENTS(card_planes),
	.crtcs = card_crtcs,
	.crtc_count = G_N_ELEMENTS(card_crtcs),
	.connectors = card_connectors,
	.connector_count = G_N_ELEMENTS(card_connectors),
};

/* Five planes: a cursor, two overlays and a primary on the first CRTC, a primary on the second. */
static void make_snapshot(struct snapshot *snapshot)
{
	static const struct plane_state planes[] = {
		{.id = 1, .type = CURSOR, .fb_id = 11, .crtc_id = 0xcc1},
		{.id = 3, .type = OVERLAY, .fb_id = 13, .crtc_id = 0xcc1},
		{.id = 2, .type = OVERLAY, .fb_id = 12, .crtc_id = 0xcc1},
		{.id = 4, .type = PRIMARY, .fb_id = 14, .crtc_id = 0xcc1},
		{.id = 5, .type = PRIMARY, .fb_id = 15, .crtc_id = 0xcc2},
	};

	snapshot_init(snapshot, &card);
	for (size_t i = 0; i < G_N_ELEMENTS(planes); i++)
		snapshot->planes[i] = planes[i];
	snapshot->crtcs[0] = (struct crtc_state){.id = 0xcc1, .active = true};
	snapshot->crtcs[1] = (struct crtc_state){.id = 0xcc2, .active = true};
	snapshot->connector_crtcs[0] = 0xcc2;
	snapshot->connector_crtcs[2] = 0xcc1;
}

static void assert_order(const struct snapshot *snapshot, const char *expected)
{
	const struct plane_state *sorted[G_N_ELEMENTS(card_planes)];
	size_t count = snapshot_planes_on_crtc(snapshot, 0xcc1, sorted);
	char order[G_N_ELEMENTS(card_planes) + 1] = "";

	for (size_t i = 0; i < count; i++)
		order[i] = (char)('0' + sorted[i]->id);
	g_assert_cmpstr(order, ==, expected);
}

static void test_order(void)
{
	struct snapshot snapshot;

	make_snapshot(&snapshot);
	assert_order(&snapshot, "4231");
	/* zpos goes before the type, the type decides between equal zpos. */
	for (size_t i = 0; i < 4; i++)
		snapshot.planes[i].has_zpos = true;
	snapshot.planes[0].zpos = 1;
	snapshot.planes[1].zpos = 0;
	snapshot.planes[2].zpos = 2;
	snapshot.planes[3].zpos = 1;
	assert_order(&snapshot, "3412");
	/* A plane without framebuffer shows nothing. */
	snapshot.planes[2].fb_id = 0;
	assert_order(&snapshot, "341");
	snapshot_finish(&snapshot);
}

static void test_equal(void)
{
	struct snapshot a, b;

	make_snapshot(&a);
	make_snapshot(&b);
	g_assert_true(snapshot_equal_on_crtc(&a, &b, 0xcc1));
	g_assert_false(snapshot_equal_on_crtc(&a, &b, 0xcc3));
	/* What is on the other CRTC does not matter here. */
	b.planes[4].fb_id = 16;
	g_assert_true(snapshot_equal_on_crtc(&a, &b, 0xcc1));
	g_assert_false(snapshot_equal_on_crtc(&a, &b, 0xcc2));
	/* A plane that left, and one that moved by a pixel. */
	b.planes[0].crtc_id = 0;
	g_assert_false(snapshot_equal_on_crtc(&a, &b, 0xcc1));
	b.planes[0] = a.planes[0];
	g_assert_true(snapshot_equal_on_crtc(&a, &b, 0xcc1));
	b.planes[0].crtc_x = -1;
	g_assert_false(snapshot_equal_on_crtc(&a, &b, 0xcc1));
	b.planes[0] = a.planes[0];
	b.crtcs[0].active = false;
	g_assert_false(snapshot_equal_on_crtc(&a, &b, 0xcc1));
	snapshot_finish(&a);
	snapshot_finish(&b);
}

static void test_target(void)
{
	static const struct target first = {0};
	static const struct target by_id = {.crtc_id = 0xcc2};
	static const struct target connected = {.connector = "HDMI-A-1"};
	static const struct target off = {.connector = "DP-2"};
	static const struct target unknown = {.connector = "DP-3"};
	static const struct target unknown_id = {.crtc_id = 7};
	g_autoptr(GError) error = NULL;
	struct snapshot snapshot;

	make_snapshot(&snapshot);
	g_assert_cmphex(target_find(&first, &snapshot), ==, 0xcc1);
	g_assert_cmphex(target_find(&by_id, &snapshot), ==, 0xcc2);
	g_assert_cmphex(target_find(&connected, &snapshot), ==, 0xcc1);
	g_assert_cmphex(target_find(&off, &snapshot), ==, 0);
	g_assert_cmpstr(target_connector_name(&snapshot, 0xcc2), ==, "DP-1");
	snapshot.crtcs[0].active = false;
	g_assert_cmphex(target_find(&first, &snapshot), ==, 0xcc2);
	g_assert_true(target_check(&first, &card, NULL));
	g_assert_true(target_check(&off, &card, NULL));
	g_assert_false(target_check(&unknown, &card, &error));
	/* The message names those that there are. */
	g_assert_nonnull(g_strstr_len(error->message, -1, "DP-1 DP-2 HDMI-A-1"));
	g_assert_false(target_check(&unknown_id, &card, NULL));
	snapshot_finish(&snapshot);
}

static void test_refresh(void)
{
	/* VESA 1024x768 and CEA 1920x1080i. */
	struct drm_mode_modeinfo mode = {.clock = 65000, .htotal = 1344, .vtotal = 806};
	struct drm_mode_modeinfo interlaced = {.clock = 74250,
		.htotal = 2200,
		.vtotal = 1125,
		.flags = DRM_MODE_FLAG_INTERLACE};
	struct drm_mode_modeinfo none = {0};

	g_assert_cmpuint(snapshot_refresh(&mode), ==, 60004);
	g_assert_cmpuint(snapshot_refresh(&interlaced), ==, 60000);
	g_assert_cmpuint(snapshot_refresh(&none), ==, 0);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/screenshot/snapshot/order", test_order);
	g_test_add_func("/screenshot/snapshot/equal", test_equal);
	g_test_add_func("/screenshot/snapshot/target", test_target);
	g_test_add_func("/screenshot/snapshot/refresh", test_refresh);
	return g_test_run();
}
