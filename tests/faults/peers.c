/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "peers.h"

#include <drm_fourcc.h>
#include <errno.h>
#include <fcntl.h>
#include <glib.h>
#include <poll.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "fake/fake_dmabuf.h"
#include "vhost_user.h"
#include "vhost_user_gpu.h"

/* Of a message that has no name in vhost_user.h: the relay knows nothing of it. */
#define GET_FEATURES 1

/* ---- sockets ---- */

bool peers_send(int socket, const void *bytes, size_t size, int fd)
{
	union {
		struct cmsghdr header;
		char bytes[CMSG_SPACE(sizeof(int))];
	} control = {.bytes = {0}};
	const uint8_t *from = bytes;

	while (size > 0) {
		struct iovec iov = {(void *)(uintptr_t)from, size};
		struct msghdr message = {.msg_iov = &iov, .msg_iovlen = 1};
		ssize_t sent;

		if (fd >= 0) {
			control.header.cmsg_level = SOL_SOCKET;
			control.header.cmsg_type = SCM_RIGHTS;
			control.header.cmsg_len = CMSG_LEN(sizeof(int));
			memcpy(CMSG_DATA(&control.header), &fd, sizeof(int));
			message.msg_control = &control;
			message.msg_controllen = sizeof(control.bytes);
		}
		sent = sendmsg(socket, &message, MSG_NOSIGNAL);
		if (sent < 0)
			return false;
		from += sent;
		size -= (size_t)sent;
		fd = -1;
	}
	return true;
}

static bool is_readable(int socket, int timeout_ms)
{
	struct pollfd ready = {.fd = socket, .events = POLLIN};

	return poll(&ready, 1, timeout_ms) == 1;
}

enum peers_result peers_receive(int socket, void *bytes, size_t size, int *fd)
{
	union {
		struct cmsghdr header;
		char bytes[CMSG_SPACE(sizeof(int) * 8)];
	} control;

	if (fd)
		*fd = -1;
	for (size_t have = 0; have < size;) {
		struct iovec iov = {(uint8_t *)bytes + have, size - have};
		struct msghdr message = {
			.msg_iov = &iov,
			.msg_iovlen = 1,
			.msg_control = &control,
			.msg_controllen = sizeof(control.bytes),
		};
		struct cmsghdr *part;
		ssize_t got;

		if (!is_readable(socket, PEERS_PATIENCE_MS))
			return PEERS_LOST;
		got = recvmsg(socket, &message, MSG_CMSG_CLOEXEC);
		part = got < 0 ? NULL : CMSG_FIRSTHDR(&message);
		if (part && part->cmsg_type == SCM_RIGHTS) {
			int came;

			memcpy(&came, CMSG_DATA(part), sizeof(came));
			if (fd && *fd < 0)
				*fd = came;
			else
				close(came);
		}
		if (got <= 0)
			return PEERS_CLOSED;
		have += (size_t)got;
	}
	return PEERS_DONE;
}

bool peers_is_silent(int socket)
{
	char byte;

	return recv(socket, &byte, 1, MSG_DONTWAIT | MSG_PEEK) <= 0;
}

static struct sockaddr_un address_of(const char *path)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};

	g_strlcpy(address.sun_path, path, sizeof(address.sun_path));
	return address;
}

int peers_connect(const char *path)
{
	struct sockaddr_un address = address_of(path);
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	int64_t end = g_get_monotonic_time() + PEERS_PATIENCE_MS * G_TIME_SPAN_MILLISECOND;

	g_assert_cmpint(fd, >=, 0);
	while (connect(fd, (struct sockaddr *)&address, sizeof(address)) < 0) {
		if (g_get_monotonic_time() > end) {
			close(fd);
			return -1;
		}
		/* Nothing says when somebody listens. */
		poll(NULL, 0, 2);
	}
	return fd;
}

int peers_listen(const char *path)
{
	struct sockaddr_un address = address_of(path);
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	g_assert_cmpint(fd, >=, 0);
	g_assert_cmpint(bind(fd, (struct sockaddr *)&address, sizeof(address)), ==, 0);
	g_assert_cmpint(listen(fd, 8), ==, 0);
	return fd;
}

/* ---- a picture ---- */

