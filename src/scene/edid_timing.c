/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Timings of an EDID: how a mode becomes one, and how one becomes bytes. Used by edid.c and its
 * other parts. */
#include "scene/edid_internal.h"

#include <glib.h>
#include <string.h>

/* What a detailed timing can say. */
#define DETAILED_SIDE_MAX 4095u
#define DETAILED_CLOCK_MAX 655350u

/* Linux passes a smaller one over, and prefers the monitor's next one in its place. */
#define SIDE_MIN 64u

/* What a DisplayID timing can say. */
#define DISPLAYID_CLOCK_MAX 167772160u

/* A detailed timing below 10 MHz is taken for garbage: a tiny screen gets more blanking, up to this
 * much. */
#define CLOCK_MIN 10000u
#define BLANK_MAX 4000u

/* How much blanking may be added in the search for the exact rate, pixels and lines. */
#define TUNE_PIXELS 64u
#define TUNE_LINES 8u

/* CVT 1.2, table 3-2: the width of the vertical sync tells the aspect ratio. */
static uint32_t vertical_sync_width(uint32_t width, uint32_t height)
{
	if (width * 3 == height * 4)
		return 4;
	if (width * 9 == height * 16)
		return 5;
	if (width * 10 == height * 16)
		return 6;
	if (width * 4 == height * 5 || width * 9 == height * 15)
		return 7;
	return 10;
}

static uint64_t pixels_of(const struct edid_timing *timing)
{
	return (uint64_t)(timing->width + timing->horizontal_blank) *
		(timing->height + timing->vertical_blank);
}

/* The nearest clock of whole 10 kHz; `pixels` a frame times the rate is the clock in millihertz. */
static void set_clock(struct edid_timing *timing, uint32_t refresh_mhz)
{
	uint64_t clock = (pixels_of(timing) * refresh_mhz + 5000000) / 10000000 * 10;

	timing->clock_khz = (uint32_t)CLAMP(clock, 10, DISPLAYID_CLOCK_MAX);
}

/* How far off the rate is, in pixels a frame times millihertz. */
static uint64_t error_of(const struct edid_timing *timing, uint32_t refresh_mhz)
{
	uint64_t is = timing->clock_khz * UINT64_C(1000000);
	uint64_t wanted = pixels_of(timing) * refresh_mhz;

	return is > wanted ? is - wanted : wanted - is;
}

/*
 * A clock of whole 10 kHz is some millihertz off for most sizes, and a guest's frames would beat
 * against ours. With a few more pixels and lines of blanking there is nearly always one that is
 * not: the least blanking with a tenth of a millihertz, or else the best.
 */
static void tune(struct edid_timing *timing, uint32_t refresh_mhz)
{
	struct edid_timing best = *timing;

	for (uint32_t lines = 0; lines < TUNE_LINES; lines++) {
		for (uint32_t pixels = 0; pixels < TUNE_PIXELS; pixels++) {
			struct edid_timing tried = *timing;

			tried.horizontal_blank += pixels;
			tried.vertical_blank += lines;
			set_clock(&tried, refresh_mhz);
			if (error_of(&tried, refresh_mhz) < error_of(&best, refresh_mhz))
				best = tried;
			if (error_of(&best, refresh_mhz) * 10 <= pixels_of(&best)) {
				*timing = best;
				return;
			}
		}
	}
	*timing = best;
}

/* CVT 1.2 with reduced blanking (version 1), but for the width and the clock: CVT rounds the one to
 * 8 pixels and the other to 250 kHz, while a guest must get just the width and rate that are
 * shown. */
void edid_timing_compute(struct edid_timing *timing, uint32_t width, uint32_t height,
	uint32_t refresh_mhz)
{
	const double min_blank_us = 460.0;
	const uint32_t back_porch_min = 6;
	const uint32_t front_porch = 3;
	uint32_t sync = vertical_sync_width(width, height);
	double period_us = 1e9 / refresh_mhz;
	double line_us = (period_us - min_blank_us) / height;
	uint32_t blank = (uint32_t)(min_blank_us / line_us) + 1;

	*timing = (struct edid_timing){
		.width = width,
		.horizontal_blank = 160,
		.horizontal_front = 48,
		.horizontal_sync = 32,
		.height = height,
		.vertical_blank = MAX(blank, front_porch + sync + back_porch_min),
		.vertical_front = front_porch,
		.vertical_sync = sync,
	};
	set_clock(timing, refresh_mhz);
	while (timing->clock_khz < CLOCK_MIN &&
		(timing->horizontal_blank < BLANK_MAX || timing->vertical_blank < BLANK_MAX)) {
		if (timing->horizontal_blank < BLANK_MAX)
			timing->horizontal_blank += 160;
		else
			timing->vertical_blank = MIN(timing->vertical_blank * 2, BLANK_MAX);
		set_clock(timing, refresh_mhz);
	}
	tune(timing, refresh_mhz);
}

bool edid_timing_fits_detailed(const struct edid_timing *timing)
{
	return timing->width <= DETAILED_SIDE_MAX && timing->height <= DETAILED_SIDE_MAX &&
		timing->horizontal_blank <= DETAILED_SIDE_MAX &&
		timing->vertical_blank <= DETAILED_SIDE_MAX &&
		timing->clock_khz <= DETAILED_CLOCK_MAX;
}

/* Guests that know no DisplayID use it; Linux prefers the larger of two preferred modes, then the
 * faster. */
