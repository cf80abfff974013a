/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Layers above an output's picture: their life, their frames, and when those go. Frames of several
 * layers flip in one commit, of which one CRTC has one a vblank: who is there early waits for who
 * is usually there too, up to the last moment (kms_output_gathers()). Part of output.h.
 */
#include "output.h"

/* A layer that showed a frame within so many vblanks is one that others wait for. */
#define LIVE_VBLANKS 4

/* ---- life ---- */

struct kms_output_layer *kms_output_layer_create(struct kms_output *output,
	const struct kms_layer_listener *listener, void *data)
{
	for (int kind = KMS_LAYER_ABOVE; kind < KMS_LAYER_CURSOR; kind++) {
		struct kms_output_layer *layer = &output->layers[kind];

		if (output->shown & KMS_LAYER_BIT(kind))
			continue;
		output->shown |= KMS_LAYER_BIT(kind);
		layer->listener = *listener;
		layer->data = data;
		layer->alpha = UINT16_MAX;
		layer->blend = KMS_BLEND_PREMULTIPLIED;
		layer->leaving = false;
		layer->damage_lost = true;
		layer->failed_serial = 0;
		layer->shown_serial = 0;
		layer->dropped_serial = 0;
		layer->shown_us = 0;
		return layer;
	}
	return NULL;
}

void kms_output_layer_destroy(struct kms_output_layer *layer)
{
	struct kms_output *output;

	if (!layer)
		return;
	output = layer->output;
	kms_output_layer_stop_waiting(layer);
	kms_output_frame_clear(&layer->pending);
	layer->queued.serial = 0;
	layer->failed_serial = 0;
	layer->shown_serial = 0;
	layer->dropped_serial = 0;
	layer->listener = (struct kms_layer_listener){0};
	layer->plane = NULL;
	layer->zpos = 0;
	layer->leaving = true;
	kms_output_settle_layers(output);
	if (!(output->shown & KMS_LAYER_BIT(layer->kind)))
		return;
	output->rearranged |= output->state.layers[layer->kind].buffer != NULL;
	if (output->rearranged)
		kms_output_advance(output);
}

void kms_output_layer_set_blending(struct kms_output_layer *layer, enum kms_blend blend,
	uint16_t alpha)
{
	layer->blend = (uint8_t)blend;
	layer->alpha = alpha;
}

/* ---- frames ---- */

static bool is_of_kind(const struct kms_output_layer *layer, const struct kms_output_frame *frame)
{
	const struct kms_stack_member member = {
		.layout = frame->buffer->layout,
		.placement = frame->placement,
		.blend = (enum kms_blend)layer->blend,
		.translucent = layer->alpha != UINT16_MAX,
		.dumb = frame->buffer->handle != 0,
	};

	return kms_stack_member_equal(&member, &layer->kind_of_frames);
}

enum kms_submit kms_output_layer_submit(struct kms_output_layer *layer,
	const struct kms_frame *frame)
{
	const struct kms_output_frame next = kms_output_frame_of(frame);

	if (!kms_output_active(layer->output))
		return KMS_SUBMIT_OFF;
	if (!layer->plane || !is_of_kind(layer, &next))
		return KMS_SUBMIT_REFUSED;
	return kms_output_take_frame(layer, &next, frame);
}

bool kms_output_layer_busy(const struct kms_output_layer *layer)
{
	return layer->pending.buffer || layer->queued.buffer;
}

const struct kms_buffer *kms_output_layer_current(const struct kms_output_layer *layer)
{
	return layer->output->on ? layer->current.buffer : NULL;
}

void kms_output_begin(struct kms_output *output)
{
	output->batched = true;
}

void kms_output_end(struct kms_output *output)
{
	output->batched = false;
	kms_output_advance(output);
}

/* ---- what goes into a flip ---- */

bool kms_output_has_planes(const struct kms_output *output)
{
	for (uint32_t left = output->shown & KMS_LAYERS_ABOVE; left; left &= left - 1) {
		if (output->layers[kms_layer_lowest(left)].plane)
			return true;
	}
	return false;
}

void kms_output_layer_fill(const struct kms_output_layer *layer, struct kms_layer *next)
{
	next->plane = layer->plane;
	next->zpos = layer->zpos;
	next->alpha = layer->alpha;
	next->blend = layer->blend;
}

/* Its frame stays, on the plane that it is to have. One that its guest draws into again would hold
 * up the flip: it is off until that is over, and a frame comes. */
static void add_plane(const struct kms_output *output, const struct kms_output_layer *layer,
	struct kms_flip *flip)
{
	const struct kms_layer *now = &output->state.layers[layer->kind];
	struct kms_layer *next;

