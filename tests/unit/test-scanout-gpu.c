/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * scanout-gpu: who the VMM is, where its guest's socket is, and what goes between the two
 * connections. With the relay and a QEMU it is tested by tests/relay/test-scanout-gpu.
 */
#include <fcntl.h>
#include <glib-unix.h>
#include <glib.h>
#include <glib/gstdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include "tools/scanout-gpu/hand_over.h"
#include "tools/scanout-gpu/options.h"
#include "tools/scanout-gpu/pump.h"
#include "tools/scanout-gpu/vmm.h"
#include "vhost_user.h"

/* Patience that was asked for of a socket, in seconds; all have a little. */
static time_t patience_s;

int setsockopt(int fd, int level, int name, const void *value, socklen_t size)
{
	const struct timeval little = {.tv_usec = 20000};

	if (level == SOL_SOCKET && (name == SO_RCVTIMEO || name == SO_SNDTIMEO)) {
		patience_s = ((const struct timeval *)value)->tv_sec;
		value = &little;
	}
	return (int)syscall(SYS_setsockopt, fd, level, name, value, size);
}

/* `line` with its words parted by '|'. */
static void expect_name(const char *line, const char *wanted)
{
	gsize length = strlen(line) + 1;
	g_autofree char *words = g_strdelimit(g_strdup(line), "|", '\0');
	g_autofree char *name = vmm_find_name(words, length);

	g_assert_cmpstr(name, ==, wanted);
}

static void test_name(void)
{
	expect_name("qemu|-name|kiosk|-m|1G", "kiosk");
	expect_name("qemu|-name|guest=kiosk,debug-threads=on", "kiosk");
	expect_name("qemu|-m|1G|-name|debug-threads=on,guest=kiosk", "kiosk");
	expect_name("qemu|--name|a,,b,process=x", "a,b");
	expect_name("qemu|-name|one|-name|two", "two");
	expect_name("qemu|-name|one|-name|process=x", "one");
	expect_name("qemu|-append|-name|guest=kiosk", "kiosk");
	expect_name("qemu|-m|1G", NULL);
	expect_name("qemu|-name", NULL);
	expect_name("", NULL);
}

/* The writer is this process, whose name a test's argument is not. */
static void test_writer(void)
{
	g_autoptr(GError) error = NULL;
	char byte = 'x';
	int pair[2];
	int value = 1;
	socklen_t size = sizeof(value);

	g_assert_cmpint(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), ==, 0);
	g_assert_cmpint(write(pair[0], &byte, 1), ==, 1);
	g_autofree char *name = vmm_guest_name(pair[1], &error);
	g_assert_null(name);
	g_assert_error(error, G_FILE_ERROR, G_FILE_ERROR_INVAL);
	g_autofree char *process = g_strdup_printf("process %d)", getpid());
	g_assert_nonnull(strstr(error->message, process));
	/* The byte is there still, and whoever reads it gets nothing beside it. */
	g_assert_cmpint(recv(pair[1], &byte, 1, MSG_DONTWAIT), ==, 1);
	g_assert_cmpint(getsockopt(pair[1], SOL_SOCKET, SO_PASSCRED, &value, &size), ==, 0);
	g_assert_cmpint(value, ==, 0);

	g_clear_error(&error);
	close(pair[0]);
	g_autofree char *gone = vmm_guest_name(pair[1], &error);
	g_assert_null(gone);
	g_assert_no_error(error);
	close(pair[1]);
	g_autofree char *closed = vmm_guest_name(pair[1], &error);
	g_assert_null(closed);
	g_assert_error(error, G_FILE_ERROR, G_FILE_ERROR_BADF);
}

static void test_path(void)
{
	g_autofree char *runtime = g_dir_make_tmp("runtime-XXXXXX", NULL);
	g_autofree char *folder = g_build_filename(runtime, "scanoutd", NULL);
	g_autofree char *file = g_build_filename(folder, "kiosk.sock", NULL);

	g_setenv("XDG_RUNTIME_DIR", runtime, TRUE);
	g_autofree char *systems = hand_over_default_path("kiosk");
	g_assert_cmpstr(systems, ==, "/run/scanoutd/kiosk.sock");
	g_assert_cmpint(g_mkdir(folder, 0700), ==, 0);
	g_assert_true(g_file_set_contents(file, "", 0, NULL));
	g_autofree char *own = hand_over_default_path("kiosk");
	g_assert_cmpstr(own, ==, file);
	g_assert_cmpint(g_unlink(file), ==, 0);
	g_assert_cmpint(g_rmdir(folder), ==, 0);
	g_assert_cmpint(g_rmdir(runtime), ==, 0);
}

