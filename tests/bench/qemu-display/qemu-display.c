/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * qemu-display [--frames N]: what QEMU's own front-end of the display protocol costs for 1920x1080
 * pixel updates, with
 * -display none, so that it shows nothing. Prints one line of JSON: cpu_us, CPU time of QEMU's main
 * thread for a frame, less what the thread takes when idle.
 *
 * Stands between QEMU, which runs its firmware, and QEMU's back-end, and keeps a copy of the
 * display socket that message 33 carries. When the firmware has drawn all it has to say, the
 * back-end is stopped, and the same bytes that the daemon gets in native-frames go into that
 * socket.
 */
#include <errno.h>
#include <fcntl.h>
#include <glib-unix.h>
#include <glib/gstdio.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "../common/pixels.h"
#include "vhost_user.h"

#define BACKEND "/usr/lib/qemu/vhost-user-gpu"
#define FIRMWARE "/usr/share/OVMF/OVMF_CODE_4M.fd"

#define WIDTH 1920
#define HEIGHT 1080

#define MESSAGE_MAX 65536
#define FDS_MAX 8

/* The firmware is through when QEMU's main thread has taken less than this in a sample, so often in
 * a row. */
#define SAMPLE_MS 250
#define QUIET_NS 5000000
#define QUIET_SAMPLES 12
#define SAMPLES_MAX 400

struct bench {
	GMainLoop *loop;
	char *directory;
	int vmm, backend; /* vhost-user sockets */
	int display; /* QEMU's display socket; -1: not seen yet */
	pid_t qemu, backend_process;
	unsigned int samples, quiet;
	int64_t sample_cpu_ns;
	int64_t quiet_cpu_ns, quiet_time_ns; /* since when it is quiet */
	double idle; /* CPU time over time */
	int64_t from_cpu_ns, from_time_ns;
	int frames;
	double cpu_us;
};

static struct bench bench = {.vmm = -1, .backend = -1, .display = -1, .frames = 600};

static void finish(void)
{
	if (bench.qemu > 0)
		kill(bench.qemu, SIGKILL);
	if (bench.backend_process > 0)
		kill(bench.backend_process, SIGKILL);
	while (wait(NULL) > 0)
		continue;
	if (bench.directory) {
		g_autofree char *vmm = g_build_filename(bench.directory, "vmm", NULL);

		g_unlink(vmm);
		g_rmdir(bench.directory);
	}
}

static void fail(const char *what)
{
	fprintf(stderr, "qemu-display: %s: %s\n", what, strerror(errno));
	finish();
	exit(1);
}

static int64_t now_ns(void)
{
	struct timespec time;

	if (clock_gettime(CLOCK_MONOTONIC, &time) < 0)
		fail("clock");
	return (int64_t)time.tv_sec * 1000000000 + time.tv_nsec;
}

/* CPU time of QEMU's main thread. */
static int64_t cpu_ns(void)
{
	g_autofree char *path = g_strdup_printf("/proc/%d/task/%d/schedstat", (int)bench.qemu,
		(int)bench.qemu);
	g_autofree char *text = NULL;

	if (!g_file_get_contents(path, &text, NULL, NULL))
		fail(path);
	return g_ascii_strtoll(text, NULL, 10);
}

/* ---- between QEMU and its back-end ---- */

static void pass_on(int from, int to)
{
	static uint8_t bytes[sizeof(struct vhost_user_header) + MESSAGE_MAX];
	char control[CMSG_SPACE(sizeof(int) * FDS_MAX)];
	struct vhost_user_header header;
	struct iovec iov = {bytes, sizeof(header)};
	struct msghdr msg = {
		.msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = control,
		.msg_controllen = sizeof(control),
	};
	struct cmsghdr *cmsg;
	int fds[FDS_MAX];
	size_t count = 0;

	if (recvmsg(from, &msg, MSG_CMSG_CLOEXEC | MSG_WAITALL) != (ssize_t)sizeof(header))
		fail("vhost-user");
	memcpy(&header, bytes, sizeof(header));
	if (header.size > MESSAGE_MAX ||
		(header.size &&
			recv(from, bytes + sizeof(header), header.size, MSG_WAITALL) !=
				(ssize_t)header.size))
		fail("vhost-user payload");
	cmsg = CMSG_FIRSTHDR(&msg);
	if (cmsg && cmsg->cmsg_type == SCM_RIGHTS) {
		count = (cmsg->cmsg_len - CMSG_LEN(0)) / sizeof(int);
		memcpy(fds, CMSG_DATA(cmsg), count * sizeof(int));
	}
	iov.iov_len = sizeof(header) + header.size;
	if (!count) {
		msg.msg_control = NULL;
		msg.msg_controllen = 0;
	}
	if (sendmsg(to, &msg, MSG_NOSIGNAL) != (ssize_t)iov.iov_len)
		fail("vhost-user");
	for (size_t i = 0; i < count; i++) {
		if (header.request == VHOST_USER_GPU_SET_SOCKET && from == bench.vmm &&
			bench.display < 0)
			bench.display = fds[i];
		else
			close(fds[i]);
	}
}

static gboolean vmm_readable(int fd, GIOCondition condition, gpointer data)
{
	pass_on(bench.vmm, bench.backend);
	return G_SOURCE_CONTINUE;
}

static gboolean backend_readable(int fd, GIOCondition condition, gpointer data)
{
	pass_on(bench.backend, bench.vmm);
	return G_SOURCE_CONTINUE;
}

/* ---- programs ---- */

