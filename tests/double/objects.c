/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "double_private.h"

#include <drm_fourcc.h>
#include <errno.h>
#include <glib.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <xf86drm.h>

#ifndef DRM_CLIENT_CAP_CURSOR_PLANE_HOTSPOT
#define DRM_CLIENT_CAP_CURSOR_PLANE_HOTSPOT 6
#endif

struct double_card double_card;
struct double_counters double_counters;
struct double_objects double_objects;

static GString *faults;

static struct {
	int error;
	unsigned int skip;
	unsigned int times;
} script[DOUBLE_CALLS];

static const struct {
	const char *name;
	uint32_t flags;
	uint64_t minimum;
	uint64_t maximum;
} properties[PROPERTIES] = {
	[PROPERTY_TYPE] = {"type", DRM_MODE_PROP_ENUM | DRM_MODE_PROP_IMMUTABLE},
	[PROPERTY_FB_ID] = {"FB_ID", DRM_MODE_PROP_OBJECT},
	[PROPERTY_CRTC_ID] = {"CRTC_ID", DRM_MODE_PROP_OBJECT},
	[PROPERTY_SRC_X] = {"SRC_X", DRM_MODE_PROP_RANGE, 0, UINT32_MAX},
	[PROPERTY_SRC_Y] = {"SRC_Y", DRM_MODE_PROP_RANGE, 0, UINT32_MAX},
	[PROPERTY_SRC_W] = {"SRC_W", DRM_MODE_PROP_RANGE, 0, UINT32_MAX},
	[PROPERTY_SRC_H] = {"SRC_H", DRM_MODE_PROP_RANGE, 0, UINT32_MAX},
	[PROPERTY_CRTC_X] = {"CRTC_X", DRM_MODE_PROP_SIGNED_RANGE, INT32_MIN, INT32_MAX},
	[PROPERTY_CRTC_Y] = {"CRTC_Y", DRM_MODE_PROP_SIGNED_RANGE, INT32_MIN, INT32_MAX},
	[PROPERTY_CRTC_W] = {"CRTC_W", DRM_MODE_PROP_RANGE, 0, INT32_MAX},
	[PROPERTY_CRTC_H] = {"CRTC_H", DRM_MODE_PROP_RANGE, 0, INT32_MAX},
	[PROPERTY_ROTATION] = {"rotation", DRM_MODE_PROP_BITMASK},
	[PROPERTY_FB_DAMAGE_CLIPS] = {"FB_DAMAGE_CLIPS", DRM_MODE_PROP_BLOB},
	[PROPERTY_HOTSPOT_X] = {"HOTSPOT_X", DRM_MODE_PROP_SIGNED_RANGE, INT32_MIN, INT32_MAX},
	[PROPERTY_HOTSPOT_Y] = {"HOTSPOT_Y", DRM_MODE_PROP_SIGNED_RANGE, INT32_MIN, INT32_MAX},
	[PROPERTY_ALPHA] = {"alpha", DRM_MODE_PROP_RANGE, 0, 0xffff},
	[PROPERTY_BLEND_MODE] = {"pixel blend mode", DRM_MODE_PROP_ENUM},
	[PROPERTY_ZPOS] = {"zpos", DRM_MODE_PROP_RANGE, 0, 7},
	[PROPERTY_ZPOS_FIXED] = {"zpos", DRM_MODE_PROP_RANGE | DRM_MODE_PROP_IMMUTABLE, 0, 0},
	[PROPERTY_IN_FORMATS] = {"IN_FORMATS", DRM_MODE_PROP_BLOB | DRM_MODE_PROP_IMMUTABLE},
	[PROPERTY_IN_FENCE_FD] = {"IN_FENCE_FD", DRM_MODE_PROP_SIGNED_RANGE, -1, INT32_MAX},
	[PROPERTY_ACTIVE] = {"ACTIVE", DRM_MODE_PROP_RANGE, 0, 1},
	[PROPERTY_MODE_ID] = {"MODE_ID", DRM_MODE_PROP_BLOB},
	[PROPERTY_GAMMA_LUT] = {"GAMMA_LUT", DRM_MODE_PROP_BLOB},
	[PROPERTY_MAX_BPC] = {"max bpc", DRM_MODE_PROP_RANGE, 6, 12},
	[PROPERTY_LINK_STATUS] = {"link-status", DRM_MODE_PROP_ENUM},
	[PROPERTY_EDID] = {"EDID", DRM_MODE_PROP_BLOB | DRM_MODE_PROP_IMMUTABLE},
	[PROPERTY_PANEL_ORIENTATION] = {"panel orientation",
		DRM_MODE_PROP_ENUM | DRM_MODE_PROP_IMMUTABLE},
	[PROPERTY_CONTENT_TYPE] = {"content type", DRM_MODE_PROP_ENUM},
	[PROPERTY_BROADCAST_RGB] = {"Broadcast RGB", DRM_MODE_PROP_ENUM},
	[PROPERTY_SCALING_MODE] = {"scaling mode", DRM_MODE_PROP_ENUM},
	[PROPERTY_UNDERSCAN] = {"underscan", DRM_MODE_PROP_ENUM},
	[PROPERTY_UNDERSCAN_X] = {"underscan hborder", DRM_MODE_PROP_RANGE, 0, 128},
	[PROPERTY_UNDERSCAN_Y] = {"underscan vborder", DRM_MODE_PROP_RANGE, 0, 128},
	[PROPERTY_MARGIN_LEFT] = {"left margin", DRM_MODE_PROP_RANGE, 0, 100},
	[PROPERTY_MARGIN_RIGHT] = {"right margin", DRM_MODE_PROP_RANGE, 0, 100},
	[PROPERTY_MARGIN_TOP] = {"top margin", DRM_MODE_PROP_RANGE, 0, 100},
	[PROPERTY_MARGIN_BOTTOM] = {"bottom margin", DRM_MODE_PROP_RANGE, 0, 100},
	[PROPERTY_VRR_CAPABLE] = {"vrr_capable", DRM_MODE_PROP_RANGE | DRM_MODE_PROP_IMMUTABLE, 0,
		1},
	[PROPERTY_NON_DESKTOP] = {"non-desktop", DRM_MODE_PROP_RANGE | DRM_MODE_PROP_IMMUTABLE, 0,
		1},
	[PROPERTY_TILE] = {"TILE", DRM_MODE_PROP_BLOB | DRM_MODE_PROP_IMMUTABLE},
	[PROPERTY_VRR_ENABLED] = {"VRR_ENABLED", DRM_MODE_PROP_RANGE, 0, 1},
};

