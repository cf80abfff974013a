/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Frames that are answered early (answers.h): copied when they come, whole, after their fences have
 * signalled, into the content's surface, which alone is shown from then on; and for which frame the
 * answer waits. Called by scanout.c with each frame of a dma-buf, and by whoever changes what the
 * scanout shows or where.
 */
#include <string.h>

#include "scene/scanout_internal.h"
#include "turn.h"

/* Enough to last longer than the clock is coarse, and short where memory is read slowly. */
#define SAMPLE_PIXELS (64u * 1024)

static bool is_live(struct scanout *scanout)
{
	struct scanout_slot *slot = NULL;

	while ((slot = scanout_next_slot(scanout, slot))) {
		if (view_live(slot->view))
			return true;
	}
	return false;
}

void early_resume(struct scanout *scanout)
{
	answers_set_live(scanout->answers, scanout->index, is_live(scanout));
}

void early_note_views(struct scanout *scanout)
{
	if (!is_live(scanout))
		early_forget(scanout);
}

void early_forget(struct scanout *scanout)
{
	answers_set_live(scanout->answers, scanout->index, false);
}

void early_change_surface_only(struct scanout *scanout, struct content *content, bool surface_only)
{
	content->picture.surface_only = surface_only;
	content->picture.version = ++scanout->versions;
}

/* Of a copy that began then. The clock is too coarse for small ones. */
static void note_copy(struct scanout *scanout, uint64_t pixels, int64_t begun_us, int64_t now_us)
{
	if (pixels >= SAMPLE_PIXELS / 4)
		answers_measured(scanout->answers, scanout->index, pixels,
			(g_get_monotonic_time() - begun_us) * 1000, now_us);
}

/* The upper rows, read to a place that nobody looks at. False: they cannot be, or by a GPU only. */
static bool measure(struct scanout *scanout, struct content *content, int64_t now_us)
{
	const struct view_picture *picture = &content->picture;
	uint32_t rows = CLAMP(SAMPLE_PIXELS / picture->width, 1, picture->height);
	const struct kms_rect part = {0, 0, (int32_t)picture->width, (int32_t)rows};
	const struct place place = {
		.source = part,
		.destination = part,
		.transform = KMS_ROTATE_0,
	};
	struct copy_target scratch = {
		.stride = picture->width * 4,
		.width = picture->width,
		.height = rows,
	};
	size_t bytes = (size_t)scratch.stride * rows;
	bool done = false;
	int64_t begun_us;

	/* Its pages are there before the time is taken. */
	scratch.pixels = g_malloc(bytes);
	memset(scratch.pixels, 0xff, bytes);
	scratch.image = pixman_image_create_bits_no_clear(PIXMAN_x8r8g8b8, (int)scratch.width,
		(int)rows, (uint32_t *)(void *)scratch.pixels, (int)scratch.stride);
	if (scratch.image) {
		begun_us = g_get_monotonic_time();
		done = content_sample(content, &place, &scratch);
		if (done)
			answers_measured(scanout->answers, scanout->index,
				(uint64_t)picture->width * rows,
				(g_get_monotonic_time() - begun_us) * 1000, now_us);
		pixman_image_unref(scratch.image);
	}
	g_free(scratch.pixels);
	return done;
}

static bool copy(struct scanout *scanout, struct content *content, const struct kms_rect *rect,
	uint64_t pixels, int64_t now_us)
{
	bool all = content->surface_stale || !content->picture.surface;
	int64_t begun_us = g_get_monotonic_time();

	switch (content_copy(scanout, content, rect)) {
	case VIEW_FILL_DONE:
		break;
	case VIEW_FILL_LATER:
		return false;
	case VIEW_FILL_NEVER:
		answers_unreadable(scanout->answers, scanout->index, now_us);
		return false;
	}
	if (all)
		pixels = (uint64_t)content->picture.width * content->picture.height;
	note_copy(scanout, pixels, begun_us, now_us);
	content_keep_surface(scanout, content);
	return true;
}

/* It is shown by one view alone, and that takes it so. */
static bool can_be_drawn(struct scanout *scanout, const struct content *content)
{
	const struct scanout_slot *slot = scanout_next_slot(scanout, NULL);
	enum copy_reason reason;

	return slot && !scanout_next_slot(scanout, (struct scanout_slot *)slot) &&
		dmabuf_reader_is_mapped(content->reader) &&
		view_copies(slot->view, &content->picture, &reason) &&
		view_can_draw(slot->view, &content->picture);
}

