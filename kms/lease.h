/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Outputs that another program drives in our place, by a DRM lease of their connectors, CRTCs and
 * planes: struct kms_lease of kms.h, and all of a device's. While one is given, nothing of it is in
 * any request of ours (crtc->lent, plane->lent); what the outputs show is the holder's. What comes
 * after is a mode set like any other, with all properties: until that has been shown the holder's
 * last picture stays, since a descriptor of its file is kept here.
 *
 * Part of a device; called by device.c in the loop's turn, and by device_query.c for src/. Records
 * what happened by kms_output_note_change(), and asks for mode sets; calls nobody.
 */
#ifndef KMS_LEASE_H
#define KMS_LEASE_H

#include "modeset.h"

#include <kms_lease.h>

struct kms_leases {
	struct kms_outputs *outputs;
	struct kms_modeset *modeset;
	GPtrArray *all; /* struct kms_lease, until their owners destroy them */
	GArray *kept; /* of leases that ended: what keeps their last pictures */
	GArray *unrevoked; /* uint32_t: lessees that we were not master to end */
};

void kms_leases_init(struct kms_leases *leases, struct kms_outputs *outputs,
	struct kms_modeset *modeset);

/* Ends all that there are; those that their owners still have are of no use but to be destroyed. */
void kms_leases_finish(struct kms_leases *leases);

static inline bool kms_leases_any(const struct kms_leases *leases)
{
	return leases->all->len > 0 || leases->kept->len > 0;
}

struct kms_lease *kms_leases_add(struct kms_leases *leases, struct kms_output *const *outputs,
	size_t count, uint32_t planes);

/* In the loop's turn: gives those that wait and can be given now, ends those of outputs whose
 * monitor has gone, or that are to be off, and lets go of pictures that are no longer shown. */
void kms_leases_run(struct kms_leases *leases);

/* We are about to be master no longer, or are not any more: all that are given end. */
void kms_leases_end(struct kms_leases *leases);

/* We are master again, and about to set all modes: no former lessee has anything left. */
void kms_leases_revoke_rest(struct kms_leases *leases);

#endif
