/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "edid_model.h"

#include <glib.h>
#include <stdlib.h>
#include <string.h>

#define BLOCK 128u
#define QUIRK_LARGE_60 1u
#define QUIRK_LARGE_75 2u
#define QUIRK_CLOCK 4u
#define QUIRK_REDUCED 8u

/* ---- modes ---- */

static uint32_t vrefresh(const struct edid_model_mode *mode)
{
	uint64_t total = (uint64_t)mode->horizontal_total * mode->vertical_total;
	uint64_t rate = mode->clock_khz * UINT64_C(1000) * (mode->interlaced ? 2 : 1);

	return total == 0 ? 0 : (uint32_t)((rate + total / 2) / total);
}

double edid_model_refresh(const struct edid_model_mode *mode)
{
	return mode->clock_khz * 1e6 / ((double)mode->horizontal_total * mode->vertical_total);
}

static void add(struct edid_model *model, struct edid_model_mode mode)
{
	g_assert_cmpuint(model->count, <, EDID_MODEL_MODES_MAX);
	model->modes[model->count++] = mode;
}

/* One of those that the kernel has in a table or makes by a formula: near enough. */
static void add_made(struct edid_model *model, uint32_t width, uint32_t height, uint32_t hertz)
{
	uint32_t horizontal = width + 160;
	uint32_t vertical = height + 30;

	add(model,
		(struct edid_model_mode){
			.width = width,
			.height = height,
			.horizontal_total = horizontal,
			.vertical_total = vertical,
			.clock_khz = (uint32_t)((uint64_t)horizontal * vertical * hertz / 1000),
		});
}

/* drm_mode_compare(). */
static int compare(const void *left, const void *right)
{
	const struct edid_model_mode *a = left;
	const struct edid_model_mode *b = right;
	int64_t area_a = (int64_t)a->width * a->height;
	int64_t area_b = (int64_t)b->width * b->height;

	if (a->preferred != b->preferred)
		return a->preferred ? -1 : 1;
	if (area_a != area_b)
		return area_a > area_b ? -1 : 1;
	if (vrefresh(a) != vrefresh(b))
		return vrefresh(a) > vrefresh(b) ? -1 : 1;
	return a->clock_khz == b->clock_khz ? 0 : a->clock_khz > b->clock_khz ? -1 : 1;
}

/* ---- quirks ---- */

static unsigned int find_quirks(const uint8_t *edid)
{
	static const struct {
		const char *maker;
		uint16_t product;
		unsigned int quirks;
	} list[] = {
		{"ACR", 44358, QUIRK_LARGE_60},
		{"API", 0x7602, QUIRK_LARGE_60},
		{"MAX", 1516, QUIRK_LARGE_60},
		{"MAX", 0x77e, QUIRK_LARGE_60},
		{"EPI", 59264, QUIRK_CLOCK},
		{"EPI", 8232, QUIRK_LARGE_60},
		{"FCM", 13600, QUIRK_LARGE_75},
		{"SAM", 596, QUIRK_LARGE_60},
		{"SAM", 638, QUIRK_LARGE_60},
		{"VSC", 5020, QUIRK_REDUCED},
		{"MED", 0x7b8, QUIRK_LARGE_75},
	};
	char maker[4] = {(char)('@' + (edid[8] >> 2 & 31)),
		(char)('@' + ((edid[8] << 3 | edid[9] >> 5) & 31)), (char)('@' + (edid[9] & 31)),
		'\0'};

	for (size_t i = 0; i < G_N_ELEMENTS(list); i++) {
		if (strcmp(list[i].maker, maker) == 0 &&
			list[i].product == (edid[10] | edid[11] << 8))
			return list[i].quirks;
	}
	return 0;
}

static uint32_t distance(uint32_t a, uint32_t b)
{
	return a > b ? a - b : b - a;
}

/* edid_fixup_preferred(). */
static void prefer_largest(struct edid_model *model, uint32_t target)
{
	size_t best = 0;

	for (size_t i = 0; i < model->count; i++) {
		const struct edid_model_mode *mode = &model->modes[i];
		const struct edid_model_mode *other = &model->modes[best];
		uint64_t area = (uint64_t)mode->width * mode->height;
		uint64_t other_area = (uint64_t)other->width * other->height;

		model->modes[i].preferred = false;
		if (area > other_area ||
			(area == other_area &&
				distance(vrefresh(mode), target) <
					distance(vrefresh(other), target)))
			best = i;
	}
	if (model->count > 0)
		model->modes[best].preferred = true;
}

