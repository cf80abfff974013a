/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The two ends of vhost-user. Messages and their order are those that QEMU 10 and libvhost-user
 * were seen to exchange. Called by main.c; served from the wire's waits.
 */
#include "vhost.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "vhost_user.h"

/* Of enum vhost_user_request those that only this program speaks. */
enum {
	REQUEST_GET_VRING_BASE = 11,
	REQUEST_GET_PROTOCOL_FEATURES = 15,
	REQUEST_SET_PROTOCOL_FEATURES = 16,
	REQUEST_GET_QUEUE_NUM = 17,
	REQUEST_GET_MAX_MEM_SLOTS = 36,
};

#define FEATURES (UINT64_C(1) << 32 | UINT64_C(1) << 30 | UINT64_C(1) << 1)
#define PROTOCOL_FEATURES (UINT64_C(1) << 15 | UINT64_C(1) << 9)
#define MEMORY_SIZE (1u << 20)
#define CONNECT_RETRY_US 10000

/* One message as it travels. */
struct message {
	struct vhost_user_header header;
	uint8_t payload[VHOST_USER_PAYLOAD_MAX];
} __attribute__((packed));

static bool send_message(int fd, struct message *message, int passed, GError **error)
{
	union {
		struct cmsghdr header;
		char bytes[CMSG_SPACE(sizeof(int))];
	} control = {.bytes = {0}};
	struct iovec iov = {.iov_base = message,
		.iov_len = sizeof(message->header) + message->header.size};
	struct msghdr head = {.msg_iov = &iov, .msg_iovlen = 1};

	if (passed >= 0) {
		control.header.cmsg_level = SOL_SOCKET;
		control.header.cmsg_type = SCM_RIGHTS;
		control.header.cmsg_len = CMSG_LEN(sizeof(int));
		memcpy(CMSG_DATA(&control.header), &passed, sizeof(int));
		head.msg_control = &control;
		head.msg_controllen = sizeof(control);
	}
	/* Small, and the other side reads: it fits. */
	if (sendmsg(fd, &head, MSG_NOSIGNAL) != (ssize_t)iov.iov_len)
		return backend_fail(error, BACKEND_ERROR_SYSTEM, "vhost-user request %u: %s",
			message->header.request, g_strerror(errno));
	return true;
}

/* One message and its first fd (-1: none; further ones are closed). `eof`: the peer has gone. */
static bool receive_message(int fd, struct message *message, int *passed, bool *eof, GError **error)
{
	union {
		struct cmsghdr header;
		char bytes[CMSG_SPACE(sizeof(int) * VHOST_USER_FDS_MAX)];
	} control;
	struct iovec iov = {.iov_base = &message->header, .iov_len = sizeof(message->header)};
	struct msghdr head = {
		.msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = &control,
		.msg_controllen = sizeof(control),
	};

	*passed = -1;
	*eof = false;
	ssize_t got = recvmsg(fd, &head, MSG_WAITALL | MSG_CMSG_CLOEXEC);
	for (struct cmsghdr *part = CMSG_FIRSTHDR(&head); got > 0 && part;
		part = CMSG_NXTHDR(&head, part)) {
		size_t count = (part->cmsg_len - CMSG_LEN(0)) / sizeof(int);
		for (size_t i = 0; part->cmsg_type == SCM_RIGHTS && i < count; i++) {
			int one;
			memcpy(&one, CMSG_DATA(part) + i * sizeof(int), sizeof(int));
			if (*passed < 0)
				*passed = one;
			else
				close(one);
		}
	}
	if (got == 0 || (got < 0 && errno == ECONNRESET)) {
		*eof = true;
		return true;
	}
	if (got != (ssize_t)sizeof(message->header) ||
		message->header.size > sizeof(message->payload))
		return backend_fail(error, BACKEND_ERROR_FRONTEND, "half a vhost-user message");
	/* In one read, as libvhost-user does it: the relay must have sent header and payload as
	 * one. */
	if (message->header.size &&
		recv(fd, message->payload, message->header.size, 0) !=
			(ssize_t)message->header.size)
		return backend_fail(error, BACKEND_ERROR_FRONTEND,
			"vhost-user request %u came without all of its payload",
			message->header.request);
	return true;
}

/* ---- the back-end's side ---- */

static bool reply(int fd, struct message *message, const void *payload, uint32_t size,
	GError **error)
{
	message->header.flags = VHOST_USER_VERSION | VHOST_USER_REPLY;
	message->header.size = size;
	if (payload)
		memcpy(message->payload, payload, size);
	return send_message(fd, message, -1, error);
}

static bool reply_number(int fd, struct message *message, uint64_t number, GError **error)
{
	return reply(fd, message, &number, sizeof(number), error);
}

/* The configuration goes back in the payload that asked for it. */
static bool reply_config(struct vhost_backend *backend, struct message *message, GError **error)
{
	const struct virtio_gpu_config config = {.num_scanouts = GUINT32_TO_LE(backend->scanouts)};
	uint32_t size = message->header.size;

	if (size > sizeof(struct vhost_user_config))
		memcpy(message->payload + sizeof(struct vhost_user_config), &config,
			MIN(sizeof(config), size - sizeof(struct vhost_user_config)));
	return reply(backend->fd, message, NULL, size, error);
}