static int listen_at(const char *path)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	g_strlcpy(address.sun_path, path, sizeof(address.sun_path));
	g_assert_cmpint(bind(listener, (struct sockaddr *)&address, sizeof(address)), ==, 0);
	g_assert_cmpint(listen(listener, 1), ==, 0);
	return listener;
}

static void expect_not_handed_over(const char *path, int wanted)
{
	g_autoptr(GError) error = NULL;
	int vmm;
	int backend;

	g_assert_false(hand_over(path, &vmm, &backend, &error));
	g_assert_error(error, G_FILE_ERROR, wanted);
	g_assert_nonnull(strstr(error->message, path));
}

/* There is no scanoutd, or there has been one; what cannot be found out is another matter. */
static void test_nobody(void)
{
	g_autofree char *folder = g_dir_make_tmp("scanout-gpu-XXXXXX", NULL);
	g_autofree char *path = g_build_filename(folder, "kiosk.sock", NULL);

	expect_not_handed_over(path, G_FILE_ERROR_NOENT);
	close(listen_at(path));
	expect_not_handed_over(path, G_FILE_ERROR_NOENT);
	g_assert_cmpint(g_unlink(path), ==, 0);
	g_assert_cmpint(symlink("kiosk.sock", path), ==, 0);
	expect_not_handed_over(path, G_FILE_ERROR_LOOP);
	g_assert_cmpint(g_unlink(path), ==, 0);
	g_assert_cmpint(g_rmdir(folder), ==, 0);
}

/* One that is stopped: it answers nobody, and then takes nobody. */
static void test_stopped(void)
{
	g_autofree char *folder = g_dir_make_tmp("scanout-gpu-XXXXXX", NULL);
	g_autofree char *path = g_build_filename(folder, "kiosk.sock", NULL);
	int listener = listen_at(path);

	patience_s = 0;
	/* As many as wait for accept() at most, and one. */
	for (int i = 0; i < 3; i++)
		expect_not_handed_over(path, G_FILE_ERROR_AGAIN);
	g_assert_cmpint(patience_s, ==, 60);
	close(listener);
	g_assert_cmpint(g_unlink(path), ==, 0);
	g_assert_cmpint(g_rmdir(folder), ==, 0);
}

/* NULL: it is taken. */
static void expect_options(const char *line, const char *wanted)
{
	g_autoptr(GError) error = NULL;
	g_auto(GStrv) words = g_strsplit(line, " ", -1);
	g_autofree char **kept = g_memdup2(words, sizeof(*words) * (g_strv_length(words) + 1));
	char **argv = kept;
	int argc = (int)g_strv_length(words);
	struct options options;

	g_assert_true(options_read(&options, &argc, &argv, &error) == (wanted == NULL));
	if (wanted)
		g_assert_nonnull(strstr(error->message, wanted));
	options_finish(&options);
}

static void test_options(void)
{
	expect_options("scanout-gpu --fd=3", NULL);
	expect_options("scanout-gpu --fd=0 --virgl --render-node=/dev/dri/renderD128", NULL);
	expect_options("scanout-gpu --socket-path=x --guest=kiosk", NULL);
	expect_options("scanout-gpu --print-capabilities", NULL);
	expect_options("scanout-gpu", "give one of --fd and --socket-path");
	expect_options("scanout-gpu --fd=3 --socket-path=x", "give one of");
	expect_options("scanout-gpu --fd=3 kiosk", "kiosk: there are no arguments");
	expect_options("scanout-gpu --fd=3 --guest=../x", "--guest=../x: must be the name");
	expect_options("scanout-gpu --fd=3 --guest=", "--guest=: must be the name");
	expect_options("scanout-gpu --fd=x", "x");
}

/* ---- between the VMM and scanoutd ---- */

/* One more than a message may have. */
#define FDS (VHOST_USER_FDS_MAX + 1)

struct message {
	struct vhost_user_header header;
	uint8_t payload[VHOST_USER_PAYLOAD_MAX];
} __attribute__((packed));

/*
 * The ends of VMM and scanoutd, and those that scanout-gpu has of them. The processes that are
 * started have all of them, too, as they would not in real life: so a side ends by shutdown(),
 * never by close().
 */
struct pumped {
	int vmm;
	int daemon;
	int own_vmm;
	int own_daemon;
	int fds[FDS]; /* memory of the test's, to send along */
};

