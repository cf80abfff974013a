/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Following a CRTC over time, one photograph a vblank: until it shows a certain picture, or for so
 * long, with one line for each vblank. Called by camera.c, which has opened the card.
 */
#ifndef SCREENSHOT_WATCH_H
#define SCREENSHOT_WATCH_H

#include "photograph.h"
#include "target.h"

struct watch_options {
	uint64_t frames; /* stop after so many vblanks; 0: no limit */
	int64_t duration; /* us; G_MAXINT64: no limit */
	const struct picture_rect *crop; /* look at this part only, or NULL: all */
	const char *record; /* folder for one PNG of each distinct picture, CHECKSUM.png, or NULL */
};

enum watch_result {
	WATCH_YES, /* the picture came, or the time of a plain watch is over */
	WATCH_NO, /* the time ran out before the picture came */
	WATCH_FAILED, /* error is set */
};

/*
 * Photographs at each vblank until the picture equals the expected one in every pixel. seen
 * receives the last photograph, empty when there was none; the caller finishes it.
 */
enum watch_result watch_wait_picture(struct photographer *photographer, const struct target *target,
	const struct watch_options *options, const struct picture *expected, struct picture *seen,
	GError **error);

/*
 * Prints one line for each vblank on stdout, at once:
 *
 *   sequence=1203 time_us=83411503 crtc=40 fbs=31:52,35:55 checksum=0123456789abcdef stable=yes
 *   sequence=0 time_us=83428170 crtc=40 off
 *   sequence=1204 time_us=83444851 crtc=40 stable=no
 *
 * fbs: PLANE:FRAMEBUFFER, the lowest plane first. stable=no: the picture changed while it was
 * taken; without fbs and checksum, so often that there is none. A line "# watching" comes first,
 * when it has begun; the last is a line with the numbers of lines, of missed vblanks (the camera was
 * too slow to look), of distinct pictures, of unstable ones:
 *
 *   # lines=600 missed=0 distinct=3 unstable=0
 *
 * Ends early on SIGINT and SIGTERM.
 */
enum watch_result watch_print(struct photographer *photographer, const struct target *target,
	const struct watch_options *options, GError **error);

#endif
