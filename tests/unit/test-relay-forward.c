/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the relay passes on, each way: whole messages with their fds, however they come apart, and
 * no more than the other side takes.
 */
#include <errno.h>
#include <string.h>
#include <sys/socket.h>

#include "channel_fixture.h"
#include "relay_fixture.h"

static void test_forward(void)
{
	struct rig rig;
	uint64_t forwarded = 0;

	rig_init(&rig);
	for (int up = 0; up < 2; up++) {
		const uint32_t sizes[] = {0, 1, 8, 4095, VHOST_USER_PAYLOAD_MAX};
		struct rig_direction way = rig_direction(&rig, up);
		for (size_t i = 0; i < G_N_ELEMENTS(sizes); i++) {
			for (size_t count = 0; count <= VHOST_USER_FDS_MAX; count++) {
				struct rig_message message = rig_message(RIG_SET_BACKEND_REQ_FD,
					VHOST_USER_VERSION | 0xf8, sizes[i]);
				rig_expect_forwarded(way, &message, rig.fds, count);
				rig_expect_nothing(*way.to);
				forwarded++;
			}
		}
	}
	g_assert_cmpuint(relay_counters(rig.relay)->messages, ==, forwarded);
	g_assert_cmpuint(relay_counters(rig.relay)->vmms, ==, 1);
	rig_finish(&rig);
}

/* Also a header that comes apart from its payload, as libvhost-user writes them. */
static void test_split_everywhere(void)
{
	struct rig rig;

	rig_init(&rig);
	for (int up = 0; up < 2; up++) {
		struct rig_direction way = rig_direction(&rig, up);
		for (uint32_t size = 0; size <= 40; size += 20) {
			for (size_t count = 0; count <= 2; count++) {
				struct rig_message message = rig_message(RIG_SET_BACKEND_REQ_FD,
					VHOST_USER_VERSION, size);
				for (size_t cut = 1; cut < rig_message_size(&message); cut++) {
					fixture_send_on(*way.from, &message, cut, rig.fds, count);
					rig_settle();
					rig_expect_nothing(*way.to);
					rig_send_rest(*way.from, &message, cut);
					rig_expect_message(*way.to, &message, rig.fds, count);
				}
			}
		}
	}
	rig_finish(&rig);
}

static void test_byte_by_byte(void)
{
	struct rig rig;

	rig_init(&rig);
	for (int up = 0; up < 2; up++) {
		struct rig_direction way = rig_direction(&rig, up);
		struct rig_message message = rig_message(RIG_SET_BACKEND_REQ_FD, VHOST_USER_VERSION,
			64);
		for (size_t i = 0; i < rig_message_size(&message); i++) {
			rig_expect_nothing(*way.to);
			fixture_send_on(*way.from, (char *)&message + i, 1, rig.fds, i == 0);
			rig_settle();
		}
		rig_expect_message(*way.to, &message, rig.fds, 1);
	}
	rig_finish(&rig);
}

/* Fds of two pieces of one message are one message's fds. */
static void test_fds_in_pieces(void)
{
	struct rig rig;

	rig_init(&rig);
	struct rig_message message = rig_message(RIG_SET_BACKEND_REQ_FD, VHOST_USER_VERSION, 8);
	fixture_send_on(rig.vmm, &message, 5, &rig.fds[0], 1);
	fixture_send_on(rig.vmm, (char *)&message + 5, rig_message_size(&message) - 5, &rig.fds[1],
		1);
	rig_settle();
	rig_expect_message(rig.backend, &message, rig.fds, 2);
	rig_finish(&rig);
}

