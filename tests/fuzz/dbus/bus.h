/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A bus with a QEMU on it, in the places of the gate and of GDBus (fuzz_wraps_dbus in the
 * Makefile): no sockets, no threads, and what is said comes in the next turns of the main loop, in
 * its order. As bus_double.h, which is of the unit tests, has them.
 */
#ifndef SCANOUTD_TESTS_FUZZ_DBUS_BUS_H
#define SCANOUTD_TESTS_FUZZ_DBUS_BUS_H

#include <gio/gio.h>
#include <stdbool.h>

#include "input/dbus/gate.h"

enum bus_lie {
	BUS_IS_HONEST,
	BUS_LETS_NOBODY_ON,
	BUS_SAYS_NO_NAME,
	BUS_SPEAKS_FOR_OTHERS,
	BUS_LIES
};

struct bus {
	bool running; /* or there is nobody who listens */
	unsigned int starts;
	GDBusConnection *connection; /* the client's last one; NULL: none */

	enum bus_lie lie; /* of the bus itself, not of QEMU */
	bool owned; /* org.qemu has an owner … */
	unsigned int owners; /* … the how manieth */
	GVariant *managed; /* the answer to GetManagedObjects, whatever its type; NULL: an error */
	unsigned int asked; /* for them */

	unsigned int calls; /* to consoles, so far */
	bool refuses; /* each call is an error */
	bool holds; /* calls are answered by bus_answer() */
};

/* There is one. */
extern struct bus bus;

/* It has let the client on. */
bool bus_is_connected(void);

void bus_start(void);
/* It is gone, with its connection. */
void bus_stop(void);
/* Only the connection is, and that is how. */
void bus_lose(enum dbus_gate_end how);

/* QEMU comes, or goes. */
void bus_own(bool owned);

/* NameOwnerChanged that is none, or not the bus's. */
void bus_own_oddly(void);

/* PropertiesChanged of a console; takes the values over. */
void bus_change(const char *path, const char *interface, GVariant *values);

/* Answers the oldest `count` calls that are held. */
void bus_answer(size_t count);

/* The last call but `before` (0 or 1) to a console, "0 Keyboard.Press (30,)"; the caller's. "":
 * none. */
char *bus_call(unsigned int before);

#endif
