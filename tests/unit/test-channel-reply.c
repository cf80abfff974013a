/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Replies: strictly in the order of the requests, exact, exactly one each, whether the peer reads
 * them or not; what is handled meanwhile; and what a frame costs in system calls. recvmsg, send and
 * sendmsg are counted, the first two can be made to fail, by functions of this file in libc's
 * place.
 */
#include <errno.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "channel_fixture.h"

#include <linux/sockios.h>

static unsigned int recvmsg_calls;
static unsigned int send_calls;
/* send takes no more than so many bytes at a time, then says EAGAIN once; 0: as it is. */
static size_t send_limit;
static bool send_refused;
/* recvmsg finds so many zero bytes in any socket, at once. */
static size_t endless_bytes;

ssize_t recvmsg(int fd, struct msghdr *message, int flags)
{
	size_t size = 0;

	recvmsg_calls++;
	if (!endless_bytes)
		return syscall(SYS_recvmsg, fd, message, flags);
	for (size_t i = 0; i < message->msg_iovlen && size < endless_bytes; i++) {
		memset(message->msg_iov[i].iov_base, 0, message->msg_iov[i].iov_len);
		size += message->msg_iov[i].iov_len;
	}
	endless_bytes -= size;
	message->msg_controllen = 0;
	return (ssize_t)size;
}

ssize_t send(int fd, const void *bytes, size_t size, int flags)
{
	send_calls++;
	if (!send_limit)
		return syscall(SYS_sendto, fd, bytes, size, flags, NULL, 0);
	send_refused = !send_refused;
	if (!send_refused) {
		errno = EAGAIN;
		return -1;
	}
	return syscall(SYS_sendto, fd, bytes, MIN(size, send_limit), flags, NULL, 0);
}

/* The test's own. */
ssize_t sendmsg(int fd, const struct msghdr *message, int flags)
{
	send_calls++;
	return syscall(SYS_sendmsg, fd, message, flags);
}

static void send_requests(struct channel_fixture *fixture, const uint32_t *requests, size_t count)
{
	g_autoptr(GByteArray) bytes = g_byte_array_new();

	for (size_t i = 0; i < count; i++)
		message_append_good(bytes, requests[i]);
	fixture_send(fixture, bytes->data, bytes->len, NULL, 0);
	fixture_settle();
}

static void expect_replies(struct channel_fixture *fixture, const uint32_t *requests, size_t count)
{
	g_autoptr(GByteArray) bytes = fixture_receive(fixture);
	size_t offset = 0;
	guint before;

	/* A socket holds few of the smallest pieces: make room as long as something comes. */
	do {
		before = bytes->len;
		fixture_settle();
		g_autoptr(GByteArray) part = fixture_receive(fixture);
		g_byte_array_append(bytes, part->data, part->len);
	} while (bytes->len > before);
	for (size_t i = 0; i < count; i++)
		offset = reply_check(bytes, offset, requests[i]);
	g_assert_cmpuint(bytes->len, ==, offset);
}

#define SEND(fixture, ...) \
	send_requests(fixture, (const uint32_t[]){__VA_ARGS__}, \
		G_N_ELEMENTS(((const uint32_t[]){__VA_ARGS__})))
#define EXPECT(fixture, ...) \
	expect_replies(fixture, (const uint32_t[]){__VA_ARGS__}, \
		G_N_ELEMENTS(((const uint32_t[]){__VA_ARGS__})))

static void expect_no_reply(struct channel_fixture *fixture)
{
	expect_replies(fixture, NULL, 0);
}

/* GETs behind an update wait for its answer, and are asked only then. */
static void test_order(void)
{
	struct channel_fixture *fixture = fixture_create("kiosk", 16, 8, 0);

	SEND(fixture, 1, 11, 10, 3, 11, 1, 10, 3);
	fixture_expect(fixture,
		"dmabuf_update 4 10 20 30 40\ndmabuf_update 4 10 20 30 40\nedid 5\n");
	EXPECT(fixture, 1, 11);
	channel_reply_dmabuf_update(fixture->channel);
	fixture_expect(fixture, "display_info\nedid 5\n");
	EXPECT(fixture, 10, 3, 11, 1);
	channel_reply_dmabuf_update(fixture->channel);
	fixture_expect(fixture, "display_info\n");
	EXPECT(fixture, 10, 3);
	g_assert_cmpuint(channel_counters(fixture->channel)->replies, ==, 8);
	fixture_destroy(fixture);
	g_assert_null(fixture_log_take());
}

