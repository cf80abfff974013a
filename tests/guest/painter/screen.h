/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One connector of the guest's DRM device with a mode, two dumb buffers and a cursor: what a
 * guest's display server has, and nothing more. Called by the painter alone.
 *
 * Plain libdrm calls of the legacy interface (mode set, page flip with event, dirty rectangles,
 * cursor), since that is what the guests of this world use most. Functions return 0 or a negative
 * errno.
 */
#ifndef SCANOUTD_TESTS_GUEST_SCREEN_H
#define SCANOUTD_TESTS_GUEST_SCREEN_H

#include <stdint.h>

struct screen_buffer {
	uint32_t handle;
	uint32_t framebuffer;
	uint32_t width;
	uint32_t height;
	uint32_t stride; /* bytes */
	uint64_t size;
	uint32_t *pixels;
};

struct screen {
	int fd; /* the device's, shared by all screens */
	uint32_t connector;
	uint32_t crtc;
	struct screen_buffer buffers[2];
	unsigned int front; /* the one that the CRTC shows */
	struct screen_buffer cursor;
	unsigned int flips;
	unsigned int dirties;
};

/* Finds connector number `index` and a CRTC for it; sets no mode. */
int screen_init(struct screen *screen, int fd, unsigned int index);
void screen_finish(struct screen *screen);

/* The connector's preferred size. */
int screen_preferred(struct screen *screen, uint32_t *width, uint32_t *height);

/* New buffers of this size, the front one filled with picture `seed`, and a mode set to it. */
int screen_set_mode(struct screen *screen, uint32_t width, uint32_t height, uint32_t seed);

/* Draws picture `seed` into the back buffer, flips to it and waits for the event. */
int screen_flip(struct screen *screen, uint32_t seed);

/* Draws a rectangle of picture `seed` into the front buffer and says that it is dirty. */
int screen_dirty(struct screen *screen, uint32_t x, uint32_t y, uint32_t width, uint32_t height,
	uint32_t seed);

int screen_set_cursor(struct screen *screen, uint32_t seed, int32_t x, int32_t y);
int screen_move_cursor(struct screen *screen, int32_t x, int32_t y);
int screen_hide_cursor(struct screen *screen);

/* Turns the CRTC off. */
int screen_off(struct screen *screen);

#endif
