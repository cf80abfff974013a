/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One scanout of a guest: what it shows, its cursor, and the views that show it.
 *
 * Part of a guest, in its memory. A new content (SCANOUT, DMABUF_SCANOUT) waits as `next` until its
 * first update; until then the old picture stays. Owns the surface of pixel content, and the
 * dma-buf with what was made of it.
 */
#ifndef SCANOUTD_SCENE_SCANOUT_H
#define SCANOUTD_SCENE_SCANOUT_H

#include <stdbool.h>
#include <stdint.h>

#include "kms.h"
#include "scene/dmabuf.h"
#include "scene/guest_state.h"
#include "scene/view.h"

/* What all surfaces of one guest may take: a guest that asks for more is not believed. */
#define SCANOUT_SURFACE_BYTES_MAX (UINT64_C(1) << 30)

enum scanout_content {
	SCANOUT_DISABLED,
	SCANOUT_PIXELS,
	SCANOUT_DMABUF,
};

struct content {
	enum scanout_content kind;
	struct view_picture picture;
	/* SCANOUT_DMABUF: */
	struct channel_dmabuf dmabuf;
	int fd; /* ours, or -1 */
	bool import_tried;
	bool reader_tried;
	struct dmabuf_reader *reader;
	bool surface_stale; /* frames went past the surface */
};

struct scanout {
	const char *guest;
	uint32_t index;
	uint32_t owner; /* the guest's number for kms/ */
	struct kms_device *device;
	struct dmabuf_gbm *gbm;
	struct guest_scanout_state *state;
	struct guest_counters *counters;
	uint64_t *surface_bytes; /* of all the guest's scanouts */
	struct content shown;
	struct content next;
	struct view *views[GUEST_VIEWS_MAX];
	uint32_t view_count;
	uint32_t complaints; /* bit: cause that was logged */
};

void scanout_init(struct scanout *scanout, const char *guest, uint32_t index,
	struct kms_device *device, struct dmabuf_gbm *gbm, struct guest_scanout_state *state,
	struct guest_counters *counters, uint64_t *surface_bytes);
/* Says nothing to the views. */
void scanout_finish(struct scanout *scanout);

/* The peer is gone: the views show black or the last picture, all content is freed. */
void scanout_release(struct scanout *scanout, bool black);

/* SCANOUT and DMABUF_SCANOUT; width 0, or fd -1, disables. Takes `fd` over. */
void scanout_set_pixels(struct scanout *scanout, uint32_t width, uint32_t height);
void scanout_set_dmabuf(struct scanout *scanout, const struct channel_dmabuf *dmabuf, int fd);

/* UPDATE: see channel_listener. */
bool scanout_update_begin(struct scanout *scanout, const struct vhost_user_gpu_update *update,
	struct channel_pixels *pixels);
void scanout_update_rows(struct scanout *scanout, const struct vhost_user_gpu_update *update,
	uint32_t rows);
void scanout_update_end(struct scanout *scanout, const struct vhost_user_gpu_update *update);

/*
 * DMABUF_UPDATE: shows it, and says in `waiting` who has to present it (views, serials) and by
 * which row of the reply table. No view: nothing to wait for, REPLY_OFF or REPLY_UNUSABLE.
 */
void scanout_present(struct scanout *scanout, const struct vhost_user_gpu_update *update,
	struct guest_waiting *waiting);

/* view_listener.fill_surface: all of the shown dma-buf into the surface. */
bool scanout_fill_surface(struct scanout *scanout, enum copy_reason reason);

/* The state has a new cursor position, or image, or both. */
void scanout_cursor_moved(struct scanout *scanout);
void scanout_cursor_changed(struct scanout *scanout);

/* Of the first view's mode; 60 Hz without one. */
uint32_t scanout_period_us(const struct scanout *scanout);

#endif
