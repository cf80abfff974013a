/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Whether a guest hears that its screens are others than it was answered: once for each change, and
 * never without one. */
#include <string.h>
#include <sys/socket.h>

#include "channel_fixture.h"
#include "scene/edid.h"
#include "scene_fixture.h"

/* ---- the guest asks ---- */

static void receive(struct scene *scene, size_t guest, void *reply, size_t size)
{
	size_t got = 0;

	while (got < size) {
		ssize_t more;

		fixture_settle();
		more = recv(scene->peers[guest], (uint8_t *)reply + got, size - got, 0);
		g_assert_cmpint(more, >, 0);
		got += (size_t)more;
	}
}

/* Bit i: scanout i has a screen. */
static uint32_t ask_info(struct scene *scene, size_t guest)
{
	struct {
		struct vhost_user_gpu_header header;
		struct virtio_gpu_resp_display_info info;
	} __attribute__((packed)) reply;
	uint32_t enabled = 0;

	scene_send(scene, guest, VHOST_USER_GPU_GET_DISPLAY_INFO, NULL, 0, -1);
	receive(scene, guest, &reply, sizeof(reply));
	for (uint32_t i = 0; i < VHOST_USER_GPU_SCANOUTS; i++)
		enabled |= (uint32_t)(reply.info.pmodes[i].enabled != 0) << i;
	return enabled;
}

static uint32_t ask_edid(struct scene *scene, uint32_t scanout, uint8_t *edid)
{
	struct {
		struct vhost_user_gpu_header header;
		struct virtio_gpu_resp_edid body;
	} __attribute__((packed)) reply;
	struct vhost_user_gpu_edid_request request = {scanout};

	scene_send(scene, 0, VHOST_USER_GPU_GET_EDID, &request, sizeof(request), -1);
	receive(scene, 0, &reply, sizeof(reply));
	memcpy(edid, reply.body.edid, sizeof(reply.body.edid));
	return GUINT32_FROM_LE(reply.body.size);
}

/* ---- monitors change ---- */

static void change(struct scene *scene, size_t output, uint32_t width, uint32_t height)
{
	fake_set_mode(scene_output(scene, output), width, height);
	fake_probe(scene->card);
}

static void plug(struct scene *scene, size_t output, bool connected)
{
	scene_output(scene, output)->connected = connected;
	fake_probe(scene->card);
	fake_tell(scene->card);
}

static void set_monitor(struct scene *scene, size_t output, const char *name)
{
	const struct edid_screen screen = {.width = SCENE_WIDTH,
		.height = SCENE_HEIGHT,
		.refresh_mhz = 60000,
		.name = name};
	uint8_t made[EDID_SIZE_MAX];

	scene_output(scene, output)->edid_size = edid_write(made, &screen, NULL, 0);
	memcpy(scene_output(scene, output)->edid, made, sizeof(scene_output(scene, output)->edid));
	fake_probe(scene->card);
}

/* ---- what is heard ---- */

/* This, and nothing before it. */
static void expect(struct scene *scene, const char *screens)
{
	while (scene->screens->len < strlen(screens))
		g_main_context_iteration(NULL, TRUE);
	g_assert_cmpstr(scene->screens->str, ==, screens);
	g_string_truncate(scene->screens, 0);
	g_free(fixture_log_take());
}

/* A screen that becomes another one, as `gone` and `new` say: the second when the guest has
 * asked. */
static void expect_swap(struct scene *scene, size_t guest, const char *gone, const char *new)
{
	expect(scene, gone);
	ask_info(scene, guest);
	expect(scene, new);
}

/* Guest b is told of two changes after this call, of the second one period later: what guest a was
 * to hear has come by then. */
static void expect_nothing(struct scene *scene)
{
	static uint32_t width = 100;

	for (unsigned int i = 0; i < 2; i++) {
		g_autofree char *told = NULL;

		ask_info(scene, 1);
		change(scene, scene->card->output_count - 1, ++width, 20);
		told = g_strdup_printf("b 0 %ux20+0+0 0x0\n", width);
		expect_swap(scene, 1, "b 0 0x0+0+0 0x0\n", told);
	}
}

