/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One scanout of a guest. */
#include "scene/scanout.h"

#include <string.h>

#include "log.h"
#include "scene/scanout_internal.h"

#define PERIOD_60_HZ_US 16667u

/* ---- life ---- */

void scanout_init(struct scanout *scanout, const struct scanout_options *options, uint32_t index,
	struct guest_scanout_state *state)
{
	*scanout = (struct scanout){
		.guest = options->guest,
		.index = index,
		.owner = g_str_hash(options->guest),
		.closer = options->closer,
		.kept = options->kept,
		.gbm = options->gbm,
		.state = state,
		.counters = options->counters,
		.replies = options->replies,
		.answers = options->answers,
		.account = options->account,
		.fence_timeout_us = options->fence_timeout_ms * G_TIME_SPAN_MILLISECOND,
		.cards = 1,
		.period_us = PERIOD_60_HZ_US,
	};
	scanout->slots_end = scanout->slots;
	content_init(&scanout->shown);
	content_init(&scanout->next);
	source_init(&scanout->source, &scanout_source_interface);
}

static void drop_contents(struct scanout *scanout)
{
	fence_forget_frames(scanout, REPLY_UNUSABLE);
	early_forget(scanout);
	scanout_end_left(scanout);
	content_finish(scanout, &scanout->next);
	content_finish(scanout, &scanout->shown);
	mirror_forget(scanout);
}

void scanout_finish(struct scanout *scanout)
{
	scanout_free_slots(scanout);
	drop_contents(scanout);
	fence_finish(scanout);
	source_finish(&scanout->source);
}

static void release_views(struct scanout *scanout)
{
	struct scanout_slot *slot = NULL;

	while ((slot = scanout_next_slot(scanout, slot)))
		view_release(slot->view, false);
}

void scanout_release(struct scanout *scanout)
{
	release_views(scanout);
	drop_contents(scanout);
	scanout->complaints = 0;
	memset(scanout->state, 0, sizeof(*scanout->state));
	scanout_cursor_changed(scanout);
	source_emptied(&scanout->source);
}

void scanout_set_running(struct scanout *scanout, bool running)
{
	scanout->stopped = !running;
	/* A driver that ends switches its screens off, and then resets the device. */
	if (running || source_state(&scanout->source) != SOURCE_DISABLED)
		return;
	release_views(scanout);
	source_emptied(&scanout->source);
}

void scanout_set_device(struct scanout *scanout, uint32_t card, struct kms_device *device)
{
	content_forget_card(scanout, &scanout->next, card);
	content_forget_card(scanout, &scanout->shown, card);
	scanout->devices[card] = device;
	/* Another card may refuse what this one took. */
	scanout->complaints &= ~(1u << COMPLAINT_IMPORT | 1u << COMPLAINT_READER);
}

/* The last picture stays, but nobody can draw into it any more. The cursor comes back with a
 * picture. */
void scanout_disable(struct scanout *scanout)
{
	release_views(scanout);
	drop_contents(scanout);
	if (scanout->stopped)
		source_emptied(&scanout->source);
	else
		source_disabled(&scanout->source);
	scanout_record(scanout);
}

void scanout_set_pixels(struct scanout *scanout, uint32_t width, uint32_t height)
{
	struct content *shown = &scanout->shown;
	struct content *next = &scanout->next;

	if (width == 0) {
		scanout_disable(scanout);
		return;
	}
	if (next->kind == SCANOUT_PIXELS && next->picture.surface && next->picture.width == width &&
		next->picture.height == height)
		return;

	fence_forget_frames(scanout, REPLY_SUPERSEDED);
	content_finish(scanout, next);
	/* The same again, as at a guest's page flip: updates go on into the surface that is
	 * there. */
	if (shown->kind == SCANOUT_PIXELS && shown->picture.width == width &&
		shown->picture.height == height) {
		scanout_record(scanout);
		return;
	}

	/* Also without one it is what updates are for: they must not go into the old picture. */
	next->picture.surface = content_make_surface(scanout, width, height);
	next->kind = SCANOUT_PIXELS;
	next->picture.width = width;
	next->picture.height = height;
	next->picture.version = ++scanout->versions;
	content_keep_surface(scanout, next);
	scanout_record(scanout);
}

