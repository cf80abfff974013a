/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "resources.h"

#include "device.h"
#include "output.h"

#include <errno.h>
#include <string.h>
#include <xf86drm.h>

struct kms_crtc *kms_resources_find_crtc(struct kms_device *device, uint32_t id)
{
	for (size_t i = 0; i < device->crtc_count; i++) {
		if (device->crtcs[i].id == id)
			return &device->crtcs[i];
	}
	return NULL;
}

bool kms_plane_has_format(const struct kms_plane *plane, uint32_t fourcc)
{
	for (size_t i = 0; i < plane->format_count; i++) {
		if (plane->formats[i] == fourcc)
			return true;
	}
	return false;
}

/* ---- connectors ---- */

static struct kms_output *find_by_id(struct kms_device *device, uint32_t id)
{
	for (guint i = 0; i < device->outputs->len; i++) {
		struct kms_output *output = device->outputs->pdata[i];

		if (output->connector.id == id)
			return output;
	}
	return NULL;
}

static struct kms_output *find_by_name(struct kms_device *device, const drmModeConnector *probed)
{
	char name[sizeof(((struct kms_connector *)NULL)->name)];

	kms_connector_make_name(probed, name, sizeof(name));
	for (guint i = 0; i < device->outputs->len; i++) {
		struct kms_output *output = device->outputs->pdata[i];

		if (strcmp(output->connector.name, name) == 0)
			return output;
	}
	return NULL;
}

static uint32_t possible_crtcs(int fd, const drmModeConnector *probed)
{
	uint32_t possible = 0;

	for (int i = 0; i < probed->count_encoders; i++) {
		drmModeEncoder *encoder = drmModeGetEncoder(fd, probed->encoders[i]);

		if (encoder) {
			possible |= encoder->possible_crtcs;
			drmModeFreeEncoder(encoder);
		}
	}
	return possible;
}

/*
 * MST gives a monitor that comes back a new connector, whose number may be one that another output's
 * connector had: an output is known by its name, which no two connectors share at a time.
 */
struct kms_output *kms_resources_meet_connector(struct kms_device *device, uint32_t id,
	const drmModeConnector *probed)
{
	struct kms_output *output, *former;

	if (!probed)
		return find_by_id(device, id);
	if (probed->connector_type == DRM_MODE_CONNECTOR_WRITEBACK)
		return NULL;
	output = find_by_name(device, probed);
	if (output && output->connector.id == id)
		return output;
	former = find_by_id(device, id);
	if (former)
		kms_device_connector_probed(device, id, NULL);
	if (!output) {
		output = kms_output_create(device);
		kms_connector_make_name(probed, output->connector.name,
			sizeof(output->connector.name));
		g_ptr_array_add(device->outputs, output);
	}
	memset(output->connector.properties, 0, sizeof(output->connector.properties));
	output->connector.id = id;
	output->connector.possible_crtcs = possible_crtcs(device->fd, probed);
	return output;
}

/* ---- the rest ---- */

static uint64_t read_cap(int fd, uint64_t cap, uint64_t otherwise)
{
	uint64_t value = 0;

	return drmGetCap(fd, cap, &value) == 0 && value ? value : otherwise;
}

static void read_caps(struct kms_device *device)
{
	uint64_t sequence, time_ns;
	int fd = device->fd;

	device->has_import = (read_cap(fd, DRM_CAP_PRIME, 0) & DRM_PRIME_CAP_IMPORT) != 0;
	device->has_modifiers = read_cap(fd, DRM_CAP_ADDFB2_MODIFIERS, 0) != 0;
	device->cursor_width = (uint32_t)read_cap(fd, DRM_CAP_CURSOR_WIDTH, KMS_CURSOR_SIZE);
	device->cursor_height = (uint32_t)read_cap(fd, DRM_CAP_CURSOR_HEIGHT, KMS_CURSOR_SIZE);
	device->has_closefb = true;
	device->has_vblank = device->crtc_count > 0 &&
		(drmCrtcGetSequence(fd, device->crtcs[0].id, &sequence, &time_ns) == 0 ||
			errno != EOPNOTSUPP);
}

