/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What cannot be sent just now is sent later, in order, and the session is none the worse: the
 * kernel has no memory, or the user has too many fds in flight, which may be another guest's.
 */
#include <errno.h>
#include <fcntl.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "channel_fixture.h"
#include "relay_fixture.h"

/* What sendmsg() and send() fail with, in this program, while they do; of the relay alone, which
 * never blocks. */
static int failure;
static int failure_of_bytes;
static unsigned int failures;
static bool no_sockets;
static int watch_error;

ssize_t sendmsg(int socket, const struct msghdr *message, int flags)
{
	if (failure && flags & MSG_NOSIGNAL && flags & MSG_DONTWAIT) {
		failures++;
		errno = failure;
		return -1;
	}
	return syscall(SYS_sendmsg, socket, message, flags);
}

ssize_t send(int socket, const void *bytes, size_t size, int flags)
{
	if (failure_of_bytes && flags & MSG_NOSIGNAL && flags & MSG_DONTWAIT) {
		failures++;
		errno = failure_of_bytes;
		return -1;
	}
	return syscall(SYS_sendto, socket, bytes, size, flags, NULL, 0);
}

int socketpair(int domain, int type, int protocol, int pair[2])
{
	if (no_sockets) {
		failures++;
		errno = EMFILE;
		return -1;
	}
	return (int)syscall(SYS_socketpair, domain, type, protocol, pair);
}

int epoll_ctl(int epoll, int operation, int fd, struct epoll_event *event)
{
	if (watch_error && operation == EPOLL_CTL_ADD) {
		failures++;
		errno = watch_error;
		return -1;
	}
	return (int)syscall(SYS_epoll_ctl, epoll, operation, fd, event);
}

/* It was tried, and again. */
static void await_failures(unsigned int count)
{
	failures = 0;
	while (failures < count)
		g_main_context_iteration(NULL, TRUE);
}

static void await_messages(const struct rig *rig, uint64_t count)
{
	while (relay_counters(rig->relay)->messages < count)
		g_main_context_iteration(NULL, TRUE);
}

/* fixture_send() is not what fails. */
static void send_from(int socket, const struct rig_message *message, const int *fds,
	size_t fd_count)
{
	int saved = failure;

	failure = 0;
	fixture_send_on(socket, message, rig_message_size(message), fds, fd_count);
	failure = saved;
}

static void test_sent_later(void)
{
	static const int errors[] = {ETOOMANYREFS, ENOBUFS, ENOMEM, EAGAIN};
	struct rig rig;
	uint64_t messages = 0;

	rig_init(&rig);
	for (size_t i = 0; i < G_N_ELEMENTS(errors); i++) {
		for (int up = 0; up < 2; up++) {
			struct rig_direction way = rig_direction(&rig, up);
			struct rig_message first = rig_message(RIG_SET_BACKEND_REQ_FD,
				VHOST_USER_VERSION, 8);
			struct rig_message second = rig_message(RIG_GET_QUEUE_NUM,
				VHOST_USER_VERSION, 40);

			failure = errors[i];
			send_from(*way.from, &first, rig.fds, 2);
			send_from(*way.from, &second, NULL, 0);
			await_failures(3);
			rig_expect_nothing(*way.to);
			failure = 0;
			messages += 2;
			await_messages(&rig, messages);
			rig_expect_message(*way.to, &first, rig.fds, 2);
			rig_expect_message(*way.to, &second, NULL, 0);
		}
	}
	g_assert_cmpuint(rig.detached, ==, 0);
	rig_finish(&rig);
}

/* The other direction goes on meanwhile, and who hangs up is not kept waiting for. */
static void test_gone_meanwhile(void)
{
	struct rig rig;
	struct rig_message message = rig_message(RIG_SET_BACKEND_REQ_FD, VHOST_USER_VERSION, 8);

	rig_init(&rig);
	failure = ETOOMANYREFS;
	send_from(rig.vmm, &message, rig.fds, 2);
	await_failures(1);
	rig_close(&rig.backend);
	failure = 0;
	while (!rig.detached)
		g_main_context_iteration(NULL, TRUE);
	rig_expect_closed(rig.vmm);
	/* The fds of what was held are gone, too: rig_finish() counts. */
	rig_finish(&rig);
}

/* The display socket is one more of these. */
static void test_display_socket(void)
{
	struct rig rig;

	rig_init(&rig);
	no_sockets = true;
	send_from(rig.vmm, &rig_swap_message, rig.fds, 1);
	await_failures(3);
	g_assert_cmpuint(rig_times_logged("no display socket yet: Too many open files"), ==, 1);
	no_sockets = false;
	failure = ETOOMANYREFS;
	await_failures(2);
	g_assert_cmpuint(rig.attached, ==, 0);
	failure = 0;
	while (!rig.attached)
		g_main_context_iteration(NULL, TRUE);
	close(rig_receive_display_socket(&rig));
	g_assert_cmpuint(rig.detached, ==, 0);
	rig_finish(&rig);
}

