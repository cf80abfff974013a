/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the driver says of a frame: by what its planes say they can do, by what it said before, and
 * only then by TEST_ONLY. Part of output.h.
 */
#include "output.h"

/* A refusal for want of memory holds so long. */
#define MEMORY_REFUSAL_US (10 * G_USEC_PER_SEC)

/* Does the picture fill the screen pixel by pixel, from memory of ours? Every driver shows that. */
static bool is_plain(const struct kms_output *output, const struct kms_output_frame *frame)
{
	const struct kms_placement *placement = &frame->placement;

	return frame->buffer->handle && placement->transform == KMS_ROTATE_0 &&
		placement->source.width == placement->destination.width &&
		placement->source.height == placement->destination.height &&
		placement->destination.x == 0 && placement->destination.y == 0 &&
		placement->destination.width == output->state.mode.hdisplay &&
		placement->destination.height == output->state.mode.vdisplay;
}

void kms_output_remember(struct kms_output *output, const struct kms_output_frame *frame, int error)
{
	struct kms_verdict *verdict = kms_verdicts_get(&output->verdicts, frame->buffer,
		&frame->placement);

	verdict->picture = error ? KMS_ANSWER_NO : KMS_ANSWER_YES;
	output->doubted |= error != 0;
	verdict->until_us = KMS_NEVER;
	if (kms_error_is_passing(error))
		verdict->until_us = g_get_monotonic_time() + MEMORY_REFUSAL_US;
	else if (error && is_plain(output, frame))
		kms_output_distrust(output);
}

/* What needs no question: the planes say what they can do. */
static bool is_possible(const struct kms_output *output, const struct kms_output_frame *frame)
{
	const struct kms_plane *plane = output->state.layers[KMS_LAYER_PICTURE].plane;
	const struct kms_layout *layout = &frame->buffer->layout;

	return kms_plane_takes(plane, layout->fourcc, layout->modifier) &&
		kms_plane_turns(plane, frame->placement.transform);
}

/* TEST_ONLY of the picture alone: as a flip that has no other reason to be refused. */
static int ask(struct kms_output *output, const struct kms_output_frame *frame)
{
	struct kms_flip flip;
	int error;

	kms_flip_init(&flip, &output->state);
	if (kms_output_has_layers(output))
		kms_output_add_layers_off(output, &flip);
	kms_flip_layer(&flip, KMS_LAYER_PICTURE, frame->buffer)->placement = frame->placement;
	kms_flip_layer(&flip, KMS_LAYER_CURSOR, NULL);
	if (output->has_former)
		kms_output_add_former_off(output, &flip, true);
	output->counters.tests++;
	error = kms_flip_test(output->card, &output->request, &flip);
	kms_flip_finish(&flip);
	return error;
}

/* `can_wait`: while a commit is in flight some drivers (amdgpu) answer only after it; then what is
 * not known is left to the commit. */
static bool find_out(struct kms_output *output, const struct kms_output_frame *frame, bool can_wait)
{
	int error;

	if (!is_possible(output, frame)) {
		kms_verdicts_get(&output->verdicts, frame->buffer, &frame->placement)->picture =
			KMS_ANSWER_NO;
		return false;
	}
	if (can_wait && kms_output_in_flight(output))
		return true;
	error = ask(output, frame);
	/* Where that could not be answered now, the commit will tell. */
	if (kms_error_is_passing(error))
		return true;
	if (!kms_records_note_error(&output->card->records, error))
		kms_output_remember(output, frame, error);
	return error == 0;
}

bool kms_output_judge(struct kms_output *output, const struct kms_output_frame *frame,
	bool can_wait)
{
	const struct kms_verdict *verdict = kms_verdicts_find(&output->verdicts, frame->buffer,
		&frame->placement);
	if (verdict && verdict->picture != KMS_ANSWER_UNKNOWN)
		return verdict->picture == KMS_ANSWER_YES;
	return find_out(output, frame, can_wait);
}

/* Upright and pixel by pixel: no driver needs to think about that for long. */
static bool is_simple(const struct kms_placement *placement)
{
	return placement->transform == KMS_ROTATE_0 &&
		placement->source.width == placement->destination.width &&
		placement->source.height == placement->destination.height;
}

bool kms_output_test(struct kms_output *output, const struct kms_frame *frame)
{
	const struct kms_output_frame next = kms_output_frame_of(frame);

	return kms_output_active(output) &&
		kms_output_ask(output, &next, is_simple(&next.placement));
}
