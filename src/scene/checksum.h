/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A checksum of pixels, for what is known by its content: CRC-32 (of zlib, gzip and PNG) of their
 * bytes red, green, blue, row by row, as `magick PICTURE.png -depth 8 rgb:-` writes them. What a
 * driver keeps in the fourth byte does not count. Plain function, nothing owned.
 */
#ifndef SCANOUTD_SCENE_CHECKSUM_H
#define SCANOUTD_SCENE_CHECKSUM_H

#include <stdint.h>

#include "scene/copy.h"

/* So many pixels are read at once, at most: a bound on what it costs a turn of the main loop. A
 * scanout buffer of a card may be memory that is slow to read, of some 60 MB/s. */
#define CHECKSUM_PIXELS_MAX 65536

/* All of the target, whose width is at most CHECKSUM_PIXELS_MAX. */
uint32_t checksum_pixels(const struct copy_target *target);

#endif
