/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "double_private.h"

#include <drm_fourcc.h>
#include <errno.h>
#include <glib.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>
#include <xf86drm.h>

#include "raw_mmap.h"

#ifndef DRM_IOCTL_MODE_CLOSEFB
struct drm_mode_closefb {
	__u32 fb_id;
	__u32 pad;
};
#define DRM_IOCTL_MODE_CLOSEFB DRM_IOWR(0xD0, struct drm_mode_closefb)
#endif

struct handle {
	uint32_t id;
	ino_t inode; /* of an imported dma-buf; 0: dumb */
	int memory; /* a dumb buffer's: a memfd; -1 */
	void *pixels; /* our own view of it */
	size_t size;
};

struct blob {
	uint32_t id;
	size_t size;
	void *data;
	bool destroyed; /* by its maker; a state may still hold it */
};

static struct {
	GArray *handles;
	GArray *framebuffers;
	GArray *blobs;
	GArray *closed; /* framebuffers: by CLOSEFB, while they were on the screen */
	uint32_t next_handle;
	uint32_t next_framebuffer;
	uint32_t next_blob;
} memory;

static drmModeModeInfo make_mode(uint16_t width, uint16_t height, uint32_t clock, uint32_t type)
{
	drmModeModeInfo mode = {
		.clock = clock,
		.hdisplay = width,
		.hsync_start = (uint16_t)(width + 24),
		.hsync_end = (uint16_t)(width + 160),
		.htotal = (uint16_t)(width + 320),
		.vdisplay = height,
		.vsync_start = (uint16_t)(height + 3),
		.vsync_end = (uint16_t)(height + 9),
		.vtotal = (uint16_t)(height + 38),
		.vrefresh = 60,
		.type = type,
	};

	g_snprintf(mode.name, sizeof(mode.name), "%ux%u", width, height);
	return mode;
}

const drmModeModeInfo *double_modes(size_t *count)
{
	static drmModeModeInfo modes[3];

	if (double_card.modes) {
		*count = double_card.mode_count;
		return double_card.modes;
	}
	modes[0] = make_mode(1024, 768, 65000, DRM_MODE_TYPE_PREFERRED);
	modes[1] = make_mode(800, 600, 42900, 0);
	modes[2] = make_mode(640, 480, 29800, 0);
	*count = G_N_ELEMENTS(modes);
	return modes;
}

static void free_handle(struct handle *handle)
{
	if (handle->pixels)
		munmap(handle->pixels, handle->size);
	if (handle->memory >= 0)
		close(handle->memory);
}

void double_memory_reset(void)
{
	if (memory.handles) {
		for (guint i = 0; i < memory.handles->len; i++)
			free_handle(&g_array_index(memory.handles, struct handle, i));
		for (guint i = 0; i < memory.blobs->len; i++)
			free(g_array_index(memory.blobs, struct blob, i).data);
		g_array_free(memory.handles, TRUE);
		g_array_free(memory.framebuffers, TRUE);
		g_array_free(memory.blobs, TRUE);
		g_array_free(memory.closed, TRUE);
	}
	memory.handles = g_array_new(FALSE, TRUE, sizeof(struct handle));
	memory.framebuffers = g_array_new(FALSE, TRUE, sizeof(struct double_framebuffer));
	memory.blobs = g_array_new(FALSE, TRUE, sizeof(struct blob));
	memory.closed = g_array_new(FALSE, TRUE, sizeof(struct double_framebuffer));
	memory.next_handle = 0x6e000001;
	memory.next_framebuffer = 0xfb000001;
	memory.next_blob = 0xb1000001;
}

/* ---- handles ---- */

static int find_handle(uint32_t id)
{
	for (guint i = 0; i < memory.handles->len; i++) {
		if (g_array_index(memory.handles, struct handle, i).id == id)
			return (int)i;
	}
	return -1;
}

unsigned int double_handle_count(void)
{
	return memory.handles->len;
}

static bool drop_handle(uint32_t id)
{
	int index = find_handle(id);

	if (index < 0) {
		double_fault("handle 0x%x is closed, which is not open", id);
		errno = EINVAL;
		return false;
	}
	free_handle(&g_array_index(memory.handles, struct handle, index));
	g_array_remove_index_fast(memory.handles, (guint)index);
	return true;
}

