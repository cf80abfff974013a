/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "connector.h"

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
}

void kms_connector_make_name(const drmModeConnector *probed, char *name, size_t size)
{
	const char *type = drmModeGetConnectorTypeName(probed->connector_type);

	g_snprintf(name, size, "%s-%u", type ? type : "Unknown", probed->connector_type_id);
}

/* The text of a display descriptor (EDID 1.4, 3.10.3): 13 bytes, ended by a line feed. */
static char *descriptor_text(const uint8_t *edid, uint8_t tag)
{
	for (size_t at = 54; at <= 108; at += 18) {
		const uint8_t *descriptor = edid + at;

		if (descriptor[0] == 0 && descriptor[1] == 0 && descriptor[3] == tag) {
			char text[14] = {0};

			for (size_t i = 0; i < 13 && descriptor[5 + i] != '\n'; i++)
				text[i] = g_ascii_isprint(descriptor[5 + i])
					? (char)descriptor[5 + i]
					: '-';
			return g_strstrip(g_strdup(text));
		}
	}
	return NULL;
}

/* "MAKE MODEL SERIAL", by which a monitor is named whatever socket it is in. */
static char *monitor_name(const uint8_t *edid, size_t size)
{
	g_autofree char *model = NULL;
	g_autofree char *serial = NULL;
	unsigned int make;

	if (size < EDID_BLOCK)
		return NULL;
	make = (unsigned int)edid[8] << 8 | edid[9];
	model = descriptor_text(edid, 0xfc);
	if (!model)
		model = g_strdup_printf("0x%04X", (unsigned int)edid[11] << 8 | edid[10]);
	serial = descriptor_text(edid, 0xff);
	if (!serial)
		serial = g_strdup_printf("0x%08X",
			(unsigned int)edid[15] << 24 | (unsigned int)edid[14] << 16 |
				(unsigned int)edid[13] << 8 | edid[12]);
	return g_strdup_printf("%c%c%c %s %s", (char)('@' + (make >> 10 & 31)),
		(char)('@' + (make >> 5 & 31)), (char)('@' + (make & 31)), model, serial);
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
		if (connector->edid_size) {
			connector->edid = g_memdup2(blob->data, blob->length);
			connector->monitor = monitor_name(connector->edid, connector->edid_size);
		}
	}
	if (blob)
		drmModeFreePropertyBlob(blob);
	return changed;
}

static bool update_modes(struct kms_connector *connector, const drmModeConnector *probed)
{
	size_t count = connector->connected ? (size_t)probed->count_modes : 0;
	size_t size = count * sizeof(*connector->modes);

	if (count == connector->mode_count &&
		(!count || memcmp(connector->modes, probed->modes, size) == 0))
		return false;
	g_free(connector->modes);
	connector->modes = count ? g_memdup2(probed->modes, size) : NULL;
	connector->mode_count = count;
	return true;
}

bool kms_connector_update(struct kms_connector *connector, int fd, struct kms_property_cache *cache,
	const drmModeConnector *probed)
{
	bool connected = probed && probed->connection == DRM_MODE_CONNECTED;
	bool changed = connected != connector->connected;

	connector->connected = connected;
	if (!probed) {
		kms_connector_finish(connector);
		connector->id = 0;
		memset(connector->properties, 0, sizeof(connector->properties));
		return changed;
	}
	if (connected &&
		(connector->width_mm != probed->mmWidth ||
			connector->height_mm != probed->mmHeight)) {
		connector->width_mm = probed->mmWidth;
		connector->height_mm = probed->mmHeight;
		changed = true;
	}
	changed |= update_modes(connector, probed);
	if (kms_property_read(fd, cache, DRM_MODE_OBJECT_CONNECTOR, connector->id,
		    connector->properties) == 0) {
		connector->non_desktop = connector->properties[KMS_CONNECTOR_NON_DESKTOP].value !=
			0;
		changed |= update_edid(connector, fd);
	}
	return changed;
}