struct enum_value {
	const char *name;
	uint64_t value;
};

/* Drivers number them as they like, and have some of them only. */
static const struct enum_value link_values[] = {{"Good", 0}, {"Bad", 1}, {NULL}};
static const struct enum_value blend_values[] = {{"None", 2}, {"Pre-multiplied", 0},
	{"Coverage", 1}, {NULL}};
static const struct enum_value content_values[] = {{"No Data", 0}, {"Graphics", 1}, {"Photo", 2},
	{"Cinema", 3}, {"Game", 4}, {NULL}};
static const struct enum_value range_values[] = {{"Automatic", 0}, {"Full", 1},
	{"Limited 16:235", 2}, {NULL}};
static const struct enum_value scaling_values[] = {{"Full aspect", 3}, {"Center", 2}, {NULL}};
static const struct enum_value underscan_values[] = {{"off", 0}, {"on", 1}, {"auto", 2}, {NULL}};

static const struct enum_value *const enum_values[PROPERTIES] = {
	[PROPERTY_LINK_STATUS] = link_values,
	[PROPERTY_BLEND_MODE] = blend_values,
	[PROPERTY_CONTENT_TYPE] = content_values,
	[PROPERTY_BROADCAST_RGB] = range_values,
	[PROPERTY_SCALING_MODE] = scaling_values,
	[PROPERTY_UNDERSCAN] = underscan_values,
};

const char *double_property_name(enum double_property property)
{
	return properties[property].name;
}

/* ---- the test's side ---- */

const drmModeModeInfo double_small_mode = {
	.name = "160x120",
	.clock = 1500,
	.hdisplay = DOUBLE_SMALL_WIDTH,
	.hsync_start = DOUBLE_SMALL_WIDTH + 8,
	.hsync_end = DOUBLE_SMALL_WIDTH + 16,
	.htotal = DOUBLE_SMALL_WIDTH + 30,
	.vdisplay = DOUBLE_SMALL_HEIGHT,
	.vsync_start = DOUBLE_SMALL_HEIGHT + 2,
	.vsync_end = DOUBLE_SMALL_HEIGHT + 4,
	.vtotal = DOUBLE_SMALL_HEIGHT + 10,
	.vrefresh = 60,
	.type = DRM_MODE_TYPE_PREFERRED,
};

