/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "driver.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/virtio_config.h>
#include <linux/virtio_ring.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "vhost_user.h"

#define QUEUES 2

struct queue {
	struct vring_desc descriptors[DRIVER_BUFFERS] __attribute__((aligned(16)));
	struct {
		uint16_t flags;
		uint16_t index;
		uint16_t ring[DRIVER_BUFFERS];
		uint16_t used_event;
	} available;
	struct {
		uint16_t flags;
		uint16_t index;
		struct vring_used_elem ring[DRIVER_BUFFERS];
		uint16_t available_event;
	} used __attribute__((aligned(4)));
};

struct driver_memory {
	struct queue queues[QUEUES] __attribute__((aligned(16)));
	struct virtio_input_event buffers[DRIVER_BUFFERS];
};

static void fail(const char *what)
{
	fprintf(stderr, "input: %s: %s\n", what, strerror(errno));
	exit(1);
}

/* ---- vhost-user ---- */

static void send_message(const struct driver *driver, uint32_t request, const void *payload,
	uint32_t size, int fd)
{
	struct vhost_user_header header = {request, VHOST_USER_VERSION, size};
	struct iovec parts[2] = {{&header, sizeof(header)}, {(void *)(uintptr_t)payload, size}};
	union {
		struct cmsghdr header;
		char bytes[CMSG_SPACE(sizeof(int))];
	} control = {0};
	struct msghdr message = {.msg_iov = parts, .msg_iovlen = 2};

	if (fd >= 0) {
		message.msg_control = &control;
		message.msg_controllen = sizeof(control.bytes);
		control.header.cmsg_level = SOL_SOCKET;
		control.header.cmsg_type = SCM_RIGHTS;
		control.header.cmsg_len = CMSG_LEN(sizeof(int));
		memcpy(CMSG_DATA(&control.header), &fd, sizeof(fd));
	}
	if (sendmsg(driver->socket, &message, MSG_NOSIGNAL) != (ssize_t)(sizeof(header) + size))
		fail("vhost-user");
}

static void send_u64(const struct driver *driver, uint32_t request, uint64_t value, int fd)
{
	send_message(driver, request, &value, sizeof(value), fd);
}

static void send_state(const struct driver *driver, uint32_t request, uint32_t index,
	uint32_t value)
{
	const struct vhost_user_vring_state state = {index, value};

	send_message(driver, request, &state, sizeof(state), -1);
}

static void share_memory(struct driver *driver)
{
	int fd = memfd_create("guest", MFD_CLOEXEC);
	struct {
		struct vhost_user_memory table;
		struct vhost_user_memory_region region;
	} __attribute__((packed)) message = {.table = {.region_count = 1}};

	if (fd < 0 || ftruncate(fd, sizeof(*driver->memory)) < 0)
		fail("memory");
	driver->memory = mmap(NULL, sizeof(*driver->memory), PROT_READ | PROT_WRITE, MAP_SHARED, fd,
		0);
	if (driver->memory == MAP_FAILED)
		fail("memory");
	message.region.size = sizeof(*driver->memory);
	message.region.user_address = (uintptr_t)driver->memory;
	send_message(driver, VHOST_USER_SET_MEM_TABLE, &message, sizeof(message), fd);
	close(fd);
}

static void start_queue(struct driver *driver, uint32_t index)
{
	struct queue *queue = &driver->memory->queues[index];
	const struct vhost_user_vring_address address = {
		.index = index,
		.descriptors = (uintptr_t)queue->descriptors,
		.available = (uintptr_t)&queue->available,
		.used = (uintptr_t)&queue->used,
	};
	int kick_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	int call_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);

	if (kick_fd < 0 || call_fd < 0)
		fail("eventfd");
	send_state(driver, VHOST_USER_SET_VRING_NUM, index, DRIVER_BUFFERS);
	send_state(driver, VHOST_USER_SET_VRING_BASE, index, 0);
	send_message(driver, VHOST_USER_SET_VRING_ADDR, &address, sizeof(address), -1);
	send_u64(driver, VHOST_USER_SET_VRING_CALL, index, call_fd);
	send_u64(driver, VHOST_USER_SET_VRING_KICK, index, kick_fd);
	send_state(driver, VHOST_USER_SET_VRING_ENABLE, index, 1);
	if (index == 0) {
		driver->kick_fd = kick_fd;
		driver->call_fd = call_fd;
	} else {
		close(kick_fd);
		close(call_fd);
	}
}

