/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a connector can be asked beyond a mode: the keys of [output NAME] of these names, and in
 * kms/ the connector's properties. Part of kms.h: the configuration reads the words here, kms/ says
 * them again where a connector lacks one. Values without a key stay at the connector's default.
 */
#ifndef SCANOUTD_KMS_SETTINGS_H
#define SCANOUTD_KMS_SETTINGS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

enum kms_setting {
	KMS_SETTING_VRR, /* enum kms_vrr; the CRTC must have it, too */
	KMS_SETTING_MAX_BPC, /* bits a colour that the link may use at most */
	KMS_SETTING_CONTENT_TYPE, /* what the monitor is told that it shows (HDMI) */
	KMS_SETTING_BROADCAST_RGB, /* the range of values that black to white take (HDMI) */
	KMS_SETTING_SCALING_MODE, /* how the hardware scales a mode that is not the panel's own */
	KMS_SETTING_UNDERSCAN, /* a smaller picture, for televisions that cut the edges off */
	KMS_SETTING_UNDERSCAN_BORDER, /* … by so many pixels at left and right, top and bottom */
	KMS_SETTING_MARGINS, /* left, right, top, bottom, as the driver counts them */
	KMS_SETTINGS,
};

#define KMS_SETTING_VALUES_MAX 4

/* Variable refresh rate: a frame is shown when it comes, within what the monitor can, and the next
 * vblank is as late as that. */
enum kms_vrr {
	KMS_VRR_OFF,
	KMS_VRR_AUTO, /* while frames come one after the other */
	KMS_VRR_ALWAYS,
};

/* What a person can write for one of them: one of the words, or so many numbers with commas
 * between. */
struct kms_setting_kind {
	const char *name;
	const char *const *words; /* up to a NULL; their index is the value. NULL: numbers */
	uint8_t count; /* of values */
	uint8_t minimum; /* of each number */
	uint8_t maximum;
};

/* Zeroed, nothing is asked. */
struct kms_settings {
	uint32_t given; /* bit n: the setting n is */
	uint8_t values[KMS_SETTINGS][KMS_SETTING_VALUES_MAX]; /* 0 where there is none */
};

static inline const struct kms_setting_kind *kms_setting_kind(enum kms_setting setting)
{
	static const char *const content_types[] = {"no-data", "graphics", "photo", "cinema",
		"game", NULL};
	static const char *const ranges[] = {"auto", "full", "limited", NULL};
	static const char *const scaling_modes[] = {"none", "full", "center", "full-aspect", NULL};
	static const char *const underscans[] = {"off", "on", "auto", NULL};
	static const char *const vrrs[] = {"off", "auto", "always", NULL};
	static const struct kms_setting_kind kinds[KMS_SETTINGS] = {
		[KMS_SETTING_VRR] = {"vrr", vrrs, 1, 0, 0},
		[KMS_SETTING_MAX_BPC] = {"max-bpc", NULL, 1, 6, 16},
		[KMS_SETTING_CONTENT_TYPE] = {"content-type", content_types, 1, 0, 0},
		[KMS_SETTING_BROADCAST_RGB] = {"broadcast-rgb", ranges, 1, 0, 0},
		[KMS_SETTING_SCALING_MODE] = {"scaling-mode", scaling_modes, 1, 0, 0},
		[KMS_SETTING_UNDERSCAN] = {"underscan", underscans, 1, 0, 0},
		[KMS_SETTING_UNDERSCAN_BORDER] = {"underscan-border", NULL, 2, 0, 128},
		[KMS_SETTING_MARGINS] = {"margins", NULL, 4, 0, 100},
	};

	return &kinds[setting];
}

static inline bool kms_settings_equal(const struct kms_settings *a, const struct kms_settings *b)
{
	for (size_t i = 0; i < KMS_SETTINGS; i++) {
		if ((a->given >> i & 1) &&
			memcmp(a->values[i], b->values[i], sizeof(a->values[i])) != 0)
			return false;
	}
	return a->given == b->given;
}

#endif
