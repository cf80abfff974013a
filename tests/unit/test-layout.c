/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which scanout goes to which output, what guests are told about it, and what is refused. */
#include <string.h>
#include <sys/socket.h>

#include "channel_fixture.h"
#include "fake/fake_dmabuf.h"
#include "scene/edid.h"
#include "scene/source.h"
#include "scene/view.h"
#include "scene_fixture.h"
#include "vhost_user_gpu.h"

/* "a0:DP-1 a1:DP-2", in the order of the outputs. */
static void expect_layout(struct scene *scene, const char *expected)
{
	g_autoptr(GString) text = g_string_new(NULL);

	for (size_t i = 0; i < scene->card->output_count; i++) {
		for (size_t j = 0; j < layout_view_count(scene->layout); j++) {
			struct kms_output *output = view_output(layout_view(scene->layout, j));
			uint32_t scanout;
			struct guest *guest = layout_view_guest(scene->layout, j, &scanout);

			if (output == scene_output(scene, i))
				g_string_append_printf(text, "%s%s%u:%s", text->len ? " " : "",
					guest_name(guest), scanout, kms_output_name(output));
		}
	}
	g_assert_cmpstr(text->str, ==, expected);
}

/* The outputs that are on, in the card's order. */
static void expect_on(struct scene *scene, const char *expected)
{
	g_autoptr(GString) text = g_string_new(NULL);

	for (size_t i = 0; i < scene->card->output_count; i++) {
		if (scene_output(scene, i)->active)
			g_string_append_printf(text, "%s%s", text->len ? " " : "",
				scene_output(scene, i)->name);
	}
	g_assert_cmpstr(text->str, ==, expected);
}

static void test_one_guest(void)
{
	struct scene_options options = {.outputs = 4};
	struct scene *scene = scene_prepare(&options);

	scene_output(scene, 1)->connected = false;
	scene_configure(scene, &options);
	expect_layout(scene, "a0:DP-1 a1:DP-3 a2:DP-4");
	/* There is a scanout 0 for sure. */
	expect_on(scene, "DP-1");
	scene_destroy(scene);
}

static void test_several_guests(void)
{
	struct scene *scene = scene_create(&(struct scene_options){.outputs = 4, .guests = 3});

	expect_layout(scene, "a0:DP-1 b0:DP-2 c0:DP-3");
	expect_on(scene, "DP-1 DP-2 DP-3");
	scene_destroy(scene);
}

static void test_no_monitor_yet(void)
{
	struct scene_options options = {.outputs = 2};
	struct scene *scene = scene_prepare(&options);

	scene_output(scene, 0)->connected = false;
	scene_output(scene, 1)->connected = false;
	scene_configure(scene, &options);
	expect_layout(scene, "a0:DP-1");
	expect_on(scene, "");
	g_assert_cmpuint(scene->card->request_count, ==, 1);
	scene_destroy(scene);
}

static void test_sections(void)
{
	static const struct layout_output sections[] = {
		{.name = "DP-3",
			.guest = "a",
			.scanout = -1,
			.mode = "800x600",
			.settings = {1u << KMS_SETTING_MAX_BPC, {[KMS_SETTING_MAX_BPC] = {8}}}},
		{.name = "DP-1", .guest = "a", .scanout = 0},
		{.name = "DP-2", .guest = "a", .scanout = -1, .policy = PLACE_CENTER},
		{.name = "DP-4", .off = true, .scanout = -1},
	};
	struct scene *scene = scene_create(&(struct scene_options){.outputs = 6,
		.guests = 2,
		.sections = sections,
		.section_count = G_N_ELEMENTS(sections)});

	/* DP-1 mirrors scanout 0; the second guest gets what is left but for the one that is
	 * off. */
	expect_layout(scene, "a0:DP-1 a1:DP-2 a0:DP-3 b0:DP-5");
	expect_on(scene, "DP-1 DP-2 DP-3 DP-5");
	g_assert_cmpstr(scene->card->requests[0].mode, ==, "800x600");
	g_assert_cmpstr(scene->card->requests[1].mode, ==, NULL);
	g_assert_cmphex(scene->card->requests[0].settings.given, ==, 1u << KMS_SETTING_MAX_BPC);
	g_assert_cmpuint(scene->card->requests[0].settings.values[KMS_SETTING_MAX_BPC][0], ==, 8);
	g_assert_cmphex(scene->card->requests[1].settings.given, ==, 0);
	scene_destroy(scene);
}

