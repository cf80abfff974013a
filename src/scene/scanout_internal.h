/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the files of the scanout share: scanout.c (what its messages mean), scanout_buffer.c (what
 * is made of a content), scanout_early.c (what is copied and answered early), scanout_fence.c (what
 * waits for a dma-buf's fences), scanout_kept.c (what a successor of this process goes on
 * with), scanout_mirror.c (what several views have to do with one another) and scanout_view.c (the
 * source: views that come, go and report). Nobody else includes this.
 */
#ifndef SCANOUTD_SCENE_SCANOUT_INTERNAL_H
#define SCANOUTD_SCENE_SCANOUT_INTERNAL_H

#include "scene/scanout.h"

/* Faults are logged once a cause and scanout, for as long as the peer stays. */
enum complaint {
	COMPLAINT_IMPORT,
	COMPLAINT_READER,
	COMPLAINT_READ,
	COMPLAINT_SURFACE,
	COMPLAINT_NO_CONTENT,
	COMPLAINT_EMPTY,
	COMPLAINT_MIRROR,
	COMPLAINT_FENCE,
	COMPLAINT_SHARE,
	COMPLAINT_EARLY,
};

/* True the first time. */
bool complain_once(struct scanout *scanout, enum complaint complaint);

/* The content that the next update belongs to. */
static inline struct content *scanout_current(struct scanout *scanout)
{
	return scanout->next.kind != SCANOUT_DISABLED ? &scanout->next : &scanout->shown;
}

/* ---- scanout.c ---- */

/*
 * A frame of the current content, `rect` of it changed, goes to the views; `waiting` is filled in
 * as scanout_present() says. False: its fences must be waited for, nothing has changed.
 */
bool scanout_show_frame(struct scanout *scanout, const struct kms_rect *rect,
	struct guest_waiting *waiting);

/* The content is this dma-buf, which it gets by content_take_fd(). */
void content_set_dmabuf(struct scanout *scanout, struct content *content,
	const struct channel_dmabuf *dmabuf);

/* ---- scanout_kept.c ---- */

/* Of a surface of pixels, or of copies, or a dma-buf that came by the channel: for a successor. */
void content_keep_surface(struct scanout *scanout, struct content *content);
void content_keep_fd(struct scanout *scanout, struct content *content);

/* A frame is shown: scanout_record(), if it is no copy as the one before it was one, or is one, or
 * another has it. */
void scanout_record_shown(struct scanout *scanout);
static inline void scanout_record_copy(struct scanout *scanout)
{
	const struct guest_scanout_state *state = scanout->state;

	if (!scanout->kept)
		return;
	/* Neither is the case of nearly every guest. */
	if (scanout->shown.picture.surface_only || state->contents[state->current].shown.answered)
		scanout_record_shown(scanout);
}

/* copy_left no longer: something is shown, or nothing any more. */
void scanout_clear_left(struct scanout *scanout);
static inline void scanout_end_left(struct scanout *scanout)
{
	if (scanout->copy_left)
		scanout_clear_left(scanout);
}

/* ---- scanout_buffer.c ---- */

void content_init(struct content *content);
void content_finish(struct scanout *scanout, struct content *content);

/* The content's dma-buf, whose layout it has already: taken over, within what the guest may have of
 * them; else closed. -1: none. */
void content_take_fd(struct scanout *scanout, struct content *content, int fd);

/* Within the guest's share of memory; else NULL. */
struct surface *content_make_surface(struct scanout *scanout, uint32_t width, uint32_t height);
/* The same of what a predecessor has left; `fd` is taken over. NULL with an error. */
struct surface *content_take_surface(struct scanout *scanout, int fd, uint32_t width,
	uint32_t height, GError **error);

/* It is given up, with its place among what is kept. Takes NULL. */
void content_drop_surface(struct scanout *scanout, struct surface *surface);

/* The dma-buf becomes a framebuffer of each card that a view is on, if its driver can, and it was
 * not tried a moment ago. What is no dma-buf is no content's fd any more. */
