/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A picture of a VMM's connection, between two steps of its work, for who goes on with it
 * (journal.h). Called by all that changes it.
 */
#include <stdatomic.h>
#include <string.h>

#include "vhost/vhost_internal.h"

/* For a process that is killed between two stores their order is that of the program. */
static void in_order(void)
{
	atomic_signal_fence(memory_order_seq_cst);
}

static struct vhost_ring_picture picture_ring(const struct vhost_queue *queue)
{
	const struct ring *ring = &queue->ring;

	return (struct vhost_ring_picture){
		.size = ring->size,
		.next = ring->next,
		.used = ring->used,
		.descriptor_address = ring->descriptor_address,
		.available_address = ring->available_address,
		.used_address = ring->used_address,
		.kick = queue->kick_kept,
		.call = queue->call_kept,
		.start = queue->start,
		.enabled = queue->enabled,
		.runs = queue->runs,
		.event_index = ring->event_index,
	};
}

static void picture_memory(const struct memory *memory, struct vhost_picture *picture)
{
	picture->region_count = (uint32_t)memory->count;
	for (size_t i = 0; i < MIN(memory->count, VHOST_JOURNAL_REGIONS); i++) {
		const struct memory_region *region = &memory->regions[i];

		picture->regions[i] = (struct vhost_region_picture){
			.region = {region->guest_address, region->size, region->user_address,
				region->mmap_offset},
			.fd = region->kept,
		};
	}
}

/* What comes with the message is its own until that is over, also where somebody has taken it. Of
 * what lies in the socket behind it nobody needs to know. */
static void picture_message(const struct vhost *vhost, struct vhost_picture *picture)
{
	bool takes = picture->step == VHOST_STEP_READ || picture->step == VHOST_STEP_PART;

	picture->have = takes ? vhost->have : 0;
	picture->fd_count = takes || picture->step == VHOST_STEP_OBEY ? vhost->message_kept_count
								      : 0;
	picture->next_count = takes ? (uint32_t)vhost->next.fds.count : 0;
	memcpy(picture->fds, vhost->message_kept, sizeof(picture->fds));
	memcpy(picture->next, vhost->next.kept, sizeof(picture->next));
}

static void note_answer(const struct vhost *vhost)
{
	memcpy(&vhost->journal->answer, &vhost->message.wire,
		message_size(&vhost->message.wire.header));
}

void vhost_note(struct vhost *vhost, enum vhost_step step)
{
	struct vhost_journal *journal = vhost->journal;
	struct vhost_picture *picture;
	uint32_t other;

	vhost->step = step;
	if (!journal)
		return;
	other = !journal->current;
	picture = &journal->pictures[other];
	picture->step = step;
	picture->starts = vhost->starts;
	picture->features = vhost->features;
	picture->backend_request = vhost->backend_request_kept;
	for (size_t i = 0; i < VHOST_RINGS; i++)
		picture->rings[i] = picture_ring(&vhost->queues[i]);
	picture_memory(&vhost->memory, picture);
	picture_message(vhost, picture);
	/* Of an earlier call, which has been noted as done. */
	if (step == VHOST_STEP_READ || step == VHOST_STEP_ANSWER)
		stream_record_reset(&journal->record);
	if (step == VHOST_STEP_ANSWER)
		note_answer(vhost);
	in_order();
	journal->current = other;
	in_order();
}
