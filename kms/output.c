/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "output.h"

#include "resources.h"

#include <errno.h>
#include <glib-unix.h>
#include <log.h>
#include <string.h>
#include <turn.h>

/* A NONBLOCK commit that takes longer than this is counted as a finding. */
#define SLOW_COMMIT_US 4000

/* Counting vblanks from an older event would count the error of the nominal rate. */
#define VBLANK_GUESS_MAX_US G_USEC_PER_SEC

/* What the kernel had no time or memory for is tried again after so long, for so long; then it is a
 * refusal. */
#define BUSY_RETRY_US 20000
#define BUSY_LIMIT_US 100000

/* A full mode set can be seen: one that a refusal asks for is made no more often than this. */
#define RENEW_INTERVAL_US (10 * G_USEC_PER_SEC)

static void stop_waiting(struct kms_output *output);

void kms_output_frame_clear(struct kms_output_frame *frame)
{
	kms_buffer_unref(frame->buffer);
	frame->buffer = NULL;
	frame->serial = 0;
}

static void move_frame(struct kms_output_frame *to, struct kms_output_frame *from)
{
	kms_buffer_unref(to->buffer);
	*to = *from;
	from->buffer = NULL;
	from->serial = 0;
}

struct kms_output *kms_output_create(struct kms_card *card)
{
	struct kms_output *output = g_new0(struct kms_output, 1);

	output->card = card;
	kms_request_init(&output->request);
	kms_cursor_init(&output->cursor, card);
	output->cursor_due_us = KMS_NEVER;
	output->renew_due_us = KMS_NEVER;
	/* Until something is asked for. */
	output->wishes.count = 1;
	output->info = (struct kms_mode_info){1024, 768, 60000, "1024x768@60.00"};
	return output;
}

void kms_output_destroy(struct kms_output *output)
{
	if (!output)
		return;
	stop_waiting(output);
	kms_output_frame_clear(&output->pending);
	kms_output_frame_clear(&output->queued);
	kms_output_frame_clear(&output->current);
	kms_cursor_finish(&output->cursor);
	kms_state_drop(output->card, &output->state);
	kms_clips_finish(&output->clips, output->card);
	kms_request_finish(&output->request);
	kms_connector_finish(&output->connector);
	g_free(output);
}