static void prepare(struct pumped *pumped)
{
	int vmm[2];
	int daemon[2];

	g_assert_cmpint(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, vmm), ==, 0);
	g_assert_cmpint(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, daemon), ==, 0);
	*pumped = (struct pumped){vmm[0], daemon[0], vmm[1], daemon[1], {0}};
	for (int i = 0; i < FDS; i++) {
		pumped->fds[i] = memfd_create("test", MFD_CLOEXEC);
		g_assert_cmpint(pumped->fds[i], >=, 0);
	}
}

static void start(struct pumped *pumped)
{
	g_autoptr(GError) error = NULL;
	char byte;
	int others[2];

	g_assert_cmpint(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, others), ==, 0);
	g_assert_true(
		pump_start(pumped->own_vmm, pumped->own_daemon, others[1], NULL, NULL, &error));
	g_assert_no_error(error);
	close(pumped->own_vmm);
	close(pumped->own_daemon);
	close(others[1]);
	/* Neither process keeps it open. */
	g_assert_cmpint(read(others[0], &byte, 1), ==, 0);
	close(others[0]);
}

/* Both sides see that it is over, and what was sent before has gone its way. */
static void expect_over(struct pumped *pumped)
{
	char byte;

	g_assert_cmpint(recv(pumped->vmm, &byte, 1, 0), ==, 0);
	g_assert_cmpint(recv(pumped->daemon, &byte, 1, 0), ==, 0);
	close(pumped->vmm);
	close(pumped->daemon);
	for (int i = 0; i < FDS; i++)
		close(pumped->fds[i]);
}

static struct message message_of(uint32_t request, uint32_t size)
{
	struct message message = {.header = {request, VHOST_USER_VERSION, size}};

	for (uint32_t i = 0; i < MIN(size, sizeof(message.payload)); i++)
		message.payload[i] = (uint8_t)(request + i * 7);
	return message;
}

static size_t size_of(const struct message *message)
{
	return sizeof(message->header) + message->header.size;
}

static void send_bytes(int socket, const void *bytes, size_t size, const int *fds, size_t count)
{
	union {
		struct cmsghdr align;
		char bytes[CMSG_SPACE(sizeof(int) * FDS)];
	} control = {0};
	struct iovec iov = {(void *)bytes, size};
	struct msghdr sent = {.msg_iov = &iov, .msg_iovlen = 1};

	if (count > 0) {
		control.align.cmsg_level = SOL_SOCKET;
		control.align.cmsg_type = SCM_RIGHTS;
		control.align.cmsg_len = CMSG_LEN(sizeof(int) * count);
		memcpy(CMSG_DATA(&control.align), fds, sizeof(int) * count);
		sent.msg_control = control.bytes;
		sent.msg_controllen = CMSG_SPACE(sizeof(int) * count);
	}
	g_assert_cmpint(sendmsg(socket, &sent, MSG_NOSIGNAL), ==, (ssize_t)size);
}

static void send_whole(int socket, const struct message *message, const int *fds, size_t count)
{
	send_bytes(socket, message, size_of(message), fds, count);
}

static bool is_same_file(int one, int other)
{
	struct stat a;
	struct stat b;

	return fstat(one, &a) == 0 && fstat(other, &b) == 0 && a.st_ino == b.st_ino &&
		a.st_dev == b.st_dev;
}

/* Its first byte brings these fds, and no other one any. */
static void expect_message(int socket, const struct message *wanted, const int *fds, size_t count)
{
	struct message message;
	size_t have = 0;

	while (have < size_of(wanted)) {
		union {
			struct cmsghdr align;
			char bytes[CMSG_SPACE(sizeof(int) * FDS)];
		} control = {0};
		struct iovec iov = {(char *)&message + have, size_of(wanted) - have};
		struct msghdr received = {.msg_iov = &iov,
			.msg_iovlen = 1,
			.msg_control = control.bytes,
			.msg_controllen = sizeof(control.bytes)};
		ssize_t got = recvmsg(socket, &received, MSG_CMSG_CLOEXEC);
		int come[FDS];

		g_assert_cmpint(got, >, 0);
		if (have > 0 || count == 0) {
			g_assert_cmpuint(received.msg_controllen, ==, 0);
		} else {
			g_assert_cmpuint(control.align.cmsg_len, ==, CMSG_LEN(sizeof(int) * count));
			memcpy(come, CMSG_DATA(&control.align), sizeof(int) * count);
			for (size_t i = 0; i < count; i++) {
				g_assert_true(is_same_file(come[i], fds[i]));
				close(come[i]);
			}
		}
		have += (size_t)got;
	}
	g_assert_cmpmem(&message, have, wanted, size_of(wanted));
}

