/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The display socket: message 33 is the relay's own to the back-end, once a VMM, and the VMM's is
 * taken in and never read.
 */
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "channel_fixture.h"
#include "relay_fixture.h"

static bool hung_up(int fd)
{
	struct pollfd poll_fd = {.fd = fd};

	return poll(&poll_fd, 1, 0) == 1 && (poll_fd.revents & POLLHUP);
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
		rig_send(rig.vmm, &rig_swap_message, &pair[i][1], 1);
		close(pair[i][1]);
		g_assert_cmpuint(rig.attached, ==, 1);
		if (i == 0) {
			int display = rig_receive_display_socket(&rig);
			expect_pair(rig.display, display);
			close(display);
		}
		rig_expect_nothing(rig.backend);
		/* The VMM's newest is open, and nobody reads it. */
		g_assert_false(hung_up(pair[i][0]));
		if (i > 0)
			g_assert_true(hung_up(pair[i - 1][0]));
		g_assert_cmpint(write(pair[i][0], "y", 1), ==, 1);
	}
	rig_expect_nothing(rig.vmm);
	g_assert_cmpuint(relay_counters(rig.relay)->sockets_swapped, ==, 1);
	g_assert_cmpuint(relay_counters(rig.relay)->sockets_swallowed, ==, 2);

	/* With the VMM everything goes; the next one's back-end gets a new socket. */
	rig_close(&rig.vmm);
	rig_settle();
	g_assert_true(hung_up(pair[2][0]));
	rig_close(&rig.display);
	rig_close(&rig.backend);
	rig_connect(&rig);
	rig_swap(&rig, pair[0][0]);
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
	rig_swap(&rig, pair[1]);
	relay_display_closed(rig.relay);
	g_assert_true(timer_runs());
	rig_close(&rig.backend);
	rig_settle();
	g_assert_cmpuint(rig.detached, ==, 1);
	g_assert_false(timer_runs());
	rig_close(&rig.vmm);
	rig_close(&rig.display);
	rig_connect(&rig);
	rig_swap(&rig, pair[1]);
	relay_display_closed(rig.relay);
	while (rig_times_logged(line) == 0)
		g_main_context_iteration(NULL, TRUE);
	g_assert_cmpuint(rig_times_logged(line), ==, 1);

	/* The repeat is swallowed all the same. */
	rig_send(rig.vmm, &rig_swap_message, &pair[1], 1);
	rig_expect_nothing(rig.backend);
	g_assert_cmpuint(rig.detached, ==, 1);
	close(pair[0]);
	close(pair[1]);
	rig_finish(&rig);
}

static void test_swap_split_everywhere(void)
{
	for (size_t cut = 1; cut < sizeof(rig_swap_message.header); cut++) {
		struct rig rig;

		rig_init(&rig);
		fixture_send_on(rig.vmm, &rig_swap_message, cut, rig.fds, 1);
		rig_settle();
		g_assert_cmpuint(rig.attached, ==, 0);
		rig_send_rest(rig.vmm, &rig_swap_message, cut);
		g_assert_cmpuint(rig.attached, ==, 1);
		close(rig_receive_display_socket(&rig));
		rig_finish(&rig);
	}
}

static void test_swap_need_reply(void)
{
	struct rig rig;
	struct rig_message request = rig_message(VHOST_USER_GPU_SET_SOCKET,
		VHOST_USER_VERSION | VHOST_USER_NEED_REPLY, 0);
	struct rig_message answer = rig_message(VHOST_USER_GPU_SET_SOCKET,
		VHOST_USER_VERSION | VHOST_USER_REPLY, sizeof(uint64_t));

	memset(answer.payload, 0, sizeof(uint64_t));
	rig_init(&rig);
	/* The first is swapped, the second swallowed; both are answered, once. */
	for (int i = 0; i < 2; i++) {
		rig_send(rig.vmm, &request, rig.fds, 1);
		rig_expect_message(rig.vmm, &answer, NULL, 0);
		rig_expect_nothing(rig.vmm);
	}
	close(rig_receive_display_socket(&rig));
	rig_expect_nothing(rig.backend);
	rig_finish(&rig);
}

static void test_swap_odd(void)
{
	for (size_t count = 0; count <= 3; count++) {
		for (uint32_t size = 0; size <= 8; size += 8) {
			struct rig rig;
			struct rig_message message = rig_message(VHOST_USER_GPU_SET_SOCKET,
				VHOST_USER_VERSION, size);

			rig_init(&rig);
			rig_send(rig.vmm, &message, rig.fds, count);
			g_assert_cmpuint(rig.attached, ==, 1);
			close(rig_receive_display_socket(&rig));
			rig_expect_nothing(rig.backend);
			rig_finish(&rig);
		}
	}
}

/* A back-end that does not read gets its display socket later, and still only one. */
static void test_swap_back_pressure(void)
{
	struct rig rig;
	struct rig_message filler = rig_message(RIG_GET_QUEUE_NUM, VHOST_USER_VERSION,
		VHOST_USER_PAYLOAD_MAX);
	uint64_t sent;

	rig_init(&rig);
	sent = rig_fill(&rig, rig.vmm, &filler);
	/* The last one is stuck in the relay's own socket, and 33 behind it. */
	rig_send(rig.vmm, &rig_swap_message, rig.fds, 1);
	g_assert_cmpuint(rig.attached, ==, 0);
	for (uint64_t i = 0; i < sent; i++) {
		rig_expect_message(rig.backend, &filler, NULL, 0);
		rig_settle();
	}
	g_assert_cmpuint(rig.attached, ==, 1);
	close(rig_receive_display_socket(&rig));
	rig_finish(&rig);
}

int main(int argc, char **argv)
{
	rig_setup(&argc, &argv);
	rig_add("/relay/swap", test_swap);
	rig_add("/relay/display-closed", test_display_closed);
	rig_add("/relay/swap-split-everywhere", test_swap_split_everywhere);
	rig_add("/relay/swap-need-reply", test_swap_need_reply);
	rig_add("/relay/swap-odd", test_swap_odd);
	rig_add("/relay/swap-back-pressure", test_swap_back_pressure);
	return g_test_run();
}
