/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * attack KIND ARGUMENT…: what a hostile guest, VMM, back-end or file system does to the daemon, so
 * that a test can see what another guest sees of it. The kinds are in attack.h. Says "done" when it
 * has done its worst, and goes on until it is killed. Started by tests/hostile/test-lateness.
 */
#include "attack.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define FDS_MAX 8

void attack_fail(const char *what)
{
	fprintf(stderr, "attack: %s: %s\n", what, strerror(errno));
	exit(1);
}

void attack_done(void)
{
	puts("done");
	fflush(stdout);
}

void attack_hold(void)
{
	for (;;)
		pause();
}

static struct sockaddr_un address_of(const char *path)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};

	snprintf(address.sun_path, sizeof(address.sun_path), "%s", path);
	return address;
}

int attack_connect(const char *path)
{
	struct sockaddr_un address = address_of(path);
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return -1;
	if (connect(fd, (const struct sockaddr *)&address, sizeof(address)) == 0)
		return fd;
	close(fd);
	return -1;
}

int attack_listen(const char *path)
{
	struct sockaddr_un address = address_of(path);
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	unlink(path);
	if (fd < 0 || bind(fd, (const struct sockaddr *)&address, sizeof(address)) < 0 ||
		listen(fd, 4) < 0)
		attack_fail(path);
	return fd;
}

bool attack_send(int socket, const void *bytes, size_t size, const int *fds, size_t count)
{
	union {
		struct cmsghdr header;
		char bytes[CMSG_SPACE(sizeof(int) * FDS_MAX)];
	} control = {.bytes = {0}};
	struct iovec iov = {.iov_base = (void *)bytes, .iov_len = size};
	struct msghdr message = {.msg_iov = &iov, .msg_iovlen = 1};

	if (count > 0) {
		control.header.cmsg_level = SOL_SOCKET;
		control.header.cmsg_type = SCM_RIGHTS;
		control.header.cmsg_len = CMSG_LEN(sizeof(int) * count);
		memcpy(CMSG_DATA(&control.header), fds, sizeof(int) * count);
		message.msg_control = &control;
		message.msg_controllen = CMSG_SPACE(sizeof(int) * count);
	}
	return sendmsg(socket, &message, MSG_NOSIGNAL | MSG_DONTWAIT) == (ssize_t)size;
}

static const struct {
	const char *name;
	void (*run)(char **arguments);
	int arguments; /* at least */
} kinds[] = {
	{"fuse", attack_fuse, 1},
	{"display", attack_display, 2},
	{"memory", attack_memory, 2},
	{"relay", attack_relay, 3},
	{"inflight", attack_inflight, 2},
	{"connections", attack_connections, 1},
	{"sparse", attack_sparse, 1},
	{"call", attack_call, 1},
	{"chains", attack_chains, 1},
	{"bus", attack_bus, 2},
	{"qemu", attack_qemu, 1},
	{"terminal", attack_terminal, 1},
};

int main(int argc, char **argv)
{
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	for (size_t i = 0; argc > 1 && i < sizeof(kinds) / sizeof(*kinds); i++)
		if (strcmp(argv[1], kinds[i].name) == 0 && argc - 2 >= kinds[i].arguments) {
			kinds[i].run(argv + 2);
			return 0;
		}
	fprintf(stderr, "usage: attack KIND ARGUMENT… (attack.h)\n");
	return 2;
}
