/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Which mode a Linux guest prefers of an EDID: drivers/gpu/drm/drm_edid.c and drm_modes.c of Linux
 * 6.1 to 6.19, as far as one mode can be said to be preferred, and virtio-gpu, whose connector has
 * no interlaced modes. Used by edid.c.
 */
#include "scene/edid_internal.h"

#include <glib.h>

/* Smaller sides are no mode to Linux. */
#define SIDE_MIN 64u

#define VTB_VERSION 1
#define VTB_TIMINGS_MAX 6u

#define MAKER(a, b, c) (((a) - '@') << 10 | ((b) - '@') << 5 | ((c) - '@'))

/* Those of its list of quirks that change modes. */
static const struct {
	uint16_t maker, product;
	enum edid_quirk quirk;
} quirks[] = {
	{MAKER('A', 'C', 'R'), 44358, EDID_QUIRK_LARGEST},
	{MAKER('A', 'P', 'I'), 0x7602, EDID_QUIRK_LARGEST},
	{MAKER('E', 'P', 'I'), 8232, EDID_QUIRK_LARGEST},
	{MAKER('F', 'C', 'M'), 13600, EDID_QUIRK_LARGEST},
	{MAKER('M', 'A', 'X'), 1516, EDID_QUIRK_LARGEST},
	{MAKER('M', 'A', 'X'), 0x77e, EDID_QUIRK_LARGEST},
	{MAKER('M', 'E', 'D'), 0x7b8, EDID_QUIRK_LARGEST},
	{MAKER('S', 'A', 'M'), 596, EDID_QUIRK_LARGEST},
	{MAKER('S', 'A', 'M'), 638, EDID_QUIRK_LARGEST},
	/* A clock that is too high: every one becomes 10.88 MHz. */
	{MAKER('E', 'P', 'I'), 59264, EDID_QUIRK_TIMINGS},
	/* Every one becomes CVT with reduced blanking at 60 Hz. */
	{MAKER('V', 'S', 'C'), 5020, EDID_QUIRK_TIMINGS},
};

enum edid_quirk edid_quirk(const uint8_t *base)
{
	uint32_t maker = (uint32_t)base[BASE_MANUFACTURER] << 8 | base[BASE_MANUFACTURER + 1];
	uint32_t product = get_le16(base + BASE_PRODUCT);

	for (size_t i = 0; i < G_N_ELEMENTS(quirks); i++) {
		if (quirks[i].maker == maker && quirks[i].product == product)
			return quirks[i].quirk;
	}
	return EDID_QUIRK_NONE;
}

struct choice {
	bool wanted; /* the next detailed timing that is a mode is the preferred one */
	bool found;
	struct edid_timing best;
};

/* In whole hertz, as Linux compares. */
static uint64_t vertical_refresh(const struct edid_timing *timing)
{
	return (edid_timing_refresh(timing) + UINT64_C(500)) / 1000;
}

/* drm_mode_compare(): of several preferred modes more pixels win, then the faster, then the clock,
 * then the first. */
static bool is_better(const struct edid_timing *timing, const struct edid_timing *best)
{
	uint64_t area = (uint64_t)timing->width * timing->height;
	uint64_t best_area = (uint64_t)best->width * best->height;

	if (area != best_area)
		return area > best_area;
	if (vertical_refresh(timing) != vertical_refresh(best))
		return vertical_refresh(timing) > vertical_refresh(best);
	return timing->clock_khz > best->clock_khz;
}

static void prefer(struct choice *choice, const struct edid_timing *timing)
{
	if (!choice->found || is_better(timing, &choice->best))
		choice->best = *timing;
	choice->found = true;
}

/* drm_mode_detailed(): stereo and timings without a sync are left out. The first that is not takes
 * the preference with it, even where its mode is interlaced and left out later. */
