/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "scene/edid_internal.h"

#include <glib.h>
#include <string.h>

#define INPUT_DIGITAL_8_BITS 0xa0

#define DISPLAYID_VERSION 0x13
#define DISPLAYID_PRODUCT 0x00
#define DISPLAYID_PARAMETERS 0x01
#define DISPLAYID_INTERFACE 0x0f

/* What a detailed timing can say of the size on the glass. */
#define SIZE_MM_MAX 4095u

static const uint8_t header[8] = {0x00, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x00};

/* sRGB's primaries and white point (E-EDID 1.4, section 3.7). */
static const uint8_t srgb[10] = {0xee, 0x91, 0xa3, 0x54, 0x4c, 0x99, 0x26, 0x0f, 0x50, 0x54};

/* ---- blocks ---- */

uint8_t edid_checksum(const uint8_t *bytes, size_t size)
{
	uint8_t sum = 0;

	for (size_t i = 0; i < size; i++)
		sum = (uint8_t)(sum + bytes[i]);
	return (uint8_t)-sum;
}

void edid_block_seal(uint8_t *block)
{
	block[BLOCK_CHECKSUM] = edid_checksum(block, BLOCK_CHECKSUM);
}

bool edid_block_sound(const uint8_t *block)
{
	return edid_checksum(block, EDID_BLOCK_SIZE) == 0;
}

/* Whole blocks, of which the first has header, version 1 and checksum: extensions may be anything.
 * `edid` may be NULL. */
static bool base_sound(const uint8_t *edid, size_t size)
{
	return edid != NULL && size >= EDID_BLOCK_SIZE && size % EDID_BLOCK_SIZE == 0 &&
		memcmp(edid, header, sizeof(header)) == 0 && edid[BASE_VERSION] == 1 &&
		edid_block_sound(edid);
}

/* How many blocks there should be. */
static size_t block_count_said(const uint8_t *edid, size_t size)
{
	const uint8_t *cta = edid + EDID_BLOCK_SIZE;

	/* HF-EEODB, of two bytes, is the first data block of the first extension. */
	if (edid[BASE_EXTENSIONS] > 0 && size >= (size_t)2 * EDID_BLOCK_SIZE &&
		cta[0] == EXTENSION_CTA && edid_cta_data_end(cta) >= CTA_DATA + 3 &&
		cta[CTA_DATA] == 0xe2 && cta[CTA_DATA + 1] == 0x78 && cta[CTA_DATA + 2] > 0)
		return 1u + cta[CTA_DATA + 2];
	return 1u + edid[BASE_EXTENSIONS];
}

size_t edid_block_count(const uint8_t *edid, size_t size)
{
	return MIN(block_count_said(edid, size), size / EDID_BLOCK_SIZE);
}

bool edid_valid(const uint8_t *edid, size_t size)
{
	if (!base_sound(edid, size) ||
		size < (size_t)EDID_BLOCK_SIZE * (1u + edid[BASE_EXTENSIONS]))
		return false;
	for (size_t offset = 0; offset < size; offset += EDID_BLOCK_SIZE) {
		if (!edid_block_sound(edid + offset))
			return false;
	}
	return true;
}

bool edid_preferred(const uint8_t *edid, size_t size, uint32_t *width, uint32_t *height,
	uint32_t *refresh_mhz)
{
	struct edid_timing timing;

	if (!base_sound(edid, size) || !edid_choose(edid, size, &timing))
		return false;
	*width = timing.width;
	*height = timing.height;
	*refresh_mhz = edid_timing_refresh(&timing);
	return true;
}

/*
 * The rate may differ by what a clock of whole 10 kHz cannot say (a TV's mode of 59.94 Hz), which
 * Linux guests make up for as the host does, and by what a millihertz cannot. Anything more would
 * make a guest's frames beat against ours.
 */
static bool matches(const uint8_t *edid, size_t size, const struct edid_screen *screen)
{
	struct edid_timing timing;
	uint32_t refresh;
	uint32_t tolerance;

	if (!edid_choose(edid, size, &timing) || timing.width != screen->width ||
		timing.height != screen->height)
		return false;
	refresh = edid_timing_refresh(&timing);
	tolerance = 1 + (uint32_t)(UINT64_C(5) * refresh / timing.clock_khz);
	return refresh + tolerance >= screen->refresh_mhz &&
		refresh <= screen->refresh_mhz + tolerance;
}

/* ---- made up ---- */

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

static bool is_smaller(uint32_t width, uint32_t height, const struct edid_screen *screen)
{
	return width <= screen->width && height <= screen->height &&
		(width < screen->width || height < screen->height);
}

/* For a user of the guest who wants larger letters: what fits into the mode, at 60 Hz. As many of
 * the standard timings as there is room for, the most usual first (E-EDID 1.4, sections 3.8 and
 * 3.9). */
