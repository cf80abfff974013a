/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One message out of the socket of the side that sent it, so that it is never lost: it stays there
 * until it is whole and the other side has room, its fds are looked at, and kept, before its bytes
 * are taken, and who is killed between two calls leaves it to a successor. Called by
 * relay_message.c.
 */
#include <errno.h>

#include "log.h"
#include "wire/closer.h"
#include "wire/relay_internal.h"
#include "wire/spare_fds.h"

/* ---- the books ---- */

void relay_fds_join(struct relay_fds *fds, struct relay_fds *next)
{
	fds->truncated |= next->truncated;
	fds->lost |= next->lost;
	for (uint32_t i = 0; i < next->count; i++) {
		if (fds->count < STREAM_FDS_MAX)
			fds->kept[fds->count++] = next->kept[i];
		else
			fds->truncated = true;
	}
	*next = (struct relay_fds){0};
}

void relay_transfer_done(struct relay_transfer *transfer)
{
	transfer->size = 0;
	transfer->have = 0;
	transfer->fds = (struct relay_fds){0};
}

void relay_drop_message(struct relay *relay, enum side from)
{
	struct relay_transfer *transfer = &relay->now.transfers[from];
	const struct relay_fds fds = transfer->fds;

	relay_transfer_done(transfer);
	relay_note(relay);
	for (uint32_t i = 0; i < fds.count; i++)
		relay_keep_no_more(relay, fds.kept[i]);
	stream_fds_close(&relay->fds[from]);
}

/* ---- one call ---- */

/* The fds that may come with the next bytes. */
static enum stream_status look_ahead(struct relay *relay, enum side from)
{
	struct relay_fds *next = &relay->now.transfers[from].next;
	struct stream_fds *fds = &relay->next[from];
	enum stream_status status;

	if (next->count || next->lost)
		return STREAM_DONE;
	status = stream_peek_fds(&relay->streams[from], fds);
	if (status != STREAM_DONE)
		return status;
	for (size_t i = 0; i < fds->count; i++)
		next->kept[i] = relay_keep(relay, fds->fd[i], false);
	next->count = (uint32_t)fds->count;
	next->truncated = fds->truncated;
	next->lost = fds->lost;
	return STREAM_DONE;
}

/* They did. */
static void join_next(struct relay *relay, enum side from)
{
	struct stream_fds *fds = &relay->fds[from];
	struct stream_fds *next = &relay->next[from];

	while (next->count && fds->count < STREAM_FDS_MAX)
		fds->fd[fds->count++] = stream_fds_take(next);
	stream_fds_close(next);
	relay_fds_join(&relay->now.transfers[from].fds, &relay->now.transfers[from].next);
}

/* They are looked at again when they are near: a side has no more here than a message may have. */
static void drop_next(struct relay *relay, enum side from)
{
	struct relay_transfer *transfer = &relay->now.transfers[from];
	const struct relay_fds next = transfer->next;

	if (!transfer->fds.count || !next.count)
		return;
	transfer->next = (struct relay_fds){0};
	relay_note(relay);
	for (uint32_t i = 0; i < next.count; i++)
		relay_keep_no_more(relay, next.kept[i]);
	stream_fds_close(&relay->next[from]);
}

/* recvmmsg() tells of the peer's end, once, before what lies in the socket. */
static enum stream_status take_bytes(struct stream *stream, const struct iovec *iov, size_t *bytes,
	bool *with_fds)
{
	enum stream_status status = stream_take(stream, iov, 1, bytes, with_fds);

	if (status == STREAM_ERROR && errno == ECONNRESET)
		status = stream_take(stream, iov, 1, bytes, with_fds);
	return status;
}

/* The fds that come with it have been looked at: of each there is one of ours, so that the kernel's
 * is not the last. */
static enum stream_status take_piece(struct relay *relay, enum side from)
{
	struct relay_transfer *transfer = &relay->now.transfers[from];
	struct iovec iov = {
		(uint8_t *)&relay->state->messages[from] + transfer->have,
		transfer->size - transfer->have,
	};
	enum stream_status status;
	bool with_fds;
	size_t bytes;

	relay_note_call(relay, RELAY_CALL_TAKE, from);
	status = take_bytes(&relay->streams[from], &iov, &bytes, &with_fds);
	if (status == STREAM_DONE) {
		transfer->have += (uint32_t)bytes;
		if (with_fds)
			join_next(relay, from);
	}
	relay_note(relay);
	return status;
}

