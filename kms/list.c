/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What `scanoutd --list` prints: every card, and what it has and uses. Stands alone: opens each
 * card for itself, changes nothing and is master of none.
 */
#include "list.h"

#include "card.h"
#include "connector.h"
#include "device.h"
#include "in_formats.h"
#include "mode.h"
#include "settings.h"

#include <fcntl.h>
#include <kms.h>
#include <string.h>
#include <unistd.h>
#include <xf86drm.h>

static const char *plane_type_name(uint64_t type)
{
	switch (type) {
	case DRM_PLANE_TYPE_PRIMARY:
		return "primary";
	case DRM_PLANE_TYPE_CURSOR:
		return "cursor";
	default:
		return "overlay";
	}
}

static const char *connection_name(drmModeConnection connection)
{
	switch (connection) {
	case DRM_MODE_CONNECTED:
		return "connected";
	case DRM_MODE_DISCONNECTED:
		return "not connected";
	default:
		return "unknown (force-on=yes takes it for connected)";
	}
}

/* Modes that differ in what cannot be written are one line. */
static bool is_listed(const struct kms_connector *connector, size_t index,
	const struct kms_mode_info *info)
{
	for (size_t i = 0; i < index; i++) {
		struct kms_mode_info earlier;

		kms_mode_describe(&connector->modes[i], &earlier);
		if (strcmp(earlier.name, info->name) == 0)
			return true;
	}
	return false;
}

static void list_modes(GString *text, const struct kms_connector *connector)
{
	for (size_t i = 0; i < connector->mode_count; i++) {
		const drmModeModeInfo *mode = &connector->modes[i];
		struct kms_mode_info info;

		kms_mode_describe(mode, &info);
		if (is_listed(connector, i, &info))
			continue;
		g_string_append_printf(text, "      %s%s%s\n", info.name,
			mode->flags & DRM_MODE_FLAG_INTERLACE ? " interlaced" : "",
			mode->type & DRM_MODE_TYPE_PREFERRED ? " preferred" : "");
	}
}

/* As read for the list, all of a card's before the first is written. */
struct entry {
	struct kms_connector connector;
	drmModeConnection connection;
};

static void list_monitor(GString *text, const struct entry *entry)
{
	const struct kms_connector *connector = &entry->connector;

	if (!connector->connected)
		return;
	if (connector->monitor)
		g_string_append_printf(text, ", monitor %s", connector->monitor);
	else if (connector->edid_missing)
		g_string_append(text, ", its EDID cannot be read: any mode may be tried");
	if (connector->width_mm)
		g_string_append_printf(text, ", %u×%u mm", connector->width_mm,
			connector->height_mm);
}

static void list_twins(GString *text, const struct kms_connector *connector, const GArray *entries)
{
	for (guint i = 0; i < entries->len; i++) {
		const struct entry *other = &g_array_index(entries, struct entry, i);

		if (kms_connector_is_twin(connector, &other->connector))
			g_string_append_printf(text,
				"      has the same monitor's name as %s: write the connector's\n",
				other->connector.name);
	}
}

/* What can be written for it in [output NAME]. */
static void list_settings(GString *text, const struct kms_connector *connector)
{
	g_autoptr(GString) settings = g_string_new(NULL);

	if (connector->connected && kms_settings_describe(settings, connector))
		g_string_append_printf(text, "      can be set: %s\n", settings->str);
}

/* As the property "panel orientation" has it. */
static const char *mounted_name(enum kms_transform transform)
{
	return transform == KMS_ROTATE_90     ? "left side up"
		: transform == KMS_ROTATE_270 ? "right side up"
					      : "upside down";
}

