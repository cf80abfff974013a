/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the verdict (verdict.h) wants to know, asked of the output: of the picture that is shown,
 * and of one that may be shown next. What was answered is kept as long as the picture's kind and
 * the mode stay.
 */
#include <string.h>

#include "scene/view_internal.h"

void view_direct_frame(const struct view *view, const struct view_picture *picture,
	const struct place *place, struct kms_frame *frame)
{
	const struct kms_rect *seen = &place->source;
	int32_t below = picture->part.height - seen->y - seen->height;

	*frame = (struct kms_frame){
		.buffer = view_picture_buffer(picture, view->card),
		.source = {picture->part.x + seen->x,
			picture->part.y + (picture->y_inverted ? below : seen->y), seen->width,
			seen->height},
		.destination = place->destination,
		.transform = place->transform,
	};
	/* The kernel reflects before it rotates: first the buffer is put upright. */
	if (picture->y_inverted)
		frame->transform ^= KMS_REFLECT_Y;
}

/* Is its kind what was judged? The short way to know. */
static bool is_judged(const struct view *view, const struct view_picture *picture)
{
	const struct kms_mode_info *mode = kms_output_mode(view->output);
	const struct verdict_kind *kind = &view->input.kind;

	return view->judged && picture->version > 0 && picture->version == view->judged_version &&
		mode->width == kind->mode_width && mode->height == kind->mode_height &&
		(uint32_t)view->policy == kind->policy &&
		(uint32_t)view->transform == kind->transform &&
		view->background == kind->background;
}

bool view_is_outdated(const struct view *view)
{
	const struct kms_mode_info *mode = kms_output_mode(view->output);
	const struct view_picture *picture = view->picture;
	const struct verdict_kind *kind = &view->input.kind;

	return mode->width != kind->mode_width || mode->height != kind->mode_height ||
		(!picture->solid &&
			(picture->width != kind->width || picture->height != kind->height));
}

/* What is beyond the edge is nowhere. */
struct kms_rect view_area_on_crtc(const struct view *view, const struct kms_mode_info *mode)
{
	struct kms_rect area;
	struct place screen;
	uint32_t width, height;

	width = place_is_sideways(view->transform) ? mode->height : mode->width;
	height = place_is_sideways(view->transform) ? mode->width : mode->height;
	place_compute(&screen, width, height, mode->width, mode->height, PLACE_NONE,
		view->transform);
	area = place_to_output(&screen, &view->area);
	/* Until the layout has heard of another mode. */
	return rect_empty(&area) ? (struct kms_rect){0, 0, 1, 1} : area;
}

void view_place(const struct view *view, uint32_t width, uint32_t height, struct place *place)
{
	const struct kms_mode_info *mode = kms_output_mode(view->output);
	struct kms_rect area = whole(mode->width, mode->height);

	if (view->above)
		area = view_area_on_crtc(view, mode);
	place_compute(place, width, height, (uint32_t)area.width, (uint32_t)area.height,
		view->policy, view->transform);
	place->destination.x += area.x;
	place->destination.y += area.y;
}

static void fill_kind(const struct view *view, const struct view_picture *picture,
	struct verdict_kind *kind)
{
	const struct kms_mode_info *mode = kms_output_mode(view->output);
	struct kms_buffer *buffer = view_picture_buffer(picture, view->card);

	/* Kinds are compared byte by byte. */
	memset(kind, 0, sizeof(*kind));
	kind->mode_width = mode->width;
	kind->mode_height = mode->height;
	kind->policy = view->policy;
	kind->transform = view->transform;
	kind->background = view->background;
	if (view->above) {
		kind->area = view_area_on_crtc(view, mode);
		kind->width = (uint32_t)view->area.width;
		kind->height = (uint32_t)view->area.height;
	}
	if (picture->solid)
		return;
	kind->width = picture->width;
	kind->height = picture->height;
	if (!buffer)
		return;
	kind->buffer_width = kms_buffer_width(buffer);
	kind->buffer_height = kms_buffer_height(buffer);
	kind->fourcc = picture->fourcc;
	kind->stride = picture->stride;
	kind->modifier = picture->modifier;
	kind->part = picture->part;
	kind->y_inverted = picture->y_inverted;
}

static bool ask(struct view *view, const struct view_picture *picture,
	const struct verdict *verdict)
{
	struct kms_frame frame;

	switch (verdict->ask) {
	case VERDICT_ASK_CURSOR:
		return view_give_cursor(view, &verdict->place, true);
	case VERDICT_ASK_DIRECT:
		view_direct_frame(view, picture, &verdict->place, &frame);
		return kms_output_test(view->output, &frame);
	case VERDICT_ASK_PLACED:
		return view_test_placed(view, picture, &verdict->place);
	case VERDICT_ASK_NOTHING:
		break;
	}
	return false;
}

/* Asks until `enough` would be the next question. */
static struct verdict decide(struct view *view, const struct view_picture *picture,
	struct verdict_input *input, enum verdict_question enough)
{
	struct verdict verdict = verdict_judge(input);

	while (verdict.ask != enough && verdict.ask != VERDICT_ASK_NOTHING) {
		enum verdict_answer *answer = &input->answers[verdict.ask];

		*answer = ask(view, picture, &verdict) ? VERDICT_YES : VERDICT_NO;
		verdict = verdict_judge(input);
	}
	return verdict;
}