/* Either way, with as much as a message may have. */
static void test_whole(void)
{
	struct message small = message_of(1, 0);
	struct message large = message_of(2, VHOST_USER_PAYLOAD_MAX);
	struct pumped pumped;

	prepare(&pumped);
	start(&pumped);
	send_whole(pumped.vmm, &small, NULL, 0);
	expect_message(pumped.daemon, &small, NULL, 0);
	send_whole(pumped.daemon, &small, pumped.fds, 1);
	expect_message(pumped.vmm, &small, pumped.fds, 1);
	send_whole(pumped.vmm, &large, pumped.fds, VHOST_USER_FDS_MAX);
	expect_message(pumped.daemon, &large, pumped.fds, VHOST_USER_FDS_MAX);
	send_whole(pumped.daemon, &large, NULL, 0);
	expect_message(pumped.vmm, &large, NULL, 0);
	shutdown(pumped.vmm, SHUT_WR);
	expect_over(&pumped);
}

/* Cut within the header and within the payload, with fds at each piece. */
static void test_pieces(void)
{
	struct message message = message_of(5, 40);
	const char *bytes = (const char *)&message;
	struct pumped pumped;

	prepare(&pumped);
	start(&pumped);
	send_bytes(pumped.vmm, bytes, 5, pumped.fds, 1);
	send_bytes(pumped.vmm, bytes + 5, 12, NULL, 0);
	send_bytes(pumped.vmm, bytes + 17, size_of(&message) - 17, pumped.fds + 1, 2);
	expect_message(pumped.daemon, &message, pumped.fds, 3);
	shutdown(pumped.vmm, SHUT_WR);
	expect_over(&pumped);
}

/* They are all there before the first is read. Each has its own fds, and the one between has
 * none. */
static void test_row(void)
{
	struct message first = message_of(1, 8);
	struct message second = message_of(2, 0);
	struct message third = message_of(3, 32);
	struct pumped pumped;

	prepare(&pumped);
	send_whole(pumped.vmm, &second, NULL, 0);
	send_whole(pumped.vmm, &first, pumped.fds, 2);
	send_whole(pumped.vmm, &second, NULL, 0);
	send_whole(pumped.vmm, &third, pumped.fds + 2, 1);
	/* Two that were sent as one. */
	{
		char both[sizeof(first.header) * 2 + 8];

		memcpy(both, &second, size_of(&second));
		memcpy(both + size_of(&second), &first, size_of(&first));
		send_bytes(pumped.vmm, both, sizeof(both), NULL, 0);
	}
	start(&pumped);
	expect_message(pumped.daemon, &second, NULL, 0);
	expect_message(pumped.daemon, &first, pumped.fds, 2);
	expect_message(pumped.daemon, &second, NULL, 0);
	expect_message(pumped.daemon, &third, pumped.fds + 2, 1);
	expect_message(pumped.daemon, &second, NULL, 0);
	expect_message(pumped.daemon, &first, NULL, 0);
	shutdown(pumped.vmm, SHUT_WR);
	expect_over(&pumped);
}

/* Standard error goes to a pipe, also of what is started now; what can be read of it. *before is
 * what it was. */
static int record_errors(int *before)
{
	int ends[2];

	g_assert_cmpint(pipe2(ends, O_CLOEXEC), ==, 0);
	*before = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 0);
	g_assert_cmpint(dup2(ends[1], STDERR_FILENO), ==, STDERR_FILENO);
	close(ends[1]);
	return ends[0];
}

static void expect_error(int errors, const char *wanted)
{
	char text[256];
	ssize_t size = read(errors, text, sizeof(text) - 1);

	g_assert_cmpint(size, >, 0);
	text[size] = '\0';
	g_assert_cmpstr(text, ==, wanted);
	close(errors);
}

