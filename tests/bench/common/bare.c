/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "bare.h"

#include <drm_fourcc.h>
#include <errno.h>
#include <glib-unix.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>
#include <xf86drm.h>
#include <xf86drmMode.h>

#include "objects.h"
#include "vhost_user_gpu.h"

struct bare_device {
	struct bare *bare;
	int fd;
	guint source;
	uint32_t connector, crtc, plane;
	uint32_t fb_property;
	drmModeModeInfo mode;
	drmModeAtomicReq *request;
	uint32_t framebuffer; /* to be committed next */
	uint32_t old; /* to be closed when the flip is through */
	uint8_t *scanout_pixels;
	size_t scanout_size;
	uint32_t scanout_stride;
	uint8_t *memory; /* what UPDATEs are received into */
	/* The message with pixels that is being received. */
	uint8_t head[sizeof(struct vhost_user_gpu_header) + sizeof(struct vhost_user_gpu_update)];
	size_t head_size; /* of the message that is expected: SCANOUT first, UPDATEs then */
	size_t head_done;
	size_t pixels_done;
	bool in_flight;
	bool changed; /* while a flip was in flight */
};

struct bare {
	int card;
	bool pixels;
	const char *mode;
	unsigned int ballast;
	struct bare_device devices[BARE_DEVICES_MAX];
	unsigned int count;
	guint card_source, timer;
	GMainLoop *loop;
};

static void fail(const char *what)
{
	fprintf(stderr, "bare: %s: %s\n", what, strerror(errno));
	exit(1);
}

/* ---- start ---- */

static bool parse_modeline(const char *text, drmModeModeInfo *mode)
{
	double clock;

	if (sscanf(text, "%lf %hu %hu %hu %hu %hu %hu %hu %hu", &clock, &mode->hdisplay,
		    &mode->hsync_start, &mode->hsync_end, &mode->htotal, &mode->vdisplay,
		    &mode->vsync_start, &mode->vsync_end, &mode->vtotal) != 9)
		return false;
	mode->clock = (uint32_t)(clock * 1000 + 0.5);
	return true;
}

static void choose_mode(struct bare_device *device, const drmModeConnector *connector)
{
	const char *wanted = device->bare->mode;

	device->mode = (drmModeModeInfo){0};
	if (wanted && parse_modeline(wanted, &device->mode))
		return;
	device->mode = connector->modes[0];
	for (int i = 0; i < connector->count_modes; i++)
		if (wanted ? strcmp(connector->modes[i].name, wanted) == 0
			   : connector->modes[i].type & DRM_MODE_TYPE_PREFERRED)
			device->mode = connector->modes[i];
}

static void make_scanout_buffer(struct bare_device *device)
{
	int fd = device->bare->card;
	uint32_t width = device->mode.hdisplay;
	uint32_t height = device->mode.vdisplay;
	uint32_t handles[4] = {0}, pitches[4] = {0}, offsets[4] = {0};
	uint64_t size = 0, offset = 0;

	if (drmModeCreateDumbBuffer(fd, width, height, 32, 0, &handles[0], &pitches[0], &size) !=
			0 ||
		drmModeMapDumbBuffer(fd, handles[0], &offset) != 0)
		fail("dumb buffer");
	device->scanout_stride = pitches[0];
	device->scanout_size = size;
	device->scanout_pixels = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd,
		(off_t)offset);
	if (device->scanout_pixels == MAP_FAILED)
		fail("mmap");
	if (drmModeAddFB2(fd, width, height, DRM_FORMAT_XRGB8888, handles, pitches, offsets,
		    &device->framebuffer, 0) != 0)
		fail("framebuffer");
	device->memory = g_malloc((size_t)width * height * 4);
}

static void set_mode(struct bare_device *device)
{
	int fd = device->bare->card;
	const uint64_t width = device->mode.hdisplay;
	const uint64_t height = device->mode.vdisplay;
	drmModeAtomicReq *request = drmModeAtomicAlloc();
	uint32_t blob;
	const struct {
		uint32_t object, type;
		const char *name;
		uint64_t value;
	} plane[] = {
		{device->plane, DRM_MODE_OBJECT_PLANE, "FB_ID", device->framebuffer},
		{device->plane, DRM_MODE_OBJECT_PLANE, "CRTC_ID", device->crtc},
		{device->plane, DRM_MODE_OBJECT_PLANE, "SRC_W", width << 16},
		{device->plane, DRM_MODE_OBJECT_PLANE, "SRC_H", height << 16},
		{device->plane, DRM_MODE_OBJECT_PLANE, "CRTC_W", width},
		{device->plane, DRM_MODE_OBJECT_PLANE, "CRTC_H", height},
		{device->connector, DRM_MODE_OBJECT_CONNECTOR, "CRTC_ID", device->crtc},
		{device->crtc, DRM_MODE_OBJECT_CRTC, "ACTIVE", 1},
	};

	if (drmModeCreatePropertyBlob(fd, &device->mode, sizeof(device->mode), &blob) != 0)
		fail("mode");
	for (size_t i = 0; i < G_N_ELEMENTS(plane); i++)
		drmModeAtomicAddProperty(request, plane[i].object,
			objects_property(fd, plane[i].object, plane[i].type, plane[i].name, NULL),
			plane[i].value);
	drmModeAtomicAddProperty(request, device->crtc,
		objects_property(fd, device->crtc, DRM_MODE_OBJECT_CRTC, "MODE_ID", NULL), blob);
	if (drmModeAtomicCommit(fd, request, DRM_MODE_ATOMIC_ALLOW_MODESET, NULL) != 0)
		fail("mode set");
	drmModeAtomicFree(request);
}

