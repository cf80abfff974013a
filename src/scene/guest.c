/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One vhost-user-gpu device: what its messages mean. What a scanout shows is scanout.c's, who gets
 * a reply is reply.c's; here the channel's calls are handed to them, and a peer comes and goes.
 * Whether that is the firmware is guest_firmware.c's, a predecessor's guest_kept.c's.
 */
#include <string.h>

#include "log.h"
#include "scene/guest_internal.h"
#include "scene/tiled.h"
#include "turn.h"
#include "wire/account.h"
#include "wire/closer.h"
#include "wire/kept_fds.h"

/* Of the connection; what is shown is the scanouts'. */
static void forget_channel(struct guest *guest)
{
	guest_settle(guest);
	memset(&guest->state->channel, 0, sizeof(guest->state->channel));
	memset(&guest->state->journal, 0, sizeof(guest->state->journal));
}

/* ---- what the channel calls ---- */

void guest_note_use(struct guest *guest, uint32_t scanout)
{
	if (guest->used & (1u << scanout) || !guest->display)
		return;
	guest->used |= 1u << scanout;
	guest->state->used = guest->used;
	guest->display->used(guest->display_data, guest, scanout);
}

static void on_display_info(void *data, struct virtio_gpu_resp_display_info *info)
{
	struct guest *guest = data;

	if (guest->display)
		guest->display->info(guest->display_data, guest, info);
}

static uint32_t on_edid(void *data, uint32_t scanout, uint8_t *edid)
{
	struct guest *guest = data;

	if (!guest->display || scanout >= VHOST_USER_GPU_SCANOUTS)
		return 0;
	guest_firmware_edid(guest);
	guest_note_use(guest, scanout);
	return guest->display->edid(guest->display_data, guest, scanout, edid);
}

static void on_cursor_pos(void *data, uint32_t index, int32_t x, int32_t y, bool visible)
{
	struct guest *guest = data;
	struct scanout *scanout = &guest->scanouts[index];
	bool changed = scanout->state->cursor_visible != visible;

	guest->counters.cursor_moves++;
	scanout->state->cursor_x = x;
	scanout->state->cursor_y = y;
	scanout->state->cursor_visible = visible;
	if (changed)
		scanout_cursor_changed(scanout);
	else
		scanout_cursor_moved(scanout);
}

static void on_cursor_update(void *data, const struct vhost_user_gpu_cursor_update *cursor)
{
	struct guest *guest = data;
	struct scanout *scanout = &guest->scanouts[cursor->pos.scanout];
	struct guest_scanout_state *state = scanout->state;

	guest->counters.cursor_images++;
	state->cursor_x = cursor->pos.x;
	state->cursor_y = cursor->pos.y;
	state->cursor_hot_x = cursor->hot_x;
	state->cursor_hot_y = cursor->hot_y;
	state->cursor_visible = true;
	memcpy(state->cursor_pixels, cursor->data, sizeof(state->cursor_pixels));
	scanout_cursor_changed(scanout);
}

static void on_scanout(void *data, uint32_t scanout, uint32_t width, uint32_t height)
{
	struct guest *guest = data;

	if (width > 0) {
		guest_firmware_set(guest, scanout, width, height);
		guest_note_use(guest, scanout);
	}
	scanout_set_pixels(&guest->scanouts[scanout], width, height);
}

static bool on_update_begin(void *data, const struct vhost_user_gpu_update *update,
	struct channel_pixels *pixels)
{
	struct guest *guest = data;

	guest_firmware_drawn(guest);
	return scanout_update_begin(&guest->scanouts[update->scanout], update, pixels);
}

static void on_update_rows(void *data, const struct vhost_user_gpu_update *update, uint32_t rows)
{
	struct guest *guest = data;

	scanout_update_rows(&guest->scanouts[update->scanout], update, rows);
}

static void on_update_end(void *data, const struct vhost_user_gpu_update *update)
{
	struct guest *guest = data;

	scanout_update_end(&guest->scanouts[update->scanout], update);
}

