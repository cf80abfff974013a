/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * CRTCs whose page-flip event does not come. The commit that is stuck is abandoned, and its frames
 * are reported; a mode set of the CRTC follows; one that does not help either is left alone for a
 * minute. Other CRTCs do not notice. What it knows is in struct kms_crtc: `stuck`, `forced`,
 * `given_up`. Called by device.c from the main loop, when its deadlines come.
 */
#ifndef KMS_WATCHDOG_H
#define KMS_WATCHDOG_H

#include "modeset.h"

/*
 * It is time to look: records.watchdog_us has come. True: CRTCs are marked as `stuck`, and their
 * outputs have failed; what is drawn for them waits for the mode set.
 */
bool kms_watchdog_run(struct kms_outputs *outputs, int64_t now_us);

/* When those that failed have been told: a mode set for each CRTC that is `stuck`, and the mark is
 * taken back. It may block; nothing is committed any more where the card is lost over it. */
void kms_watchdog_unstick(struct kms_modeset *modeset);

/* CRTCs that were given up are tried again when their minute is over. */
void kms_watchdog_retry(struct kms_modeset *modeset, int64_t now_us);

#endif
