/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * listening-guest [--again] SOCKET: VMM and driver of one of the daemon's virtual input devices,
 * without a machine around them: what a guest is to the daemon from its driver's start on. Prints
 * "ready" when the device may send, and then each event as "KEY_A 1", SYN_REPORT left out. A line
 * of input ends it, in order: the device has stopped then. So does the daemon when it closes the
 * socket (status 1); with --again that is a guest that starts again, as often as it takes.
 */
#include <errno.h>
#include <libevdev/libevdev.h>
#include <linux/virtio_config.h>
#include <linux/virtio_input.h>
#include <linux/virtio_ring.h>
#include <poll.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "vhost_user.h"

#define EVENT_QUEUE 0
#define BUFFERS 64

/* All of the guest's memory; it lies at guest address 0. */
struct guest_memory {
	struct vring_desc descriptors[BUFFERS];
	struct {
		uint16_t flags;
		uint16_t index;
		uint16_t ring[BUFFERS];
		uint16_t used_event;
	} available;
	struct {
		_Alignas(4) uint16_t flags;
		uint16_t index;
		struct vring_used_elem ring[BUFFERS];
		uint16_t available_event;
	} used;
	struct virtio_input_event events[BUFFERS];
};

struct guest {
	int socket;
	int memory_fd;
	struct guest_memory *memory;
	int kick;
	int call;
	uint16_t seen; /* of the used ring */
};

static void die(const char *what)
{
	perror(what);
	exit(1);
}

/* How we were called, with --again; else NULL. */
static char **again;

/* The daemon has closed the socket. */
static int start_again(void)
{
	if (again != NULL)
		execv("/proc/self/exe", again);
	return 1;
}

/* ---- the VMM's half ---- */

static void send_request(const struct guest *guest, uint32_t request, const void *payload,
	size_t size, int fd)
{
	struct vhost_user_header header = {request, VHOST_USER_VERSION, (uint32_t)size};
	struct iovec parts[] = {{&header, sizeof(header)}, {(void *)payload, size}};
	_Alignas(struct cmsghdr) char control[CMSG_SPACE(sizeof(int))] = {0};
	struct msghdr message = {.msg_iov = parts, .msg_iovlen = size > 0 ? 2 : 1};

	if (fd >= 0) {
		message.msg_control = control;
		message.msg_controllen = sizeof(control);
		CMSG_FIRSTHDR(&message)->cmsg_level = SOL_SOCKET;
		CMSG_FIRSTHDR(&message)->cmsg_type = SCM_RIGHTS;
		CMSG_FIRSTHDR(&message)->cmsg_len = CMSG_LEN(sizeof(int));
		memcpy(CMSG_DATA(CMSG_FIRSTHDR(&message)), &fd, sizeof(fd));
	}
	if (sendmsg(guest->socket, &message, MSG_NOSIGNAL) != (ssize_t)(sizeof(header) + size)) {
		start_again();
		die("sendmsg");
	}
}

static void send_state(const struct guest *guest, uint32_t request, uint32_t value)
{
	const struct vhost_user_vring_state state = {EVENT_QUEUE, value};

	send_request(guest, request, &state, sizeof(state), -1);
}

static void send_u64(const struct guest *guest, uint32_t request, uint64_t value, int fd)
{
	send_request(guest, request, &value, sizeof(value), fd);
}

static void connect_to(struct guest *guest, const char *path)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};

	snprintf(address.sun_path, sizeof(address.sun_path), "%s", path);
	guest->socket = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (guest->socket < 0 ||
		connect(guest->socket, (struct sockaddr *)&address, sizeof(address)) != 0)
		die(path);
}

static void share_memory(struct guest *guest)
{
	struct {
		struct vhost_user_memory table;
		struct vhost_user_memory_region region;
	} __attribute__((packed)) payload = {
		.table = {.region_count = 1},
		.region = {.size = sizeof(struct guest_memory)},
	};

	guest->memory_fd = memfd_create("guest", MFD_CLOEXEC);
	if (guest->memory_fd < 0 || ftruncate(guest->memory_fd, sizeof(struct guest_memory)) != 0)
		die("memfd");
	guest->memory = mmap(NULL, sizeof(struct guest_memory), PROT_READ | PROT_WRITE, MAP_SHARED,
		guest->memory_fd, 0);
	if (guest->memory == MAP_FAILED)
		die("mmap");
	payload.region.user_address = (uintptr_t)guest->memory;
	send_request(guest, VHOST_USER_SET_MEM_TABLE, &payload, sizeof(payload), guest->memory_fd);
}

