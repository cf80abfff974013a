/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 *   greeting ──Hello is answered──▶ asked for the owner ──GetNameOwner is──▶ told of each other owner
 */
#include "input/dbus/client.h"

#include <stdbool.h>

#define BUS "org.freedesktop.DBus"
#define BUS_PATH "/org/freedesktop/DBus"
#define PROPERTIES "org.freedesktop.DBus.Properties"

struct dbus_client {
	GDBusConnection *connection;
	GCancellable *cancellable;
	const char *name;
	const struct dbus_client_listener *listener;
	void *data;
	guint owner_signal, changed_signal; /* subscriptions; 0: not on the bus yet */
	bool knows; /* GetNameOwner is answered */
	char *owner; /* NULL: nobody */
};

/* `parameters` are taken over; NULL: none. No callback: no answer. */
static void ask_bus(struct dbus_client *client, const char *method, GVariant *parameters,
	const char *answer, GAsyncReadyCallback answered)
{
	g_dbus_connection_call(client->connection, BUS, BUS_PATH, BUS, method, parameters,
		answer ? G_VARIANT_TYPE(answer) : NULL, G_DBUS_CALL_FLAGS_NO_AUTO_START, G_MAXINT,
		client->cancellable, answered, client);
}

/* ---- the owner ---- */

/* The client may be gone after it. */
static void take_owner(struct dbus_client *client, const char *owner)
{
	if (client->knows && g_strcmp0(client->owner, owner) == 0)
		return;
	client->knows = true;
	g_free(client->owner);
	client->owner = g_strdup(owner);
	client->listener->owned(client->data, owner);
}

static void owner_answered(GObject *source, GAsyncResult *result, gpointer data)
{
	struct dbus_client *client = data;
	GDBusConnection *connection = G_DBUS_CONNECTION(source);
	g_autoptr(GError) error = NULL;
	g_autoptr(GVariant) answer = g_dbus_connection_call_finish(connection, result, &error);
	const char *owner = NULL;

	/* It is this error also where an answer came first, and then the client is gone. */
	if (g_error_matches(error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
		return;
	if (!answer && g_dbus_connection_is_closed(connection))
		return;
	if (answer)
		g_variant_get(answer, "(&s)", &owner);
	take_owner(client, owner && g_dbus_is_unique_name(owner) ? owner : NULL);
}

/* NameOwnerChanged. What comes before the answer is older than it. */
static void owner_changed(GDBusConnection *connection, const char *sender, const char *path,
	const char *interface, const char *signal, GVariant *parameters, gpointer data)
{
	struct dbus_client *client = data;
	const char *owner;

	if (!client->knows || g_strcmp0(sender, BUS) != 0 ||
		!g_variant_is_of_type(parameters, G_VARIANT_TYPE("(sss)")))
		return;
	g_variant_get_child(parameters, 2, "&s", &owner);
	if (*owner == '\0')
		take_owner(client, NULL);
	else if (g_dbus_is_unique_name(owner))
		take_owner(client, owner);
}

static void properties_changed(GDBusConnection *connection, const char *sender, const char *path,
	const char *interface, const char *signal, GVariant *parameters, gpointer data)
{
	struct dbus_client *client = data;

	if (client->owner && g_strcmp0(sender, client->owner) == 0 &&
		g_variant_is_of_type(parameters, G_VARIANT_TYPE("(sa{sv}as)")))
		client->listener->changed(client->data, path, parameters);
}

/* The bus is asked for what it is to send us, so that GDBus has it to match: between two peers it
 * does not ask. */
static void listen_to(struct dbus_client *client)
{
	g_autofree char *owners = g_strdup_printf("type='signal',sender='" BUS "',interface='" BUS
						  "',member='NameOwnerChanged',path='" BUS_PATH
						  "',arg0='%s'",
		client->name);
	g_autofree char *changes = g_strdup_printf(
		"type='signal',sender='%s',interface='" PROPERTIES "',member='PropertiesChanged'",
		client->name);

	client->owner_signal = g_dbus_connection_signal_subscribe(client->connection, NULL, BUS,
		"NameOwnerChanged", BUS_PATH, client->name, G_DBUS_SIGNAL_FLAGS_NONE, owner_changed,
		client, NULL);
	client->changed_signal = g_dbus_connection_signal_subscribe(client->connection, NULL,
		PROPERTIES, "PropertiesChanged", NULL, NULL, G_DBUS_SIGNAL_FLAGS_NONE,
		properties_changed, client, NULL);
	ask_bus(client, "AddMatch", g_variant_new("(s)", owners), NULL, NULL);
	ask_bus(client, "AddMatch", g_variant_new("(s)", changes), NULL, NULL);
}

/* ---- the greeting ---- */

static void greeted(GObject *source, GAsyncResult *result, gpointer data)
{
	struct dbus_client *client = data;
	GDBusConnection *connection = G_DBUS_CONNECTION(source);
	g_autoptr(GError) error = NULL;
	g_autoptr(GVariant) answer = g_dbus_connection_call_finish(connection, result, &error);

	if (g_error_matches(error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
		return;
	if (!answer && g_dbus_connection_is_closed(connection))
		return;
	if (answer) {
		listen_to(client);
		ask_bus(client, "GetNameOwner", g_variant_new("(s)", client->name), "(s)",
			owner_answered);
	}
	client->listener->greeted(client->data, error);
}

/* ---- life ---- */

struct dbus_client *dbus_client_create(GDBusConnection *connection, const char *name,
	const struct dbus_client_listener *listener, void *data)
{
	struct dbus_client *client = g_new0(struct dbus_client, 1);

	client->connection = g_object_ref(connection);
	client->cancellable = g_cancellable_new();
	client->name = name;
	client->listener = listener;
	client->data = data;
	ask_bus(client, "Hello", NULL, "(s)", greeted);
	return client;
}

void dbus_client_destroy(struct dbus_client *client)
{
	if (!client)
		return;
	g_cancellable_cancel(client->cancellable);
	g_object_unref(client->cancellable);
	if (client->owner_signal) {
		g_dbus_connection_signal_unsubscribe(client->connection, client->owner_signal);
		g_dbus_connection_signal_unsubscribe(client->connection, client->changed_signal);
	}
	g_object_unref(client->connection);
	g_free(client->owner);
	g_free(client);
}
