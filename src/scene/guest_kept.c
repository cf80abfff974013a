/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A back-end that a predecessor of this process had goes on with this one: what its guest showed is
 * shown again, who waits is answered, and the connection is read on from where that ended. Called
 * once at the start, before the main loop runs (guest_adopt). Who dies of it each time ends it: the
 * journal counts (wire/channel.h).
 */
#include <string.h>

#include "log.h"
#include "scene/guest_internal.h"
#include "turn.h"
#include "wire/closer.h"
#include "wire/kept_fds.h"

void guest_settle(struct guest *guest)
{
	g_clear_handle_id(&guest->settling, g_source_remove);
	guest->state->journal.adopted = 0;
}

/* When there is nothing else to do: what was left has been read, and is shown. Who lives to see that
 * does not die of it; and a few who die quickly of anything else must not end a guest to whom
 * nothing happens. */
static gboolean settled(gpointer data)
{
	struct guest *guest = data;

	turn_note();
	guest->settling = 0;
	guest_settle(guest);
	return G_SOURCE_REMOVE;
}

/* The messages that fds came with have not been consumed: each makes its content once more. False:
 * one is not there. */
static bool take_early(struct guest *guest)
{
	for (size_t i = 0; i < CHANNEL_EARLY_FDS; i++) {
		uint64_t number = guest->state->channel.early[i].kept;

		if (number == 0 || number == CHANNEL_FD_NOT_HAD)
			continue;
		if (!kept_fds_has(guest->kept, number))
			return false;
		for (uint32_t j = 0; j < VHOST_USER_GPU_SCANOUTS; j++)
			scanout_drop_left(&guest->scanouts[j], number);
	}
	return true;
}

static bool take_over(struct guest *guest, GError **error)
{
	const char *why;

	if (!channel_state_recover(&guest->state->channel, &guest->state->journal, &why) ||
		!take_early(guest)) {
		g_set_error_literal(error, STATE_ERROR, STATE_ERROR_DAMAGED, why);
		return false;
	}
	for (uint32_t i = 0; i < VHOST_USER_GPU_SCANOUTS; i++) {
		if (!scanout_take_over(&guest->scanouts[i], error))
			return false;
	}
	return true;
}

/* Those that were not answered, in their order. */
static void present_again(struct guest *guest)
{
	const struct channel_state *state = &guest->state->channel;
	const struct channel_state left = *state;

	for (uint32_t i = 0; i < left.owed_count; i++) {
		const struct channel_owed *owed = &left.owed[i];
		int64_t now = g_get_monotonic_time();
		struct guest_waiting *waiting;

		if (owed->request != VHOST_USER_GPU_DMABUF_UPDATE || owed->answered)
			continue;
		waiting = replies_push(&guest->replies, owed->scanout, now);
		waiting->period_us = scanout_period_us(
			&guest->scanouts[MIN(owed->scanout, VHOST_USER_GPU_SCANOUTS - 1)]);
		if (owed->scanout < VHOST_USER_GPU_SCANOUTS)
			scanout_present_again(&guest->scanouts[owed->scanout], waiting);
		replies_start(&guest->replies, now);
	}
}

/* Bit i: a DMABUF_UPDATE of scanout i waits. */
static uint32_t find_waiting(const struct channel_state *state)
{
	uint32_t waiting = 0;

	for (uint32_t i = 0; i < state->owed_count; i++) {
		const struct channel_owed *owed = &state->owed[i];

		if (owed->request == VHOST_USER_GPU_DMABUF_UPDATE && !owed->answered &&
			owed->scanout < VHOST_USER_GPU_SCANOUTS)
			waiting |= 1u << owed->scanout;
	}
	return waiting;
}

static void show_again(struct guest *guest, uint32_t used)
{
	uint32_t waiting = find_waiting(&guest->state->channel);

	/* All of them first: a scanout that outputs are given once others of the guest have shown
	 * something is taken for one whose picture has gone. */
	for (uint32_t i = 0; i < VHOST_USER_GPU_SCANOUTS; i++) {
		if (used & 1u << i)
			guest_note_use(guest, i);
	}
	for (uint32_t i = 0; i < VHOST_USER_GPU_SCANOUTS; i++)
		scanout_show_again(&guest->scanouts[i], waiting & 1u << i);
	present_again(guest);
	for (uint32_t i = 0; i < VHOST_USER_GPU_SCANOUTS; i++)
		scanout_record(&guest->scanouts[i]);
}

/* Times are of frames that are no more. */
static void forget_frames(struct guest_state *state)
{
	state->waiting_count = 0;
	state->last_reply_us = 0;
	memset(state->scanout_reply_us, 0, sizeof(state->scanout_reply_us));
}

bool guest_adopt(struct guest *guest, int fd, GError **error)
{
	uint32_t used = guest->state->used;

	forget_frames(guest->state);
	if (!take_over(guest, error)) {
		closer_hang_up(guest->closer, fd);
		fd = -1;
	}
	if (fd < 0 || !guest_open_channel(guest, fd, error)) {
		for (uint32_t i = 0; i < VHOST_USER_GPU_SCANOUTS; i++)
			scanout_forget_left(&guest->scanouts[i]);
		memset(guest->state, 0, sizeof(*guest->state));
		kept_fds_settle(guest->kept);
		kept_fds_empty(guest->kept);
		return false;
	}
	kept_fds_settle(guest->kept);
	guest->settling = turn_name_of(g_idle_add_full(G_PRIORITY_LOW, settled, guest, NULL),
		"settled", guest->name);
	guest_firmware_adopt(guest);
	show_again(guest, used);
	log_guest(G_LOG_LEVEL_INFO, guest->name,
		"display socket: goes on with the back-end of the scanoutd before this one");
	return true;
}
