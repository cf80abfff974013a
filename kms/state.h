/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What an output shows, as a value: its CRTC, its mode, and a stack of layers, of which the cursor
 * is the top one. A state is made, tested, committed, and then applied or dropped; so is a flip,
 * which is what of a state's layers is to become another. What the kernel has is a state, too, and
 * changes by kms_state_apply() and kms_flip_apply() alone. The one place that says what goes into a
 * request: for flips, mode sets, take-overs and tests alike.
 *
 * Flips are output.c's, states of a whole card those of route.c and modeset.c. Both hold a
 * reference on each of their buffers; a state owns its mode's blob.
 */
#ifndef KMS_STATE_H
#define KMS_STATE_H

#include "buffer.h"
#include "connector.h"
#include "request.h"

#include <xf86drmMode.h>

enum kms_layer_kind {
	KMS_LAYER_PICTURE, /* the lowest one */
	KMS_LAYER_ABOVE, /* the first of KMS_LAYERS_MAX above it, which are ordered by their zpos */
	KMS_LAYER_CURSOR = KMS_LAYER_ABOVE + KMS_LAYERS_MAX,
	KMS_LAYERS,
};

/* Sets of layers are numbers, with a bit for each. */
#define KMS_LAYER_BIT(kind) (UINT32_C(1) << (kind))
#define KMS_LAYERS_ABOVE (KMS_LAYER_BIT(KMS_LAYER_CURSOR) - 1 - KMS_LAYER_BIT(KMS_LAYER_PICTURE))

/* The lowest of a set that is not empty. */
static inline enum kms_layer_kind kms_layer_lowest(uint32_t set)
{
	return (enum kms_layer_kind)__builtin_ctz(set);
}

struct kms_layer {
	struct kms_plane *plane; /* NULL: no plane is there for it */
	struct kms_buffer *buffer; /* NULL: off */
	struct kms_placement placement;
	uint16_t zpos; /* of its plane, plus 1; 0: left as it is */
	uint16_t alpha; /* of a layer above the picture: of all of it, 0xffff opaque … */
	uint16_t hot_x; /* of a cursor, inside its image */
	uint16_t hot_y;
	uint8_t blend; /* … and enum kms_blend, of its pixels */
	/* The placement is the previous master's, and none of it is said again: only the
	 * framebuffer is ours. What comes after it brings all of its own. */
	bool kept;
	bool anew; /* to be shown again, if it is the same framebuffer too */
};

/* Its plane shows something: ours, or what a previous master left. */
static inline bool kms_layer_is_lit(const struct kms_layer *layer)
{
	return layer->buffer || layer->kept;
}

/* The last blob of damage that was made, to be used again where the rectangles are the same:
 * corners, in the framebuffer of the picture. */
struct kms_clips {
	struct drm_mode_rect rects[KMS_DAMAGE_MAX];
	size_t count;
	uint32_t blob; /* 0: none was made */
};

/* A blob with these rectangles, good until the next call; 0: no memory. */
uint32_t kms_clips_blob(struct kms_clips *clips, const struct kms_card *card,
	const struct drm_mode_rect *rects, size_t count);
void kms_clips_finish(struct kms_clips *clips, const struct kms_card *card);

struct kms_state {
	struct kms_crtc *crtc; /* NULL: off */
	drmModeModeInfo mode;
	uint32_t mode_blob;
	struct kms_settings settings; /* of its connector: those that it can have */
	bool vrr; /* the refresh rate varies: the CRTC's VRR_ENABLED */
	struct kms_layer layers[KMS_LAYERS];
	/* Of what the kernel has, a set: those whose buffer is a dma-buf, which may get a fence at
	 * any time. */
	uint32_t imported;
};

/* Leaves it empty. */
void kms_state_drop(const struct kms_card *card, struct kms_state *state);

/* The kernel has accepted `next`: it becomes `now`, and has nothing to give up any more. */
void kms_state_apply(const struct kms_card *card, struct kms_state *now, struct kms_state *next);

/* The kernel has it now. The plane that one above the picture left may be another one's. */
G_ALWAYS_INLINE static inline void kms_state_settle(struct kms_state *now, enum kms_layer_kind kind)
{
	const struct kms_layer *layer = &now->layers[kind];

	if (kms_layer_is_lit(layer)) {
		layer->plane->crtc_id = now->crtc->id;
		kms_plane_forget_former(layer->plane);
	} else if (layer->plane && !(KMS_LAYER_BIT(kind) & KMS_LAYERS_ABOVE)) {
		layer->plane->crtc_id = 0;
	}
	now->imported &= ~KMS_LAYER_BIT(kind);
	if (layer->buffer && layer->buffer->dmabuf >= 0)
		now->imported |= KMS_LAYER_BIT(kind);
}