/* A connector that detects nothing: nobody waits for its monitor. */
static void test_forced(void)
{
	static const struct layout_output sections[] = {
		{.name = "DP-3;DP-2", .guest = "a", .scanout = 0, .force_on = true},
	};
	struct scene_options options = {.outputs = 3,
		.guests = 2,
		.sections = sections,
		.section_count = G_N_ELEMENTS(sections)};
	struct scene *scene = scene_prepare(&options);

	for (size_t i = 1; i < 3; i++)
		scene_output(scene, i)->connected = false;
	scene_configure(scene, &options);
	expect_layout(scene, "b0:DP-1 a0:DP-3");
	expect_on(scene, "DP-1 DP-3");
	for (size_t i = 0; i < scene->card->request_count; i++)
		g_assert_cmpint(scene->card->requests[i].force, ==,
			scene->card->requests[i].output == scene_output(scene, 2));
	g_assert_null(strstr(scene->said, "no monitor"));
	scene_destroy(scene);
}

/* What cannot be shown yet is said once, and costs nobody else. */
static void test_waits(void)
{
	static const struct layout_output sections[] = {
		{.name = "DP-9", .guest = "a", .scanout = 0},
		{.name = "DP-2", .guest = "b", .scanout = 0},
	};
	struct scene *scene = scene_create(&(struct scene_options){.outputs = 2,
		.guests = 3,
		.sections = sections,
		.section_count = G_N_ELEMENTS(sections)});

	expect_layout(scene, "c0:DP-1 b0:DP-2");
	g_assert_nonnull(strstr(scene->said,
		"DP-9: no connector or monitor of this name yet; guest "
		"a waits for it; there are DP-1, DP-2"));
	fake_probe(scene->card);
	scene_expect_no_log();
	g_assert_cmpuint(scene->card->configured, ==, 1);
	scene_destroy(scene);
}

/* As many outputs as can be show one scanout, the last like the first. */
static void test_mirrors(void)
{
	struct layout_output sections[GUEST_VIEWS_MAX];
	char names[GUEST_VIEWS_MAX][16];
	struct scene *scene;

	for (size_t i = 0; i < G_N_ELEMENTS(sections); i++) {
		g_snprintf(names[i], sizeof(names[i]), "DP-%zu", i + 1);
		sections[i] = (struct layout_output){.name = names[i], .guest = "a"};
	}
	scene = scene_create(&(struct scene_options){
		.outputs = GUEST_VIEWS_MAX,
		.sections = sections,
		.section_count = GUEST_VIEWS_MAX,
	});
	scene_scanout(scene, 0, 64, 48);
	scene_update(scene, 0, (struct kms_rect){0, 0, 64, 48}, 0xff00ff);
	for (size_t i = 0; i < GUEST_VIEWS_MAX; i++) {
		g_assert_cmpuint(scene_output(scene, i)->commit_count, ==, 1);
		g_assert_cmphex(fake_pixel(scene_output(scene, i), 63, 47), ==, 0xff00ff);
	}
	scene_destroy(scene);
}

static void receive(struct scene *scene, void *reply, size_t size)
{
	size_t got = 0;

	while (got < size) {
		ssize_t more;

		fixture_settle();
		more = recv(scene->peers[0], (uint8_t *)reply + got, size - got, 0);
		g_assert_cmpint(more, >, 0);
		got += (size_t)more;
	}
}

struct info_reply {
	struct vhost_user_gpu_header header;
	struct virtio_gpu_resp_display_info info;
} __attribute__((packed));

static void expect_mode(const struct info_reply *reply, uint32_t scanout, uint32_t x, uint32_t y,
	uint32_t width, uint32_t height)
{
	const struct virtio_gpu_display_one *one = &reply->info.pmodes[scanout];

	g_assert_cmpuint(GUINT32_FROM_LE(one->enabled), ==, width > 0);
	g_assert_cmpuint(GUINT32_FROM_LE(one->x), ==, x);
	g_assert_cmpuint(GUINT32_FROM_LE(one->y), ==, y);
	g_assert_cmpuint(GUINT32_FROM_LE(one->width), ==, width);
	g_assert_cmpuint(GUINT32_FROM_LE(one->height), ==, height);
}

