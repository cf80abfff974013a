/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a guest saw of its frames, in vblanks: a line for each frame's reply, the vblank sequence of
 * the CRTC that shows it and CLOCK_MONOTONIC in microseconds. Written by the wire, judged by
 * tests/hostile/judge. Any process may ask for a CRTC's sequence as long as the CRTC is on.
 */
#ifndef SCRIPTED_BACKEND_RECORD_H
#define SCRIPTED_BACKEND_RECORD_H

#include <stdio.h>

#include "backend.h"

struct record {
	FILE *file; /* NULL: nothing is recorded */
	int card;
	uint32_t crtc;
};

/* `crtc`: "CARD:N", the card's path and the number of its CRTC, from 0. */
bool record_open(struct record *record, const char *file, const char *crtc, GError **error);
void record_close(struct record *record);

/* A frame was answered at this time. */
void record_note(struct record *record, int64_t now_us);

#endif
