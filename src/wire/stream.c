/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * recvmsg and sendmsg with SCM_RIGHTS, non-blocking, every fd accounted for. Knows nothing of what
 * the bytes mean.
 */
#include "wire/stream.h"

#include <errno.h>
#include <fcntl.h>
#include <glib.h>
#include <string.h>
#include <sys/socket.h>

#include "wire/closer.h"

/* The kernel's SCM_MAX_FD. */
#define MESSAGE_FDS_MAX 253

/* Room for all that can come: what the kernel has to drop, it closes in our thread. */
union control {
	struct cmsghdr align;
	char bytes[CMSG_SPACE(sizeof(int) * MESSAGE_FDS_MAX)];
};

bool stream_init(struct stream *stream, int fd, struct closer *closer, GError **error)
{
	stream->fd = -1;
	stream->closer = closer;
	stream->record = NULL;
	int flags = fcntl(fd, F_GETFL);
	if (flags < 0 || fcntl(fd, F_SETFL, flags | O_NONBLOCK) < 0 ||
		fcntl(fd, F_SETFD, FD_CLOEXEC) < 0) {
		int saved = errno;
		g_set_error(error, G_FILE_ERROR, g_file_error_from_errno(saved), "socket %d: %s",
			fd, g_strerror(saved));
		/* There may be another one of it, which is kept for a successor. */
		if (saved != EBADF)
			closer_hang_up(closer, fd);
		return false;
	}
	stream->fd = fd;
	return true;
}

void stream_finish(struct stream *stream)
{
	closer_hang_up(stream->closer, stream->fd);
	stream->fd = -1;
}

/* Moves the fds of one control message into `fds`; what has no place there is closed. */
static void collect(const struct cmsghdr *message, struct stream_fds *fds)
{
	size_t count = (message->cmsg_len - CMSG_LEN(0)) / sizeof(int);
	const unsigned char *data = CMSG_DATA(message);

	for (size_t i = 0; i < count; i++) {
		int fd;
		memcpy(&fd, data + i * sizeof(fd), sizeof(fd));
		if (fds->count < STREAM_FDS_MAX) {
			fds->fd[fds->count++] = fd;
		} else {
			fds->truncated = true;
			closer_close(fds->closer, fd);
		}
	}
}

G_ALWAYS_INLINE static inline enum stream_status receive(struct stream *stream,
	struct msghdr *message, int flags, size_t *bytes)
{
	bool recorded = stream->record && !(flags & MSG_PEEK);
	ssize_t got;

	*bytes = 0;
	flags |= MSG_CMSG_CLOEXEC | MSG_DONTWAIT;
	do
		got = recorded ? stream_record_receive(stream->record, stream->fd, message, flags)
			       : recvmsg(stream->fd, message, flags);
	while (got < 0 && errno == EINTR);

	/* ENOMEM is of the moment: the kernel keeps many pieces of an iovec in memory of its
	 * own. */
	if (got < 0)
		return errno == EAGAIN || errno == ENOMEM ? STREAM_AGAIN : STREAM_ERROR;
	*bytes = (size_t)got;
	return got == 0 ? STREAM_EOF : STREAM_DONE;
}

/* `message` has a control, and `fds` get what came in it. */
G_ALWAYS_INLINE static inline enum stream_status receive_fds(struct stream *stream,
	struct msghdr *message, int flags, size_t *bytes, struct stream_fds *fds)
{
	enum stream_status status;

	*fds = (struct stream_fds){.closer = stream->closer};
	*bytes = 0;
	if (closer_is_full(stream->closer)) {
		errno = EBUSY;
		return STREAM_ERROR;
	}
	status = receive(stream, message, flags, bytes);
	if (status == STREAM_AGAIN || status == STREAM_ERROR)
		return status;
	for (struct cmsghdr *part = CMSG_FIRSTHDR(message); part; part = CMSG_NXTHDR(message, part))
		if (part->cmsg_level == SOL_SOCKET && part->cmsg_type == SCM_RIGHTS)
			collect(part, fds);
	fds->lost = message->msg_flags & MSG_CTRUNC;
	if (status == STREAM_EOF)
		stream_fds_close(fds);
	return status;
}

enum stream_status stream_read(struct stream *stream, const struct iovec *iov, int iov_count,
	size_t *bytes, struct stream_fds *fds)
{
	union control control;
	struct msghdr message = {
		.msg_iov = (struct iovec *)iov,
		.msg_iovlen = (size_t)iov_count,
		.msg_control = control.bytes,
		.msg_controllen = sizeof(control.bytes),
	};
	struct stream_fds unwanted;
	enum stream_status status;

	status = receive_fds(stream, &message, 0, bytes, fds ? fds : &unwanted);
	if (!fds && status == STREAM_DONE)
		stream_fds_close(&unwanted);
	return status;
}

