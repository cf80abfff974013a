/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What each message must look like, and whom it is told to: the fault table of channel.h in code.
 * Works on the bytes that channel.c has put into the buffer; reads no socket.
 */
#include "wire/channel_internal.h"

#include <drm_fourcc.h>
#include <string.h>

#include "log.h"
#include "vhost_user.h"

#define HEADER_SIZE ((uint32_t)sizeof(struct vhost_user_gpu_header))

/* No format has more bytes a pixel. */
#define STRIDE_MAX (CHANNEL_SIDE_MAX * 16u)

/* A message whose header, and as much payload as it needs to be judged, is there. */
struct message {
	uint32_t request;
	uint32_t size; /* of the whole payload */
	const uint8_t *payload;
	int fd; /* -1: none, or CHANNEL_FD_LOST; who uses it sets it to -1 */
};

const char *channel_request_name(uint32_t request)
{
	static const char *const names[] = {
		[VHOST_USER_GPU_GET_PROTOCOL_FEATURES] = "GET_PROTOCOL_FEATURES",
		[VHOST_USER_GPU_SET_PROTOCOL_FEATURES] = "SET_PROTOCOL_FEATURES",
		[VHOST_USER_GPU_GET_DISPLAY_INFO] = "GET_DISPLAY_INFO",
		[VHOST_USER_GPU_CURSOR_POS] = "CURSOR_POS",
		[VHOST_USER_GPU_CURSOR_POS_HIDE] = "CURSOR_POS_HIDE",
		[VHOST_USER_GPU_CURSOR_UPDATE] = "CURSOR_UPDATE",
		[VHOST_USER_GPU_SCANOUT] = "SCANOUT",
		[VHOST_USER_GPU_UPDATE] = "UPDATE",
		[VHOST_USER_GPU_DMABUF_SCANOUT] = "DMABUF_SCANOUT",
		[VHOST_USER_GPU_DMABUF_UPDATE] = "DMABUF_UPDATE",
		[VHOST_USER_GPU_GET_EDID] = "GET_EDID",
		[VHOST_USER_GPU_DMABUF_SCANOUT2] = "DMABUF_SCANOUT2",
	};

	if (request < G_N_ELEMENTS(names) && names[request])
		return names[request];
	return "unknown message";
}

/* The one size that the payload may have; of UPDATE and of unknown messages, the least. */
static uint32_t own_size(uint32_t request)
{
	switch (request) {
	case VHOST_USER_GPU_SET_PROTOCOL_FEATURES:
		return sizeof(uint64_t);
	case VHOST_USER_GPU_CURSOR_POS:
	case VHOST_USER_GPU_CURSOR_POS_HIDE:
		return sizeof(struct vhost_user_gpu_cursor_pos);
	case VHOST_USER_GPU_CURSOR_UPDATE:
		return sizeof(struct vhost_user_gpu_cursor_update);
	case VHOST_USER_GPU_SCANOUT:
		return sizeof(struct vhost_user_gpu_scanout);
	case VHOST_USER_GPU_UPDATE:
	case VHOST_USER_GPU_DMABUF_UPDATE:
		return sizeof(struct vhost_user_gpu_update);
	case VHOST_USER_GPU_DMABUF_SCANOUT:
		return sizeof(struct vhost_user_gpu_dmabuf_scanout);
	case VHOST_USER_GPU_DMABUF_SCANOUT2:
		return sizeof(struct vhost_user_gpu_dmabuf_scanout2);
	case VHOST_USER_GPU_GET_EDID:
		return sizeof(struct vhost_user_gpu_edid_request);
	default:
		return 0;
	}
}

static bool is_known(uint32_t request)
{
	return request >= VHOST_USER_GPU_GET_PROTOCOL_FEATURES &&
		request <= VHOST_USER_GPU_DMABUF_SCANOUT2;
}

