/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cursor.h"

#include "device.h"
#include "output.h"

#include <drm_fourcc.h>
#include <log.h>
#include <string.h>

#define CURSOR_PIXELS (KMS_CURSOR_SIZE * KMS_CURSOR_SIZE)

/* How long before a vblank a cursor goes alone: a frame has had most of its time to come. */
#define LEAD_US 4000

/* After so many vblanks one after the other that each brought a frame, the next one likely does. */
#define STEADY_FRAMES 4

/* Later than this before a vblank, a commit would likely hit the next one: wait for that one. */
#define TOO_LATE_US 1500

void kms_cursor_init(struct kms_cursor *cursor)
{
	cursor->due_us = KMS_NEVER;
}

static void drop_buffers(struct kms_cursor *cursor)
{
	for (size_t i = 0; i < G_N_ELEMENTS(cursor->buffers); i++) {
		kms_buffer_unref(cursor->buffers[i]);
		cursor->buffers[i] = NULL;
	}
}

void kms_cursor_finish(struct kms_cursor *cursor)
{
	drop_buffers(cursor);
	g_clear_pointer(&cursor->pixels, g_free);
}

/* CURSOR_WIDTH and CURSOR_HEIGHT are a size that works for cursor planes; ours is in its corner. */
static void plane_size(const struct kms_output *output, uint32_t *width, uint32_t *height)
{
	bool overlay = output->cursor.plane->type != DRM_PLANE_TYPE_CURSOR;

	*width = overlay ? KMS_CURSOR_SIZE : output->device->cursor_width;
	*height = overlay ? KMS_CURSOR_SIZE : output->device->cursor_height;
}

static bool make_buffers(struct kms_output *output)
{
	struct kms_cursor *cursor = &output->cursor;
	uint32_t width, height;

	plane_size(output, &width, &height);
	for (size_t i = 0; i < G_N_ELEMENTS(cursor->buffers); i++) {
		g_autoptr(GError) error = NULL;

		if (cursor->buffers[i])
			continue;
		cursor->buffers[i] = kms_buffer_create(output->device, width, height,
			DRM_FORMAT_ARGB8888, true, &error);
		if (!cursor->buffers[i]) {
			log_output(G_LOG_LEVEL_WARNING, kms_output_name(output),
				"no memory for a cursor: %s", error->message);
			return false;
		}
	}
	return true;
}

static bool has_usable_plane(const struct kms_output *output)
{
	uint32_t width, height;

	if (!output->cursor.plane || output->cursor.verdict == KMS_CURSOR_REFUSED)
		return false;
	plane_size(output, &width, &height);
	return width >= KMS_CURSOR_SIZE && height >= KMS_CURSOR_SIZE;
}

void kms_cursor_set_plane(struct kms_output *output, struct kms_plane *plane)
{
	struct kms_cursor *cursor = &output->cursor;

	if (plane != cursor->plane)
		drop_buffers(cursor);
	cursor->plane = plane;
	cursor->verdict = KMS_CURSOR_UNTESTED;
	cursor->lit = false;
	cursor->due_us = KMS_NEVER;
	/* What was wanted before is shown again with the first commit. */
	cursor->visible = cursor->visible && has_usable_plane(output) && make_buffers(output);
	cursor->dirty = cursor->visible;
	cursor->image_dirty = cursor->visible;
}

/* ---- what goes into a request ---- */

/* A cursor that is wholly outside is not shown: some drivers refuse such a plane. */
static bool is_inside(const struct kms_output *output)
{
	const struct kms_cursor *cursor = &output->cursor;

	return cursor->x > -KMS_CURSOR_SIZE && cursor->y > -KMS_CURSOR_SIZE &&
		cursor->x < (int32_t)output->info.width && cursor->y < (int32_t)output->info.height;
}

static bool should_be_lit(const struct kms_output *output)
{
	const struct kms_cursor *cursor = &output->cursor;

	return cursor->visible && cursor->plane && cursor->buffers[0] && cursor->buffers[1] &&
		cursor->verdict != KMS_CURSOR_REFUSED && is_inside(output);
}

