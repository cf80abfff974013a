/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * native-answers flip|copied|bare: one device with four scanouts of 1920x1080 at 60 Hz, whose guest draws on them in
 * turn as soon as it is answered, one update outstanding as with every back-end. The daemon's way
 * of a frame (channel, guest, view, kms/) in this process, with the libdrm double in the kernel's
 * place; this program plays the back-end and the vblanks of the four, which come together: where
 * one is waited for, those of the others are over. bare is one copy of such a picture and nothing
 * else.
 *
 * Prints one line of JSON: frame_us, this process's time for a frame, the median; and
 * frames_a_second that each output shows, where the processor is fast enough for it.
 */
#include <drm_fourcc.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "../common/dmabuf.h"
#include "../common/send.h"
#include "drm_double.h"
#include "kms.h"
#include "scene/guest.h"
#include "scene/layout.h"
#include "vhost_user_gpu.h"

#define SCANOUTS 4u
#define WIDTH 1920u
#define HEIGHT 1080u
#define BYTES ((size_t)WIDTH * HEIGHT * 4)
#define MODE "148.500 1920 2008 2052 2200 1080 1084 1089 1125"
#define REFRESH 60
#define WARM_UP 40u
#define VBLANKS 400u

static uint32_t *pictures[SCANOUTS];
static int back_end;
static int64_t samples[SCANOUTS * VBLANKS];
static size_t sample_count;

static void expect(bool condition, const char *what)
{
	if (condition)
		return;
	fprintf(stderr, "native-answers: %s\n", what);
	exit(1);
}

static int64_t cpu_ns(void)
{
	struct timespec time;

	expect(clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time) == 0, "no clock");
	return (int64_t)time.tv_sec * 1000000000 + time.tv_nsec;
}

/* ---- the pictures ---- */

static int make_picture(uint32_t scanout)
{
	int fd = dmabuf_create_memfd(BYTES);

	pictures[scanout] = mmap(NULL, BYTES, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	expect(pictures[scanout] != MAP_FAILED, "no memory");
	return fd;
}

/* As a guest's processor does it, all of it. */
static void draw(uint32_t scanout, uint32_t seed)
{
	for (size_t i = 0; i < BYTES / 4; i++)
		pictures[scanout][i] = (uint32_t)i + seed;
}

/* ---- the back-end ---- */

static void send_dmabuf(uint32_t scanout)
{
	const struct {
		struct vhost_user_gpu_header header;
		struct vhost_user_gpu_dmabuf_scanout scanout;
	} __attribute__((packed)) message = {
		{VHOST_USER_GPU_DMABUF_SCANOUT, 0, sizeof(message.scanout)},
		{scanout, 0, 0, WIDTH, HEIGHT, WIDTH, HEIGHT, WIDTH * 4, 0, DRM_FORMAT_XRGB8888},
	};
	int fd = make_picture(scanout);

	send_all(back_end, &message, sizeof(message), fd);
	close(fd);
}

static void send_update(uint32_t scanout)
{
	const struct {
		struct vhost_user_gpu_header header;
		struct vhost_user_gpu_update update;
	} __attribute__((packed)) message = {
		{VHOST_USER_GPU_DMABUF_UPDATE, 0, sizeof(message.update)},
		{scanout, 0, 0, WIDTH, HEIGHT},
	};

	send_all(back_end, &message, sizeof(message), -1);
}

static bool is_answered(void)
{
	struct vhost_user_gpu_header reply;

	return recv(back_end, &reply, sizeof(reply), MSG_DONTWAIT) == (ssize_t)sizeof(reply);
}

/* ---- the daemon ---- */

static struct guest *guest;
static struct kms_device *device;

static void device_gone(void *data)
{
	expect(false, "the card is gone");
}

static void open_daemon(enum answers_mode answers)
{
	static const struct layout_output outputs[SCANOUTS] = {
		{.name = "DP-1", .guest = "guest", .scanout = 0, .mode = MODE},
		{.name = "DP-2", .guest = "guest", .scanout = 1, .mode = MODE},
		{.name = "DP-3", .guest = "guest", .scanout = 2, .mode = MODE},
		{.name = "DP-4", .guest = "guest", .scanout = 3, .mode = MODE},
	};
	static const struct layout_listener listener = {.device_gone = device_gone};
	static struct guest_state state;
	const struct guest_options options = {.name = "guest", .answers = answers};
	struct kms_device_options card = {0};
	struct layout_guest guests[1] = {{0}};
	const struct layout_options layout_options = {.outputs = outputs,
		.output_count = SCANOUTS,
		.guests = guests,
		.guest_count = 1};
	g_autoptr(GError) error = NULL;
	struct layout *layout;
	int pair[2];

	double_reset();
	double_card.crtcs = SCANOUTS;
	card.fd = double_open();
	expect(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) == 0, "no sockets");
	back_end = pair[0];
	guest = guest_create(&options, &state);
	guests[0] = (struct layout_guest){.guest = guest,
		.blank_after_ms = LAYOUT_NEVER,
		.off_after_ms = LAYOUT_NEVER};
	layout = layout_create(&layout_options, &listener, NULL);
	device = kms_device_create(&card, layout_kms_listener(), layout, &error);
	expect(device != NULL, "the double was not opened");
	guest_set_device(guest, 0, device);
	layout_set_device(layout, 0, device);
	guest_attach(guest, pair[1]);
}

