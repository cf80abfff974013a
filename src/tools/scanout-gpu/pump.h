/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Between the VMM's own connection, which may be shared with whoever made it, and the one that
 * scanoutd gave: messages and their fds go through a process of this user's, since scanoutd reads
 * nothing that others can read, too (wire/handover.h). vhost-user carries no frames, so it has next
 * to nothing to do. When the guest resets its GPU it has scanoutd and another back-end begin anew, of
 * which the VMM notices nothing (session.h). Used by main, before it becomes the back-end.
 */
#ifndef SCANOUTD_TOOLS_GPU_PUMP_H
#define SCANOUTD_TOOLS_GPU_PUMP_H

#include <glib.h>
#include <stdbool.h>

/* In that process: another connection to scanoutd, behind which is another back-end; the one before it
 * has been shut down. -1 with an error. Called 10 times at once and twice a second in the long run, at
 * most; the guest waits meanwhile. */
typedef int (*pump_renew_func)(void *data, GError **error);

/* Starts a process, which lasts until either side ends, and then ends the other. A message that none
 * can be (too long, too many fds) ends both, with a line to standard error. Both fds stay the
 * caller's; `others`, the caller's other connection, is closed in that process. `renew` NULL: the
 * back-end stays the same. */
bool pump_start(int vmm_fd, int daemon_fd, int others, pump_renew_func renew, void *data,
	GError **error);

#endif