static void list_connector(GString *text, const struct entry *entry, const GArray *entries)
{
	const struct kms_connector *connector = &entry->connector;
	uint64_t crtc = connector->properties[KMS_CONNECTOR_CRTC_ID].value;

	g_string_append_printf(text, "  connector %s: %s", connector->name,
		connection_name(entry->connection));
	list_monitor(text, entry);
	if (kms_tile_is_part(&connector->tile))
		g_string_append_printf(text, ", a part of a tiled monitor (%ux%u)%s",
			connector->tile.columns, connector->tile.rows,
			connector->no_whole ? " that another connector drives" : "");
	if (connector->non_desktop)
		g_string_append(text, ", not a desktop monitor");
	if (kms_connector_panel_transform(connector) != KMS_ROTATE_0)
		g_string_append_printf(text, ", mounted %s",
			mounted_name(kms_connector_panel_transform(connector)));
	if (crtc)
		g_string_append_printf(text, ", in use by CRTC %u", (unsigned int)crtc);
	g_string_append_c(text, '\n');
	list_twins(text, connector, entries);
	list_settings(text, connector);
	list_modes(text, connector);
}

static void finish_entry(gpointer data)
{
	struct entry *entry = data;

	kms_connector_finish(&entry->connector);
}

static void list_connectors(GString *text, int fd, struct kms_property_cache *cache,
	const drmModeRes *resources)
{
	g_autoptr(GArray) entries = g_array_new(FALSE, TRUE, sizeof(struct entry));

	g_array_set_clear_func(entries, finish_entry);
	for (int i = 0; i < resources->count_connectors; i++) {
		drmModeConnector *probed = drmModeGetConnector(fd, resources->connectors[i]);
		struct entry entry = {0};

		if (!probed) {
			g_string_append_printf(text, "  connector %u: cannot be asked: %m\n",
				resources->connectors[i]);
			continue;
		}
		entry.connector.id = probed->connector_id;
		entry.connection = probed->connection;
		kms_connector_make_name(probed, NULL, entry.connector.name,
			sizeof(entry.connector.name));
		kms_connector_update(&entry.connector, fd, cache, probed);
		g_array_append_val(entries, entry);
		drmModeFreeConnector(probed);
	}
	for (guint i = 0; i < entries->len; i++)
		list_connector(text, &g_array_index(entries, struct entry, i), entries);
}

/* Planes, as read for the list: before CRTCs are written, which say what they can have of them. */
struct plane_entry {
	drmModePlane *plane;
	struct kms_property properties[KMS_PLANE_PROPERTIES];
};

static void finish_plane(gpointer data)
{
	drmModeFreePlane(((struct plane_entry *)data)->plane);
}

static GArray *read_planes(GString *text, int fd, struct kms_property_cache *cache)
{
	drmModePlaneRes *planes = drmModeGetPlaneResources(fd);
	GArray *entries = g_array_new(FALSE, TRUE, sizeof(struct plane_entry));

	g_array_set_clear_func(entries, finish_plane);
	for (uint32_t i = 0; planes && i < planes->count_planes; i++) {
		struct plane_entry entry = {.plane = drmModeGetPlane(fd, planes->planes[i])};

		if (!entry.plane) {
			g_string_append_printf(text, "  plane %u: cannot be asked: %m\n",
				planes->planes[i]);
			continue;
		}
		kms_property_read(fd, cache, DRM_MODE_OBJECT_PLANE, entry.plane->plane_id,
			entry.properties);
		g_array_append_val(entries, entry);
	}
	if (planes)
		drmModeFreePlaneResources(planes);
	else
		g_string_append_printf(text, "  planes: cannot be asked: %m\n");
	return entries;
}

/* How many layers can lie above its picture, and what they must not do. */
static void list_layers(GString *text, unsigned int index, const GArray *planes)
{
	unsigned int overlays = 0;
	bool ordered = true, shared = false;

	for (guint i = 0; i < planes->len; i++) {
		const struct plane_entry *entry = &g_array_index(planes, struct plane_entry, i);

		if (entry->properties[KMS_PLANE_TYPE].value != DRM_PLANE_TYPE_OVERLAY ||
			!(entry->plane->possible_crtcs >> index & 1))
			continue;
		overlays++;
		ordered &= entry->properties[KMS_PLANE_ZPOS].id != 0;
		shared |= (entry->plane->possible_crtcs & ~(UINT32_C(1) << index)) != 0;
	}
	if (!overlays)
		return;
	overlays = MIN(overlays, KMS_LAYERS_MAX);
	g_string_append_printf(text, ", up to %u %s above its picture%s%s", overlays,
		overlays == 1 ? "layer" : "layers", shared ? ", shared with other CRTCs" : "",
		overlays > 1 && !ordered ? ", where they do not overlap" : "");
}

