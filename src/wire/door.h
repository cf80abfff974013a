/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * How a socket gets into the house: a listening AF_UNIX socket (a path of ours, or one that the
 * service manager made), or an fd that was inherited. A door ends in its callback and knows
 * nothing of guests; the relay listens for the VMM through the same door, and leases are asked for
 * at one.
 */
#ifndef SCANOUTD_WIRE_DOOR_H
#define SCANOUTD_WIRE_DOOR_H

#include <glib.h>
#include <stdbool.h>
#include <sys/types.h>

#include "fd_keeper.h"

struct account;
struct door;

#define DOOR_ERROR (door_error_quark())
GQuark door_error_quark(void);

enum door_error {
	DOOR_ERROR_SERVED, /* another process serves this path (its lock file says which) */
	DOOR_ERROR_FAILED, /* a mistake of the user's */
	DOOR_ERROR_STATE, /* what may be otherwise later; of no door_create_*() */
};

/* A peer came. The fd is the callee's, non-blocking and close-on-exec. The callee may destroy the
 * door. */
typedef void (*door_attached_func)(void *data, int fd);

/* Makes what a path needs, such as its folder. Called from any thread, before each try. */
typedef bool (*door_prepare_func)(const char *path, GError **error);

struct door_options {
	const char *path;
	const char *group; /* may connect too; NULL: only we */
	door_prepare_func prepare; /* or NULL */
	bool packets; /* SOCK_SEQPACKET; else SOCK_STREAM */
	const char *lease; /* whose it is, for the log, where it is no guest's; or NULL */
	const struct fd_keeper *keeper; /* keeps the listening socket; outlives the door; or NULL */
	/* As door_set_guest(). */
	const char *guest;
	struct account *account;
	unsigned int fds;
};

/*
 * Listens on a path. Whether somebody else serves it is decided by a lock on "<path>.lock", never
 * by connecting; a stale socket is replaced. Mode 0600 unless a group is given: then 0660 and that
 * group. Where the file system does not let us (it is full, read-only, the folder is not there), or
 * this process has no fds left, that is logged, once a reason, and tried again, after a second and
 * up to 16, in a thread: the loop does not wait for a file system. Errors are a path that is too
 * long or something else than a socket, a group that there is not, and a path that somebody serves.
 *
 * With a keeper the socket that a predecessor listened on is gone on with, if it is still the one
 * at the path and has the same users: who connects while nobody runs waits. At our end it stays
 * then, with its files.
 *
 * One peer at a time: while one is attached, another one waits in the backlog, which is logged, and
 * after 2 s is refused, which is logged with both process numbers; door_release() lets the next one
 * in.
 */
struct door *door_create_path(const struct door_options *options, door_attached_func attached,
	void *data, GError **error);

/* The same on a listening socket that the service manager made; `fd` is taken over, but not on
 * failure: a mistyped number may be stderr's. */
struct door *door_create_listening(int fd, door_attached_func attached, void *data, GError **error);

/* An fd that is the peer already; `attached` is called from the main loop, once. `fd` is
 * taken over, but not on failure. */
struct door *door_create_inherited(int fd, door_attached_func attached, void *data, GError **error);

/*
 * Whose door it is: named in what the door logs from then on. While a peer is attached `fds` are
 * charged to the account; nobody is let in while that cannot be, while the account's closer is
 * full, or sooner than it admits. The name is copied, the account borrowed, which may be NULL.
 */
void door_set_guest(struct door *door, const char *guest, struct account *account,
	unsigned int fds);

/* `peer`, which stays the caller's, is one that a predecessor's door let in: it is attached, until
 * door_release(). False: it cannot be charged. */
bool door_adopt(struct door *door, int peer, GError **error);

/* The process that came last, by its number; 0: not known. For the log. */
pid_t door_served(const struct door *door);

/* The peer that came last has gone. */
void door_release(struct door *door);

/* Unlinks the socket and its lock file, where they are ours, and not kept. Takes NULL. */
void door_destroy(struct door *door);

#endif
