/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "bus_double.h"

#include <glib/gstdio.h>
#include <unistd.h>

#define CONSOLES 3

static const char interfaces[] =
	"<node>"
	"<interface name='org.freedesktop.DBus'>"
	"<method name='Hello'><arg type='s' direction='out'/></method>"
	"<method name='AddMatch'><arg type='s' direction='in'/></method>"
	"<method name='RemoveMatch'><arg type='s' direction='in'/></method>"
	"<method name='GetNameOwner'><arg type='s' direction='in'/><arg type='s' direction='out'/>"
	"</method></interface>"
	"<interface name='org.qemu.Display1.Console'>"
	"<method name='SetUIInfo'><arg type='q' direction='in'/><arg type='q' direction='in'/>"
	"<arg type='i' direction='in'/><arg type='i' direction='in'/>"
	"<arg type='u' direction='in'/><arg type='u' direction='in'/></method></interface>"
	"<interface name='org.qemu.Display1.Keyboard'>"
	"<method name='Press'><arg type='u' direction='in'/></method>"
	"<method name='Release'><arg type='u' direction='in'/></method></interface>"
	"<interface name='org.qemu.Display1.Mouse'>"
	"<method name='Press'><arg type='u' direction='in'/></method>"
	"<method name='Release'><arg type='u' direction='in'/></method>"
	"<method name='SetAbsPosition'><arg type='u' direction='in'/><arg type='u' direction='in'/>"
	"</method>"
	"<method name='RelMotion'><arg type='i' direction='in'/><arg type='i' direction='in'/>"
	"</method></interface>"
	"<interface name='org.qemu.Display1.MultiTouch'>"
	"<method name='SendEvent'><arg type='u' direction='in'/><arg type='t' direction='in'/>"
	"<arg type='d' direction='in'/><arg type='d' direction='in'/></method></interface>"
	"</node>";

/* Leaves the answer's type to the test. */
static const char liar[] = "<node><interface name='org.freedesktop.DBus.ObjectManager'>"
			   "<method name='GetManagedObjects'/></interface></node>";

static char *owner_name(const struct bus_double *bus)
{
	return g_strdup_printf(":1.%u", 100 + bus->owners);
}

static void send_signal(struct bus_double *bus, const char *sender, const char *path,
	const char *interface, const char *name, GVariant *parameters)
{
	g_autoptr(GDBusMessage) message = g_dbus_message_new_signal(path, interface, name);
	g_autoptr(GError) error = NULL;

	g_dbus_message_set_sender(message, sender);
	g_dbus_message_set_body(message, parameters);
	g_dbus_connection_send_message(bus->connection, message, G_DBUS_SEND_MESSAGE_FLAGS_NONE,
		NULL, &error);
	/* Who has just gone is told nothing. */
	if (!g_error_matches(error, G_IO_ERROR, G_IO_ERROR_CLOSED))
		g_assert_no_error(error);
}

/* ---- answers ---- */

static void answer_bus(struct bus_double *bus, GDBusMethodInvocation *invocation)
{
	const char *method = g_dbus_method_invocation_get_method_name(invocation);
	g_autofree char *owner = bus->said_owner ? g_strdup(bus->said_owner) : owner_name(bus);

	if (strcmp(method, "Hello") == 0 && bus->unkind)
		g_dbus_method_invocation_return_dbus_error(invocation,
			"org.freedesktop.DBus.Error.LimitsExceeded", "there are too many");
	else if (strcmp(method, "Hello") == 0)
		g_dbus_method_invocation_return_value(invocation, g_variant_new("(s)", ":1.1"));
	else if (strcmp(method, "GetNameOwner") != 0)
		g_dbus_method_invocation_return_value(invocation, NULL);
	else if (bus->owned)
		g_dbus_method_invocation_return_value(invocation, g_variant_new("(s)", owner));
	else
		g_dbus_method_invocation_return_dbus_error(invocation,
			"org.freedesktop.DBus.Error.NameHasNoOwner", "nobody");
}

static void answer_manager(struct bus_double *bus, GDBusMethodInvocation *invocation)
{
	g_autoptr(GDBusMessage) reply = NULL;

	bus->asked++;
	if (!bus->managed) {
		g_dbus_method_invocation_return_dbus_error(invocation,
			"org.freedesktop.DBus.Error.UnknownMethod", "no such thing");
		return;
	}
	/* Not as invocation_return_value(), which knows the right type. */
	reply = g_dbus_message_new_method_reply(g_dbus_method_invocation_get_message(invocation));
	g_dbus_message_set_body(reply, g_variant_new_tuple(&bus->managed, 1));
	g_dbus_connection_send_message(g_dbus_method_invocation_get_connection(invocation), reply,
		G_DBUS_SEND_MESSAGE_FLAGS_NONE, NULL, NULL);
	g_object_unref(invocation);
}

