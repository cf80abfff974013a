/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A socket on which a guest says that it is alive: any byte is a sign, whatever it is. Listens on
 * the path of alive-socket=, which a virtio-serial port of QEMU connects to, or a program on the
 * host. Part of a member (member.h), which hands the signs on.
 *
 * What comes is hostile: bytes are read and forgotten, a piece a turn, and fds that come with them
 * are closed where that holds up nobody. One peer at a time, as with every door (wire/door.h). A
 * peer that leaves is no sign of death: only a sign that does not come is.
 */
#ifndef SCANOUTD_GUESTS_HEARTBEAT_H
#define SCANOUTD_GUESTS_HEARTBEAT_H

#include <glib.h>

#include "wire/door.h"

struct heartbeat;

/* A byte came. From the main loop. */
typedef void (*heartbeat_func)(void *data);

/* The path and whose it is; .fds is ACCOUNT_FDS_ALIVE whatever it says. What cannot be made now and
 * may be later is tried again by the door. */
struct heartbeat *heartbeat_create(const struct door_options *options, heartbeat_func beat,
	void *data, GError **error);
/* Takes NULL. */
void heartbeat_destroy(struct heartbeat *heartbeat);

#endif
