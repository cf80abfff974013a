/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "mode.h"

uint32_t kms_mode_refresh(const drmModeModeInfo *mode)
{
	uint64_t dots = (uint64_t)mode->htotal * mode->vtotal;
	uint64_t rate = (uint64_t)mode->clock * 1000000;

	if (!dots)
		return mode->vrefresh * 1000;
	if (mode->flags & DRM_MODE_FLAG_INTERLACE)
		rate *= 2;
	if (mode->flags & DRM_MODE_FLAG_DBLSCAN)
		dots *= 2;
	if (mode->vscan > 1)
		dots *= mode->vscan;
	return (uint32_t)((rate + dots / 2) / dots);
}

bool kms_mode_equal(const drmModeModeInfo *a, const drmModeModeInfo *b)
{
	return a->clock == b->clock && a->hdisplay == b->hdisplay &&
		a->hsync_start == b->hsync_start && a->hsync_end == b->hsync_end &&
		a->htotal == b->htotal && a->hskew == b->hskew && a->vdisplay == b->vdisplay &&
		a->vsync_start == b->vsync_start && a->vsync_end == b->vsync_end &&
		a->vtotal == b->vtotal && MAX(a->vscan, 1) == MAX(b->vscan, 1) &&
		a->flags == b->flags;
}

void kms_mode_describe(const drmModeModeInfo *mode, struct kms_mode_info *info)
{
	info->width = mode->hdisplay;
	info->height = mode->vdisplay;
	info->refresh_mhz = kms_mode_refresh(mode);
	if (!info->refresh_mhz)
		info->refresh_mhz = 60000;
	g_snprintf(info->name, sizeof(info->name), "%ux%u%s@%.2f", info->width, info->height,
		mode->flags & DRM_MODE_FLAG_INTERLACE ? "i" : "", info->refresh_mhz / 1000.0);
}

bool kms_mode_is_sane(const drmModeModeInfo *mode)
{
	return mode->clock > 0 && mode->hdisplay > 0 && mode->hdisplay <= mode->hsync_start &&
		mode->hsync_start <= mode->hsync_end && mode->hsync_end <= mode->htotal &&
		mode->vdisplay > 0 && mode->vdisplay <= mode->vsync_start &&
		mode->vsync_start <= mode->vsync_end && mode->vsync_end <= mode->vtotal;
}

void kms_mode_complete(drmModeModeInfo *mode)
{
	mode->type = DRM_MODE_TYPE_USERDEF;
	mode->vrefresh = (kms_mode_refresh(mode) + 500) / 1000;
	g_snprintf(mode->name, sizeof(mode->name), "%ux%u%s", mode->hdisplay, mode->vdisplay,
		mode->flags & DRM_MODE_FLAG_INTERLACE ? "i" : "");
}
