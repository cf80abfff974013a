/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A clock that only the target moves: timers of the product's own objects run out when it says, and
 * what is measured takes no time, so that an input does the same each time, and none waits. In
 * GLib's place by the linker (fuzz_clock in the Makefile), for targets whose parts use
 * g_timeout_add().
 */
#ifndef SCANOUTD_TESTS_FUZZ_CLOCK_H
#define SCANOUTD_TESTS_FUZZ_CLOCK_H

#include <stdbool.h>

/* What is due then runs in the next turns of the main loop. */
void clock_pass(unsigned int milliseconds);

/* While it is on a poll() that waits is none: its time passes at once, as nobody comes
 * meanwhile. */
void clock_skip_waits(bool on);

#endif
