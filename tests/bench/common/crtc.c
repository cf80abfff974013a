/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "crtc.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <xf86drm.h>
#include <xf86drmMode.h>

#include "objects.h"

#define LOOK_NS 500000
#define NS_PER_MS 1000000u

static void fail(const char *what)
{
	fprintf(stderr, "crtc: %s: %s\n", what, strerror(errno));
	exit(1);
}

void crtc_open(struct crtc *crtc)
{
	drmModeRes *resources;

	crtc->card = open("/dev/dri/card0", O_RDWR | O_CLOEXEC);
	if (crtc->card < 0 || drmSetClientCap(crtc->card, DRM_CLIENT_CAP_UNIVERSAL_PLANES, 1) < 0)
		fail("card0");
	drmDropMaster(crtc->card);
	resources = drmModeGetResources(crtc->card);
	if (!resources || resources->count_crtcs == 0)
		fail("no CRTC");
	crtc->id = resources->crtcs[0];
	crtc->plane = objects_primary_plane(crtc->card, 0);
	if (!crtc->plane)
		fail("no plane");
	drmModeFreeResources(resources);
}

uint64_t crtc_sequence(const struct crtc *crtc)
{
	uint64_t sequence = 0;

	if (drmCrtcGetSequence(crtc->card, crtc->id, &sequence, NULL) < 0)
		fail("vblank sequence");
	return sequence;
}

/* The last pixel of a framebuffer that is a dumb buffer. */
static bool read_last_pixel(int card, const drmModeFB2 *framebuffer, uint32_t *pixel)
{
	struct drm_mode_map_dumb map = {.handle = framebuffer->handles[0]};
	size_t size = (size_t)framebuffer->pitches[0] * framebuffer->height;
	uint8_t *pixels;

	if (drmIoctl(card, DRM_IOCTL_MODE_MAP_DUMB, &map) < 0)
		return false;
	pixels = mmap(NULL, size, PROT_READ, MAP_SHARED, card, (off_t)map.offset);
	if (pixels == MAP_FAILED)
		return false;
	memcpy(pixel, pixels + size - sizeof(*pixel), sizeof(*pixel));
	*pixel &= 0xffffff;
	munmap(pixels, size);
	return true;
}

bool crtc_last_pixel(const struct crtc *crtc, uint32_t *pixel)
{
	drmModePlane *plane = drmModeGetPlane(crtc->card, crtc->plane);
	drmModeFB2 *framebuffer = NULL;
	bool seen = false;

	if (plane && plane->crtc_id == crtc->id && plane->fb_id)
		framebuffer = drmModeGetFB2(crtc->card, plane->fb_id);
	if (framebuffer) {
		seen = read_last_pixel(crtc->card, framebuffer, pixel);
		drmCloseBufferHandle(crtc->card, framebuffer->handles[0]);
		drmModeFreeFB2(framebuffer);
	}
	drmModeFreePlane(plane);
	return seen;
}

static void note_time(int fd, uint64_t sequence, uint64_t ns, uint64_t data)
{
	*(uint64_t *)(uintptr_t)data = ns;
}

uint64_t crtc_next_vblank_ns(const struct crtc *crtc)
{
	drmEventContext context = {.version = 4, .sequence_handler = note_time};
	uint64_t ns = 0;

	while (drmCrtcQueueSequence(crtc->card, crtc->id, DRM_CRTC_SEQUENCE_RELATIVE, 1, NULL,
		       (uint64_t)(uintptr_t)&ns) < 0) {
		if (errno != EINVAL)
			fail("vblank");
		crtc_rest();
	}
	while (!ns)
		if (drmHandleEvent(crtc->card, &context) < 0)
			fail("vblank event");
	return ns;
}

uint64_t crtc_period_ns(const struct crtc *crtc)
{
	drmModeCrtc *state = drmModeGetCrtc(crtc->card, crtc->id);
	uint64_t period;

	if (!state || !state->mode_valid || state->mode.clock == 0)
		fail("no mode");
	period = (uint64_t)state->mode.htotal * state->mode.vtotal * NS_PER_MS / state->mode.clock;
	drmModeFreeCrtc(state);
	return period;
}

uint64_t crtc_now_ns(void)
{
	struct timespec time;

	if (clock_gettime(CLOCK_MONOTONIC, &time) < 0)
		fail("clock");
	return (uint64_t)time.tv_sec * 1000000000u + (uint64_t)time.tv_nsec;
}

void crtc_rest(void)
{
	nanosleep(&(struct timespec){0, LOOK_NS}, NULL);
}