/* Guest a has the first two outputs, guest b the third. */
static struct scene *start_with(bool reachable, unsigned int patience_ms)
{
	static const struct layout_output sections[] = {
		{.name = "DP-1", .guest = "a", .scanout = 0},
		{.name = "DP-2", .guest = "a", .scanout = 1},
		{.name = "DP-3", .guest = "b", .scanout = 0},
	};
	struct scene *scene = scene_create(&(struct scene_options){.outputs = 3,
		.guests = 2,
		.told_patience_ms = patience_ms,
		.sections = sections,
		.section_count = G_N_ELEMENTS(sections)});

	layout_set_reachable(scene->layout, scene->guests[0], reachable);
	layout_set_reachable(scene->layout, scene->guests[1], true);
	return scene;
}

static struct scene *start(bool reachable)
{
	return start_with(reachable, 0);
}

static void test_once(void)
{
	struct scene *scene = start(true);

	scene_output(scene, 0)->width_mm = 531;
	scene_output(scene, 0)->height_mm = 299;
	ask_info(scene, 0);
	change(scene, 0, 32, 24);
	/* Its neighbour has moved. */
	expect_swap(scene, 0, "a 0 0x0+0+0 0x0\na 1 64x48+32+0 0x0\n", "a 0 32x24+0+0 531x299\n");
	/* A guest that does not ask is not told again; nor is one that has asked. */
	fake_probe(scene->card);
	expect_nothing(scene);
	ask_info(scene, 0);
	fake_probe(scene->card);
	expect_nothing(scene);
	change(scene, 0, 64, 48);
	expect_swap(scene, 0, "a 0 0x0+0+0 0x0\na 1 64x48+64+0 0x0\n", "a 0 64x48+0+0 531x299\n");
	/* It moves, and is the same screen. */
	ask_info(scene, 0);
	change(scene, 1, 32, 24);
	expect_swap(scene, 0, "a 1 0x0+0+0 0x0\n", "a 1 32x24+64+0 0x0\n");
	scene_destroy(scene);
}

/* A panel that is turned is as wide as its viewer sees it. */
static void test_turned(void)
{
	static const struct layout_output sections[] = {
		{.name = "DP-1", .guest = "a", .scanout = 0, .transform = KMS_ROTATE_90},
	};
	struct scene *scene = scene_create(&(struct scene_options){.sections = sections,
		.section_count = G_N_ELEMENTS(sections)});

	layout_set_reachable(scene->layout, scene->guests[0], true);
	scene_output(scene, 0)->width_mm = 531;
	scene_output(scene, 0)->height_mm = 299;
	ask_info(scene, 0);
	change(scene, 0, 32, 24);
	expect_swap(scene, 0, "a 0 0x0+0+0 0x0\n", "a 0 24x32+0+0 299x531\n");
	scene_destroy(scene);
}

/* What is taken back before it is told was never there. */
static void test_taken_back(void)
{
	struct scene *scene = start(true);

	ask_info(scene, 0);
	for (uint32_t i = 0; i < 100; i++) {
		change(scene, 1, 32 + i, 24);
		change(scene, 1, 64, 48);
	}
	expect_nothing(scene);
	/* Taken back after it was told: the guest knows that it was gone. */
	change(scene, 1, 32, 24);
	expect(scene, "a 1 0x0+0+0 0x0\n");
	change(scene, 1, 64, 48);
	g_assert_cmphex(ask_info(scene, 0), ==, 1);
	expect(scene, "a 1 64x48+64+0 0x0\n");
	g_assert_cmphex(ask_info(scene, 0), ==, 3);
	expect_nothing(scene);
	scene_destroy(scene);
}

/* A guest that shows something is waited for until it has switched that off, but not for ever. */
static void test_shown(void)
{
	struct scene *scene = start(true);

	scene_scanout(scene, 1, SCENE_WIDTH, SCENE_HEIGHT);
	scene_update(scene, 1, scene_full, RED);
	ask_info(scene, 0);
	change(scene, 1, 32, 24);
	expect(scene, "a 1 0x0+0+0 0x0\n");
	ask_info(scene, 0);
	scene_scanout(scene, 1, 0, 0);
	expect(scene, "a 1 32x24+64+0 0x0\n");
	ask_info(scene, 0);
	scene_scanout(scene, 1, 32, 24);
	scene_update(scene, 1, (struct kms_rect){0, 0, 32, 24}, GREEN);
	change(scene, 1, 64, 48);
	expect_swap(scene, 0, "a 1 0x0+0+0 0x0\n", "a 1 64x48+64+0 0x0\n");
	scene_destroy(scene);
}