/* ---- descriptors ---- */

typedef void (*descriptor_function)(struct edid_model *model, const uint8_t *edid,
	const uint8_t *descriptor);

static size_t block_count(const uint8_t *edid, size_t size)
{
	size_t count = 1u + edid[126];

	if (size >= 2 * BLOCK && edid[126] > 0 && edid[128] == 2 && edid[129] >= 3 &&
		edid[132] == 0xe2 && edid[133] == 0x78 && edid[134] > 0)
		count = 1u + edid[134];
	return MIN(count, size / BLOCK);
}

static void for_each(struct edid_model *model, const uint8_t *edid, size_t size,
	descriptor_function call)
{
	for (size_t i = 0; i < 4; i++)
		call(model, edid, edid + 54 + 18 * i);
	for (size_t i = 1; i < block_count(edid, size); i++) {
		const uint8_t *block = edid + i * BLOCK;

		if (block[0] == 0x02 && block[2] >= 4 && block[2] <= 127) {
			for (size_t j = 0; j < (127u - block[2]) / 18; j++)
				call(model, edid, block + block[2] + 18 * j);
		} else if (block[0] == 0x10 && block[1] == 1) {
			for (size_t j = 0; j < MIN(block[2], 6); j++)
				call(model, edid, block + 5 + 18 * j);
		}
	}
}

static void add_detailed(struct edid_model *model, const uint8_t *edid, const uint8_t *d)
{
	uint32_t width = (d[4] & 0xf0u) << 4 | d[2];
	uint32_t height = (d[7] & 0xf0u) << 4 | d[5];
	uint32_t horizontal_blank = (d[4] & 0xfu) << 8 | d[3];
	uint32_t vertical_blank = (d[7] & 0xfu) << 8 | d[6];
	uint32_t horizontal_sync = (d[11] & 0x30u) << 4 | d[9];
	uint32_t vertical_sync = (d[11] & 0x3u) << 4 | (d[10] & 0xfu);
	unsigned int quirks = find_quirks(edid);
	struct edid_model_mode mode = {
		.width = width,
		.height = height,
		.clock_khz = (d[0] | (uint32_t)d[1] << 8) * 10,
		.horizontal_total = width + horizontal_blank,
		.vertical_total = height + vertical_blank,
		.preferred = model->preferred_next,
		.interlaced = d[17] & 0x80,
	};

	if (mode.clock_khz == 0 || width < 64 || height < 64 || (d[17] & 0x20) ||
		horizontal_sync == 0 || vertical_sync == 0)
		return;
	if (quirks & QUIRK_CLOCK)
		mode.clock_khz = 10880;
	if (quirks & QUIRK_REDUCED) {
		mode.width &= ~7u;
		mode.horizontal_total = mode.width + 160;
		mode.clock_khz = mode.horizontal_total * mode.vertical_total / 1000 * 60;
	}
	if (mode.interlaced && width == 1920 && height == 540) {
		mode.height *= 2;
		mode.vertical_total = mode.vertical_total * 2 | 1;
	}
	model->preferred_next = false;
	add(model, mode);
}

static void add_standard(struct edid_model *model, const uint8_t *edid, const uint8_t *standard)
{
	uint32_t width = standard[0] * 8u + 248;
	uint32_t height = 0;
	uint32_t hertz = (standard[1] & 0x3fu) + 60;

	if (standard[0] == standard[1] && (standard[0] <= 1 || standard[0] == 0x20))
		return;
	switch (standard[1] >> 6) {
	case 0:
		height = edid[19] < 3 ? width : width * 10 / 16;
		break;
	case 1:
		height = width * 3 / 4;
		break;
	case 2:
		height = width * 4 / 5;
		break;
	case 3:
		height = width * 9 / 16;
		break;
	}
	add_made(model, width, height, hertz);
}

