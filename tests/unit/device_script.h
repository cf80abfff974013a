/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Groups of events with numbers, of keys and ten fingers, and a guest that sees whether each comes
 * once, whole, and in order. For test-device-kept.
 */
#ifndef TESTS_UNIT_DEVICE_SCRIPT_H
#define TESTS_UNIT_DEVICE_SCRIPT_H

#include <linux/virtio_input.h>
#include <stdbool.h>

#include "input/sink.h"

/* Of one run. */
#define SCRIPT_GROUPS 64

#define SCRIPT_KEYS 4 /* from KEY_1 on */
#define SCRIPT_FINGERS 10
#define SCRIPT_VALUES_MAX 64

struct script_guest {
	const bool *maybe; /* of each group: it need not come */
	bool keys[KEY_CNT]; /* that are pressed; with BTN_TOUCH */
	int32_t contacts[SCRIPT_FINGERS]; /* -1: none */
	int32_t slot;
	unsigned int next; /* number of a group */
	bool within; /* a group */
};

void script_describe(struct input_description *description, const char *name);

/* The n-th group of the host: its number, and of the keys one, all of which are pressed in the
 * second half of eight groups, and released in the first; with the last one all fingers are put
 * down, and lifted with the first. Returns how many values. */
size_t script_make_group(unsigned int n, struct input_value *values);

/* A driver that knows of nothing, but what the next group is. */
void script_guest_reset(struct script_guest *guest);

/* What is pressed was not, and the other way round, and groups are not left out. */
void script_take_event(struct script_guest *guest, const struct virtio_input_event *event);

bool script_is_pressed(const struct script_guest *guest);

#endif
