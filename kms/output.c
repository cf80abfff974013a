/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "output.h"

#include "device.h"
#include "modeset.h"

#include <errno.h>
#include <log.h>
#include <string.h>
#include <xf86drm.h>

/* A NONBLOCK commit that takes longer than this is counted as a finding. */
#define SLOW_COMMIT_US 4000

/* Counting vblanks from an older event would count the error of the nominal rate. */
#define VBLANK_GUESS_MAX_US G_USEC_PER_SEC

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

struct kms_output *kms_output_create(struct kms_device *device)
{
	struct kms_output *output = g_new0(struct kms_output, 1);

	output->device = device;
	kms_request_init(&output->request);
	kms_cursor_init(&output->cursor);
	output->info = (struct kms_mode_info){1024, 768, 60000, "1024x768@60.00"};
	return output;
}

void kms_output_destroy(struct kms_output *output)
{
	if (!output)
		return;
	kms_output_frame_clear(&output->pending);
	kms_output_frame_clear(&output->queued);
	kms_output_frame_clear(&output->current);
	kms_cursor_finish(&output->cursor);
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
	kms_device_wake_at(output->device, 0);
}

/* ---- frames that will not be shown ---- */

void kms_output_fail(struct kms_output *output, int error)
{
	uint64_t serial = MAX(output->pending.serial, output->queued.serial);

	output->damage_lost = true;
	output->trying_since_us = 0;
	if (!serial)
		return;
	output->queued.serial = 0;
	output->pending.serial = 0;
	output->failed_serial = serial;
	output->failed_error = error;
	output->counters.commits_failed++;
	kms_device_wake_at(output->device, 0);
}

void kms_output_suspend(struct kms_output *output, int error)
{
	if (!output->on)
		return;
	output->on = false;
	output->cursor.due_us = KMS_NEVER;
	kms_output_fail(output, error);
	/* A queued frame stays where it is until its event comes: the kernel may still read it. */
	if (!output->queued.buffer)
		kms_output_settle(output);
	kms_output_note_change(output);
}

