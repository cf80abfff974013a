/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A card of memory in the place of kms/. */
#include "fake/fake_kms.h"

#include <drm_fourcc.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "fake/fake_dmabuf.h"

/* A program that makes no such has not got the file. */
#pragma weak fake_dmabuf_is_one

GQuark kms_error_quark(void)
{
	return g_quark_from_static_string("kms-error");
}

struct kms_device *fake_card_create(size_t outputs, uint32_t width, uint32_t height)
{
	struct kms_device *device = g_new0(struct kms_device, 1);

	device->outputs = g_new0(struct kms_output, outputs);
	device->output_count = outputs;
	for (size_t i = 0; i < outputs; i++) {
		struct kms_output *output = &device->outputs[i];

		g_snprintf(output->name, sizeof(output->name), "DP-%zu", i + 1);
		output->device = device;
		output->connected = true;
		output->active = true;
		output->mode.width = width;
		output->mode.height = height;
		output->mode.refresh_mhz = 60000;
		output->cursor_plane = true;
		output->positions = true;
		output->reflects = true;
		output->panel_transform = KMS_ROTATE_0;
		output->shows_dmabufs = true;
	}
	return device;
}

static void drop(struct fake_frame *frame)
{
	g_clear_pointer(&frame->frame.buffer, kms_buffer_unref);
}

void fake_card_destroy(struct kms_device *device)
{
	for (size_t i = 0; i < device->output_count; i++) {
		drop(&device->outputs[i].pending);
		drop(&device->outputs[i].queued);
		drop(&device->outputs[i].current);
		for (size_t j = 0; j < KMS_LAYERS_MAX; j++)
			g_assert_false(device->outputs[i].layers[j].used);
	}
	g_assert_cmpuint(device->buffers, ==, device->given);
	g_free(device->outputs);
	device->destroyed = true;
	if (device->buffers == 0)
		g_free(device);
}

void fake_card_listen(struct kms_device *device, const struct kms_listener *listener, void *data)
{
	device->listener = listener;
	device->data = data;
}

/* ---- a frame's life ---- */

static void store(struct fake_frame *to, const struct kms_frame *frame)
{
	to->frame = *frame;
	g_assert_cmpuint(frame->damage_count, <=, KMS_DAMAGE_MAX);
	if (frame->damage_count > 0)
		memcpy(to->damage, frame->damage, frame->damage_count * sizeof(to->damage[0]));
	to->frame.damage = to->damage;
}

static void commit(struct kms_output *output, struct fake_frame *frame)
{
	g_assert_null(output->queued.frame.buffer);
	g_assert_cmpuint(output->commit_count, <, FAKE_COMMITS_MAX);
	output->former = false;
	store(&output->queued, &frame->frame);
	store(&output->commits[output->commit_count++], &frame->frame);
	frame->frame.buffer = NULL;
}

static void move(struct fake_frame *to, struct fake_frame *from)
{
	drop(to);
	store(to, &from->frame);
	from->frame.buffer = NULL;
}

bool fake_in_flight(const struct kms_output *output)
{
	bool any = output->queued.frame.buffer || output->cursor_in_flight;

	for (size_t i = 0; i < KMS_LAYERS_MAX; i++)
		any |= output->layers[i].queued.frame.buffer != NULL;
	return any;
}

/* All that is pending goes in one commit, if none is in flight. */
static void advance(struct kms_output *output)
{
	if (output->batched || fake_in_flight(output) || !output->active)
		return;
	if (output->pending.frame.buffer)
		commit(output, &output->pending);
	for (size_t i = 0; i < KMS_LAYERS_MAX; i++) {
		struct kms_output_layer *layer = &output->layers[i];

		if (!layer->plane)
			drop(&layer->current);
		if (!layer->pending.frame.buffer)
			continue;
		move(&layer->queued, &layer->pending);
		layer->commits++;
	}
}

