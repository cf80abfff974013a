/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The counters of all rooms as one JSON text, for --stats.
 *
 * Called by main at SIGUSR1 and at exit; counts nothing itself. Every counter only grows, from the
 * start of the daemon; scanoutd(8) explains each.
 */
#ifndef SCANOUTD_REPORT_STATS_H
#define SCANOUTD_REPORT_STATS_H

#include <glib.h>
#include <stdbool.h>
#include <stddef.h>

#include "input/device.h"
#include "kms.h"
#include "lease/lease.h"
#include "report/stall.h"
#include "scene/guest.h"
#include "scene/layout.h"
#include "wire/relay.h"

struct stats_output {
	const char *name;
	bool active;
	const char *guest; /* whose scanout it shows; NULL: nobody's */
	unsigned int scanout;
	const struct kms_mode_info *mode;
	const struct kms_output_counters *counters;
};

struct stats_guest {
	const char *name;
	bool attached;
	const struct guest_counters *counters;
	struct channel_counters channel;
	const struct relay_counters *relay; /* NULL: it has another door */
	enum alive_state life;
	struct layout_life_counters lives;
};

/* One virtual input device. */
struct stats_input {
	const char *machine;
	const char *device; /* "keyboard" */
	struct device_counters counters;
};

/* One [region NAME]. */
struct stats_region {
	const char *name;
	const char *output; /* as it is configured */
	const struct region *region;
};

struct stats_card {
	const char *path;
	const struct kms_device_counters *counters;
};

/* One [lease] section. */
struct stats_lease {
	const char *name;
	enum lease_state state;
	const struct lease_counters *counters;
};

struct stats {
	const struct stats_card *cards; /* that are there now */
	size_t card_count;
	int64_t uptime_us;
	const struct stall_counters *loop; /* NULL: nobody has measured */
	const struct stats_output *outputs;
	size_t output_count;
	const struct stats_guest *guests;
	size_t guest_count;
	const struct stats_input *inputs;
	size_t input_count;
	const struct stats_region *regions;
	size_t region_count;
	const struct stats_lease *leases;
	size_t lease_count;
	const char *layout; /* in force, and why; NULL: there are no layouts */
	const char *layout_reason;
};

/* The caller's. */
char *stats_to_json(const struct stats *stats);

/* A reader sees the old text or the new one, whole: written beside `path` and renamed. Waits for
 * the disk: for a file_writer. */
bool stats_write(const char *path, const char *json, GError **error);
/* The same of what a supervisor with another user reads: whoever may enter its folder can read it,
 * also where the umask says otherwise. Where that cannot be brought about it is written all the
 * same, and false. */
bool stats_write_for_all(const char *path, const char *text, GError **error);

#endif
