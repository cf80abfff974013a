/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The relay between a VMM and a back-end that are sockets of this test. Both ends are in one
 * process, so that what one sends is there when the main loop has nothing left to do.
 */
#include <errno.h>
#include <fcntl.h>
#include <glib.h>
#include <glib/gstdio.h>
#include <poll.h>
#include <stdbool.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "vhost_user.h"
#include "wire/relay.h"

#define FDS_TOO_MANY (VHOST_USER_FDS_MAX + 1)
#define GET_QUEUE_NUM 17
#define SET_BACKEND_REQ_FD 21

struct test_message {
	struct vhost_user_header header;
	uint8_t payload[VHOST_USER_PAYLOAD_MAX + 1];
} __attribute__((packed));

struct rig {
	char *directory;
	char *vmm_path;
	char *backend_path;
	struct relay *relay;
	int vmm;
	int listener;
	int backend;
	int display; /* the relay's end, as handed to `attached` */
	unsigned int attached;
	unsigned int detached;
	unsigned int scanouts_told;
	uint32_t scanouts;
	int fds_before;
};

/* What was logged since the rig was made. */
static GString *logged;

static GLogWriterOutput record(GLogLevelFlags level, const GLogField *fields, gsize count,
	gpointer data)
{
	for (gsize i = 0; i < count; i++)
		if (logged && g_str_equal(fields[i].key, "MESSAGE"))
			g_string_append_printf(logged, "%s\n", (const char *)fields[i].value);
	return G_LOG_WRITER_HANDLED;
}

static unsigned int times_logged(const char *text)
{
	unsigned int count = 0;

	for (const char *at = logged->str; (at = strstr(at, text)); at++)
		count++;
	return count;
}

static int count_fds(void)
{
	g_autoptr(GDir) fds = g_dir_open("/proc/self/fd", 0, NULL);
	int count = -1; /* the directory itself */

	g_assert_nonnull(fds);
	while (g_dir_read_name(fds))
		count++;
	return count;
}

static void attached(void *data, int fd)
{
	struct rig *rig = data;

	g_assert_cmpint(rig->display, ==, -1);
	rig->display = fd;
	rig->attached++;
}

static void scanouts(void *data, uint32_t count)
{
	struct rig *rig = data;

	rig->scanouts_told++;
	rig->scanouts = count;
}

static void detached(void *data)
{
	struct rig *rig = data;

	rig->detached++;
}

static const struct relay_listener listener = {attached, scanouts, detached};

/* Lets the relay do all that it can do now. A relay that spins makes this never end. */
static void settle(void)
{
	for (int turns = 0; g_main_context_iteration(NULL, FALSE); turns++)
		g_assert_cmpint(turns, <, 100000);
}

static void close_fd(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

static struct sockaddr_un address_of(const char *path)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};

	g_assert_cmpuint(strlen(path), <, sizeof(address.sun_path));
	strcpy(address.sun_path, path);
	return address;
}

static int connect_to(const char *path)
{
	struct sockaddr_un address = address_of(path);
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	g_assert_cmpint(connect(fd, (struct sockaddr *)&address, sizeof(address)), ==, 0);
	return fd;
}

static int listen_at(const char *path)
{
	struct sockaddr_un address = address_of(path);
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	g_unlink(path);
	g_assert_cmpint(bind(fd, (struct sockaddr *)&address, sizeof(address)), ==, 0);
	g_assert_cmpint(listen(fd, 1), ==, 0);
	return fd;
}

/* A directory and counters; no relay yet. */
static void rig_prepare(struct rig *rig)
{
	g_autoptr(GError) error = NULL;

	logged = g_string_new(NULL);
	*rig = (struct rig){
		.vmm = -1,
		.listener = -1,
		.backend = -1,
		.display = -1,
		.fds_before = count_fds(),
	};
	rig->directory = g_dir_make_tmp("relay-XXXXXX", &error);
	g_assert_no_error(error);
	rig->vmm_path = g_build_filename(rig->directory, "vmm", NULL);
	rig->backend_path = g_build_filename(rig->directory, "backend", NULL);
}

static void rig_create_relay(struct rig *rig)
{
	g_autoptr(GError) error = NULL;
	const struct relay_options options = {
		.name = "test",
		.vmm_path = rig->vmm_path,
		.vmm_listen_fd = -1,
		.backend_path = rig->backend_path,
	};

	rig->relay = relay_create(&options, &listener, rig, &error);
	g_assert_no_error(error);
}

