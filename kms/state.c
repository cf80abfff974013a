/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "state.h"

#include <string.h>
#include <xf86drm.h>

/* ---- values ---- */

static void destroy_blob(const struct kms_card *card, uint32_t blob)
{
	if (blob && card->records.state != KMS_DEVICE_GONE)
		drmModeDestroyPropertyBlob(card->fd, blob);
}

void kms_state_drop(const struct kms_card *card, struct kms_state *state)
{
	for (size_t i = 0; i < KMS_LAYERS; i++)
		kms_buffer_unref(state->layers[i].buffer);
	destroy_blob(card, state->mode_blob);
	memset(state, 0, sizeof(*state));
}

void kms_state_apply(const struct kms_card *card, struct kms_state *now, struct kms_state *next)
{
	for (size_t i = 0; i < KMS_LAYERS; i++)
		kms_buffer_unref(now->layers[i].buffer);
	if (now->mode_blob != next->mode_blob)
		destroy_blob(card, now->mode_blob);
	*now = *next;
	next->mode_blob = 0;
	for (size_t i = 0; i < KMS_LAYERS; i++) {
		next->layers[i].buffer = NULL;
		kms_state_settle(now, (enum kms_layer_kind)i);
	}
}

void kms_layer_set_buffer(struct kms_layer *layer, struct kms_buffer *buffer)
{
	if (buffer)
		kms_buffer_ref(buffer);
	kms_buffer_unref(layer->buffer);
	layer->buffer = buffer;
}

/* ---- damage ---- */

uint32_t kms_clips_blob(struct kms_clips *clips, const struct kms_card *card,
	const struct drm_mode_rect *rects, size_t count)
{
	size_t size = count * sizeof(*rects);

	if (clips->blob && count == clips->count && memcmp(rects, clips->rects, size) == 0)
		return clips->blob;
	kms_clips_finish(clips, card);
	if (drmModeCreatePropertyBlob(card->fd, rects, size, &clips->blob) != 0) {
		clips->blob = 0;
		return 0;
	}
	memcpy(clips->rects, rects, size);
	clips->count = count;
	return clips->blob;
}

void kms_clips_finish(struct kms_clips *clips, const struct kms_card *card)
{
	destroy_blob(card, clips->blob);
	clips->blob = 0;
}

/* ---- requests ---- */

static void add_off(struct kms_request *request, const struct kms_plane *plane)
{
	kms_request_add(request, plane->id, &plane->properties[KMS_PLANE_FB_ID], 0);
	kms_request_add(request, plane->id, &plane->properties[KMS_PLANE_CRTC_ID], 0);
}

static void add_blending(struct kms_request *request, const struct kms_layer *layer)
{
	const struct kms_plane *plane = layer->plane;
	const struct kms_property *alpha = &plane->properties[KMS_PLANE_ALPHA];
	const struct kms_property *mode = &plane->properties[KMS_PLANE_BLEND_MODE];
	uint64_t value;

	if (alpha->maximum)
		kms_request_add(request, plane->id, alpha, layer->alpha);
	if (kms_plane_blend_value(plane, (enum kms_blend)layer->blend, &value))
		kms_request_add(request, plane->id, mode, value);
}

/* A cursor is above everything, whatever the previous master wanted; and an overlay in its place is
 * as one that showed something else is not. */
static void add_cursor_on(struct kms_request *request, const struct kms_layer *layer)
{
	const struct kms_plane *plane = layer->plane;
	const struct kms_property *zpos = &plane->properties[KMS_PLANE_ZPOS];
	const struct kms_layer opaque = {.plane = layer->plane,
		.alpha = UINT16_MAX,
		.blend = KMS_BLEND_PREMULTIPLIED};

	if (zpos->maximum)
		kms_request_add(request, plane->id, zpos, zpos->maximum);
	if (plane->type == DRM_PLANE_TYPE_OVERLAY)
		add_blending(request, &opaque);
}

static void add_on(struct kms_request *request, const struct kms_crtc *crtc,
	enum kms_layer_kind kind, const struct kms_layer *layer)
{
	const struct kms_plane *plane = layer->plane;

	kms_request_add(request, plane->id, &plane->properties[KMS_PLANE_CRTC_ID], crtc->id);
	if (kind == KMS_LAYER_CURSOR)
		add_cursor_on(request, layer);
}

static void add_hotspot(struct kms_request *request, const struct kms_layer *layer)
{
	const struct kms_plane *plane = layer->plane;

	kms_request_add_optional(request, plane->id, &plane->properties[KMS_PLANE_HOTSPOT_X],
		layer->hot_x);
	kms_request_add_optional(request, plane->id, &plane->properties[KMS_PLANE_HOTSPOT_Y],
		layer->hot_y);
}

