/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Collects what health.h judges: of each guest since when it waits, of each output whether
 * something is due and which of its counters say that it moves. Called by the daemon for the
 * watchdog, from the main loop, with a card and without; asks, and changes nothing but what
 * `health` remembers.
 */
#ifndef SCANOUTD_REPORT_HEALTH_CHECK_H
#define SCANOUTD_REPORT_HEALTH_CHECK_H

#include <stddef.h>
#include <stdint.h>

#include "guests/member.h"
#include "kms.h"
#include "report/health.h"

/* What is asked; everything is borrowed. */
struct health_parts {
	const struct kms_device *const *devices; /* the cards that are there now */
	size_t device_count;
	struct member *const *members;
	size_t member_count;
};

/* As health_complaint(). */
char *health_check(struct health *health, const struct health_parts *parts, int64_t now_us);

#endif
