/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "valve.h"

#include <glib-unix.h>
#include <glib/gstdio.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

static struct sockaddr_un address_of(const char *path)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};

	g_assert_cmpuint(strlen(path), <, sizeof(address.sun_path));
	strcpy(address.sun_path, path);
	return address;
}

static void hang_up(struct valve *valve)
{
	g_clear_handle_id(&valve->front_source, g_source_remove);
	g_clear_handle_id(&valve->back_source, g_source_remove);
	if (valve->front >= 0)
		close(valve->front);
	if (valve->back >= 0)
		close(valve->back);
	valve->front = -1;
	valve->back = -1;
}

/* What a D-Bus server asks for with the first byte. */
static bool send_all(int socket, const void *bytes, size_t size)
{
	const struct ucred me = {getpid(), getuid(), getgid()};
	union {
		struct cmsghdr header;
		char bytes[CMSG_SPACE(sizeof(me))];
	} control = {.bytes = {0}};
	struct iovec iov = {(void *)(uintptr_t)bytes, size};
	struct msghdr message = {
		.msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = &control,
		.msg_controllen = sizeof(control.bytes),
	};

	control.header.cmsg_level = SOL_SOCKET;
	control.header.cmsg_type = SCM_CREDENTIALS;
	control.header.cmsg_len = CMSG_LEN(sizeof(me));
	memcpy(CMSG_DATA(&control.header), &me, sizeof(me));
	return sendmsg(socket, &message, MSG_NOSIGNAL) == (ssize_t)size;
}

/* False: the connection is no more. */
static bool pass(struct valve *valve, int from, int to, size_t room, size_t *passed)
{
	char bytes[4096];
	ssize_t got = recv(from, bytes, MIN(sizeof(bytes), room), 0);

	if (got <= 0 || !send_all(to, bytes, (size_t)got)) {
		hang_up(valve);
		return false;
	}
	*passed += (size_t)got;
	return true;
}

static gboolean front_readable(int fd, GIOCondition condition, gpointer data)
{
	struct valve *valve = data;
	size_t sent = 0;

	return pass(valve, valve->front, valve->back, VALVE_OPEN, &sent);
}

static gboolean back_readable(int fd, GIOCondition condition, gpointer data)
{
	struct valve *valve = data;

	if (valve->passed < valve->limit &&
		!pass(valve, valve->back, valve->front, valve->limit - valve->passed,
			&valve->passed))
		return G_SOURCE_REMOVE;
	if (valve->passed < valve->limit)
		return G_SOURCE_CONTINUE;
	valve_cut(valve);
	return valve->back_source ? G_SOURCE_CONTINUE : G_SOURCE_REMOVE;
}

static void watch_back(struct valve *valve)
{
	valve->back_source = g_unix_fd_add(valve->back, G_IO_IN, back_readable, valve);
}

static gboolean connected(int fd, GIOCondition condition, gpointer data)
{
	struct valve *valve = data;
	struct sockaddr_un address = address_of(valve->target);

	hang_up(valve);
	valve->front = accept4(fd, NULL, NULL, SOCK_CLOEXEC);
	valve->back = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	g_assert_cmpint(valve->front, >=, 0);
	g_assert_cmpint(connect(valve->back, (struct sockaddr *)&address, sizeof(address)), ==, 0);
	valve->connections++;
	valve->front_source = g_unix_fd_add(valve->front, G_IO_IN, front_readable, valve);
	watch_back(valve);
	return G_SOURCE_CONTINUE;
}

static void watch_front(struct valve *valve)
{
	if (!valve->listen_source)
		valve->listen_source = g_unix_fd_add(valve->listen_fd, G_IO_IN, connected, valve);
}

struct valve *valve_new(const char *target)
{
	struct valve *valve = g_new0(struct valve, 1);
	g_autoptr(GError) error = NULL;

	valve->target = target;
	valve->front = -1;
	valve->back = -1;
	valve->limit = VALVE_OPEN;
	valve->folder = g_dir_make_tmp("valve-XXXXXX", &error);
	g_assert_no_error(error);
	valve->path = g_build_filename(valve->folder, "front", NULL);
	struct sockaddr_un address = address_of(valve->path);
	valve->listen_fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	g_assert_cmpint(bind(valve->listen_fd, (struct sockaddr *)&address, sizeof(address)), ==,
		0);
	g_assert_cmpint(listen(valve->listen_fd, 4), ==, 0);
	watch_front(valve);
	return valve;
}

void valve_free(struct valve *valve)
{
	hang_up(valve);
	g_clear_handle_id(&valve->listen_source, g_source_remove);
	close(valve->listen_fd);
	g_unlink(valve->path);
	g_rmdir(valve->folder);
	g_free(valve->path);
	g_free(valve->folder);
	g_free(valve);
}

void valve_set(struct valve *valve, size_t limit, bool kills)
{
	valve->limit = limit;
	valve->kills = kills;
	valve->cut = false;
}

void valve_cut(struct valve *valve)
{
	valve->cut = true;
	if (valve->kills) {
		g_clear_handle_id(&valve->listen_source, g_source_remove);
		hang_up(valve);
	} else {
		valve->limit = valve->passed;
		g_clear_handle_id(&valve->back_source, g_source_remove);
	}
}

void valve_open(struct valve *valve)
{
	valve->limit = VALVE_OPEN;
	watch_front(valve);
	if (valve->back >= 0 && !valve->back_source)
		watch_back(valve);
}