/* A VMM comes, and the back-end is there. */
static void rig_connect(struct rig *rig)
{
	if (rig->listener < 0)
		rig->listener = listen_at(rig->backend_path);
	rig->vmm = connect_to(rig->vmm_path);
	settle();
	rig->backend = accept4(rig->listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
	g_assert_cmpint(rig->backend, >=, 0);
}

static void rig_init(struct rig *rig)
{
	rig_prepare(rig);
	rig_create_relay(rig);
	rig_connect(rig);
}

static void rig_finish(struct rig *rig)
{
	relay_destroy(rig->relay);
	settle();
	close_fd(&rig->vmm);
	close_fd(&rig->listener);
	close_fd(&rig->backend);
	close_fd(&rig->display);
	g_assert_cmpint(count_fds(), ==, rig->fds_before);
	g_unlink(rig->backend_path);
	g_assert_cmpint(g_rmdir(rig->directory), ==, 0);
	g_free(rig->directory);
	g_free(rig->vmm_path);
	g_free(rig->backend_path);
	g_string_free(logged, TRUE);
	logged = NULL;
}

/* A message whose payload's bytes differ. */
static struct test_message make(uint32_t request, uint32_t flags, uint32_t size)
{
	struct test_message message = {.header = {request, flags, size}};

	for (uint32_t i = 0; i < size && i < sizeof(message.payload); i++)
		message.payload[i] = (uint8_t)(request + i * 7);
	return message;
}

static size_t size_of(const struct test_message *message)
{
	return sizeof(message->header) + message->header.size;
}

/* Returns what sendmsg returned. */
static ssize_t try_send(int socket, const void *bytes, size_t size, const int *fds, size_t fd_count)
{
	union {
		struct cmsghdr align;
		char bytes[CMSG_SPACE(sizeof(int) * FDS_TOO_MANY)];
	} control = {0};
	struct iovec iov = {(void *)bytes, size};
	struct msghdr header = {.msg_iov = &iov, .msg_iovlen = 1};

	if (fd_count) {
		g_assert_cmpuint(fd_count, <=, FDS_TOO_MANY);
		header.msg_control = &control;
		header.msg_controllen = CMSG_SPACE(sizeof(int) * fd_count);
		control.align.cmsg_level = SOL_SOCKET;
		control.align.cmsg_type = SCM_RIGHTS;
		control.align.cmsg_len = CMSG_LEN(sizeof(int) * fd_count);
		memcpy(CMSG_DATA(&control.align), fds, sizeof(int) * fd_count);
	}
	return sendmsg(socket, &header, MSG_NOSIGNAL);
}

static void send_bytes(int socket, const void *bytes, size_t size, const int *fds, size_t fd_count)
{
	g_assert_cmpint(try_send(socket, bytes, size, fds, fd_count), ==, size);
}

static void send_message(int socket, const struct test_message *message, const int *fds,
	size_t fd_count)
{
	send_bytes(socket, message, size_of(message), fds, fd_count);
	settle();
}

/*
 * Reads as libvhost-user does: the header with the fds, then the payload by one read. False where
 * nothing is there; a part of a message fails the test.
 */
static bool receive(int socket, struct test_message *message, int *fds, size_t *fd_count)
{
	union {
		struct cmsghdr align;
		char bytes[CMSG_SPACE(sizeof(int) * VHOST_USER_FDS_MAX)];
	} control;
	struct iovec iov = {&message->header, sizeof(message->header)};
	struct msghdr header = {
		.msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = &control,
		.msg_controllen = sizeof(control),
	};
	ssize_t got = recvmsg(socket, &header, MSG_CMSG_CLOEXEC);

	*fd_count = 0;
	if (got < 0) {
		g_assert_cmpint(errno, ==, EAGAIN);
		return false;
	}
	g_assert_cmpint(got, ==, sizeof(message->header));
	struct cmsghdr *rights = CMSG_FIRSTHDR(&header);
	if (rights) {
		*fd_count = (rights->cmsg_len - CMSG_LEN(0)) / sizeof(int);
		memcpy(fds, CMSG_DATA(rights), *fd_count * sizeof(int));
	}
	g_assert_cmpuint(message->header.size, <=, VHOST_USER_PAYLOAD_MAX);
	if (message->header.size)
		g_assert_cmpint(read(socket, message->payload, message->header.size), ==,
			message->header.size);
	return true;
}

static void expect_nothing(int socket)
{
	char byte;

	g_assert_cmpint(recv(socket, &byte, 1, MSG_PEEK), ==, -1);
	g_assert_cmpint(errno, ==, EAGAIN);
}

static void expect_closed(int socket)
{
	char byte;
	ssize_t got = recv(socket, &byte, 1, MSG_PEEK);

	/* Reset, where the relay left bytes unread. */
	g_assert_true(got == 0 || (got < 0 && errno == ECONNRESET));
}

/* `socket` has received exactly this message; its fds are open copies of `fds`. */
static void expect_message(int socket, const struct test_message *wanted, const int *fds,
	size_t fd_count)
{
	struct test_message got;
	int got_fds[VHOST_USER_FDS_MAX];
	size_t got_count;

	g_assert_true(receive(socket, &got, got_fds, &got_count));
	g_assert_cmpmem(&got, size_of(&got), wanted, size_of(wanted));
	g_assert_cmpuint(got_count, ==, fd_count);
	for (size_t i = 0; i < fd_count; i++) {
		struct stat a, b;
		g_assert_cmpint(fstat(got_fds[i], &a), ==, 0);
		g_assert_cmpint(fstat(fds[i], &b), ==, 0);
		g_assert_cmpuint(a.st_ino, ==, b.st_ino);
		close(got_fds[i]);
	}
}

static int make_memory(void)
{
	int fd = memfd_create("test", MFD_CLOEXEC);

	g_assert_cmpint(fd, >=, 0);
	return fd;
}

static void make_memories(int *fds, size_t count)
{
	for (size_t i = 0; i < count; i++)
		fds[i] = make_memory();
}

static void close_all(int *fds, size_t count)
{
	for (size_t i = 0; i < count; i++)
		close(fds[i]);
}

/* Each direction: where to send, where it must arrive. */
struct direction {
	int *from;
	int *to;
};

static struct direction direction(struct rig *rig, bool up)
{
	return up ? (struct direction){&rig->backend, &rig->vmm}
		  : (struct direction){&rig->vmm, &rig->backend};
}

/* ---------------------------------------------------------------------------------- forwarding */

static void test_forward(void)
{
	struct rig rig;
	int fds[VHOST_USER_FDS_MAX];
	uint64_t forwarded = 0;

	rig_init(&rig);
	make_memories(fds, VHOST_USER_FDS_MAX);
	for (int up = 0; up < 2; up++) {
		const uint32_t sizes[] = {0, 1, 8, 4095, VHOST_USER_PAYLOAD_MAX};
		struct direction way = direction(&rig, up);
		for (size_t i = 0; i < G_N_ELEMENTS(sizes); i++) {
			for (size_t count = 0; count <= VHOST_USER_FDS_MAX; count++) {
				struct test_message message = make(SET_BACKEND_REQ_FD,
					VHOST_USER_VERSION | 0xf8, sizes[i]);
				send_message(*way.from, &message, fds, count);
				expect_message(*way.to, &message, fds, count);
				expect_nothing(*way.to);
				forwarded++;
			}
		}
	}
	g_assert_cmpuint(relay_counters(rig.relay)->messages, ==, forwarded);
	g_assert_cmpuint(relay_counters(rig.relay)->vmms, ==, 1);
	close_all(fds, VHOST_USER_FDS_MAX);
	rig_finish(&rig);
}

/* Also a header that comes apart from its payload, as libvhost-user writes them. */
static void test_split_everywhere(void)
{
	struct rig rig;
	int fds[2];

	rig_init(&rig);
	make_memories(fds, 2);
	for (int up = 0; up < 2; up++) {
		struct direction way = direction(&rig, up);
		for (uint32_t size = 0; size <= 40; size += 20) {
			for (size_t count = 0; count <= 2; count++) {
				struct test_message message = make(SET_BACKEND_REQ_FD,
					VHOST_USER_VERSION, size);
				for (size_t cut = 1; cut < size_of(&message); cut++) {
					send_bytes(*way.from, &message, cut, fds, count);
					settle();
					expect_nothing(*way.to);
					send_bytes(*way.from, (char *)&message + cut,
						size_of(&message) - cut, NULL, 0);
					settle();
					expect_message(*way.to, &message, fds, count);
				}
			}
		}
	}
	close_all(fds, 2);
	rig_finish(&rig);
}

static void test_byte_by_byte(void)
{
	struct rig rig;
	int fd = make_memory();

	rig_init(&rig);
	for (int up = 0; up < 2; up++) {
		struct direction way = direction(&rig, up);
		struct test_message message = make(SET_BACKEND_REQ_FD, VHOST_USER_VERSION, 64);
		for (size_t i = 0; i < size_of(&message); i++) {
			expect_nothing(*way.to);
			send_bytes(*way.from, (char *)&message + i, 1, &fd, i == 0);
			settle();
		}
		expect_message(*way.to, &message, &fd, 1);
	}
	rig_finish(&rig);
	close(fd);
}

/* Fds of two pieces of one message are one message's fds. */
static void test_fds_in_pieces(void)
{
	struct rig rig;
	int fds[2];

	rig_init(&rig);
	make_memories(fds, 2);
	struct test_message message = make(SET_BACKEND_REQ_FD, VHOST_USER_VERSION, 8);
	send_bytes(rig.vmm, &message, 5, &fds[0], 1);
	send_bytes(rig.vmm, (char *)&message + 5, size_of(&message) - 5, &fds[1], 1);
	settle();
	expect_message(rig.backend, &message, fds, 2);
	close_all(fds, 2);
	rig_finish(&rig);
}

static void test_coalesced(void)
{
	struct rig rig;
	int fds[2];
	char bytes[3 * sizeof(struct test_message)];

	rig_init(&rig);
	make_memories(fds, 2);
	struct test_message messages[] = {
		make(SET_BACKEND_REQ_FD, VHOST_USER_VERSION, 20),
		make(GET_QUEUE_NUM, VHOST_USER_VERSION, 0),
		make(GET_QUEUE_NUM, VHOST_USER_VERSION, 8),
	};
	for (int up = 0; up < 2; up++) {
		struct direction way = direction(&rig, up);
		size_t size = 0;
		for (size_t i = 0; i < 3; i++) {
			memcpy(bytes + size, &messages[i], size_of(&messages[i]));
			size += size_of(&messages[i]);
		}
		/* All three at once, the first with an fd. */
		send_bytes(*way.from, bytes, size, &fds[0], 1);
		settle();
		expect_message(*way.to, &messages[0], fds, 1);
		expect_message(*way.to, &messages[1], NULL, 0);
		expect_message(*way.to, &messages[2], NULL, 0);
		expect_nothing(*way.to);

		/* Two and the beginning of the third; the rest, and the first again with its fd. */
		send_bytes(*way.from, bytes, size - 10, &fds[0], 1);
		settle();
		expect_message(*way.to, &messages[0], fds, 1);
		expect_message(*way.to, &messages[1], NULL, 0);
		expect_nothing(*way.to);
		send_bytes(*way.from, bytes + size - 10, 10, NULL, 0);
		send_bytes(*way.from, &messages[0], size_of(&messages[0]), &fds[1], 1);
		settle();
		expect_message(*way.to, &messages[2], NULL, 0);
		expect_message(*way.to, &messages[0], &fds[1], 1);
		expect_nothing(*way.to);
	}
	close_all(fds, 2);
	rig_finish(&rig);
}

/* A peer that does not read holds up its own direction, and nothing else. */
static void back_pressure(bool up)
{
	struct rig rig;
	struct test_message message;
	uint64_t sent = 0;
	int fd = make_memory();

	rig_init(&rig);
	struct direction way = direction(&rig, up);
	for (;;) {
		message = make(SET_BACKEND_REQ_FD, VHOST_USER_VERSION, VHOST_USER_PAYLOAD_MAX);
		memcpy(message.payload, &sent, sizeof(sent));
		if (try_send(*way.from, &message, size_of(&message), &fd, 1) < 0) {
			g_assert_cmpint(errno, ==, EAGAIN);
			/* Until the relay cannot move anything more either. */
			uint64_t forwarded = relay_counters(rig.relay)->messages;
			settle();
			if (relay_counters(rig.relay)->messages == forwarded)
				break;
			continue;
		}
		sent++;
	}
	g_assert_cmpuint(relay_counters(rig.relay)->messages, >, 0);
	g_assert_cmpuint(relay_counters(rig.relay)->messages, <, sent);

	struct test_message other = make(GET_QUEUE_NUM, VHOST_USER_VERSION, 8);
	send_message(*way.to, &other, NULL, 0);
	expect_message(*way.from, &other, NULL, 0);

	for (uint64_t i = 0; i < sent; i++) {
		message = make(SET_BACKEND_REQ_FD, VHOST_USER_VERSION, VHOST_USER_PAYLOAD_MAX);
		memcpy(message.payload, &i, sizeof(i));
		expect_message(*way.to, &message, &fd, 1);
		settle();
	}
	expect_nothing(*way.to);
	rig_finish(&rig);
	close(fd);
}

static void test_back_pressure(void)
{
	back_pressure(false);
	back_pressure(true);
}

/* A side that has gone takes the other with it, even where that one does not read. */
static void test_gone_under_back_pressure(void)
{
	for (int up = 0; up < 2; up++) {
		struct rig rig;
		struct test_message filler = make(GET_QUEUE_NUM, VHOST_USER_VERSION,
			VHOST_USER_PAYLOAD_MAX);
		uint64_t sent = 0;

		rig_init(&rig);
		struct direction way = direction(&rig, up);
		do {
			send_message(*way.from, &filler, NULL, 0);
			sent++;
		} while (relay_counters(rig.relay)->messages == sent);
		close_fd(way.from);
		settle();
		g_assert_cmpuint(rig.detached, ==, 1);
		close_fd(way.to);
		rig_connect(&rig);
		g_assert_cmpuint(relay_counters(rig.relay)->vmms, ==, 2);
		rig_finish(&rig);
	}
}

/* -------------------------------------------------------------------------------------- faults */

/* After a fault: both sides closed, told once, and the next VMM is served by a new connection. */
static void expect_session_over(struct rig *rig, const char *text)
{
	if (rig->vmm >= 0)
		expect_closed(rig->vmm);
	if (rig->backend >= 0)
		expect_closed(rig->backend);
	g_assert_cmpuint(rig->detached, ==, 1);
	g_assert_cmpuint(times_logged(text), ==, 1);
	g_assert_cmpuint(times_logged("guest test: closing"), <=, 1);
	close_fd(&rig->vmm);
	close_fd(&rig->backend);
	close_fd(&rig->display);
	rig_connect(rig);
	struct test_message message = make(GET_QUEUE_NUM, VHOST_USER_VERSION, 8);
	send_message(rig->vmm, &message, NULL, 0);
	expect_message(rig->backend, &message, NULL, 0);
	g_assert_cmpuint(relay_counters(rig->relay)->vmms, ==, 2);
	g_assert_cmpuint(rig->detached, ==, 1);
}

struct fault {
	const char *name;
	uint32_t flags;
	uint32_t size; /* as the header says */
	size_t sent; /* bytes that are sent of it */
	size_t fds;
	const char *text;
};

static const struct fault faults[] = {
	{"version 0", 0, 0, 12, 0, "of version 0, not 1"},
	{"version 2", 2, 8, 20, 1, "of version 2, not 1"},
	{"version 3", 3, 0, 12, 0, "of version 3, not 1"},
	{"size 4097", VHOST_USER_VERSION, 4097, 12, 0, "of 4097 bytes, more than 4096"},
	{"size 4097, with all of it", VHOST_USER_VERSION, 4097, 12 + 4097, 2,
		"of 4097 bytes, more than 4096"},
	{"size 0xffffffff", VHOST_USER_VERSION, 0xffffffff, 12, 1,
		"of 4294967295 bytes, more than 4096"},
	{"size 0xfffffff4, whose sum wraps", VHOST_USER_VERSION, 0xfffffff4, 12, 0,
		"of 4294967284 bytes, more than 4096"},
	{"nine fds", VHOST_USER_VERSION, 8, 20, FDS_TOO_MANY, "with more than 8 fds"},
};

static void test_faults(void)
{
	for (size_t i = 0; i < G_N_ELEMENTS(faults); i++) {
		for (int up = 0; up < 2; up++) {
			const struct fault *fault = &faults[i];
			struct rig rig;
			int fds[FDS_TOO_MANY];

			g_test_message("%s from the %s", fault->name, up ? "back-end" : "VMM");
			make_memories(fds, FDS_TOO_MANY);
			rig_init(&rig);
			struct direction way = direction(&rig, up);
			struct test_message message = make(SET_BACKEND_REQ_FD, fault->flags,
				fault->size);
			send_bytes(*way.from, &message, fault->sent, fds, fault->fds);
			settle();
			g_assert_cmpuint(relay_counters(rig.relay)->messages, ==, 0);
			g_assert_cmpuint(times_logged(up ? "the back-end" : "the VMM sent"), ==, 1);
			expect_session_over(&rig, fault->text);
			rig_finish(&rig);
			close_all(fds, FDS_TOO_MANY);
		}
	}
}

static void test_nine_fds_in_pieces(void)
{
	struct rig rig;
	int fds[FDS_TOO_MANY];

	make_memories(fds, FDS_TOO_MANY);
	rig_init(&rig);
	struct test_message message = make(SET_BACKEND_REQ_FD, VHOST_USER_VERSION, 0);
	send_bytes(rig.vmm, &message, 6, fds, 5);
	send_bytes(rig.vmm, (char *)&message + 6, 6, fds + 5, 4);
	settle();
	expect_session_over(&rig, "with more than 8 fds");
	rig_finish(&rig);
	close_all(fds, FDS_TOO_MANY);
}

/* What came whole before a fault has been passed on. */
static void test_fault_behind_message(void)
{
	struct rig rig;
	char bytes[64];

	rig_init(&rig);
	struct test_message good = make(GET_QUEUE_NUM, VHOST_USER_VERSION, 8);
	struct test_message bad = make(GET_QUEUE_NUM, 0, 0);
	memcpy(bytes, &good, size_of(&good));
	memcpy(bytes + size_of(&good), &bad, size_of(&bad));
	send_bytes(rig.vmm, bytes, size_of(&good) + size_of(&bad), NULL, 0);
	settle();
	expect_message(rig.backend, &good, NULL, 0);
	expect_session_over(&rig, "of version 0, not 1");
	rig_finish(&rig);
}

static void test_eof_everywhere(void)
{
	int fd = make_memory();
	struct test_message message = make(SET_BACKEND_REQ_FD, VHOST_USER_VERSION, 20);

	for (int up = 0; up < 2; up++) {
		for (size_t cut = 0; cut <= size_of(&message); cut++) {
			struct rig rig;
			g_autofree char *inside = g_strdup_printf(
				"inside a message, %zu bytes into it", cut);
			bool whole = cut == 0 || cut == size_of(&message);

			rig_init(&rig);
			struct direction way = direction(&rig, up);
			if (cut)
				send_bytes(*way.from, &message, cut, &fd, 1);
			close_fd(way.from);
			settle();
			if (cut == size_of(&message))
				expect_message(*way.to, &message, &fd, 1);
			if (!whole)
				expect_session_over(&rig, inside);
			else if (up)
				expect_session_over(&rig, "the back-end has gone");
			else
				expect_session_over(&rig, "the VMM has disconnected");
			rig_finish(&rig);
		}
	}
	close(fd);
}

/* A peer that stops in mid-message holds up nobody: the other direction goes on. */
static void test_silence_inside(void)
{
	struct rig rig;

	rig_init(&rig);
	for (int up = 0; up < 2; up++) {
		struct direction way = direction(&rig, up);
		struct test_message half = make(SET_BACKEND_REQ_FD, VHOST_USER_VERSION, 20);
		send_bytes(*way.from, &half, 15, NULL, 0);
		settle();
		for (int i = 0; i < 3; i++) {
			struct test_message other = make(GET_QUEUE_NUM, VHOST_USER_VERSION, 8);
			send_message(*way.to, &other, NULL, 0);
			expect_message(*way.from, &other, NULL, 0);
		}
		send_bytes(*way.from, (char *)&half + 15, size_of(&half) - 15, NULL, 0);
		settle();
		expect_message(*way.to, &half, NULL, 0);
	}
	g_assert_cmpuint(rig.detached, ==, 0);
	rig_finish(&rig);
}

/* -------------------------------------------------------------------------- the display socket */

static const struct test_message swap_message = {
	.header = {VHOST_USER_GPU_SET_SOCKET, VHOST_USER_VERSION, 0}};

static bool hung_up(int fd)
{
	struct pollfd poll_fd = {.fd = fd};

	return poll(&poll_fd, 1, 0) == 1 && (poll_fd.revents & POLLHUP);
}

/* The back-end has got its message 33; returns the fd in it. */
static int receive_display_socket(struct rig *rig)
{
	struct test_message got;
	int fds[VHOST_USER_FDS_MAX];
	size_t count;

	g_assert_true(receive(rig->backend, &got, fds, &count));
	g_assert_cmpmem(&got, size_of(&got), &swap_message, size_of(&swap_message));
	g_assert_cmpuint(count, ==, 1);
	return fds[0];
}

/* What is written to one end comes out of the other, and the back-end's end blocks as it
 * expects. */
static void expect_pair(int ours, int theirs)
{
	char byte = 'x';

	g_assert_cmpint(write(ours, &byte, 1), ==, 1);
	byte = 0;
	g_assert_cmpint(read(theirs, &byte, 1), ==, 1);
	g_assert_cmpint(byte, ==, 'x');
	g_assert_cmpint(fcntl(theirs, F_GETFL) & O_NONBLOCK, ==, 0);
}

static void test_swap(void)
{
	struct rig rig;
	int pair[3][2];

	rig_init(&rig);
	for (int i = 0; i < 3; i++) {
		g_assert_cmpint(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair[i]), ==, 0);
		send_message(rig.vmm, &swap_message, &pair[i][1], 1);
		close(pair[i][1]);
		g_assert_cmpuint(rig.attached, ==, 1);
		if (i == 0) {
			int display = receive_display_socket(&rig);
			expect_pair(rig.display, display);
			close(display);
		}
		expect_nothing(rig.backend);
		/* The VMM's newest is open, and nobody reads it. */
		g_assert_false(hung_up(pair[i][0]));
		if (i > 0)
			g_assert_true(hung_up(pair[i - 1][0]));
		g_assert_cmpint(write(pair[i][0], "y", 1), ==, 1);
	}
	expect_nothing(rig.vmm);
	g_assert_cmpuint(relay_counters(rig.relay)->sockets_swapped, ==, 1);
	g_assert_cmpuint(relay_counters(rig.relay)->sockets_swallowed, ==, 2);

	/* With the VMM everything goes; the next one's back-end gets a new socket. */
	close_fd(&rig.vmm);
	settle();
	g_assert_true(hung_up(pair[2][0]));
	close_fd(&rig.display);
	close_fd(&rig.backend);
	rig_connect(&rig);
	send_message(rig.vmm, &swap_message, &pair[0][0], 1);
	close(receive_display_socket(&rig));
	g_assert_cmpuint(rig.attached, ==, 2);
	for (int i = 0; i < 3; i++)
		close(pair[i][0]);
	rig_finish(&rig);
}

