/* SPDX-License-Identifier: GPL-2.0-or-later */
/* PNGs of the user's, of every kind and in every state of decay. */
#include "scene/png_file.h"

#include <fcntl.h>
#include <glib/gstdio.h>
#include <png.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define WIDTH 5u
#define HEIGHT 4u

struct folder {
	char *path;
	char *file;
};

static void set_up(struct folder *folder, gconstpointer data)
{
	folder->path = g_dir_make_tmp("scanoutd-png-XXXXXX", NULL);
	folder->file = g_build_filename(folder->path, "a.png", NULL);
}

static void tear_down(struct folder *folder, gconstpointer data)
{
	g_remove(folder->file);
	g_assert_cmpint(g_rmdir(folder->path), ==, 0);
	g_free(folder->file);
	g_free(folder->path);
}

static void write_png(const char *path, uint32_t format, uint32_t width, uint32_t height,
	const void *pixels)
{
	png_image image = {.version = PNG_IMAGE_VERSION,
		.width = width,
		.height = height,
		.format = format};

	g_assert_true(png_image_write_to_file(&image, path, 0, pixels, 0, NULL));
}

/* All over in one colour, in the bytes of the format. */
static void write_plain(const struct folder *folder, uint32_t format, const void *pixel,
	size_t size)
{
	g_autofree uint8_t *pixels = g_malloc(size * WIDTH * HEIGHT);

	for (size_t i = 0; i < (size_t)WIDTH * HEIGHT; i++)
		memcpy(pixels + i * size, pixel, size);
	write_png(folder->file, format, WIDTH, HEIGHT, pixels);
}

static void expect_plain(const struct folder *folder, uint32_t color)
{
	GError *error = NULL;
	struct surface *surface = png_file_load(folder->file, &error);
	uint32_t stride;
	const uint8_t *pixels;

	g_assert_no_error(error);
	g_assert_cmpuint(surface_width(surface), ==, WIDTH);
	g_assert_cmpuint(surface_height(surface), ==, HEIGHT);
	pixels = surface_pixels(surface, &stride);
	for (uint32_t y = 0; y < HEIGHT; y++) {
		for (uint32_t x = 0; x < WIDTH; x++) {
			uint32_t pixel;

			memcpy(&pixel, pixels + (size_t)y * stride + (size_t)x * 4, sizeof(pixel));
			g_assert_cmphex(pixel & 0xffffff, ==, color);
		}
	}
	surface_destroy(surface);
}

static void expect_error(const char *path, const char *text)
{
	g_autofree char *begin = g_strconcat(path, ": ", NULL);
	g_autoptr(GError) error = NULL;

	g_assert_null(png_file_load(path, &error));
	g_assert_nonnull(error);
	g_assert_true(g_str_has_prefix(error->message, begin));
	if (!strstr(error->message, text))
		g_error("\"%s\" does not say \"%s\"", error->message, text);
}

static void test_kinds(struct folder *folder, gconstpointer data)
{
	write_plain(folder, PNG_FORMAT_RGB, "\x12\x34\x56", 3);
	expect_plain(folder, 0x123456);
	write_plain(folder, PNG_FORMAT_RGBA, "\x12\x34\x56\xff", 4);
	expect_plain(folder, 0x123456);
	write_plain(folder, PNG_FORMAT_GRAY, "\x80", 1);
	expect_plain(folder, 0x808080);
	write_plain(folder, PNG_FORMAT_LINEAR_RGB, "\xff\xff\xff\xff\xff\xff", 6);
	expect_plain(folder, 0xffffff);
}

/* What is transparent is black, and what is half of it is half as bright. */
static void test_transparent(struct folder *folder, gconstpointer data)
{
	write_plain(folder, PNG_FORMAT_RGBA, "\xff\xff\xff\x00", 4);
	expect_plain(folder, 0);
	write_plain(folder, PNG_FORMAT_RGBA, "\xff\x80\x00\x80", 4);
	expect_plain(folder, 0x804000);
	write_plain(folder, PNG_FORMAT_GA, "\xff\x00", 2);
	expect_plain(folder, 0);
}

static void test_no_file(struct folder *folder, gconstpointer data)
{
	expect_error(folder->file, "No such file");
	expect_error(folder->path, "is no regular file");
	/* Nobody writes to it, and nobody waits. */
	g_assert_cmpint(mkfifo(folder->file, 0600), ==, 0);
	expect_error(folder->file, "is no regular file");
}

