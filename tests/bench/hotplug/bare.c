/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The other side of hotplug: the least that a program can do, by libdrm and libudev alone. It knows
 * the card by heart and makes everything beforehand but what an event is about. Called by
 * hotplug.c.
 */
#include "hotplug.h"

#include <drm_fourcc.h>
#include <errno.h>
#include <libudev.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <xf86drm.h>
#include <xf86drmMode.h>

#include "../common/objects.h"

#define PHASE_NS 1700000 /* no part of a period, so that all times between vblanks come about */
#define PATIENCE_MS 30000
#define CALM_MS 500 /* without a word from udev, when the storm is over */

enum picture {
	PICTURE_BLACK,
	PICTURE_GUEST,
	PICTURES,
};

struct buffer {
	uint32_t handle;
	uint32_t framebuffer;
	size_t size;
};

struct mode {
	uint32_t blob;
	uint32_t width, height;
};

struct bare {
	struct crtc crtc;
	uint32_t connector;
	struct mode mode;
	struct mode smaller;
	struct buffer buffers[PICTURES];
	struct buffer last; /* what the last change of layout has shown */
	drmModeAtomicReq *light, *dark;
	drmModeAtomicReq *guest, *black; /* flips */
	struct udev_monitor *udev;
};

static void fail(const char *what)
{
	fprintf(stderr, "hotplug: bare: %s: %s\n", what, strerror(errno));
	exit(1);
}

/* ---- requests ---- */

static void add(const struct bare *bare, drmModeAtomicReq *request, uint32_t object, uint32_t type,
	const char *name, uint64_t value)
{
	uint32_t id = objects_property(bare->crtc.card, object, type, name, NULL);

	if (!id || drmModeAtomicAddProperty(request, object, id, value) < 0)
		fail(name);
}

static drmModeAtomicReq *make_flip(const struct bare *bare, const struct buffer *buffer)
{
	drmModeAtomicReq *request = drmModeAtomicAlloc();

	add(bare, request, bare->crtc.plane, DRM_MODE_OBJECT_PLANE, "FB_ID", buffer->framebuffer);
	return request;
}

/* No buffer: off. */
static drmModeAtomicReq *make_mode_set(const struct bare *bare, const struct mode *mode,
	const struct buffer *buffer)
{
	drmModeAtomicReq *request = drmModeAtomicAlloc();
	const uint32_t plane = bare->crtc.plane;
	const uint64_t crtc = buffer ? bare->crtc.id : 0;
	const uint32_t width = buffer ? mode->width : 0;
	const uint32_t height = buffer ? mode->height : 0;

	add(bare, request, bare->connector, DRM_MODE_OBJECT_CONNECTOR, "CRTC_ID", crtc);
	add(bare, request, bare->crtc.id, DRM_MODE_OBJECT_CRTC, "MODE_ID", buffer ? mode->blob : 0);
	add(bare, request, bare->crtc.id, DRM_MODE_OBJECT_CRTC, "ACTIVE", buffer != NULL);
	add(bare, request, plane, DRM_MODE_OBJECT_PLANE, "CRTC_ID", crtc);
	add(bare, request, plane, DRM_MODE_OBJECT_PLANE, "FB_ID", buffer ? buffer->framebuffer : 0);
	add(bare, request, plane, DRM_MODE_OBJECT_PLANE, "SRC_W", (uint64_t)width << 16);
	add(bare, request, plane, DRM_MODE_OBJECT_PLANE, "SRC_H", (uint64_t)height << 16);
	add(bare, request, plane, DRM_MODE_OBJECT_PLANE, "CRTC_W", width);
	add(bare, request, plane, DRM_MODE_OBJECT_PLANE, "CRTC_H", height);
	return request;
}

static void note_flip(int fd, unsigned int sequence, unsigned int seconds,
	unsigned int microseconds, unsigned int crtc, void *data)
{
	*(uint64_t *)data = seconds * UINT64_C(1000000000) + microseconds * UINT64_C(1000);
}

/* The time of the vblank from which on it is there. */
static uint64_t flip(const struct bare *bare, drmModeAtomicReq *request)
{
	drmEventContext context = {.version = 3, .page_flip_handler2 = note_flip};
	uint64_t ns = 0;

	if (drmModeAtomicCommit(bare->crtc.card, request,
		    DRM_MODE_ATOMIC_NONBLOCK | DRM_MODE_PAGE_FLIP_EVENT, &ns) < 0)
		fail("flip");
	while (!ns)
		if (drmHandleEvent(bare->crtc.card, &context) < 0)
			fail("event");
	return ns;
}