void double_reset(void)
{
	double_card = (struct double_card){
		.crtcs = 1,
		.cursor_planes = true,
		.modifiers = true,
		.import = true,
		.closefb = true,
		.vblank = true,
		.cursor_size = 64,
		.connector_type = DRM_MODE_CONNECTOR_DisplayPort,
	};
	for (size_t i = 0; i < DOUBLE_CRTCS_MAX; i++)
		double_card.connected[i] = true;
	memset(&double_counters, 0, sizeof(double_counters));
	memset(&double_objects, 0, sizeof(double_objects));
	memset(script, 0, sizeof(script));
	if (faults)
		g_string_free(faults, TRUE);
	faults = NULL;
	double_memory_reset();
	double_atomic_reset();
	double_lease_reset();
}

int double_open(void)
{
	double_objects.universal = false;
	double_objects.atomic = false;
	double_objects.hotspot = false;
	double_objects.master = !double_card.other_master;
	if (!double_objects.count)
		double_objects_build();
	return double_atomic_open();
}

void double_fail(enum double_call call, int error, unsigned int skip, unsigned int times)
{
	script[call].error = error;
	script[call].skip = skip;
	script[call].times = times;
}

bool double_scripted(enum double_call call)
{
	if (!script[call].times)
		return false;
	if (script[call].skip) {
		script[call].skip--;
		return false;
	}
	script[call].times--;
	errno = script[call].error;
	return true;
}

void double_fault(const char *format, ...)
{
	va_list arguments;

	if (!faults)
		faults = g_string_new(NULL);
	va_start(arguments, format);
	g_string_append_vprintf(faults, format, arguments);
	va_end(arguments);
	g_string_append_c(faults, '\n');
}

const char *double_faults(void)
{
	return faults ? faults->str : NULL;
}

bool double_is_master(void)
{
	return double_objects.master;
}

void double_set_master(bool master)
{
	double_objects.master = master;
}

bool double_ioctl(void)
{
	double_counters.ioctls++;
	if (double_card.gone)
		errno = ENODEV;
	return !double_card.gone;
}

/* Of those of the same name, the one that can be set. */
static int find_property(const char *name)
{
	for (int property = 0; property < PROPERTIES; property++) {
		if (strcmp(properties[property].name, name) == 0)
			return property;
	}
	return -1;
}

uint64_t double_value(uint32_t object, const char *name)
{
	int index = double_objects_find(object);
	int property = find_property(name);

	g_assert_cmpint(index, >=, 0);
	g_assert_cmpint(property, >=, 0);
	return double_objects.state.values[index][property];
}

bool double_committed(uint32_t object, const char *name)
{
	int index = double_objects_find(object);
	int property = find_property(name);

	g_assert_cmpint(index, >=, 0);
	g_assert_cmpint(property, >=, 0);
	return double_objects.committed[index][property];
}

uint32_t double_light(unsigned int n)
{
	size_t count;
	uint32_t framebuffer, blob;
	drmModeModeInfo mode = double_modes(&count)[0];
	uint64_t *crtc, *connector, *plane;

	if (!double_objects.count)
		double_objects_build();
	if (double_card.needs_mode_set)
		mode.clock -= 1000;
	framebuffer = double_memory_foreign_framebuffer(mode.hdisplay, mode.vdisplay);
	blob = double_memory_blob(&mode, sizeof(mode));
	crtc = double_objects.state.values[double_objects_find(DOUBLE_CRTC(n))];
	connector = double_objects.state.values[double_objects_find(DOUBLE_CONNECTOR(n))];
	plane = double_objects.state.values[double_objects_find(DOUBLE_PRIMARY(n))];
	crtc[PROPERTY_ACTIVE] = 1;
	crtc[PROPERTY_MODE_ID] = blob;
	connector[PROPERTY_CRTC_ID] = DOUBLE_CRTC(n);
	plane[PROPERTY_CRTC_ID] = DOUBLE_CRTC(n);
	plane[PROPERTY_FB_ID] = framebuffer;
	plane[PROPERTY_SRC_W] = (uint64_t)mode.hdisplay << 16;
	plane[PROPERTY_SRC_H] = (uint64_t)mode.vdisplay << 16;
	plane[PROPERTY_CRTC_W] = mode.hdisplay;
	plane[PROPERTY_CRTC_H] = mode.vdisplay;
	return framebuffer;
}

uint32_t double_light_plane(unsigned int n, uint32_t plane, int32_t x, int32_t y, uint32_t width,
	uint32_t height)
{
	uint64_t *values = double_objects.state.values[double_objects_find(plane)];

	values[PROPERTY_CRTC_ID] = DOUBLE_CRTC(n);
	values[PROPERTY_FB_ID] = double_memory_foreign_framebuffer(width, height);
	values[PROPERTY_SRC_W] = (uint64_t)width << 16;
	values[PROPERTY_SRC_H] = (uint64_t)height << 16;
	values[PROPERTY_CRTC_X] = (uint64_t)x;
	values[PROPERTY_CRTC_Y] = (uint64_t)y;
	values[PROPERTY_CRTC_W] = width;
	values[PROPERTY_CRTC_H] = height;
	return (uint32_t)values[PROPERTY_FB_ID];
}