static void test_display_info(void)
{
	static const struct layout_output sections[] = {
		{.name = "DP-2", .guest = "a", .scanout = 0},
		{.name = "DP-1", .guest = "a", .scanout = 2},
		{.name = "DP-3", .guest = "a", .scanout = 1, .positioned = true, .x = 500, .y = 20},
	};
	struct scene *scene = scene_create(
		&(struct scene_options){.outputs = 3, .sections = sections, .section_count = 3});
	struct info_reply reply;

	/* As the modes are when the guest asks. */
	fake_set_mode(scene_output(scene, 0), 640, 480);
	fake_set_mode(scene_output(scene, 2), 100, 1000);
	scene_send(scene, 0, VHOST_USER_GPU_GET_DISPLAY_INFO, NULL, 0, -1);
	receive(scene, &reply, sizeof(reply));
	g_assert_cmpuint(reply.header.size, ==, sizeof(reply.info));
	g_assert_cmpuint(GUINT32_FROM_LE(reply.info.hdr.type), ==, VIRTIO_GPU_RESP_OK_DISPLAY_INFO);
	expect_mode(&reply, 0, 0, 0, 64, 48);
	expect_mode(&reply, 1, 500, 20, 100, 1000);
	expect_mode(&reply, 2, 600, 0, 640, 480);
	for (uint32_t i = 3; i < VHOST_USER_GPU_SCANOUTS; i++)
		expect_mode(&reply, i, 0, 0, 0, 0);
	scene_destroy(scene);
}

static uint32_t ask_edid(struct scene *scene, uint32_t scanout, uint8_t *edid)
{
	struct {
		struct vhost_user_gpu_header header;
		struct virtio_gpu_resp_edid body;
	} __attribute__((packed)) reply;
	struct vhost_user_gpu_edid_request request = {scanout};

	scene_send(scene, 0, VHOST_USER_GPU_GET_EDID, &request, sizeof(request), -1);
	receive(scene, &reply, sizeof(reply));
	memcpy(edid, reply.body.edid, sizeof(reply.body.edid));
	return GUINT32_FROM_LE(reply.body.size);
}

static void test_edid(void)
{
	struct scene *scene = scene_create(&(struct scene_options){.width = 1280, .height = 800});
	struct kms_output *output = scene_output(scene, 0);
	struct edid_screen screen = {.width = 1280,
		.height = 800,
		.refresh_mhz = 60000,
		.name = "test"};
	uint8_t made[EDID_SIZE_MAX], got[VIRTIO_GPU_EDID_MAX];
	uint32_t width, height, refresh_mhz, size;

	/* Made up. */
	size = ask_edid(scene, 0, got);
	g_assert_true(edid_valid(got, size));
	g_assert_true(edid_preferred(got, size, &width, &height, &refresh_mhz));
	g_assert_cmpuint(width, ==, 1280);
	g_assert_cmpuint(height, ==, 800);
	/* Smaller pictures are scaled: 800×600 is offered too. */
	g_assert_cmphex(got[35] & 0x01, ==, 0x01);

	/* The monitor's own, byte for byte. */
	size = (uint32_t)edid_write(made, &screen, NULL, 0);
	g_assert_cmpuint(size, ==, sizeof(output->edid));
	memcpy(output->edid, made, size);
	output->edid_size = size;
	g_assert_cmpuint(ask_edid(scene, 0, got), ==, size);
	g_assert_cmpmem(got, size, made, size);

	/* Of a scanout that no output shows, and of none at all: none. */
	g_assert_cmpuint(ask_edid(scene, 1, got), ==, 0);
	g_assert_cmpuint(ask_edid(scene, 16, got), ==, 0);
	scene_destroy(scene);
}

