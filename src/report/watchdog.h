/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The service manager's watchdog (WatchdogSec=): tells it, from the main loop, that we live, twice
 * in the time that it gives us, and does not tell it where the loop turns but something is sick.
 * Then it starts us again, which shows every guest's picture sooner than anything that we could do.
 *
 * Made by the daemon when the loop begins.
 */
#ifndef SCANOUTD_REPORT_WATCHDOG_H
#define SCANOUTD_REPORT_WATCHDOG_H

#include <glib.h>

struct watchdog;

/* NULL: all is well. Else why not, as a sentence without a full stop; the caller's. */
typedef char *(*watchdog_check_func)(void *data);

/* NULL where the service manager wants to hear nothing. The first word goes out at once. */
struct watchdog *watchdog_create(watchdog_check_func check, void *data);
/* Takes NULL. */
void watchdog_destroy(struct watchdog *watchdog);

#endif
