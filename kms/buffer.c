/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "buffer.h"

#include "resources.h"

#include <drm_fourcc.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/dma-buf.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>
#include <xf86drm.h>
#include <xf86drmMode.h>

/* Linux 6.0; not in the headers of every build machine. */
#ifndef DMA_BUF_IOCTL_EXPORT_SYNC_FILE
struct dma_buf_export_sync_file {
	__u32 flags;
	__s32 fd;
};
#define DMA_BUF_IOCTL_EXPORT_SYNC_FILE _IOWR(DMA_BUF_BASE, 2, struct dma_buf_export_sync_file)
#endif

/* Linux 6.8; not in the libdrm headers of Debian 12. */
#ifndef DRM_IOCTL_MODE_CLOSEFB
struct drm_mode_closefb {
	__u32 fb_id;
	__u32 pad;
};
#define DRM_IOCTL_MODE_CLOSEFB DRM_IOWR(0xD0, struct drm_mode_closefb)
#endif

/* ---- framebuffers ---- */

int kms_buffer_add_framebuffer(const struct kms_card *card, const struct kms_layout *layout,
	uint32_t handle, uint32_t *framebuffer)
{
	const uint32_t handles[4] = {handle};
	const uint32_t strides[4] = {layout->stride};
	const uint32_t offsets[4] = {layout->offset};
	const uint64_t modifiers[4] = {layout->modifier};
	bool explicit_layout = card->has_modifiers && layout->modifier != DRM_FORMAT_MOD_INVALID;

	if (explicit_layout) {
		if (drmModeAddFB2WithModifiers(card->fd, layout->width, layout->height,
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
	if (drmModeAddFB2(card->fd, layout->width, layout->height, layout->fourcc, handles, strides,
		    offsets, framebuffer, 0) == 0)
		return 0;
	return errno;
}

bool kms_buffer_close_framebuffer(int fd, uint32_t framebuffer)
{
	struct drm_mode_closefb request = {.fb_id = framebuffer};

	return drmIoctl(fd, DRM_IOCTL_MODE_CLOSEFB, &request) == 0;
}

static void close_framebuffer(struct kms_card *card, uint32_t framebuffer)
{
	/* Closing the fd removes them all, and what is on the screen with them. */
	if (card->records.state == KMS_DEVICE_GONE)
		return;
	if (card->has_closefb) {
		if (kms_buffer_close_framebuffer(card->fd, framebuffer))
			return;
		if (errno == EINVAL || errno == ENOTTY)
			card->has_closefb = false;
	}
	/* RMFB takes every lock of the card: when the frames of this turn are on their way. */
	if (card->doomed_count == G_N_ELEMENTS(card->doomed))
		kms_card_remove_doomed(card);
	card->doomed[card->doomed_count++] = framebuffer;
	kms_records_wake_at(&card->records, 0);
}

/* ---- memory ---- */

struct kms_buffer *kms_buffer_take(struct kms_card *card)
{
	struct kms_buffer *buffer = (struct kms_buffer *)(void *)card->spare;

	if (buffer) {
		card->spare = buffer->spare.next;
		memset(buffer, 0, sizeof(*buffer));
	} else {
		buffer = g_new0(struct kms_buffer, 1);
	}
	buffer->card = kms_card_ref(card);
	buffer->references = 1;
	buffer->dmabuf = -1;
	return buffer;
}

void kms_buffer_discard(struct kms_buffer *buffer)
{
	struct kms_card *card = buffer->card;

	buffer->spare.next = card->spare;
	card->spare = &buffer->spare;
	kms_card_unref(card);
}

static void free_memory(struct kms_buffer *buffer)
{
	if (buffer->pixels && buffer->card->guard.remove)
		buffer->card->guard.remove(buffer->guard);
	if (buffer->pixels)
		munmap(buffer->pixels, buffer->size);
	if (buffer->handle && buffer->card->fd >= 0)
		drmModeDestroyDumbBuffer(buffer->card->fd, buffer->handle);
	if (buffer->dmabuf >= 0)
		close(buffer->dmabuf);
}

/* Where a buffer lies for mmap() is behind the first 4 GiB. */
G_STATIC_ASSERT(sizeof(off_t) == sizeof(uint64_t));

static int map_dumb(struct kms_buffer *buffer)
{
	uint64_t offset;
	void *pixels;

	if (drmModeMapDumbBuffer(buffer->card->fd, buffer->handle, &offset) != 0)
		return errno;
	pixels = mmap(NULL, buffer->size, PROT_READ | PROT_WRITE, MAP_SHARED, buffer->card->fd,
		(off_t)offset);
	if (pixels == MAP_FAILED)
		return errno;
	buffer->pixels = pixels;
	if (buffer->card->guard.add)
		buffer->guard = buffer->card->guard.add(pixels, buffer->size);
	return 0;
}

struct kms_buffer *kms_buffer_create(struct kms_card *card, uint32_t width, uint32_t height,
	uint32_t fourcc, bool mapped, GError **error)
{
	struct kms_buffer *buffer = kms_buffer_take(card);
	const char *step = "create a dumb buffer";
	uint64_t size;
	int failure;

	buffer->layout = (struct kms_layout){
		.width = width,
		.height = height,
		.fourcc = fourcc,
		.modifier = DRM_FORMAT_MOD_INVALID,
	};
	if (drmModeCreateDumbBuffer(card->fd, width, height, 32, 0, &buffer->handle,
		    &buffer->layout.stride, &size) != 0) {
		failure = errno;
		goto fail;
	}
	buffer->size = (size_t)size;
	step = "make a framebuffer of a dumb buffer";
	failure = kms_buffer_add_framebuffer(card, &buffer->layout, buffer->handle,
		&buffer->framebuffer);
	if (failure)
		goto fail;
	step = "map a dumb buffer";
	failure = mapped ? map_dumb(buffer) : 0;
	if (failure) {
		close_framebuffer(card, buffer->framebuffer);
		goto fail;
	}
	card->counters.framebuffers++;
	return buffer;

fail:
	g_set_error(error, KMS_ERROR, KMS_ERROR_REFUSED, "%s: cannot %s of %ux%u: %s", card->path,
		step, width, height, g_strerror(failure));
	free_memory(buffer);
	kms_buffer_discard(buffer);
	return NULL;
}

/* A framebuffer has up to four planes of memory; the same handle may stand for several. */
static void close_handles(const struct kms_card *card, const uint32_t handles[4])
{
	for (size_t i = 0; i < 4; i++) {
		bool closed = !handles[i];

		for (size_t j = 0; j < i; j++)
			closed |= handles[j] == handles[i];
		if (!closed)
			drmCloseBufferHandle(card->fd, handles[i]);
	}
}

struct kms_buffer *kms_buffer_adopt(struct kms_card *card, uint32_t framebuffer)
{
	drmModeFB2 *read = drmModeGetFB2(card->fd, framebuffer);
	uint64_t modifiers[4];
	struct kms_buffer *buffer;
	bool has_modifier;
	int failure;

	if (!read)
		return NULL;
	has_modifier = (read->flags & DRM_MODE_FB_MODIFIERS) != 0;
	buffer = kms_buffer_take(card);
	for (size_t i = 0; i < G_N_ELEMENTS(modifiers); i++)
		modifiers[i] = read->handles[i] ? read->modifier : 0;
	buffer->layout = (struct kms_layout){
		.width = read->width,
		.height = read->height,
		.stride = read->pitches[0],
		.offset = read->offsets[0],
		.fourcc = read->pixel_format,
		.modifier = has_modifier ? read->modifier : DRM_FORMAT_MOD_INVALID,
	};
	failure = drmModeAddFB2WithModifiers(card->fd, read->width, read->height,
		read->pixel_format, read->handles, read->pitches, read->offsets,
		has_modifier ? modifiers : NULL, &buffer->framebuffer,
		read->flags & DRM_MODE_FB_MODIFIERS);
	close_handles(card, read->handles);
	drmModeFreeFB2(read);
	if (failure) {
		kms_buffer_discard(buffer);
		return NULL;
	}
	card->counters.framebuffers++;
	return buffer;
}

struct kms_buffer *kms_buffer_ref(struct kms_buffer *buffer)
{
	return kms_buffer_hold(buffer);
}

void kms_buffer_unref(struct kms_buffer *buffer)
{
	kms_buffer_let_go(buffer);
}

void kms_buffer_destroy(struct kms_buffer *buffer)
{
	close_framebuffer(buffer->card, buffer->framebuffer);
	buffer->card->counters.framebuffers--;
	free_memory(buffer);
	kms_buffer_discard(buffer);
}

int kms_buffer_dmabuf(const struct kms_buffer *buffer)
{
	return buffer->dmabuf;
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

/* ---- fences ---- */

int kms_buffer_export_signalled_fence(const struct kms_card *card)
{
	struct dma_buf_export_sync_file export = {.flags = DMA_BUF_SYNC_READ, .fd = -1};
	uint32_t handle, stride;
	uint64_t size;
	int dmabuf;

	if (drmModeCreateDumbBuffer(card->fd, 64, 64, 32, 0, &handle, &stride, &size) != 0)
		return -1;
	/* Nobody has ever drawn into it: what would be waited for is over. */
	if (drmPrimeHandleToFD(card->fd, handle, DRM_CLOEXEC, &dmabuf) == 0) {
		if (ioctl(dmabuf, DMA_BUF_IOCTL_EXPORT_SYNC_FILE, &export) != 0)
			export.fd = -1;
		close(dmabuf);
	}
	drmModeDestroyDumbBuffer(card->fd, handle);
	return export.fd;
}
