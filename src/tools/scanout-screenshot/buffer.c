// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Framebuffer id to readable memory. Every handle that GETFB2 gives is closed in the same call, and
 * every fd belongs to a mapping in the cache.
 */
#include "buffer.h"

#include "error.h"

#include <drm_fourcc.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <linux/dma-buf.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>
#include <xf86drm.h>
#include <xf86drmMode.h>

void buffer_cache_init(struct buffer_cache *cache, const struct card *card)
{
	memset(cache, 0, sizeof(*cache));
	cache->card = card;
}

static void unmap(struct buffer_mapping *mapping)
{
	munmap((void *)mapping->pixels, mapping->size);
	if (mapping->fd >= 0)
		close(mapping->fd);
}

void buffer_cache_finish(struct buffer_cache *cache)
{
	for (size_t i = 0; i < cache->count; i++)
		unmap(&cache->mappings[i]);
	cache->count = 0;
}

static bool fail(GError **error, uint32_t fb_id, const char *what)
{
	g_set_error(error, SCREENSHOT_ERROR, SCREENSHOT_ERROR_FAILED, "framebuffer %u: %s: %s",
		fb_id, what, g_strerror(errno));
	return false;
}

static void close_handles(const struct card *card, const uint32_t *handles)
{
	for (size_t i = 0; i < 4; i++) {
		bool seen = handles[i] == 0;

		for (size_t j = 0; j < i; j++)
			seen = seen || handles[j] == handles[i];
		if (!seen)
			drmCloseBufferHandle(card->fd, handles[i]);
	}
}

/* The handles are the caller's to close. */
static bool get_framebuffer(const struct card *card, uint32_t fb_id, struct framebuffer_info *info,
	uint32_t handles[4], GError **error)
{
	struct drm_mode_fb_cmd2 request = {.fb_id = fb_id};

	if (drmIoctl(card->fd, DRM_IOCTL_MODE_GETFB2, &request) < 0) {
		if (errno == ENOENT)
			g_set_error(error, SCREENSHOT_ERROR, SCREENSHOT_ERROR_CHANGED,
				"framebuffer %u is gone", fb_id);
		else
			fail(error, fb_id, "GETFB2");
		return false;
	}
	memcpy(handles, request.handles, sizeof(request.handles));
	memset(info, 0, sizeof(*info));
	info->id = fb_id;
	info->width = request.width;
	info->height = request.height;
	info->format = request.pixel_format;
	info->has_modifier = request.flags & DRM_MODE_FB_MODIFIERS;
	info->modifier = info->has_modifier ? request.modifier[0] : DRM_FORMAT_MOD_INVALID;
	info->pitch = request.pitches[0];
	info->offset = request.offsets[0];
	for (size_t i = 0; i < 4; i++)
		info->plane_count += request.pitches[i] != 0;
	if (handles[0] == 0) {
		/* The kernel leaves the handles out for those who may not have them. */
		g_set_error(error, SCREENSHOT_ERROR, SCREENSHOT_ERROR_FAILED,
			"framebuffer %u: no access to its buffer; the camera has to be root",
			fb_id);
		return false;
	}
	return true;
}

bool buffer_describe(const struct card *card, uint32_t fb_id, struct framebuffer_info *info,
	GError **error)
{
	uint32_t handles[4];

	if (!get_framebuffer(card, fb_id, info, handles, error))
		return false;
	close_handles(card, handles);
	return true;
}

static struct buffer_mapping *find(struct buffer_cache *cache, const struct stat *identity)
{
	for (size_t i = 0; i < cache->count; i++) {
		struct buffer_mapping *mapping = &cache->mappings[i];

		if (mapping->fd >= 0 && mapping->device == identity->st_dev &&
			mapping->inode == identity->st_ino)
			return mapping;
	}
	return NULL;
}

/*
 * Puts a mapping in a new place, or in that of the mapping longest not used. Mappings never move:
 * the caller holds pointers to those of one photograph, at most BUFFER_CACHE_SIZE.
 */
static struct buffer_mapping *keep(struct buffer_cache *cache, const struct buffer_mapping *mapping)
{
	struct buffer_mapping *place = &cache->mappings[0];