/* Judged by the header alone, before a byte of the payload is waited for. */
static bool size_is_right(const struct vhost_user_gpu_header *header)
{
	if (!is_known(header->request))
		return header->size <= CHANNEL_UNKNOWN_MAX;
	if (header->request == VHOST_USER_GPU_UPDATE)
		return header->size >= own_size(header->request);
	return header->size == own_size(header->request);
}

static bool check_scanout(struct channel *channel, const struct message *message, uint32_t scanout)
{
	if (scanout < VHOST_USER_GPU_SCANOUTS)
		return true;
	channel_fault(channel, message->request, CHANNEL_FAULT_SCANOUT,
		"scanout %u, but the last one is %d", scanout, VHOST_USER_GPU_SCANOUTS - 1);
	return false;
}

/* ---- messages without an answer ---- */

static void set_features(struct channel *channel, const struct message *message)
{
	const uint64_t known = VHOST_USER_GPU_FEATURE_EDID | VHOST_USER_GPU_FEATURE_DMABUF2;
	uint64_t features;

	memcpy(&features, message->payload, sizeof(features));
	if (features & ~known)
		channel_fault(channel, message->request, CHANNEL_FAULT_FEATURES,
			"features 0x%" G_GINT64_MODIFIER "x were not offered: ignored",
			features & ~known);
	channel->state->features = features & known;
}

static void cursor_pos(struct channel *channel, const struct message *message)
{
	struct vhost_user_gpu_cursor_pos pos;

	memcpy(&pos, message->payload, sizeof(pos));
	if (check_scanout(channel, message, pos.scanout))
		channel->listener->cursor_pos(channel->data, pos.scanout, pos.x, pos.y,
			message->request == VHOST_USER_GPU_CURSOR_POS);
}

static void cursor_update(struct channel *channel, const struct message *message)
{
	const struct vhost_user_gpu_cursor_update *cursor = (const void *)message->payload;

	if (check_scanout(channel, message, cursor->pos.scanout))
		channel->listener->cursor_update(channel->data, cursor);
}

static void scanout(struct channel *channel, const struct message *message)
{
	struct vhost_user_gpu_scanout set;

	memcpy(&set, message->payload, sizeof(set));
	if (!check_scanout(channel, message, set.scanout))
		return;
	if (set.width > CHANNEL_SIDE_MAX || set.height > CHANNEL_SIDE_MAX) {
		channel_fault(channel, message->request, CHANNEL_FAULT_GEOMETRY,
			"%u×%u is larger than %u×%u: ignored", set.width, set.height,
			CHANNEL_SIDE_MAX, CHANNEL_SIDE_MAX);
		return;
	}
	if (!set.width || !set.height)
		set.width = set.height = 0;
	channel->listener->scanout(channel->data, set.scanout, set.width, set.height);
}

/* `a` + `b` is a coordinate that fits an int32_t. */
static bool fits(uint32_t a, uint32_t b)
{
	return (uint64_t)a + b <= INT32_MAX;
}

bool channel_dmabuf_sound(const struct channel_dmabuf *set)
{
	return set->fd_width && set->fd_width <= CHANNEL_SIDE_MAX && set->fd_height &&
		set->fd_height <= CHANNEL_SIDE_MAX && set->fd_stride &&
		set->fd_stride <= STRIDE_MAX && set->width && set->height &&
		fits(set->x, set->width) && fits(set->y, set->height) &&
		set->x + set->width <= set->fd_width && set->y + set->height <= set->fd_height;
}

