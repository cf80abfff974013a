/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Sends and judges. One thread, poll(), a bound on every wait. Called by script.c and main.c.
 */
#include "wire.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define HEADER_SIZE sizeof(struct vhost_user_gpu_header)
#define FDS_MAX 32

/* Longer than any test takes. */
#define LINGER_S 3600

/* Requests' flags are garbage in real back-ends, so they are in this one. */
#define GARBAGE_FLAGS 0x7f13u

struct owed {
	uint32_t request;
	int64_t sent_us;
};

void wire_init(struct wire *wire)
{
	memset(wire, 0, sizeof(*wire));
	wire->fd = -1;
	wire->side_fd = -1;
	wire->timeout_ms = 30000;
	wire->owed = g_array_new(FALSE, FALSE, sizeof(struct owed));
	wire->latencies = g_array_new(FALSE, FALSE, sizeof(int64_t));
	wire->received = g_byte_array_new();
	wire->rest = g_byte_array_new();
}

void wire_close(struct wire *wire)
{
	if (wire->fd >= 0)
		close(wire->fd);
	wire->fd = -1;
}

void wire_restart(struct wire *wire)
{
	wire_close(wire);
	wire->eof = false;
	wire->deaf = false;
	memset(&wire->next, 0, sizeof(wire->next));
	g_array_set_size(wire->owed, 0);
	g_byte_array_set_size(wire->received, 0);
	g_byte_array_set_size(wire->rest, 0);
	wire->counters.reconnects++;
}

void wire_finish(struct wire *wire)
{
	wire_close(wire);
	g_array_free(wire->owed, TRUE);
	g_array_free(wire->latencies, TRUE);
	g_byte_array_free(wire->received, TRUE);
	g_byte_array_free(wire->rest, TRUE);
}

/* ---- replies ---- */

static uint32_t reply_size(uint32_t request)
{
	switch (request) {
	case VHOST_USER_GPU_GET_PROTOCOL_FEATURES:
		return sizeof(uint64_t);
	case VHOST_USER_GPU_GET_DISPLAY_INFO:
		return sizeof(struct virtio_gpu_resp_display_info);
	case VHOST_USER_GPU_GET_EDID:
		return sizeof(struct virtio_gpu_resp_edid);
	default: /* DMABUF_UPDATE */
		return 0;
	}
}

static bool wants_reply(uint32_t request)
{
	return request == VHOST_USER_GPU_DMABUF_UPDATE || reply_size(request);
}

/* What a reply says, as far as the protocol fixes it. */
static bool judge_payload(struct wire *wire, uint32_t request, const uint8_t *payload,
	GError **error)
{
	uint64_t features;
	uint32_t type = 0, wanted = 0;

	switch (request) {
	case VHOST_USER_GPU_GET_PROTOCOL_FEATURES:
		memcpy(&features, payload, sizeof(features));
		if ((features & 3) != 3)
			return backend_fail(error, BACKEND_ERROR_FRONTEND,
				"features 0x%" G_GINT64_MODIFIER "x lack EDID or DMABUF2",
				features);
		break;
	case VHOST_USER_GPU_GET_DISPLAY_INFO:
		memcpy(&wire->display_info, payload, sizeof(wire->display_info));
		type = GUINT32_FROM_LE(wire->display_info.hdr.type);
		wanted = VIRTIO_GPU_RESP_OK_DISPLAY_INFO;
		break;
	case VHOST_USER_GPU_GET_EDID:
		memcpy(&wire->edid, payload, sizeof(wire->edid));
		type = GUINT32_FROM_LE(wire->edid.hdr.type);
		wanted = VIRTIO_GPU_RESP_OK_EDID;
		if (GUINT32_FROM_LE(wire->edid.size) > VIRTIO_GPU_EDID_MAX)
			return backend_fail(error, BACKEND_ERROR_FRONTEND, "an EDID of %u bytes",
				GUINT32_FROM_LE(wire->edid.size));
		break;
	default:
		break;
	}
	if (type != wanted)
		return backend_fail(error, BACKEND_ERROR_FRONTEND,
			"the reply to request %u has type 0x%x", request, type);
	return true;
}

