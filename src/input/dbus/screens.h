/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What one QEMU is told of the screens of its graphic consoles (Console.SetUIInfo), so that its
 * guest asks about them again. Owned by dbus.c for as long as the display; QEMUs come and go
 * meanwhile.
 *
 * For each console one call waits for its answer, and what is told meanwhile replaces what was to
 * be told next: a QEMU that does not answer costs nothing more. A call that is refused is made
 * again after a second, and later less often; not where QEMU says that it cannot do that.
 */
#ifndef SCANOUTD_INPUT_DBUS_SCREENS_H
#define SCANOUTD_INPUT_DBUS_SCREENS_H

#include <gio/gio.h>
#include <stdbool.h>
#include <stdint.h>

#include "scene/layout_screen.h"

/* Graphic consoles of one QEMU. */
#define DBUS_SCREENS_MAX 16

struct dbus_screens;

/* `guest` is for the log; copied. */
struct dbus_screens *dbus_screens_create(const char *guest);
/* Takes NULL. */
void dbus_screens_destroy(struct dbus_screens *screens);

/* QEMU is there under that unique name; copied, the connection is referenced. */
void dbus_screens_connect(struct dbus_screens *screens, GDBusConnection *connection,
	const char *owner);
/* It is not reached any more; what was to be told is forgotten. */
void dbus_screens_disconnect(struct dbus_screens *screens);
/* It has ended: another one has been told nothing. */
void dbus_screens_forget(struct dbus_screens *screens);

/* Tells QEMU, if it is there, of the screen of Console_`number`, its `index`-th, below
 * DBUS_SCREENS_MAX. The guest asks also where nothing of this is new to QEMU. */
void dbus_screens_tell(struct dbus_screens *screens, size_t index, uint32_t number,
	const struct layout_screen *screen);

#endif
