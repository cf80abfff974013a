/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What is on the first CRTC of a card, seen from outside, whoever drives it: root alone may,
 * without being DRM master. Ends the process where anything fails. Used by glass and hotplug.
 *
 * A commit is seen in the plane's state at once and reaches the glass at the vblank after that.
 */
#ifndef SCANOUTD_TESTS_BENCH_CRTC_H
#define SCANOUTD_TESTS_BENCH_CRTC_H

#include <stdbool.h>
#include <stdint.h>

struct crtc {
	int card;
	uint32_t id;
	uint32_t plane; /* the primary one */
};

/* Takes the first card. Closed by the process's end. */
void crtc_open(struct crtc *crtc);

/* Vblanks so far. The CRTC must be on. */
uint64_t crtc_sequence(const struct crtc *crtc);

/* Whether there is a picture: false where the output is unlit. `pixel`: its last one, 0xRRGGBB, as
 * it is in memory from now on. */
bool crtc_last_pixel(const struct crtc *crtc, uint32_t *pixel);

/* Waits for the next vblank, also of a CRTC that is only about to go on; its time on
 * CLOCK_MONOTONIC. */
uint64_t crtc_next_vblank_ns(const struct crtc *crtc);

/* Of the CRTC's mode; it must be on. */
uint64_t crtc_period_ns(const struct crtc *crtc);

uint64_t crtc_now_ns(void);

/* Between two looks: a small part of a vblank. */
void crtc_rest(void);

#endif
