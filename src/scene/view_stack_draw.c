/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Layers without a plane, drawn into the canvas of the output's own picture. What lies under an
 * opaque one is not drawn for the sake of a change that nobody sees. Where an UPDATE of one of them
 * is under way, what was shown stays, and the others go on.
 */
#include "scene/view_internal.h"

#define OPAQUE UINT16_MAX

static bool is_in_picture(const struct view *view)
{
	return view_is_drawn(view) && view->ready && view->shows == SHOWS_PICTURE;
}

static bool is_opaque(const struct view *view)
{
	return is_in_picture(view) && view->opacity == OPAQUE;
}

static const struct place *place_of(const struct view *view)
{
	return view->above ? &view->verdict.place : &view->canvas_place;
}

static const struct surface *surface_of(const struct view *view)
{
	return view->picture->solid ? NULL : view->picture->surface;
}

/* ---- what is to be drawn ---- */

void view_stack_mark(struct view_stack *stack, const struct kms_rect *rect)
{
	struct view *base = stack->base;
	const struct kms_rect all = whole(base->canvases.width, base->canvases.height);
	const struct kms_rect clipped = rect_intersect(rect, &all);

	if (rect_empty(&clipped))
		return;
	damage_add(&base->damage, &clipped);
	canvas_set_mark(&base->canvases, &clipped);
	if (base->shows == SHOWS_PICTURE && base->verdict.way != VERDICT_DIRECT)
		view_want(base, DUE_CANVAS);
}

static struct kms_rect rect_of(const pixman_box32_t *box)
{
	return (struct kms_rect){box->x1, box->y1, box->x2 - box->x1, box->y2 - box->y1};
}

static void add_rect(pixman_region32_t *region, const struct kms_rect *rect)
{
	if (!rect_empty(rect))
		pixman_region32_union_rect(region, region, rect->x, rect->y,
			(unsigned int)rect->width, (unsigned int)rect->height);
}

/* Less those above the view that are so. */
static void remove_upper(const struct view_stack *stack, const struct view *view,
	bool (*is_so)(const struct view *view), pixman_region32_t *region)
{
	bool is_above = !view->above;

	for (size_t i = 0; i < stack->count; i++) {
		const struct view *upper = stack->views[i];
		const struct kms_rect *rect = &upper->verdict.place.destination;
		pixman_region32_t hidden;

		if (is_above && is_so(upper)) {
			pixman_region32_init_rect(&hidden, rect->x, rect->y,
				(unsigned int)rect->width, (unsigned int)rect->height);
			pixman_region32_subtract(region, region, &hidden);
			pixman_region32_fini(&hidden);
		}
		is_above |= upper == view;
	}
}

/* Less what opaque ones above the view hide. */
static void remove_hidden(const struct view_stack *stack, const struct view *view,
	pixman_region32_t *region)
{
	remove_upper(stack, view, is_opaque, region);
}

void view_stack_mark_seen(struct view_stack *stack, const struct view *view,
	const struct kms_rect *rect)
{
	pixman_region32_t seen;
	pixman_box32_t *boxes;
	int count;

	pixman_region32_init(&seen);
	add_rect(&seen, rect);
	remove_hidden(stack, view, &seen);
	boxes = pixman_region32_rectangles(&seen, &count);
	for (int i = 0; i < count; i++) {
		const struct kms_rect part = rect_of(&boxes[i]);

		view_stack_mark(stack, &part);
	}
	pixman_region32_fini(&seen);
}

/* A cursor is drawn as a whole, and so is all that lies below it. True: something was added. */
static bool add_cursor(const struct view *view, struct canvas *canvas)
{
	const struct place *place = place_of(view);
	struct kms_rect rect;

	if (!view_blends(view))
		return false;
	rect = cursor_rect(&view->cursor, place);
	rect = rect_intersect(&rect, &place->destination);
	if (!damage_overlaps(&canvas->missing, &rect))
		return false;
	for (size_t i = 0; i < canvas->missing.count; i++) {
		if (kms_rect_contains(&canvas->missing.rects[i], &rect))
			return false;
	}
	damage_add(&canvas->missing, &rect);
	return true;
}

