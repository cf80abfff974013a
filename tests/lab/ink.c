/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * ink FILE.png RRGGBB: where on a plain ground of this colour something is drawn, as "WIDTH HEIGHT
 * X Y", the smallest rectangle that has it all. Exits with 1 where nothing is, or where some of it
 * is at the picture's edge: it is no card of text then.
 */
#include <png.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

struct box {
	long left, top, right, bottom;
};

static bool find(const png_image *image, const uint8_t *pixels, unsigned long ground,
	struct box *box)
{
	*box = (struct box){image->width, image->height, -1, -1};
	for (long y = 0; y < (long)image->height; y++) {
		for (long x = 0; x < (long)image->width; x++) {
			const uint8_t *pixel = pixels + 3 * ((size_t)y * image->width + (size_t)x);

			if (((unsigned long)pixel[0] << 16 | (unsigned long)pixel[1] << 8 |
				    pixel[2]) == ground)
				continue;
			box->left = x < box->left ? x : box->left;
			box->right = x > box->right ? x : box->right;
			box->top = y < box->top ? y : box->top;
			box->bottom = y;
		}
	}
	return box->left > 0 && box->top > 0 && box->right >= 0 &&
		box->right < (long)image->width - 1 && box->bottom < (long)image->height - 1;
}

int main(int argc, char **argv)
{
	png_image image = {.version = PNG_IMAGE_VERSION};
	struct box box;
	uint8_t *pixels;
	bool found;

	if (argc != 3) {
		fprintf(stderr, "usage: ink FILE.png RRGGBB\n");
		return 2;
	}
	if (!png_image_begin_read_from_file(&image, argv[1])) {
		fprintf(stderr, "ink: %s: %s\n", argv[1], image.message);
		return 2;
	}
	image.format = PNG_FORMAT_RGB;
	pixels = malloc(PNG_IMAGE_SIZE(image));
	if (!pixels || !png_image_finish_read(&image, NULL, pixels, 0, NULL)) {
		fprintf(stderr, "ink: %s: %s\n", argv[1], image.message);
		png_image_free(&image);
		free(pixels);
		return 2;
	}
	found = find(&image, pixels, strtoul(argv[2], NULL, 16), &box);
	free(pixels);
	if (!found)
		return 1;
	printf("%ld %ld %ld %ld\n", box.right - box.left + 1, box.bottom - box.top + 1, box.left,
		box.top);
	return 0;
}
