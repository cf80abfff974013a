/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Layers above what outputs show: who is seen where, what guests are told of them, and what happens
 * when guests, monitors and the card come and go. */
#include <string.h>
#include <sys/socket.h>

#include "channel_fixture.h"
#include "fake/fake_dmabuf.h"
#include "scene/view.h"
#include "scene_fixture.h"

#define WHITE 0xffffffu

/* Above the first output: a corner of it, for scanout 1 of guest a. */
static struct layout_layer corner(void)
{
	return (struct layout_layer){
		.name = "cluster",
		.output = "DP-1",
		.guest = "a",
		.scanout = 1,
		.x = 32,
		.y = 24,
		.width = 16,
		.height = 12,
		.opacity = UINT16_MAX,
	};
}

static const struct layout_output shows_a = {.name = "DP-1", .guest = "a"};
static const struct kms_rect small = {0, 0, 16, 12};

static struct scene *start(const struct layout_output *section, const struct layout_layer *layers,
	size_t layer_count, unsigned int overlays)
{
	const struct scene_options options = {
		.guests = 2,
		.sections = section,
		.section_count = section ? 1 : 0,
		.layers = layers,
		.layer_count = layer_count,
	};
	struct scene *scene = scene_prepare(&options);

	scene_output(scene, 0)->overlays = overlays;
	scene_configure(scene, &options);
	scene_attach(scene, 0);
	scene_attach(scene, 1);
	return scene;
}

static void update_b(struct scene *scene, uint32_t width, uint32_t height, uint32_t color)
{
	const struct vhost_user_gpu_scanout message = {0, width, height};
	g_autoptr(GByteArray) update = g_byte_array_new();

	scene_send(scene, 1, VHOST_USER_GPU_SCANOUT, &message, sizeof(message), -1);
	scene_append_update(update, 0, (struct kms_rect){0, 0, (int32_t)width, (int32_t)height},
		color);
	scene_send_raw(scene, 1, update->data, update->len, -1);
	scene_settle(scene);
}

static void expect(struct scene *scene, uint32_t x, uint32_t y, uint32_t color)
{
	g_assert_cmphex(fake_seen(scene_output(scene, 0), x, y), ==, color);
}

static struct virtio_gpu_resp_display_info ask_info(struct scene *scene, size_t guest)
{
	struct {
		struct vhost_user_gpu_header header;
		struct virtio_gpu_resp_display_info info;
	} __attribute__((packed)) reply;

	scene_send(scene, guest, VHOST_USER_GPU_GET_DISPLAY_INFO, NULL, 0, -1);
	fixture_settle();
	g_assert_cmpint(recv(scene->peers[guest], &reply, sizeof(reply), 0), ==, sizeof(reply));
	return reply.info;
}

/* Two scanouts of one guest, with planes and without. */
static void test_scanouts(gconstpointer data)
{
	const struct layout_layer layer = corner();
	struct scene *scene = start(&shows_a, &layer, 1, GPOINTER_TO_UINT(data));

	scene_scanout(scene, 0, SCENE_WIDTH, SCENE_HEIGHT);
	scene_update(scene, 0, scene_full, RED);
	scene_scanout(scene, 1, 16, 12);
	scene_update(scene, 1, small, GREEN);
	scene_settle(scene);
	expect(scene, 31, 24, RED);
	expect(scene, 32, 24, GREEN);
	expect(scene, 47, 35, GREEN);
	expect(scene, 48, 35, RED);
	scene_update(scene, 0, scene_full, BLUE);
	scene_settle(scene);
	expect(scene, 31, 24, BLUE);
	expect(scene, 32, 24, GREEN);
	/* Its guest switches it off: what is below is seen. */
	scene_scanout(scene, 1, 0, 0);
	scene_settle(scene);
	g_assert_cmpuint(layout_view_count(scene->layout), ==, 2);
	scene_hang_up(scene, 0);
	scene_settle(scene);
	scene_destroy(scene);
}

