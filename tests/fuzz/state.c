/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A successor that goes on with what another process left in a guest's state, whatever that is: it
 * is refused, or a channel and a guest work on it.
 *
 * Covers: src/scene/state.c src/wire/channel.c src/wire/channel_reply.c src/wire/channel_journal.c
 * Covers: src/scene/scanout_kept.c src/scene/guest_kept.c src/scene/surface_left.c
 * Reaches: 93
 * Of each file: 90
 */
#include "scene/state.h"

#include <errno.h>
#include <fcntl.h>
#include <glib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include "fault.h"
#include "fuzz.h"
#include "scene/guest.h"
#include "scene/scanout.h"
#include "scene/surface.h"
#include "vhost_user_gpu.h"
#include "wire/account.h"
#include "wire/kept_fds.h"

#define WRITES_MAX 24
#define SURFACE_WIDTH 16
#define SURFACE_HEIGHT 16

#define FIELD(name) \
	{ \
		offsetof(struct guest_state, name), sizeof(((struct guest_state *)NULL)->name) \
	}

/* What counts, points or chooses. */
static const struct field {
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
};

/* The same of a guest whose pictures were kept. */
static const struct field kept_fields[] = {
	FIELD(used),
	FIELD(journal.current),
	FIELD(journal.progress[0].call),
	FIELD(journal.progress[1].call),
	FIELD(journal.record.call.msg_len),
	FIELD(journal.record.call.msg_hdr.msg_controllen),
	FIELD(channel.pixels_left),
	FIELD(channel.arrived),
	FIELD(channel.update.scanout),
	FIELD(channel.update.width),
	FIELD(channel.update.height),
	FIELD(channel.skip),
	FIELD(channel.end),
	FIELD(channel.unsent_end),
	FIELD(channel.owed_count),
	FIELD(channel.owed[0].request),
	FIELD(channel.owed[0].scanout),
	FIELD(channel.owed[0].answered),
	FIELD(channel.owed[1].request),
	FIELD(channel.owed[1].scanout),
	FIELD(channel.early[0].kept),
	FIELD(channel.early[0].offset),
	FIELD(channel.early[1].kept),
	FIELD(channel.buffer[0]),
	FIELD(channel.buffer[8]),
	FIELD(scanouts[0].current),
	FIELD(scanouts[0].contents[0].shown.kind),
	FIELD(scanouts[0].contents[0].shown.width),
	FIELD(scanouts[0].contents[0].shown.height),
	FIELD(scanouts[0].contents[0].shown.kept),
	FIELD(scanouts[0].contents[0].next.kind),
	FIELD(scanouts[0].contents[0].next.width),
	FIELD(scanouts[0].contents[0].next.height),
	FIELD(scanouts[0].contents[0].next.kept),
	FIELD(scanouts[1].contents[0].shown.kept),
	FIELD(scanouts[1].contents[0].shown.answered),
	FIELD(scanouts[1].contents[0].shown.copy),
	FIELD(scanouts[1].contents[0].shown.dmabuf.x),
	FIELD(scanouts[1].contents[0].shown.dmabuf.fd_stride),
	FIELD(scanouts[1].contents[0].shown.dmabuf.y_inverted),
	FIELD(scanouts[1].contents[0].next.kind),
	FIELD(scanouts[1].contents[0].next.frame_waits),
	FIELD(scanouts[1].cursor_visible),
	FIELD(scanouts[1].cursor_hot_x),
};

/* The last places that state_create_from_fd() looks at before it goes on. */
enum lie {
	LIE_NONE,
	LIE_UNSEALED,
	LIE_SHORT, /* than a header */
	LIE_HEADER_ONLY,
	LIE_HEADER, /* says something else */
	LIES,
};

static struct state *first; /* the predecessor's */
static struct state_header *first_header;
static int lies[LIES]; /* fds */

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

/* What comes next on the socket is in the input; some of it, with an fd, goes to the next
 * successor. */