/* ---- building the card ---- */

static struct double_object *add_object(uint32_t id, uint32_t type, unsigned int index)
{
	struct double_object *object = &double_objects.objects[double_objects.count++];

	*object = (struct double_object){.id = id, .type = type, .index = index};
	return object;
}

static void add_plane(uint32_t id, unsigned int index, uint64_t type)
{
	size_t at = double_objects.count;
	struct double_object *plane = add_object(id, DRM_MODE_OBJECT_PLANE, index);
	uint64_t *values = double_objects.state.values[at];

	for (int property = PROPERTY_TYPE; property <= PROPERTY_CRTC_H; property++)
		plane->has[property] = true;
	plane->has[PROPERTY_ALPHA] = !double_card.no_alpha;
	plane->has[PROPERTY_BLEND_MODE] = double_card.blend_modes;
	plane->has[PROPERTY_ZPOS] = double_card.zpos;
	plane->has[PROPERTY_ZPOS_FIXED] = double_card.zpos_fixed;
	values[PROPERTY_BLEND_MODE] = 2;
	values[PROPERTY_ZPOS_FIXED] = type == DRM_PLANE_TYPE_CURSOR ? 100 : 0;
	plane->has[PROPERTY_IN_FENCE_FD] = double_card.in_fences;
	values[PROPERTY_ZPOS] = 3;
	values[PROPERTY_TYPE] = type;
	/* What a previous master left behind. */
	values[PROPERTY_ALPHA] = 0x1234;
	if (type == DRM_PLANE_TYPE_PRIMARY) {
		plane->has[PROPERTY_ROTATION] = double_card.rotation;
		values[PROPERTY_ROTATION] = DRM_MODE_ROTATE_180;
		plane->has[PROPERTY_FB_DAMAGE_CLIPS] = double_card.damage_clips;
	}
	if (type == DRM_PLANE_TYPE_CURSOR) {
		plane->has[PROPERTY_HOTSPOT_X] = double_card.hotspot;
		plane->has[PROPERTY_HOTSPOT_Y] = double_card.hotspot;
	}
}

static void add_shared(unsigned int n)
{
	size_t at = double_objects.count;

	add_plane(DOUBLE_SHARED(n), n, DRM_PLANE_TYPE_OVERLAY);
	double_objects.objects[at].shared = true;
	double_objects.objects[at].has[PROPERTY_FB_DAMAGE_CLIPS] = double_card.damage_clips;
	double_objects.state.values[at][PROPERTY_ZPOS_FIXED] = n + 1;
}

/* As the kernel lays it out: a head, the formats, the modifiers with the formats that they go
 * with. */
static void add_compressed(uint32_t id, unsigned int index)
{
	static const struct {
		struct drm_format_modifier_blob head;
		uint32_t formats[2];
		struct drm_format_modifier modifier;
	} in_formats = {
		{FORMAT_BLOB_CURRENT, 0, 2, sizeof(in_formats.head), 1,
			sizeof(in_formats.head) + sizeof(in_formats.formats)},
		{DRM_FORMAT_XRGB8888, DRM_FORMAT_ARGB8888},
		{.formats = 3, .modifier = DOUBLE_TILED},
	};
	size_t at = double_objects.count;
	uint32_t blob;

	add_plane(id, index, DRM_PLANE_TYPE_OVERLAY);
	drmModeCreatePropertyBlob(-1, &in_formats, sizeof(in_formats), &blob);
	double_objects.objects[at].has[PROPERTY_IN_FORMATS] = true;
	double_objects.state.values[at][PROPERTY_IN_FORMATS] = blob;
}

/* With what a previous master left behind. */
static void add_settings(struct double_object *connector, uint64_t *values)
{
	for (int property = PROPERTY_CONTENT_TYPE; property <= PROPERTY_MARGIN_BOTTOM; property++)
		connector->has[property] = double_card.settings;
	values[PROPERTY_CONTENT_TYPE] = 4;
	values[PROPERTY_BROADCAST_RGB] = 2;
	values[PROPERTY_SCALING_MODE] = 2;
	values[PROPERTY_UNDERSCAN] = 1;
	values[PROPERTY_UNDERSCAN_X] = 17;
	values[PROPERTY_MARGIN_TOP] = 5;
	connector->has[PROPERTY_VRR_CAPABLE] = double_card.vrr;
	values[PROPERTY_VRR_CAPABLE] = !double_card.vrr_incapable[connector->index];
}

