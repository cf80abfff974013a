/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * KMS properties: looked up once by the tables in property.c, used as numbers ever after. Owns what
 * a property's default is, for the first commit, which undoes what a previous master left behind.
 * Used by every file of kms/ that reads or builds state; device.c keeps the lookup's memory.
 */
#ifndef KMS_PROPERTY_H
#define KMS_PROPERTY_H

#include <glib.h>
#include <kms.h>
#include <stdbool.h>
#include <stdint.h>

struct drm_mode_property_enum;

enum kms_connector_property {
	KMS_CONNECTOR_CRTC_ID,
	KMS_CONNECTOR_EDID,
	KMS_CONNECTOR_NON_DESKTOP,
	KMS_CONNECTOR_LINK_STATUS,
	KMS_CONNECTOR_MAX_BPC,
	KMS_CONNECTOR_HDR_OUTPUT_METADATA,
	KMS_CONNECTOR_COLORSPACE,
	KMS_CONNECTOR_CONTENT_PROTECTION,
	KMS_CONNECTOR_CONTENT_TYPE,
	KMS_CONNECTOR_BROADCAST_RGB,
	KMS_CONNECTOR_UNDERSCAN,
	KMS_CONNECTOR_UNDERSCAN_X,
	KMS_CONNECTOR_UNDERSCAN_Y,
	KMS_CONNECTOR_SCALING_MODE,
	KMS_CONNECTOR_MARGIN_LEFT,
	KMS_CONNECTOR_MARGIN_RIGHT,
	KMS_CONNECTOR_MARGIN_TOP,
	KMS_CONNECTOR_MARGIN_BOTTOM,
	KMS_CONNECTOR_VRR_CAPABLE,
	KMS_CONNECTOR_TILE,
	KMS_CONNECTOR_PANEL_ORIENTATION,
	KMS_CONNECTOR_PROPERTIES,
};

enum kms_crtc_property {
	KMS_CRTC_ACTIVE,
	KMS_CRTC_MODE_ID,
	KMS_CRTC_GAMMA_LUT,
	KMS_CRTC_DEGAMMA_LUT,
	KMS_CRTC_CTM,
	KMS_CRTC_VRR_ENABLED,
	KMS_CRTC_SCALING_FILTER,
	KMS_CRTC_PROPERTIES,
};

enum kms_plane_property {
	KMS_PLANE_TYPE,
	KMS_PLANE_FB_ID,
	KMS_PLANE_CRTC_ID,
	KMS_PLANE_SRC_X,
	KMS_PLANE_SRC_Y,
	KMS_PLANE_SRC_W,
	KMS_PLANE_SRC_H,
	KMS_PLANE_CRTC_X,
	KMS_PLANE_CRTC_Y,
	KMS_PLANE_CRTC_W,
	KMS_PLANE_CRTC_H,
	KMS_PLANE_IN_FORMATS,
	KMS_PLANE_ROTATION,
	KMS_PLANE_ALPHA,
	KMS_PLANE_BLEND_MODE,
	KMS_PLANE_ZPOS,
	KMS_PLANE_SCALING_FILTER,
	KMS_PLANE_FB_DAMAGE_CLIPS,
	KMS_PLANE_HOTSPOT_X,
	KMS_PLANE_HOTSPOT_Y,
	KMS_PLANE_IN_FENCE_FD,
	KMS_PLANE_PROPERTIES,
};

struct kms_property {
	uint32_t id; /* 0: the object has no such property */
	uint64_t value; /* as last read; signed ones as the kernel passes them */
	uint64_t reset; /* its default, where `resets` */
	bool resets; /* a master can leak it, and we know its default */
	uint64_t minimum; /* of a range */
	uint64_t maximum; /* of a range that may be set; else 0 */
	uint64_t bits; /* of a bitmask: all that the driver knows; 0: not said */
	/* Of "pixel blend mode": what each enum kms_blend is for the driver, plus 1; 0: unknown to
	 * it. */
	uint8_t blends[KMS_BLENDS];
	/* Of an enumeration: the driver's names and numbers. They belong to the cache. */
	const struct drm_mode_property_enum *enums;
	size_t enum_count;
};

/* What a property id means, learnt once for all objects of a card that share it. */
struct kms_property_cache;

struct kms_property_cache *kms_property_cache_create(void);
void kms_property_cache_destroy(struct kms_property_cache *cache);

/*
 * Reads ids and values of one object's properties; `object_type` is DRM_MODE_OBJECT_*, and
 * `properties` an array of that type's enum above. Returns 0, or an errno and leaves them as they
 * are.
 */
int kms_property_read(int fd, struct kms_property_cache *cache, uint32_t object_type,
	uint32_t object, struct kms_property *properties);

#endif
