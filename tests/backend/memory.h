/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The memory behind the fds of DMABUF_SCANOUT: a real dma-buf (udmabuf), or one of the things that
 * a faulty back-end could send in its place.
 */
#ifndef SCRIPTED_BACKEND_MEMORY_H
#define SCRIPTED_BACKEND_MEMORY_H

#include "picture.h"

struct memory {
	char *name;
	int fd; /* what is sent */
	uint8_t *bytes; /* NULL where the kind has none */
	size_t size;
	uint32_t width, height, stride, fourcc;
	/* Of the fences that memory_busy() gave it: the kernel's sw_sync, or -1. */
	int timeline;
	uint32_t fences; /* made so far, the last of which has not signalled */
};

/*
 * `kind`: udmabuf; memfd (shared memory that is no dma-buf); short (a dma-buf of one page); null,
 * pipe, socket (no memory at all). Zeroed. NULL and an error where the machine has no such thing.
 */
struct memory *memory_create(const char *name, const char *kind, uint32_t width, uint32_t height,
	uint32_t stride, uint32_t fourcc, GError **error);
void memory_destroy(struct memory *memory);

/* Its pixels; false where it has none, or not as many. */
bool memory_picture(const struct memory *memory, struct picture *picture);

/* A dma-buf that somebody writes to, until memory_done(), as a GPU does: it has a fence that has
 * not signalled. Needs debugfs. */
bool memory_busy(struct memory *memory, GError **error);
bool memory_done(struct memory *memory, GError **error);

#endif
