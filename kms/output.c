/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "output.h"

#include <log.h>
#include <string.h>

/* Counting vblanks from an older event would count the error of the nominal rate. */
#define VBLANK_GUESS_MAX_US G_USEC_PER_SEC

/* A full mode set can be seen: one that a refusal asks for is made no more often than this. */
#define RENEW_INTERVAL_US (10 * G_USEC_PER_SEC)

struct kms_output *kms_output_create(struct kms_card *card)
{
	struct kms_output *output = g_new0(struct kms_output, 1);

	output->card = card;
	for (size_t i = 0; i < G_N_ELEMENTS(output->layers); i++) {
		output->layers[i].output = output;
		output->layers[i].kind = (enum kms_layer_kind)i;
	}
	output->shown = KMS_LAYER_BIT(KMS_LAYER_PICTURE);
	kms_request_init(&output->request);
	kms_cursor_init(&output->cursor, card);
	output->cursor_due_us = KMS_NEVER;
	output->renew_due_us = KMS_NEVER;
	output->gather_due_us = KMS_NEVER;
	/* Until something is asked for. */
	output->wishes.count = 1;
	output->info = (struct kms_mode_info){1024, 768, 60000, "1024x768@60.00"};
	return output;
}

static void finish_layer(struct kms_output_layer *layer)
{
	kms_output_layer_stop_waiting(layer);
	kms_output_frame_clear(&layer->pending);
	kms_output_frame_clear(&layer->queued);
	kms_output_frame_clear(&layer->current);
	kms_clips_finish(&layer->clips, layer->output->card);
}

void kms_output_destroy(struct kms_output *output)
{
	if (!output)
		return;
	for (size_t i = 0; i < G_N_ELEMENTS(output->layers); i++)
		finish_layer(&output->layers[i]);
	kms_cursor_finish(&output->cursor);
	kms_state_drop(output->card, &output->state);
	kms_request_finish(&output->request);
	kms_connector_finish(&output->connector);
	g_free(output);
}

int64_t kms_output_period(const struct kms_output *output)
{
	return INT64_C(1000000000) / output->info.refresh_mhz;
}

int64_t kms_output_time_left(const struct kms_output *output, int64_t now_us, int64_t period_us)
{
	int64_t since_us;

	if (!output->event_us)
		return 0;
	/* How far into the present frame we are, by the last vblank that we heard of. */
	since_us = MAX(0, (now_us - output->event_us) % period_us);
	return period_us - kms_output_lead(output) - since_us;
}

void kms_output_note_change(struct kms_output *output)
{
	output->changed = true;
	kms_records_wake_at(&output->card->records, 0);
}

static void renew(struct kms_output *output, int64_t now_us)
{
	output->renew = true;
	output->renewed = true;
	output->renew_due_us = KMS_NEVER;
	output->renew_from_us = now_us + RENEW_INTERVAL_US;
	output->card->records.reset_wanted = true;
	kms_records_wake_at(&output->card->records, 0);
}

void kms_output_distrust(struct kms_output *output)
{
	int64_t now_us = g_get_monotonic_time();

	if (output->renewed || output->renew_due_us != KMS_NEVER)
		return;
	if (output->renew_from_us <= now_us) {
		renew(output, now_us);
		return;
	}
	output->renew_due_us = output->renew_from_us;
	kms_records_wake_at(&output->card->records, output->renew_due_us);
}

/* ---- what goes, and what stays ---- */

void kms_output_fail(struct kms_output *output, int error)
{
	output->trying_since_us = 0;
	for (uint32_t left = output->shown; left; left &= left - 1)
		kms_output_layer_fail(&output->layers[kms_layer_lowest(left)], error);
}

void kms_output_drop_frames(struct kms_output *output)
{
	for (uint32_t left = output->shown; left; left &= left - 1) {
		struct kms_output_layer *layer = &output->layers[kms_layer_lowest(left)];

		kms_output_frame_clear(&layer->pending);
		kms_output_frame_clear(&layer->queued);
	}
}

static bool has_queued(const struct kms_output *output)
{
	for (uint32_t left = output->shown; left; left &= left - 1) {
		if (output->layers[kms_layer_lowest(left)].queued.buffer)
			return true;
	}
	return false;
}

