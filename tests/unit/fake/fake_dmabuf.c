/* SPDX-License-Identifier: GPL-2.0-or-later */
/* memfds that pass for dma-bufs. */
#include "fake/fake_dmabuf.h"

#include <glib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
#include <unistd.h>

#define DMA_BUF_MAGIC_NUMBER 0x444d4142
#define FAKES_MAX 256

static struct fake {
	ino_t inode;
	const uint32_t *memory;
	bool busy;
} fakes[FAKES_MAX];
static size_t fake_count;
static size_t busy_count;

int fake_dmabuf_create(size_t size, uint32_t **memory)
{
	int fd = memfd_create("fake dma-buf", MFD_CLOEXEC);
	struct stat status;

	g_assert_cmpint(fd, >=, 0);
	g_assert_cmpint(ftruncate(fd, (off_t)size), ==, 0);
	g_assert_cmpint(fstat(fd, &status), ==, 0);
	g_assert_cmpuint(fake_count, <, FAKES_MAX);
	fakes[fake_count].inode = status.st_ino;
	if (memory) {
		void *mapping = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

		g_assert_true(mapping != MAP_FAILED);
		*memory = mapping;
		fakes[fake_count].memory = mapping;
	}
	fake_count++;
	return fd;
}

static const struct fake *find_fake(int fd)
{
	struct stat status;

	if (fstat(fd, &status) < 0)
		return NULL;
	for (size_t i = 0; i < fake_count; i++) {
		if (fakes[i].inode == status.st_ino)
			return &fakes[i];
	}
	return NULL;
}

bool fake_dmabuf_is_one(int fd)
{
	return find_fake(fd) != NULL;
}

void fake_dmabuf_note_busy(const uint32_t *memory, bool busy)
{
	for (size_t i = 0; i < fake_count; i++) {
		if (fakes[i].memory != memory || fakes[i].busy == busy)
			continue;
		fakes[i].busy = busy;
		busy_count += busy ? 1 : (size_t)-1;
	}
}

bool fake_dmabuf_any_busy(void)
{
	return busy_count > 0;
}

bool fake_dmabuf_find(int fd, bool *busy)
{
	const struct fake *fake = find_fake(fd);

	*busy = fake && fake->busy;
	return fake != NULL;
}

bool fake_dmabuf_is_busy(int fd)
{
	bool busy;

	fake_dmabuf_find(fd, &busy);
	return busy;
}

int fstatfs(int fd, struct statfs *file_system)
{
	int result = (int)syscall(SYS_fstatfs, fd, file_system);

	if (result == 0 && fake_dmabuf_is_one(fd))
		file_system->f_type = DMA_BUF_MAGIC_NUMBER;
	return result;
}
