// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Pictures as PNG files, by libpng's simplified interface: it needs no setjmp and reads every kind
 * of PNG into the one layout asked for.
 */
#include "error.h"
#include "picture.h"

#include <errno.h>
#include <glib/gstdio.h>
#include <png.h>
#include <string.h>

bool picture_read_png(struct picture *picture, const char *path, GError **error)
{
	/* Pixels with alpha go on black, as on a CRTC whose lowest plane they are. */
	static const png_color black = {0, 0, 0};
	png_image image = {.version = PNG_IMAGE_VERSION};
	g_autofree uint8_t *bytes = NULL;

	if (!png_image_begin_read_from_file(&image, path)) {
		g_set_error(error, SCREENSHOT_ERROR, SCREENSHOT_ERROR_FAILED, "%s: %s", path,
			image.message);
		return false;
	}
	image.format = PNG_FORMAT_RGB;
	bytes = g_malloc(PNG_IMAGE_SIZE(image));
	if (!png_image_finish_read(&image, &black, bytes, 0, NULL)) {
		g_set_error(error, SCREENSHOT_ERROR, SCREENSHOT_ERROR_FAILED, "%s: %s", path,
			image.message);
		png_image_free(&image);
		return false;
	}
	picture_resize(picture, image.width, image.height);
	for (size_t i = 0; i < (size_t)image.width * image.height; i++)
		picture->pixels[i] = (uint32_t)bytes[3 * i] << 16 | bytes[3 * i + 1] << 8 |
			bytes[3 * i + 2];
	return true;
}

bool picture_write_png(const struct picture *picture, const char *path, GError **error)
{
	png_image image = {
		.version = PNG_IMAGE_VERSION,
		.width = picture->width,
		.height = picture->height,
		.format = PNG_FORMAT_RGB,
		.flags = PNG_IMAGE_FLAG_FAST,
	};
	size_t count = (size_t)picture->width * picture->height;
	g_autofree uint8_t *bytes = g_malloc(3 * count);
	g_autofree char *unfinished = g_strconcat(path, ".part", NULL);

	for (size_t i = 0; i < count; i++) {
		bytes[3 * i] = picture->pixels[i] >> 16;
		bytes[3 * i + 1] = picture->pixels[i] >> 8;
		bytes[3 * i + 2] = picture->pixels[i];
	}
	if (!png_image_write_to_file(&image, unfinished, 0, bytes, 0, NULL)) {
		g_set_error(error, SCREENSHOT_ERROR, SCREENSHOT_ERROR_FAILED, "%s: %s", path,
			image.message);
		g_unlink(unfinished);
		return false;
	}
	if (g_rename(unfinished, path) < 0) {
		g_set_error(error, SCREENSHOT_ERROR, SCREENSHOT_ERROR_FAILED, "%s: %s", path,
			g_strerror(errno));
		g_unlink(unfinished);
		return false;
	}
	return true;
}