static bool timer_runs(void)
{
	GMainContext *context = g_main_context_default();
	GPollFD fds[8];
	int timeout_ms;

	g_assert_true(g_main_context_acquire(context));
	g_main_context_prepare(context, NULL);
	g_main_context_query(context, G_MAXINT, &timeout_ms, fds, G_N_ELEMENTS(fds));
	g_main_context_release(context);
	return timeout_ms >= 0;
}

/* A display socket that is closed while its back-end stays is told of; one that goes with the
 * session is not. */
static void test_display_closed(void)
{
	static const char line[] = "guest test: the back-end's display socket is closed";
	struct rig rig;
	int pair[2];

	rig_init(&rig);
	g_assert_cmpint(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), ==, 0);
	send_message(rig.vmm, &swap_message, &pair[1], 1);
	close(receive_display_socket(&rig));
	relay_display_closed(rig.relay);
	g_assert_true(timer_runs());
	close_fd(&rig.backend);
	settle();
	g_assert_cmpuint(rig.detached, ==, 1);
	g_assert_false(timer_runs());
	close_fd(&rig.vmm);
	close_fd(&rig.display);
	rig_connect(&rig);
	send_message(rig.vmm, &swap_message, &pair[1], 1);
	close(receive_display_socket(&rig));
	relay_display_closed(rig.relay);
	while (times_logged(line) == 0)
		g_main_context_iteration(NULL, TRUE);
	g_assert_cmpuint(times_logged(line), ==, 1);

	/* The repeat is swallowed all the same. */
	send_message(rig.vmm, &swap_message, &pair[1], 1);
	expect_nothing(rig.backend);
	g_assert_cmpuint(rig.detached, ==, 1);
	close(pair[0]);
	close(pair[1]);
	rig_finish(&rig);
}

