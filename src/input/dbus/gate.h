/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What stands between a bus and GDBus. GDBus takes up to 128 MiB at a time, reads all buses of the
 * process in one thread, and keeps what it has read until the main loop comes to it: a bus that
 * says too much would have the input of all other guests wait. Behind a gate it says what a QEMU
 * has reason to say:
 *
 *   - no message is longer than DBUS_GATE_MESSAGE_MAX, or the connection is ended;
 *   - no more of it comes than its budget has (budget.h); the rest waits with the bus;
 *   - an answer comes only where something was asked, and no calls come at all: we have no objects.
 *     What else comes is dropped, at the cost of the budget;
 *   - no fds come.
 *
 * A gate connects and authenticates by itself (handshake.h), and then carries whole messages
 * between the bus' socket and one end of a socket pair, whose other end GDBus has. All in the main
 * loop, out of the guest's share of a turn; nothing waits. One object for each connection, made by
 * dbus.c.
 */
#ifndef SCANOUTD_INPUT_DBUS_GATE_H
#define SCANOUTD_INPUT_DBUS_GATE_H

#include <gio/gio.h>
#include <stdbool.h>

#include "input/dbus/budget.h"

/* Bytes of a message from the bus. QEMU tells of 32 consoles in 19000. */
#define DBUS_GATE_MESSAGE_MAX 65536

/* An answer of so many bytes to a call costs nothing of the budget: that there was a call does. */
#define DBUS_GATE_ANSWER_FREE 256

struct account;
struct dbus_gate;

struct dbus_gate_options {
	const char *guest; /* for the log; copied, as the address is */
	const char *address; /* as D-Bus has it */
	struct account *account; /* borrowed until the gate is released; or NULL */
	struct dbus_budget *budget; /* as the account */
};

/*
 * Called from the main loop, once and at last: with what GDBus is to be given, which it needs no
 * authentication on, borrowed; or with why there is no connection. The gate may be released in
 * here.
 */
typedef void (*dbus_gate_opened)(void *data, GIOStream *stream, const GError *error);

/* Begins to connect. */
struct dbus_gate *dbus_gate_create(const struct dbus_gate_options *options, dbus_gate_opened opened,
	void *data);

/*
 * Not the caller's any more; nothing is called back from now on. Where GDBus has the stream, what
 * it says still goes to the bus and the answers come back, until it closes its end: close() of a
 * GDBusConnection is to follow. Takes NULL.
 */
void dbus_gate_release(struct dbus_gate *gate);

/* The bus' own id, once it is open. */
const char *dbus_gate_guid(const struct dbus_gate *gate);

enum dbus_gate_end {
	DBUS_GATE_LASTS, /* not at its end */
	DBUS_GATE_BUS_GONE, /* the bus has ended the connection, or there is none */
	DBUS_GATE_REFUSED, /* we have, for what the bus sent, and the log says so */
	DBUS_GATE_LEFT, /* GDBus has */
};

/* At another end than DBUS_GATE_LEFT GDBus hears of it later, in a thread of its own: what is asked
 * of it meanwhile fails. */
enum dbus_gate_end dbus_gate_end(const struct dbus_gate *gate);

#endif