/* Nobody says how many scanouts the device has: what the guest asks about or uses goes on. */
static void test_used(void)
{
	struct scene *scene = scene_create(&(struct scene_options){.outputs = 4});
	uint8_t edid[VIRTIO_GPU_EDID_MAX];
	struct info_reply reply;

	scene_send(scene, 0, VHOST_USER_GPU_GET_DISPLAY_INFO, NULL, 0, -1);
	receive(scene, &reply, sizeof(reply));
	expect_mode(&reply, 3, 192, 0, 64, 48);
	expect_on(scene, "DP-1");
	ask_edid(scene, 2, edid);
	expect_on(scene, "DP-1 DP-3");
	scene_scanout(scene, 1, 64, 48);
	ask_edid(scene, 0, edid);
	expect_on(scene, "DP-1 DP-2 DP-3");
	/* Asked about again: nothing to do. */
	ask_edid(scene, 2, edid);
	g_assert_cmpuint(scene->card->configured, ==, 3);
	g_free(fixture_log_take());
	scene_destroy(scene);
}

/* The device says how many scanouts it has: what would stay dark goes off, and comes back. */
static void test_scanout_count(void)
{
	struct scene *scene = scene_create(&(struct scene_options){.outputs = 4});
	struct info_reply reply;

	expect_on(scene, "DP-1");
	layout_set_scanout_count(scene->layout, scene->guests[0], 2);
	expect_on(scene, "DP-1 DP-2");
	scene_send(scene, 0, VHOST_USER_GPU_GET_DISPLAY_INFO, NULL, 0, -1);
	receive(scene, &reply, sizeof(reply));
	expect_mode(&reply, 1, 64, 0, 64, 48);
	expect_mode(&reply, 2, 0, 0, 0, 0);
	/* The same again changes nothing. */
	layout_set_scanout_count(scene->layout, scene->guests[0], 2);
	g_assert_cmpuint(scene->card->configured, ==, 2);
	layout_set_scanout_count(scene->layout, scene->guests[0], 3);
	expect_on(scene, "DP-1 DP-2 DP-3");
	g_free(fixture_log_take());
	scene_destroy(scene);
}

/* What the card refuses is asked again at the next probe. */
static void test_refused(void)
{
	struct scene *scene = scene_create(&(struct scene_options){.outputs = 3});

	scene->card->refuses_configure = true;
	layout_set_scanout_count(scene->layout, scene->guests[0], 2);
	scene_expect_log("the mode set is refused");
	expect_on(scene, "DP-1");
	scene->card->refuses_configure = false;
	fake_probe(scene->card);
	expect_on(scene, "DP-1 DP-2");
	g_assert_true(layout_view_in_use(scene->layout, layout_view(scene->layout, 1)));
	g_assert_false(layout_view_in_use(scene->layout, layout_view(scene->layout, 2)));
	scene_destroy(scene);
}

/* ---- monitors come and go ---- */

static void plug(struct scene *scene, size_t index, bool connected)
{
	struct kms_output *output = scene_output(scene, index);

	output->connected = connected;
	if (!connected)
		fake_unplug(output);
	fake_probe(scene->card);
	fake_tell(scene->card);
	g_free(fixture_log_take());
}

/* What was drawn while no monitor was there is shown when one comes, on whichever connector. */
static void test_monitor_comes(void)
{
	struct scene_options options = {.outputs = 2};
	struct scene *scene = scene_prepare(&options);

	scene_output(scene, 0)->connected = false;
	scene_output(scene, 1)->connected = false;
	scene_configure(scene, &options);
	g_assert_nonnull(strstr(scene->said, "guest a: waits for a monitor"));
	scene_attach(scene, 0);
	scene_scanout(scene, 0, SCENE_WIDTH, SCENE_HEIGHT);
	scene_update(scene, 0, scene_full, GREEN);
	plug(scene, 1, true);
	expect_layout(scene, "a0:DP-2");
	expect_on(scene, "DP-2");
	scene_expect_color(scene_output(scene, 1), GREEN);
	scene_destroy(scene);
}

/* A second one shows the scanout that the guest draws already; the first does not notice. */
static void test_second_monitor(void)
{
	struct scene_options options = {.outputs = 2};
	struct scene *scene = scene_prepare(&options);

	scene_output(scene, 1)->connected = false;
	scene_configure(scene, &options);
	scene_attach(scene, 0);
	scene_scanout(scene, 0, SCENE_WIDTH, SCENE_HEIGHT);
	scene_update(scene, 0, scene_full, RED);
	fake_flip(scene_output(scene, 0));
	scene_scanout(scene, 1, SCENE_WIDTH, SCENE_HEIGHT);
	scene_update(scene, 1, scene_full, BLUE);
	plug(scene, 1, true);
	expect_layout(scene, "a0:DP-1 a1:DP-2");
	expect_on(scene, "DP-1 DP-2");
	scene_expect_color(scene_output(scene, 1), BLUE);
	g_assert_cmpuint(scene_output(scene, 0)->commit_count, ==, 1);
	g_assert_cmpuint(scene->changed, ==, 2);
	scene_destroy(scene);
}

