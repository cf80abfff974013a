/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Views that share an output: the output's own and the layers above it. One goes as if it had the
 * output alone, as long as it has a plane. What is drawn into the output's picture goes with the
 * frames of that, whoever brings them: here it is said for whom a frame was, and when it is time
 * for the next.
 */
#include "scene/view_internal.h"

#include <errno.h>

#include "turn.h"

/* A view that brought a picture within so many vblanks is waited for. */
#define LIVE_VBLANKS 4

/* So long before a vblank it is composed, whoever is missing; or half of the period, where that is
 * less. */
#define COMPOSE_US 4000

/* ---- who it is ---- */

/* One that it had on a plane, and that is drawn since, may be reported after what it was drawn
 * into. */
static bool is_news(struct view *view, uint64_t serial)
{
	bool news = serial > view->told;

	view->told = MAX(view->told, serial);
	return news;
}

static void on_presented(void *data, uint64_t serial, const struct kms_presentation *presentation)
{
	struct view *view = data;

	if (!is_news(view, serial))
		return;
	/* Before the view draws the next one, which may be waited for. */
	if (view->flipped)
		view->flipped(view->flipped_data, view->output);
	view_presented(view, serial, presentation);
}

static void on_failed(void *data, uint64_t serial, int error)
{
	if (is_news(data, serial))
		view_commit_failed(data, serial, error);
}

static const struct kms_layer_listener layer_listener = {on_presented, on_failed};

static struct view_stack *stack_create(struct view *base)
{
	struct view_stack *stack = g_new0(struct view_stack, 1);

	view_secure(base);
	stack->base = base;
	stack->serial = base->serial;
	base->stack = stack;
	return stack;
}

static void stack_destroy(struct view_stack *stack)
{
	struct view *base = stack->base;

	if (stack->timer) {
		g_source_destroy(stack->timer);
		g_source_unref(stack->timer);
	}
	g_clear_pointer(&stack->scratch.image, pixman_image_unref);
	base->serial = MAX(base->serial, stack->serial);
	kms_output_await_layers(base->output, NULL, 0);
	base->stack = NULL;
	base->input.overlaid = false;
	base->arranged = false;
	g_free(stack);
	/* By itself it may go direct. */
	base->judged = false;
	if (base->shows == SHOWS_PICTURE)
		view_want(base, DUE_PICTURE);
	view_act(base);
}

/* One of kms/, if it has none so far. */
static void give_layer(struct view *view)
{
	if (!view->layer)
		view->layer = kms_output_layer_create(view->output, &layer_listener, view);
}

void view_stack_enter(struct view *view, struct view *below)
{
	struct view_stack *stack = below->stack ? below->stack : stack_create(below);

	g_return_if_fail(stack->count < VIEW_LAYERS_MAX);
	view->stack = stack;
	/* What it waits for is a frame of the output's picture, if it is drawn. */
	stack->serial = MAX(stack->serial, view->serial);
	view->above = true;
	view->transform = below->transform;
	give_layer(view);
	stack->views[stack->count++] = view;
}

void view_stack_leave(struct view *view)
{
	struct view_stack *stack = view->stack;
	view_stack_held *held = view_stack_hold(stack);
	size_t kept = 0;

	for (size_t i = 0; i < stack->count; i++) {
		if (stack->views[i] != view)
			stack->views[kept++] = stack->views[i];
	}
	stack->count = kept;
	stack->unsettled = true;
	if (!rect_empty(&view->drawn_rect))
		view_stack_mark(stack, &view->drawn_rect);
	view_stack_drop_cursor(stack, view);
	view->stack = NULL;
	kms_output_layer_destroy(view->layer);
	view_stack_let_go(held);
	if (stack->count == 0)
		stack_destroy(stack);
}

/* ---- what goes together ---- */

struct view_stack *view_hold(struct view *view)
{
	return view_stack_hold(view->stack);
}

void view_let_go(struct view_stack *held)
{
	view_stack_let_go(held);
}

view_stack_held *view_stack_hold_some(struct view_stack *stack)
{
	if (stack->held++ == 0)
		kms_output_begin(stack->base->output);
	return stack;
}

/* The picture that others are drawn into now is to be there when they leave their planes: for that
 * there is a third canvas. */
static void hurry(struct view_stack *stack)
{
	struct view *base = stack->base;

	if (stack->rearranged && base->due == DUE_CANVAS && base->shows == SHOWS_PICTURE)
		view_compose(base);
	stack->rearranged = false;
}

/* Those that found no layer of kms/ left: others that were leaving have gone, perhaps. */
static void give_layers(struct view_stack *stack)
{
	for (size_t i = 0; i < stack->count; i++) {
		struct view *view = stack->views[i];

		if (view->layer)
			continue;
		give_layer(view);
		stack->unsettled |= view->layer != NULL;
	}
}

static void settle(struct view_stack *stack)
{
	give_layers(stack);
	/* Each round ends with an answer of the driver that is remembered, so few are enough. */
	for (int round = 0; round < 2 * VIEW_LAYERS_MAX; round++) {
		if (stack->unsettled)
			view_stack_arrange(stack, NULL);
		for (size_t i = 0; i < stack->count; i++)
			view_act(stack->views[i]);
		view_act(stack->base);
		if (!view_stack_pass_cursor(stack, NULL) && !stack->unsettled)
			break;
	}
	hurry(stack);
}

