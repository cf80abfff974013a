/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "input/dbus/limit.h"

#include <stdbool.h>

/* Takes the values of a tree off what may still come. The depth is D-Bus's, 64 at most. */
static bool fits(GVariant *value, gsize *left)
{
	gsize count;

	if (*left == 0)
		return false;
	(*left)--;
	if (!g_variant_is_container(value))
		return g_variant_get_size(value) <= DBUS_LIMIT_TEXT;
	count = g_variant_n_children(value);
	if (count > *left)
		return false;
	for (gsize i = 0; i < count; i++) {
		g_autoptr(GVariant) child = g_variant_get_child_value(value, i);

		if (!fits(child, left))
			return false;
	}
	return true;
}

static GDBusMessage *make_error(GDBusMessage *answer)
{
	GDBusMessage *error = g_dbus_message_new();

	g_dbus_message_set_message_type(error, G_DBUS_MESSAGE_TYPE_ERROR);
	g_dbus_message_set_serial(error, g_dbus_message_get_serial(answer));
	g_dbus_message_set_reply_serial(error, g_dbus_message_get_reply_serial(answer));
	g_dbus_message_set_sender(error, g_dbus_message_get_sender(answer));
	g_dbus_message_set_destination(error, g_dbus_message_get_destination(answer));
	g_dbus_message_set_error_name(error, "org.freedesktop.DBus.Error.LimitsExceeded");
	g_dbus_message_set_body(error, g_variant_new("(s)", "the answer is too large"));
	return error;
}

GDBusMessage *dbus_limit_filter(GDBusConnection *connection, GDBusMessage *message,
	gboolean incoming, gpointer data)
{
	GDBusMessageType type = g_dbus_message_get_message_type(message);
	GVariant *body = incoming ? g_dbus_message_get_body(message) : NULL;
	gsize left = DBUS_LIMIT_VALUES;
	GDBusMessage *error = NULL;

	if (!body || fits(body, &left))
		return message;
	if (type == G_DBUS_MESSAGE_TYPE_METHOD_RETURN || type == G_DBUS_MESSAGE_TYPE_ERROR)
		error = make_error(message);
	/* Its values are freed here, not in the main loop. */
	g_object_unref(message);
	return error;
}
