/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "buffer.h"

#include "device.h"
#include "output.h"
#include "resources.h"

#include <drm_fourcc.h>
#include <errno.h>
#include <linux/magic.h>
#include <log.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <xf86drm.h>

#ifndef DMA_BUF_MAGIC
#define DMA_BUF_MAGIC 0x444d4142
#endif

/* Linux 6.8; not in the libdrm headers of Debian 12. */
#ifndef DRM_IOCTL_MODE_CLOSEFB
struct drm_mode_closefb {
	__u32 fb_id;
	__u32 pad;
};
#define DRM_IOCTL_MODE_CLOSEFB DRM_IOWR(0xD0, struct drm_mode_closefb)
#endif

bool kms_layout_equal(const struct kms_layout *a, const struct kms_layout *b)
{
	return a->width == b->width && a->height == b->height && a->stride == b->stride &&
		a->offset == b->offset && a->fourcc == b->fourcc && a->modifier == b->modifier;
}

/* ---- framebuffers ---- */

static int add_framebuffer(struct kms_device *device, const struct kms_layout *layout,
	uint32_t handle, uint32_t *framebuffer)
{
	const uint32_t handles[4] = {handle};
	const uint32_t strides[4] = {layout->stride};
	const uint32_t offsets[4] = {layout->offset};
	const uint64_t modifiers[4] = {layout->modifier};
	bool explicit_layout = device->has_modifiers && layout->modifier != DRM_FORMAT_MOD_INVALID;

	if (explicit_layout) {
		if (drmModeAddFB2WithModifiers(device->fd, layout->width, layout->height,
			    layout->fourcc, handles, strides, offsets, modifiers, framebuffer,
			    DRM_MODE_FB_MODIFIERS) == 0)
			return 0;
		/* Old drivers know linear buffers only by saying nothing. */
		if (layout->modifier != DRM_FORMAT_MOD_LINEAR)
			return errno;
	} else if (layout->modifier != DRM_FORMAT_MOD_INVALID &&
		layout->modifier != DRM_FORMAT_MOD_LINEAR) {
		return EOPNOTSUPP;
	}
	if (drmModeAddFB2(device->fd, layout->width, layout->height, layout->fourcc, handles,
		    strides, offsets, framebuffer, 0) == 0)
		return 0;
	return errno;
}

static void close_framebuffer(struct kms_device *device, uint32_t framebuffer)
{
	/* Closing the fd removes them all, and what is on the screen with them. */
	if (device->state == KMS_DEVICE_GONE)
		return;
	if (device->has_closefb) {
		struct drm_mode_closefb request = {.fb_id = framebuffer};

		if (drmIoctl(device->fd, DRM_IOCTL_MODE_CLOSEFB, &request) == 0)
			return;
		if (errno == EINVAL || errno == ENOTTY)
			device->has_closefb = false;
	}
	drmModeRmFB(device->fd, framebuffer);
}

/* The same pixels without their alpha, which guests leave as garbage; 0 if there is no such. */
static uint32_t opaque_fourcc(uint32_t fourcc)
{
	static const uint32_t pairs[][2] = {
		{DRM_FORMAT_ARGB8888, DRM_FORMAT_XRGB8888},
		{DRM_FORMAT_ABGR8888, DRM_FORMAT_XBGR8888},
		{DRM_FORMAT_RGBA8888, DRM_FORMAT_RGBX8888},
		{DRM_FORMAT_BGRA8888, DRM_FORMAT_BGRX8888},
		{DRM_FORMAT_ARGB2101010, DRM_FORMAT_XRGB2101010},
		{DRM_FORMAT_ABGR2101010, DRM_FORMAT_XBGR2101010},
		{DRM_FORMAT_ARGB1555, DRM_FORMAT_XRGB1555},
	};

	for (size_t i = 0; i < G_N_ELEMENTS(pairs); i++) {
		if (pairs[i][0] == fourcc)
			return pairs[i][1];
	}
	return 0;
}

