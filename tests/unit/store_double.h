/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A service manager's store of fds in the test's process, for children of it that are killed: what
 * they have told it is true, also with their last words. One at a time.
 */
#ifndef TESTS_UNIT_STORE_DOUBLE_H
#define TESTS_UNIT_STORE_DOUBLE_H

#include <stdbool.h>

/* Empty. */
void store_double_open(void);
/* Nothing is left in it. */
void store_double_close(void);

/* Before a child is forked: those before it have no more to say. */
void store_double_follow(void);

/* What is kept under a name in which this occurs is lost. */
void store_double_lose(const char *part);

/* ---- in a child: as struct fd_keeper ---- */

int store_double_take(const char *name);
/* Keeps an fd, or forgets it. */
void store_double_tell(bool keep, const char *name, int fd);

#endif
