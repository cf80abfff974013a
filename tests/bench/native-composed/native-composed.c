/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * native-composed WAY [bare]: pictures that are composed, or lie above each other, on an output of
 * 1920x1080; the daemon's way of a frame (channel, guest, view, kms/) in this process, with the
 * libdrm double in the kernel's place. This program plays the back-ends and the vblanks; what it
 * does for them is not measured.
 *
 *   turned   UPDATEs of all of 1080x1920, turned by 90 degrees      bare: the same messages received, and pixman alone
 *   scaled   UPDATEs of all of 1280x720, scaled to the output       bare: the same
 *   layers   UPDATEs of all of 1920x1080, and of 800x480 above it   bare: the same
 *   one      DMABUF_UPDATEs of one dma-buf that has the output
 *   planes   the same of two, the second on a plane above the first
 *
 * Prints one line of JSON: frame_us, this process's time for a vblank's frames, the median.
 */
#include <drm_fourcc.h>
#include <errno.h>
#include <pixman.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "../common/dmabuf.h"
#include "../common/pixels.h"
#include "../common/send.h"
#include "drm_double.h"
#include "kms.h"
#include "scene/guest.h"
#include "scene/layout.h"
#include "vhost_user_gpu.h"

#define WIDTH 1920u
#define HEIGHT 1080u
#define MODE "148.500 1920 2008 2052 2200 1080 1084 1089 1125"
#define LAYER_X 100
#define LAYER_Y 50
#define LAYER_WIDTH 800u
#define LAYER_HEIGHT 480u
#define WARM_UP 20u
#define FRAMES 120u
#define DMABUF_FRAMES 2000u
#define GUESTS_MAX 2u

struct way {
	const char *name;
	bool dmabuf;
	unsigned int guests; /* the second one's is a layer */
	uint32_t width, height; /* of the first one's */
	enum kms_transform transform;
};

static const struct way ways[] = {
	{"turned", false, 1, HEIGHT, WIDTH, KMS_ROTATE_90},
	{"scaled", false, 1, 1280, 720, KMS_ROTATE_0},
	{"layers", false, 2, WIDTH, HEIGHT, KMS_ROTATE_0},
	{"one", true, 1, WIDTH, HEIGHT, KMS_ROTATE_0},
	{"planes", true, 2, WIDTH, HEIGHT, KMS_ROTATE_0},
};

/* What a back-end sends for a frame. */
struct message {
	uint8_t *bytes;
	size_t size;
	size_t sent;
};

static const struct way *way;
static int back_ends[GUESTS_MAX], ends[GUESTS_MAX];
static struct message messages[GUESTS_MAX];
static int64_t spent_ns;

static void expect(bool condition, const char *what)
{
	if (condition)
		return;
	fprintf(stderr, "native-composed: %s\n", what);
	exit(1);
}

static int64_t cpu_ns(void)
{
	struct timespec time;

	expect(clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time) == 0, "no clock");
	return (int64_t)time.tv_sec * 1000000000 + time.tv_nsec;
}

/* ---- the back-ends ---- */

static uint32_t width_of(unsigned int guest)
{
	return guest == 0 ? way->width : LAYER_WIDTH;
}

static uint32_t height_of(unsigned int guest)
{
	return guest == 0 ? way->height : LAYER_HEIGHT;
}

static void send_scanout(unsigned int guest)
{
	const struct {
		struct vhost_user_gpu_header header;
		struct vhost_user_gpu_scanout scanout;
	} __attribute__((packed)) message = {
		{VHOST_USER_GPU_SCANOUT, 0, sizeof(message.scanout)},
		{0, width_of(guest), height_of(guest)},
	};

	send_all(back_ends[guest], &message, sizeof(message), -1);
}

