/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Reading dma-bufs: checks, mapping, formats. */
#include "scene/dmabuf.h"

#include <drm_fourcc.h>
#include <errno.h>
#include <fcntl.h>
#include <glib.h>
#include <inttypes.h>
#include <linux/dma-buf.h>
#include <pixman.h>
#include <poll.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "scene/dmabuf_internal.h"
#include "scene/tiled.h"
#include "wire/account.h"
#include "wire/guard.h"

/* linux/magic.h has it since 5.8 only; libc's copy may be older. */
#ifndef DMA_BUF_MAGIC
#define DMA_BUF_MAGIC 0x444d4142
#endif

#define SYNC_TRIES 16

/* Alpha is of no use on a primary plane, and guests leave garbage in it: formats without it. */
static const struct {
	uint32_t fourcc;
	pixman_format_code_t format;
} formats[] = {
	{DRM_FORMAT_XRGB8888, PIXMAN_x8r8g8b8},
	{DRM_FORMAT_ARGB8888, PIXMAN_x8r8g8b8},
	{DRM_FORMAT_XBGR8888, PIXMAN_x8b8g8r8},
	{DRM_FORMAT_ABGR8888, PIXMAN_x8b8g8r8},
	{DRM_FORMAT_RGBX8888, PIXMAN_r8g8b8x8},
	{DRM_FORMAT_RGBA8888, PIXMAN_r8g8b8x8},
	{DRM_FORMAT_BGRX8888, PIXMAN_b8g8r8x8},
	{DRM_FORMAT_BGRA8888, PIXMAN_b8g8r8x8},
	{DRM_FORMAT_RGB565, PIXMAN_r5g6b5},
	{DRM_FORMAT_BGR565, PIXMAN_b5g6r5},
	{DRM_FORMAT_XRGB1555, PIXMAN_x1r5g5b5},
	{DRM_FORMAT_RGB888, PIXMAN_r8g8b8},
	{DRM_FORMAT_BGR888, PIXMAN_b8g8r8},
	{DRM_FORMAT_XRGB2101010, PIXMAN_x2r10g10b10},
	{DRM_FORMAT_ARGB2101010, PIXMAN_x2r10g10b10},
	{DRM_FORMAT_XBGR2101010, PIXMAN_x2b10g10r10},
	{DRM_FORMAT_ABGR2101010, PIXMAN_x2b10g10r10},
};

static bool find_format(uint32_t fourcc, pixman_format_code_t *format)
{
	for (size_t i = 0; i < G_N_ELEMENTS(formats); i++) {
		if (formats[i].fourcc == fourcc) {
			*format = formats[i].format;
			return true;
		}
	}
	return false;
}

/* Sides and stride are 32 bits wide, so 64 hold every product. */
static bool check_layout(const struct channel_dmabuf *dmabuf, pixman_format_code_t *format,
	uint64_t *bytes, GError **error)
{
	uint64_t row;

	if (!find_format(dmabuf->fourcc, format)) {
		g_set_error(error, G_FILE_ERROR, G_FILE_ERROR_NOSYS,
			"cannot read buffers of format 0x%08x", dmabuf->fourcc);
		return false;
	}
	row = ((uint64_t)dmabuf->fd_width * PIXMAN_FORMAT_BPP(*format) + 7) / 8;
	*bytes = (uint64_t)dmabuf->fd_stride * (dmabuf->fd_height - UINT64_C(1)) + row;

	if (dmabuf->width == 0 || dmabuf->height == 0 || dmabuf->fd_width > CHANNEL_SIDE_MAX ||
		dmabuf->fd_height > CHANNEL_SIDE_MAX ||
		(uint64_t)dmabuf->x + dmabuf->width > dmabuf->fd_width ||
		(uint64_t)dmabuf->y + dmabuf->height > dmabuf->fd_height) {
		g_set_error(error, G_FILE_ERROR, G_FILE_ERROR_INVAL,
			"%u×%u+%u+%u is no part of a buffer of %u×%u", dmabuf->width,
			dmabuf->height, dmabuf->x, dmabuf->y, dmabuf->fd_width, dmabuf->fd_height);
		return false;
	}
	if (dmabuf->fd_stride < row || dmabuf->fd_stride % 4 != 0 ||
		dmabuf->fd_stride > G_MAXINT32) {
		g_set_error(error, G_FILE_ERROR, G_FILE_ERROR_INVAL,
			"a stride of %u bytes does not fit a width of %u pixels", dmabuf->fd_stride,
			dmabuf->fd_width);
		return false;
	}
	return true;
}

