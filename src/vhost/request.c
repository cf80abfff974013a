/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a VMM asks of the back-end: one handler a request, in the order of their numbers, and the
 * table of their shapes. Called by vhost.c with one whole message.
 */
#include <linux/virtio_config.h>
#include <linux/virtio_ring.h>
#include <string.h>

#include "vhost/signaller.h"
#include "vhost/vhost_internal.h"
#include "vhost_user.h"
#include "wire/closer.h"
#include "wire/peer_fd.h"

#define DEVICE_FEATURES \
	(UINT64_C(1) << VIRTIO_F_VERSION_1 | UINT64_C(1) << VIRTIO_RING_F_EVENT_IDX | \
		UINT64_C(1) << VHOST_USER_F_PROTOCOL_FEATURES)

#define PROTOCOL_FEATURES \
	(UINT64_C(1) << VHOST_USER_PROTOCOL_F_REPLY_ACK | \
		UINT64_C(1) << VHOST_USER_PROTOCOL_F_BACKEND_REQ | \
		UINT64_C(1) << VHOST_USER_PROTOCOL_F_CONFIG | \
		UINT64_C(1) << VHOST_USER_PROTOCOL_F_RESET_DEVICE | \
		UINT64_C(1) << VHOST_USER_PROTOCOL_F_CONFIGURE_MEM_SLOTS)

/* So often the kernel is asked for what it lacks, 20 ms between: for 2 s. */
#define TRIES_MAX 100

enum outcome {
	OUTCOME_DONE,
	OUTCOME_LATER, /* the kernel cannot just now: the message stays, and is obeyed later */
	OUTCOME_REPLY, /* the payload is the answer, of header.size bytes */
	OUTCOME_REFUSED, /* logged */
	OUTCOME_UNKNOWN,
};

/* The queue that `index` names, or NULL and a word. */
static struct vhost_queue *find_queue(struct vhost *vhost, uint64_t index)
{
	if (index < VHOST_RINGS)
		return &vhost->queues[index];
	vhost_complain(vhost, "request %u is for queue %" G_GUINT64_FORMAT ", of %u",
		vhost->message.wire.header.request, index, VHOST_RINGS);
	return NULL;
}

static uint64_t read_u64(const struct vhost *vhost)
{
	uint64_t value;

	memcpy(&value, vhost->message.wire.payload, sizeof(value));
	return value;
}

static enum outcome reply_u64(struct vhost *vhost, uint64_t value)
{
	memcpy(vhost->message.wire.payload, &value, sizeof(value));
	vhost->message.wire.header.size = sizeof(value);
	return OUTCOME_REPLY;
}

static enum outcome get_features(struct vhost *vhost)
{
	return reply_u64(vhost, DEVICE_FEATURES);
}

static enum outcome set_features(struct vhost *vhost)
{
	uint64_t features = read_u64(vhost);

	if (features & ~DEVICE_FEATURES) {
		vhost_complain(vhost,
			"the VMM wants features that were not offered: 0x%" G_GINT64_MODIFIER "x",
			features & ~DEVICE_FEATURES);
		return OUTCOME_REFUSED;
	}
	vhost->features = features;
	if (!(features & UINT64_C(1) << VHOST_USER_F_PROTOCOL_FEATURES)) {
		for (unsigned int i = 0; i < VHOST_RINGS; i++)
			vhost->queues[i].enabled = true;
	}
	return OUTCOME_DONE;
}

static enum outcome get_protocol_features(struct vhost *vhost)
{
	return reply_u64(vhost, PROTOCOL_FEATURES);
}

static enum outcome set_protocol_features(struct vhost *vhost)
{
	if (!(read_u64(vhost) & ~PROTOCOL_FEATURES))
		return OUTCOME_DONE;
	vhost_complain(vhost, "the VMM wants protocol features that were not offered");
	return OUTCOME_REFUSED;
}

static enum outcome get_queue_num(struct vhost *vhost)
{
	return reply_u64(vhost, VHOST_RINGS);
}

static enum outcome nothing_to_do(struct vhost *vhost)
{
	return OUTCOME_DONE;
}

