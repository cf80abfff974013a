/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "mode.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* "60" is meant to match 59.94 and 60.02 alike, as weston and others do. */
#define REFRESH_TOLERANCE_MHZ 500

bool kms_mode_valid(const char *text, GError **error)
{
	struct kms_mode_wish wish;

	return kms_mode_parse(text, &wish, error);
}

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
	g_snprintf(info->name, sizeof(info->name), "%ux%u@%.2f", info->width, info->height,
		info->refresh_mhz / 1000.0);
}

/* ---- reading what a person wrote ---- */

static bool parse_number(const char **text, uint32_t *number)
{
	char *end;
	guint64 value;

	if (!g_ascii_isdigit(**text))
		return false;
	value = g_ascii_strtoull(*text, &end, 10);
	if (value == 0 || value > 32767)
		return false;
	*number = (uint32_t)value;
	*text = end;
	return true;
}

static bool parse_refresh(const char **text, uint32_t *refresh_mhz)
{
	char *end;
	double hertz;

	if (!g_ascii_isdigit(**text))
		return false;
	hertz = g_ascii_strtod(*text, &end);
	if (!(hertz >= 1 && hertz <= 1000))
		return false;
	*refresh_mhz = (uint32_t)lround(hertz * 1000);
	*text = end;
	return true;
}

/* WIDTHxHEIGHT, WIDTHxHEIGHT@HERTZ */
static bool parse_size(const char *text, struct kms_mode_wish *wish)
{
	wish->kind = KMS_MODE_SIZE;
	if (!parse_number(&text, &wish->width) || *text++ != 'x' ||
		!parse_number(&text, &wish->height))
		return false;
	if (*text == '\0')
		return true;
	return *text++ == '@' && parse_refresh(&text, &wish->refresh_mhz) && *text == '\0';
}

static bool parse_modeline_flag(const char *word, uint32_t *flags)
{
	static const struct {
		const char *word;
		uint32_t flag;
	} table[] = {
		{"+hsync", DRM_MODE_FLAG_PHSYNC},
		{"-hsync", DRM_MODE_FLAG_NHSYNC},
		{"+vsync", DRM_MODE_FLAG_PVSYNC},
		{"-vsync", DRM_MODE_FLAG_NVSYNC},
		{"interlace", DRM_MODE_FLAG_INTERLACE},
		{"doublescan", DRM_MODE_FLAG_DBLSCAN},
	};

	for (size_t i = 0; i < G_N_ELEMENTS(table); i++) {
		if (g_ascii_strcasecmp(word, table[i].word) == 0) {
			*flags |= table[i].flag;
			return true;
		}
	}
	return false;
}

static bool modeline_is_sane(const drmModeModeInfo *mode)
{
	return mode->clock > 0 && mode->hdisplay <= mode->hsync_start &&
		mode->hsync_start <= mode->hsync_end && mode->hsync_end <= mode->htotal &&
		mode->vdisplay <= mode->vsync_start && mode->vsync_start <= mode->vsync_end &&
		mode->vsync_end <= mode->vtotal;
}

/* As X.org writes them: "173.00 1920 2048 2248 2576 1080 1083 1088 1120 -hsync +vsync". */
static bool parse_modeline(const char *text, struct kms_mode_wish *wish)
{
	g_autoptr(GPtrArray) words = g_ptr_array_new();
	g_auto(GStrv) split = g_strsplit_set(text, " \t", -1);
	drmModeModeInfo *mode = &wish->modeline;
	uint16_t *const fields[] = {&mode->hdisplay, &mode->hsync_start, &mode->hsync_end,
		&mode->htotal, &mode->vdisplay, &mode->vsync_start, &mode->vsync_end,
		&mode->vtotal};
	char *end;
	double clock_mhz;

	for (char **word = split; *word; word++) {
		if (**word)
			g_ptr_array_add(words, *word);
	}
	if (words->len < 1 + G_N_ELEMENTS(fields))
		return false;

	clock_mhz = g_ascii_strtod(words->pdata[0], &end);
	if (*end != '\0' || !(clock_mhz > 0 && clock_mhz < 10000))
		return false;
	mode->clock = (uint32_t)lround(clock_mhz * 1000);
	for (size_t i = 0; i < G_N_ELEMENTS(fields); i++) {
		const char *word = words->pdata[1 + i];
		uint32_t number;

		if (!parse_number(&word, &number) || *word != '\0')
			return false;
		*fields[i] = (uint16_t)number;
	}
	for (guint i = 1 + G_N_ELEMENTS(fields); i < words->len; i++) {
		if (!parse_modeline_flag(words->pdata[i], &mode->flags))
			return false;
	}
	if (!modeline_is_sane(mode))
		return false;
	wish->kind = KMS_MODE_MODELINE;
	mode->type = DRM_MODE_TYPE_USERDEF;
	mode->vrefresh = (kms_mode_refresh(mode) + 500) / 1000;
	g_snprintf(mode->name, sizeof(mode->name), "%ux%u", mode->hdisplay, mode->vdisplay);
	return true;
}