static void send_dmabuf(unsigned int guest)
{
	const uint32_t width = width_of(guest), height = height_of(guest);
	const struct {
		struct vhost_user_gpu_header header;
		struct vhost_user_gpu_dmabuf_scanout scanout;
	} __attribute__((packed)) message = {
		{VHOST_USER_GPU_DMABUF_SCANOUT, 0, sizeof(message.scanout)},
		{0, 0, 0, width, height, width, height, width * 4, 0, DRM_FORMAT_XRGB8888},
	};
	int fd = dmabuf_create_memfd((size_t)width * height * 4);

	send_all(back_ends[guest], &message, sizeof(message), fd);
	close(fd);
}

static struct message dmabuf_update(unsigned int guest)
{
	const struct {
		struct vhost_user_gpu_header header;
		struct vhost_user_gpu_update update;
	} __attribute__((packed)) message = {
		{VHOST_USER_GPU_DMABUF_UPDATE, 0, sizeof(message.update)},
		{0, 0, 0, width_of(guest), height_of(guest)},
	};

	return (struct message){g_memdup2(&message, sizeof(message)), sizeof(message), 0};
}

static void open_back_end(unsigned int guest)
{
	int pair[2];

	expect(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) == 0, "no sockets");
	back_ends[guest] = pair[0];
	ends[guest] = pair[1];
	if (way->dmabuf)
		messages[guest] = dmabuf_update(guest);
	else
		messages[guest].bytes = pixels_update(width_of(guest), height_of(guest), false,
			&messages[guest].size);
}

/* As much as the socket takes now. True: that was all of it. */
static bool send_some(unsigned int guest)
{
	struct message *message = &messages[guest];
	ssize_t sent = send(back_ends[guest], message->bytes + message->sent,
		message->size - message->sent, MSG_DONTWAIT | MSG_NOSIGNAL);

	expect(sent > 0 || errno == EAGAIN, "a message cannot be sent");
	message->sent += sent > 0 ? (size_t)sent : 0;
	return message->sent == message->size;
}

/* ---- the daemon ---- */

static struct kms_device *device;

static void device_gone(void *data)
{
	expect(false, "the card is gone");
}

/* A monitor without one is asked again for a while, which is no part of a frame. */
static void give_edid(void)
{
	uint8_t edid[128] = {0, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0, 0x4c, 0x64};

	edid[18] = 1; /* version 1.3 */
	edid[19] = 3;
	for (size_t i = 0; i < sizeof(edid) - 1; i++)
		edid[sizeof(edid) - 1] = (uint8_t)(edid[sizeof(edid) - 1] - edid[i]);
	double_set_edid(0, edid, sizeof(edid));
}

static void open_daemon(void)
{
	static const char *const names[GUESTS_MAX] = {"below", "above"};
	const struct layout_output output = {.name = "DP-1",
		.guest = "below",
		.mode = MODE,
		.policy = PLACE_FIT,
		.transform = way->transform};
	static const struct layout_layer layer = {.name = "layer",
		.output = "DP-1",
		.guest = "above",
		.x = LAYER_X,
		.y = LAYER_Y,
		.width = LAYER_WIDTH,
		.height = LAYER_HEIGHT,
		.opacity = UINT16_MAX};
	static const struct layout_listener listener = {.device_gone = device_gone};
	static struct guest_state states[GUESTS_MAX];
	struct kms_device_options card = {0};
	struct layout_guest guests[GUESTS_MAX] = {{0}};
	const struct layout_options options = {.outputs = &output,
		.output_count = 1,
		.layers = &layer,
		.layer_count = way->guests - 1,
		.guests = guests,
		.guest_count = way->guests};
	g_autoptr(GError) error = NULL;
	struct layout *layout;

	double_reset();
	double_card.overlay_planes = way->dmabuf;
	double_card.zpos = way->dmabuf;
	card.fd = double_open();
	give_edid();
	for (unsigned int i = 0; i < way->guests; i++) {
		const struct guest_options guest = {.name = names[i]};

		guests[i] = (struct layout_guest){.guest = guest_create(&guest, &states[i]),
			.blank_after_ms = LAYOUT_NEVER,
			.off_after_ms = LAYOUT_NEVER};
	}
	layout = layout_create(&options, &listener, NULL);
	device = kms_device_create(&card, layout_kms_listener(), layout, &error);
	expect(device != NULL, "the double was not opened");
	for (unsigned int i = 0; i < way->guests; i++)
		guest_set_device(guests[i].guest, 0, device);
	layout_set_device(layout, 0, device);
	for (unsigned int i = 0; i < way->guests; i++)
		guest_attach(guests[i].guest, ends[i]);
}

