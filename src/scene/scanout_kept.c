/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a scanout leaves for a successor of this process, while it works, and what it makes of what
 * a predecessor has left. The state names dma-bufs and surfaces by their numbers (wire/kept_fds.h).
 */
#include <stdatomic.h>
#include <string.h>

#include "scene/scanout_internal.h"
#include "scene/state.h"
#include "turn.h"
#include "wire/closer.h"
#include "wire/kept_fds.h"

/* ---- while it works ---- */

static G_ALWAYS_INLINE inline void note(const struct scanout *scanout, struct guest_content *note,
	const struct content *content)
{
	const struct surface *surface = content->picture.surface;

	if (content->kind == SCANOUT_DISABLED) {
		*note = (struct guest_content){0};
		return;
	}
	*note = (struct guest_content){
		.kind = content->kind,
		.width = content->picture.width,
		.height = content->picture.height,
		.frame_waits = content->frame_waits,
		.kept = content->kept,
		.dmabuf = content->dmabuf,
	};
	if (content->kind == SCANOUT_PIXELS)
		note->kept = surface ? surface_kept(surface) : 0;
	if (content->kind != SCANOUT_DMABUF)
		return;
	note->answered = content->picture.surface_only ||
		(scanout->copy_left && content == &scanout->shown);
	if (content->picture.surface_only && surface && !content->drawn_by &&
		!content->surface_stale)
		note->copy = surface_kept(surface);
}

void scanout_record_shown(struct scanout *scanout)
{
	const struct guest_scanout_state *state = scanout->state;
	const struct guest_content *recorded = &state->contents[state->current].shown;
	struct guest_content now;

	note(scanout, &now, &scanout->shown);
	if (now.answered != recorded->answered || now.copy != recorded->copy)
		scanout_record(scanout);
}

/* One of two, which one store then chooses: whenever we are killed one of them is whole. */
void scanout_record_kept(struct scanout *scanout)
{
	struct guest_scanout_state *state = scanout->state;
	uint32_t other = !state->current;

	note(scanout, &state->contents[other].shown, &scanout->shown);
	note(scanout, &state->contents[other].next, &scanout->next);
	state->off = source_state(&scanout->source) == SOURCE_DISABLED;
	atomic_signal_fence(memory_order_seq_cst);
	state->current = other;
	atomic_signal_fence(memory_order_seq_cst);
}

void content_keep_surface(struct scanout *scanout, struct content *content)
{
	struct surface *surface = content->picture.surface;
	uint64_t number;

	if (!scanout->kept || !surface || surface_kept(surface))
		return;
	number = kept_fds_add(scanout->kept, surface_fd(surface), true);
	surface_set_kept(surface, number ? number : GUEST_CONTENT_NOT_KEPT);
}

void content_keep_fd(struct scanout *scanout, struct content *content)
{
	uint64_t number;

	if (!scanout->kept || content->fd < 0)
		return;
	number = kept_fds_number(scanout->kept, content->fd);
	content->kept = number ? number : GUEST_CONTENT_NOT_KEPT;
}

/* ---- a successor ---- */

static bool fail(GError **error, const char *what)
{
	g_set_error_literal(error, STATE_ERROR, STATE_ERROR_DAMAGED, what);
	return false;
}

static bool take_pixels(struct scanout *scanout, struct content *content,
	const struct guest_content *left, int fd, GError **error)
{
	struct surface *surface;

	if (left->width == 0 || left->width > CHANNEL_SIDE_MAX || left->height == 0 ||
		left->height > CHANNEL_SIDE_MAX) {
		closer_close(scanout->closer, fd);
		return fail(error, "its state is damaged");
	}
	content->kind = SCANOUT_PIXELS;
	content->picture.width = left->width;
	content->picture.height = left->height;
	content->picture.version = ++scanout->versions;
	/* There was no memory for it: it is made with the next update. */
	if (fd < 0)
		return true;
	surface = content_take_surface(scanout, fd, left->width, left->height, error);
	content->picture.surface = surface;
	if (surface)
		surface_set_kept(surface, left->kept);
	return surface != NULL;
}

/* Of what was answered: the guest may be drawing into it. A copy that was being written is none. */
static void take_copy(struct scanout *scanout, struct content *content,
	const struct guest_content *left)
{
	g_autoptr(GError) error = NULL;
	int fd = left->copy ? kept_fds_get(scanout->kept, left->copy) : -1;
	struct surface *surface = NULL;

	if (fd >= 0)
		surface = content_take_surface(scanout, fd, content->picture.width,
			content->picture.height, &error);
	if (surface)
		surface_set_kept(surface, left->copy);
	if (surface && surface_unfinished(surface))
		content_drop_surface(scanout, g_steal_pointer(&surface));
	content->picture.surface = surface;
	content->picture.surface_only = surface != NULL;
	scanout->copy_left = !surface;
}

