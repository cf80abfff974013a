/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a driver says of its planes and connectors, any bytes in its blobs: formats are read or
 * there are none, and what --list prints of them is lines that a terminal takes.
 *
 * Not reached: the search of /dev/dri for cards, which there is no double of.
 *
 * Covers: kms/in_formats.c kms/plane.c kms/list.c kms/property.c
 * Reaches: 87
 * Of each file: 79
 */
#include "in_formats.h"

#include <drm_fourcc.h>
#include <errno.h>
#include <glib.h>
#include <string.h>
#include <unistd.h>
#include <xf86drm.h>

#include "drm_double.h"
#include "edid_seal.h"
#include "fuzz.h"
#include "list.h"
#include "plane.h"

#define BLOB_MAX 1024
#define FORMATS_MAX 80
#define MODIFIERS_MAX 6
#define MODES_MAX 3

/* Right in all that a blob says of itself, and with any formats in its sets. */
static size_t make_in_formats(struct fuzz *fuzz, uint8_t *bytes)
{
	struct drm_format_modifier_blob head = {.version = FORMAT_BLOB_CURRENT};
	uint32_t formats[FORMATS_MAX] = {0};
	struct drm_format_modifier modifiers[MODIFIERS_MAX] = {0};

	head.count_formats = fuzz_pick(fuzz, FORMATS_MAX + 1);
	head.count_modifiers = fuzz_pick(fuzz, MODIFIERS_MAX + 1);
	head.formats_offset = sizeof(head);
	head.modifiers_offset = (uint32_t)(sizeof(head) + head.count_formats * sizeof(*formats));
	for (uint32_t i = 0; i < head.count_formats; i++)
		formats[i] = i == 0 ? fuzz_u32(fuzz) : DRM_FORMAT_XRGB8888 + i;
	for (uint32_t i = 0; i < head.count_modifiers; i++) {
		modifiers[i].modifier = fuzz_u8(fuzz) & 1 ? fuzz_u64(fuzz) : i;
		modifiers[i].formats = fuzz_u64(fuzz);
		modifiers[i].offset = fuzz_odd(fuzz) % 128;
	}
	memcpy(bytes, &head, sizeof(head));
	memcpy(bytes + head.formats_offset, formats, head.count_formats * sizeof(*formats));
	memcpy(bytes + head.modifiers_offset, modifiers, head.count_modifiers * sizeof(*modifiers));
	return head.modifiers_offset + head.count_modifiers * sizeof(*modifiers);
}

/* Some of its numbers are wrong, or its end is missing, or it is any bytes. */
static size_t make_blob(struct fuzz *fuzz, uint8_t *bytes)
{
	uint8_t how = fuzz_u8(fuzz);
	size_t size;

	if (how & 1) {
		size = fuzz_pick(fuzz, BLOB_MAX);
		fuzz_copy(fuzz, bytes, size);
		return size;
	}
	size = make_in_formats(fuzz, bytes);
	for (unsigned int wrong = how >> 6; wrong > 0; wrong--) {
		uint32_t value = fuzz_odd(fuzz);

		memcpy(bytes + fuzz_pick(fuzz, 6) * sizeof(value), &value, sizeof(value));
	}
	return how & 2 ? fuzz_pick(fuzz, (uint32_t)size + 1) : size;
}

static void check_crtc(int fd)
{
	struct kms_property properties[KMS_CRTC_PROPERTIES] = {0};
	struct kms_property_cache *cache = kms_property_cache_create();

	g_assert(kms_property_read(fd, cache, DRM_MODE_OBJECT_CRTC, DOUBLE_CRTC(0), properties) ==
		0);
	g_assert(properties[KMS_CRTC_ACTIVE].id && properties[KMS_CRTC_MODE_ID].id);
	g_assert(kms_property_read(fd, cache, DRM_MODE_OBJECT_CRTC, DOUBLE_PRIMARY(0),
			 properties) == ENOENT);
	kms_property_cache_destroy(cache);
}

static void check_plane(int fd)
{
	static const uint32_t listed[] = {DRM_FORMAT_RGB565};
	struct kms_plane plane = {.id = DOUBLE_PRIMARY(0)};
	struct kms_property_cache *cache = kms_property_cache_create();

	g_assert(kms_property_read(fd, cache, DRM_MODE_OBJECT_PLANE, plane.id, plane.properties) ==
		0);
	kms_plane_read_formats(&plane, fd, listed, G_N_ELEMENTS(listed));
	g_assert(plane.format_count > 0);
	for (size_t i = 0; i < plane.format_count; i++) {
		const struct kms_plane_format *format = &plane.formats[i];

		g_assert(kms_plane_takes(&plane, format->fourcc, KMS_MODIFIER_INVALID));
		g_assert(kms_plane_takes(&plane, format->fourcc, format->modifier));
	}
	kms_plane_takes(&plane, DRM_FORMAT_NV12, DOUBLE_TILED);
	g_assert(kms_plane_turns(&plane, KMS_ROTATE_0));
	for (uint32_t transform = 1; transform < 64; transform++) {
		uint32_t said = kms_plane_rotation(&plane, transform);

		g_assert(!(said & ~plane.properties[KMS_PLANE_ROTATION].bits) ||
			said == KMS_ROTATE_0 || !plane.properties[KMS_PLANE_ROTATION].bits);
	}
	for (int blend = 0; blend < 6; blend++) {
		enum kms_blend mode = (enum kms_blend)(blend / 2);

		g_assert(kms_plane_blends(&plane, DRM_FORMAT_XRGB8888, mode, false));
		kms_plane_blends(&plane, DRM_FORMAT_ARGB8888, mode, blend & 1);
	}
	kms_plane_finish(&plane);
	kms_property_cache_destroy(cache);
}