void content_import_missing(struct scanout *scanout, struct content *content);
static inline void content_import(struct scanout *scanout, struct content *content)
{
	if (scanout->cards & ~content->cards)
		content_import_missing(scanout, content);
}

/* Part of the dma-buf into the content's surface, or all of it where that has missed something.
 * VIEW_FILL_LATER: its fences have not signalled. */
enum view_fill content_copy(struct scanout *scanout, struct content *content,
	const struct kms_rect *rect);

/* Draws what the content shows in this place over the target, past its surface where it is a
 * dma-buf. VIEW_FILL_LATER: it is not finished. */
enum view_fill content_draw(struct scanout *scanout, struct content *content,
	const struct place *place, const struct copy_target *target);

/* Can the dma-buf be read at all? */
bool content_readable(struct scanout *scanout, struct content *content);

/* Reads a readable one, whose fences have signalled, past its surface, where the processor needs no
 * GPU's help for it. False: it cannot. */
bool content_sample(struct content *content, const struct place *place,
	const struct copy_target *target);

/* Of what is surface_only: the surface has all of it. False: it cannot have it, and then there is
 * none; where it has gone with its card it is surface_only no more. */
bool content_secure(struct scanout *scanout, struct content *content);

/* What was made on the card is dropped; or on all of them. */
void content_forget_card(struct scanout *scanout, struct content *content, uint32_t card);
void content_forget_cards(struct scanout *scanout, struct content *content);

/* ---- scanout_early.c ---- */

/* How a frame goes. */
enum early {
	EARLY_NOT, /* as it is, and as it is answered without all this */
	EARLY_COPIED, /* the content's surface has all of it */
	EARLY_DRAWN, /* it is drawn past the surface */
};

/* A frame has come, of which `rect` is new. Unless it is EARLY_NOT the content is surface_only
 * then. */
enum early early_choose(struct scanout *scanout, struct content *content,
	const struct kms_rect *rect);
static inline enum early early_begin(struct scanout *scanout, struct content *content,
	const struct kms_rect *rect)
{
	/* No other scanout is live: the case of nearly every guest. */
	return answers_alone(scanout->answers, scanout->index)
		? EARLY_NOT
		: early_choose(scanout, content, rect);
}

/* view_update() of the frame that is shown now, which early_begin() took. Where it cannot be shown
 * as a copy it is EARLY_NOT after all: from then on, and for the views that are still to come. */
uint64_t early_update(struct scanout *scanout, struct scanout_slot *slot,
	const struct kms_rect *damage, enum view_way *way, enum early *early);

/* view_picture.surface_only, and another version where that changes it. */
void early_change_surface_only(struct scanout *scanout, struct content *content, bool surface_only);
static inline void early_set_surface_only(struct scanout *scanout, struct content *content,
	bool surface_only)
{
	if (!surface_only)
		content->drawn_by = NULL;
	if (content->picture.surface_only != surface_only)
		early_change_surface_only(scanout, content, surface_only);
}

/* No output may read a buffer of the guest's for the slot's view any more, but what it is given
 * from now on. */
bool early_is_free(const struct scanout_slot *slot);

/* The frame went as a copy to the views of `bits`, and each had this one before it: their answer
 * waits for that. */
void early_await(struct scanout *scanout, uint32_t bits, const uint64_t *previous,
	struct guest_waiting *waiting);

/* A predecessor copied the frame that is shown, since more than one scanout was drawn on: that is so
 * from the next frame on, into whose buffer its guest draws as soon as it has the answer. */
void early_resume(struct scanout *scanout);

/* A view went, or its output; or the scanout shows no dma-buf any more. */
void early_note_views(struct scanout *scanout);
void early_forget(struct scanout *scanout);

/* ---- scanout_fence.c ---- */

void fence_finish(struct scanout *scanout);

/* An update of which others may wait, or whose buffer may be given up; … */
void fence_present_after(struct scanout *scanout, struct content *content,
	const struct kms_rect *rect, struct guest_waiting *waiting);
