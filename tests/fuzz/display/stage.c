/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "stage.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fault.h"
#include "scene/scanout.h"
#include "vhost_user_gpu.h"

/* What the outputs of an input can be. */
static const struct {
	uint32_t width;
	uint32_t height;
} modes[] = {{64, 48}, {48, 64}, {16, 16}, {128, 96}};

static const struct layout_output mirrored[] = {
	{.name = "DP-1", .guest = "g"},
	{.name = "DP-2", .guest = "g", .scanout = 0, .policy = PLACE_CENTER},
	{.name = "DP-3", .guest = "g", .scanout = 1, .policy = PLACE_FILL},
};

static const struct layout_output forced[] = {
	{.name = "DP-2", .off = true},
	{.name = "DP-1;DP-3", .guest = "g", .scanout = -1, .force_on = true, .positioned = true},
};

/* One is turned, one is nobody's and has a picture of its own, and one has it while the guest does
 * not use it. */
static const struct layout_output pictured[] = {
	{.name = "DP-1", .guest = "g", .transform = KMS_ROTATE_90 | KMS_REFLECT_X, .background = 1},
	{.name = "DP-2;DP-3", .pictured = true, .picture.color = 0x102030, .policy = PLACE_FIT},
	{.name = "DP-3;DP-2",
		.guest = "g",
		.scanout = 1,
		.pictured = true,
		.picture.color = 0x405060},
};

static const struct {
	const struct layout_output *outputs;
	size_t count;
} arrangements[] = {
	{NULL, 0},
	{mirrored, G_N_ELEMENTS(mirrored)},
	{forced, G_N_ELEMENTS(forced)},
	{pictured, G_N_ELEMENTS(pictured)},
};

/* What the layout can be changed to. */
static const struct layout_output in_layouts[] = {
	{.name = "DP-1", .guest = "g", .scanout = 0},
	{.name = "DP-2", .layouts = "a", .guest = "g", .scanout = 1, .policy = PLACE_CENTER},
	{.name = "DP-3", .layouts = "b", .guest = "g", .scanout = 1},
	{.name = "DP-2", .layouts = "b;c", .pictured = true, .picture.color = 0x304050},
};

static const struct layout_layer layers[] = {
	{.name = "l",
		.layouts = "a;c",
		.output = "DP-1",
		.guest = "g",
		.scanout = 2,
		.width = 8,
		.height = 8,
		.opacity = UINT16_MAX},
	{.name = "m",
		.output = "DP-2",
		.picture.color = 0x102030,
		.x = 4,
		.y = 4,
		.width = 8,
		.height = 8,
		.opacity = 0x8000},
};

static const struct layout_named named[] = {{"a", NULL}, {"b", "DP-3"}, {"c", "DP-2;DP-9"}};

/* One that is never right, and one that has to change. */
static const struct region_options regions[] = {
	{.name = "lamp",
		.output = "DP-1",
		.rectangle = {3, 3, 8, 8},
		.every_ms = 1,
		.expect_count = 1,
		.cover = true},
	{.name = "heart",
		.output = "DP-2",
		.rectangle = {0, 0, 16, 16},
		.every_ms = 1,
		.frozen_after_ms = 2},
};

/* ---- life ---- */

static void on_gone(void *data)
{
}

static void on_screen_changed(void *data, struct guest *guest, uint32_t scanout,
	const struct layout_screen *screen)
{
	g_assert(scanout < VHOST_USER_GPU_SCANOUTS);
	g_assert((screen->width == 0) == (screen->height == 0));
}

static const struct layout_listener layout_listener = {
	.device_gone = on_gone,
	.screen_changed = on_screen_changed,
};

static struct kms_device *make_card(struct stage *stage, size_t mode)
{
	struct kms_device *card = fake_card_create(stage->outputs, modes[mode].width,
		modes[mode].height);

	fake_card_listen(card, layout_kms_listener(), stage->layout);
	return card;
}

static void make_layout(struct stage *stage, struct fuzz *fuzz)
{
	static char absent[] = "/nonexistent.png";
	static const int64_t waits[] = {LAYOUT_NEVER, LAYOUT_NEVER, 0, 1};
	size_t arrangement = fuzz_pick(fuzz, G_N_ELEMENTS(arrangements));
	uint8_t how = fuzz_u8(fuzz);
	const struct layout_guest guest = {
		.guest = stage->guest,
		.before.kind = how & 1 ? PICTURE_LAST : PICTURE_COLOR,
		.after.kind = how & 2 ? PICTURE_LAST : PICTURE_COLOR,
		.after.color = how & 4 ? 0x1a2b3c : 0,
		.failed = {.kind = (how & 0x18) == 0x18 ? PICTURE_FILE : PICTURE_COLOR,
			.path = absent},
		.policy = (enum place_policy)(how / 2 % (PLACE_INTEGER + 1)),
		.blank_after_ms = waits[how >> 4 & 3],
		.off_after_ms = waits[how >> 6],
		.alive = {.proof = how & 8 ? (enum alive_proof)(how >> 4 & 3) : ALIVE_UNASKED,
			.period_ms = 1,
			.rectangle = {1, 1, 8, 8}},
		.dead.color = 0x708090,
	};
	const struct layout_options options = {
		.outputs = arrangements[arrangement].outputs,
		.output_count = arrangements[arrangement].count,
		.guests = &guest,
		.guest_count = 1,
		.regions = regions,
		.region_count = how & 8 ? G_N_ELEMENTS(regions) : 0,
		.told_period_ms = 1,
	};

	stage->layout = layout_create(&options, &layout_listener, stage);
	layout_set_reachable(stage->layout, stage->guest, how & 1);
}