static bool is_dmabuf(int fd)
{
	struct statfs file_system;

	return fstatfs(fd, &file_system) == 0 &&
		(uint32_t)file_system.f_type == (uint32_t)DMA_BUF_MAGIC;
}

bool dmabuf_check(int fd, const struct channel_dmabuf *dmabuf, GError **error)
{
	pixman_format_code_t format;
	uint64_t bytes;
	off_t size;

	if (!check_layout(dmabuf, &format, &bytes, error))
		return false;
	if (!is_dmabuf(fd)) {
		g_set_error(error, G_FILE_ERROR, G_FILE_ERROR_INVAL, "the fd is not a dma-buf");
		return false;
	}
	size = lseek(fd, 0, SEEK_END);
	/* In a process of 32 bits it would become a shorter one in a size_t. */
	if (size > PTRDIFF_MAX) {
		g_set_error(error, G_FILE_ERROR, G_FILE_ERROR_NOMEM,
			"a dma-buf of %" PRIi64
			" bytes is more than this process has addresses for",
			(int64_t)size);
		return false;
	}
	if (size < 0 || (uint64_t)size < bytes) {
		g_set_error(error, G_FILE_ERROR, G_FILE_ERROR_INVAL,
			"a dma-buf of %" PRIi64 " bytes is too small for %u×%u with a stride of %u",
			(int64_t)size, dmabuf->fd_width, dmabuf->fd_height, dmabuf->fd_stride);
		return false;
	}
	return true;
}

bool dmabuf_signalled(int fd)
{
	struct pollfd poll_fd = {.fd = fd, .events = POLLIN};

	/* What cannot be asked is not waited for. */
	return fd < 0 || poll(&poll_fd, 1, 0) != 0;
}

/* Plain memory, whatever a missing modifier may mean elsewhere: the kernel names the exporter. (Its
 * line comes before that of the name that an owner may give, which can look like anything.) */
static bool exported_from_memory(int fd)
{
	static const char key[] = "exp_name:\t";
	char path[64];
	char text[1024];
	const char *name;
	ssize_t size;
	int info;

	g_snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", fd);
	info = open(path, O_RDONLY | O_CLOEXEC);
	if (info < 0)
		return false;
	size = read(info, text, sizeof(text) - 1);
	close(info);
	text[MAX(size, 0)] = '\0';
	name = strstr(text, key);
	if (!name)
		return false;
	name += strlen(key);
	return g_str_has_prefix(name, "udmabuf\n") || g_str_has_prefix(name, "system\n");
}

/*
 * Memory that the guest's processor writes and ours reads, through the same caches: there is
 * nothing to bring up to date, and DMA_BUF_IOCTL_SYNC would only wait for fences, also for those
 * that its owner adds after we have asked. Elsewhere it may be a device that does not look into
 * caches.
 */
static bool needs_sync(int fd)
{
#if defined(__x86_64__) || defined(__i386__)
	return !exported_from_memory(fd);
#else
	return true;
#endif
}

static bool is_linear(int fd, const struct channel_dmabuf *dmabuf, const struct dmabuf_gbm *gbm)
{
	if (dmabuf->modifier == KMS_MODIFIER_LINEAR)
		return true;
	/* Without a render node there is no GPU here that could have tiled it. */
	return dmabuf->modifier == KMS_MODIFIER_INVALID &&
		(!gbm->render_node || exported_from_memory(fd));
}