static bool take_dmabuf(struct scanout *scanout, struct content *content,
	const struct guest_content *left, int fd, GError **error)
{
	struct channel_dmabuf dmabuf = left->dmabuf;
	uint8_t inverted;

	/* Of a bool all but 0 and 1 is no value. */
	memcpy(&inverted, &left->dmabuf.y_inverted, sizeof(inverted));
	dmabuf.y_inverted = inverted != 0;
	if (!channel_dmabuf_sound(&dmabuf)) {
		closer_close(scanout->closer, fd);
		return fail(error, "its state is damaged");
	}
	content_set_dmabuf(scanout, content, &dmabuf);
	content_take_fd(scanout, content, fd);
	if (content->fd >= 0)
		content->kept = left->kept;
	if (left->answered && content == &scanout->shown)
		take_copy(scanout, content, left);
	return true;
}

static bool take(struct scanout *scanout, struct content *content, const struct guest_content *left,
	GError **error)
{
	int fd = -1;

	if (left->kind == SCANOUT_DISABLED)
		return true;
	if (left->kind > SCANOUT_DMABUF)
		return fail(error, "its state is damaged");
	if (left->kept)
		fd = kept_fds_get(scanout->kept, left->kept);
	if (left->kept && fd < 0)
		return fail(error, "a picture that it has shown was not kept");
	return left->kind == SCANOUT_PIXELS ? take_pixels(scanout, content, left, fd, error)
					    : take_dmabuf(scanout, content, left, fd, error);
}

bool scanout_take_over(struct scanout *scanout, GError **error)
{
	struct guest_scanout_state *state = scanout->state;
	const struct guest_contents *left = &state->contents[state->current & 1];

	scanout->next_waited = left->next.frame_waits != 0;
	scanout->left_off = state->off != 0;
	if (take(scanout, &scanout->shown, &left->shown, error) &&
		take(scanout, &scanout->next, &left->next, error))
		return true;
	scanout_forget_left(scanout);
	return false;
}

void scanout_drop_left(struct scanout *scanout, uint64_t number)
{
	struct guest_content *next = &scanout->state->contents[scanout->state->current & 1].next;

	if (next->kept == number)
		*next = (struct guest_content){0};
}

void scanout_forget_left(struct scanout *scanout)
{
	scanout_end_left(scanout);
	content_finish(scanout, &scanout->shown);
	content_finish(scanout, &scanout->next);
}

void scanout_clear_left(struct scanout *scanout)
{
	scanout->copy_left = false;
	g_clear_handle_id(&scanout->left_timer, g_source_remove);
}

/* The guest draws no more, or it would have brought a frame: what is in its buffer is the one that has
 * gone. */
static gboolean show_left(gpointer data)
{
	struct scanout *scanout = data;
	struct scanout_slot *slot = NULL;

	turn_note();
	scanout->left_timer = 0;
	scanout_end_left(scanout);
	while ((slot = scanout_next_slot(scanout, slot)))
		scanout_show_on(scanout, slot->view);
	scanout_record(scanout);
	return G_SOURCE_REMOVE;
}

void scanout_show_again(struct scanout *scanout, bool waiting)
{
	struct scanout_slot *slot = NULL;

	if (scanout->shown.kind == SCANOUT_DISABLED && scanout->left_off) {
		source_enabled(&scanout->source);
		source_disabled(&scanout->source);
	}
	if (scanout->shown.kind == SCANOUT_DISABLED)
		return;
	source_enabled(&scanout->source);
	if (scanout->copy_left || scanout->shown.picture.surface_only)
		early_resume(scanout);
	scanout_cursor_changed(scanout);
	/* With that frame, and not with one before it. */
	if (waiting && scanout->shown.kind == SCANOUT_DMABUF && !scanout->next_waited)
		return;
	if (scanout->copy_left && scanout->state->unseen)
		scanout->left_timer = turn_name_of(
			g_timeout_add(ANSWERS_PAUSE_US / 1000, show_left, scanout), "left picture",
			scanout->guest);
	/* One that an UPDATE is being received into is seen with its last byte. */
	while ((slot = scanout_next_slot(scanout, slot))) {
		/* What it shows is the guest's own. */
		if (slot->own == 0)
			slot->own = view_serial(slot->view) + 1;
		scanout_show_on(scanout, slot->view);
	}
	source_frame(&scanout->source, NULL);
}

/* What came after it is not shown before an update of its own. */
void scanout_present_again(struct scanout *scanout, struct guest_waiting *waiting)
{
	const struct content next = scanout->next;
	const bool is_of_next = scanout->next_waited;
	struct content *content;

	if (!is_of_next)
		content_init(&scanout->next);
	content = scanout_current(scanout);
	waiting->reply = REPLY_UNUSABLE;
	if (content->kind == SCANOUT_DMABUF) {
		const struct kms_rect all = {0, 0, (int32_t)content->picture.width,
			(int32_t)content->picture.height};

		fence_present(scanout, content, &all, waiting);
	}
	if (!is_of_next)
		scanout->next = next;
}
