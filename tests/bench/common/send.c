/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "send.h"

#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

static void attach(struct msghdr *message, char *control, size_t size, int fd)
{
	struct cmsghdr *cmsg;

	message->msg_control = control;
	message->msg_controllen = size;
	cmsg = CMSG_FIRSTHDR(message);
	cmsg->cmsg_level = SOL_SOCKET;
	cmsg->cmsg_type = SCM_RIGHTS;
	cmsg->cmsg_len = CMSG_LEN(sizeof(int));
	memcpy(CMSG_DATA(cmsg), &fd, sizeof(fd));
}

void send_all(int socket, const void *data, size_t size, int fd)
{
	size_t done = 0;

	while (done < size) {
		char control[CMSG_SPACE(sizeof(int))] = {0};
		struct iovec iov = {(uint8_t *)(uintptr_t)data + done, size - done};
		struct msghdr message = {.msg_iov = &iov, .msg_iovlen = 1};
		ssize_t sent;

		if (fd >= 0 && done == 0)
			attach(&message, control, sizeof(control), fd);
		sent = sendmsg(socket, &message, MSG_NOSIGNAL);
		if (sent < 0 && errno != EINTR) {
			fprintf(stderr, "%s: send: %s\n", program_invocation_short_name,
				strerror(errno));
			exit(1);
		}
		done += sent > 0 ? (size_t)sent : 0;
	}
}
