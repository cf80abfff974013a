/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a guest's peers sent, and its surfaces: file descriptors that a successor of this process
 * goes on with. They lie in the queue of a pair of sockets of our own, each with a number, and the
 * pair is kept by whoever keeps fds (include/fd_keeper.h): two for a guest, however many lie in it,
 * and nobody else is told of a new dma-buf. The guest's state (scene/guest_state.h) names them by
 * their numbers. A relay has a queue of its own, for its sockets and for the fds of a message that
 * is on its way (relay_state.h).
 *
 * Owned by the member's kept_guest and kept_relay (guests/), lent to the guest and its channel, and
 * to the relay. One that is removed leaves the queue at kept_fds_tidy(), when no state names it any
 * more. All functions but the creating ones take NULL, which keeps nothing.
 */
#ifndef SCANOUTD_WIRE_KEPT_FDS_H
#define SCANOUTD_WIRE_KEPT_FDS_H

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

struct account;
struct closer;
struct kept_fds;

/* So many at one time: two contents a scanout and a copy of what it shows, and those that came ahead
 * of their message. */
#define KEPT_FDS_MAX 64

#define KEPT_FDS_ERROR (kept_fds_error_quark())
GQuark kept_fds_error_quark(void);

enum kept_fds_error {
	KEPT_FDS_ERROR_FAILED, /* no sockets, or not such a pair */
};

/* The number of what says what the others are, and stays as long as the pair. */
#define KEPT_FDS_STATE 1

/* A new pair, with another of `state` in it, unless that is -1. `closer` closes what peers sent;
 * outlives it; or NULL. */
struct kept_fds *kept_fds_create(int state, struct closer *closer, GError **error);

/* The pair that a predecessor left, with all that lies in it. Both fds are taken over, also on
 * failure. */
struct kept_fds *kept_fds_create_from(const int pair[2], struct closer *closer, GError **error);

/* What lies in the queue is charged from now on; what cannot be is not kept. `account` outlives it.
 * False: what lies in it is too much already. */
bool kept_fds_charge(struct kept_fds *kept, struct account *account);

/* What the pair holds stays where somebody else has it, too. */
void kept_fds_destroy(struct kept_fds *kept);

/* The ends of the pair; borrowed. */
const int *kept_fds_pair(const struct kept_fds *kept);

/* `fd` stays the caller's. `known`: it is of our own making, or a dma-buf, whose close() waits for
 * nobody. Its number, never 0; 0: it could not be kept. */
uint64_t kept_fds_add(struct kept_fds *kept, int fd, bool known);

/* Of the one that was added last as this fd; 0: there is none. */
uint64_t kept_fds_number(const struct kept_fds *kept, int fd);

/* Another of those that a predecessor left, the caller's, as if that had been added; -1: no
 * such. */
int kept_fds_get(struct kept_fds *kept, uint64_t number);

/* Would kept_fds_get() have one? */
bool kept_fds_has(struct kept_fds *kept, uint64_t number);

/* It is needed no more; 0 is none. `known`, as far as is known by now. */
void kept_fds_remove(struct kept_fds *kept, uint64_t number, bool known);

/* The peers of all sockets that were left see the end of these, whoever else may still have
 * them. */
void kept_fds_hang_up(struct kept_fds *kept);

/* What was left, and nobody has asked for, is needed no more. */
void kept_fds_settle(struct kept_fds *kept);

/* Nobody needs any of them but KEPT_FDS_STATE. */
void kept_fds_empty(struct kept_fds *kept);

/* What was removed leaves the queue, as far as there is time. True: there is more, for another
 * turn; not where it cannot go now. */
bool kept_fds_tidy(struct kept_fds *kept);

#endif
