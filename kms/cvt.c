/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cvt.h"

#include <glib.h>
#include <libxcvt/libxcvt.h>
#include <stdlib.h>

#define DEFAULT_REFRESH_MHZ 60000
/* Above it the standard's least vertical blanking of 550 µs leaves no time for a picture. */
#define REFRESH_MAX_MHZ 1000000
/* "60" is meant to match 59.94 too, where there is nothing nearer. */
#define TOLERANCE_MHZ 500

#define SYNC_PP (DRM_MODE_FLAG_PHSYNC | DRM_MODE_FLAG_PVSYNC)
#define SYNC_NN (DRM_MODE_FLAG_NHSYNC | DRM_MODE_FLAG_NVSYNC)
#define INTERLACED DRM_MODE_FLAG_INTERLACE

struct timing {
	uint32_t refresh_mhz; /* by which it is known, rounded */
	drmModeModeInfo mode;
};

/* Its rate in mHz, clock in kHz, four horizontal timings, four vertical ones, flags. */
#define TIMING(mhz, khz, h0, h1, h2, h3, v0, v1, v2, v3, more_flags) \
	{ \
		(mhz), \
		{ \
			.clock = (khz), .hdisplay = (h0), .hsync_start = (h1), .hsync_end = (h2), \
			.htotal = (h3), .vdisplay = (v0), .vsync_start = (v1), .vsync_end = (v2), \
			.vtotal = (v3), .flags = (more_flags) \
		} \
	}

/* CTA-861's formats (of two aspect ratios one, since their timings are the same), and those of VESA
 * DMT that CTA-861 lacks and that are not CVT's. Of a size the usual rate comes first. */
static const struct timing standard[] = {
	/* Those that every monitor shows: see kms_cvt_fallback(). */
	TIMING(60000, 65000, 1024, 1048, 1184, 1344, 768, 771, 777, 806, SYNC_NN),
	TIMING(60000, 40000, 800, 840, 968, 1056, 600, 601, 605, 628, SYNC_PP),
	TIMING(59940, 25175, 640, 656, 752, 800, 480, 490, 492, 525, SYNC_NN),
	TIMING(59940, 27000, 720, 736, 798, 858, 480, 489, 495, 525, SYNC_NN),
	TIMING(50000, 27000, 720, 732, 796, 864, 576, 581, 586, 625, SYNC_NN),
	TIMING(59940, 13500, 720, 739, 801, 858, 480, 488, 494, 525,
		SYNC_NN | INTERLACED | DRM_MODE_FLAG_DBLCLK),
	TIMING(50000, 13500, 720, 732, 795, 864, 576, 580, 586, 625,
		SYNC_NN | INTERLACED | DRM_MODE_FLAG_DBLCLK),
	TIMING(60000, 74250, 1280, 1390, 1430, 1650, 720, 725, 730, 750, SYNC_PP),
	TIMING(50000, 74250, 1280, 1720, 1760, 1980, 720, 725, 730, 750, SYNC_PP),
	TIMING(60000, 108000, 1280, 1328, 1440, 1688, 1024, 1025, 1028, 1066, SYNC_PP),
	TIMING(60000, 85500, 1366, 1436, 1579, 1792, 768, 771, 774, 798, SYNC_PP),
	TIMING(60000, 162000, 1600, 1664, 1856, 2160, 1200, 1201, 1204, 1250, SYNC_PP),
	TIMING(60000, 148500, 1920, 2008, 2052, 2200, 1080, 1084, 1089, 1125, SYNC_PP),
	TIMING(50000, 148500, 1920, 2448, 2492, 2640, 1080, 1084, 1089, 1125, SYNC_PP),
	TIMING(30000, 74250, 1920, 2008, 2052, 2200, 1080, 1084, 1089, 1125, SYNC_PP),
	TIMING(25000, 74250, 1920, 2448, 2492, 2640, 1080, 1084, 1089, 1125, SYNC_PP),
	TIMING(24000, 74250, 1920, 2558, 2602, 2750, 1080, 1084, 1089, 1125, SYNC_PP),
	TIMING(60000, 74250, 1920, 2008, 2052, 2200, 1080, 1084, 1094, 1125, SYNC_PP | INTERLACED),
	TIMING(50000, 74250, 1920, 2448, 2492, 2640, 1080, 1084, 1094, 1125, SYNC_PP | INTERLACED),
	TIMING(60000, 594000, 3840, 4016, 4104, 4400, 2160, 2168, 2178, 2250, SYNC_PP),
	TIMING(50000, 594000, 3840, 4896, 4984, 5280, 2160, 2168, 2178, 2250, SYNC_PP),
	TIMING(30000, 297000, 3840, 4016, 4104, 4400, 2160, 2168, 2178, 2250, SYNC_PP),
	TIMING(25000, 297000, 3840, 4896, 4984, 5280, 2160, 2168, 2178, 2250, SYNC_PP),
	TIMING(24000, 297000, 3840, 5116, 5204, 5500, 2160, 2168, 2178, 2250, SYNC_PP),
};

