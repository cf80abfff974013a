/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Framebuffers and the memory behind them: dumb buffers that we fill, dma-bufs that guests fill,
 * and the cache in which a guest's buffer is found again by its identity. Part of a device; used by
 * src/ through kms.h, by output.c and cursor.c for framebuffer ids.
 */
#ifndef KMS_BUFFER_H
#define KMS_BUFFER_H

#include <kms.h>
#include <sys/types.h>

/* What the driver's verdict on a picture depends on. */
struct kms_layout {
	uint64_t modifier;
	uint32_t width;
	uint32_t height;
	uint32_t stride;
	uint32_t offset;
	uint32_t fourcc;
};

bool kms_layout_equal(const struct kms_layout *a, const struct kms_layout *b);

struct kms_buffer {
	struct kms_device *device;
	unsigned int references;
	uint32_t framebuffer;
	struct kms_layout layout;
	/* A dumb buffer; handle 0 for an imported one. */
	uint32_t handle;
	uint8_t *pixels;
	size_t size;
	struct kms_buffer *next_spare;
};

/* At most so many buffers are kept for each output that is on (design 5). */
#define KMS_CACHE_PER_OUTPUT 4
#define KMS_CACHE_MAX (KMS_CACHE_PER_OUTPUT * KMS_OUTPUTS_MAX)
#define KMS_REFUSALS_MAX 16

struct kms_refusal {
	uint32_t owner;
	struct kms_layout layout;
	int error; /* 0: the slot is free */
};

struct kms_buffer_cache {
	/* Entries in no order, each with a reference; the inodes apart, for a quick search. */
	ino_t inodes[KMS_CACHE_MAX];
	dev_t devices[KMS_CACHE_MAX];
	struct kms_layout layouts[KMS_CACHE_MAX]; /* as the caller gave them */
	struct kms_buffer *buffers[KMS_CACHE_MAX];
	uint32_t owners[KMS_CACHE_MAX]; /* who imported it first */
	uint64_t used[KMS_CACHE_MAX]; /* the clock's value at the last use */
	uint64_t clock;
	size_t count;
	struct kms_refusal refusals[KMS_REFUSALS_MAX];
	size_t refusal_count; /* slots that were ever used */
	size_t next_refusal;
	/* Structs of imported buffers to use again: a new dma-buf at every frame allocates
	 * nothing. */
	struct kms_buffer *spare;
};

/* A dumb buffer of 32 bits a pixel, zeroed, mapped only if asked for. */
struct kms_buffer *kms_buffer_create(struct kms_device *device, uint32_t width, uint32_t height,
	uint32_t fourcc, bool mapped, GError **error);

/* Frees the cache's own memory; no buffer is referenced any more. */
void kms_buffer_cache_finish(struct kms_buffer_cache *cache);

#endif
