/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The relay's session as a successor finds it: written while it works, before and after each call
 * that moves something, and read once by who goes on with it. Nothing that a predecessor left is
 * believed.
 */
#include <stdatomic.h>
#include <string.h>

#include "wire/kept_fds.h"
#include "wire/relay_internal.h"

/* ---- while it works ---- */

/* For a process that is killed between two stores their order is that of the program. */
static void in_order(void)
{
	atomic_signal_fence(memory_order_seq_cst);
}

static void publish(struct relay_state *state, const struct relay_progress *progress)
{
	uint32_t other = !state->current;

	memcpy(&state->progress[other], progress, sizeof(*progress));
	in_order();
	state->current = other;
	in_order();
}

void relay_note_call(struct relay *relay, enum relay_call call, enum side side)
{
	if (!relay->kept)
		return;
	/* Of the call before it, which has been noted as done. */
	if (call != RELAY_CALL_NONE)
		stream_record_reset(&relay->state->record);
	relay->now.call = call;
	relay->now.side = side;
	publish(relay->state, &relay->now);
}

void relay_note(struct relay *relay)
{
	relay_note_call(relay, RELAY_CALL_NONE, SIDE_VMM);
}

uint64_t relay_keep(struct relay *relay, int fd, bool known)
{
	uint64_t number = kept_fds_add(relay->kept, fd, known);

	return number || !relay->kept ? number : RELAY_FD_NOT_KEPT;
}

void relay_keep_no_more(struct relay *relay, uint64_t number)
{
	kept_fds_remove(relay->kept, number, false);
}

void relay_clear_state(struct relay *relay)
{
	relay->now = (struct relay_progress){0};
	relay_note(relay);
	if (relay->kept)
		relay->state->adopted = 0;
	kept_fds_empty(relay->kept);
}

/* ---- a successor ---- */

static bool fds_sound(const struct relay_fds *fds)
{
	if (fds->count > STREAM_FDS_MAX)
		return false;
	for (uint32_t i = 0; i < fds->count; i++) {
		if (fds->kept[i] == 0)
			return false;
	}
	return true;
}

static bool transfer_sound(const struct relay_transfer *transfer,
	const struct relay_message *message)
{
	if (!fds_sound(&transfer->fds) || !fds_sound(&transfer->next))
		return false;
	if (transfer->size == 0)
		return transfer->have == 0 && transfer->fds.count == 0;
	return transfer->size >= sizeof(message->header) && transfer->size <= sizeof(*message) &&
		transfer->have <= transfer->size &&
		(transfer->have < sizeof(message->header) ||
			message_size(&message->header) == transfer->size);
}

static bool progress_sound(const struct relay_progress *progress, const struct relay_state *state)
{
	bool pair_sound = true;

	switch (progress->display_is) {
	case DISPLAY_NONE:
		pair_sound = !progress->display && !progress->display_peer;
		break;
	case DISPLAY_DUE:
		pair_sound = !progress->display == !progress->display_peer;
		break;
	case DISPLAY_GIVEN:
		break;
	default:
		return false;
	}
	return pair_sound && progress->call < RELAY_CALLS && progress->side <= SIDE_BACKEND &&
		transfer_sound(&progress->transfers[SIDE_VMM], &state->messages[SIDE_VMM]) &&
		transfer_sound(&progress->transfers[SIDE_BACKEND], &state->messages[SIDE_BACKEND]);
}

static bool finish_take(struct relay_transfer *transfer, uint32_t bytes, bool with_fds)
{
	if (bytes == 0 || bytes > transfer->size - transfer->have)
		return false;
	transfer->have += bytes;
	if (with_fds)
		relay_fds_join(&transfer->fds, &transfer->next);
	return true;
}

/* The outcome of a call that nobody has noted; all else is sound. False: it cannot be. */
static bool finish_call(struct relay_progress *progress, const struct mmsghdr *call)
{
	struct relay_transfer *transfer = &progress->transfers[progress->side];
	uint32_t bytes = call->msg_len;

	switch ((enum relay_call)progress->call) {
	case RELAY_CALL_NONE:
	case RELAY_CALLS:
		return true;
	case RELAY_CALL_TAKE:
		return finish_take(transfer, bytes, call->msg_hdr.msg_flags & MSG_CTRUNC);
	case RELAY_CALL_PASS:
		if (transfer->size == 0 || bytes != transfer->size ||
			transfer->have != transfer->size)
			return false;
		relay_transfer_done(transfer);
		return true;
	case RELAY_CALL_SWAP:
		if (!progress->display || bytes != sizeof(struct vhost_user_header))
			return false;
		progress->display_is = DISPLAY_GIVEN;
		progress->display_peer = 0;
		return true;
	case RELAY_CALL_ANSWER:
		progress->acknowledge = false;
		return bytes > 0;
	}
	return false;
}

static bool fds_kept(const struct relay_fds *fds)
{
	for (uint32_t i = 0; i < fds->count; i++) {
		if (fds->kept[i] == RELAY_FD_NOT_KEPT)
			return false;
	}
	return true;
}

static bool all_kept(const struct relay_progress *progress)
{
	for (enum side side = SIDE_VMM; side <= SIDE_BACKEND; side++) {
		const struct relay_transfer *transfer = &progress->transfers[side];

		if (progress->sockets[side] == RELAY_FD_NOT_KEPT || !fds_kept(&transfer->fds) ||
			!fds_kept(&transfer->next))
			return false;
	}
	return progress->vmm_display != RELAY_FD_NOT_KEPT &&
		progress->display != RELAY_FD_NOT_KEPT &&
		progress->display_peer != RELAY_FD_NOT_KEPT;
}

bool relay_state_recover(struct relay_state *state, struct relay_progress *progress,
	const char **why)
{
	const struct mmsghdr *call = &state->record.call;

	*progress = state->progress[state->current & 1];
	state->current &= 1;
	*why = NULL;
	if (!progress->sockets[SIDE_VMM])
		return false;
	/* Before anything of it is looked at. */
	*why = "each that went on with it has died of it";
	if (state->adopted >= RELAY_ADOPTED_MAX)
		return false;
	state->adopted++;
	*why = "its state is damaged";
	if (!progress_sound(progress, state))
		return false;
	if (progress->call != RELAY_CALL_NONE && call->msg_len != STREAM_RECORD_NOTHING &&
		(!finish_call(progress, call) || !progress_sound(progress, state)))
		return false;
	progress->call = RELAY_CALL_NONE;
	*why = "a file descriptor could not be kept";
	return all_kept(progress);
}
