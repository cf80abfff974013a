/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A guest's memory as its VMM shares it: the regions of SET_MEM_TABLE and ADD_MEM_REG, mapped, and
 * the two kinds of addresses that point into them. Owned by the connection (vhost.c), read by its
 * rings (ring.c).
 *
 * Every address comes from the VMM or the guest and is checked each time. A VMM can also make a
 * file shorter that it has shared with us, and touching what is gone raises SIGBUS: memory_guard()
 * turns that into zeroes and memory_lost().
 */
#ifndef SCANOUTD_VHOST_MEMORY_H
#define SCANOUTD_VHOST_MEMORY_H

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

#include "vhost_user.h"

struct account;
struct kept_fds;

/* What GET_MAX_MEM_SLOTS says; QEMU's own back-ends take 509, for hot-plugged memory. */
#define MEMORY_REGIONS_MAX 64

/* What is mapped of one connection's memory: so many bytes, or so many times the machine's memory,
 * whichever is more. */
#define MEMORY_BYTES_MAX (UINT64_C(256) << 30)
#define MEMORY_OVERCOMMIT_MAX 4

struct memory_region {
	uint64_t guest_address;
	uint64_t user_address; /* in the VMM's process */
	uint64_t size; /* bytes */
	uint64_t mmap_offset; /* of the region in its file; bytes */
	uint64_t kept; /* number of its fd (wire/kept_fds.h); 0: nobody else needs it */
	uint8_t *bytes; /* of guest_address, in ours */
	void *mapping;
	size_t mapping_size;
	size_t guard; /* wire/guard.h's, of what is lost */
};

struct memory {
	struct memory_region regions[MEMORY_REGIONS_MAX];
	size_t count;
	struct account
		*account; /* is charged with them, and its closer unmaps them; borrowed, or NULL */
	struct kept_fds *kept; /* keeps their fds as long as they are here; borrowed, or NULL */
};

#define MEMORY_ERROR (memory_error_quark())
GQuark memory_error_quark(void);

enum memory_error {
	MEMORY_ERROR_REGION, /* the region is not one that can be: the message says why */
	MEMORY_ERROR_MOMENT, /* the kernel has no room to map it just now */
};

/* All zero is a memory without regions, without an account and without kept fds; these two stay. */
void memory_clear(struct memory *memory);

/* Maps a region; `fd` stays the caller's. Refused: memory that somebody else's file system
 * serves (wire/peer_fd.h), no bytes, addresses that wrap, more bytes than the file has or than are
 * left of the bound, an overlap with a region that is there, one region too many. */
bool memory_add(struct memory *memory, const struct vhost_user_memory_region *region, int fd,
	GError **error);

/* The region with these addresses and this size. False: there is none. */
bool memory_remove(struct memory *memory, const struct vhost_user_memory_region *region);

/* `size` bytes at an address of the guest, or of the VMM; NULL where not all of them are in one
 * region. The bytes change while we look: read each once. */
void *memory_at_guest(const struct memory *memory, uint64_t address, uint64_t size);
void *memory_at_user(const struct memory *memory, uint64_t address, uint64_t size);

/* guard_install() of wire/guard.h, before the first region: from then on a region whose file became
 * shorter reads as zeroes. */
void memory_guard(void);

/* Part of it was gone when it was touched; stays true until memory_clear(). */
bool memory_lost(const struct memory *memory);

#endif