/* A guest that does not ask is told of the new one all the same, and answered so. */
static void test_silent(void)
{
	struct scene *scene = start_with(true, 50);

	ask_info(scene, 0);
	change(scene, 1, 32, 24);
	expect(scene, "a 1 0x0+0+0 0x0\n");
	expect(scene, "a 1 32x24+64+0 0x0\n");
	g_assert_cmphex(ask_info(scene, 0), ==, 3);
	scene_destroy(scene);
}

/* A flood of changes is a few tellings, the last of them of how it ended. */
static void test_flood(void)
{
	struct scene *scene = start_with(true, 50);
	unsigned int lines = 0;

	ask_info(scene, 0);
	for (uint32_t i = 0; i < 1000; i++) {
		change(scene, 1, 100 + i, 24);
		g_main_context_iteration(NULL, FALSE);
	}
	change(scene, 1, 32, 24);
	while (!g_str_has_suffix(scene->screens->str, "a 1 32x24+64+0 0x0\n"))
		g_main_context_iteration(NULL, TRUE);
	for (const char *at = scene->screens->str; *at; at++)
		lines += *at == '\n';
	g_assert_cmpuint(lines, <, 100);
	g_free(fixture_log_take());
	scene_destroy(scene);
}

/* Another monitor of the same size. */
static void test_monitor(void)
{
	struct scene *scene = start(true);
	uint8_t edid[VIRTIO_GPU_EDID_MAX];

	set_monitor(scene, 0, "first");
	ask_info(scene, 0);
	set_monitor(scene, 0, "second");
	/* The guest has not asked for it. */
	expect_nothing(scene);
	ask_edid(scene, 0, edid);
	set_monitor(scene, 0, "third");
	expect_swap(scene, 0, "a 0 0x0+0+0 0x0\n", "a 0 64x48+0+0 0x0\n");
	scene_destroy(scene);
}

static void test_never_asked(void)
{
	struct scene *scene = start(true);

	change(scene, 0, 32, 24);
	expect_nothing(scene);
	scene_destroy(scene);
}

/* Somebody comes who can tell it, goes, and another comes. */
static void test_reachable(void)
{
	struct scene *scene = start(false);

	ask_info(scene, 0);
	change(scene, 1, 32, 24);
	expect_nothing(scene);
	for (unsigned int i = 0; i < 2; i++) {
		layout_set_reachable(scene->layout, scene->guests[0], true);
		layout_set_reachable(scene->layout, scene->guests[0], true);
		expect(scene, "a 1 0x0+0+0 0x0\n");
		layout_set_reachable(scene->layout, scene->guests[0], false);
	}
	change(scene, 1, 16, 16);
	expect_nothing(scene);
	scene_destroy(scene);
}

/* Another guest begins, whose monitor is not the one that the guest before it was told of: nothing
 * is gone for it, and it is told of nothing that it has not asked for. */
static void test_begins(void)
{
	for (unsigned int shown = 0; shown < 2; shown++) {
		struct scene *scene = start(true);

		ask_info(scene, 0);
		if (shown) {
			scene_scanout(scene, 0, SCENE_WIDTH, SCENE_HEIGHT);
			scene_update(scene, 0, scene_full, RED);
		}
		scene_hang_up(scene, 0);
		/* QEMU comes and goes on its bus before the back-end does, or after. */
		if (!shown)
			layout_set_reachable(scene->layout, scene->guests[0], false);
		change(scene, 0, 32, 24);
		scene_attach(scene, 0);
		layout_set_reachable(scene->layout, scene->guests[0], shown == 0);
		layout_set_reachable(scene->layout, scene->guests[0], true);
		expect_nothing(scene);
		g_assert_cmphex(ask_info(scene, 0), ==, 3);
		expect_nothing(scene);
		scene_destroy(scene);
	}
}

