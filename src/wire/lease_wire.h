/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The protocol by which a program asks for a DRM lease, on a SOCK_SEQPACKET socket to it: that of
 * drm-lease-manager's client library, so that programs with libdlmclient run unchanged. Used by
 * lease/, which knows what a request means.
 *
 * The client sends one packet of an int, in its own byte order: 0 asks for the lease, 1 gives it
 * back. The answer to the first is one packet of one byte, whatever it is, with one fd, the lease.
 * There is no answer that refuses: the end of the connection is that (the library says EACCES).
 * Nothing is sent after it; a lease that is taken back is the end of the connection, too, and the
 * fd then says ENOENT of all that it had.
 *
 * Source: drm-lease-manager (Automotive Grade Linux), common/dlm-protocol.h and dlm-protocol.c
 * (enum dlm_opcode, receive_lease_fd()), libdlmclient/dlmclient.c (lease_connect(),
 * dlm_get_lease(), dlm_release_lease()), drm-lease-manager/lease-server.c.
 */
#ifndef SCANOUTD_WIRE_LEASE_WIRE_H
#define SCANOUTD_WIRE_LEASE_WIRE_H

#include <stdbool.h>

struct stream;

enum lease_wire_status {
	LEASE_WIRE_GET,
	LEASE_WIRE_RELEASE,
	LEASE_WIRE_WAIT, /* nothing has come */
	LEASE_WIRE_ENDED, /* the client has gone */
	LEASE_WIRE_FAULT, /* it sent what is no request */
};

/* Takes one packet. Fds that come with it are closed. */
enum lease_wire_status lease_wire_read(struct stream *stream);

/* Sends the lease, whose fd stays the caller's. LEASE_WIRE_GET: it is sent; WAIT: not just now. */
enum lease_wire_status lease_wire_send(struct stream *stream, int fd);

#endif
