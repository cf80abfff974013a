/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * glass [--in-flight] [--frames N] -- COMMAND…: plays a back-end that sends pixels to a program
 * under test (as fd 100), each picture of one colour, at changing times between vblanks, and
 * watches the CRTC: how many vblanks after an UPDATE's last byte is its picture on the glass?
 * Prints one line of JSON: frames, and the vblanks' median, p99 and most; late: frames after more
 * than two. --in-flight: an UPDATE of one line follows each picture at once, while that one's flip
 * is in flight, and is what is counted.
 *
 * A commit is seen in the plane's state at once and reaches the glass at the vblank after that,
 * which is the one counted. The program says that it is ready by a line on its standard output.
 * Runs in the lab, as root, on the first card.
 */
#include <errno.h>
#include <fcntl.h>
#include <glib.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include <xf86drm.h>
#include <xf86drmMode.h>

#include "vhost_user_gpu.h"

#define FIRST_FD 100
#define WIDTH 1024u
#define HEIGHT 768u

#define PIXEL sizeof(uint32_t)
#define LOOK_NS 500000
#define PHASE_NS 1700000 /* no part of a period, so that all times between vblanks come about */
#define PATIENCE 120 /* vblanks */

/* An UPDATE as wide as the scanout, of one colour. */
struct message {
	uint8_t *bytes;
	size_t size;
};

struct glass {
	int card;
	uint32_t crtc;
	uint32_t plane;
	int socket;
	pid_t child;
};

static void fail(const char *what)
{
	fprintf(stderr, "glass: %s: %s\n", what, strerror(errno));
	exit(1);
}

static void send_all(const struct glass *glass, const void *data, size_t size)
{
	for (size_t done = 0; done < size;) {
		ssize_t sent = send(glass->socket, (const uint8_t *)data + done, size - done,
			MSG_NOSIGNAL);

		if (sent < 0)
			fail("send");
		done += (size_t)sent;
	}
}

static void start_child(struct glass *glass, char **command)
{
	const struct sched_param priority = {.sched_priority = 1};
	const int buffer = 1 << 20;
	int pair[2], ready[2];
	char byte;

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) < 0 ||
		pipe2(ready, O_CLOEXEC) < 0)
		fail("socket");
	/* As the daemon's relay does for a back-end. */
	setsockopt(pair[0], SOL_SOCKET, SO_SNDBUF, &buffer, sizeof(buffer));
	glass->socket = pair[0];
	glass->child = fork();
	if (glass->child < 0)
		fail("fork");
	if (glass->child == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		dup2(ready[1], STDOUT_FILENO);
		dup2(pair[1], FIRST_FD);
		/* What competes for the processor here, this program first of all, is not its
		 * delay. */
		if (sched_setscheduler(0, SCHED_FIFO, &priority) < 0)
			fail("real-time priority");
		execvp(command[0], command);
		fail(command[0]);
	}
	close(ready[1]);
	close(pair[1]);
	if (read(ready[0], &byte, 1) != 1) {
		errno = ECHILD;
		fail("the program did not become ready");
	}
}

/* The first CRTC, and the plane that shows a picture on it. */
static void open_card(struct glass *glass)
{
	drmModeRes *resources;
	drmModePlaneRes *planes;

	glass->card = open("/dev/dri/card0", O_RDWR | O_CLOEXEC);
	if (glass->card < 0 || drmSetClientCap(glass->card, DRM_CLIENT_CAP_UNIVERSAL_PLANES, 1) < 0)
		fail("card0");
	drmDropMaster(glass->card);
	resources = drmModeGetResources(glass->card);
	planes = drmModeGetPlaneResources(glass->card);
	if (!resources || !planes || resources->count_crtcs == 0)
		fail("no CRTC");
	glass->crtc = resources->crtcs[0];
	for (uint32_t i = 0; i < planes->count_planes && !glass->plane; i++) {
		drmModePlane *plane = drmModeGetPlane(glass->card, planes->planes[i]);

		if (plane && plane->crtc_id == glass->crtc && plane->fb_id)
			glass->plane = plane->plane_id;
		drmModeFreePlane(plane);
	}
	if (!glass->plane)
		fail("no plane");
	drmModeFreePlaneResources(planes);
	drmModeFreeResources(resources);
}

static uint64_t vblanks(const struct glass *glass)
{
	uint64_t sequence = 0;

	if (drmCrtcGetSequence(glass->card, glass->crtc, &sequence, NULL) < 0)
		fail("vblank sequence");
	return sequence;
}

