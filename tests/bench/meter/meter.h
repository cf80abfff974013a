/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the meter writes and the benches read: shared memory whose fd is in the environment.
 *
 * Why not the process's CPU clock: in User-Mode-Linux it advances by whole ticks of 10 ms, which
 * says nothing about work that takes microseconds and begins at a vblank.
 */
#ifndef SCANOUTD_TESTS_BENCH_METER_H
#define SCANOUTD_TESTS_BENCH_METER_H

#include <stdint.h>

#define METER_ENVIRONMENT "SCANOUTD_METER_FD"

/* Times are kept one by one up to so many; what comes later only adds to the sums. */
#define METER_SAMPLES 16384

struct meter {
	uint64_t turns; /* returns of poll */
	uint64_t active_ns; /* from a return of poll to the next call, all together */
	/* From poll's return to the return of the (first) atomic commit in that turn. */
	uint32_t commits;
	uint32_t commit_ns[METER_SAMPLES];
	/* active_ns when that turn began: the differences are what each frame cost. */
	uint64_t commit_active_ns[METER_SAMPLES];
	/* From poll's return to the return of the (first) send in that turn. */
	uint32_t sends;
	uint32_t send_ns[METER_SAMPLES];
	/* When the first commit (or mode set) had been accepted, on CLOCK_MONOTONIC. */
	uint64_t first_commit_ns;
};

#endif