/* As kms/ tells: what cannot come first. */
static void tell_dropped(struct kms_output *output)
{
	for (size_t i = 0; i < KMS_LAYERS_MAX; i++) {
		struct kms_output_layer *layer = &output->layers[i];
		uint64_t serial = layer->dropped;

		layer->dropped = 0;
		if (serial)
			layer->listener.commit_failed(layer->data, serial, ECANCELED);
	}
}

static void flip(struct kms_output *output, bool vblank)
{
	struct kms_presentation presentation = {g_get_monotonic_time(), 0, vblank};
	uint64_t serial = output->queued.frame.buffer ? output->queued.frame.serial : 0;
	uint64_t serials[KMS_LAYERS_MAX] = {0};

	g_assert_true(fake_in_flight(output));
	if (serial)
		move(&output->current, &output->queued);
	for (size_t i = 0; i < KMS_LAYERS_MAX; i++) {
		struct kms_output_layer *layer = &output->layers[i];

		if (!layer->queued.frame.buffer)
			continue;
		serials[i] = layer->queued.frame.serial;
		move(&layer->current, &layer->queued);
	}
	advance(output);
	tell_dropped(output);
	if (serial)
		output->device->listener->presented(output->device->data, output, serial,
			&presentation);
	for (size_t i = 0; i < KMS_LAYERS_MAX; i++) {
		if (serials[i] && output->layers[i].used)
			output->layers[i].listener.presented(output->layers[i].data, serials[i],
				&presentation);
	}
}

void fake_flip(struct kms_output *output)
{
	flip(output, true);
}

void fake_flip_without_vblank(struct kms_output *output)
{
	flip(output, false);
}

void fake_flip_cursor(struct kms_output *output)
{
	g_assert_true(output->cursor_in_flight);
	output->cursor_in_flight = false;
	advance(output);
	if (!output->queued.frame.buffer)
		output->device->listener->idle(output->device->data, output);
}

static void fail_layers(struct kms_output *output, int error)
{
	for (size_t i = 0; i < KMS_LAYERS_MAX; i++) {
		struct kms_output_layer *layer = &output->layers[i];
		uint64_t serial = MAX(layer->queued.frame.buffer ? layer->queued.frame.serial : 0,
			layer->pending.frame.buffer ? layer->pending.frame.serial : 0);

		drop(&layer->queued);
		drop(&layer->pending);
		if (serial)
			layer->listener.commit_failed(layer->data, serial, error);
	}
}

void fake_fail(struct kms_output *output, int error)
{
	uint64_t serial = MAX(output->queued.frame.buffer ? output->queued.frame.serial : 0,
		output->pending.frame.buffer ? output->pending.frame.serial : 0);

	drop(&output->queued);
	drop(&output->pending);
	fail_layers(output, error);
	if (serial > 0)
		output->device->listener->commit_failed(output->device->data, output, serial,
			error);
}

void fake_set_active(struct kms_output *output, bool active)
{
	output->active = active;
	output->former = false;
	if (!active)
		fake_fail(output, EACCES);
	output->device->listener->output_changed(output->device->data, output);
}

void fake_tell(struct kms_device *device)
{
	for (size_t i = 0; i < device->output_count; i++) {
		struct kms_output *output = &device->outputs[i];

		if (!output->changed)
			continue;
		output->changed = false;
		if (!output->active)
			fake_fail(output, EACCES);
		device->listener->output_changed(device->data, output);
	}
}

void fake_probe(struct kms_device *device)
{
	device->listener->probed(device->data);
}

static void take_planes(struct kms_output *output)
{
	for (size_t i = 0; i < KMS_LAYERS_MAX; i++) {
		output->layers[i].plane = false;
		drop(&output->layers[i].current);
	}
}

void fake_unplug(struct kms_output *output)
{
	fake_set_active(output, false);
	take_planes(output);
	drop(&output->current);
}

void fake_set_mode(struct kms_output *output, uint32_t width, uint32_t height)
{
	output->mode.width = width;
	output->mode.height = height;
	output->former = false;
	fail_layers(output, ECANCELED);
	take_planes(output);
	output->device->listener->output_changed(output->device->data, output);
}

