/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "watchdog.h"

#include "resources.h"

#include <errno.h>
#include <log.h>

/* A CRTC that was given up is tried again after this. */
#define GIVEN_UP_US (60 * G_USEC_PER_SEC)

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

static void hold_stuck(struct kms_outputs *outputs)
{
	for (size_t i = 0; i < kms_outputs_count(outputs); i++) {
		struct kms_output *output = kms_outputs_at(outputs, i);

		output->held |= output->state.crtc && output->state.crtc->stuck;
	}
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
	if (stuck)
		hold_stuck(outputs);
	return stuck;
}

/* Neither time nor a mode set helps: it is left alone for a while, and nobody else notices. */
static void give_up(struct kms_outputs *outputs, struct kms_crtc *crtc)
{
	struct kms_output *output = kms_outputs_driven_by(outputs, crtc);

	crtc->given_up = true;
	crtc->forced = false;
	crtc->retry_us = g_get_monotonic_time() + GIVEN_UP_US;
	kms_records_wake_at(&outputs->card->records, crtc->retry_us);
	if (!output)
		return;
	log_output(G_LOG_LEVEL_WARNING, kms_output_name(output),
		"its page flips stay stuck after a mode set; it is left alone for a minute");
	kms_output_suspend(output, ENODEV);
}

static bool is_alone(const struct kms_outputs *outputs, const struct kms_crtc *crtc)
{
	for (size_t i = 0; i < kms_outputs_count(outputs); i++) {
		const struct kms_output *output = kms_outputs_at(outputs, i);

		if (output->on && output->state.crtc != crtc)
			return false;
	}
	return true;
}

/* Where others would have to wait for it nothing blocks: then it is helped only if its commit is
 * done, and just the event was lost. */
static void unstick(struct kms_modeset *modeset, struct kms_crtc *crtc)
{
	struct kms_outputs *outputs = modeset->outputs;
	int failure = 0;

	if (!crtc->forced)
		failure = kms_modeset_unstick(modeset, crtc, is_alone(outputs, crtc));
	if (kms_records_note_error(&outputs->card->records, failure))
		return;
	if (failure)
		log_card(G_LOG_LEVEL_WARNING, outputs->card->path,
			"a page flip is stuck, and a mode set does not help: %s",
			g_strerror(failure));
	if (failure || crtc->forced)
		give_up(outputs, crtc);
	else
		crtc->forced = true;
}

void kms_watchdog_unstick(struct kms_modeset *modeset)
{
	struct kms_card *card = modeset->outputs->card;

	for (size_t i = 0; i < card->crtc_count; i++) {
		struct kms_crtc *crtc = &card->crtcs[i];

		if (crtc->stuck && card->records.state == KMS_DEVICE_READY)
			unstick(modeset, crtc);
		crtc->stuck = false;
	}
}

void kms_watchdog_retry(struct kms_modeset *modeset, int64_t now_us)
{
	struct kms_card *card = modeset->outputs->card;
	bool due = false;

	for (size_t i = 0; i < card->crtc_count; i++) {
		struct kms_crtc *crtc = &card->crtcs[i];

		if (!crtc->given_up)
			continue;
		if (crtc->retry_us > now_us) {
			kms_records_wake_at(&card->records, crtc->retry_us);
			continue;
		}
		crtc->given_up = false;
		due = true;
	}
	if (due)
		kms_modeset_request(modeset, false);
}