static void list_crtc(GString *text, int fd, const drmModeRes *resources, unsigned int index,
	const GArray *planes)
{
	drmModeCrtc *crtc = drmModeGetCrtc(fd, resources->crtcs[index]);
	struct kms_mode_info info;

	if (!crtc) {
		g_string_append_printf(text, "  CRTC %u: cannot be asked: %m\n",
			resources->crtcs[index]);
		return;
	}
	kms_mode_describe(&crtc->mode, &info);
	g_string_append_printf(text, "  CRTC %u: %s", resources->crtcs[index],
		crtc->mode_valid ? info.name : "off");
	list_layers(text, index, planes);
	g_string_append_c(text, '\n');
	drmModeFreeCrtc(crtc);
}

static void list_plane_crtcs(GString *text, const drmModeRes *resources, uint32_t possible)
{
	const char *separator = "";

	for (int i = 0; i < resources->count_crtcs && i < KMS_OUTPUTS_MAX; i++) {
		if (possible >> i & 1) {
			g_string_append_printf(text, "%s%u", separator, resources->crtcs[i]);
			separator = " ";
		}
	}
}

/* "linear", "I915_X_TILED" or the number. */
static void append_modifier(GString *text, uint64_t modifier)
{
	char *name = modifier == KMS_MODIFIER_LINEAR ? NULL : drmGetFormatModifierName(modifier);

	if (modifier == KMS_MODIFIER_LINEAR)
		g_string_append(text, "      linear:");
	else if (name)
		g_string_append_printf(text, "      %s:", name);
	else
		g_string_append_printf(text, "      0x%" G_GINT64_MODIFIER "x:", modifier);
	free(name);
}

/* Four letters by custom alone. */
static void append_fourcc(GString *text, uint32_t fourcc)
{
	g_string_append_c(text, ' ');
	for (int shift = 0; shift < 32; shift += 8) {
		char letter = (char)(fourcc >> shift);

		g_string_append_c(text, g_ascii_isprint(letter) ? letter : '?');
	}
}

/* One line a modifier, with the formats that can have it. */
static void list_modifiers(GString *text, int fd, uint64_t blob_id)
{
	drmModePropertyBlobRes *blob = drmModeGetPropertyBlob(fd, (uint32_t)blob_id);
	struct kms_in_formats in_formats = {0};

	if (blob)
		kms_in_formats_init(&in_formats, blob->data, blob->length);
	for (uint32_t i = 0; i < in_formats.modifier_count; i++) {
		append_modifier(text, kms_in_formats_modifier(&in_formats, i));
		for (uint32_t format = 0; format < in_formats.format_count; format++) {
			if (kms_in_formats_match(&in_formats, format, i))
				append_fourcc(text, kms_in_formats_fourcc(&in_formats, format));
		}
		g_string_append_c(text, '\n');
	}
	drmModeFreePropertyBlob(blob);
}

/* What decides how it lies among others, on a line of its own. */
static void list_depth(GString *text, const struct kms_property *properties)
{
	const struct kms_property *zpos = &properties[KMS_PLANE_ZPOS];
	bool has_alpha = properties[KMS_PLANE_ALPHA].maximum > 0;

	if (zpos->maximum)
		g_string_append_printf(text,
			"      zpos %" G_GUINT64_FORMAT " to %" G_GUINT64_FORMAT, zpos->minimum,
			zpos->maximum);
	else if (zpos->id)
		g_string_append_printf(text, "      zpos %" G_GUINT64_FORMAT, zpos->value);
	if (has_alpha)
		g_string_append(text, zpos->id ? ", alpha" : "      alpha");
	if (zpos->id || has_alpha)
		g_string_append_c(text, '\n');
}