void view_decide(struct view *view)
{
	view->verdict = decide(view, view->picture, &view->input, VERDICT_ASK_NOTHING);
	view->judged = true;
	view->judged_version = view->picture->version;
	if (view->verdict.cursor == VERDICT_CURSOR_NONE)
		view_give_cursor(view, &view->verdict.place, false);
}

static void decide_shown(struct view *view)
{
	/* Of the output's own it is a part of finding out. */
	if (!view->stack || view->above)
		view_decide(view);
	if (view->stack)
		view_stack_arrange(view->stack, view);
}

/* The kind is filled in; the rest as far as it is known. */
static void inherit(const struct view *view, struct verdict_input *input,
	const struct view_picture *picture)
{
	verdict_inherit(input, view->judged ? &view->input : NULL);
	input->cursor = cursor_visible(&view->cursor) && !is_placeholder(picture);
	input->overlaid = view->input.overlaid;
	input->alone = false;
	input->tried_alone = false;
}

bool view_look(struct view *view)
{
	struct verdict_input input;

	fill_kind(view, view->picture, &input.kind);
	if (view->judged && verdict_kind_equal(&input.kind, &view->input.kind))
		return false;
	if (view->proposed && verdict_kind_equal(&input.kind, &view->proposal.kind)) {
		view->input = view->proposal;
	} else {
		inherit(view, &input, view->picture);
		view->input = input;
	}
	view->proposed = false;
	return true;
}

void view_judge(struct view *view)
{
	if (view_look(view))
		decide_shown(view);
}

void view_refused(struct view *view, enum verdict_question question)
{
	/* In another mode, of which it is told later, it may be taken. */
	if (!view_look(view))
		view->input.answers[question] = VERDICT_NO;
	decide_shown(view);
}

void view_judge_cursor(struct view *view)
{
	enum verdict_answer *answers = view->input.answers;
	bool was_blended = view_blends(view);
	bool taken;

	/* The mode may be another already, and the view told of it later. */
	if (view_look(view))
		view->verdict = verdict_judge(&view->input);
	view->input.cursor = cursor_visible(&view->cursor) && !is_placeholder(view->picture);
	answers[VERDICT_ASK_CURSOR] = VERDICT_UNKNOWN;
	if (view->input.cursor) {
		taken = view_give_cursor(view, &view->verdict.place, true);
		answers[VERDICT_ASK_CURSOR] = taken ? VERDICT_YES : VERDICT_NO;
	}
	view->verdict = verdict_judge(&view->input);
	/* What was refused with the cursor on a plane may be taken without it. */
	if (view_blends(view) != was_blended && answers[VERDICT_ASK_DIRECT] == VERDICT_NO)
		answers[VERDICT_ASK_DIRECT] = VERDICT_UNKNOWN;
	decide_shown(view);
}

/* A picture that is not of the kind of what is shown. */
static struct verdict propose(struct view *view, const struct view_picture *picture,
	struct verdict_input *input)
{
	if (!view->proposed || !verdict_kind_equal(&input->kind, &view->proposal.kind)) {
		inherit(view, input, picture);
		view->proposal = *input;
		view->proposed = true;
	}
	/* Which canvas matters only when it is shown, and would cost the one that is. */
	return decide(view, picture, &view->proposal, VERDICT_ASK_PLACED);
}

static bool tell(struct view *view, const struct verdict *verdict, enum copy_reason *reason)
{
	*reason = verdict->reason;
	view->told_copies = verdict->way != VERDICT_DIRECT;
	return view->told_copies;
}

/* The verdict on what is shown holds for it, too. */
static bool tell_same(struct view *view, enum copy_reason *reason)
{
	view->told_same = true;
	if (view->proposed)
		view_keep(view);
	return tell(view, &view->verdict, reason);
}

/* Whether there is a plane for it is found out when it is shown. */
static bool look_at_layer(struct view *view, const struct view_picture *picture,
	struct verdict_input *input, enum copy_reason *reason)
{
	struct verdict verdict;

	inherit(view, input, picture);
	verdict = verdict_judge(input);
	/* Of the cursor, too, as far as it is the one that a plane may have. */
	if (view_picture_buffer(picture, view->card) &&
		(verdict.cursor != VERDICT_CURSOR_BLENDED ||
			(verdict.ask == VERDICT_ASK_CURSOR && view_may_point(view))))
		verdict.way = VERDICT_DIRECT;
	return tell(view, &verdict, reason);
}

static G_GNUC_NO_INLINE bool look_and_tell(struct view *view, const struct view_picture *picture,
	enum copy_reason *reason)
{
	struct verdict_input input;
	struct verdict verdict;

	fill_kind(view, picture, &input.kind);
	if (view->judged && verdict_kind_equal(&input.kind, &view->input.kind))
		return tell_same(view, reason);
	if (view->above)
		return look_at_layer(view, picture, &input, reason);
	verdict = propose(view, picture, &input);
	return tell(view, &verdict, reason);
}

bool view_copies(struct view *view, const struct view_picture *picture, enum copy_reason *reason)
{
	view->told_copies = false;
	view->told_same = false;
	if (!kms_output_active(view->output))
		return false;
	return is_judged(view, picture) ? tell_same(view, reason)
					: look_and_tell(view, picture, reason);
}

void view_keep(struct view *view)
{
	if (!view->proposed)
		return;
	view->proposed = false;
	/* The plane has the cursor as the other picture would have had it. */
	if (view->judged && view->verdict.cursor == VERDICT_CURSOR_PLANE)
		view_give_cursor(view, &view->verdict.place, true);
	else
		view_give_cursor(view, &view->verdict.place, false);
}
