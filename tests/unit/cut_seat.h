/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A seat manager that is killed, stopped for a while, or silent for ever, anywhere in what it says
 * and before each request of ours, by the real libseat. The main loop does not wait for it, what
 * was opened stays open, its end is told of once, everything is given back, and the next session
 * with the next manager is whole. For test-cut-seat and test-cut-logind.
 */
#ifndef TESTS_UNIT_CUT_SEAT_H
#define TESTS_UNIT_CUT_SEAT_H

#include "seatd_double.h"

struct cut_seat_manager {
	const char *name; /* libseat's, of $LIBSEAT_BACKEND */
	struct seatd_double *(*start)(size_t limit, enum seatd_cut cut);
	void (*prepare)(void); /* once; or NULL */
	bool at_each_byte; /* or at each message's end, and in its middle */
};

/* The tests, and their exit status. */
int cut_seat_run(int argc, char **argv, const struct cut_seat_manager *manager);

#endif
