/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Preloaded into a program by tests/fuzz/record/record: what it takes out of each connected Unix
 * socket is written to a file of its own, in $RECORD, as fuzz_next_piece() reads it. Pixels are
 * mostly runs of one byte, and are written as that; a stream is recorded up to a bound.
 */
#include <dlfcn.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define FDS_END 1024
#define RUN 0x80
#define RUN_MIN 32
#define PIECE_MAX 65535

/* Bytes of a file, and of what a socket brought: more is the same again. */
#define FILE_MAX 12000
#define STREAM_MAX (8 << 20)

static struct stream {
	int file; /* 0: none yet */
	size_t written;
	size_t received;
} streams[FDS_END];

static bool is_stream(int fd)
{
	int domain = 0, type = 0;
	socklen_t size = sizeof(int);

	return fd >= 0 && fd < FDS_END &&
		getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &domain, &size) == 0 && domain == AF_UNIX &&
		getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &size) == 0 && type == SOCK_STREAM;
}

static void begin(struct stream *stream)
{
	static unsigned int count;
	char path[4096];

	snprintf(path, sizeof(path), "%s/%d-%u", getenv("RECORD"), (int)getpid(), count++);
	stream->file = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (stream->file > 0 && write(stream->file, "peer", 4) != 4)
		perror(path);
}

static void put(struct stream *stream, const void *bytes, size_t size)
{
	if (stream->file > 0 && write(stream->file, bytes, size) == (ssize_t)size)
		stream->written += size;
}

static void put_piece(struct stream *stream, uint8_t kind, const uint8_t *bytes, size_t size)
{
	const uint8_t head[] = {kind, (uint8_t)size, (uint8_t)(size >> 8)};
	size_t kept = kind & RUN ? 1 : size;

	if (size == 0)
		return;
	if (stream->written + sizeof(head) + kept > FILE_MAX) {
		/* Nor anything behind it: what is in the file has no holes. */
		stream->written = FILE_MAX;
		return;
	}
	put(stream, head, sizeof(head));
	put(stream, bytes, kept);
}

static size_t run_length(const uint8_t *bytes, size_t size)
{
	size_t length = 1;

	while (length < size && length < PIECE_MAX && bytes[length] == bytes[0])
		length++;
	return length;
}

/* `kind` says how many fds came with the first byte. */
static void record(struct stream *stream, uint8_t kind, const uint8_t *bytes, size_t size)
{
	size_t begin = 0;
	size_t at = 0;

	while (at < size) {
		size_t length = run_length(bytes + at, size - at);

		if (length < RUN_MIN && at - begin + length < PIECE_MAX) {
			at += length;
			continue;
		}
		put_piece(stream, kind, bytes + begin, at - begin);
		kind = at > begin ? 0 : kind;
		put_piece(stream, kind | RUN, bytes + at, length);
		kind = 0;
		at += length;
		begin = at;
	}
	put_piece(stream, kind, bytes + begin, at - begin);
}

static void took(int fd, uint8_t fds, const struct iovec *iov, size_t iov_count, size_t size)
{
	struct stream *stream = is_stream(fd) ? &streams[fd] : NULL;

	if (!stream)
		return;
	stream->received += size;
	if (stream->received > STREAM_MAX)
		return;
	if (!stream->file)
		begin(stream);
	for (size_t i = 0; i < iov_count && size > 0; i++) {
		size_t part = iov[i].iov_len < size ? iov[i].iov_len : size;

		record(stream, i == 0 ? fds : 0, iov[i].iov_base, part);
		size -= part;
	}
}

static uint8_t count_fds(struct msghdr *message)
{
	size_t fds = 0;

	for (struct cmsghdr *part = CMSG_FIRSTHDR(message); part; part = CMSG_NXTHDR(message, part))
		if (part->cmsg_level == SOL_SOCKET && part->cmsg_type == SCM_RIGHTS)
			fds += (part->cmsg_len - CMSG_LEN(0)) / sizeof(int);
	return fds < 7 ? (uint8_t)fds : 7;
}

/* ---- in libc's place ---- */

ssize_t recvmsg(int fd, struct msghdr *message, int flags)
{
	static ssize_t (*real)(int, struct msghdr *, int);
	ssize_t got;

	if (!real)
		*(void **)&real = dlsym(RTLD_NEXT, "recvmsg");
	got = real(fd, message, flags);
	if (got > 0 && !(flags & MSG_PEEK))
		took(fd, count_fds(message), message->msg_iov, message->msg_iovlen, (size_t)got);
	return got;
}

ssize_t recv(int fd, void *bytes, size_t size, int flags)
{
	static ssize_t (*real)(int, void *, size_t, int);
	const struct iovec iov = {bytes, size};
	ssize_t got;

	if (!real)
		*(void **)&real = dlsym(RTLD_NEXT, "recv");
	got = real(fd, bytes, size, flags);
	if (got > 0 && !(flags & MSG_PEEK))
		took(fd, 0, &iov, 1, (size_t)got);
	return got;
}

/* The next one with this number is another stream. */
int close(int fd)
{
	static int (*real)(int);

	if (!real)
		*(void **)&real = dlsym(RTLD_NEXT, "close");
	if (fd >= 0 && fd < FDS_END && streams[fd].file > 0) {
		real(streams[fd].file);
		streams[fd] = (struct stream){0};
	}
	return real(fd);
}
