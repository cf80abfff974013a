/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Which vhost-user-gpu back-end this machine has: the first of the discovery files that QEMU's
 * interop documents describe (vhost-user.json), or where distributions put QEMU's own.
 */
#ifndef SCANOUTD_TOOLS_BACKEND_H
#define SCANOUTD_TOOLS_BACKEND_H

#include <glib.h>

/*
 * Looks in `directories` (NULL-terminated, most important first) for the first file by name that
 * describes a runnable back-end of type "gpu". A file hides those of its name in later directories.
 * NULL: there is none.
 */
char *backend_discover(const char *const *directories);

/* The same in the usual directories, and then in the usual places. NULL with an error. */
char *backend_find(GError **error);

#endif
