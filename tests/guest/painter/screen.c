/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "screen.h"

#include <assert.h>
#include <errno.h>
#include <poll.h>
#include <stdbool.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#include <xf86drm.h>
#include <xf86drmMode.h>

#include "../../pattern.h"
#include "mode.h"

static void buffer_finish(struct screen *screen, struct screen_buffer *buffer)
{
	if (buffer->pixels)
		munmap(buffer->pixels, buffer->size);
	if (buffer->framebuffer)
		drmModeRmFB(screen->fd, buffer->framebuffer);
	if (buffer->handle)
		drmIoctl(screen->fd, DRM_IOCTL_MODE_DESTROY_DUMB,
			&(struct drm_mode_destroy_dumb){.handle = buffer->handle});
	memset(buffer, 0, sizeof(*buffer));
}

static int buffer_init(struct screen *screen, struct screen_buffer *buffer, uint32_t width,
	uint32_t height, bool framebuffer)
{
	struct drm_mode_create_dumb create = {.width = width, .height = height, .bpp = 32};
	struct drm_mode_map_dumb map = {0};

	memset(buffer, 0, sizeof(*buffer));
	if (drmIoctl(screen->fd, DRM_IOCTL_MODE_CREATE_DUMB, &create) < 0)
		return -errno;
	buffer->handle = create.handle;
	buffer->width = width;
	buffer->height = height;
	buffer->stride = create.pitch;
	buffer->size = create.size;
	map.handle = create.handle;
	if (drmIoctl(screen->fd, DRM_IOCTL_MODE_MAP_DUMB, &map) < 0)
		return -errno;
	buffer->pixels = mmap(NULL, buffer->size, PROT_READ | PROT_WRITE, MAP_SHARED, screen->fd,
		(off_t)map.offset);
	if (buffer->pixels == MAP_FAILED) {
		buffer->pixels = NULL;
		return -errno;
	}
	if (framebuffer &&
		drmModeAddFB(screen->fd, width, height, 24, 32, buffer->stride, buffer->handle,
			&buffer->framebuffer) < 0)
		return -errno;
	return 0;
}

static void draw(struct screen_buffer *buffer, uint32_t x, uint32_t y, uint32_t width,
	uint32_t height, uint32_t seed)
{
	for (uint32_t row = y; row < y + height && row < buffer->height; row++) {
		uint32_t *pixels = buffer->pixels + (size_t)row * (buffer->stride / 4);

		for (uint32_t column = x; column < x + width && column < buffer->width; column++)
			pixels[column] = pattern_pixel(seed, column, row);
	}
}

int screen_init(struct screen *screen, int fd, unsigned int index)
{
	drmModeRes *resources = drmModeGetResources(fd);
	int result = -ENODEV;

	memset(screen, 0, sizeof(*screen));
	screen->fd = fd;
	if (!resources)
		return -errno;
	/* virtio-gpu: connector i is driven by CRTC i, and by no other. */
	if (index < (unsigned int)resources->count_connectors &&
		index < (unsigned int)resources->count_crtcs) {
		screen->connector = resources->connectors[index];
		screen->crtc = resources->crtcs[index];
		result = 0;
	}
	drmModeFreeResources(resources);
	return result;
}

void screen_finish(struct screen *screen)
{
	buffer_finish(screen, &screen->cursor);
	buffer_finish(screen, &screen->buffers[0]);
	buffer_finish(screen, &screen->buffers[1]);
}

int screen_preferred(struct screen *screen, uint32_t *width, uint32_t *height)
{
	drmModeConnector *connector = drmModeGetConnector(screen->fd, screen->connector);
	int result = -ENOENT;

	if (!connector)
		return -errno;
	for (int i = 0; i < connector->count_modes; i++) {
		if (i > 0 && !(connector->modes[i].type & DRM_MODE_TYPE_PREFERRED))
			continue;
		*width = connector->modes[i].hdisplay;
		*height = connector->modes[i].vdisplay;
		result = 0;
		if (connector->modes[i].type & DRM_MODE_TYPE_PREFERRED)
			break;
	}
	drmModeFreeConnector(connector);
	return result;
}

