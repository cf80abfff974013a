/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A VMM and its guest's driver, as far as a virtio-input device notices: the front-end's half of
 * vhost-user, a memory in a memfd, and the driver's half of the event queue with QEMU's four
 * buffers and the event index. Used by input.c alone; ends the program where anything fails.
 */
#ifndef SCANOUTD_TESTS_BENCH_DRIVER_H
#define SCANOUTD_TESTS_BENCH_DRIVER_H

#include <linux/virtio_input.h>
#include <stdbool.h>
#include <stdint.h>

#define DRIVER_BUFFERS 4

struct driver {
	int socket;
	int call_fd; /* readable: the device has used buffers */
	int kick_fd;
	struct driver_memory *memory;
	uint16_t seen; /* used elements */
	uint16_t offered; /* buffers */
};

/* Asks for everything at once; the device is set up when driver_ready(). */
void driver_connect(struct driver *driver, const char *path);

/* Whether the last answer of the set-up is there; blocks for it with `wait`. */
bool driver_ready(struct driver *driver, bool wait);

/* The next event that the device has given, its buffer offered again. False: there is none. */
bool driver_take(struct driver *driver, struct virtio_input_event *event);

/* Clears the call, before a look at the ring. */
void driver_called(struct driver *driver);

void driver_disconnect(struct driver *driver);

#endif
