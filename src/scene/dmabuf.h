/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Reading a guest's dma-buf into a surface, where it cannot be shown as it is.
 *
 * Hostile territory: what the message says of the buffer is checked against the buffer before
 * anything is mapped. Only real dma-bufs are read, since their size is fixed; whoever made a plain
 * memfd could shrink it under our hands. What is gone all the same, with the GPU whose memory it
 * was, reads as zeroes and is reported (wire/guard.h).
 * Made by a scanout for one dma-buf, at the first copy; gone with it.
 */
#ifndef SCANOUTD_SCENE_DMABUF_H
#define SCANOUTD_SCENE_DMABUF_H

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

#include "kms.h"
#include "scene/copy.h"
#include "scene/damage.h"
#include "scene/surface.h"
#include "wire/channel.h"

struct account;
struct tiled;

/* GBM for tiled buffers: where its render node is, and the device once one was needed. */
struct dmabuf_gbm {
	const char *render_node; /* NULL: there is none */
	struct tiled *tiled;
};

struct dmabuf_reader;

/* True if the fd is a dma-buf, large enough for what the message says of it. */
bool dmabuf_check(int fd, const struct channel_dmabuf *dmabuf, GError **error);

/*
 * Has everybody finished writing to the dma-buf: would dmabuf_reader_copy() not wait? One poll(2).
 * (Fences that its owner adds to a GPU's memory between this and the copy are waited for all the
 * same: a window of microseconds that the kernel leaves open.)
 */
bool dmabuf_signalled(int fd);

/* Linear memory is mapped; a buffer that is not, or may not be, linear goes to GBM. `fd` is
 * borrowed and must stay open, `gbm` too; mappings are charged to `account`, which may be NULL. */
struct dmabuf_reader *dmabuf_reader_create(int fd, const struct channel_dmabuf *dmabuf,
	struct dmabuf_gbm *gbm, struct account *account, GError **error);
/* Takes NULL. */
void dmabuf_reader_destroy(struct dmabuf_reader *reader);

/* The processor reads it as it is, without a GPU that makes it linear first. */
bool dmabuf_reader_is_mapped(const struct dmabuf_reader *reader);

/* Of one that is mapped, as dmabuf_reader_draw(): many parts (the target's pixels, inside of the
 * place's destination) of one place, which is one to one and upright. */
bool dmabuf_reader_draw_parts(struct dmabuf_reader *reader, const struct place *place,
	const struct copy_target *target, const struct damage *parts);

/*
 * Copies `rect` (of the shown part, upright) to the same place of the surface, which has the size
 * of that part. Upside-down buffers come out upright. Waits for the buffer's writers, where
 * DMA_BUF_IOCTL_SYNC is needed: dmabuf_signalled() comes first. False: the buffer cannot be read
 * now. A surface that is kept says while it is written to, and after a copy that ended half-way,
 * what of it is unfinished, so that a successor of this process does not take it for a picture.
 */
bool dmabuf_reader_copy(struct dmabuf_reader *reader, struct surface *surface,
	const struct kms_rect *rect);

/* The same of what is seen of the shown part in this place, whose destination is in the target's
 * pixels; what lies beside it stays as it is. */
bool dmabuf_reader_draw(struct dmabuf_reader *reader, const struct place *place,
	const struct copy_target *target);

#endif
