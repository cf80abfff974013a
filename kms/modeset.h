/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Mode sets: which output gets which CRTC and planes, and the one joint commit that makes it so.
 * The first is blocking and takes the card over; later ones are nonblocking and wait until no CRTC
 * has a commit in flight, since the kernel may pull other CRTCs in. Called by device.c.
 */
#ifndef KMS_MODESET_H
#define KMS_MODESET_H

#include <kms.h>

/*
 * The configuration, the connectors or the master changed: makes a mode set if that changes
 * anything, now or when the card is idle. `resets`: take everything over again.
 */
void kms_modeset_request(struct kms_device *device, bool resets);

/* Makes the mode set that waits, if nothing is in flight any more. */
void kms_modeset_run(struct kms_device *device);

/* The last resort after a stuck flip: blocking. Returns 0 or an errno. */
int kms_modeset_force(struct kms_device *device);

#endif