/*
 * We looked, and its fences have signalled; a peer may add another before the kernel looks, or at
 * any time while the buffer is shown. A fence that is given overrules those
 * (drm_gem_plane_helper_prepare_fb), so that no commit of ours waits for it. Once a plane and
 * request: the kernel takes no second one.
 */
static void add_fence(struct kms_request *request, const struct kms_card *card,
	const struct kms_layer *layer)
{
	const struct kms_property *fence = &layer->plane->properties[KMS_PLANE_IN_FENCE_FD];

	if (layer->buffer->dmabuf >= 0 && card->signalled_fence >= 0)
		kms_request_add_optional(request, layer->plane->id, fence,
			(uint64_t)card->signalled_fence);
}

/* What only layers above the picture have, and the picture below such ones. */
static void add_depth(struct kms_request *request, enum kms_layer_kind kind,
	const struct kms_layer *layer, const struct kms_layer *before)
{
	const struct kms_plane *plane = layer->plane;

	if (layer->zpos && (!before || before->zpos != layer->zpos))
		kms_request_add(request, plane->id, &plane->properties[KMS_PLANE_ZPOS],
			layer->zpos - 1);
	if (kind != KMS_LAYER_PICTURE && kind != KMS_LAYER_CURSOR &&
		(!before || before->alpha != layer->alpha || before->blend != layer->blend))
		add_blending(request, layer);
}

/* `before`: what the plane shows now, or NULL where that is not known. */
G_ALWAYS_INLINE static inline void add_layer(struct kms_request *request,
	const struct kms_card *card, const struct kms_crtc *crtc, enum kms_layer_kind kind,
	const struct kms_layer *layer, const struct kms_layer *before)
{
	const struct kms_plane *plane = layer->plane;

	if (!layer->buffer) {
		add_off(request, plane);
		return;
	}
	if (before && (!before->buffer || before->kept || before->plane != plane))
		before = NULL;
	/* The kernel looks at the fences of whatever plane is in the request, with the same buffer
	 * too. */
	add_fence(request, card, layer);
	if (!before || layer->anew || layer->buffer != before->buffer)
		kms_request_add(request, plane->id, &plane->properties[KMS_PLANE_FB_ID],
			layer->buffer->framebuffer);
	if (layer->kept)
		return;
	if (!before)
		add_on(request, crtc, kind, layer);
	if (layer->zpos || kind != KMS_LAYER_PICTURE)
		add_depth(request, kind, layer, before);
	if (!before || !kms_placement_equal(&before->placement, &layer->placement))
		kms_request_add_placement(request, plane, &layer->placement,
			before ? &before->placement : NULL);
	if (kind == KMS_LAYER_CURSOR &&
		(!before || before->hot_x != layer->hot_x || before->hot_y != layer->hot_y))
		add_hotspot(request, layer);
}

/* ---- flips ---- */

void kms_flip_leave(struct kms_flip *flip, enum kms_layer_kind kind)
{
	if (flip->copied & KMS_LAYER_BIT(kind))
		kms_buffer_unref(flip->layers[kind].buffer);
	flip->copied &= ~KMS_LAYER_BIT(kind);
}

void kms_flip_finish(struct kms_flip *flip)
{
	while (flip->copied)
		kms_flip_leave(flip, kms_layer_lowest(flip->copied));
}

struct kms_layer *kms_flip_layer(struct kms_flip *flip, enum kms_layer_kind kind,
	struct kms_buffer *buffer)
{
	struct kms_layer *layer = &flip->layers[kind];

	if (flip->copied & KMS_LAYER_BIT(kind)) {
		kms_layer_set_buffer(layer, buffer);
		return layer;
	}
	return kms_flip_copy_layer(flip, kind, buffer);
}

/* Planes that layers leave, first: another layer of the flip may have them from now on. */
static void add_left_planes(struct kms_request *request, const struct kms_flip *flip)
{
	for (uint32_t left = flip->copied & KMS_LAYERS_ABOVE; left; left &= left - 1) {
		const struct kms_layer *now = &flip->now->layers[kms_layer_lowest(left)];
		const struct kms_layer *next = &flip->layers[kms_layer_lowest(left)];

		if (now->buffer && (!next->buffer || now->plane != next->plane))
			add_off(request, now->plane);
	}
}

static void add_planes_off(struct kms_request *request, const struct kms_card *card, uint64_t off)
{
	for (; off; off &= off - 1)
		add_off(request, &card->planes[__builtin_ctzll(off)]);
}

static void add_damage(struct kms_request *request, const struct kms_flip *flip)
{
	for (uint32_t left = flip->damaged & flip->copied; left; left &= left - 1) {
		enum kms_layer_kind kind = kms_layer_lowest(left);
		const struct kms_plane *plane = flip->layers[kind].plane;

		kms_request_add(request, plane->id, &plane->properties[KMS_PLANE_FB_DAMAGE_CLIPS],
			flip->damage[kind]);
	}
}

