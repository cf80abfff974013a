/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Cards that come, seen by udev whether or not we have one: owned by main, which then asks
 * kms_device_create() again. What becomes of a card that is open is hotplug.c's. Knows no card and
 * opens none, so an event says only that it is worth asking.
 */
#include <errno.h>
#include <glib-unix.h>
#include <kms.h>
#include <libudev.h>
#include <string.h>
#include <turn.h>
#include <unistd.h>

/* A driver that is loaded makes several events: its nodes, their connectors, the firmware's card
 * that goes. */
#define GATHER_MS 100

struct kms_watch {
	struct udev *udev;
	struct udev_monitor *monitor;
	guint monitor_source;
	guint gather_source; /* 0: nothing has come */
	void (*changed)(void *data);
	void *data;
};

static gboolean gathered(gpointer data)
{
	struct kms_watch *watch = data;

	turn_note();
	watch->gather_source = 0;
	/* Last: it may destroy us. */
	watch->changed(watch->data);
	return G_SOURCE_REMOVE;
}

/* A node of mode setting: no render node, and no connector, which is a device of udev's too. */
static bool is_card(struct udev_device *event)
{
	const char *name = udev_device_get_sysname(event);

	return name && g_str_has_prefix(name, "card") && !strchr(name, '-');
}

static gboolean receive(gint fd, GIOCondition condition, gpointer data)
{
	struct kms_watch *watch = data;
	struct udev_device *event;
	bool seen;

	turn_note();
	errno = 0;
	event = udev_monitor_receive_device(watch->monitor);
	/* What was lost, or cannot be read, may have been a card. */
	seen = event ? is_card(event) : errno != EAGAIN && errno != EINTR;
	if (event)
		udev_device_unref(event);
	if (seen && !watch->gather_source)
		watch->gather_source = turn_name(g_timeout_add(GATHER_MS, gathered, watch),
			"card watch");
	return G_SOURCE_CONTINUE;
}

/* Where udev runs its own events are taken: a node then has the owner and the rights that rules
 * give it. */
static struct udev_monitor *open_monitor(struct udev *udev)
{
	struct udev_monitor *monitor = udev_monitor_new_from_netlink(udev,
		access("/run/udev/control", F_OK) == 0 ? "udev" : "kernel");

	if (monitor && udev_monitor_filter_add_match_subsystem_devtype(monitor, "drm", NULL) >= 0 &&
		udev_monitor_enable_receiving(monitor) >= 0)
		return monitor;
	if (monitor)
		udev_monitor_unref(monitor);
	return NULL;
}

struct kms_watch *kms_watch_create(void (*changed)(void *data), void *data, GError **error)
{
	struct udev *udev = udev_new();
	struct udev_monitor *monitor = udev ? open_monitor(udev) : NULL;
	struct kms_watch *watch;

	if (!monitor) {
		g_set_error(error, KMS_ERROR, KMS_ERROR_NO_UDEV,
			"udev cannot be reached: a card that comes later is not seen");
		if (udev)
			udev_unref(udev);
		return NULL;
	}
	watch = g_new0(struct kms_watch, 1);
	watch->udev = udev;
	watch->monitor = monitor;
	watch->changed = changed;
	watch->data = data;
	watch->monitor_source = turn_name(
		g_unix_fd_add(udev_monitor_get_fd(monitor), G_IO_IN | G_IO_ERR, receive, watch),
		"card watch");
	return watch;
}

void kms_watch_destroy(struct kms_watch *watch)
{
	if (!watch)
		return;
	if (watch->gather_source)
		g_source_remove(watch->gather_source);
	g_source_remove(watch->monitor_source);
	udev_monitor_unref(watch->monitor);
	udev_unref(watch->udev);
	g_free(watch);
}
