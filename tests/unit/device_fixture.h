/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A virtio-input device on a socket of its own and a VMM that is yet to connect to it, for
 * test-device, test-device-config and test-device-fault.
 */
#ifndef TESTS_UNIT_DEVICE_FIXTURE_H
#define TESTS_UNIT_DEVICE_FIXTURE_H

#include "input/device.h"
#include "vhost_fixture.h"
#include "wire/account.h"

typedef struct device_fixture {
	char *directory;
	char *path;
	struct account *account; /* the device's */
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

/* Writes "LED_CAPSL=1 ; " (a semicolon for each time that it is told) and "connected=0 " into
 * `heard`; its data is the fixture. */
extern const struct input_sink_listener device_fixture_listener;

/* Heard since the last call, checked and forgotten. */
void device_expect_heard(struct device_fixture *fixture, const char *text);

/* ---- the guest ---- */

#define DEVICE_EVENT_QUEUE 0
#define DEVICE_STATUS_QUEUE 1

/* Of descriptor `head`, in the guest's memory. */
#define DEVICE_BUFFER_OFFSET(head) (0x20000u + (head)*32u)

/* A VMM comes, and its guest's driver begins, with nothing offered. */
void device_begin(struct device_fixture *fixture);
struct device_fixture *device_fixture_new_begun(void);

/* Another driver, on queues of its own. */
void device_lay_out_anew(struct device_fixture *fixture);

/* Buffers for events, of four; of all of them the device is told. */
void device_offer(struct device_fixture *fixture, uint16_t head);
void device_offer_all(struct device_fixture *fixture);

/* A group for the device. */
void device_push(struct device_fixture *fixture, size_t count, const struct input_value *values);
#define DEVICE_SEND(fixture, ...) \
	device_push(fixture, \
		sizeof((struct input_value[]){__VA_ARGS__}) / sizeof(struct input_value), \
		(struct input_value[]){__VA_ARGS__})

/* "KEY_A=1 ", and a new line for SYN_REPORT. */
void device_append_value(GString *text, uint16_t type, uint16_t code, int32_t value);

/* The next event that the guest finds, appended, and the descriptor of its buffer. False: there is
 * none. */
bool device_take(struct device_fixture *fixture, GString *text, uint16_t *head);

/* All that there is, a line a group; each buffer goes back as soon as it is read. */
char *device_take_all(struct device_fixture *fixture);
void device_expect(struct device_fixture *fixture, const char *text);

/* All that was logged, which may be nothing (NULL). */
void device_expect_log(const char *text);

#endif
