/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What waits for a guest's GPU, so that nobody else does: a dma-buf that must be copied is read
 * only when its fences have signalled. Until then its frame is pending, the newest wins, and the
 * main loop watches its fd; after the flip timeout who waits is answered, and the buffer is
 * dropped. (What goes direct is waited for by kms/.)
 */
#include <string.h>

#include "log.h"
#include "scene/scanout_internal.h"
#include "turn.h"

/* ---- watching ---- */

void fence_stop_watch(struct scanout *scanout, struct content *content)
{
	g_source_remove_unix_fd(scanout->fences, content->watch);
	content->watch = NULL;
}

static bool waits(const struct content *content)
{
	return content->frame_waits || content->fill_waits;
}

/* For the next deadline, or for nothing. */
static void set_deadline(struct scanout *scanout)
{
	int64_t next = -1;

	if (waits(&scanout->shown))
		next = scanout->shown.deadline_us;
	if (waits(&scanout->next) && (next < 0 || scanout->next.deadline_us < next))
		next = scanout->next.deadline_us;
	g_source_set_ready_time(scanout->fences, next);
}

/* The deadline is that of what waits longest. */
static void watch(struct scanout *scanout, struct content *content)
{
	if (!content->watch) {
		content->watch = g_source_add_unix_fd(scanout->fences, content->fd, G_IO_IN);
		content->deadline_us = g_get_monotonic_time() + scanout->fence_timeout_us;
	}
	set_deadline(scanout);
}

/* ---- what they said ---- */

/* The surface that views wait for. */
static void fill_again(struct scanout *scanout, struct content *content)
{
	struct scanout_slot *slot = NULL;
	enum view_fill filled;

	content->surface_stale = true;
	filled = content_copy(scanout, content, NULL);
	content->fill_waits = filled == VIEW_FILL_LATER;
	if (filled == VIEW_FILL_DONE)
		scanout->counters->frames_copied[content->fill_reason]++;
	while (filled != VIEW_FILL_LATER && (slot = scanout_next_slot(scanout, slot))) {
		if (filled == VIEW_FILL_DONE)
			view_surface_filled(slot->view);
		else if (view_surface_lost(slot->view))
			mirror_note(slot, true);
	}
	mirror_settle(scanout);
}

/* A frame gives views that wait for the surface what they wait for, or has them ask anew. */
static bool show_frame(struct scanout *scanout, const struct kms_rect *rect,
	struct guest_waiting *waiting)
{
	bool filling = scanout->shown.fill_waits;
	bool new_content = scanout_current(scanout) == &scanout->next;
	bool done, same;

	scanout->shown.fill_waits = false;
	done = scanout_show_frame(scanout, rect, waiting);
	same = !new_content || scanout_current(scanout) == &scanout->next;
	/* One that cannot be shown leaves them waiting, for what is shown still. */
	if (!done || (waiting->reply == REPLY_UNUSABLE && same))
		scanout->shown.fill_waits = filling;
	return done;
}

/* They have signalled, or need not be waited for any more. */
static void go_on(struct scanout *scanout, struct content *content)
{
	struct kms_rect rect = content->frame_rect;
	struct guest_waiting result = {.reply = REPLY_UNUSABLE};

	if (content->fill_waits)
		fill_again(scanout, content);
	if (content->frame_waits) {
		content->frame_waits = false;
		/* Where it is shown, another content may be in its place afterwards. */
		if (show_frame(scanout, &rect, &result))
			replies_resume(scanout->replies, scanout->index, &result);
		else
			content->frame_waits = true;
		scanout_record(scanout);
	}
}

static void give_up(struct scanout *scanout, struct content *content)
{
	bool frame = content->frame_waits;
	bool fill = content->fill_waits;
	struct scanout_slot *slot = NULL;

	fence_unwatch(scanout, content);
	scanout_record(scanout);
	content->given_up = true;
	content_forget_cards(scanout, content);
	if (complain_once(scanout, COMPLAINT_FENCE))
		log_guest(G_LOG_LEVEL_WARNING, scanout->guest,
			"scanout %u: a buffer was not finished within %d ms and is dropped; the last "
			"picture stays",
			scanout->index, (int)(scanout->fence_timeout_us / 1000));
	while (fill && (slot = scanout_next_slot(scanout, slot))) {
		if (view_surface_lost(slot->view))
			mirror_note(slot, true);
	}
	mirror_settle(scanout);
	if (frame)
		replies_give_up(scanout->replies, scanout->index);
}

