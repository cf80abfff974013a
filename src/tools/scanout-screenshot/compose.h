/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The composition: planes with mapped pixels in, one picture out, as the planes' KMS states say.
 * Pure arithmetic: knows no device, so the unit test needs none.
 *
 * Rules, from the kernel's documentation of the plane properties (drm_plane.c, drm_blend.c):
 *  - The planes are painted in the order given, on an opaque background.
 *  - The source rectangle is sampled, reflected along its own axes, then turned counter-clockwise,
 *    then scaled to the CRTC rectangle, which may reach over the edges of the picture on any side.
 *  - Alpha: see enum blend_mode. A format without alpha is opaque before the plane's own alpha.
 * And what the kernel leaves open:
 *  - Arithmetic has 16 bits a channel and rounds to nearest, as vkms does, and is made 8 bits at
 *    the end. Hardware may differ by one step in blended pixels. Sums above white are white.
 *  - Scaling takes the nearest source pixel to the centre of each destination pixel. Hardware
 *    mostly filters: compare scaled pictures of real hardware with a tolerance.
 *  - Without scaling the fraction of the source's origin is dropped, as vkms does.
 */
#ifndef SCREENSHOT_COMPOSE_H
#define SCREENSHOT_COMPOSE_H

#include "picture.h"

#include <stddef.h>

/* How a plane's pixels mix with what lies below: the property "pixel blend mode". */
enum blend_mode {
	/* below * (1 - alpha * plane alpha) + pixel * plane alpha; without the property, this. */
	BLEND_PREMULTIPLIED,
	/* below * (1 - alpha * plane alpha) + pixel * alpha * plane alpha */
	BLEND_COVERAGE,
	/* below * (1 - plane alpha) + pixel * plane alpha */
	BLEND_NONE,
};

/* One plane: its framebuffer's pixels and its state. The caller owns the pixels. */
struct compose_plane {
	const uint8_t *pixels; /* the buffer's first byte */
	size_t size; /* of the buffer, bytes */
	uint32_t format; /* DRM_FORMAT_*, one of compose_format_supported() */
	uint32_t offset; /* of the first row in the buffer, bytes */
	uint32_t pitch; /* bytes a row */
	uint32_t fb_width, fb_height;

	uint32_t src_x, src_y, src_w, src_h; /* in the framebuffer, 16.16 */
	int32_t crtc_x, crtc_y; /* pixels, may be negative */
	uint32_t crtc_w, crtc_h; /* pixels */
	unsigned int rotation; /* DRM_MODE_ROTATE_* | DRM_MODE_REFLECT_* */
	uint16_t alpha; /* plane alpha, 0xffff = opaque */
	enum blend_mode blend;
};

/* One channel value is 0 to 0xffff. */
struct compose_color {
	uint16_t alpha, red, green, blue;
};

/* Whether pixels of this DRM_FORMAT_* can be read. */
bool compose_format_supported(uint32_t format);

/*
 * Composes planes, the lowest first, into the picture, whose size is the mode's. The background
 * counts as opaque. With crc not NULL also computes the CRC that vkms gives for this picture, from
 * the 16-bit channels, so that it holds for blended pixels too (see picture_vkms_crc()).
 * False and an error when a plane's state does not fit its buffer or its format is unknown.
 */
bool compose_picture(const struct compose_plane *planes, size_t count,
	struct compose_color background, struct picture *picture, uint32_t *crc, GError **error);

#endif
