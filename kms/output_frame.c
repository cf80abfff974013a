/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The frames of one layer: how one becomes the newest pending one, with the damage of those that it
 * supersedes; how long its buffer's fences hold it back; and how it fails. Part of output.h.
 */
#include "output.h"

#include <errno.h>
#include <glib-unix.h>
#include <log.h>
#include <turn.h>

/* ---- frames that will not be shown ---- */

void kms_output_layer_note_failure(struct kms_output_layer *layer, uint64_t serial, int error)
{
	layer->failed_serial = MAX(serial, layer->failed_serial);
	layer->failed_error = error;
	layer->output->counters.commits_failed++;
	kms_records_wake_at(&layer->output->card->records, 0);
}

void kms_output_layer_fail(struct kms_output_layer *layer, int error)
{
	uint64_t serial = MAX(layer->pending.serial, layer->queued.serial);

	serial = MAX(serial, layer->dropped_serial);
	layer->dropped_serial = 0;
	layer->damage_lost = true;
	kms_output_layer_stop_waiting(layer);
	if (!serial)
		return;
	layer->queued.serial = 0;
	layer->pending.serial = 0;
	kms_output_layer_note_failure(layer, serial, error);
}

/* ---- fences: a frame is committed only when nobody draws into it any more (design 19) ---- */

void kms_output_layer_stop_waiting(struct kms_output_layer *layer)
{
	layer->waiting_since_us = 0;
	kms_output_layer_unwatch(layer);
}

static gboolean fences_signalled(gint fd, GIOCondition condition, gpointer data)
{
	struct kms_output_layer *layer = data;

	turn_note();
	kms_output_layer_unwatch(layer);
	kms_output_advance(layer->output);
	return G_SOURCE_REMOVE;
}

/* The last picture stays, and its cursor goes on moving. */
static void wait_for_fences(struct kms_output_layer *layer)
{
	struct kms_output *output = layer->output;

	if (!layer->waiting_since_us)
		layer->waiting_since_us = g_get_monotonic_time();
	if (!layer->fence_watch) {
		layer->fence_watch = g_unix_fd_source_new(layer->pending.buffer->dmabuf, G_IO_IN);
		g_source_set_callback(layer->fence_watch, G_SOURCE_FUNC(fences_signalled), layer,
			NULL);
		g_source_set_name(layer->fence_watch, "kms fence");
		g_source_attach(layer->fence_watch, NULL);
	}
	kms_records_wake_at(&output->card->records,
		layer->waiting_since_us + output->card->flip_timeout_ms * INT64_C(1000));
	kms_output_schedule_cursor(output);
}

bool kms_output_layer_look(struct kms_output_layer *layer, bool ready)
{
	if (ready)
		kms_output_layer_stop_waiting(layer);
	else
		wait_for_fences(layer);
	return ready;
}

void kms_output_layer_run_deadline(struct kms_output_layer *layer, int64_t now_us)
{
	struct kms_output *output = layer->output;
	int64_t give_up_us;

	if (!layer->waiting_since_us)
		return;
	give_up_us = layer->waiting_since_us + output->card->flip_timeout_ms * INT64_C(1000);
	if (give_up_us > now_us) {
		kms_records_wake_at(&output->card->records, give_up_us);
		return;
	}
	log_output(G_LOG_LEVEL_WARNING, kms_output_name(output),
		"a frame was not drawn to the end within %u ms; it is dropped",
		output->card->flip_timeout_ms);
	kms_output_layer_stop_waiting(layer);
	layer->damage_lost = true;
	if (layer->pending.serial)
		kms_output_layer_note_failure(layer, layer->pending.serial, ETIME);
	kms_output_frame_clear(&layer->pending);
}

/* ---- damage ---- */

uint32_t kms_output_layer_damage(struct kms_output_layer *layer)
{
	struct kms_output *output = layer->output;
	const struct kms_output_frame *frame = &layer->pending;
	const struct kms_layer *now = &output->state.layers[layer->kind];
	struct drm_mode_rect clips[KMS_DAMAGE_MAX];
	size_t count;

	if (layer->damage_lost || output->damage_refused || now->kept || !now->buffer ||
		!kms_placement_equal(&now->placement, &frame->placement))
		return 0;
	count = kms_damage_clips(&layer->damage, &frame->placement.source, clips);
	return count ? kms_clips_blob(&layer->clips, output->card, clips, count) : 0;
}
