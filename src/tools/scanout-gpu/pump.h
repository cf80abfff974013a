/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Between the VMM's own connection, which may be shared with whoever made it, and the one that
 * scanoutd gave: messages and their fds go through processes of this user's, since scanoutd reads
 * nothing that others can read, too (wire/handover.h). vhost-user carries no frames, so they have
 * next to nothing to do. Used by main, before it becomes the back-end.
 */
#ifndef SCANOUTD_TOOLS_GPU_PUMP_H
#define SCANOUTD_TOOLS_GPU_PUMP_H

#include <glib.h>
#include <stdbool.h>

/* Starts a process for each way, which lasts until either side ends, and then ends the other. A
 * message that none can be (too long, too many fds) ends both, with a line to standard error. Both
 * fds stay the caller's; `others`, the caller's other connection, is closed in these processes. */
bool pump_start(int vmm_fd, int daemon_fd, int others, GError **error);

#endif