int screen_set_mode(struct screen *screen, uint32_t width, uint32_t height, uint32_t seed)
{
	drmModeModeInfo mode = mode_of_size(width, height);
	struct screen_buffer old[2] = {screen->buffers[0], screen->buffers[1]};
	int result;

	memset(screen->buffers, 0, sizeof(screen->buffers));
	for (int i = 0; i < 2; i++) {
		result = buffer_init(screen, &screen->buffers[i], width, height, true);
		if (result < 0)
			return result;
	}
	screen->front = 0;
	draw(&screen->buffers[0], 0, 0, width, height, seed);
	if (drmModeSetCrtc(screen->fd, screen->crtc, screen->buffers[0].framebuffer, 0, 0,
		    &screen->connector, 1, &mode) < 0)
		return -errno;
	buffer_finish(screen, &old[0]);
	buffer_finish(screen, &old[1]);
	return 0;
}

static void flipped(int fd, unsigned int sequence, unsigned int seconds, unsigned int microseconds,
	void *data)
{
	(void)fd, (void)sequence, (void)seconds, (void)microseconds;
	*(bool *)data = true;
}

int screen_flip(struct screen *screen, uint32_t seed)
{
	struct screen_buffer *back = &screen->buffers[!screen->front];
	drmEventContext context = {.version = 2, .page_flip_handler = flipped};
	bool done = false;

	if (!back->pixels)
		return -ENXIO;
	draw(back, 0, 0, back->width, back->height, seed);
	if (drmModePageFlip(screen->fd, screen->crtc, back->framebuffer, DRM_MODE_PAGE_FLIP_EVENT,
		    &done) < 0)
		return -errno;
	while (!done) {
		struct pollfd wait = {.fd = screen->fd, .events = POLLIN};

		if (poll(&wait, 1, 60000) <= 0)
			return -ETIMEDOUT;
		if (drmHandleEvent(screen->fd, &context) < 0)
			return -errno;
	}
	screen->front = !screen->front;
	screen->flips++;
	return 0;
}

int screen_dirty(struct screen *screen, uint32_t x, uint32_t y, uint32_t width, uint32_t height,
	uint32_t seed)
{
	struct screen_buffer *front = &screen->buffers[screen->front];
	drmModeClip clip = {
		.x1 = (uint16_t)x,
		.y1 = (uint16_t)y,
		.x2 = (uint16_t)(x + width),
		.y2 = (uint16_t)(y + height),
	};

	if (!front->pixels)
		return -ENXIO;
	draw(front, x, y, width, height, seed);
	if (drmModeDirtyFB(screen->fd, front->framebuffer, &clip, 1) < 0)
		return -errno;
	screen->dirties++;
	return 0;
}

int screen_set_cursor(struct screen *screen, uint32_t seed, int32_t x, int32_t y)
{
	int result;

	if (!screen->cursor.pixels) {
		result = buffer_init(screen, &screen->cursor, 64, 64, false);
		if (result < 0)
			return result;
		assert(screen->cursor.pixels);
	}
	for (uint32_t row = 0; row < 64; row++)
		for (uint32_t column = 0; column < 64; column++)
			screen->cursor.pixels[row * (screen->cursor.stride / 4) + column] =
				pattern_cursor_pixel(seed, column, row);
	/* Moved first: the driver sends image and position together. */
	result = screen_move_cursor(screen, x, y);
	if (result < 0)
		return result;
	if (drmModeSetCursor2(screen->fd, screen->crtc, screen->cursor.handle, 64, 64, 0, 0) < 0)
		return -errno;
	return 0;
}

int screen_move_cursor(struct screen *screen, int32_t x, int32_t y)
{
	return drmModeMoveCursor(screen->fd, screen->crtc, x, y) < 0 ? -errno : 0;
}

int screen_hide_cursor(struct screen *screen)
{
	return drmModeSetCursor(screen->fd, screen->crtc, 0, 0, 0) < 0 ? -errno : 0;
}

int screen_off(struct screen *screen)
{
	return drmModeSetCrtc(screen->fd, screen->crtc, 0, 0, 0, NULL, 0, NULL) < 0 ? -errno : 0;
}