static void find_outputs(struct bare *bare)
{
	drmModeRes *resources = drmModeGetResources(bare->card);
	unsigned int used = 0;

	if (!resources)
		fail("resources");
	for (int i = 0; i < resources->count_connectors && used < bare->count; i++) {
		struct bare_device *device = &bare->devices[used];
		drmModeConnector *connector = drmModeGetConnector(bare->card,
			resources->connectors[i]);

		if (connector && connector->connection == DRM_MODE_CONNECTED &&
			connector->count_modes > 0) {
			device->connector = connector->connector_id;
			device->crtc = resources->crtcs[used];
			device->plane = objects_primary_plane(bare->card, used);
			device->fb_property = objects_property(bare->card, device->plane,
				DRM_MODE_OBJECT_PLANE, "FB_ID", NULL);
			device->request = drmModeAtomicAlloc();
			choose_mode(device, connector);
			make_scanout_buffer(device);
			set_mode(device);
			used++;
		}
		drmModeFreeConnector(connector);
	}
	drmModeFreeResources(resources);
	if (used < bare->count) {
		errno = ENODEV;
		fail("connectors");
	}
}

/* ---- frames ---- */

static void commit(struct bare_device *device)
{
	drmModeAtomicSetCursor(device->request, 0);
	drmModeAtomicAddProperty(device->request, device->plane, device->fb_property,
		device->framebuffer);
	if (drmModeAtomicCommit(device->bare->card, device->request,
		    DRM_MODE_ATOMIC_NONBLOCK | DRM_MODE_PAGE_FLIP_EVENT, device) != 0)
		fail("commit");
	device->in_flight = true;
}

static void import(struct bare_device *device, const struct vhost_user_gpu_dmabuf_scanout *scanout,
	int fd)
{
	uint32_t handles[4] = {0};
	uint32_t pitches[4] = {scanout->fd_stride};
	uint32_t offsets[4] = {0};

	device->old = device->framebuffer;
	if (drmPrimeFDToHandle(device->bare->card, fd, &handles[0]) != 0)
		fail("import");
	if (drmModeAddFB2(device->bare->card, scanout->fd_width, scanout->fd_height,
		    DRM_FORMAT_XRGB8888, handles, pitches, offsets, &device->framebuffer, 0) != 0)
		fail("framebuffer");
	drmCloseBufferHandle(device->bare->card, handles[0]);
	close(fd);
}

static gboolean message_readable(int fd, GIOCondition condition, gpointer data)
{
	struct bare_device *device = data;
	struct {
		struct vhost_user_gpu_header header;
		union {
			struct vhost_user_gpu_update update;
			struct vhost_user_gpu_dmabuf_scanout scanout;
		};
	} __attribute__((packed)) message;
	char control[CMSG_SPACE(sizeof(int))];
	struct iovec iov = {&message, sizeof(message.header) + sizeof(message.scanout)};
	struct msghdr msg = {
		.msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = control,
		.msg_controllen = sizeof(control),
	};
	struct cmsghdr *cmsg;

	if (recvmsg(fd, &msg, MSG_CMSG_CLOEXEC) <= 0) {
		g_main_loop_quit(device->bare->loop);
		device->source = 0;
		return G_SOURCE_REMOVE;
	}
	cmsg = CMSG_FIRSTHDR(&msg);
	if (message.header.request == VHOST_USER_GPU_DMABUF_SCANOUT && cmsg) {
		int dmabuf;

		memcpy(&dmabuf, CMSG_DATA(cmsg), sizeof(dmabuf));
		import(device, &message.scanout, dmabuf);
	} else if (message.header.request == VHOST_USER_GPU_DMABUF_UPDATE) {
		for (unsigned int i = 0; i < device->bare->ballast; i++)
			(void)getppid();
		commit(device);
	}
	return G_SOURCE_CONTINUE;
}

/* All of an UPDATE is there: one copy to the scanout buffer. */
static void show_pixels(struct bare_device *device, const struct vhost_user_gpu_update *update)
{
	size_t row = (size_t)update->width * 4;

	for (uint32_t y = 0; y < update->height; y++)
		memcpy(device->scanout_pixels + (size_t)(update->y + y) * device->scanout_stride +
				(size_t)update->x * 4,
			device->memory + y * row, row);
	device->changed = true;
	if (device->in_flight)
		return;
	device->changed = false;
	commit(device);
}

