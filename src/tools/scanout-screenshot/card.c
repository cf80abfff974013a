// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Opening a card, dropping the mastership that the kernel may have given, and learning the ids and
 * names of its planes, CRTCs and connectors once. All later questions go by these ids.
 */
#include "card.h"

#include "error.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include <xf86drm.h>
#include <xf86drmMode.h>

/* Not in the libdrm of Debian 12; shows the cursor planes of virtual drivers (Linux 6.8). */
#ifndef DRM_CLIENT_CAP_CURSOR_PLANE_HOTSPOT
#define DRM_CLIENT_CAP_CURSOR_PLANE_HOTSPOT 6
#endif

#define MAX_CARDS 64
#define MAX_PROPERTIES 128 /* of one object; today's kernels have about 40 at most */

static const char *const plane_property_names[PLANE_PROPERTY_COUNT] = {
	[PLANE_TYPE] = "type",
	[PLANE_FB_ID] = "FB_ID",
	[PLANE_CRTC_ID] = "CRTC_ID",
	[PLANE_CRTC_X] = "CRTC_X",
	[PLANE_CRTC_Y] = "CRTC_Y",
	[PLANE_CRTC_W] = "CRTC_W",
	[PLANE_CRTC_H] = "CRTC_H",
	[PLANE_SRC_X] = "SRC_X",
	[PLANE_SRC_Y] = "SRC_Y",
	[PLANE_SRC_W] = "SRC_W",
	[PLANE_SRC_H] = "SRC_H",
	[PLANE_ROTATION] = "rotation",
	[PLANE_ALPHA] = "alpha",
	[PLANE_BLEND_MODE] = "pixel blend mode",
	[PLANE_ZPOS] = "zpos",
	[PLANE_HOTSPOT_X] = "HOTSPOT_X",
	[PLANE_HOTSPOT_Y] = "HOTSPOT_Y",
};

static const char *const crtc_property_names[CRTC_PROPERTY_COUNT] = {
	[CRTC_ACTIVE] = "ACTIVE",
	[CRTC_MODE_ID] = "MODE_ID",
	[CRTC_GAMMA_LUT] = "GAMMA_LUT",
	[CRTC_DEGAMMA_LUT] = "DEGAMMA_LUT",
	[CRTC_CTM] = "CTM",
	[CRTC_BACKGROUND_COLOR] = "BACKGROUND_COLOR",
};

static const char *const connector_property_names[CONNECTOR_PROPERTY_COUNT] = {
	[CONNECTOR_CRTC_ID] = "CRTC_ID",
};

static bool fail(GError **error, const char *path, const char *what)
{
	g_set_error(error, SCREENSHOT_ERROR, SCREENSHOT_ERROR_FAILED, "%s: %s: %s", path, what,
		g_strerror(errno));
	return false;
}

/* The values' names of the property "pixel blend mode" are fixed, their numbers are not. */
static void learn_blend_modes(struct card_plane *plane, const drmModePropertyRes *property)
{
	for (int i = 0; i < property->count_enums; i++) {
		const struct drm_mode_property_enum *entry = &property->enums[i];

		if (strcmp(entry->name, "None") == 0)
			plane->blend_none = entry->value;
		else if (strcmp(entry->name, "Pre-multiplied") == 0)
			plane->blend_premultiplied = entry->value;
		else if (strcmp(entry->name, "Coverage") == 0)
			plane->blend_coverage = entry->value;
	}
}

/* Finds the ids of an object's properties by name. plane is NULL for other objects. */
static bool learn_properties(const struct card *card, uint32_t object, uint32_t type,
	const char *const *names, size_t count, uint32_t *ids, struct card_plane *plane)
{
	drmModeObjectProperties *properties = drmModeObjectGetProperties(card->fd, object, type);

	if (!properties)
		return false;
	for (uint32_t i = 0; i < properties->count_props; i++) {
		drmModePropertyRes *property = drmModeGetProperty(card->fd, properties->props[i]);

		if (!property)
			continue;
		for (size_t n = 0; n < count; n++)
			if (strcmp(property->name, names[n]) == 0)
				ids[n] = property->prop_id;
		if (plane && strcmp(property->name, plane_property_names[PLANE_BLEND_MODE]) == 0)
			learn_blend_modes(plane, property);
		drmModeFreeProperty(property);
	}
	drmModeFreeObjectProperties(properties);
	return true;
}

static bool learn_planes(struct card *card)
{
	drmModePlaneRes *resources = drmModeGetPlaneResources(card->fd);
	bool ok = resources != NULL;

	if (!ok)
		return false;
	card->planes = g_new0(struct card_plane, resources->count_planes);
	card->plane_count = resources->count_planes;
	for (size_t i = 0; i < card->plane_count && ok; i++) {
		struct card_plane *plane = &card->planes[i];

		plane->id = resources->planes[i];
		plane->blend_none = plane->blend_premultiplied = plane->blend_coverage = -1;
		ok = learn_properties(card, plane->id, DRM_MODE_OBJECT_PLANE, plane_property_names,
			PLANE_PROPERTY_COUNT, plane->properties, plane);
	}
	drmModeFreePlaneResources(resources);
	return ok;
}