static void add_more_standard(struct edid_model *model, const uint8_t *edid, const uint8_t *d)
{
	if (d[0] != 0 || d[1] != 0 || d[2] != 0 || d[3] != 0xfa)
		return;
	for (size_t i = 0; i < 6; i++)
		add_standard(model, edid, d + 5 + 2 * i);
}

static void add_cvt(struct edid_model *model, const uint8_t *edid, const uint8_t *d)
{
	static const uint32_t proportions[4][2] = {{4, 3}, {16, 9}, {16, 10}, {15, 9}};

	if (edid[19] < 3 || d[0] != 0 || d[1] != 0 || d[2] != 0 || d[3] != 0xf8)
		return;
	for (size_t i = 0; i < 4; i++) {
		const uint8_t *code = d + 6 + 3 * i;
		uint32_t height = (code[0] + ((code[1] & 0xf0u) << 4) + 1) * 2;
		const uint32_t *proportion = proportions[code[1] >> 2 & 3];

		if (code[0] != 0 || code[1] != 0 || code[2] != 0)
			add_made(model, height * proportion[0] / proportion[1], height, 60);
	}
}

static void add_established(struct edid_model *model, const uint8_t *edid)
{
	static const uint16_t table[17][3] = {{800, 600, 60}, {800, 600, 56}, {640, 480, 75},
		{640, 480, 73}, {640, 480, 67}, {640, 480, 60}, {720, 400, 88}, {720, 400, 70},
		{1280, 1024, 75}, {1024, 768, 75}, {1024, 768, 70}, {1024, 768, 60},
		{1024, 768, 43}, {832, 624, 75}, {800, 600, 75}, {800, 600, 72}, {1152, 864, 75}};
	uint32_t bits = edid[35] | (uint32_t)edid[36] << 8 | (uint32_t)(edid[37] & 0x80) << 9;

	for (size_t i = 0; i < G_N_ELEMENTS(table); i++) {
		if (bits & 1u << i)
			add_made(model, table[i][0], table[i][1], table[i][2]);
	}
}

/* Of DMT what is in the monitor's range and no larger than a mode that there is. */
static void add_inferred(struct edid_model *model, const uint8_t *edid, const uint8_t *d)
{
	static const uint16_t table[][3] = {{640, 480, 60}, {640, 480, 75}, {800, 600, 60},
		{800, 600, 75}, {1024, 768, 60}, {1024, 768, 75}, {1280, 720, 60}, {1280, 1024, 60},
		{1280, 1024, 75}, {1440, 900, 60}, {1440, 900, 75}, {1680, 1050, 60},
		{1600, 1200, 60}, {1920, 1080, 60}, {1920, 1200, 60}, {1920, 1200, 75}};
	size_t count = model->count;

	if (!(edid[24] & 1) || d[0] != 0 || d[1] != 0 || d[2] != 0 || d[3] != 0xfd)
		return;
	for (size_t i = 0; i < G_N_ELEMENTS(table); i++) {
		for (size_t j = 0; j < count; j++) {
			if (table[i][2] < d[5] || table[i][2] > d[6] ||
				table[i][0] > model->modes[j].width ||
				table[i][1] > model->modes[j].height)
				continue;
			add_made(model, table[i][0], table[i][1], table[i][2]);
			break;
		}
	}
}

/* ---- extensions ---- */

static void add_vics(struct edid_model *model, const uint8_t *cta)
{
	static const struct {
		uint8_t vic;
		uint16_t width, height, hertz;
	} table[] = {{1, 640, 480, 60}, {3, 720, 480, 60}, {4, 1280, 720, 60}, {16, 1920, 1080, 60},
		{19, 1280, 720, 50}, {31, 1920, 1080, 50}, {97, 3840, 2160, 60},
		{102, 4096, 2160, 60}};
	size_t end = cta[2] == 0 ? 127 : cta[2];

	if (cta[0] != 0x02 || cta[1] < 3 || end > 127)
		return;
	for (size_t i = 4; i < end; i += 1u + (cta[i] & 31u)) {
		for (size_t j = 1; cta[i] >> 5 == 2 && j <= (cta[i] & 31u) && i + j < end; j++) {
			uint8_t code = cta[i + j];
			uint8_t vic = code >= 129 && code <= 192 ? code & 0x7f : code;

			for (size_t k = 0; k < G_N_ELEMENTS(table); k++) {
				if (table[k].vic == vic)
					add_made(model, table[k].width, table[k].height,
						table[k].hertz);
			}
		}
	}
}