	if (cache->count < BUFFER_CACHE_SIZE) {
		place = &cache->mappings[cache->count++];
	} else {
		for (size_t i = 1; i < cache->count; i++)
			if (cache->mappings[i].last_use < place->last_use)
				place = &cache->mappings[i];
		unmap(place);
	}
	*place = *mapping;
	return place;
}

/* Takes over the dma-buf's fd. Returns NULL where it cannot be mapped. */
static struct buffer_mapping *map_dma_buf(struct buffer_cache *cache, int fd)
{
	struct buffer_mapping mapping = {.fd = fd};
	struct buffer_mapping *known;
	struct stat identity;
	off_t size = lseek(fd, 0, SEEK_END);
	void *pixels;

	if (fstat(fd, &identity) == 0 && (known = find(cache, &identity)) != NULL) {
		close(fd);
		return known;
	}
	pixels = size > 0 ? mmap(NULL, size, PROT_READ, MAP_SHARED, fd, 0) : MAP_FAILED;
	if (pixels == MAP_FAILED) {
		close(fd);
		return NULL;
	}
	mapping.device = identity.st_dev;
	mapping.inode = identity.st_ino;
	mapping.pixels = pixels;
	mapping.size = size;
	return keep(cache, &mapping);
}

/* Never found again in the cache, since nothing says which buffer it is: every use is a new one. */
static struct buffer_mapping *map_dumb(struct buffer_cache *cache, uint32_t handle,
	const struct framebuffer_info *info)
{
	struct drm_mode_map_dumb request = {.handle = handle};
	struct buffer_mapping mapping = {.fd = -1};
	size_t size = info->offset + (size_t)info->pitch * info->height;
	void *pixels;

	if (drmIoctl(cache->card->fd, DRM_IOCTL_MODE_MAP_DUMB, &request) < 0)
		return NULL;
	pixels = mmap(NULL, size, PROT_READ, MAP_SHARED, cache->card->fd, request.offset);
	if (pixels == MAP_FAILED)
		return NULL;
	mapping.pixels = pixels;
	mapping.size = size;
	return keep(cache, &mapping);
}

static bool readable(const struct framebuffer_info *info, GError **error)
{
	if (info->has_modifier && info->modifier != DRM_FORMAT_MOD_LINEAR) {
		g_set_error(error, SCREENSHOT_ERROR, SCREENSHOT_ERROR_FAILED,
			"framebuffer %u: its pixels are not linear (modifier 0x%016" PRIx64 ")",
			info->id, info->modifier);
		return false;
	}
	if (info->plane_count > 1) {
		g_set_error(error, SCREENSHOT_ERROR, SCREENSHOT_ERROR_FAILED,
			"framebuffer %u: format %.4s has %u planes of pixels, only one is read",
			info->id, (const char *)&info->format, info->plane_count);
		return false;
	}
	return true;
}

const struct buffer_mapping *buffer_map(struct buffer_cache *cache, uint32_t fb_id,
	struct framebuffer_info *info, GError **error)
{
	struct buffer_mapping *mapping = NULL;
	uint32_t handles[4] = {0};
	int fd;

	if (!get_framebuffer(cache->card, fb_id, info, handles, error))
		return NULL;
	if (readable(info, error)) {
		if (drmPrimeHandleToFD(cache->card->fd, handles[0], DRM_CLOEXEC, &fd) == 0)
			mapping = map_dma_buf(cache, fd);
		if (!mapping)
			mapping = map_dumb(cache, handles[0], info);
		if (!mapping)
			fail(error, fb_id, "neither its dma-buf nor its buffer can be mapped");
	}
	close_handles(cache->card, handles);
	if (mapping)
		mapping->last_use = ++cache->uses;
	return mapping;
}

static void synchronise(const struct buffer_mapping *mapping, uint64_t flags)
{
	struct dma_buf_sync sync = {.flags = flags | DMA_BUF_SYNC_READ};

	/* EINTR and EAGAIN are retried by drmIoctl(); what else fails leaves memory as it is. */
	if (mapping->fd >= 0)
		drmIoctl(mapping->fd, DMA_BUF_IOCTL_SYNC, &sync);
}

void buffer_begin_read(const struct buffer_mapping *mapping)
{
	synchronise(mapping, DMA_BUF_SYNC_START);
}

void buffer_end_read(const struct buffer_mapping *mapping)
{
	synchronise(mapping, DMA_BUF_SYNC_END);
}