static void test_coalesced(void)
{
	struct rig rig;
	char bytes[3 * sizeof(struct rig_message)];

	rig_init(&rig);
	struct rig_message messages[] = {
		rig_message(RIG_SET_BACKEND_REQ_FD, VHOST_USER_VERSION, 20),
		rig_message(RIG_GET_QUEUE_NUM, VHOST_USER_VERSION, 0),
		rig_message(RIG_GET_QUEUE_NUM, VHOST_USER_VERSION, 8),
	};
	for (int up = 0; up < 2; up++) {
		struct rig_direction way = rig_direction(&rig, up);
		size_t size = 0;
		for (size_t i = 0; i < 3; i++) {
			memcpy(bytes + size, &messages[i], rig_message_size(&messages[i]));
			size += rig_message_size(&messages[i]);
		}
		/* All three at once, the first with an fd. */
		fixture_send_on(*way.from, bytes, size, &rig.fds[0], 1);
		rig_settle();
		rig_expect_message(*way.to, &messages[0], rig.fds, 1);
		rig_expect_message(*way.to, &messages[1], NULL, 0);
		rig_expect_message(*way.to, &messages[2], NULL, 0);
		rig_expect_nothing(*way.to);

		/* Two and the beginning of the third; the rest, and the first again with its fd. */
		fixture_send_on(*way.from, bytes, size - 10, &rig.fds[0], 1);
		rig_settle();
		rig_expect_message(*way.to, &messages[0], rig.fds, 1);
		rig_expect_message(*way.to, &messages[1], NULL, 0);
		rig_expect_nothing(*way.to);
		fixture_send_on(*way.from, bytes + size - 10, 10, NULL, 0);
		fixture_send_on(*way.from, &messages[0], rig_message_size(&messages[0]),
			&rig.fds[1], 1);
		rig_settle();
		rig_expect_message(*way.to, &messages[2], NULL, 0);
		rig_expect_message(*way.to, &messages[0], &rig.fds[1], 1);
		rig_expect_nothing(*way.to);
	}
	rig_finish(&rig);
}

/* A peer that does not read holds up its own direction, and nothing else. */
static void back_pressure(bool up)
{
	struct rig rig;
	struct rig_message message;
	uint64_t sent = 0;

	rig_init(&rig);
	struct rig_direction way = rig_direction(&rig, up);
	for (;;) {
		message = rig_message(RIG_SET_BACKEND_REQ_FD, VHOST_USER_VERSION,
			VHOST_USER_PAYLOAD_MAX);
		memcpy(message.payload, &sent, sizeof(sent));
		if (fixture_try_send(*way.from, &message, rig_message_size(&message), rig.fds, 1) <
			0) {
			g_assert_cmpint(errno, ==, EAGAIN);
			/* Until the relay cannot move anything more either. */
			uint64_t forwarded = relay_counters(rig.relay)->messages;
			rig_settle();
			if (relay_counters(rig.relay)->messages == forwarded)
				break;
			continue;
		}
		sent++;
	}
	g_assert_cmpuint(relay_counters(rig.relay)->messages, >, 0);
	g_assert_cmpuint(relay_counters(rig.relay)->messages, <, sent);

	struct rig_message other = rig_message(RIG_GET_QUEUE_NUM, VHOST_USER_VERSION, 8);
	rig_expect_forwarded(rig_direction(&rig, !up), &other, NULL, 0);

	for (uint64_t i = 0; i < sent; i++) {
		message = rig_message(RIG_SET_BACKEND_REQ_FD, VHOST_USER_VERSION,
			VHOST_USER_PAYLOAD_MAX);
		memcpy(message.payload, &i, sizeof(i));
		rig_expect_message(*way.to, &message, rig.fds, 1);
		rig_settle();
	}
	rig_expect_nothing(*way.to);
	rig_finish(&rig);
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
		struct rig_message filler = rig_message(RIG_GET_QUEUE_NUM, VHOST_USER_VERSION,
			VHOST_USER_PAYLOAD_MAX);

		rig_init(&rig);
		struct rig_direction way = rig_direction(&rig, up);
		rig_fill(&rig, *way.from, &filler);
		rig_close(way.from);
		rig_settle();
		g_assert_cmpuint(rig.detached, ==, 1);
		rig_close(way.to);
		rig_connect(&rig);
		g_assert_cmpuint(relay_counters(rig.relay)->vmms, ==, 2);
		rig_finish(&rig);
	}
}

int main(int argc, char **argv)
{
	rig_setup(&argc, &argv);
	rig_add("/relay/forward", test_forward);
	rig_add("/relay/split-everywhere", test_split_everywhere);
	rig_add("/relay/byte-by-byte", test_byte_by_byte);
	rig_add("/relay/fds-in-pieces", test_fds_in_pieces);
	rig_add("/relay/coalesced", test_coalesced);
	rig_add("/relay/back-pressure", test_back_pressure);
	rig_add("/relay/gone-under-back-pressure", test_gone_under_back_pressure);
	return g_test_run();
}
