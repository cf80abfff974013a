/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What one guest may take of this process: a [guest] section with its VMM, its back-end and its
 * input devices, however many of these there are. Kept by src/wire/account.h; read by whoever says
 * what a configuration needs.
 */
#ifndef SCANOUTD_GUEST_LIMITS_H
#define SCANOUTD_GUEST_LIMITS_H

#include <stdint.h>

/* File descriptors: sockets, eventfds, dma-bufs, surfaces, and those that are being closed. Enough
 * for 16 scanouts with 18 input devices. */
#define GUEST_FDS_MAX 448

/* What the VMMs of its input devices sent, and is kept for who comes after this process: in flight
 * between sockets of our own, where the kernel lets a user have as many as a process may have open.
 * With what is kept of its relay and of its pictures, 192 at most, no more than GUEST_FDS_MAX. */
#define GUEST_KEPT_FDS_MAX 256

/* Mappings of its memory and of its dma-bufs: the kernel gives a process 65530
 * (vm.max_map_count). */
#define GUEST_MAPPINGS_MAX 512

/* What these may span: so many bytes, or so many times the machine's memory, whichever is more,
 * since each input device maps all of the guest. A process has 128 TiB of addresses. */
#define GUEST_MAPPED_BYTES_MAX (UINT64_C(2) << 40)
#define GUEST_MAPPED_OVERCOMMIT 16

/* Pictures that we keep in memory of our own. */
#define GUEST_SURFACE_BYTES_MAX (UINT64_C(1) << 30)

/* Dma-bufs that are shown, or are to be: at most two a scanout, each at most one framebuffer of
 * each card. */
#define GUEST_BUFFER_BYTES_MAX (UINT64_C(4) << 30)

/* Peers that are let in at once, and a second in the long run. */
#define GUEST_SESSIONS_BURST 64
#define GUEST_SESSIONS_PER_SECOND 20

/* Of a turn of the main loop, in microseconds: of the 16 ms between two vblanks at 60 Hz, or the 4
 * at 240. What a peer asks for in one piece is done in one piece. */
#define GUEST_TURN_US 500

/* File descriptors that belong to no guest: cards and what is kept of buffers on them, input
 * devices, buses, the log. */
#define DAEMON_FDS_MAX 256

/* What is kept of a guest's relay and pictures is in the hands of whoever goes on with it twice, in
 * two queues (wire/kept_fds.h), one guest after another. */
#define SUCCESSION_FDS_MAX 192

/* With the service manager for the next start, of one guest: its relay's and its display's state,
 * two each, three sockets, and two of state and two sockets for each input device, of which a VMM
 * can have 28. A process is handed all of them, and each becomes one of GUEST_FDS_MAX. */
#define GUEST_STORED_FDS_MAX (7 + 4 * 28)

/* The same of no guest: cards, leases. */
#define DAEMON_STORED_FDS_MAX 48

/* For how many guests, all of them at their worst, a limit of so many file descriptors
 * (RLIMIT_NOFILE) does. */
static inline uint64_t guest_limits_guests(uint64_t fds)
{
	const uint64_t others = DAEMON_FDS_MAX + SUCCESSION_FDS_MAX;

	return fds > others ? (fds - others) / GUEST_FDS_MAX : 0;
}

/* The same of a service manager that keeps so many (FileDescriptorStoreMax=). */
static inline uint64_t guest_limits_stored(uint64_t fds)
{
	return fds > DAEMON_STORED_FDS_MAX ? (fds - DAEMON_STORED_FDS_MAX) / GUEST_STORED_FDS_MAX
					   : 0;
}

#endif
