/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One DRM card, opened to be looked at and never to be used: the fd, and what does not change while
 * it is open (ids and names). Opened first by camera.c, read by all parts that ask the kernel.
 *
 * The camera must not be DRM master, or the program under test could not be. The kernel makes a new
 * primary fd master on its own when the card has no master at that moment (drm_master_open()), and
 * no open flag prevents that. So the first thing after open() is to drop it, and card_open() fails
 * if the kernel still calls us master after that. What cannot be avoided is the moment in between:
 * a program that opens the card in just these microseconds gets no implicit mastership and has to
 * ask for it (drmSetMaster()), as it must wherever another program can have the card open.
 * Nothing the camera does needs a master; GETFB2 gives out buffers to CAP_SYS_ADMIN, hence root.
 *
 * One more trace is left: when the camera's is the last fd to be closed, the kernel gives the card
 * back to its own console, as after any program. A test of "the console comes back" should ask the
 * camera while it holds the card open otherwise, or not at all.
 */
#ifndef SCREENSHOT_CARD_H
#define SCREENSHOT_CARD_H

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

enum plane_property {
	PLANE_TYPE,
	PLANE_FB_ID,
	PLANE_CRTC_ID,
	PLANE_CRTC_X,
	PLANE_CRTC_Y,
	PLANE_CRTC_W,
	PLANE_CRTC_H,
	PLANE_SRC_X,
	PLANE_SRC_Y,
	PLANE_SRC_W,
	PLANE_SRC_H,
	PLANE_ROTATION,
	PLANE_ALPHA,
	PLANE_BLEND_MODE,
	PLANE_ZPOS,
	PLANE_HOTSPOT_X,
	PLANE_HOTSPOT_Y,
	PLANE_PROPERTY_COUNT,
};

enum crtc_property {
	CRTC_ACTIVE,
	CRTC_MODE_ID,
	CRTC_GAMMA_LUT,
	CRTC_DEGAMMA_LUT,
	CRTC_CTM,
	CRTC_BACKGROUND_COLOR,
	CRTC_PROPERTY_COUNT,
};

enum connector_property {
	CONNECTOR_CRTC_ID,
	CONNECTOR_PROPERTY_COUNT,
};

/* Property ids are 0 where the object has no such property. */
struct card_plane {
	uint32_t id;
	uint32_t properties[PLANE_PROPERTY_COUNT];
	/* Values of "pixel blend mode" by their names in the kernel; -1 where there is none. */
	int64_t blend_none, blend_premultiplied, blend_coverage;
};

struct card_crtc {
	uint32_t id;
	unsigned int index; /* in the card's list; debugfs calls it crtc-INDEX */
	uint32_t properties[CRTC_PROPERTY_COUNT];
};

struct card_connector {
	uint32_t id;
	char name[32]; /* as users and sysfs know it: DP-1 */
	uint32_t properties[CONNECTOR_PROPERTY_COUNT];
};

/* The caller owns the struct; the card owns the fd and the arrays. */
struct card {
	int fd;
	char *path; /* /dev/dri/cardN */
	char *driver; /* its name: vkms */
	struct card_plane *planes;
	size_t plane_count;
	struct card_crtc *crtcs;
	size_t crtc_count;
	struct card_connector *connectors;
	size_t connector_count;
};

/*
 * Opens a card without becoming its master. path: a device node, or NULL for the first card (in
 * number order) that has connectors and CRTCs. card_close() is due only after success.
 */
bool card_open(struct card *card, const char *path, GError **error);
void card_close(struct card *card);

/* Whether the kernel calls our fd the master. Asked again and again: it must stay false. */
bool card_is_master(const struct card *card);

/*
 * Reads the values of an object's properties, given by their ids, with one system call. Values of
 * properties with id 0 are left alone. object_type: DRM_MODE_OBJECT_*. False with errno set.
 */
bool card_read_properties(const struct card *card, uint32_t object, uint32_t object_type,
	const uint32_t *ids, uint64_t *values, size_t count);

#endif
