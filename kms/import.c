/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "import.h"

#include <drm_fourcc.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>
#include <xf86drm.h>
#include <xf86drmMode.h>

#ifndef DMA_BUF_MAGIC
#define DMA_BUF_MAGIC 0x444d4142
#endif

/* A refusal for want of memory is asked again after this, and after twice as long each time. */
#define PASSING_REFUSAL_US G_USEC_PER_SEC
#define PASSING_REFUSALS_MAX 6

/* The same pixels without their alpha, which guests leave as garbage; 0 if there is no such. */
static uint32_t opaque_fourcc(uint32_t fourcc)
{
	switch (fourcc) {
	case DRM_FORMAT_ARGB8888:
		return DRM_FORMAT_XRGB8888;
	case DRM_FORMAT_ABGR8888:
		return DRM_FORMAT_XBGR8888;
	case DRM_FORMAT_RGBA8888:
		return DRM_FORMAT_RGBX8888;
	case DRM_FORMAT_BGRA8888:
		return DRM_FORMAT_BGRX8888;
	case DRM_FORMAT_ARGB2101010:
		return DRM_FORMAT_XRGB2101010;
	case DRM_FORMAT_ABGR2101010:
		return DRM_FORMAT_XBGR2101010;
	case DRM_FORMAT_ARGB1555:
		return DRM_FORMAT_XRGB1555;
	default:
		return 0;
	}
}

static bool primary_takes(const struct kms_card *card, uint32_t fourcc, uint64_t modifier)
{
	for (size_t i = 0; i < card->plane_count; i++) {
		if (card->planes[i].type == DRM_PLANE_TYPE_PRIMARY &&
			kms_plane_takes(&card->planes[i], fourcc, modifier))
			return true;
	}
	return false;
}

/* ---- the cache of imported buffers ---- */

