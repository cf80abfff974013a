/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Messages that the relay looks at on their way: how many scanouts there are, and that the guest's
 * memory is shared.
 */
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "channel_fixture.h"
#include "relay_fixture.h"

static struct rig_message make_config(uint32_t offset, uint32_t size, uint32_t payload_size)
{
	struct rig_message message = rig_message(VHOST_USER_GET_CONFIG,
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
		struct rig_message message = make_config(cases[i].offset, cases[i].size,
			cases[i].payload_size);
		rig_expect_forwarded(rig_direction(&rig, true), &message, NULL, 0);
		g_assert_cmpuint(rig.scanouts_told, ==, cases[i].told);
		g_assert_cmpuint(rig.scanouts, ==, cases[i].told ? 5 : 0);

		/* The same as a request is the VMM's business. */
		message.header.flags = VHOST_USER_VERSION;
		rig_expect_forwarded(rig_direction(&rig, false), &message, NULL, 0);
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
	struct rig_message first = make_config(0, 16, 28);
	struct rig_message second = first;
	uint32_t other = GUINT32_TO_LE(3);

	memcpy(second.payload + sizeof(struct vhost_user_config) + 8, &other, sizeof(other));
	for (int i = 0; i < 3; i++) {
		struct rig_message *message = i % 2 ? &second : &first;

		rig_expect_forwarded(rig_direction(&rig, true), message, NULL, 0);
		g_assert_cmpuint(rig.scanouts_told, ==, 1);
		g_assert_cmpuint(rig.scanouts, ==, 5);
	}

	rig_close(&rig.vmm);
	rig_settle();
	rig_close(&rig.backend);
	rig_connect(&rig);
	rig_expect_forwarded(rig_direction(&rig, true), &second, NULL, 0);
	g_assert_cmpuint(rig.scanouts_told, ==, 2);
	g_assert_cmpuint(rig.scanouts, ==, 3);
	rig_finish(&rig);
}

/* A reply in pieces is passed on and understood. */
static void test_scanouts_split(void)
{
	struct rig rig;

	rig_init(&rig);
	struct rig_message message = make_config(0, 16, 28);
	fixture_send_on(rig.backend, &message, sizeof(message.header), NULL, 0);
	fixture_send_on(rig.backend, message.payload, 10, NULL, 0);
	fixture_send_on(rig.backend, message.payload + 10, 18, NULL, 0);
	rig_settle();
	rig_expect_message(rig.vmm, &message, NULL, 0);
	g_assert_cmpuint(rig.scanouts, ==, 5);
	rig_finish(&rig);
}

/* A guest that reboots: its queues stop, one by one, and start again. */
static void test_running(void)
{
	struct rig rig;

	rig_init(&rig);
	struct rig_direction down = rig_direction(&rig, false);
	struct rig_message stop = rig_message(VHOST_USER_GET_VRING_BASE, VHOST_USER_VERSION, 8);
	struct rig_message start = rig_message(VHOST_USER_SET_VRING_KICK, VHOST_USER_VERSION, 8);

	/* The first start is no change. */
	rig_expect_forwarded(down, &start, rig.fds, 1);
	g_assert_cmpuint(rig.running_told, ==, 0);
	for (unsigned int i = 1; i <= 2; i++) {
		rig_expect_forwarded(down, &stop, NULL, 0);
		rig_expect_forwarded(down, &stop, NULL, 0);
		g_assert_cmpuint(rig.running_told, ==, 2 * i - 1);
		g_assert_false(rig.running);
		/* Before the back-end heard of it: who waits for an answer has it first. */
		g_assert_cmpint(rig.unread_when_told, ==, 0);
		rig_expect_forwarded(down, &start, rig.fds, 1);
		rig_expect_forwarded(down, &start, rig.fds, 1);
		g_assert_cmpuint(rig.running_told, ==, 2 * i);
		g_assert_true(rig.running);
	}
	/* What the back-end sends under these numbers is no word of the VMM's. */
	rig_expect_forwarded(rig_direction(&rig, true), &stop, NULL, 0);
	g_assert_cmpuint(rig.running_told, ==, 4);
	rig_finish(&rig);
}

static void test_memory_shared(void)
{
	struct rig rig;

	rig_init(&rig);
	struct rig_message table = rig_message(VHOST_USER_SET_MEM_TABLE, VHOST_USER_VERSION,
		8 + 3 * 32);
	const uint32_t regions = 3;
	memcpy(table.payload, &regions, sizeof(regions));
	rig_expect_forwarded(rig_direction(&rig, false), &table, rig.fds, 3);
	struct rig_message region = rig_message(VHOST_USER_ADD_MEM_REG, VHOST_USER_VERSION, 40);
	rig_expect_forwarded(rig_direction(&rig, false), &region, rig.fds, 1);
	struct rig_message ring = rig_message(VHOST_USER_SET_VRING_ADDR, VHOST_USER_VERSION, 40);
	rig_expect_forwarded(rig_direction(&rig, false), &ring, NULL, 0);
	rig_finish(&rig);
}

static void test_memory_private(void)
{
	int file = fixture_memfd('m');
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
		struct rig_message message = rig_message(cases[i].request, VHOST_USER_VERSION,
			cases[i].size);
		memcpy(message.payload, &cases[i].regions, sizeof(cases[i].regions));
		rig_send(rig.vmm, &message, cases[i].fd, cases[i].fd != NULL);
		g_assert_cmpuint(rig_times_logged("guest test:"), >=, 1);
		rig_expect_session_over(&rig, "-object memory-backend-memfd");
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
		struct rig_message reply = rig_message(VHOST_USER_ADD_MEM_REG,
			VHOST_USER_VERSION | VHOST_USER_REPLY, sizeof(status));
		memcpy(reply.payload, &status, sizeof(status));
		rig_expect_forwarded(rig_direction(&rig, true), &reply, NULL, 0);
		g_assert_cmpuint(rig_times_logged("the back-end refused memory"), ==, status);
	}
	rig_finish(&rig);
}

int main(int argc, char **argv)
{
	rig_setup(&argc, &argv);
	rig_add("/relay/scanouts", test_scanouts);
	rig_add("/relay/scanouts-once", test_scanouts_once);
	rig_add("/relay/scanouts-split", test_scanouts_split);
	rig_add("/relay/running", test_running);
	rig_add("/relay/memory-shared", test_memory_shared);
	rig_add("/relay/memory-private", test_memory_private);
	rig_add("/relay/memory-refused", test_memory_refused);
	return g_test_run();
}
