/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a scanout makes of one content: a framebuffer of a dma-buf, or a surface that it is copied
 * into.
 */
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "log.h"
#include "scene/scanout_internal.h"
#include "wire/closer.h"
#include "wire/kept_fds.h"
#include "wire/peer_fd.h"
#include "wire/spare_fds.h"

/* What failed may have failed for want of memory or of an fd, just then: while the content stays it
 * is tried again, but not at each frame. */
#define AGAIN_US G_USEC_PER_SEC

/* What has not failed so far is always due. */
static bool is_due(int64_t after_us)
{
	return after_us == 0 || g_get_monotonic_time() >= after_us;
}

/* It has failed: not again for a while. */
static void put_off(int64_t *after_us)
{
	*after_us = g_get_monotonic_time() + AGAIN_US;
}

bool complain_once(struct scanout *scanout, enum complaint complaint)
{
	bool first = !(scanout->complaints & (1u << complaint));

	scanout->complaints |= 1u << complaint;
	return first;
}

void content_init(struct content *content)
{
	*content = (struct content){.fd = -1};
}

/* So many fds, and so many bytes; or neither. */
static bool charge(struct account *account, uint64_t fds, enum account_item item, uint64_t bytes,
	GError **error)
{
	if (!account_charge(account, ACCOUNT_FDS, fds, error))
		return false;
	if (account_charge(account, item, bytes, error))
		return true;
	account_discharge(account, ACCOUNT_FDS, fds);
	return false;
}

/* As it says itself: what the fd is has not been asked yet, and its size is the peer's to
 * answer. */
static uint64_t dmabuf_bytes(const struct channel_dmabuf *dmabuf)
{
	return (uint64_t)dmabuf->fd_stride * dmabuf->fd_height;
}

static bool charge_dmabuf(struct scanout *scanout, const struct content *content)
{
	g_autoptr(GError) error = NULL;

	if (charge(scanout->account, ACCOUNT_FDS_DMABUF, ACCOUNT_BUFFER_BYTES,
		    dmabuf_bytes(&content->dmabuf), &error))
		return true;
	if (complain_once(scanout, COMPLAINT_SHARE))
		log_guest(G_LOG_LEVEL_WARNING, scanout->guest,
			"scanout %u: a dma-buf is not taken: %s", scanout->index, error->message);
	return false;
}

static void discharge_dmabuf(struct scanout *scanout, const struct content *content)
{
	account_discharge(scanout->account, ACCOUNT_FDS, ACCOUNT_FDS_DMABUF);
	account_discharge(scanout->account, ACCOUNT_BUFFER_BYTES, dmabuf_bytes(&content->dmabuf));
}

/* One has the dma-buf's own fd, and that of the next is charged with it. */
static bool charge_framebuffer(struct scanout *scanout, struct content *content, uint32_t card)
{
	g_autoptr(GError) error = NULL;

	/* There is none yet, or one. */
	G_STATIC_ASSERT(ACCOUNT_FDS_DMABUF == 2);
	if (!(content->cards & (content->cards - 1)))
		return true;
	if (account_charge(scanout->account, ACCOUNT_FDS, ACCOUNT_FDS_FRAMEBUFFER, &error)) {
		content->charged_cards |= 1u << card;
		return true;
	}
	if (complain_once(scanout, COMPLAINT_SHARE))
		log_guest(G_LOG_LEVEL_WARNING, scanout->guest,
			"scanout %u: frames are copied for another card: %s", scanout->index,
			error->message);
	return false;
}

static void drop_framebuffer(struct scanout *scanout, struct content *content, uint32_t card)
{
	g_clear_pointer(&content->picture.buffers[card], kms_buffer_unref);
	if (content->charged_cards & 1u << card)
		account_discharge(scanout->account, ACCOUNT_FDS, ACCOUNT_FDS_FRAMEBUFFER);
	content->charged_cards &= ~(1u << card);
	content->cards &= ~(1u << card);
}

static uint64_t surface_bytes(uint32_t width, uint32_t height)
{
	return (uint64_t)width * height * 4;
}

static void discharge_surface(struct scanout *scanout, uint32_t width, uint32_t height)
{
	account_discharge(scanout->account, ACCOUNT_FDS, ACCOUNT_FDS_SURFACE);
	account_discharge(scanout->account, ACCOUNT_SURFACE_BYTES, surface_bytes(width, height));
}