static void add_cursors(const struct view_stack *stack, struct canvas *canvas)
{
	bool again = true;

	while (again) {
		again = add_cursor(stack->base, canvas);
		for (size_t i = 0; i < stack->count; i++)
			again |= is_in_picture(stack->views[i]) &&
				add_cursor(stack->views[i], canvas);
	}
}

/* ---- what cannot be drawn now ---- */

/* Of what the canvas misses, where an UPDATE of the view's has come in part, and would be seen. */
static void add_unfinished(const struct view_stack *stack, const struct view *view,
	const struct canvas *canvas, pixman_region32_t *stale)
{
	const struct surface *surface = surface_of(view);
	const struct kms_rect *unfinished = surface ? surface_unfinished(surface) : NULL;
	struct kms_rect seen;
	pixman_region32_t region;

	if (!unfinished)
		return;
	seen = place_to_output(place_of(view), unfinished);
	pixman_region32_init(&region);
	for (size_t i = 0; i < canvas->missing.count; i++) {
		const struct kms_rect part = rect_intersect(&canvas->missing.rects[i], &seen);

		add_rect(&region, &part);
	}
	remove_hidden(stack, view, &region);
	pixman_region32_union(stale, stale, &region);
	pixman_region32_fini(&region);
}

static void find_stale(const struct view_stack *stack, const struct canvas *canvas,
	pixman_region32_t *stale)
{
	add_unfinished(stack, stack->base, canvas, stale);
	for (size_t i = 0; i < stack->count; i++) {
		if (is_in_picture(stack->views[i]))
			add_unfinished(stack, stack->views[i], canvas, stale);
	}
}

static void copy_part(const struct copy_target *to, const struct copy_target *from,
	const struct kms_rect *rect)
{
	const struct kms_rect all = whole(to->width, to->height);
	const struct kms_rect part = rect_intersect(rect, &all);

	if (rect_empty(&part))
		return;
	copy_rows(to->pixels + (size_t)part.y * to->stride + (size_t)part.x * 4, to->stride,
		from->pixels + (size_t)part.y * from->stride + (size_t)part.x * 4, from->stride,
		(size_t)part.width * 4, (uint32_t)part.height);
}

static bool is_any_translucent(const struct view_stack *stack)
{
	for (size_t i = 0; i < stack->count; i++) {
		if (is_in_picture(stack->views[i]) && !is_opaque(stack->views[i]))
			return true;
	}
	return false;
}

/* As it was shown last. Read from a scanout buffer, which is slow: but a canvas has it from then
 * on, since what changes below is not marked where it is not seen. Seen through another, it is
 * missing again. */
static void restore(const struct view_stack *stack, struct canvas *canvas,
	const struct canvas *newest, pixman_region32_t *stale)
{
	bool translucent = is_any_translucent(stack);
	int count;
	const pixman_box32_t *boxes = pixman_region32_rectangles(stale, &count);

	for (int i = 0; i < count; i++) {
		const struct kms_rect rect = rect_of(&boxes[i]);

		if (newest != canvas)
			copy_part(&canvas->target, &newest->target, &rect);
		if (translucent)
			damage_add(&canvas->missing, &rect);
	}
}