const struct kms_frame *fake_last(const struct kms_output *output)
{
	g_assert_cmpuint(output->commit_count, >, 0);
	return &output->commits[output->commit_count - 1].frame;
}

static bool layer_pixel(const struct kms_output_layer *layer, int32_t x, int32_t y, uint32_t *pixel)
{
	const struct fake_frame *shown = layer->queued.frame.buffer ? &layer->queued
								    : &layer->current;
	const struct kms_buffer *buffer = shown->frame.buffer;
	const struct kms_rect *destination = &shown->frame.destination;

	if (!layer->plane || !buffer || x < destination->x || y < destination->y ||
		x >= destination->x + destination->width ||
		y >= destination->y + destination->height)
		return false;
	g_assert_nonnull(buffer->pixels);
	memcpy(pixel,
		buffer->pixels + (size_t)(y - destination->y) * buffer->stride +
			(size_t)(x - destination->x) * 4,
		sizeof(*pixel));
	*pixel &= 0xffffff;
	return true;
}

uint32_t fake_seen(const struct kms_output *output, uint32_t x, uint32_t y)
{
	uint32_t pixel;

	for (size_t i = KMS_LAYERS_MAX; i-- > 0;) {
		if (layer_pixel(&output->layers[i], (int32_t)x, (int32_t)y, &pixel))
			return pixel;
	}
	return fake_pixel(output, x, y);
}

uint32_t fake_pixel(const struct kms_output *output, uint32_t x, uint32_t y)
{
	const struct fake_frame *shown = output->queued.frame.buffer ? &output->queued
								     : &output->current;
	const struct kms_buffer *buffer = shown->frame.buffer;
	uint32_t pixel;

	g_assert_nonnull(buffer);
	g_assert_nonnull(buffer->pixels);
	g_assert_cmpuint(buffer->width, ==, output->mode.width);
	g_assert_cmpuint(buffer->height, ==, output->mode.height);
	memcpy(&pixel, buffer->pixels + (size_t)y * buffer->stride + (size_t)x * 4, sizeof(pixel));
	return pixel & 0xffffff;
}

/* ---- include/kms.h ---- */

bool kms_device_gone(const struct kms_device *device)
{
	return device->gone;
}

const char *kms_device_path(const struct kms_device *device)
{
	return "/dev/dri/no-card";
}

size_t kms_device_output_count(const struct kms_device *device)
{
	return device->output_count;
}

struct kms_output *kms_device_output(const struct kms_device *device, size_t index)
{
	return (struct kms_output *)&device->outputs[index];
}

struct kms_output *kms_device_find_output(const struct kms_device *device, const char *name,
	GError **error)
{
	for (size_t i = 0; i < device->output_count; i++) {
		if (g_str_equal(device->outputs[i].name, name))
			return kms_device_output(device, i);
	}
	g_set_error(error, KMS_ERROR, KMS_ERROR_NO_CONNECTOR, "there is no output %s", name);
	return NULL;
}

static void apply_requests(struct kms_output *output, const struct kms_output_request *requests,
	size_t count)
{
	bool active = false;

	output->former &= output->active;
	for (size_t i = 0; i < count; i++) {
		if (requests[i].output != output)
			continue;
		output->former |= requests[i].keep_picture;
		output->connected |= requests[i].force;
		active |= output->connected && !requests[i].off;
	}
	output->changed |= active != output->active;
	output->active = active;
}

bool kms_device_configure(struct kms_device *device, const struct kms_output_request *requests,
	size_t count, GError **error)
{
	device->configured++;
	if (device->refuses_configure) {
		g_set_error(error, G_FILE_ERROR, G_FILE_ERROR_INVAL, "the mode set is refused");
		return false;
	}
	device->request_count = count;
	for (size_t i = 0; i < device->output_count; i++)
		apply_requests(&device->outputs[i], requests, count);
	memcpy(device->requests, requests, count * sizeof(requests[0]));
	return true;
}

