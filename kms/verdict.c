/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "verdict.h"

struct kms_verdict *kms_verdicts_find(struct kms_verdicts *verdicts,
	const struct kms_buffer *buffer, const struct kms_placement *placement)
{
	bool dumb = buffer->handle != 0;

	for (size_t i = 0; i < KMS_VERDICTS_MAX; i++) {
		struct kms_verdict *verdict = &verdicts->slots[i];

		if (!verdict->used || verdict->dumb != dumb ||
			!kms_layout_equal(&verdict->layout, &buffer->layout) ||
			!kms_placement_equal(&verdict->placement, placement))
			continue;
		if (verdict->until_us != KMS_NEVER && g_get_monotonic_time() >= verdict->until_us) {
			verdict->picture = KMS_ANSWER_UNKNOWN;
			verdict->until_us = KMS_NEVER;
		}
		return verdict;
	}
	return NULL;
}

struct kms_verdict *kms_verdicts_get(struct kms_verdicts *verdicts, const struct kms_buffer *buffer,
	const struct kms_placement *placement)
{
	struct kms_verdict *verdict = kms_verdicts_find(verdicts, buffer, placement);

	if (verdict)
		return verdict;
	verdict = &verdicts->slots[verdicts->next];
	verdicts->next = (verdicts->next + 1) % KMS_VERDICTS_MAX;
	*verdict = (struct kms_verdict){
		.layout = buffer->layout,
		.placement = *placement,
		.dumb = buffer->handle != 0,
		.used = true,
		.until_us = KMS_NEVER,
	};
	return verdict;
}