int64_t kms_output_period(const struct kms_output *output)
{
	return INT64_C(1000000000) / output->info.refresh_mhz;
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

/* ---- frames that will not be shown ---- */

static void note_failure(struct kms_output *output, uint64_t serial, int error)
{
	output->failed_serial = MAX(serial, output->failed_serial);
	output->failed_error = error;
	output->counters.commits_failed++;
	kms_records_wake_at(&output->card->records, 0);
}

void kms_output_fail(struct kms_output *output, int error)
{
	uint64_t serial = MAX(output->pending.serial, output->queued.serial);

	output->damage_lost = true;
	output->trying_since_us = 0;
	stop_waiting(output);
	if (!serial)
		return;
	output->queued.serial = 0;
	output->pending.serial = 0;
	note_failure(output, serial, error);
}

void kms_output_suspend(struct kms_output *output, int error)
{
	if (!output->on)
		return;
	output->on = false;
	output->cursor_due_us = KMS_NEVER;
	kms_output_fail(output, error);
	/* A queued frame stays where it is until its event comes: the kernel may still read it. */
	if (!output->queued.buffer)
		kms_output_settle(output);
	kms_output_note_change(output);
}

void kms_output_forget_state(struct kms_output *output)
{
	memset(&output->verdicts, 0, sizeof(output->verdicts));
	output->doubted = false;
	output->renew_due_us = KMS_NEVER;
	output->damage_lost = true;
	output->damage_refused = false;
	output->event_us = 0;
	output->frames_in_a_row = 0;
	output->logged_error = 0;
}

void kms_output_settle(struct kms_output *output)
{
	if (output->queued.buffer)
		move_frame(&output->current, &output->queued);
	if (output->pending.buffer)
		move_frame(&output->current, &output->pending);
}

/* ---- fences: a frame is committed only when nobody draws into it any more (design 19) ---- */

/* The pending frame is another one from now on, or none. */
static void unwatch(struct kms_output *output)
{
	if (!output->fence_watch)
		return;
	g_source_destroy(output->fence_watch);
	g_clear_pointer(&output->fence_watch, g_source_unref);
}

static void stop_waiting(struct kms_output *output)
{
	output->waiting_since_us = 0;
	unwatch(output);
}

static gboolean fences_signalled(gint fd, GIOCondition condition, gpointer data)
{
	struct kms_output *output = data;

	turn_note();
	unwatch(output);
	kms_output_advance(output);
	return G_SOURCE_REMOVE;
}

/* The last picture stays, and its cursor goes on moving. */
static void wait_for_fences(struct kms_output *output)
{
	if (!output->waiting_since_us)
		output->waiting_since_us = g_get_monotonic_time();
	if (!output->fence_watch) {
		output->fence_watch = g_unix_fd_source_new(output->pending.buffer->dmabuf, G_IO_IN);
		g_source_set_callback(output->fence_watch, G_SOURCE_FUNC(fences_signalled), output,
			NULL);
		g_source_set_name(output->fence_watch, "kms fence");
		g_source_attach(output->fence_watch, NULL);
	}
	kms_records_wake_at(&output->card->records,
		output->waiting_since_us + output->card->flip_timeout_ms * INT64_C(1000));
	kms_output_schedule_cursor(output);
}

static bool pending_is_ready(struct kms_output *output)
{
	if (kms_buffer_is_ready(output->pending.buffer)) {
		if (output->waiting_since_us)
			stop_waiting(output);
		return true;
	}
	wait_for_fences(output);
	return false;
}

/* ---- commits ---- */

bool kms_output_can_commit(const struct kms_output *output)
{
	return output->on && output->card->records.state == KMS_DEVICE_READY &&
		!output->state.crtc->busy && !output->held;
}

bool kms_output_is_refusal(int error)
{
	return error && kms_is_refusal(error) && !kms_error_is_passing(error);
}

/* The blob of the pending frame's damage; 0: all of it, since what the screen had before says nothing of
 * a part. */
static uint32_t damage_of(struct kms_output *output, const struct kms_output_frame *frame)
{
	const struct kms_layer *now = &output->state.layers[KMS_LAYER_PICTURE];
	struct drm_mode_rect clips[KMS_DAMAGE_MAX];
	size_t count;

	if (!output->damage.count || output->damage_lost || output->damage_refused || now->kept ||
		!kms_placement_equal(&now->placement, &frame->placement) ||
		!now->plane->properties[KMS_PLANE_FB_DAMAGE_CLIPS].id)
		return 0;
	count = kms_damage_clips(&output->damage, &frame->placement.source, clips);
	return count ? kms_clips_blob(&output->clips, output->card, clips, count) : 0;
}

static void add_frame(struct kms_output *output, const struct kms_output_frame *frame,
	struct kms_flip *flip)
{
	struct kms_layer *layer = kms_flip_layer(flip, KMS_LAYER_PICTURE, frame->buffer);

	layer->placement = frame->placement;
	layer->anew = true;
	flip->damage = damage_of(output, frame);
}

static void add_cursor(struct kms_output *output, struct kms_flip *flip)
{
	kms_cursor_fill(&output->cursor, kms_flip_layer(flip, KMS_LAYER_CURSOR, NULL));
}

/* What the driver refuses is tried again with less, once each: without the cursor, without
 * damage. */
static int send_less(struct kms_output *output, int error, struct kms_flip *flip, bool *with_cursor,
	bool is_frame, guint *token)
{
	struct kms_card *card = output->card;
	struct kms_buffer *shown = output->state.layers[KMS_LAYER_CURSOR].buffer;
	bool lit = *with_cursor ? flip->layers[KMS_LAYER_CURSOR].buffer != NULL : shown != NULL;

	if (kms_output_is_refusal(error) && is_frame && (lit || *with_cursor)) {
		/* Off; or where that is what was refused, as it is. */
		*with_cursor = false;
		kms_flip_layer(flip, KMS_LAYER_CURSOR, lit ? NULL : shown);
		error = kms_flip_commit(card, &output->request, flip, token);
		if (!error && lit)
			kms_output_refuse_cursor(output, &flip->layers[KMS_LAYER_PICTURE]);
	}
	if (kms_output_is_refusal(error) && flip->damage) {
		flip->damage = 0;
		error = kms_flip_commit(card, &output->request, flip, token);
		output->damage_refused = !error;
		/* The cursor was not to blame: it comes back with the next commit. */
		output->cursor.dirty |= !error && lit;
	}
	return error;
}

/* A frame whose pixels we wrote ourselves may have cost milliseconds in this turn of the loop; any
 * other cannot, and the loop's own time saves a system call. */
static int64_t time_before_commit(const struct kms_output *output,
	const struct kms_output_frame *frame)
{
	if (frame && frame->buffer->handle)
		return g_get_monotonic_time();
	return kms_records_now(&output->card->records);
}

int kms_output_commit(struct kms_output *output, const struct kms_output_frame *frame)
{
	struct kms_card *card = output->card;
	int64_t before_us = time_before_commit(output, frame);
	struct kms_flip flip;
	bool with_cursor;
	int64_t now_us;
	guint token;
	int error;

	kms_flip_init(&flip, &output->state);
	if (frame)
		add_frame(output, frame, &flip);
	with_cursor = kms_cursor_has_change(&output->cursor,
		&output->state.layers[KMS_LAYER_CURSOR]);
	if (with_cursor)
		add_cursor(output, &flip);
	error = kms_flip_commit(card, &output->request, &flip, &token);
	if (error)
		error = send_less(output, error, &flip, &with_cursor, frame != NULL, &token);
	if (error) {
		kms_flip_finish(&flip);
		return error;
	}
	now_us = g_get_monotonic_time();
	kms_flip_apply(&flip, &output->state);
	if (with_cursor)
		kms_cursor_applied(&output->cursor, &output->state.layers[KMS_LAYER_CURSOR]);
	output->counters.commits++;
	if (now_us - before_us > SLOW_COMMIT_US)
		output->counters.commits_slow++;
	output->cursor_due_us = KMS_NEVER;
	kms_card_commit_begun(card, output->state.crtc, token, now_us, false);
	return 0;
}

/* Another CRTC's mode set may keep this one out for as long as its link is trained. */
static bool a_mode_is_set(const struct kms_card *card)
{
	for (size_t i = 0; i < card->crtc_count; i++) {
		if (card->crtcs[i].busy && card->crtcs[i].setting_mode)
			return true;
	}
	return false;
}

/* The frame stays pending where only the moment was wrong, for a while. */
static bool try_again(struct kms_output *output, int error)
{
	int64_t now_us = g_get_monotonic_time();

	if (!kms_error_is_passing(error))
		return false;
	if (!output->trying_since_us)
		output->trying_since_us = now_us;
	if (now_us - output->trying_since_us > BUSY_LIMIT_US &&
		!(error == EBUSY && a_mode_is_set(output->card)))
		return false;
	kms_records_retry_in(&output->card->records, BUSY_RETRY_US);
	return true;
}

/* Once a cause. What is said of the whole card, the card says. */
static void log_refusal(struct kms_output *output, int error)
{
	if (error == output->logged_error || error == EACCES || error == EPERM || error == ENODEV)
		return;
	log_output(G_LOG_LEVEL_WARNING, kms_output_name(output), "the driver refused a frame: %s",
		g_strerror(error));
	output->logged_error = error;
}

/* Pending becomes queued, or stays to be tried again. Returns 0 or an errno; then the frame is
 * still there, and not yet reported. */
static int commit_pending(struct kms_output *output)
{
	struct kms_output_frame *frame = &output->pending;
	int error;

	if (!pending_is_ready(output))
		return 0;
	error = kms_output_commit(output, frame);
	if (error && try_again(output, error))
		return 0;
	output->trying_since_us = 0;
	if (!error) {
		output->damage_lost = false;
		move_frame(&output->queued, frame);
		return 0;
	}
	if (kms_is_refusal(error))
		kms_output_remember(output, frame, error);
	log_refusal(output, error);
	return error;
}

void kms_output_run_deadlines(struct kms_output *output, int64_t now_us)
{
	int64_t give_up_us = KMS_NEVER;

	if (output->waiting_since_us)
		give_up_us = output->waiting_since_us +
			output->card->flip_timeout_ms * INT64_C(1000);
	if (give_up_us <= now_us) {
		log_output(G_LOG_LEVEL_WARNING, kms_output_name(output),
			"a frame was not drawn to the end within %u ms; it is dropped",
			output->card->flip_timeout_ms);
		stop_waiting(output);
		output->damage_lost = true;
		if (output->pending.serial)
			note_failure(output, output->pending.serial, ETIMEDOUT);
		kms_output_frame_clear(&output->pending);
		give_up_us = KMS_NEVER;
	}
	kms_records_wake_at(&output->card->records, give_up_us);
	if (output->cursor_due_us <= now_us)
		kms_output_commit_cursor(output);
	kms_records_wake_at(&output->card->records, output->cursor_due_us);
	if (output->renew_due_us <= now_us)
		renew(output, now_us);
	kms_records_wake_at(&output->card->records, output->renew_due_us);
}

/* ---- events ---- */

/* How many vblanks later than the first one after its commit did the event come? */
static uint64_t missed_vblanks(const struct kms_output *output, uint32_t sequence)
{
	int64_t since_us = output->state.crtc->committed_us - output->event_us;
	uint32_t expected;

	if (!output->event_us || since_us > VBLANK_GUESS_MAX_US)
		return 0;
	expected = output->event_sequence + 1;
	if (since_us > 0)
		expected += (uint32_t)(since_us / kms_output_period(output));
	return (int32_t)(sequence - expected) > 0 ? sequence - expected : 0;
}

void kms_output_advance(struct kms_output *output)
{
	int error;

	if (!kms_output_can_commit(output))
		return;
	if (!output->pending.buffer) {
		kms_output_schedule_cursor(output);
		return;
	}
	error = commit_pending(output);
	/* What is the card's is said of all outputs, when that is dealt with. */
	if (!error || kms_records_note_error(&output->card->records, error))
		return;
	kms_output_fail(output, error);
	kms_output_frame_clear(&output->pending);
}

uint64_t kms_output_flipped(struct kms_output *output, const struct kms_presentation *presentation)
{
	uint64_t serial = output->queued.serial;

	if (presentation->vblank)
		output->counters.vblanks_missed += missed_vblanks(output, presentation->sequence);
	if (serial && presentation->vblank && presentation->sequence == output->event_sequence + 1)
		output->frames_in_a_row++;
	else
		output->frames_in_a_row = 0;
	output->event_us = presentation->time_us;
	output->event_sequence = presentation->sequence;
	if (output->queued.buffer)
		move_frame(&output->current, &output->queued);
	if (!output->on)
		kms_output_settle(output);
	if (serial) {
		output->counters.frames_shown++;
		output->renewed = false;
		/* It is lit, after all. */
		output->renew_due_us = KMS_NEVER;
	}
	return serial;
}

/* ---- frames from above ---- */

struct kms_output_frame kms_output_frame_of(const struct kms_frame *frame)
{
	return (struct kms_output_frame){
		.serial = frame->serial,
		.buffer = frame->buffer,
		.placement =
			{
				.source = frame->source,
				.destination = frame->destination,
				.transform = frame->transform,
			},
	};
}

static void set_damage(struct kms_output *output, const struct kms_output_frame *next,
	const struct kms_frame *frame)
{
	const struct kms_output_frame *superseded = &output->pending;

	if (!superseded->buffer) {
		kms_damage_set(&output->damage, frame->damage, frame->damage_count);
		return;
	}
	output->counters.frames_superseded++;
	if (next->buffer->layout.width == superseded->buffer->layout.width &&
		next->buffer->layout.height == superseded->buffer->layout.height &&
		kms_placement_equal(&next->placement, &superseded->placement))
		kms_damage_add(&output->damage, frame->damage, frame->damage_count);
	else
		kms_damage_set(&output->damage, NULL, 0);
}

enum kms_submit kms_output_submit(struct kms_output *output, const struct kms_frame *frame)
{
	struct kms_output_frame next = kms_output_frame_of(frame);
	uint64_t superseded = output->pending.serial;
	int error;

	if (!kms_output_active(output))
		return KMS_SUBMIT_OFF;
	if (!kms_output_ask(output, &next, true))
		return kms_output_active(output) ? KMS_SUBMIT_REFUSED : KMS_SUBMIT_OFF;

	set_damage(output, &next, frame);
	unwatch(output);
	kms_buffer_ref(next.buffer);
	move_frame(&output->pending, &next);
	if (!kms_output_can_commit(output))
		return KMS_SUBMIT_ACCEPTED;

	error = commit_pending(output);
	if (!error)
		return KMS_SUBMIT_ACCEPTED;
	/* The answer below says it of this frame; one that it superseded was accepted once. */
	output->damage_lost = true;
	kms_output_frame_clear(&output->pending);
	if (superseded)
		note_failure(output, superseded, error);
	return kms_records_note_error(&output->card->records, error) ? KMS_SUBMIT_OFF
								     : KMS_SUBMIT_REFUSED;
}

bool kms_output_holds(const struct kms_output *output, const struct kms_buffer *buffer)
{
	return output->pending.buffer == buffer || output->queued.buffer == buffer ||
		output->current.buffer == buffer;
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

bool kms_output_connected(const struct kms_output *output)
{
	return output->connector.connected;
}

bool kms_output_active(const struct kms_output *output)
{
	return output->on && output->card->records.state == KMS_DEVICE_READY;
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
	return output->state.crtc && output->state.crtc->busy;
}

bool kms_output_due(const struct kms_output *output)
{
	return kms_output_busy(output) || (output->pending.buffer && !output->fence_watch);
}

const struct kms_output_counters *kms_output_counters(const struct kms_output *output)
{
	return &output->counters;
}
