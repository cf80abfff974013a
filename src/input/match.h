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
	const char *name; /* as its firmware has it: any bytes; or NULL */
	uint32_t vendor, product;
	unsigned int capabilities; /* of enum seat_capability */
	/* Of udev, any bytes; NULL: not set. */
	const char *(*property)(const void *data, const char *name);
	const void *data;
};

/*
 * `*` stands for any bytes and `?` for one. Bytes are compared, not characters: names come from
 * firmware, and need be UTF-8 no more than they need be true. Takes time by the product of both
 * lengths at most.
 */
bool match_pattern(const char *pattern, const char *text);

/* All that the section gives must be so. */
bool match_section(const struct config_device *section, const struct match_device *device);

#endif
