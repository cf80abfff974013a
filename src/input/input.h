/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Input as one object: the machines with their virtual devices, the seat of the host, and who gets
 * what. Made by the daemon when the outputs are known; the top of this room.
 *
 * The seat's devices are opened when the first guest's driver listens, so that who has no use for
 * input notices nothing of it; or at once, where nobody else reads the keys that are ours.
 * Where that fails it is tried again now and then.
 */
#ifndef SCANOUTD_INPUT_INPUT_H
#define SCANOUTD_INPUT_INPUT_H

#include <glib.h>
#include <stdbool.h>

#include "config/config.h"
#include "input/device.h"
#include "input/seat.h"
#include "kms.h"
#include "scene/layout.h"

struct account;
struct input;

struct input_listener {
	/* The key combination to stop was pressed. */
	void (*leave)(void *data);
	/* … or that for another virtual terminal. */
	void (*switch_terminal)(void *data, int terminal);
	/* Keys of the host go to guests, or do not any more: who else reads them shall not. Also
	 * called by input_create(). */
	void (*keyboard_taken)(void *data, bool taken);
	/* Nobody has touched the guest's machine for as long as its idle-off= says: its screens may
	 * go off. False: somebody does again. */
	void (*idle)(void *data, const char *guest, bool idle);
	/* input_tell_screen() reaches the guest, or no longer. May be NULL. */
	void (*reachable)(void *data, const char *guest, bool reachable);
	/* The key of the n-th layout, from 0, was pressed. */
	void (*switch_layout)(void *data, size_t index);
};

struct input_options {
	const struct config *config;
	struct layout *layout;
	const struct device_opener *opener; /* seat_options.opener */
	bool keyboard_is_off; /* the terminal's, from the start: the kernel's keys do not work */
	/* The account of a guest of the configuration; NULL: there are none. */
	struct account *(*account)(void *data, const char *guest);
	const struct fd_keeper *keeper; /* of all sockets: as door_options.keeper; or NULL */
};

/* All of the options outlive it. NULL: a socket cannot be made. */
struct input *input_create(const struct input_options *options,
	const struct input_listener *listener, void *data, GError **error);
/* Releases what is pressed, and waits until the guests have taken that, at most half a second; runs
 * the main loop until D-Bus has it, at most 2 s. Takes NULL, as do the next two. */
void input_destroy(struct input *input);

/* The layout's views are others than before. Takes NULL. */
void input_outputs_changed(struct input *input);

/* The screen of a scanout is another: a guest that is reachable asks about it again. Takes NULL. */
void input_tell_screen(struct input *input, const char *guest, uint32_t scanout,
	const struct layout_screen *screen);

/* The terminal goes away, or is ours again. */
void input_suspend(struct input *input);
void input_resume(struct input *input);

/* Devices that could not be opened for want of something of the moment can be now. Takes NULL. */
void input_retry(struct input *input);

/* Calls back with each virtual device that has counters; the strings are borrowed. */
typedef void (*input_counters_func)(void *data, const char *machine, const char *device,
	const struct device_counters *counters);
void input_each_counters(const struct input *input, input_counters_func call, void *data);

#endif