/* Cursor, pixels and a new scanout behind an outstanding update are handled at once. */
static void test_not_behind(void)
{
	struct channel_fixture *fixture = fixture_create("kiosk", 16, 8, 0);
	static const uint32_t at_once[] = {4, 5, 6, 7, 8, 2};

	SEND(fixture, 10);
	fixture_expect(fixture, message_good_event(10));
	for (size_t i = 0; i < G_N_ELEMENTS(at_once); i++) {
		send_requests(fixture, &at_once[i], 1);
		fixture_expect(fixture, message_good_event(at_once[i]));
	}
	expect_no_reply(fixture);
	channel_reply_dmabuf_update(fixture->channel);
	EXPECT(fixture, 10);
	fixture_destroy(fixture);
}

/* From inside the callback, with others before and behind. */
static void test_reply_in_callback(void)
{
	struct channel_fixture *fixture = fixture_create("kiosk", 16, 8, 0);

	fixture->reply_at_once = true;
	SEND(fixture, 11, 10, 10, 3, 10);
	EXPECT(fixture, 11, 10, 10, 3, 10);
	fixture_destroy(fixture);
	g_assert_null(fixture_log_take());
}

/* One more than was asked for is a fault of ours: said, and nothing sent. */
static void test_one_too_many(void)
{
	struct channel_fixture *fixture = fixture_create("kiosk", 16, 8, 0);

	SEND(fixture, 10);
	channel_reply_dmabuf_update(fixture->channel);
	EXPECT(fixture, 10);
	channel_reply_dmabuf_update(fixture->channel);
	expect_no_reply(fixture);
	g_autofree char *log = fixture_log_take();
	g_assert_nonnull(log);
	fixture_destroy(fixture);
}

/* Every reply in pieces of every size; a piece at a time is taken, then none. */
static void test_partial_writes(void)
{
	for (send_limit = 1; send_limit < 1100; send_limit += send_limit < 30 ? 1 : 89) {
		struct channel_fixture *fixture = fixture_create("kiosk", 16, 8, 0);
		send_refused = false;
		SEND(fixture, 11, 10, 3, 1);
		channel_reply_dmabuf_update(fixture->channel);
		fixture_settle();
		EXPECT(fixture, 11, 10, 3, 1);
		fixture_destroy(fixture);
	}
	send_limit = 0;
	g_assert_null(fixture_log_take());
}

/* The channel ends with a reply half written: the next one writes the rest. */
static void test_successor(void)
{
	for (size_t taken = 1; taken < 1100; taken += taken < 30 ? 1 : 89) {
		struct channel_fixture *fixture = fixture_create("kiosk", 16, 8, 0);
		SEND(fixture, 10, 11, 3);
		send_limit = taken;
		send_refused = false;
		channel_reply_dmabuf_update(fixture->channel);
		send_limit = 0;
		fixture_succeed(fixture);
		fixture_settle();
		EXPECT(fixture, 10, 11, 3);
		/* And an update that was outstanding is answered by the successor. */
		SEND(fixture, 10, 3);
		fixture_succeed(fixture);
		fixture_settle();
		expect_no_reply(fixture);
		channel_reply_dmabuf_update(fixture->channel);
		EXPECT(fixture, 10, 3);
		fixture_destroy(fixture);
	}
	g_assert_null(fixture_log_take());
}

/* The queue is full: reading stops, and goes on when there is room; nothing is lost. */
static void test_queue_full(void)
{
	struct channel_fixture *fixture = fixture_create("kiosk", 16, 8, 0);
	uint32_t requests[3 * CHANNEL_REPLIES_MAX];
	g_autoptr(GString) events = g_string_new(NULL);

	for (size_t i = 0; i < G_N_ELEMENTS(requests); i++)
		requests[i] = 10;
	send_requests(fixture, requests, G_N_ELEMENTS(requests));
	for (size_t i = 0; i < CHANNEL_REPLIES_MAX; i++)
		g_string_append(events, message_good_event(10));
	fixture_expect(fixture, events->str);

	/* Nothing more is taken out of the socket. */
	SEND(fixture, 4);
	int unread;
	g_assert_cmpint(ioctl(fixture->peer, SIOCOUTQ, &unread), ==, 0);
	g_assert_cmpint(unread, >, 0);
	fixture_expect(fixture, "");

	for (size_t i = 0; i < G_N_ELEMENTS(requests); i++) {
		channel_reply_dmabuf_update(fixture->channel);
		fixture_settle();
	}
	g_assert_true(g_str_has_suffix(fixture->events->str, message_good_event(4)));
	expect_replies(fixture, requests, G_N_ELEMENTS(requests));
	g_assert_cmpuint(channel_counters(fixture->channel)->messages, ==,
		G_N_ELEMENTS(requests) + 1);
	fixture_destroy(fixture);
	g_assert_null(fixture_log_take());
}

