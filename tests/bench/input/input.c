/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * input SIDE [ARGUMENT…]: how long a motion of the host's mouse takes to the guest. Prints one line
 * of JSON: events, and the median and p99.
 *
 *   bare                    from write() to uinput until an eventfd is readable: a GLib loop in
 *                           another process reads the evdev node and writes it
 *   libinput                the same, but the loop reads by libinput, whatever comes of it
 *   ours SOCKET COMMAND…    until the event is in the guest's queue and its call readable; COMMAND is
 *                           the daemon, SOCKET its pointer's, and it says that it is ready by a
 *                           line on its standard output
 *   native-ours | native-bare   without a host's device: from a seat's event to the call, against two
 *                           values stored and an eventfd written, in one process
 *
 * The first three run in the lab, which has uinput and udev.
 */
#include <errno.h>
#include <fcntl.h>
#include <glib-unix.h>
#include <libevdev/libevdev-uinput.h>
#include <libevdev/libevdev.h>
#include <libinput.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "driver.h"
#include "input/focus.h"
#include "input/machine.h"

#define EVENTS 500
#define NATIVE_EVENTS 20000
#define WARM_UP 20
#define PERIOD_NS 4000000 /* between two events: each finds everybody asleep */
#define PATIENCE_MS 20000

static void fail(const char *what)
{
	fprintf(stderr, "input: %s: %s\n", what, strerror(errno));
	exit(1);
}

static int64_t now_ns(void)
{
	struct timespec time;

	if (clock_gettime(CLOCK_MONOTONIC, &time) < 0)
		fail("clock");
	return (int64_t)time.tv_sec * 1000000000 + time.tv_nsec;
}

static int compare(const void *a, const void *b)
{
	int64_t left = *(const int64_t *)a;
	int64_t right = *(const int64_t *)b;

	return (left > right) - (left < right);
}

static void print_samples(int64_t *samples, size_t count)
{
	qsort(samples, count, sizeof(*samples), compare);
	printf("{\"events\": %zu, \"event_ns\": %lld, \"event_p99_ns\": %lld}\n", count,
		(long long)samples[count / 2], (long long)samples[count * 99 / 100]);
}

/* ---- the mouse ---- */

static struct libevdev_uinput *plug_mouse(void)
{
	struct libevdev *device = libevdev_new();
	struct libevdev_uinput *mouse;
	int error;

	libevdev_set_name(device, "bench");
	libevdev_enable_event_code(device, EV_KEY, BTN_LEFT, NULL);
	libevdev_enable_event_code(device, EV_KEY, BTN_RIGHT, NULL);
	libevdev_enable_event_code(device, EV_REL, REL_X, NULL);
	libevdev_enable_event_code(device, EV_REL, REL_Y, NULL);
	error = libevdev_uinput_create_from_device(device, LIBEVDEV_UINPUT_OPEN_MANAGED, &mouse);
	libevdev_free(device);
	if (error < 0) {
		errno = -error;
		fail("uinput");
	}
	if (system("udevadm settle") != 0) {
		errno = ETIMEDOUT;
		fail("udevadm");
	}
	return mouse;
}

/* One step to the right, as one write. */
static void move_mouse(const struct libevdev_uinput *mouse)
{
	const struct input_event events[2] = {
		{.type = EV_REL, .code = REL_X, .value = 1},
		{.type = EV_SYN, .code = SYN_REPORT},
	};

	if (write(libevdev_uinput_get_fd(mouse), events, sizeof(events)) != sizeof(events))
		fail("uinput");
}

static void await(int fd)
{
	struct pollfd wait = {.fd = fd, .events = POLLIN};

	if (poll(&wait, 1, PATIENCE_MS) == 1)
		return;
	errno = ETIMEDOUT;
	fail("a motion does not come");
}

/* ---- the other process ---- */

struct reader {
	int fd; /* the node's */
	int answer_fd;
	struct libinput *libinput;
};

static void end_with_parent(void)
{
	prctl(PR_SET_PDEATHSIG, SIGKILL);
}

