/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What of a VMM's connection outlives this process (journal.h): where that is kept, and how it is
 * gone on with.
 *
 *   nothing ──READ──▶ message ──OBEY──▶ (rings that start are noted in between) ──ANSWER──▶ nothing
 */
#include <string.h>
#include <unistd.h>

#include "vhost/signaller.h"
#include "vhost/vhost_internal.h"
#include "wire/closer.h"
#include "wire/peer_fd.h"

#define ADOPT_ERROR_TEXT "a file descriptor that was kept is not what it was"

/* ---- while it works ---- */

bool vhost_tidy(struct vhost *vhost)
{
	return kept_fds_tidy(vhost->kept);
}

void vhost_keep(struct vhost *vhost, struct vhost_journal *journal, struct kept_fds *kept)
{
	vhost->journal = journal;
	vhost->kept = kept;
	vhost->memory.kept = kept;
	vhost->stream.record = &journal->record;
	vhost_note(vhost, VHOST_STEP_NONE);
}

uint16_t vhost_used(const struct vhost *vhost, unsigned int ring)
{
	return vhost->queues[ring].ring.used;
}

uint32_t vhost_start_number(const struct vhost *vhost, unsigned int ring)
{
	return vhost->queues[ring].start;
}

void vhost_leave(struct vhost *vhost)
{
	/* Who ends in order does not die of it. */
	vhost->journal->adopted = 0;
	vhost->journal = NULL;
	vhost->kept = NULL;
	vhost->memory.kept = NULL;
	/* Not hung up. */
	close(vhost->stream.fd);
	vhost->stream.fd = -1;
	vhost_destroy(vhost);
}

/* ---- a successor ---- */

static bool refuse(GError **error, const char *why)
{
	g_set_error_literal(error, KEPT_FDS_ERROR, KEPT_FDS_ERROR_FAILED, why);
	return false;
}

static bool adopt_region(struct vhost *vhost, const struct vhost_region_picture *picture,
	GError **error)
{
	int fd = kept_fds_get(vhost->kept, picture->fd);
	bool added = fd >= 0 ? memory_add(&vhost->memory, &picture->region, fd, error)
			     : refuse(error, ADOPT_ERROR_TEXT);

	closer_close(vhost->stream.closer, fd);
	if (added)
		vhost->memory.regions[vhost->memory.count - 1].kept = picture->fd;
	return added;
}

/* An eventfd; -1: there is none. False: there is to be one. */
static bool adopt_eventfd(struct vhost *vhost, uint64_t number, int *fd, GError **error)
{
	*fd = kept_fds_get(vhost->kept, number);
	if (number == 0 || peer_fd_is_eventfd(*fd))
		return true;
	closer_close(vhost->stream.closer, *fd);
	return refuse(error, ADOPT_ERROR_TEXT);
}

static bool adopt_queue_fds(struct vhost_queue *queue, const struct vhost_ring_picture *picture,
	GError **error)
{
	int fd;

	if (!adopt_eventfd(queue->vhost, picture->kick, &fd, error))
		return false;
	if (fd >= 0)
		vhost_queue_set_kick(queue, fd, picture->kick);
	if (!adopt_eventfd(queue->vhost, picture->call, &fd, error))
		return false;
	if (fd >= 0)
		vhost_queue_set_call(queue, fd, picture->call);
	return true;
}

static bool adopt_queue(struct vhost_queue *queue, const struct vhost_ring_picture *picture,
	GError **error)
{
	struct vhost *vhost = queue->vhost;

	queue->ring = (struct ring){
		.size = (uint16_t)picture->size,
		.descriptor_address = picture->descriptor_address,
		.available_address = picture->available_address,
		.used_address = picture->used_address,
		.next = picture->next,
		.used = picture->used,
		.event_index = picture->event_index,
	};
	queue->start = picture->start;
	queue->enabled = picture->enabled;
	if (!adopt_queue_fds(queue, picture, error))
		return false;
	if (!picture->runs)
		return true;
	queue->runs = ring_go_on(&queue->ring, &vhost->memory, picture->used, error);
	return queue->runs;
}

