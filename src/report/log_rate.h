/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * How many log lines a guest may cause over time: a peer that connects and leaves in a loop would
 * fill any log, and keep us busy with it. One bucket a guest, filled again as time goes by. Used by
 * log_writer.c alone.
 */
#ifndef SCANOUTD_REPORT_LOG_RATE_H
#define SCANOUTD_REPORT_LOG_RATE_H

#include <stdbool.h>
#include <stdint.h>

/* So many at once, and so many a second in the long run. */
#define LOG_RATE_BURST 100
#define LOG_RATE_PER_SECOND 10

struct log_rate;

struct log_rate *log_rate_create(void);

/*
 * Whether a line of this guest is written at `now_us` (monotonic). True: it is, and *left_out
 * others were not since the last one that was.
 */
bool log_rate_takes(struct log_rate *rate, const char *guest, int64_t now_us,
	unsigned int *left_out);

/* Takes NULL. */
void log_rate_destroy(struct log_rate *rate);

#endif