/* The guest of a layer is told its size, and no more. */
static void test_told(void)
{
	const struct layout_layer layer = corner();
	struct scene *scene = start(&shows_a, &layer, 1, 1);
	struct virtio_gpu_resp_display_info info = ask_info(scene, 0);

	g_assert_cmpuint(GUINT32_FROM_LE(info.pmodes[0].width), ==, SCENE_WIDTH);
	g_assert_cmpuint(info.pmodes[1].enabled, !=, 0);
	g_assert_cmpuint(GUINT32_FROM_LE(info.pmodes[1].width), ==, 16);
	g_assert_cmpuint(GUINT32_FROM_LE(info.pmodes[1].height), ==, 12);
	scene_destroy(scene);
}

/* A guest above another, which has the output in the default order, since a layer names the
 * first. */
static void test_guests(gconstpointer data)
{
	struct layout_layer layer = corner();
	struct scene *scene;

	layer.guest = "b";
	layer.scanout = 0;
	scene = start(NULL, &layer, 1, GPOINTER_TO_UINT(data));
	update_b(scene, 16, 12, GREEN);
	expect(scene, 32, 24, GREEN);
	expect(scene, 0, 0, 0);
	scene_scanout(scene, 0, SCENE_WIDTH, SCENE_HEIGHT);
	scene_update(scene, 0, scene_full, RED);
	scene_settle(scene);
	expect(scene, 32, 24, GREEN);
	expect(scene, 0, 0, RED);

	/* One goes: the other stays, and goes on. After a guest comes black, which of a layer is
	 * nothing. */
	scene_hang_up(scene, 1);
	scene_settle(scene);
	expect(scene, 32, 24, RED);
	scene_attach(scene, 1);
	update_b(scene, 16, 12, BLUE);
	expect(scene, 32, 24, BLUE);
	scene_hang_up(scene, 0);
	scene_settle(scene);
	expect(scene, 0, 0, 0);
	update_b(scene, 16, 12, WHITE);
	expect(scene, 32, 24, WHITE);
	expect(scene, 31, 24, 0);
	scene_destroy(scene);
}

/* A picture of the smaller guest's size fills its place, in proportion. */
static void test_scaled(gconstpointer data)
{
	struct layout_layer layer = corner();
	struct scene *scene;

	layer.guest = "b";
	layer.scanout = 0;
	scene = start(NULL, &layer, 1, GPOINTER_TO_UINT(data));
	update_b(scene, 4, 4, GREEN);
	/* 12×12 in the middle of 16×12. */
	expect(scene, 33, 24, 0);
	expect(scene, 34, 24, GREEN);
	expect(scene, 45, 35, GREEN);
	expect(scene, 46, 35, 0);
	scene_destroy(scene);
}

/* Colours, whatever their order in the configuration: the higher z is above, of two the later
 * one. */
static void test_order(gconstpointer data)
{
	struct layout_layer layers[] = {corner(), corner(), corner()};
	struct scene *scene;

	for (size_t i = 0; i < G_N_ELEMENTS(layers); i++) {
		layers[i].guest = NULL;
		layers[i].picture.color = i == 0 ? RED : i == 1 ? GREEN : BLUE;
	}
	layers[0].z = 2;
	layers[1].x = 20;
	layers[1].z = 1;
	layers[2].width = 0;
	layers[2].x = 0;
	layers[2].y = 20;
	layers[2].z = 1;
	scene = start(&shows_a, layers, G_N_ELEMENTS(layers), GPOINTER_TO_UINT(data));
	fake_tell(scene->card);
	scene_settle(scene);
	expect(scene, 40, 30, RED);
	expect(scene, 30, 30, BLUE);
	expect(scene, 0, 20, BLUE);
	expect(scene, SCENE_WIDTH - 1, SCENE_HEIGHT - 1, BLUE);
	expect(scene, 0, 19, 0);
	scene_destroy(scene);
}