static bool primary_takes(const struct kms_device *device, uint32_t fourcc)
{
	for (size_t i = 0; i < device->plane_count; i++) {
		if (device->planes[i].type == DRM_PLANE_TYPE_PRIMARY &&
			kms_plane_has_format(&device->planes[i], fourcc))
			return true;
	}
	return false;
}

/* ---- memory ---- */

static struct kms_buffer *take_struct(struct kms_device *device)
{
	struct kms_buffer *buffer = device->buffers.spare;

	if (buffer) {
		device->buffers.spare = buffer->next_spare;
		memset(buffer, 0, sizeof(*buffer));
	} else {
		buffer = g_new0(struct kms_buffer, 1);
	}
	buffer->device = device;
	buffer->references = 1;
	return buffer;
}

static void give_struct(struct kms_buffer *buffer)
{
	struct kms_device *device = buffer->device;

	buffer->next_spare = device->buffers.spare;
	device->buffers.spare = buffer;
}

static void free_memory(struct kms_buffer *buffer)
{
	if (buffer->pixels)
		munmap(buffer->pixels, buffer->size);
	if (buffer->handle)
		drmModeDestroyDumbBuffer(buffer->device->fd, buffer->handle);
}

static int map_dumb(struct kms_buffer *buffer)
{
	uint64_t offset;
	void *pixels;

	if (drmModeMapDumbBuffer(buffer->device->fd, buffer->handle, &offset) != 0)
		return errno;
	pixels = mmap(NULL, buffer->size, PROT_READ | PROT_WRITE, MAP_SHARED, buffer->device->fd,
		(off_t)offset);
	if (pixels == MAP_FAILED)
		return errno;
	buffer->pixels = pixels;
	return 0;
}

struct kms_buffer *kms_buffer_create(struct kms_device *device, uint32_t width, uint32_t height,
	uint32_t fourcc, bool mapped, GError **error)
{
	struct kms_buffer *buffer = take_struct(device);
	const char *step = "create a dumb buffer";
	uint64_t size;
	int failure;

	buffer->layout = (struct kms_layout){
		.width = width,
		.height = height,
		.fourcc = fourcc,
		.modifier = DRM_FORMAT_MOD_INVALID,
	};
	if (drmModeCreateDumbBuffer(device->fd, width, height, 32, 0, &buffer->handle,
		    &buffer->layout.stride, &size) != 0) {
		failure = errno;
		goto fail;
	}
	buffer->size = (size_t)size;
	step = "make a framebuffer of a dumb buffer";
	failure = add_framebuffer(device, &buffer->layout, buffer->handle, &buffer->framebuffer);
	if (failure)
		goto fail;
	step = "map a dumb buffer";
	failure = mapped ? map_dumb(buffer) : 0;
	if (failure) {
		close_framebuffer(device, buffer->framebuffer);
		goto fail;
	}
	device->counters.framebuffers++;
	return buffer;

fail:
	g_set_error(error, KMS_ERROR, KMS_ERROR_REFUSED, "%s: cannot %s of %ux%u: %s", device->path,
		step, width, height, g_strerror(failure));
	free_memory(buffer);
	give_struct(buffer);
	return NULL;
}

struct kms_buffer *kms_buffer_create_dumb(struct kms_device *device, uint32_t width,
	uint32_t height, GError **error)
{
	return kms_buffer_create(device, width, height, DRM_FORMAT_XRGB8888, true, error);
}

struct kms_buffer *kms_buffer_ref(struct kms_buffer *buffer)
{
	buffer->references++;
	return buffer;
}

void kms_buffer_unref(struct kms_buffer *buffer)
{
	if (!buffer || --buffer->references > 0)
		return;
	close_framebuffer(buffer->device, buffer->framebuffer);
	buffer->device->counters.framebuffers--;
	free_memory(buffer);
	give_struct(buffer);
}

uint32_t kms_buffer_width(const struct kms_buffer *buffer)
{
	return buffer->layout.width;
}