/* The last pixel of what the plane shows, from the next vblank on. */
static uint32_t last_pixel(const struct glass *glass)
{
	drmModePlane *plane = drmModeGetPlane(glass->card, glass->plane);
	drmModeFB2 *framebuffer = plane ? drmModeGetFB2(glass->card, plane->fb_id) : NULL;
	uint32_t pixel = 0;

	if (framebuffer) {
		struct drm_mode_map_dumb map = {.handle = framebuffer->handles[0]};
		size_t size = (size_t)framebuffer->pitches[0] * framebuffer->height;
		uint8_t *pixels = MAP_FAILED;

		if (drmIoctl(glass->card, DRM_IOCTL_MODE_MAP_DUMB, &map) == 0)
			pixels = mmap(NULL, size, PROT_READ, MAP_SHARED, glass->card,
				(off_t)map.offset);
		if (pixels != MAP_FAILED) {
			memcpy(&pixel, pixels + size - sizeof(pixel), sizeof(pixel));
			munmap(pixels, size);
		}
		drmCloseBufferHandle(glass->card, framebuffer->handles[0]);
		drmModeFreeFB2(framebuffer);
	}
	drmModeFreePlane(plane);
	return pixel & 0xffffff;
}

static void sleep_ns(long ns)
{
	nanosleep(&(struct timespec){0, ns}, NULL);
}

static void message_init(struct message *message, uint32_t y, uint32_t height)
{
	const struct vhost_user_gpu_update update = {0, 0, y, WIDTH, height};
	const struct vhost_user_gpu_header header = {VHOST_USER_GPU_UPDATE, 0,
		sizeof(update) + WIDTH * height * PIXEL};

	message->size = sizeof(header) + header.size;
	message->bytes = g_malloc0(message->size);
	memcpy(message->bytes, &header, sizeof(header));
	memcpy(message->bytes + sizeof(header), &update, sizeof(update));
}

static void message_finish(struct message *message)
{
	g_free(message->bytes);
}

static void message_fill(struct message *message, uint32_t colour)
{
	const size_t head = sizeof(struct vhost_user_gpu_header) +
		sizeof(struct vhost_user_gpu_update);

	for (size_t at = head; at < message->size; at += PIXEL)
		memcpy(message->bytes + at, &colour, PIXEL);
}

/* Sends one that has the scanout's last pixel; the vblanks until it is on the glass. */
static uint32_t show(const struct glass *glass, struct message *message, uint32_t colour)
{
	uint64_t last_byte;

	message_fill(message, colour);
	send_all(glass, message->bytes, message->size - PIXEL);
	/* Asked before it: as soon as it is sent, the program runs, and not we. */
	last_byte = vblanks(glass);
	send_all(glass, message->bytes + message->size - PIXEL, PIXEL);
	while (last_pixel(glass) != colour) {
		if (vblanks(glass) - last_byte > PATIENCE) {
			errno = ETIMEDOUT;
			fail("a picture does not come");
		}
		sleep_ns(LOOK_NS);
	}
	return (uint32_t)(vblanks(glass) + 1 - last_byte);
}

static int compare(const void *a, const void *b)
{
	uint32_t left = *(const uint32_t *)a;
	uint32_t right = *(const uint32_t *)b;

	return (left > right) - (left < right);
}

int main(int argc, char **argv)
{
	const struct {
		struct vhost_user_gpu_header header;
		struct vhost_user_gpu_scanout scanout;
	} __attribute__((packed))
	scanout = {{VHOST_USER_GPU_SCANOUT, 0, sizeof(scanout.scanout)}, {0, WIDTH, HEIGHT}};
	struct message picture, line;
	g_autofree uint32_t *taken = NULL;
	struct glass glass = {0};
	bool in_flight = false;
	uint32_t frames = 200;
	uint32_t late = 0;

	if (argc > 1 && strcmp(argv[1], "--in-flight") == 0) {
		in_flight = true;
		argc--;
		argv++;
	}
	if (argc > 2 && strcmp(argv[1], "--frames") == 0) {
		frames = (uint32_t)MAX(atoi(argv[2]), 1);
		argv += 2;
	}
	if (!argv[1] || strcmp(argv[1], "--") != 0 || !argv[2]) {
		fprintf(stderr, "usage: glass [--in-flight] [--frames N] -- COMMAND…\n");
		return 2;
	}
	message_init(&picture, 0, HEIGHT);
	message_init(&line, HEIGHT - 1, 1);
	taken = g_new0(uint32_t, frames);
	start_child(&glass, argv + 2);
	open_card(&glass);
	send_all(&glass, &scanout, sizeof(scanout));
	/* The first ones make the scanout buffers. */
	for (uint32_t i = 0; i < 5; i++)
		show(&glass, &picture, 0x800000 + i);
	for (uint32_t i = 0; i < frames; i++) {
		if (in_flight) {
			message_fill(&picture, 0x400000 + i);
			send_all(&glass, picture.bytes, picture.size);
		}
		taken[i] = show(&glass, in_flight ? &line : &picture, i + 1);
		sleep_ns(PHASE_NS);
	}
	qsort(taken, frames, sizeof(*taken), compare);
	while (late < frames && taken[frames - 1 - late] > 2)
		late++;
	printf("{\"frames\": %u, \"vblanks\": %u, \"vblanks_p99\": %u, "
	       "\"vblanks_most\": %u, \"late\": %u}\n",
		frames, taken[frames / 2], taken[frames * 99 / 100], taken[frames - 1], late);
	message_finish(&picture);
	message_finish(&line);
	kill(glass.child, SIGTERM);
	return waitpid(glass.child, NULL, 0) < 0;
}