void double_objects_build(void)
{
	for (unsigned int i = 0; i < double_card.crtcs; i++) {
		size_t at = double_objects.count;
		struct double_object *crtc = add_object(DOUBLE_CRTC(i), DRM_MODE_OBJECT_CRTC, i);
		struct double_object *connector;

		crtc->has[PROPERTY_ACTIVE] = true;
		crtc->has[PROPERTY_MODE_ID] = true;
		crtc->has[PROPERTY_GAMMA_LUT] = true;
		crtc->has[PROPERTY_VRR_ENABLED] = double_card.vrr;
		double_objects.state.values[at][PROPERTY_GAMMA_LUT] = 0xb1ffffff;
		connector = add_object(DOUBLE_CONNECTOR(i), DRM_MODE_OBJECT_CONNECTOR, i);
		connector->has[PROPERTY_CRTC_ID] = true;
		connector->has[PROPERTY_MAX_BPC] = true;
		connector->has[PROPERTY_LINK_STATUS] = true;
		connector->has[PROPERTY_EDID] = true;
		connector->has[PROPERTY_TILE] = true;
		connector->has[PROPERTY_NON_DESKTOP] = true;
		double_objects.state.values[at + 1][PROPERTY_NON_DESKTOP] = double_card.headset[i];
		connector->has[PROPERTY_PANEL_ORIENTATION] = double_card.panels;
		double_objects.state.values[at + 1][PROPERTY_PANEL_ORIENTATION] =
			double_card.panel_orientation;
		double_objects.state.values[at + 1][PROPERTY_MAX_BPC] = 8;
		add_settings(connector, double_objects.state.values[at + 1]);
	}
	for (unsigned int i = 0; i < double_card.crtcs; i++) {
		add_plane(DOUBLE_PRIMARY(i), i, DRM_PLANE_TYPE_PRIMARY);
		if (double_card.cursor_planes)
			add_plane(DOUBLE_CURSOR(i), i, DRM_PLANE_TYPE_CURSOR);
		if (double_card.compressed_overlays)
			add_compressed(DOUBLE_COMPRESSED(i), i);
		if (double_card.overlay_planes)
			add_plane(DOUBLE_OVERLAY(i), i, DRM_PLANE_TYPE_OVERLAY);
	}
	for (unsigned int i = 0; i < double_card.shared_overlays; i++)
		add_shared(i);
}

int double_objects_find(uint32_t id)
{
	for (size_t i = 0; i < double_objects.count; i++) {
		if (double_objects.objects[i].id == id && !double_objects.objects[i].absent)
			return (int)i;
	}
	return -1;
}

/* ---- connectors that come and go ---- */

void double_objects_let_go(void)
{
	for (size_t i = 0; i < double_objects.count; i++) {
		struct double_object *object = &double_objects.objects[i];

		object->absent |= object->leaving &&
			!double_objects.state.values[i][PROPERTY_CRTC_ID];
	}
}

static size_t find_connector(unsigned int n)
{
	size_t i = 0;

	while (double_objects.objects[i].type != DRM_MODE_OBJECT_CONNECTOR ||
		double_objects.objects[i].index != n)
		i++;
	return i;
}

void double_set_edid(unsigned int n, const void *edid, size_t size)
{
	double_objects.state.values[find_connector(n)][PROPERTY_EDID] = size
		? double_memory_blob(edid, size)
		: 0;
}

void double_set_tile(unsigned int n, const void *tile, size_t size)
{
	double_objects.state.values[find_connector(n)][PROPERTY_TILE] = size
		? double_memory_blob(tile, size)
		: 0;
}

void double_set_in_formats(uint32_t plane, const void *bytes, size_t size)
{
	int at;

	if (!double_objects.count)
		double_objects_build();
	at = double_objects_find(plane);
	g_assert_cmpint(at, >=, 0);
	double_objects.objects[at].has[PROPERTY_IN_FORMATS] = true;
	double_objects.state.values[at][PROPERTY_IN_FORMATS] = double_memory_blob(bytes, size);
}

void double_break_link(unsigned int n)
{
	double_objects.state.values[find_connector(n)][PROPERTY_LINK_STATUS] = 1;
}

void double_take_connector(unsigned int n)
{
	double_objects.objects[find_connector(n)].leaving = true;
	double_objects_let_go();
}

