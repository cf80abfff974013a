/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Is what should move moving? A daemon whose loop turns but that shows nothing, or leaves a guest
 * without its answer, is as dead as one that hangs. Asked by the watchdog, from the main loop.
 *
 * Below this everything has time limits of its own: a page flip, a guest's fences. They end well
 * before this one; so what is found here is a fault of ours or of a driver, never what a guest or
 * its back-end did, which must not be able to have the daemon started again under everybody else.
 */
#ifndef SCANOUTD_REPORT_HEALTH_H
#define SCANOUTD_REPORT_HEALTH_H

#include <glib.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct health;

struct health_guest {
	const char *name;
	/* Since when the request that came last waits for an answer, g_get_monotonic_time(); 0:
	 * none waits. The last, since a peer that goes on sending is in nobody's debt. */
	int64_t waiting_since_us;
};

struct health_output {
	const char *name;
	bool busy; /* lit, and something is on its way to the screen */
	uint64_t progress; /* another number whenever a commit was made, was shown or failed */
};

struct health_facts {
	const struct health_guest *guests;
	size_t guest_count;
	const struct health_output *outputs;
	size_t output_count;
};

/* For flips that may take so long; 0: KMS_FLIP_TIMEOUT_MS. */
struct health *health_create(unsigned int flip_timeout_ms);
/* Takes NULL. */
void health_destroy(struct health *health);

/* What has not moved for too long, as a sentence without a full stop; the caller's. NULL: nothing.
 * To be asked every few seconds: an output's progress is compared with that of before. */
char *health_complaint(struct health *health, const struct health_facts *facts, int64_t now_us);

#endif