/* What is beyond the edge is not there, and the guest is told so; with another mode it may be. */
static void test_edge(void)
{
	struct layout_layer layer = corner();
	struct scene *scene;
	struct virtio_gpu_resp_display_info info;

	layer.x = 56;
	scene = start(&shows_a, &layer, 1, 1);
	info = ask_info(scene, 0);
	g_assert_cmpuint(GUINT32_FROM_LE(info.pmodes[1].width), ==, 8);
	g_assert_cmpuint(GUINT32_FROM_LE(info.pmodes[1].height), ==, 12);
	fake_set_mode(scene_output(scene, 0), 128, 96);
	info = ask_info(scene, 0);
	g_assert_cmpuint(GUINT32_FROM_LE(info.pmodes[1].width), ==, 16);
	scene_scanout(scene, 1, 16, 12);
	scene_update(scene, 1, small, GREEN);
	scene_settle(scene);
	expect(scene, 71, 35, GREEN);
	scene_destroy(scene);
}

/* In one mode there is nothing of it on the screen, and in another there is. */
static void test_beyond_edge(gconstpointer data)
{
	struct layout_layer layers[] = {corner(), corner()};
	struct scene *scene;
	unsigned int changed;

	layers[0].x = 100;
	layers[1].guest = NULL;
	layers[1].x = 0;
	layers[1].picture.color = BLUE;
	scene = start(&shows_a, layers, 2, GPOINTER_TO_UINT(data));
	scene_scanout(scene, 0, SCENE_WIDTH, SCENE_HEIGHT);
	scene_update(scene, 0, scene_full, RED);
	g_assert_cmpuint(ask_info(scene, 0).pmodes[1].enabled, ==, 0);
	changed = scene->changed;

	fake_set_mode(scene_output(scene, 0), 128, 96);
	g_assert_cmpuint(scene->changed, ==, changed + 1);
	g_assert_cmpuint(layout_view_count(scene->layout), ==, 2);
	g_assert_cmpuint(ask_info(scene, 0).pmodes[1].enabled, !=, 0);
	scene_scanout(scene, 1, 16, 12);
	scene_update(scene, 1, small, GREEN);
	scene_settle(scene);
	expect(scene, 100, 24, GREEN);
	expect(scene, 0, 24, BLUE);

	fake_set_mode(scene_output(scene, 0), SCENE_WIDTH, SCENE_HEIGHT);
	g_assert_cmpuint(scene->changed, ==, changed + 2);
	g_assert_cmpuint(layout_view_count(scene->layout), ==, 1);
	scene_update(scene, 1, small, WHITE);
	scene_settle(scene);
	expect(scene, 0, 0, RED);
	expect(scene, 0, 24, BLUE);
	scene_destroy(scene);
}

/* Of several outputs it is on the first of the list that has a monitor, wherever that is among the
 * connectors. */
static void test_list(void)
{
	static const struct layout_output sections[] = {
		{.name = "DP-1", .scanout = -1, .pictured = true, .picture = {.color = BLUE}},
		{.name = "DP-2", .scanout = -1, .pictured = true, .picture = {.color = RED}},
	};
	struct layout_layer layer = corner();
	const struct scene_options options = {
		.outputs = 2,
		.sections = sections,
		.section_count = 2,
		.layers = &layer,
		.layer_count = 1,
	};
	struct scene *scene;

	layer.output = "DP-2;DP-1";
	layer.scanout = 0;
	scene = scene_create(&options);
	g_assert_true(view_output(layout_view(scene->layout, 0)) == scene_output(scene, 1));
	scene_output(scene, 1)->connected = false;
	fake_probe(scene->card);
	g_assert_cmpuint(layout_view_count(scene->layout), ==, 1);
	g_assert_true(view_output(layout_view(scene->layout, 0)) == scene_output(scene, 0));
	scene_destroy(scene);
}