/* Nothing of it goes on, none of its fds stays open, and it is said why. */
static void test_too_large(gconstpointer data)
{
	const bool is_long = data != NULL;
	struct message message = message_of(5, is_long ? VHOST_USER_PAYLOAD_MAX + 1 : 0);
	struct pumped pumped;
	char byte;
	int ends[2];
	int before;

	prepare(&pumped);
	int errors = record_errors(&before);
	start(&pumped);
	dup2(before, STDERR_FILENO);
	close(before);
	g_assert_cmpint(pipe2(ends, O_CLOEXEC), ==, 0);
	close(pumped.fds[0]);
	pumped.fds[0] = ends[1];
	send_bytes(pumped.vmm, &message, sizeof(message.header), pumped.fds, is_long ? 1 : FDS);
	expect_over(&pumped);
	g_assert_cmpint(read(ends[0], &byte, 1), ==, 0);
	close(ends[0]);
	expect_error(errors,
		is_long ? "scanout-gpu: the VMM sent a message that is too long; the session ends\n"
			: "scanout-gpu: the VMM sent a message whose fds are too many; the session "
			  "ends\n");
}

/* Of the VMM or of scanoutd, between two messages and inside one. */
static void test_end(gconstpointer data)
{
	const char *what = data;
	struct message message = message_of(1, 8);
	struct pumped pumped;

	prepare(&pumped);
	start(&pumped);
	int side = strstr(what, "vmm") ? pumped.vmm : pumped.daemon;
	if (strstr(what, "header"))
		send_bytes(side, &message, 4, pumped.fds, 1);
	if (strstr(what, "payload"))
		send_bytes(side, &message, sizeof(message.header) + 4, pumped.fds, 1);
	shutdown(side, SHUT_WR);
	expect_over(&pumped);
}

/* A side that is not read from any more, which is seen when there is something for it. */
static void test_deaf(void)
{
	struct message message = message_of(1, 8);
	struct pumped pumped;

	prepare(&pumped);
	start(&pumped);
	shutdown(pumped.daemon, SHUT_RD);
	send_whole(pumped.vmm, &message, pumped.fds, 1);
	expect_over(&pumped);
}

/* Connections that do not wait by themselves: neither for bytes nor for room. */
static void test_non_blocking(void)
{
	struct message message = message_of(1, VHOST_USER_PAYLOAD_MAX);
	struct message last = message_of(2, 8);
	struct pumped pumped;
	size_t filled = 0;

	prepare(&pumped);
	g_assert_true(g_unix_set_fd_nonblocking(pumped.own_vmm, TRUE, NULL));
	g_assert_true(g_unix_set_fd_nonblocking(pumped.own_daemon, TRUE, NULL));
	/* So that there is no room for the last one when it comes. */
	while (send(pumped.own_daemon, &message, size_of(&message), MSG_NOSIGNAL) ==
		(ssize_t)size_of(&message))
		filled++;
	g_assert_cmpuint(filled, >, 0);
	send_whole(pumped.vmm, &last, pumped.fds, 1);
	start(&pumped);
	/* None of this way has come so far. */
	send_whole(pumped.daemon, &message, pumped.fds, 2);
	expect_message(pumped.vmm, &message, pumped.fds, 2);
	for (size_t i = 0; i < filled; i++)
		expect_message(pumped.daemon, &message, NULL, 0);
	expect_message(pumped.daemon, &last, pumped.fds, 1);
	shutdown(pumped.vmm, SHUT_WR);
	expect_over(&pumped);
}

int main(int argc, char **argv)
{
	static const char *const ends[] = {"vmm", "daemon", "vmm-header", "daemon-header",
		"vmm-payload", "daemon-payload"};

	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/scanout-gpu/name", test_name);
	g_test_add_func("/scanout-gpu/writer", test_writer);
	g_test_add_func("/scanout-gpu/path", test_path);
	g_test_add_func("/scanout-gpu/nobody", test_nobody);
	g_test_add_func("/scanout-gpu/stopped", test_stopped);
	g_test_add_func("/scanout-gpu/options", test_options);
	g_test_add_func("/scanout-gpu/pump/whole", test_whole);
	g_test_add_func("/scanout-gpu/pump/pieces", test_pieces);
	g_test_add_func("/scanout-gpu/pump/row", test_row);
	g_test_add_data_func("/scanout-gpu/pump/too-long", "long", test_too_large);
	g_test_add_data_func("/scanout-gpu/pump/too-many-fds", NULL, test_too_large);
	for (size_t i = 0; i < G_N_ELEMENTS(ends); i++) {
		g_autofree char *path = g_strconcat("/scanout-gpu/pump/end/", ends[i], NULL);

		g_test_add_data_func(path, ends[i], test_end);
	}
	g_test_add_func("/scanout-gpu/pump/deaf", test_deaf);
	g_test_add_func("/scanout-gpu/pump/non-blocking", test_non_blocking);
	return g_test_run();
}
