/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Who gets what: a plan of a mode set gives every output that is to be on a mode, a CRTC, a primary
 * plane and, where there is one, a plane for the cursor. Changes nothing. Used by modeset.c.
 */
#ifndef KMS_ROUTE_H
#define KMS_ROUTE_H

#include "output.h"

struct kms_plan_entry {
	struct kms_output *output;
	bool on;
	bool same; /* it runs so already */
	bool wanted; /* it is to be on if the driver takes it: see modeset.c */
	drmModeModeInfo mode;
	struct kms_crtc *crtc;
	struct kms_plane *primary;
	struct kms_plane *cursor; /* or NULL */

	/* Filled in by modeset.c. */
	bool keep; /* the picture of the previous master stays */
	struct kms_buffer *buffer;
	struct kms_placement placement;
	uint32_t mode_blob;
};

struct kms_plan {
	struct kms_plan_entry *entries; /* one an output, in the device's order */
	size_t count;
};

/*
 * `strict`: an output of which something was asked anew, and which has no mode or CRTC for it, is an
 * error; else it is logged, and the output left off. False only with `strict`. A plan is given back in either case.
 */
bool kms_plan_init(struct kms_plan *plan, struct kms_device *device, bool strict, GError **error);
void kms_plan_finish(struct kms_plan *plan);

/* It differs from what runs. */
bool kms_plan_changes_anything(const struct kms_plan *plan);

#endif
