/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the files of the channel share: channel.c (life, reading, fds), channel_message.c
 * (what a message must look like, and whom it is told to), channel_reply.c (the queue of
 * replies) and channel_journal.c (what a successor goes on with). Nobody else includes this.
 *
 * Any call of a listener can destroy the channel. So each function here that can reach one returns
 * false when the channel is closed or destroyed; then neither state nor listener may be touched.
 */
#ifndef SCANOUTD_WIRE_CHANNEL_INTERNAL_H
#define SCANOUTD_WIRE_CHANNEL_INTERNAL_H

#include "wire/channel.h"
#include "wire/stream.h"
#include "wire/turn_share.h"

/* A cause of a log line; a bit of channel_state.faults_logged. */
enum channel_fault {
	CHANNEL_FAULT_SIZE,
	CHANNEL_FAULT_SCANOUT,
	CHANNEL_FAULT_FD,
	CHANNEL_FAULT_SECOND_FD,
	CHANNEL_FAULT_LOST_FD,
	CHANNEL_FAULT_GEOMETRY,
	CHANNEL_FAULT_EMPTY,
	CHANNEL_FAULT_SURFACE,
	CHANNEL_FAULT_FEATURES,
	CHANNEL_FAULT_UNKNOWN,
	CHANNEL_FAULT_EOF,
};

/* It came, but this process can have no more fds. */
#define CHANNEL_FD_LOST (-2)

/* Here, of a channel_early_fd. */
struct channel_fd {
	int fd; /* or CHANNEL_FD_LOST; -1: the place is free */
};

struct channel {
	char *name;
	struct account *account; /* borrowed, or NULL */
	struct stream stream;
	struct channel_state *state;
	const struct channel_listener *listener;
	void *data;
	struct channel_counters counters;
	GSource *source;
	gpointer tag;
	GIOCondition condition; /* that the source waits for */
	struct channel_pixels pixels; /* of state->update; row NULL until the listener has said */
	struct channel_fd fds[CHANNEL_EARLY_FDS]; /* those of channel_state.early */
	struct channel_journal *journal; /* NULL: it is not kept */
	struct kept_fds *kept; /* NULL: nor are they */
	unsigned int entered; /* calls of ours on the stack, which look at the channel again */
	/* Messages wait in the buffer because the reply queue was full, or the guest had its share
	 * of the turn. */
	bool stalled;
	bool untidy; /* what it replaced lies in `kept` still */
	struct turn_work work; /* while it is … */
	bool working; /* … begun, in this turn */
	bool left; /* the peer closed its socket, between two messages */
	bool unheard; /* the peer reads no more: replies go nowhere */
	bool destroyed; /* freed when `entered` is 0 */
};

static inline bool channel_is_open(const struct channel *channel)
{
	return channel->stream.fd >= 0;
}

static inline bool channel_queue_full(const struct channel *channel)
{
	return channel->state->owed_count == CHANNEL_REPLIES_MAX;
}

static inline bool channel_takes_fd(uint32_t request)
{
	return request == VHOST_USER_GPU_DMABUF_SCANOUT ||
		request == VHOST_USER_GPU_DMABUF_SCANOUT2;
}

/* ---- channel.c ---- */

/* Counts a fault and logs it, once a cause and connection. */
void channel_fault(struct channel *channel, uint32_t request, enum channel_fault fault,
	const char *format, ...) G_GNUC_PRINTF(4, 5);

/* Closes the socket and tells the listener. Always false. */
bool channel_close(struct channel *channel);

/* The fd of the message at `offset`, now the caller's, or -1, or CHANNEL_FD_LOST. */
int channel_take_fd(struct channel *channel, uint32_t offset, bool *more);

/* Closes an fd that no listener gets. */
void channel_drop_fd(struct channel *channel, int fd);

/* ---- channel_journal.c ---- */

/* The state is as a successor is to find it, and the call is about to be made. */
void channel_note_call(struct channel *channel, enum channel_call call);

static inline void channel_note(struct channel *channel)
{
	if (channel->journal)
		channel_note_call(channel, CHANNEL_CALL_NONE);
}

/* ---- channel_message.c ---- */

const char *channel_request_name(uint32_t request);

/*
 * Consumes complete messages from the buffer, and the pixels behind them, until one is incomplete,
 * the reply queue is full, or the guest has had its share of the turn.
 */
bool channel_process(struct channel *channel);

/* Whether there is time for more in this turn. The first one who asks has some: what he asks for,
 * and what came before, is what each turn does. */
bool channel_has_time(struct channel *channel);

/* Asks the listener where the pixels of state->update go; they are skipped where it says
 * nowhere. */
bool channel_begin_update(struct channel *channel);

/* `bytes` of state->update's pixels are in place. */
bool channel_advance_update(struct channel *channel, uint64_t bytes);

/* ---- channel_reply.c ---- */

/* The queue must not be full. */
static inline void channel_owe(struct channel *channel, uint32_t request, uint32_t scanout)
{
	struct channel_state *state = channel->state;

	state->owed[state->owed_count] = (struct channel_owed){
		.request = request,
		.scanout = scanout,
	};
	state->owed_count++;
}

/* The turn of the oldest one has come. */
static inline bool channel_reply_is_ready(const struct channel_state *state)
{
	return state->owed_count &&
		(state->owed[0].request != VHOST_USER_GPU_DMABUF_UPDATE || state->owed[0].answered);
}

static inline bool channel_has_replies(const struct channel_state *state)
{
	return channel_reply_is_ready(state) || state->unsent_begin < state->unsent_end;
}

/* Writes all replies whose turn has come, as far as the socket takes them: after most messages none
 * has. */
bool channel_flush_replies(struct channel *channel);
static inline bool channel_flush(struct channel *channel)
{
	return !channel_has_replies(channel->state) || channel_flush_replies(channel);
}

#endif
