/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "property.h"

#include <errno.h>
#include <string.h>
#include <xf86drm.h>
#include <xf86drmMode.h>

/* What the first commit writes, so that nothing of the previous master stays. */
enum reset_rule {
	RESET_NEVER,
	RESET_TO_ZERO, /* no blob, false, the first enum value */
	RESET_TO_MAX, /* the kernel's own default of "max bpc" and "alpha" */
	RESET_TO_ENUM, /* the value that bears the name */
	RESET_TO_ROTATE_0,
};

struct property_row {
	const char *name;
	enum reset_rule rule;
	const char *enum_name;
};

static const struct property_row connector_rows[KMS_CONNECTOR_PROPERTIES] = {
	[KMS_CONNECTOR_CRTC_ID] = {"CRTC_ID", RESET_NEVER},
	[KMS_CONNECTOR_EDID] = {"EDID", RESET_NEVER},
	[KMS_CONNECTOR_NON_DESKTOP] = {"non-desktop", RESET_NEVER},
	/* BAD asks for a mode set with GOOD; GOOD over GOOD is no change. */
	[KMS_CONNECTOR_LINK_STATUS] = {"link-status", RESET_TO_ENUM, "Good"},
	[KMS_CONNECTOR_MAX_BPC] = {"max bpc", RESET_TO_MAX},
	[KMS_CONNECTOR_HDR_OUTPUT_METADATA] = {"HDR_OUTPUT_METADATA", RESET_TO_ZERO},
	[KMS_CONNECTOR_COLORSPACE] = {"Colorspace", RESET_TO_ENUM, "Default"},
	[KMS_CONNECTOR_CONTENT_PROTECTION] = {"Content Protection", RESET_TO_ENUM, "Undesired"},
	[KMS_CONNECTOR_CONTENT_TYPE] = {"content type", RESET_TO_ENUM, "No Data"},
	[KMS_CONNECTOR_BROADCAST_RGB] = {"Broadcast RGB", RESET_TO_ENUM, "Automatic"},
	[KMS_CONNECTOR_UNDERSCAN] = {"underscan", RESET_TO_ENUM, "off"},
	[KMS_CONNECTOR_UNDERSCAN_X] = {"underscan hborder", RESET_TO_ZERO},
	[KMS_CONNECTOR_UNDERSCAN_Y] = {"underscan vborder", RESET_TO_ZERO},
	/* Each driver has a default of its own. */
	[KMS_CONNECTOR_SCALING_MODE] = {"scaling mode", RESET_NEVER},
	/* Their defaults are those of the kernel's command line (video=). */
	[KMS_CONNECTOR_MARGIN_LEFT] = {"left margin", RESET_NEVER},
	[KMS_CONNECTOR_MARGIN_RIGHT] = {"right margin", RESET_NEVER},
	[KMS_CONNECTOR_MARGIN_TOP] = {"top margin", RESET_NEVER},
	[KMS_CONNECTOR_MARGIN_BOTTOM] = {"bottom margin", RESET_NEVER},
	[KMS_CONNECTOR_VRR_CAPABLE] = {"vrr_capable", RESET_NEVER},
	[KMS_CONNECTOR_TILE] = {"TILE", RESET_NEVER},
	[KMS_CONNECTOR_PANEL_ORIENTATION] = {"panel orientation", RESET_NEVER},
};

static const struct property_row crtc_rows[KMS_CRTC_PROPERTIES] = {
	[KMS_CRTC_ACTIVE] = {"ACTIVE", RESET_NEVER},
	[KMS_CRTC_MODE_ID] = {"MODE_ID", RESET_NEVER},
	[KMS_CRTC_GAMMA_LUT] = {"GAMMA_LUT", RESET_TO_ZERO},
	[KMS_CRTC_DEGAMMA_LUT] = {"DEGAMMA_LUT", RESET_TO_ZERO},
	[KMS_CRTC_CTM] = {"CTM", RESET_TO_ZERO},
	[KMS_CRTC_VRR_ENABLED] = {"VRR_ENABLED", RESET_TO_ZERO},
	[KMS_CRTC_SCALING_FILTER] = {"SCALING_FILTER", RESET_TO_ENUM, "Default"},
};

