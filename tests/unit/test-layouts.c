/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Named layouts: which of them is in force, as monitors come and go and as it is asked for, and
 * what a change does to outputs and guests: to those for which it changes nothing, nothing at all.
 */
#include <string.h>
#include <sys/socket.h>

#include "channel_fixture.h"
#include "scene/source.h"
#include "scene/view.h"
#include "scene_fixture.h"
#include "vhost_user_gpu.h"

/* ---- pure functions ---- */

static void test_counts(void)
{
	static const struct {
		const char *layouts;
		const char *name;
		bool counts;
	} cases[] = {
		{NULL, NULL, true},
		{NULL, "day", true},
		{"day", NULL, false},
		{"day", "day", true},
		{"day", "da", false},
		{"da", "day", false},
		{"night; day ;", "day", true},
		{"night;today", "day", false},
	};

	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++)
		g_assert_cmpint(layout_counts(cases[i].layouts, cases[i].name), ==,
			cases[i].counts);
}

static void test_rule(void)
{
	/* In the order of the configuration, whatever there is behind it. */
	static const struct layout_named named[] = {
		{"dock", "DP-2; ACME TV"},
		{"desk", "DP-1"},
		{"road", NULL},
		{"late", NULL},
		{"never", "DP-9"},
	};
	static const struct {
		bool connected[3]; /* DP-1, DP-2, DP-3 with an ACME TV */
		size_t count; /* of the layouts, beginning with … */
		size_t first;
		size_t rule;
	} cases[] = {
		{{false, false, false}, 5, 0, 2},
		{{true, false, false}, 5, 0, 1},
		/* One monitor can have both names. */
		{{true, true, false}, 5, 0, 0},
		{{true, true, true}, 5, 0, 0},
		{{false, true, true}, 5, 0, 0},
		{{false, false, true}, 5, 0, 2},
		{{true, false, false}, 3, 2, 0},
		{{false, false, false}, 2, 0, LAYOUT_NONE},
		{{true, true, true}, 1, 4, LAYOUT_NONE},
		{{true, true, true}, 0, 0, LAYOUT_NONE},
	};

	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		const struct layout_connector connectors[] = {
			{"DP-1", NULL, cases[i].connected[0]},
			{"DP-2", "ACME TV 7", cases[i].connected[1]},
			{"DP-3", "ACME TV 8", cases[i].connected[2]},
		};

		g_assert_cmpuint(layout_rule(named + cases[i].first, cases[i].count, connectors, 3),
			==, cases[i].rule);
	}
}

/* ---- a daemon's layout ---- */

/* Guest a is the same in all of them; b moves; c is shown in one; and DP-4 has pictures. */
static const struct layout_output sections[] = {
	{.name = "DP-1", .guest = "a", .scanout = 0},
	{.name = "DP-2", .guest = "b", .scanout = 0, .layouts = "day;dock"},
	{.name = "DP-3", .guest = "b", .scanout = 0, .layouts = "night"},
	{.name = "DP-2", .guest = "c", .scanout = 0, .layouts = "night", .mode = "800x600"},
	{.name = "DP-4",
		.layouts = "day",
		.pictured = true,
		.picture = {PICTURE_COLOR, GREEN, NULL}},
	{.name = "DP-4",
		.layouts = "night",
		.pictured = true,
		.picture = {PICTURE_COLOR, BLUE, NULL}},
};
static const struct layout_named named[] = {{"day", NULL}, {"night", NULL}, {"dock", "DP-5"}};

static const struct scene_options options = {.outputs = 5,
	.guests = 3,
	.sections = sections,
	.section_count = G_N_ELEMENTS(sections),
	.named = named,
	.named_count = G_N_ELEMENTS(named)};

static struct scene *start_with(const char *chosen, bool docked)
{
	struct scene_options changed = options;
	struct scene *scene;

	changed.chosen = chosen;
	scene = scene_prepare(&changed);
	scene_output(scene, 4)->connected = docked;
	scene_configure(scene, &changed);
	for (size_t i = 0; i < scene->guest_count; i++)
		scene_attach(scene, i);
	return scene;
}

static void expect_in_force(const struct scene *scene, const char *name, enum layout_reason reason)
{
	enum layout_reason why;

	g_assert_cmpstr(layout_in_force(scene->layout, &why), ==, name);
	if (name)
		g_assert_cmpint(why, ==, reason);
	g_free(fixture_log_take());
}