enum early early_choose(struct scanout *scanout, struct content *content,
	const struct kms_rect *rect)
{
	struct answers *answers = scanout->answers;
	const struct kms_rect *changed = rect;
	const struct kms_rect all = {0, 0, (int32_t)content->picture.width,
		(int32_t)content->picture.height};
	enum answers_choice choice;
	uint64_t pixels;
	int64_t now_us;

	answers_set_live(answers, scanout->index, is_live(scanout));
	if (answers->live < 2)
		return EARLY_NOT;
	/* Another buffer is copied all over, whatever is said to have changed. */
	if (content == &scanout->next)
		changed = &all;
	pixels = (uint64_t)changed->width * (uint64_t)changed->height;
	now_us = turn_time();
	answers_frame(answers, scanout->index, pixels, scanout_period_us(scanout), now_us);

	choice = answers_choose(answers, scanout->index, now_us);
	if (choice == ANSWERS_AT_FLIP)
		return EARLY_NOT;
	/* Before its fences are asked for: by now it may not be known that the fd is a
	 * dma-buf's. */
	if (!content_readable(scanout, content)) {
		answers_unreadable(answers, scanout->index, now_us);
		return EARLY_NOT;
	}
	/* Who can wait for them without copying it is kms/. */
	if (!dmabuf_signalled(content->fd))
		return EARLY_NOT;
	if (choice == ANSWERS_MEASURE) {
		if (!measure(scanout, content, now_us))
			answers_unreadable(answers, scanout->index, now_us);
		choice = answers_choose(answers, scanout->index, now_us);
	}
	if (choice != ANSWERS_EARLY)
		return EARLY_NOT;
	early_set_surface_only(scanout, content, true);
	if (can_be_drawn(scanout, content))
		return EARLY_DRAWN;
	return copy(scanout, content, rect, pixels, now_us) ? EARLY_COPIED : EARLY_NOT;
}

static uint64_t pixels_of(const struct damage *damage)
{
	uint64_t pixels = 0;

	for (size_t i = 0; i < damage->count; i++)
		pixels += (uint64_t)damage->rects[i].width * (uint64_t)damage->rects[i].height;
	return pixels;
}

static bool draw(void *data, const struct copy_target *target, const struct place *place,
	const struct damage *seen)
{
	struct scanout *scanout = data;
	int64_t begun_us = g_get_monotonic_time();

	if (!dmabuf_reader_draw_parts(scanout->shown.reader, place, target, seen))
		return false;
	note_copy(scanout, pixels_of(seen), begun_us, turn_time());
	return true;
}

static uint64_t update_drawn(struct scanout *scanout, struct scanout_slot *slot,
	const struct kms_rect *damage, enum view_way *way)
{
	struct content *content = &scanout->shown;
	uint64_t serial;

	content->surface_stale = true;
	serial = view_draw(slot->view, &content->picture, damage, draw, scanout, way);
	if (*way != VIEW_FAILED)
		content->drawn_by = slot;
	else
		answers_unreadable(scanout->answers, scanout->index, turn_time());
	return serial;
}

static uint64_t update_copied(struct scanout *scanout, struct scanout_slot *slot,
	const struct kms_rect *damage, enum view_way *way)
{
	uint64_t serial = view_update(slot->view, &scanout->shown.picture, damage, way);

	if (*way == VIEW_FAILED)
		answers_unshown(scanout->answers, scanout->index, turn_time());
	return serial;
}

uint64_t early_update(struct scanout *scanout, struct scanout_slot *slot,
	const struct kms_rect *damage, enum view_way *way, enum early *early)
{
	struct content *content = &scanout->shown;
	enum copy_reason reason;
	uint64_t serial = 0, again;

	switch (*early) {
	case EARLY_NOT:
		/* It was asked about a copy. */
		view_copies(slot->view, &content->picture, &reason);
		return view_update(slot->view, &content->picture, damage, way);
	case EARLY_COPIED:
		serial = update_copied(scanout, slot, damage, way);
		break;
	case EARLY_DRAWN:
		serial = update_drawn(scanout, slot, damage, way);
		break;
	}
	if (*way != VIEW_FAILED)
		return serial;
	/* As it is, if it can be shown so. */
	early_set_surface_only(scanout, content, false);
	*early = EARLY_NOT;
	again = view_update(slot->view, &content->picture, damage, way);
	return *way == VIEW_FAILED ? MAX(serial, again) : again;
}

bool early_is_free(const struct scanout_slot *slot)
{
	uint64_t direct = view_direct_serial(slot->view);

	return direct == 0 || slot->presented > direct;
}

void early_await(struct scanout *scanout, uint32_t bits, const uint64_t *previous,
	struct guest_waiting *waiting)
{
	struct scanout_slot *slot = NULL;

	waiting->reply = REPLY_EARLY;
	waiting->early = true;
	while ((slot = scanout_next_slot(scanout, slot))) {
		uint32_t bit = 1u << slot->bit;

		if (!(bits & bit))
			continue;
		/* Its flips are there at once, and tell nothing of its rate. */
		waiting->paced |= slot->no_vblank;
		if (slot->done >= previous[slot->bit])
			continue;
		waiting->views |= bit;
		waiting->serials[slot->bit] = previous[slot->bit];
	}
}
