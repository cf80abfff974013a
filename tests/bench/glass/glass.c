/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * glass [--in-flight] [--frames N] -- COMMAND…: plays a back-end that sends pixels to a program
 * under test (as fd 100), each picture of one colour, at changing times between vblanks, and
 * watches the CRTC: how many vblanks after an UPDATE's last byte is its picture on the glass?
 * Prints one line of JSON: frames, and the vblanks' median, p99 and most; late: frames after more
 * than two. --in-flight: an UPDATE of one line follows each picture at once, while that one's flip
 * is in flight, and is what is counted.
 *
 * The vblank that is counted is the one after the picture is in the plane's state. The program says
 * that it is ready by a line on its standard output. Runs in the lab, as root, on the first card.
 */
#include <errno.h>
#include <glib.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "../common/crtc.h"
#include "../common/program.h"

#define PHASE_NS 1700000 /* no part of a period, so that all times between vblanks come about */
#define PATIENCE 120 /* vblanks */

struct glass {
	struct crtc crtc;
	struct program program;
};

static uint32_t last_pixel(const struct glass *glass)
{
	uint32_t pixel = 0;

	crtc_last_pixel(&glass->crtc, &pixel);
	return pixel;
}

/* Sends one that has the scanout's last pixel; the vblanks until it is on the glass. */
static uint32_t show(const struct glass *glass, struct program_update *update, uint32_t colour)
{
	uint64_t last_byte;

	program_update_fill(update, colour);
	program_send_most(&glass->program, update);
	/* Asked before it: as soon as it is sent, the program runs, and not we. */
	last_byte = crtc_sequence(&glass->crtc);
	program_send_last(&glass->program, update);
	while (last_pixel(glass) != colour) {
		if (crtc_sequence(&glass->crtc) - last_byte > PATIENCE) {
			fprintf(stderr, "glass: a picture does not come\n");
			exit(1);
		}
		crtc_rest();
	}
	return (uint32_t)(crtc_sequence(&glass->crtc) + 1 - last_byte);
}

static int compare(const void *a, const void *b)
{
	uint32_t left = *(const uint32_t *)a;
	uint32_t right = *(const uint32_t *)b;

	return (left > right) - (left < right);
}

int main(int argc, char **argv)
{
	struct program_update picture, line;
	g_autofree uint32_t *taken = NULL;
	struct glass glass = {0};
	bool in_flight = false;
	uint32_t frames = 200;
	uint32_t late = 0;

	if (argc > 1 && strcmp(argv[1], "--in-flight") == 0) {
		in_flight = true;
		argc--;
		argv++;
	}
	if (argc > 2 && strcmp(argv[1], "--frames") == 0) {
		frames = (uint32_t)MAX(atoi(argv[2]), 1);
		argv += 2;
	}
	if (!argv[1] || strcmp(argv[1], "--") != 0 || !argv[2]) {
		fprintf(stderr, "usage: glass [--in-flight] [--frames N] -- COMMAND…\n");
		return 2;
	}
	program_update_init(&picture, 0, PROGRAM_HEIGHT);
	program_update_init(&line, PROGRAM_HEIGHT - 1, 1);
	taken = g_new0(uint32_t, frames);
	program_start(&glass.program, argv + 2);
	crtc_open(&glass.crtc);
	program_send_scanout(&glass.program, PROGRAM_WIDTH, PROGRAM_HEIGHT);
	/* The first ones make the scanout buffers. */
	for (uint32_t i = 0; i < 5; i++)
		show(&glass, &picture, 0x800000 + i);
	for (uint32_t i = 0; i < frames; i++) {
		if (in_flight) {
			program_update_fill(&picture, 0x400000 + i);
			program_send_update(&glass.program, &picture);
		}
		taken[i] = show(&glass, in_flight ? &line : &picture, i + 1);
		nanosleep(&(struct timespec){0, PHASE_NS}, NULL);
	}
	qsort(taken, frames, sizeof(*taken), compare);
	while (late < frames && taken[frames - 1 - late] > 2)
		late++;
	printf("{\"frames\": %u, \"vblanks\": %u, \"vblanks_p99\": %u, "
	       "\"vblanks_most\": %u, \"late\": %u}\n",
		frames, taken[frames / 2], taken[frames * 99 / 100], taken[frames - 1], late);
	program_update_finish(&picture);
	program_update_finish(&line);
	program_stop(&glass.program);
	return 0;
}
