/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "config/inherited_fds.h"

#include <errno.h>
#include <fcntl.h>

G_DEFINE_QUARK(scanoutd_inherited_fds_error_quark, inherited_fds_error)

/* A number that is no fd of ours is named as it was given. What this process has opened by itself,
 * GLib and libraries too, would not have come through exec. */
static bool check_fd(const char *option, int fd, GError **error)
{
	int flags = fd < 0 ? 0 : fcntl(fd, F_GETFD);

	if (flags >= 0 && !(flags & FD_CLOEXEC))
		return true;
	g_set_error(error, INHERITED_FDS_ERROR, INHERITED_FDS_ERROR_CLOSED, "%s=%d: %s", option, fd,
		flags < 0 ? g_strerror(errno) : "was not inherited");
	return false;
}

bool inherited_fds_check(const struct config *config, GError **error)
{
	if (!check_fd("--drm-fd", config->daemon.drm_fd, error) ||
		!check_fd("--ready-fd", config->daemon.ready_fd, error))
		return false;
	for (guint i = 0; i < config->guests->len; i++) {
		const struct config_guest *guest = g_ptr_array_index(config->guests, i);

		if (!check_fd("display-fd", guest->display_fd, error)) {
			g_prefix_error(error, "guest %s: ", guest->name);
			return false;
		}
	}
	return true;
}