/* Both directions are shut while reading has stopped: the loop must not spin, the channel
 * closes. */
static void test_gone_while_full(void)
{
	struct channel_fixture *fixture = fixture_create("kiosk", 16, 8, 0);

	for (int i = 0; i < CHANNEL_REPLIES_MAX + 3; i++)
		SEND(fixture, 10);
	close(fixture->peer);
	fixture->peer = -1;
	fixture_settle();
	g_assert_true(g_str_has_suffix(fixture->events->str, "closed\n"));
	channel_reply_dmabuf_update(fixture->channel);
	fixture_destroy(fixture);
	g_assert_null(fixture_log_take());
}

/* A peer that reads nothing: not closed, not spun on, nobody else disturbed; then all is there. */
static void test_peer_reads_nothing(void)
{
	struct channel_fixture *other = fixture_create("lobby", 16, 8, 0);
	struct channel_fixture *fixture = fixture_create("kiosk", 16, 8, 0);
	g_autoptr(GByteArray) bytes = g_byte_array_new();
	g_autoptr(GByteArray) replies = g_byte_array_new();
	size_t asked = 0, offset = 0;
	int unread;

	message_append_good(bytes, VHOST_USER_GPU_GET_EDID);
	/* As long as it reads requests, ask. */
	do {
		fixture_send(fixture, bytes->data, bytes->len, NULL, 0);
		fixture_settle();
		asked++;
		g_assert_cmpint(ioctl(fixture->peer, SIOCOUTQ, &unread), ==, 0);
	} while (!unread);
	g_assert_cmpuint(asked, >, CHANNEL_REPLIES_MAX);

	unsigned int calls = recvmsg_calls + send_calls;
	SEND(other, 3, 4);
	EXPECT(other, 3);
	/* One each of the test's and of the channel's; the full one makes none. */
	g_assert_cmpuint(recvmsg_calls + send_calls - calls, ==, 3);

	while (offset < asked * message_reply_size(VHOST_USER_GPU_GET_EDID)) {
		g_autoptr(GByteArray) part = fixture_receive(fixture);
		g_byte_array_append(replies, part->data, part->len);
		fixture_settle();
		while (replies->len - offset >= message_reply_size(VHOST_USER_GPU_GET_EDID))
			offset = reply_check(replies, offset, VHOST_USER_GPU_GET_EDID);
	}
	g_assert_cmpuint(replies->len, ==, offset);
	fixture_destroy(fixture);
	fixture_destroy(other);
	g_assert_null(fixture_log_take());
}

/* The peer reads no more, but what it sent before is still acted on. */
static void test_peer_shut_reading(void)
{
	struct channel_fixture *fixture = fixture_create("kiosk", 16, 8, 0);

	g_assert_cmpint(shutdown(fixture->peer, SHUT_RD), ==, 0);
	SEND(fixture, 1, 10, 3, 4);
	channel_reply_dmabuf_update(fixture->channel);
	SEND(fixture, 7);
	g_assert_true(g_str_has_suffix(fixture->events->str, message_good_event(7)));
	fixture_destroy(fixture);
	g_assert_null(fixture_log_take());
}

/* ---- what it costs ---- */

/* A frame is one recvmsg and one send; several small messages that wait are one recvmsg. */
static void test_system_calls(void)
{
	struct channel_fixture *fixture = fixture_create("kiosk", 16, 8, 0);
	g_autoptr(GByteArray) small = g_byte_array_new();

	for (int frame = 0; frame < 100; frame++) {
		recvmsg_calls = send_calls = 0;
		SEND(fixture, 10);
		g_assert_cmpuint(recvmsg_calls, ==, 1);
		channel_reply_dmabuf_update(fixture->channel);
		/* One of them is the test's own. */
		g_assert_cmpuint(send_calls, ==, 2);
		EXPECT(fixture, 10);
	}
	for (int i = 0; i < 20; i++)
		message_append_good(small, VHOST_USER_GPU_CURSOR_POS);
	recvmsg_calls = send_calls = 0;
	fixture_send(fixture, small->data, small->len, NULL, 0);
	fixture_settle();
	g_assert_cmpuint(recvmsg_calls, ==, 1);
	g_assert_cmpuint(channel_counters(fixture->channel)->messages, ==, 120);

	/* An UPDATE and what follows it: header with the first pixels, the rest with the next
	 * one. */
	recvmsg_calls = 0;
	SEND(fixture, 8, 4);
	g_assert_cmpuint(recvmsg_calls, ==, 1);
	fixture_destroy(fixture);
}