bool kms_cursor_has_change(const struct kms_output *output)
{
	return output->cursor.dirty && (output->cursor.lit || should_be_lit(output));
}

static void upload(const struct kms_cursor *cursor, struct kms_buffer *buffer)
{
	for (size_t row = 0; row < KMS_CURSOR_SIZE; row++)
		memcpy(buffer->pixels + row * buffer->layout.stride,
			cursor->pixels + row * KMS_CURSOR_SIZE, KMS_CURSOR_SIZE * sizeof(uint32_t));
}

static void add_whole(struct kms_output *output, struct kms_request *request, int32_t x, int32_t y)
{
	const struct kms_cursor *cursor = &output->cursor;
	const struct kms_plane *plane = cursor->plane;
	struct kms_placement placement = {.transform = KMS_ROTATE_0};
	uint32_t width, height;

	plane_size(output, &width, &height);
	placement.source = (struct kms_rect){0, 0, (int32_t)width, (int32_t)height};
	placement.destination = (struct kms_rect){x, y, (int32_t)width, (int32_t)height};
	kms_request_add_plane(request, plane, output->crtc,
		cursor->buffers[cursor->next_shown]->framebuffer, &placement);
	if (plane->properties[KMS_PLANE_ZPOS].maximum)
		kms_request_add(request, plane->id, &plane->properties[KMS_PLANE_ZPOS],
			plane->properties[KMS_PLANE_ZPOS].maximum);
	kms_request_add_optional(request, plane->id, &plane->properties[KMS_PLANE_HOTSPOT_X],
		cursor->hot_x);
	kms_request_add_optional(request, plane->id, &plane->properties[KMS_PLANE_HOTSPOT_Y],
		cursor->hot_y);
}

static void add_move(struct kms_output *output, struct kms_request *request)
{
	const struct kms_cursor *cursor = &output->cursor;
	const struct kms_plane *plane = cursor->plane;

	kms_request_add(request, plane->id, &plane->properties[KMS_PLANE_CRTC_X],
		(uint64_t)(int64_t)cursor->x);
	kms_request_add(request, plane->id, &plane->properties[KMS_PLANE_CRTC_Y],
		(uint64_t)(int64_t)cursor->y);
}

bool kms_cursor_add(struct kms_output *output, struct kms_request *request)
{
	struct kms_cursor *cursor = &output->cursor;

	if (!kms_cursor_has_change(output))
		return false;
	cursor->next_lit = should_be_lit(output);
	cursor->next_shown = cursor->shown;
	cursor->next_image = false;
	if (!cursor->next_lit) {
		kms_request_add_plane_off(request, cursor->plane);
		return true;
	}
	if (cursor->image_dirty) {
		cursor->next_shown = 1 - cursor->shown;
		cursor->next_image = true;
		upload(cursor, cursor->buffers[cursor->next_shown]);
	}
	if (cursor->lit && !cursor->next_image)
		add_move(output, request);
	else
		add_whole(output, request, cursor->x, cursor->y);
	return true;
}

void kms_cursor_committed(struct kms_output *output)
{
	struct kms_cursor *cursor = &output->cursor;

	cursor->lit = cursor->next_lit;
	cursor->plane->crtc_id = cursor->lit ? output->crtc->id : 0;
	cursor->shown = cursor->next_shown;
	cursor->dirty = false;
	if (cursor->next_image) {
		cursor->image_dirty = false;
		cursor->verdict = KMS_CURSOR_TAKEN;
	}
}

void kms_cursor_refuse(struct kms_output *output)
{
	struct kms_cursor *cursor = &output->cursor;

	if (cursor->verdict == KMS_CURSOR_REFUSED) {
		/* Not even its being off is taken: leave the plane alone. */
		cursor->dirty = false;
		cursor->lit = false;
		return;
	}
	log_output(G_LOG_LEVEL_MESSAGE, kms_output_name(output),
		"the driver refuses the cursor plane; the cursor is drawn into the picture");
	cursor->verdict = KMS_CURSOR_REFUSED;
	cursor->dirty = cursor->lit;
	kms_output_note_change(output);
	kms_cursor_schedule(output);
}

