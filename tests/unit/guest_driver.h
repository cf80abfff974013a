/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A guest's half of virtio: its memory, shared by a file as VMMs do it, and the driver of a split
 * virtqueue in it, which does what a test tells it to, also what no driver may. For test-ring and
 * vhost_fixture.h.
 */
#ifndef TESTS_UNIT_GUEST_DRIVER_H
#define TESTS_UNIT_GUEST_DRIVER_H

#include <linux/virtio_ring.h>
#include <stdbool.h>
#include <stdint.h>

#include "vhost_user.h"

/* Bytes; a ring of 32768 entries has room. Sparse. */
#define GUEST_SIZE 0x200000u
/* Where the memory lies for the guest and for its VMM, and where it begins in its file. */
#define GUEST_ADDRESS 0x40000000u
#define GUEST_USER 0x7f5500000000u
#define GUEST_OFFSET 0x1000u

struct guest {
	int fd;
	uint8_t *bytes; /* GUEST_SIZE of them, behind GUEST_OFFSET */
};

void guest_open(struct guest *guest);
void guest_close(struct guest *guest);

/* Takes all of the memory away from those it was shared with; `bytes` are gone. */
void guest_shrink(struct guest *guest);

/* All of it, as SET_MEM_TABLE and ADD_MEM_REG say it. */
struct vhost_user_memory_region guest_region(void);

/* Offsets into the memory. */
struct driver {
	struct guest *guest;
	uint16_t size; /* entries */
	uint32_t descriptors, available, used;
	uint16_t offered; /* the available index */
	uint16_t seen; /* used elements that driver_take_used() returned */
};

/* Lays a queue out, all zero, from `offset`, a multiple of 16. */
void driver_init(struct driver *driver, struct guest *guest, uint16_t size, uint32_t offset);

/* Both rings are at `index`, nothing offered. */
void driver_begin_at(struct driver *driver, uint16_t index);

void driver_describe(struct driver *driver, uint16_t index, struct vring_desc descriptor);

/* Offers the chain that begins with descriptor `head`. */
void driver_offer(struct driver *driver, uint16_t head);

/* One buffer of `length` bytes at `offset` by descriptor `head`, offered. */
void driver_offer_buffer(struct driver *driver, uint16_t head, uint32_t offset, uint32_t length,
	bool writable);

/* Writes the index alone, whatever was offered. */
void driver_set_index(struct driver *driver, uint16_t index);

void driver_set_flags(struct driver *driver, uint16_t flags);
/* With the event index: call when this element is used. */
void driver_set_used_event(struct driver *driver, uint16_t index);
/* … and what the device wants to be kicked for. */
uint16_t driver_available_event(const struct driver *driver);

/* The next used element. False: there is none. */
bool driver_take_used(struct driver *driver, struct vring_used_elem *element);

#endif
