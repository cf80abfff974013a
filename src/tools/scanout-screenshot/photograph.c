// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Taking photographs: snapshot, map, compose, snapshot again.
 */
#include "photograph.h"

#include "error.h"
#include "vblank.h"

#include <stdio.h>
#include <string.h>

void photographer_init(struct photographer *photographer, const struct card *card)
{
	memset(photographer, 0, sizeof(*photographer));
	photographer->card = card;
	buffer_cache_init(&photographer->buffers, card);
	snapshot_init(&photographer->before, card);
	snapshot_init(&photographer->after, card);
	photographer->sorted = g_new0(const struct plane_state *, card->plane_count);
}

void photographer_finish(struct photographer *photographer)
{
	buffer_cache_finish(&photographer->buffers);
	snapshot_finish(&photographer->before);
	snapshot_finish(&photographer->after);
	g_free(photographer->sorted);
	memset(photographer, 0, sizeof(*photographer));
}

/* Colours that the CRTC changes after composition are not computed: say so, once. */
static void warn_of_color(struct photographer *photographer, const struct crtc_state *crtc)
{
	if (photographer->warned_of_color || !(crtc->gamma_lut || crtc->degamma_lut || crtc->ctm))
		return;
	g_printerr(
		"scanout-screenshot: crtc %u: GAMMA_LUT, DEGAMMA_LUT or CTM is set and not applied\n",
		crtc->id);
	photographer->warned_of_color = true;
}

static bool map_plane(struct photographer *photographer, const struct plane_state *state,
	struct compose_plane *plane, const struct buffer_mapping **mapping, GError **error)
{
	struct framebuffer_info info;

	*mapping = buffer_map(&photographer->buffers, state->fb_id, &info, error);
	if (!*mapping) {
		g_prefix_error(error, "plane %u: ", state->id);
		return false;
	}
	*plane = (struct compose_plane){
		.pixels = (*mapping)->pixels,
		.size = (*mapping)->size,
		.format = info.format,
		.offset = info.offset,
		.pitch = info.pitch,
		.fb_width = info.width,
		.fb_height = info.height,
		.src_x = state->src_x,
		.src_y = state->src_y,
		.src_w = state->src_w,
		.src_h = state->src_h,
		.crtc_x = state->crtc_x,
		.crtc_y = state->crtc_y,
		.crtc_w = state->crtc_w,
		.crtc_h = state->crtc_h,
		.rotation = state->rotation,
		.alpha = state->alpha,
		.blend = state->blend,
	};
	return true;
}

/* Composes what photographer->before says. */
static bool compose_snapshot(struct photographer *photographer, const struct crtc_state *crtc,
	bool with_crc, struct photograph *photograph, GError **error)
{
	struct compose_plane planes[BUFFER_CACHE_SIZE];
	const struct buffer_mapping *mappings[BUFFER_CACHE_SIZE];
	size_t count = snapshot_planes_on_crtc(&photographer->before, crtc->id,
		photographer->sorted);
	bool ok = true;

	if (count > BUFFER_CACHE_SIZE) {
		g_set_error(error, SCREENSHOT_ERROR, SCREENSHOT_ERROR_FAILED,
			"crtc %u: %zu planes, more than %d", crtc->id, count, BUFFER_CACHE_SIZE);
		return false;
	}
	for (size_t i = 0; i < count && ok; i++)
		ok = map_plane(photographer, photographer->sorted[i], &planes[i], &mappings[i],
			error);
	if (!ok)
		return false;
	picture_resize(&photograph->picture, crtc->mode.hdisplay, crtc->mode.vdisplay);
	for (size_t i = 0; i < count; i++)
		buffer_begin_read(mappings[i]);
	ok = compose_picture(planes, count, crtc->background, &photograph->picture,
		with_crc ? &photograph->vkms_crc : NULL, error);
	for (size_t i = 0; i < count; i++)
		buffer_end_read(mappings[i]);
	return ok;
}

/*
 * Whether a photograph between two equal states is one of a single frame. If a vblank came
 * meanwhile, the other buffer may have been on the glass, and this one drawn into and committed
 * again.
 */
static bool believable(struct photographer *photographer, uint32_t crtc_id,
	const struct photograph *photograph)
{
	uint64_t vblanks = vblank_sequence(photographer->card, crtc_id) - photograph->sequence;
	uint64_t previous = photographer->slow_checksum;

	photographer->slow_checksum = 0;
	if (vblanks == 0)
		return true;
	photographer->slow_checksum = picture_checksum(&photograph->picture);
	return photographer->slow_checksum == previous;
}

static bool attempt(struct photographer *photographer, uint32_t crtc_id, bool with_crc,
	struct photograph *photograph, GError **error)
{
	const struct crtc_state *crtc;
	bool composed, unchanged;

	photograph->stable = false;
	photograph->sequence = vblank_sequence(photographer->card, crtc_id);
	if (!snapshot_read(&photographer->before, error))
		return false;
	crtc = snapshot_crtc(&photographer->before, crtc_id);
	if (!crtc || !crtc->active) {
		g_set_error(error, SCREENSHOT_ERROR, SCREENSHOT_ERROR_OFF, "crtc %u is off",
			crtc_id);
		return false;
	}
	/* None is lit without: the blob went away between two questions. */
	if (crtc->mode.hdisplay == 0) {
		g_set_error(error, SCREENSHOT_ERROR, SCREENSHOT_ERROR_CHANGED,
			"crtc %u: its mode is being set", crtc_id);
		return false;
	}
	warn_of_color(photographer, crtc);
	composed = compose_snapshot(photographer, crtc, with_crc, photograph, error);
	if (!snapshot_read(&photographer->after, composed ? error : NULL))
		return false;
	unchanged = snapshot_equal_on_crtc(&photographer->before, &photographer->after, crtc_id);
	/* States of one frame and buffers of the next need not fit together. */
	if (!composed && !unchanged && error && *error)
		(*error)->code = SCREENSHOT_ERROR_CHANGED;
	photograph->stable = unchanged && composed && believable(photographer, crtc_id, photograph);
	return composed;
}

bool photograph_take(struct photographer *photographer, uint32_t crtc_id, unsigned int attempts,
	bool with_crc, struct photograph *photograph, GError **error)
{
	bool taken = false;

	photographer->slow_checksum = 0;
	for (unsigned int i = 0; i < attempts && !(taken && photograph->stable); i++) {
		g_autoptr(GError) problem = NULL;

		taken = attempt(photographer, crtc_id, with_crc, photograph, &problem);
		if (taken)
			continue;
		/* A framebuffer that went away between two questions: the next attempt knows
		 * better. */
		if (g_error_matches(problem, SCREENSHOT_ERROR, SCREENSHOT_ERROR_CHANGED) &&
			i + 1 < attempts)
			continue;
		g_propagate_error(error, g_steal_pointer(&problem));
		return false;
	}
	return taken;
}
