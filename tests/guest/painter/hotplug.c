/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "hotplug.h"

#include <errno.h>
#include <linux/netlink.h>
#include <stdbool.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define GROUP_KERNEL 1

int hotplug_listen(void)
{
	const struct sockaddr_nl address = {.nl_family = AF_NETLINK, .nl_groups = GROUP_KERNEL};
	int fd = socket(AF_NETLINK, SOCK_DGRAM | SOCK_CLOEXEC, NETLINK_KOBJECT_UEVENT);
	int error;

	if (fd < 0)
		return -errno;
	if (bind(fd, (const struct sockaddr *)&address, sizeof(address)) == 0)
		return fd;
	error = errno;
	close(fd);
	return -error;
}

/* Texts, each with its end. */
static bool has(const char *message, size_t size, const char *text)
{
	for (size_t at = 0; at < size; at += strlen(message + at) + 1) {
		if (strcmp(message + at, text) == 0)
			return true;
	}
	return false;
}

int hotplug_wait(int fd)
{
	char message[4096];

	while (true) {
		ssize_t got = recv(fd, message, sizeof(message) - 1, 0);

		if (got < 0)
			return -errno;
		message[got] = '\0';
		if (has(message, (size_t)got, "SUBSYSTEM=drm") &&
			has(message, (size_t)got, "HOTPLUG=1"))
			return 0;
	}
}
