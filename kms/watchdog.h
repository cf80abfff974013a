/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Flips whose event does not come. First the commits in flight are given up, their frames reported,
 * and then the mode is set anew by one blocking commit; a CRTC that is stuck again after that costs
 * the card. One watchdog a card, called by device.c from the main loop.
 */
#ifndef KMS_WATCHDOG_H
#define KMS_WATCHDOG_H

#include <glib.h>

struct kms_device;

/* A commit is in flight since `now_us` (monotonic clock). */
void kms_watchdog_start(struct kms_device *device, int64_t now_us);

/* It is time to look: device->watchdog_us has come. */
void kms_watchdog_run(struct kms_device *device, int64_t now_us);

#endif
