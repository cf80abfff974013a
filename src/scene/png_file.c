/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "scene/png_file.h"

#include <errno.h>
#include <fcntl.h>
#include <png.h>
#include <sys/stat.h>
#include <unistd.h>

/* What pixman calls x8r8g8b8, in the bytes' order. */
#define FORMAT (G_BYTE_ORDER == G_LITTLE_ENDIAN ? PNG_FORMAT_BGRA : PNG_FORMAT_ARGB)

static bool fail_errno(GError **error, int failure)
{
	g_set_error(error, G_FILE_ERROR, g_file_error_from_errno(failure), "%s",
		g_strerror(failure));
	return false;
}

static bool check_file(int fd, size_t *size, GError **error)
{
	struct stat status;

	if (fstat(fd, &status) < 0)
		return fail_errno(error, errno);
	if (!S_ISREG(status.st_mode)) {
		g_set_error(error, G_FILE_ERROR, G_FILE_ERROR_INVAL, "is no regular file");
		return false;
	}
	if (status.st_size > PNG_FILE_BYTES_MAX) {
		g_set_error(error, G_FILE_ERROR, G_FILE_ERROR_INVAL,
			"has more than %u MiB, which is too large", PNG_FILE_BYTES_MAX >> 20);
		return false;
	}
	*size = (size_t)status.st_size;
	return true;
}

/* What is there, at most so much: a file that is being written has less. */
static bool read_all(int fd, GByteArray *bytes, size_t size, GError **error)
{
	size_t got = 0;

	g_byte_array_set_size(bytes, (guint)size);
	while (got < size) {
		ssize_t count = read(fd, bytes->data + got, size - got);

		if (count < 0 && errno == EINTR)
			continue;
		if (count < 0)
			return fail_errno(error, errno);
		if (count == 0)
			break;
		got += (size_t)count;
	}
	g_byte_array_set_size(bytes, (guint)got);
	return true;
}

static GByteArray *read_file(const char *path, GError **error)
{
	GByteArray *bytes = NULL;
	size_t size;
	/* O_NONBLOCK: a FIFO is refused, not waited for. */
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);

	if (fd < 0) {
		fail_errno(error, errno);
		return NULL;
	}
	if (check_file(fd, &size, error)) {
		bytes = g_byte_array_new();
		if (!read_all(fd, bytes, size, error))
			g_clear_pointer(&bytes, g_byte_array_unref);
	}
	close(fd);
	return bytes;
}

/* Over black. */
static void flatten(struct surface *surface)
{
	uint32_t stride;
	uint8_t *pixels = surface_pixels(surface, &stride);

	for (uint32_t y = 0; y < surface_height(surface); y++) {
		uint32_t *row = (uint32_t *)(void *)(pixels + (size_t)y * stride);

		for (uint32_t x = 0; x < surface_width(surface); x++) {
			uint32_t alpha = row[x] >> 24;
			uint32_t red_blue = row[x] & 0xff00ff;
			uint32_t green = row[x] & 0xff00;

			if (alpha == 0xff)
				continue;
			red_blue = (red_blue * alpha + 0x800080) >> 8 & 0xff00ff;
			green = (green * alpha + 0x8000) >> 8 & 0xff00;
			row[x] = red_blue | green;
		}
	}
}

static bool fail_png(GError **error, const png_image *image)
{
	g_set_error(error, G_FILE_ERROR, G_FILE_ERROR_INVAL, "is no PNG that can be read: %s",
		image->message);
	return false;
}

static struct surface *decode(png_image *image, const GByteArray *bytes, GError **error)
{
	bool transparent;
	struct surface *surface;
	uint32_t stride;
	uint8_t *pixels;

	if (!png_image_begin_read_from_memory(image, bytes->data, bytes->len)) {
		fail_png(error, image);
		return NULL;
	}
	if (image->width > PNG_FILE_SIDE_MAX || image->height > PNG_FILE_SIDE_MAX) {
		g_set_error(error, G_FILE_ERROR, G_FILE_ERROR_INVAL,
			"has %u×%u pixels; at most %u×%u can be shown", image->width, image->height,
			PNG_FILE_SIDE_MAX, PNG_FILE_SIDE_MAX);
		return NULL;
	}
	surface = surface_create("picture", image->width, image->height, error);
	if (!surface)
		return NULL;
	transparent = image->format & PNG_FORMAT_FLAG_ALPHA;
	image->format = FORMAT;
	pixels = surface_pixels(surface, &stride);
	if (!png_image_finish_read(image, NULL, pixels, (png_int_32)stride, NULL)) {
		fail_png(error, image);
		surface_destroy(surface);
		return NULL;
	}
	if (transparent)
		flatten(surface);
	return surface;
}

struct surface *png_file_load(const char *path, GError **error)
{
	png_image image = {.version = PNG_IMAGE_VERSION};
	GByteArray *bytes = read_file(path, error);
	struct surface *surface = NULL;

	if (bytes) {
		surface = decode(&image, bytes, error);
		png_image_free(&image);
		g_byte_array_unref(bytes);
	}
	if (!surface)
		g_prefix_error(error, "%s: ", path);
	return surface;
}
