/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a predecessor left of a connection. Nothing of it is believed; what its addresses and fds
 * are worth is seen when they are used (vhost_adopt.c).
 */
#include "vhost/journal.h"

#include <glib.h>
#include <string.h>

#include "vhost/ring.h"
#include "wire/message.h"

static bool ring_sound(const struct vhost_ring_picture *ring)
{
	return ring->size <= RING_SIZE_MAX && (!ring->runs || (ring->kick && ring->enabled));
}

static bool sound(const struct vhost_picture *picture)
{
	if (picture->step >= VHOST_STEPS || picture->fd_count > STREAM_FDS_MAX ||
		picture->next_count > STREAM_FDS_MAX)
		return false;
	for (size_t i = 0; i < VHOST_RINGS; i++) {
		if (!ring_sound(&picture->rings[i]))
			return false;
	}
	return true;
}

static bool has_all_fds(const struct vhost_picture *picture)
{
	bool all = picture->backend_request != VHOST_FD_NOT_KEPT;

	for (size_t i = 0; i < VHOST_RINGS; i++)
		all = all && picture->rings[i].kick != VHOST_FD_NOT_KEPT &&
			picture->rings[i].call != VHOST_FD_NOT_KEPT;
	for (uint32_t i = 0; i < MIN(picture->fd_count, STREAM_FDS_MAX); i++)
		all = all && picture->fds[i] != VHOST_FD_NOT_KEPT;
	for (uint32_t i = 0; i < MIN(picture->next_count, STREAM_FDS_MAX); i++)
		all = all && picture->next[i] != VHOST_FD_NOT_KEPT;
	for (uint32_t i = 0; i < picture->region_count; i++)
		all = all && picture->regions[i].fd != VHOST_FD_NOT_KEPT;
	return all;
}

static bool message_sound(const struct vhost_user_header *header)
{
	return header->size <= VHOST_USER_PAYLOAD_MAX;
}

/* False: these cannot be of one message. */
static bool join_next(struct vhost_picture *picture)
{
	if (picture->fd_count + picture->next_count > STREAM_FDS_MAX)
		return false;
	memcpy(picture->fds + picture->fd_count, picture->next,
		picture->next_count * sizeof(picture->next[0]));
	picture->fd_count += picture->next_count;
	picture->next_count = 0;
	return true;
}

/* Bytes of the message, all of it; its header was there before them. */
static bool has_part(const struct vhost_journal *journal, const struct vhost_picture *picture)
{
	return message_sound(&journal->message.header) &&
		picture->have < message_size(&journal->message.header);
}

/* The outcome of the call that was made when nobody was left to note it. */
static bool finish_read(const struct vhost_journal *journal, struct vhost_picture *picture)
{
	const struct mmsghdr *call = &journal->record.call;
	uint32_t size = (uint32_t)message_size(&journal->message.header);

	picture->step = VHOST_STEP_PART;
	/* 0: the VMM has ended. */
	if (call->msg_len == STREAM_RECORD_NOTHING || call->msg_len == 0)
		return true;
	if (call->msg_len > size - picture->have ||
		(call->msg_hdr.msg_flags & MSG_CTRUNC && !join_next(picture)))
		return false;
	picture->have += call->msg_len;
	if (picture->have == size) {
		picture->step = VHOST_STEP_OBEY;
		picture->next_count = 0;
	}
	return true;
}

/* One that has not begun is the socket's. */
static bool finish_part(struct vhost_picture *picture)
{
	if (picture->step != VHOST_STEP_PART || picture->have > 0)
		return true;
	picture->step = VHOST_STEP_NONE;
	picture->next_count = 0;
	return picture->fd_count == 0;
}

static bool finish_step(const struct vhost_journal *journal, struct vhost_picture *picture)
{
	switch (picture->step) {
	case VHOST_STEP_READ:
		return has_part(journal, picture) && finish_read(journal, picture) &&
			finish_part(picture);
	case VHOST_STEP_PART:
		return has_part(journal, picture) && finish_part(picture);
	case VHOST_STEP_OBEY:
		return message_sound(&journal->message.header);
	case VHOST_STEP_ANSWER:
		if (journal->record.call.msg_len != STREAM_RECORD_NOTHING)
			picture->step = VHOST_STEP_NONE;
		return message_sound(&journal->answer.header);
	default:
		return true;
	}
}

bool vhost_journal_recover(struct vhost_journal *journal, struct vhost_picture *picture,
	const char **why)
{
	memcpy(picture, &journal->pictures[journal->current & 1], sizeof(*picture));
	/* Before anything of it is looked at. */
	*why = "each that went on with it has died of it";
	if (journal->adopted >= VHOST_ADOPTED_MAX)
		return false;
	journal->adopted++;
	*why = "it has more memory regions than are kept";
	if (picture->region_count > VHOST_JOURNAL_REGIONS)
		return false;
	*why = "a file descriptor of its VMM could not be kept";
	if (!has_all_fds(picture))
		return false;
	*why = "its state is damaged";
	return sound(picture) && finish_step(journal, picture);
}
