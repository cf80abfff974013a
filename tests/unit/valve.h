/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A socket in front of another one, through which so many bytes come back and no more: then the
 * peer behind it is killed, as it looks from here, or stopped. One connection at a time; runs in
 * the test's main loop. Fds are not passed on, credentials are this process's.
 */
#ifndef SCANOUTD_TESTS_UNIT_VALVE_H
#define SCANOUTD_TESTS_UNIT_VALVE_H

#include <glib.h>
#include <stdbool.h>
#include <stddef.h>

#define VALVE_OPEN ((size_t)-1)

struct valve {
	char *folder;
	char *path; /* in front */
	const char *target; /* behind; the caller's */
	int listen_fd;
	guint listen_source;
	int front, back; /* the connection's ends, -1: none */
	guint front_source, back_source;
	unsigned int connections; /* so far */
	size_t passed; /* bytes that came back so far */
	size_t limit; /* of them */
	bool kills; /* the connection is closed at the limit; else it stands still */
	bool cut; /* the limit was reached, since it was set */
};

struct valve *valve_new(const char *target);
void valve_free(struct valve *valve);

/* From now on, `limit` bytes in all. */
void valve_set(struct valve *valve, size_t limit, bool kills);

/* Now, whatever has come. The next connection of a valve that kills waits until it is open. */
void valve_cut(struct valve *valve);

/* What stood still goes on, without a limit. */
void valve_open(struct valve *valve);

#endif
