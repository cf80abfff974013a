/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What src/ asks of a card, and what it has made for it: outputs by their names, buffers, leases.
 */
#include "device.h"

#include <drm_fourcc.h>
#include <fcntl.h>

/* ---- questions ---- */

bool kms_device_gone(const struct kms_device *device)
{
	return device->card->records.state == KMS_DEVICE_GONE;
}

const char *kms_device_path(const struct kms_device *device)
{
	return device->card->path;
}

bool kms_device_revoked(const struct kms_device *device)
{
	return device->card->records.revoked;
}

const struct kms_device_counters *kms_device_counters(const struct kms_device *device)
{
	return &device->card->counters;
}

static bool is_offered(const struct kms_output *output)
{
	return !output->connector.non_desktop;
}

size_t kms_device_output_count(const struct kms_device *device)
{
	size_t count = 0;

	for (size_t i = 0; i < kms_outputs_count(&device->outputs); i++)
		count += is_offered(kms_outputs_at(&device->outputs, i));
	return count;
}

struct kms_output *kms_device_output(const struct kms_device *device, size_t index)
{
	for (size_t i = 0; i < kms_outputs_count(&device->outputs); i++) {
		struct kms_output *output = kms_outputs_at(&device->outputs, i);

		if (is_offered(output) && index-- == 0)
			return output;
	}
	return NULL;
}

struct kms_output *kms_device_find_output(const struct kms_device *device, const char *name,
	GError **error)
{
	g_autoptr(GString) known = g_string_new(NULL);

	for (size_t i = 0; i < kms_outputs_count(&device->outputs); i++) {
		struct kms_output *output = kms_outputs_at(&device->outputs, i);
		const struct kms_connector *connector = &output->connector;

		if (kms_connector_matches(connector, name))
			return output;
		g_string_append_printf(known, "%s%s%s", i ? ", " : "", connector->name,
			connector->connected ? "" : " (no monitor)");
		if (connector->monitor)
			g_string_append_printf(known, " (%s)", connector->monitor);
	}
	g_set_error(error, KMS_ERROR, KMS_ERROR_NO_CONNECTOR,
		"%s has no connector \"%s\"; there are %s", device->card->path, name, known->str);
	return NULL;
}

int kms_device_duplicate(const struct kms_device *device)
{
	return fcntl(device->card->fd, F_DUPFD_CLOEXEC, 0);
}

/* ---- buffers ---- */

struct kms_buffer *kms_buffer_import(struct kms_device *device, const struct kms_dmabuf *dmabuf,
	GError **error)
{
	return kms_imports_get(&device->imports, device->card, dmabuf, error);
}

struct kms_buffer *kms_buffer_create_dumb(struct kms_device *device, uint32_t width,
	uint32_t height, GError **error)
{
	return kms_buffer_create(device->card, width, height, DRM_FORMAT_XRGB8888, true, error);
}

void kms_device_trim(struct kms_device *device, uint32_t owner)
{
	kms_imports_trim(&device->imports, owner);
}

/* ---- leases ---- */

struct kms_lease *kms_lease_create(struct kms_device *device, struct kms_output *const *outputs,
	size_t count, uint32_t planes)
{
	return kms_leases_add(&device->leases, outputs, count, planes);
}
