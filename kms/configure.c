/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * kms_device_configure() of kms.h: what outputs are asked to do, checked before anything is
 * changed, taken back where it is refused. The mode set that makes it so is modeset.c's.
 */
#include "device.h"

#include <string.h>

struct saved_request {
	bool wanted;
	bool keep_picture;
	bool keep_layers;
	bool keep_cursor;
	void (*paint)(void *data, struct kms_output *output, struct kms_buffer *buffer);
	void *paint_data;
	bool forced;
	struct kms_mode_wishes wishes;
	struct kms_settings settings;
};

static void save(const struct kms_output *output, struct saved_request *saved)
{
	*saved = (struct saved_request){output->wanted, output->keep_picture, output->keep_layers,
		output->keep_cursor, output->paint, output->paint_data, output->connector.forced,
		output->wishes, output->settings.wanted};
}

static void restore(struct kms_outputs *outputs, struct kms_output *output,
	const struct saved_request *saved)
{
	kms_outputs_force(outputs, output, saved->forced);
	output->wanted = saved->wanted;
	output->keep_picture = saved->keep_picture;
	output->keep_layers = saved->keep_layers;
	output->keep_cursor = saved->keep_cursor;
	output->paint = saved->paint;
	output->paint_data = saved->paint_data;
	output->wishes = saved->wishes;
	kms_settings_ask(&output->settings, &saved->settings);
}

static bool parse_all(const struct kms_output_request *requests, size_t count,
	struct kms_mode_wishes *wishes, GError **error)
{
	for (size_t i = 0; i < count; i++) {
		if (!kms_mode_wishes_parse(requests[i].mode, &wishes[i], error)) {
			g_prefix_error(error, "%s: ", kms_output_name(requests[i].output));
			return false;
		}
	}
	return true;
}

static bool wishes_equal(const struct kms_mode_wishes *a, const struct kms_mode_wishes *b)
{
	return a->count == b->count && memcmp(a->list, b->list, a->count * sizeof(*a->list)) == 0;
}

static bool asks_force(const struct kms_output_request *requests, size_t count,
	const struct kms_output *output)
{
	for (size_t i = 0; i < count; i++) {
		if (requests[i].output == output)
			return requests[i].force;
	}
	return false;
}

static void ask(const struct kms_output_request *request, const struct kms_mode_wishes *wishes)
{
	struct kms_output *output = request->output;

	output->wanted = !request->off;
	output->keep_picture = request->keep_picture;
	output->keep_layers = request->keep_layers;
	output->keep_cursor = request->keep_cursor;
	output->paint = request->paint;
	output->paint_data = request->paint_data;
	/* Another list begins at its beginning; who runs goes on where it was in the same one. */
	if (!wishes_equal(&output->wishes, wishes)) {
		output->step = 0;
		output->settings.refused = 0;
	}
	output->wishes = *wishes;
	kms_settings_ask(&output->settings, &request->settings);
	if (request->off)
		kms_output_guess_mode(output);
}

/* A CRTC that was given up is tried anew, too: whoever configures may know more. */
static void begin(struct kms_device *device)
{
	for (size_t i = 0; i < kms_outputs_count(&device->outputs); i++)
		kms_outputs_at(&device->outputs, i)->wanted = false;
	for (size_t i = 0; i < device->card->crtc_count; i++)
		device->card->crtcs[i].given_up = false;
	kms_outputs_forgive(&device->outputs);
}

bool kms_device_configure(struct kms_device *device, const struct kms_output_request *requests,
	size_t count, GError **error)
{
	struct kms_modeset *modeset = &device->modeset;
	size_t outputs = kms_outputs_count(&device->outputs);
	g_autofree struct kms_mode_wishes *wishes = g_new0(struct kms_mode_wishes, MAX(count, 1));
	g_autofree struct saved_request *saved = g_new0(struct saved_request, MAX(outputs, 1));

	if (!parse_all(requests, count, wishes, error))
		return false;
	for (size_t i = 0; i < outputs; i++)
		save(kms_outputs_at(&device->outputs, i), &saved[i]);
	begin(device);
	for (size_t i = 0; i < outputs; i++) {
		struct kms_output *output = kms_outputs_at(&device->outputs, i);

		kms_outputs_force(&device->outputs, output, asks_force(requests, count, output));
	}
	for (size_t i = 0; i < count; i++)
		ask(&requests[i], &wishes[i]);
	if (device->card->records.state == KMS_DEVICE_READY && !modeset->taken_over &&
		!device->nonblocking && !kms_modeset_take_over(modeset, error)) {
		for (size_t i = 0; i < outputs; i++)
			restore(&device->outputs, kms_outputs_at(&device->outputs, i), &saved[i]);
		return false;
	}
	modeset->configured = true;
	kms_modeset_request(modeset, false);
	/* What is lent may be wanted otherwise. */
	if (kms_leases_any(&device->leases))
		kms_records_wake_at(&device->card->records, 0);
	return true;
}