int drmPrimeFDToHandle(int fd, int dmabuf, uint32_t *id)
{
	struct handle handle = {.memory = -1};
	struct stat identity;

	double_counters.imports++;
	if (!double_ioctl() || double_scripted(DOUBLE_IMPORT))
		return -1;
	if (fstat(dmabuf, &identity) != 0)
		return -1;
	/* The same dma-buf is the same handle, and no reference more. */
	for (guint i = 0; i < memory.handles->len; i++) {
		if (g_array_index(memory.handles, struct handle, i).inode == identity.st_ino) {
			*id = g_array_index(memory.handles, struct handle, i).id;
			return 0;
		}
	}
	handle.id = memory.next_handle++;
	handle.inode = identity.st_ino;
	g_array_append_val(memory.handles, handle);
	*id = handle.id;
	return 0;
}

int drmCloseBufferHandle(int fd, uint32_t id)
{
	if (!double_ioctl())
		return -1;
	double_counters.handles_closed++;
	return drop_handle(id) ? 0 : -1;
}

/* What comes of it is no dma-buf: it knows none of their ioctls. */
int drmPrimeHandleToFD(int fd, uint32_t id, uint32_t flags, int *dmabuf)
{
	if (!double_ioctl())
		return -1;
	if (find_handle(id) < 0) {
		errno = ENOENT;
		return -1;
	}
	*dmabuf = memfd_create("double", MFD_CLOEXEC);
	return 0;
}

/* ---- dumb buffers ---- */

int drmModeCreateDumbBuffer(int fd, uint32_t width, uint32_t height, uint32_t bpp, uint32_t flags,
	uint32_t *id, uint32_t *pitch, uint64_t *size)
{
	struct handle handle = {.memory = -1};

	if (!double_ioctl() || double_scripted(DOUBLE_CREATE_DUMB))
		return -errno;
	*pitch = (width * bpp / 8 + 63) & ~UINT32_C(63);
	*size = (uint64_t)*pitch * height;
	handle.id = memory.next_handle++;
	handle.size = (size_t)*size;
	g_array_append_val(memory.handles, handle);
	*id = handle.id;
	return 0;
}

int drmModeDestroyDumbBuffer(int fd, uint32_t id)
{
	if (!double_ioctl())
		return -errno;
	return drop_handle(id) ? 0 : -EINVAL;
}

/* The offset is the handle: mmap() below knows it again. */
int drmModeMapDumbBuffer(int fd, uint32_t id, uint64_t *offset)
{
	int index = find_handle(id);
	struct handle *handle;

	if (!double_ioctl())
		return -errno;
	if (index < 0) {
		errno = ENOENT;
		return -errno;
	}
	handle = &g_array_index(memory.handles, struct handle, index);
	if (handle->memory < 0) {
		handle->memory = memfd_create("double", MFD_CLOEXEC);
		g_assert_cmpint(ftruncate(handle->memory, (off_t)handle->size), ==, 0);
		handle->pixels = raw_mmap(NULL, handle->size, PROT_READ | PROT_WRITE, MAP_SHARED,
			handle->memory, (off_t)0);
	}
	*offset = (uint64_t)id << 12;
	return 0;
}

/*
 * Dumb buffers are mapped through the card's descriptor, which is a socket here. This stands before
 * libc's mmap() in the whole process, knows the offsets that drmModeMapDumbBuffer() gave, and
 * passes on everything else.
 */
void *mmap(void *address, size_t length, int protection, int flags, int fd, off_t offset)
{
	uint32_t id = (uint32_t)((uint64_t)offset >> 12);

	if (id >> 24 == 0x6e && memory.handles) {
		int index = find_handle(id);

		if (index >= 0) {
			fd = g_array_index(memory.handles, struct handle, index).memory;
			offset = 0;
		}
	}
	return raw_mmap(address, length, protection, flags, fd, offset);
}

/* ---- framebuffers ---- */

static int find_framebuffer(uint32_t id)
{
	for (guint i = 0; i < memory.framebuffers->len; i++) {
		if (g_array_index(memory.framebuffers, struct double_framebuffer, i).id == id)
			return (int)i;
	}
	return -1;
}

const struct double_framebuffer *double_framebuffer(uint32_t id)
{
	int index = find_framebuffer(id);

	return index < 0 ? NULL
			 : &g_array_index(memory.framebuffers, struct double_framebuffer, index);
}

unsigned int double_framebuffer_count(void)
{
	return memory.framebuffers->len;
}

const uint32_t *double_pixels(uint32_t id)
{
	const struct double_framebuffer *framebuffer = double_framebuffer(id);
	int index = framebuffer ? find_handle(framebuffer->handle) : -1;

	return index < 0 ? NULL : g_array_index(memory.handles, struct handle, index).pixels;
}

uint32_t double_memory_foreign_framebuffer(uint32_t width, uint32_t height)
{
	const struct double_framebuffer framebuffer = {
		.id = memory.next_framebuffer++,
		.width = width,
		.height = height,
		.fourcc = DRM_FORMAT_XRGB8888,
		.stride = width * 4,
		.modifier = DRM_FORMAT_MOD_INVALID,
	};

	g_array_append_val(memory.framebuffers, framebuffer);
	return framebuffer.id;
}