void content_set_dmabuf(struct scanout *scanout, struct content *content,
	const struct channel_dmabuf *dmabuf)
{
	uint32_t part_y = dmabuf->y;

	/* The part is told as the guest sees it; upside down its rows lie elsewhere in memory. */
	if (dmabuf->y_inverted)
		part_y = dmabuf->fd_height - dmabuf->y - dmabuf->height;
	content->kind = SCANOUT_DMABUF;
	content->dmabuf = *dmabuf;
	content->picture = (struct view_picture){
		.width = dmabuf->width,
		.height = dmabuf->height,
		.part = {(int32_t)dmabuf->x, (int32_t)part_y, (int32_t)dmabuf->width,
			(int32_t)dmabuf->height},
		.fourcc = dmabuf->fourcc,
		.stride = dmabuf->fd_stride,
		.modifier = dmabuf->modifier,
		.y_inverted = dmabuf->y_inverted,
		.version = ++scanout->versions,
	};
}

void scanout_set_dmabuf(struct scanout *scanout, const struct channel_dmabuf *dmabuf, int fd)
{
	struct content *next = &scanout->next;

	fence_forget_frames(scanout, REPLY_SUPERSEDED);
	content_finish(scanout, next);
	content_set_dmabuf(scanout, next, dmabuf);
	content_take_fd(scanout, next, fd);
	content_keep_fd(scanout, next);
	scanout_record(scanout);
}

/* `next` had its first update and is shown from now on. The old one stays in its place until the
 * views know, and forget_old() finishes it. */
static void swap(struct scanout *scanout)
{
	struct content old = scanout->shown;

	scanout->shown = scanout->next;
	scanout->next = old;
}

/* The views show the new content. */
static void forget_old(struct scanout *scanout)
{
	if (scanout->next.kind == SCANOUT_DISABLED)
		scanout_cursor_changed(scanout);
	content_finish(scanout, &scanout->next);
	scanout_record(scanout);
}

/* ---- pixels ---- */

bool scanout_update_begin(struct scanout *scanout, const struct vhost_user_gpu_update *update,
	struct channel_pixels *pixels)
{
	struct content *content = scanout_current(scanout);
	struct kms_rect rect;

	/* There was no memory for it, or the guest had its share: that was then. */
	if (content->kind == SCANOUT_PIXELS && !content->picture.surface) {
		content->picture.surface = content_make_surface(scanout, content->picture.width,
			content->picture.height);
		content_keep_surface(scanout, content);
		scanout_record(scanout);
	}
	if (content->kind != SCANOUT_PIXELS || !content->picture.surface ||
		(uint64_t)update->x + update->width > content->picture.width ||
		(uint64_t)update->y + update->height > content->picture.height)
		return false;

	rect = (struct kms_rect){(int32_t)update->x, (int32_t)update->y, (int32_t)update->width,
		(int32_t)update->height};
	pixels->row = surface_begin(content->picture.surface, &rect);
	pixels->stride = surface_header(content->picture.surface)->stride;
	return true;
}

void scanout_update_rows(struct scanout *scanout, const struct vhost_user_gpu_update *update,
	uint32_t rows)
{
	const struct kms_rect rect = {(int32_t)update->x, (int32_t)update->y,
		(int32_t)update->width, (int32_t)rows};

	struct scanout_slot *slot = NULL;

	/* A new content's first picture is judged when it is whole. */
	if (scanout_current(scanout) != &scanout->shown)
		return;
	while ((slot = scanout_next_slot(scanout, slot)))
		view_draw_ahead(slot->view, &scanout->shown.picture, &rect);
}

/* `serial` of its view shows a picture of the scanout's; 0: none does. */
static void note_own(struct scanout_slot *slot, uint64_t serial)
{
	if (slot->own == 0)
		slot->own = serial;
}

void scanout_update_end(struct scanout *scanout, const struct vhost_user_gpu_update *update)
{
	struct content *content = scanout_current(scanout);
	struct kms_rect rect = {(int32_t)update->x, (int32_t)update->y, (int32_t)update->width,
		(int32_t)update->height};
	bool new_content = content == &scanout->next;
	struct scanout_slot *slot = NULL;
	enum copy_reason reason;
	enum view_way way;

	surface_end(content->picture.surface);
	scanout->counters->pixel_updates++;
	scanout->counters->pixel_bytes += (uint64_t)update->width * update->height * 4;

	if (new_content)
		swap(scanout);
	scanout_end_left(scanout);
	early_forget(scanout);
	source_enabled(&scanout->source);
	while ((slot = scanout_next_slot(scanout, slot))) {
		/* The surface is up to date, whoever reads it; but the view must be asked. */
		view_copies(slot->view, &scanout->shown.picture, &reason);
		note_own(slot,
			view_update(slot->view, &scanout->shown.picture, new_content ? NULL : &rect,
				&way));
	}
	if (new_content)
		forget_old(scanout);
	source_frame(&scanout->source, new_content ? NULL : &rect);
}

/* ---- dma-bufs ---- */

