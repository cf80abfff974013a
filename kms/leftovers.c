/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * kms_leftovers_close() of kms.h: what a process that has died left open on a card's descriptor,
 * which others have kept. The kernel would close it with the last descriptor, which is ours now.
 * Called by session/, before there is a device.
 */
#include "buffer.h"

#include <errno.h>
#include <xf86drm.h>
#include <xf86drmMode.h>

/* The kernel gives a new handle the lowest number that is free, so that those which are open lie
 * close to each other: after so many that are not there is none. */
#define HANDLES_GAP 256

/* At most four planes a CRTC, as vendors build them, and the overlays that are nobody's. */
#define SHOWN_MAX (4 * KMS_OUTPUTS_MAX)

struct shown {
	uint32_t framebuffers[SHOWN_MAX];
	size_t count;
};

/* False: it cannot be known. */
static bool read_shown(int fd, struct shown *shown)
{
	drmModePlaneRes *resources = drmModeGetPlaneResources(fd);
	bool known = resources && resources->count_planes <= SHOWN_MAX;

	shown->count = 0;
	for (uint32_t i = 0; known && i < resources->count_planes; i++) {
		drmModePlane *plane = drmModeGetPlane(fd, resources->planes[i]);

		known = plane != NULL;
		if (known && plane->fb_id)
			shown->framebuffers[shown->count++] = plane->fb_id;
		if (plane)
			drmModeFreePlane(plane);
	}
	if (resources)
		drmModeFreePlaneResources(resources);
	return known;
}

static bool is_shown(const struct shown *shown, uint32_t framebuffer)
{
	for (size_t i = 0; i < shown->count; i++) {
		if (shown->framebuffers[i] == framebuffer)
			return true;
	}
	return false;
}

/* RMFB takes from the screen what is there. */
static void close_framebuffers(int fd)
{
	drmModeRes *resources = drmModeGetResources(fd);
	struct shown shown;
	bool known = resources && resources->count_fbs > 0 && read_shown(fd, &shown);

	for (int i = 0; resources && i < resources->count_fbs; i++) {
		uint32_t framebuffer = resources->fbs[i];

		if (!kms_buffer_close_framebuffer(fd, framebuffer) && known &&
			!is_shown(&shown, framebuffer))
			drmModeRmFB(fd, framebuffer);
	}
	if (resources)
		drmModeFreeResources(resources);
}

/* Framebuffers hold their memory by themselves. */
static void close_handles(int fd)
{
	struct drm_gem_close request = {.handle = 1};

	for (uint32_t last = 0; request.handle <= last + HANDLES_GAP; request.handle++) {
		if (drmIoctl(fd, DRM_IOCTL_GEM_CLOSE, &request) == 0)
			last = request.handle;
		else if (errno != EINVAL)
			return;
	}
}

static void end_leases(int fd)
{
	drmModeLesseeListRes *lessees = drmModeListLessees(fd);

	for (uint32_t i = 0; lessees && i < lessees->count; i++)
		drmModeRevokeLease(fd, lessees->lessees[i]);
	drmFree(lessees);
}

void kms_leftovers_close(int fd)
{
	/* So that all planes are listed; a device does the same. */
	drmSetClientCap(fd, DRM_CLIENT_CAP_UNIVERSAL_PLANES, 1);
	end_leases(fd);
	close_framebuffers(fd);
	close_handles(fd);
}