pixman_image_t *dmabuf_upright_image(const struct dmabuf_reader *reader, const void *memory,
	uint32_t width, uint32_t height, uint32_t stride)
{
	const uint8_t *first = memory;
	int step = (int)stride;

	if (reader->dmabuf.y_inverted) {
		first += (size_t)stride * (height - 1);
		step = -step;
	}
	/* Pixman writes to destinations only, and this is a source. */
	return pixman_image_create_bits_no_clear(reader->format, (int)width, (int)height,
		(uint32_t *)(void *)(uintptr_t)first, step);
}

static bool map_linear(struct dmabuf_reader *reader, GError **error)
{
	const struct channel_dmabuf *dmabuf = &reader->dmabuf;
	off_t size = lseek(reader->fd, 0, SEEK_END);

	reader->size = (size_t)size;
	reader->sync = needs_sync(reader->fd);
	if (!account_charge_mapping(reader->account, reader->size, error))
		return false;
	reader->memory = mmap(NULL, reader->size, PROT_READ, MAP_SHARED, reader->fd, 0);
	if (reader->memory == MAP_FAILED) {
		account_discharge_mapping(reader->account, reader->size);
		reader->memory = NULL;
		g_set_error(error, G_FILE_ERROR, g_file_error_from_errno(errno),
			"the dma-buf cannot be mapped: %s", g_strerror(errno));
		return false;
	}
	guard_install();
	reader->guard = guard_add(reader->memory, reader->size);
	if (reader->guard == GUARD_NONE) {
		g_set_error(error, G_FILE_ERROR, G_FILE_ERROR_NFILE,
			"too many guests have too many buffers");
		return false;
	}
	reader->image = dmabuf_upright_image(reader, reader->memory, dmabuf->fd_width,
		dmabuf->fd_height, dmabuf->fd_stride);
	if (!reader->image)
		g_set_error(error, G_FILE_ERROR, G_FILE_ERROR_NOMEM, "%s", g_strerror(ENOMEM));
	return reader->image != NULL;
}

struct dmabuf_reader *dmabuf_reader_create(int fd, const struct channel_dmabuf *dmabuf,
	struct dmabuf_gbm *gbm, struct account *account, GError **error)
{
	struct dmabuf_reader *reader;

	if (!dmabuf_check(fd, dmabuf, error))
		return NULL;

	reader = g_new0(struct dmabuf_reader, 1);
	reader->fd = fd;
	reader->account = account;
	reader->guard = GUARD_NONE;
	reader->dmabuf = *dmabuf;
	find_format(dmabuf->fourcc, &reader->format);
	if (is_linear(fd, dmabuf, gbm) ? !map_linear(reader, error)
				       : !dmabuf_import_tiled(reader, gbm, error)) {
		dmabuf_reader_destroy(reader);
		return NULL;
	}
	return reader;
}

void dmabuf_reader_destroy(struct dmabuf_reader *reader)
{
	if (!reader)
		return;
	if (reader->image)
		pixman_image_unref(reader->image);
	if (reader->guard != GUARD_NONE)
		guard_remove(reader->guard);
	if (reader->memory) {
		munmap(reader->memory, reader->size);
		account_discharge_mapping(reader->account, reader->size);
	}
	tiled_image_destroy(reader->tiled);
	g_free(reader);
}

bool dmabuf_reader_is_mapped(const struct dmabuf_reader *reader)
{
	return reader->image != NULL;
}

/* The exporter may ask for another try, but not for ever: nothing else runs meanwhile. */
static bool sync_reading(int fd, uint64_t edge)
{
	struct dma_buf_sync sync = {.flags = DMA_BUF_SYNC_READ | edge};

	for (int i = 0; i < SYNC_TRIES; i++) {
		if (ioctl(fd, DMA_BUF_IOCTL_SYNC, &sync) == 0)
			return true;
		if (errno != EINTR && errno != EAGAIN)
			return false;
	}
	return false;
}

