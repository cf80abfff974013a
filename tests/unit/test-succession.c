/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A layout on a card that a process has died with: the guests' last pictures stay in the place of
 * what is shown before a guest's first one, until there is a new one, the guest has failed, or
 * nobody has come for too long.
 */
#include <glib.h>

#include "channel_fixture.h"
#include "scene/layout.h"
#include "scene_fixture.h"
#include "vhost_user_gpu.h"

/* The time that guests have is over at once. */
static bool impatient;

guint g_timeout_add_seconds(guint seconds, GSourceFunc function, gpointer data)
{
	return g_timeout_add(impatient ? 0 : seconds * 1000, function, data);
}

static const struct scene_options options = {.before.color = GREEN,
	.after.color = BLUE,
	.later = true};

static struct scene *create_successor(void)
{
	struct scene *scene = scene_create(&options);

	layout_note_predecessor(scene->layout, 0);
	layout_set_device(scene->layout, 0, scene->card);
	g_assert_true(scene->card->requests[0].keep_picture);
	g_assert_cmpuint(scene_output(scene, 0)->commit_count, ==, 0);
	return scene;
}

static void draw(struct scene *scene)
{
	scene_scanout(scene, 0, SCENE_WIDTH, SCENE_HEIGHT);
	scene_update(scene, 0, scene_full, RED);
}

static void set_failed(struct scene *scene, bool failed)
{
	char name[] = "a";
	char *lines[] = {name, NULL};

	layout_set_status(scene->layout, scene->guests[0], failed, lines);
}

/* What is said of the guest meanwhile, and that it begins without a picture, is no reason for
 * another. */
static void test_until_a_picture(void)
{
	struct scene *scene = create_successor();
	struct kms_output *output = scene_output(scene, 0);

	set_failed(scene, false);
	scene_scanout(scene, 0, SCENE_WIDTH, SCENE_HEIGHT);
	g_assert_cmpuint(output->commit_count, ==, 0);
	draw(scene);
	scene_expect_color(output, RED);
	fake_flip(output);
	scene_hang_up(scene, 0);
	scene_expect_color(output, BLUE);
	fake_flip(output);
	scene_destroy(scene);
}

static void test_until_a_failure(void)
{
	struct scene *scene = create_successor();
	struct kms_output *output = scene_output(scene, 0);

	set_failed(scene, true);
	scene_expect_color(output, BLUE);
	fake_flip(output);
	scene_destroy(scene);
}

static void test_not_for_ever(void)
{
	struct kms_output *output;
	struct scene *scene;

	impatient = true;
	scene = create_successor();
	output = scene_output(scene, 0);
	while (output->commit_count == 0)
		g_main_context_iteration(NULL, TRUE);
	scene_expect_color(output, GREEN);
	g_assert_true(output->cursor_forgotten);
	fake_flip(output);
	scene_destroy(scene);
	impatient = false;
}

static void flip_all(struct kms_output *output)
{
	fixture_settle();
	while (fake_in_flight(output)) {
		fake_flip_without_vblank(output);
		fixture_settle();
	}
}

/* A picture in a corner, above guest a, on an output that keeps what was there. */
static struct scene *create_cornered_above(unsigned int overlays, int scanout)
{
	static const struct layout_layer corner = {
		.name = "corner",
		.output = "DP-1",
		.picture = {.color = BLUE},
		.width = 8,
		.height = 8,
		.opacity = UINT16_MAX,
	};
	const struct layout_output section = {.name = "DP-1", .guest = "a", .scanout = scanout};
	struct scene_options layered = options;
	struct scene *scene;

	layered.blank_after_ms = 1;
	layered.sections = &section;
	layered.section_count = 1;
	layered.layers = &corner;
	layered.layer_count = 1;
	scene = scene_create(&layered);
	scene_output(scene, 0)->former = true;
	scene_output(scene, 0)->overlays = overlays;
	layout_note_predecessor(scene->layout, 0);
	layout_set_device(scene->layout, 0, scene->card);
	g_assert_cmpuint(scene_output(scene, 0)->commit_count, ==, 0);
	fixture_settle();
	g_assert_cmphex(fake_seen(scene_output(scene, 0), 0, 0), ==, BLUE);
	return scene;
}

