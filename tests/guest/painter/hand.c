/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "hand.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define PATIENCE_MS 60000

static bool has(int fd, unsigned int type, unsigned int code)
{
	unsigned char bits[KEY_MAX / 8 + 1] = {0};

	if (ioctl(fd, EVIOCGBIT(type, sizeof(bits)), bits) < 0)
		return false;
	return bits[code / 8] & (1u << code % 8);
}

static void device_init(struct hand_device *device, int fd)
{
	memset(device, 0, sizeof(*device));
	device->fd = fd;
	device->touch = has(fd, EV_ABS, ABS_MT_POSITION_X);
	device->absolute = device->touch || has(fd, EV_ABS, ABS_X);
	if (!device->absolute)
		return;
	ioctl(fd, EVIOCGABS(device->touch ? ABS_MT_POSITION_X : ABS_X), &device->x);
	ioctl(fd, EVIOCGABS(device->touch ? ABS_MT_POSITION_Y : ABS_Y), &device->y);
}

static bool is_of_serial(int fd, const char *serial)
{
	char own[64] = "";

	if (!serial)
		return true;
	ioctl(fd, EVIOCGUNIQ(sizeof(own) - 1), own);
	return strcmp(own, serial) == 0;
}

int hand_open(struct hand *hand, const char *serial)
{
	hand_close(hand);
	for (int i = 0; i < HAND_DEVICES; i++) {
		char path[64];
		int fd;

		snprintf(path, sizeof(path), "/dev/input/event%d", i);
		fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
		if (fd < 0)
			continue;
		if (is_of_serial(fd, serial))
			device_init(&hand->devices[hand->count++], fd);
		else
			close(fd);
	}
	return hand->count ? 0 : -ENODEV;
}

void hand_close(struct hand *hand)
{
	for (unsigned int i = 0; i < hand->count; i++)
		close(hand->devices[i].fd);
	hand->count = 0;
}

static int32_t clamp(int32_t value, uint32_t limit)
{
	if (value < 0)
		return 0;
	return value < (int32_t)limit ? value : (int32_t)limit - 1;
}

/* The pixel that a device's value lies in. */
static int32_t scale(const struct input_absinfo *range, int32_t value, uint32_t pixels)
{
	int64_t span = (int64_t)range->maximum - range->minimum + 1;

	return clamp((int32_t)(((int64_t)value - range->minimum) * pixels / span), pixels);
}

static void take_event(struct hand_device *device, const struct input_event *event)
{
	struct hand_point *point = &device->points[device->slot];

	if (event->type == EV_ABS && device->touch) {
		if (event->code == ABS_MT_SLOT && event->value >= 0 && event->value < HAND_SLOTS)
			device->slot = (unsigned int)event->value;
		else if (event->code == ABS_MT_TRACKING_ID)
			point->down = event->value >= 0;
		else if (event->code == ABS_MT_POSITION_X)
			point->x = event->value;
		else if (event->code == ABS_MT_POSITION_Y)
			point->y = event->value;
	} else if (event->type == EV_ABS) {
		if (event->code == ABS_X)
			point->x = event->value;
		else if (event->code == ABS_Y)
			point->y = event->value;
	} else if (event->type == EV_REL) {
		if (event->code == REL_X)
			point->x += event->value;
		else if (event->code == REL_Y)
			point->y += event->value;
	} else if (event->type == EV_KEY && !device->touch &&
		(event->code == BTN_LEFT || event->code == BTN_TOUCH)) {
		point->down = event->value;
	}
}

/* A group is complete: what it says is drawn. */
static int show(struct hand_device *device, struct screen *screen, uint32_t seed, int32_t *x,
	int32_t *y)
{
	uint32_t width = screen->buffers[0].width;
	uint32_t height = screen->buffers[0].height;
	int result = 0;

	for (unsigned int i = 0; i < HAND_SLOTS && result == 0; i++) {
		struct hand_point *point = &device->points[i];
		bool pointer = !device->absolute && i == 0;

		if (pointer) {
			point->x = clamp(point->x, width);
			point->y = clamp(point->y, height);
		}
		if (!point->down && !pointer)
			continue;
		*x = pointer ? point->x : scale(&device->x, point->x, width);
		*y = pointer ? point->y : scale(&device->y, point->y, height);
		if (pointer && screen->cursor.pixels)
			result = screen_move_cursor(screen, *x, *y);
		if (result == 0 && point->down) {
			uint32_t left = (uint32_t)(*x < HAND_REACH ? 0 : *x - HAND_REACH);
			uint32_t top = (uint32_t)(*y < HAND_REACH ? 0 : *y - HAND_REACH);
			uint32_t right = (uint32_t)*x + HAND_REACH;
			uint32_t bottom = (uint32_t)*y + HAND_REACH;

			right = right < width ? right : width;
			bottom = bottom < height ? bottom : height;
			result = screen_dirty(screen, left, top, right - left, bottom - top, seed);
		}
	}
	return result;
}

int hand_draw(struct hand *hand, struct screen *screen, uint32_t seed, long groups, int32_t *x,
	int32_t *y)
{
	struct pollfd wait[HAND_DEVICES];
	int result = 0;

	if (!screen->buffers[0].pixels)
		return -ENXIO;
	for (unsigned int i = 0; i < hand->count; i++)
		wait[i] = (struct pollfd){.fd = hand->devices[i].fd, .events = POLLIN};
	while (groups > 0 && result == 0) {
		if (poll(wait, hand->count, PATIENCE_MS) <= 0)
			return -ETIMEDOUT;
		for (unsigned int i = 0; i < hand->count; i++) {
			struct hand_device *device = &hand->devices[i];
			struct input_event event;

			while (groups > 0 && result == 0 &&
				read(device->fd, &event, sizeof(event)) == sizeof(event)) {
				if (event.type != EV_SYN) {
					take_event(device, &event);
				} else if (event.code == SYN_REPORT) {
					result = show(device, screen, seed, x, y);
					groups--;
				} else if (event.code == SYN_DROPPED) {
					result = -EOVERFLOW;
				}
			}
		}
	}
	return result;
}