static void run_ready(void)
{
	while (g_main_context_iteration(NULL, FALSE))
		;
}

static void measured_run(void)
{
	int64_t begun = cpu_ns();

	run_ready();
	spent_ns += cpu_ns() - begun;
}

/* Guests whose DMABUF_UPDATE is not answered so far, a bit each. */
static uint32_t unanswered;

static void receive_replies(void)
{
	struct vhost_user_gpu_header reply;

	for (unsigned int i = 0; i < way->guests; i++) {
		if (unanswered & 1u << i &&
			recv(back_ends[i], &reply, sizeof(reply), MSG_DONTWAIT) ==
				(ssize_t)sizeof(reply))
			unanswered &= ~(1u << i);
	}
}

/* What was brought is on the screen. One that comes alone is kept for a while, for others that may
 * come: on a slow machine that may be each. */
static void flip_all(void)
{
	int64_t begun;

	do {
		while (!double_flip(0)) {
			begun = cpu_ns();
			g_main_context_iteration(NULL, TRUE);
			spent_ns += cpu_ns() - begun;
		}
		measured_run();
		while (double_flip(0))
			measured_run();
		receive_replies();
	} while (unanswered);
}

static void send_frame(unsigned int guest)
{
	if (way->dmabuf)
		unanswered |= 1u << guest;
	messages[guest].sent = 0;
	while (!send_some(guest))
		measured_run();
}

/* A vblank's frames: brought, composed, shown. */
static void show_ours(void)
{
	for (unsigned int i = 0; i < way->guests; i++)
		send_frame(i);
	measured_run();
	flip_all();
}

static void start_ours(void)
{
	open_daemon();
	run_ready();
	double_flip(0);
	run_ready();
	for (unsigned int i = 0; i < way->guests; i++) {
		if (way->dmabuf)
			send_dmabuf(i);
		else
			send_scanout(i);
		/* Each is shown once before both are at the same time. */
		send_frame(i);
		flip_all();
	}
}

/* Each guest's frame was shown as it is, or composed. */
static void check_ours(unsigned int frames)
{
	const struct kms_output_counters *output = kms_output_counters(
		kms_device_output(device, 0));

	expect(double_faults() == NULL, "the double found a fault");
	expect(output->frames_shown >= frames, "frames were not shown");
	if (way->dmabuf && way->guests > 1)
		expect(double_value(DOUBLE_OVERLAY(0), "FB_ID") != 0, "the layer has no plane");
}

/* ---- pixman alone ---- */

static pixman_image_t *surfaces[GUESTS_MAX];
static pixman_image_t *canvases[3];

static pixman_image_t *make_image(uint32_t width, uint32_t height)
{
	pixman_image_t *image = pixman_image_create_bits(PIXMAN_x8r8g8b8, (int)width, (int)height,
		NULL, 0);

	expect(image != NULL, "no memory");
	memset(pixman_image_get_data(image), 0xff, (size_t)width * height * 4);
	return image;
}

