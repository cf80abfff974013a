/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "wire/peer_fd.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

bool peer_fd_is_memory(int fd)
{
	return fcntl(fd, F_GET_SEALS) >= 0;
}

/* A file with a name begins with '/' there: none can pass for this. */
bool peer_fd_is_eventfd(int fd)
{
	static const char eventfd[] = "anon_inode:[eventfd]";
	char path[32];
	char target[sizeof(eventfd)];
	ssize_t length;

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	length = readlink(path, target, sizeof(target));
	return length == sizeof(eventfd) - 1 && memcmp(target, eventfd, sizeof(eventfd) - 1) == 0;
}

/* dma-bufs alone write this line, behind four of which each fd has some. */
bool peer_fd_is_dmabuf(int fd)
{
	char path[40];
	char text[512];
	ssize_t length;
	int info;

	snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", fd);
	info = openat(AT_FDCWD, path, O_RDONLY | O_CLOEXEC);
	if (info < 0)
		return false;
	length = read(info, text, sizeof(text) - 1);
	close(info);
	if (length <= 0)
		return false;
	text[length] = '\0';
	return strstr(text, "\nexp_name:\t") != NULL;
}