static void test_swap_split_everywhere(void)
{
	for (size_t cut = 1; cut < sizeof(swap_message.header); cut++) {
		struct rig rig;
		int fd = make_memory();

		rig_init(&rig);
		send_bytes(rig.vmm, &swap_message, cut, &fd, 1);
		settle();
		g_assert_cmpuint(rig.attached, ==, 0);
		send_bytes(rig.vmm, (char *)&swap_message + cut, sizeof(swap_message.header) - cut,
			NULL, 0);
		settle();
		g_assert_cmpuint(rig.attached, ==, 1);
		close(receive_display_socket(&rig));
		rig_finish(&rig);
		close(fd);
	}
}

static void test_swap_need_reply(void)
{
	struct rig rig;
	struct test_message request = make(VHOST_USER_GPU_SET_SOCKET,
		VHOST_USER_VERSION | VHOST_USER_NEED_REPLY, 0);
	struct test_message answer = make(VHOST_USER_GPU_SET_SOCKET,
		VHOST_USER_VERSION | VHOST_USER_REPLY, sizeof(uint64_t));
	int fd = make_memory();

	memset(answer.payload, 0, sizeof(uint64_t));
	rig_init(&rig);
	/* The first is swapped, the second swallowed; both are answered, once. */
	for (int i = 0; i < 2; i++) {
		send_message(rig.vmm, &request, &fd, 1);
		expect_message(rig.vmm, &answer, NULL, 0);
		expect_nothing(rig.vmm);
	}
	close(receive_display_socket(&rig));
	expect_nothing(rig.backend);
	rig_finish(&rig);
	close(fd);
}