static const struct property_row plane_rows[KMS_PLANE_PROPERTIES] = {
	[KMS_PLANE_TYPE] = {"type", RESET_NEVER},
	[KMS_PLANE_FB_ID] = {"FB_ID", RESET_NEVER},
	[KMS_PLANE_CRTC_ID] = {"CRTC_ID", RESET_NEVER},
	[KMS_PLANE_SRC_X] = {"SRC_X", RESET_NEVER},
	[KMS_PLANE_SRC_Y] = {"SRC_Y", RESET_NEVER},
	[KMS_PLANE_SRC_W] = {"SRC_W", RESET_NEVER},
	[KMS_PLANE_SRC_H] = {"SRC_H", RESET_NEVER},
	[KMS_PLANE_CRTC_X] = {"CRTC_X", RESET_NEVER},
	[KMS_PLANE_CRTC_Y] = {"CRTC_Y", RESET_NEVER},
	[KMS_PLANE_CRTC_W] = {"CRTC_W", RESET_NEVER},
	[KMS_PLANE_CRTC_H] = {"CRTC_H", RESET_NEVER},
	[KMS_PLANE_IN_FORMATS] = {"IN_FORMATS", RESET_NEVER},
	[KMS_PLANE_ROTATION] = {"rotation", RESET_TO_ROTATE_0},
	[KMS_PLANE_ALPHA] = {"alpha", RESET_TO_MAX},
	[KMS_PLANE_BLEND_MODE] = {"pixel blend mode", RESET_TO_ENUM, "Pre-multiplied"},
	/* What its default is depends on the plane's use: state.c sets it. */
	[KMS_PLANE_ZPOS] = {"zpos", RESET_NEVER},
	[KMS_PLANE_SCALING_FILTER] = {"SCALING_FILTER", RESET_TO_ENUM, "Default"},
	[KMS_PLANE_FB_DAMAGE_CLIPS] = {"FB_DAMAGE_CLIPS", RESET_NEVER},
	[KMS_PLANE_HOTSPOT_X] = {"HOTSPOT_X", RESET_NEVER},
	[KMS_PLANE_HOTSPOT_Y] = {"HOTSPOT_Y", RESET_NEVER},
	[KMS_PLANE_IN_FENCE_FD] = {"IN_FENCE_FD", RESET_NEVER},
};

struct meaning {
	int row; /* index into the object type's table, or -1: a property that we do not use */
	uint64_t reset;
	bool resets;
	uint64_t minimum;
	uint64_t maximum;
	uint64_t bits;
	uint8_t blends[KMS_BLENDS];
	struct drm_mode_property_enum *enums; /* owned */
	size_t enum_count;
};

struct kms_property_cache {
	/* Property id → struct meaning, one table for each kind of object: connectors and planes
	 * have the same CRTC_ID. */
	GHashTable *connector_meanings;
	GHashTable *crtc_meanings;
	GHashTable *plane_meanings;
};

static void meaning_free(gpointer data)
{
	struct meaning *meaning = data;

	g_free(meaning->enums);
	g_free(meaning);
}

struct kms_property_cache *kms_property_cache_create(void)
{
	struct kms_property_cache *cache = g_new0(struct kms_property_cache, 1);

	cache->connector_meanings = g_hash_table_new_full(NULL, NULL, NULL, meaning_free);
	cache->crtc_meanings = g_hash_table_new_full(NULL, NULL, NULL, meaning_free);
	cache->plane_meanings = g_hash_table_new_full(NULL, NULL, NULL, meaning_free);
	return cache;
}

void kms_property_cache_destroy(struct kms_property_cache *cache)
{
	if (!cache)
		return;
	g_hash_table_destroy(cache->connector_meanings);
	g_hash_table_destroy(cache->crtc_meanings);
	g_hash_table_destroy(cache->plane_meanings);
	g_free(cache);
}

static const struct property_row *table_of(struct kms_property_cache *cache, uint32_t object_type,
	int *rows, GHashTable **meanings)
{
	switch (object_type) {
	case DRM_MODE_OBJECT_CONNECTOR:
		*rows = KMS_CONNECTOR_PROPERTIES;
		*meanings = cache->connector_meanings;
		return connector_rows;
	case DRM_MODE_OBJECT_CRTC:
		*rows = KMS_CRTC_PROPERTIES;
		*meanings = cache->crtc_meanings;
		return crtc_rows;
	default:
		*rows = KMS_PLANE_PROPERTIES;
		*meanings = cache->plane_meanings;
		return plane_rows;
	}
}

static void find_blends(struct meaning *meaning, const drmModePropertyRes *property)
{
	static const char *const names[KMS_BLENDS] = {
		[KMS_BLEND_PREMULTIPLIED] = "Pre-multiplied",
		[KMS_BLEND_NONE] = "None",
		[KMS_BLEND_COVERAGE] = "Coverage",
	};

	for (int i = 0; i < property->count_enums; i++) {
		for (size_t blend = 0; blend < KMS_BLENDS; blend++) {
			if (strcmp(property->enums[i].name, names[blend]) == 0)
				meaning->blends[blend] = (uint8_t)(property->enums[i].value + 1);
		}
	}
}

