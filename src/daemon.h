/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The daemon as one object: makes the rooms, connects them, runs the main loop, and takes
 * everything down in order. Decides nothing about pixels or bytes. Used by main alone.
 *
 * Order of the making: session, guests, layout, the card with the take-over commit, doors,
 * readiness. The commit comes as early as it can, since the screen waits for it; nobody can connect
 * before the doors are there. Where there is no card yet, all others go on without it.
 */
#ifndef SCANOUTD_DAEMON_H
#define SCANOUTD_DAEMON_H

#include <glib.h>

#include "config/config.h"

struct daemon;

/* `config` is resolved, and outlives the daemon. Each error is a sentence that says what to do. */
struct daemon *daemon_create(const struct config *config, GError **error);

/* Where no daemon can be made: of a predecessor's fds that the service manager keeps the cards would
 * leave its last picture on the screen, and are given back; guests' peers wait for a start that
 * succeeds. In the place of daemon_create(), which does the same where it fails. */
void daemon_give_back(void);

/* main's argv: with it the configuration is read again at SIGHUP; without it pictures alone are. */
void daemon_set_arguments(struct daemon *daemon, char **arguments);

/* Until SIGTERM, SIGINT (0) or the loss of what can never come again: an inherited card, the seat
 * (1). Returns the process's exit status. */
int daemon_run(struct daemon *daemon);

/* Answers who waits, closes the sockets, the card, and gives the console back. Takes NULL. */
void daemon_destroy(struct daemon *daemon);

#endif