static int refuse(int error)
{
	double_counters.framebuffers_refused++;
	errno = error;
	return -error;
}

static int add_framebuffer(struct double_framebuffer framebuffer, uint32_t *id)
{
	if (!double_ioctl())
		return -errno;
	if (double_scripted(DOUBLE_ADD_FB))
		return refuse(errno);
	if (find_handle(framebuffer.handle) < 0)
		return refuse(ENOENT);
	if (!framebuffer.width || !framebuffer.height ||
		framebuffer.stride < (uint64_t)framebuffer.width * 4)
		return refuse(EINVAL);
	if (framebuffer.fourcc != DRM_FORMAT_XRGB8888 && framebuffer.fourcc != DRM_FORMAT_ARGB8888)
		return refuse(EINVAL);
	if (framebuffer.fourcc == DRM_FORMAT_XRGB8888 && double_card.no_opaque)
		return refuse(EINVAL);
	framebuffer.id = memory.next_framebuffer++;
	g_array_append_val(memory.framebuffers, framebuffer);
	double_counters.framebuffers_added++;
	*id = framebuffer.id;
	return 0;
}

int drmModeAddFB2(int fd, uint32_t width, uint32_t height, uint32_t fourcc,
	const uint32_t handles[4], const uint32_t strides[4], const uint32_t offsets[4],
	uint32_t *id, uint32_t flags)
{
	return add_framebuffer(
		(struct double_framebuffer){
			.width = width,
			.height = height,
			.fourcc = fourcc,
			.stride = strides[0],
			.modifier = DRM_FORMAT_MOD_INVALID,
			.handle = handles[0],
		},
		id);
}

int drmModeAddFB2WithModifiers(int fd, uint32_t width, uint32_t height, uint32_t fourcc,
	const uint32_t handles[4], const uint32_t strides[4], const uint32_t offsets[4],
	const uint64_t modifiers[4], uint32_t *id, uint32_t flags)
{
	if (!modifiers)
		return drmModeAddFB2(fd, width, height, fourcc, handles, strides, offsets, id,
			flags);
	if (modifiers[0] == DRM_FORMAT_MOD_INVALID)
		double_fault("AddFB2 with the modifiers flag and DRM_FORMAT_MOD_INVALID");
	if (!double_card.modifiers)
		double_fault("AddFB2 with a modifier on a card without");
	if ((modifiers[0] == DRM_FORMAT_MOD_LINEAR && double_card.linear_implicit) ||
		(modifiers[0] != DRM_FORMAT_MOD_LINEAR &&
			!(double_card.tiled && modifiers[0] == DOUBLE_TILED))) {
		double_ioctl();
		return refuse(EINVAL);
	}
	return add_framebuffer(
		(struct double_framebuffer){
			.width = width,
			.height = height,
			.fourcc = fourcc,
			.stride = strides[0],
			.modifier = modifiers[0],
			.handle = handles[0],
		},
		id);
}

/* Those of this file, for GetResources. The caller's. */
uint32_t *double_memory_framebuffers(size_t *count)
{
	uint32_t *ids = calloc(memory.framebuffers->len + 1, sizeof(*ids));

	*count = 0;
	for (guint i = 0; i < memory.framebuffers->len; i++) {
		const struct double_framebuffer *framebuffer = &g_array_index(memory.framebuffers,
			struct double_framebuffer, i);

		if (framebuffer->handle)
			ids[(*count)++] = framebuffer->id;
	}
	return ids;
}

/* One that was closed can be read as long as it is shown. */
static const struct double_framebuffer *find_shown(uint32_t id)
{
	for (guint i = 0; i < memory.closed->len && double_on_screen(id); i++) {
		const struct double_framebuffer *framebuffer = &g_array_index(memory.closed,
			struct double_framebuffer, i);

		if (framebuffer->id == id)
			return framebuffer;
	}
	return double_framebuffer(id);
}

/* The memory behind it gets a handle of the caller's, as the kernel gives it to a master. */
drmModeFB2Ptr drmModeGetFB2(int fd, uint32_t id)
{
	const struct double_framebuffer *framebuffer = find_shown(id);
	struct handle handle = {.id = memory.next_handle, .memory = -1};
	drmModeFB2Ptr read;

	if (!double_ioctl())
		return NULL;
	if (!framebuffer || double_card.no_getfb2) {
		errno = framebuffer ? EINVAL : ENOENT;
		return NULL;
	}
	memory.next_handle++;
	g_array_append_val(memory.handles, handle);
	read = calloc(1, sizeof(*read));
	read->fb_id = id;
	read->width = framebuffer->width;
	read->height = framebuffer->height;
	read->pixel_format = framebuffer->fourcc;
	read->pitches[0] = framebuffer->stride;
	read->handles[0] = handle.id;
	return read;
}