enum { FALLBACKS = 3 };

static uint32_t distance(uint32_t a, uint32_t b)
{
	return a > b ? a - b : b - a;
}

/* CTA-861 lets its rates run slower by 1000/1001 as well: then the clock alone is another. */
static struct timing at_video_rate(const struct timing *timing)
{
	struct timing slower = *timing;

	slower.refresh_mhz = (uint32_t)((timing->refresh_mhz * UINT64_C(1000) + 500) / 1001);
	slower.mode.clock = (uint32_t)((timing->mode.clock * UINT64_C(1000) + 500) / 1001);
	return slower;
}

static bool has_shape(const drmModeModeInfo *mode, uint32_t width, uint32_t height, bool interlaced)
{
	return mode->hdisplay == width && mode->vdisplay == height &&
		((mode->flags & INTERLACED) != 0) == interlaced;
}

/* The one with the nearest rate; without a rate, the first one. */
static bool find_standard(uint32_t width, uint32_t height, uint32_t refresh_mhz, bool interlaced,
	drmModeModeInfo *mode)
{
	uint32_t nearest = TOLERANCE_MHZ + 1;

	for (size_t i = 0; i < G_N_ELEMENTS(standard); i++) {
		const struct timing rates[] = {standard[i], at_video_rate(&standard[i])};

		for (size_t j = 0; j < G_N_ELEMENTS(rates); j++) {
			uint32_t away = refresh_mhz ? distance(rates[j].refresh_mhz, refresh_mhz)
						    : 0;

			if (!has_shape(&rates[j].mode, width, height, interlaced) ||
				away >= nearest)
				continue;
			nearest = away;
			*mode = rates[j].mode;
		}
	}
	return nearest <= TOLERANCE_MHZ;
}

static uint32_t drm_flags(uint32_t xcvt_flags)
{
	uint32_t flags = 0;

	if (xcvt_flags & LIBXCVT_MODE_FLAG_HSYNC_POSITIVE)
		flags |= DRM_MODE_FLAG_PHSYNC;
	if (xcvt_flags & LIBXCVT_MODE_FLAG_HSYNC_NEGATIVE)
		flags |= DRM_MODE_FLAG_NHSYNC;
	if (xcvt_flags & LIBXCVT_MODE_FLAG_VSYNC_POSITIVE)
		flags |= DRM_MODE_FLAG_PVSYNC;
	if (xcvt_flags & LIBXCVT_MODE_FLAG_VSYNC_NEGATIVE)
		flags |= DRM_MODE_FLAG_NVSYNC;
	if (xcvt_flags & LIBXCVT_MODE_FLAG_INTERLACE)
		flags |= DRM_MODE_FLAG_INTERLACE;
	return flags;
}

static bool compute(uint32_t width, uint32_t height, double frames_hz, bool reduced,
	bool interlaced, drmModeModeInfo *mode)
{
	struct libxcvt_mode_info *made = libxcvt_gen_mode_info((int)width, (int)height,
		(float)frames_hz, reduced, interlaced);

	if (!made)
		return false;
	*mode = (drmModeModeInfo){
		.clock = (uint32_t)made->dot_clock,
		/* Not that of `made`, which is a multiple of 8. */
		.hdisplay = (uint16_t)width,
		.hsync_start = made->hsync_start,
		.hsync_end = made->hsync_end,
		.htotal = made->htotal,
		.vdisplay = (uint16_t)height,
		.vsync_start = made->vsync_start,
		.vsync_end = made->vsync_end,
		.vtotal = made->vtotal,
		.flags = drm_flags(made->mode_flags),
	};
	free(made);
	return true;
}

bool kms_cvt_make(uint32_t width, uint32_t height, uint32_t refresh_mhz, bool interlaced,
	enum kms_cvt_blanking blanking, drmModeModeInfo *mode)
{
	uint32_t fields_mhz = refresh_mhz ? refresh_mhz : DEFAULT_REFRESH_MHZ;
	bool reduced = fields_mhz % 60000 == 0 && !interlaced;

	if (!width || !height || width > INT16_MAX || height > INT16_MAX ||
		fields_mhz > REFRESH_MAX_MHZ || (blanking == KMS_CVT_BLANKING_REDUCED && !reduced))
		return false;
	if (blanking == KMS_CVT_BLANKING_ANY &&
		find_standard(width, height, refresh_mhz, interlaced, mode))
		return true;
	return compute(width, height, fields_mhz / (interlaced ? 2000.0 : 1000.0), reduced,
		interlaced, mode);
}

const drmModeModeInfo *kms_cvt_fallback(size_t n)
{
	return n < FALLBACKS ? &standard[n].mode : NULL;
}
