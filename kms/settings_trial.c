/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "settings_trial.h"

#include <drm_mode.h>

static int test(const struct kms_plan *plan, const struct kms_attempt *attempt)
{
	struct kms_request request;
	int error;

	kms_request_init(&request);
	kms_attempt_build(&request, plan, attempt);
	error = kms_request_test(plan->card, &request, DRM_MODE_ATOMIC_ALLOW_MODESET);
	kms_request_finish(&request);
	return error;
}

static bool takes_part(const struct kms_plan_entry *entry, const struct kms_attempt *attempt)
{
	return entry->on && kms_attempt_includes(entry, attempt);
}

static bool has_settings(const struct kms_plan *plan, const struct kms_attempt *attempt)
{
	for (size_t i = 0; i < plan->count; i++) {
		if (takes_part(&plan->entries[i], attempt) && plan->entries[i].next.settings.given)
			return true;
	}
	return false;
}

/* One after the other, on top of those that were taken. True: one was refused. */
static bool try_each(const struct kms_plan *plan, const struct kms_attempt *attempt,
	struct kms_plan_entry *entry, uint32_t wanted)
{
	struct kms_settings *settings = &entry->next.settings;
	bool refused = false;

	for (int setting = 0; setting < KMS_SETTINGS; setting++) {
		uint32_t bit = UINT32_C(1) << setting;
		int error;

		if (!(wanted & bit))
			continue;
		settings->given |= bit;
		error = test(plan, attempt);
		/* The card is another's or gone: no word on the setting. */
		if (!error || !kms_is_refusal(error) || kms_error_is_passing(error))
			continue;
		settings->given &= ~bit;
		kms_settings_refuse(&entry->output->settings, &entry->output->connector,
			(enum kms_setting)setting);
		refused = true;
	}
	return refused;
}

static bool find_refused(const struct kms_plan *plan, const struct kms_attempt *attempt)
{
	uint32_t wanted[KMS_OUTPUTS_MAX] = {0};
	bool refused = false;

	for (size_t i = 0; i < plan->count && i < KMS_OUTPUTS_MAX; i++) {
		if (!takes_part(&plan->entries[i], attempt))
			continue;
		wanted[i] = plan->entries[i].next.settings.given;
		plan->entries[i].next.settings.given = 0;
	}
	for (size_t i = 0; i < plan->count && i < KMS_OUTPUTS_MAX; i++)
		refused |= try_each(plan, attempt, &plan->entries[i], wanted[i]);
	return refused;
}

bool kms_settings_trial(struct kms_plan *plan, const struct kms_attempt *attempt)
{
	struct kms_attempt bare = *attempt;
	bool refused = false;

	if (!has_settings(plan, attempt))
		return false;
	bare.bare = true;
	if (kms_attempt_prepare(plan, attempt, NULL))
		refused = test(plan, &bare) == 0 && find_refused(plan, attempt);
	kms_attempt_discard(plan);
	return refused;
}
