/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the tests of kms/ on a real kernel share: waiting for the card, frames, and dma-bufs as a
 * guest has them.
 */
#ifndef SCANOUTD_TEST_KERNEL_H
#define SCANOUTD_TEST_KERNEL_H

#include <glib.h>
#include <kms.h>

/* Iterates the main loop until the condition holds; it ends the program after `seconds`. */
#define kernel_wait(seconds, condition) \
	do { \
		bool kernel_tired = false; \
		guint kernel_guard = g_timeout_add_seconds((seconds), kernel_tire, &kernel_tired); \
		while (!(condition) && !kernel_tired) \
			g_main_context_iteration(NULL, TRUE); \
		if (kernel_tired) \
			g_error("waited in vain for " #condition); \
		g_source_remove(kernel_guard); \
	} while (0)
gboolean kernel_tire(gpointer tired);

/* The whole of a buffer, pixel by pixel. */
struct kms_frame kernel_frame(struct kms_buffer *buffer, uint64_t serial);

/* A dma-buf of a guest's memory, as QEMU's back-end makes them. */
int kernel_dmabuf(size_t size);
/* A picture of 640×480 in it. */
struct kms_dmabuf kernel_describe(int fd, uint32_t fourcc, uint64_t modifier);

#endif