void peers_make_picture(struct peers_picture *picture, uint32_t width, uint32_t height)
{
	/* So that the double's ioctl() is linked, also where a sanitizer has one. */
	fake_dmabuf_refuse_sync(false);
	picture->width = width;
	picture->height = height;
	for (size_t i = 0; i < G_N_ELEMENTS(picture->dmabufs); i++)
		picture->dmabufs[i] = fake_dmabuf_create((size_t)width * height * 4, NULL);
}

void peers_free_picture(struct peers_picture *picture)
{
	for (size_t i = 0; i < G_N_ELEMENTS(picture->dmabufs); i++)
		close(picture->dmabufs[i]);
}

/* ---- the display socket ---- */

static enum peers_result tell(int socket, uint32_t request, const void *payload, size_t size,
	int fd)
{
	struct vhost_user_gpu_header header = {request, 0, (uint32_t)size};
	g_autoptr(GByteArray) bytes = g_byte_array_new();

	g_byte_array_append(bytes, (const guint8 *)&header, sizeof(header));
	g_byte_array_append(bytes, payload, (guint)size);
	return peers_send(socket, bytes->data, bytes->len, fd) ? PEERS_DONE : PEERS_CLOSED;
}

/* … and its reply, of `reply_size` bytes without the header. */
static enum peers_result ask(int socket, uint32_t request, const void *payload, size_t size,
	size_t reply_size)
{
	struct vhost_user_gpu_header header;
	uint8_t reply[2048];

	PEERS_TRY(tell(socket, request, payload, size, -1));
	PEERS_TRY(peers_receive(socket, &header, sizeof(header), NULL));
	g_assert_cmpuint(header.request, ==, request);
	g_assert_cmpuint(header.flags, ==, VHOST_USER_GPU_REPLY);
	g_assert_cmpuint(header.size, ==, reply_size);
	return peers_receive(socket, reply, reply_size, NULL);
}

static enum peers_result introduce(int socket)
{
	const uint64_t features = VHOST_USER_GPU_FEATURE_EDID | VHOST_USER_GPU_FEATURE_DMABUF2;
	const uint32_t scanout = 0;

	PEERS_TRY(ask(socket, VHOST_USER_GPU_GET_PROTOCOL_FEATURES, NULL, 0, sizeof(features)));
	PEERS_TRY(tell(socket, VHOST_USER_GPU_SET_PROTOCOL_FEATURES, &features, sizeof(features),
		-1));
	PEERS_TRY(ask(socket, VHOST_USER_GPU_GET_DISPLAY_INFO, NULL, 0,
		sizeof(struct virtio_gpu_resp_display_info)));
	return ask(socket, VHOST_USER_GPU_GET_EDID, &scanout, sizeof(scanout),
		sizeof(struct virtio_gpu_resp_edid));
}

static enum peers_result show_pixels(int socket, const struct peers_picture *picture)
{
	const struct vhost_user_gpu_scanout scanout = {0, picture->width, picture->height};
	const struct vhost_user_gpu_update part = {0, 8, 8, 64, 32};
	const size_t size = sizeof(part) + (size_t)part.width * part.height * 4;
	g_autofree uint8_t *update = g_malloc0(size);

	memcpy(update, &part, sizeof(part));
	PEERS_TRY(tell(socket, VHOST_USER_GPU_SCANOUT, &scanout, sizeof(scanout), -1));
	return tell(socket, VHOST_USER_GPU_UPDATE, update, size, -1);
}

static enum peers_result show_cursor(int socket)
{
	struct vhost_user_gpu_cursor_pos position = {0, 30, 40};
	g_autofree struct vhost_user_gpu_cursor_update *cursor = g_new0(
		struct vhost_user_gpu_cursor_update, 1);

	cursor->pos = (struct vhost_user_gpu_cursor_pos){0, 10, 20};
	memset(cursor->data, 0xff, sizeof(cursor->data));
	PEERS_TRY(tell(socket, VHOST_USER_GPU_CURSOR_UPDATE, cursor, sizeof(*cursor), -1));
	PEERS_TRY(tell(socket, VHOST_USER_GPU_CURSOR_POS, &position, sizeof(position), -1));
	return tell(socket, VHOST_USER_GPU_CURSOR_POS_HIDE, &position, sizeof(position), -1);
}

