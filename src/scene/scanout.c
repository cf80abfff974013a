/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One scanout of a guest. */
#include "scene/scanout.h"

#include <string.h>
#include <unistd.h>

#include "log.h"

#define PERIOD_60_HZ_US 16667u

/* Faults are logged once a cause and scanout, for as long as the peer stays. */
enum complaint {
	COMPLAINT_IMPORT,
	COMPLAINT_READER,
	COMPLAINT_READ,
	COMPLAINT_SURFACE,
	COMPLAINT_NO_CONTENT,
	COMPLAINT_EMPTY,
};

static bool complain_once(struct scanout *scanout, enum complaint complaint)
{
	bool first = !(scanout->complaints & (1u << complaint));

	scanout->complaints |= 1u << complaint;
	return first;
}

/* ---- content ---- */

static void content_init(struct content *content)
{
	*content = (struct content){.fd = -1};
}

static struct surface *make_surface(struct scanout *scanout, uint32_t width, uint32_t height)
{
	g_autoptr(GError) error = NULL;
	uint64_t bytes = (uint64_t)width * height * 4;
	struct surface *surface = NULL;

	if (*scanout->surface_bytes + bytes > SCANOUT_SURFACE_BYTES_MAX)
		g_set_error(&error, G_FILE_ERROR, G_FILE_ERROR_NOSPC,
			"%u×%u is more than is left of the guest's share of memory", width, height);
	else
		surface = surface_create(scanout->guest, width, height, &error);
	if (surface)
		*scanout->surface_bytes += bytes;
	else if (complain_once(scanout, COMPLAINT_SURFACE))
		log_guest(G_LOG_LEVEL_WARNING, scanout->guest, "scanout %u: %s", scanout->index,
			error->message);
	return surface;
}

static void drop_surface(struct scanout *scanout, struct surface *surface)
{
	if (!surface)
		return;
	*scanout->surface_bytes -= (uint64_t)surface_width(surface) * surface_height(surface) * 4;
	surface_destroy(surface);
}

static void content_finish(struct scanout *scanout, struct content *content)
{
	if (content->kind == SCANOUT_DISABLED)
		return;
	dmabuf_reader_destroy(content->reader);
	kms_buffer_unref(content->picture.buffer);
	drop_surface(scanout, content->picture.surface);
	if (content->fd >= 0)
		close(content->fd);
	content_init(content);
}

/* The dma-buf becomes a framebuffer, if there is a card and its driver can. */
static void import_buffer(struct scanout *scanout, struct content *content)
{
	const struct channel_dmabuf *dmabuf = &content->dmabuf;
	g_autoptr(GError) error = NULL;
	struct kms_dmabuf layout;

	if (content->import_tried || !scanout->device)
		return;
	content->import_tried = true;
	layout = (struct kms_dmabuf){
		.fd = content->fd,
		.width = dmabuf->fd_width,
		.height = dmabuf->fd_height,
		.stride = dmabuf->fd_stride,
		.fourcc = dmabuf->fourcc,
		.modifier = dmabuf->modifier,
		.owner = scanout->owner,
	};
	content->picture.buffer = kms_buffer_import(scanout->device, &layout, &error);
	if (!content->picture.buffer && complain_once(scanout, COMPLAINT_IMPORT))
		log_guest(G_LOG_LEVEL_MESSAGE, scanout->guest, "scanout %u: frames are copied: %s",
			scanout->index, error->message);
}

static bool make_reader(struct scanout *scanout, struct content *content)
{
	g_autoptr(GError) error = NULL;

	if (content->reader_tried)
		return content->reader != NULL;
	content->reader_tried = true;
	content->reader = dmabuf_reader_create(content->fd, &content->dmabuf, scanout->gbm, &error);
	if (!content->reader && complain_once(scanout, COMPLAINT_READER))
		log_guest(G_LOG_LEVEL_WARNING, scanout->guest,
			"scanout %u: buffer cannot be shown: %s", scanout->index, error->message);
	return content->reader != NULL;
}

/* What the content is copied into: a new dma-buf at every frame has no new surface at every
 * frame. */
static struct surface *find_surface(struct scanout *scanout, const struct content *content)
{
	const struct view_picture *picture = &content->picture;
	const struct view_picture *old = &scanout->shown.picture;

	if (picture->surface)
		return picture->surface;
	if (old->surface && old->width == picture->width && old->height == picture->height)
		return old->surface;
	return make_surface(scanout, picture->width, picture->height);
}

/* Part of the dma-buf, or all of it where the surface has missed something. What is shown keeps its
 * surface until there is something to show in its place. */
