/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * frames [options] -- COMMAND…: plays the back-end of N devices for a program under test, as fast
 * as it answers, and prints what that cost the program, as one line of JSON. Preloads the meter
 * (tests/bench/meter) into it.
 *
 *   --devices N     display sockets (1); the program inherits them as fds 100, 101, …
 *   --frames N      frames of each device that count (300), after --warm-up N (30)
 *   --vblanks N     instead of --frames: until so many vblanks have passed on the first CRTC
 *   --way WAY       same    DMABUF_UPDATE of one dma-buf, again and again
 *                   new     DMABUF_SCANOUT of a new dma-buf before each DMABUF_UPDATE
 *                   cursor  as same, with 1000 CURSOR_POS a second: where this program is late, several
 *                           at once
 *                   pixels  an UPDATE of everything, whole in the socket before it is read, at most 60 a second
 *                   dirty   the same of 5 % of the picture
 *                   idle    nothing but the questions of a back-end that starts
 *                   start   not even those
 *   --size WxH      of the picture (1024x768)
 *
 * The program says that it is ready by a line on its standard output. It runs as a real-time
 * process: what competes for the processor here (this program, the virtual driver's workers) does
 * not count as its work. Devices begin one after another, so that each output has a vblank of its
 * own, as on real panels, and not by chance one with others. Keys:
 *
 *   active_us          awake, per frame: the median, since on a busy machine single frames cost anything
 *   commit_us          from poll's return to the commit's, reply_us: … to the reply's; medians
 *   turns              of its loop, per frame
 *   frames, vblanks    that passed meanwhile (on the first CRTC)
 *   sent, answered     all together, warm-up included: what the program must have counted itself
 *   cursor_moves       CURSOR_POS, all together, in the cursor_ms after the first one was due
 *   first_commit_us    after exec
 *   rss_anon_kib       RssAnon at the end
 */
#include <drm_fourcc.h>
#include <errno.h>
#include <fcntl.h>
#include <glib.h>
#include <linux/sockios.h>
#include <linux/udmabuf.h>
#include <poll.h>
#include <sched.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include <xf86drm.h>
#include <xf86drmMode.h>

#include "../common/send.h"
#include "../meter/meter.h"
#include "vhost_user_gpu.h"

#define DEVICES_MAX 16
#define FIRST_FD 100

/* 16 of them are a period at 30 Hz. */
#define APART_NS 2083333

enum way {
	WAY_SAME,
	WAY_NEW,
	WAY_CURSOR,
	WAY_PIXELS,
	WAY_DIRTY,
	WAY_IDLE,
	WAY_START,
};

struct device {
	int fd;
	int memory; /* memfd that the dma-bufs are made of */
	unsigned int frames; /* answered, or sent where there is no answer */
	unsigned int sent;
};

struct bench {
	unsigned int device_count;
	unsigned int frames;
	unsigned int warm_up;
	unsigned int vblanks; /* 0: `frames` counts */
	bool ending; /* no more frames */
	unsigned int cursor_moves;
	uint64_t cursor_from_ns; /* when the timer was set */
	uint64_t cursor_to_ns; /* the last move's time */
	enum way way;
	uint32_t width;
	uint32_t height;
	struct device devices[DEVICES_MAX];
	int udmabuf;
	int card;
	uint32_t crtc;
	pid_t child;
	uint64_t started_ns; /* CLOCK_MONOTONIC, before exec */
	int meter_fd;
	struct meter *meter;
	uint8_t *update; /* a whole UPDATE message */
	size_t update_size;
};

static void fail(const char *what)
{
	fprintf(stderr, "frames: %s: %s\n", what, strerror(errno));
	exit(1);
}

static uint64_t now_ns(void)
{
	struct timespec time;

	if (clock_gettime(CLOCK_MONOTONIC, &time) < 0)
		fail("clock");
	return (uint64_t)time.tv_sec * 1000000000u + (uint64_t)time.tv_nsec;
}

static bool sends_pixels(const struct bench *bench)
{
	return bench->way == WAY_PIXELS || bench->way == WAY_DIRTY;
}

/* ---- messages ---- */

static void send_dmabuf_scanout(struct bench *bench, struct device *device)
{
	uint32_t stride = bench->width * 4;
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	struct udmabuf_create create = {
		.memfd = (uint32_t)device->memory,
		.flags = UDMABUF_FLAGS_CLOEXEC,
		.size = ((size_t)stride * bench->height + page - 1) / page * page,
	};
	struct {
		struct vhost_user_gpu_header header;
		struct vhost_user_gpu_dmabuf_scanout scanout;
	} __attribute__((packed)) message = {
		{VHOST_USER_GPU_DMABUF_SCANOUT, 0, sizeof(message.scanout)},
		{0, 0, 0, bench->width, bench->height, bench->width, bench->height, stride, 0,
			DRM_FORMAT_XRGB8888},
	};
	int fd = ioctl(bench->udmabuf, UDMABUF_CREATE, &create);

	if (fd < 0)
		fail("udmabuf");
	send_all(device->fd, &message, sizeof(message), fd);
	close(fd);
}

static void send_frame(struct bench *bench, struct device *device)
{
	struct {
		struct vhost_user_gpu_header header;
		struct vhost_user_gpu_update update;
	} __attribute__((packed)) message = {
		{VHOST_USER_GPU_DMABUF_UPDATE, 0, sizeof(message.update)},
		{0, 0, 0, bench->width, bench->height},
	};

	device->sent++;
	if (sends_pixels(bench)) {
		send_all(device->fd, bench->update, bench->update_size, -1);
		return;
	}
	if (bench->way == WAY_NEW)
		send_dmabuf_scanout(bench, device);
	send_all(device->fd, &message, sizeof(message), -1);
}

/* So many positions at once. */
static void send_cursor(struct bench *bench, struct device *device, uint64_t count)
{
	struct {
		struct vhost_user_gpu_header header;
		struct vhost_user_gpu_cursor_pos pos;
	} __attribute__((packed)) messages[64];
	size_t filled = 0;

	while (count-- > 0) {
		int32_t x = (int32_t)(bench->cursor_moves++ % 500);

		messages[filled].header = (struct vhost_user_gpu_header){VHOST_USER_GPU_CURSOR_POS,
			0, sizeof(messages->pos)};
		messages[filled].pos = (struct vhost_user_gpu_cursor_pos){0, x, x / 2};
		filled++;
		if (count > 0 && filled < G_N_ELEMENTS(messages))
			continue;
		send_all(device->fd, messages, filled * sizeof(*messages), -1);
		filled = 0;
	}
	bench->cursor_to_ns = now_ns();
}

static void send_cursor_image(struct device *device)
{
	struct {
		struct vhost_user_gpu_header header;
		struct vhost_user_gpu_cursor_update cursor;
	} __attribute__((packed)) *message = g_malloc0(sizeof(*message));

	message->header.request = VHOST_USER_GPU_CURSOR_UPDATE;
	message->header.size = sizeof(message->cursor);
	memset(message->cursor.data, 0xff, sizeof(message->cursor.data));
	send_all(device->fd, message, sizeof(*message), -1);
	g_free(message);
}

static void prepare_pixels(struct bench *bench)
{
	/* 5 % of the picture as one rectangle in the middle: a quarter wide, a fifth high. */
	bool all = bench->way == WAY_PIXELS;
	uint32_t width = all ? bench->width : bench->width / 4;
	uint32_t height = all ? bench->height : bench->height / 5;
	struct vhost_user_gpu_header header = {VHOST_USER_GPU_UPDATE, 0, 0};
	struct vhost_user_gpu_update update = {0, (bench->width - width) / 2,
		(bench->height - height) / 2, width, height};
	size_t size = (size_t)width * height * 4;

	header.size = (uint32_t)(sizeof(update) + size);
	bench->update_size = sizeof(header) + sizeof(update) + size;
	bench->update = g_malloc(bench->update_size);
	memcpy(bench->update, &header, sizeof(header));
	memcpy(bench->update + sizeof(header), &update, sizeof(update));
	memset(bench->update + sizeof(header) + sizeof(update), 0x5a, size);
}

static void set_scanout(struct bench *bench, struct device *device)
{
	struct {
		struct vhost_user_gpu_header header;
		struct vhost_user_gpu_scanout scanout;
	} __attribute__((packed)) message = {
		{VHOST_USER_GPU_SCANOUT, 0, sizeof(message.scanout)},
		{0, bench->width, bench->height},
	};

	if (sends_pixels(bench))
		send_all(device->fd, &message, sizeof(message), -1);
	else
		send_dmabuf_scanout(bench, device);
	if (bench->way == WAY_CURSOR)
		send_cursor_image(device);
}

/* ---- the program under test ---- */

static void start_child(struct bench *bench, char **command)
{
	int ready[2];
	char byte = 0;
	int ends[DEVICES_MAX];
	/* A whole picture: what a turn finds does not depend on who runs first. */
	const int send_buffer = 1 << 24;
	const struct sched_param priority = {.sched_priority = 1};
	const struct sched_param sender_priority = {.sched_priority = 2};

	if (pipe2(ready, O_CLOEXEC) < 0)
		fail("pipe");
	for (unsigned int i = 0; i < bench->device_count; i++) {
		int pair[2];

		if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) < 0)
			fail("socketpair");
		bench->devices[i].fd = pair[0];
		ends[i] = pair[1];
		if (setsockopt(pair[0], SOL_SOCKET, SO_SNDBUFFORCE, &send_buffer,
			    sizeof(send_buffer)) < 0)
			fail("socket buffer");
	}
	bench->started_ns = now_ns();
	bench->child = fork();
	if (bench->child < 0)
		fail("fork");
	if (bench->child == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		dup2(ready[1], STDOUT_FILENO);
		for (unsigned int i = 0; i < bench->device_count; i++)
			dup2(ends[i], FIRST_FD + (int)i);
		fcntl(bench->meter_fd, F_SETFD, 0);
		if (sched_setscheduler(0, SCHED_FIFO, &priority) < 0)
			fail("real-time priority");
		execvp(command[0], command);
		fail(command[0]);
	}
	close(ready[1]);
	for (unsigned int i = 0; i < bench->device_count; i++)
		close(ends[i]);
	if (read(ready[0], &byte, 1) != 1) {
		errno = ECHILD;
		fail("the program did not become ready");
	}
	if (sends_pixels(bench) && sched_setscheduler(0, SCHED_FIFO, &sender_priority) < 0)
		fail("real-time priority");
}