/* Outputs come before layers where a guest's picture is in as many places as it can be. */
static void test_too_many(void)
{
	struct layout_output sections[GUEST_VIEWS_MAX];
	char names[GUEST_VIEWS_MAX][8];
	struct layout_layer layer = corner();
	struct scene_options options = {
		.outputs = GUEST_VIEWS_MAX,
		.sections = sections,
		.section_count = GUEST_VIEWS_MAX - 1,
		.layers = &layer,
		.layer_count = 1,
	};
	struct scene *scene;

	for (size_t i = 0; i < GUEST_VIEWS_MAX; i++) {
		g_snprintf(names[i], sizeof(names[i]), "DP-%zu", i + 1);
		sections[i] = (struct layout_output){.name = names[i], .guest = "a"};
	}
	layer.scanout = 0;
	scene = scene_create_red(&options);
	g_assert_cmpuint(layout_view_count(scene->layout), ==, GUEST_VIEWS_MAX);
	options.section_count++;
	scene_reconfigure(scene, &options);
	fake_tell(scene->card);
	g_assert_cmpuint(layout_view_count(scene->layout), ==, GUEST_VIEWS_MAX);
	scene_expect_color(scene_output(scene, GUEST_VIEWS_MAX - 1), RED);
	scene_expect_log("layer cluster is left out");
	scene_destroy(scene);
}

/* One for which there is no place stays away, and the others of its output stay as they are, until
 * there is one. */
static void test_left_out(void)
{
	struct layout_output sections[GUEST_VIEWS_MAX];
	char names[GUEST_VIEWS_MAX][8];
	struct layout_layer layers[] = {corner(), corner()};
	struct scene_options options = {
		.outputs = GUEST_VIEWS_MAX,
		.sections = sections,
		.section_count = GUEST_VIEWS_MAX,
		.layers = layers,
		.layer_count = 2,
	};
	unsigned int changed;
	struct scene *scene;

	for (size_t i = 0; i < GUEST_VIEWS_MAX; i++) {
		g_snprintf(names[i], sizeof(names[i]), "DP-%zu", i + 1);
		sections[i] = (struct layout_output){.name = names[i], .guest = "a"};
	}
	layers[0].scanout = 0;
	layers[0].x = 0;
	layers[1].guest = NULL;
	layers[1].name = "logo";
	layers[1].picture.color = GREEN;
	scene = scene_create(&options);
	fake_tell(scene->card);
	scene_scanout(scene, 0, SCENE_WIDTH, SCENE_HEIGHT);
	scene_update(scene, 0, scene_full, RED);
	scene_settle(scene);
	g_assert_nonnull(strstr(scene->said, "layer cluster is left out"));
	expect(scene, 0, 24, RED);
	expect(scene, 32, 24, GREEN);

	/* Its view stays, with what is on its plane or drawn; nobody is told of anything. */
	changed = scene->changed;
	fake_set_active(scene_output(scene, 1), true);
	fake_set_active(scene_output(scene, 0), true);
	fake_probe(scene->card);
	expect(scene, 32, 24, GREEN);
	g_assert_cmpuint(scene->changed, ==, changed);
	scene_expect_no_log();

	options.section_count--;
	scene_reconfigure(scene, &options);
	scene_settle(scene);
	expect(scene, 0, 24, RED);
	expect(scene, 32, 24, GREEN);
	g_assert_cmpuint(layout_view_count(scene->layout), ==, GUEST_VIEWS_MAX);
	scene_destroy(scene);
}

/* An output that no guest is shown on has them above its own picture; and monitor and card come and
 * go. */
static void test_monitor(gconstpointer data)
{
	const struct layout_output section = {.name = "DP-1",
		.scanout = -1,
		.pictured = true,
		.picture = {.color = BLUE}};
	struct layout_layer layers[] = {corner(), corner()};
	struct scene *scene;

	layers[0].scanout = 0;
	layers[1].guest = "b";
	layers[1].scanout = 0;
	layers[1].x = 0;
	scene = start(&section, layers, 2, GPOINTER_TO_UINT(data));
	fake_tell(scene->card);
	scene_scanout(scene, 0, 16, 12);
	scene_update(scene, 0, small, GREEN);
	update_b(scene, 16, 12, RED);
	expect(scene, 0, 0, BLUE);
	expect(scene, 32, 24, GREEN);
	expect(scene, 0, 24, RED);

	scene_output(scene, 0)->connected = false;
	fake_probe(scene->card);
	fake_unplug(scene_output(scene, 0));
	update_b(scene, 16, 12, WHITE);
	scene_output(scene, 0)->connected = true;
	fake_probe(scene->card);
	fake_tell(scene->card);
	scene_settle(scene);
	expect(scene, 0, 0, BLUE);
	expect(scene, 32, 24, GREEN);
	expect(scene, 0, 24, WHITE);

	layout_set_device(scene->layout, 0, NULL);
	g_assert_cmpuint(layout_view_count(scene->layout), ==, 0);
	layout_set_device(scene->layout, 0, scene->card);
	fake_tell(scene->card);
	scene_settle(scene);
	expect(scene, 32, 24, GREEN);
	scene_destroy(scene);
}