static enum outcome reset_device(struct vhost *vhost)
{
	vhost_reset_queues(vhost);
	vhost->features = 0;
	return OUTCOME_DONE;
}

static enum outcome get_max_mem_slots(struct vhost *vhost)
{
	return reply_u64(vhost, MEMORY_REGIONS_MAX);
}

/* What was offered while a ring had no memory was kicked for in vain. */
static void serve_queues(struct vhost *vhost)
{
	for (unsigned int i = 0; i < VHOST_RINGS; i++) {
		if (vhost->queues[i].runs)
			vhost_kick_again(vhost, i);
	}
}

/* Memory that was not mapped. What the kernel lacks it may have in a moment, but a VMM that asks
 * for too much is told so in the end. */
static enum outcome not_mapped(struct vhost *vhost, const GError *error)
{
	if (g_error_matches(error, MEMORY_ERROR, MEMORY_ERROR_MOMENT) && ++vhost->tries < TRIES_MAX)
		return OUTCOME_LATER;
	vhost_complain(vhost, "%s", error->message);
	return OUTCOME_REFUSED;
}

static enum outcome set_mem_table(struct vhost *vhost)
{
	const uint8_t *payload = vhost->message.wire.payload;
	const struct stream_fds *fds = &vhost->message.fds;
	struct vhost_user_memory table;
	struct memory memory = {.account = vhost->memory.account, .kept = vhost->kept};
	g_autoptr(GError) error = NULL;

	memcpy(&table, payload, sizeof(table));
	/* Some VMMs send room for all eight. */
	if (table.region_count != fds->count ||
		vhost->message.wire.header.size - sizeof(table) <
			table.region_count * sizeof(struct vhost_user_memory_region)) {
		vhost_complain(vhost,
			"the VMM gives %u memory regions with %zu fds; its memory must be "
			"shared",
			table.region_count, fds->count);
		return OUTCOME_REFUSED;
	}
	for (size_t i = 0; i < fds->count; i++) {
		struct vhost_user_memory_region region;

		memcpy(&region, payload + sizeof(table) + i * sizeof(region), sizeof(region));
		if (memory_add(&memory, &region, fds->fd[i], &error))
			continue;
		memory_clear(&memory);
		return not_mapped(vhost, error);
	}
	for (uint32_t i = 0; i < memory.count; i++)
		memory.regions[i].kept = vhost_take_number(vhost, i);
	memory_clear(&vhost->memory);
	vhost->memory = memory;
	serve_queues(vhost);
	return OUTCOME_DONE;
}

static struct vhost_user_memory_region read_region(const struct vhost *vhost)
{
	struct vhost_user_memory_region region;

	memcpy(&region, vhost->message.wire.payload + sizeof(uint64_t), sizeof(region));
	return region;
}

static enum outcome add_mem_reg(struct vhost *vhost)
{
	const struct vhost_user_memory_region region = read_region(vhost);
	g_autoptr(GError) error = NULL;

	if (!memory_add(&vhost->memory, &region, vhost->message.fds.fd[0], &error))
		return not_mapped(vhost, error);
	vhost->memory.regions[vhost->memory.count - 1].kept = vhost_take_number(vhost, 0);
	serve_queues(vhost);
	return OUTCOME_DONE;
}

static enum outcome rem_mem_reg(struct vhost *vhost)
{
	const struct vhost_user_memory_region region = read_region(vhost);

	if (memory_remove(&vhost->memory, &region))
		return OUTCOME_DONE;
	vhost_complain(vhost, "the VMM takes a memory region away that is not there");
	return OUTCOME_REFUSED;
}

static struct vhost_user_vring_state read_state(const struct vhost *vhost)
{
	struct vhost_user_vring_state state;

	memcpy(&state, vhost->message.wire.payload, sizeof(state));
	return state;
}

static enum outcome set_vring_num(struct vhost *vhost)
{
	const struct vhost_user_vring_state state = read_state(vhost);
	struct vhost_queue *queue = find_queue(vhost, state.index);

	if (!queue)
		return OUTCOME_REFUSED;
	if (queue->runs || state.value == 0 || state.value > RING_SIZE_MAX) {
		vhost_complain(vhost, "queue %u cannot have %u entries%s", state.index, state.value,
			queue->runs ? " while it runs" : "");
		return OUTCOME_REFUSED;
	}
	queue->ring.size = (uint16_t)state.value;
	return OUTCOME_DONE;
}

