/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "report/watchdog.h"

#include <errno.h>
#include <stdbool.h>
#include <systemd/sd-daemon.h>
#include <unistd.h>

#include "keep/manager.h"
#include "log.h"
#include "turn.h"

struct watchdog {
	watchdog_check_func check;
	void *data;
	int socket; /* connected to the service manager's */
	guint timer;
	bool withheld; /* and logged */
};

static void look(struct watchdog *watchdog)
{
	g_autofree char *complaint = watchdog->check(watchdog->data);

	if (complaint == NULL)
		/* What is lost is said again. */
		manager_tell(watchdog->socket, "WATCHDOG=1", -1);
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
	fd = manager_connect();
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
