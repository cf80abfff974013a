/* SPDX-License-Identifier: GPL-2.0-or-later */
/* How a picture gets to the glass. */
#include "scene/verdict.h"

#include <glib.h>
#include <string.h>

/* Compared bit by bit: no padding. */
G_STATIC_ASSERT(sizeof(struct verdict_kind) == 12 * 4 + 2 * 4 * 4 + 8);

static bool is_layer(const struct verdict_kind *kind)
{
	return kind->area.width > 0;
}

static enum verdict_cursor judge_cursor(const struct verdict_input *input)
{
	if (!input->cursor)
		return VERDICT_CURSOR_NONE;
	return input->answers[VERDICT_ASK_CURSOR] == VERDICT_YES ? VERDICT_CURSOR_PLANE
								 : VERDICT_CURSOR_BLENDED;
}

/* A plane leaves the CRTC black around the picture: another colour must be drawn. */
static bool is_framed(const struct verdict_kind *kind, const struct place *place)
{
	return kind->background != 0 &&
		(place->destination.width != (int32_t)kind->mode_width ||
			place->destination.height != (int32_t)kind->mode_height);
}

static bool is_plain(const struct place *place)
{
	return !place->scaled && place->transform == KMS_ROTATE_0;
}

static enum copy_reason reason_for(const struct verdict_input *input, const struct verdict *verdict)
{
	if (input->kind.buffer_width == 0)
		return COPY_IMPORT_REFUSED;
	if (verdict->cursor == VERDICT_CURSOR_BLENDED)
		return COPY_CURSOR;
	if (!is_plain(&verdict->place) || is_framed(&input->kind, &verdict->place) ||
		input->kind.y_inverted || input->overlaid)
		return COPY_GEOMETRY;
	return COPY_TEST_REFUSED;
}

static void place_layer(const struct verdict_kind *kind, struct place *place)
{
	const struct kms_rect *area = &kind->area;

	place_compute(place, kind->width, kind->height, (uint32_t)area->width,
		(uint32_t)area->height, (enum place_policy)kind->policy,
		kind->transform ? (enum kms_transform)kind->transform : KMS_ROTATE_0);
	place->destination.x += area->x;
	place->destination.y += area->y;
}

static struct verdict judge_layer(const struct verdict_input *input)
{
	struct verdict verdict = {.way = VERDICT_CANVAS, .ask = VERDICT_ASK_NOTHING};

	place_layer(&input->kind, &verdict.place);
	verdict.cursor = judge_cursor(input);
	verdict.reason = reason_for(input, &verdict);
	if (input->cursor && input->answers[VERDICT_ASK_CURSOR] == VERDICT_UNKNOWN)
		verdict.ask = VERDICT_ASK_CURSOR;
	return verdict;
}

struct verdict verdict_judge(const struct verdict_input *input)
{
	const struct verdict_kind *kind = &input->kind;
	const enum verdict_answer *answers = input->answers;
	struct verdict verdict = {.way = VERDICT_CANVAS, .ask = VERDICT_ASK_NOTHING};

	if (is_layer(kind))
		return judge_layer(input);
	/* One colour needs no place: it is all over the canvas, and has no cursor. */
	if (kind->width == 0) {
		verdict.place.transform = KMS_ROTATE_0;
		return verdict;
	}

	place_compute(&verdict.place, kind->width, kind->height, kind->mode_width,
		kind->mode_height, (enum place_policy)kind->policy,
		kind->transform ? (enum kms_transform)kind->transform : KMS_ROTATE_0);
	verdict.cursor = judge_cursor(input);
	verdict.reason = reason_for(input, &verdict);
	if (input->cursor && answers[VERDICT_ASK_CURSOR] == VERDICT_UNKNOWN) {
		verdict.ask = VERDICT_ASK_CURSOR;
		return verdict;
	}

	/* Only a canvas of the mode's size has room for the frame. */
	if (is_framed(kind, &verdict.place) || input->overlaid)
		return verdict;
	if (kind->buffer_width > 0 && verdict.cursor != VERDICT_CURSOR_BLENDED) {
		if (answers[VERDICT_ASK_DIRECT] == VERDICT_YES)
			verdict.way = VERDICT_DIRECT;
		if (answers[VERDICT_ASK_DIRECT] == VERDICT_UNKNOWN)
			verdict.ask = VERDICT_ASK_DIRECT;
		if (answers[VERDICT_ASK_DIRECT] != VERDICT_NO)
			return verdict;
	}

	/* Scaling and turning are left to the plane, if it can. */
	if (!is_plain(&verdict.place)) {
		if (answers[VERDICT_ASK_PLACED] == VERDICT_YES)
			verdict.way = VERDICT_PLACED_CANVAS;
		if (answers[VERDICT_ASK_PLACED] == VERDICT_UNKNOWN)
			verdict.ask = VERDICT_ASK_PLACED;
	}
	return verdict;
}

bool verdict_kind_equal(const struct verdict_kind *a, const struct verdict_kind *b)
{
	return memcmp(a, b, sizeof(*a)) == 0;
}

static bool same_place(const struct verdict_kind *a, const struct verdict_kind *b)
{
	return a->width == b->width && a->height == b->height && a->mode_width == b->mode_width &&
		a->mode_height == b->mode_height && a->policy == b->policy &&
		a->transform == b->transform && kms_rect_equal(&a->area, &b->area);
}

void verdict_inherit(struct verdict_input *to, const struct verdict_input *from)
{
	memset(to->answers, 0, sizeof(to->answers));
	if (!from || !same_place(&to->kind, &from->kind))
		return;
	to->answers[VERDICT_ASK_CURSOR] = from->answers[VERDICT_ASK_CURSOR];
	to->answers[VERDICT_ASK_PLACED] = from->answers[VERDICT_ASK_PLACED];
}