static gboolean node_readable(gint fd, GIOCondition condition, gpointer data)
{
	const struct reader *reader = data;
	struct input_event events[64];
	ssize_t size = read(fd, events, sizeof(events));

	for (ssize_t i = 0; i < size / (ssize_t)sizeof(events[0]); i++) {
		if (events[i].type == EV_SYN && events[i].code == SYN_REPORT)
			eventfd_write(reader->answer_fd, 1);
	}
	return G_SOURCE_CONTINUE;
}

static gboolean libinput_readable(gint fd, GIOCondition condition, gpointer data)
{
	const struct reader *reader = data;
	struct libinput_event *event;

	libinput_dispatch(reader->libinput);
	while ((event = libinput_get_event(reader->libinput)) != NULL) {
		if (libinput_event_get_type(event) == LIBINPUT_EVENT_POINTER_MOTION)
			eventfd_write(reader->answer_fd, 1);
		libinput_event_destroy(event);
	}
	return G_SOURCE_CONTINUE;
}

static int open_node(const char *path, int flags, void *data)
{
	int fd = open(path, flags | O_CLOEXEC);

	if (fd < 0)
		return -errno;
	return fd;
}

static void close_node(int fd, void *data)
{
	close(fd);
}

/* Answers once when it is ready, and then each motion. */
static pid_t start_reader(struct libevdev_uinput *mouse, bool by_libinput, int answer_fd)
{
	static const struct libinput_interface interface = {open_node, close_node};
	const char *node = libevdev_uinput_get_devnode(mouse);
	struct reader reader = {.fd = -1, .answer_fd = answer_fd};
	pid_t child = fork();

	if (child < 0)
		fail("fork");
	if (child > 0)
		return child;
	end_with_parent();
	if (by_libinput) {
		reader.libinput = libinput_path_create_context(&interface, NULL);
		if (!reader.libinput || !libinput_path_add_device(reader.libinput, node))
			fail("libinput");
		g_unix_fd_add(libinput_get_fd(reader.libinput), G_IO_IN, libinput_readable,
			&reader);
		libinput_readable(0, G_IO_IN, &reader);
	} else {
		reader.fd = open(node, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
		if (reader.fd < 0)
			fail(node);
		g_unix_fd_add(reader.fd, G_IO_IN, node_readable, &reader);
	}
	eventfd_write(answer_fd, 1);
	for (;;)
		g_main_context_iteration(NULL, TRUE);
}

static pid_t start_daemon(char **command)
{
	int ready[2];
	char byte;
	pid_t child;

	if (pipe2(ready, O_CLOEXEC) < 0)
		fail("pipe");
	child = fork();
	if (child < 0)
		fail("fork");
	if (child == 0) {
		end_with_parent();
		dup2(ready[1], STDOUT_FILENO);
		execvp(command[0], command);
		fail(command[0]);
	}
	close(ready[1]);
	if (read(ready[0], &byte, 1) != 1) {
		errno = ECHILD;
		fail("the program did not become ready");
	}
	close(ready[0]);
	return child;
}

/* ---- sides ---- */

/* The motion is in the ring, and what follows it. */
static bool take_motion(struct driver *driver)
{
	struct virtio_input_event event;
	bool moved = false;

	while (driver_take(driver, &event))
		moved |= event.type == EV_REL && event.code == REL_X && event.value == 1;
	return moved;
}

static void measure_reader(bool by_libinput, int64_t *samples)
{
	struct libevdev_uinput *mouse = plug_mouse();
	int answer_fd = eventfd(0, EFD_CLOEXEC);
	pid_t child = start_reader(mouse, by_libinput, answer_fd);
	eventfd_t count;

	await(answer_fd);
	eventfd_read(answer_fd, &count);
	for (int i = -WARM_UP; i < EVENTS; i++) {
		int64_t begin_ns = now_ns();

		move_mouse(mouse);
		await(answer_fd);
		samples[MAX(i, 0)] = now_ns() - begin_ns;
		eventfd_read(answer_fd, &count);
		nanosleep(&(struct timespec){0, PERIOD_NS}, NULL);
	}
	kill(child, SIGKILL);
	waitpid(child, NULL, 0);
	close(answer_fd);
	libevdev_uinput_destroy(mouse);
}

static void measure_daemon(const char *socket, char **command, int64_t *samples)
{
	struct libevdev_uinput *mouse = plug_mouse();
	pid_t child = start_daemon(command);
	struct driver driver;

	driver_connect(&driver, socket);
	driver_ready(&driver, true);
	take_motion(&driver);
	for (int i = -WARM_UP; i < EVENTS; i++) {
		int64_t begin_ns = now_ns();

		move_mouse(mouse);
		await(driver.call_fd);
		samples[MAX(i, 0)] = now_ns() - begin_ns;
		driver_called(&driver);
		if (!take_motion(&driver)) {
			errno = EPROTO;
			fail("a call without the motion");
		}
		nanosleep(&(struct timespec){0, PERIOD_NS}, NULL);
	}
	kill(child, SIGTERM);
	waitpid(child, NULL, 0);
	driver_disconnect(&driver);
	libevdev_uinput_destroy(mouse);
}

/* ---- native ---- */

static void machine_listens_now(void *data, struct machine *machine, bool listens)
{
}

static void machine_leds_now(void *data, struct machine *machine)
{
}

static void measure_native_ours(int64_t *samples)
{
	static const struct machine_listener listener = {machine_listens_now, machine_leds_now};
	static const struct focus_keys keys;
	static const struct focus_listener focus_listener;
	const struct seat_event motion = {SEAT_EVENT_MOTION, .motion = {.raw_x = 1}};
	g_autofree char *folder = g_dir_make_tmp("input-XXXXXX", NULL);
	g_autofree char *prefix = g_build_filename(folder, "guest", NULL);
	g_autofree char *path = g_strconcat(prefix, "-pointer.sock", NULL);
	const struct machine_options options = {
		.name = "guest",
		.inputs = 1u << INPUT_POINTER,
		.prefix = prefix,
	};
	g_autoptr(GError) error = NULL;
	struct machine *machine = machine_create(&options, &listener, NULL, &error);
	struct focus *focus;
	struct driver driver;

	if (!machine)
		g_error("%s", error->message);
	focus = focus_create(&machine, 1, 0, &keys, &focus_listener, NULL);
	driver_connect(&driver, path);
	while (!driver_ready(&driver, false))
		g_main_context_iteration(NULL, TRUE);
	take_motion(&driver);
	for (int i = -WARM_UP; i < NATIVE_EVENTS; i++) {
		int64_t begin_ns = now_ns();

		focus_event(focus, &motion, true);
		samples[MAX(i, 0)] = now_ns() - begin_ns;
		driver_called(&driver);
		if (!take_motion(&driver)) {
			errno = EPROTO;
			fail("a call without the motion");
		}
	}
	focus_destroy(focus);
	machine_destroy(machine);
	driver_disconnect(&driver);
	rmdir(folder);
}

static void measure_native_bare(int64_t *samples)
{
	struct virtio_input_event values[2];
	int answer_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	eventfd_t count;

	for (int i = -WARM_UP; i < NATIVE_EVENTS; i++) {
		int64_t begin_ns = now_ns();

		values[0] = (struct virtio_input_event){EV_REL, REL_X, 1};
		values[1] = (struct virtio_input_event){EV_SYN, SYN_REPORT, 0};
		__asm__ volatile("" : : "r"(values) : "memory");
		eventfd_write(answer_fd, 1);
		samples[MAX(i, 0)] = now_ns() - begin_ns;
		eventfd_read(answer_fd, &count);
	}
	close(answer_fd);
}

int main(int argc, char **argv)
{
	static int64_t samples[MAX(EVENTS, NATIVE_EVENTS)];
	const char *side = argc > 1 ? argv[1] : "";
	size_t count = EVENTS;

	if (argc == 2 && strcmp(side, "bare") == 0) {
		measure_reader(false, samples);
	} else if (argc == 2 && strcmp(side, "libinput") == 0) {
		measure_reader(true, samples);
	} else if (argc > 3 && strcmp(side, "ours") == 0) {
		measure_daemon(argv[2], argv + 3, samples);
	} else if (argc == 2 && g_str_has_prefix(side, "native-")) {
		count = NATIVE_EVENTS;
		if (strcmp(side, "native-ours") == 0)
			measure_native_ours(samples);
		else
			measure_native_bare(samples);
	} else {
		fprintf(stderr,
			"usage: input bare | libinput | ours SOCKET COMMAND… | native-ours | "
			"native-bare\n");
		return 2;
	}
	print_samples(samples, count);
	return 0;
}
