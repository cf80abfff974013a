/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What outputs show where their guest shows nothing, and that its own picture takes the place at once. */
#include "channel_fixture.h"
#include "scene/source.h"
#include "scene/view.h"
#include "scene_fixture.h"

#define GREY 0x808080u

static struct scene *create(struct scene_options options)
{
	options.before.color = options.before.kind == PICTURE_COLOR ? GREY : 0;
	options.after.color = options.after.kind == PICTURE_COLOR ? BLUE : 0;
	return scene_create(&options);
}

static void draw(struct scene *scene, uint32_t color)
{
	scene_scanout(scene, 0, SCENE_WIDTH, SCENE_HEIGHT);
	scene_update(scene, 0, scene_full, color);
}

/* From the start to the first frame, which follows in one commit. */
static void test_before(void)
{
	struct scene *scene = create((struct scene_options){0});
	struct kms_output *output = scene_output(scene, 0);

	g_assert_cmpuint(output->commit_count, ==, 1);
	scene_expect_color(output, GREY);
	fake_flip(output);
	scene_scanout(scene, 0, SCENE_WIDTH, SCENE_HEIGHT);
	g_assert_cmpuint(output->commit_count, ==, 1);
	scene_update(scene, 0, scene_full, RED);
	g_assert_cmpuint(output->commit_count, ==, 2);
	scene_expect_color(output, RED);
	fake_flip(output);
	g_assert_cmpuint(output->commit_count, ==, 2);
	scene_destroy(scene);
}

/* The frame of a guest that is as quick as the first commit is not followed by the placeholder. */
static void test_frame_with_flip_in_flight(void)
{
	struct scene *scene = create((struct scene_options){0});
	struct kms_output *output = scene_output(scene, 0);

	scene_show_dmabuf(scene, RED);
	fake_flip(output);
	g_assert_true(fake_last(output)->buffer->imported);
	fake_flip(output);
	g_assert_cmpuint(output->commit_count, ==, 2);
	g_assert_cmpuint(scene_replies(scene, 0), ==, 1);
	scene_destroy(scene);
}

/* Black is what an output is lit with: nothing need be shown. */
static void test_black_before(void)
{
	struct scene *scene = scene_create(&(struct scene_options){0});

	g_assert_cmpuint(scene_output(scene, 0)->commit_count, ==, 0);
	scene_destroy(scene);
}

static void test_after(void)
{
	struct scene *scene = create((struct scene_options){0});
	struct kms_output *output = scene_output(scene, 0);

	fake_flip(output);
	draw(scene, RED);
	fake_flip(output);
	scene_hang_up(scene, 0);
	scene_expect_color(output, BLUE);
	fake_flip(output);
	/* Who comes next has not begun to draw. */
	scene_attach(scene, 0);
	scene_scanout(scene, 0, SCENE_WIDTH, SCENE_HEIGHT);
	scene_expect_color(output, BLUE);
	scene_update(scene, 0, scene_full, GREEN);
	scene_expect_color(output, GREEN);
	fake_flip(output);
	scene_destroy(scene);
}

/* The splash does not come back in the place of the last picture. */
static void test_last_after_splash(void)
{
	struct scene *scene = create((struct scene_options){.after.kind = PICTURE_LAST});
	struct kms_output *output = scene_output(scene, 0);

	fake_flip(output);
	draw(scene, RED);
	fake_flip(output);
	scene_hang_up(scene, 0);
	scene_expect_color(output, RED);
	g_assert_cmpuint(output->commit_count, ==, 2);
	scene_destroy(scene);
}

/* A reboot: the guest resets the device after it has switched its screen off. */
static void test_reboot(void)
{
	struct scene *scene = create((struct scene_options){0});
	struct kms_output *output = scene_output(scene, 0);

	fake_flip(output);
	draw(scene, RED);
	fake_flip(output);
	scene_scanout(scene, 0, 0, 0);
	scene_expect_color(output, RED);
	guest_set_running(scene->guests[0], false);
	scene_expect_color(output, BLUE);
	fake_flip(output);
	scene_destroy(scene);
}