static void on_dmabuf_scanout(void *data, uint32_t scanout, const struct channel_dmabuf *dmabuf,
	int fd)
{
	struct guest *guest = data;

	if (fd < 0) {
		scanout_disable(&guest->scanouts[scanout]);
		return;
	}
	guest_firmware_set(guest, scanout, dmabuf->width, dmabuf->height);
	guest_note_use(guest, scanout);
	scanout_set_dmabuf(&guest->scanouts[scanout], dmabuf, fd);
}

static void on_dmabuf_update(void *data, const struct vhost_user_gpu_update *update)
{
	struct guest *guest = data;
	int64_t now = turn_time();
	struct guest_waiting *waiting = replies_push(&guest->replies, update->scanout, now);

	guest->counters.frames++;
	guest_firmware_drawn(guest);
	if (!waiting)
		return;
	waiting->reply = REPLY_UNUSABLE;
	waiting->period_us = scanout_period_us(
		&guest->scanouts[MIN(update->scanout, VHOST_USER_GPU_SCANOUTS - 1)]);
	if (update->scanout < VHOST_USER_GPU_SCANOUTS && update->width > 0 && update->height > 0)
		scanout_present(&guest->scanouts[update->scanout], update, waiting);
	replies_start(&guest->replies, now);
}

static void add_counters(struct channel_counters *sum, const struct channel_counters *counters)
{
	sum->bytes_received += counters->bytes_received;
	sum->messages += counters->messages;
	sum->faults += counters->faults;
	sum->replies += counters->replies;
}

/* The peer is gone, however that came to be known. */
static void peer_gone(struct guest *guest)
{
	struct channel *channel = g_steal_pointer(&guest->channel);

	guest->replies.channel = NULL;
	replies_forget(&guest->replies);
	/* First the picture: what is complete is still shown, what is half-sent never. */
	for (uint32_t i = 0; i < VHOST_USER_GPU_SCANOUTS; i++)
		scanout_release(&guest->scanouts[i]);
	guest_firmware_begin(guest);
	add_counters(&guest->past, channel_counters(channel));
	channel_destroy(channel);
	forget_channel(guest);
	kept_fds_empty(guest->kept);
	for (size_t i = 0; i < KMS_CARDS_MAX; i++) {
		if (guest->devices[i])
			kms_device_trim(guest->devices[i], guest->scanouts[0].owner);
	}
}

static void on_closed(void *data)
{
	struct guest *guest = data;

	if (guest->closing)
		guest->closing(guest->data, !channel_left(guest->channel));
	peer_gone(guest);
	log_guest(G_LOG_LEVEL_INFO, guest->name, "display socket: the back-end has disconnected");
	if (guest->detached)
		guest->detached(guest->data);
}