/* The meter is a library beside this program. */
static void make_meter(struct bench *bench, const char *self)
{
	g_autofree char *folder = g_path_get_dirname(self);
	g_autofree char *library = g_build_filename(folder, "meter.so", NULL);
	char fd[16];

	bench->meter_fd = memfd_create("meter", MFD_CLOEXEC);
	if (bench->meter_fd < 0 || ftruncate(bench->meter_fd, sizeof(*bench->meter)) < 0)
		fail("meter");
	bench->meter = mmap(NULL, sizeof(*bench->meter), PROT_READ | PROT_WRITE, MAP_SHARED,
		bench->meter_fd, 0);
	if (bench->meter == MAP_FAILED)
		fail("meter");
	if (access(library, R_OK) < 0)
		fail(library);
	snprintf(fd, sizeof(fd), "%d", bench->meter_fd);
	g_setenv(METER_ENVIRONMENT, fd, TRUE);
	g_setenv("LD_PRELOAD", library, TRUE);
}

/* Ends it by its signal, so that it can write its counters. */
static int stop_child(struct bench *bench)
{
	int status = 0;

	kill(bench->child, SIGTERM);
	if (waitpid(bench->child, &status, 0) < 0)
		fail("waitpid");
	return status;
}

static void open_card(struct bench *bench)
{
	drmModeRes *resources;

	for (int i = 0; i < 64; i++) {
		char path[32];

		snprintf(path, sizeof(path), "/dev/dri/card%d", i);
		bench->card = open(path, O_RDWR | O_CLOEXEC);
		if (bench->card >= 0)
			break;
	}
	if (bench->card < 0)
		fail("no card");
	drmDropMaster(bench->card);
	resources = drmModeGetResources(bench->card);
	if (!resources || resources->count_crtcs == 0)
		fail("no CRTC");
	bench->crtc = resources->crtcs[0];
	drmModeFreeResources(resources);
}

