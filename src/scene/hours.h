/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Times of day, in local time: on-hours= of [output NAME]. Pure but for the clock, which
 * hours_read_clock() alone asks. Read by the configuration, used by layout_hours.c.
 */
#ifndef SCANOUTD_SCENE_HOURS_H
#define SCANOUTD_SCENE_HOURS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define HOURS_MAX 8

#define HOURS_MINUTES (24 * 60)

/* From a minute of the day to another, which is no longer part of it; over midnight where it is the
 * smaller one. */
struct hours_span {
	uint16_t from; /* 0 to 1439 */
	uint16_t to; /* 1 to 1440 */
};

struct hours {
	struct hours_span spans[HOURS_MAX];
	size_t count; /* 0: all day */
};

/* "07:00-12:00;13:30-22:00", "22:00-06:00", "00:00-24:00". False: it is none, or has too many
 * spans. */
bool hours_parse(const char *text, struct hours *hours);

/* Is the minute of the day one of them? */
bool hours_has(const struct hours *hours, unsigned int minute);

/* The minute of the day that it is, by the wall clock; `left_ms`: until the next one begins, at
 * least 1. */
unsigned int hours_read_clock(unsigned int *left_ms);

#endif
