/* SPDX-License-Identifier: GPL-2.0-or-later */
/* When the layout says that its views are others than before. */
#include "channel_fixture.h"
#include "scene_fixture.h"

static void probe(struct scene *scene, size_t output, bool connected)
{
	scene_output(scene, output)->connected = connected;
	if (!connected)
		fake_set_active(scene_output(scene, output), false);
	fake_probe(scene->card);
	fake_tell(scene->card);
}

static void test_told(void)
{
	struct scene *scene = scene_create(&(struct scene_options){.outputs = 2});
	unsigned int told = scene->changed;

	g_assert_cmpuint(told, >, 0);
	/* Nothing is new. */
	probe(scene, 0, true);
	g_assert_cmpuint(scene->changed, ==, told);
	/* Its picture comes back to one that goes. */
	probe(scene, 1, false);
	probe(scene, 1, true);
	g_assert_cmpuint(layout_view_count(scene->layout), ==, 2);
	g_assert_cmpuint(scene->changed, ==, told);
	layout_set_device(scene->layout, 0, NULL);
	g_assert_cmpuint(layout_view_count(scene->layout), ==, 0);
	g_assert_cmpuint(scene->changed, ==, ++told);
	scene_destroy(scene);
}

/* A new view in front of those that stay is news, too. */
static void test_new_in_front(void)
{
	struct scene_options options = {.outputs = 2};
	struct scene *scene = scene_prepare(&options);
	unsigned int told;

	scene_output(scene, 0)->connected = false;
	scene_configure(scene, &options);
	g_assert_cmpuint(layout_view_count(scene->layout), ==, 1);
	told = scene->changed;
	probe(scene, 0, true);
	g_assert_cmpuint(layout_view_count(scene->layout), ==, 2);
	g_assert_cmpuint(scene->changed, ==, told + 1);
	scene_destroy(scene);
}

/* A scanout that the guest only switches off is not used. */
static void test_not_used(void)
{
	struct scene *scene = scene_create(&(struct scene_options){.outputs = 2});

	g_assert_false(kms_output_active(scene_output(scene, 1)));
	scene_scanout(scene, 1, 0, 0);
	g_assert_false(kms_output_active(scene_output(scene, 1)));
	scene_scanout(scene, 1, SCENE_WIDTH, SCENE_HEIGHT);
	g_assert_true(kms_output_active(scene_output(scene, 1)));
	scene_destroy(scene);
}

int main(int argc, char **argv)
{
	fixture_init(&argc, &argv);
	g_test_add_func("/layout/told", test_told);
	g_test_add_func("/layout/new-in-front", test_new_in_front);
	g_test_add_func("/layout/not-used", test_not_used);
	return g_test_run();
}