static bool copy_dmabuf(struct scanout *scanout, struct content *content,
	const struct kms_rect *rect)
{
	struct view_picture *picture = &content->picture;
	struct view_picture *old = &scanout->shown.picture;
	struct kms_rect all = {0, 0, (int32_t)picture->width, (int32_t)picture->height};
	struct surface *surface;

	if (!make_reader(scanout, content))
		return false;
	surface = find_surface(scanout, content);
	if (!surface)
		return false;
	if (surface != picture->surface)
		content->surface_stale = true;

	if (!dmabuf_reader_copy(content->reader, surface, content->surface_stale ? &all : rect)) {
		if (complain_once(scanout, COMPLAINT_READ))
			log_guest(G_LOG_LEVEL_WARNING, scanout->guest,
				"scanout %u: buffer cannot be read", scanout->index);
		content->surface_stale = true;
		if (surface != picture->surface && surface != old->surface)
			drop_surface(scanout, surface);
		return false;
	}
	if (surface == old->surface)
		old->surface = NULL;
	picture->surface = surface;
	content->surface_stale = false;
	return true;
}

void scanout_import_shown(struct scanout *scanout)
{
	if (scanout->shown.kind == SCANOUT_DMABUF)
		import_buffer(scanout, &scanout->shown);
}

enum view_fill scanout_fill_surface(struct scanout *scanout, enum copy_reason reason)
{
	struct content *content = &scanout->shown;

	if (content->kind != SCANOUT_DMABUF)
		return content->picture.surface ? VIEW_FILL_DONE : VIEW_FILL_NEVER;
	content->surface_stale = true;
	if (!copy_dmabuf(scanout, content, NULL))
		return VIEW_FILL_NEVER;
	scanout->counters->frames_copied[reason]++;
	return VIEW_FILL_DONE;
}

/* ---- life ---- */

void scanout_init(struct scanout *scanout, const struct scanout_options *options, uint32_t index,
	struct guest_scanout_state *state)
{
	*scanout = (struct scanout){
		.guest = options->guest,
		.index = index,
		.owner = g_str_hash(options->guest),
		.device = options->device,
		.gbm = options->gbm,
		.state = state,
		.counters = options->counters,
		.replies = options->replies,
		.surface_bytes = options->surface_bytes,
		.period_us = PERIOD_60_HZ_US,
	};
	content_init(&scanout->shown);
	content_init(&scanout->next);
	source_init(&scanout->source, &scanout_source_interface,
		g_strdup_printf("scanout %u of guest %s", index, options->guest));
}

static void drop_contents(struct scanout *scanout)
{
	content_finish(scanout, &scanout->next);
	content_finish(scanout, &scanout->shown);
}

void scanout_finish(struct scanout *scanout)
{
	scanout_free_slots(scanout);
	drop_contents(scanout);
	source_finish(&scanout->source);
}

static void release_views(struct scanout *scanout, bool black)
{
	struct scanout_slot *slot = NULL;

	while ((slot = scanout_next_slot(scanout, slot)))
		view_release(slot->view, black);
}

void scanout_release(struct scanout *scanout, bool black)
{
	release_views(scanout, black);
	drop_contents(scanout);
	scanout->complaints = 0;
	memset(scanout->state, 0, sizeof(*scanout->state));
	scanout_cursor_changed(scanout);
	source_emptied(&scanout->source);
}

static void forget_device(struct content *content)
{
	if (content->kind != SCANOUT_DMABUF)
		return;
	g_clear_pointer(&content->picture.buffer, kms_buffer_unref);
	content->import_tried = false;
	/* Of a tiled one there is an image of the card's own. */
	g_clear_pointer(&content->reader, dmabuf_reader_destroy);
	content->reader_tried = false;
	content->surface_stale = true;
}

void scanout_set_device(struct scanout *scanout, struct kms_device *device)
{
	forget_device(&scanout->next);
	forget_device(&scanout->shown);
	scanout->device = device;
	/* Another card may refuse what this one took. */
	scanout->complaints &= ~(1u << COMPLAINT_IMPORT | 1u << COMPLAINT_READER);
}

/* The last picture stays, but nobody can draw into it any more. The cursor comes back with a
 * picture. */
static void disable(struct scanout *scanout)
{
	release_views(scanout, false);
	drop_contents(scanout);
	scanout->state->content = SCANOUT_DISABLED;
	source_disabled(&scanout->source);
}

void scanout_set_pixels(struct scanout *scanout, uint32_t width, uint32_t height)
{
	struct content *shown = &scanout->shown;
	struct content *next = &scanout->next;

	if (width == 0) {
		disable(scanout);
		return;
	}
	if (next->kind == SCANOUT_PIXELS && next->picture.surface && next->picture.width == width &&
		next->picture.height == height)
		return;

	content_finish(scanout, next);
	/* The same again, as at a guest's page flip: updates go on into the surface that is
	 * there. */
	if (shown->kind == SCANOUT_PIXELS && shown->picture.width == width &&
		shown->picture.height == height)
		return;

	/* Also without one it is what updates are for: they must not go into the old picture. */
	next->picture.surface = make_surface(scanout, width, height);
	next->kind = SCANOUT_PIXELS;
	next->picture.width = width;
	next->picture.height = height;
}

