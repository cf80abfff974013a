/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A virtio-input device on a socket of its own and a VMM that is yet to connect to it, for
 * test-device and test-device-config.
 */
#ifndef TESTS_UNIT_DEVICE_FIXTURE_H
#define TESTS_UNIT_DEVICE_FIXTURE_H

#include "input/device.h"
#include "vhost_fixture.h"

typedef struct device_fixture {
	char *directory;
	char *path;
	struct input_sink *sink;
	struct vmm vmm;
	GString *heard; /* by the device's owner */
	size_t fds;
} device_fixture;

struct device_fixture *device_fixture_new(void);

/* No fd and no file is left, and nothing was logged that no test has asked for. */
void device_fixture_free(struct device_fixture *fixture);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(device_fixture, device_fixture_free)

/* What its device says of itself: something of everything. */
void device_fixture_describe(struct input_description *description);

/* Writes "LED_CAPSL=1 " and "connected=0 " into `heard`; its data is the fixture. */
extern const struct input_sink_listener device_fixture_listener;

/* Heard since the last call, checked and forgotten. */
void device_expect_heard(struct device_fixture *fixture, const char *text);

#endif