static struct scene *create_cornered(unsigned int overlays)
{
	return create_cornered_above(overlays, 0);
}

/* A layer that is drawn would have black below it at once, where a guest may be about to be taken
 * over; but it does not wait for one that has not been. */
static void test_layer_drawn(void)
{
	struct scene *scene = create_cornered(0);
	struct kms_output *output = scene_output(scene, 0);

	g_assert_cmphex(fake_seen(output, 8, 8), ==, 0);
	while (fake_in_flight(output))
		fake_flip(output);
	scene_destroy(scene);
}

/* On a plane it has what was there below it, until the guest's picture. */
static void test_layer_on_a_plane(void)
{
	struct scene *scene = create_cornered(1);
	struct kms_output *output = scene_output(scene, 0);

	flip_all(output);
	g_assert_cmpuint(output->commit_count, ==, 0);
	g_assert_true(kms_output_keeps_former(output));
	draw(scene);
	flip_all(output);
	g_assert_cmpuint(output->commit_count, ==, 1);
	g_assert_cmphex(fake_seen(output, 0, 0), ==, BLUE);
	g_assert_cmphex(fake_seen(output, 8, 8), ==, RED);
	scene_destroy(scene);
}

/* … or until the guest has failed. */
static void test_layer_until_a_failure(void)
{
	struct scene *scene = create_cornered(1);
	struct kms_output *output = scene_output(scene, 0);

	flip_all(output);
	g_assert_true(kms_output_keeps_former(output));
	set_failed(scene, true);
	flip_all(output);
	g_assert_cmphex(fake_seen(output, 8, 8), ==, BLUE);
	scene_destroy(scene);
}

static void expect_black_below(struct scene *scene)
{
	struct kms_output *output = scene_output(scene, 0);

	while (kms_output_keeps_former(output))
		g_main_context_iteration(NULL, TRUE);
	flip_all(output);
	g_assert_cmphex(fake_seen(output, 0, 0), ==, BLUE);
	g_assert_cmphex(fake_seen(output, 8, 8), ==, 0);
}

/* … or has switched its scanout off, before us. */
static void test_layer_until_it_is_off(void)
{
	struct scene *scene = create_cornered(1);
	struct source *source = guest_source(scene->guests[0], 0);

	flip_all(scene_output(scene, 0));
	source_enabled(source);
	source_disabled(source);
	expect_black_below(scene);
	scene_destroy(scene);
}

/* One that its device has no longer, where nobody will ever draw. */
static void test_layer_above_a_surplus_one(void)
{
	struct scene *scene = create_cornered_above(1, 1);

	flip_all(scene_output(scene, 0));
	layout_set_scanout_count(scene->layout, scene->guests[0], 1);
	flip_all(scene_output(scene, 0));
	g_assert_true(kms_output_keeps_former(scene_output(scene, 0)));
	impatient = true;
	layout_note_predecessor(scene->layout, 0);
	expect_black_below(scene);
	impatient = false;
	scene_destroy(scene);
}

/* ---- a layer that was on a plane ---- */

/* Guest b over guest a, as their predecessor had them. */
static struct scene *create_layered(unsigned int overlays)
{
	static const struct layout_layer corner = {
		.name = "corner",
		.output = "DP-1",
		.guest = "b",
		.x = 8,
		.y = 4,
		.width = 16,
		.height = 12,
		.opacity = UINT16_MAX,
	};
	static const struct layout_output section = {.name = "DP-1", .guest = "a"};
	struct scene_options layered = {.later = true, .guests = 2};
	struct scene *scene;