/* Each is answered when its own frame is there, whether the other brings any or not. */
static void test_replies(void)
{
	const struct layout_layer layer = corner();
	struct scene *scene = start(&shows_a, &layer, 1, 1);
	uint32_t *memory;
	int fd = fake_dmabuf_create(SCENE_BYTES, &memory);

	scene_dmabuf(scene, 1, 16, 12, fd);
	for (unsigned int i = 0; i < 3; i++) {
		scene_dmabuf_update(scene, 1, small);
		g_assert_cmpuint(scene_replies(scene, 0), ==, 0);
		scene_settle(scene);
		scene_wait_reply(scene, 0);
	}
	scene_destroy(scene);
}

/*
 * A guest that waits for its layer's frame is answered when the layer goes, in the midst of a
 * change, and what it has asked behind that, too: also of a scanout that it has not used so far.
 * The card is asked once, for all.
 */
static void test_asks_meanwhile(void)
{
	const struct vhost_user_gpu_edid_request request = {3};
	struct layout_output sections[] = {
		{.name = "DP-2", .scanout = -1, .pictured = true, .picture = {.color = BLUE}},
		{.name = "DP-1", .scanout = -1, .pictured = true, .picture = {.color = RED}},
		{.name = "DP-3", .scanout = -1, .pictured = true, .picture = {.color = RED}},
	};
	const struct layout_layer layer = corner();
	const struct scene_options options = {
		.outputs = 3,
		.sections = sections,
		.section_count = 2,
		.layers = &layer,
		.layer_count = 1,
	};
	struct scene_options others = options;
	struct scene *scene = scene_prepare(&options);
	unsigned int configured;
	uint32_t *memory;
	int fd = fake_dmabuf_create(SCENE_BYTES, &memory);

	scene_output(scene, 0)->overlays = 1;
	scene_configure(scene, &options);
	scene_attach(scene, 0);
	fake_tell(scene->card);
	scene_settle(scene);
	scene_dmabuf(scene, 1, 16, 12, fd);
	scene_dmabuf_update(scene, 1, small);
	scene_send(scene, 0, VHOST_USER_GPU_GET_EDID, &request, sizeof(request), -1);
	g_assert_cmpuint(scene_replies(scene, 0), ==, 0);
	configured = scene->card->configured;

	sections[1].picture.color = GREEN;
	others.section_count = 3;
	scene_reconfigure(scene, &others);
	g_assert_cmpuint(scene->card->configured, ==, configured + 1);
	g_assert_cmpuint(scene->card->request_count, ==, 3);
	scene_destroy(scene);
}

/* One that counts in another layout alone comes and goes with that; what counts in both stays what
 * it is, in its order. */
static void test_layouts(gconstpointer data)
{
	static const struct layout_named named[] = {{"day", NULL}, {"night", NULL}};
	struct layout_layer layers[] = {corner(), corner(), corner()};
	const struct scene_options options = {
		.guests = 2,
		.sections = &shows_a,
		.section_count = 1,
		.layers = layers,
		.layer_count = G_N_ELEMENTS(layers),
		.named = named,
		.named_count = G_N_ELEMENTS(named),
	};
	struct scene *scene;

	layers[0].x = 0;
	layers[1].guest = NULL;
	layers[1].picture.color = GREEN;
	layers[1].layouts = "day";
	layers[2].guest = NULL;
	layers[2].picture.color = BLUE;
	layers[2].layouts = "night";
	scene = scene_prepare(&options);
	scene_output(scene, 0)->overlays = GPOINTER_TO_UINT(data);
	scene_configure(scene, &options);
	scene_attach(scene, 0);
	fake_tell(scene->card);
	scene_scanout(scene, 1, 16, 12);
	scene_update(scene, 1, small, RED);
	scene_settle(scene);
	expect(scene, 0, 24, RED);
	expect(scene, 32, 24, GREEN);
	g_assert_true(layout_use(scene->layout, "night", LAYOUT_KEY));
	scene_settle(scene);
	expect(scene, 0, 24, RED);
	expect(scene, 32, 24, BLUE);
	g_assert_true(layout_use(scene->layout, "day", LAYOUT_KEY));
	scene_update(scene, 1, small, WHITE);
	scene_settle(scene);
	expect(scene, 0, 24, WHITE);
	expect(scene, 32, 24, GREEN);
	scene_destroy(scene);
}