/* ---- a message ---- */

/* For what may come with a message: else the kernel drops it. */
static bool has_spare_fds(struct relay *relay, const struct stream *stream)
{
	/* Which says so itself. */
	if (closer_is_full(stream->closer))
		return false;
	if (spare_fds(stream->fd, STREAM_FDS_MAX)) {
		relay->told_no_fds = false;
		return true;
	}
	if (!relay->told_no_fds)
		log_guest(G_LOG_LEVEL_WARNING, relay->name,
			"a message has to wait: this process can have no more file descriptors");
	relay->told_no_fds = true;
	return false;
}

static enum step wait_for_time(struct relay *relay)
{
	relay_move_later(relay);
	return STEP_WAIT;
}

/* STEP_MOVED: one lies whole in the socket, and can be taken. */
static enum step begin(struct relay *relay, enum side from)
{
	enum side to = from == SIDE_VMM ? SIDE_BACKEND : SIDE_VMM;
	struct stream *stream = &relay->streams[from];
	g_autofree char *text = NULL;
	struct vhost_user_header header;
	enum message_status status = message_look(stream, relay->ended[from], &header, &text);

	if (status == MESSAGE_DONE && !relay_has_room(relay, to))
		/* A peer that has gone is not kept waiting for one that does not read. */
		status = relay->ended[from] ? MESSAGE_ENDED : MESSAGE_WAIT;
	else if (status == MESSAGE_DONE && !relay->ended[from] && !has_spare_fds(relay, stream))
		return wait_for_time(relay);
	if (status == MESSAGE_DONE) {
		relay->now.transfers[from].size = (uint32_t)message_size(&header);
		/* For what is to be said of it before it is taken. */
		relay->state->messages[from].header = header;
	}
	return relay_judge(relay, from, status, text);
}

static enum step judge_fds(struct relay *relay, enum side from, const struct relay_fds *numbers)
{
	const struct vhost_user_header *header = &relay->state->messages[from].header;
	const struct stream_fds fds = {
		.truncated = numbers->truncated,
		.lost = numbers->lost,
	};
	g_autofree char *text = message_fds_fault(header, &fds);

	return text ? relay_judge(relay, from, MESSAGE_FAULT, text) : STEP_MOVED;
}

/* What of a message that is taken nobody could have said before. */
static enum step judge_whole(struct relay *relay, enum side from)
{
	const struct relay_transfer *transfer = &relay->now.transfers[from];

	/* Nobody else reads our sockets; but it is what all that follows relies on. */
	if (message_size(&relay->state->messages[from].header) != transfer->size)
		return relay_judge(relay, from, MESSAGE_FAULT,
			"sent a message that has changed while it was read");
	return judge_fds(relay, from, &transfer->fds);
}

/* All that is missing. With more fds than a message may have it stays in the socket, since the
 * kernel would close those of which we have none in the main loop, and some wait for somebody
 * (wire/peer_fd.h): the closer ends both. */
static enum step take_rest(struct relay *relay, enum side from)
{
	const struct relay_transfer *transfer = &relay->now.transfers[from];
	enum step step = STEP_MOVED;

	while (step == STEP_MOVED && transfer->have < transfer->size) {
		g_autofree char *text = NULL;
		enum stream_status status = look_ahead(relay, from);

		if (status == STREAM_DONE) {
			step = judge_fds(relay, from, &transfer->next);
			if (step != STEP_MOVED)
				return step;
			status = take_piece(relay, from);
		}
		if (status == STREAM_AGAIN ||
			(status == STREAM_ERROR && errno == EBUSY && !relay->ended[from]))
			return wait_for_time(relay);
		if (status != STREAM_DONE) {
			enum message_status failed = message_socket_failed(status, &text);

			step = relay_judge(relay, from, failed, text);
		}
	}
	return step;
}

enum step relay_take(struct relay *relay, enum side from)
{
	enum step step = relay->now.transfers[from].size ? STEP_MOVED : begin(relay, from);

	if (step != STEP_MOVED)
		return step;
	step = take_rest(relay, from);
	drop_next(relay, from);
	return step == STEP_MOVED ? judge_whole(relay, from) : step;
}