/* The part of the update that is shown, in the picture's pixels; empty: none of it. */
static struct kms_rect clip_update(const struct channel_dmabuf *dmabuf,
	const struct vhost_user_gpu_update *update)
{
	const struct kms_rect part = {(int32_t)dmabuf->x, (int32_t)dmabuf->y,
		(int32_t)dmabuf->width, (int32_t)dmabuf->height};
	const struct kms_rect rect = {(int32_t)update->x, (int32_t)update->y,
		(int32_t)update->width, (int32_t)update->height};
	struct kms_rect clipped = rect_intersect(&rect, &part);

	clipped.x -= part.x;
	clipped.y -= part.y;
	return clipped;
}

/* What the views make of a picture that is not shown yet. */
struct survey {
	uint32_t copying; /* bit: the slot's view reads the surface */
	enum copy_reason reason; /* of the last one that copies */
};

static struct survey survey_views(struct scanout *scanout, const struct content *content)
{
	struct survey survey = {0};
	struct scanout_slot *slot = NULL;

	while ((slot = scanout_next_slot(scanout, slot))) {
		if (view_copies(slot->view, &content->picture, &survey.reason))
			survey.copying |= 1u << slot->bit;
	}
	return survey;
}

/* Those of the slots whose view need not read it, at the cost of layers above. */
static uint32_t find_alone(struct scanout *scanout, const struct content *content, uint32_t bits)
{
	struct scanout_slot *slot = NULL;
	uint32_t found = 0;

	while ((slot = scanout_next_slot(scanout, slot))) {
		if (bits & 1u << slot->bit && view_may_go_alone(slot->view, &content->picture))
			found |= 1u << slot->bit;
	}
	return found;
}

/* Does another one that is lit not? */
static bool is_shown_directly(struct scanout *scanout, const struct survey *survey)
{
	struct scanout_slot *slot = NULL;

	while ((slot = scanout_next_slot(scanout, slot))) {
		if (!(survey->copying & 1u << slot->bit) && view_live(slot->view))
			return true;
	}
	return false;
}

/* The views have judged a picture that will not be shown, and go on with the one that is. */
static void keep_shown(struct scanout *scanout)
{
	struct scanout_slot *slot = NULL;

	while ((slot = scanout_next_slot(scanout, slot)))
		view_keep(slot->view);
}

/* Which row of the reply table a frame on `live` outputs belongs to, of which one went `way`. */
static enum guest_reply reply_for(enum view_way way, uint32_t live)
{
	if (live > 1)
		return REPLY_ALL_OUTPUTS;
	switch (way) {
	case VIEW_DIRECT:
		return REPLY_FLIP;
	case VIEW_QUEUED:
		return REPLY_SUPERSEDED;
	case VIEW_COPIED:
		return REPLY_COPIED;
	case VIEW_FAILED:
		return REPLY_UNUSABLE;
	case VIEW_OFF:
		break;
	}
	return REPLY_OFF;
}

static bool is_direct(enum view_way way)
{
	return way == VIEW_DIRECT || way == VIEW_QUEUED;
}

/* The frame goes to all views but those `left` behind. Every frame comes here. */
static G_ALWAYS_INLINE inline void update_views(struct scanout *scanout,
	const struct kms_rect *damage, uint32_t left, enum early early,
	struct guest_waiting *waiting)
{
	const bool begun_early = early != EARLY_NOT;
	enum guest_reply unshown = REPLY_OFF;
	enum view_way way, shown_way = VIEW_OFF;
	uint64_t lost_serials[GUEST_VIEWS_MAX], previous[GUEST_VIEWS_MAX];
	uint32_t direct = 0, copied = 0, held = 0;
	struct scanout_slot *slot = NULL;
	uint32_t lost = 0, live = 0;