static void find_reset(struct meaning *meaning, const struct property_row *row,
	const drmModePropertyRes *property)
{
	if (property->flags & DRM_MODE_PROP_IMMUTABLE)
		return;
	if (property->flags & DRM_MODE_PROP_RANGE && property->count_values == 2) {
		meaning->minimum = property->values[0];
		meaning->maximum = property->values[1];
	}
	if (property->flags & DRM_MODE_PROP_BITMASK) {
		for (int i = 0; i < property->count_enums; i++)
			meaning->bits |= UINT64_C(1) << (property->enums[i].value & 63);
	}
	switch (row->rule) {
	case RESET_NEVER:
		break;
	case RESET_TO_ZERO:
		meaning->resets = true;
		break;
	case RESET_TO_ROTATE_0:
		meaning->reset = DRM_MODE_ROTATE_0;
		meaning->resets = true;
		break;
	case RESET_TO_MAX:
		if (property->count_values == 2) {
			meaning->reset = property->values[1];
			meaning->resets = true;
		}
		break;
	case RESET_TO_ENUM:
		for (int i = 0; i < property->count_enums; i++) {
			if (strcmp(property->enums[i].name, row->enum_name) == 0) {
				meaning->reset = property->enums[i].value;
				meaning->resets = true;
			}
		}
		break;
	}
}

static void keep_enums(struct meaning *meaning, const drmModePropertyRes *property)
{
	if (!(property->flags & DRM_MODE_PROP_ENUM) || property->count_enums <= 0)
		return;
	meaning->enum_count = (size_t)property->count_enums;
	meaning->enums = g_memdup2(property->enums, meaning->enum_count * sizeof(*meaning->enums));
	for (size_t i = 0; i < meaning->enum_count; i++)
		meaning->enums[i].name[DRM_PROP_NAME_LEN - 1] = '\0';
}

static struct meaning *learn(int fd, struct kms_property_cache *cache, uint32_t object_type,
	uint32_t id)
{
	const struct property_row *table;
	drmModePropertyRes *property;
	struct meaning *meaning;
	GHashTable *meanings;
	int rows;

	table = table_of(cache, object_type, &rows, &meanings);
	meaning = g_hash_table_lookup(meanings, GUINT_TO_POINTER(id));
	if (meaning)
		return meaning;
	property = drmModeGetProperty(fd, id);
	if (!property)
		return NULL;

	meaning = g_new0(struct meaning, 1);
	meaning->row = -1;
	for (int row = 0; row < rows; row++) {
		if (strcmp(property->name, table[row].name) == 0) {
			meaning->row = row;
			keep_enums(meaning, property);
			find_reset(meaning, &table[row], property);
			if (table == plane_rows && row == KMS_PLANE_BLEND_MODE)
				find_blends(meaning, property);
			break;
		}
	}
	g_hash_table_insert(meanings, GUINT_TO_POINTER(id), meaning);
	drmModeFreeProperty(property);
	return meaning;
}

int kms_property_read(int fd, struct kms_property_cache *cache, uint32_t object_type,
	uint32_t object, struct kms_property *properties)
{
	drmModeObjectProperties *read = drmModeObjectGetProperties(fd, object, object_type);

	int error = 0;

	if (!read)
		return errno ? errno : EIO;
	/* All or nothing: who lacks one would seem to be an object without it. */
	for (uint32_t i = 0; i < read->count_props && !error; i++) {
		errno = 0;
		if (!learn(fd, cache, object_type, read->props[i]))
			error = errno ? errno : EIO;
	}
	for (uint32_t i = 0; i < read->count_props && !error; i++) {
		const struct meaning *meaning = learn(fd, cache, object_type, read->props[i]);

		if (meaning->row < 0)
			continue;
		properties[meaning->row] = (struct kms_property){
			.id = read->props[i],
			.value = read->prop_values[i],
			.reset = meaning->reset,
			.resets = meaning->resets,
			.minimum = meaning->minimum,
			.maximum = meaning->maximum,
			.bits = meaning->bits,
			.enums = meaning->enums,
			.enum_count = meaning->enum_count,
		};
		memcpy(properties[meaning->row].blends, meaning->blends, sizeof(meaning->blends));
	}
	drmModeFreeObjectProperties(read);
	return error;
}