static bool adopt_fds(struct vhost *vhost, const uint64_t *numbers, uint32_t count,
	struct stream_fds *fds, uint64_t *kept, GError **error)
{
	*fds = (struct stream_fds){.closer = vhost->stream.closer};
	for (uint32_t i = 0; i < count; i++) {
		int fd = kept_fds_get(vhost->kept, numbers[i]);

		if (fd < 0)
			return refuse(error, ADOPT_ERROR_TEXT);
		fds->fd[fds->count++] = fd;
		kept[i] = numbers[i];
	}
	return true;
}

static bool adopt_message(struct vhost *vhost, const struct vhost_picture *picture, GError **error)
{
	const struct vhost_journal *journal = vhost->journal;
	struct message *message = &vhost->message;

	if (picture->step == VHOST_STEP_PART)
		message->wire.header = journal->message.header;
	if (picture->step == VHOST_STEP_OBEY)
		memcpy(&message->wire, &journal->message, message_size(&journal->message.header));
	if (picture->step == VHOST_STEP_ANSWER)
		memcpy(&message->wire, &journal->answer, message_size(&journal->answer.header));
	vhost->holds = picture->step == VHOST_STEP_OBEY;
	vhost->owes = picture->step == VHOST_STEP_ANSWER;
	vhost->have = picture->step == VHOST_STEP_PART ? picture->have : 0;
	vhost->message_kept_count = picture->fd_count;
	return adopt_fds(vhost, picture->fds, picture->fd_count, &message->fds, vhost->message_kept,
		       error) &&
		adopt_fds(vhost, picture->next, picture->next_count, &vhost->next.fds,
			vhost->next.kept, error);
}

static bool adopt(struct vhost *vhost, const struct vhost_picture *picture, GError **error)
{
	vhost->features = picture->features;
	vhost->starts = picture->starts;
	if (picture->backend_request) {
		vhost->backend_request_fd = kept_fds_get(vhost->kept, picture->backend_request);
		vhost->backend_request_kept = picture->backend_request;
		if (vhost->backend_request_fd < 0)
			return refuse(error, ADOPT_ERROR_TEXT);
	}
	for (uint32_t i = 0; i < picture->region_count; i++) {
		if (!adopt_region(vhost, &picture->regions[i], error))
			return false;
	}
	for (size_t i = 0; i < VHOST_RINGS; i++) {
		if (!adopt_queue(&vhost->queues[i], &picture->rings[i], error))
			return false;
	}
	return adopt_message(vhost, picture, error);
}

/* What was used, or offered, may have been seen by nobody. */
static void signal_again(struct vhost_queue *queue)
{
	if (!queue->runs)
		return;
	queue->left = true;
	signaller_add(queue->kick_fd);
	if (queue->call_fd >= 0)
		signaller_add(queue->call_fd);
}

struct vhost *vhost_adopt(const char *guest, const char *device, int fd, struct account *account,
	struct vhost_journal *journal, struct kept_fds *kept, const struct vhost_listener *listener,
	void *data, GError **error)
{
	struct vhost *vhost = vhost_create(guest, device, fd, account, listener, data, error);
	struct vhost_picture picture;
	const char *why;

	if (!vhost)
		return NULL;
	vhost->journal = journal;
	vhost->kept = kept;
	vhost->memory.kept = kept;
	vhost->stream.record = &journal->record;
	if (vhost_journal_recover(journal, &picture, &why) ? !adopt(vhost, &picture, error)
							   : !refuse(error, why)) {
		vhost_destroy(vhost);
		return NULL;
	}
	vhost_note(vhost, (enum vhost_step)picture.step);
	vhost->left = true;
	vhost->unread = true;
	for (size_t i = 0; i < VHOST_RINGS; i++)
		signal_again(&vhost->queues[i]);
	return vhost;
}
