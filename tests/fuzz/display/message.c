/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "message.h"

#include <drm_fourcc.h>
#include <glib.h>
#include <string.h>
#include <unistd.h>

#include "dmabufs.h"
#include "guest_limits.h"
#include "vhost_user_gpu.h"

/* Pixels of the largest picture that is sent whole. */
#define PIXELS_MAX (128 * 96)
#define PAYLOAD_MAX (sizeof(struct vhost_user_gpu_update) + PIXELS_MAX * 4)
#define FDS_MAX 3

/* Of the largest picture that is taken, pixels. */
#define SLOW_SIDE 512u

struct message {
	struct vhost_user_gpu_header header;
	uint8_t payload[PAYLOAD_MAX];
} __attribute__((packed));

/* The bits of a message's first byte: what is wrong with it. */
enum wrong {
	WRONG_SIZE = 1 << 0, /* as the header has it */
	WRONG_FDS = 1 << 1, /* more, or none, or of another kind */
	WRONG_VALUES = 1 << 2, /* any scanout and geometry */
	IN_PIECES = 1 << 3, /* a turn of the loop between two pieces … */
	UNFINISHED = 1 << 4, /* … of which the second never comes */
};

static uint32_t choose_scanout(struct fuzz *fuzz, uint8_t wrong)
{
	return wrong & WRONG_VALUES ? fuzz_odd(fuzz) : fuzz_pick(fuzz, 3);
}

/* What is refused for its size is so at once; what is large, and taken, is the same as what is
 * small, for seconds. */
static bool is_slow(uint32_t width, uint32_t height)
{
	uint64_t bytes = (uint64_t)width * height * 4;

	return bytes > SLOW_SIDE * SLOW_SIDE * 4 && bytes <= GUEST_SURFACE_BYTES_MAX;
}

/* Of a picture, pixels. */
static void choose_size(struct fuzz *fuzz, uint8_t wrong, uint32_t *width, uint32_t *height)
{
	static const struct {
		uint32_t width;
		uint32_t height;
	} sizes[] = {{64, 48}, {64, 48}, {48, 64}, {16, 16}, {1, 1}, {128, 96}, {0, 0}};
	size_t size = fuzz_pick(fuzz, G_N_ELEMENTS(sizes));

	*width = wrong & WRONG_VALUES ? fuzz_odd(fuzz) : sizes[size].width;
	*height = wrong & WRONG_VALUES ? fuzz_odd(fuzz) : sizes[size].height;
	if (is_slow(*width, *height)) {
		*width %= SLOW_SIDE;
		*height %= SLOW_SIDE;
	}
}

static struct vhost_user_gpu_update choose_update(struct fuzz *fuzz, uint8_t wrong)
{
	struct vhost_user_gpu_update update = {.scanout = choose_scanout(fuzz, wrong)};
	uint32_t width, height;

	choose_size(fuzz, wrong, &width, &height);
	update.width = width;
	update.height = height;
	update.x = wrong & WRONG_VALUES ? fuzz_odd(fuzz) : fuzz_pick(fuzz, 4) * 8;
	update.y = wrong & WRONG_VALUES ? fuzz_odd(fuzz) : fuzz_pick(fuzz, 4) * 8;
	return update;
}

static size_t fill_scanout(struct message *message, struct fuzz *fuzz, uint8_t wrong)
{
	struct vhost_user_gpu_scanout scanout = {.scanout = choose_scanout(fuzz, wrong)};
	uint32_t width, height;

	choose_size(fuzz, wrong, &width, &height);
	scanout.width = width;
	scanout.height = height;
	memcpy(message->payload, &scanout, sizeof(scanout));
	return sizeof(scanout);
}