static uint64_t vblanks(struct bench *bench)
{
	uint64_t sequence = 0;

	if (drmCrtcGetSequence(bench->card, bench->crtc, &sequence, NULL) < 0)
		fail("vblank sequence");
	return sequence;
}

/* ---- measuring ---- */

struct reading {
	uint64_t time_ns;
	uint64_t active_ns;
	uint64_t turns;
	uint32_t commits;
	uint32_t sends;
	uint64_t vblanks;
	uint64_t frames;
};

static struct reading read_clocks(struct bench *bench)
{
	struct reading reading = {
		.time_ns = now_ns(),
		.active_ns = bench->meter->active_ns,
		.turns = bench->meter->turns,
		.commits = bench->meter->commits,
		.sends = bench->meter->sends,
		.vblanks = vblanks(bench),
	};

	for (unsigned int i = 0; i < bench->device_count; i++)
		reading.frames += bench->devices[i].frames;
	return reading;
}

static bool all_have(const struct bench *bench, unsigned int frames)
{
	for (unsigned int i = 0; i < bench->device_count; i++)
		if (bench->devices[i].frames < frames)
			return false;
	return true;
}

static bool all_read(const struct device *device)
{
	int unread = 0;

	if (ioctl(device->fd, SIOCOUTQ, &unread) < 0)
		fail("SIOCOUTQ");
	return unread == 0;
}

