/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A process that sends pixels to a display socket, so that the receiver's CPU time is its own: a
 * SCANOUT, warm-up UPDATEs, and then, 60 a second, those that count. Used by the native benches.
 */
#ifndef SCANOUTD_TESTS_BENCH_PIXELS_H
#define SCANOUTD_TESTS_BENCH_PIXELS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct pixels_options {
	int fd; /* borrowed; the sender has a copy */
	uint32_t width, height; /* of the scanout */
	bool dirty; /* 5 % of the picture, else all of it */
	unsigned int warm_up;
	unsigned int frames;
};

/* What the sender says, a byte each, when the receiver has read all that was sent. */
#define PIXELS_BEGUN 'b' /* the warm-up is through */
#define PIXELS_ENDED 'e' /* all frames are */

/* Starts the sender and returns the end of a pipe that it speaks into, which is at EOF when it has
 * died. */
int pixels_start(const struct pixels_options *options);

/* An UPDATE message, whole or of 5 % in the middle of the picture. The caller's. */
uint8_t *pixels_update(uint32_t width, uint32_t height, bool dirty, size_t *size);

#endif