/* The section's monitor is on another connector: its guest's picture goes there, and none of it
 * stays where it was. Frames of the view that stays are told apart from those before. */
static void test_monitor_moves(void)
{
	static const struct layout_output sections[] = {
		{.name = "ACME TV 7", .guest = "a", .scanout = 0}};
	struct scene_options options = {.outputs = 2,
		.guests = 2,
		.sections = sections,
		.section_count = 1};
	struct scene *scene = scene_prepare(&options);

	g_strlcpy(scene_output(scene, 0)->monitor, "ACME TV 7", 32);
	scene_configure(scene, &options);
	scene_attach(scene, 0);
	scene_attach(scene, 1);
	expect_layout(scene, "a0:DP-1 b0:DP-2");
	scene_scanout(scene, 0, SCENE_WIDTH, SCENE_HEIGHT);
	scene_update(scene, 0, scene_full, RED);
	fake_flip(scene_output(scene, 0));
	scene_output(scene, 0)->monitor[0] = '\0';
	g_strlcpy(scene_output(scene, 1)->monitor, "ACME TV 7", 32);
	fake_probe(scene->card);
	fake_tell(scene->card);
	expect_layout(scene, "b0:DP-1 a0:DP-2");
	expect_on(scene, "DP-1 DP-2");
	scene_expect_color(scene_output(scene, 1), RED);
	scene_expect_color(scene_output(scene, 0), 0);
	g_assert_cmpuint(fake_last(scene_output(scene, 0))->serial, >, 1);
	g_free(fixture_log_take());
	scene_destroy(scene);
}

/* ---- the card comes and goes ---- */

static void test_card_comes(void)
{
	struct scene_options options = {.outputs = 1, .later = true};
	struct scene *scene = scene_create(&options);
	struct info_reply reply;
	uint8_t edid[VIRTIO_GPU_EDID_MAX];
	uint32_t width, height, refresh_mhz, size;

	g_assert_null(scene->said);
	g_assert_cmpuint(layout_view_count(scene->layout), ==, 0);
	/* A guest that is told of no screen draws nothing, ever. */
	scene_send(scene, 0, VHOST_USER_GPU_GET_DISPLAY_INFO, NULL, 0, -1);
	receive(scene, &reply, sizeof(reply));
	expect_mode(&reply, 0, 0, 0, 1024, 768);
	expect_mode(&reply, 1, 0, 0, 0, 0);
	size = ask_edid(scene, 0, edid);
	g_assert_true(edid_preferred(edid, size, &width, &height, &refresh_mhz));
	g_assert_cmpuint(width, ==, 1024);
	scene_scanout(scene, 0, SCENE_WIDTH, SCENE_HEIGHT);
	scene_update(scene, 0, scene_full, GREEN);
	layout_set_device(scene->layout, 0, scene->card);
	g_free(fixture_log_take());
	scene_expect_color(scene_output(scene, 0), GREEN);
	scene_send(scene, 0, VHOST_USER_GPU_GET_DISPLAY_INFO, NULL, 0, -1);
	receive(scene, &reply, sizeof(reply));
	expect_mode(&reply, 0, 0, 0, SCENE_WIDTH, SCENE_HEIGHT);
	scene_destroy(scene);
}

/* It goes, and another comes with other names: monitors keep their scanouts, guests are told of the
 * screens that they had, and the picture is back by itself. */
