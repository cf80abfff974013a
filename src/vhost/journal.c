/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a predecessor left of a connection. Nothing of it is believed; what its addresses and fds
 * are worth is seen when they are used (vhost_adopt.c).
 */
#include "vhost/journal.h"

#include <glib.h>
#include <string.h>

#include "vhost/ring.h"

static bool ring_sound(const struct vhost_ring_picture *ring)
{
	return ring->size <= RING_SIZE_MAX && (!ring->runs || (ring->kick && ring->enabled));
}

static bool sound(const struct vhost_picture *picture)
{
	if (picture->step >= VHOST_STEPS || picture->fd_count > STREAM_FDS_MAX)
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
	for (uint32_t i = 0; i < picture->region_count; i++)
		all = all && picture->regions[i].fd != VHOST_FD_NOT_KEPT;
	return all;
}

static bool message_sound(const struct vhost_user_header *header)
{
	return header->size <= VHOST_USER_PAYLOAD_MAX;
}

/* The outcome of the call that was made when nobody was left to note it. */
static bool finish_read(const struct vhost_journal *journal, struct vhost_picture *picture,
	const char **why)
{
	const struct mmsghdr *call = &journal->record.call;
	const struct vhost_user_header *header = &journal->message.wire.header;

	picture->step = VHOST_STEP_NONE;
	picture->fd_count = 0;
	if (call->msg_len == STREAM_RECORD_NOTHING)
		return true;
	*why = "it was in the middle of a message with file descriptors";
	if (call->msg_hdr.msg_controllen > 0 || !message_sound(header) ||
		call->msg_len != message_size(header))
		return false;
	picture->step = VHOST_STEP_OBEY;
	return true;
}

static bool finish_step(const struct vhost_journal *journal, struct vhost_picture *picture,
	const char **why)
{
	switch (picture->step) {
	case VHOST_STEP_READ:
		return finish_read(journal, picture, why);
	case VHOST_STEP_OBEY:
		return message_sound(&journal->message.wire.header);
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
	return sound(picture) && finish_step(journal, picture, why);
}
