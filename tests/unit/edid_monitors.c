/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "edid_monitors.h"

#include <glib.h>
#include <string.h>

#include "edid_seal.h"

static const uint8_t descriptor_1080p60[18] = {0x02, 0x3a, 0x80, 0x18, 0x71, 0x38, 0x2d, 0x40, 0x58,
	0x2c, 0x45, 0x00, 0x09, 0x25, 0x21, 0x00, 0x00, 0x1e};
const uint8_t monitor_720p60[18] = {0x01, 0x1d, 0x00, 0x72, 0x51, 0xd0, 0x1e, 0x20, 0x6e, 0x28,
	0x55, 0x00, 0x09, 0x25, 0x21, 0x00, 0x00, 0x1e};
static const uint8_t descriptor_1080i60[18] = {0x01, 0x1d, 0x80, 0x18, 0x71, 0x1c, 0x16, 0x20, 0x58,
	0x2c, 0x25, 0x00, 0x09, 0x25, 0x21, 0x00, 0x00, 0x9e};
static const uint8_t descriptor_2160p30[18] = {0x04, 0x74, 0x00, 0x30, 0xf2, 0x70, 0x5a, 0x80, 0xb0,
	0x58, 0x8a, 0x00, 0x09, 0x25, 0x21, 0x00, 0x00, 0x1e};
static const uint8_t descriptor_900p60[18] = {0x9a, 0x29, 0xa0, 0xd0, 0x51, 0x84, 0x22, 0x30, 0x50,
	0x98, 0x36, 0x00, 0x09, 0x25, 0x21, 0x00, 0x00, 0x1c};
const uint8_t monitor_name[18] = "\0\0\0\xfc\0DELL U2412M\n ";
const uint8_t monitor_serial[18] = "\0\0\0\xff\0SN4711\n      ";
static const uint8_t text_descriptor[18] = {0, 0, 0, 0xfe, 0, 'N', 'o', 't', 'h', 'i', 'n', 'g',
	'\n', ' ', ' ', ' ', ' ', ' '};
/* 23 to 76 Hz, 15 to 140 kHz, 300 MHz. */
static const uint8_t range_descriptor[18] = {0, 0, 0, 0xfd, 0, 23, 76, 15, 140, 30, 0, 0x0a, 0x20,
	0x20, 0x20, 0x20, 0x20, 0x20};

static void put_dummy(uint8_t *descriptor)
{
	memset(descriptor, 0, 18);
	descriptor[3] = 0x10;
}

static void put_first(uint8_t *descriptor, enum first first)
{
	static const void *const descriptors[FIRSTS] = {
		[FIRST_1080P60] = descriptor_1080p60,
		[FIRST_1080P5994] = descriptor_1080p60,
		[FIRST_1080I60] = descriptor_1080i60,
		[FIRST_STEREO] = descriptor_1080p60,
		[FIRST_NO_SYNC] = descriptor_1080p60,
		[FIRST_COMPOSITE] = descriptor_1080p60,
		[FIRST_2160P30] = descriptor_2160p30,
		[FIRST_900P60] = descriptor_900p60,
		[FIRST_NAME] = monitor_name,
		[FIRST_SERIAL] = monitor_serial,
		[FIRST_TEXT] = text_descriptor,
	};

	if (first == FIRST_DUMMY) {
		put_dummy(descriptor);
		return;
	}
	memcpy(descriptor, descriptors[first], 18);
	switch (first) {
	case FIRST_1080P5994:
		descriptor[0] = 0xf3;
		descriptor[1] = 0x39;
		break;
	case FIRST_STEREO:
		descriptor[17] |= 0x20;
		break;
	case FIRST_NO_SYNC:
		descriptor[9] = 0;
		descriptor[10] &= 0xf0;
		descriptor[11] = 0;
		break;
	case FIRST_COMPOSITE:
		descriptor[17] = 0x06;
		break;
	default:
		break;
	}
}

static void put_base(uint8_t *base, const struct recipe *recipe)
{
	static const uint8_t head[54] = {0x00, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x00, 0x10, 0xac,
		0x7b, 0xa0, 0x4c, 0x41, 0x30, 0x30, 0x0c, 0x16, 0x01, 0x03, 0x80, 0x34, 0x1d, 0x78,
		0xe0, 0xee, 0x95, 0xa3, 0x54, 0x4c, 0x99, 0x26, 0x0f, 0x50, 0x54, 0xa1, 0x08, 0x00,
		0x81, 0x40, 0x81, 0x80, 0xa9, 0x40, 0xb3, 0x00, 0xd1, 0xc0, 0x01, 0x01, 0x01, 0x01,
		0x01, 0x01};
	static const uint8_t makers[MAKERS][4] = {
		[MAKER_PLAIN] = {0x10, 0xac, 0x7b, 0xa0},
		[MAKER_LARGEST_60] = {0x4c, 0x2d, 596 & 0xff, 596 >> 8},
		[MAKER_LARGEST_75] = {0x34, 0xa4, 0xb8, 0x07},
		[MAKER_CLOCK] = {0x16, 0x09, 59264 & 0xff, 59264 >> 8},
		[MAKER_REDUCED] = {0x5a, 0x63, 5020 & 0xff, 5020 >> 8},
	};

	memcpy(base, head, sizeof(head));
	memcpy(base + 8, makers[recipe->maker], 4);
	base[19] = recipe->revision;
	base[20] = recipe->revision >= 4 ? 0xa0 : 0x80;
	base[24] |= recipe->preferred_bit ? 0x02 : 0x00;
	/* Linux may then think of more modes in the range; before 1.4 the word is GTF. */
	base[24] |= recipe->maker == MAKER_PLAIN ? 0x00 : 0x01;
	put_first(base + 54, recipe->first);
	for (size_t i = 1; i < 4; i++)
		put_dummy(base + 54 + 18 * i);
	memcpy(base + 72, recipe->first == FIRST_NAME ? monitor_serial : monitor_name, 18);
	memcpy(base + 90, range_descriptor, 18);
	if (recipe->full)
		memcpy(base + 108, text_descriptor, 18);
}

