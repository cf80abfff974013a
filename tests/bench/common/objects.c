/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "objects.h"

#include <string.h>
#include <xf86drm.h>
#include <xf86drmMode.h>

uint32_t objects_property(int card, uint32_t object, uint32_t type, const char *name,
	uint64_t *value)
{
	drmModeObjectProperties *all = drmModeObjectGetProperties(card, object, type);
	uint32_t id = 0;

	for (uint32_t i = 0; all && i < all->count_props && !id; i++) {
		drmModePropertyRes *one = drmModeGetProperty(card, all->props[i]);

		if (one && strcmp(one->name, name) == 0) {
			id = one->prop_id;
			if (value)
				*value = all->prop_values[i];
		}
		drmModeFreeProperty(one);
	}
	drmModeFreeObjectProperties(all);
	return id;
}

uint32_t objects_primary_plane(int card, unsigned int crtc_index)
{
	drmModePlaneRes *planes = drmModeGetPlaneResources(card);
	uint32_t found = 0;

	for (uint32_t i = 0; planes && i < planes->count_planes && !found; i++) {
		drmModePlane *plane = drmModeGetPlane(card, planes->planes[i]);
		uint64_t type = 0;

		objects_property(card, planes->planes[i], DRM_MODE_OBJECT_PLANE, "type", &type);
		if (plane && (plane->possible_crtcs & (1u << crtc_index)) &&
			type == DRM_PLANE_TYPE_PRIMARY)
			found = planes->planes[i];
		drmModeFreePlane(plane);
	}
	drmModeFreePlaneResources(planes);
	return found;
}