static bool judge(struct wire *wire, const struct vhost_user_gpu_header *header, GError **error)
{
	if (!wire->owed->len)
		return backend_fail(error, BACKEND_ERROR_FRONTEND,
			"a reply to %u that nobody waits for", header->request);
	const struct owed *oldest = &g_array_index(wire->owed, struct owed, 0);
	if (header->request != oldest->request)
		return backend_fail(error, BACKEND_ERROR_FRONTEND,
			"a reply to %u, but the oldest request without one is %u", header->request,
			oldest->request);
	if (header->flags != VHOST_USER_GPU_REPLY)
		return backend_fail(error, BACKEND_ERROR_FRONTEND, "a reply to %u with flags 0x%x",
			header->request, header->flags);
	if (header->size != reply_size(header->request))
		return backend_fail(error, BACKEND_ERROR_FRONTEND,
			"a reply to %u of %u bytes instead of %u", header->request, header->size,
			reply_size(header->request));
	return true;
}

static void account(struct wire *wire, const struct owed *owed)
{
	int64_t now = g_get_monotonic_time();
	int64_t latency = now - owed->sent_us;

	wire->counters.replies++;
	if (owed->request == VHOST_USER_GPU_DMABUF_UPDATE) {
		wire->counters.frame_replies++;
		g_array_append_val(wire->latencies, latency);
		record_note(&wire->record, now);
	}
	if (wire->report)
		fprintf(wire->report,
			"%" G_GINT64_FORMAT ".%06d reply %u after %" G_GINT64_FORMAT " us\n",
			now / G_USEC_PER_SEC, (int)(now % G_USEC_PER_SEC), owed->request, latency);
}

/* Takes every whole reply out of what was received. */
static bool take_replies(struct wire *wire, GError **error)
{
	struct vhost_user_gpu_header header;

	while (wire->received->len >= HEADER_SIZE) {
		memcpy(&header, wire->received->data, HEADER_SIZE);
		if (!judge(wire, &header, error))
			return false;
		if (wire->received->len < HEADER_SIZE + header.size)
			break;
		if (!judge_payload(wire, header.request, wire->received->data + HEADER_SIZE, error))
			return false;
		account(wire, &g_array_index(wire->owed, struct owed, 0));
		g_array_remove_index(wire->owed, 0);
		g_byte_array_remove_range(wire->received, 0, (guint)(HEADER_SIZE + header.size));
	}
	return true;
}

static bool read_replies(struct wire *wire, GError **error)
{
	uint8_t bytes[8192];
	ssize_t got = recv(wire->fd, bytes, sizeof(bytes), MSG_DONTWAIT);

	if (got == 0 || (got < 0 && errno == ECONNRESET)) {
		wire->eof = true;
		if (wire->received->len)
			return backend_fail(error, BACKEND_ERROR_FRONTEND,
				"the front-end closed the socket inside a reply");
		return true;
	}
	if (got < 0)
		return errno == EAGAIN || errno == EINTR
			? true
			: backend_fail(error, BACKEND_ERROR_SYSTEM, "recv: %s", g_strerror(errno));
	g_byte_array_append(wire->received, bytes, (guint)got);
	return take_replies(wire, error);
}

bool wire_look(struct wire *wire)
{
	struct pollfd ready = {.fd = wire->fd, .events = POLLIN};

	while (!wire->eof && poll(&ready, 1, 0) > 0)
		if (!read_replies(wire, NULL))
			return false;
	return true;
}

/*
 * One poll: serves the side, reads replies. `events`: what besides replies is waited for; *revents
 * says whether it came.
 */
static bool turn(struct wire *wire, short events, short *revents, int64_t deadline, GError **error)
{
	int64_t left = (deadline - g_get_monotonic_time()) / 1000;
	short wanted = (short)(events | (wire->deaf ? 0 : POLLIN));
	struct pollfd fds[2] = {
		{.fd = wire->eof ? -1 : wire->fd, .events = wanted},
		{.fd = wire->side_fd, .events = POLLIN},
	};

	if (left <= 0)
		return backend_fail(error, BACKEND_ERROR_FRONTEND,
			"nothing happened for %d ms; %u replies are missing", wire->timeout_ms,
			wire->owed->len);
	if (poll(fds, 2, (int)left) < 0 && errno != EINTR)
		return backend_fail(error, BACKEND_ERROR_SYSTEM, "poll: %s", g_strerror(errno));
	*revents = fds[0].revents;
	if (fds[1].revents && !wire->side(wire->side_data, error))
		return false;
	if (fds[0].revents & (POLLIN | POLLHUP | POLLERR) && (!wire->deaf || events & POLLIN))
		return read_replies(wire, error);
	return true;
}

