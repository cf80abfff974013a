/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Whether this process can have more fds just now (RLIMIT_NOFILE). Asked by whoever is about to
 * take something that cannot be put back: a message with fds, of which the kernel drops those that
 * have no room, or a peer. What has to wait stays in its socket, or in the backlog.
 */
#ifndef SCANOUTD_WIRE_SPARE_FDS_H
#define SCANOUTD_WIRE_SPARE_FDS_H

#include <stdbool.h>

/* At most so many can be asked for. */
#define SPARE_FDS_MAX 48

/* `any` is an open fd. Two system calls for each of `count`. */
bool spare_fds(int any, unsigned int count);

#endif
