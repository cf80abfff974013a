/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Outputs that another program drives in our place: by a DRM lease (drmModeCreateLease) of each
 * one's connector, CRTC, and planes. The kernel lends no planes alone (validate_lease() in its
 * drm_lease.c), so that who has one of them has the mode, too, and we commit nothing there.
 * While it is given they are not active, and what they show is the holder's: before its first frame
 * that is their last picture, and on after it where the holder has not got that plane. After it
 * they show that again, in the next mode set, which is no more than a flip where the holder left
 * the mode as it was; until then what the holder has shown last stays.
 *
 * What src/lease/ asks of kms/lease.c, by the rules of kms.h.
 */
#ifndef SCANOUTD_KMS_LEASE_H
#define SCANOUTD_KMS_LEASE_H

#include <stddef.h>
#include <stdint.h>

struct kms_device;
struct kms_output;
struct kms_lease;

enum kms_lease_state {
	KMS_LEASE_WAITING, /* for all of its outputs to be lit, idle, and with no layers or cursor */
	KMS_LEASE_GIVEN,
	/* A monitor has gone, an output is to be off, we are master no longer, the card is gone;
	 * or, which is logged, the kernel refuses it. There is no way back. */
	KMS_LEASE_ENDED,
};

/* Planes of each of the outputs. */
enum kms_lease_planes {
	KMS_LEASE_PRIMARY = 1 << 0, /* the picture's */
	KMS_LEASE_CURSOR = 1 << 1,
	KMS_LEASE_OVERLAYS =
		1 << 2, /* that no other CRTC can have, or that is ours for the cursor */
	KMS_LEASE_ALL_PLANES = KMS_LEASE_PRIMARY | KMS_LEASE_CURSOR | KMS_LEASE_OVERLAYS,
};

/*
 * Of these planes as many as an output has; one that has none of them is not lent.
 * Waits at first; every change of its state is an output_changed of one of its outputs at least.
 * Belongs to the caller, and is of no use once the device has gone. No output may be in two of
 * them.
 */
struct kms_lease *kms_lease_create(struct kms_device *device, struct kms_output *const *outputs,
	size_t count, uint32_t planes);

enum kms_lease_state kms_lease_state(const struct kms_lease *lease);

/* What is for its holder, who gets a descriptor of its own of it; -1 unless it is given. Belongs to
 * it. */
int kms_lease_fd(const struct kms_lease *lease);

/* Ends it: the holder's descriptors are of no use any more. Takes NULL. */
void kms_lease_destroy(struct kms_lease *lease);

#endif