static size_t fill_update(struct message *message, struct fuzz *fuzz, uint8_t wrong)
{
	const struct vhost_user_gpu_update update = choose_update(fuzz, wrong);
	uint64_t bytes = (uint64_t)update.width * update.height * 4;
	size_t sent = (size_t)MIN(bytes, PIXELS_MAX * 4);

	memcpy(message->payload, &update, sizeof(update));
	memset(message->payload + sizeof(update), fuzz_u8(fuzz), sent);
	message->header.size = (uint32_t)(sizeof(update) + bytes);
	return sizeof(update) + sent;
}

static uint32_t choose_fourcc(struct fuzz *fuzz)
{
	static const uint32_t formats[] = {DRM_FORMAT_XRGB8888, DRM_FORMAT_ARGB8888,
		DRM_FORMAT_XBGR8888, DRM_FORMAT_RGB565, DRM_FORMAT_RGB888, DRM_FORMAT_XRGB2101010,
		DRM_FORMAT_NV12};
	uint8_t choice = fuzz_u8(fuzz);

	return choice < 0xf0 ? formats[choice % G_N_ELEMENTS(formats)] : fuzz_u32(fuzz);
}

static size_t fill_dmabuf(struct message *message, struct fuzz *fuzz, uint8_t wrong)
{
	static const uint64_t modifiers[] = {DRM_FORMAT_MOD_LINEAR, DRM_FORMAT_MOD_INVALID,
		I915_FORMAT_MOD_X_TILED};
	struct vhost_user_gpu_dmabuf_scanout2 set = {0};
	struct vhost_user_gpu_dmabuf_scanout *first = &set.dmabuf_scanout;
	uint8_t how = fuzz_u8(fuzz);
	uint32_t width, height;

	choose_size(fuzz, wrong, &width, &height);
	first->scanout = choose_scanout(fuzz, wrong);
	first->fd_width = width;
	first->fd_height = height;
	first->fd_stride = wrong & WRONG_VALUES ? fuzz_odd(fuzz) : width * 4;
	first->width = how & 1 ? width / 2 : width;
	first->height = how & 2 ? height / 2 : height;
	first->x = how & 4 ? fuzz_odd(fuzz) : 0;
	first->y = how & 8 ? width / 4 : 0;
	first->fd_flags = how & 16 ? VHOST_USER_GPU_DMABUF_Y_0_TOP : 0;
	first->fd_drm_fourcc = (int32_t)choose_fourcc(fuzz);
	set.modifier = modifiers[(how >> 5) % G_N_ELEMENTS(modifiers)];
	memcpy(message->payload, &set, sizeof(set));
	return message->header.request == VHOST_USER_GPU_DMABUF_SCANOUT ? sizeof(*first)
									: sizeof(set);
}

static size_t fill_cursor(struct message *message, struct fuzz *fuzz, uint8_t wrong)
{
	struct vhost_user_gpu_cursor_update *cursor = (void *)message->payload;

	cursor->pos.scanout = choose_scanout(fuzz, wrong);
	cursor->pos.x = (int32_t)fuzz_odd(fuzz);
	cursor->pos.y = (int16_t)fuzz_u16(fuzz);
	if (message->header.request != VHOST_USER_GPU_CURSOR_UPDATE)
		return sizeof(cursor->pos);
	cursor->hot_x = fuzz_odd(fuzz);
	cursor->hot_y = fuzz_odd(fuzz);
	memset(cursor->data, fuzz_u8(fuzz), sizeof(cursor->data));
	return sizeof(*cursor);
}

