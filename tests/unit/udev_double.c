/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "udev_double.h"

#include <errno.h>
#include <glib.h>
#include <libudev.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

struct udev_double udev_double;

void udev_double_reset(bool present)
{
	udev_double = (struct udev_double){
		.present = present,
		.node = UDEV_DOUBLE_NODE,
		.sysname = "event3",
		.fails = udev_double.fails,
		.monitor_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK | EFD_SEMAPHORE),
	};
}

void udev_double_finish(void)
{
	close(udev_double.monitor_fd);
}

void udev_double_wake(unsigned int events)
{
	g_assert_cmpint(eventfd_write(udev_double.monitor_fd, events), ==, 0);
}

bool udev_double_has_more(void)
{
	struct pollfd fd = {.fd = udev_double.monitor_fd, .events = POLLIN};

	return poll(&fd, 1, 0) == 1;
}

/* ---- libudev ---- */

static char handle; /* of all of its objects */

#define UNREF(type) \
	struct type *type##_unref(struct type *object) \
	{ \
		return NULL; \
	}
UNREF(udev)
UNREF(udev_monitor)
UNREF(udev_enumerate)
UNREF(udev_device)

/* Whatever is asked for, there is the one. */
#define MATCH(what) \
	int udev_enumerate_add_match_##what(struct udev_enumerate *enumerate, const char *name) \
	{ \
		return 0; \
	}
MATCH(subsystem)
MATCH(sysname)

struct udev *udev_new(void)
{
	return udev_double.fails == 1 ? NULL : (struct udev *)&handle;
}

struct udev_monitor *udev_monitor_new_from_netlink(struct udev *udev, const char *name)
{
	return udev_double.fails == 2 ? NULL : (struct udev_monitor *)&handle;
}

int udev_monitor_filter_add_match_subsystem_devtype(struct udev_monitor *monitor,
	const char *subsystem, const char *devtype)
{
	return udev_double.fails == 3 ? -EINVAL : 0;
}

int udev_monitor_enable_receiving(struct udev_monitor *monitor)
{
	return udev_double.fails == 4 ? -EINVAL : 0;
}

int udev_monitor_get_fd(struct udev_monitor *monitor)
{
	return udev_double.monitor_fd;
}

struct udev_device *udev_monitor_receive_device(struct udev_monitor *monitor)
{
	eventfd_t count;

	if (eventfd_read(udev_double.monitor_fd, &count) != 0)
		return NULL;
	errno = udev_double.overrun ? ENOBUFS : udev_double.receive_error;
	udev_double.overrun = false;
	udev_double.receive_error = 0;
	return errno ? NULL : (struct udev_device *)&handle;
}

struct udev_enumerate *udev_enumerate_new(struct udev *udev)
{
	return udev_double.refuses_list ? NULL : (struct udev_enumerate *)&handle;
}

int udev_enumerate_scan_devices(struct udev_enumerate *enumerate)
{
	return -udev_double.scan_error;
}

struct udev_list_entry *udev_enumerate_get_list_entry(struct udev_enumerate *enumerate)
{
	return udev_double.present && enumerate && !udev_double.scan_error
		? (struct udev_list_entry *)&handle
		: NULL;
}

struct udev_list_entry *udev_list_entry_get_next(struct udev_list_entry *entry)
{
	return NULL;
}

const char *udev_list_entry_get_name(struct udev_list_entry *entry)
{
	return udev_double.replaced ? "/sys/devices/input8/event3" : "/sys/devices/input7/event3";
}

struct udev_device *udev_device_new_from_syspath(struct udev *udev, const char *path)
{
	errno = udev_double.device_error;
	if (errno)
		return NULL;
	errno = ENODEV;
	return udev_double.present && g_str_equal(path, udev_list_entry_get_name(NULL))
		? (struct udev_device *)&handle
		: NULL;
}

const char *udev_device_get_syspath(struct udev_device *device)
{
	return udev_list_entry_get_name(NULL);
}

struct udev_device *udev_device_get_parent_with_subsystem_devtype(struct udev_device *device,
	const char *subsystem, const char *devtype)
{
	return udev_double.orphan ? NULL : device;
}

const char *udev_device_get_action(struct udev_device *device)
{
	return udev_double.action;
}

const char *udev_device_get_devnode(struct udev_device *device)
{
	return udev_double.node;
}

const char *udev_device_get_sysname(struct udev_device *device)
{
	return udev_double.sysname;
}

const char *udev_device_get_sysattr_value(struct udev_device *device, const char *name)
{
	return g_str_equal(name, "name") ? "keys" : NULL;
}

const char *udev_device_get_property_value(struct udev_device *device, const char *name)
{
	return g_str_equal(name, "ID_SEAT") ? udev_double.seat : NULL;
}
