/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Modes: what a configuration may say (an ordered list of "preferred", "current", "1920x1080",
 * "1920x1080@59.94", "1920x1080i", "1080p60", "1280x800R" or a modeline), and which modes a
 * connector is to be tried with, the best first. Modes come from the kernel, from a modeline or by
 * rule (cvt.h), never from parsing an EDID. Pure functions, used by whoever sets modes and by
 * list.c. What a person wrote is read in mode_parse.c.
 */
#ifndef KMS_MODE_H
#define KMS_MODE_H

#include <kms.h>
#include <xf86drmMode.h>

/* More alternatives than that are a mistake. */
#define KMS_MODE_WISHES_MAX 8

enum kms_mode_kind {
	KMS_MODE_PREFERRED,
	KMS_MODE_CURRENT,
	KMS_MODE_SIZE, /* with or without a refresh rate */
	KMS_MODE_MODELINE,
};

enum kms_mode_scan {
	KMS_MODE_SCAN_ANY, /* progressive before interlaced */
	KMS_MODE_SCAN_PROGRESSIVE,
	KMS_MODE_SCAN_INTERLACED,
};

/* One alternative. */
struct kms_mode_wish {
	enum kms_mode_kind kind;
	uint32_t width;
	uint32_t height;
	uint32_t refresh_mhz; /* of fields, where it is interlaced; 0: any */
	enum kms_mode_scan scan;
	bool reduced; /* with reduced blanking alone */
	drmModeModeInfo modeline;
};

struct kms_mode_wishes {
	struct kms_mode_wish list[KMS_MODE_WISHES_MAX];
	size_t count; /* at least 1 once parsed */
	/*
	 * Set by who knows the connector, false once parsed: nobody says what the monitor can show
	 * (it is forced on, or has no EDID), so that a wanted size that is missing is made. Else it
	 * is only made where a rate was given too.
	 */
	bool blind;
};

/* `text` NULL is "preferred". False: `error` names the alternative that is none, and the forms that
 * there are. */
bool kms_mode_wishes_parse(const char *text, struct kms_mode_wishes *wishes, GError **error);

/*
 * The step-th mode to try, from 0: what fails is followed by the next step. In this order:
 * each alternative as far as the connector has it (a size without a rate at every rate, the
 * preferred one and then the fastest first), or made (see `blind`); the preferred mode; the others
 * that fit in the first size that was wanted, the largest first; all others. Where sizes tie,
 * progressive before interlaced. No mode comes twice. Where there is no mode at all those come that
 * every monitor has.
 *
 * `current` is what runs on the connector, or NULL. A mode that the connector does not have
 * (`type` has DRM_MODE_TYPE_USERDEF) may not suit the monitor. False after the last one.
 */
bool kms_mode_candidate(const struct kms_mode_wishes *wishes, const drmModeModeInfo *modes,
	size_t count, const drmModeModeInfo *current, size_t step, drmModeModeInfo *chosen);

#define KMS_MODE_FALLBACK_MAX 3

/* The modes that every monitor shows, the first one marked as preferred: returns how many. At most
 * `size`. */
size_t kms_mode_fallback(drmModeModeInfo *modes, size_t size);

/* Is it what this alternative asks for? Whatever it is, for "preferred" and "current". */
bool kms_mode_satisfies(const struct kms_mode_wish *wish, const drmModeModeInfo *mode);

/* Thousandths of a hertz; 0 for a mode that says nothing. Of fields, where it is interlaced. */
uint32_t kms_mode_refresh(const drmModeModeInfo *mode);

/* As the kernel compares them: timings, clock and flags, not names. */
bool kms_mode_equal(const drmModeModeInfo *a, const drmModeModeInfo *b);

/* The name is one that kms_mode_wishes_parse() takes: "1920x1080@59.94", "1920x1080i@60.00". */
void kms_mode_describe(const drmModeModeInfo *mode, struct kms_mode_info *info);

/* Sync pulses lie between picture and total, and there is a clock. */
bool kms_mode_is_sane(const drmModeModeInfo *mode);

/* Fills in what follows from the timings: name, vrefresh, and that it is no mode of the
 * connector's. */
void kms_mode_complete(drmModeModeInfo *mode);

#endif