static void run_ready(void)
{
	while (g_main_context_iteration(NULL, FALSE))
		;
}

/* ---- what is measured ---- */

static uint64_t frames_shown(void)
{
	uint64_t frames = 0;

	for (uint32_t i = 0; i < SCANOUTS; i++)
		frames += kms_output_counters(kms_device_output(device, i))->frames_shown;
	return frames;
}

struct turns {
	uint32_t scanout; /* the one that waits for its answer */
	uint32_t seed;
	int64_t frame_ns; /* since the last answer */
	bool counts;
};

/* The guest draws on as long as it is answered. */
static void go_on(struct turns *turns)
{
	int64_t begun;

	for (;;) {
		begun = cpu_ns();
		run_ready();
		turns->frame_ns += cpu_ns() - begun;
		if (!is_answered())
			return;
		if (turns->counts && sample_count < G_N_ELEMENTS(samples))
			samples[sample_count++] = turns->frame_ns;
		turns->frame_ns = 0;
		turns->scanout = (turns->scanout + 1) % SCANOUTS;
		draw(turns->scanout, ++turns->seed);
		send_update(turns->scanout);
	}
}

static int compare(const void *a, const void *b)
{
	const int64_t *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

static void print(uint64_t frames)
{
	size_t middle = sample_count / 2;

	expect(sample_count > 0, "no frame was answered");
	qsort(samples, sample_count, sizeof(*samples), compare);
	printf("{\"frame_us\": %.1f, \"frames_a_second\": %.2f}\n", (double)samples[middle] / 1000,
		(double)frames * REFRESH / VBLANKS / SCANOUTS);
}

static void run_daemon(enum answers_mode answers)
{
	struct turns turns = {0};
	uint64_t shown = 0;

	open_daemon(answers);
	run_ready();
	for (uint32_t i = 0; i < SCANOUTS; i++)
		send_dmabuf(i);
	send_update(0);
	for (uint32_t vblank = 0; vblank < WARM_UP + VBLANKS; vblank++) {
		if (vblank == WARM_UP) {
			turns.counts = true;
			shown = frames_shown();
		}
		go_on(&turns);
		for (uint32_t i = 0; i < SCANOUTS; i++)
			double_flip(i);
	}
	expect(double_faults() == NULL, "the double found a fault");
	expect(answers != ANSWERS_FLIP || guest_counters(guest)->replies[REPLY_EARLY] == 0,
		"a frame was answered early");
	print(frames_shown() - shown);
}

/* To three buffers in turn, as an output has them. */
static void run_bare(void)
{
	uint8_t *buffers[SCANOUTS * 3];
	uint32_t seed = 0;

	for (size_t i = 0; i < G_N_ELEMENTS(buffers); i++) {
		buffers[i] = g_malloc(BYTES);
		memset(buffers[i], 0xff, BYTES);
	}
	for (uint32_t i = 0; i < SCANOUTS; i++)
		close(make_picture(i));
	for (uint32_t i = 0; i < SCANOUTS * (WARM_UP + VBLANKS); i++) {
		int64_t begun;

		draw(i % SCANOUTS, ++seed);
		begun = cpu_ns();
		memcpy(buffers[i % G_N_ELEMENTS(buffers)], pictures[i % SCANOUTS], BYTES);
		if (i >= SCANOUTS * WARM_UP)
			samples[sample_count++] = cpu_ns() - begun;
	}
	print(SCANOUTS * VBLANKS);
}

int main(int argc, char **argv)
{
	if (argc == 2 && strcmp(argv[1], "flip") == 0) {
		run_daemon(ANSWERS_FLIP);
	} else if (argc == 2 && strcmp(argv[1], "copied") == 0) {
		run_daemon(ANSWERS_COPIED);
	} else if (argc == 2 && strcmp(argv[1], "bare") == 0) {
		run_bare();
	} else {
		fprintf(stderr, "usage: native-answers flip|copied|bare\n");
		return 2;
	}
	return 0;
}