/* ---- when ---- */

void kms_cursor_schedule(struct kms_output *output)
{
	int64_t period_us = kms_output_period(output);
	int64_t lead_us = MIN(LEAD_US, period_us / 2);
	int64_t now_us, since_us;

	if (!kms_cursor_has_change(output) || output->cursor.due_us != KMS_NEVER)
		return;
	now_us = kms_device_now(output->device);
	/* How far into the present frame we are, by the last vblank that we heard of. */
	since_us = output->event_us ? (now_us - output->event_us) % period_us : period_us - lead_us;
	if (since_us < 0)
		since_us = 0;
	if (since_us > period_us - MIN(TOO_LATE_US, lead_us / 2))
		since_us -= period_us;
	output->cursor.due_us = now_us + MAX(0, period_us - lead_us - since_us);
	/* The vblank after the last one's: a frame that is only late would lose it to the cursor. */
	if (output->frames_in_a_row >= STEADY_FRAMES &&
		output->cursor.due_us < output->event_us + period_us)
		output->cursor.due_us += period_us;
	kms_device_wake_at(output->device, output->cursor.due_us);
}

static void schedule_if_idle(struct kms_output *output)
{
	if (kms_output_active(output) && !kms_output_busy(output))
		kms_cursor_schedule(output);
}

/* ---- what src/ wants ---- */

static bool is_blank(const uint32_t *pixels)
{
	for (size_t i = 0; i < CURSOR_PIXELS; i++) {
		if (pixels[i])
			return false;
	}
	return true;
}

/* Would the driver show it? Asked once a mode set. */
static bool test_plane(struct kms_output *output)
{
	struct kms_cursor *cursor = &output->cursor;
	struct kms_request *request = &output->request;
	int error;

	if (cursor->verdict != KMS_CURSOR_UNTESTED || !kms_output_active(output))
		return cursor->verdict != KMS_CURSOR_REFUSED;
	cursor->next_shown = cursor->shown;
	kms_request_reset(request);
	add_whole(output, request, 0, 0);
	output->counters.tests++;
	error = kms_request_test(output->device, request, 0);
	if (kms_device_note_error(output->device, error))
		return true;
	cursor->verdict = error ? KMS_CURSOR_REFUSED : KMS_CURSOR_TAKEN;
	return error == 0;
}

static void hide(struct kms_output *output)
{
	struct kms_cursor *cursor = &output->cursor;

	cursor->visible = false;
	cursor->dirty = cursor->lit;
	schedule_if_idle(output);
}

bool kms_output_set_cursor(struct kms_output *output, const uint32_t *pixels, uint32_t hot_x,
	uint32_t hot_y)
{
	struct kms_cursor *cursor = &output->cursor;

	if (!pixels || is_blank(pixels)) {
		hide(output);
		return true;
	}
	/* Kept also where no plane takes it now: another mode set may bring one. */
	if (!cursor->pixels)
		cursor->pixels = g_new(uint32_t, CURSOR_PIXELS);
	memcpy(cursor->pixels, pixels, CURSOR_PIXELS * sizeof(uint32_t));
	cursor->hot_x = hot_x;
	cursor->hot_y = hot_y;
	if (!output->crtc) {
		cursor->visible = true;
		return true;
	}
	if (!has_usable_plane(output) || !make_buffers(output) || !test_plane(output)) {
		hide(output);
		return false;
	}
	cursor->visible = true;
	cursor->dirty = true;
	cursor->image_dirty = true;
	schedule_if_idle(output);
	return true;
}

void kms_output_move_cursor(struct kms_output *output, int32_t x, int32_t y)
{
	struct kms_cursor *cursor = &output->cursor;

	if (cursor->x == x && cursor->y == y)
		return;
	cursor->x = x;
	cursor->y = y;
	cursor->dirty = true;
	schedule_if_idle(output);
}