/* "a:DP-1 b:DP-2", in the order of the outputs. */
static void expect_layout(struct scene *scene, const char *expected)
{
	g_autoptr(GString) text = g_string_new(NULL);

	for (size_t i = 0; i < scene->card->output_count; i++) {
		for (size_t j = 0; j < layout_view_count(scene->layout); j++) {
			struct kms_output *output = view_output(layout_view(scene->layout, j));
			uint32_t scanout;
			struct guest *guest = layout_view_guest(scene->layout, j, &scanout);

			if (output == scene_output(scene, i))
				g_string_append_printf(text, "%s%s:%s", text->len ? " " : "",
					guest_name(guest), kms_output_name(output));
		}
	}
	g_assert_cmpstr(text->str, ==, expected);
}

static void plug(struct scene *scene, size_t output, bool connected)
{
	scene_output(scene, output)->connected = connected;
	fake_probe(scene->card);
	fake_tell(scene->card);
}

static void use(struct scene *scene, const char *name)
{
	g_assert_true(layout_use(scene->layout, name, LAYOUT_KEY));
	fake_tell(scene->card);
	fixture_settle();
}

static void draw(struct scene *scene, size_t guest, uint32_t color)
{
	GByteArray *bytes = g_byte_array_new();
	const struct vhost_user_gpu_scanout scanout = {0, SCENE_WIDTH, SCENE_HEIGHT};

	scene_send(scene, guest, VHOST_USER_GPU_SCANOUT, &scanout, sizeof(scanout), -1);
	scene_append_update(bytes, 0, scene_full, color);
	scene_send_raw(scene, guest, bytes->data, bytes->len, -1);
	g_byte_array_unref(bytes);
}

static uint32_t ask_info(struct scene *scene, size_t guest)
{
	struct {
		struct vhost_user_gpu_header header;
		struct virtio_gpu_resp_display_info info;
	} __attribute__((packed)) reply;
	size_t got = 0;

	scene_send(scene, guest, VHOST_USER_GPU_GET_DISPLAY_INFO, NULL, 0, -1);
	while (got < sizeof(reply)) {
		ssize_t more;

		fixture_settle();
		more = recv(scene->peers[guest], (uint8_t *)&reply + got, sizeof(reply) - got, 0);
		g_assert_cmpint(more, >, 0);
		got += (size_t)more;
	}
	return GUINT32_FROM_LE(reply.info.pmodes[0].width);
}

static void finish_frames(struct scene *scene)
{
	for (size_t i = 0; i < scene->card->output_count; i++) {
		while (scene_output(scene, i)->queued.frame.buffer)
			fake_flip(scene_output(scene, i));
	}
}

/* ---- which is in force ---- */

static void test_first(void)
{
	struct scene *scene = start_with(NULL, false);

	expect_in_force(scene, "day", LAYOUT_FIRST);
	expect_layout(scene, "a:DP-1 b:DP-2");
	g_assert_nonnull(strstr(scene->said, "layout day is in force: no other is called for"));
	g_assert_nonnull(strstr(scene->said, "guest c: is not shown in this layout"));
	g_assert_cmpstr(layout_name_at(scene->layout, 1), ==, "night");
	g_assert_null(layout_name_at(scene->layout, 3));
	scene_destroy(scene);
}

static void test_no_layouts(void)
{
	struct scene *scene = scene_create(&(struct scene_options){.outputs = 1});

	expect_in_force(scene, NULL, LAYOUT_FIRST);
	g_assert_null(layout_name_at(scene->layout, 0));
	g_assert_false(layout_use(scene->layout, "day", LAYOUT_KEY));
	expect_layout(scene, "a:DP-1");
	scene_destroy(scene);
}

/* Whatever else there is, one is in force. */
static void test_none_called_for(void)
{
	static const struct layout_named whens[] = {{"tv", "DP-2"}, {"wall", "DP-3"}};
	struct scene_options changed = options;
	struct scene *scene;

	changed.outputs = 3;
	changed.sections = NULL;
	changed.section_count = 0;
	changed.named = whens;
	changed.named_count = G_N_ELEMENTS(whens);
	scene = scene_prepare(&changed);
	scene_output(scene, 1)->connected = false;
	scene_output(scene, 2)->connected = false;
	scene_configure(scene, &changed);
	expect_in_force(scene, "tv", LAYOUT_FIRST);
	plug(scene, 2, true);
	expect_in_force(scene, "wall", LAYOUT_WHEN);
	plug(scene, 2, false);
	expect_in_force(scene, "wall", LAYOUT_WHEN);
	plug(scene, 1, true);
	expect_in_force(scene, "tv", LAYOUT_WHEN);
	scene_destroy(scene);
}