/* Puts a buffer on a layer; NULL turns it off. Takes its own reference. */
void kms_layer_set_buffer(struct kms_layer *layer, struct kms_buffer *buffer);

/* ---- flips: most change one layer, so that no more of the state is copied ---- */

struct kms_flip {
	const struct kms_state *now; /* borrowed: what the kernel has */
	uint32_t copied; /* a set: all others stay as they are */
	uint32_t damaged; /* those of which but a part changes */
	bool vrr; /* as struct kms_state has it */
	uint64_t off; /* bit i: the card's plane i, which no layer has, goes off */
	struct kms_layer layers[KMS_LAYERS]; /* the copies, which are the caller's to change */
	uint32_t damage[KMS_LAYERS]; /* of those that are `damaged`: a blob of kms_clips_blob() */
};

/* Changes nothing so far. */
static inline void kms_flip_init(struct kms_flip *flip, const struct kms_state *now)
{
	flip->now = now;
	flip->copied = 0;
	flip->damaged = 0;
	flip->off = 0;
	flip->vrr = now->vrr;
}

/* Gives up what was not applied. */
void kms_flip_finish(struct kms_flip *flip);

/* Its copy of a layer, with this buffer now; NULL: off. On another plane the one that it had is
 * turned off, or is another layer's of the same flip. */
struct kms_layer *kms_flip_layer(struct kms_flip *flip, enum kms_layer_kind kind,
	struct kms_buffer *buffer);

/* The same of a layer that is not `copied`. */
static inline struct kms_layer *kms_flip_copy_layer(struct kms_flip *flip, enum kms_layer_kind kind,
	struct kms_buffer *buffer)
{
	struct kms_layer *layer = &flip->layers[kind];

	flip->copied |= KMS_LAYER_BIT(kind);
	*layer = flip->now->layers[kind];
	layer->buffer = buffer ? kms_buffer_hold(buffer) : NULL;
	layer->kept = false;
	layer->anew = false;
	return layer;
}

/* A part of it changes, in its buffer; 0: all of it. */
static inline void kms_flip_damage(struct kms_flip *flip, enum kms_layer_kind kind, uint32_t blob)
{
	flip->damage[kind] = blob;
	if (blob)
		flip->damaged |= KMS_LAYER_BIT(kind);
}

/* Leaves the layer as it is, after all. */
void kms_flip_leave(struct kms_flip *flip, enum kms_layer_kind kind);

/* Would the driver take it? 0 or an errno. */
int kms_flip_test(const struct kms_card *card, struct kms_request *request,
	const struct kms_flip *flip);

/* Commits what differs from what is there, without waiting. 0 or an errno. */
int kms_flip_commit(struct kms_card *card, struct kms_request *request, const struct kms_flip *flip,
	guint *token);

/* The kernel has accepted it: `now` is the state that it was made of. The flip is finished. */
G_ALWAYS_INLINE static inline void kms_flip_apply(struct kms_flip *flip, struct kms_state *now)
{
	for (uint32_t left = flip->copied & KMS_LAYERS_ABOVE; left; left &= left - 1) {
		struct kms_layer *layer = &now->layers[kms_layer_lowest(left)];

		if (layer->buffer)
			layer->plane->crtc_id = 0;
	}
	for (uint32_t left = flip->copied; left; left &= left - 1) {
		enum kms_layer_kind kind = kms_layer_lowest(left);
		struct kms_layer *layer = &now->layers[kind];

		kms_buffer_let_go(layer->buffer);
		*layer = flip->layers[kind];
		kms_state_settle(now, kind);
	}
	flip->copied = 0;
	now->vrr = flip->vrr;
}

/* ---- requests ---- */

/* The parts of a mode set. `resets`: what a previous master left in the object is undone. */

/* `crtc` NULL: it is driven by none. */
void kms_state_add_connector(struct kms_request *request, const struct kms_connector *connector,
	const struct kms_crtc *crtc, bool resets);
/* `next` NULL: the CRTC is off. */
void kms_state_add_crtc(struct kms_request *request, const struct kms_crtc *crtc,
	const struct kms_state *next, bool resets);
void kms_state_add_layer(struct kms_request *request, const struct kms_card *card,
	const struct kms_state *next, enum kms_layer_kind kind, bool resets);
void kms_state_add_plane_off(struct kms_request *request, const struct kms_plane *plane,
	bool resets);

#endif