/* What a mode set asks for, and what comes by the service manager. */
static void ask_for_pictures(struct stage *stage, struct fuzz *fuzz)
{
	const struct kms_output_request *request;
	struct kms_buffer *buffer;

	if (fuzz_u8(fuzz) & 1)
		layout_note_predecessor(stage->layout, 0);
	for (size_t i = 0; i < stage->card->request_count; i++) {
		request = &stage->card->requests[i];
		buffer = kms_buffer_create_dumb(stage->card, request->output->mode.width,
			request->output->mode.height, NULL);
		if (buffer && request->paint)
			request->paint(request->paint_data, request->output, buffer);
		g_clear_pointer(&buffer, kms_buffer_unref);
	}
	layout_reload_pictures(stage->layout);
}

void stage_arrange(struct stage *stage, struct fuzz *fuzz)
{
	const struct layout_guest guest = {.guest = stage->guest, .policy = PLACE_FIT};
	struct layout_options options = {
		.outputs = in_layouts,
		.output_count = G_N_ELEMENTS(in_layouts),
		.named = named,
		.named_count = G_N_ELEMENTS(named),
		.layers = layers,
		.guests = &guest,
		.guest_count = 1,
	};
	enum layout_reason reason;
	size_t arrangement;

	switch (fuzz_pick(fuzz, 4)) {
	case 0:
		options.chosen = fuzz_u8(fuzz) & 1 ? "c" : NULL;
		options.layer_count = fuzz_pick(fuzz, G_N_ELEMENTS(layers) + 1);
		layout_reconfigure(stage->layout, &options);
		break;
	case 1:
		arrangement = fuzz_pick(fuzz, G_N_ELEMENTS(arrangements));
		options.outputs = arrangements[arrangement].outputs;
		options.output_count = arrangements[arrangement].count;
		options.named_count = fuzz_pick(fuzz, 2);
		layout_reconfigure(stage->layout, &options);
		break;
	case 2:
		if (stage->card)
			ask_for_pictures(stage, fuzz);
		break;
	default:
		layout_use(stage->layout, named[fuzz_pick(fuzz, G_N_ELEMENTS(named))].name,
			LAYOUT_KEY);
		break;
	}
	g_assert(!layout_name_at(stage->layout, G_N_ELEMENTS(named)));
	g_assert(!layout_in_force(stage->layout, &reason) == !layout_name_at(stage->layout, 0));
	g_assert(*layout_reason_name(reason));
}

static void make_guest(struct stage *stage, struct fuzz *fuzz)
{
	uint8_t how = fuzz_u8(fuzz);
	const struct guest_options options = {
		.name = "g",
		.account = account_create("g"),
		/* Buffers that are never finished are given up at once, or never. */
		.flip_timeout_ms = how & 2 ? 1 : 0,
		.answers = how & 1 ? ANSWERS_COPIED : ANSWERS_AUTO,
	};

	stage->account = options.account;
	stage->state = g_new0(struct guest_state, 1);
	stage->guest = guest_create(&options, stage->state);
}

static void put_card(struct stage *stage, struct kms_device *card)
{
	stage->card = card;
	guest_set_device(stage->guest, 0, card);
	layout_set_device(stage->layout, 0, card);
}

static void take_card(struct stage *stage)
{
	layout_set_device(stage->layout, 0, NULL);
	guest_set_device(stage->guest, 0, NULL);
	fake_card_destroy(stage->card);
	stage->card = NULL;
}

void stage_change_card(struct stage *stage)
{
	if (stage->card)
		take_card(stage);
	else
		put_card(stage, make_card(stage, 0));
}

void stage_init(struct stage *stage, struct fuzz *fuzz)
{
	*stage = (struct stage){.peer = -1, .fds = fuzz_open_fds()};
	stage->received = g_byte_array_new();
	stage->outputs = 1 + fuzz_pick(fuzz, 3);
	make_guest(stage, fuzz);
	make_layout(stage, fuzz);
	put_card(stage, make_card(stage, fuzz_pick(fuzz, G_N_ELEMENTS(modes))));
	stage_attach(stage);
}

/* ---- the peer ---- */

void stage_attach(struct stage *stage)
{
	int pair[2];

	stage_hang_up(stage);
	fuzz_pair(pair);
	stage->peer = pair[0];
	stage->frames_before = guest_counters(stage->guest)->frames;
	guest_attach(stage->guest, pair[1]);
	g_assert(guest_attached(stage->guest));
	/* Those that the peer before it had open were answered, or forgotten. */
	g_assert(stage->state->waiting_count == 0);
}

