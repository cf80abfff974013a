/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The parts of hotplug: what happens to the output (hotplug.c), the daemon beside it (ours.c) and
 * the least that a program can do about the same (bare.c).
 */
#ifndef SCANOUTD_TESTS_BENCH_HOTPLUG_H
#define SCANOUTD_TESTS_BENCH_HOTPLUG_H

#include <stdint.h>

#include "../common/crtc.h"

enum event {
	EVENT_BLACK, /* a scanout that was disabled, on an output that is lit and black, has a frame */
	EVENT_UNLIT, /* the same, its output is off */
	EVENT_PLUG, /* a monitor comes */
	EVENT_STORM, /* the last of a thousand times that it goes or comes */
	EVENT_LAYOUT, /* another layout, which shows another picture in the same mode */
	EVENT_LAYOUT_MODE, /* the same, in another mode */
};

struct monitor;

/* One event: all on CLOCK_MONOTONIC. */
struct sample {
	uint64_t from_ns; /* the frame's last byte; just before the uevent, or the SIGHUP */
	uint64_t mode_set_ns; /* bare alone: just before its own mode set or flip */
	uint64_t to_ns; /* the vblank from which on the picture is there */
};

/* Monitors of the first connector. Each returns the time before the last uevent. */
uint64_t monitor_plug(const struct monitor *monitor);
void monitor_unplug(const struct monitor *monitor);

/* Begins a storm in a process of its own, which ends with the monitor there; monitor_storm_over()
 * says, without waiting, whether it has ended and udev has passed on all of it; then *ns is the
 * time before the last uevent. */
void monitor_storm(struct monitor *monitor);
bool monitor_storm_over(struct monitor *monitor, uint64_t *ns);

/* What the layout without the guest shows, 0xRRGGBB. */
#define LAYOUT_COLOUR 0x204060u

/* For a change of layout: what the daemon reads, and what is to be there at the next SIGHUP. They
 * take turns. */
struct files {
	const char *configuration;
	const char *other;
};

/* Fill `samples`. `command`: the daemon's. */
void ours_run(enum event event, struct monitor *monitor, const struct files *files, char **command,
	struct sample *samples, uint32_t count, uint64_t *period_ns);
void bare_run(enum event event, struct monitor *monitor, struct sample *samples, uint32_t count,
	uint64_t *period_ns);

#endif