static void expect_lit(struct scene *scene, bool lit)
{
	fake_tell(scene->card);
	g_assert_true(scene_output(scene, 0)->active == lit);
}

/* The output goes off when nobody looks at any guest that it shows, and comes back for each of
 * them. A picture has no say. */
static void test_idle(gconstpointer data)
{
	static const struct layout_output pictured = {.name = "DP-1",
		.scanout = -1,
		.pictured = true,
		.picture = {.color = BLUE}};
	bool has_guest_below = GPOINTER_TO_UINT(data);
	struct layout_layer layers[] = {corner(), corner()};
	struct scene *scene;

	layers[0].guest = "b";
	layers[0].scanout = 0;
	layers[1].guest = has_guest_below ? NULL : "a";
	layers[1].scanout = 0;
	layers[1].x = 0;
	scene = start(has_guest_below ? &shows_a : &pictured, layers, 2, 6);
	expect_lit(scene, true);
	scene_scanout(scene, 0, SCENE_WIDTH, SCENE_HEIGHT);
	scene_update(scene, 0, scene_full, RED);
	/* One that has not begun does not keep it on, and does when it has. */
	layout_set_idle(scene->layout, scene->guests[0], true);
	expect_lit(scene, false);
	update_b(scene, 16, 12, GREEN);
	expect_lit(scene, true);
	layout_set_idle(scene->layout, scene->guests[1], true);
	expect_lit(scene, false);
	layout_set_idle(scene->layout, scene->guests[1], false);
	expect_lit(scene, true);
	scene_settle(scene);
	expect(scene, 32, 24, GREEN);
	expect(scene, 63, 0, has_guest_below ? RED : BLUE);
	layout_set_idle(scene->layout, scene->guests[1], true);
	expect_lit(scene, false);
	layout_set_idle(scene->layout, scene->guests[0], false);
	expect_lit(scene, true);
	scene_destroy(scene);
}

/* The same where guests switch their screens off. */
static void test_dark(void)
{
	struct layout_layer layer = corner();
	const struct scene_options options = {
		.guests = 2,
		.sections = &shows_a,
		.section_count = 1,
		.layers = &layer,
		.layer_count = 1,
		.off_after_ms = 1,
	};
	struct scene *scene;

	layer.guest = "b";
	layer.scanout = 0;
	scene = scene_prepare(&options);
	scene_configure(scene, &options);
	scene_attach(scene, 0);
	scene_attach(scene, 1);
	scene_scanout(scene, 0, SCENE_WIDTH, SCENE_HEIGHT);
	scene_update(scene, 0, scene_full, RED);
	update_b(scene, 16, 12, GREEN);
	expect_lit(scene, true);
	scene_scanout(scene, 0, 0, 0);
	while (!source_dark(guest_source(scene->guests[0], 0)))
		g_main_context_iteration(NULL, TRUE);
	scene_settle(scene);
	expect_lit(scene, true);
	scene_send(scene, 1, VHOST_USER_GPU_SCANOUT, &(struct vhost_user_gpu_scanout){0}, 12, -1);
	while (!scene_output(scene, 0)->changed)
		g_main_context_iteration(NULL, TRUE);
	expect_lit(scene, false);
	update_b(scene, 16, 12, BLUE);
	expect_lit(scene, true);
	scene_settle(scene);
	expect(scene, 32, 24, BLUE);
	scene_destroy(scene);
}

/* Guest a's buffers can be shown, and not be read; there is no plane for b above it. Neither stands
 * still: a's are shown, b is answered. */