/* 1: all of `size` is there. 0: not yet. -1: the peer has gone. */
static int receive(int fd, uint8_t *memory, size_t size, size_t *done)
{
	while (*done < size) {
		ssize_t got = recv(fd, memory + *done, size - *done, MSG_DONTWAIT);

		if (got <= 0)
			return got < 0 && errno == EAGAIN ? 0 : -1;
		*done += (size_t)got;
	}
	return 1;
}

static gboolean pixels_readable(int fd, GIOCondition condition, gpointer data)
{
	struct bare_device *device = data;
	struct vhost_user_gpu_header header;
	struct vhost_user_gpu_update update = {0};
	int status = receive(fd, device->head, device->head_size, &device->head_done);

	memcpy(&header, device->head, sizeof(header));
	if (status > 0 && header.request == VHOST_USER_GPU_UPDATE) {
		memcpy(&update, device->head + sizeof(header), sizeof(update));
		status = receive(fd, device->memory, (size_t)update.width * update.height * 4,
			&device->pixels_done);
	}
	if (status < 0) {
		g_main_loop_quit(device->bare->loop);
		device->source = 0;
		return G_SOURCE_REMOVE;
	}
	if (status > 0) {
		if (update.width)
			show_pixels(device, &update);
		device->head_size = sizeof(device->head);
		device->head_done = 0;
		device->pixels_done = 0;
	}
	return G_SOURCE_CONTINUE;
}

static void flipped(int fd, unsigned int sequence, unsigned int seconds, unsigned int microseconds,
	unsigned int crtc, void *data)
{
	static const struct vhost_user_gpu_header reply = {VHOST_USER_GPU_DMABUF_UPDATE,
		VHOST_USER_GPU_REPLY, 0};
	struct bare_device *device = data;

	device->in_flight = false;
	if (device->bare->pixels) {
		if (device->changed)
			commit(device);
		device->changed = false;
		return;
	}
	if (device->old) {
		drmModeRmFB(fd, device->old);
		device->old = 0;
	}
	if (send(device->fd, &reply, sizeof(reply), MSG_NOSIGNAL) < 0)
		g_main_loop_quit(device->bare->loop);
}

static gboolean card_readable(int fd, GIOCondition condition, gpointer data)
{
	drmEventContext context = {.version = 3, .page_flip_handler2 = flipped};

	drmHandleEvent(fd, &context);
	return G_SOURCE_CONTINUE;
}

static gboolean tick(gpointer data)
{
	return G_SOURCE_CONTINUE;
}

/* ---- life ---- */

/* As the daemon's sources: may recurse, so that GLib leaves the fd in the poll set while it
 * dispatches. */
static guint watch(int fd, GUnixFDSourceFunc callback, void *data)
{
	GSource *source = g_unix_fd_source_new(fd, G_IO_IN);
	guint id;

	g_source_set_can_recurse(source, TRUE);
	g_source_set_callback(source, G_SOURCE_FUNC(callback), data, NULL);
	id = g_source_attach(source, NULL);
	g_source_unref(source);
	return id;
}

struct bare *bare_create(const struct bare_options *options)
{
	struct bare *bare = g_new0(struct bare, 1);

	bare->card = options->card;
	bare->pixels = options->pixels;
	bare->mode = options->mode;
	bare->ballast = options->ballast;
	bare->loop = options->loop;
	bare->count = MIN(options->count, BARE_DEVICES_MAX);
	if (drmSetMaster(bare->card) != 0 ||
		drmSetClientCap(bare->card, DRM_CLIENT_CAP_ATOMIC, 1) != 0)
		fail("master");
	for (unsigned int i = 0; i < bare->count; i++) {
		bare->devices[i].bare = bare;
		bare->devices[i].fd = options->fds[i];
		bare->devices[i].head_size = sizeof(struct vhost_user_gpu_header) +
			sizeof(struct vhost_user_gpu_scanout);
	}
	find_outputs(bare);
	for (unsigned int i = 0; i < bare->count; i++)
		bare->devices[i].source = watch(bare->devices[i].fd,
			bare->pixels ? pixels_readable : message_readable, &bare->devices[i]);
	bare->card_source = watch(bare->card, card_readable, bare);
	bare->timer = g_timeout_add(1000, tick, NULL);
	return bare;
}

void bare_destroy(struct bare *bare)
{
	for (unsigned int i = 0; i < bare->count; i++) {
		struct bare_device *device = &bare->devices[i];

		if (device->source)
			g_source_remove(device->source);
		drmModeAtomicFree(device->request);
		munmap(device->scanout_pixels, device->scanout_size);
		g_free(device->memory);
	}
	g_source_remove(bare->card_source);
	g_source_remove(bare->timer);
	g_free(bare);
}
