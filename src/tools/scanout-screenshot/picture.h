/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A picture: what a monitor shows, as numbers. Made by the composition or read from a PNG, and then
 * compared, cropped, hashed or written. Knows nothing of DRM.
 */
#ifndef SCREENSHOT_PICTURE_H
#define SCREENSHOT_PICTURE_H

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

/* The caller owns the struct, the picture owns the pixels. All zero is a valid empty picture. */
struct picture {
	unsigned int width, height; /* pixels */
	uint32_t *pixels; /* 0x00RRGGBB, row after row from the top, no padding */
};

struct picture_rect {
	unsigned int x, y, width, height; /* pixels from the top left */
};

struct picture_difference {
	uint64_t count; /* pixels that differ by more than the tolerance */
	unsigned int first_x, first_y; /* in reading order; valid when count > 0 */
	uint32_t first_a, first_b; /* the two pixels there */
	struct picture_rect bounds; /* smallest rectangle that holds all differences */
	unsigned int largest; /* largest difference of one channel, tolerated ones included */
};

/* Makes a black picture. */
void picture_init(struct picture *picture, unsigned int width, unsigned int height);
/* Frees the pixels and makes the picture empty; harmless on an empty one. */
void picture_finish(struct picture *picture);
/* Gives an initialised or empty picture this size; what it shows is undefined then. */
void picture_resize(struct picture *picture, unsigned int width, unsigned int height);

/* Makes copy, which is resized, equal to the picture. */
void picture_copy(const struct picture *picture, struct picture *copy);

/*
 * Copies a rectangle of the picture to part, which is resized. False and an error when the
 * rectangle does not lie inside.
 */
bool picture_crop(const struct picture *picture, const struct picture_rect *rect,
	struct picture *part, GError **error);

/*
 * Compares pixel by pixel; a channel may differ by the tolerance (0 to 255). Returns true when the
 * pictures are equal. Pictures of different sizes must not be passed.
 */
bool picture_compare(const struct picture *a, const struct picture *b, unsigned int tolerance,
	struct picture_difference *difference);

/*
 * A hash that is the same on every machine and in every version, so that tests may keep it: FNV-1a
 * with 64 bits over 32-bit words instead of bytes: width, height, then each pixel 0x00RRGGBB.
 */
uint64_t picture_checksum(const struct picture *picture);

/*
 * The CRC that vkms gives in debugfs (crtc-N/crc/data) while it shows this picture: CRC-32 (little
 * endian, start 0, no final inversion) over each pixel as four little-endian 16-bit numbers 0xffff,
 * R, G, B, where a channel of 8 bits is multiplied by 257 (Linux, vkms_composer.c). Exact only for
 * pictures without blended pixels: vkms hashes 16 bits a channel, a picture has 8.
 */
uint32_t picture_vkms_crc(const struct picture *picture);

/* Continues a CRC-32 as above over some bytes. */
uint32_t picture_crc32(uint32_t crc, const void *data, size_t size);

/* PNG files (png.c). Reading puts a picture with alpha on black; writing makes 8-bit RGB. */
bool picture_read_png(struct picture *picture, const char *path, GError **error);
/* Written beside the path and renamed, so that nobody ever reads half of a file. */
bool picture_write_png(const struct picture *picture, const char *path, GError **error);

#endif
