// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Reading the atomic state: one system call an object, and one for a CRTC's mode.
 */
#include "snapshot.h"

#include "error.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <xf86drm.h>

#define TYPE_PRIMARY 1

void snapshot_init(struct snapshot *snapshot, const struct card *card)
{
	snapshot->card = card;
	snapshot->planes = g_new0(struct plane_state, card->plane_count);
	snapshot->crtcs = g_new0(struct crtc_state, card->crtc_count);
	snapshot->connector_crtcs = g_new0(uint32_t, card->connector_count);
}

void snapshot_finish(struct snapshot *snapshot)
{
	g_free(snapshot->planes);
	g_free(snapshot->crtcs);
	g_free(snapshot->connector_crtcs);
	memset(snapshot, 0, sizeof(*snapshot));
}

static enum blend_mode blend_mode(const struct card_plane *plane, uint64_t value)
{
	if (plane->properties[PLANE_BLEND_MODE] == 0)
		return BLEND_PREMULTIPLIED;
	if ((int64_t)value == plane->blend_none)
		return BLEND_NONE;
	if ((int64_t)value == plane->blend_coverage)
		return BLEND_COVERAGE;
	return BLEND_PREMULTIPLIED;
}

static bool read_plane(const struct card *card, const struct card_plane *plane,
	struct plane_state *state)
{
	uint64_t values[PLANE_PROPERTY_COUNT] = {
		[PLANE_ROTATION] = DRM_MODE_ROTATE_0,
		[PLANE_ALPHA] = 0xffff,
	};

	if (!card_read_properties(card, plane->id, DRM_MODE_OBJECT_PLANE, plane->properties, values,
		    PLANE_PROPERTY_COUNT))
		return false;
	/* All padding included: snapshots are compared as bytes. */
	memset(state, 0, sizeof(*state));
	state->id = plane->id;
	state->type = values[PLANE_TYPE];
	state->fb_id = values[PLANE_FB_ID];
	state->crtc_id = values[PLANE_CRTC_ID];
	state->crtc_x = values[PLANE_CRTC_X];
	state->crtc_y = values[PLANE_CRTC_Y];
	state->crtc_w = values[PLANE_CRTC_W];
	state->crtc_h = values[PLANE_CRTC_H];
	state->src_x = values[PLANE_SRC_X];
	state->src_y = values[PLANE_SRC_Y];
	state->src_w = values[PLANE_SRC_W];
	state->src_h = values[PLANE_SRC_H];
	state->rotation = values[PLANE_ROTATION];
	state->alpha = values[PLANE_ALPHA];
	state->blend = blend_mode(plane, values[PLANE_BLEND_MODE]);
	state->has_zpos = plane->properties[PLANE_ZPOS] != 0;
	state->zpos = values[PLANE_ZPOS];
	state->has_hotspot = plane->properties[PLANE_HOTSPOT_X] != 0;
	state->hotspot_x = values[PLANE_HOTSPOT_X];
	state->hotspot_y = values[PLANE_HOTSPOT_Y];
	return true;
}

/* A blob that is gone again belongs to a state that is gone again: the caller looks twice. */
static bool read_mode(const struct card *card, uint32_t blob, struct drm_mode_modeinfo *mode)
{
	struct drm_mode_get_blob request = {
		.blob_id = blob,
		.length = sizeof(*mode),
		.data = (uintptr_t)mode,
	};

	if (drmIoctl(card->fd, DRM_IOCTL_MODE_GETPROPBLOB, &request) < 0)
		return errno == ENOENT;
	return request.length == sizeof(*mode);
}

/* BACKGROUND_COLOR is four 16-bit channels, alpha the highest (Linux 7.0, drm_blend.c). */
static struct compose_color color_from_argb64(uint64_t value)
{
	return (struct compose_color){
		.alpha = value >> 48,
		.red = value >> 32,
		.green = value >> 16,
		.blue = value,
	};
}

static bool read_crtc(const struct card *card, const struct card_crtc *crtc,
	struct crtc_state *state)
{
	uint64_t values[CRTC_PROPERTY_COUNT] = {0};

	if (!card_read_properties(card, crtc->id, DRM_MODE_OBJECT_CRTC, crtc->properties, values,
		    CRTC_PROPERTY_COUNT))
		return false;
	memset(state, 0, sizeof(*state));
	state->id = crtc->id;
	state->active = values[CRTC_ACTIVE];
	state->gamma_lut = values[CRTC_GAMMA_LUT];
	state->degamma_lut = values[CRTC_DEGAMMA_LUT];
	state->ctm = values[CRTC_CTM];
	state->background = color_from_argb64(values[CRTC_BACKGROUND_COLOR]);
	return values[CRTC_MODE_ID] == 0 || read_mode(card, values[CRTC_MODE_ID], &state->mode);
}

