/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Inside of a surface: surface.c, and surface_left.c (one that a predecessor has left). Nobody else
 * includes this. */
#ifndef SCANOUTD_SCENE_SURFACE_INTERNAL_H
#define SCANOUTD_SCENE_SURFACE_INTERNAL_H

#include <fcntl.h>
#include <glib.h>

#include "scene/surface.h"

struct surface {
	int fd;
	size_t size; /* of the mapping */
	struct surface_header *header;
	uint8_t *pixels;
	pixman_image_t *image;
	uint64_t kept;
};

/* A size that cannot change: no access to the mapping faults, whoever else has the fd. */
#define SURFACE_SEALS (F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL)

/* Of the memfd, in bytes. */
size_t surface_size_of(uint32_t width, uint32_t height);

bool surface_is_size(uint32_t width, uint32_t height, GError **error);

/* As a new one has it. */
struct surface_header surface_header_for(uint32_t width, uint32_t height);

/* NULL with errno. `fd` stays the caller's on failure. */
struct surface *surface_map(int fd, uint32_t width, uint32_t height);

#endif
