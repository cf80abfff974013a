/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The life of the host's seat: its devices are opened when somebody has a use for them, closed
 * while the terminal is not ours, and tried again where that fails, or where udev said more than
 * libinput heard. Made by input.c; what the seat has to say goes to the listener that was handed
 * in.
 */
#ifndef SCANOUTD_INPUT_HOST_SEAT_H
#define SCANOUTD_INPUT_HOST_SEAT_H

#include "config/config.h"
#include "device_opener.h"
#include "input/seat.h"

struct host_seat;

struct host_seat_options {
	const struct config_input *config; /* seat=, devices= */
	const struct device_opener *opener; /* seat_options.opener */
	/* seat_options.configure. */
	void (*configure)(void *data, struct seat_device *device,
		struct seat_device_options *options);
	/* seat_options.was_pressed. */
	bool (*was_pressed)(void *data, const struct seat_device *device, uint16_t code);
};

/* All of the options, and the listener, outlive it. Opens nothing yet. */
struct host_seat *host_seat_create(const struct host_seat_options *options,
	const struct seat_listener *listener, void *data);
/* Every press gets its release first. Takes NULL. */
void host_seat_destroy(struct host_seat *host);

/* From now on the devices are open whenever they can be. No matter how often. */
void host_seat_open(struct host_seat *host);

/* A device that could not be opened for a reason that passes may be now; it is tried by itself,
 * too, after a while. The devices are closed for it, and opened again. */
void host_seat_retry(struct host_seat *host);

/* The terminal goes away, or is ours again. */
void host_seat_suspend(struct host_seat *host);
void host_seat_resume(struct host_seat *host);

#endif