static void read_crtc(struct kms_device *device, struct kms_crtc *crtc)
{
	kms_property_read(device->fd, device->property_cache, DRM_MODE_OBJECT_CRTC, crtc->id,
		crtc->properties);
	crtc->active = crtc->properties[KMS_CRTC_ACTIVE].value != 0;
}

static void read_plane(struct kms_device *device, struct kms_plane *plane)
{
	kms_property_read(device->fd, device->property_cache, DRM_MODE_OBJECT_PLANE, plane->id,
		plane->properties);
	plane->type = (uint32_t)plane->properties[KMS_PLANE_TYPE].value;
	plane->crtc_id = (uint32_t)plane->properties[KMS_PLANE_CRTC_ID].value;
}

void kms_resources_read_state(struct kms_device *device)
{
	for (size_t i = 0; i < device->crtc_count; i++)
		read_crtc(device, &device->crtcs[i]);
	for (size_t i = 0; i < device->plane_count; i++)
		read_plane(device, &device->planes[i]);
	for (guint i = 0; i < device->outputs->len; i++) {
		struct kms_connector *connector =
			&((struct kms_output *)device->outputs->pdata[i])->connector;

		if (connector->id &&
			kms_property_read(device->fd, device->property_cache,
				DRM_MODE_OBJECT_CONNECTOR, connector->id,
				connector->properties) == ENOENT)
			kms_device_connector_probed(device, connector->id, NULL);
	}
}

static bool read_planes(struct kms_device *device, GError **error)
{
	drmModePlaneRes *resources = drmModeGetPlaneResources(device->fd);

	if (!resources) {
		g_set_error(error, KMS_ERROR, KMS_ERROR_NO_ATOMIC,
			"%s: the kernel does not say what planes it has: %s", device->path,
			g_strerror(errno));
		return false;
	}
	device->planes = g_new0(struct kms_plane, MAX(resources->count_planes, 1));
	for (uint32_t i = 0; i < resources->count_planes; i++) {
		drmModePlane *read = drmModeGetPlane(device->fd, resources->planes[i]);
		struct kms_plane *plane = &device->planes[device->plane_count];

		if (!read)
			continue;
		plane->id = read->plane_id;
		plane->possible_crtcs = read->possible_crtcs;
		plane->format_count = read->count_formats;
		plane->formats = g_memdup2(read->formats, read->count_formats * sizeof(uint32_t));
		read_plane(device, plane);
		drmModeFreePlane(read);
		device->plane_count++;
	}
	drmModeFreePlaneResources(resources);
	return true;
}

bool kms_resources_read(struct kms_device *device, GError **error)
{
	drmModeRes *resources = drmModeGetResources(device->fd);

	if (!resources) {
		g_set_error(error, KMS_ERROR, KMS_ERROR_NO_ATOMIC,
			"%s: the kernel does not say what it has: %s", device->path,
			g_strerror(errno));
		return false;
	}
	device->crtc_count = MIN((size_t)resources->count_crtcs, KMS_OUTPUTS_MAX);
	device->crtcs = g_new0(struct kms_crtc, MAX(device->crtc_count, 1));
	for (size_t i = 0; i < device->crtc_count; i++) {
		device->crtcs[i].id = resources->crtcs[i];
		device->crtcs[i].index = (unsigned int)i;
		read_crtc(device, &device->crtcs[i]);
	}
	for (int i = 0; i < resources->count_connectors; i++) {
		drmModeConnector *probed = drmModeGetConnector(device->fd,
			resources->connectors[i]);

		if (probed)
			kms_device_connector_probed(device, resources->connectors[i], probed);
		drmModeFreeConnector(probed);
	}
	drmModeFreeResources(resources);
	read_caps(device);
	return read_planes(device, error);
}