struct surface *content_make_surface(struct scanout *scanout, uint32_t width, uint32_t height)
{
	g_autoptr(GError) error = NULL;
	struct surface *surface = NULL;

	if (charge(scanout->account, ACCOUNT_FDS_SURFACE, ACCOUNT_SURFACE_BYTES,
		    surface_bytes(width, height), &error)) {
		surface = surface_create(scanout->guest, width, height, &error);
		if (!surface)
			discharge_surface(scanout, width, height);
	}
	if (!surface && complain_once(scanout, COMPLAINT_SURFACE))
		log_guest(G_LOG_LEVEL_WARNING, scanout->guest, "scanout %u: %u×%u: %s",
			scanout->index, width, height, error->message);
	return surface;
}

struct surface *content_take_surface(struct scanout *scanout, int fd, uint32_t width,
	uint32_t height, GError **error)
{
	struct surface *surface;

	if (!charge(scanout->account, ACCOUNT_FDS_SURFACE, ACCOUNT_SURFACE_BYTES,
		    surface_bytes(width, height), error)) {
		closer_close(scanout->closer, fd);
		return NULL;
	}
	surface = surface_create_from_fd(fd, width, height, error);
	if (!surface)
		discharge_surface(scanout, width, height);
	return surface;
}

void content_drop_surface(struct scanout *scanout, struct surface *surface)
{
	if (!surface)
		return;
	discharge_surface(scanout, surface_width(surface), surface_height(surface));
	kept_fds_remove(scanout->kept, surface_kept(surface), true);
	surface_destroy(surface);
}

static void drop_fd(struct scanout *scanout, struct content *content)
{
	if (content->fd < 0)
		return;
	kept_fds_remove(scanout->kept, content->kept, content->told_apart);
	content->kept = 0;
	if (content->holder)
		g_clear_pointer(&content->holder, kms_buffer_unref);
	else if (content->told_apart)
		close(content->fd);
	else
		closer_close(scanout->closer, content->fd);
	content->fd = -1;
	content->told_apart = false;
	discharge_dmabuf(scanout, content);
}

void content_take_fd(struct scanout *scanout, struct content *content, int fd)
{
	if (fd < 0)
		return;
	if (charge_dmabuf(scanout, content)) {
		content->fd = fd;
		return;
	}
	kept_fds_remove(scanout->kept, kept_fds_number(scanout->kept, fd), false);
	closer_close(scanout->closer, fd);
}

void content_finish(struct scanout *scanout, struct content *content)
{
	if (content->kind == SCANOUT_DISABLED)
		return;
	fence_unwatch(scanout, content);
	dmabuf_reader_destroy(content->reader);
	while (content->cards)
		drop_framebuffer(scanout, content, (uint32_t)__builtin_ctz(content->cards));
	drop_fd(scanout, content);
	content_drop_surface(scanout, content->picture.surface);
	content_init(content);
}

/* Before anything but an import is asked of the fd (wire/peer_fd.h). That takes an fd itself: where
 * there is none just now it is asked again with the next frame. */
static void tell_apart(struct scanout *scanout, struct content *content)
{
	if (content->told_apart || content->fd < 0)
		return;
	content->told_apart = peer_fd_is_dmabuf(content->fd);
	if (content->told_apart || !spare_fds(content->fd, 1))
		return;
	drop_fd(scanout, content);
	scanout_record(scanout);
}

static void drop_reader(struct content *content)
{
	g_clear_pointer(&content->reader, dmabuf_reader_destroy);
	content->reader_after_us = 0;
}

/* The buffer has the fd now; or another one, where it has come before, and then ours is closed. */
static void borrow_fd(struct scanout *scanout, struct content *content, struct kms_buffer *buffer)
{
	int fd = kms_buffer_dmabuf(buffer);

	scanout->sends_new = fd == content->fd;
	if (!scanout->sends_new)
		drop_reader(content);
	content->holder = kms_buffer_ref(buffer);
	content->fd = fd;
}

/* Does what the views know of the one that is shown hold for it, too? */
static bool is_like_shown(const struct scanout *scanout, const struct content *content)
{
	const struct content *shown = &scanout->shown;

	return content != shown && shown->picture.version > 0 && shown->kind == SCANOUT_DMABUF &&
		shown->cards == content->cards &&
		shown->picture.surface_only == content->picture.surface_only &&
		shown->dmabuf.y_inverted == content->dmabuf.y_inverted &&
		memcmp(&shown->dmabuf, &content->dmabuf,
			G_STRUCT_OFFSET(struct channel_dmabuf, y_inverted)) == 0;
}