void edid_timing_compute_fallback(struct edid_timing *timing, const struct edid_screen *screen)
{
	uint32_t width = screen->width;
	uint32_t height = screen->height;
	uint32_t refresh_mhz = MIN(screen->refresh_mhz, 60000);

	while (width > DETAILED_SIDE_MAX || height > DETAILED_SIDE_MAX) {
		width = MAX(width / 2, SIDE_MIN);
		height = MAX(height / 2, SIDE_MIN);
	}
	edid_timing_compute(timing, width, height, refresh_mhz);
	while (!edid_timing_fits_detailed(timing)) {
		refresh_mhz /= 2;
		edid_timing_compute(timing, width, height, refresh_mhz);
	}
}

uint32_t edid_timing_refresh(const struct edid_timing *timing)
{
	uint64_t pixels = pixels_of(timing);

	return (uint32_t)((timing->clock_khz * UINT64_C(1000000) + pixels / 2) / pixels);
}

/* ---- bytes ---- */

void edid_detailed_write(uint8_t *descriptor, const struct edid_timing *timing, uint32_t width_mm,
	uint32_t height_mm)
{
	const uint8_t digital_separate_sync_plus_minus = 0x1a;

	memset(descriptor, 0, DESCRIPTOR_SIZE);
	put_le16(descriptor, timing->clock_khz / 10);
	descriptor[2] = (uint8_t)timing->width;
	descriptor[3] = (uint8_t)timing->horizontal_blank;
	descriptor[4] = (uint8_t)((timing->width >> 8) << 4 | (timing->horizontal_blank >> 8));
	descriptor[5] = (uint8_t)timing->height;
	descriptor[6] = (uint8_t)timing->vertical_blank;
	descriptor[7] = (uint8_t)((timing->height >> 8) << 4 | (timing->vertical_blank >> 8));
	descriptor[8] = (uint8_t)timing->horizontal_front;
	descriptor[9] = (uint8_t)timing->horizontal_sync;
	descriptor[10] = (uint8_t)((timing->vertical_front & 0xf) << 4 |
		(timing->vertical_sync & 0xf));
	descriptor[12] = (uint8_t)width_mm;
	descriptor[13] = (uint8_t)height_mm;
	descriptor[14] = (uint8_t)((width_mm >> 8) << 4 | (height_mm >> 8));
	descriptor[17] = digital_separate_sync_plus_minus;
}

void edid_detailed_read(const uint8_t *descriptor, struct edid_timing *timing)
{
	*timing = (struct edid_timing){
		.clock_khz = get_le16(descriptor) * 10,
		.width = descriptor[2] | (uint32_t)(descriptor[4] >> 4) << 8,
		.horizontal_blank = descriptor[3] | (uint32_t)(descriptor[4] & 0xf) << 8,
		.horizontal_front = descriptor[8] | (uint32_t)(descriptor[11] >> 6) << 8,
		.horizontal_sync = descriptor[9] | (uint32_t)(descriptor[11] >> 4 & 3) << 8,
		.height = descriptor[5] | (uint32_t)(descriptor[7] >> 4) << 8,
		.vertical_blank = descriptor[6] | (uint32_t)(descriptor[7] & 0xf) << 8,
		.vertical_front = descriptor[10] >> 4 | (uint32_t)(descriptor[11] >> 2 & 3) << 4,
		.vertical_sync = (descriptor[10] & 0xf) | (uint32_t)(descriptor[11] & 3) << 4,
	};
}

/* Each value is written less one. */
void edid_displayid_timing_write(uint8_t *bytes, const struct edid_timing *timing)
{
	const uint8_t aspect_undefined = 0x08;
	const uint32_t positive = 0x8000;
	uint32_t clock = timing->clock_khz / 10 - 1;

	put_le16(bytes, clock);
	bytes[2] = (uint8_t)(clock >> 16);
	bytes[3] = DISPLAYID_PREFERRED | aspect_undefined;
	put_le16(bytes + 4, timing->width - 1);
	put_le16(bytes + 6, timing->horizontal_blank - 1);
	put_le16(bytes + 8, (timing->horizontal_front - 1) | positive);
	put_le16(bytes + 10, timing->horizontal_sync - 1);
	put_le16(bytes + 12, timing->height - 1);
	put_le16(bytes + 14, timing->vertical_blank - 1);
	put_le16(bytes + 16, timing->vertical_front - 1);
	put_le16(bytes + 18, timing->vertical_sync - 1);
}

/* Type VII is type I with a clock in kHz. */
void edid_displayid_timing_read(const uint8_t *bytes, bool type_vii, struct edid_timing *timing)
{
	uint32_t clock = (get_le16(bytes) | (uint32_t)bytes[2] << 16) + 1;

	*timing = (struct edid_timing){
		.clock_khz = type_vii ? clock : clock * 10,
		.width = get_le16(bytes + 4) + 1,
		.horizontal_blank = get_le16(bytes + 6) + 1,
		.horizontal_front = (get_le16(bytes + 8) & 0x7fff) + 1,
		.horizontal_sync = get_le16(bytes + 10) + 1,
		.height = get_le16(bytes + 12) + 1,
		.vertical_blank = get_le16(bytes + 14) + 1,
		.vertical_front = (get_le16(bytes + 16) & 0x7fff) + 1,
		.vertical_sync = get_le16(bytes + 18) + 1,
	};
}
