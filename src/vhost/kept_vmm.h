/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What of a vhost-user device of ours outlives this process (include/fd_keeper.h), so that neither
 * VMM nor guest notices: memory for its state and the fds that its VMM sent, which lie in a queue
 * (wire/kept_fds.h), and the connection. What is in the memory is the owner's business
 * (input/device.c), who has one as long as there is a VMM: made before its vhost, and destroyed
 * after it.
 */
#ifndef SCANOUTD_VHOST_KEPT_VMM_H
#define SCANOUTD_VHOST_KEPT_VMM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "fd_keeper.h"

struct account;
struct kept_fds;
struct kept_vmm;

struct kept_vmm_options {
	const struct fd_keeper *keeper; /* outlives it */
	const char *name; /* in the store: no other device's; copied */
	struct account *account; /* outlives it; or NULL */
	/* Of the memory: one of another version or size is none of ours. */
	uint32_t version;
	size_t size; /* bytes */
};

/* What a predecessor has left, with its VMM's connection. NULL: nothing that can be gone on with;
 * `why` says why not, or is NULL where there was no connection. */
struct kept_vmm *kept_vmm_take(const struct kept_vmm_options *options, const char **why);

/* For a VMM that comes; the memory is zeroed. NULL: nothing can be kept, for whatever reason. */
struct kept_vmm *kept_vmm_create(const struct kept_vmm_options *options);

/* It has gone; or it stays kept, where the keeper says so. Takes NULL. */
void kept_vmm_destroy(struct kept_vmm *kept);

/* Belong to it. */
void *kept_vmm_memory(const struct kept_vmm *kept);
struct kept_fds *kept_vmm_fds(const struct kept_vmm *kept);

/* The predecessor's connection, once, the caller's. */
int kept_vmm_take_connection(struct kept_vmm *kept);

/* The VMM's connection, which stays the caller's. When what is in the memory is right for it, and
 * before it is worked on. */
void kept_vmm_attached(struct kept_vmm *kept, int fd);

/* We end. True: our successor goes on with the connection. False for NULL. */
bool kept_vmm_stays(struct kept_vmm *kept);

#endif