static void import(struct scanout *scanout, struct content *content, uint32_t card, GError **error)
{
	const struct channel_dmabuf *dmabuf = &content->dmabuf;
	const struct kms_dmabuf layout = {
		.fd = content->fd,
		/* One fd for both; but for one that is watched already, or is another card's. */
		.given = !content->holder && !content->watch,
		.unknown = !content->told_apart,
		.width = dmabuf->fd_width,
		.height = dmabuf->fd_height,
		.stride = dmabuf->fd_stride,
		.fourcc = dmabuf->fourcc,
		.modifier = dmabuf->modifier,
		.owner = scanout->owner,
	};
	struct kms_buffer *buffer = kms_buffer_import(scanout->devices[card], &layout, error);

	/* Whether it had come before, the first card has said. */
	if (!content->holder)
		scanout->sends_new = false;
	if (!buffer)
		return;
	content->picture.buffers[card] = buffer;
	content->cards |= 1u << card;
	content->picture.version = is_like_shown(scanout, content) ? scanout->shown.picture.version
								   : ++scanout->versions;
	content->told_apart = true;
	if (layout.given)
		borrow_fd(scanout, content, buffer);
}

/*
 * What an fd is costs three system calls to ask. Where a guest makes a new dma-buf for each frame
 * the import tells, and nothing is asked; of one that has come before nothing need be imported, so
 * there it is asked first.
 */
static G_GNUC_NO_INLINE void try_import(struct scanout *scanout, struct content *content,
	uint32_t card)
{
	g_autoptr(GError) error = NULL;

	if (!scanout->devices[card] || !scanout->sends_new)
		tell_apart(scanout, content);
	if (!scanout->devices[card] || content->fd < 0 || !is_due(content->import_after_us[card]))
		return;
	if (!charge_framebuffer(scanout, content, card)) {
		put_off(&content->import_after_us[card]);
		return;
	}
	import(scanout, content, card, &error);
	if (content->picture.buffers[card])
		return;
	drop_framebuffer(scanout, content, card);
	put_off(&content->import_after_us[card]);
	tell_apart(scanout, content);
	if (content->fd >= 0 && complain_once(scanout, COMPLAINT_IMPORT))
		log_guest(G_LOG_LEVEL_MESSAGE, scanout->guest, "scanout %u: frames are copied: %s",
			scanout->index, error->message);
}

void content_import_missing(struct scanout *scanout, struct content *content)
{
	for (uint32_t left = scanout->cards & ~content->cards; left && content->fd >= 0;
		left &= left - 1)
		try_import(scanout, content, (uint32_t)__builtin_ctz(left));
}

/* Where there is none, that is a complaint of this kind. */
static bool make_reader(struct scanout *scanout, struct content *content, enum complaint complaint)
{
	g_autoptr(GError) error = NULL;

	if (content->fd >= 0 && !content->told_apart)
		return false;
	if (content->reader || !is_due(content->reader_after_us))
		return content->reader != NULL;
	content->reader = dmabuf_reader_create(content->fd, &content->dmabuf, scanout->gbm,
		scanout->account, &error);
	if (content->reader)
		return true;
	put_off(&content->reader_after_us);
	if (!complain_once(scanout, complaint))
		return false;
	if (complaint == COMPLAINT_EARLY)
		log_guest(G_LOG_LEVEL_MESSAGE, scanout->guest,
			"scanout %u: frames are answered at their flips: %s", scanout->index,
			error->message);
	else
		log_guest(G_LOG_LEVEL_WARNING, scanout->guest,
			"scanout %u: buffer cannot be shown: %s", scanout->index, error->message);
	return false;
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
	return content_make_surface(scanout, picture->width, picture->height);
}

/* Part of the dma-buf, or all of it where the surface has missed something. What is shown keeps its
 * surface until there is something to show in its place. */
