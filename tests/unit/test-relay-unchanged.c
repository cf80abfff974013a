/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the relay knows nothing of goes through unchanged: byte for byte, with the same open files,
 * in order, in whatever pieces it comes, both ways at once. The messages are those that vhost-user
 * has grown since (QEMU's docs/interop/vhost-user.rst, rust-vmm's vhost 0.16: shared memory, device
 * state, shared objects, inflight and log memory, postcopy, status), and some that nobody has yet.
 */
#include <fcntl.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include "channel_fixture.h"
#include "relay_fixture.h"

enum later_request {
	SET_LOG_BASE = 6,
	CREATE_CRYPTO_SESSION = 26,
	POSTCOPY_ADVISE = 28,
	GET_INFLIGHT_FD = 31,
	SET_INFLIGHT_FD = 32,
	SET_STATUS = 39,
	GET_STATUS = 40,
	GET_SHARED_OBJECT = 41,
	SET_DEVICE_STATE_FD = 42,
	CHECK_DEVICE_STATE = 43,
	GET_SHMEM_CONFIG = 44,
	/* The back-end's own, on its own channel. */
	SHARED_OBJECT_ADD = 6,
	SHARED_OBJECT_REMOVE = 7,
	SHARED_OBJECT_LOOKUP = 8,
	SHMEM_MAP = 9,
	SHMEM_UNMAP = 10,
};

/* Protocol features: shared objects, device state, shared memory; and bits that nobody has
 * named. */
#define F_SHARED_OBJECT 0x00040000u
#define F_DEVICE_STATE 0x00080000u
#define F_SHMEM 0x00100000u
#define F_UNNAMED 0xffffffffffe00000u

#define REQUEST VHOST_USER_VERSION
#define ACKNOWLEDGED (VHOST_USER_VERSION | VHOST_USER_NEED_REPLY)
#define REPLY (VHOST_USER_VERSION | VHOST_USER_REPLY)

/* The payload of SHMEM_MAP and SHMEM_UNMAP (struct VhostUserMMap), and of GET_SHMEM_CONFIG's reply:
 * two u32 and 256 u64. */
#define MMAP_SIZE 40
#define SHMEM_CONFIG_SIZE (8 + 256 * 8)

