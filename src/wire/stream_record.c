/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "wire/stream_record.h"

#include <stddef.h>

ssize_t stream_record_receive(struct stream_record *record, int fd, struct msghdr *message,
	int flags)
{
	struct mmsghdr *call = &record->call;

	call->msg_hdr = *message;
	if (recvmmsg(fd, call, 1, flags, NULL) < 0)
		return -1;
	*message = call->msg_hdr;
	return (ssize_t)call->msg_len;
}

ssize_t stream_record_send(struct stream_record *record, int fd, const struct msghdr *message,
	int flags)
{
	struct mmsghdr *call = &record->call;

	call->msg_hdr = *message;
	return sendmmsg(fd, call, 1, flags) < 0 ? -1 : (ssize_t)call->msg_len;
}
