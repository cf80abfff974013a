/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Who gets what: a plan of a mode set gives every output that is to be on a mode, a CRTC, a primary
 * plane and, where there is one, a plane for the cursor. It is a state for each output, of which
 * nothing is in force. Used by modeset.c.
 */
#ifndef KMS_ROUTE_H
#define KMS_ROUTE_H

#include "outputs.h"

struct kms_plan_entry {
	struct kms_output *output;
	bool on;
	bool same; /* it runs so already */
	bool wanted; /* it is to be on if the driver takes it: see modeset.c */
	bool resets; /* every property of its objects is to be set */
	/* What it is to show; its buffers and blobs are made by modeset.c. */
	struct kms_state next;
};

struct kms_plan {
	struct kms_card *card;
	struct kms_plan_entry *entries; /* one an output, in the outputs' order */
	size_t count;
};

/* An output without mode or CRTC is left off, which is logged. */
void kms_plan_init(struct kms_plan *plan, const struct kms_outputs *outputs);
void kms_plan_finish(struct kms_plan *plan);

/* The mode of an output's entry, `later` steps on from the one that it is at. False: there is
 * none. */
bool kms_plan_choose_mode(struct kms_plan_entry *entry, size_t later);

/* It differs from what runs. */
bool kms_plan_changes_anything(const struct kms_plan *plan);

#endif
