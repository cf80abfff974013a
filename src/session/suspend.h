/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Notices that the machine was suspended and has resumed. Made by cards.c, which sets all modes
 * again then. No service tells us, so none is needed: the kernel wakes whoever waits for the wall
 * clock to be set, which it does as it resumes, and how long nothing ran is what CLOCK_BOOTTIME has
 * gained on CLOCK_MONOTONIC. Timers of the main loop count the second, which stands still
 * meanwhile: none is late, and they do not come all at once.
 */
#ifndef SCANOUTD_SESSION_SUSPEND_H
#define SCANOUTD_SESSION_SUSPEND_H

#include <glib.h>
#include <stdint.h>

struct suspend;

/* From the main loop, before anything else of that turn: this long, in µs, the machine was
 * suspended. */
typedef void (*suspend_func)(void *data, int64_t suspended_us);

/* NULL, and a line in the log, where the kernel has no timer left for it. */
struct suspend *suspend_create(suspend_func resumed, void *data);
/* Takes NULL. */
void suspend_destroy(struct suspend *suspend);

#endif