/* A dialogue, as a VMM of the year 2026 leads it. */
static const struct line {
	bool up;
	uint32_t request, flags, size;
	size_t fds;
} dialogue[] = {
	{false, VHOST_USER_GET_FEATURES, REQUEST, 0, 0},
	{true, VHOST_USER_GET_FEATURES, REPLY, 8, 0},
	{false, VHOST_USER_GET_PROTOCOL_FEATURES, REQUEST, 0, 0},
	{true, VHOST_USER_GET_PROTOCOL_FEATURES, REPLY, 8, 0},
	{false, VHOST_USER_SET_PROTOCOL_FEATURES, ACKNOWLEDGED, 8, 0},
	{true, VHOST_USER_SET_PROTOCOL_FEATURES, REPLY, 8, 0},
	{false, VHOST_USER_SET_BACKEND_REQ_FD, ACKNOWLEDGED, 0, 1},
	{true, VHOST_USER_SET_BACKEND_REQ_FD, REPLY, 8, 0},
	{false, GET_SHMEM_CONFIG, REQUEST, 0, 0},
	{true, GET_SHMEM_CONFIG, REPLY, SHMEM_CONFIG_SIZE, 0},
	{false, SET_LOG_BASE, ACKNOWLEDGED, 16, 1},
	{true, SET_LOG_BASE, REPLY, 8, 0},
	{false, GET_INFLIGHT_FD, REQUEST, 20, 0},
	{true, GET_INFLIGHT_FD, REPLY, 20, 1},
	{false, SET_INFLIGHT_FD, ACKNOWLEDGED, 20, 1},
	{true, SET_INFLIGHT_FD, REPLY, 8, 0},
	{false, VHOST_USER_ADD_MEM_REG, ACKNOWLEDGED, 40, 1},
	{true, VHOST_USER_ADD_MEM_REG, REPLY, 8, 0},
	/* In postcopy the answer is a region of the back-end's own addresses. */
	{false, POSTCOPY_ADVISE, REQUEST, 0, 0},
	{true, POSTCOPY_ADVISE, REPLY, 0, 1},
	{true, VHOST_USER_ADD_MEM_REG, REPLY, 40, 0},
	{false, VHOST_USER_REM_MEM_REG, ACKNOWLEDGED, 40, 0},
	{true, VHOST_USER_REM_MEM_REG, REPLY, 8, 0},
	{false, SET_STATUS, ACKNOWLEDGED, 8, 0},
	{true, SET_STATUS, REPLY, 8, 0},
	{false, GET_STATUS, REQUEST, 0, 0},
	{true, GET_STATUS, REPLY, 8, 0},
	{false, VHOST_USER_SET_VRING_KICK, ACKNOWLEDGED, 8, 1},
	{true, VHOST_USER_SET_VRING_KICK, REPLY, 8, 0},
	{false, VHOST_USER_SET_CONFIG, ACKNOWLEDGED, 12 + 256, 0},
	{true, VHOST_USER_SET_CONFIG, REPLY, 8, 0},
	{false, GET_SHARED_OBJECT, REQUEST, 16, 0},
	{true, GET_SHARED_OBJECT, REPLY, 8, 1},
	{false, CREATE_CRYPTO_SESSION, REQUEST, 1100, 0},
	{true, CREATE_CRYPTO_SESSION, REPLY, 1100, 0},
	{false, VHOST_USER_GET_VRING_BASE, REQUEST, 8, 0},
	{true, VHOST_USER_GET_VRING_BASE, REPLY, 8, 0},
	/* The back-end takes the VMM's pipe, or gives one of its own. */
	{false, SET_DEVICE_STATE_FD, REQUEST, 8, 1},
	{true, SET_DEVICE_STATE_FD, REPLY, 8, 0},
	{false, SET_DEVICE_STATE_FD, REQUEST, 8, 1},
	{true, SET_DEVICE_STATE_FD, REPLY, 8, 1},
	{false, CHECK_DEVICE_STATE, REQUEST, 0, 0},
	{true, CHECK_DEVICE_STATE, REPLY, 8, 0},
};

static struct rig_message message_of(const struct line *line)
{
	struct rig_message message = rig_message(line->request, line->flags, line->size);
	uint64_t features = F_SHARED_OBJECT | F_DEVICE_STATE | F_SHMEM | F_UNNAMED;
	uint32_t regions = 256;

	if (line->request == VHOST_USER_GET_PROTOCOL_FEATURES ||
		line->request == VHOST_USER_SET_PROTOCOL_FEATURES)
		memcpy(message.payload, &features, MIN(sizeof(features), line->size));
	if (line->request == GET_SHMEM_CONFIG && line->size)
		memcpy(message.payload, &regions, sizeof(regions));
	return message;
}

static void test_dialogue(void)
{
	struct rig rig;

	rig_init(&rig);
	for (size_t i = 0; i < G_N_ELEMENTS(dialogue); i++) {
		struct rig_message message = message_of(&dialogue[i]);
		struct rig_direction way = rig_direction(&rig, dialogue[i].up);

		rig_expect_forwarded(way, &message, rig.fds, dialogue[i].fds);
		rig_expect_nothing(*way.to);
		rig_expect_nothing(*way.from);
	}
	g_assert_cmpuint(relay_counters(rig.relay)->messages, ==, G_N_ELEMENTS(dialogue));
	rig_finish(&rig);
}

/* Each message in two pieces, cut anywhere, its fds on its first byte. */
static void test_two_pieces(void)
{
	struct rig rig;

	rig_init(&rig);
	for (size_t i = 0; i < G_N_ELEMENTS(dialogue); i++) {
		struct rig_message message = message_of(&dialogue[i]);
		struct rig_direction way = rig_direction(&rig, dialogue[i].up);

		for (size_t cut = 1; cut < rig_message_size(&message); cut++) {
			fixture_send_on(*way.from, &message, cut, rig.fds, dialogue[i].fds);
			rig_settle();
			rig_expect_nothing(*way.to);
			rig_send_rest(*way.from, &message, cut);
			rig_expect_message(*way.to, &message, rig.fds, dialogue[i].fds);
		}
	}
	rig_finish(&rig);
}

