/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the parts of the double know of each other: objects.c the card's objects and their
 * properties, atomic.c requests, commits and events, memory.c buffers, handles, framebuffers and
 * blobs.
 */
#ifndef DOUBLE_PRIVATE_H
#define DOUBLE_PRIVATE_H

#include "drm_double.h"

enum double_property {
	PROPERTY_TYPE,
	PROPERTY_FB_ID,
	PROPERTY_CRTC_ID,
	PROPERTY_SRC_X,
	PROPERTY_SRC_Y,
	PROPERTY_SRC_W,
	PROPERTY_SRC_H,
	PROPERTY_CRTC_X,
	PROPERTY_CRTC_Y,
	PROPERTY_CRTC_W,
	PROPERTY_CRTC_H,
	PROPERTY_ROTATION,
	PROPERTY_FB_DAMAGE_CLIPS,
	PROPERTY_HOTSPOT_X,
	PROPERTY_HOTSPOT_Y,
	PROPERTY_ALPHA,
	PROPERTY_BLEND_MODE,
	PROPERTY_ZPOS,
	PROPERTY_ZPOS_FIXED,
	PROPERTY_IN_FORMATS,
	PROPERTY_IN_FENCE_FD,
	PROPERTY_ACTIVE,
	PROPERTY_MODE_ID,
	PROPERTY_GAMMA_LUT,
	PROPERTY_MAX_BPC,
	PROPERTY_LINK_STATUS,
	PROPERTY_EDID,
	PROPERTY_PANEL_ORIENTATION,
	PROPERTY_CONTENT_TYPE,
	PROPERTY_BROADCAST_RGB,
	PROPERTY_SCALING_MODE,
	PROPERTY_UNDERSCAN,
	PROPERTY_UNDERSCAN_X,
	PROPERTY_UNDERSCAN_Y,
	PROPERTY_MARGIN_LEFT,
	PROPERTY_MARGIN_RIGHT,
	PROPERTY_MARGIN_TOP,
	PROPERTY_MARGIN_BOTTOM,
	PROPERTY_VRR_CAPABLE,
	PROPERTY_TILE,
	PROPERTY_NON_DESKTOP,
	PROPERTY_VRR_ENABLED,
	PROPERTIES,
};

#define PROPERTY_ID(property) (UINT32_C(0x90000000) + (uint32_t)(property))

struct double_object {
	uint32_t id;
	uint32_t type; /* DRM_MODE_OBJECT_* */
	unsigned int index;
	bool shared; /* a plane of whatever CRTC */
	bool has[PROPERTIES];
	bool leaving; /* a connector that goes as soon as no CRTC drives it */
	bool absent; /* … and has gone */
};

/* What properties have: one for what is committed, one for what a request makes of it. */
struct double_state {
	uint64_t values[2 * DOUBLE_CRTCS_MAX + DOUBLE_PLANES_MAX][PROPERTIES];
};

struct double_objects {
	struct double_object objects[2 * DOUBLE_CRTCS_MAX + DOUBLE_PLANES_MAX];
	size_t count;
	struct double_state state;
	bool committed[2 * DOUBLE_CRTCS_MAX + DOUBLE_PLANES_MAX][PROPERTIES];
	bool universal, atomic, hotspot;
	bool master;
};

extern struct double_objects double_objects;

void double_objects_build(void);
/* The index of an object, or -1. */
int double_objects_find(uint32_t id);
const char *double_property_name(enum double_property property);
/* Connectors that were to leave and drive nothing any more are no more. */
void double_objects_let_go(void);

void double_lease_reset(void);

void double_atomic_reset(void);
int double_atomic_open(void);
/* Is a framebuffer on a plane? */
bool double_on_screen(uint32_t framebuffer);

void double_memory_reset(void);
uint32_t double_memory_blob(const void *data, size_t size);
uint32_t *double_memory_framebuffers(size_t *count);
uint32_t double_memory_foreign_framebuffer(uint32_t width, uint32_t height);
const drmModeModeInfo *double_modes(size_t *count);

/* Counts an ioctl; false where it fails with the errno that is set. */
bool double_ioctl(void);
/* Does a scripted failure hit this call? Sets errno then. */
bool double_scripted(enum double_call call);
void double_fault(const char *format, ...) __attribute__((format(printf, 1, 2)));

#endif
