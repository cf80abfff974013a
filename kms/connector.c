/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "connector.h"

#include "mode.h"

#include <kms.h>
#include <string.h>
#include <xf86drm.h>

#define EDID_BLOCK 128

void kms_connector_finish(struct kms_connector *connector)
{
	g_clear_pointer(&connector->modes, g_free);
	g_clear_pointer(&connector->edid, g_free);
	g_clear_pointer(&connector->monitor, g_free);
	connector->mode_count = 0;
	connector->edid_size = 0;
	connector->edid_missing = false;
}

void kms_connector_make_name(const drmModeConnector *probed, const char *card, char *name,
	size_t size)
{
	const char *type = drmModeGetConnectorTypeName(probed->connector_type);

	g_snprintf(name, size, "%s%s%s-%u", card ? card : "", card ? ":" : "",
		type ? type : "Unknown", probed->connector_type_id);
}

/* ---- the EDID ---- */

/*
 * Whose monitors have an EDID that the kernel reads. A panel's timings are the driver's own
 * knowledge, a television's at an analogue socket are the standard's, and a virtual monitor's are
 * whatever is wished.
 */
enum edid_habit { EDID_ALWAYS, EDID_AT_WILL, EDID_NEVER };

static enum edid_habit edid_habit(uint32_t type)
{
	switch (type) {
	case DRM_MODE_CONNECTOR_VGA:
	case DRM_MODE_CONNECTOR_DVII:
	case DRM_MODE_CONNECTOR_DVID:
	case DRM_MODE_CONNECTOR_DVIA:
	case DRM_MODE_CONNECTOR_DisplayPort:
	case DRM_MODE_CONNECTOR_HDMIA:
	case DRM_MODE_CONNECTOR_HDMIB:
		return EDID_ALWAYS;
	case DRM_MODE_CONNECTOR_VIRTUAL:
	case DRM_MODE_CONNECTOR_Unknown:
		return EDID_AT_WILL;
	default:
		return EDID_NEVER;
	}
}

/* The base block alone: Linux takes extensions with a wrong checksum too. */
static bool is_sound(const uint8_t *edid, size_t size)
{
	static const uint8_t header[] = {0x00, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x00};
	uint8_t sum = 0;

	if (size < EDID_BLOCK || memcmp(edid, header, sizeof(header)) != 0)
		return false;
	for (size_t i = 0; i < EDID_BLOCK; i++)
		sum = (uint8_t)(sum + edid[i]);
	return sum == 0;
}

/*
 * What a person can write: printable, words with one blank between. Brackets, semicolons and
 * backslashes have a meaning of their own in configurations. NULL where nothing is left.
 */
static char *legible(const uint8_t *bytes, size_t size)
{
	GString *text = g_string_new(NULL);
	bool blank = false;

	for (size_t i = 0; i < size; i++) {
		char c = (char)bytes[i];

		if (!g_ascii_isgraph(c)) {
			blank = true;
			continue;
		}
		if (blank && text->len)
			g_string_append_c(text, ' ');
		blank = false;
		g_string_append_c(text, strchr("[];\\", c) ? '-' : c);
	}
	return g_string_free(text, text->len == 0);
}

/* The text of a display descriptor (EDID 1.4, 3.10.3): 13 bytes, ended by a line feed. Some end it
 * by zeros. */
static char *descriptor_text(const uint8_t *edid, uint8_t tag)
{
	for (size_t at = 54; at <= 108; at += 18) {
		const uint8_t *descriptor = edid + at;
		size_t length = 0;

		if (descriptor[0] != 0 || descriptor[1] != 0 || descriptor[3] != tag)
			continue;
		while (length < 13 && descriptor[5 + length] != '\n' && descriptor[5 + length])
			length++;
		return legible(descriptor + 5, length);
	}
	return NULL;
}