void kms_device_trim(struct kms_device *device, uint32_t owner)
{
	device->trims++;
}

const char *kms_output_name(const struct kms_output *output)
{
	return output->name;
}

const char *kms_output_monitor(const struct kms_output *output)
{
	return output->monitor[0] ? output->monitor : NULL;
}

bool kms_output_detected(const struct kms_output *output)
{
	return output->connected;
}

bool kms_output_connected(const struct kms_output *output)
{
	return output->connected;
}

bool kms_output_active(const struct kms_output *output)
{
	return output->active;
}

bool kms_output_keeps_former(const struct kms_output *output)
{
	return output->active && output->former;
}

void kms_output_await_layers(struct kms_output *output, const struct kms_rect *areas, size_t count)
{
	g_assert_cmpuint(count, <=, KMS_LAYERS_MAX);
	for (size_t i = 0; i < count; i++)
		output->awaited[i] = areas[i];
	output->awaited_count = count;
}

bool kms_output_without_crtc(const struct kms_output *output)
{
	return !output->active && output->without_crtc;
}

bool kms_output_setting_mode(const struct kms_output *output)
{
	return output->setting_mode;
}

const struct kms_mode_info *kms_output_mode(const struct kms_output *output)
{
	return &output->mode;
}

const uint8_t *kms_output_edid(const struct kms_output *output, size_t *size)
{
	*size = output->edid_size;
	return output->edid_size ? output->edid : NULL;
}

void kms_output_physical_size(const struct kms_output *output, uint32_t *width_mm,
	uint32_t *height_mm)
{
	*width_mm = output->width_mm;
	*height_mm = output->height_mm;
}

enum kms_transform kms_output_panel_transform(const struct kms_output *output)
{
	return output->panel_transform;
}

bool kms_output_busy(const struct kms_output *output)
{
	return output->queued.frame.buffer != NULL || output->cursor_in_flight;
}

bool kms_output_due(const struct kms_output *output)
{
	return kms_output_busy(output) || output->pending.frame.buffer != NULL;
}

const struct kms_output_counters *kms_output_counters(const struct kms_output *output)
{
	return &output->counters;
}

/* Inside the buffer and the CRTC, as every driver wants it. */
static void check_frame(const struct kms_output *output, const struct kms_frame *frame)
{
	const struct kms_rect *source = &frame->source;
	const struct kms_rect *destination = &frame->destination;

	g_assert_nonnull(frame->buffer);
	g_assert_cmpint(source->x, >=, 0);
	g_assert_cmpint(source->y, >=, 0);
	g_assert_cmpint(source->width, >, 0);
	g_assert_cmpint(source->height, >, 0);
	g_assert_cmpint(source->x + source->width, <=, (int32_t)frame->buffer->width);
	g_assert_cmpint(source->y + source->height, <=, (int32_t)frame->buffer->height);
	g_assert_cmpint(destination->width, >, 0);
	g_assert_cmpint(destination->height, >, 0);
	g_assert_cmpint(destination->x, >=, 0);
	g_assert_cmpint(destination->y, >=, 0);
	g_assert_cmpint(destination->x + destination->width, <=, (int32_t)output->mode.width);
	g_assert_cmpint(destination->y + destination->height, <=, (int32_t)output->mode.height);
}

static bool shows(const struct kms_output *output, const struct kms_frame *frame)
{
	bool sideways = frame->transform & (KMS_ROTATE_90 | KMS_ROTATE_270);
	int32_t width = sideways ? frame->source.height : frame->source.width;
	int32_t height = sideways ? frame->source.width : frame->source.height;
	bool scaled = width != frame->destination.width || height != frame->destination.height;
	bool covers = frame->destination.width == (int32_t)output->mode.width &&
		frame->destination.height == (int32_t)output->mode.height;

	check_frame(output, frame);
	return (!scaled || output->scaler) && (covers || output->positions) &&
		(frame->transform == KMS_ROTATE_0 || output->reflects) &&
		(!frame->buffer->imported || output->shows_dmabufs);
}

