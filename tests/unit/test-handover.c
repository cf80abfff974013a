/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A VMM and a back-end that are there already and are handed to the relay, which scanout-gpu does;
 * and what a peer may send in the place of that.
 */
#include <fcntl.h>
#include <glib-unix.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "channel_fixture.h"
#include "relay_fixture.h"
#include "wire/handover.h"

/* The number of a source of the handover's. */
static guint silence;

/* The handover's never comes by itself. */
guint g_timeout_add(guint interval, GSourceFunc function, gpointer data)
{
	bool is_silence = interval == 10000;
	GSource *source = g_timeout_source_new(is_silence ? G_MAXINT : interval);
	guint id;

	g_source_set_callback(source, function, data, NULL);
	id = g_source_attach(source, NULL);
	g_source_unref(source);
	if (is_silence)
		silence = id;
	return id;
}

static struct rig_message question(void)
{
	return rig_message(RIG_GET_QUEUE_NUM, VHOST_USER_VERSION, 0);
}

static struct rig_message answer(void)
{
	return rig_message(RIG_GET_QUEUE_NUM, VHOST_USER_VERSION | VHOST_USER_REPLY, 8);
}

/* A relay whose back-end's socket nobody listens at. */
static void prepare(struct rig *rig)
{
	rig_prepare(rig);
	rig_create_relay(rig);
}

/* As scanout-gpu connects. */
static int offer(const struct rig *rig, const char *name)
{
	struct sockaddr_un own = {.sun_family = AF_UNIX};
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	int length = snprintf(own.sun_path + 1, sizeof(own.sun_path) - 1, "%s%d", name, getpid());

	g_assert_cmpint(
		bind(fd, (struct sockaddr *)&own,
			(socklen_t)offsetof(struct sockaddr_un, sun_path) + 1 + (socklen_t)length),
		==, 0);
	g_strlcpy(address.sun_path, rig->vmm_path, sizeof(address.sun_path));
	g_assert_cmpint(connect(fd, (struct sockaddr *)&address, sizeof(address)), ==, 0);
	return fd;
}

static void send_fds(int fd, char version, const int *fds, size_t count)
{
	union {
		struct cmsghdr align;
		char bytes[CMSG_SPACE(sizeof(int) * 4)];
	} control = {0};
	struct iovec iov = {&version, 1};
	struct msghdr message = {.msg_iov = &iov, .msg_iovlen = 1};

	if (count > 0) {
		control.align.cmsg_level = SOL_SOCKET;
		control.align.cmsg_type = SCM_RIGHTS;
		control.align.cmsg_len = CMSG_LEN(sizeof(int) * count);
		memcpy(CMSG_DATA(&control.align), fds, sizeof(int) * count);
		message.msg_control = control.bytes;
		message.msg_controllen = CMSG_SPACE(sizeof(int) * count);
	}
	g_assert_cmpint(sendmsg(fd, &message, 0), ==, 1);
	rig_settle();
}

static void expect_works(struct rig *rig)
{
	struct rig_message asked = question();
	struct rig_message answered = answer();

	rig_expect_forwarded(rig_direction(rig, false), &asked, NULL, 0);
	rig_expect_forwarded(rig_direction(rig, true), &answered, NULL, 0);
}

/* The answer: one byte with the two connections, and the end. */
static void expect_given(struct rig *rig, int fd)
{
	union {
		struct cmsghdr align;
		char bytes[CMSG_SPACE(sizeof(int) * 4)];
	} control = {0};
	char version = 0;
	struct iovec iov = {&version, 1};
	struct msghdr message = {.msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = control.bytes,
		.msg_controllen = sizeof(control.bytes)};
	int given[2];

	rig_settle();
	g_assert_cmpint(recvmsg(fd, &message, MSG_CMSG_CLOEXEC), ==, 1);
	g_assert_cmpint(version, ==, HANDOVER_VERSION);
	g_assert_cmpuint(control.align.cmsg_len, ==, CMSG_LEN(sizeof(given)));
	memcpy(given, CMSG_DATA(&control.align), sizeof(given));
	rig_expect_closed(fd);
	close(fd);
	for (int i = 0; i < 2; i++) {
		/* Programs that wait have them. */
		g_assert_cmpint(fcntl(given[i], F_GETFL) & O_NONBLOCK, ==, 0);
		g_assert_true(g_unix_set_fd_nonblocking(given[i], TRUE, NULL));
	}
	rig->vmm = given[0];
	rig->backend = given[1];
}

