/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Makes a monitor's EDID say another mode, and contradict itself nowhere. Used by edid.c. */
#include "scene/edid_internal.h"

#include <glib.h>
#include <string.h>

#define RANGE_LIMITS_ONLY 0x01
#define RANGE_SECONDARY_GTF 0x02
#define RANGE_CVT 0x04

/* ---- descriptors ---- */

static bool is_timing(const uint8_t *descriptor)
{
	return get_le16(descriptor) != 0;
}

static bool is_descriptor(const uint8_t *descriptor, uint8_t tag)
{
	return !is_timing(descriptor) && descriptor[3] == tag;
}

static bool is_empty(const uint8_t *descriptor)
{
	static const uint8_t zeros[DESCRIPTOR_SIZE];

	return is_descriptor(descriptor, DESCRIPTOR_DUMMY) ||
		memcmp(descriptor, zeros, DESCRIPTOR_SIZE) == 0;
}

/* What is lost where a descriptor goes: by name and serial number guests and users know the
 * monitor, and before 1.4 name and range must be there. */
static int worth(const uint8_t *descriptor)
{
	if (is_empty(descriptor))
		return 0;
	if (is_timing(descriptor))
		return 3;
	switch (descriptor[3]) {
	case DESCRIPTOR_NAME:
		return 6;
	case DESCRIPTOR_SERIAL:
		return 5;
	case DESCRIPTOR_RANGE:
		return 4;
	case DESCRIPTOR_TEXT:
		return 1;
	default: /* more timings, colours, the maker's own */
		return 2;
	}
}

/* The first place is the timing's. What stands there and is none moves to the place of the least
 * that there is, and what lay between moves on by one. */
static void make_room(uint8_t *descriptors)
{
	size_t least = 0;

	if (is_timing(descriptors))
		return;
	for (size_t i = 1; i < DESCRIPTOR_COUNT; i++) {
		if (worth(descriptors + i * DESCRIPTOR_SIZE) <=
			worth(descriptors + least * DESCRIPTOR_SIZE))
			least = i;
	}
	memmove(descriptors + DESCRIPTOR_SIZE, descriptors, least * DESCRIPTOR_SIZE);
}

static void clear_descriptor(uint8_t *descriptor)
{
	memset(descriptor, 0, DESCRIPTOR_SIZE);
	descriptor[3] = DESCRIPTOR_DUMMY;
}

/* ---- the range of the monitor ---- */

/* Both ends from revision 1.4 on can be 255 higher than a byte says: two bits for each pair. */
static void widen(uint8_t *range, size_t low, unsigned int shift, bool offsets, uint32_t from,
	uint32_t to)
{
	unsigned int bits = offsets ? range[4] >> shift & 3u : 0;
	uint32_t minimum = range[low] + (bits == 3 ? 255u : 0u);
	uint32_t maximum = range[low + 1] + (bits >= 2 ? 255u : 0u);

	minimum = MAX(MIN(minimum, from), 1);
	maximum = MIN(MAX(maximum, to), offsets ? 510u : 255u);
	bits = minimum > 255 ? 3 : maximum > 255 ? 2 : 0;
	if (offsets)
		range[4] = (uint8_t)((range[4] & ~(3u << shift)) | bits << shift);
	range[low] = (uint8_t)(minimum - (bits == 3 ? 255u : 0u));
	range[low + 1] = (uint8_t)(maximum - (bits >= 2 ? 255u : 0u));
}

/* E-EDID 1.4, section 3.10.3.3: hertz, kilohertz and tens of megahertz that hold the timing. */
static void include_timing(uint8_t *range, const struct edid_timing *timing, bool offsets)
{
	uint32_t refresh = edid_timing_refresh(timing);
	uint32_t total = timing->width + timing->horizontal_blank;
	uint32_t clock = (timing->clock_khz + 9999) / 10000;

	widen(range, 5, 0, offsets, refresh / 1000, (refresh + 999) / 1000);
	widen(range, 7, 2, offsets, timing->clock_khz / total,
		(timing->clock_khz + total - 1) / total);
	/* 0: not said. */
	if (range[9] == 0 || clock <= range[9])
		return;
	range[9] = (uint8_t)MIN(clock, 255);
	/* Quarters of a megahertz less than that. */
	if (offsets && range[10] == RANGE_CVT)
		range[12] &= 0x03;
}

static void include_in_ranges(uint8_t *base, const struct edid_timing *timing)
{
	for (size_t i = 0; i < DESCRIPTOR_COUNT; i++) {
		uint8_t *descriptor = base + BASE_DESCRIPTORS + i * DESCRIPTOR_SIZE;

		if (is_descriptor(descriptor, DESCRIPTOR_RANGE))
			include_timing(descriptor, timing, base[BASE_REVISION] >= 4);
	}
}

