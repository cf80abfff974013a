/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the guest's user draws with: all input devices of the guest, as one hand. Called by the
 * painter alone.
 *
 * Where a finger or a pen touches, or a pointer is with its left button down, part of a picture
 * appears; a mouse moves the cursor. Functions return 0 or a negative errno.
 */
#ifndef SCANOUTD_TESTS_GUEST_HAND_H
#define SCANOUTD_TESTS_GUEST_HAND_H

#include <linux/input.h>
#include <stdbool.h>
#include <stdint.h>

#include "screen.h"

#define HAND_DEVICES 16
#define HAND_SLOTS 16

/* Half the edge of what one touch draws, pixels. */
#define HAND_REACH 8

struct hand_point {
	bool down;
	int32_t x; /* relative devices: pixels; absolute ones: as the device counts */
	int32_t y;
};

struct hand_device {
	int fd;
	bool touch;
	bool absolute;
	struct input_absinfo x;
	struct input_absinfo y;
	unsigned int slot;
	struct hand_point points[HAND_SLOTS]; /* the pointer's is the first */
};

struct hand {
	unsigned int count;
	struct hand_device devices[HAND_DEVICES];
};

/* Opens what is there now, of this serial (NULL: any); what it does from here on waits for
 * hand_draw(). */
int hand_open(struct hand *hand, const char *serial);
void hand_close(struct hand *hand);

/* Until that many groups of events have come: draws parts of picture `seed`. The last point is in
 * *x and *y, pixels. */
int hand_draw(struct hand *hand, struct screen *screen, uint32_t seed, long groups, int32_t *x,
	int32_t *y);

#endif
