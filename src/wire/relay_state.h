/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a successor of this process needs of a relay's session, so that neither VMM nor back-end
 * notice: plain data in shared memory (design 13), without pointers, written by relay_journal.c
 * while the relay works. Its fds lie in a queue beside it (kept_fds.h), each under a number. Made
 * by guests/kept_relay.h, lent to the relay.
 *
 * What lies in the sockets is the kernel's to keep, so a message is of concern here only from when
 * it is taken out of one until the other has it. Its fds would be lost with us in that time: so
 * they are looked at first, and kept, before the bytes are taken; of the call that takes or sends
 * the kernel leaves the outcome.
 */
#ifndef SCANOUTD_WIRE_RELAY_STATE_H
#define SCANOUTD_WIRE_RELAY_STATE_H

#include <stdint.h>

#include "vhost_user.h"
#include "wire/stream.h"
#include "wire/stream_record.h"

/* Raised whenever the layout or the meaning of struct relay_state changes. */
#define RELAY_STATE_VERSION 1u

/* Whether the back-end has its display socket; it gets one a session. */
enum relay_display {
	DISPLAY_NONE, /* the VMM has not sent one */
	DISPLAY_DUE, /* it has, and ours could not be made or sent so far */
	DISPLAY_GIVEN,
};

/* The call of a socket that is being made, and whose outcome is in relay_state.record. */
enum relay_call {
	RELAY_CALL_NONE,
	RELAY_CALL_TAKE, /* reads what is missing of a message */
	RELAY_CALL_PASS, /* sends it to the other side */
	RELAY_CALL_SWAP, /* sends the back-end its display socket */
	RELAY_CALL_ANSWER, /* sends the VMM our answer to its message 33 */
	RELAY_CALLS,
};

/* In the place of a number: nobody can go on without it. */
#define RELAY_FD_NOT_KEPT UINT64_MAX

/* Numbers of fds (kept_fds.h). */
struct relay_fds {
	uint32_t count;
	uint32_t truncated; /* there were more */
	uint32_t lost; /* this process could not have all of them */
	uint32_t padding;
	uint64_t kept[STREAM_FDS_MAX];
};

/* Of the messages that one side sends. */
struct relay_transfer {
	uint32_t size; /* of the one that is on its way, bytes with its header; 0: none is */
	uint32_t have; /* of these, taken: relay_state.messages has them */
	struct relay_fds fds; /* that came with them */
	/* The first ones that lie in the socket, with bytes that are not taken. */
	struct relay_fds next;
};

struct relay_progress {
	uint32_t call; /* enum relay_call, on what follows as it is here */
	uint32_t side; /* enum side: whose messages it moves */
	uint64_t sockets
		[2]; /* by enum side: numbers; 0: nobody is there. Without a VMM there is no session */
	uint64_t vmm_display; /* the VMM's end of its own display socket; or 0 */
	uint64_t display; /* our end of the back-end's; 0: not made, or closed */
	uint64_t display_peer; /* the other end, until it has been sent; or 0 */
	uint32_t display_is; /* enum relay_display */
	uint32_t acknowledge; /* the VMM waits for our answer to a message 33 */
	uint32_t memory_shared; /* at least one region has come with its fd */
	uint32_t stopped; /* the VMM has stopped its queues */
	uint32_t scanouts; /* that the device has, as its GET_CONFIG says; 0: not known */
	uint32_t padding;
	struct relay_transfer transfers[2]; /* by enum side */
};

/* A message as it is on the wire. */
struct relay_message {
	struct vhost_user_header header;
	uint8_t payload[VHOST_USER_PAYLOAD_MAX];
} __attribute__((packed));

struct relay_state {
	struct stream_record record;
	uint32_t current; /* of the two */
	uint32_t
		adopted; /* by processes that did not come to an end with what was left in the sockets */
	struct relay_progress progress[2]; /* which is written is not the current one */
	struct relay_message messages[2]; /* by enum side */
};

/* A message may be what its reader dies of: so many go on with a session from the same place. */
#define RELAY_ADOPTED_MAX 4

/*
 * Where a predecessor's session is, with the outcome of what it was doing. False: nobody can go on
 * with it, and why; NULL: there was none. Nothing that is in the state is believed.
 */
bool relay_state_recover(struct relay_state *state, struct relay_progress *progress,
	const char **why);

#endif
