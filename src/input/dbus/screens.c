/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "input/dbus/screens.h"

#include <string.h>

#include "log.h"
#include "turn.h"

#define RETRY_MS_FIRST 1000
#define RETRY_MS_LAST 60000

struct console {
	struct dbus_screens *screens;
	uint32_t number;
	bool waits; /* `wanted` is still to be told */
	bool in_flight; /* a call has no answer yet */
	bool known; /* `sent` is what QEMU has */
	struct layout_screen wanted, sent;
	guint retry_timer;
	guint retry_ms; /* the next wait; 0: the last call was not refused */
};

struct dbus_screens {
	char *guest;
	GDBusConnection *connection; /* NULL: no QEMU */
	char *owner;
	GCancellable *cancellable;
	bool unable_logged;
	struct console consoles[DBUS_SCREENS_MAX];
};

static void send_next(struct console *console);

static gboolean retry(gpointer data)
{
	struct console *console = data;

	turn_note();
	console->retry_timer = 0;
	send_next(console);
	return G_SOURCE_REMOVE;
}

/* Of an error that every other call would meet, too. */
static bool is_final(const GError *error)
{
	g_autofree char *name = g_dbus_error_get_remote_error(error);

	return g_strcmp0(name, "org.qemu.Display1.Error.Unsupported") == 0 ||
		g_error_matches(error, G_DBUS_ERROR, G_DBUS_ERROR_UNKNOWN_METHOD) ||
		g_error_matches(error, G_DBUS_ERROR, G_DBUS_ERROR_UNKNOWN_INTERFACE) ||
		g_error_matches(error, G_DBUS_ERROR, G_DBUS_ERROR_UNKNOWN_OBJECT) ||
		g_error_matches(error, G_DBUS_ERROR, G_DBUS_ERROR_INVALID_ARGS) ||
		g_error_matches(error, G_DBUS_ERROR, G_DBUS_ERROR_ACCESS_DENIED);
}

static void refused(struct console *console, const GError *error)
{
	struct dbus_screens *screens = console->screens;

	console->known = false;
	if (!screens->unable_logged)
		log_guest(G_LOG_LEVEL_WARNING, screens->guest,
			"QEMU does not tell the guest of its monitor: %s", error->message);
	screens->unable_logged = true;
	if (is_final(error))
		return;
	/* What has come meanwhile is newer. */
	if (!console->waits)
		console->wanted = console->sent;
	console->waits = true;
	console->retry_ms = console->retry_ms ? MIN(2 * console->retry_ms, RETRY_MS_LAST)
					      : RETRY_MS_FIRST;
	console->retry_timer = turn_name(g_timeout_add(console->retry_ms, retry, console),
		"dbus screen");
}

static void answered(GObject *source, GAsyncResult *result, gpointer data)
{
	struct console *console = data;
	g_autoptr(GError) error = NULL;
	g_autoptr(GVariant)
		answer = g_dbus_connection_call_finish(G_DBUS_CONNECTION(source), result, &error);

	/* It is this error also where an answer came first, and then the console may be gone. */
	if (g_error_matches(error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
		return;
	console->in_flight = false;
	/* The connection is closed, which dbus.c is told of next. */
	if (!answer && !g_dbus_error_is_remote_error(error))
		return;
	if (!answer) {
		refused(console, error);
		return;
	}
	console->retry_ms = 0;
	console->screens->unable_logged = false;
	send_next(console);
}

/* QEMU hears nothing in what it has heard before, and its guest may be asked for reasons that are
 * not in there. The size in millimetres is nothing to a guest that we answer. */
static void differ(struct console *console)
{
	static const struct layout_screen none = {0};

	/* What it begins with. */
	if (memcmp(&console->wanted, &none, sizeof(none)) == 0)
		console->wanted.height_mm = 1;
	if (console->known && memcmp(&console->sent, &console->wanted, sizeof(console->sent)) == 0)
		console->wanted.height_mm ^= 1;
}

/* No time limit: a QEMU that is stopped goes on where it was. */
static void send_next(struct console *console)
{
	struct dbus_screens *screens = console->screens;
	char path[sizeof("/org/qemu/Display1/Console_4294967295")];
	const struct layout_screen *sent = &console->sent;

	if (!console->waits || console->in_flight || console->retry_timer)
		return;
	differ(console);
	console->sent = console->wanted;
	console->known = true;
	console->waits = false;
	console->in_flight = true;
	g_snprintf(path, sizeof(path), "/org/qemu/Display1/Console_%u", console->number);
	g_dbus_connection_call(screens->connection, screens->owner, path,
		"org.qemu.Display1.Console", "SetUIInfo",
		g_variant_new("(qqiiuu)", (guint16)MIN(sent->width_mm, G_MAXUINT16),
			(guint16)MIN(sent->height_mm, G_MAXUINT16), sent->x, sent->y, sent->width,
			sent->height),
		NULL, G_DBUS_CALL_FLAGS_NO_AUTO_START, G_MAXINT, screens->cancellable, answered,
		console);
}

void dbus_screens_tell(struct dbus_screens *screens, size_t index, uint32_t number,
	const struct layout_screen *screen)
{
	struct console *console = &screens->consoles[index];

	if (!screens->connection)
		return;
	console->number = number;
	console->wanted = *screen;
	console->waits = true;
	send_next(console);
}

/* ---- life ---- */

void dbus_screens_connect(struct dbus_screens *screens, GDBusConnection *connection,
	const char *owner)
{
	screens->connection = g_object_ref(connection);
	screens->owner = g_strdup(owner);
	screens->cancellable = g_cancellable_new();
	screens->unable_logged = false;
}

void dbus_screens_disconnect(struct dbus_screens *screens)
{
	if (!screens->connection)
		return;
	g_cancellable_cancel(screens->cancellable);
	g_clear_object(&screens->cancellable);
	g_clear_object(&screens->connection);
	g_clear_pointer(&screens->owner, g_free);
	for (size_t i = 0; i < DBUS_SCREENS_MAX; i++) {
		struct console *console = &screens->consoles[i];

		g_clear_handle_id(&console->retry_timer, g_source_remove);
		console->retry_ms = 0;
		console->waits = false;
		console->in_flight = false;
	}
}

void dbus_screens_forget(struct dbus_screens *screens)
{
	for (size_t i = 0; i < DBUS_SCREENS_MAX; i++)
		screens->consoles[i].known = false;
}

struct dbus_screens *dbus_screens_create(const char *guest)
{
	struct dbus_screens *screens = g_new0(struct dbus_screens, 1);

	screens->guest = g_strdup(guest);
	for (size_t i = 0; i < DBUS_SCREENS_MAX; i++)
		screens->consoles[i].screens = screens;
	return screens;
}

void dbus_screens_destroy(struct dbus_screens *screens)
{
	if (!screens)
		return;
	dbus_screens_disconnect(screens);
	g_free(screens->guest);
	g_free(screens);
}