static void test_swap_odd(void)
{
	for (size_t count = 0; count <= 3; count++) {
		for (uint32_t size = 0; size <= 8; size += 8) {
			struct rig rig;
			int fds[3];
			struct test_message message = make(VHOST_USER_GPU_SET_SOCKET,
				VHOST_USER_VERSION, size);

			make_memories(fds, 3);
			rig_init(&rig);
			send_message(rig.vmm, &message, fds, count);
			g_assert_cmpuint(rig.attached, ==, 1);
			close(receive_display_socket(&rig));
			expect_nothing(rig.backend);
			rig_finish(&rig);
			close_all(fds, 3);
		}
	}
}

/* A back-end that does not read gets its display socket later, and still only one. */
static void test_swap_back_pressure(void)
{
	struct rig rig;
	int fd = make_memory();
	struct test_message filler = make(GET_QUEUE_NUM, VHOST_USER_VERSION,
		VHOST_USER_PAYLOAD_MAX);
	uint64_t sent = 0;

	rig_init(&rig);
	do {
		send_message(rig.vmm, &filler, NULL, 0);
		sent++;
	} while (relay_counters(rig.relay)->messages == sent);
	/* The last one is stuck in the relay's own socket, and 33 behind it. */
	send_message(rig.vmm, &swap_message, &fd, 1);
	g_assert_cmpuint(rig.attached, ==, 0);
	for (uint64_t i = 0; i < sent; i++) {
		expect_message(rig.backend, &filler, NULL, 0);
		settle();
	}
	g_assert_cmpuint(rig.attached, ==, 1);
	close(receive_display_socket(&rig));
	rig_finish(&rig);
	close(fd);
}

