/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Which layers have a plane: each is tried with its picture's own buffer, then with a canvas of its
 * own, and is drawn into the output's picture where neither is shown beside the others. One that is
 * covered by a drawn one is drawn, too. kms/ chooses the planes, and remembers what the driver
 * said.
 */
#include "scene/view_internal.h"

/* A layer that is to be seen, and how it is tried. */
struct candidate {
	struct view *view;
	enum verdict_way
		way; /* each time the next one of the enum; a last picture has its frame, or none */
};

struct search {
	struct view_stack *stack;
	struct candidate list[VIEW_LAYERS_MAX]; /* the lowest first */
	size_t count;
};

static const struct view_picture black = {.solid = true};

/* ---- who is to be seen ---- */

static bool is_seen(struct view *view)
{
	const struct kms_mode_info *mode = kms_output_mode(view->output);

	if (view->shows == SHOWS_LAST)
		return view->last_buffer && view->last_mode_width == mode->width &&
			view->last_mode_height == mode->height;
	if (view->shows != SHOWS_PICTURE)
		return false;
	/* Also of another mode, of which it will be told. */
	if (view_look(view))
		view_decide(view);
	return true;
}

static bool can_be_direct(const struct view *view)
{
	return view_picture_buffer(view->picture, view->card) &&
		view->verdict.cursor != VERDICT_CURSOR_BLENDED &&
		view->input.answers[VERDICT_ASK_DIRECT] != VERDICT_NO;
}

static enum verdict_way next_way(const struct view *view, enum verdict_way way)
{
	if (way == VERDICT_DIRECT && view->shows == SHOWS_PICTURE &&
		view->input.answers[VERDICT_ASK_PLACED] != VERDICT_NO)
		return VERDICT_PLACED_CANVAS;
	return VERDICT_CANVAS;
}

static enum verdict_way first_way(const struct view *view)
{
	if (!view->layer)
		return VERDICT_CANVAS;
	if (view->shows == SHOWS_LAST || can_be_direct(view))
		return VERDICT_DIRECT;
	return next_way(view, VERDICT_DIRECT);
}

static void find_candidates(struct search *search)
{
	for (size_t i = 0; i < search->stack->count; i++) {
		struct view *view = search->stack->views[i];

		if (is_seen(view))
			search->list[search->count++] = (struct candidate){view, first_way(view)};
	}
}

static const struct kms_rect *destination_of(const struct view *view)
{
	return view->shows == SHOWS_LAST ? &view->last.destination
					 : &view->verdict.place.destination;
}

/* Nobody can draw a last picture: it is gone. Nor into a picture that cannot be read. */
static bool is_drawn(const struct candidate *candidate)
{
	return candidate->way == VERDICT_CANVAS && candidate->view->shows == SHOWS_PICTURE &&
		!candidate->view->stack->base->input.alone;
}

/* Planes are above all that is drawn. True: there is something that is. */
static bool draw_covered(struct search *search)
{
	bool any = false;

	for (size_t i = search->count; i-- > 0;) {
		struct candidate *lower = &search->list[i];

		for (size_t j = i + 1; j < search->count; j++) {
			if (is_drawn(&search->list[j]) &&
				rect_overlaps(destination_of(lower->view),
					destination_of(search->list[j].view)))
				lower->way = VERDICT_CANVAS;
		}
		any |= is_drawn(lower);
	}
	return any;
}

/* ---- their frames ---- */

static bool make_canvas_frame(struct view *view, struct kms_frame *frame)
{
	struct kms_buffer *buffer = view_sample_canvas(view);

	if (!buffer)
		return false;
	view_canvas_frame(view, buffer, frame);
	return true;
}

static bool make_frame(struct candidate *candidate, struct kms_frame *frame)
{
	struct view *view = candidate->view;

	view->verdict.way = candidate->way;
	if (view->shows == SHOWS_LAST)
		*frame = view->last;
	else if (candidate->way == VERDICT_DIRECT)
		view_direct_frame(view, view->picture, &view->verdict.place, frame);
	else
		return make_canvas_frame(view, frame);
	return true;
}

/* The output's own picture has to be there below layers, if only as black. */
static void show_black(struct view *base)
{
	base->picture = &black;
	base->shows = SHOWS_PICTURE;
	base->judged = false;
	view_want(base, DUE_PICTURE);
}

/* What a process before this one has left there may stay until its own picture comes: that is asked
 * for with a canvas, which is not shown. */