enum kms_submit kms_output_submit(struct kms_output *output, const struct kms_frame *frame)
{
	struct fake_frame fresh;

	check_frame(output, frame);
	if (!output->active)
		return KMS_SUBMIT_OFF;
	if (output->refuses_submit || !shows(output, frame))
		return KMS_SUBMIT_REFUSED;

	store(&fresh, frame);
	fresh.frame.damage = fresh.damage;
	kms_buffer_ref(frame->buffer);
	if (output->queued.frame.buffer)
		g_assert_cmpuint(frame->serial, >, output->queued.frame.serial);
	drop(&output->pending);
	store(&output->pending, &fresh.frame);
	advance(output);
	return KMS_SUBMIT_ACCEPTED;
}

/* ---- layers ---- */

struct kms_output_layer *kms_output_layer_create(struct kms_output *output,
	const struct kms_layer_listener *listener, void *data)
{
	for (size_t i = 0; i < KMS_LAYERS_MAX; i++) {
		struct kms_output_layer *layer = &output->layers[i];

		if (layer->used)
			continue;
		*layer = (struct kms_output_layer){.output = output,
			.used = true,
			.listener = *listener,
			.data = data,
			.alpha = UINT16_MAX};
		return layer;
	}
	return NULL;
}

void kms_output_layer_destroy(struct kms_output_layer *layer)
{
	if (!layer)
		return;
	drop(&layer->pending);
	drop(&layer->queued);
	drop(&layer->current);
	layer->used = false;
	layer->plane = false;
	layer->dropped = 0;
}

void kms_output_layer_set_blending(struct kms_output_layer *layer, enum kms_blend blend,
	uint16_t alpha)
{
	layer->alpha = alpha;
}

static bool is_of_kind(const struct kms_output_layer *layer, const struct kms_frame *frame)
{
	return layer->width == frame->buffer->width && layer->height == frame->buffer->height &&
		layer->fourcc == frame->buffer->fourcc &&
		layer->imported == frame->buffer->imported &&
		kms_rect_equal(&layer->kind.source, &frame->source) &&
		kms_rect_equal(&layer->kind.destination, &frame->destination) &&
		layer->kind.transform == frame->transform;
}

static bool overlaps(const struct kms_rect *a, const struct kms_rect *b)
{
	return a->x < b->x + b->width && b->x < a->x + a->width && a->y < b->y + b->height &&
		b->y < a->y + a->height;
}

/* A plane for the wish, if nothing above it has none. */
static bool takes(const struct kms_output *output, const struct kms_layer_wish *wishes,
	size_t count, size_t index, uint32_t set)
{
	const struct kms_frame *frame = wishes[index].frame;
	bool sideways = frame->transform & (KMS_ROTATE_90 | KMS_ROTATE_270);
	int32_t width = sideways ? frame->source.height : frame->source.width;
	int32_t height = sideways ? frame->source.width : frame->source.height;
	bool scaled = width != frame->destination.width || height != frame->destination.height;

	for (size_t i = index + 1; i < count; i++) {
		if (!(set & 1u << i) &&
			overlaps(&wishes[i].frame->destination, &frame->destination))
			return false;
	}
	return (!scaled || output->scaler) && (!frame->buffer->imported || output->shows_dmabufs) &&
		(frame->transform == KMS_ROTATE_0 || output->reflects) &&
		(wishes[index].layer->alpha == UINT16_MAX || output->overlay_alpha);
}

static void adopt(struct kms_output_layer *layer, const struct kms_frame *frame)
{
	if (layer->pending.frame.buffer && !(frame && is_of_kind(layer, frame))) {
		layer->dropped = layer->pending.frame.serial;
		drop(&layer->pending);
	}
	layer->plane = frame != NULL;
	if (!frame)
		return;
	layer->kind = *frame;
	layer->width = frame->buffer->width;
	layer->height = frame->buffer->height;
	layer->fourcc = frame->buffer->fourcc;
	layer->imported = frame->buffer->imported;
}