/* --------------------------------------------------------------------------- what is looked at */

static struct test_message make_config(uint32_t offset, uint32_t size, uint32_t payload_size)
{
	struct test_message message = make(VHOST_USER_GET_CONFIG,
		VHOST_USER_VERSION | VHOST_USER_REPLY, payload_size);
	const struct vhost_user_config config = {offset, size, 0};
	const struct virtio_gpu_config gpu = {0x11111111, 0x22222222, GUINT32_TO_LE(5), 0x33333333};

	memcpy(message.payload, &config, sizeof(config));
	if (offset < sizeof(gpu))
		memcpy(message.payload + sizeof(config), (char *)&gpu + offset,
			sizeof(gpu) - offset);
	return message;
}

static void test_scanouts(void)
{
	const struct {
		uint32_t offset, size, payload_size;
		bool told;
	} cases[] = {
		{0, 16, 28, true},
		{0, 20, 32, true},
		{0, 12, 24, true},
		{8, 4, 16, true},
		{4, 8, 20, true},
		{0, 11, 23, false},
		{12, 4, 16, false},
		{0, 16, 23, false}, /* promises more than it has */
		{0, 8, 28, false}, /* has more than it promises */
		{0xffffffff, 0xffffffff, 28, false},
		{8, 0xffffffff, 16, true},
		{0, 16, 0, false}, /* libvhost-user's error */
		{0, 16, 11, false},
	};

	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		struct rig rig;

		g_test_message("case %zu", i);
		rig_init(&rig);
		struct test_message message = make_config(cases[i].offset, cases[i].size,
			cases[i].payload_size);
		send_message(rig.backend, &message, NULL, 0);
		expect_message(rig.vmm, &message, NULL, 0);
		g_assert_cmpuint(rig.scanouts_told, ==, cases[i].told);
		g_assert_cmpuint(rig.scanouts, ==, cases[i].told ? 5 : 0);

		/* The same as a request is the VMM's business. */
		message.header.flags = VHOST_USER_VERSION;
		send_message(rig.vmm, &message, NULL, 0);
		expect_message(rig.backend, &message, NULL, 0);
		g_assert_cmpuint(rig.scanouts_told, ==, cases[i].told);
		rig_finish(&rig);
	}
}

/* A back-end that tells another number each time is passed on, but heard once; and by the next VMM
 * again. */
static void test_scanouts_once(void)
{
	struct rig rig;

	rig_init(&rig);
	struct test_message first = make_config(0, 16, 28);
	struct test_message second = first;
	uint32_t other = GUINT32_TO_LE(3);

	memcpy(second.payload + sizeof(struct vhost_user_config) + 8, &other, sizeof(other));
	for (int i = 0; i < 3; i++) {
		struct test_message *message = i % 2 ? &second : &first;

		send_message(rig.backend, message, NULL, 0);
		expect_message(rig.vmm, message, NULL, 0);
		g_assert_cmpuint(rig.scanouts_told, ==, 1);
		g_assert_cmpuint(rig.scanouts, ==, 5);
	}

	close_fd(&rig.vmm);
	settle();
	close_fd(&rig.backend);
	rig_connect(&rig);
	send_message(rig.backend, &second, NULL, 0);
	expect_message(rig.vmm, &second, NULL, 0);
	g_assert_cmpuint(rig.scanouts_told, ==, 2);
	g_assert_cmpuint(rig.scanouts, ==, 3);
	rig_finish(&rig);
}

/* A reply in pieces is passed on and understood. */
static void test_scanouts_split(void)
{
	struct rig rig;

	rig_init(&rig);
	struct test_message message = make_config(0, 16, 28);
	send_bytes(rig.backend, &message, sizeof(message.header), NULL, 0);
	send_bytes(rig.backend, message.payload, 10, NULL, 0);
	send_bytes(rig.backend, message.payload + 10, 18, NULL, 0);
	settle();
	expect_message(rig.vmm, &message, NULL, 0);
	g_assert_cmpuint(rig.scanouts, ==, 5);
	rig_finish(&rig);
}

