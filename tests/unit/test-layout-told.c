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
	layout_set_device(scene->layout, NULL);
	g_assert_cmpuint(layout_view_count(scene->layout), ==, 0);
	g_assert_cmpuint(scene->changed, ==, ++told);
	scene_destroy(scene);
}

int main(int argc, char **argv)
{
	fixture_init(&argc, &argv);
	g_test_add_func("/layout/told", test_told);
	return g_test_run();
}