/* By it a monitor is named whatever socket it is in: see kms_output_monitor(). */
static char *monitor_name(const uint8_t *edid)
{
	unsigned int make = (unsigned int)edid[8] << 8 | edid[9];
	const uint8_t letters[] = {(uint8_t)('@' + (make >> 10 & 31)),
		(uint8_t)('@' + (make >> 5 & 31)), (uint8_t)('@' + (make & 31))};
	g_autofree char *maker = legible(letters, sizeof(letters));
	g_autofree char *model = descriptor_text(edid, 0xfc);
	g_autofree char *serial = descriptor_text(edid, 0xff);

	if (!model)
		model = g_strdup_printf("0x%04X", (unsigned int)edid[11] << 8 | edid[10]);
	if (!serial)
		serial = g_strdup_printf("0x%08X",
			(unsigned int)edid[15] << 24 | (unsigned int)edid[14] << 16 |
				(unsigned int)edid[13] << 8 | edid[12]);
	/* The last word, so that what is before it is make and model. */
	g_strdelimit(serial, " ", '-');
	return g_strdup_printf("%s %s %s", maker, model, serial);
}

/* Display range limits (EDID 1.4, 3.10.3.3): byte 5 the lowest vertical rate, which is 255 more
 * where the two lowest bits of byte 4 are set. */
static uint32_t slowest_rate(const uint8_t *edid)
{
	for (size_t at = 54; at <= 108; at += 18) {
		const uint8_t *descriptor = edid + at;

		if (descriptor[0] == 0 && descriptor[1] == 0 && descriptor[3] == 0xfd)
			return descriptor[5] + ((descriptor[4] & 3) == 3 ? 255u : 0u);
	}
	return 0;
}

static bool update_edid(struct kms_connector *connector, int fd)
{
	uint64_t id = connector->properties[KMS_CONNECTOR_EDID].value;
	drmModePropertyBlobRes *blob = NULL;
	bool changed;

	if (connector->connected && id)
		blob = drmModeGetPropertyBlob(fd, (uint32_t)id);
	changed = connector->edid_size != (blob ? blob->length : 0) ||
		(blob && blob->length && memcmp(connector->edid, blob->data, blob->length) != 0);
	if (changed) {
		g_clear_pointer(&connector->edid, g_free);
		g_clear_pointer(&connector->monitor, g_free);
		connector->edid_size = blob ? blob->length : 0;
		if (connector->edid_size)
			connector->edid = g_memdup2(blob->data, blob->length);
		connector->slowest_hz = 0;
		if (connector->edid && is_sound(connector->edid, connector->edid_size)) {
			connector->monitor = monitor_name(connector->edid);
			connector->slowest_hz = slowest_rate(connector->edid);
		}
	}
	if (blob)
		drmModeFreePropertyBlob(blob);
	connector->edid_missing = connector->detected && !connector->monitor &&
		edid_habit(connector->type) == EDID_ALWAYS;
	return changed;
}

bool kms_connector_is_blind(const struct kms_connector *connector)
{
	return (connector->connected && !connector->detected) ||
		(!connector->monitor && edid_habit(connector->type) != EDID_NEVER);
}

/* ---- a probe ---- */

/* Can it drive the whole monitor? Leaves the modes that do. */
static size_t update_tile(struct kms_connector *connector, int fd, const drmModeConnector *probed,
	drmModeModeInfo *modes)
{
	uint64_t id = connector->properties[KMS_CONNECTOR_TILE].value;
	drmModePropertyBlobRes *blob = NULL;
	size_t count = (size_t)MAX(probed->count_modes, 0);

	if (connector->detected && id)
		blob = drmModeGetPropertyBlob(fd, (uint32_t)id);
	connector->tile = kms_tile_parse(blob ? blob->data : NULL, blob ? blob->length : 0);
	if (blob)
		drmModeFreePropertyBlob(blob);
	count = kms_tile_choose_modes(&connector->tile, probed->modes, count, modes);
	connector->no_whole = kms_tile_is_part(&connector->tile) && count == 0;
	return count;
}