static void test_memory_shared(void)
{
	struct rig rig;
	int fds[3];

	make_memories(fds, 3);
	rig_init(&rig);
	struct test_message table = make(VHOST_USER_SET_MEM_TABLE, VHOST_USER_VERSION, 8 + 3 * 32);
	const uint32_t regions = 3;
	memcpy(table.payload, &regions, sizeof(regions));
	send_message(rig.vmm, &table, fds, 3);
	expect_message(rig.backend, &table, fds, 3);
	struct test_message region = make(VHOST_USER_ADD_MEM_REG, VHOST_USER_VERSION, 40);
	send_message(rig.vmm, &region, fds, 1);
	expect_message(rig.backend, &region, fds, 1);
	struct test_message ring = make(VHOST_USER_SET_VRING_ADDR, VHOST_USER_VERSION, 40);
	send_message(rig.vmm, &ring, NULL, 0);
	expect_message(rig.backend, &ring, NULL, 0);
	rig_finish(&rig);
	close_all(fds, 3);
}

static void test_memory_private(void)
{
	int file = make_memory();
	g_autofree char *path = g_strdup_printf("/proc/self/fd/%d", file);
	int read_only = open(path, O_RDONLY | O_CLOEXEC);
	int path_only = open(path, O_PATH | O_CLOEXEC);
	const struct {
		const char *name;
		uint32_t request;
		uint32_t size;
		uint32_t regions;
		const int *fd; /* NULL: none is sent */
	} cases[] = {
		{"region without fd", VHOST_USER_ADD_MEM_REG, 40, 0, NULL},
		{"read-only region", VHOST_USER_ADD_MEM_REG, 40, 0, &read_only},
		{"region that is a path", VHOST_USER_ADD_MEM_REG, 40, 0, &path_only},
		{"table without fds", VHOST_USER_SET_MEM_TABLE, 8 + 32, 1, NULL},
		{"table with too few", VHOST_USER_SET_MEM_TABLE, 8 + 64, 2, &file},
		{"table without regions", VHOST_USER_SET_MEM_TABLE, 8, 0, NULL},
		{"table too short", VHOST_USER_SET_MEM_TABLE, 3, 0, &file},
		{"ring without memory", VHOST_USER_SET_VRING_ADDR, 40, 0, NULL},
	};

	g_assert_cmpint(read_only, >=, 0);
	g_assert_cmpint(path_only, >=, 0);
	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		struct rig rig;

		g_test_message("%s", cases[i].name);
		rig_init(&rig);
		struct test_message message = make(cases[i].request, VHOST_USER_VERSION,
			cases[i].size);
		memcpy(message.payload, &cases[i].regions, sizeof(cases[i].regions));
		send_message(rig.vmm, &message, cases[i].fd, cases[i].fd != NULL);
		g_assert_cmpuint(times_logged("guest test:"), >=, 1);
		expect_session_over(&rig, "-object memory-backend-memfd");
		rig_finish(&rig);
	}
	close(file);
	close(read_only);
	close(path_only);
}

static void test_memory_refused(void)
{
	struct rig rig;

	rig_init(&rig);
	for (uint64_t status = 0; status < 2; status++) {
		struct test_message reply = make(VHOST_USER_ADD_MEM_REG,
			VHOST_USER_VERSION | VHOST_USER_REPLY, sizeof(status));
		memcpy(reply.payload, &status, sizeof(status));
		send_message(rig.backend, &reply, NULL, 0);
		expect_message(rig.vmm, &reply, NULL, 0);
		g_assert_cmpuint(times_logged("the back-end refused memory"), ==, status);
	}
	rig_finish(&rig);
}

/* -------------------------------------------------------------------------------- coming, going */