	while ((slot = scanout_next_slot(scanout, slot))) {
		uint64_t serial;

		if (left & 1u << slot->bit)
			continue;
		if (begun_early)
			serial = early_update(scanout, slot, damage, &way, &early);
		else
			serial = view_update(slot->view, &scanout->shown.picture, damage, &way);
		mirror_note(slot, way == VIEW_FAILED);
		/* Until a copy is there its output reads a buffer of the guest's. */
		if (!is_direct(way) && !early_is_free(slot) && view_live(slot->view))
			held |= 1u << slot->bit;
		if (way == VIEW_FAILED) {
			unshown = REPLY_UNUSABLE;
			lost |= serial > 0 ? 1u << slot->bit : 0;
			lost_serials[slot->bit] = serial;
		}
		if (way == VIEW_FAILED || serial == 0)
			continue;
		*(way == VIEW_COPIED ? &copied : &direct) |= 1u << slot->bit;
		waiting->serials[slot->bit] = serial;
		previous[slot->bit] = slot->given;
		slot->given = serial;
		note_own(slot, serial);
		shown_way = way;
		live++;
	}
	if (early != EARLY_NOT)
		scanout->counters->frames_copied[COPY_EARLY]++;
	scanout->state->unseen = early == EARLY_DRAWN;
	if (early != EARLY_NOT && !held && copied && !direct) {
		early_await(scanout, mirror_awaited(scanout, 0, copied), previous, waiting);
	} else {
		waiting->views |= mirror_awaited(scanout, direct | (held & copied), copied);
		waiting->reply = live > 0 ? reply_for(shown_way, live) : unshown;
	}
	for (uint32_t bit = 0; lost >> bit; bit++) {
		if (lost & 1u << bit)
			replies_failed(scanout->replies, scanout->index, bit, lost_serials[bit]);
	}
}

bool scanout_show_frame(struct scanout *scanout, const struct kms_rect *rect,
	struct guest_waiting *waiting)
{
	struct content *content = scanout_current(scanout);
	bool new_content = content == &scanout->next;
	const bool surface_only = content->picture.surface_only;
	struct scanout_slot *const drawn_by = content->drawn_by;
	struct survey survey;
	uint32_t left = 0;
	enum early early;

	content_import(scanout, content);
	early = early_begin(scanout, content, rect);
	early_set_surface_only(scanout, content, early != EARLY_NOT);
	survey = survey_views(scanout, content);
	if (early == EARLY_NOT && survey.copying == 0) {
		content->surface_stale = true;
	} else if (early == EARLY_NOT) {
		switch (content_copy(scanout, content, rect)) {
		case VIEW_FILL_DONE:
			scanout->counters->frames_copied[survey.reason]++;
			break;
		case VIEW_FILL_LATER:
			keep_shown(scanout);
			early_set_surface_only(scanout, content, surface_only);
			content->drawn_by = drawn_by;
			return false;
		case VIEW_FILL_NEVER:
			content->surface_stale = true;
			survey.copying &= ~find_alone(scanout, content, survey.copying);
			if (!is_shown_directly(scanout, &survey)) {
				keep_shown(scanout);
				early_set_surface_only(scanout, content, surface_only);
				content->drawn_by = drawn_by;
				source_unshowable(&scanout->source);
				waiting->reply = REPLY_UNUSABLE;
				return true;
			}
			left = survey.copying;
			mirror_leave(scanout, left);
			break;
		}
	}

	source_enabled(&scanout->source);
	if (new_content)
		swap(scanout);
	scanout_end_left(scanout);
	update_views(scanout, new_content ? NULL : rect, left, early, waiting);
	if (new_content)
		forget_old(scanout);
	else
		scanout_record_copy(scanout);
	mirror_settle(scanout);
	source_frame(&scanout->source, new_content ? NULL : rect);
	return true;
}

void scanout_present(struct scanout *scanout, const struct vhost_user_gpu_update *update,
	struct guest_waiting *waiting)
{
	struct content *content = scanout_current(scanout);
	struct kms_rect rect;

	waiting->reply = REPLY_UNUSABLE;
	if (content->kind != SCANOUT_DMABUF) {
		if (complain_once(scanout, COMPLAINT_NO_CONTENT))
			log_guest(G_LOG_LEVEL_WARNING, scanout->guest,
				"scanout %u: update of a dma-buf, but it has none", scanout->index);
		return;
	}
	rect = clip_update(&content->dmabuf, update);
	if (rect_empty(&rect)) {
		if (complain_once(scanout, COMPLAINT_EMPTY))
			log_guest(G_LOG_LEVEL_WARNING, scanout->guest,
				"scanout %u: update of nothing that is shown", scanout->index);
		return;
	}
	fence_present(scanout, content, &rect, waiting);
}

/* ---- the cursor ---- */

void scanout_cursor_moved(struct scanout *scanout)
{
	struct scanout_slot *slot = NULL;

	while ((slot = scanout_next_slot(scanout, slot)))
		view_move_cursor(slot->view, scanout->state->cursor_x, scanout->state->cursor_y);
}

void scanout_cursor_changed(struct scanout *scanout)
{
	const struct guest_scanout_state *state = scanout->state;
	struct scanout_slot *slot = NULL;

	scanout_cursor_moved(scanout);
	while ((slot = scanout_next_slot(scanout, slot)))
		view_set_cursor(slot->view, state->cursor_visible ? state->cursor_pixels : NULL,
			state->cursor_hot_x, state->cursor_hot_y);
}