static void test_card_goes(void)
{
	struct scene *scene = scene_create(&(struct scene_options){.outputs = 2});
	struct info_reply reply;

	g_strlcpy(scene_output(scene, 0)->monitor, "ACME L 1", 32);
	g_strlcpy(scene_output(scene, 1)->monitor, "ACME R 2", 32);
	fake_probe(scene->card);
	scene_scanout(scene, 0, SCENE_WIDTH, SCENE_HEIGHT);
	scene_update(scene, 0, scene_full, RED);
	fake_flip(scene_output(scene, 0));
	scene_scanout(scene, 1, SCENE_WIDTH, SCENE_HEIGHT);
	scene_update(scene, 1, scene_full, BLUE);
	fake_tell(scene->card);
	g_free(fixture_log_take());

	layout_kms_listener()->device_gone(scene->layout);
	g_assert_cmpuint(scene->gone, ==, 1);
	layout_set_device(scene->layout, 0, NULL);
	g_assert_cmpuint(layout_view_count(scene->layout), ==, 0);
	scene_send(scene, 0, VHOST_USER_GPU_GET_DISPLAY_INFO, NULL, 0, -1);
	receive(scene, &reply, sizeof(reply));
	expect_mode(&reply, 1, SCENE_WIDTH, 0, SCENE_WIDTH, SCENE_HEIGHT);
	expect_mode(&reply, 2, 0, 0, 0, 0);
	scene_update(scene, 0, scene_full, GREEN);

	fake_unplug(scene_output(scene, 0));
	fake_unplug(scene_output(scene, 1));
	g_strlcpy(scene_output(scene, 0)->name, "HDMI-1", 16);
	g_strlcpy(scene_output(scene, 1)->name, "HDMI-2", 16);
	g_strlcpy(scene_output(scene, 0)->monitor, "ACME R 2", 32);
	g_strlcpy(scene_output(scene, 1)->monitor, "ACME L 1", 32);
	layout_set_device(scene->layout, 0, scene->card);
	fake_tell(scene->card);
	expect_layout(scene, "a1:HDMI-1 a0:HDMI-2");
	scene_expect_color(scene_output(scene, 0), BLUE);
	scene_expect_color(scene_output(scene, 1), GREEN);
	g_free(fixture_log_take());
	scene_destroy(scene);
}

/* A guest that has asked about its screens behind an update is answered in the midst of it. */
static void test_asked_meanwhile(void)
{
	struct scene *scene = scene_create(&(struct scene_options){.outputs = 2});
	struct vhost_user_gpu_header header;
	struct info_reply reply;

	scene_dmabuf(scene, 1, SCENE_WIDTH, SCENE_HEIGHT, fake_dmabuf_create(SCENE_BYTES, NULL));
	scene_dmabuf_update(scene, 1, scene_full);
	scene_send(scene, 0, VHOST_USER_GPU_GET_DISPLAY_INFO, NULL, 0, -1);
	g_assert_cmpuint(scene->states[0]->channel.owed_count, ==, 2);
	layout_set_device(scene->layout, 0, NULL);
	g_assert_cmpuint(scene->states[0]->channel.owed_count, ==, 0);
	receive(scene, &header, sizeof(header));
	g_assert_cmpuint(header.request, ==, VHOST_USER_GPU_DMABUF_UPDATE);
	receive(scene, &reply, sizeof(reply));
	expect_mode(&reply, 0, 0, 0, SCENE_WIDTH, SCENE_HEIGHT);
	expect_mode(&reply, 1, SCENE_WIDTH, 0, SCENE_WIDTH, SCENE_HEIGHT);
	g_free(fixture_log_take());
	scene_destroy(scene);
}

/* ---- screens off ---- */

static void wait_until_off(const struct kms_output *output)
{
	while (output->active)
		g_main_context_iteration(NULL, TRUE);
}

/* A scanout that its guest switches off: black, then off; lit with the first frame. */
static void test_dark(void)
{
	struct scene *scene = scene_create_red(
		&(struct scene_options){.blank_after_ms = 10, .off_after_ms = 20});
	struct kms_output *output = scene_output(scene, 0);
	const struct view *view = layout_view(scene->layout, 0);

	g_assert_false(layout_view_asleep(scene->layout, view));
	scene_scanout(scene, 0, 0, 0);
	g_assert_true(layout_view_asleep(scene->layout, view));
	g_assert_true(output->active);
	wait_until_off(output);
	scene_expect_color(output, 0);
	fake_tell(scene->card);
	scene_expect_log("off, for scanout 0 of guest a");
	scene_scanout(scene, 0, SCENE_WIDTH, SCENE_HEIGHT);
	scene_update(scene, 0, scene_full, GREEN);
	g_assert_true(output->active);
	g_assert_false(layout_view_asleep(scene->layout, view));
	fake_tell(scene->card);
	scene_expect_color(output, GREEN);
	scene_expect_log("on, for scanout 0 of guest a");
	scene_destroy(scene);
}