/* A screen without a monitor is gone where there is another; the last one stays, and so does what
 * monitor it was. */
static void test_unplugged(void)
{
	struct scene *scene = start(true);
	uint8_t before[VIRTIO_GPU_EDID_MAX], after[VIRTIO_GPU_EDID_MAX];
	uint32_t size;

	set_monitor(scene, 0, "first");
	size = ask_edid(scene, 0, before);
	g_assert_cmphex(ask_info(scene, 0), ==, 3);
	plug(scene, 1, false);
	expect(scene, "a 1 0x0+0+0 0x0\n");
	g_assert_cmphex(ask_info(scene, 0), ==, 1);
	plug(scene, 0, false);
	scene_output(scene, 0)->edid_size = 0;
	expect_nothing(scene);
	g_assert_cmphex(ask_info(scene, 0), ==, 1);
	g_assert_cmpuint(ask_edid(scene, 0, after), ==, size);
	g_assert_cmpmem(before, size, after, size);
	plug(scene, 1, true);
	expect(scene, "a 0 0x0+0+0 0x0\na 1 64x48+0+0 0x0\n");
	g_assert_cmphex(ask_info(scene, 0), ==, 2);
	set_monitor(scene, 0, "first");
	plug(scene, 0, true);
	expect(scene, "a 0 64x48+0+0 0x0\na 1 64x48+64+0 0x0\n");
	g_assert_cmphex(ask_info(scene, 0), ==, 3);
	/* All at once: nothing is gone. */
	scene_output(scene, 0)->connected = false;
	plug(scene, 1, false);
	expect_nothing(scene);
	g_assert_cmphex(ask_info(scene, 0), ==, 3);
	scene_destroy(scene);
}

/* Who cannot be told when it is back is not told that it is gone. */
static void test_unplugged_unreachable(void)
{
	struct scene *scene = start(false);

	plug(scene, 1, false);
	g_assert_cmphex(ask_info(scene, 0), ==, 3);
	layout_set_reachable(scene->layout, scene->guests[0], true);
	expect(scene, "a 1 0x0+0+0 0x0\n");
	g_assert_cmphex(ask_info(scene, 0), ==, 1);
	layout_set_reachable(scene->layout, scene->guests[0], false);
	g_assert_cmphex(ask_info(scene, 0), ==, 3);
	g_free(fixture_log_take());
	scene_destroy(scene);
}

/* Its card goes and comes again: the guest's screens are the same all the time. */
static void test_card(void)
{
	struct scene *scene = start(true);
	uint8_t edid[VIRTIO_GPU_EDID_MAX];

	ask_info(scene, 0);
	ask_edid(scene, 0, edid);
	layout_set_device(scene->layout, 0, NULL);
	layout_set_device(scene->layout, 0, scene->card);
	expect_nothing(scene);
	change(scene, 1, 32, 24);
	expect_swap(scene, 0, "a 1 0x0+0+0 0x0\n", "a 1 32x24+64+0 0x0\n");
	/* It goes while something is to be told. */
	change(scene, 1, 16, 24);
	layout_set_device(scene->layout, 0, NULL);
	g_free(fixture_log_take());
	scene_destroy(scene);
}

int main(int argc, char **argv)
{
	fixture_init(&argc, &argv);
	g_test_add_func("/layout/follow/once", test_once);
	g_test_add_func("/layout/follow/turned", test_turned);
	g_test_add_func("/layout/follow/taken-back", test_taken_back);
	g_test_add_func("/layout/follow/shown", test_shown);
	g_test_add_func("/layout/follow/silent", test_silent);
	g_test_add_func("/layout/follow/flood", test_flood);
	g_test_add_func("/layout/follow/monitor", test_monitor);
	g_test_add_func("/layout/follow/never-asked", test_never_asked);
	g_test_add_func("/layout/follow/reachable", test_reachable);
	g_test_add_func("/layout/follow/begins", test_begins);
	g_test_add_func("/layout/follow/unplugged", test_unplugged);
	g_test_add_func("/layout/follow/unplugged-unreachable", test_unplugged_unreachable);
	g_test_add_func("/layout/follow/card", test_card);
	return g_test_run();
}