static int64_t deadline(const struct wire *wire)
{
	return g_get_monotonic_time() + (int64_t)wire->timeout_ms * 1000;
}

/* ---- sending ---- */

static ssize_t send_with_fds(int fd, const void *bytes, size_t size, const int *fds,
	size_t fd_count)
{
	union {
		struct cmsghdr header;
		char bytes[CMSG_SPACE(sizeof(int) * FDS_MAX)];
	} control;
	struct iovec iov = {.iov_base = (void *)bytes, .iov_len = size};
	struct msghdr message = {.msg_iov = &iov, .msg_iovlen = 1};

	if (fd_count) {
		memset(&control, 0, sizeof(control));
		control.header.cmsg_level = SOL_SOCKET;
		control.header.cmsg_type = SCM_RIGHTS;
		control.header.cmsg_len = CMSG_LEN(sizeof(int) * fd_count);
		memcpy(CMSG_DATA(&control.header), fds, sizeof(int) * fd_count);
		message.msg_control = &control;
		message.msg_controllen = CMSG_SPACE(sizeof(int) * fd_count);
	}
	return sendmsg(fd, &message, MSG_DONTWAIT | MSG_NOSIGNAL);
}

/* All of it; the fds with the first byte. */
static bool send_all(struct wire *wire, const uint8_t *bytes, size_t size, const int *fds,
	size_t fd_count, GError **error)
{
	int64_t end = deadline(wire);
	size_t sent = 0;

	while (sent < size) {
		if (wire->eof || wire->fd < 0)
			return backend_fail(error, BACKEND_ERROR_FRONTEND,
				"the socket is closed: cannot send");
		ssize_t part = send_with_fds(wire->fd, bytes + sent, size - sent, fds, fd_count);
		if (part > 0) {
			sent += (size_t)part;
			wire->counters.bytes += (uint64_t)part;
			fd_count = 0;
			end = deadline(wire);
			continue;
		}
		if (errno == EPIPE || errno == ECONNRESET) {
			wire->eof = true;
			continue;
		}
		short revents;
		if (errno != EAGAIN && errno != EINTR)
			return backend_fail(error, BACKEND_ERROR_SYSTEM, "sendmsg: %s",
				g_strerror(errno));
		if (!turn(wire, POLLOUT, &revents, end, error))
			return false;
	}
	return true;
}

bool wire_send_raw(struct wire *wire, const void *bytes, size_t size, const int *fds,
	size_t fd_count, GError **error)
{
	const uint8_t *from = bytes;
	size_t whole = wire->next.is_partial ? MIN(wire->next.partial, size) : size;
	size_t piece = wire->next.split ? wire->next.split : MAX(whole, 1);

	g_byte_array_set_size(wire->rest, 0);
	g_byte_array_append(wire->rest, from + whole, (guint)(size - whole));
	memset(&wire->next, 0, sizeof(wire->next));
	for (size_t sent = 0; sent < whole; sent += piece) {
		if (!send_all(wire, from + sent, MIN(piece, whole - sent), fds, sent ? 0 : fd_count,
			    error))
			return false;
	}
	return true;
}

bool wire_send_rest(struct wire *wire, GError **error)
{
	if (!wire->rest->len)
		return backend_fail(error, BACKEND_ERROR_SCRIPT, "no message is half sent");
	g_autoptr(GByteArray) rest = g_byte_array_new();
	g_byte_array_append(rest, wire->rest->data, wire->rest->len);
	return wire_send_raw(wire, rest->data, rest->len, NULL, 0, error);
}

/*
 * A TCP socket that is full, and whose last close() waits for it to be empty. Who could read it is
 * in this process, and does not. -1: there is no network.
 */
static int open_lingering(void)
{
	struct sockaddr_in address = {
		.sin_family = AF_INET,
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK),
	};
	const struct linger linger = {1, LINGER_S};
	const int little = 4096;
	socklen_t size = sizeof(address);
	static char junk[65536];
	int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	setsockopt(listener, SOL_SOCKET, SO_RCVBUF, &little, sizeof(little));
	setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &little, sizeof(little));
	if (bind(listener, (struct sockaddr *)&address, size) < 0 || listen(listener, 1) < 0 ||
		getsockname(listener, (struct sockaddr *)&address, &size) < 0 ||
		connect(fd, (struct sockaddr *)&address, size) < 0 ||
		accept4(listener, NULL, NULL, SOCK_CLOEXEC) < 0) {
		close(listener);
		close(fd);
		return -1;
	}
	close(listener);
	setsockopt(fd, SOL_SOCKET, SO_LINGER, &linger, sizeof(linger));
	while (send(fd, junk, sizeof(junk), MSG_DONTWAIT) > 0)
		;
	return fd;
}