static bool connected(struct rig *rig)
{
	rig->backend = accept4(rig->listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
	return rig->backend >= 0;
}

/* The back-end comes late: one line, the VMM's bytes wait, and nothing is lost. */
static void test_backend_late(void)
{
	struct rig rig;
	int fd = make_memory();
	struct test_message message = make(SET_BACKEND_REQ_FD, VHOST_USER_VERSION, 20);

	rig_prepare(&rig);
	rig_create_relay(&rig);
	rig.vmm = connect_to(rig.vmm_path);
	settle();
	send_message(rig.vmm, &message, &fd, 1);
	send_message(rig.vmm, &message, &fd, 1);
	/* Some tries fail: nobody listens, then a socket that nobody serves. */
	while (times_logged(rig.backend_path) == 0)
		g_main_context_iteration(NULL, TRUE);
	int stale = listen_at(rig.backend_path);
	close(stale);
	for (int tries = 0; tries < 3; tries++)
		g_main_context_iteration(NULL, TRUE);
	g_assert_cmpuint(times_logged("waiting for the back-end to listen"), ==, 1);
	g_assert_cmpuint(times_logged(rig.backend_path), ==, 1);

	rig.listener = listen_at(rig.backend_path);
	while (!connected(&rig))
		g_main_context_iteration(NULL, TRUE);
	settle();
	expect_message(rig.backend, &message, &fd, 1);
	expect_message(rig.backend, &message, &fd, 1);
	g_assert_cmpuint(times_logged("the back-end is there"), ==, 1);
	rig_finish(&rig);
	close(fd);
}

static void test_vmm_leaves_waiting(void)
{
	struct rig rig;
	int fd = make_memory();
	struct test_message message = make(SET_BACKEND_REQ_FD, VHOST_USER_VERSION, 20);

	rig_prepare(&rig);
	rig_create_relay(&rig);
	for (unsigned int i = 1; i <= 3; i++) {
		rig.vmm = connect_to(rig.vmm_path);
		settle();
		send_message(rig.vmm, &message, &fd, 1);
		close_fd(&rig.vmm);
		settle();
		g_assert_cmpuint(rig.detached, ==, i);
		g_assert_cmpuint(times_logged("waiting for the back-end"), ==, i);
	}
	rig_connect(&rig);
	g_assert_cmpuint(rig.attached, ==, 0);
	rig_finish(&rig);
	close(fd);
}

/* A second VMM waits until the first is gone, and then gets a connection of its own. */
static void test_second_vmm_waits(void)
{
	struct rig rig;
	struct test_message message = make(GET_QUEUE_NUM, VHOST_USER_VERSION, 8);

	rig_init(&rig);
	int second = connect_to(rig.vmm_path);
	settle();
	send_message(second, &message, NULL, 0);
	expect_nothing(rig.backend);
	g_assert_cmpuint(relay_counters(rig.relay)->vmms, ==, 1);

	close_fd(&rig.vmm);
	settle();
	expect_closed(rig.backend);
	close_fd(&rig.backend);
	g_assert_cmpuint(rig.detached, ==, 1);
	g_assert_cmpuint(relay_counters(rig.relay)->vmms, ==, 2);
	g_assert_true(connected(&rig));
	expect_message(rig.backend, &message, NULL, 0);
	rig.vmm = second;
	rig_finish(&rig);
}

/* At a socket that the service manager listens on. */
static void test_listening(void)
{
	struct rig rig;
	g_autoptr(GError) error = NULL;
	struct test_message message = make(GET_QUEUE_NUM, VHOST_USER_VERSION, 8);

	rig_prepare(&rig);
	const struct relay_options options = {
		.name = "test",
		.vmm_listen_fd = listen_at(rig.vmm_path),
		.backend_path = rig.backend_path,
	};
	rig.relay = relay_create(&options, &listener, &rig, &error);
	g_assert_no_error(error);
	rig_connect(&rig);
	send_message(rig.vmm, &message, NULL, 0);
	expect_message(rig.backend, &message, NULL, 0);
	g_unlink(rig.vmm_path);
	rig_finish(&rig);
}

/* Destroyed in whichever state, it leaves no fd and calls nobody. */
static void test_destroy(void)
{
	struct test_message message = make(SET_BACKEND_REQ_FD, VHOST_USER_VERSION, 20);

	relay_destroy(NULL);
	for (int state = 0; state < 4; state++) {
		struct rig rig;
		int fd = make_memory();

		rig_prepare(&rig);
		rig_create_relay(&rig);
		if (state == 1) {
			rig.vmm = connect_to(rig.vmm_path);
			settle();
		} else if (state >= 2) {
			rig_connect(&rig);
			send_message(rig.vmm, &swap_message, &fd, 1);
			close(receive_display_socket(&rig));
		}
		if (state == 3) {
			send_bytes(rig.vmm, &message, 15, &fd, 1);
			settle();
		}
		relay_destroy(rig.relay);
		rig.relay = NULL;
		g_assert_cmpuint(rig.detached, ==, 0);
		g_assert_false(g_file_test(rig.vmm_path, G_FILE_TEST_EXISTS));
		rig_finish(&rig);
		close(fd);
	}
}

static void test_create_refused(void)
{
	struct rig rig;
	g_autoptr(GError) error = NULL;
	char too_long[200];

	rig_prepare(&rig);
	memset(too_long, 'x', sizeof(too_long));
	too_long[0] = '/';
	too_long[sizeof(too_long) - 1] = '\0';
	struct relay_options options = {
		.name = "test",
		.vmm_path = rig.vmm_path,
		.vmm_listen_fd = -1,
		.backend_path = too_long,
	};
	g_assert_null(relay_create(&options, &listener, &rig, &error));
	g_assert_nonnull(error);
	g_assert_nonnull(strstr(error->message, too_long));
	g_clear_error(&error);

	options.backend_path = rig.backend_path;
	rig.relay = relay_create(&options, &listener, &rig, &error);
	g_assert_no_error(error);
	g_assert_null(relay_create(&options, &listener, &rig, &error));
	g_assert_nonnull(error);
	rig_finish(&rig);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_log_set_writer_func(record, NULL, NULL);
	/* GLib's own fds, made now, are no leak of the relay's. */
	settle();
	g_test_add_func("/relay/forward", test_forward);
	g_test_add_func("/relay/split-everywhere", test_split_everywhere);
	g_test_add_func("/relay/byte-by-byte", test_byte_by_byte);
	g_test_add_func("/relay/fds-in-pieces", test_fds_in_pieces);
	g_test_add_func("/relay/coalesced", test_coalesced);
	g_test_add_func("/relay/back-pressure", test_back_pressure);
	g_test_add_func("/relay/gone-under-back-pressure", test_gone_under_back_pressure);
	g_test_add_func("/relay/faults", test_faults);
	g_test_add_func("/relay/nine-fds-in-pieces", test_nine_fds_in_pieces);
	g_test_add_func("/relay/fault-behind-message", test_fault_behind_message);
	g_test_add_func("/relay/eof-everywhere", test_eof_everywhere);
	g_test_add_func("/relay/silence-inside", test_silence_inside);
	g_test_add_func("/relay/swap", test_swap);
	g_test_add_func("/relay/display-closed", test_display_closed);
	g_test_add_func("/relay/swap-split-everywhere", test_swap_split_everywhere);
	g_test_add_func("/relay/swap-need-reply", test_swap_need_reply);
	g_test_add_func("/relay/swap-odd", test_swap_odd);
	g_test_add_func("/relay/swap-back-pressure", test_swap_back_pressure);
	g_test_add_func("/relay/scanouts", test_scanouts);
	g_test_add_func("/relay/scanouts-once", test_scanouts_once);
	g_test_add_func("/relay/scanouts-split", test_scanouts_split);
	g_test_add_func("/relay/memory-shared", test_memory_shared);
	g_test_add_func("/relay/memory-private", test_memory_private);
	g_test_add_func("/relay/memory-refused", test_memory_refused);
	g_test_add_func("/relay/backend-late", test_backend_late);
	g_test_add_func("/relay/vmm-leaves-waiting", test_vmm_leaves_waiting);
	g_test_add_func("/relay/second-vmm-waits", test_second_vmm_waits);
	g_test_add_func("/relay/listening", test_listening);
	g_test_add_func("/relay/destroy", test_destroy);
	g_test_add_func("/relay/create-refused", test_create_refused);
	return g_test_run();
}
