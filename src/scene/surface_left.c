/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The surface that a predecessor of this process has left: nothing that it says of itself is
 * believed. Called by scanout_buffer.c, at the start. */
#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "scene/surface_internal.h"

/* All but the UPDATE that is in it, and the count of them. */
static bool is_sound(const struct surface *surface, uint32_t width, uint32_t height)
{
	const struct surface_header *header = surface->header;
	const struct surface_header wanted = surface_header_for(width, height);
	const struct kms_rect *unfinished = &header->unfinished;

	return memcmp(header, &wanted, offsetof(struct surface_header, unfinished)) == 0 &&
		(unfinished->width == 0 ||
			(unfinished->x >= 0 && unfinished->y >= 0 && unfinished->width > 0 &&
				unfinished->height > 0 &&
				(int64_t)unfinished->x + unfinished->width <= width &&
				(int64_t)unfinished->y + unfinished->height <= height));
}

struct surface *surface_create_from_fd(int fd, uint32_t width, uint32_t height, GError **error)
{
	struct surface *surface = NULL;
	int seals = fcntl(fd, F_GET_SEALS);
	struct stat status;

	if (surface_is_size(width, height, NULL) && seals >= 0 &&
		(seals & SURFACE_SEALS) == SURFACE_SEALS && fstat(fd, &status) == 0 &&
		status.st_size == (off_t)surface_size_of(width, height))
		surface = surface_map(fd, width, height);
	if (surface && is_sound(surface, width, height))
		return surface;
	g_set_error(error, G_FILE_ERROR, G_FILE_ERROR_INVAL, "it is no surface of %u×%u", width,
		height);
	if (surface)
		surface_destroy(surface);
	else if (fd >= 0)
		close(fd);
	return NULL;
}
