/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A snapshot: the atomic state of one card's CRTCs, planes and connectors at one moment, as
 * numbers. Read again and again by photograph.c and watch.c; allocates nothing after
 * snapshot_init().
 *
 * The kernel hands out one object's state at a time, so a commit can fall between two of them. Who
 * needs to be sure takes a second snapshot and compares (snapshot_equal_on_crtc()).
 * A state is the newest that was committed: after a non-blocking commit it may be one frame ahead
 * of the monitor, until the next vblank.
 */
#ifndef SCREENSHOT_SNAPSHOT_H
#define SCREENSHOT_SNAPSHOT_H

#include "card.h"
#include "compose.h"

#include <drm_mode.h>

/* A plane's state, as its properties say. Those that the plane does not have: see the defaults. */
struct plane_state {
	uint32_t id;
	unsigned int type; /* 0 overlay, 1 primary, 2 cursor */
	uint32_t fb_id; /* 0: off */
	uint32_t crtc_id; /* 0: off */
	int32_t crtc_x, crtc_y;
	uint32_t crtc_w, crtc_h;
	uint32_t src_x, src_y, src_w, src_h; /* 16.16 */
	unsigned int rotation; /* default DRM_MODE_ROTATE_0 */
	uint16_t alpha; /* default 0xffff */
	enum blend_mode blend; /* default BLEND_PREMULTIPLIED */
	bool has_zpos;
	uint64_t zpos; /* default 0 */
	bool has_hotspot;
	int32_t hotspot_x, hotspot_y; /* default 0 */
};

struct crtc_state {
	uint32_t id;
	bool active;
	struct drm_mode_modeinfo mode; /* all zero when the CRTC has none */
	uint32_t gamma_lut, degamma_lut, ctm; /* blob ids, 0: none. Not applied. */
	struct compose_color background;
};

struct snapshot {
	const struct card *card;
	struct plane_state *planes; /* card->plane_count, in the card's order */
	struct crtc_state *crtcs; /* card->crtc_count */
	uint32_t *connector_crtcs; /* CRTC ids, card->connector_count; 0: off */
};

/* The snapshot is empty until snapshot_read(). It keeps the pointer to the card. */
void snapshot_init(struct snapshot *snapshot, const struct card *card);
void snapshot_finish(struct snapshot *snapshot);

bool snapshot_read(struct snapshot *snapshot, GError **error);

/* The state of a CRTC of this id, or NULL. */
const struct crtc_state *snapshot_crtc(const struct snapshot *snapshot, uint32_t crtc_id);

/*
 * The planes with a framebuffer on this CRTC, the lowest first: by zpos, where equal or missing by
 * type (primary, overlay, cursor), then by id. sorted has room for card->plane_count pointers.
 */
size_t snapshot_planes_on_crtc(const struct snapshot *snapshot, uint32_t crtc_id,
	const struct plane_state **sorted);

/* Whether both say the same of this CRTC and of the planes on it. */
bool snapshot_equal_on_crtc(const struct snapshot *a, const struct snapshot *b, uint32_t crtc_id);

/* The mode's refresh rate in mHz; 0 without a mode. */
unsigned int snapshot_refresh(const struct drm_mode_modeinfo *mode);

#endif
