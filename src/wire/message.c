/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "wire/message.h"

#include <errno.h>
#include <glib.h>
#include <poll.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

size_t message_size(const struct vhost_user_header *header)
{
	return sizeof(*header) + header->size;
}

enum message_status message_socket_failed(enum stream_status status, char **fault)
{
	if (status == STREAM_EOF || errno == ECONNRESET)
		return MESSAGE_ENDED;
	*fault = g_strdup_printf("socket: %s", g_strerror(errno));
	return MESSAGE_FAULT;
}

/* `queued` bytes are all that there is of a message. */
static enum message_status not_whole(bool ended, int queued, char **fault)
{
	if (!ended)
		return MESSAGE_WAIT;
	if (!queued)
		return MESSAGE_ENDED;
	*fault = g_strdup_printf("went away inside a message, %d bytes into it", queued);
	return MESSAGE_FAULT;
}

/*
 * The header is known to be there, but can lie in pieces: a peek stops behind the piece that
 * carries fds, and SO_PEEK_OFF lets the next one go on.
 */
static enum stream_status peek_header(struct stream *stream, struct vhost_user_header *header)
{
	const int start = 0;
	if (setsockopt(stream->fd, SOL_SOCKET, SO_PEEK_OFF, &start, sizeof(start)) < 0)
		return STREAM_ERROR;

	for (size_t have = 0; have < sizeof(*header);) {
		struct iovec iov = {(uint8_t *)header + have, sizeof(*header) - have};
		size_t got;
		enum stream_status status = stream_peek(stream, &iov, 1, &got);
		if (status != STREAM_DONE)
			return status;
		have += got;
	}
	return STREAM_DONE;
}

enum message_status message_look(struct stream *stream, bool ended,
	struct vhost_user_header *header, char **fault)
{
	int queued = 0;

	if (ioctl(stream->fd, FIONREAD, &queued) < 0)
		return message_socket_failed(STREAM_ERROR, fault);
	if ((size_t)queued < sizeof(*header))
		return not_whole(ended, queued, fault);
	enum stream_status status = peek_header(stream, header);
	if (status != STREAM_DONE)
		return message_socket_failed(status, fault);

	if ((header->flags & VHOST_USER_VERSION_MASK) != VHOST_USER_VERSION) {
		/* A back-end's display socket has the same header, without a version. */
		*fault = g_strdup_printf("sent message %u of version %u, not 1%s", header->request,
			header->flags & VHOST_USER_VERSION_MASK,
			header->flags == 0 ? ": it does not speak vhost-user; a back-end by itself "
					     "belongs at display-socket="
					   : "");
		return MESSAGE_FAULT;
	}
	if (header->size > VHOST_USER_PAYLOAD_MAX) {
		*fault = g_strdup_printf("sent message %u of %u bytes, more than %u",
			header->request, header->size, VHOST_USER_PAYLOAD_MAX);
		return MESSAGE_FAULT;
	}
	if ((size_t)queued < message_size(header))
		return not_whole(ended, queued, fault);
	return MESSAGE_DONE;
}

char *message_fds_fault(const struct vhost_user_header *header, const struct stream_fds *fds)
{
	if (fds->lost)
		return g_strdup_printf("sent message %u with fds, but this process can have no "
				       "more of them",
			header->request);
	if (fds->truncated)
		return g_strdup_printf("sent message %u with more than %u fds", header->request,
			VHOST_USER_FDS_MAX);
	return NULL;
}

/* Fds of a further piece of the message. */
static void collect(struct stream_fds *fds, struct stream_fds *piece)
{
	fds->truncated |= piece->truncated;
	fds->lost |= piece->lost;
	while (piece->count && fds->count < STREAM_FDS_MAX)
		fds->fd[fds->count++] = stream_fds_take(piece);
	fds->truncated |= piece->count > 0;
	stream_fds_close(piece);
}

/*
 * Fds are told apart only by reading: a peek goes on into pieces behind the last byte that was
 * wanted, and returns the fds of the next message.
 */
enum message_status message_take(struct stream *stream, struct message *message, char **fault)
{
	const struct vhost_user_header seen = message->wire.header;
	const size_t size = message_size(&seen);

	message->fds = (struct stream_fds){.closer = stream->closer};
	for (size_t have = 0; have < size;) {
		struct iovec iov = {(uint8_t *)&message->wire + have, size - have};
		struct stream_fds piece;
		size_t got;
		enum stream_status status = stream_read(stream, &iov, 1, &got, &piece);
		if (status != STREAM_DONE) {
			stream_fds_close(&message->fds);
			return message_socket_failed(status, fault);
		}
		have += got;
		collect(&message->fds, &piece);
	}
	/* Nobody else reads our sockets; but it is what all that follows relies on. */
	if (memcmp(&seen, &message->wire.header, sizeof(seen)) != 0) {
		stream_fds_close(&message->fds);
		*fault = g_strdup("sent a message that has changed while it was read");
		return MESSAGE_FAULT;
	}
	*fault = message_fds_fault(&message->wire.header, &message->fds);
	if (!*fault)
		return MESSAGE_DONE;
	stream_fds_close(&message->fds);
	return MESSAGE_FAULT;
}

bool message_has_room(const struct stream *stream)
{
	struct pollfd poll_fd = {.fd = stream->fd, .events = POLLOUT};

	/* What cannot be asked, sendmsg() knows. */
	return poll(&poll_fd, 1, 0) != 0;
}

enum message_status message_send(struct stream *stream, const struct vhost_user_header *header,
	const int *fds, size_t fd_count, char **fault)
{
	struct iovec iov = {(void *)header, message_size(header)};
	size_t sent;
	enum stream_status status = stream_write(stream, &iov, 1, &sent, fds, fd_count);

	if (status == STREAM_AGAIN)
		return MESSAGE_WAIT;
	if (status != STREAM_DONE)
		return message_socket_failed(status, fault);
	/* One message is one piece of a Unix socket's queue: it fits or it does not. */
	if (sent == iov.iov_len)
		return MESSAGE_DONE;
	*fault = g_strdup_printf("took %zu of a message's %zu bytes", sent, iov.iov_len);
	return MESSAGE_FAULT;
}
