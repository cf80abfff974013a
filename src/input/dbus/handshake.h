/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The lines that a client and a bus exchange before the first message (D-Bus specification,
 * "Authentication Protocol"): who we are, by the socket (EXTERNAL) or not at all (ANONYMOUS);
 * nothing is asked for, fds least of all. Used by gate.c; knows no socket.
 */
#ifndef SCANOUTD_INPUT_DBUS_HANDSHAKE_H
#define SCANOUTD_INPUT_DBUS_HANDSHAKE_H

#include <glib.h>
#include <stddef.h>

/* Of a line of ours, and of one of the bus. */
#define DBUS_HANDSHAKE_LINE 512

struct dbus_handshake {
	unsigned int asked; /* mechanisms */
	char line[DBUS_HANDSHAKE_LINE]; /* what has come of the bus's */
	size_t length;
	char guid[33]; /* the bus's, when it has accepted; in hexadecimal */
};

enum dbus_handshake_step {
	DBUS_HANDSHAKE_WAITS, /* for more of the bus's line */
	DBUS_HANDSHAKE_SAYS, /* `says` is to be sent */
	DBUS_HANDSHAKE_DONE, /* the same, and messages come behind it */
	DBUS_HANDSHAKE_FAILED, /* the error says why */
};

/* `says` begins it, behind the byte 0 that the connection begins with. */
void dbus_handshake_init(struct dbus_handshake *handshake, char says[DBUS_HANDSHAKE_LINE]);

/* Of `size` bytes that have come, `*used` are taken: to the end of a line at most. */
enum dbus_handshake_step dbus_handshake_hear(struct dbus_handshake *handshake, const void *bytes,
	size_t size, size_t *used, char says[DBUS_HANDSHAKE_LINE], GError **error);

#endif
