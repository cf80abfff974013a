/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tools/scanout-gpu/message.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/types.h>
#include <unistd.h>

/* What the kernel could not send is tried again after this; milliseconds. */
#define SEND_AGAIN_MS 20

/* False: too many of them, or this process has no room for more. */
static bool keep_fds(struct msghdr *received, struct message *message)
{
	bool fit = !(received->msg_flags & MSG_CTRUNC);

	for (struct cmsghdr *part = CMSG_FIRSTHDR(received); part;
		part = CMSG_NXTHDR(received, part)) {
		size_t count;
		int fds[VHOST_USER_FDS_MAX];

		if (part->cmsg_level != SOL_SOCKET || part->cmsg_type != SCM_RIGHTS)
			continue;
		count = (part->cmsg_len - CMSG_LEN(0)) / sizeof(int);
		memcpy(fds, CMSG_DATA(part), count * sizeof(int));
		for (size_t i = 0; i < count; i++) {
			if (message->fd_count < VHOST_USER_FDS_MAX) {
				message->fds[message->fd_count++] = fds[i];
			} else {
				close(fds[i]);
				fit = false;
			}
		}
	}
	if (!fit)
		message->fault = "whose fds are too many";
	return fit;
}

/* Whoever made the connection may have made it non-blocking. */
static void wait_until(int fd, short events)
{
	struct pollfd ready = {.fd = fd, .events = events};

	poll(&ready, 1, -1);
}

/* Can it be taken at another time? It has been waited for then. */
static bool take_later(int fd, int number)
{
	if (number == EAGAIN)
		wait_until(fd, POLLIN);
	return number == EAGAIN || number == EINTR;
}

/* The same of what is given. Fds in flight are counted by user, and another VMM's may be too
 * many. */
static bool give_later(int fd, int number)
{
	struct pollfd ended = {.fd = fd};

	if (number == EAGAIN)
		wait_until(fd, POLLOUT);
	if (number == EAGAIN || number == EINTR)
		return true;
	if (number != ETOOMANYREFS && number != ENOBUFS && number != ENOMEM)
		return false;
	return poll(&ended, 1, SEND_AGAIN_MS) <= 0;
}

/* So many bytes of the message. False: the other side has ended. */
static bool take_bytes(int fd, void *bytes, size_t size, struct message *message)
{
	for (size_t have = 0; have < size;) {
		union {
			struct cmsghdr align;
			char bytes[CMSG_SPACE(sizeof(int) * VHOST_USER_FDS_MAX)];
		} control;
		struct iovec iov = {(char *)bytes + have, size - have};
		struct msghdr received = {
			.msg_iov = &iov,
			.msg_iovlen = 1,
			.msg_control = control.bytes,
			.msg_controllen = sizeof(control.bytes),
		};
		ssize_t got = recvmsg(fd, &received, MSG_CMSG_CLOEXEC);

		if (got < 0 && take_later(fd, errno))
			continue;
		if (got <= 0 || !keep_fds(&received, message))
			return false;
		have += (size_t)got;
	}
	return true;
}

bool message_take(int fd, struct message *message)
{
	message->fd_count = 0;
	message->fault = NULL;
	if (!take_bytes(fd, &message->header, sizeof(message->header), message))
		return false;
	if (message->header.size <= VHOST_USER_PAYLOAD_MAX)
		return take_bytes(fd, message->payload, message->header.size, message);
	message->fault = "that is too long";
	return false;
}

/* The fds go with the first byte. */
bool message_give(int fd, const struct message *message)
{
	const size_t size = sizeof(message->header) + message->header.size;
	const size_t fds_size = sizeof(int) * message->fd_count;

	for (size_t given = 0; given < size;) {
		union {
			struct cmsghdr align;
			char bytes[CMSG_SPACE(sizeof(int) * VHOST_USER_FDS_MAX)];
		} control = {0};
		struct iovec iov = {(char *)message + given, size - given};
		struct msghdr sent = {.msg_iov = &iov, .msg_iovlen = 1};
		ssize_t put;

		if (given == 0 && fds_size > 0) {
			control.align.cmsg_level = SOL_SOCKET;
			control.align.cmsg_type = SCM_RIGHTS;
			control.align.cmsg_len = CMSG_LEN(fds_size);
			memcpy(CMSG_DATA(&control.align), message->fds, fds_size);
			sent.msg_control = control.bytes;
			sent.msg_controllen = CMSG_SPACE(fds_size);
		}
		put = sendmsg(fd, &sent, MSG_NOSIGNAL);
		if (put < 0 && !give_later(fd, errno))
			return false;
		given += put > 0 ? (size_t)put : 0;
	}
	return true;
}

void message_close_fds(struct message *message)
{
	while (message->fd_count > 0)
		close(message->fds[--message->fd_count]);
}
