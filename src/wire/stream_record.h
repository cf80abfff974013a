/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Reads and writes of a socket that leave their outcome to whoever goes on with it after this
 * process. Of a stream (stream.h), which makes them where it has a record.
 */
#ifndef SCANOUTD_WIRE_STREAM_RECORD_H
#define SCANOUTD_WIRE_STREAM_RECORD_H

#include <stdint.h>
#include <sys/socket.h>
#include <sys/types.h>

/*
 * A call in memory that outlives us: the kernel writes its outcome there before it returns to us,
 * so that whoever goes on with the socket knows how much was read or written, wherever we were
 * killed (recvmmsg(2) and sendmmsg(2) store msg_len, and a signal that kills is looked at when they
 * are over).
 */
struct stream_record {
	/* Its pointers are of the process that made the call. */
	struct mmsghdr call;
};

/* As msg_len: nothing was read or written, so far. */
#define STREAM_RECORD_NOTHING UINT32_MAX

/* The next call is not made yet. */
static inline void stream_record_reset(struct stream_record *record)
{
	record->call.msg_len = STREAM_RECORD_NOTHING;
	record->call.msg_hdr.msg_controllen = 0;
}

/* As recvmsg() and sendmsg(). */
ssize_t stream_record_receive(struct stream_record *record, int fd, struct msghdr *message,
	int flags);
ssize_t stream_record_send(struct stream_record *record, int fd, const struct msghdr *message,
	int flags);

#endif