static const struct kms_frame *frame_of(const struct kms_output_layer *layer,
	const struct kms_layer_wish *wishes, size_t count, uint32_t set)
{
	for (size_t i = 1; i < count; i++) {
		if (wishes[i].layer == layer && set & 1u << i)
			return wishes[i].frame;
	}
	return NULL;
}

uint32_t kms_output_arrange(struct kms_output *output, const struct kms_layer_wish *wishes,
	size_t count)
{
	unsigned int left = output->overlays;
	uint32_t set;

	output->arrangements++;
	if (!output->active)
		return 0;
	g_assert_cmpuint(count, >=, 1);
	g_assert_null(wishes[0].layer);
	set = shows(output, wishes[0].frame);
	for (size_t i = count - 1; set && i > 0; i--) {
		check_frame(output, wishes[i].frame);
		g_assert_true(wishes[i].layer->used);
		if (left == 0 || !takes(output, wishes, count, i, set))
			continue;
		set |= 1u << i;
		left--;
	}
	for (size_t i = 0; i < KMS_LAYERS_MAX; i++)
		adopt(&output->layers[i], frame_of(&output->layers[i], wishes, count, set));
	return set;
}

enum kms_submit kms_output_layer_submit(struct kms_output_layer *layer,
	const struct kms_frame *frame)
{
	struct fake_frame fresh;

	check_frame(layer->output, frame);
	if (!layer->output->active)
		return KMS_SUBMIT_OFF;
	if (!layer->plane || !is_of_kind(layer, frame))
		return KMS_SUBMIT_REFUSED;
	store(&fresh, frame);
	fresh.frame.damage = fresh.damage;
	kms_buffer_ref(frame->buffer);
	if (layer->queued.frame.buffer)
		g_assert_cmpuint(frame->serial, >, layer->queued.frame.serial);
	drop(&layer->pending);
	store(&layer->pending, &fresh.frame);
	advance(layer->output);
	return KMS_SUBMIT_ACCEPTED;
}

bool kms_output_layer_busy(const struct kms_output_layer *layer)
{
	return layer->pending.frame.buffer || layer->queued.frame.buffer;
}

const struct kms_buffer *kms_output_layer_current(const struct kms_output_layer *layer)
{
	return layer->output->active ? layer->current.frame.buffer : NULL;
}

void kms_output_begin(struct kms_output *output)
{
	g_assert_false(output->batched);
	output->batched = true;
}

void kms_output_end(struct kms_output *output)
{
	output->batched = false;
	advance(output);
}

static bool layer_holds(const struct kms_output *output, const struct kms_buffer *buffer)
{
	for (size_t i = 0; i < KMS_LAYERS_MAX; i++) {
		const struct kms_output_layer *layer = &output->layers[i];

		if (layer->pending.frame.buffer == buffer || layer->queued.frame.buffer == buffer ||
			layer->current.frame.buffer == buffer)
			return true;
	}
	return false;
}

bool kms_output_test(struct kms_output *output, const struct kms_frame *frame)
{
	output->tests++;
	return output->active && shows(output, frame);
}

bool kms_output_holds(const struct kms_output *output, const struct kms_buffer *buffer)
{
	return output->pending.frame.buffer == buffer || output->queued.frame.buffer == buffer ||
		output->current.frame.buffer == buffer || layer_holds(output, buffer);
}

const struct kms_buffer *kms_output_current(const struct kms_output *output)
{
	return output->active ? output->current.frame.buffer : NULL;
}

bool kms_output_set_cursor(struct kms_output *output, const uint32_t *pixels, uint32_t hot_x,
	uint32_t hot_y)
{
	output->cursor_sets++;
	output->cursor_visible = pixels && output->cursor_plane;
	if (pixels)
		memcpy(output->cursor_pixels, pixels, sizeof(output->cursor_pixels));
	output->cursor_hot_x = hot_x;
	output->cursor_hot_y = hot_y;
	return !pixels || output->cursor_plane;
}

