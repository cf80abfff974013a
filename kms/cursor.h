/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A cursor: the image and the place that are wanted, a plane, and two buffers that take turns. It
 * fills the top layer of a state; when that goes to the kernel, output.c decides. Knows no output.
 */
#ifndef KMS_CURSOR_H
#define KMS_CURSOR_H

#include "state.h"

#include <kms.h>

struct kms_cursor {
	struct kms_card *card;
	struct kms_plane *plane; /* a cursor plane, or an overlay in its place; NULL: none */
	uint32_t screen_width; /* of the mode */
	uint32_t screen_height;
	struct kms_buffer *buffers[2];
	unsigned int shown; /* the buffer that the last commit used: the other may be drawn */
	bool refused; /* above the picture that is shown next: not lit */

	/* What is wanted. */
	uint32_t *pixels; /* of the image; KMS_CURSOR_SIZE squared */
	bool visible;
	int32_t x;
	int32_t y;
	uint32_t hot_x;
	uint32_t hot_y;
	bool dirty; /* something differs from what was committed */
	bool image_dirty; /* and the image is among it */
};

void kms_cursor_init(struct kms_cursor *cursor, struct kms_card *card);
void kms_cursor_finish(struct kms_cursor *cursor);

/*
 * After a mode set, which turned every cursor off, or has `kept` that of a previous master: another
 * plane perhaps, or none. What was wanted before is shown again with the first commit.
 */
void kms_cursor_set_plane(struct kms_cursor *cursor, struct kms_plane *plane, uint32_t width,
	uint32_t height, bool kept);

/* Keeps a copy of the image, to be shown where a plane takes it; NULL: hides. */
void kms_cursor_set_image(struct kms_cursor *cursor, const uint32_t *pixels, uint32_t hot_x,
	uint32_t hot_y);

/* Has it a plane that is large enough, and buffers for it? The caller is told why not in *error. */
bool kms_cursor_is_usable(struct kms_cursor *cursor, GError **error);

/* Its image is shown from now on: with the next commit. */
void kms_cursor_show(struct kms_cursor *cursor);
/* `lit`: the kernel has it on. */
void kms_cursor_hide(struct kms_cursor *cursor, bool lit);

/* Would a commit now change anything of it? `now` is its layer as the kernel has it. One that is
 * not dirty has not changed: the case of nearly every frame. */
bool kms_cursor_differs(const struct kms_cursor *cursor, const struct kms_layer *now);
static inline bool kms_cursor_has_change(const struct kms_cursor *cursor,
	const struct kms_layer *now)
{
	return cursor->dirty && kms_cursor_differs(cursor, now);
}

/* Makes its layer what is wanted. What the kernel shows is not drawn into. */
void kms_cursor_fill(const struct kms_cursor *cursor, struct kms_layer *next);

/* The layer for a question to the driver: lit, in the top-left corner. */
void kms_cursor_fill_probe(const struct kms_cursor *cursor, struct kms_layer *next);

/* What kms_cursor_fill() made was accepted. */
void kms_cursor_applied(struct kms_cursor *cursor, const struct kms_layer *now);

#endif
