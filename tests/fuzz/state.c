/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A successor that goes on with what another process left in a guest's state, whatever that is: it
 * is refused, or a channel and a guest work on it.
 *
 * Covers: src/scene/state.c src/wire/channel.c src/wire/channel_reply.c
 * Reaches: 70
 */
#include "scene/state.h"

#include <errno.h>
#include <fcntl.h>
#include <glib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "fuzz.h"
#include "scene/guest.h"
#include "vhost_user_gpu.h"

#define WRITES_MAX 24
#define SURFACE_WIDTH 16
#define SURFACE_HEIGHT 16

#define FIELD(name) \
	{ \
		offsetof(struct guest_state, name), sizeof(((struct guest_state *)NULL)->name) \
	}

/* What counts, points or chooses. */
static const struct {
	size_t offset;
	size_t size;
} fields[] = {
	FIELD(channel.features),
	FIELD(channel.update.scanout),
	FIELD(channel.update.x),
	FIELD(channel.update.y),
	FIELD(channel.update.width),
	FIELD(channel.update.height),
	FIELD(channel.pixels_left),
	FIELD(channel.skip),
	FIELD(channel.skip_request),
	FIELD(channel.begin),
	FIELD(channel.end),
	FIELD(channel.owed_count),
	FIELD(channel.owed[0].request),
	FIELD(channel.owed[0].scanout),
	FIELD(channel.owed[0].answered),
	FIELD(channel.owed[1].request),
	FIELD(channel.unsent_begin),
	FIELD(channel.unsent_end),
	FIELD(channel.buffer[0]),
	FIELD(channel.buffer[8]),
	FIELD(channel.buffer[9]),
	FIELD(waiting_count),
	FIELD(waiting[0].scanout),
	FIELD(waiting[0].reply),
	FIELD(waiting[0].views),
	FIELD(waiting[0].paced),
	FIELD(waiting[0].period_us),
	FIELD(waiting[0].fenced),
	FIELD(waiting[0].since_us),
	FIELD(waiting[1].reply),
	FIELD(waiting[CHANNEL_REPLIES_MAX - 1].reply),
	FIELD(last_reply_us),
};

static struct state *first; /* the predecessor's */

/* Its pixels, of their own size so that a write behind them is found; no other scanout has any. */
static uint8_t *surface;

/* ---- who goes on ---- */

static void on_info(void *data, struct virtio_gpu_resp_display_info *info)
{
}

static uint32_t on_edid(void *data, uint32_t scanout, uint8_t *edid)
{
	g_assert(scanout < VHOST_USER_GPU_SCANOUTS);
	return 128;
}

static void on_cursor_pos(void *data, uint32_t scanout, int32_t x, int32_t y, bool visible)
{
	g_assert(scanout < VHOST_USER_GPU_SCANOUTS);
}

static void on_cursor_update(void *data, const struct vhost_user_gpu_cursor_update *cursor)
{
	g_assert(cursor->pos.scanout < VHOST_USER_GPU_SCANOUTS);
}

static void on_scanout(void *data, uint32_t scanout, uint32_t width, uint32_t height)
{
	g_assert(scanout < VHOST_USER_GPU_SCANOUTS);
}

static bool on_update_begin(void *data, const struct vhost_user_gpu_update *update,
	struct channel_pixels *pixels)
{
	g_assert(update->scanout < VHOST_USER_GPU_SCANOUTS);
	if ((uint64_t)update->x + update->width > SURFACE_WIDTH ||
		(uint64_t)update->y + update->height > SURFACE_HEIGHT)
		return false;
	pixels->stride = SURFACE_WIDTH * 4;
	pixels->row = surface + update->y * pixels->stride + update->x * (size_t)4;
	return true;
}

static void on_update_rows(void *data, const struct vhost_user_gpu_update *update, uint32_t rows)
{
	g_assert(rows > 0 && rows < update->height);
}

static void on_update_end(void *data, const struct vhost_user_gpu_update *update)
{
}

static void on_dmabuf_scanout(void *data, uint32_t scanout, const struct channel_dmabuf *dmabuf,
	int fd)
{
	if (fd >= 0)
		close(fd);
}

static void on_dmabuf_update(void *data, const struct vhost_user_gpu_update *update)
{
	struct channel **channel = data;

	channel_reply_dmabuf_update(*channel);
}

static void on_closed(void *data)
{
}

static const struct channel_listener listener = {
	.display_info = on_info,
	.edid = on_edid,
	.cursor_pos = on_cursor_pos,
	.cursor_update = on_cursor_update,
	.scanout = on_scanout,
	.update_begin = on_update_begin,
	.update_rows = on_update_rows,
	.update_end = on_update_end,
	.dmabuf_scanout = on_dmabuf_scanout,
	.dmabuf_update = on_dmabuf_update,
	.closed = on_closed,
};

/* What comes next on the socket is in the input. */
static void go_on_as_channel(struct guest_state *state, struct fuzz *fuzz)
{
	struct channel *channel;
	const uint8_t *bytes;
	size_t size;
	int pair[2];

	fuzz_pair(pair);
	channel = channel_create("g", pair[1], NULL, &state->channel, &listener, &channel, NULL);
	bytes = fuzz_bytes(fuzz, 4096, &size);
	if (size > 0)
		fuzz_send(pair[0], bytes, size, NULL, 0);
	fuzz_turns(16);
	for (unsigned int i = 0; i < CHANNEL_REPLIES_MAX; i++)
		channel_reply_dmabuf_update(channel);
	fuzz_drain(pair[0]);
	fuzz_turns(16);
	fuzz_drain(pair[0]);
	channel_destroy(channel);
	close(pair[0]);
}

static void go_on_as_guest(struct guest_state *state)
{
	const struct guest_options options = {.name = "g"};
	struct guest *guest = guest_create(&options, state);
	int pair[2];

	fuzz_pair(pair);
	guest_attach(guest, pair[1]);
	fuzz_turns(4);
	guest_stop(guest);
	g_assert(state->waiting_count == 0);
	guest_destroy(guest);
	close(pair[0]);
}

/* ---- what was left ---- */

static void leave(struct fuzz *fuzz)
{
	struct guest_state *state = state_guest(first);
	uint8_t writes = fuzz_u8(fuzz) % WRITES_MAX;

	memset(state, 0, sizeof(*state));
	for (uint8_t i = 0; i < writes; i++) {
		size_t field = fuzz_pick(fuzz, G_N_ELEMENTS(fields));
		uint64_t value = fuzz_odd(fuzz);

		if (fields[field].size == sizeof(value) && fuzz_u8(fuzz) & 1)
			value = value << 32 | fuzz_u32(fuzz);
		memcpy((uint8_t *)state + fields[field].offset, &value, fields[field].size);
	}
}

static void first_init(void)
{
	g_autoptr(GError) error = NULL;

	first = state_create("g", &error);
	g_assert_no_error(error);
	surface = g_malloc(SURFACE_WIDTH * SURFACE_HEIGHT * 4);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz fuzz = {data, size};
	struct state *second;
	g_autoptr(GError) error = NULL;
	unsigned int fds;

	if (!first)
		first_init();
	fds = fuzz_open_fds();
	leave(&fuzz);
	second = state_create_from_fd(fcntl(state_fd(first), F_DUPFD_CLOEXEC, 0), &error);
	g_assert((second == NULL) == (error != NULL));
	if (second) {
		go_on_as_channel(state_guest(second), &fuzz);
		go_on_as_guest(state_guest(second));
		state_destroy(second);
	}
	g_assert(fuzz_open_fds() == fds);
	return 0;
}
