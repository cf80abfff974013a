/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The fds that the service manager hands to us when we start ($LISTEN_FDS), and those that it keeps
 * for our successor (its store: FDSTORE=1 and FDNAME= of sd_notify(3), FileDescriptorStoreMax= of
 * systemd.service(5)). Owned by the daemon; others see the struct fd_keeper (include/fd_keeper.h).
 *
 * Both come in one list. Names with a slash are ours, from the store; all others are sockets that
 * the manager listens on (FileDescriptorName= of systemd.socket(5)), whose names are chosen by who
 * wrote the unit. Without a service manager nothing comes and nothing is kept; the same where it
 * says that it has no store.
 */
#ifndef SCANOUTD_KEEP_H
#define SCANOUTD_KEEP_H

#include <glib.h>
#include <stdbool.h>
#include <stddef.h>

#include "fd_keeper.h"

struct keep;

/*
 * So many fds are kept (FileDescriptorStoreMax= in our unit): enough for 8 guests at their worst
 * (include/guest_limits.h). A process begins with a limit of 1024, below which all of them are handed
 * over.
 */
#define KEEP_MAX 1000

#define KEEP_ERROR (keep_error_quark())
GQuark keep_error_quark(void);

enum keep_error {
	KEEP_ERROR_FDS, /* $LISTEN_FDS is wrong, or one of them cannot be had */
};

/* Once in the life of a process, before it opens anything: the fds are ours by their numbers alone.
 * Until keep_settle() it waits for a manager that is slow to read, 10 s in all; later what it is to
 * keep waits for it, 60 s. */
struct keep *keep_create(GError **error);

/* So many the service manager says that it keeps; KEEP_MAX where none says so. */
unsigned int keep_most(void);

/* What the successor gets stays kept. Takes NULL. */
void keep_destroy(struct keep *keep);

/* Sockets that the manager listens on, in its order. */
size_t keep_socket_count(const struct keep *keep);
/* Belongs to the keep. */
const char *keep_socket_name(const struct keep *keep, size_t index);
/* The fd, once, the caller's. */
int keep_take_socket(struct keep *keep, size_t index);

/* Belongs to the keep. NULL: no manager keeps anything, nor has a predecessor left something, so that
 * nothing needs to be made ready for it, which would be a part of the way to the first picture. The
 * answer stays the same as long as the keep is there. */
const struct fd_keeper *keep_keeper(struct keep *keep);

/* Whoever knew a name has asked: what is left of the store is closed and kept no longer, which is
 * logged. */
void keep_settle(struct keep *keep);

/*
 * In its place, where our start has failed: what is below this folder ("card/") is given back, as
 * others may need it until we are started again: the same with what nobody has asked for, and the rest
 * can be forgotten still. All else is our successor's, as after keep_stop(). `folder` is static.
 */
void keep_give_back(struct keep *keep, const char *folder);

/* We end, and what is kept may go on: from now on nothing is forgotten. A manager that is slow to
 * read is waited for, 1 s in all. */
void keep_stop(struct keep *keep);

#endif
