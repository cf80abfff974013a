/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Mode sets: which output gets which CRTC and planes, and the one joint commit that makes it so. It
 * names only what changes, so that outputs that go on as they are do not notice. The first is
 * blocking and takes the card over; later ones are nonblocking and wait until no CRTC that takes
 * part has a commit in flight. Part of a device; called by device.c and configure.c, which act on
 * the results.
 */
#ifndef KMS_MODESET_H
#define KMS_MODESET_H

#include "outputs.h"

struct kms_modeset {
	struct kms_outputs *outputs;
	bool configured; /* kms_device_configure() was called */
	bool taken_over; /* the first joint commit was made */
	bool wanted; /* a mode set waits for CRTCs to be idle */
	bool resets; /* and takes the whole card over again */
	bool alone; /* the kernel pulled in others, and they were busy: all wait for it */
	int64_t trying_since_us; /* the moment was wrong: since when; 0: it was not */
};

/*
 * The configuration, the connectors or the master changed: makes a mode set if that changes
 * anything, now or when the CRTCs are idle. `resets`: take everything over again.
 */
void kms_modeset_request(struct kms_modeset *modeset, bool resets);

/* Makes the mode set that waits, if nothing that takes part is in flight any more. */
void kms_modeset_run(struct kms_modeset *modeset);

/* The card is not ours: what waits is void. */
void kms_modeset_cancel(struct kms_modeset *modeset);

/* The first one, blocking: false where the card cannot be driven at all. Outputs that the driver
 * does not light are left off. */
bool kms_modeset_take_over(struct kms_modeset *modeset, GError **error);

/*
 * For a CRTC whose flip is stuck: a mode set of it alone. 0 or an errno. `blocking` is the last
 * resort: the kernel waits for the flip, for tens of seconds if it must, and goes on without it.
 */
int kms_modeset_unstick(struct kms_modeset *modeset, struct kms_crtc *crtc, bool blocking);

#endif