static void answer_console(struct bus_double *bus, GDBusMethodInvocation *invocation)
{
	if (bus->refuses)
		g_dbus_method_invocation_return_dbus_error(invocation,
			bus->refusal ? bus->refusal : "org.qemu.Display1.Error.Invalid", "no");
	else
		g_dbus_method_invocation_return_value(invocation, NULL);
}

static void called(GDBusConnection *connection, const char *sender, const char *path,
	const char *interface, const char *method, GVariant *parameters,
	GDBusMethodInvocation *invocation, gpointer data)
{
	struct bus_double *bus = data;
	g_autofree char *text = NULL;

	if (strcmp(interface, "org.freedesktop.DBus") == 0) {
		if (bus->mute)
			g_queue_push_tail(&bus->unanswered, invocation);
		else
			answer_bus(bus, invocation);
		return;
	}
	if (strcmp(interface, "org.freedesktop.DBus.ObjectManager") == 0) {
		answer_manager(bus, invocation);
		return;
	}
	text = g_variant_print(parameters, FALSE);
	g_ptr_array_add(bus->calls,
		g_strdup_printf("%s %s.%s %s", strrchr(path, '_') + 1, strrchr(interface, '.') + 1,
			method, text));
	if (bus->holds)
		g_queue_push_tail(&bus->held, invocation);
	else
		answer_console(bus, invocation);
}

void bus_double_speak(struct bus_double *bus)
{
	bus->mute = false;
	while (!g_queue_is_empty(&bus->unanswered))
		answer_bus(bus, g_queue_pop_head(&bus->unanswered));
}

void bus_double_answer(struct bus_double *bus, size_t count)
{
	while (count-- > 0 && !g_queue_is_empty(&bus->held))
		answer_console(bus, g_queue_pop_head(&bus->held));
}

/* ---- the bus ---- */

static void export(struct bus_double *bus, const char *xml, const char *interface, const char *path)
{
	static const GDBusInterfaceVTable table = {.method_call = called};
	g_autoptr(GError) error = NULL;
	g_autoptr(GDBusNodeInfo) node = g_dbus_node_info_new_for_xml(xml, &error);
	guint id;

	g_assert_no_error(error);
	id = g_dbus_connection_register_object(bus->connection, path,
		g_dbus_node_info_lookup_interface(node, interface), &table, bus, NULL, &error);
	g_assert_no_error(error);
	g_array_append_val((GArray *)g_object_get_data(G_OBJECT(bus->connection), "objects"), id);
}

/* Calls that were read before it was closed would come later, by idle sources of their own. */
static void withdraw(GDBusConnection *connection)
{
	const GArray *objects = g_object_get_data(G_OBJECT(connection), "objects");

	for (guint i = 0; i < objects->len; i++)
		g_dbus_connection_unregister_object(connection, g_array_index(objects, guint, i));
}

static void drop_held(struct bus_double *bus)
{
	GDBusMethodInvocation *invocation;

	while ((invocation = g_queue_pop_head(&bus->held)) != NULL)
		g_object_unref(invocation);
	while ((invocation = g_queue_pop_head(&bus->unanswered)) != NULL)
		g_object_unref(invocation);
}

static void closed(GDBusConnection *connection, gboolean vanished, GError *error, gpointer data)
{
	struct bus_double *bus = data;

	bus->closed++;
	withdraw(connection);
	if (bus->connection == connection) {
		drop_held(bus);
		bus->connection = NULL;
	}
	g_object_unref(connection);
}

static gboolean attached(GDBusServer *server, GDBusConnection *connection, gpointer data)
{
	struct bus_double *bus = data;

	/* It was closed before we were told of it, and may have said so. */
	if (g_dbus_connection_is_closed(connection))
		return TRUE;
	/* Until it is closed. */
	bus->connection = g_object_ref(connection);
	bus->connections++;
	g_object_set_data_full(G_OBJECT(connection), "objects",
		g_array_new(FALSE, FALSE, sizeof(guint)), (GDestroyNotify)g_array_unref);
	g_signal_connect(connection, "closed", G_CALLBACK(closed), bus);
	export(bus, interfaces, "org.freedesktop.DBus", "/org/freedesktop/DBus");
	export(bus, liar, "org.freedesktop.DBus.ObjectManager", "/org/qemu/Display1");
	for (unsigned int i = 0; i < CONSOLES; i++) {
		g_autofree char *path = g_strdup_printf("/org/qemu/Display1/Console_%u", i);

		export(bus, interfaces, "org.qemu.Display1.Console", path);
		export(bus, interfaces, "org.qemu.Display1.Keyboard", path);
		export(bus, interfaces, "org.qemu.Display1.Mouse", path);
		export(bus, interfaces, "org.qemu.Display1.MultiTouch", path);
	}
	return TRUE;
}

