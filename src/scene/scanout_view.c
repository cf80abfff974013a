/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A scanout as a source: views that come and go at any time, and what they report, on its way to
 * whoever waits for an answer.
 */
#include <errno.h>

#include "scene/scanout_internal.h"
#include "turn.h"

/* A view came, went, or is in another mode. */
static void note_views(struct scanout *scanout)
{
	struct scanout_slot *slot = scanout_next_slot(scanout, NULL);

	if (slot)
		scanout->period_us = (uint32_t)view_period_us(slot->view);
	scanout->cards = slot ? 0 : 1;
	for (; slot; slot = scanout_next_slot(scanout, slot))
		scanout->cards |= 1u << view_card(slot->view);
}

/* ---- what the views call ---- */

static void on_presented(void *data, uint64_t serial, const struct kms_presentation *presentation)
{
	struct scanout_slot *slot = data;

	slot->presented = MAX(slot->presented, serial);
	slot->done = MAX(slot->done, serial);
	slot->no_vblank = !presentation->vblank;
	if (serial >= slot->given)
		slot->scanout->state->unseen = false;
	if (slot->own != 0 && serial >= slot->own)
		source_seen(&slot->scanout->source);
	replies_presented(slot->scanout->replies, slot->scanout->index, slot->bit, serial,
		presentation);
}

static void on_failed(void *data, uint64_t serial, int error)
{
	struct scanout_slot *slot = data;

	slot->done = MAX(slot->done, serial);
	/* Of a copy, as far as is known: the next frame goes as it is. */
	if (slot->scanout->shown.picture.surface_only && error == EINVAL)
		answers_unshown(slot->scanout->answers, slot->scanout->index, turn_time());
	if (mirror_still_reads(slot, serial, error))
		return;
	replies_failed(slot->scanout->replies, slot->scanout->index, slot->bit, serial);
}

static void on_changed(void *data)
{
	struct scanout_slot *slot = data;

	note_views(slot->scanout);
	if (!view_live(slot->view)) {
		slot->done = slot->given;
		early_note_views(slot->scanout);
		replies_view_off(slot->scanout->replies, slot->scanout->index, slot->bit);
	}
	/* What was refused in one mode may be taken in another. */
	if (slot->unshown && view_live(slot->view)) {
		mirror_note(slot, false);
		scanout_show_on(slot->scanout, slot->view);
	}
	if (slot->scanout->copy_left && view_live(slot->view) &&
		!view_shows(slot->view, &slot->scanout->shown.picture))
		scanout_show_on(slot->scanout, slot->view);
	mirror_settle(slot->scanout);
	fence_retry(slot->scanout);
}

static void on_unshown(void *data)
{
	struct scanout_slot *slot = data;

	mirror_note(slot, true);
	mirror_settle(slot->scanout);
}

static enum view_fill on_fill_surface(void *data, enum copy_reason reason)
{
	const struct scanout_slot *slot = data;

	return fence_fill_surface(slot->scanout, reason);
}

static const struct view_listener view_listener = {
	.presented = on_presented,
	.failed = on_failed,
	.changed = on_changed,
	.fill_surface = on_fill_surface,
	.unshown = on_unshown,
};

/* ---- views come and go ---- */

static struct scanout *of_source(struct source *source)
{
	return (struct scanout *)(void *)((uint8_t *)source -
		G_STRUCT_OFFSET(struct scanout, source));
}

static struct scanout_slot *free_slot(struct scanout *scanout)
{
	for (uint32_t i = 0; i < GUEST_VIEWS_MAX; i++) {
		struct scanout_slot *slot = &scanout->slots[i];

		if (slot->view)
			continue;
		*slot = (struct scanout_slot){.scanout = scanout, .bit = i};
		scanout->slots_end = MAX(scanout->slots_end, slot + 1);
		return slot;
	}
	return NULL;
}

void scanout_show_on(struct scanout *scanout, struct view *view)
{
	if (scanout->shown.kind == SCANOUT_DISABLED)
		return;
	/* Where it is there no more the buffer is shown in its place, torn at worst. */
	if (scanout->copy_left && view_keeps_former(view))
		return;
	if (scanout->shown.kind == SCANOUT_DMABUF)
		content_import(scanout, &scanout->shown);
	view_show(view, &scanout->shown.picture);
}

static bool add_view(struct source *source, struct view *view)
{
	struct scanout *scanout = of_source(source);
	const struct guest_scanout_state *state = scanout->state;
	struct scanout_slot *slot = free_slot(scanout);

	if (!slot)
		return false;
	slot->view = view;
	note_views(scanout);
	view_set_source(view, &view_listener, slot);
	view_move_cursor(view, state->cursor_x, state->cursor_y);
	view_set_cursor(view, state->cursor_visible ? state->cursor_pixels : NULL,
		state->cursor_hot_x, state->cursor_hot_y);
	if (source->state == SOURCE_ENABLED)
		slot->own = view_serial(view) + 1;
	scanout_show_on(scanout, view);
	return true;
}

static void free_slot_of(struct scanout *scanout, struct scanout_slot *slot)
{
	view_set_source(slot->view, NULL, NULL);
	slot->view = NULL;
	note_views(scanout);
}

static void remove_view(struct source *source, struct view *view)
{
	struct scanout *scanout = of_source(source);
	struct scanout_slot *slot = NULL;

	while ((slot = scanout_next_slot(scanout, slot))) {
		if (slot->view != view)
			continue;
		if (scanout->shown.drawn_by == slot) {
			content_secure(scanout, &scanout->shown);
			scanout->shown.drawn_by = NULL;
		}
		free_slot_of(scanout, slot);
		early_note_views(scanout);
		replies_view_off(scanout->replies, scanout->index, slot->bit);
		fence_retry(scanout);
		return;
	}
}

void scanout_free_slots(struct scanout *scanout)
{
	struct scanout_slot *slot = NULL;

	while ((slot = scanout_next_slot(scanout, slot)))
		free_slot_of(scanout, slot);
}

static void blank(struct source *source)
{
	struct scanout *scanout = of_source(source);
	struct scanout_slot *slot = NULL;

	while ((slot = scanout_next_slot(scanout, slot)))
		view_release(slot->view, true);
}

/* On whichever card. */
static bool has_buffer(const struct view_picture *picture, const struct kms_buffer *buffer)
{
	for (size_t i = 0; i < KMS_CARDS_MAX; i++) {
		if (picture->buffers[i] == buffer)
			return true;
	}
	return false;
}

static enum source_draw draw(struct source *source, const struct kms_buffer *shown,
	const struct place *place, const struct copy_target *target)
{
	struct scanout *scanout = of_source(source);

	if (shown && !has_buffer(&scanout->shown.picture, shown))
		return SOURCE_DRAW_LATER;
	switch (content_draw(scanout, &scanout->shown, place, target)) {
	case VIEW_FILL_DONE:
		return SOURCE_DRAWN;
	case VIEW_FILL_LATER:
		return SOURCE_DRAW_LATER;
	case VIEW_FILL_NEVER:
		break;
	}
	return SOURCE_DRAW_NEVER;
}

static bool size(const struct source *source, uint32_t *width, uint32_t *height)
{
	const struct scanout *scanout = of_source((struct source *)source);

	*width = scanout->shown.picture.width;
	*height = scanout->shown.picture.height;
	return scanout->shown.kind != SCANOUT_DISABLED;
}

const struct source_interface scanout_source_interface = {
	.add_view = add_view,
	.remove_view = remove_view,
	.blank = blank,
	.draw = draw,
	.size = size,
};