/* With native codes and timings, a preference and a native resolution. */
static void put_cta(uint8_t *cta)
{
	static const uint8_t data[] = {0x46, 0x90, 0x01, 0x04, 0x13, 0x1f, 0x61, /* codes */
		0xe2, 0x0d, 0x10, /* format preference */
		0xe2, 0x00, 0x4a}; /* capabilities */

	cta[0] = 0x02;
	cta[1] = 3;
	cta[2] = 4 + sizeof(data);
	cta[3] = 0x82;
	memcpy(cta + 4, data, sizeof(data));
	memcpy(cta + cta[2], monitor_720p60, 18);
	edid_seal(cta);
}

static void put_displayid(uint8_t *block, bool preferred)
{
	uint8_t made[EDID_SIZE_MAX];
	const struct edid_screen screen = {.width = 5120,
		.height = 1440,
		.width_mm = 520,
		.height_mm = 290};

	g_assert_cmpuint(edid_write(made, &screen, NULL, 0), ==, 2 * EDID_BLOCK_SIZE);
	memcpy(block, made + EDID_BLOCK_SIZE, EDID_BLOCK_SIZE);
	if (!preferred) {
		uint8_t sum = 0;
		size_t end = 5u + block[2];

		/* The flags of the timing, behind product and parameters. */
		g_assert_cmphex(block[5 + 15 + 15], ==, 0x03);
		block[5 + 15 + 15 + 3 + 3] &= 0x7f;
		for (size_t i = 1; i < end; i++)
			sum = (uint8_t)(sum + block[i]);
		block[end] = (uint8_t)-sum;
	}
	edid_seal(block);
}

static void put_override(uint8_t *cta)
{
	memmove(cta + 7, cta + 4, 120 - 7);
	cta[4] = 0xe2;
	cta[5] = 0x78;
	cta[6] = 2;
	cta[2] += 3;
	edid_seal(cta);
}

static void put_vtb(uint8_t *block)
{
	block[0] = 0x10;
	block[1] = 1;
	block[2] = 1;
	memcpy(block + 5, descriptor_2160p30, 18);
	edid_seal(block);
}

void monitor_make(struct monitor *monitor, const struct recipe *recipe)
{
	uint8_t *base = monitor->bytes;
	uint8_t *block = base + EDID_BLOCK_SIZE;
	size_t count = 0;

	memset(monitor, 0, sizeof(*monitor));
	put_base(base, recipe);
	switch (recipe->extension) {
	case EXTENSION_NONE:
		break;
	case EXTENSION_ONE_CTA:
	case EXTENSION_TWO_CTA:
	case EXTENSION_THREE_CTA:
		for (; count <= (size_t)(recipe->extension - EXTENSION_ONE_CTA); count++)
			put_cta(block + count * EDID_BLOCK_SIZE);
		break;
	case EXTENSION_BAD_CTA:
		put_cta(block);
		block[127] ^= 0x55;
		count = 1;
		break;
	case EXTENSION_BAD_OTHER:
		put_cta(block);
		put_vtb(block + EDID_BLOCK_SIZE);
		block[EDID_BLOCK_SIZE + 127] ^= 0x55;
		count = 2;
		break;
	case EXTENSION_LARGE_DISPLAYID:
	case EXTENSION_MEEK_DISPLAYID:
		put_displayid(block, recipe->extension == EXTENSION_LARGE_DISPLAYID);
		count = 1;
		break;
	case EXTENSION_CTA_DISPLAYID:
	case EXTENSION_OVERRIDE:
		put_cta(block);
		put_displayid(block + EDID_BLOCK_SIZE, true);
		count = 2;
		if (recipe->extension == EXTENSION_OVERRIDE)
			put_override(block);
		break;
	case EXTENSION_MAP:
		put_cta(block + EDID_BLOCK_SIZE);
		put_cta(block + (size_t)2 * EDID_BLOCK_SIZE);
		block[0] = 0xf0;
		block[1] = block[2] = 0x02;
		edid_seal(block);
		count = 3;
		break;
	case EXTENSION_VTB_LARGE:
		put_vtb(block);
		count = 1;
		break;
	case EXTENSIONS:
		g_assert_not_reached();
	}
	monitor->size = (1 + count) * EDID_BLOCK_SIZE;
	base[126] = (uint8_t)(recipe->extension == EXTENSION_OVERRIDE ? 1 : count);
	edid_seal(base);
}

bool recipe_make(struct recipe *recipe, unsigned int number)
{
	*recipe = (struct recipe){
		.revision = (uint8_t[]){1, 3, 4}[number % 3],
		.preferred_bit = number / 3 % 2,
		.full = number / 6 % 2,
		.first = (enum first)(number / 12 % FIRSTS),
		.extension = (enum extension)(number / 12 / FIRSTS % EXTENSIONS),
		.maker = (enum maker)(number / 12 / FIRSTS / EXTENSIONS),
	};
	return recipe->maker < MAKERS;
}
