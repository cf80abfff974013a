/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the parts of edid.c share: where things stand in an EDID's blocks, timings (edid_timing.c),
 * what Linux makes of an EDID (edid_preferred.c), and how a monitor's is made to say another mode
 * (edid_edit.c). Nobody else includes it. All of them work on bytes of the caller's and keep
 * nothing.
 */
#ifndef SCANOUTD_SCENE_EDID_INTERNAL_H
#define SCANOUTD_SCENE_EDID_INTERNAL_H

#include "scene/edid.h"

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

#define EDID_BLOCKS_MAX (EDID_SIZE_MAX / EDID_BLOCK_SIZE)

#define BASE_STANDARD_COUNT 8
#define STANDARD_UNUSED 0x01 /* both bytes */

#define DESCRIPTOR_SIZE 18
#define DESCRIPTOR_COUNT 4
#define DESCRIPTOR_DUMMY 0x10
#define DESCRIPTOR_NAME 0xfc
#define DESCRIPTOR_RANGE 0xfd
#define DESCRIPTOR_TEXT 0xfe
#define DESCRIPTOR_SERIAL 0xff

#define FEATURES_CONTINUOUS 0x01 /* below revision 1.4: GTF */
#define FEATURES_PREFERRED 0x02
#define FEATURES_SRGB 0x04

#define EXTENSION_CTA 0x02
#define EXTENSION_VTB 0x10
#define EXTENSION_DISPLAYID 0x70
#define EXTENSION_BLOCK_MAP 0xf0

/* CTA-861: the head of the block, and its data blocks with tags of their own. */
enum {
	CTA_REVISION = 1,
	CTA_TIMINGS = 2, /* where the data blocks end and the detailed timings begin; 0: none */
	CTA_NATIVE = 3, /* low nibble: how many detailed timings, from the first on, are native */
	CTA_DATA = 4,
};

/* DisplayID 1.3: a section of data blocks; DisplayID 2.0 has the same frame. */
#define DISPLAYID_HEADER_SIZE 4
#define DISPLAYID_TYPE_I 0x03
#define DISPLAYID_TYPE_VII 0x22
#define DISPLAYID_TIMING_SIZE 20
#define DISPLAYID_PREFERRED 0x80

/* ---- bytes ---- */

static inline void put_le16(uint8_t *bytes, uint32_t value)
{
	bytes[0] = (uint8_t)value;
	bytes[1] = (uint8_t)(value >> 8);
}

static inline uint32_t get_le16(const uint8_t *bytes)
{
	return bytes[0] | (uint32_t)bytes[1] << 8;
}

/* The byte that makes the sum of all zero. */
uint8_t edid_checksum(const uint8_t *bytes, size_t size);
void edid_block_seal(uint8_t *block);
bool edid_block_sound(const uint8_t *block);

/* How many blocks, with the base block, Linux reads: as the base block says or HF-EEODB instead
 * (HDMI 2.1, section 10.3.6), but no more than there are. The base block is sound. */
size_t edid_block_count(const uint8_t *edid, size_t size);

/* Where the CTA block's data blocks end: 4 to 127; 4: it has none. */
size_t edid_cta_data_end(const uint8_t *cta);

/* ---- edid_timing.c ---- */

struct edid_timing {
	uint32_t clock_khz;
	uint32_t width;
	uint32_t horizontal_blank;
	uint32_t horizontal_front;
	uint32_t horizontal_sync;
	uint32_t height;
	uint32_t vertical_blank;
	uint32_t vertical_front;
	uint32_t vertical_sync;
};

/* A progressive timing of just this size, whose refresh rate is the wanted one to a tenth of a
 * millihertz where some blanking and a clock of whole 10 kHz make it. */
void edid_timing_compute(struct edid_timing *timing, uint32_t width, uint32_t height,
	uint32_t refresh_mhz);

/* For the base block of a mode that fits into no detailed timing: something of that shape that
 * does, smaller or slower. */
void edid_timing_compute_fallback(struct edid_timing *timing, const struct edid_screen *screen);

bool edid_timing_fits_detailed(const struct edid_timing *timing);

/* Thousandths of a hertz. */
uint32_t edid_timing_refresh(const struct edid_timing *timing);

/* Of the last byte of a detailed timing. */
#define DETAILED_INTERLACED 0x80
#define DETAILED_STEREO 0x20
#define DETAILED_POSITIVE_VERTICAL 0x04

/* E-EDID 1.4, section 3.10.2: 18 bytes. Millimetres up to 4095; 0: not known. */
void edid_detailed_write(uint8_t *descriptor, const struct edid_timing *timing, uint32_t width_mm,
	uint32_t height_mm);
void edid_detailed_read(const uint8_t *descriptor, struct edid_timing *timing);

/* DisplayID 1.3, section 4.4.1: 20 bytes, of type I, or of type VII where reading. */
void edid_displayid_timing_write(uint8_t *bytes, const struct edid_timing *timing);
void edid_displayid_timing_read(const uint8_t *bytes, bool type_vii, struct edid_timing *timing);

/* ---- edid_preferred.c ---- */

/* What Linux does with an EDID because of who made the monitor. */
enum edid_quirk {
	EDID_QUIRK_NONE,
	EDID_QUIRK_LARGEST, /* the largest mode of all is preferred, whatever else is said */
	EDID_QUIRK_TIMINGS, /* detailed timings are not believed, but replaced */
};
enum edid_quirk edid_quirk(const uint8_t *base);

/* The mode that a Linux guest prefers. False: none is preferred, or which one is not known. The
 * base block is sound. */
bool edid_choose(const uint8_t *edid, size_t size, struct edid_timing *best);

/* ---- edid_edit.c ---- */

/*
 * A monitor's base block says another mode, `detailed`, as its first timing, and `timing` (the
 * same, or what a DisplayID block says of a mode that no detailed timing can) is in its ranges. Its
 * identity is kept, and name and serial number wherever they stood. Not sealed.
 */
void edid_edit_base(uint8_t *base, const struct edid_timing *detailed,
	const struct edid_timing *timing);

/* Exchanges width and height of the image in the base block and in CTA blocks' detailed timings:
 * the monitor stands on its side. Seals those blocks. */
void edid_edit_turn(uint8_t *edid, size_t size);

/* The base block's first timing, with `native`, or none (a DisplayID block has it) is the only
 * native one that a CTA block knows. Sealed. */
void edid_edit_cta(uint8_t *cta, bool native);

/* Takes HF-EEODB out of a CTA block: the base block alone says how many there are. Sealed. */
void edid_edit_count(uint8_t *cta);

#endif