static void dmabuf_scanout(struct channel *channel, struct message *message)
{
	struct vhost_user_gpu_dmabuf_scanout2 set = {.modifier = DRM_FORMAT_MOD_INVALID};
	const struct vhost_user_gpu_dmabuf_scanout *v1 = &set.dmabuf_scanout;
	struct channel_dmabuf dmabuf = {.modifier = DRM_FORMAT_MOD_INVALID};

	memcpy(&set, message->payload, message->size);
	if (!check_scanout(channel, message, v1->scanout))
		return;
	if (message->fd == CHANNEL_FD_LOST) {
		channel_fault(channel, message->request, CHANNEL_FAULT_LOST_FD,
			"this process can have no more file descriptors: ignored");
		return;
	}
	if (message->fd < 0) {
		channel->listener->dmabuf_scanout(channel->data, v1->scanout, &dmabuf, -1);
		return;
	}
	dmabuf = (struct channel_dmabuf){
		.x = v1->x,
		.y = v1->y,
		.width = v1->width,
		.height = v1->height,
		.fd_width = v1->fd_width,
		.fd_height = v1->fd_height,
		.fd_stride = v1->fd_stride,
		.fourcc = (uint32_t)v1->fd_drm_fourcc,
		.modifier = set.modifier,
		.y_inverted = v1->fd_flags & VHOST_USER_GPU_DMABUF_Y_0_TOP,
	};
	if (!channel_dmabuf_sound(&dmabuf)) {
		channel_fault(channel, message->request, CHANNEL_FAULT_GEOMETRY,
			"%u×%u+%u+%u of a %u×%u dma-buf with %u bytes a row: ignored", v1->width,
			v1->height, v1->x, v1->y, v1->fd_width, v1->fd_height, v1->fd_stride);
		return;
	}
	int fd = message->fd;
	message->fd = -1;
	channel->listener->dmabuf_scanout(channel->data, v1->scanout, &dmabuf, fd);
}

/* ---- messages with an answer ---- */

static void dmabuf_update(struct channel *channel, const struct message *message)
{
	struct vhost_user_gpu_update update;

	memcpy(&update, message->payload, sizeof(update));
	check_scanout(channel, message, update.scanout);
	if (!update.width || !update.height)
		channel_fault(channel, message->request, CHANNEL_FAULT_EMPTY,
			"empty rectangle: nothing to show");
	/* Rectangles are clipped anyway, so one that says "to the end" is no fault. */
	update.x = MIN(update.x, INT32_MAX);
	update.y = MIN(update.y, INT32_MAX);
	update.width = MIN(update.width, INT32_MAX - update.x);
	update.height = MIN(update.height, INT32_MAX - update.y);
	channel_owe(channel, message->request, update.scanout);
	channel->listener->dmabuf_update(channel->data, &update);
}

static void get_edid(struct channel *channel, const struct message *message)
{
	struct vhost_user_gpu_edid_request get;

	memcpy(&get, message->payload, sizeof(get));
	check_scanout(channel, message, get.scanout);
	channel_owe(channel, message->request, get.scanout);
}

/* ---- pixels ---- */

static void skip_pixels(struct channel *channel)
{
	struct channel_state *state = channel->state;

	/* The size of a message has 32 bits. */
	state->skip = (uint32_t)(state->pixels_left - state->arrived);
	state->skip_request = VHOST_USER_GPU_UPDATE;
	state->pixels_left = 0;
	state->arrived = 0;
}

bool channel_begin_update(struct channel *channel)
{
	struct vhost_user_gpu_update update = channel->state->update;
	bool wanted = channel->listener->update_begin(channel->data, &update, &channel->pixels);

	if (!channel_is_open(channel))
		return false;
	if (wanted)
		return true;
	channel->pixels.row = NULL;
	channel_fault(channel, VHOST_USER_GPU_UPDATE, CHANNEL_FAULT_SURFACE,
		"%u×%u+%u+%u is not inside scanout %u: skipped", update.width, update.height,
		update.x, update.y, update.scanout);
	skip_pixels(channel);
	return true;
}

bool channel_advance_update(struct channel *channel, uint64_t bytes)
{
	struct vhost_user_gpu_update update = channel->state->update;
	uint64_t row_size = (uint64_t)update.width * sizeof(uint32_t);
	uint64_t before = row_size * update.height - channel->state->pixels_left;
	uint32_t rows = (uint32_t)((before + bytes) / row_size);

	channel->state->pixels_left -= bytes;
	channel->state->arrived = 0;
	if (!channel->state->pixels_left) {
		channel->pixels.row = NULL;
		channel->listener->update_end(channel->data, &update);
	} else if (rows > before / row_size) {
		channel->listener->update_rows(channel->data, &update, rows);
	}
	return channel_is_open(channel);
}

