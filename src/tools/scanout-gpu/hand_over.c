/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tools/scanout-gpu/hand_over.h"

#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include "wire/handover.h"

/* The VMM's and the back-end's. */
#define FDS 2

/* Longer than its watchdog's and the start of another one, which has the same socket. */
#define PATIENCE_S 60

char *hand_over_default_path(const char *guest)
{
	g_autofree char *file = g_strconcat(guest, ".sock", NULL);
	const char *runtime = g_getenv("XDG_RUNTIME_DIR");

	if (runtime != NULL && g_path_is_absolute(runtime)) {
		g_autofree char *own = g_build_filename(runtime, "scanoutd", file, NULL);

		if (g_file_test(own, G_FILE_TEST_EXISTS))
			return g_steal_pointer(&own);
	}
	return g_build_filename("/run/scanoutd", file, NULL);
}

/* By the address the daemon knows what comes. */
static bool bind_address(int fd)
{
	struct sockaddr_un own = {.sun_family = AF_UNIX};
	int length = snprintf(own.sun_path + 1, sizeof(own.sun_path) - 1,
		HANDOVER_ADDRESS "%d-%08x", (int)getpid(), g_random_int());

	return bind(fd, (struct sockaddr *)&own,
		       (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 + (size_t)length)) ==
		0;
}

/* A scanoutd that is stopped holds up nobody for ever, in connect() neither. */
static bool set_patience(int fd)
{
	const struct timeval patience = {.tv_sec = PATIENCE_S};

	return setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience)) == 0 &&
		setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience)) == 0;
}

static void set_silent(GError **error, const char *path)
{
	g_set_error(error, G_FILE_ERROR, G_FILE_ERROR_AGAIN,
		"%s: scanoutd does not answer within %d s", path, PATIENCE_S);
}

static bool ask(int fd)
{
	const char version = HANDOVER_VERSION;

	return send(fd, &version, sizeof(version), MSG_NOSIGNAL) == sizeof(version);
}

/* Two of them, or none. */
static bool take_fds(struct msghdr *message, int *fds)
{
	for (struct cmsghdr *part = CMSG_FIRSTHDR(message); part;
		part = CMSG_NXTHDR(message, part)) {
		if (part->cmsg_level != SOL_SOCKET || part->cmsg_type != SCM_RIGHTS ||
			part->cmsg_len != CMSG_LEN(sizeof(int) * FDS))
			continue;
		memcpy(fds, CMSG_DATA(part), sizeof(int) * FDS);
		return true;
	}
	return false;
}

static bool await_answer(int fd, const char *path, int *fds, GError **error)
{
	char version = 0;
	union {
		struct cmsghdr align;
		char bytes[CMSG_SPACE(sizeof(int) * FDS)];
	} control = {0};
	struct iovec iov = {&version, sizeof(version)};
	struct msghdr message = {
		.msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = control.bytes,
		.msg_controllen = sizeof(control.bytes),
	};
	ssize_t got;

	do
		got = recvmsg(fd, &message, MSG_CMSG_CLOEXEC);
	while (got < 0 && errno == EINTR);
	if (got == sizeof(version) && version == HANDOVER_VERSION && take_fds(&message, fds))
		return true;
	if (got < 0 && errno == EAGAIN) {
		set_silent(error, path);
		return false;
	}
	g_set_error(error, G_FILE_ERROR, G_FILE_ERROR_FAILED,
		"%s: scanoutd did not take the VMM; its log says why", path);
	return false;
}

bool hand_over(const char *path, int *vmm_fd, int *backend_fd, GError **error)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	bool is_taken = false;
	int fds[FDS];
	int fd;

	if (strlen(path) >= sizeof(address.sun_path)) {
		g_set_error(error, G_FILE_ERROR, G_FILE_ERROR_NAMETOOLONG, "%s: %s", path,
			g_strerror(ENAMETOOLONG));
		return false;
	}
	g_strlcpy(address.sun_path, path, sizeof(address.sun_path));
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd >= 0 && bind_address(fd) && set_patience(fd) &&
		connect(fd, (struct sockaddr *)&address, sizeof(address)) == 0 && ask(fd))
		is_taken = await_answer(fd, path, fds, error);
	else if (errno == EAGAIN)
		set_silent(error, path);
	else
		g_set_error(error, G_FILE_ERROR,
			errno == ECONNREFUSED ? G_FILE_ERROR_NOENT : g_file_error_from_errno(errno),
			"cannot reach scanoutd at %s: %s", path, g_strerror(errno));
	if (fd >= 0)
		close(fd);
	if (!is_taken)
		return false;
	*vmm_fd = fds[0];
	*backend_fd = fds[1];
	return true;
}
