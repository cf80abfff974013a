/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a person wrote as a mode, on a connector with any modes: it is tried with each mode once,
 * and the name of a mode is one that can be written.
 *
 * Covers: kms/mode kms/cvt.c
 * Reaches: 96
 * Of each file: 94
 */
#include "mode.h"

#include <glib.h>
#include <string.h>

#include "fuzz.h"

#define MODES_MAX 6

/* Mostly one that a monitor could have. */
static drmModeModeInfo make_mode(struct fuzz *fuzz)
{
	static const uint16_t sizes[][2] = {{640, 480}, {1280, 720}, {1920, 1080}, {720, 576}};
	const uint16_t *size = sizes[fuzz_pick(fuzz, G_N_ELEMENTS(sizes))];
	uint8_t how = fuzz_u8(fuzz);
	drmModeModeInfo mode = {.hdisplay = size[0], .vdisplay = size[1]};

	if (how & 1)
		mode.hdisplay = fuzz_u16(fuzz);
	mode.hsync_start = (uint16_t)(mode.hdisplay + 8);
	mode.hsync_end = (uint16_t)(mode.hdisplay + 40);
	mode.htotal = (uint16_t)(mode.hdisplay + 160);
	mode.vsync_start = (uint16_t)(mode.vdisplay + 3);
	mode.vsync_end = (uint16_t)(mode.vdisplay + 8);
	mode.vtotal = how & 2 ? fuzz_u16(fuzz) : (uint16_t)(mode.vdisplay + 41);
	mode.clock = how & 4 ? fuzz_odd(fuzz) : (how >> 3) * 10000u;
	mode.flags = how & 0x40 ? DRM_MODE_FLAG_INTERLACE : how & 8 ? DRM_MODE_FLAG_DBLSCAN : 0;
	mode.vscan = how & 0x20 ? fuzz_u8(fuzz) : 0;
	mode.type = how & 0x80 ? DRM_MODE_TYPE_PREFERRED : DRM_MODE_TYPE_DRIVER;
	return mode;
}

/* A mode with a rate that can be written is called by what is understood as it. */
static void check_name(const drmModeModeInfo *mode)
{
	struct kms_mode_wishes wishes;
	uint32_t refresh_mhz = kms_mode_refresh(mode);
	struct kms_mode_info info;

	kms_mode_describe(mode, &info);
	g_assert(info.refresh_mhz > 0);
	if (!kms_mode_is_sane(mode) || mode->hdisplay > INT16_MAX || mode->vdisplay > INT16_MAX ||
		refresh_mhz < 1000 || refresh_mhz > 999000)
		return;
	g_assert(kms_mode_wishes_parse(info.name, &wishes, NULL));
	g_assert(wishes.count == 1 && wishes.list[0].kind == KMS_MODE_SIZE);
	g_assert(wishes.list[0].width == info.width && wishes.list[0].height == info.height);
	g_assert(kms_mode_satisfies(&wishes.list[0], mode));
}

static void check_candidates(const struct kms_mode_wishes *wishes, const drmModeModeInfo *modes,
	size_t count, const drmModeModeInfo *current)
{
	/* Each wish gives all modes, or one that is made. */
	drmModeModeInfo tried[MODES_MAX + KMS_MODE_WISHES_MAX + KMS_MODE_FALLBACK_MAX + 1];
	size_t steps = 0;

	while (kms_mode_candidate(wishes, modes, count, current, steps, &tried[steps])) {
		for (size_t i = 0; i < steps; i++)
			g_assert(!kms_mode_equal(&tried[i], &tried[steps]));
		steps++;
		g_assert(steps < G_N_ELEMENTS(tried));
	}
	for (size_t i = 0; i < count; i++) {
		bool found = false;

		for (size_t at = 0; at < steps; at++)
			found = found || kms_mode_equal(&tried[at], &modes[i]);
		g_assert(found);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz fuzz = {data, size};
	uint8_t how = fuzz_u8(&fuzz);
	size_t count = how % (MODES_MAX + 1);
	drmModeModeInfo modes[MODES_MAX] = {0}, current = {0};
	struct kms_mode_wishes wishes;
	g_autofree char *text = NULL;
	g_autoptr(GError) error = NULL;
	bool parsed;

	for (size_t i = 0; i < count; i++) {
		modes[i] = make_mode(&fuzz);
		check_name(&modes[i]);
	}
	if (how & 0x40)
		current = make_mode(&fuzz);
	text = g_strndup((const char *)fuzz.data, fuzz.size);
	parsed = kms_mode_wishes_parse(text, &wishes, &error);
	g_assert(parsed == !error);
	if (!parsed)
		return 0;
	wishes.blind = how & 0x80;
	check_candidates(&wishes, modes, count, how & 0x40 ? &current : NULL);
	return 0;
}