static bool set_modes(struct kms_connector *connector, const drmModeModeInfo *modes, size_t count)
{
	drmModeModeInfo fallback[KMS_MODE_FALLBACK_MAX];

	if (!connector->connected) {
		count = 0;
	} else if (!count && connector->forced) {
		count = kms_mode_fallback(fallback, G_N_ELEMENTS(fallback));
		modes = fallback;
	}
	if (count == connector->mode_count &&
		(!count || memcmp(connector->modes, modes, count * sizeof(*modes)) == 0))
		return false;
	g_free(connector->modes);
	connector->modes = count ? g_memdup2(modes, count * sizeof(*modes)) : NULL;
	connector->mode_count = count;
	return true;
}

bool kms_connector_update(struct kms_connector *connector, int fd, struct kms_property_cache *cache,
	const drmModeConnector *probed)
{
	g_autofree drmModeModeInfo *modes = NULL;
	bool was_connected = connector->connected;
	bool changed, known;
	size_t count;

	connector->detected = probed && probed->connection == DRM_MODE_CONNECTED;
	if (!probed) {
		connector->connected = false;
		kms_connector_finish(connector);
		connector->id = 0;
		memset(connector->properties, 0, sizeof(connector->properties));
		return was_connected;
	}
	connector->type = probed->connector_type;
	known = kms_property_read(fd, cache, DRM_MODE_OBJECT_CONNECTOR, connector->id,
			connector->properties) == 0;
	modes = g_new(drmModeModeInfo, (size_t)MAX(probed->count_modes, 1));
	count = update_tile(connector, fd, probed, modes);
	connector->connected = (connector->detected || connector->forced) && !connector->no_whole;
	changed = connector->connected != was_connected;
	if (connector->connected &&
		(connector->width_mm != probed->mmWidth ||
			connector->height_mm != probed->mmHeight)) {
		connector->width_mm = probed->mmWidth;
		connector->height_mm = probed->mmHeight;
		changed = true;
	}
	changed |= set_modes(connector, modes, count);
	if (known) {
		connector->non_desktop = connector->properties[KMS_CONNECTOR_NON_DESKTOP].value !=
			0;
		changed |= update_edid(connector, fd);
	}
	return changed;
}

bool kms_connector_force(struct kms_connector *connector, bool forced)
{
	bool connected = connector->id && (connector->detected || forced) && !connector->no_whole;
	bool changed = connected != connector->connected;

	connector->forced = forced;
	connector->connected = connected;
	/* What the kernel has for a monitor that it does not see comes with the next probe. */
	if (changed)
		set_modes(connector, NULL, 0);
	if (!connected) {
		g_clear_pointer(&connector->edid, g_free);
		g_clear_pointer(&connector->monitor, g_free);
		connector->edid_size = 0;
	}
	return changed;
}

/* The property's numbers (drm_panel_orientation in the kernel's drm_connector.h): which side of the
 * panel is up in its casing. The picture's top goes there, and the console's does, too. */
enum kms_transform kms_connector_panel_transform(const struct kms_connector *connector)
{
	static const enum kms_transform transforms[] = {
		KMS_ROTATE_0, /* Normal */
		KMS_ROTATE_180, /* Upside Down */
		KMS_ROTATE_90, /* Left Side Up */
		KMS_ROTATE_270, /* Right Side Up */
	};
	const struct kms_property *property =
		&connector->properties[KMS_CONNECTOR_PANEL_ORIENTATION];

	if (!property->id || property->value >= G_N_ELEMENTS(transforms))
		return KMS_ROTATE_0;
	return transforms[property->value];
}

/* ---- names ---- */

bool kms_connector_matches(const struct kms_connector *connector, const char *name)
{
	const char *colon = strrchr(connector->name, ':');

	/* With its card's name or without. */
	return strcmp(connector->name, name) == 0 || (colon && strcmp(colon + 1, name) == 0) ||
		kms_monitor_matches(connector->monitor, name, strlen(name));
}

bool kms_connector_is_twin(const struct kms_connector *a, const struct kms_connector *b)
{
	return a != b && a->monitor && g_strcmp0(a->monitor, b->monitor) == 0;
}
