/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "netlink_double.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/netlink.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#define MONITORS_MAX 4

/* Of udevd's form; numbers are the machine's but for the magic one, which is the network's. */
#define MAGIC 0xfeedcafe

struct udevd_header {
	char prefix[8];
	uint32_t magic;
	uint32_t header_size;
	uint32_t properties_offset;
	uint32_t properties_size;
	uint32_t hashes[4]; /* for the kernel's filter, which is not there */
};

struct monitor {
	int fd; /* libudev's */
	int end; /* ours; 0: none */
	enum netlink_from from;
};

static struct monitor monitors[MONITORS_MAX];

uid_t netlink_double_uid;
int netlink_double_error;

static struct monitor *find(int fd)
{
	for (size_t i = 0; i < MONITORS_MAX; i++)
		if (monitors[i].end > 0 && monitors[i].fd == fd)
			return &monitors[i];
	return NULL;
}

/* ---- in the C library's place ---- */

/* udevd runs. */
int access(const char *path, int mode)
{
	if (strcmp(path, "/run/udev/control") == 0)
		return 0;
	return (int)syscall(SYS_faccessat, AT_FDCWD, path, mode);
}

static int open_monitor(int type)
{
	struct monitor *monitor = monitors;
	int ends[2];

	while (monitor->end > 0)
		monitor++;
	g_assert_true(monitor < monitors + MONITORS_MAX);
	type = SOCK_DGRAM | (type & (SOCK_CLOEXEC | SOCK_NONBLOCK));
	g_assert_cmpint(socketpair(AF_UNIX, type, 0, ends), ==, 0);
	*monitor = (struct monitor){.fd = ends[0], .end = ends[1]};
	return ends[0];
}

int socket(int domain, int type, int protocol)
{
	if (domain == AF_NETLINK && protocol == NETLINK_KOBJECT_UEVENT)
		return open_monitor(type);
	return (int)syscall(SYS_socket, domain, type, protocol);
}

int bind(int fd, const struct sockaddr *address, socklen_t size)
{
	struct monitor *monitor = find(fd);

	if (!monitor)
		return (int)syscall(SYS_bind, fd, address, size);
	monitor->from = ((const struct sockaddr_nl *)(const void *)address)->nl_groups == 1
		? NETLINK_KERNEL
		: NETLINK_UDEVD;
	return 0;
}

int getsockname(int fd, struct sockaddr *address, socklen_t *size)
{
	const struct sockaddr_nl own = {.nl_family = AF_NETLINK, .nl_pid = 77};

	if (!find(fd))
		return (int)syscall(SYS_getsockname, fd, address, size);
	memcpy(address, &own, MIN(*size, sizeof(own)));
	*size = sizeof(own);
	return 0;
}

/* There is no filter, and as much room as there is. */
int setsockopt(int fd, int level, int option, const void *value, socklen_t size)
{
	if (find(fd) && option != SO_PASSCRED)
		return 0;
	return (int)syscall(SYS_setsockopt, fd, level, option, value, size);
}

static void set_sender(const struct monitor *monitor, struct msghdr *message)
{
	const struct sockaddr_nl address = {
		.nl_family = AF_NETLINK,
		.nl_pid = monitor->from == NETLINK_KERNEL ? 0 : 78,
		.nl_groups = monitor->from == NETLINK_KERNEL ? 1 : 2,
	};

	if (message->msg_name) {
		memcpy(message->msg_name, &address, sizeof(address));
		message->msg_namelen = sizeof(address);
	}
	for (struct cmsghdr *part = CMSG_FIRSTHDR(message); part;
		part = CMSG_NXTHDR(message, part)) {
		struct ucred sender = {.uid = netlink_double_uid};

		if (part->cmsg_level == SOL_SOCKET && part->cmsg_type == SCM_CREDENTIALS)
			memcpy(CMSG_DATA(part), &sender, sizeof(sender));
	}
}

ssize_t recvmsg(int fd, struct msghdr *message, int flags)
{
	const struct monitor *monitor = find(fd);
	ssize_t got;

	if (monitor && netlink_double_error) {
		errno = netlink_double_error;
		netlink_double_error = 0;
		return -1;
	}
	got = syscall(SYS_recvmsg, fd, message, flags);
	if (monitor && got >= 0)
		set_sender(monitor, message);
	return got;
}

/* ---- the test's side ---- */

GBytes *netlink_double_event(enum netlink_from from, const char *properties)
{
	g_auto(GStrv) lines = g_strsplit(properties, " ", -1);
	GByteArray *bytes = g_byte_array_new();
	struct udevd_header header = {"libudev", GUINT32_TO_BE(MAGIC), sizeof(header),
		sizeof(header), 0, {0}};

	if (from == NETLINK_UDEVD) {
		for (size_t i = 0; lines[i]; i++)
			header.properties_size += (uint32_t)strlen(lines[i]) + 1;
		g_byte_array_append(bytes, (const guint8 *)&header, sizeof(header));
	} else {
		/* "change@/devices/…" */
		g_autofree char *title = g_strconcat(strchr(lines[0], '=') + 1, "@",
			strchr(lines[1], '=') + 1, NULL);

		g_byte_array_append(bytes, (const guint8 *)title, (guint)strlen(title) + 1);
	}
	for (size_t i = 0; lines[i]; i++)
		g_byte_array_append(bytes, (const guint8 *)lines[i], (guint)strlen(lines[i]) + 1);
	return g_byte_array_free_to_bytes(bytes);
}

void netlink_double_send(enum netlink_from from, GBytes *event, gsize size)
{
	for (size_t i = 0; i < MONITORS_MAX; i++)
		if (monitors[i].end > 0 && monitors[i].from == from)
			g_assert_cmpint(
				send(monitors[i].end, g_bytes_get_data(event, NULL), size, 0), ==,
				(ssize_t)size);
}

bool netlink_double_is_read(void)
{
	char byte;

	for (size_t i = 0; i < MONITORS_MAX; i++)
		if (monitors[i].end > 0 &&
			recv(monitors[i].fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT) >= 0)
			return false;
	return true;
}

void netlink_double_end(void)
{
	for (size_t i = 0; i < MONITORS_MAX; i++)
		if (monitors[i].end > 0)
			close(monitors[i].end);
	memset(monitors, 0, sizeof(monitors));
}
