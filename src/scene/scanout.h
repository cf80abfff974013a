/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One scanout of a guest: what it shows, its cursor, and the views that show it. It is a source
 * (scene/source.h).
 *
 * Part of a guest, in its memory. A new content (SCANOUT, DMABUF_SCANOUT) waits as `next` until its
 * first update; until then the old picture stays. Owns the surface of pixel content, and the
 * dma-buf with what was made of it, on each card that a view is on. Without a card and without
 * views all goes on, but that nothing is seen.
 */
#ifndef SCANOUTD_SCENE_SCANOUT_H
#define SCANOUTD_SCENE_SCANOUT_H

#include <stdbool.h>
#include <stdint.h>

#include "kms.h"
#include "scene/answers.h"
#include "scene/dmabuf.h"
#include "scene/guest_state.h"
#include "scene/reply.h"
#include "scene/source.h"
#include "scene/view.h"
#include "wire/account.h"

struct closer;
struct kept_fds;

enum scanout_content {
	SCANOUT_DISABLED,
	SCANOUT_PIXELS,
	SCANOUT_DMABUF,
};

struct content {
	enum scanout_content kind;
	int fd; /* SCANOUT_DMABUF: ours, or the holder's, and charged to the guest; or -1 */
	struct view_picture picture;
	/* SCANOUT_DMABUF: */
	struct channel_dmabuf dmabuf;
	uint64_t kept; /* the number of the fd (wire/kept_fds.h); 0: none */
	struct kms_buffer *holder; /* the fd is this buffer's, a reference; or NULL */
	uint32_t cards; /* bits: there is a framebuffer of that card; … */
	uint32_t charged_cards; /* … whose fd is charged for itself */
	/* Monotonic time from which on what failed may be tried again; 0: it has not failed. */
	int64_t import_after_us[KMS_CARDS_MAX];
	int64_t reader_after_us;
	struct dmabuf_reader *reader;
	struct scanout_slot
		*drawn_by; /* surface_only: the view that has it in the surface's place; or NULL */
	/* Together, since each new dma-buf moves all of this. */
	bool told_apart; /* it is a dma-buf; else it may be anything */
	bool surface_stale; /* frames went past the surface */
	/* What waits for its fences (scanout_fence.c). */
	bool given_up; /* they have not signalled in time */
	bool frame_waits; /* DMABUF_UPDATEs of frame_rect */
	bool fill_waits; /* views that want the surface, because of fill_reason */
	enum copy_reason fill_reason;
	void *watch; /* the fd's tag in scanout.fences; NULL: nothing waits */
	int64_t deadline_us;
	struct kms_rect frame_rect;
};

/* A place for a view. Its number is its bit in guest_waiting.views, so it keeps it. */
struct scanout_slot {
	struct scanout *scanout;
	struct view *view; /* NULL: free */
	uint32_t bit;
	bool unshown; /* it cannot show what is shown (scanout_mirror.c), */
	bool left; /* … while others do, and the listener knows */
	/* Serials of its view: of the last frame that it was given, of the last that is on the
	 * glass, and of the last that is, or will not be. */
	uint64_t given;
	uint64_t presented;
	uint64_t done;
	uint64_t own; /* … and of the first that shows the scanout's picture; 0: it has had none */
	bool no_vblank; /* its flips come at once */
};

struct scanout {
	struct source source;
	const char *guest;
	uint32_t index;
	uint32_t owner; /* the guest's number for kms/ */
	struct kms_device *devices[KMS_CARDS_MAX]; /* NULL: there is none of this number now */
	struct closer *closer;
	struct kept_fds *kept; /* or NULL */
	struct dmabuf_gbm *gbm;
	bool sends_new; /* the last dma-buf that came had not come before */
	struct guest_scanout_state *state;
	struct guest_counters *counters;
	struct replies *replies;
	struct answers *answers; /* the guest's, as the next */
	struct account *account;
	bool left_off; /* a predecessor's guest had switched it off */
	/* What is shown was answered by a predecessor, and nobody has a copy of it but the outputs,
	 * which keep it until a frame comes. */
	bool copy_left;
	guint left_timer; /* … but one that has gone with the predecessor; or 0 */
	bool next_waited; /* `next` is a predecessor's, which has had its first update, but for its fences */
	bool stopped; /* the device was reset: nobody switches its scanouts off */
	struct content shown;
	struct content next;
	uint64_t versions; /* of their pictures: the last one */
	struct scanout_slot slots[GUEST_VIEWS_MAX];
	const struct scanout_slot *slots_end; /* of those that were ever taken */
	bool any_unshown; /* of a slot `unshown` was set since the others were told (scanout_mirror.c) */
	uint32_t cards; /* bits: those that a view is on; without any, the first */
	uint32_t period_us; /* of the first view's mode, as last known */
	uint32_t complaints; /* bit: cause that was logged */
	GSource *fences; /* made when it is needed first */
	int64_t fence_timeout_us;
};