void double_give_connector(unsigned int n, uint32_t id)
{
	size_t at = find_connector(n);
	struct double_object *connector = &double_objects.objects[at];

	g_assert_true(connector->absent);
	connector->leaving = false;
	connector->absent = false;
	connector->id = id;
}

void double_darken(unsigned int n)
{
	const uint32_t crtc = DOUBLE_CRTC(n);

	for (size_t i = 0; i < double_objects.count; i++) {
		uint64_t *values = double_objects.state.values[i];

		if (double_objects.objects[i].id == crtc) {
			values[PROPERTY_ACTIVE] = 0;
			values[PROPERTY_MODE_ID] = 0;
		} else if (values[PROPERTY_CRTC_ID] == crtc) {
			values[PROPERTY_CRTC_ID] = 0;
			values[PROPERTY_FB_ID] = 0;
		}
	}
	double_objects_let_go();
}

/* Virtual drivers hide cursor planes from a client that does not know hotspots. */
static bool is_visible(const struct double_object *object)
{
	return !(double_card.hotspot && !double_objects.hotspot &&
		object->type == DRM_MODE_OBJECT_PLANE && object->has[PROPERTY_HOTSPOT_X]);
}

/* ---- libdrm: card and capabilities ---- */

int drmSetClientCap(int fd, uint64_t cap, uint64_t value)
{
	if (!double_ioctl())
		return -1;
	if ((cap == DRM_CLIENT_CAP_UNIVERSAL_PLANES && double_card.no_universal) ||
		(cap == DRM_CLIENT_CAP_ATOMIC && double_card.no_atomic)) {
		errno = EOPNOTSUPP;
		return -1;
	}
	switch (cap) {
	case DRM_CLIENT_CAP_UNIVERSAL_PLANES:
		double_objects.universal = value != 0;
		return 0;
	case DRM_CLIENT_CAP_ATOMIC:
		double_objects.atomic = value != 0;
		return 0;
	case DRM_CLIENT_CAP_CURSOR_PLANE_HOTSPOT:
		if (!double_card.hotspot) {
			errno = EOPNOTSUPP;
			return -1;
		}
		double_objects.hotspot = value != 0;
		return 0;
	default:
		errno = EINVAL;
		return -1;
	}
}

int drmGetCap(int fd, uint64_t cap, uint64_t *value)
{
	if (!double_ioctl())
		return -1;
	switch (cap) {
	case DRM_CAP_DUMB_BUFFER:
		*value = 1;
		return 0;
	case DRM_CAP_CRTC_IN_VBLANK_EVENT:
		*value = !double_card.nameless_events;
		return 0;
	case DRM_CAP_PRIME:
		*value = double_card.import ? DRM_PRIME_CAP_IMPORT : 0;
		return 0;
	case DRM_CAP_ADDFB2_MODIFIERS:
		*value = double_card.modifiers;
		return 0;
	case DRM_CAP_CURSOR_WIDTH:
	case DRM_CAP_CURSOR_HEIGHT:
		*value = double_card.cursor_size;
		return 0;
	default:
		errno = EINVAL;
		return -1;
	}
}

int drmIsMaster(int fd)
{
	return double_objects.master;
}

int drmSetMaster(int fd)
{
	if (!double_ioctl() || double_scripted(DOUBLE_SET_MASTER))
		return -1;
	if (double_card.other_master || double_card.manager) {
		errno = double_card.manager ? EACCES : EBUSY;
		return -1;
	}
	double_objects.master = true;
	return 0;
}

int drmDropMaster(int fd)
{
	if (!double_ioctl())
		return -1;
	if (double_card.manager) {
		errno = EACCES;
		return -1;
	}
	double_objects.master = false;
	return 0;
}

char *drmGetDeviceNameFromFd2(int fd)
{
	return strdup("/dev/dri/double");
}

char *drmGetFormatModifierName(uint64_t modifier)
{
	return modifier == DRM_FORMAT_MOD_LINEAR ? strdup("LINEAR") : NULL;
}

drmVersionPtr drmGetVersion(int fd)
{
	drmVersionPtr version;

	if (!double_card.driver)
		return NULL;
	version = calloc(1, sizeof(*version));
	version->name = strdup(double_card.driver);
	version->name_len = (int)strlen(double_card.driver);
	return version;
}

void drmFreeVersion(drmVersionPtr version)
{
	free(version->name);
	free(version);
}

/* ---- libdrm: objects ---- */

