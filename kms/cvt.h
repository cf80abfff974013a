/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Modes made by rule, for a monitor that does not say what it can show: by CTA-861 and VESA DMT
 * where they have the size and rate (televisions take nothing else), else by VESA CVT, computed by
 * libxcvt. Only the timings: the rest of a mode is mode.c's. Pure functions, used by
 * mode_candidate.c.
 */
#ifndef KMS_CVT_H
#define KMS_CVT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <xf86drmMode.h>

enum kms_cvt_blanking {
	KMS_CVT_BLANKING_ANY, /* a standard's timing, else reduced where the rate allows */
	KMS_CVT_BLANKING_REDUCED,
};

/*
 * `refresh_mhz`: thousandths of a hertz, of fields, where `interlaced`; 0: the size's usual one, 60
 * Hz for most. False where the numbers make no mode: CVT 1.1 knows reduced blanking for multiples
 * of 60 Hz alone, and never interlaced.
 */
bool kms_cvt_make(uint32_t width, uint32_t height, uint32_t refresh_mhz, bool interlaced,
	enum kms_cvt_blanking blanking, drmModeModeInfo *mode);

/* The n-th of the modes that every monitor shows, the best first; NULL after the last one. */
const drmModeModeInfo *kms_cvt_fallback(size_t n);

#endif