static void test_monitors(void)
{
	struct scene *scene = start_with(NULL, true);

	expect_in_force(scene, "dock", LAYOUT_WHEN);
	expect_layout(scene, "a:DP-1 b:DP-2");
	plug(scene, 4, false);
	expect_in_force(scene, "day", LAYOUT_FIRST);
	plug(scene, 4, true);
	expect_in_force(scene, "dock", LAYOUT_WHEN);
	scene_destroy(scene);
}

/* What was chosen stays until the monitors call for another one. */
static void test_chosen(void)
{
	struct scene *scene = start_with("night", false);

	expect_in_force(scene, "night", LAYOUT_CONFIGURED);
	expect_layout(scene, "a:DP-1 c:DP-2 b:DP-3");
	plug(scene, 2, false);
	expect_in_force(scene, "night", LAYOUT_CONFIGURED);
	plug(scene, 4, true);
	expect_in_force(scene, "dock", LAYOUT_WHEN);
	use(scene, "night");
	expect_in_force(scene, "night", LAYOUT_KEY);
	plug(scene, 2, true);
	expect_in_force(scene, "night", LAYOUT_KEY);
	plug(scene, 4, false);
	expect_in_force(scene, "day", LAYOUT_FIRST);
	g_assert_false(layout_use(scene->layout, "nigth", LAYOUT_KEY));
	expect_in_force(scene, "day", LAYOUT_FIRST);
	scene_destroy(scene);
}

/* Also while there is no card: what comes shows it at once. */
static void test_without_card(void)
{
	struct scene *scene = start_with(NULL, false);

	layout_set_device(scene->layout, 0, NULL);
	use(scene, "night");
	expect_in_force(scene, "night", LAYOUT_KEY);
	layout_set_device(scene->layout, 0, scene->card);
	expect_in_force(scene, "night", LAYOUT_KEY);
	expect_layout(scene, "a:DP-1 c:DP-2 b:DP-3");
	scene_destroy(scene);
}

/* ---- what a change does ---- */

/* Not one call of the card's, not one word to the guest, whose frames go on. */
static void test_unchanged(void)
{
	struct scene *scene = start_with(NULL, false);
	struct kms_output *output = scene_output(scene, 0);

	for (size_t i = 0; i < 3; i++)
		layout_set_reachable(scene->layout, scene->guests[i], true);
	ask_info(scene, 0);
	ask_info(scene, 1);
	draw(scene, 0, RED);
	draw(scene, 1, GREEN);
	/* With a frame in flight, and without. */
	for (size_t i = 0; i < 4; i++) {
		struct kms_output before = *output;
		unsigned int configured = scene->card->configured;

		use(scene, i % 2 ? "day" : "night");
		g_assert_cmpuint(scene->card->configured, ==, configured + 1);
		g_assert_cmpmem(output, sizeof(*output), &before, sizeof(before));
		finish_frames(scene);
		scene_expect_color(output, RED);
		draw(scene, 0, RED);
		g_assert_cmpuint(output->commit_count, ==, i + 2);
		if (i > 1)
			finish_frames(scene);
	}
	/* Guest c is asked last, and so told last. */
	ask_info(scene, 2);
	fake_set_mode(scene_output(scene, 1), 100, 50);
	use(scene, "night");
	while (!strstr(scene->screens->str, "c 0"))
		g_main_context_iteration(NULL, TRUE);
	g_assert_null(strstr(scene->screens->str, "a 0"));
	g_free(fixture_log_take());
	scene_destroy(scene);
}

/* What moves is at its new place at once, without a word of its guest, and nowhere else. */
static void test_moves(void)
{
	struct scene *scene = start_with(NULL, false);

	draw(scene, 1, GREEN);
	finish_frames(scene);
	use(scene, "night");
	finish_frames(scene);
	expect_layout(scene, "a:DP-1 c:DP-2 b:DP-3");
	scene_expect_color(scene_output(scene, 2), GREEN);
	scene_expect_color(scene_output(scene, 1), 0);
	for (size_t i = 0; i < scene->card->request_count; i++) {
		const struct kms_output_request *request = &scene->card->requests[i];

		g_assert_cmpstr(request->mode, ==,
			request->output == scene_output(scene, 1) ? "800x600" : NULL);
	}
	use(scene, "day");
	finish_frames(scene);
	scene_expect_color(scene_output(scene, 1), GREEN);
	g_assert_false(scene_output(scene, 2)->active);
	g_free(fixture_log_take());
	scene_destroy(scene);
}

