/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "scene/edid.h"

#include <glib.h>
#include <string.h>

/* Offsets in the base block (E-EDID 1.4, section 3). */
enum {
	BASE_MANUFACTURER = 8,
	BASE_PRODUCT = 10,
	BASE_SERIAL = 12,
	BASE_YEAR = 17,
	BASE_VERSION = 18,
	BASE_REVISION = 19,
	BASE_INPUT = 20,
	BASE_WIDTH_CM = 21,
	BASE_HEIGHT_CM = 22,
	BASE_GAMMA = 23,
	BASE_FEATURES = 24,
	BASE_CHROMATICITY = 25,
	BASE_ESTABLISHED = 35,
	BASE_STANDARD = 38,
	BASE_DESCRIPTORS = 54,
	BASE_EXTENSIONS = 126,
	BLOCK_CHECKSUM = 127,
};

#define DESCRIPTOR_SIZE 18
#define DESCRIPTOR_NAME 0xfc
#define DESCRIPTOR_DUMMY 0x10

#define INPUT_DIGITAL_8_BITS 0xa0
#define FEATURES_SRGB 0x04
#define FEATURES_PREFERRED 0x02

#define EXTENSION_CTA 0x02
#define EXTENSION_DISPLAYID 0x70
#define EXTENSION_BLOCK_MAP 0xf0

/* DisplayID 1.3: a section of data blocks; DisplayID 2.0 has the same frame. */
#define DISPLAYID_VERSION 0x13
#define DISPLAYID_HEADER_SIZE 4
#define DISPLAYID_PRODUCT 0x00
#define DISPLAYID_PARAMETERS 0x01
#define DISPLAYID_TYPE_I 0x03
#define DISPLAYID_INTERFACE 0x0f
#define DISPLAYID_TYPE_VII 0x22
#define DISPLAYID_TIMING_SIZE 20
#define DISPLAYID_PREFERRED 0x80
#define DISPLAYID_INTERLACED 0x10

/* What a detailed timing can say. */
#define DETAILED_SIDE_MAX 4095u
#define DETAILED_CLOCK_MAX 65535u

/* A detailed timing below 10 MHz is taken for garbage: a tiny screen gets more blanking. */
#define CLOCK_MIN 1000u

/* Half a hertz: 59.94 Hz and 60 Hz are one mode to a user. */
#define REFRESH_TOLERANCE_MHZ 500u

static const uint8_t header[8] = {0x00, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x00};

/* sRGB's primaries and white point (E-EDID 1.4, section 3.7). */
static const uint8_t srgb[10] = {0xee, 0x91, 0xa3, 0x54, 0x4c, 0x99, 0x26, 0x0f, 0x50, 0x54};

struct timing {
	uint32_t clock; /* units of 10 kHz */
	uint32_t width;
	uint32_t horizontal_blank;
	uint32_t horizontal_front;
	uint32_t horizontal_sync;
	uint32_t height;
	uint32_t vertical_blank;
	uint32_t vertical_front;
	uint32_t vertical_sync;
};

/* ---- timings ---- */

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

/*
 * CVT 1.2 with reduced blanking (version 1), but for the width and the clock: CVT rounds the one to
 * 8 pixels and the other to 250 kHz, while a guest must get exactly the width that is shown.
 */
static void timing_compute(struct timing *timing, uint32_t width, uint32_t height,
	uint32_t refresh_mhz)
{
	const double min_blank_us = 460.0;
	const uint32_t back_porch_min = 6;
	const uint32_t front_porch = 3;
	uint32_t sync = vertical_sync_width(width, height);
	double period_us = 1e9 / refresh_mhz;
	double line_us = (period_us - min_blank_us) / height;
	uint32_t blank = (uint32_t)(min_blank_us / line_us) + 1;
	uint64_t pixels;

	timing->width = width;
	timing->horizontal_blank = 160;
	timing->horizontal_front = 48;
	timing->horizontal_sync = 32;
	timing->height = height;
	timing->vertical_blank = MAX(blank, front_porch + sync + back_porch_min);
	timing->vertical_front = front_porch;
	timing->vertical_sync = sync;
	do {
		pixels = (uint64_t)(width + timing->horizontal_blank) *
			(height + timing->vertical_blank);
		timing->clock = (uint32_t)((pixels * refresh_mhz + 5000000) / 10000000);
		timing->horizontal_blank += 160;
	} while (timing->clock < CLOCK_MIN);
	timing->horizontal_blank -= 160;
}