/* The head of an UPDATE; its pixels are dealt with by channel_process() and channel.c. */
static bool update_head(struct channel *channel, const struct message *message)
{
	struct channel_state *state = channel->state;
	struct vhost_user_gpu_update update;

	memcpy(&update, message->payload, sizeof(update));
	uint64_t area = (uint64_t)update.width * update.height;
	uint64_t pixels = message->size - sizeof(update);
	if (pixels % sizeof(uint32_t) || pixels / sizeof(uint32_t) != area) {
		channel_fault(channel, message->request, CHANNEL_FAULT_SIZE,
			"payload of %u bytes for %u×%u pixels: connection closed", message->size,
			update.width, update.height);
		return channel_close(channel);
	}
	state->update = update;
	state->pixels_left = pixels;
	if (!check_scanout(channel, message, update.scanout)) {
		skip_pixels(channel);
	} else if (!area) {
		channel_fault(channel, message->request, CHANNEL_FAULT_EMPTY,
			"empty rectangle: ignored");
	} else if (!fits(update.x, update.width) || !fits(update.y, update.height)) {
		channel_fault(channel, message->request, CHANNEL_FAULT_GEOMETRY,
			"%u×%u+%u+%u ends nowhere: skipped", update.width, update.height, update.x,
			update.y);
		skip_pixels(channel);
	} else {
		return channel_begin_update(channel);
	}
	return true;
}

/* What was read ahead of an UPDATE's pixels is copied; the rest is received in place. */
static bool copy_pixels(struct channel *channel)
{
	struct channel_state *state = channel->state;
	uint64_t row_size = (uint64_t)state->update.width * sizeof(uint32_t);
	uint64_t done = row_size * state->update.height - state->pixels_left;
	uint32_t bytes = (uint32_t)MIN(state->end - state->begin, state->pixels_left);

	for (uint32_t copied = 0; copied < bytes;) {
		uint64_t row = (done + copied) / row_size;
		uint64_t column = (done + copied) % row_size;
		uint32_t part = (uint32_t)MIN(bytes - copied, row_size - column);

		memcpy(channel->pixels.row + row * channel->pixels.stride + column,
			state->buffer + state->begin + copied, part);
		copied += part;
	}
	state->begin += bytes;
	return channel_advance_update(channel, bytes);
}

static void skip_buffered(struct channel_state *state)
{
	uint32_t bytes = MIN(state->end - state->begin, state->skip);

	state->begin += bytes;
	state->skip -= bytes;
}

/* ---- one message ---- */

static bool tell(struct channel *channel, struct message *message)
{
	switch (message->request) {
	case VHOST_USER_GPU_GET_PROTOCOL_FEATURES:
	case VHOST_USER_GPU_GET_DISPLAY_INFO:
		channel_owe(channel, message->request, 0);
		break;
	case VHOST_USER_GPU_SET_PROTOCOL_FEATURES:
		set_features(channel, message);
		break;
	case VHOST_USER_GPU_CURSOR_POS:
	case VHOST_USER_GPU_CURSOR_POS_HIDE:
		cursor_pos(channel, message);
		break;
	case VHOST_USER_GPU_CURSOR_UPDATE:
		cursor_update(channel, message);
		break;
	case VHOST_USER_GPU_SCANOUT:
		scanout(channel, message);
		break;
	case VHOST_USER_GPU_UPDATE:
		return update_head(channel, message);
	case VHOST_USER_GPU_DMABUF_SCANOUT:
	case VHOST_USER_GPU_DMABUF_SCANOUT2:
		dmabuf_scanout(channel, message);
		break;
	case VHOST_USER_GPU_DMABUF_UPDATE:
		dmabuf_update(channel, message);
		break;
	case VHOST_USER_GPU_GET_EDID:
		get_edid(channel, message);
		break;
	default:
		channel_fault(channel, message->request, CHANNEL_FAULT_UNKNOWN,
			"number %u with %u bytes: skipped", message->request, message->size);
		channel->state->skip = message->size;
		channel->state->skip_request = message->request;
		break;
	}
	return channel_is_open(channel);
}

