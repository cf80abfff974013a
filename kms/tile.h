/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Tiled monitors: one panel behind several connectors, each of which is told its part by the
 * property "TILE". Such a monitor is driven by the connector of its first part (the top left one)
 * alone, in a mode that is not that of the part: those its electronics show on the whole panel. The
 * other connectors are as if nothing was plugged in. Pure functions, used by connector.c at a probe
 * and by list.c.
 */
#ifndef KMS_TILE_H
#define KMS_TILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <xf86drmMode.h>

/* Zeroed: no part of anything. */
struct kms_tile {
	uint32_t columns; /* of parts */
	uint32_t rows;
	uint32_t column; /* of this part, from 0 */
	uint32_t row;
	uint32_t width; /* of this part, pixels */
	uint32_t height;
};

/* The property's blob, or NULL. What is no such blob, has one part, or says that the parts are
 * monitors of their own gives a zeroed tile. */
struct kms_tile kms_tile_parse(const void *blob, size_t size);

bool kms_tile_is_part(const struct kms_tile *tile);

/* Copies the modes that show something on the whole monitor to `to`, which has room for all.
 * Returns how many; all of them for what is no part. */
size_t kms_tile_choose_modes(const struct kms_tile *tile, const drmModeModeInfo *modes,
	size_t count, drmModeModeInfo *to);

#endif
