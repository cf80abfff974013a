/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which modes a connector is tried with, and in which order. */
#include "cvt.h"
#include "mode.h"

/* "60" is meant to match 59.94 and 60.02 alike, as weston and others do. */
#define REFRESH_TOLERANCE_MHZ 500

/* ---- which of two modes is the better one ---- */

static uint32_t distance(uint32_t a, uint32_t b)
{
	return a > b ? a - b : b - a;
}

static bool is_interlaced(const drmModeModeInfo *mode)
{
	return (mode->flags & DRM_MODE_FLAG_INTERLACE) != 0;
}

static bool is_preferred(const drmModeModeInfo *mode)
{
	return (mode->type & DRM_MODE_TYPE_PREFERRED) != 0;
}

/* Of two modes of a size: progressive before interlaced, then the nearest rate asked for (0: none),
 * the preferred mode, the fastest. */
static int compare_at_rate(const drmModeModeInfo *a, const drmModeModeInfo *b, uint32_t refresh_mhz)
{
	uint32_t refresh_a = kms_mode_refresh(a);
	uint32_t refresh_b = kms_mode_refresh(b);

	if (is_interlaced(a) != is_interlaced(b))
		return is_interlaced(a) ? 1 : -1;
	if (refresh_mhz && distance(refresh_a, refresh_mhz) != distance(refresh_b, refresh_mhz))
		return distance(refresh_a, refresh_mhz) > distance(refresh_b, refresh_mhz) ? 1 : -1;
	if (is_preferred(a) != is_preferred(b))
		return is_preferred(a) ? -1 : 1;
	return refresh_a == refresh_b ? 0 : refresh_a > refresh_b ? -1 : 1;
}

static int compare_of_size(gconstpointer a, gconstpointer b, gpointer refresh_mhz)
{
	return compare_at_rate(a, b, *(const uint32_t *)refresh_mhz);
}

/* The largest first. */
static int compare_by_size(gconstpointer a, gconstpointer b)
{
	const drmModeModeInfo *mode_a = a;
	const drmModeModeInfo *mode_b = b;
	uint32_t area_a = (uint32_t)mode_a->hdisplay * mode_a->vdisplay;
	uint32_t area_b = (uint32_t)mode_b->hdisplay * mode_b->vdisplay;

	if (area_a != area_b)
		return area_a > area_b ? -1 : 1;
	if (mode_a->hdisplay != mode_b->hdisplay)
		return mode_a->hdisplay > mode_b->hdisplay ? -1 : 1;
	return compare_at_rate(mode_a, mode_b, 0);
}

/* ---- what is wanted ---- */

static bool size_satisfies(const struct kms_mode_wish *wish, const drmModeModeInfo *mode)
{
	if (mode->hdisplay != wish->width || mode->vdisplay != wish->height)
		return false;
	if (wish->scan != KMS_MODE_SCAN_ANY &&
		is_interlaced(mode) != (wish->scan == KMS_MODE_SCAN_INTERLACED))
		return false;
	/* CVT 1.1: always 160 pixels, where its other timings take a fifth of a line at least. */
	if (wish->reduced && mode->htotal - mode->hdisplay > 160)
		return false;
	return !wish->refresh_mhz ||
		distance(kms_mode_refresh(mode), wish->refresh_mhz) <= REFRESH_TOLERANCE_MHZ;
}

bool kms_mode_satisfies(const struct kms_mode_wish *wish, const drmModeModeInfo *mode)
{
	switch (wish->kind) {
	case KMS_MODE_SIZE:
		return size_satisfies(wish, mode);
	case KMS_MODE_MODELINE:
		return kms_mode_equal(&wish->modeline, mode);
	default:
		return true;
	}
}

/*
 * What the monitor prefers. It names an interlaced mode now and then although it has the same
 * size progressive: that one, unless it shows fewer whole pictures a second.
 */
static const drmModeModeInfo *find_preferred(const drmModeModeInfo *modes, size_t count)
{
	const drmModeModeInfo *found = NULL;
	const drmModeModeInfo *progressive = NULL;

	for (size_t i = 0; i < count && !found; i++) {
		if (is_preferred(&modes[i]))
			found = &modes[i];
	}
	/* The kernel sorts them, the best first. */
	if (!found && count)
		found = &modes[0];
	if (!found || !is_interlaced(found))
		return found;
	for (size_t i = 0; i < count; i++) {
		const drmModeModeInfo *mode = &modes[i];

		if (!is_interlaced(mode) && mode->hdisplay == found->hdisplay &&
			mode->vdisplay == found->vdisplay &&
			kms_mode_refresh(mode) + REFRESH_TOLERANCE_MHZ >=
				kms_mode_refresh(found) / 2 &&
			(!progressive || compare_at_rate(mode, progressive, 0) < 0))
			progressive = mode;
	}
	return progressive ? progressive : found;
}

/* ---- the order ---- */

struct candidates {
	const drmModeModeInfo *modes;
	size_t count;
	GArray *ordered; /* of drmModeModeInfo, none twice */
};

static void add(struct candidates *candidates, const drmModeModeInfo *mode)
{
	if (!mode)
		return;
	for (guint i = 0; i < candidates->ordered->len; i++) {
		if (kms_mode_equal(mode, &g_array_index(candidates->ordered, drmModeModeInfo, i)))
			return;
	}
	g_array_append_vals(candidates->ordered, mode, 1);
}