static void see_detailed(struct choice *choice, const uint8_t *descriptor)
{
	struct edid_timing timing;

	edid_detailed_read(descriptor, &timing);
	if (!choice->wanted || timing.clock_khz == 0 || timing.width < SIDE_MIN ||
		timing.height < SIDE_MIN || (descriptor[17] & DETAILED_STEREO) ||
		timing.horizontal_sync == 0 || timing.vertical_sync == 0)
		return;
	choice->wanted = false;
	if (!(descriptor[17] & DETAILED_INTERLACED))
		prefer(choice, &timing);
}

static void see_detailed_array(struct choice *choice, const uint8_t *descriptors, size_t count)
{
	for (size_t i = 0; i < count; i++)
		see_detailed(choice, descriptors + i * DESCRIPTOR_SIZE);
}

static void see_extension(struct choice *choice, const uint8_t *block)
{
	uint8_t begin = block[CTA_TIMINGS];

	if (block[0] == EXTENSION_CTA && begin >= CTA_DATA && begin <= BLOCK_CHECKSUM)
		see_detailed_array(choice, block + begin,
			(size_t)(BLOCK_CHECKSUM - begin) / DESCRIPTOR_SIZE);
	else if (block[0] == EXTENSION_VTB && block[1] == VTB_VERSION)
		see_detailed_array(choice, block + 5, MIN(block[2], VTB_TIMINGS_MAX));
}

static void see_displayid_timings(struct choice *choice, const uint8_t *data, size_t size,
	bool type_vii)
{
	if (size % DISPLAYID_TIMING_SIZE != 0)
		return;
	for (size_t offset = 0; offset < size; offset += DISPLAYID_TIMING_SIZE) {
		struct edid_timing timing;

		edid_displayid_timing_read(data + offset, type_vii, &timing);
		if (data[offset + 3] & DISPLAYID_PREFERRED)
			prefer(choice, &timing);
	}
}

/* False: the section is not sound, and Linux reads no further. */
static bool see_displayid(struct choice *choice, const uint8_t *block)
{
	const uint8_t *section = block + 1;
	size_t end = DISPLAYID_HEADER_SIZE + (size_t)section[1];

	if (end + 2 > BLOCK_CHECKSUM || edid_checksum(section, end + 1) != 0)
		return false;
	for (size_t offset = DISPLAYID_HEADER_SIZE; offset + 3 <= end;) {
		const uint8_t *data = section + offset;
		size_t size = data[2];

		if (offset + 3 + size > end)
			break;
		if (data[0] == DISPLAYID_TYPE_I || data[0] == DISPLAYID_TYPE_VII)
			see_displayid_timings(choice, data + 3, size,
				data[0] == DISPLAYID_TYPE_VII);
		offset += 3 + size;
	}
	return true;
}

bool edid_choose(const uint8_t *edid, size_t size, struct edid_timing *best)
{
	size_t count = edid_block_count(edid, size);
	bool displayid = true;
	struct choice choice = {
		/* From revision 1.4 on the bit means something else. */
		.wanted = edid[BASE_REVISION] >= 4 || (edid[BASE_FEATURES] & FEATURES_PREFERRED),
	};

	if (edid_quirk(edid) != EDID_QUIRK_NONE)
		return false;
	see_detailed_array(&choice, edid + BASE_DESCRIPTORS, DESCRIPTOR_COUNT);
	for (size_t i = 1; i < count; i++) {
		const uint8_t *block = edid + i * EDID_BLOCK_SIZE;

		/* Of CTA blocks Linux does not mind a wrong checksum. */
		if (block[0] == EXTENSION_CTA || edid_block_sound(block))
			see_extension(&choice, block);
	}
	for (size_t i = 1; i < count && displayid; i++) {
		const uint8_t *block = edid + i * EDID_BLOCK_SIZE;

		if (block[0] == EXTENSION_DISPLAYID && edid_block_sound(block))
			displayid = see_displayid(&choice, block);
	}
	*best = choice.best;
	return choice.found;
}