static bool add_displayid(struct edid_model *model, const uint8_t *block)
{
	size_t end = 5u + block[2];
	uint8_t sum = 0;

	if (end + 1 > 127)
		return false;
	for (size_t i = 1; i <= end; i++)
		sum = (uint8_t)(sum + block[i]);
	if (sum != 0)
		return false;
	for (size_t i = 5; i + 3 <= end && i + 3 + block[i + 2] <= end; i += 3u + block[i + 2]) {
		if ((block[i] != 0x03 && block[i] != 0x22) || block[i + 2] % 20 != 0)
			continue;
		for (size_t j = 0; j < block[i + 2]; j += 20) {
			const uint8_t *t = block + i + 3 + j;
			uint32_t clock = (t[0] | (uint32_t)t[1] << 8 | (uint32_t)t[2] << 16) + 1;
			uint32_t width = (t[4] | (uint32_t)t[5] << 8) + 1;
			uint32_t height = (t[12] | (uint32_t)t[13] << 8) + 1;

			add(model,
				(struct edid_model_mode){
					.width = width,
					.height = height,
					.clock_khz = block[i] == 0x22 ? clock : clock * 10,
					.horizontal_total = width + (t[6] | (uint32_t)t[7] << 8) +
						1,
					.vertical_total = height + (t[14] | (uint32_t)t[15] << 8) +
						1,
					.preferred = t[3] & 0x80,
				});
		}
	}
	return true;
}

/* ---- all ---- */

static bool is_sound(const uint8_t *block)
{
	uint8_t sum = 0;

	for (size_t i = 0; i < BLOCK; i++)
		sum = (uint8_t)(sum + block[i]);
	return sum == 0;
}

bool edid_model_read(struct edid_model *model, const uint8_t *edid, size_t size)
{
	static const uint8_t header[8] = {0, 255, 255, 255, 255, 255, 255, 0};
	unsigned int quirks;
	size_t kept = 0;

	memset(model, 0, sizeof(*model));
	if (size < BLOCK || size % BLOCK != 0 || memcmp(edid, header, 8) != 0 || !is_sound(edid) ||
		edid[18] != 1 || block_count(edid, size) * BLOCK != size)
		return false;
	for (size_t i = 1; i < block_count(edid, size); i++) {
		if (edid[i * BLOCK] != 0x02 && !is_sound(edid + i * BLOCK))
			return false;
	}
	quirks = find_quirks(edid);
	model->preferred_next = edid[19] >= 4 || (edid[24] & 2);
	for_each(model, edid, size, add_detailed);
	for_each(model, edid, size, add_cvt);
	for (size_t i = 0; i < 8; i++)
		add_standard(model, edid, edid + 38 + 2 * i);
	for_each(model, edid, size, add_more_standard);
	add_established(model, edid);
	for (size_t i = 1; i < block_count(edid, size); i++)
		add_vics(model, edid + i * BLOCK);
	for (size_t i = 1; i < block_count(edid, size); i++) {
		if (edid[i * BLOCK] == 0x70 && !add_displayid(model, edid + i * BLOCK))
			break;
	}
	for_each(model, edid, size, add_inferred);
	if (quirks & (QUIRK_LARGE_60 | QUIRK_LARGE_75))
		prefer_largest(model, quirks & QUIRK_LARGE_60 ? 60 : 75);
	for (size_t i = 0; i < model->count; i++) {
		if (!model->modes[i].interlaced)
			model->modes[kept++] = model->modes[i];
	}
	model->count = kept;
	/* Its order is stable; where all is the same, so is the mode. */
	qsort(model->modes, model->count, sizeof(*model->modes), compare);
	return true;
}

bool edid_model_has(const struct edid_model *model, uint32_t width, uint32_t height)
{
	for (size_t i = 0; i < model->count; i++) {
		if (model->modes[i].width == width && model->modes[i].height == height)
			return true;
	}
	return false;
}