/* A dma-buf, shown twice. */
static enum peers_result show_dmabuf(int socket, const struct peers_picture *picture, size_t index,
	uint32_t fourcc)
{
	const struct vhost_user_gpu_update update = {0, 0, 0, picture->width, picture->height};
	struct vhost_user_gpu_dmabuf_scanout2 scanout = {
		{0, 0, 0, picture->width, picture->height, picture->width, picture->height,
			picture->width * 4, 0, (int32_t)fourcc},
		DRM_FORMAT_MOD_INVALID,
	};
	bool second = index > 0;

	PEERS_TRY(tell(socket,
		second ? VHOST_USER_GPU_DMABUF_SCANOUT2 : VHOST_USER_GPU_DMABUF_SCANOUT, &scanout,
		second ? sizeof(scanout) : sizeof(scanout.dmabuf_scanout),
		picture->dmabufs[index]));
	PEERS_TRY(ask(socket, VHOST_USER_GPU_DMABUF_UPDATE, &update, sizeof(update), 0));
	return ask(socket, VHOST_USER_GPU_DMABUF_UPDATE, &update, sizeof(update), 0);
}

static enum peers_result show_all(int socket, const struct peers_picture *picture)
{
	const struct vhost_user_gpu_scanout none = {0};

	PEERS_TRY(introduce(socket));
	PEERS_TRY(show_pixels(socket, picture));
	PEERS_TRY(show_dmabuf(socket, picture, 0, DRM_FORMAT_XRGB8888));
	PEERS_TRY(show_cursor(socket));
	PEERS_TRY(show_dmabuf(socket, picture, 1, DRM_FORMAT_XRGB8888));
	/* One that no plane takes: it is copied. */
	PEERS_TRY(show_dmabuf(socket, picture, 2, DRM_FORMAT_BGRX8888));
	PEERS_TRY(tell(socket, VHOST_USER_GPU_SCANOUT, &none, sizeof(none), -1));
	PEERS_TRY(introduce(socket));
	g_assert_true(peers_is_silent(socket));
	return PEERS_DONE;
}

enum peers_result peers_show(int socket, const struct peers_picture *picture)
{
	enum peers_result result = show_all(socket, picture);

	close(socket);
	return result;
}

/* ---- a relay ---- */

struct pair {
	int vmm;
	int backend;
	int display;
};

struct message {
	struct vhost_user_header header;
	uint8_t payload[64];
} __attribute__((packed));

static struct message make(uint32_t request, uint32_t flags, size_t size)
{
	struct message message = {{request, VHOST_USER_VERSION | flags, (uint32_t)size}, {0}};

	return message;
}

/* From one end to the other, as it is. */
static enum peers_result pass(int from, int to, const struct message *message, int fd)
{
	const size_t size = sizeof(message->header) + message->header.size;
	struct message came;
	int fd_that_came;

	if (!peers_send(from, message, size, fd))
		return PEERS_CLOSED;
	PEERS_TRY(peers_receive(to, &came, size, &fd_that_came));
	g_assert_cmpmem(&came, size, message, size);
	g_assert_true((fd_that_came >= 0) == (fd >= 0));
	if (fd_that_came >= 0)
		close(fd_that_came);
	return PEERS_DONE;
}

static enum peers_result exchange(const struct pair *pair, const struct message *question,
	const struct message *answer)
{
	PEERS_TRY(pass(pair->vmm, pair->backend, question, -1));
	return pass(pair->backend, pair->vmm, answer, -1);
}

static enum peers_result ask_for_scanouts(const struct pair *pair)
{
	struct message question = make(VHOST_USER_GET_CONFIG, 0, 28);
	struct message answer = make(VHOST_USER_GET_CONFIG, VHOST_USER_REPLY, 28);
	const struct vhost_user_config config = {0, sizeof(struct virtio_gpu_config), 0};
	const struct virtio_gpu_config device = {.num_scanouts = 1};

	memcpy(question.payload, &config, sizeof(config));
	memcpy(answer.payload, &config, sizeof(config));
	memcpy(answer.payload + sizeof(config), &device, sizeof(device));
	return exchange(pair, &question, &answer);
}