/* Our own answer to it is, too, though nothing else happens. */
static void test_acknowledgement(void)
{
	struct rig_message request = rig_message(VHOST_USER_GPU_SET_SOCKET,
		VHOST_USER_VERSION | VHOST_USER_NEED_REPLY, 0);
	struct rig_message answer = rig_message(VHOST_USER_GPU_SET_SOCKET,
		VHOST_USER_VERSION | VHOST_USER_REPLY, sizeof(uint64_t));
	struct rig rig;
	char byte;

	memset(answer.payload, 0, sizeof(uint64_t));
	rig_init(&rig);
	failure_of_bytes = ENOBUFS;
	send_from(rig.vmm, &request, rig.fds, 1);
	await_failures(3);
	failure_of_bytes = 0;
	while (recv(rig.vmm, &byte, 1, MSG_PEEK | MSG_DONTWAIT) < 0)
		g_main_context_iteration(NULL, TRUE);
	rig_expect_message(rig.vmm, &answer, NULL, 0);
	rig_expect_nothing(rig.vmm);
	close(rig_receive_display_socket(&rig));
	rig_finish(&rig);
}

/* Neither side can be watched yet: both are served all the same. */
static void test_not_watched(void)
{
	static const int errors[] = {ENOMEM, ENOSPC};

	for (size_t i = 0; i < G_N_ELEMENTS(errors); i++) {
		struct rig rig;
		struct rig_message message = rig_message(RIG_GET_QUEUE_NUM, VHOST_USER_VERSION, 40);

		rig_prepare(&rig);
		rig_create_relay(&rig);
		watch_error = errors[i];
		rig_connect(&rig);
		g_assert_cmpuint(rig_times_logged("cannot be watched"), ==, 2);
		await_failures(3);
		send_from(rig.vmm, &message, NULL, 0);
		await_messages(&rig, 1);
		rig_expect_message(rig.backend, &message, NULL, 0);
		/* From then on a peer that goes is noticed. */
		watch_error = 0;
		await_messages(&rig, 1);
		rig_close(&rig.vmm);
		while (!rig.detached)
			g_main_context_iteration(NULL, TRUE);
		rig_finish(&rig);
	}
}

/* Fds for which there is no room stay in the socket with their message. */
static void test_no_fds(void)
{
	struct rig rig;
	struct rig_message message = rig_message(RIG_SET_BACKEND_REQ_FD, VHOST_USER_VERSION, 8);
	struct rlimit limit, none;
	int lowest;

	rig_init(&rig);
	lowest = fcntl(rig.vmm, F_DUPFD, 0);
	close(lowest);
	g_assert_cmpint(getrlimit(RLIMIT_NOFILE, &limit), ==, 0);
	none = limit;
	none.rlim_cur = (rlim_t)lowest + 1;
	g_assert_cmpint(setrlimit(RLIMIT_NOFILE, &none), ==, 0);
	send_from(rig.vmm, &message, rig.fds, 2);
	rig_settle();
	g_main_context_iteration(NULL, TRUE);
	g_assert_cmpuint(rig_times_logged("a message has to wait: this process"), ==, 1);
	g_assert_cmpuint(relay_counters(rig.relay)->messages, ==, 0);
	g_assert_cmpint(setrlimit(RLIMIT_NOFILE, &limit), ==, 0);
	await_messages(&rig, 1);
	rig_expect_message(rig.backend, &message, rig.fds, 2);
	g_assert_cmpuint(rig.detached, ==, 0);
	rig_finish(&rig);
}

/* Who reads nothing gets no more than so many fds; having read, he gets the rest. */
static void test_unread_fds(void)
{
	struct rig rig;

	rig_init(&rig);
	for (int up = 0; up < 2; up++) {
		struct rig_direction way = rig_direction(&rig, up);
		struct rig_message message = rig_message(RIG_SET_BACKEND_REQ_FD, VHOST_USER_VERSION,
			8);
		uint64_t before = relay_counters(rig.relay)->messages;

		for (int i = 0; i < 20; i++)
			rig_send(*way.from, &message, rig.fds, VHOST_USER_FDS_MAX);
		g_assert_cmpuint(relay_counters(rig.relay)->messages, ==, before + 8);
		for (int i = 0; i < 20; i++) {
			rig_expect_message(*way.to, &message, rig.fds, VHOST_USER_FDS_MAX);
			rig_settle();
		}
		rig_expect_nothing(*way.to);
	}
	rig_finish(&rig);
}

int main(int argc, char **argv)
{
	rig_setup(&argc, &argv);
	g_test_add_func("/relay/moment/sent-later", test_sent_later);
	g_test_add_func("/relay/moment/gone-meanwhile", test_gone_meanwhile);
	g_test_add_func("/relay/moment/display-socket", test_display_socket);
	g_test_add_func("/relay/moment/acknowledgement", test_acknowledgement);
	g_test_add_func("/relay/moment/not-watched", test_not_watched);
	g_test_add_func("/relay/moment/no-fds", test_no_fds);
	g_test_add_func("/relay/moment/unread-fds", test_unread_fds);
	return g_test_run();
}
