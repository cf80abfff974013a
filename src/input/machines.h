/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The machines of the configuration, each with its virtual devices, and the host's devices that are
 * passed through to one of them as they are. Made by input.c when the outputs are known, and lives
 * as long as input does; below routing.c, which feeds them. The machines are in the order in which
 * the guests of the configuration name them.
 */
#ifndef SCANOUTD_INPUT_MACHINES_H
#define SCANOUTD_INPUT_MACHINES_H

#include <glib.h>
#include <stdbool.h>
#include <stddef.h>

#include "config/config.h"
#include "device_opener.h"
#include "input/device.h"
#include "input/machine.h"
#include "scene/layout.h"

struct account;
struct machines;

struct machines_listener {
	/* machines_listen() may be another. */
	void (*listens)(void *data);
	/* The LEDs of one have changed. */
	void (*leds)(void *data);
	/* Somebody uses a device that is passed through to it. */
	void (*used)(void *data, const struct machine *machine);
	/* The guest of the configuration can be told of its screens, or no longer. May be NULL. */
	void (*reachable)(void *data, const char *guest, bool reachable);
};

/* The account of a guest of the configuration, or NULL. */
typedef struct account *(*machines_account_func)(void *data, const char *guest);

struct machines_options {
	const struct config *config;
	const struct layout *layout; /* configured */
	const struct device_opener *opener; /* of passthrough devices */
	machines_account_func account; /* NULL: there are none */
	void *account_data;
	const struct fd_keeper *keeper; /* of all sockets: as door_options.keeper */
};

/* All of the options outlive it. NULL: a socket cannot be made, or udev cannot be asked for a
 * passthrough device. */
struct machines *machines_create(const struct machines_options *options,
	const struct machines_listener *listener, void *data, GError **error);
/* Runs the main loop until D-Bus has what was sent, at most 2 s. Takes NULL. */
void machines_destroy(struct machines *machines);

/* In their order; the array is the object's and does not change. */
struct machine *const *machines_list(const struct machines *machines, size_t *count);

/* The index of the machine that a guest belongs to; there is one for each guest of the
 * configuration. */
size_t machines_index(const struct machines *machines, const char *guest);

/* A guest that is reachable hears that the screen of one of its scanouts is another. The guests of
 * a machine are its display devices in their order. */
void machines_tell_screen(struct machines *machines, const char *guest, uint32_t scanout,
	const struct layout_screen *screen);

/* Whether the driver of any listens. */
bool machines_listen(const struct machines *machines);

/* Passthrough devices are released and closed, or opened again: the terminal goes away, or is ours
 * again. */
void machines_suspend(struct machines *machines);
void machines_resume(struct machines *machines);

/* passthrough_retry() of each. */
void machines_retry(struct machines *machines);

/* device_settle() of each device. */
void machines_settle(const struct machines *machines);

/* Waits until the guests have taken what was sent to them, at most half a second. */
void machines_flush(const struct machines *machines);

/* Calls back with each virtual device that has counters; the strings are borrowed. */
void machines_each_counters(const struct machines *machines,
	void (*call)(void *data, const char *machine, const char *device,
		const struct device_counters *counters),
	void *data);

#endif
