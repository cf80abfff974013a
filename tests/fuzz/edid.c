/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * EDIDs: a monitor's bytes and a mode in, the guest's EDID out. What comes out is sound whatever
 * went in, and its preferred timing is the mode.
 *
 * Covers: src/scene/edid
 * Reaches: 97
 * Of each file: 95
 */
#include "scene/edid.h"

#include <glib.h>

#include "edid_seal.h"
#include "fuzz.h"

/* Most of what is behind a checksum or a header is never reached without a right one. */
static void mend(uint8_t *monitor, size_t size)
{
	if (size < EDID_BLOCK_SIZE)
		return;
	monitor[18] = 1;
	monitor[126] = (uint8_t)(size / EDID_BLOCK_SIZE - 1);
	edid_seal_base(monitor);
	for (size_t block = EDID_BLOCK_SIZE; block + EDID_BLOCK_SIZE <= size;
		block += EDID_BLOCK_SIZE)
		edid_seal(monitor + block);
}

/* Whatever the monitor said: a guest that prefers any mode of it prefers the screen's. */
static void check(const uint8_t *edid, size_t size, const struct edid_screen *screen)
{
	uint32_t width, height, refresh_mhz;

	g_assert(size > 0 && size <= EDID_SIZE_MAX && size % EDID_BLOCK_SIZE == 0);
	g_assert(edid_valid(edid, size));
	if (!edid_preferred(edid, size, &width, &height, &refresh_mhz))
		return;
	g_assert(width == screen->width && height == screen->height);
}

static uint32_t choose_side(struct fuzz *fuzz)
{
	return 64 + fuzz_u16(fuzz) % (16384 - 64 + 1);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz fuzz = {data, size};
	uint8_t how = fuzz_u8(&fuzz);
	struct edid_screen screen = {
		.name = "DP-1",
		.scaled = how & 2,
		.turned = how & 4,
	};
	g_autofree uint8_t *monitor = NULL;
	uint8_t edid[EDID_SIZE_MAX];
	uint32_t width, height, refresh_mhz;
	size_t written;

	screen.width = choose_side(&fuzz);
	screen.height = choose_side(&fuzz);
	screen.refresh_mhz = fuzz_u32(&fuzz) % 500000;
	screen.width_mm = fuzz_u16(&fuzz);
	screen.height_mm = fuzz_u16(&fuzz);
	/* Of its own size, so that a read behind it is found. */
	monitor = g_memdup2(fuzz.data, fuzz.size);
	if (how & 1)
		mend(monitor, fuzz.size);
	written = edid_write(edid, &screen, monitor, fuzz.size);
	check(edid, written, &screen);
	edid_preferred(monitor, fuzz.size, &width, &height, &refresh_mhz);
	return 0;
}
