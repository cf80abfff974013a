/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Our place on a bus: greets it, hears who owns a name there, and what that owner says has changed.
 * Owned by dbus.c while it has a connection; all in the main loop.
 *
 * GDBus would do the same, but it waits for the answer to its greeting in a thread of the pool that
 * all of the process share, and takes 25 s without an answer for a name that nobody owns. Nothing
 * here has a time limit or a thread: a bus that is stopped goes on where it was, one that is silent
 * costs itself.
 */
#ifndef SCANOUTD_INPUT_DBUS_CLIENT_H
#define SCANOUTD_INPUT_DBUS_CLIENT_H

#include <gio/gio.h>

struct dbus_client;

/* Called from the main loop; the client may be destroyed in each. What a connection that is closed
 * leaves without an answer is not told: "closed" of the connection is. */
struct dbus_client_listener {
	/* We are on the bus; or it does not let us, and nothing follows. Once. */
	void (*greeted)(void *data, const GError *error);
	/* The unique name of the owner, NULL: nobody owns it. At first, and when it changes. */
	void (*owned)(void *data, const char *owner);
	/* PropertiesChanged of the owner; `parameters` are "(sa{sv}as)". */
	void (*changed)(void *data, const char *path, GVariant *parameters);
};

/* The connection is referenced: GDBus takes it for one between two peers, and has authenticated it.
 * Begins to greet. `name` is a literal. */
struct dbus_client *dbus_client_create(GDBusConnection *connection, const char *name,
	const struct dbus_client_listener *listener, void *data);

/* The connection stays open. Takes NULL. */
void dbus_client_destroy(struct dbus_client *client);

#endif