/* … one whose fences have not signalled; … */
void fence_put_off(struct scanout *scanout, struct content *content, const struct kms_rect *rect,
	struct guest_waiting *waiting);
/* … and any: scanout_show_frame(), now or when its fences have signalled. */
static inline void fence_present(struct scanout *scanout, struct content *content,
	const struct kms_rect *rect, struct guest_waiting *waiting)
{
	if (scanout->fences)
		fence_present_after(scanout, content, rect, waiting);
	/* Nothing has ever waited here: the case of nearly every guest. */
	else if (!scanout_show_frame(scanout, rect, waiting))
		fence_put_off(scanout, content, rect, waiting);
}

/* view_listener.fill_surface. */
enum view_fill fence_fill_surface(struct scanout *scanout, enum copy_reason reason);

/* An output went or changed: what waited in order to be copied may no longer have to be. */
void fence_retry(struct scanout *scanout);

/* Frames that wait will not be shown; whoever waits for them is answered by the pacing timer. */
void fence_forget_waiting(struct scanout *scanout, enum guest_reply reply);
static inline void fence_forget_frames(struct scanout *scanout, enum guest_reply reply)
{
	if (scanout->shown.frame_waits || scanout->next.frame_waits)
		fence_forget_waiting(scanout, reply);
}

/* The content goes: nothing waits for it any more. */
void fence_stop_watch(struct scanout *scanout, struct content *content);
static inline void fence_unwatch(struct scanout *scanout, struct content *content)
{
	content->frame_waits = false;
	content->fill_waits = false;
	if (content->watch)
		fence_stop_watch(scanout, content);
}

/* ---- scanout_mirror.c ---- */

/* The views of `bits` cannot show the current content, which others are about to: they take leave
 * of what they show. */
void mirror_leave(struct scanout *scanout, uint32_t bits);

/* The view shows what is shown, or will when it is lit; or it cannot. */
void mirror_join(struct scanout_slot *slot);
static inline void mirror_note(struct scanout_slot *slot, bool unshown)
{
	slot->unshown = unshown;
	if (unshown)
		slot->scanout->any_unshown = true;
	else if (slot->left)
		mirror_join(slot);
}

/* What is shown has changed, or who shows it: no view keeps an older picture beside it. */
void mirror_settle_unshown(struct scanout *scanout);
static inline void mirror_settle(struct scanout *scanout)
{
	if (scanout->any_unshown)
		mirror_settle_unshown(scanout);
}

/* Nothing is shown any more: what any view has is somebody else's business. */
void mirror_forget(struct scanout *scanout);

/* Of several that are as fast the first. */
uint32_t mirror_fastest(struct scanout *scanout, uint32_t bits);

/*
 * Bits of those that an answer waits for, of the views that take a frame: as it is, or a copy. All
 * those that the buffer itself is on: until the last of them has another, the guest must not draw
 * into the one before. A copy is ours, and is waited for only so that the guest is not faster than
 * anybody sees. But a copy that has to wait for the buffer's fences is still to be made.
 */
static inline uint32_t mirror_awaited(struct scanout *scanout, uint32_t direct, uint32_t copied)
{
	if (scanout->shown.fill_waits)
		return direct | copied;
	return direct ? direct : mirror_fastest(scanout, copied);
}

/*
 * The slot's frame up to this one has failed, so that its output goes on reading a buffer of the
 * guest's, which others may have presented; and there will be word of another frame, which takes
 * that buffer's place. Where no event came (`error` as in kms_listener.commit_failed) that is the
 * same frame again, behind the mode set that follows: until then it is the buffer before that is on
 * the glass.
 */
bool mirror_still_reads(struct scanout_slot *failed, uint64_t serial, int error);

/* ---- scanout_view.c ---- */

/* What is shown is to be seen on the view, from its beginning. */
void scanout_show_on(struct scanout *scanout, struct view *view);

extern const struct source_interface scanout_source_interface;

void scanout_free_slots(struct scanout *scanout);

#endif
