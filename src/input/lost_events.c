/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "input/lost_events.h"

#include <errno.h>
#include <glib-unix.h>
#include <libudev.h>

#include "turn.h"

#define GATHER_MS 1000

/* Events in one turn of the main loop. */
#define TURN_EVENTS 64

struct lost_events {
	struct udev *udev;
	struct udev_monitor *monitor;
	guint source;
	guint gather; /* some were lost; else 0 */
	void (*lost)(void *data);
	void *data;
};

static gboolean gathered(gpointer data)
{
	struct lost_events *events = data;

	turn_note();
	events->gather = 0;
	events->lost(events->data);
	return G_SOURCE_REMOVE;
}

static gboolean receive(gint fd, GIOCondition condition, gpointer data)
{
	struct lost_events *events = data;
	struct udev_device *event = NULL;

	turn_note();
	for (int i = 0; i < TURN_EVENTS; i++) {
		errno = 0;
		event = udev_monitor_receive_device(events->monitor);
		if (!event)
			break;
		udev_device_unref(event);
	}
	/* Also one that cannot be read. */
	if (!event && errno != EAGAIN && errno != EINTR && !events->gather)
		events->gather = turn_name(g_timeout_add(GATHER_MS, gathered, events), "seat");
	return G_SOURCE_CONTINUE;
}

struct lost_events *lost_events_create(void (*lost)(void *data), void *data)
{
	struct lost_events *events = g_new0(struct lost_events, 1);

	events->lost = lost;
	events->data = data;
	events->udev = udev_new();
	if (events->udev)
		events->monitor = udev_monitor_new_from_netlink(events->udev, "udev");
	if (!events->monitor ||
		udev_monitor_filter_add_match_subsystem_devtype(events->monitor, "input", NULL) <
			0 ||
		udev_monitor_enable_receiving(events->monitor) < 0) {
		lost_events_destroy(events);
		return NULL;
	}
	events->source = turn_name(g_unix_fd_add(udev_monitor_get_fd(events->monitor),
					   G_IO_IN | G_IO_ERR, receive, events),
		"seat");
	return events;
}

void lost_events_destroy(struct lost_events *events)
{
	if (!events)
		return;
	g_clear_handle_id(&events->source, g_source_remove);
	g_clear_handle_id(&events->gather, g_source_remove);
	if (events->monitor)
		udev_monitor_unref(events->monitor);
	if (events->udev)
		udev_unref(events->udev);
	g_free(events);
}