/* By a monitor's second curve of GTF, a positive and a negative sync would mean the first. */
static bool has_secondary_gtf(const uint8_t *base)
{
	for (size_t i = 0; i < DESCRIPTOR_COUNT; i++) {
		const uint8_t *descriptor = base + BASE_DESCRIPTORS + i * DESCRIPTOR_SIZE;

		if (is_descriptor(descriptor, DESCRIPTOR_RANGE) &&
			descriptor[10] == RANGE_SECONDARY_GTF)
			return true;
	}
	return false;
}

/* ---- what Linux does by the monitor's make ---- */

/* What 1.4 says of a monitor that takes no timings but those that are listed: no formula. */
static void forget_formula(uint8_t *range)
{
	range[10] = RANGE_LIMITS_ONLY;
	range[11] = '\n';
	memset(range + 12, ' ', DESCRIPTOR_SIZE - 12);
}

/* All other modes go, or a larger one would be preferred, or one of this size that is nearer to 60
 * or 75 Hz; with them the word that there are more in the monitor's range. */
static void leave_one_mode(uint8_t *base)
{
	memset(base + BASE_ESTABLISHED, 0, 3);
	memset(base + BASE_STANDARD, STANDARD_UNUSED, (size_t)2 * BASE_STANDARD_COUNT);
	base[BASE_FEATURES] &= (uint8_t)~FEATURES_CONTINUOUS;
	for (size_t i = 1; i < DESCRIPTOR_COUNT; i++) {
		uint8_t *descriptor = base + BASE_DESCRIPTORS + i * DESCRIPTOR_SIZE;

		if (is_timing(descriptor) ||
			(descriptor[3] != DESCRIPTOR_NAME && descriptor[3] != DESCRIPTOR_SERIAL &&
				descriptor[3] != DESCRIPTOR_RANGE &&
				descriptor[3] != DESCRIPTOR_TEXT))
			clear_descriptor(descriptor);
		else if (descriptor[3] == DESCRIPTOR_RANGE && base[BASE_REVISION] >= 4)
			forget_formula(descriptor);
	}
}

static void obey_quirk(uint8_t *base)
{
	switch (edid_quirk(base)) {
	case EDID_QUIRK_NONE:
		break;
	case EDID_QUIRK_LARGEST:
		leave_one_mode(base);
		break;
	case EDID_QUIRK_TIMINGS:
		/* Nothing else keeps them from it; our timing needs no mending. */
		base[BASE_PRODUCT + 1] ^= 0x80;
		break;
	}
}

/* ---- the base block ---- */

/* As the monitor's own timing has it, or else the block, whose centimetres are 0 where it is not
 * known or only the proportion is. */
static void image_size(const uint8_t *base, uint32_t *width_mm, uint32_t *height_mm)
{
	const uint8_t *first = base + BASE_DESCRIPTORS;
	bool both = base[BASE_WIDTH_CM] != 0 && base[BASE_HEIGHT_CM] != 0;

	if (is_timing(first)) {
		*width_mm = first[12] | (uint32_t)(first[14] >> 4) << 8;
		*height_mm = first[13] | (uint32_t)(first[14] & 0xf) << 8;
		return;
	}
	*width_mm = both ? base[BASE_WIDTH_CM] * 10u : 0;
	*height_mm = both ? base[BASE_HEIGHT_CM] * 10u : 0;
}

/* Millimetres: two low bytes, and the high bits of both in the third. */
static void turn_timing(uint8_t *timing)
{
	uint8_t width = timing[12];

	timing[12] = timing[13];
	timing[13] = width;
	timing[14] = (uint8_t)(timing[14] << 4 | timing[14] >> 4);
}

/* A ratio, where one of the two centimetres is 0, is the other one's then (E-EDID 1.4, table
 * 3.14). */
static void turn_base(uint8_t *base)
{
	uint8_t width = base[BASE_WIDTH_CM];

	base[BASE_WIDTH_CM] = base[BASE_HEIGHT_CM];
	base[BASE_HEIGHT_CM] = width;
	for (size_t i = 0; i < DESCRIPTOR_COUNT; i++) {
		uint8_t *descriptor = base + BASE_DESCRIPTORS + i * DESCRIPTOR_SIZE;

		if (is_timing(descriptor))
			turn_timing(descriptor);
	}
	edid_block_seal(base);
}

