/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One virtio-input device of a guest, by vhost-user: a socket for its VMM, the configuration that
 * says what it is, its event queue and its status queue. A sink (sink.h) to those who feed it.
 * Made by machine.c, one for each device of a machine; serves one VMM after the other.
 */
#ifndef SCANOUTD_INPUT_DEVICE_H
#define SCANOUTD_INPUT_DEVICE_H

#include <glib.h>

#include "fd_keeper.h"
#include "input/sink.h"

struct device_counters {
	uint64_t groups; /* given to a guest that listens, merged ones included */
	uint64_t events; /* written into the guest's buffers, SYN_REPORT included */
	uint64_t merged; /* groups of motion added to earlier ones, since the guest took none */
	uint64_t dropped; /* groups, for the same reason, all but their releases and switches */
};

struct device_options {
	const char *guest; /* for the log; copied */
	const char *device; /* "keyboard"; copied */
	const char *path; /* of the listening socket */
	const char *group; /* as door_create_path() */
	struct account *account; /* its guest's, borrowed; NULL: there are no limits */
	const struct fd_keeper *keeper; /* as door_options.keeper */
	bool keeps_vmm; /* the keeper keeps the VMM, too */
};

/*
 * `description` is copied. `listener` must outlive it. A VMM that a predecessor of this process had
 * goes on with this device, as that described it: `listener` is told of its driver before this
 * returns; the next VMM finds `description`. NULL: so does that. NULL without an error is returned
 * where there is no description, as nothing was left.
 */
struct input_sink *device_create(const struct device_options *options,
	const struct input_description *description, const struct input_sink_listener *listener,
	void *data, GError **error);

/* As its VMM, or the next one, finds it; belongs to the device. */
const struct input_description *device_description(const struct input_sink *sink);

/* What a predecessor told the guest is pressed, and nobody has sent as pressed since, is released.
 * Once, when all who hold something have said so; it does nothing where there was no
 * predecessor. */
void device_settle(struct input_sink *sink);

/* A key or button, which is at most KEY_MAX, is pressed as the guest sees it, or will. */
bool device_sees_pressed(const struct input_sink *sink, uint16_t code);

/* Switches that are on as the guest sees them, or will: bit SW_*. */
uint32_t device_sees_switches(const struct input_sink *sink);

/*
 * For the end alone, when nobody else waits: blocks until the guests have taken what is left of
 * these devices, at most half a second for all of them. Releases can be more than a guest has
 * buffers for, and a key that it holds for pressed repeats for good.
 */
void device_flush(struct input_sink *const *sinks, size_t count);

void device_counters(const struct input_sink *sink, struct device_counters *counters);

#endif