static void go_on_as_channel(struct guest_state *state, struct fuzz *fuzz)
{
	struct channel *channel;
	uint8_t how = fuzz_u8(fuzz);
	int fd = how & 1 ? fuzz_fd(fuzz) : -1;
	const uint8_t *bytes;
	size_t size;
	int pair[2];

	fuzz_pair(pair);
	channel = channel_create("g", pair[1], NULL, &state->channel, &listener, &channel, NULL);
	if (how & 16)
		channel_keep(channel, &state->journal, NULL);
	bytes = fuzz_bytes(fuzz, how & 2 ? fuzz_u8(fuzz) : 4096, &size);
	if (size > 0)
		fuzz_send(pair[0], bytes, size, &fd, fd >= 0 ? 1 : 0);
	if (fd >= 0)
		close(fd);
	if (how & 4)
		shutdown(pair[0], SHUT_WR);
	if (how & 8)
		fault_turns(fuzz, 16);
	fuzz_turns(16);
	if (how & 2) {
		int socket = channel_detach(channel);

		if (socket < 0)
			goto out;
		channel = channel_create("g", socket, NULL, &state->channel, &listener, &channel,
			NULL);
		bytes = fuzz_bytes(fuzz, 4096, &size);
		if (size > 0)
			fuzz_send(pair[0], bytes, size, NULL, 0);
		fuzz_turns(16);
	}
	for (unsigned int i = 0; i < CHANNEL_REPLIES_MAX; i++)
		channel_reply_dmabuf_update(channel);
	fuzz_drain(pair[0]);
	fuzz_turns(16);
	fuzz_drain(pair[0]);
	channel_destroy(channel);
out:
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

/* What its predecessor kept: a surface, which it may have been writing to, and what may be a
 * dma-buf. */
static struct kept_fds *keep_fds(const struct guest_state *state, struct fuzz *fuzz)
{
	const struct kms_rect written = {0, 0, (int32_t)state->channel.update.width,
		(int32_t)state->channel.update.height};
	struct kept_fds *kept = kept_fds_create(-1, NULL, NULL);
	struct surface *picture = surface_create("g", SURFACE_WIDTH, SURFACE_HEIGHT, NULL);
	int fd = fuzz_fd(fuzz);
	int pair[2];

	surface_begin(picture, &written);
	kept_fds_add(kept, surface_fd(picture), true);
	kept_fds_add(kept, fd, false);
	close(fd);
	surface_destroy(picture);
	for (size_t i = 0; i < 2; i++)
		pair[i] = fcntl(kept_fds_pair(kept)[i], F_DUPFD_CLOEXEC, 0);
	kept_fds_destroy(kept);
	return kept_fds_create_from(pair, NULL, NULL);
}

/* What comes with an fd, and what needs memory. */
static void send_contents(int socket, struct fuzz *fuzz)
{
	static const uint32_t scanout[] = {VHOST_USER_GPU_SCANOUT, 0, 12, 2, 16, 16};
	static const uint32_t dmabuf[] = {VHOST_USER_GPU_DMABUF_SCANOUT, 0, 40, 1, 0, 0, 16, 16, 16,
		16, 64, 0, 0x34325258};
	int fd = fuzz_fd(fuzz);

	fuzz_send(socket, scanout, sizeof(scanout), NULL, 0);
	fuzz_send(socket, dmabuf, sizeof(dmabuf), &fd, 1);
	close(fd);
}

static void go_on_as_kept_guest(struct guest_state *state, struct fuzz *fuzz)
{
	static const struct guest_state zero;
	struct guest_options options = {.name = "g", .account = account_create("g")};
	struct guest *guest;
	const uint8_t *bytes;
	size_t size;
	int pair[2];

	options.kept = keep_fds(state, fuzz);
	guest = guest_create(&options, state);
	fuzz_pair(pair);
	if (guest_adopt(guest, pair[1], NULL)) {
		if (fuzz_u8(fuzz) & 1)
			send_contents(pair[0], fuzz);
		bytes = fuzz_bytes(fuzz, 4096, &size);
		if (size > 0)
			fuzz_send(pair[0], bytes, size, NULL, 0);
		fuzz_turns(16);
		fuzz_drain(pair[0]);
		guest_stop(guest);
		if (guest_attached(guest))
			guest_leave(guest);
	} else {
		g_assert(memcmp(state, &zero, sizeof(zero)) == 0);
	}
	guest_destroy(guest);
	fuzz_check_account(options.account);
	kept_fds_destroy(options.kept);
	account_destroy(options.account);
	close(pair[0]);
}

/* ---- what was left ---- */

static void write_fields(struct fuzz *fuzz, const struct field *of, uint32_t count)
{
	uint8_t *state = (uint8_t *)state_guest(first);
	uint32_t field = fuzz_pick(fuzz, count);
	uint64_t value = fuzz_odd(fuzz);

	if (of[field].size == sizeof(value) && fuzz_u8(fuzz) & 1)
		value = value << 32 | fuzz_u32(fuzz);
	memcpy(state + of[field].offset, &value, of[field].size);
}

/* Of a surface on scanout 0, and of a dma-buf on scanout 1, whose update waits, after one that was not
 * seen; scanout 2 was switched off. */
static void leave_pictures(struct guest_state *state)
{
	state->channel.owed_count = 1;
	state->channel.owed[0] = (struct channel_owed){VHOST_USER_GPU_DMABUF_UPDATE, 1, 0};
	state->scanouts[0].contents[0].shown = (struct guest_content){
		.kind = SCANOUT_PIXELS,
		.width = SURFACE_WIDTH,
		.height = SURFACE_HEIGHT,
		.kept = KEPT_FDS_STATE + 1,
	};
	state->scanouts[1].contents[0].shown = (struct guest_content){
		.kind = SCANOUT_DMABUF,
		.kept = KEPT_FDS_STATE + 2,
		.dmabuf = {0, 0, 16, 16, 16, 16, 64, 0x34325258, 0, false},
	};
	state->scanouts[1].unseen = true;
	state->scanouts[2].off = true;
}

/* True: with pictures. */
static bool leave(struct fuzz *fuzz)
{
	struct guest_state *state = state_guest(first);
	uint8_t choice = fuzz_u8(fuzz);
	bool kept = choice >= 8 * WRITES_MAX;

	memset(state, 0, sizeof(*state));
	if (kept)
		leave_pictures(state);
	for (uint8_t i = 0; i < choice % WRITES_MAX; i++)
		write_fields(fuzz, kept ? kept_fields : fields,
			kept ? G_N_ELEMENTS(kept_fields) : G_N_ELEMENTS(fields));
	for (size_t i = 0; i < G_N_ELEMENTS(state->journal.progress); i++)
		memcpy(state->journal.progress[i].state, &state->channel, CHANNEL_PROGRESS_SIZE);
	return kept;
}

static int make_lie(size_t size, int seals)
{
	int fd = memfd_create("lie", MFD_CLOEXEC | MFD_ALLOW_SEALING);

	if (ftruncate(fd, (off_t)size) != 0 || fcntl(fd, F_ADD_SEALS, seals) != 0)
		g_error("memfd: %s", g_strerror(errno));
	return fd;
}

/* The kernel has no more. */
static void fail_to_create(void)
{
	static const enum fault_call calls[] = {FAULT_MEMFD, FAULT_FTRUNCATE, FAULT_MMAP};

	for (size_t i = 0; i < G_N_ELEMENTS(calls); i++) {
		g_autoptr(GError) error = NULL;

		fault_set(calls[i], ENOMEM, 0, 1);
		g_assert(!state_create("g", &error) && error);
		fault_disarm();
	}
}

static void first_init(void)
{
	const int seals = F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL;
	g_autoptr(GError) error = NULL;

	fail_to_create();
	first = state_create("g", &error);
	g_assert_no_error(error);
	first_header = mmap(NULL, sizeof(*first_header), PROT_READ | PROT_WRITE, MAP_SHARED,
		state_fd(first), 0);
	g_assert(first_header != MAP_FAILED);
	lies[LIE_UNSEALED] = make_lie(first_header->size, F_SEAL_SHRINK);
	lies[LIE_SHORT] = make_lie(sizeof(*first_header) - 1, seals);
	lies[LIE_HEADER_ONLY] = make_lie(sizeof(*first_header), seals);
	if (pwrite(lies[LIE_HEADER_ONLY], first_header, sizeof(*first_header), 0) < 0)
		g_error("memfd: %s", g_strerror(errno));
	surface = g_malloc(SURFACE_WIDTH * SURFACE_HEIGHT * 4);
}

/* What the predecessor hands on, which it may have written anything into. */
static int choose_fd(struct fuzz *fuzz, const struct state_header *sound)
{
	uint8_t choice = fuzz_u8(fuzz);
	enum lie lie = choice < 0xf0 ? LIE_NONE : choice % LIES;
	int fd = lie > LIE_NONE && lie < LIE_HEADER ? lies[lie] : state_fd(first);

	*first_header = *sound;
	if (lie == LIE_HEADER) {
		first_header->version += fuzz_u8(fuzz);
		first_header->size += fuzz_u8(fuzz);
	}
	return fcntl(fd, F_DUPFD_CLOEXEC, 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz fuzz = {data, size};
	static struct state_header sound;
	struct state *second;
	const char *why;
	bool kept;
	g_autoptr(GError) error = NULL;
	unsigned int fds;

	if (!first) {
		first_init();
		sound = *first_header;
	}
	fds = fuzz_open_fds();
	kept = leave(&fuzz);
	second = state_create_from_fd(choose_fd(&fuzz, &sound), &error);
	g_assert((second == NULL) == (error != NULL));
	if (second && kept) {
		go_on_as_kept_guest(state_guest(second), &fuzz);
	} else if (second &&
		channel_state_recover(&state_guest(second)->channel, &state_guest(second)->journal,
			&why)) {
		go_on_as_channel(state_guest(second), &fuzz);
		go_on_as_guest(state_guest(second));
	}
	state_destroy(second);
	g_assert(fuzz_open_fds() == fds);
	return 0;
}