/* What layers hide is not known, nor what was scaled, turned or seen through. */
void view_stack_rescue(struct view_stack *stack, const struct view *view, struct surface *copy,
	const struct kms_rect *part)
{
	const struct canvas *newest = canvas_set_newest(&stack->base->canvases);
	const struct place *place = place_of(view);
	const struct kms_rect all = whole(newest ? newest->target.width : 0,
		newest ? newest->target.height : 0);
	struct kms_rect seen = place_to_output(place, part);
	uint8_t *pixels;
	uint32_t stride;
	pixman_region32_t region;
	const pixman_box32_t *boxes;
	int count;

	if (!newest || place->scaled || place->transform != KMS_ROTATE_0 ||
		(view->above && !is_opaque(view)))
		return;
	pixels = surface_pixels(copy, &stride);
	pixman_region32_init(&region);
	seen = rect_intersect(&seen, &all);
	add_rect(&region, &seen);
	remove_upper(stack, view, is_in_picture, &region);
	boxes = pixman_region32_rectangles(&region, &count);
	for (int i = 0; i < count; i++) {
		const struct kms_rect rect = rect_of(&boxes[i]);
		int32_t x = rect.x - place->destination.x + place->source.x;
		int32_t y = rect.y - place->destination.y + place->source.y;

		copy_rows(pixels + (size_t)y * stride + (size_t)x * 4, stride,
			newest->target.pixels + (size_t)rect.y * newest->target.stride +
				(size_t)rect.x * 4,
			newest->target.stride, (size_t)rect.width * 4, (uint32_t)rect.height);
	}
	pixman_region32_fini(&region);
}

/* ---- drawing ---- */

/* Blending reads what is below. */
static bool needs_scratch(const struct view_stack *stack)
{
	for (size_t i = 0; i < stack->count; i++) {
		const struct view *view = stack->views[i];

		if (is_in_picture(view) && (!is_opaque(view) || view_blends(view)))
			return true;
	}
	return false;
}

static const struct copy_target *get_scratch(struct view_stack *stack, const struct canvas *canvas)
{
	struct copy_target *scratch = &stack->scratch;

	if (scratch->width != canvas->target.width || scratch->height != canvas->target.height) {
		g_clear_pointer(&scratch->image, pixman_image_unref);
		*scratch = (struct copy_target){0};
	}
	if (!scratch->image) {
		scratch->image = pixman_image_create_bits(PIXMAN_x8r8g8b8,
			(int)canvas->target.width, (int)canvas->target.height, NULL, 0);
		if (!scratch->image)
			return NULL;
		scratch->width = canvas->target.width;
		scratch->height = canvas->target.height;
		scratch->pixels = (uint8_t *)pixman_image_get_data(scratch->image);
		scratch->stride = (uint32_t)pixman_image_get_stride(scratch->image);
	}
	return scratch;
}

static bool is_hidden(const struct view_stack *stack, const struct kms_rect *rect)
{
	for (size_t i = 0; i < stack->count; i++) {
		if (is_opaque(stack->views[i]) &&
			kms_rect_contains(&stack->views[i]->verdict.place.destination, rect))
			return true;
	}
	return false;
}

static void draw_base(struct view_stack *stack, const struct canvas *canvas,
	const struct copy_target *target)
{
	struct view *base = stack->base;
	const struct surface *surface = surface_of(base);
	const struct place *place = &base->canvas_place;
	struct kms_rect cursor = {0};

	for (size_t i = 0; i < canvas->missing.count; i++) {
		const struct kms_rect *rect = &canvas->missing.rects[i];

		if (is_hidden(stack, rect))
			continue;
		if (!surface || !kms_rect_contains(&place->destination, rect))
			copy_fill(target, rect,
				base->picture->solid ? base->picture->color : base->background);
		if (surface)
			copy_surface(target, surface, place, rect);
	}
	if (view_blends(base)) {
		cursor = cursor_rect(&base->cursor, place);
		if (damage_overlaps(&canvas->missing, &cursor))
			cursor_blend(&base->cursor, target, surface, place);
	}
	base->cursor_drawn = cursor;
}

static pixman_image_t *mask_of(struct view *view)
{
	const pixman_color_t color = {.alpha = view->opacity};

	if (!view->mask)
		view->mask = pixman_image_create_solid_fill(&color);
	return view->mask;
}