static pid_t start(const char *const *arguments)
{
	pid_t child = fork();

	if (child < 0)
		fail("fork");
	if (child == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		execvp(arguments[0], (char *const *)arguments);
		perror(arguments[0]);
		_exit(127);
	}
	return child;
}

static int listen_for_vmm(void)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	g_snprintf(address.sun_path, sizeof(address.sun_path), "%s/vmm", bench.directory);
	if (fd < 0 || bind(fd, (struct sockaddr *)&address, sizeof(address)) < 0 ||
		listen(fd, 1) < 0)
		fail("socket");
	return fd;
}

/* The back-end inherits its end of a pair, so nobody waits for a socket of its own. */
static void start_backend(void)
{
	int pair[2];

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) < 0 ||
		fcntl(pair[1], F_SETFD, 0) < 0)
		fail("socketpair");
	g_autofree char *option = g_strdup_printf("--fd=%d", pair[1]);
	const char *const arguments[] = {BACKEND, option, NULL};

	bench.backend_process = start(arguments);
	close(pair[1]);
	bench.backend = pair[0];
}

static void start_programs(void)
{
	int listening;

	bench.directory = g_dir_make_tmp("qemu-display-XXXXXX", NULL);
	if (!bench.directory)
		fail("directory");
	g_autofree char *chardev = g_strdup_printf("socket,id=vg,path=%s/vmm", bench.directory);
	const char *const qemu[] = {"qemu-system-x86_64", "-nodefaults", "-machine",
		"q35,memory-backend=mem", "-m", "256M", "-object",
		"memory-backend-memfd,id=mem,size=256M,share=on", "-vga", "none", "-display",
		"none", "-chardev", chardev, "-device", "vhost-user-gpu-pci,chardev=vg", "-drive",
		"if=pflash,format=raw,readonly=on,file=" FIRMWARE, NULL};

	listening = listen_for_vmm();
	start_backend();
	bench.qemu = start(qemu);
	bench.vmm = accept4(listening, NULL, NULL, SOCK_CLOEXEC);
	if (bench.vmm < 0)
		fail("accept");
	close(listening);
	g_unix_fd_add(bench.vmm, G_IO_IN | G_IO_HUP, vmm_readable, NULL);
	g_unix_fd_add(bench.backend, G_IO_IN | G_IO_HUP, backend_readable, NULL);
}

/* ---- measuring ---- */

static gboolean hear(int fd, GIOCondition condition, gpointer data)
{
	int64_t time_ns = now_ns();
	int64_t now_cpu_ns = cpu_ns();
	char word = 0;

	if (read(fd, &word, 1) != 1)
		fail("the sender is gone");
	if (word == PIXELS_BEGUN) {
		bench.from_time_ns = time_ns;
		bench.from_cpu_ns = now_cpu_ns;
		return G_SOURCE_CONTINUE;
	}
	bench.cpu_us = ((double)(now_cpu_ns - bench.from_cpu_ns) -
			       bench.idle * (double)(time_ns - bench.from_time_ns)) /
		1000 / bench.frames;
	g_main_loop_quit(bench.loop);
	return G_SOURCE_REMOVE;
}

static void send_frames(void)
{
	const struct pixels_options options = {
		.fd = bench.display,
		.width = WIDTH,
		.height = HEIGHT,
		.warm_up = 10,
		.frames = (unsigned int)bench.frames,
	};

	g_unix_fd_add(pixels_start(&options), G_IO_IN | G_IO_HUP, hear, NULL);
}

/* Waits for the firmware, stops the back-end, and takes what is left as QEMU's idle time. */
static gboolean look(gpointer data)
{
	int64_t cpu = cpu_ns();
	bool quiet = bench.display >= 0 && cpu - bench.sample_cpu_ns < QUIET_NS;

	bench.sample_cpu_ns = cpu;
	if (++bench.samples > SAMPLES_MAX) {
		errno = ETIMEDOUT;
		fail("QEMU does not become quiet");
	}
	bench.quiet = quiet ? bench.quiet + 1 : 0;
	if (bench.quiet == 1) {
		bench.quiet_cpu_ns = cpu;
		bench.quiet_time_ns = now_ns();
	}
	if (bench.quiet <= QUIET_SAMPLES)
		return G_SOURCE_CONTINUE;
	bench.idle = (double)(cpu - bench.quiet_cpu_ns) / (double)(now_ns() - bench.quiet_time_ns);
	kill(bench.backend_process, SIGSTOP);
	send_frames();
	return G_SOURCE_REMOVE;
}

int main(int argc, char **argv)
{
	g_autoptr(GOptionContext) context = g_option_context_new(NULL);
	g_autoptr(GError) error = NULL;
	const GOptionEntry entries[] = {
		{"frames", 0, 0, G_OPTION_ARG_INT, &bench.frames, "Frames that count", "N"},
		{NULL},
	};

	g_option_context_add_main_entries(context, entries, NULL);
	if (!g_option_context_parse(context, &argc, &argv, &error) || bench.frames < 1) {
		fprintf(stderr, "qemu-display: %s\n", error ? error->message : "no frames");
		return 2;
	}
	signal(SIGPIPE, SIG_IGN);
	bench.loop = g_main_loop_new(NULL, FALSE);
	start_programs();
	g_timeout_add(SAMPLE_MS, look, NULL);
	g_main_loop_run(bench.loop);
	printf("{\"cpu_us\": %.2f, \"idle\": %.5f}\n", bench.cpu_us, bench.idle);
	finish();
	return 0;
}