static void test_no_png(struct folder *folder, gconstpointer data)
{
	g_assert_true(g_file_set_contents(folder->file, "", 0, NULL));
	expect_error(folder->file, "is no PNG that can be read");
	g_assert_true(g_file_set_contents(folder->file, "GIF89a", -1, NULL));
	expect_error(folder->file, "is no PNG that can be read");
}

static void test_too_large(struct folder *folder, gconstpointer data)
{
	g_autofree uint8_t *pixels = g_malloc0(PNG_FILE_SIDE_MAX + 1);
	int fd;

	write_png(folder->file, PNG_FORMAT_GRAY, PNG_FILE_SIDE_MAX + 1, 1, pixels);
	expect_error(folder->file, "has 8193×1 pixels; at most 8192×8192");
	write_png(folder->file, PNG_FORMAT_GRAY, 1, PNG_FILE_SIDE_MAX + 1, pixels);
	expect_error(folder->file, "has 1×8193 pixels");
	fd = open(folder->file, O_WRONLY);
	g_assert_cmpint(ftruncate(fd, PNG_FILE_BYTES_MAX + 1), ==, 0);
	close(fd);
	expect_error(folder->file, "has more than 64 MiB");
}

/* As large as can be is not. */
static void test_largest(struct folder *folder, gconstpointer data)
{
	g_autofree uint8_t *pixels = g_malloc0(PNG_FILE_SIDE_MAX);
	struct surface *surface;

	write_png(folder->file, PNG_FORMAT_GRAY, PNG_FILE_SIDE_MAX, 1, pixels);
	surface = png_file_load(folder->file, NULL);
	g_assert_nonnull(surface);
	surface_destroy(surface);
}

/* A picture of all colours, for what is wrong with its bytes. */
static char *make_bytes(const struct folder *folder, gsize *size)
{
	uint8_t pixels[WIDTH * HEIGHT * 4];
	char *bytes;

	for (size_t i = 0; i < sizeof(pixels); i++)
		pixels[i] = (uint8_t)(i * 37);
	write_png(folder->file, PNG_FORMAT_RGBA, WIDTH, HEIGHT, pixels);
	g_assert_true(g_file_get_contents(folder->file, &bytes, size, NULL));
	return bytes;
}

/* A copy that was stopped, at each of its bytes: all of the pixels, or an error. */
static void test_truncated(struct folder *folder, gconstpointer data)
{
	gsize size, failures = 0;
	g_autofree char *bytes = make_bytes(folder, &size);

	for (gsize length = 0; length < size; length++) {
		g_autoptr(GError) error = NULL;
		struct surface *surface;

		g_assert_true(g_file_set_contents(folder->file, bytes, (gssize)length, NULL));
		surface = png_file_load(folder->file, &error);
		g_assert_true(!surface == (error != NULL));
		failures += !surface;
		surface_destroy(surface);
	}
	/* What lacks behind the pixels is the end mark alone. */
	g_assert_cmpuint(failures, >=, size - 16);
}

/* Each bit of it wrong, one at a time: a picture or an error, never more than that. */
static void test_corrupt(struct folder *folder, gconstpointer data)
{
	gsize size, failures = 0;
	g_autofree char *bytes = make_bytes(folder, &size);

	for (gsize bit = 0; bit < size * 8; bit++) {
		g_autoptr(GError) error = NULL;
		struct surface *surface;

		bytes[bit / 8] ^= (char)(1 << bit % 8);
		g_assert_true(g_file_set_contents(folder->file, bytes, (gssize)size, NULL));
		bytes[bit / 8] ^= (char)(1 << bit % 8);
		surface = png_file_load(folder->file, &error);
		g_assert_true(!surface == (error != NULL));
		failures += !surface;
		surface_destroy(surface);
	}
	g_assert_cmpuint(failures, >, size * 4);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
#define ADD(name, function) \
	g_test_add("/png-file/" name, struct folder, NULL, set_up, function, tear_down)
	ADD("kinds", test_kinds);
	ADD("transparent", test_transparent);
	ADD("no-file", test_no_file);
	ADD("no-png", test_no_png);
	ADD("too-large", test_too_large);
	ADD("largest", test_largest);
	ADD("truncated", test_truncated);
	ADD("corrupt", test_corrupt);
	return g_test_run();
}
