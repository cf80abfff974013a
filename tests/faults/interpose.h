/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Calls that fail on purpose. In programs that are linked with the archives of build/faults/, each
 * call of interpose.c's table that our own code makes, to the kernel or to a library, goes through
 * here; calls that libraries make themselves, and those of the test, do not. One call fails, once:
 * a point (which call, from where, the how many-th from there) with an errno. For harness.c.
 */
#ifndef TESTS_FAULTS_INTERPOSE_H
#define TESTS_FAULTS_INTERPOSE_H

#include <stdbool.h>
#include <stddef.h>

#define FAULTS_POINTS_MAX 8192
#define FAULTS_ERRORS_MAX 8

/* A call of the table. */
struct faults_call {
	const char *name;
	/* What it can fail with, ends with 0. */
	int errors[FAULTS_ERRORS_MAX];
};

struct faults_point {
	const struct faults_call *call;
	const void *site; /* where it returns to */
	unsigned int occurrence; /* 0: the first from there */
	int error;
};

/* Asked at each call, in whatever thread, and whether it fails, with what. For remote.c. */
void faults_set_asked(bool (*asked)(const struct faults_call *call, int *error));

/* Points are counted from now on, into memory of the caller's; `count` may grow beyond the maximum,
 * `points` does not. */
void faults_record(struct faults_point *points, size_t *count);

/* From now on this one fails. */
void faults_arm(const struct faults_point *point);

/* Nothing is counted and nothing fails, as long as this was said more often than the other: for
 * what a test itself asks of our code. */
void faults_pause(void);
void faults_continue(void);

/* Whether it came to that. */
bool faults_struck(void);

#endif
