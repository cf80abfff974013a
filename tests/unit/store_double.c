/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "store_double.h"

#include <errno.h>
#include <fcntl.h>
#include <glib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "channel_fixture.h"

#define STORED_MAX 8

struct order {
	bool keep; /* else: forget */
	char name[200];
};

static struct {
	char names[STORED_MAX][200];
	int fds[STORED_MAX]; /* -1: the place is free */
	int orders[2]; /* daemons write to the first */
} store;

static int find(const char *name)
{
	for (int i = 0; i < STORED_MAX; i++) {
		if (store.fds[i] >= 0 && strcmp(store.names[i], name) == 0)
			return i;
	}
	return -1;
}

static void drop(const char *name)
{
	int place = find(name);

	if (place < 0)
		return;
	close(store.fds[place]);
	store.fds[place] = -1;
}

static void put(const char *name, int fd)
{
	int place = 0;

	drop(name);
	while (store.fds[place] >= 0)
		g_assert_cmpint(++place, <, STORED_MAX);
	store.fds[place] = fd;
	g_strlcpy(store.names[place], name, sizeof(store.names[place]));
}

/* What those that have died have told it, also with their last words. */
void store_double_follow(void)
{
	struct order order;
	struct iovec text = {&order, sizeof(order)};

	for (;;) {
		union {
			struct cmsghdr header;
			char bytes[CMSG_SPACE(sizeof(int))];
		} control;
		struct msghdr message = {.msg_iov = &text,
			.msg_iovlen = 1,
			.msg_control = control.bytes,
			.msg_controllen = sizeof(control.bytes)};
		int fd = -1;

		if (recvmsg(store.orders[1], &message, MSG_DONTWAIT | MSG_CMSG_CLOEXEC) < 0)
			break;
		if (!order.keep) {
			drop(order.name);
			continue;
		}
		g_assert_nonnull(CMSG_FIRSTHDR(&message));
		memcpy(&fd, CMSG_DATA(CMSG_FIRSTHDR(&message)), sizeof(fd));
		put(order.name, fd);
	}
	g_assert_cmpint(errno, ==, EAGAIN);
}

int store_double_take(const char *name)
{
	int place = find(name);

	return place < 0 ? -1 : fcntl(store.fds[place], F_DUPFD_CLOEXEC, 3);
}

void store_double_tell(bool keep, const char *name, int fd)
{
	struct order order = {.keep = keep};

	g_strlcpy(order.name, name, sizeof(order.name));
	fixture_send_on(store.orders[0], &order, sizeof(order), &fd, fd >= 0 ? 1 : 0);
}

void store_double_lose(const char *part)
{
	for (int i = 0; i < STORED_MAX; i++) {
		if (store.fds[i] >= 0 && strstr(store.names[i], part))
			drop(store.names[i]);
	}
}

void store_double_open(void)
{
	memset(store.fds, 0xff, sizeof(store.fds));
	g_assert_cmpint(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, store.orders), ==, 0);
}

void store_double_close(void)
{
	store_double_follow();
	for (int i = 0; i < STORED_MAX; i++)
		g_assert_cmpint(store.fds[i], ==, -1);
	close(store.orders[0]);
	close(store.orders[1]);
}