void scanout_set_dmabuf(struct scanout *scanout, const struct channel_dmabuf *dmabuf, int fd)
{
	struct content *next = &scanout->next;
	uint32_t part_y = dmabuf->y;

	if (fd < 0) {
		disable(scanout);
		return;
	}

	/* The part is told as the guest sees it; upside down its rows lie elsewhere in memory. */
	if (dmabuf->y_inverted)
		part_y = dmabuf->fd_height - dmabuf->y - dmabuf->height;
	content_finish(scanout, next);
	next->kind = SCANOUT_DMABUF;
	next->fd = fd;
	next->dmabuf = *dmabuf;
	next->picture = (struct view_picture){
		.width = dmabuf->width,
		.height = dmabuf->height,
		.part = {(int32_t)dmabuf->x, (int32_t)part_y, (int32_t)dmabuf->width,
			(int32_t)dmabuf->height},
		.fourcc = dmabuf->fourcc,
		.stride = dmabuf->fd_stride,
		.modifier = dmabuf->modifier,
		.y_inverted = dmabuf->y_inverted,
	};
}

/* The content that the next update belongs to. */
static struct content *current(struct scanout *scanout)
{
	return scanout->next.kind != SCANOUT_DISABLED ? &scanout->next : &scanout->shown;
}

/* `next` had its first update and is shown from now on. The old one stays in its place until the
 * views know, and forget_old() finishes it. */
static void swap(struct scanout *scanout)
{
	struct content old = scanout->shown;

	scanout->shown = scanout->next;
	scanout->next = old;
	scanout->state->content = scanout->shown.kind;
	scanout->state->width = scanout->shown.picture.width;
	scanout->state->height = scanout->shown.picture.height;
	scanout->state->dmabuf = scanout->shown.dmabuf;
}

/* The views show the new content. */
static void forget_old(struct scanout *scanout)
{
	if (scanout->next.kind == SCANOUT_DISABLED)
		scanout_cursor_changed(scanout);
	content_finish(scanout, &scanout->next);
}

/* ---- pixels ---- */

bool scanout_update_begin(struct scanout *scanout, const struct vhost_user_gpu_update *update,
	struct channel_pixels *pixels)
{
	struct content *content = current(scanout);
	struct kms_rect rect;

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
	if (current(scanout) != &scanout->shown)
		return;
	while ((slot = scanout_next_slot(scanout, slot)))
		view_draw_ahead(slot->view, &scanout->shown.picture, &rect);
}

void scanout_update_end(struct scanout *scanout, const struct vhost_user_gpu_update *update)
{
	struct content *content = current(scanout);
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
	source_enabled(&scanout->source);
	while ((slot = scanout_next_slot(scanout, slot))) {
		/* The surface is up to date, whoever reads it; but asking has the view judge. */
		view_copies(slot->view, &scanout->shown.picture, &reason);
		view_update(slot->view, &scanout->shown.picture, new_content ? NULL : &rect, &way);
	}
	if (new_content)
		forget_old(scanout);
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

/* Brings the surface up to date if a view reads it. False: it cannot be had, and no view does
 * without. */
static bool copy_for_views(struct scanout *scanout, struct content *content,
	const struct kms_rect *rect)
{
	enum copy_reason reason = COPY_IMPORT_REFUSED;
	struct scanout_slot *slot = NULL;
	bool copies = false;
	bool direct = false;

	while ((slot = scanout_next_slot(scanout, slot))) {
		if (view_copies(slot->view, &content->picture, &reason))
			copies = true;
		else
			direct = direct || view_live(slot->view);
	}
	if (!copies) {
		content->surface_stale = true;
		return true;
	}
	if (!copy_dmabuf(scanout, content, rect))
		return direct;
	scanout->counters->frames_copied[reason]++;
	return true;
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

void scanout_present(struct scanout *scanout, const struct vhost_user_gpu_update *update,
	struct guest_waiting *waiting)
{
	struct content *content = current(scanout);
	bool new_content = content == &scanout->next;
	enum guest_reply unshown = REPLY_OFF;
	struct scanout_slot *slot = NULL;
	struct kms_rect rect;
	uint32_t live = 0;
	enum view_way way, shown_way = VIEW_OFF;

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

	import_buffer(scanout, content);
	if (!copy_for_views(scanout, content, &rect)) {
		keep_shown(scanout);
		return;
	}

	if (new_content)
		swap(scanout);
	source_enabled(&scanout->source);
	while ((slot = scanout_next_slot(scanout, slot))) {
		uint64_t serial = view_update(slot->view, &scanout->shown.picture,
			new_content ? NULL : &rect, &way);

		if (way == VIEW_FAILED)
			unshown = REPLY_UNUSABLE;
		if (serial == 0)
			continue;
		waiting->views |= 1u << slot->bit;
		waiting->serials[slot->bit] = serial;
		shown_way = way;
		live++;
	}
	waiting->reply = live > 0 ? reply_for(shown_way, live) : unshown;
	if (new_content)
		forget_old(scanout);
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

uint32_t scanout_period_us(struct scanout *scanout)
{
	const struct scanout_slot *slot = scanout_next_slot(scanout, NULL);

	if (slot)
		scanout->period_us = (uint32_t)view_period_us(slot->view);
	return scanout->period_us;
}