/* Takes the fds that came with the message; what it has no use for is closed. */
static void take_fd(struct channel *channel, struct message *message, uint32_t offset)
{
	bool more = false;

	message->fd = channel_take_fd(channel, offset, &more);
	if (message->fd >= 0 && !channel_takes_fd(message->request)) {
		channel_drop_fd(channel, message->fd);
		message->fd = -1;
		/* An unknown message is a fault of its own, fd and all. */
		if (is_known(message->request))
			channel_fault(channel, message->request, CHANNEL_FAULT_FD,
				"came with a file descriptor: closed");
	} else if (more) {
		channel_fault(channel, message->request, CHANNEL_FAULT_SECOND_FD,
			"came with more than one file descriptor: closed");
	}
}

/* What a VMM says first has the same number and size as what a back-end does. Flags are garbage in
 * general, so this is no fault, but a hint. */
static void hint_at_vmm(const struct channel *channel, const struct vhost_user_gpu_header *header)
{
	if (channel->counters.messages == 0 && header->flags == VHOST_USER_VERSION &&
		header->request == VHOST_USER_GPU_GET_PROTOCOL_FEATURES && header->size == 0)
		log_guest(G_LOG_LEVEL_WARNING, channel->name,
			"its peer seems to speak vhost-user, as a VMM does, on the display socket, "
			"which is a back-end's: a VMM belongs at vmm-socket=");
}

/* 1: a message was consumed. 0: the next one is incomplete. -1: the channel is closed. */
static int process_one(struct channel *channel)
{
	struct channel_state *state = channel->state;
	struct vhost_user_gpu_header header;

	if (state->end - state->begin < HEADER_SIZE)
		return 0;
	memcpy(&header, state->buffer + state->begin, HEADER_SIZE);
	if (!size_is_right(&header)) {
		channel_fault(channel, header.request, CHANNEL_FAULT_SIZE,
			"payload of %u bytes: connection closed", header.size);
		channel_close(channel);
		return -1;
	}
	uint32_t head = HEADER_SIZE + own_size(header.request);
	if (state->end - state->begin < head)
		return 0;

	struct message message = {
		.request = header.request,
		.size = header.size,
		.payload = state->buffer + state->begin + HEADER_SIZE,
	};
	hint_at_vmm(channel, &header);
	take_fd(channel, &message, state->begin);
	state->begin += head;
	channel->counters.messages++;
	bool open = tell(channel, &message);
	if (message.fd >= 0)
		channel_drop_fd(channel, message.fd);
	return open ? 1 : -1;
}

static void note_done(struct channel *channel)
{
	if (channel->journal)
		channel->journal->adopted = 0;
	channel_note(channel);
}

/* So many are handled before the clock is asked. */
#define FREE_MESSAGES 8

bool channel_process(struct channel *channel)
{
	struct channel_state *state = channel->state;
	unsigned int count = 0;
	int consumed = 1;

	while (consumed > 0) {
		if (state->skip)
			skip_buffered(state);
		if (state->skip)
			break;
		if (state->pixels_left) {
			if (state->begin == state->end)
				break;
			if (!copy_pixels(channel))
				return false;
			channel_note(channel);
			continue;
		}
		if (channel_queue_full(channel)) {
			channel->stalled = state->begin < state->end;
			break;
		}
		consumed = process_one(channel);
		if (consumed > 0)
			note_done(channel);
		/* Each may cost as much as its sender likes: a picture made, a buffer imported. */
		if (consumed > 0 && ++count >= FREE_MESSAGES && !channel_has_time(channel)) {
			channel->stalled = state->begin < state->end;
			break;
		}
	}
	if (consumed < 0)
		return false;
	if (state->begin == state->end)
		state->begin = state->end = 0;
	return true;
}