	layered.sections = &section;
	layered.section_count = 1;
	layered.layers = &corner;
	layered.layer_count = 1;
	scene = scene_create(&layered);
	scene_output(scene, 0)->overlays = overlays;
	layout_note_predecessor(scene->layout, 0);
	layout_set_device(scene->layout, 0, scene->card);
	g_assert_true(scene->card->requests[0].keep_picture);
	g_assert_true(scene->card->requests[0].keep_layers);
	g_assert_true(scene->card->requests[0].keep_cursor);
	return scene;
}

static void draw_layer(struct scene *scene)
{
	const struct vhost_user_gpu_scanout message = {0, 16, 12};
	g_autoptr(GByteArray) update = g_byte_array_new();

	scene_send(scene, 1, VHOST_USER_GPU_SCANOUT, &message, sizeof(message), -1);
	scene_append_update(update, 0, (struct kms_rect){0, 0, 16, 12}, RED);
	scene_send_raw(scene, 1, update->data, update->len, -1);
}

static void expect_awaited(const struct kms_output *output)
{
	const struct kms_rect area = {8, 4, 16, 12};

	g_assert_cmpuint(output->awaited_count, ==, 1);
	g_assert_true(kms_rect_equal(&output->awaited[0], &area));
}

/* It stays while the guest below goes on, until its own has drawn: on a plane, or into the picture
 * below, which has to be there first. */
static void test_awaits_layer(gconstpointer overlays)
{
	struct scene *scene = create_layered(GPOINTER_TO_UINT(overlays));
	struct kms_output *output = scene_output(scene, 0);

	draw(scene);
	expect_awaited(output);
	flip_all(output);
	expect_awaited(output);
	draw_layer(scene);
	flip_all(output);
	g_assert_cmphex(fake_seen(output, 8, 4), ==, RED);
	g_assert_cmpuint(output->awaited_count, ==, 0);
	scene_destroy(scene);
}

static void test_awaits_layer_not_for_ever(void)
{
	struct scene *scene = create_layered(1);
	struct kms_output *output = scene_output(scene, 0);

	draw(scene);
	expect_awaited(output);
	/* The time begins anew. */
	impatient = true;
	layout_note_predecessor(scene->layout, 0);
	while (output->awaited_count > 0)
		g_main_context_iteration(NULL, TRUE);
	flip_all(output);
	scene_destroy(scene);
	impatient = false;
}

/* Another card has nothing of it. */
static void test_card_goes(void)
{
	struct scene *scene = create_successor();
	struct kms_output *output = scene_output(scene, 0);

	layout_set_device(scene->layout, 0, NULL);
	layout_set_device(scene->layout, 0, scene->card);
	scene_expect_color(output, GREEN);
	fake_flip(output);
	scene_destroy(scene);
}

int main(int argc, char **argv)
{
	fixture_init(&argc, &argv);
	g_test_add_func("/succession/until-a-picture", test_until_a_picture);
	g_test_add_func("/succession/until-a-failure", test_until_a_failure);
	g_test_add_func("/succession/not-for-ever", test_not_for_ever);
	g_test_add_func("/succession/layer/drawn", test_layer_drawn);
	g_test_add_func("/succession/layer/on-a-plane", test_layer_on_a_plane);
	g_test_add_func("/succession/layer/until-a-failure", test_layer_until_a_failure);
	g_test_add_func("/succession/layer/until-it-is-off", test_layer_until_it_is_off);
	g_test_add_func("/succession/layer/above-a-surplus-one", test_layer_above_a_surplus_one);
	g_test_add_data_func("/succession/awaits-layer/on-a-plane", GUINT_TO_POINTER(1),
		test_awaits_layer);
	g_test_add_data_func("/succession/awaits-layer/drawn", GUINT_TO_POINTER(0),
		test_awaits_layer);
	g_test_add_func("/succession/awaits-layer/not-for-ever", test_awaits_layer_not_for_ever);
	g_test_add_func("/succession/card-goes", test_card_goes);
	return g_test_run();
}
