/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One non-blocking reader and writer of bytes with fds, used by whoever has a socket to a peer: the
 * channel, vhost-user messages (message.c), vhost/.
 *
 * Owns the socket's fd and nothing else; keeps no bytes. Not concerned with framing: the caller
 * says where bytes go and how many it wants, and is told how many came and which fds came with
 * them.
 */
#ifndef SCANOUTD_WIRE_STREAM_H
#define SCANOUTD_WIRE_STREAM_H

#include <glib.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/uio.h>

#include "wire/stream_record.h"

/* SCM_MAX_FD is 253, but no peer of ours may send more; the rest is closed and counted. */
#define STREAM_FDS_MAX 8

struct closer;

struct stream {
	int fd; /* -1 once finished */
	struct closer *closer; /* borrowed */
	struct stream_record
		*record; /* of each read (not peek) and write; borrowed, or NULL: they leave none */
};

/* The fds that came with one read. The reader owns them until it takes them one by one. */
struct stream_fds {
	int fd[STREAM_FDS_MAX];
	struct closer *closer; /* the stream's */
	size_t count;
	bool truncated; /* more came than fit, and were closed */
	bool lost; /* this process has no room for more: some or all were closed */
};

enum stream_status {
	STREAM_DONE, /* something was read or written: *bytes says how much, maybe less than asked */
	STREAM_AGAIN, /* the socket would block, or the kernel cannot just now */
	STREAM_EOF, /* the peer closed its end: nothing more to read, or nobody to write to */
	STREAM_ERROR, /* errno says which */
};

/* Takes the fd over, on failure too (it is closed then), and makes it non-blocking and
 * close-on-exec. It, and fds that come by it, are closed by `closer`, which may be NULL. */
bool stream_init(struct stream *stream, int fd, struct closer *closer, GError **error);
/* The peer sees the end of it at once. */
void stream_finish(struct stream *stream);

/*
 * One recvmsg (MSG_CMSG_CLOEXEC). `fds` may be NULL: whatever comes is closed. More fds than fit
 * are closed. STREAM_ERROR and EBUSY: the closer is full. A recvmsg stops after the piece (one
 * sendmsg of the peer, or the first part of a large one) that carries fds, so the fds belong to the
 * bytes at its end. A caller that reads no further than the end of a message knows whose they are.
 */
enum stream_status stream_read(struct stream *stream, const struct iovec *iov, int iov_count,
	size_t *bytes, struct stream_fds *fds);

/* The same without consuming (MSG_PEEK), and without fds. */
enum stream_status stream_peek(struct stream *stream, const struct iovec *iov, int iov_count,
	size_t *bytes);

/*
 * Copies of the fds of the first piece that has any, of all that lie in the socket; nothing is
 * consumed. A piece without them does not end a peek: they may belong to bytes far behind.
 */
enum stream_status stream_peek_fds(struct stream *stream, struct stream_fds *fds);

/*
 * As stream_read(), of bytes whose fds the caller has copies of, so that the kernel drops its own
 * without waiting for anybody. *with_fds: there were some; the record says so, too, by MSG_CTRUNC.
 */
enum stream_status stream_take(struct stream *stream, const struct iovec *iov, int iov_count,
	size_t *bytes, bool *with_fds);

/* One sendmsg or send (MSG_NOSIGNAL, MSG_DONTWAIT) with the fds on its first byte; the fds stay the
 * caller's. */
enum stream_status stream_write(struct stream *stream, const struct iovec *iov, int iov_count,
	size_t *bytes, const int *fds, size_t fd_count);

/* Closes what is left in it. */
void stream_fds_close(struct stream_fds *fds);

/* The first fd, now the caller's, or -1. */
int stream_fds_take(struct stream_fds *fds);

#endif