/* All that was sent has been answered, or where there is no answer, read. */
static bool all_settled(const struct bench *bench)
{
	for (unsigned int i = 0; i < bench->device_count; i++) {
		const struct device *device = &bench->devices[i];

		if (device->frames < device->sent || (sends_pixels(bench) && !all_read(device)))
			return false;
	}
	return true;
}

/* A reply came: its frame counts, and the next one goes. */
static void answered(struct bench *bench, struct device *device)
{
	struct vhost_user_gpu_header reply;

	if (recv(device->fd, &reply, sizeof(reply), MSG_WAITALL) != sizeof(reply) ||
		reply.request != VHOST_USER_GPU_DMABUF_UPDATE) {
		errno = EPROTO;
		fail("reply");
	}
	device->frames++;
	if (!bench->ending)
		send_frame(bench, device);
}

/* The timer's turn: a cursor position for each time that it expired, or with pixels (which have no
 * answer) a frame if the last one is read. */
static void timer_expired(struct bench *bench, int timer)
{
	uint64_t count = 0;

	if (read(timer, &count, sizeof(count)) != sizeof(count))
		fail("timer");
	for (unsigned int i = 0; i < bench->device_count; i++) {
		struct device *device = &bench->devices[i];

		if (bench->ending)
			continue;
		if (!sends_pixels(bench)) {
			send_cursor(bench, device, count);
			continue;
		}
		if (!all_read(device))
			continue;
		send_frame(bench, device);
		device->frames++;
	}
}

/* One turn of this program's loop. */
static void turn(struct bench *bench, int timer)
{
	struct pollfd fds[DEVICES_MAX + 1];

	for (unsigned int i = 0; i < bench->device_count; i++)
		fds[i] = (struct pollfd){.fd = bench->devices[i].fd, .events = POLLIN};
	fds[bench->device_count] = (struct pollfd){.fd = timer, .events = POLLIN};
	if (poll(fds, bench->device_count + 1, 10000) <= 0) {
		errno = ETIMEDOUT;
		fail("nothing happens");
	}
	for (unsigned int i = 0; i < bench->device_count; i++)
		if (fds[i].revents)
			answered(bench, &bench->devices[i]);
	if (fds[bench->device_count].revents)
		timer_expired(bench, timer);
}

static void run_frames(struct bench *bench, unsigned int frames, int timer)
{
	while (!all_have(bench, frames))
		turn(bench, timer);
}

/* Ends as it begins, with an answer: a cursor's turn may see a vblank before the frame's answer is
 * here. */
static void run_vblanks(struct bench *bench, int timer)
{
	uint64_t end = vblanks(bench) + bench->vblanks;
	unsigned int frames;

	do {
		frames = bench->devices[0].frames;
		turn(bench, timer);
	} while (vblanks(bench) < end || bench->devices[0].frames == frames);
}

/* Lets what is under way come to its end, so that both sides have counted the same. */
static void settle(struct bench *bench, int timer)
{
	bench->ending = true;
	while (!all_settled(bench))
		turn(bench, timer);
}

static int create_timer(struct bench *bench)
{
	long period = sends_pixels(bench) ? 16666667 : 1000000;
	struct itimerspec when = {{0, period}, {0, period}};
	int timer;

	if (!sends_pixels(bench) && bench->way != WAY_CURSOR)
		return -1;
	bench->cursor_from_ns = now_ns();
	timer = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC);
	if (timer < 0 || timerfd_settime(timer, 0, &when, NULL) < 0)
		fail("timer");
	return timer;
}

