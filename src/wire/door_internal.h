/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The door as its two files see it: door.c (who comes in, and when) and door_path.c (a socket of
 * ours at a path: its lock, its file, and that it can be made). Nobody else includes this.
 */
#ifndef SCANOUTD_WIRE_DOOR_INTERNAL_H
#define SCANOUTD_WIRE_DOOR_INTERNAL_H

#include <glib.h>
#include <stdbool.h>

#include "wire/door.h"

/* Peers that wait while another one is attached. */
#define DOOR_BACKLOG 8

/* ---- door_path.c ---- */

/* A socket that listens at a path, with the lock beside it that says who serves it. */
struct door_socket;

/*
 * The rules are door_create_path()'s; `type` is SOCK_STREAM or SOCK_SEQPACKET, `prepare` may be
 * NULL. Touches nothing but the file system: from any thread; but with a keeper, whose socket of
 * this path is gone on with, from the main one. NULL: DOOR_ERROR_SERVED and DOOR_ERROR_FAILED are
 * for good, all else is a state of the file system or of this process.
 */
struct door_socket *door_socket_create(const char *path, const char *group, int type,
	door_prepare_func prepare, const struct fd_keeper *keeper, GError **error);

/* For who is started after us; once, from the main thread. The keeper outlives the socket; NULL: it
 * is not kept. */
void door_socket_keep(struct door_socket *socket, const struct fd_keeper *keeper);

/* Belongs to it. */
int door_socket_fd(const struct door_socket *socket);

/* What was not as it should be, or NULL; belongs to it. */
const char *door_socket_remark(const struct door_socket *socket);

/* Unlinks socket and lock file, where they are ours, and not to be gone on with. Takes NULL. */
void door_socket_destroy(struct door_socket *socket);

/*
 * Tries in a thread of its own, since a file system may take its time and has no form of this that
 * does not wait; the thread knows the names and nothing else. `done` is called from the main loop,
 * with a socket, which is the callee's, or with an error. NULL: there can be no thread now.
 */
struct door_attempt;
struct door_attempt *door_attempt_create(const char *path, const char *group, int type,
	door_prepare_func prepare,
	void (*done)(void *data, struct door_socket *socket, const GError *error), void *data);
/* `done` will not be called; waits for nothing, and what it makes is unmade. Takes NULL. */
void door_attempt_abandon(struct door_attempt *attempt);

#endif