static void composite(pixman_image_t *from, int32_t x, int32_t y, struct surface *surface,
	const struct kms_rect *rect)
{
	pixman_image_composite32(PIXMAN_OP_SRC, from, NULL, surface_image(surface), x, y, 0, 0,
		rect->x, rect->y, rect->width, rect->height);
}

/* False: its memory went away meanwhile, and what was copied is not whole. */
static bool copy_linear(struct dmabuf_reader *reader, struct surface *surface,
	const struct kms_rect *rect)
{
	bool done;

	if (reader->sync && !sync_reading(reader->fd, DMA_BUF_SYNC_START))
		return false;
	if (surface_kept(surface))
		surface_begin(surface, rect);
	composite(reader->image, (int32_t)reader->dmabuf.x + rect->x,
		(int32_t)reader->dmabuf.y + rect->y, surface, rect);
	if (reader->sync)
		sync_reading(reader->fd, DMA_BUF_SYNC_END);
	done = !guard_lost(reader->guard);
	if (done && surface_kept(surface))
		surface_end(surface);
	return done;
}

static bool copy_tiled(struct dmabuf_reader *reader, struct surface *surface,
	const struct kms_rect *rect)
{
	pixman_image_t *image = dmabuf_map_tiled(reader, rect);

	if (!image)
		return false;
	if (surface_kept(surface))
		surface_begin(surface, rect);
	composite(image, 0, 0, surface, rect);
	if (surface_kept(surface))
		surface_end(surface);
	dmabuf_unmap_tiled(reader, image);
	return true;
}

bool dmabuf_reader_copy(struct dmabuf_reader *reader, struct surface *surface,
	const struct kms_rect *rect)
{
	return reader->image ? copy_linear(reader, surface, rect)
			     : copy_tiled(reader, surface, rect);
}

bool dmabuf_reader_draw(struct dmabuf_reader *reader, const struct place *place,
	const struct copy_target *target)
{
	struct place moved = *place;

	if (!reader->image)
		return dmabuf_draw_tiled(reader, place, target);
	moved.source.x += (int32_t)reader->dmabuf.x;
	moved.source.y += (int32_t)reader->dmabuf.y;
	if (reader->sync && !sync_reading(reader->fd, DMA_BUF_SYNC_START))
		return false;
	copy_image(target, reader->image, &moved);
	if (reader->sync)
		sync_reading(reader->fd, DMA_BUF_SYNC_END);
	return !guard_lost(reader->guard);
}

/* One to one; memory is copied faster by itself than as pixels. */
static void draw_part(const struct dmabuf_reader *reader, const struct place *place,
	const struct copy_target *target, const struct kms_rect *part)
{
	int32_t x = part->x - place->destination.x + place->source.x + (int32_t)reader->dmabuf.x;
	int32_t y = part->y - place->destination.y + place->source.y + (int32_t)reader->dmabuf.y;
	int stride = pixman_image_get_stride(reader->image);
	const uint8_t *from = (const uint8_t *)pixman_image_get_data(reader->image);

	if (reader->format != PIXMAN_x8r8g8b8 || stride < 0) {
		pixman_image_composite32(PIXMAN_OP_SRC, reader->image, NULL, target->image, x, y, 0,
			0, part->x, part->y, part->width, part->height);
		return;
	}
	copy_rows(target->pixels + (size_t)part->y * target->stride + (size_t)part->x * 4,
		target->stride, from + (size_t)y * (size_t)stride + (size_t)x * 4, (uint32_t)stride,
		(size_t)part->width * 4, (uint32_t)part->height);
}

bool dmabuf_reader_draw_parts(struct dmabuf_reader *reader, const struct place *place,
	const struct copy_target *target, const struct damage *parts)
{
	if (reader->sync && !sync_reading(reader->fd, DMA_BUF_SYNC_START))
		return false;
	for (size_t i = 0; i < parts->count; i++)
		draw_part(reader, place, target, &parts->rects[i]);
	if (reader->sync)
		sync_reading(reader->fd, DMA_BUF_SYNC_END);
	return !guard_lost(reader->guard);
}
