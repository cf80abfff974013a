/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The back-ends that take the place of the first one as the guest resets its GPU: children of the
 * pump's process. Each ends with its connection, but where the guest has it hang, in the GPU say, it
 * may not: that must not leave another process with each reset. Used by main, in the pump's process.
 */
#ifndef SCANOUTD_TOOLS_GPU_BACKENDS_H
#define SCANOUTD_TOOLS_GPU_BACKENDS_H

#include <glib.h>
#include <stdbool.h>

/* Zeroed at first. */
struct backends {
	GPid last;
	GPid before_last; /* whose connection has ended */
};

/* Starts one, which has all fds that are not closed when another program is started. The one before the
 * last is killed if it is still there, and waited for: so there are no more than two. */
bool backends_start(struct backends *backends, char **command, GError **error);

#endif