static bool learn_connector(struct card *card, struct card_connector *connector, uint32_t id)
{
	/* "Current": never probes, so looking does not change what the monitor's state is. */
	drmModeConnector *info = drmModeGetConnectorCurrent(card->fd, id);
	const char *type;

	connector->id = id;
	if (!info)
		return false;
	type = drmModeGetConnectorTypeName(info->connector_type);
	g_snprintf(connector->name, sizeof(connector->name), "%s-%u", type ? type : "Unknown",
		info->connector_type_id);
	drmModeFreeConnector(info);
	return learn_properties(card, id, DRM_MODE_OBJECT_CONNECTOR, connector_property_names,
		CONNECTOR_PROPERTY_COUNT, connector->properties, NULL);
}

static bool learn_resources(struct card *card)
{
	drmModeRes *resources = drmModeGetResources(card->fd);
	bool ok = resources != NULL;

	if (!ok)
		return false;
	card->crtcs = g_new0(struct card_crtc, resources->count_crtcs);
	card->connectors = g_new0(struct card_connector, resources->count_connectors);
	for (int i = 0; i < resources->count_crtcs && ok; i++) {
		struct card_crtc *crtc = &card->crtcs[card->crtc_count++];

		crtc->id = resources->crtcs[i];
		crtc->index = i;
		ok = learn_properties(card, crtc->id, DRM_MODE_OBJECT_CRTC, crtc_property_names,
			CRTC_PROPERTY_COUNT, crtc->properties, NULL);
	}
	for (int i = 0; i < resources->count_connectors && ok; i++)
		ok = learn_connector(card, &card->connectors[card->connector_count++],
			resources->connectors[i]);
	drmModeFreeResources(resources);
	return ok && learn_planes(card);
}

bool card_is_master(const struct card *card)
{
	return drmIsMaster(card->fd);
}

static bool open_path(struct card *card, const char *path, GError **error)
{
	drmVersion *version;

	memset(card, 0, sizeof(*card));
	card->fd = open(path, O_RDWR | O_CLOEXEC);
	if (card->fd < 0)
		return fail(error, path, "cannot open");
	/* EINVAL says that we were no master, which is what we want; the test below is what
	 * counts. */
	drmDropMaster(card->fd);
	card->path = g_strdup(path);
	if (card_is_master(card)) {
		g_set_error(error, SCREENSHOT_ERROR, SCREENSHOT_ERROR_FAILED,
			"%s: still DRM master after dropping it", path);
		card_close(card);
		return false;
	}
	if (drmSetClientCap(card->fd, DRM_CLIENT_CAP_UNIVERSAL_PLANES, 1) < 0 ||
		drmSetClientCap(card->fd, DRM_CLIENT_CAP_ATOMIC, 1) < 0) {
		fail(error, path, "no atomic mode setting, so no plane states");
		card_close(card);
		return false;
	}
	/* Refused by drivers without such planes and by older kernels, which show them anyway. */
	drmSetClientCap(card->fd, DRM_CLIENT_CAP_CURSOR_PLANE_HOTSPOT, 1);
	version = drmGetVersion(card->fd);
	card->driver = g_strdup(version ? version->name : "unknown");
	drmFreeVersion(version);
	if (!learn_resources(card)) {
		fail(error, path, "cannot read what it has");
		card_close(card);
		return false;
	}
	return true;
}

bool card_open(struct card *card, const char *path, GError **error)
{
	if (path)
		return open_path(card, path, error);
	for (unsigned int number = 0; number < MAX_CARDS; number++) {
		g_autofree char *node = g_strdup_printf("/dev/dri/card%u", number);

		if (access(node, F_OK) < 0 || !open_path(card, node, NULL))
			continue;
		if (card->connector_count > 0 && card->crtc_count > 0)
			return true;
		card_close(card);
	}
	g_set_error(error, SCREENSHOT_ERROR, SCREENSHOT_ERROR_FAILED,
		"no card with atomic mode setting and connectors in /dev/dri");
	return false;
}

void card_close(struct card *card)
{
	close(card->fd);
	g_free(card->path);
	g_free(card->driver);
	g_free(card->planes);
	g_free(card->crtcs);
	g_free(card->connectors);
	memset(card, 0, sizeof(*card));
	card->fd = -1;
}

bool card_read_properties(const struct card *card, uint32_t object, uint32_t object_type,
	const uint32_t *ids, uint64_t *values, size_t count)
{
	uint32_t found_ids[MAX_PROPERTIES];
	uint64_t found_values[MAX_PROPERTIES];
	struct drm_mode_obj_get_properties request = {
		.props_ptr = (uintptr_t)found_ids,
		.prop_values_ptr = (uintptr_t)found_values,
		.count_props = MAX_PROPERTIES,
		.obj_id = object,
		.obj_type = object_type,
	};

	if (drmIoctl(card->fd, DRM_IOCTL_MODE_OBJ_GETPROPERTIES, &request) < 0)
		return false;
	/* The kernel fills in nothing beyond our room, but says how many there are. */
	if (request.count_props > MAX_PROPERTIES) {
		errno = E2BIG;
		return false;
	}
	for (size_t n = 0; n < count; n++)
		for (uint32_t i = 0; ids[n] && i < request.count_props; i++)
			if (found_ids[i] == ids[n]) {
				values[n] = found_values[i];
				break;
			}
	return true;
}
