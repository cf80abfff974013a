/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * All [lease NAME] sections. Made by daemon.c when the layout is, since the outputs are reserved
 * there; told by it of cards and of outputs.
 */
#ifndef SCANOUTD_LEASE_LEASES_H
#define SCANOUTD_LEASE_LEASES_H

#include "lease/lease.h"

struct leases;

/* `sections`: of struct config_lease, which outlive it, as does the keeper
 * (door_options.keeper). */
struct leases *leases_create(const GPtrArray *sections, const struct fd_keeper *keeper,
	GError **error);

/* Takes back what is given. Takes NULL. */
void leases_destroy(struct leases *leases);

/* These do nothing for NULL. As lease_set_device(), of those that are of this card, and
 * lease_outputs_changed(). */
void leases_set_device(struct leases *leases, uint32_t card, struct kms_device *device);
void leases_outputs_changed(struct leases *leases);

/* In the order of the configuration; 0 for NULL. */
size_t leases_count(const struct leases *leases);
const struct lease *leases_at(const struct leases *leases, size_t index);

#endif
