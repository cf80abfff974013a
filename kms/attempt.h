/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One try of a mode set: which part of a plan goes into the request, what each output shows first,
 * and what becomes of the outputs once the kernel has said yes. Nothing that lives changes before
 * kms_attempt_apply(). Used by modeset.c, which decides what is tried.
 */
#ifndef KMS_ATTEMPT_H
#define KMS_ATTEMPT_H

#include "route.h"

struct kms_attempt {
	bool whole; /* all of the card; else what changes */
	bool resets; /* undo what a previous master left */
	bool pictures; /* the last pictures; else black */
	bool bare; /* every connector's settings at their defaults */
	bool blocking; /* no event follows; else only what may carry one */
	const struct kms_crtc *only; /* this CRTC alone; NULL */
	bool first; /* nothing of the card is ours yet */
};

bool kms_attempt_includes(const struct kms_plan_entry *entry, const struct kms_attempt *attempt);

/*
 * An event for a CRTC that is dark and stays so is EINVAL, and an object that leaves such a CRTC
 * pulls it in: they stay out of a request with events.
 */
bool kms_attempt_includes_crtc(const struct kms_plan *plan, const struct kms_attempt *attempt,
	const struct kms_crtc *crtc);

/* Makes the buffers and blobs of the plan's states; kms_attempt_discard() in either case, unless it
 * is applied. */
bool kms_attempt_prepare(struct kms_plan *plan, const struct kms_attempt *attempt, GError **error);
void kms_attempt_discard(struct kms_plan *plan);

void kms_attempt_build(struct kms_request *request, const struct kms_plan *plan,
	const struct kms_attempt *attempt);

/* The kernel accepted it. `token`: what its events carry, where it does not block. */
void kms_attempt_apply(struct kms_plan *plan, const struct kms_attempt *attempt, guint token,
	bool sets_mode);

#endif
