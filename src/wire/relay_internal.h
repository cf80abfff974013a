/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The relay as its two files see it: relay.c (the session: who is connected, when to move messages) and
 * relay_message.c (one message: what it means, where it goes). Nobody else includes this.
 */
#ifndef SCANOUTD_WIRE_RELAY_INTERNAL_H
#define SCANOUTD_WIRE_RELAY_INTERNAL_H

#include <glib.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "wire/account.h"
#include "wire/closer.h"
#include "wire/door.h"
#include "wire/handover.h"
#include "wire/message.h"
#include "wire/relay.h"
#include "wire/stream.h"

enum side { SIDE_VMM, SIDE_BACKEND };

/* Whether the back-end has its display socket; it gets one a session. */
enum relay_display {
	DISPLAY_NONE, /* the VMM has not sent one */
	DISPLAY_DUE, /* it has, and ours could not be made or sent so far */
	DISPLAY_GIVEN,
};

struct relay {
	char *name;
	char *vmm_path; /* NULL: the socket is the service manager's */
	char *backend_path;
	const struct relay_listener *listener;
	void *data;
	struct relay_counters counters;
	enum relay_end end; /* of the last session */
	char *fault; /* with it; or NULL */
	struct door *door;
	struct account *account;
	struct closer *closer; /* the account's */
	int epoll_fd;
	guint epoll_source;

	struct handover *handover; /* until what is handed over has come; else NULL */

	/* The session. */
	struct stream streams[2]; /* by enum side; fd -1: not there */
	bool ended[2]; /* by enum side: the peer sends no more */
	/* By the side that sent it: one that was taken, but could not be passed on yet. */
	struct message held[2];
	bool holds[2];
	guint send_again_source;
	size_t fds_in_flight[2]; /* by the side that they were sent to, since it had read all */
	guint retry_source;
	unsigned int retry_ms;
	bool told_waiting;
	int vmm_display_fd; /* kept open unread: see relay.h */
	enum relay_display display; /* the back-end's socket */
	bool told_no_socket; /* that it could not be made, so far */
	bool told_no_fds; /* that messages wait for want of them, so far */
	bool unwatched[2]; /* by enum side: the kernel could not, so far */
	bool memory_shared; /* at least one region has come with its fd */
	bool acknowledge; /* the VMM waits for our answer to a message 33 */
	bool told_scanouts;
	bool stopped; /* the VMM has stopped its queues */
	guint display_closed_source;
};

/* What became of one try to move one message. */
enum step {
	STEP_MOVED, /* and there may be more */
	STEP_WAIT, /* for more bytes, or for room */
	STEP_END, /* of the session; the reason has been logged */
};

/* ---- relay_message.c ---- */

/* By enum side, for the log. */
extern const char *const relay_side_names[2];

/* What a message's status means for the session; ends it with a word where it must. `text` is the
 * fault's. */
enum step relay_judge(struct relay *relay, enum side side, enum message_status status,
	const char *text);

/* The session ends so. `fault` is taken over; NULL where it is none. */
void relay_note_end(struct relay *relay, enum relay_end end, char *fault);

/* Moves one message, or what could not be moved of an earlier one. */
enum step relay_from_vmm(struct relay *relay);
enum step relay_from_backend(struct relay *relay);

/* ---- relay.c ---- */

/* Nothing but time helps: both sockets may stay as they are. */
void relay_move_later(struct relay *relay);

#endif