static void start_queue(struct guest *guest)
{
	const struct vhost_user_vring_address address = {
		.index = EVENT_QUEUE,
		.descriptors = (uintptr_t)guest->memory->descriptors,
		.available = (uintptr_t)&guest->memory->available,
		.used = (uintptr_t)&guest->memory->used,
	};

	guest->kick = eventfd(0, EFD_CLOEXEC);
	guest->call = eventfd(0, EFD_CLOEXEC);
	send_state(guest, VHOST_USER_SET_VRING_NUM, BUFFERS);
	send_state(guest, VHOST_USER_SET_VRING_BASE, 0);
	send_request(guest, VHOST_USER_SET_VRING_ADDR, &address, sizeof(address), -1);
	send_u64(guest, VHOST_USER_SET_VRING_CALL, EVENT_QUEUE, guest->call);
	send_u64(guest, VHOST_USER_SET_VRING_KICK, EVENT_QUEUE, guest->kick);
}

/* All requests before the answered one have been obeyed. */
static void await_answer(const struct guest *guest)
{
	struct vhost_user_header header;
	uint64_t answer;

	if (recv(guest->socket, &header, sizeof(header), MSG_WAITALL) != sizeof(header) ||
		recv(guest->socket, &answer, sizeof(answer), MSG_WAITALL) != sizeof(answer)) {
		start_again();
		die("the device does not answer");
	}
}

/* ---- the driver's half ---- */

static void offer(struct guest *guest, uint16_t buffer)
{
	struct guest_memory *memory = guest->memory;

	memory->available.ring[memory->available.index % BUFFERS] = buffer;
	__atomic_store_n(&memory->available.index, (uint16_t)(memory->available.index + 1),
		__ATOMIC_RELEASE);
}

static void offer_all(struct guest *guest)
{
	for (uint16_t i = 0; i < BUFFERS; i++) {
		guest->memory->descriptors[i] = (struct vring_desc){
			.addr = offsetof(struct guest_memory, events) +
				i * sizeof(struct virtio_input_event),
			.len = sizeof(struct virtio_input_event),
			.flags = VRING_DESC_F_WRITE,
		};
		offer(guest, i);
	}
}

static void print_events(struct guest *guest)
{
	struct guest_memory *memory = guest->memory;

	while (guest->seen != __atomic_load_n(&memory->used.index, __ATOMIC_ACQUIRE)) {
		uint16_t buffer = (uint16_t)memory->used.ring[guest->seen++ % BUFFERS].id;
		const struct virtio_input_event *event = &memory->events[buffer];
		const char *name = libevdev_event_code_get_name(event->type, event->code);

		if (event->type != EV_SYN)
			printf("%s %d\n", name != NULL ? name : "?", (int32_t)event->value);
		offer(guest, buffer);
	}
	fflush(stdout);
	eventfd_write(guest->kick, 1);
}

static int listen_to(struct guest *guest)
{
	struct pollfd fds[] = {
		{.fd = guest->call, .events = POLLIN},
		{.fd = guest->socket, .events = POLLIN},
		{.fd = STDIN_FILENO, .events = POLLIN},
	};

	while (poll(fds, 3, -1) >= 0 || errno == EINTR) {
		eventfd_t calls;

		if (fds[0].revents != 0 && eventfd_read(guest->call, &calls) == 0)
			print_events(guest);
		if (fds[1].revents != 0)
			return start_again();
		if (fds[2].revents != 0) {
			send_state(guest, VHOST_USER_GET_VRING_BASE, 0);
			await_answer(guest);
			return 0;
		}
	}
	return 1;
}

int main(int argc, char **argv)
{
	struct guest guest = {0};

	if (argc == 3 && strcmp(argv[1], "--again") == 0)
		again = argv;
	else if (argc != 2) {
		fprintf(stderr, "listening-guest [--again] SOCKET\n");
		return 2;
	}
	connect_to(&guest, argv[argc - 1]);
	send_request(&guest, VHOST_USER_SET_OWNER, NULL, 0, -1);
	/* Without protocol features a queue needs no word to be enabled. */
	send_u64(&guest, VHOST_USER_SET_FEATURES, UINT64_C(1) << VIRTIO_F_VERSION_1, -1);
	share_memory(&guest);
	offer_all(&guest);
	start_queue(&guest);
	send_request(&guest, VHOST_USER_GET_QUEUE_NUM, NULL, 0, -1);
	await_answer(&guest);
	printf("ready\n");
	fflush(stdout);
	return listen_to(&guest);
}
