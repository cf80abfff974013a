/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Whether anybody is there: which guests' machines have had no input for as long as idle-off= says.
 * Made and asked by routing.c, which sees each event of the host's devices; knows no device.
 */
#ifndef SCANOUTD_INPUT_IDLE_H
#define SCANOUTD_INPUT_IDLE_H

#include <glib.h>
#include <stdbool.h>

#include "config/config.h"

struct idle;
struct machine;

struct idle_listener {
	/* Nobody has touched the guest's machine for long, or somebody does again. From the main
	 * loop, or from inside of a call below. */
	void (*changed)(void *data, const char *guest, bool idle);
};

/* Of any of these struct config_guest: else there is nothing to be watched. */
bool idle_is_wanted(const GPtrArray *guests);

/* `guests` outlive it. `machine_of`: the guest's. It begins when idle_count() says so. */
struct idle *idle_create(const GPtrArray *guests,
	struct machine *(*machine_of)(void *data, const char *guest), void *machine_data,
	const struct idle_listener *listener, void *data);
/* Wakes nobody. Takes NULL. */
void idle_destroy(struct idle *idle);

/* There are devices of the host that somebody could use, from now on; or there are none, and so
 * nobody could wake what is off: all are awake. */
void idle_count(struct idle *idle, bool counts);

/* Somebody uses the machine. True: it was idle until now, so who did this looked at a dark screen,
 * and did not mean the guest. */
bool idle_input(struct idle *idle, const struct machine *machine);

#endif