static struct kms_buffer *cache_find(struct kms_imports *cache, const struct stat *identity,
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

static size_t cache_limit(const struct kms_card *card)
{
	size_t active = 0;

	for (size_t i = 0; i < card->crtc_count; i++)
		active += card->crtcs[i].active;
	return KMS_CACHE_PER_OUTPUT * CLAMP(active, 1, KMS_OUTPUTS_MAX);
}

/* One more of this owner's: how many it has then. */
static unsigned int add_share(struct kms_imports *cache, uint32_t owner)
{
	unsigned int share = 1;

	for (size_t i = 0; i < cache->count; i++) {
		if (cache->owners[i] == owner)
			share = ++cache->shares[i];
	}
	return share;
}

static void take_share(struct kms_imports *cache, uint32_t owner)
{
	for (size_t i = 0; i < cache->count; i++)
		cache->shares[i] -= cache->owners[i] == owner;
}

static void cache_drop(struct kms_imports *cache, size_t index)
{
	size_t last = --cache->count;
	uint32_t owner = cache->owners[index];

	kms_buffer_unref(cache->buffers[index]);
	cache->inodes[index] = cache->inodes[last];
	cache->devices[index] = cache->devices[last];
	cache->layouts[index] = cache->layouts[last];
	cache->buffers[index] = cache->buffers[last];
	cache->owners[index] = cache->owners[last];
	cache->shares[index] = cache->shares[last];
	cache->used[index] = cache->used[last];
	take_share(cache, owner);
}

/* The least recently used of those of the owner that has the most, with one more of `added`'s,
 * which is to come: one that brings a new buffer with each frame takes no other's place. */
static size_t pick_victim(const struct kms_imports *cache, uint32_t added)
{
	size_t victim = 0;
	unsigned int most = 0;

	for (size_t i = 0; i < cache->count; i++) {
		unsigned int share = cache->shares[i] + (cache->owners[i] == added);

		if (share > most || (share == most && cache->used[i] < cache->used[victim])) {
			victim = i;
			most = share;
		}
	}
	return victim;
}

/* A place for one more of this owner's. Where all are taken it is mostly its own oldest one's, so
 * that nobody's share changes. */
static size_t make_place(struct kms_imports *cache, size_t limit, uint32_t owner)
{
	size_t index = cache->count;

	/* Outputs may have gone since. */
	while (cache->count > limit)
		cache_drop(cache, pick_victim(cache, owner));
	if (cache->count < limit) {
		cache->shares[index] = add_share(cache, owner);
		cache->count++;
	} else {
		index = pick_victim(cache, owner);
		kms_buffer_unref(cache->buffers[index]);
		if (cache->owners[index] != owner) {
			take_share(cache, cache->owners[index]);
			cache->shares[index] = add_share(cache, owner);
		}
	}
	cache->owners[index] = owner;
	return index;
}

static void cache_insert(struct kms_imports *cache, const struct stat *identity,
	const struct kms_layout *layout, struct kms_buffer *buffer, uint32_t owner)
{
	size_t index = make_place(cache, cache_limit(buffer->card), owner);

	cache->inodes[index] = identity->st_ino;
	cache->devices[index] = identity->st_dev;
	cache->layouts[index] = *layout;
	cache->buffers[index] = kms_buffer_ref(buffer);
	cache->used[index] = ++cache->clock;
}

void kms_imports_trim(struct kms_imports *imports, uint32_t owner)
{
	for (size_t i = imports->count; i-- > 0;) {
		/* What is still on the screen goes with its frame. */
		if (imports->owners[i] == owner)
			cache_drop(imports, i);
	}
	for (size_t i = 0; i < imports->refusal_count; i++) {
		if (imports->refusals[i].owner == owner)
			imports->refusals[i].error = 0;
	}
}

void kms_imports_finish(struct kms_imports *imports)
{
	while (imports->count)
		cache_drop(imports, imports->count - 1);
}

/* ---- import ---- */

static struct kms_refusal *find_refusal(struct kms_imports *cache, uint32_t owner,
	const struct kms_layout *layout)
{
	for (size_t i = 0; i < cache->refusal_count; i++) {
		struct kms_refusal *refusal = &cache->refusals[i];

		if (refusal->error && refusal->owner == owner &&
			kms_layout_equal(&refusal->layout, layout))
			return refusal;
	}
	return NULL;
}

/* What lies with us or with this one fd says nothing of the next buffer of that layout. */
static bool is_of_the_layout(int error, int fd)
{
	struct statfs file_system;

	if (error == EMFILE || error == ENFILE || error == EBADF || error == EINTR)
		return false;
	return fstatfs(fd, &file_system) == 0 && file_system.f_type == DMA_BUF_MAGIC;
}

/* How long a refusal holds that may only be of the moment: not for ever, and not asked at each
 * frame where it lasts. */
static int64_t refused_until(const struct kms_refusal *refusal)
{
	unsigned int doublings = MIN(refusal->times, PASSING_REFUSALS_MAX);

	if (!kms_error_is_passing(refusal->error))
		return KMS_NEVER;
	return g_get_monotonic_time() + (PASSING_REFUSAL_US << doublings);
}

static void remember_refusal(struct kms_imports *cache, uint32_t owner,
	const struct kms_layout *layout, int error)
{
	struct kms_refusal *refusal = find_refusal(cache, owner, layout);

	if (refusal) {
		refusal->times++;
	} else {
		refusal = &cache->refusals[cache->next_refusal];
		*refusal = (struct kms_refusal){.owner = owner, .layout = *layout};
		cache->refusal_count = MAX(cache->refusal_count, cache->next_refusal + 1);
		cache->next_refusal = (cache->next_refusal + 1) % KMS_REFUSALS_MAX;
	}
	refusal->error = error;
	refusal->until_us = refused_until(refusal);
}

/* Does a refusal hold? One that was of the moment is over after a while. */
static int known_refusal(struct kms_imports *cache, uint32_t owner, const struct kms_layout *layout)
{
	const struct kms_refusal *refusal = find_refusal(cache, owner, layout);

	if (!refusal)
		return 0;
	return refusal->until_us == KMS_NEVER || g_get_monotonic_time() < refusal->until_us
		? refusal->error
		: 0;
}

static void forget_refusal(struct kms_imports *cache, uint32_t owner,
	const struct kms_layout *layout)
{
	struct kms_refusal *refusal = find_refusal(cache, owner, layout);

	if (refusal)
		refusal->error = 0;
}

static int make_framebuffer(struct kms_card *card, struct kms_buffer *buffer, uint32_t handle)
{
	uint32_t opaque = opaque_fourcc(buffer->layout.fourcc);
	struct kms_layout layout = buffer->layout;

	if (opaque && primary_takes(card, opaque, layout.modifier)) {
		layout.fourcc = opaque;
		if (kms_buffer_add_framebuffer(card, &layout, handle, &buffer->framebuffer) == 0) {
			buffer->layout = layout;
			return 0;
		}
	}
	return kms_buffer_add_framebuffer(card, &buffer->layout, handle, &buffer->framebuffer);
}

/* Also the test for what may be no dma-buf: the kernel looks which kind of file it is, and asks
 * that nothing if it is another one (dma_buf_get()). */
static int import_handle(const struct kms_card *card, int fd, uint32_t *handle)
{
	if (!card->has_import)
		return EOPNOTSUPP;
	return drmPrimeFDToHandle(card->fd, fd, handle) == 0 ? 0 : errno;
}

/* The buffer gets the fd, or one like it. */
static int fill_buffer(struct kms_card *card, struct kms_buffer *buffer, uint32_t handle,
	const struct kms_dmabuf *dmabuf)
{
	int fd = dmabuf->given ? dmabuf->fd : fcntl(dmabuf->fd, F_DUPFD_CLOEXEC, 3);
	int failure;

	if (fd < 0)
		return errno;
	failure = make_framebuffer(card, buffer, handle);
	if (!failure)
		buffer->dmabuf = fd;
	else if (!dmabuf->given)
		close(fd);
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

/* A reference to a buffer that is in the cache: what was given for it is not needed. */
static struct kms_buffer *find_buffer(struct kms_imports *imports, struct kms_card *card,
	const struct kms_dmabuf *dmabuf, const struct kms_layout *layout,
	const struct stat *identity)
{
	struct kms_buffer *buffer = cache_find(imports, identity, layout);

	if (!buffer)
		return NULL;
	card->counters.cache_hits++;
	if (dmabuf->given)
		close(dmabuf->fd);
	return kms_buffer_ref(buffer);
}

static struct kms_buffer *make_buffer(struct kms_card *card, const struct kms_dmabuf *dmabuf,
	const struct kms_layout *layout, uint32_t handle, int *failure)
{
	struct kms_buffer *buffer = kms_buffer_take(card);

	buffer->layout = *layout;
	*failure = fill_buffer(card, buffer, handle, dmabuf);
	if (!*failure)
		return buffer;
	kms_buffer_discard(buffer);
	return NULL;
}

static void keep_import(struct kms_imports *imports, const struct kms_dmabuf *dmabuf,
	const struct kms_layout *layout, const struct stat *identity, struct kms_buffer *buffer)
{
	struct kms_device_counters *counters = &buffer->card->counters;

	cache_insert(imports, identity, layout, buffer, dmabuf->owner);
	forget_refusal(imports, dmabuf->owner, layout);
	counters->cache_misses++;
	counters->imports++;
	counters->framebuffers++;
}

/* `identity` is filled in where the fd was not known for a dma-buf before. */
static struct kms_buffer *import_buffer(struct kms_imports *imports, struct kms_card *card,
	const struct kms_dmabuf *dmabuf, const struct kms_layout *layout, struct stat *identity,
	int *failure)
{
	struct kms_buffer *buffer = NULL;
	uint32_t handle;

	*failure = import_handle(card, dmabuf->fd, &handle);
	if (*failure)
		return NULL;
	if (dmabuf->unknown && fstat(dmabuf->fd, identity) != 0)
		*failure = errno;
	else if (dmabuf->unknown)
		buffer = find_buffer(imports, card, dmabuf, layout, identity);
	if (!*failure && !buffer) {
		buffer = make_buffer(card, dmabuf, layout, handle, failure);
		if (buffer)
			keep_import(imports, dmabuf, layout, identity, buffer);
	}
	/*
	 * The framebuffer holds the memory. The handle goes at once: importing the same dma-buf
	 * again gives the same handle without a reference, so that one kept would be closed twice.
	 */
	drmCloseBufferHandle(card->fd, handle);
	return buffer;
}

struct kms_buffer *kms_imports_get(struct kms_imports *imports, struct kms_card *card,
	const struct kms_dmabuf *dmabuf, GError **error)
{
	const struct kms_layout layout = {
		.width = dmabuf->width,
		.height = dmabuf->height,
		.stride = dmabuf->stride,
		.offset = dmabuf->offset,
		.fourcc = dmabuf->fourcc,
		.modifier = dmabuf->modifier,
	};
	struct kms_buffer *buffer = NULL;
	struct stat identity;
	int failure;

	if (!dmabuf->unknown) {
		if (fstat(dmabuf->fd, &identity) != 0) {
			set_import_error(error, &layout, errno);
			return NULL;
		}
		buffer = find_buffer(imports, card, dmabuf, &layout, &identity);
		if (buffer)
			return buffer;
	}
	failure = known_refusal(imports, dmabuf->owner, &layout);
	if (failure) {
		card->counters.imports_refused++;
		set_import_error(error, &layout, failure);
		return NULL;
	}

	buffer = import_buffer(imports, card, dmabuf, &layout, &identity, &failure);
	if (buffer)
		return buffer;
	card->counters.cache_misses++;
	card->counters.imports_refused++;
	/* What is no dma-buf says nothing of the layout, nor may it be asked. */
	if (!dmabuf->unknown && is_of_the_layout(failure, dmabuf->fd))
		remember_refusal(imports, dmabuf->owner, &layout, failure);
	set_import_error(error, &layout, failure);
	return NULL;
}
