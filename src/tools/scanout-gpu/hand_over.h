/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The daemon's side: two connections to it, by the protocol of wire/handover.h. Used by main.
 * Blocking.
 */
#ifndef SCANOUTD_TOOLS_GPU_HAND_OVER_H
#define SCANOUTD_TOOLS_GPU_HAND_OVER_H

#include <glib.h>
#include <stdbool.h>

/* Where the guest's socket is: of a daemon of this user's, if it has one there, else of the
 * system's. The caller's. */
char *hand_over_default_path(const char *guest);

/* At the socket that scanoutd has for the guest's VMM: a connection for the VMM, and one for the
 * back-end, both the caller's. Waits until scanoutd gives them, or has refused; another VMM of the
 * guest's has two seconds to go. G_FILE_ERROR_NOENT: nobody listens there; G_FILE_ERROR_AGAIN: who
 * does says nothing for a minute. */
bool hand_over(const char *path, int *vmm_fd, int *backend_fd, GError **error);

#endif