/* One that must be off before it would be black is both then. */
static void test_dark_at_once(void)
{
	struct scene *scene = scene_create_red(
		&(struct scene_options){.blank_after_ms = 100000, .off_after_ms = 1});

	scene_scanout(scene, 0, 0, 0);
	wait_until_off(scene_output(scene, 0));
	scene_expect_log("off, for scanout 0 of guest a");
	scene_destroy(scene);
}

/* Never black, and yet off. */
static void test_off_alone(void)
{
	struct scene *scene = scene_create_red(
		&(struct scene_options){.blank_after_ms = LAYOUT_NEVER, .off_after_ms = 1});

	scene_scanout(scene, 0, 0, 0);
	wait_until_off(scene_output(scene, 0));
	scene_expect_color(scene_output(scene, 0), RED);
	scene_expect_log("off, for scanout 0 of guest a");
	scene_destroy(scene);
}

/* The longest that a configuration can say: more milliseconds than an int has. */
static void test_dark_late(void)
{
	struct scene *scene = scene_create_red(
		&(struct scene_options){.blank_after_ms = INT64_C(30) * 24 * 3600 * 1000,
			.off_after_ms = LAYOUT_NEVER});

	scene_scanout(scene, 0, 0, 0);
	fixture_settle();
	g_assert_false(source_dark(guest_source(scene->guests[0], 0)));
	scene_expect_color(scene_output(scene, 0), RED);
	scene_destroy(scene);
}

/* Nobody is there: the guest's outputs are off, the other's are not. */
static void test_idle(void)
{
	struct scene *scene = scene_create(&(struct scene_options){.outputs = 2, .guests = 2});

	layout_set_idle(scene->layout, scene->guests[0], true);
	g_assert_true(layout_view_in_use(scene->layout, layout_view(scene->layout, 0)));
	expect_on(scene, "DP-2");
	scene_expect_log("DP-1: , off, for scanout 0 of guest a");
	layout_set_idle(scene->layout, scene->guests[0], true);
	g_assert_cmpuint(scene->card->configured, ==, 2);
	layout_set_idle(scene->layout, scene->guests[0], false);
	expect_on(scene, "DP-1 DP-2");
	scene_expect_log("DP-1: , on, for scanout 0 of guest a");
	scene_destroy(scene);
}

int main(int argc, char **argv)
{
	fixture_init(&argc, &argv);
	g_test_add_func("/layout/one-guest", test_one_guest);
	g_test_add_func("/layout/several-guests", test_several_guests);
	g_test_add_func("/layout/no-monitor-yet", test_no_monitor_yet);
	g_test_add_func("/layout/sections", test_sections);
	g_test_add_func("/layout/forced", test_forced);
	g_test_add_func("/layout/waits", test_waits);
	g_test_add_func("/layout/mirrors", test_mirrors);
	g_test_add_func("/layout/display-info", test_display_info);
	g_test_add_func("/layout/edid", test_edid);
	g_test_add_func("/layout/used", test_used);
	g_test_add_func("/layout/scanout-count", test_scanout_count);
	g_test_add_func("/layout/refused", test_refused);
	g_test_add_func("/layout/monitor-comes", test_monitor_comes);
	g_test_add_func("/layout/second-monitor", test_second_monitor);
	g_test_add_func("/layout/monitor-moves", test_monitor_moves);
	g_test_add_func("/layout/card-comes", test_card_comes);
	g_test_add_func("/layout/card-goes", test_card_goes);
	g_test_add_func("/layout/asked-meanwhile", test_asked_meanwhile);
	g_test_add_func("/layout/dark", test_dark);
	g_test_add_func("/layout/dark-at-once", test_dark_at_once);
	g_test_add_func("/layout/dark-late", test_dark_late);
	g_test_add_func("/layout/off-alone", test_off_alone);
	g_test_add_func("/layout/idle", test_idle);
	return g_test_run();
}