static enum outcome set_vring_addr(struct vhost *vhost)
{
	struct vhost_user_vring_address address;
	struct vhost_queue *queue;

	memcpy(&address, vhost->message.wire.payload, sizeof(address));
	queue = find_queue(vhost, address.index);
	if (!queue)
		return OUTCOME_REFUSED;
	if (queue->runs) {
		vhost_complain(vhost, "queue %u cannot be moved while it runs", address.index);
		return OUTCOME_REFUSED;
	}
	queue->ring.descriptor_address = address.descriptors;
	queue->ring.available_address = address.available;
	queue->ring.used_address = address.used;
	return OUTCOME_DONE;
}

static enum outcome set_vring_base(struct vhost *vhost)
{
	const struct vhost_user_vring_state state = read_state(vhost);
	struct vhost_queue *queue = find_queue(vhost, state.index);

	if (!queue)
		return OUTCOME_REFUSED;
	if (queue->runs || state.value > UINT16_MAX) {
		vhost_complain(vhost, "queue %u cannot go on at %u%s", state.index, state.value,
			queue->runs ? " while it runs" : "");
		return OUTCOME_REFUSED;
	}
	queue->ring.next = (uint16_t)state.value;
	return OUTCOME_DONE;
}

static enum outcome get_vring_base(struct vhost *vhost)
{
	struct vhost_user_vring_state state = read_state(vhost);
	struct vhost_queue *queue = find_queue(vhost, state.index);

	/* Its answer is all that a VMM waits for: 0 for a queue that is not there. */
	state.value = 0;
	if (queue) {
		vhost_queue_stop(queue);
		vhost_queue_forget_fds(queue);
		state.value = queue->ring.next;
	}
	memcpy(vhost->message.wire.payload, &state, sizeof(state));
	vhost->message.wire.header.size = sizeof(state);
	return OUTCOME_REPLY;
}

static enum outcome set_vring_enable(struct vhost *vhost)
{
	const struct vhost_user_vring_state state = read_state(vhost);
	struct vhost_queue *queue = find_queue(vhost, state.index);

	if (!queue)
		return OUTCOME_REFUSED;
	queue->enabled = state.value != 0;
	if (!queue->enabled) {
		vhost_queue_stop(queue);
		return OUTCOME_DONE;
	}
	return vhost_queue_start(queue) ? OUTCOME_DONE : OUTCOME_REFUSED;
}

/* The fd that belongs there came, or none and the word that there is none. */
static bool has_fd_as_said(struct vhost *vhost)
{
	const struct stream_fds *fds = &vhost->message.fds;
	bool none = read_u64(vhost) & VHOST_USER_VRING_NO_FD;
	const char *what;

	if (none != (fds->count == 0))
		what = none ? "an fd where none belongs" : "no fd";
	else if (fds->count && !peer_fd_is_eventfd(fds->fd[0]))
		what = "an fd that is no eventfd";
	else
		return true;
	vhost_complain(vhost, "request %u comes with %s", vhost->message.wire.header.request, what);
	return false;
}

static enum outcome set_vring_kick(struct vhost *vhost)
{
	struct vhost_queue *queue = find_queue(vhost,
		read_u64(vhost) & VHOST_USER_VRING_INDEX_MASK);

	if (!queue || !has_fd_as_said(vhost))
		return OUTCOME_REFUSED;
	if (vhost->message.fds.count == 0) {
		vhost_complain(vhost,
			"the VMM wants its queue to be polled, which is not supported");
		return OUTCOME_REFUSED;
	}
	vhost_queue_set_kick(queue, stream_fds_take(&vhost->message.fds),
		vhost_take_number(vhost, 0));
	return vhost_queue_start(queue) ? OUTCOME_DONE : OUTCOME_REFUSED;
}

static enum outcome set_vring_call(struct vhost *vhost)
{
	struct vhost_queue *queue = find_queue(vhost,
		read_u64(vhost) & VHOST_USER_VRING_INDEX_MASK);

