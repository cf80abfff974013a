/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A QEMU that has too much to say on its D-Bus display, and one that has what others have, on a bus
 * that does its worst.
 */
#include "attack.h"

#include <errno.h>
#include <gio/gio.h>
#include <stdio.h>
#include <stdlib.h>

struct bus {
	GVariant *objects;
	GMainLoop *loop;
};

static GVariant *make_objects(unsigned long entries)
{
	GVariantBuilder properties, interfaces, objects;

	g_variant_builder_init(&properties, G_VARIANT_TYPE("a{sv}"));
	for (unsigned long i = 0; i < entries; i++) {
		char key[24];

		snprintf(key, sizeof(key), "%lx", i);
		g_variant_builder_add(&properties, "{sv}", key, g_variant_new_byte(0));
	}
	g_variant_builder_init(&interfaces, G_VARIANT_TYPE("a{sa{sv}}"));
	g_variant_builder_add(&interfaces, "{s@a{sv}}", "org.qemu.Display1.Console",
		g_variant_builder_end(&properties));
	g_variant_builder_init(&objects, G_VARIANT_TYPE("a{oa{sa{sv}}}"));
	g_variant_builder_add(&objects, "{o@a{sa{sv}}}", "/org/qemu/Display1/Console_0",
		g_variant_builder_end(&interfaces));
	return g_variant_new("(@a{oa{sa{sv}}})", g_variant_builder_end(&objects));
}

/* One console, with a keyboard and a relative mouse. */
static GVariant *make_console(void)
{
	return g_variant_new_parsed("({objectpath '/org/qemu/Display1/Console_0': {"
				    "'org.qemu.Display1.Console': {'Type': <'Graphic'>, "
				    "'Width': <uint32 640>, 'Height': <uint32 480>},"
				    "'org.qemu.Display1.Keyboard': {'Modifiers': <uint32 0>},"
				    "'org.qemu.Display1.Mouse': {'IsAbsolute': <false>}}},)");
}

static gboolean say_done(gpointer data)
{
	attack_done();
	return G_SOURCE_REMOVE;
}

/* In GDBus' own thread. */
static GDBusMessage *answer(GDBusConnection *connection, GDBusMessage *message, gboolean incoming,
	gpointer data)
{
	struct bus *bus = data;
	GDBusMessage *reply;

	if (!incoming ||
		g_dbus_message_get_message_type(message) != G_DBUS_MESSAGE_TYPE_METHOD_CALL)
		return message;
	fprintf(stderr, "called: %s\n", g_dbus_message_get_member(message));
	reply = g_dbus_message_new_method_reply(message);
	if (g_strcmp0(g_dbus_message_get_member(message), "GetManagedObjects") == 0)
		g_dbus_message_set_body(reply, bus->objects);
	if (!g_dbus_connection_send_message(connection, reply, G_DBUS_SEND_MESSAGE_FLAGS_NONE, NULL,
		    NULL))
		exit(1);
	if (g_strcmp0(g_dbus_message_get_member(message), "GetManagedObjects") == 0)
		g_idle_add(say_done, NULL);
	g_object_unref(reply);
	g_object_unref(message);
	return NULL;
}

/* Takes `objects` over. */
static void run(const char *address, GVariant *objects)
{
	struct bus bus = {g_variant_ref_sink(objects), g_main_loop_new(NULL, FALSE)};
	GDBusConnection *connection = g_dbus_connection_new_for_address_sync(address,
		G_DBUS_CONNECTION_FLAGS_AUTHENTICATION_CLIENT |
			G_DBUS_CONNECTION_FLAGS_MESSAGE_BUS_CONNECTION,
		NULL, NULL, NULL);

	if (!connection) {
		errno = ENOTCONN;
		attack_fail(address);
	}
	g_dbus_connection_add_filter(connection, answer, &bus, NULL);
	g_bus_own_name_on_connection(connection, "org.qemu", G_BUS_NAME_OWNER_FLAGS_NONE, NULL,
		NULL, NULL, NULL);
	g_main_loop_run(bus.loop);
}

void attack_bus(char **arguments)
{
	run(arguments[0], make_objects(strtoul(arguments[1], NULL, 10)));
}

void attack_qemu(char **arguments)
{
	run(arguments[0], make_console());
}