void drmModeFreeFB2(drmModeFB2Ptr read)
{
	free(read);
}

static int drop_framebuffer(uint32_t id)
{
	int index = find_framebuffer(id);

	if (index < 0) {
		double_fault("framebuffer 0x%x is dropped, which is not there", id);
		errno = ENOENT;
		return -1;
	}
	g_array_remove_index_fast(memory.framebuffers, (guint)index);
	return 0;
}

int drmModeRmFB(int fd, uint32_t id)
{
	if (!double_ioctl())
		return -1;
	if (double_on_screen(id))
		double_fault("RMFB of framebuffer 0x%x, which is on the screen", id);
	double_counters.framebuffers_removed++;
	return drop_framebuffer(id);
}

/* The n-th handle is called n there, as the kernel would call it. */
static int close_number(uint32_t number)
{
	int index = find_handle(0x6e000000 + number);

	if (index < 0) {
		errno = EINVAL;
		return -1;
	}
	free_handle(&g_array_index(memory.handles, struct handle, index));
	g_array_remove_index_fast(memory.handles, (guint)index);
	return 0;
}

static int close_framebuffer(uint32_t id)
{
	const struct double_framebuffer *framebuffer = double_framebuffer(id);

	double_counters.framebuffers_closed++;
	if (framebuffer && double_on_screen(id))
		g_array_append_vals(memory.closed, framebuffer, 1);
	return drop_framebuffer(id);
}

int drmIoctl(int fd, unsigned long request, void *argument)
{
	if (!double_ioctl())
		return -1;
	if (request == DRM_IOCTL_GEM_CLOSE)
		return close_number(((struct drm_gem_close *)argument)->handle);
	if (request != DRM_IOCTL_MODE_CLOSEFB || !double_card.closefb) {
		errno = EINVAL;
		return -1;
	}
	return close_framebuffer(((struct drm_mode_closefb *)argument)->fb_id);
}

/* ---- blobs ---- */

static int find_blob(uint32_t id)
{
	for (guint i = 0; i < memory.blobs->len; i++) {
		if (g_array_index(memory.blobs, struct blob, i).id == id)
			return (int)i;
	}
	return -1;
}

/* Blobs outlive their maker where a state holds them, so that none is freed before the reset. */
const void *double_blob(uint32_t id, size_t *size)
{
	int index = find_blob(id);

	if (index < 0)
		return NULL;
	if (size)
		*size = g_array_index(memory.blobs, struct blob, index).size;
	return g_array_index(memory.blobs, struct blob, index).data;
}

int drmModeCreatePropertyBlob(int fd, const void *data, size_t size, uint32_t *id)
{
	struct blob blob = {.size = size};

	if (!double_ioctl() || double_scripted(DOUBLE_CREATE_BLOB))
		return -errno;
	double_counters.blobs_created++;
	blob.id = memory.next_blob++;
	blob.data = g_memdup2(data, size);
	g_array_append_val(memory.blobs, blob);
	*id = blob.id;
	return 0;
}

uint32_t double_memory_blob(const void *data, size_t size)
{
	struct blob blob = {
		.id = memory.next_blob++,
		.size = size,
		.data = g_memdup2(data, size),
	};

	g_array_append_val(memory.blobs, blob);
	return blob.id;
}

int drmModeDestroyPropertyBlob(int fd, uint32_t id)
{
	int index = find_blob(id);

	if (!double_ioctl())
		return -errno;
	if (index < 0 || g_array_index(memory.blobs, struct blob, index).destroyed) {
		double_fault("blob 0x%x is destroyed, which is not there", id);
		errno = ENOENT;
		return -errno;
	}
	g_array_index(memory.blobs, struct blob, index).destroyed = true;
	return 0;
}

drmModePropertyBlobPtr drmModeGetPropertyBlob(int fd, uint32_t id)
{
	drmModePropertyBlobPtr read;
	const void *data;
	size_t size;

	if (!double_ioctl())
		return NULL;
	data = double_blob(id, &size);
	if (!data) {
		errno = ENOENT;
		return NULL;
	}
	read = calloc(1, sizeof(*read));
	read->id = id;
	read->length = (uint32_t)size;
	read->data = g_memdup2(data, size);
	return read;
}

void drmModeFreePropertyBlob(drmModePropertyBlobPtr read)
{
	if (!read)
		return;
	free(read->data);
	free(read);
}