/* In three, cut inside the header and inside the payload. */
static void test_three_pieces(void)
{
	struct rig rig;
	const struct line lines[] = {
		{true, GET_SHMEM_CONFIG, REPLY, SHMEM_CONFIG_SIZE, 0},
		{false, SET_DEVICE_STATE_FD, REQUEST, 8, 1},
		{true, SET_DEVICE_STATE_FD, REPLY, 8, 1},
		{true, GET_SHARED_OBJECT, REPLY, 8, 8},
	};

	rig_init(&rig);
	for (size_t i = 0; i < G_N_ELEMENTS(lines); i++) {
		struct rig_message message = message_of(&lines[i]);
		struct rig_direction way = rig_direction(&rig, lines[i].up);
		size_t size = rig_message_size(&message);
		size_t step = MAX(size / 40, 1);

		for (size_t first = 1; first <= sizeof(message.header); first++) {
			for (size_t second = first + 1; second < size; second += step) {
				fixture_send_on(*way.from, &message, first, rig.fds, lines[i].fds);
				rig_settle();
				fixture_send_on(*way.from, (char *)&message + first, second - first,
					NULL, 0);
				rig_settle();
				rig_expect_nothing(*way.to);
				rig_send_rest(*way.from, &message, second);
				rig_expect_message(*way.to, &message, rig.fds, lines[i].fds);
			}
		}
	}
	rig_finish(&rig);
}

/* Requests that have no meaning yet, with every flag that is not the version, of any size. */
static void test_unknown(void)
{
	static const uint32_t requests[] = {0, 7, 19, 27, 30, 35, 45, 46, 100, 255, 256, 4096,
		65536, 0x7fffffff, 0x80000000, 0xfffffffe, 0xffffffff};
	static const uint32_t sizes[] = {0, 1, 7, 12, 4095, VHOST_USER_PAYLOAD_MAX};
	struct rig rig;

	rig_init(&rig);
	for (int up = 0; up < 2; up++) {
		struct rig_direction way = rig_direction(&rig, up);

		for (size_t i = 0; i < G_N_ELEMENTS(requests); i++) {
			for (size_t j = 0; j < G_N_ELEMENTS(sizes); j++) {
				struct rig_message message = rig_message(requests[i],
					VHOST_USER_VERSION, sizes[j]);
				rig_expect_forwarded(way, &message, rig.fds, (i + j) % 9);
			}
		}
		for (unsigned int bit = 2; bit < 32; bit++) {
			struct rig_message message = rig_message(GET_SHMEM_CONFIG,
				VHOST_USER_VERSION | 1u << bit, 8);
			rig_expect_forwarded(way, &message, NULL, 0);
		}
	}
	/* To the VMM, 33 is one like any other. */
	struct rig_message strange = rig_message(VHOST_USER_GPU_SET_SOCKET, REQUEST, 0);
	rig_expect_forwarded(rig_direction(&rig, true), &strange, rig.fds, 1);
	g_assert_cmpuint(relay_counters(rig.relay)->sockets_swapped, ==, 0);
	rig_finish(&rig);
}

/* Files of any kind and of any mode; what is written into one comes out of the other. */
static void test_files(void)
{
	struct rig rig;
	int pipe_ends[2], pair[2];

	rig_init(&rig);
	g_assert_cmpint(pipe2(pipe_ends, O_CLOEXEC), ==, 0);
	g_assert_cmpint(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair), ==, 0);
	int files[] = {
		fixture_memfd('m'),
		eventfd(0, EFD_CLOEXEC),
		pipe_ends[0],
		pipe_ends[1],
		pair[0],
		open("/dev/null", O_WRONLY | O_CLOEXEC),
		open("/proc/self/exe", O_RDONLY | O_CLOEXEC),
		eventfd(0, EFD_CLOEXEC),
	};
	for (int up = 0; up < 2; up++) {
		struct rig_message message = rig_message(SET_DEVICE_STATE_FD, REQUEST, 8);
		rig_expect_forwarded(rig_direction(&rig, up), &message, files, G_N_ELEMENTS(files));
	}
	for (size_t i = 0; i < G_N_ELEMENTS(files); i++)
		close(files[i]);
	close(pair[1]);
	rig_finish(&rig);
}