static enum peers_result share_memory(const struct pair *pair, int memory)
{
	struct message message = make(VHOST_USER_ADD_MEM_REG, VHOST_USER_NEED_REPLY, 40);
	struct message answer = make(VHOST_USER_ADD_MEM_REG, VHOST_USER_REPLY, sizeof(uint64_t));

	message.payload[8] = 1;
	PEERS_TRY(pass(pair->vmm, pair->backend, &message, memory));
	return pass(pair->backend, pair->vmm, &answer, -1);
}

/* The VMM's message 33, answered, and the back-end's display socket. */
static enum peers_result swap_sockets(struct pair *pair)
{
	struct message message = make(VHOST_USER_GPU_SET_SOCKET, VHOST_USER_NEED_REPLY, 0);
	struct message came;
	uint64_t status;
	int ends[2];
	bool sent;

	g_assert_cmpint(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), ==, 0);
	sent = peers_send(pair->vmm, &message, sizeof(message.header), ends[0]);
	close(ends[0]);
	close(ends[1]);
	if (!sent)
		return PEERS_CLOSED;
	PEERS_TRY(peers_receive(pair->backend, &came, sizeof(came.header), &pair->display));
	g_assert_cmpuint(came.header.request, ==, VHOST_USER_GPU_SET_SOCKET);
	g_assert_cmpint(pair->display, >=, 0);
	PEERS_TRY(peers_receive(pair->vmm, &came, sizeof(came.header), NULL));
	g_assert_cmpuint(came.header.request, ==, VHOST_USER_GPU_SET_SOCKET);
	return peers_receive(pair->vmm, &status, sizeof(status), NULL);
}

static enum peers_result run_queues(const struct pair *pair, bool run, int kick)
{
	struct message begin = make(VHOST_USER_SET_VRING_KICK, 0, sizeof(uint64_t));
	struct message question = make(VHOST_USER_GET_VRING_BASE, 0, 8);
	struct message answer = make(VHOST_USER_GET_VRING_BASE, VHOST_USER_REPLY, 8);

	return run ? pass(pair->vmm, pair->backend, &begin, kick)
		   : exchange(pair, &question, &answer);
}

static enum peers_result relay_all(struct pair *pair, int listener,
	const struct peers_picture *picture)
{
	struct message features = make(GET_FEATURES, 0, 0);
	struct message answer = make(GET_FEATURES, VHOST_USER_REPLY, sizeof(uint64_t));
	int display;

	struct pollfd ready[] = {{.fd = listener, .events = POLLIN},
		{.fd = pair->vmm, .events = POLLIN}};

	if (poll(ready, G_N_ELEMENTS(ready), PEERS_PATIENCE_MS) == 0)
		return PEERS_LOST;
	if (!ready[0].revents)
		return PEERS_CLOSED;
	pair->backend = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
	g_assert_cmpint(pair->backend, >=, 0);
	PEERS_TRY(exchange(pair, &features, &answer));
	PEERS_TRY(ask_for_scanouts(pair));
	PEERS_TRY(swap_sockets(pair));
	PEERS_TRY(share_memory(pair, picture->dmabufs[0]));
	PEERS_TRY(run_queues(pair, true, picture->dmabufs[1]));
	display = pair->display;
	pair->display = -1;
	PEERS_TRY(peers_show(display, picture));
	return run_queues(pair, false, -1);
}

static void close_fd(int fd)
{
	if (fd >= 0)
		close(fd);
}

enum peers_result peers_relay(const char *vmm_path, int listener,
	const struct peers_picture *picture)
{
	struct pair pair = {peers_connect(vmm_path), -1, -1};
	enum peers_result result = pair.vmm < 0 ? PEERS_LOST : relay_all(&pair, listener, picture);
	char byte;

	close_fd(pair.display);
	close_fd(pair.vmm);
	/* It is the VMM that goes: its back-end's socket is closed in turn. */
	if (result == PEERS_DONE && peers_receive(pair.backend, &byte, 1, NULL) != PEERS_CLOSED)
		result = PEERS_LOST;
	close_fd(pair.backend);
	return result;
}
