/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The service manager's socket, $NOTIFY_SOCKET. Used by keep.c and report/watchdog.c.
 *
 * Not sd_notify(), which waits where the manager does not read: that it is slow must not stop the
 * loop.
 */
#ifndef SCANOUTD_KEEP_MANAGER_H
#define SCANOUTD_KEEP_MANAGER_H

#include <stdbool.h>

/* A datagram socket that is connected to it and does not block, the caller's; -1 with errno, ENOENT
 * where there is no manager. */
int manager_connect(void);

/* `state`: lines as of sd_notify(3). With `fd`, unless that is -1. False with errno: it was not
 * told. */
bool manager_tell(int manager, const char *state, int fd);

#endif