static bool timing_fits_detailed(const struct timing *timing)
{
	return timing->width <= DETAILED_SIDE_MAX && timing->height <= DETAILED_SIDE_MAX &&
		timing->clock <= DETAILED_CLOCK_MAX;
}

static uint32_t timing_refresh_mhz(const struct timing *timing)
{
	uint64_t pixels = (uint64_t)(timing->width + timing->horizontal_blank) *
		(timing->height + timing->vertical_blank);

	return (uint32_t)((timing->clock * UINT64_C(10000000) + pixels / 2) / pixels);
}

/*
 * For the base block of a mode that fits into no detailed timing: something of that shape which
 * does. Guests that know no DisplayID use it; Linux prefers the larger of two preferred modes.
 */
static void timing_compute_fallback(struct timing *timing, const struct edid_screen *screen)
{
	uint32_t width = screen->width;
	uint32_t height = screen->height;
	uint32_t refresh_mhz = MIN(screen->refresh_mhz, 60000);

	while (width > DETAILED_SIDE_MAX || height > DETAILED_SIDE_MAX) {
		width /= 2;
		height /= 2;
	}
	timing_compute(timing, width, height, refresh_mhz);
	while (!timing_fits_detailed(timing)) {
		refresh_mhz /= 2;
		timing_compute(timing, width, height, refresh_mhz);
	}
}

/* ---- bytes ---- */

static void put_le16(uint8_t *bytes, uint32_t value)
{
	bytes[0] = (uint8_t)value;
	bytes[1] = (uint8_t)(value >> 8);
}

static uint32_t get_le16(const uint8_t *bytes)
{
	return bytes[0] | (uint32_t)bytes[1] << 8;
}

/* The byte that makes the sum of all zero. */
static uint8_t checksum(const uint8_t *bytes, size_t size)
{
	uint8_t sum = 0;

	for (size_t i = 0; i < size; i++)
		sum = (uint8_t)(sum + bytes[i]);
	return (uint8_t)-sum;
}

static void block_seal(uint8_t *block)
{
	block[BLOCK_CHECKSUM] = checksum(block, BLOCK_CHECKSUM);
}

static bool block_sound(const uint8_t *block)
{
	return checksum(block, EDID_BLOCK_SIZE) == 0;
}

