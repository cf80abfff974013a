/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Monitors made up of everything that decides which mode a guest takes of an EDID, for
 * test-edid-linux.
 */
#ifndef TESTS_UNIT_EDID_MONITORS_H
#define TESTS_UNIT_EDID_MONITORS_H

#include "scene/edid.h"

#define MONITOR_BLOCKS_MAX 8

enum first {
	FIRST_1080P60,
	FIRST_1080P5994,
	FIRST_1080I60,
	FIRST_STEREO,
	FIRST_NO_SYNC,
	FIRST_COMPOSITE,
	FIRST_2160P30,
	FIRST_900P60,
	FIRST_NAME,
	FIRST_SERIAL,
	FIRST_TEXT,
	FIRST_DUMMY,
	FIRSTS,
};

enum extension {
	EXTENSION_NONE,
	EXTENSION_ONE_CTA,
	EXTENSION_TWO_CTA,
	EXTENSION_THREE_CTA,
	EXTENSION_BAD_CTA,
	EXTENSION_BAD_OTHER,
	EXTENSION_LARGE_DISPLAYID,
	EXTENSION_MEEK_DISPLAYID,
	EXTENSION_CTA_DISPLAYID,
	EXTENSION_OVERRIDE,
	EXTENSION_MAP,
	EXTENSION_VTB_LARGE,
	EXTENSIONS,
};

enum maker {
	MAKER_PLAIN,
	MAKER_LARGEST_60,
	MAKER_LARGEST_75,
	MAKER_CLOCK,
	MAKER_REDUCED,
	MAKERS,
};

struct monitor {
	uint8_t bytes[MONITOR_BLOCKS_MAX * EDID_BLOCK_SIZE];
	size_t size;
};

struct recipe {
	uint8_t revision;
	bool preferred_bit, full; /* full: no descriptor is free */
	enum first first;
	enum extension extension;
	enum maker maker;
};

/* Descriptors, of 18 bytes: all have the name. */
extern const uint8_t monitor_name[18];
extern const uint8_t monitor_serial[18];
extern const uint8_t monitor_720p60[18]; /* in CTA blocks */

/* Of the `number`th: false, there are no more. */
bool recipe_make(struct recipe *recipe, unsigned int number);

/* A number that `recipe_make` takes is below it. */
#define RECIPES (12 * FIRSTS * EXTENSIONS * MAKERS)

void monitor_make(struct monitor *monitor, const struct recipe *recipe);

#endif