static void turn_cta(uint8_t *cta)
{
	size_t first = cta[CTA_TIMINGS];

	for (size_t at = first;
		first >= CTA_DATA && at + DESCRIPTOR_SIZE <= BLOCK_CHECKSUM && is_timing(cta + at);
		at += DESCRIPTOR_SIZE)
		turn_timing(cta + at);
	edid_block_seal(cta);
}

void edid_edit_turn(uint8_t *edid, size_t size)
{
	turn_base(edid);
	for (size_t at = EDID_BLOCK_SIZE; at < size; at += EDID_BLOCK_SIZE) {
		if (edid[at] == EXTENSION_CTA)
			turn_cta(edid + at);
	}
}

void edid_edit_base(uint8_t *base, const struct edid_timing *detailed,
	const struct edid_timing *timing)
{
	uint8_t *first = base + BASE_DESCRIPTORS;
	uint32_t width_mm;
	uint32_t height_mm;

	image_size(base, &width_mm, &height_mm);
	make_room(first);
	edid_detailed_write(first, detailed, width_mm, height_mm);
	if (has_secondary_gtf(base))
		first[17] |= DETAILED_POSITIVE_VERTICAL;
	include_in_ranges(base, detailed);
	include_in_ranges(base, timing);
	/* From revision 1.4 on: that it is native. */
	if (base[BASE_REVISION] < 4 || edid_timing_fits_detailed(timing))
		base[BASE_FEATURES] |= FEATURES_PREFERRED;
	else
		base[BASE_FEATURES] &= (uint8_t)~FEATURES_PREFERRED;
	obey_quirk(base);
}

/* ---- CTA blocks (CTA-861-G, section 7.5) ---- */

#define CTA_TAG_VIDEO 2
#define CTA_TAG_EXTENDED 7
#define CTA_EXTENDED_NATIVE_RESOLUTION 0x08
#define CTA_EXTENDED_FORMAT_PREFERENCE 0x0d
#define CTA_EXTENDED_YCBCR420 0x0e
#define CTA_EXTENDED_HF_EEODB 0x78

size_t edid_cta_data_end(const uint8_t *cta)
{
	if (cta[CTA_REVISION] < 3 || cta[CTA_TIMINGS] < CTA_DATA ||
		cta[CTA_TIMINGS] > BLOCK_CHECKSUM)
		return CTA_DATA;
	return cta[CTA_TIMINGS];
}

static int extended_tag(const uint8_t *data, size_t size)
{
	return data[0] >> 5 == CTA_TAG_EXTENDED && size > 1 ? data[1] : -1;
}

/* What follows moves up, timings too. */
static void remove_data(uint8_t *cta, size_t offset, size_t size)
{
	memmove(cta + offset, cta + offset + size, BLOCK_CHECKSUM - offset - size);
	memset(cta + BLOCK_CHECKSUM - size, 0, size);
	cta[CTA_TIMINGS] = (uint8_t)(cta[CTA_TIMINGS] - size);
}

/* Codes 1 to 64 can be native, with the top bit; higher ones have it for another reason. */
static void clear_native(uint8_t *codes, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		if (codes[i] > 0x80 && codes[i] <= 0x80 + 64)
			codes[i] &= 0x7f;
	}
}

void edid_edit_cta(uint8_t *cta, bool native)
{
	for (size_t offset = CTA_DATA; offset < edid_cta_data_end(cta);) {
		uint8_t *data = cta + offset;
		size_t size = 1 + (size_t)(data[0] & 0x1f);

		if (offset + size > edid_cta_data_end(cta))
			break;
		switch (extended_tag(data, size)) {
		case CTA_EXTENDED_NATIVE_RESOLUTION:
		case CTA_EXTENDED_FORMAT_PREFERENCE:
			remove_data(cta, offset, size);
			continue;
		case CTA_EXTENDED_YCBCR420:
			clear_native(data + 2, size - 2);
			break;
		}
		if (data[0] >> 5 == CTA_TAG_VIDEO)
			clear_native(data + 1, size - 1);
		offset += size;
	}
	if (cta[CTA_REVISION] >= 2)
		cta[CTA_NATIVE] = (uint8_t)((cta[CTA_NATIVE] & 0xf0) | (native ? 1 : 0));
	edid_block_seal(cta);
}

void edid_edit_count(uint8_t *cta)
{
	size_t size = 1 + (size_t)(cta[CTA_DATA] & 0x1f);

	if (CTA_DATA + size > edid_cta_data_end(cta) ||
		extended_tag(cta + CTA_DATA, size) != CTA_EXTENDED_HF_EEODB)
		return;
	remove_data(cta, CTA_DATA, size);
	edid_block_seal(cta);
}
