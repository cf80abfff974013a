/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Makes the memory that DMABUF_SCANOUT hands over. Called by script.c.
 */
#include "memory.h"

#include <drm_fourcc.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/dma-buf.h>
#include <linux/udmabuf.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#define DEVICE "/dev/udmabuf"

/* The kernel's fences for tests (drivers/dma-buf/sw_sync.c), which no header of user space has: a
 * timeline is a number that grows; a fence signals when it has grown to the fence's. */
#define SW_SYNC "/sys/kernel/debug/sync/sw_sync"

struct sw_sync_create_fence {
	uint32_t value;
	char name[32];
	int32_t fence; /* answer: its fd */
};

#define SW_SYNC_CREATE_FENCE _IOWR('W', 0, struct sw_sync_create_fence)
#define SW_SYNC_INCREASE _IOW('W', 1, uint32_t)

/* Whole pages, as udmabuf wants it, and at least one. */
static size_t round_to_pages(size_t size)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);

	return MAX((size + page - 1) / page, 1) * page;
}

/* A memfd of that size, mapped. */
static int make_memfd(struct memory *memory, GError **error)
{
	int fd = memfd_create(memory->name, MFD_CLOEXEC | MFD_ALLOW_SEALING);

	if (fd < 0 || ftruncate(fd, (off_t)memory->size) < 0) {
		backend_fail(error, BACKEND_ERROR_SYSTEM, "memfd of %zu bytes: %s", memory->size,
			g_strerror(errno));
		goto fail;
	}
	void *bytes = mmap(NULL, memory->size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (bytes == MAP_FAILED) {
		backend_fail(error, BACKEND_ERROR_SYSTEM, "mmap: %s", g_strerror(errno));
		goto fail;
	}
	memory->bytes = bytes;
	return fd;
fail:
	if (fd >= 0)
		close(fd);
	return -1;
}

static int make_udmabuf(struct memory *memory, GError **error)
{
	int memfd = make_memfd(memory, error);
	int device = -1;
	int fd = -1;

	if (memfd < 0)
		return -1;
	device = open(DEVICE, O_RDWR | O_CLOEXEC);
	if (device < 0) {
		backend_fail(error, BACKEND_ERROR_SYSTEM, DEVICE ": %s", g_strerror(errno));
	} else if (fcntl(memfd, F_ADD_SEALS, F_SEAL_SHRINK) < 0) {
		backend_fail(error, BACKEND_ERROR_SYSTEM, "F_SEAL_SHRINK: %s", g_strerror(errno));
	} else {
		struct udmabuf_create create = {
			.memfd = (uint32_t)memfd,
			.flags = UDMABUF_FLAGS_CLOEXEC,
			.size = memory->size,
		};
		fd = ioctl(device, UDMABUF_CREATE, &create);
		if (fd < 0)
			backend_fail(error, BACKEND_ERROR_SYSTEM, "UDMABUF_CREATE: %s",
				g_strerror(errno));
	}
	if (device >= 0)
		close(device);
	close(memfd);
	return fd;
}

/* The end of a pipe or of a socket pair, whose other end is gone. */
static int make_useless(const char *kind)
{
	int pair[2];

	if (g_str_equal(kind, "null"))
		return open("/dev/null", O_RDWR | O_CLOEXEC);
	if (g_str_equal(kind, "pipe") ? pipe2(pair, O_CLOEXEC)
				      : socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair))
		return -1;
	close(pair[1]);
	return pair[0];
}

static bool make_fd(struct memory *memory, const char *kind, GError **error)
{
	if (g_str_equal(kind, "short"))
		memory->size = round_to_pages(1);
	if (g_str_equal(kind, "udmabuf") || g_str_equal(kind, "short")) {
		memory->fd = make_udmabuf(memory, error);
	} else if (g_str_equal(kind, "memfd")) {
		memory->fd = make_memfd(memory, error);
	} else if (g_str_equal(kind, "null") || g_str_equal(kind, "pipe") ||
		g_str_equal(kind, "socket")) {
		memory->size = 0;
		memory->fd = make_useless(kind);
		if (memory->fd < 0)
			return backend_fail(error, BACKEND_ERROR_SYSTEM, "%s: %s", kind,
				g_strerror(errno));
	} else {
		return backend_fail(error, BACKEND_ERROR_SCRIPT, "there is no memory \"%s\"", kind);
	}
	return memory->fd >= 0;
}

struct memory *memory_create(const char *name, const char *kind, uint32_t width, uint32_t height,
	uint32_t stride, uint32_t fourcc, GError **error)
{
	struct memory *memory = g_new0(struct memory, 1);

	memory->name = g_strdup(name);
	memory->fd = -1;
	memory->timeline = -1;
	memory->width = width;
	memory->height = height;
	memory->stride = stride;
	memory->fourcc = fourcc;
	memory->size = round_to_pages((size_t)stride * height);
	if (!make_fd(memory, kind, error)) {
		memory_destroy(memory);
		return NULL;
	}
	return memory;
}

void memory_destroy(struct memory *memory)
{
	if (!memory)
		return;
	if (memory->bytes)
		munmap(memory->bytes, memory->size);
	/* What was not signalled is signalled then. */
	if (memory->timeline >= 0)
		close(memory->timeline);
	if (memory->fd >= 0)
		close(memory->fd);
	g_free(memory->name);
	g_free(memory);
}

bool memory_picture(const struct memory *memory, struct picture *picture)
{
	if (!memory->bytes || memory->stride < (uint64_t)memory->width * sizeof(uint32_t) ||
		(uint64_t)memory->stride * memory->height > memory->size)
		return false;
	*picture = (struct picture){
		.row = memory->bytes,
		.width = memory->width,
		.height = memory->height,
		.stride = memory->stride,
		.swapped = memory->fourcc == DRM_FORMAT_XBGR8888 ||
			memory->fourcc == DRM_FORMAT_ABGR8888,
	};
	return true;
}

bool memory_busy(struct memory *memory, GError **error)
{
	struct sw_sync_create_fence create = {.value = memory->fences + 1, .name = "backend"};
	struct dma_buf_import_sync_file import = {.flags = DMA_BUF_SYNC_WRITE};
	bool imported;

	if (memory->timeline < 0)
		memory->timeline = open(SW_SYNC, O_RDWR | O_CLOEXEC);
	if (memory->timeline < 0)
		return backend_fail(error, BACKEND_ERROR_SYSTEM, SW_SYNC ": %s", g_strerror(errno));
	if (ioctl(memory->timeline, SW_SYNC_CREATE_FENCE, &create) < 0)
		return backend_fail(error, BACKEND_ERROR_SYSTEM, "a fence: %s", g_strerror(errno));
	memory->fences++;
	import.fd = create.fence;
	imported = ioctl(memory->fd, DMA_BUF_IOCTL_IMPORT_SYNC_FILE, &import) == 0;
	if (!imported)
		backend_fail(error, BACKEND_ERROR_SYSTEM, "DMA_BUF_IOCTL_IMPORT_SYNC_FILE: %s",
			g_strerror(errno));
	close(create.fence);
	return imported;
}

bool memory_done(struct memory *memory, GError **error)
{
	uint32_t one = 1;

	if (memory->timeline < 0 || ioctl(memory->timeline, SW_SYNC_INCREASE, &one) < 0)
		return backend_fail(error, BACKEND_ERROR_SYSTEM, "buffer \"%s\" is not busy",
			memory->name);
	return true;
}