/* The caller's fds and the surplus ones; returns how many. The surplus ones are to be closed. */
static size_t gather_fds(const struct wire *wire, const int *fds, size_t fd_count, int *all)
{
	size_t count = MIN(fd_count, FDS_MAX);

	if (count)
		memcpy(all, fds, count * sizeof(*all));
	for (uint32_t i = 0; i < wire->next.surplus_fds && count < FDS_MAX; i++)
		all[count++] = open("/dev/null", O_RDWR | O_CLOEXEC);
	for (uint32_t i = 0; i < wire->next.lingering_fds && count < FDS_MAX; i++)
		all[count++] = open_lingering();
	return count;
}

bool wire_send(struct wire *wire, uint32_t request, const void *payload, size_t size,
	const void *pixels, size_t pixels_size, const int *fds, size_t fd_count, GError **error)
{
	struct vhost_user_gpu_header header = {
		.request = request,
		.flags = wire->next.has_flags ? wire->next.flags : GARBAGE_FLAGS,
		.size = wire->next.has_size ? wire->next.size : (uint32_t)(size + pixels_size),
	};
	g_autoptr(GByteArray)
		bytes = g_byte_array_sized_new((guint)(HEADER_SIZE + size + pixels_size));
	int all[FDS_MAX];
	bool lingers = wire->next.lingering_fds > 0;
	size_t count = gather_fds(wire, fds, fd_count, all);

	g_byte_array_append(bytes, (const guint8 *)&header, HEADER_SIZE);
	if (size)
		g_byte_array_append(bytes, payload, (guint)size);
	if (pixels_size)
		g_byte_array_append(bytes, pixels, (guint)pixels_size);

	/* Before it is sent: the reply may come while its last bytes go. */
	if (wants_reply(request))
		wire_owe(wire, request);
	guint last = wire->owed->len;
	bool sent = wire_send_raw(wire, bytes->data, bytes->len, all, count, error);
	if (sent && wants_reply(request) && last && wire->owed->len == last)
		g_array_index(wire->owed, struct owed, last - 1).sent_us = g_get_monotonic_time();
	/* One that lingers must not be closed by us last: it is in flight, or kept until we end. */
	for (size_t i = fd_count; i < count; i++) {
		if (sent || !lingers)
			close(all[i]);
	}
	wire->counters.messages++;
	wire->counters.frames += request == VHOST_USER_GPU_DMABUF_UPDATE;
	wire->counters.updates += request == VHOST_USER_GPU_UPDATE;
	return sent;
}

/* ---- waiting ---- */

void wire_owe(struct wire *wire, uint32_t request)
{
	struct owed owed = {.request = request, .sent_us = g_get_monotonic_time()};

	g_array_append_val(wire->owed, owed);
}

bool wire_wait(struct wire *wire, guint owed, GError **error)
{
	int64_t end = deadline(wire);
	guint before = wire->owed->len;
	short revents;

	while (wire->owed->len > owed) {
		if (wire->eof || wire->fd < 0)
			return backend_fail(error, BACKEND_ERROR_FRONTEND,
				"the socket is closed; %u replies are missing", wire->owed->len);
		if (!turn(wire, POLLIN, &revents, end, error))
			return false;
		if (wire->owed->len < before)
			end = deadline(wire);
		before = wire->owed->len;
	}
	return true;
}

bool wire_wait_eof(struct wire *wire, GError **error)
{
	int64_t end = deadline(wire);
	short revents;

	if (wire->fd < 0)
		return backend_fail(error, BACKEND_ERROR_SCRIPT,
			"we have closed the socket ourselves");
	while (!wire->eof)
		if (!turn(wire, POLLIN, &revents, end, error))
			return false;
	g_array_set_size(wire->owed, 0);
	return true;
}

bool wire_settle(struct wire *wire, GError **error)
{
	if (wire->fd < 0 || wire->eof)
		return true;
	wire->deaf = false;
	/* Inside a message nothing more can be asked. */
	if (!wire->rest->len &&
		!wire_send(wire, VHOST_USER_GPU_GET_PROTOCOL_FEATURES, NULL, 0, NULL, 0, NULL, 0,
			error))
		return false;
	return wire_wait(wire, 0, error);
}
