/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Who gets what: from an event of one of the host's devices to the machine, and to the device of
 * it, that it is for. Keyboards and pointers go by the focus, touch screens and tablets by the
 * output that they lie on, and a device that the configuration gives to one guest to that one.
 *
 * Made by input.c when machines and layout are; told of devices and events by the host's seat,
 * whose listener it is. Owns the focus, the pens and what is known of each of the host's devices.
 */
#ifndef SCANOUTD_INPUT_ROUTING_H
#define SCANOUTD_INPUT_ROUTING_H

#include <stdbool.h>

#include "config/config.h"
#include "input/machines.h"
#include "input/seat.h"
#include "scene/layout.h"

struct routing;

struct routing_listener {
	/* The key combination to stop was pressed. */
	void (*leave)(void *data);
	/* … or that for another virtual terminal. */
	void (*switch_terminal)(void *data, int terminal);
	/* A device of the host came or went. */
	void (*devices_changed)(void *data);
	/* Nobody has touched the guest's machine for idle-off=, or somebody does again. */
	void (*idle)(void *data, const char *guest, bool idle);
	/* The key of the n-th layout, from 0, was pressed. */
	void (*switch_layout)(void *data, size_t index);
};

struct routing_options {
	const struct config *config;
	const struct layout *layout;
	const struct machines *machines;
};

/* All of the options outlive it. */
struct routing *routing_create(const struct routing_options *options,
	const struct routing_listener *listener, void *data);
/* Releases what is pressed, lifts what touches. After the seat that it listens to. Takes NULL. */
void routing_destroy(struct routing *routing);

/* For seat_create(), with the routing as data: listener, and seat_options.configure and
 * was_pressed. */
extern const struct seat_listener routing_seat_listener;
bool routing_was_pressed(void *data, const struct seat_device *device, uint16_t code);
void routing_configure_device(void *data, struct seat_device *device,
	struct seat_device_options *options);

/* The layout's views are others than before. */
void routing_outputs_changed(struct routing *routing);

/* A device that is passed through to the machine was used. */
void routing_note_input(struct routing *routing, const struct machine *machine);

/* LEDs of a machine have changed: the host's keyboards that it has show them. */
void routing_show_leds(struct routing *routing);

/* Whether one of the host's devices is a keyboard. */
bool routing_has_keyboard(const struct routing *routing);

#endif
