/* SPDX-License-Identifier: GPL-2.0-or-later */
/* memfds that pass for dma-bufs. */
#include "fake/fake_dmabuf.h"

#include <fcntl.h>
#include <glib.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
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
		if (fakes[i].memory == memory)
			fakes[i].busy = busy;
	}
}

bool fake_dmabuf_is_busy(int fd)
{
	const struct fake *fake = find_fake(fd);

	return fake && fake->busy;
}

int fstatfs(int fd, struct statfs *file_system)
{
	int result = (int)syscall(SYS_fstatfs, fd, file_system);

	if (result == 0 && fake_dmabuf_is_one(fd))
		file_system->f_type = DMA_BUF_MAGIC_NUMBER;
	return result;
}

static const char *exporter = "fake";

void fake_dmabuf_set_exporter(const char *lines)
{
	exporter = lines;
}

/* What procfs says of one. */
static int open_info(void)
{
	g_autofree char *text = g_strdup_printf("pos:\t0\nflags:\t02000002\nmnt_id:\t15\nino:\t7\n"
						"size:\t4096\ncount:\t1\nexp_name:\t%s\n",
		exporter);
	ssize_t size = (ssize_t)strlen(text);
	int fd = memfd_create("fdinfo", MFD_CLOEXEC);

	g_assert_cmpint(pwrite(fd, text, (size_t)size, 0), ==, size);
	return fd;
}

int open(const char *path, int flags, ...)
{
	va_list arguments;
	mode_t mode = 0;
	int fd;

	if (sscanf(path, "/proc/self/fdinfo/%d", &fd) == 1 && fake_dmabuf_is_one(fd))
		return open_info();
	if (flags & (O_CREAT | __O_TMPFILE)) {
		va_start(arguments, flags);
		mode = va_arg(arguments, mode_t);
		va_end(arguments);
	}
	return (int)syscall(SYS_openat, AT_FDCWD, path, flags, mode);
}