static const struct channel_listener channel_listener = {
	.display_info = on_display_info,
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

/* ---- life ---- */

/* The render node of the first card that has one, for buffers that only its GPU can read. */
static void find_render_node(struct guest *guest)
{
	for (size_t i = 0; i < KMS_CARDS_MAX && !guest->render_node; i++) {
		if (guest->devices[i])
			guest->render_node = tiled_render_node(kms_device_path(guest->devices[i]));
	}
	guest->gbm.render_node = guest->render_node;
}

static void forget_render_node(struct guest *guest)
{
	g_clear_pointer(&guest->gbm.tiled, tiled_destroy);
	guest->gbm.render_node = NULL;
	g_clear_pointer(&guest->render_node, g_free);
}

struct guest *guest_create(const struct guest_options *options, struct guest_state *state)
{
	struct guest *guest = g_new0(struct guest, 1);
	struct scanout_options scanout = {
		.gbm = &guest->gbm,
		.counters = &guest->counters,
		.replies = &guest->replies,
		.answers = &guest->answers,
		.account = options->account,
		.kept = options->kept,
		.fence_timeout_ms = options->flip_timeout_ms ? options->flip_timeout_ms
							     : KMS_FLIP_TIMEOUT_MS,
	};

	guest->name = g_strdup(options->name);
	guest->account = options->account;
	guest->closer = account_closer(options->account);
	guest->kept = options->kept;
	scanout.guest = guest->name;
	scanout.closer = guest->closer;
	guest->closing = options->closing;
	guest->detached = options->detached;
	guest->data = options->data;
	guest->state = state;
	guest_firmware_init(guest, options);
	replies_init(&guest->replies, state, &guest->counters);
	answers_init(&guest->answers, options->answers);
	for (uint32_t i = 0; i < VHOST_USER_GPU_SCANOUTS; i++)
		scanout_init(&guest->scanouts[i], &scanout, i, &state->scanouts[i]);
	return guest;
}

void guest_stop(struct guest *guest)
{
	replies_answer_all(&guest->replies);
}

void guest_destroy(struct guest *guest)
{
	if (!guest)
		return;
	g_clear_handle_id(&guest->settling, g_source_remove);
	guest_firmware_finish(guest);
	replies_answer_all(&guest->replies);
	channel_destroy(guest->channel);
	for (uint32_t i = 0; i < VHOST_USER_GPU_SCANOUTS; i++)
		scanout_finish(&guest->scanouts[i]);
	replies_finish(&guest->replies);
	forget_render_node(guest);
	g_free(guest->name);
	g_free(guest);
}

const char *guest_name(const struct guest *guest)
{
	return guest->name;
}

void guest_set_display(struct guest *guest, const struct guest_display *display, void *data)
{
	guest->display = display;
	guest->display_data = data;
}

struct source *guest_source(struct guest *guest, uint32_t scanout)
{
	return &guest->scanouts[scanout].source;
}

void guest_set_device(struct guest *guest, uint32_t card, struct kms_device *device)
{
	for (uint32_t i = 0; i < VHOST_USER_GPU_SCANOUTS; i++)
		scanout_set_device(&guest->scanouts[i], card, device);
	forget_render_node(guest);
	guest->devices[card] = device;
	find_render_node(guest);
}

bool guest_open_channel(struct guest *guest, int fd, GError **error)
{
	guest->channel = channel_create(guest->name, fd, guest->account, &guest->state->channel,
		&channel_listener, guest, error);
	if (!guest->channel)
		return false;
	if (guest->kept)
		channel_keep(guest->channel, &guest->state->journal, guest->kept);
	guest->replies.channel = guest->channel;
	guest->counters.attached++;
	return true;
}

void guest_attach(struct guest *guest, int fd)
{
	g_autoptr(GError) error = NULL;

	if (guest->channel) {
		replies_answer_all(&guest->replies);
		peer_gone(guest);
	}
	forget_channel(guest);
	guest_firmware_begin(guest);
	if (!guest_open_channel(guest, fd, &error)) {
		log_guest(G_LOG_LEVEL_WARNING, guest->name, "display socket: %s", error->message);
		if (guest->detached)
			guest->detached(guest->data);
		return;
	}
	guest_set_running(guest, true);
	log_guest(G_LOG_LEVEL_INFO, guest->name, "display socket: a back-end has connected");
}

/* ---- its end, and what is asked ---- */

void guest_leave(struct guest *guest)
{
	int fd = guest->channel ? channel_detach(g_steal_pointer(&guest->channel)) : -1;

	guest_settle(guest);
	guest->replies.channel = NULL;
	closer_close(guest->closer, fd);
}

void guest_detach(struct guest *guest)
{
	if (guest->channel)
		peer_gone(guest);
}

void guest_set_running(struct guest *guest, bool running)
{
	/* What the back-end still owes the device is not in what is saved of it after this. */
	if (!running) {
		replies_answer_all(&guest->replies);
		guest_firmware_stopped(guest);
	}
	for (uint32_t i = 0; i < VHOST_USER_GPU_SCANOUTS; i++)
		scanout_set_running(&guest->scanouts[i], running);
}

bool guest_attached(const struct guest *guest)
{
	return guest->channel != NULL;
}

void guest_note_shown(struct guest *guest)
{
	guest->state->shown = true;
}

bool guest_was_shown(const struct guest *guest)
{
	return guest->state->shown != 0;
}

const struct guest_counters *guest_counters(const struct guest *guest)
{
	return &guest->counters;
}

struct channel_counters guest_channel_counters(const struct guest *guest)
{
	struct channel_counters sum = guest->past;

	if (guest->channel)
		add_counters(&sum, channel_counters(guest->channel));
	return sum;
}