uint32_t kms_buffer_height(const struct kms_buffer *buffer)
{
	return buffer->layout.height;
}

uint8_t *kms_buffer_pixels(struct kms_buffer *buffer, uint32_t *stride)
{
	if (stride)
		*stride = buffer->layout.stride;
	return buffer->pixels;
}

/* ---- the cache of imported buffers ---- */

static struct kms_buffer *cache_find(struct kms_buffer_cache *cache, const struct stat *identity,
	const struct kms_layout *layout)
{
	for (size_t i = 0; i < cache->count; i++) {
		if (cache->inodes[i] == identity->st_ino && cache->devices[i] == identity->st_dev &&
			kms_layout_equal(&cache->layouts[i], layout)) {
			cache->used[i] = ++cache->clock;
			return cache->buffers[i];
		}
	}
	return NULL;
}

static size_t cache_limit(const struct kms_device *device)
{
	size_t active = 0;

	for (size_t i = 0; i < device->crtc_count; i++)
		active += device->crtcs[i].output != NULL;
	return KMS_CACHE_PER_OUTPUT * CLAMP(active, 1, KMS_OUTPUTS_MAX);
}

static void cache_drop(struct kms_buffer_cache *cache, size_t index)
{
	size_t last = --cache->count;

	kms_buffer_unref(cache->buffers[index]);
	cache->inodes[index] = cache->inodes[last];
	cache->devices[index] = cache->devices[last];
	cache->layouts[index] = cache->layouts[last];
	cache->buffers[index] = cache->buffers[last];
	cache->owners[index] = cache->owners[last];
	cache->used[index] = cache->used[last];
}

static void cache_insert(struct kms_device *device, const struct stat *identity,
	const struct kms_layout *layout, struct kms_buffer *buffer, uint32_t owner)
{
	struct kms_buffer_cache *cache = &device->buffers;
	size_t limit = cache_limit(device);
	size_t index;

	while (cache->count >= limit) {
		size_t oldest = 0;

		for (size_t i = 1; i < cache->count; i++) {
			if (cache->used[i] < cache->used[oldest])
				oldest = i;
		}
		cache_drop(cache, oldest);
	}
	index = cache->count++;
	cache->inodes[index] = identity->st_ino;
	cache->devices[index] = identity->st_dev;
	cache->layouts[index] = *layout;
	cache->buffers[index] = kms_buffer_ref(buffer);
	cache->owners[index] = owner;
	cache->used[index] = ++cache->clock;
}

void kms_device_trim(struct kms_device *device, uint32_t owner)
{
	struct kms_buffer_cache *cache = &device->buffers;

	for (size_t i = cache->count; i-- > 0;) {
		if (cache->owners[i] == owner && cache->buffers[i]->references == 1)
			cache_drop(cache, i);
	}
	for (size_t i = 0; i < cache->refusal_count; i++) {
		if (cache->refusals[i].owner == owner)
			cache->refusals[i].error = 0;
	}
}

void kms_buffer_cache_finish(struct kms_buffer_cache *cache)
{
	while (cache->count)
		cache_drop(cache, cache->count - 1);
	while (cache->spare) {
		struct kms_buffer *buffer = cache->spare;

		cache->spare = buffer->next_spare;
		g_free(buffer);
	}
}

/* ---- import ---- */

static int find_refusal(const struct kms_buffer_cache *cache, uint32_t owner,
	const struct kms_layout *layout)
{
	for (size_t i = 0; i < cache->refusal_count; i++) {
		const struct kms_refusal *refusal = &cache->refusals[i];

		if (refusal->error && refusal->owner == owner &&
			kms_layout_equal(&refusal->layout, layout))
			return refusal->error;
	}
	return 0;
}

/* What lies with us or with this one fd says nothing of the next buffer of that layout. */
static bool is_lasting(int error, int fd)
{
	struct statfs file_system;

	if (error == EMFILE || error == ENFILE || error == EBADF)
		return false;
	return fstatfs(fd, &file_system) == 0 && file_system.f_type == DMA_BUF_MAGIC;
}

