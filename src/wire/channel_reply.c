/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The queue of replies of one channel: strictly in the order of the requests, each made when it is
 * the oldest (so that what it says is true when it goes out), written without blocking. State is
 * all in channel_state. Called by channel.c and, for answers to DMABUF_UPDATE, by the guest.
 */
#include "wire/channel_internal.h"

#include <errno.h>
#include <string.h>

#include "log.h"

#define REPLY_MAX (sizeof(struct vhost_user_gpu_header) + sizeof(struct virtio_gpu_resp_edid))

G_STATIC_ASSERT(CHANNEL_UNSENT_SIZE >= REPLY_MAX);
G_STATIC_ASSERT(sizeof(struct virtio_gpu_resp_edid) >= sizeof(struct virtio_gpu_resp_display_info));

/* Any reply, as it goes out. */
struct reply {
	struct vhost_user_gpu_header header;
	union {
		uint64_t features;
		struct virtio_gpu_resp_display_info display_info;
		struct virtio_gpu_resp_edid edid;
	} payload;
} __attribute__((packed));

/* The answer to a DMABUF_UPDATE, the one of which there are many. */
static const struct vhost_user_gpu_header presented = {
	.request = VHOST_USER_GPU_DMABUF_UPDATE,
	.flags = VHOST_USER_GPU_REPLY,
};

static void fill_edid(struct channel *channel, uint32_t scanout, struct virtio_gpu_resp_edid *edid)
{
	uint32_t size = 0;

	if (scanout < VHOST_USER_GPU_SCANOUTS)
		size = channel->listener->edid(channel->data, scanout, edid->edid);
	edid->hdr.type = GUINT32_TO_LE(VIRTIO_GPU_RESP_OK_EDID);
	edid->size = GUINT32_TO_LE(MIN(size, VIRTIO_GPU_EDID_MAX));
}

/* On the stack first: the listener may destroy the channel, and the state with it. */
static void fill(struct channel *channel, const struct channel_owed *owed, struct reply *reply)
{
	uint32_t size = 0;

	switch (owed->request) {
	case VHOST_USER_GPU_GET_PROTOCOL_FEATURES:
		size = sizeof(reply->payload.features);
		reply->payload.features = VHOST_USER_GPU_FEATURE_EDID |
			VHOST_USER_GPU_FEATURE_DMABUF2;
		break;
	case VHOST_USER_GPU_GET_DISPLAY_INFO:
		size = sizeof(reply->payload.display_info);
		memset(&reply->payload, 0, size);
		channel->listener->display_info(channel->data, &reply->payload.display_info);
		reply->payload.display_info.hdr.type = GUINT32_TO_LE(
			VIRTIO_GPU_RESP_OK_DISPLAY_INFO);
		break;
	case VHOST_USER_GPU_GET_EDID:
		size = sizeof(reply->payload.edid);
		memset(&reply->payload, 0, size);
		fill_edid(channel, owed->scanout, &reply->payload.edid);
		break;
	default:
		break;
	}
	reply->header = (struct vhost_user_gpu_header){
		.request = owed->request,
		.flags = VHOST_USER_GPU_REPLY,
		.size = size,
	};
}

static void append(struct channel_state *state, const void *reply, size_t size)
{
	memcpy(state->unsent + state->unsent_end, reply, size);
	state->unsent_end += (uint32_t)size;
}

/* False: the listener closed the channel. */
static G_GNUC_NO_INLINE bool answer(struct channel *channel, const struct channel_owed *owed)
{
	struct reply reply;

	fill(channel, owed, &reply);
	if (!channel_is_open(channel))
		return false;
	append(channel->state, &reply, sizeof(reply.header) + reply.header.size);
	return true;
}

/* Moves the replies whose turn has come from `owed` to `unsent`, as many as there is room for. */
static bool make_replies(struct channel *channel)
{
	struct channel_state *state = channel->state;

	while (channel_reply_is_ready(state) &&
		CHANNEL_UNSENT_SIZE - state->unsent_end >= REPLY_MAX) {
		struct channel_owed owed = state->owed[0];

		/* Not owed any more before the listener is asked: it may call back. */
		if (--state->owed_count > 0)
			memmove(state->owed, state->owed + 1,
				state->owed_count * sizeof(state->owed[0]));
		if (owed.request == VHOST_USER_GPU_DMABUF_UPDATE)
			append(state, &presented, sizeof(presented));
		else if (!answer(channel, &owed))
			return false;
		channel->counters.replies++;
	}
	return true;
}

/* True when all is written and there may be more to make. */
static bool write_unsent(struct channel *channel)
{
	struct channel_state *state = channel->state;
	struct iovec iov = {
		.iov_base = state->unsent + state->unsent_begin,
		.iov_len = state->unsent_end - state->unsent_begin,
	};
	size_t bytes = iov.iov_len;
	enum stream_status status = STREAM_DONE;

	if (channel->journal && bytes > 0)
		channel_note_call(channel, CHANNEL_CALL_WRITE);
	if (!channel->unheard)
		status = stream_write(&channel->stream, &iov, 1, &bytes, NULL, 0);
	if (status == STREAM_EOF || status == STREAM_ERROR) {
		/* What the peer has sent before it went is still worth reading. */
		if (status == STREAM_ERROR && errno != ECONNRESET)
			log_guest(G_LOG_LEVEL_WARNING, channel->name,
				"cannot write to the back-end: %s", g_strerror(errno));
		channel->unheard = true;
		bytes = iov.iov_len;
	}
	state->unsent_begin += (uint32_t)bytes;
	if (state->unsent_begin == state->unsent_end)
		state->unsent_begin = state->unsent_end = 0;
	channel_note(channel);
	return state->unsent_end == 0;
}

bool channel_flush_replies(struct channel *channel)
{
	bool written;

	do {
		if (!make_replies(channel))
			return false;
		written = write_unsent(channel);
	} while (written && channel_has_replies(channel->state));
	return true;
}
