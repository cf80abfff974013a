/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * native-frames [options]: the daemon's way of a frame (channel, guest, view, kms/), or the bare
 * loop, in this process with the libdrm double in the kernel's place; this program plays back-ends
 * and vblanks. Prints one line of JSON.
 *
 *   --side ours|bare
 *   --outputs N     devices, each on an output of its own (1)
 *   --frames N      of each device that count (1000), after --warm-up N (100)
 *   --way WAY       same    DMABUF_UPDATE of one dma-buf, again and again
 *                   new     DMABUF_SCANOUT of a new dma-buf before each DMABUF_UPDATE
 *                   pixels  an UPDATE of everything, 60 a second, by another process
 *                   dirty   an UPDATE of 5 % of the picture, 60 a second, by another process
 *   --together      all outputs have their vblank at the same time, else one after the other
 *   --meter         the daemon's stall meter measures the loop, as it does in the daemon
 *
 * Keys: commit_ns, commit_p99_ns: from when poll can return a DMABUF_UPDATE to the end of the
 * dispatch that committed it; reply_ns, reply_p99_ns: the same from the page-flip event to the
 * reply; frame_ns: all turns of the loop that belong to a frame, the median. With pixels cpu_us:
 * this process's CPU time per frame.
 *
 * For instruction counts run it under callgrind with --toggle-collect=measured_turns, which leaves
 * out what this program does for back-ends and vblanks, and --toggle-collect=drmModeAtomicCommit,
 * which leaves out the kernel's part (and counts it alone where that is outside of measured turns:
 * take the difference of two runs).
 */
#include <drm_fourcc.h>
#include <errno.h>
#include <fcntl.h>
#include <glib-unix.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "../common/bare.h"
#include "../common/pixels.h"
#include "../common/send.h"
#include "drm_double.h"
#include "kms.h"
#include "report/stall.h"
#include "scene/guest.h"
#include "scene/layout.h"
#include "vhost_user_gpu.h"

#define OUTPUTS_MAX BARE_DEVICES_MAX
#define POLL_MAX 64

#define WIDTH 1024u
#define HEIGHT 768u
#define PIXELS_MODE "148.500 1920 2008 2052 2200 1080 1084 1089 1125"
#define PIXELS_WIDTH 1920u
#define PIXELS_HEIGHT 1080u

enum way {
	WAY_SAME,
	WAY_NEW,
	WAY_PIXELS,
	WAY_DIRTY,
};

struct bench {
	bool bare;
	bool together;
	bool meter;
	unsigned int outputs;
	unsigned int frames;
	unsigned int warm_up;
	enum way way;
	int fds[OUTPUTS_MAX]; /* the back-ends' ends */
	int dmabuf;
	GMainLoop *loop;
	/* ours */
	struct layout *layout;
	struct kms_device *device;
	struct guest *guests[OUTPUTS_MAX];
	struct guest_state *states;
	/* theirs */
	struct bare *theirs;
	/* samples, one a frame */
	uint32_t *commit_ns, *reply_ns, *frame_ns;
	unsigned int samples;
	int64_t cpu_from_ns, cpu_ns;
};

static void fail(const char *what)
{
	fprintf(stderr, "native-frames: %s: %s\n", what, strerror(errno));
	exit(1);
}

static void expect(bool condition, const char *what)
{
	if (condition)
		return;
	fprintf(stderr, "native-frames: %s\n", what);
	exit(1);
}

static int64_t clock_ns(clockid_t clock)
{
	struct timespec time;

	if (clock_gettime(clock, &time) < 0)
		fail("clock");
	return (int64_t)time.tv_sec * 1000000000 + time.tv_nsec;
}

/* ---- the loop: as g_main_loop_run() does it, but this returns where that would sleep ---- */

static GPollFD poll_fds[POLL_MAX];
static int poll_count;
static int poll_timeout;
static int poll_priority;
static bool prepared;

static int64_t run_ready(void)
{
	GMainContext *context = g_main_context_default();
	int64_t first_ns = 0;

	for (;;) {
		if (!prepared) {
			g_main_context_prepare(context, &poll_priority);
			poll_count = g_main_context_query(context, poll_priority, &poll_timeout,
				poll_fds, POLL_MAX);
			prepared = true;
		}
		if (g_poll(poll_fds, (guint)poll_count, 0) == 0 && poll_timeout != 0)
			return first_ns;
		if (g_main_context_check(context, poll_priority, poll_fds, poll_count))
			g_main_context_dispatch(context);
		prepared = false;
		if (!first_ns)
			first_ns = clock_ns(CLOCK_MONOTONIC);
	}
}

/* What counts. Returns when its first turn was through. */
__attribute__((noinline)) static int64_t measured_turns(void)
{
	return run_ready();
}