static void test_above_unreadable(void)
{
	struct layout_layer layer = corner();
	struct scene *scene;
	struct kms_output *output;
	size_t commits;

	layer.guest = "b";
	layer.scanout = 0;
	scene = start(&shows_a, &layer, 1, 0);
	output = scene_output(scene, 0);
	fake_dmabuf_refuse_sync(true);
	update_b(scene, 16, 12, GREEN);
	for (int i = 0; i < 3; i++) {
		commits = output->commit_count;
		scene_show_dmabuf(scene, BLUE);
		g_assert_true(fake_in_flight(output));
		scene_settle(scene);
		scene_wait_reply(scene, 0);
		g_assert_cmpuint(output->commit_count, ==, commits + 1);
		g_assert_true(fake_last(output)->buffer->imported);
		update_b(scene, 16, 12, WHITE);
	}
	scene_expect_log("layers that have no plane are not shown");
	/* Pixels can be read. */
	fake_dmabuf_refuse_sync(false);
	scene_scanout(scene, 0, SCENE_WIDTH, SCENE_HEIGHT);
	scene_update(scene, 0, scene_full, RED);
	scene_settle(scene);
	expect(scene, 31, 24, RED);
	expect(scene, 32, 24, WHITE);
	scene_destroy(scene);
}

int main(int argc, char **argv)
{
	fixture_init(&argc, &argv);

	g_test_add_data_func("/layout/layers/scanouts/planes", GUINT_TO_POINTER(6), test_scanouts);
	g_test_add_data_func("/layout/layers/scanouts/drawn", GUINT_TO_POINTER(0), test_scanouts);
	g_test_add_func("/layout/layers/told", test_told);
	g_test_add_data_func("/layout/layers/guests/planes", GUINT_TO_POINTER(6), test_guests);
	g_test_add_data_func("/layout/layers/guests/drawn", GUINT_TO_POINTER(0), test_guests);
	g_test_add_data_func("/layout/layers/scaled/planes", GUINT_TO_POINTER(6), test_scaled);
	g_test_add_data_func("/layout/layers/scaled/drawn", GUINT_TO_POINTER(0), test_scaled);
	g_test_add_data_func("/layout/layers/order/planes", GUINT_TO_POINTER(6), test_order);
	g_test_add_data_func("/layout/layers/order/one-plane", GUINT_TO_POINTER(1), test_order);
	g_test_add_data_func("/layout/layers/order/drawn", GUINT_TO_POINTER(0), test_order);
	g_test_add_func("/layout/layers/edge", test_edge);
	g_test_add_func("/layout/layers/list", test_list);
	g_test_add_func("/layout/layers/too-many", test_too_many);
	g_test_add_func("/layout/layers/left-out", test_left_out);
	g_test_add_data_func("/layout/layers/beyond-edge/planes", GUINT_TO_POINTER(6),
		test_beyond_edge);
	g_test_add_data_func("/layout/layers/beyond-edge/drawn", GUINT_TO_POINTER(0),
		test_beyond_edge);
	g_test_add_data_func("/layout/layers/monitor/planes", GUINT_TO_POINTER(6), test_monitor);
	g_test_add_data_func("/layout/layers/monitor/drawn", GUINT_TO_POINTER(0), test_monitor);
	g_test_add_data_func("/layout/layers/layouts/planes", GUINT_TO_POINTER(6), test_layouts);
	g_test_add_data_func("/layout/layers/layouts/drawn", GUINT_TO_POINTER(0), test_layouts);
	g_test_add_func("/layout/layers/replies", test_replies);
	g_test_add_data_func("/layout/layers/idle/guest-below", GUINT_TO_POINTER(1), test_idle);
	g_test_add_data_func("/layout/layers/idle/picture-below", GUINT_TO_POINTER(0), test_idle);
	g_test_add_func("/layout/layers/asks-meanwhile", test_asks_meanwhile);
	g_test_add_func("/layout/layers/dark", test_dark);
	g_test_add_func("/layout/layers/above-unreadable", test_above_unreadable);
	return g_test_run();
}
