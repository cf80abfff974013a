/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Waiting for the next vblank of a CRTC, by CRTC sequence events and poll(), never by sleeping.
 * Used by watch.c. Needs no mastership.
 *
 * Two cases have no vblank to wait for: a CRTC that is off, and a driver without vblank interrupts
 * (bochs and others). There the wait is one period of 60 Hz, and the sequence number stays 0.
 */
#ifndef SCREENSHOT_VBLANK_H
#define SCREENSHOT_VBLANK_H

#include "card.h"

struct vblank {
	uint64_t sequence; /* 0: the CRTC is off or the driver counts none */
	uint64_t time_ns; /* CLOCK_MONOTONIC */
};

struct vblank_clock {
	const struct card *card;
	uint32_t crtc_id;
	bool queued; /* an event is on its way: survives a wait that ran out of time */
	bool arrived;
	struct vblank last;
};

enum vblank_result {
	VBLANK_ARRIVED,
	VBLANK_DEADLINE, /* came first */
	VBLANK_FAILED, /* the card is gone; error is set */
};

/* crtc_id 0: there is no CRTC to follow now, which is like one that is off. */
void vblank_clock_init(struct vblank_clock *clock, const struct card *card, uint32_t crtc_id);
/* Follows this CRTC from now on. */
void vblank_clock_move(struct vblank_clock *clock, uint32_t crtc_id);

/* Waits for the next vblank, until the deadline at the latest (g_get_monotonic_time(), in us). */
enum vblank_result vblank_wait(struct vblank_clock *clock, int64_t deadline, struct vblank *vblank,
	GError **error);

/* The number of the vblank that was last, without waiting; 0 as above. */
uint64_t vblank_sequence(const struct card *card, uint32_t crtc_id);

#endif