static void turns(struct bench *bench, bool count, uint32_t *first_ns)
{
	int64_t begin_ns, end_ns;

	if (!count) {
		run_ready();
		return;
	}
	begin_ns = clock_ns(CLOCK_MONOTONIC);
	end_ns = measured_turns();
	first_ns[bench->samples] = (uint32_t)(end_ns - begin_ns);
	bench->frame_ns[bench->samples] += (uint32_t)(clock_ns(CLOCK_MONOTONIC) - begin_ns);
}

/* ---- back-ends ---- */

/* What procfs says of the memfds that stand for dma-bufs. */
int openat(int folder, const char *path, int flags, ...)
{
	static const char info[] = "pos:\t0\nflags:\t02\nmnt_id:\t1\nino:\t1\nexp_name:\tudmabuf\n";
	static char info_path[32];
	va_list arguments;
	mode_t mode;

	va_start(arguments, flags);
	mode = va_arg(arguments, mode_t);
	va_end(arguments);
	if (!g_str_has_prefix(path, "/proc/self/fdinfo/"))
		return (int)syscall(SYS_openat, folder, path, flags, mode);
	if (!info_path[0]) {
		int fd = memfd_create("fdinfo", MFD_CLOEXEC);

		if (write(fd, info, sizeof(info) - 1) < 0)
			fail("fdinfo");
		g_snprintf(info_path, sizeof(info_path), "/proc/self/fd/%d", fd);
	}
	return (int)syscall(SYS_openat, AT_FDCWD, info_path, O_RDONLY | O_CLOEXEC);
}

static void send_dmabuf(struct bench *bench, unsigned int device)
{
	struct {
		struct vhost_user_gpu_header header;
		struct vhost_user_gpu_dmabuf_scanout scanout;
	} __attribute__((packed)) message = {
		{VHOST_USER_GPU_DMABUF_SCANOUT, 0, sizeof(message.scanout)},
		{0, 0, 0, WIDTH, HEIGHT, WIDTH, HEIGHT, WIDTH * 4, 0, DRM_FORMAT_XRGB8888},
	};
	/* The double knows a buffer by its inode. */
	int fd = memfd_create("native-frames", MFD_CLOEXEC);

	if (fd < 0 || ftruncate(fd, WIDTH * HEIGHT * 4) < 0)
		fail("memfd");
	send_all(bench->fds[device], &message, sizeof(message), fd);
	close(fd);
}

static void send_update(struct bench *bench, unsigned int device)
{
	const struct {
		struct vhost_user_gpu_header header;
		struct vhost_user_gpu_update update;
	} __attribute__((packed)) message = {
		{VHOST_USER_GPU_DMABUF_UPDATE, 0, sizeof(message.update)},
		{0, 0, 0, WIDTH, HEIGHT},
	};

	if (send(bench->fds[device], &message, sizeof(message), MSG_NOSIGNAL) !=
		(ssize_t)sizeof(message))
		fail("send");
}

static void receive_reply(struct bench *bench, unsigned int device)
{
	struct vhost_user_gpu_header reply;

	expect(recv(bench->fds[device], &reply, sizeof(reply), MSG_DONTWAIT) ==
				(ssize_t)sizeof(reply) &&
			reply.request == VHOST_USER_GPU_DMABUF_UPDATE,
		"no reply to a frame that is on the screen");
}

/* A frame of each of these devices, from its message to its reply. */
static void show(struct bench *bench, unsigned int from, unsigned int to, bool count)
{
	unsigned int commits = double_counters.commits;

	for (unsigned int i = from; i < to; i++) {
		/* One message after the other, as a guest sends them. */
		if (bench->way == WAY_NEW) {
			send_dmabuf(bench, i);
			turns(bench, count, bench->commit_ns);
		}
		send_update(bench, i);
	}
	turns(bench, count, bench->commit_ns);
	expect(double_counters.commits == commits + to - from, "a frame was not committed once");
	for (unsigned int i = from; i < to; i++)
		expect(double_flip(i), "no commit in flight");
	turns(bench, count, bench->reply_ns);
	for (unsigned int i = from; i < to; i++)
		receive_reply(bench, i);
	bench->samples += count;
}

static void show_all(struct bench *bench, bool count)
{
	if (bench->together) {
		show(bench, 0, bench->outputs, count);
		return;
	}
	for (unsigned int i = 0; i < bench->outputs; i++)
		show(bench, i, i + 1, count);
}

/* ---- who shows them ---- */

static void device_gone(void *data)
{
	expect(false, "the card is gone");
}