static uint32_t *ids_of(uint32_t type, size_t *count)
{
	uint32_t *ids = calloc(double_objects.count + 1, sizeof(*ids));

	*count = 0;
	for (size_t i = 0; i < double_objects.count && !double_card.revoked; i++) {
		if (double_objects.objects[i].type == type && !double_objects.objects[i].absent &&
			is_visible(&double_objects.objects[i]))
			ids[(*count)++] = double_objects.objects[i].id;
	}
	return ids;
}

drmModeResPtr drmModeGetResources(int fd)
{
	drmModeResPtr resources;
	size_t count;

	if (!double_ioctl() || double_scripted(DOUBLE_GET_RESOURCES))
		return NULL;
	resources = calloc(1, sizeof(*resources));
	resources->crtcs = ids_of(DRM_MODE_OBJECT_CRTC, &count);
	resources->count_crtcs = double_card.no_crtcs ? 0 : (int)count;
	resources->connectors = ids_of(DRM_MODE_OBJECT_CONNECTOR, &count);
	resources->count_connectors = (int)count;
	resources->fbs = double_memory_framebuffers(&count);
	resources->count_fbs = (int)count;
	return resources;
}

void drmModeFreeResources(drmModeResPtr resources)
{
	if (!resources)
		return;
	free(resources->crtcs);
	free(resources->connectors);
	free(resources->fbs);
	free(resources);
}

drmModePlaneResPtr drmModeGetPlaneResources(int fd)
{
	drmModePlaneResPtr resources;
	size_t count;

	if (!double_ioctl())
		return NULL;
	resources = calloc(1, sizeof(*resources));
	resources->planes = ids_of(DRM_MODE_OBJECT_PLANE, &count);
	resources->count_planes = (uint32_t)count;
	return resources;
}

void drmModeFreePlaneResources(drmModePlaneResPtr resources)
{
	free(resources->planes);
	free(resources);
}

drmModePlanePtr drmModeGetPlane(int fd, uint32_t id)
{
	static const uint32_t opaque[] = {DRM_FORMAT_XRGB8888, DRM_FORMAT_ARGB8888};
	static const uint32_t alpha[] = {DRM_FORMAT_ARGB8888};
	int index = double_objects_find(id);
	bool only_alpha;
	drmModePlanePtr plane;

	if (!double_ioctl() || index < 0)
		return NULL;
	only_alpha = double_card.no_opaque ||
		double_objects.state.values[index][PROPERTY_TYPE] == DRM_PLANE_TYPE_CURSOR;
	plane = calloc(1, sizeof(*plane));
	plane->plane_id = id;
	plane->fb_id = (uint32_t)double_objects.state.values[index][PROPERTY_FB_ID];
	plane->possible_crtcs = double_objects.objects[index].shared
		? (uint32_t)((UINT64_C(1) << double_card.crtcs) - 1)
		: UINT32_C(1) << double_objects.objects[index].index;
	plane->count_formats = only_alpha ? 1 : 2;
	plane->formats = calloc(2, sizeof(uint32_t));
	memcpy(plane->formats, only_alpha ? alpha : opaque,
		plane->count_formats * sizeof(uint32_t));
	plane->fb_id = (uint32_t)double_objects.state.values[index][PROPERTY_FB_ID];
	plane->crtc_id = (uint32_t)double_objects.state.values[index][PROPERTY_CRTC_ID];
	return plane;
}

void drmModeFreePlane(drmModePlanePtr plane)
{
	free(plane->formats);
	free(plane);
}

drmModeCrtcPtr drmModeGetCrtc(int fd, uint32_t id)
{
	int index = double_objects_find(id);
	drmModeCrtcPtr crtc;
	const void *mode;
	size_t size;

	if (!double_ioctl() || index < 0)
		return NULL;
	crtc = calloc(1, sizeof(*crtc));
	crtc->crtc_id = id;
	mode = double_blob((uint32_t)double_objects.state.values[index][PROPERTY_MODE_ID], &size);
	crtc->mode_valid = mode != NULL;
	if (mode)
		memcpy(&crtc->mode, mode, sizeof(crtc->mode));
	return crtc;
}

void drmModeFreeCrtc(drmModeCrtcPtr crtc)
{
	free(crtc);
}

void (*double_ask_monitor)(void);