void kms_output_move_cursor(struct kms_output *output, int32_t x, int32_t y)
{
	output->cursor_moves++;
	output->cursor_x = x;
	output->cursor_y = y;
}

void kms_output_forget_cursor(struct kms_output *output)
{
	output->cursor_forgotten = true;
}

static struct kms_buffer *make_buffer(struct kms_device *device, uint32_t width, uint32_t height)
{
	struct kms_buffer *buffer = g_new0(struct kms_buffer, 1);

	device->buffers++;
	buffer->device = device;
	buffer->references = 1;
	buffer->dmabuf = -1;
	buffer->width = width;
	buffer->height = height;
	return buffer;
}

/* What is in the cache has one already, of the same dma-buf. */
static int take_fd(const struct kms_device *device, const struct kms_dmabuf *dmabuf)
{
	int cached;

	if (!dmabuf->given)
		return -1;
	if (!device->has_seen)
		return dmabuf->fd;
	cached = fcntl(dmabuf->fd, F_DUPFD_CLOEXEC, 3);
	g_assert_cmpint(cached, >=, 0);
	close(dmabuf->fd);
	return cached;
}

struct kms_buffer *kms_buffer_import(struct kms_device *device, const struct kms_dmabuf *dmabuf,
	GError **error)
{
	struct kms_buffer *buffer;

	g_assert_cmpint(dmabuf->fd, >=, 0);
	if (device->refuses_import ||
		(dmabuf->unknown && !(fake_dmabuf_is_one && fake_dmabuf_is_one(dmabuf->fd)))) {
		g_set_error(error, KMS_ERROR, KMS_ERROR_REFUSED, "import refused");
		return NULL;
	}
	buffer = make_buffer(device, dmabuf->width, dmabuf->height);
	buffer->imported = true;
	buffer->stride = dmabuf->stride;
	buffer->fourcc = dmabuf->fourcc;
	buffer->dmabuf = take_fd(device, dmabuf);
	device->given += dmabuf->given;
	device->imports++;
	device->counters.imports += !device->has_seen;
	return buffer;
}

const struct kms_device_counters *kms_device_counters(const struct kms_device *device)
{
	return &device->counters;
}

int kms_buffer_dmabuf(const struct kms_buffer *buffer)
{
	return buffer->dmabuf;
}

/* A pitch that is wider than the rows, as drivers have it. */
struct kms_buffer *kms_buffer_create_dumb(struct kms_device *device, uint32_t width,
	uint32_t height, GError **error)
{
	struct kms_buffer *buffer;

	if (device->refuses_dumb) {
		g_set_error(error, KMS_ERROR, KMS_ERROR_REFUSED, "no dumb buffer");
		return NULL;
	}
	buffer = make_buffer(device, width, height);
	buffer->stride = (width * 4 + 255) / 256 * 256;
	buffer->fourcc = DRM_FORMAT_XRGB8888;
	buffer->pixels = g_malloc0((size_t)buffer->stride * height);
	return buffer;
}

struct kms_buffer *kms_buffer_ref(struct kms_buffer *buffer)
{
	buffer->references++;
	return buffer;
}

void kms_buffer_unref(struct kms_buffer *buffer)
{
	struct kms_device *device;

	if (!buffer || --buffer->references > 0)
		return;
	device = buffer->device;
	device->buffers--;
	device->given -= buffer->dmabuf >= 0;
	if (buffer->dmabuf >= 0)
		close(buffer->dmabuf);
	g_free(buffer->pixels);
	g_free(buffer);
	if (device->destroyed && device->buffers == 0)
		g_free(device);
}

uint32_t kms_buffer_width(const struct kms_buffer *buffer)
{
	return buffer->width;
}

uint32_t kms_buffer_height(const struct kms_buffer *buffer)
{
	return buffer->height;
}

uint8_t *kms_buffer_pixels(struct kms_buffer *buffer, uint32_t *stride)
{
	*stride = buffer->stride;
	return buffer->pixels;
}