static void open_ours(struct bench *bench, int card, const int *fds, const char *mode)
{
	const struct kms_device_options options = {.fd = card};
	struct layout_guest guests[OUTPUTS_MAX] = {0};
	struct layout_options layout = {.guests = guests, .guest_count = bench->outputs};
	static const struct layout_listener listener = {.device_gone = device_gone};
	g_autoptr(GError) error = NULL;

	bench->states = g_new0(struct guest_state, bench->outputs);
	for (unsigned int i = 0; i < bench->outputs; i++) {
		g_autofree char *name = g_strdup_printf("guest%u", i);
		const struct guest_options guest = {.name = name};

		bench->guests[i] = guest_create(&guest, &bench->states[i]);
		guests[i] = (struct layout_guest){.guest = bench->guests[i],
			.mode = mode,
			.blank_after_ms = LAYOUT_NEVER,
			.off_after_ms = LAYOUT_NEVER};
	}
	bench->layout = layout_create(&layout, &listener, bench);
	bench->device = kms_device_create(&options, layout_kms_listener(), bench->layout, &error);
	expect(bench->device != NULL, "the double was not opened");
	for (unsigned int i = 0; i < bench->outputs; i++)
		guest_set_device(bench->guests[i], 0, bench->device);
	layout_set_device(bench->layout, 0, bench->device);
	for (unsigned int i = 0; i < bench->outputs; i++)
		guest_attach(bench->guests[i], fds[i]);
}

/* A monitor without one is asked again for a while, which is no part of a frame. */
static void give_edids(unsigned int outputs)
{
	uint8_t edid[128] = {0, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0, 0x4c, 0x64};

	edid[18] = 1; /* version 1.3 */
	edid[19] = 3;
	for (size_t i = 0; i < sizeof(edid) - 1; i++)
		edid[sizeof(edid) - 1] = (uint8_t)(edid[sizeof(edid) - 1] - edid[i]);
	for (unsigned int i = 0; i < outputs; i++)
		double_set_edid(i, edid, sizeof(edid));
}

static void open_theirs(struct bench *bench, int card, const int *fds, const char *mode)
{
	const struct bare_options options = {
		.card = card,
		.fds = fds,
		.count = bench->outputs,
		.mode = mode,
		.pixels = bench->way >= WAY_PIXELS,
		.loop = bench->loop,
	};

	bench->theirs = bare_create(&options);
}

static void open_side(struct bench *bench)
{
	bool pixels = bench->way >= WAY_PIXELS;
	const char *mode = pixels ? PIXELS_MODE : NULL;
	int fds[OUTPUTS_MAX] = {0};
	int card;

	double_reset();
	double_card.crtcs = bench->outputs;
	double_card.events_at_once = pixels;
	card = double_open();
	give_edids(bench->outputs);
	for (unsigned int i = 0; i < bench->outputs; i++) {
		int pair[2];

		if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) < 0)
			fail("socketpair");
		bench->fds[i] = pair[0];
		fds[i] = pair[1];
	}
	bench->loop = g_main_loop_new(NULL, FALSE);
	if (bench->meter)
		stall_create(NULL);
	if (bench->bare)
		open_theirs(bench, card, fds, mode);
	else
		open_ours(bench, card, fds, mode);
}

/* What the daemon counted is what was shown here. */
static void check_counters(const struct bench *bench, uint64_t frames)
{
	expect(double_faults() == NULL, "the double found a fault");
	for (unsigned int i = 0; i < bench->outputs && !bench->bare; i++) {
		const struct guest_counters *counters = guest_counters(bench->guests[i]);
		const struct kms_output_counters *output = kms_output_counters(
			kms_device_output(bench->device, i));

		if (bench->way >= WAY_PIXELS) {
			expect(counters->pixel_updates == frames, "updates were lost");
			/* Two that were read at once are one frame. */
			expect(output->frames_shown >= frames * 9 / 10, "updates were not shown");
		} else {
			expect(counters->frames == frames &&
					counters->replies[REPLY_FLIP] == frames &&
					output->frames_shown == frames,
				"the daemon has counted something else");
		}
	}
}

/* ---- pixels, from another process ---- */

static gboolean hear(int fd, GIOCondition condition, gpointer data)
{
	struct bench *bench = data;
	char word = 0;

	if (read(fd, &word, 1) != 1)
		fail("the sender is gone");
	if (word == PIXELS_BEGUN) {
		bench->cpu_from_ns = clock_ns(CLOCK_PROCESS_CPUTIME_ID);
		return G_SOURCE_CONTINUE;
	}
	bench->cpu_ns = clock_ns(CLOCK_PROCESS_CPUTIME_ID) - bench->cpu_from_ns;
	g_main_loop_quit(bench->loop);
	return G_SOURCE_REMOVE;
}