static void add_all(struct candidates *candidates, const GArray *modes)
{
	for (guint i = 0; i < modes->len; i++)
		add(candidates, &g_array_index(modes, drmModeModeInfo, i));
}

static void add_made(struct candidates *candidates, const struct kms_mode_wish *wish)
{
	drmModeModeInfo made;

	if (!kms_cvt_make(wish->width, wish->height, wish->refresh_mhz,
		    wish->scan == KMS_MODE_SCAN_INTERLACED,
		    wish->reduced ? KMS_CVT_BLANKING_REDUCED : KMS_CVT_BLANKING_ANY, &made) ||
		!kms_mode_is_sane(&made))
		return;
	kms_mode_complete(&made);
	add(candidates, &made);
}

static void add_size(struct candidates *candidates, const struct kms_mode_wish *wish, bool blind)
{
	g_autoptr(GArray) found = g_array_new(FALSE, FALSE, sizeof(drmModeModeInfo));
	uint32_t refresh_mhz = wish->refresh_mhz;

	for (size_t i = 0; i < candidates->count; i++) {
		if (size_satisfies(wish, &candidates->modes[i]))
			g_array_append_val(found, candidates->modes[i]);
	}
	g_array_sort_with_data(found, compare_of_size, &refresh_mhz);
	for (guint i = 0; i < found->len; i++) {
		const drmModeModeInfo *mode = &g_array_index(found, drmModeModeInfo, i);

		/* Who asks for 60 Hz prefers 50 whole pictures to 60 halves: those come later. */
		if (refresh_mhz && is_interlaced(mode) &&
			!is_interlaced(&g_array_index(found, drmModeModeInfo, 0)))
			break;
		add(candidates, mode);
	}
	if (!found->len && (blind || wish->refresh_mhz || !candidates->count))
		add_made(candidates, wish);
}

static void add_wish(struct candidates *candidates, const struct kms_mode_wish *wish,
	const drmModeModeInfo *current, bool blind)
{
	switch (wish->kind) {
	case KMS_MODE_PREFERRED:
		add(candidates, find_preferred(candidates->modes, candidates->count));
		break;
	case KMS_MODE_CURRENT:
		add(candidates, current);
		break;
	case KMS_MODE_SIZE:
		add_size(candidates, wish, blind);
		break;
	case KMS_MODE_MODELINE:
		add(candidates, &wish->modeline);
		break;
	}
}

/* The size that was wanted first; the preferred one, where none was said. */
static void wanted_size(const struct candidates *candidates, const struct kms_mode_wishes *wishes,
	uint32_t *width, uint32_t *height)
{
	const drmModeModeInfo *mode = find_preferred(candidates->modes, candidates->count);

	*width = mode ? mode->hdisplay : 0;
	*height = mode ? mode->vdisplay : 0;
	for (size_t i = 0; i < wishes->count; i++) {
		const struct kms_mode_wish *wish = &wishes->list[i];

		if (wish->kind == KMS_MODE_SIZE) {
			*width = wish->width;
			*height = wish->height;
			return;
		}
		if (wish->kind == KMS_MODE_MODELINE) {
			*width = wish->modeline.hdisplay;
			*height = wish->modeline.vdisplay;
			return;
		}
	}
}

static void add_rest(struct candidates *candidates, const struct kms_mode_wishes *wishes)
{
	g_autoptr(GArray) rest = g_array_new(FALSE, FALSE, sizeof(drmModeModeInfo));
	uint32_t width;
	uint32_t height;

	add(candidates, find_preferred(candidates->modes, candidates->count));
	if (candidates->count)
		g_array_append_vals(rest, candidates->modes, (guint)candidates->count);
	g_array_sort(rest, compare_by_size);
	wanted_size(candidates, wishes, &width, &height);
	for (guint i = 0; i < rest->len; i++) {
		const drmModeModeInfo *mode = &g_array_index(rest, drmModeModeInfo, i);

		if (mode->hdisplay <= width && mode->vdisplay <= height)
			add(candidates, mode);
	}
	add_all(candidates, rest);
}

size_t kms_mode_fallback(drmModeModeInfo *modes, size_t size)
{
	size_t count = 0;

	for (; count < size && kms_cvt_fallback(count); count++) {
		modes[count] = *kms_cvt_fallback(count);
		kms_mode_complete(&modes[count]);
	}
	if (count)
		modes[0].type |= DRM_MODE_TYPE_PREFERRED;
	return count;
}

bool kms_mode_candidate(const struct kms_mode_wishes *wishes, const drmModeModeInfo *modes,
	size_t count, const drmModeModeInfo *current, size_t step, drmModeModeInfo *chosen)
{
	g_autoptr(GArray) ordered = g_array_new(FALSE, FALSE, sizeof(drmModeModeInfo));
	drmModeModeInfo fallback[KMS_MODE_FALLBACK_MAX];
	struct candidates candidates = {.modes = modes, .count = count, .ordered = ordered};

	for (size_t i = 0; i < wishes->count; i++)
		add_wish(&candidates, &wishes->list[i], current, wishes->blind);
	if (!count) {
		candidates.modes = fallback;
		candidates.count = kms_mode_fallback(fallback, G_N_ELEMENTS(fallback));
	}
	add_rest(&candidates, wishes);
	if (step >= ordered->len)
		return false;
	*chosen = g_array_index(ordered, drmModeModeInfo, step);
	return true;
}
