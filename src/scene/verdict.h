/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * How a picture gets to the glass, as a value: by which way the picture, and by which the cursor.
 *
 * Pure: made of what is known of the picture, the mode, the policy, the cursor, and of answers that
 * the output gave (kms_output_test(), kms_output_set_cursor()). Where an answer is needed that is
 * not there, the verdict says which, and view_judge.c asks: so nothing is asked that does not
 * matter. Which plane takes the cursor, the cursor plane or an overlay, is for kms/ to choose.
 */
#ifndef SCANOUTD_SCENE_VERDICT_H
#define SCANOUTD_SCENE_VERDICT_H

#include <stdbool.h>
#include <stdint.h>

#include "kms.h"
#include "scene/copy.h"
#include "scene/place.h"

enum verdict_way {
	VERDICT_DIRECT, /* the picture's own buffer, placed, scaled and turned by the plane */
	/* Copied 1:1 into a canvas of its size, which the plane scales and turns. Of a layer:
	 * composed into a canvas as large as it is on the CRTC. */
	VERDICT_PLACED_CANVAS,
	/* Composed into a canvas of the mode's size. Of a layer: into the one of the output's own
	 * picture. */
	VERDICT_CANVAS,
};

enum verdict_cursor {
	VERDICT_CURSOR_NONE, /* hidden */
	VERDICT_CURSOR_PLANE, /* on a plane of its own: a cursor plane, else an overlay */
	VERDICT_CURSOR_BLENDED, /* drawn into the canvas */
};

/* What can be asked, in this order. */
enum verdict_question {
	/* Does a plane take the cursor, as large as it is in this place? Of views that share an
	 * output one may have it (view_cursor.c). */
	VERDICT_ASK_CURSOR,
	VERDICT_ASK_DIRECT, /* does the plane show the picture's buffer in this place? */
	VERDICT_ASK_PLACED, /* does it show a canvas of the picture's size there? */
	VERDICT_QUESTIONS,
	VERDICT_ASK_NOTHING = VERDICT_QUESTIONS,
};

enum verdict_answer {
	VERDICT_UNKNOWN,
	VERDICT_YES,
	VERDICT_NO, /* or it was refused later, when it came to it */
};

/* What pictures that are shown alike have in common. Compared as a whole, bit by bit: to be zeroed
 * first. */
struct verdict_kind {
	uint32_t width; /* of the picture; both 0: one colour all over, of no size */
	uint32_t height;
	uint32_t mode_width;
	uint32_t mode_height;
	uint32_t policy; /* enum place_policy */
	uint32_t transform; /* of the output, one of the eight (place.h); 0: upright */
	uint32_t background; /* XRGB, around the picture; black needs nobody to draw it */
	uint32_t buffer_width; /* 0: there is none, and the rest is 0 */
	uint32_t buffer_height;
	uint32_t fourcc;
	uint32_t stride;
	uint32_t y_inverted;
	struct kms_rect part;
	struct kms_rect area; /* of a layer, on the CRTC; else 0: it is the output's own picture */
	uint64_t modifier;
};

struct verdict_input {
	struct verdict_kind kind;
	bool cursor; /* there is one to be seen */
	bool overlaid; /* layers are drawn into the picture, which so needs a canvas */
	bool alone; /* nobody can read it: layers that have no plane are left out, so that it goes direct */
	bool tried_alone; /* that was tried: where it is not so, it does not go direct even then */
	enum verdict_answer answers[VERDICT_QUESTIONS];
};

struct verdict {
	enum verdict_way way;
	enum verdict_cursor cursor;
	enum copy_reason reason; /* why not direct */
	struct place place; /* of the picture on the CRTC */
	/* As long as this is to be asked, the rest is what it would be if the answer were no. */
	enum verdict_question ask;
};

/* Of a layer only the place, the cursor and the reason: which way it takes is found out for all
 * layers of an output together (view_stack_planes.c). */
struct verdict verdict_judge(const struct verdict_input *input);

bool verdict_kind_equal(const struct verdict_kind *a, const struct verdict_kind *b);

/* The answers to `from` (NULL: there is none) that hold for `to`, which has its kind: what the
 * cursor and the scaler can depends on sizes alone. All others are unknown then. */
void verdict_inherit(struct verdict_input *to, const struct verdict_input *from);

#endif