static void run_pixels(struct bench *bench)
{
	const struct pixels_options options = {
		.fd = bench->fds[0],
		.width = PIXELS_WIDTH,
		.height = PIXELS_HEIGHT,
		.dirty = bench->way == WAY_DIRTY,
		.warm_up = bench->warm_up,
		.frames = bench->frames,
	};
	int words = pixels_start(&options);

	g_unix_fd_add(words, G_IO_IN, hear, bench);
	g_main_loop_run(bench->loop);
	check_counters(bench, (uint64_t)bench->warm_up + bench->frames);
	expect(double_counters.commits >= bench->frames * 9 / 10, "updates were not committed");
	printf("{\"cpu_us\": %.2f, \"commits\": %u}\n",
		(double)bench->cpu_ns / 1000 / bench->frames, double_counters.commits);
}

/* ---- DMABUFs ---- */

static int compare(const void *a, const void *b)
{
	uint32_t left = *(const uint32_t *)a;
	uint32_t right = *(const uint32_t *)b;

	return (left > right) - (left < right);
}

static uint32_t percentile(uint32_t *samples, unsigned int count, unsigned int percent)
{
	qsort(samples, count, sizeof(*samples), compare);
	return samples[MIN(count - 1, count * percent / 100)];
}

static void run_dmabufs(struct bench *bench)
{
	unsigned int count = bench->frames * (bench->together ? 1 : bench->outputs);
	unsigned int devices = bench->together ? bench->outputs : 1;

	bench->commit_ns = g_new0(uint32_t, count);
	bench->reply_ns = g_new0(uint32_t, count);
	bench->frame_ns = g_new0(uint32_t, count);
	g_main_context_acquire(g_main_context_default());
	run_ready();
	for (unsigned int i = 0; i < bench->outputs; i++)
		send_dmabuf(bench, i);
	run_ready();
	for (unsigned int i = 0; i < bench->warm_up; i++)
		show_all(bench, false);
	for (unsigned int i = 0; i < bench->frames; i++)
		show_all(bench, true);
	check_counters(bench, (uint64_t)bench->warm_up + bench->frames);
	printf("{\"frame_ns\": %.1f, \"commit_ns\": %u, \"commit_p99_ns\": %u, \"reply_ns\": %u, "
	       "\"reply_p99_ns\": %u, \"frames\": %u}\n",
		(double)percentile(bench->frame_ns, count, 50) / devices,
		percentile(bench->commit_ns, count, 50), percentile(bench->commit_ns, count, 99),
		percentile(bench->reply_ns, count, 50), percentile(bench->reply_ns, count, 99),
		bench->frames * bench->outputs);
}

int main(int argc, char **argv)
{
	static const char *const ways[] = {"same", "new", "pixels", "dirty", NULL};
	g_autoptr(GOptionContext) context = g_option_context_new(NULL);
	g_autoptr(GError) error = NULL;
	g_autofree char *side = g_strdup("ours");
	g_autofree char *way = g_strdup("same");
	int outputs = 1, frames = 1000, warm_up = 100;
	gboolean together = FALSE, meter = FALSE;
	const GOptionEntry entries[] = {
		{"side", 0, 0, G_OPTION_ARG_STRING, &side, "ours or bare", "SIDE"},
		{"outputs", 0, 0, G_OPTION_ARG_INT, &outputs, "Devices and outputs", "N"},
		{"frames", 0, 0, G_OPTION_ARG_INT, &frames, "Frames that count", "N"},
		{"warm-up", 0, 0, G_OPTION_ARG_INT, &warm_up, "Frames before", "N"},
		{"way", 0, 0, G_OPTION_ARG_STRING, &way, "What is sent", "WAY"},
		{"together", 0, 0, G_OPTION_ARG_NONE, &together, "One vblank for all", NULL},
		{"meter", 0, 0, G_OPTION_ARG_NONE, &meter, "With the stall meter", NULL},
		{NULL},
	};
	struct bench bench = {0};
	unsigned int index = 0;

	g_option_context_add_main_entries(context, entries, NULL);
	if (!g_option_context_parse(context, &argc, &argv, &error)) {
		fprintf(stderr, "native-frames: %s\n", error->message);
		return 2;
	}
	while (ways[index] && strcmp(ways[index], way) != 0)
		index++;
	if (!ways[index] || outputs < 1 || outputs > OUTPUTS_MAX || frames < 1 || warm_up < 1) {
		fprintf(stderr, "native-frames: see the head of the source\n");
		return 2;
	}
	bench.bare = strcmp(side, "bare") == 0;
	bench.together = together;
	bench.meter = meter;
	bench.outputs = (unsigned int)outputs;
	bench.frames = (unsigned int)frames;
	bench.warm_up = (unsigned int)warm_up;
	bench.way = (enum way)index;
	open_side(&bench);
	if (bench.way >= WAY_PIXELS)
		run_pixels(&bench);
	else
		run_dmabufs(&bench);
	return 0;
}