static int compare(const void *a, const void *b)
{
	uint32_t left = *(const uint32_t *)a;
	uint32_t right = *(const uint32_t *)b;

	return (left > right) - (left < right);
}

/* The median of samples from `from` to `to`, in microseconds. Sorts them. */
static double median_us(uint32_t *samples, uint32_t from, uint32_t to)
{
	to = MIN(to, METER_SAMPLES);
	if (from >= to)
		return 0;
	qsort(samples + from, to - from, sizeof(*samples), compare);
	uint32_t middle = from + (to - from) / 2;

	return samples[middle] / 1000.0;
}

/* How long the program was awake for a frame of each device, over their number: the median. */
static double active_us(const struct bench *bench, uint32_t from, uint32_t to)
{
	const uint64_t *at = bench->meter->commit_active_ns;
	uint32_t stride = bench->device_count;
	g_autofree uint32_t *windows = g_new0(uint32_t, METER_SAMPLES);
	uint32_t count = 0;

	to = MIN(to, METER_SAMPLES);
	for (uint32_t i = from; i + stride < to; i += stride)
		windows[count++] = (uint32_t)(at[i + stride] - at[i]);
	return median_us(windows, 0, count) / stride;
}

static unsigned long rss_anon_kib(const struct bench *bench)
{
	g_autofree char *path = g_strdup_printf("/proc/%d/status", (int)bench->child);
	g_autofree char *text = NULL;
	const char *line;

	if (!g_file_get_contents(path, &text, NULL, NULL))
		fail(path);
	line = strstr(text, "\nRssAnon:");
	if (!line)
		fail("RssAnon");
	return strtoul(line + strlen("\nRssAnon:"), NULL, 10);
}

static void report(struct bench *bench, const struct reading *from, const struct reading *to)
{
	double frames = (double)(to->frames - from->frames);
	unsigned int sent = 0, settled = 0;

	for (unsigned int i = 0; i < bench->device_count; i++) {
		sent += bench->devices[i].sent;
		settled += bench->devices[i].frames;
	}
	printf("{\"active_us\": %.2f, \"turns\": %.2f, \"commit_us\": %.2f, \"reply_us\": %.2f, "
	       "\"frames\": %.0f, \"vblanks\": %.0f, \"milliseconds\": %.1f, "
	       "\"first_commit_us\": %.0f, \"sent\": %u, \"answered\": %u, "
	       "\"cursor_moves\": %u, \"cursor_ms\": %.1f, \"rss_anon_kib\": %lu}\n",
		active_us(bench, from->commits, to->commits),
		frames > 0 ? (double)(to->turns - from->turns) / frames : 0,
		median_us(bench->meter->commit_ns, from->commits, to->commits),
		median_us(bench->meter->send_ns, from->sends, to->sends), frames,
		(double)(to->vblanks - from->vblanks), (double)(to->time_ns - from->time_ns) / 1e6,
		(double)(bench->meter->first_commit_ns - bench->started_ns) / 1000, sent, settled,
		bench->cursor_moves,
		bench->cursor_moves ? (double)(bench->cursor_to_ns - bench->cursor_from_ns) / 1e6
				    : 0,
		rss_anon_kib(bench));
}

static void make_memory(struct bench *bench)
{
	size_t size = (size_t)bench->width * bench->height * 4 + 65536;

	bench->udmabuf = open("/dev/udmabuf", O_RDWR | O_CLOEXEC);
	if (bench->udmabuf < 0)
		fail("/dev/udmabuf");
	for (unsigned int i = 0; i < bench->device_count; i++) {
		int fd = memfd_create("frames", MFD_CLOEXEC | MFD_ALLOW_SEALING);

		if (fd < 0 || ftruncate(fd, (off_t)size) < 0 ||
			fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK) < 0)
			fail("memfd");
		bench->devices[i].memory = fd;
	}
}

