/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The daemon's side of hotplug: a guest that sends pixels, and a look at the CRTC. Called by
 * hotplug.c.
 */
#include "hotplug.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "../common/program.h"

#define PATIENCE_NS UINT64_C(30000000000)
#define PHASE_NS 1700000 /* no part of a period, so that all times between vblanks come about */
#define CALM 30 /* vblanks with the picture, after which it is there to stay */

struct ours {
	struct crtc crtc;
	struct program program;
	struct program_update update;
	struct monitor *monitor;
	const struct files *files;
};

static void look_again(uint64_t since_ns, const char *what)
{
	if (crtc_now_ns() - since_ns > PATIENCE_NS) {
		fprintf(stderr, "hotplug: %s\n", what);
		exit(1);
	}
	crtc_rest();
}

static void await_picture(const struct ours *ours, uint32_t colour)
{
	uint64_t since = crtc_now_ns();
	uint32_t pixel;

	while (!crtc_last_pixel(&ours->crtc, &pixel) || pixel != colour)
		look_again(since, "the picture does not come");
}

static void await_unlit(const struct ours *ours)
{
	uint64_t since = crtc_now_ns();
	uint32_t pixel;

	while (crtc_last_pixel(&ours->crtc, &pixel))
		look_again(since, "the output does not go off");
}

/* The scanout's first frame since it was disabled; the time of its last byte. */
static uint64_t send_frame(struct ours *ours, uint32_t colour)
{
	uint64_t ns;

	program_update_fill(&ours->update, colour);
	program_send_scanout(&ours->program, PROGRAM_WIDTH, PROGRAM_HEIGHT);
	program_send_most(&ours->program, &ours->update);
	ns = crtc_now_ns();
	program_send_last(&ours->program, &ours->update);
	return ns;
}

static void disable(struct ours *ours, bool until_unlit)
{
	program_send_scanout(&ours->program, 0, 0);
	if (until_unlit)
		await_unlit(ours);
	else
		await_picture(ours, 0);
}

/* The vblank since which the picture was always there when somebody looked, after the last
 * uevent. */
static uint64_t await_calm(struct ours *ours, uint32_t colour, uint64_t *from_ns)
{
	uint64_t since = crtc_now_ns(), to = 0;
	uint32_t pixel, vblanks = 0;
	bool over = false;

	while (vblanks < CALM) {
		over = over || monitor_storm_over(ours->monitor, from_ns);
		if (!crtc_last_pixel(&ours->crtc, &pixel) || pixel != colour) {
			to = 0;
			vblanks = 0;
			look_again(since, "the picture does not come after the storm");
			continue;
		}
		uint64_t vblank = crtc_next_vblank_ns(&ours->crtc);
		if (!to || to < *from_ns)
			to = vblank;
		vblanks = over ? vblanks + 1 : 0;
	}
	return to;
}

/* The other layout is in force; the time before it is asked for. */
static uint64_t change_layout(const struct ours *ours)
{
	uint64_t ns;

	if (renameat2(AT_FDCWD, ours->files->configuration, AT_FDCWD, ours->files->other,
		    RENAME_EXCHANGE) < 0) {
		fprintf(stderr, "hotplug: %s: %s\n", ours->files->other, strerror(errno));
		exit(1);
	}
	ns = crtc_now_ns();
	kill(ours->program.pid, SIGHUP);
	return ns;
}

static void take_sample(struct ours *ours, enum event event, uint32_t colour, uint32_t last,
	struct sample *sample)
{
	switch (event) {
	case EVENT_BLACK:
	case EVENT_UNLIT:
		disable(ours, event == EVENT_UNLIT);
		nanosleep(&(struct timespec){0, PHASE_NS * (long)(colour % 10)}, NULL);
		sample->from_ns = send_frame(ours, colour);
		break;
	case EVENT_PLUG:
		monitor_unplug(ours->monitor);
		await_unlit(ours);
		sample->from_ns = monitor_plug(ours->monitor);
		colour = last;
		break;
	case EVENT_STORM:
		monitor_storm(ours->monitor);
		sample->to_ns = await_calm(ours, last, &sample->from_ns);
		return;
	case EVENT_LAYOUT:
	case EVENT_LAYOUT_MODE:
		nanosleep(&(struct timespec){0, PHASE_NS * (long)(colour % 10)}, NULL);
		sample->from_ns = change_layout(ours);
		colour = colour % 2 ? LAYOUT_COLOUR : last;
		break;
	}
	await_picture(ours, colour);
	sample->to_ns = crtc_next_vblank_ns(&ours->crtc);
}

void ours_run(enum event event, struct monitor *monitor, const struct files *files, char **command,
	struct sample *samples, uint32_t count, uint64_t *period_ns)
{
	const uint32_t first = 0xff0001;
	struct ours ours = {.monitor = monitor, .files = files};

	program_update_init(&ours.update, 0, PROGRAM_HEIGHT);
	program_start(&ours.program, command);
	crtc_open(&ours.crtc);
	send_frame(&ours, first);
	await_picture(&ours, first);
	crtc_next_vblank_ns(&ours.crtc);
	*period_ns = crtc_period_ns(&ours.crtc);
	for (uint32_t i = 0; i < count; i++)
		take_sample(&ours, event, i + 1, first, &samples[i]);
	program_stop(&ours.program);
	program_update_finish(&ours.update);
}