bool snapshot_read(struct snapshot *snapshot, GError **error)
{
	const struct card *card = snapshot->card;
	bool ok = true;

	for (size_t i = 0; i < card->crtc_count && ok; i++)
		ok = read_crtc(card, &card->crtcs[i], &snapshot->crtcs[i]);
	for (size_t i = 0; i < card->plane_count && ok; i++)
		ok = read_plane(card, &card->planes[i], &snapshot->planes[i]);
	for (size_t i = 0; i < card->connector_count && ok; i++) {
		uint64_t crtc = 0;

		/* A DisplayPort hub that was unplugged takes its connectors along. */
		if (!card_read_properties(card, card->connectors[i].id, DRM_MODE_OBJECT_CONNECTOR,
			    card->connectors[i].properties, &crtc, CONNECTOR_PROPERTY_COUNT))
			ok = errno == ENOENT;
		snapshot->connector_crtcs[i] = crtc;
	}
	if (!ok)
		g_set_error(error, SCREENSHOT_ERROR, SCREENSHOT_ERROR_FAILED,
			"%s: cannot read the atomic state: %s", card->path, g_strerror(errno));
	return ok;
}

const struct crtc_state *snapshot_crtc(const struct snapshot *snapshot, uint32_t crtc_id)
{
	for (size_t i = 0; i < snapshot->card->crtc_count; i++)
		if (snapshot->crtcs[i].id == crtc_id)
			return &snapshot->crtcs[i];
	return NULL;
}

static int type_rank(unsigned int type)
{
	return type == TYPE_PRIMARY ? -1 : (int)type;
}

static int compare_planes(const void *left, const void *right)
{
	const struct plane_state *a = *(const struct plane_state *const *)left;
	const struct plane_state *b = *(const struct plane_state *const *)right;

	if (a->has_zpos && b->has_zpos && a->zpos != b->zpos)
		return a->zpos < b->zpos ? -1 : 1;
	if (a->type != b->type)
		return type_rank(a->type) < type_rank(b->type) ? -1 : 1;
	return a->id < b->id ? -1 : a->id > b->id;
}

size_t snapshot_planes_on_crtc(const struct snapshot *snapshot, uint32_t crtc_id,
	const struct plane_state **sorted)
{
	size_t count = 0;

	for (size_t i = 0; i < snapshot->card->plane_count; i++)
		if (snapshot->planes[i].crtc_id == crtc_id && snapshot->planes[i].fb_id != 0)
			sorted[count++] = &snapshot->planes[i];
	if (count > 1)
		qsort(sorted, count, sizeof(*sorted), compare_planes);
	return count;
}

/* States are cleared before they are filled, padding included. */
static bool same_state(const void *a, const void *b, size_t size)
{
	return memcmp(a, b, size) == 0;
}

bool snapshot_equal_on_crtc(const struct snapshot *a, const struct snapshot *b, uint32_t crtc_id)
{
	const struct crtc_state *crtc_a = snapshot_crtc(a, crtc_id);
	const struct crtc_state *crtc_b = snapshot_crtc(b, crtc_id);

	if (!crtc_a || !crtc_b || !same_state(crtc_a, crtc_b, sizeof(*crtc_a)))
		return false;
	for (size_t i = 0; i < a->card->plane_count; i++) {
		if (a->planes[i].crtc_id != crtc_id && b->planes[i].crtc_id != crtc_id)
			continue;
		if (!same_state(&a->planes[i], &b->planes[i], sizeof(a->planes[i])))
			return false;
	}
	return true;
}

unsigned int snapshot_refresh(const struct drm_mode_modeinfo *mode)
{
	uint64_t pixels = (uint64_t)mode->htotal * mode->vtotal;
	uint64_t numerator = (uint64_t)mode->clock * 1000000;

	if (pixels == 0)
		return 0;
	if (mode->flags & DRM_MODE_FLAG_INTERLACE)
		numerator *= 2;
	if (mode->flags & DRM_MODE_FLAG_DBLSCAN)
		pixels *= 2;
	if (mode->vscan > 1)
		pixels *= mode->vscan;
	return (numerator + pixels / 2) / pixels;
}
