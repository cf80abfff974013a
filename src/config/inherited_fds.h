/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * File descriptors that options and keys name: --drm-fd, --ready-fd, display-fd=. Whoever started
 * us has opened them; they stay theirs who use them. Asked by the daemon at its start, before it
 * opens any of its own.
 */
#ifndef SCANOUTD_CONFIG_INHERITED_FDS_H
#define SCANOUTD_CONFIG_INHERITED_FDS_H

#include <glib.h>
#include <stdbool.h>

#include "config/config.h"

#define INHERITED_FDS_ERROR (inherited_fds_error_quark())
GQuark inherited_fds_error_quark(void);

enum inherited_fds_error {
	INHERITED_FDS_ERROR_CLOSED, /* one is not open, or was not inherited; the message names it */
};

bool inherited_fds_check(const struct config *config, GError **error);

#endif
