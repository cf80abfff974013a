/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Mappings of a peer's memory, of which a part can be gone when it is touched: a file that its
 * owner makes shorter, a device that is unplugged. That raises SIGBUS, of which we would die; here
 * a guarded mapping is replaced by zeroes, and says so.
 *
 * Used by whoever maps what a peer sent: vhost/memory.c, scene/dmabuf.c; and lent to kms/ for what
 * it maps of a card. From the main thread alone, in which all of it is touched. This is the one
 * piece of state that a signal handler forces to be global.
 */
#ifndef SCANOUTD_WIRE_GUARD_H
#define SCANOUTD_WIRE_GUARD_H

#include <stdbool.h>
#include <stddef.h>

#define GUARD_NONE ((size_t)-1)

/* Before the first mapping, and after session_create(), which installs its handler only where none
 * is; more than once is no harm. Any other SIGBUS goes to the handler that was there before. */
void guard_install(void);

/* The mapping is guarded from now on, until guard_remove(), which comes before munmap().
 * GUARD_NONE: there are too many of them. */
size_t guard_add(void *mapping, size_t size);
void guard_remove(size_t guard); /* takes GUARD_NONE */

/* Part of it was gone when it was touched; all of it is zeroes since. */
bool guard_lost(size_t guard);

#endif
