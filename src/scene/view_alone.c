/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The output's own picture, below layers that have no plane, cannot be read: so nothing can be
 * drawn into it. It keeps its plane, and those layers are left out, rather than that what is below
 * them stands still. Their guests are answered as if they were shown. Where it can be read again,
 * or another comes, they are back. Called by view.c and view_compose.c, in the turn in which it is
 * found out.
 */
#include "log.h"
#include "scene/view_internal.h"
#include "turn.h"

/* What could not be read may have been so for want of memory or of an fd, just then. */
#define AGAIN_US G_USEC_PER_SEC

/* Its cursor would be drawn only since a layer above that is seen through covers it. */
static bool is_liftable(const struct view *view)
{
	const struct view_stack *stack = view->stack;

	return stack && !view->above && stack->covered && !stack->pointing && view_blends(view);
}

static bool can_be_direct(const struct view *view, const struct view_picture *picture)
{
	return view->stack && !view->above && !picture->solid &&
		view_picture_buffer(picture, view->card) &&
		(!view_blends(view) || is_liftable(view));
}

/* Rather above that layer than that the picture stands still. */
static bool lift_cursor(struct view *view)
{
	if (!is_liftable(view))
		return false;
	view->stack->covered = false;
	view->stack->plane_left = false;
	view->stack->lifted = true;
	view_judge_cursor(view);
	return view->verdict.way == VERDICT_DIRECT;
}

bool view_may_go_alone(struct view *view, const struct view_picture *picture)
{
	bool may = can_be_direct(view, picture) && !(view->told_same && view->input.tried_alone);

	/* Its surface is not up to date. */
	if (may)
		view->told_copies = false;
	return may;
}

static void complain(struct view_stack *stack)
{
	if (!stack->complained)
		log_output(G_LOG_LEVEL_WARNING, kms_output_name(stack->base->output),
			"layers that have no plane are not shown: the picture below them cannot be read");
	stack->complained = true;
}

bool view_go_alone(struct view *view)
{
	struct verdict_input *input = &view->input;
	struct view_stack *stack = view->stack;

	if (view->shows == SHOWS_PICTURE && lift_cursor(view))
		return true;
	if (view->shows != SHOWS_PICTURE || !can_be_direct(view, view->picture) ||
		input->tried_alone)
		return false;
	input->alone = true;
	input->tried_alone = true;
	/* It may have been refused beside planes that others give up now. */
	input->answers[VERDICT_ASK_DIRECT] = VERDICT_UNKNOWN;
	view_stack_arrange(stack, view);
	if (view->verdict.way != VERDICT_DIRECT) {
		view->input.alone = false;
		view_stack_arrange(stack, view);
		return false;
	}
	stack->retry_us = turn_time() + AGAIN_US;
	/* The frame into which they were to be drawn will not be. */
	view_stack_failed(stack, view_next_serial(view));
	complain(stack);
	return true;
}

bool view_stack_retry(struct view_stack *stack)
{
	struct verdict_input *input = &stack->base->input;

	if (!input->alone || turn_time() < stack->retry_us)
		return false;
	stack->retry_us = turn_time() + AGAIN_US;
	input->alone = false;
	input->tried_alone = false;
	stack->unsettled = true;
	return true;
}
