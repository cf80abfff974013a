/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The VMM's side: its connection, and which guest it is. A VMM's manager (libvirt) says nothing of
 * the domain to the back-end that it starts, but QEMU says it in its own command line, and the
 * kernel who has written to a socket. Used by main. Blocking, as all of this program.
 */
#ifndef SCANOUTD_TOOLS_GPU_VMM_H
#define SCANOUTD_TOOLS_GPU_VMM_H

#include <glib.h>
#include <stdbool.h>

/* Listens at `path`, in the place of a socket that is there, and waits for one VMM. The fd is the
 * caller's; -1 with an error. */
int vmm_accept(const char *path, GError **error);

/*
 * Waits for the first byte of the VMM's, leaves it where it is, and returns the name that the
 * process which wrote it has of its -name (QEMU's guest=); the caller's. NULL without an error: the
 * VMM has gone. NULL with an error: it cannot be told who it is, or it has no name that a guest can
 * have.
 */
char *vmm_guest_name(int fd, GError **error);

/* The name in a command line as /proc/PID/cmdline has it, words that end with a zero byte; the
 * caller's, or NULL. */
char *vmm_find_name(const char *line, gsize length);

#endif