enum view_fill content_copy(struct scanout *scanout, struct content *content,
	const struct kms_rect *rect)
{
	struct view_picture *picture = &content->picture;
	struct view_picture *old = &scanout->shown.picture;
	struct kms_rect all = {0, 0, (int32_t)picture->width, (int32_t)picture->height};
	struct surface *surface;

	if (!make_reader(scanout, content, COMPLAINT_READER))
		return VIEW_FILL_NEVER;
	if (!dmabuf_signalled(content->fd))
		return VIEW_FILL_LATER;
	surface = find_surface(scanout, content);
	if (!surface)
		return VIEW_FILL_NEVER;
	if (surface != picture->surface)
		content->surface_stale = true;

	if (!dmabuf_reader_copy(content->reader, surface, content->surface_stale ? &all : rect)) {
		if (complain_once(scanout, COMPLAINT_READ))
			log_guest(G_LOG_LEVEL_WARNING, scanout->guest,
				"scanout %u: buffer cannot be read", scanout->index);
		content->surface_stale = true;
		if (surface != picture->surface && surface != old->surface)
			content_drop_surface(scanout, surface);
		return VIEW_FILL_NEVER;
	}
	if (surface == old->surface)
		old->surface = NULL;
	picture->surface = surface;
	content->surface_stale = false;
	content->drawn_by = NULL;
	return VIEW_FILL_DONE;
}

enum view_fill content_draw(struct scanout *scanout, struct content *content,
	const struct place *place, const struct copy_target *target)
{
	const struct kms_rect all = {0, 0, (int32_t)target->width, (int32_t)target->height};
	const struct surface *surface = content->picture.surface;

	if (content->drawn_by)
		return view_read_drawn(content->drawn_by->view, place, target) ? VIEW_FILL_DONE
									       : VIEW_FILL_NEVER;
	if (content->kind == SCANOUT_PIXELS || content->picture.surface_only) {
		if (!surface)
			return VIEW_FILL_NEVER;
		/* Of an UPDATE that is half received nobody sees anything so far. */
		if (surface_unfinished(surface))
			return VIEW_FILL_LATER;
		copy_surface(target, surface, place, &all);
		return VIEW_FILL_DONE;
	}
	if (content->kind != SCANOUT_DMABUF || !make_reader(scanout, content, COMPLAINT_READER))
		return VIEW_FILL_NEVER;
	if (!dmabuf_signalled(content->fd))
		return VIEW_FILL_LATER;
	return dmabuf_reader_draw(content->reader, place, target) ? VIEW_FILL_DONE
								  : VIEW_FILL_NEVER;
}

bool content_readable(struct scanout *scanout, struct content *content)
{
	return make_reader(scanout, content, COMPLAINT_EARLY);
}

bool content_secure(struct scanout *scanout, struct content *content)
{
	struct view_picture *picture = &content->picture;

	if (!content->drawn_by)
		return picture->surface != NULL;
	if (!picture->surface)
		picture->surface = content_make_surface(scanout, picture->width, picture->height);
	if (picture->surface && view_read_back(content->drawn_by->view, picture->surface)) {
		content->drawn_by = NULL;
		content->surface_stale = false;
		content_keep_surface(scanout, content);
		scanout_record_copy(scanout);
		return true;
	}
	content_drop_surface(scanout, g_steal_pointer(&picture->surface));
	/* What was answered is nowhere any more: its buffer is shown in its place, torn at
	 * worst. */
	if (kms_device_gone(scanout->devices[view_card(content->drawn_by->view)]))
		early_set_surface_only(scanout, content, false);
	return false;
}

bool content_sample(struct content *content, const struct place *place,
	const struct copy_target *target)
{
	return dmabuf_reader_is_mapped(content->reader) &&
		dmabuf_reader_draw(content->reader, place, target);
}

/* The fd becomes our own, or else goes on being the holder's, which may outlive its card. */
static void release_holder(struct content *content)
{
	int fd = content->holder && !content->watch ? fcntl(content->fd, F_DUPFD_CLOEXEC, 3) : -1;

	if (fd < 0)
		return;
	content->fd = fd;
	g_clear_pointer(&content->holder, kms_buffer_unref);
}

void content_forget_card(struct scanout *scanout, struct content *content, uint32_t card)
{
	if (content->kind != SCANOUT_DMABUF)
		return;
	release_holder(content);
	drop_framebuffer(scanout, content, card);
	content->picture.version = 0;
	content->import_after_us[card] = 0;
	/* Of a tiled one there is an image of the card's own. */
	drop_reader(content);
	content->surface_stale = true;
}

void content_forget_cards(struct scanout *scanout, struct content *content)
{
	for (uint32_t card = 0; card < KMS_CARDS_MAX; card++)
		content_forget_card(scanout, content, card);
}