drmModeConnectorPtr drmModeGetConnector(int fd, uint32_t id)
{
	int index = double_objects_find(id);
	const struct double_object *object = &double_objects.objects[index < 0 ? 0 : index];
	const drmModeModeInfo *modes;
	drmModeConnectorPtr connector;
	size_t count;

	if (double_ask_monitor)
		double_ask_monitor();
	if (!double_ioctl() || double_scripted(DOUBLE_GET_CONNECTOR))
		return NULL;
	if (index < 0) {
		errno = ENOENT;
		return NULL;
	}
	connector = calloc(1, sizeof(*connector));
	connector->connector_id = id;
	connector->connector_type = double_card.connector_type;
	connector->connector_type_id = object->index + 1;
	connector->mmWidth = 520;
	connector->mmHeight = 320;
	connector->count_encoders = 1;
	connector->encoders = calloc(1, sizeof(uint32_t));
	connector->encoders[0] = DOUBLE_ENCODER(object->index);
	connector->connection = double_card.undetected[object->index] ? DRM_MODE_UNKNOWNCONNECTION
								      : DRM_MODE_DISCONNECTED;
	if (double_card.connected[object->index] && !object->leaving) {
		connector->connection = DRM_MODE_CONNECTED;
		modes = double_modes(&count);
		if (double_card.small[object->index]) {
			modes += count - 1;
			count = 1;
		}
		connector->count_modes = (int)count;
		connector->modes = calloc(count, sizeof(*modes));
		memcpy(connector->modes, modes, count * sizeof(*modes));
	}
	return connector;
}

void drmModeFreeConnector(drmModeConnectorPtr connector)
{
	if (!connector)
		return;
	free(connector->encoders);
	free(connector->modes);
	free(connector);
}

drmModeEncoderPtr drmModeGetEncoder(int fd, uint32_t id)
{
	drmModeEncoderPtr encoder;

	if (!double_ioctl() || double_scripted(DOUBLE_GET_ENCODER))
		return NULL;
	encoder = calloc(1, sizeof(*encoder));
	encoder->encoder_id = id;
	encoder->possible_crtcs = double_card.reaches[id - DOUBLE_ENCODER(0)]
		? double_card.reaches[id - DOUBLE_ENCODER(0)]
		: (uint32_t)((UINT64_C(1) << double_card.crtcs) - 1);
	return encoder;
}

void drmModeFreeEncoder(drmModeEncoderPtr encoder)
{
	free(encoder);
}

const char *drmModeGetConnectorTypeName(uint32_t type)
{
	return "DP";
}

/* ---- libdrm: properties ---- */

drmModeObjectPropertiesPtr drmModeObjectGetProperties(int fd, uint32_t id, uint32_t type)
{
	int index = double_objects_find(id);
	drmModeObjectPropertiesPtr read;

	if (!double_ioctl())
		return NULL;
	if (index < 0 || double_objects.objects[index].type != type) {
		errno = ENOENT;
		return NULL;
	}
	read = calloc(1, sizeof(*read));
	read->props = calloc(PROPERTIES, sizeof(*read->props));
	read->prop_values = calloc(PROPERTIES, sizeof(*read->prop_values));
	for (uint32_t property = 0; property < PROPERTIES; property++) {
		if (!double_objects.objects[index].has[property])
			continue;
		read->props[read->count_props] = PROPERTY_ID(property);
		read->prop_values[read->count_props++] =
			double_objects.state.values[index][property];
	}
	return read;
}

void drmModeFreeObjectProperties(drmModeObjectPropertiesPtr read)
{
	free(read->props);
	free(read->prop_values);
	free(read);
}

static void add_enums(drmModePropertyPtr property, const struct enum_value *values)
{
	while (values[property->count_enums].name)
		property->count_enums++;
	property->enums = calloc((size_t)property->count_enums, sizeof(*property->enums));
	for (int i = 0; i < property->count_enums; i++) {
		property->enums[i].value = values[i].value;
		g_strlcpy(property->enums[i].name, values[i].name, sizeof(property->enums[i].name));
	}
}

drmModePropertyPtr drmModeGetProperty(int fd, uint32_t id)
{
	uint32_t index = id - PROPERTY_ID(0);
	drmModePropertyPtr property;

	if (!double_ioctl())
		return NULL;
	if (index >= PROPERTIES) {
		errno = ENOENT;
		return NULL;
	}
	property = calloc(1, sizeof(*property));
	property->prop_id = id;
	property->flags = properties[index].flags;
	g_strlcpy(property->name, properties[index].name, sizeof(property->name));
	if (property->flags & (DRM_MODE_PROP_RANGE | DRM_MODE_PROP_SIGNED_RANGE)) {
		property->count_values = 2;
		property->values = calloc(2, sizeof(*property->values));
		property->values[0] = properties[index].minimum;
		property->values[1] = properties[index].maximum;
	}
	if (enum_values[index])
		add_enums(property, enum_values[index]);
	return property;
}

void drmModeFreeProperty(drmModePropertyPtr property)
{
	free(property->values);
	free(property->enums);
	free(property);
}