/* The same. A mode set's own event may tell of a vblank before it. */
static uint64_t set_mode(const struct bare *bare, drmModeAtomicReq *request)
{
	if (drmModeAtomicCommit(bare->crtc.card, request,
		    DRM_MODE_ATOMIC_NONBLOCK | DRM_MODE_ATOMIC_ALLOW_MODESET, NULL) < 0)
		fail("mode set");
	return crtc_next_vblank_ns(&bare->crtc);
}

static void go_dark(const struct bare *bare)
{
	if (drmModeAtomicCommit(bare->crtc.card, bare->dark, DRM_MODE_ATOMIC_ALLOW_MODESET, NULL) <
		0)
		fail("off");
}

/* ---- start ---- */

static struct buffer make_buffer(int card, const struct mode *mode)
{
	uint32_t handles[4] = {0}, pitches[4] = {0}, offsets[4] = {0};
	struct buffer buffer = {0};
	uint64_t size;

	if (drmModeCreateDumbBuffer(card, mode->width, mode->height, 32, 0, &handles[0],
		    &pitches[0], &size) < 0 ||
		drmModeAddFB2(card, mode->width, mode->height, DRM_FORMAT_XRGB8888, handles,
			pitches, offsets, &buffer.framebuffer, 0) < 0)
		fail("framebuffer");
	buffer.handle = handles[0];
	buffer.size = size;
	return buffer;
}

static struct mode find_mode(int card, const drmModeConnector *connector, const char *name)
{
	struct mode mode = {0};

	for (int i = 0; i < connector->count_modes; i++) {
		const drmModeModeInfo *info = &connector->modes[i];

		if (strcmp(info->name, name) != 0)
			continue;
		mode.width = info->hdisplay;
		mode.height = info->vdisplay;
		if (drmModeCreatePropertyBlob(card, info, sizeof(*info), &mode.blob) < 0)
			fail("mode");
		return mode;
	}
	errno = ENOENT;
	fail(name);
	return mode;
}

static void bare_init(struct bare *bare)
{
	drmModeRes *resources;
	drmModeConnector *connector;
	int card;

	crtc_open(&bare->crtc);
	card = bare->crtc.card;
	if (drmSetMaster(card) < 0 || drmSetClientCap(card, DRM_CLIENT_CAP_ATOMIC, 1) < 0)
		fail("master");
	resources = drmModeGetResources(card);
	connector = resources ? drmModeGetConnector(card, resources->connectors[0]) : NULL;
	if (!connector)
		fail("connector");
	bare->connector = connector->connector_id;
	bare->mode = find_mode(card, connector, "1024x768");
	bare->smaller = find_mode(card, connector, "800x600");
	for (int i = 0; i < PICTURES; i++)
		bare->buffers[i] = make_buffer(card, &bare->mode);
	bare->light = make_mode_set(bare, &bare->mode, &bare->buffers[PICTURE_GUEST]);
	bare->dark = make_mode_set(bare, &bare->mode, NULL);
	bare->guest = make_flip(bare, &bare->buffers[PICTURE_GUEST]);
	bare->black = make_flip(bare, &bare->buffers[PICTURE_BLACK]);
	bare->udev = udev_monitor_new_from_netlink(udev_new(), "udev");
	if (!bare->udev ||
		udev_monitor_filter_add_match_subsystem_devtype(bare->udev, "drm", NULL) < 0 ||
		udev_monitor_enable_receiving(bare->udev) < 0)
		fail("udev");
	udev_monitor_set_receive_buffer_size(bare->udev, 1 << 24);
	drmModeFreeConnector(connector);
	drmModeFreeResources(resources);
}

/* ---- events ---- */

/* Whether udev said something in time. All that it says by then is taken. */
static bool await_uevent(const struct bare *bare, int timeout_ms)
{
	struct pollfd fd = {udev_monitor_get_fd(bare->udev), POLLIN, 0};
	bool came = false;

	while (poll(&fd, 1, came ? 0 : timeout_ms) > 0) {
		udev_device_unref(udev_monitor_receive_device(bare->udev));
		came = true;
	}
	return came;
}

/* Asks the connector anew. */
static bool is_connected(const struct bare *bare)
{
	drmModeConnector *connector = drmModeGetConnector(bare->crtc.card, bare->connector);
	bool connected = connector && connector->connection == DRM_MODE_CONNECTED;

	drmModeFreeConnector(connector);
	return connected;
}

