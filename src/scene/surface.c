/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The cached-memory image of a scanout, in a memfd. */
#include <errno.h>
#include <fcntl.h>
#include <glib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "scene/surface_internal.h"

/* One page: rows start on a page's border, and the header never shares one with pixels. */
#define SURFACE_PIXELS_OFFSET 4096u
#define SURFACE_SIDE_MAX 16384u

G_STATIC_ASSERT(sizeof(struct surface_header) <= SURFACE_PIXELS_OFFSET);

size_t surface_size_of(uint32_t width, uint32_t height)
{
	return SURFACE_PIXELS_OFFSET + (size_t)width * height * 4;
}

struct surface *surface_map(int fd, uint32_t width, uint32_t height)
{
	size_t size = surface_size_of(width, height);
	struct surface *surface;
	void *mapping = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

	if (mapping == MAP_FAILED)
		return NULL;
	surface = g_new0(struct surface, 1);
	surface->image = pixman_image_create_bits_no_clear(PIXMAN_x8r8g8b8, (int)width, (int)height,
		(uint32_t *)(void *)((uint8_t *)mapping + SURFACE_PIXELS_OFFSET), (int)width * 4);
	if (!surface->image) {
		g_free(surface);
		munmap(mapping, size);
		errno = ENOMEM;
		return NULL;
	}
	surface->fd = fd;
	surface->size = size;
	surface->header = mapping;
	surface->pixels = (uint8_t *)mapping + SURFACE_PIXELS_OFFSET;
	return surface;
}

bool surface_is_size(uint32_t width, uint32_t height, GError **error)
{
	if (width > 0 && height > 0 && width <= SURFACE_SIDE_MAX && height <= SURFACE_SIDE_MAX)
		return true;
	g_set_error(error, G_FILE_ERROR, G_FILE_ERROR_INVAL, "%u×%u is no size of a surface", width,
		height);
	return false;
}

struct surface_header surface_header_for(uint32_t width, uint32_t height)
{
	return (struct surface_header){
		.version = SURFACE_VERSION,
		.size = sizeof(struct surface_header),
		.width = width,
		.height = height,
		.stride = width * 4,
		.offset = SURFACE_PIXELS_OFFSET,
	};
}

struct surface *surface_create(const char *name, uint32_t width, uint32_t height, GError **error)
{
	struct surface *surface = NULL;
	int saved;
	int fd;

	if (!surface_is_size(width, height, error))
		return NULL;
	fd = memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING);
	if (fd >= 0 && ftruncate(fd, (off_t)surface_size_of(width, height)) == 0 &&
		fcntl(fd, F_ADD_SEALS, SURFACE_SEALS) == 0)
		surface = surface_map(fd, width, height);
	if (surface) {
		*surface->header = surface_header_for(width, height);
		return surface;
	}
	saved = errno;
	g_set_error(error, G_FILE_ERROR, g_file_error_from_errno(saved),
		"no memory for a surface of %u×%u: %s", width, height, g_strerror(saved));
	if (fd >= 0)
		close(fd);
	return NULL;
}

void surface_destroy(struct surface *surface)
{
	if (!surface)
		return;
	pixman_image_unref(surface->image);
	munmap(surface->header, surface->size);
	close(surface->fd);
	g_free(surface);
}

uint64_t surface_kept(const struct surface *surface)
{
	return surface->kept;
}

void surface_set_kept(struct surface *surface, uint64_t number)
{
	surface->kept = number;
}

uint32_t surface_width(const struct surface *surface)
{
	return surface->header->width;
}

uint32_t surface_height(const struct surface *surface)
{
	return surface->header->height;
}

uint8_t *surface_pixels(const struct surface *surface, uint32_t *stride)
{
	*stride = surface->header->stride;
	return surface->pixels;
}

pixman_image_t *surface_image(const struct surface *surface)
{
	return surface->image;
}

int surface_fd(const struct surface *surface)
{
	return surface->fd;
}

const struct surface_header *surface_header(const struct surface *surface)
{
	return surface->header;
}

static uint8_t *pixel(const struct surface *surface, int32_t x, int32_t y)
{
	return surface->pixels + (size_t)y * surface->header->stride + (size_t)x * 4;
}

uint8_t *surface_begin(struct surface *surface, const struct kms_rect *rect)
{
	surface->header->unfinished = *rect;
	return pixel(surface, rect->x, rect->y);
}

void surface_end(struct surface *surface)
{
	surface->header->unfinished = (struct kms_rect){0};
	surface->header->updates++;
}

const struct kms_rect *surface_unfinished(const struct surface *surface)
{
	return surface->header->unfinished.width > 0 ? &surface->header->unfinished : NULL;
}