/* Of layers that stay as they are: there are drivers whose check adds all planes of the CRTC to the
 * request, whose fences are then waited for too, so that a cursor would stand still for a guest
 * that draws. */
static void add_fences(struct kms_request *request, const struct kms_card *card,
	const struct kms_flip *flip)
{
	for (uint32_t left = flip->now->imported & ~flip->copied; left; left &= left - 1)
		add_fence(request, card, &flip->now->layers[kms_layer_lowest(left)]);
}

/* Of every frame. */
G_ALWAYS_INLINE static inline void build(struct kms_request *request, const struct kms_card *card,
	const struct kms_flip *flip)
{
	const struct kms_state *now = flip->now;

	kms_request_reset(request);
	if (flip->copied & KMS_LAYERS_ABOVE)
		add_left_planes(request, flip);
	if (flip->off)
		add_planes_off(request, card, flip->off);
	for (uint32_t left = flip->copied; left; left &= left - 1) {
		enum kms_layer_kind kind = kms_layer_lowest(left);

		/* One that was off and stays so has nothing to say. */
		if (flip->layers[kind].buffer ||
			(kms_layer_is_lit(&now->layers[kind]) &&
				!(KMS_LAYER_BIT(kind) & KMS_LAYERS_ABOVE)))
			add_layer(request, card, now->crtc, kind, &flip->layers[kind],
				&now->layers[kind]);
	}
	if (now->imported & ~flip->copied)
		add_fences(request, card, flip);
	if (flip->damaged)
		add_damage(request, flip);
	if (flip->vrr != now->vrr)
		kms_request_add(request, now->crtc->id,
			&now->crtc->properties[KMS_CRTC_VRR_ENABLED], flip->vrr);
}

int kms_flip_test(const struct kms_card *card, struct kms_request *request,
	const struct kms_flip *flip)
{
	build(request, card, flip);
	return kms_request_test(card, request, 0);
}

int kms_flip_commit(struct kms_card *card, struct kms_request *request, const struct kms_flip *flip,
	guint *token)
{
	build(request, card, flip);
	/* Where nothing is to be said, libdrm sends nothing, says that all is well, and no event
	 * ever comes. */
	if (kms_request_size(request) == 0)
		kms_request_add(request, flip->now->crtc->id,
			&flip->now->crtc->properties[KMS_CRTC_ACTIVE], 1);
	return kms_request_commit(card, request, 0, token);
}

/* ---- the parts of a mode set ---- */

void kms_state_add_connector(struct kms_request *request, const struct kms_connector *connector,
	const struct kms_crtc *crtc, bool resets)
{
	const struct kms_property *properties = connector->properties;

	kms_request_add(request, connector->id, &properties[KMS_CONNECTOR_CRTC_ID],
		crtc ? crtc->id : 0);
	if (resets)
		kms_request_add_resets(request, connector->id, properties,
			KMS_CONNECTOR_PROPERTIES);
	else if (crtc)
		kms_request_add_optional(request, connector->id,
			&properties[KMS_CONNECTOR_LINK_STATUS],
			properties[KMS_CONNECTOR_LINK_STATUS].reset);
}

void kms_state_add_crtc(struct kms_request *request, const struct kms_crtc *crtc,
	const struct kms_state *next, bool resets)
{
	kms_request_add(request, crtc->id, &crtc->properties[KMS_CRTC_ACTIVE], next ? 1 : 0);
	kms_request_add(request, crtc->id, &crtc->properties[KMS_CRTC_MODE_ID],
		next ? next->mode_blob : 0);
	if (resets)
		kms_request_add_resets(request, crtc->id, crtc->properties, KMS_CRTC_PROPERTIES);
}

void kms_state_add_layer(struct kms_request *request, const struct kms_card *card,
	const struct kms_state *next, enum kms_layer_kind kind, bool resets)
{
	const struct kms_plane *plane = next->layers[kind].plane;
	const struct kms_property *zpos = &plane->properties[KMS_PLANE_ZPOS];

	/* Resets first: the placement has the last word on the rotation. */
	if (resets)
		kms_request_add_resets(request, plane->id, plane->properties, KMS_PLANE_PROPERTIES);
	if (resets && kind == KMS_LAYER_PICTURE && zpos->maximum)
		kms_request_add(request, plane->id, zpos, zpos->minimum);
	/* What the previous master shows, and no framebuffer of ours could be made of it. */
	if (next->layers[kind].kept && !next->layers[kind].buffer)
		return;
	add_layer(request, card, next->crtc, kind, &next->layers[kind], NULL);
}

void kms_state_add_plane_off(struct kms_request *request, const struct kms_plane *plane,
	bool resets)
{
	if (resets)
		kms_request_add_resets(request, plane->id, plane->properties, KMS_PLANE_PROPERTIES);
	add_off(request, plane);
}