void view_stack_let_go(view_stack_held *stack)
{
	if (!stack || stack->held > 1) {
		if (stack)
			stack->held--;
		return;
	}
	settle(stack);
	stack->held--;
	kms_output_end(stack->base->output);
}

/* ---- when the picture is composed ---- */

static gboolean timer_dispatch(GSource *source, GSourceFunc callback, gpointer data)
{
	struct view_stack *stack = data;
	g_autoptr(view_stack_held) held G_GNUC_UNUSED = view_stack_hold(stack);
	uint64_t failed = stack->failed_serial;

	turn_note();
	g_source_set_ready_time(source, -1);
	stack->failed_serial = 0;
	if (stack->waiting)
		stack->unsettled = true;
	stack->waited = stack->waiting;
	if (failed)
		view_stack_tell_failed(stack, failed, EINVAL);
	stack->gathered = true;
	view_act(stack->base);
	stack->gathered = false;
	return G_SOURCE_CONTINUE;
}

static GSourceFuncs timer_funcs = {.dispatch = timer_dispatch};

static gboolean timer_callback(gpointer data)
{
	return G_SOURCE_CONTINUE;
}

static void wake_at(struct view_stack *stack, int64_t time_us)
{
	if (!stack->timer) {
		stack->timer = g_source_new(&timer_funcs, sizeof(GSource));
		g_source_set_static_name(stack->timer, "layers");
		g_source_set_callback(stack->timer, timer_callback, stack, NULL);
		g_source_attach(stack->timer, NULL);
	}
	g_source_set_ready_time(stack->timer, time_us);
}

bool view_stack_waits(struct view_stack *stack)
{
	bool waits = stack->base->shows == SHOWS_NOTHING && !stack->waited &&
		kms_output_keeps_former(stack->base->output);

	if (waits && !stack->waiting)
		wake_at(stack, 0);
	stack->waiting |= waits;
	return waits;
}

static bool is_awaited(const struct view *view, int64_t now_us)
{
	return view->shows == SHOWS_PICTURE && !view->fresh && view->fresh_us &&
		now_us - view->fresh_us < LIVE_VBLANKS * view_period_us(view);
}

static int64_t compose_time(const struct view *base, int64_t now_us)
{
	int64_t period = view_period_us(base);
	int64_t into = now_us > base->vblank_us ? (now_us - base->vblank_us) % period : 0;

	return now_us - into + period - MIN(COMPOSE_US, period / 2);
}

bool view_stack_gathers(struct view_stack *stack)
{
	int64_t now_us = g_get_monotonic_time();
	int64_t time_us = compose_time(stack->base, now_us);
	bool awaited = is_awaited(stack->base, now_us);

	for (size_t i = 0; i < stack->count; i++)
		awaited |= view_is_drawn(stack->views[i]) && is_awaited(stack->views[i], now_us);
	if (!stack->base->input.overlaid || !stack->vblank || stack->gathered || !awaited ||
		time_us <= now_us)
		return false;
	wake_at(stack, time_us);
	return true;
}

static void note_composed(struct view *view, int64_t now_us)
{
	if (view->fresh)
		view->fresh_us = now_us;
	view->fresh = false;
}

void view_stack_composed(struct view_stack *stack, uint64_t serial)
{
	int64_t now_us = g_get_monotonic_time();

	stack->complained = false;
	note_composed(stack->base, now_us);
	for (size_t i = 0; i < stack->count; i++) {
		struct view *view = stack->views[i];

		if (!view_is_drawn(view) || !view->ready)
			continue;
		note_composed(view, now_us);
		view->drawn_serial = serial;
		/* What was on a plane of it is in the picture now. */
		stack->unsettled |= view->awaited;
		view->awaited = false;
	}
}

/* ---- what becomes of it ---- */

/* From the main loop: whoever has just brought something does not know yet what to wait for. */
void view_stack_failed(struct view_stack *stack, uint64_t serial)
{
	for (size_t i = 0; i < stack->count; i++) {
		if (view_is_drawn(stack->views[i]))
			stack->views[i]->drawn_serial = serial;
	}
	stack->failed_serial = serial;
	wake_at(stack, 0);
}

/* Up to which of its own it is done with; 0: it has been told of all. */
static uint64_t take_drawn(struct view *view, uint64_t serial)
{
	uint64_t drawn = MIN(serial, view->drawn_serial);

	return is_news(view, drawn) ? drawn : 0;
}

void view_stack_tell_presented(struct view_stack *stack, uint64_t serial,
	const struct kms_presentation *presentation)
{
	stack->vblank = presentation->vblank;
	for (size_t i = 0; i < stack->count; i++) {
		struct view *view = stack->views[i];
		uint64_t drawn = take_drawn(view, serial);

		if (!drawn)
			continue;
		view->vblank_us = presentation->time_us;
		view->listener->presented(view->data, drawn, presentation);
	}
}

void view_stack_tell_failed(struct view_stack *stack, uint64_t serial, int error)
{
	for (size_t i = 0; i < stack->count; i++) {
		struct view *view = stack->views[i];
		uint64_t drawn = take_drawn(view, serial);

		if (drawn)
			view->listener->failed(view->data, drawn, error);
	}
}
