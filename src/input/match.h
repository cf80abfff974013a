/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Which [device] sections mean one of the host's input devices. Used by host_device.c, for devices
 * of libinput, and by passthrough.c, for those that udev knows.
 */
#ifndef SCANOUTD_INPUT_MATCH_H
#define SCANOUTD_INPUT_MATCH_H

#include <stdbool.h>
#include <stdint.h>

#include "config/config.h"
#include "input/seat.h"

/* A device as sections speak of it. */
struct match_device {
	const char *name; /* or NULL */
	uint32_t vendor, product;
	unsigned int capabilities; /* of enum seat_capability */
	/* Of udev; NULL: not set. */
	const char *(*property)(const void *data, const char *name);
	const void *data;
};

/* All that the section gives must be so. */
bool match_section(const struct config_device *section, const struct match_device *device);

#endif
