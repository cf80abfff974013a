/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A bus with a QEMU on it, both in one, for tests of the D-Bus display: it listens on a socket of
 * its own, answers as a bus and as QEMU's objects do, and keeps what it was called. It runs in the
 * test's main loop. What it says of its consoles is the test's, so that it can lie.
 */
#ifndef SCANOUTD_TESTS_UNIT_BUS_DOUBLE_H
#define SCANOUTD_TESTS_UNIT_BUS_DOUBLE_H

#include <gio/gio.h>
#include <stdbool.h>

struct bus_double {
	char *folder;
	char *path; /* of the socket */
	char *address;
	GDBusServer *server; /* NULL: the bus is not there */
	GDBusConnection *connection; /* the client's, NULL: none */
	unsigned int connections; /* so far */
	unsigned int closed; /* of them */

	bool mute; /* the bus itself is asked in vain, until bus_double_speak() */
	GQueue unanswered; /* what it was asked */
	bool unkind; /* it lets nobody on it */

	bool owned; /* org.qemu has an owner … */
	unsigned int owners; /* … the how manieth */
	const char *said_owner; /* what GetNameOwner is answered; NULL: the truth */
	GVariant *managed; /* the answer to GetManagedObjects, whatever its type; NULL: an error */
	unsigned int asked; /* for them */

	/* Calls to consoles, "0 Keyboard.Press (30,)", as GLib prints the parameters without
	 * types. */
	GPtrArray *calls;
	bool refuses; /* each call is an error, … */
	const char *refusal; /* … of this name; NULL: QEMU's Invalid */
	bool holds; /* calls are answered by bus_double_answer() */
	GQueue held;
};

struct bus_double *bus_double_new(void);
void bus_double_free(struct bus_double *bus);

/* The bus is there, or gone with all of its connections. */
void bus_double_start(struct bus_double *bus);
void bus_double_stop(struct bus_double *bus);

/* QEMU comes, or goes. */
void bus_double_own(struct bus_double *bus, bool owned);

/* NameOwnerChanged of anybody, with anything; takes `parameters` over. */
void bus_double_say_owner(struct bus_double *bus, const char *sender, GVariant *parameters);

/* The bus is not mute any more, and answers what it was asked. */
void bus_double_speak(struct bus_double *bus);

/* What QEMU says of its consoles, as text of a GVariant, "[{'/org/qemu/…', {…}}]"; NULL: an
 * error. */
void bus_double_manage(struct bus_double *bus, const char *text);

/* Of an ordinary QEMU, to be put together: "{'PATH': {'org.qemu…': …}}". */
char *bus_double_console(unsigned int number, const char *type, unsigned int width,
	unsigned int height, bool absolute);

/* PropertiesChanged of a console; `values` as text: "{'Modifiers': <uint32 4>}". */
void bus_double_change(struct bus_double *bus, const char *path, const char *interface,
	const char *values);
/* The same, as `sender` says it. */
void bus_double_change_by(struct bus_double *bus, const char *sender, const char *path,
	const char *interface, const char *values);

/* Answers the oldest `count` calls that are held. */
void bus_double_answer(struct bus_double *bus, size_t count);

/* All calls so far in one line each; they are forgotten then. */
char *bus_double_take(struct bus_double *bus);

#endif