static bool make_former_frame(struct view *base, struct kms_frame *frame)
{
	bool made;

	base->picture = &black;
	base->input.overlaid = false;
	view_look(base);
	view_decide(base);
	made = make_canvas_frame(base, frame);
	base->picture = NULL;
	base->judged = false;
	return made;
}

static bool make_base_frame(struct view *base, bool overlaid, struct kms_frame *frame)
{
	if (base->shows == SHOWS_NOTHING && !overlaid && kms_output_keeps_former(base->output) &&
		make_former_frame(base, frame))
		return true;
	if (base->shows == SHOWS_NOTHING ||
		(base->shows == SHOWS_LAST && (overlaid || !is_seen(base))))
		show_black(base);
	if (base->shows == SHOWS_LAST) {
		*frame = base->last;
		return true;
	}
	view_look(base);
	base->input.overlaid = overlaid;
	view_decide(base);
	if (base->verdict.way != VERDICT_DIRECT)
		return make_canvas_frame(base, frame);
	view_direct_frame(base, base->picture, &base->verdict.place, frame);
	return true;
}

/* ---- the question ---- */

/* A picture that can only go direct, beside these: without the uppermost, perhaps. False: it has
 * nobody beside it. */
static bool leave_out_one(struct search *search, const size_t *wished, size_t count)
{
	if (!search->stack->base->input.alone || count == 0)
		return false;
	search->list[wished[count - 1]].way = VERDICT_CANVAS;
	return true;
}

/* The output's own picture is not shown so. False: there is no other way. */
static bool refuse_base(struct view *base)
{
	enum verdict_question question = base->verdict.way == VERDICT_DIRECT ? VERDICT_ASK_DIRECT
									     : VERDICT_ASK_PLACED;

	if (base->shows != SHOWS_PICTURE || base->verdict.way == VERDICT_CANVAS)
		return false;
	base->input.answers[question] = VERDICT_NO;
	return true;
}

static void draw_all(struct search *search)
{
	for (size_t i = 0; i < search->count; i++)
		search->list[i].way = VERDICT_CANVAS;
}

/* The uppermost that got none goes on to its next way. False: all have one. */
static bool step(struct search *search, const size_t *wished, size_t count, uint32_t set)
{
	for (size_t i = count; i-- > 0;) {
		struct candidate *candidate = &search->list[wished[i]];

		if (set & UINT32_C(2) << i)
			continue;
		candidate->way = next_way(candidate->view, candidate->way);
		return true;
	}
	return false;
}

/* True: it is settled; false: to be asked again, of which each time there is less to ask. */
static bool ask(struct search *search)
{
	struct view_stack *stack = search->stack;
	struct kms_frame frames[1 + VIEW_LAYERS_MAX];
	struct kms_layer_wish wishes[1 + VIEW_LAYERS_MAX];
	size_t wished[VIEW_LAYERS_MAX];
	size_t count = 0;
	uint32_t set;

	if (!make_base_frame(stack->base, draw_covered(search), &frames[0])) {
		draw_all(search);
		return true;
	}
	wishes[0] = (struct kms_layer_wish){NULL, &frames[0]};
	for (size_t i = 0; i < search->count; i++) {
		struct candidate *candidate = &search->list[i];
		struct kms_frame *frame = &frames[1 + count];

		if (candidate->way == VERDICT_CANVAS)
			continue;
		if (!make_frame(candidate, frame)) {
			candidate->way = VERDICT_CANVAS;
			return false;
		}
		/* What a guest has in the alpha of its pixels is not meant. */
		kms_output_layer_set_blending(candidate->view->layer, KMS_BLEND_NONE,
			candidate->view->opacity);
		wishes[1 + count] = (struct kms_layer_wish){candidate->view->layer, frame};
		wished[count++] = i;
	}
	set = kms_output_arrange(stack->base->output, wishes, 1 + count);
	if (set & 1 || !kms_output_active(stack->base->output))
		return !step(search, wished, count, set);
	if (leave_out_one(search, wished, count) || refuse_base(stack->base))
		return false;
	draw_all(search);
	return count == 0;
}

/* ---- the answer ---- */

static void set_drawn_rect(struct view *view, const struct kms_rect *rect)
{
	if (kms_rect_equal(&view->drawn_rect, rect))
		return;
	view_stack_mark(view->stack, &view->drawn_rect);
	view_stack_mark(view->stack, rect);
	view->drawn_rect = *rect;
	view->ready = false;
	view->stack->rearranged = true;
}

static void take_out(struct view *view)
{
	set_drawn_rect(view, &(struct kms_rect){0});
	view->arranged = false;
	view->left_out = false;
}