static void check_list(int fd)
{
	g_autoptr(GString) text = g_string_new(NULL);

	kms_list_parts(text, fd);
	g_assert(text->len > 0 && text->str[text->len - 1] == '\n');
	g_assert(strlen(text->str) == text->len);
	g_assert(g_utf8_validate(text->str, -1, NULL));
	for (const char *at = text->str; *at; at++)
		g_assert(*at == '\n' || !g_ascii_iscntrl(*at));
}

/* Modes as the kernel has them: any name, any timing. */
static void set_modes(struct fuzz *fuzz, drmModeModeInfo *modes)
{
	double_card.modes = modes;
	double_card.mode_count = 1 + fuzz_pick(fuzz, MODES_MAX);
	for (size_t i = 0; i < double_card.mode_count; i++) {
		modes[i].hdisplay = fuzz_u16(fuzz);
		modes[i].vdisplay = fuzz_u16(fuzz);
		modes[i].clock = fuzz_odd(fuzz);
		modes[i].htotal = fuzz_u16(fuzz);
		modes[i].vtotal = fuzz_u16(fuzz);
		modes[i].flags = fuzz_u32(fuzz);
		modes[i].vscan = fuzz_u8(fuzz);
		modes[i].type = fuzz_u8(fuzz);
		fuzz_copy(fuzz, modes[i].name, sizeof(modes[i].name));
	}
}

static void set_card(struct fuzz *fuzz, drmModeModeInfo *modes)
{
	uint8_t how = fuzz_u8(fuzz);

	double_card.crtcs = 1 + (how & 1);
	double_card.connector_type = fuzz_u8(fuzz) % 24;
	double_card.connected[0] = how & 2;
	double_card.undetected[0] = how & 4;
	double_card.rotation = how & 8;
	double_card.zpos = how & 16;
	if (how & 32)
		set_modes(fuzz, modes);
	double_card.overlay_planes = how & 1;
	double_card.shared_overlays = how >> 7;
	double_card.zpos_fixed = how & 8;
	double_card.blend_modes = how & 32;
	double_card.panels = how & 16;
	double_card.panel_orientation = how >> 2;
	double_card.settings = how & 2;
	double_card.vrr = how & 8;
	/* The card is made as it is now. */
	if (how & 64)
		double_light(0);
}

/* Twice, where there are two: the same one, or the parts of one. */
static void set_monitor(struct fuzz *fuzz)
{
	char tile[] = "1:1:2:1:0:0:1920:2160";
	uint8_t edid[128];

	fuzz_copy(fuzz, edid, sizeof(edid));
	edid_seal_base(edid);
	double_set_edid(0, edid, sizeof(edid));
	double_set_edid(double_card.crtcs - 1, edid, sizeof(edid));
	for (unsigned int i = 0; i < double_card.crtcs && fuzz->size > 0; i++) {
		tile[fuzz_pick(fuzz, sizeof(tile) - 1)] = (char)fuzz_u8(fuzz);
		double_set_tile(i, tile, sizeof(tile));
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz fuzz = {data, size};
	drmModeModeInfo modes[MODES_MAX] = {0};
	uint8_t *blob = g_malloc(MAX(BLOB_MAX,
		sizeof(struct drm_format_modifier_blob) + FORMATS_MAX * sizeof(uint32_t) +
			MODIFIERS_MAX * sizeof(struct drm_format_modifier)));
	int fd;

	double_reset();
	set_card(&fuzz, modes);
	double_set_in_formats(DOUBLE_PRIMARY(0), blob, make_blob(&fuzz, blob));
	fd = double_open();
	if (fuzz.size > 0)
		set_monitor(&fuzz);
	drmSetClientCap(fd, DRM_CLIENT_CAP_ATOMIC, 1);
	drmSetClientCap(fd, DRM_CLIENT_CAP_UNIVERSAL_PLANES, 1);
	check_plane(fd);
	check_crtc(fd);
	if (fuzz.size > 0)
		double_fail(fuzz_u8(&fuzz) & 1 ? DOUBLE_GET_RESOURCES : DOUBLE_GET_CONNECTOR, EIO,
			fuzz_pick(&fuzz, 3), 1);
	check_list(fd);
	close(fd);
	g_free(blob);
	g_assert(!double_faults());
	return 0;
}