static void await_status(const struct bare *bare, bool connected)
{
	do {
		if (!await_uevent(bare, PATIENCE_MS)) {
			errno = ETIMEDOUT;
			fail("no uevent");
		}
	} while (is_connected(bare) != connected);
}

/* Follows every uevent, until there are no more. */
static void ride_storm(const struct bare *bare, struct monitor *monitor, struct sample *sample)
{
	bool lit = true;
	uint64_t from = 0;

	monitor_storm(monitor);
	for (;;) {
		bool over = monitor_storm_over(monitor, &from);

		if (!await_uevent(bare, CALM_MS)) {
			if (over)
				break;
			continue;
		}
		bool connected = is_connected(bare);
		if (connected && !lit) {
			sample->mode_set_ns = crtc_now_ns();
			sample->to_ns = set_mode(bare, bare->light);
		} else if (!connected && lit) {
			go_dark(bare);
		}
		lit = connected;
	}
	sample->from_ns = from;
	/* It may never have seen the monitor gone, or be there already when it came for the last
	 * time: the next vblank is that of a picture that was there. */
	if (sample->to_ns < from) {
		sample->mode_set_ns = from;
		sample->to_ns = from + crtc_period_ns(&bare->crtc);
	}
}

static void fill(int card, const struct buffer *buffer)
{
	struct drm_mode_map_dumb map = {.handle = buffer->handle};
	void *pixels = MAP_FAILED;

	if (drmIoctl(card, DRM_IOCTL_MODE_MAP_DUMB, &map) == 0)
		pixels = mmap(NULL, buffer->size, PROT_WRITE, MAP_SHARED, card, (off_t)map.offset);
	if (pixels == MAP_FAILED)
		fail("map");
	memset(pixels, 0x40, buffer->size);
	munmap(pixels, buffer->size);
}

/* Another picture, whose buffer is drawn for it: in the lab, where a page of new memory costs as
 * much as many of old, that is most of the time. */
static void change_layout(struct bare *bare, const struct mode *mode, bool set,
	struct sample *sample)
{
	const int card = bare->crtc.card;
	const struct buffer buffer = make_buffer(card, mode);
	drmModeAtomicReq *request = set ? make_mode_set(bare, mode, &buffer)
					: make_flip(bare, &buffer);

	sample->from_ns = sample->mode_set_ns = crtc_now_ns();
	fill(card, &buffer);
	sample->to_ns = set ? set_mode(bare, request) : flip(bare, request);
	drmModeAtomicFree(request);
	if (bare->last.framebuffer) {
		drmModeRmFB(card, bare->last.framebuffer);
		drmModeDestroyDumbBuffer(card, bare->last.handle);
	}
	bare->last = buffer;
}

static void take_sample(struct bare *bare, enum event event, struct monitor *monitor, long phase,
	struct sample *sample)
{
	switch (event) {
	case EVENT_BLACK:
		flip(bare, bare->black);
		nanosleep(&(struct timespec){0, PHASE_NS * phase}, NULL);
		sample->from_ns = sample->mode_set_ns = crtc_now_ns();
		sample->to_ns = flip(bare, bare->guest);
		break;
	case EVENT_UNLIT:
		go_dark(bare);
		sample->from_ns = sample->mode_set_ns = crtc_now_ns();
		sample->to_ns = set_mode(bare, bare->light);
		break;
	case EVENT_PLUG:
		monitor_unplug(monitor);
		await_status(bare, false);
		go_dark(bare);
		sample->from_ns = monitor_plug(monitor);
		await_status(bare, true);
		sample->mode_set_ns = crtc_now_ns();
		sample->to_ns = set_mode(bare, bare->light);
		break;
	case EVENT_STORM:
		ride_storm(bare, monitor, sample);
		break;
	case EVENT_LAYOUT:
	case EVENT_LAYOUT_MODE:
		nanosleep(&(struct timespec){0, PHASE_NS * phase}, NULL);
		change_layout(bare,
			event == EVENT_LAYOUT_MODE && phase % 2 == 0 ? &bare->smaller : &bare->mode,
			event == EVENT_LAYOUT_MODE, sample);
		break;
	}
}

void bare_run(enum event event, struct monitor *monitor, struct sample *samples, uint32_t count,
	uint64_t *period_ns)
{
	struct bare bare = {0};

	bare_init(&bare);
	set_mode(&bare, bare.light);
	*period_ns = crtc_period_ns(&bare.crtc);
	for (uint32_t i = 0; i < count; i++)
		take_sample(&bare, event, monitor, i % 10, &samples[i]);
	/* What it drove goes with the process. */
}
