/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One split virtqueue seen from the device (virtio 1.2, 2.7), with VIRTIO_RING_F_EVENT_IDX. Owned
 * by the connection (vhost.c); device.c fills the chains of the event queue and reads those of the
 * status queue.
 *
 * Everything in the ring is the guest's to change at any time: each field is read once, then
 * checked. What cannot be breaks the ring: one error, and nothing more is taken from it until it is
 * started anew.
 */
#ifndef SCANOUTD_VHOST_RING_H
#define SCANOUTD_VHOST_RING_H

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/uio.h>

#include "vhost/memory.h"

/* Entries (virtio 1.2, 2.7). */
#define RING_SIZE_MAX 32768

/* An input event is 8 bytes: no driver has a reason for more pieces than bytes. */
#define RING_PIECES_MAX 16

/* More than anybody needs, and little enough that no guest can keep us busy with one descriptor. */
#define RING_BYTES_MAX 65536

struct ring {
	/* As SET_VRING_* said; kept while the ring is stopped. */
	uint16_t size; /* entries, a power of two */
	uint64_t descriptor_address; /* user addresses: the VMM's */
	uint64_t available_address;
	uint64_t used_address;
	uint16_t next; /* of the available ring, the first that was not taken */

	uint16_t used; /* where the next used element goes */
	uint16_t signalled; /* `used` at the last call */
	bool called; /* since the start: until then the guest may wait for what it missed before */
	bool event_index; /* VIRTIO_RING_F_EVENT_IDX was negotiated */
	bool started;
	bool broken; /* until ring_start() */
};

#define RING_ERROR (ring_error_quark())
GQuark ring_error_quark(void);

enum ring_error {
	RING_ERROR_ADDRESS, /* the ring is not in the guest's memory, or not aligned */
	RING_ERROR_GUEST, /* the driver did what no driver may: the ring is broken */
};

/* One buffer of the guest's, in pieces of one direction. Valid until the memory changes. */
struct ring_chain {
	struct iovec pieces[RING_PIECES_MAX];
	int count;
	uint16_t head;
	size_t bytes; /* of all pieces */
};

enum ring_status {
	RING_CHAIN, /* there is one */
	RING_EMPTY, /* or the ring's own memory is not there, just now */
	RING_BROKEN, /* *error is set once, at the call that found out */
};

/* Begins at `next`, with `used` as the ring in memory says. The addresses were set before. */
bool ring_start(struct ring *ring, const struct memory *memory, GError **error);

/* The ring has run, in a process that is no more: `next` was its place when `used` elements were
 * used, modulo 65536, and how many are by now the ring in memory says. Begins behind them. */
bool ring_go_on(struct ring *ring, const struct memory *memory, uint16_t used, GError **error);

/* Keeps size, addresses and `next`. */
void ring_stop(struct ring *ring);

/*
 * The first buffer that the guest offers, all of it for us to write (`writable`) or to read; it
 * stays offered until ring_use(). Where there is none the guest is asked to kick for the next one.
 */
enum ring_status ring_look(struct ring *ring, const struct memory *memory, bool writable,
	struct ring_chain *chain, GError **error);

/* Gives the buffer that ring_look() found back, with `written` bytes in it. */
void ring_use(struct ring *ring, const struct memory *memory, const struct ring_chain *chain,
	uint32_t written);

/* Whether the guest wants to be called for what was used since the last time it was asked. */
bool ring_wants_call(struct ring *ring, const struct memory *memory);

#endif