/* They are served as those that connect, and the display socket is swapped as always. */
static void test_taken(void)
{
	struct rig rig;

	prepare(&rig);
	int fd = offer(&rig, HANDOVER_ADDRESS);
	rig_settle();
	g_assert_cmpuint(rig_times_logged("back-end"), ==, 0);
	send_fds(fd, HANDOVER_VERSION, NULL, 0);
	expect_given(&rig, fd);
	/* It has as long as it likes from now on. */
	g_assert_null(g_main_context_find_source_by_id(NULL, silence));
	expect_works(&rig);
	rig_swap(&rig, rig.fds[0]);
	g_assert_cmpuint(rig.attached, ==, 1);
	g_assert_cmpuint(rig.backend_told, ==, 1);
	g_assert_true(rig.backend_there);

	rig_close(&rig.vmm);
	rig_settle();
	g_assert_cmpuint(rig.detached, ==, 1);
	rig_expect_closed(rig.backend);
	rig_close(&rig.backend);
	/* One that connects is served as ever. */
	rig_close(&rig.display);
	rig_connect(&rig);
	expect_works(&rig);
	rig_finish(&rig);
}

/* While one is served, another one waits, and is taken when it is its turn. */
static void test_waits(void)
{
	struct rig rig;
	char byte = 0;

	prepare(&rig);
	int first = rig_connect_to(rig.vmm_path);
	rig_settle();
	int fd = offer(&rig, HANDOVER_ADDRESS);
	send_fds(fd, HANDOVER_VERSION, NULL, 0);
	g_assert_cmpint(recv(fd, &byte, 1, 0), ==, -1);
	close(first);
	expect_given(&rig, fd);
	expect_works(&rig);
	rig_finish(&rig);
}

/* Closed, said once, and the next one is served. */
static void expect_refused(struct rig *rig, int fd, const char *text)
{
	char byte;

	g_assert_cmpuint(rig_times_logged(text), ==, 1);
	g_assert_cmpuint(rig->detached, ==, 1);
	g_assert_cmpint(recv(fd, &byte, 1, 0), ==, 0);
	close(fd);
	rig_connect(rig);
	expect_works(rig);
	rig_finish(rig);
}

static void test_refused(gconstpointer data)
{
	const char *what = data;
	struct rig rig;
	const char *text = "sent fds, which nobody had asked for";

	prepare(&rig);
	int fd = offer(&rig, HANDOVER_ADDRESS);
	rig_settle();
	if (g_str_equal(what, "fds")) {
		send_fds(fd, HANDOVER_VERSION, rig.fds, 2);
	} else if (g_str_equal(what, "version")) {
		text = "of another version";
		send_fds(fd, HANDOVER_VERSION - 1, NULL, 0);
	} else {
		text = "went away";
		shutdown(fd, SHUT_WR);
		rig_settle();
	}
	expect_refused(&rig, fd, text);
}

/* Until it asks it keeps others out, so not for long; and who it is can be read meanwhile. */
static void test_silent(void)
{
	g_autofree char *who = g_strdup_printf("a VMM is being handed over by process %d",
		getpid());
	struct rig rig;

	prepare(&rig);
	int fd = offer(&rig, HANDOVER_ADDRESS);
	rig_settle();
	g_assert_cmpuint(rig_times_logged(who), ==, 1);
	g_assert_cmpuint(rig.detached, ==, 0);
	g_source_set_ready_time(g_main_context_find_source_by_id(NULL, silence), 0);
	rig_settle();
	expect_refused(&rig, fd, "a handover: the peer connected and asked for nothing");
}

/* Whoever asks, and is gone before it is answered. */
static void test_gone(void)
{
	struct rig rig;

	prepare(&rig);
	int fd = offer(&rig, HANDOVER_ADDRESS);
	send_fds(fd, HANDOVER_VERSION, NULL, 0);
	/* With it the two that it has not taken. */
	close(fd);
	rig_settle();
	g_assert_cmpuint(rig.detached, ==, 1);
	rig_connect(&rig);
	expect_works(&rig);
	rig_finish(&rig);
}

/* The relay ends while it waits for what was offered. */
static void test_destroyed(void)
{
	struct rig rig;

	prepare(&rig);
	int fd = offer(&rig, HANDOVER_ADDRESS);
	rig_settle();
	g_clear_pointer(&rig.relay, relay_destroy);
	rig_settle();
	rig_expect_closed(fd);
	close(fd);
	rig_finish(&rig);
}

/* Another address is a VMM's. */
static void test_another_address(void)
{
	struct rig rig;

	prepare(&rig);
	rig.listener = rig_listen_at(rig.backend_path);
	rig.vmm = offer(&rig, "scanout-hand");
	rig_settle();
	g_assert_true(rig_accept(&rig));
	expect_works(&rig);
	rig_finish(&rig);
}

int main(int argc, char **argv)
{
	static const char *const refused[] = {"fds", "version", "nothing"};

	rig_setup(&argc, &argv);
	g_test_add_func("/handover/taken", test_taken);
	g_test_add_func("/handover/waits", test_waits);
	for (size_t i = 0; i < G_N_ELEMENTS(refused); i++) {
		g_autofree char *path = g_strconcat("/handover/refused/", refused[i], NULL);

		g_test_add_data_func(path, refused[i], test_refused);
	}
	g_test_add_func("/handover/silent", test_silent);
	g_test_add_func("/handover/gone", test_gone);
	g_test_add_func("/handover/destroyed", test_destroyed);
	g_test_add_func("/handover/another-address", test_another_address);
	return g_test_run();
}
