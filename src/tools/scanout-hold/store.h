/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The fds that a program keeps with scanout-hold, by their names, as with systemd's store
 * (sd_notify(3)): several may have the same name. Owned by main.c; knows no process.
 */
#ifndef SCANOUT_HOLD_STORE_H
#define SCANOUT_HOLD_STORE_H

#include <glib.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

struct store;

/* With room for so many. */
struct store *store_create(size_t most);
/* Closes all. Takes NULL. */
void store_destroy(struct store *store);

enum store_message {
	STORE_NOTHING, /* none is there */
	STORE_OTHER, /* one that says nothing of fds, or is not from this process */
	STORE_DONE, /* something is kept, or no longer */
	STORE_FULL, /* it could not be kept: there is no room, or its fd could not be received */
};

/* The next message at the socket, which has SO_PASSCRED, if it is from this process. Does not
 * wait. */
enum store_message store_receive(struct store *store, int socket, pid_t sender);

size_t store_count(const struct store *store);

/*
 * In a new process before exec: puts them at 3 and up, and says so in the environment
 * (sd_listen_fds(3)), and how many it keeps (FDSTORE of systemd.exec(5)).
 * What else is to be inherited there is overwritten. False with errno.
 */
bool store_hand_over(const struct store *store);

#endif
