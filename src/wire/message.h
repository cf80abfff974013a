/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One vhost-user message on a socket, whole or not at all. Called by the relay and by vhost/, which
 * know what messages mean; here only header, size and fds count.
 */
#ifndef SCANOUTD_WIRE_MESSAGE_H
#define SCANOUTD_WIRE_MESSAGE_H

#include <stdbool.h>
#include <stddef.h>

#include "vhost_user.h"
#include "wire/stream.h"

/* Header and payload as they are on the wire, and the fds that came with them: the holder's. */
struct message {
	struct {
		struct vhost_user_header header;
		uint8_t payload[VHOST_USER_PAYLOAD_MAX];
	} __attribute__((packed)) wire;
	struct stream_fds fds;
};

enum message_status {
	MESSAGE_DONE,
	MESSAGE_WAIT, /* for more bytes; sending: the kernel cannot just now, nothing was sent */
	MESSAGE_ENDED, /* the peer has gone, between two messages */
	MESSAGE_FAULT, /* `fault` says what the peer did, "sent message …": the caller's string */
};

/* Bytes of header and payload. */
size_t message_size(const struct vhost_user_header *header);

/*
 * Looks whether a message lies whole in the socket, and leaves it there. `ended`: the peer will
 * send no more. MESSAGE_DONE: it does, and this is its header.
 */
enum message_status message_look(struct stream *stream, bool ended,
	struct vhost_user_header *header, char **fault);

/* What is wrong with the fds that came with a message, a fault's text; NULL: nothing. */
char *message_fds_fault(const struct vhost_user_header *header, const struct stream_fds *fds);

/* What a read or write that neither was done nor has to be tried again means; errno is still
 * its. */
enum message_status message_socket_failed(enum stream_status status, char **fault);

/* Takes out what message_look() has found. On a fault it has no fds. */
enum message_status message_take(struct stream *stream, struct message *message, char **fault);

/* Whether the socket takes any one message now, whole. */
bool message_has_room(const struct stream *stream);

/*
 * Where there is room. Header, payload and fds go by one sendmsg: libvhost-user reads the payload
 * with one read and asserts its size. The fds stay the caller's.
 */
enum message_status message_send(struct stream *stream, const struct vhost_user_header *header,
	const int *fds, size_t fd_count, char **fault);

#endif