void kms_output_forget_state(struct kms_output *output)
{
	memset(output->verdicts, 0, sizeof(output->verdicts));
	output->is_placed = false;
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

/* ---- damage ---- */

static struct kms_rect bounding_box(const struct kms_rect *rects, size_t count)
{
	int32_t left = G_MAXINT32, top = G_MAXINT32, right = G_MININT32, bottom = G_MININT32;

	for (size_t i = 0; i < count; i++) {
		left = MIN(left, rects[i].x);
		top = MIN(top, rects[i].y);
		right = MAX(right, rects[i].x + rects[i].width);
		bottom = MAX(bottom, rects[i].y + rects[i].height);
	}
	return (struct kms_rect){left, top, right - left, bottom - top};
}

static void set_damage(struct kms_output *output, const struct kms_rect *damage, size_t count)
{
	output->damage_count = count <= KMS_DAMAGE_MAX ? count : 0;
	if (output->damage_count)
		memcpy(output->damage, damage, output->damage_count * sizeof(*damage));
}

/* A frame that is superseded was never seen: the one in its place shows its damage too. */
static void add_damage(struct kms_output *output, const struct kms_output_frame *next,
	const struct kms_rect *damage, size_t count)
{
	const struct kms_output_frame *superseded = &output->pending;
	struct kms_rect all[2 * KMS_DAMAGE_MAX];

	if (!count || count > KMS_DAMAGE_MAX || !output->damage_count ||
		next->buffer->layout.width != superseded->buffer->layout.width ||
		next->buffer->layout.height != superseded->buffer->layout.height ||
		!kms_placement_equal(&next->placement, &superseded->placement)) {
		output->damage_count = 0;
		return;
	}
	memcpy(all, damage, count * sizeof(*all));
	memcpy(all + count, output->damage, output->damage_count * sizeof(*all));
	count += output->damage_count;
	if (count > KMS_DAMAGE_MAX) {
		all[0] = bounding_box(all, count);
		count = 1;
	}
	set_damage(output, all, count);
}

/* Damage as the kernel takes it: corners, inside the part that is shown. 0: all of it. */
static size_t make_clips(const struct kms_output *output, struct drm_mode_rect *clips)
{
	const struct kms_rect *source = &output->pending.placement.source;
	size_t count = 0;

	for (size_t i = 0; i < output->damage_count; i++) {
		const struct kms_rect *rect = &output->damage[i];
		struct drm_mode_rect clip = {
			.x1 = MAX(rect->x, source->x),
			.y1 = MAX(rect->y, source->y),
			.x2 = MIN(rect->x + rect->width, source->x + source->width),
			.y2 = MIN(rect->y + rect->height, source->y + source->height),
		};

		if (clip.x1 >= clip.x2 || clip.y1 >= clip.y2)
			continue;
		if (clip.x2 - clip.x1 == source->width && clip.y2 - clip.y1 == source->height)
			return 0;
		clips[count++] = clip;
	}
	return count;
}

/* The blob with the pending frame's damage, made anew only where it differs from the last one; 0:
 * whole. */
static uint32_t damage_blob(struct kms_output *output)
{
	struct drm_mode_rect clips[KMS_DAMAGE_MAX];
	int fd = output->device->fd;
	size_t count;
	size_t size;

	if (output->damage_lost || output->damage_refused || !output->damage_count)
		return 0;
	count = make_clips(output, clips);
	if (!count)
		return 0;
	size = count * sizeof(*clips);
	if (output->damage_blob && count == output->clip_count &&
		memcmp(clips, output->clips, size) == 0)
		return output->damage_blob;
	if (output->damage_blob)
		drmModeDestroyPropertyBlob(fd, output->damage_blob);
	output->damage_blob = 0;
	if (drmModeCreatePropertyBlob(fd, clips, size, &output->damage_blob) != 0)
		return 0;
	memcpy(output->clips, clips, size);
	output->clip_count = count;
	return output->damage_blob;
}

/* ---- commits ---- */

/* No commit in flight, and nothing that must go first. */
static bool can_commit(const struct kms_output *output)
{
	return output->on && output->device->state == KMS_DEVICE_READY && !output->crtc->busy &&
		!output->device->modeset_wanted;
}

/* It says something of the moment. */
static bool is_passing(int error)
{
	return error == EBUSY || error == ENOMEM || error == EINTR;
}

/*
 * One NONBLOCK commit of a frame (or of none), with the damage and the cursor that go with it. What
 * the driver refuses is tried again with less, once each: without the cursor, without damage.
 */
static int send_flip(struct kms_output *output, const struct kms_output_frame *frame)
{
	const struct kms_property *properties = output->primary->properties;
	struct kms_request *request = &output->request;
	int before_damage, before_cursor, error;
	bool has_damage = false;
	bool has_cursor;

	kms_request_reset(request);
	if (frame) {
		bool placed = output->is_placed &&
			kms_placement_equal(&output->placed, &frame->placement);

		kms_request_add_plane(request, output->primary, output->crtc,
			frame->buffer->framebuffer, placed ? NULL : &frame->placement);
		before_damage = kms_request_mark(request);
		if (placed && properties[KMS_PLANE_FB_DAMAGE_CLIPS].id) {
			uint32_t blob = damage_blob(output);

			has_damage = blob != 0;
			if (has_damage)
				kms_request_add(request, output->primary->id,
					&properties[KMS_PLANE_FB_DAMAGE_CLIPS], blob);
		}
	} else {
		before_damage = 0;
	}
	before_cursor = kms_request_mark(request);
	has_cursor = kms_cursor_add(output, request);
	error = kms_request_commit(output->device, request, 0);
	if (error && kms_is_refusal(error) && has_cursor && frame) {
		has_cursor = false;
		kms_request_rewind(request, before_cursor);
		error = kms_request_commit(output->device, request, 0);
		if (!error)
			kms_cursor_refuse(output);
	}
	if (error && kms_is_refusal(error) && has_damage) {
		kms_request_rewind(request, before_damage);
		error = kms_request_commit(output->device, request, 0);
		output->damage_refused = !error;
	}
	if (!error && has_cursor)
		kms_cursor_committed(output);
	return error;
}

/* A frame whose pixels we wrote ourselves may have cost milliseconds in this turn of the loop; any
 * other cannot, and the loop's own time saves a system call. */
static int64_t time_before_commit(const struct kms_output *output,
	const struct kms_output_frame *frame)
{
	if (frame && frame->buffer->handle)
		return g_get_monotonic_time();
	return kms_device_now(output->device);
}

static int commit(struct kms_output *output, const struct kms_output_frame *frame)
{
	int64_t before_us = time_before_commit(output, frame);
	int error = send_flip(output, frame);
	int64_t now_us;

	if (error)
		return error;
	now_us = g_get_monotonic_time();
	output->counters.commits++;
	if (now_us - before_us > SLOW_COMMIT_US)
		output->counters.commits_slow++;
	output->cursor.due_us = KMS_NEVER;
	kms_device_commit_begun(output->device, output->crtc, now_us);
	return 0;
}

/* The frame stays pending where only the moment was wrong, for as long as a flip may take. */
static bool try_again(struct kms_output *output, int error)
{
	int64_t now_us = g_get_monotonic_time();

	if (!is_passing(error))
		return false;
	if (!output->trying_since_us)
		output->trying_since_us = now_us;
	if (now_us - output->trying_since_us > output->device->flip_timeout_ms * INT64_C(1000))
		return false;
	kms_device_retry_soon(output->device);
	return true;
}

static void remember_verdict(struct kms_output *output, const struct kms_buffer *buffer,
	const struct kms_placement *placement, bool accepted);

/* Pending becomes queued, or stays to be tried again. Returns 0 or an errno; then the frame is
 * gone, and not yet reported. */
static int commit_pending(struct kms_output *output)
{
	struct kms_output_frame *frame = &output->pending;
	int error = commit(output, frame);

	if (error && try_again(output, error))
		return 0;
	output->trying_since_us = 0;
	if (!error) {
		output->placed = frame->placement;
		output->is_placed = true;
		output->damage_lost = false;
		move_frame(&output->queued, frame);
		return 0;
	}
	if (kms_is_refusal(error))
		remember_verdict(output, frame->buffer, &frame->placement, false);
	/* Once a cause. What is said of the whole card, the card says. */
	if (error != output->logged_error && error != EACCES && error != EPERM && error != ENODEV) {
		log_output(G_LOG_LEVEL_WARNING, kms_output_name(output),
			"the driver refused a frame: %s", g_strerror(error));
		output->logged_error = error;
	}
	return error;
}

void kms_output_commit_cursor(struct kms_output *output)
{
	int error;

	output->cursor.due_us = KMS_NEVER;
	if (!can_commit(output) || !kms_cursor_has_change(output))
		return;
	error = commit(output, NULL);
	if (!error)
		output->counters.cursor_commits++;
	else if (is_passing(error))
		kms_device_retry_soon(output->device);
	else if (!kms_device_note_error(output->device, error))
		kms_cursor_refuse(output);
}

/* ---- events ---- */

/* How many vblanks later than the first one after its commit did the event come? */
static uint64_t missed_vblanks(const struct kms_output *output, uint32_t sequence)
{
	int64_t since_us = output->crtc->committed_us - output->event_us;
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

	if (!can_commit(output))
		return;
	if (!output->pending.buffer) {
		kms_cursor_schedule(output);
		return;
	}
	error = commit_pending(output);
	if (!error)
		return;
	if (!kms_device_note_error(output->device, error))
		kms_output_fail(output, error);
	kms_output_frame_clear(&output->pending);
}

void kms_output_flipped(struct kms_output *output, const struct kms_presentation *presentation)
{
	struct kms_device *device = output->device;
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
	if (serial)
		output->counters.frames_shown++;

	kms_output_advance(output);
	if (serial && device->listener.presented)
		device->listener.presented(device->data, output, serial, presentation);
	else if (!serial && !kms_output_busy(output) && device->listener.idle)
		device->listener.idle(device->data, output);
}

/* ---- verdicts ---- */

static struct kms_verdict *find_verdict(struct kms_output *output, const struct kms_buffer *buffer,
	const struct kms_placement *placement)
{
	bool dumb = buffer->handle != 0;

	for (size_t i = 0; i < KMS_VERDICTS_MAX; i++) {
		struct kms_verdict *verdict = &output->verdicts[i];

		if (verdict->known && verdict->dumb == dumb &&
			kms_layout_equal(&verdict->layout, &buffer->layout) &&
			kms_placement_equal(&verdict->placement, placement))
			return verdict;
	}
	return NULL;
}

static void remember_verdict(struct kms_output *output, const struct kms_buffer *buffer,
	const struct kms_placement *placement, bool accepted)
{
	struct kms_verdict *verdict = find_verdict(output, buffer, placement);

	if (!verdict) {
		verdict = &output->verdicts[output->next_verdict];
		output->next_verdict = (output->next_verdict + 1) % KMS_VERDICTS_MAX;
	}
	*verdict = (struct kms_verdict){
		.layout = buffer->layout,
		.placement = *placement,
		.dumb = buffer->handle != 0,
		.known = true,
		.accepted = accepted,
	};
}

static bool test_placement(struct kms_output *output, const struct kms_buffer *buffer,
	const struct kms_placement *placement)
{
	const struct kms_verdict *verdict = find_verdict(output, buffer, placement);
	int error;

	if (verdict)
		return verdict->accepted;
	kms_request_reset(&output->request);
	kms_request_add_plane(&output->request, output->primary, output->crtc, buffer->framebuffer,
		placement);
	output->counters.tests++;
	error = kms_request_test(output->device, &output->request, 0);
	/* Where that could not be answered now, the commit will tell. */
	if (is_passing(error))
		return true;
	if (!error || kms_is_refusal(error))
		remember_verdict(output, buffer, placement, error == 0);
	else
		kms_device_note_error(output->device, error);
	return error == 0;
}

static struct kms_placement placement_of(const struct kms_frame *frame)
{
	return (struct kms_placement){
		.source = frame->source,
		.destination = frame->destination,
		.transform = frame->transform,
	};
}

bool kms_output_test(struct kms_output *output, const struct kms_frame *frame)
{
	const struct kms_placement placement = placement_of(frame);

	return kms_output_active(output) && test_placement(output, frame->buffer, &placement);
}

/* ---- frames from above ---- */

enum kms_submit kms_output_submit(struct kms_output *output, const struct kms_frame *frame)
{
	struct kms_output_frame next = {
		.serial = frame->serial,
		.buffer = frame->buffer,
		.placement = placement_of(frame),
	};
	int error;

	if (!kms_output_active(output))
		return KMS_SUBMIT_OFF;
	if (!test_placement(output, frame->buffer, &next.placement))
		return kms_output_active(output) ? KMS_SUBMIT_REFUSED : KMS_SUBMIT_OFF;

	if (output->pending.buffer) {
		output->counters.frames_superseded++;
		add_damage(output, &next, frame->damage, frame->damage_count);
	} else {
		set_damage(output, frame->damage, frame->damage_count);
	}
	kms_buffer_ref(next.buffer);
	move_frame(&output->pending, &next);
	if (!can_commit(output))
		return KMS_SUBMIT_ACCEPTED;

	error = commit_pending(output);
	if (!error)
		return KMS_SUBMIT_ACCEPTED;
	/* The answer below says it of this frame; nothing else was pending. */
	output->pending.serial = 0;
	output->damage_lost = true;
	kms_output_frame_clear(&output->pending);
	return kms_device_note_error(output->device, error) ? KMS_SUBMIT_OFF : KMS_SUBMIT_REFUSED;
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
	return output->on && output->device->state == KMS_DEVICE_READY;
}

bool kms_output_guess_mode(struct kms_output *output, GError **error)
{
	const struct kms_connector *connector = &output->connector;
	drmModeModeInfo mode;

	if (!connector->connected)
		return true;
	if (!kms_mode_choose(&output->wish, connector->modes, connector->mode_count, NULL,
		    connector->name, &mode, error))
		return false;
	kms_mode_describe(&mode, &output->info);
	return true;
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

bool kms_output_busy(const struct kms_output *output)
{
	return output->crtc && output->crtc->busy;
}

const struct kms_output_counters *kms_output_counters(const struct kms_output *output)
{
	return &output->counters;
}