static void parse(struct bench *bench, int *argc, char ***argv)
{
	static const char *const ways[] = {"same", "new", "cursor", "pixels", "dirty", "idle",
		"start", NULL};
	g_autoptr(GOptionContext) context = g_option_context_new("-- COMMAND…");
	g_autoptr(GError) error = NULL;
	g_autofree char *way = g_strdup("same");
	g_autofree char *size = g_strdup("1024x768");
	int devices = 1;
	int frames = 300;
	int warm_up = 30;
	int vblank_count = 0;
	const GOptionEntry entries[] = {
		{"devices", 0, 0, G_OPTION_ARG_INT, &devices, "Display sockets", "N"},
		{"frames", 0, 0, G_OPTION_ARG_INT, &frames, "Frames that count", "N"},
		{"vblanks", 0, 0, G_OPTION_ARG_INT, &vblank_count, "Vblanks instead", "N"},
		{"warm-up", 0, 0, G_OPTION_ARG_INT, &warm_up, "Frames before", "N"},
		{"way", 0, 0, G_OPTION_ARG_STRING, &way, "What is sent", "WAY"},
		{"size", 0, 0, G_OPTION_ARG_STRING, &size, "Of the picture", "WxH"},
		{NULL},
	};
	unsigned int index = 0;

	g_option_context_set_strict_posix(context, TRUE);
	g_option_context_add_main_entries(context, entries, NULL);
	if (!g_option_context_parse(context, argc, argv, &error)) {
		fprintf(stderr, "frames: %s\n", error->message);
		exit(2);
	}
	while (ways[index] && strcmp(ways[index], way) != 0)
		index++;
	if (!ways[index] || devices < 1 || devices > DEVICES_MAX || *argc < 2 ||
		sscanf(size, "%ux%u", &bench->width, &bench->height) != 2) {
		fprintf(stderr, "frames: see the head of the source\n");
		exit(2);
	}
	bench->way = (enum way)index;
	bench->device_count = (unsigned int)devices;
	bench->frames = (unsigned int)frames;
	bench->warm_up = (unsigned int)warm_up;
	bench->vblanks = (unsigned int)vblank_count;
}

/* The questions of a back-end that starts, and their answers. */
static void ask(struct device *device)
{
	static const uint32_t questions[] = {VHOST_USER_GPU_GET_PROTOCOL_FEATURES,
		VHOST_USER_GPU_GET_DISPLAY_INFO};
	uint8_t payload[sizeof(struct virtio_gpu_resp_edid)];

	for (size_t i = 0; i < G_N_ELEMENTS(questions); i++) {
		struct vhost_user_gpu_header header = {questions[i], 0, 0};

		send_all(device->fd, &header, sizeof(header), -1);
		if (recv(device->fd, &header, sizeof(header), MSG_WAITALL) != sizeof(header) ||
			header.request != questions[i] || header.size > sizeof(payload) ||
			recv(device->fd, payload, header.size, MSG_WAITALL) !=
				(ssize_t)header.size) {
			errno = EPROTO;
			fail("answer");
		}
	}
}

static void show_frames(struct bench *bench)
{
	const struct timespec apart = {0, APART_NS};
	struct reading from, to;
	int timer;

	open_card(bench);
	for (unsigned int i = 0; i < bench->device_count; i++) {
		set_scanout(bench, &bench->devices[i]);
		send_frame(bench, &bench->devices[i]);
		bench->devices[i].frames += sends_pixels(bench);
		if (bench->device_count > 1)
			nanosleep(&apart, NULL);
	}
	timer = create_timer(bench);
	run_frames(bench, bench->warm_up, timer);
	from = read_clocks(bench);
	if (bench->vblanks)
		run_vblanks(bench, timer);
	else
		run_frames(bench, bench->warm_up + bench->frames, timer);
	to = read_clocks(bench);
	settle(bench, timer);
	report(bench, &from, &to);
}

int main(int argc, char **argv)
{
	struct bench bench = {.card = -1};
	int status;

	parse(&bench, &argc, &argv);
	make_meter(&bench, argv[0]);
	/* "--" stays in place where options came before it. */
	argv += strcmp(argv[1], "--") == 0 ? 2 : 1;
	if (sends_pixels(&bench))
		prepare_pixels(&bench);
	else if (bench.way < WAY_IDLE)
		make_memory(&bench);
	start_child(&bench, argv);
	if (bench.way < WAY_IDLE) {
		show_frames(&bench);
	} else {
		const struct reading none = {0};

		for (unsigned int i = 0; bench.way == WAY_IDLE && i < bench.device_count; i++)
			ask(&bench.devices[i]);
		report(&bench, &none, &none);
	}
	status = stop_child(&bench);
	return WIFSIGNALED(status) || WEXITSTATUS(status) == 0 ? 0 : 1;
}
