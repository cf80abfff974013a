/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Dma-bufs that become framebuffers: the cache in which a guest's buffer is found again by its
 * identity, and what the driver refused. Part of a device; called by device.c.
 */
#ifndef KMS_IMPORT_H
#define KMS_IMPORT_H

#include "buffer.h"

#include <sys/types.h>

/* At most so many buffers are kept for each CRTC that is lit (design 5); the owner that has the
 * most gives up its own first. */
#define KMS_CACHE_PER_OUTPUT 4
#define KMS_CACHE_MAX (KMS_CACHE_PER_OUTPUT * KMS_OUTPUTS_MAX)
#define KMS_REFUSALS_MAX 16

struct kms_refusal {
	uint32_t owner;
	struct kms_layout layout;
	int error; /* 0: the slot is free */
	int64_t until_us; /* asked again then; KMS_NEVER: the layout itself is refused */
	unsigned int times; /* that it was refused for the moment, one after the other */
};

struct kms_imports {
	/* Entries in no order, each with a reference; the inodes apart, for a quick search. */
	ino_t inodes[KMS_CACHE_MAX];
	dev_t devices[KMS_CACHE_MAX];
	struct kms_layout layouts[KMS_CACHE_MAX]; /* as the caller gave them */
	struct kms_buffer *buffers[KMS_CACHE_MAX];
	uint32_t owners[KMS_CACHE_MAX]; /* who imported it first … */
	unsigned int shares[KMS_CACHE_MAX]; /* … and how many that one has */
	uint64_t used[KMS_CACHE_MAX]; /* the clock's value at the last use */
	uint64_t clock;
	size_t count;
	struct kms_refusal refusals[KMS_REFUSALS_MAX];
	size_t refusal_count; /* slots that were ever used */
	size_t next_refusal;
};

/* As kms_buffer_import() of kms.h. */
struct kms_buffer *kms_imports_get(struct kms_imports *imports, struct kms_card *card,
	const struct kms_dmabuf *dmabuf, GError **error);

/* As kms_device_trim() of kms.h. */
void kms_imports_trim(struct kms_imports *imports, uint32_t owner);

/* Gives up all that is kept. */
void kms_imports_finish(struct kms_imports *imports);

#endif
