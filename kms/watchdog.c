/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "watchdog.h"

#include "resources.h"

#include <errno.h>
#include <log.h>

/* Its event will be ignored from here on. What is on the glass is the picture before. */
static void abandon_commit(struct kms_outputs *outputs, struct kms_crtc *crtc)
{
	struct kms_output *output = kms_outputs_driven_by(outputs, crtc);

	crtc->busy = false;
	crtc->stuck = true;
	if (!output)
		return;
	log_output(G_LOG_LEVEL_WARNING, kms_output_name(output), "no page-flip event for %u ms",
		(unsigned int)((kms_card_stuck_at(outputs->card, crtc) - crtc->committed_us) /
			1000));
	output->counters.flip_timeouts++;
	kms_output_fail(output, ETIMEDOUT);
	kms_output_drop_frames(output);
}

bool kms_watchdog_run(struct kms_outputs *outputs, int64_t now_us)
{
	struct kms_card *card = outputs->card;
	int64_t next_us = KMS_NEVER;
	bool stuck = false;

	for (size_t i = 0; i < card->crtc_count; i++) {
		struct kms_crtc *crtc = &card->crtcs[i];

		if (!crtc->busy)
			continue;
		if (kms_card_stuck_at(card, crtc) <= now_us) {
			abandon_commit(outputs, crtc);
			stuck = true;
		} else {
			next_us = MIN(next_us, kms_card_stuck_at(card, crtc));
		}
	}
	kms_records_set_watchdog(&card->records, next_us);
	return stuck;
}