/* Nothing is on its way any more: the newest frame there is becomes the picture to come back to. */
static void settle(struct kms_output *output)
{
	for (uint32_t left = output->shown; left; left &= left - 1) {
		struct kms_output_layer *layer = &output->layers[kms_layer_lowest(left)];

		if (layer->queued.buffer)
			kms_output_frame_move(&layer->current, &layer->queued);
		if (layer->pending.buffer)
			kms_output_frame_move(&layer->current, &layer->pending);
	}
}

void kms_output_suspend(struct kms_output *output, int error)
{
	if (!output->on)
		return;
	output->on = false;
	output->cursor_due_us = KMS_NEVER;
	kms_output_fail(output, error);
	/* A queued frame stays where it is until its event comes: the kernel may still read it. */
	if (!has_queued(output))
		settle(output);
	kms_output_note_change(output);
}

void kms_output_forget_state(struct kms_output *output)
{
	memset(&output->verdicts, 0, sizeof(output->verdicts));
	memset(&output->stacks, 0, sizeof(output->stacks));
	output->arranged = NULL;
	output->doubted = false;
	output->renew_due_us = KMS_NEVER;
	for (size_t i = 0; i < G_N_ELEMENTS(output->layers); i++)
		output->layers[i].damage_lost = true;
	output->damage_refused = false;
	output->event_us = 0;
	output->frames_in_a_row = 0;
	output->logged_error = 0;
}

uint32_t kms_output_all_pending(const struct kms_output *output)
{
	uint32_t pending = output->shown;

	for (uint32_t left = pending; left; left &= left - 1) {
		if (!output->layers[kms_layer_lowest(left)].pending.buffer)
			pending &= ~(left & -left);
	}
	return pending;
}

void kms_output_run_deadlines(struct kms_output *output, int64_t now_us)
{
	for (uint32_t left = output->shown; left; left &= left - 1)
		kms_output_layer_run_deadline(&output->layers[kms_layer_lowest(left)], now_us);
	if (output->gather_due_us <= now_us) {
		output->gather_due_us = KMS_NEVER;
		kms_output_advance(output);
	}
	kms_records_wake_at(&output->card->records, output->gather_due_us);
	if (output->cursor_due_us <= now_us)
		kms_output_commit_cursor(output);
	kms_records_wake_at(&output->card->records, output->cursor_due_us);
	if (output->renew_due_us <= now_us)
		renew(output, now_us);
	kms_records_wake_at(&output->card->records, output->renew_due_us);
}

/* ---- events ---- */

/*
 * How many vblanks later than the first one after its commit did the event come? Where the refresh
 * rate varies, fewer vblanks may have passed until the commit than there were periods, and some may
 * be missed that are not counted; but none is counted that was not.
 */
static uint64_t missed_vblanks(const struct kms_output *output, uint32_t sequence)
{
	int64_t since_us = output->state.crtc->committed_us - output->event_us;
	uint32_t expected = output->event_sequence + 1;

	/* The very next one, mostly: no division is needed to see that. */
	if ((int32_t)(sequence - expected) <= 0 || !output->event_us ||
		since_us > VBLANK_GUESS_MAX_US)
		return 0;
	if (since_us > 0)
		expected += (uint32_t)(since_us / kms_output_period(output));
	return (int32_t)(sequence - expected) > 0 ? sequence - expected : 0;
}

/* These frames were refused, and each is said to be. */
static void fail_refused(struct kms_output *output, uint32_t layers, int error)
{
	for (uint32_t left = layers; left; left &= left - 1) {
		struct kms_output_layer *layer = &output->layers[kms_layer_lowest(left)];

		kms_output_layer_fail(layer, error);
		kms_output_frame_clear(&layer->pending);
	}
}

G_NO_INLINE static void advance(struct kms_output *output, uint32_t pending)
{
	struct kms_output_refusal refusal = kms_output_commit_pending(output, pending);

	/* What is the card's is said of all outputs, when that is dealt with. */
	if (refusal.error && !kms_records_note_error(&output->card->records, refusal.error))
		fail_refused(output, refusal.layers, refusal.error);
}

void kms_output_advance(struct kms_output *output)
{
	uint32_t pending;

	if (!kms_output_can_commit(output))
		return;
	pending = kms_output_pending(output);
	if (pending || (kms_output_has_layers(output) && output->rearranged))
		advance(output, pending);
	else
		kms_output_schedule_cursor(output);
}