enum stream_status stream_peek_fds(struct stream *stream, struct stream_fds *fds)
{
	const int start = 0;
	union control control;
	char byte;
	struct iovec iov = {&byte, sizeof(byte)};
	struct msghdr message = {
		.msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = control.bytes,
		.msg_controllen = sizeof(control.bytes),
	};
	size_t bytes;

	*fds = (struct stream_fds){.closer = stream->closer};
	if (setsockopt(stream->fd, SOL_SOCKET, SO_PEEK_OFF, &start, sizeof(start)) < 0)
		return STREAM_ERROR;
	return receive_fds(stream, &message, MSG_PEEK, &bytes, fds);
}

enum stream_status stream_take(struct stream *stream, const struct iovec *iov, int iov_count,
	size_t *bytes, bool *with_fds)
{
	struct msghdr message = {
		.msg_iov = (struct iovec *)iov,
		.msg_iovlen = (size_t)iov_count,
	};
	enum stream_status status = receive(stream, &message, 0, bytes);

	*with_fds = status == STREAM_DONE && message.msg_flags & MSG_CTRUNC;
	return status;
}

enum stream_status stream_peek(struct stream *stream, const struct iovec *iov, int iov_count,
	size_t *bytes)
{
	struct msghdr message = {
		.msg_iov = (struct iovec *)iov,
		.msg_iovlen = (size_t)iov_count,
	};

	return receive(stream, &message, MSG_PEEK, bytes);
}

/* Bytes alone: the kernel need not look at a message of many parts. */
static ssize_t send_bytes(const struct stream *stream, const struct iovec *iov)
{
	ssize_t sent;

	do
		sent = send(stream->fd, iov->iov_base, iov->iov_len, MSG_NOSIGNAL | MSG_DONTWAIT);
	while (sent < 0 && errno == EINTR);
	return sent;
}

static ssize_t send_message(const struct stream *stream, const struct iovec *iov, int iov_count,
	const int *fds, size_t fd_count)
{
	union control control;
	struct msghdr message = {
		.msg_iov = (struct iovec *)iov,
		.msg_iovlen = (size_t)iov_count,
	};
	const int flags = MSG_NOSIGNAL | MSG_DONTWAIT;
	ssize_t sent;

	if (fd_count) {
		memset(&control, 0, sizeof(control));
		control.align.cmsg_level = SOL_SOCKET;
		control.align.cmsg_type = SCM_RIGHTS;
		control.align.cmsg_len = CMSG_LEN(sizeof(int) * fd_count);
		memcpy(CMSG_DATA(&control.align), fds, sizeof(int) * fd_count);
		message.msg_control = control.bytes;
		message.msg_controllen = CMSG_SPACE(sizeof(int) * fd_count);
	}
	do
		sent = stream->record
			? stream_record_send(stream->record, stream->fd, &message, flags)
			: sendmsg(stream->fd, &message, flags);
	while (sent < 0 && errno == EINTR);
	return sent;
}

enum stream_status stream_write(struct stream *stream, const struct iovec *iov, int iov_count,
	size_t *bytes, const int *fds, size_t fd_count)
{
	ssize_t sent;

	*bytes = 0;
	g_return_val_if_fail(fd_count <= STREAM_FDS_MAX, STREAM_ERROR);
	sent = iov_count == 1 && fd_count == 0 && !stream->record
		? send_bytes(stream, iov)
		: send_message(stream, iov, iov_count, fds, fd_count);
	if (sent < 0) {
		/* Of the moment: others, too, have fds in flight and take memory. */
		if (errno == EAGAIN || errno == ENOBUFS || errno == ENOMEM || errno == ETOOMANYREFS)
			return STREAM_AGAIN;
		return errno == EPIPE ? STREAM_EOF : STREAM_ERROR;
	}
	*bytes = (size_t)sent;
	return STREAM_DONE;
}

void stream_fds_close(struct stream_fds *fds)
{
	for (size_t i = 0; i < fds->count; i++)
		closer_close(fds->closer, fds->fd[i]);
	fds->count = 0;
}

int stream_fds_take(struct stream_fds *fds)
{
	if (!fds->count)
		return -1;
	int fd = fds->fd[0];
	fds->count--;
	memmove(fds->fd, fds->fd + 1, fds->count * sizeof(fds->fd[0]));
	return fd;
}
