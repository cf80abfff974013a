/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One message out of the VMM's socket, so that it is never lost: its fds are looked at, and kept,
 * before its bytes are taken, and who is killed between two calls leaves it to a successor
 * (journal.h). Called by vhost.c with a message that lies whole in the socket, and again until all
 * of it is here; as wire/relay_take.c does it.
 *
 *   nothing ──READ──▶ a part ──READ──▶ … ──OBEY──▶ the message, with its fds
 */
#include <errno.h>
#include <string.h>

#include "vhost/vhost_internal.h"

/* Where its bytes come to, and stay: what is obeyed is changed into its answer. */
static uint8_t *bytes_of(struct vhost *vhost)
{
	return vhost->journal ? (uint8_t *)&vhost->journal->message
			      : (uint8_t *)&vhost->message.wire;
}

/* ---- fds ---- */

/* Those that may come with the next bytes. */
static enum stream_status look_ahead(struct vhost *vhost)
{
	struct vhost_fds *next = &vhost->next;
	enum stream_status status;

	if (next->fds.count > 0)
		return STREAM_DONE;
	status = stream_peek_fds(&vhost->stream, &next->fds);
	for (size_t i = 0; status == STREAM_DONE && i < next->fds.count; i++) {
		uint64_t number = kept_fds_add(vhost->kept, next->fds.fd[i], false);

		next->kept[i] = number || !vhost->kept ? number : VHOST_FD_NOT_KEPT;
	}
	return status;
}

void vhost_forget_next(struct vhost *vhost)
{
	struct vhost_fds *next = &vhost->next;

	for (size_t i = 0; i < next->fds.count; i++)
		kept_fds_remove(vhost->kept, next->kept[i], false);
	stream_fds_close(&next->fds);
}

/* They did. */
static void join_next(struct vhost *vhost)
{
	struct vhost_fds *next = &vhost->next;
	struct stream_fds *fds = &vhost->message.fds;

	if (fds->count + next->fds.count > STREAM_FDS_MAX) {
		fds->truncated = true;
		vhost_forget_next(vhost);
	}
	for (size_t i = 0; i < next->fds.count; i++) {
		vhost->message_kept[vhost->message_kept_count++] = next->kept[i];
		fds->fd[fds->count++] = next->fds.fd[i];
	}
	next->fds.count = 0;
}

/* ---- bytes ---- */

static enum stream_status take_piece(struct vhost *vhost)
{
	struct iovec iov = {
		bytes_of(vhost) + vhost->have,
		message_size(&vhost->message.wire.header) - vhost->have,
	};
	enum stream_status status;
	bool with_fds;
	size_t bytes;

	vhost_note(vhost, VHOST_STEP_READ);
	status = stream_take(&vhost->stream, &iov, 1, &bytes, &with_fds);
	/* recvmmsg() tells of the peer's end, once, before what lies in the socket. */
	if (status == STREAM_ERROR && errno == ECONNRESET)
		status = stream_take(&vhost->stream, &iov, 1, &bytes, &with_fds);
	if (status == STREAM_DONE) {
		vhost->have += (uint32_t)bytes;
		if (with_fds)
			join_next(vhost);
	}
	return status;
}

static enum message_status failed(const struct vhost *vhost, enum stream_status status,
	char **fault)
{
	if (status == STREAM_AGAIN || (status == STREAM_ERROR && errno == EBUSY && !vhost->ended))
		return MESSAGE_WAIT;
	return message_socket_failed(status, fault);
}

static enum message_status take_next(struct vhost *vhost, char **fault)
{
	enum stream_status status = look_ahead(vhost);

	if (status != STREAM_DONE)
		return failed(vhost, status, fault);
	/* With more fds than a message may have it stays in the socket, since the kernel would close
	 * those of which we have none in the main loop: the closer ends both. */
	*fault = message_fds_fault(&vhost->message.wire.header, &vhost->next.fds);
	if (*fault)
		return MESSAGE_FAULT;
	status = take_piece(vhost);
	return status == STREAM_DONE ? MESSAGE_DONE : failed(vhost, status, fault);
}

static void begin(struct vhost *vhost)
{
	if (vhost->journal)
		vhost->journal->message.header = vhost->message.wire.header;
	vhost->message.fds = (struct stream_fds){.closer = vhost->stream.closer};
	vhost->message_kept_count = 0;
	vhost->message_taken = 0;
}

/* All of it is here. */
static enum message_status judge(struct vhost *vhost, const struct vhost_user_header *seen,
	char **fault)
{
	/* Nobody else reads our sockets; but it is what all that follows relies on. */
	if (memcmp(seen, bytes_of(vhost), sizeof(*seen)) != 0)
		*fault = g_strdup("sent a message that has changed while it was read");
	else
		*fault = message_fds_fault(seen, &vhost->message.fds);
	return *fault ? MESSAGE_FAULT : MESSAGE_DONE;
}

enum message_status vhost_take_message(struct vhost *vhost, char **fault)
{
	const struct vhost_user_header seen = vhost->message.wire.header;
	const size_t size = message_size(&seen);
	enum message_status status = MESSAGE_DONE;

	if (vhost->have == 0)
		begin(vhost);
	while (status == MESSAGE_DONE && vhost->have < size) {
		status = take_next(vhost, fault);
		if (vhost->have < size)
			vhost_note(vhost, VHOST_STEP_PART);
	}
	if (status == MESSAGE_DONE)
		status = judge(vhost, &seen, fault);
	if (status != MESSAGE_DONE)
		return status;
	vhost->have = 0;
	if (vhost->journal)
		memcpy(&vhost->message.wire, &vhost->journal->message, size);
	vhost_note(vhost, VHOST_STEP_OBEY);
	return MESSAGE_DONE;
}

/* ---- who owns its fds ---- */

uint64_t vhost_take_number(struct vhost *vhost, uint32_t index)
{
	if (index >= vhost->message_kept_count)
		return 0;
	vhost->message_taken |= UINT32_C(1) << index;
	return vhost->message_kept[index];
}

void vhost_forget_message(struct vhost *vhost)
{
	stream_fds_close(&vhost->message.fds);
	for (uint32_t i = 0; i < vhost->message_kept_count; i++) {
		if (!(vhost->message_taken & UINT32_C(1) << i))
			kept_fds_remove(vhost->kept, vhost->message_kept[i], false);
	}
	vhost->message_kept_count = 0;
	vhost->message_taken = 0;
}