	if (!queue || !has_fd_as_said(vhost))
		return OUTCOME_REFUSED;
	vhost_queue_set_call(queue, stream_fds_take(&vhost->message.fds),
		vhost_take_number(vhost, 0));
	/* What was used while the old one was in place may not have been seen. */
	if (queue->runs && queue->call_fd >= 0)
		signaller_add(queue->call_fd);
	return OUTCOME_DONE;
}

/* We report no errors by it: a broken ring is said in the log. */
static enum outcome set_vring_err(struct vhost *vhost)
{
	if (!find_queue(vhost, read_u64(vhost) & VHOST_USER_VRING_INDEX_MASK) ||
		!has_fd_as_said(vhost))
		return OUTCOME_REFUSED;
	return OUTCOME_DONE;
}

static enum outcome set_backend_req_fd(struct vhost *vhost)
{
	closer_close(vhost->stream.closer, vhost->backend_request_fd);
	kept_fds_remove(vhost->kept, vhost->backend_request_kept, false);
	vhost->backend_request_fd = stream_fds_take(&vhost->message.fds);
	vhost->backend_request_kept = vhost_take_number(vhost, 0);
	return OUTCOME_DONE;
}

/* The head of GET_CONFIG and SET_CONFIG; false: it does not agree with the message. */
static bool read_config_head(struct vhost *vhost, struct vhost_user_config *head)
{
	memcpy(head, vhost->message.wire.payload, sizeof(*head));
	if (head->size == vhost->message.wire.header.size - sizeof(*head))
		return true;
	vhost_complain(vhost, "request %u has not the %u bytes of configuration that it speaks of",
		vhost->message.wire.header.request, head->size);
	return false;
}

static enum outcome get_config(struct vhost *vhost)
{
	struct vhost_user_config head;

	/* An answer without payload is how a back-end says no. */
	if (read_config_head(vhost, &head) &&
		vhost->listener->get_config(vhost->data, head.offset, head.size,
			vhost->message.wire.payload + sizeof(head)))
		return OUTCOME_REPLY;
	vhost->message.wire.header.size = 0;
	return OUTCOME_REPLY;
}

static enum outcome set_config(struct vhost *vhost)
{
	struct vhost_user_config head;

	if (!read_config_head(vhost, &head))
		return OUTCOME_REFUSED;
	if (vhost->listener->set_config(vhost->data, head.offset, head.size,
		    vhost->message.wire.payload + sizeof(head)))
		return OUTCOME_DONE;
	vhost_complain(vhost, "the VMM writes %u bytes at %u, outside the configuration", head.size,
		head.offset);
	return OUTCOME_REFUSED;
}

/* ---- one message ---- */

#define MEMORY_REGION_SIZE (sizeof(uint64_t) + sizeof(struct vhost_user_memory_region))