/* The slot behind `slot` that has a view, from NULL on; NULL at the end. */
static inline struct scanout_slot *scanout_next_slot(struct scanout *scanout,
	struct scanout_slot *slot)
{
	for (slot = slot ? slot + 1 : scanout->slots; slot < scanout->slots_end; slot++) {
		if (slot->view)
			return slot;
	}
	return NULL;
}

/* What scanouts of one guest share. */
struct scanout_options {
	const char *guest;
	struct closer *closer;
	struct kept_fds *kept; /* or NULL */
	struct dmabuf_gbm *gbm;
	struct guest_counters *counters;
	struct replies *replies;
	struct answers *answers;
	struct account *account; /* or NULL */
	unsigned int fence_timeout_ms;
};

void scanout_init(struct scanout *scanout, const struct scanout_options *options, uint32_t index,
	struct guest_scanout_state *state);
/* Says nothing to the views. */
void scanout_finish(struct scanout *scanout);

/* The peer is gone: the views keep the last picture, all content is freed. */
void scanout_release(struct scanout *scanout);

/*
 * What a predecessor has left in its state: its contents, with their memory. Nothing is shown.
 * False: it cannot be gone on with, and there is no content then.
 */
bool scanout_take_over(struct scanout *scanout, GError **error);
/* What is next and came with the fd of this number is none; before it is taken over. */
void scanout_drop_left(struct scanout *scanout, uint64_t number);
/* What was taken over is closed. Nothing was shown. */
void scanout_forget_left(struct scanout *scanout);
/* Shows what was taken over, unless scanout_present_again() is about to: `waiting`. */
void scanout_show_again(struct scanout *scanout, bool waiting);
/* scanout_present() of a DMABUF_UPDATE that a predecessor has not answered: all of it. */
void scanout_present_again(struct scanout *scanout, struct guest_waiting *waiting);

/* For a successor: what is shown, and what is next, has changed. Before the message that did it is
 * consumed. */
void scanout_record_kept(struct scanout *scanout);
static inline void scanout_record(struct scanout *scanout)
{
	/* Else its fds are kept nowhere, and there will be no successor to it. */
	if (scanout->kept)
		scanout_record_kept(scanout);
}

/* guest_set_running(). */
void scanout_set_running(struct scanout *scanout, bool running);

/* SCANOUT and DMABUF_SCANOUT; width 0 disables. Takes `fd` over, which may be anything. */
void scanout_set_pixels(struct scanout *scanout, uint32_t width, uint32_t height);
void scanout_disable(struct scanout *scanout);
void scanout_set_dmabuf(struct scanout *scanout, const struct channel_dmabuf *dmabuf, int fd);

/* UPDATE: see channel_listener. */
bool scanout_update_begin(struct scanout *scanout, const struct vhost_user_gpu_update *update,
	struct channel_pixels *pixels);
void scanout_update_rows(struct scanout *scanout, const struct vhost_user_gpu_update *update,
	uint32_t rows);
void scanout_update_end(struct scanout *scanout, const struct vhost_user_gpu_update *update);

/*
 * DMABUF_UPDATE: shows it, and says in `waiting` who has to present it (views, serials) and by
 * which row of the reply table. No view: nothing to wait for, REPLY_OFF or REPLY_UNUSABLE; or, if
 * it is `fenced`, the fences of the buffer: replies_resume() follows.
 */
void scanout_present(struct scanout *scanout, const struct vhost_user_gpu_update *update,
	struct guest_waiting *waiting);

/* The card of this number went or came; NULL: there is none. What was made of dma-bufs on the old
 * one is dropped, but not the dma-bufs. No view is there on it. */
void scanout_set_device(struct scanout *scanout, uint32_t card, struct kms_device *device);

/* The state has a new cursor position, or image, or both. */
void scanout_cursor_moved(struct scanout *scanout);
void scanout_cursor_changed(struct scanout *scanout);

/* Of the first view's mode; without one as it last was, or 60 Hz. */
static inline uint32_t scanout_period_us(const struct scanout *scanout)
{
	return scanout->period_us;
}

#endif
