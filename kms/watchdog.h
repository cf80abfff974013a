/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Flips whose event does not come. The commit that is stuck is given up, and its frames reported;
 * what follows, device.c decides. Other CRTCs do not notice. Called by device.c from the main loop.
 */
#ifndef KMS_WATCHDOG_H
#define KMS_WATCHDOG_H

#include "outputs.h"

/*
 * It is time to look: records.watchdog_us has come. True: CRTCs are marked as `stuck`, and their
 * outputs have failed.
 */
bool kms_watchdog_run(struct kms_outputs *outputs, int64_t now_us);

#endif
