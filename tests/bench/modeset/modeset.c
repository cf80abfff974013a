/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * modeset: sets the first mode on the first connected connector of the first card, black, in one
 * atomic commit; says "ready" and waits for its end. The least that there is to do between exec and
 * the first commit. Linked twice: to all libraries of the daemon, and to libdrm alone.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <xf86drm.h>
#include <xf86drmMode.h>

#include <drm_fourcc.h>

static int card = -1;
static drmModeAtomicReq *request;

static void fail(const char *what)
{
	perror(what);
	exit(1);
}

static void open_card(void)
{
	for (int i = 0; i < 64 && card < 0; i++) {
		char path[32];

		snprintf(path, sizeof(path), "/dev/dri/card%d", i);
		card = open(path, O_RDWR | O_CLOEXEC);
	}
	if (card < 0)
		fail("modeset: no card");
	if (drmSetMaster(card) < 0 || drmSetClientCap(card, DRM_CLIENT_CAP_ATOMIC, 1) < 0)
		fail("modeset: master");
}

/* The value of an object's property; and if `set` is not NULL, that value for it goes into the
 * request. */
static uint64_t property(uint32_t object, uint32_t type, const char *name, const uint64_t *set)
{
	drmModeObjectProperties *all = drmModeObjectGetProperties(card, object, type);
	uint64_t value = 0;

	for (uint32_t i = 0; all && i < all->count_props; i++) {
		drmModePropertyRes *one = drmModeGetProperty(card, all->props[i]);

		if (one && strcmp(one->name, name) == 0) {
			value = all->prop_values[i];
			if (set)
				drmModeAtomicAddProperty(request, object, one->prop_id, *set);
		}
		drmModeFreeProperty(one);
	}
	drmModeFreeObjectProperties(all);
	return value;
}

static void set(uint32_t object, uint32_t type, const char *name, uint64_t value)
{
	property(object, type, name, &value);
}

/* The primary plane of the first CRTC. */
static uint32_t find_plane(void)
{
	drmModePlaneRes *planes = drmModeGetPlaneResources(card);
	uint32_t found = 0;

	for (uint32_t i = 0; planes && i < planes->count_planes && !found; i++) {
		drmModePlane *plane = drmModeGetPlane(card, planes->planes[i]);

		if (plane && plane->possible_crtcs & 1 &&
			property(plane->plane_id, DRM_MODE_OBJECT_PLANE, "type", NULL) ==
				DRM_PLANE_TYPE_PRIMARY)
			found = plane->plane_id;
		drmModeFreePlane(plane);
	}
	drmModeFreePlaneResources(planes);
	return found;
}

static uint32_t make_framebuffer(uint32_t width, uint32_t height)
{
	uint32_t handles[4] = {0}, pitches[4] = {0}, offsets[4] = {0};
	uint64_t size;
	uint32_t framebuffer = 0;

	if (drmModeCreateDumbBuffer(card, width, height, 32, 0, &handles[0], &pitches[0], &size) <
			0 ||
		drmModeAddFB2(card, width, height, DRM_FORMAT_XRGB8888, handles, pitches, offsets,
			&framebuffer, 0) < 0)
		fail("modeset: framebuffer");
	return framebuffer;
}

static void light(uint32_t connector, uint32_t crtc, const drmModeModeInfo *mode)
{
	uint32_t plane = find_plane();
	uint32_t blob;

	if (drmModeCreatePropertyBlob(card, mode, sizeof(*mode), &blob) < 0)
		fail("modeset: mode");
	request = drmModeAtomicAlloc();
	set(crtc, DRM_MODE_OBJECT_CRTC, "ACTIVE", 1);
	set(crtc, DRM_MODE_OBJECT_CRTC, "MODE_ID", blob);
	set(connector, DRM_MODE_OBJECT_CONNECTOR, "CRTC_ID", crtc);
	set(plane, DRM_MODE_OBJECT_PLANE, "FB_ID",
		make_framebuffer(mode->hdisplay, mode->vdisplay));
	set(plane, DRM_MODE_OBJECT_PLANE, "CRTC_ID", crtc);
	set(plane, DRM_MODE_OBJECT_PLANE, "SRC_W", (uint64_t)mode->hdisplay << 16);
	set(plane, DRM_MODE_OBJECT_PLANE, "SRC_H", (uint64_t)mode->vdisplay << 16);
	set(plane, DRM_MODE_OBJECT_PLANE, "CRTC_W", mode->hdisplay);
	set(plane, DRM_MODE_OBJECT_PLANE, "CRTC_H", mode->vdisplay);
	if (drmModeAtomicCommit(card, request, DRM_MODE_ATOMIC_ALLOW_MODESET, NULL) < 0)
		fail("modeset: commit");
}

int main(void)
{
	drmModeRes *resources;
	drmModeConnector *connector = NULL;

	open_card();
	resources = drmModeGetResources(card);
	for (int i = 0; resources && i < resources->count_connectors && !connector; i++) {
		connector = drmModeGetConnector(card, resources->connectors[i]);
		if (connector &&
			(connector->connection != DRM_MODE_CONNECTED ||
				connector->count_modes == 0)) {
			drmModeFreeConnector(connector);
			connector = NULL;
		}
	}
	if (!connector)
		fail("modeset: no connector");
	light(connector->connector_id, resources->crtcs[0], &connector->modes[0]);
	puts("ready");
	fflush(stdout);
	pause();
	return 0;
}
