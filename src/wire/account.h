/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What one guest takes of this process, and may take (guest_limits.h): counters, each with a limit,
 * the closer of what its peers sent, its share of a turn. One a guest, owned by its member
 * (guests/member.h) and lent to all that works for it: guest, relay, doors, input devices.
 *
 * Whoever keeps something for a guest charges it before, and discharges it when it is given back. A
 * charge that is refused costs that guest what was asked for: a peer waits outside, a region or a
 * buffer is not taken. Fds that are held only while a message is looked at are not charged: there
 * is one such message at a time.
 *
 * All functions take NULL, which is an account without limits.
 */
#ifndef SCANOUTD_WIRE_ACCOUNT_H
#define SCANOUTD_WIRE_ACCOUNT_H

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

#include "guest_limits.h"
#include "wire/turn_share.h"

struct account;
struct closer;

enum account_item {
	ACCOUNT_FDS,
	ACCOUNT_KEPT_FDS,
	ACCOUNT_MAPPINGS,
	ACCOUNT_MAPPED_BYTES,
	ACCOUNT_SURFACE_BYTES,
	ACCOUNT_BUFFER_BYTES,
	ACCOUNT_ITEMS,
};

/*
 * Fds of one peer, charged by its door while it is let in. A display socket: itself, those that
 * came ahead of their message, a new pair, what is kept of it (guests/kept_guest.h). A relay: that;
 * both sockets, the VMM's display socket, the epoll, a new pair, what is kept of it
 * (guests/kept_relay.h), and the fds of a message each way and of one more. An input device:
 * socket, epoll, kicks and calls of two rings, the request channel, a device of the host, a pair of
 * what is kept of it (vhost/kept_vmm.h). To each the door's own socket and lock.
 */
#define ACCOUNT_FDS_DISPLAY 11
#define ACCOUNT_FDS_RELAY 41
#define ACCOUNT_FDS_DEVICE 12
#define ACCOUNT_FDS_ALIVE 3 /* an alive-socket: itself */

/* Fds of one content of a scanout: the dma-buf's, which the framebuffer of one card shares, and
 * that of another's; of each further card's; or the surface's. */
#define ACCOUNT_FDS_DMABUF 2
#define ACCOUNT_FDS_FRAMEBUFFER 1
#define ACCOUNT_FDS_SURFACE 1

#define ACCOUNT_ERROR (account_error_quark())
GQuark account_error_quark(void);

enum account_error {
	ACCOUNT_ERROR_EXCEEDED, /* the message says of what, and how much there may be */
};

/* `guest` is for its closer's log, and is copied. */
struct account *account_create(const char *guest);
/* After all that borrows it. What its closer has not closed yet will be. */
void account_destroy(struct account *account);

/* False: it would be more than there may be, nothing was charged. */
bool account_charge(struct account *account, enum account_item item, uint64_t amount,
	GError **error);
void account_discharge(struct account *account, enum account_item item, uint64_t amount);

/* Both of a mapping: ACCOUNT_MAPPINGS and ACCOUNT_MAPPED_BYTES. */
bool account_charge_mapping(struct account *account, uint64_t bytes, GError **error);
void account_discharge_mapping(struct account *account, uint64_t bytes);

uint64_t account_used(const struct account *account, enum account_item item);
uint64_t account_most(const struct account *account, enum account_item item);

/* A peer wants to be let in at `now_us` (monotonic): 0, and it is counted; or so many microseconds
 * later, since too many came before. */
int64_t account_admit(struct account *account, int64_t now_us);

/* The account's; NULL for NULL. */
struct closer *account_closer(const struct account *account);
struct turn_share *account_share(struct account *account);

#endif