static void remember_refusal(struct kms_buffer_cache *cache, uint32_t owner,
	const struct kms_layout *layout, int error)
{
	cache->refusals[cache->next_refusal] =
		(struct kms_refusal){.owner = owner, .layout = *layout, .error = error};
	cache->refusal_count = MAX(cache->refusal_count, cache->next_refusal + 1);
	cache->next_refusal = (cache->next_refusal + 1) % KMS_REFUSALS_MAX;
}

static int make_framebuffer(struct kms_device *device, struct kms_buffer *buffer, uint32_t handle)
{
	uint32_t opaque = opaque_fourcc(buffer->layout.fourcc);
	struct kms_layout layout = buffer->layout;

	if (opaque && primary_takes(device, opaque)) {
		layout.fourcc = opaque;
		if (add_framebuffer(device, &layout, handle, &buffer->framebuffer) == 0) {
			buffer->layout = layout;
			return 0;
		}
	}
	return add_framebuffer(device, &buffer->layout, handle, &buffer->framebuffer);
}

static int import_dmabuf(struct kms_device *device, struct kms_buffer *buffer, int fd)
{
	uint32_t handle;
	int failure;

	if (!device->has_import)
		return EOPNOTSUPP;
	if (drmPrimeFDToHandle(device->fd, fd, &handle) != 0)
		return errno;
	failure = make_framebuffer(device, buffer, handle);
	/*
	 * The framebuffer holds the memory. The handle goes at once: importing the same dma-buf
	 * again gives the same handle without a reference, so that one kept would be closed twice.
	 */
	drmCloseBufferHandle(device->fd, handle);
	return failure;
}

static void set_import_error(GError **error, const struct kms_layout *layout, int failure)
{
	g_set_error(error, KMS_ERROR, KMS_ERROR_REFUSED,
		"the driver refuses a dma-buf of %ux%u, stride %u, offset %u, format %.4s, "
		"modifier 0x%016" G_GINT64_MODIFIER "x: %s",
		layout->width, layout->height, layout->stride, layout->offset,
		(const char *)&layout->fourcc, layout->modifier, g_strerror(failure));
}

struct kms_buffer *kms_buffer_import(struct kms_device *device, const struct kms_dmabuf *dmabuf,
	GError **error)
{
	struct kms_buffer_cache *cache = &device->buffers;
	const struct kms_layout layout = {
		.width = dmabuf->width,
		.height = dmabuf->height,
		.stride = dmabuf->stride,
		.offset = dmabuf->offset,
		.fourcc = dmabuf->fourcc,
		.modifier = dmabuf->modifier,
	};
	struct kms_buffer *buffer;
	struct stat identity;
	int failure;

	if (fstat(dmabuf->fd, &identity) != 0) {
		set_import_error(error, &layout, errno);
		return NULL;
	}
	buffer = cache_find(cache, &identity, &layout);
	if (buffer) {
		device->counters.cache_hits++;
		return kms_buffer_ref(buffer);
	}
	failure = find_refusal(cache, dmabuf->owner, &layout);
	if (failure) {
		device->counters.imports_refused++;
		set_import_error(error, &layout, failure);
		return NULL;
	}

	device->counters.cache_misses++;
	buffer = take_struct(device);
	buffer->layout = layout;
	failure = import_dmabuf(device, buffer, dmabuf->fd);
	if (failure) {
		give_struct(buffer);
		device->counters.imports_refused++;
		if (is_lasting(failure, dmabuf->fd))
			remember_refusal(cache, dmabuf->owner, &layout, failure);
		set_import_error(error, &layout, failure);
		return NULL;
	}
	device->counters.imports++;
	device->counters.framebuffers++;
	cache_insert(device, &identity, &layout, buffer, dmabuf->owner);
	return buffer;
}
