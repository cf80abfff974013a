/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Collects the counters of all parts of the daemon and writes them to the file of --stats. Called
 * by the daemon at SIGUSR1 and when it stops; asks, and changes nothing. stats.h has the form.
 */
#ifndef SCANOUTD_REPORT_STATISTICS_H
#define SCANOUTD_REPORT_STATISTICS_H

#include <stddef.h>
#include <stdint.h>

#include "guests/member.h"
#include "input/input.h"
#include "kms.h"
#include "lease/leases.h"
#include "report/file_writer.h"
#include "report/stall.h"
#include "scene/layout.h"

/* What is asked; everything is borrowed. */
struct statistics_parts {
	int64_t start_us; /* of the daemon; g_get_monotonic_time() */
	const struct kms_device *const *devices; /* the cards that are there now */
	size_t device_count;
	const struct layout *layout;
	const struct input *input;
	const struct leases *leases;
	const struct stall *stall; /* NULL: the loop does not run */
	struct member *const *members;
	size_t member_count;
};

/* The file that statistics_write() writes to; the caller's. */
struct file_writer *statistics_open(const char *path);

void statistics_write(const struct statistics_parts *parts, struct file_writer *file);

#endif
