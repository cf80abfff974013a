/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Closes what peers sent, and the sockets to them, where waiting harms nobody (wire/peer_fd.h has
 * the rule). Part of the guest's account (wire/account.h), and borrowed by its streams, so that one
 * guest's stuck file is in nobody else's way.
 *
 * The thread, and why there is one: close() can sleep for as long as a peer wishes, and has no
 * non-blocking form. It only closes and unmaps, knows nothing but its list, and lives as long as
 * there is something in it. Where it is stuck when the process is to end, all else has been closed
 * and given back before, and nobody waits for it here; a file of FUSE keeps the process from being
 * reaped until its server answers or its connection is aborted.
 */
#ifndef SCANOUTD_WIRE_CLOSER_H
#define SCANOUTD_WIRE_CLOSER_H

#include <stdbool.h>
#include <stddef.h>

struct closer;

/* So many that are not closed yet, and no more is taken from this guest's peers until they are. */
#define CLOSER_PENDING_MAX 64

/* `guest` is for the log, and is copied. */
struct closer *closer_create(const char *guest);

/* What is not closed yet will be. Waits for nothing. Takes NULL. */
void closer_destroy(struct closer *closer);

/* Takes `fd` over: an eventfd, a dma-buf or a small memfd is closed at once, all else by the
 * thread. -1 is nothing. Without a closer (NULL), for sockets of our own making, it is closed at
 * once. */
void closer_close(struct closer *closer, int fd);

/* The same of a connected socket, whose peer sees the end of it at once. */
void closer_hang_up(struct closer *closer, int fd);

/* Frees the file's memory where nobody else holds it, which takes long for a large one. Without a
 * closer it is unmapped at once. */
void closer_unmap(struct closer *closer, void *mapping, size_t size);

/* CLOSER_PENDING_MAX wait: said once in the log. False for NULL. */
bool closer_is_full(struct closer *closer);

/* What waits in all closers of this process. */
unsigned int closer_pending(void);

#endif
