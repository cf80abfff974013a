/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * give-display VMM-SOCKET DISPLAY-SOCKET BACK-END…: starts an unmodified back-end behind an
 * unmodified VMM, whose messages pass through, and gives it a connection to DISPLAY-SOCKET where
 * the VMM sends a display socket of its own. So the back-end is one that connects by itself, as far
 * as scanoutd can tell, and neither VMM nor back-end hang on scanoutd.
 *
 * Says "ready" on stdout when a VMM may connect, and serves one. The VMM's end of its display
 * socket stays open, unread: else QEMU would look at it without end. Later ones are not passed on:
 * QEMU's back-end takes one.
 */
#include <errno.h>
#include <fcntl.h>
#include <glib.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "vhost_user.h"

struct message {
	struct {
		struct vhost_user_header header;
		char payload[VHOST_USER_PAYLOAD_MAX];
	} __attribute__((packed)) wire;
	int fds[VHOST_USER_FDS_MAX];
	size_t fd_count;
};

union control {
	struct cmsghdr align;
	char bytes[CMSG_SPACE(sizeof(int) * VHOST_USER_FDS_MAX)];
};

static void fail(const char *what)
{
	g_printerr("give-display: %s: %s\n", what, g_strerror(errno));
	exit(EXIT_FAILURE);
}

/* ---- messages ---- */

/* False: the peer has gone. */
static bool receive_message(int peer, struct message *message)
{
	union control control;
	struct iovec head = {&message->wire.header, sizeof(message->wire.header)};
	struct msghdr call = {.msg_iov = &head,
		.msg_iovlen = 1,
		.msg_control = control.bytes,
		.msg_controllen = sizeof(control.bytes)};
	size_t size;

	message->fd_count = 0;
	if (recvmsg(peer, &call, MSG_WAITALL | MSG_CMSG_CLOEXEC) != (ssize_t)head.iov_len)
		return false;
	for (struct cmsghdr *part = CMSG_FIRSTHDR(&call); part; part = CMSG_NXTHDR(&call, part)) {
		if (part->cmsg_level != SOL_SOCKET || part->cmsg_type != SCM_RIGHTS)
			continue;
		message->fd_count = (part->cmsg_len - CMSG_LEN(0)) / sizeof(int);
		memcpy(message->fds, CMSG_DATA(part), message->fd_count * sizeof(int));
	}
	size = message->wire.header.size;
	g_assert_cmpuint(size, <=, sizeof(message->wire.payload));
	return size == 0 || recv(peer, message->wire.payload, size, MSG_WAITALL) == (ssize_t)size;
}

/* As one, which QEMU's back-end asks for. */
static bool send_message(int peer, const struct message *message)
{
	union control control = {.bytes = {0}};
	struct iovec whole = {(void *)&message->wire,
		sizeof(message->wire.header) + message->wire.header.size};
	struct msghdr call = {.msg_iov = &whole, .msg_iovlen = 1};

	if (message->fd_count > 0) {
		size_t size = sizeof(int) * message->fd_count;

		call.msg_control = control.bytes;
		call.msg_controllen = CMSG_SPACE(size);
		control.align.cmsg_level = SOL_SOCKET;
		control.align.cmsg_type = SCM_RIGHTS;
		control.align.cmsg_len = CMSG_LEN(size);
		memcpy(CMSG_DATA(&control.align), message->fds, size);
	}
	return sendmsg(peer, &call, MSG_NOSIGNAL) == (ssize_t)whole.iov_len;
}

/* ---- the display ---- */

static struct sockaddr_un address_of(const char *path)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};

	g_strlcpy(address.sun_path, path, sizeof(address.sun_path));
	return address;
}

static int connect_to(const char *path)
{
	const struct sockaddr_un address = address_of(path);
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd < 0 || connect(fd, (const struct sockaddr *)&address, sizeof(address)) != 0)
		fail(path);
	return fd;
}

/* Of the VMM's message: its own end stays ours. False: the message is not passed on. */
static bool swap_display(struct message *message, const char *path, bool *given)
{
	if (*given || message->fd_count != 1)
		return false;
	*given = true;
	message->fds[0] = connect_to(path);
	return true;
}

/* ---- between the two ---- */

/* One message. False: one of them has gone. */
static bool pass(int from, int to, const char *display, bool *given)
{
	struct message message;
	bool passed;

	if (!receive_message(from, &message))
		return false;
	if (message.wire.header.request == VHOST_USER_GPU_SET_SOCKET &&
		!swap_display(&message, display, given))
		return true;
	passed = send_message(to, &message);
	for (size_t i = 0; i < message.fd_count; i++)
		close(message.fds[i]);
	return passed;
}

static void serve(int vmm, int backend, const char *display)
{
	struct pollfd peers[] = {{.fd = vmm, .events = POLLIN}, {.fd = backend, .events = POLLIN}};
	bool given = false;
	bool there = true;

	while (there) {
		if (poll(peers, G_N_ELEMENTS(peers), -1) < 0)
			fail("poll");
		if (peers[0].revents != 0)
			there = pass(vmm, backend, display, &given);
		if (there && peers[1].revents != 0)
			there = pass(backend, vmm, display, &given);
	}
}

/* Our end of its vhost-user socket. */
static int start_backend(char **command, pid_t *child)
{
	int ends[2];

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0)
		fail("socketpair");
	*child = fork();
	if (*child == 0) {
		g_autofree char *option = g_strdup_printf("--fd=%d", ends[1]);
		g_autoptr(GPtrArray) arguments = g_ptr_array_new();

		for (; *command; command++)
			g_ptr_array_add(arguments, *command);
		g_ptr_array_add(arguments, option);
		g_ptr_array_add(arguments, NULL);
		fcntl(ends[1], F_SETFD, 0);
		execvp(arguments->pdata[0], (char **)arguments->pdata);
		fail(arguments->pdata[0]);
	}
	close(ends[1]);
	return ends[0];
}

int main(int argc, char **argv)
{
	struct sockaddr_un address;
	int listener;
	int backend;
	pid_t child;
	int vmm;

	if (argc < 4) {
		g_printerr("usage: give-display VMM-SOCKET DISPLAY-SOCKET BACK-END…\n");
		return 2;
	}
	address = address_of(argv[1]);
	listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (bind(listener, (const struct sockaddr *)&address, sizeof(address)) != 0 ||
		listen(listener, 1) != 0)
		fail(argv[1]);
	backend = start_backend(argv + 3, &child);
	puts("ready");
	fflush(stdout);
	vmm = accept(listener, NULL, NULL);
	if (vmm < 0)
		fail("accept");
	serve(vmm, backend, argv[2]);
	close(backend);
	close(vmm);
	close(listener);
	waitpid(child, NULL, 0);
	return EXIT_SUCCESS;
}
