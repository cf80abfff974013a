/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Planes above an output's picture that show what a previous master left there, beside its picture
 * (kms_output_request.keep_layers): attempt.c leaves them as they are at the takeover, then each
 * stays until a layer of ours has a frame on it, or nobody is awaited there. None of it is known
 * but where it lies. Part of output.h.
 */
#include "output.h"

/* A flip says by their number which of them go. */
#define FORMER_MAX 64

static bool is_former(const struct kms_output *output, const struct kms_plane *plane)
{
	return plane->former && output->state.crtc && plane->crtc_id == output->state.crtc->id;
}

/* ---- whose they are ---- */

void kms_output_note_former(struct kms_output *output)
{
	const struct kms_card *card = output->card;

	output->has_former = false;
	for (size_t i = 0; i < card->plane_count; i++)
		output->has_former |= is_former(output, &card->planes[i]);
}

bool kms_output_may_use(const struct kms_output *output, const struct kms_plane *plane,
	const struct kms_rect *destination)
{
	const struct kms_rect place = kms_plane_place(plane);

	return !is_former(output, plane) || !plane->awaited || kms_rect_equal(&place, destination);
}

bool kms_output_was_on(const struct kms_output *output, const struct kms_plane *plane,
	const struct kms_rect *destination)
{
	const struct kms_rect place = kms_plane_place(plane);

	return is_former(output, plane) && kms_rect_equal(&place, destination);
}

/* Nobody comes there any more; or who does is in the picture by now. */
static bool goes(const struct kms_output *output, const struct kms_plane *plane)
{
	return is_former(output, plane) && !plane->awaited &&
		!kms_output_is_arranged(output, plane);
}

bool kms_output_former_is_due(const struct kms_output *output)
{
	const struct kms_card *card = output->card;

	if (!output->has_former || output->state.layers[KMS_LAYER_PICTURE].kept)
		return false;
	for (size_t i = 0; i < card->plane_count; i++) {
		if (goes(output, &card->planes[i]))
			return true;
	}
	return false;
}

void kms_output_await_layers(struct kms_output *output, const struct kms_rect *areas, size_t count)
{
	struct kms_card *card = output->card;

	if (!output->has_former)
		return;
	for (size_t i = 0; i < card->plane_count; i++) {
		struct kms_plane *plane = &card->planes[i];
		const struct kms_rect place = kms_plane_place(plane);

		if (!is_former(output, plane))
			continue;
		plane->awaited = false;
		for (size_t j = 0; j < count; j++)
			plane->awaited |= kms_rect_contains(&areas[j], &place);
	}
	if (!kms_output_former_is_due(output))
		return;
	output->rearranged = true;
	kms_output_advance(output);
}

/* ---- flips ---- */

static bool is_used(const struct kms_flip *flip, const struct kms_plane *plane)
{
	for (uint32_t left = flip->copied & KMS_LAYERS_ABOVE; left; left &= left - 1) {
		const struct kms_layer *layer = &flip->layers[kms_layer_lowest(left)];

		if (layer->buffer && layer->plane == plane)
			return true;
	}
	return false;
}

void kms_output_add_former_off(const struct kms_output *output, struct kms_flip *flip, bool all)
{
	const struct kms_card *card = output->card;
	bool is_ours = !output->state.layers[KMS_LAYER_PICTURE].kept ||
		(flip->copied & KMS_LAYER_BIT(KMS_LAYER_PICTURE));

	for (size_t i = 0; i < MIN(card->plane_count, FORMER_MAX); i++) {
		const struct kms_plane *plane = &card->planes[i];

		if (is_former(output, plane) && !is_used(flip, plane) &&
			(all || (is_ours && goes(output, plane))))
			flip->off |= UINT64_C(1) << i;
	}
}

void kms_output_former_applied(struct kms_output *output, uint64_t off)
{
	struct kms_card *card = output->card;

	for (size_t i = 0; i < MIN(card->plane_count, FORMER_MAX); i++) {
		struct kms_plane *plane = &card->planes[i];

		if (!(off >> i & 1))
			continue;
		kms_plane_forget_former(plane);
		plane->crtc_id = 0;
		/* Who had none beside it may have it now; other outputs when the flip is over, for
		 * which has_former stays until then. */
		plane->reserved = output->state.crtc->id;
		card->plane_releases++;
		card->planes_freed = true;
		kms_records_wake_at(&card->records, 0);
	}
}

bool kms_plane_can_stay(const struct kms_card *card, const struct kms_plane *plane)
{
	return plane->type == DRM_PLANE_TYPE_OVERLAY && !plane->lent &&
		plane - card->planes < FORMER_MAX;
}
