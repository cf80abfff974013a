/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Fault injection, systematically: a scenario is run once to see which calls our code makes
 * (interpose.h), then once for each of them, in a process of its own, with that one failing. Each
 * call site's first two calls fail with every errno that there is for them, the others with one
 * after the other; with FAULTS=all in the environment, all with all.
 *
 * A scenario drives the product by its public interfaces and its sockets, and holds, whatever
 * failed: what it asserts is true with a fault, too. Beside that the harness asserts that the
 * process neither dies nor hangs. A failure names the call, where it was made, and what was written
 * before it.
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

/* … of one that sets a log writer. */
void faults_add_logging(const char *path, void (*scenario)(void), unsigned int seconds);

/* ---- for scenarios ---- */

/* Whether what fails is that a peer has gone. */
bool faults_is_hang_up(void);
/* Whether it is this call. */
bool faults_is_in(const char *call);

/*
 * One fault is one word: a warning, or `told`, the error that the scenario was given; NULL: none.
 * So many sessions were `closed` by it: one at most, and not without a word, unless their peer had
 * gone. The same line twice is one. Warnings that need no fault, or follow from another one, are
 * left out by faults_set_usual().
 */
void faults_expect_told(const char *told, unsigned int closed);
void faults_set_usual(bool (*is_usual)(const char *line));

/* With all that is in it. */
void faults_remove_folder(const char *path);

/* Iterates the main loop until the condition holds, but not for longer. */
#define FAULTS_AWAIT(condition, seconds) \
	do { \
		bool faults_tired = false; \
		guint faults_guard = g_timeout_add_seconds(seconds, faults_tire, &faults_tired); \
		while (!(condition) && !faults_tired) \
			g_main_context_iteration(NULL, TRUE); \
		g_source_remove(faults_guard); \
	} while (0)
gboolean faults_tire(gpointer tired);

/* What open fds are, a line each; the caller's. */
char *faults_list_fds(void);
/* They are the same again, once nothing is left to be closed by a thread. */
void faults_expect_fds(const char *before);

#endif
