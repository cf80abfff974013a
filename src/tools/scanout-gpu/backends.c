/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tools/scanout-gpu/backends.h"

#include <errno.h>
#include <signal.h>
#include <sys/wait.h>

/* A child's number is nobody else's before it has been waited for. */
static void end(GPid *backend)
{
	if (*backend == 0)
		return;
	kill(*backend, SIGKILL);
	while (waitpid(*backend, NULL, 0) < 0 && errno == EINTR)
		continue;
	*backend = 0;
}

bool backends_start(struct backends *backends, char **command, GError **error)
{
	/* Where whoever started us has nobody wait for children, their numbers are not kept. */
	signal(SIGCHLD, SIG_DFL);
	end(&backends->before_last);
	backends->before_last = backends->last;
	backends->last = 0;
	return g_spawn_async(NULL, command, NULL,
		G_SPAWN_SEARCH_PATH | G_SPAWN_LEAVE_DESCRIPTORS_OPEN | G_SPAWN_DO_NOT_REAP_CHILD,
		NULL, NULL, &backends->last, error);
}
