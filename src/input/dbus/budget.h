/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * How many bytes a bus may have us look at over time: so many at once, and so many a second in the
 * long run. Owned by dbus.c, one a machine, so that another connection does not begin with all of
 * it again; used by gate.c.
 */
#ifndef SCANOUTD_INPUT_DBUS_BUDGET_H
#define SCANOUTD_INPUT_DBUS_BUDGET_H

#include <stdint.h>

/* Bytes. GDBus' thread is at work for half a microsecond on each at the worst: it has so much of a
 * thirtieth of its time for each machine. */
#define DBUS_BUDGET_BURST 131072
#define DBUS_BUDGET_PER_SECOND 65536

struct dbus_budget {
	int64_t left; /* bytes */
	int64_t at_us; /* when that was so */
};

void dbus_budget_init(struct dbus_budget *budget, int64_t now_us);

/* `bytes` are at most DBUS_BUDGET_BURST. 0: they are taken; else so many microseconds later they
 * can be. */
int64_t dbus_budget_take(struct dbus_budget *budget, int64_t bytes, int64_t now_us);

#endif
