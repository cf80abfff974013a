/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Peers of the relay that break the protocol, end in mid-message, or stop in it.
 */
#include <errno.h>
#include <sys/socket.h>

#include "channel_fixture.h"
#include "relay_fixture.h"

struct fault {
	const char *name;
	uint32_t flags;
	uint32_t size; /* as the header says */
	size_t sent; /* bytes that are sent of it */
	size_t fds;
	const char *text;
};

static const struct fault faults[] = {
	{"version 0", 0, 0, 12, 0,
		"of version 0, not 1: it does not speak vhost-user; a back-end by itself "
		"belongs at display-socket="},
	{"version 2", 2, 8, 20, 1, "of version 2, not 1"},
	{"version 3", 3, 0, 12, 0, "of version 3, not 1"},
	{"size 4097", VHOST_USER_VERSION, 4097, 12, 0, "of 4097 bytes, more than 4096"},
	{"size 4097, with all of it", VHOST_USER_VERSION, 4097, 12 + 4097, 2,
		"of 4097 bytes, more than 4096"},
	{"size 0xffffffff", VHOST_USER_VERSION, 0xffffffff, 12, 1,
		"of 4294967295 bytes, more than 4096"},
	{"size 0xfffffff4, whose sum wraps", VHOST_USER_VERSION, 0xfffffff4, 12, 0,
		"of 4294967284 bytes, more than 4096"},
	{"nine fds", VHOST_USER_VERSION, 8, 20, RIG_FDS, "with more than 8 fds"},
};

static void test_faults(void)
{
	for (size_t i = 0; i < G_N_ELEMENTS(faults); i++) {
		for (int up = 0; up < 2; up++) {
			const struct fault *fault = &faults[i];
			struct rig rig;

			g_test_message("%s from the %s", fault->name, up ? "back-end" : "VMM");
			rig_init(&rig);
			struct rig_direction way = rig_direction(&rig, up);
			struct rig_message message = rig_message(RIG_SET_BACKEND_REQ_FD,
				fault->flags, fault->size);
			fixture_send_on(*way.from, &message, fault->sent, rig.fds, fault->fds);
			rig_settle();
			g_assert_cmpuint(relay_counters(rig.relay)->messages, ==, 0);
			g_assert_cmpuint(
				rig_times_logged(up ? "the back-end sent" : "the VMM sent"), ==, 1);
			rig_expect_session_over(&rig, fault->text);
			rig_finish(&rig);
		}
	}
}

/* They stay in the socket: out of it the kernel would close the ninth in our main loop. What is
 * closed with bytes in it resets the peer. */
static void test_nine_fds_stay(void)
{
	struct rig_message message = rig_message(RIG_SET_BACKEND_REQ_FD, VHOST_USER_VERSION, 8);
	struct rig rig;
	char byte;

	rig_init(&rig);
	fixture_send_on(rig.vmm, &message, 20, rig.fds, RIG_FDS);
	rig_settle();
	g_assert_cmpint(recv(rig.vmm, &byte, 1, 0), ==, -1);
	g_assert_cmpint(errno, ==, ECONNRESET);
	rig_finish(&rig);
}

static void test_nine_fds_in_pieces(void)
{
	struct rig rig;

	rig_init(&rig);
	struct rig_message message = rig_message(RIG_SET_BACKEND_REQ_FD, VHOST_USER_VERSION, 0);
	fixture_send_on(rig.vmm, &message, 6, rig.fds, 5);
	fixture_send_on(rig.vmm, (char *)&message + 6, 6, rig.fds + 5, 4);
	rig_settle();
	rig_expect_session_over(&rig, "with more than 8 fds");
	rig_finish(&rig);
}

/* What came whole before a fault has been passed on. */
static void test_fault_behind_message(void)
{
	struct rig rig;
	char bytes[64];

	rig_init(&rig);
	struct rig_message good = rig_message(RIG_GET_QUEUE_NUM, VHOST_USER_VERSION, 8);
	struct rig_message bad = rig_message(RIG_GET_QUEUE_NUM, 0, 0);
	memcpy(bytes, &good, rig_message_size(&good));
	memcpy(bytes + rig_message_size(&good), &bad, rig_message_size(&bad));
	fixture_send_on(rig.vmm, bytes, rig_message_size(&good) + rig_message_size(&bad), NULL, 0);
	rig_settle();
	rig_expect_message(rig.backend, &good, NULL, 0);
	rig_expect_session_over(&rig, "of version 0, not 1");
	rig_finish(&rig);
}

static void test_eof_everywhere(void)
{
	struct rig_message message = rig_message(RIG_SET_BACKEND_REQ_FD, VHOST_USER_VERSION, 20);

	for (int up = 0; up < 2; up++) {
		for (size_t cut = 0; cut <= rig_message_size(&message); cut++) {
			struct rig rig;
			g_autofree char *inside = g_strdup_printf(
				"inside a message, %zu bytes into it", cut);
			bool whole = cut == 0 || cut == rig_message_size(&message);

			rig_init(&rig);
			struct rig_direction way = rig_direction(&rig, up);
			if (cut)
				fixture_send_on(*way.from, &message, cut, rig.fds, 1);
			rig_close(way.from);
			rig_settle();
			if (cut == rig_message_size(&message))
				rig_expect_message(*way.to, &message, rig.fds, 1);
			if (!whole)
				rig_expect_session_over(&rig, inside);
			else if (up)
				rig_expect_session_over(&rig, "the back-end has disconnected");
			else
				rig_expect_session_over(&rig, "the VMM has disconnected");
			rig_finish(&rig);
		}
	}
}

/* A peer that stops in mid-message holds up nobody: the other direction goes on. */
static void test_silence_inside(void)
{
	struct rig rig;

	rig_init(&rig);
	for (int up = 0; up < 2; up++) {
		struct rig_direction way = rig_direction(&rig, up);
		struct rig_message half = rig_message(RIG_SET_BACKEND_REQ_FD, VHOST_USER_VERSION,
			20);
		fixture_send_on(*way.from, &half, 15, NULL, 0);
		rig_settle();
		for (int i = 0; i < 3; i++) {
			struct rig_message other = rig_message(RIG_GET_QUEUE_NUM,
				VHOST_USER_VERSION, 8);
			rig_expect_forwarded(rig_direction(&rig, !up), &other, NULL, 0);
		}
		rig_send_rest(*way.from, &half, 15);
		rig_expect_message(*way.to, &half, NULL, 0);
	}
	g_assert_cmpuint(rig.detached, ==, 0);
	rig_finish(&rig);
}

int main(int argc, char **argv)
{
	rig_setup(&argc, &argv);
	rig_add("/relay/faults", test_faults);
	rig_add("/relay/nine-fds-in-pieces", test_nine_fds_in_pieces);
	rig_add("/relay/nine-fds-stay", test_nine_fds_stay);
	rig_add("/relay/fault-behind-message", test_fault_behind_message);
	rig_add("/relay/eof-everywhere", test_eof_everywhere);
	rig_add("/relay/silence-inside", test_silence_inside);
	return g_test_run();
}
