/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "session/seat_devices.h"

#include <glib.h>
#include <poll.h>
#include <unistd.h>

struct device {
	char *path;
	int fd;
	int id;
};

struct seat_devices {
	GHashTable *kept; /* path ▶ struct device */
	GHashTable *handed_out; /* fd ▶ struct device */
};

static struct device *device_new(const char *path, int fd, int id)
{
	struct device *device = g_new(struct device, 1);

	*device = (struct device){g_strdup(path), fd, id};
	return device;
}

/* Its fd is somebody's. */
static void device_free(void *data)
{
	struct device *device = data;

	g_free(device->path);
	g_free(device);
}

static void kept_free(void *data)
{
	const struct device *device = data;

	close(device->fd);
	device_free(data);
}

struct seat_devices *seat_devices_create(void)
{
	struct seat_devices *devices = g_new(struct seat_devices, 1);

	devices->kept = g_hash_table_new_full(g_str_hash, g_str_equal, NULL, kept_free);
	devices->handed_out = g_hash_table_new_full(NULL, NULL, NULL, device_free);
	return devices;
}

void seat_devices_destroy(struct seat_devices *devices)
{
	g_hash_table_unref(devices->kept);
	g_hash_table_unref(devices->handed_out);
	g_free(devices);
}

static void hand_out(struct seat_devices *devices, struct device *device)
{
	g_hash_table_insert(devices->handed_out, GINT_TO_POINTER(device->fd), device);
}

/* The path is part of the device. */
static void keep(struct seat_devices *devices, struct device *device)
{
	g_hash_table_replace(devices->kept, device->path, device);
}

void seat_devices_hand_out(struct seat_devices *devices, const char *path, int fd, int id)
{
	hand_out(devices, device_new(path, fd, id));
}

void seat_devices_keep(struct seat_devices *devices, const char *path, int fd, int id)
{
	keep(devices, device_new(path, fd, id));
}

int seat_devices_take(struct seat_devices *devices, const char *path)
{
	struct device *device = NULL;

	g_hash_table_steal_extended(devices->kept, path, NULL, (gpointer *)&device);
	if (!device)
		return -1;
	hand_out(devices, device);
	return device->fd;
}

static struct device *steal_handed_out(struct seat_devices *devices, int fd)
{
	struct device *device = NULL;

	g_hash_table_steal_extended(devices->handed_out, GINT_TO_POINTER(fd), NULL,
		(gpointer *)&device);
	return device;
}

/* Neither unplugged nor revoked: evdev says both so. */
static bool is_alive(int fd)
{
	struct pollfd device = {.fd = fd};

	return poll(&device, 1, 0) == 0;
}

bool seat_devices_take_back(struct seat_devices *devices, int fd)
{
	struct device *device = is_alive(fd) ? steal_handed_out(devices, fd) : NULL;

	if (device)
		keep(devices, device);
	return device != NULL;
}

int seat_devices_forget(struct seat_devices *devices, int fd)
{
	struct device *device = steal_handed_out(devices, fd);
	int id = device ? device->id : -1;

	if (device)
		device_free(device);
	return id;
}

int seat_devices_drop(struct seat_devices *devices, int *fd)
{
	GHashTableIter iter;
	gpointer value;
	struct device *device;
	int id;

	g_hash_table_iter_init(&iter, devices->kept);
	if (!g_hash_table_iter_next(&iter, NULL, &value))
		return -1;
	device = value;
	id = device->id;
	*fd = device->fd;
	g_hash_table_iter_steal(&iter);
	device_free(device);
	return id;
}