	if (!now->buffer || (now->plane == layer->plane && now->zpos == layer->zpos))
		return;
	if (!layer->plane || (now->plane != layer->plane && !kms_buffer_is_ready(now->buffer))) {
		kms_flip_layer(flip, layer->kind, NULL);
		return;
	}
	next = kms_flip_layer(flip, layer->kind, now->buffer);
	next->plane = layer->plane;
	next->zpos = layer->zpos;
}

/* Below all others, where that can be said. */
static void add_picture(const struct kms_output *output, struct kms_flip *flip)
{
	const struct kms_layer *now = &output->state.layers[KMS_LAYER_PICTURE];
	bool has_frame = flip->copied & KMS_LAYER_BIT(KMS_LAYER_PICTURE);

	if (now->zpos == output->picture_zpos || !output->picture_zpos || now->kept)
		return;
	if (!has_frame)
		kms_flip_layer(flip, KMS_LAYER_PICTURE, now->buffer);
	flip->layers[KMS_LAYER_PICTURE].zpos = output->picture_zpos;
}

void kms_output_add_planes(const struct kms_output *output, struct kms_flip *flip)
{
	for (uint32_t left = output->shown & KMS_LAYERS_ABOVE & ~flip->copied; left;
		left &= left - 1)
		add_plane(output, &output->layers[kms_layer_lowest(left)], flip);
	add_picture(output, flip);
	if (output->has_former)
		kms_output_add_former_off(output, flip, false);
}

void kms_output_add_layers_off(const struct kms_output *output, struct kms_flip *flip)
{
	for (uint32_t left = output->shown & KMS_LAYERS_ABOVE; left; left &= left - 1) {
		enum kms_layer_kind kind = kms_layer_lowest(left);

		if (output->state.layers[kind].buffer)
			kms_flip_layer(flip, kind, NULL);
		else
			kms_flip_leave(flip, kind);
	}
}

/* ---- when ---- */

static bool is_live(const struct kms_output_layer *layer, int64_t now_us)
{
	return (layer->plane || layer->kind == KMS_LAYER_PICTURE) && layer->shown_us &&
		now_us - layer->shown_us < LIVE_VBLANKS * kms_output_period(layer->output);
}

bool kms_output_gathers(struct kms_output *output, uint32_t frames)
{
	int64_t now_us = kms_records_now(&output->card->records);
	int64_t left_us = kms_output_time_left(output, now_us, kms_output_period(output));
	bool awaited = false;

	output->gather_due_us = KMS_NEVER;
	for (uint32_t left = output->shown & ~frames; left; left &= left - 1)
		awaited |= is_live(&output->layers[kms_layer_lowest(left)], now_us);
	if (!awaited || left_us <= 0 || !output->card->has_vblank)
		return false;
	output->gather_due_us = now_us + left_us;
	kms_records_wake_at(&output->card->records, output->gather_due_us);
	return true;
}

/* ---- events ---- */

static bool layer_flipped(struct kms_output_layer *layer,
	const struct kms_presentation *presentation)
{
	uint64_t serial = layer->queued.serial;

	if (layer->queued.buffer)
		kms_output_frame_move(&layer->current, &layer->queued);
	if (!serial)
		return false;
	layer->shown_serial = serial;
	layer->shown_us = presentation->time_us;
	layer->output->counters.frames_shown++;
	if (layer->dropped_serial)
		kms_output_layer_note_failure(layer, layer->dropped_serial, ECANCELED);
	layer->dropped_serial = 0;
	return true;
}

bool kms_output_layers_flipped(struct kms_output *output,
	const struct kms_presentation *presentation)
{
	struct kms_output_layer *picture = kms_output_picture(output);
	bool any = false;

	if (picture->queued.serial)
		picture->shown_us = presentation->time_us;
	for (uint32_t left = output->shown & KMS_LAYERS_ABOVE; left; left &= left - 1)
		any |= layer_flipped(&output->layers[kms_layer_lowest(left)], presentation);
	kms_output_settle_layers(output);
	return any;
}

/* ---- what their owners are told: a callback may make and destroy layers ---- */

void kms_output_tell_layers(struct kms_output *output, const struct kms_presentation *presentation)
{
	for (int kind = KMS_LAYER_ABOVE; kind < KMS_LAYER_CURSOR; kind++) {
		struct kms_output_layer *layer = &output->layers[kind];
		uint64_t serial = layer->shown_serial;

		layer->shown_serial = 0;
		if (serial && layer->listener.presented)
			layer->listener.presented(layer->data, serial, presentation);
	}
}

void kms_output_tell_failed_layers(struct kms_output *output)
{
	for (int kind = KMS_LAYER_ABOVE; kind < KMS_LAYER_CURSOR; kind++) {
		struct kms_output_layer *layer = &output->layers[kind];
		uint64_t serial = layer->failed_serial;

		layer->failed_serial = 0;
		if (serial && layer->listener.commit_failed)
			layer->listener.commit_failed(layer->data, serial, layer->failed_error);
	}
}