/* A frame of somebody's was brought: it is lit, after all. */
static void note_shown(struct kms_output *output)
{
	output->renewed = false;
	output->renew_due_us = KMS_NEVER;
}

/* Of vblanks one after the other each brought a frame. */
static bool is_in_a_row(const struct kms_output *output,
	const struct kms_presentation *presentation)
{
	return presentation->vblank && presentation->sequence == output->event_sequence + 1;
}

uint64_t kms_output_flipped(struct kms_output *output, const struct kms_presentation *presentation)
{
	struct kms_output_layer *picture = kms_output_picture(output);
	uint64_t serial = picture->queued.serial;
	bool in_a_row = is_in_a_row(output, presentation);

	if (presentation->vblank)
		output->counters.vblanks_missed += missed_vblanks(output, presentation->sequence);
	output->event_us = presentation->time_us;
	output->event_sequence = presentation->sequence;
	if (kms_output_has_layers(output) && kms_output_layers_flipped(output, presentation))
		note_shown(output);
	else
		in_a_row &= serial != 0;
	output->frames_in_a_row = in_a_row ? output->frames_in_a_row + 1 : 0;
	if (picture->queued.buffer)
		kms_output_frame_move(&picture->current, &picture->queued);
	if (!output->on)
		settle(output);
	if (serial) {
		output->counters.frames_shown++;
		note_shown(output);
	}
	return serial;
}

/* ---- frames from above ---- */

static void supersede(struct kms_output *output, struct kms_output_layer *layer,
	const struct kms_output_frame *next, const struct kms_frame *frame)
{
	const struct kms_output_frame *superseded = &layer->pending;

	output->counters.frames_superseded++;
	if (next->buffer->layout.width == superseded->buffer->layout.width &&
		next->buffer->layout.height == superseded->buffer->layout.height &&
		kms_placement_equal(&next->placement, &superseded->placement))
		kms_damage_add(&layer->damage, frame->damage, frame->damage_count);
	else
		kms_damage_set(&layer->damage, NULL, 0);
}

/* The newest pending frame from now on. */
G_ALWAYS_INLINE static inline void take(struct kms_output *output, struct kms_output_layer *layer,
	const struct kms_output_frame *next, const struct kms_frame *frame)
{
	if (layer->pending.buffer)
		supersede(output, layer, next, frame);
	else
		kms_damage_set(&layer->damage, frame->damage, frame->damage_count);
	kms_output_layer_unwatch(layer);
	kms_buffer_hold(next->buffer);
	kms_buffer_let_go(layer->pending.buffer);
	layer->pending = *next;
}

/* Others' frames may be among those that the driver does not take, too. `superseded`: the serial of
 * the one that was pending before. */
G_NO_INLINE static enum kms_submit deal_with_refusal(struct kms_output_layer *layer,
	uint64_t superseded, struct kms_output_refusal refusal)
{
	struct kms_output *output = layer->output;
	uint32_t own = KMS_LAYER_BIT(layer->kind);
	bool is_of_card = kms_records_note_error(&output->card->records, refusal.error);

	if (!is_of_card)
		fail_refused(output, refusal.layers & ~own, refusal.error);
	if (!(refusal.layers & own))
		return KMS_SUBMIT_ACCEPTED;
	/* The answer says it of this frame; one that it superseded was accepted once. */
	layer->damage_lost = true;
	kms_output_frame_clear(&layer->pending);
	if (superseded)
		kms_output_layer_note_failure(layer, superseded, refusal.error);
	return is_of_card ? KMS_SUBMIT_OFF : KMS_SUBMIT_REFUSED;
}

/* Every frame comes here. */
G_ALWAYS_INLINE static inline enum kms_submit take_frame(struct kms_output *output,
	enum kms_layer_kind kind, const struct kms_output_frame *next,
	const struct kms_frame *frame)
{
	struct kms_output_layer *layer = &output->layers[kind];
	uint64_t superseded = layer->pending.serial;
	struct kms_output_refusal refusal;

	take(output, layer, next, frame);
	if (!kms_output_can_commit(output))
		return KMS_SUBMIT_ACCEPTED;
	refusal = kms_output_commit_pending(output,
		kms_output_has_layers(output) ? kms_output_all_pending(output)
					      : KMS_LAYER_BIT(KMS_LAYER_PICTURE));
	if (!refusal.error)
		return KMS_SUBMIT_ACCEPTED;
	return deal_with_refusal(layer, superseded, refusal);
}