/* However fast a peer sends, a turn takes no more than CHANNEL_TURN_BYTES. */
static void test_turn_is_bounded(void)
{
	const uint32_t width = 2048, height = 1024;
	const struct vhost_user_gpu_update update = {0, 0, 0, width, height};
	g_autoptr(GByteArray) bytes = g_byte_array_new();

	/* Packed; a row at a time; and thrown away. */
	for (int kind = 0; kind < 3; kind++) {
		struct channel_fixture *other = fixture_create("lobby", 16, 8, 0);
		struct channel_fixture *fixture = kind == 2
			? fixture_create("kiosk", 16, 8, 0)
			: fixture_create("kiosk", width, height, kind ? 64 : 0);
		uint64_t before, received;
		int turns = 0;

		g_byte_array_set_size(bytes, 0);
		message_append(bytes, VHOST_USER_GPU_UPDATE, 20 + width * height * 4, &update,
			sizeof(update));
		fixture_send(fixture, bytes->data, bytes->len, NULL, 0);
		fixture_settle();
		/* Wakes the source; the rest is made up by recvmsg above. */
		fixture_send(fixture, "", 1, NULL, 0);
		endless_bytes = (size_t)width * height * 4;
		while (endless_bytes) {
			before = channel_counters(fixture->channel)->bytes_received;
			g_assert_true(g_main_context_iteration(NULL, FALSE));
			received = channel_counters(fixture->channel)->bytes_received - before;
			g_assert_cmpuint(received, <=, CHANNEL_TURN_BYTES + CHANNEL_READ_AHEAD);
			turns++;
			if (fixture->events->len)
				break;
		}
		if (kind == 2)
			g_assert_null(fixture->events->len ? fixture->events->str : NULL);
		g_assert_cmpint(turns, >=, 4);
		endless_bytes = 0;
		fixture_destroy(fixture);
		SEND(other, 4);
		fixture_expect(other, message_good_event(4));
		fixture_destroy(other);
		g_free(fixture_log_take());
	}
}

/*
 * Small messages without end: others get their turn too. Of 13 bytes each, so that a read does not
 * end with a message for a long while.
 */
static void test_small_turn_is_bounded(void)
{
	struct channel_fixture *fixture = fixture_create("kiosk", 16, 8, 0);
	g_autoptr(GByteArray) bytes = g_byte_array_new();
	const uint64_t count = 4000, size = 13;

	for (uint64_t i = 0; i < count; i++)
		message_append(bytes, 77, 1, "", 1);
	g_assert_cmpuint(bytes->len, ==, count * size);
	fixture_send(fixture, bytes->data, bytes->len, NULL, 0);
	while (channel_counters(fixture->channel)->messages < count) {
		uint64_t before = channel_counters(fixture->channel)->messages;
		g_assert_true(g_main_context_iteration(NULL, FALSE));
		g_assert_cmpuint(channel_counters(fixture->channel)->messages - before, <=,
			8 * CHANNEL_READ_AHEAD / size + 1);
	}
	fixture_destroy(fixture);
	g_free(fixture_log_take());
}

int main(int argc, char **argv)
{
	fixture_init(&argc, &argv);
	g_test_add_func("/channel/reply/order", test_order);
	g_test_add_func("/channel/reply/not-behind", test_not_behind);
	g_test_add_func("/channel/reply/in-callback", test_reply_in_callback);
	g_test_add_func("/channel/reply/one-too-many", test_one_too_many);
	g_test_add_func("/channel/reply/partial-writes", test_partial_writes);
	g_test_add_func("/channel/reply/successor", test_successor);
	g_test_add_func("/channel/reply/queue-full", test_queue_full);
	g_test_add_func("/channel/reply/gone-while-full", test_gone_while_full);
	g_test_add_func("/channel/reply/peer-reads-nothing", test_peer_reads_nothing);
	g_test_add_func("/channel/reply/peer-shut-reading", test_peer_shut_reading);
	g_test_add_func("/channel/cost/system-calls", test_system_calls);
	g_test_add_func("/channel/cost/turn-is-bounded", test_turn_is_bounded);
	g_test_add_func("/channel/cost/small-turn-is-bounded", test_small_turn_is_bounded);
	return g_test_run();
}
