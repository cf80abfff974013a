/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * vhost-user between a VMM and a back-end, with the display socket swapped: message 33
 * (VHOST_USER_GPU_SET_SOCKET) is not passed on; the back-end gets one end of a pair of ours, and
 * the other end goes to `attached`. Neither side notices.
 *
 * Listens for the VMM (door) and connects to the back-end's socket when a VMM is there, retrying
 * until the back-end listens; it starts no program. Who has both already is given connections for
 * them at the same door (handover.h). The back-end gets a display socket once per
 * connection: the repeats that a guest's reboot or driver rebind causes are swallowed, so the
 * picture survives; a back-end that has closed its own gets none until the next VMM comes. The
 * VMM's end of its own display socket is kept open and unread: closed, QEMU spins.
 *
 * A message is forwarded whole: it stays in its socket until all of it is there and the other side
 * has room for it, and is then taken and sent with its fds in one sendmsg. So nothing is held here
 * from one turn of the main loop to the next, but for one message each way that the kernel could
 * not send: fds in flight are counted by user, and another guest's peers can have used them up. It
 * is sent when it can be. All that a successor of this process needs to go on is kept from the
 * moment that it is true (relay_state.h). Nor is a message taken for whose fds this process has no
 * room: it waits where it is. A side that has not read 64 fds gets no more until it has read all,
 * so that this guest's cannot be the many.
 *
 * Faults. "closed": one log line that names the guest, the side and the fault; both sides' sockets
 * are closed, listener->detached is called, and the next VMM is served. Nothing of the message at
 * fault has been passed on.
 *
 *   | what a side sends                                     |
 *   |-------------------------------------------------------|-------------------------------------
 *   | a handover that is none (handover.h)                  | closed
 *   | silence in a handover's place                         | closed after 10 s
 *   | version bits other than 1                             | closed
 *   | payload of more than VHOST_USER_PAYLOAD_MAX bytes     | closed, before the payload is there
 *   | more than VHOST_USER_FDS_MAX fds with one message     | closed
 *   | EOF between messages                                  | closed; for the VMM no fault
 *   | EOF inside a message                                  | closed
 *   | silence inside a message; reading nothing             | nothing happens; the other direction goes on
 *   | request, reply or payload unknown to us               | passed on
 *   | VMM: 33 with a payload, without fd, with several      | taken as 33; the first fd is kept
 *   | VMM: 33 again                                         | swallowed
 *   | VMM: 33 with NEED_REPLY                               | answered with success, by us
 *   | VMM: SET_MEM_TABLE, ADD_MEM_REG without a usable fd   | closed, saying how to share memory
 *   | VMM: GET_VRING_BASE, SET_VRING_KICK                   | passed on, and listener->running is told
 *   | VMM: SET_VRING_ADDR before any memory                 | closed, saying how to share memory
 *   | back-end: refuses memory                              | passed on, logged
 *   | back-end: closes its display socket alone             | logged; the rest goes on
 *   | back-end: not listening                               | logged once a VMM; looked for at ≤ 0.5 s
 */
#ifndef SCANOUTD_WIRE_RELAY_H
#define SCANOUTD_WIRE_RELAY_H

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

#include "wire/door.h"

struct account;
struct kept_fds;
struct relay;
struct relay_state;

struct relay_options {
	const char *name; /* the guest's, for the log */
	struct account *account; /* the guest's; outlives the relay; or NULL */
	const char *vmm_path; /* where the VMM connects; or NULL and … */
	int vmm_listen_fd; /* … a listening socket of the service manager's, else -1 */
	const char *vmm_group; /* may connect too; NULL: only we */
	door_prepare_func prepare; /* of vmm_path; or NULL */
	const struct fd_keeper *keeper; /* the same; see door_options */
	const char *backend_path; /* where the back-end listens */
	/* What a successor of this process goes on with: both, and they outlive the relay; or
	 * NULL. */
	struct relay_state *state;
	struct kept_fds *kept;
};

/* How a session ended. */
enum relay_end {
	RELAY_END_VMM, /* the VMM has left between two messages */
	RELAY_END_BACKEND, /* the back-end has, and the VMM had not */
	RELAY_END_FAULT, /* of the table above, or of this machine */
};

/* The listener's functions must not destroy the relay. */
struct relay_listener {
	/* Our end of the display socket that the back-end now has. The callee's fd. */
	void (*attached)(void *data, int fd);
	/* The back-end's GET_CONFIG reply passed by: how many scanouts the device has. Called once
	 * a VMM at most, and not where it says 0, as QEMU's does. */
	void (*scanouts)(void *data, uint32_t count);
	/* A VMM that came is gone, for a reason that relay_end() has, and with it the back-end; the
	 * display socket, if one was attached, is at EOF or will be. */
	void (*detached)(void *data);
	/* False: the VMM has stopped the device's queues, as it does when the guest resets the
	 * device (a reboot, another driver), and when the VM is paused. True: it has started them
	 * again. Called on a change, before the back-end hears of it; a VMM that comes is taken for
	 * running. May be NULL. */
	void (*running)(void *data, bool running);
	/* A VMM is there, and the back-end listens (true), or does not so far (false). Called on a
	 * change. May be NULL. */
	void (*backend)(void *data, bool there);
	/* From inside relay_adopt(): as `attached`, where the back-end has had it from a
	 * predecessor; -1: it has none. False: it cannot be gone on with, which the callee logs.
	 * NULL where relay_adopt() is not called. */
	bool (*adopted)(void *data, int fd);
};

struct relay_counters {
	uint64_t vmms; /* served so far */
	uint64_t messages; /* forwarded, both directions */
	uint64_t sockets_swapped;
	uint64_t sockets_swallowed;
};

/* `vmm_listen_fd` is taken over, but not where it is no socket that listens, which is an error: it
 * stays the caller's then, as with door_create_listening(). The strings are copied. `listener` must
 * outlive the relay. */
struct relay *relay_create(const struct relay_options *options,
	const struct relay_listener *listener, void *data, GError **error);

/*
 * Goes on with the session that a predecessor had, where that is in the options' state. Once, after
 * relay_create(), before the main loop runs; the listener is told what is known, but not what was
 * told before. False: there was none, or it cannot be gone on with, which is logged: both sides are
 * closed.
 */
bool relay_adopt(struct relay *relay);

/* We end, and our successor goes on with the session: both sides' sockets are closed, but the
 * connections stay. relay_destroy() is next. */
void relay_leave(struct relay *relay);

/* The display socket that `attached` or `adopted` was given is about to be closed: what belongs to
 * it is of no more use. */
void relay_display_closing(struct relay *relay);

/* The display socket that `attached` was given is closed, while the session goes on as far as is
 * known: no other will come in it, which is logged where it is true a moment later, too. */
void relay_display_closed(struct relay *relay);

/* Closes both sides, without calling the listener. Takes NULL. */
void relay_destroy(struct relay *relay);

/* Of the last session, or of the one whose end is being told. `fault`: what a log line says of it,
 * "the VMM …"; NULL but for RELAY_END_FAULT; the relay's, until the next session ends. May be
 * NULL. */
enum relay_end relay_end(const struct relay *relay, const char **fault);

const struct relay_counters *relay_counters(const struct relay *relay);

#endif