/* One way's messages, and how far they have been sent and have arrived. */
struct traffic {
	GByteArray *bytes; /* of all messages */
	GArray *starts; /* size_t: where each begins */
	GArray *fds; /* size_t: how many each has */
	size_t sent; /* bytes */
	size_t arrived; /* messages */
};

static void traffic_add(struct traffic *traffic, const struct rig_message *message, size_t fds)
{
	size_t start = traffic->bytes->len;

	g_array_append_val(traffic->starts, start);
	g_array_append_val(traffic->fds, fds);
	g_byte_array_append(traffic->bytes, (const guint8 *)message,
		(guint)rig_message_size(message));
}

/* Sends up to `size` bytes, no further than the next message's first byte: its fds go with that. */
static void traffic_send(struct traffic *traffic, int socket, const int *fds, size_t size)
{
	size_t end = traffic->bytes->len;
	size_t count = 0;

	for (guint i = 0; i < traffic->starts->len; i++) {
		size_t start = g_array_index(traffic->starts, size_t, i);
		if (start == traffic->sent)
			count = g_array_index(traffic->fds, size_t, i);
		if (start > traffic->sent) {
			/* Without fds it can come in one piece with what is before it. */
			if (!g_array_index(traffic->fds, size_t, i))
				continue;
			end = start;
			break;
		}
	}
	size = MIN(size, end - traffic->sent);
	if (size)
		fixture_send_on(socket, traffic->bytes->data + traffic->sent, size, fds, count);
	traffic->sent += size;
}

/* All that was sent whole has arrived, and no more. */
static void traffic_expect(struct traffic *traffic, int socket, const int *fds)
{
	for (; traffic->arrived < traffic->starts->len; traffic->arrived++) {
		struct rig_message message;
		size_t start = g_array_index(traffic->starts, size_t, traffic->arrived);

		memcpy(&message.header, traffic->bytes->data + start, sizeof(message.header));
		size_t size = rig_message_size(&message);
		if (start + size > traffic->sent)
			break;
		memcpy(&message, traffic->bytes->data + start, size);
		rig_expect_message(socket, &message, fds,
			g_array_index(traffic->fds, size_t, traffic->arrived));
	}
	rig_expect_nothing(socket);
}

/* Both ways at once, not waiting for one another, in pieces that have nothing to do with
 * messages. */
static void test_interleaved(void)
{
	for (guint32 seed = 1; seed <= 40; seed++) {
		struct rig rig;
		struct traffic ways[2];
		g_autoptr(GRand) chance = g_rand_new_with_seed(seed);

		rig_init(&rig);
		for (int up = 0; up < 2; up++)
			ways[up] = (struct traffic){
				.bytes = g_byte_array_new(),
				.starts = g_array_new(FALSE, FALSE, sizeof(size_t)),
				.fds = g_array_new(FALSE, FALSE, sizeof(size_t)),
			};
		for (int i = 0; i < 60; i++) {
			const struct line *line =
				&dialogue[g_rand_int_range(chance, 0, G_N_ELEMENTS(dialogue))];
			struct rig_message message = message_of(line);
			traffic_add(&ways[line->up], &message, line->fds);
		}
		while (ways[0].sent < ways[0].bytes->len || ways[1].sent < ways[1].bytes->len) {
			bool up = g_rand_boolean(chance);
			struct rig_direction way = rig_direction(&rig, up);
			size_t size = (size_t)(g_rand_boolean(chance)
					? g_rand_int_range(chance, 1, 13)
					: g_rand_int_range(chance, 13, 3000));

			traffic_send(&ways[up], *way.from, rig.fds, size);
			/* Some pieces are there together, some are looked at one by one. */
			if (g_rand_boolean(chance))
				continue;
			rig_settle();
			traffic_expect(&ways[up], *way.to, rig.fds);
		}
		rig_settle();
		for (int up = 0; up < 2; up++) {
			traffic_expect(&ways[up], *rig_direction(&rig, up).to, rig.fds);
			g_assert_cmpuint(ways[up].arrived, ==, ways[up].starts->len);
			g_byte_array_unref(ways[up].bytes);
			g_array_unref(ways[up].starts);
			g_array_unref(ways[up].fds);
		}
		g_assert_cmpuint(rig.detached, ==, 0);
		rig_finish(&rig);
	}
}