static const struct request {
	uint32_t number;
	uint32_t least_size, most_size; /* of the payload, bytes */
	uint32_t least_fds, most_fds;
	enum outcome (*handle)(struct vhost *vhost);
} requests[] = {
	{VHOST_USER_GET_FEATURES, 0, 0, 0, 0, get_features},
	{VHOST_USER_SET_FEATURES, 8, 8, 0, 0, set_features},
	{VHOST_USER_SET_OWNER, 0, 0, 0, 0, nothing_to_do},
	{VHOST_USER_RESET_OWNER, 0, 0, 0, 0, reset_device},
	{VHOST_USER_SET_MEM_TABLE, sizeof(struct vhost_user_memory), VHOST_USER_PAYLOAD_MAX, 0,
		VHOST_USER_FDS_MAX, set_mem_table},
	{VHOST_USER_SET_VRING_NUM, 8, 8, 0, 0, set_vring_num},
	{VHOST_USER_SET_VRING_ADDR, sizeof(struct vhost_user_vring_address),
		sizeof(struct vhost_user_vring_address), 0, 0, set_vring_addr},
	{VHOST_USER_SET_VRING_BASE, 8, 8, 0, 0, set_vring_base},
	{VHOST_USER_GET_VRING_BASE, 8, 8, 0, 0, get_vring_base},
	{VHOST_USER_SET_VRING_KICK, 8, 8, 0, 1, set_vring_kick},
	{VHOST_USER_SET_VRING_CALL, 8, 8, 0, 1, set_vring_call},
	{VHOST_USER_SET_VRING_ERR, 8, 8, 0, 1, set_vring_err},
	{VHOST_USER_GET_PROTOCOL_FEATURES, 0, 0, 0, 0, get_protocol_features},
	{VHOST_USER_SET_PROTOCOL_FEATURES, 8, 8, 0, 0, set_protocol_features},
	{VHOST_USER_GET_QUEUE_NUM, 0, 0, 0, 0, get_queue_num},
	{VHOST_USER_SET_VRING_ENABLE, 8, 8, 0, 0, set_vring_enable},
	{VHOST_USER_SET_BACKEND_REQ_FD, 0, 0, 1, 1, set_backend_req_fd},
	{VHOST_USER_GET_CONFIG, sizeof(struct vhost_user_config), VHOST_USER_PAYLOAD_MAX, 0, 0,
		get_config},
	{VHOST_USER_SET_CONFIG, sizeof(struct vhost_user_config), VHOST_USER_PAYLOAD_MAX, 0, 0,
		set_config},
	{VHOST_USER_RESET_DEVICE, 0, 0, 0, 0, reset_device},
	{VHOST_USER_GET_MAX_MEM_SLOTS, 0, 0, 0, 0, get_max_mem_slots},
	{VHOST_USER_ADD_MEM_REG, MEMORY_REGION_SIZE, MEMORY_REGION_SIZE, 1, 1, add_mem_reg},
	/* libvhost-user's VMMs send the region's fd along; it says nothing. */
	{VHOST_USER_REM_MEM_REG, MEMORY_REGION_SIZE, MEMORY_REGION_SIZE, 0, 1, rem_mem_reg},
};

static const struct request *find_request(uint32_t number)
{
	for (size_t i = 0; i < G_N_ELEMENTS(requests); i++) {
		if (requests[i].number == number)
			return &requests[i];
	}
	return NULL;
}

static bool has_shape(struct vhost *vhost, const struct request *request)
{
	const struct vhost_user_header *header = &vhost->message.wire.header;
	size_t fds = vhost->message.fds.count;

	if (header->size < request->least_size || header->size > request->most_size) {
		vhost_complain(vhost, "closing vhost-user: the VMM sent request %u of %u bytes",
			header->request, header->size);
		return false;
	}
	if (fds < request->least_fds || fds > request->most_fds) {
		vhost_complain(vhost, "closing vhost-user: the VMM sent request %u with %zu fds",
			header->request, fds);
		return false;
	}
	return true;
}

enum message_status vhost_send_reply(struct vhost *vhost)
{
	struct vhost_user_header *header = &vhost->message.wire.header;
	g_autofree char *fault = NULL;
	enum message_status status;

	header->flags = VHOST_USER_VERSION | VHOST_USER_REPLY;
	vhost_note(vhost, VHOST_STEP_ANSWER);
	status = message_send(&vhost->stream, header, NULL, 0, &fault);
	vhost->owes = status == MESSAGE_WAIT;
	if (fault)
		vhost_complain(vhost, "closing vhost-user: the VMM %s", fault);
	return status;
}

enum message_status vhost_handle_message(struct vhost *vhost)
{
	const struct vhost_user_header *header = &vhost->message.wire.header;
	const struct request *request = find_request(header->request);
	bool wants_reply = header->flags & VHOST_USER_NEED_REPLY;
	enum outcome outcome = OUTCOME_UNKNOWN;

	if (request) {
		if (!has_shape(vhost, request))
			return MESSAGE_FAULT;
		outcome = request->handle(vhost);
	}
	vhost->holds = outcome == OUTCOME_LATER;
	if (vhost->holds)
		return MESSAGE_WAIT;
	vhost->tries = 0;
	if (outcome == OUTCOME_REPLY)
		return vhost_send_reply(vhost);
	if (wants_reply) {
		reply_u64(vhost, outcome != OUTCOME_DONE);
		return vhost_send_reply(vhost);
	}
	return outcome == OUTCOME_REFUSED ? MESSAGE_FAULT : MESSAGE_DONE;
}