/* It shows by this way from now on. True: it did not before. */
static bool set_way(struct view *view, enum verdict_way way)
{
	bool is_new = !view->arranged || view->arranged_way != way;

	/* What it has on a plane, and in its canvases, has missed all that was drawn since. */
	if (is_new && view->above && view->arranged_way == VERDICT_CANVAS) {
		view->damage_lost = true;
		canvas_set_mark_all(&view->canvases);
	}
	view->verdict.way = way;
	view->arranged = true;
	view->arranged_way = way;
	return is_new;
}

/* It is seen no more; who waits is told when it comes to what is due. */
static void leave_out(struct view *view, bool is_new, const struct view *asking)
{
	set_drawn_rect(view, &(struct kms_rect){0});
	is_new |= !view->left_out;
	view->left_out = true;
	view->ready = false;
	if (is_new && view != asking)
		view_want(view, DUE_PICTURE);
}

static void apply(const struct candidate *candidate, const struct view *asking)
{
	struct view *view = candidate->view;
	bool is_new = set_way(view, candidate->way);

	if (view->shows == SHOWS_LAST) {
		if (candidate->way == VERDICT_CANVAS)
			view->shows = SHOWS_NOTHING;
		return;
	}
	if (candidate->way == VERDICT_CANVAS)
		view->canvas_place = view->verdict.place;
	if (candidate->way == VERDICT_CANVAS && view->stack->base->input.alone) {
		leave_out(view, is_new, asking);
		return;
	}
	view->left_out = false;
	set_drawn_rect(view,
		candidate->way == VERDICT_CANVAS ? &view->verdict.place.destination
						 : &(struct kms_rect){0});
	if ((is_new || (candidate->way == VERDICT_CANVAS && !view->ready)) && view != asking)
		view_want(view, DUE_PICTURE);
}

static void apply_to_base(struct view *base, const struct view *asking)
{
	if (base->shows == SHOWS_PICTURE && set_way(base, base->verdict.way) && base != asking)
		view_want(base, DUE_PICTURE);
}

static bool is_candidate(const struct search *search, const struct view *view)
{
	for (size_t i = 0; i < search->count; i++) {
		if (search->list[i].view == view)
			return true;
	}
	return false;
}

/* No layer is to be seen: the picture goes as if there were none. */
static void arrange_none(struct view_stack *stack, const struct view *asking)
{
	struct view *base = stack->base;
	struct kms_frame frame;
	const struct kms_layer_wish wish = {NULL, &frame};

	if (base->shows == SHOWS_NOTHING || (base->shows == SHOWS_LAST && !base->last_buffer))
		return;
	if (!make_base_frame(base, false, &frame))
		return;
	kms_output_arrange(base->output, &wish, 1);
	apply_to_base(base, asking);
}

/* Those that are to be seen, and are not drawn, have a plane: kms/ knows when what is on that has to
 * go. */
static void await_others(struct view_stack *stack)
{
	const struct kms_mode_info *mode = kms_output_mode(stack->base->output);
	struct kms_rect areas[VIEW_LAYERS_MAX];
	size_t count = 0;

	for (size_t i = 0; i < stack->count; i++) {
		struct view *view = stack->views[i];

		view->awaited &= view->shows == SHOWS_NOTHING ||
			(view_is_drawn(view) && !view->left_out);
		if (view->awaited)
			areas[count++] = view_area_on_crtc(view, mode);
	}
	kms_output_await_layers(stack->base->output, areas, count);
}

static void arrange(struct view_stack *stack, struct view *asking)
{
	struct search search = {.stack = stack};

	/* Of another picture nothing is known, so that it is not alone, either. */
	if (stack->base->shows == SHOWS_PICTURE && view_look(stack->base))
		view_decide(stack->base);
	find_candidates(&search);
	for (size_t i = 0; i < stack->count; i++) {
		if (!is_candidate(&search, stack->views[i]))
			take_out(stack->views[i]);
	}
	if (search.count == 0) {
		arrange_none(stack, asking);
		return;
	}
	while (!ask(&search))
		continue;
	for (size_t i = 0; i < search.count; i++)
		apply(&search.list[i], asking);
	apply_to_base(stack->base, asking);
}

void view_stack_arrange(struct view_stack *stack, struct view *asking)
{
	if (!kms_output_active(stack->base->output))
		return;
	stack->unsettled = false;
	if (view_stack_waits(stack))
		return;
	arrange(stack, asking);
	await_others(stack);
}
