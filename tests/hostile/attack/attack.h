/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the attacks share. Each is a function that main.c calls with what follows its name on the
 * command line; it does its worst, says so by attack_done(), and goes on with it until it is
 * killed. What cannot be begun ends the process; what the daemon refuses, or closes, is its right.
 */
#ifndef SCANOUTD_TESTS_HOSTILE_ATTACK_H
#define SCANOUTD_TESTS_HOSTILE_ATTACK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

__attribute__((noreturn)) void attack_fail(const char *what);

/* A line on standard output: from here on the daemon is under attack. */
void attack_done(void);

/* Holds everything open for good. */
__attribute__((noreturn)) void attack_hold(void);

/* A connected stream socket. -1 where nobody takes it, with errno. */
int attack_connect(const char *path);
int attack_listen(const char *path);

/* One sendmsg(), without waiting. At most 8 fds, which stay the caller's. False: not sent, errno
 * says why. */
bool attack_send(int socket, const void *bytes, size_t size, const int *fds, size_t count);

/* FOLDER: serves a file system by FUSE there, whose file "f" is not flushed, read or written for
 * good. Only its abort, or the end of this process, lets those go who wait. (fuse.c) */
void attack_fuse(char **arguments);

/* SOCKET FILE…: a display socket is sent these, with messages that take an fd and with others,
 * whole and half; with the last one the connection goes. (files.c) */
void attack_display(char **arguments);

/* SOCKET FILE…: a VMM gives an input device these as memory, kick, call and error. (files.c) */
void attack_memory(char **arguments);

/* VMM-SOCKET BACKEND-SOCKET FILE: both sides of the relay pass it on. (files.c) */
void attack_relay(char **arguments);

/* VMM-SOCKET BACKEND-SOCKET: both sides of the relay send fds and read nothing. (flood.c) */
void attack_inflight(char **arguments);

/* SOCKET…: connections that say nonsense, or nothing, and go. (flood.c) */
void attack_connections(char **arguments);

/* SOCKET: shares more memory than there is address space. (guest.c) */
void attack_sparse(char **arguments);

/* SOCKET: keeps the counter of the eventfd full by which it wants to be called, and blocking.
 * (guest.c) */
void attack_call(char **arguments);

/* SOCKET…: on each, 64 regions, and chains of 16 pieces in the last one, as many as the queue
 * holds, offered again as soon as they are used. (guest.c) */
void attack_chains(char **arguments);

/* PATH: a link to a terminal that nobody reads. (terminal.c) */
void attack_terminal(char **arguments);

/* ADDRESS ENTRIES: a QEMU on that bus answers what its D-Bus display has with so many entries.
 * (bus.c) */
void attack_bus(char **arguments);

/* ADDRESS: a QEMU on that bus has a keyboard and a mouse, and answers every call. (bus.c) */
void attack_qemu(char **arguments);

#endif
