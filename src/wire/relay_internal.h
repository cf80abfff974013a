/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The relay as its files see it: relay.c (the session: who is connected, when to move messages),
 * relay_take.c (one message out of its socket), relay_message.c (what it means, where it goes),
 * relay_journal.c (all that, as a successor finds it) and relay_adopt.c (who is one). Nobody else
 * includes this.
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
#include "wire/relay_state.h"
#include "wire/stream.h"

enum side { SIDE_VMM, SIDE_BACKEND };

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

	struct relay_state *state; /* the options', or else its own */
	struct relay_state *own_state;
	struct kept_fds *kept; /* NULL: nobody goes on with it */
	bool left; /* our successor goes on with the session */

	struct handover *handover; /* until what is handed over has come; else NULL */

	/* The session. */
	struct relay_progress now; /* as a successor finds it, once it is noted */
	struct stream streams[2]; /* by enum side; fd -1: not there */
	bool ended[2]; /* by enum side: the peer sends no more */
	/* By the side that sent them: of the message that is on its way, and of its next bytes
	 * (relay_transfer). */
	struct stream_fds fds[2];
	struct stream_fds next[2];
	guint send_again_source;
	size_t fds_in_flight[2]; /* by the side that they were sent to, since it had read all */
	guint retry_source;
	unsigned int retry_ms;
	bool told_waiting;
	int vmm_display_fd; /* kept open unread: see relay.h */
	int display_fd; /* our end of the back-end's display socket, and … */
	int display_peer_fd; /* … its own, until it has it; else -1 */
	bool told_no_socket; /* that it could not be made, so far */
	bool told_no_fds; /* that messages wait for want of them, so far */
	bool told_scanouts;
	bool unwatched[2]; /* by enum side: the kernel could not, so far */
	guint display_closed_source;
};

/* What became of one try to move one message. */
enum step {
	STEP_MOVED, /* and there may be more */
	STEP_WAIT, /* for more bytes, or for room */
	STEP_END, /* of the session; the reason has been logged */
};

/* ---- relay_take.c ---- */

/* STEP_MOVED: all of a message is in state->messages[from], and its fds in fds[from]; perhaps it
 * was before. The other side has, or had, room for it. */
enum step relay_take(struct relay *relay, enum side from);

/* The message that was taken has come to its end; its fds, too. */
void relay_drop_message(struct relay *relay, enum side from);

/* The same of the progress alone. */
void relay_transfer_done(struct relay_transfer *transfer);

/* `next` have come with bytes of the message. */
void relay_fds_join(struct relay_fds *fds, struct relay_fds *next);

/* ---- relay_message.c ---- */

/* By enum side, for the log. */
extern const char *const relay_side_names[2];

/* What a message's status means for the session; ends it with a word where it must. `text` is the
 * fault's. */
enum step relay_judge(struct relay *relay, enum side side, enum message_status status,
	const char *text);

/* The session ends so. `fault` is taken over; NULL where it is none. */
void relay_note_end(struct relay *relay, enum relay_end end, char *fault);

/* Whether a message with as many fds as there may be can be sent to it now. */
bool relay_has_room(struct relay *relay, enum side to);

/* So many fds are with one side, at most, unread. */
#define RELAY_FDS_IN_FLIGHT_MAX 64

/* Moves one message, or what could not be moved of an earlier one. */
enum step relay_from_vmm(struct relay *relay);
enum step relay_from_backend(struct relay *relay);

/* ---- relay_journal.c ---- */

/* What is in `now` is where a successor goes on; with a call, which is about to be made with
 * messages of the side. Its outcome is to be noted before the next one. */
void relay_note_call(struct relay *relay, enum relay_call call, enum side side);
void relay_note(struct relay *relay);

/* A number for `now`. `known` as in kept_fds.h. */
uint64_t relay_keep(struct relay *relay, int fd, bool known);
/* It is in no `now` any more that was noted. */
void relay_keep_no_more(struct relay *relay, uint64_t number);

/* There is no session. */
void relay_clear_state(struct relay *relay);

/* ---- relay.c ---- */

/* Nothing but time helps: both sockets may stay as they are. */
void relay_move_later(struct relay *relay);

/* A side is there, with what it is kept under; 0: it is to be kept. `fd` is taken over. False: it
 * cannot be used, which is logged, and the session's end. */
bool relay_begin_side(struct relay *relay, enum side side, int fd, uint64_t number);

/* Looks for the back-end from now on. */
void relay_seek_backend(struct relay *relay);

/* Takes everything down that the VMM had. */
void relay_reset(struct relay *relay);

#endif
