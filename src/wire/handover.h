/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A session that somebody else has begun: scanout-gpu, which a VMM's manager starts as the
 * back-end, has the VMM's connection already, and the real back-end after it. It is given two
 * connections by the relay, one for each, in the place of a VMM that connects and a back-end that
 * listens. Used by relay.c; src/tools/scanout-gpu is the other side. Hostile territory: whoever may
 * connect as the VMM may send anything here.
 *
 * Of a socket that comes from somebody else others may have the same end, and who reads it can be
 * made to wait for them: the kernel has a lock for readers, whose memory can be a file system of
 * theirs. So the VMM's own connection stays where it is, and what is read here are ends that only
 * we have.
 *
 * On the wire, AF_UNIX stream, at the socket of the guest's VMM: the client has bound its own
 * socket to an abstract address that begins with HANDOVER_ADDRESS, so that it is known for what it
 * is before it has said a word. It sends one byte, HANDOVER_VERSION, without fds. The answer is the
 * same byte, with two fds in one sendmsg: the VMM's connection, the back-end's. There is none that
 * refuses: the end of the connection is that, and the log says why. Whoever has not sent the byte
 * after ten seconds is refused, too: as long as it is awaited no VMM is let in.
 */
#ifndef SCANOUTD_WIRE_HANDOVER_H
#define SCANOUTD_WIRE_HANDOVER_H

#include <stdbool.h>

struct closer;
struct handover;

/* Behind the zero byte of an abstract address, and before what makes it the only one. */
#define HANDOVER_ADDRESS "scanout-handover/"

/* Of the byte's meaning, and that of what comes with it. */
#define HANDOVER_VERSION 2

/* By the address of the peer alone: is something handed over on this connection? */
bool handover_is_offered(int fd);

/* Called once, from the main loop: the peer has been given two connections, whose other ends,
 * non-blocking, are the callee's; or these are -1, and `fault` says what the peer did. May destroy
 * the handover. */
typedef void (*handover_done_func)(void *data, int vmm_fd, int backend_fd, const char *fault);

/* Takes `fd` over. `guest` is for names of sources, copied; `closer`, borrowed, may be NULL. Never
 * NULL. */
struct handover *handover_create(int fd, const char *guest, struct closer *closer,
	handover_done_func done, void *data);

/* Takes NULL. */
void handover_destroy(struct handover *handover);

#endif