static void list_plane(GString *text, int fd, const drmModeRes *resources,
	const struct plane_entry *entry)
{
	const struct kms_property *properties = entry->properties;
	const drmModePlane *plane = entry->plane;

	g_string_append_printf(text, "  plane %u: %s, for CRTC ", plane->plane_id,
		plane_type_name(properties[KMS_PLANE_TYPE].value));
	list_plane_crtcs(text, resources, plane->possible_crtcs);
	if (plane->fb_id)
		g_string_append_printf(text, ", in use by CRTC %u", plane->crtc_id);
	g_string_append_c(text, '\n');
	list_depth(text, properties);
	if (properties[KMS_PLANE_IN_FORMATS].value) {
		list_modifiers(text, fd, properties[KMS_PLANE_IN_FORMATS].value);
		return;
	}
	g_string_append(text, "     ");
	for (uint32_t i = 0; i < plane->count_formats; i++)
		append_fourcc(text, plane->formats[i]);
	g_string_append_c(text, '\n');
}

static void list_crtcs_and_planes(GString *text, int fd, struct kms_property_cache *cache,
	const drmModeRes *resources)
{
	g_autoptr(GArray) planes = read_planes(text, fd, cache);

	for (int i = 0; i < resources->count_crtcs; i++)
		list_crtc(text, fd, resources, (unsigned int)i, planes);
	for (guint i = 0; i < planes->len; i++)
		list_plane(text, fd, resources, &g_array_index(planes, struct plane_entry, i));
}

void kms_list_parts(GString *text, int fd)
{
	struct kms_property_cache *cache = kms_property_cache_create();
	drmModeRes *resources = drmModeGetResources(fd);

	if (resources) {
		list_connectors(text, fd, cache, resources);
		list_crtcs_and_planes(text, fd, cache, resources);
		drmModeFreeResources(resources);
	} else {
		g_string_append_printf(text, "  connectors, CRTCs, planes: cannot be asked: %m\n");
	}
	kms_property_cache_destroy(cache);
}

static void list_card(GString *text, const char *path)
{
	g_autoptr(GError) problem = NULL;
	int fd = open(path, O_RDWR | O_CLOEXEC);
	drmVersion *version;

	if (fd < 0) {
		g_string_append_printf(text, "%s: %m\n", path);
		return;
	}
	/* Opening a card without a master makes one of us. */
	if (drmIsMaster(fd))
		drmDropMaster(fd);
	version = drmGetVersion(fd);
	g_string_append_printf(text, "%s: %s", path, version ? version->name : "unknown driver");
	if (version)
		drmFreeVersion(version);
	if (!kms_card_prepare(fd, path, &problem)) {
		g_string_append_printf(text, ", not usable: %s\n", problem->message);
		close(fd);
		return;
	}
	g_string_append_c(text, '\n');
	drmSetClientCap(fd, DRM_CLIENT_CAP_CURSOR_PLANE_HOTSPOT, 1);
	kms_list_parts(text, fd);
	close(fd);
}

bool kms_list(GString *text, GError **error)
{
	g_auto(GStrv) nodes = kms_card_nodes();

	if (nodes[0])
		g_string_append(text,
			"Names of connectors (DP-1) and of monitors (MAKE MODEL SERIAL, or MAKE MODEL) "
			"are written in\n[output NAME] and --output, modes in mode=; see "
			"scanoutd.conf(5).\n");
	for (char **node = nodes; *node; node++)
		list_card(text, *node);
	if (nodes[0])
		return true;
	g_set_error(error, KMS_ERROR, KMS_ERROR_NO_CARD, "there is no card in /dev/dri");
	return false;
}
