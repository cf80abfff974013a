/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * seatd in its process's place, for the real libseat: a thread that speaks seatd's protocol at a
 * socket, and is killed or stopped when it has said so many bytes, which may be in the middle of a
 * message. The protocol's messages are those of seatd 0.7 to 0.9: a header of two 16-bit numbers,
 * kind and size, and what belongs to it.
 *
 * A device that is opened is /dev/null. When somebody asks to switch the session away, it is
 * disabled, and enabled again as soon as that is confirmed.
 */
#ifndef TESTS_UNIT_SEATD_DOUBLE_H
#define TESTS_UNIT_SEATD_DOUBLE_H

#include <glib.h>
#include <stdbool.h>
#include <stddef.h>

#define SEATD_NEVER ((size_t)-1)

enum seatd_cut {
	SEATD_KILLED,
	SEATD_KILLED_UNREAD, /* … with a request that it has not read: the limit is of requests */
	SEATD_STOPPED, /* until it is continued */
};

struct seatd_double;

/* Learns which of the protocol's forms this libseat speaks. Once, before the first is started. */
void seatd_double_probe(void);

/* Listens where $SEATD_SOCK says from now on. `limit`: of bytes that it sends, or of requests. */
struct seatd_double *seatd_double_start(size_t limit, enum seatd_cut cut);

/* It goes on where it was stopped, without a limit. */
void seatd_double_continue(struct seatd_double *seatd);

/* It was stopped, and was not continued. For any thread. */
bool seatd_double_is_stopped(struct seatd_double *seatd);

/* Waits until nobody is connected to it. */
void seatd_double_await_alone(struct seatd_double *seatd);

/* Ends it wherever it is: what it held is closed when this returns. */
void seatd_double_end(struct seatd_double *seatd);

/* What it has done; to be asked when it has ended. */
struct seatd_double_books {
	size_t sent; /* bytes */
	size_t requests;
	GArray *boundaries; /* size_t: bytes sent after each message */
	unsigned int opened; /* devices … */
	unsigned int closed;
	unsigned int wrong; /* requests that nobody may make: a device closed that is not open, … */
};

/* Belongs to it. */
const struct seatd_double_books *seatd_double_books(const struct seatd_double *seatd);
void seatd_double_free(struct seatd_double *seatd);

#endif