static void blend_color(struct view *view, const struct copy_target *target,
	const struct kms_rect *rect)
{
	uint32_t color = view->picture->color;
	const pixman_color_t fill = {
		.red = (uint16_t)((color >> 16 & 0xff) * 0x101),
		.green = (uint16_t)((color >> 8 & 0xff) * 0x101),
		.blue = (uint16_t)((color & 0xff) * 0x101),
		.alpha = OPAQUE,
	};
	pixman_image_t *image = pixman_image_create_solid_fill(&fill);

	if (!image)
		return;
	pixman_image_composite32(PIXMAN_OP_OVER, image, mask_of(view), target->image, 0, 0, 0, 0,
		rect->x, rect->y, rect->width, rect->height);
	pixman_image_unref(image);
}

static void draw_part(struct view *view, const struct copy_target *target,
	const struct kms_rect *rect)
{
	const struct place *place = &view->verdict.place;
	const struct surface *surface = surface_of(view);
	const struct kms_rect part = rect_intersect(rect, &place->destination);

	if (rect_empty(&part))
		return;
	if (is_opaque(view) && surface)
		copy_surface(target, surface, place, &part);
	else if (is_opaque(view))
		copy_fill(target, &part, view->picture->color);
	else if (surface)
		copy_blend(target, surface, place, &part, mask_of(view));
	else
		blend_color(view, target, &part);
}

static void draw_layer(struct view *view, const struct canvas *canvas,
	const struct copy_target *target)
{
	struct kms_rect cursor = {0};

	for (size_t i = 0; i < canvas->missing.count; i++)
		draw_part(view, target, &canvas->missing.rects[i]);
	if (view_blends(view)) {
		cursor = cursor_rect(&view->cursor, &view->verdict.place);
		if (damage_overlaps(&canvas->missing, &cursor))
			cursor_blend_over(&view->cursor, target, &view->verdict.place);
	}
	view->cursor_drawn = cursor;
}

static void draw(struct view_stack *stack, const struct canvas *canvas,
	const struct copy_target *target)
{
	draw_base(stack, canvas, target);
	for (size_t i = 0; i < stack->count; i++) {
		if (is_in_picture(stack->views[i]))
			draw_layer(stack->views[i], canvas, target);
	}
}

/* What was drawn, less what is `stale`. */
static void copy_drawn(const struct canvas *canvas, const struct copy_target *from,
	pixman_region32_t *stale)
{
	pixman_region32_t drawn;
	const pixman_box32_t *boxes;
	int count;

	pixman_region32_init(&drawn);
	for (size_t i = 0; i < canvas->missing.count; i++)
		add_rect(&drawn, &canvas->missing.rects[i]);
	pixman_region32_subtract(&drawn, &drawn, stale);
	boxes = pixman_region32_rectangles(&drawn, &count);
	for (int i = 0; i < count; i++) {
		const struct kms_rect rect = rect_of(&boxes[i]);

		copy_part(&canvas->target, from, &rect);
	}
	pixman_region32_fini(&drawn);
}

bool view_stack_draw(struct view_stack *stack, struct canvas *canvas)
{
	const struct canvas *newest = canvas_set_newest(&stack->base->canvases);
	const struct copy_target *target;
	pixman_region32_t stale;
	bool waits;

	canvas_forget_ahead(canvas);
	add_cursors(stack, canvas);
	pixman_region32_init(&stale);
	find_stale(stack, canvas, &stale);
	waits = pixman_region32_not_empty(&stale);
	target = waits || needs_scratch(stack) ? get_scratch(stack, canvas) : &canvas->target;
	/* Without memory for it, and where there is no picture to keep. */
	if (!target || (waits && !newest)) {
		pixman_region32_fini(&stale);
		return false;
	}
	draw(stack, canvas, target);
	if (target != &canvas->target)
		copy_drawn(canvas, target, &stale);
	damage_clear(&canvas->missing);
	restore(stack, canvas, newest, &stale);
	pixman_region32_fini(&stale);
	return true;
}
