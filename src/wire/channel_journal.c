/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a successor of this process needs of a channel: written while it works, where it is kept,
 * and read once by who goes on with it. Nothing that a predecessor left is believed.
 */
#include "wire/channel_internal.h"

#include <stdatomic.h>
#include <string.h>

/* ---- while it works ---- */

/* For a process that is killed between two stores their order is that of the program. */
static void in_order(void)
{
	atomic_signal_fence(memory_order_seq_cst);
}

void channel_note_call(struct channel *channel, enum channel_call call)
{
	struct channel_journal *journal = channel->journal;
	uint32_t other = !journal->current;
	struct channel_progress *progress = &journal->progress[other];

	/* Of the call before it, which has been noted as done. */
	if (call != CHANNEL_CALL_NONE)
		stream_record_reset(&journal->record);
	memcpy(progress->state, channel->state, CHANNEL_PROGRESS_SIZE);
	progress->call = call;
	in_order();
	journal->current = other;
	in_order();
}

/* ---- a successor ---- */

/* The pixels that are being received belong to an UPDATE as update_head() lets it through. */
static bool pixels_sound(const struct channel_state *state)
{
	const struct vhost_user_gpu_update *update = &state->update;
	uint64_t area = (uint64_t)update->width * update->height;

	if (!state->pixels_left)
		return !state->arrived;
	return !state->skip && update->scanout < VHOST_USER_GPU_SCANOUTS &&
		area <= UINT32_MAX / sizeof(uint32_t) &&
		state->pixels_left <= area * sizeof(uint32_t) &&
		state->arrived <= state->pixels_left &&
		(uint64_t)update->x + update->width <= INT32_MAX &&
		(uint64_t)update->y + update->height <= INT32_MAX;
}

static bool early_sound(const struct channel_state *state)
{
	for (size_t i = 0; i < CHANNEL_EARLY_FDS; i++) {
		if (state->early[i].kept && state->early[i].offset > sizeof(state->buffer))
			return false;
	}
	return true;
}

bool channel_state_sound(const struct channel_state *state)
{
	return state->begin <= state->end && state->end <= sizeof(state->buffer) &&
		state->end - state->begin <= CHANNEL_MESSAGE_MAX &&
		state->owed_count <= G_N_ELEMENTS(state->owed) &&
		state->unsent_begin <= state->unsent_end &&
		state->unsent_end <= sizeof(state->unsent) && pixels_sound(state) &&
		early_sound(state);
}

/* The outcome of a call that nobody has noted; the state is sound. False: it cannot be. */
static bool finish_call(struct channel_state *state, enum channel_call call, uint32_t bytes)
{
	switch (call) {
	case CHANNEL_CALL_NONE:
	case CHANNEL_CALLS:
		break;
	case CHANNEL_CALL_MESSAGES:
		if (bytes > CHANNEL_MESSAGE_MAX)
			return false;
		state->end += bytes;
		break;
	case CHANNEL_CALL_PIXELS:
		state->arrived = MIN(bytes, state->pixels_left);
		state->begin = 0;
		state->end = (uint32_t)(bytes - state->arrived);
		break;
	case CHANNEL_CALL_SKIPPED:
		if (bytes > state->skip)
			return false;
		state->skip -= bytes;
		break;
	case CHANNEL_CALL_WRITE:
		if (bytes > state->unsent_end - state->unsent_begin)
			return false;
		state->unsent_begin += bytes;
		break;
	}
	if (state->unsent_begin == state->unsent_end)
		state->unsent_begin = state->unsent_end = 0;
	return channel_state_sound(state);
}

static bool has_all_fds(const struct channel_state *state)
{
	for (size_t i = 0; i < CHANNEL_EARLY_FDS; i++) {
		if (state->early[i].kept == CHANNEL_FD_NOT_KEPT)
			return false;
	}
	return true;
}

bool channel_state_recover(struct channel_state *state, struct channel_journal *journal,
	const char **why)
{
	const struct channel_progress *progress = &journal->progress[journal->current & 1];
	const struct mmsghdr *call = &journal->record.call;
	bool begun = progress->call != CHANNEL_CALL_NONE && call->msg_len != STREAM_RECORD_NOTHING;

	memcpy(state, progress->state, CHANNEL_PROGRESS_SIZE);
	/* Before anything of it is looked at. */
	*why = "each that went on with it has died of it";
	if (journal->adopted >= CHANNEL_ADOPTED_MAX)
		return false;
	journal->adopted++;
	*why = "its state is damaged";
	if (progress->call >= CHANNEL_CALLS || !channel_state_sound(state))
		return false;
	if (begun && !finish_call(state, progress->call, call->msg_len))
		return false;
	*why = "a file descriptor that it had just sent is lost";
	return has_all_fds(state) &&
		!(begun && progress->call != CHANNEL_CALL_WRITE &&
			call->msg_hdr.msg_controllen > 0);
}
