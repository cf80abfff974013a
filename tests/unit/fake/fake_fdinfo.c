/* SPDX-License-Identifier: GPL-2.0-or-later */
/* open() and openat() of what procfs says of the dma-bufs of fake_dmabuf.c. */
#include <fcntl.h>
#include <glib.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "fake/fake_dmabuf.h"

/* A program that makes no such has not got the file: only who has is asked. */
#pragma weak fake_dmabuf_is_one

static const char *exporter = "fake";

void fake_dmabuf_set_exporter(const char *lines)
{
	exporter = lines;
}

static unsigned int infos;

unsigned int fake_dmabuf_infos(void)
{
	return infos;
}

static int open_info(void)
{
	g_autofree char *text = g_strdup_printf("pos:\t0\nflags:\t02000002\nmnt_id:\t15\nino:\t7\n"
						"size:\t4096\ncount:\t1\nexp_name:\t%s\n",
		exporter);
	ssize_t size = (ssize_t)strlen(text);
	int fd = memfd_create("fdinfo", MFD_CLOEXEC);

	infos++;
	/* As open() itself, where there can be no more fds. */
	if (fd < 0)
		return -1;
	g_assert_cmpint(pwrite(fd, text, (size_t)size, 0), ==, size);
	return fd;
}

static bool is_info_of_one(const char *path)
{
	int fd;

	return sscanf(path, "/proc/self/fdinfo/%d", &fd) == 1 && fake_dmabuf_is_one &&
		fake_dmabuf_is_one(fd);
}

static int open_really(int folder, const char *path, int flags, mode_t mode)
{
	return is_info_of_one(path) ? open_info()
				    : (int)syscall(SYS_openat, folder, path, flags, mode);
}

int open(const char *path, int flags, ...)
{
	va_list arguments;
	mode_t mode = 0;

	if (flags & (O_CREAT | __O_TMPFILE)) {
		va_start(arguments, flags);
		mode = va_arg(arguments, mode_t);
		va_end(arguments);
	}
	return open_really(AT_FDCWD, path, flags, mode);
}

int openat(int folder, const char *path, int flags, ...)
{
	va_list arguments;
	mode_t mode = 0;

	if (flags & (O_CREAT | __O_TMPFILE)) {
		va_start(arguments, flags);
		mode = va_arg(arguments, mode_t);
		va_end(arguments);
	}
	return open_really(folder, path, flags, mode);
}