static void check(struct scanout *scanout, struct content *content, int64_t now_us)
{
	if (!content->watch)
		return;
	if (dmabuf_signalled(content->fd))
		go_on(scanout, content);
	else if (now_us >= content->deadline_us)
		give_up(scanout, content);
}

/* Nobody waits for what is watched no more; a content that was swapped away is gone. */
static void tidy(struct scanout *scanout)
{
	if (!waits(&scanout->shown))
		fence_unwatch(scanout, &scanout->shown);
	if (!waits(&scanout->next))
		fence_unwatch(scanout, &scanout->next);
	set_deadline(scanout);
}

static gboolean dispatch(GSource *source, GSourceFunc callback, gpointer data)
{
	struct scanout *scanout = data;
	int64_t now = g_get_monotonic_time();

	turn_note();
	/* What is shown first: a new content takes its place. */
	check(scanout, &scanout->shown, now);
	check(scanout, &scanout->next, now);
	tidy(scanout);
	return G_SOURCE_CONTINUE;
}

static GSourceFuncs source_funcs = {.dispatch = dispatch};

/* A source without a callback is taken for a removed one. */
static gboolean source_callback(gpointer data)
{
	return G_SOURCE_CONTINUE;
}

static void make_source(struct scanout *scanout)
{
	if (scanout->fences)
		return;
	scanout->fences = g_source_new(&source_funcs, sizeof(GSource));
	g_source_set_static_name(scanout->fences, "fences");
	g_source_set_callback(scanout->fences, source_callback, scanout, NULL);
	g_source_attach(scanout->fences, NULL);
}

void fence_finish(struct scanout *scanout)
{
	if (!scanout->fences)
		return;
	g_source_destroy(scanout->fences);
	g_clear_pointer(&scanout->fences, g_source_unref);
}

/* ---- what waits ---- */

/* A buffer that was dropped is taken again when it is finished after all. */
static bool is_given_up(struct content *content)
{
	if (content->given_up && dmabuf_signalled(content->fd))
		content->given_up = false;
	return content->given_up;
}

void fence_put_off(struct scanout *scanout, struct content *content, const struct kms_rect *rect,
	struct guest_waiting *waiting)
{
	waiting->reply = REPLY_FENCE_TIMEOUT;
	waiting->fenced = true;
	content->frame_waits = true;
	content->frame_rect = *rect;
	scanout_record(scanout);
	make_source(scanout);
	watch(scanout, content);
}

void fence_present_after(struct scanout *scanout, struct content *content,
	const struct kms_rect *rect, struct guest_waiting *waiting)
{
	struct kms_rect all = *rect;

	waiting->reply = REPLY_FENCE_TIMEOUT;
	if (is_given_up(content))
		return;
	if (content->frame_waits)
		all = rect_bounding(&content->frame_rect, rect);
	content->frame_waits = false;
	if (!show_frame(scanout, &all, waiting)) {
		fence_put_off(scanout, content, &all, waiting);
		return;
	}
	/* It contains, or supersedes, what waited before it. */
	replies_resume(scanout->replies, scanout->index, waiting);
	scanout_record(scanout);
	tidy(scanout);
}

enum view_fill fence_fill_surface(struct scanout *scanout, enum copy_reason reason)
{
	struct content *content = &scanout->shown;
	enum view_fill filled;

	if (content->kind != SCANOUT_DMABUF)
		return content->picture.surface ? VIEW_FILL_DONE : VIEW_FILL_NEVER;
	/* Somebody may draw into the buffer already. */
	if (content->picture.surface_only)
		return content_secure(scanout, content) ? VIEW_FILL_DONE : VIEW_FILL_NEVER;
	if (is_given_up(content))
		return VIEW_FILL_NEVER;
	content->surface_stale = true;
	filled = content_copy(scanout, content, NULL);
	if (filled == VIEW_FILL_DONE)
		scanout->counters->frames_copied[reason]++;
	if (filled == VIEW_FILL_LATER) {
		content->fill_waits = true;
		content->fill_reason = reason;
		make_source(scanout);
		watch(scanout, content);
	}
	return filled;
}

void fence_retry(struct scanout *scanout)
{
	struct content *content = scanout_current(scanout);

	if (!content->frame_waits)
		return;
	go_on(scanout, content);
	tidy(scanout);
}

void fence_forget_waiting(struct scanout *scanout, enum guest_reply reply)
{
	struct guest_waiting result = {.reply = reply};

	scanout->shown.frame_waits = false;
	scanout->next.frame_waits = false;
	tidy(scanout);
	replies_resume(scanout->replies, scanout->index, &result);
}
