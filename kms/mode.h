/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Modes: what a configuration may say ("preferred", "current", "1920x1080", "1920x1080@59.94" or a
 * modeline), and which of a connector's modes that is. Modes come from the kernel or from a
 * modeline, never from parsing an EDID. Pure functions, used by modeset.c and list.c.
 */
#ifndef KMS_MODE_H
#define KMS_MODE_H

#include <kms.h>
#include <xf86drmMode.h>

enum kms_mode_kind {
	KMS_MODE_PREFERRED,
	KMS_MODE_CURRENT,
	KMS_MODE_SIZE, /* with or without a refresh rate */
	KMS_MODE_MODELINE,
};

struct kms_mode_wish {
	enum kms_mode_kind kind;
	uint32_t width;
	uint32_t height;
	uint32_t refresh_mhz; /* 0: any, the fastest */
	drmModeModeInfo modeline;
};

/* `text` NULL is "preferred". False: `error` says which forms there are. */
bool kms_mode_parse(const char *text, struct kms_mode_wish *wish, GError **error);

/*
 * Picks from the connector's modes. `current` is what runs on it, or NULL. False where there is
 * no such mode: `error` names those that are there. `name` is the connector's, for the message.
 */
bool kms_mode_choose(const struct kms_mode_wish *wish, const drmModeModeInfo *modes, size_t count,
	const drmModeModeInfo *current, const char *name, drmModeModeInfo *chosen, GError **error);

/* Thousandths of a hertz; 0 for a mode that says nothing. */
uint32_t kms_mode_refresh(const drmModeModeInfo *mode);

/* As the kernel compares them: timings, clock and flags, not names. */
bool kms_mode_equal(const drmModeModeInfo *a, const drmModeModeInfo *b);

void kms_mode_describe(const drmModeModeInfo *mode, struct kms_mode_info *info);

#endif