void stage_attach_broken(struct stage *stage)
{
	int pair[2];

	stage_hang_up(stage);
	fuzz_pair(pair);
	fault_set(FAULT_FCNTL, EINVAL, 0, 1);
	guest_attach(stage->guest, pair[1]);
	fault_disarm();
	g_assert(!guest_attached(stage->guest));
	g_assert(stage->state->waiting_count == 0);
	close(pair[0]);
}

void stage_turns_with_fault(struct stage *stage, struct fuzz *fuzz)
{
	fault_arm(fuzz);
	/* By it the dma-bufs of these tests are told from other files, which is no fault of
	 * theirs. */
	if (fault_is(FAULT_FSTAT))
		fault_disarm();
	fuzz_turns(4);
	fault_disarm();
	stage->unheard |= fault_struck(FAULT_SENDMSG);
}

void stage_hang_up(struct stage *stage)
{
	if (stage->peer >= 0)
		close(stage->peer);
	stage->peer = -1;
	stage->answers = 0;
	stage->unheard = false;
	g_byte_array_set_size(stage->received, 0);
}

/* Bytes of a reply's payload. */
static size_t reply_size(uint32_t request)
{
	switch (request) {
	case VHOST_USER_GPU_GET_PROTOCOL_FEATURES:
		return sizeof(uint64_t);
	case VHOST_USER_GPU_GET_DISPLAY_INFO:
		return sizeof(struct virtio_gpu_resp_display_info);
	case VHOST_USER_GPU_GET_EDID:
		return sizeof(struct virtio_gpu_resp_edid);
	default:
		g_assert(request == VHOST_USER_GPU_DMABUF_UPDATE);
		return 0;
	}
}

/* False: the next reply is not complete. */
static bool take_reply(struct stage *stage)
{
	struct vhost_user_gpu_header header;

	if (stage->received->len < sizeof(header))
		return false;
	memcpy(&header, stage->received->data, sizeof(header));
	g_assert(header.flags == VHOST_USER_GPU_REPLY);
	g_assert(header.size == reply_size(header.request));
	if (stage->received->len < sizeof(header) + header.size)
		return false;
	g_byte_array_remove_range(stage->received, 0, (guint)(sizeof(header) + header.size));
	stage->answers += header.request == VHOST_USER_GPU_DMABUF_UPDATE;
	return true;
}

size_t stage_receive(struct stage *stage)
{
	static uint8_t bytes[65536];
	size_t all = 0;
	ssize_t got;

	if (stage->peer < 0)
		return 0;
	while ((got = recv(stage->peer, bytes, sizeof(bytes), MSG_DONTWAIT)) > 0) {
		g_byte_array_append(stage->received, bytes, (guint)got);
		all += (size_t)got;
	}
	while (take_reply(stage))
		;
	g_assert(stage->answers <= guest_counters(stage->guest)->frames - stage->frames_before);
	return all;
}

/* ---- what must hold ---- */

/* All that the peer has sent is read and answered. */
static void settle(struct stage *stage)
{
	struct channel_counters before, now = guest_channel_counters(stage->guest);
	bool progress;

	do {
		before = now;
		guest_stop(stage->guest);
		fuzz_turns(16);
		progress = stage_receive(stage) > 0;
		now = guest_channel_counters(stage->guest);
		progress = progress || now.bytes_received != before.bytes_received ||
			now.messages != before.messages || now.replies != before.replies;
	} while (progress);
}

static void check_answers(struct stage *stage)
{
	g_assert(stage->state->waiting_count == 0);
	if (stage->peer < 0 || !guest_attached(stage->guest) || stage->unheard)
		return;
	g_assert(stage->received->len == 0);
	g_assert(stage->answers == guest_counters(stage->guest)->frames - stage->frames_before);
}

static bool is_surface(int fd)
{
	char path[64], name[64] = "";

	g_snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	/* The guest's name is the file's; no other has it. */
	return readlink(path, name, sizeof(name) - 1) > 0 && g_str_has_prefix(name, "/memfd:g ");
}

static void check_surfaces(void)
{
	uint64_t bytes = 0;
	struct stat status;

	for (int fd = fuzz_next_open_fd(-1); fd >= 0; fd = fuzz_next_open_fd(fd)) {
		if (fstat(fd, &status) == 0 && S_ISREG(status.st_mode) && is_surface(fd))
			bytes += (uint64_t)status.st_size;
	}
	/* Each has a page more, for its header. */
	g_assert(bytes <= GUEST_SURFACE_BYTES_MAX + 4096 * 2 * VHOST_USER_GPU_SCANOUTS);
}

void stage_finish(struct stage *stage)
{
	settle(stage);
	check_answers(stage);
	check_surfaces();
	layout_destroy(stage->layout);
	guest_destroy(stage->guest);
	fuzz_check_account(stage->account);
	account_destroy(stage->account);
	if (stage->card)
		fake_card_destroy(stage->card);
	stage_hang_up(stage);
	g_byte_array_unref(stage->received);
	g_free(stage->state);
	g_assert(fuzz_open_fds() == stage->fds);
}
