/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a successor of this process needs of a VMM's connection (vhost.h), so that neither VMM nor
 * guest notices: plain data in memory that outlives us, written by the connection while it works,
 * and read once by who goes on with it. The memory is the owner's of the connection
 * (input/device.c); fds are named by their numbers (wire/kept_fds.h).
 *
 * Wherever we are killed, nothing is done twice or not at all that the peer can tell:
 *
 *   - Of the connection there are two pictures; one store chooses the newer. A message is in the
 *     journal as it came, until the picture that it leads to is chosen: who comes after us obeys it
 *     again from its beginning, and each request leads to the same when it is obeyed twice. Its fds
 *     are looked at, and kept, before its bytes are taken. The outcome of the call that reads or
 *     writes is left by the kernel (wire/stream_record.h). What has not been read is the socket's
 *     to keep.
 *   - A ring's position is not noted for each buffer. A buffer is the guest's with the one store
 *     that moves the used index, in the guest's memory, and the difference between that and the
 *     place in the available ring is the same as long as the ring runs: a picture has both of some
 *     moment, and the guest's index says how many buffers were used since. What the device notes of
 *     them has that index with it, too (input/device_internal.h).
 *   - That the guest was called for what it was given, or that a kick was seen, nobody knows: who
 *     goes on does both again, which says nothing new to anybody.
 */
#ifndef SCANOUTD_VHOST_JOURNAL_H
#define SCANOUTD_VHOST_JOURNAL_H

#include <stdbool.h>
#include <stdint.h>

#include "vhost_user.h"
#include "wire/stream.h"
#include "wire/stream_record.h"

#define VHOST_RINGS 2

/* Regions of memory that are kept; with more nobody goes on. QEMU has two or three, and one for
 * each module that is plugged in. */
#define VHOST_JOURNAL_REGIONS 16

/* In the place of a number: there is an fd, but it could not be kept, and nobody can go on without
 * it. */
#define VHOST_FD_NOT_KEPT UINT64_MAX

/* What is being done with vhost_journal.message or .answer. */
enum vhost_step {
	VHOST_STEP_NONE,
	VHOST_STEP_READ, /* the rest of the message, or a part of that, is read into its place */
	VHOST_STEP_PART, /* a part of it is there */
	VHOST_STEP_OBEY, /* it is there, with its fds */
	VHOST_STEP_ANSWER, /* the answer is sent */
	VHOST_STEPS,
};

struct vhost_ring_picture {
	uint32_t size; /* entries; and so on, as in struct ring */
	uint16_t next, used; /* of the same moment */
	uint64_t descriptor_address, available_address, used_address;
	uint64_t kick, call; /* numbers; 0: there is none */
	uint32_t start; /* the number of its last start */
	uint8_t enabled, runs, event_index, padding;
};

struct vhost_region_picture {
	struct vhost_user_memory_region region;
	uint64_t fd; /* number */
};

struct vhost_picture {
	uint32_t step; /* enum vhost_step */
	uint32_t starts; /* of rings so far */
	uint32_t have; /* bytes of the message, taken from the socket */
	uint32_t fd_count; /* that came with them */
	uint32_t
		next_count; /* the first ones that lie in the socket, with bytes that are not taken */
	uint32_t region_count; /* more than VHOST_JOURNAL_REGIONS: not all of them are here */
	uint64_t fds[STREAM_FDS_MAX]; /* numbers */
	uint64_t next[STREAM_FDS_MAX]; /* numbers */
	uint64_t features;
	uint64_t backend_request; /* number; 0: there is none */
	struct vhost_ring_picture rings[VHOST_RINGS];
	struct vhost_region_picture regions[VHOST_JOURNAL_REGIONS];
};

/* One message, as it is on the wire. */
struct vhost_wire {
	struct vhost_user_header header;
	uint8_t payload[VHOST_USER_PAYLOAD_MAX];
};

struct vhost_journal {
	struct stream_record record;
	uint32_t current; /* of the two */
	uint32_t adopted; /* by processes that did not come to an end with what was left */
	struct vhost_picture pictures[2];
	/* As it came: its header before it is taken, and then its bytes. */
	struct vhost_wire message;
	struct vhost_wire answer;
};

/* A session may be what its owner dies of: so many go on with it from the same place. Fewer than
 * scanout-hold starts in one go. */
#define VHOST_ADOPTED_MAX 4

/*
 * What a successor goes on with, by what is in the journal, whatever that is; VHOST_STEP_READ is
 * over then. False: nobody can, and why.
 */
bool vhost_journal_recover(struct vhost_journal *journal, struct vhost_picture *picture,
	const char **why);

#endif
