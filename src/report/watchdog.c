/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "report/watchdog.h"

#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <systemd/sd-daemon.h>
#include <unistd.h>

#include "log.h"
#include "turn.h"

struct watchdog {
	watchdog_check_func check;
	void *data;
	int socket; /* connected to the service manager's */
	guint timer;
	bool withheld; /* and logged */
};

/* Not sd_notify(), which waits where the service manager does not read: that it is slow must not
 * stop the loop. What is lost is said again. */
static int connect_to_manager(void)
{
	const char *path = g_getenv("NOTIFY_SOCKET");
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	size_t length = path != NULL ? strlen(path) : 0;
	int fd;

	if (length < 2 || length >= sizeof(address.sun_path)) {
		errno = path == NULL ? ENOENT : EINVAL;
		return -1;
	}
	memcpy(address.sun_path, path, length);
	/* An abstract one. */
	if (address.sun_path[0] == '@')
		address.sun_path[0] = '\0';
	fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd >= 0 &&
		connect(fd, (const struct sockaddr *)&address,
			(socklen_t)(offsetof(struct sockaddr_un, sun_path) + length)) != 0) {
		int saved = errno;

		close(fd);
		errno = saved;
		fd = -1;
	}
	return fd;
}

static void look(struct watchdog *watchdog)
{
	static const char alive[] = "WATCHDOG=1";
	g_autofree char *complaint = watchdog->check(watchdog->data);

	if (complaint == NULL)
		send(watchdog->socket, alive, sizeof(alive) - 1, MSG_NOSIGNAL);
	else if (!watchdog->withheld)
		log_daemon(G_LOG_LEVEL_CRITICAL,
			"%s; the service manager is not told any more that all is well, so that it "
			"starts scanoutd again",
			complaint);
	else
		return;
	if (complaint == NULL && watchdog->withheld)
		log_daemon(G_LOG_LEVEL_MESSAGE, "all is well again");
	watchdog->withheld = complaint != NULL;
}

static gboolean due(gpointer data)
{
	turn_note();
	look(data);
	return G_SOURCE_CONTINUE;
}

struct watchdog *watchdog_create(watchdog_check_func check, void *data)
{
	uint64_t limit_us = 0;
	struct watchdog *watchdog;
	int fd;

	if (sd_watchdog_enabled(0, &limit_us) <= 0)
		return NULL;
	fd = connect_to_manager();
	if (fd < 0) {
		log_daemon(G_LOG_LEVEL_WARNING,
			"the service manager's watchdog is not served: "
			"NOTIFY_SOCKET: %s",
			g_strerror(errno));
		return NULL;
	}
	watchdog = g_new0(struct watchdog, 1);
	watchdog->check = check;
	watchdog->data = data;
	watchdog->socket = fd;
	watchdog->timer = turn_name(
		g_timeout_add((guint)CLAMP(limit_us / 2000, 1, G_MAXUINT), due, watchdog),
		"watchdog");
	look(watchdog);
	return watchdog;
}

void watchdog_destroy(struct watchdog *watchdog)
{
	if (watchdog == NULL)
		return;
	g_source_remove(watchdog->timer);
	close(watchdog->socket);
	g_free(watchdog);
}
