/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What --dry-run prints: a shell script that does by hand what session.c does: a directory for the
 * sockets, a bus, back-end and daemon in the background, QEMU when the daemon is ready, and nothing
 * left when QEMU ends. Text out; used by main.
 */
#ifndef SCANOUTD_TOOLS_SCRIPT_H
#define SCANOUTD_TOOLS_SCRIPT_H

#include "tools/scanout-run/session.h"

/* `directory` is where the commands' sockets are; the script makes it. The caller frees the text,
 * whose lines each end. */
char *script_create(const struct session_commands *commands, const char *directory);

#endif