static void start_bare(void)
{
	pixman_transform_t map;

	for (unsigned int i = 0; i < G_N_ELEMENTS(canvases); i++)
		canvases[i] = make_image(WIDTH, HEIGHT);
	for (unsigned int i = 0; i < way->guests; i++)
		surfaces[i] = make_image(width_of(i), height_of(i));
	if (way->transform != KMS_ROTATE_0) {
		pixman_transform_init_rotate(&map, 0, -pixman_fixed_1);
		pixman_transform_translate(NULL, &map, 0, pixman_int_to_fixed((int)WIDTH));
		pixman_image_set_transform(surfaces[0], &map);
	} else if (way->width != WIDTH) {
		pixman_transform_init_scale(&map,
			(pixman_fixed_t)((uint64_t)way->width * 65536 / WIDTH),
			(pixman_fixed_t)((uint64_t)way->height * 65536 / HEIGHT));
		pixman_image_set_transform(surfaces[0], &map);
		pixman_image_set_filter(surfaces[0], PIXMAN_FILTER_BILINEAR, NULL, 0);
		pixman_image_set_repeat(surfaces[0], PIXMAN_REPEAT_PAD);
	}
}

/* The head, then the rows, as far as they have come. */
static void receive_some(unsigned int guest, size_t *done)
{
	static uint8_t
		head[sizeof(struct vhost_user_gpu_header) + sizeof(struct vhost_user_gpu_update)];
	uint8_t *pixels = (uint8_t *)pixman_image_get_data(surfaces[guest]);
	int64_t begun = cpu_ns();
	ssize_t got;

	do {
		size_t left = messages[guest].size - *done;

		if (*done < sizeof(head))
			got = recv(ends[guest], head + *done, sizeof(head) - *done, MSG_DONTWAIT);
		else
			got = left ? recv(ends[guest], pixels + *done - sizeof(head), left,
					     MSG_DONTWAIT)
				   : 0;
		*done += got > 0 ? (size_t)got : 0;
	} while (got > 0);
	spent_ns += cpu_ns() - begun;
}

static void show_bare(void)
{
	static unsigned int next;
	pixman_image_t *canvas = canvases[next++ % G_N_ELEMENTS(canvases)];
	int64_t begun;

	for (unsigned int i = 0; i < way->guests; i++) {
		size_t done = 0;

		messages[i].sent = 0;
		while (!send_some(i))
			receive_some(i, &done);
		receive_some(i, &done);
		expect(done == messages[i].size, "a message has not come");
	}
	begun = cpu_ns();
	pixman_image_composite32(PIXMAN_OP_SRC, surfaces[0], NULL, canvas, 0, 0, 0, 0, 0, 0,
		(int)WIDTH, (int)HEIGHT);
	if (way->guests > 1)
		pixman_image_composite32(PIXMAN_OP_SRC, surfaces[1], NULL, canvas, 0, 0, 0, 0,
			LAYER_X, LAYER_Y, (int)LAYER_WIDTH, (int)LAYER_HEIGHT);
	spent_ns += cpu_ns() - begun;
}

/* ---- what is measured ---- */

static int compare(const void *a, const void *b)
{
	const int64_t *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

static void run(bool bare)
{
	static int64_t samples[DMABUF_FRAMES];
	unsigned int frames = way->dmabuf ? DMABUF_FRAMES : FRAMES;
	unsigned int median = frames / 2;

	for (unsigned int i = 0; i < WARM_UP + frames; i++) {
		spent_ns = 0;
		if (bare)
			show_bare();
		else
			show_ours();
		if (i >= WARM_UP)
			samples[i - WARM_UP] = spent_ns;
	}
	if (!bare)
		check_ours(frames);
	qsort(samples, frames, sizeof(*samples), compare);
	printf("{\"frame_us\": %.2f}\n", (double)samples[median] / 1000);
}

int main(int argc, char **argv)
{
	bool bare = argc == 3 && strcmp(argv[2], "bare") == 0;

	for (size_t i = 0; i < G_N_ELEMENTS(ways) && argc > 1; i++) {
		if (strcmp(ways[i].name, argv[1]) == 0)
			way = &ways[i];
	}
	if (!way || (argc == 3) != bare || (bare && way->dmabuf)) {
		fprintf(stderr, "native-composed: see the head of the source\n");
		return 2;
	}
	for (unsigned int i = 0; i < way->guests; i++)
		open_back_end(i);
	if (bare)
		start_bare();
	else
		start_ours();
	run(bare);
	return 0;
}