static void test_failed(void)
{
	struct scene *scene = scene_prepare(&(struct scene_options){0});
	const struct layout_guest guest = {
		.guest = scene->guests[0],
		.after.color = BLUE,
		.failed.color = GREEN,
		.blank_after_ms = LAYOUT_NEVER,
		.off_after_ms = LAYOUT_NEVER,
	};
	struct kms_output *output = scene_output(scene, 0);

	scene->layout = layout_create(&(struct layout_options){.guests = &guest, .guest_count = 1},
		&(struct layout_listener){0}, NULL);
	fake_card_listen(scene->card, layout_kms_listener(), scene->layout);
	layout_set_device(scene->layout, scene->card);
	scene_attach(scene, 0);
	draw(scene, RED);
	fake_flip(output);
	/* What shows is not covered by what is known to come. */
	layout_set_moment(scene->layout, scene->guests[0], LAYOUT_FAILED);
	scene_expect_color(output, RED);
	scene_hang_up(scene, 0);
	scene_expect_color(output, GREEN);
	fake_flip(output);
	layout_set_moment(scene->layout, scene->guests[0], LAYOUT_AFTER);
	scene_expect_color(output, BLUE);
	fake_flip(output);
	/* A guest that shows something has not failed. */
	layout_set_moment(scene->layout, scene->guests[0], LAYOUT_FAILED);
	fake_flip(output);
	scene_attach(scene, 0);
	draw(scene, RED);
	fake_flip(output);
	scene_hang_up(scene, 0);
	scene_expect_color(output, BLUE);
	fake_flip(output);
	scene_destroy(scene);
}

/* Nobody points at it, and the guest's cursor does not belong to it. */
static void test_no_picture(void)
{
	struct scene *scene = create((struct scene_options){0});
	struct kms_output *output = scene_output(scene, 0);
	uint32_t width, height;
	double x, y;

	fake_flip(output);
	scene_cursor(scene, 0, 3, 4, 0xffffffff);
	g_assert_false(output->cursor_visible);
	g_assert_false(view_picture_size(layout_view(scene->layout, 0), &width, &height));
	g_assert_cmpint(view_pick(layout_view(scene->layout, 0), 0.5, 0.5, &x, &y), ==,
		VIEW_POINT_NOWHERE);
	draw(scene, RED);
	g_assert_true(output->cursor_visible);
	fake_flip(output);
	scene_hang_up(scene, 0);
	g_assert_false(output->cursor_visible);
	fake_flip(output);
	scene_destroy(scene);
}

/* In another mode, and when the output comes back. */
static void test_shown_again(void)
{
	struct scene *scene = create((struct scene_options){0});
	struct kms_output *output = scene_output(scene, 0);

	fake_flip(output);
	fake_set_mode(output, 80, 60);
	scene_expect_color(output, GREY);
	fake_flip(output);
	fake_set_active(output, false);
	fake_set_active(output, true);
	g_assert_cmpuint(output->commit_count, ==, 3);
	scene_expect_color(output, GREY);
	fake_flip(output);
	scene_destroy(scene);
}

/* A card that comes later, and one in its place. */
static void test_another_card(void)
{
	struct scene *scene = create((struct scene_options){0});

	fake_flip(scene_output(scene, 0));
	layout_set_device(scene->layout, NULL);
	guest_set_device(scene->guests[0], NULL);
	fake_card_destroy(scene->card);
	scene->card = fake_card_create(1, SCENE_WIDTH, SCENE_HEIGHT);
	fake_card_listen(scene->card, layout_kms_listener(), scene->layout);
	guest_set_device(scene->guests[0], scene->card);
	layout_set_device(scene->layout, scene->card);
	scene_expect_color(scene_output(scene, 0), GREY);
	fake_flip(scene_output(scene, 0));
	scene_destroy(scene);
}

/* A screen that the guest switched off is dark; a placeholder that was asked for is to be seen. */
static void test_dark(gconstpointer data)
{
	bool black = data != NULL;
	struct scene_options options = {.blank_after_ms = 1, .off_after_ms = 1};
	struct scene *scene;
	struct kms_output *output;

	options.after.color = black ? 0 : BLUE;
	scene = scene_create_red(&options);
	output = scene_output(scene, 0);
	scene_scanout(scene, 0, 0, 0);
	while (output->active)
		g_main_context_iteration(NULL, TRUE);
	fake_tell(scene->card);
	scene_hang_up(scene, 0);
	fake_tell(scene->card);
	g_assert_true(output->active == !black);
	if (!black)
		scene_expect_color(output, BLUE);
	scene_destroy(scene);
}

int main(int argc, char **argv)
{
	fixture_init(&argc, &argv);
	g_test_add_func("/placeholder/before", test_before);
	g_test_add_func("/placeholder/frame-with-flip-in-flight", test_frame_with_flip_in_flight);
	g_test_add_func("/placeholder/black-before", test_black_before);
	g_test_add_func("/placeholder/after", test_after);
	g_test_add_func("/placeholder/last-after-splash", test_last_after_splash);
	g_test_add_func("/placeholder/reboot", test_reboot);
	g_test_add_func("/placeholder/failed", test_failed);
	g_test_add_func("/placeholder/no-picture", test_no_picture);
	g_test_add_func("/placeholder/shown-again", test_shown_again);
	g_test_add_func("/placeholder/another-card", test_another_card);
	g_test_add_data_func("/placeholder/dark/lit", NULL, test_dark);
	g_test_add_data_func("/placeholder/dark/black", "black", test_dark);
	return g_test_run();
}