/* A guest that is not shown draws on, and is answered; its last picture is there when it is shown
 * again. */
static void test_not_shown(void)
{
	struct scene *scene = start_with("night", false);

	draw(scene, 2, RED);
	finish_frames(scene);
	use(scene, "day");
	draw(scene, 2, BLUE);
	g_assert_cmpuint(ask_info(scene, 2), ==, SCENE_WIDTH);
	use(scene, "night");
	finish_frames(scene);
	scene_expect_color(scene_output(scene, 1), BLUE);
	g_free(fixture_log_take());
	scene_destroy(scene);
}

static void test_pictures(void)
{
	struct scene *scene = start_with(NULL, false);
	struct kms_output before;

	finish_frames(scene);
	scene_expect_color(scene_output(scene, 3), GREEN);
	use(scene, "night");
	finish_frames(scene);
	scene_expect_color(scene_output(scene, 3), BLUE);
	before = *scene_output(scene, 3);
	use(scene, "night");
	g_assert_cmpmem(scene_output(scene, 3), sizeof(before), &before, sizeof(before));
	use(scene, "dock");
	g_assert_false(scene_output(scene, 3)->active);
	g_free(fixture_log_take());
	scene_destroy(scene);
}

/* ---- layers ---- */

/* The view of a guest's layer; NULL: it has none. */
static struct view *layer_of(const struct scene *scene, size_t guest)
{
	for (size_t i = 0; i < layout_view_count(scene->layout); i++) {
		struct view *view = layout_view(scene->layout, i);
		uint32_t scanout;

		if (view_is_layer(view) &&
			layout_view_guest(scene->layout, i, &scanout) == scene->guests[guest])
			return view;
	}
	return NULL;
}

/* On the output that all have alike a layer that all have, too; on DP-4 others. */
static const struct layout_layer layers[] = {
	{.name = "always",
		.output = "DP-1",
		.guest = "c",
		.scanout = 1,
		.width = 16,
		.height = 12,
		.opacity = UINT16_MAX},
	{.name = "b",
		.layouts = "day;dock",
		.output = "DP-4",
		.guest = "b",
		.scanout = 1,
		.width = 8,
		.height = 8,
		.opacity = UINT16_MAX},
	{.name = "b",
		.layouts = "night",
		.output = "DP-4",
		.guest = "b",
		.scanout = 1,
		.width = 16,
		.height = 8,
		.opacity = UINT16_MAX},
};

static void expect_width(const struct view *view, uint32_t expected)
{
	uint32_t width, height;

	view_screen_size(view, &width, &height);
	g_assert_cmpuint(width, ==, expected);
}

static void test_layers(void)
{
	struct scene_options changed = options;
	struct scene *scene;
	struct view *kept;
	struct kms_output before;

	changed.layers = layers;
	changed.layer_count = G_N_ELEMENTS(layers);
	scene = scene_create(&changed);
	use(scene, "day");
	kept = layer_of(scene, 2);
	g_assert_nonnull(kept);
	expect_width(layer_of(scene, 1), 8);
	finish_frames(scene);
	before = *scene_output(scene, 0);
	use(scene, "night");
	g_assert_true(layer_of(scene, 2) == kept);
	g_assert_cmpmem(scene_output(scene, 0), sizeof(before), &before, sizeof(before));
	expect_width(layer_of(scene, 1), 16);
	use(scene, "dock");
	/* It lies on an output that no section has in this layout. */
	g_assert_null(layer_of(scene, 1));
	/* The same again, and none. */
	use(scene, "day");
	scene_reconfigure(scene, &changed);
	g_assert_true(layer_of(scene, 2) == kept);
	changed.layer_count = 0;
	scene_reconfigure(scene, &changed);
	g_assert_null(layer_of(scene, 2));
	g_assert_null(layer_of(scene, 1));
	g_free(fixture_log_take());
	scene_destroy(scene);
}

/* ---- other sections ---- */