/* E-EDID 1.4, section 3.10.2. */
static void detailed_write(uint8_t *descriptor, const struct timing *timing, uint32_t width_mm,
	uint32_t height_mm)
{
	const uint8_t digital_separate_sync_plus_minus = 0x1a;

	memset(descriptor, 0, DESCRIPTOR_SIZE);
	put_le16(descriptor, timing->clock);
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

static bool detailed_read(const uint8_t *descriptor, struct timing *timing)
{
	const uint8_t interlaced = 0x80;

	timing->clock = get_le16(descriptor);
	timing->width = descriptor[2] | (uint32_t)(descriptor[4] >> 4) << 8;
	timing->horizontal_blank = descriptor[3] | (uint32_t)(descriptor[4] & 0xf) << 8;
	timing->height = descriptor[5] | (uint32_t)(descriptor[7] >> 4) << 8;
	timing->vertical_blank = descriptor[6] | (uint32_t)(descriptor[7] & 0xf) << 8;
	return timing->clock > 0 && timing->width > 0 && timing->height > 0 &&
		(descriptor[17] & interlaced) == 0;
}

/* DisplayID 1.3, section 4.4.1: each value is written less one. */
static void displayid_timing_write(uint8_t *bytes, const struct timing *timing)
{
	const uint8_t aspect_undefined = 0x08;
	const uint32_t positive = 0x8000;

	put_le16(bytes, timing->clock - 1);
	bytes[2] = (uint8_t)((timing->clock - 1) >> 16);
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
static bool displayid_timing_read(const uint8_t *bytes, bool type_vii, struct timing *timing)
{
	uint32_t clock = (get_le16(bytes) | (uint32_t)bytes[2] << 16) + 1;

	timing->clock = type_vii ? (clock + 5) / 10 : clock;
	timing->width = get_le16(bytes + 4) + 1;
	timing->horizontal_blank = get_le16(bytes + 6) + 1;
	timing->height = get_le16(bytes + 12) + 1;
	timing->vertical_blank = get_le16(bytes + 14) + 1;
	return (bytes[3] & DISPLAYID_PREFERRED) != 0 && (bytes[3] & DISPLAYID_INTERLACED) == 0;
}

/* ---- reading ---- */

bool edid_valid(const uint8_t *edid, size_t size)
{
	if (edid == NULL || size < EDID_BLOCK_SIZE || size % EDID_BLOCK_SIZE != 0 ||
		memcmp(edid, header, sizeof(header)) != 0 || edid[BASE_VERSION] != 1 ||
		size < (size_t)EDID_BLOCK_SIZE * (1u + edid[BASE_EXTENSIONS]))
		return false;
	for (size_t offset = 0; offset < size; offset += EDID_BLOCK_SIZE) {
		if (!block_sound(edid + offset))
			return false;
	}
	return true;
}

/* What Linux does with several preferred modes (drm_mode_compare): more pixels win, then the
 * faster. */
static void prefer(struct timing *best, const struct timing *other)
{
	uint64_t area = (uint64_t)best->width * best->height;
	uint64_t other_area = (uint64_t)other->width * other->height;

	if (other_area > area ||
		(other_area == area && timing_refresh_mhz(other) > timing_refresh_mhz(best)))
		*best = *other;
}

static bool displayid_preferred(const uint8_t *block, struct timing *best, bool found)
{
	/* The section begins behind the extension's tag: version, bytes, type, count, data
	 * blocks. */
	size_t end = MIN((size_t)5 + block[2], EDID_BLOCK_SIZE - 2);
	size_t offset = 5;

	while (offset + 3 <= end && offset + 3 + block[offset + 2] <= end) {
		uint8_t tag = block[offset];
		size_t payload_end = offset + 3 + block[offset + 2];

		offset += 3;
		while ((tag == DISPLAYID_TYPE_I || tag == DISPLAYID_TYPE_VII) &&
			offset + DISPLAYID_TIMING_SIZE <= payload_end) {
			struct timing timing;

			if (displayid_timing_read(block + offset, tag == DISPLAYID_TYPE_VII,
				    &timing)) {
				if (!found)
					*best = timing;
				prefer(best, &timing);
				found = true;
			}
			offset += DISPLAYID_TIMING_SIZE;
		}
		offset = payload_end;
	}
	return found;
}

bool edid_preferred(const uint8_t *edid, size_t size, uint32_t *width, uint32_t *height,
	uint32_t *refresh_mhz)
{
	struct timing best = {0};
	bool found;

	if (!edid_valid(edid, size))
		return false;
	found = detailed_read(edid + BASE_DESCRIPTORS, &best);
	for (size_t offset = EDID_BLOCK_SIZE; offset < size; offset += EDID_BLOCK_SIZE) {
		if (edid[offset] == EXTENSION_DISPLAYID)
			found = displayid_preferred(edid + offset, &best, found);
	}
	if (!found)
		return false;
	*width = best.width;
	*height = best.height;
	*refresh_mhz = timing_refresh_mhz(&best);
	return true;
}

static bool matches(const uint8_t *edid, size_t size, const struct edid_screen *screen)
{
	uint32_t width;
	uint32_t height;
	uint32_t refresh_mhz;

	return size <= EDID_SIZE_MAX && edid_preferred(edid, size, &width, &height, &refresh_mhz) &&
		width == screen->width && height == screen->height &&
		refresh_mhz + REFRESH_TOLERANCE_MHZ >= screen->refresh_mhz &&
		refresh_mhz <= screen->refresh_mhz + REFRESH_TOLERANCE_MHZ;
}

/* ---- writing ---- */

static void text_descriptor_write(uint8_t *descriptor, uint8_t tag, const char *text)
{
	const size_t size = 13;
	size_t length = strnlen(text, size);

	memset(descriptor, 0, DESCRIPTOR_SIZE);
	descriptor[3] = tag;
	for (size_t i = 0; i < size; i++) {
		uint8_t c = i < length ? (uint8_t)text[i] : i == length ? '\n' : ' ';

		descriptor[5 + i] = i >= length || g_ascii_isprint((char)c) ? c : '?';
	}
}

static void base_write(uint8_t *base, const struct edid_screen *screen)
{
	const char *name = screen->name != NULL ? screen->name : "scanoutd";
	const uint8_t manufacturer_scd[2] = {0x4c, 0x64};

	memset(base, 0, EDID_BLOCK_SIZE);
	memcpy(base, header, sizeof(header));
	memcpy(base + BASE_MANUFACTURER, manufacturer_scd, sizeof(manufacturer_scd));
	put_le16(base + BASE_PRODUCT, 1);
	/* Guests keep settings by make, model and serial: two outputs are two monitors. */
	put_le16(base + BASE_SERIAL, g_str_hash(name));
	put_le16(base + BASE_SERIAL + 2, g_str_hash(name) >> 16);
	base[BASE_YEAR] = 2024 - 1990;
	base[BASE_VERSION] = 1;
	base[BASE_REVISION] = 4;
	base[BASE_INPUT] = INPUT_DIGITAL_8_BITS;
	base[BASE_GAMMA] = 220 - 100;
	base[BASE_FEATURES] = FEATURES_SRGB | FEATURES_PREFERRED;
	memcpy(base + BASE_CHROMATICITY, srgb, sizeof(srgb));
	base[BASE_ESTABLISHED] = 0x20; /* 640×480 at 60 Hz, which every display has */
	memset(base + BASE_STANDARD, 0x01, 16);
	text_descriptor_write(base + BASE_DESCRIPTORS + DESCRIPTOR_SIZE, DESCRIPTOR_NAME, name);
	base[BASE_DESCRIPTORS + 2 * DESCRIPTOR_SIZE + 3] = DESCRIPTOR_DUMMY;
	base[BASE_DESCRIPTORS + 3 * DESCRIPTOR_SIZE + 3] = DESCRIPTOR_DUMMY;
}

/* Centimetres have one byte. A larger screen's size is not known to the base block, nor may it be
 * to the detailed timing then. */
static bool size_fits_base(uint32_t width_mm, uint32_t height_mm)
{
	return width_mm >= 5 && width_mm < 2555 && height_mm >= 5 && height_mm < 2555;
}

/* Appends a data block's head to a DisplayID section; returns its payload. */
static uint8_t *displayid_add(uint8_t *section, uint8_t tag, uint8_t size)
{
	uint8_t *data_block = section + DISPLAYID_HEADER_SIZE + section[1];

	data_block[0] = tag;
	data_block[2] = size;
	section[1] = (uint8_t)(section[1] + 3 + size);
	return data_block + 3;
}

/*
 * DisplayID 1.3: what a monitor's section must have (product, display parameters, interface), and
 * the timing.
 */
static void displayid_write(uint8_t *block, const struct timing *timing, const uint8_t *base,
	uint32_t width_mm, uint32_t height_mm)
{
	const uint8_t standalone_display = 3;
	uint8_t *section = block + 1;
	uint8_t *data;

	memset(block, 0, EDID_BLOCK_SIZE);
	block[0] = EXTENSION_DISPLAYID;
	section[0] = DISPLAYID_VERSION;
	section[2] = standalone_display;

	data = displayid_add(section, DISPLAYID_PRODUCT, 12);
	for (size_t i = 0; i < 3; i++)
		data[i] = (uint8_t)('@' +
			((base[BASE_MANUFACTURER] << 8 | base[BASE_MANUFACTURER + 1]) >>
					(10 - 5 * i) &
				0x1f));
	memcpy(data + 3, base + BASE_PRODUCT, 2);
	memcpy(data + 5, base + BASE_SERIAL, 4);
	/* Counted from 2000, in the base block from 1990. */
	data[10] = (uint8_t)(MAX(base[BASE_YEAR], 10) - 10);

	data = displayid_add(section, DISPLAYID_PARAMETERS, 12);
	put_le16(data, width_mm * 10);
	put_le16(data + 2, height_mm * 10);
	put_le16(data + 4, timing->width);
	put_le16(data + 6, timing->height);
	data[9] = base[BASE_GAMMA];
	data[10] = (uint8_t)MIN(
		MAX(timing->width, timing->height) * 100 / MIN(timing->width, timing->height) - 100,
		255);
	data[11] = 0x77; /* 8 bits a colour, dynamic and native */

	data = displayid_add(section, DISPLAYID_TYPE_I, DISPLAYID_TIMING_SIZE);
	displayid_timing_write(data, timing);

	data = displayid_add(section, DISPLAYID_INTERFACE, 10);
	data[0] = 0xa1; /* DisplayPort of one lane */
	data[2] = 0x02; /* RGB of 8 bits a colour */

	section[DISPLAYID_HEADER_SIZE + section[1]] = checksum(section,
		DISPLAYID_HEADER_SIZE + section[1]);
	block_seal(block);
}

/*
 * Which of the monitor's extensions still hold when its first timing is another. DisplayID does
 * not: its own preferred timing, or its word that the monitor is one tile of several, would
 * contradict what we show. A map of blocks would be wrong, and is not needed.
 */
static size_t extensions_copy(uint8_t *edid, size_t size_max, const uint8_t *monitor, size_t size)
{
	size_t written = EDID_BLOCK_SIZE;

	for (size_t offset = EDID_BLOCK_SIZE; offset < size && written < size_max;
		offset += EDID_BLOCK_SIZE) {
		const uint8_t *block = monitor + offset;

		if (!block_sound(block) || block[0] == EXTENSION_DISPLAYID ||
			block[0] == EXTENSION_BLOCK_MAP)
			continue;
		memcpy(edid + written, block, EDID_BLOCK_SIZE);
		written += EDID_BLOCK_SIZE;
	}
	return written;
}

/* The number of extensions, where base block and, in HDMI monitors with many, the first CTA block
 * say it (HF-EEODB, HDMI 2.1, section 10.3.6). */
static void set_extension_count(uint8_t *edid, size_t size)
{
	uint8_t count = (uint8_t)(size / EDID_BLOCK_SIZE - 1);
	uint8_t *cta = edid + EDID_BLOCK_SIZE;

	edid[BASE_EXTENSIONS] = count;
	if (count > 0 && cta[0] == EXTENSION_CTA && cta[4] == 0xe2 && cta[5] == 0x78) {
		cta[6] = count;
		block_seal(cta);
	}
}

static bool base_sound(const uint8_t *monitor, size_t size)
{
	return monitor != NULL && size >= EDID_BLOCK_SIZE && size % EDID_BLOCK_SIZE == 0 &&
		memcmp(monitor, header, sizeof(header)) == 0 && monitor[BASE_VERSION] == 1 &&
		block_sound(monitor);
}

/* Fills in what the caller did not say. */
static void screen_complete(struct edid_screen *screen)
{
	if (screen->refresh_mhz == 0)
		screen->refresh_mhz = 60000;
	screen->refresh_mhz = CLAMP(screen->refresh_mhz, 1000, 1000000);
	if (screen->width_mm == 0 || screen->height_mm == 0) {
		/* 96 dots an inch of 25.4 mm */
		screen->width_mm = (screen->width * 254 + 480) / 960;
		screen->height_mm = (screen->height * 254 + 480) / 960;
	}
	screen->width_mm = MIN(screen->width_mm, DETAILED_SIDE_MAX);
	screen->height_mm = MIN(screen->height_mm, DETAILED_SIDE_MAX);
}

size_t edid_write(uint8_t edid[EDID_SIZE_MAX], const struct edid_screen *screen,
	const uint8_t *monitor, size_t monitor_size)
{
	struct edid_screen wanted = *screen;
	struct timing timing;
	struct timing detailed;
	size_t size = EDID_BLOCK_SIZE;
	bool fits;
	bool sized;

	screen_complete(&wanted);
	if (matches(monitor, monitor_size, &wanted)) {
		memcpy(edid, monitor, monitor_size);
		return monitor_size;
	}
	timing_compute(&timing, wanted.width, wanted.height, wanted.refresh_mhz);
	fits = timing_fits_detailed(&timing);
	detailed = timing;
	if (!fits)
		timing_compute_fallback(&detailed, &wanted);
	sized = size_fits_base(wanted.width_mm, wanted.height_mm);
	if (base_sound(monitor, monitor_size)) {
		size_t size_max = EDID_SIZE_MAX - (fits ? 0 : EDID_BLOCK_SIZE);

		memcpy(edid, monitor, EDID_BLOCK_SIZE);
		edid[BASE_FEATURES] |= FEATURES_PREFERRED;
		size = extensions_copy(edid, size_max, monitor, monitor_size);
	} else {
		base_write(edid, &wanted);
		edid[BASE_WIDTH_CM] = sized ? (uint8_t)((wanted.width_mm + 5) / 10) : 0;
		edid[BASE_HEIGHT_CM] = sized ? (uint8_t)((wanted.height_mm + 5) / 10) : 0;
	}
	detailed_write(edid + BASE_DESCRIPTORS, &detailed, sized ? wanted.width_mm : 0,
		sized ? wanted.height_mm : 0);
	if (!fits) {
		displayid_write(edid + size, &timing, edid, wanted.width_mm, wanted.height_mm);
		size += EDID_BLOCK_SIZE;
	}
	set_extension_count(edid, size);
	block_seal(edid);
	return size;
}