static bool answer(struct vhost_backend *backend, struct message *message, GError **error)
{
	switch (message->header.request) {
	case VHOST_USER_GET_FEATURES:
		return reply_number(backend->fd, message, FEATURES, error);
	case REQUEST_GET_PROTOCOL_FEATURES:
		return reply_number(backend->fd, message, PROTOCOL_FEATURES, error);
	case REQUEST_GET_QUEUE_NUM:
		return reply_number(backend->fd, message, 2, error);
	case REQUEST_GET_MAX_MEM_SLOTS:
		return reply_number(backend->fd, message, 509, error);
	case VHOST_USER_GET_CONFIG:
		return reply_config(backend, message, error);
	case REQUEST_GET_VRING_BASE:
		return reply(backend->fd, message, NULL, message->header.size, error);
	default:
		if (message->header.flags & VHOST_USER_NEED_REPLY)
			return reply_number(backend->fd, message, 0, error);
		return true;
	}
}

bool vhost_backend_serve(void *data, GError **error)
{
	struct vhost_backend *backend = data;
	struct message message;
	int passed;
	bool eof;

	if (!receive_message(backend->fd, &message, &passed, &eof, error))
		return false;
	if (eof) {
		close(backend->fd);
		backend->fd = -1;
		return true;
	}
	if (message.header.request == VHOST_USER_GPU_SET_SOCKET) {
		backend->display_sockets++;
		if (backend->display_sockets > 1)
			return backend_fail(error, BACKEND_ERROR_FRONTEND,
				"a second display socket came");
		if (passed < 0 || message.header.size)
			return backend_fail(error, BACKEND_ERROR_FRONTEND,
				"message 33 with %u bytes and %s", message.header.size,
				passed < 0 ? "no fd" : "an fd");
		backend->display_fd = passed;
		return true;
	}
	if (passed >= 0)
		close(passed);
	return answer(backend, &message, error);
}

static bool wait_readable(int fd, int timeout_ms, const char *what, GError **error)
{
	struct pollfd wait = {.fd = fd, .events = POLLIN};
	int ready;

	do
		ready = poll(&wait, 1, timeout_ms);
	while (ready < 0 && errno == EINTR);
	if (ready > 0)
		return true;
	return backend_fail(error, BACKEND_ERROR_FRONTEND, "no %s for %d ms", what, timeout_ms);
}

static bool fill_address(struct sockaddr_un *address, const char *path, GError **error)
{
	memset(address, 0, sizeof(*address));
	address->sun_family = AF_UNIX;
	if (g_strlcpy(address->sun_path, path, sizeof(address->sun_path)) >=
		sizeof(address->sun_path))
		return backend_fail(error, BACKEND_ERROR_SYSTEM, "%s: too long for a socket", path);
	return true;
}

static int accept_one(const char *path, int timeout_ms, GError **error)
{
	struct sockaddr_un address;
	int listening = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	int fd = -1;

	if (!fill_address(&address, path, error))
		goto out;
	unlink(path);
	if (listening < 0 || bind(listening, (struct sockaddr *)&address, sizeof(address)) < 0 ||
		listen(listening, 1) < 0) {
		backend_fail(error, BACKEND_ERROR_SYSTEM, "%s: %s", path, g_strerror(errno));
		goto out;
	}
	if (wait_readable(listening, timeout_ms, "connection to the back-end", error)) {
		fd = accept4(listening, NULL, NULL, SOCK_CLOEXEC);
		if (fd < 0)
			backend_fail(error, BACKEND_ERROR_SYSTEM, "accept: %s", g_strerror(errno));
	}
	unlink(path);
out:
	if (listening >= 0)
		close(listening);
	return fd;
}

bool vhost_backend_accept(struct vhost_backend *backend, const char *path, int timeout_ms,
	GError **error)
{
	backend->display_fd = -1;
	backend->display_sockets = 0;
	backend->fd = accept_one(path, timeout_ms, error);
	if (backend->fd < 0)
		return false;
	while (backend->display_fd < 0) {
		if (!wait_readable(backend->fd, timeout_ms, "display socket", error) ||
			!vhost_backend_serve(backend, error))
			return false;
		if (backend->fd < 0)
			return backend_fail(error, BACKEND_ERROR_FRONTEND,
				"the VMM went before it gave us a display socket");
	}
	return true;
}

/* ---- the VMM's side ---- */

int vhost_connect(const char *path, int timeout_ms, GError **error)
{
	int64_t end = g_get_monotonic_time() + (int64_t)timeout_ms * 1000;
	struct sockaddr_un address;

	if (!fill_address(&address, path, error))
		return -1;
	for (;;) {
		int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
		if (fd < 0)
			break;
		if (connect(fd, (struct sockaddr *)&address, sizeof(address)) == 0)
			return fd;
		int saved = errno;
		close(fd);
		errno = saved;
		if ((saved != ENOENT && saved != ECONNREFUSED) || g_get_monotonic_time() > end)
			break;
		/* Nobody listens yet, and nothing tells when somebody does. */
		g_usleep(CONNECT_RETRY_US);
	}
	backend_fail(error, BACKEND_ERROR_SYSTEM, "%s: %s", path, g_strerror(errno));
	return -1;
}

