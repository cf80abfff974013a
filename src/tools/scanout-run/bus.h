/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The bus on which scanoutd tells QEMU of other monitors: whether this machine and this QEMU have
 * what it takes, and the command that starts it. Used by main; session.c runs it.
 */
#ifndef SCANOUTD_TOOLS_BUS_H
#define SCANOUTD_TOOLS_BUS_H

#include <glib.h>

/*
 * NULL-terminated, for a bus that listens at `path` and writes its address as
 * SESSION_BUS_READY_OPTION says. NULL, with an error that says what the guest goes without: there
 * is no dbus-daemon or no configuration for it, or `qemu`, a program, has no D-Bus display. Waits
 * for its answer, 10 s at most.
 */
char **bus_command(const char *qemu, const char *path, GError **error);

/* Its D-Bus address. The caller frees it. */
char *bus_address(const char *path);

#endif
