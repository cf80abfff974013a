/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "pixels.h"

#include <errno.h>
#include <fcntl.h>
#include <glib.h>
#include <linux/sockios.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "send.h"
#include "vhost_user_gpu.h"

#define PERIOD_NS 16666667

uint8_t *pixels_update(uint32_t width, uint32_t height, bool dirty, size_t *size)
{
	/* 5 %: a quarter wide, a fifth high. */
	uint32_t part_width = dirty ? width / 4 : width;
	uint32_t part_height = dirty ? height / 5 : height;
	size_t bytes = (size_t)part_width * part_height * 4;
	struct vhost_user_gpu_update update = {0, (width - part_width) / 2,
		(height - part_height) / 2, part_width, part_height};
	struct vhost_user_gpu_header header = {VHOST_USER_GPU_UPDATE, 0,
		(uint32_t)(sizeof(update) + bytes)};
	uint8_t *message;

	*size = sizeof(header) + sizeof(update) + bytes;
	message = g_malloc(*size);
	memcpy(message, &header, sizeof(header));
	memcpy(message + sizeof(header), &update, sizeof(update));
	memset(message + sizeof(header) + sizeof(update), 0x5a, bytes);
	return message;
}

static void check(bool success, const char *what)
{
	if (success)
		return;
	fprintf(stderr, "pixels: %s: %s\n", what, strerror(errno));
	exit(1);
}

static void await_tick(int timer)
{
	uint64_t ticks;

	check(read(timer, &ticks, sizeof(ticks)) == sizeof(ticks), "timer");
}

/* The receiver has read all: looked at 60 times a second. */
static void await_read(int fd, int timer)
{
	int unread = 1;

	while (unread) {
		check(ioctl(fd, SIOCOUTQ, &unread) == 0, "SIOCOUTQ");
		await_tick(timer);
	}
}

static void say(int fd, char word)
{
	check(write(fd, &word, 1) == 1, "pipe");
}

static void send_pixels(const struct pixels_options *options, int words)
{
	const struct {
		struct vhost_user_gpu_header header;
		struct vhost_user_gpu_scanout scanout;
	} __attribute__((packed)) scanout = {
		{VHOST_USER_GPU_SCANOUT, 0, sizeof(scanout.scanout)},
		{0, options->width, options->height},
	};
	const struct itimerspec when = {{0, PERIOD_NS}, {0, PERIOD_NS}};
	const int buffer = 1 << 20;
	int timer = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC);
	size_t size;
	uint8_t *update = pixels_update(options->width, options->height, options->dirty, &size);

	check(timer >= 0 && timerfd_settime(timer, 0, &when, NULL) == 0, "timer");
	check(fcntl(options->fd, F_SETFL, 0) == 0, "blocking socket");
	/* As the daemon's relay does for a back-end. */
	setsockopt(options->fd, SOL_SOCKET, SO_SNDBUF, &buffer, sizeof(buffer));
	send_all(options->fd, &scanout, sizeof(scanout), -1);
	for (unsigned int i = 0; i < options->warm_up; i++) {
		send_all(options->fd, update, size, -1);
		await_tick(timer);
	}
	await_read(options->fd, timer);
	say(words, PIXELS_BEGUN);
	for (unsigned int i = 0; i < options->frames; i++) {
		await_tick(timer);
		send_all(options->fd, update, size, -1);
	}
	await_read(options->fd, timer);
	say(words, PIXELS_ENDED);
}

int pixels_start(const struct pixels_options *options)
{
	int words[2];
	pid_t child;

	check(pipe2(words, O_CLOEXEC) == 0, "pipe");
	child = fork();
	check(child >= 0, "fork");
	if (child == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		close(words[0]);
		send_pixels(options, words[1]);
		_exit(0);
	}
	close(words[1]);
	return words[0];
}
