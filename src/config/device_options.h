/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What libinput is asked for one of the host's input devices: the fields of a [device NAME] section
 * (config.h) that are libinput's. Read by keys.c, merged by input/host_device.c, applied by
 * input/seat.c. All zero: libinput's own defaults.
 */
#ifndef SCANOUTD_CONFIG_DEVICE_OPTIONS_H
#define SCANOUTD_CONFIG_DEVICE_OPTIONS_H

#include <stdbool.h>

struct seat_device_options {
	bool ignore; /* not opened for events at all, where libinput allows it; else its events are dropped */
	double acceleration; /* -1 to 1; 0 is libinput's own */
	enum { SEAT_PROFILE_DEFAULT, SEAT_PROFILE_FLAT, SEAT_PROFILE_ADAPTIVE } profile;
	enum seat_choice { SEAT_DEFAULT, SEAT_ON, SEAT_OFF } natural_scrolling, tap, left_handed;
	bool calibrated;
	float calibration[6]; /* rows 1 and 2 of libinput's matrix */
};

#endif