static void test_same_again(void)
{
	struct scene *scene = start_with(NULL, false);
	unsigned int configured = scene->card->configured;
	struct kms_output before[5];

	draw(scene, 0, RED);
	finish_frames(scene);
	memcpy(before, scene->card->outputs, sizeof(before));
	scene_reconfigure(scene, &options);
	g_assert_cmpmem(scene->card->outputs, sizeof(before), before, sizeof(before));
	g_assert_cmpuint(scene->card->configured, ==, configured);
	expect_in_force(scene, "day", LAYOUT_FIRST);
	scene_expect_no_log();
	scene_destroy(scene);
}

static void test_other_sections(void)
{
	static const struct layout_output others[] = {
		{.name = "DP-1", .guest = "a", .scanout = 0},
		{.name = "DP-2", .guest = "b", .scanout = 0, .mode = "640x480"},
		{.name = "DP-3", .guest = "c", .scanout = 0},
	};
	struct scene_options changed = options;
	struct scene *scene = start_with("night", false);
	struct kms_output before = *scene_output(scene, 0);

	/* The layout in force is gone, and so is what chose it. */
	changed.sections = others;
	changed.section_count = G_N_ELEMENTS(others);
	changed.named_count = 1;
	scene_reconfigure(scene, &changed);
	expect_in_force(scene, "day", LAYOUT_FIRST);
	expect_layout(scene, "a:DP-1 b:DP-2 c:DP-3");
	g_assert_cmpmem(scene_output(scene, 0), sizeof(before), &before, sizeof(before));
	g_assert_cmpstr(scene->card->requests[1].mode, ==, "640x480");
	/* And all layouts. */
	changed.named_count = 0;
	scene_reconfigure(scene, &changed);
	expect_in_force(scene, NULL, LAYOUT_FIRST);
	/* The modes of guests are for outputs without a section, and nobody has one more. */
	changed.section_count = 0;
	scene_reconfigure(scene, &changed);
	expect_layout(scene, "a:DP-1 b:DP-2 c:DP-3");
	/* They are there again, and one is chosen. */
	changed = options;
	changed.chosen = "night";
	scene_reconfigure(scene, &changed);
	expect_in_force(scene, "night", LAYOUT_CONFIGURED);
	expect_layout(scene, "a:DP-1 c:DP-2 b:DP-3");
	/* Its key was pressed since: an edit elsewhere does not take it back. */
	use(scene, "day");
	scene_reconfigure(scene, &changed);
	expect_in_force(scene, "day", LAYOUT_KEY);
	plug(scene, 4, true);
	expect_in_force(scene, "dock", LAYOUT_WHEN);
	scene_destroy(scene);
}

/* The first time the monitors call for another one is after the edit: of what they called for
 * before, under whatever number, nothing is new. */
static void test_renumbered(void)
{
	static const struct layout_named others[] = {{"dock", "DP-5"}, {"day", NULL},
		{"night", NULL}};
	struct scene_options changed = options;
	struct scene *scene = start_with("night", false);

	changed.named = others;
	changed.chosen = "night";
	scene_reconfigure(scene, &changed);
	expect_in_force(scene, "night", LAYOUT_CONFIGURED);
	fake_probe(scene->card);
	expect_in_force(scene, "night", LAYOUT_CONFIGURED);
	plug(scene, 4, true);
	expect_in_force(scene, "dock", LAYOUT_WHEN);
	scene_destroy(scene);
}

int main(int argc, char **argv)
{
	fixture_init(&argc, &argv);
	g_test_add_func("/layouts/counts", test_counts);
	g_test_add_func("/layouts/rule", test_rule);
	g_test_add_func("/layouts/first", test_first);
	g_test_add_func("/layouts/no-layouts", test_no_layouts);
	g_test_add_func("/layouts/none-called-for", test_none_called_for);
	g_test_add_func("/layouts/monitors", test_monitors);
	g_test_add_func("/layouts/chosen", test_chosen);
	g_test_add_func("/layouts/without-card", test_without_card);
	g_test_add_func("/layouts/unchanged", test_unchanged);
	g_test_add_func("/layouts/moves", test_moves);
	g_test_add_func("/layouts/not-shown", test_not_shown);
	g_test_add_func("/layouts/pictures", test_pictures);
	g_test_add_func("/layouts/layers", test_layers);
	g_test_add_func("/layouts/same-again", test_same_again);
	g_test_add_func("/layouts/other-sections", test_other_sections);
	g_test_add_func("/layouts/renumbered", test_renumbered);
	return g_test_run();
}