static bool request(struct vhost_vmm *vmm, uint32_t number, const void *payload, uint32_t size,
	int passed, GError **error)
{
	struct message message = {.header = {number, VHOST_USER_VERSION, size}};

	if (size)
		memcpy(message.payload, payload, size);
	return send_message(vmm->fd, &message, passed, error);
}

/* A request that is answered with as many bytes as `answer_size` says. */
static bool ask(struct vhost_vmm *vmm, uint32_t number, const void *payload, uint32_t size,
	uint32_t answer_size, GError **error)
{
	struct message message;
	int passed;
	bool eof;

	if (!request(vmm, number, payload, size, -1, error) ||
		!wait_readable(vmm->fd, 30000, "vhost-user reply", error) ||
		!receive_message(vmm->fd, &message, &passed, &eof, error))
		return false;
	if (passed >= 0)
		close(passed);
	if (eof)
		return backend_fail(error, BACKEND_ERROR_FRONTEND, "the back-end's side hung up");
	if (message.header.request != number || !(message.header.flags & VHOST_USER_REPLY) ||
		message.header.size != answer_size)
		return backend_fail(error, BACKEND_ERROR_FRONTEND,
			"request %u of %u bytes in answer to %u", message.header.request,
			message.header.size, number);
	return true;
}

static bool give_display_socket(struct vhost_vmm *vmm, GError **error)
{
	int pair[2];

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) < 0)
		return backend_fail(error, BACKEND_ERROR_SYSTEM, "socketpair: %s",
			g_strerror(errno));
	if (vmm->display_fd >= 0)
		close(vmm->display_fd);
	vmm->display_fd = pair[0];
	bool sent = request(vmm, VHOST_USER_GPU_SET_SOCKET, NULL, 0, pair[1], error);
	close(pair[1]);
	return sent;
}

static bool get_config(struct vhost_vmm *vmm, GError **error)
{
	struct {
		struct vhost_user_config head;
		uint8_t config[20];
	} __attribute__((packed)) config = {.head = {.size = sizeof(config.config)}};

	return ask(vmm, VHOST_USER_GET_CONFIG, &config, sizeof(config), sizeof(config), error);
}

static bool add_memory(struct vhost_vmm *vmm, GError **error)
{
	const uint64_t region[5] = {0, 0, MEMORY_SIZE, 0x7f0000000000, 0};

	vmm->memory_fd = memfd_create("guest", MFD_CLOEXEC);
	if (vmm->memory_fd < 0 || ftruncate(vmm->memory_fd, MEMORY_SIZE) < 0)
		return backend_fail(error, BACKEND_ERROR_SYSTEM, "memfd: %s", g_strerror(errno));
	return request(vmm, VHOST_USER_ADD_MEM_REG, region, sizeof(region), vmm->memory_fd, error);
}

bool vhost_vmm_start(struct vhost_vmm *vmm, const char *path, int timeout_ms, GError **error)
{
	const uint64_t features = FEATURES;
	const uint64_t protocol_features = PROTOCOL_FEATURES;
	const uint32_t number = sizeof(uint64_t);

	vmm->display_fd = -1;
	vmm->memory_fd = -1;
	vmm->fd = vhost_connect(path, timeout_ms, error);
	return vmm->fd >= 0 && ask(vmm, VHOST_USER_GET_FEATURES, NULL, 0, number, error) &&
		ask(vmm, REQUEST_GET_PROTOCOL_FEATURES, NULL, 0, number, error) &&
		request(vmm, REQUEST_SET_PROTOCOL_FEATURES, &protocol_features, number, -1,
			error) &&
		ask(vmm, REQUEST_GET_QUEUE_NUM, NULL, 0, number, error) &&
		ask(vmm, REQUEST_GET_MAX_MEM_SLOTS, NULL, 0, number, error) &&
		request(vmm, VHOST_USER_SET_OWNER, NULL, 0, -1, error) && get_config(vmm, error) &&
		give_display_socket(vmm, error) &&
		request(vmm, VHOST_USER_SET_FEATURES, &features, number, -1, error) &&
		add_memory(vmm, error);
}

bool vhost_vmm_reboot(struct vhost_vmm *vmm, GError **error)
{
	const uint32_t vring[2] = {0, 0};

	/* The last one's answer proves that the back-end has seen all before it. */
	return ask(vmm, REQUEST_GET_VRING_BASE, vring, sizeof(vring), sizeof(vring), error) &&
		get_config(vmm, error) && give_display_socket(vmm, error) && get_config(vmm, error);
}

void vhost_vmm_finish(struct vhost_vmm *vmm)
{
	if (vmm->fd >= 0)
		close(vmm->fd);
	if (vmm->display_fd >= 0)
		close(vmm->display_fd);
	if (vmm->memory_fd >= 0)
		close(vmm->memory_fd);
}