void bus_double_start(struct bus_double *bus)
{
	g_autofree char *guid = g_dbus_generate_guid();
	g_autoptr(GError) error = NULL;

	g_assert_null(bus->server);
	bus->server = g_dbus_server_new_sync(bus->address, G_DBUS_SERVER_FLAGS_NONE, guid, NULL,
		NULL, &error);
	g_assert_no_error(error);
	g_signal_connect(bus->server, "new-connection", G_CALLBACK(attached), bus);
	g_dbus_server_start(bus->server);
}

void bus_double_stop(struct bus_double *bus)
{
	if (bus->server) {
		/* A client that has just come is told of later, by an idle source of its own. */
		g_signal_handlers_disconnect_by_data(bus->server, bus);
		g_dbus_server_stop(bus->server);
	}
	g_clear_object(&bus->server);
	g_unlink(bus->path);
	drop_held(bus);
	if (bus->connection)
		g_dbus_connection_close(bus->connection, NULL, NULL, NULL);
	bus->connection = NULL;
}

void bus_double_own(struct bus_double *bus, bool owned)
{
	g_autofree char *before = bus->owned ? owner_name(bus) : g_strdup("");
	g_autofree char *after = NULL;

	if (owned)
		bus->owners++;
	bus->owned = owned;
	after = owned ? owner_name(bus) : g_strdup("");
	if (bus->connection)
		bus_double_say_owner(bus, "org.freedesktop.DBus",
			g_variant_new("(sss)", "org.qemu", before, after));
}

void bus_double_say_owner(struct bus_double *bus, const char *sender, GVariant *parameters)
{
	send_signal(bus, sender, "/org/freedesktop/DBus", "org.freedesktop.DBus",
		"NameOwnerChanged", parameters);
}

void bus_double_manage(struct bus_double *bus, const char *text)
{
	g_autoptr(GError) error = NULL;

	g_clear_pointer(&bus->managed, g_variant_unref);
	if (!text)
		return;
	bus->managed = g_variant_parse(NULL, text, NULL, NULL, &error);
	g_assert_no_error(error);
}

char *bus_double_console(unsigned int number, const char *type, unsigned int width,
	unsigned int height, bool absolute)
{
	return g_strdup_printf(
		"objectpath '/org/qemu/Display1/Console_%u': {"
		"'org.qemu.Display1.Console': {'Type': <'%s'>, 'Width': <uint32 %u>, "
		"'Height': <uint32 %u>},"
		"'org.qemu.Display1.Keyboard': {'Modifiers': <uint32 0>},"
		"'org.qemu.Display1.Mouse': {'IsAbsolute': <%s>},"
		"'org.qemu.Display1.MultiTouch': {'MaxSlots': <10>}}",
		number, type, width, height, absolute ? "true" : "false");
}

void bus_double_change(struct bus_double *bus, const char *path, const char *interface,
	const char *values)
{
	g_autofree char *owner = owner_name(bus);

	bus_double_change_by(bus, owner, path, interface, values);
}

void bus_double_change_by(struct bus_double *bus, const char *sender, const char *path,
	const char *interface, const char *values)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(GVariant) changed = g_variant_parse(NULL, values, NULL, NULL, &error);
	GVariant *children[3];

	g_assert_no_error(error);
	children[0] = g_variant_new_string(interface);
	children[1] = changed;
	children[2] = g_variant_new_strv(NULL, 0);
	send_signal(bus, sender, path, "org.freedesktop.DBus.Properties", "PropertiesChanged",
		g_variant_new_tuple(children, 3));
}

char *bus_double_take(struct bus_double *bus)
{
	GString *text = g_string_new(NULL);

	for (guint i = 0; i < bus->calls->len; i++)
		g_string_append_printf(text, "%s\n", (char *)g_ptr_array_index(bus->calls, i));
	g_ptr_array_set_size(bus->calls, 0);
	return g_string_free(text, FALSE);
}

/* ---- life ---- */

struct bus_double *bus_double_new(void)
{
	struct bus_double *bus = g_new0(struct bus_double, 1);
	g_autoptr(GError) error = NULL;

	bus->folder = g_dir_make_tmp("scanoutd-bus-XXXXXX", &error);
	g_assert_no_error(error);
	bus->path = g_build_filename(bus->folder, "bus", NULL);
	bus->address = g_strdup_printf("unix:path=%s", bus->path);
	bus->calls = g_ptr_array_new_with_free_func(g_free);
	g_queue_init(&bus->held);
	g_queue_init(&bus->unanswered);
	return bus;
}

/* A closed connection says so from an idle of the main loop. */
void bus_double_free(struct bus_double *bus)
{
	bus_double_stop(bus);
	while (bus->closed < bus->connections)
		g_main_context_iteration(NULL, TRUE);
	g_clear_pointer(&bus->managed, g_variant_unref);
	g_ptr_array_unref(bus->calls);
	g_rmdir(bus->folder);
	g_free(bus->folder);
	g_free(bus->path);
	g_free(bus->address);
	g_free(bus);
}
