/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One [lease NAME] section: a socket, at which another program asks for its outputs, and the DRM
 * lease that it gets (wire/lease_wire.h has the protocol, kms.h what is lent and how it comes
 * back). Made and told by leases.c.
 *
 *   free ──connects──▶ silent ──asks──▶ waits ──outputs are lit──▶ holds
 *     ◀──── gives it back, goes, breaks the protocol, says nothing for 10 s; or it is taken back ────┘
 *
 * One client at a time. It is trusted with the outputs, and with nothing else: what it sends is at
 * most two packets, fds that it sends are closed by its account's closer, and how often it may come
 * is the door's to say. It is told by the end of its connection that the lease has ended; then the
 * next one may ask.
 */
#ifndef SCANOUTD_LEASE_LEASE_H
#define SCANOUTD_LEASE_LEASE_H

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

#include "config/config.h"
#include "fd_keeper.h"
#include "kms.h"

struct lease;

/* They only grow. */
struct lease_counters {
	uint64_t clients; /* that connected */
	uint64_t given; /* leases that were handed over */
	uint64_t faults; /* clients that were dismissed for what they sent, or did not send */
};

enum lease_state {
	LEASE_FREE, /* nobody is connected */
	LEASE_SILENT, /* a client is, and has not asked */
	LEASE_WAITS, /* it has, and an output is not there, or not lit */
	LEASE_HOLDS, /* the client has it */
};

/* Listens. `config` and the keeper (door_options.keeper) outlive it. NULL: as
 * door_create_path(). */
struct lease *lease_create(const struct config_lease *config, const struct fd_keeper *keeper,
	GError **error);

/* What is lent comes back: while the device is there. Takes NULL. */
void lease_destroy(struct lease *lease);

/* The number of its card, config_lease.card. */
uint32_t lease_card(const struct lease *lease);

/* That card, whose outputs are configured, or NULL: it is about to go. */
void lease_set_device(struct lease *lease, struct kms_device *device);

/* kms_listener.output_changed of some output, or there are others than before. */
void lease_outputs_changed(struct lease *lease);

const char *lease_name(const struct lease *lease);
enum lease_state lease_state(const struct lease *lease);
const struct lease_counters *lease_counters(const struct lease *lease);

#endif
