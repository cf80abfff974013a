/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A machine whose devices are written down instead of heard by a guest: each group as a line
 * "DEVICE CODE=VALUE …", and where another way takes over "DEVICE released".
 */
#ifndef TESTS_UNIT_RECORD_SINK_H
#define TESTS_UNIT_RECORD_SINK_H

#include <glib.h>

#include "input/machine.h"

struct recorded_machine {
	struct machine *machine;
	GString *text;
	int listening; /* machine_listener.listens, up and down */
	int led_changes;
};

/* The machine alone, with sockets of its own if the options say so. */
void recorded_machine_create(struct recorded_machine *recorded,
	const struct machine_options *options);
/* Devices of these kinds (a bit each) and so many touch screens listen. */
void recorded_machine_add(struct recorded_machine *recorded, unsigned int kinds, size_t screens);

/* Both. */
void recorded_machine_start(struct recorded_machine *recorded, const char *name, unsigned int kinds,
	size_t screens);
void recorded_machine_finish(struct recorded_machine *recorded);

/* What was sent since the last time is exactly this. */
void recorded_machine_expect(struct recorded_machine *recorded, const char *text);

#endif