/* Returns how many bytes of payload there are; the header says the same or more. */
static size_t fill(struct message *message, struct fuzz *fuzz, uint8_t wrong)
{
	struct vhost_user_gpu_update update;
	size_t size;

	switch (message->header.request) {
	case VHOST_USER_GPU_CURSOR_POS:
	case VHOST_USER_GPU_CURSOR_POS_HIDE:
	case VHOST_USER_GPU_CURSOR_UPDATE:
		size = fill_cursor(message, fuzz, wrong);
		break;
	case VHOST_USER_GPU_SCANOUT:
		size = fill_scanout(message, fuzz, wrong);
		break;
	case VHOST_USER_GPU_UPDATE:
		return fill_update(message, fuzz, wrong);
	case VHOST_USER_GPU_DMABUF_SCANOUT:
	case VHOST_USER_GPU_DMABUF_SCANOUT2:
		size = fill_dmabuf(message, fuzz, wrong);
		break;
	case VHOST_USER_GPU_DMABUF_UPDATE:
		update = choose_update(fuzz, wrong);
		memcpy(message->payload, &update, size = sizeof(update));
		break;
	case VHOST_USER_GPU_SET_PROTOCOL_FEATURES:
	case VHOST_USER_GPU_GET_EDID:
		size = message->header.request == VHOST_USER_GPU_GET_EDID ? 4 : 8;
		memset(message->payload, 0, size);
		message->payload[0] = fuzz_u8(fuzz);
		break;
	default:
		size = message->header.request > 3 ? fuzz_pick(fuzz, 256) : 0;
		memset(message->payload, 0, size);
		break;
	}
	message->header.size = (uint32_t)size;
	return size;
}

static size_t open_fds(struct fuzz *fuzz, uint32_t request, uint8_t wrong, int fds[FDS_MAX])
{
	bool wanted = request == VHOST_USER_GPU_DMABUF_SCANOUT ||
		request == VHOST_USER_GPU_DMABUF_SCANOUT2;
	size_t count = wanted ? 1 : 0;

	if (wrong & WRONG_FDS)
		count = fuzz_pick(fuzz, FDS_MAX + 1);
	for (size_t i = 0; i < count; i++)
		fds[i] = wrong & WRONG_FDS ? fuzz_fd(fuzz) : dmabufs_open(fuzz);
	return count;
}

static uint32_t choose_request(struct fuzz *fuzz)
{
	uint8_t choice = fuzz_u8(fuzz);

	return choice < 0xf0 ? 1 + choice % VHOST_USER_GPU_DMABUF_SCANOUT2 : fuzz_odd(fuzz);
}

static void send_pieces(struct fuzz *fuzz, int peer, const struct message *message, size_t size,
	uint8_t wrong, const int *fds, size_t fd_count)
{
	const uint8_t *bytes = (const uint8_t *)message;
	size_t first = size;

	if (wrong & (IN_PIECES | UNFINISHED))
		first = 1 + fuzz_u16(fuzz) % size;
	fuzz_send(peer, bytes, first, fds, fd_count);
	if (first == size || wrong & UNFINISHED)
		return;
	fuzz_turns(2);
	fuzz_send(peer, bytes + first, size - first, NULL, 0);
}

void message_send(struct fuzz *fuzz, int peer)
{
	static struct message message;
	uint8_t wrong = fuzz_u8(fuzz);
	int fds[FDS_MAX];
	size_t fd_count, size;

	/* Half of them are right in every way, or nothing gets far. */
	if (wrong & 0x80)
		wrong = 0;
	message.header = (struct vhost_user_gpu_header){choose_request(fuzz), fuzz_u8(fuzz), 0};
	size = sizeof(message.header) + fill(&message, fuzz, wrong);
	if (wrong & WRONG_SIZE)
		message.header.size = fuzz_odd(fuzz);
	fd_count = open_fds(fuzz, message.header.request, wrong, fds);
	send_pieces(fuzz, peer, &message, size, wrong, fds, fd_count);
	for (size_t i = 0; i < fd_count; i++)
		close(fds[i]);
}

void message_send_piece(const struct fuzz_piece *piece, struct fuzz *fuzz, int peer)
{
	int fds[7];

	for (unsigned int i = 0; i < piece->fds; i++)
		fds[i] = dmabufs_open(fuzz);
	fuzz_send(peer, piece->bytes, piece->size, fds, piece->fds);
	for (unsigned int i = 0; i < piece->fds; i++)
		close(fds[i]);
}