/* The back-end's own requests: on a socket of the VMM's that passes by as an fd. The relay has no
 * part in what is said on it, be it in the middle of messages both ways, and keeps no end of it
 * open. */
static void test_backend_requests(void)
{
	static const struct line requests[] = {
		{true, SHARED_OBJECT_ADD, REQUEST, 16, 0},
		{true, SHARED_OBJECT_LOOKUP, ACKNOWLEDGED, 16, 0},
		{false, SHARED_OBJECT_LOOKUP, REPLY, 8, 1},
		{true, SHMEM_MAP, ACKNOWLEDGED, MMAP_SIZE, 1},
		{false, SHMEM_MAP, REPLY, 8, 0},
		{true, SHMEM_UNMAP, ACKNOWLEDGED, MMAP_SIZE, 0},
		{false, SHMEM_UNMAP, REPLY, 8, 0},
		{true, SHARED_OBJECT_REMOVE, REQUEST, 16, 0},
	};
	struct rig rig;
	struct rig_message got;
	int pair[2], received[VHOST_USER_FDS_MAX];
	size_t count;

	rig_init(&rig);
	g_assert_cmpint(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, pair),
		==, 0);
	struct rig_message hand_over = rig_message(VHOST_USER_SET_BACKEND_REQ_FD, REQUEST, 0);
	rig_send(rig.vmm, &hand_over, &pair[1], 1);
	rig_close(&pair[1]);
	g_assert_true(rig_receive(rig.backend, &got, received, &count));
	g_assert_cmpuint(count, ==, 1);
	uint64_t passed = relay_counters(rig.relay)->messages;

	struct rig_message half = rig_message(SET_INFLIGHT_FD, REQUEST, 20);
	fixture_send_on(rig.vmm, &half, 15, rig.fds, 1);
	fixture_send_on(rig.backend, &half, 3, NULL, 0);
	rig_settle();
	for (size_t i = 0; i < G_N_ELEMENTS(requests); i++) {
		struct rig_message message = message_of(&requests[i]);
		rig_send(requests[i].up ? received[0] : pair[0], &message, rig.fds,
			requests[i].fds);
		rig_expect_message(requests[i].up ? pair[0] : received[0], &message, rig.fds,
			requests[i].fds);
	}
	g_assert_cmpuint(relay_counters(rig.relay)->messages, ==, passed);
	rig_send_rest(rig.vmm, &half, 15);
	rig_expect_message(rig.backend, &half, rig.fds, 1);

	rig_close(&pair[0]);
	rig_expect_closed(received[0]);
	close(received[0]);
	rig_finish(&rig);
}

int main(int argc, char **argv)
{
	rig_setup(&argc, &argv);
	g_test_add_func("/relay/unchanged/dialogue", test_dialogue);
	g_test_add_func("/relay/unchanged/two-pieces", test_two_pieces);
	g_test_add_func("/relay/unchanged/three-pieces", test_three_pieces);
	g_test_add_func("/relay/unchanged/unknown", test_unknown);
	g_test_add_func("/relay/unchanged/files", test_files);
	g_test_add_func("/relay/unchanged/interleaved", test_interleaved);
	g_test_add_func("/relay/unchanged/backend-requests", test_backend_requests);
	return g_test_run();
}