bool kms_mode_parse(const char *text, struct kms_mode_wish *wish, GError **error)
{
	memset(wish, 0, sizeof(*wish));
	if (!text || strcmp(text, "preferred") == 0) {
		wish->kind = KMS_MODE_PREFERRED;
		return true;
	}
	if (strcmp(text, "current") == 0) {
		wish->kind = KMS_MODE_CURRENT;
		return true;
	}
	if (parse_size(text, wish))
		return true;
	memset(wish, 0, sizeof(*wish));
	if (parse_modeline(text, wish))
		return true;
	g_set_error(error, KMS_ERROR, KMS_ERROR_NO_MODE,
		"mode \"%s\" is none of preferred, current, WIDTHxHEIGHT, WIDTHxHEIGHT@HERTZ or "
		"a modeline (clock, four horizontal and four vertical timings, flags)",
		text);
	return false;
}

/* ---- choosing ---- */

static const drmModeModeInfo *find_preferred(const drmModeModeInfo *modes, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		if (modes[i].type & DRM_MODE_TYPE_PREFERRED)
			return &modes[i];
	}
	/* The kernel sorts them, the best first. */
	return count ? &modes[0] : NULL;
}

static uint32_t distance(uint32_t a, uint32_t b)
{
	return a > b ? a - b : b - a;
}

static bool is_interlaced(const drmModeModeInfo *mode)
{
	return (mode->flags & DRM_MODE_FLAG_INTERLACE) != 0;
}

/* Of the modes of a size: progressive before interlaced, then the nearest rate asked for, or, with
 * none asked for, the preferred mode, then the fastest. */
static bool is_better(const struct kms_mode_wish *wish, const drmModeModeInfo *mode,
	const drmModeModeInfo *best)
{
	uint32_t refresh = kms_mode_refresh(mode);
	uint32_t best_refresh = kms_mode_refresh(best);

	if (is_interlaced(mode) != is_interlaced(best))
		return is_interlaced(best);
	if (wish->refresh_mhz)
		return distance(refresh, wish->refresh_mhz) <
			distance(best_refresh, wish->refresh_mhz);
	if ((mode->type ^ best->type) & DRM_MODE_TYPE_PREFERRED)
		return (mode->type & DRM_MODE_TYPE_PREFERRED) != 0;
	return refresh > best_refresh;
}

static const drmModeModeInfo *find_size(const struct kms_mode_wish *wish,
	const drmModeModeInfo *modes, size_t count)
{
	const drmModeModeInfo *best = NULL;

	for (size_t i = 0; i < count; i++) {
		if (modes[i].hdisplay != wish->width || modes[i].vdisplay != wish->height)
			continue;
		if (wish->refresh_mhz &&
			distance(kms_mode_refresh(&modes[i]), wish->refresh_mhz) >
				REFRESH_TOLERANCE_MHZ)
			continue;
		if (!best || is_better(wish, &modes[i], best))
			best = &modes[i];
	}
	return best;
}

static void set_no_mode_error(GError **error, const struct kms_mode_wish *wish, const char *name,
	const drmModeModeInfo *modes, size_t count)
{
	g_autoptr(GString) known = g_string_new(NULL);

	if (!count) {
		g_set_error(error, KMS_ERROR, KMS_ERROR_NO_MODE,
			"%s: the kernel knows no mode of the monitor; configure a modeline", name);
		return;
	}
	for (size_t i = 0; i < count; i++)
		g_string_append_printf(known, "%s%ux%u@%.2f", i ? ", " : "", modes[i].hdisplay,
			modes[i].vdisplay, kms_mode_refresh(&modes[i]) / 1000.0);
	if (wish->refresh_mhz)
		g_set_error(error, KMS_ERROR, KMS_ERROR_NO_MODE,
			"%s: no mode %ux%u@%.2f; there are %s", name, wish->width, wish->height,
			wish->refresh_mhz / 1000.0, known->str);
	else
		g_set_error(error, KMS_ERROR, KMS_ERROR_NO_MODE, "%s: no mode %ux%u; there are %s",
			name, wish->width, wish->height, known->str);
}

bool kms_mode_choose(const struct kms_mode_wish *wish, const drmModeModeInfo *modes, size_t count,
	const drmModeModeInfo *current, const char *name, drmModeModeInfo *chosen, GError **error)
{
	const drmModeModeInfo *found = NULL;

	switch (wish->kind) {
	case KMS_MODE_MODELINE:
		found = &wish->modeline;
		break;
	case KMS_MODE_CURRENT:
		found = current ? current : find_preferred(modes, count);
		break;
	case KMS_MODE_PREFERRED:
		found = find_preferred(modes, count);
		break;
	case KMS_MODE_SIZE:
		found = find_size(wish, modes, count);
		break;
	}
	if (!found) {
		set_no_mode_error(error, wish, name, modes, count);
		return false;
	}
	*chosen = *found;
	return true;
}
