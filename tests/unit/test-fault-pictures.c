/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * PNGs and cards of text with one call that fails: whoever waits is told, once; there is one word;
 * and the next one comes.
 */
#include <fcntl.h>
#include <glib/gstdio.h>
#include <png.h>
#include <unistd.h>

#include "harness.h"
#include "scene/pictures.h"

#define PATIENCE_S 10

struct told {
	unsigned int files;
	unsigned int cards;
	unsigned int cards_drawn;
};

static void on_file_changed(void *data, const struct picture_file *file)
{
	struct told *told = data;

	told->files++;
	g_assert_true(picture_file_surface(file) || picture_file_failed(file));
}

static const struct pictures_listener listener = {.file_changed = on_file_changed};

static void on_card(void *data, struct surface *surface, const GError *error)
{
	struct told *told = data;

	told->cards++;
	told->cards_drawn += surface != NULL;
	g_assert_true(!surface == (error != NULL));
	surface_destroy(surface);
}

static void write_png(const char *path)
{
	static const uint8_t pixels[3 * 2 * 3];
	png_image image = {.version = PNG_IMAGE_VERSION,
		.width = 3,
		.height = 2,
		.format = PNG_FORMAT_RGB};

	g_assert_true(png_image_write_to_file(&image, path, 0, pixels, 0, NULL));
}

static void draw(struct pictures *pictures, struct told *told, unsigned int count)
{
	char name[] = "a guest";
	char *lines[] = {name, NULL};

	pictures_draw_card(pictures, lines, 64, 48, on_card, told);
	FAULTS_AWAIT(told->cards == count, PATIENCE_S);
	g_assert_cmpuint(told->cards, ==, count);
}

/* One after the other, so that which call is which does not depend on threads. */
static void read_and_draw(void)
{
	g_autofree char *folder = g_dir_make_tmp("test-fault-XXXXXX", NULL);
	g_autofree char *path = g_build_filename(folder, "a.png", NULL);
	g_autofree char *fds = NULL;
	struct told told = {0};
	struct pictures *pictures;
	const struct picture_file *file;

	write_png(path);
	/* The main loop has one of its own. */
	while (g_main_context_iteration(NULL, FALSE))
		;
	fds = faults_list_fds();
	pictures = pictures_create(NULL, &listener, &told);
	file = pictures_file(pictures, path);
	FAULTS_AWAIT(told.files == 1, PATIENCE_S);
	g_assert_cmpuint(told.files, ==, 1);
	pictures_reload(pictures);
	FAULTS_AWAIT(told.files == 2, PATIENCE_S);
	g_assert_cmpuint(told.files, ==, 2);
	g_assert_nonnull(picture_file_surface(file));
	draw(pictures, &told, 1);
	draw(pictures, &told, 2);
	g_assert_cmpuint(told.cards_drawn, >=, 1);
	pictures_destroy(pictures);
	faults_expect_fds(fds);
	faults_remove_folder(folder);
}

int main(int argc, char **argv)
{
	faults_init(&argc, &argv);
	faults_add("/fault/pictures/read-and-draw", read_and_draw, 60);
	return g_test_run();
}