static void offer_usual_sizes(uint8_t *base, const struct edid_screen *screen)
{
	static const struct {
		uint16_t width, height;
		uint8_t proportion;
	} usual[] = {
		{1280, 720, 0xc0},
		{1920, 1080, 0xc0},
		{1280, 1024, 0x80},
		{1600, 900, 0xc0},
		{1280, 800, 0x00},
		{1680, 1050, 0x00},
		{1440, 900, 0x00},
		{1920, 1200, 0x00},
		{1600, 1200, 0x40},
	};
	uint8_t *standard = base + BASE_STANDARD;
	size_t count = 0;

	if (is_smaller(800, 600, screen))
		base[BASE_ESTABLISHED] |= 0x01;
	if (is_smaller(1024, 768, screen))
		base[BASE_ESTABLISHED + 1] |= 0x08;
	for (size_t i = 0; i < G_N_ELEMENTS(usual) && count < BASE_STANDARD_COUNT; i++) {
		if (!is_smaller(usual[i].width, usual[i].height, screen))
			continue;
		standard[2 * count] = (uint8_t)(usual[i].width / 8 - 31);
		standard[2 * count + 1] = usual[i].proportion; /* and 60 Hz, which is 0 */
		count++;
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
	memset(base + BASE_STANDARD, STANDARD_UNUSED, (size_t)2 * BASE_STANDARD_COUNT);
	if (screen->scaled)
		offer_usual_sizes(base, screen);
	text_descriptor_write(base + BASE_DESCRIPTORS + DESCRIPTOR_SIZE, DESCRIPTOR_NAME, name);
	base[BASE_DESCRIPTORS + 2 * DESCRIPTOR_SIZE + 3] = DESCRIPTOR_DUMMY;
	base[BASE_DESCRIPTORS + 3 * DESCRIPTOR_SIZE + 3] = DESCRIPTOR_DUMMY;
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
static void displayid_write(uint8_t *block, const struct edid_timing *timing, const uint8_t *base,
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
	edid_displayid_timing_write(data, timing);

	data = displayid_add(section, DISPLAYID_INTERFACE, 10);
	data[0] = 0xa1; /* DisplayPort of one lane */
	data[2] = 0x02; /* RGB of 8 bits a colour */

	section[DISPLAYID_HEADER_SIZE + section[1]] = edid_checksum(section,
		DISPLAYID_HEADER_SIZE + section[1]);
	edid_block_seal(block);
}

/* ---- a monitor's ---- */

/* A block map says the tags of the blocks behind it, and goes before them. */
static void block_map_write(uint8_t *map, const uint8_t *blocks, size_t count)
{
	memset(map, 0, EDID_BLOCK_SIZE);
	map[0] = EXTENSION_BLOCK_MAP;
	for (size_t i = 0; i < count; i++)
		map[1 + i] = blocks[i * EDID_BLOCK_SIZE];
	edid_block_seal(map);
}

/*
 * Brings the extensions in order once they are not the monitor's any more: `count` of them stand
 * behind the base block, and `last`, or NULL, follows. Revision 1.3 wants a map of more than one.
 * Where there is no room for all, the monitor's last ones go.
 */
static size_t lay_out(uint8_t *edid, size_t count, const uint8_t *last)
{
	size_t ours = last != NULL ? 1 : 0;
	uint8_t *blocks = edid + EDID_BLOCK_SIZE;
	bool map;

	if (count > 0 && blocks[0] == EXTENSION_CTA)
		edid_edit_count(blocks);
	count = MIN(count, EDID_BLOCKS_MAX - 1 - ours);
	map = edid[BASE_REVISION] == 3 && count + ours > 1;
	if (map) {
		count = MIN(count, EDID_BLOCKS_MAX - 2 - ours);
		memmove(blocks + EDID_BLOCK_SIZE, blocks, count * EDID_BLOCK_SIZE);
		blocks += EDID_BLOCK_SIZE;
	}
	if (last != NULL)
		memcpy(blocks + count * EDID_BLOCK_SIZE, last, EDID_BLOCK_SIZE);
	count += ours;
	if (map)
		block_map_write(edid + EDID_BLOCK_SIZE, blocks, count++);
	edid[BASE_EXTENSIONS] = (uint8_t)count;
	edid_block_seal(edid);
	return (1 + count) * EDID_BLOCK_SIZE;
}

/*
 * Copies what a Linux guest would take of the monitor's EDID: of CTA blocks also those with a wrong
 * checksum, here with a right one. Returns its size; `complete`: no block is missing, also for a
 * guest that does not know HF-EEODB and goes by the base block.
 */
static size_t copy_monitor(uint8_t *edid, const uint8_t *monitor, size_t size, bool *complete)
{
	size_t count = edid_block_count(monitor, size);
	size_t copied = 0;

	for (size_t i = 0; i < MIN(count, EDID_BLOCKS_MAX); i++) {
		const uint8_t *block = monitor + i * EDID_BLOCK_SIZE;

		if (!edid_block_sound(block) && block[0] != EXTENSION_CTA)
			continue;
		memcpy(edid + copied * EDID_BLOCK_SIZE, block, EDID_BLOCK_SIZE);
		edid_block_seal(edid + copied * EDID_BLOCK_SIZE);
		copied++;
	}
	*complete = copied == block_count_said(monitor, size) && monitor[BASE_EXTENSIONS] < copied;
	return copied * EDID_BLOCK_SIZE;
}

/* Drops the extensions with either tag; returns how many are left. */
static size_t drop_extensions(uint8_t *edid, size_t size, uint8_t tag, uint8_t other)
{
	size_t kept = 0;

	for (size_t offset = EDID_BLOCK_SIZE; offset < size; offset += EDID_BLOCK_SIZE) {
		if (edid[offset] == tag || edid[offset] == other)
			continue;
		memmove(edid + (1 + kept) * EDID_BLOCK_SIZE, edid + offset, EDID_BLOCK_SIZE);
		kept++;
	}
	return kept;
}

/*
 * Of the monitor's extensions DisplayID does not hold when its first timing is another: its own
 * preferred timing, or its word that the monitor is one tile of several, would contradict what we
 * show. Nor does any where Linux prefers the largest mode that it finds.
 */
static size_t edit_extensions(uint8_t *edid, size_t size, bool native)
{
	size_t count = drop_extensions(edid, size, EXTENSION_DISPLAYID, EXTENSION_BLOCK_MAP);

	if (edid_quirk(edid) == EDID_QUIRK_LARGEST)
		return 0;
	for (size_t i = 1; i <= count; i++) {
		if (edid[i * EDID_BLOCK_SIZE] == EXTENSION_CTA)
			edid_edit_cta(edid + i * EDID_BLOCK_SIZE, native);
	}
	return count;
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
	screen->width_mm = MIN(screen->width_mm, SIZE_MM_MAX);
	screen->height_mm = MIN(screen->height_mm, SIZE_MM_MAX);
}

/* Centimetres have one byte. A larger screen's size is not known to the base block, nor may it be
 * to the detailed timing then. */
static bool size_fits_base(uint32_t width_mm, uint32_t height_mm)
{
	return width_mm >= 5 && width_mm < 2555 && height_mm >= 5 && height_mm < 2555;
}

static void make_up_base(uint8_t *edid, const struct edid_screen *screen,
	const struct edid_timing *detailed)
{
	bool sized = size_fits_base(screen->width_mm, screen->height_mm);

	base_write(edid, screen);
	edid[BASE_WIDTH_CM] = sized ? (uint8_t)((screen->width_mm + 5) / 10) : 0;
	edid[BASE_HEIGHT_CM] = sized ? (uint8_t)((screen->height_mm + 5) / 10) : 0;
	edid_detailed_write(edid + BASE_DESCRIPTORS, detailed, sized ? screen->width_mm : 0,
		sized ? screen->height_mm : 0);
}

size_t edid_write(uint8_t edid[EDID_SIZE_MAX], const struct edid_screen *screen,
	const uint8_t *monitor, size_t monitor_size)
{
	struct edid_screen wanted = *screen;
	struct edid_timing timing;
	struct edid_timing detailed;
	uint8_t displayid[EDID_BLOCK_SIZE];
	size_t extensions = 0;
	bool complete;
	bool fits;

	screen_complete(&wanted);
	edid_timing_compute(&timing, wanted.width, wanted.height, wanted.refresh_mhz);
	fits = edid_timing_fits_detailed(&timing);
	detailed = timing;
	if (!fits)
		edid_timing_compute_fallback(&detailed, &wanted);
	if (base_sound(monitor, monitor_size)) {
		size_t size = copy_monitor(edid, monitor, monitor_size, &complete);

		if (wanted.turned)
			edid_edit_turn(edid, size);
		if (matches(edid, size, &wanted)) {
			if (complete)
				return size;
			extensions = drop_extensions(edid, size, EXTENSION_BLOCK_MAP,
				EXTENSION_BLOCK_MAP);
			return lay_out(edid, extensions, NULL);
		}
		extensions = edit_extensions(edid, size, fits);
		edid_edit_base(edid, &detailed, &timing);
		/* A DisplayID block says no other size than the base block. */
		if (edid[BASE_WIDTH_CM] != 0 && edid[BASE_HEIGHT_CM] != 0) {
			wanted.width_mm = edid[BASE_WIDTH_CM] * 10u;
			wanted.height_mm = edid[BASE_HEIGHT_CM] * 10u;
		}
	} else {
		make_up_base(edid, &wanted, &detailed);
	}
	if (!fits)
		displayid_write(displayid, &timing, edid, wanted.width_mm, wanted.height_mm);
	return lay_out(edid, extensions, fits ? NULL : displayid);
}
