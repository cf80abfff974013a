/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Fault injection, systematically: a scenario is run once to see which calls our code makes
 * (interpose.h), then once for each of them, in a process of its own, with that one failing. Each call
 * site's first two calls fail with every errno that there is for them, the others with one after the
 * other; with FAULTS=all in the environment, all with all.
 *
 * A scenario drives the product by its public interfaces and its sockets, and holds, whatever failed:
 * what it asserts is true with a fault, too. Beside that the harness asserts that the process neither
 * dies nor hangs. A failure names the call, where it was made, and what was written before it.
 */
#ifndef TESTS_FAULTS_HARNESS_H
#define TESTS_FAULTS_HARNESS_H

#include <glib.h>
#include <stdbool.h>
#include <stddef.h>

/* In place of g_test_init(). */
void faults_init(int *argc, char ***argv);

/* A test of GLib's: `scenario` with each fault. It may take `seconds`. */
void faults_add(const char *path, void (*scenario)(void), unsigned int seconds);

/* ---- for scenarios ---- */

/* Whether what fails is that a peer has gone. */
bool faults_is_hang_up(void);
/* … or that it is sent nothing for the moment. */
bool faults_is_reply(void);

/* Warnings and worse that our code has logged so far, each with a newline; belongs to the harness. Any
 * thread may log. */
const char *faults_warnings(void);

/* What open fds are, a line each, once nothing is left to be closed by a thread; the
 * caller's. */
char *faults_list_fds(void);

#endif
