/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A refresh rate that varies, of an output: when frames decide (vrr=auto), it varies while they
 * come one after the other, and stands still when nothing but the cursor moves. Called at each
 * commit, and at mode sets. Part of output.h.
 */
#include "output.h"

#include <log.h>

/* Frames that are farther apart are no motion. */
#define QUIET_US G_USEC_PER_SEC

/* Some panels show a picture again once a second: a cursor that waits for that seems to stick. */
#define CURSOR_WAIT_US 33333

void kms_output_vrr_start(struct kms_output *output)
{
	const struct kms_settings *settings = &output->state.settings;

	output->state.vrr = kms_settings_vary(settings);
	output->vrr_auto = output->state.vrr &&
		settings->values[KMS_SETTING_VRR][0] == KMS_VRR_AUTO;
	output->vrr_frame_us = g_get_monotonic_time();
}

bool kms_output_vrr_choose(struct kms_output *output, bool frame)
{
	int64_t now_us = kms_records_now(&output->card->records);
	bool moves = now_us - output->vrr_frame_us < QUIET_US;

	if (!frame)
		return output->state.vrr && moves;
	output->vrr_frame_us = now_us;
	return moves;
}

void kms_output_vrr_refuse(struct kms_output *output)
{
	output->vrr_auto = false;
	log_output(G_LOG_LEVEL_MESSAGE, kms_output_name(output),
		"vrr=auto: the driver changes it by a mode set alone; it stays %s",
		output->state.vrr ? "on" : "off");
}

int64_t kms_output_longest_period(const struct kms_output *output)
{
	int64_t period_us = kms_output_period(output);
	int64_t slowest_us;

	if (!output->state.vrr || !output->connector.slowest_hz)
		return period_us;
	slowest_us = G_USEC_PER_SEC / output->connector.slowest_hz;
	return MAX(period_us, MIN(slowest_us, CURSOR_WAIT_US));
}