enum kms_submit kms_output_take_frame(struct kms_output_layer *layer,
	const struct kms_output_frame *next, const struct kms_frame *frame)
{
	return take_frame(layer->output, layer->kind, next, frame);
}

enum kms_submit kms_output_submit(struct kms_output *output, const struct kms_frame *frame)
{
	struct kms_output_frame next = kms_output_frame_of(frame);

	if (!kms_output_active(output))
		return KMS_SUBMIT_OFF;
	if (!kms_output_ask(output, &next, true))
		return kms_output_active(output) ? KMS_SUBMIT_REFUSED : KMS_SUBMIT_OFF;
	return take_frame(output, KMS_LAYER_PICTURE, &next, frame);
}

bool kms_output_holds(const struct kms_output *output, const struct kms_buffer *buffer)
{
	for (uint32_t left = output->shown; left; left &= left - 1) {
		const struct kms_output_layer *layer = &output->layers[kms_layer_lowest(left)];

		if (layer->pending.buffer == buffer || layer->queued.buffer == buffer ||
			layer->current.buffer == buffer)
			return true;
	}
	return false;
}

const struct kms_buffer *kms_output_current(const struct kms_output *output)
{
	return output->on ? output->layers[KMS_LAYER_PICTURE].current.buffer : NULL;
}

/* ---- questions ---- */

const char *kms_output_name(const struct kms_output *output)
{
	return output->connector.name;
}

const char *kms_output_monitor(const struct kms_output *output)
{
	return output->connector.monitor;
}

bool kms_output_detected(const struct kms_output *output)
{
	return output->connector.detected;
}

bool kms_output_connected(const struct kms_output *output)
{
	return output->connector.connected;
}

bool kms_output_active(const struct kms_output *output)
{
	return output->on && output->card->records.state == KMS_DEVICE_READY;
}

bool kms_output_keeps_former(const struct kms_output *output)
{
	return kms_output_active(output) && output->state.layers[KMS_LAYER_PICTURE].kept;
}

bool kms_output_without_crtc(const struct kms_output *output)
{
	return !output->on && output->connector.properties[KMS_CONNECTOR_CRTC_ID].value == 0;
}

bool kms_output_setting_mode(const struct kms_output *output)
{
	const struct kms_crtc *crtc = output->state.crtc;

	return crtc && crtc->busy && crtc->setting_mode;
}

bool kms_output_candidate(const struct kms_output *output, const drmModeModeInfo *current,
	size_t later, drmModeModeInfo *mode)
{
	const struct kms_connector *connector = &output->connector;
	struct kms_mode_wishes wishes = output->wishes;

	wishes.blind = kms_connector_is_blind(connector);
	return kms_mode_candidate(&wishes, connector->modes, connector->mode_count, current,
		output->step + later, mode);
}

void kms_output_guess_mode(struct kms_output *output)
{
	drmModeModeInfo mode;

	if (output->connector.connected && kms_output_candidate(output, NULL, 0, &mode))
		kms_mode_describe(&mode, &output->info);
}

const struct kms_mode_info *kms_output_mode(const struct kms_output *output)
{
	return &output->info;
}

const uint8_t *kms_output_edid(const struct kms_output *output, size_t *size)
{
	*size = output->connector.edid_size;
	return output->connector.edid;
}

void kms_output_physical_size(const struct kms_output *output, uint32_t *width_mm,
	uint32_t *height_mm)
{
	*width_mm = output->connector.width_mm;
	*height_mm = output->connector.height_mm;
}

enum kms_transform kms_output_panel_transform(const struct kms_output *output)
{
	return kms_connector_panel_transform(&output->connector);
}

bool kms_output_busy(const struct kms_output *output)
{
	const struct kms_output_layer *picture = &output->layers[KMS_LAYER_PICTURE];

	if (kms_output_has_layers(output))
		return kms_output_layer_busy(picture);
	return kms_output_in_flight(output);
}

bool kms_output_due(const struct kms_output *output)
{
	if (kms_output_in_flight(output))
		return true;
	for (uint32_t left = output->shown; left; left &= left - 1) {
		const struct kms_output_layer *layer = &output->layers[kms_layer_lowest(left)];

		if (layer->pending.buffer && !layer->fence_watch)
			return true;
	}
	return false;
}

const struct kms_output_counters *kms_output_counters(const struct kms_output *output)
{
	return &output->counters;
}
