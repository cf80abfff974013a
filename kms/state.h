/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What an output shows, as a value: its CRTC, its mode, and a stack of layers, of which the cursor
 * is the top one. A state is copied, changed, tested, committed, and then applied or dropped; what
 * the kernel has is another state, and changes by kms_state_apply() alone. The one place that says
 * what goes into a request: for flips, mode sets, take-overs and tests alike.
 *
 * Used by output.c for the state of one output, by route.c and modeset.c for that of a whole card.
 * A state holds a reference on each of its buffers, and owns its mode's blob unless the state that
 * it was copied from has the same.
 */
#ifndef KMS_STATE_H
#define KMS_STATE_H

#include "buffer.h"
#include "connector.h"
#include "request.h"

#include <xf86drmMode.h>

enum kms_layer_kind {
	KMS_LAYER_PICTURE,
	KMS_LAYER_CURSOR,
	KMS_LAYERS,
};

struct kms_layer {
	struct kms_plane *plane; /* NULL: no plane is there for it */
	struct kms_buffer *buffer; /* NULL: off */
	struct kms_placement placement;
	uint32_t hot_x; /* of a cursor, inside its image */
	uint32_t hot_y;
	bool known; /* the kernel has this placement; else all of it goes into the next request */
	bool kept; /* the placement is the previous master's: only the framebuffer is ours */
	bool anew; /* to be shown again, if it is the same framebuffer too */
};

/* The last blob of damage that was made, to be used again where the rectangles are the same: corners,
 * in the framebuffer of the picture. */
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
	struct kms_layer layers[KMS_LAYERS];
	/* Which part of the picture the next request changes: a blob of kms_clips_blob(); 0: all of
	 * it. */
	uint32_t damage;
};

/* `to` is empty, or was dropped. */
void kms_state_copy(struct kms_state *to, const struct kms_state *from);

/* What `kept` has too stays; NULL: nothing does. Leaves it empty. */
void kms_state_drop(const struct kms_card *card, struct kms_state *state,
	const struct kms_state *kept);

/* The kernel has accepted `next`: it becomes `now`, and has nothing to give up any more. */
void kms_state_apply(const struct kms_card *card, struct kms_state *now, struct kms_state *next);

/* Puts a buffer on a layer; NULL turns it off. Takes its own reference. */
void kms_layer_set_buffer(struct kms_layer *layer, struct kms_buffer *buffer);

/* ---- requests: of `next`, what differs from `now` ---- */

/* The layers alone: `next` has the CRTC and the mode of `now`. */
void kms_state_build_flip(struct kms_request *request, const struct kms_card *card,
	const struct kms_state *now, const struct kms_state *next);

/* Would the driver take it as a flip? 0 or an errno. */
int kms_state_test(const struct kms_card *card, struct kms_request *request,
	const struct kms_state *now, const struct kms_state *next);

/* Commits it as a flip, without waiting. 0 or an errno; `now` is the caller's to change then. */
int kms_state_commit(struct kms_card *card, struct kms_request *request,
	const struct kms_state *now, const struct kms_state *next, guint *token);

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
