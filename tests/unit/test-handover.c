/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A VMM and a back-end that are handed to the relay, which scanout-gpu does; and what a peer may send in
 * their place.
 */
#include <glib/gstdio.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "channel_fixture.h"
#include "relay_fixture.h"
#include "wire/handover.h"

static struct rig_message question(void)
{
	return rig_message(RIG_GET_QUEUE_NUM, VHOST_USER_VERSION, 0);
}

static struct rig_message answer(void)
{
	return rig_message(RIG_GET_QUEUE_NUM, VHOST_USER_VERSION | VHOST_USER_REPLY, 8);
}

/* A relay whose back-end's socket nobody listens at, and a VMM with a connection of its own. */
static void prepare(struct rig *rig, int *vmm, int *backend)
{
	int pair[2];

	rig_prepare(rig);
	rig_create_relay(rig);
	g_assert_cmpint(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, pair),
		==, 0);
	rig->vmm = pair[0];
	*vmm = pair[1];
	g_assert_cmpint(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, pair),
		==, 0);
	rig->backend = pair[0];
	*backend = pair[1];
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

/* What the VMM said before is not lost, and the display socket is swapped as always. */
static void test_taken(void)
{
	struct rig rig;
	int given[2];
	char byte = 0;
	struct rig_message asked = question();

	prepare(&rig, &given[0], &given[1]);
	g_assert_cmpint(send(rig.vmm, &asked, rig_message_size(&asked), 0), >, 0);
	int fd = offer(&rig, HANDOVER_ADDRESS);
	rig_settle();
	g_assert_cmpuint(rig_times_logged("back-end"), ==, 0);
	send_fds(fd, HANDOVER_VERSION, given, 2);
	close(given[0]);
	close(given[1]);
	g_assert_cmpint(recv(fd, &byte, 1, 0), ==, 1);
	g_assert_cmpint(byte, ==, HANDOVER_VERSION);
	rig_expect_closed(fd);
	close(fd);
	rig_expect_message(rig.backend, &asked, NULL, 0);
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
	int given[2];
	char byte = 0;

	prepare(&rig, &given[0], &given[1]);
	int first = rig_connect_to(rig.vmm_path);
	rig_settle();
	int fd = offer(&rig, HANDOVER_ADDRESS);
	send_fds(fd, HANDOVER_VERSION, given, 2);
	g_assert_cmpint(recv(fd, &byte, 1, 0), ==, -1);
	close(first);
	rig_settle();
	g_assert_cmpint(recv(fd, &byte, 1, 0), ==, 1);
	expect_works(&rig);
	close(given[0]);
	close(given[1]);
	close(fd);
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
	rig_close(&rig->vmm);
	rig_close(&rig->backend);
	rig_connect(rig);
	expect_works(rig);
	rig_finish(rig);
}

static void test_refused(gconstpointer data)
{
	const char *what = data;
	struct rig rig;
	int given[3];
	const char *text = "did not send two fds";

	prepare(&rig, &given[0], &given[1]);
	given[2] = rig.fds[0];
	int fd = offer(&rig, HANDOVER_ADDRESS);
	rig_settle();
	if (g_str_equal(what, "none")) {
		send_fds(fd, HANDOVER_VERSION, NULL, 0);
	} else if (g_str_equal(what, "one")) {
		send_fds(fd, HANDOVER_VERSION, given, 1);
	} else if (g_str_equal(what, "three")) {
		send_fds(fd, HANDOVER_VERSION, given, 3);
	} else if (g_str_equal(what, "file")) {
		text = "not a connected AF_UNIX stream socket";
		send_fds(fd, HANDOVER_VERSION, given + 1, 2);
	} else if (g_str_equal(what, "listening")) {
		g_autofree char *path = g_build_filename(rig.directory, "other", NULL);
		int sockets[2] = {rig_listen_at(path), given[1]};

		text = "not a connected AF_UNIX stream socket";
		send_fds(fd, HANDOVER_VERSION, sockets, 2);
		close(sockets[0]);
		g_unlink(path);
	} else if (g_str_equal(what, "version")) {
		text = "of another version";
		send_fds(fd, HANDOVER_VERSION + 1, given, 2);
	} else {
		text = "went away";
		shutdown(fd, SHUT_WR);
		rig_settle();
	}
	close(given[0]);
	close(given[1]);
	expect_refused(&rig, fd, text);
}

/* Sockets that nobody is at the other end of: an ordinary end. */
static void test_unconnected(void)
{
	struct rig rig;
	int given[2];
	int lonely[2];

	prepare(&rig, &given[0], &given[1]);
	for (int i = 0; i < 2; i++)
		lonely[i] = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	int fd = offer(&rig, HANDOVER_ADDRESS);
	send_fds(fd, HANDOVER_VERSION, lonely, 2);
	for (int i = 0; i < 2; i++) {
		close(lonely[i]);
		close(given[i]);
	}
	g_assert_cmpuint(rig.detached, ==, 1);
	close(fd);
	rig_close(&rig.vmm);
	rig_close(&rig.backend);
	rig_connect(&rig);
	expect_works(&rig);
	rig_finish(&rig);
}

/* The relay ends while it waits for what was offered. */
static void test_destroyed(void)
{
	struct rig rig;
	int given[2];

	prepare(&rig, &given[0], &given[1]);
	int fd = offer(&rig, HANDOVER_ADDRESS);
	rig_settle();
	close(given[0]);
	close(given[1]);
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
	int given[2];

	prepare(&rig, &given[0], &given[1]);
	rig_close(&rig.vmm);
	rig_close(&rig.backend);
	close(given[0]);
	close(given[1]);
	rig.listener = rig_listen_at(rig.backend_path);
	rig.vmm = offer(&rig, "scanout-hand");
	rig_settle();
	g_assert_true(rig_accept(&rig));
	expect_works(&rig);
	rig_finish(&rig);
}

int main(int argc, char **argv)
{
	static const char *const refused[] = {"none", "one", "three", "file", "listening",
		"version", "nothing"};

	rig_setup(&argc, &argv);
	g_test_add_func("/handover/taken", test_taken);
	g_test_add_func("/handover/waits", test_waits);
	for (size_t i = 0; i < G_N_ELEMENTS(refused); i++) {
		g_autofree char *path = g_strconcat("/handover/refused/", refused[i], NULL);

		g_test_add_data_func(path, refused[i], test_refused);
	}
	g_test_add_func("/handover/unconnected", test_unconnected);
	g_test_add_func("/handover/destroyed", test_destroyed);
	g_test_add_func("/handover/another-address", test_another_address);
	return g_test_run();
}