/* ---- the driver's half of the ring ---- */

static void offer(struct driver *driver, uint16_t buffer)
{
	struct queue *queue = &driver->memory->queues[0];
	uint16_t event;

	queue->available.ring[driver->offered % DRIVER_BUFFERS] = buffer;
	driver->offered++;
	__atomic_store_n(&queue->available.index, driver->offered, __ATOMIC_RELEASE);
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	event = __atomic_load_n(&queue->used.available_event, __ATOMIC_RELAXED);
	if (vring_need_event(event, driver->offered, (uint16_t)(driver->offered - 1)))
		eventfd_write(driver->kick_fd, 1);
}

static void offer_all(struct driver *driver)
{
	struct queue *queue = &driver->memory->queues[0];

	for (uint16_t i = 0; i < DRIVER_BUFFERS; i++) {
		queue->descriptors[i] = (struct vring_desc){
			.addr = (uintptr_t)&driver->memory->buffers[i] - (uintptr_t)driver->memory,
			.len = sizeof(driver->memory->buffers[i]),
			.flags = VRING_DESC_F_WRITE,
		};
		queue->available.ring[i] = i;
	}
	driver->offered = DRIVER_BUFFERS;
	queue->available.index = DRIVER_BUFFERS;
}

void driver_called(struct driver *driver)
{
	eventfd_t count;

	eventfd_read(driver->call_fd, &count);
}

bool driver_take(struct driver *driver, struct virtio_input_event *event)
{
	struct queue *queue = &driver->memory->queues[0];
	uint32_t buffer;

	if (__atomic_load_n(&queue->used.index, __ATOMIC_ACQUIRE) == driver->seen) {
		/* As Linux: the next one shall call, and may have come while we said so. */
		__atomic_store_n(&queue->available.used_event, driver->seen, __ATOMIC_RELAXED);
		__atomic_thread_fence(__ATOMIC_SEQ_CST);
		if (__atomic_load_n(&queue->used.index, __ATOMIC_ACQUIRE) == driver->seen)
			return false;
	}
	buffer = queue->used.ring[driver->seen % DRIVER_BUFFERS].id;
	if (buffer >= DRIVER_BUFFERS) {
		errno = EPROTO;
		fail("the device's ring");
	}
	*event = driver->memory->buffers[buffer];
	driver->seen++;
	offer(driver, (uint16_t)buffer);
	return true;
}

/* ---- life ---- */

void driver_connect(struct driver *driver, const char *path)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};

	*driver = (struct driver){.socket = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)};
	snprintf(address.sun_path, sizeof(address.sun_path), "%s", path);
	if (driver->socket < 0 ||
		connect(driver->socket, (struct sockaddr *)&address, sizeof(address)) < 0)
		fail(path);
	send_u64(driver, VHOST_USER_SET_FEATURES,
		UINT64_C(1) << VIRTIO_F_VERSION_1 | UINT64_C(1) << VIRTIO_RING_F_EVENT_IDX |
			UINT64_C(1) << VHOST_USER_F_PROTOCOL_FEATURES,
		-1);
	send_u64(driver, VHOST_USER_SET_PROTOCOL_FEATURES, 0, -1);
	send_message(driver, VHOST_USER_SET_OWNER, NULL, 0, -1);
	share_memory(driver);
	offer_all(driver);
	for (uint32_t i = 0; i < QUEUES; i++)
		start_queue(driver, i);
	send_message(driver, VHOST_USER_GET_QUEUE_NUM, NULL, 0, -1);
}

bool driver_ready(struct driver *driver, bool wait)
{
	struct {
		struct vhost_user_header header;
		uint64_t value;
	} __attribute__((packed)) answer;

	if (recv(driver->socket, &answer, sizeof(answer), MSG_PEEK | (wait ? 0 : MSG_DONTWAIT)) <=
		0) {
		if (!wait && errno == EAGAIN)
			return false;
		fail("the device's answer");
	}
	if (recv(driver->socket, &answer, sizeof(answer), MSG_WAITALL) != sizeof(answer) ||
		answer.value != QUEUES) {
		errno = EPROTO;
		fail("the device's answer");
	}
	return true;
}

void driver_disconnect(struct driver *driver)
{
	munmap(driver->memory, sizeof(*driver->memory));
	close(driver->call_fd);
	close(driver->kick_fd);
	close(driver->socket);
}
