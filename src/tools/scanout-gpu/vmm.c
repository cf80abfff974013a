/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tools/scanout-gpu/vmm.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "tools/scanout-run/properties.h"

static void set_errno_error(GError **error, const char *what, int number)
{
	g_set_error(error, G_FILE_ERROR, g_file_error_from_errno(number), "%s: %s", what,
		g_strerror(number));
}

/* Whoever finds the socket at its path can connect: it listens before it is there. */
static bool listen_at(int listener, const char *path)
{
	g_autofree char *early = g_strconcat(path, "~", NULL);
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	struct stat status;

	if (lstat(path, &status) == 0 && !S_ISSOCK(status.st_mode)) {
		errno = EEXIST;
		return false;
	}
	g_strlcpy(address.sun_path, early, sizeof(address.sun_path));
	unlink(early);
	if (bind(listener, (struct sockaddr *)&address, sizeof(address)) < 0)
		return false;
	if (listen(listener, 1) == 0 && rename(early, path) == 0)
		return true;
	unlink(early);
	return false;
}

int vmm_accept(const char *path, GError **error)
{
	int listener;
	int fd = -1;

	if (strlen(path) + 1 >= sizeof(((struct sockaddr_un *)NULL)->sun_path)) {
		set_errno_error(error, path, ENAMETOOLONG);
		return -1;
	}
	listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (listener >= 0 && listen_at(listener, path))
		fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
	if (fd < 0)
		set_errno_error(error, path, errno);
	if (listener >= 0)
		close(listener);
	return fd;
}

/* The kernel notes the writer of what is written from now on. */
static bool set_credentials(int fd, int wanted)
{
	return setsockopt(fd, SOL_SOCKET, SO_PASSCRED, &wanted, sizeof(wanted)) == 0;
}

/* Who has connected, or made the pair. 0: not known. */
static pid_t other_end(int fd)
{
	struct ucred peer = {0};
	socklen_t size = sizeof(peer);

	return getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &size) == 0 ? peer.pid : 0;
}

/* Whoever made the connection may have made it non-blocking. */
static bool wait_for_bytes(int fd)
{
	struct pollfd ready = {.fd = fd, .events = POLLIN};

	poll(&ready, 1, -1);
	return true;
}

/* Of the first byte. 0: not known; -1: there is none, *number is why, or 0 where the VMM has
 * gone. */
static pid_t first_writer(int fd, int *number)
{
	union {
		struct cmsghdr align;
		char bytes[CMSG_SPACE(sizeof(struct ucred))];
	} control;
	char byte;
	struct iovec iov = {&byte, 1};
	struct msghdr message = {
		.msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = control.bytes,
		.msg_controllen = sizeof(control.bytes),
	};
	struct ucred writer = {0};
	ssize_t got;

	do
		got = recvmsg(fd, &message, MSG_PEEK | MSG_CMSG_CLOEXEC);
	while (got < 0 && (errno == EINTR || (errno == EAGAIN && wait_for_bytes(fd))));
	*number = got < 0 ? errno : 0;
	if (got <= 0)
		return -1;
	for (struct cmsghdr *part = CMSG_FIRSTHDR(&message); part;
		part = CMSG_NXTHDR(&message, part))
		if (part->cmsg_level == SOL_SOCKET && part->cmsg_type == SCM_CREDENTIALS)
			memcpy(&writer, CMSG_DATA(part), sizeof(writer));
	return writer.pid;
}

char *vmm_find_name(const char *line, gsize length)
{
	char *name = NULL;
	bool is_next = false;

	/* g_file_get_contents() ends what it reads with a zero byte, too. */
	for (gsize at = 0; at < length; at += strlen(line + at) + 1) {
		const char *word = line + at;

		if (is_next) {
			struct properties *properties = properties_create(word, "guest", NULL);
			const char *found = properties ? properties_get(properties, "guest") : NULL;

			if (found) {
				g_free(name);
				name = g_strdup(found);
			}
			if (properties)
				properties_destroy(properties);
			is_next = false;
			continue;
		}
		is_next = g_str_equal(word, "-name") || g_str_equal(word, "--name");
	}
	return name;
}

static char *name_of_process(pid_t process, GError **error)
{
	g_autofree char *path = g_strdup_printf("/proc/%d/cmdline", (int)process);
	g_autofree char *line = NULL;
	g_autofree char *name = NULL;
	gsize length;

	if (!g_file_get_contents(path, &line, &length, error))
		return NULL;
	name = vmm_find_name(line, length);
	if (name == NULL || *name == '\0' || strchr(name, '/') != NULL) {
		g_set_error(error, G_FILE_ERROR, G_FILE_ERROR_INVAL,
			"the VMM (process %d) has no -name that is a guest's; give --guest",
			(int)process);
		return NULL;
	}
	return g_steal_pointer(&name);
}

char *vmm_guest_name(int fd, GError **error)
{
	pid_t writer;
	int number;

	if (!set_credentials(fd, 1)) {
		set_errno_error(error, "the VMM's connection", errno);
		return NULL;
	}
	writer = first_writer(fd, &number);
	/* Whoever reads from here on does not expect them. */
	set_credentials(fd, 0);
	if (writer < 0 && number != 0)
		set_errno_error(error, "the VMM's connection", number);
	if (writer < 0)
		return NULL;
	/* It wrote before it was asked for; then it may have connected itself. */
	if (writer == 0)
		writer = other_end(fd);
	if (writer == 0) {
		g_set_error(error, G_FILE_ERROR, G_FILE_ERROR_FAILED,
			"it cannot be told who the VMM is; give --guest");
		return NULL;
	}
	return name_of_process(writer, error);
}
