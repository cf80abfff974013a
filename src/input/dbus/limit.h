/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Keeps messages out of the main loop that no QEMU has a reason to send. They are no longer than a
 * gate lets through (gate.h), but a tree of so many values takes its time to be looked through, and
 * freed. Used by dbus.c for each connection.
 */
#ifndef SCANOUTD_INPUT_DBUS_LIMIT_H
#define SCANOUTD_INPUT_DBUS_LIMIT_H

#include <gio/gio.h>

/* Values in one message, containers too. QEMU's consoles are some 300 each. */
#define DBUS_LIMIT_VALUES 16384u

/* Bytes of one text. */
#define DBUS_LIMIT_TEXT 4096u

/*
 * A GDBusMessageFilterFunction: runs in GDBus's own thread, which has read the message, and touches
 * nothing but it. An answer that is larger becomes the error LimitsExceeded, so that who asked
 * hears of it; a signal, or a call to us, that is larger is dropped.
 */
GDBusMessage *dbus_limit_filter(GDBusConnection *connection, GDBusMessage *message,
	gboolean incoming, gpointer data);

#endif
