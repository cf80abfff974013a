/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Framebuffers and the memory behind them: dumb buffers that we fill, dma-bufs that guests fill
 * (made by import.c), and what the previous master had on the screen. A buffer may outlive its
 * device: then only its memory is left. Used by src/ through kms.h, and by all that shows
 * something.
 */
#ifndef KMS_BUFFER_H
#define KMS_BUFFER_H

#include "card.h"

#include <kms.h>
#include <poll.h>

/* What the driver's verdict on a picture depends on. */
struct kms_layout {
	uint64_t modifier;
	uint32_t width;
	uint32_t height;
	uint32_t stride;
	uint32_t offset;
	uint32_t fourcc;
};

static inline bool kms_layout_equal(const struct kms_layout *a, const struct kms_layout *b)
{
	return a->width == b->width && a->height == b->height && a->stride == b->stride &&
		a->offset == b->offset && a->fourcc == b->fourcc && a->modifier == b->modifier;
}

struct kms_buffer {
	struct kms_spare spare;
	struct kms_card *card; /* a reference */
	unsigned int references;
	uint32_t framebuffer;
	struct kms_layout layout;
	/* A dumb buffer; handle 0 for any other. */
	uint32_t handle;
	uint8_t *pixels;
	size_t size;
	size_t guard; /* the number of `pixels` */
	/* Of an imported one, for its fences: ours. -1 else. */
	int dmabuf;
};

/* Nobody references it any more. */
void kms_buffer_destroy(struct kms_buffer *buffer);

/* kms_buffer_ref() and kms_buffer_unref(), where every frame comes by. */
static inline struct kms_buffer *kms_buffer_hold(struct kms_buffer *buffer)
{
	buffer->references++;
	return buffer;
}

static inline void kms_buffer_let_go(struct kms_buffer *buffer)
{
	if (buffer && --buffer->references == 0)
		kms_buffer_destroy(buffer);
}

/* A dumb buffer of 32 bits a pixel, zeroed, mapped only if asked for. */
struct kms_buffer *kms_buffer_create(struct kms_card *card, uint32_t width, uint32_t height,
	uint32_t fourcc, bool mapped, GError **error);

/*
 * A framebuffer of our own over what another one shows, which may go with its owner then. NULL
 * where the kernel does not say what that is.
 */
struct kms_buffer *kms_buffer_adopt(struct kms_card *card, uint32_t framebuffer);

/* An empty struct with a reference, for import.c, which fills it or gives it back by
 * kms_buffer_discard(). */
struct kms_buffer *kms_buffer_take(struct kms_card *card);
void kms_buffer_discard(struct kms_buffer *buffer);

/* AddFB2 of a layout with one plane. Returns 0 or an errno. */
int kms_buffer_add_framebuffer(const struct kms_card *card, const struct kms_layout *layout,
	uint32_t handle, uint32_t *framebuffer);

/* CLOSEFB: what is on the screen stays there, and can be read by its id until it goes. False with
 * errno: EINVAL or ENOTTY where the kernel has none. */
bool kms_buffer_close_framebuffer(int fd, uint32_t framebuffer);

/* Nobody draws into it any more: the kernel would wait for no fence of its. One system call where
 * it is imported. */
static inline bool kms_buffer_is_ready(const struct kms_buffer *buffer)
{
	struct pollfd fences = {.fd = buffer->dmabuf, .events = POLLIN};

	/* A dma-buf is readable when all that write to it have finished. */
	return buffer->dmabuf < 0 || poll(&fences, 1, 0) != 0;
}

/* For card->signalled_fence: exported once a card; -1 where the kernel has none. */
int kms_buffer_export_signalled_fence(const struct kms_card *card);

#endif
