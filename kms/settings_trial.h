/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A mode set was refused: is it the connectors' settings that the driver does not want? Asked by
 * TEST_ONLY alone, by modeset.c, after a refusal of a plan that has some.
 */
#ifndef KMS_SETTINGS_TRIAL_H
#define KMS_SETTINGS_TRIAL_H

#include "attempt.h"

/*
 * True: the driver takes the attempt without them, and those that it does not take are out of the
 * plan, said and noted in their outputs; the attempt is worth another try.
 */
bool kms_settings_trial(struct kms_plan *plan, const struct kms_attempt *attempt);

#endif
